//! Opening the store's file: whose it is, whether it is ours, and making it if it is not there.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek, Write as _},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::{Ballast, PAGE_BYTES, Place, wal};
use crate::server::engine::embedded::store::StoreError;

/// The file in the data folder that holds everything.
pub(super) const FILE: &str = "contact.db";
/// Locked by the owner, and names it.
pub(super) const LOCK_FILE: &str = "contact.lock";
/// How each SQLite file begins.
pub(super) const HEADER: &[u8] = b"SQLite format 3\0";
/// SQLite's `application_id` of our files: "cntc".
pub(super) const APPLICATION_ID: i32 = 0x636e_7463;
/// The format that this program reads and writes.
pub(super) const FORMAT: i32 = 3;

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
    #[error("the store {} is in use by process {pid}, or being checked", folder.display())]
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
    pub(in crate::server::engine::embedded) fn from_store(error: StoreError, file: &Path) -> Self {
        let file = file.to_owned();
        match error {
            StoreError::Full(message) => OpenError::NoRoom { file, message },
            StoreError::Failed(message) => OpenError::Failed { file, message },
            StoreError::Damaged(message) => OpenError::Damaged { file, message },
        }
    }
}

/// An open file.
#[derive(Debug)]
pub(super) struct StoreFile {
    pub(super) path: PathBuf,
    pub(super) db: Connection,
    pub(super) ballast: Ballast,
    /// Held as long as the store is open.
    pub(super) lock: File,
}

/// Opens the store in `folder`; makes both if they are not there. `new_id` becomes the id of a new store.
pub(super) fn open(folder: &Path, new_id: &str) -> Result<StoreFile, OpenError> {
    let folder_error = |source| OpenError::Folder { folder: folder.to_owned(), source };
    let made = make(folder).map_err(folder_error)?;
    let lock = lock(folder)?;
    let file = folder.join(FILE);
    // Told apart from a damaged file: SQLite calls both "unable to open".
    let mut how = OpenOptions::new();
    how.read(true).write(true);
    let header = beginning(&how, &file).map_err(|e| folder_error(named(&file, e)))?;
    expect_nothing_left(folder, &file, header.as_deref())?;
    match header.as_deref() {
        None => {
            let made = how.create(true).truncate(false).mode(0o600).open(&file);
            made.map_err(|e| folder_error(named(&file, e)))?;
        }
        // What is too short for a header SQLite takes for an empty file, and would write over it.
        Some(header) if !header.is_empty() && header != HEADER => return Err(OpenError::NotAStore { file }),
        Some(_) => {}
    }
    let log = wal::beside(&file);
    if let Some(what) = wal::damage(&log).map_err(|e| folder_error(named(&log, e)))? {
        let message = format!("{} is damaged: {what}", log.display());
        return Err(OpenError::Damaged { file: log, message });
    }
    let mut ballast = Ballast::find(folder).map_err(folder_error)?;
    let db = match connect(&file, new_id) {
        // A server that was killed on a full disk has left work that needs room.
        Err(OpenError::NoRoom { .. }) if ballast.give_up() => connect(&file, new_id)?,
        db => db?,
    };
    // The names of a new store's files and folders must survive as well as what is in them.
    for changed in made.iter().map(PathBuf::as_path).chain([folder]) {
        File::open(changed).and_then(|changed| changed.sync_all()).map_err(folder_error)?;
    }
    Ok(StoreFile { path: file, db, ballast, lock })
}

/// How a file begins. `None`: it is not there.
pub(super) fn beginning(how: &OpenOptions, file: &Path) -> io::Result<Option<Vec<u8>>> {
    let opened = match how.open(file) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut header = Vec::new();
    opened.take(HEADER.len() as u64).read_to_end(&mut header)?;
    Ok(Some(header))
}

/// Fails where a store has lost its file: SQLite deletes the log beside an empty one at its first read, and what was
/// answered would be gone. A first start that was killed half-way leaves nothing of the kind, because the file is synced
/// before there is anything in its log, and before there is a ballast.
pub(super) fn expect_nothing_left(
    folder: &Path,
    file: &Path,
    header: Option<&[u8]>,
) -> Result<(), OpenError> {
    let what = match header {
        None => "missing",
        Some([]) => "empty",
        Some(_) => return Ok(()),
    };
    let left = if fs::metadata(wal::beside(file)).is_ok_and(|log| log.is_file() && log.len() > 0) {
        "its log is not"
    } else if Ballast::find(folder).is_ok_and(|ballast| ballast.is_there()) {
        "the ballast beside it is not: who wants to begin anew removes that too"
    } else {
        return Ok(());
    };
    let message = format!("{} is {what}, and {left}", file.display());
    Err(OpenError::Damaged { file: file.to_owned(), message })
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
    let file = folder.join(LOCK_FILE);
    let lock = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&file);
    let lock = lock.map_err(|e| OpenError::Folder { folder: folder.to_owned(), source: named(&file, e) })?;
    let mut lock = try_lock(folder, lock)?;
    let name_owner = |lock: &mut File| {
        lock.set_len(0)?;
        lock.rewind()?;
        writeln!(lock, "{}", std::process::id())
    };
    // Only for the message: a full disk must not keep the server from starting.
    let _ = name_owner(&mut lock);
    Ok(lock)
}

/// Locks a store by its lock file.
pub(super) fn try_lock(folder: &Path, mut lock: File) -> Result<File, OpenError> {
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let _ = lock.read_to_string(&mut pid);
            let pid = match pid.trim() {
                "" => "unknown".to_owned(),
                pid => pid.to_owned(),
            };
            Err(OpenError::InUse { folder: folder.to_owned(), pid })
        }
        Err(TryLockError::Error(source)) => Err(OpenError::Folder { folder: folder.to_owned(), source }),
    }
}

/// An error that names the file.
pub(super) fn named(file: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", file.display()))
}

fn connect(file: &Path, new_id: &str) -> Result<Connection, OpenError> {
    let open_error = |e: rusqlite::Error| match e.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotAStore { file: file.to_owned() },
        _ => OpenError::from_store(Place(file).opening(&e), file),
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

/// Adds what a format does not have, and writes down that it is there.
fn bring_up(db: &Connection, format: i32) -> rusqlite::Result<()> {
    // Format 1 had no groups.
    if format < 2 {
        db.execute_batch(super::groups::SCHEMA)?;
        let key: [u8; 32] = rand::random();
        db.execute("INSERT INTO meta VALUES ('token_key', ?1)", [&key[..]])?;
    }
    // Format 2 had no results and no clients.
    if format < 3 {
        db.execute_batch(super::results::SCHEMA)?;
        db.execute_batch(super::clients::SCHEMA)?;
    }
    db.pragma_update(None, "user_version", FORMAT)
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
    let format: i32 = db.pragma_query_value(None, "user_version", |r| r.get(0))?;
    if !is_new && format < FORMAT {
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        bring_up(&tx, format)?;
        tx.commit()?;
    }
    if is_new {
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(SCHEMA)?;
        tx.execute("INSERT INTO meta VALUES ('store_id', ?1)", [new_id])?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        bring_up(&tx, 1)?;
        tx.commit()?;
    }
    // A commit that was refused for a failed sync may be in the WAL all the same. From here on it either
    // is in the file, synced, or it is gone.
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}
