//! The real binary with real pipes: what a shell script may rely on.
//!
//! ```text
//!   seq 100000 | contact submit | tail -n 1
//!                   │
//!              contact serve        killed, restarted, stopped, on TCP and on a socket
//!                   │
//!   contact watch-tasks | jq -r .task
//!   contact watch-tasks --max 5 | contact ack
//! ```
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests run in real time")]

mod common;

use std::{
    fs,
    net::TcpStream,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use common::{Output, Running, Server, contact, has_tool, run, shell, until, wait_within};
use serde_json::{Value, json};

/// A server of a test's own, with a socket whose address survives a restart.
struct House {
    folder: tempfile::TempDir,
}

impl House {
    fn new() -> House {
        House { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn address(&self) -> String {
        format!("unix:{}", self.path("socket").display())
    }

    /// Starts the server, again and again with the same address and data.
    fn serve(&self) -> Server {
        Server::start_with(&self.path("data"), &["--addr", &self.address()])
    }
}

/// A server on TCP and the folder that goes with it.
fn server() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    (folder, server)
}

fn has_jq() -> bool {
    has_tool("jq", Command::new("jq").arg("--version"))
}

/// The tasks of lines, in order.
fn tasks(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["task"].as_str().unwrap()).collect()
}

/// The lines of a command that must go well.
fn ok(output: Output) -> Vec<Value> {
    assert_eq!(output.code, 0, "{output:?}");
    output.json()
}

fn watch(server: &Server, args: &[&str]) -> Vec<Value> {
    ok(run(server.contact().args(["watch-tasks", "--until-empty"]).args(args), ""))
}

fn submit(server: &Server, args: &[&str]) -> Value {
    ok(run(server.contact().arg("submit").args(args), "")).pop().unwrap()
}

#[test]
fn every_task_goes_through_jq_and_each_new_one_as_it_appears() {
    if !has_jq() {
        return;
    }
    let (_folder, server) = server();
    ok(server.run(&["submit"], "deploy web-3\n任务:123\n\"quoted\" \\n"));
    let read = run(&mut shell(&server, "contact watch-tasks --until-empty | jq -r .task"), "");
    assert_eq!((read.code, &read.stdout[..]), (0, "deploy web-3\n任务:123\n\"quoted\" \\n\n"));

    let live = Running::start(&mut shell(&server, "exec contact watch-tasks | jq --unbuffered .task"));
    for expected in ["deploy web-3", "任务:123", "\"quoted\" \\n"] {
        assert_eq!(live.line(), expected);
    }
    // Nothing waits for a buffer to fill.
    submit(&server, &["later"]);
    assert_eq!(live.line(), "later");
    drop(server);
}

#[test]
fn a_hundred_thousand_lines_are_submitted_and_the_last_is_the_last() {
    let (_folder, server) = server();
    let last = ok(run(&mut shell(&server, "seq 100000 | contact submit | tail -n 1"), ""));
    assert_eq!(last, [json!({"id": "100000", "queue": "default", "seq": 100_000})]);
    let all = watch(&server, &[]);
    let expected: Vec<String> = (1..=100_000).map(|n| n.to_string()).collect();
    assert_eq!(tasks(&all), expected);
}

#[test]
fn what_was_watched_is_acknowledged_by_a_pipe() {
    let (_folder, server) = server();
    ok(server.run(&["submit"], "a\nb\nc\nd\ne\nf\ng"));
    let verdicts = ok(run(&mut shell(&server, "contact watch-tasks --max 5 | contact ack --strict"), ""));
    let expected: Vec<Value> =
        (1..=5).map(|n: u64| json!({"id": n.to_string(), "verdict": "noted"})).collect();
    assert_eq!(verdicts, expected);

    if has_jq() {
        let script = "contact watch-tasks --until-empty | jq -c '{id, ret: \"seen\"}' | contact ack | wc -l";
        assert_eq!(ok(run(&mut shell(&server, script), "")), [json!(7)]);
    }
    // A line without an id is the tutorial's: counted, and no verdict.
    let counted = server.run(&["ack"], "{\"task\":\"a\"}\n{\"ret\":\"b\"}\n");
    assert_eq!((counted.code, &counted.stdout[..]), (0, ""));
    assert_eq!(counted.errors()[0]["notice"], "anonymous");
}

#[test]
fn the_sample_is_sent_fifteen_times_and_each_is_replied_to() {
    let (_folder, server) = server();
    let replies = ok(server.run(&["send-status", "--count", "15"], "left alone"));
    assert_eq!(replies.len(), 15);
    for reply in replies {
        let n = reply["ret"].as_str().unwrap().strip_prefix("received: 数据:").unwrap();
        assert!((1..=20).contains(&n.parse::<u64>().unwrap()), "{reply}");
    }
}

#[test]
fn statuses_are_replied_to_in_order() {
    let (_folder, server) = server();
    let said = |replies: Vec<Value>| -> Vec<String> {
        let ret =
            |reply: &Value| reply["ret"].as_str().unwrap().strip_prefix("received: ").unwrap().to_owned();
        replies.iter().map(ret).collect()
    };
    let numbers: Vec<String> = (1..=20_000).map(|n| n.to_string()).collect();
    assert_eq!(said(ok(server.run(&["send-status"], numbers.join("\n")))), numbers);
    let texts = said(ok(server.run(&["send-status", "a", "b", "--count", "2"], "")));
    assert_eq!(texts, ["a", "b", "a", "b"]);
}

#[test]
fn every_repeats_for_ever_and_across_restarts() {
    let house = House::new();
    let mut server = house.serve();
    let reporting =
        Running::start(server.contact().args(["send-status", "x", "--count", "2", "--every", "20ms"]));
    let reply = json!({"ret": "received: x"});
    (0..6).for_each(|_| assert_eq!(reporting.line(), reply));
    server.kill();
    assert_eq!(reporting.error()["notice"], "retrying");
    while reporting.line_if_any().is_some() {}
    let _server = house.serve();
    (0..6).for_each(|_| assert_eq!(reporting.line(), reply));
    common::signal(reporting.child.id(), "TERM");
    assert_eq!(reporting.end().code, 143);
}

#[test]
fn answers_come_while_stdin_is_still_open() {
    let (_folder, server) = server();
    let mut submitting = Running::start(server.contact().arg("submit"));
    let mut acking = Running::start(server.contact().arg("ack"));
    let mut reporting = Running::start(server.contact().arg("send-status"));
    for n in 1..=3 {
        submitting.say(format!("task {n}\n"));
        assert_eq!(submitting.line()["seq"], n);
        acking.say(format!("{{\"id\":\"{n}\"}}\n"));
        assert_eq!(acking.line(), json!({"id": n.to_string(), "verdict": "noted"}));
        reporting.say(format!("status {n}\n"));
        assert_eq!(reporting.line()["ret"], format!("received: status {n}"));
    }
    for running in [submitting, acking, reporting] {
        let ended = running.end();
        assert_eq!((ended.code, &ended.stdout[..], &ended.stderr[..]), (0, "", ""));
    }
}

#[test]
fn the_same_id_with_the_same_content_is_one_task() {
    let (_folder, server) = server();
    let args = ["--id", "deploy/web-3:42", "--label", "ref=main", "-l", "by=me", "deploy"];
    assert_eq!(submit(&server, &args), json!({"id": "deploy/web-3:42", "queue": "default", "seq": 1}));
    let again = json!({"id": "deploy/web-3:42", "queue": "default", "seq": 1, "duplicate": true});
    assert_eq!(submit(&server, &args), again);
    let line = json!({"task": "deploy", "id": "deploy/web-3:42", "labels": {"by": "me", "ref": "main"}});
    assert_eq!(ok(server.run(&["submit", "--json"], line.to_string())), [again]);

    let all = watch(&server, &[]);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["id"], "deploy/web-3:42");
    assert_eq!(all[0]["labels"], json!({"by": "me", "ref": "main"}));
}

