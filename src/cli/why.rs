//! `contact why`: where a task stands in each group, and why.

use std::time::SystemTime;

use clap::Args;
use serde::Serialize;

use super::{
    Context, Failure, Format,
    caller::{Caller, Client},
    json, list,
    output::Output,
    table::{Cell, Column, Table, numbers, words},
    task_line::TaskLine,
    time,
};
use crate::pb;

/// Say where a task stands in each group, and why it has not been handed out
///
/// Each group that shares the task's queue has reasons, the most important first: paused, no_members,
/// credit_full, suspect, waiting, leased, behind, failures, rejected, done, cancelled, expired. Without any it is
/// next.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact why 17
  contact why deploy-42 | jq '.groups[] | {group, reasons}'

Exit codes: 0 it worked; 2 wrong usage; 3 the server could not be reached; 69 there is no such task;
76 it is not a contact server")]
pub(super) struct Why {
    /// The task's id
    #[arg(value_name = "ID")]
    id: String,
}

/// A task and its groups as JSON. Its shape is frozen: see tests/golden.
#[derive(Serialize)]
struct WhyLine {
    #[serde(flatten)]
    task: TaskLine,
    groups: Vec<InGroupLine>,
}

#[derive(Serialize)]
struct InGroupLine {
    #[serde(flatten)]
    task: TaskLine,
    reasons: Vec<String>,
    because: String,
    members: u64,
    members_full: u64,
    before: u64,
}

const COLUMNS: &[Column] = &[
    words("GROUP"),
    words("STATE"),
    numbers("ATTEMPT"),
    numbers("FAILURES"),
    numbers("MEMBERS"),
    words("BECAUSE"),
];

impl Why {
    pub(super) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        let call = async |mut client: Client, asked| client.explain_task(asked).await;
        let asked = pb::TaskName { id: self.id };
        let line = WhyLine::from(Caller::new(context).call("explainTask", asked, call).await?);
        match out.format {
            Format::Json => out.line(&line, String::new).await?,
            Format::Text => list::print(out, &line.lines(out.colour)).await?,
        }
        Ok(0)
    }
}

impl WhyLine {
    /// The task, and a table of its groups.
    #[allow(clippy::disallowed_methods, reason = "an age is shown to people")]
    fn lines(&self, colour: bool) -> Vec<String> {
        let task = &self.task;
        let age = task.submitted_at.as_ref().map(|at| format!("  {} ago", time::age(at, SystemTime::now())));
        let state = if task.state.is_empty() { String::new() } else { format!("  {}", task.state) };
        let (id, queue, text) = (json::escape(&task.id), json::escape(&task.queue), json::escape(&task.task));
        let mut lines = vec![format!("{id}  {queue}{}{state}  {text}", age.unwrap_or_default())];
        if self.groups.is_empty() {
            lines.push("no group shares its queue".to_owned());
            return lines;
        }
        // What is said at the end is the answer: it is not cut.
        let mut table = Table::new(COLUMNS, colour, None);
        lines.extend(table.lines(&self.groups.iter().map(InGroupLine::row).collect::<Vec<_>>()));
        lines
    }
}

impl InGroupLine {
    fn row(&self) -> Vec<Cell> {
        vec![
            Cell::text(&self.task.group),
            self.task.state_cell(),
            Cell::count(self.task.attempt.into()),
            Cell::count(self.task.failures.into()),
            Cell::count(self.members),
            Cell::text(&self.because),
        ]
    }
}

impl From<pb::Explained> for WhyLine {
    fn from(explained: pb::Explained) -> Self {
        WhyLine {
            task: explained.task.unwrap_or_default().into(),
            groups: explained.groups.into_iter().map(InGroupLine::from).collect(),
        }
    }
}

impl From<pb::InGroup> for InGroupLine {
    fn from(group: pb::InGroup) -> Self {
        let mut task = TaskLine::from(group.task.unwrap_or_default());
        // Of the task itself the line has said everything.
        (task.id, task.queue, task.seq) = Default::default();
        (task.submitted_at, task.expires_at) = (None, None);
        InGroupLine {
            task,
            reasons: group.reasons,
            because: group.because,
            members: group.members,
            members_full: group.members_full,
            before: group.before,
        }
    }
}
