//! What the file keeps of groups: facts as they are decided, and the heads and pages that they are folded into.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Place, meta};
use crate::server::engine::{
    embedded::{
        chunk::QueueNumber,
        facts::{FactRow, GroupRow, PageRow, read_head, write_head},
        machine::{GroupNo, Holder, PAGE_SEQS, Terms},
        store::{Commit, Fold, LoadedGroups, StoreError},
    },
    frames::{put_varint, take_varint},
};

/// The tables.
pub(super) const SCHEMA: &str = "
    ALTER TABLE queue ADD COLUMN trimmed INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE grp (
        number INTEGER PRIMARY KEY, queue INTEGER NOT NULL, name TEXT NOT NULL,
        upto INTEGER NOT NULL, checksum INTEGER NOT NULL, head BLOB NOT NULL
    );
    CREATE TABLE holder (
        number INTEGER PRIMARY KEY, instance BLOB NOT NULL, client TEXT, groups BLOB NOT NULL,
        max_in_flight INTEGER NOT NULL, lease_ms INTEGER NOT NULL, max_hold_ms INTEGER NOT NULL,
        grace_ms INTEGER NOT NULL, checksum INTEGER NOT NULL
    );
    CREATE TABLE page (
        key INTEGER PRIMARY KEY, upto INTEGER NOT NULL, open INTEGER NOT NULL,
        checksum INTEGER NOT NULL, entries BLOB NOT NULL
    );
    CREATE INDEX page_open ON page (key) WHERE open > 0;
    CREATE INDEX page_upto ON page (upto);
    CREATE TABLE fact (
        no INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, checksum INTEGER NOT NULL, facts BLOB NOT NULL
    );
    CREATE TABLE cancelled (seq INTEGER PRIMARY KEY, queue INTEGER NOT NULL);
    CREATE TABLE delayed (
        number INTEGER PRIMARY KEY, due_ms INTEGER NOT NULL, queue INTEGER NOT NULL, id TEXT NOT NULL,
        checksum INTEGER NOT NULL, frame BLOB NOT NULL
    );
";

/// A page's key has its group in so many bits; pages of one range of seqs lie together, so that trimming is a range.
const GROUP_BITS: u32 = 24;

fn page_key(group: GroupNo, page: u64) -> i64 {
    (page << GROUP_BITS | u64::from(group)) as i64
}

/// A checksum over the columns of a row: a bent number or name does as much harm as a bent blob.
pub(super) fn checksum(numbers: &[u64], texts: &[&[u8]]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    numbers.iter().for_each(|number| sum.update(&number.to_le_bytes()));
    for text in texts {
        sum.update(&(text.len() as u64).to_le_bytes());
        sum.update(text);
    }
    sum.finalize()
}

fn sum_of_group(number: u32, queue: u32, upto: u64, name: &str, head: &[u8]) -> u32 {
    checksum(&[u64::from(number), u64::from(queue), upto], &[name.as_bytes(), head])
}

fn sum_of_page(key: i64, upto: u64, open: u64, entries: &[u8]) -> u32 {
    checksum(&[key as u64, upto, open], &[entries])
}

fn sum_of_fact(no: u64, at_ms: u64, facts: &[u8]) -> u32 {
    checksum(&[no, at_ms], &[facts])
}

fn sum_of_delayed(number: u64, due_ms: u64, queue: u32, id: &str, frame: &[u8]) -> u32 {
    checksum(&[number, due_ms, u64::from(queue)], &[id.as_bytes(), frame])
}

fn sum_of_holder(holder: &Holder, groups: &[u8]) -> u32 {
    let Terms { max_in_flight, lease_ms, max_hold_ms, grace_ms } = holder.terms;
    let numbers = [holder.member, u64::from(max_in_flight), lease_ms, max_hold_ms, grace_ms];
    let client = holder.client.as_deref().unwrap_or_default();
    checksum(&numbers, &[&holder.instance, client.as_bytes(), groups])
}

