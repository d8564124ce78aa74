//! Where the tasks are whose ids their submitters gave: hash → seq, in memory. What is found is a
//! candidate, to be checked against the task itself; so an id costs a few bytes however long it is.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasher, RandomState},
};

use crate::name::OwnId;

/// Finds candidates for an id.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// Keyed anew in each process, so that nobody can choose ids that collide.
    hasher: RandomState,
    first: HashMap<u64, u64>,
    /// The seqs of further ids with the same hash: all but never used.
    more: HashMap<u64, Vec<u64>>,
}

impl Ids {
    /// The seqs that `id` may have.
    pub(super) fn candidates(&self, id: &OwnId) -> impl Iterator<Item = u64> + use<> {
        let hash = self.hash(id);
        let more = self.more.get(&hash).cloned().unwrap_or_default();
        self.first.get(&hash).copied().into_iter().chain(more)
    }

    /// Adds an id.
    pub(super) fn insert(&mut self, id: &OwnId, seq: u64) {
        let hash = self.hash(id);
        match self.first.entry(hash) {
            Entry::Vacant(first) => drop(first.insert(seq)),
            Entry::Occupied(_) => self.more.entry(hash).or_default().push(seq),
        }
    }

    /// Takes an id out again.
    pub(super) fn remove(&mut self, id: &OwnId, seq: u64) {
        let hash = self.hash(id);
        if let Some(more) = self.more.get_mut(&hash) {
            more.retain(|&s| s != seq);
            if more.is_empty() {
                self.more.remove(&hash);
            }
        }
        if self.first.get(&hash) == Some(&seq) {
            self.first.remove(&hash);
            // Another id with this hash moves up, so that it stays found.
            if let Some(mut more) = self.more.remove(&hash) {
                self.first.insert(hash, more.remove(0));
                if !more.is_empty() {
                    self.more.insert(hash, more);
                }
            }
        }
    }

    fn hash(&self, id: &OwnId) -> u64 {
        self.hasher.hash_one(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_share_a_hash_stay_apart() {
        let mut ids = Ids::default();
        let id = OwnId::parse("a").unwrap();
        // The same id thrice is as good as three ids of one hash.
        for seq in [1, 2, 3] {
            ids.insert(&id, seq);
        }
        assert_eq!(ids.candidates(&id).collect::<Vec<_>>(), [1, 2, 3]);
        ids.remove(&id, 1);
        assert_eq!(ids.candidates(&id).collect::<Vec<_>>(), [2, 3]);
        ids.remove(&id, 3);
        ids.remove(&id, 2);
        assert_eq!(ids.candidates(&id).count(), 0);
        assert!(ids.first.is_empty() && ids.more.is_empty());
    }
}
