//! The words of groups: who shares tasks, what is told about them, and what can be seen of them.
//!
//! A group is (queue, name). Its members share the queue's tasks: each is leased to one at a time. Leases hang
//! on the *instance*, a process; it may have any number of streams, and any process that has a lease's token
//! may settle it.

use bytes::Bytes;
use futures_util::stream::BoxStream;

pub use super::words::{End, Settings, State, Verdict, Why, Word};
use super::{Error, Position, presence::Who, results::Answer};
use crate::name::{ClientName, GroupName, QueueName, TaskId};

/// A process: 128 random bits of its own.
pub type Instance = [u8; 16];

/// A watch that shares.
#[derive(Debug, Clone)]
pub struct Share {
    /// The queues in the order wanted; where a new group begins is said by `start`. No `until_seq`.
    pub queues: Vec<Position>,
    /// The store that the watcher takes this for.
    pub store: Option<String>,
    /// The group's name in each of the queues.
    pub group: GroupName,
    /// Who watches.
    pub who: Who,
    /// The leases that the process still has.
    pub have: Vec<String>,
    /// How many unsettled tasks it may hold.
    pub max_in_flight: u32,
    /// How long its leases are; `None`: the group's setting.
    pub lease_ms: Option<u64>,
    /// How long it may hold a task.
    pub max_hold_ms: u64,
    /// How long its leases live when all its streams are closed, at most.
    pub grace_ms: u64,
    /// End after so many hand-outs.
    pub max: Option<u64>,
    /// End when nothing up to where the queues end now is ready, waiting, or held by this process.
    pub until_empty: bool,
}

/// A share that has begun.
pub struct Sharing {
    /// For each queue the seq from which on the group has handed out nothing yet.
    pub start: Vec<u64>,
    /// For each queue whether the group was made by this.
    pub is_new: Vec<bool>,
    /// How long a lease is.
    pub lease_ms: u64,
    /// The tasks with their leases: gRPC frames. Ends well only where the share asked for an end.
    pub frames: BoxStream<'static, Result<Bytes, Error>>,
}

/// The attendance of a process: what `sendStatus` is. It ends when this is dropped.
pub struct Attendance {
    /// What the process is told. Ends only when far too much of it was left unread.
    pub notices: BoxStream<'static, Notice>,
}

/// What the holder of leases is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A lease has ended.
    Ended {
        /// The lease.
        lease: String,
        /// The task's seq.
        seq: u64,
        /// Why.
        why: Why,
    },
}

/// What is told of a task.
#[derive(Debug, Clone)]
pub struct Told {
    /// The task.
    pub what: What,
    /// What became of it.
    pub word: Word,
    /// When to hand it out again, with [`Word::Failed`] and [`Word::Released`]; `None`: as the group says.
    pub delay_ms: Option<u64>,
    /// What the worker says beside it. The first [`SAID_BYTES_KEPT`] of a failure stand with the task; all of it
    /// is the task's result.
    pub answer: Answer,
    /// Who tells.
    pub client: Option<ClientName>,
}

/// How much of what a worker says to a failure stands with the task, in bytes.
pub const SAID_BYTES_KEPT: usize = 256;

/// Which task is told about.
#[derive(Debug, Clone)]
pub enum What {
    /// The one of this lease.
    Lease(String),
    /// The one of this id, for the roll-call.
    Id(TaskId),
}

/// The engine's word for a thing told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// The lease had ended by itself, and nobody else had got the task.
    pub late: bool,
    /// The task's seq; 0 if there is none.
    pub seq: u64,
}

impl Judged {
    /// What is written of it cannot be read. The log has the place.
    pub const DAMAGED: Judged = Judged { verdict: Verdict::Damaged, late: false, seq: 0 };
}

/// Changes to a group's settings. What is `None` stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct Change {
    /// See [`Settings`].
    pub max_failures: Option<u32>,
    /// See [`Settings`].
    pub backoff_ms: Option<u64>,
    /// See [`Settings`].
    pub backoff_max_ms: Option<u64>,
    /// See [`Settings`].
    pub lease_ms: Option<u64>,
    /// See [`Settings`].
    pub paused: Option<bool>,
}

/// A queue and its counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueView {
    /// The queue.
    pub queue: QueueName,
    /// How many tasks are kept.
    pub tasks: u64,
    /// The first seq kept, or that may be while none is.
    pub first_seq: u64,
    /// The last seq there is; 0 if none ever was.
    pub last_seq: u64,
    /// How many tasks wait for their time.
    pub delayed: u64,
    /// How many were thrown away.
    pub trimmed: u64,
    /// How many groups share it.
    pub groups: u64,
    /// When the first task kept was submitted, in milliseconds since 1970.
    pub oldest_at_ms: Option<u64>,
}