/// Adds what a commit has of groups. Returns about how many bytes.
pub(super) fn append(db: &Connection, commit: &Commit<'_>) -> rusqlite::Result<usize> {
    let mut bytes = 0;
    for row in commit.new_groups {
        write_group(db, row)?;
    }
    for holder in commit.holders {
        let mut groups = Vec::new();
        holder.groups.iter().for_each(|group| put_varint(&mut groups, u64::from(*group)));
        let terms = &holder.terms;
        db.prepare_cached("INSERT OR REPLACE INTO holder VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
            .execute(params![
                holder.member as i64,
                &holder.instance[..],
                holder.client.as_deref(),
                groups,
                terms.max_in_flight,
                terms.lease_ms as i64,
                terms.max_hold_ms as i64,
                terms.grace_ms as i64,
                sum_of_holder(holder, &groups),
            ])?;
    }
    if let Some(row) = commit.facts {
        db.prepare_cached("INSERT INTO fact VALUES (?1, ?2, ?3, ?4)")?.execute(params![
            row.no as i64,
            row.at_ms as i64,
            sum_of_fact(row.no, row.at_ms, &row.facts),
            row.facts
        ])?;
        bytes += row.facts.len();
    }
    for (seq, queue) in commit.cancelled {
        db.prepare_cached("INSERT OR IGNORE INTO cancelled VALUES (?1, ?2)")?
            .execute(params![*seq as i64, queue])?;
    }
    for row in commit.delayed {
        db.prepare_cached("INSERT INTO delayed VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
            row.number as i64,
            row.due_ms as i64,
            row.queue,
            row.id.as_str(),
            sum_of_delayed(row.number, row.due_ms, row.queue, row.id.as_str(), &row.frame),
            row.frame
        ])?;
        bytes += row.frame.len();
    }
    if let Some(last) = commit.delayed.last() {
        db.prepare_cached("INSERT OR REPLACE INTO meta VALUES ('delayed', ?1)")?
            .execute([last.number as i64])?;
    }
    for number in commit.entered {
        db.prepare_cached("DELETE FROM delayed WHERE number = ?1")?.execute([*number as i64])?;
    }
    Ok(bytes)
}

fn write_group(db: &Connection, row: &GroupRow) -> rusqlite::Result<()> {
    let head = write_head(&row.head);
    db.prepare_cached("INSERT OR REPLACE INTO grp VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        row.number,
        row.queue,
        row.name,
        row.upto as i64,
        sum_of_group(row.number, row.queue, row.upto, &row.name, &head),
        head
    ])?;
    Ok(())
}

/// Writes what a fold has of groups.
pub(super) fn write_fold(db: &Connection, fold: &Fold) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO meta VALUES ('machine_ms', ?1)")?
        .execute([fold.machine_ms as i64])?;
    for row in &fold.groups {
        write_group(db, row)?;
    }
    for row in &fold.pages {
        let key = page_key(row.group, row.page);
        db.prepare_cached("INSERT OR REPLACE INTO page VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
            key,
            row.upto as i64,
            row.open as i64,
            sum_of_page(key, row.upto, row.open, &row.entries),
            row.entries
        ])?;
    }
    if let Some(upto) = fold.facts_upto {
        db.prepare_cached("INSERT OR REPLACE INTO meta VALUES ('fact', ?1)")?.execute([upto as i64])?;
        db.prepare_cached("DELETE FROM fact WHERE no <= ?1")?.execute([upto as i64])?;
        for number in &fold.gone_holders {
            db.prepare_cached("DELETE FROM holder WHERE number = ?1")?.execute([*number as i64])?;
        }
    }
    Ok(())
}

/// Deletes what is written down of tasks up to a seq.
pub(super) fn trim(db: &Connection, last_seq: u64) -> rusqlite::Result<()> {
    let kept = page_key(0, (last_seq + 1) / PAGE_SEQS);
    db.prepare_cached("DELETE FROM page WHERE key < ?1")?.execute([kept])?;
    db.prepare_cached("DELETE FROM cancelled WHERE seq <= ?1")?.execute([last_seq as i64])?;
    Ok(())
}

