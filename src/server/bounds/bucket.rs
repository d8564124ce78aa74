//! Messages in a second: a bucket that fills steadily, and holds what comes in a second.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// A call and its first message: with less nobody would ever get one in.
const ROOM_MIN: f64 = 2.0;

/// What may be sent.
#[derive(Debug)]
pub(super) struct Bucket {
    per_second: f64,
    room: f64,
    level: Mutex<Level>,
}

#[derive(Debug)]
struct Level {
    left: f64,
    at: Instant,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(per_second);
        let room = per_second.max(ROOM_MIN);
        Bucket { per_second, room, level: Mutex::new(Level { left: room, at: now }) }
    }

    /// Takes as many of `wanted` as there are.
    pub(super) fn take(&self, wanted: usize, now: Instant) -> usize {
        self.with(now, |left| {
            let taken = wanted.min(*left as usize);
            *left -= taken as f64;
            taken
        })
    }

    /// When there are so many again, or as many as there can be.
    pub(super) fn after(&self, wanted: usize, now: Instant) -> Duration {
        let missing = self.with(now, |left| (wanted as f64).min(self.room) - *left);
        Duration::from_secs_f64(missing.max(0.0) / self.per_second)
    }

    /// Whether it is as if nobody had ever taken anything.
    pub(super) fn is_full(&self, now: Instant) -> bool {
        self.with(now, |left| *left >= self.room)
    }

    fn with<T>(&self, now: Instant, does: impl FnOnce(&mut f64) -> T) -> T {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.saturating_duration_since(level.at).as_secs_f64();
        level.left = (level.left + since * self.per_second).min(self.room);
        level.at = level.at.max(now);
        does(&mut level.left)
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "one moment to count from")]
mod tests {
    use super::*;

    #[test]
    fn it_holds_a_second_and_fills_steadily() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let bucket = Bucket::new(100, now);
        assert!(bucket.is_full(now));
        assert_eq!((bucket.take(60, now), bucket.take(60, now), bucket.take(60, now)), (60, 40, 0));
        assert_eq!(bucket.after(50, now), second / 2);
        assert_eq!(bucket.after(5000, now), second, "more than it holds there never is");
        assert_eq!(bucket.take(60, now + second / 4), 25);
        assert!(!bucket.is_full(now + second) && bucket.is_full(now + 2 * second));
        assert_eq!(bucket.take(usize::MAX, now + 60 * second), 100, "what was not used is not saved up");
    }

    #[test]
    fn one_in_a_second_is_enough_to_get_something_in() {
        let now = Instant::now();
        let bucket = Bucket::new(1, now);
        assert_eq!(bucket.take(1, now), 1);
        assert_eq!(bucket.take(10, now), 1);
        assert_eq!(bucket.after(10, now), Duration::from_secs(2));
    }
}
