//! What should be, naively: of every task in every group the list of its attempts, when each began and how it
//! ended; of every process when it was last heard. Nothing is indexed, nothing is forgotten. Who of those that
//! may is handed a task is not foretold: that is observed and judged.

use std::collections::BTreeSet;

use super::super::{
    Effect, GroupNo, InstanceId, Join, Note, Now, StreamEnd, StreamId, Terms,
    fact::Next,
    settle::Key,
    words::{End, Settings, Why},
};

/// A lease ends no later than this after its end, if the machine is called.
const SLACK_MS: u64 = 1_000;

mod observed;
mod told;

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
