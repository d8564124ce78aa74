//! What is told about groups: judged here as far as names, ids and places go, then told to the machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering::Relaxed},
};

use super::{Draft, Teller, Writer, unless_damaged};
use crate::{
    name::{ClientName, GroupName, QueueName, TaskId},
    server::engine::{
        Error, Position, Reach, Start,
        embedded::{
            chunk::QueueNumber,
            delayed::number_at,
            facts::{Entry, GroupRow, read_page},
            machine::{
                Fresh, GroupNo, Head, Join, Judgement, Key, Note, Now, Numbered, PAGE_SEQS, Past, Stand,
                StreamId, Telling, Terms,
            },
            queue::Queue,
            store::StoreError,
        },
        groups::{Change, Judged, SAID_BYTES_KEPT, Settings, Share, Told, Verdict, What, Word},
        results::Answer,
    },
};

/// A share, as far as it can be judged without the writer.
pub(in super::super) struct Asking {
    pub(in super::super) stream: StreamId,
    /// No [`Start::Time`] any more.
    pub(in super::super) share: Share,
    /// Its leases: group, seq and attempt.
    pub(in super::super) have: BTreeSet<(GroupNo, u64, u32)>,
}

/// A share that has begun.
pub(in super::super) struct Begun {
    pub(in super::super) start: Vec<u64>,
    pub(in super::super) is_new: Vec<bool>,
    pub(in super::super) lease_ms: u64,
    pub(in super::super) groups: Vec<(GroupNo, Arc<Queue>, GroupName)>,
}

/// The groups by their names.
#[derive(Default)]
pub(super) struct Registry {
    pub(super) by_name: BTreeMap<(QueueName, GroupName), GroupNo>,
    pub(super) by_no: Numbered<GroupNo, Named>,
    pub(super) next: GroupNo,
}

/// A group's names.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) number: QueueNumber,
    pub(super) queue: Arc<Queue>,
    pub(super) name: GroupName,
}

impl Registry {
    pub(super) fn insert(&mut self, no: GroupNo, named: Named) {
        self.by_name.insert((named.queue.name.clone(), named.name.clone()), no);
        self.by_no.insert(no, named);
        self.next = self.next.max(no + 1);
    }
}

impl Writer {
    /// Seats a watch in its groups, and makes those that are not there.
    pub(super) fn share(
        &mut self,
        now: Now,
        draft: &mut Draft,
        asking: Asking,
    ) -> Result<Result<Begun, Error>, StoreError> {
        let Asking { stream, share, have } = asking;
        // All is judged before anything is made.
        for Position { queue, start, .. } in &share.queues {
            let is_there = self.registry.by_name.contains_key(&(queue.clone(), share.group.clone()));
            if let (false, Start::Seq(asked)) = (is_there, *start) {
                let trimmed_seq = self.queues.get(queue).map_or(0, |(_, queue)| queue.extent().trimmed_seq);
                if asked <= trimmed_seq {
                    let (queue, first_seq) = (queue.clone(), trimmed_seq + 1);
                    return Ok(Err(Error::Trimmed { queue, asked, first_seq }));
                }
                if asked > draft.next_seq() {
                    let (queue, next_seq) = (queue.clone(), draft.next_seq());
                    return Ok(Err(Error::Future { queue, asked, next_seq }));
                }
            }
        }
        let mut begun =
            Begun { start: Vec::new(), is_new: Vec::new(), lease_ms: u64::MAX, groups: Vec::new() };
        let mut until = Vec::new();
        for Position { queue, start, .. } in &share.queues {
            let (no, is_new) = self.group(draft, queue, &share.group, *start)?;
            let Some(named) = self.registry.by_no.get(&no).cloned() else { continue };
            let head = self.machine.head(no).unwrap_or_default();
            begun.start.push(head.next_seq);
            begun.is_new.push(is_new);
            begun.lease_ms = begun.lease_ms.min(share.lease_ms.unwrap_or(head.settings.lease_ms));
            until.push(self.last_seq(draft, named.number));
            begun.groups.push((no, named.queue, named.name));
        }
        let join = Join {
            stream,
            instance: share.who.instance,
            client: share.who.client.map(|client| client.as_str().into()),
            groups: begun.groups.iter().map(|(no, ..)| *no).collect(),
            terms: Terms {
                max_in_flight: share.max_in_flight,
                lease_ms: begun.lease_ms,
                max_hold_ms: share.max_hold_ms,
                grace_ms: share.grace_ms,
            },
            left: share.max,
            until: share.until_empty.then_some(until),
            have,
        };
        self.machine.join(now, join);
        Ok(Ok(begun))
    }

