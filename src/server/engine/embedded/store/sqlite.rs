//! The store on disk: one SQLite file in WAL mode, synced before an append returns.
//!
//! A commit adds one row (more only above 256 KiB) whatever it holds: rows per task cost half the speed,
//! rows per queue collapse at ten thousand queues. The writer itself checkpoints every 4 MB, after its
//! answers are out: a second thread's passive checkpoints never reset the WAL under load, and automatic
//! ones swallow I/O errors.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read as _, Seek, Write as _},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, ffi, params};

use super::{
    super::{
        chunk::{Chunk, ChunkHead, Part, read_ids, write_ids},
        clock::ServerClock,
        ids::Ids,
        queue::Extent,
        retries::{read_runs, write_runs},
    },
    Commit, Fold, Found, Loaded, Old, Reader, Store, StoreError,
};
use crate::{name::QueueName, server::engine::Frames};

/// The file in the data folder that holds everything.
const FILE: &str = "contact.db";
/// Locked by the owner, and names it.
const LOCK_FILE: &str = "contact.lock";
/// How each SQLite file begins.
const HEADER: &[u8] = b"SQLite format 3\0";
/// SQLite's `application_id` of our files: "cntc".
const APPLICATION_ID: i32 = 0x636e_7463;
/// The format that this program reads and writes.
const FORMAT: i32 = 1;

const PAGE_BYTES: i64 = 8192;
/// A checkpoint is due when this much was written since the last.
const CHECKPOINT_BYTES: usize = 4 << 20;
/// The WAL begins anew at the latest when it has this many pages: 64 MiB.
const WAL_PAGES_MAX: i64 = 8192;
/// Frames up to this size are read with their row, larger ones by a second look.
const INLINE_BYTES: i64 = 4096;
/// A read looks at no more rows than this before it lets go of its snapshot.
const READ_ROWS_MAX: usize = 4096;
/// Nor does it read more bytes than this for the few that it may find in them.
const READ_BYTES_MAX: usize = 4 << 20;
/// Pages given back to the file system in one step: 2 MiB.
const GIVE_BACK_PAGES: i64 = 256;

/// Rows of retry keys forgotten in one step.
const FORGET_ROWS: i64 = 1000;

const SCHEMA: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
    CREATE TABLE queue (
        number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
        last_seq INTEGER NOT NULL, trimmed_seq INTEGER NOT NULL, tasks INTEGER NOT NULL
    );
    CREATE TABLE chunk (
        first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, at_ms INTEGER NOT NULL,
        head_checksum INTEGER NOT NULL, checksum INTEGER NOT NULL,
        directory BLOB NOT NULL, frames BLOB NOT NULL
    );
    CREATE TABLE own_id (first_seq INTEGER PRIMARY KEY, ids BLOB NOT NULL);
    CREATE TABLE retry (first_seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, runs BLOB NOT NULL);
";

/// Why a store could not be opened. Each names the file or folder and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the store {} is in use by process {pid}", folder.display())]
    InUse {
        /// The data folder.
        folder: PathBuf,
        /// The owner's process id, as far as known.
        pid: String,
    },
    /// The folder or file cannot be made or written.
    #[error("the data folder {}: {source}", folder.display())]
    Folder {
        /// The data folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is something else.
    #[error("{} is not a store of contact", file.display())]
    NotAStore {
        /// The file.
        file: PathBuf,
    },
    /// A later version wrote it.
    #[error("{} has format {found}, this program knows formats up to {known}", file.display())]
    NewerFormat {
        /// The file.
        file: PathBuf,
        /// What it says.
        found: i32,
        /// What we know.
        known: i32,
    },
    /// What is in it is not what was written. The message names the file and the place.
    #[error("{message}")]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// There is no room for what an open has to write.
    #[error("{message}")]
    NoRoom {
        /// The file.
        file: PathBuf,
        /// What the system said.
        message: String,
    },
    /// It cannot be read or written.
    #[error("{message}")]
    Failed {
        /// The file.
        file: PathBuf,
        /// What the system said.
        message: String,
    },
}

