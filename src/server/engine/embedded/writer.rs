//! The writer: the one thread that decides and writes. In one visible place, a batch at a time:
//! **decide item by item** (each sees the one before), **persist the batch, then publish and answer**.
//!
//! While a batch is being synced the next one gathers in the channel; that is the whole of group commit.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::Ordering::{Relaxed, Release},
        mpsc,
    },
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{
    Shared,
    chunk::{Builder, Chunk, QueueNumber, Sealed},
    clock::ServerClock,
    ids::Ids,
    queue::Queue,
    retries::{REMEMBERED_MS, Retries, Run},
    store::{Commit, Fold, Loaded, Store, StoreError},
};
use crate::{
    name::{OwnId, QueueName, TaskId},
    server::engine::{Accepted, Error, NewTask, Refused, RetryKey, frames::Task},
};

/// A batch takes in no more once it has this many bytes.
const COMMIT_BYTES: usize = 8 << 20;
/// Chunks trimmed in one step, so that a submit never waits long.
const TRIM_CHUNKS: usize = 64;
/// How often the time is written down while nothing else is: a restart compares it with the wall clock.
const MARK_EVERY: Duration = Duration::from_secs(60 * 60);

/// What the writer is asked to do.
pub(super) enum Job {
    /// Take tasks in.
    Submit {
        tasks: Vec<NewTask>,
        answer: oneshot::Sender<Result<Answers, Error>>,
        /// Room in the engine's budget, given back with the answer.
        room: OwnedSemaphorePermit,
    },
    /// Say which of these ids are kept.
    Known { ids: Vec<TaskId>, answer: oneshot::Sender<Result<Vec<bool>, Error>> },
    /// Write everything down and end.
    Close,
}

/// One answer for each task, in order.
pub(super) type Answers = Vec<Result<Accepted, Refused>>;

/// The writer's state. All of it can be had again from the store.
pub(super) struct Writer {
    shared: Arc<Shared>,
    store: Box<dyn Store>,
    jobs: mpsc::Receiver<Job>,
    retain_ms: u64,
    upkeep_every: Duration,

    clock: ServerClock,
    /// What retry keys age by: the server's time, but it does not stand still while that waits for a wall
    /// clock that was set back.
    aging_ms: u64,
    wall_ms: u64,
    next_seq: u64,
    next_queue: QueueNumber,
    queues: HashMap<QueueName, (QueueNumber, Arc<Queue>)>,
    by_number: HashMap<QueueNumber, Arc<Queue>>,
    ids: Ids,
    retries: Retries,
    tail: Tail,
    /// The last chunk that was read from the store to look up an id.
    last_read: Option<Chunk>,
    /// Queues that changed since the last fold.
    unfolded: HashMap<QueueNumber, Arc<Queue>>,
    trimming_suspended: bool,
    marked: Instant,
    /// The last append found no room.
    is_full: bool,
    closing: bool,
}

/// The recent chunks that are kept in memory.
#[derive(Default)]
struct Tail {
    chunks: std::collections::VecDeque<Chunk>,
    bytes: usize,
    bytes_max: usize,
}

/// A batch that is being decided.
struct Draft {
    at_ms: u64,
    first_seq: u64,
    open: Builder,
    sealed: Vec<Sealed>,
    bytes: usize,
    retries: Vec<Run>,
    new_queues: Vec<(QueueNumber, QueueName)>,
    /// The tasks of this batch that have ids of their own, to compare others of the same id with.
    own: HashMap<OwnId, (u64, NewTask)>,
}

