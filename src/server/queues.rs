//! `listQueues`: a page of queues.

use tonic::Status;

use super::{call::Call, convert, engine::groups::QueueFilter, status};
use crate::pb;

pub(super) async fn answer(call: &Call, asked: pb::ListQueues) -> Result<pb::Queues, Status> {
    let filter = QueueFilter {
        queue: call.some_queue("queue", &asked.queue)?,
        after: convert::some_queue("after", &asked.after)?,
        limit: convert::limit(asked.limit),
    };
    let page = call.engine.queues(filter).await.map_err(status::from_engine)?;
    Ok(pb::Queues { queues: page.items.into_iter().map(convert::queue).collect(), more: page.more })
}
