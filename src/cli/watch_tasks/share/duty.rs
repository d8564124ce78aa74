//! When a group's watch is to do what nobody tells it to: stop because it is idle, say that nothing moves, and
//! give up those who cannot come any more. Pure: the time is an argument.
//!
//! ```text
//! running ──stop──► stopping ──all leases have ended──────────────────► left
//!    │                 │                                                  ▲
//!    └──reader gone────┴─► last words, for one grace ──► given back ──────┘
//! ```

use std::time::Duration;

use tokio::time::Instant;

/// Nothing has ended for so long: then it is said.
const STALLED_AFTER: Duration = Duration::from_secs(10);
/// For last words after a signal, which reaches the whole pipeline; and for the server to hear a word.
pub(super) const MOMENT: Duration = Duration::from_secs(1);

/// Why a watch stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The end that was asked for.
    Asked,
    /// A signal, with this exit code.
    Signal(u8),
    /// Nobody reads any more.
    ReaderGone,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing was held and nothing has come for as long as `--idle-exit` says.
    Idle,
    /// Nothing ends.
    Stalled,
    /// The time for last words is over, or the time for giving back.
    GiveUp,
}

/// What a watch has to do, and when.
#[derive(Debug)]
pub(super) struct Duty {
    credit: usize,
    grace: Duration,
    idle: Option<Duration>,
    /// It leaves its leases behind: they do not keep it.
    detaches: bool,
    /// When a lease was last taken or ended.
    moved_at: Instant,
    stop: Option<(Stop, Instant)>,
    signal: Option<u8>,
    /// Nobody reads any more; until then somebody may have something to say.
    last_words_until: Option<Instant>,
    has_said_stalled: bool,
}

impl Duty {
    pub(super) fn new(credit: u32, grace: Duration, idle: Option<Duration>, now: Instant) -> Self {
        Duty {
            credit: credit as usize,
            grace,
            idle,
            detaches: false,
            moved_at: now,
            stop: None,
            signal: None,
            last_words_until: None,
            has_said_stalled: false,
        }
    }

    /// It is to leave its leases behind.
    pub(super) fn detaching(self, detaches: bool) -> Self {
        Duty { detaches, ..self }
    }

    /// A task was handed out.
    pub(super) fn taken(&mut self, now: Instant) {
        self.moved_at = now;
    }

    /// A lease has ended.
    pub(super) fn ended(&mut self, now: Instant) {
        self.moved_at = now;
        self.has_said_stalled = false;
    }

    /// It is to stop. True if it was not stopping before.
    pub(super) fn stop(&mut self, why: Stop, now: Instant) -> bool {
        if let Stop::Signal(code) = why {
            self.signal.get_or_insert(code);
            // It has reached the others as well: they do not take long.
            self.last_words_until = self.last_words_until.map(|until| until.min(now + self.patience()));
        }
        let is_first = self.stop.is_none();
        self.stop.get_or_insert((why, now));
        is_first
    }

    /// Nobody reads any more: what was said before may still be on its way.
    pub(super) fn reader_gone(&mut self, now: Instant) {
        self.last_words_until.get_or_insert(now + self.patience());
    }

    fn patience(&self) -> Duration {
        if self.signal.is_some() { self.grace.min(MOMENT) } else { self.grace }
    }

    /// Why it stops, if it does.
    pub(super) fn stopping(&self) -> Option<Stop> {
        self.stop.map(|(why, _)| why)
    }

    /// When it was told to stop.
    pub(super) fn stopped_at(&self) -> Option<Instant> {
        self.stop.map(|(_, at)| at)
    }

    /// The exit code of the signal that it was told to stop by.
    pub(super) fn signal(&self) -> Option<u8> {
        self.signal
    }

    /// Whether nobody reads any more.
    pub(super) fn is_reader_gone(&self) -> bool {
        self.last_words_until.is_some()
    }

