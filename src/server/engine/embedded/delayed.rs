//! Tasks that have been accepted and wait for their time to enter the log. The store has them; here is what says
//! when the next one is due.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use super::chunk::QueueNumber;
use crate::name::OwnId;

/// What tells a delayed task's number from a seq where either may stand. No log is that long.
const MARK: u64 = 1 << 62;

/// A delayed task's number as a place.
pub(super) fn place_of(number: u64) -> u64 {
    MARK | number
}

/// The number of a delayed task, if this place is one.
pub(super) fn number_at(place: u64) -> Option<u64> {
    (place & MARK != 0).then_some(place & !MARK)
}

/// A delayed task as the store keeps it.
#[derive(Debug, Clone)]
pub(super) struct DelayedRow {
    /// From 1, never used again.
    pub(super) number: u64,
    /// When it enters the log, in milliseconds since 1970.
    pub(super) due_ms: u64,
    pub(super) queue: QueueNumber,
    /// Given by its submitter, or `17d`.
    pub(super) id: OwnId,
    /// Its frame, with a seq of 0.
    pub(super) frame: Vec<u8>,
}

/// When delayed tasks are due.
#[derive(Debug, Default)]
pub(super) struct Delayed {
    by_due: BTreeMap<(u64, u64), QueueNumber>,
    due_ms: HashMap<u64, u64>,
    counts: HashMap<QueueNumber, u64>,
}

impl Delayed {
    /// Adds one.
    pub(super) fn insert(&mut self, number: u64, due_ms: u64, queue: QueueNumber) {
        self.due_ms.insert(number, due_ms);
        self.by_due.insert((due_ms, number), queue);
        *self.counts.entry(queue).or_default() += 1;
    }

    /// Takes one out: it has entered the log, or was cancelled.
    pub(super) fn remove(&mut self, number: u64) -> Option<(u64, QueueNumber)> {
        let due_ms = self.due_ms.remove(&number)?;
        let queue = self.by_due.remove(&(due_ms, number))?;
        if let Entry::Occupied(mut count) = self.counts.entry(queue) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
        Some((due_ms, queue))
    }

    /// When one is due. `None`: it does not wait.
    pub(super) fn due_ms(&self, number: u64) -> Option<u64> {
        self.due_ms.get(&number).copied()
    }

    /// The queue that one waits for.
    pub(super) fn queue_of(&self, number: u64) -> Option<QueueNumber> {
        self.by_due.get(&(self.due_ms(number)?, number)).copied()
    }

    /// When the next one is due.
    pub(super) fn next_due_ms(&self) -> Option<u64> {
        self.by_due.first_key_value().map(|((due_ms, _), _)| *due_ms)
    }

    /// The one that has been due longest.
    pub(super) fn due(&self, now_ms: u64) -> Option<(u64, QueueNumber)> {
        let (&(due_ms, number), &queue) = self.by_due.first_key_value()?;
        (due_ms <= now_ms).then_some((number, queue))
    }

    /// How many wait for a queue.
    pub(super) fn count(&self, queue: QueueNumber) -> u64 {
        self.counts.get(&queue).copied().unwrap_or(0)
    }

    /// Those after a place in the order of their times: time, number and queue.
    pub(super) fn after(&self, due_ms: u64, number: u64) -> impl Iterator<Item = (u64, u64, QueueNumber)> {
        let from = (due_ms, number.saturating_add(1));
        self.by_due.range(from..).map(|(&(due_ms, number), &queue)| (due_ms, number, queue))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_queue_is_counted() {
        let mut delayed = Delayed::default();
        for (number, queue) in [(1, 7), (2, 7), (3, 8)] {
            delayed.insert(number, 100, queue);
        }
        assert_eq!([6, 7, 8].map(|queue| delayed.count(queue)), [0, 2, 1]);
        assert_eq!(delayed.remove(2), Some((100, 7)));
        assert_eq!(delayed.remove(2), None);
        assert_eq!(delayed.remove(3), Some((100, 8)));
        assert_eq!([7, 8].map(|queue| delayed.count(queue)), [1, 0]);
        assert_eq!(delayed.counts.len(), 1);
    }
}
