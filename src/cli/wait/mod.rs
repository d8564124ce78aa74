//! `contact wait`, and what `contact submit --wait` does once its tasks are in: prints the results of tasks as they
//! come, until each task has ended.
//!
//! This file has the flags and the ways to leave. [`wanted`] is whose results are waited for, [`awaited`] decides
//! when the wait for a task is over, [`waiting`] reads the results, and [`absent`] says who is missing when nothing comes.

use clap::Args;

use super::{
    Context, Failure,
    exit::code,
    ids::Ids,
    output::Output,
    runner::{Calls, Leave},
};
pub(super) use waiting::Waiting;
use wanted::Wanted;
pub(super) use wanted::names;

mod absent;
mod awaited;
mod waiting;
mod wanted;

/// Ids of one batch that is read.
const IDS_MAX: usize = 1000;

/// Wait for tasks, and print their results as they come
///
/// The wait for a task is over with its first final result: some group, or a client on its own, is done with it
/// or has given it up. With --clients each of these clients must have a final result of its own, or so many
/// clients. A failed attempt that is followed by another is printed and waited on; being cancelled, expired or
/// purged ends the wait. A task that has ended already is no wait at all. Who is missing is said when nothing has
/// come for 2 s.
///
/// When the server is lost it comes back for ever, or for as long as --retry-for says, and prints nothing twice.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact wait 17
  contact wait 17 18 --exit-code --timeout 5m
  contact wait deploy-42 --clients web-1,web-2,web-3
  contact submit -q ci < jobs.txt | contact wait | jq -r .ret

Exit codes: 0 all that was waited for is done; 1 a task is dead, rejected, cancelled, expired, purged or unknown
(stderr says which and why); 2 wrong usage; 3 the server could not be reached; 4 a line of stdin has no id;
76 it is not a contact server; 124 --timeout ran out; 130, 143 SIGINT, SIGTERM (stderr then says how to go on
waiting). With --exit-code: that of the tasks, and 125 instead of contact's own 1, 3, 4 and 64+N")]
pub(super) struct Wait {
    /// The tasks; without any, stdin is read to its end: an id a line, or a JSON object with an `id`
    #[arg(value_name = "ID")]
    ids: Vec<String>,

    #[command(flatten)]
    until: Until,
}

/// What to wait for, and how to leave.
#[derive(Debug, Args)]
pub(super) struct Until {
    /// Wait until each of these clients has answered (a,b,c), or so many clients (3) [default: anybody]
    #[arg(long, value_name = "CLIENTS", value_parser = Wanted::parse)]
    clients: Option<Wanted>,

    /// Leave with the exit code of the task: of several the first that is not 0, in the order given. A task that
    /// is done without one counts as 0, one that has ended otherwise as 1
    #[arg(long)]
    exit_code: bool,
}

/// Nobody reads any more, which is no failure, or it cannot be written.
async fn out_over(out: &mut Output) -> Result<u8, Failure> {
    out.end().await.and(Err(Failure::silent(0)))
}

impl Wait {
    pub(super) async fn run(
        self,
        context: &Context,
        out: &mut Output,
        calls: &mut Calls,
    ) -> Result<u8, Failure> {
        let mut ids = Ids::given_or_stdin(self.ids, context.errors)?;
        let mut waiting = Waiting::new(context, &self.until);
        self.until
            .leave_well(context, &mut waiting, out, calls, async |waiting, out| {
                while let Some(ids) = ids.next(IDS_MAX).await? {
                    ids.into_iter().for_each(|id| waiting.add(id));
                }
                let code = waiting.run(out, None).await?;
                Ok(self.until.own(ids.code(0)).unwrap_or(code))
            })
            .await
    }
}

impl Until {
    fn wanted(&self) -> Wanted {
        self.clients.clone().unwrap_or(Wanted::Anybody)
    }

    /// Whether a flag of it is given.
    pub(super) fn is_given(&self) -> bool {
        self.clients.is_some() || self.exit_code
    }

    /// The exit code of something that is no task's, but ours; `None`: nothing went wrong.
    pub(super) fn own(&self, code: u8) -> Option<u8> {
        match code {
            0 => None,
            code::USAGE | code::TIMEOUT | code::SIGINT | code::SIGTERM => Some(code),
            _ if self.exit_code => Some(code::OWN),
            code => Some(code),
        }
    }

    /// Runs `work` to its end, or until it is called away: then says how to go on waiting for what it leaves.
    pub(super) async fn leave_well<'a>(
        &self,
        context: &Context,
        waiting: &mut Waiting<'a>,
        out: &mut Output,
        calls: &mut Calls,
        work: impl AsyncFnOnce(&mut Waiting<'a>, &mut Output) -> Result<u8, Failure>,
    ) -> Result<u8, Failure> {
        let over = out.over.clone();
        let (result, called) = tokio::select! {
            biased;
            leave = calls.next() => (Err(leave.failure(context)), Some(leave)),
            () = over.cancelled() => (out_over(out).await, None),
            result = work(waiting, out) => (result, None),
        };
        // What cannot be written is our failure and no task's.
        let result = match result {
            Ok(code) => tokio::select! {
                written = async { out.flush().await?; out.end().await } => written.map(|()| code),
                leave = calls.next() => Err(leave.failure(context)),
            },
            failed => failed,
        };
        let mut failure = match result {
            Ok(code) => return Ok(code),
            Err(failure) => failure,
        };
        if let Some(go_on) = waiting.go_on() {
            match called {
                Some(Leave::Signal(_)) => context.errors.notice("left", &go_on),
                Some(Leave::Timeout) => failure = failure.hint(go_on),
                None if failure.code == code::UNREACHABLE => failure = failure.hint(go_on),
                None => {}
            }
        }
        failure.code = self.own(failure.code).unwrap_or(0);
        Err(failure)
    }
}
