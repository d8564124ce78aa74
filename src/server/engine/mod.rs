//! The engine: what keeps tasks and hands them out. The service above it speaks gRPC and keeps nothing.
//!
//! What an engine promises:
//! - **Durability.** An answer to [`Engine::submit`] means what [`Engine::durability`] says. What was not
//!   answered happened wholly or not at all. No watcher is shown a task that a crash now would lose.
//! - **Places.** A task's seq grows within its queue and is never reused, not after a restart either.
//! - **Ids.** The same id with the same content twice is one task; with other content it is refused. The
//!   same retry key twice is one task.
//! - **Watching.** A watch yields every task of a queue once, in order, without a gap; what cannot be
//!   yielded ends the watch with an error that says so. A watcher that does not read costs a bounded amount
//!   of memory and delays nobody.
//! - **Groups.** Each group is handed every task until it is settled, dead, cancelled, expired, purged or past
//!   the retention. At most one lease of a (group, task) is in force at a time; it never ends before its end,
//!   and at most [`Engine::slack_ms`] after. A settled task is never handed out again. Every verdict is durable
//!   before it is given. First hand-outs are in the order of seq in a queue; a returned task comes before what
//!   was submitted after its return.
//! - **Many front-ends.** Handles of one engine are interchangeable: what is told to one is known to all.
//!
//! The contract is a test suite over `dyn Engine` with two handles: `contract/`.

use std::sync::Arc;

use futures_util::{future::BoxFuture, stream::BoxStream};

use crate::name::{ClientName, GroupName, OwnId, QueueName, TaskId};
use groups::{
    Attendance, Change, Explained, GroupFilter, GroupView, Instance, Judged, Page, Purged, QueueFilter,
    QueueView, Share, Sharing, TaskFilter, TaskPage, Told,
};
use presence::{ClientEvents, ClientFilter, ClientView, Who};
use results::{ResultFilter, Results, RollEntry};

#[cfg(test)]
mod contract;
pub mod embedded;
pub mod frames;
pub mod groups;
pub mod presence;
mod reach;
pub mod results;
mod words;

pub use frames::{Frames, Labels};
pub use reach::{Pattern, Reach};

