//! A group's watch, a worker and `ack` in one pipeline: every form ends by itself and leaves nothing leased,
//! whatever its parts do.
//!
//! ```text
//!                 one server, a queue for each copy
//!        ┌────────────────┬──────────────────────────┐
//!   watch-tasks --group ──┴─► worker ─────────► ack ─┘        × 20, all at once
//!        holds the leases      jq, sort, awk, head,
//!        until they end        killed, stopped, asleep
//! ```
//!
//! `CONTACT_TEST_TIMES=500` runs each form so many times.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests run in real time")]

mod common;

use std::{
    io::Read,
    ops::Range,
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use common::{DEADLINE, Running, Server, code, has_tool, json_lines, run, shell, signal, until, wait};
use serde_json::{Value, json};

/// Copies of a form, many at once.
const TIMES: usize = 20;
const AT_ONCE: usize = 20;

/// A worker that takes a line, works, and says so: as people write it.
const WORKER: &[&str] = &["sh", "-c", "while read -r line; do printf '%s\\n' \"$line\"; done"];
const ACK: &[&str] = &["contact", "ack"];

#[test]
fn a_worker_that_writes_each_line_at_once() {
    many(|house| {
        let ends = house.with(1..6).pipe(&[&["--max", "5"]], &[WORKER, ACK]).ends();
        assert_eq!(ends.codes, [0, 0, 0], "{ends:?}");
        assert_eq!(ends.verdicts(), ok(1..6));
        house.has_all_done(5);
    });
}

#[test]
fn jq_keeps_its_output_back_to_the_end() {
    if !has_tool("jq", Command::new("jq").arg("--version")) {
        return;
    }
    many(|house| {
        let jq = &["jq", "-c", ".outcome=\"done\""];
        let ends = house.with(1..6).pipe(&[&["--max", "5"]], &[jq, ACK]).ends();
        assert_eq!(ends.codes, [0, 0, 0], "{ends:?}");
        assert_eq!(ends.verdicts(), ok(1..6));
        house.has_all_done(5);
    });
}

#[test]
fn sort_says_nothing_before_it_has_read_all() {
    many(|house| {
        let ends = house.with(1..6).pipe(&[&["--max", "5"]], &[&["sort", "-r"], ACK]).ends();
        assert_eq!(ends.codes, [0, 0, 0], "{ends:?}");
        assert_eq!(ends.verdicts().len(), 5);
        house.has_all_done(5);
    });
}

#[test]
fn a_lease_outlives_a_watch_that_detaches() {
    many(|house| {
        house.with(1..2);
        let script = format!(
            "t=$(contact watch-tasks -q {queue} --group ci --max 1 --detach --lease 15m) && \
             contact tasks -q {queue} --state leased && echo \"$t\" | contact ack",
            queue = house.queue
        );
        let ended = run(&mut shell(house.server, &script), "");
        assert_eq!(ended.code, 0, "{ended:?}");
        let [leased, verdict] = &ended.json()[..] else { panic!("{ended:?}") };
        let held = seconds_between(&leased["since"], &leased["until"]);
        // Renewed for the last time when the watch left.
        assert!((900.0..=910.0).contains(&held), "{leased}");
        assert_eq!(verdict["verdict"], "ok", "{ended:?}");
        house.has_all_done(1);
    });
}

#[test]
fn a_worker_that_loses_every_second_line_does_not_stop_the_others() {
    many(|house| {
        let every_second =
            &["sh", "-c", "while read -r lost && read -r kept; do printf '%s\\n' \"$kept\"; done"];
        let flags: &[&str] = &["--until-empty", "--max-hold", "2s"];
        let ends = house.with(1..4).pipe(&[flags], &[every_second, ACK]).ends();
        assert_eq!(ends.codes, [0, 0, 0], "{ends:?}");
        assert!(ends.notices().contains(&"overheld".to_owned()), "{ends:?}");
        house.has_all_done(3);
    });
}

#[test]
fn a_watch_whose_tasks_do_not_come_back_says_which_and_why() {
    let (_folder, server) = server();
    let house = House::new(&server);
    // It reads, and says nothing.
    let pipe = house.with(1..3).pipe(&[&[]], &[&["sh", "-c", "cat >/dev/null"], ACK]);
    let notice = until("the notice", || pipe.notice("stalled"));
    let message = notice["message"].as_str().unwrap();
    let id = house.ids()[0].clone();
    for word in
        ["stalled", "1 task is held", &format!(": {id}."), "jq --unbuffered", "stdbuf -oL", "--detach"]
    {
        assert!(message.contains(word), "{message}");
    }
    // Then the worker sees the end, and is not waited for.
    pipe.signal_one(0, "TERM");
    assert_eq!(pipe.ends().codes, [143, 0, 0]);
    house.has_nothing_leased();
    house.has_nothing_failed();
}

#[test]
fn a_reader_that_has_seen_enough_gives_the_rest_back() {
    many(|house| {
        let ends = house.with(1..4).pipe(&[&[]], &[&["head", "-1"]]).ends();
        assert_eq!(ends.codes, [0, 0], "{ends:?}");
        assert_eq!(json_lines(&ends.stdout).len(), 1);
        house.has_nothing_leased();
        house.has_nothing_failed();
    });
}

#[test]
fn what_nobody_settled_is_named_when_an_end_was_asked_for() {
    many(|house| {
        let ends = house.with(1..4).pipe(&[&["--max", "3"]], &[&["head", "-1"], ACK]).ends();
        assert_eq!(ends.codes, [1, 0, 0], "{ends:?}");
        let error = ends.errors.iter().find(|line| line["error"] == "given_back").unwrap();
        let named = format!("{}, {}", house.ids()[1], house.ids()[2]);
        assert!(error["message"].as_str().unwrap().ends_with(&named), "{error} {named}");
        house.has_nothing_leased();
        house.has_nothing_failed();
    });
}

#[test]
fn a_worker_that_is_killed_takes_nothing_with_it() {
    many(|house| {
        let slow = &["sh", "-c", "read -r line; printf '%s\\n' \"$line\"; read -r next; exec sleep 60"];
        let pipe = house.with(1..7).pipe(&[&["--max-in-flight", "4"]], &[slow, ACK]);
        pipe.wait_for_a_line();
        pipe.signal_one(1, "KILL");
        let ends = pipe.ends();
        assert_eq!(ends.codes, [0, 137, 0], "{ends:?}");
        house.has_nothing_leased();
        house.has_nothing_failed();
    });
}

#[test]
fn an_ack_that_is_killed_takes_nothing_with_it() {
    many(|house| {
        let slow = &["sh", "-c", "while read -r line; do printf '%s\\n' \"$line\"; sleep 0.1; done"];
        // All at once, so that the worker sees the end: one that waits for more would not learn of it.
        let pipe = house.with(1..21).pipe(&[&["--max", "20"]], &[slow, ACK]);
        pipe.wait_for_a_line();
        pipe.signal_one(2, "KILL");
        let ends = pipe.ends();
        assert_eq!((ends.codes[0], ends.codes[2]), (1, 137), "{ends:?}");
        house.has_nothing_leased();
        house.has_nothing_failed();
    });
}

#[test]
fn ctrl_c_to_the_whole_pipeline_counts_nothing_as_failed() {
    many(|house| {
        let slow = &["sh", "-c", "while read -r line; do printf '%s\\n' \"$line\"; sleep 0.1; done"];
        let pipe = house.with(1..50).pipe(&[&["--max-in-flight", "4"]], &[slow, ACK]);
        pipe.wait_for_a_line();
        let began = Instant::now();
        pipe.signal_all("INT");
        let ends = pipe.ends();
        // `ack` may have seen the end before the signal.
        assert_eq!(ends.codes[0], 130, "{ends:?}");
        assert!(began.elapsed() < DEADLINE / 2, "{:?}", began.elapsed());
        house.has_nothing_leased();
        house.has_nothing_failed();
    });
}

#[test]
fn sigterm_to_the_watch_alone_lets_the_worker_finish() {
    many(|house| {
        let slow = &["sh", "-c", "while read -r line; do sleep 0.1; printf '%s\\n' \"$line\"; done"];
        let pipe = house.with(1..50).pipe(&[&["--max-in-flight", "3"]], &[slow, ACK]);
        pipe.wait_for_a_line();
        pipe.signal_one(0, "TERM");
        let ends = pipe.ends();
        assert_eq!(ends.codes, [143, 0, 0], "{ends:?}");
        let (done, given_back): (Vec<String>, _) =
            ends.verdicts().into_iter().partition(|verdict| verdict == "ok");
        // After a signal last words have a second: on a busy machine some come later.
        assert!(given_back.iter().all(|verdict| verdict == "conflict"), "{ends:?}");
        // And the one that was waited for.
        let group = house.group();
        assert_eq!(group["done"], 1 + done.len(), "{group}");
        house.has_nothing_leased();
        house.has_nothing_failed();
    });
}

#[test]
fn a_full_pipe_does_not_stop_the_signs_of_life() {
    many(|house| {
        let mib = "x".repeat(1 << 20);
        house.submit(&mib);
        let flags: &[&str] = &["--max", "1", "--lease", "1s"];
        let late = &["sh", "-c", "sleep 3; cat"];
        let settled = house.pipe(&[flags], &[late, &["tee", "/dev/stderr"], ACK]).ends();
        assert_eq!(settled.codes, [0, 0, 0, 0]);
        assert_eq!(settled.verdicts(), ["ok"]);
        let line = settled.errors.iter().find(|line| line["attempt"].is_number()).unwrap();
        assert_eq!(line["attempt"], 1);
        house.has_all_done(1);
    });
}

#[test]
fn a_socket_for_a_pipe_is_closed_and_watched_as_well() {
    let (_folder, server) = server();
    for settles in [true, false] {
        let house = House::new(&server);
        house.with(1..4);
        let (mut near, far) = UnixStream::pair().unwrap();
        near.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut command = server.contact();
        command.args(["watch-tasks", "-q", &house.queue, "--group", "ci", "--grace", "1s", "--max", "3"]);
        command.stdin(Stdio::null()).stdout(OwnedFd::from(far)).stderr(Stdio::null());
        let mut watch = command.spawn().unwrap();
        // Ours of the far side goes too.
        drop(command);
        let mut lines = String::new();
        near.read_to_string(&mut lines).expect("the end");
        assert_eq!(json_lines(&lines).len(), 3);
        if settles {
            assert_eq!(server.run(&["ack", "--strict"], lines).code, 0);
        }
        drop(near);
        assert_eq!(code(wait(&mut watch)), i32::from(!settles));
        house.has_nothing_leased();
        house.has_nothing_failed();
    }
}

#[test]
fn a_parent_that_holds_the_pipe_open_did_not_let_the_watch_end() {
    let (_folder, server) = server();
    let house = House::new(&server);
    house.with(1..3);
    // `cat` sees no end before `timeout` does. And `timeout` signals twice, the watch and the watch's group: that
    // is one wish, not two.
    let script = format!(
        "timeout 2 contact watch-tasks -q {} --group ci --max 2 --grace 1s | cat >/dev/null",
        house.queue
    );
    let ended = run(&mut shell(&server, &script), "");
    assert_eq!(ended.code, 0, "{ended:?}");
    house.has_nothing_leased();
    house.has_nothing_failed();
}

#[test]
fn four_pipelines_of_one_client_share_a_group() {
    let (_folder, server) = server();
    let house = House::new(&server);
    house.with(1..101);
    let pipes: Vec<Pipe> = (0..4).map(|_| house.pipe(&[&["--until-empty"]], &[WORKER, ACK])).collect();
    let mut done: Vec<String> = Vec::new();
    for pipe in pipes {
        let ends = pipe.ends();
        assert_eq!(ends.codes, [0, 0, 0], "{ends:?}");
        assert!(ends.verdicts().iter().all(|verdict| verdict == "ok"), "{ends:?}");
        done.extend(json_lines(&ends.stdout).iter().map(|line| line["id"].as_str().unwrap().to_owned()));
    }
    done.sort_by_key(|id| id.parse::<u64>().unwrap());
    assert_eq!(done, house.ids());
    house.has_all_done(100);
}

#[test]
fn a_member_that_was_frozen_is_told_that_it_is_late_and_changes_nothing() {
    let (_folder, server) = server();
    let house = House::new(&server);
    house.with(1..2);
    let watch = |flags: &[&str]| {
        let flags = [&["watch-tasks", "-q", &house.queue, "--group", "ci"], flags].concat();
        Running::start(house.server.contact().args(flags))
    };
    let frozen = watch(&["--lease", "1s", "--max", "1", "--grace", "1s"]);
    let line = frozen.line();
    signal(frozen.child.id(), "STOP");
    let other = watch(&["--lease", "15m", "--max", "1"]);
    let second = other.line();
    assert_eq!((&line["attempt"], &second["attempt"]), (&json!(1), &json!(2)));
    let state = || {
        let tasks = house.server.run(&["tasks", "-q", &house.queue, "--group", "ci"], "");
        let mut tasks = tasks.json();
        for task in &mut tasks {
            // It moves with each sign of life; and since when is counted back from now.
            (task["until"], task["since"]) = (Value::Null, Value::Null);
        }
        (house.group(), tasks)
    };
    let before = state();
    let late = house.server.run(&["ack", "--strict"], line.to_string());
    assert_eq!((late.code, &late.json()[0]["verdict"]), (1, &json!("stale")), "{late:?}");
    assert_eq!(state(), before);
    let good = house.server.run(&["ack", "--strict"], second.to_string());
    assert_eq!((good.code, &good.json()[0]["verdict"]), (0, &json!("ok")), "{good:?}");
    assert_eq!(other.end().code, 0);
    signal(frozen.child.id(), "CONT");
    let thawed = frozen.end();
    assert_eq!(thawed.code, 0, "{thawed:?}");
    assert_eq!(thawed.stdout, "", "the other's hand-out is not printed here");
    house.has_all_done(1);
}

#[test]
fn a_watch_goes_on_with_its_leases_when_the_server_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:{}", folder.path().join("socket").display());
    let serve = || Server::start_with(&folder.path().join("data"), &["--addr", &address]);
    let mut server = serve();
    let house = House::new(&server);
    house.with(1..31);
    let queue = house.queue.clone();
    // It says what it has done only when it is told to.
    let flags = ["watch-tasks", "-q", &queue, "--group", "ci", "--max", "30", "--max-in-flight", "10"];
    let mut watch = Running::start(server.contact().args(flags));
    let mut lines: Vec<Value> = Vec::new();
    for round in 0..3 {
        lines.extend((0..10).map(|_| watch.line()));
        server.kill();
        server = serve();
        let mine: String = lines[round * 10..].iter().map(|line| format!("{line}\n")).collect();
        let told = server.run(&["ack", "--strict"], mine);
        assert_eq!(told.code, 0, "{told:?}");
        assert!(told.json().iter().all(|line| line["verdict"] == "ok"), "{told:?}");
    }
    let status = wait(&mut watch.child);
    let ended = watch.end();
    assert_eq!((code(status), &ended.stdout[..]), (0, ""), "{ended:?}");
    let mut ids: Vec<&str> = lines.iter().map(|line| line["id"].as_str().unwrap()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 30, "each was printed once");
    assert!(lines.iter().all(|line| line["attempt"] == 1));
    House { server: &server, queue }.has_all_done(30);
}

