//! The store on disk: one SQLite file in WAL mode, synced before an append returns.
//!
//! A commit adds one row (more only above 256 KiB) whatever it holds: rows per task cost half the speed,
//! rows per queue collapse at ten thousand queues. The writer itself checkpoints every 4 MB, after its
//! answers are out: a second thread's passive checkpoints never reset the WAL under load, and automatic
//! ones swallow I/O errors.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, ffi, params};

use super::{
    super::{
        chunk::{Chunk, ChunkHead, Part, read_ids, write_ids},
        clock::ServerClock,
        delayed::place_of,
        facts::PageRow,
        ids::Ids,
        machine::GroupNo,
        presence::ClientRow,
        queue::Extent,
        results::Reach,
        retries::{read_runs, write_runs},
    },
    Commit, Fold, Loaded, LoadedGroups, LoadedResults, Old, Reader, Space, Store, StoreError,
};
use crate::name::{ClientName, OwnId, QueueName};

mod ballast;
mod check;
mod clients;
mod file;
mod groups;
mod reader;
mod results;
mod still;
mod wal;

use ballast::Ballast;
pub use check::{Checked, Finding, Step, check};
pub use file::OpenError;
use reader::SqliteReader;

const PAGE_BYTES: i64 = 8192;
/// A checkpoint is due when this much was written since the last.
const CHECKPOINT_BYTES: usize = 4 << 20;
/// The WAL begins anew at the latest when it has this many pages: 64 MiB.
const WAL_PAGES_MAX: i64 = 8192;
/// Pages given back to the file system in one step: 2 MiB.
const GIVE_BACK_PAGES: i64 = 256;

/// Rows of retry keys forgotten in one step.
const FORGET_ROWS: i64 = 1000;

/// The store on disk.
#[derive(Debug)]
pub(in super::super) struct SqliteStore {
    file: PathBuf,
    db: Connection,
    unsettled_bytes: usize,
    ballast: Ballast,
    /// What was last said of one that cannot be made.
    ballast_said: String,
    /// Held as long as the store is open.
    _lock: File,
}

impl SqliteStore {
    /// Opens the store in `folder`; makes both if they are not there. `new_id` becomes the id of a new
    /// store.
    pub(in super::super) fn open(folder: &Path, new_id: &str) -> Result<Self, OpenError> {
        let file::StoreFile { path, db, ballast, lock } = file::open(folder, new_id)?;
        Ok(SqliteStore {
            file: path,
            db,
            unsettled_bytes: 0,
            ballast,
            ballast_said: String::new(),
            _lock: lock,
        })
    }

    /// The file.
    pub(in super::super) fn file(&self) -> &Path {
        &self.file
    }
}

impl Store for SqliteStore {
    fn load(&mut self, ids: &mut Ids) -> Result<Loaded, StoreError> {
        let place = Place(&self.file);
        let db = &self.db;
        let number = |key: &str| meta(db, key).map_err(|e| place.error(&e));
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
            .prepare("SELECT number, name, last_seq, trimmed_seq, tasks, trimmed FROM queue")
            .map_err(|e| place.error(&e))?;
        let mut rows = statement.query([]).map_err(|e| place.error(&e))?;
        while let Some(row) = rows.next().map_err(|e| place.error(&e))? {
            let read = || -> rusqlite::Result<(String, Extent)> {
                let extent = Extent {
                    number: Some(row.get(0)?),
                    last_seq: row.get::<_, i64>(2)? as u64,
                    trimmed_seq: row.get::<_, i64>(3)? as u64,
                    tasks: row.get::<_, i64>(4)? as u64,
                    trimmed: row.get::<_, i64>(5)? as u64,
                };
                Ok((row.get(1)?, extent))
            };
            let (name, extent) = read().map_err(|e| place.error(&e))?;
            let name = QueueName::parse(&name).map_err(|e| place.damaged(e.to_string()))?;
            queues.push((name, extent));
        }

        let token_key: Vec<u8> = db
            .query_row("SELECT value FROM meta WHERE key = 'token_key'", [], |r| r.get(0))
            .map_err(|e| place.error(&e))?;
        let token_key = token_key.try_into().map_err(|_| place.damaged("the key of tokens".to_owned()))?;
        let mut loaded = Loaded {
            store_id,
            head_seq: folded_seq,
            first_seq: 0,
            clock,
            queues,
            retries: Vec::new(),
            token_key,
            delayed: Vec::new(),
            next_delayed: number("delayed")?.unwrap_or(0) + 1,
        };
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

        for (number, due_ms, queue, id) in groups::load_delayed(db, place)? {
            let id = OwnId::stored(&id).map_err(|e| place.damaged(e.to_string()))?;
            ids.insert(&id, place_of(number));
            loaded.delayed.push((number, due_ms, queue));
        }
        Ok(loaded)
    }

    fn load_groups(&mut self) -> Result<LoadedGroups, StoreError> {
        groups::load(&self.db, Place(&self.file))
    }

    fn load_results(&mut self) -> Result<LoadedResults, StoreError> {
        results::load(&self.db, Place(&self.file))
    }

