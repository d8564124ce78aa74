//! What comes in on a call, until calls are to end: a peer that sends a message in a thousand pieces leaves room for others, and what has
//! come of messages that have no end yet is bounded for a caller. Each of them may become as long as a message may be,
//! and a caller has many calls.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body::{Frame, SizeHint};
use tonic::Status;

use super::turn::Turn;
use crate::server::bounds::Account;

/// Before each message: whether it is compressed, and its length.
const HEAD_BYTES: usize = 5;

/// The body of a request.
pub(super) struct Inflow<B> {
    body: B,
    turn: Turn,
    message: Message,
    account: Arc<Account>,
    /// How many whole messages have come, if they count.
    counted: Option<usize>,
    /// For a call that waits for the rest of a message. `None`: it has ended.
    ending: Option<BoxFuture<'static, Status>>,
}

impl<B> Inflow<B> {
    /// Of a call of this caller, up to this end.
    pub(super) fn new(body: B, account: Arc<Account>, ending: BoxFuture<'static, Status>) -> Self {
        let (turn, message) = (Turn::default(), Message::default());
        Inflow { body, turn, message, account, counted: None, ending: Some(ending) }
    }

    /// Nobody else counts its messages.
    pub(super) fn counting(mut self) -> Self {
        self.counted = Some(0);
        self
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Status> {
        let before = self.message.here;
        let whole = self.message.take(bytes);
        self.account.unfinished(before, self.message.here)?;
        match &mut self.counted {
            Some(counted) => {
                // The first one was counted as the call.
                let more = if *counted == 0 { whole.saturating_sub(1) } else { whole };
                *counted += whole;
                self.account.count(more)
            }
            None => Ok(()),
        }
    }
}

impl<B> Drop for Inflow<B> {
    fn drop(&mut self) {
        let _ = self.account.unfinished(self.message.here, 0);
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
        let this = &mut *self;
        let Some(ending) = &mut this.ending else { return Poll::Ready(None) };
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) else {
            this.turn.pause();
            let status = ready!(ending.as_mut().poll(cx));
            this.ending = None;
            return Poll::Ready(Some(Err(status.into())));
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
    /// How many messages have their end here.
    fn take(&mut self, mut bytes: &[u8]) -> usize {
        let mut whole = 0;
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
                whole += 1;
            }
        }
        whole
    }

    fn length(&self) -> usize {
        let [_, length @ ..] = self.head;
        u32::from_be_bytes(length) as usize
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, future::pending};

    use super::*;
    use crate::server::{access::Caller, bounds::Bounds, port::Peer, settings::Limits};

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

    #[tokio::test]
    async fn calls_of_one_caller_share_what_may_be_unfinished() {
        let limits = Limits { bytes_in_flight: 30 << 20, ..Limits::default() };
        let bounds = Bounds::new(&limits);
        let open = || bounds.open(&Peer::default(), &Caller::anybody(String::new())).unwrap();
        let inflow = || Inflow::new((), open().account().clone(), pending().boxed());
        let mut calls: Vec<_> = (0..16).map(|_| inflow()).collect();
        let mut nearly = framed(1 << 20);
        nearly.truncate(1 << 20);
        for call in &mut calls[..15] {
            call.take(&nearly).unwrap();
        }
        let said = calls[15].take(&nearly[..1]).unwrap_err();
        assert_eq!(said.code(), tonic::Code::ResourceExhausted);
        // Who ends or goes makes room.
        calls[0].take(&[7; 5]).unwrap();
        drop(calls.pop());
        drop(calls.pop());
        let mut more = inflow();
        more.take(&nearly).unwrap();
        more.take(&nearly[..1]).unwrap();
        drop((calls, more));
        inflow().take(&framed(40 << 20)[..35 << 20]).unwrap();
    }
    #[tokio::test(start_paused = true)]
    async fn messages_behind_the_first_count_where_nobody_else_counts_them() {
        let limits = Limits { messages_per_second: Some(5), ..Limits::default() };
        let bounds = Bounds::new(&limits);
        let call = bounds.open(&Peer::default(), &Caller::anybody(String::new())).unwrap();
        let inflow = || Inflow::new((), call.account().clone(), pending().boxed());
        inflow().take(&framed(3).repeat(100)).unwrap();
        let mut counting = inflow().counting();
        counting.take(&framed(3).repeat(5)).expect("the first is the call");
        assert_eq!(counting.take(&framed(3)).unwrap_err().code(), tonic::Code::ResourceExhausted);
        tokio::time::advance(std::time::Duration::from_millis(200)).await;
        counting.take(&framed(3)).unwrap();
    }
}
