//! A wait for tasks: reads their results over one call, or a few if they are very many, and prints them. Outlives
//! its connections.

use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
    rc::Rc,
    time::Duration,
};

use futures_util::{
    StreamExt,
    future::try_join_all,
    stream::{BoxStream, select_all},
};
use tonic::{Code, Response, Status, metadata::MetadataMap};

use super::{
    Until, absent,
    awaited::{Awaited, is_dead},
    wanted::Wanted,
};
use crate::cli::connect::Channel;
use crate::{
    cli::{
        Context, Failure, again, caller,
        exit::code,
        headers::Headers,
        output::Output,
        result_line::{ResultLine, text},
        seen::Seen,
        watch_results,
        watched::{self, Took, Watched},
    },
    pb::{self, contact_client::ContactClient},
};

/// Tasks of one call.
const IDS_MAX: usize = 10_000;
/// Tasks that are named when it is said how to go on.
const NAMED_MAX: usize = 100;

/// A wait.
pub(in crate::cli) struct Waiting<'a> {
    context: &'a Context,
    wanted: Wanted,
    with_exit_code: bool,
    /// In the order given,
    tasks: Vec<Awaited>,
    /// and where each is, by the id that was given.
    places: HashMap<String, usize>,
    /// How many have not ended.
    pending: usize,
    /// One did not go well.
    has_failed: bool,
    seen: Seen,
    /// Results of which it could not be asked whether they are the last word.
    undecided: HashSet<u64>,
    /// Known from the first answer on.
    store: Option<String>,
    /// The connection that there is.
    channel: Option<Channel>,
    /// It goes on from a call that went well: the server is there.
    is_begun: bool,
    /// A result has come.
    has_come: Rc<Cell<bool>>,
}

impl<'a> Waiting<'a> {
    pub(in crate::cli) fn new(context: &'a Context, until: &Until) -> Self {
        Waiting {
            context,
            wanted: until.wanted(),
            with_exit_code: until.exit_code,
            tasks: Vec::new(),
            places: HashMap::new(),
            pending: 0,
            has_failed: false,
            seen: Seen::default(),
            undecided: HashSet::new(),
            store: None,
            channel: None,
            is_begun: false,
            has_come: Rc::default(),
        }
    }

    /// Waits for this task too.
    pub(in crate::cli) fn add(&mut self, id: String) {
        if !self.places.contains_key(&id) {
            self.places.insert(id.clone(), self.tasks.len());
            self.tasks.push(Awaited::new(id));
            self.pending += 1;
        }
    }

    /// Waits for all of them, at first over `channel` if there is one, and returns the exit code.
    pub(in crate::cli) async fn run(
        &mut self,
        out: &mut Output,
        channel: Option<Channel>,
    ) -> Result<u8, Failure> {
        if self.pending > 0 {
            self.is_begun = channel.is_some();
            let context = self.context;
            let (ids, come) = (self.pending_ids(absent::TASKS_MAX), self.has_come.clone());
            let absent = absent::say(context, ids, self.wanted.clone(), come);
            tokio::select! {
                biased;
                read = watched::run(self, context, out, None, channel) => read?,
                never = absent => match never {},
            }
        }
        if self.with_exit_code {
            let mut codes = self.tasks.iter().map(|task| task.exit_code(&self.wanted));
            return Ok(codes.find(|code| *code != 0).unwrap_or(0));
        }
        Ok(if self.has_failed { code::NO } else { 0 })
    }

    /// How to go on waiting, if there is anything to wait for.
    pub(super) fn go_on(&self) -> Option<String> {
        if self.pending == 0 {
            return None;
        }
        let mut command = "contact wait".to_owned();
        for id in self.pending_ids(NAMED_MAX) {
            command.extend([" ", &id]);
        }
        if self.pending > NAMED_MAX {
            command += " …";
        }
        if let Some(clients) = self.wanted.flag() {
            command.extend([" --clients ", &clients]);
        }
        if self.with_exit_code {
            command += " --exit-code";
        }
        let count =
            if self.pending == 1 { "1 task has".into() } else { format!("{} tasks have", self.pending) };
        Some(format!("{count} not ended; to go on waiting: {command}"))
    }

    /// The first so many that have not ended.
    fn pending_ids(&self, max: usize) -> Vec<String> {
        let pending = self.tasks.iter().filter(|task| !task.is_over(&self.wanted));
        pending.take(max).map(|task| task.id.clone()).collect()
    }

