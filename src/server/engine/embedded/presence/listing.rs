//! The list of clients, a page at a time. Who is there is known here; what they hold the writer says.

use std::ops::Bound;

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

impl Embedded {
    /// Clients by name, and what they hold.
    pub(in super::super) async fn list_clients(
        &self,
        filter: ClientFilter,
    ) -> Result<Page<ClientView>, Error> {
        let mut page = self.shared.presence.list(&filter, &self.reach);
        self.look(move |writer| {
            for client in &mut page.items {
                client.in_flight = writer.held_of(&client.client);
                for instance in &mut client.instances {
                    instance.in_flight = writer.held_by(instance.instance);
                }
            }
            Ok(Ok(page))
        })
        .await
    }
}

impl Roster {
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
        let instances = processes.map(|(instance, process)| process.view(instance, reach, now_ms));
        ClientView {
            client: name.clone(),
            last_seen_ms: self.seen_ms(client),
            status: client.last_status(),
            in_flight: 0,
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
            in_flight: 0,
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
    let instance = |instance: &InstanceView| 128 + 64 * instance.watches.len();
    128 + view.status.as_ref().map_or(0, |last| last.status.len())
        + view.instances.iter().map(instance).sum::<usize>()
}
