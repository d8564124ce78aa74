//! What is looked at: everything that is decided, and where every task stands.

use super::{
    super::{Effect, Ends, Fact, GroupNo, Head, Note, Open, Outcome, Past, Stand},
    Run,
    model::{State, id_of},
};

impl Run {
    pub(super) fn took(&mut self) -> (Vec<Fact>, Vec<Effect>) {
        let (facts, effects) = (self.machine.take_facts(), self.machine.take_effects());
        self.batch.facts.extend(facts.iter().cloned());
        self.batch.effects.extend(effects.iter().cloned());
        (facts, effects)
    }

    pub(super) fn expect(&mut self, expected: &[Effect]) {
        let (_, effects) = self.took();
        assert_eq!(effects, expected);
    }

    pub(super) fn next_seqs(&self) -> Vec<u64> {
        (0..self.model.groups.len()).map(|no| self.machine.head(no as GroupNo).unwrap().next_seq).collect()
    }

    pub(super) fn trimmed_seq(&self, group: usize) -> u64 {
        self.model.groups.get(group).map_or(0, |group| self.model.queues[group.queue].trimmed_seq)
    }

    pub(super) fn check_next_tick(&self) {
        if let Some(due_ms) = self.model.due_ms() {
            let next_ms = self.machine.next_tick_ms().expect("there is something to come back for");
            assert!(next_ms <= due_ms.max(self.model.now.ms), "next tick at {next_ms}, due at {due_ms}");
        }
    }

    /// Every task of every group, and the counts.
    pub(super) fn check(&self) {
        for no in 0..self.model.groups.len() {
            let group = &self.model.groups[no];
            let (mut leased, mut waiting, mut dead, mut ready, mut suspects) = (0, 0, 0, 0, 0);
            let (mut passed, mut ended_ahead) = (0, 0);
            let counts = self.machine.counts(no as GroupNo).unwrap();
            for (place, task) in group.tasks.iter().enumerate() {
                self.check_task(no, place);
                let is_passed = self.model.seq_of(no, place) < counts.head.next_seq;
                passed += u64::from(is_passed);
                match task.state {
                    State::Done | State::Cancelled => ended_ahead += u64::from(!is_passed),
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
            assert_eq!(counts.ended_ahead, ended_ahead, "ended ahead of group {no}");
            assert_eq!(counts.members, members, "members of group {no}");
            assert!(counts.head.next_seq >= group.first_seq);
        }
    }

    pub(super) fn check_task(&self, no: usize, place: usize) {
        let (model, group) = (&self.model.groups[no].tasks[place], &self.machine.groups[&(no as GroupNo)]);
        let seq = self.model.seq_of(no, place);
        let say = || format!("task {seq} of group {no}: {model:?}");
        let ends = Ends::from(model.ends());
        let past = group.past.get(seq).or_else(|| self.disk.past(no as GroupNo, seq));
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
                assert!(member.held.contains(no as GroupNo, seq), "{}", say());
                assert_eq!(lease.since_ms, attempt.since_ms, "{}", say());
                Stand::Leased(*lease)
            }
        };
        let open = group.open.get(&seq).unwrap_or_else(|| panic!("lost: {}", say()));
        let seen = (open.stand, open.failures, open.suspect, &open.ends);
        assert_eq!(seen, (stand, model.failures, model.suspect, &ends), "{}", say());
    }
}