    /// Where the tasks are that a result is of and that have not ended: the same one may be named by its id and by
    /// its seq.
    fn places_of(&self, result: &pb::Result) -> Vec<usize> {
        let by_id = self.places.get(&result.id).copied();
        let by_seq = self.places.get(&result.seq.to_string()).copied().filter(|place| by_id != Some(*place));
        let pending = |place: &usize| !self.tasks[*place].is_over(&self.wanted);
        by_id.into_iter().chain(by_seq).filter(pending).collect()
    }

    /// How often the group of a result has failed at a task that it has given up; `Err`: somebody has redriven the
    /// task since, and there is more to come.
    async fn failures(&self, result: &pb::Result) -> Result<Option<u32>, Open> {
        let (Some(channel), true) = (&self.channel, is_dead(result) && !result.group.is_empty()) else {
            return Ok(None);
        };
        let asked = pb::TaskName { id: result.id.clone() };
        let answer = match ContactClient::new(channel.clone()).explain_task(asked).await {
            Ok(answer) => answer,
            Err(status) if again::is_worth_it(&status) => return Err(Open::Unknown),
            // Without an answer what was told stands.
            Err(_) => return Ok(None),
        };
        let groups = answer.into_inner().groups.into_iter().filter_map(|group| group.task);
        let mut of_group = groups.filter(|info| info.task.as_ref().is_some_and(|t| t.group == result.group));
        match of_group.next() {
            Some(info) if info.state() != pb::State::Dead => Err(Open::Redriven),
            Some(info) => Ok(Some(info.failures)),
            None => Ok(None),
        }
    }
}

/// A task was dead, and
enum Open {
    /// is not any more,
    Redriven,
    /// or nobody could say: it will come again over the next connection.
    Unknown,
}

impl Watched for Waiting<'_> {
    type Message = pb::Result;
    type Messages = BoxStream<'static, Result<pb::Result, Status>>;

    fn is_done(&self) -> bool {
        self.pending == 0
    }

    async fn open(&mut self, channel: Channel) -> Result<Response<Self::Messages>, Status> {
        self.channel = Some(channel.clone());
        let ids = self.pending_ids(usize::MAX);
        let calls = ids.chunks(IDS_MAX).map(|ids| {
            let asked = pb::WatchResults { ids: ids.to_vec(), ..pb::WatchResults::default() };
            let mut client = ContactClient::new(channel.clone());
            async move { client.watch_results(asked).await }
        });
        let opened = try_join_all(calls).await?;
        let headers = opened.first().map(|response| response.metadata().clone()).unwrap_or_default();
        let mut response = Response::new(select_all(opened.into_iter().map(Response::into_inner)).boxed());
        *response.metadata_mut() = headers;
        Ok(response)
    }

    async fn begun(&mut self, headers: &MetadataMap, _: &mut Output) -> Result<(), Failure> {
        let store = Headers(headers).store();
        if self.store.is_some() && self.store != store {
            return Err(watch_results::other_store(self.context));
        }
        self.store = store;
        Ok(())
    }

    async fn took(&mut self, result: pb::Result, out: &mut Output) -> Result<Took, Failure> {
        let places = self.places_of(&result);
        if places.is_empty() {
            return Ok(Took::Passed);
        }
        if self.seen.is_new(&result) {
            self.has_come.set(true);
            let colour = out.colour;
            out.line(&ResultLine::new(&result), || text(&result, colour)).await?;
        } else if !self.undecided.remove(&result.n) {
            return Ok(Took::Passed);
        }
        let failures = match self.failures(&result).await {
            Ok(failures) => failures,
            Err(Open::Redriven) => return Ok(Took::Printed),
            Err(Open::Unknown) => {
                self.undecided.insert(result.n);
                return Ok(Took::Printed);
            }
        };
        for place in places {
            let task = &mut self.tasks[place];
            task.take(&result, failures);
            if task.is_over(&self.wanted) {
                self.pending -= 1;
                for failure in task.failures(&self.wanted) {
                    self.has_failed = true;
                    failure.print(self.context.errors);
                }
            }
        }
        Ok(if self.pending == 0 { Took::Last } else { Took::Printed })
    }

    fn may_end(&self) -> bool {
        false
    }

    fn refused(&mut self, status: &Status) -> Result<(), Failure> {
        let failure = caller::explain(self.context, "watchResults", self.context.target().failure(status));
        // A task that nobody has any more is as one that has gone.
        let code = if status.code() == Code::NotFound { code::NO } else { failure.code };
        Err(Failure { code, ..failure })
    }

    fn patience(&self, was_open: bool) -> Option<Duration> {
        match was_open || self.is_begun {
            // For ever, unless something else was said.
            true => self.context.global.retry_for,
            false => Some(self.context.retry_for()),
        }
    }
}