#[test]
fn json_lines_say_where_each_task_goes() {
    let (_folder, server) = server();
    let input = [
        json!({"task": "a"}),
        json!({"task": "b", "queue": "ci"}),
        json!({"task": "c", "to": "kiosk-7"}),
        json!({"task": "two\nlines", "id": "own", "labels": {"k": "line"}}),
    ];
    let input: String = input.iter().map(|line| format!("{line}\r\n\n")).collect();
    let submitted =
        ok(server.run(&["submit", "--json", "-q", "unless-said", "-l", "k=flag", "-l", "j=flag"], input));
    let queues: Vec<&str> = submitted.iter().map(|s| s["queue"].as_str().unwrap()).collect();
    assert_eq!(queues, ["unless-said", "ci", "@kiosk-7", "unless-said"]);
    let last = watch(&server, &["-q", "unless-said"]).pop().unwrap();
    assert_eq!((&last["task"], &last["id"]), (&json!("two\nlines"), &json!("own")));
    assert_eq!(last["labels"], json!({"k": "line", "j": "flag"}));
}

#[test]
fn several_queues_are_watched_each_in_its_order() {
    let (_folder, server) = server();
    for n in 0..10 {
        for queue in ["a", "b", "c"] {
            submit(&server, &["-q", queue, &format!("{queue}{n}")]);
        }
    }
    let both = watch(&server, &["-q", "b", "-q", "a"]);
    for queue in ["a", "b"] {
        let of_queue: Vec<Value> = both.iter().filter(|task| task["queue"] == queue).cloned().collect();
        let expected: Vec<String> = (0..10).map(|n| format!("{queue}{n}")).collect();
        assert_eq!(tasks(&of_queue), expected);
    }
    assert_eq!(both.len(), 20);
}

