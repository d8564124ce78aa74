//! Bad input of every kind, by flag, by stdin, by file and by what stands around the process. Each has its
//! documented exit code and a JSON line on stderr that says the reason (and which line of stdin it was), and
//! leaves the server as it was.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests run in real time")]

mod common;

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use common::{Running, Server, contact, has_tool, run, shell, until, wait};
use serde_json::{Value, json};

const MIB: usize = 1 << 20;

/// One bad call of a client's command, and all that comes of it.
struct Case {
    args: &'static [&'static str],
    input: Vec<u8>,
    code: i32,
    /// For each error line: the line of stdin that it is about (0: none), the reason, and words of the message.
    errors: Vec<(u64, &'static str, &'static str)>,
    /// The tasks that were taken all the same.
    taken: Vec<&'static str>,
    /// Lines on stdout beside those of `taken`.
    told: usize,
}

/// What is refused by a flag or argument.
fn usage(args: &'static [&'static str], words: &'static str) -> Case {
    let errors = vec![(0, "usage", words)];
    // Input that would be taken if the flags were.
    Case { args, input: b"a good line".to_vec(), code: 2, errors, taken: vec![], told: 0 }
}

/// What the server or the store has to say.
fn refused(args: &'static [&'static str], code: i32, reason: &'static str, words: &'static str) -> Case {
    Case { code, errors: vec![(0, reason, words)], ..usage(args, words) }
}

/// Lines of stdin, of which some are refused.
fn lines(
    args: &'static [&'static str],
    input: impl AsRef<[u8]>,
    errors: &[(u64, &'static str, &'static str)],
    taken: &[&'static str],
) -> Case {
    let input = input.as_ref().to_vec();
    Case { args, input, code: 4, errors: errors.to_vec(), taken: taken.to_vec(), told: 0 }
}

