//! Calls of ready frames: what goes up is encoded before, many messages at a time, and what comes down is
//! counted, and read only where a load needs it. A message costs this side a few nanoseconds, so that what is
//! measured is the server.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{BufMut, Bytes, BytesMut};
use http::{
    HeaderValue,
    header::{CONTENT_TYPE, TE},
};
use http_body::Frame;
use prost::Message;
use tokio::sync::mpsc;
use tonic::{Status, body::Body, client::GrpcService};

use crate::cli::connect::Channel;

/// Before each message stand a flag and its length.
pub(super) const HEAD_BYTES: usize = 5;
/// About how many bytes are handed to the connection at a time.
pub(super) const PIECE_BYTES: usize = 256 << 10;

/// So far ahead of a message the bytes are touched. Where the next one begins is known only by its head, which is in memory that
/// no core has seen for a while: to wait for each head in turn took a fifth of both processors with a hundred watchers.
const AHEAD_BYTES: usize = 2 << 10;

/// The upper half of a call. Dropped, it is the end of what is said.
pub(super) type Up = mpsc::UnboundedSender<Bytes>;

/// The upper half of a call that is yet to be made, and its body.
pub(super) fn up() -> (Up, Body) {
    let (sender, frames) = mpsc::unbounded_channel();
    (sender, Body::new(Feed(frames)))
}

/// The body of a call that says one thing.
pub(super) fn one(message: &impl Message) -> Body {
    let (sender, body) = up();
    // Fails only if the body is gone, and it is here.
    let _ = sender.send(frame(message).freeze());
    body
}

/// A message with its head.
pub(super) fn frame(message: &impl Message) -> BytesMut {
    let mut frame = BytesMut::with_capacity(HEAD_BYTES + message.encoded_len());
    put_head(&mut frame, message.encoded_len());
    // There is room.
    let _ = message.encode(&mut frame);
    frame
}

/// The head of a message of so many bytes.
pub(super) fn put_head(out: &mut BytesMut, bytes: usize) {
    out.put_u8(0);
    out.put_u32(bytes as u32);
}

/// Makes the call at `path`, and returns what comes down once the server has begun to answer.
pub(super) async fn call(mut channel: Channel, path: &'static str, body: Body) -> Result<Down, Status> {
    poll_fn(|cx| GrpcService::<Body>::poll_ready(&mut channel, cx)).await.map_err(broken)?;
    let mut request = http::Request::post(path).version(http::Version::HTTP_2).body(body);
    if let Ok(request) = &mut request {
        request.headers_mut().insert(TE, HeaderValue::from_static("trailers"));
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    }
    let request = request.map_err(|e| Status::internal(e.to_string()))?;
    let response = GrpcService::<Body>::call(&mut channel, request).await.map_err(broken)?;
    // An answer that is nothing but its end has it in its headers.
    if let Some(status) = Status::from_header_map(response.headers()) {
        ended(Some(status))?;
    }
    Ok(Down { body: Body::new(response.into_body()), partial: Vec::new(), end: None })
}

fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Status {
    Status::from_error(error.into())
}

/// How a call ends.
fn ended(status: Option<Status>) -> Result<(), Status> {
    match status {
        Some(status) if status.code() == tonic::Code::Ok => Ok(()),
        Some(status) => Err(status),
        None => Err(Status::unavailable("the server ended the call without a status")),
    }
}

/// What goes up, as it comes.
struct Feed(mpsc::UnboundedReceiver<Bytes>);

impl http_body::Body for Feed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.0.poll_recv(cx).map(|frames| frames.map(|frames| Ok(Frame::data(frames))))
    }
}

/// The lower half of a call.
pub(super) struct Down {
    body: Body,
    /// The beginning of a message whose rest has not arrived.
    partial: Vec<u8>,
    /// How the call has ended, until somebody is told.
    end: Option<Result<(), Status>>,
}

impl Down {
    /// Waits for what arrives next, gives each whole message to `each`, and returns how many there were; `None` at
    /// the end of the call. What has arrived is taken together, up to a bound. Nothing is lost if this is dropped.
    pub(super) async fn next(&mut self, mut each: impl FnMut(&[u8])) -> Result<Option<u64>, Status> {
        poll_fn(|cx| self.poll_next(cx, &mut each)).await
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        each: &mut impl FnMut(&[u8]),
    ) -> Poll<Result<Option<u64>, Status>> {
        use http_body::Body as _;
        let (mut count, mut bytes) = (0, 0);
        while self.end.is_none() && (bytes < PIECE_BYTES || count == 0) {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => {
                        bytes += data.len();
                        count += self.split(&data, each);
                    }
                    Err(frame) => {
                        let trailers = frame.into_trailers().unwrap_or_default();
                        self.end = Some(ended(Status::from_header_map(&trailers)));
                    }
                },
                Poll::Ready(Some(Err(status))) => self.end = Some(Err(status)),
                Poll::Ready(None) => self.end = Some(ended(None)),
                Poll::Pending if count == 0 => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        if count > 0 {
            // The end, if it is here already, is told the next time.
            return Poll::Ready(Ok(Some(count)));
        }
        Poll::Ready(self.end.replace(Ok(())).unwrap_or(Ok(())).map(|()| None))
    }

    fn split(&mut self, data: &[u8], each: &mut impl FnMut(&[u8])) -> u64 {
        let mut data = data;
        let mut count = 0;
        while !self.partial.is_empty() {
            let missing = missing(&self.partial);
            if missing == 0 {
                each(&self.partial[HEAD_BYTES..]);
                count += 1;
                self.partial.clear();
            } else if data.is_empty() {
                return count;
            } else {
                let (more, rest) = data.split_at(missing.min(data.len()));
                self.partial.extend_from_slice(more);
                data = rest;
            }
        }
        while data.len() >= HEAD_BYTES && data.len() >= whole(data) {
            std::hint::black_box(data.get(AHEAD_BYTES).copied());
            let (message, rest) = data.split_at(whole(data));
            each(&message[HEAD_BYTES..]);
            count += 1;
            data = rest;
        }
        self.partial.extend_from_slice(data);
        count
    }
}

/// How many bytes a message has with its head, which is there.
fn whole(head: &[u8]) -> usize {
    HEAD_BYTES + u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize
}

/// How many bytes of a message are missing, as far as one knows.
fn missing(partial: &[u8]) -> usize {
    let wanted = if partial.len() < HEAD_BYTES { HEAD_BYTES } else { whole(partial) };
    wanted - partial.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_whole_however_they_arrive() {
        let messages: Vec<Vec<u8>> = (0..40_usize).map(|n| vec![n as u8; n * n % 23]).collect();
        let mut all = BytesMut::new();
        for message in &messages {
            put_head(&mut all, message.len());
            all.extend_from_slice(message);
        }
        for step in 1..all.len() {
            let mut down = Down { body: Body::empty(), partial: Vec::new(), end: None };
            let mut seen = Vec::new();
            let mut each = |message: &[u8]| seen.push(message.to_vec());
            let count: u64 = all.chunks(step).map(|piece| down.split(piece, &mut each)).sum();
            assert_eq!(count, messages.len() as u64, "{step}");
            assert_eq!(seen, messages, "{step}");
        }
    }
}
