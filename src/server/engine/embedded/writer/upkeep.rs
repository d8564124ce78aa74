//! What is done beside the work: trimming, folding, reading the clock.

use std::{collections::BTreeSet, sync::atomic::Ordering::Relaxed, time::Instant};

use super::{MARK_EVERY, TRIM_CHUNKS, Writer, later};
use crate::{
    name::QueueName,
    server::engine::{
        Error,
        embedded::{
            chunk::{ChunkHead, Part},
            facts::{PageRow, write_page},
            machine::{GroupNo, PAGE_SEQS},
            queue::Extent,
            retries::REMEMBERED_MS,
            store::{Fold, StoreError},
        },
        groups::Purged,
    },
};

/// About how many bytes of pages are written in one commit.
const FOLD_BYTES: usize = 1 << 20;
/// About how many bytes a page of where results stand takes beside its runs.
const RESULT_PAGE_BYTES: usize = 64;
/// The clocks may part by so much before what is shown follows, in milliseconds.
const AHEAD_MS: u64 = 100;

impl Writer {
    /// One step of what is done beside the work. True if there is more to do at once.
    pub(super) fn upkeep(&mut self) -> Result<bool, String> {
        self.read_clock()?;
        let mut more = false;
        if self.clock.may_trim() || self.shared.purged.load(Relaxed) {
            more |= self.trim()?;
        }
        more |= self.trim_results()?;
        self.retries.expire(self.aging_ms);
        let before_ms = self.aging_ms.saturating_sub(REMEMBERED_MS);
        more |= later(self.store.forget_retries(before_ms))?;
        more |= later(self.store.give_back())?;
        if self.marked.elapsed() >= MARK_EVERY {
            self.fold_and_checkpoint()?;
        }
        Ok(more)
    }

    /// Throws the oldest chunks away if they are past their time, or if all in them has been purged.
    fn trim(&mut self) -> Result<bool, String> {
        // The wall clock, not the server's time: that may have been led astray for good.
        let before_ms = (self.shared.wall_clock)().min(self.clock.last_ms).saturating_sub(self.retain_ms);
        let before_ms = if self.clock.may_trim() { before_ms } else { 0 };
        let purged = self.shared.purged.load(Relaxed);
        let latest_ms = if purged { u64::MAX } else { before_ms };
        let mut old = self.store.oldest(latest_ms, TRIM_CHUNKS).map_err(|e| e.to_string())?;
        let kept = old.iter().position(|o| o.head.at_ms >= before_ms && !self.is_purged_whole(&o.head));
        old.truncate(kept.unwrap_or(old.len()));
        let Some(last_seq) = old.last().map(|o| o.head.last_seq) else { return Ok(false) };
        // Watchers are told first: none may look for what is being deleted and find a silent gap.
        let first_seq = self.shared.first_seq.fetch_max(last_seq + 1, Relaxed);
        let mut trimmed = BTreeSet::new();
        for (chunk_seq, part) in
            old.iter().flat_map(|o| o.head.directory.iter().map(|p| (o.head.first_seq, p)))
        {
            let Some(queue) = self.by_number.get(&part.queue).cloned() else { continue };
            trimmed.insert(part.queue);
            // A trim that found no room comes again; what goes was taken off the counts then, and is yet to be written.
            if chunk_seq < first_seq {
                continue;
            }
            let trimmed_seq = queue.extent().trimmed_seq;
            let tasks = if part.first_seq > trimmed_seq {
                part.tasks
            } else if part.last_seq <= trimmed_seq {
                0
            } else {
                // Purged in part, and counted then.
                let chunk = self.chunk(part.first_seq).map_err(|e| e.to_string())?;
                part.tasks - chunk.map_or(0, |chunk| chunk.count(part.queue, 0, trimmed_seq))
            };
            queue.trim(part.last_seq, tasks);
            queue.evict(part.last_seq);
            self.shared.tasks.fetch_sub(tasks, Relaxed);
            let extent = queue.extent();
            self.machine.trim(part.queue, extent.trimmed_seq, extent.trimmed);
            self.unfolded.entry(part.queue).or_insert(queue);
        }
        self.is_stirred = true;
        self.shared.results.tasks_gone(last_seq);
        self.machine.forget_cancelled(last_seq);
        self.tail.trim(last_seq);
        self.last_read = None;
        self.last_page = None;
        for (seq, id) in old.iter().flat_map(|o| &o.ids) {
            self.ids.remove(id, *seq);
        }
        let more = old.len() == TRIM_CHUNKS;
        let mut fold = self.fold();
        fold.groups = trimmed.iter().flat_map(|queue| self.group_rows(*queue)).collect();
        match self.write_anyhow(|store| store.trim(last_seq, &fold)) {
            Ok(()) => {
                self.folded();
                self.show();
                Ok(more)
            }
            Err(e) => later(Err(e)),
        }
    }

