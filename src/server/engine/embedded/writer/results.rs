//! What becomes a result: words that take effect, tasks that have died without one, and tasks that are cancelled. And
//! what who watches results asks about tasks.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{Draft, Writer, later};
use crate::{
    name::{ClientName, TaskId},
    server::engine::{
        self, Error,
        embedded::{
            chunk::QueueNumber,
            delayed::number_at,
            machine::{Death, GroupNo, Judgement, Key, Note, Outcome, Past, Seen, Stand},
            queue::Queue,
            results::{Event, Reach, Said, Waiter, What},
            store::StoreError,
        },
        groups::{State, Told, Verdict, Word},
        results::Answer,
    },
};

/// Rows of results trimmed in one step, so that a submit never waits long.
const TRIM_ROWS: usize = 1024;

/// For so long ids are looked up in one go: each may have to be read from somewhere else.
const NAMES_FOR: Duration = Duration::from_millis(5);

/// A task that somebody waits for.
pub(in super::super) struct Named {
    pub(in super::super) place: u64,
    pub(in super::super) number: QueueNumber,
    pub(in super::super) queue: Arc<Queue>,
    /// Of a delayed one.
    pub(in super::super) frame: Option<Bytes>,
    pub(in super::super) is_cancelled: bool,
}

impl Writer {
    /// A word was told of a lease. `holder` is the client that held it, or nothing.
    pub(super) fn settled(
        &mut self,
        draft: &mut Draft,
        key: Key,
        told: &Told,
        holder: &str,
        Judgement { verdict, late }: Judgement,
    ) -> Result<(), StoreError> {
        let word = told.word;
        let state = match word {
            _ if verdict != Verdict::Ok => return Ok(()),
            Word::Done => State::Done,
            Word::Rejected => State::Dead,
            // That was counted when the lease ended: it changes nothing, and may be told any number of times.
            Word::Failed | Word::Released if late => return Ok(()),
            Word::Failed | Word::Released => self.stands(key.group, key.seq)?,
            Word::Working | Word::Received => return Ok(()),
        };
        let client = told.client.as_ref().map_or(holder, ClientName::as_str);
        let client = Some(client).filter(|client| !client.is_empty());
        let what = What::Told { group: key.group, word, state, attempt: key.attempt, late };
        draft.results.push(&Event { seq: key.seq, what, client, said: Said::new(&told.answer) });
        Ok(())
    }

    /// A client has told a word of a task without a lease. `group` is its own.
    pub(super) fn noted(
        &mut self,
        draft: &mut Draft,
        group: GroupNo,
        seq: u64,
        client: &ClientName,
        word: Word,
        answer: &Answer,
    ) -> Result<(), StoreError> {
        let state = if word == Word::Done { State::Done } else { self.stands(group, seq)? };
        let what = What::Told { group, word, state, attempt: 0, late: false };
        let client = Some(client.as_str());
        draft.results.push(&Event { seq, what, client, said: Said::new(answer) });
        Ok(())
    }

    /// What has died of its leases.
    pub(super) fn bury(&mut self, draft: &mut Draft) {
        for Death { key, end, client } in self.machine.take_deaths() {
            let what = What::Died { group: key.group, end, attempt: key.attempt };
            let client = client.as_deref();
            draft.results.push(&Event { seq: key.seq, what, client, said: Said::default() });
        }
    }

    /// A task was cancelled.
    pub(super) fn ended(draft: &mut Draft, queue: QueueNumber, seq: u64) {
        let what = What::Cancelled { queue };
        draft.results.push(&Event { seq, what, client: None, said: Said::default() });
    }

    /// Where a task stands in a group.
    fn stands(&mut self, group: GroupNo, seq: u64) -> Result<State, StoreError> {
        let of_past = |past: &Past| match past.outcome {
            Outcome::Done => State::Done,
            Outcome::Cancelled => State::Cancelled,
            Outcome::Expired => State::Expired,
            Outcome::Gone => State::Gone,
        };
        Ok(match self.machine.seen(group, seq) {
            Some(Seen::Open { open, .. }) => match open.stand {
                Stand::Ready => State::Ready,
                Stand::Waiting { .. } => State::Waiting,
                Stand::Leased(_) => State::Leased,
                Stand::Dead => State::Dead,
            },
            Some(Seen::Past(past)) => of_past(&past),
            Some(Seen::Ahead(Some(Note::Done))) => State::Done,
            Some(Seen::Ahead(_)) => State::Ready,
            // What the group has passed by stands as the log has it.
            Some(Seen::Written) => self.written(group, seq)?.as_ref().map_or(State::Logged, of_past),
            None => State::Logged,
        })
    }

