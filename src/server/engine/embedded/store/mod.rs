//! The store: where chunks lie. The writer thread owns it and is the only one to write; readers have
//! connections of their own.
//!
//! What is assumed of a store: [`Store::append`] is atomic, and when it returns `Ok` the commit is as
//! durable as the store can make it. After [`StoreError::Full`] nothing of the commit is there; after any
//! other error it may be there or not, and the process must end before it answers anything more.

use std::collections::HashMap;

use super::{
    chunk::{Chunk, ChunkHead, QueueNumber, Sealed},
    clock::ServerClock,
    delayed::DelayedRow,
    facts::{FactRow, GroupRow, PageRow},
    ids::Ids,
    machine::{GroupNo, Holder, MemberNo},
    presence::ClientRow,
    queue::Extent,
    results::{Reach, ResultPageRow, ResultRow},
    retries::Run,
};
use crate::{
    name::{ClientName, OwnId, QueueName},
    server::engine::Frames,
};

pub(super) mod memory;
pub(super) mod sqlite;

/// Writes, and the writer's own reads.
pub(super) trait Store: Send {
    /// Reads what the engine keeps in memory. Called once, first.
    fn load(&mut self, ids: &mut Ids) -> Result<Loaded, StoreError>;

    /// Reads what the machine keeps in memory.
    fn load_groups(&mut self) -> Result<LoadedGroups, StoreError>;

    /// Reads what is kept in memory of results.
    fn load_results(&mut self) -> Result<LoadedResults, StoreError>;

    /// Adds chunks and what belongs to them, in one transaction, durably.
    fn append(&mut self, commit: &Commit<'_>) -> Result<(), StoreError>;

    /// The chunk that holds `seq`.
    fn chunk(&mut self, seq: u64) -> Result<Option<Chunk>, StoreError>;

    /// What is written down of a page.
    fn page(&mut self, group: GroupNo, page: u64) -> Result<Option<PageRow>, StoreError>;

    /// The frame of a delayed task.
    fn delayed(&mut self, number: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// How many tasks of a queue lie between two seqs, both inclusive.
    fn count(&mut self, queue: QueueNumber, from_seq: u64, upto_seq: u64) -> Result<u64, StoreError>;

    /// The oldest chunks, if they were accepted before `before_ms`: at most `most` of them.
    fn oldest(&mut self, before_ms: u64, most: usize) -> Result<Vec<Old>, StoreError>;

    /// Deletes the chunks up to `last_seq` and what is written down of their tasks, and writes `fold` in the same transaction.
    fn trim(&mut self, last_seq: u64, fold: &Fold) -> Result<(), StoreError>;

    /// The first result that is kept if those go that are of tasks up to `last_seq` alone, from the front on and at
    /// most `most` rows of them; and whether there may be more.
    fn old_results(&mut self, last_seq: u64, most: usize) -> Result<(u64, bool), StoreError>;

    /// Deletes the results before `reach.first_n`.
    fn trim_results(&mut self, reach: Reach) -> Result<(), StoreError>;

    /// Forgets some of the retry keys that were written before `before_ms`. True if there are more.
    fn forget_retries(&mut self, before_ms: u64) -> Result<bool, StoreError>;

    /// Whether so much was written that [`Store::checkpoint`] is due.
    fn wants_checkpoint(&self) -> bool;

    /// Writes `fold`.
    fn fold(&mut self, fold: &Fold) -> Result<(), StoreError>;

    /// Moves what was written to its final place. Nothing depends on it but room.
    fn checkpoint(&mut self) -> Result<(), StoreError>;

    /// What was written down of clients, as far as it can be read.
    fn load_clients(&mut self) -> Result<Vec<ClientRow>, StoreError>;

    /// Writes some clients down and forgets others.
    fn write_clients(&mut self, rows: &[ClientRow], gone: &[ClientName]) -> Result<(), StoreError>;

    /// Gives a little of the freed space back to the file system. True if there is more to give.
    fn give_back(&mut self) -> Result<bool, StoreError>;

    /// How much room there is for what is still to be written. `None`: that is no matter, or cannot be known.
    fn space(&self) -> Option<Space> {
        None
    }

    /// Takes room for when there is none. True if it has it now, and had not.
    fn take_ballast(&mut self) -> bool {
        false
    }

    /// Gives that room up. True if it had any.
    fn give_up_ballast(&mut self) -> bool {
        false
    }

    /// A new reader.
    fn reader(&self) -> Result<Box<dyn Reader>, StoreError>;
}

/// Reads for watchers, off the writer's thread.
pub(super) trait Reader: Send {
    /// Tasks of one queue between two seqs, both inclusive: about `most_bytes` of them.
    fn read(
        &mut self,
        queue: QueueNumber,
        from_seq: u64,
        upto_seq: u64,
        most_bytes: usize,
    ) -> Result<Found, StoreError>;

    /// How many tasks of a queue lie between two seqs, both inclusive.
    fn count(&mut self, queue: QueueNumber, from_seq: u64, upto_seq: u64) -> Result<u64, StoreError>;

    /// The first seq that was accepted at `at_ms` or later.
    fn seq_at(&mut self, at_ms: u64) -> Result<Option<u64>, StoreError>;

    /// Rows of results, from the one that has `from_n` or the next one after it on: about `most_bytes` of them.
    fn results(&mut self, from_n: u64, most_bytes: usize) -> Result<Vec<ResultRow>, StoreError>;

    /// Where the results of the tasks of a page stand, as far as it was folded.
    fn result_page(&mut self, page: u64) -> Result<Vec<ResultPageRow>, StoreError>;

    /// The first result that was taken at `at_ms` or later.
    fn result_at(&mut self, at_ms: u64) -> Result<Option<u64>, StoreError>;
}

/// Room on the disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Space {
    /// Of the whole file system.
    pub(super) total: u64,
    /// What is free of it, less what was written and is not yet in its final place.
    pub(super) free: u64,
    /// What is missing of the ballast.
    pub(super) owed: u64,
}

/// What a reader found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The tasks, if any.
    pub(super) frames: Option<Frames>,
    /// All of the queue up to here has been looked at.
    pub(super) looked_upto_seq: u64,
}