    fn is_purged_whole(&self, head: &ChunkHead) -> bool {
        let is_purged = |part: &Part| {
            self.by_number.get(&part.queue).is_some_and(|queue| queue.extent().trimmed_seq >= part.last_seq)
        };
        self.shared.purged.load(Relaxed) && head.directory.iter().all(is_purged)
    }

    /// Throws away the tasks of a queue up to a seq. What is left of them in the log goes with its chunks.
    pub(super) fn purge(
        &mut self,
        name: &QueueName,
        upto_seq: Option<u64>,
    ) -> Result<Result<Purged, Error>, StoreError> {
        let Some((number, queue)) = self.queues.get(name).cloned() else {
            return Ok(Err(Error::NoQueue(name.clone())));
        };
        let before = queue.extent();
        let last_seq = upto_seq.unwrap_or(u64::MAX).min(before.last_seq);
        if last_seq <= before.trimmed_seq {
            return Ok(Ok(Purged { tasks: 0, leases: 0 }));
        }
        let tasks = if last_seq == before.last_seq {
            before.tasks
        } else {
            self.store.count(number, before.trimmed_seq + 1, last_seq)?
        };
        let leases = self.machine.leases_upto(number, last_seq);
        // On disk first: who watches is told nothing that a crash would take back.
        let mut fold = self.fold();
        let extent = Extent {
            number: Some(number),
            trimmed_seq: last_seq,
            tasks: before.tasks - tasks,
            trimmed: before.trimmed + tasks,
            ..before
        };
        fold.queues.retain(|other| other.number != Some(number));
        fold.queues.push(extent);
        self.write_fold(&fold)?;
        self.folded();
        queue.trim(last_seq, tasks);
        queue.evict(last_seq);
        self.shared.tasks.fetch_sub(tasks, Relaxed);
        self.shared.purged.store(true, Relaxed);
        self.shared.results.tasks_gone(last_seq);
        self.machine.trim(number, last_seq, extent.trimmed);
        self.is_stirred = true;
        // What was unsettled is counted in the heads. Without room for them the next fold has them, and a crash
        // before that counts anew at the start.
        let mut fold = self.fold();
        fold.groups = self.group_rows(number);
        let written = self.store.fold(&fold);
        self.show();
        match written {
            Ok(()) | Err(StoreError::Full(_)) => Ok(Ok(Purged { tasks, leases })),
            Err(e) => Err(e),
        }
    }

