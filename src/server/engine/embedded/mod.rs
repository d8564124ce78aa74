//! The embedded engine: one log in one store, one thread that writes, cursors that read.
//!
//! ```text
//!  submit ──► jobs ──► writer ──► store (SQLite, synced)
//!                        │ publish
//!                        ▼
//!  watch ◄── cursors ◄── queues (the recent tail, ready encoded)
//!               └──────► readers ──► store      when a cursor is behind the tail
//! ```
//!
//! This folder is the driver: the only place that reads clocks and does I/O. It deliberately has no state
//! per watcher but the watcher's own cursor.

#![allow(clippy::disallowed_methods, reason = "this is the driver")]

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
        mpsc,
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, oneshot, watch};

use super::{
    Answers, Durability, Engine, Error, LastStatus, NewTask, Reach, Verdicts, Watch, Watching,
    groups::{
        Attendance, Change, Explained, GroupFilter, GroupView, Instance, Judged, Page, Purged, QueueFilter,
        QueueView, Share, Sharing, TaskFilter, TaskPage, Told, What,
    },
    presence::{ClientEvents, ClientFilter, ClientView, Who},
    results::{ResultFilter, Results, RollEntry},
};
use crate::name::{ClientName, GroupName, QueueName, TaskId};

mod chunk;
mod clock;
mod cursors;
mod delayed;
mod facts;
mod finder;
mod ids;
mod lists;
mod machine;
mod outbox;
mod pieces;
mod presence;
mod queue;
mod reads;
mod results;
mod retries;
mod roll_call;
mod shares;
mod store;
#[cfg(test)]
mod tests;
mod tokens;
mod writer;

pub(crate) use pieces::pieces;
pub use store::sqlite::{Checked, Finding, OpenError, Step, check};

use ids::Ids;
use machine::Key;
use presence::Presence;
use queue::Queues;
use reads::{READERS, Reads};
use results::{Names, ResultLog, WAITS_MAX};
use store::{Store, StoreError, memory::MemoryStore, sqlite::SqliteStore};
use tokens::Tokens;
use writer::{Answer, Job, Teller, Writer};

/// Tasks that are being taken in may have this many bytes together; further submits wait.
const BUDGET_BYTES: usize = 64 << 20;
/// Answers that are told and not yet on disk, together.
const TOLD_BYTES: usize = 32 << 20;
/// A lease may be in force so long after its end: the machine looks ten times a second, and a batch takes its time.
const SLACK_MS: u64 = 1000;

/// How to keep tasks.
#[derive(Clone)]
pub struct Options {
    /// Tasks older than this are thrown away.
    pub retain: Duration,
    /// How much of the log's end is kept in memory, in bytes of frames.
    pub tail_bytes: usize,
    /// Submits are refused while less than this is free on the disk, in bytes; 0: never. `None`: 64 MiB, or a quarter
    /// of a smaller file system.
    pub min_free: Option<u64>,
    /// The wall clock, in milliseconds since 1970.
    pub wall_clock: WallClock,
}

/// Reads the time in milliseconds since 1970.
pub type WallClock = Arc<dyn Fn() -> u64 + Send + Sync>;

impl Default for Options {
    fn default() -> Self {
        Options {
            retain: Duration::from_secs(30 * 24 * 60 * 60),
            tail_bytes: 64 << 20,
            min_free: None,
            wall_clock: Arc::new(system_clock),
        }
    }
}

fn system_clock() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| d.as_millis() as u64)
}

/// A handle of the engine. Clones are handles of the same one.
#[derive(Clone)]
pub struct Embedded {
    shared: Arc<Shared>,
    /// Held by handles alone: the writer ends with the last of them.
    jobs: Arc<mpsc::Sender<Job>>,
    /// How far this handle reaches,
    reach: Reach,
    /// and the leases of whose it is.
    tokens: Tokens,
}

