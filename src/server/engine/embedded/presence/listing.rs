//! The list of clients, a page at a time. Who is there is known here; what they hold the writer says.

use std::{ops::Bound, time::Duration};

use super::{
    client::Client,
    roster::{Process, Roster, Stream, is_kept},
};
use crate::{
    name::{ClientName, GroupName, QueueName},
    server::engine::{
        Error, Reach,
        embedded::{Embedded, lists::PAGE_BYTES},
        groups::{Instance, Page},
        presence::{ClientFilter, ClientView, InstanceView},
    },
};

/// Watches that are listed of one process.
const WATCHES_LISTED: usize = 1000;
/// So long it is waited for what clients hold: while a disk stalls the writer does, and who is there is known all the
/// same.
const HELD_WITHIN: Duration = Duration::from_secs(1);

/// What clients and processes hold.
pub(super) type Held = (Vec<(ClientName, u64)>, Vec<(Instance, u64)>);

impl Embedded {
    /// Clients by name, and what they hold, or held when that could last be said.
    pub(in super::super) async fn list_clients(
        &self,
        filter: ClientFilter,
    ) -> Result<Page<ClientView>, Error> {
        let mut page = self.shared.presence.list(&filter, &self.reach);
        let clients: Vec<ClientName> = page.items.iter().map(|view| view.client.clone()).collect();
        let processes = page.items.iter().flat_map(|view| &view.instances).map(|process| process.instance);
        let processes: Vec<Instance> = processes.collect();
        let held = self.look(move |writer| {
            let of = clients.into_iter().map(|client| (writer.held_of(&client), client));
            let of = of.map(|(held, client)| (client, held)).collect();
            let by = processes.into_iter().map(|process| (process, writer.held_by(process))).collect();
            Ok(Ok((of, by)))
        });
        let Ok(held) = tokio::time::timeout(HELD_WITHIN, held).await else { return Ok(page) };
        let held: Held = held?;
        let mut by = held.1.iter();
        for (view, (_, held)) in page.items.iter_mut().zip(&held.0) {
            view.in_flight = *held;
            for (process, (_, held)) in view.instances.iter_mut().zip(by.by_ref()) {
                process.in_flight = *held;
            }
        }
        self.shared.presence.keep_held(&held);
        Ok(page)
    }
}

impl Roster {
    /// What clients and processes hold just now.
    pub(super) fn keep_held(&mut self, (of, by): &Held) {
        for (name, held) in of {
            self.clients.get_mut(name).into_iter().for_each(|client| client.held = *held);
        }
        for (instance, held) in by {
            self.processes.get_mut(instance).into_iter().for_each(|process| process.held = *held);
        }
    }

    /// A page of clients. It ends early once it has about a mebibyte.
    pub(super) fn list(&self, filter: &ClientFilter, reach: &Reach, now_ms: u64) -> Page<ClientView> {
        let after = filter.after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut kept =
            self.clients.range::<ClientName, _>((after, Bound::Unbounded)).filter(|(name, client)| {
                filter.client.as_ref().is_none_or(|only| only == *name) && is_kept(client, now_ms)
            });
        let mut page = Page { items: Vec::new(), more: false };
        let mut bytes = 0;
        for (name, client) in kept.by_ref() {
            if page.items.len() >= filter.limit || bytes >= PAGE_BYTES {
                page.more = true;
                break;
            }
            let view = self.view(name, client, reach, now_ms);
            bytes += bytes_of(&view);
            page.items.push(view);
        }
        page
    }

    fn view(&self, name: &ClientName, client: &Client, reach: &Reach, now_ms: u64) -> ClientView {
        let processes = self.processes_of(client);
        let mut bytes = 0;
        let instances = processes.map_while(|(instance, process)| {
            // One client may have as many processes as there are streams.
            let view = (bytes < PAGE_BYTES).then(|| process.view(instance, reach, now_ms))?;
            bytes += instance_bytes(&view);
            Some(view)
        });
        ClientView {
            client: name.clone(),
            last_seen_ms: self.seen_ms(client),
            status: client.last_status(),
            in_flight: client.held,
            instances: instances.collect(),
        }
    }
}

impl Process {
    fn view(&self, instance: Instance, reach: &Reach, now_ms: u64) -> InstanceView {
        InstanceView {
            instance,
            address: self.address.to_string(),
            connected_ms: self.connected_ms,
            heard_ms: self.attends().then_some(self.heard_ms),
            watches: self.watches(reach),
            in_flight: self.held,
            health: self.health(now_ms),
        }
    }

    /// What it watches within a reach, each once.
    fn watches(&self, reach: &Reach) -> Vec<(QueueName, Option<GroupName>)> {
        let mut known = std::collections::HashSet::new();
        let watches = self.streams.iter().flat_map(|(_, stream)| match stream {
            Stream::Status => [].iter().map(|queue| (queue, None)).collect::<Vec<_>>(),
            Stream::Watch(queues, group) => queues.iter().map(|queue| (queue, group.as_ref())).collect(),
        });
        let once =
            watches.filter(|watch| known.insert(*watch) && reach.has_queue(watch.0)).take(WATCHES_LISTED);
        once.map(|(queue, group)| (queue.clone(), group.cloned())).collect()
    }
}

/// About how many bytes a client takes in an answer.
fn bytes_of(view: &ClientView) -> usize {
    128 + view.status.as_ref().map_or(0, |last| last.status.len())
        + view.instances.iter().map(instance_bytes).sum::<usize>()
}

fn instance_bytes(view: &InstanceView) -> usize {
    128 + 64 * view.watches.len()
}
