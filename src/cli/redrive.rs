//! `contact redrive`: makes dead tasks of a group ready again, as fast as its workers may bear.

use std::{str::FromStr, time::Duration};

use clap::Args;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{
    Context, Failure,
    caller::{Caller, Client},
    group::Group,
    ids::Ids,
    output::Output,
    progress::Progress,
    verdicts::Verdicts,
};
use crate::{
    name::{DEFAULT_QUEUE, QueueName},
    pb,
};

/// Tasks of one call.
const TASKS_MAX: u32 = 1000;
/// With a rate there are about so many calls in a second: the tasks of each become ready at once.
const CALLS_PER_S: f64 = 10.0;

/// Make dead tasks of a group ready again, with their failures forgotten
///
/// Prints a verdict for each: `ok`, `conflict` if it is not dead, or `unknown`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact redrive --group ci 17 deploy-42
  contact redrive --group ci -q builds --all --rate 20/s
  contact tasks --group ci --state dead | grep timeout | contact redrive --group ci

Exit codes: 0 all are ready again; 1 one is unknown or not dead; 2 wrong usage;
3 the server could not be reached; 4 lines of stdin were bad (each is named, the others are done);
69 there is no such group; 76 it is not a contact server")]
pub(super) struct Redrive {
    /// The tasks; without any, stdin is read: an id a line, or a JSON object with an `id`
    #[arg(value_name = "ID", conflicts_with = "all")]
    ids: Vec<String>,

    /// All that are dead now, the oldest first
    #[arg(long)]
    all: bool,

    /// The group; `@` is this client's own
    #[arg(long, value_name = "GROUP", value_parser = Group::parse)]
    group: Group,

    /// The queue
    #[arg(short, long, value_name = "QUEUE", default_value = DEFAULT_QUEUE, value_parser = super::queue_name)]
    queue: QueueName,

    /// No more than so many in a second (N or N/s), a minute (N/m) or an hour (N/h)
    #[arg(long, value_name = "RATE")]
    rate: Option<Rate>,
}

impl Redrive {
    pub(super) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        let mut redriving = Redriving {
            caller: Caller::new(context),
            asked: pb::Redrive {
                queue: self.queue.to_string(),
                group: self.group.name(context)?,
                ..pb::Redrive::default()
            },
            pace: Pace::new(self.rate),
            verdicts: Verdicts::new(out),
            progress: Progress::start("tasks made ready", None),
        };
        if self.all {
            redriving.all().await?;
            return Ok(redriving.verdicts.code());
        }
        let mut ids = Ids::given_or_stdin(self.ids, context.errors)?;
        while let Some(ids) = ids.next(redriving.pace.tasks as usize).await? {
            redriving.some(ids, 0).await?;
        }
        Ok(ids.code(redriving.verdicts.code()))
    }
}

struct Redriving<'a> {
    caller: Caller<'a>,
    /// What every call asks for.
    asked: pb::Redrive,
    pace: Pace,
    verdicts: Verdicts<'a>,
    progress: Progress,
}

impl Redriving<'_> {
    /// Those that are dead now: one that dies again meanwhile is not made ready a second time.
    async fn all(&mut self) -> Result<(), Failure> {
        let mut to_do = None;
        while to_do != Some(0) {
            let limit = to_do.map_or(self.pace.tasks, |left: u64| left.min(self.pace.tasks.into()) as u32);
            let redriven = self.some(Vec::new(), limit).await?;
            let done = redriven.told.len() as u64;
            if done == 0 {
                break;
            }
            to_do = Some(to_do.map_or(redriven.left, |left| left.saturating_sub(done)));
        }
        Ok(())
    }

    /// These, or without ids the oldest `limit`.
    async fn some(&mut self, ids: Vec<String>, limit: u32) -> Result<pb::Redriven, Failure> {
        self.pace.wait().await;
        let call = async |mut client: Client, asked| client.redrive_task(asked).await;
        let asked = pb::Redrive { ids, limit, ..self.asked.clone() };
        let redriven = self.caller.call("redriveTask", asked, call).await?;
        self.progress.add(redriven.told.len() as u64);
        self.verdicts.print(&redriven.told).await?;
        Ok(redriven)
    }
}

/// Tasks in a second.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rate(f64);

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit_s) = match text.split_once('/') {
            None | Some((_, "s")) => (text.trim_end_matches("/s"), 1.0),
            Some((number, "m")) => (number, 60.0),
            Some((number, "h")) => (number, 3600.0),
            Some(_) => return Err("not N/s, N/m or N/h".into()),
        };
        match number.parse::<u32>() {
            Ok(0) => Err("must be more than 0".into()),
            Ok(n) => Ok(Rate(f64::from(n) / unit_s)),
            Err(_) => Err("not N, N/s, N/m or N/h".into()),
        }
    }
}

/// How many tasks go together, and how long it is from call to call.
struct Pace {
    tasks: u32,
    calls: Option<Interval>,
}

impl Pace {
    fn new(rate: Option<Rate>) -> Self {
        let Some(Rate(tasks_per_s)) = rate else { return Pace { tasks: TASKS_MAX, calls: None } };
        let tasks = (tasks_per_s / CALLS_PER_S).clamp(1.0, TASKS_MAX.into()).floor();
        let mut calls = interval(Duration::from_secs_f64(tasks / tasks_per_s));
        // A server that was slow is not made up for.
        calls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Pace { tasks: tasks as u32, calls: Some(calls) }
    }

    async fn wait(&mut self) {
        if let Some(calls) = &mut self.calls {
            calls.tick().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        assert_eq!("20".parse(), Ok(Rate(20.0)));
        assert_eq!("20/s".parse(), Ok(Rate(20.0)));
        assert_eq!("30/m".parse(), Ok(Rate(0.5)));
        assert_eq!("3600/h".parse(), Ok(Rate(1.0)));
        for bad in ["", "0", "/s", "-1", "1.5", "1/d", "1/", "1/s/s", "s"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    #[allow(clippy::disallowed_methods, reason = "the time is paused")]
    async fn a_rate_is_kept() {
        for (rate, tasks_in_a_minute) in [(0.5, 30), (7.0, 420), (25.0, 1500), (100_000.0, 6_000_000)] {
            let mut pace = Pace::new(Some(Rate(rate)));
            let began = tokio::time::Instant::now();
            let mut tasks = 0;
            while tasks < tasks_in_a_minute {
                pace.wait().await;
                tasks += pace.tasks;
            }
            // The first ones do not wait.
            let took = began.elapsed().as_secs_f64() + f64::from(pace.tasks) / rate;
            assert!((59.0..61.5).contains(&took), "{rate}: {took}");
        }
    }
}