#[test]
fn a_clients_inbox_is_its_own() {
    let (_folder, server) = server();
    assert_eq!(submit(&server, &["--to", "kiosk-7", "reboot"])["queue"], "@kiosk-7");
    submit(&server, &["--to", "kiosk-8", "not for 7"]);
    submit(&server, &["for all"]);
    assert_eq!(tasks(&watch(&server, &["--to-me", "--client", "kiosk-7"])), ["reboot"]);
    assert_eq!(tasks(&watch(&server, &["-q", "@kiosk-7"])), ["reboot"]);
    let mut by_name = server.contact();
    by_name.env("CONTACT_CLIENT", "kiosk-7").args([
        "watch-tasks",
        "--to-me",
        "-q",
        "default",
        "--until-empty",
    ]);
    let mut both = ok(run(&mut by_name, ""));
    both.sort_by_key(|task| task["seq"].as_u64());
    assert_eq!(tasks(&both), ["reboot", "for all"]);
}

#[test]
fn a_watch_begins_where_it_is_told() {
    let (_folder, server) = server();
    submit(&server, &["task 1"]);
    let first = watch(&server, &[]);
    // So that a time says which task is meant.
    until("the clock goes on", || {
        let seq = submit(&server, &["-q", "clock", "tick"])["seq"].to_string();
        let tick = watch(&server, &["-q", "clock", "--from", &seq]);
        (tick[0]["submitted_at"] != first[0]["submitted_at"]).then_some(())
    });
    for n in 2..=5 {
        submit(&server, &[&format!("task {n}")]);
    }
    let all = watch(&server, &[]);
    assert_eq!(tasks(&all), ["task 1", "task 2", "task 3", "task 4", "task 5"]);
    assert_eq!(watch(&server, &["--from", "start"]), all);
    let second = all[1]["seq"].to_string();
    assert_eq!(watch(&server, &["--from", &second]), all[1..], "inclusive");
    assert_eq!(watch(&server, &["--after", &second]), all[2..], "exclusive");
    assert_eq!(watch(&server, &["--after", "0"]), all);
    let at = |n: usize| all[n]["submitted_at"].as_str().unwrap();
    assert_ne!(at(0), at(1));
    assert_eq!(watch(&server, &["--from", at(0)]), all);
    assert_eq!(watch(&server, &["--from", at(1)]), all[1..]);
    assert_eq!(watch(&server, &["--from", "1970-01-01T00:00:00Z"]), all);
    assert_eq!(watch(&server, &["--from", "2999-01-01T00:00:00+01:00"]), [] as [Value; 0]);
    assert_eq!(watch(&server, &["--from", "new"]), [] as [Value; 0]);
    assert_eq!(watch(&server, &["--max", "2"]), all[..2]);
}

