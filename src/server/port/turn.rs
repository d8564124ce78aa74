//! Turns: a peer that sends without a pause leaves room for others. The runtime counts reads, but a read may bring a
//! thousand frames, and a frame may cost as much as a thousand others; so this counts the time.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::Instant;

/// How long one peer is served without a pause.
const TURN: Duration = Duration::from_micros(250);

/// The turn of one peer.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// Since when, and how many steps it has had.
    began: Option<(Instant, u32)>,
}

impl Turn {
    /// Before each step. Pending: the turn is over, others have theirs, and this task is woken again. `over` is told
    /// how many steps there were.
    #[allow(clippy::disallowed_methods, reason = "decides whose turn it is, and nothing else")]
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, over: impl FnOnce(u32)) -> Poll<()> {
        let now = Instant::now();
        let (began, steps) = self.began.unwrap_or((now, 0));
        if now - began <= TURN {
            self.began = Some((began, steps + 1));
            return Poll::Ready(());
        }
        self.began = None;
        over(steps);
        // Wakes this task when the others, and those whom the system has news for, have had their turn.
        let _ = pin!(tokio::task::yield_now()).poll(cx);
        Poll::Pending
    }

    /// There was nothing to do: that is a pause.
    pub(super) fn pause(&mut self) {
        self.began = None;
    }
}
