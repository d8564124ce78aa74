//! The port: from a connection to a call.
//!
//! ```text
//!  listener ──► accept ──► connection ──► HTTP/2 ──► answer ──► the call
//!               places     TLS, preface   hyper      who asks, how much
//! ```
//!
//! Everything that costs something before it is known who asks has a bound and a time limit here.

mod admitted;
mod answer;
mod connection;
mod held;
pub mod listener;
mod peer;
pub mod tls;

use std::{future::Future, sync::Arc, time::Duration};

use hyper_util::server::graceful::GracefulShutdown;
use tokio_util::sync::CancellationToken;

pub(super) use answer::Answering;
pub(super) use peer::Peer;

/// How long to leave the listener alone when the system has no descriptor for one more connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The connections that are served.
pub(super) struct Port {
    connections: GracefulShutdown,
    cut: CancellationToken,
}

impl Port {
    /// Takes connections until `shutdown` is over. Those there are go on.
    pub(super) async fn accept(
        mut listener: listener::Listener,
        answering: Arc<Answering>,
        shutdown: impl Future<Output = ()>,
    ) -> Self {
        let port = Port { connections: GracefulShutdown::new(), cut: CancellationToken::new() };
        let http = connection::builder(&answering.settings.limits);
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let stream = tokio::select! {
                () = &mut shutdown => return port,
                accepted = listener.accept() => match accepted {
                    Ok(stream) => stream,
                    Err(e) => {
                        // The peer is gone again, or there is no descriptor left: neither is the listener's end.
                        tracing::warn!("a connection could not be accepted: {e}");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
            };
            let (http, answering) = (http.clone(), answering.clone());
            let (watcher, cut) = (port.connections.watcher(), port.cut.clone());
            let serving = async move {
                let stream = match connection::secure(stream, answering.settings.tls.as_deref()).await {
                    Ok(stream) => stream,
                    Err(e) => return tracing::debug!("a connection was not secured: {e}"),
                };
                let connection = connection::serve(&http, stream, answering);
                if let Err(e) = watcher.watch(connection).await {
                    tracing::debug!("a connection ended: {e}");
                }
            };
            tokio::spawn(async move {
                tokio::select! {
                    () = serving => {}
                    () = cut.cancelled() => {}
                }
            });
        }
    }

    /// Asks all connections to end, and cuts those off that have not within `grace`.
    pub(super) async fn end(self, grace: Duration) {
        if tokio::time::timeout(grace, self.connections.shutdown()).await.is_err() {
            tracing::warn!("cutting off connections that did not end within {grace:?}");
        }
        self.cut.cancel();
    }
}
