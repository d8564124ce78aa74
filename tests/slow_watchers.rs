//! Promise 7: a hundred watchers that stop reading cost a bounded amount of memory, and miss nothing.
//!
//! ```text
//!  test ──submit 100 MB──► contact serve ──► a process with 100 watchers on 100 connections,
//!    └── reads the server's memory            stopped by SIGSTOP, later continued
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests run in real time and say what they found"
)]

mod common;

use std::{
    io::{BufRead, BufReader, Lines},
    process::{ChildStdout, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use common::{Server, signal, until, wait_within};
use contact::pb::{self, contact_client::ContactClient};
use tokio_stream::StreamExt;
use tonic::transport::Endpoint;

const WATCHERS: u64 = 100;
const TASKS: u64 = 2_000;
const TASK_BYTES: usize = 50_000;
/// What a watcher that stands still may cost.
const BOUND_KIB: u64 = 512;
/// To read 10 GB, on a busy machine.
const CATCH_UP: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    if let [_, word, address, after] = &args[..]
        && word == "read"
    {
        read(address, after.parse().unwrap());
        return ExitCode::SUCCESS;
    }
    if args.iter().any(|arg| arg == "--list") {
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = args[1..].iter().filter(|arg| !arg.starts_with('-')).collect();
    let name = "a_hundred_stopped_watchers_cost_little_and_miss_nothing";
    if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter.as_str())) {
        println!("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out");
        return ExitCode::SUCCESS;
    }
    a_hundred_stopped_watchers_cost_little_and_miss_nothing();
    println!(
        "test {name} ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out"
    );
    ExitCode::SUCCESS
}

fn a_hundred_stopped_watchers_cost_little_and_miss_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    // The tail in memory is full before and after: what is compared is the watchers alone.
    submit(&server, TASKS);
    let mut readers = Command::new(std::env::current_exe().unwrap())
        .args(["read", &server.address, &TASKS.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(readers.stdout.take().unwrap()).lines();
    assert_eq!(next(&mut said), "watching");
    signal(readers.id(), "STOP");
    until("the watchers stand still", || is_stopped(readers.id()).then_some(()));

    let before = memory_kib(&server);
    submit(&server, TASKS);
    // What the watchers take comes after the answers: wait until it grows no more.
    let mut seen = (memory_kib(&server), Instant::now());
    until("the server's memory stands still", || {
        let now = memory_kib(&server);
        if now > seen.0 {
            seen = (now, Instant::now());
        }
        (seen.1.elapsed() > Duration::from_secs(1)).then_some(())
    });
    let each_kib = seen.0.saturating_sub(before) / WATCHERS;
    println!("memory: {before} KiB before, {} KiB after: {each_kib} KiB for each stopped watcher", seen.0);
    assert!(each_kib <= BOUND_KIB, "{each_kib} KiB for each stopped watcher, at most {BOUND_KIB} KiB");

    signal(readers.id(), "CONT");
    assert_eq!(next(&mut said), "all read");
    assert!(wait_within(&mut readers, CATCH_UP).success());
    assert!(server.stop().success());
}

fn next(said: &mut Lines<BufReader<ChildStdout>>) -> String {
    said.next().expect("the readers still run").unwrap()
}

fn submit(server: &Server, tasks: u64) {
    let line = format!("{}\n", "x".repeat(TASK_BYTES));
    let out = server.run(&["submit"], line.repeat(tasks as usize));
    assert_eq!(out.code, 0, "{}", out.stderr);
    assert_eq!(out.stdout.lines().count() as u64, tasks);
}

fn memory_kib(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

fn is_stopped(pid: u32) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks.flatten().all(|task| {
        let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('T'))
    })
}

/// The process with the watchers: says when all watch, and when all have read all.
fn read(address: &str, after: u64) {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut watches = Vec::new();
        for _ in 0..WATCHERS {
            let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
            let mut client = ContactClient::new(endpoint.connect().await.unwrap());
            let start = Some(pb::position::Start::FromSeq(after + 1));
            let position = pb::Position { start, ..pb::Position::default() };
            let watch = pb::Watch { queues: vec![position], ..pb::Watch::default() };
            watches.push(client.get_task(watch).await.unwrap().into_inner());
        }
        println!("watching");
        let readers: Vec<_> = watches
            .into_iter()
            .map(|watch| {
                tokio::spawn(async move {
                    let mut watch = watch.take(TASKS as usize);
                    let mut seq = after;
                    while let Some(task) = watch.next().await {
                        let task = task.unwrap();
                        seq += 1;
                        assert_eq!(task.seq, seq);
                        assert_eq!(task.task.len(), TASK_BYTES);
                    }
                    assert_eq!(seq, after + TASKS);
                })
            })
            .collect();
        for reader in readers {
            reader.await.unwrap();
        }
        println!("all read");
    });
}
