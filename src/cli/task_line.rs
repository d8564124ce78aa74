//! A task as it is seen by those who look: as the log has it, or as a group does.

use std::{collections::BTreeMap, time::SystemTime};

use prost_types::Timestamp;
use serde::Serialize;

use super::{
    table::{Cell, Column, numbers, words},
    time,
    verdicts::word,
};
use crate::pb;

/// A task as JSON: the keys of a line of watch-tasks, and where it stands. Its shape is frozen: see tests/golden.
#[derive(Serialize, PartialEq)]
pub(super) struct TaskLine {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) queue: String,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) seq: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) task: String,
    #[serde(serialize_with = "time::as_rfc3339", skip_serializing_if = "Option::is_none")]
    pub(super) submitted_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) group: String,
    #[serde(skip_serializing_if = "is_none")]
    pub(super) attempt: u32,
    #[serde(serialize_with = "time::as_rfc3339", skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) state: String,
    #[serde(skip_serializing_if = "is_none")]
    pub(super) failures: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ends: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    suspect: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) holder: String,
    #[serde(serialize_with = "time::as_rfc3339", skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    #[serde(serialize_with = "time::as_rfc3339", skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    #[serde(skip_serializing_if = "String::is_empty")]
    said: String,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

fn is_none(n: &u32) -> bool {
    *n == 0
}

impl From<pb::TaskInfo> for TaskLine {
    fn from(info: pb::TaskInfo) -> Self {
        let state = match info.state() {
            pb::State::Unspecified => String::new(),
            state => word(state.as_str_name(), "STATE_"),
        };
        let ends = info.ends().map(|end| word(end.as_str_name(), "END_")).collect();
        let task = info.task.unwrap_or_default();
        TaskLine {
            id: task.id,
            queue: task.queue,
            seq: task.seq,
            task: task.task,
            submitted_at: task.submitted_at,
            labels: task.labels,
            group: task.group,
            attempt: task.attempt,
            expires_at: task.expires_at,
            state,
            failures: info.failures,
            ends,
            suspect: info.suspect,
            holder: info.holder,
            since: info.since,
            until: info.until,
            said: info.said,
        }
    }
}

/// Tasks in a table.
pub(super) const COLUMNS: &[Column] = &[
    words("QUEUE"),
    numbers("SEQ"),
    words("ID"),
    numbers("AGE"),
    words("GROUP"),
    words("STATE"),
    numbers("ATTEMPT"),
    numbers("FAILURES"),
    words("HOLDER"),
    numbers("LEFT"),
    words("TASK"),
];

impl TaskLine {
    /// What it is known by in a list: its place, and its id while it has none.
    pub(super) fn key(&self) -> String {
        format!("{}/{}/{:020}/{}", self.queue, self.group, self.seq, self.id)
    }

    /// Its row.
    pub(super) fn row(&self, now: SystemTime) -> Vec<Cell> {
        let seq = if self.seq == 0 { String::new() } else { self.seq.to_string() };
        let id = if self.id == seq { "" } else { &self.id };
        let count = |n: u32| if n == 0 { Cell::text("") } else { Cell::count(n.into()) };
        vec![
            Cell::text(&self.queue),
            Cell::text(&seq),
            Cell::text(id),
            Cell::text(self.submitted_at.as_ref().map(|at| time::age(at, now)).unwrap_or_default()),
            Cell::text(&self.group),
            self.state_cell(),
            count(self.attempt),
            count(self.failures),
            Cell::text(&self.holder),
            Cell::text(self.until.as_ref().map(|until| time::left(until, now)).unwrap_or_default()),
            Cell::text(&self.task),
        ]
    }

    /// Where it stands, in its colour.
    pub(super) fn state_cell(&self) -> Cell {
        let cell = Cell::text(&self.state);
        match &self.state[..] {
            "done" => cell.good(),
            "dead" => cell.bad(),
            "leased" | "waiting" | "delayed" => cell.notable(),
            "cancelled" | "expired" => cell.dim(),
            _ => cell,
        }
    }
}
