//! Promises 1, 2 and 8: what was answered is there after kill -9; a submit is synced before it is answered;
//! after a sync that failed nothing is answered.
//!
//! ```text
//!  test ──submit──► contact serve ──► SQLite
//!    ▲                   ▲ kill -9, or strace that fails its nth sync
//!    └── what was answered is compared with what the next server shows
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests run in real time and say what they found"
)]

mod common;

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use common::{DEADLINE, Server, contact, has_tool, run, until, wait};
use contact::pb::{self, contact_client::ContactClient};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;

/// A task that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answered {
    seq: u64,
    text: String,
}

/// Keeps `window` submits in flight until the connection ends. Reports each answer as it comes.
async fn submit_until_broken(
    address: String,
    first: u64,
    window: u64,
    answers: mpsc::UnboundedSender<Answered>,
) {
    let mut client = ContactClient::connect(format!("http://{address}")).await.unwrap();
    let (tasks, requests) = mpsc::unbounded_channel();
    let text = |n: u64| format!("任务 {n} {}", "x".repeat((n % 300) as usize));
    let send = |n: u64| drop(tasks.send(pb::NewTask { task: text(n), ..pb::NewTask::default() }));
    (first..first + window).for_each(send);
    let Ok(response) = client.submit_task(UnboundedReceiverStream::new(requests)).await else { return };
    let mut stream = response.into_inner();
    let mut n = first;
    while let Ok(Some(answer)) = stream.message().await {
        assert_eq!(answer.refusal, None);
        let _ = answers.send(Answered { seq: answer.seq, text: text(n) });
        send(n + window);
        n += 1;
    }
}

/// Every task from `from_seq` on.
fn kept(server: &Server, from_seq: u64) -> Vec<Answered> {
    let out = server.run(&["watch-tasks", "--until-empty", "--from", &from_seq.to_string()], "");
    assert_eq!(out.code, 0, "{}", out.stderr);
    let task = |line: serde_json::Value| Answered {
        seq: line["seq"].as_u64().unwrap(),
        text: line["task"].as_str().unwrap().to_owned(),
    };
    out.json().into_iter().map(task).collect()
}

