//! Who is there: processes, and their watches. A process is heard; its watches take tasks. All of this is
//! memory: after a restart only the holders of leases are known, and every one of them has its full time.

use std::collections::BTreeSet;

use super::{
    GroupNo, InstanceId, Machine, MemberNo, Now, Stir, StreamId, held::Held, task::Lease, words::Why,
};

/// A process.
#[derive(Debug, Default)]
pub(super) struct Instance {
    pub(super) client: Option<Box<str>>,
    /// How many of its streams attend: it is heard by its messages, not by its watches being up.
    pub(super) attending: u32,
    pub(super) has_attended: bool,
    pub(super) heard_ms: u64,
    /// When its last stream was closed, unless one is open.
    pub(super) closed_ms: Option<u64>,
    /// A lease of it was lost, and it has not been heard since: whether it held several then.
    pub(super) lost_several: Option<bool>,
    /// It wants nothing more.
    pub(super) stopped: bool,
    /// It holds a suspect, and nothing else until that has ended.
    pub(super) is_alone: bool,
    /// It is given nothing until it holds nothing, and then a suspect of this group.
    pub(super) makes_room_for: Option<GroupNo>,
    pub(super) members: Vec<MemberNo>,
    /// Its place among the machine's deadlines.
    pub(super) deadline_ms: Option<u64>,
}

/// A watch of a process, over all streams that it has had.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) instance: InstanceId,
    /// In the order wanted.
    pub(super) groups: Vec<GroupNo>,
    pub(super) stream: Option<StreamId>,
    pub(super) terms: Terms,
    /// How many more hand-outs its stream asked for.
    pub(super) left: Option<u64>,
    /// Where each of its groups ends for it.
    pub(super) until: Option<Vec<u64>>,
    pub(super) held: Held,
    /// It is among what may lead to a hand-out.
    pub(super) is_stirred: bool,
    /// In which of `groups` it stands among those that want a task.
    pub(super) wants_in: Vec<bool>,
}

/// What a watch has asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Terms {
    pub(in super::super) max_in_flight: u32,
    pub(in super::super) lease_ms: u64,
    pub(in super::super) max_hold_ms: u64,
    pub(in super::super) grace_ms: u64,
}

/// A watch as it comes to the machine.
#[derive(Debug, Clone)]
pub(in super::super) struct Join {
    pub(in super::super) stream: StreamId,
    pub(in super::super) instance: InstanceId,
    pub(in super::super) client: Option<Box<str>>,
    pub(in super::super) groups: Vec<GroupNo>,
    pub(in super::super) terms: Terms,
    pub(in super::super) left: Option<u64>,
    pub(in super::super) until: Option<Vec<u64>>,
    /// The leases it still has.
    pub(in super::super) have: BTreeSet<(GroupNo, u64, u32)>,
}

/// Why a stream is to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum StreamEnd {
    /// It has got what it asked for.
    Done,
    /// The same process has opened the same watch again.
    Superseded,
}

impl Instance {
    /// Whether it counts as heard now: a process that never attended does while a watch of it is up.
    pub(super) fn is_heard_by_itself(&self) -> bool {
        !self.has_attended && self.closed_ms.is_none()
    }

    /// When a lease of it ends, if nothing is heard any more.
    pub(super) fn end_of(&self, lease: &Lease, terms: &Terms) -> u64 {
        let held_until = lease.since_ms.saturating_add(terms.max_hold_ms);
        if self.is_heard_by_itself() && !lease.restarted {
            return held_until;
        }
        let mut end = lease.touched_ms.max(self.heard_ms).saturating_add(terms.lease_ms);
        if let Some(closed) = self.closed_ms
            && lease.touched_ms <= closed
        {
            end = end.min(closed.saturating_add(terms.grace_ms));
        }
        end.min(held_until)
    }
}

