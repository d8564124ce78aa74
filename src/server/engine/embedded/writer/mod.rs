//! The writer: the one thread that decides and writes. In one visible place, a batch at a time:
//! **decide item by item** (each sees the one before), **persist the batch, then publish and answer**.
//!
//! While a batch is being synced the next one gathers in the channel; that is the whole of group commit.

use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::Ordering::{Relaxed, Release},
        mpsc,
    },
    time::{Duration, Instant},
};

use tokio::sync::OwnedSemaphorePermit;

use super::{
    Shared,
    chunk::{Chunk, QueueNumber, Sealed},
    clock::ServerClock,
    delayed::Delayed,
    facts::{FactRow, write_facts},
    ids::Ids,
    machine::{Fresh, GroupNo, Key, Machine, Now, Numbered, Past, StreamId},
    queue::Queue,
    retries::Retries,
    shares::{DeliveryFeed, NoticeFeed, Notices},
    store::{Loaded, Store, StoreError},
};
use crate::{
    name::{GroupName, QueueName, TaskId},
    server::engine::{
        Accepted, Error, NewTask, Reach, Refused,
        groups::{Change, Instance, Judged, Purged, Told},
    },
};

mod answer;
mod clients;
mod draft;
mod groups;
mod hand_out;
mod lists;
mod restore;
mod results;
mod roll;
mod room;
mod submit;
mod tail;
mod upkeep;
mod within;

pub(super) use answer::Answer;
use draft::Draft;
use groups::Registry;
pub(super) use groups::{Asking, Begun};
pub(super) use lists::{GroupSight, Place, Sight};
pub(super) use results::Named;
pub(super) use roll::Reached;
use room::Room;
use tail::Tail;
pub(super) use within::Teller;

/// A batch takes in no more once it has this many bytes.
const COMMIT_BYTES: usize = 8 << 20;
/// Nor after so many jobs: most of them add no bytes, and those before them wait for their answers.
const COMMIT_JOBS: usize = 4096;
/// About how many bytes a fact takes.
const FACT_BYTES: usize = 32;
/// Chunks trimmed in one step, so that a submit never waits long.
const TRIM_CHUNKS: usize = 64;
/// How often the time is written down while nothing else is: a restart compares it with the wall clock.
const MARK_EVERY: Duration = Duration::from_secs(60 * 60);

/// What the writer is asked to do.
pub(super) enum Job {
    /// Take tasks in.
    Submit {
        tasks: Vec<NewTask>,
        reach: Reach,
        answer: Answer<Answers>,
        /// Room in the engine's budget, given back with the answer.
        room: OwnedSemaphorePermit,
    },
    /// Seat a watch in its groups.
    Share { seat: Option<Box<(Asking, DeliveryFeed)>>, answer: Answer<Begun> },
    /// A share's stream was closed.
    Leave { stream: StreamId },
    /// A process attends.
    Attend { instance: Instance, client: Option<Box<str>>, notices: Option<NoticeFeed> },
    /// It does no more.
    Unattend { instance: Instance, notices: Arc<Notices> },
    /// A process that attends says whose it is.
    Name { instance: Instance, client: Box<str> },
    /// A process was heard.
    Heard { instance: Instance, stop: bool },
    /// Judge what is told of tasks.
    Tell {
        told: Vec<Told>,
        /// Those of leases.
        keys: Vec<Option<Key>>,
        by: Teller,
        answer: Answer<Vec<Judged>>,
        /// Room for what is said, given back with the answer.
        room: OwnedSemaphorePermit,
    },
    /// Tasks of its queue that a group had to have read: up to the seq that comes with them.
    Offer {
        group: GroupNo,
        queue: QueueNumber,
        from_seq: u64,
        offered: Result<(Vec<Fresh>, u64), StoreError>,
    },
    /// End tasks for all groups.
    Cancel { ids: Vec<TaskId>, reach: Reach, answer: Answer<Vec<Judged>> },
    /// Make dead tasks ready again.
    Redrive {
        queue: QueueName,
        group: GroupName,
        ids: Vec<TaskId>,
        limit: usize,
        reach: Reach,
        answer: Answer<(Vec<Judged>, u64)>,
    },
    /// Change a group's settings.
    Set { queue: QueueName, group: GroupName, change: Change, answer: Answer<()> },
    /// Throw tasks away.
    Purge { queue: QueueName, upto_seq: Option<u64>, answer: Answer<Purged> },
    /// Look at what is on disk, when all that came before is.
    Look(Looking),
    /// Write everything down and end.
    Close,
}

