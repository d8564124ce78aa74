//! A watch of the results of named tasks: what is kept of each, then what comes, until each has ended for all groups.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque, btree_map::Entry},
    pin::pin,
    sync::{Arc, Weak, mpsc},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    super::{
        Embedded, Shared,
        chunk::QueueNumber,
        delayed::number_at,
        finder::Finder,
        machine::words::State,
        queue::Queue,
        writer::{Job, Named},
    },
    reading::{Reading, Taken, places_of},
    row::What,
    waiters::{Moved, Rung, Waiter},
};
use crate::{
    name::TaskId,
    server::engine::{
        Error,
        frames::{id_of, seq_and_expiry},
        results::{Answer, ResultView, Results},
    },
};

/// Results that are handed on together,
const VIEWS_MAX: usize = 256;
/// or fewer, once they have about this many bytes.
const VIEWS_BYTES: usize = 256 << 10;
/// Names that the writer is asked about at a time: others wait for it.
const NAMES_MAX: usize = 256;
/// Tasks that may be waited for, by all together; each counts for each who waits for it. One takes about 200 bytes.
pub(in super::super) const WAITS_MAX: usize = 500_000;
/// Whether a task has expired is asked as often as this at least: the wall clock may leap, and a lease of it may be
/// in force.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Opens the watch.
pub(super) async fn open(engine: &Embedded, ids: Vec<TaskId>) -> Result<Results, Error> {
    let shared = &engine.shared;
    // From here on whatever is found is let go of again, also when an error ends this.
    let room = shared.waits.clone().try_acquire_many_owned(ids.len() as u32);
    let room = room.map_err(|_| Error::TooManyWaits { most: WAITS_MAX })?;
    let mut tasks = Tasks::new(shared.clone(), Arc::downgrade(&engine.jobs), room);
    let mut unknown = Vec::new();
    let mut left = &ids[..];
    while !left.is_empty() {
        let some = &left[..left.len().min(NAMES_MAX)];
        let (asked, reach, waiter) = (some.to_vec(), engine.reach.clone(), tasks.waiter.clone());
        let found = engine.look(move |writer| writer.named_tasks(&asked, &reach, &waiter)).await?;
        // Fewer, if they lie far apart.
        left = &left[found.len()..];
        for (id, named) in some.iter().zip(found) {
            match named {
                Some(named) => tasks.add(id, named),
                None => unknown.push(id.clone()),
            }
        }
    }
    if !unknown.is_empty() {
        return Err(Error::NoTask(unknown));
    }
    tasks.look_up().await?;
    let results = stream::unfold(Some(tasks), |tasks| async {
        let mut tasks = tasks?;
        match tasks.next().await {
            Ok(Some(views)) => Some((Ok(views), Some(tasks))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(Results { start: 0, until: None, results: results.boxed() })
}

/// The tasks of a watch.
struct Tasks {
    shared: Arc<Shared>,
    /// Does not keep the writer going.
    jobs: Weak<mpsc::Sender<Job>>,
    waiter: Arc<Waiter>,
    reading: Reading,
    /// By their places.
    tasks: BTreeMap<u64, Task>,
    /// How many of them have not ended.
    left: usize,
    /// Numbers of results that are still to be handed on.
    backlog: VecDeque<u64>,
    /// All results before this are in `backlog`, or were.
    next_n: u64,
    /// `backlog` lacks some.
    missed: bool,
    /// Ends to be said once `backlog` is empty.
    ends: Vec<(u64, State)>,
    _room: OwnedSemaphorePermit,
}

/// One of them.
struct Task {
    id: String,
    queue: Arc<Queue>,
    number: QueueNumber,
    /// The server's time from which on it is handed out no more; 0 is never.
    expires_ms: u64,
    has_ended: bool,
}

impl Tasks {
    fn new(shared: Arc<Shared>, jobs: Weak<mpsc::Sender<Job>>, room: OwnedSemaphorePermit) -> Self {
        let reading = Reading::new(shared.clone());
        Tasks {
            shared,
            jobs,
            waiter: Arc::default(),
            reading,
            tasks: BTreeMap::new(),
            left: 0,
            backlog: VecDeque::new(),
            next_n: 0,
            missed: true,
            ends: Vec::new(),
            _room: room,
        }
    }

    /// Adds a task that the writer has found.
    fn add(&mut self, id: &TaskId, named: Named) {
        let Named { place, number, queue, frame, is_cancelled } = named;
        let (mut id, mut expires_ms) = (id.to_string(), 0);
        if let Some(frame) = frame {
            id = id_of(&frame).to_owned();
            (_, expires_ms) = seq_and_expiry(&frame);
        }
        if is_cancelled {
            self.ends.push((place, State::Cancelled));
        }
        let task = Task { id, queue, number, expires_ms, has_ended: false };
        // It may have been named twice.
        if self.tasks.insert(place, task).is_none() {
            self.left += 1;
        }
    }

    /// Looks up what the tasks of the log themselves say.
    async fn look_up(&mut self) -> Result<(), Error> {
        let mut finder = Finder::new(self.shared.clone());
        for (seq, task) in self.tasks.iter_mut().filter(|(place, _)| number_at(**place).is_none()) {
            match finder.find(&task.queue, *seq).await? {
                Some(frame) => {
                    id_of(&frame).clone_into(&mut task.id);
                    (_, task.expires_ms) = seq_and_expiry(&frame);
                }
                None => self.ends.push((*seq, State::Gone)),
            }
        }
        Ok(())
    }

    /// The next results. `None`: all have ended.
    async fn next(&mut self) -> Result<Option<Vec<ResultView>>, Error> {
        let (shared, waiter) = (self.shared.clone(), self.waiter.clone());
        loop {
            let mut views = self.take_backlog().await?;
            if self.backlog.is_empty() && !self.missed {
                for (place, state) in std::mem::take(&mut self.ends) {
                    views.extend(self.end(place, state));
                }
            }
            if !views.is_empty() {
                return Ok(Some(views));
            }
            if self.left == 0 {
                return Ok(None);
            }
            if !self.backlog.is_empty() {
                continue;
            }
            shared.check()?;
            // Listening starts before looking: what comes in between rings.
            let mut ring = pin!(waiter.bell.notified());
            ring.as_mut().enable();
            self.take_rung()?;
            if self.missed {
                self.catch_up().await?;
                continue;
            }
            if !self.backlog.is_empty() {
                continue;
            }
            let expiry = self.expire().await?;
            if !self.ends.is_empty() {
                continue;
            }
            shared.check()?;
            self.reading.rest();
            match expiry {
                // Late is as good as rung.
                Some(wait) => drop(tokio::time::timeout(wait, ring).await),
                None => ring.await,
            }
        }
    }

    /// Some of what is still to be handed on.
    async fn take_backlog(&mut self) -> Result<Vec<ResultView>, Error> {
        let (mut views, mut bytes) = (Vec::new(), 0);
        while views.len() < VIEWS_MAX && bytes < VIEWS_BYTES && !self.backlog.is_empty() {
            let row = self.reading.row(self.backlog[0]).await?;
            // Those of one row at a time: they may be large.
            let last_n = row.map_or(self.backlog[0], |row| row.last_n);
            let here = self.backlog.partition_point(|n| *n <= last_n).min(VIEWS_MAX);
            let numbers: Vec<u64> = self.backlog.drain(..here).collect();
            for taken in self.reading.results(&numbers).await? {
                bytes += taken.bytes();
                views.extend(self.view(taken));
            }
        }
        Ok(views)
    }

    fn view(&mut self, taken: Taken) -> Option<ResultView> {
        // After its end nothing is said of a task, whatever a late worker still tells.
        let task = self.tasks.get_mut(&taken.seq).filter(|task| !task.has_ended)?;
        // What was purged is not shown any more; that it is gone comes after.
        if taken.seq <= task.queue.extent().trimmed_seq {
            return None;
        }
        if matches!(taken.what, What::Cancelled { .. }) {
            task.has_ended = true;
            self.left -= 1;
        }
        let id = task.id.clone();
        Some(taken.view(id))
    }

    /// Takes what has happened.
    fn take_rung(&mut self) -> Result<(), Error> {
        let Rung { told, missed, moved, gone } = self.waiter.take();
        self.missed |= missed;
        if !self.missed {
            self.next_n = told.last().map_or(self.next_n, |last| last + 1);
            self.backlog.extend(told);
        }
        for (place, moved) in moved {
            match moved {
                Moved::Entered(seq) => {
                    let Some(task) = self.tasks.remove(&place) else { continue };
                    match self.tasks.entry(seq) {
                        Entry::Vacant(vacant) => drop(vacant.insert(task)),
                        // It was named again when it had entered.
                        Entry::Occupied(_) => self.left -= 1,
                    }
                }
                Moved::Cancelled => self.ends.push((place, State::Cancelled)),
                Moved::Unreadable => {
                    let id = self.tasks.get(&place).map_or("", |task| &task.id);
                    return Err(Error::Damaged(format!("the delayed task {id} cannot be read")));
                }
            }
        }
        if gone {
            let logged = self.tasks.iter().filter(|(place, _)| number_at(**place).is_none());
            let gone = logged.filter(|(seq, task)| **seq <= task.queue.extent().trimmed_seq);
            self.ends.extend(gone.map(|(seq, _)| (*seq, State::Gone)));
        }
        Ok(())
    }

    /// Looks in the log for all that has not been handed on.
    async fn catch_up(&mut self) -> Result<(), Error> {
        loop {
            let open = self.tasks.iter().filter(|(_, task)| !task.has_ended);
            let seqs: BTreeSet<u64> = open.map(|(seq, _)| *seq).collect();
            let found = places_of(&self.shared, &seqs, self.next_n, Some(&self.waiter)).await?;
            if let Some((places, next_n)) = found {
                self.backlog.extend(places);
                (self.next_n, self.missed) = (next_n, false);
                return Ok(());
            }
            self.take_rung()?;
        }
    }

    /// Finds out what has expired. Returns when to ask again.
    async fn expire(&mut self) -> Result<Option<Duration>, Error> {
        let open = self
            .tasks
            .iter()
            .filter(|(place, task)| task.expires_ms != 0 && !task.has_ended && number_at(**place).is_none());
        let Some(first_ms) = open.clone().map(|(_, task)| task.expires_ms).min() else { return Ok(None) };
        let now_ms = self.shared.now_ms();
        if first_ms > now_ms {
            return Ok(Some(Duration::from_millis(first_ms - now_ms).min(LOOK_EVERY)));
        }
        let over = open.filter(|(_, task)| task.expires_ms <= now_ms);
        let over: Vec<_> = over.map(|(seq, task)| (*seq, task.number, task.expires_ms)).collect();
        let Some(jobs) = self.jobs.upgrade() else { return Err(self.shared.ended().await) };
        let engine = Embedded::unbound(self.shared.clone(), jobs);
        let expired = engine.look(move |writer| Ok(Ok(writer.expired(&over)))).await?;
        // What was told of them before is on disk by now, and comes first.
        self.take_rung()?;
        self.ends.extend(expired.into_iter().map(|seq| (seq, State::Expired)));
        Ok(Some(LOOK_EVERY))
    }

    /// Says that a task has ended, unless that was said.
    fn end(&mut self, place: u64, state: State) -> Option<ResultView> {
        let task = self.tasks.get_mut(&place).filter(|task| !task.has_ended)?;
        task.has_ended = true;
        self.left -= 1;
        Some(ResultView {
            n: 0,
            id: task.id.clone(),
            seq: if number_at(place).is_some() { 0 } else { place },
            queue: task.queue.name.clone(),
            group: None,
            client: None,
            word: None,
            state,
            end: None,
            attempt: 0,
            late: false,
            answer: Answer::default(),
            at_ms: self.shared.now_ms(),
        })
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.shared.results.dismiss(&self.waiter);
    }
}
