//! `purgeQueue`: throws away the tasks of a queue.

use tonic::Status;

use super::{access::Named, call::Call, convert, reason::Reason, status};
use crate::pb;

pub(super) async fn answer(call: &Call, asked: pb::Purge) -> Result<pb::Purged, Status> {
    let purged = purge(call, &asked).await;
    let upto = asked.upto_seq.map(|seq| format!(" up to seq {seq}")).unwrap_or_default();
    let tasks = |purged: &pb::Purged| format!("{} tasks{upto}", purged.tasks);
    call.caller.has_done(Named::queue(&asked.queue), purged.as_ref().map(tasks));
    purged
}

async fn purge(call: &Call, asked: &pb::Purge) -> Result<pb::Purged, Status> {
    if asked.queue.is_empty() {
        // An empty message must not throw away the queue that everybody uses.
        return Err(status::field(
            Reason::BadName,
            "queue",
            "queue is empty: a purge names its queue, `default` as well",
        ));
    }
    if asked.upto_seq == Some(0) {
        return Err(status::field(Reason::BadPosition, "upto_seq", "upto_seq is 0: seqs begin at 1"));
    }
    let queue = call.caller.queue(convert::queue_name("queue", &asked.queue)?)?;
    let purged = call.engine.purge(queue, asked.upto_seq).await.map_err(status::from_engine)?;
    Ok(pb::Purged { tasks: purged.tasks, leases: purged.leases })
}
