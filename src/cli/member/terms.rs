//! What a member of a group asks of its leases: the flags.

use std::time::Duration;

use clap::Args;

use crate::{
    cli::time::{self, milliseconds},
    wire::{GRACE_MS, LEASE_MS, MAX_HOLD_RANGE_MS},
};

/// The flags of leases.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct Terms {
    /// How long a lease is when this process is no longer heard: 1s to 12h [default: the group's, 1m]
    #[arg(long, value_name = "DURATION", value_parser = lease)]
    pub(in crate::cli) lease: Option<Duration>,

    /// How long a task may be held at all: from 1s [default: 12h]
    #[arg(long, value_name = "DURATION", value_parser = hold)]
    pub(in crate::cli) max_hold: Option<Duration>,

    /// How long to wait for what is still going on when this process is told to stop [default: 20s]
    #[arg(long, value_name = "DURATION", value_parser = time::duration)]
    grace: Option<Duration>,
}

impl Terms {
    /// How long to wait for others.
    pub(in crate::cli) fn grace(&self) -> Duration {
        self.grace.unwrap_or(Duration::from_millis(GRACE_MS))
    }
}

fn lease(text: &str) -> Result<Duration, String> {
    let lease = time::duration(text)?;
    let is_one = LEASE_MS.contains(&milliseconds(lease));
    is_one.then_some(lease).ok_or_else(|| "a lease is 1s to 12h".into())
}

fn hold(text: &str) -> Result<Duration, String> {
    let hold = time::duration(text)?;
    let is_one = MAX_HOLD_RANGE_MS.contains(&milliseconds(hold));
    is_one.then_some(hold).ok_or_else(|| "a task is held for 1s to 365d".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases() {
        assert!(lease("1s").is_ok() && lease("12h").is_ok());
        assert!(lease("999ms").is_err() && lease("12h 1ms").is_err());
        assert!(hold("1s").is_ok() && hold("999ms").is_err());
        assert!(hold("365d").is_ok() && hold("365d 1ms").is_err());
    }
}
