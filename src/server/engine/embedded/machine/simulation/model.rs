//! What should be, naively: of every task in every group the list of its attempts, when each began and how it
//! ended; of every process when it was last heard. Nothing is indexed, nothing is forgotten. Who of those that
//! may is handed a task is not foretold: that is observed and judged.

use std::collections::BTreeSet;

use super::super::{
    Effect, Fact, GroupNo, InstanceId, Join, Note, Now, StreamEnd, StreamId, Terms,
    fact::Next,
    settle::Key,
    words::{End, Settings, Verdict, Why, Word},
};

/// A lease ends no later than this after its end, if the machine is called.
const SLACK_MS: u64 = 1_000;

#[derive(Clone)]
pub(super) struct Model {
    pub(super) now: Now,
    pub(super) queues: Vec<Queue>,
    pub(super) groups: Vec<Group>,
    pub(super) people: Vec<Person>,
    pub(super) watches: Vec<Watch>,
}

/// All tasks that ever were.
#[derive(Clone, Default)]
pub(super) struct Queue {
    pub(super) log: Vec<Entry>,
    pub(super) trimmed_seq: u64,
    pub(super) trimmed: usize,
    /// Up to here it was by an operator.
    pub(super) purged_seq: u64,
}

#[derive(Clone)]
pub(super) struct Entry {
    pub(super) seq: u64,
    pub(super) expires_ms: u64,
    pub(super) cancelled: bool,
}

/// `tasks` are those of the queue's log, one by one.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) queue: usize,
    pub(super) first_seq: u64,
    pub(super) tasks: Vec<Task>,
    pub(super) settings: Settings,
    pub(super) done: u64,
    pub(super) trimmed_unsettled: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) state: State,
    pub(super) attempts: Vec<Attempt>,
    pub(super) failures: u32,
    pub(super) suspect: bool,
    pub(super) note: Option<Note>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Before the group's beginning.
    Before,
    Ready,
    Waiting {
        until_ms: u64,
    },
    Leased,
    Dead,
    Done,
    Cancelled,
    Expired,
    Gone,
}

#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) watch: usize,
    began_ms: u64,
    pub(super) since_ms: u64,
    touched_ms: u64,
    restarted: bool,
    pub(super) end: Option<End>,
}

#[derive(Clone, Default)]
pub(super) struct Person {
    pub(super) attending: u32,
    attended: bool,
    heard_ms: u64,
    closed_ms: Option<u64>,
    pub(super) stopped: bool,
    /// A lease of it was lost, and it has not been heard since; whether it had several then.
    silent: Option<bool>,
}

#[derive(Clone)]
pub(super) struct Watch {
    pub(super) person: usize,
    pub(super) groups: Vec<GroupNo>,
    pub(super) stream: Option<StreamId>,
    pub(super) terms: Terms,
    left: Option<u64>,
    until: Option<Vec<u64>>,
    /// Places of leased tasks.
    pub(super) held: BTreeSet<(usize, usize)>,
}

pub(super) fn id_of(person: usize) -> InstanceId {
    [person as u8 + 1; 16]
}

impl Model {
    pub(super) fn new(queues: usize, people: usize, now: Now) -> Self {
        Model {
            now,
            queues: vec![Queue::default(); queues],
            groups: Vec::new(),
            people: vec![Person::default(); people],
            watches: Vec::new(),
        }
    }

    pub(super) fn add_group(&mut self, queue: usize, first_seq: u64) {
        let log = self.queues[queue].log.iter();
        let tasks = log.map(|entry| Task::new(entry.seq >= first_seq, entry.cancelled)).collect();
        let settings = Settings::default();
        self.groups.push(Group { queue, first_seq, tasks, settings, done: 0, trimmed_unsettled: 0 });
    }

    pub(super) fn grow(&mut self, queue: usize, seq: u64, expires_ms: u64) {
        self.queues[queue].log.push(Entry { seq, expires_ms, cancelled: false });
        for group in self.groups.iter_mut().filter(|group| group.queue == queue) {
            group.tasks.push(Task::new(true, false));
        }
    }

    pub(super) fn place_of(&self, group: usize, seq: u64) -> Option<usize> {
        self.queues[self.groups[group].queue].log.binary_search_by_key(&seq, |entry| entry.seq).ok()
    }