struct Shared {
    store_id: String,
    durability: Durability,
    file: Option<PathBuf>,
    wall_clock: WallClock,
    budget: Arc<Semaphore>,
    /// Room for what is told: of its own, so that it does not wait behind submits.
    told_budget: Arc<Semaphore>,
    /// Room for those who wait for the results of named tasks.
    waits: Arc<Semaphore>,
    queues: Queues,
    reads: Reads,
    /// The last seq on disk.
    head_seq: AtomicU64,
    /// The last seq that watchers may have been shown: every task up to it is in its queue.
    shown_seq: AtomicU64,
    first_seq: AtomicU64,
    tasks: AtomicU64,
    /// Some queue has been purged of tasks that still lie in the log.
    purged: AtomicBool,
    results: ResultLog,
    names: Names,
    /// The server's time when the writer last looked.
    clock_ms: AtomicU64,
    tokens: Tokens,
    /// How many streams of shares there were.
    streams: AtomicU64,
    presence: Arc<Presence>,
    /// Why the writer ended, once it has.
    end: watch::Sender<Option<Error>>,
    /// Whether `end` is set: what every watcher may ask at no cost.
    closed: AtomicBool,
}

impl Embedded {
    /// Opens the store in `folder`, and makes it if it is not there.
    pub fn open(folder: &Path, options: &Options) -> Result<Self, OpenError> {
        let store = SqliteStore::open(folder, &new_store_id())?;
        let file = store.file().to_owned();
        Self::start(Box::new(store), Durability::Disk, Some(file.clone()), options)
            .map_err(|e| OpenError::from_store(e, &file))
    }

    /// An engine that forgets when the process ends.
    pub fn in_memory(options: &Options) -> Result<Self, OpenError> {
        Self::start(Box::new(MemoryStore::new(new_store_id())), Durability::Memory, None, options)
            .map_err(|e| OpenError::from_store(e, Path::new("memory")))
    }

    fn start(
        mut store: Box<dyn Store>,
        durability: Durability,
        file: Option<PathBuf>,
        options: &Options,
    ) -> Result<Self, StoreError> {
        let thread = |e: std::io::Error| StoreError::Failed(format!("a thread cannot be started: {e}"));
        let mut ids = Ids::default();
        let loaded = store.load(&mut ids)?;
        let clients = match store.load_clients() {
            // It is no promise: a server that has tasks to hand out does not stay down for it.
            Err(StoreError::Damaged(why)) => {
                tracing::error!("what was known of clients is forgotten: {why}");
                Vec::new()
            }
            clients => clients?,
        };
        let readers = (0..READERS).map(|_| store.reader()).collect::<Result<Vec<_>, _>>()?;
        let (jobs, receiver) = mpsc::channel();
        let jobs = Arc::new(jobs);
        let shared = Arc::new(Shared {
            store_id: loaded.store_id.clone(),
            durability,
            file,
            wall_clock: options.wall_clock.clone(),
            budget: Arc::new(Semaphore::new(BUDGET_BYTES)),
            told_budget: Arc::new(Semaphore::new(TOLD_BYTES)),
            waits: Arc::new(Semaphore::new(WAITS_MAX)),
            queues: Queues::default(),
            reads: Reads::start(readers).map_err(thread)?,
            head_seq: AtomicU64::new(0),
            shown_seq: AtomicU64::new(0),
            first_seq: AtomicU64::new(0),
            tasks: AtomicU64::new(0),
            purged: AtomicBool::new(false),
            results: ResultLog::default(),
            names: Names::default(),
            clock_ms: AtomicU64::new(loaded.clock.last_ms),
            tokens: Tokens::new(loaded.token_key),
            streams: AtomicU64::new(0),
            presence: Arc::new(Presence::new(options.wall_clock.clone(), clients)),
            end: watch::Sender::new(None),
            closed: AtomicBool::new(false),
        });
        let own_jobs = Arc::downgrade(&jobs);
        let writer = Writer::new(shared.clone(), store, receiver, loaded, ids, options, own_jobs)?;
        let on_end = shared.clone();
        std::thread::Builder::new()
            .name("contact-write".into())
            .spawn(move || {
                // A panic in the writer is a failure like any other: nothing more may be answered.
                let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| writer.run()));
                let why = match end {
                    Ok(Ok(())) => Error::Stopped,
                    Ok(Err(why)) => Error::Failed(why),
                    Err(_) => Error::Failed("the writer panicked".to_owned()),
                };
                // Under one lock: who sees the one waits for the other.
                on_end.end.send_modify(|end| {
                    *end = Some(why);
                    on_end.closed.store(true, Release);
                });
                on_end.queues.ring_all();
                on_end.presence.ring();
                on_end.results.ring_all();
            })
            .map_err(thread)?;
        Ok(Self::unbound(shared, jobs))
    }

    /// A handle that reaches everything.
    fn unbound(shared: Arc<Shared>, jobs: Arc<mpsc::Sender<Job>>) -> Self {
        let tokens = shared.tokens.of(None);
        Embedded { shared, jobs, reach: Reach::default(), tokens }
    }

    /// The file that the tasks are in; `None` if they are in memory.
    pub fn file(&self) -> Option<&Path> {
        self.shared.file.as_deref()
    }

    /// Waits until the store fails, and says why. Never ends while it works.
    pub async fn failed(&self) -> String {
        match self.shared.ended().await {
            Error::Failed(why) => why,
            _ => std::future::pending().await,
        }
    }

    /// Why the store has failed, once it has.
    pub fn failure(&self) -> Option<String> {
        match self.shared.check() {
            Err(Error::Failed(why)) => Some(why),
            _ => None,
        }
    }

    /// Answers what has been taken in, writes everything to its place and ends. Calls fail with
    /// [`Error::Stopped`] from then on.
    pub async fn close(&self) {
        let _ = self.jobs.send(Job::Close);
        self.shared.ended().await;
    }
}

