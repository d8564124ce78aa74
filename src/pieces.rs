//! The pieces of the hot path, each on inputs that are always the same: for `benches/`, which times them and counts
//! their instructions. Of what the crate offers they are no part.
//!
//! What a piece is made of stands beside what it tries, in the files `pieces.rs` of `cli`, `server` and the engine.

use std::{any::Any, hint::black_box};

/// How many items each piece does.
pub(crate) const ITEMS: u64 = 1000;

/// A piece.
pub struct Piece {
    /// Its name for good: what is known of it is kept under this.
    pub name: &'static str,
    prepare: Box<dyn Fn() -> Work>,
}

/// What is measured, with its inputs at hand. It returns all that is left, so that nobody measures how that is dropped.
pub type Work = Box<dyn FnOnce() -> Box<dyn Any>>;

impl Piece {
    /// Of `work`, on what `prepare` makes. It does [`ITEMS`] items.
    pub(crate) fn new<I: 'static, O: 'static>(
        name: &'static str,
        prepare: impl Fn() -> I + 'static,
        work: fn(I) -> O,
    ) -> Self {
        let prepare = Box::new(move || {
            let input = prepare();
            Box::new(move || Box::new(black_box(work)(black_box(input))) as Box<dyn Any>) as Work
        });
        Piece { name, prepare }
    }

    /// Makes the inputs.
    pub fn prepare(&self) -> Work {
        (self.prepare)()
    }

    /// How many items it does.
    pub fn items(&self) -> u64 {
        ITEMS
    }
}

/// All of them.
pub fn all() -> Vec<Piece> {
    [crate::server::pieces(), crate::cli::pieces()].into_iter().flatten().collect()
}

/// The text of a task: 100 bytes, another for each number.
pub(crate) fn text(n: u64) -> String {
    // As any seed would do: what matters is that it is the same each time.
    let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let letters = (0..100).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b"abcdefghijklmnop qrstuvwxyz-0123"[(state % 32) as usize])
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_piece_runs_and_has_a_name_of_its_own() {
        let mut names = BTreeSet::new();
        for piece in all() {
            assert!(names.insert(piece.name), "{} comes twice", piece.name);
            assert!(piece.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", piece.name);
            // Twice: the second one finds what the first one found.
            piece.prepare()();
            piece.prepare()();
        }
    }

    #[test]
    fn texts_are_a_hundred_bytes_and_stay_what_they_are() {
        assert_eq!(text(1).len(), 100);
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }
}
