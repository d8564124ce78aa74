//! Random histories of the machine from seeds, against a naive [`model`]: members that die, stall, come back,
//! settle late and twice; frames that are lost; restarts and failed writes between any two steps; clocks that
//! jump. A run that fails is run again with its history on record, and prints it; `CONTACT_TEST_SEED=N` runs
//! that one alone, `CONTACT_TEST_RUNS=N` so many.

#![allow(clippy::print_stderr, clippy::disallowed_macros, reason = "a history is to be seen")]

use std::{collections::BTreeSet, panic::AssertUnwindSafe};

use super::{
    Effect, Fact, Fresh, GroupNo, Head, Holder, Hungry, Join, Machine, Note, Now, Open, Outcome, Past,
    QueueNo, Stand, StreamEnd, StreamId, Telling, Terms,
    settle::Key,
    words::{Settings, Word},
};

mod disk;
mod model;

use disk::Disk;
use model::{Model, State, id_of};

const RUNS: u64 = 10_000;
const STEPS: usize = 100;
const PEOPLE: usize = 4;
const QUEUES: usize = 3;
const MAX_GROUPS: usize = 5;
const MAX_TASKS: usize = 60;
const YEAR_MS: u64 = 365 * 24 * 3_600_000;
const HOUR_MS: u64 = 3_600_000;

#[test]
fn random_histories_are_as_the_design_says() {
    let number = |name| std::env::var(name).ok().map(|n: String| n.parse::<u64>().unwrap());
    let one = number("CONTACT_TEST_SEED");
    let first = one.unwrap_or_else(|| rand::random::<u64>() >> 16);
    let runs = if one.is_some() { 1 } else { number("CONTACT_TEST_RUNS").unwrap_or(RUNS) };
    eprintln!("machine: seeds from {first}");
    for seed in first..first + runs {
        let run = |records: bool| {
            let mut run = Run::new(seed, records);
            let end = std::panic::catch_unwind(AssertUnwindSafe(|| run.run()));
            (end.is_ok(), run.history)
        };
        if one.is_none() && run(false).0 {
            continue;
        }
        let (is_good, history) = run(true);
        if !is_good {
            for line in history {
                eprintln!("{line}");
            }
            panic!("again with CONTACT_TEST_SEED={seed}");
        }
    }
}

struct Run {
    dice: Dice,
    machine: Machine,
    model: Model,
    disk: Disk,
    clients: Vec<Client>,
    /// Offers that were asked for and not made.
    asked: Vec<Asked>,
    /// Streams whose end was shown and that are yet to be closed.
    closing: Vec<StreamId>,
    batch: Batch,
    next_seq: u64,
    next_stream: StreamId,
    records: bool,
    history: Vec<String>,
}

/// What a process knows.
#[derive(Clone, Default)]
struct Client {
    have: BTreeSet<(GroupNo, u64, u32)>,
    streams: BTreeSet<StreamId>,
}

/// The tasks may have been read long before they are offered.
struct Asked {
    hungry: Hungry,
    read: Option<(u64, Vec<Fresh>)>,
}

/// What is decided and not yet on disk.
#[derive(Default)]
struct Batch {
    facts: Vec<Fact>,
    holders: Vec<Holder>,
    effects: Vec<Effect>,
    /// Queues that were trimmed.
    trimmed: Vec<usize>,
    /// Heads of new groups.
    heads: Vec<Head>,
}

impl Run {
    fn new(seed: u64, records: bool) -> Self {
        let now = Now { ms: 1_000_000, server_ms: 50 * YEAR_MS };
        Run {
            dice: Dice(seed),
            machine: Machine::default(),
            model: Model::new(QUEUES, PEOPLE, now),
            disk: Disk::default(),
            clients: vec![Client::default(); PEOPLE],
            asked: Vec::new(),
            closing: Vec::new(),
            batch: Batch::default(),
            next_seq: 1,
            next_stream: 1,
            records,
            history: Vec::new(),
        }
    }

    fn run(&mut self) {
        self.add_group();
        self.commit();
        for step in 0..STEPS {
            self.log(|_| format!("-- {step}"));
            self.step();
            if self.records || step % 8 == 7 || step + 1 == STEPS {
                self.check();
            }
        }
    }

