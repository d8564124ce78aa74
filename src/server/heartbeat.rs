//! Signs of life in a stream of tasks: an empty message when nothing has been sent for a while, so that what lies
//! between does not take the stream for dead, and the client knows that it is not. Only for who asks: on the
//! tutorial's stream there is nothing but tasks.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    Stream, StreamExt,
    stream::{BoxStream, Fuse},
};
use tokio::time::{Instant, Sleep};
use tonic::Status;

/// A message without a field: not compressed, of no bytes.
const EMPTY_MESSAGE: &[u8] = &[0; 5];

/// Frames as they are, and an empty message wherever there is none for so long.
pub(super) fn beating(
    frames: impl Stream<Item = Result<Bytes, Status>> + Send + 'static,
    every: Option<Duration>,
) -> BoxStream<'static, Result<Bytes, Status>> {
    match every {
        None => frames.boxed(),
        Some(every) => {
            let due = Box::pin(tokio::time::sleep(every));
            Beating { frames: Box::pin(frames.fuse()), every, due, is_idle: false }.boxed()
        }
    }
}

struct Beating<S> {
    frames: Pin<Box<Fuse<S>>>,
    every: Duration,
    due: Pin<Box<Sleep>>,
    /// Nothing was there when it was last looked for: the time runs. While there is more it is not read.
    is_idle: bool,
}

impl<S: Stream<Item = Result<Bytes, Status>>> Stream for Beating<S> {
    type Item = Result<Bytes, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(next) = self.frames.as_mut().poll_next(cx) {
            self.is_idle = false;
            return Poll::Ready(next);
        }
        if !self.is_idle {
            self.is_idle = true;
            let at = now() + self.every;
            self.due.as_mut().reset(at);
        }
        ready!(self.due.as_mut().poll(cx));
        self.is_idle = false;
        Poll::Ready(Some(Ok(Bytes::from_static(EMPTY_MESSAGE))))
    }
}

#[allow(clippy::disallowed_methods, reason = "says when the next sign of life is due")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, stream};
    use tokio::sync::mpsc;
    use tokio_stream::wrappers::UnboundedReceiverStream;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn it_beats_when_nothing_else_is_sent() {
        let (frames, sent) = mpsc::unbounded_channel();
        let mut beating = beating(UnboundedReceiverStream::new(sent).map(Ok), Some(SECOND));
        let mut next = || beating.next().now_or_never().flatten().map(Result::unwrap);
        assert_eq!(next(), None);
        tokio::time::advance(SECOND / 2).await;
        frames.send(Bytes::from_static(b"frame")).unwrap();
        assert_eq!(next(), Some(Bytes::from_static(b"frame")));
        assert_eq!(next(), None);
        // Counted anew from what was sent.
        tokio::time::advance(SECOND - Duration::from_millis(1)).await;
        assert_eq!(next(), None);
        tokio::time::advance(Duration::from_millis(2)).await;
        assert_eq!((next(), next()), (Some(Bytes::from_static(EMPTY_MESSAGE)), None));
        // Who does not read for an hour is owed one, not thousands.
        tokio::time::advance(3600 * SECOND).await;
        assert_eq!((next(), next()), (Some(Bytes::from_static(EMPTY_MESSAGE)), None));
        drop(frames);
        assert!(matches!(beating.next().now_or_never(), Some(None)), "it ends as its frames do");
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_ask_gets_none() {
        let mut silent = beating(stream::pending(), None);
        tokio::time::advance(3600 * SECOND).await;
        assert!(silent.next().now_or_never().is_none());
    }
}