impl OpenError {
    /// What a failure of the store means for its opening.
    pub(in super::super) fn from_store(error: StoreError, file: &Path) -> Self {
        let file = file.to_owned();
        match error {
            StoreError::Full(message) => OpenError::NoRoom { file, message },
            StoreError::Failed(message) => OpenError::Failed { file, message },
            StoreError::Damaged(message) => OpenError::Damaged { file, message },
        }
    }
}

/// The store on disk.
#[derive(Debug)]
pub(in super::super) struct SqliteStore {
    file: PathBuf,
    db: Connection,
    unsettled_bytes: usize,
    /// Held as long as the store is open.
    _lock: File,
}

impl SqliteStore {
    /// Opens the store in `folder`; makes both if they are not there. `new_id` becomes the id of a new
    /// store.
    pub(in super::super) fn open(folder: &Path, new_id: &str) -> Result<Self, OpenError> {
        let folder_error = |source| OpenError::Folder { folder: folder.to_owned(), source };
        let made = make(folder).map_err(folder_error)?;
        let lock = lock(folder)?;
        let file = folder.join(FILE);
        // Told apart from a damaged file: SQLite calls both "unable to open".
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&file)
            .map_err(folder_error)?;
        // What is too short for a header SQLite takes for an empty file, and would write over it.
        let mut header = Vec::new();
        opened.take(HEADER.len() as u64).read_to_end(&mut header).map_err(folder_error)?;
        if !header.is_empty() && header != HEADER {
            return Err(OpenError::NotAStore { file });
        }
        let db = connect(&file, new_id)?;
        // The names of a new store's files and folders must survive as well as what is in them.
        for changed in made.iter().map(PathBuf::as_path).chain([folder]) {
            File::open(changed).and_then(|changed| changed.sync_all()).map_err(folder_error)?;
        }
        Ok(SqliteStore { file, db, unsettled_bytes: 0, _lock: lock })
    }

    /// The file.
    pub(in super::super) fn file(&self) -> &Path {
        &self.file
    }
}

/// Makes a folder and those above it. Returns the folders that have a new entry.
fn make(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let absolute = std::path::absolute(folder)?;
    let missing = absolute.ancestors().take_while(|above| !above.exists());
    let changed = missing.filter_map(Path::parent).map(Path::to_owned).collect();
    if !absolute.is_dir() {
        // Tasks are nobody else's business.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&absolute)?;
    }
    Ok(changed)
}

fn lock(folder: &Path) -> Result<File, OpenError> {
    let folder_error = |source| OpenError::Folder { folder: folder.to_owned(), source };
    let mut lock = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(folder.join(LOCK_FILE))
        .map_err(folder_error)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let _ = lock.read_to_string(&mut pid);
            let pid = match pid.trim() {
                "" => "unknown".to_owned(),
                pid => pid.to_owned(),
            };
            return Err(OpenError::InUse { folder: folder.to_owned(), pid });
        }
        Err(TryLockError::Error(e)) => return Err(folder_error(e)),
    }
    let name_owner = |lock: &mut File| {
        lock.set_len(0)?;
        lock.rewind()?;
        writeln!(lock, "{}", std::process::id())
    };
    // Only for the message above: a full disk must not keep the server from starting.
    let _ = name_owner(&mut lock);
    Ok(lock)
}

fn connect(file: &Path, new_id: &str) -> Result<Connection, OpenError> {
    let open_error = |e: rusqlite::Error| match e.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotAStore { file: file.to_owned() },
        _ => OpenError::from_store(Place(file).error(&e), file),
    };
    let mut db = Connection::open(file).map_err(open_error)?;
    let tables: i64 =
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).map_err(open_error)?;
    let application: i32 = db.pragma_query_value(None, "application_id", |r| r.get(0)).map_err(open_error)?;
    let format: i32 = db.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(open_error)?;
    let is_new = tables == 0 && application == 0;
    if !is_new && application != APPLICATION_ID {
        return Err(OpenError::NotAStore { file: file.to_owned() });
    }
    if format > FORMAT {
        return Err(OpenError::NewerFormat { file: file.to_owned(), found: format, known: FORMAT });
    }
    prepare(&mut db, is_new, new_id).map_err(open_error)?;
    Ok(db)
}