    /// A batch: it is decided item by item, then written, then shown; or the write fails.
    fn step(&mut self) {
        let fails = self.dice.one_in(50);
        let before = fails.then(|| (self.model.clone(), self.clients.clone(), self.next_seq));
        for _ in 0..[1, 1, 1, 2, 5][self.dice.below(5)] {
            self.act();
        }
        if !self.dice.one_in(10) {
            self.pump();
        }
        if let Some((model, clients, next_seq)) = before {
            self.log(|_| "the write fails".into());
            let now = self.model.now;
            (self.model, self.clients, self.next_seq) = (model, clients, next_seq);
            self.model.now = now;
            self.restart();
            return;
        }
        self.commit();
        self.check_next_tick();
        if self.dice.one_in(6) {
            self.fold();
        }
        if self.dice.one_in(30) {
            self.log(|_| "restart".into());
            self.restart();
        }
    }

    fn act(&mut self) {
        match self.dice.below(100) {
            0..14 => self.grow(),
            14..28 => self.join(),
            28..32 => self.leave(),
            32..36 => self.attend(),
            36..38 => self.unattend(),
            38..44 => self.heard(),
            44..68 => self.settle(),
            68..71 => self.note(),
            71..73 => self.cancel(),
            73..74 => self.trim(),
            74..77 => self.redrive(),
            77..79 => self.set(),
            79..80 => self.add_group(),
            80..95 => self.pass_time(),
            _ => self.offer(),
        }
    }

    // What is done to it.

    fn grow(&mut self) {
        for _ in 0..1 + self.dice.below(4) {
            let queue = self.dice.below(QUEUES);
            if self.model.queues[queue].log.len() >= MAX_TASKS {
                continue;
            }
            let seq = self.next_seq;
            self.next_seq += if self.dice.one_in(12) { 700 } else { 1 };
            let expires_ms = if self.dice.one_in(6) {
                self.model.now.server_ms + [500, 10_000, HOUR_MS][self.dice.below(3)]
            } else {
                0
            };
            self.log(|_| format!("task {seq} in queue {queue} expires {expires_ms}"));
            self.model.grow(queue, seq, expires_ms);
            self.machine.grow(queue as QueueNo, seq);
        }
        self.expect(&[]);
    }

    fn add_group(&mut self) {
        let no = self.model.groups.len();
        if no == MAX_GROUPS {
            return;
        }
        let queue = no % QUEUES;
        let log = &self.model.queues[queue];
        let from_new = self.dice.one_in(3);
        let passed = if from_new { log.log.len() } else { log.trimmed };
        let first_seq = if from_new { self.next_seq } else { log.trimmed_seq + 1 };
        let head = Head {
            next_seq: first_seq,
            passed: passed as u64,
            trimmed_seq: if self.dice.one_in(2) { log.trimmed_seq } else { 0 },
            ..Head::default()
        };
        self.log(|_| format!("group {no} of queue {queue} from {first_seq}"));
        self.model.add_group(queue, first_seq);
        self.machine.add_group(no as GroupNo, queue as QueueNo, head);
        self.batch.heads.push(head);
        self.expect(&[]);
    }

    fn join(&mut self) {
        let person = self.dice.below(PEOPLE);
        // Mostly one of a few watches, so that it is often the same again.
        let groups = self.model.groups.len();
        let mut wanted: Vec<GroupNo> = (0..groups as GroupNo).collect();
        wanted.rotate_left(if self.dice.one_in(4) { self.dice.below(groups) } else { person % groups });
        if self.dice.one_in(3) {
            wanted.reverse();
        }
        wanted.truncate(1 + self.dice.below(2));
        let lease_ms = [1_000, 5_000, 60_000][self.dice.below(3)];
        let terms = Terms {
            max_in_flight: [1, 1, 2, 3, 8][self.dice.below(5)],
            lease_ms,
            max_hold_ms: [2_000, 30_000, 12 * HOUR_MS, 12 * HOUR_MS][self.dice.below(4)],
            grace_ms: [1_000, 20_000, lease_ms][self.dice.below(3)],
        };
        let stream = self.next_stream;
        self.next_stream += 1;
        let until = |model: &Model| {
            let last =
                |no: &GroupNo| model.queues[model.groups[*no as usize].queue].log.last().map_or(0, |e| e.seq);
            wanted.iter().map(last).collect()
        };
        let join = Join {
            stream,
            instance: id_of(person),
            client: Some(if self.dice.one_in(8) { "other".into() } else { "one".into() }),
            left: self.dice.one_in(5).then(|| 1 + self.dice.below(3) as u64),
            until: self.dice.one_in(4).then(|| until(&self.model)),
            groups: wanted,
            terms,
            have: self.clients[person].have.clone(),
        };
        self.log(|_| format!("{join:?}"));
        self.clients[person].streams.insert(stream);
        let effects = self.model.join(person, &join);
        self.machine.join(self.model.now, join);
        self.expect(&effects);
    }