impl Writer {
    /// Takes over a store that has been loaded.
    pub(super) fn new(
        shared: Arc<Shared>,
        store: Box<dyn Store>,
        jobs: mpsc::Receiver<Job>,
        loaded: Loaded,
        ids: Ids,
        options: &super::Options,
    ) -> Self {
        let mut writer = Writer {
            shared,
            store,
            jobs,
            retain_ms: options.retain.as_millis() as u64,
            upkeep_every: (options.retain / 10).clamp(Duration::from_millis(100), Duration::from_secs(60)),
            clock: loaded.clock,
            aging_ms: loaded.retries.iter().map(|(at_ms, _)| *at_ms).max().unwrap_or(0),
            wall_ms: (options.wall_clock)(),
            next_seq: loaded.head_seq + 1,
            next_queue: 1,
            queues: HashMap::new(),
            by_number: HashMap::new(),
            ids,
            retries: Retries::default(),
            tail: Tail { bytes_max: options.tail_bytes, ..Tail::default() },
            last_read: None,
            unfolded: HashMap::new(),
            trimming_suspended: false,
            marked: Instant::now(),
            is_full: false,
            closing: false,
        };
        let mut tasks = 0;
        for (name, extent) in loaded.queues {
            let Some(number) = extent.number else { continue };
            tasks += extent.tasks;
            writer.next_queue = writer.next_queue.max(number + 1);
            let queue = Arc::new(Queue::new(name.clone(), extent));
            writer.shared.queues.insert(queue.clone());
            writer.by_number.insert(number, queue.clone());
            // Whether the last fold has it is not known here, so the next one will.
            writer.unfolded.insert(number, queue.clone());
            writer.queues.insert(name, (number, queue));
        }
        for (at_ms, run) in loaded.retries {
            writer.retries.record(run, at_ms);
        }
        writer.shared.head_seq.store(loaded.head_seq, Relaxed);
        writer.shared.shown_seq.store(loaded.head_seq, Relaxed);
        writer.shared.first_seq.store(loaded.first_seq, Relaxed);
        writer.shared.tasks.store(tasks, Relaxed);
        writer
    }

    /// Works until it is closed. An error means that the store failed: nothing more may be answered.
    pub(super) fn run(mut self) -> Result<(), String> {
        let mut next_upkeep = Instant::now();
        loop {
            match self.jobs.recv_timeout(next_upkeep.saturating_duration_since(Instant::now())) {
                Ok(job) => self.batch(job)?,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return self.fold_and_checkpoint(),
            }
            if self.closing {
                return self.fold_and_checkpoint();
            }
            if self.store.wants_checkpoint() {
                self.fold_and_checkpoint()?;
            }
            // A step between two batches, too: a server that is never idle must trim all the same.
            if Instant::now() >= next_upkeep {
                let more = self.upkeep()?;
                next_upkeep = Instant::now() + if more { Duration::ZERO } else { self.upkeep_every };
            }
        }
    }

