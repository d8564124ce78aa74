//! `contact purge`: throws away the tasks of a queue.

use clap::Args;
use serde::Serialize;

use super::{
    Context, Failure,
    caller::{Caller, Client},
    json,
    output::Output,
};
use crate::{name::QueueName, pb};

/// Throw away the tasks of a queue, for every group and every watcher
///
/// Nobody is asked: so the queue is named, and how much of it. Delayed tasks stay. Seqs go on where they were.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact purge -q builds --upto 4711
  contact purge -q default --all

Exit codes: 0 it is done; 2 wrong usage; 3 the server could not be reached;
69 there is no such queue; 76 it is not a contact server")]
pub(super) struct Purge {
    /// The queue
    #[arg(short, long, value_name = "QUEUE", value_parser = super::queue_name)]
    queue: QueueName,

    /// All tasks that there are
    #[arg(long, required_unless_present = "upto", conflicts_with = "upto")]
    all: bool,

    /// Those up to this SEQ, inclusive
    #[arg(long, value_name = "SEQ", value_parser = clap::value_parser!(u64).range(1..))]
    upto: Option<u64>,
}

/// What was thrown away, as JSON. Its shape is frozen: see tests/golden.
#[derive(Serialize)]
struct PurgedLine<'a> {
    queue: &'a str,
    tasks: u64,
    leases: u64,
}

impl Purge {
    pub(super) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        let queue = self.queue.to_string();
        let mut caller = Caller::new(context);
        let upto_seq = match self.upto {
            None => last_seq(&mut caller, &queue).await?,
            upto => upto,
        };
        let asked = pb::Purge { queue: queue.clone(), upto_seq };
        let call = async |mut client: Client, asked| client.purge_queue(asked).await;
        let pb::Purged { tasks, leases } = caller.call("purgeQueue", asked, call).await?;
        let line = PurgedLine { queue: &queue, tasks, leases };
        let text = || format!("{}: {tasks} tasks thrown away, {leases} of them leased", json::escape(&queue));
        out.line(&line, text).await?;
        Ok(0)
    }
}

/// The last task that there is, if there ever was one. A purge that is made again because its answer was lost must not
/// reach what was submitted meanwhile.
async fn last_seq(caller: &mut Caller<'_>, queue: &str) -> Result<Option<u64>, Failure> {
    let asked = pb::ListQueues { queue: queue.to_owned(), limit: 1, ..pb::ListQueues::default() };
    let call = async |mut client: Client, asked| client.list_queues(asked).await;
    let found = caller.call("listQueues", asked, call).await?;
    Ok(found.queues.first().map(|found| found.last_seq).filter(|seq| *seq > 0))
}