    /// Writes the queues' and groups' state down, and moves what was written to its place.
    pub(super) fn fold_and_checkpoint(&mut self) -> Result<(), String> {
        let (mut heads, mut pages) = self.machine.take_dirty();
        let mut gone_holders = self.machine.take_gone_holders();
        let upto = self.last_fact;
        let mut result_pages = self.shared.results.unfolded();
        loop {
            let mut fold = self.fold();
            let mut bytes = 0;
            let here = result_pages.iter().take_while(|row| {
                bytes += RESULT_PAGE_BYTES + row.runs.len();
                bytes < FOLD_BYTES
            });
            let here = here.count().max(1).min(result_pages.len());
            fold.result_pages = result_pages.drain(..here).collect();
            fold.groups = heads.iter().filter_map(|no| self.group_row(*no)).collect();
            let written = self.fold_pages(&pages).map_err(|e| e.to_string())?;
            let steps = written.len();
            fold.pages = written;
            let is_last = steps == pages.len() && result_pages.is_empty();
            if is_last {
                fold.facts_upto = Some(upto);
                fold.results_upto = Some(self.next_result - 1);
                fold.gone_holders.clone_from(&gone_holders);
            }
            if let Err(e) = self.write_fold(&fold) {
                self.machine.put_back_dirty(heads, pages, std::mem::take(&mut gone_holders));
                self.room.put_off_upkeep();
                return later(Err(e)).map(drop);
            }
            self.folded();
            for (group, page) in pages.drain(..steps) {
                self.machine.wrote(group, page);
            }
            heads.clear();
            self.last_page = None;
            if is_last {
                self.shared.results.folded();
                break;
            }
        }
        // What is folded stays so, whether or not there is room to move it.
        let moved = self.write_anyhow(|store| store.checkpoint());
        match &moved {
            Ok(()) => self.room.has_done_upkeep(),
            Err(_) => self.room.put_off_upkeep(),
        }
        later(moved.map(|()| false)).map(drop)
    }

    /// The first of these pages, as many as go into one commit.
    fn fold_pages(&mut self, pages: &[(GroupNo, u64)]) -> Result<Vec<PageRow>, StoreError> {
        let mut rows = Vec::new();
        let mut bytes = 0;
        for &(group, page) in pages {
            let before = self.store.page(group, page)?;
            let row =
                write_page(&self.machine, group, page, self.last_fact, before.as_ref()).ok_or_else(|| {
                    let seq = page * PAGE_SEQS;
                    self.shared.damaged(&format!("the page of group {group} at seq {seq}"))
                })?;
            bytes += row.entries.len();
            rows.push(row);
            if bytes >= FOLD_BYTES {
                break;
            }
        }
        Ok(rows)
    }

    fn fold(&self) -> Fold {
        let queues = self
            .unfolded
            .iter()
            .map(|(number, queue)| Extent { number: Some(*number), ..queue.extent() })
            .collect();
        Fold {
            head_seq: self.next_seq - 1,
            clock: self.clock,
            queues,
            groups: Vec::new(),
            pages: Vec::new(),
            facts_upto: None,
            gone_holders: Vec::new(),
            machine_ms: self.now().ms,
            result_pages: Vec::new(),
            results_upto: None,
        }
    }

    fn folded(&mut self) {
        self.written_doubt_ms = self.clock.doubted_ms;
        self.unfolded.clear();
        self.marked = Instant::now();
    }

    /// The server's time. A doubt of the wall clock is written down before anything that bears the new time:
    /// a restart must know of it.
    pub(super) fn read_clock(&mut self) -> Result<u64, String> {
        let doubted_ms = self.clock.doubted_ms;
        let wall_ms = (self.shared.wall_clock)();
        let now_ms = self.clock.read(wall_ms);
        self.aging_ms = now_ms.max(self.aging_ms + wall_ms.saturating_sub(self.wall_ms));
        self.wall_ms = wall_ms;
        self.shared.clock_ms.store(now_ms, Relaxed);
        // Two clocks that are read one after the other never agree to the millisecond: what is shown of one moment
        // is to be the same each time, or whoever follows a list sees changes where there are none.
        let ahead_ms = now_ms as i64 - self.now().ms as i64;
        if ahead_ms.abs_diff(self.shown_ahead_ms) > AHEAD_MS {
            self.shown_ahead_ms = ahead_ms;
        }
        let suspended = !self.clock.may_trim();
        if suspended && !self.trimming_suspended {
            tracing::warn!(
                "the clock is more than a day ahead of the last time written: no task is trimmed until it has \
                 stood so for a day"
            );
        }
        self.trimming_suspended = suspended;
        if self.clock.doubted_ms != doubted_ms {
            self.fold_and_checkpoint()?;
        }
        Ok(now_ms)
    }
}
