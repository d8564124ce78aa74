//! Maps by what has a number: looked into several times for each task, so they are not hashed as texts are. Processes
//! choose their own names; how they are spread is secret and another in each run, so that none can choose to lie where
//! others do.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, Hasher, RandomState},
    sync::LazyLock,
};

/// A map by numbers, or by names that are as good as numbers.
pub(in super::super) type Numbered<K, V> = HashMap<K, V, Spread>;

/// A set of such.
pub(in super::super) type Numbers<K> = HashSet<K, Spread>;

/// How they are spread.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Spread {
    seed: u64,
    factor: u64,
}

impl Default for Spread {
    fn default() -> Self {
        static SPREAD: LazyLock<Spread> = LazyLock::new(|| {
            let secret = RandomState::new();
            // A factor is odd, so that none of a number gets lost.
            Spread { seed: secret.hash_one(1), factor: secret.hash_one(2) | 1 }
        });
        *SPREAD
    }
}

impl BuildHasher for Spread {
    type Hasher = Spreading;

    fn build_hasher(&self) -> Spreading {
        Spreading { state: self.seed, factor: self.factor }
    }
}

/// One number that is being spread.
#[derive(Debug)]
pub(in super::super) struct Spreading {
    state: u64,
    factor: u64,
}

impl Hasher for Spreading {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        // Both halves of the product: each bit of the number moves bits of either end.
        let product = u128::from(self.state ^ n) * u128::from(self.factor);
        self.state = product as u64 ^ (product >> 64) as u64;
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }

    fn finish(&self) -> u64 {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_spread() {
        let spread = Spread::default();
        let places: HashSet<u64> = (0..4096u64).map(|n| spread.hash_one(n) >> 40).collect();
        assert!(places.len() > 4000, "{} of 4096 at the upper end", places.len());
        let places: HashSet<u64> = (0..4096u64).map(|n| spread.hash_one(n) & 0xff_ffff).collect();
        assert!(places.len() > 4000, "{} of 4096 at the lower end", places.len());
        let name = |byte: usize| {
            let mut name = [7u8; 16];
            name[byte] = 0;
            spread.hash_one(name)
        };
        let names: HashSet<u64> = (0..16).map(name).collect();
        assert_eq!(names.len(), 16);
    }
}