fn prepare(db: &mut Connection, is_new: bool, new_id: &str) -> rusqlite::Result<()> {
    if is_new {
        db.pragma_update(None, "page_size", PAGE_BYTES)?;
        db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    db.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(()))?;
    let synchronous = if cfg!(feature = "unsynced") { "OFF" } else { "FULL" };
    db.pragma_update(None, "synchronous", synchronous)?;
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    db.busy_timeout(Duration::from_secs(5))?;
    if is_new {
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(SCHEMA)?;
        tx.execute("INSERT INTO meta VALUES ('store_id', ?1)", [new_id])?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", FORMAT)?;
        tx.commit()?;
    }
    // A commit that was refused for a failed sync may be in the WAL all the same. From here on it either
    // is in the file, synced, or it is gone.
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

impl Store for SqliteStore {
    fn load(&mut self, ids: &mut Ids) -> Result<Loaded, StoreError> {
        let place = Place(&self.file);
        let db = &self.db;
        let number = |key: &str| -> Result<Option<u64>, StoreError> {
            let found: Option<i64> = db
                .query_row("SELECT value FROM meta WHERE key = ?1", [key], |r| r.get(0))
                .optional()
                .map_err(|e| place.error(&e))?;
            Ok(found.map(|n| n as u64))
        };
        let store_id = db
            .query_row("SELECT value FROM meta WHERE key = 'store_id'", [], |r| r.get(0))
            .map_err(|e| place.error(&e))?;
        let folded_seq = number("folded_seq")?.unwrap_or(0);
        let clock = ServerClock {
            last_ms: number("clock_ms")?.unwrap_or(0),
            doubted_ms: number("clock_doubted_ms")?,
        };

        let mut queues = Vec::new();
        let mut statement = db
            .prepare("SELECT number, name, last_seq, trimmed_seq, tasks FROM queue")
            .map_err(|e| place.error(&e))?;
        let mut rows = statement.query([]).map_err(|e| place.error(&e))?;
        while let Some(row) = rows.next().map_err(|e| place.error(&e))? {
            let read = || -> rusqlite::Result<(String, Extent)> {
                let extent = Extent {
                    number: Some(row.get(0)?),
                    last_seq: row.get::<_, i64>(2)? as u64,
                    trimmed_seq: row.get::<_, i64>(3)? as u64,
                    tasks: row.get::<_, i64>(4)? as u64,
                };
                Ok((row.get(1)?, extent))
            };
            let (name, extent) = read().map_err(|e| place.error(&e))?;
            let name = QueueName::parse(&name).map_err(|e| place.damaged(e.to_string()))?;
            queues.push((name, extent));
        }

        let mut loaded =
            Loaded { store_id, head_seq: folded_seq, first_seq: 0, clock, queues, retries: Vec::new() };
        let mut statement = db
            .prepare(
                "SELECT first_seq, last_seq, at_ms, directory, head_checksum FROM chunk \
                 WHERE first_seq > ?1 ORDER BY first_seq",
            )
            .map_err(|e| place.error(&e))?;
        let heads = statement.query_map([folded_seq as i64], read_head).map_err(|e| place.error(&e))?;
        loaded.unfold(heads.map(|head| place.head(head)))?;

        let first: Option<i64> = db
            .query_row("SELECT min(first_seq) FROM chunk", [], |r| r.get(0))
            .map_err(|e| place.error(&e))?;
        loaded.first_seq = first.map_or(loaded.head_seq + 1, |n| n as u64);

        let mut statement = db.prepare("SELECT first_seq, ids FROM own_id").map_err(|e| place.error(&e))?;
        let mut rows = statement.query([]).map_err(|e| place.error(&e))?;
        while let Some(row) = rows.next().map_err(|e| place.error(&e))? {
            let first_seq = row.get::<_, i64>(0).map_err(|e| place.error(&e))? as u64;
            let stored = row.get_ref(1).map_err(|e| place.error(&e))?;
            let found = stored.as_blob().ok().and_then(|stored| read_ids(first_seq, stored));
            for (seq, id) in found.ok_or_else(|| place.damaged(format!("the ids at seq {first_seq}")))? {
                ids.insert(&id, seq);
            }
        }

        let mut statement = db.prepare("SELECT at_ms, runs FROM retry").map_err(|e| place.error(&e))?;
        let mut rows = statement.query([]).map_err(|e| place.error(&e))?;
        while let Some(row) = rows.next().map_err(|e| place.error(&e))? {
            let at_ms = row.get::<_, i64>(0).map_err(|e| place.error(&e))? as u64;
            let stored = row.get_ref(1).map_err(|e| place.error(&e))?;
            let found = stored.as_blob().ok().and_then(read_runs);
            let runs = found.ok_or_else(|| place.damaged("retry keys".to_owned()))?;
            loaded.retries.extend(runs.into_iter().map(|run| (at_ms, run)));
        }
        Ok(loaded)
    }

    fn append(&mut self, commit: &Commit<'_>) -> Result<(), StoreError> {
        let written = append(&mut self.db, commit).map_err(|e| Place(&self.file).error(&e))?;
        self.unsettled_bytes += written;
        Ok(())
    }

    fn chunk(&mut self, seq: u64) -> Result<Option<Chunk>, StoreError> {
        let mut statement = self
            .db
            .prepare_cached(
                "SELECT first_seq, last_seq, at_ms, directory, head_checksum, checksum, frames FROM chunk \
                 WHERE first_seq <= ?1 ORDER BY first_seq DESC LIMIT 1",
            )
            .map_err(|e| Place(&self.file).error(&e))?;
        let found = statement
            .query_row([seq as i64], |row| {
                Ok((read_head(row)?, row.get::<_, i64>(5)? as u32, row.get::<_, Vec<u8>>(6)?))
            })
            .optional()
            .map_err(|e| Place(&self.file).error(&e))?;
        let Some((head, checksum, frames)) = found else { return Ok(None) };
        let chunk = Place(&self.file).chunk(Ok(head), checksum, frames)?;
        Ok(Some(chunk).filter(|c| c.head.last_seq >= seq))
    }

    fn oldest(&mut self, before_ms: u64, most: usize) -> Result<Vec<Old>, StoreError> {
        let place = Place(&self.file);
        let mut statement = self
            .db
            .prepare_cached(
                "SELECT c.first_seq, c.last_seq, c.at_ms, c.directory, c.head_checksum, i.ids \
                 FROM chunk c LEFT JOIN own_id i USING (first_seq) ORDER BY c.first_seq LIMIT ?1",
            )
            .map_err(|e| place.error(&e))?;
        let mut rows = statement.query([most as i64]).map_err(|e| place.error(&e))?;
        let mut old = Vec::new();
        while let Some(row) = rows.next().map_err(|e| place.error(&e))? {
            let head = place.head(read_head(row))?;
            if head.at_ms >= before_ms {
                break;
            }
            let stored: Option<Vec<u8>> = row.get(5).map_err(|e| place.error(&e))?;
            let ids = read_ids(head.first_seq, &stored.unwrap_or_default())
                .ok_or_else(|| place.damaged(format!("the ids at seq {}", head.first_seq)))?;
            old.push(Old { head, ids });
        }
        Ok(old)
    }

    fn trim(&mut self, last_seq: u64, fold: &Fold) -> Result<(), StoreError> {
        let trim = |db: &mut Connection| {
            let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            tx.execute("DELETE FROM chunk WHERE first_seq <= ?1", [last_seq as i64])?;
            tx.execute("DELETE FROM own_id WHERE first_seq <= ?1", [last_seq as i64])?;
            write_fold(&tx, fold)?;
            tx.commit()
        };
        trim(&mut self.db).map_err(|e| Place(&self.file).error(&e))?;
        self.unsettled_bytes += CHECKPOINT_BYTES / 4;
        Ok(())
    }

    fn forget_retries(&mut self, before_ms: u64) -> Result<bool, StoreError> {
        // Time grows with seq, so the oldest are the first; a step at a time, like trimming.
        let forget = "DELETE FROM retry WHERE at_ms < ?1 AND first_seq IN \
                      (SELECT first_seq FROM retry ORDER BY first_seq LIMIT ?2)";
        let forgotten = self
            .db
            .execute(forget, [before_ms as i64, FORGET_ROWS])
            .map_err(|e| Place(&self.file).error(&e))?;
        Ok(forgotten as i64 == FORGET_ROWS)
    }

    fn wants_checkpoint(&self) -> bool {
        self.unsettled_bytes >= CHECKPOINT_BYTES
    }

    fn checkpoint(&mut self, fold: &Fold) -> Result<(), StoreError> {
        let write = |db: &mut Connection| {
            let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            write_fold(&tx, fold)?;
            tx.commit()
        };
        let settle = |db: &Connection| {
            let wal_pages: i64 = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |r| r.get(1))?;
            if wal_pages > WAL_PAGES_MAX {
                // Readers have come one after the other without a gap: wait for one, or the WAL grows for ever.
                db.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))?;
            }
            Ok(())
        };
        let place = Place(&self.file);
        let written = write(&mut self.db).map_err(|e| place.error(&e));
        if let Err(StoreError::Failed(_) | StoreError::Damaged(_)) = written {
            return written;
        }
        // When the fold finds no room this may make some: the WAL then begins anew where it is.
        settle(&self.db).map_err(|e| place.error(&e))?;
        written?;
        self.unsettled_bytes = 0;
        Ok(())
    }

    fn give_back(&mut self) -> Result<bool, StoreError> {
        let place = Place(&self.file);
        let pages = |name: &str| -> Result<i64, StoreError> {
            self.db.pragma_query_value(None, name, |r| r.get(0)).map_err(|e| place.error(&e))
        };
        // What is free is used again by the next tasks; only what will not be is given back.
        let keep = pages("page_count")? / 8 + GIVE_BACK_PAGES;
        let free = pages("freelist_count")?;
        if free <= keep {
            return Ok(false);
        }
        let mut statement = self
            .db
            .prepare(&format!("PRAGMA incremental_vacuum({})", GIVE_BACK_PAGES.min(free - keep)))
            .map_err(|e| place.error(&e))?;
        let mut rows = statement.query([]).map_err(|e| place.error(&e))?;
        // A row per page.
        while rows.next().map_err(|e| place.error(&e))?.is_some() {}
        self.unsettled_bytes += (GIVE_BACK_PAGES * PAGE_BYTES) as usize;
        Ok(free - keep > GIVE_BACK_PAGES)
    }

    fn reader(&self) -> Result<Box<dyn Reader>, StoreError> {
        let open = || {
            let db = Connection::open(&self.file)?;
            db.busy_timeout(Duration::from_secs(5))?;
            db.pragma_update(None, "query_only", true)?;
            Ok(db)
        };
        let db = open().map_err(|e| Place(&self.file).error(&e))?;
        Ok(Box::new(SqliteReader { file: self.file.clone(), db }))
    }
}