fn flags() -> Vec<Case> {
    vec![
        usage(&["submit", "-q", "a b", "x"], "queue \"a b\" is not a name"),
        usage(&["submit", "-q", "", "x"], "a queue needs a name"),
        usage(&["submit", "-q", "@@k", "x"], "is not a name"),
        usage(&["submit", "--to", "a b", "x"], "client \"a b\" is not a name"),
        usage(&["submit", "--to", "k", "-q", "other", "x"], "cannot be used with"),
        usage(&["submit", "--id", "7up", "x"], "begins with a digit"),
        usage(&["submit", "--id", "a b", "x"], "is not an id"),
        usage(&["submit", "--id", "one", "x", "y"], "--id names one task"),
        usage(&["submit", "--id", "one"], "--id names one task"),
        usage(&["submit", "--json", "--id", "one"], "cannot be used with"),
        usage(&["submit", "--json", "x"], "cannot be used with"),
        usage(&["submit", ""], "the task is empty"),
        usage(&["submit", "x", ""], "the task is empty"),
        usage(&["submit", "-l", "nokey", "x"], "not KEY=VALUE"),
        usage(&["submit", "-l", "a b=c", "x"], "label \"a b\" is not a name"),
        usage(&["submit", "--delay", "0s", "x"], "more than 0"),
        usage(&["submit", "--delay", "1m", "--expires", "1m", "x"], "--expires must be longer than --delay"),
        usage(&["submit", "--frob", "x"], "'--frob'"),
        usage(&["submit", "x", "--timeout", "5"], "10s"),
        usage(&["submit", "x", "--timeout", "0s"], "more than 0"),
        usage(&["submit", "x", "--retry-for", "soon"], "'soon'"),
        usage(&["submit", "x", "-o", "yaml"], "'yaml'"),
        usage(&["submit", "x", "--client", "a b"], "is not a name"),
        usage(&["submit", "x", "--server", "https://127.0.0.1"], "port"),
        usage(&["submit", "x", "--server", "127.0.0.1"], "port"),
        usage(&["submit", "x", "--server", "127.0.0.1:99999"], "port"),
        usage(&["submit", "x", "--server", "a b:1"], "not HOST:PORT"),
        usage(&["submit", "x", "--server", "unix:"], "unix: wants a path"),
        usage(&["watch-tasks", "-q", "a b"], "is not a name"),
        usage(&["watch-tasks", "-q", "other", "-q", "other"], "named twice"),
        usage(&["watch-tasks", "--client", "k", "--to-me", "-q", "@k"], "named twice"),
        usage(&["watch-tasks", "--from", "5", "-q", "a", "-q", "b"], "a SEQ is a place in one queue"),
        usage(&["watch-tasks", "--after", "5", "-q", "a", "-q", "b"], "a SEQ is a place in one queue"),
        usage(&["watch-tasks", "--from", "5", "--after", "5"], "cannot be used with"),
        usage(&["watch-tasks", "--from", "0"], "seqs begin at 1"),
        usage(&["watch-tasks", "--from", "yesterday"], "not start, new, a SEQ or a TIME"),
        usage(&["watch-tasks", "--after", "18446744073709551615"], "no seq is that large"),
        usage(&["watch-tasks", "--max", "0"], "'0'"),
        usage(&["watch-tasks", "--idle-exit", "0s"], "more than 0"),
        usage(&["watch-tasks", "--on-gap", "maybe"], "fail, skip"),
        usage(&["watch-tasks", "stray"], "'stray'"),
        usage(&["watch-tasks", "--group", "a b"], "group \"a b\" is not a name"),
        usage(&["watch-tasks", "--group", ""], "is not a name"),
        usage(&["watch-tasks", "--group", "ci", "--after", "5"], "cannot be used with"),
        usage(&["watch-tasks", "--group", "ci", "--from", "5", "-q", "a", "-q", "b"], "a SEQ is a place"),
        usage(&["watch-tasks", "--group", "ci", "--max-in-flight", "0"], "'0'"),
        usage(&["watch-tasks", "--group", "ci", "--max-in-flight", "10001"], "'10001'"),
        usage(&["watch-tasks", "--group", "ci", "--lease", "999ms"], "a lease is 1s to 12h"),
        usage(&["watch-tasks", "--group", "ci", "--lease", "12h 1ms"], "a lease is 1s to 12h"),
        usage(&["watch-tasks", "--group", "ci", "--max-hold", "999ms"], "held for 1s to 365d"),
        usage(&["watch-tasks", "--group", "ci", "--grace", "soon"], "'soon'"),
        usage(&["watch-tasks", "--group", "ci", "--detach", "--auto-done"], "cannot be used with"),
        usage(&["watch-tasks", "--max-in-flight", "2"], "--group"),
        usage(&["watch-tasks", "--lease", "1m"], "--group"),
        usage(&["watch-tasks", "--max-hold", "1m"], "--group"),
        usage(&["watch-tasks", "--grace", "1s"], "--group"),
        usage(&["watch-tasks", "--detach"], "--group"),
        usage(&["watch-tasks", "--auto-done"], "--group"),
        refused(&["watch-tasks", "--from", "99"], 75, "future", "no seq 99 yet"),
        refused(&["watch-tasks", "--after", "99"], 75, "future", "no seq 100 yet"),
        // Its own id with other content: text, queue or labels.
        refused(&["submit", "--id", "taken", "other"], 70, "id_taken", "\"taken\" is taken"),
        refused(&["submit", "--id", "taken", "-q", "other", "first"], 70, "id_taken", "seq 1"),
        refused(&["submit", "--id", "taken", "-l", "a=b", "first"], 70, "id_taken", "seq 1"),
        usage(&["ack", "--id", ""], "--id wants an id"),
        usage(&["ack", ""], "a LEASE is not empty"),
        usage(&["ack", "--outcome", "finished", "L"], "'finished'"),
        usage(&["ack", "--delay", "1m", "L"], "--delay goes with --outcome failed or released"),
        usage(&["ack", "--delay", "soon", "--outcome", "failed", "L"], "'soon'"),
        Case { code: 1, errors: vec![], told: 1, ..usage(&["ack", "--strict", "--id", "nosuch"], "") },
        Case {
            code: 1,
            errors: vec![],
            told: 2,
            ..usage(&["ack", "--strict", "--id", "99", "--id", "1"], "")
        },
        usage(&["send-status", "--count", "0"], "'0'"),
        usage(&["send-status", "--every", "1s"], "--every repeats TEXT or --count"),
        usage(&["send-status", "--client", "@k", "x"], "is not a name"),
        refused(&["health", "NoSuchService"], 69, "not_found", "NoSuchService"),
        refused(&["submit", "-l", "a=", "-l", "a=b", "x"], 2, "usage", "label \"a\" is given twice"),
        usage(&["completions", "nosuchshell"], "bash"),
        usage(&["completions"], "<SHELL>"),
        usage(&["man", "nosuch"], "there is no command \"nosuch\""),
        usage(&["man", "--dir", "x", "submit"], "cannot be used with"),
        usage(&["send-staus"], "'send-staus'"),
    ]
}

