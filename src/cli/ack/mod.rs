//! `contact ack`: tells what has become of tasks, and prints a verdict for each that was named.
//!
//! This file has the flags and the way from stdin to the server; [`mod@line`] is what a line says, and [`telling`]
//! the call and its verdicts.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{
    Context, Failure,
    exit::code,
    lines::{Line, Lines},
    output::Output,
    time,
};
use crate::{
    name::ID_BYTES_MAX,
    pb,
    wire::{RETRY_DELAY_MS_MAX, TASK_BYTES_MAX},
};
use telling::Telling;

pub(super) use telling::tell;

mod line;
mod telling;

/// A call tells at most so many things before it asks for the receipt,
pub(super) const ITEMS_MAX: usize = 1000;
/// and waits no longer than this for the next one.
const PAUSE: Duration = Duration::from_millis(10);
/// Longest line: a task line of the longest task, each byte escaped.
const LINE_BYTES_MAX: usize = 8 * TASK_BYTES_MAX;

/// Say what has become of tasks: JSON objects, one per line of stdin
///
/// A line of `watch-tasks --group`, echoed back, settles its task as done: `lease` in the line names the
/// hand-out. `outcome`, `ret`, `exit_code` and `delay_ms` in the line win over the flags; other fields are
/// ignored. A line with an `id` and no lease is noted for the roll-call of this client. Prints a verdict for
/// each: ok (and late), duplicate, noted; or conflict, stale, unleased, unknown, damaged.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact watch-tasks --group ci | ./worker.sh | contact ack
  contact watch-tasks --group ci | jq -c --unbuffered '.outcome=\"done\"' | contact ack
  contact ack --outcome failed --delay 5m --ret \"no disk\" \"$LEASE\"
  contact ack --id 17 --ret \"done by hand\"

Outcomes:
  done       it is done
  failed     hand it out again after a pause that grows, or --delay; it counts as a failure
  released   hand it out again; it does not count
  rejected   never hand it out again
  working    still at it: the lease is extended
  received   for the roll-call only

Exit codes: 0 all were told; 1 a verdict is another than ok, duplicate or noted, with --strict;
2 wrong usage; 3 the server could not be reached; 4 lines of stdin were bad (each is named, the others
are told)")]
pub(super) struct Ack {
    /// The lease of a task; without any and without --id, stdin is read
    #[arg(value_name = "LEASE")]
    leases: Vec<String>,

    /// The id of a task, for the roll-call of this client (repeatable)
    #[arg(long = "id", value_name = "ID")]
    ids: Vec<String>,

    /// What has become of each task that does not say it itself
    #[arg(long, value_name = "OUTCOME", default_value = "done", hide_possible_values = true)]
    outcome: Outcome,

    /// What to tell of each task that does not say it itself
    #[arg(long, value_name = "TEXT", default_value = "")]
    ret: String,

    /// When to hand out again what failed or was released [default: as the group says]
    #[arg(long, value_name = "DURATION", value_parser = delay)]
    delay: Option<Duration>,

    /// Exit with 1 if a task's verdict is not ok, duplicate or noted
    #[arg(long)]
    strict: bool,
}

/// What has become of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Outcome {
    Done,
    Failed,
    Released,
    Rejected,
    Working,
    Received,
}

impl Outcome {
    fn read(word: &str) -> Result<Self, String> {
        Outcome::from_str(word, false).map_err(|_| {
            let words: Vec<String> = Outcome::value_variants()
                .iter()
                .filter_map(|outcome| Some(outcome.to_possible_value()?.get_name().to_owned()))
                .collect();
            let word: String = word.chars().take(80).collect();
            format!("outcome {word:?} is none of {}", words.join(", "))
        })
    }

    fn on_the_wire(self) -> pb::Outcome {
        match self {
            Outcome::Done => pb::Outcome::Done,
            Outcome::Failed => pb::Outcome::Failed,
            Outcome::Released => pb::Outcome::Released,
            Outcome::Rejected => pb::Outcome::Rejected,
            Outcome::Working => pb::Outcome::Working,
            Outcome::Received => pb::Outcome::Received,
        }
    }