    /// The group of this name, made if need be.
    fn group(
        &mut self,
        draft: &mut Draft,
        queue: &QueueName,
        name: &GroupName,
        start: Start,
    ) -> Result<(GroupNo, bool), StoreError> {
        if let Some(no) = self.registry.by_name.get(&(queue.clone(), name.clone())) {
            return Ok((*no, false));
        }
        let number = self.queue_number(draft, queue);
        let Some(found) = self.by_number.get(&number).cloned() else {
            return Err(StoreError::Failed(format!("queue {number} is not there")));
        };
        let extent = found.extent();
        let drafted = draft.fresh.get(&number).map_or(&[][..], |fresh| fresh);
        let (next_seq, passed) = match start {
            Start::New | Start::Time(_) => {
                (draft.next_seq(), extent.trimmed + extent.tasks + drafted.len() as u64)
            }
            Start::Seq(seq) if seq > extent.trimmed_seq + 1 => {
                let logged = self.store.count(number, extent.trimmed_seq + 1, seq - 1)?;
                let drafted = drafted.iter().filter(|fresh| fresh.seq < seq).count() as u64;
                (seq, extent.trimmed + logged + drafted)
            }
            Start::First | Start::Seq(_) => (extent.trimmed_seq + 1, extent.trimmed),
        };
        let no = self.registry.next.max(1);
        let settings = Settings::default();
        let head = Head { next_seq, passed, settings, trimmed_seq: extent.trimmed_seq, ..Head::default() };
        self.machine.add_group(no, number, head);
        self.machine.grow(number, self.last_seq(draft, number));
        self.registry.insert(no, Named { number, queue: found, name: name.clone() });
        let name = name.as_str().to_owned();
        draft.new_groups.push(GroupRow { number: no, queue: number, name, head, upto: self.last_fact });
        Ok((no, true))
    }

    /// The last task of a queue, with those that are being decided.
    fn last_seq(&self, draft: &Draft, number: QueueNumber) -> u64 {
        let drafted = draft.fresh.get(&number).and_then(|fresh| fresh.last()).map(|fresh| fresh.seq);
        drafted.unwrap_or_else(|| self.by_number.get(&number).map_or(0, |queue| queue.extent().last_seq))
    }

    /// Judges one thing told. `key` is that of its lease, if it names one of ours.
    pub(super) fn tell(
        &mut self,
        now: Now,
        draft: &mut Draft,
        by: &Teller,
        told: &Told,
        key: Option<Key>,
    ) -> Result<Judged, StoreError> {
        match &told.what {
            What::Lease(_) => match key.filter(|key| self.is_told_of(by, key.group)) {
                Some(key) => self.settle(now, draft, key, told),
                None => Ok(judged(Verdict::Unknown, 0)),
            },
            What::Id(id) => {
                let Some(place) = self.locate_told(by, draft, id)? else {
                    return Ok(judged(Verdict::Unknown, 0));
                };
                let (Some(client), None) = (&told.client, number_at(place)) else {
                    return Ok(judged(Verdict::Noted, place));
                };
                self.note(now, draft, place, client, told.word, &told.answer)
            }
        }
    }

    fn settle(&mut self, now: Now, draft: &mut Draft, key: Key, told: &Told) -> Result<Judged, StoreError> {
        let named = self.registry.by_no.get(&key.group);
        let (Some(named), true) = (named, key.seq >= self.shared.first_seq.load(Relaxed)) else {
            return Ok(judged(Verdict::Unknown, key.seq));
        };
        let is_gone = key.seq <= named.queue.trimmed_seq();
        // Who holds it is known until it is settled.
        let open = self.machine.holder(key);
        let mut holder = std::mem::take(&mut self.holder);
        holder.clear();
        holder.push_str(open.flatten().filter(|_| told.client.is_none()).unwrap_or_default());
        // Of what is purged nothing is looked up: some of it was not written down.
        let lacks = open.is_none() && !is_gone && self.machine.lacks(key.group, key.seq);
        let written = if lacks { self.written(key.group, key.seq)? } else { None };
        let telling = Telling { word: told.word, delay_ms: told.delay_ms, said: beginning_of(told) };
        let judgement = self.machine.settle(now, key, telling, written.as_ref(), is_gone);
        self.settled(draft, key, told, &holder, judgement)?;
        self.holder = holder;
        let Judgement { verdict, late } = judgement;
        Ok(Judged { verdict, late, seq: key.seq })
    }

