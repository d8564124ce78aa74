//! What watchers cost: memory while they are idle, and the others' time when some of them are stopped.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    process::Stdio,
    time::{Duration, Instant},
};

use contact::pb::{self, contact_client::ContactClient};
use futures_util::{StreamExt, stream};
use prost::Message;
use tokio::sync::mpsc;
use tonic::transport::Endpoint;

use crate::{
    common::{DEADLINE, Server, many_descriptors, number, signal},
    frames::{Frames, HEADERS, call, connect_from, only_message, opening},
    load::Load,
};

const EACH: usize = 10;
/// Of an idle watcher, with its part of a connection.
const KIB_MAX: f64 = 30.0;

/// 10 000 by recipe.
#[test]
fn an_idle_watcher_costs_thirty_kib_at_most() {
    many_descriptors();
    let connections = number("CONTACT_TEST_WATCHERS", 1_000) as usize / EACH;
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let load = Load::of(&server);
    // What the first of all costs is paid before.
    let _first = watch(&server);
    let before = load.memory_kib();
    let open: Vec<_> = (0..connections).map(|_| watch(&server)).collect();
    let watchers = connections * EACH;
    let each = load.memory_kib().saturating_sub(before) as f64 / watchers as f64;
    println!("{each:.1} KiB for each of {watchers} watchers on {connections} connections");
    assert!(each <= KIB_MAX, "{each:.1} KiB");
    drop(open);
    assert!(server.stop().success());
}

/// A connection with ten watches that have been answered.
fn watch(server: &Server) -> TcpStream {
    let mut stream = connect_from(Ipv4Addr::new(127, 0, 0, 2), &server.address).unwrap();
    let mut all = opening(&[]);
    for id in (1..).step_by(2).take(EACH) {
        all.extend(call(id, "/Contact/getTask"));
        all.extend(only_message(id, &pb::Watch::default().encode_to_vec()));
    }
    stream.write_all(&all).unwrap();
    let answers = Frames::of(stream.try_clone().unwrap()).filter(|frame| frame.kind == HEADERS);
    assert_eq!(answers.take(EACH).count(), EACH);
    stream
}

const READERS: usize = 200;
const STOPPED: usize = 20;
const ROUNDS: usize = 5;
/// Together the readers get 200 000 tasks in a second.
const TASKS_A_SECOND: u64 = 1_000;
const SECONDS: u64 = 5;
const BEHIND: (usize, usize) = (1_000, 100_000);

/// By recipe: two minutes.
#[test]
#[ignore = "two minutes, and a machine of its own: just attacks"]
fn stopped_watchers_do_not_slow_the_others() {
    many_descriptors();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start(dir.path());
        let mut stopped: Vec<_> = (0..STOPPED)
            .map(|_| {
                let mut command = server.contact();
                command.args(["watch-tasks", "-o", "json"]).stdin(Stdio::null());
                command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
            })
            .collect();
        // Each reads: it has the first task.
        assert_eq!(server.run(&["submit", "first"], "").code, 0);
        let outs: Vec<_> = stopped
            .iter_mut()
            .map(|reader| {
                let mut out = reader.stdout.take().unwrap();
                let _ = out.read(&mut [0; 64]).unwrap();
                std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()))
            })
            .collect();
        let calm = runtime.block_on(p99(&server, READERS - STOPPED));
        for reader in &stopped {
            signal(reader.id(), "STOP");
        }
        let lines = format!("{}\n", "x".repeat(BEHIND.1)).repeat(BEHIND.0);
        assert_eq!(server.run(&["submit"], lines).code, 0);
        let burdened = runtime.block_on(p99(&server, READERS - STOPPED));
        println!("p99 {calm:?} with all reading, {burdened:?} with {STOPPED} stopped and 100 MB behind");
        ratios.push(burdened.as_secs_f64() / calm.as_secs_f64());
        for reader in &mut stopped {
            reader.kill().unwrap();
            reader.wait().unwrap();
        }
        drop(outs);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median {:.2} of {ratios:.2?}", ratios[ROUNDS / 2]);
    assert!(ratios[ROUNDS / 2] <= 2.0, "{ratios:.2?}");
}

/// How long a task is on its way, from its submit to a reader: 99 of 100 at most.
async fn p99(server: &Server, readers: usize) -> Duration {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    let began = Instant::now();
    let total = (TASKS_A_SECOND * SECONDS) as usize;
    let (sender, mut took) = mpsc::unbounded_channel();
    for _ in 0..readers {
        let mut client = ContactClient::new(endpoint.connect().await.unwrap());
        let start = Some(pb::position::Start::FromNew(true));
        let position = pb::Position { start, ..pb::Position::default() };
        let watch = pb::Watch { queues: vec![position], ..pb::Watch::default() };
        let mut tasks = client.get_task(watch).await.unwrap().into_inner().take(total);
        let sender = sender.clone();
        tokio::spawn(async move {
            let mut all = Vec::with_capacity(total);
            while let Some(task) = tasks.next().await {
                // Each says when it left.
                let left: u64 = task.unwrap().task.trim().parse().unwrap();
                all.push(began.elapsed().as_micros() as u64 - left);
            }
            let _ = sender.send(all);
        });
    }
    drop(sender);
    let ticks = tokio::time::interval(Duration::from_millis(10));
    let lot = (TASKS_A_SECOND / 100) as usize;
    let tasks = stream::unfold(ticks, move |mut ticks| async move {
        ticks.tick().await;
        let left = began.elapsed().as_micros();
        let task = pb::NewTask { task: format!("{left:<100}"), ..pb::NewTask::default() };
        Some((stream::iter(vec![task; lot]), ticks))
    });
    let mut client = ContactClient::new(endpoint.connect().await.unwrap());
    let answers = client.submit_task(tasks.flatten().take(total)).await.unwrap().into_inner();
    assert_eq!(answers.filter(|answer| std::future::ready(answer.is_ok())).count().await, total);
    let mut all = Vec::with_capacity(readers * total);
    while let Some(some) = tokio::time::timeout(DEADLINE, took.recv()).await.unwrap() {
        all.extend(some);
    }
    assert_eq!(all.len(), readers * total);
    all.sort_unstable();
    Duration::from_micros(all[all.len() * 99 / 100])
}
