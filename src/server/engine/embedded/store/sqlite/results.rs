//! What the file keeps of results: a row for each commit, and for each fold where the results of a page of tasks
//! stand among them.

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{
    PAGE_BYTES, Place,
    groups::{checksum, rows},
    meta,
};
use crate::server::engine::embedded::{
    machine::PAGE_SEQS,
    results::{Reach, ResultPageRow, ResultRow},
    store::{Commit, Fold, LoadedResults, StoreError},
};

/// The tables.
pub(super) const SCHEMA: &str = "
    CREATE TABLE result (
        first_n INTEGER PRIMARY KEY, last_n INTEGER NOT NULL, at_ms INTEGER NOT NULL,
        last_seq INTEGER NOT NULL, checksum INTEGER NOT NULL, entries BLOB NOT NULL
    );
    CREATE TABLE result_page (
        page INTEGER NOT NULL, first_n INTEGER NOT NULL, checksum INTEGER NOT NULL, runs BLOB NOT NULL,
        PRIMARY KEY (page, first_n)
    ) WITHOUT ROWID;
";

/// A read looks at no more rows than this before it lets go of its snapshot.
const READ_ROWS_MAX: usize = 4096;

/// Rows of about so many bytes are looked at for one step of trimming.
const TRIM_BYTES: usize = 4 << 20;

pub(super) const COLUMNS: &str = "first_n, last_n, at_ms, last_seq, checksum, entries";
/// The first result and the last one.
const ENDS: &str = "SELECT (SELECT min(first_n) FROM result), \
                    (SELECT last_n FROM result ORDER BY first_n DESC LIMIT 1)";

fn sum_of_row(row: &ResultRow) -> u32 {
    checksum(&[row.first_n, row.last_n, row.at_ms, row.last_seq], &[&row.entries])
}

pub(super) fn sum_of_page(row: &ResultPageRow) -> u32 {
    checksum(&[row.page, row.first_n], &[&row.runs])
}

/// Adds what a commit has of results. Returns about how many bytes.
pub(super) fn append(db: &Connection, commit: &Commit<'_>) -> rusqlite::Result<usize> {
    let mut bytes = 0;
    for row in commit.results {
        db.prepare_cached("INSERT INTO result VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
            row.first_n as i64,
            row.last_n as i64,
            row.at_ms as i64,
            row.last_seq as i64,
            sum_of_row(row),
            row.entries
        ])?;
        bytes += row.entries.len() + PAGE_BYTES as usize;
    }
    Ok(bytes)
}

/// Writes what a fold has of results.
pub(super) fn write_fold(db: &Connection, fold: &Fold) -> rusqlite::Result<()> {
    for row in &fold.result_pages {
        // It may be there from a fold that was cut short.
        db.prepare_cached("INSERT OR REPLACE INTO result_page VALUES (?1, ?2, ?3, ?4)")?.execute(params![
            row.page as i64,
            row.first_n as i64,
            sum_of_page(row),
            row.runs
        ])?;
    }
    if let Some(upto) = fold.results_upto {
        db.prepare_cached("INSERT OR REPLACE INTO meta VALUES ('results_upto', ?1)")?
            .execute([upto as i64])?;
    }
    Ok(())
}

/// Deletes what says where the results of tasks up to a seq stand.
pub(super) fn trim_pages(db: &Connection, last_seq: u64) -> rusqlite::Result<()> {
    let kept = (last_seq + 1) / PAGE_SEQS;
    db.prepare_cached("DELETE FROM result_page WHERE page < ?1")?.execute([kept as i64])?;
    Ok(())
}

/// See [`Store::old_results`](super::Store::old_results).
pub(super) fn old(
    db: &Connection,
    place: Place<'_>,
    last_seq: u64,
    most: usize,
) -> Result<(u64, bool), StoreError> {
    // Whole rows: what is thrown away because of a bent number would be thrown away in silence.
    let mut statement = db
        .prepare_cached(&format!("SELECT {COLUMNS} FROM result ORDER BY first_n LIMIT ?1"))
        .map_err(|e| place.error(&e))?;
    let mut found = statement.query([most as i64]).map_err(|e| place.error(&e))?;
    let mut next_n = meta(db, "result").map_err(|e| place.error(&e))?.unwrap_or(0) + 1;
    let (mut count, mut bytes) = (0, 0);
    while let Some(row) = found.next().map_err(|e| place.error(&e))? {
        let row = read_row(row).map_err(|e| place.error(&e))?.map_err(|n| damaged(place, n))?;
        if row.last_seq > last_seq || bytes >= TRIM_BYTES {
            return Ok((row.first_n, row.last_seq <= last_seq));
        }
        next_n = row.last_n + 1;
        count += 1;
        bytes += row.entries.len();
    }
    Ok((next_n, count == most))
}

/// Deletes the results before `reach.first_n`, and writes down how far they went.
pub(super) fn trim(db: &mut Connection, reach: Reach) -> rusqlite::Result<()> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute("DELETE FROM result WHERE first_n < ?1", [reach.first_n as i64])?;
    tx.execute("INSERT OR REPLACE INTO meta VALUES ('result', ?1)", [reach.next_n as i64 - 1])?;
    tx.commit()
}