#[test]
fn from_new_shows_what_comes_from_then_on_without_a_gap() {
    let (_folder, server) = server();
    ok(server.run(&["submit"], "old\nolder"));
    let watching = Running::start(server.contact().args(["watch-tasks", "--from", "new"]));
    // When it has begun cannot be seen; from its first task on none may be missing.
    let first = until("a new task is seen", || {
        submit(&server, &["new"]);
        watching.line_if_any()
    });
    let mut seq = first["seq"].as_u64().unwrap();
    assert!(seq > 2, "{first}");
    for _ in 0..3 {
        submit(&server, &["new"]);
        seq += 1;
        assert_eq!(watching.line()["seq"], seq);
    }
}

#[test]
fn max_waits_for_what_is_still_to_come() {
    let (_folder, server) = server();
    ok(server.run(&["submit"], "a\nb"));
    let watching = Running::start(server.contact().args(["watch-tasks", "--max", "3"]));
    assert_eq!((&watching.line()["task"], &watching.line()["task"]), (&json!("a"), &json!("b")));
    ok(server.run(&["submit"], "c\nd"));
    assert_eq!(tasks(&ok(watching.end())), ["c"]);
}

#[test]
fn idle_exit_leaves_when_nothing_has_come_for_that_long() {
    let (_folder, server) = server();
    ok(server.run(&["submit"], "a\nb"));
    let began = Instant::now();
    let watched = ok(server.run(&["watch-tasks", "--idle-exit", "150ms"], ""));
    assert_eq!(tasks(&watched), ["a", "b"]);
    assert!(began.elapsed() >= Duration::from_millis(150));
    // A server that is not there is not one that has nothing to do.
    let gone = run(contact().args(["watch-tasks", "--idle-exit", "150ms", "--server", "127.0.0.1:1"]), "");
    assert_eq!((gone.code, &gone.stdout[..]), (3, ""), "{gone:?}");
}

#[test]
fn until_empty_ends_where_the_queue_ended_when_the_watch_began() {
    let (_folder, server) = server();
    ok(server.run(&["submit"], "a\nb\nc"));
    // Somebody submits faster than anybody reads.
    let flood = "yes flood | contact submit --retry-for 0s >/dev/null";
    let flood = Running::start(&mut shell(&server, flood));
    until("the flood has come", || (watch(&server, &["--max", "2000"]).len() == 2000).then_some(()));
    for _ in 0..3 {
        let watched = watch(&server, &[]);
        assert!(watched.len() >= 2000);
        assert!(watched.iter().zip(1..).all(|(task, seq)| task["seq"] == seq), "a gap");
    }
    drop(server);
    assert_eq!(flood.end().code, 3);
}