/// A look, and its answer to whoever asked.
type Looking = Box<dyn FnOnce(&mut Writer) -> Result<(), String> + Send>;

/// A page's group and number, and its tasks that have ended.
type ReadPage = (GroupNo, u64, Vec<(u64, Past)>);

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
    /// The doubt of the wall clock that a restart would know of.
    written_doubt_ms: Option<u64>,
    /// What retry keys age by: the server's time, but it does not stand still while that waits for a wall
    /// clock that was set back.
    aging_ms: u64,
    wall_ms: u64,
    next_seq: u64,
    next_result: u64,
    /// Results of tasks up to here alone have been trimmed.
    results_trimmed_seq: u64,
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
    room: Room,
    closing: bool,
    /// The machine was told something beside a batch: there may be tasks to hand out.
    is_stirred: bool,

    delayed: Delayed,
    next_delayed: u64,
    machine: Machine,
    registry: Registry,
    /// The number of the last row of facts.
    last_fact: u64,
    /// The machine's time when this process began, and when that was.
    machine_ms: u64,
    started: Instant,
    /// How far the server's time is ahead of the machine's, as it is shown: see [`Writer::read_clock`].
    shown_ahead_ms: i64,
    deliveries: Numbered<StreamId, DeliveryFeed>,
    attending: Numbered<Instance, (Option<Box<str>>, Vec<NoticeFeed>)>,
    /// Who held the lease that was settled last.
    holder: String,
    /// The page that was read last.
    last_page: Option<ReadPage>,
    /// When clients are next to be written down; `None`: the store does not take them.
    next_clients: Option<Instant>,
    /// For what is read on behalf of the writer. Does not keep it going.
    own_jobs: Weak<mpsc::Sender<Job>>,
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
        own_jobs: Weak<mpsc::Sender<Job>>,
    ) -> Result<Self, StoreError> {
        let mut writer = Writer {
            shared,
            store,
            jobs,
            retain_ms: options.retain.as_millis() as u64,
            upkeep_every: (options.retain / 10).clamp(Duration::from_millis(100), Duration::from_secs(60)),
            clock: loaded.clock,
            written_doubt_ms: loaded.clock.doubted_ms,
            aging_ms: loaded.retries.iter().map(|(at_ms, _)| *at_ms).max().unwrap_or(0),
            wall_ms: (options.wall_clock)(),
            next_seq: loaded.head_seq + 1,
            next_result: 1,
            results_trimmed_seq: 0,
            next_queue: 1,
            queues: HashMap::new(),
            by_number: HashMap::new(),
            ids,
            retries: Retries::default(),
            tail: Tail::new(options.tail_bytes),
            last_read: None,
            unfolded: HashMap::new(),
            trimming_suspended: false,
            marked: Instant::now(),
            room: Room::new(options.min_free),
            closing: false,
            is_stirred: false,
            delayed: Delayed::default(),
            next_delayed: loaded.next_delayed,
            machine: Machine::default(),
            registry: Registry::default(),
            last_fact: 0,
            machine_ms: 0,
            started: Instant::now(),
            shown_ahead_ms: 0,
            deliveries: Numbered::default(),
            attending: Numbered::default(),
            holder: String::new(),
            last_page: None,
            next_clients: Some(Instant::now()),
            own_jobs,
        };
        let mut tasks = 0;
        for (name, extent) in loaded.queues {
            let Some(number) = extent.number else { continue };
            tasks += extent.tasks;
            writer.next_queue = writer.next_queue.max(number + 1);
            let queue = Arc::new(Queue::new(name.clone(), extent));
            writer.shared.queues.insert(queue.clone());
            writer.by_number.insert(number, queue.clone());
            writer.shared.names.add_queue(number, queue.clone());
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
        let is_purged = |queue: &Arc<Queue>| queue.extent().trimmed_seq >= loaded.first_seq;
        writer.shared.purged.store(writer.by_number.values().any(is_purged), Relaxed);
        for (number, due_ms, queue) in loaded.delayed {
            writer.delayed.insert(number, due_ms, queue);
        }
        // What waits has waited on while the server was off.
        writer.load_groups(writer.wall_ms.saturating_sub(loaded.clock.last_ms))?;
        writer.load_results(loaded.head_seq, options.tail_bytes)?;
        Ok(writer)
    }

    /// Works until it is closed. An error means that the store failed: nothing more may be answered.
    pub(super) fn run(mut self) -> Result<(), String> {
        let mut next_upkeep = Instant::now();
        self.look_at_room(self.now());
        loop {
            let next = self.next_clients.map_or(next_upkeep, |clients| clients.min(next_upkeep));
            let wait = next.saturating_duration_since(Instant::now()).min(self.next_due());
            let job = match self.jobs.recv_timeout(wait) {
                Ok(job) => Some(job),
                Err(mpsc::RecvTimeoutError::Timeout) => None,
                Err(mpsc::RecvTimeoutError::Disconnected) => return self.finish(),
            };
            self.batch(job)?;
            if self.closing {
                return self.finish();
            }
            if (self.store.wants_checkpoint() || self.room.owes_upkeep()) && self.room.allows_upkeep() {
                self.fold_and_checkpoint()?;
            }
            // A step between two batches, too: a server that is never idle must trim all the same.
            if Instant::now() >= next_upkeep {
                let more = self.upkeep()?;
                next_upkeep = Instant::now() + if more { Duration::ZERO } else { self.upkeep_every };
            }
            if self.next_clients.is_some_and(|next| Instant::now() >= next) {
                self.write_clients()?;
            }
        }
    }

    /// Writes everything to its place.
    fn finish(&mut self) -> Result<(), String> {
        self.write_all_clients()?;
        self.fold_and_checkpoint()
    }

    /// How long until something happens by itself.
    fn next_due(&self) -> Duration {
        let tick_ms = self.machine.next_tick_ms().map(|ms| ms.saturating_sub(self.now().ms));
        // As often as this at least, because the wall clock may leap.
        let due_ms = self.delayed.next_due_ms().map(|ms| ms.saturating_sub((self.shared.wall_clock)()));
        let due_ms = due_ms.map(|ms| ms.min(1000).max(self.room.kept_back_ms()));
        let stirred_ms = self.is_stirred.then_some(0);
        let room_ms = self.room.next_look_ms(self.now());
        let next_ms = tick_ms.into_iter().chain(due_ms).chain(stirred_ms).chain(room_ms).min();
        next_ms.map_or(Duration::MAX, Duration::from_millis)
    }

    /// The machine's time and the server's.
    fn now(&self) -> Now {
        Now { ms: self.machine_ms + self.started.elapsed().as_millis() as u64, server_ms: self.clock.last_ms }
    }

    /// Decides, persists, publishes and answers one batch: `first` and whatever else is waiting.
    fn batch(&mut self, first: Option<Job>) -> Result<(), String> {
        let at_ms = self.read_clock()?;
        let now = self.now();
        if self.room.next_look_ms(now) == Some(0) {
            self.look_at_room(now);
        }
        let mut draft = Draft::new(self.next_seq, self.next_delayed, self.next_result, at_ms);
        if self.room.kept_back_ms() == 0 {
            self.enter_due(&mut draft).map_err(|e| e.to_string())?;
        }
        let mut jobs = Vec::new();
        let mut next = first.or_else(|| self.jobs.try_recv().ok());
        while let Some(mut job) = next {
            self.decide_job(now, &mut draft, &mut job)?;
            jobs.push(job);
            let has_room = jobs.len() < COMMIT_JOBS && draft.bytes < COMMIT_BYTES && !self.closing;
            next = if has_room { self.jobs.try_recv().ok() } else { None };
        }
        let failed = self.persist(now, draft, &mut jobs)?;
        for job in jobs {
            self.answer(job, failed.as_ref())?;
        }
        Ok(())
    }

    /// Writes a batch and shows it. If there is no room for it, it never was, and is decided anew without its submits;
    /// and once more with the room of the ballast. The error says why nothing of it is written after all.
    fn persist(&mut self, now: Now, mut draft: Draft, jobs: &mut [Job]) -> Result<Option<Error>, String> {
        let mut has_tasks = draft.has_tasks();
        loop {
            let Err(why) = self.write(now, draft)? else { return Ok(None) };
            let full = Error::Full(why);
            // What is settled is not refused because of what was submitted beside it.
            if !std::mem::take(&mut has_tasks) && !self.give_up_ballast() {
                self.has_spent_all(&full);
                return Ok(Some(full));
            }
            draft = Draft::new(self.next_seq, self.next_delayed, self.next_result, self.clock.last_ms);
            for job in &mut *jobs {
                self.decide_again(now, &mut draft, job, &full)?;
            }
        }
    }

    /// Completes a batch, writes it and shows it. The inner error says that there was no room, and that it never was.
    fn write(&mut self, now: Now, mut draft: Draft) -> Result<Result<(), String>, String> {
        // After what was told: who was heard in time is not found silent because a sync took long.
        self.machine.tick(now);
        self.bury(&mut draft);
        self.is_stirred = false;
        self.hand_out(now, &draft);
        let facts = self.machine.take_facts();
        if !facts.is_empty() {
            let facts = write_facts(&facts);
            draft.facts = Some(FactRow { no: self.last_fact + 1, at_ms: now.ms, facts });
            draft.holders = self.machine.take_holders();
        }

        let draft = draft.seal();
        let entered: Vec<u64> = draft.entered.iter().map(|(number, ..)| *number).collect();
        let is_empty = draft.is_empty();
        let clock = (self.clock.doubted_ms != self.written_doubt_ms).then_some(self.clock);
        let persisted =
            if is_empty { Ok(()) } else { self.store.append(&draft.commit(self.aging_ms, clock, &entered)) };
        match persisted {
            Ok(()) => {
                if !is_empty {
                    self.written_doubt_ms = self.clock.doubted_ms;
                    self.found_room();
                }
                self.publish(draft);
                self.show();
                Ok(Ok(()))
            }
            Err(StoreError::Full(why)) => {
                self.found_no_room(&why);
                self.take_back(draft);
                self.start_over(&why).map_err(|e| e.to_string())?;
                Ok(Err(why))
            }
            Err(StoreError::Failed(why) | StoreError::Damaged(why)) => Err(why),
        }
    }

    /// Decides one job. It is answered when the batch is on disk.
    fn decide_job(&mut self, now: Now, draft: &mut Draft, job: &mut Job) -> Result<(), String> {
        match job {
            Job::Submit { tasks, reach, answer, room } => {
                if let Some(refusal) = self.refusal(now, room.num_permits()) {
                    answer.decide(Err(refusal));
                    return Ok(());
                }
                let decided = std::mem::take(tasks).into_iter().map(|task| {
                    let decided = self.decide(draft, reach, task);
                    unless_damaged(decided, |why| Err(Refused::Damaged(why)))
                });
                answer.decide(survivable(decided.collect())?);
            }
            Job::Share { seat, answer } => {
                if let Some(full) = self.room.all_is_spent() {
                    answer.decide(Err(full));
                    return Ok(());
                }
                let Some(seat) = seat.take() else { return Ok(()) };
                let (asking, deliveries) = *seat;
                let stream = asking.stream;
                let begun = survivable(self.share(now, draft, asking))?.and_then(|begun| begun);
                if begun.is_ok() {
                    self.deliveries.insert(stream, deliveries);
                }
                answer.decide(begun);
            }
            Job::Leave { stream } => {
                self.deliveries.remove(stream);
                self.machine.leave(now, *stream);
            }
            Job::Attend { instance, client, notices } => {
                if let Some(notices) = notices.take() {
                    self.attend(now, *instance, client.take(), notices);
                }
            }
            Job::Unattend { instance, notices } => self.unattend(now, *instance, notices),
            Job::Name { instance, client } => self.name(*instance, client.clone()),
            Job::Heard { instance, stop } => self.machine.heard(now, *instance, *stop),
            Job::Tell { told, keys, by, answer, .. } => {
                // What is told becomes facts, which have their place in the commit.
                draft.bytes += told.iter().map(|told| FACT_BYTES + told.answer.bytes()).sum::<usize>();
                let judged = told.iter().zip(&*keys).map(|(told, key)| {
                    let judged = self.tell(now, draft, by, told, *key);
                    unless_damaged(judged, |_| Judged::DAMAGED)
                });
                answer.decide(survivable(judged.collect())?);
            }
            // The number may be another group's now: a refused batch gives back those that it made.
            Job::Offer { group, queue, .. } if !self.is_of(*group, *queue) => {}
            Job::Offer { group, from_seq, offered, .. } => {
                // As for a watcher: what cannot be read ends those who would have it, and nobody else.
                let error = match std::mem::replace(offered, Ok((Vec::new(), 0))) {
                    Ok((tasks, upto_seq)) => {
                        self.machine.offer(*group, *from_seq, upto_seq, tasks);
                        return Ok(());
                    }
                    Err(StoreError::Damaged(why)) => Error::Damaged(why),
                    Err(StoreError::Failed(why) | StoreError::Full(why)) => Error::Failed(why),
                };
                self.offer_failed(now, *group, *from_seq, &error);
            }
            Job::Cancel { ids, reach, answer } => {
                let judged = ids.iter().map(|id| {
                    let judged = self.cancel(now, draft, reach, id);
                    unless_damaged(judged, |_| Judged::DAMAGED)
                });
                answer.decide(survivable(judged.collect())?);
            }
            Job::Redrive { queue, group, ids, limit, reach, answer } => {
                answer.decide(match self.find_group(queue, group) {
                    Ok(no) => survivable(self.redrive(now, no, reach, ids, *limit))?,
                    Err(error) => Err(error),
                });
            }
            Job::Set { queue, group, change, answer } => {
                let found = self.find_group(queue, group);
                answer.decide(found.map(|no| self.set(now, no, *change)));
            }
            // When the batch is on disk.
            Job::Purge { .. } | Job::Look(_) => {}
            Job::Close => self.closing = true,
        }
        Ok(())
    }

    /// Decides a job of a batch for which there was no room once more.
    fn decide_again(
        &mut self,
        now: Now,
        draft: &mut Draft,
        job: &mut Job,
        full: &Error,
    ) -> Result<(), String> {
        match job {
            Job::Submit { answer, .. } => answer.decide(Err(full.clone())),
            // All streams of shares have ended with the machine.
            Job::Share { answer, .. } => answer.decide(Err(full.clone())),
            Job::Tell { .. } | Job::Cancel { .. } | Job::Redrive { .. } | Job::Set { .. } => {
                self.decide_job(now, draft, job)?;
            }
            // These are known still, or went with the machine.
            Job::Leave { .. }
            | Job::Attend { .. }
            | Job::Unattend { .. }
            | Job::Name { .. }
            | Job::Heard { .. }
            | Job::Offer { .. }
            | Job::Purge { .. }
            | Job::Look(_)
            | Job::Close => {}
        }
        Ok(())
    }

    /// Answers a job whose batch is on disk; or, with an error, is not.
    fn answer(&mut self, job: Job, failed: Option<&Error>) -> Result<(), String> {
        match job {
            Job::Submit { answer, room, .. } => {
                drop(room);
                answer.send(failed);
            }
            Job::Tell { answer, room, .. } => {
                drop(room);
                answer.send(failed);
            }
            Job::Share { answer, .. } => answer.send(failed),
            Job::Cancel { answer, .. } => answer.send(failed),
            Job::Redrive { answer, .. } => answer.send(failed),
            Job::Set { answer, .. } => answer.send(failed),
            Job::Purge { queue, upto_seq, mut answer } => {
                if failed.is_none() {
                    answer.decide(match self.purge(&queue, upto_seq) {
                        Err(StoreError::Full(why)) => Err(Error::Full(why)),
                        purged => survivable(purged)?.and_then(|purged| purged),
                    });
                }
                answer.send(failed);
            }
            Job::Look(look) => look(self)?,
            Job::Leave { .. }
            | Job::Attend { .. }
            | Job::Unattend { .. }
            | Job::Name { .. }
            | Job::Heard { .. }
            | Job::Offer { .. }
            | Job::Close => {}
        }
        Ok(())
    }

    /// The batch is durable: show it.
    fn publish(&mut self, mut draft: Draft) {
        let moved = draft.moved_on();
        let (rows, runs) = std::mem::take(&mut draft.results_sealed);
        self.last_fact += u64::from(draft.facts.is_some());
        for (number, name) in &draft.new_queues {
            if let Some((_, queue)) = self.queues.get(name) {
                queue.set_number(*number);
                self.shared.names.add_queue(*number, queue.clone());
            }
        }
        for row in &draft.new_groups {
            self.name_group(row.number);
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
        // After the tasks that they are of.
        self.next_result = rows.last().map_or(self.next_result, |row| row.last_n + 1);
        self.shared.results.grow(rows, runs, moved);
    }

    /// The batch never was: forget what deciding it has left behind.
    fn take_back(&mut self, draft: Draft) {
        self.retries.forget_from(draft.first_seq, draft.first_delayed);
        for (id, (place, _)) in &draft.own {
            self.ids.remove(id, *place);
        }
        for row in &draft.delayed {
            self.delayed.remove(row.number);
        }
        self.next_delayed = draft.first_delayed;
        for (id, from, to) in &draft.moved {
            self.ids.remove(id, *to);
            self.ids.insert(id, *from);
        }
        for (number, due_ms, queue) in
            draft.entered.iter().filter(|(number, ..)| *number < draft.first_delayed)
        {
            self.delayed.insert(*number, *due_ms, *queue);
        }
        for (number, name) in draft.new_queues {
            self.by_number.remove(&number);
            if let Some((_, queue)) = self.queues.remove(&name) {
                self.shared.queues.release(queue);
            }
        }
    }
}

/// A chunk that is damaged is the business of who asked for it; any other failure ends the engine.
pub(super) fn survivable<T>(result: Result<T, StoreError>) -> Result<Result<T, Error>, String> {
    match result {
        Ok(done) => Ok(Ok(done)),
        Err(StoreError::Damaged(why)) => {
            tracing::error!("the store is damaged: {why}");
            Ok(Err(Error::Damaged(why)))
        }
        Err(StoreError::Failed(why) | StoreError::Full(why)) => Err(why),
    }
}

/// Of several things asked at once a damaged chunk is the business of the one that needs it: the others go on.
pub(super) fn unless_damaged<T>(
    result: Result<T, StoreError>,
    damaged: impl FnOnce(String) -> T,
) -> Result<T, StoreError> {
    match result {
        Err(StoreError::Damaged(why)) => {
            tracing::error!("the store is damaged: {why}");
            Ok(damaged(why))
        }
        result => result,
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
