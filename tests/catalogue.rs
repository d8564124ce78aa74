//! The catalogue of bad input: a table of what can be said wrongly, in messages of every call, in HTTP, in raw bytes
//! on the port, in flags, on stdin and in files. Each row has its documented answer, and leaves everything that the
//! lists show as it was: queues, groups, tasks, results and clients.
//!
//! ```text
//!   messages  fields that are wrong, for every call     ──►  gRPC status, reason, field
//!   bytes     what is no message, no call, no gRPC      ──►  gRPC status, reason; or the end of the connection
//!   commands  flags, lines of stdin, files              ──►  exit code, reason
//! ```
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests run in real time")]

mod common;

#[path = "catalogue/bytes.rs"]
mod bytes;
#[path = "catalogue/commands.rs"]
mod commands;
#[path = "catalogue/digest.rs"]
mod digest;
#[path = "catalogue/http.rs"]
mod http_call;
#[path = "catalogue/messages.rs"]
mod messages;

use common::{DEADLINE, Server};
use http_call::Answer;
use tonic::{Code, transport::Endpoint};

/// Together at least so many.
const ROWS_MIN: usize = 150;

/// What comes of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// A gRPC status with its reason and, if it is about one, the field.
    Refused(Code, String, String),
    /// It is no mistake, and changes nothing.
    Taken,
    /// The connection is closed.
    Closed,
    /// The exit code, and the `error` of the last line on stderr.
    Exit(i32, String),
}

fn refused(code: Code, reason: &str, field: &str) -> Outcome {
    Outcome::Refused(code, reason.to_owned(), field.to_owned())
}

/// A field is wrong.
fn invalid(reason: &str, field: &str) -> Outcome {
    refused(Code::InvalidArgument, reason, field)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bad_input_has_its_answer_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    commands::seed(&server);
    let channel = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    let channel = channel.connect().await.unwrap();
    let before = digest::steady(&channel).await;

    let (mut rows, mut wrong) = (0, Vec::new());
    let mut check = async |name: String, expected: Outcome, found: Outcome| {
        rows += 1;
        if found != expected {
            wrong.push(format!("{name}: {found:?} instead of {expected:?}"));
        }
        let after = digest::take(&channel).await;
        if after != before {
            wrong.push(format!("{name} has changed something: {}", digest::difference(&before, &after)));
        }
    };
    for row in messages::rows() {
        let answer = http_call::call(&channel, row.path, &row.message).await;
        check(format!("{} {}", row.path, row.name), row.expected, answer.outcome(row.path)).await;
    }
    for row in bytes::requests() {
        let found =
            http_call::send(&channel, row.request).await.map(|answer| (answer.http, answer.outcome("")));
        let (http, found) = found.unwrap_or((0, Outcome::Closed));
        check(row.name.to_owned(), row.expected, found).await;
        check(
            format!("{}, in HTTP", row.name),
            Outcome::Exit(row.http.into(), String::new()),
            Outcome::Exit(http.into(), String::new()),
        )
        .await;
    }
    for (name, bytes) in bytes::raw() {
        let address = server.address.clone();
        let found = tokio::task::spawn_blocking(move || bytes::is_closed(&address, &bytes)).await.unwrap();
        check(name.to_owned(), Outcome::Closed, if found { Outcome::Closed } else { Outcome::Taken }).await;
    }
    for row in commands::rows() {
        let ended = tokio::task::block_in_place(|| row.run(&server, folder.path()));
        check(
            format!("contact {}", row.args.join(" ")),
            Outcome::Exit(row.code, row.reason.to_owned()),
            ended,
        )
        .await;
    }
    assert!(wrong.is_empty(), "{} of {rows} rows:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows >= ROWS_MIN, "{rows} rows");

    // It is as well as it was.
    let submitted = server.run(&["submit", "still there"], "");
    assert_eq!(submitted.code, 0, "{submitted:?}");
    let log = server.log.lock().unwrap().join("\n");
    assert!(!log.contains("panicked"), "{log}");
    assert!(server.stop().success());
}

impl Answer {
    /// What came of a call.
    fn outcome(&self, path: &str) -> Outcome {
        if self.status.code() != Code::Ok {
            let said = tonic_types::StatusExt::get_error_details(&self.status);
            let reason = said.error_info().map(|info| info.reason.clone()).unwrap_or_default();
            let field = said.bad_request().and_then(|bad| bad.field_violations.first());
            let field = field.map(|field| field.field.clone()).unwrap_or_default();
            let message = self.status.message();
            assert!(!message.is_empty() && message.len() < 500, "{path}: {message:?}");
            return Outcome::Refused(self.status.code(), reason, field);
        }
        match self.refusal(path) {
            Some(refusal) => Outcome::Refused(Code::from_i32(refusal.code), refusal.reason, refusal.field),
            None => Outcome::Taken,
        }
    }
}

/// Waits for what should happen, and says what did not.
async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("not within {DEADLINE:?}: {what}"),
    }
}
