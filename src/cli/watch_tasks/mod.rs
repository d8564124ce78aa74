//! `contact watch-tasks`: prints every task of its queues, in order, and each new one as it appears; or with a
//! group those that are handed to this process, until each is settled. It comes back for ever when the server
//! is lost, and prints nothing twice.
//!
//! This file has the flags. [`broadcast`] is a watch without a group, [`share`] one with a group, [`place`]
//! where either is in its queues, and [`mod@line`] what they print.

use std::time::Duration;

use clap::Args;
use prost_types::Timestamp;
use tonic::Code;

use super::{
    Context, Failure,
    exit::code,
    group::Group,
    time::{self, milliseconds},
};
use crate::{
    name::{DEFAULT_QUEUE, QueueName},
    pb,
    wire::{GRACE_MS, IN_FLIGHT_MAX, LEASE_MS, MAX_HOLD_RANGE_MS},
};
use place::{Place, QueuePlace};

mod broadcast;
mod line;
mod place;
mod share;

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
    #[arg(long, value_name = "WHERE", value_parser = from, conflicts_with = "after")]
    from: Option<From>,

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
#[command(next_help_heading = "Options of a group")]
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

    /// How long a lease is when this process is no longer heard: 1s to 12h [default: the group's, 1m]
    #[arg(long, value_name = "DURATION", requires = "group", value_parser = lease)]
    lease: Option<Duration>,

    /// How long a task may be held at all: from 1s [default: 12h]
    #[arg(long, value_name = "DURATION", requires = "group", value_parser = hold)]
    max_hold: Option<Duration>,

    /// How long to wait for last words from `ack` when nobody reads any more [default: 20s]
    #[arg(long, value_name = "DURATION", requires = "group", value_parser = time::duration)]
    grace: Option<Duration>,

    /// Leave after the last line: its lease then lives as long as --lease says. Not with --until-empty, which
    /// waits for what is held here
    #[arg(long, requires = "group", conflicts_with = "until_empty")]
    detach: bool,

    /// Settle each task as done when its line is written
    #[arg(long, requires = "group", conflicts_with = "detach")]
    auto_done: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OnGap {
    /// Leave with exit code 75, or 73 for another store
    Fail,
    /// Say so and go on at the first task kept
    Skip,
}

#[derive(Debug, Clone, PartialEq)]
enum From {
    Start,
    New,
    Seq(u64),
    Time(Timestamp),
}

fn from(text: &str) -> Result<From, String> {
    match text {
        "start" => Ok(From::Start),
        "new" => Ok(From::New),
        "0" => Err("seqs begin at 1".into()),
        text if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().map(From::Seq).map_err(|_| "no seq is that large".into())
        }
        text => time::timestamp(text)
            .map(From::Time)
            .ok_or_else(|| "not start, new, a SEQ or a TIME like 2026-11-22T06:00:00Z".into()),
    }
}

fn lease(text: &str) -> Result<Duration, String> {
    let lease = time::duration(text)?;
    let is_one = LEASE_MS.contains(&milliseconds(lease));
    is_one.then_some(lease).ok_or_else(|| "a lease is 1s to 12h".into())
}

fn hold(text: &str) -> Result<Duration, String> {
    let hold = time::duration(text)?;
    let is_one = MAX_HOLD_RANGE_MS.contains(&milliseconds(hold));
    is_one.then_some(hold).ok_or_else(|| "a task is held for 1s to 365d".into())
}

impl WatchTasks {
    /// Whether it takes part in a group.
    pub(super) fn shares(&self) -> bool {
        self.sharing.group.is_some()
    }

