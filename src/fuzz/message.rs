//! How a protobuf message is bent so that it is one still: bent bytes alone seldom are, for a length that is wrong
//! spoils all that stands behind it.

use rand::{RngExt, rngs::StdRng};

use super::bend::{bend_bytes, number, one_of, varint};

/// A text that is a little too long for whatever it is, or far too long.
const LENGTHS: &[usize] = &[64, 129, 201, 1025];

enum Value {
    Number(u64),
    Bytes(Vec<u8>),
    /// Eight bytes or four: nothing of ours has them.
    Fixed(Vec<u8>),
}

struct Field {
    number: u64,
    value: Value,
}

/// One field of it is changed, left out, doubled or added. What is no message is bent as bytes.
pub(super) fn bend(rng: &mut StdRng, message: &[u8], words: &[&str]) -> Vec<u8> {
    let Some(mut fields) = read(message) else {
        let mut bytes = message.to_vec();
        bend_bytes(rng, &mut bytes, message, words);
        return bytes;
    };
    let place = (!fields.is_empty()).then(|| rng.random_range(0..fields.len()));
    match (rng.random_range(0..8), place) {
        (0, Some(place)) => drop(fields.remove(place)),
        (1, Some(place)) => {
            let times = rng.random_range(1..=40);
            let field = write_one(&fields[place]);
            let more = (0..times).filter_map(|_| read(&field)?.pop());
            fields.extend(more.collect::<Vec<_>>());
        }
        (2, Some(place)) => fields[place].number = rng.random_range(1..=20),
        (3, _) | (_, None) => {
            let value = match rng.random_range(0..3) {
                0 => Value::Bytes(text(rng, words)),
                1 => Value::Bytes((0..16).map(|_| rng.random()).collect()),
                _ => Value::Number(number(rng)),
            };
            fields.push(Field { number: rng.random_range(1..=20), value });
        }
        (_, Some(place)) => match &mut fields[place].value {
            Value::Number(n) => *n = number(rng),
            Value::Fixed(bytes) => bytes.iter_mut().for_each(|byte| *byte = rng.random()),
            Value::Bytes(bytes) => match rng.random_range(0..4) {
                0 => *bytes = text(rng, words),
                1 => bend_bytes(rng, bytes, message, words),
                _ => *bytes = bend(rng, bytes, words),
            },
        },
    }
    fields.iter().flat_map(write_one).collect()
}

fn text(rng: &mut StdRng, words: &[&str]) -> Vec<u8> {
    match rng.random_range(0..4) {
        0 => Vec::new(),
        1 => b"x".repeat(one_of(rng, LENGTHS)),
        _ if words.is_empty() => Vec::new(),
        _ => one_of(rng, words).into(),
    }
}

fn read(mut rest: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let key = take_varint(&mut rest)?;
        let value = match key & 7 {
            0 => Value::Number(take_varint(&mut rest)?),
            1 => Value::Fixed(take(&mut rest, 8)?),
            2 => {
                let length = usize::try_from(take_varint(&mut rest)?).ok()?;
                Value::Bytes(take(&mut rest, length)?)
            }
            5 => Value::Fixed(take(&mut rest, 4)?),
            _ => return None,
        };
        fields.push(Field { number: key >> 3, value });
    }
    Some(fields)
}

fn write_one(field: &Field) -> Vec<u8> {
    let (kind, bytes) = match &field.value {
        Value::Number(n) => (0, varint(*n)),
        Value::Bytes(bytes) => (2, [varint(bytes.len() as u64), bytes.clone()].concat()),
        Value::Fixed(bytes) => (if bytes.len() == 8 { 1 } else { 5 }, bytes.clone()),
    };
    [varint(field.number << 3 | kind), bytes].concat()
}

fn take(rest: &mut &[u8], length: usize) -> Option<Vec<u8>> {
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes.to_vec())
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut n = 0u64;
    for place in 0..10 {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        n |= u64::from(byte & 0x7f).checked_shl(7 * place)?;
        if *byte < 0x80 {
            return Some(n);
        }
    }
    None
}
