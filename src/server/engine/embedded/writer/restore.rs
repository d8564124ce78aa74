//! Building the machine from what is on disk: at a start, and when what it had decided could not be written.

use std::collections::HashMap;

use super::{
    Writer,
    groups::{Named, Registry},
};
use crate::{
    name::GroupName,
    server::engine::{
        Error,
        embedded::{
            facts::{Entry, read_facts, read_page},
            machine::{Machine, PAGE_SEQS},
            store::StoreError,
        },
    },
};

impl Writer {
    /// Reads what there is of groups anew, and gives every lease its full time: after a start, `off_ms` after what
    /// was written last, and when what was decided could not be written.
    pub(super) fn load_groups(&mut self, off_ms: u64) -> Result<(), StoreError> {
        let loaded = self.store.load_groups()?;
        self.machine = Machine::default();
        self.registry = Registry::default();
        self.last_fact = loaded.last_fact;
        self.last_page = None;
        let written_ms = loaded.facts.iter().map(|row| row.at_ms).max().unwrap_or(0).max(loaded.machine_ms);
        // Never back, and on only by the time that has gone by.
        self.machine_ms += (written_ms + off_ms).saturating_sub(self.now().ms);
        let mut positions = HashMap::new();
        let shared = self.shared.clone();
        let damaged = |what: String| shared.damaged(&what);
        for (number, queue) in &self.by_number {
            self.machine.grow(*number, queue.extent().last_seq);
        }
        let mut heads = HashMap::new();
        for row in loaded.groups {
            let name = GroupName::parse(&row.name).map_err(|e| damaged(e.to_string()))?;
            let queue = self.by_number.get(&row.queue).cloned();
            let queue =
                queue.ok_or_else(|| damaged(format!("group {name} has a queue that is not there")))?;
            self.machine.add_group(row.number, row.queue, row.head);
            self.registry.insert(row.number, Named { number: row.queue, queue, name });
            heads.insert(row.number, row.upto);
            self.name_group(row.number);
        }
        self.machine.load_cancelled(loaded.cancelled);
        for holder in loaded.holders {
            self.machine.load_holder(holder);
        }
        for row in &loaded.pages {
            let place =
                || damaged(format!("the page of group {} at seq {}", row.group, row.page * PAGE_SEQS));
            let entries = read_page(row).filter(|_| heads.contains_key(&row.group)).ok_or_else(place)?;
            // What a group has counted as trimmed is of no use to it, and who held it may be forgotten.
            let trimmed_seq = self.machine.head(row.group).map_or(0, |head| head.trimmed_seq);
            for (seq, entry) in entries.into_iter().filter(|(seq, _)| *seq > trimmed_seq) {
                match entry {
                    Entry::Open(open) => self.machine.load_open(row.group, seq, open),
                    Entry::Note(note) => self.machine.load_note(row.group, seq, note),
                    Entry::Past(past) => self.machine.load_past(row.group, seq, &past),
                }
            }
            positions.insert((row.group, row.page), row.upto);
        }
        positions.extend(loaded.positions);
        for row in &loaded.facts {
            let facts =
                read_facts(&row.facts).ok_or_else(|| damaged(format!("the facts of row {}", row.no)))?;
            for fact in facts {
                let head = heads.get(&fact.group()).ok_or_else(|| {
                    damaged(format!("the facts of row {} name a group that is not there", row.no))
                })?;
                let to_head = row.no > *head;
                let page = fact.seq().map(|seq| (fact.group(), seq / PAGE_SEQS));
                let to_task = page.is_none_or(|page| row.no > positions.get(&page).copied().unwrap_or(0));
                self.machine.replay(row.at_ms, &fact, to_head, to_task);
            }
        }
        if !self.machine.holders_are_known() {
            return Err(damaged("a lease has a holder that is not there".to_owned()));
        }
        for (number, queue) in &self.by_number {
            let extent = queue.extent();
            if extent.trimmed_seq > 0 {
                self.machine.trim(*number, extent.trimmed_seq, extent.trimmed);
            }
        }
        let now = self.now();
        self.machine.restart(now);
        self.machine.take_effects();
        for (instance, (client, attendances)) in &self.attending {
            for _ in attendances {
                self.machine.attend(now, *instance, client.clone());
            }
        }
        Ok(())
    }

    /// What was decided could not be written: the machine is thrown away and built from what is on disk, and who
    /// watches comes back.
    pub(super) fn start_over(&mut self, why: &str) -> Result<(), StoreError> {
        for (_, deliveries) in self.deliveries.drain() {
            deliveries.end(Err(Error::Full(why.to_owned())));
        }
        self.load_groups(0)
    }
}