/// Returns about how many bytes went into the WAL.
fn append(db: &mut Connection, commit: &Commit<'_>) -> rusqlite::Result<usize> {
    let mut bytes = PAGE_BYTES as usize;
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (number, name) in commit.new_queues {
        tx.prepare_cached("INSERT INTO queue VALUES (?1, ?2, 0, 0, 0)")?
            .execute(params![number, name.as_str()])?;
    }
    for sealed in commit.chunks {
        let head = &sealed.chunk.head;
        let directory = head.write_directory();
        tx.prepare_cached("INSERT INTO chunk VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(params![
            head.first_seq as i64,
            head.last_seq as i64,
            head.at_ms as i64,
            head.checksum(),
            sealed.chunk.checksum(),
            directory,
            &sealed.chunk.frames[..],
        ])?;
        bytes += sealed.chunk.frames.len() + directory.len() + PAGE_BYTES as usize;
        if !sealed.ids.is_empty() {
            let ids = write_ids(head.first_seq, &sealed.ids);
            tx.prepare_cached("INSERT INTO own_id VALUES (?1, ?2)")?
                .execute(params![head.first_seq as i64, ids])?;
            bytes += ids.len() + PAGE_BYTES as usize;
        }
    }
    if let (Some(first), false) = (commit.chunks.first(), commit.retries.is_empty()) {
        let runs = write_runs(commit.retries);
        tx.prepare_cached("INSERT INTO retry VALUES (?1, ?2, ?3)")?.execute(params![
            first.chunk.head.first_seq as i64,
            commit.aging_ms as i64,
            runs
        ])?;
        bytes += runs.len() + PAGE_BYTES as usize;
    }
    tx.commit()?;
    Ok(bytes)
}

