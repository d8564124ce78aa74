//! The embedded engine under test: the contract over both stores, with a tail in memory and without one, and
//! in the modules below what is its own.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use super::{
    Durability, Embedded, OpenError, Options,
    store::{Store, memory::MemoryStore},
};
use crate::server::engine::{
    Engine,
    contract::{Fixture, hold_to_contract, in_time},
};

mod faults;
mod files;
mod groups;
mod held;
mod leases;
mod model;
mod presence;
mod result_log;
mod results;
mod retention;
mod stored;
mod writing;

/// Enough for a test's tasks.
const TAIL: usize = 64 << 20;
/// Each read comes from the store.
const NO_TAIL: usize = 0;
/// How long the tests' tasks are kept. It is short because upkeep comes ten times as often; no time goes by
/// unless a test says so.
const RETAIN: Duration = Duration::from_secs(1);
/// When the tests begin, in milliseconds since 1970.
const BEGIN_MS: u64 = 1_700_000_000_000;

use files::at_rest;
use held::{Gate, Held, Recorder, Recording};

mod memory {
    use super::*;
    hold_to_contract!(Bed::memory(TAIL));
}

mod memory_without_a_tail {
    use super::*;
    hold_to_contract!(Bed::memory(NO_TAIL));
}

mod sqlite {
    use super::*;
    hold_to_contract!(Bed::sqlite(TAIL));
}

mod sqlite_without_a_tail {
    use super::*;
    hold_to_contract!(Bed::sqlite(NO_TAIL));
}

/// An engine with a clock of its own, over a store that outlives it.
struct Bed {
    kept: Kept,
    options: Options,
    clock: Clock,
    open: Option<Embedded>,
}

enum Kept {
    Memory(MemoryStore),
    Held(MemoryStore, Arc<Gate>),
    Recorded(MemoryStore, Recorder),
    Sqlite(tempfile::TempDir),
}

/// A wall clock that stands still until it is set, and counts how often it was read.
#[derive(Clone, Default)]
struct Clock {
    ms: Arc<AtomicU64>,
    reads: Arc<AtomicU64>,
}

impl Bed {
    fn memory(tail_bytes: usize) -> Self {
        Self::new(Kept::Memory(MemoryStore::new("5707e".to_owned())), tail_bytes)
    }

    /// Over a store in memory that a test can hold back.
    fn held() -> (Self, Arc<Gate>) {
        let gate = Arc::new(Gate::default());
        (Self::new(Kept::Held(MemoryStore::new("5707e".to_owned()), gate.clone()), TAIL), gate)
    }

    /// Over a store in memory of which there is an image after each write.
    fn recorded(recorder: &Recorder) -> Self {
        let store = MemoryStore::new("5707e".to_owned());
        Self::new(Kept::Recorded(store, recorder.clone()), TAIL)
    }

    /// Over what there is.
    fn over(store: MemoryStore) -> Self {
        Self::new(Kept::Memory(store), TAIL)
    }

    fn sqlite(tail_bytes: usize) -> Self {
        Self::new(Kept::Sqlite(tempfile::tempdir().unwrap()), tail_bytes)
    }

    /// What a process that dies now leaves behind, opened by another.
    fn crashed(&self) -> Self {
        let kept = match &self.kept {
            Kept::Memory(store) | Kept::Held(store, _) | Kept::Recorded(store, _) => {
                Kept::Memory(store.copy())
            }
            Kept::Sqlite(_) => {
                let folder = tempfile::tempdir().unwrap();
                for name in ["contact.db", "contact.db-wal"] {
                    fs::copy(self.folder().join(name), folder.path().join(name)).unwrap();
                }
                Kept::Sqlite(folder)
            }
        };
        let mut bed = Bed { kept, options: self.options.clone(), clock: self.clock.clone(), open: None };
        bed.try_open().unwrap();
        bed
    }

    fn new(kept: Kept, tail_bytes: usize) -> Self {
        let clock = Clock::default();
        clock.ms.store(BEGIN_MS, Relaxed);
        let (ms, reads) = (clock.ms.clone(), clock.reads.clone());
        let wall_clock = Arc::new(move || {
            reads.fetch_add(1, Relaxed);
            ms.load(Relaxed)
        });
        let options = Options { retain: RETAIN, tail_bytes, min_free: None, wall_clock };
        let mut bed = Bed { kept, options, clock, open: None };
        bed.try_open().unwrap();
        bed
    }

    fn try_open(&mut self) -> Result<(), OpenError> {
        self.open = Some(match &self.kept {
            Kept::Memory(store) => start(store.clone(), &self.options),
            Kept::Held(store, gate) => {
                start(Held { store: store.clone(), gate: gate.clone() }, &self.options)
            }
            Kept::Recorded(store, recorder) => {
                start(Recording { store: store.clone(), recorder: recorder.clone() }, &self.options)
            }
            Kept::Sqlite(folder) => Embedded::open(folder.path(), &self.options)?,
        });
        Ok(())
    }

    /// A handle of the engine that is open.
    fn engine(&self) -> Embedded {
        self.open.clone().unwrap()
    }

    /// The memory store's disk.
    fn memory_store(&self) -> &MemoryStore {
        match &self.kept {
            Kept::Memory(store) | Kept::Held(store, _) | Kept::Recorded(store, _) => store,
            Kept::Sqlite(_) => panic!("not in memory"),
        }
    }

    fn folder(&self) -> &Path {
        match &self.kept {
            Kept::Sqlite(folder) => folder.path(),
            _ => panic!("not on disk"),
        }
    }

    fn set_clock(&self, ms: u64) {
        self.clock.ms.store(ms, Relaxed);
    }

    fn file(&self) -> PathBuf {
        self.engine().file().unwrap().to_owned()
    }

    async fn reopen(&mut self) {
        self.close().await;
        self.open_soon().await;
    }

    /// Opens it again. A process that another test is just starting may still have the file for a moment.
    async fn open_soon(&mut self) {
        in_time(async {
            while let Err(error) = self.try_open() {
                assert!(matches!(error, OpenError::InUse { .. }), "{error}");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    }

    /// Waits until the engine has looked after itself: it reads the clock once or twice each time.
    async fn upkeep(&self) {
        let before = self.clock.reads.load(Relaxed);
        until(|| self.clock.reads.load(Relaxed) >= before + 3).await;
    }
}

impl Fixture for Bed {
    fn handles(&self) -> (Arc<dyn Engine>, Arc<dyn Engine>) {
        (Arc::new(self.engine()), Arc::new(self.engine()))
    }

    async fn close(&mut self) {
        if let Some(engine) = self.open.take() {
            in_time(engine.close()).await;
        }
    }

    async fn open(&mut self) {
        self.open_soon().await;
    }

    async fn pass(&self, ms: u64) {
        self.clock.ms.fetch_add(ms, Relaxed);
    }

    async fn outlive_all(&self) {
        self.pass(RETAIN.as_millis() as u64 + 1).await;
        let engine = self.engine();
        until(|| engine.tasks_kept() == 0).await;
    }
}

fn start(store: impl Store + 'static, options: &Options) -> Embedded {
    Embedded::start(Box::new(store), Durability::Memory, None, options).unwrap()
}

/// Waits for what nobody rings a bell for.
async fn until(mut is_so: impl FnMut() -> bool) {
    in_time(async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}
