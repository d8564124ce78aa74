//! What comes over the wire, judged and turned into the engine's words, and back. Behind this folder there is
//! no `pb`, and nothing that has not been judged.
//!
//! This file has what is judged in more than one call: names, ids, processes, places, times.

use prost_types::Timestamp;
use tonic::Status;

use super::{engine::groups::Instance, reason::Reason, status};
use crate::name::{BadName, ClientName, GroupName, QueueName, TaskId};

mod client;
mod result;
mod task;
mod told;
mod view;
mod watch;

pub(super) use client::{client_event, client_info, some_client};
pub(super) use result::{answer, result, result_filter, roll_call};
pub(super) use task::{Tasks, submitted};
pub(super) use told::{notice, told, verdict, verdict_bytes, verdict_of};
pub(super) use view::{group, queue, state, task};
pub(super) use watch::{Asked, heartbeat, watch};

/// Items of one page, unless the caller says.
const PAGE_ITEMS: u32 = 100;
/// Items of one page, whatever the caller says.
pub(super) const PAGE_ITEMS_MAX: u32 = 1000;

/// Judges the name of a queue that stands in `field`; none means `default`.
pub(super) fn queue_name(field: &str, name: &str) -> Result<QueueName, Status> {
    QueueName::parse(name).map_err(|e| bad_name(field, &e))
}

/// Judges the name of a queue where none means all of them.
pub(super) fn some_queue(field: &str, name: &str) -> Result<Option<QueueName>, Status> {
    (!name.is_empty()).then(|| queue_name(field, name)).transpose()
}

/// Judges the name of a group.
pub(super) fn group_name(field: &str, name: &str) -> Result<GroupName, Status> {
    GroupName::parse(name).map_err(|e| bad_name(field, &e))
}

/// Judges the name of a group where none means all of them.
pub(super) fn some_group(field: &str, name: &str) -> Result<Option<GroupName>, Status> {
    (!name.is_empty()).then(|| group_name(field, name)).transpose()
}

/// Judges a client's name.
pub(super) fn client(field: &str, name: &str) -> Result<ClientName, Status> {
    ClientName::parse(name).map_err(|e| bad_name(field, &e))
}

/// Judges a process.
pub(super) fn instance(bytes: &[u8]) -> Result<Instance, Status> {
    Instance::try_from(bytes).map_err(|_| {
        let message = format!("instance has {} bytes: it must be 16 random ones", bytes.len());
        status::field(Reason::BadInstance, "instance", message)
    })
}

/// Judges how many ids are named, and tells those that a task can have from the others, which are `None`.
pub(super) fn ids(ids: &[String], max: usize) -> Result<Vec<Option<TaskId>>, Status> {
    if ids.len() > max {
        let message = format!("ids names {} tasks: at most {max} are taken", ids.len());
        return Err(status::field(Reason::TooManyIds, "ids", message));
    }
    Ok(ids.iter().map(|id| TaskId::parse(id)).collect())
}

/// How many items a page has. Who wants more than a page has asks for the next.
pub(super) fn limit(asked: u32) -> usize {
    match asked {
        0 => PAGE_ITEMS as usize,
        asked => asked.min(PAGE_ITEMS_MAX) as usize,
    }
}

/// Judges a number of milliseconds that lies in a range.
pub(super) fn milliseconds_in(
    range: std::ops::RangeInclusive<u64>,
    reason: Reason,
    field: &str,
    ms: u64,
) -> Result<u64, Status> {
    if range.contains(&ms) {
        return Ok(ms);
    }
    let message = format!("{field} is {ms}: it must be from {} to {}", range.start(), range.end());
    Err(status::field(reason, field, message))
}

/// A time, from milliseconds since 1970.
fn timestamp(ms: u64) -> Timestamp {
    Timestamp { seconds: i64::try_from(ms / 1000).unwrap_or(i64::MAX), nanos: (ms % 1000 * 1_000_000) as i32 }
}

fn bad_name(field: &str, error: &BadName) -> Status {
    status::field(Reason::BadName, field, error.to_string())
}