fn write_fold(db: &Connection, fold: &Fold) -> rusqlite::Result<()> {
    let mut set = db.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?;
    set.execute(params!["folded_seq", fold.head_seq as i64])?;
    set.execute(params!["clock_ms", fold.clock.last_ms as i64])?;
    match fold.clock.doubted_ms {
        Some(ms) => drop(set.execute(params!["clock_doubted_ms", ms as i64])?),
        None => drop(db.execute("DELETE FROM meta WHERE key = 'clock_doubted_ms'", [])?),
    }
    let mut update =
        db.prepare_cached("UPDATE queue SET last_seq = ?2, trimmed_seq = ?3, tasks = ?4 WHERE number = ?1")?;
    for extent in &fold.queues {
        update.execute(params![
            extent.number,
            extent.last_seq as i64,
            extent.trimmed_seq as i64,
            extent.tasks as i64
        ])?;
    }
    Ok(())
}

/// Reads the first five columns `first_seq, last_seq, at_ms, directory, head_checksum`. `Err` holds the seq of
/// a head that is damaged.
fn read_head(row: &rusqlite::Row<'_>) -> rusqlite::Result<Result<ChunkHead, u64>> {
    let first_seq = row.get::<_, i64>(0)? as u64;
    let last_seq = row.get::<_, i64>(1)? as u64;
    let at_ms = row.get::<_, i64>(2)? as u64;
    let checksum = row.get::<_, i64>(4)? as u32;
    let directory: Option<Vec<Part>> =
        row.get_ref(3)?.as_blob().ok().and_then(|stored| ChunkHead::read_directory(first_seq, stored));
    let head = directory.map(|directory| ChunkHead { first_seq, last_seq, at_ms, directory });
    Ok(head.filter(|head| head.checksum() == checksum).ok_or(first_seq))
}

