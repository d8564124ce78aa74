//! Where a watch is in its queues. Outlives its connections.

use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{
    Context, Failure,
    headers::Headers,
    start::{OnGap, Start},
};
use crate::{
    name::{DEFAULT_QUEUE, QueueName},
    pb,
    wire::{START_HEADER, UNTIL_HEADER},
};

/// Where a watch is.
pub(super) struct Place {
    /// In each of its queues, in the order wanted.
    pub(super) queues: Vec<QueuePlace>,
    /// Known from the first answer on.
    pub(super) store: Option<String>,
    /// How many tasks are still wanted.
    pub(super) left: Option<u64>,
    /// The end is not known yet: it is where the queues end when the watch begins.
    pub(super) until_empty: bool,
    /// It ends where the queues end.
    pub(super) ends_empty: bool,
    /// What to do where it cannot go on.
    pub(super) on_gap: OnGap,
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

/// The queues that are named, and with `to_me` this client's inbox: at least one, and none twice.
pub(super) fn queues(named: &[QueueName], to_me: bool, context: &Context) -> Result<Vec<QueueName>, Failure> {
    let mut names = named.to_vec();
    if to_me {
        names.push(QueueName::inbox(&context.client()?));
    }
    if names.is_empty() {
        names.push(QueueName::parse(DEFAULT_QUEUE).map_err(|e| Failure::usage(e.to_string()))?);
    }
    if let Some(twice) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
        return Err(Failure::usage(format!("queue {:?} is named twice", twice.1.as_str())));
    }
    Ok(names)
}

impl Place {
    /// Begins in these queues.
    pub(super) fn new(queues: Vec<QueueName>, from: Option<&Start>) -> Result<Self, Failure> {
        let start = from.and_then(Start::on_the_wire);
        if queues.len() > 1 && matches!(start, Some(pb::position::Start::FromSeq(_))) {
            return Err(Failure::usage(
                "a SEQ is a place in one queue: --from SEQ and --after go with one -q",
            ));
        }
        Ok(Place {
            queues: queues.into_iter().map(|queue| QueuePlace { queue, start, until_seq: None }).collect(),
            store: None,
            left: None,
            until_empty: false,
            ends_empty: false,
            on_gap: OnGap::Fail,
        })
    }

    /// It ends after so many tasks.
    pub(super) fn ending_after(self, max: Option<u64>) -> Self {
        Place { left: max, ..self }
    }

    /// It ends where the queues end when it begins.
    pub(super) fn ending_empty(self, ends_empty: bool) -> Self {
        Place { until_empty: ends_empty, ends_empty, ..self }
    }

    /// What to do where it cannot go on.
    pub(super) fn on_gap(self, on_gap: OnGap) -> Self {
        Place { on_gap, ..self }
    }

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
    pub(super) fn refused(&mut self, context: &Context, status: &Status) -> Result<(), Failure> {
        let failure = context.target().failure(status);
        let info = status.get_details_error_info();
        let fact = |name: &str| info.as_ref().and_then(|info| info.metadata.get(name));
        let skip = self.on_gap == OnGap::Skip;
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
                Err(match self.on_gap {
                    OnGap::Follow => failure.hint("--from start begins at the first position kept"),
                    _ => failure
                        .hint("--on-gap skip goes on at the first position kept; --from start begins there"),
                })
            }
            "other_store" if self.on_gap != OnGap::Fail => {
                let message = format!("{}; going on at its first task", failure.message);
                context.errors.notice("skipped", &message);
                self.store = None;
                for queue in &mut self.queues {
                    queue.start = None;
                    queue.until_seq = None;
                }
                self.until_empty = self.ends_empty;
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
