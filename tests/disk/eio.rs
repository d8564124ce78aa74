//! A disk that fails: the nth write or sync, once, wherever it comes. What was answered is there afterwards; what was
//! not is there wholly or not at all.
//!
//! The bundled SQLite writes by `pwrite64` and syncs by `fsync`, or `fdatasync` if it is built to; strace counts the
//! calls of each thread by itself, and the writer is one.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use contact::pb::{self, contact_client::ContactClient};
use futures_util::stream;

use crate::common::{self, DEADLINE, Server, contact, has_tool, run, until, wait};

/// Tried at the same time.
const AT_ONCE: usize = 4;
/// Each is submitted, handed out and settled.
const TASKS: u64 = 8;

/// What was answered.
#[derive(Debug, Default)]
struct Answered {
    /// By their numbers.
    submitted: Vec<u64>,
    /// By their seqs.
    settled: Vec<u64>,
}

/// How one try went.
#[derive(Debug)]
struct Tried {
    /// The call that failed, as strace has it.
    hit: Option<String>,
    exit: i32,
    answered: Answered,
}

#[test]
fn whichever_write_or_sync_fails_nothing_answered_is_lost() {
    let upto = std::env::var("CONTACT_TEST_CALLS").map_or(20, |n| n.parse::<u64>().unwrap());
    let probe = &mut Command::new("strace");
    if !has_tool("strace (and the permission to use it)", probe.args(["-o", "/dev/null", "true"])) {
        return;
    }
    let hits = Mutex::new(0);
    for call in ["fsync,fdatasync", "pwrite64"] {
        let next = AtomicU64::new(1);
        // The first that none was: the work has fewer calls.
        let over = AtomicU64::new(u64::MAX);
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    loop {
                        let nth = next.fetch_add(1, Relaxed);
                        if nth > upto.min(over.load(Relaxed)) {
                            return;
                        }
                        match judge(call, nth) {
                            true => *hits.lock().unwrap() += 1,
                            false => drop(over.fetch_min(nth, Relaxed)),
                        }
                    }
                });
            }
        });
        println!("{call}: {} were tried", next.load(Relaxed) - 1);
    }
    assert!(*hits.lock().unwrap() >= 20, "few calls have failed");
}

/// Tries one, and looks what is there afterwards. False if the work has no such call.
fn judge(call: &str, nth: u64) -> bool {
    let place = format!("{call} {nth}");
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let tried = attempt(&data, call, nth, &dir.path().join("trace"));
    // Of the memory that processes share nothing is needed afterwards, and the folder is synced before it is served
    // from: SQLite does so once more, and does not look at what comes of it.
    let is_idle =
        tried.hit.as_ref().is_some_and(|hit| hit.contains("contact.db-shm>") || hit.contains("/data>"));
    let expected = if tried.hit.is_some() { 5 } else { 0 };
    assert!(tried.exit == expected || is_idle, "{place}: {tried:?}");

    let server = Server::start(&data);
    let ok = |args: &[&str]| {
        let out = server.run(args, "");
        assert_eq!(out.code, 0, "{place}: {args:?}: {}", out.stderr);
        out.json()
    };
    let kept = ok(&["watch-tasks", "--until-empty"]);
    let Answered { submitted, settled } = &tried.answered;
    assert!(
        (submitted.len()..=submitted.len() + 1).contains(&kept.len()),
        "{place}: {} kept, {tried:?}",
        kept.len()
    );
    for (n, task) in kept.iter().enumerate() {
        assert!(task["task"] == text_of(n as u64), "{place}: {task}");
    }
    // What was settled is not handed out again, and has its result; the one that was under way may have.
    let results = ok(&["watch-results", "--until-empty"]);
    let told: Vec<u64> = results.iter().map(|result| result["seq"].as_u64().unwrap()).collect();
    assert!(told.starts_with(settled) && told.len() <= settled.len() + 1, "{place}: {told:?}, {tried:?}");
    let left = ok(&["run", "--group", "g", "--until-empty", "--", "true"]);
    let left: Vec<u64> = left.iter().map(|line| line["id"].as_str().unwrap().parse().unwrap()).collect();
    assert!(!left.iter().any(|seq| told.contains(seq)), "{place}: {told:?} {left:?}");
    // One may still be leased to who has gone.
    assert!(told.len() + left.len() + 1 >= kept.len(), "{place}: {told:?} {left:?}, {} kept", kept.len());
    assert!(server.stop().success());
    let checked = run(contact().args(["serve", "--check", "--data"]).arg(&data), "");
    assert_eq!(checked.code, 0, "{place}: {checked:?}");
    tried.hit.is_some()
}