/// Keeps tasks and hands them out. See the module for what it promises.
pub trait Engine: Send + Sync + 'static {
    /// The store's id: random, made with the store.
    fn store_id(&self) -> &str;

    /// A handle of this engine that reaches no farther. What lies outside is to it as if it were not, and is
    /// answered so: tasks named by their ids, leases of another identity or of another queue, and what is in lists
    /// and results. The names of queues, groups and clients in what it is asked have been judged by the caller.
    ///
    /// What is the whole store's shows through: that an id is taken, and how far seqs and the numbers of results have
    /// got, so there are gaps in both. Clients are nobody's either: all are listed, with their statuses and all that
    /// they hold, and all their events are told; of what they watch only queues within are.
    fn within(&self, reach: &Reach) -> Arc<dyn Engine>;

    /// What an answer means.
    fn durability(&self) -> Durability;

    /// How many tasks are kept. May lag by seconds.
    fn tasks_kept(&self) -> u64;

    /// Takes tasks in. The first future waits for room; once it is done the tasks are the engine's and get in
    /// in the order of the calls, whatever becomes of the second future. That one has an answer to each task,
    /// in order, when all are durable. An error is about all of them: some may be in, and sending them again
    /// with the same retry keys is safe.
    fn submit(&self, tasks: Vec<NewTask>) -> BoxFuture<'_, Result<Answers, Error>>;

    /// Opens a broadcast watch.
    fn watch(&self, watch: Watch) -> BoxFuture<'_, Result<Watching, Error>>;

    /// How long after its end a lease may still be in force, in milliseconds.
    fn slack_ms(&self) -> u64;

    /// Opens a watch that shares the tasks with the other members of a group. The group is made if need be.
    fn share(&self, share: Share) -> BoxFuture<'_, Result<Sharing, Error>>;

    /// A process begins to attend: it has opened `sendStatus`. From now on its leases live by its being heard.
    fn attend(&self, who: Who) -> Attendance;

    /// A process that attends says whose it is: it did not when it began.
    fn name(&self, instance: Instance, client: &ClientName);

    /// A process was heard: the ends of all its leases move. With `stop` it is handed nothing more.
    fn heard(&self, instance: Instance, stop: bool);

    /// Takes what is told of tasks, in order, and judges each. The first future waits for room; once it is done
    /// what is told is the engine's and is judged in the order of the calls, whatever becomes of the second future.
    /// That one has the verdicts when they are durable. On an error some may have been taken; telling them again is
    /// safe.
    fn tell_ahead(&self, told: Vec<Told>) -> BoxFuture<'_, Result<Verdicts, Error>>;

    /// The same for who has nothing more to tell until it has the verdicts.
    fn tell(&self, told: Vec<Told>) -> BoxFuture<'_, Result<Vec<Judged>, Error>> {
        Box::pin(async move { self.tell_ahead(told).await?.await })
    }

    /// Queues, in the order of their names.
    fn queues(&self, filter: QueueFilter) -> BoxFuture<'_, Result<Page<QueueView>, Error>>;

    /// Groups, in the order of their queues' names and their own.
    fn groups(&self, filter: GroupFilter) -> BoxFuture<'_, Result<Page<GroupView>, Error>>;

    /// Tasks, in the order of their places; delayed ones by when they are due. A page ends early once its tasks
    /// have about a mebibyte together: whoever asks goes on where it says.
    fn tasks(&self, filter: TaskFilter) -> BoxFuture<'_, Result<TaskPage, Error>>;

    /// Where a task stands in each group. `None`: there is no such task.
    fn explain(&self, id: TaskId) -> BoxFuture<'_, Result<Option<Explained>, Error>>;

    /// Ends tasks for all groups. The verdict is `Ok`, `Duplicate` if it had been cancelled, or `Unknown`.
    fn cancel(&self, ids: Vec<TaskId>) -> BoxFuture<'_, Result<Vec<Judged>, Error>>;

    /// Makes dead tasks of a group ready again: these, or without ids the oldest `limit`. The verdict of each is
    /// `Ok`, `Conflict` if it is not dead, or `Unknown`. Says as well how many dead tasks are left.
    fn redrive(
        &self,
        queue: QueueName,
        group: GroupName,
        ids: Vec<TaskId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<(Vec<Judged>, u64), Error>>;

    /// Throws away the tasks of a queue up to a seq, or all.
    fn purge(&self, queue: QueueName, upto_seq: Option<u64>) -> BoxFuture<'_, Result<Purged, Error>>;

    /// Changes a group's settings.
    fn set_group(
        &self,
        queue: QueueName,
        group: GroupName,
        change: Change,
    ) -> BoxFuture<'_, Result<GroupView, Error>>;

    /// What has been told of tasks. Each result is kept at least as long as its task, and durable before it is
    /// shown.
    fn results(&self, filter: ResultFilter) -> BoxFuture<'_, Result<Results, Error>>;

    /// The roll-call of a task: of these clients, or of all that are known to have to do with it, by name.
    fn call_roll(&self, id: TaskId, clients: Vec<ClientName>)
    -> BoxFuture<'_, Result<Vec<RollEntry>, Error>>;

    /// Clients that are there or were seen in the last [`presence::SEEN_KEPT_MS`], by name.
    fn clients(&self, filter: ClientFilter) -> BoxFuture<'_, Result<Page<ClientView>, Error>>;

    /// Who is there, and then who comes, goes and reports; of one client, or of all.
    fn client_events(&self, client: Option<ClientName>) -> ClientEvents;

    /// Keeps the last status of a client, at most [`STATUS_BYTES_KEPT`] of it. It outlives the process, if the
    /// store does, but the last seconds of it may be lost.
    fn report(&self, client: &ClientName, status: &str);

    /// The last status of a client, and when it came.
    fn last_status(&self, client: &ClientName) -> Option<LastStatus>;
}

