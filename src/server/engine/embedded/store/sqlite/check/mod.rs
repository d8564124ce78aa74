//! Verifying a store: all of it is read and held against what it says of itself, and nothing is changed. What is found
//! is named by its file and place; what depends on it is looked at all the same.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use rusqlite::Row;

use super::{
    OpenError, Place, meta,
    still::{self, Still},
    wal,
};
use crate::{
    name::QueueName,
    server::engine::embedded::{
        chunk::QueueNumber, machine::GroupNo, queue::Extent, retries::read_runs, store::StoreError,
    },
};

mod groups;
mod log;
mod results;

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// What is damaged, and where in the file.
    pub what: String,
}

/// What was looked through.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// The file.
    pub file: PathBuf,
    /// The store's id, if it can be read.
    pub store: Option<String>,
    /// The format that the file has.
    pub format: i32,
    /// Tasks in the log.
    pub tasks: u64,
    /// Tasks that wait for their time.
    pub delayed: u64,
    /// Groups.
    pub groups: u64,
    /// What was told of tasks.
    pub results: u64,
    /// How much was found.
    pub findings: u64,
}

/// What is said while it goes on.
#[derive(Debug)]
pub enum Step {
    /// So many tasks and results are to be read.
    All(u64),
    /// So many more have been.
    Read(u64),
    /// Something is damaged.
    Found(Finding),
}

/// Verifies the store in `folder`. Fails if it cannot be looked at.
pub fn check(folder: &Path, say: &mut dyn FnMut(Step)) -> Result<Checked, OpenError> {
    let Still { path, db, format, .. } = &still::open(folder)?;
    let checked = Checked { file: path.clone(), format: *format, ..Checked::default() };
    let mut check = Check {
        place: Place(path),
        db,
        say,
        checked,
        queues: HashMap::new(),
        groups: HashSet::new(),
        folded_seq: 0,
        first_seq: 0,
        head_seq: 0,
    };
    let log = wal::beside(path);
    match wal::damage(&log) {
        Ok(None) => {}
        Ok(Some(what)) => check.found_in(log, what),
        Err(e) => check.found_in(log, e.to_string()),
    }
    check.all(*format).map_err(|e| OpenError::from_store(e, path))?;
    Ok(check.checked)
}

/// A check that goes on.
struct Check<'a> {
    place: Place<'a>,
    db: &'a rusqlite::Connection,
    say: &'a mut dyn FnMut(Step),
    checked: Checked,
    queues: HashMap<QueueNumber, (QueueName, Extent)>,
    groups: HashSet<GroupNo>,
    /// The queues are told up to here.
    folded_seq: u64,
    /// The first seq kept.
    first_seq: u64,
    /// The last one.
    head_seq: u64,
}

