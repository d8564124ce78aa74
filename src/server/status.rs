//! The one place where failures become gRPC statuses. Each carries a `google.rpc.ErrorInfo` with a stable
//! reason for programs ([`Reason`]), a `BadRequest` if a field of the message is wrong, and a `RetryInfo` if it is
//! worth another try; the message is for people.
//!
//! UNAVAILABLE: try again. RESOURCE_EXHAUSTED: try again later. FAILED_PRECONDITION, OUT_OF_RANGE,
//! INVALID_ARGUMENT: not until it is put right.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt};

use super::{
    engine::{Error, Refused},
    reason::Reason,
};
use crate::{pb, wire::ERROR_DOMAIN};

/// The clients of a server that stops come back spread over at most this,
const BACK_WITHIN_MS_MAX: u64 = 5_000;
/// and over so much for each call that was open: a few need not wait for one another.
const BACK_MS_EACH: u64 = 5;
/// Over how much it is. Of the process, whose end it is; that of another server in it would be as good.
static BACK_WITHIN_MS: AtomicU64 = AtomicU64::new(0);
/// When to try a store again that has no room, at the earliest: that is looked at every second.
const ROOM_AFTER: Duration = Duration::from_secs(1);
/// When to try to wait for tasks again: others must cease to.
const WAITS_AFTER: Duration = Duration::from_secs(5);

/// When to open a stream again that was not read.
const READ_AFTER: Duration = Duration::from_millis(100);

/// A status with a reason.
pub(super) fn new(reason: Reason, message: impl Into<String>) -> Status {
    with(reason, message, [])
}

/// A field of the message is wrong.
pub(super) fn field(reason: Reason, field: &str, message: impl Into<String>) -> Status {
    let message = message.into();
    let mut details = details(reason, []);
    details.add_bad_request_violation(field, message.clone());
    Status::with_error_details(reason.code(), message, details)
}

/// Not now: try again after a while.
pub(super) fn later(reason: Reason, message: impl Into<String>, after: Duration) -> Status {
    let mut details = details(reason, []);
    details.set_retry_info(Some(after));
    Status::with_error_details(reason.code(), message, details)
}

/// The server is about to end, with so many calls open.
pub(super) fn stop_with(calls: usize) {
    let within_ms = BACK_MS_EACH.saturating_mul(calls as u64).min(BACK_WITHIN_MS_MAX);
    BACK_WITHIN_MS.store(within_ms, Ordering::Relaxed);
}

/// The server is about to end. Each client is given another moment to come back at.
pub(super) fn stopping() -> Status {
    let within = Duration::from_millis(BACK_WITHIN_MS.load(Ordering::Relaxed));
    later(Reason::Stopping, "the server is stopping", within.mul_f64(rand::random()))
}

/// The connection is as old as one may get. Which moment that is differs already, so its clients need not wait.
pub(super) fn aged() -> Status {
    later(Reason::ConnectionAged, "the connection is as old as one may get: open another", Duration::ZERO)
}

/// When to try a store again that has no room. All who watch its groups are told at once, and are not to come back at once.
fn room_after() -> Duration {
    ROOM_AFTER.mul_f64(1.0 + rand::random::<f64>())
}

/// What the engine says.
pub(super) fn from_engine(error: Error) -> Status {
    let message = error.to_string();
    match error {
        Error::Full(_) => later(Reason::StoreFull, message, room_after()),
        Error::Low { .. } => later(Reason::DiskLow, message, room_after()),
        Error::Stopped => stopping(),
        Error::Failed(_) => new(Reason::StoreFailed, message),
        Error::Damaged(_) => new(Reason::StoreDamaged, message),
        Error::Trimmed { queue, first_seq, .. } => with(
            Reason::Trimmed,
            message,
            [("queue", queue.to_string()), ("first_seq", first_seq.to_string())],
        ),
        Error::Future { queue, next_seq, .. } => {
            with(Reason::Future, message, [("queue", queue.to_string()), ("next_seq", next_seq.to_string())])
        }
        Error::Superseded => new(Reason::Superseded, message),
        Error::SlowReader => later(Reason::SlowReader, message, READ_AFTER),
        Error::TooManyWaits { .. } => later(Reason::TooManyWaits, message, WAITS_AFTER),
        Error::NoGroup { .. } => new(Reason::NoGroup, message),
        Error::NoTask(_) => new(Reason::NoTask, message),
        Error::ResultsTrimmed { first_n, .. } => {
            with(Reason::Trimmed, message, [("first_n", first_n.to_string())])
        }
        Error::ResultsFuture { next_n, .. } => {
            with(Reason::Future, message, [("next_n", next_n.to_string())])
        }
        Error::NoQueue(_) => new(Reason::NoQueue, message),
        Error::BadPlace(_) => field(Reason::BadPlace, "after", message),
        Error::OtherStore { store, .. } => with(Reason::OtherStore, message, [("store", store)]),
    }
}

/// Why one item was refused, while its stream goes on.
pub(super) fn refusal(status: &Status) -> pb::Refusal {
    let details = status.get_error_details();
    let field = details.bad_request().and_then(|bad| bad.field_violations.first());
    let after = details.retry_info().and_then(|retry| retry.retry_delay);
    pb::Refusal {
        code: status.code().into(),
        reason: details.error_info().map(|info| info.reason.clone()).unwrap_or_default(),
        message: status.message().to_owned(),
        field: field.map(|field| field.field.clone()).unwrap_or_default(),
        retry_after_ms: after.map(|after| after.as_millis() as u64).unwrap_or_default(),
    }
}

/// The engine refused one item.
pub(super) fn from_refused(refused: &Refused) -> Status {
    match refused {
        Refused::IdTaken { .. } => field(Reason::IdTaken, "id", refused.to_string()),
        Refused::Damaged(_) => new(Reason::StoreDamaged, refused.to_string()),
    }
}

fn with<const N: usize>(reason: Reason, message: impl Into<String>, facts: [(&str, String); N]) -> Status {
    Status::with_error_details(reason.code(), message, details(reason, facts))
}

fn details<const N: usize>(reason: Reason, facts: [(&str, String); N]) -> ErrorDetails {
    let facts: HashMap<String, String> = facts.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    ErrorDetails::with_error_info(reason.word(), ERROR_DOMAIN, facts)
}
