//! Where the results of each task stand in their log: as runs, by pages of as many tasks as the groups' pages have.
//! What was added since the last fold is in memory; each fold adds to the store what it has of each page.

use std::collections::BTreeMap;

use super::super::{
    facts::{unzigzag, zigzag},
    machine::PAGE_SEQS,
};
use crate::server::engine::frames::{put_varint, take_varint};

/// So many tasks in a row have so many results in a row. All in one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Run {
    pub(in super::super) seq: u64,
    pub(in super::super) n: u64,
    pub(in super::super) len: u64,
}

/// Where results stand of which the store has been told with one fold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct ResultPageRow {
    pub(in super::super) page: u64,
    /// The first of them.
    pub(in super::super) first_n: u64,
    pub(in super::super) runs: Vec<u8>,
}

impl Run {
    /// One result of one task.
    pub(in super::super) fn one(seq: u64, n: u64) -> Self {
        Run { seq, n, len: 1 }
    }

    /// The page it is in.
    pub(in super::super) fn page(&self) -> u64 {
        self.seq / PAGE_SEQS
    }

    /// The last task.
    pub(in super::super) fn last_seq(&self) -> u64 {
        self.seq + self.len - 1
    }

    /// Takes in `next` if it goes on where this run ends.
    pub(in super::super) fn extend(&mut self, next: Run) -> bool {
        let (seq, n) = (self.seq + self.len, self.n + self.len);
        let fits = (seq, n) == (next.seq, next.n) && self.page() == next.page();
        if fits {
            self.len += next.len;
        }
        fits
    }
}

/// What the store has not been told.
#[derive(Debug, Default)]
pub(super) struct Index {
    pages: BTreeMap<u64, Vec<Run>>,
    /// No task after this one has results that the store has been told of.
    folded_seq: u64,
}

impl Index {
    /// `folded_seq` may be any that is not too small.
    pub(super) fn new(folded_seq: u64) -> Self {
        Index { pages: BTreeMap::new(), folded_seq }
    }

    /// Adds runs. They come in the order of their results.
    pub(super) fn add(&mut self, run: Run) {
        let page = self.pages.entry(run.page()).or_default();
        if !page.last_mut().is_some_and(|last| last.extend(run)) {
            page.push(run);
        }
    }

    /// What it has of a page, and whether the store may have more.
    pub(super) fn page(&self, page: u64) -> (Vec<Run>, bool) {
        (self.pages.get(&page).cloned().unwrap_or_default(), page * PAGE_SEQS <= self.folded_seq)
    }

    /// What the store is to be told.
    pub(super) fn rows(&self) -> Vec<ResultPageRow> {
        let row = |(page, runs): (&u64, &Vec<Run>)| {
            let first_n = runs.first().map_or(0, |run| run.n);
            ResultPageRow { page: *page, first_n, runs: write_runs(*page, first_n, runs) }
        };
        self.pages.iter().map(row).collect()
    }

    /// The store has been told.
    pub(super) fn folded(&mut self) {
        if let Some(runs) = self.pages.values().next_back() {
            let last_seq = runs.iter().map(Run::last_seq).max();
            self.folded_seq = self.folded_seq.max(last_seq.unwrap_or(0));
        }
        self.pages.clear();
    }
}

fn write_runs(page: u64, first_n: u64, runs: &[Run]) -> Vec<u8> {
    let mut out = Vec::with_capacity(runs.len() * 4);
    let (mut seq, mut n) = (page * PAGE_SEQS, first_n);
    for run in runs {
        let is_one = run.len == 1;
        put_varint(&mut out, zigzag(run.seq as i64 - seq as i64) << 1 | u64::from(!is_one));
        put_varint(&mut out, run.n - n);
        if !is_one {
            put_varint(&mut out, run.len);
        }
        (seq, n) = (run.last_seq(), run.n + run.len - 1);
    }
    out
}

impl ResultPageRow {
    /// What it is called when it is damaged.
    pub(in super::super) fn place(&self) -> String {
        format!(
            "where the results of the tasks from seq {} on stand, from result {} on",
            self.page * PAGE_SEQS,
            self.first_n
        )
    }

    /// The runs. `None` if they are damaged.
    pub(in super::super) fn read(&self) -> Option<Vec<Run>> {
        let mut rest = &self.runs[..];
        let mut runs = Vec::new();
        let (mut seq, mut n) = (self.page.checked_mul(PAGE_SEQS)?, self.first_n);
        while !rest.is_empty() {
            let step = take_varint(&mut rest)?;
            seq = seq.checked_add_signed(unzigzag(step >> 1))?;
            n = n.checked_add(take_varint(&mut rest)?)?;
            let len = if step & 1 == 1 { take_varint(&mut rest)? } else { 1 };
            let run = Run { seq, n, len };
            let last = len.checked_sub(1)?;
            (seq, n) = (seq.checked_add(last)?, n.checked_add(last)?);
            if run.page() != self.page || seq / PAGE_SEQS != self.page {
                return None;
            }
            runs.push(run);
        }
        Some(runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(runs: &[(u64, u64)]) -> Index {
        let mut index = Index::new(0);
        runs.iter().for_each(|(seq, n)| index.add(Run::one(*seq, *n)));
        index
    }

    #[test]
    fn runs_come_back_and_those_in_order_are_one() {
        let told: Vec<(u64, u64)> = (1..=3000).map(|n| (n, n + 6)).collect();
        let plain = index(&told);
        let rows = plain.rows();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[1].read().unwrap(), [Run { seq: 1024, n: 1030, len: 1024 }]);
        assert!(rows.iter().all(|row| row.runs.len() <= 6), "{rows:?}");

        let mixed = [(5, 1), (3, 2), (2047, 3), (4, 4), (3, 5), (6, 6), (1024, 9)];
        let mixed = index(&mixed);
        let all: Vec<Run> = mixed.rows().iter().flat_map(|row| row.read().unwrap()).collect();
        let expected = [(5, 1), (3, 2), (4, 4), (3, 5), (6, 6), (2047, 3), (1024, 9)];
        assert_eq!(all, expected.map(|(seq, n)| Run::one(seq, n)));
        assert_eq!(mixed.page(0), (all[..5].to_vec(), true));
        assert_eq!(mixed.page(7), (vec![], false));
    }

    #[test]
    fn what_was_folded_is_the_stores() {
        let mut index = index(&[(5, 1), (3000, 2), (2100, 3)]);
        assert!(!index.page(2).1);
        index.folded();
        assert_eq!(index.page(2), (vec![], true));
        assert!(!index.page(3).1 && index.rows().is_empty());
        index.add(Run::one(2100, 4));
        assert_eq!(index.page(2), (vec![Run::one(2100, 4)], true));
    }

    #[test]
    fn damage_is_found() {
        let row = index(&[(1030, 7), (1031, 8), (1025, 9)]).rows().remove(0);
        for end in (0..row.runs.len()).filter(|end| *end != 3) {
            let cut = ResultPageRow { runs: row.runs[..end].to_vec(), ..row.clone() };
            assert!(end == 0 || cut.read().is_none(), "cut at {end}");
        }
        for far in [vec![0xfc, 0x7f, 0], vec![1, 0, 0x81, 0x10], vec![1, 0, 0]] {
            assert_eq!(ResultPageRow { runs: far.clone(), ..row.clone() }.read(), None, "{far:?}");
        }
    }
}
