//! `contact queues`: the queues and what is in them.

use std::time::SystemTime;

use clap::Args;
use serde::Serialize;

use super::{
    Context, Failure,
    caller::{Caller, Client},
    list::{self, Follow, List},
    output::Output,
    table::{Cell, Column, numbers, words},
    time,
};
use crate::{name::QueueName, pb};

/// Show the queues and what is in them
///
/// A line for each queue, in the order of their names.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact queues
  contact queues --watch
  contact queues -q ci | jq .tasks
  contact queues | jq -r 'select(.delayed > 0).queue'

Exit codes: 0 it worked; 2 wrong usage; 3 the server could not be reached;
76 it is not a contact server; 130, 143 SIGINT, SIGTERM")]
pub(super) struct Queues {
    /// Only this queue [default: all]
    #[arg(short, long, value_name = "QUEUE", value_parser = super::queue_name)]
    queue: Option<QueueName>,

    #[command(flatten)]
    follow: Follow,
}

/// A queue as JSON. Its shape is frozen: see tests/golden.
#[derive(Serialize, PartialEq)]
pub(super) struct QueueLine {
    queue: String,
    tasks: u64,
    first_seq: u64,
    last_seq: u64,
    delayed: u64,
    trimmed: u64,
    groups: u64,
    #[serde(serialize_with = "time::as_rfc3339", skip_serializing_if = "Option::is_none")]
    oldest_at: Option<prost_types::Timestamp>,
}

impl Queues {
    pub(super) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        let queue = self.queue.map(|queue| queue.to_string()).unwrap_or_default();
        list::run(QueueList { queue }, context, out, &self.follow, None).await
    }
}

const COLUMNS: &[Column] = &[
    words("QUEUE"),
    numbers("TASKS"),
    numbers("FIRST"),
    numbers("LAST"),
    numbers("DELAYED"),
    numbers("TRIMMED"),
    numbers("GROUPS"),
    numbers("OLDEST"),
];

struct QueueList {
    queue: String,
}

impl List for QueueList {
    type Item = QueueLine;
    type Place = String;

    async fn page(
        &mut self,
        caller: &mut Caller<'_>,
        at: Option<String>,
        limit: u32,
    ) -> Result<(Vec<QueueLine>, Option<String>), Failure> {
        let asked = pb::ListQueues { queue: self.queue.clone(), after: at.unwrap_or_default(), limit };
        let call = async |mut client: Client, asked| client.list_queues(asked).await;
        let page = caller.call("listQueues", asked, call).await?;
        let next = page.queues.last().filter(|_| page.more).map(|last| last.queue.clone());
        Ok((page.queues.into_iter().map(QueueLine::from).collect(), next))
    }

    fn key(line: &QueueLine) -> String {
        line.queue.clone()
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn row(&self, line: &QueueLine, now: SystemTime) -> Vec<Cell> {
        vec![
            Cell::text(&line.queue),
            Cell::count(line.tasks),
            Cell::count(line.first_seq),
            Cell::count(line.last_seq),
            Cell::count(line.delayed),
            Cell::count(line.trimmed),
            Cell::count(line.groups),
            Cell::text(line.oldest_at.as_ref().map(|at| time::age(at, now)).unwrap_or_default()),
        ]
    }
}

impl From<pb::Queue> for QueueLine {
    fn from(queue: pb::Queue) -> Self {
        let pb::Queue { queue, tasks, first_seq, last_seq, delayed, trimmed, groups, oldest_at } = queue;
        QueueLine { queue, tasks, first_seq, last_seq, delayed, trimmed, groups, oldest_at }
    }
}