impl Check<'_> {
    fn all(&mut self, format: i32) -> Result<(), StoreError> {
        self.part("the file", Self::file)?;
        self.part("the table meta", Self::meta)?;
        self.part("the tables chunk and result", Self::size)?;
        self.part("the table queue", Self::queues)?;
        self.part("the table chunk", Self::chunks)?;
        self.part("the table own_id", Self::lone_ids)?;
        self.part("the table retry", Self::retries)?;
        if format >= 2 {
            self.part("the table grp", Self::groups)?;
            self.part("the table fact", Self::facts)?;
            self.part("the table page", Self::pages)?;
            self.part("the table holder", Self::holders)?;
            self.part("the table cancelled", Self::cancelled)?;
            self.part("the table delayed", Self::delayed)?;
        }
        if format >= 3 {
            self.part("the table result", Self::results)?;
            self.part("the table client", Self::clients)?;
        }
        Ok(())
    }

    /// One part of it. What cannot be read ends the part alone.
    fn part(
        &mut self,
        name: &str,
        look: impl FnOnce(&mut Self) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match look(self) {
            // A sector that cannot be read is as damaged as one that holds something else.
            Err(StoreError::Damaged(why) | StoreError::Failed(why)) => {
                let file = self.place.0.display().to_string();
                // What SQLite says of it has no place.
                let said = why.strip_prefix(&file).unwrap_or(&why);
                match said.strip_prefix(" is damaged: ") {
                    Some(what) => self.found(what),
                    None => self.found(format!("{name}: {}", said.trim_start_matches(": "))),
                }
                Ok(())
            }
            looked => looked,
        }
    }

    fn found(&mut self, what: impl Into<String>) {
        self.found_in(self.place.0.to_owned(), what.into());
    }

    fn found_in(&mut self, file: PathBuf, what: String) {
        self.checked.findings += 1;
        (self.say)(Step::Found(Finding { file, what }));
    }

    /// Says it unless it is so.
    fn expect(&mut self, is_so: bool, what: impl FnOnce() -> String) {
        if !is_so {
            self.found(what());
        }
    }

    /// Each row of a query.
    fn each(
        &mut self,
        query: &str,
        mut look: impl FnMut(&mut Self, &Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (db, place) = (self.db, self.place);
        let mut statement = db.prepare(query).map_err(|e| place.error(&e))?;
        let mut rows = statement.query([]).map_err(|e| place.error(&e))?;
        while let Some(row) = rows.next().map_err(|e| place.error(&e))? {
            look(self, row)?;
        }
        Ok(())
    }

    fn number(&self, key: &str) -> Result<Option<u64>, StoreError> {
        meta(self.db, key).map_err(|e| self.place.error(&e))
    }

    /// As SQLite sees the file.
    fn file(&mut self) -> Result<(), StoreError> {
        self.each("PRAGMA integrity_check", |check, row| {
            let said: String = row.get(0).map_err(|e| check.place.error(&e))?;
            check.expect(said == "ok", || said.split_whitespace().collect::<Vec<_>>().join(" "));
            Ok(())
        })
    }

    fn meta(&mut self) -> Result<(), StoreError> {
        let text =
            |key: &str| self.db.query_row("SELECT value FROM meta WHERE key = ?1", [key], |r| r.get(0));
        self.checked.store = Some(text("store_id").map_err(|e| self.place.error(&e))?);
        self.folded_seq = self.number("folded_seq")?.unwrap_or(0);
        if self.checked.format >= 2 {
            let key: rusqlite::Result<Vec<u8>> =
                self.db.query_row("SELECT value FROM meta WHERE key = 'token_key'", [], |r| r.get(0));
            let is_key = key.map_err(|e| self.place.error(&e))?.len() == 32;
            self.expect(is_key, || "the key of tokens".to_owned());
        }
        Ok(())
    }

    /// How much there is to read, as far as can be told at once.
    fn size(&mut self) -> Result<(), StoreError> {
        let span = |table: &str, first: &str, last: &str| {
            let query = format!("SELECT coalesce(max({last}) - min({first}) + 1, 0) FROM {table}");
            self.db.query_row(&query, [], |r| r.get::<_, i64>(0)).map_err(|e| self.place.error(&e))
        };
        let mut all = span("chunk", "first_seq", "last_seq")?;
        if self.checked.format >= 3 {
            all = all.saturating_add(span("result", "first_n", "last_n")?);
        }
        (self.say)(Step::All(all.max(0) as u64));
        Ok(())
    }

    fn queues(&mut self) -> Result<(), StoreError> {
        let trimmed = if self.checked.format >= 2 { "trimmed" } else { "0" };
        let query = format!("SELECT number, name, last_seq, trimmed_seq, tasks, {trimmed} FROM queue");
        self.each(&query, |check, row| {
            let read = || -> rusqlite::Result<(QueueNumber, String, Extent)> {
                let number = row.get(0)?;
                let extent = Extent {
                    number: Some(number),
                    last_seq: row.get::<_, i64>(2)? as u64,
                    trimmed_seq: row.get::<_, i64>(3)? as u64,
                    tasks: row.get::<_, i64>(4)? as u64,
                    trimmed: row.get::<_, i64>(5)? as u64,
                };
                Ok((number, row.get(1)?, extent))
            };
            let (number, name, extent) = read().map_err(|e| check.place.error(&e))?;
            match QueueName::parse(&name) {
                Ok(name) => drop(check.queues.insert(number, (name, extent))),
                Err(e) => check.found(format!("the name of queue {number}: {e}")),
            }
            Ok(())
        })
    }

    fn retries(&mut self) -> Result<(), StoreError> {
        self.each("SELECT first_seq, runs FROM retry", |check, row| {
            let number: i64 = row.get(0).map_err(|e| check.place.error(&e))?;
            let is_read = row.get_ref(1).is_ok_and(|runs| runs.as_blob().ok().and_then(read_runs).is_some());
            check.expect(is_read, || format!("retry keys, row {number}"));
            Ok(())
        })
    }
}