#[test]
fn a_watch_comes_back_after_each_kill_and_prints_every_task_once() {
    let house = House::new();
    let mut server = house.serve();
    let watching = Running::start(server.contact().args(["watch-tasks", "--max", "80"]));
    let mut seen = Vec::new();
    for round in 0..4 {
        let texts: Vec<String> = (0..20).map(|n| format!("{round}/{n}")).collect();
        ok(server.run(&["submit"], texts.join("\n")));
        // Killed with some of them printed, some on their way.
        seen.extend((0..5).map(|_| watching.line()));
        server.kill();
        server = house.serve();
    }
    let ended = watching.end();
    assert!(ended.errors().iter().all(|e| e["notice"] == "retrying"), "{}", ended.stderr);
    seen.extend(ok(ended));
    let expected: Vec<String> = (0..4).flat_map(|r| (0..20).map(move |n| format!("{r}/{n}"))).collect();
    assert_eq!(tasks(&seen), expected);
    assert!(seen.iter().zip(1..).all(|(task, seq)| task["seq"] == seq));
}

#[test]
fn lines_submitted_while_the_server_is_killed_are_each_in_once_and_in_order() {
    const LINES: usize = 100_000;
    let house = House::new();
    let mut server = house.serve();
    let watching = Running::start(server.contact().args(["watch-tasks", "--max", &LINES.to_string()]));
    let mut script = shell(&server, &format!("seq {LINES} | contact submit --retry-for 60s"));
    let submitting = Running::start(&mut script);
    let mut answers = Vec::new();
    // What is printed lags far less than a third behind what is answered: each kill is in the middle.
    for kill_after in [LINES / 10, LINES / 4, LINES / 3, LINES / 2] {
        answers.extend((answers.len()..kill_after).map(|_| submitting.line()));
        server.kill();
        server = house.serve();
    }
    let submitted = submitting.end();
    let notices = submitted.errors();
    assert!(!notices.is_empty() && notices.iter().all(|e| e["notice"] == "retrying"), "{}", submitted.stderr);
    answers.extend(ok(submitted));
    assert_eq!(answers.len(), LINES);
    for (answer, n) in answers.iter().zip(1..) {
        assert_eq!(*answer, json!({"id": u64::to_string(&n), "queue": "default", "seq": n}));
    }

    let expected: Vec<String> = (1..=LINES).map(|n| n.to_string()).collect();
    assert_eq!(tasks(&watch(&server, &[])), expected, "kept");
    assert_eq!(tasks(&ok(watching.end())), expected, "as the watch that was there all the time saw it");
}

#[test]
fn sigterm_ends_the_server_within_its_grace_whoever_is_connected() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), &["--grace", "5s"]);
    let line = "x".repeat(100_000) + "\n";
    ok(server.run(&["submit"], line.repeat(200)));

    let silent = TcpStream::connect(&server.address).unwrap();
    let watching = Running::start(server.contact().args(["watch-tasks", "--max", "201"]));
    (0..200).for_each(|_| drop(watching.line()));
    let mut submitting = Running::start(server.contact().arg("submit"));
    submitting.say("a\n");
    submitting.line();
    // Stopped in the middle of 20 MB: whatever is sent to it stays in the pipes.
    let stopped = Running::start(server.contact().args(["watch-tasks", "--idle-exit", "20s"]));
    stopped.line();
    common::signal(stopped.child.id(), "STOP");

    let mut server = server;
    let began = Instant::now();
    server.signal("TERM");
    let status = wait_within(&mut server.child, Duration::from_secs(6));
    assert!(status.success(), "{status} after {:?}: {:?}", began.elapsed(), server.log.lock().unwrap());
    assert_eq!(watching.line()["task"], "a", "what was answered was also shown");
    drop((silent, stopped, submitting));

    let server = Server::start(folder.path());
    assert_eq!(watch(&server, &[]).len(), 201);
}

