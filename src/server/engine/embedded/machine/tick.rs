//! What happens by itself: leases end, and tasks that waited are ready again.

use super::{
    Death, Fact, GroupNo, InstanceId, Machine, Now, QueueNo,
    fact::Next,
    group::PAGE_SEQS,
    settle::{Key, after_failure},
    task::Stand,
    words::{End, Why},
};

/// The leases of one process are looked at no more often than this.
const LOOK_MS: u64 = 100;

impl Machine {
    /// When to come back at the latest. `None`: not before something is told.
    pub(in super::super) fn next_tick_ms(&self) -> Option<u64> {
        let lease = self.deadlines.first().map(|(ms, _)| *ms);
        let waiting = self.waiting.first().map(|(ms, ..)| *ms);
        lease.into_iter().chain(waiting).min()
    }

    /// Ends the leases whose time is over and makes ready what has waited long enough.
    pub(in super::super) fn tick(&mut self, now: Now) {
        while let Some(&(ms, instance)) = self.deadlines.first()
            && ms <= now.ms
        {
            self.end_leases(now, instance);
            self.set_deadline(instance, now.ms + LOOK_MS);
        }
        while let Some(&(ms, group_no, seq)) = self.waiting.first()
            && ms <= now.ms
        {
            self.waiting.pop_first();
            let Some(group) = self.groups.get_mut(&group_no) else { continue };
            let Some(open) = group.open.get_mut(&seq) else { continue };
            // That it has waited long enough follows from what is written down.
            open.stand = Stand::Ready;
            group.waiting.remove(&seq);
            if open.suspect {
                group.suspects.insert(seq)
            } else {
                group.ready.insert(seq)
            };
            self.stirred.push_back(super::Stir::Group(group_no));
        }
    }

    /// Ends those leases of a process that are over.
    fn end_leases(&mut self, now: Now, id: InstanceId) {
        let Some(instance) = self.instances.get(&id) else { return };
        let mut over = Vec::new();
        let mut held = 0;
        for member in instance.members.iter().map(|no| &self.members[no]) {
            held += member.held.len();
            for (group, seq) in member.held.iter() {
                let Some(open) = self.groups.get(&group).and_then(|g| g.open.get(&seq)) else { continue };
                let Some(lease) = open.lease() else { continue };
                if instance.end_of(lease, &member.terms) <= now.ms {
                    let is_overheld = lease.since_ms.saturating_add(member.terms.max_hold_ms) <= now.ms;
                    over.push((Key { group, seq, attempt: open.attempts() }, is_overheld, lease.restarted));
                }
            }
        }
        for (key, is_overheld, restarted) in over {
            let (end, why) = if restarted {
                (End::ServerRestart, Why::Lost)
            } else if is_overheld {
                (End::Overheld, Why::Overheld)
            } else {
                let Some(instance) = self.instances.get_mut(&id) else { return };
                // What it held when it was first found silent stands for all that it still holds.
                let several = *instance.lost_several.get_or_insert(held > 1);
                self.make_no_room(id);
                (if several { End::LostTogether } else { End::Lost }, Why::Lost)
            };
            self.end_by_itself(now, key, end, why);
        }
    }

    fn end_by_itself(&mut self, now: Now, key: Key, end: End, why: Why) {
        let Key { group, seq, attempt } = key;
        let Some(found) = self.groups.get(&group) else { return };
        let Some(open) = found.open.get(&seq) else { return };
        let (mut failures, mut suspect) = (open.failures, open.suspect);
        let next = match end {
            End::Lost | End::Overheld => {
                failures += 1;
                after_failure(now, key, &found.head.settings, failures, None)
            }
            End::LostTogether => {
                suspect = true;
                Next::Ready
            }
            _ => Next::Ready,
        };
        let holder = open.lease().map(|lease| self.members[&lease.member].instance);
        let client = holder.and_then(|id| self.instances.get(&id)?.client.clone());
        self.decide(now, Fact::Ended { group, seq, end: Some(end), next, failures, suspect, said: None });
        if let (Some(client), Some(found)) = (&client, self.groups.get_mut(&group)) {
            found.lost_by.insert(seq, client.clone());
        }
        if next == Next::Dead {
            self.deaths.push(Death { key, end, client });
        }
        if let Some(instance) = holder {
            self.notice(instance, group, seq, attempt, why);
        }
    }