/// Reads all that a start needs.
pub(super) fn load(db: &Connection, place: Place<'_>) -> Result<LoadedGroups, StoreError> {
    let number = |key: &str| meta(db, key).map(|found| found.unwrap_or(0)).map_err(|e| place.error(&e));
    let mut loaded = LoadedGroups {
        machine_ms: number("machine_ms")?,
        last_fact: number("fact")?,
        ..LoadedGroups::default()
    };
    for row in rows(db, place, GROUPS, read_group)? {
        loaded.groups.push(row.map_err(|number| place.damaged(format!("group {number}")))?);
    }
    for row in rows(db, place, HOLDERS, read_holder)? {
        loaded.holders.push(row.map_err(|number| place.damaged(format!("the holder {number}")))?);
    }
    for row in
        rows(db, place, "SELECT key, upto, open, checksum, entries FROM page WHERE open > 0", read_page)?
    {
        loaded.pages.push(row.map_err(|key| damaged_page(place, key))?);
    }
    for row in rows(db, place, FACTS, read_fact)? {
        loaded.facts.push(row.map_err(|no| place.damaged(format!("the facts of row {no}")))?);
    }
    loaded.last_fact = loaded.facts.last().map_or(loaded.last_fact, |row| row.no);
    if let Some(first) = loaded.facts.first() {
        let mut statement = db
            .prepare("SELECT key, upto FROM page WHERE upto >= ?1 AND open = 0")
            .map_err(|e| place.error(&e))?;
        let found = statement
            .query_map([first.no as i64], |row| Ok((read_key(row.get(0)?), row.get::<_, i64>(1)? as u64)));
        loaded.positions = found
            .and_then(Iterator::collect::<rusqlite::Result<HashMap<_, _>>>)
            .map_err(|e| place.error(&e))?;
    }
    let cancelled = |row: &Row<'_>| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?));
    loaded.cancelled = rows(db, place, "SELECT seq, queue FROM cancelled", cancelled)?;
    Ok(loaded)
}

/// Numbers, times, queues and ids of the delayed tasks.
pub(super) fn load_delayed(
    db: &Connection,
    place: Place<'_>,
) -> Result<Vec<(u64, u64, QueueNumber, String)>, StoreError> {
    rows(db, place, "SELECT number, due_ms, queue, id FROM delayed", |row| {
        Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64, row.get(2)?, row.get(3)?))
    })
}