fn stdin() -> Vec<Case> {
    let long = "x".repeat(MIB + 1);
    let json_lines = [
        json!({"task": "good"}).to_string(),
        "{\"task\": \"cut".to_owned(),
        json!({"task": ""}).to_string(),
        json!({"task": long}).to_string(),
        json!({"task": "x", "quue": "other"}).to_string(),
        json!({"task": "x", "queue": "other", "to": "k"}).to_string(),
        json!({"task": "x", "queue": "a b"}).to_string(),
        json!({"task": "x", "queue": ""}).to_string(),
        json!({"task": "x", "to": "@k"}).to_string(),
        json!({"task": "x", "id": "7up"}).to_string(),
        json!({"task": 7}).to_string(),
        json!({"queue": "other"}).to_string(),
        json!({"task": "x", "labels": {"a b": "c"}}).to_string(),
        json!({"task": "x", "labels": {"a": "c".repeat(2 * MIB)}}).to_string(),
        json!({"task": "other", "id": "taken"}).to_string(),
        "{\"task\":\"x\",\"task\":\"y\"}".to_owned(),
        "{\"task\":\"\\ud800\"}".to_owned(),
        "[".repeat(100_000),
        format!("{{\"task\":\"x\",\"labels\":{}", "{\"a\":".repeat(100_000)),
        json!({"task": "good too", "queue": "other"}).to_string(),
        json!({"task": "x".repeat(9 * MIB)}).to_string(),
        "not json".to_owned(),
        json!({"task": "x", "delay_ms": 10, "expires_ms": 10}).to_string(),
        json!({"task": "x", "delay_ms": -1}).to_string(),
    ];
    let json_errors = [
        (2, "bad_json", "EOF while parsing"),
        (3, "empty_task", "at least 1 byte"),
        (4, "task_too_large", "1048577 bytes"),
        (5, "bad_json", "unknown field `quue`"),
        (6, "bad_json", "queue and to exclude each other"),
        (7, "bad_name", "queue \"a b\" is not a name"),
        (8, "bad_name", "a queue needs a name"),
        (9, "bad_name", "client \"@k\" is not a name"),
        (10, "bad_id", "begins with a digit"),
        (11, "bad_json", "expected a string"),
        (12, "bad_json", "missing field `task`"),
        (13, "bad_label", "label \"a b\" is not a name"),
        (14, "bad_label", "2097152 bytes"),
        (15, "id_taken", "\"taken\" is taken"),
        (16, "bad_json", "duplicate field `task`"),
        (17, "bad_json", "column"),
        (18, "bad_json", "expected an object"),
        (19, "bad_json", "column"),
        (21, "task_too_large", "too long"),
        (22, "bad_json", "expected ident"),
        (23, "bad_expires", "must be more than delay_ms 10"),
        (24, "bad_json", "expected u64"),
    ];
    let ack_lines = [
        json!({"id": "taken", "task": "first", "more": [1]}).to_string(),
        "not json".to_owned(),
        json!({"id": "1"}).to_string(),
        json!({"id": 1.5}).to_string(),
        json!(["1", null, null]).to_string(),
        json!({"id": "x".repeat(2 * MIB)}).to_string(),
        json!({"id": "1", "ret": long}).to_string(),
        "{\"id\":\"1\",\"id\":\"taken\"}".to_owned(),
        json!({"id": "1", "outcome": "finished"}).to_string(),
        json!({"id": "1", "lease": 7}).to_string(),
        json!({"id": "1", "lease": long}).to_string(),
        json!({"id": "1", "exit_code": "0"}).to_string(),
        json!({"id": "1", "delay_ms": -1}).to_string(),
    ];
    let ack_errors = [
        (2, "bad_json", "not a JSON object with an id"),
        (4, "bad_json", "id must be a string"),
        (5, "bad_json", "expected an object"),
        (6, "bad_id", "2097152 bytes"),
        (7, "ret_too_large", "1048577 bytes"),
        (8, "bad_json", "duplicate field `id`"),
        (9, "bad_outcome", "done, failed, released, rejected, working, received"),
        (10, "bad_json", "expected a string"),
        (11, "bad_lease", "1048577 bytes"),
        (12, "bad_json", "expected i32"),
        (13, "bad_json", "expected u64"),
    ];
    vec![
        lines(&["submit"], b"a\n\xff\xfe\nb\n", &[(2, "not_utf8", "not UTF-8")], &["a", "b"]),
        // Empty lines are skipped, and counted.
        lines(&["submit"], b"\na\r\n\r\n\n\x80", &[(5, "not_utf8", "not UTF-8")], &["a"]),
        lines(
            &["submit"],
            format!("c\n{long}\n{long}{long}\nd"),
            &[(2, "task_too_large", "1048576"), (3, "task_too_large", "1048576")],
            &["c", "d"],
        ),
        lines(&["submit", "--json"], json_lines.join("\n"), &json_errors, &["good", "good too"]),
        Case { told: 2, ..lines(&["ack"], ack_lines.join("\n"), &ack_errors, &[]) },
        Case { told: 2, ..lines(&["send-status"], b"a\n\xff\nb", &[(2, "not_utf8", "not UTF-8")], &[]) },
        Case {
            told: 1,
            ..lines(&["send-status"], format!("{long}\nb"), &[(1, "status_too_large", "1048576")], &[])
        },
    ]
}

