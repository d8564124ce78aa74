//! What is told of tasks: the verdict, and what becomes of them.

use super::{
    super::super::{
        Effect, Fact, Note,
        fact::Next,
        settle::Key,
        words::{End, Verdict, Why, Word},
    },
    Model, State, failed, id_of,
};

impl Model {
    pub(super) fn end_attempt(&mut self, group: usize, place: usize, end: End) {
        let attempt = self.groups[group].tasks[place].attempts.last_mut().unwrap();
        assert_eq!(attempt.end.replace(end), None);
        let watch = attempt.watch;
        assert!(self.watches[watch].held.remove(&(group, place)));
    }

    pub(super) fn notice(&self, group: usize, place: usize, why: Why) -> Effect {
        let Key { group: no, seq, attempt } = self.key_of(group, place);
        let watch = self.groups[group].tasks[place].attempts.last().unwrap().watch;
        Effect::Notice { instance: id_of(self.watches[watch].person), group: no, seq, attempt, why }
    }

    /// The verdict on a word, and what it changes. A back-off is taken from the fact, if it is a fair one.
    pub(in super::super) fn settle(
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

    pub(in super::super) fn note(&mut self, group: usize, place: usize, note: Note) {
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

    pub(in super::super) fn cancel(&mut self, queue: usize, place: usize) -> (bool, Vec<Effect>) {
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

    pub(in super::super) fn trim(&mut self, queue: usize, upto_seq: u64) -> Vec<Effect> {
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
                let is_unsettled = matches!(state, State::Ready | State::Leased | State::Waiting { .. });
                self.groups[group].trimmed_unsettled += u64::from(is_unsettled);
                self.groups[group].tasks[place].state = State::Gone;
            }
        }
        effects
    }

    pub(in super::super) fn redrive(&mut self, group: usize, place: usize) -> bool {
        let task = &mut self.groups[group].tasks[place];
        let is_dead = task.state == State::Dead;
        if is_dead {
            (task.state, task.failures, task.suspect) = (State::Ready, 0, false);
        }
        is_dead
    }
}

fn next_of(facts: &[Fact], key: Key) -> Next {
    match facts {
        [Fact::Ended { group, seq, next, .. }] if (*group, *seq) == (key.group, key.seq) => *next,
        _ => panic!("{facts:?} of {key:?}"),
    }
}
