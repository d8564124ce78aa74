//! A load, from its server to its last line: made ready, warmed up, measured round by round, and cleaned up after,
//! however it ends.

use std::{
    future::pending,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    Flags, Load, Settings, measure::now, place::Place, report::Report, spawn::Spawned, tasks::Queues,
    workers::Workers,
};
use crate::{
    cli::{
        Context, Failure,
        connect::Asking,
        exit::code,
        output::Output,
        progress::Progress,
        reason::Reason,
        runner::{Calls, Leave},
        serve,
    },
    name::QueueName,
    pb,
};

/// How long a load that is told to stop may take to bring to its end what it has begun.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long cleaning up may take.
const CLEANING: Duration = Duration::from_secs(10);
/// How long the news that a server of one's own has ended may take after a connection to it has broken.
const BAD_NEWS: Duration = Duration::from_secs(1);
/// How often progress is shown.
const TICK: Duration = Duration::from_millis(100);

/// Runs a load and prints it.
pub(super) async fn run<L: Load>(
    mut load: L,
    flags: &Flags,
    context: &Context,
    out: &mut Output,
    calls: &mut Calls,
) -> Result<u8, Failure> {
    flags.spawn.check()?;
    // Each watcher is a connection.
    serve::allow_connections();
    let spawned = match flags.spawn.spawn {
        true => Some(tokio::select! {
            spawned = Spawned::start(&flags.spawn) => spawned?,
            leave = calls.next() => return Err(leave.failure(context)),
        }),
        false => None,
    };
    let own_queue = format!("bench-{:016x}", rand::random::<u64>());
    let queue = load.queue().map_or_else(|| QueueName::parse(&own_queue), Ok);
    let queue = queue.map_err(|e| Failure::usage(e.to_string()))?;
    let queues =
        Queues::new(queue.clone(), load.queues()).map_err(|e| Failure::usage(format!("--queues: {e}")))?;
    let system = |e: std::io::Error| Failure::new(code::NO, Reason::System, e.to_string());
    let place = Place {
        context: context.clone(),
        target: spawned.as_ref().map_or_else(|| context.target().clone(), |spawned| spawned.target.clone()),
        server: spawned.as_ref().map(|spawned| spawned.pid).or(flags.pid),
        is_own: spawned.is_some(),
        group: own_queue,
        queue,
        queues,
        size: flags.size,
        workers: Workers::start(load.connections(), flags.threads).map_err(system)?,
        began: now(),
        stop: CancellationToken::new(),
        done: Arc::new(AtomicU64::new(0)),
    };
    let (size, threads, store) = (flags.size, flags.threads, flags.spawn.store_name());
    let settings = Settings { size, threads, store, ..load.settings() };
    let mut report = Report::new(load.name(), settings);
    let unread = out.over.clone();
    let mut watch = Watch { place: &place, spawned: spawned.as_ref(), calls, leave: None, unread };
    let measured = measure(&mut load, flags, &mut watch, out, &mut report).await;
    let leave = watch.leave;
    report.watcher_kib = load.watcher_kib();
    drop(load);
    if spawned.is_none() && !report.is_queue_named {
        purge(&place).await;
    }
    report.finish(out).await?;
    out.flush().await?;
    match (measured, leave) {
        // What was asked to end has nothing to complain of.
        (_, Some(leave)) => Err(leave.failure(context)),
        (measured, None) => measured.map(|()| 0),
    }
}

async fn measure<L: Load>(
    load: &mut L,
    flags: &Flags,
    watch: &mut Watch<'_>,
    out: &mut Output,
    report: &mut Report,
) -> Result<(), Failure> {
    let place = watch.place;
    report.is_queue_named = load.queue().is_some();
    if watch.stage("tasks made ready", load.ready_total(), load.prepare(place)).await?.is_none() {
        return Ok(());
    }
    for round in 1..=flags.warm_up + flags.rounds {
        if watch.leave.is_some() {
            return Ok(());
        }
        let counts = round > flags.warm_up;
        let what = if counts { "messages measured" } else { "messages to warm up" };
        let total = load.total();
        let Some(measured) = watch.stage(what, total, load.round(place)).await? else { return Ok(()) };
        if counts && measured.messages > 0 {
            report.round(measured, out).await?;
        }
    }
    Ok(())
}

/// What is looked at while the load works.
struct Watch<'a> {
    place: &'a Place,
    spawned: Option<&'a Spawned>,
    calls: &'a mut Calls,
    /// What has called it away.
    leave: Option<Leave>,
    /// Nobody reads what is printed any more.
    unread: CancellationToken,
}

impl Watch<'_> {
    /// Waits for a piece of work, and shows how far it is. `None`: it was called away, and did not come to an end.
    async fn stage<T>(
        &mut self,
        what: &'static str,
        total: Option<u64>,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<Option<T>, Failure> {
        let done = &self.place.done;
        done.store(0, Relaxed);
        let progress = Progress::alone(what, total);
        let mut work = pin!(work);
        let mut give_up = None;
        loop {
            let given_up = async {
                match give_up {
                    Some(at) => sleep_until(at).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                result = &mut work => return match result {
                    Err(failure) => Err(self.explain(failure).await),
                    Ok(result) => Ok(Some(result)),
                },
                leave = self.calls.next() => {
                    if self.leave.is_some() {
                        return Ok(None);
                    }
                    self.leave = Some(leave);
                    self.place.stop.cancel();
                    give_up = Some(Instant::from_std(now()) + LAST_WORDS);
                }
                () = given_up => return Ok(None),
                () = self.unread.cancelled() => return Err(Failure::silent(0)),
                () = sleep(TICK) => progress.is_at(done.load(Relaxed)),
            }
        }
    }

    /// Why a piece of work has failed: a server that has ended breaks connections, too.
    async fn explain(&self, failure: Failure) -> Failure {
        match self.spawned {
            Some(spawned) if failure.code == code::UNREACHABLE => {
                match tokio::time::timeout(BAD_NEWS, spawned.gone.cancelled()).await {
                    Ok(()) => spawned.has_ended(),
                    Err(_) => failure,
                }
            }
            _ => failure,
        }
    }
}

/// Throws away what the load has left in its queues.
async fn purge(place: &Place) {
    for queue in place.queues.names() {
        if !purge_one(place, queue).await {
            break;
        }
    }
}

/// Returns whether it is worth trying another one.
async fn purge_one(place: &Place, queue: String) -> bool {
    let asked = pb::Purge { queue: queue.clone(), upto_seq: None };
    let call = place.target.call(&place.context, Asking::new(Some(Duration::ZERO)), |channel| {
        let mut client = pb::contact_client::ContactClient::new(channel);
        let asked = asked.clone();
        async move { client.purge_queue(asked).await }
    });
    let why = match tokio::time::timeout(CLEANING, call).await {
        Ok(Ok(_)) => return true,
        // It had nothing handed in.
        Ok(Err(failure)) if failure.reason == "no_queue" => return true,
        // It is no contact server, or has gone: that is said already.
        Ok(Err(failure)) if failure.code == code::UNREACHABLE || failure.reason == "unimplemented" => {
            return false;
        }
        Ok(Err(failure)) => failure.message,
        Err(_) => "no answer".to_owned(),
    };
    let message = format!("queue {queue} was not purged ({why}): `contact purge -q {queue} --all` does it");
    place.context.errors.notice("not_purged", &message);
    false
}
