//! A stream to the server that is opened again and again.

use std::time::Duration;

use tonic::Status;

use crate::cli::connect::Tries;

/// A stream, and how it has gone with it.
pub(super) struct Link<T> {
    pub(super) stream: T,
    pub(super) tries: Tries,
    /// It has failed, and was not opened since.
    pub(super) is_failing: bool,
    was_open: bool,
}

impl<T> Link<T> {
    pub(super) fn new(stream: T) -> Self {
        Link { stream, tries: Tries::new(None), is_failing: false, was_open: false }
    }

    /// It is open. True if it was before.
    pub(super) fn opened(&mut self) -> bool {
        self.tries.opened();
        self.is_failing = false;
        std::mem::replace(&mut self.was_open, true)
    }

    /// Whether it is up, as far as one knows.
    pub(super) fn is_up(&self) -> bool {
        self.was_open && !self.is_failing
    }

    /// It has failed. Whether that is news, and how long to wait, at most `bound`.
    pub(super) fn failed(&mut self, status: &Status, bound: Duration) -> (bool, Duration) {
        self.is_failing = true;
        (self.tries.failed(status), self.tries.next_pause(status, bound))
    }
}
