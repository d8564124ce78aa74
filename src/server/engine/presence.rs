//! The words of presence: who is there, and who has been.

use futures_util::stream::BoxStream;

use super::{LastStatus, groups::Instance};
use crate::name::{ClientName, GroupName, QueueName};

/// How long the last status of a client and when it was last seen are kept, in milliseconds: 7 days.
pub const SEEN_KEPT_MS: u64 = 7 * 24 * 60 * 60 * 1000;
/// Who has watched a queue within this belongs to the roll-call of its tasks, in milliseconds: 24 hours.
pub const WATCHED_MS: u64 = 24 * 60 * 60 * 1000;

/// A process, as it says who it is, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// Its client's name. Without one it is in no list.
    pub client: Option<ClientName>,
    /// The process.
    pub instance: Instance,
    /// Where it comes from: host and port, or `unix`.
    pub address: String,
}

/// A client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientView {
    /// Its name.
    pub client: ClientName,
    /// When it was last heard, or its last stream ended, in milliseconds since 1970.
    pub last_seen_ms: u64,
    /// Its last status.
    pub status: Option<LastStatus>,
    /// How many tasks its processes hold, also those that are away; as it was last known, if that cannot be said at
    /// once.
    pub in_flight: u64,
    /// Its processes that are there, the one that came first first; about a mebibyte of them.
    pub instances: Vec<InstanceView>,
}

/// A process that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceView {
    /// The process.
    pub instance: Instance,
    /// Where it comes from.
    pub address: String,
    /// Since when it is there, in milliseconds since 1970.
    pub connected_ms: u64,
    /// When it was last heard on its `sendStatus` stream, if it has one, in milliseconds since 1970.
    pub heard_ms: Option<u64>,
    /// What it watches: each queue, and the group if it shares.
    pub watches: Vec<(QueueName, Option<GroupName>)>,
    /// How many tasks it holds.
    pub in_flight: u64,
    /// Whether its streams are as they should be.
    pub health: Health,
}

/// Whether the streams of a process are as they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Both are up, or it has a watch without a group, which owes nothing.
    Healthy,
    /// It is heard, but takes no tasks.
    NoWatch,
    /// It shares tasks, but gives no sign of life beside its watch.
    NoHeartbeat,
    /// It has a `sendStatus` stream and was not heard on it for [`SILENT_MS`].
    Silent,
}

/// Who has not been heard on its `sendStatus` stream for this long is silent, in milliseconds.
pub const SILENT_MS: u64 = 45_000;

/// Which clients to list.
#[derive(Debug, Clone)]
pub struct ClientFilter {
    /// Only this one.
    pub client: Option<ClientName>,
    /// Those after this one, by name.
    pub after: Option<ClientName>,
    /// At most so many.
    pub limit: usize,
}

/// Something about a client has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientEvent {
    /// Who.
    pub client: ClientName,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// What.
    pub change: ClientChange,
}

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientChange {
    /// A process has come. At the beginning of a watch: is there, with what it last reported.
    Up {
        /// The process.
        instance: Instance,
        /// Where it comes from.
        address: String,
        /// The client's last status; only at the beginning of a watch.
        status: Option<String>,
    },
    /// A process has gone.
    Down {
        /// The process.
        instance: Instance,
        /// Where it came from.
        address: String,
    },
    /// It has reported.
    Status(String),
}

/// Events of clients. Ends with [`Error::SlowReader`](super::Error::SlowReader) if far too much is left unread.
pub type ClientEvents = BoxStream<'static, Result<ClientEvent, super::Error>>;
