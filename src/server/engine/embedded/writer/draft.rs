//! A batch that is being decided: all of it gets to the disk together, or nothing.

use std::collections::HashMap;

use crate::{
    name::{OwnId, QueueName},
    server::engine::{
        NewTask, RetryKey,
        embedded::{
            chunk::{Builder, QueueNumber, Sealed},
            clock::ServerClock,
            delayed::DelayedRow,
            facts::{FactRow, GroupRow},
            machine::{Fresh, Holder, Numbered},
            results::{self, Moved, ResultRow, Rows},
            retries::Run,
            store::Commit,
        },
        frames::Task,
    },
};

/// A batch that is being decided.
pub(super) struct Draft {
    pub(super) at_ms: u64,
    pub(super) first_seq: u64,
    open: Builder,
    pub(super) sealed: Vec<Sealed>,
    pub(super) bytes: usize,
    pub(super) retries: Vec<Run>,
    pub(super) new_queues: Vec<(QueueNumber, QueueName)>,
    /// The tasks of this batch that have ids of their own, to compare others of the same id with, by their places.
    pub(super) own: HashMap<OwnId, (u64, NewTask)>,
    /// The tasks of this batch, by queue.
    pub(super) fresh: Numbered<QueueNumber, Vec<Fresh>>,
    /// The queue that was named last: most tasks go where the one before went.
    pub(super) last_queue: Option<(QueueName, QueueNumber)>,
    pub(super) first_delayed: u64,
    pub(super) delayed: Vec<DelayedRow>,
    /// Delayed tasks that wait no more: their numbers, when they were due and their queues.
    pub(super) entered: Vec<(u64, u64, QueueNumber)>,
    /// Ids of theirs that lead elsewhere now: from a place to another.
    pub(super) moved: Vec<(OwnId, u64, u64)>,
    pub(super) cancelled: Vec<(u64, QueueNumber)>,
    pub(super) new_groups: Vec<GroupRow>,
    pub(super) holders: Vec<Holder>,
    pub(super) facts: Option<FactRow>,
    /// What is told.
    pub(super) results: Rows,
    /// The same, once the draft is sealed.
    pub(super) results_sealed: (Vec<ResultRow>, Vec<results::Run>),
}

impl Draft {
    pub(super) fn new(first_seq: u64, first_delayed: u64, first_n: u64, at_ms: u64) -> Self {
        Draft {
            at_ms,
            first_seq,
            open: Builder::new(first_seq, at_ms),
            sealed: Vec::new(),
            bytes: 0,
            retries: Vec::new(),
            new_queues: Vec::new(),
            own: HashMap::new(),
            fresh: Numbered::default(),
            last_queue: None,
            first_delayed,
            delayed: Vec::new(),
            entered: Vec::new(),
            moved: Vec::new(),
            cancelled: Vec::new(),
            new_groups: Vec::new(),
            holders: Vec::new(),
            facts: None,
            results: Rows::new(first_n, at_ms),
            results_sealed: Default::default(),
        }
    }

    /// The seq that the next task gets.
    pub(super) fn next_seq(&self) -> u64 {
        self.open.next_seq()
    }

    /// Adds a task and returns its seq.
    pub(super) fn add(&mut self, queue: QueueNumber, task: &NewTask) -> u64 {
        let at_ms = self.at_ms;
        let labels = task.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let expires_at_ms = task.expires_ms.map_or(0, |ms| at_ms.saturating_add(ms));
        let (text, name) = (&task.task[..], task.queue.as_str());
        let written = Task {
            task: text,
            queue: name,
            submitted_at_ms: at_ms,
            labels,
            expires_at_ms,
            ..Task::default()
        };
        self.add_written(queue, written, task.id.clone())
    }

    /// Adds a task that wants but its seq and its id, and returns its seq.
    pub(super) fn add_written(&mut self, queue: QueueNumber, task: Task<'_>, id: Option<OwnId>) -> u64 {
        if self.open.is_full() {
            let next = Builder::new(self.open.next_seq(), self.at_ms);
            self.sealed.push(std::mem::replace(&mut self.open, next).seal());
        }
        let seq = self.open.next_seq();
        let expires_ms = task.expires_at_ms;
        self.bytes += self.open.add(queue, id.clone(), |out, seq| {
            let mut digits = Digits::default();
            let id = id.as_ref().map_or_else(|| digits.show(seq), |id| id.as_str());
            Task { id, seq, ..task }.write(out);
        });
        self.fresh.entry(queue).or_default().push(Fresh { seq, expires_ms });
        seq
    }

    pub(super) fn add_retry(&mut self, key: RetryKey, seq: u64) {
        let run = Run { key, seq, tasks: 1 };
        if !self.retries.last_mut().is_some_and(|last| last.extend(run)) {
            self.retries.push(run);
        }
    }

    pub(super) fn seal(mut self) -> Self {
        if !self.open.is_empty() {
            let next = Builder::new(self.open.next_seq(), self.at_ms);
            self.sealed.push(std::mem::replace(&mut self.open, next).seal());
        }
        self.results_sealed = std::mem::take(&mut self.results).seal();
        self
    }

    /// Whether there are tasks in it: new ones, or delayed ones that have come due.
    pub(super) fn has_tasks(&self) -> bool {
        !self.fresh.is_empty() || !self.delayed.is_empty()
    }

    /// Whether there is nothing to write. To be asked once it is sealed.
    pub(super) fn is_empty(&self) -> bool {
        self.sealed.is_empty()
            && self.new_queues.is_empty()
            && self.delayed.is_empty()
            && self.entered.is_empty()
            && self.cancelled.is_empty()
            && self.new_groups.is_empty()
            && self.facts.is_none()
            && self.results_sealed.0.is_empty()
    }

    /// What is to be written. `entered` are the numbers of the delayed tasks that wait no more.
    pub(super) fn commit<'a>(
        &'a self,
        aging_ms: u64,
        clock: Option<ServerClock>,
        entered: &'a [u64],
    ) -> Commit<'a> {
        Commit {
            clock,
            aging_ms,
            chunks: &self.sealed,
            retries: &self.retries,
            new_queues: &self.new_queues,
            new_groups: &self.new_groups,
            holders: &self.holders,
            facts: self.facts.as_ref(),
            cancelled: &self.cancelled,
            delayed: &self.delayed,
            entered,
            results: &self.results_sealed.0,
        }
    }

    /// What has become of delayed tasks, by their places.
    pub(super) fn moved_on(&self) -> Vec<(u64, Moved)> {
        let moved = self.moved.iter().map(|(_, from, to)| {
            // One that leads where it did leads nowhere any more.
            (*from, if from == to { Moved::Cancelled } else { Moved::Entered(*to) })
        });
        moved.collect()
    }
}

/// A number in digits, without an allocation.
#[derive(Default)]
struct Digits([u8; 20]);

impl Digits {
    fn show(&mut self, mut number: u64) -> &str {
        let mut start = self.0.len();
        loop {
            start -= 1;
            self.0[start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        std::str::from_utf8(&self.0[start..]).unwrap_or_default()
    }
}