/// What a transaction adds.
#[derive(Debug)]
pub(super) struct Commit<'a> {
    /// If a doubt of the wall clock has come or gone that is not yet written down.
    pub(super) clock: Option<ServerClock>,
    /// What the retry keys age by.
    pub(super) aging_ms: u64,
    pub(super) chunks: &'a [Sealed],
    pub(super) retries: &'a [Run],
    pub(super) new_queues: &'a [(QueueNumber, QueueName)],
    pub(super) new_groups: &'a [GroupRow],
    pub(super) holders: &'a [Holder],
    pub(super) facts: Option<&'a FactRow>,
    /// Tasks that were cancelled, and their queues.
    pub(super) cancelled: &'a [(u64, QueueNumber)],
    /// Tasks that wait for their time.
    pub(super) delayed: &'a [DelayedRow],
    /// Those that wait no more.
    pub(super) entered: &'a [u64],
    pub(super) results: &'a [ResultRow],
}

/// The engine's memory as of a seq, so that a start need not read all chunks.
#[derive(Debug, Clone)]
pub(super) struct Fold {
    /// All up to here is in it.
    pub(super) head_seq: u64,
    pub(super) clock: ServerClock,
    /// The queues that changed since the last fold.
    pub(super) queues: Vec<Extent>,
    /// Groups whose heads changed.
    pub(super) groups: Vec<GroupRow>,
    /// Pages that changed.
    pub(super) pages: Vec<PageRow>,
    /// With it the facts up to this row are in heads and pages, and may go; so may these holders.
    pub(super) facts_upto: Option<u64>,
    pub(super) gone_holders: Vec<MemberNo>,
    /// The machine's time.
    pub(super) machine_ms: u64,
    /// Where results stand that were taken since the last fold.
    pub(super) result_pages: Vec<ResultPageRow>,
    /// With it that is said of all results up to this one.
    pub(super) results_upto: Option<u64>,
}

/// What a store holds.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) store_id: String,
    pub(super) head_seq: u64,
    /// The first seq kept; `head_seq + 1` if none is.
    pub(super) first_seq: u64,
    pub(super) clock: ServerClock,
    pub(super) queues: Vec<(QueueName, Extent)>,
    pub(super) retries: Vec<(u64, Run)>,
    /// What tokens are marked with.
    pub(super) token_key: [u8; 32],
    /// Numbers, times and queues of the tasks that wait.
    pub(super) delayed: Vec<(u64, u64, QueueNumber)>,
    /// The next delayed task gets this number.
    pub(super) next_delayed: u64,
}

/// What a store holds of groups.
#[derive(Debug, Default)]
pub(super) struct LoadedGroups {
    pub(super) groups: Vec<GroupRow>,
    pub(super) holders: Vec<Holder>,
    /// Pages that a start needs in memory.
    pub(super) pages: Vec<PageRow>,
    /// Of the other pages that have some of `facts`: up to which row.
    pub(super) positions: HashMap<(GroupNo, u64), u64>,
    /// The facts that are not yet in all heads and pages.
    pub(super) facts: Vec<FactRow>,
    pub(super) cancelled: Vec<(u64, QueueNumber)>,
    /// The machine's time when it was last written down.
    pub(super) machine_ms: u64,
    /// The last row of facts there ever was.
    pub(super) last_fact: u64,
}

/// What a store holds of results.
#[derive(Debug)]
pub(super) struct LoadedResults {
    pub(super) reach: Reach,
    /// Those that are not yet in all pages.
    pub(super) unfolded: Vec<ResultRow>,
}

impl Loaded {
    /// Brings the queues up to date by chunks that are not in the last fold.
    fn unfold(
        &mut self,
        heads: impl Iterator<Item = Result<ChunkHead, StoreError>>,
    ) -> Result<(), StoreError> {
        let places: HashMap<QueueNumber, usize> =
            self.queues.iter().enumerate().filter_map(|(i, (_, extent))| Some((extent.number?, i))).collect();
        for head in heads {
            let head = head?;
            for part in &head.directory {
                let place = places.get(&part.queue).ok_or_else(|| {
                    StoreError::Damaged(format!(
                        "the chunk at seq {} names a queue that is not there",
                        head.first_seq
                    ))
                })?;
                let extent = &mut self.queues[*place].1;
                extent.last_seq = part.last_seq;
                extent.tasks += part.tasks;
            }
            self.head_seq = self.head_seq.max(head.last_seq);
            self.clock.last_ms = self.clock.last_ms.max(head.at_ms);
        }
        Ok(())
    }
}

/// A chunk that may be trimmed.
#[derive(Debug)]
pub(super) struct Old {
    pub(super) head: ChunkHead,
    pub(super) ids: Vec<(u64, OwnId)>,
}

/// Why the store did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum StoreError {
    /// No room; nothing was done.
    #[error("{0}")]
    Full(String),
    /// It failed; whether it was done is not known.
    #[error("{0}")]
    Failed(String),
    /// What was read is not what was written.
    #[error("{0}")]
    Damaged(String),
}
