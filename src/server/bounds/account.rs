//! What one caller has of the server now.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;
use tonic::Status;

use super::{bucket::Bucket, now};
use crate::server::{reason::Reason, settings::Limits, status};

/// When to try again if it is calls that have to end first: nobody knows when they do.
const CALLS_AFTER: Duration = Duration::from_secs(1);
/// When to try again if it is answers that have to go out first: most are a sync away.
const BYTES_AFTER: Duration = Duration::from_millis(200);

/// What one caller has.
#[derive(Debug)]
pub(in crate::server) struct Account {
    calls: AtomicUsize,
    calls_max: usize,
    /// Read and not yet answered.
    bytes: AtomicUsize,
    bytes_max: usize,
    /// Of messages of which the end is not here yet: they have half as much to themselves.
    unfinished: AtomicUsize,
    /// Of answers that have not gone out: as much again as that.
    unsent: AtomicUsize,
    /// Messages. `None`: as many as it can send.
    rate: Option<Bucket>,
}

impl Account {
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        Account {
            calls: AtomicUsize::new(0),
            calls_max: limits.streams_per_caller,
            bytes: AtomicUsize::new(0),
            bytes_max: limits.bytes_in_flight,
            unfinished: AtomicUsize::new(0),
            unsent: AtomicUsize::new(0),
            rate: limits.messages_per_second.map(|per_second| Bucket::new(per_second, now)),
        }
    }

    /// One without bounds.
    pub(in crate::server) fn unbounded() -> Self {
        Account {
            calls: AtomicUsize::new(0),
            calls_max: usize::MAX,
            bytes: AtomicUsize::new(0),
            bytes_max: usize::MAX,
            unfinished: AtomicUsize::new(0),
            unsent: AtomicUsize::new(0),
            rate: None,
        }
    }

    /// One more call, which counts as a message.
    pub(super) fn open(self: Arc<Self>) -> Result<OpenCall, Status> {
        let more = |calls| (calls < self.calls_max).then_some(calls + 1);
        if self.calls.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_err() {
            return Err(Beyond::Calls(self.calls_max).status());
        }
        let call = OpenCall(self);
        match &call.0.rate {
            Some(rate) if rate.take(1, now()) == 0 => Err(Beyond::Rate(rate.after(1, now())).status()),
            _ => Ok(call),
        }
    }

    /// As many of the messages that have come as may be taken now, from the first on; `sizes` has the bytes of
    /// each.
    pub(in crate::server) fn take(
        self: &Arc<Self>,
        messages: usize,
        sizes: impl Iterator<Item = usize> + Clone,
    ) -> Taken {
        let (mut fitting, mut bytes) = (0, 0);
        let more = |now: usize| {
            (fitting, bytes) = first_fitting(sizes.clone(), self.bytes_max.saturating_sub(now), now == 0);
            Some(now + bytes)
        };
        // It is never refused.
        let _ = self.bytes.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        let mut in_flight = InFlight { account: self.clone(), bytes };
        let mut beyond = (fitting < messages).then_some(Beyond::Bytes(self.bytes_max));
        if let Some(rate) = &self.rate {
            let now = now();
            let allowed = rate.take(fitting, now);
            if allowed < fitting {
                // With the call that brings the rest.
                beyond = Some(Beyond::Rate(rate.after(messages - allowed + 1, now)));
                in_flight.shrink(sizes.take(allowed).sum());
                fitting = allowed;
            }
        }
        Taken { messages: fitting, in_flight, beyond }
    }

    /// Whether so much may be read ahead now: half of the room is left for those who have nothing under way.
    pub(in crate::server) fn may_read_ahead(&self, bytes: usize) -> bool {
        self.bytes.load(Ordering::Acquire).saturating_add(bytes) <= self.bytes_max / 2
    }

    /// So much of a message is here, where there was so much before. A single one may always become whole.
    pub(in crate::server) fn unfinished(&self, before: usize, here: usize) -> Result<(), Status> {
        if here <= before {
            self.unfinished.fetch_sub(before - here, Ordering::AcqRel);
            return Ok(());
        }
        let all = self.unfinished.fetch_add(here - before, Ordering::AcqRel) + here - before;
        let is_fitting = all <= self.bytes_max / 2 || all == here;
        if is_fitting { Ok(()) } else { Err(Beyond::Unfinished(self.bytes_max / 2).status()) }
    }

    /// These have been read and wait for their turn: they count, whatever else there is.
    pub(in crate::server) fn hold(self: &Arc<Self>, bytes: usize) -> InFlight {
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
        InFlight { account: self.clone(), bytes }
    }

    /// An answer of which nothing is there yet.
    pub(in crate::server) fn unsent(self: &Arc<Self>) -> Unsent {
        Unsent { account: self.clone(), bytes: 0 }
    }

    /// More messages of a call that nobody takes in batches.
    pub(in crate::server) fn count(&self, messages: usize) -> Result<(), Status> {
        match &self.rate {
            Some(rate) if rate.take(messages, now()) < messages => {
                Err(Beyond::Rate(rate.after(messages, now())).status())
            }
            _ => Ok(()),
        }
    }

    /// How many of its calls are open.
    pub(super) fn open_calls(&self) -> usize {
        self.calls.load(Ordering::Acquire)
    }

    /// Whether it has sent something a moment ago that is still held against it.
    pub(super) fn has_spent(&self, now: Instant) -> bool {
        self.rate.as_ref().is_some_and(|rate| !rate.is_full(now))
    }
}

