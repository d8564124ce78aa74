//! A response body made of frames that are ready as they are. tonic would encode each message of each
//! watcher anew; here a batch of tasks, encoded once, goes out as it lies in the log.
//!
//! tonic decides everything else of the call: the handler answers with an empty stream and leaves the real
//! one in the response's extensions, and [`put_in_place`] exchanges them when tonic is done.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::{BufMut, Bytes};
use futures_util::{Stream, StreamExt, stream::BoxStream};
use http::HeaderMap;
use http_body::Frame;
use prost::Message;
use tonic::{Code, Response, Status, body::Body};

/// A frame of HTTP/2's body is never larger than this, so that a reader that stops pins little.
const DATA_BYTES: usize = 64 << 10;

/// A response whose messages are ready: each item of `frames` is one gRPC frame or several.
pub(super) fn response<T>(
    frames: impl Stream<Item = Result<Bytes, Status>> + Send + 'static,
) -> Response<BoxStream<'static, Result<T, Status>>>
where
    T: Send + 'static,
{
    let mut response = Response::new(futures_util::stream::empty().boxed());
    let ready = ReadyBody { frames: frames.boxed(), rest: Bytes::new(), ended: false };
    response.extensions_mut().insert(Ready(Arc::new(Mutex::new(Some(ready)))));
    response
}

/// Puts the ready body in the place of the one that tonic has made, if there is one.
pub(super) fn put_in_place(mut response: http::Response<Body>) -> http::Response<Body> {
    let Some(Ready(body)) = response.extensions_mut().remove::<Ready>() else { return response };
    match body.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(body) => response.map(|_| Body::new(body)),
        None => response,
    }
}

/// Messages that become one piece of a ready body.
pub(super) struct Messages(Vec<u8>);

impl Messages {
    /// With room for so many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Messages(Vec::with_capacity(bytes))
    }

    /// Adds one, with its head.
    pub(super) fn add(&mut self, message: &impl Message) {
        let bytes = message.encoded_len();
        self.0.push(0);
        self.0.put_u32(bytes as u32);
        // A vector has room.
        let _ = message.encode(&mut self.0);
    }

    /// The piece. `hold` is dropped when the last of it has gone out.
    pub(super) fn held_by<T: Send + 'static>(self, hold: T) -> Bytes {
        Bytes::from_owner(Held { bytes: self.0, _hold: hold })
    }
}

struct Held<T> {
    bytes: Vec<u8>,
    _hold: T,
}

impl<T> AsRef<[u8]> for Held<T> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Extensions must be `Clone`; this is taken out once.
#[derive(Clone)]
struct Ready(Arc<Mutex<Option<ReadyBody>>>);

struct ReadyBody {
    frames: BoxStream<'static, Result<Bytes, Status>>,
    rest: Bytes,
    ended: bool,
}

impl http_body::Body for ReadyBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        while self.rest.is_empty() {
            let status = match self.frames.as_mut().poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(frames))) => {
                    self.rest = frames;
                    continue;
                }
                Poll::Ready(Some(Err(status))) => status,
                Poll::Ready(None) => Status::new(Code::Ok, ""),
            };
            self.ended = true;
            let mut trailers = HeaderMap::new();
            return Poll::Ready(Some(status.add_header(&mut trailers).map(|()| Frame::trailers(trailers))));
        }
        let n = self.rest.len().min(DATA_BYTES);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(n)))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
