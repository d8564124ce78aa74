//! Random histories of the machine from seeds, against a naive [`model`]: members that die, stall, come back,
//! settle late and twice; frames that are lost; restarts and failed writes between any two steps; clocks that
//! jump. A run that fails is run again with its history on record, and prints it; `CONTACT_TEST_SEED=N` runs
//! that one alone, `CONTACT_TEST_RUNS=N` so many.

#![allow(clippy::print_stderr, clippy::disallowed_macros, reason = "a history is to be seen")]

use std::{collections::BTreeSet, panic::AssertUnwindSafe};

use super::{Effect, Fact, Fresh, GroupNo, Head, Holder, Hungry, Machine, Now, StreamId};

mod acts;
mod checks;
mod disk;
mod driver;
mod model;

use disk::Disk;
use model::Model;

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
