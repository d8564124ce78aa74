//! Where an answer goes, and what it will be: decided with its batch, said when that is on disk.

use tokio::sync::oneshot;

use crate::server::engine::Error;

/// An answer that somebody waits for.
pub(in super::super) struct Answer<T> {
    to: oneshot::Sender<Result<T, Error>>,
    decided: Option<Result<T, Error>>,
}

impl<T> Answer<T> {
    /// An answer, and where it is waited for.
    pub(in super::super) fn new() -> (Self, oneshot::Receiver<Result<T, Error>>) {
        let (to, answered) = oneshot::channel();
        (Answer { to, decided: None }, answered)
    }

    /// Whether nobody waits for it any more.
    pub(in super::super) fn is_closed(&self) -> bool {
        self.to.is_closed()
    }

    /// What it will be, unless it is decided anew.
    pub(in super::super) fn decide(&mut self, decided: Result<T, Error>) {
        self.decided = Some(decided);
    }

    /// Answers with what was decided, or with why it could not be kept.
    pub(in super::super) fn send(self, failed: Option<&Error>) {
        let Some(answer) = failed.map(|error| Err(error.clone())).or(self.decided) else { return };
        // Who does not wait any more need not be told.
        let _ = self.to.send(answer);
    }
}
