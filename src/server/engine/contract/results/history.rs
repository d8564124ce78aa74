//! Random histories against a naive model: a list of what was told and taken. A run that fails names its seed;
//! `CONTACT_TEST_SEED` runs that one again.

use std::{collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{
    super::{
        Fixture, Start,
        groups::{Leased, Member, client, id, named, share_of, tell, told, told_by_id},
        in_time, own, queue, submit_any, task,
    },
    Listener, all, log, of, set,
};
use crate::server::engine::{
    Engine, NewTask,
    groups::{Share, State, Told, Verdict, Word},
    results::{Answer, ResultFilter, ResultView},
};

const QUEUES: [&str; 2] = ["a", "b"];
const GROUPS: [&str; 2] = ["g", "h"];
const MAX_FAILURES: u32 = 3;
const STEPS: usize = 400;
/// Clients that speak of ids, and work nowhere.
const SPEAKERS: [u8; 3] = [100, 101, 102];

pub(in super::super::super) async fn random_results_are_as_a_list_would_have_them(mut fixture: impl Fixture) {
    let seed = std::env::var("CONTACT_TEST_SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    let seed = seed.unwrap_or_else(|| rand::random::<u64>() >> 16);
    let end = AssertUnwindSafe(run(seed, &mut fixture)).catch_unwind().await;
    assert!(end.is_ok(), "again with CONTACT_TEST_SEED={seed}");
}

async fn run(seed: u64, fixture: &mut impl Fixture) {
    let mut run = Run::new(seed, fixture).await;
    for _ in 0..STEPS {
        match run.dice.random_range(0..1000) {
            0..5 => run.restart(fixture).await,
            5..100 => run.submit().await,
            100..350 => run.take().await,
            350..800 => run.tell().await,
            800..900 => run.note().await,
            900..920 => run.cancel().await,
            920..960 => run.watch().await,
            960..980 => run.look().await,
            _ => fixture.pass(1).await,
        }
    }
    run.finish().await;
}

/// What there should be, and what is to be done next.
struct Run {
    dice: StdRng,
    handles: [Arc<dyn Engine>; 2],
    tasks: Vec<Known>,
    /// The list.
    wanted: Vec<ResultView>,
    members: Vec<Working>,
    /// Each with the task that it waits for; `None`: it watches all.
    watches: Vec<(Option<usize>, Listener)>,
}

/// A task that was submitted.
struct Known {
    seq: u64,
    id: String,
    queue: &'static str,
    is_cancelled: bool,
    /// Failures that count against it in each group.
    failures: BTreeMap<&'static str, u32>,
    /// What each speaker has said of it: received, and done.
    said: BTreeMap<u8, (bool, bool)>,
}

/// A process that works in a group.
struct Working {
    number: u8,
    queue: &'static str,
    group: &'static str,
    member: Option<Member>,
    held: Vec<Leased>,
    /// Leases of old.
    settled: Vec<Leased>,
}

impl Run {
    async fn new(seed: u64, fixture: &impl Fixture) -> Self {
        let (one, other) = fixture.handles();
        let mut members = Vec::new();
        for (name, group) in QUEUES.iter().flat_map(|name| GROUPS.map(|group| (*name, group))) {
            set(&*one, name, group, MAX_FAILURES).await;
            for _ in 0..2 {
                let number = members.len() as u8 + 1;
                let (held, settled) = (Vec::new(), Vec::new());
                members.push(Working { number, queue: name, group, member: None, held, settled });
            }
        }
        let mut run = Run {
            dice: StdRng::seed_from_u64(seed),
            handles: [one, other],
            tasks: Vec::new(),
            wanted: Vec::new(),
            members,
            watches: Vec::new(),
        };
        run.open().await;
        run
    }

    /// Either handle.
    fn engine(&mut self) -> Arc<dyn Engine> {
        self.handles[self.dice.random_range(0..2)].clone()
    }

    /// Every member comes, with the leases that it still has, and somebody watches all.
    async fn open(&mut self) {
        for n in 0..self.members.len() {
            let engine = self.engine();
            let working = &mut self.members[n];
            let have = working.held.iter().map(|held| held.lease.clone()).collect();
            let share = share_of(working.number, working.queue, working.group);
            working.member = Some(Member::open(&*engine, Share { have, max_in_flight: 4, ..share }).await);
        }
        let listener = Listener::open(&*self.engine(), log(Start::First)).await;
        self.watches.push((None, listener));
    }

    async fn restart(&mut self, fixture: &mut impl Fixture) {
        for working in &mut self.members {
            working.member = None;
        }
        // What the watches have to yield they yield before.
        self.expect_watches().await;
        self.watches.clear();
        fixture.close().await;
        fixture.open().await;
        let (one, other) = fixture.handles();
        self.handles = [one, other];
        self.open().await;
    }

    async fn submit(&mut self) {
        let mut known = Vec::new();
        for _ in 0..self.dice.random_range(1..4) {
            let name = QUEUES[self.dice.random_range(0..2)];
            let own_id =
                self.dice.random_bool(0.5).then(|| format!("own/{}", self.tasks.len() + known.len()));
            known.push((name, own_id));
        }
        let tasks = known.iter().map(|(name, own_id)| NewTask {
            id: own_id.as_ref().and_then(|text| own(text)),
            ..task(name, "x")
        });
        let answers = submit_any(&*self.engine(), tasks.collect()).await;
        for ((queue, own_id), answer) in known.into_iter().zip(answers) {
            let seq = answer.unwrap().seq;
            let id = own_id.unwrap_or_else(|| seq.to_string());
            let (failures, said) = (BTreeMap::new(), BTreeMap::new());
            self.tasks.push(Known { seq, id, queue, is_cancelled: false, failures, said });
        }
    }

    /// A member takes what is there for it.
    async fn take(&mut self) {
        let engine = self.engine();
        let n = self.dice.random_range(0..self.members.len());
        let working = &mut self.members[n];
        let Some(member) = &mut working.member else { return };
        while let Some(leased) = member.poll(&*engine).await {
            working.held.push(leased);
        }
    }

    /// Somebody says a word of a lease; now and then of one of old.
    async fn tell(&mut self) {
        let engine = self.engine();
        let n = self.dice.random_range(0..self.members.len());
        let of_old = self.dice.random_bool(0.1);
        let working = &mut self.members[n];
        let leases = if of_old { &mut working.settled } else { &mut working.held };
        if leases.is_empty() {
            return;
        }
        let place = self.dice.random_range(0..leases.len());
        let leased = leases[place].clone();
        let word = [Word::Done, Word::Failed, Word::Released, Word::Rejected, Word::Working]
            [self.dice.random_range(0..5)];
        let teller = self.dice.random_bool(0.3).then(|| client(self.dice.random_range(200..210)));
        let answer = Answer {
            exit_code: self.dice.random_bool(0.5).then(|| self.dice.random_range(-3..200)),
            stderr: "e".repeat(self.dice.random_range(0..20)),
            ret_cut: self.dice.random_bool(0.2),
            ..Answer::text(format!("{word:?} {}", self.dice.random_range(0..1_000_000)))
        };
        // A pause that nobody waits for would leave what is next to chance.
        let delay_ms = Some(0);
        let (answered, client_told) = (answer.clone(), teller.clone());
        let telling = Told { answer, delay_ms, client: teller, ..told(&leased.lease, word) };
        let (verdict, late) = tell(&*engine, telling).await;
        assert!(!late, "no lease ends by itself here");
        if word == Word::Working || verdict != Verdict::Ok {
            return;
        }
        let working = &mut self.members[n];
        working.held.retain(|held| held.lease != leased.lease);
        let holder = client(working.number);
        let group = working.group;
        working.settled.push(leased.clone());
        let n = self.tasks.iter().position(|task| task.seq == leased.seq).unwrap();
        let failures = self.tasks[n].failures.entry(group).or_default();
        *failures += u32::from(word == Word::Failed);
        let state = match word {
            Word::Done => State::Done,
            Word::Released => State::Ready,
            Word::Failed if *failures < MAX_FAILURES => State::Waiting,
            _ => State::Dead,
        };
        self.wanted.push(ResultView {
            group: Some(named(group)),
            client: Some(client_told.unwrap_or(holder)),
            word: Some(word),
            state,
            attempt: leased.attempt,
            answer: answered,
            ..self.record(n)
        });
    }

    /// The next result, of this task: that it was cancelled, and nothing else.
    fn record(&self, n: usize) -> ResultView {
        let task = &self.tasks[n];
        ResultView {
            n: self.wanted.len() as u64 + 1,
            id: task.id.clone(),
            seq: task.seq,
            queue: queue(task.queue),
            group: None,
            client: None,
            word: None,
            state: State::Cancelled,
            end: None,
            attempt: 0,
            late: false,
            answer: Answer::default(),
            at_ms: 0,
        }
    }

    /// Somebody who works nowhere speaks of a task.
    async fn note(&mut self) {
        let engine = self.engine();
        if self.tasks.is_empty() {
            return;
        }
        let n = self.dice.random_range(0..self.tasks.len());
        if self.tasks[n].is_cancelled {
            return;
        }
        let number = SPEAKERS[self.dice.random_range(0..SPEAKERS.len())];
        let word = [Word::Done, Word::Received, Word::Failed][self.dice.random_range(0..3)];
        let (was_received, was_done) = self.tasks[n].said.get(&number).copied().unwrap_or_default();
        if was_done && word == Word::Failed {
            return;
        }
        let text =
            if self.dice.random_bool(0.5) { self.tasks[n].id.clone() } else { self.tasks[n].seq.to_string() };
        let answer = Answer::text(format!("{word:?} {}", self.dice.random_range(0..1_000_000)));
        let telling = Told { answer: answer.clone(), ..told_by_id(&text, word, Some(number)) };
        assert_eq!(tell(&*engine, telling).await, (Verdict::Noted, false));
        let task = &mut self.tasks[n];
        let said = task.said.entry(number).or_default();
        *said = (was_received || word == Word::Received, was_done || word == Word::Done);
        let is_new = match word {
            Word::Done => !was_done,
            Word::Received => !was_received && !was_done,
            _ => true,
        };
        if is_new {
            self.wanted.push(ResultView {
                group: Some(named(&format!("@w{number}"))),
                client: Some(client(number)),
                word: Some(word),
                // Only of what is done it is said here where it stands.
                state: if word == Word::Done { State::Done } else { State::Logged },
                answer,
                ..self.record(n)
            });
        }
    }

    async fn cancel(&mut self) {
        let engine = self.engine();
        if self.tasks.is_empty() {
            return;
        }
        let n = self.dice.random_range(0..self.tasks.len());
        let task = &mut self.tasks[n];
        let judged = in_time(engine.cancel(vec![id(&task.id)])).await.unwrap()[0].verdict;
        assert_eq!(judged, if task.is_cancelled { Verdict::Duplicate } else { Verdict::Ok });
        if task.is_cancelled {
            return;
        }
        task.is_cancelled = true;
        let seq = task.seq;
        for working in &mut self.members {
            let (over, held) =
                std::mem::take(&mut working.held).into_iter().partition(|held| held.seq == seq);
            working.held = held;
            working.settled.extend::<Vec<Leased>>(over);
        }
        self.wanted.push(self.record(n));
    }

    /// Somebody begins to wait for a task, or to watch all.
    async fn watch(&mut self) {
        let engine = self.engine();
        let task = match self.dice.random_range(0..=self.tasks.len()) {
            0 => None,
            n => Some(n - 1),
        };
        let filter = task.map_or(log(Start::First), |n| of(&[&self.tasks[n].id]));
        self.watches.push((task, Listener::open(&*engine, filter).await));
    }

    /// What there is, from anywhere, of anything.
    async fn look(&mut self) {
        let engine = self.engine();
        assert_eq!(alike(all(&*engine).await), alike(self.wanted.clone()));
        let from = self.dice.random_range(1..self.wanted.len() as u64 + 2);
        let name = QUEUES[self.dice.random_range(0..2)];
        let filter = ResultFilter::Log {
            queue: Some(queue(name)),
            group: None,
            store: Some(engine.store_id().to_owned()),
            start: Start::Seq(from),
            until_empty: true,
        };
        let seen = Listener::open(&*engine, filter).await.rest().await.unwrap();
        let wanted = self.wanted.iter().filter(|result| result.n >= from && result.queue == queue(name));
        assert_eq!(alike(seen), alike(wanted.cloned()));
    }

    /// Each watch yields what it has to, from the first to the last, and those of cancelled tasks end.
    async fn expect_watches(&mut self) {
        let engine = self.engine();
        for (task, mut watch) in std::mem::take(&mut self.watches) {
            let is_wanted = |result: &&ResultView| task.is_none_or(|n| self.tasks[n].seq == result.seq);
            let wanted: Vec<ResultView> = self.wanted.iter().filter(is_wanted).cloned().collect();
            let seen = if task.is_some_and(|n| self.tasks[n].is_cancelled) {
                watch.rest().await.unwrap()
            } else {
                let seen = watch.take(wanted.len()).await;
                watch.expect_quiet(&*engine).await;
                seen
            };
            assert_eq!(alike(seen), alike(wanted));
        }
    }

    async fn finish(mut self) {
        self.look().await;
        self.expect_watches().await;
        // Once everything is thrown away, each task is said to be gone, but for those that had ended.
        let one = self.engine();
        let mut waiting = Vec::new();
        for (n, task) in self.tasks.iter().enumerate() {
            waiting.push((n, Listener::open(&*one, of(&[&task.id])).await));
        }
        for (n, watch) in &mut waiting {
            let wanted = self.wanted.iter().filter(|result| result.seq == self.tasks[*n].seq).count();
            watch.take(wanted).await;
        }
        for name in QUEUES {
            // Without a task there may be no queue.
            let _ = in_time(one.purge(queue(name), None)).await;
        }
        for (n, mut watch) in waiting {
            let ended: Vec<(u64, State)> =
                watch.rest().await.unwrap().iter().map(|result| (result.n, result.state)).collect();
            let gone = if self.tasks[n].is_cancelled { vec![] } else { vec![(0, State::Gone)] };
            assert_eq!(ended, gone);
        }
        assert_eq!(all(&*one).await, []);
    }
}

/// Without what an engine may choose: times, and where a task stands of which something was said without a lease.
fn alike(results: impl IntoIterator<Item = ResultView>) -> Vec<ResultView> {
    let alike = |result: ResultView| {
        let is_open = result.attempt == 0 && matches!(result.word, Some(Word::Received | Word::Failed));
        let state = if is_open { State::Logged } else { result.state };
        // How the attempts of a cancelled task ended is each group's matter.
        let end = if result.state == State::Cancelled { None } else { result.end };
        ResultView { at_ms: 0, state, end, ..result }
    };
    results.into_iter().map(alike).collect()
}