    /// Decides, persists, publishes and answers one batch: `first` and whatever else is waiting.
    fn batch(&mut self, first: Job) -> Result<(), String> {
        let at_ms = self.read_clock()?;
        let mut draft = Draft::new(self.next_seq, at_ms);
        let mut submits = Vec::new();
        let mut lookups = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Submit { tasks, answer, room } => {
                    let decided = tasks.into_iter().map(|task| self.decide(&mut draft, task)).collect();
                    submits.push((answer, survivable(decided)?, room));
                }
                Job::Known { ids, answer } => lookups.push((ids, answer)),
                Job::Close => self.closing = true,
            }
            next = if draft.bytes < COMMIT_BYTES && !self.closing { self.jobs.try_recv().ok() } else { None };
        }

        let draft = draft.seal();
        let persisted =
            if draft.sealed.is_empty() { Ok(()) } else { self.store.append(&draft.commit(self.aging_ms)) };
        match persisted {
            Ok(()) => {
                if !draft.sealed.is_empty() && std::mem::take(&mut self.is_full) {
                    tracing::info!("there is room again: submits are taken");
                }
                self.publish(draft);
                for (answer, answers, _room) in submits {
                    let _ = answer.send(answers);
                }
            }
            Err(StoreError::Full(why)) => {
                if !std::mem::replace(&mut self.is_full, true) {
                    tracing::error!("there is no room: submits are refused ({why})");
                }
                self.take_back(draft);
                for (answer, ..) in submits {
                    let _ = answer.send(Err(Error::Full(why.clone())));
                }
            }
            Err(StoreError::Failed(why) | StoreError::Damaged(why)) => return Err(why),
        }
        for (ids, answer) in lookups {
            let known = ids.iter().map(|id| self.knows(id)).collect();
            let _ = answer.send(survivable(known)?);
        }
        Ok(())
    }

    /// Decides one task. `Err` only if the store could not be read.
    fn decide(&mut self, draft: &mut Draft, task: NewTask) -> Result<Result<Accepted, Refused>, StoreError> {
        if let Some(key) = &task.retry_key
            && let Some(seq) = self.retries.find(key)
        {
            return Ok(Ok(Accepted { seq, delayed: None, duplicate: false }));
        }
        if let Some(id) = &task.id
            && let Some((seq, same)) = self.find(draft, id, &task)?
        {
            return Ok(if same {
                Ok(Accepted { seq, delayed: None, duplicate: true })
            } else {
                Err(Refused::IdTaken { id: id.as_str().to_owned(), seq })
            });
        }
        let number = self.queue_number(draft, &task.queue);
        let seq = draft.add(number, &task);
        if let Some(key) = task.retry_key {
            self.retries.record(Run { key, seq, tasks: 1 }, self.aging_ms);
            draft.add_retry(key, seq);
        }
        if let Some(id) = task.id.clone() {
            self.ids.insert(&id, seq);
            draft.own.insert(id, (seq, task));
        }
        Ok(Ok(Accepted { seq, delayed: None, duplicate: false }))
    }

    /// The task that has this id already, and whether its content is that of `task`.
    fn find(&mut self, draft: &Draft, id: &OwnId, task: &NewTask) -> Result<Option<(u64, bool)>, StoreError> {
        if let Some((seq, other)) = draft.own.get(id) {
            let same = other.task == task.task && other.queue == task.queue && other.labels == task.labels;
            return Ok(Some((*seq, same)));
        }
        self.find_stored(id, |stored| {
            stored.task == task.task
                && stored.queue == task.queue.as_str()
                && stored.labels.iter().copied().eq(task.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())))
        })
    }

    /// The stored task that has this id, and what `compare` says of it.
    fn find_stored(
        &mut self,
        id: &OwnId,
        compare: impl Fn(&Task<'_>) -> bool,
    ) -> Result<Option<(u64, bool)>, StoreError> {
        for seq in self.ids.candidates(id) {
            if seq >= self.next_seq {
                continue;
            }
            let frame = self.chunk(seq)?.and_then(|chunk| chunk.frame(seq));
            if let Some(stored) = frame.as_ref().and_then(|frame| frame.tasks().next())
                && stored.id == id.as_str()
            {
                return Ok(Some((seq, compare(&stored))));
            }
        }
        Ok(None)
    }

    /// The chunk that holds `seq`. Ids that are asked for lie together, so the last one read is kept.
    fn chunk(&mut self, seq: u64) -> Result<Option<Chunk>, StoreError> {
        if let Some(chunk) = self.tail.find(seq) {
            return Ok(Some(chunk.clone()));
        }
        let holds = |chunk: &Chunk| (chunk.head.first_seq..=chunk.head.last_seq).contains(&seq);
        if !self.last_read.as_ref().is_some_and(holds) {
            self.last_read = self.store.chunk(seq)?;
        }
        Ok(self.last_read.clone())
    }

    fn knows(&mut self, id: &TaskId) -> Result<bool, StoreError> {
        match id {
            TaskId::Seq(seq) => {
                // Every seq between the first kept and the head is a task.
                Ok((self.shared.first_seq.load(Relaxed)..self.next_seq).contains(seq))
            }
            TaskId::Own(id) => Ok(self.find_stored(id, |_| true)?.is_some()),
        }
    }

    fn queue_number(&mut self, draft: &mut Draft, name: &QueueName) -> QueueNumber {
        if let Some((number, _)) = self.queues.get(name) {
            return *number;
        }
        let number = self.next_queue;
        self.next_queue += 1;
        let queue = self.shared.queues.named(name);
        self.by_number.insert(number, queue.clone());
        self.queues.insert(name.clone(), (number, queue));
        draft.new_queues.push((number, name.clone()));
        number
    }

    /// The batch is durable: show it.
    fn publish(&mut self, draft: Draft) {
        for (number, name) in &draft.new_queues {
            if let Some((_, queue)) = self.queues.get(name) {
                queue.set_number(*number);
            }
        }
        for Sealed { chunk, .. } in draft.sealed {
            self.next_seq = chunk.head.last_seq + 1;
            self.shared.head_seq.store(chunk.head.last_seq, Relaxed);
            for part in &chunk.head.directory {
                let (Some(queue), Some(frames)) = (self.by_number.get(&part.queue), chunk.frames_of(part))
                else {
                    continue;
                };
                self.shared.tasks.fetch_add(part.tasks, Relaxed);
                self.unfolded.entry(part.queue).or_insert_with(|| queue.clone());
                queue.grow(frames, part.tasks);
            }
            self.shared.shown_seq.store(chunk.head.last_seq, Release);
            for evicted in self.tail.push(chunk) {
                for part in &evicted.head.directory {
                    if let Some(queue) = self.by_number.get(&part.queue) {
                        queue.evict(part.last_seq);
                    }
                }
            }
        }
    }

    /// The batch never was: forget what deciding it has left behind.
    fn take_back(&mut self, draft: Draft) {
        self.retries.forget_from(draft.first_seq);
        for (id, (seq, _)) in &draft.own {
            self.ids.remove(id, *seq);
        }
        for (number, name) in draft.new_queues {
            self.by_number.remove(&number);
            if let Some((_, queue)) = self.queues.remove(&name) {
                self.shared.queues.release(queue);
            }
        }
    }

    /// One step of what is done beside the work. True if there is more to do at once.
    fn upkeep(&mut self) -> Result<bool, String> {
        self.read_clock()?;
        let mut more = false;
        if self.clock.may_trim() {
            more |= self.trim()?;
        }
        self.retries.expire(self.aging_ms);
        let before_ms = self.aging_ms.saturating_sub(REMEMBERED_MS);
        more |= later(self.store.forget_retries(before_ms))?;
        more |= later(self.store.give_back())?;
        if self.marked.elapsed() >= MARK_EVERY {
            self.fold_and_checkpoint()?;
        }
        Ok(more)
    }

    /// Throws the oldest chunks away if they are past their time.
    fn trim(&mut self) -> Result<bool, String> {
        // The wall clock, not the server's time: that may have been led astray for good.
        let before_ms = (self.shared.wall_clock)().min(self.clock.last_ms).saturating_sub(self.retain_ms);
        let old = self.store.oldest(before_ms, TRIM_CHUNKS).map_err(|e| e.to_string())?;
        let Some(last_seq) = old.last().map(|o| o.head.last_seq) else { return Ok(false) };
        // Watchers are told first: none may look for what is being deleted and find a silent gap.
        let first_seq = self.shared.first_seq.fetch_max(last_seq + 1, Relaxed);
        // A trim that found no room comes again; what goes was taken off the counts then.
        for part in old.iter().filter(|o| o.head.first_seq >= first_seq).flat_map(|o| &o.head.directory) {
            if let Some(queue) = self.by_number.get(&part.queue) {
                queue.trim(part.last_seq, part.tasks);
                queue.evict(part.last_seq);
                self.shared.tasks.fetch_sub(part.tasks, Relaxed);
                self.unfolded.entry(part.queue).or_insert_with(|| queue.clone());
            }
        }
        self.tail.trim(last_seq);
        self.last_read = None;
        for (seq, id) in old.iter().flat_map(|o| &o.ids) {
            self.ids.remove(id, *seq);
        }
        let more = old.len() == TRIM_CHUNKS;
        let fold = self.fold();
        match self.store.trim(last_seq, &fold) {
            Ok(()) => {
                self.folded();
                Ok(more)
            }
            Err(e) => later(Err(e)),
        }
    }

    fn fold_and_checkpoint(&mut self) -> Result<(), String> {
        let fold = self.fold();
        match self.store.checkpoint(&fold) {
            Ok(()) => {
                self.folded();
                Ok(())
            }
            Err(e) => later(Err(e)).map(drop),
        }
    }

    fn fold(&self) -> Fold {
        let queues = self
            .unfolded
            .iter()
            .map(|(number, queue)| super::queue::Extent { number: Some(*number), ..queue.extent() })
            .collect();
        Fold { head_seq: self.next_seq - 1, clock: self.clock, queues }
    }

    fn folded(&mut self) {
        self.unfolded.clear();
        self.marked = Instant::now();
    }

    /// The server's time. A doubt of the wall clock is written down before anything that bears the new time:
    /// a restart must know of it.
    fn read_clock(&mut self) -> Result<u64, String> {
        let doubted_ms = self.clock.doubted_ms;
        let wall_ms = (self.shared.wall_clock)();
        let now_ms = self.clock.read(wall_ms);
        self.aging_ms = now_ms.max(self.aging_ms + wall_ms.saturating_sub(self.wall_ms));
        self.wall_ms = wall_ms;
        let suspended = !self.clock.may_trim();
        if suspended && !self.trimming_suspended {
            tracing::warn!(
                "the clock is more than a day ahead of the last time written: no task is trimmed until it has \
                 stood so for a day"
            );
        }
        self.trimming_suspended = suspended;
        if self.clock.doubted_ms != doubted_ms {
            self.fold_and_checkpoint()?;
        }
        Ok(now_ms)
    }
}

