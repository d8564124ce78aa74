//! The tasks of a load, as frames. They are alike but for the time at which each was made, which stands in the
//! first bytes of its text, so that whoever gets it knows how long it was on its way; for ids of their own; and for
//! the queue, where there are many.

use std::time::Instant;

use bytes::{Bytes, BytesMut};

use super::{
    fields::Fields,
    wire::{self, HEAD_BYTES},
};
use crate::{
    name::{BadName, QueueName},
    pb,
};

/// Bytes of the time in a text: 48 bits of nanoseconds, six in each.
pub(super) const STAMP_BYTES: usize = 8;
/// What stands for six bits: this and the 63 after it.
const STAMP_ZERO: u8 = b'0';
/// Digits of an id that count.
const ID_DIGITS: usize = 12;
/// Digits of a queue's number, where there are many.
const QUEUE_DIGITS: usize = 5;

/// Where tasks go: to one queue, or to many in turn.
#[derive(Debug, Clone)]
pub(super) struct Queues {
    base: QueueName,
    count: u32,
}

impl Queues {
    /// So many queues, fewer than 100 000. More than one are named like `base`, with a number behind it.
    pub(super) fn new(base: QueueName, count: u32) -> Result<Self, BadName> {
        let queues = Queues { base, count };
        QueueName::parse(&queues.name(0)).map(|_| queues)
    }

    /// The names of all.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + '_ {
        (0..self.count).map(|n| self.name(n))
    }

    fn name(&self, n: u32) -> String {
        if self.count == 1 { self.base.to_string() } else { format!("{}-{n:0QUEUE_DIGITS$}", self.base) }
    }
}

/// Makes tasks.
#[derive(Debug, Clone)]
pub(super) struct Tasks {
    /// One of them, with its head.
    frame: Vec<u8>,
    stamp_at: usize,
    /// Where the digits of its id begin, if it has one of its own, and the number of the next one.
    id_at: Option<usize>,
    next_id: u64,
    /// Of the queues the one that gets the next task.
    queues: Queues,
    next_queue: u32,
    began: Instant,
}

impl Tasks {
    /// Tasks for `queues` of `size` bytes each. Times are counted from `began`.
    pub(super) fn new(queues: &Queues, size: usize, own_ids: bool, began: Instant) -> Self {
        // No other maker has the same beginning.
        let id = if own_ids { format!("b{:016x}-{:012x}", rand::random::<u64>(), 0) } else { String::new() };
        let task =
            pb::NewTask { task: "x".repeat(size), id, queue: queues.name(0), ..pb::NewTask::default() };
        let frame = wire::frame(&task).to_vec();
        // The text is the first field, the id the second, and the queue the last.
        let length_bytes = prost::length_delimiter_len(size);
        let stamp_at = HEAD_BYTES + 1 + length_bytes;
        let id_at = own_ids.then(|| stamp_at + size + 2 + task.id.len() - ID_DIGITS);
        Tasks { frame, stamp_at, id_at, next_id: 0, queues: queues.clone(), next_queue: 0, began }
    }

    /// Bytes of one on the wire.
    pub(super) fn frame_bytes(&self) -> usize {
        self.frame.len()
    }

    /// So many, made at `now`.
    pub(super) fn make(&mut self, n: u64, now: Instant) -> Bytes {
        let stamp = stamp(nanoseconds(self.began, now));
        self.frame[self.stamp_at..][..STAMP_BYTES].copy_from_slice(&stamp);
        let mut frames = BytesMut::with_capacity(self.frame.len() * n as usize);
        for _ in 0..n {
            if let Some(at) = self.id_at {
                let digits = &mut self.frame[at..][..ID_DIGITS];
                for (i, digit) in digits.iter_mut().rev().enumerate() {
                    *digit = b"0123456789abcdef"[(self.next_id >> (4 * i)) as usize & 15];
                }
                self.next_id += 1;
            }
            if self.queues.count > 1 {
                let at = self.frame.len() - QUEUE_DIGITS;
                let mut number = self.next_queue;
                for digit in self.frame[at..].iter_mut().rev() {
                    *digit = b'0' + (number % 10) as u8;
                    number /= 10;
                }
                self.next_queue = (self.next_queue + 1) % self.queues.count;
            }
            frames.extend_from_slice(&self.frame);
        }
        frames.freeze()
    }
}

/// How long a task that has just arrived was on its way, in nanoseconds, if its text says when it was made.
pub(super) fn age(task: &[u8], began: Instant, now: Instant) -> Option<u64> {
    let stamp = Fields::find(task, 1)?.get(..STAMP_BYTES)?;
    let made = stamp.iter().rev().fold(0, |sum, byte| sum << 6 | u64::from(byte.wrapping_sub(STAMP_ZERO)));
    nanoseconds(began, now).checked_sub(made)
}

fn nanoseconds(began: Instant, now: Instant) -> u64 {
    now.saturating_duration_since(began).as_nanos() as u64
}

fn stamp(nanoseconds: u64) -> [u8; STAMP_BYTES] {
    std::array::from_fn(|i| STAMP_ZERO + (nanoseconds >> (6 * i) & 63) as u8)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prost::Message;

    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "any moment will do")]
    fn a_task_is_what_it_was_to_be_and_knows_when_it_was_made() {
        let began = Instant::now();
        let queue = Queues::new(QueueName::parse("bench-1").unwrap(), 1).unwrap();
        for size in [STAMP_BYTES, 100, 127, 128, 20_000] {
            for own_ids in [false, true] {
                let mut tasks = Tasks::new(&queue, size, own_ids, began);
                let frames = tasks.make(18, began + Duration::from_nanos(123_456_789));
                assert_eq!(frames.len(), 18 * tasks.frame_bytes());
                let mut ids = Vec::new();
                for frame in frames.chunks(tasks.frame_bytes()) {
                    let task = pb::NewTask::decode(&frame[HEAD_BYTES..]).unwrap();
                    assert_eq!((task.task.len(), &task.queue[..]), (size, "bench-1"));
                    let seen = pb::ServerMsg { task: task.task, ..pb::ServerMsg::default() }.encode_to_vec();
                    let now = began + Duration::from_nanos(123_456_889);
                    assert_eq!(age(&seen, began, now), Some(100));
                    ids.push(task.id);
                }
                ids.sort();
                ids.dedup();
                assert_eq!(ids.len(), if own_ids { 18 } else { 1 }, "{ids:?}");
                assert!(ids[0].ends_with(if own_ids { "-000000000000" } else { "" }), "{ids:?}");
            }
        }
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "any moment will do")]
    fn many_queues_have_their_tasks_in_turn() {
        let queues = Queues::new(QueueName::parse("b").unwrap(), 12).unwrap();
        let mut tasks = Tasks::new(&queues, 100, true, Instant::now());
        let frames = [tasks.make(7, Instant::now()), tasks.make(8, Instant::now())].concat();
        let seen: Vec<String> = frames
            .chunks(tasks.frame_bytes())
            .map(|frame| pb::NewTask::decode(&frame[HEAD_BYTES..]).unwrap().queue)
            .collect();
        let names: Vec<String> = queues.names().collect();
        assert!(seen.iter().eq(names.iter().cycle().take(15)), "{seen:?}");
        assert_eq!((&seen[0][..], &seen[11][..]), ("b-00000", "b-00011"));
        assert!(Queues::new(QueueName::parse(&"b".repeat(60)).unwrap(), 2).is_err());
    }
}
