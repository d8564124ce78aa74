//! `tellResult`: what clients say about tasks. An id is known or not; what carries none, as the tutorial's
//! client sends it, is counted and logged.

use futures_util::StreamExt;
use tonic::{Status, Streaming};

use super::{batches::Batches, call::Call, status};
use crate::{
    name::{ID_BYTES_MAX, TaskId},
    pb,
};

/// Verdicts of a single receipt.
const TOLD_MAX: usize = 10_000;

pub(super) async fn answer(call: &Call, results: Streaming<pb::Result>) -> Result<pb::Receipt, Status> {
    let mut batches = Batches::new(results, &call.stopping, |result| result.ret.len() + result.id.len());
    let mut receipt = pb::Receipt::default();
    let (mut noted, mut unknown) = (0, 0);
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        log(call, &batch);
        receipt.anonymous += batch.iter().filter(|result| result.id.is_empty()).count() as u64;
        let named: Vec<pb::Result> = batch.into_iter().filter(|result| !result.id.is_empty()).collect();
        let ids: Vec<Option<TaskId>> = named.iter().map(|result| TaskId::parse(&result.id)).collect();
        let asked: Vec<TaskId> = ids.iter().flatten().cloned().collect();
        let known = if asked.is_empty() {
            Vec::new()
        } else {
            call.engine.known(asked).await.map_err(status::from_engine)?
        };
        let mut known = known.into_iter();
        for (result, id) in named.into_iter().zip(ids) {
            // What is no id is nobody's.
            let verdict = match id.and_then(|_| known.next()) {
                Some(true) => pb::Verdict::Noted,
                _ => pb::Verdict::Unknown,
            };
            *(if verdict == pb::Verdict::Noted { &mut noted } else { &mut unknown }) += 1;
            if receipt.told.len() < TOLD_MAX {
                receipt.told.push(pb::Told {
                    id: shown(result.id),
                    verdict: verdict.into(),
                    ..pb::Told::default()
                });
            }
        }
    }
    receipt.counts = [(pb::Verdict::Noted, noted), (pb::Verdict::Unknown, unknown)]
        .into_iter()
        .filter(|&(_, items)| items > 0)
        .map(|(verdict, items)| pb::Count { verdict: verdict.into(), items })
        .collect();
    Ok(receipt)
}

/// A receipt is kept until the stream ends: what is too long to be an id is not repeated whole.
fn shown(mut id: String) -> String {
    if id.len() > ID_BYTES_MAX {
        let end = (0..=ID_BYTES_MAX).rev().find(|&end| id.is_char_boundary(end)).unwrap_or_default();
        id.truncate(end);
        id.shrink_to_fit();
    }
    id
}

fn log(call: &Call, batch: &[pb::Result]) {
    let (lines, left_out) = call.results_logged.allow(batch.len());
    if left_out > 0 {
        tracing::info!("{left_out} more results");
    }
    for result in &batch[..lines] {
        let id = if result.id.is_empty() { "-" } else { &result.id };
        tracing::info!(?id, ret = ?result.ret, "result");
    }
}
