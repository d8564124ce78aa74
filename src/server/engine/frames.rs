//! A run of one queue's tasks, ready encoded as gRPC frames: what the log keeps on disk and in memory, and
//! what a watcher is sent. A task is encoded once, when it is accepted; every watcher shares the bytes.
//!
//! The message inside each frame is the proto's `ServerMsg`. It is written and read here by hand because a
//! frame is looked at far more often than it is decoded; a test holds it against the generated code.

use std::collections::BTreeMap;

use bytes::{Buf, Bytes};

/// Labels of a task: passed on, not interpreted.
pub type Labels = BTreeMap<String, String>;

/// A run of frames of one queue, in the order of seq.
#[derive(Debug, Clone)]
pub struct Frames {
    /// The seq of the first task.
    pub first_seq: u64,
    /// The seq of the last task.
    pub last_seq: u64,
    /// The frames, one after the other.
    pub bytes: Bytes,
}

impl Frames {
    /// The tasks from `seq` on. `None` if there are none.
    pub fn starting_at(mut self, seq: u64) -> Option<Self> {
        if seq <= self.first_seq {
            return Some(self);
        }
        let (at, first) = self.offsets().find(|&(_, s)| s >= seq)?;
        self.bytes = self.bytes.slice(at..);
        self.first_seq = first;
        Some(self)
    }

    /// Leaves out the tasks before `seq`, which is not after the last.
    pub fn advance_to(&mut self, seq: u64) {
        while self.first_seq < seq {
            let Some(first) = split(&self.bytes).next() else { return };
            self.bytes.advance(first.len());
            let Some(next) = split(&self.bytes).next() else { return };
            self.first_seq = seq_of(next);
        }
    }

    /// The frame of the first task.
    pub fn first_frame(&self) -> Option<Bytes> {
        split(&self.bytes).next().map(|frame| self.bytes.slice_ref(frame))
    }

    /// The tasks after the first `count`. `None` if there are none.
    pub fn skip(mut self, count: u64) -> Option<Self> {
        let at: usize = split(&self.bytes).take(usize::try_from(count).ok()?).map(<[u8]>::len).sum();
        self.bytes = self.bytes.slice(at..);
        self.first_seq = split(&self.bytes).next().map(seq_of)?;
        Some(self)
    }

    /// The tasks up to and with `seq`. `None` if there are none.
    pub fn ending_at(mut self, seq: u64) -> Option<Self> {
        if seq >= self.last_seq {
            return Some(self);
        }
        let mut last = None;
        let mut end = 0;
        for (at, s) in self.offsets() {
            if s > seq {
                end = at;
                break;
            }
            last = Some(s);
        }
        self.last_seq = last?;
        self.bytes = self.bytes.slice(..end);
        Some(self)
    }

    /// The first `count` tasks, and how many there really are.
    pub fn first(mut self, count: u64) -> (Self, u64) {
        let (mut end, mut n) = (0, 0);
        let mut last_seq = self.first_seq;
        for frame in split(&self.bytes) {
            if n == count {
                break;
            }
            n += 1;
            end += frame.len();
            last_seq = seq_of(frame);
        }
        if end < self.bytes.len() {
            self.bytes = self.bytes.slice(..end);
            self.last_seq = last_seq;
        }
        (self, n)
    }

    /// Each task.
    pub fn tasks(&self) -> impl Iterator<Item = Task<'_>> {
        split(&self.bytes).filter_map(Task::read)
    }

    /// Offset and seq of each frame.
    fn offsets(&self) -> impl Iterator<Item = (usize, u64)> {
        let mut at = 0;
        split(&self.bytes).map(move |frame| {
            let here = at;
            at += frame.len();
            (here, seq_of(frame))
        })
    }
}

/// One task as it stands in a frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Task<'a> {
    /// The text.
    pub task: &'a str,
    /// The id.
    pub id: &'a str,
    /// The queue's name.
    pub queue: &'a str,
    /// The place in the log.
    pub seq: u64,
    /// When it was accepted, in milliseconds since 1970.
    pub submitted_at_ms: u64,
    /// The labels, in order of their keys.
    pub labels: Vec<(&'a str, &'a str)>,
    /// From when on no group is handed it, in milliseconds since 1970; 0 is never.
    pub expires_at_ms: u64,
}

