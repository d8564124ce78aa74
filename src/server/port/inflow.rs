//! What comes in on a call: a peer that sends a message in a thousand pieces leaves room for others, and what has
//! come of messages that have no end yet is bounded. Each of them may become as long as a message may be, and a
//! connection has many calls.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tonic::Status;

use super::turn::Turn;
use crate::server::{reason::Reason, status};

/// Of one connection.
const UNFINISHED_BYTES_MAX: usize = 16 << 20;
/// When it is worth another try: the messages may have their ends then.
const AGAIN_AFTER: Duration = Duration::from_millis(200);
/// Before each message: whether it is compressed, and its length.
const HEAD_BYTES: usize = 5;

/// The body of a request.
pub(super) struct Inflow<B> {
    body: B,
    turn: Turn,
    message: Message,
    /// Of all calls of the connection.
    unfinished: Arc<AtomicUsize>,
}

impl<B> Inflow<B> {
    /// Of a connection that has so much unfinished.
    pub(super) fn new(body: B, unfinished: Arc<AtomicUsize>) -> Self {
        Inflow { body, turn: Turn::default(), message: Message::default(), unfinished }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Status> {
        let before = self.message.here;
        self.message.take(bytes);
        let here = self.message.here;
        let all = if here >= before {
            self.unfinished.fetch_add(here - before, Ordering::Relaxed) + here - before
        } else {
            self.unfinished.fetch_sub(before - here, Ordering::Relaxed);
            0
        };
        if all <= UNFINISHED_BYTES_MAX {
            return Ok(());
        }
        let message = format!(
            "more than {UNFINISHED_BYTES_MAX} bytes of messages without their ends on one connection"
        );
        Err(status::later(Reason::TooManyBytes, message, AGAIN_AFTER))
    }
}

impl<B> Drop for Inflow<B> {
    fn drop(&mut self) {
        self.unfinished.fetch_sub(self.message.here, Ordering::Relaxed);
    }
}

impl<B> http_body::Body for Inflow<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<tonic::codegen::StdError>,
{
    type Data = Bytes;
    type Error = tonic::codegen::StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        ready!(self.turn.poll(cx, |_| {}));
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            self.turn.pause();
            return Poll::Pending;
        };
        Poll::Ready(frame.map(|frame| {
            let frame = frame.map_err(Into::into)?;
            if let Some(bytes) = frame.data_ref() {
                self.take(bytes)?;
            }
            Ok(frame)
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The message that has begun last.
#[derive(Default)]
struct Message {
    head: [u8; HEAD_BYTES],
    /// How much of it is here, with its head. A whole message is no longer counted.
    here: usize,
}

impl Message {
    fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let end = match self.here.checked_sub(HEAD_BYTES) {
                None => HEAD_BYTES,
                Some(_) => HEAD_BYTES + self.length(),
            };
            let n = bytes.len().min(end - self.here);
            if self.here < HEAD_BYTES {
                self.head[self.here..][..n].copy_from_slice(&bytes[..n]);
            }
            self.here += n;
            bytes = &bytes[n..];
            if self.here >= HEAD_BYTES && self.here == HEAD_BYTES + self.length() {
                self.here = 0;
            }
        }
    }

    fn length(&self) -> usize {
        let [_, length @ ..] = self.head;
        u32::from_be_bytes(length) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(length: usize) -> Vec<u8> {
        [&[0][..], &(length as u32).to_be_bytes(), &vec![7; length]].concat()
    }

    #[test]
    fn only_what_has_no_end_counts() {
        let all = [framed(3), framed(0), framed(1000), framed(10)].concat();
        for piece in [1, 2, 5, 7, 100, all.len()] {
            let mut message = Message::default();
            for bytes in all.chunks(piece) {
                message.take(bytes);
                assert!(message.here < 1005);
            }
            assert_eq!(message.here, 0);
            message.take(&framed(50)[..30]);
            assert_eq!(message.here, 30);
        }
    }

    #[test]
    fn calls_of_one_connection_share_what_may_be_unfinished() {
        let unfinished: Arc<AtomicUsize> = Arc::default();
        let mut calls: Vec<_> = (0..16).map(|_| Inflow::new((), unfinished.clone())).collect();
        let mut nearly = framed(1 << 20);
        let last = nearly.pop().unwrap();
        for call in &mut calls[..15] {
            call.take(&nearly).unwrap();
        }
        let said = calls[15].take(&framed(2 << 20)[..1 << 20]).unwrap_err();
        assert_eq!(said.code(), tonic::Code::ResourceExhausted);
        calls[0].take(&[last]).unwrap();
        drop(calls.pop());
        assert_eq!(unfinished.load(Ordering::Relaxed), 14 * nearly.len());
        drop(calls);
        assert_eq!(unfinished.load(Ordering::Relaxed), 0);
    }
}
