//! Handing out: the lowest ready task of a group to the watch that has waited longest, in the order in which a
//! watch names its queues.

use super::{
    Fact, Fresh, GroupNo, InstanceId, Machine, MemberNo, Now, Stir, StreamEnd,
    fact::Next,
    group::PAGE_SEQS,
    task::{Note, Outcome, has_expired},
};

/// What a group has for a watch.
enum Choice {
    /// This task; for the first time if it comes with its fresh entry.
    Task(u64, Option<Fresh>),
    /// A suspect, to be handed out alone.
    Suspect(u64),
    /// A suspect, once its process holds nothing.
    MakeRoom,
    /// There may be something: it has to be offered.
    Unknown,
    Nothing,
}

impl Machine {
    /// Hands out what can be handed out. To be called when everything that was told has been decided; when
    /// offers are wanted after it ([`Machine::take_hungry`]), again after them.
    pub(in super::super) fn pump(&mut self, now: Now) {
        while !self.stirred.is_empty() || self.finish() {
            match self.stirred.pop_front() {
                Some(Stir::Member(no)) => {
                    if let Some(member) = self.members.get_mut(&no) {
                        member.is_stirred = false;
                    }
                    while self.serve(now, no) {}
                }
                Some(Stir::Group(group)) => self.serve_group(now, group),
                None => {}
            }
        }
    }

    /// Serves the watches that want a task of a group, one task each in turn.
    fn serve_group(&mut self, now: Now, no: GroupNo) {
        // How many of those that stay were asked in vain since the last hand-out.
        let mut misses = 0;
        loop {
            self.absorb(no);
            let Some(group) = self.groups.get_mut(&no) else { return };
            if group.wanting.is_empty() {
                let queue = group.queue;
                // Who only calls the roll takes nothing, and what it has done would pile up: the group is offered
                // tasks for nobody, to pass them by.
                let is_much = group.fresh.is_empty() && group.notes.len() as u64 >= PAGE_SEQS;
                if is_much {
                    self.ask(no);
                }
                if let Some(queue) = self.queues.get_mut(&queue) {
                    queue.attentive.remove(&no);
                }
                return;
            }
            let has_any = !group.ready.is_empty() || !group.fresh.is_empty() || !group.suspects.is_empty();
            if group.head.settings.paused || misses >= group.wanting.len() {
                return;
            }
            if !has_any {
                self.ask(no);
                return;
            }
            let Some(member) = group.wanting.pop_front() else { return };
            let place = self.members.get(&member).and_then(|m| m.groups.iter().position(|g| *g == no));
            let served = self.may_take(member) && self.serve(now, member);
            let stays = self.may_take(member);
            // One that does not stay is not asked again.
            misses = if served { 0 } else { misses + usize::from(stays) };
            if let (Some(place), Some(member)) = (place, self.members.get_mut(&member)) {
                member.wants_in[place] = stays;
            }
            if let (true, Some(group)) = (stays, self.groups.get_mut(&no)) {
                group.wanting.push_back(member);
            }
        }
    }

    /// Hands one task to a watch. False if there is none for it now.
    fn serve(&mut self, now: Now, no: MemberNo) -> bool {
        if !self.may_take(no) {
            return false;
        }
        let instance = self.members[&no].instance;
        let mut place = 0;
        while let Some(&group) = self.members[&no].groups.get(place) {
            place += 1;
            match self.choose(now, group, instance) {
                Choice::Task(seq, fresh) => {
                    self.hand_out(now, group, no, seq, fresh);
                    // It was to get a suspect, and there was something before that.
                    self.make_no_room(instance);
                    return true;
                }
                Choice::Suspect(seq) => {
                    if let Some(instance) = self.instances.get_mut(&instance) {
                        instance.is_alone = true;
                    }
                    self.make_no_room(instance);
                    self.hand_out(now, group, no, seq, None);
                    return true;
                }
                Choice::MakeRoom => {
                    self.make_room(instance, group);
                    return false;
                }
                // What comes first in its order is not passed by because it has to be read.
                Choice::Unknown => {
                    self.ask(group);
                    if let Some(group) = self.groups.get_mut(&group) {
                        group.awaiting.insert(no);
                    }
                    return false;
                }
                Choice::Nothing => {}
            }
        }
        false
    }

    fn choose(&mut self, now: Now, no: GroupNo, instance: InstanceId) -> Choice {
        loop {
            self.absorb(no);
            let Some(group) = self.groups.get_mut(&no) else { return Choice::Nothing };
            if group.head.settings.paused {
                return Choice::Nothing;
            }
            let ready = group.ready.first().copied();
            if let Some(&seq) = group.suspects.first()
                && ready.is_none_or(|ready| seq < ready)
            {
                if group.open[&seq].has_expired(now.server_ms) {
                    self.drop_task(now, no, seq, Outcome::Expired);
                    continue;
                }
                let wants_room = group.making_room.len() < group.suspects.len();
                if self.holds_nothing(instance) {
                    return Choice::Suspect(seq);
                }
                // Others go on with what comes after it.
                if wants_room {
                    return Choice::MakeRoom;
                }
            }
            let Some(group) = self.groups.get_mut(&no) else { return Choice::Nothing };
            if let Some(seq) = ready {
                if group.open[&seq].has_expired(now.server_ms) {
                    self.drop_task(now, no, seq, Outcome::Expired);
                    continue;
                }
                return Choice::Task(seq, None);
            }
            let Some(&fresh) = group.fresh.front() else {
                return if self.is_behind(no) { Choice::Unknown } else { Choice::Nothing };
            };
            if has_expired(fresh.expires_ms, now.server_ms) {
                group.fresh.pop_front();
                group.pass(fresh.seq, group.head.passed + 1);
                continue;
            }
            return Choice::Task(fresh.seq, Some(fresh));
        }
    }

