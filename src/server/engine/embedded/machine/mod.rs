//! The machine: who gets which task, and what becomes of it. Pure: it imports nothing but std and the engine's
//! [words](super::super::words); time is an argument; it has no dice, reads nothing and writes nothing.
//!
//! ```text
//!     offered ─► fresh ─► ready ──hand out──► leased ──done─────► past
//!                          ▲  ▲                │ │ │
//!                          │  └─── released ───┘ │ └─ rejected ─► dead ──redrive──► ready
//!                          └─ waiting ◄─ failed, lease lost ────►  ▲
//!                                              failures = max ─────┘
//! ```
//!
//! It **decides and applies item by item**: a decision is a [`Fact`], applied at once, and kept for the driver to
//! write down. What is to be shown of it (hand-outs, notices) it keeps too; the driver lets nothing of that out
//! before the facts are on disk. After a restart the facts are applied again, without a clock.
//!
//! Memory grows with what is in flight and out of order. It knows of a queue only how far it goes; tasks are
//! offered to it a little at a time, when it asks. What has ended it forgets once that is written down: who
//! wants to know what became of such a task tells it what was written.
//!
//! All times are milliseconds: of the machine's own steady clock, which runs on over restarts; only expiry goes
//! by the server's time.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

pub(super) use super::super::words;

mod apply;
mod ends;
mod fact;
mod group;
mod hand_out;
mod held;
mod numbered;
mod pages;
mod session;
mod settle;
mod task;
mod tick;
mod views;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub(super) use ends::Ends;
pub(super) use fact::{Fact, Next};
pub(super) use group::{Fresh, Head, PAGE_SEQS};
pub(super) use numbered::Numbered;
pub(super) use session::{Join, StreamEnd, Terms};
pub(super) use settle::{Judgement, Key, Telling};
pub(super) use task::{Lease, Note, Open, Outcome, Past, Stand};
pub(super) use views::Seen;

use group::Group;
use numbered::Numbers;
use session::{Instance, Member};
use words::{End, Why};

/// The number of a group: its name and queue are the driver's business.
pub(super) type GroupNo = u32;
/// The number of a queue.
pub(super) type QueueNo = u32;
/// The number of a watch over all its streams. Never used again.
pub(super) type MemberNo = u64;
/// The number of a stream. Never used again.
pub(super) type StreamId = u64;
/// A process.
pub(super) type InstanceId = [u8; 16];

/// The time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Now {
    /// Steady: it never leaps while the process runs.
    pub(super) ms: u64,
    /// Since 1970, as the server has it.
    pub(super) server_ms: u64,
}

/// What is to be shown, once what has been decided is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// A task goes to a stream.
    Deliver { stream: StreamId, group: GroupNo, seq: u64, attempt: u32 },
    /// A stream ends.
    End { stream: StreamId, end: StreamEnd },
    /// A process learns that a lease of it has ended.
    Notice { instance: InstanceId, group: GroupNo, seq: u64, attempt: u32, why: Why },
}

/// A task is dead without a word: its last lease ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Death {
    pub(super) key: Key,
    pub(super) end: End,
    /// Who held it.
    pub(super) client: Option<Box<str>>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Machine {
    groups: BTreeMap<GroupNo, Group>,
    queues: Numbered<QueueNo, Queue>,
    members: Numbered<MemberNo, Member>,
    instances: Numbered<InstanceId, Instance>,
    /// The processes of each client.
    clients: HashMap<Box<str>, BTreeSet<InstanceId>>,
    streams: Numbered<StreamId, MemberNo>,
    next_member: MemberNo,
    /// When leases of a process are next to be looked at.
    deadlines: BTreeSet<(u64, InstanceId)>,
    /// When tasks are ready again.
    waiting: BTreeSet<(u64, GroupNo, u64)>,
    /// And their queues.
    cancelled: BTreeMap<u64, QueueNo>,
    /// Leases from before a restart whose holders have not been heard.
    restarted: u64,
    /// What may lead to a hand-out.
    stirred: VecDeque<Stir>,
    /// Groups that want to be offered more.
    hungry: Vec<GroupNo>,
    /// Watches that end when nothing is left for them.
    finishing: BTreeSet<MemberNo>,
    /// Watches that hold leases and have been given out to be written down.
    recorded: Numbers<MemberNo>,
    /// Watches that hold leases and have not.
    unrecorded: BTreeSet<MemberNo>,
    /// Watches that have been written down and hold nothing any more.
    gone_members: Vec<MemberNo>,
    facts: Vec<Fact>,
    effects: Vec<Effect>,
    deaths: Vec<Death>,
}

#[derive(Debug, Default)]
struct Queue {
    last_seq: u64,
    groups: Vec<GroupNo>,
    /// Those with watches that want tasks, and perhaps some without.
    attentive: BTreeSet<GroupNo>,
}

/// Something that may lead to a hand-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stir {
    /// Tasks of the group are ready.
    Group(GroupNo),
    /// The watch may hold more.
    Member(MemberNo),
}

