//! `contact bench submit`: durable submits, pipelined.

use std::sync::Arc;

use clap::Args;

use super::{
    Load, Settings,
    measure::{Latencies, Measured},
    place::{Place, all},
    quota::{Amount, Quota},
    submitting::{Submitting, Window},
};
use crate::{
    cli::{Failure, queue_name},
    name::QueueName,
};

const TASKS: u64 = 1_000_000;

/// Hand in tasks, many on their way at a time
///
/// A task counts when its answer has come: it is on disk then. Its latency is from being handed to the connection
/// to the answer, so with many in flight it is mostly waiting in line. A round has 1 000 000 tasks unless told
/// otherwise.
#[derive(Debug, Args)]
pub(super) struct Submit {
    #[command(flatten)]
    amount: Amount,

    /// Unanswered tasks of each client; never more than 64 MiB of them
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    in_flight: u32,

    /// Connections that submit side by side
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,

    /// Give each task an id of its own
    #[arg(long)]
    id: bool,

    /// Queues that get the tasks in turn, named like the queue with -00000, -00001 … behind it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    queues: u32,

    /// The queue; what is handed in stays there [default: one of its own, purged at the end]
    #[arg(short, long, value_name = "QUEUE", value_parser = queue_name)]
    queue: Option<QueueName>,
}

impl Load for Submit {
    fn name(&self) -> &'static str {
        "submit"
    }

    fn settings(&self) -> Settings {
        Settings {
            clients: Some(self.clients),
            in_flight: Some(self.in_flight),
            queues: (self.queues > 1).then_some(self.queues),
            own_ids: self.id.then_some(true),
            ..Settings::default()
        }
    }

    fn queue(&self) -> Option<QueueName> {
        self.queue.clone()
    }

    fn queues(&self) -> u32 {
        self.queues
    }

    fn connections(&self) -> usize {
        self.clients as usize
    }

    fn total(&self) -> Option<u64> {
        self.amount.total(TASKS)
    }

    async fn round(&mut self, place: &Place) -> Result<Measured, Failure> {
        let links = place.links(self.clients).await?;
        let latencies = Latencies::new();
        let meter = place.meter();
        let quota = Arc::new(Quota::new(self.total(), &self.amount, &place.stop));
        let parts = links.into_iter().enumerate().map(|(n, link)| {
            let submitting = Submitting {
                link,
                tasks: place.tasks(self.id),
                window: Window::by_answers(self.in_flight),
                quota: quota.clone(),
                latencies: Some(latencies.clone()),
            };
            place.workers.spawn(n, submitting.run())
        });
        let tasks = all(parts.collect()).await?.into_iter().sum();
        Ok(meter.stop(tasks, &latencies))
    }
}
