//! Ends of leases that came before their tasks: the two come on different streams, in whatever order.

use std::collections::{HashSet, VecDeque};

/// So many are remembered.
const MAX: usize = 1000;

/// Leases that have ended and were not held.
#[derive(Debug, Default)]
pub(in crate::cli) struct Early {
    leases: HashSet<String>,
    /// The same, the oldest first.
    order: VecDeque<String>,
}

impl Early {
    /// One has ended.
    pub(in crate::cli) fn ended(&mut self, lease: &str) {
        if self.leases.insert(lease.to_owned()) {
            self.order.push_back(lease.to_owned());
            if self.order.len() > MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.leases.remove(&oldest);
            }
        }
    }

    /// Its task has come. Whether it had ended before.
    pub(in crate::cli) fn came(&mut self, lease: &str) -> bool {
        self.leases.remove(lease)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten() {
        let mut early = Early::default();
        early.ended("first");
        assert!(early.came("first") && !early.came("first"));
        for n in 0..5000 {
            early.ended(&n.to_string());
        }
        assert_eq!((early.leases.len(), early.order.len()), (MAX, MAX));
        assert!(!early.came("3999") && early.came("4000"));
    }
}
