//! What a watch holds. Tasks are handed out in order, so those of a group lie close together: a word has the places of
//! 64 of them.

use std::collections::BTreeMap;

use super::GroupNo;

/// How many seqs have their places in one word.
const WORD_SEQS: u64 = u64::BITS as u64;

/// A set of tasks by group and seq, in that order.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held {
    /// None is empty.
    words: BTreeMap<(GroupNo, u64), u64>,
    len: usize,
}

impl Held {
    pub(super) fn insert(&mut self, group: GroupNo, seq: u64) {
        let word = self.words.entry((group, seq / WORD_SEQS)).or_default();
        let place = 1 << (seq % WORD_SEQS);
        self.len += usize::from(*word & place == 0);
        *word |= place;
    }

    pub(super) fn remove(&mut self, group: GroupNo, seq: u64) {
        let at = (group, seq / WORD_SEQS);
        let Some(word) = self.words.get_mut(&at) else { return };
        let place = 1 << (seq % WORD_SEQS);
        self.len -= usize::from(*word & place != 0);
        *word &= !place;
        if *word == 0 {
            self.words.remove(&at);
        }
    }

    pub(super) fn contains(&self, group: GroupNo, seq: u64) -> bool {
        let word = self.words.get(&(group, seq / WORD_SEQS));
        word.is_some_and(|word| word & 1 << (seq % WORD_SEQS) != 0)
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether there is any of a group up to a seq.
    pub(super) fn has_upto(&self, group: GroupNo, seq: u64) -> bool {
        let first = self.words.range((group, 0)..=(group, seq / WORD_SEQS)).next();
        first.is_some_and(|((_, n), word)| n * WORD_SEQS + u64::from(word.trailing_zeros()) <= seq)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (GroupNo, u64)> {
        self.words.iter().flat_map(|(&(group, n), &word)| {
            let places = (0..WORD_SEQS).filter(move |place| word & 1 << place != 0);
            places.map(move |place| (group, n * WORD_SEQS + place))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_is_a_set() {
        let (mut held, mut model) = (Held::default(), BTreeSet::new());
        // Any order will do that meets each word full, sparse and empty again.
        let mixed = (0..4000u64).map(|n| ((n * 2_654_435_761) >> 3) % 1000);
        for (n, seq) in mixed.enumerate() {
            let group = 1 + (seq % 3) as GroupNo;
            if n % 5 < 3 {
                held.insert(group, seq);
                model.insert((group, seq));
            } else {
                held.remove(group, seq);
                model.remove(&(group, seq));
            }
            assert_eq!(held.contains(group, seq), model.contains(&(group, seq)));
            assert_eq!((held.len(), held.is_empty()), (model.len(), model.is_empty()));
            assert_eq!(held.has_upto(2, seq), model.range((2, 0)..=(2, seq)).next().is_some());
        }
        assert!(held.iter().eq(model.iter().copied()));
        held.insert(1, u64::MAX);
        assert!(held.contains(1, u64::MAX) && held.has_upto(1, u64::MAX));
        for (group, seq) in held.clone().iter() {
            held.remove(group, seq);
        }
        assert_eq!(held, Held::default());
    }
}
