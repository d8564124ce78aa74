//! `redriveTask`: makes dead tasks of a group ready again.

use tonic::Status;

use super::{access::Named, call::Call, convert, receipt, status};
use crate::pb;

/// Tasks of one call.
const TASKS_MAX: usize = 1000;

pub(super) async fn answer(call: &Call, asked: pb::Redrive) -> Result<pb::Redriven, Status> {
    let named = asked.clone();
    let redriven = redrive(call, asked).await;
    let ready = |redriven: &pb::Redriven| {
        let is_ready = |told: &&pb::Told| told.verdict() == pb::Verdict::Ok;
        format!("{} tasks", redriven.told.iter().filter(is_ready).count())
    };
    let named = Named { queue: &named.queue, group: &named.group, ids: &named.ids, ..Named::default() };
    call.caller.has_done(named, redriven.as_ref().map(ready));
    redriven
}

async fn redrive(call: &Call, asked: pb::Redrive) -> Result<pb::Redriven, Status> {
    let queue = call.caller.queue(convert::queue_name("queue", &asked.queue)?)?;
    let group = call.caller.group(convert::group_name("group", &asked.group)?)?;
    let ids = convert::ids(&asked.ids, TASKS_MAX)?;
    let good: Vec<_> = ids.iter().flatten().cloned().collect();
    let limit = match asked.limit as usize {
        // To name none would mean all of them.
        _ if good.is_empty() && !ids.is_empty() => 0,
        0 => TASKS_MAX,
        limit => limit.min(TASKS_MAX),
    };
    let (judged, left) = call.engine.redrive(queue, group, good, limit).await.map_err(status::from_engine)?;
    let told = if ids.is_empty() {
        let told = judged.into_iter();
        told.map(|judged| convert::verdict(String::new(), String::new(), judged)).collect()
    } else {
        let told = receipt::in_order(asked.ids, &ids, judged);
        told.map(|(id, judged)| convert::verdict(id, String::new(), judged)).collect()
    };
    Ok(pb::Redriven { told, left })
}
