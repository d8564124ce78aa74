//! `contact bench group`: tasks are handed in, handed out to members and settled.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use bytes::BytesMut;
use clap::Args;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    Load, Settings,
    measure::{Latencies, Measured, now},
    member,
    place::{Link, Place, all},
    quota::{Amount, Quota},
    submitting::{Submitting, Window},
    tasks,
    watch::WATCH,
    wire::{self, Down},
};
use crate::{cli::Failure, pb, wire::IN_FLIGHT_MAX};

const TASKS: u64 = 200_000;

/// Hand in tasks, hand them out to the members of a group, and settle each as done
///
/// A round ends when each settlement is on disk. A task is on its way from being handed in until its settlement is
/// handed to the connection. The latency is from handing in to the member, of the first task of each packet that
/// arrives. A round has 200 000 tasks unless told otherwise.
#[derive(Debug, Args)]
pub(super) struct Group {
    #[command(flatten)]
    amount: Amount,

    /// Members, with a connection each
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    members: u32,

    /// Tasks on their way at a time, of all clients together; each member holds its share
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    in_flight: u32,

    /// Connections that submit side by side
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,

    /// Give each task an id of its own
    #[arg(long)]
    id: bool,
}

impl Load for Group {
    fn name(&self) -> &'static str {
        "group"
    }

    fn settings(&self) -> Settings {
        Settings {
            clients: Some(self.clients),
            members: Some(self.members),
            in_flight: Some(self.in_flight),
            own_ids: self.id.then_some(true),
            ..Settings::default()
        }
    }

    fn connections(&self) -> usize {
        (self.members + self.clients) as usize
    }

    fn total(&self) -> Option<u64> {
        self.amount.total(TASKS)
    }

    async fn round(&mut self, place: &Place) -> Result<Measured, Failure> {
        let held = self.in_flight.div_ceil(self.members).min(IN_FLIGHT_MAX);
        let shared = Arc::new(Shared {
            window: Window::by_arrivals(self.in_flight),
            told: AtomicU64::new(0),
            news: Notify::new(),
            over: CancellationToken::new(),
            latencies: Latencies::new(),
            began: place.began,
        });
        let joining = (0..self.members as usize).map(|n| {
            let (connecting, watch) = (place.connecting(), member::watch(place, held, 0));
            place.workers.spawn(n, join(connecting, watch))
        });
        let joined = all(joining.collect()).await?;
        // The members come first, so that they and the submitters are spread over the workers.
        let first = self.members as usize;
        let connecting =
            (first..first + self.clients as usize).map(|n| place.workers.spawn(n, place.connecting()));
        let links = all(connecting.collect()).await?;

        let meter = place.meter();
        let quota = Arc::new(Quota::new(self.total(), &self.amount, &place.stop));
        let working = joined.into_iter().enumerate();
        let working =
            working.map(|(n, (link, down))| place.workers.spawn(n, work(link, down, shared.clone())));
        let settling = all(working.collect());
        let submitting = links.into_iter().enumerate().map(|(n, link)| {
            let submitting = Submitting {
                link: link.uncounted(),
                tasks: place.tasks(self.id),
                window: shared.window.clone(),
                quota: quota.clone(),
                latencies: None,
            };
            place.workers.spawn(first + n, submitting.run())
        });
        let submitting = all(submitting.collect());
        let end = async {
            let tasks: u64 = submitting.await?.into_iter().sum();
            while shared.told.load(Relaxed) < tasks {
                shared.news.notified().await;
            }
            shared.over.cancel();
            Ok(tasks)
        };
        let (tasks, settled) = tokio::try_join!(end, settling)?;
        member::check(settled.into_iter().sum(), tasks)?;
        Ok(meter.stop(tasks, &shared.latencies))
    }
}

/// What the members of a round share.
struct Shared {
    window: Window,
    told: AtomicU64,
    news: Notify,
    /// Each task is told of.
    over: CancellationToken,
    latencies: Latencies,
    began: Instant,
}

async fn join(
    connecting: impl Future<Output = Result<Link, Failure>>,
    watch: pb::Watch,
) -> Result<(Link, Down), Failure> {
    let link = connecting.await?;
    let down = link.call(WATCH, wire::one(&watch)).await?;
    Ok((link, down))
}

/// A member: settles each task that it is handed. Returns how many were settled.
async fn work(link: Link, mut down: Down, shared: Arc<Shared>) -> Result<u64, Failure> {
    let (up, body) = wire::up();
    let telling = member::tell(link.clone(), body);
    let taking = async {
        loop {
            let (mut first, mut frames) = (None, BytesMut::new());
            let take = |task: &[u8]| {
                first.get_or_insert_with(|| tasks::age(task, shared.began, now()));
                member::settle(task, &mut frames);
            };
            let arrived = tokio::select! {
                arrived = down.next(take) => arrived.map_err(|status| link.failure(&status))?,
                () = shared.over.cancelled() => None,
            };
            let Some(n) = arrived else { break };
            // Fails only if the call has ended, and then that says so.
            let _ = up.send(frames.freeze());
            if let Some(Some(age)) = first {
                shared.latencies.record_nanoseconds(age, 1);
            }
            shared.told.fetch_add(n, Relaxed);
            shared.window.arrived(n);
            shared.news.notify_one();
            link.done(n);
        }
        drop(up);
        Ok(())
    };
    let (settled, ()) = tokio::try_join!(telling, taking)?;
    Ok(settled)
}
