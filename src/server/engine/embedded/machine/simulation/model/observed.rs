//! What the machine decides by itself: observed, and judged.

use super::{
    super::super::{
        Effect, Fact, GroupNo, Note, StreamEnd,
        fact::Next,
        settle::Key,
        words::{End, Why},
    },
    Attempt, Entry, Model, SLACK_MS, State, failed,
};

impl Model {
    pub(in super::super) fn tick(&mut self, facts: &[Fact]) -> Vec<Effect> {
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

    pub(in super::super) fn leases(&self) -> Vec<(usize, usize)> {
        self.watches.iter().flat_map(|watch| watch.held.iter().copied()).collect()
    }

    /// When somebody has to come back at the latest.
    pub(in super::super) fn due_ms(&self) -> Option<u64> {
        let ends = self.leases().into_iter().map(|at| self.end_of(at) + SLACK_MS);
        let tasks = self.groups.iter().flat_map(|group| &group.tasks);
        let waits = tasks.filter_map(|task| match task.state {
            State::Waiting { until_ms } => Some(until_ms),
            _ => None,
        });
        ends.chain(waits).min()
    }

    /// Judges what a pump has decided, one by one.
    pub(in super::super) fn pump(&mut self, facts: &[Fact], effects: &[Effect], next_seqs: &[u64]) {
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
    pub(in super::super) fn pass_back(
        &mut self,
        next_seqs: &[u64],
        note: impl Fn(usize, u64) -> Option<Note>,
    ) {
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
    pub(in super::super) fn check_nobody_waits(&self, making_room: &[Option<GroupNo>]) {
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
        for no in (0..self.watches.len()).filter(|no| making_room[self.watches[*no].person].is_none()) {
            assert!(!self.is_finished(no, true), "watch {no} should have ended");
        }
    }

    /// Whether nothing is left for a watch that ends when that is so. One that is ready but has expired is as
    /// good as gone once somebody has looked: for sure only when nothing of the kind is left. And nobody looks for
    /// a watch that may have nothing or makes room, or in a group that is paused.
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
