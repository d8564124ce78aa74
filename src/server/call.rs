//! What every call is given.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{chatter::Chatter, engine::Engine};

/// Where a call comes from: host and port, or `unix`.
#[derive(Debug, Clone, Default)]
pub(super) struct Peer(pub(super) String);

impl Peer {
    /// Of a call's request.
    pub(super) fn of<T>(request: &tonic::Request<T>) -> Self {
        request.extensions().get::<Peer>().cloned().unwrap_or_default()
    }
}

/// The world of the calls.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) engine: Arc<dyn Engine>,
    /// Cancelled when the server is about to end: every stream then does.
    pub(super) stopping: CancellationToken,
    /// Cancelled a little later: what is being told of tasks when the server is about to end is taken.
    pub(super) settled: CancellationToken,
    pub(super) statuses_logged: Arc<Chatter>,
    pub(super) results_logged: Arc<Chatter>,
}

impl Call {
    pub(super) fn new(engine: Arc<dyn Engine>) -> Self {
        Call {
            engine,
            stopping: CancellationToken::new(),
            settled: CancellationToken::new(),
            statuses_logged: Arc::default(),
            results_logged: Arc::default(),
        }
    }
}