/// A server whose nth call fails, at work until it ends or all is done.
fn attempt(data: &Path, call: &str, nth: u64, trace: &Path) -> Tried {
    // Making a store takes some calls of its own; they are not what this is about.
    assert!(Server::start(data).stop().success());
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-qq", "--seccomp-bpf", "-e", &format!("trace={call}")]);
    command.args(["-e", &format!("inject={call}:error=EIO:when={nth}"), "-o"]).arg(trace);
    command.arg(contact().get_program());
    command.args(["serve", "--log-format", "json", "--addr", "127.0.0.1:0", "--data"]).arg(data);
    let port = data.join("port");
    command.arg("--port-file").arg(&port).process_group(0).stdin(Stdio::null()).stderr(Stdio::null());
    let mut traced = Traced(command.spawn().unwrap());
    let child = &mut traced.0;
    let address = until("it listens, or has ended", || {
        if child.try_wait().unwrap().is_some() {
            return Some(None);
        }
        Some(Some(format!("http://127.0.0.1:{}", std::fs::read_to_string(&port).ok()?.trim())))
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut answered = Answered::default();
    if let Some(address) = address {
        let worked = async { tokio::time::timeout(DEADLINE, work(address, &mut answered)).await };
        let worked = runtime.block_on(worked);
        // Until an error; without one it is told to end.
        if worked.unwrap().is_ok() {
            tell(child, "TERM");
        }
    }
    // With it the connection, which a server that ends would wait for.
    drop(runtime);
    let exit = common::code(wait(child));
    let hit = std::fs::read_to_string(trace).unwrap();
    let hit = hit.lines().find(|line| line.contains("INJECTED")).map(str::to_owned);
    Tried { hit, exit, answered }
}

/// strace and its server. Killed when dropped.
struct Traced(Child);

impl Drop for Traced {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|ended| ended.is_none()) {
            let group = format!("-{}", self.0.id());
            let _ = Command::new("kill").args(["-s", "KILL", "--", &group]).status();
            let _ = self.0.wait();
        }
    }
}

/// Signals the server below strace.
fn tell(strace: &Child, signal: &str) {
    let pid = strace.id();
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    if let Some(server) = children.split_ascii_whitespace().next() {
        let _ = Command::new("kill").args(["-s", signal, server]).status();
    }
}

fn text_of(n: u64) -> String {
    format!("task {n} {}", "x".repeat(20_000))
}

/// Submits, takes and settles one task after the other, and writes down what was answered.
async fn work(address: String, answered: &mut Answered) -> Result<(), tonic::Status> {
    let unreachable = |e: tonic::transport::Error| tonic::Status::unavailable(e.to_string());
    let mut client = ContactClient::connect(address).await.map_err(unreachable)?;
    let mut tasks: Option<tonic::Streaming<pb::ServerMsg>> = None;
    for n in 0..TASKS {
        let task = pb::NewTask { task: text_of(n), ..pb::NewTask::default() };
        let mut answers = client.submit_task(stream::iter([task])).await?.into_inner();
        let answer = answers.message().await?.ok_or_else(|| tonic::Status::unavailable("no answer"))?;
        assert_eq!(answer.refusal, None);
        answered.submitted.push(n);
        if tasks.is_none() {
            let watch = pb::Watch { group: "g".into(), instance: vec![1; 16], ..pb::Watch::default() };
            tasks = Some(client.get_task(watch).await?.into_inner());
        }
        let Some(tasks) = &mut tasks else { continue };
        let task = tasks.message().await?.ok_or_else(|| tonic::Status::unavailable("no task"))?;
        let outcome = Some(pb::Outcome::Done.into());
        let done = pb::Result { lease: task.lease, outcome, ..pb::Result::default() };
        let receipt = client.tell_result(stream::iter([done])).await?.into_inner();
        assert_eq!(receipt.told.len(), 1, "{receipt:?}");
        answered.settled.push(task.seq);
    }
    Ok(())
}
