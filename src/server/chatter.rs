//! Log lines about what clients say. The tutorial's server prints each word; at a million words a second
//! nobody reads them and writing them would be all that the server does.

use std::sync::{Mutex, PoisonError};

use tokio::time::{Duration, Instant};

/// Lines in one second, of one kind.
const LINES_MAX: u64 = 100;

/// Counts lines of one kind.
#[derive(Debug, Default)]
pub(super) struct Chatter(Mutex<Second>);

#[derive(Debug, Default)]
struct Second {
    began: Option<Instant>,
    lines: u64,
}

impl Chatter {
    /// How many of `items` may be logged now, and how many were left out in the second that has just ended.
    #[allow(clippy::disallowed_methods, reason = "decides about log lines only")]
    pub(super) fn allow(&self, items: usize) -> (usize, u64) {
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let mut left_out = 0;
        if second.began.is_none_or(|began| now - began >= Duration::from_secs(1)) {
            left_out = second.lines.saturating_sub(LINES_MAX);
            *second = Second { began: Some(now), lines: 0 };
        }
        let allowed = LINES_MAX.saturating_sub(second.lines).min(items as u64);
        second.lines += items as u64;
        (allowed as usize, left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_counted_and_not_printed() {
        let chatter = Chatter::default();
        assert_eq!(chatter.allow(3), (3, 0));
        assert_eq!(chatter.allow(1000), (97, 0));
        assert_eq!(chatter.allow(5), (0, 0));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(chatter.allow(1), (1, 908));
        assert_eq!(chatter.allow(1), (1, 0));
    }
}
