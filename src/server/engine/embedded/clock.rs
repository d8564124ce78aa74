//! The server's time. It never goes back, whatever the wall clock does; and a wall clock that leaps a day
//! ahead is not believed as far as throwing tasks away is concerned, until it has run on for a day from there.

/// How far the wall clock may be ahead of the last written time before it is doubted, and for how long it
/// must stand by its word, in milliseconds.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Turns wall clock readings into server time. All times are milliseconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ServerClock {
    /// The latest time given out; 0 if none was.
    pub(super) last_ms: u64,
    /// The reading that was not believed, while it is not.
    pub(super) doubted_ms: Option<u64>,
}

impl ServerClock {
    /// Takes a reading of the wall clock and returns the server's time.
    pub(super) fn read(&mut self, wall_ms: u64) -> u64 {
        let leaps = self.last_ms > 0 && wall_ms > self.last_ms + DAY_MS;
        match self.doubted_ms {
            // It moved again, by a nudge or a leap; whether it is right now only time can tell.
            Some(doubted) if wall_ms < doubted || leaps => self.doubted_ms = Some(wall_ms),
            Some(doubted) if wall_ms - doubted >= DAY_MS => self.doubted_ms = None,
            None if leaps => self.doubted_ms = Some(wall_ms),
            _ => {}
        }
        self.last_ms = self.last_ms.max(wall_ms);
        self.last_ms
    }

    /// Whether tasks may be thrown away by age.
    pub(super) fn may_trim(&self) -> bool {
        self.doubted_ms.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_goes_back() {
        let mut clock = ServerClock::default();
        assert_eq!(clock.read(1_000_000), 1_000_000);
        assert_eq!(clock.read(5), 1_000_000);
        assert_eq!(clock.read(1_000_001), 1_000_001);
        assert!(clock.may_trim());
    }

    #[test]
    fn a_leap_ahead_suspends_trimming_until_it_has_stood_for_a_day() {
        let mut clock = ServerClock { last_ms: 1000, doubted_ms: None };
        assert_eq!(clock.read(1000 + DAY_MS), 1000 + DAY_MS);
        assert!(clock.may_trim(), "a day is not more than a day");
        let leap = clock.last_ms + DAY_MS + 1;
        assert_eq!(clock.read(leap), leap);
        assert!(!clock.may_trim());
        clock.read(leap + DAY_MS - 1);
        assert!(!clock.may_trim());
        clock.read(leap + DAY_MS);
        assert!(clock.may_trim());
    }

    #[test]
    fn a_clock_that_moves_again_must_stand_for_a_day_from_there() {
        let mut clock = ServerClock { last_ms: 1000, doubted_ms: None };
        let mut latest = 0;
        // It leaps, is nudged, leaps again, is set back a little, and is put right.
        for wall_ms in [400 * DAY_MS, 400 * DAY_MS - 5, 402 * DAY_MS, 401 * DAY_MS, 2000] {
            latest = latest.max(wall_ms);
            assert_eq!(clock.read(wall_ms), latest);
            assert!(!clock.may_trim(), "at {wall_ms}");
        }
        assert_eq!(clock.read(2000 + DAY_MS - 1), latest);
        assert!(!clock.may_trim());
        clock.read(2000 + DAY_MS);
        assert!(clock.may_trim());
    }
}