/// All tasks of all queues that a case may have put something into.
fn state(server: &Server) -> Vec<Value> {
    let watch = ["watch-tasks", "--until-empty", "-q", "default", "-q", "other", "-q", "@k"];
    let watched = server.run(&watch, "");
    assert_eq!(watched.code, 0, "{}", watched.stderr);
    watched.json()
}

fn check(server: &Server, cases: Vec<Case>) {
    let first = server.run(&["submit", "--id", "taken", "first"], "");
    assert_eq!(first.code, 0, "{}", first.stderr);
    let mut before = state(server);
    for case in cases {
        let ended = server.run(case.args, &case.input);
        let place = format!("{:?}: {ended:?}", case.args);
        assert_eq!(ended.code, case.code, "{place}");
        let mut errors = ended.errors();
        // Lines that the server refused are named after those that never got there.
        errors.sort_by_key(|e| e["line"].as_u64());
        assert_eq!(errors.len(), case.errors.len(), "{place}");
        for (error, (line, reason, words)) in errors.iter().zip(&case.errors) {
            assert_eq!(error["line"].as_u64().unwrap_or(0), *line, "{place}");
            assert_eq!(error["error"], *reason, "{place}");
            let message = error["message"].as_str().unwrap();
            let hint = error["hint"].as_str().unwrap_or_default();
            assert!(message.contains(words) || hint.contains(words), "{words:?} in {place}");
            assert!(!message.contains('\n'), "{place}");
        }
        assert_eq!(ended.stdout.lines().count(), case.taken.len() + case.told, "{place}");

        let after = state(server);
        assert_eq!(after[..before.len()], before, "{place}");
        let mut new: Vec<&str> = after[before.len()..].iter().map(|t| t["task"].as_str().unwrap()).collect();
        new.sort_unstable();
        assert_eq!(new, case.taken, "{place}");
        before = after;
    }
    // The store counts through all its queues: nothing went into one that was not looked at.
    let last = server.run(&["submit", "last"], "").json();
    assert_eq!(last[0]["seq"], before.len() + 1);
}

#[test]
fn a_flag_that_is_wrong_is_refused_by_name_and_changes_nothing() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    check(&server, flags());
}

#[test]
fn a_line_that_is_wrong_is_named_by_number_and_the_others_are_done() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    check(&server, stdin());
}

#[test]
fn wrong_usage_was_not_json_in_a_pipe() {
    let wrong = run(contact().args(["submit", "--frob"]), "");
    assert_eq!((wrong.code, &wrong.errors()[0]["error"]), (2, &json!("usage")));
    // Who asks for text gets it, before or behind what is wrong.
    for args in [["-o", "text", "submit", "--frob"], ["submit", "--frob", "-o", "text"]] {
        let wrong = run(contact().args(args), "");
        assert!(wrong.stderr.starts_with("error: ") && wrong.stderr.contains("Usage:"), "{wrong:?}");
    }
    let wrong = run(contact().env("CONTACT_OUTPUT", "text").args(["watch-tasks", "-q", "a b"]), "");
    assert!(wrong.stderr.starts_with("error: "), "{wrong:?}");
    let nothing = run(&mut contact(), "");
    assert_eq!((nothing.code, &nothing.errors()[0]["error"]), (2, &json!("usage")));
}

#[test]
fn a_json_array_was_taken_for_a_task() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let submitted = server.run(&["submit", "--json"], "[\"a\",\"b\",\"c\",null,{}]");
    assert_eq!((submitted.code, &submitted.stdout[..]), (4, ""));
    assert_eq!(submitted.errors()[0]["error"], "bad_json");
}

/// What `serve` says to these flags before it ends, with its exit code.
fn serve(args: &[&str]) -> (i32, Value) {
    let mut command = contact();
    let ended = run(command.args(["serve", "--log", "off"]).args(args), "");
    assert_eq!(ended.stdout, "");
    (ended.code, ended.errors().pop().unwrap_or_default())
}

#[test]
fn serve_refuses_flags_that_cannot_be() {
    let memory = "--store=memory";
    for (args, words) in [
        (&["--addr", "50051"][..], "not HOST:PORT"),
        (&["--addr", "unix:"], "unix: wants a path"),
        (&["--retain", "0s"], "more than 0"),
        (&["--store", "tape"], "sqlite, memory"),
        (&["--demo-every", "often"], "'often'"),
        (&["--log", "a=b=c"], "--log"),
        (&["stray"], "'stray'"),
        (&[memory, "--addr", "0.0.0.0:0"], "0.0.0.0:0 can be reached from other machines"),
        (&[memory, "--addr", "unix:no-socket", "--port-file", "port"], "a socket has no port"),
    ] {
        let (code, error) = serve(args);
        assert_eq!((code, &error["error"]), (2, &json!("usage")), "{args:?}: {error}");
        assert!(error["message"].as_str().unwrap().contains(words), "{args:?}: {error}");
    }
    assert!(!Path::new("no-socket").exists());
}

