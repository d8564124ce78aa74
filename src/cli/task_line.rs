//! A task as it is seen by those who look: as the log has it, or as a group does.

use std::{collections::BTreeMap, time::SystemTime};

use prost_types::Timestamp;
use serde::Serialize;

use super::{
    roll::AnswerLine,
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
    /// Only of a task that is asked for by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) roll_call: Option<Vec<AnswerLine>>,
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
            roll_call: None,
        }
    }
}

/// Tasks in a table, as the log has them.
pub(super) const COLUMNS: &[Column] = &[
    words("QUEUE"),
    numbers("SEQ"),
    words("ID"),
    numbers("AGE"),
    words("STATE"),
    numbers("LEFT"),
    words("TASK"),
];

/// Tasks in a table, as groups have them.
pub(super) const COLUMNS_IN_GROUP: &[Column] = &[
    words("QUEUE"),
    numbers("SEQ"),
    words("ID"),
    numbers("AGE"),
    words("GROUP"),
    words("STATE"),
    numbers("LEFT"),
    numbers("ATTEMPT"),
    numbers("FAILURES"),
    words("HOLDER"),
    words("TASK"),
];

impl TaskLine {
    /// What it is known by in a list: its place, and its id while it has none.
    pub(super) fn key(&self) -> String {
        format!("{}/{}/{:020}/{}", self.queue, self.group, self.seq, self.id)
    }

    /// Its row, as the log has it.
    pub(super) fn row(&self, now: SystemTime) -> Vec<Cell> {
        let [queue, seq, id, age] = self.place(now);
        vec![queue, seq, id, age, self.state_cell(), self.left(now), Cell::text(&self.task)]
    }

    /// Its row, as a group has it.
    pub(super) fn row_in_group(&self, now: SystemTime) -> Vec<Cell> {
        let [queue, seq, id, age] = self.place(now);
        vec![
            queue,
            seq,
            id,
            age,
            Cell::text(&self.group),
            self.state_cell(),
            self.left(now),
            Cell::count(self.attempt.into()),
            Cell::count(self.failures.into()),
            Cell::text(&self.holder),
            Cell::text(&self.task),
        ]
    }

    fn place(&self, now: SystemTime) -> [Cell; 4] {
        let seq = if self.seq == 0 { String::new() } else { self.seq.to_string() };
        let id = if self.id == seq { "" } else { &self.id };
        let age = self.submitted_at.as_ref().map(|at| time::age(at, now)).unwrap_or_default();
        [Cell::text(&self.queue), Cell::text(&seq), Cell::text(id), Cell::text(age)]
    }

    fn left(&self, now: SystemTime) -> Cell {
        Cell::text(self.until.as_ref().map(|until| time::left(until, now)).unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{json, roll, shown, table::Table};

    /// What a list says of a task, with what its clients have answered.
    #[derive(Clone, PartialEq, prost::Message)]
    struct Looked {
        #[prost(message, optional, tag = "1")]
        info: Option<pb::TaskInfo>,
        #[prost(message, repeated, tag = "2")]
        answers: Vec<pb::Answer>,
    }

    #[test]
    fn fuzz_look_shown() {
        let at = Some(Timestamp { seconds: 1_763_791_200, nanos: 5 });
        let task = pb::ServerMsg {
            task: "任务:1".into(),
            id: "deploy".into(),
            queue: "ci".into(),
            seq: 17,
            submitted_at: at,
            labels: [("ref".to_owned(), "main".to_owned())].into(),
            group: "ci".into(),
            ..pb::ServerMsg::default()
        };
        let info = pb::TaskInfo {
            task: Some(task),
            state: pb::State::Leased.into(),
            ends: vec![pb::End::Lost.into()],
            holder: "w1".into(),
            until: at,
            said: "no room".into(),
            ..pb::TaskInfo::default()
        };
        let result = pb::Result { ret: "fine".into(), at, ..pb::Result::default() };
        let answer = pb::Answer {
            client: "w1".into(),
            standing: pb::answer::Standing::Dead.into(),
            result: Some(result),
            last_seen: at,
            ..pb::Answer::default()
        };
        let answers = vec![answer, pb::Answer { client: "w2".into(), up: true, ..pb::Answer::default() }];
        let seed = Looked { info: Some(info), answers };
        let now = SystemTime::UNIX_EPOCH;
        let line = |looked: &Looked| TaskLine::from(looked.info.clone().unwrap_or_default());
        let answers = |looked: &Looked| -> Vec<AnswerLine> {
            looked.answers.iter().cloned().map(AnswerLine::from).collect()
        };
        shown::run(
            "look_shown",
            &[seed],
            |looked, colour| {
                let line = line(looked);
                let mut lines = Table::new(COLUMNS, colour, Some(40)).lines(&[line.row(now)]);
                lines.extend(Table::new(COLUMNS_IN_GROUP, colour, None).lines(&[line.row_in_group(now)]));
                lines.extend(roll::lines(&answers(looked), now, colour));
                lines
            },
            |looked| json::line(&TaskLine { roll_call: Some(answers(looked)), ..line(looked) }),
        );
    }
}
