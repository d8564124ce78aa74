//! Where a watch is to start, and what it does when it cannot go on there, as flags say it.

use prost_types::Timestamp;

use super::time;
use crate::pb;

/// Where to start.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Start {
    /// At the first one kept.
    First,
    /// After the last one.
    New,
    /// At this place, inclusive.
    At(u64),
    /// At the first one of then or later.
    Time(Timestamp),
}

impl Start {
    /// Judges `start`, `new`, a place or a time. `what` is what a place is called: seq, number.
    pub(super) fn parse(text: &str, what: &str) -> Result<Self, String> {
        match text {
            "start" => Ok(Start::First),
            "new" => Ok(Start::New),
            "0" => Err(format!("{what}s begin at 1")),
            text if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
                text.parse().map(Start::At).map_err(|_| format!("no {what} is that large"))
            }
            text => time::timestamp(text).map(Start::Time).ok_or_else(|| {
                let what = what.to_ascii_uppercase();
                format!("not start, new, a {what} or a TIME like 2026-11-22T06:00:00Z")
            }),
        }
    }

    /// The position in a queue that it is.
    pub(super) fn on_the_wire(&self) -> Option<pb::position::Start> {
        match self {
            Start::First => None,
            Start::New => Some(pb::position::Start::FromNew(true)),
            Start::At(seq) => Some(pb::position::Start::FromSeq(*seq)),
            Start::Time(time) => Some(pb::position::Start::FromTime(*time)),
        }
    }
}

/// A place in a queue, as a flag says it.
pub(super) fn in_queue(text: &str) -> Result<Start, String> {
    Start::parse(text, "seq")
}

/// What to do about a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum OnGap {
    /// Leave with exit code 75, or 73 for another store
    Fail,
    /// Say so and go on at the first one kept
    Skip,
    /// Go on in another store; all else fails
    #[value(skip)]
    Follow,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_to_start() {
        let parse = |text| Start::parse(text, "seq");
        assert_eq!(parse("start"), Ok(Start::First));
        assert_eq!(parse("17"), Ok(Start::At(17)));
        assert!(matches!(parse("2026-11-22T06:00:00Z"), Ok(Start::Time(_))));
        for bad in ["", "0", "-1", "later", "18446744073709551616", "2026-11-22"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Start::parse("0", "number"), Err("numbers begin at 1".into()));
    }
}
