//! `contact watch-tasks`: prints every task of its queues, in order, and each new one as it appears; or with a
//! group those that are handed to this process, until each is settled. It comes back for ever when the server
//! is lost, and prints nothing twice.
//!
//! This file has the flags. [`broadcast`] is a watch without a group, [`share`] one with a group, and
//! [`mod@line`] what they print.

use std::time::Duration;

use clap::Args;
use tonic::Code;

use super::{
    Context, Failure,
    exit::code,
    group::Group,
    member::Terms,
    place::{self, Place},
    reason::Reason,
    start::{self, OnGap, Start},
    time::{self, milliseconds},
};
use crate::{
    name::QueueName,
    wire::{IN_FLIGHT_MAX, LEASE_MS},
};

mod broadcast;
mod line;
mod share;

pub(super) use line::TaskLine;

const GRACE_HELP: &str =
    "How long to wait for last words from `ack` when nobody reads any more [default: 20s]";

/// Print every task of a queue from the first one kept, in order, then each new one as it appears
///
/// It comes back for ever when the server is lost, resumes where it was and prints nothing twice.
///
/// With --group the members of the group share the tasks: each is leased to one of them, until `contact ack`
/// or anybody else who has its line settles it. The watch holds the leases of what it has printed: told to
/// stop it closes its output, so that the worker behind the pipe sees the end, and stays until each has ended.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact watch-tasks | jq -r .task
  contact watch-tasks -q ci --from new | ./worker.sh
  contact watch-tasks --until-empty > all.jsonl
  contact watch-tasks --after 41                      go on after the one that was seen last
  contact watch-tasks --group ci | ./worker.sh | contact ack                  share the tasks
  contact watch-tasks --group ci --max 5 | jq -c '.outcome=\"done\"' | contact ack
  t=$(contact watch-tasks --group ci --max 1 --detach --lease 15m); …; echo \"$t\" | contact ack

Exit codes: 0 the end that was asked for, or nobody reads any more; 2 wrong usage;
1 told to stop, and tasks of the group were given back because nobody settled them;
73 the store is another than before; 75 the position is no longer kept, or not yet there;
76 this server cannot do it; 124 --timeout ran out; 130, 143 SIGINT, SIGTERM")]
pub(super) struct WatchTasks {
    /// A queue to watch (repeatable); with --group in the order wanted [default: default]
    #[arg(short, long = "queue", value_name = "QUEUE", value_parser = super::queue_name)]
    queues: Vec<QueueName>,

    /// Watch this client's inbox, the queue @NAME
    #[arg(long)]
    to_me: bool,

    /// Where to start: `start` (the first task kept), `new` (what comes from now on), a SEQ (inclusive) or a
    /// TIME like 2026-11-22T06:00:00Z (before the first task kept it is that one). A group that is there
    /// already goes on where it is [default: start]
    #[arg(long, value_name = "WHERE", value_parser = start::in_queue, conflicts_with = "after")]
    from: Option<Start>,

    /// Start after this SEQ
    #[arg(long, value_name = "SEQ", conflicts_with = "group")]
    after: Option<u64>,

    /// Leave after N tasks
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,

    /// Leave when no task has come, and with --group none was held, for this long (with 3 if the server was
    /// not there then)
    #[arg(long, value_name = "DURATION", value_parser = time::positive_duration)]
    idle_exit: Option<Duration>,

    /// Leave after the last task that is there when the watch begins; with --group once none of those is
    /// ready, waiting or held here
    #[arg(long)]
    until_empty: bool,

    /// What to do when tasks are no longer kept where the watch wants to go on
    #[arg(long, value_name = "WHAT", default_value = "fail")]
    on_gap: OnGap,

    #[command(flatten)]
    sharing: Sharing,
}

/// The flags of a group.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "Options of a group",
    mut_arg("lease", |arg| arg.requires("group")),
    mut_arg("max_hold", |arg| arg.requires("group")),
    mut_arg("grace", |arg| arg.requires("group").help(GRACE_HELP)),
)]
struct Sharing {
    /// Share the tasks with the other members of this group; `@` is this client's own group. It is made on
    /// first use
    #[arg(long, value_name = "GROUP", value_parser = Group::parse)]
    group: Option<Group>,

    /// Hold at most N tasks that are not settled [default: with --max N as many, so that a worker may keep its
    /// output back to the end; else 1]
    #[arg(long, value_name = "N", requires = "group",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(IN_FLIGHT_MAX)))]
    max_in_flight: Option<u32>,

    #[command(flatten)]
    terms: Terms,

    /// Leave after the last line: its lease then lives as long as --lease says. Not with --until-empty, which
    /// waits for what is held here
    #[arg(long, requires = "group", conflicts_with = "until_empty")]
    detach: bool,

    /// Settle each task as done when its line is written
    #[arg(long, requires = "group", conflicts_with = "detach")]
    auto_done: bool,
}

impl WatchTasks {
    /// Whether it takes part in a group.
    pub(super) fn shares(&self) -> bool {
        self.sharing.group.is_some()
    }

    /// Where it begins.
    fn place(&self, context: &Context) -> Result<Place, Failure> {
        let queues = place::queues(&self.queues, self.to_me, context)?;
        let after = match self.after {
            Some(u64::MAX) => return Err(Failure::usage("--after: no seq is that large")),
            after => after.map(|seq| Start::At(seq + 1)),
        };
        let place = Place::new(queues, after.as_ref().or(self.from.as_ref()))?;
        Ok(place.ending_after(self.max).ending_empty(self.until_empty).on_gap(self.on_gap))
    }
}

impl Sharing {
    /// How many tasks may be held. Those of a finite watch all at once: a worker that holds its output back,
    /// as `jq` and `sort` do in a pipe, would else wait for an end that waits for it.
    fn credit(&self, max: Option<u64>) -> u32 {
        let all = max.map(|max| u32::try_from(max).unwrap_or(IN_FLIGHT_MAX).min(IN_FLIGHT_MAX));
        self.max_in_flight.or(all).unwrap_or(1)
    }

    /// How long the leases live when this process is gone.
    fn grace_ms(&self) -> u64 {
        match self.detach {
            // To their end: the group's lease is not known here.
            true => self.terms.lease.map_or(*LEASE_MS.end(), milliseconds),
            false => milliseconds(self.terms.grace()),
        }
    }
}

/// What a server that is not a contact server cannot do is refused, not left out.
fn not_ours(context: &Context, flag: &str) -> Failure {
    let address = &context.target().address;
    let message = format!("the server at {address} is not a contact server: it cannot do {flag}");
    Failure::new(code::GRPC + Code::Unimplemented as u8, Reason::Unimplemented, message)
        .hint("leave the flag out to print every task it has")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finite_watch_holds_all_at_once() {
        let flags = Sharing {
            group: Some(Group::Own),
            max_in_flight: None,
            terms: Terms::default(),
            detach: false,
            auto_done: false,
        };
        assert_eq!(flags.credit(None), 1);
        assert_eq!(flags.credit(Some(5)), 5);
        assert_eq!(flags.credit(Some(u64::MAX)), 10_000);
        assert_eq!(Sharing { max_in_flight: Some(3), ..flags }.credit(Some(5)), 3);
    }
}
