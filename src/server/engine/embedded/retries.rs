//! What was submitted lately under which retry key, so that a resend after a broken connection is answered
//! with the task that is already there. Kept as runs: a pipelining client costs a few bytes a batch.

use std::collections::VecDeque;

use super::{
    delayed::{number_at, place_of},
    machine::Numbered,
};
use crate::server::engine::{
    RetryKey,
    frames::{put_varint, take_varint},
};

/// How long a key is remembered, in milliseconds.
pub(super) const REMEMBERED_MS: u64 = 10 * 60 * 1000;
/// How many submits of one instance are remembered: more than a client ever has unanswered.
const REMEMBERED_OF_INSTANCE: u64 = 16_384;

/// `tasks` submits in a row, from `key` on, became as many tasks in a row, from `seq` on: a seq, or a delayed
/// task's [place](super::delayed::place_of).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) key: RetryKey,
    pub(super) seq: u64,
    pub(super) tasks: u64,
}

impl Run {
    /// Takes in `next` if it goes on where this run ends.
    pub(super) fn extend(&mut self, next: Run) -> bool {
        let fits = self.key.instance == next.key.instance
            && self.key.n.checked_add(self.tasks) == Some(next.key.n)
            && self.seq + self.tasks == next.seq;
        if fits {
            self.tasks += next.tasks;
        }
        fits
    }
}

/// The keys remembered.
#[derive(Debug, Default)]
pub(super) struct Retries {
    instances: Numbered<[u8; 16], Instance>,
}

#[derive(Debug, Default)]
struct Instance {
    /// Ordered by `n`, without overlap.
    runs: VecDeque<Run>,
    tasks: u64,
    last_ms: u64,
}

impl Retries {
    /// The task that was submitted under this key.
    pub(super) fn find(&self, key: &RetryKey) -> Option<u64> {
        let runs = &self.instances.get(&key.instance)?.runs;
        let after = runs.partition_point(|run| run.key.n <= key.n);
        let run = runs.get(after.checked_sub(1)?)?;
        let offset = key.n - run.key.n;
        (offset < run.tasks).then(|| run.seq + offset)
    }

    /// Remembers a run.
    pub(super) fn record(&mut self, run: Run, at_ms: u64) {
        let instance = self.instances.entry(run.key.instance).or_default();
        instance.last_ms = instance.last_ms.max(at_ms);
        instance.tasks += run.tasks;
        if !instance.runs.back_mut().is_some_and(|last| last.extend(run)) {
            // Clients count upwards, so this is the end but for one that does not.
            let place = instance.runs.partition_point(|r| r.key.n <= run.key.n);
            instance.runs.insert(place, run);
        }
        while let Some(oldest) = instance.runs.front()
            && instance.tasks - oldest.tasks >= REMEMBERED_OF_INSTANCE
        {
            instance.tasks -= oldest.tasks;
            instance.runs.pop_front();
        }
    }

    /// Forgets the tasks from `seq` on, and the delayed ones from `number` on: they never reached the disk.
    pub(super) fn forget_from(&mut self, seq: u64, number: u64) {
        let limit = |run: &Run| if number_at(run.seq).is_some() { place_of(number) } else { seq };
        self.instances.retain(|_, instance| {
            instance.runs.retain(|run| run.seq < limit(run));
            for run in &mut instance.runs {
                run.tasks = run.tasks.min(limit(run) - run.seq);
            }
            instance.tasks = instance.runs.iter().map(|r| r.tasks).sum();
            !instance.runs.is_empty()
        });
    }

    /// Forgets the instances that were silent for long enough.
    pub(super) fn expire(&mut self, now_ms: u64) {
        self.instances.retain(|_, instance| instance.last_ms + REMEMBERED_MS > now_ms);
    }
}

/// Runs as the store keeps them.
pub(super) fn write_runs(runs: &[Run]) -> Vec<u8> {
    let mut out = Vec::with_capacity(runs.len() * 24);
    for run in runs {
        out.extend_from_slice(&run.key.instance);
        for n in [run.key.n, run.seq, run.tasks] {
            put_varint(&mut out, n);
        }
    }
    out
}

