//! `contact watch-tasks`: prints every task of its queues, in order, and each new one as it appears. It
//! comes back for ever when the server is lost, and prints nothing twice.

use std::{collections::BTreeMap, time::Duration};

use clap::Args;
use futures_util::FutureExt;
use prost_types::Timestamp;
use serde::Serialize;
use tonic::{Code, Response, Status, Streaming};
use tonic_types::StatusExt;

use super::{
    Context, Failure, connect::Tries, exchange::is_ours, exit, exit::code, json, output::Output, time,
};
use crate::{
    name::{DEFAULT_QUEUE, QueueName},
    pb,
    wire::{START_HEADER, STORE_HEADER, UNTIL_HEADER},
};

/// Print every task of a queue from the first one kept, in order, then each new one as it appears
///
/// It comes back for ever when the server is lost, resumes where it was and prints nothing twice.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact watch-tasks | jq -r .task
  contact watch-tasks -q ci --from new | ./worker.sh
  contact watch-tasks --max 5 | contact ack
  contact watch-tasks --until-empty > all.jsonl
  contact watch-tasks --after 41                      go on after the one that was seen last

Exit codes: 0 the end that was asked for, or nobody reads any more; 2 wrong usage;
73 the store is another than before; 75 the position is no longer kept, or not yet there;
76 this server cannot do it; 124 --timeout ran out; 130, 143 SIGINT, SIGTERM")]
pub(super) struct WatchTasks {
    /// A queue to watch (repeatable) [default: default]
    #[arg(short, long = "queue", value_name = "QUEUE", value_parser = super::queue_name)]
    queues: Vec<QueueName>,

    /// Watch this client's inbox, the queue @NAME
    #[arg(long)]
    to_me: bool,

    /// Where to start: `start` (the first task kept), `new` (what comes from now on), a SEQ (inclusive) or a
    /// TIME like 2026-11-22T06:00:00Z (before the first task kept it is that one) [default: start]
    #[arg(long, value_name = "WHERE", value_parser = from, conflicts_with = "after")]
    from: Option<From>,

    /// Start after this SEQ
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,

    /// Leave after N tasks
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,

    /// Leave when no task has come for this long (with 3 if the server was not there then)
    #[arg(long, value_name = "DURATION", value_parser = time::positive_duration)]
    idle_exit: Option<Duration>,

    /// Leave after the last task that is there when the watch begins
    #[arg(long)]
    until_empty: bool,