impl<'a> Task<'a> {
    /// Appends the task to `out` as one frame.
    pub fn write(&self, out: &mut Vec<u8>) {
        let frame_start = out.len();
        out.extend_from_slice(&[0; HEADER_BYTES]);
        put_text(out, field::TASK, self.task);
        put_text(out, field::ID, self.id);
        put_text(out, field::QUEUE, self.queue);
        put_number(out, field::SEQ, self.seq);
        put_time(out, field::SUBMITTED_AT, self.submitted_at_ms);
        for (key, value) in &self.labels {
            put_submessage(out, field::LABELS, |out| {
                put_text(out, 1, key);
                put_text(out, 2, value);
            });
        }
        if self.expires_at_ms != 0 {
            put_time(out, field::EXPIRES_AT, self.expires_at_ms);
        }
        end_frame(out, frame_start);
    }

    /// Reads one frame. `None` if it is damaged.
    pub fn read(frame: &'a [u8]) -> Option<Self> {
        let mut task = Task::default();
        let mut rest = frame.get(HEADER_BYTES..)?;
        while !rest.is_empty() {
            match next_field(&mut rest)? {
                (field::TASK, Value::Bytes(b)) => task.task = std::str::from_utf8(b).ok()?,
                (field::ID, Value::Bytes(b)) => task.id = std::str::from_utf8(b).ok()?,
                (field::QUEUE, Value::Bytes(b)) => task.queue = std::str::from_utf8(b).ok()?,
                (field::SEQ, Value::Number(n)) => task.seq = n,
                (field::SUBMITTED_AT, Value::Bytes(b)) => task.submitted_at_ms = read_time(b)?,
                (field::EXPIRES_AT, Value::Bytes(b)) => task.expires_at_ms = read_time(b)?,
                (field::LABELS, Value::Bytes(mut b)) => {
                    let (mut key, mut value) = ("", "");
                    while !b.is_empty() {
                        match next_field(&mut b)? {
                            (1, Value::Bytes(k)) => key = std::str::from_utf8(k).ok()?,
                            (2, Value::Bytes(v)) => value = std::str::from_utf8(v).ok()?,
                            _ => {}
                        }
                    }
                    task.labels.push((key, value));
                }
                _ => {}
            }
        }
        Some(task)
    }
}

/// Appends a task's frame to `out`, and to its message what a member of a group is told beside the task.
pub fn write_leased(out: &mut Vec<u8>, frame: &[u8], group: &str, lease: &str, attempt: u32) {
    let frame_start = out.len();
    out.extend_from_slice(frame);
    put_text(out, field::GROUP, group);
    put_text(out, field::LEASE, lease);
    put_number(out, field::ATTEMPT, u64::from(attempt));
    end_frame(out, frame_start);
}

/// The seq of one frame, and when it expires.
pub fn seq_and_expiry(frame: &[u8]) -> (u64, u64) {
    let (mut seq, mut expires_at_ms) = (0, 0);
    let mut rest = frame.get(HEADER_BYTES..).unwrap_or_default();
    while !rest.is_empty() {
        match next_field(&mut rest) {
            Some((field::SEQ, Value::Number(n))) => seq = n,
            Some((field::EXPIRES_AT, Value::Bytes(b))) => expires_at_ms = read_time(b).unwrap_or_default(),
            Some(_) => {}
            None => break,
        }
    }
    (seq, expires_at_ms)
}

/// The frames in `bytes`, each with its header. Ends at the first that is cut short.
pub fn split(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let header = bytes.get(..HEADER_BYTES)?;
        let message_bytes = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize;
        let (frame, rest) = bytes.split_at_checked(HEADER_BYTES + message_bytes)?;
        bytes = rest;
        Some(frame)
    })
}

/// The seq of one frame; 0 if it is damaged.
pub fn seq_of(frame: &[u8]) -> u64 {
    let mut rest = frame.get(HEADER_BYTES..).unwrap_or_default();
    while !rest.is_empty() {
        match next_field(&mut rest) {
            Some((field::SEQ, Value::Number(seq))) => return seq,
            Some(_) => {}
            None => break,
        }
    }
    0
}

