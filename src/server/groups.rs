//! `listGroups`: a page of groups. `setGroup`: changes to the settings of one.

use tonic::Status;

use super::{
    access::Named,
    call::Call,
    convert,
    engine::groups::{Change, GroupFilter},
    reason::Reason,
    status,
};
use crate::{
    name::{GroupName, QueueName},
    pb,
    wire::LEASE_MS,
};

/// Longest pause between two attempts.
const BACKOFF_MS_MAX: u64 = 12 * 60 * 60 * 1000;

pub(super) async fn list(call: &Call, asked: pb::ListGroups) -> Result<pb::Groups, Status> {
    let after = match (&asked.after_queue[..], &asked.after_group[..]) {
        ("", "") => None,
        (queue, group) if queue.is_empty() || group.is_empty() => {
            let field = if queue.is_empty() { "after_queue" } else { "after_group" };
            let message = "after_queue and after_group are one place: give both or neither";
            return Err(status::field(Reason::BadPlace, field, message));
        }
        (queue, group) => {
            Some((convert::queue_name("after_queue", queue)?, convert::group_name("after_group", group)?))
        }
    };
    let filter = GroupFilter {
        queue: call.some_queue("queue", &asked.queue)?,
        group: convert::some_group("group", &asked.group)?,
        after,
        limit: convert::limit(asked.limit),
    };
    let page = call.engine.groups(filter).await.map_err(status::from_engine)?;
    Ok(pb::Groups { groups: page.items.into_iter().map(convert::group).collect(), more: page.more })
}

pub(super) async fn set(call: &Call, asked: pb::GroupSettings) -> Result<pb::Group, Status> {
    let changed = change(call, &asked).await;
    let named = Named { queue: &asked.queue, group: &asked.group, ..Named::default() };
    call.caller.has_done(named, changed.as_ref().map(|(_, change)| what(change)));
    changed.map(|(group, _)| group)
}

/// What was changed, without what was not.
fn what(change: &Change) -> String {
    let Change { max_failures, backoff_ms, backoff_max_ms, lease_ms, paused } = *change;
    let set = [
        max_failures.map(|n| format!("max_failures {n}")),
        backoff_ms.map(|ms| format!("backoff_ms {ms}")),
        backoff_max_ms.map(|ms| format!("backoff_max_ms {ms}")),
        lease_ms.map(|ms| format!("lease_ms {ms}")),
        paused.map(|paused| format!("paused {paused}")),
    ];
    set.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

async fn change(call: &Call, asked: &pb::GroupSettings) -> Result<(pb::Group, Change), Status> {
    let queue = call.caller.queue(convert::queue_name("queue", &asked.queue)?)?;
    let group = call.caller.group(convert::group_name("group", &asked.group)?)?;
    let change = Change {
        max_failures: asked.max_failures,
        backoff_ms: checked(Reason::BadBackoff, "backoff_ms", 1..=BACKOFF_MS_MAX, asked.backoff_ms)?,
        backoff_max_ms: checked(
            Reason::BadBackoff,
            "backoff_max_ms",
            1..=BACKOFF_MS_MAX,
            asked.backoff_max_ms,
        )?,
        lease_ms: checked(Reason::BadLease, "lease_ms", LEASE_MS, asked.lease_ms)?,
        paused: asked.paused,
    };
    if let Change {
        max_failures: None,
        backoff_ms: None,
        backoff_max_ms: None,
        lease_ms: None,
        paused: None,
    } = change
    {
        return Err(status::new(Reason::NothingSet, "nothing is set: name a setting to change"));
    }
    check_backoff(call, &queue, &group, &change).await?;
    let view = call.engine.set_group(queue, group, change).await.map_err(status::from_engine)?;
    Ok((convert::group(view), change))
}

fn checked(
    reason: Reason,
    field: &str,
    range: std::ops::RangeInclusive<u64>,
    ms: Option<u64>,
) -> Result<Option<u64>, Status> {
    ms.map(|ms| convert::milliseconds_in(range, reason, field, ms)).transpose()
}

/// The first pause is no longer than the longest one, be that said now or before.
async fn check_backoff(
    call: &Call,
    queue: &QueueName,
    group: &GroupName,
    change: &Change,
) -> Result<(), Status> {
    let (first, longest) = match (change.backoff_ms, change.backoff_max_ms) {
        (None, None) => return Ok(()),
        (Some(first), Some(longest)) => (first, longest),
        (first, longest) => {
            let filter =
                GroupFilter { queue: Some(queue.clone()), group: Some(group.clone()), after: None, limit: 1 };
            let page = call.engine.groups(filter).await.map_err(status::from_engine)?;
            // A group that is not there is the engine's to refuse.
            let Some(view) = page.items.first() else { return Ok(()) };
            let settings = view.settings;
            (first.unwrap_or(settings.backoff_ms), longest.unwrap_or(settings.backoff_max_ms))
        }
    };
    if first > longest {
        let message =
            format!("backoff_ms is {first}: it must be from 1 to backoff_max_ms, which is {longest}");
        let field = if change.backoff_ms.is_some() { "backoff_ms" } else { "backoff_max_ms" };
        return Err(status::field(Reason::BadBackoff, field, message));
    }
    Ok(())
}
