//! What the file keeps of clients. None of it is a promise: a row that is damaged is named in the log and forgotten.

use rusqlite::{Connection, Row, params};

use super::{Place, groups::checksum};
use crate::{
    name::{ClientName, QueueName},
    server::engine::{
        LastStatus,
        embedded::{presence::ClientRow, store::StoreError},
        frames::{put_varint, take_varint},
    },
};

/// The table.
pub(super) const SCHEMA: &str = "
    CREATE TABLE client (
        name TEXT PRIMARY KEY, last_seen_ms INTEGER NOT NULL, status TEXT, status_at_ms INTEGER,
        watched BLOB NOT NULL, checksum INTEGER NOT NULL
    );
";

/// All rows, for [`read`].
pub(super) const ALL: &str =
    "SELECT rowid, name, last_seen_ms, status, status_at_ms, watched, checksum FROM client";

/// Reads all rows that are whole.
pub(super) fn load(db: &Connection, place: Place<'_>) -> Result<Vec<ClientRow>, StoreError> {
    let (mut clients, mut damaged) = (Vec::new(), Vec::new());
    {
        let mut statement = db.prepare(ALL).map_err(|e| place.error(&e))?;
        let mut rows = statement.query([]).map_err(|e| place.error(&e))?;
        while let Some(row) = rows.next().map_err(|e| place.error(&e))? {
            match read(row) {
                Some(client) => clients.push(client),
                None => damaged.push(row.get::<_, i64>(0).map_err(|e| place.error(&e))?),
            }
        }
    }
    for number in damaged {
        let what = place.damaged(format!("row {number} of the clients"));
        tracing::error!("{what}: what was known of that client is forgotten");
        // If there is no room for that, the next start names it again.
        if let Err(e) = db.execute("DELETE FROM client WHERE rowid = ?1", [number]) {
            tracing::warn!("it is still there: {}", place.error(&e));
        }
    }
    Ok(clients)
}

/// Writes some clients and forgets others. Returns about how many bytes.
pub(super) fn write(db: &Connection, rows: &[ClientRow], gone: &[ClientName]) -> rusqlite::Result<usize> {
    let mut bytes = 0;
    for name in gone {
        db.prepare_cached("DELETE FROM client WHERE name = ?1")?.execute([name.as_str()])?;
    }
    for row in rows {
        let watched = write_watched(&row.watched);
        let (status, at_ms) = (row.status.as_ref().map(|s| &s.status), row.status.as_ref().map(|s| s.at_ms));
        db.prepare_cached("INSERT OR REPLACE INTO client VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(
            params![
                row.client.as_str(),
                row.seen_ms as i64,
                status,
                at_ms.map(|ms| ms as i64),
                watched,
                sum_of(row, &watched),
            ],
        )?;
        bytes += status.map_or(0, String::len) + watched.len() + 64;
    }
    Ok(bytes)
}

/// `None`: it is damaged.
pub(super) fn read(row: &Row<'_>) -> Option<ClientRow> {
    let name: String = row.get(1).ok()?;
    let seen_ms: i64 = row.get(2).ok()?;
    let (status, at_ms): (Option<String>, Option<i64>) = (row.get(3).ok()?, row.get(4).ok()?);
    let stored: Vec<u8> = row.get(5).ok()?;
    let client = ClientRow {
        client: ClientName::parse(&name).ok()?,
        seen_ms: seen_ms as u64,
        status: status.zip(at_ms).map(|(status, at_ms)| LastStatus { status, at_ms: at_ms as u64 }),
        watched: read_watched(&stored)?,
    };
    (sum_of(&client, &stored) == row.get::<_, u32>(6).ok()?).then_some(client)
}

fn sum_of(row: &ClientRow, watched: &[u8]) -> u32 {
    let (status, at_ms) = row.status.as_ref().map_or(("", 0), |last| (&last.status, last.at_ms));
    let numbers = [row.seen_ms, u64::from(row.status.is_some()), at_ms];
    checksum(&numbers, &[row.client.as_str().as_bytes(), status.as_bytes(), watched])
}

fn write_watched(watched: &[(QueueName, u64)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (queue, at_ms) in watched {
        put_varint(&mut out, queue.as_str().len() as u64);
        out.extend_from_slice(queue.as_str().as_bytes());
        put_varint(&mut out, *at_ms);
    }
    out
}

fn read_watched(mut stored: &[u8]) -> Option<Vec<(QueueName, u64)>> {
    let mut watched = Vec::new();
    while !stored.is_empty() {
        let length = usize::try_from(take_varint(&mut stored)?).ok()?;
        let (name, rest) = stored.split_at_checked(length)?;
        stored = rest;
        watched.push((QueueName::parse(std::str::from_utf8(name).ok()?).ok()?, take_varint(&mut stored)?));
    }
    Some(watched)
}