/// The id of one frame; empty if it is damaged.
pub fn id_of(frame: &[u8]) -> &str {
    let mut rest = frame.get(HEADER_BYTES..).unwrap_or_default();
    while !rest.is_empty() {
        match next_field(&mut rest) {
            Some((field::ID, Value::Bytes(id))) => return std::str::from_utf8(id).unwrap_or_default(),
            Some(_) => {}
            None => break,
        }
    }
    ""
}

/// gRPC's frame header: a compression flag and the message's length, big endian.
const HEADER_BYTES: usize = 5;

/// Field numbers of `ServerMsg` in proto/contact.proto.
mod field {
    pub(super) const TASK: u32 = 1;
    pub(super) const ID: u32 = 2;
    pub(super) const QUEUE: u32 = 3;
    pub(super) const SEQ: u32 = 4;
    pub(super) const SUBMITTED_AT: u32 = 5;
    pub(super) const LABELS: u32 = 6;
    pub(super) const EXPIRES_AT: u32 = 7;
    pub(super) const GROUP: u32 = 8;
    pub(super) const LEASE: u32 = 9;
    pub(super) const ATTEMPT: u32 = 10;
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn next_field<'a>(rest: &mut &'a [u8]) -> Option<(u32, Value<'a>)> {
    let tag = take_varint(rest)?;
    let field = u32::try_from(tag >> 3).ok()?;
    let value = match tag & 7 {
        0 => Value::Number(take_varint(rest)?),
        2 => {
            let n = usize::try_from(take_varint(rest)?).ok()?;
            let (bytes, after) = rest.split_at_checked(n)?;
            *rest = after;
            Value::Bytes(bytes)
        }
        // Nothing that is written here has another wire type.
        _ => return None,
    };
    Some((field, value))
}

fn read_time(mut stored: &[u8]) -> Option<u64> {
    let mut ms = 0u64;
    while !stored.is_empty() {
        match next_field(&mut stored)? {
            (1, Value::Number(s)) => ms = ms.checked_add(s.checked_mul(1000)?)?,
            (2, Value::Number(ns)) => ms = ms.checked_add(ns / 1_000_000)?,
            _ => {}
        }
    }
    Some(ms)
}

fn put_time(out: &mut Vec<u8>, field: u32, ms: u64) {
    put_submessage(out, field, |out| {
        put_number(out, 1, ms / 1000);
        put_number(out, 2, ms % 1000 * 1_000_000);
    });
}

/// Writes the length of the message that begins behind the header at `frame_start`.
fn end_frame(out: &mut [u8], frame_start: usize) {
    let message_bytes = (out.len() - frame_start - HEADER_BYTES) as u32;
    out[frame_start + 1..frame_start + HEADER_BYTES].copy_from_slice(&message_bytes.to_be_bytes());
}

fn put_number(out: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        put_varint(out, u64::from(field << 3));
        put_varint(out, value);
    }
}

fn put_text(out: &mut Vec<u8>, field: u32, text: &str) {
    if !text.is_empty() {
        put_varint(out, u64::from(field << 3 | 2));
        put_varint(out, text.len() as u64);
        out.extend_from_slice(text.as_bytes());
    }
}

fn put_submessage(out: &mut Vec<u8>, field: u32, write: impl FnOnce(&mut Vec<u8>)) {
    put_varint(out, u64::from(field << 3 | 2));
    let length_at = out.len();
    out.push(0);
    write(out);
    let n = out.len() - length_at - 1;
    if n < 128 {
        out[length_at] = n as u8;
    } else {
        let mut length = Vec::with_capacity(5);
        put_varint(&mut length, n as u64);
        out.splice(length_at..=length_at, length);
    }
}

