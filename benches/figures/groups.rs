//! The figures of groups: tasks through a group, settlements on one stream, and what many tasks cost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use contact::pb::{self, contact_client::ContactClient};
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::{StreamExt, wrappers::UnboundedReceiverStream};
use tonic::transport::Channel;

use super::{Figures, pipelined, server::Server, task, timed};

/// How many tasks a figure has.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// Go through a group.
    pub(crate) through: u64,
    /// Are ready in one.
    pub(crate) ready: u64,
    /// Are leased, and settled on one stream.
    pub(crate) leased: u64,
}

/// Tasks in flight while they go through a group.
const IN_FLIGHT: u64 = 1024;
/// What one watch may hold.
const HELD_MAX: u64 = 10_000;

pub(crate) async fn measure(figures: &mut Figures, sizes: Sizes) {
    for members in [1, 8] {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start(dir.path());
        let n = sizes.through;
        let (seconds, cpu) = timed(&server, through(&server, n, members)).await;
        figures.add(&format!("group, {members} member(s), {IN_FLIGHT} in flight (1/s)"), n as f64 / seconds);
        figures.add(&format!("group, {members} member(s) (server CPU s per M)"), cpu / n as f64 * 1e6);
    }

    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let empty = server.memory_kib();
    pipelined(server.connect().await, sizes.ready, 4096).await;
    drop(server);
    let began = Instant::now();
    let server = Server::start(dir.path());
    figures.add("ready after a start with tasks ready in a group (s)", began.elapsed().as_secs_f64());
    // A member that takes one, so that the group is there and at work.
    let one = share(server.connect().await, 1).await;
    figures.add("server with tasks ready in a group (MiB)", (server.memory_kib() - empty) / 1024.0);
    drop(one);

    let mut held = Vec::new();
    let mut leases = Vec::new();
    let channel = server.connect().await;
    let before = server.memory_kib();
    while (leases.len() as u64) < sizes.leased {
        let wanted = (sizes.leased - leases.len() as u64).min(HELD_MAX);
        let mut tasks = share(channel.clone(), wanted as u32).await;
        for _ in 0..wanted {
            leases.push(tasks.message().await.unwrap().unwrap().lease);
        }
        held.push(tasks);
    }
    figures.add("a lease in force (bytes)", (server.memory_kib() - before) * 1024.0 / sizes.leased as f64);
    drop(held);
    drop(server);
    let began = Instant::now();
    let server = Server::start(dir.path());
    figures.add("ready after a start with leases in force (s)", began.elapsed().as_secs_f64());

    let told = leases.into_iter().map(|lease| pb::Result { lease, ..pb::Result::default() });
    let mut client = ContactClient::new(server.connect().await);
    let (seconds, _) = timed(&server, async {
        let receipt = client.tell_result(tokio_stream::iter(told)).await.unwrap().into_inner();
        let ok = receipt.counts.iter().find(|count| count.verdict() == pb::Verdict::Ok).unwrap();
        assert_eq!(ok.items, sizes.leased);
    })
    .await;
    figures.add("settlements on one stream (1/s)", sizes.leased as f64 / seconds);
}

async fn share(channel: Channel, max_in_flight: u32) -> tonic::Streaming<pb::ServerMsg> {
    let watch =
        pb::Watch { group: "bench".into(), max_in_flight, grace_ms: Some(60_000), ..pb::Watch::default() };
    ContactClient::new(channel).get_task(watch).await.unwrap().into_inner()
}

/// `n` tasks are submitted, handed out to so many members and settled; `IN_FLIGHT` of them at a time are between
/// being submitted and being told.
async fn through(server: &Server, n: u64, members: u64) {
    let room = Arc::new(Semaphore::new(IN_FLIGHT as usize));
    let settled = Arc::new(AtomicU64::new(0));
    let (done, mut all_done) = mpsc::channel::<()>(1);
    let mut working = Vec::new();
    for _ in 0..members {
        let channel = server.connect().await;
        let tasks = share(channel.clone(), (IN_FLIGHT / members) as u32).await;
        let (room, settled, done) = (room.clone(), settled.clone(), done.clone());
        working.push(tokio::spawn(work(channel, tasks, room, settled, done, n)));
    }
    let (sender, requests) = mpsc::unbounded_channel();
    let mut client = ContactClient::new(server.connect().await);
    let submitting = tokio::spawn(async move {
        let answers = client.submit_task(UnboundedReceiverStream::new(requests)).await.unwrap();
        assert_eq!(answers.into_inner().fold(0, |count, answer| count + u64::from(answer.is_ok())).await, n);
    });
    for _ in 0..n {
        room.acquire().await.unwrap().forget();
        sender.send(task()).unwrap();
    }
    drop(sender);
    submitting.await.unwrap();
    all_done.recv().await;
    for worker in &working {
        worker.abort();
    }
}

/// A member: it tells each task that it is handed as done, on one stream.
async fn work(
    channel: Channel,
    mut tasks: tonic::Streaming<pb::ServerMsg>,
    room: Arc<Semaphore>,
    settled: Arc<AtomicU64>,
    done: mpsc::Sender<()>,
    n: u64,
) {
    let (telling, told) = mpsc::unbounded_channel();
    let mut client = ContactClient::new(channel);
    tokio::spawn(async move { client.tell_result(UnboundedReceiverStream::new(told)).await });
    while let Some(task) = tasks.message().await.unwrap() {
        telling.send(pb::Result { lease: task.lease, ..pb::Result::default() }).unwrap();
        room.add_permits(1);
        if settled.fetch_add(1, Relaxed) + 1 == n {
            done.send(()).await.unwrap();
        }
    }
}