/// Runs copies of a form, many at once, against one server.
fn many(form: impl Fn(&House<'_>) + Sync) {
    let times = std::env::var("CONTACT_TEST_TIMES").ok().and_then(|times| times.parse().ok());
    let times: usize = times.unwrap_or(TIMES);
    let (_folder, server) = server();
    for first in (0..times).step_by(AT_ONCE) {
        std::thread::scope(|threads| {
            for _ in first..times.min(first + AT_ONCE) {
                threads.spawn(|| form(&House::new(&server)));
            }
        });
    }
}

/// A server and the folder that goes with it.
fn server() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    (folder, server)
}

fn ok(tasks: Range<usize>) -> Vec<&'static str> {
    tasks.map(|_| "ok").collect()
}

fn seconds_between(since: &Value, until: &Value) -> f64 {
    let at = |time: &Value| {
        let time: prost_types::Timestamp = time.as_str().unwrap().parse().unwrap();
        time.seconds as f64 + f64::from(time.nanos) / 1e9
    };
    at(until) - at(since)
}

/// A queue of a pipeline's own.
struct House<'a> {
    server: &'a Server,
    queue: String,
}

impl<'a> House<'a> {
    fn new(server: &'a Server) -> Self {
        static QUEUES: AtomicU64 = AtomicU64::new(0);
        House { server, queue: format!("q{}", QUEUES.fetch_add(1, Ordering::Relaxed)) }
    }

