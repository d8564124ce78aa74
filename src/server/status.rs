//! The one place where failures become gRPC statuses. Each carries a `google.rpc.ErrorInfo` with a stable
//! reason for programs; the message is for people.
//!
//! UNAVAILABLE: try again. RESOURCE_EXHAUSTED: try again later. FAILED_PRECONDITION, OUT_OF_RANGE,
//! INVALID_ARGUMENT: not until it is put right.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::engine::{Error, Refused};
use crate::{pb, wire::ERROR_DOMAIN};

/// A status with a reason.
pub(super) fn new(code: Code, reason: &str, message: impl Into<String>) -> Status {
    with(code, reason, message, [])
}

/// The request is wrong by itself.
pub(super) fn invalid(reason: &str, message: impl Into<String>) -> Status {
    new(Code::InvalidArgument, reason, message)
}

/// The server is about to end.
pub(super) fn stopping() -> Status {
    new(Code::Unavailable, "stopping", "the server is stopping")
}

/// What the engine says.
pub(super) fn from_engine(error: Error) -> Status {
    let message = error.to_string();
    match error {
        Error::Full(_) => new(Code::ResourceExhausted, "store_full", message),
        Error::Stopped => stopping(),
        Error::Failed(_) => new(Code::Unavailable, "store_failed", message),
        Error::Damaged(_) => new(Code::DataLoss, "store_damaged", message),
        Error::Trimmed { queue, first_seq, .. } => with(
            Code::OutOfRange,
            "trimmed",
            message,
            [("queue", queue.to_string()), ("first_seq", first_seq.to_string())],
        ),
        Error::Future { queue, next_seq, .. } => with(
            Code::OutOfRange,
            "future",
            message,
            [("queue", queue.to_string()), ("next_seq", next_seq.to_string())],
        ),
        Error::Superseded => new(Code::Aborted, "superseded", message),
        Error::SlowReader => new(Code::ResourceExhausted, "slow_reader", message),
        Error::NoGroup { .. } => new(Code::NotFound, "no_group", message),
        Error::NoTask(_) => new(Code::NotFound, "no_task", message),
        Error::ResultsTrimmed { first_n, .. } => {
            with(Code::OutOfRange, "trimmed", message, [("first_n", first_n.to_string())])
        }
        Error::ResultsFuture { next_n, .. } => {
            with(Code::OutOfRange, "future", message, [("next_n", next_n.to_string())])
        }
        Error::NoQueue(_) => new(Code::NotFound, "no_queue", message),
        Error::BadPlace(_) => invalid("bad_place", message),
        Error::OtherStore { store, .. } => {
            with(Code::FailedPrecondition, "other_store", message, [("store", store)])
        }
    }
}

/// Why one item was refused, while its stream goes on.
pub(super) fn refusal(status: &Status) -> pb::Refusal {
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    pb::Refusal { code: status.code().into(), reason, message: status.message().to_owned() }
}

/// The engine refused one item.
pub(super) fn from_refused(refused: &Refused) -> Status {
    match refused {
        Refused::IdTaken { .. } => new(Code::AlreadyExists, "id_taken", refused.to_string()),
    }
}

fn with<const N: usize>(
    code: Code,
    reason: &str,
    message: impl Into<String>,
    facts: [(&str, String); N],
) -> Status {
    let facts: HashMap<String, String> = facts.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    Status::with_error_details(code, message, ErrorDetails::with_error_info(reason, ERROR_DOMAIN, facts))
}
