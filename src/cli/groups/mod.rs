//! `contact groups`: the groups, what they have in hand and what is left; and their settings.

use std::time::SystemTime;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{
    Context, Failure,
    caller::{Caller, Client},
    group::Group,
    list::{self, Follow, List},
    output::Output,
    table::{Cell, Column, numbers, words},
    time,
};
use crate::{name::QueueName, pb};

mod set;

/// Show the groups, what they have in hand and what is left; change their settings
///
/// A line for each group, in the order of their queues' names and their own. A group is of one queue: the same
/// name in two queues is two groups.
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Examples:
  contact groups
  contact groups -q ci --watch
  contact groups --group ci | jq .lag
  contact groups set ci -q builds --max-failures 3 --backoff 1s..5m --lease 10m
  contact groups pause ci -q builds

Exit codes: 0 it worked; 2 wrong usage; 3 the server could not be reached;
69 there is no such group to change; 76 it is not a contact server; 130, 143 SIGINT, SIGTERM"
)]
pub(super) struct Groups {
    #[command(subcommand)]
    change: Option<Change>,

    /// Only groups of this queue [default: all; to change a group: default]
    #[arg(short, long, global = true, value_name = "QUEUE", value_parser = super::queue_name)]
    queue: Option<QueueName>,

    /// Only groups of this name; `@` is this client's own
    #[arg(long, value_name = "GROUP", value_parser = Group::parse)]
    group: Option<Group>,

    #[command(flatten)]
    follow: Follow,
}

#[derive(Debug, Subcommand)]
enum Change {
    Set(set::Set),
    Pause(set::Pause),
    Resume(set::Resume),
}

/// A group as JSON. Its shape is frozen: see tests/golden.
#[derive(Serialize, PartialEq)]
pub(super) struct GroupLine {
    queue: String,
    group: String,
    members: u64,
    ready: u64,
    leased: u64,
    waiting: u64,
    dead: u64,
    done: u64,
    lag: u64,
    trimmed_unsettled: u64,
    suspects: u64,
    next_seq: u64,
    #[serde(serialize_with = "time::as_rfc3339", skip_serializing_if = "Option::is_none")]
    oldest_at: Option<prost_types::Timestamp>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    paused: bool,
    max_failures: u32,
    backoff_ms: u64,
    backoff_max_ms: u64,
    lease_ms: u64,
}

impl Groups {
    /// Whether a group's settings are to be changed, whatever becomes of the output.
    pub(super) fn changes(&self) -> bool {
        self.change.is_some()
    }

    pub(super) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        let queue = self.queue.map(|queue| queue.to_string()).unwrap_or_default();
        let Some(change) = self.change else {
            let group = Group::name_of(self.group.as_ref(), context)?;
            return list::run(GroupList { queue, group }, context, out, &self.follow, None).await;
        };
        if self.group.is_some() || self.follow.is_asked() {
            return Err(Failure::usage(
                "--group and --watch are for the list: a change names its group alone",
            ));
        }
        let (group, settings) = match change {
            Change::Set(set) => set.settings()?,
            Change::Pause(pause) => pause.settings(),
            Change::Resume(resume) => resume.settings(),
        };
        let list = GroupList { queue, group: group.name(context)? };
        let asked = pb::GroupSettings { queue: list.queue.clone(), group: list.group.clone(), ..settings };
        let call = async |mut client: Client, asked| client.set_group(asked).await;
        let group = Caller::new(context).call("setGroup", asked, call).await?;
        list::print_one(&list, out, &group.into()).await?;
        Ok(0)
    }
}

const COLUMNS: &[Column] = &[
    words("QUEUE"),
    words("GROUP"),
    numbers("MEMBERS"),
    numbers("READY"),
    numbers("LEASED"),
    numbers("WAITING"),
    numbers("DEAD"),
    numbers("LAG"),
    numbers("OLDEST"),
    // What a narrow screen has no room for stands behind: it changes rarely, or nobody waits for it.
    words("NOTE"),
    numbers("DONE"),
    numbers("LEASE"),
    words("BACKOFF"),
    numbers("MAX-FAIL"),
];

struct GroupList {
    queue: String,
    group: String,
}

impl List for GroupList {
    type Item = GroupLine;
    type Place = (String, String);

    async fn page(
        &mut self,
        caller: &mut Caller<'_>,
        at: Option<(String, String)>,
        limit: u32,
    ) -> Result<(Vec<GroupLine>, Option<(String, String)>), Failure> {
        let (after_queue, after_group) = at.unwrap_or_default();
        let (queue, group) = (self.queue.clone(), self.group.clone());
        let asked = pb::ListGroups { queue, group, after_queue, after_group, limit };
        let call = async |mut client: Client, asked| client.list_groups(asked).await;
        let page = caller.call("listGroups", asked, call).await?;
        let last = page.groups.last().filter(|_| page.more);
        let next = last.map(|last| (last.queue.clone(), last.group.clone()));
        Ok((page.groups.into_iter().map(GroupLine::from).collect(), next))
    }

    fn key(line: &GroupLine) -> String {
        format!("{}/{}", line.queue, line.group)
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn row(&self, line: &GroupLine, now: SystemTime) -> Vec<Cell> {
        let backoff = [line.backoff_ms, line.backoff_max_ms].map(time::shown_ms).join("..");
        let max_failures = match line.max_failures {
            0 => "off".to_owned(),
            n => n.to_string(),
        };
        vec![
            Cell::text(&line.queue),
            Cell::text(&line.group),
            Cell::count(line.members),
            Cell::count(line.ready),
            Cell::count(line.leased),
            Cell::count(line.waiting),
            Cell::count(line.dead).bad(),
            Cell::count(line.lag),
            Cell::text(line.oldest_at.as_ref().map(|at| time::age(at, now)).unwrap_or_default()),
            Cell::text(line.note()).notable(),
            Cell::count(line.done),
            Cell::text(time::shown_ms(line.lease_ms)).dim(),
            Cell::text(backoff).dim(),
            Cell::text(max_failures).dim(),
        ]
    }
}

impl GroupLine {
    /// What is not as usual.
    fn note(&self) -> String {
        let mut notes = Vec::new();
        if self.paused {
            notes.push("paused".to_owned());
        }
        if self.suspects > 0 {
            notes.push(format!("{} suspect", self.suspects));
        }
        if self.trimmed_unsettled > 0 {
            notes.push(format!("{} trimmed unsettled", self.trimmed_unsettled));
        }
        notes.join(", ")
    }
}

impl From<pb::Group> for GroupLine {
    fn from(group: pb::Group) -> Self {
        GroupLine {
            queue: group.queue,
            group: group.group,
            members: group.members,
            ready: group.ready,
            leased: group.leased,
            waiting: group.waiting,
            dead: group.dead,
            done: group.done,
            lag: group.lag,
            trimmed_unsettled: group.trimmed_unsettled,
            suspects: group.suspects,
            next_seq: group.next_seq,
            oldest_at: group.oldest_at,
            paused: group.paused,
            max_failures: group.max_failures,
            backoff_ms: group.backoff_ms,
            backoff_max_ms: group.backoff_max_ms,
            lease_ms: group.lease_ms,
        }
    }
}