/// A group that wants to be offered the next tasks of its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hungry {
    pub(super) group: GroupNo,
    pub(super) queue: QueueNo,
    /// Those from here on.
    pub(super) from_seq: u64,
}

/// A holder of leases, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) member: MemberNo,
    pub(super) instance: InstanceId,
    pub(super) client: Option<Box<str>>,
    pub(super) groups: Vec<GroupNo>,
    pub(super) terms: Terms,
}

impl Machine {
    /// Adds a group.
    pub(super) fn add_group(&mut self, group: GroupNo, queue: QueueNo, head: Head) {
        self.groups.insert(group, Group::new(queue, head));
        self.queues.entry(queue).or_default().groups.push(group);
    }

    /// A queue goes up to here now.
    pub(super) fn grow(&mut self, queue: QueueNo, last_seq: u64) {
        let queue = self.queues.entry(queue).or_default();
        if last_seq > queue.last_seq {
            queue.last_seq = last_seq;
            self.stirred.extend(queue.attentive.iter().map(|group| Stir::Group(*group)));
        }
    }

    /// The next tasks of a group's queue: all that there are from `from_seq` to `upto_seq`.
    pub(super) fn offer(
        &mut self,
        group_no: GroupNo,
        from_seq: u64,
        upto_seq: u64,
        tasks: impl IntoIterator<Item = Fresh>,
    ) {
        let Some(group) = self.groups.get_mut(&group_no) else { return };
        group.asked = false;
        let offered_seq = group.offered_seq.max(group.head.next_seq.saturating_sub(1));
        // It may have gone on since it asked, over a trim; or it may have forgotten what it was offered before.
        if from_seq <= offered_seq + 1 {
            group.fresh.extend(tasks.into_iter().filter(|task| task.seq > offered_seq));
            group.offered_seq = offered_seq.max(upto_seq);
        }
        self.stirred.push_back(Stir::Group(group_no));
        // If there is nothing for them here, there may be in what they name after it.
        self.stirred.extend(std::mem::take(&mut group.awaiting).into_iter().map(Stir::Member));
    }

    /// Changes a group's settings.
    pub(super) fn set(&mut self, now: Now, group: GroupNo, settings: words::Settings) {
        self.decide(now, Fact::Set { group, settings });
        self.stirred.push_back(Stir::Group(group));
    }

    /// Whose tasks are to be offered next. Each is named once until its offer has come.
    pub(super) fn take_hungry(&mut self) -> Vec<Hungry> {
        let mut hungry = Vec::new();
        for no in std::mem::take(&mut self.hungry) {
            if let Some(group) = self.groups.get_mut(&no)
                && !std::mem::replace(&mut group.asked, true)
            {
                let from_seq = (group.offered_seq + 1).max(group.head.next_seq);
                hungry.push(Hungry { group: no, queue: group.queue, from_seq });
            }
        }
        hungry
    }

    /// What has been decided since the last time, to be written down.
    pub(super) fn take_facts(&mut self) -> Vec<Fact> {
        // The next batch is about as large.
        let room = Vec::with_capacity(self.facts.len());
        std::mem::replace(&mut self.facts, room)
    }

    /// Tasks that have died without a word since the last time. That they are dead is a fact like any other.
    pub(super) fn take_deaths(&mut self) -> Vec<Death> {
        std::mem::take(&mut self.deaths)
    }

    /// What is to be shown of it.
    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        let room = Vec::with_capacity(self.effects.len());
        std::mem::replace(&mut self.effects, room)
    }

    /// Holders of leases that are to be written down with the facts.
    pub(super) fn take_holders(&mut self) -> Vec<Holder> {
        let mut holders = Vec::new();
        for no in std::mem::take(&mut self.unrecorded) {
            let Some(member) = self.members.get(&no) else { continue };
            // One that holds nothing just now need not be known; but if it is, then as it is.
            if member.held.is_empty() && !self.recorded.contains(&no) {
                continue;
            }
            self.recorded.insert(no);
            holders.push(Holder {
                member: no,
                instance: member.instance,
                client: self.instances.get(&member.instance).and_then(|i| i.client.clone()),
                groups: member.groups.clone(),
                terms: member.terms,
            });
        }
        holders
    }

    /// Holders that were written down and hold nothing any more. They may go once all facts so far are in pages.
    pub(super) fn take_gone_holders(&mut self) -> Vec<MemberNo> {
        std::mem::take(&mut self.gone_members)
    }

    fn lease_mut(&mut self, group: GroupNo, seq: u64) -> Option<&mut Lease> {
        self.groups.get_mut(&group)?.open.get_mut(&seq)?.lease_mut()
    }

    fn deliver(&mut self, stream: StreamId, group: GroupNo, seq: u64, attempt: u32) {
        self.effects.push(Effect::Deliver { stream, group, seq, attempt });
    }

    fn end_stream(&mut self, stream: StreamId, end: StreamEnd) {
        self.effects.push(Effect::End { stream, end });
    }

    fn notice(&mut self, instance: InstanceId, group: GroupNo, seq: u64, attempt: u32, why: Why) {
        self.effects.push(Effect::Notice { instance, group, seq, attempt, why });
    }
}
