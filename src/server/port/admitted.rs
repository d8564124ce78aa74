//! The body of a request or of an answer, as long as what its call was admitted by is in force. Then it ends: what
//! the client still sends is not read, and what it would still be sent is kept back.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tokio::task::AbortHandle;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Status, body::Body};

use crate::server::access::Caller;

/// A body that ends with its caller's right to it.
pub(super) struct Admitted {
    body: Arc<Mutex<Body>>,
    caller: Caller,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
    side: Side,
    is_over: bool,
    _emptying: Option<Emptying>,
}

/// Lets go of what makes an answer when the right to it ends, be it read or not: HTTP/2 does not ask for more of an
/// answer whose reader stands still, and whoever reads nothing must not keep its leases by that.
struct Emptying(AbortHandle);

impl Emptying {
    fn when(ended: CancellationToken, body: &Arc<Mutex<Body>>) -> Self {
        let body = Arc::downgrade(body);
        let emptying = tokio::spawn(async move {
            ended.cancelled().await;
            if let Some(body) = body.upgrade() {
                drop(std::mem::replace(&mut *lock(&body), Body::empty()));
            }
        });
        Emptying(emptying.abort_handle())
    }
}

impl Drop for Emptying {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn lock(body: &Mutex<Body>) -> MutexGuard<'_, Body> {
    body.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Answer,
}

impl Admitted {
    /// Of what is asked.
    pub(super) fn request(body: Body, caller: &Caller) -> Body {
        Admitted::wrap(body, caller, Side::Request)
    }

    /// Of what is answered.
    pub(super) fn answer(body: Body, caller: &Caller) -> Body {
        Admitted::wrap(body, caller, Side::Answer)
    }

    fn wrap(body: Body, caller: &Caller, side: Side) -> Body {
        let Some(ended) = caller.ended().filter(|_| !http_body::Body::is_end_stream(&body)) else {
            return body;
        };
        let body = Arc::new(Mutex::new(body));
        let emptying = (side == Side::Answer).then(|| Emptying::when(ended.clone(), &body));
        let ended = Box::pin(ended.clone().cancelled_owned());
        Body::new(Admitted { body, caller: caller.clone(), ended, side, is_over: false, _emptying: emptying })
    }

    fn last_word(&self) -> Result<Frame<Bytes>, Status> {
        let status = self.caller.end();
        if self.side == Side::Request {
            return Err(status);
        }
        let mut trailers = HeaderMap::new();
        status.add_header(&mut trailers).map(|()| Frame::trailers(trailers))
    }
}

impl http_body::Body for Admitted {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        // Looked at first: a stream that never pauses ends too.
        if self.ended.as_mut().poll(cx).is_ready() {
            self.is_over = true;
            // Whatever made or took it goes now.
            *lock(&self.body) = Body::empty();
            return Poll::Ready(Some(self.last_word()));
        }
        Pin::new(&mut *lock(&self.body)).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        // One that was emptied has its last word still before it.
        let is_ended = self.caller.ended().is_some_and(CancellationToken::is_cancelled);
        self.is_over || !is_ended && lock(&self.body).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.body).size_hint()
    }
}
