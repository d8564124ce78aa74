//! The server's time. It never goes back, whatever the wall clock does; and a wall clock that leaps a day
//! ahead is not believed for a day as far as throwing tasks away is concerned.

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
        match self.doubted_ms {
            // It came back, or it has stood by its word.
            Some(doubted) if wall_ms < doubted || wall_ms - doubted >= DAY_MS => self.doubted_ms = None,
            Some(_) => {}
            None if self.last_ms > 0 && wall_ms > self.last_ms + DAY_MS => self.doubted_ms = Some(wall_ms),
            None => {}
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
    fn a_leap_taken_back_is_forgotten() {
        let mut clock = ServerClock { last_ms: 1000, doubted_ms: None };
        clock.read(400 * DAY_MS);
        assert!(!clock.may_trim());
        assert_eq!(clock.read(2000), 400 * DAY_MS);
        assert!(clock.may_trim());
    }
}
