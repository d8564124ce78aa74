//! A submitter, and watchers without a group that see each task as it appears. `fan-out` has many of them,
//! `latency --watch` one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use futures_util::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture, stream, stream::FuturesUnordered};
use tokio::sync::Notify;
use tonic::Status;

use super::{
    measure::{Latencies, Measured, memory_kib, now},
    place::{CONNECTING_MAX, Link, Place, ended},
    quota::{Amount, Quota},
    submitting::{Submitting, Window},
    tasks,
    watch::WATCH,
    wire::{self, Down},
};
use crate::{
    cli::{Failure, exit::code},
    pb,
};

/// See the module.
pub(super) struct Live {
    pub(super) watchers: u32,
    pub(super) in_flight: u32,
    /// Tasks of a round, if that is known.
    pub(super) tasks: Option<u64>,
    amount: Amount,
    watching: Option<Watching>,
}

/// The watchers: they stay from round to round.
struct Watching {
    seen: Arc<Seen>,
    parts: FuturesUnordered<BoxFuture<'static, Failure>>,
    watcher_kib: Option<f64>,
}

/// What all watchers have seen.
struct Seen {
    watchers: u64,
    messages: AtomicU64,
    news: Notify,
    window: Window,
    latencies: Latencies,
    began: Instant,
}

impl Live {
    pub(super) fn new(watchers: u32, in_flight: u32, tasks: Option<u64>, amount: Amount) -> Self {
        Live { watchers, in_flight, tasks, amount, watching: None }
    }

    /// What an idle watcher costs a server whose process is known.
    pub(super) fn watcher_kib(&self) -> Option<f64> {
        self.watching.as_ref()?.watcher_kib
    }

    /// Opens the watches.
    pub(super) async fn start(&mut self, place: &Place) -> Result<(), Failure> {
        let memory = || place.server.and_then(|pid| memory_kib(pid, "VmRSS:"));
        let before = memory();
        let opening = (0..self.watchers as usize).map(async |n| {
            let (connecting, watch) = (place.connecting(), watch(place));
            let open = async move {
                let link = connecting.await?;
                let down = link.call(WATCH, wire::one(&watch)).await?;
                Ok((link, down))
            };
            ended(&mut place.workers.spawn(n, open)).await.map(|opened| (n, opened))
        });
        let opening = stream::iter(opening).buffer_unordered(CONNECTING_MAX);
        let open: Vec<(usize, (Link, Down))> = opening.try_collect().await?;
        let watcher_kib = before
            .zip(memory())
            .map(|(before, after)| after.saturating_sub(before) as f64 / f64::from(self.watchers));
        let seen = Arc::new(Seen {
            watchers: u64::from(self.watchers),
            messages: AtomicU64::new(0),
            news: Notify::new(),
            window: Window::by_arrivals(self.in_flight),
            latencies: Latencies::new(),
            began: place.began,
        });
        let parts = open.into_iter().map(|(n, (link, down))| {
            let mut part = place.workers.spawn(n, see(link, down, seen.clone()));
            async move { ended(&mut part).await.err().unwrap_or(Failure::silent(code::NO)) }.boxed()
        });
        self.watching = Some(Watching { parts: parts.collect(), seen, watcher_kib });
        Ok(())
    }

    /// Hands in a round's tasks, and waits until each watcher has seen each.
    pub(super) async fn round(&mut self, place: &Place) -> Result<Measured, Failure> {
        let Some(Watching { seen, parts, .. }) = &mut self.watching else { return Ok(Measured::default()) };
        let link = ended(&mut place.workers.spawn(0, place.connecting())).await?;
        let before = seen.messages.load(Relaxed);
        seen.latencies.clear();
        let meter = place.meter();
        let submitting = Submitting {
            link: link.uncounted(),
            tasks: place.tasks(false),
            window: seen.window.clone(),
            quota: Arc::new(Quota::new(self.tasks, &self.amount, &place.stop)),
            latencies: None,
        };
        let mut submitting = place.workers.spawn(0, submitting.run());
        let all_seen = async {
            let messages = ended(&mut submitting).await? * seen.watchers;
            while seen.messages.load(Relaxed) < before + messages {
                seen.news.notified().await;
            }
            Ok::<u64, Failure>(messages)
        };
        let messages = tokio::select! {
            messages = all_seen => messages?,
            Some(failure) = parts.next() => return Err(failure),
        };
        Ok(meter.stop(messages, &seen.latencies))
    }
}

fn watch(place: &Place) -> pb::Watch {
    let start = Some(pb::position::Start::FromNew(true));
    let position = pb::Position { queue: place.queue.to_string(), start, ..pb::Position::default() };
    pb::Watch { queues: vec![position], ..pb::Watch::default() }
}

/// Watches for ever.
async fn see(link: Link, mut down: Down, seen: Arc<Seen>) -> Result<(), Failure> {
    loop {
        let mut first = None;
        let look = |task: &[u8]| {
            first.get_or_insert_with(|| tasks::age(task, seen.began, now()));
        };
        let arrived = down.next(look).await.and_then(|n| n.ok_or(Status::unavailable("the watch has ended")));
        let n = arrived.map_err(|status| link.failure(&status))?;
        if let Some(Some(age)) = first {
            seen.latencies.record_nanoseconds(age, 1);
        }
        link.done(n);
        let before = seen.messages.fetch_add(n, Relaxed);
        let tasks = (before + n) / seen.watchers - before / seen.watchers;
        if tasks > 0 {
            seen.window.arrived(tasks);
            seen.news.notify_one();
        }
    }
}