#[test]
fn serve_listens_beyond_this_machine_only_if_told_in_so_many_words() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start_with(data.path(), &["--addr", "0.0.0.0:0", "--insecure"]);
    let log = || server.log.lock().unwrap().join("\n");
    until("the warning", || log().contains("--insecure").then_some(()));
}

#[test]
fn a_port_in_use_is_named_with_a_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = tempfile::tempdir().unwrap();
    let (code, error) = serve(&["--addr", &address, "--data", data.path().to_str().unwrap()]);
    assert_eq!((code, &error["error"]), (1, &json!("listen")));
    assert!(error["message"].as_str().unwrap().contains(&address), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("127.0.0.1:0"), "{error}");
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0, "the store was not touched");
}

/// A data folder that cannot be served: exit code 5, the reason, and the file named.
fn check_store(data: &Path, named: &Path, reason: &str) -> Value {
    let before = fs::read(data.join("contact.db")).ok();
    let (code, error) = serve(&["--addr", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
    assert_eq!((code, &error["error"]), (5, &json!(reason)), "{error}");
    assert!(error["message"].as_str().unwrap().contains(named.to_str().unwrap()), "{error}");
    assert!(error["hint"].as_str().unwrap().contains(' '), "what to do: {error}");
    assert_eq!(fs::read(data.join("contact.db")).ok(), before, "the file was changed");
    error
}

#[test]
fn a_data_folder_that_cannot_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    check_store(&file, &file, "store_folder");
    // Below a file not even the superuser can make a folder.
    check_store(&file.join("data"), &file, "store_folder");
    assert_eq!(fs::read(&file).unwrap(), b"x");
}

#[test]
fn what_is_not_our_store_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("contact.db");
    fs::write(&file, "this is no database, it is a letter to a friend\n".repeat(100)).unwrap();
    check_store(folder.path(), &file, "not_a_store");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("contact.db");
    let foreign = rusqlite::Connection::open(&file).unwrap();
    foreign.execute_batch("CREATE TABLE letters (text); INSERT INTO letters VALUES ('dear friend')").unwrap();
    drop(foreign);
    check_store(folder.path(), &file, "not_a_store");
}

#[test]
fn a_store_of_a_later_version_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    assert_eq!(server.run(&["submit", "kept"], "").code, 0);
    assert!(server.stop().success());
    let file = folder.path().join("contact.db");
    let set_format = |format: i32| {
        let db = rusqlite::Connection::open(&file).unwrap();
        let now: i32 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        db.pragma_update(None, "user_version", format).unwrap();
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        now
    };
    let format = set_format(1000);
    let error = check_store(folder.path(), &file, "newer_format");
    assert!(error["message"].as_str().unwrap().contains("1000"), "{error}");
    set_format(format);
    let server = Server::start(folder.path());
    assert_eq!(state(&server)[0]["task"], "kept");
}

#[test]
fn a_data_folder_has_one_server_and_the_second_is_told_which() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    assert_eq!(server.run(&["submit", "kept"], "").code, 0);
    let (code, error) = serve(&["--addr", "127.0.0.1:0", "--data", folder.path().to_str().unwrap()]);
    assert_eq!((code, &error["error"]), (5, &json!("store_in_use")));
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&format!("process {}", server.child.id())), "{message}");
    assert!(message.contains(folder.path().to_str().unwrap()), "{message}");
    assert_eq!(state(&server)[0]["task"], "kept", "the first goes on");
}

#[test]
fn a_server_that_is_not_there_is_exit_code_3_once_retry_for_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let socket = format!("unix:{}", folder.path().join("absent").display());
    for server in [&socket[..], "127.0.0.1:1"] {
        for args in [&["submit", "x"][..], &["ack", "--id", "1"], &["send-status", "x"], &["health"]] {
            let began = Instant::now();
            let ended = run(contact().args(args).args(["--server", server, "--retry-for", "200ms"]), "");
            assert_eq!(ended.code, 3, "{ended:?}");
            let error = ended.errors().pop().unwrap();
            assert_eq!(error["error"], "unreachable");
            assert!(error["message"].as_str().unwrap().contains(server), "{error}");
            assert!(error["hint"].as_str().unwrap().contains("contact serve"), "{error}");
            let took = began.elapsed();
            // The default is 10 s; what is more than the 200 ms is starting and ending.
            assert!(
                took >= Duration::from_millis(200) && took < Duration::from_secs(8),
                "{args:?}: {took:?}"
            );
        }
    }
}