    fn leave(&mut self) {
        let stream = if !self.closing.is_empty() && !self.dice.one_in(3) {
            self.closing.swap_remove(0)
        } else {
            let person = self.dice.below(PEOPLE);
            let streams: Vec<StreamId> = self.clients[person].streams.iter().copied().collect();
            if streams.is_empty() {
                return;
            }
            streams[self.dice.below(streams.len())]
        };
        self.log(|_| format!("stream {stream} is closed"));
        for client in &mut self.clients {
            client.streams.remove(&stream);
        }
        self.model.leave(stream);
        self.machine.leave(self.model.now, stream);
        self.expect(&[]);
    }

    fn attend(&mut self) {
        let person = self.dice.below(PEOPLE);
        self.log(|_| format!("{person} attends"));
        self.model.attend(person);
        self.machine.attend(self.model.now, id_of(person), None);
        self.expect(&[]);
    }

    fn unattend(&mut self) {
        let person = self.dice.below(PEOPLE);
        if self.model.people[person].attending == 0 {
            return;
        }
        self.log(|_| format!("{person} attends no more"));
        self.model.unattend(person);
        self.machine.unattend(self.model.now, id_of(person));
        self.expect(&[]);
    }

    fn heard(&mut self) {
        for person in 0..PEOPLE {
            if self.model.people[person].attending > 0 && self.dice.one_in(2) {
                let stop = self.dice.one_in(12);
                self.log(|_| format!("{person} is heard, stop {stop}"));
                self.model.heard(person, stop);
                self.machine.heard(self.model.now, id_of(person), stop);
            }
        }
        self.expect(&[]);
    }

    fn settle(&mut self) {
        for _ in 0..1 + self.dice.below(3) {
            let Some(key) = self.any_key() else { return };
            let word = match self.dice.below(16) {
                0..5 => Word::Done,
                5..8 => Word::Failed,
                8..11 => Word::Released,
                11..13 => Word::Rejected,
                13..15 => Word::Working,
                _ => Word::Received,
            };
            let delay_ms = self.dice.one_in(5).then(|| [0, 1, 10_000][self.dice.below(3)]);
            let before = self.records.then(|| self.machine.digest());
            let trimmed_seq = self.trimmed_seq(key.group as usize);
            let lacks = self.machine.lacks(key.group, key.seq);
            let written = self.disk.past(key.group, key.seq).filter(|_| lacks && key.seq > trimmed_seq);
            let is_gone = self.model.is_purged(key.group as usize, key.seq);
            let telling = Telling { word, delay_ms, said: None };
            let judged = self.machine.settle(self.model.now, key, telling, written, is_gone);
            let (facts, effects) = self.took();
            self.log(|_| format!("{word:?} {delay_ms:?} {key:?}: {judged:?} {facts:?}"));
            let (verdict, notices) = self.model.settle(key, word, delay_ms, &facts);
            assert_eq!((judged.verdict, judged.late), verdict);
            assert_eq!(effects, notices);
            let changes = verdict.0 == super::words::Verdict::Ok;
            assert!(changes || before.is_none_or(|before| before == self.machine.digest()), "fenced");
        }
    }

