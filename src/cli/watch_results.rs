//! `contact watch-results`: prints what workers have told of tasks, in the order in which it was taken, and then
//! what they tell. It comes back for ever when the server is lost, and prints nothing twice.

use std::time::Duration;

use clap::Args;
use tonic::{Code, Response, Status, Streaming, metadata::MetadataMap};
use tonic_types::StatusExt;

use super::{
    Context, Failure, caller,
    exit::code,
    group::Group,
    headers::Headers,
    output::Output,
    reason::Reason,
    result_line::{ResultLine, text},
    seen::Seen,
    start::{OnGap, Start},
    time,
    watched::{self, Took, Watched},
};
use crate::cli::connect::Channel;
use crate::{
    name::QueueName,
    pb,
    pb::watch_results::Start as Asked,
    wire::{START_HEADER, UNTIL_HEADER},
};

/// Print what workers have told of tasks from the first result kept, in order, then each new one as it comes
///
/// Every settlement is a result, and so is the end of an attempt without a word, like a lost worker: `outcome` is
/// what was told, `end` how an attempt ended without it, and `state` where the task has stood since. Results are
/// kept as long as their tasks. It comes back for ever when the server is lost, resumes where it was and prints
/// nothing twice.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact watch-results | jq -r 'select(.outcome == \"done\").ret'
  contact watch-results -q ci --group deploy --from new
  contact watch-results --until-empty > all.jsonl
  contact watch-results --id 17 --id deploy-42        all of these tasks, until both have ended for all
  contact watch-results --after 41                    go on after the one whose n was 41

Exit codes: 0 the end that was asked for, or nobody reads any more; 2 wrong usage;
69 an --id is of no task; 73 the store is another than before; 75 the position is no longer kept, or not yet
there; 76 it is not a contact server; 124 --timeout ran out; 130, 143 SIGINT, SIGTERM")]
pub(super) struct WatchResults {
    /// Only of this task, from its first result on (repeatable); it ends once each has ended for all groups, by
    /// being cancelled, expired or gone
    #[arg(long = "id", value_name = "ID", value_parser = super::ids::id,
          conflicts_with_all = ["queue", "group", "from", "after", "until_empty"])]
    ids: Vec<String>,

    /// Only of this queue [default: all]
    #[arg(short, long, value_name = "QUEUE", value_parser = super::queue_name)]
    queue: Option<QueueName>,

    /// Only of this group; `@` is this client's own [default: all]
    #[arg(long, value_name = "GROUP", value_parser = Group::parse)]
    group: Option<Group>,

    /// Where to start: `start` (the first result kept), `new` (what comes from now on), a result's NUMBER
    /// (its n, inclusive) or a TIME like 2026-11-22T06:00:00Z [default: start]
    #[arg(long, value_name = "WHERE", value_parser = from, conflicts_with = "after")]
    from: Option<Start>,

    /// Start after the result of this NUMBER
    #[arg(long, value_name = "NUMBER")]
    after: Option<u64>,

    /// Leave after N results
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,

    /// Leave when no result has come for this long (with 3 if the server was not there then)
    #[arg(long, value_name = "DURATION", value_parser = time::positive_duration)]
    idle_exit: Option<Duration>,

    /// Leave after the last result that is there when the watch begins
    #[arg(long)]
    until_empty: bool,

    /// What to do when results are no longer kept where the watch wants to go on
    #[arg(long, value_name = "WHAT", default_value = "fail")]
    on_gap: OnGap,
}

fn from(text: &str) -> Result<Start, String> {
    Start::parse(text, "number")
}

impl WatchResults {
    pub(super) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        let start = match (&self.from, self.after) {
            (_, Some(u64::MAX)) => return Err(Failure::usage("--after: no number is that large")),
            (_, Some(n)) => Some(Asked::FromN(n + 1)),
            (Some(Start::At(n)), None) => Some(Asked::FromN(*n)),
            (Some(Start::Time(time)), None) => Some(Asked::FromTime(*time)),
            (Some(Start::New), None) => Some(Asked::FromNew(true)),
            (Some(Start::First) | None, None) => None,
        };
        let mut watching = Watching {
            context,
            group: Group::name_of(self.group.as_ref(), context)?,
            place: Place { start, store: None, left: self.max, until_n: None, seen: Seen::default() },
            flags: &self,
        };
        watched::run(&mut watching, context, out, self.idle_exit, None).await?;
        Ok(0)
    }
}

/// A watch of results.
struct Watching<'a> {
    flags: &'a WatchResults,
    context: &'a Context,
    group: String,
    place: Place,
}

/// Where it is.
struct Place {
    start: Option<Asked>,
    /// Known from the first answer on.
    store: Option<String>,
    /// How many results are still wanted.
    left: Option<u64>,
    /// Where --until-empty ends. Pinned when the watch begins.
    until_n: Option<u64>,
    /// Of named tasks, which have no place.
    seen: Seen,
}

