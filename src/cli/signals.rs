//! SIGINT and SIGTERM.

use std::{io, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::Instant,
};

use super::exit::code;

/// A second signal so soon is the same wish: `timeout` sends one to its child and one to the child's group.
const ECHO: Duration = Duration::from_millis(400);

/// The two signals that ask a command to end. Caught from the moment this is made.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// When the last one came.
    last: Option<Instant>,
}

impl Signals {
    /// Begins to catch.
    pub(super) fn catch() -> io::Result<Self> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            last: None,
        })
    }

    /// Waits for one and returns its exit code.
    #[allow(clippy::disallowed_methods, reason = "measures a stretch of real time")]
    pub(super) async fn next(&mut self) -> u8 {
        loop {
            let code = tokio::select! {
                _ = self.interrupt.recv() => code::SIGINT,
                _ = self.terminate.recv() => code::SIGTERM,
            };
            let now = Instant::now();
            if self.last.replace(now).is_none_or(|last| now - last >= ECHO) {
                return code;
            }
        }
    }
}
