//! What can be seen of the machine, and what of it is written down.

use super::{
    GroupNo, InstanceId, Key, Machine, QueueNo,
    group::{Group, Head, PAGE_SEQS},
    session::Member,
    task::{Note, Open, Past},
};

/// A group in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Counts {
    pub(in super::super) head: Head,
    pub(in super::super) members: u64,
    /// Returned ones; those in the log after `head.next_seq` are ready as well.
    pub(in super::super) ready: u64,
    pub(in super::super) leased: u64,
    pub(in super::super) waiting: u64,
    pub(in super::super) dead: u64,
    pub(in super::super) suspects: u64,
    /// Tasks that the group has not got to and never will hand out.
    pub(in super::super) ended_ahead: u64,
    /// The first task that has not ended and has been got to.
    pub(in super::super) first_open: Option<u64>,
}

/// A task as a group sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Seen {
    /// It has got to it.
    Open {
        open: Open,
        /// The client of the holder.
        holder: Option<Box<str>>,
        /// Until when it is leased if nothing is heard, or waits, on the machine's clock.
        until_ms: Option<u64>,
        since_ms: Option<u64>,
    },
    /// It has ended.
    Past(Past),
    /// The group has not got to it; the roll-call may have it.
    Ahead(Option<Note>),
    /// It has ended, and how is written down.
    Written,
}

impl Machine {
    /// A group in numbers.
    pub(in super::super) fn counts(&self, no: GroupNo) -> Option<Counts> {
        let group = self.groups.get(&no)?;
        Some(Counts {
            head: group.head,
            members: self.members_of(no).filter(|m| m.stream.is_some()).count() as u64,
            ready: (group.ready.len() + group.suspects.len()) as u64,
            leased: group.leased,
            waiting: group.waiting.len() as u64,
            dead: group.dead,
            suspects: group.suspects.len() as u64,
            ended_ahead: self.ended_ahead(group, u64::MAX),
            first_open: group.open.iter().find(|(_, open)| !open.is_dead()).map(|(seq, _)| *seq),
        })
    }

    /// How many tasks up to a seq have ended before the group has got to them.
    pub(super) fn ended_ahead(&self, group: &Group, upto_seq: u64) -> u64 {
        if upto_seq < group.head.next_seq {
            return 0;
        }
        let ahead = group.head.next_seq..=upto_seq;
        let cancelled = self.cancelled.range(ahead.clone()).filter(|(_, queue)| **queue == group.queue);
        let is_done = |(seq, note): &(&u64, &Note)| **note == Note::Done && !self.cancelled.contains_key(seq);
        (cancelled.count() + group.notes.range(ahead).filter(is_done).count()) as u64
    }

    fn members_of(&self, no: GroupNo) -> impl Iterator<Item = &Member> {
        self.members.values().filter(move |member| member.groups.contains(&no))
    }

    /// How many watches take tasks of a group, and how many of them may hold no more.
    pub(in super::super) fn members_full(&self, no: GroupNo) -> (u64, u64) {
        let up = || self.members_of(no).filter(|member| member.stream.is_some());
        let is_alone = |m: &Member| self.instances.get(&m.instance).is_some_and(|i| i.is_alone);
        let full = up().filter(|m| is_alone(m) || m.held.len() as u64 >= u64::from(m.terms.max_in_flight));
        (up().count() as u64, full.count() as u64)
    }

    /// A task as a group sees it.
    pub(in super::super) fn seen(&self, no: GroupNo, seq: u64) -> Option<Seen> {
        let group = self.groups.get(&no)?;
        if let Some(open) = group.open.get(&seq) {
            let lease = open.lease();
            let member = lease.and_then(|lease| self.members.get(&lease.member));
            let instance = member.and_then(|member| self.instances.get(&member.instance));
            let end =
                lease.zip(member).zip(instance).map(|((lease, member), i)| i.end_of(lease, &member.terms));
            let until = match open.stand {
                super::Stand::Waiting { until_ms } => Some(until_ms),
                _ => end,
            };
            return Some(Seen::Open {
                open: open.clone(),
                holder: instance.and_then(|instance| instance.client.clone()),
                until_ms: until,
                since_ms: lease.map(|lease| lease.since_ms),
            });
        }
        if let Some(past) = group.past.get(seq) {
            return Some(Seen::Past(past.clone()));
        }
        let is_ahead = seq >= group.head.next_seq;
        Some(if is_ahead { Seen::Ahead(group.notes.get(&seq).copied()) } else { Seen::Written })
    }

    /// The client of whoever holds a lease or, if it was the last one and has ended by itself, held it.
    /// `None`: the task is not open.
    pub(in super::super) fn holder(&self, key: Key) -> Option<Option<&str>> {
        let group = self.groups.get(&key.group)?;
        let open = group.open.get(&key.seq)?;
        Some(match open.lease() {
            _ if open.attempts() != key.attempt => None,
            None => group.lost_by.get(&key.seq).map(|client| &**client),
            Some(lease) => {
                let member = self.members.get(&lease.member);
                member.and_then(|member| self.instances.get(&member.instance)?.client.as_deref())
            }
        })
    }

    /// Whether a task is leased in any group.
    pub(in super::super) fn is_leased(&self, queue: QueueNo, seq: u64) -> bool {
        let mut groups = self.groups_of(queue).iter().filter_map(|no| self.groups.get(no));
        groups.any(|group| group.open.get(&seq).is_some_and(|open| open.lease().is_some()))
    }

