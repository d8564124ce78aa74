//! One queue as the running server knows it: how far it goes, what was trimmed, and the recent tail in
//! memory. Cursors hold it and wait on it; nothing is ever sent into a channel.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use bytes::BytesMut;
use tokio::sync::Notify;

use super::chunk::QueueNumber;
use crate::{name::QueueName, server::engine::Frames};

/// One queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) name: QueueName,
    /// As in its extent, for whoever asks often.
    trimmed_seq: AtomicU64,
    state: Mutex<State>,
    /// Rung when the queue has grown, was trimmed, or the engine has ended.
    pub(super) bell: Notify,
}

#[derive(Debug, Default)]
struct State {
    extent: Extent,
    /// The last seq that is on disk only: all tasks after it are in `tail`.
    evicted_seq: u64,
    tail: VecDeque<Frames>,
}

/// How far a queue goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// The store's number for it; `None` while it has never had a task.
    pub(super) number: Option<QueueNumber>,
    /// The seq of its last task, 0 if it never had one.
    pub(super) last_seq: u64,
    /// The seq of the last task that was trimmed, 0 if none was.
    pub(super) trimmed_seq: u64,
    /// How many tasks are kept.
    pub(super) tasks: u64,
    /// How many tasks were thrown away, ever.
    pub(super) trimmed: u64,
}

/// What a cursor finds.
#[derive(Debug)]
pub(super) enum Look {
    /// Tasks, from memory.
    Frames(Frames),
    /// Tasks are on disk, up to this seq.
    OnDisk { number: QueueNumber, upto_seq: u64 },
    /// Nothing yet.
    Nothing,
    /// The position is no longer kept.
    Trimmed { first_seq: u64 },
}

impl Queue {
    /// A queue as the store knows it, or a new one.
    pub(super) fn new(name: QueueName, extent: Extent) -> Self {
        let state = State { extent, evicted_seq: extent.last_seq, tail: VecDeque::new() };
        let trimmed_seq = AtomicU64::new(extent.trimmed_seq);
        Queue { name, trimmed_seq, state: Mutex::new(state), bell: Notify::new() }
    }

    /// How far the queue goes.
    pub(super) fn extent(&self) -> Extent {
        self.lock().extent
    }

    /// The seq of the last task that was trimmed.
    pub(super) fn trimmed_seq(&self) -> u64 {
        self.trimmed_seq.load(Relaxed)
    }

    /// About where the next task from `seq` on is; `None` if there is none yet. Says no more than what is
    /// needed to choose a queue: then [`Queue::look`] has it.
    pub(super) fn peek(&self, seq: u64) -> Option<u64> {
        let state = self.lock();
        if seq <= state.extent.trimmed_seq || seq <= state.evicted_seq {
            return Some(seq);
        }
        let place = state.tail.partition_point(|f| f.last_seq < seq);
        state.tail.get(place).map(|frames| frames.first_seq.max(seq))
    }

    /// Looks for tasks from `seq` on.
    pub(super) fn look(&self, seq: u64) -> Look {
        let state = self.lock();
        let extent = &state.extent;
        if seq <= extent.trimmed_seq {
            return Look::Trimmed { first_seq: extent.trimmed_seq + 1 };
        }
        let (Some(number), true) = (extent.number, seq <= extent.last_seq) else { return Look::Nothing };
        if seq <= state.evicted_seq {
            return Look::OnDisk { number, upto_seq: state.evicted_seq };
        }
        let place = state.tail.partition_point(|f| f.last_seq < seq);
        let found = gather(state.tail.range(place..));
        drop(state);
        found.and_then(|frames| frames.starting_at(seq)).map_or(Look::Nothing, Look::Frames)
    }

    /// Gives the queue its number in the store.
    pub(super) fn set_number(&self, number: QueueNumber) {
        self.lock().extent.number = Some(number);
    }

    /// Adds tasks that have just become durable.
    pub(super) fn grow(&self, frames: Frames, tasks: u64) {
        let mut state = self.lock();
        state.extent.last_seq = frames.last_seq;
        state.extent.tasks += tasks;
        state.tail.push_back(frames);
        drop(state);
        self.bell.notify_waiters();
    }

    /// Drops the oldest run of the tail from memory, up to `last_seq`.
    pub(super) fn evict(&self, last_seq: u64) {
        let mut state = self.lock();
        while state.tail.front().is_some_and(|f| f.last_seq <= last_seq) {
            state.tail.pop_front();
        }
        state.evicted_seq = state.evicted_seq.max(last_seq);
    }

