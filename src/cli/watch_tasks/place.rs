//! Where a watch is in its queues. Outlives its connections.

use tonic::{Code, Status, metadata::MetadataMap};
use tonic_types::StatusExt;

use super::{OnGap, WatchTasks};
use crate::{
    cli::{Context, Failure},
    name::{DEFAULT_QUEUE, QueueName},
    pb,
    wire::{START_HEADER, STORE_HEADER, UNTIL_HEADER},
};

/// Where a watch is.
pub(super) struct Place {
    /// Who watches, as it is to be seen by others; empty if this host's name makes none.
    pub(super) client: String,
    /// This process.
    pub(super) instance: [u8; 16],
    /// In each of its queues, in the order wanted.
    pub(super) queues: Vec<QueuePlace>,
    /// Known from the first answer on.
    pub(super) store: Option<String>,
    /// How many tasks are still wanted.
    pub(super) left: Option<u64>,
    /// The end is not known yet: it is where the queues end when the watch begins.
    pub(super) until_empty: bool,
}

/// Where it is in a queue.
pub(super) struct QueuePlace {
    pub(super) queue: QueueName,
    pub(super) start: Option<pb::position::Start>,
    pub(super) until_seq: Option<u64>,
}

impl QueuePlace {
    fn is_done(&self) -> bool {
        match (&self.start, self.until_seq) {
            (Some(pb::position::Start::FromSeq(next)), Some(until)) => *next > until,
            _ => false,
        }
    }
}

impl Place {
    /// Whether all that was asked for has come.
    pub(super) fn is_done(&self) -> bool {
        self.queues.iter().all(QueuePlace::is_done)
    }

    /// What to ask for now.
    pub(super) fn request(&self) -> pb::Watch {
        let is_default = |queue: &QueuePlace| queue.queue.as_str() == DEFAULT_QUEUE && queue.start.is_none();
        let queues = match &self.queues[..] {
            // As in the tutorial's empty message: any server knows it, and skips who watches.
            [queue] if is_default(queue) => Vec::new(),
            queues => queues
                .iter()
                .filter(|queue| !queue.is_done())
                .map(|queue| pb::Position {
                    queue: queue.queue.to_string(),
                    start: queue.start,
                    until_seq: queue.until_seq,
                })
                .collect(),
        };
        pb::Watch {
            queues,
            store: self.store.clone().unwrap_or_default(),
            max: self.left.unwrap_or_default(),
            until_empty: self.until_empty,
            client: self.client.clone(),
            instance: self.instance.to_vec(),
            ..pb::Watch::default()
        }
    }

    /// Takes from a response's headers what a resumption needs.
    pub(super) fn begun(&mut self, headers: &Headers) {
        self.store = headers.store();
        let asked = self.queues.iter_mut().filter(|queue| !queue.is_done());
        for (queue, start) in asked.zip(headers.numbers(START_HEADER).unwrap_or_default()) {
            queue.start = Some(pb::position::Start::FromSeq(start));
        }
        if self.until_empty
            && let Some(until) = headers.numbers(UNTIL_HEADER)
        {
            // Pinned when the watch begins; a resumption goes on to the same end.
            self.until_empty = false;
            for (queue, until) in self.queues.iter_mut().zip(until) {
                queue.until_seq = Some(until);
            }
        }
    }

    /// Moves over a task. False if it has been printed before.
    pub(super) fn passed(&mut self, task: &pb::ServerMsg) -> bool {
        if task.seq == 0 {
            return true;
        }
        let Some(queue) = self.queues.iter_mut().find(|place| place.queue.as_str() == task.queue) else {
            return true;
        };
        match &mut queue.start {
            Some(pb::position::Start::FromSeq(next)) if task.seq < *next => false,
            start => {
                *start = Some(pb::position::Start::FromSeq(task.seq + 1));
                true
            }
        }
    }

    /// The server has refused to go on from here. `Ok`: what is gone is skipped, as asked; ask again.
    pub(super) fn refused(
        &mut self,
        flags: &WatchTasks,
        context: &Context,
        status: &Status,
    ) -> Result<(), Failure> {
        let failure = context.target().failure(status);
        let info = status.get_details_error_info();
        let fact = |name: &str| info.as_ref().and_then(|info| info.metadata.get(name));
        let skip = flags.on_gap == OnGap::Skip;
        match &failure.reason[..] {
            "trimmed" => {
                let first = fact("first_seq").and_then(|seq| seq.parse::<u64>().ok());
                let queue = fact("queue");
                let queue =
                    self.queues.iter_mut().find(|place| Some(place.queue.as_str()) == queue.map(|q| &q[..]));
                if let (true, Some(first), Some(queue)) = (skip, first, queue) {
                    let message = format!("{}; going on there", failure.message);
                    context.errors.notice("skipped", &message);
                    queue.start = Some(pb::position::Start::FromSeq(first));
                    return Ok(());
                }
                Err(failure
                    .hint("--on-gap skip goes on at the first position kept; --from start begins there"))
            }
            "other_store" if skip => {
                let message = format!("{}; going on at its first task", failure.message);
                context.errors.notice("skipped", &message);
                self.store = None;
                for queue in &mut self.queues {
                    queue.start = None;
                    queue.until_seq = None;
                }
                self.until_empty = flags.until_empty;
                Ok(())
            }
            "other_store" => Err(failure
                .hint("the server has another store than before: --on-gap skip goes on at its first task")),
            "future" => Err(failure.hint("--from new waits for the next task")),
            _ if status.code() == Code::Unimplemented => {
                Err(failure.hint(format!("is the server at {} a contact server?", context.target().address)))
            }
            _ => Err(failure),
        }
    }
}

/// The headers of a response.
pub(super) struct Headers<'a>(pub(super) &'a MetadataMap);

impl Headers<'_> {
    fn word(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|value| value.to_str().ok())
    }

    /// Numbers that are separated by blanks.
    pub(super) fn numbers(&self, name: &str) -> Option<Vec<u64>> {
        self.word(name)?.split_ascii_whitespace().map(|n| n.parse().ok()).collect()
    }

    /// The store's id.
    pub(super) fn store(&self) -> Option<String> {
        self.word(STORE_HEADER).map(str::to_owned)
    }
}