impl Machine {
    /// A watch begins, or is taken up again over another stream.
    pub(in super::super) fn join(&mut self, now: Now, join: Join) {
        let found = self.instances.get(&join.instance).and_then(|instance| {
            instance.members.iter().copied().find(|m| self.members[m].groups == join.groups)
        });
        let is_up = self.is_up(join.instance);
        self.name(join.instance, join.client);
        let instance = self.instances.entry(join.instance).or_default();
        if !is_up {
            // It is back, and may be one that does without.
            instance.has_attended = false;
        }
        instance.closed_ms = None;
        let was_stopped = std::mem::take(&mut instance.stopped);
        let no = found.unwrap_or_else(|| {
            self.next_member += 1;
            instance.members.push(self.next_member);
            let member = Member {
                instance: join.instance,
                wants_in: vec![false; join.groups.len()],
                groups: join.groups,
                stream: None,
                terms: join.terms,
                left: None,
                until: None,
                held: Held::default(),
                is_stirred: false,
            };
            self.members.insert(self.next_member, member);
            self.next_member
        });
        let Some(member) = self.members.get_mut(&no) else { return };
        if let Some(old) = member.stream.replace(join.stream) {
            self.streams.remove(&old);
            self.end_stream(old, StreamEnd::Superseded);
        }
        let Some(member) = self.members.get_mut(&no) else { return };
        (member.left, member.until) = (join.left, join.until);
        if std::mem::replace(&mut member.terms, join.terms) != join.terms {
            self.unrecorded.insert(no);
        }
        self.streams.insert(join.stream, no);
        // Opening a watch is a sign of life like any other.
        self.hear(now, join.instance);
        // Other terms may end leases earlier, and let another make room for a suspect.
        self.set_deadline(join.instance, now.ms);
        self.make_no_room(join.instance);
        // Before anything new: what was handed out and did not arrive.
        let mut sent = 0;
        for (group, seq) in self.members[&no].held.clone().iter() {
            let attempt = self.groups[&group].open[&seq].attempts();
            if !join.have.contains(&(group, seq, attempt)) {
                self.deliver(join.stream, group, seq, attempt);
                sent += 1;
            }
        }
        self.count_down(no, sent);
        // It cannot know of leases that ended while it was away.
        for (group, seq, attempt) in join.have {
            // It may name those of its other watches.
            let is_in_force = self.instances[&join.instance]
                .members
                .iter()
                .any(|m| self.members[m].held.contains(group, seq))
                && self.groups[&group].open[&seq].attempts() == attempt;
            if !is_in_force {
                self.notice(join.instance, group, seq, attempt, Why::Lost);
            }
        }
        if self.members[&no].until.is_some() {
            self.finishing.insert(no);
        }
        self.want(no);
        if was_stopped {
            self.want_all(join.instance);
        }
    }

    /// A watch's stream was closed.
    pub(in super::super) fn leave(&mut self, now: Now, stream: StreamId) {
        let Some(no) = self.streams.remove(&stream) else { return };
        let Some(member) = self.members.get_mut(&no) else { return };
        member.stream = None;
        let instance = member.instance;
        self.finishing.remove(&no);
        self.make_no_room(instance);
        self.closed_one(now, instance);
        self.drop_member_if_idle(no);
    }

    /// A process attends from now on.
    pub(in super::super) fn attend(&mut self, now: Now, id: InstanceId, client: Option<Box<str>>) {
        self.name(id, client);
        let instance = self.instances.entry(id).or_default();
        instance.attending += 1;
        instance.closed_ms = None;
        let is_first = !std::mem::replace(&mut instance.has_attended, true);
        self.hear(now, id);
        if is_first {
            // Until now its leases had no end but the longest hold.
            self.set_deadline(id, now.ms);
        }
    }

    /// A stream by which a process attended was closed.
    pub(in super::super) fn unattend(&mut self, now: Now, id: InstanceId) {
        let Some(instance) = self.instances.get_mut(&id) else { return };
        instance.attending = instance.attending.saturating_sub(1);
        self.closed_one(now, id);
    }

