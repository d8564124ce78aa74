//! `contact bench watch`: watchers without a group read a backlog.

use std::{hint::black_box, sync::atomic::Ordering::Relaxed, time::Duration};

use clap::Args;
use prost::Message;

use super::{
    Load, Settings,
    measure::{Latencies, Measured, now},
    place::{Link, Place, all},
    wire,
};
use crate::{
    cli::{Failure, exit::code, queue_name, reason::Reason},
    name::QueueName,
    pb,
};

/// Where a watch is opened.
pub(super) const WATCH: &str = "/Contact/getTask";
const TASKS: u64 = 1_000_000;

/// Read a backlog by watchers without a group, each the whole of it
///
/// The backlog is handed in before anything is measured; more of it than 64 MiB comes from the disk. What arrives is
/// counted, and decoded only with --decode: else the reader would be what is measured. A message is one task at one
/// watcher.
#[derive(Debug, Args)]
pub(super) struct Watch {
    /// How many tasks [default: 1000000; with --queue all that there are]
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    tasks: Option<u64>,

    /// Watchers, with a connection each
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,

    /// Read at most so many a second, all watchers together [default: as fast as it goes]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    rate: Option<u64>,

    /// Decode each task, as a client does that has use for it
    #[arg(long)]
    decode: bool,

    /// Read what is in this queue; nothing is handed in [default: one of its own, purged at the end]
    #[arg(short, long, value_name = "QUEUE", value_parser = queue_name)]
    queue: Option<QueueName>,
}

impl Watch {
    fn of_each(&self) -> Option<u64> {
        self.tasks.or(self.queue.is_none().then_some(TASKS))
    }
}

impl Load for Watch {
    fn name(&self) -> &'static str {
        "watch"
    }

    fn settings(&self) -> Settings {
        let decoded = self.decode.then_some(true);
        Settings { clients: Some(self.clients), decoded, ..Settings::default() }
    }

    fn queue(&self) -> Option<QueueName> {
        self.queue.clone()
    }

    fn connections(&self) -> usize {
        self.clients as usize
    }

    fn total(&self) -> Option<u64> {
        self.of_each().map(|tasks| tasks.saturating_mul(u64::from(self.clients)))
    }

    fn ready_total(&self) -> Option<u64> {
        self.queue.is_none().then(|| self.of_each()).flatten()
    }

    async fn prepare(&mut self, place: &Place) -> Result<(), Failure> {
        match self.ready_total() {
            Some(tasks) => place.make_ready(tasks).await.map(drop),
            None => Ok(()),
        }
    }

    async fn round(&mut self, place: &Place) -> Result<Measured, Failure> {
        let links = place.links(self.clients).await?;
        let rate = self.rate.map(|rate| rate as f64 / f64::from(self.clients));
        let watch = pb::Watch {
            queues: vec![pb::Position { queue: place.queue.to_string(), ..pb::Position::default() }],
            max: self.of_each().unwrap_or_default(),
            until_empty: true,
            ..pb::Watch::default()
        };
        let meter = place.meter();
        let parts = links.into_iter().enumerate().map(|(n, link)| {
            let (watch, stop, decode) = (watch.clone(), place.stop.clone(), self.decode);
            place.workers.spawn(n, async move {
                tokio::select! {
                    biased;
                    seen = read(&link, &watch, rate, decode) => seen,
                    () = stop.cancelled() => Ok(None),
                }
            })
        });
        let seen = all(parts.collect()).await?;
        let wanted = self.of_each().unwrap_or(1);
        if let Some(Some(seen)) = seen.iter().find(|seen| seen.is_some_and(|seen| seen < wanted)) {
            let message = format!("the queue has {seen} of the {wanted} tasks that were to be read");
            return Err(Failure::new(code::NO, Reason::TooFew, message));
        }
        // A watcher that was stopped has counted all the same.
        let messages = place.done.load(Relaxed);
        Ok(meter.stop(messages, &Latencies::new()))
    }
}

/// Reads to the end. Returns how many there were.
async fn read(
    link: &Link,
    watch: &pb::Watch,
    rate: Option<f64>,
    decode: bool,
) -> Result<Option<u64>, Failure> {
    let began = now();
    let mut down = link.call(WATCH, wire::one(watch)).await?;
    let mut seen = 0;
    let mut look = |task: &[u8]| {
        if decode {
            black_box(pb::ServerMsg::decode(task).is_ok());
        }
    };
    while let Some(n) = down.next(&mut look).await.map_err(|status| link.failure(&status))? {
        seen += n;
        link.done(n);
        if let Some(rate) = rate {
            let due = began + Duration::from_secs_f64(seen as f64 / rate);
            tokio::time::sleep_until(due.into()).await;
        }
    }
    Ok(Some(seen))
}
