//! `submitTask`: each task is answered, in order, when it is on disk. While one batch is being synced the
//! next are read and handed on, so a client that pipelines never waits for a sync.

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream, stream::BoxStream};
use tonic::{Status, Streaming};

use super::{batches::Batches, convert, engine::Engine, service::Service, status};
use crate::{
    name::{OwnId, QueueName},
    pb,
};

/// Batches of one stream that may be under way.
const BATCHES_MAX: usize = 16;

pub(super) fn answer(
    service: &Service,
    tasks: Streaming<pb::NewTask>,
) -> BoxStream<'static, Result<pb::Submitted, Status>> {
    let engine = service.engine.clone();
    Batches::new(tasks, &service.stopping, |task| task.task.len())
        .map(move |batch| match batch {
            Ok(batch) => take(engine.clone(), batch),
            Err(status) => std::future::ready(Err(status)).boxed(),
        })
        .buffered(BATCHES_MAX)
        .flat_map(|answers| {
            stream::iter(match answers {
                Ok(answers) => answers.into_iter().map(Ok).collect(),
                Err(status) => vec![Err(status)],
            })
        })
        .boxed()
}

/// What is needed to answer a task once it is in.
enum Asked {
    Good(Option<OwnId>, QueueName),
    Bad(Status),
}

fn take(
    engine: std::sync::Arc<dyn Engine>,
    batch: Vec<pb::NewTask>,
) -> BoxFuture<'static, Result<Vec<pb::Submitted>, Status>> {
    let mut asked = Vec::with_capacity(batch.len());
    let mut good = Vec::with_capacity(batch.len());
    for task in batch {
        match convert::new_task(task) {
            Ok(task) => {
                asked.push(Asked::Good(task.id.clone(), task.queue.clone()));
                good.push(task);
            }
            Err(status) => asked.push(Asked::Bad(status)),
        }
    }
    async move {
        let accepted = if good.is_empty() { Ok(Vec::new()) } else { engine.submit(good).await };
        let mut accepted = accepted.map_err(status::from_engine)?.into_iter();
        let answers = asked.into_iter().map(|asked| match asked {
            Asked::Good(id, queue) => match accepted.next() {
                Some(Ok(accepted)) => convert::submitted(&accepted, id.as_ref(), &queue),
                Some(Err(refused)) => refused_answer(&status::from_refused(&refused), &queue, id.as_ref()),
                None => refused_answer(&Status::internal("the engine did not answer"), &queue, id.as_ref()),
            },
            Asked::Bad(status) => {
                pb::Submitted { refusal: Some(status::refusal(&status)), ..pb::Submitted::default() }
            }
        });
        Ok(answers.collect())
    }
    .boxed()
}

fn refused_answer(status: &Status, queue: &QueueName, id: Option<&OwnId>) -> pb::Submitted {
    pb::Submitted {
        id: id.map(|id| id.as_str().to_owned()).unwrap_or_default(),
        queue: queue.to_string(),
        refusal: Some(status::refusal(status)),
        ..pb::Submitted::default()
    }
}
