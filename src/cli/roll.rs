//! The roll-call of a task: who has received it, who has done it with which answer, and who is silent.

use std::time::SystemTime;

use prost_types::Timestamp;
use serde::Serialize;
use tonic::Code;

use super::{
    Failure,
    caller::{Caller, Client},
    clients,
    exit::code,
    result_line::{self, first_line},
    table::{Cell, Column, Table, numbers, words},
    time,
    verdicts::word,
};
use crate::pb;

/// Calls the roll of one task after the other.
pub(super) struct Roll {
    /// Of these; empty: of all who have to do with the task.
    clients: Vec<String>,
    /// The server does not know the call: it is of before.
    is_unknown: bool,
}

impl Roll {
    pub(super) fn new(clients: Vec<String>) -> Self {
        Roll { clients, is_unknown: false }
    }

    /// The answers, if the server knows them.
    pub(super) async fn call(
        &mut self,
        caller: &mut Caller<'_>,
        id: &str,
    ) -> Result<Option<Vec<AnswerLine>>, Failure> {
        if self.is_unknown {
            return Ok(None);
        }
        let call = async |mut client: Client, asked| client.call_roll(asked).await;
        let asked = pb::RollCall { id: id.to_owned(), clients: self.clients.clone() };
        match caller.call("callRoll", asked, call).await {
            Ok(roll) => Ok(Some(roll.answers.into_iter().map(AnswerLine::from).collect())),
            Err(failure) if failure.code == code::GRPC + Code::Unimplemented as u8 => {
                self.is_unknown = true;
                Ok(None)
            }
            // It has gone since the list was made.
            Err(failure) if failure.code == code::GRPC + Code::NotFound as u8 => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

/// What one client has said of a task, as JSON. Its shape is frozen: see tests/golden.
#[derive(Debug, Serialize, PartialEq)]
pub(super) struct AnswerLine {
    client: String,
    standing: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(serialize_with = "time::as_rfc3339", skip_serializing_if = "Option::is_none")]
    received_at: Option<Timestamp>,
    #[serde(serialize_with = "time::as_rfc3339", skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    #[serde(serialize_with = "time::as_rfc3339", skip_serializing_if = "Option::is_none")]
    last_seen: Option<Timestamp>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    up: bool,
}

impl From<pb::Answer> for AnswerLine {
    fn from(answer: pb::Answer) -> Self {
        let standing = word(answer.standing().as_str_name(), "STANDING_");
        let result = answer.result;
        AnswerLine {
            client: answer.client,
            standing,
            outcome: result.as_ref().and_then(result_line::outcome),
            exit_code: result.as_ref().and_then(|result| result.exit_code),
            at: result.as_ref().and_then(|result| result.at),
            ret: result.filter(|result| result.outcome.is_some() || !result.ret.is_empty()).map(|r| r.ret),
            received_at: answer.received_at,
            last_seen: answer.last_seen,
            up: answer.up,
        }
    }
}

const COLUMNS: &[Column] = &[
    // Under the row of its task.
    words("  "),
    words("CLIENT"),
    words("STANDING"),
    numbers("WHEN"),
    numbers("EXIT"),
    words("ANSWER"),
];

/// A table for people.
pub(super) fn lines(answers: &[AnswerLine], now: SystemTime, colour: bool) -> Vec<String> {
    if answers.is_empty() {
        return Vec::new();
    }
    // What is said at the end is the answer: it is not cut.
    let rows: Vec<Vec<Cell>> = answers.iter().map(|answer| answer.row(now)).collect();
    Table::new(COLUMNS, colour, None).lines(&rows)
}

impl AnswerLine {
    fn row(&self, now: SystemTime) -> Vec<Cell> {
        let when = self.at.or(self.received_at);
        let standing = Cell::text(&self.standing);
        let standing = match &self.standing[..] {
            "done" => standing.good(),
            "dead" => standing.bad(),
            "failed" | "silent" => standing.notable(),
            _ => standing,
        };
        let answer = match (&self.ret, &self.standing[..]) {
            (Some(ret), _) => Cell::text(first_line(ret)),
            (None, "silent" | "received") if self.up => Cell::text("is up").dim(),
            (None, "silent" | "received") => Cell::text(clients::seen_at(self.last_seen.as_ref(), now)).dim(),
            (None, _) => Cell::text(""),
        };
        vec![
            Cell::text("  "),
            Cell::text(&self.client),
            standing,
            Cell::text(when.map(|at| time::age(&at, now)).unwrap_or_default()),
            Cell::text(self.exit_code.map(|code| code.to_string()).unwrap_or_default()),
            answer,
        ]
    }
}