    pub(super) fn is_purged(&self, group: usize, seq: u64) -> bool {
        group < self.groups.len()
            && self.place_of(group, seq).is_some()
            && seq <= self.queues[self.groups[group].queue].purged_seq
    }

    pub(super) fn seq_of(&self, group: usize, place: usize) -> u64 {
        self.queues[self.groups[group].queue].log[place].seq
    }

    fn has_expired(&self, group: usize, place: usize) -> bool {
        let expires_ms = self.queues[self.groups[group].queue].log[place].expires_ms;
        expires_ms > 0 && expires_ms <= self.now.server_ms
    }

    fn is_ready(&self, group: usize, place: usize) -> bool {
        self.groups[group].tasks[place].state == State::Ready && !self.has_expired(group, place)
    }

    // Processes.

    pub(super) fn is_up(&self, person: usize) -> bool {
        self.people[person].attending > 0
            || self.watches.iter().any(|watch| watch.person == person && watch.stream.is_some())
    }

    fn holds(&self, person: usize) -> usize {
        self.watches.iter().filter(|watch| watch.person == person).map(|watch| watch.held.len()).sum()
    }

    fn holds_suspect(&self, person: usize) -> bool {
        let watches = self.watches.iter().filter(|watch| watch.person == person);
        watches.flat_map(|watch| &watch.held).any(|&(group, place)| self.groups[group].tasks[place].suspect)
    }

    fn lease_at(&self, (group, place): (usize, usize)) -> &Attempt {
        let attempt = self.groups[group].tasks[place].attempts.last().unwrap();
        assert_eq!(attempt.end, None);
        attempt
    }

    fn end_of(&self, at: (usize, usize)) -> u64 {
        let lease = self.lease_at(at);
        let watch = &self.watches[lease.watch];
        let person = &self.people[watch.person];
        let overheld_ms = lease.since_ms + watch.terms.max_hold_ms;
        if !lease.restarted && !person.attended && person.closed_ms.is_none() {
            return overheld_ms;
        }
        let mut end_ms = lease.touched_ms.max(person.heard_ms) + watch.terms.lease_ms;
        if let Some(closed_ms) = person.closed_ms.filter(|closed_ms| lease.touched_ms <= *closed_ms) {
            end_ms = end_ms.min(closed_ms + watch.terms.grace_ms);
        }
        end_ms.min(overheld_ms)
    }

    fn hear(&mut self, person: usize) {
        self.people[person].heard_ms = self.now.ms;
        self.people[person].silent = None;
        for watch in self.watches.iter().filter(|watch| watch.person == person) {
            for &(group, place) in &watch.held {
                self.groups[group].tasks[place].attempts.last_mut().unwrap().restarted = false;
            }
        }
    }

    pub(super) fn join(&mut self, person: usize, join: &Join) -> Vec<Effect> {
        let mut effects = Vec::new();
        if !self.is_up(person) {
            self.people[person].attended = false;
        }
        self.people[person].closed_ms = None;
        self.people[person].stopped = false;
        let found = self.watches.iter().position(|w| w.person == person && w.groups == join.groups);
        let no = found.unwrap_or_else(|| {
            let groups = join.groups.clone();
            let (terms, held) = (join.terms, BTreeSet::new());
            self.watches.push(Watch { person, groups, stream: None, terms, left: None, until: None, held });
            self.watches.len() - 1
        });
        let watch = &mut self.watches[no];
        if let Some(stream) = watch.stream.replace(join.stream) {
            effects.push(Effect::End { stream, end: StreamEnd::Superseded });
        }
        (watch.terms, watch.left, watch.until) = (join.terms, join.left, join.until.clone());
        self.hear(person);
        let keys = |watch: &Watch| -> BTreeSet<Key> {
            watch.held.iter().map(|&(group, place)| self.key_of(group, place)).collect()
        };
        let lost: Vec<Key> =
            keys(&self.watches[no]).into_iter().filter(|k| !join.have.contains(&tuple(*k))).collect();
        let of_all: BTreeSet<Key> =
            self.watches.iter().filter(|watch| watch.person == person).flat_map(keys).collect();
        for Key { group, seq, attempt } in &lost {
            let (group, seq, attempt) = (*group, *seq, *attempt);
            effects.push(Effect::Deliver { stream: join.stream, group, seq, attempt });
        }
        effects.extend(self.count_down(no, lost.len() as u64));
        for &(group, seq, attempt) in &join.have {
            if !of_all.contains(&Key { group, seq, attempt }) {
                let (instance, why) = (join.instance, Why::Lost);
                effects.push(Effect::Notice { instance, group, seq, attempt, why });
            }
        }
        effects
    }