    /// What to do when tasks are no longer kept where the watch wants to go on
    #[arg(long, value_name = "WHAT", default_value = "fail")]
    on_gap: OnGap,
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

#[derive(Serialize)]
struct TaskLine<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    queue: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    seq: u64,
    task: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted_at: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: &'a BTreeMap<String, String>,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// Where a watch is. Outlives its connections.
struct Place {
    queues: Vec<QueuePlace>,
    /// Known from the first answer on.
    store: Option<String>,
    left: Option<u64>,
    until_empty: bool,
    /// The server is not ours: there are no positions, and it begins anew each time.
    is_foreign: bool,
    /// Tasks have been printed.
    has_printed: bool,
}

struct QueuePlace {
    queue: QueueName,
    start: Option<pb::position::Start>,
    until_seq: Option<u64>,
}

impl QueuePlace {
    fn is_done(&self) -> bool {
        match (&self.start, self.until_seq) {
            (Some(pb::position::Start::FromSeq(next)), Some(until)) => *next > until,
            _ => false,
        }
    }
}

/// How one connection ended.
enum End {
    /// As was asked for.
    Done,
    /// Try again.
    Broken(Status),
    /// What could not be resumed was skipped: open again at once.
    Skipped,
}

impl WatchTasks {
    pub(super) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        let mut place = self.place(context)?;
        let mut tries = Tries::new(None);
        let mut idle = Idle::new(self.idle_exit);
        loop {
            match self.watch(context, out, &mut place, &mut tries, &mut idle).await? {
                End::Done => break,
                End::Skipped => {}
                End::Broken(status) => {
                    out.flush().await?;
                    if tries.failed() {
                        let message = format!(
                            "server {}: {}; trying again for ever",
                            context.target().address,
                            exit::cause(&status)
                        );
                        context.errors.notice("retrying", &message);
                    }
                    tokio::select! {
                        paused = tries.pause(&status, context.target()) => paused?,
                        // A server that is not there is not one that has nothing to do.
                        () = idle.over() => return Err(context.target().failure(&status)),
                    }
                }
            }
        }
        out.flush().await?;
        Ok(0)
    }

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
            queues: names.into_iter().map(|queue| QueuePlace { queue, start, until_seq: None }).collect(),
            store: None,
            left: self.max,
            until_empty: self.until_empty,
            is_foreign: false,
            has_printed: false,
        })
    }

    /// One connection.
    async fn watch(
        &self,
        context: &Context,
        out: &mut Output,
        place: &mut Place,
        tries: &mut Tries,
        idle: &mut Idle,
    ) -> Result<End, Failure> {
        if place.queues.iter().all(QueuePlace::is_done) {
            // The connection broke between the last task and the word that it was the last.
            return Ok(End::Done);
        }
        let channel = tokio::select! {
            channel = context.target().connect() => match channel {
                Ok(channel) => channel,
                Err(status) => return Ok(End::Broken(status)),
            },
            () = idle.over() => return Err(context.target().failure(&Status::unavailable("no answer"))),
        };
        let mut client = pb::contact_client::ContactClient::new(channel);
        // A server that is not ours may answer with its first task only: until then it is idle.
        let opened = tokio::select! {
            opened = client.get_task(place.request()) => opened,
            () = idle.over() => return Ok(End::Done),
        };
        let response = match opened {
            Ok(response) => response,
            Err(status) => return self.ended(context, place, status),
        };
        tries.opened();
        self.begun(context, place, &response)?;
        let mut tasks: Streaming<pb::ServerMsg> = response.into_inner();
        let mut printed = false;
        loop {
            let ready = match tasks.message().now_or_never() {
                Some(ready) => ready,
                None => {
                    // No more is ready: what there is goes out.
                    out.flush().await?;
                    if std::mem::take(&mut printed) {
                        idle.reset();
                    }
                    tokio::select! {
                        task = tasks.message() => task,
                        () = idle.over() => return Ok(End::Done),
                    }
                }
            };
            match ready {
                Ok(Some(task)) => {
                    tries.worked();
                    if !place.passed(&task) {
                        continue;
                    }
                    let colour = out.colour;
                    out.line(&TaskLine::new(&task), || text(&task, colour)).await?;
                    (printed, place.has_printed) = (true, true);
                    if let Some(left) = &mut place.left {
                        *left -= 1;
                        if *left == 0 {
                            return Ok(End::Done);
                        }
                    }
                }
                // A stream ends well only if an end was asked for.
                Ok(None) if !place.is_foreign && (place.left.is_some() || self.until_empty) => {
                    return Ok(End::Done);
                }
                Ok(None) => return Ok(End::Broken(Status::unavailable("the server ended the watch"))),
                Err(status) => return self.ended(context, place, status),
            }
        }
    }

    /// Takes from the response's headers what a resumption needs.
    fn begun(
        &self,
        context: &Context,
        place: &mut Place,
        response: &Response<Streaming<pb::ServerMsg>>,
    ) -> Result<(), Failure> {
        if !is_ours(response) {
            return self.begun_elsewhere(context, place);
        }
        let header = |name: &str| response.metadata().get(name).and_then(|value| value.to_str().ok());
        let numbers = |name: &str| -> Option<Vec<u64>> {
            header(name)?.split_ascii_whitespace().map(|n| n.parse().ok()).collect()
        };
        place.store = header(STORE_HEADER).map(str::to_owned);
        let asked = place.queues.iter_mut().filter(|queue| !queue.is_done());
        for (queue, start) in asked.zip(numbers(START_HEADER).unwrap_or_default()) {
            queue.start = Some(pb::position::Start::FromSeq(start));
        }
        if place.until_empty
            && let Some(until) = numbers(UNTIL_HEADER)
        {
            // Pinned when the watch begins; a resumption goes on to the same end.
            place.until_empty = false;
            for (queue, until) in place.queues.iter_mut().zip(until) {
                queue.until_seq = Some(until);
            }
        }
        Ok(())
    }

    /// The server is not a contact server: what it cannot do is refused, not left out.
    fn begun_elsewhere(&self, context: &Context, place: &mut Place) -> Result<(), Failure> {
        let address = &context.target().address;
        let asked = [
            ("-q", !self.queues.is_empty()),
            ("--to-me", self.to_me),
            ("--from", self.from.as_ref().is_some_and(|from| *from != From::Start)),
            ("--after", self.after.is_some()),
            ("--until-empty", self.until_empty),
        ];
        if let Some((flag, _)) = asked.into_iter().find(|(_, asked)| *asked) {
            let message = format!("the server at {address} is not a contact server: it cannot do {flag}");
            return Err(Failure::new(code::GRPC + Code::Unimplemented as u8, "unimplemented", message)
                .hint("leave the flag out to print every task it has"));
        }
        if place.has_printed {
            let message = format!("the server at {address} has begun anew: tasks are printed again");
            context.errors.notice("replayed", &message);
        }
        place.is_foreign = true;
        Ok(())
    }

    /// The call failed.
    fn ended(&self, context: &Context, place: &mut Place, status: Status) -> Result<End, Failure> {
        if exit::is_broken(&status) {
            return Ok(End::Broken(status));
        }
        let failure = context.target().failure(&status);
        let info = status.get_details_error_info();
        let fact = |name: &str| info.as_ref().and_then(|info| info.metadata.get(name));
        let skip = self.on_gap == OnGap::Skip;
        match &failure.reason[..] {
            "trimmed" => {
                let first = fact("first_seq").and_then(|seq| seq.parse::<u64>().ok());
                let queue = fact("queue");
                let queue =
                    place.queues.iter_mut().find(|place| Some(place.queue.as_str()) == queue.map(|q| &q[..]));
                if let (true, Some(first), Some(queue)) = (skip, first, queue) {
                    let message = format!("{}; going on there", failure.message);
                    context.errors.notice("skipped", &message);
                    queue.start = Some(pb::position::Start::FromSeq(first));
                    return Ok(End::Skipped);
                }
                Err(failure
                    .hint("--on-gap skip goes on at the first position kept; --from start begins there"))
            }
            "other_store" if skip => {
                let message = format!("{}; going on at its first task", failure.message);
                context.errors.notice("skipped", &message);
                place.store = None;
                for queue in &mut place.queues {
                    queue.start = None;
                    queue.until_seq = None;
                }
                place.until_empty = self.until_empty;
                Ok(End::Skipped)
            }
            "other_store" => Err(failure
                .hint("the server has another store than before: --on-gap skip goes on at its first task")),
            "future" => Err(failure.hint("--from new waits for the next task")),
            _ if status.code() == Code::Unimplemented => {
                Err(failure.hint(format!("is the server at {} a contact server?", context.target().address)))
            }
            _ => Err(failure),
        }
    }
}

