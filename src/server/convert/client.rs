//! Who is there, as messages.

use tonic::Status;

use super::{client as client_name, timestamp};
use crate::{
    name::ClientName,
    pb,
    server::engine::presence::{ClientChange, ClientEvent, ClientView, Health, InstanceView},
};

/// Judges a client's name where none means all of them.
pub(in crate::server) fn some_client(field: &str, name: &str) -> Result<Option<ClientName>, Status> {
    (!name.is_empty()).then(|| client_name(field, name)).transpose()
}

/// A client.
pub(in crate::server) fn client_info(view: ClientView) -> pb::ClientInfo {
    let (status, status_at) = match view.status {
        Some(last) => (last.status, Some(timestamp(last.at_ms))),
        None => (String::new(), None),
    };
    pb::ClientInfo {
        client: view.client.to_string(),
        up: !view.instances.is_empty(),
        last_seen: Some(timestamp(view.last_seen_ms)),
        status,
        status_at,
        in_flight: view.in_flight,
        instances: view.instances.into_iter().map(instance_info).collect(),
    }
}

fn instance_info(view: InstanceView) -> pb::InstanceInfo {
    let health = match view.health {
        Health::Healthy => pb::instance_info::Health::Healthy,
        Health::NoWatch => pb::instance_info::Health::NoWatch,
        Health::NoHeartbeat => pb::instance_info::Health::NoHeartbeat,
        Health::Silent => pb::instance_info::Health::Silent,
    };
    let watch = |(queue, group): (crate::name::QueueName, Option<crate::name::GroupName>)| pb::WatchInfo {
        queue: queue.to_string(),
        group: group.map(|group| group.to_string()).unwrap_or_default(),
    };
    pb::InstanceInfo {
        instance: view.instance.to_vec(),
        address: view.address,
        connected_at: Some(timestamp(view.connected_ms)),
        heard_at: view.heard_ms.map(timestamp),
        watches: view.watches.into_iter().map(watch).collect(),
        in_flight: view.in_flight,
        health: health.into(),
    }
}

/// Something about a client has changed.
pub(in crate::server) fn client_event(event: ClientEvent) -> pb::ClientEvent {
    use pb::client_event::Kind;
    let (kind, status, instance, address) = match event.change {
        ClientChange::Up { instance, address, status } => {
            (Kind::Up, status.unwrap_or_default(), instance.to_vec(), address)
        }
        ClientChange::Down { instance, address } => (Kind::Down, String::new(), instance.to_vec(), address),
        ClientChange::Status(status) => (Kind::Status, status, Vec::new(), String::new()),
    };
    pb::ClientEvent {
        client: event.client.to_string(),
        kind: kind.into(),
        at: Some(timestamp(event.at_ms)),
        status,
        instance,
        address,
    }
}
