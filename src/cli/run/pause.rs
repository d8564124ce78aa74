//! Stepping back: an agent whose command cannot be started leaves the tasks to others, for longer and longer.
//! Pure: the time is an argument.

use std::time::Duration;

use tokio::time::Instant;

const FIRST: Duration = Duration::from_secs(1);
const LAST: Duration = Duration::from_secs(60);

/// Pauses that grow.
#[derive(Debug)]
pub(super) struct Pauses {
    next: Duration,
    until: Option<Instant>,
}

impl Pauses {
    pub(super) fn new() -> Self {
        Pauses { next: FIRST, until: None }
    }

    /// The command could not be started. How long the pause is that begins now; `None`: there is one already,
    /// and what was begun before it says no more.
    pub(super) fn step_back(&mut self, now: Instant) -> Option<Duration> {
        if self.until.is_some() {
            return None;
        }
        let pause = self.next;
        self.next = (pause * 2).min(LAST);
        self.until = Some(now + pause);
        Some(pause)
    }

    /// The command could be started.
    pub(super) fn worked(&mut self) {
        self.next = FIRST;
    }

    /// When the pause ends, if there is one.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Ends the pause once its time has come. True if it has.
    pub(super) fn end(&mut self, now: Instant) -> bool {
        self.until.take_if(|until| now >= *until).is_some()
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "one moment to count from")]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_until_the_command_works() {
        let (mut pauses, mut now) = (Pauses::new(), Instant::now());
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(pauses.step_back(now), Some(Duration::from_secs(seconds)));
            assert_eq!(pauses.step_back(now), None, "several that ended at once are one reason");
            assert!(!pauses.end(now));
            now = pauses.until().unwrap();
            assert!(pauses.end(now) && pauses.until().is_none());
        }
        pauses.worked();
        assert_eq!(pauses.step_back(now), Some(FIRST));
    }
}