/// Appends protobuf's variable-length integer.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Takes a variable-length integer off the front. `None` if it is cut short or too long.
pub(super) fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for (i, &byte) in rest.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(7 * i as u32)?;
        if byte < 0x80 {
            *rest = &rest[i + 1..];
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb;
    use prost::Message;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect()
    }

    fn run(seqs: &[u64]) -> Frames {
        let mut bytes = Vec::new();
        for &seq in seqs {
            let (text, id) = (format!("task {seq}"), seq.to_string());
            let task = Task { task: &text, id: &id, queue: "q", seq, submitted_at_ms: 5, ..Task::default() };
            task.write(&mut bytes);
        }
        Frames { first_seq: seqs[0], last_seq: seqs[seqs.len() - 1], bytes: bytes.into() }
    }

    fn seqs(frames: &Frames) -> Vec<u64> {
        frames.tasks().map(|t| t.seq).collect()
    }

    #[test]
    fn a_frame_is_the_generated_message() {
        let long = "值".repeat(100);
        for (task, labels) in [
            ("任务:123", labels(&[])),
            ("x", labels(&[("a", ""), ("b", "2"), ("long", &long)])),
            (&"y".repeat(1 << 20), labels(&[])),
        ] {
            let mut frame = Vec::new();
            let written = Task {
                task,
                id: "deploy-1",
                queue: "@kiosk",
                seq: 1 << 40,
                submitted_at_ms: 1_763_791_200_123,
                labels: labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect(),
                expires_at_ms: 1_763_791_300_000,
            };
            written.write(&mut frame);
            let message = pb::ServerMsg::decode(&frame[5..]).unwrap();
            assert_eq!(frame[0], 0);
            assert_eq!(u32::from_be_bytes(frame[1..5].try_into().unwrap()) as usize, frame.len() - 5);
            assert_eq!(message.task, task);
            assert_eq!(message.id, "deploy-1");
            assert_eq!(message.queue, "@kiosk");
            assert_eq!(message.seq, 1 << 40);
            assert_eq!(message.labels, labels);
            assert_eq!(message.submitted_at.unwrap().to_string(), "2025-11-22T06:00:00.123Z");

            assert_eq!(message.expires_at.unwrap().to_string(), "2025-11-22T06:01:40Z");
            assert_eq!(Task::read(&frame).unwrap(), written);
            assert_eq!(seq_of(&frame), 1 << 40);
            assert_eq!(seq_and_expiry(&frame), (1 << 40, 1_763_791_300_000));

            let mut leased = Vec::new();
            write_leased(&mut leased, &frame, "ci", "Ltoken", 3);
            assert_eq!(u32::from_be_bytes(leased[1..5].try_into().unwrap()) as usize, leased.len() - 5);
            let message = pb::ServerMsg::decode(&leased[5..]).unwrap();
            assert_eq!((&message.group[..], &message.lease[..], message.attempt), ("ci", "Ltoken", 3));
            assert_eq!(message.task, task);
        }
    }

    #[test]
    fn cutting() {
        let all = run(&[3, 5, 9]);
        assert_eq!(seqs(&all.clone().starting_at(4).unwrap()), [5, 9]);
        assert_eq!(all.clone().starting_at(4).unwrap().first_seq, 5);
        assert_eq!(seqs(&all.clone().starting_at(1).unwrap()), [3, 5, 9]);
        assert!(all.clone().starting_at(10).is_none());
        assert_eq!(seqs(&all.clone().ending_at(8).unwrap()), [3, 5]);
        assert_eq!(all.clone().ending_at(8).unwrap().last_seq, 5);
        assert!(all.clone().ending_at(2).is_none());
        assert_eq!(seqs(&all.clone().skip(1).unwrap()), [5, 9]);
        assert_eq!(all.clone().skip(1).unwrap().first_seq, 5);
        assert!(all.clone().skip(3).is_none());
        let (two, n) = all.clone().first(2);
        assert_eq!((seqs(&two), two.last_seq, n), (vec![3, 5], 5, 2));
        let (three, n) = all.first(7);
        assert_eq!((seqs(&three), n), (vec![3, 5, 9], 3));
    }

    #[test]
    fn damage_is_not_a_panic() {
        let whole = run(&[1, 2]).bytes;
        for cut in 0..whole.len() {
            let _ = split(&whole[..cut]).filter_map(Task::read).count();
            let mut bent = whole.to_vec();
            bent[cut] ^= 0xff;
            split(&bent).for_each(|f| drop((seq_of(f), Task::read(f))));
        }
    }
}