    /// A lease that is in force, that was, or that never was.
    fn any_key(&mut self) -> Option<Key> {
        let leases = self.model.leases();
        if !leases.is_empty() && !self.dice.one_in(3) {
            let (group, place) = leases[self.dice.below(leases.len())];
            return Some(self.model.key_of(group, place));
        }
        let groups = self.model.groups.len() + usize::from(self.dice.one_in(20));
        let group = self.dice.below(groups);
        if group == self.model.groups.len() || self.dice.one_in(20) {
            let seq = self.dice.below(self.next_seq as usize + 3) as u64;
            return Some(Key { group: group as GroupNo, seq, attempt: self.dice.below(4) as u32 });
        }
        let place = self.any_place(group)?;
        let mut key = self.model.key_of(group, place);
        if self.dice.one_in(3) {
            key.attempt = self.dice.below(key.attempt as usize + 2) as u32;
        }
        Some(key)
    }

    /// Mostly of a task that has been handed out, or that is not trimmed.
    fn any_place(&mut self, group: usize) -> Option<usize> {
        let places = self.model.groups[group].tasks.len();
        if places == 0 {
            return None;
        }
        let mut place = self.dice.below(places);
        for _ in 0..3 {
            let task = &self.model.groups[group].tasks[place];
            if task.state == State::Gone || task.attempts.is_empty() {
                place = self.dice.below(places);
            }
        }
        Some(place)
    }

    fn note(&mut self) {
        let group = self.dice.below(self.model.groups.len());
        let places = self.model.groups[group].tasks.len();
        if places == 0 {
            return;
        }
        let place = self.dice.below(places);
        let seq = self.model.seq_of(group, place);
        if seq <= self.trimmed_seq(group) {
            return;
        }
        let note = if self.dice.one_in(2) { Note::Done } else { Note::Received };
        self.log(|_| format!("roll-call of group {group}: {seq} {note:?}"));
        self.machine.note(self.model.now, group as GroupNo, seq, note);
        self.model.note(group, place, note);
        self.expect(&[]);
    }

    fn cancel(&mut self) {
        let queue = self.dice.below(QUEUES);
        let log = &self.model.queues[queue];
        if log.log.len() == log.trimmed {
            return;
        }
        let place = log.trimmed + self.dice.below(log.log.len() - log.trimmed);
        let seq = log.log[place].seq;
        self.log(|_| format!("cancel {seq}"));
        let cancelled = self.machine.cancel(self.model.now, queue as QueueNo, seq);
        let (expected, effects) = self.model.cancel(queue, place);
        assert_eq!(cancelled, expected);
        self.expect(&effects);
    }

    fn trim(&mut self) {
        let queue = self.dice.below(QUEUES);
        let log = &self.model.queues[queue];
        if log.log.len() == log.trimmed {
            return;
        }
        let left = log.log.len() - log.trimmed;
        let place = log.trimmed + if self.dice.one_in(4) { left - 1 } else { self.dice.below(left.min(6)) };
        let upto = self.model.queues[queue].log[place].seq;
        self.log(|_| format!("trim queue {queue} up to {upto}"));
        let next_seqs = self.next_seqs();
        self.machine.trim(queue as QueueNo, upto, place as u64 + 1);
        let effects = self.model.trim(queue, upto, &next_seqs);
        if self.dice.one_in(2) {
            self.model.queues[queue].purged_seq = upto;
        }
        self.batch.trimmed.push(queue);
        self.expect(&effects);
    }

    fn redrive(&mut self) {
        let group = self.dice.below(self.model.groups.len());
        for _ in 0..3 {
            let Some(place) = self.any_place(group) else { return };
            let seq = self.model.seq_of(group, place);
            self.log(|_| format!("redrive {seq} in {group}"));
            let is_dead = self.machine.redrive(self.model.now, group as GroupNo, seq);
            assert_eq!(is_dead, self.model.redrive(group, place));
        }
        self.took();
    }

    fn set(&mut self) {
        let group = self.dice.below(self.model.groups.len());
        let settings = Settings {
            max_failures: [0, 1, 2, 5][self.dice.below(4)],
            backoff_ms: [0, 1_000, 7_000][self.dice.below(3)],
            backoff_max_ms: [1_000, 20_000, 300_000][self.dice.below(3)],
            paused: self.dice.one_in(3),
            ..Settings::default()
        };
        self.log(|_| format!("group {group} {settings:?}"));
        self.machine.set(self.model.now, group as GroupNo, settings);
        self.model.groups[group].settings = settings;
        self.expect(&[]);
    }

