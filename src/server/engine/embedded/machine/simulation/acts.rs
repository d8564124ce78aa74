//! What is done to the machine in a random history. What comes of it at once is compared; what may be decided
//! one way or another is judged by the model.

use super::{
    super::words::{Settings, Verdict, Word},
    super::{GroupNo, Head, Join, Note, QueueNo, StreamId, Telling, Terms, settle::Key},
    HOUR_MS, MAX_GROUPS, MAX_TASKS, PEOPLE, QUEUES, Run, YEAR_MS,
    model::{Model, State, id_of},
};

impl Run {
    pub(super) fn grow(&mut self) {
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

    pub(super) fn add_group(&mut self) {
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

    pub(super) fn join(&mut self) {
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

    pub(super) fn leave(&mut self) {
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

    pub(super) fn attend(&mut self) {
        let person = self.dice.below(PEOPLE);
        self.log(|_| format!("{person} attends"));
        self.model.attend(person);
        self.machine.attend(self.model.now, id_of(person), None);
        self.expect(&[]);
    }

    pub(super) fn unattend(&mut self) {
        let person = self.dice.below(PEOPLE);
        if self.model.people[person].attending == 0 {
            return;
        }
        self.log(|_| format!("{person} attends no more"));
        self.model.unattend(person);
        self.machine.unattend(self.model.now, id_of(person));
        self.expect(&[]);
    }

    pub(super) fn heard(&mut self) {
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

    pub(super) fn settle(&mut self) {
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
            let changes = verdict.0 == Verdict::Ok;
            assert!(changes || before.is_none_or(|before| before == self.machine.digest()), "fenced");
        }
    }

    /// A lease that is in force, that was, or that never was.
    pub(super) fn any_key(&mut self) -> Option<Key> {
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
    pub(super) fn any_place(&mut self, group: usize) -> Option<usize> {
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

    pub(super) fn note(&mut self) {
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

    pub(super) fn cancel(&mut self) {
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

    pub(super) fn trim(&mut self) {
        let queue = self.dice.below(QUEUES);
        let log = &self.model.queues[queue];
        if log.log.len() == log.trimmed {
            return;
        }
        let left = log.log.len() - log.trimmed;
        let place = log.trimmed + if self.dice.one_in(4) { left - 1 } else { self.dice.below(left.min(6)) };
        let upto = self.model.queues[queue].log[place].seq;
        self.log(|_| format!("trim queue {queue} up to {upto}"));
        self.machine.trim(queue as QueueNo, upto, place as u64 + 1);
        let effects = self.model.trim(queue, upto);
        if self.dice.one_in(2) {
            self.model.queues[queue].purged_seq = upto;
        }
        self.batch.trimmed.push(queue);
        self.expect(&effects);
    }

    pub(super) fn redrive(&mut self) {
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

    pub(super) fn set(&mut self) {
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

    pub(super) fn pass_time(&mut self) {
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
}