/// Reads what [`write_runs`] wrote. `None` if it is damaged.
pub(super) fn read_runs(mut stored: &[u8]) -> Option<Vec<Run>> {
    let mut runs = Vec::new();
    while !stored.is_empty() {
        let (instance, rest) = stored.split_at_checked(16)?;
        stored = rest;
        let instance: [u8; 16] = instance.try_into().ok()?;
        let n = take_varint(&mut stored)?;
        let seq = take_varint(&mut stored)?;
        let tasks = take_varint(&mut stored)?;
        runs.push(Run { key: RetryKey { instance, n }, seq, tasks });
    }
    Some(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(instance: u8, n: u64) -> RetryKey {
        RetryKey { instance: [instance; 16], n }
    }

    fn run(instance: u8, n: u64, seq: u64, tasks: u64) -> Run {
        Run { key: key(instance, n), seq, tasks }
    }

    #[test]
    fn a_key_finds_its_task() {
        let mut retries = Retries::default();
        retries.record(run(1, 0, 100, 10), 0);
        retries.record(run(2, 0, 110, 1), 0);
        retries.record(run(1, 10, 111, 5), 0);
        retries.record(run(1, 20, 200, 1), 0);
        // Out of order, as a client that does not count may send it.
        retries.record(run(1, 17, 300, 1), 0);
        assert_eq!(retries.find(&key(1, 0)), Some(100));
        assert_eq!(retries.find(&key(1, 9)), Some(109));
        assert_eq!(retries.find(&key(1, 14)), Some(115));
        assert_eq!(retries.find(&key(1, 15)), None);
        assert_eq!(retries.find(&key(1, 17)), Some(300));
        assert_eq!(retries.find(&key(1, 20)), Some(200));
        assert_eq!(retries.find(&key(1, 21)), None);
        assert_eq!(retries.find(&key(2, 0)), Some(110));
        assert_eq!(retries.find(&key(3, 0)), None);
        // One that has counted on to the end of numbers was a seq beyond them.
        assert_eq!(retries.find(&key(1, u64::MAX)), None);
    }

    #[test]
    fn it_forgets_what_failed_what_is_old_and_what_is_many() {
        let mut retries = Retries::default();
        retries.record(run(1, 0, 1, 1), 0);
        retries.record(run(1, 1, 2, 3), 0);
        retries.record(run(2, 0, 5, 1), 5);
        retries.forget_from(3, 1);
        assert_eq!(retries.find(&key(2, 0)), None);
        assert_eq!(retries.find(&key(1, 0)), Some(1));
        assert_eq!(retries.find(&key(1, 1)), Some(2));
        assert_eq!(retries.find(&key(1, 2)), None);
        retries.expire(REMEMBERED_MS - 1);
        assert_eq!(retries.find(&key(1, 0)), Some(1));
        retries.expire(REMEMBERED_MS);
        assert_eq!(retries.find(&key(1, 0)), None);

        for n in 0..2 * REMEMBERED_OF_INSTANCE {
            retries.record(run(3, n, 2 * n + 1, 1), 0);
        }
        assert_eq!(retries.instances[&[3; 16]].runs.len() as u64, REMEMBERED_OF_INSTANCE);
        assert_eq!(retries.find(&key(3, REMEMBERED_OF_INSTANCE)), Some(2 * REMEMBERED_OF_INSTANCE + 1));
    }

    #[test]
    fn runs_come_back() {
        let runs = [run(1, 7, 1 << 40, 3), run(9, u64::MAX, 0, 1)];
        assert_eq!(read_runs(&write_runs(&runs)).unwrap(), runs);
        let mut grown = runs[0];
        assert!(grown.extend(run(1, 10, (1 << 40) + 3, 2)));
        assert!(!grown.extend(run(1, 10, (1 << 40) + 5, 1)));
        assert!(!grown.extend(run(2, 12, (1 << 40) + 5, 1)));
        assert!(!grown.extend(run(1, 12, (1 << 40) + 6, 1)));
        assert_eq!(grown.tasks, 5);
    }
}