impl Embedded {
    /// Names have been judged by whoever asks.
    fn expect_within<'a>(&self, mut queues: impl Iterator<Item = &'a QueueName>) {
        debug_assert!(queues.all(|queue| self.reach.has_queue(queue)), "a queue was not judged");
    }

    /// The lease that is told of, if it is one of ours. Its token is not needed any more.
    fn take_key(&self, told: &mut Told) -> Option<Key> {
        match &mut told.what {
            What::Lease(token) => self.tokens.read(&std::mem::take(token)),
            What::Id(_) => None,
        }
    }

    async fn ask<T>(&self, job: Job, answer: oneshot::Receiver<Result<T, Error>>) -> Result<T, Error> {
        // A job that is not taken is dropped, and its answer with it.
        let _ = self.jobs.send(job);
        self.shared.answer(answer).await
    }

    /// Asks the writer for what `job` makes of a place for the answer.
    async fn asking<T>(&self, job: impl FnOnce(Answer<T>) -> Job) -> Result<T, Error> {
        let (answer, answered) = Answer::new();
        self.ask(job(answer), answered).await
    }

    /// Looks at what the writer knows, when all that was asked before is on disk.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&mut Writer) -> Result<Result<T, Error>, StoreError> + Send + 'static,
    ) -> Result<T, Error> {
        self.asking(|mut answer| {
            Job::Look(Box::new(move |writer| {
                if answer.is_closed() {
                    // Nobody waits for it any more.
                    return Ok(());
                }
                let seen = writer::survivable(look(writer))?.and_then(|seen| seen);
                answer.decide(seen);
                answer.send(None);
                Ok(())
            }))
        })
        .await
    }
}

fn new_store_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

impl Shared {
    /// What is wrong with the store, and with which.
    fn damaged(&self, what: &str) -> StoreError {
        let file = self.file.as_deref().unwrap_or(Path::new("memory"));
        StoreError::Damaged(format!("{} is damaged: {what}", file.display()))
    }

