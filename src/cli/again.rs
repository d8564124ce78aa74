//! Which failures are worth another try, and when: the one place where commands decide it.
//!
//! A server that is not there may be there a moment later, and one that is stopping or has taken as much as it may
//! says when to come back. That it is asked no sooner is what keeps those whom it serves from noticing.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::exit;

/// The longest delay of a server's that is waited for: it may be another program's mistake.
const AFTER_MAX: Duration = Duration::from_secs(60);

/// Whether another try may go well.
pub(super) fn is_worth_it(status: &Status) -> bool {
    exit::is_broken(status) || is_later(status)
}

/// Whether the server is there and has said when to come back: too much was asked for, or it has no room.
pub(super) fn is_later(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted && !exit::is_broken(status) && after(status).is_some()
}

/// When to come back, if the server has said it.
pub(super) fn after(status: &Status) -> Option<Duration> {
    let retry = status.get_details_retry_info()?;
    Some(retry.retry_delay?.min(AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    fn status(code: Code, after: Option<Duration>) -> Status {
        let mut details = ErrorDetails::new();
        if after.is_some() {
            details.set_retry_info(after);
        }
        Status::with_error_details(code, "x", details)
    }

    #[test]
    fn what_is_worth_another_try() {
        let second = Duration::from_secs(1);
        assert!(is_worth_it(&status(Code::Unavailable, None)));
        assert!(is_worth_it(&status(Code::ResourceExhausted, Some(second))));
        assert!(!is_worth_it(&status(Code::ResourceExhausted, None)), "what is too large stays so");
        assert!(!is_worth_it(&status(Code::InvalidArgument, Some(second))));
        assert!(is_later(&status(Code::ResourceExhausted, Some(second))));
        assert!(!is_later(&status(Code::Unavailable, Some(second))));
        assert_eq!(after(&status(Code::Unavailable, Some(second))), Some(second));
        assert_eq!(after(&status(Code::Unavailable, Some(second * 10_000))), Some(AFTER_MAX));
        assert_eq!(after(&Status::unavailable("x")), None);
    }
}