#[test]
fn timeout_ends_any_command_with_124() {
    // It takes connections and says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = mute.local_addr().unwrap().to_string();
    for args in [
        &["submit", "x"][..],
        &["ack", "--id", "1"],
        &["send-status", "x"],
        &["health"],
        &["wait-ready"],
        &["watch-tasks"],
    ] {
        let ended = run(contact().args(args).args(["--server", &address, "--timeout", "100ms"]), "");
        assert_eq!(ended.code, 124, "{args:?}: {ended:?}");
        let error = ended.errors().pop().unwrap();
        assert_eq!(
            (&error["error"], &error["message"]),
            (&json!("timeout"), &json!("not done within 100ms"))
        );
    }
    // What was printed before stays.
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    server.run(&["submit", "a"], "");
    let watched = server.run(&["watch-tasks", "--timeout", "300ms"], "");
    assert_eq!((watched.code, &watched.json()[0]["task"]), (124, &json!("a")));
}

#[test]
fn a_signal_ends_a_command_with_its_own_exit_code() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    server.run(&["submit", "a"], "");
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let watch = Running::start(server.contact().arg("watch-tasks"));
        assert_eq!(watch.line()["task"], "a");
        common::signal(watch.child.id(), signal);
        let ended = watch.end();
        assert_eq!((ended.code, &ended.stderr[..]), (code, ""));

        // While its stdin is open and quiet, and all that was read is answered.
        let mut submit = Running::start(server.contact().args(["submit", "-q", signal]));
        submit.say("b\n");
        assert_eq!(submit.line()["queue"], signal);
        common::signal(submit.child.id(), signal);
        let status = wait(&mut submit.child);
        assert_eq!(common::code(status), code);
    }
    let absent = format!("unix:{}", data.path().join("absent").display());
    let waiting = Running::start(contact().args(["watch-tasks", "--server", &absent]));
    assert_eq!(waiting.error()["notice"], "retrying");
    common::signal(waiting.child.id(), "TERM");
    assert_eq!(waiting.end().code, 143);
}

/// A server without a disk on a socket: the next one on the same socket has another store.
fn forgetful(socket: &str) -> Server {
    let mut command = contact();
    command.args(["serve", "--log-format", "json", "--store", "memory", "--addr", socket]);
    Server::spawn(command)
}

#[test]
fn another_store_after_a_restart_is_said_and_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let socket = format!("unix:{}", folder.path().join("socket").display());
    let mut first = forgetful(&socket);
    first.run(&["submit"], "a\nb");
    let strict = Running::start(first.contact().arg("watch-tasks"));
    let skipping = Running::start(first.contact().args(["watch-tasks", "--on-gap", "skip", "--max", "3"]));
    for watch in [&strict, &skipping] {
        assert_eq!((&watch.line()["task"], &watch.line()["task"]), (&json!("a"), &json!("b")));
    }
    first.kill();
    let second = forgetful(&socket);
    second.run(&["submit"], "c");

    let strict = strict.end();
    assert_eq!((strict.code, &strict.stdout[..]), (73, ""));
    let error = strict.errors().pop().unwrap();
    assert_eq!(error["error"], "other_store");
    assert!(error["hint"].as_str().unwrap().contains("--on-gap skip"), "{error}");

    let skipping = skipping.end();
    assert_eq!((skipping.code, &skipping.json()[0]["task"]), (0, &json!("c")));
    let notices: Vec<Value> = skipping.errors().iter().map(|e| e["notice"].clone()).collect();
    assert_eq!(notices, ["retrying", "skipped"]);
}

#[test]
fn a_position_that_is_no_longer_kept_is_said_and_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), &["--retain", "1s"]);
    server.run(&["submit"], "a\nb");
    let from_1 = ["watch-tasks", "--from", "1", "--until-empty"];
    let trimmed = until("both tasks are trimmed", || {
        let watched = server.run(&from_1, "");
        watched.stderr.contains("first position kept is 3").then_some(watched)
    });
    assert_eq!((trimmed.code, &trimmed.stdout[..]), (75, ""));
    let error = trimmed.errors().pop().unwrap();
    assert_eq!(error["error"], "trimmed");
    assert!(error["hint"].as_str().unwrap().contains("--on-gap skip"), "{error}");
    assert!(server.stop().success());

    // What is kept from now on stays, so that the rest does not depend on how fast this runs.
    let server = Server::start(folder.path());
    server.run(&["submit"], "c");
    let skipping = server.run(&["watch-tasks", "--from", "1", "--until-empty", "--on-gap", "skip"], "");
    assert_eq!((skipping.code, &skipping.json()[0]["task"]), (0, &json!("c")));
    assert_eq!(skipping.errors()[0]["notice"], "skipped");
    assert_eq!(server.run(&["watch-tasks", "--until-empty"], "").json().len(), 1, "start is never trimmed");
    assert_eq!(server.run(&from_1, "").code, 75, "also after a restart");
}