    fn count_down(&mut self, watch: usize, made: u64) -> Option<Effect> {
        let watch = &mut self.watches[watch];
        let left = watch.left.as_mut().filter(|_| made > 0)?;
        *left = left.saturating_sub(made);
        let is_last = *left == 0;
        watch.stream.filter(|_| is_last).map(|stream| Effect::End { stream, end: StreamEnd::Done })
    }

    pub(super) fn key_of(&self, group: usize, place: usize) -> Key {
        let attempt = self.groups[group].tasks[place].attempts.len() as u32;
        Key { group: group as GroupNo, seq: self.seq_of(group, place), attempt }
    }

    pub(super) fn leave(&mut self, stream: StreamId) {
        let Some(watch) = self.watches.iter_mut().find(|watch| watch.stream == Some(stream)) else { return };
        watch.stream = None;
        let person = watch.person;
        self.closed_one(person);
    }

    pub(super) fn attend(&mut self, person: usize) {
        let p = &mut self.people[person];
        p.attending += 1;
        (p.closed_ms, p.attended) = (None, true);
        self.hear(person);
    }

    pub(super) fn unattend(&mut self, person: usize) {
        self.people[person].attending -= 1;
        self.closed_one(person);
    }

    pub(super) fn heard(&mut self, person: usize, stop: bool) {
        self.hear(person);
        self.people[person].stopped |= stop;
    }

    fn closed_one(&mut self, person: usize) {
        if self.is_up(person) {
            return;
        }
        let now_ms = self.now.ms;
        let p = &mut self.people[person];
        if !p.attended {
            p.heard_ms = now_ms;
        }
        p.closed_ms = Some(now_ms);
    }

    /// All streams are gone; of processes only their leases are known, and these have their full time.
    /// The longest hold goes on, and is moved on only if it would leave less than that: from when it began, or
    /// from where a restart before had moved it, whichever was written down. So `since_ms` is observed.
    pub(super) fn restart(&mut self, since_ms: impl Fn(usize, u64) -> u64) {
        self.people.fill(Person { attended: true, ..Person::default() });
        for watch in &mut self.watches {
            (watch.stream, watch.left, watch.until) = (None, None, None);
        }
        let now_ms = self.now.ms;
        for (group, place) in self.leases() {
            let since_ms = since_ms(group, self.seq_of(group, place));
            let lease = self.groups[group].tasks[place].attempts.last_mut().unwrap();
            let terms = self.watches[lease.watch].terms;
            let least_ms = (now_ms + terms.lease_ms.min(terms.max_hold_ms)).saturating_sub(terms.max_hold_ms);
            let fair = lease.began_ms.max(least_ms)..=lease.since_ms.max(least_ms);
            assert!(fair.contains(&since_ms), "since {since_ms}, not {fair:?}");
            (lease.since_ms, lease.touched_ms, lease.restarted) = (since_ms, now_ms, true);
        }
    }

    // Tasks.

    fn end_attempt(&mut self, group: usize, place: usize, end: End) {
        let attempt = self.groups[group].tasks[place].attempts.last_mut().unwrap();
        assert_eq!(attempt.end.replace(end), None);
        let watch = attempt.watch;
        assert!(self.watches[watch].held.remove(&(group, place)));
    }

    fn notice(&self, group: usize, place: usize, why: Why) -> Effect {
        let Key { group: no, seq, attempt } = self.key_of(group, place);
        let watch = self.groups[group].tasks[place].attempts.last().unwrap().watch;
        Effect::Notice { instance: id_of(self.watches[watch].person), group: no, seq, attempt, why }
    }

