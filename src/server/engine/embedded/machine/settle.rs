//! Words about tasks, and the verdict on each: the first row of the table that fits.

use super::{
    Fact, GroupNo, Machine, Now, QueueNo,
    fact::Next,
    task::{Note, Open, Outcome, Past, is_word},
    words::{End, Settings, Verdict, Word},
};

/// A lease: this hand-out of this task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in super::super) struct Key {
    pub(in super::super) group: GroupNo,
    pub(in super::super) seq: u64,
    pub(in super::super) attempt: u32,
}

/// What is told.
#[derive(Debug, Clone)]
pub(in super::super) struct Telling {
    pub(in super::super) word: Word,
    pub(in super::super) delay_ms: Option<u64>,
    pub(in super::super) said: Option<Box<str>>,
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Judgement {
    pub(in super::super) verdict: Verdict,
    pub(in super::super) late: bool,
}

impl From<Verdict> for Judgement {
    fn from(verdict: Verdict) -> Self {
        Judgement { verdict, late: false }
    }
}

impl Machine {
    /// Whether what became of a task is written down and not known here any more: who asks about it says it.
    pub(in super::super) fn lacks(&self, group: GroupNo, seq: u64) -> bool {
        self.groups.get(&group).is_some_and(|group| {
            seq < group.head.next_seq && !group.open.contains_key(&seq) && group.past.get(seq).is_none()
        })
    }

    /// Takes a word that names a lease. `written` is what is written down of the task, if [`Machine::lacks`] it;
    /// `is_gone` says that it was purged: of such a task nothing else need be known.
    pub(in super::super) fn settle(
        &mut self,
        now: Now,
        key: Key,
        telling: Telling,
        written: Option<&Past>,
        is_gone: bool,
    ) -> Judgement {
        let Some(group) = self.groups.get(&key.group) else { return Verdict::Unknown.into() };
        let open = group.open.get(&key.seq);
        // Most are open: what has ended is looked for only then.
        let past = if open.is_none() { group.past.get(key.seq).or(written) } else { None };
        let (ends, in_force) = match (open, past) {
            (Some(open), _) => (&open.ends, open.lease().is_some()),
            (None, Some(past)) => (&past.ends, false),
            (None, None) if is_gone => return Verdict::Conflict.into(),
            (None, None) => return Verdict::Unknown.into(),
        };
        let attempts = ends.len() as u32 + u32::from(in_force);
        if key.attempt == 0 || key.attempt > attempts {
            return Verdict::Unknown.into();
        }
        match ends.get(key.attempt as usize - 1) {
            Some(&end) if is_word(end) => {
                if said_as(telling.word) == Some(end) { Verdict::Duplicate } else { Verdict::Conflict }.into()
            }
            _ if key.attempt < attempts => Verdict::Stale.into(),
            _ if is_gone => Verdict::Conflict.into(),
            None => {
                let failures = open.map_or(0, |open| open.failures);
                let settings = group.head.settings;
                self.settle_in_force(now, key, telling, failures, &settings);
                Verdict::Ok.into()
            }
            Some(_) if open.is_none() => {
                // It ended otherwise: by the roll-call, which says done as well, or not by a word at all.
                let is_done = past.is_some_and(|past| past.outcome == Outcome::Done);
                if is_done && telling.word == Word::Done { Verdict::Duplicate } else { Verdict::Conflict }
                    .into()
            }
            Some(_) => {
                self.settle_late(now, key, &telling);
                Judgement { verdict: Verdict::Ok, late: true }
            }
        }
    }

    /// So many attempts count against the task before this one.
    fn settle_in_force(
        &mut self,
        now: Now,
        key: Key,
        telling: Telling,
        mut failures: u32,
        settings: &Settings,
    ) {
        let (end, next) = match telling.word {
            Word::Done => (End::Done, Next::Past(Outcome::Done)),
            Word::Rejected => (End::Rejected, Next::Dead),
            Word::Released => {
                let waits = telling.delay_ms.filter(|ms| *ms > 0);
                let next =
                    waits.map_or(Next::Ready, |ms| Next::Waiting { until_ms: now.ms.saturating_add(ms) });
                (End::Released, next)
            }
            Word::Failed => {
                failures += 1;
                (End::Failed, after_failure(now, key, settings, failures, telling.delay_ms))
            }
            Word::Working | Word::Received => {
                if let Some(lease) = self.lease_mut(key.group, key.seq) {
                    lease.touched_ms = now.ms;
                    // Somebody has it in hand, whoever that is.
                    if std::mem::take(&mut lease.restarted) {
                        self.restarted -= 1;
                    }
                }
                return;
            }
        };
        let fails = matches!(telling.word, Word::Failed | Word::Rejected);
        let said = telling.said.filter(|_| fails);
        // A worker that speaks of it was not killed by it.
        let Key { group, seq, .. } = key;
        self.decide(now, Fact::Ended { group, seq, end: Some(end), next, failures, suspect: false, said });
    }

