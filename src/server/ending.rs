//! When calls end although neither side has said all: the server is about to end, or the connection has come of
//! age. Each call of the connection then ends by UNAVAILABLE, and its client comes back.
//!
//! What is told of tasks is taken for a little longer than the rest: a worker that was about to say that it is done
//! need not do it all again.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::status;

/// For how long what is told of tasks is still taken.
pub(super) const SETTLE_GRACE: Duration = Duration::from_secs(1);

/// The end of the calls of a connection; the server's own is that of all connections. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Ending {
    /// The server's.
    server: CancellationToken,
    /// This one's.
    begun: CancellationToken,
    settled: CancellationToken,
}

impl Ending {
    /// Of the server, and with it of everything.
    pub(super) fn of_server() -> Self {
        let server = CancellationToken::new();
        Ending { begun: server.clone(), server, settled: CancellationToken::new() }
    }

    /// Of a connection: it ends with the server, or before it.
    pub(super) fn of_connection(&self) -> Self {
        Ending {
            server: self.server.clone(),
            begun: self.begun.child_token(),
            settled: self.settled.child_token(),
        }
    }

    /// Ends all calls but those that tell what became of tasks.
    pub(super) fn begin(&self) {
        self.begun.cancel();
    }

    /// Ends these too.
    pub(super) fn settle(&self) {
        self.settled.cancel();
    }

    /// Whether it is the server that ends, not the connection alone.
    pub(super) fn is_server(&self) -> bool {
        self.server.is_cancelled()
    }

    /// Over when calls are to end: by this status.
    pub(super) fn begun(&self) -> BoxFuture<'static, Status> {
        self.clone().after(self.begun.clone())
    }

    /// Over when calls that tell what became of tasks are to end: by this status.
    pub(super) fn settled(&self) -> BoxFuture<'static, Status> {
        self.clone().after(self.settled.clone())
    }

    fn after(self, token: CancellationToken) -> BoxFuture<'static, Status> {
        async move {
            token.cancelled_owned().await;
            if self.is_server() { status::stopping() } else { status::aged() }
        }
        .boxed()
    }
}