    fn page(&mut self, group: GroupNo, page: u64) -> Result<Option<PageRow>, StoreError> {
        groups::page(&self.db, Place(&self.file), group, page)
    }

    fn delayed(&mut self, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        groups::delayed(&self.db, Place(&self.file), number)
    }

    fn count(&mut self, queue: u32, from_seq: u64, upto_seq: u64) -> Result<u64, StoreError> {
        count(&self.db, Place(&self.file), queue, from_seq, upto_seq)
    }

    fn append(&mut self, commit: &Commit<'_>) -> Result<(), StoreError> {
        let written = append(&mut self.db, commit).map_err(|e| Place(&self.file).error(&e))?;
        self.unsettled_bytes += written;
        Ok(())
    }

    fn chunk(&mut self, seq: u64) -> Result<Option<Chunk>, StoreError> {
        chunk(&self.db, Place(&self.file), seq)
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
            groups::trim(&tx, last_seq)?;
            results::trim_pages(&tx, last_seq)?;
            write_fold(&tx, fold)?;
            tx.commit()
        };
        trim(&mut self.db).map_err(|e| Place(&self.file).error(&e))?;
        self.unsettled_bytes += CHECKPOINT_BYTES / 4;
        Ok(())
    }

    fn old_results(&mut self, last_seq: u64, most: usize) -> Result<(u64, bool), StoreError> {
        results::old(&self.db, Place(&self.file), last_seq, most)
    }

    fn trim_results(&mut self, reach: Reach) -> Result<(), StoreError> {
        results::trim(&mut self.db, reach).map_err(|e| Place(&self.file).error(&e))?;
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

    fn fold(&mut self, fold: &Fold) -> Result<(), StoreError> {
        let write = |db: &mut Connection| {
            let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            write_fold(&tx, fold)?;
            tx.commit()
        };
        write(&mut self.db).map_err(|e| Place(&self.file).error(&e))?;
        let pages: usize = fold.pages.iter().map(|page| page.entries.len()).sum();
        self.unsettled_bytes += PAGE_BYTES as usize + pages;
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), StoreError> {
        let settle = |db: &Connection| {
            let wal_pages: i64 = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |r| r.get(1))?;
            if wal_pages > WAL_PAGES_MAX {
                // Readers have come one after the other without a gap: wait for one, or the WAL grows for ever.
                db.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))?;
            }
            Ok(())
        };
        settle(&self.db).map_err(|e| Place(&self.file).error(&e))?;
        self.unsettled_bytes = 0;
        Ok(())
    }

    fn load_clients(&mut self) -> Result<Vec<ClientRow>, StoreError> {
        clients::load(&self.db, Place(&self.file))
    }

    fn write_clients(&mut self, rows: &[ClientRow], gone: &[ClientName]) -> Result<(), StoreError> {
        let write = |db: &mut Connection| {
            let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let written = clients::write(&tx, rows, gone)?;
            tx.commit()?;
            Ok(written)
        };
        let written = write(&mut self.db).map_err(|e| Place(&self.file).error(&e))?;
        self.unsettled_bytes += PAGE_BYTES as usize + written;
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

    fn space(&self) -> Option<Space> {
        let (total, free) = self.ballast.file_system()?;
        // The file grows by what is in the log beside it at the next checkpoint.
        let free = free.saturating_sub(self.unsettled_bytes as u64);
        Some(Space { total, free, owed: self.ballast.owed() })
    }

    fn take_ballast(&mut self) -> bool {
        let why = match self.ballast.take() {
            Ok(is_taken) => {
                self.ballast_said.clear();
                return is_taken;
            }
            Err(e) => e.to_string(),
        };
        // It is tried again and again.
        if self.ballast_said != why {
            tracing::warn!("there is no ballast: {why}");
            self.ballast_said = why;
        }
        false
    }

    fn give_up_ballast(&mut self) -> bool {
        self.ballast.give_up()
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

/// The chunk that holds `seq`.
fn chunk(db: &Connection, place: Place<'_>, seq: u64) -> Result<Option<Chunk>, StoreError> {
    let found = db
        .prepare_cached(
            "SELECT first_seq, last_seq, at_ms, directory, head_checksum, checksum, frames FROM chunk \
             WHERE first_seq <= ?1 ORDER BY first_seq DESC LIMIT 1",
        )
        .and_then(|mut statement| {
            statement
                .query_row([seq as i64], |row| {
                    Ok((read_head(row)?, row.get::<_, i64>(5)? as u32, row.get::<_, Vec<u8>>(6)?))
                })
                .optional()
        })
        .map_err(|e| place.error(&e))?;
    let Some((head, checksum, frames)) = found else { return Ok(None) };
    let chunk = place.chunk(Ok(head), checksum, frames)?;
    Ok(Some(chunk).filter(|c| c.head.last_seq >= seq))
}

/// How many tasks of a queue lie between two seqs, both inclusive.
fn count(
    db: &Connection,
    place: Place<'_>,
    queue: u32,
    from_seq: u64,
    upto_seq: u64,
) -> Result<u64, StoreError> {
    let mut statement = db
        .prepare_cached(
            "SELECT first_seq, last_seq, at_ms, directory, head_checksum FROM chunk \
             WHERE first_seq >= coalesce((SELECT max(first_seq) FROM chunk WHERE first_seq <= ?1), 0) \
             AND first_seq <= ?2 ORDER BY first_seq",
        )
        .map_err(|e| place.error(&e))?;
    let mut rows = statement.query([from_seq as i64, upto_seq as i64]).map_err(|e| place.error(&e))?;
    let mut tasks = 0;
    while let Some(row) = rows.next().map_err(|e| place.error(&e))? {
        let head = place.head(read_head(row))?;
        let Some(part) = head.part(queue) else { continue };
        if from_seq <= part.first_seq && part.last_seq <= upto_seq {
            tasks += part.tasks;
        } else if part.first_seq <= upto_seq && from_seq <= part.last_seq {
            // Only the first and the last can be cut.
            let chunk = chunk(db, place, head.first_seq)?;
            tasks += chunk.map_or(0, |chunk| chunk.count(queue, from_seq, upto_seq));
        }
    }
    Ok(tasks)
}

/// Returns about how many bytes went into the WAL.
fn append(db: &mut Connection, commit: &Commit<'_>) -> rusqlite::Result<usize> {
    let mut bytes = PAGE_BYTES as usize;
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Some(clock) = commit.clock {
        write_clock(&tx, clock)?;
    }
    for (number, name) in commit.new_queues {
        tx.prepare_cached("INSERT INTO queue VALUES (?1, ?2, 0, 0, 0, 0)")?
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
    if !commit.retries.is_empty() {
        let runs = write_runs(commit.retries);
        // Numbered by SQLite, in order: a commit of delayed tasks has no seq.
        tx.prepare_cached("INSERT INTO retry VALUES (NULL, ?1, ?2)")?
            .execute(params![commit.aging_ms as i64, runs])?;
        bytes += runs.len() + PAGE_BYTES as usize;
    }
    bytes += groups::append(&tx, commit)?;
    bytes += results::append(&tx, commit)?;
    tx.commit()?;
    Ok(bytes)
}

fn write_fold(db: &Connection, fold: &Fold) -> rusqlite::Result<()> {
    let mut set = db.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?;
    set.execute(params!["folded_seq", fold.head_seq as i64])?;
    write_clock(db, fold.clock)?;
    let mut update = db.prepare_cached(
        "UPDATE queue SET last_seq = ?2, trimmed_seq = ?3, tasks = ?4, trimmed = ?5 WHERE number = ?1",
    )?;
    for extent in &fold.queues {
        update.execute(params![
            extent.number,
            extent.last_seq as i64,
            extent.trimmed_seq as i64,
            extent.tasks as i64,
            extent.trimmed as i64
        ])?;
    }
    groups::write_fold(db, fold)?;
    results::write_fold(db, fold)
}

fn write_clock(db: &Connection, clock: ServerClock) -> rusqlite::Result<()> {
    let mut set = db.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?;
    set.execute(params!["clock_ms", clock.last_ms as i64])?;
    match clock.doubted_ms {
        Some(ms) => drop(set.execute(params!["clock_doubted_ms", ms as i64])?),
        None => drop(db.execute("DELETE FROM meta WHERE key = 'clock_doubted_ms'", [])?),
    }
    Ok(())
}

/// A number of the store as a whole.
fn meta(db: &Connection, key: &str) -> rusqlite::Result<Option<u64>> {
    let found: Option<i64> =
        db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |r| r.get(0)).optional()?;
    Ok(found.map(|n| n as u64))
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
    /// While the file is being opened, when nothing waits for an answer.
    fn opening(self, error: &rusqlite::Error) -> StoreError {
        match self.error(error) {
            // The shared memory beside the WAL could not grow: no room by another name. It grows when a commit is already
            // in the log and synced, so for a write it does not mean that nothing was done.
            StoreError::Failed(message)
                if error.sqlite_error().map(|e| e.extended_code) == Some(ffi::SQLITE_IOERR_SHMSIZE) =>
            {
                StoreError::Full(message)
            }
            error => error,
        }
    }

    fn error(self, error: &rusqlite::Error) -> StoreError {
        let message = format!("{}: {error}", self.0.display());
        let extended = error.sqlite_error().map(|e| e.extended_code);
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full(message),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_log_is_never_said_to_have_found_no_room() {
        let place = Place(Path::new("contact.db"));
        let failure = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        let shared = failure(ffi::SQLITE_IOERR_SHMSIZE);
        assert!(matches!(place.error(&shared), StoreError::Failed(_)));
        assert!(matches!(place.opening(&shared), StoreError::Full(_)));
        for error in [Place::error, Place::opening] {
            assert!(matches!(error(place, &failure(ffi::SQLITE_FULL)), StoreError::Full(_)));
            assert!(matches!(error(place, &failure(ffi::SQLITE_IOERR_WRITE)), StoreError::Failed(_)));
        }
    }
}