    /// Where it begins.
    fn place(&self, context: &Context) -> Result<Place, Failure> {
        let mut names = self.queues.clone();
        if self.to_me {
            names.push(QueueName::inbox(&context.client()?));
        }
        if names.is_empty() {
            names.push(QueueName::parse(DEFAULT_QUEUE).map_err(|e| Failure::usage(e.to_string()))?);
        }
        if let Some(twice) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
            return Err(Failure::usage(format!("queue {:?} is named twice", twice.1.as_str())));
        }
        let start = match (&self.from, self.after) {
            (_, Some(u64::MAX)) => return Err(Failure::usage("--after: no seq is that large")),
            (_, Some(seq)) => Some(pb::position::Start::FromSeq(seq + 1)),
            (Some(From::Seq(seq)), None) => Some(pb::position::Start::FromSeq(*seq)),
            (Some(From::Time(time)), None) => Some(pb::position::Start::FromTime(*time)),
            (Some(From::New), None) => Some(pb::position::Start::FromNew(true)),
            (Some(From::Start) | None, None) => None,
        };
        if names.len() > 1 && matches!(start, Some(pb::position::Start::FromSeq(_))) {
            return Err(Failure::usage(
                "a SEQ is a place in one queue: --from SEQ and --after go with one -q",
            ));
        }
        Ok(Place {
            // Nothing is owed to it: without a name it watches all the same.
            client: context.client().map(|client| client.to_string()).unwrap_or_default(),
            instance: rand::random(),
            queues: names.into_iter().map(|queue| QueuePlace { queue, start, until_seq: None }).collect(),
            store: None,
            left: self.max,
            until_empty: self.until_empty,
        })
    }
}

impl Sharing {
    /// How many tasks may be held. Those of a finite watch all at once: a worker that holds its output back,
    /// as `jq` and `sort` do in a pipe, would else wait for an end that waits for it.
    fn credit(&self, max: Option<u64>) -> u32 {
        let all = max.map(|max| u32::try_from(max).unwrap_or(IN_FLIGHT_MAX).min(IN_FLIGHT_MAX));
        self.max_in_flight.or(all).unwrap_or(1)
    }

    fn grace(&self) -> Duration {
        self.grace.unwrap_or(Duration::from_millis(GRACE_MS))
    }

    /// How long the leases live when this process is gone.
    fn grace_ms(&self) -> u64 {
        match self.detach {
            // To their end: the group's lease is not known here.
            true => self.lease.map_or(*LEASE_MS.end(), milliseconds),
            false => milliseconds(self.grace()),
        }
    }
}

/// What a server that is not a contact server cannot do is refused, not left out.
fn not_ours(context: &Context, flag: &str) -> Failure {
    let address = &context.target().address;
    let message = format!("the server at {address} is not a contact server: it cannot do {flag}");
    Failure::new(code::GRPC + Code::Unimplemented as u8, "unimplemented", message)
        .hint("leave the flag out to print every task it has")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_to_start() {
        assert_eq!(from("start"), Ok(From::Start));
        assert_eq!(from("17"), Ok(From::Seq(17)));
        assert!(matches!(from("2026-11-22T06:00:00Z"), Ok(From::Time(_))));
        for bad in ["", "0", "-1", "later", "18446744073709551616", "2026-11-22"] {
            assert!(from(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn leases() {
        assert!(lease("1s").is_ok() && lease("12h").is_ok());
        assert!(lease("999ms").is_err() && lease("12h 1ms").is_err());
        assert!(hold("1s").is_ok() && hold("999ms").is_err());
        assert!(hold("365d").is_ok() && hold("365d 1ms").is_err());
    }

    #[test]
    fn a_finite_watch_holds_all_at_once() {
        let flags = Sharing {
            group: Some(Group::Own),
            max_in_flight: None,
            lease: None,
            max_hold: None,
            grace: None,
            detach: false,
            auto_done: false,
        };
        assert_eq!(flags.credit(None), 1);
        assert_eq!(flags.credit(Some(5)), 5);
        assert_eq!(flags.credit(Some(u64::MAX)), 10_000);
        assert_eq!(Sharing { max_in_flight: Some(3), ..flags }.credit(Some(5)), 3);
    }
}