    /// What is written down of a task that has ended.
    pub(super) fn written(&mut self, group: GroupNo, seq: u64) -> Result<Option<Past>, StoreError> {
        let page = seq / PAGE_SEQS;
        if self.last_page.as_ref().is_none_or(|(g, p, _)| (*g, *p) != (group, page)) {
            let row = self.store.page(group, page)?;
            let entries = row.as_ref().map_or(Some(Vec::new()), read_page).ok_or_else(|| {
                self.shared.damaged(&format!("the page of group {group} at seq {}", page * PAGE_SEQS))
            })?;
            let past = entries.into_iter().filter_map(|(seq, entry)| match entry {
                Entry::Past(past) => Some((seq, past)),
                Entry::Open(_) | Entry::Note(_) => None,
            });
            self.last_page = Some((group, page, past.collect()));
        }
        let Some((.., past)) = &self.last_page else { return Ok(None) };
        Ok(past.binary_search_by_key(&seq, |(seq, _)| *seq).ok().map(|place| past[place].1.clone()))
    }

    /// The roll-call: a client names a task without a lease.
    fn note(
        &mut self,
        now: Now,
        draft: &mut Draft,
        seq: u64,
        client: &ClientName,
        word: Word,
        answer: &Answer,
    ) -> Result<Judged, StoreError> {
        let Some((number, queue)) = self.queue_of_drafted(draft, seq)? else {
            return Ok(judged(Verdict::Unknown, seq));
        };
        if self.machine.is_leased_to(client.as_str(), number, seq) {
            return Ok(judged(Verdict::Unleased, seq));
        }
        if word == Word::Working {
            return Ok(judged(Verdict::Noted, seq));
        }
        let (no, _) = self.group(draft, &queue.name.clone(), &GroupName::own(client), Start::First)?;
        let counts = match word {
            Word::Done => self.machine.note(now, no, seq, Note::Done),
            Word::Received => self.machine.note(now, no, seq, Note::Received),
            // It changes nothing, but that it was told.
            _ => !self.machine.is_cancelled(seq),
        };
        if counts {
            self.noted(draft, no, seq, client, word, answer)?;
        }
        Ok(judged(Verdict::Noted, seq))
    }

    /// Where a task is, also one that is being decided.
    pub(super) fn locate_drafted(&mut self, draft: &Draft, id: &TaskId) -> Result<Option<u64>, StoreError> {
        match id {
            TaskId::Seq(seq) if (draft.first_seq..draft.next_seq()).contains(seq) => Ok(Some(*seq)),
            TaskId::Own(id) if draft.own.contains_key(id) => Ok(draft.own.get(id).map(|(place, _)| *place)),
            id => self.locate(id),
        }
    }

    /// The queue that a task is in, also one that is being decided.
    pub(super) fn queue_of_drafted(
        &mut self,
        draft: &Draft,
        seq: u64,
    ) -> Result<Option<(QueueNumber, Arc<Queue>)>, StoreError> {
        if seq < draft.first_seq {
            return self.queue_of(seq);
        }
        let is_in = |fresh: &[Fresh]| fresh.binary_search_by_key(&seq, |fresh| fresh.seq).is_ok();
        let number = draft.fresh.iter().find(|(_, fresh)| is_in(fresh)).map(|(number, _)| *number);
        Ok(number.and_then(|number| Some((number, self.by_number.get(&number)?.clone()))))
    }

