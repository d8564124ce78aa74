//! How a command ends. The one place where failures become exit codes and error lines.

use std::{collections::BTreeMap, error::Error as _, io::Write as _};

use serde::Serialize;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{again, json, reason::Reason, secure::Refusal};
use crate::{pb, wire::GRANT_ENDED};

/// Exit codes, as the manual has them.
pub(super) mod code {
    /// It worked and the answer is no.
    pub(in crate::cli) const NO: u8 = 1;
    /// Wrong usage.
    pub(in crate::cli) const USAGE: u8 = 2;
    /// The server could not be reached.
    pub(in crate::cli) const UNREACHABLE: u8 = 3;
    /// Bad input on stdin; the rest is done.
    pub(in crate::cli) const BAD_INPUT: u8 = 4;
    /// The store cannot be opened, or failed.
    pub(in crate::cli) const STORE: u8 = 5;
    /// The server answered gRPC status N: this plus N.
    pub(in crate::cli) const GRPC: u8 = 64;
    /// `--timeout` ran out.
    pub(in crate::cli) const TIMEOUT: u8 = 124;
    /// With --exit-code: it is not the task's.
    pub(in crate::cli) const OWN: u8 = 125;
    /// Ended by SIGINT.
    pub(in crate::cli) const SIGINT: u8 = 130;
    /// Ended by SIGTERM.
    pub(in crate::cli) const SIGTERM: u8 = 143;
}

/// Why a command ends otherwise than well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The exit code.
    pub(super) code: u8,
    /// A stable word for programs.
    pub(super) reason: String,
    /// For people; empty if everything has been said.
    pub(super) message: String,
    /// What to do.
    pub(super) hint: Option<String>,
    /// The line of stdin that this is about.
    pub(super) line: Option<u64>,
    /// What the server has said beside it.
    pub(super) said: Box<Said>,
}

/// What a server says of a refusal beside its reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// The field of the request that is wrong.
    field: Option<String>,
    /// It is worth another try after so long.
    retry_after_ms: Option<u64>,
    /// What programs need to go on.
    details: BTreeMap<String, String>,
}

impl Failure {
    pub(super) fn new(code: u8, reason: Reason, message: impl Into<String>) -> Self {
        Failure::told(code, reason.word(), message)
    }

    /// By a server's word.
    fn told(code: u8, reason: &str, message: impl Into<String>) -> Self {
        let (reason, message) = (reason.to_owned(), message.into());
        Failure { code, reason, message, hint: None, line: None, said: Box::default() }
    }

    /// A flag or argument that can be judged here.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Failure::new(code::USAGE, Reason::Usage, message)
    }

    /// Everything has been said already; this is only the code.
    pub(super) fn silent(code: u8) -> Self {
        Failure::told(code, "", "")
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What the server at `address` answered.
    pub(super) fn from_status(status: &Status, address: &str) -> Self {
        if let Some((word, message, hint)) = status.source().and(Refusal::parse(&cause(status))) {
            let failure =
                Failure::told(code::UNREACHABLE, word, format!("the server at {address}: {message}"));
            return if hint.is_empty() { failure } else { failure.hint(hint) };
        }
        let details = status.get_error_details();
        let info = details.error_info().filter(|info| !info.reason.is_empty());
        // A server that says why it does not serve just now was reached.
        if is_broken(status) && info.is_none() {
            return Failure::new(
                code::UNREACHABLE,
                Reason::Unreachable,
                format!("the server at {address} cannot be reached: {}", cause(status)),
            )
            .hint("is it running? `contact serve` starts one; --server or CONTACT_SERVER says where it is");
        }
        let reason = info.map_or_else(|| code_word(status.code()), |info| info.reason.clone());
        let field = details.bad_request().and_then(|bad| bad.field_violations.first());
        let said = Said {
            field: field.map(|field| field.field.clone()),
            retry_after_ms: again::after(status).map(|after| after.as_millis() as u64),
            details: info.map(|info| info.metadata.clone().into_iter().collect()).unwrap_or_default(),
        };
        let code = match status.code() {
            Code::Unavailable => code::UNREACHABLE,
            other => code::GRPC + i32::from(other) as u8,
        };
        let failure = Failure::told(code, &reason, status.message());
        let failure = Failure { said: Box::new(said), ..failure };
        match &reason[..] {
            "no_token" => {
                failure.hint("--token-file FILE or CONTACT_TOKEN_FILE says where this client's token is")
            }
            "no_grant" => failure.hint(
                "`contact token create --certificate --name NAME --role …` on the server grants something to it",
            ),
            "no_role" | "foreign_queue" | "foreign_group" => failure.hint(
                "`contact token list` on the server says what is granted; another token grants something else",
            ),
            "grant_ended" | "bad_token" | "token_expired" => {
                failure.hint("`contact token create` on the server makes another")
            }
            "foreign_client" => failure.hint("--client NAME or CONTACT_CLIENT says who this is"),
            _ => failure,
        }
    }

    /// What the server said of one item.
    pub(super) fn from_refusal(code: u8, refusal: pb::Refusal) -> Self {
        let said = Said {
            field: Some(refusal.field).filter(|field| !field.is_empty()),
            retry_after_ms: Some(refusal.retry_after_ms).filter(|ms| *ms > 0),
            details: BTreeMap::new(),
        };
        Failure { said: Box::new(said), ..Failure::told(code, &refusal.reason, refusal.message) }
    }

    /// Prints it on stderr.
    pub(super) fn print(&self, errors: Errors) {
        if !self.message.is_empty() {
            errors.print(self);
        }
    }
}

