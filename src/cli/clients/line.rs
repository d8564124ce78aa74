//! A client as it is printed: a line of JSON, or rows of a table.

use std::time::SystemTime;

use prost_types::Timestamp;
use serde::Serialize;

use crate::{
    cli::{
        table::{Cell, Column, numbers, words},
        time,
        verdicts::word,
    },
    pb,
};

/// A client as JSON. Its shape is frozen: see tests/golden.
#[derive(Debug, Serialize, PartialEq)]
pub(super) struct ClientLine {
    client: String,
    up: bool,
    #[serde(serialize_with = "time::as_rfc3339", skip_serializing_if = "Option::is_none")]
    last_seen: Option<Timestamp>,
    #[serde(skip_serializing_if = "String::is_empty")]
    status: String,
    #[serde(serialize_with = "time::as_rfc3339", skip_serializing_if = "Option::is_none")]
    status_at: Option<Timestamp>,
    in_flight: u64,
    instances: Vec<InstanceLine>,
}

#[derive(Debug, Serialize, PartialEq)]
struct InstanceLine {
    instance: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    address: String,
    #[serde(serialize_with = "time::as_rfc3339", skip_serializing_if = "Option::is_none")]
    connected_at: Option<Timestamp>,
    #[serde(serialize_with = "time::as_rfc3339", skip_serializing_if = "Option::is_none")]
    heard_at: Option<Timestamp>,
    watches: Vec<WatchLine>,
    in_flight: u64,
    health: String,
}

#[derive(Debug, Serialize, PartialEq)]
struct WatchLine {
    queue: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    group: String,
}

/// Bytes as JSON has them: two hexadecimal digits each.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl From<pb::ClientInfo> for ClientLine {
    fn from(info: pb::ClientInfo) -> Self {
        ClientLine {
            client: info.client,
            up: info.up,
            last_seen: info.last_seen,
            status: info.status,
            status_at: info.status_at,
            in_flight: info.in_flight,
            instances: info.instances.into_iter().map(InstanceLine::from).collect(),
        }
    }
}

impl From<pb::InstanceInfo> for InstanceLine {
    fn from(info: pb::InstanceInfo) -> Self {
        let health = word(info.health().as_str_name(), "HEALTH_");
        let watch = |watch: pb::WatchInfo| WatchLine { queue: watch.queue, group: watch.group };
        InstanceLine {
            instance: hex(&info.instance),
            address: info.address,
            connected_at: info.connected_at,
            heard_at: info.heard_at,
            watches: info.watches.into_iter().map(watch).collect(),
            in_flight: info.in_flight,
            health,
        }
    }
}

/// Clients in a table.
pub(super) const COLUMNS: &[Column] = &[
    words("CLIENT"),
    words("HEALTH"),
    numbers("INSTANCES"),
    numbers("IN FLIGHT"),
    numbers("SEEN"),
    words("WATCHES"),
    words("STATUS"),
];

/// Watches that are named in a row.
const WATCHES_MAX: usize = 4;

impl ClientLine {
    /// What it is known by in a list.
    pub(super) fn key(&self) -> String {
        self.client.clone()
    }

    /// Its row.
    pub(super) fn row(&self, now: SystemTime) -> Vec<Cell> {
        let health = match (self.up, self.best()) {
            (false, _) => Cell::text("down").dim(),
            (true, Some(best)) => best.health_cell(),
            (true, None) => Cell::text("up").good(),
        };
        vec![
            Cell::text(&self.client),
            health,
            Cell::count(self.instances.len() as u64),
            Cell::count(self.in_flight),
            seen(self.last_seen.as_ref(), now),
            Cell::text(watches(self.instances.iter().flat_map(|instance| &instance.watches))),
            Cell::text(self.status.lines().next().unwrap_or_default()),
        ]
    }

    /// A row for each of its processes, if there are several.
    pub(super) fn instance_rows(&self, now: SystemTime) -> Vec<Vec<Cell>> {
        let several = if self.instances.len() > 1 { &self.instances[..] } else { &[] };
        several.iter().map(|instance| instance.row(now)).collect()
    }

    /// Its healthiest process: one that works is enough, whatever its others are for.
    fn best(&self) -> Option<&InstanceLine> {
        self.instances.iter().find(|one| one.is_healthy()).or(self.instances.first())
    }
}

impl InstanceLine {
    fn is_healthy(&self) -> bool {
        self.health == "healthy"
    }

    fn health_cell(&self) -> Cell {
        match &self.health[..] {
            "healthy" => Cell::text("up").good(),
            "no_watch" => Cell::text("heartbeat only").notable(),
            "no_heartbeat" => Cell::text("no heartbeat").notable(),
            "silent" => Cell::text("silent").bad(),
            other => Cell::text(other),
        }
    }

    fn row(&self, now: SystemTime) -> Vec<Cell> {
        vec![
            Cell::text(format!("  {}", self.address)),
            self.health_cell(),
            Cell::text(""),
            Cell::count(self.in_flight),
            seen(self.heard_at.as_ref(), now),
            Cell::text(watches(self.watches.iter())),
        ]
    }
}

fn seen(at: Option<&Timestamp>, now: SystemTime) -> Cell {
    Cell::text(at.map(|at| time::age(at, now)).unwrap_or_default())
}

/// Watches in a cell: a queue, and its group behind a slash.
fn watches<'a>(watches: impl Iterator<Item = &'a WatchLine>) -> String {
    let mut all: Vec<String> = Vec::new();
    for watch in watches {
        let shown = match &watch.group[..] {
            "" => watch.queue.clone(),
            group => format!("{}/{group}", watch.queue),
        };
        if !all.contains(&shown) {
            all.push(shown);
        }
    }
    let more = all.len().saturating_sub(WATCHES_MAX);
    all.truncate(WATCHES_MAX);
    let more = if more > 0 { format!(", {more} more") } else { String::new() };
    all.join(", ") + &more
}