    /// The server's time now.
    fn now_ms(&self) -> u64 {
        (self.wall_clock)().max(self.clock_ms.load(Relaxed))
    }

    /// A number for a new stream.
    fn next_stream(&self) -> u64 {
        self.streams.fetch_add(1, Relaxed) + 1
    }

    /// Fails once the engine has ended.
    fn check(&self) -> Result<(), Error> {
        if !self.closed.load(Acquire) {
            return Ok(());
        }
        Err(self.end.borrow().clone().unwrap_or(Error::Stopped))
    }

    /// Waits for the writer's answer.
    async fn answer<T>(&self, answer: oneshot::Receiver<Result<T, Error>>) -> Result<T, Error> {
        match answer.await {
            Ok(answer) => answer,
            // The writer has let go of the job. It is ending, and about to say why.
            Err(_) => Err(self.ended().await),
        }
    }

    /// Waits for the writer's end, and says why it ended.
    async fn ended(&self) -> Error {
        let mut end = self.end.subscribe();
        // The sender is ours, so there is no error to be had.
        end.wait_for(Option::is_some).await.ok().and_then(|end| end.clone()).unwrap_or(Error::Stopped)
    }
}

impl Engine for Embedded {
    fn store_id(&self) -> &str {
        &self.shared.store_id
    }

    fn within(&self, reach: &Reach) -> Arc<dyn Engine> {
        Arc::new(Embedded {
            shared: self.shared.clone(),
            jobs: self.jobs.clone(),
            reach: reach.clone(),
            tokens: self.shared.tokens.of(reach.identity()),
        })
    }

    fn durability(&self) -> Durability {
        self.shared.durability
    }

    fn tasks_kept(&self) -> u64 {
        self.shared.tasks.load(Relaxed)
    }