/// A chunk that is damaged is the business of who asked for it; any other failure ends the engine.
fn survivable<T>(result: Result<T, StoreError>) -> Result<Result<T, Error>, String> {
    match result {
        Ok(done) => Ok(Ok(done)),
        Err(StoreError::Damaged(why)) => {
            tracing::error!("the store is damaged: {why}");
            Ok(Err(Error::Damaged(why)))
        }
        Err(StoreError::Failed(why) | StoreError::Full(why)) => Err(why),
    }
}

/// Upkeep that finds no room is done later; any other failure is final.
fn later(result: Result<bool, StoreError>) -> Result<bool, String> {
    match result {
        Ok(more) => Ok(more),
        Err(StoreError::Full(why)) => {
            tracing::warn!("upkeep of the store put off: {why}");
            Ok(false)
        }
        Err(StoreError::Failed(why) | StoreError::Damaged(why)) => Err(why),
    }
}

impl Draft {
    fn new(first_seq: u64, at_ms: u64) -> Self {
        Draft {
            at_ms,
            first_seq,
            open: Builder::new(first_seq, at_ms),
            sealed: Vec::new(),
            bytes: 0,
            retries: Vec::new(),
            new_queues: Vec::new(),
            own: HashMap::new(),
        }
    }

    /// Adds a task and returns its seq.
    fn add(&mut self, queue: QueueNumber, task: &NewTask) -> u64 {
        if self.open.is_full() {
            let next = Builder::new(self.open.next_seq(), self.at_ms);
            self.sealed.push(std::mem::replace(&mut self.open, next).seal());
        }
        let seq = self.open.next_seq();
        let at_ms = self.at_ms;
        self.bytes += self.open.add(queue, task.id.clone(), |out, seq| {
            let mut digits = Digits::default();
            let id = task.id.as_ref().map_or_else(|| digits.show(seq), |id| id.as_str());
            let expires_at_ms = task.expires_ms.map_or(0, |ms| at_ms.saturating_add(ms));
            Task {
                task: &task.task,
                id,
                queue: task.queue.as_str(),
                seq,
                submitted_at_ms: at_ms,
                labels: task.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect(),
                expires_at_ms,
            }
            .write(out);
        });
        seq
    }

