//! Applying facts, live and after a restart.

use super::{
    Ends, Fact, GroupNo, Head, Key, Machine, MemberNo, Now, QueueNo, Stir,
    fact::Next,
    held::Held,
    session::{Member, Terms},
    task::{Lease, Note, Open, Outcome, Past, Stand},
    words::{End, Why},
};

/// A lease that has ended, and whose it was.
struct Freed {
    member: MemberNo,
    key: Key,
}

impl Machine {
    /// A decision: it is applied at once, and kept to be written down.
    pub(super) fn decide(&mut self, now: Now, fact: Fact) {
        self.apply_to_head(&fact);
        let freed = self.apply_to_task(now.ms, &fact);
        let end = if let Fact::Ended { end, .. } = fact { end } else { None };
        self.facts.push(fact);
        let (Some(Freed { member, key }), Some(end)) = (freed, end) else { return };
        let Key { group, seq, attempt } = key;
        let instance = self.members[&member].instance;
        match end {
            End::Done | End::Failed | End::Released | End::Rejected => {
                self.notice(instance, group, seq, attempt, Why::Settled);
            }
            End::Cancelled => self.notice(instance, group, seq, attempt, Why::Cancelled),
            // Whoever ended it by itself says why.
            _ => {}
        }
        self.let_go(member, group, seq);
    }

    /// The part of a fact that is about the group as a whole.
    fn apply_to_head(&mut self, fact: &Fact) {
        let Some(group) = self.groups.get_mut(&fact.group()) else { return };
        group.is_head_dirty = true;
        match fact {
            Fact::HandOut { seq, passed: Some(passed), .. } => group.pass(*seq, *passed),
            Fact::Ended { next: Next::Past(Outcome::Done), .. } | Fact::Noted { note: Note::Done, .. } => {
                group.head.done += 1;
            }
            Fact::Set { settings, .. } => {
                group.head.settings = *settings;
                if settings.paused {
                    for instance in group.making_room.clone() {
                        self.make_no_room(instance);
                    }
                }
            }
            _ => {}
        }
    }

    /// The part of a fact that is about one task. Returns the lease that it has ended.
    fn apply_to_task(&mut self, ms: u64, fact: &Fact) -> Option<Freed> {
        let no = fact.group();
        let group = self.groups.get_mut(&no)?;
        if let Some(seq) = fact.seq() {
            group.touch(seq);
            if matches!(fact, Fact::HandOut { .. } | Fact::Ended { .. }) {
                group.lost_by.remove(&seq);
            }
        }
        match fact {
            Fact::HandOut { seq, member, expires_ms, .. } => {
                // Most are handed out for the first time, and lie behind all that are open.
                let is_last = group.open.last_key_value().is_none_or(|(last, _)| last < seq);
                let before = if is_last { None } else { self.close(no, *seq) };
                let mut open = before.unwrap_or_else(|| Open::new(*expires_ms));
                let lease = Lease { member: *member, since_ms: ms, touched_ms: ms, restarted: false };
                open.stand = Stand::Leased(lease);
                self.open(no, *seq, open);
                self.hold(*member, no, *seq, &lease);
            }
            Fact::Ended { seq, end, next, failures, suspect, said, .. } => {
                let mut open = self.close(no, *seq)?;
                let freed = open.lease().map(|lease| {
                    let key = Key { group: no, seq: *seq, attempt: open.attempts() };
                    Freed { member: lease.member, key }
                });
                if let Some(end) = end {
                    // With no attempt in force the last one is known by another end from now on.
                    if open.lease().is_none() {
                        open.ends.pop();
                    }
                    open.ends.push(*end);
                }
                (open.failures, open.suspect) = (*failures, *suspect);
                if said.is_some() {
                    open.said.clone_from(said);
                }
                open.stand = match next {
                    Next::Ready => Stand::Ready,
                    Next::Waiting { until_ms } => Stand::Waiting { until_ms: *until_ms },
                    Next::Dead => Stand::Dead,
                    Next::Past(outcome) => {
                        let past = Past { outcome: *outcome, ends: open.ends };
                        if let Some(group) = self.groups.get_mut(&no) {
                            group.past.insert(*seq, past);
                        }
                        return freed;
                    }
                };
                self.open(no, *seq, open);
                return freed;
            }
            Fact::Noted { seq, note, .. } => {
                // What it has got to since is not for the roll-call.
                if *seq >= group.head.next_seq {
                    group.notes.insert(*seq, *note);
                    self.stirred.push_back(Stir::Group(no));
                } else if *note == Note::Done && !group.open.contains_key(seq) {
                    group.past.insert(*seq, Past { outcome: Outcome::Done, ends: Ends::default() });
                }
            }
            Fact::Redriven { seq, .. } => {
                let mut open = self.close(no, *seq)?;
                (open.failures, open.suspect, open.stand) = (0, false, Stand::Ready);
                self.open(no, *seq, open);
            }
            Fact::Set { .. } => {}
        }
        None
    }