    /// The lease had ended by itself. What is final counts all the same; the rest was counted then.
    fn settle_late(&mut self, now: Now, key: Key, telling: &Telling) {
        let (end, next) = match telling.word {
            Word::Done => (End::Done, Next::Past(Outcome::Done)),
            Word::Rejected => (End::Rejected, Next::Dead),
            Word::Failed | Word::Released | Word::Working | Word::Received => return,
        };
        let Some(open) = self.groups.get(&key.group).and_then(|g| g.open.get(&key.seq)) else { return };
        let failures = open.failures;
        let said = telling.said.clone().filter(|_| telling.word == Word::Rejected);
        let Key { group, seq, .. } = key;
        self.decide(now, Fact::Ended { group, seq, end: Some(end), next, failures, suspect: false, said });
    }

    /// Whether the task is leased to a process of this client just now, in any group.
    pub(in super::super) fn is_leased_to(&self, client: &str, queue: QueueNo, seq: u64) -> bool {
        let instances =
            self.clients.get(client).into_iter().flatten().filter_map(|id| self.instances.get(id));
        let members = instances.flat_map(|instance| &instance.members).map(|no| &self.members[no]);
        members.flat_map(|member| member.groups.iter().map(move |group| (member, *group))).any(
            |(member, group)| {
                self.groups.get(&group).is_some_and(|g| g.queue == queue) && member.held.contains(group, seq)
            },
        )
    }

    /// Takes a word of the roll-call: a client names a task without a lease, and this is its own group. False: it
    /// changes nothing.
    pub(in super::super) fn note(&mut self, now: Now, group_no: GroupNo, seq: u64, note: Note) -> bool {
        let Some(group) = self.groups.get(&group_no).filter(|_| !self.cancelled.contains_key(&seq)) else {
            return false;
        };
        let failures = match group.open.get(&seq) {
            Some(open) if note == Note::Done && open.lease().is_none() => open.failures,
            // It is in other hands, or has been received by being handed out.
            Some(_) => return false,
            None if seq < group.head.next_seq => return false,
            None => match group.notes.get(&seq) {
                Some(before) if *before == Note::Done || *before == note => return false,
                _ => {
                    self.decide(now, Fact::Noted { group: group_no, seq, note });
                    return true;
                }
            },
        };
        let next = Next::Past(Outcome::Done);
        let done =
            Fact::Ended { group: group_no, seq, end: None, next, failures, suspect: false, said: None };
        self.decide(now, done);
        true
    }

    /// Ends a task for all groups. False if that was done before.
    pub(in super::super) fn cancel(&mut self, now: Now, queue: QueueNo, seq: u64) -> bool {
        if self.cancelled.insert(seq, queue).is_some() {
            return false;
        }
        let groups = self.queues.get(&queue).map(|queue| queue.groups.clone()).unwrap_or_default();
        for group in groups {
            let Some(open) = self.groups.get(&group).and_then(|g| g.open.get(&seq)) else { continue };
            let failures = open.failures;
            let end = open.lease().map(|_| End::Cancelled);
            let next = Next::Past(Outcome::Cancelled);
            self.decide(now, Fact::Ended { group, seq, end, next, failures, suspect: false, said: None });
        }
        true
    }

    /// Whether a task was cancelled.
    pub(in super::super) fn is_cancelled(&self, seq: u64) -> bool {
        self.cancelled.contains_key(&seq)
    }

    /// Makes a dead task ready again. False: it is not dead.
    pub(in super::super) fn redrive(&mut self, now: Now, group: GroupNo, seq: u64) -> bool {
        let is_dead = self.groups.get(&group).and_then(|g| g.open.get(&seq)).is_some_and(Open::is_dead);
        if is_dead {
            self.decide(now, Fact::Redriven { group, seq });
        }
        is_dead
    }
}

/// Where a task goes that has failed so often.
pub(super) fn after_failure(
    now: Now,
    key: Key,
    settings: &Settings,
    failures: u32,
    delay_ms: Option<u64>,
) -> Next {
    if settings.max_failures > 0 && failures >= settings.max_failures {
        return Next::Dead;
    }
    let pause_ms = delay_ms.unwrap_or_else(|| backoff_ms(key, settings, failures));
    Next::Waiting { until_ms: now.ms.saturating_add(pause_ms) }
}

/// The pause after so many failures: doubling, give or take 20 %, so that tasks that failed together do not come
/// back together. Derived from the task, so that it needs no dice.
fn backoff_ms(key: Key, settings: &Settings, failures: u32) -> u64 {
    let doublings = failures.saturating_sub(1).min(63);
    let pause = u128::from(settings.backoff_ms) << doublings;
    let pause = pause.min(u128::from(settings.backoff_max_ms)) as u64;
    // SplitMix64's last steps: each input bit moves half of the output's.
    let mut mixed = key.seq ^ u64::from(key.group) << 40 ^ u64::from(key.attempt) << 20;
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    let permille = 800 + (mixed ^ mixed >> 31) % 401;
    (u128::from(pause) * u128::from(permille) / 1000) as u64
}

/// The end that a word makes.
fn said_as(word: Word) -> Option<End> {
    match word {
        Word::Done => Some(End::Done),
        Word::Failed => Some(End::Failed),
        Word::Released => Some(End::Released),
        Word::Rejected => Some(End::Rejected),
        Word::Working | Word::Received => None,
    }
}
