//! What the writer takes to the store: clients that have changed, a little at a time. A crash loses the last
//! seconds of it; of a client that was there and silent all the while, up to an hour of when it was last seen.

use super::{
    client::{Client, ClientRow},
    roster::{Roster, is_recent},
};
use crate::name::ClientName;

/// Rows that are written, and rows that are deleted, in one step.
const ROWS_MAX: usize = 500;
/// All who are there are written down as often as this, in milliseconds: a broadcast watch gives no sign of life.
const ROUND_MS: u64 = 60 * 60 * 1000;

/// What is to be written down of clients.
#[derive(Debug, Default)]
pub(in super::super) struct Changed {
    /// As they are now.
    pub(in super::super) rows: Vec<ClientRow>,
    /// These are forgotten.
    pub(in super::super) gone: Vec<ClientName>,
}

impl Changed {
    /// Whether there is nothing to do.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.gone.is_empty()
    }

    /// Whether there may be more to do at once.
    pub(in super::super) fn is_full(&self) -> bool {
        self.rows.len() == ROWS_MAX || self.gone.len() == ROWS_MAX
    }
}

impl Roster {
    /// Some of what has changed; from now on it counts as written.
    pub(super) fn take_changed(&mut self, now_ms: u64) -> Changed {
        self.expire(now_ms);
        if now_ms.saturating_sub(self.round_ms) >= ROUND_MS {
            self.round_ms = now_ms;
            self.mark_all_up();
        }
        let mut rows = Vec::new();
        while rows.len() < ROWS_MAX
            && let Some((_, name)) = self.dirty.pop_first()
        {
            let Some(mut client) = self.clients.remove(&name) else { continue };
            client.dirty_no = None;
            let seen_ms = self.present_ms(&client, now_ms);
            let watched: Vec<_> = self.processes_of(&client).flat_map(|(_, p)| p.queues()).cloned().collect();
            client.watches(&watched, now_ms);
            rows.push(client.row(&name, seen_ms));
            self.clients.insert(name, client);
        }
        let gone = (0..ROWS_MAX).map_while(|_| self.gone.pop_first()).collect();
        Changed { rows, gone }
    }

    /// It is written down.
    pub(super) fn wrote(&mut self, changed: &Changed) {
        for row in &changed.rows {
            match self.clients.get_mut(&row.client) {
                Some(client) => client.is_stored = true,
                // Forgotten in between.
                None => drop(self.gone.insert(row.client.clone())),
            }
        }
    }

    /// It could not be written down.
    pub(super) fn put_back(&mut self, changed: Changed) {
        for row in changed.rows {
            self.mark(&row.client);
        }
        for name in changed.gone {
            match self.clients.get_mut(&name) {
                // It has come back in between.
                Some(client) => client.is_stored = true,
                None => drop(self.gone.insert(name)),
            }
        }
    }

    /// All streams end with the server.
    pub(super) fn all_leave(&mut self, now_ms: u64) {
        self.mark_all_up();
        for client in self.clients.values_mut().filter(|client| client.is_up()) {
            client.seen_ms = now_ms;
        }
    }

    fn mark_all_up(&mut self) {
        let up = self.clients.iter().filter(|(_, client)| client.is_up());
        for name in up.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            self.mark(&name);
        }
    }

    /// Forgets those who have not been seen for long.
    fn expire(&mut self, now_ms: u64) {
        while self.away.first().is_some_and(|(seen_ms, _)| !is_recent(*seen_ms, now_ms))
            && let Some((_, name)) = self.away.pop_first()
        {
            self.forget(&name);
        }
    }

    /// When a client was last known to be there: one that has a watch and nothing to say is there now, or its
    /// connection would have been found dead.
    fn present_ms(&self, client: &Client, now_ms: u64) -> u64 {
        let is_quiet = self.processes_of(client).any(|(_, process)| !process.attends());
        if is_quiet { now_ms } else { self.seen_ms(client) }
    }
}
