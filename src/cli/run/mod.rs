//! `contact run`: an agent. It takes tasks as a member of a group, runs a command for each, and tells what has
//! become of them.
//!
//! ```text
//!           tasks            text on stdin, facts in CONTACT_TASK_*
//!  server ────────► agent ─────────────────────────────────────────► CMD ARG…   up to --jobs at a time
//!    ▲  ▲             │ ◄────────────────── stdout, stderr, exit ────┘
//!    │  └── verdict ──┤ done, failed, rejected, released
//!    └─── status ─────┘ --every
//! ```
//!
//! This file has the flags. [`agent`] has the state and the loop, [`news`] what the server brings, [`ends`] how a
//! task goes, [`leaving`] the way out; [`jobs`] is what is in hand, [`command`] what is started for each task, and
//! [`outcome`] what its end means. [`duty`] and [`pause`] say what is due, [`status`] reports, [`mod@line`] and
//! [`live`] are what is seen.

use std::{ffi::OsString, time::Duration};

use clap::Args;

use super::{
    Context, Failure,
    group::Group,
    member::Terms,
    output::Output,
    reason::Reason,
    runner::Calls,
    start::{self, Start},
    time,
};
use crate::{
    name::QueueName,
    wire::{IN_FLIGHT_MAX, TASK_BYTES_MAX},
};
use agent::Agent;
use command::{Command, Keeper};
use outcome::{ExitMap, Mapping};
use status::Source;

mod agent;
pub(super) mod command;
mod duty;
mod ends;
mod jobs;
mod leaving;
mod line;
mod live;
mod news;
mod outcome;
mod pause;
mod status;

/// Work as an agent: run a command for each task that is handed to this machine
///
/// It is a member of a group, of this client's own unless told otherwise, so that each task is done once, also
/// if the agent is started again. CMD is started once for each task, without a shell: the task's text is its
/// stdin (just that, without a newline behind it), CONTACT_TASK_ID, _QUEUE, _SEQ, _ATTEMPT, _LEASE and
/// _LABEL_<KEY> are in its environment. The last 64 KiB of its stdout, the last 16 KiB of its stderr and its exit
/// code are told to the server, and printed. The agent comes back for ever when the server is lost.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact run -- ./deploy.sh                            each task of `default` once on this machine
  contact run --group ci -q urgent -q default -j 4 -- ./build.sh
  contact run --to-me --task-timeout 10m -- sh -s       each task a script: where whoever submits is trusted
  contact run --until-empty --exit-map 3=rejected,4=released -- ./worker.sh
  contact run --every 60s --status-cmd \"uptime -p\" -- ./worker.sh

What CMD's exit means, unless --exit-map says otherwise:
  0          done
  65         rejected: never again
  126, 127   it could not be started: the task is released, and the agent steps back for a while
  75, any other, a signal, --task-timeout
             failed: handed out again after a pause that grows, until the group has enough

Exit codes: 0 the end that was asked for (--max, --until-empty, --idle-exit); 2 wrong usage, or CMD cannot be
started; 3 the server could not be reached when --idle-exit ran out; 76 this server cannot do it;
124 --timeout ran out; 130, 143 SIGINT, SIGTERM: what had not ended within --grace was given back")]
pub(super) struct Run {
    /// A queue to take tasks from, in the order wanted (repeatable) [default: default]
    #[arg(short, long = "queue", value_name = "QUEUE", value_parser = super::queue_name)]
    queues: Vec<QueueName>,

    /// Take tasks from this client's inbox, the queue @NAME
    #[arg(long)]
    to_me: bool,

    /// The group whose tasks to share; `@` is this client's own. It is made on first use
    #[arg(long, value_name = "GROUP", default_value = "@", value_parser = Group::parse)]
    group: Group,

    /// Where a new group starts: `start` (the first task kept), `new` (what comes from now on), a SEQ (inclusive)
    /// or a TIME like 2026-11-22T06:00:00Z [default: start]
    #[arg(long, value_name = "WHERE", value_parser = start::in_queue)]
    from: Option<Start>,

    /// Run at most N commands at a time
    #[arg(short, long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(IN_FLIGHT_MAX)))]
    jobs: u32,

    /// What an exit code means: done, failed, released (handed out again, not counted) or rejected
    #[arg(long, value_name = "CODE=OUTCOME", value_delimiter = ',', value_parser = Mapping::parse)]
    exit_map: Vec<Mapping>,

    /// Stop a command that runs longer: its task has failed
    #[arg(long, value_name = "DURATION", value_parser = time::positive_duration)]
    task_timeout: Option<Duration>,

    /// How long a command has between SIGTERM and SIGKILL when it is stopped
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = time::duration)]
    kill_after: Duration,

    #[command(flatten)]
    terms: Terms,

    /// Leave after N tasks
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,

    /// Leave when no task has come and none was run for this long (with 3 if the server was not there then)
    #[arg(long, value_name = "DURATION", value_parser = time::positive_duration)]
    idle_exit: Option<Duration>,

    /// Leave once none of the tasks that are there when it begins is ready, waiting or held here
    #[arg(long)]
    until_empty: bool,

    /// Report a status at once and after each such time: by default how many tasks run, are done and have failed
    #[arg(long, value_name = "DURATION", value_parser = time::positive_duration)]
    every: Option<Duration>,

    /// Report this text
    #[arg(long, value_name = "TEXT", requires = "every", conflicts_with = "status_cmd")]
    status: Option<String>,

    /// Report what this prints, the first 4 KiB. It is split into words, without a shell, and stopped after
    /// --every or 10s
    #[arg(long, value_name = "\"PROG ARGS\"", requires = "every")]
    status_cmd: Option<String>,

    /// The command and its arguments, behind `--`
    #[arg(value_name = "CMD", required = true, last = true)]
    command: Vec<OsString>,
}

impl Run {
    pub(super) async fn run(
        mut self,
        context: &Context,
        out: &mut Output,
        calls: &mut Calls,
    ) -> Result<u8, Failure> {
        let exits = ExitMap::new(&self.exit_map).map_err(Failure::usage)?;
        let mut words = std::mem::take(&mut self.command).into_iter();
        let program = words.next().unwrap_or_default();
        // Before anything is taken: a name that is mistyped should cost nobody a task.
        let command = Command::find(program, words.collect()).map_err(unusable)?;
        let source = self.source()?;
        let keeper = Keeper::start()
            .map_err(|e| Failure::new(super::exit::code::NO, Reason::System, e.to_string()))?;
        Agent::new(self, exits, command, source, keeper, context, out)?.run(calls).await
    }

    /// What to report.
    fn source(&self) -> Result<Source, Failure> {
        match (&self.status, &self.status_cmd) {
            (Some(text), _) if text.len() > TASK_BYTES_MAX => {
                Err(Failure::usage(format!("a status has at most {TASK_BYTES_MAX} bytes")))
            }
            (Some(text), _) => Ok(Source::Text(text.clone())),
            (None, Some(command)) => {
                let words = shlex::split(command).filter(|words| !words.is_empty()).ok_or_else(|| {
                    Failure::usage("--status-cmd is no command: a quote is open, or there is none")
                })?;
                let mut words = words.into_iter().map(OsString::from);
                let program = words.next().unwrap_or_default();
                Ok(Source::Command(Command::find(program, words.collect()).map_err(unusable)?))
            }
            (None, None) => Ok(Source::Counts),
        }
    }
}

fn unusable(why: String) -> Failure {
    Failure::usage(format!("the command cannot be started: {why}"))
}
