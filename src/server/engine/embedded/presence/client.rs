//! One client: what is known of it while it is there, and what is kept of it when it is not.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    name::{ClientName, QueueName},
    server::engine::{LastStatus, groups::Instance, presence::WATCHED_MS},
};

/// Queues of which it is kept that a client has watched them; beyond that the oldest is forgotten.
const WATCHED_KEPT: usize = 256;

/// A client, whether it is there or not.
#[derive(Debug, Default)]
pub(super) struct Client {
    /// When a stream of it was opened, its last stream ended or it reported. What it was heard since its processes
    /// know.
    pub(super) seen_ms: u64,
    pub(super) status: Option<(Arc<str>, u64)>,
    /// When it last began or ceased to watch a queue.
    watched: BTreeMap<QueueName, u64>,
    /// Its processes that are there, by the number of their coming.
    pub(super) processes: BTreeMap<u64, Instance>,
    /// How many tasks it held when that was last asked.
    pub(super) held: u64,
    /// Its place among those to be written down.
    pub(super) dirty_no: Option<u64>,
    /// There may be a row of it in the store.
    pub(super) is_stored: bool,
}

/// What is kept of a client when the server ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct ClientRow {
    pub(in super::super) client: ClientName,
    pub(in super::super) seen_ms: u64,
    pub(in super::super) status: Option<LastStatus>,
    /// The queues it has watched, and when last.
    pub(in super::super) watched: Vec<(QueueName, u64)>,
}

impl Client {
    /// As it was written down.
    pub(super) fn load(row: ClientRow) -> Self {
        Client {
            seen_ms: row.seen_ms,
            status: row.status.map(|last| (last.status.into(), last.at_ms)),
            watched: row.watched.into_iter().collect(),
            is_stored: true,
            ..Client::default()
        }
    }

    /// As it is to be written down.
    pub(super) fn row(&self, client: &ClientName, seen_ms: u64) -> ClientRow {
        ClientRow {
            client: client.clone(),
            seen_ms,
            status: self.last_status(),
            watched: self.watched.iter().map(|(queue, at_ms)| (queue.clone(), *at_ms)).collect(),
        }
    }

    pub(super) fn is_up(&self) -> bool {
        !self.processes.is_empty()
    }

    pub(super) fn last_status(&self) -> Option<LastStatus> {
        self.status.as_ref().map(|(status, at_ms)| LastStatus { status: status.to_string(), at_ms: *at_ms })
    }

    /// It watches these queues now.
    pub(super) fn watches<'a>(&mut self, queues: impl IntoIterator<Item = &'a QueueName>, now_ms: u64) {
        let known = self.watched.len();
        self.watched.extend(queues.into_iter().take(WATCHED_KEPT).map(|queue| (queue.clone(), now_ms)));
        if self.watched.len() > known {
            self.watched.retain(|_, at_ms| is_recent(*at_ms, now_ms));
        }
        if self.watched.len() > WATCHED_KEPT {
            let mut times: Vec<u64> = self.watched.values().copied().collect();
            times.sort_unstable_by(|a, b| b.cmp(a));
            let (oldest_ms, mut spare) = (times[WATCHED_KEPT - 1], 0);
            // Many may be of the same moment.
            self.watched.retain(|_, at_ms| {
                spare += usize::from(*at_ms >= oldest_ms);
                *at_ms >= oldest_ms && spare <= WATCHED_KEPT
            });
        }
    }

    /// Whether it has watched a queue of late.
    pub(super) fn has_watched(&self, queue: &QueueName, now_ms: u64) -> bool {
        self.watched.get(queue).is_some_and(|at_ms| is_recent(*at_ms, now_ms))
    }
}

fn is_recent(at_ms: u64, now_ms: u64) -> bool {
    now_ms.saturating_sub(at_ms) <= WATCHED_MS
}
