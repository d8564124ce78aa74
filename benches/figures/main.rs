//! The figures: `cargo bench --bench figures [-- rounds=5 n=1000000]`.
//!
//! `groups_only=1` leaves out what is not about groups; `through=`, `ready=` and `leased=` say how many tasks go
//! through a group, are ready in one, and are leased. `agent_only=1` takes the agent's figures alone, over `trips=500`
//! questions and answers. `tls_only=1` takes those with and without TLS alone.
//!
//! Each round starts servers of its own on temporary folders and takes every figure once; the table shows
//! medians. With `RAW=PATH` of a program that measures what tonic itself moves (`grpc-bench run
//! test=bidi|pingpong|sstream n=N window=W`, one JSON line with `msgs_s`, `p50_us`), the two are run in turn
//! and the table has their ratios. Every submit is synced before its answer.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, clippy::unwrap_used, missing_docs)]

use std::{
    collections::BTreeMap,
    io::{BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use contact::pb::{self, contact_client::ContactClient};
use server::Server;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::Channel;

mod agent;
mod groups;
mod server;
mod tls;

/// Bytes of a task.
const TASK_BYTES: usize = 100;

fn main() {
    let given: BTreeMap<String, u64> = std::env::args()
        .filter_map(|arg| arg.split_once('=').and_then(|(k, v)| Some((k.to_owned(), v.parse().ok()?))))
        .collect();
    let flag = |name: &str, default: u64| given.get(name).copied().unwrap_or(default);
    let (rounds, n, watchers) = (flag("rounds", 5), flag("n", 1_000_000), flag("watchers", 1000));
    let raw = std::env::var("RAW").ok();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut figures = Figures::default();
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        if flag("agent_only", 0) == 0 && flag("groups_only", 0) == 0 {
            runtime.block_on(tls::measure(&mut figures, n));
        }
        if flag("tls_only", 0) == 1 {
            continue;
        }
        agent::measure(&mut figures, flag("trips", 500));
        if flag("agent_only", 0) == 1 {
            continue;
        }
        if flag("groups_only", 0) == 0 {
            runtime.block_on(measure(&mut figures, n, watchers));
        }
        let sizes = groups::Sizes {
            through: flag("through", 200_000),
            ready: flag("ready", 1_000_000),
            leased: flag("leased", 100_000),
        };
        runtime.block_on(groups::measure(&mut figures, sizes));
        if let Some(raw) = &raw {
            let size = format!("size={TASK_BYTES}");
            for (name, key, test) in [
                ("raw bidi echo, window 4096 (1/s)", "msgs_s", vec!["test=bidi", "window=4096"]),
                ("raw server stream (1/s)", "msgs_s", vec!["test=sstream"]),
            ] {
                figures.add(name, run_raw(raw, key, &test, &format!("n={n}"), &size));
            }
            figures
                .add("raw ping-pong p50 (µs)", run_raw(raw, "p50_us", &["test=pingpong"], "n=5000", &size));
        }
    }
    figures.print(raw.is_some());
}

async fn measure(figures: &mut Figures, n: u64, watchers: u64) {
    let dir = tempfile::tempdir().unwrap();
    figures.add("fdatasync p50 (µs)", fdatasync_p50_us(dir.path()));
    let data = dir.path().join("data");
    let server = Server::start(&data);
    let channel = server.connect().await;

    let (seconds, cpu) = timed(&server, pipelined(channel.clone(), n, 4096)).await;
    figures.add("submit, 4096 in flight (1/s)", n as f64 / seconds);
    figures.add("submit, 4096 in flight (server CPU s per M)", cpu / n as f64 * 1e6);
    figures.add("submit, 1 in flight, p50 (µs)", one_by_one_p50_us(channel.clone(), 3000).await);

    // From a server that has just started, so that the backlog comes from the disk.
    drop(server);
    let began = Instant::now();
    let server = Server::start(&data);
    figures.add("ready after a start with the tasks kept (s)", began.elapsed().as_secs_f64());
    let (seconds, cpu) = timed(&server, watch(server.connect().await, n)).await;
    figures.add("watch a backlog (1/s)", n as f64 / seconds);
    figures.add("watch a backlog (server CPU s per M)", cpu / n as f64 * 1e6);

    let began = Instant::now();
    let mut lines = server.contact(&["watch-tasks", "--max", &n.to_string()]);
    let mut count = Command::new("wc")
        .arg("-l")
        .stdin(lines.stdout.take().unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    assert!(lines.wait().unwrap().success());
    assert!(count.wait().unwrap().success());
    figures.add("watch-tasks into a pipe (lines/s)", n as f64 / began.elapsed().as_secs_f64());

    let began = Instant::now();
    let mut submit = server.contact(&["submit"]);
    let mut stdin = submit.stdin.take().unwrap();
    let mut stdout = BufReader::new(submit.stdout.take().unwrap());
    let feeding = std::thread::spawn(move || {
        let line = format!("{}\n", "x".repeat(TASK_BYTES));
        let block = line.repeat(1000);
        (0..n / 1000).for_each(|_| stdin.write_all(block.as_bytes()).unwrap());
    });
    std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
    assert!(submit.wait().unwrap().success());
    feeding.join().unwrap();
    figures.add("submit of lines (lines/s)", (n / 1000 * 1000) as f64 / began.elapsed().as_secs_f64());

    let mut statuses = Vec::new();
    for _ in 0..20 {
        let began = Instant::now();
        assert!(server.contact(&["send-status", "x"]).wait().unwrap().success());
        statuses.push(began.elapsed().as_secs_f64() * 1e3);
    }
    figures.add("send-status, whole process (ms)", median(&mut statuses));

    drop(server);
    let server = Server::start(&dir.path().join("idle"));
    let before = server.memory_kib();
    let mut held = Vec::new();
    for _ in 0..watchers {
        let channel = server.connect().await;
        held.push(ContactClient::new(channel).get_task(pb::Watch::default()).await.unwrap());
    }
    figures.add("idle watcher (KiB)", (server.memory_kib() - before) / watchers as f64);
}

pub(crate) async fn timed(server: &Server, work: impl Future<Output = ()>) -> (f64, f64) {
    let (cpu, began) = (server.cpu_seconds(), Instant::now());
    work.await;
    (began.elapsed().as_secs_f64(), server.cpu_seconds() - cpu)
}

pub(crate) fn task() -> pb::NewTask {
    pb::NewTask { task: "x".repeat(TASK_BYTES), ..pb::NewTask::default() }
}

pub(crate) async fn pipelined(channel: Channel, n: u64, window: u64) {
    let (tasks, requests) = mpsc::unbounded_channel();
    (0..window.min(n)).for_each(|_| tasks.send(task()).unwrap());
    let mut tasks = Some(tasks);
    let mut sent = window.min(n);
    let answers =
        ContactClient::new(channel).submit_task(UnboundedReceiverStream::new(requests)).await.unwrap();
    let mut answers = answers.into_inner();
    let mut answered = 0;
    while let Some(answer) = answers.message().await.unwrap() {
        assert!(answer.refusal.is_none());
        answered += 1;
        if sent < n {
            tasks.as_ref().unwrap().send(task()).unwrap();
            sent += 1;
        } else {
            tasks = None;
        }
    }
    assert_eq!(answered, n);
}

pub(crate) async fn one_by_one_p50_us(channel: Channel, n: u64) -> f64 {
    let (tasks, requests) = mpsc::unbounded_channel();
    let answers =
        ContactClient::new(channel).submit_task(UnboundedReceiverStream::new(requests)).await.unwrap();
    let mut answers = answers.into_inner();
    let mut times = Vec::new();
    for _ in 0..n {
        let began = Instant::now();
        tasks.send(task()).unwrap();
        answers.message().await.unwrap().unwrap();
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    median(&mut times)
}

pub(crate) async fn watch(channel: Channel, n: u64) {
    let watch = pb::Watch { max: n, ..pb::Watch::default() };
    let mut tasks = ContactClient::new(channel).get_task(watch).await.unwrap().into_inner();
    let mut seen = 0;
    while tasks.message().await.unwrap().is_some() {
        seen += 1;
    }
    assert_eq!(seen, n);
}

pub(crate) fn fdatasync_p50_us(dir: &Path) -> f64 {
    let mut file = std::fs::File::create(dir.join("sync")).unwrap();
    let mut times: Vec<f64> = (0..500)
        .map(|_| {
            let began = Instant::now();
            file.write_all(&[7; 4096]).unwrap();
            file.sync_data().unwrap();
            began.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    median(&mut times)
}

fn run_raw(raw: &str, key: &str, test: &[&str], n: &str, size: &str) -> f64 {
    let out = Command::new(raw).arg("run").args(test).args([n, size, "win=2097152"]).output().unwrap();
    let line: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    line[key].as_f64().unwrap()
}

#[derive(Default)]
pub(crate) struct Figures {
    order: Vec<String>,
    values: BTreeMap<String, Vec<f64>>,
}

impl Figures {
    pub(crate) fn add(&mut self, name: &str, value: f64) {
        if !self.values.contains_key(name) {
            self.order.push(name.to_owned());
        }
        self.values.entry(name.to_owned()).or_default().push(value);
    }

    fn median(&self, name: &str) -> f64 {
        self.values.get(name).map_or(f64::NAN, |values| median(&mut values.clone()))
    }

    fn print(&self, with_raw: bool) {
        for name in &self.order {
            let values = &self.values[name];
            let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
            println!("{name:<46} {:>12} ({} … {})", show(self.median(name)), show(low), show(high));
        }
        let ratio = |ours: &str, limit: f64| self.median(ours) / limit;
        println!();
        if !self.values.contains_key(agent::ROUND_TRIP) {
            return;
        }
        // Handing out and settling are a commit each.
        let parts = self.median(agent::SUBMIT) + self.median(agent::CAT) + 2.0 * self.median(agent::COMMIT);
        println!(
            "{:<60} {:>6.2}",
            "submit --wait / (submit + cat + two commits)",
            ratio(agent::ROUND_TRIP, parts)
        );
        if !with_raw {
            return;
        }
        for (name, value) in [
            (
                "submit, 4096 in flight / raw bidi echo",
                ratio("submit, 4096 in flight (1/s)", self.median("raw bidi echo, window 4096 (1/s)")),
            ),
            (
                "submit, 1 in flight / (raw ping-pong + fdatasync)",
                ratio(
                    "submit, 1 in flight, p50 (µs)",
                    self.median("raw ping-pong p50 (µs)") + self.median("fdatasync p50 (µs)"),
                ),
            ),
            (
                "watch a backlog / raw server stream",
                ratio("watch a backlog (1/s)", self.median("raw server stream (1/s)")),
            ),
        ] {
            println!("{name:<60} {value:>6.2}");
        }
    }
}

fn show(value: f64) -> String {
    if value >= 1000.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