    /// The verdict on a word, and what it changes. A back-off is taken from the fact, if it is a fair one.
    pub(super) fn settle(
        &mut self,
        key: Key,
        word: Word,
        delay_ms: Option<u64>,
        facts: &[Fact],
    ) -> ((Verdict, bool), Vec<Effect>) {
        let group = key.group as usize;
        let ordinary = |verdict| ((verdict, false), Vec::new());
        if group >= self.groups.len() {
            return ordinary(Verdict::Unknown);
        }
        let Some(place) = self.place_of(group, key.seq) else { return ordinary(Verdict::Unknown) };
        if self.is_purged(group, key.seq) {
            return ordinary(Verdict::Conflict);
        }
        let settings = self.groups[group].settings;
        let task = &self.groups[group].tasks[place];
        let attempts = task.attempts.len();
        if matches!(task.state, State::Before | State::Gone)
            || key.attempt == 0
            || key.attempt as usize > attempts
        {
            return ordinary(Verdict::Unknown);
        }
        let as_end = match word {
            Word::Done => Some(End::Done),
            Word::Failed => Some(End::Failed),
            Word::Released => Some(End::Released),
            Word::Rejected => Some(End::Rejected),
            Word::Working | Word::Received => None,
        };
        let end = task.attempts[key.attempt as usize - 1].end;
        if let Some(End::Done | End::Failed | End::Released | End::Rejected) = end {
            return ordinary(if as_end == end { Verdict::Duplicate } else { Verdict::Conflict });
        }
        if (key.attempt as usize) < attempts {
            return ordinary(Verdict::Stale);
        }
        match task.state {
            State::Cancelled | State::Expired => return ordinary(Verdict::Conflict),
            // By the roll-call.
            State::Done if word == Word::Done => return ordinary(Verdict::Duplicate),
            State::Done => return ordinary(Verdict::Conflict),
            _ => {}
        }
        if task.state == State::Leased {
            let notices = match as_end {
                Some(_) => vec![self.notice(group, place, Why::Settled)],
                None => {
                    let now_ms = self.now.ms;
                    let lease = self.groups[group].tasks[place].attempts.last_mut().unwrap();
                    (lease.touched_ms, lease.restarted) = (now_ms, false);
                    return ordinary(Verdict::Ok);
                }
            };
            self.end_attempt(group, place, as_end.unwrap());
            let now_ms = self.now.ms;
            let task = &mut self.groups[group].tasks[place];
            task.suspect = false;
            task.state = match word {
                Word::Done => State::Done,
                Word::Rejected => State::Dead,
                Word::Released => match delay_ms {
                    None | Some(0) => State::Ready,
                    Some(delay_ms) => State::Waiting { until_ms: now_ms + delay_ms },
                },
                _ => {
                    task.failures += 1;
                    failed(now_ms, &settings, task.failures, delay_ms, next_of(facts, key))
                }
            };
            self.groups[group].done += u64::from(word == Word::Done);
            return ((Verdict::Ok, false), notices);
        }
        let task = &mut self.groups[group].tasks[place];
        if matches!(word, Word::Done | Word::Rejected) {
            task.attempts.last_mut().unwrap().end = as_end;
            task.suspect = false;
            task.state = if word == Word::Done { State::Done } else { State::Dead };
            self.groups[group].done += u64::from(word == Word::Done);
        }
        ((Verdict::Ok, true), Vec::new())
    }

    pub(super) fn note(&mut self, group: usize, place: usize, note: Note) {
        let group = &mut self.groups[group];
        let task = &mut group.tasks[place];
        let is_open = matches!(task.state, State::Ready | State::Waiting { .. } | State::Dead);
        if !is_open {
            return;
        }
        if task.attempts.is_empty() {
            task.note = Some(note);
        }
        if note == Note::Done {
            (task.state, task.suspect) = (State::Done, false);
            group.done += 1;
        }
    }

