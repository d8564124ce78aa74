//! What can be changed of a group. What a flag can say wrongly is refused here.

use std::ops::RangeInclusive;

use clap::Args;

use crate::{
    cli::{Failure, group::Group, time},
    pb,
    wire::LEASE_MS,
};

/// A pause between two attempts, in milliseconds.
const BACKOFF_MS: RangeInclusive<u64> = 1..=12 * 60 * 60 * 1000;

/// Change a group's settings; what is not given stays
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact groups set ci -q builds --max-failures 3
  contact groups set ci --backoff 1s..5m --lease 10m

Exit codes: 0 it is done, and the group as it is now has been printed; 2 wrong usage;
3 the server could not be reached; 69 there is no such group")]
pub(super) struct Set {
    /// The group; `@` is this client's own
    #[arg(value_name = "GROUP", value_parser = Group::parse)]
    name: Group,

    /// A task is dead after so many failures; 0 is never
    #[arg(long, value_name = "N")]
    max_failures: Option<u32>,

    /// The pause after the first failure, and up to which it doubles with each: 1s, 1s..5m or ..5m
    #[arg(long, value_name = "PAUSE", value_parser = backoff)]
    backoff: Option<Backoff>,

    /// How long a lease is, unless a member asks for another: 1s to 12h
    #[arg(long, value_name = "DURATION", value_parser = lease)]
    lease: Option<u64>,
}

/// Hand out nothing more of a group; leases in force go on
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact groups pause ci -q builds")]
pub(super) struct Pause {
    /// The group; `@` is this client's own
    #[arg(value_name = "GROUP", value_parser = Group::parse)]
    name: Group,
}

/// Hand out tasks of a paused group again
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact groups resume ci -q builds")]
pub(super) struct Resume {
    /// The group; `@` is this client's own
    #[arg(value_name = "GROUP", value_parser = Group::parse)]
    name: Group,
}

impl Set {
    /// The group, and what is to change of it.
    pub(super) fn settings(self) -> Result<(Group, pb::GroupSettings), Failure> {
        if self.max_failures.is_none() && self.backoff.is_none() && self.lease.is_none() {
            return Err(Failure::usage("nothing is set: give --max-failures, --backoff or --lease"));
        }
        let backoff = self.backoff.unwrap_or_default();
        let settings = pb::GroupSettings {
            max_failures: self.max_failures,
            backoff_ms: backoff.first_ms,
            backoff_max_ms: backoff.longest_ms,
            lease_ms: self.lease,
            ..pb::GroupSettings::default()
        };
        Ok((self.name, settings))
    }
}

impl Pause {
    /// The group, and what is to change of it.
    pub(super) fn settings(self) -> (Group, pb::GroupSettings) {
        (self.name, paused(true))
    }
}

impl Resume {
    /// The group, and what is to change of it.
    pub(super) fn settings(self) -> (Group, pb::GroupSettings) {
        (self.name, paused(false))
    }
}

fn paused(paused: bool) -> pb::GroupSettings {
    pb::GroupSettings { paused: Some(paused), ..pb::GroupSettings::default() }
}

/// The pauses between attempts. What is not said stays.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Backoff {
    first_ms: Option<u64>,
    longest_ms: Option<u64>,
}

fn backoff(text: &str) -> Result<Backoff, String> {
    let pause = |text: &str| milliseconds(text, BACKOFF_MS);
    match text.split_once("..") {
        None => Ok(Backoff { first_ms: Some(pause(text)?), longest_ms: None }),
        Some(("", longest)) => Ok(Backoff { first_ms: None, longest_ms: Some(pause(longest)?) }),
        Some((first, longest)) => {
            let (first, longest) = (pause(first)?, pause(longest)?);
            if first > longest {
                return Err("the first pause is longer than the longest one".into());
            }
            Ok(Backoff { first_ms: Some(first), longest_ms: Some(longest) })
        }
    }
}

fn lease(text: &str) -> Result<u64, String> {
    milliseconds(text, LEASE_MS)
}

fn milliseconds(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let ms = time::milliseconds(time::duration(text)?);
    if range.contains(&ms) {
        return Ok(ms);
    }
    let [shortest, longest] = [*range.start(), *range.end()].map(time::shown_ms);
    Err(format!("must be from {shortest} to {longest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses() {
        let pauses = |first_ms, longest_ms| Ok(Backoff { first_ms, longest_ms });
        assert_eq!(backoff("1s"), pauses(Some(1000), None));
        assert_eq!(backoff("1s..5m"), pauses(Some(1000), Some(300_000)));
        assert_eq!(backoff("1s..1s"), pauses(Some(1000), Some(1000)));
        assert_eq!(backoff("..12h"), pauses(None, Some(12 * 3_600_000)));
        for bad in ["", "..", "1s..", "5m..1s", "0s", "13h", "1s..13h", "1", "1s...5m"] {
            assert!(backoff(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn leases() {
        assert_eq!((lease("1s"), lease("12h")), (Ok(1000), Ok(12 * 3_600_000)));
        assert_eq!(lease("999ms"), Err("must be from 1s to 12h".into()));
        assert!(lease("12h1s").is_err());
    }
}
