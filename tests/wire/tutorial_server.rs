//! A server written from the tutorial's stubs alone: what stands on the other side of our commands when it
//! is not ours.

use std::sync::{Arc, Mutex};

use futures_util::{StreamExt, stream, stream::BoxStream};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::TcpListener, runtime::Runtime, sync::watch};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming, body::Body, service::Routes};
use tower::ServiceExt;

use crate::tutorial::{
    ClientMsg, Empty, Result as Told, ServerMsg,
    contact_server::{Contact, ContactServer},
};

/// A running server. Ends when dropped.
pub(crate) struct TutorialServer {
    pub(crate) address: String,
    world: Arc<World>,
    /// On a thread of its own, for the tests wait for our commands.
    _runtime: Runtime,
}

/// What it has and what it has heard.
struct World {
    tasks: watch::Sender<Vec<String>>,
    statuses: Mutex<Vec<String>>,
    told: Mutex<Vec<String>>,
    /// The connections that there are now.
    connections: Mutex<CancellationToken>,
    habit: Habit,
}

/// What a server may do that the tutorial leaves open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// What tonic does.
    Usual,
    /// Headers go out with the first message only, as grpcio's server does it.
    LateHeaders,
    /// A watch ends, and well, when there are no more tasks.
    EndsWatches,
}

impl TutorialServer {
    /// Starts a server that has these tasks.
    pub(crate) fn start(tasks: &[&str]) -> Self {
        Self::start_with(Habit::Usual, tasks)
    }

    /// Starts one with a habit.
    pub(crate) fn start_with(habit: Habit, tasks: &[&str]) -> Self {
        let world = Arc::new(World {
            tasks: watch::Sender::new(tasks.iter().map(ToString::to_string).collect()),
            statuses: Mutex::default(),
            told: Mutex::default(),
            connections: Mutex::default(),
            habit,
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        runtime.spawn(accept(listener, world.clone()));
        TutorialServer { address, world, _runtime: runtime }
    }

    /// Makes one more task.
    pub(crate) fn add_task(&self, task: &str) {
        self.world.tasks.send_modify(|tasks| tasks.push(task.to_owned()));
    }

    /// How many watches there are.
    pub(crate) fn watches(&self) -> usize {
        self.world.tasks.receiver_count()
    }

    /// Breaks every connection without a word.
    pub(crate) fn cut_connections(&self) {
        std::mem::take(&mut *self.world.connections.lock().unwrap()).cancel();
    }

    /// The statuses that came.
    pub(crate) fn statuses(&self) -> Vec<String> {
        self.world.statuses.lock().unwrap().clone()
    }

    /// What was told of tasks.
    pub(crate) fn told(&self) -> Vec<String> {
        self.world.told.lock().unwrap().clone()
    }
}

// tonic's own server is not built in: the crate serves through hyper, and so does this.
async fn accept(listener: TcpListener, world: Arc<World>) {
    let routes = Routes::new(ContactServer::new(Service(world.clone()))).prepare();
    while let Ok((stream, _)) = listener.accept().await {
        let routes = routes.clone();
        let service = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
            routes.clone().oneshot(request.map(Body::new))
        });
        let cut = world.connections.lock().unwrap().clone();
        tokio::spawn(cut.run_until_cancelled_owned(async move {
            let http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        }));
    }
}

struct Service(Arc<World>);

#[tonic::async_trait]
impl Contact for Service {
    type sendStatusStream = BoxStream<'static, Result<Told, Status>>;
    type getTaskStream = BoxStream<'static, Result<ServerMsg, Status>>;

    async fn send_status(
        &self,
        request: Request<Streaming<ClientMsg>>,
    ) -> Result<Response<Self::sendStatusStream>, Status> {
        let world = self.0.clone();
        let replies = request.into_inner().map(move |status| {
            let msg = status?.msg;
            world.statuses.lock().unwrap().push(msg.clone());
            Ok(Told { ret: format!("received: {msg}") })
        });
        Ok(Response::new(replies.boxed()))
    }

    async fn get_task(&self, _: Request<Empty>) -> Result<Response<Self::getTaskStream>, Status> {
        let mut tasks = self.0.tasks.subscribe();
        if self.0.habit == Habit::LateHeaders {
            let _ = tasks.wait_for(|tasks| !tasks.is_empty()).await;
        }
        let ends = self.0.habit == Habit::EndsWatches;
        let messages = stream::unfold((tasks, 0), move |(mut tasks, sent)| async move {
            if ends && tasks.borrow().len() == sent {
                return None;
            }
            let task = tasks.wait_for(|tasks| tasks.len() > sent).await.ok()?[sent].clone();
            Some((Ok(ServerMsg { task }), (tasks, sent + 1)))
        });
        Ok(Response::new(messages.boxed()))
    }

    async fn tell_result(&self, request: Request<Streaming<Told>>) -> Result<Response<Empty>, Status> {
        let mut told = request.into_inner();
        while let Some(told) = told.message().await? {
            self.0.told.lock().unwrap().push(told.ret);
        }
        Ok(Response::new(Empty {}))
    }
}
