//! The leases that a watch holds, and where their lines stand in what it prints. No I/O, no clock.

use std::collections::{BTreeMap, HashMap};

use crate::cli::member::{Early, Held};

/// The leases held, in the order of their hand-outs.
#[derive(Debug, Default)]
pub(super) struct Leases {
    held: BTreeMap<u64, Line>,
    by_lease: HashMap<String, u64>,
    taken: u64,
    /// All before this have been settled by [`written`](Self::written).
    settled_before: u64,
    ended_early: Early,
}

/// What a task that has come is to this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// One more to print.
    New,
    /// Sent again.
    HeldAlready,
    /// Its lease has ended already.
    Over,
}

#[derive(Debug)]
struct Line {
    lease: String,
    id: String,
    /// Where the line ends among all bytes printed; `None`: it was not printed.
    line_end: Option<u64>,
    /// A word about it is on its way to the server.
    is_told: bool,
}

impl Leases {
    /// Takes a task that was handed out.
    pub(super) fn take(&mut self, lease: &str, id: &str) -> Taken {
        if self.by_lease.contains_key(lease) {
            return Taken::HeldAlready;
        }
        if self.ended_early.came(lease) {
            return Taken::Over;
        }
        let held = Line { lease: lease.to_owned(), id: id.to_owned(), line_end: None, is_told: false };
        self.held.insert(self.taken, held);
        self.by_lease.insert(lease.to_owned(), self.taken);
        self.taken += 1;
        Taken::New
    }

    /// The line of the task taken last was printed, and ends here.
    pub(super) fn printed(&mut self, line_end: u64) {
        if let Some(mut last) = self.held.last_entry() {
            last.get_mut().line_end = Some(line_end);
        }
    }

    /// A lease has ended, says the server. The task's id, if it was held.
    pub(super) fn ended(&mut self, lease: &str) -> Option<String> {
        let id = self.over(lease);
        if id.is_none() {
            self.ended_early.ended(lease);
        }
        id
    }

    /// A lease is over for what was told of it. The task's id, if it was held.
    pub(super) fn over(&mut self, lease: &str) -> Option<String> {
        let n = self.by_lease.remove(lease)?;
        self.held.remove(&n).map(|held| held.id)
    }

    /// Forgets all: they are another store's.
    pub(super) fn forget(&mut self) {
        *self = Leases { taken: self.taken, settled_before: self.taken, ..Leases::default() };
    }

    /// The leases of the lines that were wholly written since this was asked last. They are settled then.
    pub(super) fn written(&mut self, written: u64) -> Vec<String> {
        let mut leases = Vec::new();
        for (n, held) in self.held.range_mut(self.settled_before..) {
            if held.line_end.is_none_or(|end| end > written) {
                break;
            }
            self.settled_before = n + 1;
            if !std::mem::replace(&mut held.is_told, true) {
                leases.push(held.lease.clone());
            }
        }
        leases
    }

    /// The leases to give back, each with its task's id: those whose lines do not end within the first `offset`
    /// bytes printed, and that nothing is told of yet.
    pub(super) fn give_back_beyond(&mut self, offset: u64) -> Vec<(String, String)> {
        let is_beyond = |held: &Line| held.line_end.is_none_or(|end| end > offset);
        let beyond = self.held.values_mut().filter(|held| !held.is_told && is_beyond(held));
        beyond
            .map(|held| {
                held.is_told = true;
                (held.lease.clone(), held.id.clone())
            })
            .collect()
    }

    /// The ids of their tasks, in order.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.held.values().map(|held| &held.id[..])
    }

    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

impl Held for Leases {
    /// All of them, in order.
    fn all(&self) -> Vec<String> {
        self.held.values().map(|held| held.lease.clone()).collect()
    }

    fn untold(&self) -> Vec<String> {
        self.held.values().filter(|held| !held.is_told).map(|held| held.lease.clone()).collect()
    }
}

/// A list of ids for people: at most five, then how many more.
pub(super) fn some<'a>(mut ids: impl Iterator<Item = &'a str>) -> String {
    let first: Vec<&str> = ids.by_ref().take(5).collect();
    let more = match ids.count() {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!("{}{more}", first.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three tasks with lines of ten bytes each, the last one not printed.
    fn three() -> Leases {
        let mut leases = Leases::default();
        for n in 1..=3u64 {
            assert_eq!(leases.take(&format!("L{n}"), &n.to_string()), Taken::New);
            if n < 3 {
                leases.printed(n * 10);
            }
        }
        leases
    }

    const NONE: [&str; 0] = [];

    fn give_back_beyond(leases: &mut Leases, offset: u64) -> Vec<String> {
        leases.give_back_beyond(offset).into_iter().map(|(lease, id)| lease + &id).collect()
    }

    #[test]
    fn a_line_that_was_read_in_part_was_not_read() {
        assert_eq!(give_back_beyond(&mut three(), 0), ["L11", "L22", "L33"]);
        assert_eq!(give_back_beyond(&mut three(), 9), ["L11", "L22", "L33"]);
        assert_eq!(give_back_beyond(&mut three(), 10), ["L22", "L33"]);
        assert_eq!(give_back_beyond(&mut three(), 19), ["L22", "L33"]);
        assert_eq!(give_back_beyond(&mut three(), 20), ["L33"]);
    }

    #[test]
    fn nothing_is_given_back_twice_and_all_is_held_until_it_ends() {
        let mut leases = three();
        assert_eq!(give_back_beyond(&mut leases, 10), ["L22", "L33"]);
        assert_eq!(leases.untold(), ["L1"]);
        assert_eq!(give_back_beyond(&mut leases, 0), ["L11"]);
        assert_eq!(give_back_beyond(&mut leases, 0), NONE);
        assert_eq!(leases.all(), ["L1", "L2", "L3"]);
        assert_eq!(leases.ended("L2").as_deref(), Some("2"));
        assert_eq!(leases.over("L2"), None);
        assert_eq!(leases.ids().collect::<Vec<_>>(), ["1", "3"]);
    }

    #[test]
    fn a_task_that_is_sent_again_is_not_printed_again() {
        let mut leases = three();
        assert_eq!(leases.take("L2", "2"), Taken::HeldAlready);
        assert_eq!(leases.len(), 3);
    }

    #[test]
    fn an_end_that_comes_before_its_task_is_kept_for_it() {
        let mut leases = three();
        assert_eq!(leases.ended("L4"), None);
        assert_eq!(leases.take("L4", "4"), Taken::Over);
        assert_eq!(leases.take("L5", "5"), Taken::New);
    }

    #[test]
    fn what_was_written_is_settled_once() {
        let mut leases = three();
        assert_eq!(leases.written(9), NONE);
        assert_eq!(leases.written(15), ["L1"]);
        leases.ended("L1");
        assert_eq!(leases.written(20), ["L2"]);
        assert_eq!(leases.written(1000), NONE);
        leases.printed(30);
        assert_eq!(leases.written(1000), ["L3"]);
    }

    #[test]
    fn ids_for_people() {
        assert_eq!(some(["1", "2"].into_iter()), "1, 2");
        assert_eq!(some(["1", "2", "3", "4", "5", "6", "7"].into_iter()), "1, 2, 3, 4, 5 and 2 more");
    }
}
