//! Stores that can be held back, refuse to trim, panic, and say what they were after each write: what the disk
//! under them cannot do by itself.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use crate::{
    name::ClientName,
    server::engine::embedded::{
        chunk::{Chunk, QueueNumber},
        facts::PageRow,
        ids::Ids,
        machine::GroupNo,
        presence::ClientRow,
        results::Reach,
        store::{
            Commit, Fold, Loaded, LoadedGroups, LoadedResults, Old, Reader, Space, Store, StoreError,
            memory::MemoryStore,
        },
    },
};

/// A memory store behind a [`Gate`].
pub(super) struct Held {
    pub(super) store: MemoryStore,
    pub(super) gate: Arc<Gate>,
}

/// What a test tells the store, and what it learns of it.
#[derive(Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    /// Appends wait while it is set.
    pub(super) shut: bool,
    /// The next appends panic.
    pub(super) panics: bool,
    /// How many appends have come.
    pub(super) appends: u64,
    /// How many times the next trims find no room.
    pub(super) trims_refused: u64,
    /// How many times the next folds find no room.
    pub(super) folds_refused: u64,
    /// How many times the next checkpoints find none.
    pub(super) checkpoints_refused: u64,
    /// How often a ballast was to be made.
    pub(super) ballasts_tried: u64,
    /// How many rows of clients have come.
    pub(super) clients_written: u64,
    /// What happens to them instead of being written.
    pub(super) clients_fault: Option<StoreError>,
    /// How much room there is.
    pub(super) space: Option<Space>,
    /// How often that was asked.
    pub(super) looks: u64,
    /// Some room for when there is none.
    pub(super) has_ballast: bool,
}

impl Gate {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn set_shut(&self, shut: bool) {
        self.state().shut = shut;
        self.changed.notify_all();
    }
}

impl Store for Held {
    fn append(&mut self, commit: &Commit<'_>) -> Result<(), StoreError> {
        let mut state = self.gate.state();
        state.appends += 1;
        assert!(!state.panics, "as the test wants it");
        drop(self.gate.changed.wait_while(state, |state| state.shut).unwrap());
        self.store.append(commit)
    }

    fn trim(&mut self, last_seq: u64, fold: &Fold) -> Result<(), StoreError> {
        let mut state = self.gate.state();
        if state.trims_refused > 0 {
            state.trims_refused -= 1;
            return Err(StoreError::Full("no room".to_owned()));
        }
        self.store.trim(last_seq, fold)
    }

    fn load(&mut self, ids: &mut Ids) -> Result<Loaded, StoreError> {
        self.store.load(ids)
    }

    fn load_groups(&mut self) -> Result<LoadedGroups, StoreError> {
        self.store.load_groups()
    }

    fn load_results(&mut self) -> Result<LoadedResults, StoreError> {
        self.store.load_results()
    }

    fn old_results(&mut self, last_seq: u64, most: usize) -> Result<(u64, bool), StoreError> {
        self.store.old_results(last_seq, most)
    }

    fn trim_results(&mut self, reach: Reach) -> Result<(), StoreError> {
        self.store.trim_results(reach)
    }

    fn page(&mut self, group: GroupNo, page: u64) -> Result<Option<PageRow>, StoreError> {
        self.store.page(group, page)
    }

    fn delayed(&mut self, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.delayed(number)
    }

    fn count(&mut self, queue: QueueNumber, from_seq: u64, upto_seq: u64) -> Result<u64, StoreError> {
        Store::count(&mut self.store, queue, from_seq, upto_seq)
    }

    fn fold(&mut self, fold: &Fold) -> Result<(), StoreError> {
        let mut state = self.gate.state();
        if state.folds_refused > 0 {
            state.folds_refused -= 1;
            return Err(StoreError::Full("no room".to_owned()));
        }
        self.store.fold(fold)
    }

    fn chunk(&mut self, seq: u64) -> Result<Option<Chunk>, StoreError> {
        self.store.chunk(seq)
    }

    fn oldest(&mut self, before_ms: u64, most: usize) -> Result<Vec<Old>, StoreError> {
        self.store.oldest(before_ms, most)
    }

    fn forget_retries(&mut self, before_ms: u64) -> Result<bool, StoreError> {
        self.store.forget_retries(before_ms)
    }

    fn wants_checkpoint(&self) -> bool {
        self.store.wants_checkpoint()
    }

    fn checkpoint(&mut self) -> Result<(), StoreError> {
        let mut state = self.gate.state();
        if state.checkpoints_refused > 0 {
            state.checkpoints_refused -= 1;
            return Err(StoreError::Full("no room".to_owned()));
        }
        self.store.checkpoint()
    }