    /// Says that the tasks up to `last_seq` are no longer kept.
    pub(super) fn trim(&self, last_seq: u64, tasks: u64) {
        let mut state = self.lock();
        state.extent.trimmed_seq = state.extent.trimmed_seq.max(last_seq);
        self.trimmed_seq.store(state.extent.trimmed_seq, Relaxed);
        state.extent.tasks = state.extent.tasks.saturating_sub(tasks);
        state.extent.trimmed += tasks;
        drop(state);
        self.bell.notify_waiters();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Small runs are put together: a watcher a thousand commits behind should not get a thousand HTTP/2 frames.
fn gather<'a>(mut runs: impl Iterator<Item = &'a Frames>) -> Option<Frames> {
    let first = runs.next()?.clone();
    if first.bytes.len() >= GATHER_BYTES {
        return Some(first);
    }
    let mut bytes = BytesMut::new();
    let mut last_seq = first.last_seq;
    for run in runs {
        if first.bytes.len().max(bytes.len()) + run.bytes.len() > GATHER_BYTES {
            break;
        }
        if bytes.is_empty() {
            bytes.reserve(GATHER_BYTES);
            bytes.extend_from_slice(&first.bytes);
        }
        bytes.extend_from_slice(&run.bytes);
        last_seq = run.last_seq;
    }
    if bytes.is_empty() { Some(first) } else { Some(Frames { last_seq, bytes: bytes.freeze(), ..first }) }
}

/// Up to here runs are copied together.
const GATHER_BYTES: usize = 32 << 10;

/// The queues, by name.
#[derive(Debug, Default)]
pub(super) struct Queues(Mutex<HashMap<QueueName, Arc<Queue>>>);

impl Queues {
    /// The queue of this name; made if need be, in memory only.
    pub(super) fn named(&self, name: &QueueName) -> Arc<Queue> {
        let mut queues = self.lock();
        match queues.get(name) {
            Some(queue) => queue.clone(),
            None => {
                let queue = Arc::new(Queue::new(name.clone(), Extent::default()));
                queues.insert(name.clone(), queue.clone());
                queue
            }
        }
    }

    /// The first seq that a queue may keep.
    pub(super) fn first_seq(&self, name: &QueueName) -> u64 {
        self.lock().get(name).map_or(0, |queue| queue.extent().trimmed_seq) + 1
    }

    /// Adds a queue that the store knows.
    pub(super) fn insert(&self, queue: Arc<Queue>) {
        self.lock().insert(queue.name.clone(), queue);
    }

    /// Lets go of a queue that a watcher has watched: one that never had a task is forgotten with its last
    /// watcher, or names nobody uses would pile up.
    pub(super) fn release(&self, queue: Arc<Queue>) {
        let mut queues = self.lock();
        // Two: the map's and ours. More cannot come up while we hold the lock.
        if Arc::strong_count(&queue) == 2 && queue.extent().number.is_none() {
            queues.remove(&queue.name);
        }
        // Before the lock goes: another who lets go of it at this moment counts us.
        drop(queue);
    }

    /// Rings every bell.
    pub(super) fn ring_all(&self) {
        for queue in self.lock().values() {
            queue.bell.notify_waiters();
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<QueueName, Arc<Queue>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::engine::frames::Task;

    fn run(seqs: std::ops::RangeInclusive<u64>, text_bytes: usize) -> Frames {
        let mut bytes = Vec::new();
        let text = "x".repeat(text_bytes);
        for seq in seqs.clone() {
            let id = seq.to_string();
            Task { task: &text, id: &id, queue: "q", seq, ..Task::default() }.write(&mut bytes);
        }
        Frames { first_seq: *seqs.start(), last_seq: *seqs.end(), bytes: bytes.into() }
    }

    #[test]
    fn a_cursor_is_told_where_its_tasks_are() {
        let queue = Queue::new(
            QueueName::parse("q").unwrap(),
            Extent { number: Some(3), last_seq: 10, trimmed_seq: 4, tasks: 6, trimmed: 0 },
        );
        queue.grow(run(11..=12, 10), 2);
        queue.grow(run(13..=13, 10), 1);
        assert!(matches!(queue.look(4), Look::Trimmed { first_seq: 5 }));
        assert!(matches!(queue.look(5), Look::OnDisk { number: 3, upto_seq: 10 }));
        let Look::Frames(frames) = queue.look(12) else { panic!() };
        assert_eq!(frames.tasks().map(|t| t.seq).collect::<Vec<_>>(), [12, 13]);
        assert_eq!((frames.first_seq, frames.last_seq), (12, 13));
        assert!(matches!(queue.look(14), Look::Nothing));
        queue.evict(12);
        assert!(matches!(queue.look(11), Look::OnDisk { number: 3, upto_seq: 12 }));
        assert!(matches!(queue.look(13), Look::Frames(_)));
        queue.trim(13, 9);
        assert!(matches!(queue.look(13), Look::Trimmed { first_seq: 14 }));
        assert_eq!(queue.extent().tasks, 0);
    }

    #[test]
    fn large_runs_are_shared_and_small_ones_put_together() {
        let queue = Queue::new(QueueName::parse("q").unwrap(), Extent::default());
        queue.set_number(1);
        let large = run(1..=1, GATHER_BYTES);
        queue.grow(large.clone(), 1);
        for seq in 2..=1000 {
            queue.grow(run(seq..=seq, 100), 1);
        }
        let Look::Frames(first) = queue.look(1) else { panic!() };
        assert_eq!(first.bytes.as_ptr(), large.bytes.as_ptr(), "not copied");
        let mut next = 2;
        let mut looks = 0;
        while let Look::Frames(frames) = queue.look(next) {
            assert!(frames.bytes.len() <= GATHER_BYTES);
            for task in frames.tasks() {
                assert_eq!(task.seq, next);
                next += 1;
            }
            looks += 1;
        }
        assert_eq!(next, 1001);
        assert!(looks < 10, "{looks} looks for 999 small runs");
    }
}