impl Watched for Watching<'_> {
    type Message = pb::Result;
    type Messages = Streaming<pb::Result>;

    fn is_done(&self) -> bool {
        match (self.place.start, self.place.until_n) {
            (Some(Asked::FromN(next)), Some(until)) => next > until,
            _ => false,
        }
    }

    async fn open(&mut self, channel: Channel) -> Result<Response<Self::Messages>, Status> {
        pb::contact_client::ContactClient::new(channel).watch_results(self.request()).await
    }

    async fn begun(&mut self, headers: &MetadataMap, _: &mut Output) -> Result<(), Failure> {
        let headers = Headers(headers);
        let store = headers.store();
        if self.names_tasks() {
            return self.begun_with_ids(store);
        }
        self.place.store = store;
        let number = |name| headers.numbers(name)?.first().copied();
        // Where it is by itself it knows best.
        if !matches!(self.place.start, Some(Asked::FromN(_))) {
            self.place.start = number(START_HEADER).map(Asked::FromN).or(self.place.start);
        }
        if self.flags.until_empty && self.place.until_n.is_none() {
            self.place.until_n = number(UNTIL_HEADER);
        }
        Ok(())
    }

    async fn took(&mut self, result: pb::Result, out: &mut Output) -> Result<Took, Failure> {
        if !self.place.passed(&result, self.names_tasks()) {
            return Ok(Took::Passed);
        }
        if self.place.until_n.is_some_and(|until| result.n > until) {
            return Ok(Took::Last);
        }
        let colour = out.colour;
        out.line(&ResultLine::new(&result), || text(&result, colour)).await?;
        if let Some(left) = &mut self.place.left {
            *left -= 1;
            if *left == 0 {
                return Ok(Took::Last);
            }
        }
        Ok(Took::Printed)
    }

    fn may_end(&self) -> bool {
        self.place.left.is_some() || self.flags.until_empty || self.names_tasks()
    }

    fn refused(&mut self, status: &Status) -> Result<(), Failure> {
        let failure = caller::explain(self.context, "watchResults", self.context.target().failure(status));
        let info = status.get_details_error_info();
        let first = info.as_ref().and_then(|info| info.metadata.get("first_n")?.parse().ok());
        let skip = self.flags.on_gap == OnGap::Skip;
        match (&failure.reason[..], first) {
            ("trimmed", Some(first)) if skip => {
                let message = format!("{}; going on there", failure.message);
                self.context.errors.notice("skipped", &message);
                self.place.start = Some(Asked::FromN(first));
                Ok(())
            }
            ("other_store", _) if skip => {
                let message = format!("{}; going on at its first result", failure.message);
                self.context.errors.notice("skipped", &message);
                (self.place.store, self.place.start, self.place.until_n) = (None, None, None);
                Ok(())
            }
            ("trimmed", _) => {
                Err(failure.hint("--on-gap skip goes on at the first result kept; --from start begins there"))
            }
            ("other_store", _) => Err(failure
                .hint("the server has another store than before: --on-gap skip goes on at its first result")),
            ("future", _) => Err(failure.hint("--from new waits for the next result")),
            _ => Err(failure),
        }
    }
}

impl Watching<'_> {
    fn names_tasks(&self) -> bool {
        !self.flags.ids.is_empty()
    }

    /// What to ask for now.
    fn request(&self) -> pb::WatchResults {
        if self.names_tasks() {
            // How many are left is counted here: what was printed before comes again.
            return pb::WatchResults { ids: self.flags.ids.clone(), ..pb::WatchResults::default() };
        }
        pb::WatchResults {
            ids: Vec::new(),
            queue: self.flags.queue.as_ref().map(ToString::to_string).unwrap_or_default(),
            group: self.group.clone(),
            store: self.place.store.clone().unwrap_or_default(),
            start: self.place.start,
            // Asked for again when it comes back; what goes beyond the end of before is not printed.
            until_empty: self.flags.until_empty,
            max: self.place.left.unwrap_or_default(),
        }
    }

    /// In another store the ids are other tasks'.
    fn begun_with_ids(&mut self, store: Option<String>) -> Result<(), Failure> {
        if self.place.store.is_some() && self.place.store != store {
            return Err(other_store(self.context));
        }
        self.place.store = store;
        Ok(())
    }
}

/// The server has come back with another store, where the ids are other tasks'.
pub(super) fn other_store(context: &Context) -> Failure {
    let address = &context.target().address;
    let message =
        format!("the server at {address} has another store than before: the ids are other tasks' there");
    Failure::new(code::GRPC + Code::FailedPrecondition as u8, Reason::OtherStore, message)
}

impl Place {
    /// Moves over a result. False if it has been printed before.
    fn passed(&mut self, result: &pb::Result, is_named: bool) -> bool {
        if is_named {
            return self.seen.is_new(result);
        }
        match &mut self.start {
            Some(Asked::FromN(next)) if result.n < *next => false,
            start => {
                *start = Some(Asked::FromN(result.n + 1));
                true
            }
        }
    }
}
