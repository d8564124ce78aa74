//! Members of a group, as a load has them: they take tasks by ready frames, and settle them by ready frames.

use bytes::{BufMut, BytesMut};
use prost::Message;

use super::{
    fields::Fields,
    place::{Link, Place},
    wire,
};
use crate::{
    cli::{Failure, exit::code, reason::Reason},
    pb,
};

/// Where tasks are settled.
pub(super) const TELL: &str = "/Contact/tellResult";
/// The field of a task that has its lease,
const LEASE: u64 = 9;
/// and the key of that of a result, which is all that a settlement as done has.
const RESULT_LEASE: u8 = 3 << 3 | 2;
/// How long leases are, and how long they outlive their watch: longer than a round.
const LEASE_MS: u64 = 600_000;

/// What a member of a group asks for: to hold so many at a time, and with `max` an end after so many.
pub(super) fn watch(place: &Place, group: &str, held: u32, max: u64) -> pb::Watch {
    pb::Watch {
        queues: vec![pb::Position { queue: place.queue.to_string(), ..pb::Position::default() }],
        group: group.to_owned(),
        instance: rand::random::<[u8; 16]>().to_vec(),
        max_in_flight: held,
        max,
        lease_ms: LEASE_MS,
        grace_ms: Some(LEASE_MS),
        ..pb::Watch::default()
    }
}

/// Adds the settlement of a task that has arrived. False: it has no lease.
pub(super) fn settle(task: &[u8], out: &mut BytesMut) -> bool {
    let Some(lease) = Fields::find(task, LEASE).filter(|lease| lease.len() < 0x80) else { return false };
    wire::put_head(out, lease.len() + 2);
    out.put_u8(RESULT_LEASE);
    out.put_u8(lease.len() as u8);
    out.put_slice(lease);
    true
}

/// Says what `body` has and waits for the receipt. Returns how many were settled.
pub(super) async fn tell(link: Link, body: tonic::body::Body) -> Result<u64, Failure> {
    let mut down = link.call(TELL, body).await?;
    let mut settled = None;
    let mut read = |receipt: &[u8]| {
        let counts = pb::Receipt::decode(receipt).unwrap_or_default().counts;
        settled = counts.iter().find(|count| count.verdict() == pb::Verdict::Ok).map(|count| count.items);
    };
    while down.next(&mut read).await.map_err(|status| link.failure(&status))?.is_some() {}
    Ok(settled.unwrap_or_default())
}

/// That all were settled, or what else happened.
pub(super) fn check(settled: u64, told: u64) -> Result<(), Failure> {
    if settled == told {
        return Ok(());
    }
    let message = format!("of {told} settlements {settled} were taken");
    Err(Failure::new(code::NO, Reason::NotSettled, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settlement_is_the_lease_alone() {
        let task =
            pb::ServerMsg { task: "x".into(), seq: 7, lease: "Labc".into(), ..pb::ServerMsg::default() };
        let mut frames = BytesMut::new();
        assert!(settle(&task.encode_to_vec(), &mut frames));
        let settled = pb::Result { lease: "Labc".into(), ..pb::Result::default() };
        assert_eq!(frames, wire::frame(&settled));
        assert!(!settle(&pb::ServerMsg::default().encode_to_vec(), &mut frames));
    }
}
