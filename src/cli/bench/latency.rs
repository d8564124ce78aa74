//! `contact bench latency`: one task at a time.

use std::sync::Arc;

use clap::Args;

use super::{
    Load, Settings,
    live::Live,
    measure::{Latencies, Measured},
    place::{Place, ended},
    quota::{Amount, Quota},
    submitting::{Submitting, Window},
};
use crate::cli::Failure;

const TASKS: u64 = 3000;

/// Hand in one task at a time, and see how long each takes
///
/// The latency is from handing in to the answer, which comes when the task is on disk; with --watch to a watcher on
/// another connection. The next task is handed in when that has come, and no sooner than --rate says. A round has 3000
/// tasks unless told otherwise.
#[derive(Debug, Args)]
pub(super) struct Latency {
    #[command(flatten)]
    amount: Amount,

    /// Until a watcher without a group sees the task
    #[arg(long)]
    watch: bool,
}

impl Latency {
    pub(super) fn load(self) -> OneByOne {
        let tasks = self.amount.total(TASKS);
        let live = self.watch.then(|| Live::new(1, 1, tasks, self.amount.clone()));
        OneByOne { amount: self.amount, tasks, live }
    }
}

/// The load.
pub(super) struct OneByOne {
    amount: Amount,
    tasks: Option<u64>,
    /// With --watch.
    live: Option<Live>,
}

impl Load for OneByOne {
    fn name(&self) -> &'static str {
        "latency"
    }

    fn settings(&self) -> Settings {
        Settings {
            until: Some(if self.live.is_some() { "watcher" } else { "answer" }),
            ..Settings::default()
        }
    }

    fn connections(&self) -> usize {
        1
    }

    fn total(&self) -> Option<u64> {
        self.tasks
    }

    async fn prepare(&mut self, place: &Place) -> Result<(), Failure> {
        match &mut self.live {
            Some(live) => live.start(place).await,
            None => Ok(()),
        }
    }

    async fn round(&mut self, place: &Place) -> Result<Measured, Failure> {
        if let Some(live) = &mut self.live {
            return live.round(place).await;
        }
        let link = ended(&mut place.workers.spawn(0, place.connecting())).await?;
        let latencies = Latencies::new();
        let meter = place.meter();
        let submitting = Submitting {
            link,
            tasks: place.tasks(false),
            window: Window::by_answers(1),
            quota: Arc::new(Quota::new(self.tasks, &self.amount, &place.stop)),
            latencies: Some(latencies.clone()),
        };
        let tasks = ended(&mut place.workers.spawn(0, submitting.run())).await?;
        Ok(meter.stop(tasks, &latencies))
    }
}