/// How many from the first on fit into the room, and their bytes. Where nothing else is in the way the first one
/// does, however long: it would never get in.
fn first_fitting(sizes: impl Iterator<Item = usize>, room: usize, is_alone: bool) -> (usize, usize) {
    let (mut count, mut bytes) = (0, 0);
    for size in sizes {
        if bytes + size > room && !(is_alone && count == 0) {
            break;
        }
        bytes += size;
        count += 1;
    }
    (count, bytes)
}

/// Of the messages that have come:
pub(in crate::server) struct Taken {
    /// So many may be taken,
    pub(in crate::server) messages: usize,
    /// their bytes count until this is dropped,
    pub(in crate::server) in_flight: InFlight,
    /// and this stands in the way of the rest.
    pub(in crate::server) beyond: Option<Beyond>,
}

/// Why more is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Beyond {
    /// So many calls are open.
    Calls(usize),
    /// So many watches of those who are not known are open.
    Watches(usize),
    /// Too many messages: so long it takes until there may be more.
    Rate(Duration),
    /// So many bytes are not answered.
    Bytes(usize),
    /// So many bytes are of messages that have no end.
    Unfinished(usize),
    /// So many bytes of answers have not gone out.
    Unsent(usize),
}

impl Beyond {
    /// After how long it is worth another try.
    pub(in crate::server) fn after(self) -> Duration {
        match self {
            Beyond::Calls(_) | Beyond::Watches(_) => CALLS_AFTER,
            Beyond::Rate(after) => after,
            Beyond::Bytes(_) | Beyond::Unfinished(_) | Beyond::Unsent(_) => BYTES_AFTER,
        }
    }

    /// What the caller is told.
    pub(in crate::server) fn status(self) -> Status {
        let (reason, message) = match self {
            Beyond::Calls(max) => {
                (Reason::TooManyStreams, format!("{max} calls of this caller are open: no more may be"))
            }
            Beyond::Watches(max) => {
                let message = format!("{max} watches without a token are open: no more may be");
                (Reason::TooManyStreams, message)
            }
            Beyond::Rate(_) => {
                (Reason::RateLimit, "more messages in a second than this caller may send".into())
            }
            Beyond::Bytes(max) => {
                (Reason::TooManyBytes, format!("of this caller at most {max} bytes may be unanswered"))
            }
            Beyond::Unfinished(max) => {
                let message = format!("of this caller at most {max} bytes of unfinished messages are kept");
                (Reason::TooManyBytes, message)
            }
            Beyond::Unsent(max) => {
                let message = format!("of this caller's answers at most {max} bytes may wait to be read");
                (Reason::TooManyBytes, message)
            }
        };
        status::later(reason, message, self.after())
    }
}

/// A call that is open.
#[derive(Debug)]
pub(in crate::server) struct OpenCall(Arc<Account>);