#[test]
fn a_reader_that_has_seen_enough_ends_a_command_well_though_nothing_more_comes() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    server.run(&["submit"], "a\nb");
    let watched =
        run(&mut shell(&server, "{ contact watch-tasks; echo \"{\\\"code\\\":$?}\" >&2; } | head -n 1"), "");
    assert_eq!(watched.json().len(), 1);
    assert_eq!(watched.errors(), [json!({"code": 0})]);

    // A submit works for the server, not for its reader: all of it gets in.
    let submitted = run(
        &mut shell(&server, "{ seq 100000 | contact submit; echo \"{\\\"code\\\":$?}\" >&2; } | true"),
        "",
    );
    assert_eq!(submitted.errors(), [json!({"code": 0})]);
    assert_eq!(state(&server).len(), 100_002);

    for script in
        ["contact completions bash | head -n 1", "contact man | head -n 1", "contact --help | head -n 1"]
    {
        let script = format!("{{ {script}; }} 2>&1");
        let ended = run(&mut shell(&server, &script), "");
        assert_eq!((ended.code, ended.stdout.lines().count()), (0, 1), "{script}: {ended:?}");
    }
}

#[test]
fn a_closed_stdin_is_an_empty_one() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    for command in ["submit", "submit --json", "ack", "ack --strict", "send-status"] {
        for stdin in ["<&-", "</dev/null"] {
            let ended = run(&mut shell(&server, &format!("contact {command} {stdin}")), "");
            assert_eq!((ended.code, &ended.stdout[..], &ended.stderr[..]), (0, "", ""), "{command} {stdin}");
        }
    }
    assert_eq!(state(&server), [] as [Value; 0]);
    // Not even a server is needed.
    let ended = run(contact().args(["submit", "--server", "127.0.0.1:1"]), "\n\r\n\n");
    assert_eq!((ended.code, &ended.stderr[..]), (0, ""));
    // A folder is no input.
    let ended = run(&mut shell(&server, "contact submit </"), "");
    assert_eq!((ended.code, &ended.errors()[0]["error"]), (4, &json!("input")));
}