/// The frame of a delayed task.
pub(super) fn delayed(db: &Connection, place: Place<'_>, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let read = |row: &Row<'_>| -> rusqlite::Result<Result<Vec<u8>, ()>> {
        let (due_ms, queue, id): (i64, u32, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let frame: Vec<u8> = row.get(4)?;
        let sum = sum_of_delayed(number, due_ms as u64, queue, &id, &frame);
        Ok(if sum == row.get::<_, u32>(3)? { Ok(frame) } else { Err(()) })
    };
    let found = db
        .prepare_cached("SELECT due_ms, queue, id, checksum, frame FROM delayed WHERE number = ?1")
        .and_then(|mut s| s.query_row([number as i64], read).optional())
        .map_err(|e| place.error(&e))?;
    found.transpose().map_err(|()| place.damaged(format!("the delayed task {number}")))
}

/// One page.
pub(super) fn page(
    db: &Connection,
    place: Place<'_>,
    group: GroupNo,
    page: u64,
) -> Result<Option<PageRow>, StoreError> {
    db.prepare_cached("SELECT key, upto, open, checksum, entries FROM page WHERE key = ?1")
        .and_then(|mut s| s.query_row([page_key(group, page)], read_page).optional())
        .map_err(|e| place.error(&e))?
        .transpose()
        .map_err(|key| damaged_page(place, key))
}

pub(super) fn damaged_page(place: Place<'_>, key: i64) -> StoreError {
    let (group, page) = read_key(key);
    place.damaged(format!("the page of group {group} at seq {}", page * PAGE_SEQS))
}

fn read_key(key: i64) -> (GroupNo, u64) {
    ((key as u64 & ((1 << GROUP_BITS) - 1)) as GroupNo, key as u64 >> GROUP_BITS)
}

/// All groups, for [`read_group`].
pub(super) const GROUPS: &str = "SELECT number, queue, name, upto, checksum, head FROM grp";
/// All rows of facts, for [`read_fact`].
pub(super) const FACTS: &str = "SELECT no, at_ms, checksum, facts FROM fact ORDER BY no";
/// All holders, for [`read_holder`].
pub(super) const HOLDERS: &str = "SELECT number, instance, client, groups, max_in_flight, lease_ms, max_hold_ms, grace_ms, \
                                  checksum FROM holder";

/// `Err` holds the number of a group that is damaged.
pub(super) fn read_group(row: &Row<'_>) -> rusqlite::Result<Result<GroupRow, u32>> {
    let (number, queue, name): (u32, u32, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (upto, stored) = (row.get::<_, i64>(3)? as u64, row.get::<_, Vec<u8>>(5)?);
    let is_whole = sum_of_group(number, queue, upto, &name, &stored) == row.get::<_, u32>(4)?;
    let Some(head) = read_head(&stored).filter(|_| is_whole) else { return Ok(Err(number)) };
    Ok(Ok(GroupRow { number, queue, name, head, upto }))
}

/// `Err` holds the number of a row of facts that is damaged.
pub(super) fn read_fact(row: &Row<'_>) -> rusqlite::Result<Result<FactRow, u64>> {
    let (no, at_ms) = (row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64);
    let facts: Vec<u8> = row.get(3)?;
    let is_whole = sum_of_fact(no, at_ms, &facts) == row.get::<_, u32>(2)?;
    Ok(if is_whole { Ok(FactRow { no, at_ms, facts }) } else { Err(no) })
}

/// `Err` holds the key of a page that is damaged.
pub(super) fn read_page(row: &Row<'_>) -> rusqlite::Result<Result<PageRow, i64>> {
    let (key, upto, open, sum): (i64, i64, i64, u32) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    let entries: Vec<u8> = row.get(4)?;
    let (group, page) = read_key(key);
    let is_whole = sum_of_page(key, upto as u64, open as u64, &entries) == sum;
    let page = PageRow { group, page, upto: upto as u64, open: open as u64, entries };
    Ok(if is_whole { Ok(page) } else { Err(key) })
}

/// `Err` holds the number of a holder that is damaged.
pub(super) fn read_holder(row: &Row<'_>) -> rusqlite::Result<Result<Holder, i64>> {
    let number: i64 = row.get(0)?;
    let (instance, stored): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(3)?);
    let Ok(instance) = instance.try_into() else { return Ok(Err(number)) };
    let client: Option<String> = row.get(2)?;
    let terms = Terms {
        max_in_flight: row.get(4)?,
        lease_ms: row.get::<_, i64>(5)? as u64,
        max_hold_ms: row.get::<_, i64>(6)? as u64,
        grace_ms: row.get::<_, i64>(7)? as u64,
    };
    let client = client.map(Into::into);
    let mut holder = Holder { member: number as u64, instance, client, groups: Vec::new(), terms };
    if sum_of_holder(&holder, &stored) != row.get::<_, u32>(8)? {
        return Ok(Err(number));
    }
    let mut rest = &stored[..];
    while !rest.is_empty() {
        let group = take_varint(&mut rest).and_then(|group| GroupNo::try_from(group).ok());
        let Some(group) = group else { return Ok(Err(number)) };
        holder.groups.push(group);
    }
    Ok(Ok(holder))
}

/// All rows of a query.
pub(super) fn rows<T>(
    db: &Connection,
    place: Place<'_>,
    query: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = db.prepare(query).map_err(|e| place.error(&e))?;
    let found = statement.query_map([], read).and_then(Iterator::collect::<rusqlite::Result<Vec<T>>>);
    found.map_err(|e| place.error(&e))
}