    fn pass_time(&mut self) {
        let next = self.machine.next_tick_ms().map_or(1, |ms| ms.saturating_sub(self.model.now.ms));
        let ms = match self.dice.below(12) {
            0 => 0,
            1 => 1,
            2..4 => self.dice.below(500) as u64,
            4..6 => 1_000,
            6..8 => 5_000,
            8 => 20_000,
            9 => 60_000,
            10 if self.dice.one_in(4) => 13 * HOUR_MS,
            _ => next,
        };
        let now = &mut self.model.now;
        (now.ms, now.server_ms) = (now.ms + ms, now.server_ms + ms);
        match self.dice.below(60) {
            0 if now.server_ms > 40 * YEAR_MS => now.server_ms -= YEAR_MS,
            1 => now.server_ms += YEAR_MS,
            _ => {}
        }
        self.log(|run| format!("it is {:?}", run.model.now));
        if !self.dice.one_in(10) {
            self.machine.tick(self.model.now);
            let (facts, effects) = self.took();
            self.log(|_| format!("tick: {facts:?}"));
            let expected = self.model.tick(&facts);
            assert_eq!(effects, expected);
        }
    }

    // The driver's part.

    fn pump(&mut self) {
        loop {
            self.machine.pump(self.model.now);
            let (facts, effects) = self.took();
            let next_seqs = self.next_seqs();
            self.log(|_| format!("pump: {facts:?} {effects:?} {next_seqs:?}"));
            self.model.pump(&facts, &effects, &next_seqs);
            let hungry = self.machine.take_hungry();
            if hungry.is_empty() {
                break;
            }
            for hungry in hungry {
                assert!(self.asked.iter().all(|a| a.hungry.group != hungry.group), "asked twice");
                let read = self.dice.one_in(2).then(|| self.read(hungry));
                self.asked.push(Asked { hungry, read });
                if !self.dice.one_in(6) {
                    self.offer();
                }
            }
        }
        if self.asked.is_empty() {
            let making = |person| self.machine.instances.get(&id_of(person)).and_then(|i| i.makes_room_for);
            let making_room: Vec<_> = (0..PEOPLE).map(making).collect();
            self.model.check_nobody_waits(&making_room);
        }
    }

    /// Makes an offer that was asked for, perhaps long ago.
    fn offer(&mut self) {
        let Some(asked) = self.asked.pop() else { return };
        let (upto_seq, tasks) = asked.read.unwrap_or_else(|| self.read(asked.hungry));
        let Hungry { group, from_seq, .. } = asked.hungry;
        self.log(|_| format!("offer {group}: {from_seq} to {upto_seq}: {tasks:?}"));
        self.machine.offer(group, from_seq, upto_seq, tasks);
        self.expect(&[]);
    }

    /// All there is, or a piece.
    fn read(&mut self, hungry: Hungry) -> (u64, Vec<Fresh>) {
        let queue = &self.model.queues[hungry.queue as usize];
        let last_seq = queue.log.last().map_or(0, |entry| entry.seq);
        assert!(hungry.from_seq <= last_seq, "there is nothing to be offered");
        let upto_seq = if self.dice.one_in(3) {
            hungry.from_seq + self.dice.below((last_seq - hungry.from_seq + 1).min(4) as usize) as u64
        } else {
            last_seq
        };
        let in_range = |seq| (hungry.from_seq..=upto_seq).contains(&seq) && seq > queue.trimmed_seq;
        let tasks = queue.log.iter().filter(|entry| in_range(entry.seq));
        (upto_seq, tasks.map(|entry| Fresh { seq: entry.seq, expires_ms: entry.expires_ms }).collect())
    }

    fn commit(&mut self) {
        self.batch.holders.extend(self.machine.take_holders());
        let batch = std::mem::take(&mut self.batch);
        for head in batch.heads {
            self.disk.add_group(head);
        }
        self.disk.append(self.model.now.ms, batch.facts, batch.holders);
        for queue in batch.trimmed {
            for group in 0..self.model.groups.len() {
                if self.model.groups[group].queue == queue {
                    self.disk.write_head(&self.machine, group as GroupNo);
                }
            }
        }
        for effect in batch.effects {
            self.show(effect);
        }
    }

