//! `tellResult`: what clients say about tasks, a batch at a time: each is judged and durable before the receipt says
//! so. While one batch is being synced the next are read and handed on, in order. What names neither a task nor a
//! lease, as the tutorial's client tells it, is counted and logged.
//!
//! The reading half is a task of its own: of a stream that is cut in the middle what has arrived still counts.

use std::sync::Arc;

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesOrdered};
use tonic::{Response, Status, Streaming};

use super::{
    access::Caller,
    batches::{Batch, Batches, MESSAGE_COST},
    bounds::{InFlight, Unsent},
    call::Call,
    chatter::Chatter,
    convert,
    engine::{
        Engine,
        groups::{Judged, Told},
    },
    reason::Reason,
    receipt::{NO_TASK, Receipt},
    status, unsent,
};
use crate::{name::ClientName, pb};

/// Batches of one stream that the engine may have at a time.
const BATCHES_MAX: usize = 16;

pub(super) async fn answer(
    call: &Call,
    results: Streaming<pb::Result>,
) -> Result<Response<pb::Receipt>, Status> {
    let bytes_of =
        |result: &pb::Result| result.ret.len() + result.stderr.len() + result.id.len() + result.lease.len();
    // Those who tell too fast are kept waiting: the receipt could not say what of it was taken.
    let batches = Batches::new(results, &call.account, call.settled(), bytes_of);
    let batches = batches.costing(MESSAGE_COST).waiting();
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
        telling.take_all(batches).await?;
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

/// A batch that the engine has, until its verdicts are there.
type UnderWay = BoxFuture<'static, Result<Answered, Status>>;

/// A batch that is answered.
struct Answered {
    named: Vec<Named>,
    verdicts: Vec<Judged>,
    /// Until the receipt has it.
    _in_flight: InFlight,
}

/// What an item named.
struct Named {
    /// The id and the lease, if the receipt has room to repeat them.
    shown: Option<(String, String)>,
    /// The engine is asked about it.
    is_asked: bool,
}

impl Telling {
    /// Takes all of a stream. If it ends by a status, all that came before is told first.
    async fn take_all(&mut self, mut batches: Batches<pb::Result>) -> Result<(), Status> {
        let mut under_way = FuturesOrdered::new();
        let end = loop {
            // What would take the room of the caller's other streams is not read before this one is answered.
            let reads_on = under_way.is_empty() || under_way.len() < BATCHES_MAX && batches.may_read_ahead();
            let batch = tokio::select! {
                biased;
                Some(answered) = under_way.next(), if !under_way.is_empty() => {
                    self.add(answered?);
                    continue;
                }
                batch = batches.next(), if reads_on => batch,
            };
            let handed_over = match batch {
                Some(Ok(batch)) => self.hand_over(batch).await,
                Some(Err(status)) => break Err(status),
                None => break Ok(()),
            };
            match handed_over {
                Ok((told, judged)) => {
                    under_way.push_back(told);
                    if judged.is_err() {
                        break judged;
                    }
                }
                Err(status) => break Err(status),
            }
        };
        while let Some(answered) = under_way.next().await {
            self.add(answered?);
        }
        end
    }

    /// Hands a batch to the engine, as far as it can be read; then it is said what is wrong.
    async fn hand_over(
        &mut self,
        batch: Batch<pb::Result>,
    ) -> Result<(UnderWay, Result<(), Status>), Status> {
        let Batch { messages, in_flight } = batch;
        self.unsent.grow(self.receipt.growth(&messages))?;
        self.log(&messages);
        let mut named = Vec::with_capacity(messages.len());
        let mut told = Vec::with_capacity(messages.len());
        let judged = messages.into_iter().try_for_each(|result| self.judge(result, &mut named, &mut told));
        let verdicts = match told.is_empty() {
            true => None,
            false => Some(self.engine.tell_ahead(told).await.map_err(status::from_engine)?),
        };
        let answered = async move {
            let verdicts = match verdicts {
                Some(verdicts) => verdicts.await.map_err(status::from_engine)?,
                None => Vec::new(),
            };
            Ok(Answered { named, verdicts, _in_flight: in_flight })
        };
        Ok((answered.boxed(), judged))
    }

    /// The receipt has these too.
    fn add(&mut self, answered: Answered) {
        let mut verdicts = answered.verdicts.into_iter();
        for Named { shown, is_asked } in answered.named {
            let verdict = if is_asked { verdicts.next() } else { None };
            self.receipt.add(shown, verdict.unwrap_or(NO_TASK));
        }
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
        if result.id.is_empty() && result.lease.is_empty() {
            convert::told(result, self.client.as_ref())?;
            self.receipt.add_anonymous();
            return Ok(());
        }
        let shown = self.receipt.promise().then(|| (result.id.clone(), result.lease.clone()));
        let asked = convert::told(result, self.client.as_ref())?;
        named.push(Named { shown, is_asked: asked.is_some() });
        told.extend(asked);
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