/// Names the file in whatever goes wrong with it.
#[derive(Clone, Copy)]
struct Place<'a>(&'a Path);

impl Place<'_> {
    fn error(self, error: &rusqlite::Error) -> StoreError {
        let message = format!("{}: {error}", self.0.display());
        let extended = error.sqlite_error().map(|e| e.extended_code);
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full(message),
            // The shared memory beside the WAL could not grow: the same cause by another name.
            _ if extended == Some(ffi::SQLITE_IOERR_SHMSIZE) => StoreError::Full(message),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(message),
            // What our own statements name or await is not there, or of another type.
            _ if extended.is_none_or(|code| code == ffi::SQLITE_ERROR) => StoreError::Damaged(message),
            _ => StoreError::Failed(message),
        }
    }

    fn damaged(self, what: String) -> StoreError {
        StoreError::Damaged(format!("{} is damaged: {what}", self.0.display()))
    }

    fn head(self, read: rusqlite::Result<Result<ChunkHead, u64>>) -> Result<ChunkHead, StoreError> {
        read.map_err(|e| self.error(&e))?
            .map_err(|seq| self.damaged(format!("the directory of the chunk at seq {seq}")))
    }

    fn chunk(
        self,
        head: rusqlite::Result<Result<ChunkHead, u64>>,
        checksum: u32,
        frames: Vec<u8>,
    ) -> Result<Chunk, StoreError> {
        let chunk = Chunk { head: self.head(head)?, frames: frames.into() };
        if chunk.checksum() == checksum {
            Ok(chunk)
        } else {
            Err(self.damaged(format!("the checksum of the chunk at seq {}", chunk.head.first_seq)))
        }
    }
}

/// A connection that only reads.
#[derive(Debug)]
struct SqliteReader {
    file: PathBuf,
    db: Connection,
}