    /// Ends a task for all groups.
    pub(super) fn cancel(
        &mut self,
        now: Now,
        draft: &mut Draft,
        reach: &Reach,
        id: &TaskId,
    ) -> Result<Judged, StoreError> {
        let place = self.locate_drafted(draft, id)?;
        let Some(place) = self.kept_within(reach, Some(draft), place)? else {
            return Ok(judged(Verdict::Unknown, 0));
        };
        if let (Some(number), TaskId::Own(id)) = (number_at(place), id) {
            let Some((due_ms, queue)) = self.delayed.remove(number) else {
                return Ok(judged(Verdict::Unknown, 0));
            };
            self.ids.remove(id, place);
            draft.own.remove(id);
            // One of this batch has nowhere to go back to.
            if number < draft.first_delayed {
                draft.moved.push((id.clone(), place, place));
            }
            draft.entered.push((number, due_ms, queue));
            return Ok(judged(Verdict::Ok, 0));
        }
        let Some((number, _)) = self.queue_of_drafted(draft, place)? else {
            return Ok(judged(Verdict::Unknown, 0));
        };
        if !self.machine.cancel(now, number, place) {
            return Ok(judged(Verdict::Duplicate, place));
        }
        draft.cancelled.push((place, number));
        Self::ended(draft, number, place);
        Ok(judged(Verdict::Ok, place))
    }

    /// Makes dead tasks ready again.
    pub(super) fn redrive(
        &mut self,
        now: Now,
        no: GroupNo,
        reach: &Reach,
        ids: &[TaskId],
        limit: usize,
    ) -> Result<(Vec<Judged>, u64), StoreError> {
        let mut all = Vec::new();
        if ids.is_empty() {
            for seq in self.machine.open_after(no, 0, limit, |open| open.stand == Stand::Dead) {
                self.machine.redrive(now, no, seq);
                all.push(judged(Verdict::Ok, seq));
            }
        }
        for id in ids {
            let redriven = self.locate_within(reach, id).map(|place| match place {
                Some(place) if self.machine.redrive(now, no, place) => judged(Verdict::Ok, place),
                Some(place) => judged(Verdict::Conflict, if number_at(place).is_some() { 0 } else { place }),
                None => judged(Verdict::Unknown, 0),
            });
            all.push(unless_damaged(redriven, |_| Judged::DAMAGED)?);
        }
        let left = self.machine.counts(no).map_or(0, |counts| counts.dead);
        Ok((all, left))
    }

    /// Changes a group's settings.
    pub(super) fn set(&mut self, now: Now, no: GroupNo, change: Change) {
        let Some(head) = self.machine.head(no) else { return };
        let old = head.settings;
        let settings = Settings {
            max_failures: change.max_failures.unwrap_or(old.max_failures),
            backoff_ms: change.backoff_ms.unwrap_or(old.backoff_ms),
            backoff_max_ms: change.backoff_max_ms.unwrap_or(old.backoff_max_ms),
            lease_ms: change.lease_ms.unwrap_or(old.lease_ms),
            paused: change.paused.unwrap_or(old.paused),
        };
        self.machine.set(now, no, settings);
    }

    /// The number of a group.
    pub(super) fn find_group(&self, queue: &QueueName, group: &GroupName) -> Result<GroupNo, Error> {
        let found = self.registry.by_name.get(&(queue.clone(), group.clone()));
        found.copied().ok_or_else(|| Error::NoGroup { queue: queue.clone(), group: group.clone() })
    }

    /// What a fold writes of the groups of a queue.
    pub(super) fn group_rows(&self, queue: QueueNumber) -> Vec<GroupRow> {
        self.machine.groups_of(queue).iter().filter_map(|no| self.group_row(*no)).collect()
    }

    /// What a fold writes of a group.
    pub(super) fn group_row(&self, no: GroupNo) -> Option<GroupRow> {
        let named = self.registry.by_no.get(&no)?;
        Some(GroupRow {
            number: no,
            queue: named.number,
            name: named.name.as_str().to_owned(),
            head: self.machine.head(no)?,
            upto: self.last_fact,
        })
    }
}

fn judged(verdict: Verdict, seq: u64) -> Judged {
    Judged { verdict, late: false, seq: if number_at(seq).is_some() { 0 } else { seq } }
}

/// What a worker says to a failure, as far as it stands with the task.
fn beginning_of(told: &Told) -> Option<Box<str>> {
    let said = &told.answer.ret[..];
    if said.is_empty() || !matches!(told.word, Word::Failed | Word::Rejected) {
        return None;
    }
    let end = (0..=SAID_BYTES_KEPT.min(said.len())).rev().find(|end| said.is_char_boundary(*end));
    Some(said[..end.unwrap_or(0)].into())
}
