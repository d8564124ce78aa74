//! `cancelTask`: ends tasks for all groups.

use tonic::Status;

use super::{
    access::Named,
    call::Call,
    convert,
    receipt::{self, Receipt},
    status,
};
use crate::pb;

pub(super) async fn answer(call: &Call, asked: pb::TaskNames) -> Result<pb::Receipt, Status> {
    let named = asked.ids.clone();
    let receipt = cancel(call, asked).await;
    let tasks = |receipt: &pb::Receipt| format!("{} of {} tasks", ended(receipt), named.len());
    call.caller.has_done(Named { ids: &named, ..Named::default() }, receipt.as_ref().map(tasks));
    receipt
}

/// How many tasks were ended by this call.
fn ended(receipt: &pb::Receipt) -> u64 {
    receipt.counts.iter().filter(|count| count.verdict() == pb::Verdict::Ok).map(|count| count.items).sum()
}

async fn cancel(call: &Call, asked: pb::TaskNames) -> Result<pb::Receipt, Status> {
    let ids = convert::ids(&asked.ids, receipt::TOLD_MAX)?;
    let judged = match ids.iter().flatten().cloned().collect::<Vec<_>>() {
        none if none.is_empty() => Vec::new(),
        ids => call.engine.cancel(ids).await.map_err(status::from_engine)?,
    };
    let mut receipt = Receipt::default();
    for (id, judged) in receipt::in_order(asked.ids, &ids, judged) {
        receipt.add(Some((id, String::new())), judged);
    }
    Ok(receipt.finish())
}