#[test]
fn clients_come_back_after_the_server_was_stopped() {
    let house = House::new();
    let server = house.serve();
    let watching = Running::start(server.contact().arg("watch-tasks"));
    let mut submitting = Running::start(server.contact().args(["submit", "--retry-for", "60s"]));
    // At the end of a pipeline it tries for ever.
    let mut acking = Running::start(server.contact().arg("ack"));
    submitting.say("a\n");
    assert_eq!(submitting.line()["seq"], 1);
    assert_eq!(watching.line()["task"], "a");
    acking.say("{\"id\":\"1\"}\n");
    assert_eq!(acking.line()["verdict"], "noted");

    assert!(server.stop().success());
    assert_eq!(watching.error()["notice"], "retrying");
    submitting.say("b\n");
    acking.say("{\"id\":\"1\"}\n{\"id\":\"2\"}\n");
    assert_eq!(acking.error()["notice"], "retrying");
    let _server = house.serve();
    assert_eq!(submitting.line()["seq"], 2);
    assert_eq!(watching.line()["task"], "b");
    assert_eq!(acking.line(), json!({"id": "1", "verdict": "noted"}));
    assert_eq!(acking.line()["id"], "2");
    for running in [submitting, acking] {
        assert_eq!(running.end().code, 0);
    }
}

#[test]
fn wait_ready_waits_for_a_server_that_is_started_after_it() {
    let house = House::new();
    let waiting = Running::start(contact().args(["wait-ready", "--server", &house.address()]));
    let absent = run(contact().args(["wait-ready", "--timeout", "100ms", "--server", &house.address()]), "");
    assert_eq!(absent.code, 124);
    let _server = house.serve();
    let ended = waiting.end();
    assert_eq!((ended.code, &ended.stdout[..], &ended.stderr[..]), (0, "", ""));
}

#[test]
fn health_says_0_serving_1_not_serving_3_not_there() {
    let (_folder, server) = server();
    for service in [&[][..], &["Contact"]] {
        let serving = run(server.contact().arg("health").args(service), "");
        assert_eq!((serving.code, serving.json()), (0, vec![json!({"status": "SERVING"})]));
    }
    assert!(server.stop().success());
    let absent = run(contact().args(["health", "--server", "127.0.0.1:1", "--retry-for", "0s"]), "");
    assert_eq!(absent.code, 3);

    let address = not_serving();
    let not_serving = run(contact().args(["health", "--server", &address]), "");
    assert_eq!((not_serving.code, not_serving.json()), (1, vec![json!({"status": "NOT_SERVING"})]));
    let waiting = run(contact().args(["wait-ready", "--timeout", "100ms", "--server", &address]), "");
    assert_eq!(waiting.code, 124);
}

/// A server that is there and does not serve, as long as the test runs.
fn not_serving() -> String {
    let (sender, address) = std::sync::mpsc::channel();
    let serve = async move {
        let (health, service) = tonic_health::server::health_reporter();
        health.set_service_status("", tonic_health::ServingStatus::NotServing).await;
        let routes = tonic::service::Routes::new(service).prepare();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        sender.send(listener.local_addr().unwrap().to_string()).unwrap();
        loop {
            let stream = hyper_util::rt::TokioIo::new(listener.accept().await.unwrap().0);
            let routes = routes.clone();
            let service = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
                tower::ServiceExt::oneshot(routes.clone(), request.map(tonic::body::Body::new))
            });
            let executor = hyper_util::rt::TokioExecutor::new();
            tokio::spawn(
                hyper::server::conn::http2::Builder::new(executor).serve_connection(stream, service),
            );
        }
    };
    std::thread::spawn(|| {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(serve)
    });
    address.recv().unwrap()
}

#[test]
fn a_socket_goes_with_its_server_and_one_left_by_a_kill_is_taken_over() {
    let house = House::new();
    let socket = house.path("socket");
    let server = house.serve();
    assert_eq!(server.address, house.address());
    submit(&server, &["a"]);

    // One that answers is not taken away, whatever else the second server would do.
    let second = run(contact().args(["serve", "--store", "memory", "--addr", &house.address()]), "");
    assert_eq!((second.code, &second.errors()[0]["error"]), (1, &json!("listen")));
    assert_eq!(watch(&server, &[]).len(), 1);

    assert!(server.stop().success());
    assert!(!socket.exists(), "left behind by a clean end");
    let mut server = house.serve();
    server.kill();
    assert!(UnixStream::connect(&socket).is_err() && socket.exists(), "the kill has left it behind");
    let server = house.serve();
    assert_eq!(watch(&server, &[]).len(), 1);
    assert!(server.stop().success());

    // What is no socket is somebody's file.
    fs::write(&socket, "a letter").unwrap();
    let refused = run(contact().args(["serve", "--store", "memory", "--addr", &house.address()]), "");
    assert_eq!((refused.code, fs::read(&socket).unwrap()), (1, b"a letter".to_vec()), "{refused:?}");
}