    /// What is due next, and when, with so many leases held.
    pub(super) fn next(&self, held: usize) -> Option<(Instant, Due)> {
        if let Some(until) = self.last_words_until {
            return Some((until, Due::GiveUp));
        }
        let idle = self.idle.filter(|_| self.stop.is_none());
        if held == 0 || self.detaches && idle.is_some() {
            return idle.map(|idle| (self.moved_at + idle, Due::Idle));
        }
        let since = self.stop.map_or(self.moved_at, |(_, at)| at.max(self.moved_at));
        let waits = held >= self.credit || self.stop.is_some();
        (waits && !self.has_said_stalled).then_some((since + STALLED_AFTER, Due::Stalled))
    }

    /// It has been said that nothing moves: once is enough until something does.
    pub(super) fn said_stalled(&mut self) {
        self.has_said_stalled = true;
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "one moment to count from")]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn duty(credit: u32) -> (Duty, Instant) {
        let now = Instant::now();
        (Duty::new(credit, 20 * SECOND, Some(5 * SECOND), now), now)
    }

    #[test]
    fn it_is_idle_when_nothing_is_held_and_nothing_comes() {
        let (mut duty, t) = duty(1);
        assert_eq!(duty.next(0), Some((t + 5 * SECOND, Due::Idle)));
        duty.taken(t + SECOND);
        assert!(!matches!(duty.next(1), Some((_, Due::Idle))));
        duty.ended(t + 100 * SECOND);
        assert_eq!(duty.next(0), Some((t + 105 * SECOND, Due::Idle)));
        duty.stop(Stop::Asked, t + 101 * SECOND);
        assert_eq!(duty.next(0), None);
    }

    #[test]
    fn what_it_leaves_behind_does_not_keep_it() {
        let (duty, t) = duty(1);
        let mut duty = duty.detaching(true);
        duty.taken(t + SECOND);
        assert_eq!(duty.next(1), Some((t + 6 * SECOND, Due::Idle)));
        duty.stop(Stop::Asked, t + 6 * SECOND);
        assert!(!matches!(duty.next(1), Some((_, Due::Idle))));
    }

    #[test]
    fn it_is_stalled_once_when_the_credit_is_used_up_and_nothing_ends() {
        let (mut duty, t) = duty(2);
        duty.taken(t);
        assert_eq!(duty.next(1), None, "there is credit left");
        duty.taken(t + SECOND);
        assert_eq!(duty.next(2), Some((t + 11 * SECOND, Due::Stalled)));
        duty.said_stalled();
        assert_eq!(duty.next(2), None);
        duty.ended(t + 30 * SECOND);
        duty.taken(t + 31 * SECOND);
        assert_eq!(duty.next(2), Some((t + 41 * SECOND, Due::Stalled)));
    }

    #[test]
    fn who_stops_waits_for_what_it_holds_and_says_so() {
        let (mut duty, t) = duty(5);
        duty.taken(t);
        assert!(duty.stop(Stop::Asked, t + 60 * SECOND));
        assert!(!duty.stop(Stop::Asked, t + 61 * SECOND));
        assert_eq!(duty.next(1), Some((t + 70 * SECOND, Due::Stalled)));
        assert_eq!(duty.next(0), None);
    }

    #[test]
    fn last_words_have_a_grace_and_a_second_after_a_signal() {
        let (mut duty, t) = duty(1);
        duty.stop(Stop::Asked, t);
        duty.reader_gone(t);
        assert_eq!(duty.next(1), Some((t + 20 * SECOND, Due::GiveUp)));
        duty.stop(Stop::Signal(130), t + 2 * SECOND);
        assert_eq!(duty.next(1), Some((t + 3 * SECOND, Due::GiveUp)));
        assert_eq!((duty.stopping(), duty.signal()), (Some(Stop::Asked), Some(130)));
    }

    #[test]
    fn a_signal_that_comes_first_shortens_the_grace_too() {
        let (mut duty, t) = duty(1);
        duty.stop(Stop::Signal(143), t);
        assert_eq!(duty.next(1), Some((t + 10 * SECOND, Due::Stalled)));
        duty.reader_gone(t + 4 * SECOND);
        assert_eq!(duty.next(1), Some((t + 5 * SECOND, Due::GiveUp)));
    }
}
