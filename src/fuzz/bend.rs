//! How an input is bent into another.

use rand::{RngExt, rngs::StdRng};

use super::{Target, message};

/// Bytes at which something ends, begins or overflows.
const BYTES: &[u8] =
    &[0, 1, 0x0a, 0x0d, 0x1b, b' ', b'"', b'0', b'9', 0x7f, 0x80, 0x9b, 0xc2, 0xe2, 0xfe, 0xff];

/// The numbers about which arithmetic goes wrong.
pub(super) const NUMBERS: &[u64] = &[
    0,
    1,
    2,
    127,
    128,
    1023,
    1024,
    10_000,
    65_536,
    1 << 20,
    i32::MAX as u64,
    u32::MAX as u64,
    u32::MAX as u64 + 1,
    1 << 53,
    1 << 62,
    i64::MAX as u64,
    i64::MAX as u64 + 1,
    u64::MAX / 1000,
    u64::MAX - 1,
    u64::MAX,
];

/// Bends it, once or a few times. `other` is one to take parts from.
pub(super) fn bend(rng: &mut StdRng, input: &mut Vec<u8>, other: &[u8], target: &Target) {
    for _ in 0..rng.random_range(1..=4) {
        match target.message_at.filter(|at| *at <= input.len() && rng.random_bool(0.7)) {
            Some(at) => {
                let bent = message::bend(rng, &input[at..], target.words);
                input.truncate(at);
                input.extend(bent);
            }
            None => bend_bytes(rng, input, other, target.words),
        }
    }
}

/// Bends bytes of which nothing is known.
pub(super) fn bend_bytes(rng: &mut StdRng, input: &mut Vec<u8>, other: &[u8], words: &[&str]) {
    let at = rng.random_range(0..=input.len());
    let end = (at + rng.random_range(0..=8)).min(input.len());
    match rng.random_range(0..11) {
        0 if at < input.len() => input[at] ^= 1 << rng.random_range(0..8),
        1 if at < input.len() => input[at] = rng.random(),
        2 if at < input.len() => input[at] = one_of(rng, BYTES),
        3 => drop(input.drain(at..end)),
        4 => input.truncate(at),
        5 => {
            let part = input[at..end].to_vec();
            let times = rng.random_range(1..=20);
            input.splice(at..at, part.repeat(times));
        }
        6 => {
            let random: Vec<u8> = (0..rng.random_range(1..=8)).map(|_| rng.random()).collect();
            input.splice(at..at, random);
        }
        7 => drop(input.splice(at..end, varint(number(rng)))),
        8 if !words.is_empty() => {
            let word = one_of(rng, words).bytes();
            input.splice(at..end, word);
        }
        9 => drop(input.splice(at..end, number(rng).to_string().into_bytes())),
        _ => {
            let from = rng.random_range(0..=other.len());
            let upto = rng.random_range(from..=other.len());
            let kept = if rng.random_bool(0.5) { input.len() } else { end };
            input.splice(at..kept, other[from..upto].iter().copied());
        }
    }
}

/// A number: a special one or one beside it, or any.
pub(super) fn number(rng: &mut StdRng) -> u64 {
    match rng.random_range(0..4) {
        0 => rng.random::<u64>() >> rng.random_range(0..64),
        1 => one_of(rng, NUMBERS).wrapping_sub(1),
        2 => one_of(rng, NUMBERS).wrapping_add(1),
        _ => one_of(rng, NUMBERS),
    }
}

pub(super) fn one_of<T: Copy>(rng: &mut StdRng, all: &[T]) -> T {
    all[rng.random_range(0..all.len())]
}

/// Protobuf's variable-length integer.
pub(super) fn varint(mut n: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
    out
}
