//! The log that a server which was killed has left beside its file. SQLite reads it up to the first frame that is not
//! whole and takes that for its end: what was committed behind a damaged one would be forgotten in silence. So it is
//! looked through before SQLite sees it.
//!
//! A power failure may tear the last transaction, because it was never synced, and none before it: a commit is synced
//! before the next one is begun. Frames of this log behind a later commit than that are a sign of damage, but only if each
//! follows from the one before it: a transaction that was given up, for want of room say, leaves frames of this log behind
//! the end of it, and a later one is written over the first of them. What the format cannot tell apart is damage of the
//! very last transaction, and its tearing.
//! The format is at <https://www.sqlite.org/fileformat2.html#walformat>.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, BufReader, ErrorKind, Read},
    path::{Path, PathBuf},
};

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The header's first word; its last bit says in which order the checksums take their bytes.
const MAGIC: u32 = 0x377f_0682;
const VERSION: u32 = 3_007_000;
const PAGE_BYTES_MAX: u32 = 65_536;

/// The log beside a file.
pub(super) fn beside(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push("-wal");
    name.into()
}

/// What is wrong with a log. `None`: nothing that a loss of power could not have done to it.
pub(super) fn damage(log: &Path) -> io::Result<Option<String>> {
    let mut stored = match File::open(log) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        stored => BufReader::with_capacity(1 << 16, stored?),
    };
    let mut header = [0; HEADER_BYTES];
    if !fill(&mut stored, &mut header)? {
        return Ok(None);
    }
    let Some(mut log) = Log::read(&header) else {
        let mut first = [0; FRAME_HEADER_BYTES];
        // It is synced before there are frames behind it, and shorter than what a disk writes at once.
        let is_used = fill(&mut stored, &mut first)? && first.iter().any(|byte| *byte != 0);
        return Ok(is_used.then(|| "its header".to_owned()));
    };
    let mut frame = vec![0; FRAME_HEADER_BYTES + log.page_bytes];
    let mut broken = None;
    let (mut number, mut is_behind_a_commit) = (0u64, false);
    while fill(&mut stored, &mut frame)? {
        number += 1;
        // What the log overwrites as it grows anew has other salts.
        let is_of_this_log = frame[8..16] == log.salts;
        let follows = is_of_this_log && log.takes(&frame);
        match broken {
            None if follows => {}
            Some(broken) if follows && is_behind_a_commit => return Ok(Some(format!("its frame {broken}"))),
            _ => {
                broken.get_or_insert(number);
                // The page that ends a transaction says how large the file is then.
                is_behind_a_commit = follows && is_behind_a_commit || is_of_this_log && word(&frame, 4) != 0;
                if !follows {
                    log.passes(&frame);
                }
            }
        }
    }
    Ok(None)
}

/// What a log's header says, and the checksum so far.
struct Log {
    page_bytes: usize,
    salts: [u8; 8],
    is_big_endian: bool,
    sum: (u32, u32),
    /// What the last frame says that it is, if that is something else.
    said: Option<(u32, u32)>,
}

impl Log {
    /// `None`: it is damaged.
    fn read(header: &[u8; HEADER_BYTES]) -> Option<Self> {
        let (magic, page_bytes) = (word(header, 0), word(header, 8));
        let is_known = magic & !1 == MAGIC && word(header, 4) == VERSION;
        let is_size = page_bytes.is_power_of_two() && (512..=PAGE_BYTES_MAX).contains(&page_bytes);
        let mut log = Log {
            page_bytes: page_bytes as usize,
            salts: header[16..24].try_into().ok()?,
            is_big_endian: magic & 1 == 1,
            sum: (0, 0),
            said: None,
        };
        log.sum = log.add(log.sum, &header[..24]);
        (is_known && is_size && log.sum == (word(header, 24), word(header, 28))).then_some(log)
    }

    /// Whether the next frame is whole, and follows from the one before it.
    fn takes(&mut self, frame: &[u8]) -> bool {
        let stored = stored_sum(frame);
        let is_from = |before| self.sum_after(before, frame) == stored;
        let is_whole = word(frame, 0) != 0 && (is_from(self.sum) || self.said.is_some_and(is_from));
        if is_whole {
            (self.sum, self.said) = (stored, None);
        }
        is_whole
    }

    /// Goes on behind a frame that is not: the next may follow from what this one says, or from what it is if that is
    /// all that is wrong with it.
    fn passes(&mut self, frame: &[u8]) {
        self.sum = self.sum_after(self.sum, frame);
        self.said = Some(stored_sum(frame));
    }

    fn sum_after(&self, before: (u32, u32), frame: &[u8]) -> (u32, u32) {
        self.add(self.add(before, &frame[..8]), &frame[FRAME_HEADER_BYTES..])
    }

    fn add(&self, mut sum: (u32, u32), bytes: &[u8]) -> (u32, u32) {
        let read = if self.is_big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
        for pair in bytes.as_chunks::<8>().0 {
            let [a, b, c, d, e, f, g, h] = *pair;
            sum.0 = sum.0.wrapping_add(read([a, b, c, d])).wrapping_add(sum.1);
            sum.1 = sum.1.wrapping_add(read([e, f, g, h])).wrapping_add(sum.0);
        }
        sum
    }
}

/// The checksum that a frame says it has.
fn stored_sum(frame: &[u8]) -> (u32, u32) {
    (word(frame, 16), word(frame, 20))
}

