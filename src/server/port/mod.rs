//! The port: from a connection to a call.
//!
//! ```text
//!  listener ──► door ──► connection ──► HTTP/2 ──► answer ──► the call
//!               places   TLS, preface   hyper      who asks, how much
//!                        └──────────── on one of the threads ───────┘
//! ```
//!
//! Everything that costs something before it is known who asks has a bound and a time limit here.

mod admitted;
mod answer;
mod connection;
mod door;
mod farewell;
mod foreign;
mod held;
mod inflow;
pub mod listener;
mod meter;
mod peer;
mod places;
mod preface;
mod threads;
pub mod tls;
mod turn;
mod wire;

use std::{convert::Infallible, future::Future, io, pin::pin, sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(super) use answer::Answering;
use answer::Line;
use door::Door;
pub(super) use peer::Peer;
use threads::Threads;

/// The connections that are served.
pub(super) struct Port {
    /// Each connection has a sender: when all are gone there is nothing more to receive.
    connections: mpsc::Receiver<Infallible>,
    cut: CancellationToken,
    _threads: Threads,
}

impl Port {
    /// Takes connections until `shutdown` is over. Those there are go on. Fails if there can be no threads for them.
    pub(super) async fn accept(
        listener: listener::Listener,
        answering: Arc<Answering>,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<Self> {
        let threads = Threads::start()?;
        let limits = &answering.settings.limits;
        let http = Arc::new(connection::builder(limits));
        let mut door = Door::new(listener, limits);
        let (alive, connections) = mpsc::channel(1);
        let cut = CancellationToken::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let (stream, place) = tokio::select! {
                () = &mut shutdown => return Ok(Port { connections, cut, _threads: threads }),
                next = door.next() => next,
            };
            let (http, answering) = (http.clone(), answering.clone());
            let stream = stream.leave();
            let connection = async { connection::serve(http, stream?.arrive()?, answering).await };
            let (cut, held) = (cut.clone(), (place, alive.clone()));
            threads.serve(async move {
                let _held = held;
                tokio::select! {
                    end = connection => if let Err(e) = end {
                        tracing::debug!("a connection ended: {e:#}");
                    },
                    () = cut.cancelled() => {}
                }
            });
        }
    }

    /// Waits until all connections have ended, which they do when their calls are told to, and cuts off those that
    /// have not within `grace`.
    pub(super) async fn end(mut self, grace: Duration) {
        if tokio::time::timeout(grace, self.connections.recv()).await.is_err() {
            tracing::warn!("cutting off connections that did not end within {grace:?}");
        }
        self.cut.cancel();
    }
}
