//! What to watch: all tasks, or with the members of a group a share of them.

use std::time::Duration;

use prost_types::Timestamp;
use tonic::Status;

use super::{group_name, instance, milliseconds_in, queue_name, some_client};
use crate::{
    pb,
    server::{
        access::{Caller, Role},
        engine::{Position, Start, Watch, groups::Share, presence::Who},
        reason::Reason,
        status,
    },
    wire::{GRACE_MS, HEARTBEAT_RANGE_MS, IN_FLIGHT_MAX, LEASE_MS, MAX_HOLD_MS, MAX_HOLD_RANGE_MS},
};

/// Queues of one watch.
const QUEUES_MAX: usize = 1000;

/// A watch, judged.
pub(in crate::server) enum Asked {
    /// Every task.
    All(Watch),
    /// A share of the tasks.
    Share(Box<Share>),
}

/// Judges a watch.
pub(in crate::server) fn watch(watch: pb::Watch, caller: &Caller) -> Result<Asked, Status> {
    caller.may(if watch.group.is_empty() { &[Role::Watch] } else { &[Role::Work] })?;
    let queues = positions(&watch.queues, caller)?;
    let store = Some(&watch.store).filter(|store| !store.is_empty()).cloned();
    let who = Who {
        client: some_client("client", &watch.client)?.map(|client| caller.client(client)).transpose()?,
        instance: match &watch.instance[..] {
            // Nobody else can name it: it lives as long as the stream.
            [] => rand::random(),
            bytes => caller.instance(instance(bytes)?),
        },
        address: caller.address().to_owned(),
    };
    if watch.group.is_empty() {
        check_alone(&watch)?;
        return Ok(Asked::All(Watch { who, queues, store, until_empty: watch.until_empty }));
    }
    let until = queues.iter().enumerate().find(|(_, position)| position.until_seq.is_some());
    if let Some((i, position)) = until {
        let message =
            format!("until_seq of queue {:?} is not for a watch with a group: it shares", position.queue);
        return Err(status::field(Reason::BadWatch, &format!("queues[{i}].until_seq"), message));
    }
    if watch.have.len() > IN_FLIGHT_MAX as usize {
        let message = format!("have names {} leases: at most {IN_FLIGHT_MAX} are taken", watch.have.len());
        return Err(status::field(Reason::BadHave, "have", message));
    }
    if watch.max_in_flight > IN_FLIGHT_MAX {
        let message =
            format!("max_in_flight is {}: it must be from 1 to {IN_FLIGHT_MAX}", watch.max_in_flight);
        return Err(status::field(Reason::BadMaxInFlight, "max_in_flight", message));
    }
    Ok(Asked::Share(Box::new(Share {
        queues,
        store,
        group: caller.group(group_name("group", &watch.group)?)?,
        who,
        have: watch.have,
        max_in_flight: watch.max_in_flight.max(1),
        lease_ms: match watch.lease_ms {
            0 => None,
            ms => Some(milliseconds_in(LEASE_MS, Reason::BadLease, "lease_ms", ms)?),
        },
        max_hold_ms: match watch.max_hold_ms {
            0 => MAX_HOLD_MS,
            ms => milliseconds_in(MAX_HOLD_RANGE_MS, Reason::BadMaxHold, "max_hold_ms", ms)?,
        },
        // A grace only shortens what is left of a lease: more than the longest lease means nothing.
        grace_ms: watch.grace_ms.unwrap_or(GRACE_MS).min(*LEASE_MS.end()),
        max: Some(watch.max).filter(|max| *max > 0),
        until_empty: watch.until_empty,
    })))
}

/// Judges after how long of nothing a sign of life is asked for. `None`: never.
pub(in crate::server) fn heartbeat(ms: u64) -> Result<Option<Duration>, Status> {
    match ms {
        0 => Ok(None),
        ms => milliseconds_in(HEARTBEAT_RANGE_MS, Reason::BadHeartbeat, "heartbeat_ms", ms)
            .map(|ms| Some(Duration::from_millis(ms))),
    }
}

/// Without a group nothing is leased: who asks for something of leases has lost the group's name.
fn check_alone(watch: &pb::Watch) -> Result<(), Status> {
    let asked = [
        ("have", !watch.have.is_empty()),
        ("max_in_flight", watch.max_in_flight > 0),
        ("lease_ms", watch.lease_ms > 0),
        ("max_hold_ms", watch.max_hold_ms > 0),
        ("grace_ms", watch.grace_ms.is_some()),
    ];
    match asked.into_iter().find(|(_, asked)| *asked) {
        Some((field, _)) => Err(status::field(
            Reason::BadWatch,
            field,
            format!("{field} is for a watch with a group, and group is empty"),
        )),
        None => Ok(()),
    }
}