    /// Puts a task where it stands.
    fn open(&mut self, no: GroupNo, seq: u64, open: Open) {
        let Some(group) = self.groups.get_mut(&no) else { return };
        match open.stand {
            Stand::Ready => {
                if open.suspect {
                    group.suspects.insert(seq)
                } else {
                    group.ready.insert(seq)
                };
                self.stirred.push_back(Stir::Group(no));
            }
            Stand::Waiting { until_ms } => {
                group.waiting.insert(seq);
                self.waiting.insert((until_ms, no, seq));
            }
            Stand::Leased(lease) => {
                group.leased += 1;
                self.restarted += u64::from(lease.restarted);
            }
            Stand::Dead => group.dead += 1,
        }
        group.open.insert(seq, open);
    }

    /// Takes a task from where it stands.
    pub(super) fn close(&mut self, no: GroupNo, seq: u64) -> Option<Open> {
        let group = self.groups.get_mut(&no)?;
        let open = group.open.remove(&seq)?;
        match open.stand {
            Stand::Ready if open.suspect => {
                group.suspects.remove(&seq);
                if group.making_room.len() > group.suspects.len()
                    && let Some(&one_too_many) = group.making_room.last()
                {
                    self.make_no_room(one_too_many);
                }
            }
            Stand::Ready => drop(group.ready.remove(&seq)),
            Stand::Waiting { until_ms } => {
                group.waiting.remove(&seq);
                self.waiting.remove(&(until_ms, no, seq));
            }
            Stand::Leased(lease) => {
                group.leased -= 1;
                self.restarted -= u64::from(lease.restarted);
            }
            Stand::Dead => group.dead -= 1,
        }
        Some(open)
    }

    /// A watch holds one more.
    fn hold(&mut self, no: MemberNo, group: GroupNo, seq: u64, lease: &Lease) {
        let Some(member) = self.members.get_mut(&no) else { return };
        member.held.insert(group, seq);
        let id = member.instance;
        let Some(instance) = self.instances.get(&id) else { return };
        let end_ms = instance.end_of(lease, &member.terms);
        if instance.deadline_ms.is_none_or(|known| end_ms < known) {
            self.move_deadline(id, Some(end_ms));
        }
    }

    /// A watch holds one less.
    pub(super) fn let_go(&mut self, no: MemberNo, group: GroupNo, seq: u64) {
        let Some(member) = self.members.get_mut(&no) else { return };
        member.held.remove(group, seq);
        if !member.held.is_empty() {
            self.want(no);
            return;
        }
        let id = member.instance;
        if self.holds_nothing(id)
            && let Some(instance) = self.instances.get_mut(&id)
        {
            instance.is_alone = false;
            // By any of its watches it might have a suspect now.
            self.want_all(id);
        } else {
            self.want(no);
        }
        self.drop_member_if_idle(no);
    }