#[test]
fn what_was_answered_survives_a_hundred_kills() {
    let seed: u64 =
        std::env::var("CONTACT_TEST_SEED").map_or_else(|_| rand::random(), |s| s.parse().unwrap());
    println!("CONTACT_TEST_SEED={seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut all: Vec<Answered> = Vec::new();
    let mut submitted = 0;
    for round in 0..100 {
        let mut server = Server::start(dir.path());
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let window = [1, 16, 512][round % 3];
        let submitter = runtime.spawn(submit_until_broken(server.address.clone(), submitted, window, sender));
        // The moment is counted in answers and in time: within a batch, between two, during a sync.
        let answers_before_kill = dice.random_range(1..200);
        let mut answered: Vec<Answered> = Vec::new();
        runtime.block_on(async {
            while answered.len() < answers_before_kill {
                let answer = tokio::time::timeout(DEADLINE, receiver.recv()).await.unwrap();
                answered.push(answer.expect("the connection lasts until the kill"));
            }
            tokio::time::sleep(Duration::from_micros(dice.random_range(0..3000))).await;
        });
        server.kill();
        runtime.block_on(async {
            tokio::time::timeout(DEADLINE, submitter).await.unwrap().unwrap();
            while let Ok(answer) = receiver.try_recv() {
                answered.push(answer);
            }
        });

        // The next server shows what was answered, and of what was not answered a piece from its beginning.
        let from_seq = all.last().map_or(1, |last| last.seq + 1);
        let found = kept(&Server::start(dir.path()), from_seq);
        assert!(found.len() >= answered.len(), "round {round}: {} of {} kept", found.len(), answered.len());
        assert_eq!(found[..answered.len()], answered[..], "round {round}");
        for (i, task) in found.iter().enumerate() {
            assert_eq!(task.seq, from_seq + i as u64, "round {round}: no seq is reused or left out");
            let n = submitted + i as u64;
            assert_eq!(task.text, format!("任务 {n} {}", "x".repeat((n % 300) as usize)), "round {round}");
        }
        submitted += found.len() as u64;
        all.extend(found);
    }
    assert_eq!(kept(&Server::start(dir.path()), 1), all);
}

/// The server under strace.
fn traced(data: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq"]).args(flags).arg(contact().get_program());
    command.args(["serve", "--log-format", "json", "--addr", "127.0.0.1:0", "--data"]).arg(data);
    command
}

fn has_strace() -> bool {
    has_tool(
        "strace (and the permission to use it)",
        Command::new("strace").args(["-o", "/dev/null", "true"]),
    )
}

/// The server's own process, below strace.
fn child_of(pid: u32) -> u32 {
    until("strace has a child", || {
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        children.split_ascii_whitespace().next().map(|child| child.parse().unwrap())
    })
}

#[test]
fn a_submit_is_synced_between_its_arrival_and_its_answer() {
    if !has_strace() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let trace = dir.path().join("trace");
    let calls = "trace=recvfrom,read,readv,recvmsg,sendto,write,writev,sendmsg,fsync,fdatasync";
    let flags = ["-s", "65536", "-e", calls, "-o", trace.to_str().unwrap()];
    let mut server = Server::spawn(traced(&dir.path().join("data"), &flags));
    let probes: Vec<String> = (0..5).map(|n| format!("probe-{n}-end")).collect();
    for probe in &probes {
        let out = server.run(&["submit", "--id", probe, "x"], "");
        assert_eq!(out.code, 0, "{}", out.stderr);
    }
    common::signal(child_of(server.child.id()), "TERM");
    assert!(wait(&mut server.child).success());

    let trace = std::fs::read_to_string(trace).unwrap();
    let lines: Vec<&str> = trace.lines().collect();
    let names = |line: &str, calls: &[&str]| calls.iter().any(|call| line.contains(call));
    for probe in &probes {
        let place = |calls: &[&str], from: usize| {
            let found =
                lines[from..].iter().position(|line| line.contains(probe.as_str()) && names(line, calls));
            from + found.unwrap_or_else(|| panic!("{probe}: none of {calls:?}"))
        };
        let arrived = place(&["recvfrom", "read", "recvmsg"], 0);
        let answered = place(&["sendto", "write", "sendmsg"], arrived);
        let synced = lines[arrived..answered]
            .iter()
            .any(|line| names(line, &["fsync", "fdatasync"]) && line.trim_end().ends_with("= 0"));
        assert!(synced, "{probe}: no sync between\n{}\nand\n{}", lines[arrived], lines[answered]);
    }
}

#[test]
fn after_a_failed_sync_nothing_is_answered_and_nothing_answered_is_lost() {
    if !has_strace() {
        return;
    }
    let mut failed_while_serving = 0;
    for nth in 1..=10 {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        // Making a store takes some syncs of its own; they are not what this is about.
        assert!(Server::start(&data).stop().success());
        let inject = format!("inject=fsync,fdatasync:error=EIO:when={nth}+");
        let log = dir.path().join("trace");
        let flags = ["-e", "trace=fsync,fdatasync", "-e", &inject, "-o", log.to_str().unwrap()];
        let mut command = traced(&data, &flags);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let ready = {
            use std::io::{BufRead, BufReader};
            let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
            let found = lines.find_map(|line| {
                let line: serde_json::Value = serde_json::from_str(&line).ok()?;
                line["ready"].as_str().map(str::to_owned)
            });
            std::thread::spawn(move || lines.for_each(drop));
            found
        };
        let mut answered = Vec::new();
        if let Some(address) = ready {
            failed_while_serving += 1;
            let mut refused = 0;
            for n in 0..50 {
                let flags = ["submit", "--server", &address, "--retry-for", "0s"];
                let out = run(contact().args(flags).arg(n.to_string()), "");
                match out.code {
                    0 => {
                        assert_eq!(refused, 0, "nth={nth}: answered after a failure");
                        answered.push(n.to_string());
                    }
                    3 => refused += 1,
                    code => panic!("nth={nth}: exit {code}: {}", out.stderr),
                }
                if refused == 3 {
                    break;
                }
            }
            assert!(refused > 0, "nth={nth}: no sync has failed");
        }
        assert_eq!(common::code(wait(&mut child)), 5, "nth={nth}: the server's exit");
        let server = Server::start(&data);
        let found: Vec<String> = kept(&server, 1).into_iter().map(|task| task.text).collect();
        assert!(found.starts_with(&answered), "nth={nth}: {answered:?} answered, {found:?} kept");
        assert!(found.len() <= answered.len() + 1, "nth={nth}");
    }
    assert!(failed_while_serving >= 3, "the failures came at the start only");
}
