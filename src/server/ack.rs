//! `tellResult`: what clients say about tasks, a batch at a time: each is judged and durable before the next
//! batch is read. What names neither a task nor a lease, as the tutorial's client tells it, is counted and
//! logged.
//!
//! The reading half is a task of its own: of a stream that is cut in the middle what has arrived still counts.

use std::sync::Arc;

use futures_util::StreamExt;
use tonic::{Response, Status, Streaming};

use super::{
    access::Caller,
    batches::{Batch, Batches, MESSAGE_COST},
    bounds::Unsent,
    call::Call,
    chatter::Chatter,
    convert,
    engine::{Engine, groups::Told},
    reason::Reason,
    receipt::{NO_TASK, Receipt},
    status, unsent,
};
use crate::{name::ClientName, pb};

pub(super) async fn answer(
    call: &Call,
    results: Streaming<pb::Result>,
) -> Result<Response<pb::Receipt>, Status> {
    let bytes_of =
        |result: &pb::Result| result.ret.len() + result.stderr.len() + result.id.len() + result.lease.len();
    // Those who tell too fast are kept waiting: the receipt could not say what of it was taken.
    let batches = Batches::new(results, &call.account, call.settled(), bytes_of);
    let mut batches = batches.costing(MESSAGE_COST).waiting();
    let mut telling = Telling {
        engine: call.engine.clone(),
        caller: call.caller.clone(),
        chatter: call.results_logged.clone(),
        client: None,
        receipt: Receipt::default(),
        unsent: call.account.unsent(),
    };
    // It is open until the last of it is told, whether or not its client waits for the receipt.
    let open = call.open.clone();
    let taken = tokio::spawn(async move {
        let _open = open;
        while let Some(batch) = batches.next().await {
            let Batch { messages, in_flight } = batch?;
            telling.take(messages).await?;
            drop(in_flight);
        }
        Ok(unsent::response(telling.receipt.finish(), telling.unsent))
    });
    taken.await.unwrap_or_else(|_| Err(status::new(Reason::Internal, "the call failed")))
}

struct Telling {
    engine: Arc<dyn Engine>,
    caller: Caller,
    chatter: Arc<Chatter>,
    /// Who tells, once it has been said.
    client: Option<ClientName>,
    receipt: Receipt,
    /// It grows, and waits until the client has said all.
    unsent: Unsent,
}

/// What an item named.
struct Named {
    /// The id and the lease, if the receipt has room to repeat them.
    shown: Option<(String, String)>,
    /// The engine is asked about it.
    is_asked: bool,
}

impl Telling {
    async fn take(&mut self, batch: Vec<pb::Result>) -> Result<(), Status> {
        self.unsent.grow(self.receipt.growth(&batch))?;
        self.log(&batch);
        let mut named = Vec::with_capacity(batch.len());
        let mut told = Vec::with_capacity(batch.len());
        let mut judged = Ok(());
        for result in batch {
            judged = self.judge(result, &mut named, &mut told);
            if judged.is_err() {
                // What came before it is told all the same.
                break;
            }
        }
        let verdicts = match told.is_empty() {
            true => Vec::new(),
            false => self.engine.tell(told).await.map_err(status::from_engine)?,
        };
        let mut verdicts = verdicts.into_iter();
        for Named { shown, is_asked } in named {
            let verdict = if is_asked { verdicts.next() } else { None };
            self.receipt.add(shown, verdict.unwrap_or(NO_TASK));
        }
        judged
    }

    fn judge(
        &mut self,
        result: pb::Result,
        named: &mut Vec<Named>,
        told: &mut Vec<Told>,
    ) -> Result<(), Status> {
        if !result.client.is_empty() {
            self.client = Some(self.caller.client(convert::client("client", &result.client)?)?);
        }
        let is_anonymous = result.id.is_empty() && result.lease.is_empty();
        let is_shown = named.len() < self.receipt.room();
        let shown = is_shown.then(|| (result.id.clone(), result.lease.clone()));
        let asked = convert::told(result, self.client.as_ref())?;
        if is_anonymous {
            self.receipt.add_anonymous();
        } else {
            named.push(Named { shown, is_asked: asked.is_some() });
            told.extend(asked);
        }
        Ok(())
    }

    /// What is about no task is kept nowhere else.
    fn log(&self, batch: &[pb::Result]) {
        let is_anonymous = |result: &&pb::Result| result.id.is_empty() && result.lease.is_empty();
        let (lines, left_out) = self.chatter.allow(batch.iter().filter(is_anonymous).count());
        if left_out > 0 {
            tracing::info!("{left_out} more results");
        }
        for result in batch.iter().filter(is_anonymous).take(lines) {
            tracing::info!(ret = ?result.ret, "result");
        }
    }
}
