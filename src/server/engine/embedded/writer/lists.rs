//! What can be seen of queues, groups and tasks, as of the last batch. Texts of tasks are not looked up here: they
//! may be on disk, and others read for that.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use super::Writer;
use crate::{
    name::{GroupName, QueueName, TaskId},
    server::engine::{
        Error, Reach,
        embedded::{
            chunk::QueueNumber,
            delayed::number_at,
            lists::PAGE_BYTES,
            machine::{GroupNo, Note, Outcome, Past, Seen, Stand},
            queue::Queue,
            store::StoreError,
        },
        groups::{End, GroupFilter, GroupView, Page, QueueFilter, QueueView, State},
    },
};

/// A task as it is seen, without its text.
#[derive(Debug, Clone)]
pub(in super::super) struct Sight {
    pub(in super::super) place: Place,
    pub(in super::super) group: Option<GroupName>,
    pub(in super::super) state: State,
    pub(in super::super) attempt: u32,
    pub(in super::super) failures: u32,
    pub(in super::super) ends: Vec<End>,
    pub(in super::super) suspect: bool,
    pub(in super::super) holder: Option<Box<str>>,
    pub(in super::super) since_ms: Option<u64>,
    pub(in super::super) until_ms: Option<u64>,
    pub(in super::super) said: Option<Box<str>>,
}

/// The queue that a task of the log is in, and that queue's groups.
pub(in super::super) type InQueue = (Arc<Queue>, Vec<GroupNo>);

/// Where a task's text is.
#[derive(Debug, Clone)]
pub(in super::super) enum Place {
    /// In the log.
    Logged(Arc<Queue>, u64),
    /// It waits for its time: its frame.
    Delayed(Vec<u8>),
}

/// A place among the delayed tasks: when one is due, and its number.
pub(in super::super) type Due = (u64, u64);

/// A group as it is seen; when its oldest task was submitted is to be looked up.
#[derive(Debug, Clone)]
pub(in super::super) struct GroupSight {
    pub(in super::super) view: GroupView,
    pub(in super::super) queue: Arc<Queue>,
    /// The oldest task that has not ended is here or, if the group has not got to it, the next one after.
    pub(in super::super) oldest_seq: Option<u64>,
}

impl Writer {
    /// Queues in the order of their names.
    pub(in super::super) fn queues_seen(
        &self,
        filter: &QueueFilter,
        reach: &Reach,
    ) -> Page<(QueueView, Arc<Queue>)> {
        let wanted = |name: &QueueName| {
            filter.queue.as_ref().is_none_or(|queue| queue == name)
                && filter.after.as_ref().is_none_or(|after| name > after)
                && reach.has_queue(name)
        };
        let mut names: Vec<&QueueName> = self.queues.keys().filter(|name| wanted(name)).collect();
        names.sort();
        let more = names.len() > filter.limit;
        names.truncate(filter.limit);
        let items = names.into_iter().filter_map(|name| {
            let (number, queue) = self.queues.get(name)?;
            let extent = queue.extent();
            let first_seq = (extent.trimmed_seq + 1).max(self.shared.first_seq.load(Relaxed));
            let view = QueueView {
                queue: name.clone(),
                tasks: extent.tasks,
                first_seq: if extent.last_seq == 0 { 0 } else { first_seq },
                last_seq: extent.last_seq,
                delayed: self.delayed.count(*number),
                trimmed: extent.trimmed,
                groups: self.machine.groups_of(*number).len() as u64,
                oldest_at_ms: None,
            };
            Some((view, queue.clone()))
        });
        Page { items: items.collect(), more }
    }

    /// Groups in the order of their queues' names and their own.
    pub(in super::super) fn groups_seen(&self, filter: &GroupFilter, reach: &Reach) -> Page<GroupSight> {
        let wanted = |(queue, group): &(QueueName, GroupName)| {
            filter.queue.as_ref().is_none_or(|q| q == queue)
                && filter.group.as_ref().is_none_or(|g| g == group)
                && filter.after.as_ref().is_none_or(|after| (queue, group) > (&after.0, &after.1))
                && reach.has_queue(queue)
        };
        let mut found = self.registry.by_name.iter().filter(|(names, _)| wanted(names)).map(|(_, no)| *no);
        let items = found.by_ref().take(filter.limit).filter_map(|no| self.group_seen(no)).collect();
        Page { items, more: found.next().is_some() }
    }

