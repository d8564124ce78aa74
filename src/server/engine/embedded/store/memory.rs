//! A store that forgets when the process ends: `--store memory`, and the tests' stand-in for a disk. What a
//! second [`MemoryStore`] over the same [`Disk`] finds is what a restart would find.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    super::{
        chunk::{Chunk, ChunkHead, QueueNumber},
        clock::ServerClock,
        delayed::{DelayedRow, place_of},
        facts::{FactRow, GroupRow, PageRow},
        ids::Ids,
        machine::{GroupNo, Holder, MemberNo, PAGE_SEQS},
        presence::ClientRow,
        queue::Extent,
        results::{Reach, ResultPageRow, ResultRow},
        retries::Run,
    },
    Commit, Fold, Found, Loaded, LoadedGroups, LoadedResults, Old, Reader, Store, StoreError,
};
use crate::name::{ClientName, OwnId, QueueName};

/// Rows of facts that may wait to be folded.
const FACT_ROWS_MAX: usize = 1024;

/// What is kept.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Disk {
    store_id: String,
    chunks: BTreeMap<u64, (Chunk, Vec<(u64, OwnId)>)>,
    queues: BTreeMap<QueueNumber, (QueueName, Extent)>,
    retries: Vec<(u64, Vec<Run>)>,
    folded_seq: u64,
    clock: ServerClock,
    groups: BTreeMap<GroupNo, GroupRow>,
    holders: BTreeMap<MemberNo, Holder>,
    pages: BTreeMap<(u64, GroupNo), PageRow>,
    facts: BTreeMap<u64, FactRow>,
    last_fact: u64,
    cancelled: BTreeMap<u64, QueueNumber>,
    machine_ms: u64,
    delayed: BTreeMap<u64, DelayedRow>,
    last_delayed: u64,
    token_key: [u8; 32],
    clients: BTreeMap<ClientName, ClientRow>,
    results: BTreeMap<u64, ResultRow>,
    /// By their pages and their first results.
    result_pages: BTreeMap<(u64, u64), ResultPageRow>,
    results_upto: u64,
    last_result: u64,
    /// What the next appends do instead of their work: for tests.
    #[cfg(test)]
    pub(in super::super) faults: std::collections::VecDeque<Option<StoreError>>,
}

/// A store over a [`Disk`].
#[derive(Debug, Clone)]
pub(in super::super) struct MemoryStore(Arc<Mutex<Disk>>);

impl MemoryStore {
    /// A new and empty store.
    pub(in super::super) fn new(store_id: String) -> Self {
        let token_key = rand::random();
        MemoryStore(Arc::new(Mutex::new(Disk { store_id, token_key, ..Disk::default() })))
    }

    /// What is there now, over a disk of its own: what a crash at this moment would leave.
    #[cfg(test)]
    pub(in super::super) fn copy(&self) -> Self {
        MemoryStore(Arc::new(Mutex::new(self.disk().clone())))
    }

    /// What lies under it.
    pub(in super::super) fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk {
    fn write_fold(&mut self, fold: &Fold) {
        self.folded_seq = fold.head_seq;
        self.clock = fold.clock;
        for extent in &fold.queues {
            if let Some((_, kept)) = extent.number.and_then(|n| self.queues.get_mut(&n)) {
                *kept = *extent;
            }
        }
        self.machine_ms = fold.machine_ms;
        self.groups.extend(fold.groups.iter().map(|row| (row.number, row.clone())));
        self.pages.extend(fold.pages.iter().map(|row| ((row.page, row.group), row.clone())));
        if let Some(upto) = fold.facts_upto {
            self.facts = self.facts.split_off(&(upto + 1));
            self.holders.retain(|number, _| !fold.gone_holders.contains(number));
        }
        self.result_pages.extend(fold.result_pages.iter().map(|row| ((row.page, row.first_n), row.clone())));
        self.results_upto = fold.results_upto.unwrap_or(self.results_upto);
    }

    /// Where the row that has the result `n` begins, or would.
    fn row_start(&self, n: u64) -> u64 {
        let row = self.results.range(..=n).next_back().filter(|(_, row)| n <= row.last_n);
        row.map_or(n, |(first_n, _)| *first_n)
    }

    fn count(&self, queue: QueueNumber, from_seq: u64, upto_seq: u64) -> u64 {
        if from_seq > upto_seq {
            return 0;
        }
        let chunks = self.chunks.range(self.chunk_start(from_seq)..=upto_seq);
        chunks.map(|(_, (chunk, _))| chunk.count(queue, from_seq, upto_seq)).sum()
    }

    /// Where the chunk that holds `seq` begins, or would.
    fn chunk_start(&self, seq: u64) -> u64 {
        self.chunks.range(..=seq).next_back().map_or(seq, |(first, _)| *first)
    }
}

impl Store for MemoryStore {
    fn load(&mut self, ids: &mut Ids) -> Result<Loaded, StoreError> {
        let disk = self.disk();
        let mut loaded = Loaded {
            store_id: disk.store_id.clone(),
            head_seq: disk.folded_seq,
            first_seq: 0,
            clock: disk.clock,
            queues: disk.queues.values().cloned().collect(),
            retries: disk.retries.iter().flat_map(|(at, runs)| runs.iter().map(|r| (*at, *r))).collect(),
            token_key: disk.token_key,
            delayed: disk.delayed.values().map(|row| (row.number, row.due_ms, row.queue)).collect(),
            next_delayed: disk.last_delayed + 1,
        };
        loaded
            .unfold(disk.chunks.range(disk.folded_seq + 1..).map(|(_, (chunk, _))| Ok(chunk.head.clone())))?;
        loaded.first_seq = disk.chunks.keys().next().copied().unwrap_or(loaded.head_seq + 1);
        for (seq, id) in disk.chunks.values().flat_map(|(_, ids)| ids) {
            ids.insert(id, *seq);
        }
        for row in disk.delayed.values() {
            ids.insert(&row.id, place_of(row.number));
        }
        Ok(loaded)
    }