    /// Whether the task is handed out again.
    fn has_delay(self) -> bool {
        matches!(self, Outcome::Failed | Outcome::Released)
    }
}

fn delay(text: &str) -> Result<Duration, String> {
    let delay = time::duration(text)?;
    let is_one = time::milliseconds(delay) <= RETRY_DELAY_MS_MAX;
    is_one.then_some(delay).ok_or_else(|| "a delay is at most 30d".into())
}

impl Ack {
    pub(super) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        if self.ret.len() > TASK_BYTES_MAX {
            return Err(Failure::usage(format!("--ret has at most {TASK_BYTES_MAX} bytes")));
        }
        let is_stdin = self.ids.is_empty() && self.leases.is_empty();
        let mut telling = Telling::new(context, out, is_stdin);
        if !is_stdin {
            let mut items = self.named()?;
            while !items.is_empty() {
                let rest = items.split_off(items.len().min(ITEMS_MAX));
                telling.tell(items).await?;
                items = rest;
            }
            return Ok(telling.end(self.strict, false));
        }
        let bad_lines = self.tell_stdin(&mut telling).await?;
        Ok(telling.end(self.strict, bad_lines))
    }

    /// What the arguments name.
    fn named(&self) -> Result<Vec<pb::Result>, Failure> {
        if self.ids.iter().any(|id| id.is_empty() || id.len() > ID_BYTES_MAX) {
            return Err(Failure::usage(format!("--id wants an id of 1 to {ID_BYTES_MAX} bytes")));
        }
        if self.leases.iter().any(|lease| lease.is_empty()) {
            return Err(Failure::usage("a LEASE is not empty"));
        }
        for lease in &self.leases {
            line::check_lease(lease).map_err(Failure::usage)?;
        }
        if self.delay.is_some() && !self.outcome.has_delay() {
            return Err(Failure::usage("--delay goes with --outcome failed or released"));
        }
        let leases = self.leases.iter().map(|lease| (lease.clone(), String::new()));
        let ids = self.ids.iter().map(|id| (String::new(), id.clone()));
        let item = |(lease, id)| pb::Result {
            ret: self.ret.clone(),
            id,
            lease,
            outcome: Some(self.outcome.on_the_wire() as i32),
            delay_ms: self.delay_ms(),
            ..pb::Result::default()
        };
        Ok(leases.chain(ids).map(item).collect())
    }

    fn delay_ms(&self) -> Option<u64> {
        self.delay.map(time::milliseconds)
    }

    /// Tells what stdin's lines say. Whether some of them were bad.
    async fn tell_stdin(&self, telling: &mut Telling<'_>) -> Result<bool, Failure> {
        let errors = telling.context.errors;
        let mut lines = Lines::stdin(LINE_BYTES_MAX)?;
        let mut batch = Vec::new();
        let mut bad_lines = false;
        let mut more = true;
        while more {
            // Without anything to tell it waits for ever; with something, for a moment.
            let read: Option<Vec<Line>> = match batch.is_empty() {
                true => lines.next().await?,
                false => match tokio::time::timeout(PAUSE, lines.next()).await {
                    Ok(read) => read?,
                    Err(_) => Some(Vec::new()),
                },
            };
            let pause = read.as_ref().is_some_and(Vec::is_empty);
            more = read.is_some();
            for line in read.into_iter().flatten() {
                let number = line.number;
                match self.read(line) {
                    Ok(item) => batch.push(item),
                    Err((reason, message)) => {
                        bad_lines = true;
                        let mut failure = Failure::new(code::BAD_INPUT, reason, message);
                        failure.line = Some(number);
                        failure.print(errors);
                    }
                }
            }
            while batch.len() >= ITEMS_MAX || !batch.is_empty() && (pause || !more) {
                let rest = batch.split_off(batch.len().min(ITEMS_MAX));
                telling.tell(batch).await?;
                batch = rest;
            }
        }
        Ok(bad_lines)
    }
}