    /// A process was heard. With `stop` it is handed nothing more.
    pub(in super::super) fn heard(&mut self, now: Now, id: InstanceId, stop: bool) {
        self.hear(now, id);
        if stop && let Some(instance) = self.instances.get_mut(&id) {
            instance.stopped = true;
            self.make_no_room(id);
        }
    }

    fn hear(&mut self, now: Now, id: InstanceId) {
        let Some(instance) = self.instances.get_mut(&id) else { return };
        instance.heard_ms = now.ms;
        let was_lost = instance.lost_several.take().is_some();
        if !was_lost && self.restarted == 0 {
            return;
        }
        for no in instance.members.clone() {
            for (group, seq) in self.members[&no].held.clone().iter() {
                if let Some(lease) = self.lease_mut(group, seq)
                    && std::mem::take(&mut lease.restarted)
                {
                    self.restarted -= 1;
                }
            }
            self.want(no);
        }
    }

    /// A process that is known says whose it is.
    pub(in super::super) fn rename(&mut self, id: InstanceId, client: Box<str>) {
        if self.instances.contains_key(&id) {
            self.name(id, Some(client));
        }
    }

    /// A process says whose it is.
    pub(super) fn name(&mut self, id: InstanceId, client: Option<Box<str>>) {
        let Some(client) = client else { return };
        let instance = self.instances.entry(id).or_default();
        if instance.client.as_ref() == Some(&client) {
            return;
        }
        let old = instance.client.replace(client.clone());
        self.unrecorded.extend(&instance.members);
        self.unname(id, old.as_deref());
        self.clients.entry(client).or_default().insert(id);
    }

    fn unname(&mut self, id: InstanceId, client: Option<&str>) {
        if let Some(client) = client
            && let Some(instances) = self.clients.get_mut(client)
        {
            instances.remove(&id);
            if instances.is_empty() {
                self.clients.remove(client);
            }
        }
    }

    /// One of a process's streams was closed: with the last one its leases have the grace left.
    fn closed_one(&mut self, now: Now, id: InstanceId) {
        if self.is_up(id) {
            return;
        }
        let Some(instance) = self.instances.get_mut(&id) else { return };
        if !instance.has_attended {
            instance.heard_ms = now.ms;
        }
        instance.closed_ms = Some(now.ms);
        self.set_deadline(id, now.ms);
        self.drop_instance_if_idle(id);
    }

    /// Whether any stream of a process is open.
    fn is_up(&self, id: InstanceId) -> bool {
        self.instances.get(&id).is_some_and(|instance| {
            instance.attending > 0 || instance.members.iter().any(|m| self.members[m].stream.is_some())
        })
    }

    /// Sets when the leases of a process are next to be looked at, not before `earliest_ms`.
    pub(super) fn set_deadline(&mut self, id: InstanceId, earliest_ms: u64) {
        let Some(instance) = self.instances.get(&id) else { return };
        let members = instance.members.iter().map(|m| &self.members[m]);
        let ends = members.flat_map(|member| {
            let lease = |(group, seq)| self.groups.get(&group)?.open.get(&seq)?.lease();
            member.held.iter().filter_map(lease).map(|lease| instance.end_of(lease, &member.terms))
        });
        let deadline = ends.min().map(|end| end.max(earliest_ms));
        self.move_deadline(id, deadline);
    }

    pub(super) fn move_deadline(&mut self, id: InstanceId, deadline_ms: Option<u64>) {
        let Some(instance) = self.instances.get_mut(&id) else { return };
        if let Some(old) = std::mem::replace(&mut instance.deadline_ms, deadline_ms) {
            self.deadlines.remove(&(old, id));
        }
        self.deadlines.extend(deadline_ms.map(|deadline| (deadline, id)));
    }

