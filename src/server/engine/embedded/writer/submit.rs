//! Taking tasks in: which of them are new, and where they go.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use bytes::Bytes;

use super::{Draft, Writer};
use crate::{
    name::{OwnId, QueueName, TaskId},
    server::engine::{
        Accepted, NewTask, Reach, Refused,
        embedded::{
            chunk::{Chunk, QueueNumber},
            delayed::{DelayedRow, number_at, place_of},
            queue::Queue,
            retries::Run,
            store::StoreError,
        },
        frames::Task,
    },
};

impl Writer {
    /// Decides one task. `Err` only if the store could not be read.
    pub(super) fn decide(
        &mut self,
        draft: &mut Draft,
        reach: &Reach,
        task: NewTask,
    ) -> Result<Result<Accepted, Refused>, StoreError> {
        if let Some(key) = &task.retry_key
            && let Some(place) = self.retries.find(key)
        {
            return Ok(Ok(self.accepted(place, false)));
        }
        if let Some(id) = &task.id
            && let Some((seq, same)) = self.find(draft, id, &task)?
        {
            return Ok(if same {
                Ok(self.accepted(seq, true))
            } else {
                // An id is taken for everybody; by what is not everybody's to know.
                let is_shown = number_at(seq).is_none() && self.is_within(reach, Some(draft), seq)?;
                let seq = if is_shown { seq } else { 0 };
                Err(Refused::IdTaken { id: id.as_str().to_owned(), seq })
            });
        }
        let number = self.queue_number(draft, &task.queue);
        if task.delay_ms > 0 {
            return Ok(Ok(self.delay(draft, number, task)));
        }
        let seq = draft.add(number, &task);
        if let Some(key) = task.retry_key {
            self.retries.record(Run { key, seq, tasks: 1 }, self.aging_ms);
            draft.add_retry(key, seq);
        }
        if let Some(id) = task.id.clone() {
            self.ids.insert(&id, seq);
            draft.own.insert(id, (seq, task));
        }
        Ok(Ok(Accepted { seq, delayed: None, duplicate: false }))
    }