    /// Puts these tasks in.
    fn with(&self, tasks: Range<usize>) -> &Self {
        self.submit(&tasks.map(|n| n.to_string()).collect::<Vec<_>>().join("\n"));
        self
    }

    fn submit(&self, lines: &str) {
        let submitted = self.server.run(&["submit", "-q", &self.queue], lines);
        assert_eq!(submitted.code, 0, "{submitted:?}");
    }

    /// Starts `contact watch-tasks` with these flags, and what is behind it.
    fn pipe(&self, flags: &[&[&str]], rest: &[&[&str]]) -> Pipe {
        let own = ["contact", "watch-tasks", "-q", &self.queue, "--group", "ci", "--grace", "1s"];
        let watch = [&own[..], &flags.concat()].concat();
        Pipe::start(self.server, &[&[&watch[..]], rest].concat())
    }

    /// The ids of its tasks, in order.
    fn ids(&self) -> Vec<String> {
        let tasks = self.server.run(&["tasks", "-q", &self.queue], "").json();
        tasks.iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Its group as the server counts it.
    fn group(&self) -> Value {
        let groups = self.server.run(&["groups", "-q", &self.queue], "").json();
        let [group] = &groups[..] else { panic!("{groups:?}") };
        group.clone()
    }

    fn has_nothing_leased(&self) {
        let leased = self.server.run(&["tasks", "-q", &self.queue, "--group", "ci", "--state", "leased"], "");
        assert_eq!((leased.code, &leased.stdout[..]), (0, ""), "{leased:?}");
        assert_eq!(self.group()["leased"], 0);
    }

    fn has_nothing_failed(&self) {
        let tasks = self.server.run(&["tasks", "-q", &self.queue, "--group", "ci"], "");
        assert_eq!(tasks.code, 0, "{tasks:?}");
        for task in tasks.json() {
            assert_eq!(task["failures"], Value::Null, "{task}");
            let ends = task["ends"].as_array().cloned().unwrap_or_default();
            assert!(ends.iter().all(|end| end == "released" || end == "done"), "{task}");
        }
    }

    fn has_all_done(&self, tasks: u64) {
        self.has_nothing_leased();
        let group = self.group();
        assert_eq!((&group["done"], &group["lag"]), (&json!(tasks), &json!(0)), "{group}");
    }
}

/// Commands, the stdout of each the stdin of the next, in one process group. Killed when dropped.
struct Pipe {
    children: Vec<Child>,
    /// Of the last one.
    stdout: mpsc::Receiver<u8>,
    /// Of all.
    stderr: Vec<JoinHandle<()>>,
    said: std::sync::Arc<std::sync::Mutex<String>>,
}

/// How all of them ended.
#[derive(Debug)]
struct Ends {
    codes: Vec<i32>,
    stdout: String,
    errors: Vec<Value>,
}

impl Ends {
    fn verdicts(&self) -> Vec<String> {
        let lines = json_lines(&self.stdout);
        lines.iter().map(|line| line["verdict"].as_str().unwrap().to_owned()).collect()
    }