#[test]
fn the_port_file_names_the_port_as_long_as_the_server_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("port");
    let port = |file: &Path| fs::read_to_string(file).unwrap();
    let server = Server::start_with(folder.path(), &["--port-file", file.to_str().unwrap()]);
    assert_eq!(server.address, format!("127.0.0.1:{}", port(&file).trim_end()));
    assert!(port(&file).ends_with('\n'));
    assert!(server.stop().success());
    assert!(!file.exists());

    let mut server = Server::start_with(folder.path(), &["--port-file", file.to_str().unwrap()]);
    server.kill();
    // A file that a kill has left behind is in nobody's way.
    let server = Server::start_with(folder.path(), &["--port-file", file.to_str().unwrap()]);
    assert_eq!(server.address, format!("127.0.0.1:{}", port(&file).trim_end()));
    let names = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    assert!(!names.into_iter().any(|name| name.contains("tmp")), "a half-written file is left");
}

#[test]
fn the_environment_says_what_is_the_same_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let port = folder.path().join("port");
    let mut serve = contact();
    serve
        .arg("serve")
        .env("CONTACT_SERVE_ADDR", "127.0.0.1:0")
        .env("CONTACT_SERVE_DATA", folder.path().join("data"))
        .env("CONTACT_SERVE_PORT_FILE", &port)
        .env("CONTACT_SERVE_LOG_FORMAT", "json")
        .env("CONTACT_LOG", "off");
    let server = Server::spawn(serve);
    assert!(port.exists() && folder.path().join("data/contact.db").exists());

    submit(&server, &["a"]);
    let with = |name: &str, value: &str, args: &[&str]| run(server.contact().env(name, value).args(args), "");
    let text = with("CONTACT_OUTPUT", "text", &["submit", "b"]);
    assert_eq!((text.code, &text.stdout[..]), (0, "       2  default  2\n"));
    let flag_wins = with("CONTACT_OUTPUT", "text", &["submit", "c", "-o", "json"]);
    assert_eq!(flag_wins.json()[0]["seq"], 3);
    assert_eq!(with("CONTACT_TIMEOUT", "100ms", &["watch-tasks"]).code, 124);
    let absent = ["health", "--server", "127.0.0.1:1"];
    assert_eq!(with("CONTACT_RETRY_FOR", "0s", &absent).code, 3);
    assert_eq!(with("CONTACT_RETRY_FOR", "soon", &absent).code, 2);
    assert_eq!(server.log.lock().unwrap().len(), 1, "the line that says ready, and no log");
    assert!(server.stop().success());
}

#[test]
fn text_in_a_pipe_has_no_colour() {
    let (_folder, server) = server();
    submit(&server, &["-q", "q", "-l", "k=v", "--id", "own", "a\tb\u{1b}[31m"]);
    let text = run(server.contact().args(["watch-tasks", "-q", "q", "--until-empty", "-o", "text"]), "");
    let words: Vec<&str> = text.stdout.split_whitespace().collect();
    assert!(words[1].len() == 8 && words[1].matches(':').count() == 2, "a time: {words:?}");
    assert_eq!(
        [words[0], words[2], words[3], words[4], words[5]],
        ["1", "q", "own", "a\\tb\\u001b[31m", "k=v"]
    );
    assert!(text.stdout.starts_with("       1  "), "aligned: {text:?}");
    assert!(!text.stdout.contains('\u{1b}'), "{text:?}");
    // Errors are then text as well.
    let error = run(server.contact().args(["submit", "-o", "text"]), b"\xff");
    assert!(error.stderr.starts_with("contact: line 1: not UTF-8"), "{error:?}");
    let verdict = run(server.contact().args(["ack", "-o", "text", "--id", "\u{1b}[2J"]), "");
    assert_eq!(verdict.stdout, "\\u001b[2J  unknown\n");
}