    /// After a restart: a watch that may hold leases.
    pub(in super::super) fn load_holder(&mut self, holder: super::Holder) {
        self.name(holder.instance, holder.client);
        let instance = self.instances.entry(holder.instance).or_default();
        instance.members.push(holder.member);
        // Until it is back only its messages count.
        instance.has_attended = true;
        let member = Member {
            instance: holder.instance,
            wants_in: vec![false; holder.groups.len()],
            groups: holder.groups,
            stream: None,
            terms: Terms { max_in_flight: holder.terms.max_in_flight.max(1), ..holder.terms },
            left: None,
            until: None,
            held: Held::default(),
            is_stirred: false,
        };
        self.members.insert(holder.member, member);
        self.recorded.insert(holder.member);
        self.next_member = self.next_member.max(holder.member);
    }

    /// After a restart: a task as it was written down. `member` holds it, if it is leased.
    pub(in super::super) fn load_open(&mut self, no: GroupNo, seq: u64, open: Open) {
        let held = open.lease().copied();
        self.open(no, seq, open);
        if let Some(lease) = held {
            self.hold(lease.member, no, seq, &lease);
        }
    }

    /// After a restart: what the roll-call has, as it was written down.
    pub(in super::super) fn load_note(&mut self, no: GroupNo, seq: u64, note: Note) {
        let Some(group) = self.groups.get_mut(&no) else { return };
        if seq >= group.head.next_seq {
            group.notes.insert(seq, note);
        } else if note == Note::Done {
            // The group passed it by after the page was written.
            group.past.insert(seq, Past { outcome: Outcome::Done, ends: Ends::default() });
            group.touch(seq);
        }
    }

    /// After a restart: a task that had ended, as it was written down. Nothing of it is kept, unless the head that
    /// was loaded is older than its page: then the group has yet to pass by what the roll-call has as done.
    pub(in super::super) fn load_past(&mut self, no: GroupNo, seq: u64, past: &Past) {
        if past.outcome == Outcome::Done
            && past.ends.is_empty()
            && let Some(group) = self.groups.get_mut(&no)
            && seq >= group.head.next_seq
        {
            group.notes.insert(seq, Note::Done);
        }
    }

    /// After a restart: tasks that were cancelled.
    pub(in super::super) fn load_cancelled(&mut self, tasks: impl IntoIterator<Item = (u64, QueueNo)>) {
        self.cancelled.extend(tasks);
    }

    /// After a restart: a fact that was written down at `ms`. Its head part and its task part are each left out if
    /// what was loaded has them.
    pub(in super::super) fn replay(&mut self, ms: u64, fact: &Fact, to_head: bool, to_task: bool) {
        if to_head {
            self.apply_to_head(fact);
        }
        let freed = if to_task { self.apply_to_task(ms, fact) } else { None };
        if let Some(Freed { member, key }) = freed
            && let Some(member) = self.members.get_mut(&member)
        {
            member.held.remove(key.group, key.seq);
        }
    }

    /// After a restart, when all is loaded: every lease in force has its full time from now on.
    pub(in super::super) fn restart(&mut self, now: Now) {
        for group in self.groups.values_mut() {
            for lease in group.open.values_mut().filter_map(Open::lease_mut) {
                if !std::mem::replace(&mut lease.restarted, true) {
                    self.restarted += 1;
                }
                lease.touched_ms = now.ms;
                // The longest hold goes on, but leaves it its full time.
                if let Some(Terms { lease_ms, max_hold_ms, .. }) =
                    self.members.get(&lease.member).map(|m| m.terms)
                {
                    let full_ms = now.ms.saturating_add(lease_ms.min(max_hold_ms));
                    lease.since_ms = lease.since_ms.max(full_ms.saturating_sub(max_hold_ms));
                }
            }
        }
        let instances: Vec<_> = self.instances.keys().copied().collect();
        for id in instances {
            self.set_deadline(id, now.ms);
        }
        let members: Vec<_> = self.members.keys().copied().collect();
        for no in members {
            self.drop_member_if_idle(no);
        }
        for member in self.members.values() {
            if member.held.iter().any(|(g, s)| self.groups[&g].open[&s].suspect)
                && let Some(instance) = self.instances.get_mut(&member.instance)
            {
                instance.is_alone = true;
            }
        }
    }

    /// The head of a group as it is to be written down.
    pub(in super::super) fn head(&self, no: GroupNo) -> Option<Head> {
        self.groups.get(&no).map(|group| group.head)
    }
}