    fn notices(&self) -> Vec<String> {
        self.errors.iter().filter_map(|line| Some(line["notice"].as_str()?.to_owned())).collect()
    }
}

impl Pipe {
    fn start(server: &Server, stages: &[&[&str]]) -> Pipe {
        let said: std::sync::Arc<std::sync::Mutex<String>> = Default::default();
        let mut children: Vec<Child> = Vec::new();
        let mut stderr = Vec::new();
        for stage in stages {
            let mut command = match stage[0] {
                "contact" => server.contact(),
                program => Command::new(program),
            };
            let stdin = match children.last_mut() {
                Some(child) => Stdio::from(child.stdout.take().unwrap()),
                None => Stdio::null(),
            };
            command.args(&stage[1..]).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.process_group(children.first().map_or(0, |first| first.id() as i32));
            let mut child = command.spawn().unwrap();
            let (mut from, said) = (child.stderr.take().unwrap(), said.clone());
            stderr.push(std::thread::spawn(move || {
                let mut buffer = [0; 64 << 10];
                while let Ok(n @ 1..) = from.read(&mut buffer) {
                    said.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..n]));
                }
            }));
            children.push(child);
        }
        let mut last = children.last_mut().unwrap().stdout.take().unwrap();
        let (sender, stdout) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 64 << 10];
            while let Ok(n @ 1..) = last.read(&mut buffer) {
                for byte in &buffer[..n] {
                    let _ = sender.send(*byte);
                }
            }
        });
        Pipe { children, stdout, stderr, said }
    }

    /// Waits until the last one has written a line, and drops it.
    fn wait_for_a_line(&self) {
        while self.stdout.recv_timeout(DEADLINE).expect("no line") != b'\n' {}
    }

    /// A notice, if it has been given.
    fn notice(&self, word: &str) -> Option<Value> {
        let said = self.said.lock().unwrap();
        said.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .find(|line: &Value| line["notice"] == word)
    }

    fn signal_one(&self, stage: usize, name: &str) {
        signal(self.children[stage].id(), name);
    }

    fn signal_all(&self, name: &str) {
        let group = format!("-{}", self.children[0].id());
        let status = Command::new("kill").args(["-s", name, "--", &group]).status().unwrap();
        assert!(status.success());
    }

    /// The ends of all, by themselves.
    fn ends(mut self) -> Ends {
        let began = Instant::now();
        let codes = self.children.iter_mut().map(|child| {
            let ended = until_ended(child, DEADLINE.saturating_sub(began.elapsed()));
            ended.unwrap_or_else(|| panic!("still running: {}", self.said.lock().unwrap()))
        });
        let codes = codes.collect();
        let mut stdout = Vec::new();
        while let Ok(byte) = self.stdout.recv_timeout(DEADLINE) {
            stdout.push(byte);
        }
        self.stderr.drain(..).for_each(|thread| thread.join().unwrap());
        let said = self.said.lock().unwrap().clone();
        // A shell's own words are none of ours.
        let errors = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Ends { codes, stdout: String::from_utf8(stdout).unwrap(), errors }
    }
}

fn until_ended(child: &mut Child, patience: Duration) -> Option<i32> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(code(status));
        }
        if began.elapsed() > patience {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