    /// One group.
    pub(in super::super) fn group_seen(&self, no: GroupNo) -> Option<GroupSight> {
        let named = self.registry.by_no.get(&no)?;
        let counts = self.machine.counts(no)?;
        let extent = named.queue.extent();
        let ahead = (extent.trimmed + extent.tasks).saturating_sub(counts.head.passed + counts.ended_ahead);
        let next_seq = (ahead > 0).then_some(counts.head.next_seq.max(extent.trimmed_seq + 1));
        let view = GroupView {
            queue: named.queue.name.clone(),
            group: named.name.clone(),
            members: counts.members,
            ready: counts.ready + ahead,
            leased: counts.leased,
            waiting: counts.waiting,
            dead: counts.dead,
            done: counts.head.done,
            trimmed_unsettled: counts.head.trimmed_unsettled,
            suspects: counts.suspects,
            next_seq: counts.head.next_seq,
            oldest_at_ms: None,
            settings: counts.head.settings,
        };
        let oldest_seq = counts.first_open.or(next_seq);
        Some(GroupSight { view, queue: named.queue.clone(), oldest_seq })
    }

    /// A queue by its name.
    pub(in super::super) fn queue_named(&self, name: &QueueName) -> Result<(QueueNumber, Arc<Queue>), Error> {
        self.queues.get(name).cloned().ok_or_else(|| Error::NoQueue(name.clone()))
    }

    /// A group by its names.
    pub(in super::super) fn group_named(
        &self,
        queue: &QueueName,
        group: &GroupName,
    ) -> Result<GroupNo, Error> {
        self.find_group(queue, group)
    }

    /// The groups of this name, or all, of a queue or of all queues within a reach.
    pub(in super::super) fn groups_picked(
        &self,
        reach: &Reach,
        queue: Option<&QueueName>,
        group: Option<&GroupName>,
    ) -> Vec<GroupNo> {
        let picked = self.registry.by_name.iter().filter(|((q, g), _)| {
            queue.is_none_or(|queue| queue == q) && group.is_none_or(|group| group == g) && reach.has_queue(q)
        });
        picked.map(|(_, no)| *no).collect()
    }

    /// A task of the log as no group in particular sees it.
    pub(in super::super) fn logged(&self, queue: &Arc<Queue>, seq: u64, expires_ms: u64) -> Sight {
        let state = if self.machine.is_cancelled(seq) {
            State::Cancelled
        } else if expires_ms != 0 && expires_ms <= self.clock.last_ms {
            State::Expired
        } else {
            State::Logged
        };
        Sight::new(Place::Logged(queue.clone(), seq), None, state)
    }

    /// A delayed task.
    pub(in super::super) fn delayed_seen(&mut self, number: u64) -> Result<Option<Sight>, StoreError> {
        let Some(due_ms) = self.delayed.due_ms(number) else { return Ok(None) };
        let Some(frame) = self.store.delayed(number)? else { return Ok(None) };
        let sight = Sight::new(Place::Delayed(frame), None, State::Delayed);
        Ok(Some(Sight { until_ms: Some(due_ms), ..sight }))
    }

    /// Delayed tasks after a place, of one queue or all within a reach, and the place to go on after if there are more.
    pub(in super::super) fn delayed_after(
        &mut self,
        reach: &Reach,
        queue: Option<QueueNumber>,
        (due_ms, number): Due,
        limit: usize,
    ) -> Result<(Vec<Sight>, Option<Due>), StoreError> {
        let after = self.delayed.after(due_ms, number);
        let within = self.queues_within(reach);
        let is_within = |number: &QueueNumber| within.as_ref().is_none_or(|within| within.contains(number));
        let wanted = |number: &QueueNumber| queue.is_none_or(|queue| queue == *number) && is_within(number);
        let picked = after.filter(|(_, _, number)| wanted(number)).take(limit + 1);
        let picked: Vec<_> = picked.collect();
        let (mut seen, mut bytes) = (Vec::new(), 0);
        for (i, (due_ms, number, _)) in picked.iter().enumerate() {
            let sight = self.delayed_seen(*number)?;
            if let Some(Sight { place: Place::Delayed(frame), .. }) = &sight {
                bytes += frame.len();
            }
            seen.extend(sight);
            if i + 1 < picked.len() && (seen.len() >= limit || bytes >= PAGE_BYTES) {
                return Ok((seen, Some((*due_ms, *number))));
            }
        }
        Ok((seen, None))
    }

