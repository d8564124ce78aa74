//! Who comes, goes and reports, as it happens. Watchers are cursors into one ring of the latest events, and one
//! bell: there are no channels, a watcher that does not read costs its cursor, and when the ring has passed it by
//! it is told so and may begin anew.

use std::{collections::VecDeque, pin::pin, sync::Arc};

use futures_util::{StreamExt, stream};

use super::{Presence, roster::Roster};
use crate::{
    name::ClientName,
    server::engine::{
        Error,
        embedded::Shared,
        groups::Instance,
        presence::{ClientChange, ClientEvent, ClientEvents},
    },
};

/// Events that are kept for those who have not read them,
const EVENTS_KEPT: usize = 10_000;
/// but no more once they have so many bytes of statuses.
const EVENT_BYTES_KEPT: usize = 8 << 20;
/// Events that a watcher takes at a time.
const EVENTS_TAKEN: usize = 256;

/// An event, whose texts are those of the roster.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) client: ClientName,
    pub(super) at_ms: u64,
    pub(super) change: Change,
}

/// See [`ClientChange`].
#[derive(Debug, Clone)]
pub(super) enum Change {
    Up(Instance, Arc<str>, Option<Arc<str>>),
    Down(Instance, Arc<str>),
    Status(Arc<str>),
}

impl From<Event> for ClientEvent {
    fn from(Event { client, at_ms, change }: Event) -> Self {
        let change = match change {
            Change::Up(instance, address, status) => ClientChange::Up {
                instance,
                address: address.to_string(),
                status: status.map(|status| status.to_string()),
            },
            Change::Down(instance, address) => ClientChange::Down { instance, address: address.to_string() },
            Change::Status(status) => ClientChange::Status(status.to_string()),
        };
        ClientEvent { client, at_ms, change }
    }
}

/// The latest events. None are kept while nobody watches.
#[derive(Debug, Default)]
pub(super) struct Ring {
    events: VecDeque<Event>,
    next_no: u64,
    bytes: usize,
    watchers: usize,
}

impl Ring {
    /// The number that the next event gets.
    pub(super) fn next_no(&self) -> u64 {
        self.next_no
    }

    /// Somebody begins to watch,
    pub(super) fn begin(&mut self) {
        self.watchers += 1;
    }

    /// and somebody watches no more.
    pub(super) fn end(&mut self) {
        self.watchers -= 1;
        if self.watchers == 0 {
            self.events = VecDeque::new();
            self.bytes = 0;
        }
    }

    /// Adds an event, if anybody watches.
    pub(super) fn push(&mut self, event: impl FnOnce() -> Event) {
        if self.watchers == 0 {
            return;
        }
        let event = event();
        self.bytes += bytes_of(&event);
        self.events.push_back(event);
        self.next_no += 1;
        while self.events.len() > EVENTS_KEPT || self.bytes > EVENT_BYTES_KEPT {
            let Some(event) = self.events.pop_front() else { break };
            self.bytes -= bytes_of(&event);
        }
    }

    /// Some events from a number on, and the number to go on at. `None`: they are not kept any more.
    pub(super) fn read(&self, from_no: u64, client: Option<&ClientName>) -> Option<(Vec<Event>, u64)> {
        let first_no = self.next_no - self.events.len() as u64;
        let place = from_no.checked_sub(first_no)? as usize;
        let wanted = |event: &&Event| client.is_none_or(|client| event.client == *client);
        let some = self.events.range(place..(place + EVENTS_TAKEN).min(self.events.len()));
        let next_no = from_no + some.len() as u64;
        Some((some.filter(wanted).cloned().collect(), next_no))
    }
}

fn bytes_of(event: &Event) -> usize {
    match &event.change {
        Change::Status(status) => status.len(),
        Change::Up(..) | Change::Down(..) => 0,
    }
}

impl Roster {
    /// Who is there, as events.
    fn present(&self, only: Option<&ClientName>) -> Vec<Event> {
        let wanted = self.clients.iter().filter(|(name, _)| only.is_none_or(|only| *name == only));
        let events = wanted.flat_map(|(name, client)| {
            let mut status = client.status.as_ref().map(|(status, _)| status.clone());
            self.processes_of(client).map(move |(instance, process)| Event {
                client: name.clone(),
                at_ms: process.connected_ms,
                change: Change::Up(instance, process.address.clone(), status.take()),
            })
        });
        events.collect()
    }
}

/// Who is there, and then every event, in order and without a gap.
pub(in super::super) fn watch(shared: &Arc<Shared>, client: Option<ClientName>) -> ClientEvents {
    let presence = shared.presence.clone();
    let (present, next_no) = {
        let mut roster = presence.roster();
        roster.events.begin();
        (roster.present(client.as_ref()), roster.events.next_no)
    };
    let seat = Seat(presence);
    let watcher = Watcher { shared: shared.clone(), client, next_no, ready: present.into_iter(), seat };
    let events = stream::unfold(Some(watcher), |watcher| async {
        let mut watcher = watcher?;
        match watcher.next().await {
            Ok(event) => Some((Ok(event), Some(watcher))),
            Err(why) => Some((Err(why), None)),
        }
    });
    events.boxed()
}

struct Watcher {
    shared: Arc<Shared>,
    client: Option<ClientName>,
    next_no: u64,
    /// Taken and not yet handed on.
    ready: std::vec::IntoIter<Event>,
    seat: Seat,
}

impl Watcher {
    async fn next(&mut self) -> Result<ClientEvent, Error> {
        loop {
            if let Some(event) = self.ready.next() {
                return Ok(event.into());
            }
            let Seat(presence) = &self.seat;
            // Listening starts before looking: what comes in between rings.
            let mut ring = pin!(presence.bell.notified());
            ring.as_mut().enable();
            let read = presence.roster().events.read(self.next_no, self.client.as_ref());
            let (events, next_no) = read.ok_or(Error::SlowReader)?;
            if next_no == self.next_no {
                self.shared.check()?;
                ring.await;
            }
            self.next_no = next_no;
            self.ready = events.into_iter();
        }
    }
}

/// A place among those who watch.
struct Seat(Arc<Presence>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.roster().events.end();
    }
}