    fn submit(&self, tasks: Vec<NewTask>) -> BoxFuture<'_, Result<Answers, Error>> {
        self.expect_within(tasks.iter().map(|task| &task.queue));
        Box::pin(async move {
            let bytes: usize = tasks.iter().map(NewTask::bytes).sum();
            let room = self.shared.budget.clone().acquire_many_owned(bytes.min(BUDGET_BYTES) as u32);
            let room = room.await.map_err(|_| Error::Stopped)?;
            let (answer, answered) = Answer::new();
            let reach = self.reach.clone();
            let _ = self.jobs.send(Job::Submit { tasks, reach, answer, room });
            let shared = self.shared.clone();
            Ok(Box::pin(async move { shared.answer(answered).await }) as Answers)
        })
    }

    fn watch(&self, watch: Watch) -> BoxFuture<'_, Result<Watching, Error>> {
        self.expect_within(watch.queues.iter().map(|position| &position.queue));
        Box::pin(cursors::open(&self.shared, watch))
    }

    fn slack_ms(&self) -> u64 {
        SLACK_MS
    }

    fn share(&self, share: Share) -> BoxFuture<'_, Result<Sharing, Error>> {
        self.expect_within(share.queues.iter().map(|position| &position.queue));
        Box::pin(shares::open(self, share))
    }

    fn attend(&self, who: Who) -> Attendance {
        shares::attend(self, &who)
    }

    fn name(&self, instance: Instance, client: &ClientName) {
        self.shared.presence.name(instance, client);
        let _ = self.jobs.send(Job::Name { instance, client: client.as_str().into() });
    }

    fn heard(&self, instance: Instance, stop: bool) {
        self.shared.presence.heard(instance);
        let _ = self.jobs.send(Job::Heard { instance, stop });
    }

    fn tell_ahead(&self, mut told: Vec<Told>) -> BoxFuture<'_, Result<Verdicts, Error>> {
        Box::pin(async move {
            let bytes: usize = told.iter().map(|told| told.answer.bytes()).sum();
            let room = self.shared.told_budget.clone().acquire_many_owned(bytes.min(TOLD_BYTES) as u32);
            let room = room.await.map_err(|_| Error::Stopped)?;
            // Here and not by the writer, whom all others wait for.
            let keys = told.iter_mut().map(|told| self.take_key(told)).collect();
            let by = Teller { reach: self.reach.clone() };
            let (answer, answered) = Answer::new();
            let _ = self.jobs.send(Job::Tell { told, keys, by, answer, room });
            let shared = self.shared.clone();
            Ok(Box::pin(async move { shared.answer(answered).await }) as Verdicts)
        })
    }

    fn queues(&self, filter: QueueFilter) -> BoxFuture<'_, Result<Page<QueueView>, Error>> {
        Box::pin(self.list_queues(filter))
    }

    fn groups(&self, filter: GroupFilter) -> BoxFuture<'_, Result<Page<GroupView>, Error>> {
        Box::pin(self.list_groups(filter))
    }

    fn tasks(&self, filter: TaskFilter) -> BoxFuture<'_, Result<TaskPage, Error>> {
        self.expect_within(filter.queue.iter());
        Box::pin(self.list_tasks(filter))
    }

    fn explain(&self, id: TaskId) -> BoxFuture<'_, Result<Option<Explained>, Error>> {
        Box::pin(self.explain_task(id))
    }

    fn cancel(&self, ids: Vec<TaskId>) -> BoxFuture<'_, Result<Vec<Judged>, Error>> {
        let reach = self.reach.clone();
        Box::pin(self.asking(|answer| Job::Cancel { ids, reach, answer }))
    }

    fn redrive(
        &self,
        queue: QueueName,
        group: GroupName,
        ids: Vec<TaskId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<(Vec<Judged>, u64), Error>> {
        self.expect_within([&queue].into_iter());
        let reach = self.reach.clone();
        Box::pin(self.asking(move |answer| Job::Redrive { queue, group, ids, limit, reach, answer }))
    }

    fn purge(&self, queue: QueueName, upto_seq: Option<u64>) -> BoxFuture<'_, Result<Purged, Error>> {
        self.expect_within([&queue].into_iter());
        Box::pin(self.asking(move |answer| Job::Purge { queue, upto_seq, answer }))
    }

    fn set_group(
        &self,
        queue: QueueName,
        group: GroupName,
        change: Change,
    ) -> BoxFuture<'_, Result<GroupView, Error>> {
        self.expect_within([&queue].into_iter());
        Box::pin(async move {
            let (asked_queue, asked_group) = (queue.clone(), group.clone());
            self.asking(move |answer| Job::Set { queue, group, change, answer }).await?;
            let filter = GroupFilter {
                queue: Some(asked_queue.clone()),
                group: Some(asked_group.clone()),
                after: None,
                limit: 1,
            };
            let page = self.list_groups(filter).await?;
            page.items.into_iter().next().ok_or(Error::NoGroup { queue: asked_queue, group: asked_group })
        })
    }

    fn results(&self, filter: ResultFilter) -> BoxFuture<'_, Result<Results, Error>> {
        Box::pin(self.watch_results(filter))
    }

    fn call_roll(
        &self,
        id: TaskId,
        clients: Vec<ClientName>,
    ) -> BoxFuture<'_, Result<Vec<RollEntry>, Error>> {
        Box::pin(self.roll_of(id, clients))
    }

    fn clients(&self, filter: ClientFilter) -> BoxFuture<'_, Result<Page<ClientView>, Error>> {
        Box::pin(self.list_clients(filter))
    }

    fn client_events(&self, client: Option<ClientName>) -> ClientEvents {
        presence::watch(&self.shared, client)
    }

    fn report(&self, client: &ClientName, status: &str) {
        self.shared.presence.report(client, status);
    }

    fn last_status(&self, client: &ClientName) -> Option<LastStatus> {
        self.shared.presence.last_status(client)
    }
}
