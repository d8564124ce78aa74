//! The list of the calls. Each is in the file of the command that makes it.

use std::sync::Arc;

use futures_util::stream::BoxStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use super::{ack, chatter::Chatter, engine::Engine, send_status, submit, watch_tasks};
use crate::{
    pb::{self, contact_server},
    wire::TASK_BYTES_MAX,
};

/// A message has room for the longest task and all that goes with it, in bytes.
const MESSAGE_BYTES_MAX: usize = TASK_BYTES_MAX + (64 << 10);

/// Answers the calls.
pub(super) struct Service {
    pub(super) engine: Arc<dyn Engine>,
    /// Cancelled when the server is about to end: every stream then does.
    pub(super) stopping: CancellationToken,
    pub(super) statuses_logged: Arc<Chatter>,
    pub(super) results_logged: Chatter,
}

impl Service {
    pub(super) fn new(engine: Arc<dyn Engine>, stopping: CancellationToken) -> Self {
        Service { engine, stopping, statuses_logged: Arc::default(), results_logged: Chatter::default() }
    }

    pub(super) fn into_server(self) -> contact_server::ContactServer<Self> {
        contact_server::ContactServer::new(self).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }
}

type Answers<T> = BoxStream<'static, Result<T, Status>>;

#[tonic::async_trait]
impl contact_server::Contact for Service {
    type sendStatusStream = Answers<pb::Result>;
    type getTaskStream = Answers<pb::ServerMsg>;
    type submitTaskStream = Answers<pb::Submitted>;

    async fn send_status(
        &self,
        request: Request<Streaming<pb::ClientMsg>>,
    ) -> Result<Response<Self::sendStatusStream>, Status> {
        Ok(Response::new(send_status::answer(self, request.into_inner())))
    }

    async fn get_task(&self, request: Request<pb::Watch>) -> Result<Response<Self::getTaskStream>, Status> {
        watch_tasks::answer(self, request.into_inner()).await
    }

    async fn tell_result(
        &self,
        request: Request<Streaming<pb::Result>>,
    ) -> Result<Response<pb::Receipt>, Status> {
        ack::answer(self, request.into_inner()).await.map(Response::new)
    }

    async fn submit_task(
        &self,
        request: Request<Streaming<pb::NewTask>>,
    ) -> Result<Response<Self::submitTaskStream>, Status> {
        Ok(Response::new(submit::answer(self, request.into_inner())))
    }
}
