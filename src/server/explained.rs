//! Statuses that are not made by this server's own code but by what it is built on: a message that cannot be read,
//! a call that nobody knows, and what health and reflection say. Here, in one place, they get the reasons that all
//! others have, and where theirs would mislead, the code.

use http::HeaderMap;
use tonic::{Code, Status};

use super::{reason::Reason, service::MESSAGE_BYTES_MAX, status};

/// Gives the status among these headers or trailers a reason, if it is an error without one.
pub(super) fn explain(headers: &mut HeaderMap) {
    if !headers.contains_key(Status::GRPC_STATUS) || headers.contains_key(DETAILS) {
        return;
    }
    let Some(foreign) = Status::from_header_map(headers).filter(|status| status.code() != Code::Ok) else {
        return;
    };
    headers.remove(Status::GRPC_MESSAGE);
    // It has no byte that cannot be in a header: what is no text in it is escaped.
    let _ = own(&foreign).add_header(headers);
}

fn own(foreign: &Status) -> Status {
    let said = foreign.message();
    match foreign.code() {
        // tonic's word for a message that is too long; ours for a position that is gone.
        Code::OutOfRange => status::new(
            Reason::MessageTooLarge,
            format!("a message is too long: at most {MESSAGE_BYTES_MAX} bytes are taken"),
        ),
        // And for bytes that are no message: it is the caller who can do something about it.
        Code::Internal | Code::InvalidArgument => {
            status::new(Reason::BadMessage, format!("what was sent is no message of this call: {said}"))
        }
        Code::Unimplemented if said.is_empty() => {
            status::new(Reason::Unimplemented, "this server does not know the call")
        }
        Code::Unimplemented => status::new(Reason::Unimplemented, said),
        Code::NotFound => status::new(Reason::NotFound, said),
        _ => status::new(Reason::Internal, said),
    }
}

/// Where the details of a status are.
const DETAILS: &str = "grpc-status-details-bin";

#[cfg(test)]
mod tests {
    use tonic_types::StatusExt;

    use super::*;

    fn explained(status: &Status) -> Status {
        let mut headers = HeaderMap::new();
        status.add_header(&mut headers).unwrap();
        explain(&mut headers);
        Status::from_header_map(&headers).unwrap()
    }

    #[test]
    fn whoever_has_said_it_an_error_has_a_reason() {
        for (foreign, code, reason) in [
            (Status::out_of_range("too long"), Code::ResourceExhausted, "message_too_large"),
            (Status::internal("buffer underflow"), Code::InvalidArgument, "bad_message"),
            (Status::unimplemented(""), Code::Unimplemented, "unimplemented"),
            (Status::not_found("service not registered"), Code::NotFound, "not_found"),
            (Status::aborted("?"), Code::Internal, "internal"),
        ] {
            let own = explained(&foreign);
            assert_eq!(own.code(), code, "{foreign:?}");
            assert_eq!(own.get_details_error_info().unwrap().reason, reason);
            assert!(!own.message().is_empty());
        }
    }

    #[test]
    fn what_has_a_reason_and_what_is_no_error_stays_as_it_is() {
        let own = status::new(Reason::Trimmed, "gone");
        let shown = explained(&own);
        assert_eq!((shown.code(), shown.details()), (own.code(), own.details()));
        let well = explained(&Status::new(Code::Ok, ""));
        assert_eq!((well.code(), well.details().len()), (Code::Ok, 0));
        let mut none = HeaderMap::new();
        explain(&mut none);
        assert!(none.is_empty());
    }
}
