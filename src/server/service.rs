//! The list of the calls. Each is in the file of the command that makes it.

use futures_util::stream::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use super::{ack, call::Call, send_status, submit, watch_tasks};
use crate::{
    pb::{self, contact_server},
    wire::TASK_BYTES_MAX,
};

/// A message has room for the longest task and all that goes with it, in bytes.
const MESSAGE_BYTES_MAX: usize = TASK_BYTES_MAX + (64 << 10);

/// The service, to be mounted on a port.
pub(super) fn serve(call: Call) -> contact_server::ContactServer<Service> {
    contact_server::ContactServer::new(Service(call)).max_decoding_message_size(MESSAGE_BYTES_MAX)
}

/// Answers the calls.
pub(super) struct Service(Call);

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
        Ok(Response::new(send_status::answer(&self.0, request.into_inner())))
    }

    async fn get_task(&self, request: Request<pb::Watch>) -> Result<Response<Self::getTaskStream>, Status> {
        watch_tasks::answer(&self.0, request.into_inner()).await
    }

    async fn tell_result(
        &self,
        request: Request<Streaming<pb::Result>>,
    ) -> Result<Response<pb::Receipt>, Status> {
        ack::answer(&self.0, request.into_inner()).await.map(Response::new)
    }

    async fn submit_task(
        &self,
        request: Request<Streaming<pb::NewTask>>,
    ) -> Result<Response<Self::submitTaskStream>, Status> {
        Ok(Response::new(submit::answer(&self.0, request.into_inner())))
    }

    // TEMP: the calls of groups are answered by the files of their commands.
    async fn list_queues(&self, _: Request<pb::ListQueues>) -> Result<Response<pb::Queues>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn list_groups(&self, _: Request<pb::ListGroups>) -> Result<Response<pb::Groups>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn list_tasks(&self, _: Request<pb::ListTasks>) -> Result<Response<pb::Tasks>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn explain_task(&self, _: Request<pb::TaskName>) -> Result<Response<pb::Explained>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn cancel_task(&self, _: Request<pb::TaskNames>) -> Result<Response<pb::Receipt>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn redrive_task(&self, _: Request<pb::Redrive>) -> Result<Response<pb::Redriven>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn purge_queue(&self, _: Request<pb::Purge>) -> Result<Response<pb::Purged>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn set_group(&self, _: Request<pb::GroupSettings>) -> Result<Response<pb::Group>, Status> {
        Err(Status::unimplemented(""))
    }
}
