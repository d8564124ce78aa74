//! Answers of services that are not ours: health and reflection know nothing of a server's end, and a call of theirs
//! may be open for as long as the server. Ours end by themselves.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Response};
use http_body::{Body as _, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tonic::{Status, body::Body};

use crate::server::ending::Ending;

/// Whether a call is one of these, by its path.
pub(super) fn is(path: &str) -> bool {
    !path.starts_with("/Contact/")
}

/// Whether it is open for as long as its caller likes, whoever that is.
pub(super) fn is_watch(path: &str) -> bool {
    path == "/grpc.health.v1.Health/Watch"
}

/// Such an answer: it ends when calls are to. `watching` is kept until then.
pub(super) fn until(
    ending: &Ending,
    watching: Option<OwnedSemaphorePermit>,
    response: Response<Body>,
) -> Response<Body> {
    let ending = ending.begun();
    response.map(|body| match body.is_end_stream() {
        true => body,
        false => Body::new(Until { body, ending: Some(ending), _watching: watching }),
    })
}

struct Until {
    body: Body,
    /// `None`: it has ended.
    ending: Option<BoxFuture<'static, Status>>,
    _watching: Option<OwnedSemaphorePermit>,
}

impl http_body::Body for Until {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(ending) = &mut self.ending else { return Poll::Ready(None) };
        let Poll::Ready(status) = ending.as_mut().poll(cx) else {
            return Pin::new(&mut self.body).poll_frame(cx);
        };
        self.ending = None;
        let mut trailers = HeaderMap::new();
        Poll::Ready(Some(status.add_header(&mut trailers).map(|()| Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.ending.is_none() || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
