//! Times and durations as people write them.

use std::time::Duration;

use prost_types::Timestamp;

/// A duration: `10s`, `1h30m`, `30d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|e| format!("{e}: write it like 500ms, 10s, 5m, 1h30m or 30d"))
}

/// A duration that is not nothing.
pub(super) fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("must be more than 0".into()),
        duration => Ok(duration),
    }
}

/// A duration on the wire: in whole milliseconds.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A time: RFC 3339, `2026-11-22T06:00:00Z`.
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    // `Timestamp` alone would take a date without a zone, and guess.
    let has_zone = text.ends_with(['Z', 'z'])
        || text
            .rsplit_once(['+', '-'])
            .is_some_and(|(rest, zone)| rest.contains(['T', 't']) && zone.contains(':'));
    text.parse().ok().filter(|_| has_zone)
}

/// `06:00:00` of a time, for a terminal.
pub(super) fn time_of_day(time: &Timestamp) -> String {
    let seconds = time.seconds.rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(timestamp("1970-01-01T00:01:00Z").unwrap().seconds, 60);
        assert_eq!(timestamp("1970-01-01T02:01:00.5+02:00").unwrap().seconds, 60);
        for bad in ["1970-01-01", "1970-01-01T00:01:00", "yesterday", "", "17"] {
            assert!(timestamp(bad).is_none(), "{bad}");
        }
        assert_eq!(time_of_day(&Timestamp { seconds: 86_400 + 3_661, nanos: 0 }), "01:01:01");
    }

    #[test]
    fn durations() {
        assert_eq!(duration("1h30m").unwrap(), Duration::from_secs(5400));
        assert_eq!(duration("30d").unwrap(), Duration::from_secs(30 * 86_400));
        assert!(duration("10").unwrap_err().contains("10s"));
        assert!(positive_duration("0s").is_err());
    }
}
