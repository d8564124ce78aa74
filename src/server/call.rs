//! What every call is given.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use tonic::Status;

use super::{
    access::Caller,
    bounds::{Account, OpenCall},
    chatter::Chatter,
    convert,
    ending::Ending,
    engine::Engine,
};
use crate::name::QueueName;

/// The world of a call.
#[derive(Clone)]
pub(super) struct Call {
    /// Reaches as far as the caller.
    pub(super) engine: Arc<dyn Engine>,
    /// Who makes it.
    pub(super) caller: Caller,
    /// What that has of the server.
    pub(super) account: Arc<Account>,
    /// That it is open: whatever goes on for it when its caller has left has this in hand.
    pub(super) open: Option<Arc<OpenCall>>,
    /// When it ends, whatever its caller has still to say.
    pub(super) ending: Ending,
    pub(super) statuses_logged: Arc<Chatter>,
    pub(super) results_logged: Arc<Chatter>,
}

impl Call {
    /// The world of anybody's call.
    pub(super) fn new(engine: Arc<dyn Engine>) -> Self {
        Call {
            engine,
            caller: Caller::anybody(String::new()),
            account: Arc::new(Account::unbounded()),
            open: None,
            ending: Ending::of_server(),
            statuses_logged: Arc::default(),
            results_logged: Arc::default(),
        }
    }

    /// The world of the call that makes this request.
    pub(super) fn of<T>(&self, request: &tonic::Request<T>) -> Self {
        let caller = Caller::of(request);
        let engine = match caller.reach() {
            everything if everything.is_everything() => self.engine.clone(),
            reach => self.engine.within(reach),
        };
        let open = request.extensions().get::<Arc<OpenCall>>().cloned();
        let account = open.as_ref().map_or(&self.account, |open| open.account()).clone();
        let ending = request.extensions().get::<Ending>().unwrap_or(&self.ending).clone();
        Call { engine, caller, account, open, ending, ..self.clone() }
    }

    /// Over when nothing more that is told of tasks is taken: by this status.
    pub(super) fn settled(&self) -> BoxFuture<'static, Status> {
        let settled = self.ending.settled();
        let Some(ended) = self.caller.ended().cloned() else { return settled };
        let caller = self.caller.clone();
        async move {
            tokio::select! {
                status = settled => status,
                () = ended.cancelled() => caller.end(),
            }
        }
        .boxed()
    }

    /// Judges the name of a queue where none means all that there are for the caller.
    pub(super) fn some_queue(&self, field: &str, name: &str) -> Result<Option<QueueName>, Status> {
        convert::some_queue(field, name)?.map(|queue| self.caller.queue(queue)).transpose()
    }
}
