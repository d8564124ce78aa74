//! `contact tasks`: the tasks that are kept, as the log or a group has them.

use std::{collections::HashSet, time::SystemTime};

use clap::{Args, ValueEnum};

use super::{
    Context, Failure,
    caller::{Caller, Client},
    exit::code,
    group::Group,
    list::{self, Follow, List},
    output::Output,
    reason::Reason,
    roll::{self, Roll},
    table::{Cell, Column},
    task_line::{self, TaskLine},
    wait::names,
};
use crate::{
    name::{ID_BYTES_MAX, QueueName},
    pb,
};

/// Tasks of one call that are asked for by their ids.
const IDS_MAX: usize = 100;
/// A list that is followed is held whole: no more tasks than this, unless more are asked for.
const FOLLOWED_MAX: u64 = 1000;

/// Show tasks, as the log has them or as a group does
///
/// A line for each task, in the order of their places. With --group, or in a state that groups have in hand
/// (leased, waiting, dead), the line says where the task stands in the group, how often it was handed out and
/// how each attempt ended. Which are ready or done is another question for each group: that needs --group.
///
/// A task that is asked for by its ID has its roll-call: who has received it, who has done it with which answer,
/// and which of the clients that watched its queue in the last 24 hours are silent.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact tasks -q builds --limit 20
  contact tasks --group ci --state dead | jq -r '[.id, .said] | @tsv'
  contact tasks --group ci --state leased --watch
  contact tasks 17 deploy-42
  contact tasks 17 | jq -r '.roll_call[] | select(.standing == \"silent\").client'
  contact tasks --state dead --group ci | contact redrive --group ci

Exit codes: 0 it worked; 1 an ID is of no task; 2 wrong usage; 3 the server could not be reached;
69 there is no such queue or group; 76 it is not a contact server; 130, 143 SIGINT, SIGTERM")]
pub(super) struct Tasks {
    /// Only the tasks of these ids
    #[arg(value_name = "ID", value_parser = id)]
    ids: Vec<String>,

    /// Only of this queue [default: default; with --state delayed, leased, waiting or dead: all]
    #[arg(short, long, value_name = "QUEUE", value_parser = super::queue_name)]
    queue: Option<QueueName>,

    /// As this group has them; `@` is this client's own
    #[arg(long, value_name = "GROUP", value_parser = Group::parse)]
    group: Option<Group>,

    /// Only in this state
    #[arg(long, value_name = "STATE")]
    state: Option<State>,

    /// Whose answers to look for (a,b,c), with an ID [default: of all who have to do with the task]
    #[arg(long, value_name = "CLIENTS", requires = "ids", value_parser = names_given)]
    clients: Option<Names>,

    /// At most so many [default: all; with --watch: 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,

    #[command(flatten)]
    follow: Follow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    /// Accepted, and waits for its time to enter the log
    Delayed,
    /// Could be handed out; with --group
    Ready,
    /// In a member's hands
    Leased,
    /// Waits for its next attempt
    Waiting,
    /// Settled; with --group
    Done,
    /// Out of failures, or rejected
    Dead,
    /// Ended by `contact cancel`
    Cancelled,
    /// Ended by its own time
    Expired,
}

/// Names of clients.
type Names = Vec<String>;

fn names_given(text: &str) -> Result<Names, String> {
    names(text)
}

fn id(text: &str) -> Result<String, String> {
    match text.len() {
        1..=ID_BYTES_MAX => Ok(text.to_owned()),
        _ => Err(format!("an id has 1 to {ID_BYTES_MAX} bytes")),
    }
}