/// A group and its counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView {
    /// The queue.
    pub queue: QueueName,
    /// The name.
    pub group: GroupName,
    /// Watches that take tasks now.
    pub members: u64,
    /// Tasks that could be handed out now.
    pub ready: u64,
    /// Tasks in members' hands.
    pub leased: u64,
    /// Tasks that wait for their next attempt.
    pub waiting: u64,
    /// Dead tasks.
    pub dead: u64,
    /// Tasks settled as done since the group began.
    pub done: u64,
    /// Tasks thrown away before they had ended.
    pub trimmed_unsettled: u64,
    /// Tasks that are next handed out alone.
    pub suspects: u64,
    /// All before this have been handed out.
    pub next_seq: u64,
    /// When the oldest task that has not ended was submitted, in milliseconds since 1970.
    pub oldest_at_ms: Option<u64>,
    /// The settings.
    pub settings: Settings,
}

/// A task as it is seen from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskView {
    /// The frame of the task as the log has it, or will have it: see [`Frames`](super::Frames).
    pub frame: Bytes,
    /// The group that this is about.
    pub group: Option<GroupName>,
    /// Where it stands.
    pub state: State,
    /// How often this group has handed it out.
    pub attempt: u32,
    /// How many of those count against it.
    pub failures: u32,
    /// How each ended.
    pub ends: Vec<End>,
    /// It is next handed out alone.
    pub suspect: bool,
    /// Who holds it.
    pub holder: Option<ClientName>,
    /// Since when it is leased, in milliseconds since 1970.
    pub since_ms: Option<u64>,
    /// Until when it is leased or waits; when it is due. In milliseconds since 1970.
    pub until_ms: Option<u64>,
    /// What a worker said when it last failed.
    pub said: String,
}

/// A page of what is asked for.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// What there is, in order.
    pub items: Vec<T>,
    /// Whether there is more after the last.
    pub more: bool,
}

/// Which queues to list.
#[derive(Debug, Clone)]
pub struct QueueFilter {
    /// Only this one.
    pub queue: Option<QueueName>,
    /// Those after this one, by name.
    pub after: Option<QueueName>,
    /// At most so many.
    pub limit: usize,
}

/// Which groups to list.
#[derive(Debug, Clone)]
pub struct GroupFilter {
    /// Only of this queue.
    pub queue: Option<QueueName>,
    /// Only of this name.
    pub group: Option<GroupName>,
    /// Those after this one, by queue and name.
    pub after: Option<(QueueName, GroupName)>,
    /// At most so many.
    pub limit: usize,
}

/// Which tasks to list.
#[derive(Debug, Clone)]
pub struct TaskFilter {
    /// Only of this queue.
    pub queue: Option<QueueName>,
    /// As this group has them.
    pub group: Option<GroupName>,
    /// Only in this state.
    pub state: Option<State>,
    /// Only these.
    pub ids: Vec<TaskId>,
    /// Those after the place that the page before ended at: see [`TaskPage::next`].
    pub after: String,
    /// At most so many.
    pub limit: usize,
}

/// A page of tasks.
#[derive(Debug, Clone)]
pub struct TaskPage {
    /// What there is, in order.
    pub tasks: Vec<TaskView>,
    /// Where the next page goes on, in the engine's own words; empty at the end.
    pub next: String,
    /// Of the ids asked for those that no task has.
    pub unknown: Vec<TaskId>,
}

/// A task as one group has it, and why.
#[derive(Debug, Clone)]
pub struct InGroup {
    /// The task.
    pub task: TaskView,
    /// Whether the group is paused.
    pub paused: bool,
    /// Watches that take tasks of this group,
    pub members: u64,
    /// and those of them that may hold no more.
    pub members_full: u64,
    /// How many tasks this group hands out before this one.
    pub before: u64,
    /// The group's limit, for a dead one.
    pub max_failures: u32,
}

/// A task, and how it stands in each group.
#[derive(Debug, Clone)]
pub struct Explained {
    /// As the log has it.
    pub task: TaskView,
    /// As each group has it, by name.
    pub groups: Vec<InGroup>,
}

/// What was thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    /// Tasks.
    pub tasks: u64,
    /// Leases of them that were in force.
    pub leases: u64,
}
