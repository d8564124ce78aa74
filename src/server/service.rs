//! The list of the calls. Each is in the file of the command that makes it.

use futures_util::stream::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use super::{
    ack, call::Call, cancel, clients, groups, purge, queues, reason::Reason, redrive, roll_call, send_status,
    status, submit, tasks, unsent, watch_results, watch_tasks, why,
};
use crate::{
    pb::{self, contact_server},
    wire::TASK_BYTES_MAX,
};

/// A message has room for the longest task and all that goes with it, in bytes.
pub(super) const MESSAGE_BYTES_MAX: usize = TASK_BYTES_MAX + (64 << 10);

/// The service, to be mounted on a port.
pub(super) fn serve(call: Call) -> contact_server::ContactServer<Service> {
    contact_server::ContactServer::new(Service(call)).max_decoding_message_size(MESSAGE_BYTES_MAX)
}

/// Answers the calls.
pub(super) struct Service(Call);

type Answers<T> = BoxStream<'static, Result<T, Status>>;

/// Makes an admin's call, whether or not its client waits for it: what was done is written down also if its answer
/// finds nobody.
async fn to_the_end<T: Send + 'static>(
    answer: impl Future<Output = Result<T, Status>> + Send + 'static,
) -> Result<T, Status> {
    let failed = |_| Err(status::new(Reason::Internal, "the call failed"));
    tokio::spawn(answer).await.unwrap_or_else(failed)
}

#[tonic::async_trait]
impl contact_server::Contact for Service {
    type sendStatusStream = Answers<pb::Result>;
    type getTaskStream = Answers<pb::ServerMsg>;
    type submitTaskStream = Answers<pb::Submitted>;
    type watchResultsStream = Answers<pb::Result>;
    type watchClientsStream = Answers<pb::ClientEvent>;

    async fn send_status(
        &self,
        request: Request<Streaming<pb::ClientMsg>>,
    ) -> Result<Response<Self::sendStatusStream>, Status> {
        let call = self.0.of(&request);
        Ok(Response::new(send_status::answer(&call, request.into_inner())))
    }

    async fn get_task(&self, request: Request<pb::Watch>) -> Result<Response<Self::getTaskStream>, Status> {
        let call = self.0.of(&request);
        watch_tasks::answer(&call, request.into_inner()).await
    }

    async fn tell_result(
        &self,
        request: Request<Streaming<pb::Result>>,
    ) -> Result<Response<pb::Receipt>, Status> {
        ack::answer(&self.0.of(&request), request.into_inner()).await
    }

    async fn submit_task(
        &self,
        request: Request<Streaming<pb::NewTask>>,
    ) -> Result<Response<Self::submitTaskStream>, Status> {
        Ok(submit::answer(&self.0.of(&request), request.into_inner()))
    }

    async fn list_queues(&self, request: Request<pb::ListQueues>) -> Result<Response<pb::Queues>, Status> {
        let call = self.0.of(&request);
        unsent::page(&call, queues::answer(&call, request.into_inner())).await
    }

    async fn list_groups(&self, request: Request<pb::ListGroups>) -> Result<Response<pb::Groups>, Status> {
        let call = self.0.of(&request);
        unsent::page(&call, groups::list(&call, request.into_inner())).await
    }

    async fn list_tasks(&self, request: Request<pb::ListTasks>) -> Result<Response<pb::Tasks>, Status> {
        let call = self.0.of(&request);
        unsent::page(&call, tasks::answer(&call, request.into_inner())).await
    }

    async fn explain_task(&self, request: Request<pb::TaskName>) -> Result<Response<pb::Explained>, Status> {
        let call = self.0.of(&request);
        unsent::page(&call, why::answer(&call, request.into_inner())).await
    }

    async fn cancel_task(&self, request: Request<pb::TaskNames>) -> Result<Response<pb::Receipt>, Status> {
        let call = self.0.of(&request);
        let of_call = call.clone();
        let done = to_the_end(async move { cancel::answer(&of_call, request.into_inner()).await });
        unsent::page(&call, done).await
    }

    async fn redrive_task(&self, request: Request<pb::Redrive>) -> Result<Response<pb::Redriven>, Status> {
        let call = self.0.of(&request);
        let of_call = call.clone();
        let done = to_the_end(async move { redrive::answer(&of_call, request.into_inner()).await });
        unsent::page(&call, done).await
    }

    async fn purge_queue(&self, request: Request<pb::Purge>) -> Result<Response<pb::Purged>, Status> {
        let call = self.0.of(&request);
        to_the_end(async move { purge::answer(&call, request.into_inner()).await }).await.map(Response::new)
    }

    async fn set_group(&self, request: Request<pb::GroupSettings>) -> Result<Response<pb::Group>, Status> {
        let call = self.0.of(&request);
        to_the_end(async move { groups::set(&call, request.into_inner()).await }).await.map(Response::new)
    }

    async fn watch_results(
        &self,
        request: Request<pb::WatchResults>,
    ) -> Result<Response<Self::watchResultsStream>, Status> {
        watch_results::answer(&self.0.of(&request), request.into_inner()).await
    }

    async fn call_roll(&self, request: Request<pb::RollCall>) -> Result<Response<pb::Roll>, Status> {
        let call = self.0.of(&request);
        unsent::page(&call, roll_call::answer(&call, request.into_inner())).await
    }

    async fn list_clients(&self, request: Request<pb::ListClients>) -> Result<Response<pb::Clients>, Status> {
        let call = self.0.of(&request);
        unsent::page(&call, clients::list(&call, request.into_inner())).await
    }

    async fn watch_clients(
        &self,
        request: Request<pb::WatchClients>,
    ) -> Result<Response<Self::watchClientsStream>, Status> {
        clients::watch(&self.0.of(&request), request.get_ref())
    }
}