    fn add_retry(&mut self, key: RetryKey, seq: u64) {
        let run = Run { key, seq, tasks: 1 };
        if !self.retries.last_mut().is_some_and(|last| last.extend(run)) {
            self.retries.push(run);
        }
    }

    fn seal(mut self) -> Self {
        if !self.open.is_empty() {
            let next = Builder::new(self.open.next_seq(), self.at_ms);
            self.sealed.push(std::mem::replace(&mut self.open, next).seal());
        }
        self
    }

    fn commit(&self, aging_ms: u64) -> Commit<'_> {
        Commit { aging_ms, chunks: &self.sealed, retries: &self.retries, new_queues: &self.new_queues }
    }
}

/// A number in digits, without an allocation.
#[derive(Default)]
struct Digits([u8; 20]);

impl Digits {
    fn show(&mut self, mut number: u64) -> &str {
        let mut start = self.0.len();
        loop {
            start -= 1;
            self.0[start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        std::str::from_utf8(&self.0[start..]).unwrap_or_default()
    }
}

impl Tail {
    /// Adds a chunk; returns those that must leave.
    fn push(&mut self, chunk: Chunk) -> Vec<Chunk> {
        self.bytes += chunk.frames.len();
        self.chunks.push_back(chunk);
        let mut evicted = Vec::new();
        while self.bytes > self.bytes_max
            && let Some(oldest) = self.chunks.pop_front()
        {
            self.bytes -= oldest.frames.len();
            evicted.push(oldest);
        }
        evicted
    }

    fn trim(&mut self, last_seq: u64) {
        while self.chunks.front().is_some_and(|c| c.head.last_seq <= last_seq)
            && let Some(gone) = self.chunks.pop_front()
        {
            self.bytes -= gone.frames.len();
        }
    }

    fn find(&self, seq: u64) -> Option<&Chunk> {
        let place = self.chunks.partition_point(|c| c.head.last_seq < seq);
        self.chunks.get(place).filter(|c| c.head.first_seq <= seq)
    }
}
