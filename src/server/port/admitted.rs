//! The body of a request or of an answer, as long as what its call was admitted by is in force. Then it ends: what
//! the client still sends is not read, and what it would still be sent is kept back.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::{Status, body::Body};

use crate::server::access::Caller;

/// A body that ends with its caller's right to it.
pub(super) struct Admitted {
    body: Body,
    caller: Caller,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
    side: Side,
    is_over: bool,
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
        let ended = Box::pin(ended.clone().cancelled_owned());
        Body::new(Admitted { body, caller: caller.clone(), ended, side, is_over: false })
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
            self.body = Body::empty();
            return Poll::Ready(Some(self.last_word()));
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