/// Whether the connection is at fault, not what was asked: worth another try.
pub(super) fn is_broken(status: &Status) -> bool {
    // A status that the server sent has no source; one that tonic made of a broken connection has.
    let is_of_connection = status.code() == Code::Unavailable || status.source().is_some();
    is_of_connection && !is_refused(status) || has_lost_its_grant(status)
}

/// Whether the two ends do not trust each other.
fn is_refused(status: &Status) -> bool {
    status.source().is_some() && Refusal::parse(&cause(status)).is_some()
}

/// Whether the server was reached and is not trusted for now.
pub(super) fn is_untrusted(status: &Status) -> bool {
    status.source().is_some() && Refusal::may_pass(&cause(status))
}

/// Whether what the call was admitted by has changed while it was open: whoever has another token by now, or is still
/// let in, goes on; to the others the next try says no.
fn has_lost_its_grant(status: &Status) -> bool {
    status.code() == Code::Unauthenticated
        && status.get_details_error_info().is_some_and(|info| info.reason == GRANT_ENDED)
}

/// The innermost cause: the outer ones say only that there is one.
pub(super) fn cause(status: &Status) -> String {
    let mut innermost: Option<&dyn std::error::Error> = status.source();
    while let Some(inner) = innermost.and_then(|e| e.source()) {
        innermost = Some(inner);
    }
    innermost.map_or_else(|| status.message().to_owned(), ToString::to_string)
}

/// `NotFound` as `not_found`.
fn code_word(code: Code) -> String {
    let mut word = String::new();
    for c in format!("{code:?}").chars() {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}

/// How errors are printed on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Errors {
    /// As JSON lines.
    pub(super) json: bool,
}

#[derive(Serialize)]
struct ErrorLine<'a> {
    error: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    details: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct NoticeLine<'a> {
    notice: &'a str,
    message: &'a str,
}

impl Errors {
    fn print(self, failure: &Failure) {
        let text = if self.json {
            json::line(&ErrorLine {
                error: &failure.reason,
                message: &failure.message,
                hint: failure.hint.as_deref(),
                line: failure.line,
                field: failure.said.field.as_deref(),
                retry_after_ms: failure.said.retry_after_ms,
                details: &failure.said.details,
            })
        } else {
            let line = failure.line.map(|n| format!("line {n}: ")).unwrap_or_default();
            let hint = failure.hint.as_ref().map(|h| format!("  {}\n", json::escape(h))).unwrap_or_default();
            format!("contact: {line}{}\n{hint}", json::escape(&failure.message))
        };
        say(&text);
    }

    /// Says something that is no error.
    pub(super) fn notice(self, word: &str, message: &str) {
        say(&if self.json {
            json::line(&NoticeLine { notice: word, message })
        } else {
            format!("contact: {}\n", json::escape(message))
        });
    }
}

fn say(text: &str) {
    // Nobody can be told that stderr is gone.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_becomes_its_code() {
        let failure = Failure::from_status(&Status::already_exists("taken"), "x");
        assert_eq!((failure.code, &failure.reason[..]), (70, "already_exists"));
        let failure = Failure::from_status(&Status::out_of_range("gone"), "x");
        assert_eq!((failure.code, &failure.reason[..]), (75, "out_of_range"));
        let failure = Failure::from_status(&Status::unavailable("stopping"), "x");
        assert_eq!((failure.code, &failure.reason[..]), (3, "unreachable"));
    }

    #[test]
    fn what_a_server_has_said_is_kept() {
        let mut details = tonic_types::ErrorDetails::with_error_info("stopping", "contact", []);
        details.set_retry_info(Some(std::time::Duration::from_secs(2)));
        let status = Status::with_error_details(Code::Unavailable, "the server is stopping", details);
        let failure = Failure::from_status(&status, "x");
        assert_eq!((failure.code, &failure.reason[..]), (3, "stopping"));
        assert_eq!(failure.said.retry_after_ms, Some(2000));
        let details = tonic_types::ErrorDetails::with_error_info(GRANT_ENDED, "contact", []);
        let failure =
            Failure::from_status(&Status::with_error_details(Code::Unauthenticated, "x", details), "x");
        assert_eq!((failure.code, &failure.reason[..]), (80, GRANT_ENDED));
    }
}
