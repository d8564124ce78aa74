//! Messages of a client's stream, as many at a time as have arrived, and as many as its caller may send. What
//! costs something for each call into the engine is then paid for each batch.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::{Stream, future::BoxFuture};
use tokio::time::Sleep;
use tonic::{Status, Streaming};

use super::{
    bounds::{Account, Beyond, InFlight},
    service::MESSAGE_BYTES_MAX,
};

/// A batch has at most this many messages,
const MESSAGES_MAX: usize = 1024;
/// and ends when it has this many bytes.
const BYTES_MAX: usize = 256 << 10;

/// What a message costs besides its bytes until it is answered, however short: where many may be unanswered.
pub(super) const MESSAGE_COST: usize = 512;

/// Messages that are taken.
pub(super) struct Batch<T> {
    pub(super) messages: Vec<T>,
    /// Until they are answered.
    pub(super) in_flight: InFlight,
}

/// The messages of a stream in batches. Ends with the stream, by the status that `ending` comes to, or by one that
/// says what is too much; what came before that is taken.
pub(super) struct Batches<T> {
    messages: Streaming<T>,
    bytes_of: fn(&T) -> usize,
    /// What each counts besides.
    cost: usize,
    /// A batch has so many at most.
    most: usize,
    account: Arc<Account>,
    waits: bool,
    /// Read, and too much for now.
    held: Vec<T>,
    /// They count too.
    held_bytes: Option<InFlight>,
    /// How many the last batch had: the next is likely to have as many.
    usual: usize,
    /// Until there may be more.
    pause: Option<Pin<Box<Sleep>>>,
    ending: BoxFuture<'static, Status>,
    end: Option<Result<(), Status>>,
}

impl<T> Batches<T> {
    /// Takes a stream apart. `bytes_of` says about how large a message is.
    pub(super) fn new(
        messages: Streaming<T>,
        account: &Arc<Account>,
        ending: BoxFuture<'static, Status>,
        bytes_of: fn(&T) -> usize,
    ) -> Self {
        Batches {
            messages,
            bytes_of,
            cost: 0,
            most: MESSAGES_MAX,
            account: account.clone(),
            waits: false,
            held: Vec::new(),
            held_bytes: None,
            usual: 0,
            pause: None,
            ending,
            end: None,
        }
    }

    /// Each message counts so much more than its bytes.
    pub(super) fn costing(self, cost: usize) -> Self {
        Batches { cost, ..self }
    }

    /// A batch has no more than so many messages.
    pub(super) fn of_at_most(self, most: usize) -> Self {
        Batches { most, ..self }
    }

    /// Messages that come too fast are kept waiting instead of refused: for calls that have a single answer, which
    /// would not say what of them was taken.
    pub(super) fn waiting(self) -> Self {
        Batches { waits: true, ..self }
    }

    /// Whether the longest batch may be read beside what its caller has unanswered.
    pub(super) fn may_read_ahead(&self) -> bool {
        self.account.may_read_ahead(BYTES_MAX + MESSAGE_BYTES_MAX + self.most * self.cost)
    }

    /// What has arrived.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Vec<T>> {
        let mut batch = std::mem::take(&mut self.held);
        let mut bytes: usize = batch.iter().map(self.bytes_of).sum();
        while self.end.is_none() && batch.len() < self.most && bytes < BYTES_MAX {
            match Pin::new(&mut self.messages).poll_next(cx) {
                Poll::Ready(Some(Ok(message))) => {
                    if batch.capacity() == 0 {
                        batch.reserve_exact(self.usual);
                    }
                    bytes += (self.bytes_of)(&message);
                    batch.push(message);
                }
                Poll::Ready(Some(Err(status))) => self.end = Some(Err(status)),
                Poll::Ready(None) => self.end = Some(Ok(())),
                Poll::Pending if !batch.is_empty() => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(batch)
    }
}

impl<T: Unpin> Stream for Batches<T> {
    type Item = Result<Batch<T>, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        // Looked at first: a client that never pauses must hear of it too.
        let may_end = this.end.is_none() || !this.held.is_empty();
        if may_end && let Poll::Ready(status) = this.ending.as_mut().poll(cx) {
            this.end = Some(Err(status));
            (this.held, this.held_bytes, this.pause) = (Vec::new(), None, None);
        }
        loop {
            if let Some(pause) = &mut this.pause {
                ready!(pause.as_mut().poll(cx));
                this.pause = None;
            }
            let mut messages = ready!(this.poll_read(cx));
            if messages.is_empty() {
                return Poll::Ready(match this.end.replace(Ok(())) {
                    Some(Err(status)) => Some(Err(status)),
                    _ => None,
                });
            }
            let (bytes_of, cost) = (this.bytes_of, this.cost);
            let counted = |message: &T| bytes_of(message) + cost;
            this.held_bytes = None;
            let taken = this.account.take(messages.len(), messages.iter().map(counted));
            match taken.beyond {
                None => {}
                Some(Beyond::Rate(after)) if this.waits => {
                    this.held = messages.split_off(taken.messages);
                    this.held_bytes = Some(this.account.hold(this.held.iter().map(counted).sum()));
                    this.pause = Some(Box::pin(tokio::time::sleep(after)));
                }
                Some(beyond) => {
                    messages.truncate(taken.messages);
                    this.end = Some(Err(beyond.status()));
                }
            }
            this.usual = messages.len();
            if !messages.is_empty() {
                return Poll::Ready(Some(Ok(Batch { messages, in_flight: taken.in_flight })));
            }
        }
    }
}
