//! Random runs against a naive model: a list of all tasks there ever were. A run that fails names its seed;
//! `CONTACT_TEST_SEED` runs that one again.

use std::{collections::HashMap, panic::AssertUnwindSafe};

use futures_util::{FutureExt, StreamExt, stream};

use super::{BEGIN_MS, Bed, Kept, NO_TAIL, RETAIN, TAIL, until};
use crate::{
    name::{OwnId, TaskId},
    server::engine::{
        Accepted, Engine, Error, NewTask, Refused, RetryKey, Start, Watch,
        contract::{Fixture, Reader, Seen, Whole, in_time, key, own, queue, submit_any, task, watch_of},
        embedded::store::StoreError,
    },
};

const RUNS: u64 = 400;
/// Runs wait for upkeep now and then, so several go on at a time.
const AT_A_TIME: usize = 16;
const QUEUES: [&str; 3] = ["a", "b", "c"];
const RETAIN_MS: u64 = RETAIN.as_millis() as u64;

#[tokio::test]
async fn random_runs_are_as_a_list_would_have_it() {
    let one = std::env::var("CONTACT_TEST_SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    let first = one.unwrap_or_else(|| rand::random::<u64>() >> 16);
    let seeds = first..first + if one.is_some() { 1 } else { RUNS };
    let run = |seed| async move {
        let end = AssertUnwindSafe(Run::new(seed).run()).catch_unwind().await;
        assert!(end.is_ok(), "again with CONTACT_TEST_SEED={seed}");
    };
    stream::iter(seeds).map(run).buffer_unordered(AT_A_TIME).collect::<()>().await;
}

struct Run {
    dice: Dice,
    bed: Bed,
    model: Model,
    watches: Vec<Watched>,
}

/// What there should be.
#[derive(Clone)]
struct Model {
    /// Every task there ever was.
    log: Vec<Entry>,
    next_seq: u64,
    retries: HashMap<RetryKey, u64>,
    now_ms: u64,
}

#[derive(Clone)]
struct Entry {
    seq: u64,
    at_ms: u64,
    kept: bool,
    task: NewTask,
}

/// A watch and where it should be.
struct Watched {
    next: Vec<(&'static str, u64)>,
    reader: Reader,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let tail = [TAIL, 1000, NO_TAIL][dice.below(3)];
        let bed = if dice.one_in(10) { Bed::sqlite(tail) } else { Bed::memory(tail) };
        let model = Model { log: Vec::new(), next_seq: 1, retries: HashMap::new(), now_ms: BEGIN_MS };
        Run { dice, bed, model, watches: Vec::new() }
    }

    async fn run(mut self) {
        for _ in 0..10 + self.dice.below(50) {
            match self.dice.below(20) {
                0..8 => self.submit().await,
                8..10 => self.open_watch().await,
                10..14 => self.read_some().await,
                14 => self.restart().await,
                15 => self.grow_old().await,
                16 => self.fill_the_disk().await,
                17 => self.break_the_disk().await,
                18 => self.look_at_all().await,
                _ => self.drop_a_watch(),
            }
        }
        self.look_at_all().await;
        self.restart().await;
        self.look_at_all().await;
    }

    async fn submit(&mut self) {
        let batch = self.batch();
        let expected = self.model.submit(&batch);
        assert_eq!(submit_any(&self.bed.engine(), batch).await, expected);
    }

    async fn open_watch(&mut self) {
        let mut queues = QUEUES.to_vec();
        queues.rotate_left(self.dice.below(3));
        queues.truncate(1 + self.dice.below(3));
        let mut starts = Vec::new();
        for _ in &queues {
            starts.push(match self.dice.below(4) {
                0 => Start::New,
                1 => Start::Seq(self.dice.below(self.model.next_seq as usize + 3) as u64),
                2 => {
                    let place = self.dice.below(self.model.log.len() + 1);
                    let at_ms = self.model.log.get(place).map_or(self.model.now_ms, |t| t.at_ms);
                    Start::Time(at_ms + self.dice.below(3) as u64 - 1)
                }
                _ => Start::First,
            });
        }
        let wanted: Vec<(&str, Start)> = queues.iter().copied().zip(starts.iter().copied()).collect();
        let expected = wanted.iter().try_for_each(|&(name, start)| self.model.may_start(name, start));
        let opened = Reader::try_open(&self.bed.engine(), watch_of(&wanted)).await;
        let reader = match (opened, expected) {
            (Ok(reader), Ok(())) => reader,
            (opened, expected) => return assert_eq!(opened.err(), expected.err()),
        };
        for (&(name, start), &seq) in wanted.iter().zip(&reader.start) {
            assert!(self.model.starts_at(name, start, seq), "{name} {start:?}: {seq}");
        }
        let next = queues.into_iter().zip(reader.start.iter().copied()).collect();
        self.watches.push(Watched { next, reader });
    }

    async fn read_some(&mut self) {
        if self.watches.is_empty() {
            return;
        }
        let place = self.dice.below(self.watches.len());
        let runs = if self.dice.one_in(2) { 1 } else { usize::MAX };
        let watched = &mut self.watches[place];
        for _ in 0..runs {
            let trimmed = watched.next.iter().any(|&(name, seq)| seq <= self.model.trimmed_seq(name));
            if !trimmed && self.model.left(&watched.next) == 0 {
                return watched.reader.expect_quiet();
            }
            match watched.reader.next().await.unwrap() {
                Ok(seen) => self.model.advance(&mut watched.next, &seen),
                Err(Error::Trimmed { queue, asked, first_seq }) => {
                    assert!(trimmed);
                    let (name, seq) = watched.next.iter().find(|(n, _)| *n == queue.as_str()).unwrap();
                    assert_eq!(first_seq, self.model.trimmed_seq(name) + 1);
                    assert!((*seq..first_seq).contains(&asked));
                    drop(self.watches.swap_remove(place));
                    return;
                }
                Err(other) => panic!("{other}"),
            }
        }
    }

    /// Ends the engine and opens it again; the watches go on where they were, as clients do.
    async fn restart(&mut self) {
        self.bed.close().await;
        self.resume(&Error::Stopped).await;
    }

    async fn resume(&mut self, why: &Error) {
        self.bed.open().await;
        for mut watched in std::mem::take(&mut self.watches) {
            loop {
                match watched.reader.next().await.unwrap() {
                    // What was being read when the end came.
                    Ok(seen) => self.model.advance(&mut watched.next, &seen),
                    Err(Error::Trimmed { .. }) => break,
                    Err(error) => break assert_eq!(error, *why),
                }
            }
            let wanted: Vec<_> = watched.next.iter().map(|&(name, seq)| (name, Start::Seq(seq))).collect();
            let expected = wanted.iter().try_for_each(|&(name, start)| self.model.may_start(name, start));
            match Reader::try_open(&self.bed.engine(), watch_of(&wanted)).await {
                Ok(reader) => {
                    assert_eq!(expected, Ok(()));
                    self.watches.push(Watched { reader, ..watched });
                }
                Err(error) => assert_eq!(Err(error), expected),
            }
        }
    }

    async fn grow_old(&mut self) {
        let ms = self.dice.below(2 * RETAIN_MS as usize) as u64;
        // Upkeep comes with a start; without one it takes its time.
        let restarts = !self.dice.one_in(4);
        if restarts {
            self.bed.close().await;
        }
        self.bed.pass(ms).await;
        self.model.pass(ms);
        if restarts {
            self.resume_old().await;
        }
        let engine = self.bed.engine();
        until(|| engine.tasks_kept() == self.model.kept()).await;
    }

    /// The same as [`Run::resume`], once what is old has gone.
    async fn resume_old(&mut self) {
        self.bed.open().await;
        let engine = self.bed.engine();
        until(|| engine.tasks_kept() == self.model.kept()).await;
        self.bed.close().await;
        self.resume(&Error::Stopped).await;
    }

    async fn fill_the_disk(&mut self) {
        let Kept::Memory(store) = &self.bed.kept else { return };
        store.disk().faults.push_back(Some(StoreError::Full("no room".to_owned())));
        let batch = self.batch();
        let mut would_be = self.model.clone();
        let answers = would_be.submit(&batch);
        let answered = in_time(self.bed.engine().submit_whole(batch)).await;
        if would_be.next_seq > self.model.next_seq {
            assert_eq!(answered, Err(Error::Full("no room".to_owned())));
        } else {
            // Nothing was to be written.
            assert_eq!(answered, Ok(answers));
            self.bed.memory_store().disk().faults.clear();
        }
    }

    async fn break_the_disk(&mut self) {
        let Kept::Memory(store) = &self.bed.kept else { return };
        store.disk().faults.push_back(Some(StoreError::Failed("EIO".to_owned())));
        let failed = Error::Failed("EIO".to_owned());
        let answered = in_time(self.bed.engine().submit_whole(vec![task("a", "lost")])).await;
        assert_eq!(answered, Err(failed.clone()));
        self.bed.close().await;
        self.resume(&failed).await;
    }

    async fn look_at_all(&mut self) {
        let engine = self.bed.engine();
        let queues = QUEUES.map(|name| (name, Start::First));
        let watch = Watch { until_empty: true, ..watch_of(&queues) };
        let mut reader = Reader::try_open(&engine, watch).await.unwrap();
        let mut next = QUEUES.map(|name| (name, self.model.trimmed_seq(name) + 1)).to_vec();
        self.model.advance(&mut next, &reader.rest().await.unwrap());
        assert_eq!(self.model.left(&next), 0);
        assert_eq!(engine.tasks_kept(), self.model.kept());

        let seqs: Vec<u64> = (1..self.model.next_seq + 2).collect();
        let known = in_time(engine.known(seqs.iter().map(|seq| TaskId::Seq(*seq)).collect())).await.unwrap();
        for (seq, known) in seqs.into_iter().zip(known) {
            assert_eq!(known, self.model.log.iter().any(|t| t.kept && t.seq == seq), "{seq}");
        }
        let ids: Vec<OwnId> = (0..IDS).filter_map(own_id).collect();
        let known = in_time(engine.known(ids.iter().cloned().map(TaskId::Own).collect())).await.unwrap();
        for (id, known) in ids.iter().zip(known) {
            assert_eq!(known, self.model.owner(id).is_some(), "{id:?}");
        }
    }

    fn drop_a_watch(&mut self) {
        if !self.watches.is_empty() {
            let place = self.dice.below(self.watches.len());
            drop(self.watches.swap_remove(place));
        }
    }

    fn batch(&mut self) -> Vec<NewTask> {
        let dice = &mut self.dice;
        (0..1 + dice.below(6))
            .map(|_| {
                let text = match dice.below(40) {
                    0 => "x".repeat(300_000),
                    n => format!("{}", n % 3),
                };
                let mut task = task(QUEUES[dice.below(3)], text);
                if dice.one_in(3) {
                    task.id = own_id(dice.below(IDS));
                }
                if dice.one_in(6) {
                    task.labels.insert("k".to_owned(), "v".to_owned());
                }
                if dice.one_in(3) {
                    task.retry_key = key(dice.below(2) as u8, dice.below(15) as u64);
                }
                task
            })
            .collect()
    }
}

/// How many ids submitters choose from.
const IDS: usize = 8;

fn own_id(n: usize) -> Option<OwnId> {
    own(&format!("id{n}"))
}

impl Model {
    fn submit(&mut self, batch: &[NewTask]) -> Vec<Result<Accepted, Refused>> {
        batch.iter().map(|task| self.submit_one(task)).collect()
    }

    fn submit_one(&mut self, task: &NewTask) -> Result<Accepted, Refused> {
        if let Some(seq) = task.retry_key.and_then(|key| self.retries.get(&key)) {
            return Ok(Accepted { seq: *seq, delayed: None, duplicate: false });
        }
        if let Some(id) = &task.id
            && let Some(other) = self.owner(id)
        {
            let same = (&other.task.task, &other.task.queue, &other.task.labels)
                == (&task.task, &task.queue, &task.labels);
            return if same {
                Ok(Accepted { seq: other.seq, delayed: None, duplicate: true })
            } else {
                Err(Refused::IdTaken { id: id.as_str().to_owned(), seq: other.seq })
            };
        }
        let seq = self.next_seq;
        self.next_seq += 1;
        self.log.push(Entry { seq, at_ms: self.now_ms, kept: true, task: task.clone() });
        self.retries.extend(task.retry_key.map(|key| (key, seq)));
        Ok(Accepted { seq, delayed: None, duplicate: false })
    }

    fn owner(&self, id: &OwnId) -> Option<&Entry> {
        self.log.iter().find(|t| t.kept && t.task.id.as_ref() == Some(id))
    }

    fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        for entry in &mut self.log {
            entry.kept &= entry.at_ms + RETAIN_MS >= self.now_ms;
        }
    }

    fn kept(&self) -> u64 {
        self.log.iter().filter(|t| t.kept).count() as u64
    }

    fn of(&self, name: &str) -> impl DoubleEndedIterator<Item = &Entry> {
        self.log.iter().filter(move |t| t.task.queue.as_str() == name)
    }

    fn trimmed_seq(&self, name: &str) -> u64 {
        self.of(name).rfind(|t| !t.kept).map_or(0, |t| t.seq)
    }

    fn may_start(&self, name: &str, start: Start) -> Result<(), Error> {
        let (queue, first_seq) = (queue(name), self.trimmed_seq(name) + 1);
        match start {
            Start::Seq(asked) if asked < first_seq => Err(Error::Trimmed { queue, asked, first_seq }),
            Start::Seq(asked) if asked > self.next_seq => {
                Err(Error::Future { queue, asked, next_seq: self.next_seq })
            }
            _ => Ok(()),
        }
    }

    /// Whether a watch that reads from `seq` reads what it should.
    fn starts_at(&self, name: &str, start: Start, seq: u64) -> bool {
        let last_seq = self.of(name).next_back().map_or(0, |t| t.seq);
        match start {
            Start::First => seq == self.trimmed_seq(name) + 1,
            Start::New => seq == last_seq + 1,
            Start::Seq(asked) => seq == asked,
            Start::Time(at_ms) => {
                self.of(name).filter(|t| t.kept).all(|t| (t.at_ms >= at_ms) == (t.seq >= seq))
            }
        }
    }

    /// How many tasks are still to be read.
    fn left(&self, next: &[(&'static str, u64)]) -> usize {
        next.iter().map(|(name, seq)| self.of(name).filter(|t| t.seq >= *seq).count()).sum()
    }

    /// Checks what was seen, and moves on.
    fn advance(&self, next: &mut [(&'static str, u64)], seen: &[Seen]) {
        for seen in seen {
            let (name, seq) = next.iter_mut().find(|(name, _)| *name == seen.queue).unwrap();
            let expected = self.of(name).find(|t| t.seq >= *seq).unwrap();
            assert_eq!(
                (seen.seq, &seen.task, seen.at_ms),
                (expected.seq, &expected.task.task, expected.at_ms)
            );
            let id = expected.task.id.as_ref().map_or(seen.seq.to_string(), |id| id.as_str().to_owned());
            assert_eq!(seen.id, id);
            *seq = seen.seq + 1;
        }
    }
}

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}
