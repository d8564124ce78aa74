//! Who is there, and who has been: every stream of a process is entered here and struck off when it is dropped.
//! It is in memory, behind one lock that is held for a moment; what is to outlive the server (when each client was
//! last seen, its last status, which queues it watched) the writer takes from here a little at a time.
//!
//! ```text
//!   sendStatus ─► attend ─┐            ┌─► clients         pages, with what the writer knows of leases
//!   getTask ─► watch, share ─► roster ─┼─► client events   cursors into a ring, one bell
//!   statuses ─► report ───┘            ├─► roll-call       who watches a queue, or has
//!                                      └─► writer          rows that have changed
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::WallClock;
use crate::{
    name::{ClientName, QueueName},
    server::engine::{
        LastStatus, Reach,
        groups::{Instance, Page},
        presence::{ClientFilter, ClientView, Who},
    },
};

mod client;
mod events;
mod health;
mod listing;
mod roster;
mod saving;
#[cfg(test)]
mod tests;

pub(super) use client::ClientRow;
pub(super) use events::watch;
pub(super) use roster::Stream;
pub(super) use saving::Changed;

use listing::Held;
use roster::Roster;

/// See the module.
pub(super) struct Presence {
    clock: WallClock,
    roster: Mutex<Roster>,
    /// Rung when there is a new event, and when the engine has ended.
    bell: Notify,
}

impl Presence {
    /// With what was written down of clients.
    pub(super) fn new(clock: WallClock, rows: Vec<ClientRow>) -> Self {
        let roster = Mutex::new(Roster::load(rows, clock()));
        Presence { clock, roster, bell: Notify::new() }
    }

    /// A stream of a process begins. It ends when what is returned is dropped.
    pub(super) fn enter(self: &Arc<Self>, who: &Who, stream: Stream) -> Here {
        let now_ms = (self.clock)();
        let no = self.change(|roster| roster.enter(who, stream, now_ms));
        Here { presence: self.clone(), instance: who.instance, no }
    }

    /// A process that is there says whose it is.
    pub(super) fn name(&self, instance: Instance, client: &ClientName) {
        let now_ms = (self.clock)();
        self.change(|roster| roster.name(instance, client, now_ms));
    }

    /// A process was heard on its `sendStatus` stream.
    pub(super) fn heard(&self, instance: Instance) {
        let now_ms = (self.clock)();
        self.roster().heard(instance, now_ms);
    }

    /// A client has reported.
    pub(super) fn report(&self, client: &ClientName, status: &str) {
        let now_ms = (self.clock)();
        self.change(|roster| roster.report(client, status, now_ms));
    }

    /// The last status of a client.
    pub(super) fn last_status(&self, client: &ClientName) -> Option<LastStatus> {
        self.roster().last_status(client, (self.clock)())
    }

    /// Clients by name; what they hold is as it was last said.
    pub(super) fn list(&self, filter: &ClientFilter, reach: &Reach) -> Page<ClientView> {
        self.roster().list(filter, reach, (self.clock)())
    }

    /// What clients and processes hold just now.
    pub(super) fn keep_held(&self, held: &Held) {
        self.roster().keep_held(held);
    }

    /// When a client was last seen, and whether it is there. `None`: nothing is known of it.
    pub(super) fn seen(&self, client: &ClientName) -> Option<(u64, bool)> {
        self.roster().seen(client, (self.clock)())
    }

    /// Clients that watch a queue or have done so in the last [`WATCHED_MS`].
    ///
    /// [`WATCHED_MS`]: crate::server::engine::presence::WATCHED_MS
    pub(super) fn watchers(&self, queue: &QueueName) -> Vec<ClientName> {
        self.roster().watchers(queue, (self.clock)())
    }

    /// What has changed of clients and is to be written down, a little of it. The writer says with [`wrote`] or
    /// [`put_back`] what has become of it.
    ///
    /// [`wrote`]: Presence::wrote
    /// [`put_back`]: Presence::put_back
    pub(super) fn take_changed(&self) -> Changed {
        self.roster().take_changed((self.clock)())
    }

    /// It is written down.
    pub(super) fn wrote(&self, changed: &Changed) {
        self.roster().wrote(changed);
    }

    /// It could not be written down: it is to be tried again.
    pub(super) fn put_back(&self, changed: Changed) {
        self.roster().put_back(changed);
    }

    /// The server ends, and every stream with it: all who are there are to be written down as seen now.
    pub(super) fn all_leave(&self) {
        self.roster().all_leave((self.clock)());
    }

    /// The engine has ended: whoever waits for an event is to look why.
    pub(super) fn ring(&self) {
        self.bell.notify_waiters();
    }

    /// Changes something that watchers of events may have to be told.
    fn change<T>(&self, change: impl FnOnce(&mut Roster) -> T) -> T {
        let mut roster = self.roster();
        let before = roster.events.next_no();
        let changed = change(&mut roster);
        let is_news = roster.events.next_no() != before;
        drop(roster);
        if is_news {
            self.ring();
        }
        changed
    }

    fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream of a process, as long as this lives.
pub(super) struct Here {
    presence: Arc<Presence>,
    instance: Instance,
    no: u64,
}

impl Drop for Here {
    fn drop(&mut self) {
        let now_ms = (self.presence.clock)();
        self.presence.change(|roster| roster.leave(self.instance, self.no, now_ms));
    }
}