    fn load_groups(&mut self) -> Result<LoadedGroups, StoreError> {
        let disk = self.disk();
        let (open, rest): (Vec<_>, Vec<_>) = disk.pages.values().cloned().partition(|page| page.open > 0);
        Ok(LoadedGroups {
            groups: disk.groups.values().cloned().collect(),
            holders: disk.holders.values().cloned().collect(),
            pages: open,
            positions: rest.iter().map(|page| ((page.group, page.page), page.upto)).collect(),
            facts: disk.facts.values().cloned().collect(),
            cancelled: disk.cancelled.iter().map(|(seq, queue)| (*seq, *queue)).collect(),
            machine_ms: disk.machine_ms,
            last_fact: disk.last_fact,
        })
    }

    fn load_results(&mut self) -> Result<LoadedResults, StoreError> {
        let disk = self.disk();
        let next_n = disk.last_result + 1;
        let first_n = disk.results.keys().next().copied().unwrap_or(next_n);
        let unfolded = disk.results.range(disk.row_start(disk.results_upto + 1)..);
        let unfolded = unfolded.map(|(_, row)| row.clone()).collect();
        Ok(LoadedResults { reach: Reach { first_n, next_n }, unfolded })
    }

    fn append(&mut self, commit: &Commit<'_>) -> Result<(), StoreError> {
        let mut disk = self.disk();
        #[cfg(test)]
        if let Some(Some(fault)) = disk.faults.pop_front() {
            return Err(fault);
        }
        disk.clock = commit.clock.unwrap_or(disk.clock);
        for (number, name) in commit.new_queues {
            let extent = Extent { number: Some(*number), ..Extent::default() };
            disk.queues.insert(*number, (name.clone(), extent));
        }
        for sealed in commit.chunks {
            let entry = (sealed.chunk.clone(), sealed.ids.clone());
            disk.chunks.insert(sealed.chunk.head.first_seq, entry);
        }
        disk.retries.push((commit.aging_ms, commit.retries.to_vec()));
        disk.groups.extend(commit.new_groups.iter().map(|row| (row.number, row.clone())));
        disk.holders.extend(commit.holders.iter().map(|holder| (holder.member, holder.clone())));
        if let Some(row) = commit.facts {
            disk.last_fact = row.no;
            disk.facts.insert(row.no, row.clone());
        }
        disk.cancelled.extend(commit.cancelled.iter().copied());
        for row in commit.delayed {
            disk.last_delayed = disk.last_delayed.max(row.number);
            disk.delayed.insert(row.number, row.clone());
        }
        for number in commit.entered {
            disk.delayed.remove(number);
        }
        for row in commit.results {
            disk.last_result = row.last_n;
            disk.results.insert(row.first_n, row.clone());
        }
        Ok(())
    }

    fn page(&mut self, group: GroupNo, page: u64) -> Result<Option<PageRow>, StoreError> {
        Ok(self.disk().pages.get(&(page, group)).cloned())
    }

    fn delayed(&mut self, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.disk().delayed.get(&number).map(|row| row.frame.clone()))
    }

    fn count(&mut self, queue: QueueNumber, from_seq: u64, upto_seq: u64) -> Result<u64, StoreError> {
        Ok(self.disk().count(queue, from_seq, upto_seq))
    }

    fn chunk(&mut self, seq: u64) -> Result<Option<Chunk>, StoreError> {
        let disk = self.disk();
        let found = disk.chunks.range(..=seq).next_back();
        Ok(found.map(|(_, (chunk, _))| chunk.clone()).filter(|c| c.head.last_seq >= seq))
    }

    fn oldest(&mut self, before_ms: u64, most: usize) -> Result<Vec<Old>, StoreError> {
        let disk = self.disk();
        let old = disk.chunks.values().take(most).take_while(|(chunk, _)| chunk.head.at_ms < before_ms);
        Ok(old.map(|(chunk, ids)| Old { head: chunk.head.clone(), ids: ids.clone() }).collect())
    }