    /// A task as a group sees it. `None`: it lies before where the group began.
    pub(in super::super) fn sight(
        &mut self,
        no: GroupNo,
        seq: u64,
        expires_ms: u64,
    ) -> Result<Option<Sight>, StoreError> {
        let (Some(named), Some(seen)) = (self.registry.by_no.get(&no).cloned(), self.machine.seen(no, seq))
        else {
            return Ok(None);
        };
        let logged = self.logged(&named.queue, seq, expires_ms);
        let sight = Sight { group: Some(named.name), ..logged };
        let ended = |sight: Sight, past: Past| {
            let state = match past.outcome {
                Outcome::Done => State::Done,
                Outcome::Expired => State::Expired,
                Outcome::Cancelled | Outcome::Gone => State::Cancelled,
            };
            Sight { state, attempt: past.ends.len() as u32, ends: past.ends.to_vec(), ..sight }
        };
        Ok(match seen {
            Seen::Open { open, holder, until_ms, since_ms } => {
                let state = match open.stand {
                    Stand::Ready => State::Ready,
                    Stand::Waiting { .. } => State::Waiting,
                    Stand::Leased(_) => State::Leased,
                    Stand::Dead => State::Dead,
                };
                Some(Sight {
                    state,
                    attempt: open.attempts(),
                    failures: open.failures,
                    suspect: open.suspect,
                    holder,
                    since_ms: since_ms.map(|ms| self.as_server_time(ms)),
                    until_ms: until_ms.map(|ms| self.as_server_time(ms)),
                    said: open.said,
                    ends: open.ends.to_vec(),
                    ..sight
                })
            }
            Seen::Past(past) => Some(ended(sight, past)),
            Seen::Ahead(Some(Note::Done)) => Some(Sight { state: State::Done, ..sight }),
            Seen::Ahead(_) if sight.state == State::Logged => Some(Sight { state: State::Ready, ..sight }),
            Seen::Ahead(_) => Some(sight),
            Seen::Written => match self.written(no, seq)? {
                Some(past) => Some(ended(sight, past)),
                // It was passed by: as the log has it, or before the group began.
                None => Some(sight).filter(|sight| sight.state != State::Logged),
            },
        })
    }

    /// A time of the machine as one of the server.
    pub(super) fn as_server_time(&self, ms: u64) -> u64 {
        ms.saturating_add_signed(self.shown_ahead_ms)
    }

    /// Seqs of a group's open tasks in a state, after one.
    pub(in super::super) fn open_in(&self, no: GroupNo, state: State, after: u64, limit: usize) -> Vec<u64> {
        self.machine.open_after(no, after, limit, |open| {
            matches!(
                (open.stand, state),
                (Stand::Leased(_), State::Leased)
                    | (Stand::Waiting { .. }, State::Waiting)
                    | (Stand::Dead, State::Dead)
            )
        })
    }

    /// Whether a group is paused, its watches that are up, those of them that are full, and how many tasks it
    /// hands out before this one.
    pub(in super::super) fn standing(&self, no: GroupNo, seq: u64) -> (bool, u64, u64, u64, u32) {
        let Some(counts) = self.machine.counts(no) else { return (false, 0, 0, 0, 0) };
        let (members, full) = self.machine.members_full(no);
        let settings = counts.head.settings;
        (settings.paused, members, full, self.machine.ready_before(no, seq), settings.max_failures)
    }

    /// A task by its id, if it is there within a reach: its place, and with a seq its queue and the groups of that.
    pub(in super::super) fn found(
        &mut self,
        reach: &Reach,
        id: &TaskId,
    ) -> Result<Option<(u64, Option<InQueue>)>, StoreError> {
        let Some(place) = self.locate_within(reach, id)? else { return Ok(None) };
        if number_at(place).is_some() {
            return Ok(Some((place, None)));
        }
        let Some((number, queue)) = self.queue_of(place)? else { return Ok(None) };
        Ok(Some((place, Some((queue, self.machine.groups_of(number).to_vec())))))
    }
}

impl Sight {
    fn new(place: Place, group: Option<GroupName>, state: State) -> Self {
        Sight {
            place,
            group,
            state,
            attempt: 0,
            failures: 0,
            ends: Vec::new(),
            suspect: false,
            holder: None,
            since_ms: None,
            until_ms: None,
            said: None,
        }
    }
}