    fn show(&mut self, effect: Effect) {
        match effect {
            Effect::Deliver { stream, group, seq, attempt } => {
                let is_lost = self.dice.one_in(8);
                if let Some(client) =
                    self.clients.iter_mut().find(|c| c.streams.contains(&stream) && !is_lost)
                {
                    client.have.insert((group, seq, attempt));
                }
            }
            Effect::End { stream, end } => {
                assert!(end == StreamEnd::Done || stream < self.next_stream);
                self.closing.push(stream);
            }
            Effect::Notice { instance, group, seq, attempt, .. } => {
                let client = (0..PEOPLE).find(|person| id_of(*person) == instance).unwrap();
                self.clients[client].have.remove(&(group, seq, attempt));
            }
        }
    }

    /// Some of what has changed is written to its place.
    fn fold(&mut self) {
        if self.dice.one_in(3) {
            let trimmed = |no: GroupNo| self.model.queues[self.model.groups[no as usize].queue].trimmed_seq;
            self.disk.write_all(&mut self.machine, trimmed);
            return;
        }
        if self.dice.one_in(2) {
            self.disk.take_dirty(&mut self.machine);
        }
        for group in self.disk.late_heads() {
            if self.dice.one_in(2) {
                self.disk.write_head(&self.machine, group);
            }
        }
        for page in self.disk.late_pages() {
            if self.dice.one_in(2) {
                let trimmed_seq = self.trimmed_seq(page.0 as usize);
                self.disk.write_page(&self.machine, page, trimmed_seq);
            }
        }
        if self.dice.one_in(2) {
            self.disk.tell(&mut self.machine);
        }
    }

    /// The machine is made anew from what is written down, after a while.
    fn restart(&mut self) {
        let ms = [0, 500, 30_000, HOUR_MS][self.dice.below(4)];
        let now = &mut self.model.now;
        (now.ms, now.server_ms) = (now.ms + ms, now.server_ms + ms);
        self.machine = self.disk.machine(&self.model);
        self.model.restart(|group, seq| {
            let open = self.machine.groups[&(group as GroupNo)].open.get(&seq);
            open.and_then(Open::lease).expect("a lease is lost").since_ms
        });
        assert_eq!(self.disk.groups(), self.model.groups.len());
        self.batch = Batch::default();
        self.asked.clear();
        self.closing.clear();
        for client in &mut self.clients {
            client.streams.clear();
        }
        let next_seqs = self.next_seqs();
        self.model.pass_back(&next_seqs, |group, seq| {
            self.machine.groups[&(group as GroupNo)].notes.get(&seq).copied()
        });
        // What has waited long enough meanwhile; leases have just got their full time.
        self.machine.tick(self.model.now);
        self.expect(&[]);
        self.model.tick(&[]);
        self.check();
    }

    // What is looked at.

    fn took(&mut self) -> (Vec<Fact>, Vec<Effect>) {
        let (facts, effects) = (self.machine.take_facts(), self.machine.take_effects());
        self.batch.facts.extend(facts.iter().cloned());
        self.batch.effects.extend(effects.iter().cloned());
        (facts, effects)
    }

    fn expect(&mut self, expected: &[Effect]) {
        let (_, effects) = self.took();
        assert_eq!(effects, expected);
    }

    fn next_seqs(&self) -> Vec<u64> {
        (0..self.model.groups.len()).map(|no| self.machine.head(no as GroupNo).unwrap().next_seq).collect()
    }

    fn trimmed_seq(&self, group: usize) -> u64 {
        self.model.groups.get(group).map_or(0, |group| self.model.queues[group.queue].trimmed_seq)
    }

    fn check_next_tick(&self) {
        if let Some(due_ms) = self.model.due_ms() {
            let next_ms = self.machine.next_tick_ms().expect("there is something to come back for");
            assert!(next_ms <= due_ms.max(self.model.now.ms), "next tick at {next_ms}, due at {due_ms}");
        }
    }

