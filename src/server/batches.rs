//! Messages of a client's stream, as many at a time as have arrived. What costs something for each call
//! into the engine is then paid for each batch.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::{Stream, future::BoxFuture};
use tonic::{Code, Status, Streaming};

use super::{reason::Reason, status};

/// A batch has at most this many messages,
const MESSAGES_MAX: usize = 1024;
/// and ends when it has this many bytes.
const BYTES_MAX: usize = 256 << 10;

/// The messages of a stream in batches. Ends with the stream, or by the status that `ending` comes to.
pub(super) struct Batches<T> {
    messages: Streaming<T>,
    bytes_of: fn(&T) -> usize,
    ending: BoxFuture<'static, Status>,
    end: Option<Result<(), Status>>,
}

impl<T> Batches<T> {
    /// Takes a stream apart. `bytes_of` says about how large a message is.
    pub(super) fn new(
        messages: Streaming<T>,
        ending: BoxFuture<'static, Status>,
        bytes_of: fn(&T) -> usize,
    ) -> Self {
        Batches { messages, bytes_of, ending, end: None }
    }
}

impl<T> Stream for Batches<T> {
    type Item = Result<Vec<T>, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        // Looked at first: a client that never pauses must hear of it too.
        if self.end.is_none()
            && let Poll::Ready(status) = self.ending.as_mut().poll(cx)
        {
            self.end = Some(Err(status));
        }
        while self.end.is_none() && batch.len() < MESSAGES_MAX && bytes < BYTES_MAX {
            match Pin::new(&mut self.messages).poll_next(cx) {
                Poll::Ready(Some(Ok(message))) => {
                    bytes += (self.bytes_of)(&message);
                    batch.push(message);
                }
                // tonic's word for a message that is too long; ours for a position that is gone.
                Poll::Ready(Some(Err(status))) if status.code() == Code::OutOfRange => {
                    self.end = Some(Err(status::new(Reason::MessageTooLarge, status.message())));
                }
                Poll::Ready(Some(Err(status))) => self.end = Some(Err(status)),
                Poll::Ready(None) => self.end = Some(Ok(())),
                Poll::Pending if !batch.is_empty() => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        if !batch.is_empty() {
            return Poll::Ready(Some(Ok(batch)));
        }
        match self.end.replace(Ok(())) {
            Some(Err(status)) => Poll::Ready(Some(Err(status))),
            _ => Poll::Ready(None),
        }
    }
}
