//! What has been written down, and a machine made from nothing else. Each page and head has the number of the
//! fact up to which it has everything.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Fact, GroupNo, Head, Holder, Machine, MemberNo, Note, Open, PAGE_SEQS, Past, QueueNo};
use super::model::Model;

#[derive(Default)]
pub(super) struct Disk {
    facts: Vec<(u64, Fact)>,
    heads: Vec<(usize, Head)>,
    pages: BTreeMap<(GroupNo, u64), Page>,
    holders: BTreeMap<MemberNo, Holder>,
    /// Pages and heads that have changed and are yet to be written.
    late_pages: BTreeSet<(GroupNo, u64)>,
    late_heads: BTreeSet<GroupNo>,
    gone_holders: Vec<MemberNo>,
    /// Pages that are written, which the machine has not been told.
    untold: Vec<(GroupNo, u64)>,
}

#[derive(Default)]
struct Page {
    upto: usize,
    open: Vec<(u64, Open)>,
    notes: Vec<(u64, Note)>,
    past: BTreeMap<u64, Past>,
}

impl Disk {
    /// A group begins here.
    pub(super) fn add_group(&mut self, head: Head) {
        self.heads.push((self.facts.len(), head));
    }

    pub(super) fn groups(&self) -> usize {
        self.heads.len()
    }

    /// A batch.
    pub(super) fn append(&mut self, ms: u64, facts: Vec<Fact>, holders: Vec<Holder>) {
        self.facts.extend(facts.into_iter().map(|fact| (ms, fact)));
        self.holders.extend(holders.into_iter().map(|holder| (holder.member, holder)));
    }

    /// The pages and heads that have changed are to be written some time.
    pub(super) fn take_dirty(&mut self, machine: &mut Machine) {
        self.tell(machine);
        let (heads, pages) = machine.take_dirty();
        self.late_heads.extend(heads);
        self.late_pages.extend(pages);
    }

    pub(super) fn write_head(&mut self, machine: &Machine, group: GroupNo) {
        self.late_heads.remove(&group);
        self.heads[group as usize] = (self.facts.len(), machine.head(group).unwrap());
    }

    pub(super) fn late_pages(&self) -> Vec<(GroupNo, u64)> {
        self.late_pages.iter().copied().collect()
    }

    pub(super) fn late_heads(&self) -> Vec<GroupNo> {
        self.late_heads.iter().copied().collect()
    }

    pub(super) fn write_page(&mut self, machine: &Machine, (group, page): (GroupNo, u64), trimmed_seq: u64) {
        self.late_pages.remove(&(group, page));
        let stored = self.pages.entry((group, page)).or_default();
        let view = machine.page(group, page);
        stored.upto = self.facts.len();
        stored.open = view.open.iter().map(|(seq, open)| (*seq, (*open).clone())).collect();
        stored.notes = view.notes;
        stored.past.extend(view.past.iter().map(|(seq, past)| (*seq, past.clone())));
        stored.past.retain(|seq, _| *seq > trimmed_seq);
        self.untold.push((group, page));
    }

    /// Tells the machine what is written, perhaps long after.
    pub(super) fn tell(&mut self, machine: &mut Machine) {
        for (group, page) in self.untold.drain(..) {
            machine.wrote(group, page);
        }
    }

    /// Everything that has changed is written, and what is not needed any more goes.
    pub(super) fn write_all(&mut self, machine: &mut Machine, trimmed_seq: impl Fn(GroupNo) -> u64) {
        self.take_dirty(machine);
        for group in self.late_heads() {
            self.write_head(machine, group);
        }
        for (group, page) in self.late_pages() {
            self.write_page(machine, (group, page), trimmed_seq(group));
        }
        self.tell(machine);
        self.gone_holders.extend(machine.take_gone_holders());
        for holder in self.gone_holders.drain(..) {
            self.holders.remove(&holder);
        }
        self.pages.retain(|(group, page), _| (page + 1) * PAGE_SEQS > trimmed_seq(*group));
        self.facts.clear();
        for head in &mut self.heads {
            head.0 = 0;
        }
        for page in self.pages.values_mut() {
            page.upto = 0;
        }
    }

    pub(super) fn past(&self, group: GroupNo, seq: u64) -> Option<&Past> {
        self.pages.get(&(group, seq / PAGE_SEQS))?.past.get(&seq)
    }

    /// A machine as it was when the last batch was written.
    pub(super) fn machine(&mut self, model: &Model) -> Machine {
        self.late_heads.clear();
        self.late_pages.clear();
        self.gone_holders.clear();
        self.untold.clear();
        let mut machine = Machine::default();
        for (group, (_, head)) in self.heads.iter().enumerate() {
            machine.add_group(group as GroupNo, model.groups[group].queue as QueueNo, *head);
        }
        for holder in self.holders.values() {
            machine.load_holder(holder.clone());
        }
        for ((group, _), page) in &self.pages {
            for (seq, open) in &page.open {
                machine.load_open(*group, *seq, open.clone());
            }
            for (seq, note) in &page.notes {
                machine.load_note(*group, *seq, *note);
            }
            for (seq, past) in &page.past {
                machine.load_past(*group, *seq, past);
            }
        }
        for (no, queue) in model.queues.iter().enumerate() {
            let cancelled = queue.log[queue.trimmed..].iter().filter(|entry| entry.cancelled);
            machine.load_cancelled(cancelled.map(|entry| (entry.seq, no as QueueNo)));
        }
        for (at, (ms, fact)) in self.facts.iter().enumerate() {
            let page = fact.seq().and_then(|seq| self.pages.get(&(fact.group(), seq / PAGE_SEQS)));
            let to_head = at >= self.heads[fact.group() as usize].0;
            machine.replay(*ms, fact, to_head, page.is_none_or(|page| at >= page.upto));
        }
        for (no, queue) in model.queues.iter().enumerate() {
            machine.grow(no as QueueNo, queue.log.last().map_or(0, |entry| entry.seq));
            if queue.trimmed_seq > 0 {
                machine.trim(no as QueueNo, queue.trimmed_seq, queue.trimmed as u64);
            }
        }
        machine.restart(model.now);
        // That of trimmed tasks was told before.
        machine.take_effects();
        assert_eq!(machine.take_facts(), []);
        machine
    }
}