#[test]
fn output_that_cannot_be_written_is_exit_code_1() {
    if !has_tool("/dev/full", Command::new("test").args(["-c", "/dev/full"])) {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    for command in ["submit a", "watch-tasks --until-empty", "send-status x", "ack --id 1", "health"] {
        let ended = run(&mut shell(&server, &format!("contact {command} >/dev/full")), "");
        assert_eq!(ended.code, 1, "{command}: {ended:?}");
        let error = ended.errors().pop().unwrap();
        assert_eq!(error["error"], "output");
        assert!(error["message"].as_str().unwrap().contains("No space left"), "{error}");
    }
    assert_eq!(state(&server)[0]["task"], "a", "what was to be said of it does not undo it");
    // Closed is not full: nobody wants to hear.
    assert_eq!(run(&mut shell(&server, "contact submit b >&-"), "").code, 0);
}

#[test]
fn a_watch_into_a_full_disk_waited_for_ever_and_said_nothing() {
    if !has_tool("/dev/full", Command::new("test").args(["-c", "/dev/full"])) {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    server.run(&["submit", "a"], "");
    // No further task comes, so no further write can fail.
    let ended = run(&mut shell(&server, "contact watch-tasks >/dev/full"), "");
    assert_eq!((ended.code, &ended.errors()[0]["error"]), (1, &json!("output")));
}

#[test]
fn a_full_disk_refuses_submits_keeps_what_was_answered_and_recovers_by_itself() {
    // A file system of its own that ends with the server, and needs no superuser.
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
        command
    };
    let mount = "mount -t tmpfs -o size=24m tmpfs";
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_str().unwrap();
    if !has_tool("a tmpfs in a user namespace", &mut unshare(&format!("{mount} '{folder}'"))) {
        return;
    }
    let binary = contact();
    let binary = binary.get_program().to_str().unwrap();
    let server = Server::spawn(unshare(&format!(
        "{mount} '{folder}' && exec '{binary}' serve --log-format json --addr 127.0.0.1:0 --data '{folder}/data' \
         --min-free 0"
    )));
    // The server's file system as seen from here.
    let filler = format!("/proc/{}/root{folder}/filler", server.child.id());
    fs::write(&filler, vec![1; 12 * MIB]).unwrap();

    let mut answered = Vec::new();
    let line = "x".repeat(MIB / 2) + "\n";
    let refused = until("the disk is full", || {
        let submitted = server.run(&["submit", "--retry-for", "0s"], line.repeat(4));
        answered.extend(submitted.json());
        (submitted.code != 0).then_some(submitted)
    });
    assert_eq!(refused.code, 72, "{}", refused.stderr);
    assert_eq!(refused.errors().pop().unwrap()["error"], "store_full");
    let refused = server.run(&["submit", "--retry-for", "0s", &"y".repeat(100_000)], "");
    assert_eq!((refused.code, &refused.stdout[..]), (72, ""), "{}", refused.stderr);

    assert_eq!(server.run(&["health"], "").code, 0, "the server lives on");
    let seqs = |tasks: &[Value]| tasks.iter().map(|t| t["seq"].as_u64().unwrap()).collect::<Vec<_>>();
    let kept = server.run(&["watch-tasks", "--until-empty"], "").json();
    assert_eq!(seqs(&kept), seqs(&answered), "what was answered stays, and nothing else");

    fs::remove_file(&filler).unwrap();
    until("there is room again", || {
        let submitted = server.run(&["submit"], line.repeat(4));
        answered.extend(submitted.json());
        (submitted.code == 0).then_some(())
    });
    let kept = server.run(&["watch-tasks", "--until-empty"], "").json();
    assert_eq!(seqs(&kept), seqs(&answered));
    assert!(server.stop().success());
}

#[test]
fn an_argument_that_is_not_utf_8_was_a_panic() {
    use std::os::unix::ffi::OsStrExt;
    let out = run(contact().arg("submit").arg(std::ffi::OsStr::from_bytes(b"\xff")), "");
    assert_eq!(out.code, 2, "{out:?}");
    assert_eq!(out.errors()[0]["error"], "usage");
}

#[test]
fn a_server_goes_on_when_the_reader_of_its_stderr_has_gone() {
    let data = tempfile::tempdir().unwrap();
    let port = data.path().join("port");
    let mut serve = contact();
    serve.args(["serve", "--addr", "127.0.0.1:0", "--data"]).arg(data.path().join("data"));
    let mut server = serve.arg("--port-file").arg(&port).stderr(Stdio::piped()).spawn().unwrap();
    drop(server.stderr.take());
    let address = until("the port file", || {
        let port = std::fs::read_to_string(&port).ok()?;
        Some(format!("127.0.0.1:{}", port.trim()))
    });
    for args in [["send-status", "x"], ["submit", "x"], ["ack", "--id=1"]] {
        let out = run(contact().args(args).args(["--server", &address]), "");
        assert_eq!(out.code, 0, "{args:?}: {out:?}");
    }
    common::signal(server.id(), "TERM");
    assert_eq!(common::code(wait(&mut server)), 0);
}

#[test]
fn a_damaged_chunk_is_named_to_who_asks_for_it_and_the_rest_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    server.run(&["submit", "--id", "first", "one"], "");
    server.run(&["submit", "-q", "other", "two"], "");
    assert!(server.stop().success());
    let file = data.path().join("contact.db");
    let db = rusqlite::Connection::open(&file).unwrap();
    db.execute("UPDATE chunk SET frames = zeroblob(length(frames)) WHERE first_seq = 1", []).unwrap();
    drop(db);

    let server = Server::start(data.path());
    let out = server.run(&["watch-tasks"], "");
    assert_eq!(out.code, 79, "{out:?}");
    let error = &out.errors()[0];
    assert_eq!(error["error"], "store_damaged");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(file.to_str().unwrap()) && message.contains("seq 1"), "{message}");
    // An id is looked up in the damaged chunk: that call fails, and only that.
    assert_eq!(server.run(&["submit", "--id", "first", "one"], "").code, 79);
    let told = server.run(&["ack", "--strict", "--id", "first"], "");
    assert_eq!((told.code, &told.json()[0]["verdict"]), (1, &"damaged".into()));
    assert_eq!(server.run(&["submit", "three"], "").json()[0]["seq"], 3);
    assert_eq!(server.run(&["watch-tasks", "-q", "other", "--until-empty"], "").json().len(), 1);
    assert!(server.stop().success());
}

#[test]
fn a_switch_can_be_set_by_one_in_the_environment() {
    let data = tempfile::tempdir().unwrap();
    let mut serve = contact();
    serve.args(["serve", "--log-format", "json", "--addr", "127.0.0.1:0", "--data"]).arg(data.path());
    let server = Server::spawn({
        serve.env("CONTACT_SERVE_DEMO", "1");
        serve
    });
    assert_eq!(server.run(&["watch-tasks", "--max", "10"], "").json().len(), 10);
}
