//! How much a round has to do: so many messages, or as many as go into a time, and at most so many a second. All
//! connections of a round draw on one quota.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::measure::now;
use crate::cli::time;

/// The pause of somebody who is ahead of the rate, at least: timers are no finer.
const PAUSE_MIN: Duration = Duration::from_millis(1);

/// How much, as it is asked for.
#[derive(Debug, Clone, Args)]
pub(super) struct Amount {
    /// How many in each round [default: as above]
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) tasks: Option<u64>,

    /// Instead of a number: as many as go into this long, in each round
    #[arg(long, value_name = "DURATION", conflicts_with = "tasks", value_parser = time::positive_duration)]
    pub(super) duration: Option<Duration>,

    /// At most so many a second, of all clients together [default: as fast as it goes]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) rate: Option<u64>,
}

impl Amount {
    /// How many, if that is known.
    pub(super) fn total(&self, default: u64) -> Option<u64> {
        self.duration.is_none().then(|| self.tasks.unwrap_or(default))
    }
}

/// What is left of it.
#[derive(Debug)]
pub(super) struct Quota {
    began: Instant,
    left: AtomicU64,
    taken: AtomicU64,
    until: Option<Instant>,
    rate: Option<u64>,
    /// Nothing more is to be begun.
    stop: CancellationToken,
}

/// What one may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    /// So many now.
    Now(u64),
    /// Nothing before this long.
    After(Duration),
    /// Nothing more.
    Over,
}

impl Quota {
    /// Begins now. `total`: how many; `None`: as many as go into the amount's duration.
    pub(super) fn new(total: Option<u64>, amount: &Amount, stop: &CancellationToken) -> Self {
        let began = now();
        Quota {
            began,
            left: AtomicU64::new(total.unwrap_or(u64::MAX)),
            taken: AtomicU64::new(0),
            until: amount.duration.map(|duration| began + duration),
            rate: amount.rate,
            stop: stop.clone(),
        }
    }

    /// Asks for so many.
    pub(super) fn take(&self, wanted: u64) -> Grant {
        let now = now();
        if self.stop.is_cancelled() || self.until.is_some_and(|until| now >= until) {
            return Grant::Over;
        }
        let mut wanted = wanted;
        if let Some(rate) = self.rate {
            let due = (now - self.began).as_secs_f64() * rate as f64;
            let ahead = self.taken.load(Relaxed) as f64 + 1.0 - due;
            if ahead > 0.0 {
                return Grant::After(Duration::from_secs_f64(ahead / rate as f64).max(PAUSE_MIN));
            }
            wanted = wanted.min((1.0 - ahead) as u64);
        }
        let granted = |left: u64| Some(left - left.min(wanted));
        let left = self.left.fetch_update(Relaxed, Relaxed, granted).unwrap_or_default();
        match left.min(wanted) {
            0 => Grant::Over,
            n => {
                self.taken.fetch_add(n, Relaxed);
                Grant::Now(n)
            }
        }
    }
}