    fn take_ballast(&mut self) -> bool {
        self.gate.state().ballasts_tried += 1;
        false
    }

    fn load_clients(&mut self) -> Result<Vec<ClientRow>, StoreError> {
        self.store.load_clients()
    }

    fn write_clients(&mut self, rows: &[ClientRow], gone: &[ClientName]) -> Result<(), StoreError> {
        let mut state = self.gate.state();
        state.clients_written += rows.len() as u64;
        if let Some(fault) = &state.clients_fault {
            return Err(fault.clone());
        }
        drop(state);
        self.store.write_clients(rows, gone)
    }

    fn give_back(&mut self) -> Result<bool, StoreError> {
        self.store.give_back()
    }

    fn space(&self) -> Option<Space> {
        let mut state = self.gate.state();
        state.looks += 1;
        state.space
    }

    fn give_up_ballast(&mut self) -> bool {
        std::mem::take(&mut self.gate.state().has_ballast)
    }

    fn reader(&self) -> Result<Box<dyn Reader>, StoreError> {
        self.store.reader()
    }
}

/// What a disk was after each write that is no append, and which.
#[derive(Clone, Default)]
pub(super) struct Recorder(Arc<Mutex<Vec<(&'static str, MemoryStore)>>>);

impl Recorder {
    /// The images since the last time.
    pub(super) fn take(&self) -> Vec<(&'static str, MemoryStore)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A memory store that is recorded.
pub(super) struct Recording {
    pub(super) store: MemoryStore,
    pub(super) recorder: Recorder,
}

impl Recording {
    fn after<T>(&mut self, what: &'static str, done: Result<T, StoreError>) -> Result<T, StoreError> {
        self.recorder.0.lock().unwrap().push((what, self.store.copy()));
        done
    }
}

impl Store for Recording {
    fn append(&mut self, commit: &Commit<'_>) -> Result<(), StoreError> {
        self.store.append(commit)
    }

    fn trim(&mut self, last_seq: u64, fold: &Fold) -> Result<(), StoreError> {
        let done = self.store.trim(last_seq, fold);
        self.after("a trim", done)
    }

    fn fold(&mut self, fold: &Fold) -> Result<(), StoreError> {
        let done = self.store.fold(fold);
        self.after("a step of a fold", done)
    }

    fn checkpoint(&mut self) -> Result<(), StoreError> {
        let done = self.store.checkpoint();
        self.after("a checkpoint", done)
    }

    fn load(&mut self, ids: &mut Ids) -> Result<Loaded, StoreError> {
        self.store.load(ids)
    }

    fn load_groups(&mut self) -> Result<LoadedGroups, StoreError> {
        self.store.load_groups()
    }

    fn load_results(&mut self) -> Result<LoadedResults, StoreError> {
        self.store.load_results()
    }

    fn old_results(&mut self, last_seq: u64, most: usize) -> Result<(u64, bool), StoreError> {
        self.store.old_results(last_seq, most)
    }

    fn trim_results(&mut self, reach: Reach) -> Result<(), StoreError> {
        let done = self.store.trim_results(reach);
        self.after("a trim of results", done)
    }

    fn page(&mut self, group: GroupNo, page: u64) -> Result<Option<PageRow>, StoreError> {
        self.store.page(group, page)
    }

    fn delayed(&mut self, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.delayed(number)
    }

    fn count(&mut self, queue: QueueNumber, from_seq: u64, upto_seq: u64) -> Result<u64, StoreError> {
        Store::count(&mut self.store, queue, from_seq, upto_seq)
    }

    fn chunk(&mut self, seq: u64) -> Result<Option<Chunk>, StoreError> {
        self.store.chunk(seq)
    }

    fn oldest(&mut self, before_ms: u64, most: usize) -> Result<Vec<Old>, StoreError> {
        self.store.oldest(before_ms, most)
    }

    fn forget_retries(&mut self, before_ms: u64) -> Result<bool, StoreError> {
        self.store.forget_retries(before_ms)
    }

    fn wants_checkpoint(&self) -> bool {
        self.store.wants_checkpoint()
    }

    fn load_clients(&mut self) -> Result<Vec<ClientRow>, StoreError> {
        self.store.load_clients()
    }

    fn write_clients(&mut self, rows: &[ClientRow], gone: &[ClientName]) -> Result<(), StoreError> {
        self.store.write_clients(rows, gone)
    }

    fn give_back(&mut self) -> Result<bool, StoreError> {
        self.store.give_back()
    }

    fn reader(&self) -> Result<Box<dyn Reader>, StoreError> {
        self.store.reader()
    }
}