/// The answers to a submit, when they are known: one for each task, in order.
pub type Answers = BoxFuture<'static, Result<Vec<Result<Accepted, Refused>>, Error>>;

/// The verdicts on what was told, when they are known: one for each, in order.
pub type Verdicts = BoxFuture<'static, Result<Vec<Judged>, Error>>;

/// How much of a client's last status is kept, in bytes.
pub const STATUS_BYTES_KEPT: usize = 4096;

/// What an answer to a submit means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: the store forgets when the process ends.
    Memory,
    /// On this machine's disk, synced.
    Disk,
}

/// A task to take in.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// 1 byte to [`TASK_BYTES_MAX`](crate::wire::TASK_BYTES_MAX); the caller has judged it.
    pub task: String,
    /// Where it goes.
    pub queue: QueueName,
    /// `None`: the engine gives one.
    pub id: Option<OwnId>,
    /// Passed on.
    pub labels: Labels,
    /// Makes a resend one task.
    pub retry_key: Option<RetryKey>,
    /// It enters the log after this long; 0 is at once.
    pub delay_ms: u64,
    /// From now on so long it may be handed to groups.
    pub expires_ms: Option<u64>,
}

impl NewTask {
    /// About how many bytes it takes in memory and on disk.
    pub fn bytes(&self) -> usize {
        let labels: usize = self.labels.iter().map(|(k, v)| k.len() + v.len() + 8).sum();
        self.task.len() + labels + 96
    }
}

/// Names one submit of one process. The last 16 384 of an instance are remembered for ten minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RetryKey {
    /// The process.
    pub instance: [u8; 16],
    /// Its how-many-eth submit.
    pub n: u64,
}

/// A task is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its place; 0 while it is delayed.
    pub seq: u64,
    /// When it enters the log, if it is delayed: its number among the delayed, and the time in milliseconds since
    /// 1970.
    pub delayed: Option<(u64, u64)>,
    /// Its own id and content were there before.
    pub duplicate: bool,
}

/// Why a single task was not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The id is another task's.
    #[error("id {id:?} is taken by another task (seq {seq})")]
    IdTaken {
        /// The id.
        id: String,
        /// Whose it is; 0 while that is delayed, or if it lies outside.
        seq: u64,
    },
    /// Whether its id is taken cannot be told: what would say so is damaged.
    #[error("the store is damaged: {0}")]
    Damaged(String),
}

/// What to watch.
#[derive(Debug, Clone)]
pub struct Watch {
    /// Who watches.
    pub who: Who,
    /// The queues.
    pub queues: Vec<Position>,
    /// The store that the positions come from.
    pub store: Option<String>,
    /// End where each queue ends now.
    pub until_empty: bool,
}

/// Where to start in a queue, and where to end.
#[derive(Debug, Clone)]
pub struct Position {
    /// The queue. It need not exist yet.
    pub queue: QueueName,
    /// The first task wanted.
    pub start: Start,
    /// The last seq wanted, inclusive.
    pub until_seq: Option<u64>,
}

/// Where to start in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the first task kept.
    First,
    /// At this seq, inclusive.
    Seq(u64),
    /// At the first task submitted then or later, in milliseconds since 1970. A time that lies ahead is as
    /// good as [`Start::New`].
    Time(u64),
    /// After the last task.
    New,
}

/// A watch that has begun.
pub struct Watching {
    /// For each queue the seq it reads from.
    pub start: Vec<u64>,
    /// For each queue the last seq it reads up to.
    pub until: Vec<Option<u64>>,
    /// The tasks. Ends only where the watch asked for an end, or with an error.
    pub frames: BoxStream<'static, Result<Frames, Error>>,
}

