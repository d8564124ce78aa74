//! Results: whether each number is there once, and what says where those of a task stand is right. And clients.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use rusqlite::Row;

use super::{
    super::{
        clients,
        results::{COLUMNS, damaged, read_row, sum_of_page},
    },
    Check, Step,
};
use crate::server::engine::embedded::{
    machine::PAGE_SEQS,
    results::{ResultPageRow, ResultRow, Unreadable, What},
    store::StoreError,
};

/// The sum of what is said of each result of a page's tasks: equal if the same is said, in whatever order.
type Sums = HashMap<u64, u64>;

impl Check<'_> {
    pub(super) fn results(&mut self) -> Result<(), StoreError> {
        let upto = self.number("results_upto")?.unwrap_or(0);
        let given = self.number("result")?.unwrap_or(0);
        let mut sums = Sums::new();
        let (mut first_n, mut next_n) = (None, None);
        let mut is_whole = true;
        self.each(&format!("SELECT {COLUMNS} FROM result ORDER BY first_n"), |check, row| {
            let place = check.place;
            let row = match read_row(row).map_err(|e| place.error(&e))? {
                Ok(row) => row,
                Err(n) => {
                    (is_whole, next_n) = (false, None);
                    return check.part("the table result", |_| Err(damaged(place, n)));
                }
            };
            first_n.get_or_insert(row.first_n);
            if let Some(next_n) = next_n {
                check.expect(row.first_n == next_n, || {
                    format!("the results from {} on: those before them end at {}", row.first_n, next_n - 1)
                });
            }
            next_n = Some(row.last_n + 1);
            match check.told(&row, upto, &mut sums) {
                Ok(None) => {}
                Ok(Some(what)) => check.found(format!("the results from {} on: {what}", row.first_n)),
                Err(Unreadable) => {
                    is_whole = false;
                    check.found(format!("the results from {} on", row.first_n));
                }
            }
            let results = row.last_n - row.first_n + 1;
            check.checked.results += results;
            (check.say)(Step::Read(results));
            Ok(())
        })?;
        let last_n = next_n.map_or(given, |next_n| next_n - 1);
        let reach = last_n.max(given);
        self.expect(upto <= reach, || format!("the results end at {reach}, not at {upto}"));
        let first_n = first_n.unwrap_or(last_n + 1);
        self.result_pages(first_n, upto, if is_whole { Some(sums) } else { None })
    }

    /// Reads a row, and adds what it says up to `upto` to the sums. What is said is wrong with it.
    fn told(&self, row: &ResultRow, upto: u64, sums: &mut Sums) -> Result<Option<String>, Unreadable> {
        let (mut last_seq, mut wrong) = (0, None);
        for event in row.events() {
            let (n, event) = event?;
            last_seq = last_seq.max(event.seq);
            let is_known = match event.what {
                What::Told { group, .. } | What::Died { group, .. } => self.groups.contains(&group),
                What::Cancelled { queue } => self.queues.contains_key(&queue),
            };
            if !is_known || event.seq > self.head_seq {
                wrong.get_or_insert_with(|| format!("result {n} is of something that is not there"));
            }
            self.add(sums, event.seq, n, upto);
        }
        Ok(wrong.or_else(|| (last_seq != row.last_seq).then(|| "their last task".to_owned())))
    }

    fn add(&self, sums: &mut Sums, seq: u64, n: u64, upto: u64) {
        let page = seq / PAGE_SEQS;
        if n <= upto && page >= self.first_seq / PAGE_SEQS {
            let mut hash = DefaultHasher::new();
            (seq, n).hash(&mut hash);
            let sum = sums.entry(page).or_default();
            *sum = sum.wrapping_add(hash.finish());
        }
    }

    /// Where results stand. `told` is where they should.
    fn result_pages(&mut self, first_n: u64, upto: u64, told: Option<Sums>) -> Result<(), StoreError> {
        let mut sums = Sums::new();
        let mut is_whole = true;
        let read = |row: &Row<'_>| -> rusqlite::Result<Result<ResultPageRow, ResultPageRow>> {
            let (page, first_n) = (row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64);
            let read = ResultPageRow { page, first_n, runs: row.get(3)? };
            Ok(if sum_of_page(&read) == row.get::<_, u32>(2)? { Ok(read) } else { Err(read) })
        };
        self.each("SELECT page, first_n, checksum, runs FROM result_page", |check, row| {
            let row = read(row).map_err(|e| check.place.error(&e))?;
            match row.as_ref().ok().and_then(ResultPageRow::read) {
                Some(runs) => {
                    let all = runs.iter().flat_map(|run| (0..run.len).map(|i| (run.seq + i, run.n + i)));
                    for (seq, n) in all.filter(|(_, n)| *n >= first_n) {
                        check.add(&mut sums, seq, n, upto);
                    }
                }
                None => {
                    is_whole = false;
                    check.found(row.unwrap_or_else(|row| row).place());
                }
            }
            Ok(())
        })?;
        let Some(told) = told.filter(|_| is_whole) else { return Ok(()) };
        let mut wrong: Vec<u64> = told
            .iter()
            .filter(|(page, sum)| sums.get(page) != Some(sum))
            .map(|(page, _)| *page)
            .chain(sums.keys().filter(|page| !told.contains_key(page)).copied())
            .collect();
        wrong.sort_unstable();
        for page in wrong {
            self.found(format!("where the results of the tasks from seq {} on stand", page * PAGE_SEQS));
        }
        Ok(())
    }

    pub(super) fn clients(&mut self) -> Result<(), StoreError> {
        self.each(clients::ALL, |check, row| {
            let number: i64 = row.get(0).map_err(|e| check.place.error(&e))?;
            check.expect(clients::read(row).is_some(), || format!("row {number} of the clients"));
            Ok(())
        })
    }
}
