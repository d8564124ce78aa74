//! When an agent is to do what nobody tells it to: stop because it is idle, and end what runs on after a
//! signal. Pure: the time is an argument.
//!
//! ```text
//! running ──stop──► stopping ──all commands have ended, all is told──► left
//!    │                                                                  ▲
//!    └─signal─► one grace for what runs ──► stopped and given back ─────┘
//! ```

use std::time::Duration;

use tokio::time::Instant;

/// For the server to hear a word.
pub(super) const MOMENT: Duration = Duration::from_secs(1);

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing was held and nothing has come for as long as `--idle-exit` says.
    Idle,
    /// What runs after a signal has had its time.
    GiveUp,
}

/// What an agent has to do, and when.
#[derive(Debug)]
pub(super) struct Duty {
    grace: Duration,
    idle: Option<Duration>,
    /// When a task last came or was over.
    moved_at: Instant,
    stopped_at: Option<Instant>,
    /// The exit code of the signal that it was told to stop by, and when what runs has had its time.
    signal: Option<(u8, Instant)>,
    has_given_up: bool,
}

impl Duty {
    pub(super) fn new(grace: Duration, idle: Option<Duration>, now: Instant) -> Self {
        Duty { grace, idle, moved_at: now, stopped_at: None, signal: None, has_given_up: false }
    }

    /// A task has come or is over, or there was a reason why none could come.
    pub(super) fn moved(&mut self, now: Instant) {
        self.moved_at = now;
    }

    /// It is to take nothing more. True if it was not stopping before.
    pub(super) fn stop(&mut self, now: Instant) -> bool {
        let is_first = self.stopped_at.is_none();
        self.stopped_at.get_or_insert(now);
        is_first
    }

    /// A signal has come. True if it is the first one.
    pub(super) fn signal(&mut self, code: u8, now: Instant) -> bool {
        let is_first = self.signal.is_none();
        self.signal.get_or_insert((code, now + self.grace));
        is_first
    }

    /// Since when it takes nothing more.
    pub(super) fn stopped_at(&self) -> Option<Instant> {
        self.stopped_at
    }

    /// The exit code of the signal, and until when what runs has time.
    pub(super) fn signalled(&self) -> Option<(u8, Instant)> {
        self.signal
    }

    /// Whether what runs has been told to end.
    pub(super) fn has_given_up(&self) -> bool {
        self.has_given_up
    }

    /// What runs has been told to end.
    pub(super) fn gave_up(&mut self) {
        self.has_given_up = true;
    }

    /// What is due next, and when.
    pub(super) fn next(&self, is_busy: bool) -> Option<(Instant, Due)> {
        if let Some((_, until)) = self.signal {
            return (is_busy && !self.has_given_up).then_some((until, Due::GiveUp));
        }
        let idle = self.idle.filter(|_| self.stopped_at.is_none() && !is_busy);
        idle.map(|idle| (self.moved_at + idle, Due::Idle))
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "one moment to count from")]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_is_idle_when_nothing_runs_and_nothing_comes() {
        let t = Instant::now();
        let mut duty = Duty::new(20 * SECOND, Some(5 * SECOND), t);
        assert_eq!(duty.next(false), Some((t + 5 * SECOND, Due::Idle)));
        assert_eq!(duty.next(true), None);
        duty.moved(t + 100 * SECOND);
        assert_eq!(duty.next(false), Some((t + 105 * SECOND, Due::Idle)));
        assert!(duty.stop(t + 101 * SECOND) && !duty.stop(t + 102 * SECOND));
        assert_eq!((duty.next(false), duty.next(true)), (None, None));
        assert_eq!(duty.stopped_at(), Some(t + 101 * SECOND));
    }

    #[test]
    fn what_runs_has_one_grace_after_the_first_signal() {
        let t = Instant::now();
        let mut duty = Duty::new(20 * SECOND, None, t);
        assert!(duty.stop(t) && duty.next(true).is_none());
        assert!(duty.signal(143, t + SECOND));
        assert!(!duty.signal(130, t + 9 * SECOND));
        assert_eq!(duty.next(true), Some((t + 21 * SECOND, Due::GiveUp)));
        assert_eq!(duty.next(false), None);
        duty.gave_up();
        assert_eq!(duty.next(true), None);
        assert_eq!(duty.signalled(), Some((143, t + 21 * SECOND)));
    }
}
