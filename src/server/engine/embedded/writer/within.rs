//! How far whoever asks reaches, where only the writer knows: in which queue a task lies that is named by its id. What
//! lies outside is answered as what is not there.

use std::{collections::HashSet, sync::Arc};

use super::{Draft, Writer};
use crate::{
    name::{QueueName, TaskId},
    server::engine::{
        Reach,
        embedded::{
            chunk::QueueNumber, delayed::number_at, machine::GroupNo, queue::Queue, store::StoreError,
        },
    },
};

/// Who tells of tasks.
pub(in super::super) struct Teller {
    pub(in super::super) reach: Reach,
}

impl Teller {
    /// Whether it may tell of the tasks of a queue: whoever takes from it does.
    fn tells_of(&self, queue: &QueueName) -> bool {
        self.reach.has_queue(queue) && self.reach.takes_from(queue)
    }
}

impl Writer {
    /// Where a task is, if it is there within a reach: see [`Writer::locate`].
    pub(super) fn locate_within(&mut self, reach: &Reach, id: &TaskId) -> Result<Option<u64>, StoreError> {
        let place = self.locate(id)?;
        self.kept_within(reach, None, place)
    }

    /// Where a task is that somebody tells of by its id, also one that is being decided.
    pub(super) fn locate_told(
        &mut self,
        by: &Teller,
        draft: &Draft,
        id: &TaskId,
    ) -> Result<Option<u64>, StoreError> {
        let Some(place) = self.locate_drafted(draft, id)? else { return Ok(None) };
        let is_told_of = by.reach.is_everything()
            || self.queue_at(Some(draft), place)?.is_some_and(|queue| by.tells_of(&queue.name));
        Ok(is_told_of.then_some(place))
    }

    /// Whether somebody may tell of the tasks of a group, by a lease.
    pub(super) fn is_told_of(&self, by: &Teller, group: GroupNo) -> bool {
        let named = || self.registry.by_no.get(&group);
        by.reach.is_everything() || named().is_none_or(|named| by.tells_of(&named.queue.name))
    }

    /// A place, if it is within a reach.
    pub(super) fn kept_within(
        &mut self,
        reach: &Reach,
        draft: Option<&Draft>,
        place: Option<u64>,
    ) -> Result<Option<u64>, StoreError> {
        match place {
            Some(place) if self.is_within(reach, draft, place)? => Ok(Some(place)),
            _ => Ok(None),
        }
    }

    /// Whether a task at a place is within a reach.
    pub(super) fn is_within(
        &mut self,
        reach: &Reach,
        draft: Option<&Draft>,
        place: u64,
    ) -> Result<bool, StoreError> {
        if reach.is_everything() {
            return Ok(true);
        }
        Ok(self.queue_at(draft, place)?.is_some_and(|queue| reach.has_queue(&queue.name)))
    }

    /// The queues within a reach. `None`: all.
    pub(super) fn queues_within(&self, reach: &Reach) -> Option<HashSet<QueueNumber>> {
        let within = || self.queues.iter().filter(|(name, _)| reach.has_queue(name));
        (!reach.is_everything()).then(|| within().map(|(_, (number, _))| *number).collect())
    }

    /// The queue of the task at a place, also of a delayed one, and of one that is being decided.
    fn queue_at(&mut self, draft: Option<&Draft>, place: u64) -> Result<Option<Arc<Queue>>, StoreError> {
        if let Some(delayed) = number_at(place) {
            let number = self.delayed.queue_of(delayed);
            return Ok(number.and_then(|number| self.by_number.get(&number).cloned()));
        }
        let found = match draft {
            Some(draft) => self.queue_of_drafted(draft, place)?,
            None => self.queue_of(place)?,
        };
        Ok(found.map(|(_, queue)| queue))
    }
}