/// Reads what a start needs.
pub(super) fn load(db: &Connection, place: Place<'_>) -> Result<LoadedResults, StoreError> {
    let number = |key: &str| meta(db, key).map(|found| found.unwrap_or(0)).map_err(|e| place.error(&e));
    let first: Option<i64> =
        db.query_row("SELECT min(first_n) FROM result", [], |row| row.get(0)).map_err(|e| place.error(&e))?;
    // Whole, so that no number is given out again for a row that is bent.
    let last = format!("SELECT {COLUMNS} FROM result ORDER BY first_n DESC LIMIT 1");
    let last = rows(db, place, &last, read_row)?.pop().transpose().map_err(|n| damaged(place, n))?;
    let (given, upto) = (number("result")?, number("results_upto")?);
    let last_n = last.map_or(0, |row| row.last_n).max(given);
    let next_n = last_n.checked_add(1).filter(|_| upto <= last_n).ok_or_else(|| damaged(place, last_n))?;
    let first_n = first.map_or(next_n, |n| n as u64);
    let upto = upto as i64;
    let query = format!("SELECT {COLUMNS} FROM result WHERE first_n > {upto} ORDER BY first_n");
    let unfolded = rows(db, place, &query, read_row)?;
    let unfolded = unfolded.into_iter().map(|row| row.map_err(|n| damaged(place, n)));
    Ok(LoadedResults { reach: Reach { first_n, next_n }, unfolded: unfolded.collect::<Result<_, _>>()? })
}

/// Rows from the one that has `from_n` or the next one after it on, about `most_bytes` of them.
pub(super) fn read(
    db: &Connection,
    place: Place<'_>,
    from_n: u64,
    most_bytes: usize,
) -> Result<Vec<ResultRow>, StoreError> {
    let mut statement = db
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM result \
             WHERE first_n >= coalesce((SELECT max(first_n) FROM result WHERE first_n <= ?1), 0) \
             ORDER BY first_n"
        ))
        .map_err(|e| place.error(&e))?;
    let mut found = statement.query([from_n as i64]).map_err(|e| place.error(&e))?;
    let (mut all, mut bytes) = (Vec::new(), 0);
    while bytes < most_bytes
        && all.len() < READ_ROWS_MAX
        && let Some(row) = found.next().map_err(|e| place.error(&e))?
    {
        match read_row(row).map_err(|e| place.error(&e))? {
            Ok(row) => {
                bytes += row.entries.len();
                all.push(row);
            }
            // Those before it are whole.
            Err(_) if !all.is_empty() => break,
            Err(n) => return Err(damaged(place, n)),
        }
    }
    Ok(all)
}

/// Where the results of the tasks of a page stand.
pub(super) fn page(db: &Connection, place: Place<'_>, page: u64) -> Result<Vec<ResultPageRow>, StoreError> {
    let read = |row: &Row<'_>| {
        let row_of = ResultPageRow { page, first_n: row.get::<_, i64>(0)? as u64, runs: row.get(2)? };
        Ok(if sum_of_page(&row_of) == row.get::<_, u32>(1)? { Ok(row_of) } else { Err(row_of) })
    };
    let mut statement = db
        .prepare_cached("SELECT first_n, checksum, runs FROM result_page WHERE page = ?1")
        .map_err(|e| place.error(&e))?;
    let found = statement.query_map([page as i64], read).map_err(|e| place.error(&e))?;
    found.map(|row| row.map_err(|e| place.error(&e))?.map_err(|row| place.damaged(row.place()))).collect()
}

/// The first result that was taken at `at_ms` or later.
pub(super) fn at(db: &Connection, at_ms: u64) -> rusqlite::Result<Option<u64>> {
    // Time grows with the numbers, so it is a search by halves over the primary key.
    let mut look = db.prepare_cached(
        "SELECT first_n, last_n, at_ms FROM result WHERE first_n >= ?1 ORDER BY first_n LIMIT 1",
    )?;
    let ends: (Option<i64>, Option<i64>) = db.query_row(ENDS, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(mut low), Some(last)) = ends else { return Ok(None) };
    let mut high = last + 1;
    let mut best = None;
    while low < high {
        let middle = low + (high - low) / 2;
        let found = look
            .query_row([middle], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
            })
            .optional()?;
        match found {
            Some((first_n, _, ms)) if ms as u64 >= at_ms => {
                best = Some(first_n as u64);
                high = middle;
            }
            Some((_, last_n, _)) => low = last_n + 1,
            None => high = middle,
        }
    }
    Ok(best)
}

/// `Err` holds the first number of a row that is damaged.
pub(super) fn read_row(row: &Row<'_>) -> rusqlite::Result<Result<ResultRow, u64>> {
    let read = ResultRow {
        first_n: row.get::<_, i64>(0)? as u64,
        last_n: row.get::<_, i64>(1)? as u64,
        at_ms: row.get::<_, i64>(2)? as u64,
        last_seq: row.get::<_, i64>(3)? as u64,
        entries: row.get(5)?,
    };
    Ok(if sum_of_row(&read) == row.get::<_, u32>(4)? { Ok(read) } else { Err(read.first_n) })
}

pub(super) fn damaged(place: Place<'_>, first_n: u64) -> StoreError {
    place.damaged(format!("the results from {first_n} on"))
}
