//! The port: from a connection to a call.
//!
//! ```text
//!  listener ──► door ──► connection ──► HTTP/2 ──► answer ──► the call
//!               places   TLS, preface   hyper      who asks, how much
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
pub mod tls;
mod turn;
mod wire;

use std::{convert::Infallible, future::Future, pin::pin, sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(super) use answer::Answering;
use answer::Line;
use door::Door;
pub(super) use peer::Peer;

/// The connections that are served.
pub(super) struct Port {
    /// Each connection has a sender: when all are gone there is nothing more to receive.
    connections: mpsc::Receiver<Infallible>,
    cut: CancellationToken,
}

impl Port {
    /// Takes connections until `shutdown` is over. Those there are go on.
    pub(super) async fn accept(
        listener: listener::Listener,
        answering: Arc<Answering>,
        shutdown: impl Future<Output = ()>,
    ) -> Self {
        let limits = &answering.settings.limits;
        let http = Arc::new(connection::builder(limits));
        let mut door = Door::new(listener, limits);
        let (alive, connections) = mpsc::channel(1);
        let cut = CancellationToken::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let (stream, place) = tokio::select! {
                () = &mut shutdown => return Port { connections, cut },
                next = door.next() => next,
            };
            let connection = connection::serve(http.clone(), stream, answering.clone());
            let (cut, held) = (cut.clone(), (place, alive.clone()));
            tokio::spawn(async move {
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
