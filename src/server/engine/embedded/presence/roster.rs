//! The roster: processes with their streams, and clients by name. A value; the time is an argument.
//!
//! A process is there while any stream of it is open, and a client while any process of it is. A process without a
//! client's name is kept here all the same, and is in no list: it may say its name later, on any of its streams.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::{
    client::{Client, ClientRow},
    events::{Change, Event, Ring},
};
use crate::{
    name::{ClientName, GroupName, QueueName},
    server::engine::{
        LastStatus, STATUS_BYTES_KEPT,
        groups::Instance,
        presence::{SEEN_KEPT_MS, Who},
    },
};

/// How many clients are kept; beyond that the one that is not there and was seen first is forgotten.
const CLIENTS_KEPT: usize = 10_000;
/// Signs of life alone have a client written down as often as this, in milliseconds.
const MARK_MS: u64 = 60_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Roster {
    pub(super) clients: BTreeMap<ClientName, Client>,
    pub(super) processes: HashMap<Instance, Process>,
    /// Clients that are not there, the one that was seen first first.
    pub(super) away: BTreeSet<(u64, ClientName)>,
    /// Processes, streams and changes are numbered as they come.
    last_no: u64,
    /// Clients that have changed since they were written down, in that order.
    pub(super) dirty: BTreeMap<u64, ClientName>,
    /// Clients that are forgotten here and not yet in the store.
    pub(super) gone: BTreeSet<ClientName>,
    /// When all who are there were last put among those to be written down.
    pub(super) round_ms: u64,
    pub(super) events: Ring,
}

/// A process that is there.
#[derive(Debug)]
pub(super) struct Process {
    /// How many came before it.
    pub(super) no: u64,
    pub(super) client: Option<ClientName>,
    pub(super) address: Arc<str>,
    pub(super) connected_ms: u64,
    /// When it was last heard on its `sendStatus` stream, if it ever had one.
    pub(super) heard_ms: u64,
    /// When its client is next to be written down for its signs of life.
    mark_ms: u64,
    pub(super) streams: Vec<(u64, Stream)>,
    /// How many tasks it held when that was last asked.
    pub(super) held: u64,
}

/// A stream of a process.
#[derive(Debug, Clone)]
pub(in super::super) enum Stream {
    /// `sendStatus`.
    Status,
    /// `getTask`: the queues, and the group if it shares.
    Watch(Vec<QueueName>, Option<GroupName>),
}

impl Stream {
    pub(super) fn queues(&self) -> &[QueueName] {
        match self {
            Stream::Status => &[],
            Stream::Watch(queues, _) => queues,
        }
    }
}

impl Process {
    fn new(no: u64, now_ms: u64) -> Self {
        Process {
            no,
            client: None,
            address: "".into(),
            connected_ms: now_ms,
            heard_ms: 0,
            mark_ms: now_ms.saturating_add(MARK_MS),
            streams: Vec::new(),
            held: 0,
        }
    }

    /// Whether it has a `sendStatus` stream.
    pub(super) fn attends(&self) -> bool {
        self.streams.iter().any(|(_, stream)| matches!(stream, Stream::Status))
    }

    /// The queues that it watches; one may come more than once.
    pub(super) fn queues(&self) -> impl Iterator<Item = &QueueName> {
        self.streams.iter().flat_map(|(_, stream)| stream.queues())
    }
}

impl Roster {
    /// With what was written down.
    pub(super) fn load(rows: Vec<ClientRow>, now_ms: u64) -> Self {
        let mut roster = Roster { round_ms: now_ms, ..Roster::default() };
        for row in rows {
            roster.away.insert((row.seen_ms, row.client.clone()));
            roster.clients.insert(row.client.clone(), Client::load(row));
        }
        roster.forget_oldest();
        roster
    }

    /// A stream begins. Returns its number.
    pub(super) fn enter(&mut self, who: &Who, stream: Stream, now_ms: u64) -> u64 {
        let no = self.next_no();
        let process = self.processes.entry(who.instance).or_insert_with(|| Process::new(no, now_ms));
        if !who.address.is_empty() && *process.address != *who.address {
            // One that has come back from elsewhere before its old connection was found dead.
            process.address = who.address.as_str().into();
        }
        if matches!(stream, Stream::Status) {
            process.heard_ms = now_ms;
        }
        process.streams.push((no, stream));
        if let Some(client) = &who.client {
            self.name(who.instance, client, now_ms);
        }
        self.touch(who.instance, no, now_ms);
        no
    }

    /// A stream has ended.
    pub(super) fn leave(&mut self, instance: Instance, no: u64, now_ms: u64) {
        self.touch(instance, no, now_ms);
        let Some(process) = self.processes.get_mut(&instance) else { return };
        process.streams.retain(|(other, _)| *other != no);
        if process.streams.is_empty()
            && let Some(process) = self.processes.remove(&instance)
        {
            self.down(instance, &process, now_ms);
        }
    }

    /// A process says whose it is. Nothing is done if it is not there.
    pub(super) fn name(&mut self, instance: Instance, name: &ClientName, now_ms: u64) {
        let Some(mut process) = self.processes.remove(&instance) else { return };
        if process.client.as_ref() != Some(name) {
            self.down(instance, &process, now_ms);
            process.client = Some(name.clone());
            let client = self.client(name, now_ms);
            client.watches(process.queues(), now_ms);
            client.processes.insert(process.no, instance);
            self.tell(name, now_ms, || Change::Up(instance, process.address.clone(), None));
            self.mark(name);
            self.forget_oldest();
        }
        self.processes.insert(instance, process);
    }