    /// The tasks of a queue up to `last_seq` are no longer kept: `trimmed` of them in all, from the first one on.
    /// What is written down of them may go. The heads of the queue's groups are to be written down with it, or a
    /// start cannot count what was trimmed unsettled before something else was handed out.
    pub(in super::super) fn trim(&mut self, queue: QueueNo, last_seq: u64, trimmed: u64) {
        let groups = self.queues.get(&queue).map(|queue| queue.groups.clone()).unwrap_or_default();
        for no in groups {
            self.trim_group(no, last_seq, trimmed);
        }
    }

    fn trim_group(&mut self, no: GroupNo, last_seq: u64, trimmed: u64) {
        let ended_ahead = self.groups.get(&no).map_or(0, |group| self.ended_ahead(group, last_seq));
        let Some(group) = self.groups.get_mut(&no) else { return };
        let counted_seq = group.head.trimmed_seq;
        if last_seq > counted_seq {
            group.head.trimmed_seq = last_seq;
            group.is_head_dirty = true;
        }
        if group.head.next_seq <= last_seq {
            let ahead = trimmed.saturating_sub(group.head.passed);
            group.head.trimmed_unsettled += ahead.saturating_sub(ended_ahead);
            group.head.passed = group.head.passed.max(trimmed);
            group.head.next_seq = last_seq + 1;
        }
        group.offered_seq = group.offered_seq.max(group.head.next_seq - 1);
        while group.fresh.front().is_some_and(|fresh| fresh.seq <= last_seq) {
            group.fresh.pop_front();
        }
        group.notes = group.notes.split_off(&(last_seq + 1));
        group.past.forget_upto(last_seq);
        group.lost_by = group.lost_by.split_off(&(last_seq + 1));
        let over: Vec<u64> = group.open.range(..=last_seq).map(|(seq, _)| *seq).collect();
        // Their pages are written once more, and so are those that have changed since they were: a purge leaves them
        // where they are, and a start that found in them what is gone would look for its holders.
        group.dirty.extend(over.iter().map(|seq| seq / PAGE_SEQS));
        for seq in over {
            self.forget(no, seq, counted_seq);
        }
    }

    /// A task that is no longer kept leaves without a fact: that follows from the log.
    fn forget(&mut self, no: GroupNo, seq: u64, counted_seq: u64) {
        let Some(group) = self.groups.get_mut(&no) else { return };
        let Some(open) = group.open.get(&seq) else { return };
        let (lease, attempt) = (open.lease().copied(), open.attempts());
        if !open.is_dead() && seq > counted_seq {
            group.head.trimmed_unsettled += 1;
        }
        self.close(no, seq);
        if let Some(lease) = lease
            && let Some(instance) = self.members.get(&lease.member).map(|member| member.instance)
        {
            self.notice(instance, no, seq, attempt, Why::Gone);
            self.let_go(lease.member, no, seq);
        }
    }

    /// Throws away what is known of tasks that were cancelled up to a seq that is no longer kept.
    pub(in super::super) fn forget_cancelled(&mut self, last_seq: u64) {
        self.cancelled = self.cancelled.split_off(&(last_seq + 1));
    }

    /// How many leases of a queue's tasks up to a seq are in force.
    pub(in super::super) fn leases_upto(&self, queue: QueueNo, seq: u64) -> u64 {
        let groups = self.queues.get(&queue).map(|queue| &queue.groups[..]).unwrap_or_default();
        let open = groups.iter().filter_map(|no| self.groups.get(no)).flat_map(|g| g.open.range(..=seq));
        open.filter(|(_, open)| open.lease().is_some()).count() as u64
    }
}