    /// Open tasks of a group after a seq that `wanted` picks, at most `limit`.
    pub(in super::super) fn open_after(
        &self,
        no: GroupNo,
        after: u64,
        limit: usize,
        wanted: impl Fn(&Open) -> bool,
    ) -> Vec<u64> {
        let Some(group) = self.groups.get(&no) else { return Vec::new() };
        let open = group.open.range(after.saturating_add(1)..).filter(|(_, open)| wanted(open));
        open.map(|(seq, _)| *seq).take(limit).collect()
    }

    /// How many tasks a process holds.
    pub(in super::super) fn held_by(&self, id: InstanceId) -> u64 {
        let members = self.instances.get(&id).map(|instance| &instance.members[..]).unwrap_or_default();
        members.iter().map(|no| self.members[no].held.len() as u64).sum()
    }

    /// How many tasks the processes of a client hold, also those that are away.
    pub(in super::super) fn held_of(&self, client: &str) -> u64 {
        self.clients.get(client).into_iter().flatten().map(|id| self.held_by(*id)).sum()
    }

    /// The clients that hold a task just now in any group of its queue, and since when.
    pub(in super::super) fn holders_of(&self, queue: QueueNo, seq: u64) -> Vec<(Box<str>, u64)> {
        let open = self.groups_of(queue).iter().filter_map(|no| self.groups.get(no)?.open.get(&seq));
        let leases = open.filter_map(Open::lease);
        let holders = leases.filter_map(|lease| {
            let member = self.members.get(&lease.member)?;
            Some((self.instances.get(&member.instance)?.client.clone()?, lease.since_ms))
        });
        holders.collect()
    }

    /// How many tasks a group has got to and would hand out before this one.
    pub(in super::super) fn ready_before(&self, no: GroupNo, seq: u64) -> u64 {
        let Some(group) = self.groups.get(&no) else { return 0 };
        (group.ready.range(..seq).count() + group.suspects.range(..seq).count()) as u64
    }

    /// The streams of a group's watches.
    pub(in super::super) fn streams_of(&self, no: GroupNo) -> Vec<super::StreamId> {
        self.members_of(no).filter_map(|member| member.stream).collect()
    }

    /// Whether each lease has a holder: what is loaded may be damaged.
    pub(in super::super) fn holders_are_known(&self) -> bool {
        let leases = self.groups.values().flat_map(|group| group.open.values()).filter_map(Open::lease);
        leases.into_iter().all(|lease| self.members.contains_key(&lease.member))
    }

    /// The groups of a queue.
    pub(in super::super) fn groups_of(&self, queue: QueueNo) -> &[GroupNo] {
        self.queues.get(&queue).map(|queue| &queue.groups[..]).unwrap_or_default()
    }

    /// The pages and heads that have changed since they were written down; from now on they count as written.
    pub(in super::super) fn take_dirty(&mut self) -> (Vec<GroupNo>, Vec<(GroupNo, u64)>) {
        let (mut heads, mut pages) = (Vec::new(), Vec::new());
        for (no, group) in &mut self.groups {
            if std::mem::take(&mut group.is_head_dirty) {
                heads.push(*no);
            }
            pages.extend(group.take_dirty().into_iter().map(|page| (*no, page)));
        }
        (heads, pages)
    }

    /// What [`Machine::take_dirty`] and [`Machine::take_gone_holders`] gave could not be written.
    pub(in super::super) fn put_back_dirty(
        &mut self,
        heads: Vec<GroupNo>,
        pages: Vec<(GroupNo, u64)>,
        gone_holders: Vec<super::MemberNo>,
    ) {
        for no in heads {
            if let Some(group) = self.groups.get_mut(&no) {
                group.is_head_dirty = true;
            }
        }
        for (no, page) in pages {
            if let Some(group) = self.groups.get_mut(&no) {
                group.dirty.insert(page);
            }
        }
        self.gone_members.extend(gone_holders);
    }

    /// What is known of the tasks of a page.
    pub(in super::super) fn page(&self, no: GroupNo, page: u64) -> PageView<'_> {
        let seqs = page * PAGE_SEQS..(page + 1) * PAGE_SEQS;
        let Some(group) = self.groups.get(&no) else { return PageView::default() };
        PageView {
            open: group.open.range(seqs.clone()).map(|(seq, open)| (*seq, open)).collect(),
            notes: group.notes.range(seqs).map(|(seq, note)| (*seq, *note)).collect(),
            past: group.past.page(page),
        }
    }

    /// A page has been written down: what has ended in it need not be kept. To be said before the changed pages
    /// are taken again.
    pub(in super::super) fn wrote(&mut self, no: GroupNo, page: u64) {
        let Some(group) = self.groups.get_mut(&no) else { return };
        // It may have changed since.
        if group.dirty.contains(&page) {
            return;
        }
        group.past.forget_page(page);
    }

    /// Everything that decides what happens next, in one text: two machines with the same are the same to whoever
    /// uses them.
    #[cfg(test)]
    pub(in super::super) fn digest(&self) -> String {
        let groups: Vec<_> = self
            .groups
            .iter()
            .map(|(no, g)| (no, g.head, &g.open, &g.past, &g.notes, g.leased, &g.waiting, g.dead))
            .collect();
        let mut held: Vec<_> = self.members.iter().map(|(no, m)| (no, &m.held)).collect();
        held.sort();
        format!("{groups:?} {held:?} {:?}", self.cancelled)
    }
}

/// What is known of the tasks of a page.
#[derive(Debug, Default)]
pub(in super::super) struct PageView<'a> {
    pub(in super::super) open: Vec<(u64, &'a Open)>,
    pub(in super::super) notes: Vec<(u64, Note)>,
    pub(in super::super) past: &'a [(u64, Past)],
}