/// A number as the format has them: big endian, whatever the checksums are.
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().fold(0, |word, byte| word << 8 | u32::from(*byte))
}

/// False if there is not so much.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(buffer) {
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// A log with three transactions, as a process leaves it that is killed.
    fn left_behind(folder: &Path) -> Vec<u8> {
        let file = folder.join("a.db");
        let db = Connection::open(&file).unwrap();
        db.execute_batch("PRAGMA page_size = 512; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0")
            .unwrap();
        for sql in ["CREATE TABLE t (x)", "INSERT INTO t VALUES (zeroblob(2000))", "INSERT INTO t VALUES (1)"]
        {
            db.execute_batch(sql).unwrap();
        }
        std::fs::read(beside(&file)).unwrap()
    }

    fn judged(log: &[u8]) -> Option<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), log).unwrap();
        damage(file.path()).unwrap()
    }

    #[test]
    fn a_flipped_byte_before_the_last_transaction_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let log = left_behind(folder.path());
        let frame_bytes = FRAME_HEADER_BYTES + 512;
        let frames = (log.len() - HEADER_BYTES) / frame_bytes;
        assert_eq!(log.len(), HEADER_BYTES + frames * frame_bytes);
        let commits: Vec<usize> =
            (0..frames).filter(|n| word(&log, HEADER_BYTES + n * frame_bytes + 4) != 0).collect();
        assert!(commits.len() >= 3, "{commits:?}");
        let last_begins = commits[commits.len() - 2] + 1;
        assert_eq!(judged(&log), None);
        for at in 0..log.len() {
            let mut bent = log.clone();
            bent[at] ^= 1;
            let frame = at.checked_sub(HEADER_BYTES).map(|at| at / frame_bytes);
            let found = judged(&bent);
            match frame {
                None => assert_eq!(found.as_deref(), Some("its header"), "byte {at}"),
                // What looks like a frame of the log before cannot be told from one.
                Some(n) if n + 1 == last_begins && (8..16).contains(&((at - HEADER_BYTES) % frame_bytes)) => {
                }
                Some(n) if n < last_begins => {
                    assert_eq!(found, Some(format!("its frame {}", n + 1)), "byte {at}")
                }
                // It may be torn.
                Some(_) => assert_eq!(found, None, "byte {at}"),
            }
        }
    }

    #[test]
    fn what_a_loss_of_power_leaves_is_no_damage() {
        let folder = tempfile::tempdir().unwrap();
        let log = left_behind(folder.path());
        assert_eq!(damage(&folder.path().join("absent")).unwrap(), None);
        for end in (0..log.len()).step_by(7) {
            assert_eq!(judged(&log[..end]), None, "cut at {end}");
        }
        assert_eq!(judged(&vec![0; log.len()]), None);
        // It begins anew: behind its first frames are those of the log before.
        let file = folder.path().join("a.db");
        let db = Connection::open(&file).unwrap();
        db.execute_batch("PRAGMA wal_autocheckpoint = 0; INSERT INTO t VALUES (zeroblob(9000))").unwrap();
        db.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
        db.execute_batch("INSERT INTO t VALUES (2); INSERT INTO t VALUES (3)").unwrap();
        assert_eq!(damage(&beside(&file)).unwrap(), None);
    }

    #[test]
    fn what_was_given_up_behind_the_end_of_the_log_is_no_damage() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let db = Connection::open(&file).unwrap();
        // It spills into the log before its end, which never comes.
        db.execute_batch(
            "PRAGMA page_size = 512; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
             PRAGMA cache_size = 5; CREATE TABLE t (x); INSERT INTO t VALUES (1);
             BEGIN; INSERT INTO t VALUES (zeroblob(20000)); ROLLBACK",
        )
        .unwrap();
        let frame_bytes = FRAME_HEADER_BYTES + 512;
        let frames = |log: &[u8]| (log.len() - HEADER_BYTES) / frame_bytes;
        let before = std::fs::read(beside(&file)).unwrap();
        db.execute_batch("INSERT INTO t VALUES (zeroblob(3000))").unwrap();
        let log = std::fs::read(beside(&file)).unwrap();
        assert_eq!(frames(&log), frames(&before), "there is something behind the end");
        let salts = |n: usize| HEADER_BYTES + n * frame_bytes + 8;
        assert_eq!(log[salts(frames(&log) - 1)..][..8], log[salts(0)..][..8]);
        let fresh: Vec<usize> = (0..frames(&log))
            .filter(|n| {
                let at = HEADER_BYTES + n * frame_bytes;
                log[at..at + frame_bytes] != before[at..at + frame_bytes]
            })
            .collect();
        assert!(fresh.len() >= 4, "{fresh:?}");
        assert_eq!(judged(&log), None);
        // Any of it may not have got to the disk, or half of it: what lay there is there still. (A tear inside a frame's
        // header can bring the end of one and the sum of another together; one header in 64 lies where a disk tears.)
        for n in fresh {
            for cut in [0, FRAME_HEADER_BYTES, 100] {
                let at = HEADER_BYTES + n * frame_bytes;
                let mut torn = log.clone();
                torn[at + cut..at + frame_bytes].copy_from_slice(&before[at + cut..at + frame_bytes]);
                assert_eq!(judged(&torn), None, "frame {n} from byte {cut} on");
                torn[at + cut..at + frame_bytes].fill(0);
                assert_eq!(judged(&torn), None, "frame {n} without what is from byte {cut} on");
            }
        }
    }
}
