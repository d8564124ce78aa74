//! `cancelTask`: ends tasks for all groups.

use tonic::Status;

use super::{
    call::Call,
    convert,
    receipt::{self, Receipt},
    status,
};
use crate::pb;

pub(super) async fn answer(call: &Call, asked: pb::TaskNames) -> Result<pb::Receipt, Status> {
    let ids = convert::ids(&asked.ids, receipt::TOLD_MAX)?;
    let judged = match ids.iter().flatten().cloned().collect::<Vec<_>>() {
        none if none.is_empty() => Vec::new(),
        ids => call.engine.cancel(ids).await.map_err(status::from_engine)?,
    };
    let mut receipt = Receipt::default();
    for (id, judged) in receipt::in_order(asked.ids, &ids, judged) {
        receipt.add(id, String::new(), judged);
    }
    Ok(receipt.finish())
}