impl Place {
    fn request(&self) -> pb::Watch {
        let is_default = |queue: &QueuePlace| queue.queue.as_str() == DEFAULT_QUEUE && queue.start.is_none();
        let queues = match &self.queues[..] {
            // The tutorial's empty message: any server knows it.
            [queue] if is_default(queue) => Vec::new(),
            queues => queues
                .iter()
                .filter(|queue| !queue.is_done())
                .map(|queue| pb::Position {
                    queue: queue.queue.to_string(),
                    start: queue.start,
                    until_seq: queue.until_seq,
                })
                .collect(),
        };
        pb::Watch {
            queues,
            store: self.store.clone().unwrap_or_default(),
            max: self.left.unwrap_or_default(),
            until_empty: self.until_empty,
            ..pb::Watch::default()
        }
    }

    /// Moves over a task. False if it has been printed before.
    fn passed(&mut self, task: &pb::ServerMsg) -> bool {
        if task.seq == 0 {
            return true;
        }
        let Some(queue) = self.queues.iter_mut().find(|place| place.queue.as_str() == task.queue) else {
            return true;
        };
        match &mut queue.start {
            Some(pb::position::Start::FromSeq(next)) if task.seq < *next => false,
            start => {
                *start = Some(pb::position::Start::FromSeq(task.seq + 1));
                true
            }
        }
    }
}

/// `--idle-exit`.
struct Idle {
    after: Option<Duration>,
    over: Option<std::pin::Pin<Box<tokio::time::Sleep>>>,
}

impl Idle {
    fn new(after: Option<Duration>) -> Self {
        Idle { after, over: after.map(|after| Box::pin(tokio::time::sleep(after))) }
    }

    fn reset(&mut self) {
        *self = Idle::new(self.after);
    }

    async fn over(&mut self) {
        match &mut self.over {
            Some(over) => over.await,
            None => std::future::pending().await,
        }
    }
}

impl<'a> TaskLine<'a> {
    fn new(task: &'a pb::ServerMsg) -> Self {
        TaskLine {
            id: &task.id,
            queue: &task.queue,
            seq: task.seq,
            task: &task.task,
            submitted_at: task.submitted_at.map(|at| at.to_string()),
            labels: &task.labels,
        }
    }
}

/// The task for people.
fn text(task: &pb::ServerMsg, colour: bool) -> String {
    let dim = if colour { anstyle::Style::new().dimmed() } else { anstyle::Style::new() };
    if task.seq == 0 {
        return json::escape(&task.task);
    }
    let at = task.submitted_at.as_ref().map(time::time_of_day).unwrap_or_default();
    let id =
        if task.id == task.seq.to_string() { String::new() } else { format!("  {}", json::escape(&task.id)) };
    let labels: String =
        task.labels.iter().map(|(key, value)| json::escape(&format!("  {key}={value}"))).collect();
    format!(
        "{dim}{:>8}  {at}  {}{id}{dim:#}  {}{dim}{labels}{dim:#}",
        task.seq,
        json::escape(&task.queue),
        json::escape(&task.task)
    )
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
}