    /// The first of these tasks by their ids, one at least: as many as can be looked up at once while others wait.
    /// From now on `waiter` is told of them.
    pub(in super::super) fn named_tasks(
        &mut self,
        ids: &[TaskId],
        reach: &engine::Reach,
        waiter: &Arc<Waiter>,
    ) -> Result<Result<Vec<Option<Named>>, Error>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        let since = Instant::now();
        for id in ids {
            found.push(self.named_task(reach, id)?);
            if since.elapsed() >= NAMES_FOR {
                break;
            }
        }
        self.shared.results.enlist(waiter, found.iter().flatten().map(|named| named.place));
        Ok(Ok(found))
    }

    fn named_task(&mut self, reach: &engine::Reach, id: &TaskId) -> Result<Option<Named>, StoreError> {
        let Some(place) = self.locate_within(reach, id)? else { return Ok(None) };
        let (number, frame) = match number_at(place) {
            Some(delayed) => {
                let (Some(number), Some(frame)) =
                    (self.delayed.queue_of(delayed), self.store.delayed(delayed)?)
                else {
                    return Ok(None);
                };
                (number, Some(frame.into()))
            }
            None => match self.queue_of(place)? {
                Some((number, _)) => (number, None),
                None => return Ok(None),
            },
        };
        let Some(queue) = self.by_number.get(&number).cloned() else { return Ok(None) };
        Ok(Some(Named { place, number, queue, frame, is_cancelled: self.machine.is_cancelled(place) }))
    }

    /// Those of these tasks that have expired for all groups. Each comes with its queue and its time.
    pub(in super::super) fn expired(&self, tasks: &[(u64, QueueNumber, u64)]) -> Vec<u64> {
        let is_over = |(seq, queue, expires_ms): &&(u64, QueueNumber, u64)| {
            *expires_ms <= self.clock.last_ms && !self.machine.is_leased(*queue, *seq)
        };
        tasks.iter().filter(is_over).map(|(seq, ..)| *seq).collect()
    }

    /// From now on results may name this group.
    pub(super) fn name_group(&self, no: GroupNo) {
        if let Some(named) = self.registry.by_no.get(&no) {
            self.shared.names.add_group(no, named.queue.clone(), named.name.clone());
        }
    }

    /// Begins with what the store has of results. `head_seq` is its last task.
    pub(super) fn load_results(&mut self, head_seq: u64, tail_bytes: usize) -> Result<(), StoreError> {
        let loaded = self.store.load_results()?;
        self.next_result = loaded.reach.next_n;
        let mut runs = Vec::new();
        for row in &loaded.unfolded {
            let (first, last) = (row.first_n, row.last_n);
            let read = row.runs();
            runs.extend(
                read.map_err(|_| self.shared.damaged(&format!("the results from {first} to {last}")))?,
            );
        }
        self.shared.results.load(loaded.reach, tail_bytes, head_seq, runs.into_iter());
        Ok(())
    }

    /// Throws away results whose tasks are gone, from the front on. True if there is more to do at once.
    pub(super) fn trim_results(&mut self) -> Result<bool, String> {
        let last_seq = self.shared.first_seq.load(Relaxed).saturating_sub(1);
        if last_seq <= self.results_trimmed_seq {
            return Ok(false);
        }
        let (first_n, more) = match self.store.old_results(last_seq, TRIM_ROWS) {
            Ok(old) => old,
            Err(StoreError::Damaged(why)) => {
                // Whether it may go cannot be known: it and all after it stay.
                tracing::error!("results are not trimmed: {why}");
                return Ok(false);
            }
            Err(e) => return Err(e.to_string()),
        };
        let reach = self.shared.results.reach();
        if first_n > reach.first_n {
            // Watchers are told first: none may look for what is being deleted and find a silent gap.
            self.shared.results.trim(first_n);
        }
        if let Err(e) = self.write_anyhow(|store| store.trim_results(Reach { first_n, ..reach })) {
            return later(Err(e));
        }
        if !more {
            self.results_trimmed_seq = last_seq;
        }
        Ok(more)
    }
}