    /// A process was heard. Called for each message or so.
    pub(super) fn heard(&mut self, instance: Instance, now_ms: u64) {
        let Some(process) = self.processes.get_mut(&instance) else { return };
        process.heard_ms = now_ms;
        if now_ms >= process.mark_ms {
            process.mark_ms = now_ms.saturating_add(MARK_MS);
            if let Some(client) = process.client.clone() {
                self.mark(&client);
            }
        }
    }

    /// A client has reported.
    pub(super) fn report(&mut self, name: &ClientName, status: &str, now_ms: u64) {
        let status: Arc<str> = status[..status.floor_char_boundary(STATUS_BYTES_KEPT)].into();
        let client = self.client(name, now_ms);
        client.status = Some((status.clone(), now_ms));
        if !client.is_up() {
            self.away.insert((now_ms, name.clone()));
            self.forget_oldest();
        }
        self.tell(name, now_ms, || Change::Status(status));
        self.mark(name);
    }

    /// The last status of a client.
    pub(super) fn last_status(&self, name: &ClientName, now_ms: u64) -> Option<LastStatus> {
        self.clients.get(name).filter(|client| is_kept(client, now_ms))?.last_status()
    }

    /// When a client was last seen, and whether it is there.
    pub(super) fn seen(&self, name: &ClientName, now_ms: u64) -> Option<(u64, bool)> {
        let client = self.clients.get(name).filter(|client| is_kept(client, now_ms))?;
        Some((self.seen_ms(client), client.is_up()))
    }

    /// Clients that watch a queue or have done so of late.
    pub(super) fn watchers(&self, queue: &QueueName, now_ms: u64) -> Vec<ClientName> {
        let watches =
            |client: &Client| self.processes_of(client).any(|(_, p)| p.queues().any(|q| q == queue));
        let watchers = self.clients.iter().filter(|(_, c)| c.has_watched(queue, now_ms) || watches(c));
        watchers.map(|(name, _)| name.clone()).collect()
    }

    /// When a client was last heard or seen.
    pub(super) fn seen_ms(&self, client: &Client) -> u64 {
        self.processes_of(client).map(|(_, process)| process.heard_ms).fold(client.seen_ms, u64::max)
    }

    /// The processes of a client that are there, the one that came first first.
    pub(super) fn processes_of<'a>(
        &'a self,
        client: &'a Client,
    ) -> impl Iterator<Item = (Instance, &'a Process)> {
        client.processes.values().filter_map(|id| Some((*id, self.processes.get(id)?)))
    }

    /// Puts a client among those to be written down.
    pub(super) fn mark(&mut self, name: &ClientName) {
        let no = self.next_no();
        if let Some(client) = self.clients.get_mut(name).filter(|client| client.dirty_no.is_none()) {
            client.dirty_no = Some(no);
            self.dirty.insert(no, name.clone());
        }
    }

    /// Forgets a client that is not there.
    pub(super) fn forget(&mut self, name: &ClientName) {
        let Some(client) = self.clients.remove(name) else { return };
        client.dirty_no.and_then(|no| self.dirty.remove(&no));
        if client.is_stored {
            self.gone.insert(name.clone());
        }
    }

    /// The client of this name, seen now. If it is not there, it is not among those who are away just now.
    fn client(&mut self, name: &ClientName, now_ms: u64) -> &mut Client {
        // Its row is still in the store if it is yet to be deleted.
        let is_stored = self.gone.remove(name);
        let client = self.clients.entry(name.clone()).or_default();
        client.is_stored |= is_stored;
        self.away.remove(&(client.seen_ms, name.clone()));
        client.seen_ms = now_ms;
        client
    }

    /// A stream of a process begins or ends: its client is seen, and watches what the stream watches.
    fn touch(&mut self, instance: Instance, no: u64, now_ms: u64) {
        let Some(process) = self.processes.get(&instance) else { return };
        let Some(name) = process.client.clone() else { return };
        let Some((_, stream)) = process.streams.iter().find(|(other, _)| *other == no) else { return };
        if let Some(client) = self.clients.get_mut(&name) {
            client.seen_ms = now_ms;
            client.watches(stream.queues(), now_ms);
        }
        self.mark(&name);
    }

    /// A process is not its client's any more, or not there.
    fn down(&mut self, instance: Instance, process: &Process, now_ms: u64) {
        let Some(name) = &process.client else { return };
        let Some(client) = self.clients.get_mut(name) else { return };
        client.processes.remove(&process.no);
        client.seen_ms = now_ms;
        if !client.is_up() {
            self.away.insert((now_ms, name.clone()));
        }
        self.tell(name, now_ms, || Change::Down(instance, process.address.clone()));
        self.mark(name);
        self.forget_oldest();
    }

    fn tell(&mut self, client: &ClientName, at_ms: u64, change: impl FnOnce() -> Change) {
        self.events.push(|| Event { client: client.clone(), at_ms, change: change() });
    }

    fn next_no(&mut self) -> u64 {
        self.last_no += 1;
        self.last_no
    }

    fn forget_oldest(&mut self) {
        while self.clients.len() > CLIENTS_KEPT
            && let Some((_, name)) = self.away.pop_first()
        {
            self.forget(&name);
        }
    }
}

/// Whether a client is there, or has been of late.
pub(super) fn is_kept(client: &Client, now_ms: u64) -> bool {
    client.is_up() || is_recent(client.seen_ms, now_ms)
}

/// Whether a client that was seen then is still known.
pub(super) fn is_recent(seen_ms: u64, now_ms: u64) -> bool {
    now_ms.saturating_sub(seen_ms) <= SEEN_KEPT_MS
}
