//! Where a load works: the server, a queue of its own, and the threads.

use std::{
    ffi::OsString,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body};

use super::{
    measure::Meter,
    quota::{Amount, Quota},
    submitting::{Submitting, Window},
    tasks::{Queues, Tasks},
    wire::{self, Down},
    workers::{Part, Workers},
};
use crate::{
    cli::{
        Context, Failure, caller,
        connect::{Asking, Channel, Target},
        exit::code,
        reason::Reason,
    },
    name::QueueName,
};

/// Watchers that connect at a time: more would not fit what a server lets wait at its door.
pub(super) const CONNECTING_MAX: usize = 64;
/// Tasks that are on their way at a time while something is made ready.
const READY_IN_FLIGHT: u32 = 4096;

/// The place of a load.
pub(super) struct Place {
    pub(super) context: Context,
    pub(super) target: Target,
    /// The process of the server, if it is known.
    pub(super) server: Option<u32>,
    /// It is a server of one's own.
    pub(super) is_own: bool,
    /// Where tasks come from,
    pub(super) queue: QueueName,
    /// and where they go: there too, or to many that are named after it.
    pub(super) queues: Queues,
    /// The group, where there is one.
    pub(super) group: String,
    /// Bytes of a task.
    pub(super) size: usize,
    pub(super) workers: Workers,
    /// Times in tasks are counted from here.
    pub(super) began: Instant,
    /// Told to end: what has begun is brought to its end, nothing more is begun.
    pub(super) stop: CancellationToken,
    /// Messages of this round so far, for who looks on.
    pub(super) done: Arc<AtomicU64>,
}

impl Place {
    /// Connects, tried for as long as every command tries. To be awaited by the worker that is to work with it.
    pub(super) fn connecting(&self) -> impl Future<Output = Result<Link, Failure>> + Send + 'static {
        Link::open(self.context.clone(), self.target.clone(), self.done.clone())
    }

    /// So many connections, the `n`th for the `n`th part.
    pub(super) async fn links(&self, count: u32) -> Result<Vec<Link>, Failure> {
        all((0..count as usize).map(|n| self.workers.spawn(n, self.connecting())).collect()).await
    }

    pub(super) fn tasks(&self, own_ids: bool) -> Tasks {
        Tasks::new(&self.queues, self.size, own_ids, self.began)
    }

    /// Begins to measure.
    pub(super) fn meter(&self) -> Meter {
        Meter::start(self.server)
    }

    /// Hands in so many tasks, for what is to be measured then.
    pub(super) async fn make_ready(&self, tasks: u64) -> Result<u64, Failure> {
        let amount = Amount { tasks: None, duration: None, rate: None };
        let quota = Arc::new(Quota::new(Some(tasks), &amount, &self.stop));
        let (connecting, tasks) = (self.connecting(), self.tasks(false));
        let work = async move {
            let link = connecting.await?;
            let window = Window::by_answers(READY_IN_FLIGHT);
            Submitting { link, tasks, window, quota, latencies: None }.run().await
        };
        ended(&mut self.workers.spawn(0, work)).await
    }

    /// What says to another process of this binary how the server is reached.
    pub(super) fn variables(&self) -> Vec<(&'static str, Option<OsString>)> {
        let mut variables = self.context.variables();
        if self.is_own {
            // A server of one's own has neither a certificate nor tokens.
            variables.iter_mut().for_each(|(_, value)| *value = None);
        }
        variables
    }

    /// Whether the load is to be brought to its end.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }
}

/// Waits for a part of a load.
pub(super) async fn ended<T>(part: &mut Part<Result<T, Failure>>) -> Result<T, Failure> {
    part.ended()
        .await
        .unwrap_or_else(|| Err(Failure::new(code::NO, Reason::Bench, "a part of the load has failed")))
}

/// Waits for all parts, or the first failure.
pub(super) async fn all<T>(parts: Vec<Part<Result<T, Failure>>>) -> Result<Vec<T>, Failure> {
    let ended = parts.into_iter().map(async |mut part| ended(&mut part).await);
    futures_util::future::try_join_all(ended).await
}

/// A connection.
#[derive(Clone)]
pub(super) struct Link {
    context: Context,
    target: Target,
    pub(super) channel: Channel,
    done: Arc<AtomicU64>,
}

impl Link {
    async fn open(context: Context, target: Target, done: Arc<AtomicU64>) -> Result<Self, Failure> {
        let asking = Asking::new(Some(context.retry_for()));
        let channel = target.call(&context, asking, |channel| std::future::ready(Ok(channel))).await?;
        Ok(Link { context, target, channel, done })
    }

    /// The same, and what it does is not counted as messages of the round.
    pub(super) fn uncounted(self) -> Self {
        Link { done: Arc::default(), ..self }
    }

    /// Makes a call of ready frames.
    pub(super) async fn call(&self, path: &'static str, body: Body) -> Result<Down, Failure> {
        let down = wire::call(self.channel.clone(), path, body).await;
        down.map_err(|status| {
            caller::explain(&self.context, path.trim_start_matches("/Contact/"), self.failure(&status))
        })
    }

    /// What a status of the server means.
    pub(super) fn failure(&self, status: &Status) -> Failure {
        self.target.failure(status)
    }

    /// So many more messages of this round.
    pub(super) fn done(&self, n: u64) {
        self.done.fetch_add(n, Relaxed);
    }
}
