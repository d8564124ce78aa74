//! Reading for watchers, over a connection that only reads.

use std::path::PathBuf;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension};

use super::{Place, read_head, results};
use crate::server::engine::{
    Frames,
    embedded::{
        results::{ResultPageRow, ResultRow},
        store::{Found, Reader, StoreError},
    },
};

/// Frames up to this size are read with their row, larger ones by a second look.
const INLINE_BYTES: i64 = 4096;
/// A read looks at no more rows than this before it lets go of its snapshot.
const READ_ROWS_MAX: usize = 4096;
/// Nor does it read more bytes than this for the few that it may find in them.
const READ_BYTES_MAX: usize = 4 << 20;

/// A connection that only reads.
#[derive(Debug)]
pub(super) struct SqliteReader {
    pub(super) file: PathBuf,
    pub(super) db: Connection,
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

    fn count(&mut self, queue: u32, from_seq: u64, upto_seq: u64) -> Result<u64, StoreError> {
        super::count(&self.db, Place(&self.file), queue, from_seq, upto_seq)
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
                // Two questions: of one for both ends all rows would be read.
                self.db.query_row("SELECT (SELECT min(first_seq) FROM chunk), (SELECT max(first_seq) FROM chunk)", [], |r| {
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

    fn results(&mut self, from_n: u64, most_bytes: usize) -> Result<Vec<ResultRow>, StoreError> {
        results::read(&self.db, Place(&self.file), from_n, most_bytes)
    }

    fn result_page(&mut self, page: u64) -> Result<Vec<ResultPageRow>, StoreError> {
        results::page(&self.db, Place(&self.file), page)
    }

    fn result_at(&mut self, at_ms: u64) -> Result<Option<u64>, StoreError> {
        results::at(&self.db, at_ms).map_err(|e| Place(&self.file).error(&e))
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
