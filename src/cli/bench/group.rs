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
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    Load, Settings,
    measure::{Latencies, Measured, now},
    member,
    place::{CONNECTING_MAX, Link, Place, all, ended},
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
/// A round ends when each settlement is on disk. A message is one task in one group. A task is on its way from being
/// handed in until its settlement is handed to the connection, in as many groups as there are. The latency is from
/// handing in to the member, of the first task of each packet that arrives. A round has 200 000 tasks unless told
/// otherwise.
#[derive(Debug, Args)]
pub(super) struct Group {
    #[command(flatten)]
    amount: Amount,

    /// Groups that get each task
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    groups: u32,

    /// Members of each group, with a connection each
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    members: u32,

    /// Tasks on their way at a time, of all clients together; each member of a group holds its share
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
            groups: (self.groups > 1).then_some(self.groups),
            members: Some(self.members),
            in_flight: Some(self.in_flight),
            own_ids: self.id.then_some(true),
            ..Settings::default()
        }
    }

    fn connections(&self) -> usize {
        self.all_members() + self.clients as usize
    }

    fn total(&self) -> Option<u64> {
        Some(self.amount.total(TASKS)?.saturating_mul(u64::from(self.groups)))
    }

    async fn round(&mut self, place: &Place) -> Result<Measured, Failure> {
        let held = self.in_flight.div_ceil(self.members).min(IN_FLIGHT_MAX);
        let shared = Arc::new(Shared {
            groups: u64::from(self.groups),
            window: Window::by_arrivals(self.in_flight),
            told: AtomicU64::new(0),
            news: Notify::new(),
            over: CancellationToken::new(),
            latencies: Latencies::new(),
            began: place.began,
        });
        let joining = (0..self.all_members()).map(async |n| {
            let group = self.name_of(n % self.groups as usize, place);
            let (connecting, watch) = (place.connecting(), member::watch(place, &group, held, 0));
            ended(&mut place.workers.spawn(n, join(connecting, watch))).await.map(|joined| (n, joined))
        });
        let joining = stream::iter(joining).buffer_unordered(CONNECTING_MAX);
        let joined: Vec<(usize, (Link, Down))> = joining.try_collect().await?;
        // The members come first, so that they and the submitters are spread over the workers.
        let first = self.all_members();
        let connecting =
            (first..first + self.clients as usize).map(|n| place.workers.spawn(n, place.connecting()));
        let links = all(connecting.collect()).await?;

        let meter = place.meter();
        let quota = Arc::new(Quota::new(self.amount.total(TASKS), &self.amount, &place.stop));
        let working = joined.into_iter();
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
            let messages = submitting.await?.into_iter().sum::<u64>() * shared.groups;
            while shared.told.load(Relaxed) < messages {
                shared.news.notified().await;
            }
            shared.over.cancel();
            Ok(messages)
        };
        let (messages, settled) = tokio::try_join!(end, settling)?;
        member::check(settled.into_iter().sum(), messages)?;
        Ok(meter.stop(messages, &shared.latencies))
    }
}

impl Group {
    /// How many members there are in all.
    fn all_members(&self) -> usize {
        self.members as usize * self.groups as usize
    }

    fn name_of(&self, n: usize, place: &Place) -> String {
        if self.groups == 1 { place.group.clone() } else { format!("{}-{n}", place.group) }
    }
}

/// What the members of a round share.
struct Shared {
    groups: u64,
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
            let before = shared.told.fetch_add(n, Relaxed);
            // That is how far the groups are on the average, so none is far ahead of a window.
            shared.window.arrived((before + n) / shared.groups - before / shared.groups);
            shared.news.notify_one();
            link.done(n);
        }
        drop(up);
        Ok(())
    };
    let (settled, ()) = tokio::try_join!(telling, taking)?;
    Ok(settled)
}
