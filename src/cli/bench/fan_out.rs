//! `contact bench fan-out`: tasks go to many live watchers at once.

use clap::Args;

use super::{Load, Settings, live::Live, measure::Measured, place::Place, quota::Amount};
use crate::cli::Failure;

/// Messages of a round, about,
const MESSAGES: u64 = 2_000_000;
/// and at least so many tasks.
const TASKS_MIN: u64 = 1000;

/// Hand in tasks while N watchers without a group see each of them
///
/// A message is one task at one watcher. A task is on its way until as many have arrived as there are watchers: the
/// submitter waits for the watchers, so that they stay live. The latency is from handing in to the watcher, of the
/// first task of each packet that arrives; what arrives is not decoded but for that.
///
/// A round has 2 000 000 messages unless told otherwise, and 1000 tasks at least.
///
/// With --spawn or --pid the summary has the server's memory for each idle watcher, as it was before the first round.
#[derive(Debug, Args)]
pub(super) struct FanOut {
    /// Watchers, with a connection each
    #[arg(value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    watchers: u32,

    #[command(flatten)]
    amount: Amount,

    /// Tasks on their way at a time; never more than 64 MiB of them
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    in_flight: u32,
}

impl FanOut {
    pub(super) fn load(self) -> FanningOut {
        let tasks = self.amount.total((MESSAGES / u64::from(self.watchers)).max(TASKS_MIN));
        FanningOut { live: Live::new(self.watchers, self.in_flight, tasks, self.amount) }
    }
}

/// The load.
pub(super) struct FanningOut {
    live: Live,
}

impl Load for FanningOut {
    fn name(&self) -> &'static str {
        "fan-out"
    }

    fn settings(&self) -> Settings {
        let Live { watchers, in_flight, .. } = self.live;
        Settings { watchers: Some(watchers), in_flight: Some(in_flight), ..Settings::default() }
    }

    fn connections(&self) -> usize {
        self.live.watchers as usize
    }

    fn total(&self) -> Option<u64> {
        Some(self.live.tasks?.saturating_mul(u64::from(self.live.watchers)))
    }

    async fn prepare(&mut self, place: &Place) -> Result<(), Failure> {
        self.live.start(place).await
    }

    async fn round(&mut self, place: &Place) -> Result<Measured, Failure> {
        self.live.round(place).await
    }

    fn watcher_kib(&self) -> Option<f64> {
        self.live.watcher_kib()
    }
}