    fn trim(&mut self, last_seq: u64, fold: &Fold) -> Result<(), StoreError> {
        let mut disk = self.disk();
        disk.chunks = disk.chunks.split_off(&(last_seq + 1));
        disk.write_fold(fold);
        disk.pages = disk.pages.split_off(&((last_seq + 1) / PAGE_SEQS, 0));
        disk.cancelled = disk.cancelled.split_off(&(last_seq + 1));
        disk.result_pages = disk.result_pages.split_off(&((last_seq + 1) / PAGE_SEQS, 0));
        Ok(())
    }

    fn old_results(&mut self, last_seq: u64, most: usize) -> Result<(u64, bool), StoreError> {
        let disk = self.disk();
        let kept = disk.results.values().take(most).find(|row| row.last_seq > last_seq);
        let after = disk.results.values().nth(most).map(|row| row.first_n);
        let first_n = kept.map(|row| row.first_n).or(after).unwrap_or(disk.last_result + 1);
        Ok((first_n, kept.is_none() && after.is_some()))
    }

    fn trim_results(&mut self, reach: Reach) -> Result<(), StoreError> {
        let mut disk = self.disk();
        disk.results = disk.results.split_off(&reach.first_n);
        Ok(())
    }

    fn forget_retries(&mut self, before_ms: u64) -> Result<bool, StoreError> {
        self.disk().retries.retain(|(at_ms, _)| *at_ms >= before_ms);
        Ok(false)
    }

    fn wants_checkpoint(&self) -> bool {
        self.disk().facts.len() >= FACT_ROWS_MAX
    }

    fn fold(&mut self, fold: &Fold) -> Result<(), StoreError> {
        self.disk().write_fold(fold);
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn load_clients(&mut self) -> Result<Vec<ClientRow>, StoreError> {
        Ok(self.disk().clients.values().cloned().collect())
    }

    fn write_clients(&mut self, rows: &[ClientRow], gone: &[ClientName]) -> Result<(), StoreError> {
        let mut disk = self.disk();
        gone.iter().for_each(|name| drop(disk.clients.remove(name)));
        disk.clients.extend(rows.iter().map(|row| (row.client.clone(), row.clone())));
        Ok(())
    }

    fn give_back(&mut self) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn reader(&self) -> Result<Box<dyn Reader>, StoreError> {
        Ok(Box::new(self.clone()))
    }
}

impl Reader for MemoryStore {
    fn read(
        &mut self,
        queue: QueueNumber,
        from_seq: u64,
        upto_seq: u64,
        _most_bytes: usize,
    ) -> Result<Found, StoreError> {
        let disk = self.disk();
        let mut looked_upto_seq = upto_seq;
        for (chunk, _) in disk.chunks.range(disk.chunk_start(from_seq)..=upto_seq).map(|(_, c)| c) {
            let frames = chunk.head.part(queue).and_then(|part| chunk.frames_of(part));
            if let Some(frames) = frames.and_then(|f| f.starting_at(from_seq)?.ending_at(upto_seq)) {
                looked_upto_seq = chunk.head.last_seq.min(upto_seq);
                return Ok(Found { frames: Some(frames), looked_upto_seq });
            }
        }
        Ok(Found { frames: None, looked_upto_seq })
    }

    fn count(&mut self, queue: QueueNumber, from_seq: u64, upto_seq: u64) -> Result<u64, StoreError> {
        Ok(self.disk().count(queue, from_seq, upto_seq))
    }

    fn seq_at(&mut self, at_ms: u64) -> Result<Option<u64>, StoreError> {
        let disk = self.disk();
        let heads: Vec<&ChunkHead> = disk.chunks.values().map(|(chunk, _)| &chunk.head).collect();
        Ok(heads.get(heads.partition_point(|h| h.at_ms < at_ms)).map(|h| h.first_seq))
    }

    fn results(&mut self, from_n: u64, most_bytes: usize) -> Result<Vec<ResultRow>, StoreError> {
        let disk = self.disk();
        let (mut rows, mut bytes) = (Vec::new(), 0);
        for row in disk.results.range(disk.row_start(from_n)..).map(|(_, row)| row) {
            bytes += row.entries.len();
            rows.push(row.clone());
            if bytes >= most_bytes {
                break;
            }
        }
        Ok(rows)
    }

    fn result_page(&mut self, page: u64) -> Result<Vec<ResultPageRow>, StoreError> {
        Ok(self.disk().result_pages.range((page, 0)..(page + 1, 0)).map(|(_, row)| row.clone()).collect())
    }

    fn result_at(&mut self, at_ms: u64) -> Result<Option<u64>, StoreError> {
        Ok(self.disk().results.values().find(|row| row.at_ms >= at_ms).map(|row| row.first_n))
    }
}