    pub(super) fn cancel(&mut self, queue: usize, place: usize) -> (bool, Vec<Effect>) {
        let entry = &mut self.queues[queue].log[place];
        if std::mem::replace(&mut entry.cancelled, true) {
            return (false, Vec::new());
        }
        let mut effects = Vec::new();
        for group in 0..self.groups.len() {
            if self.groups[group].queue != queue {
                continue;
            }
            match self.groups[group].tasks[place].state {
                State::Leased => {
                    effects.push(self.notice(group, place, Why::Cancelled));
                    self.end_attempt(group, place, End::Cancelled);
                }
                State::Ready | State::Waiting { .. } | State::Dead => {}
                _ => continue,
            }
            let task = &mut self.groups[group].tasks[place];
            (task.state, task.suspect) = (State::Cancelled, false);
        }
        (true, effects)
    }

    /// `next_seq` of each group: up to where it has got.
    pub(super) fn trim(&mut self, queue: usize, upto_seq: u64, next_seqs: &[u64]) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.queues[queue].trimmed_seq = upto_seq;
        self.queues[queue].trimmed = self.queues[queue].log.iter().filter(|e| e.seq <= upto_seq).count();
        for group in 0..self.groups.len() {
            if self.groups[group].queue != queue {
                continue;
            }
            for place in 0..self.queues[queue].trimmed {
                let state = self.groups[group].tasks[place].state;
                if state == State::Gone || state == State::Before {
                    continue;
                }
                if state == State::Leased {
                    effects.push(self.notice(group, place, Why::Gone));
                    self.end_attempt(group, place, End::Gone);
                }
                // What had been cancelled or had expired ahead of a group it takes for a task like any other.
                let is_ahead = self.seq_of(group, place) >= next_seqs[group];
                let is_unsettled = match state {
                    State::Ready | State::Leased | State::Waiting { .. } => true,
                    State::Cancelled | State::Expired => is_ahead,
                    _ => false,
                };
                self.groups[group].trimmed_unsettled += u64::from(is_unsettled);
                self.groups[group].tasks[place].state = State::Gone;
            }
        }
        effects
    }

    pub(super) fn redrive(&mut self, group: usize, place: usize) -> bool {
        let task = &mut self.groups[group].tasks[place];
        let is_dead = task.state == State::Dead;
        if is_dead {
            (task.state, task.failures, task.suspect) = (State::Ready, 0, false);
        }
        is_dead
    }

    // What happens by itself: observed, and judged.

    pub(super) fn tick(&mut self, facts: &[Fact]) -> Vec<Effect> {
        let held: Vec<usize> = (0..self.people.len()).map(|person| self.holds(person)).collect();
        let mut effects = Vec::new();
        for fact in facts {
            let Fact::Ended { group, seq, end, next, failures, suspect, said: None } = fact else {
                panic!("{fact:?} in a tick");
            };
            let group = *group as usize;
            let place = self.place_of(group, *seq).unwrap();
            assert_eq!(self.groups[group].tasks[place].state, State::Leased, "{fact:?}");
            let end_ms = self.end_of((group, place));
            assert!(end_ms <= self.now.ms, "{fact:?} before its end {end_ms}");
            let lease = self.lease_at((group, place)).clone();
            let person = self.watches[lease.watch].person;
            let is_overheld = lease.since_ms + self.watches[lease.watch].terms.max_hold_ms <= self.now.ms;
            let as_end = if lease.restarted {
                End::ServerRestart
            } else if is_overheld {
                End::Overheld
            } else if *self.people[person].silent.get_or_insert(held[person] > 1) {
                End::LostTogether
            } else {
                End::Lost
            };
            assert_eq!(*end, Some(as_end), "{fact:?}");
            let why = if as_end == End::Overheld { Why::Overheld } else { Why::Lost };
            effects.push(self.notice(group, place, why));
            self.end_attempt(group, place, as_end);
            let (now_ms, settings) = (self.now.ms, self.groups[group].settings);
            let task = &mut self.groups[group].tasks[place];
            task.suspect |= as_end == End::LostTogether;
            task.state = if matches!(as_end, End::Lost | End::Overheld) {
                task.failures += 1;
                failed(now_ms, &settings, task.failures, None, *next)
            } else {
                assert_eq!(*next, Next::Ready, "{fact:?}");
                State::Ready
            };
            assert_eq!((*failures, *suspect), (task.failures, task.suspect), "{fact:?}");
        }
        for at in self.leases() {
            let end_ms = self.end_of(at);
            assert!(self.now.ms < end_ms + SLACK_MS, "{:?} should have ended at {end_ms}", self.lease_at(at));
        }
        for task in self.groups.iter_mut().flat_map(|group| &mut group.tasks) {
            if matches!(task.state, State::Waiting { until_ms } if until_ms <= self.now.ms) {
                task.state = State::Ready;
            }
        }
        effects
    }

    pub(super) fn leases(&self) -> Vec<(usize, usize)> {
        self.watches.iter().flat_map(|watch| watch.held.iter().copied()).collect()
    }

    /// When somebody has to come back at the latest.
    pub(super) fn due_ms(&self) -> Option<u64> {
        let ends = self.leases().into_iter().map(|at| self.end_of(at) + SLACK_MS);
        let tasks = self.groups.iter().flat_map(|group| &group.tasks);
        let waits = tasks.filter_map(|task| match task.state {
            State::Waiting { until_ms } => Some(until_ms),
            _ => None,
        });
        ends.chain(waits).min()
    }

    /// Judges what a pump has decided, one by one.
    pub(super) fn pump(&mut self, facts: &[Fact], effects: &[Effect], next_seqs: &[u64]) {
        let mut facts = facts.iter();
        let mut effects = effects.iter();
        while let Some(effect) = effects.next() {
            match effect {
                Effect::Deliver { stream, group, seq, attempt } => {
                    let hand_out = self.expire_before_hand_out(&mut facts).expect("a hand-out");
                    let watch = self.watches.iter().position(|watch| watch.stream == Some(*stream));
                    let watch = watch.expect("a stream that is up");
                    self.hand_out(watch, hand_out, Key { group: *group, seq: *seq, attempt: *attempt });
                    if let Some(end) = self.count_down(watch, 1) {
                        assert_eq!(effects.next(), Some(&end));
                    }
                }
                Effect::End { stream, end: StreamEnd::Done } => {
                    let watch = self.watches.iter().position(|watch| watch.stream == Some(*stream)).unwrap();
                    assert!(self.is_finished(watch, false), "{effect:?} too early");
                    assert_ne!(self.watches[watch].left, Some(0), "{effect:?} twice");
                    self.watches[watch].left = Some(0);
                }
                _ => panic!("{effect:?} in a pump"),
            }
        }
        assert_eq!(self.expire_before_hand_out(&mut facts), None, "not shown");
        self.pass(next_seqs);
    }

    fn expire_before_hand_out<'a>(&mut self, facts: &mut impl Iterator<Item = &'a Fact>) -> Option<&'a Fact> {
        for fact in facts {
            match fact {
                Fact::HandOut { .. } => return Some(fact),
                Fact::Ended {
                    group,
                    seq,
                    end: None,
                    next: Next::Past(_),
                    failures,
                    suspect: false,
                    said: None,
                } => {
                    let group = *group as usize;
                    let place = self.place_of(group, *seq).unwrap();
                    let has_expired = self.has_expired(group, place);
                    let task = &mut self.groups[group].tasks[place];
                    assert!(has_expired && task.state == State::Ready, "{fact:?} {task:?}");
                    assert_eq!(task.failures, *failures);
                    (task.state, task.suspect) = (State::Expired, false);
                }
                _ => panic!("{fact:?} in a pump"),
            }
        }
        None
    }

    /// A group has got so far: what has not been handed out has expired.
    fn pass(&mut self, next_seqs: &[u64]) {
        for (group, next_seq) in next_seqs.iter().enumerate() {
            for place in 0..self.groups[group].tasks.len() {
                if self.seq_of(group, place) >= *next_seq {
                    break;
                }
                let task = &self.groups[group].tasks[place];
                if task.state == State::Ready && task.attempts.is_empty() {
                    assert!(self.has_expired(group, place), "{group} passed {}", self.seq_of(group, place));
                    self.groups[group].tasks[place].state = State::Expired;
                }
            }
        }
    }

    /// After a restart: that it has passed what had expired is not written down, and if the clock was set back
    /// it might yet be handed out. What the roll-call had of it may be lost.
    pub(super) fn pass_back(&mut self, next_seqs: &[u64], note: impl Fn(usize, u64) -> Option<Note>) {
        for (group, next_seq) in next_seqs.iter().enumerate() {
            for place in 0..self.groups[group].tasks.len() {
                let Entry { seq, cancelled, .. } = self.queues[self.groups[group].queue].log[place];
                let task = &mut self.groups[group].tasks[place];
                if seq >= *next_seq && task.state == State::Expired && task.attempts.is_empty() {
                    task.state = if cancelled { State::Cancelled } else { State::Ready };
                    task.note = note(group, seq);
                    assert_ne!(task.note, Some(Note::Done));
                }
            }
        }
    }

    fn may_take(&self, no: usize) -> bool {
        let watch = &self.watches[no];
        let person = &self.people[watch.person];
        watch.stream.is_some()
            && watch.left != Some(0)
            && !person.stopped
            && person.silent.is_none()
            && !self.holds_suspect(watch.person)
            && watch.held.len() < watch.terms.max_in_flight as usize
    }

    fn hand_out(&mut self, no: usize, fact: &Fact, key: Key) {
        let Fact::HandOut { group: in_group, seq, expires_ms, passed, .. } = fact else { unreachable!() };
        assert_eq!((*in_group, *seq), (key.group, key.seq));
        let group = *in_group as usize;
        let place = self.place_of(group, *seq).unwrap();
        assert!(self.may_take(no), "{fact:?}: to one who may not have it");
        assert!(self.is_ready(group, place), "{fact:?}: {:?}", self.groups[group].tasks[place]);
        assert!(!self.groups[group].settings.paused, "{fact:?}: paused");
        assert_eq!(self.groups[group].tasks[place].attempts.len() as u32 + 1, key.attempt, "{fact:?}");
        let watch = &self.watches[no];
        let is_free = self.holds(watch.person) == 0;
        assert!(is_free || !self.groups[group].tasks[place].suspect, "{fact:?}: a suspect is not alone");
        // It is the lowest.
        for before in 0..place {
            let passes = !is_free && self.groups[group].tasks[before].suspect;
            assert!(
                passes || !self.is_ready(group, before),
                "{fact:?}: overtakes {}",
                self.seq_of(group, before)
            );
        }
        // Nothing was to be had that the watch would rather have.
        let preferred = watch.groups.iter().take_while(|no| *no != in_group);
        for rather in preferred.map(|no| *no as usize) {
            assert!(!self.has_for(rather, is_free), "{fact:?}: there is something in {rather}");
        }
        if self.groups[group].tasks[place].attempts.is_empty() {
            let entry = &self.queues[self.groups[group].queue].log[place];
            assert_eq!((*passed, *expires_ms), (Some(place as u64 + 1), entry.expires_ms), "{fact:?}");
        } else {
            assert_eq!(*passed, None, "{fact:?}");
        }
        let ms = self.now.ms;
        let (began_ms, since_ms, touched_ms) = (ms, ms, ms);
        let attempt = Attempt { watch: no, began_ms, since_ms, touched_ms, restarted: false, end: None };
        let task = &mut self.groups[group].tasks[place];
        task.state = State::Leased;
        task.note = None;
        task.attempts.push(attempt);
        self.watches[no].held.insert((group, place));
    }

    /// Whether a group has a task for one who holds nothing, or who holds something.
    fn has_for(&self, group: usize, is_free: bool) -> bool {
        let tasks = &self.groups[group].tasks;
        !self.groups[group].settings.paused
            && (0..tasks.len()).any(|at| (is_free || !tasks[at].suspect) && self.is_ready(group, at))
    }

    /// When all has been offered, nobody who may have a task goes without. `making_room`: for each process the
    /// group for whose suspect it makes room.
    pub(super) fn check_nobody_waits(&self, making_room: &[Option<GroupNo>]) {
        let suspects = |group: usize| {
            let places = 0..self.groups[group].tasks.len();
            places.filter(|at| self.groups[group].tasks[*at].suspect && self.is_ready(group, *at)).count()
        };
        let making = |group: usize| making_room.iter().filter(|no| **no == Some(group as GroupNo)).count();
        for (person, group) in making_room.iter().enumerate() {
            let Some(group) = *group else { continue };
            assert!(self.holds(person) > 0 && self.is_up(person), "{person} makes room for nothing");
            let all = self.groups[group as usize].tasks.iter();
            let count = all.filter(|task| task.suspect && task.state == State::Ready).count();
            assert!(making(group as usize) <= count, "too many make room in {group}");
        }
        for (no, watch) in self.watches.iter().enumerate().filter(|(no, _)| self.may_take(*no)) {
            if making_room[watch.person].is_some() {
                continue;
            }
            let is_free = self.holds(watch.person) == 0;
            for group in watch.groups.iter().map(|no| *no as usize) {
                assert!(!self.has_for(group, is_free), "watch {no} {:?} waits in {group}", watch.stream);
                assert!(
                    self.groups[group].settings.paused || suspects(group) <= making(group),
                    "nobody makes room in {group}"
                );
            }
        }
        for no in 0..self.watches.len() {
            assert!(!self.is_finished(no, true), "watch {no} should have ended");
        }
    }

    /// Whether nothing is left for a watch that ends when that is so. One that is ready but has expired is as
    /// good as gone once somebody has looked: for sure only when nothing of the kind is left. And nobody looks for
    /// a watch that may have nothing, or in a group that is paused.
    fn is_finished(&self, no: usize, for_sure: bool) -> bool {
        let watch = &self.watches[no];
        let Some(until) = watch.until.as_ref().filter(|_| watch.stream.is_some()) else { return false };
        if for_sure && watch.left == Some(0) {
            return false;
        }
        let looks = self.may_take(no);
        watch.groups.iter().zip(until).all(|(group, until)| {
            let group = *group as usize;
            let looks = looks && !self.groups[group].settings.paused;
            (0..self.groups[group].tasks.len()).filter(|at| self.seq_of(group, *at) <= *until).all(|place| {
                match self.groups[group].tasks[place].state {
                    State::Ready => !for_sure && self.has_expired(group, place),
                    State::Waiting { .. } => false,
                    State::Leased => self.watches[self.lease_at((group, place)).watch].person != watch.person,
                    _ => !for_sure || looks || !self.groups[group].tasks[place].attempts.is_empty(),
                }
            })
        })
    }
}

