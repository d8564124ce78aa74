//! `purgeQueue`: throws away the tasks of a queue.

use tonic::Status;

use super::{call::Call, convert, reason::Reason, status};
use crate::pb;

pub(super) async fn answer(call: &Call, asked: pb::Purge) -> Result<pb::Purged, Status> {
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
    tracing::info!(queue = asked.queue, upto_seq = asked.upto_seq, tasks = purged.tasks, "queue purged");
    Ok(pb::Purged { tasks: purged.tasks, leases: purged.leases })
}