    /// A watch that is neither up nor holds anything is forgotten.
    pub(super) fn drop_member_if_idle(&mut self, no: MemberNo) {
        let Some(member) = self.members.get(&no) else { return };
        if member.stream.is_some() || !member.held.is_empty() {
            return;
        }
        let Some(member) = self.members.remove(&no) else { return };
        self.unrecorded.remove(&no);
        if self.recorded.remove(&no) {
            self.gone_members.push(no);
        }
        for group in &member.groups {
            let Some(group) = self.groups.get_mut(group) else { continue };
            group.wanting.retain(|m| *m != no);
            if group.wanting.is_empty() {
                group.forget_offers();
            }
        }
        if let Some(instance) = self.instances.get_mut(&member.instance) {
            instance.members.retain(|m| *m != no);
        }
        self.drop_instance_if_idle(member.instance);
    }

    fn drop_instance_if_idle(&mut self, id: InstanceId) {
        if self.instances.get(&id).is_some_and(|i| i.attending == 0 && i.members.is_empty()) {
            self.make_no_room(id);
            self.move_deadline(id, None);
            let client = self.instances.remove(&id).and_then(|instance| instance.client);
            self.unname(id, client.as_deref());
        }
    }

    /// Whether a watch may be handed a task now.
    pub(super) fn may_take(&self, no: MemberNo) -> bool {
        let Some(member) = self.members.get(&no) else { return false };
        if member.stream.is_none()
            || member.left == Some(0)
            || member.held.len() as u64 >= u64::from(member.terms.max_in_flight)
        {
            return false;
        }
        let Some(instance) = self.instances.get(&member.instance) else { return false };
        !instance.stopped
            // Who was not heard in time would only lose the next one as well.
            && instance.lost_several.is_none()
            && !instance.is_alone
            && (instance.makes_room_for.is_none() || self.holds_nothing(member.instance))
    }

    /// Whether a process holds no task by any of its watches.
    pub(super) fn holds_nothing(&self, id: InstanceId) -> bool {
        self.instances
            .get(&id)
            .is_none_or(|instance| instance.members.iter().all(|m| self.members[m].held.is_empty()))
    }

    /// A process is given nothing until it holds nothing, and then a suspect of this group.
    pub(super) fn make_room(&mut self, id: InstanceId, group_no: GroupNo) {
        if let Some(instance) = self.instances.get_mut(&id)
            && let Some(group) = self.groups.get_mut(&group_no)
        {
            instance.makes_room_for = Some(group_no);
            group.making_room.insert(id);
        }
    }

    /// If a process makes room for a suspect, it does so no more: another may have to.
    pub(super) fn make_no_room(&mut self, id: InstanceId) {
        let Some(instance) = self.instances.get_mut(&id) else { return };
        let Some(group_no) = instance.makes_room_for.take() else { return };
        if let Some(group) = self.groups.get_mut(&group_no) {
            group.making_room.remove(&id);
        }
        self.stirred.push_back(Stir::Group(group_no));
        self.want_all(id);
    }

    /// Something that held all watches of a process back does so no more.
    pub(super) fn want_all(&mut self, id: InstanceId) {
        let members = self.instances.get(&id).map(|instance| instance.members.clone()).unwrap_or_default();
        for no in members {
            self.want(no);
        }
    }

    /// Puts a watch among those that want tasks, in each of its groups.
    pub(super) fn want(&mut self, no: MemberNo) {
        let is_known = |member: &Member| member.is_stirred && member.wants_in.iter().all(|wants| *wants);
        if self.members.get(&no).is_none_or(is_known) || !self.may_take(no) {
            return;
        }
        let Some(member) = self.members.get_mut(&no) else { return };
        for (place, group_no) in member.groups.iter().enumerate() {
            if !member.wants_in[place]
                && let Some(group) = self.groups.get_mut(group_no)
            {
                member.wants_in[place] = true;
                group.wanting.push_back(no);
                self.queues.entry(group.queue).or_default().attentive.insert(*group_no);
            }
        }
        if !std::mem::replace(&mut member.is_stirred, true) {
            self.stirred.push_back(Stir::Member(no));
        }
    }
}