impl Task {
    fn new(is_in: bool, cancelled: bool) -> Self {
        let state = match (is_in, cancelled) {
            (false, _) => State::Before,
            (true, true) => State::Cancelled,
            (true, false) => State::Ready,
        };
        Task { state, attempts: Vec::new(), failures: 0, suspect: false, note: None }
    }

    pub(super) fn ends(&self) -> Vec<End> {
        self.attempts.iter().filter_map(|attempt| attempt.end).collect()
    }
}

fn tuple(key: Key) -> (GroupNo, u64, u32) {
    (key.group, key.seq, key.attempt)
}

fn next_of(facts: &[Fact], key: Key) -> Next {
    match facts {
        [Fact::Ended { group, seq, next, .. }] if (*group, *seq) == (key.group, key.seq) => *next,
        _ => panic!("{facts:?} of {key:?}"),
    }
}

/// Where a task goes that has failed so often: if it waits, as long as it should, give or take a fifth.
fn failed(now_ms: u64, settings: &Settings, failures: u32, delay_ms: Option<u64>, next: Next) -> State {
    if settings.max_failures > 0 && failures >= settings.max_failures {
        assert_eq!(next, Next::Dead);
        return State::Dead;
    }
    let Next::Waiting { until_ms } = next else { panic!("{next:?}: it should wait") };
    let waits_ms = until_ms - now_ms;
    if let Some(delay_ms) = delay_ms {
        assert_eq!(waits_ms, delay_ms);
    } else {
        let mut pause_ms = settings.backoff_ms;
        for _ in 1..failures {
            pause_ms = (pause_ms * 2).min(settings.backoff_max_ms);
        }
        let pause_ms = pause_ms.min(settings.backoff_max_ms);
        let fair = (pause_ms * 4 / 5).saturating_sub(1)..=pause_ms * 6 / 5 + 1;
        assert!(fair.contains(&waits_ms), "{waits_ms} ms after {failures} failures");
    }
    State::Waiting { until_ms }
}