impl OpenCall {
    /// Whose it is.
    pub(in crate::server) fn account(&self) -> &Arc<Account> {
        &self.0
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Bytes that are not answered yet.
#[derive(Debug)]
pub(in crate::server) struct InFlight {
    account: Arc<Account>,
    bytes: usize,
}

impl InFlight {
    fn shrink(&mut self, bytes: usize) {
        self.account.bytes.fetch_sub(self.bytes - bytes, Ordering::AcqRel);
        self.bytes = bytes;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.account.bytes.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

/// Bytes of an answer, from before it is made until it has gone out.
#[derive(Debug)]
pub(in crate::server) struct Unsent {
    account: Arc<Account>,
    bytes: usize,
}

impl Unsent {
    /// So much more, if there is room; an answer that waits alone always has it.
    pub(in crate::server) fn grow(&mut self, bytes: usize) -> Result<(), Status> {
        let all = self.account.unsent.fetch_add(bytes, Ordering::AcqRel) + bytes;
        self.bytes += bytes;
        let max = self.account.bytes_max / 2;
        if all <= max || all == self.bytes { Ok(()) } else { Err(Beyond::Unsent(max).status()) }
    }

    /// It has come to no more than this.
    pub(in crate::server) fn shrink(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes);
        self.account.unsent.fetch_sub(less, Ordering::AcqRel);
        self.bytes -= less;
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(limits: Limits) -> Arc<Account> {
        Arc::new(Account::new(&limits, now()))
    }

    fn take(account: &Arc<Account>, sizes: &[usize]) -> Taken {
        account.take(sizes.len(), sizes.iter().copied())
    }

    #[tokio::test]
    async fn so_many_calls_and_no_more() {
        let account = account(Limits { streams_per_caller: 2, ..Limits::default() });
        let (first, _second) = (account.clone().open().unwrap(), account.clone().open().unwrap());
        let refused = account.clone().open().unwrap_err();
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        drop(first);
        assert!(account.clone().open().is_ok());
    }

    #[tokio::test]
    async fn what_fits_is_taken_and_what_is_answered_makes_room() {
        let account = account(Limits { bytes_in_flight: 100, ..Limits::default() });
        let first = take(&account, &[40, 40, 40]);
        assert_eq!((first.messages, first.beyond), (2, Some(Beyond::Bytes(100))));
        let second = take(&account, &[20, 1]);
        assert_eq!((second.messages, second.beyond), (1, Some(Beyond::Bytes(100))));
        assert_eq!(take(&account, &[1]).messages, 0);
        drop((first.in_flight, second.in_flight));
        assert_eq!(account.bytes.load(Ordering::Acquire), 0);
        // Alone even what is longer than all that may be; but nothing beside it.
        let alone = take(&account, &[500, 1]);
        assert_eq!((alone.messages, take(&account, &[0, 1]).messages), (1, 1));
        drop(alone);
        assert_eq!(take(&account, &[50, 50]).beyond, None);
    }

    #[tokio::test]
    async fn reading_ahead_leaves_half_of_the_room() {
        let account = account(Limits { bytes_in_flight: 100, ..Limits::default() });
        assert!(account.may_read_ahead(50) && !account.may_read_ahead(51));
        let taken = take(&account, &[30]);
        assert!(account.may_read_ahead(20) && !account.may_read_ahead(21));
        drop(taken);
        assert!(account.may_read_ahead(50));
    }

    #[tokio::test]
    async fn answers_that_wait_have_half_as_much_to_themselves() {
        let account = account(Limits { bytes_in_flight: 100, ..Limits::default() });
        let _all = take(&account, &[100]);
        let mut first = account.unsent();
        first.grow(500).expect("it waits alone");
        let refused = account.unsent().grow(1).unwrap_err();
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        first.shrink(30);
        first.shrink(40);
        let mut second = account.unsent();
        second.grow(20).unwrap();
        assert!(second.grow(1).is_err());
        drop((first, second));
        assert_eq!(account.unsent.load(Ordering::Acquire), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_beyond_the_rate_is_split_and_its_bytes_are_those_that_were_taken() {
        let account = account(Limits { messages_per_second: Some(10), ..Limits::default() });
        let call = account.clone().open().unwrap();
        let taken = take(&account, &[3; 20]);
        assert_eq!(taken.messages, 9);
        assert_eq!(account.bytes.load(Ordering::Acquire), 27);
        assert_eq!(taken.beyond, Some(Beyond::Rate(Duration::from_secs(1))));
        assert_eq!(take(&account, &[1]).beyond, Some(Beyond::Rate(Duration::from_millis(200))));
        assert!(account.clone().open().is_err());
        drop((taken, call));
        tokio::time::advance(Duration::from_millis(200)).await;
        let _call = account.clone().open().unwrap();
        assert_eq!(take(&account, &[1]).messages, 1);
        assert_eq!(account.calls.load(Ordering::Acquire), 1, "a call that was refused is not open");
    }
}
