//! Groups: whether heads, pages, facts and holders can be read and name what is there. And tasks that are cancelled or
//! wait for their time.

use super::{
    super::groups::{
        FACTS, GROUPS, HOLDERS, damaged_page, delayed, load_delayed, read_fact, read_group, read_holder,
        read_page,
    },
    Check,
};
use crate::{
    name::{GroupName, OwnId},
    server::engine::{
        embedded::{
            facts::{self, Entry},
            machine::{Fact, PAGE_SEQS, Stand},
            store::StoreError,
        },
        frames::Task,
    },
};

impl Check<'_> {
    pub(super) fn groups(&mut self) -> Result<(), StoreError> {
        self.each(GROUPS, |check, row| {
            let group = match read_group(row).map_err(|e| check.place.error(&e))? {
                Ok(group) => group,
                Err(number) => {
                    check.found(format!("group {number}"));
                    return Ok(());
                }
            };
            check.groups.insert(group.number);
            check.checked.groups += 1;
            let is_queue = check.queues.contains_key(&group.queue);
            check.expect(is_queue, || format!("group {} has a queue that is not there", group.number));
            check.expect(GroupName::parse(&group.name).is_ok(), || {
                format!("the name of group {}", group.number)
            });
            Ok(())
        })
    }

    pub(super) fn facts(&mut self) -> Result<(), StoreError> {
        let mut next = self.number("fact")?.unwrap_or(0) + 1;
        self.each(FACTS, |check, row| {
            let (no, facts) = match read_fact(row).map_err(|e| check.place.error(&e))? {
                Ok(row) => (row.no, facts::read_facts(&row.facts)),
                Err(no) => (no, None),
            };
            check.expect(no == next, || format!("the facts of row {next} are not there"));
            next = no + 1;
            match facts {
                Some(facts) => {
                    let is_known = facts.iter().all(|fact| check.groups.contains(&fact.group()));
                    check
                        .expect(is_known, || format!("the facts of row {no} name a group that is not there"));
                    check.holders_of(
                        facts.iter().filter_map(|fact| match fact {
                            Fact::HandOut { member, .. } => Some(*member),
                            _ => None,
                        }),
                        || format!("the facts of row {no}"),
                    )
                }
                None => {
                    check.found(format!("the facts of row {no}"));
                    Ok(())
                }
            }
        })
    }

    pub(super) fn pages(&mut self) -> Result<(), StoreError> {
        self.each("SELECT key, upto, open, checksum, entries FROM page", |check, row| {
            let read = match read_page(row).map_err(|e| check.place.error(&e))? {
                Ok(page) => facts::read_page(&page).map(|entries| (page, entries)).ok_or(row.get(0)),
                Err(key) => Err(Ok(key)),
            };
            let (page, entries) = match read {
                Ok(read) => read,
                Err(key) => {
                    let key = key.map_err(|e| check.place.error(&e))?;
                    return check.part("the table page", |check| Err(damaged_page(check.place, key)));
                }
            };
            let first_seq = page.page * PAGE_SEQS;
            let place = || format!("the page of group {} at seq {first_seq}", page.group);
            check.expect(check.groups.contains(&page.group), || format!("{} is of no group", place()));
            let open = entries.iter().filter(|(_, entry)| !matches!(entry, Entry::Past(_))).count() as u64;
            let is_in = entries.iter().all(|(seq, _)| seq / PAGE_SEQS == page.page);
            check.expect(open == page.open && is_in, place);
            check.holders_of(
                entries
                    .iter()
                    .filter_map(|(seq, entry)| match entry {
                        // Who held what is gone may be forgotten.
                        Entry::Open(open) if *seq >= check.first_seq => match open.stand {
                            Stand::Leased(lease) => Some(lease.member),
                            _ => None,
                        },
                        _ => None,
                    })
                    .collect::<Vec<_>>(),
                place,
            )
        })
    }

    /// Whether those who hold something are known.
    fn holders_of(
        &mut self,
        members: impl IntoIterator<Item = u64>,
        place: impl Fn() -> String,
    ) -> Result<(), StoreError> {
        for member in members {
            let is_known = self
                .db
                .prepare_cached("SELECT 1 FROM holder WHERE number = ?1")
                .and_then(|mut found| found.exists([member as i64]))
                .map_err(|e| self.place.error(&e))?;
            self.expect(is_known, || format!("{}: holder {member} is not there", place()));
        }
        Ok(())
    }

    pub(super) fn holders(&mut self) -> Result<(), StoreError> {
        self.each(HOLDERS, |check, row| {
            match read_holder(row).map_err(|e| check.place.error(&e))? {
                Ok(holder) => {
                    let is_known = holder.groups.iter().all(|group| check.groups.contains(group));
                    check.expect(is_known, || {
                        format!("the holder {} names a group that is not there", holder.member)
                    });
                }
                Err(number) => check.found(format!("the holder {number}")),
            }
            Ok(())
        })
    }

    pub(super) fn cancelled(&mut self) -> Result<(), StoreError> {
        self.each("SELECT seq, queue FROM cancelled", |check, row| {
            let read = || -> rusqlite::Result<(i64, u32)> { Ok((row.get(0)?, row.get(1)?)) };
            let (seq, queue) = read().map_err(|e| check.place.error(&e))?;
            let is_there = (1..=check.head_seq).contains(&(seq as u64)) && check.queues.contains_key(&queue);
            check.expect(is_there, || format!("the cancelled task at seq {seq} is of no queue"));
            Ok(())
        })
    }

    pub(super) fn delayed(&mut self) -> Result<(), StoreError> {
        let last = self.number("delayed")?.unwrap_or(0);
        for (number, _, queue, id) in load_delayed(self.db, self.place)? {
            self.checked.delayed += 1;
            self.part("the table delayed", |check| {
                let frame = delayed(check.db, check.place, number)?.unwrap_or_default();
                let task = Task::read(&frame);
                let name = check.queues.get(&queue).map(|(name, _)| name.as_str());
                let is_whole =
                    task.is_some_and(|task| task.id == id && Some(task.queue) == name && task.seq == 0);
                let is_known = number <= last && OwnId::stored(&id).is_ok();
                check.expect(is_whole && is_known, || format!("the delayed task {number}"));
                Ok(())
            })?;
        }
        Ok(())
    }
}
