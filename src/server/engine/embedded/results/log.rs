//! The log of results as the running server knows it: how far it goes, its newest rows in memory, where the results
//! of each task stand in it, and who waits for those of which tasks. The writer adds what is on disk; who watches
//! has a cursor and a bell. Nothing is ever sent into a channel.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::{
    index::{Index, ResultPageRow, Run},
    row::ResultRow,
    waiters::{Moved, Waiter, Waiters},
};

/// How many bytes of the newest rows are kept in memory.
const TAIL_BYTES: usize = 8 << 20;
/// About how many bytes a row takes beside its entries.
const ROW_BYTES: usize = 128;
/// Rows that a cursor is given at a time.
const LOOK_ROWS: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub(in super::super) struct ResultLog {
    state: Mutex<State>,
    /// Rung when the log has grown, was trimmed, or the engine has ended.
    pub(super) bell: Notify,
}

#[derive(Debug, Default)]
struct State {
    first_n: u64,
    next_n: u64,
    tail: VecDeque<Arc<ResultRow>>,
    tail_bytes: usize,
    tail_bytes_max: usize,
    index: Index,
    waiters: Waiters,
}

/// How far the log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Reach {
    /// The first result kept; the next one if none is.
    pub(in super::super) first_n: u64,
    /// The next one to be taken.
    pub(in super::super) next_n: u64,
}

/// What a cursor finds.
#[derive(Debug)]
pub(super) enum Look {
    /// Rows, from memory: the first has the result that was looked for.
    Rows(Vec<Arc<ResultRow>>),
    /// It is on disk.
    OnDisk,
    /// Nothing yet.
    Nothing,
    /// It is no longer kept.
    Trimmed { first_n: u64 },
}

/// Where the results of some pages stand, as far as the store has not been told.
#[derive(Debug)]
pub(super) struct Known {
    /// That is all up to here, exclusive, with what the store has,
    pub(super) next_n: u64,
    pub(super) runs: Vec<Run>,
    /// of these pages.
    pub(super) stored: Vec<u64>,
}

impl ResultLog {
    /// Begins with what the store has. No task after `folded_seq` has results that are folded; `runs` are those that
    /// are not.
    pub(in super::super) fn load(
        &self,
        reach: Reach,
        tail_bytes: usize,
        folded_seq: u64,
        runs: impl Iterator<Item = Run>,
    ) {
        let mut state = self.lock();
        (state.first_n, state.next_n) = (reach.first_n, reach.next_n);
        state.tail_bytes_max = tail_bytes.min(TAIL_BYTES);
        state.index = Index::new(folded_seq);
        runs.for_each(|run| state.index.add(run));
    }

    pub(in super::super) fn reach(&self) -> Reach {
        let state = self.lock();
        Reach { first_n: state.first_n, next_n: state.next_n }
    }

    /// Adds results that have just become durable, and what has become of delayed tasks.
    pub(in super::super) fn grow(&self, rows: Vec<ResultRow>, runs: Vec<Run>, moved: Vec<(u64, Moved)>) {
        let mut state = self.lock();
        // First, because the results may be of what has just moved.
        for (place, moved) in moved {
            state.waiters.moved(place, moved);
        }
        let Some(last) = rows.last() else { return };
        state.next_n = last.last_n + 1;
        for run in runs {
            state.index.add(run);
            state.waiters.told(run);
        }
        for row in rows {
            state.tail_bytes += row.entries.len() + ROW_BYTES;
            state.tail.push_back(Arc::new(row));
        }
        while state.tail_bytes > state.tail_bytes_max
            && let Some(oldest) = state.tail.pop_front()
        {
            state.tail_bytes -= oldest.entries.len() + ROW_BYTES;
        }
        drop(state);
        self.bell.notify_waiters();
    }

    /// Says that results before `first_n` are no longer kept.
    pub(in super::super) fn trim(&self, first_n: u64) {
        let mut state = self.lock();
        state.first_n = state.first_n.max(first_n);
        while state.tail.front().is_some_and(|row| row.last_n < first_n)
            && let Some(gone) = state.tail.pop_front()
        {
            state.tail_bytes -= gone.entries.len() + ROW_BYTES;
        }
        drop(state);
        self.bell.notify_waiters();
    }

    /// Says that tasks up to here may be gone.
    pub(in super::super) fn tasks_gone(&self, last_seq: u64) {
        self.lock().waiters.gone(last_seq);
    }

    /// A delayed task can never enter the log.
    pub(in super::super) fn unreadable(&self, place: u64) {
        self.lock().waiters.moved(place, Moved::Unreadable);
    }

    /// What a fold writes of where results stand.
    pub(in super::super) fn unfolded(&self) -> Vec<ResultPageRow> {
        self.lock().index.rows()
    }

    /// All of [`ResultLog::unfolded`] is in the store.
    pub(in super::super) fn folded(&self) {
        self.lock().index.folded();
    }

    /// Rings for whoever waits for anything: the engine has ended.
    pub(in super::super) fn ring_all(&self) {
        self.lock().waiters.ring_all();
        self.bell.notify_waiters();
    }

    /// Lets `waiter` know of what is told of the tasks at these places from now on.
    pub(in super::super) fn enlist(&self, waiter: &Arc<Waiter>, places: impl Iterator<Item = u64>) {
        self.lock().waiters.enlist(waiter, places);
    }

    /// `waiter` waits no more.
    pub(super) fn dismiss(&self, waiter: &Arc<Waiter>) {
        self.lock().waiters.dismiss(waiter);
    }

    /// Looks for the result `n` and those after it.
    pub(super) fn look(&self, n: u64) -> Look {
        let state = self.lock();
        if n < state.first_n {
            return Look::Trimmed { first_n: state.first_n };
        }
        if n >= state.next_n {
            return Look::Nothing;
        }
        if state.tail.front().is_none_or(|row| n < row.first_n) {
            return Look::OnDisk;
        }
        let place = state.tail.partition_point(|row| row.last_n < n);
        Look::Rows(state.tail.range(place..).take(LOOK_ROWS).cloned().collect())
    }

    /// Where the results of these pages stand. What `waiter` knows of results up to now it forgets at the same moment.
    /// `None`: it must first learn where its tasks are.
    pub(super) fn known(&self, pages: &BTreeSet<u64>, waiter: Option<&Waiter>) -> Option<Known> {
        let state = self.lock();
        let mut known = Known { next_n: state.next_n, runs: Vec::new(), stored: Vec::new() };
        for page in pages {
            let (runs, may_be_stored) = state.index.page(*page);
            known.runs.extend(runs);
            if may_be_stored {
                known.stored.push(*page);
            }
        }
        waiter.is_none_or(Waiter::forget_told).then_some(known)
    }

    /// How many tasks are waited for; each counts for each who waits for it.
    #[cfg(test)]
    pub(in super::super) fn waited_for(&self) -> usize {
        self.lock().waiters.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