impl Reader for SqliteReader {
    fn read(
        &mut self,
        queue: u32,
        from_seq: u64,
        upto_seq: u64,
        most_bytes: usize,
    ) -> Result<Found, StoreError> {
        let place = Place(&self.file);
        // The directory decides whether the frames are read at all: they may be a quarter of a megabyte of
        // other queues' tasks. Small ones come along at no cost.
        let mut heads = self
            .db
            .prepare_cached(
                "SELECT first_seq, last_seq, at_ms, directory, head_checksum, checksum, \
                 CASE WHEN length(frames) <= ?3 THEN frames END FROM chunk \
                 WHERE first_seq >= coalesce((SELECT max(first_seq) FROM chunk WHERE first_seq <= ?1), 0) \
                 AND first_seq <= ?2 ORDER BY first_seq",
            )
            .map_err(|e| place.error(&e))?;
        let mut rows =
            heads.query([from_seq as i64, upto_seq as i64, INLINE_BYTES]).map_err(|e| place.error(&e))?;
        let mut runs: Vec<Frames> = Vec::new();
        let mut bytes = 0;
        let mut looked_upto_seq = upto_seq;
        let mut looked = 0;
        let mut read_bytes = 0;
        while let Some(row) = rows.next().map_err(|e| place.error(&e))? {
            let head = place.head(read_head(row))?;
            looked += 1;
            if bytes >= most_bytes || looked > READ_ROWS_MAX || read_bytes >= READ_BYTES_MAX {
                looked_upto_seq = head.first_seq.saturating_sub(1).min(upto_seq);
                break;
            }
            let Some(part) = head.part(queue).cloned() else { continue };
            let checksum = row.get::<_, i64>(5).map_err(|e| place.error(&e))? as u32;
            let inline: Option<Vec<u8>> = row.get(6).map_err(|e| place.error(&e))?;
            let frames = match inline {
                Some(frames) => frames,
                None => {
                    let mut frames = self
                        .db
                        .prepare_cached("SELECT frames FROM chunk WHERE first_seq = ?1")
                        .map_err(|e| place.error(&e))?;
                    frames.query_row([head.first_seq as i64], |r| r.get(0)).map_err(|e| place.error(&e))?
                }
            };
            read_bytes += frames.len();
            let chunk = place.chunk(Ok(Ok(head)), checksum, frames)?;
            let found = chunk.frames_of(&part).ok_or_else(|| {
                place.damaged(format!("the directory of the chunk at seq {}", chunk.head.first_seq))
            })?;
            if let Some(mut found) = found.starting_at(from_seq).and_then(|f| f.ending_at(upto_seq)) {
                // A slice keeps the whole chunk in memory: fine for half of it, not for one task of it.
                if found.bytes.len() < chunk.frames.len() / 2 {
                    found.bytes = Bytes::copy_from_slice(&found.bytes);
                }
                bytes += found.bytes.len();
                runs.push(found);
            }
        }
        Ok(Found { frames: join(runs), looked_upto_seq })
    }

    fn seq_at(&mut self, at_ms: u64) -> Result<Option<u64>, StoreError> {
        // Time grows with seq, so it is a search by halves over the primary key.
        let look = |from: i64| {
            self.db
                .prepare_cached("SELECT first_seq, last_seq, at_ms FROM chunk WHERE first_seq >= ?1 ORDER BY first_seq LIMIT 1")?
                .query_row([from], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get::<_, i64>(2)? as u64)))
                .optional()
        };
        let search = || -> rusqlite::Result<Option<u64>> {
            let ends: (Option<i64>, Option<i64>) =
                self.db.query_row("SELECT min(first_seq), max(first_seq) FROM chunk", [], |r| {
                    Ok((r.get(0)?, r.get(1)?))
                })?;
            let (Some(mut low), Some(last)) = ends else { return Ok(None) };
            let mut high = last + 1;
            let mut best = None;
            while low < high {
                let middle = low + (high - low) / 2;
                match look(middle)? {
                    Some((first, _, ms)) if ms >= at_ms => {
                        best = Some(first as u64);
                        high = middle;
                    }
                    Some((_, last, _)) => low = last + 1,
                    None => high = middle,
                }
            }
            Ok(best)
        };
        search().map_err(|e| Place(&self.file).error(&e))
    }
}

/// Puts runs of one queue together.
fn join(runs: Vec<Frames>) -> Option<Frames> {
    let (first, last) = (runs.first()?, runs.last()?);
    let (first_seq, last_seq) = (first.first_seq, last.last_seq);
    let bytes = match &runs[..] {
        [one] => one.bytes.clone(),
        many => {
            let mut all = Vec::with_capacity(many.iter().map(|f| f.bytes.len()).sum());
            many.iter().for_each(|f| all.extend_from_slice(&f.bytes));
            all.into()
        }
    };
    Some(Frames { first_seq, last_seq, bytes })
}
