//! Which results of named tasks have been printed. Of a named task the server yields everything from the first
//! result on, again with each connection.

use std::collections::HashMap;

use crate::pb;

/// What was printed of each task.
#[derive(Debug, Default)]
pub(super) struct Seen(HashMap<String, Task>);

#[derive(Debug, Default)]
struct Task {
    /// The last result.
    n: u64,
    /// The word that nothing more comes.
    has_ended: bool,
}

impl Seen {
    /// Whether this is printed for the first time.
    pub(super) fn is_new(&mut self, result: &pb::Result) -> bool {
        let task = match self.0.get_mut(&result.id) {
            Some(task) => task,
            None => self.0.entry(result.id.clone()).or_default(),
        };
        match result.n {
            // It has no number.
            0 => !std::mem::replace(&mut task.has_ended, true),
            n if n <= task.n => false,
            n => {
                task.n = n;
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_printed_twice() {
        let mut seen = Seen::default();
        let mut is_new = |id: &str, n| seen.is_new(&pb::Result { id: id.into(), n, ..pb::Result::default() });
        // One task after the other.
        assert!(is_new("a", 7) && is_new("a", 9) && is_new("b", 3) && is_new("a", 0));
        assert!(!is_new("a", 7) && !is_new("a", 9) && !is_new("b", 3) && !is_new("a", 0));
        assert!(is_new("b", 4) && is_new("b", 0));
    }
}
