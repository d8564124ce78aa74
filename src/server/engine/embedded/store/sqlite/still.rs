//! Opening a store to look at it: nothing of it is changed, not the log that a killed server has left, and no file is
//! made beside it.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{
    Place,
    file::{
        APPLICATION_ID, FILE, FORMAT, HEADER, LOCK_FILE, OpenError, beginning, expect_nothing_left, try_lock,
    },
    wal,
};

/// A store that nobody writes to.
#[derive(Debug)]
pub(super) struct Still {
    pub(super) path: PathBuf,
    pub(super) db: Connection,
    pub(super) format: i32,
    /// Held so long; a store that was copied may have none.
    _lock: Option<File>,
}

/// Opens the store in `folder`, if there is one.
pub(super) fn open(folder: &Path) -> Result<Still, OpenError> {
    let path = folder.join(FILE);
    let file_error =
        |source| OpenError::Folder { folder: folder.to_owned(), source: super::file::named(&path, source) };
    let lock = match OpenOptions::new().read(true).open(folder.join(LOCK_FILE)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        lock => Some(try_lock(folder, lock.map_err(file_error)?)?),
    };
    let header = beginning(OpenOptions::new().read(true), &path).map_err(file_error)?;
    expect_nothing_left(folder, &path, header.as_deref())?;
    match header {
        None => return Err(file_error(io::ErrorKind::NotFound.into())),
        Some(header) if header != HEADER => return Err(OpenError::NotAStore { file: path }),
        Some(_) => {}
    }
    let failed = |e: rusqlite::Error| OpenError::from_store(Place(&path).error(&e), &path);
    let db = connect(&path).map_err(failed)?;
    let application: i32 = db.pragma_query_value(None, "application_id", |r| r.get(0)).map_err(failed)?;
    let format: i32 = db.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(failed)?;
    if application != APPLICATION_ID {
        return Err(OpenError::NotAStore { file: path });
    }
    if format > FORMAT {
        return Err(OpenError::NewerFormat { file: path, found: format, known: FORMAT });
    }
    Ok(Still { path, db, format, _lock: lock })
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let has_log = fs::metadata(wal::beside(file)).is_ok_and(|log| log.len() > 0);
    // With a log: SQLite's own locks would need a file for what it has in memory with them, so it does without. Ours
    // keeps everybody else out.
    let how = if has_log { "vfs=unix-none" } else { "immutable=1" };
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(format!("file:{}?{how}", escaped(file)), flags)?;
    if has_log {
        db.query_row("PRAGMA locking_mode = EXCLUSIVE", [], |_| Ok(()))?;
        // Nor is it moved into the file at the end.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    }
    Ok(db)
}

/// A path as a URI has it.
fn escaped(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut uri = String::new();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b'~' => {
                uri.push(char::from(*byte))
            }
            byte => uri += &format!("%{byte:02x}"),
        }
    }
    uri
}