/// A client's last status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastStatus {
    /// The text, perhaps cut.
    pub status: String,
    /// When it came, in milliseconds since 1970.
    pub at_ms: u64,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no room on the disk. Nothing of the call was taken; it recovers by itself.
    #[error("no room in the store: {0}")]
    Full(String),
    /// Less room is left on the disk than is to be kept free. It recovers by itself.
    #[error("{free} bytes of the disk are left for tasks: they are taken again from {min_free} on")]
    Low {
        /// What is left of what is free, less what is written and not yet in its place, and what the ballast lacks.
        free: u64,
        /// From here on there is enough again: a little more than where it began.
        min_free: u64,
    },
    /// The engine is ending.
    #[error("the server is stopping")]
    Stopped,
    /// A write or a sync failed, or a read of the writer's own, and the engine answers nothing more; or a read for this
    /// call alone, and the rest goes on.
    #[error("the store failed: {0}")]
    Failed(String),
    /// What was read is not what was written. The engine goes on with the rest.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Tasks of the watch are no longer kept.
    #[error("queue {queue:?} no longer keeps seq {asked}: the first position kept is {first_seq}")]
    Trimmed {
        /// The queue.
        queue: QueueName,
        /// What was asked for.
        asked: u64,
        /// From here on nothing is missing.
        first_seq: u64,
    },
    /// The position lies beyond the next seq.
    #[error("queue {queue:?} has no seq {asked} yet: the next one is {next_seq}")]
    Future {
        /// The queue.
        queue: QueueName,
        /// What was asked for.
        asked: u64,
        /// The next seq to be given out.
        next_seq: u64,
    },
    /// The same process has opened the same watch again.
    #[error("this process has opened the same watch again")]
    Superseded,
    /// A stream was not read, and what it was sent has grown too much.
    #[error("too much was left unread of what this stream was sent")]
    SlowReader,
    /// As many tasks are waited for as may be, by all together.
    #[error("no room to wait for so many tasks: {most} may be waited for by all together")]
    TooManyWaits {
        /// That many.
        most: usize,
    },
    /// There is no such group.
    #[error("queue {queue:?} has no group {group:?}")]
    NoGroup {
        /// The queue.
        queue: QueueName,
        /// The group.
        group: GroupName,
    },
    /// No task has these ids.
    #[error("no task has the id {}", some_of(.0))]
    NoTask(Vec<TaskId>),
    /// There is no such queue.
    #[error("there is no queue {0:?}")]
    NoQueue(QueueName),
    /// A place to go on at that this engine has not given out.
    #[error("{0:?} is no place in this list")]
    BadPlace(String),
    /// Results are no longer kept from the one that was asked for on.
    #[error("result {asked} is no longer kept: the first one kept is {first_n}")]
    ResultsTrimmed {
        /// What was asked for.
        asked: u64,
        /// From here on nothing is missing.
        first_n: u64,
    },
    /// The position lies beyond the next result.
    #[error("there is no result {asked} yet: the next one is {next_n}")]
    ResultsFuture {
        /// What was asked for.
        asked: u64,
        /// The next number to be given out.
        next_n: u64,
    },
    /// The positions come from another store.
    #[error("the positions come from store {asked}, this is store {store}")]
    OtherStore {
        /// Named in the watch.
        asked: String,
        /// This one.
        store: String,
    },
}

/// Ids in a message travel in a header, and clients take no headers of any length.
const IDS_SHOWN: usize = 8;

/// The first of many ids, and how many more there are.
fn some_of(ids: &[TaskId]) -> String {
    let shown: Vec<String> = ids.iter().take(IDS_SHOWN).map(ToString::to_string).collect();
    match ids.len().saturating_sub(IDS_SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_ids_made_a_header_that_no_client_takes() {
        let long = OwnId::parse(&"x".repeat(crate::name::ID_BYTES_MAX)).unwrap();
        let said = |n: usize| Error::NoTask(vec![TaskId::Own(long.clone()); n]).to_string();
        assert!(said(10_000).len() < 1200 && said(10_000).ends_with("x and 9992 more"), "{}", said(10_000));
        assert!(!said(8).contains("more"));
        assert_eq!(Error::NoTask(vec![TaskId::Seq(17)]).to_string(), "no task has the id 17");
    }
}
