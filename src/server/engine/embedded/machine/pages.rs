//! What has ended, by page: it comes about in order, is written down a page at a time, and is then let go of as one.

use std::collections::BTreeMap;

use super::{group::PAGE_SEQS, task::Past};

/// Tasks that have ended, by seq.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// Each in the order of its seqs. None is empty.
    pages: BTreeMap<u64, Vec<(u64, Past)>>,
}

impl Pages {
    pub(super) fn insert(&mut self, seq: u64, past: Past) {
        let page = self.pages.entry(seq / PAGE_SEQS).or_default();
        // Most end in the order in which they came.
        if page.last().is_none_or(|(last, _)| *last < seq) {
            page.push((seq, past));
            return;
        }
        match page.binary_search_by_key(&seq, |(seq, _)| *seq) {
            Ok(place) => page[place].1 = past,
            Err(place) => page.insert(place, (seq, past)),
        }
    }

    pub(super) fn get(&self, seq: u64) -> Option<&Past> {
        let page = self.page(seq / PAGE_SEQS);
        page.binary_search_by_key(&seq, |(seq, _)| *seq).ok().map(|place| &page[place].1)
    }

    /// Those of a page, in order.
    pub(super) fn page(&self, page: u64) -> &[(u64, Past)] {
        self.pages.get(&page).map(Vec::as_slice).unwrap_or_default()
    }

    /// Lets go of a page.
    pub(super) fn forget_page(&mut self, page: u64) {
        self.pages.remove(&page);
    }

    /// Lets go of all up to a seq.
    pub(super) fn forget_upto(&mut self, seq: u64) {
        self.pages = self.pages.split_off(&(seq / PAGE_SEQS));
        if let Some(mut first) = self.pages.first_entry() {
            first.get_mut().retain(|(other, _)| *other > seq);
            if first.get().is_empty() {
                first.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{ends::Ends, task::Outcome},
        *,
    };

    #[test]
    fn they_are_a_map_by_seq() {
        let (mut pages, mut model) = (Pages::default(), BTreeMap::new());
        let outcomes = [Outcome::Done, Outcome::Cancelled, Outcome::Expired, Outcome::Gone];
        let same = |pages: &Pages, model: &BTreeMap<u64, Past>| {
            let all: Vec<_> =
                pages.pages.values().flatten().map(|(seq, past)| (*seq, past.clone())).collect();
            assert_eq!(all, model.iter().map(|(seq, past)| (*seq, past.clone())).collect::<Vec<_>>());
            assert!(pages.pages.values().all(|page| !page.is_empty()));
        };
        for n in 0..6000u64 {
            let seq = if n % 3 == 0 { n } else { ((n * 2_654_435_761) >> 3) % 6000 };
            let past = Past { outcome: outcomes[n as usize % 4], ends: Ends::default() };
            pages.insert(seq, past.clone());
            model.insert(seq, past);
            let other = (n * 40_503) % 6000;
            assert_eq!(pages.get(other), model.get(&other));
        }
        same(&pages, &model);
        assert!(pages.page(2).iter().map(|(seq, _)| seq).eq(model.range(2048..3072).map(|(seq, _)| seq)));
        assert!(pages.page(99).is_empty());
        pages.forget_page(2);
        model.retain(|seq, _| seq / PAGE_SEQS != 2);
        same(&pages, &model);
        for upto in [0, 7, 1023, 1024, 2500, 4000, 4095, 9999] {
            pages.forget_upto(upto);
            model.retain(|seq, _| *seq > upto);
            same(&pages, &model);
        }
        assert_eq!(pages.get(1), None);
    }
}