fn positions(asked: &[pb::Position], caller: &Caller) -> Result<Vec<Position>, Status> {
    if asked.len() > QUEUES_MAX {
        let message = format!("the watch names {} queues: at most {QUEUES_MAX} are taken", asked.len());
        return Err(status::field(Reason::BadWatch, "queues", message));
    }
    let mut queues = asked
        .iter()
        .enumerate()
        .map(|(i, asked)| position(i, asked, caller))
        .collect::<Result<Vec<_>, _>>()?;
    if queues.is_empty() {
        queues.push(position(0, &pb::Position::default(), caller)?);
    }
    for (i, position) in queues.iter().enumerate() {
        if queues[..i].iter().any(|other| other.queue == position.queue) {
            let message = format!("queue {:?} is named twice", position.queue);
            return Err(status::field(Reason::BadWatch, &format!("queues[{i}].queue"), message));
        }
    }
    Ok(queues)
}

/// Judges the queue at a place in the list of them.
fn position(i: usize, position: &pb::Position, caller: &Caller) -> Result<Position, Status> {
    use pb::position::Start as Asked;
    let path = |field: &str| format!("queues[{i}].{field}");
    let start = match position.start {
        None | Some(Asked::FromNew(false)) => Start::First,
        Some(Asked::FromNew(true)) => Start::New,
        Some(Asked::FromSeq(0)) => {
            return Err(status::field(Reason::BadPosition, &path("from_seq"), "seqs begin at 1"));
        }
        Some(Asked::FromSeq(seq)) => Start::Seq(seq),
        Some(Asked::FromTime(time)) => Start::Time(start_time(&path("from_time"), &time)?),
    };
    let queue = caller.source(queue_name(&path("queue"), &position.queue)?)?;
    Ok(Position { queue, start, until_seq: position.until_seq })
}

/// Judges a time to start at that stands in `field`, in milliseconds since 1970.
pub(super) fn start_time(field: &str, time: &Timestamp) -> Result<u64, Status> {
    let bad = || status::field(Reason::BadPosition, field, "from_time is no time since 1970");
    let seconds = u64::try_from(time.seconds).map_err(|_| bad())?;
    let nanos = u64::try_from(time.nanos).ok().filter(|n| *n < 1_000_000_000).ok_or_else(bad)?;
    // Up, so that a task submitted before is not shown.
    seconds.checked_mul(1000).and_then(|ms| ms.checked_add(nanos.div_ceil(1_000_000))).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(watch_of: pb::Watch) -> Result<Share, Status> {
        match watch(pb::Watch { group: "ci".into(), ..watch_of }, &Caller::anybody(String::new())) {
            Ok(Asked::Share(share)) => Ok(*share),
            Ok(Asked::All(_)) => panic!("no share"),
            Err(status) => Err(status),
        }
    }

    #[test]
    fn a_share_that_says_nothing_gets_the_defaults() {
        let share = shared(pb::Watch::default()).unwrap();
        assert_eq!((share.max_in_flight, share.lease_ms, share.max_hold_ms), (1, None, 12 * 3_600_000));
        assert_eq!((share.grace_ms, share.max, share.who.client), (20_000, None, None));
        assert_eq!(share.queues[0].queue.as_str(), "default");
        // Each stream is a process of its own.
        assert_ne!(share.who.instance, shared(pb::Watch::default()).unwrap().who.instance);
    }

    #[test]
    fn the_limits_themselves_are_taken() {
        let asked = |lease_ms, max_in_flight, grace_ms| pb::Watch {
            instance: vec![7; 16],
            lease_ms,
            max_in_flight,
            max_hold_ms: 1000,
            grace_ms: Some(grace_ms),
            have: vec!["L".into(); 10_000],
            ..pb::Watch::default()
        };
        let share = shared(asked(1000, 10_000, 0)).unwrap();
        assert_eq!((share.who.instance, share.lease_ms, share.grace_ms), ([7; 16], Some(1000), 0));
        let share = shared(asked(12 * 3_600_000, 1, u64::MAX)).unwrap();
        assert_eq!((share.lease_ms, share.grace_ms), (Some(12 * 3_600_000), 12 * 3_600_000));
    }
}