    /// Every task of every group, and the counts.
    fn check(&self) {
        for no in 0..self.model.groups.len() {
            let group = &self.model.groups[no];
            let (mut leased, mut waiting, mut dead, mut ready, mut suspects, mut passed) = (0, 0, 0, 0, 0, 0);
            let counts = self.machine.counts(no as GroupNo).unwrap();
            for (place, task) in group.tasks.iter().enumerate() {
                self.check_task(no, place);
                passed += u64::from(self.model.seq_of(no, place) < counts.head.next_seq);
                match task.state {
                    State::Ready if !task.attempts.is_empty() => {
                        ready += 1;
                        suspects += u64::from(task.suspect);
                    }
                    State::Leased => leased += 1,
                    State::Waiting { .. } => waiting += 1,
                    State::Dead => dead += 1,
                    _ => {}
                }
            }
            let head = Head {
                next_seq: counts.head.next_seq,
                passed,
                done: group.done,
                trimmed_unsettled: group.trimmed_unsettled,
                trimmed_seq: counts.head.trimmed_seq,
                settings: group.settings,
            };
            let watches = self.model.watches.iter();
            let members =
                watches.filter(|w| w.stream.is_some() && w.groups.contains(&(no as GroupNo))).count() as u64;
            let seen =
                (counts.head, counts.leased, counts.waiting, counts.dead, counts.ready, counts.suspects);
            assert_eq!(seen, (head, leased, waiting, dead, ready, suspects), "counts of group {no}");
            assert_eq!(counts.members, members, "members of group {no}");
            assert!(counts.head.next_seq >= group.first_seq);
        }
    }

    fn check_task(&self, no: usize, place: usize) {
        let (model, group) = (&self.model.groups[no].tasks[place], &self.machine.groups[&(no as GroupNo)]);
        let seq = self.model.seq_of(no, place);
        let say = || format!("task {seq} of group {no}: {model:?}");
        let ends = model.ends();
        let past = group.past.get(&seq).or_else(|| self.disk.past(no as GroupNo, seq));
        let is_ahead = seq >= group.head.next_seq;
        let stand = match model.state {
            State::Before | State::Gone => {
                assert!(!group.open.contains_key(&seq) && !is_ahead, "{}", say());
                return;
            }
            State::Ready if model.attempts.is_empty() => {
                assert!(is_ahead && past.is_none() && !group.open.contains_key(&seq), "{}", say());
                assert_eq!(group.notes.get(&seq).copied(), model.note, "{}", say());
                return;
            }
            State::Done | State::Cancelled | State::Expired if model.attempts.is_empty() => {
                assert!(!group.open.contains_key(&seq), "{}", say());
                let is_done = group.notes.get(&seq) == Some(&Note::Done)
                    || past == Some(&Past { outcome: Outcome::Done, ends });
                assert!(is_done == (model.state == State::Done), "{}", say());
                return;
            }
            State::Done | State::Cancelled | State::Expired => {
                let outcome = match model.state {
                    State::Done => Outcome::Done,
                    State::Cancelled => Outcome::Cancelled,
                    _ => Outcome::Expired,
                };
                assert_eq!(past, Some(&Past { outcome, ends }), "{}", say());
                assert!(!group.open.contains_key(&seq) && !is_ahead, "{}", say());
                return;
            }
            State::Ready => Stand::Ready,
            State::Waiting { until_ms } => Stand::Waiting { until_ms },
            State::Dead => Stand::Dead,
            State::Leased => {
                let Some(Open { stand: Stand::Leased(lease), .. }) = group.open.get(&seq) else {
                    panic!("{}", say());
                };
                let attempt = model.attempts.last().unwrap();
                let member = &self.machine.members[&lease.member];
                let watch = &self.model.watches[attempt.watch];
                assert_eq!(member.instance, id_of(watch.person), "{}", say());
                assert_eq!((&member.groups, member.terms), (&watch.groups, watch.terms), "{}", say());
                assert!(member.held.contains(&(no as GroupNo, seq)), "{}", say());
                assert_eq!(lease.since_ms, attempt.since_ms, "{}", say());
                Stand::Leased(*lease)
            }
        };
        let open = group.open.get(&seq).unwrap_or_else(|| panic!("lost: {}", say()));
        let seen = (open.stand, open.failures, open.suspect, &open.ends);
        assert_eq!(seen, (stand, model.failures, model.suspect, &ends), "{}", say());
    }

    fn log(&mut self, line: impl FnOnce(&Self) -> String) {
        if self.records {
            let line = line(self);
            self.history.push(line);
        }
    }
}

/// SplitMix64.
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
