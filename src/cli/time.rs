//! Times and durations as people write them.

use std::time::{Duration, SystemTime};

use prost_types::Timestamp;
use serde::Serializer;

/// No clock goes as far as the longest durations that can be written down: a hundred years are enough.
const LONGEST: Duration = Duration::from_secs(36_500 * 86_400);

/// A duration: `10s`, `1h30m`, `30d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        Ok(_) => Err("a duration is at most 36500d".into()),
        Err(e) => Err(format!("{e}: write it like 500ms, 10s, 5m, 1h30m or 30d")),
    }
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

/// How long ago a time was: `3m12s`. One that lies ahead was `0s` ago.
pub(super) fn age(at: &Timestamp, now: SystemTime) -> String {
    let at = SystemTime::try_from(*at).ok();
    stretch(at.and_then(|at| now.duration_since(at).ok()).unwrap_or_default())
}

/// How long it is to a time. To one that is over it is `0s`.
pub(super) fn left(until: &Timestamp, now: SystemTime) -> String {
    let until = SystemTime::try_from(*until).ok();
    stretch(until.and_then(|until| until.duration_since(now).ok()).unwrap_or_default())
}

/// A stretch of time in its two largest units.
fn stretch(time: Duration) -> String {
    let mut left = time.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let Some(largest) = units.iter().position(|(unit, _)| left >= *unit) else { return "0s".into() };
    let mut shown = String::new();
    for (unit, name) in units.iter().skip(largest).take(2) {
        if left >= *unit {
            shown += &format!("{}{name}", left / unit);
        }
        left %= unit;
    }
    shown
}

/// A duration as a flag takes it: `1m30s`.
pub(super) fn shown_ms(ms: u64) -> String {
    humantime::format_duration(Duration::from_millis(ms)).to_string().replace(' ', "")
}

/// A time as JSON has it.
pub(super) fn as_rfc3339<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(time),
        None => serializer.serialize_none(),
    }
}

/// Waits until then; for ever without a time.
pub(super) async fn until(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
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
    fn ages() {
        let age_of = |seconds| {
            age(&Timestamp { seconds: 0, nanos: 0 }, SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        };
        for (seconds, shown) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (192, "3m12s"),
            (7500, "2h5m"),
            (7201, "2h"),
            (360_000, "4d4h"),
        ] {
            assert_eq!(age_of(seconds), shown);
        }
        let ahead = Timestamp { seconds: 9, nanos: 0 };
        assert_eq!(age(&ahead, SystemTime::UNIX_EPOCH), "0s");
        assert_eq!(left(&ahead, SystemTime::UNIX_EPOCH), "9s");
        assert_eq!(left(&ahead, SystemTime::UNIX_EPOCH + Duration::from_secs(10)), "0s");
        assert_eq!(shown_ms(90_500), "1m30s500ms");
    }

    #[test]
    fn durations() {
        assert_eq!(duration("1h30m").unwrap(), Duration::from_secs(5400));
        assert_eq!(duration("30d").unwrap(), Duration::from_secs(30 * 86_400));
        assert!(duration("10").unwrap_err().contains("10s"));
        assert!(positive_duration("0s").is_err());
    }
}
