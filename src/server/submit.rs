//! `submitTask`: each task is answered, in order, when it is on disk. While one batch is being synced the
//! next are read and handed on, so a client that pipelines never waits for a sync.
//!
//! The reading half is a task of its own. It waits for the engine's room, and it must go on whether or not
//! the client reads its answers: room that is given to somebody who never asks again would be lost to all.

use bytes::Bytes;
use futures_util::{StreamExt, stream::BoxStream};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status, Streaming};

use super::{
    batches::{Batch, Batches, MESSAGE_COST},
    bounds::InFlight,
    call::Call,
    convert,
    engine::Answers,
    ready::{self, Messages},
    reason::Reason,
    status,
};
use crate::{
    name::{OwnId, QueueName},
    pb,
};

/// Batches of one stream that may be taken and unanswered.
const BATCHES_MAX: usize = 16;
/// About what an answer has.
pub(super) const ANSWER_BYTES: usize = 40;

pub(super) fn answer(
    call: &Call,
    tasks: Streaming<pb::NewTask>,
) -> Response<BoxStream<'static, Result<pb::Submitted, Status>>> {
    let bytes_of = |task: &pb::NewTask| {
        task.task.len() + task.labels.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>()
    };
    let batches = Batches::new(tasks, &call.account, call.ending.begun(), bytes_of).costing(MESSAGE_COST);
    let (sender, taken) = mpsc::channel(BATCHES_MAX);
    tokio::spawn(take_all(call.clone(), batches, sender));
    ready::response(ReceiverStream::new(taken).then(|taken: Result<Taken, Status>| async {
        match taken {
            Ok(taken) => taken.answers().await,
            Err(status) => Err(status),
        }
    }))
}

/// Hands the batches to the engine, in order, until the stream ends or nobody wants the answers.
async fn take_all(call: Call, mut batches: Batches<pb::NewTask>, taken: mpsc::Sender<Result<Taken, Status>>) {
    // A place for the answers first: what is read is then in the engine's hands, not in ours.
    while let Ok(place) = taken.reserve().await {
        let batch = match batches.next().await {
            Some(Ok(batch)) => Taken::hand_over(&call, batch).await,
            Some(Err(status)) => Err(status),
            None => return,
        };
        let ended = batch.is_err();
        place.send(batch);
        if ended {
            return;
        }
    }
}

/// A batch that the engine has.
struct Taken {
    asked: Vec<Asked>,
    /// Of those that were asked well.
    answers: Option<Answers>,
    in_flight: InFlight,
}

/// What is needed to answer a task once it is in.
enum Asked {
    Good(Option<OwnId>, QueueName),
    Bad(Status),
}

impl Taken {
    async fn hand_over(call: &Call, batch: Batch<pb::NewTask>) -> Result<Self, Status> {
        let Batch { messages, in_flight } = batch;
        let mut asked = Vec::with_capacity(messages.len());
        let mut good = Vec::with_capacity(messages.len());
        let mut tasks = convert::Tasks::of(&call.caller);
        for task in messages {
            match tasks.judge(task) {
                Ok(task) => {
                    asked.push(Asked::Good(task.id.clone(), task.queue.clone()));
                    good.push(task);
                }
                Err(status) => asked.push(Asked::Bad(status)),
            }
        }
        let answers = match good.is_empty() {
            true => None,
            false => Some(call.engine.submit(good).await.map_err(status::from_engine)?),
        };
        Ok(Taken { asked, answers, in_flight })
    }

    /// The answers as they go out. They count as unanswered until that.
    async fn answers(self) -> Result<Bytes, Status> {
        let accepted = match self.answers {
            Some(answers) => answers.await.map_err(status::from_engine)?,
            None => Vec::new(),
        };
        let mut accepted = accepted.into_iter();
        let mut messages = Messages::with_capacity(self.asked.len() * ANSWER_BYTES);
        // One for all: most answers say little, and that is written over.
        let mut answer = pb::Submitted::default();
        for asked in self.asked {
            match asked {
                Asked::Good(id, queue) => match accepted.next() {
                    Some(Ok(accepted)) => {
                        convert::submitted(&mut answer, &accepted, id.as_ref(), &queue);
                        messages.add(&answer);
                    }
                    Some(Err(refused)) => {
                        messages.add(&refused_answer(&status::from_refused(&refused), &queue, id.as_ref()));
                    }
                    None => {
                        let status = status::new(Reason::Internal, "the engine did not answer");
                        messages.add(&refused_answer(&status, &queue, id.as_ref()));
                    }
                },
                Asked::Bad(status) => {
                    let refusal = Some(status::refusal(&status));
                    messages.add(&pb::Submitted { refusal, ..pb::Submitted::default() });
                }
            }
        }
        Ok(messages.held_by(self.in_flight))
    }
}

fn refused_answer(status: &Status, queue: &QueueName, id: Option<&OwnId>) -> pb::Submitted {
    pb::Submitted {
        id: id.map(|id| id.as_str().to_owned()).unwrap_or_default(),
        queue: queue.to_string(),
        refusal: Some(status::refusal(status)),
        ..pb::Submitted::default()
    }
}