impl Tasks {
    pub(super) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        if let (Some(State::Ready | State::Done), None) = (self.state, &self.group) {
            return Err(Failure::usage("--state ready and done go with --group: each group has others"));
        }
        let mut unknown = HashSet::new();
        let asked = pb::ListTasks {
            queue: self.queue.as_ref().map(ToString::to_string).unwrap_or_default(),
            group: Group::name_of(self.group.as_ref(), context)?,
            state: self.state.map_or(pb::State::Unspecified, State::of_wire).into(),
            ..pb::ListTasks::default()
        };
        let is_of_groups = self.group.is_some() || self.state.is_some_and(State::is_of_groups);
        let roll = (!self.ids.is_empty()).then(|| Roll::new(self.clients.unwrap_or_default()));
        let list = TaskList { context, asked, ids: &self.ids, is_of_groups, unknown: &mut unknown, roll };
        let limit = self.limit.or(self.follow.is_asked().then_some(FOLLOWED_MAX));
        list::run(list, context, out, &self.follow, limit).await?;
        Ok(if unknown.is_empty() { 0 } else { code::NO })
    }
}

impl State {
    /// Without a group such tasks are shown as all groups have them.
    fn is_of_groups(self) -> bool {
        matches!(self, State::Leased | State::Waiting | State::Dead)
    }

    fn of_wire(self) -> pb::State {
        match self {
            State::Delayed => pb::State::Delayed,
            State::Ready => pb::State::Ready,
            State::Leased => pb::State::Leased,
            State::Waiting => pb::State::Waiting,
            State::Done => pb::State::Done,
            State::Dead => pb::State::Dead,
            State::Cancelled => pb::State::Cancelled,
            State::Expired => pb::State::Expired,
        }
    }
}

struct TaskList<'a> {
    context: &'a Context,
    /// What stays the same from page to page.
    asked: pb::ListTasks,
    ids: &'a [String],
    /// The lines say where tasks stand in groups.
    is_of_groups: bool,
    /// Those of the ids that are of no task, as far as that has been said.
    unknown: &'a mut HashSet<String>,
    /// Of tasks that are asked for by their ids.
    roll: Option<Roll>,
}

/// Where the next page goes on.
#[derive(Default)]
struct Place {
    /// Of the ids so many have been asked for.
    ids: usize,
    after: String,
}

impl List for TaskList<'_> {
    type Item = TaskLine;
    type Place = Place;

    async fn page(
        &mut self,
        caller: &mut Caller<'_>,
        at: Option<Place>,
        limit: u32,
    ) -> Result<(Vec<TaskLine>, Option<Place>), Failure> {
        let Place { ids: from, after } = at.unwrap_or_default();
        let to = self.ids.len().min(from + IDS_MAX.min(limit as usize));
        let asked = pb::ListTasks { ids: self.ids[from..to].to_vec(), after, limit, ..self.asked.clone() };
        let call = async |mut client: Client, asked| client.list_tasks(asked).await;
        let page = caller.call("listTasks", asked, call).await?;
        self.say_unknown(page.unknown);
        let next = match page.next {
            after if !after.is_empty() => Some(Place { ids: from, after }),
            _ => (to < self.ids.len()).then_some(Place { ids: to, after: String::new() }),
        };
        let mut lines: Vec<TaskLine> = page.tasks.into_iter().map(TaskLine::from).collect();
        if let Some(roll) = &mut self.roll {
            for line in &mut lines {
                line.roll_call = roll.call(caller, &line.id).await?;
            }
        }
        Ok((lines, next))
    }

    fn key(line: &TaskLine) -> String {
        line.key()
    }

    fn columns(&self) -> &'static [Column] {
        if self.is_of_groups { task_line::COLUMNS_IN_GROUP } else { task_line::COLUMNS }
    }

    fn row(&self, line: &TaskLine, now: SystemTime) -> Vec<Cell> {
        if self.is_of_groups { line.row_in_group(now) } else { line.row(now) }
    }

    fn below(&self, line: &TaskLine, now: SystemTime, colour: bool) -> Vec<String> {
        line.roll_call.as_deref().map(|answers| roll::lines(answers, now, colour)).unwrap_or_default()
    }
}

impl TaskList<'_> {
    /// Once: a list that is followed asks again and again.
    fn say_unknown(&mut self, ids: Vec<String>) {
        for id in ids {
            if !self.unknown.contains(&id) {
                let message = format!("there is no task {id:?}");
                Failure::new(code::NO, Reason::NoTask, message).print(self.context.errors);
                self.unknown.insert(id);
            }
        }
    }
}
