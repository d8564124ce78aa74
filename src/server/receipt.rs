//! The verdicts of many items as one answer: each of the first ten thousand, and how many there are of all.

use super::{
    convert,
    engine::groups::{Judged, Verdict},
};
use crate::pb;

/// Verdicts of a single receipt. It is kept until its call ends.
pub(super) const TOLD_MAX: usize = 10_000;

/// A verdict in memory, without its texts.
const TOLD_BYTES: usize = 128;

/// What is said of a thing that no task can be the name of.
pub(super) const NO_TASK: Judged = Judged { verdict: Verdict::Unknown, late: false, seq: 0 };

/// A receipt that grows.
#[derive(Default)]
pub(super) struct Receipt {
    told: Vec<pb::Told>,
    /// Of so many it says the verdict, or will.
    promised: usize,
    /// In the order in which they were first given.
    counts: Vec<(pb::Verdict, u64)>,
    anonymous: u64,
}

impl Receipt {
    /// How much longer it becomes by these, at most.
    pub(super) fn growth(&self, batch: &[pb::Result]) -> usize {
        let named = batch.iter().filter(|item| !item.id.is_empty() || !item.lease.is_empty());
        let each = named.map(|item| convert::verdict_bytes(&item.id, &item.lease) + TOLD_BYTES);
        each.take(TOLD_MAX - self.promised).sum()
    }

    /// An item that named neither a task nor a lease.
    pub(super) fn add_anonymous(&mut self) {
        self.anonymous += 1;
    }

    /// Whether it says the verdict on one more, which is yet to come; else that is only counted.
    pub(super) fn promise(&mut self) -> bool {
        let has_room = self.promised < TOLD_MAX;
        self.promised += usize::from(has_room);
        has_room
    }

    /// The verdict on an item that named an id, a lease, or both: those are shown if that was promised.
    pub(super) fn add(&mut self, shown: Option<(String, String)>, judged: Judged) {
        let verdict = convert::verdict_of(judged);
        match self.counts.iter_mut().find(|(other, _)| *other == verdict) {
            Some((_, items)) => *items += 1,
            None => self.counts.push((verdict, 1)),
        }
        if let Some((id, lease)) = shown {
            self.told.push(convert::verdict(id, lease, judged));
        }
    }

    /// The answer.
    pub(super) fn finish(mut self) -> pb::Receipt {
        self.counts.sort_by_key(|(verdict, _)| i32::from(*verdict));
        let counts = self.counts.into_iter();
        let counts = counts.map(|(verdict, items)| pb::Count { verdict: verdict.into(), items });
        pb::Receipt { told: self.told, counts: counts.collect(), anonymous: self.anonymous }
    }
}

/// The verdicts in the order of the ids that were asked for; those that no task can have are not known.
pub(super) fn in_order<T>(
    ids: Vec<String>,
    asked: &[Option<T>],
    judged: Vec<Judged>,
) -> impl Iterator<Item = (String, Judged)> {
    let mut judged = judged.into_iter();
    ids.into_iter().zip(asked).map(move |(id, asked)| {
        let judged = asked.as_ref().and_then(|_| judged.next());
        (id, judged.unwrap_or(NO_TASK))
    })
}