#[test]
fn a_terminal_gets_text_that_cannot_move_its_cursor() {
    let mut script = Command::new("script");
    if !has_tool("script", script.args(["-qec", "true", "/dev/null"])) {
        return;
    }
    let (_folder, server) = server();
    submit(&server, &["-l", "k=v\u{9b}2J", "a\u{1b}]0;title\u{7}\u{7f}\u{85}\u{2028}任务"]);
    let on_terminal = |command: &str| {
        let script = format!("script -qec 'contact {command}' /dev/null </dev/null");
        run(&mut shell(&server, &script), "")
    };
    let shown = on_terminal("watch-tasks --until-empty");
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(shown.stdout.contains("a\\u001b]0;title\\u0007\\u007f\\u0085\\u2028任务"), "{shown:?}");
    assert!(shown.stdout.contains("k=v\\u009b2J"), "{shown:?}");
    // Its own colours are the only escapes.
    let plain = shown.stdout.replace("\u{1b}[2m", "").replace("\u{1b}[0m", "");
    assert!(shown.stdout != plain && plain.trim_end().chars().all(|c| !c.is_control()), "{plain:?}");
    assert!(plain.starts_with("       1  "), "{plain:?}");

    let shown = on_terminal("submit -q nowhere b");
    assert_eq!(shown.stdout, "       2  nowhere  2\r\n");
    let shown = on_terminal("watch-tasks --until-empty -o json");
    assert_eq!(shown.json().len(), 1, "unless JSON is asked for");
    // stderr is a terminal as well: errors are for people.
    let shown = on_terminal("watch-tasks --from 99");
    assert_eq!(shown.code, 75);
    assert!(shown.stdout.starts_with("contact: queue \"default\" has no seq 99 yet"), "{shown:?}");
}

#[test]
fn no_control_character_leaves_as_it_is_in_json() {
    let (_folder, server) = server();
    let nasty: String = ('\0'..='\u{a0}').chain("\u{2028}\u{2029}\u{feff}任务😀".chars()).collect();
    let submitted =
        server.run(&["submit", "--json"], json!({"task": nasty, "labels": {"k": nasty}}).to_string());
    assert_eq!(submitted.code, 0, "{submitted:?}");
    let watched = server.run(&["watch-tasks", "--until-empty"], "");
    assert_eq!(watched.json()[0]["task"], nasty);
    assert_eq!(watched.json()[0]["labels"]["k"], nasty);
    let replied = server.run(&["send-status", "\u{1b}[31m\u{85}\u{2028}"], "");
    assert_eq!(replied.json()[0]["ret"], "received: \u{1b}[31m\u{85}\u{2028}");
    let refused = server.run(&["submit", "-q", "\u{1b}[31m\u{85}\u{2028}", "x"], "");
    assert_eq!(refused.code, 2);
    for out in [watched.stdout, replied.stdout, refused.stderr] {
        let line = out.strip_suffix('\n').unwrap();
        let is_bad = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        assert!(!line.contains(is_bad), "{line:?}");
    }
}

#[test]
fn the_demo_makes_the_tutorials_tasks_now_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), &["--demo", "--demo-every", "50ms"]);
    let tasks = ok(server.run(&["watch-tasks", "--max", "30"], ""));
    for task in tasks {
        let n = task["task"].as_str().unwrap().strip_prefix("任务:").unwrap();
        assert!((100..=200).contains(&n.parse::<u64>().unwrap()), "{task}");
    }
}