    /// The task that has this id already, and whether its content is that of `task`.
    fn find(&mut self, draft: &Draft, id: &OwnId, task: &NewTask) -> Result<Option<(u64, bool)>, StoreError> {
        if let Some((seq, other)) = draft.own.get(id) {
            let same = other.task == task.task && other.queue == task.queue && other.labels == task.labels;
            return Ok(Some((*seq, same)));
        }
        self.find_stored(id, |stored| {
            stored.task == task.task
                && stored.queue == task.queue.as_str()
                && stored.labels.iter().copied().eq(task.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())))
        })
    }

    /// The stored task that has this id, and what `compare` says of it.
    fn find_stored(
        &mut self,
        id: &OwnId,
        compare: impl Fn(&Task<'_>) -> bool,
    ) -> Result<Option<(u64, bool)>, StoreError> {
        for place in self.ids.candidates(id) {
            let frame = match number_at(place) {
                Some(number) => self.store.delayed(number)?.map(Into::into),
                None if place >= self.next_seq || self.is_purged(place)? => None,
                None => self.chunk(place)?.and_then(|chunk| chunk.frame(place)).map(|frame| frame.bytes),
            };
            if let Some(stored) = frame.as_ref().and_then(|frame: &Bytes| Task::read(frame))
                && stored.id == id.as_str()
            {
                return Ok(Some((place, compare(&stored))));
            }
        }
        Ok(None)
    }

    /// Accepts a task that is to enter the log later.
    fn delay(&mut self, draft: &mut Draft, queue: QueueNumber, task: NewTask) -> Accepted {
        let number = self.next_delayed;
        self.next_delayed += 1;
        let place = place_of(number);
        let due_ms = draft.at_ms.saturating_add(task.delay_ms);
        let id = task.id.clone().unwrap_or_else(|| OwnId::delayed(number));
        let mut frame = Vec::new();
        Task {
            task: &task.task,
            id: id.as_str(),
            queue: task.queue.as_str(),
            seq: 0,
            submitted_at_ms: draft.at_ms,
            labels: task.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect(),
            expires_at_ms: task.expires_ms.map_or(0, |ms| draft.at_ms.saturating_add(ms)),
        }
        .write(&mut frame);
        draft.bytes += frame.len();
        self.delayed.insert(number, due_ms, queue);
        draft.delayed.push(DelayedRow { number, due_ms, queue, id: id.clone(), frame });
        if let Some(key) = task.retry_key {
            self.retries.record(Run { key, seq: place, tasks: 1 }, self.aging_ms);
            draft.add_retry(key, place);
        }
        self.ids.insert(&id, place);
        draft.own.insert(id, (place, task));
        self.accepted(place, false)
    }

    /// Lets delayed tasks whose time has come into the log.
    pub(super) fn enter_due(&mut self, draft: &mut Draft) -> Result<(), StoreError> {
        while draft.bytes < super::COMMIT_BYTES
            && let Some((number, queue)) = self.delayed.due(draft.at_ms)
        {
            let frame = match self.store.delayed(number) {
                Err(StoreError::Damaged(why)) => {
                    tracing::error!("the store is damaged: {why}");
                    None
                }
                frame => frame?,
            };
            let task = frame.as_deref().and_then(Task::read);
            let id = task.as_ref().and_then(|task| OwnId::stored(task.id).ok());
            let name = self.by_number.get(&queue).map(|queue| queue.name.clone());
            let (Some(task), Some(id), Some(name)) = (task, id, name) else {
                // It stays where it is, and is named at each start; the others go on.
                tracing::error!("the delayed task {number} cannot be read: it is left out");
                self.delayed.remove(number);
                self.shared.results.unreadable(place_of(number));
                continue;
            };
            let entered = NewTask {
                task: task.task.to_owned(),
                queue: name,
                id: Some(id.clone()),
                labels: task.labels.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect(),
                retry_key: None,
                delay_ms: 0,
                expires_ms: None,
            };
            let seq = draft.add_written(queue, task, Some(id.clone()));
            self.ids.remove(&id, place_of(number));
            self.ids.insert(&id, seq);
            // As any other of this batch it is looked for there.
            draft.own.insert(id.clone(), (seq, entered));
            draft.moved.push((id, place_of(number), seq));
            draft.entered.extend(self.delayed.remove(number).map(|(due_ms, queue)| (number, due_ms, queue)));
        }
        Ok(())
    }

    /// The answer for a task at a place.
    fn accepted(&self, place: u64, duplicate: bool) -> Accepted {
        match number_at(place) {
            // One that has entered the log since is answered as it was.
            Some(number) => {
                let due_ms = self.delayed.due_ms(number).unwrap_or(self.clock.last_ms);
                Accepted { seq: 0, delayed: Some((number, due_ms)), duplicate }
            }
            None => Accepted { seq: place, delayed: None, duplicate },
        }
    }

    /// The chunk that holds `seq`. Ids that are asked for lie together, so the last one read is kept.
    pub(super) fn chunk(&mut self, seq: u64) -> Result<Option<Chunk>, StoreError> {
        if let Some(chunk) = self.tail.find(seq) {
            return Ok(Some(chunk.clone()));
        }
        let holds = |chunk: &Chunk| (chunk.head.first_seq..=chunk.head.last_seq).contains(&seq);
        if !self.last_read.as_ref().is_some_and(holds) {
            self.last_read = self.store.chunk(seq)?;
        }
        Ok(self.last_read.clone())
    }

    /// Where a task is: a seq, or a delayed one's place.
    pub(in super::super) fn locate(&mut self, id: &TaskId) -> Result<Option<u64>, StoreError> {
        match id {
            TaskId::Seq(seq) => {
                // Every seq between the first kept and the head is a task, unless it was purged.
                let is_kept = (self.shared.first_seq.load(Relaxed)..self.next_seq).contains(seq);
                Ok((is_kept && !self.is_purged(*seq)?).then_some(*seq))
            }
            TaskId::Own(id) => Ok(self.find_stored(id, |_| true)?.map(|(place, _)| place)),
        }
    }

    /// The queue that a task of the log is in.
    pub(super) fn queue_of(&mut self, seq: u64) -> Result<Option<(QueueNumber, Arc<Queue>)>, StoreError> {
        let Some(chunk) = self.chunk(seq)? else { return Ok(None) };
        let mut parts = chunk.head.directory.iter().filter(|p| (p.first_seq..=p.last_seq).contains(&seq));
        let number = match (parts.next(), parts.next()) {
            (Some(only), None) => Some(only.queue),
            // The ranges of several queues cross here: the frame itself says whose it is.
            _ => {
                let frame = chunk.frame(seq);
                let task = frame.as_ref().and_then(|frame| frame.tasks().next());
                let name = task.and_then(|task| QueueName::parse(task.queue).ok());
                name.and_then(|name| self.queues.get(&name)).map(|(number, _)| *number)
            }
        };
        Ok(number.and_then(|number| Some((number, self.by_number.get(&number)?.clone()))))
    }

    /// Whether a task that lies in the log has been purged.
    fn is_purged(&mut self, seq: u64) -> Result<bool, StoreError> {
        if !self.shared.purged.load(Relaxed) {
            return Ok(false);
        }
        Ok(self.queue_of(seq)?.is_none_or(|(_, queue)| queue.extent().trimmed_seq >= seq))
    }

    pub(super) fn queue_number(&mut self, draft: &mut Draft, name: &QueueName) -> QueueNumber {
        if let Some((last, number)) = &draft.last_queue
            && last == name
        {
            return *number;
        }
        let number = self.find_or_make_queue(draft, name);
        draft.last_queue = Some((name.clone(), number));
        number
    }

    fn find_or_make_queue(&mut self, draft: &mut Draft, name: &QueueName) -> QueueNumber {
        if let Some((number, _)) = self.queues.get(name) {
            return *number;
        }
        let number = self.next_queue;
        self.next_queue += 1;
        let queue = self.shared.queues.named(name);
        self.by_number.insert(number, queue.clone());
        self.queues.insert(name.clone(), (number, queue));
        draft.new_queues.push((number, name.clone()));
        number
    }
}
