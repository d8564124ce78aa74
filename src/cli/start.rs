//! Where a watch is to start, as it is asked for.

use prost_types::Timestamp;

use super::time;
use crate::pb;

/// Where to start.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum From {
    Start,
    New,
    Seq(u64),
    Time(Timestamp),
}

impl From {
    /// Judges what stands in a flag.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "start" => Ok(From::Start),
            "new" => Ok(From::New),
            "0" => Err("seqs begin at 1".into()),
            text if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
                text.parse().map(From::Seq).map_err(|_| "no seq is that large".into())
            }
            text => time::timestamp(text)
                .map(From::Time)
                .ok_or_else(|| "not start, new, a SEQ or a TIME like 2026-11-22T06:00:00Z".into()),
        }
    }

    /// The position that it is.
    pub(super) fn on_the_wire(&self) -> Option<pb::position::Start> {
        match self {
            From::Start => None,
            From::New => Some(pb::position::Start::FromNew(true)),
            From::Seq(seq) => Some(pb::position::Start::FromSeq(*seq)),
            From::Time(time) => Some(pb::position::Start::FromTime(*time)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_to_start() {
        assert_eq!(From::parse("start"), Ok(From::Start));
        assert_eq!(From::parse("17"), Ok(From::Seq(17)));
        assert!(matches!(From::parse("2026-11-22T06:00:00Z"), Ok(From::Time(_))));
        for bad in ["", "0", "-1", "later", "18446744073709551616", "2026-11-22"] {
            assert!(From::parse(bad).is_err(), "{bad}");
        }
    }
}