    /// Passes by tasks at the front that were cancelled, or that the roll-call has as done.
    fn absorb(&mut self, no: GroupNo) {
        let Some(group) = self.groups.get_mut(&no) else { return };
        while let Some(fresh) = group.fresh.front()
            && (self.cancelled.contains_key(&fresh.seq) || group.notes.get(&fresh.seq) == Some(&Note::Done))
        {
            let seq = fresh.seq;
            group.fresh.pop_front();
            group.pass(seq, group.head.passed + 1);
        }
    }

    /// Whether there are tasks in the log that the group has not been offered.
    fn is_behind(&self, no: GroupNo) -> bool {
        let Some(group) = self.groups.get(&no) else { return false };
        let last_seq = self.queues.get(&group.queue).map_or(0, |queue| queue.last_seq);
        group.offered_seq < last_seq
    }

    fn ask(&mut self, no: GroupNo) {
        if self.is_behind(no) {
            self.hungry.push(no);
        }
    }

    /// Leases a task to a watch.
    fn hand_out(&mut self, now: Now, group: GroupNo, member: MemberNo, seq: u64, fresh: Option<Fresh>) {
        let mut passed = None;
        let mut expires_ms = 0;
        if let (Some(fresh), Some(group)) = (fresh, self.groups.get_mut(&group)) {
            group.fresh.pop_front();
            passed = Some(group.head.passed + 1);
            expires_ms = fresh.expires_ms;
        }
        self.decide(now, Fact::HandOut { group, seq, member, expires_ms, passed });
        let attempt = if fresh.is_some() { 1 } else { self.groups[&group].open[&seq].attempts() };
        if let Some(stream) = self.members[&member].stream {
            self.deliver(stream, group, seq, attempt);
        }
        if !self.recorded.contains(&member) {
            self.unrecorded.insert(member);
        }
        self.count_down(member, 1);
    }

    /// Some of the hand-outs that a stream asked for have been made.
    pub(super) fn count_down(&mut self, no: MemberNo, made: u64) {
        let Some(member) = self.members.get_mut(&no) else { return };
        let Some(left) = member.left.as_mut().filter(|_| made > 0) else { return };
        *left = left.saturating_sub(made);
        if let (0, Some(stream)) = (*left, member.stream) {
            self.end_stream(stream, StreamEnd::Done);
        }
    }

    /// Ends a task that is not leased, for this group.
    pub(super) fn drop_task(&mut self, now: Now, group: GroupNo, seq: u64, outcome: Outcome) {
        let Some(open) = self.groups.get(&group).and_then(|g| g.open.get(&seq)) else { return };
        let failures = open.failures;
        let next = Next::Past(outcome);
        self.decide(now, Fact::Ended { group, seq, end: None, next, failures, suspect: false, said: None });
    }

    /// Ends the streams of watches that have nothing left to wait for. False if there are none.
    fn finish(&mut self) -> bool {
        let done: Vec<MemberNo> = self.finishing.iter().copied().filter(|no| self.is_finished(*no)).collect();
        for &no in &done {
            self.finishing.remove(&no);
            let Some(member) = self.members.get_mut(&no) else { continue };
            // It may be a while until it is closed; or it has ended already.
            let left = member.left.replace(0);
            let instance = member.instance;
            if let Some(stream) = member.stream.filter(|_| left != Some(0)) {
                self.end_stream(stream, StreamEnd::Done);
            }
            self.make_no_room(instance);
        }
        !done.is_empty()
    }

    fn is_finished(&self, no: MemberNo) -> bool {
        let Some(member) = self.members.get(&no) else { return true };
        let Some(until) = &member.until else { return false };
        member.groups.iter().zip(until).all(|(no, &until)| {
            let Some(group) = self.groups.get(no) else { return true };
            let watches = self.instances.get(&member.instance).map(|i| &i.members[..]).unwrap_or_default();
            let is_held = watches.iter().any(|m| self.members[m].held.has_upto(*no, until));
            let fresh_ended = match group.fresh.front() {
                Some(fresh) => fresh.seq > until,
                // Nothing is offered: either it was, or there is nothing to offer.
                None => group.offered_seq >= until || !self.is_behind(*no),
            };
            let mut returned = [&group.ready, &group.suspects, &group.waiting].into_iter();
            let comes_back = returned.any(|seqs| seqs.first().is_some_and(|&first| first <= until));
            !is_held && fresh_ended && !comes_back
        })
    }
}
