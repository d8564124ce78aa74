//! A chunk: a contiguous range of seqs as the store keeps it. The tasks of all queues, grouped by queue,
//! and a directory that tells which bytes are whose. One row, one read, one checksum.

use std::{collections::HashMap, ops::Range};

use bytes::Bytes;

use crate::name::OwnId;
use crate::server::engine::frames::{Frames, put_varint, take_varint};

/// A chunk is sealed when its frames reach this many bytes, so that a stalled watcher pins little.
pub(super) const CHUNK_BYTES: usize = 256 << 10;

/// The number by which the store knows a queue.
pub(super) type QueueNumber = u32;

/// A contiguous range of seqs.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub(super) head: ChunkHead,
    pub(super) frames: Bytes,
}

/// A chunk without its frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChunkHead {
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
    /// When it was accepted.
    pub(super) at_ms: u64,
    pub(super) directory: Vec<Part>,
}

/// Which bytes of a chunk are one queue's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) queue: QueueNumber,
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
    pub(super) tasks: u64,
    pub(super) bytes: Range<usize>,
}

impl Chunk {
    /// The frames of one part.
    pub(super) fn frames_of(&self, part: &Part) -> Option<Frames> {
        (part.bytes.end <= self.frames.len()).then(|| Frames {
            first_seq: part.first_seq,
            last_seq: part.last_seq,
            bytes: self.frames.slice(part.bytes.clone()),
        })
    }

    /// The frame of one task.
    pub(super) fn frame(&self, seq: u64) -> Option<Frames> {
        self.head.directory.iter().filter(|p| (p.first_seq..=p.last_seq).contains(&seq)).find_map(|part| {
            let frames = self.frames_of(part)?;
            let found = if part.last_seq - part.first_seq + 1 == part.tasks {
                // No seq is left out, so the place is known and no frame need be looked into.
                frames.skip(seq - part.first_seq)
            } else {
                frames.starting_at(seq)
            };
            found.map(|found| found.first(1).0).filter(|found| found.first_seq == seq)
        })
    }

    /// How many tasks of a queue are in it between two seqs, both inclusive.
    pub(super) fn count(&self, queue: QueueNumber, from_seq: u64, upto_seq: u64) -> u64 {
        let Some(part) = self.head.part(queue) else { return 0 };
        if from_seq <= part.first_seq && part.last_seq <= upto_seq {
            return part.tasks;
        }
        let frames =
            self.frames_of(part).and_then(|frames| frames.starting_at(from_seq)?.ending_at(upto_seq));
        frames.map_or(0, |frames| frames.tasks().count() as u64)
    }

    /// A checksum over the frames, and over whose they are.
    pub(super) fn checksum(&self) -> u32 {
        let mut sum = crc32fast::Hasher::new();
        sum.update(&self.head.first_seq.to_le_bytes());
        sum.update(&self.frames);
        sum.finalize()
    }
}

impl ChunkHead {
    /// A checksum over all that the head says: it is often read without the frames.
    pub(super) fn checksum(&self) -> u32 {
        let mut sum = crc32fast::Hasher::new();
        for n in [self.first_seq, self.last_seq, self.at_ms] {
            sum.update(&n.to_le_bytes());
        }
        sum.update(&self.write_directory());
        sum.finalize()
    }

    /// The part of one queue.
    pub(super) fn part(&self, queue: QueueNumber) -> Option<&Part> {
        self.directory.iter().find(|p| p.queue == queue)
    }

    /// The directory as the store keeps it: seqs relative to the chunk's first, lengths instead of ranges.
    pub(super) fn write_directory(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.directory.len() * 12);
        for part in &self.directory {
            put_varint(&mut out, u64::from(part.queue));
            put_varint(&mut out, part.first_seq - self.first_seq);
            put_varint(&mut out, part.last_seq - part.first_seq);
            put_varint(&mut out, part.tasks);
            put_varint(&mut out, part.bytes.len() as u64);
        }
        out
    }

    /// Reads a directory. `None` if it is damaged.
    pub(super) fn read_directory(first_seq: u64, mut stored: &[u8]) -> Option<Vec<Part>> {
        let mut parts = Vec::new();
        let mut start = 0usize;
        while !stored.is_empty() {
            let queue = QueueNumber::try_from(take_varint(&mut stored)?).ok()?;
            let part_first = first_seq.checked_add(take_varint(&mut stored)?)?;
            let part_last = part_first.checked_add(take_varint(&mut stored)?)?;
            // The store keeps seqs as signed numbers: beyond them there is nothing but damage.
            i64::try_from(part_last).ok()?;
            let tasks = take_varint(&mut stored)?;
            let end = start.checked_add(usize::try_from(take_varint(&mut stored)?).ok()?)?;
            parts.push(Part { queue, first_seq: part_first, last_seq: part_last, tasks, bytes: start..end });
            start = end;
        }
        Some(parts)
    }
}

/// A chunk that is complete, with what is to be indexed of it.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) chunk: Chunk,
    /// The ids that submitters gave.
    pub(super) ids: Vec<(u64, OwnId)>,
}

/// A chunk in the making.
#[derive(Debug)]
pub(super) struct Builder {
    at_ms: u64,
    first_seq: u64,
    next_seq: u64,
    bytes: usize,
    parts: Vec<Open>,
    by_queue: HashMap<QueueNumber, usize>,
    ids: Vec<(u64, OwnId)>,
}

#[derive(Debug)]
struct Open {
    queue: QueueNumber,
    first_seq: u64,
    last_seq: u64,
    tasks: u64,
    frames: Vec<u8>,
}

impl Builder {
    /// Begins a chunk whose first task gets `first_seq`.
    pub(super) fn new(first_seq: u64, at_ms: u64) -> Self {
        Builder {
            at_ms,
            first_seq,
            next_seq: first_seq,
            bytes: 0,
            parts: Vec::new(),
            by_queue: HashMap::new(),
            ids: Vec::new(),
        }
    }

    /// The seq that the next task gets.
    pub(super) fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Whether it is time to seal.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= CHUNK_BYTES
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.next_seq == self.first_seq
    }

    /// Adds a task: `write` appends its frame. Returns how many bytes that was.
    pub(super) fn add(
        &mut self,
        queue: QueueNumber,
        id: Option<OwnId>,
        write: impl FnOnce(&mut Vec<u8>, u64),
    ) -> usize {
        let seq = self.next_seq;
        self.next_seq += 1;
        let place = match self.parts.last() {
            // Most tasks go where the one before went.
            Some(last) if last.queue == queue => self.parts.len() - 1,
            _ => *self.by_queue.entry(queue).or_insert_with(|| {
                self.parts.push(Open { queue, first_seq: seq, last_seq: seq, tasks: 0, frames: Vec::new() });
                self.parts.len() - 1
            }),
        };
        let part = &mut self.parts[place];
        part.last_seq = seq;
        part.tasks += 1;
        let before = part.frames.len();
        write(&mut part.frames, seq);
        let added = part.frames.len() - before;
        self.bytes += added;
        self.ids.extend(id.map(|id| (seq, id)));
        added
    }

    /// Completes the chunk.
    pub(super) fn seal(self) -> Sealed {
        let mut directory = Vec::with_capacity(self.parts.len());
        let mut start = 0;
        for part in &self.parts {
            let end = start + part.frames.len();
            directory.push(Part {
                queue: part.queue,
                first_seq: part.first_seq,
                last_seq: part.last_seq,
                tasks: part.tasks,
                bytes: start..end,
            });
            start = end;
        }
        let mut parts = self.parts.into_iter();
        let mut frames = parts.next().map(|p| p.frames).unwrap_or_default();
        for part in parts {
            frames.extend_from_slice(&part.frames);
        }
        let head = ChunkHead {
            first_seq: self.first_seq,
            last_seq: self.next_seq - 1,
            at_ms: self.at_ms,
            directory,
        };
        // A `Vec` has room to spare; a chunk that may live long in memory should not.
        frames.shrink_to_fit();
        Sealed { chunk: Chunk { head, frames: frames.into() }, ids: self.ids }
    }
}

/// The ids of a chunk as the store keeps them.
pub(super) fn write_ids(first_seq: u64, ids: &[(u64, OwnId)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (seq, id) in ids {
        put_varint(&mut out, seq - first_seq);
        put_varint(&mut out, id.as_str().len() as u64);
        out.extend_from_slice(id.as_str().as_bytes());
    }
    out
}

/// Reads what [`write_ids`] wrote. `None` if it is damaged.
pub(super) fn read_ids(first_seq: u64, mut stored: &[u8]) -> Option<Vec<(u64, OwnId)>> {
    let mut ids = Vec::new();
    while !stored.is_empty() {
        let seq = first_seq.checked_add(take_varint(&mut stored)?)?;
        let length = usize::try_from(take_varint(&mut stored)?).ok()?;
        let (text, rest) = stored.split_at_checked(length)?;
        stored = rest;
        ids.push((seq, OwnId::stored(std::str::from_utf8(text).ok()?).ok()?));
    }
    Some(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::engine::frames::Task;

    fn build() -> Sealed {
        let mut builder = Builder::new(41, 7);
        for (queue, id) in [(1, None), (2, Some("deploy")), (1, None), (3, None), (1, Some("again"))] {
            let own = id.map(|id| OwnId::parse(id).unwrap());
            builder.add(queue, own, |out, seq| {
                let shown = id.map_or_else(|| seq.to_string(), str::to_owned);
                let queue = format!("q{queue}");
                let task = Task { task: "text", id: &shown, queue: &queue, seq, ..Task::default() };
                task.write(out);
            });
        }
        builder.seal()
    }

    #[test]
    fn tasks_are_grouped_by_queue_and_found_by_seq() {
        let Sealed { chunk, ids } = build();
        assert_eq!((chunk.head.first_seq, chunk.head.last_seq), (41, 45));
        let ones = chunk.frames_of(chunk.head.part(1).unwrap()).unwrap();
        assert_eq!(ones.tasks().map(|t| t.seq).collect::<Vec<_>>(), [41, 43, 45]);
        for seq in 41..=45 {
            assert_eq!(chunk.frame(seq).unwrap().tasks().next().unwrap().seq, seq);
        }
        assert!(chunk.frame(46).is_none());
        assert_eq!(ids.iter().map(|(s, _)| *s).collect::<Vec<_>>(), [42, 45]);
    }

    #[test]
    fn directory_and_ids_come_back() {
        let Sealed { chunk, ids } = build();
        let stored = chunk.head.write_directory();
        assert_eq!(ChunkHead::read_directory(41, &stored).unwrap(), chunk.head.directory);
        let stored = write_ids(41, &ids);
        assert_eq!(read_ids(41, &stored).unwrap(), ids);
    }

    #[test]
    fn the_checksum_sees_each_byte() {
        let Sealed { chunk, .. } = build();
        let whole = chunk.checksum();
        for i in 0..chunk.frames.len() {
            let mut bent = chunk.frames.to_vec();
            bent[i] ^= 1;
            assert_ne!(Chunk { frames: bent.into(), ..chunk.clone() }.checksum(), whole);
        }
    }
}
