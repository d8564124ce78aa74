//! `contact bench`: each load says what it should, leaves nothing behind, and ends well however it ends.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests run in real time")]

mod common;

use std::{fs, path::Path};

use common::{Running, Server, contact, run, signal, until};
use serde_json::Value;

/// The keys of a line, in order.
const FIGURES: &[&str] = &["messages", "took_ms", "per_second"];
const LATENCIES: &[&str] = &["p50_us", "p90_us", "p99_us", "max_us"];
const COSTS: &[&str] = &["client_cpu_s_per_million", "server_cpu_s_per_million", "server_peak_kib"];
const SPREAD: &[&str] = &["per_second_min", "per_second_max"];

/// A load, and what its lines have.
struct Case {
    args: &'static [&'static str],
    messages: u64,
    has_latencies: bool,
    settings: &'static [&'static str],
    /// Only in the summary.
    more: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        args: &["submit", "--tasks", "2000", "--clients", "2", "--in-flight", "64"],
        messages: 2000,
        has_latencies: true,
        settings: &["size", "clients", "in_flight", "store"],
        more: &[],
    },
    Case {
        args: &["submit", "--tasks", "2000", "--id", "--size", "8"],
        messages: 2000,
        has_latencies: true,
        settings: &["size", "clients", "in_flight", "own_ids", "store"],
        more: &[],
    },
    Case {
        args: &["watch", "--tasks", "2000", "--clients", "2", "--decode", "--threads", "1"],
        messages: 4000,
        has_latencies: false,
        settings: &["size", "clients", "decoded", "threads", "store"],
        more: &[],
    },
    Case {
        args: &["fan-out", "3", "--tasks", "2000", "--size", "20000"],
        messages: 6000,
        has_latencies: true,
        settings: &["size", "watchers", "in_flight", "store"],
        more: &["watcher_kib"],
    },
    Case {
        args: &["group", "--tasks", "2000", "--members", "3", "--in-flight", "100"],
        messages: 2000,
        has_latencies: true,
        settings: &["size", "clients", "members", "in_flight", "store"],
        more: &[],
    },
    Case {
        args: &["group", "--tasks", "500", "--groups", "3", "--members", "2"],
        messages: 1500,
        has_latencies: true,
        settings: &["size", "clients", "groups", "members", "in_flight", "store"],
        more: &[],
    },
    Case {
        args: &["submit", "--tasks", "2000", "--queues", "300"],
        messages: 2000,
        has_latencies: true,
        settings: &["size", "clients", "queues", "in_flight", "store"],
        more: &[],
    },
    Case {
        args: &["settle", "--tasks", "12000", "--clients", "2", "--store", "memory"],
        messages: 12000,
        has_latencies: false,
        settings: &["size", "clients", "store"],
        more: &[],
    },
    Case {
        args: &["latency", "--tasks", "200"],
        messages: 200,
        has_latencies: true,
        settings: &["size", "until", "store"],
        more: &[],
    },
    Case {
        args: &["latency", "--tasks", "200", "--watch"],
        messages: 200,
        has_latencies: true,
        settings: &["size", "until", "store"],
        more: &[],
    },
    Case {
        args: &["cli", "--tasks", "8", "--clients", "2"],
        messages: 8,
        has_latencies: true,
        settings: &["size", "clients", "store"],
        more: &[],
    },
];

#[test]
fn each_load_says_what_it_should_and_leaves_nothing_behind() {
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || CASES.iter().skip(half).step_by(2).for_each(check));
        }
    });
}

fn check(case: &Case) {
    let Case { args, messages, .. } = case;
    let folder = tempfile::tempdir().unwrap();
    let mut command = contact();
    command.arg("bench").args(*args).args(["--spawn", "--rounds", "1", "--warm-up", "0", "-o", "json"]);
    if !args.contains(&"--store") {
        command.arg("--data").arg(folder.path());
    }
    let ended = run(&mut command, "");
    assert_eq!((ended.code, &ended.stderr[..]), (0, ""), "{args:?}: {ended:?}");
    let [round, summary] = &ended.json()[..] else { panic!("{args:?}: {ended:?}") };

    let latencies = if case.has_latencies { LATENCIES } else { &[] };
    let figures = [FIGURES, latencies, COSTS].concat();
    let of_round = [&["bench", "round"], &figures[..], case.settings].concat();
    let of_all = [&["bench", "rounds"], &figures[..], SPREAD, case.more, case.settings].concat();
    assert_eq!(keys(ended.stdout.lines().next().unwrap()), of_round, "{args:?}");
    assert_eq!(keys(ended.stdout.lines().nth(1).unwrap()), of_all, "{args:?}");

    for line in [round, summary] {
        let number = |key: &str| line[key].as_f64().unwrap_or_else(|| panic!("{key}: {line}"));
        assert_eq!(line["bench"], args[0]);
        assert_eq!(line["messages"], *messages, "{args:?}: {line}");
        let rate = number("messages") / (number("took_ms") / 1e3);
        assert!((rate / number("per_second") - 1.0).abs() < 0.01, "{rate}: {line}");
        if case.has_latencies {
            let order: Vec<f64> = LATENCIES.iter().map(|key| number(key)).collect();
            assert!(order[0] > 0.0 && order.is_sorted(), "{line}");
            // No message can have taken longer than all of them, give or take what a histogram rounds.
            assert!(order[3] <= number("took_ms") * 1e3 * 1.01, "{line}");
        }
        assert!(number("server_peak_kib") > 1000.0, "{line}");
    }
    assert_eq!((&round["round"], &summary["rounds"]), (&1.into(), &1.into()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{args:?} has left its folder");
}

/// The keys of a line in their order, which a map would lose.
fn keys(line: &str) -> Vec<&str> {
    let inner = line.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
    inner.split(',').map(|field| field.split('"').nth(1).unwrap()).collect()
}

#[test]
fn a_table_has_a_row_for_each_round_and_their_medians() {
    let args =
        ["bench", "submit", "--spawn", "--store", "memory", "--tasks", "500", "--rounds", "3", "-o", "text"];
    let ended = run(contact().args(args), "");
    assert_eq!((ended.code, &ended.stderr[..]), (0, ""), "{ended:?}");
    let lines: Vec<&str> = ended.stdout.lines().collect();
    let expected = "submit: 100 bytes, clients 1, in flight 4096; a server of its own, store memory";
    assert_eq!(lines[0], expected);
    let first_words: Vec<&str> = lines.iter().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(first_words, ["submit:", "ROUND", "1", "2", "3", "median", "from"], "{lines:#?}");
}

#[test]
fn a_server_of_others_is_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    server.run(&["submit", "-q", "theirs", "x"], "");
    for load in [
        &["submit", "--tasks", "300"][..],
        &["watch", "--tasks", "300"],
        &["fan-out", "2", "--tasks", "300"],
        &["group", "--tasks", "300"],
        &["settle", "--tasks", "300"],
        &["cli", "--tasks", "2"],
    ] {
        let flags = ["--rounds", "2", "--warm-up", "1", "-o", "json"];
        let ended = server.run(&[&["bench"], load, &flags].concat(), "");
        assert_eq!((ended.code, &ended.stderr[..]), (0, ""), "{load:?}: {ended:?}");
        let lines = ended.json();
        assert_eq!(lines.len(), 3, "{load:?}: {lines:?}");
        // A server that is somebody else's is not looked into.
        assert_eq!(lines[2].get("server_peak_kib"), None, "{load:?}");
    }
    let pid = server.child.id().to_string();
    let looked =
        server.run(&["bench", "latency", "--tasks", "20", "--rounds", "1", "--pid", &pid, "-o", "json"], "");
    assert!(looked.json()[0]["server_peak_kib"].as_f64().unwrap() > 1000.0, "{looked:?}");
    let queues = server.run(&["queues"], "").json();
    let (own, others): (Vec<&Value>, Vec<&Value>) =
        queues.iter().partition(|queue| queue["queue"].as_str().unwrap().starts_with("bench-"));
    assert_eq!(own.len(), 6, "{queues:?}");
    for queue in own {
        assert_eq!(queue["tasks"], 0, "{queue}");
        assert!(queue["trimmed"].as_u64().unwrap() >= 40, "{queue}");
    }
    assert_eq!(others.len(), 1, "{queues:?}");
    assert_eq!((&others[0]["queue"], &others[0]["tasks"]), (&"theirs".into(), &1.into()));
}

#[test]
fn a_queue_that_is_named_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let flags = ["--rounds", "1", "--warm-up", "0", "-o", "json"];
    let bench = |load: &[&str]| server.run(&[&["bench"], load, &flags].concat(), "");
    assert_eq!(bench(&["submit", "-q", "kept", "--tasks", "500"]).code, 0);
    let watched = bench(&["watch", "-q", "kept"]);
    assert_eq!(watched.json()[0]["messages"], 500, "{watched:?}");
    let watched = bench(&["watch", "-q", "kept", "--tasks", "200", "--rate", "2000"]);
    assert_eq!(watched.json()[0]["messages"], 200, "{watched:?}");
    assert!(watched.json()[0]["took_ms"].as_f64().unwrap() > 99.0, "{watched:?}");
    let short = bench(&["watch", "-q", "kept", "--tasks", "501"]);
    assert_eq!((short.code, &short.errors()[0]["error"]), (1, &"too_few".into()), "{short:?}");
    let paced = bench(&["submit", "-q", "kept", "--tasks", "100", "--rate", "500"]);
    assert!(paced.json()[0]["took_ms"].as_f64().unwrap() > 190.0, "{paced:?}");
    assert_eq!(server.run(&["queues", "-q", "kept"], "").json()[0]["tasks"], 600);
}

#[test]
fn wrong_flags() {
    for (args, words) in [
        (&["submit", "--data", "/tmp"][..], "--data goes with --spawn"),
        (&["submit", "--store", "memory"], "--store goes with --spawn"),
        (&["submit", "--spawn", "--store", "memory", "--data", "/tmp"], "--data has no meaning"),
        (&["submit", "--size", "7"], "from 8 to 1048576"),
        (&["submit", "--size", "1048577"], "from 8 to 1048576"),
        (&["submit", "--tasks", "0"], "0"),
        (&["submit", "--tasks", "5", "--duration", "1s"], "cannot be used with"),
        (&["submit", "--rounds", "0"], "0"),
        (&["submit", "--spawn", "--pid", "7"], "cannot be used with"),
        (&["submit", "--in-flight", "0"], "0"),
        (&["submit", "-q", "two words"], "is not a name"),
        (&["settle", "--duration", "1s"], "--duration"),
        (&["fan-out"], "<N>"),
        (&["fan-out", "0"], "0"),
        (&["cli", "--spawn", "--size", "100000"], "at most 65536"),
        (&["no-such-load"], "no-such-load"),
    ] {
        let ended = run(contact().arg("bench").args(args), "");
        assert_eq!(ended.code, 2, "{args:?}: {ended:?}");
        let error = &ended.errors()[0];
        assert_eq!(error["error"], "usage", "{args:?}");
        assert!(error["message"].as_str().unwrap().contains(words), "{args:?}: {error}");
        assert_eq!(ended.stdout, "", "{args:?}");
    }
    let ended = run(contact().args(["bench", "submit", "--spawn", "--data", "/proc/none"]), "");
    assert_eq!((ended.code, &ended.errors()[0]["error"]), (1, &"system".into()), "{ended:?}");
    let nobody = ["bench", "submit", "--server", "unix:absent", "--retry-for", "0s"];
    let ended = run(contact().args(nobody), "");
    assert_eq!((ended.code, &ended.errors()[0]["error"]), (3, &"unreachable".into()), "{ended:?}");
}

/// A bench that would go on for long.
const LONG: &[&str] =
    &["bench", "submit", "--duration", "10m", "--warm-up", "0", "--retry-for", "0s", "-o", "json"];

#[test]
fn a_server_that_goes_away_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path());
    let bench = Running::start(server.contact().args(LONG));
    until("the load has begun", || has_begun(&server).then_some(()));
    server.kill();
    let ended = bench.end();
    assert_eq!((ended.code, &ended.errors()[0]["error"]), (3, &"unreachable".into()), "{ended:?}");
}

#[test]
fn told_to_stop_it_says_what_it_knows_and_cleans_up() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let bench = Running::start(server.contact().args(LONG));
    until("the load has begun", || has_begun(&server).then_some(()));
    signal(bench.child.id(), "INT");
    let ended = bench.end();
    assert_eq!((ended.code, &ended.stderr[..]), (130, ""), "{ended:?}");
    let lines = ended.json();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let messages = lines[0]["messages"].as_u64().unwrap();
    assert!(messages > 0, "{lines:?}");
    let queue = &server.run(&["queues"], "").json()[0];
    // What was counted is what there was.
    assert_eq!((&queue["tasks"], &queue["trimmed"]), (&0.into(), &messages.into()), "{queue}");
    let timed = server.run(&[LONG, &["--timeout", "300ms"]].concat(), "");
    assert_eq!((timed.code, timed.json().len()), (124, 2), "{timed:?}");
}

/// Whether a load has handed anything in.
fn has_begun(server: &Server) -> bool {
    let queues = server.run(&["queues"], "").json();
    queues.iter().any(|queue| queue["queue"].as_str().unwrap().starts_with("bench-") && queue["tasks"] != 0)
}

#[test]
fn a_server_of_its_own_ends_with_it_and_it_with_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Running::start(contact().args(LONG).args(["--spawn", "--data"]).arg(folder.path()));
    let is_empty = || fs::read_dir(folder.path()).unwrap().next().is_none();

    let bench = start();
    let server = until("the server is there", || server_of(folder.path()));
    until("its file has grown", || (size(folder.path()) > 1 << 20).then_some(()));
    signal(server, "KILL");
    let ended = bench.end();
    assert_eq!((ended.code, &ended.errors()[0]["error"]), (3, &"server_ended".into()), "{ended:?}");
    assert!(is_empty());

    for name in ["INT", "KILL"] {
        let mut bench = start();
        let server = until("the server is there", || server_of(folder.path()));
        until("its file has grown", || (size(folder.path()) > 1 << 20).then_some(()));
        signal(bench.child.id(), name);
        let status = bench.child.wait().unwrap();
        assert_eq!(common::code(status), if name == "INT" { 130 } else { 128 + 9 });
        until("its server has gone", || (server_of(folder.path()) != Some(server)).then_some(()));
        until("its folder has gone", || is_empty().then_some(()));
    }
}

/// The process that serves from a folder below this one.
fn server_of(folder: &Path) -> Option<u32> {
    let pids =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let folder = folder.to_str().unwrap();
    pids.into_iter().find(|pid: &u32| {
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut words = command.split(|byte| *byte == 0).map(String::from_utf8_lossy).skip(1);
        words.next().is_some_and(|first| first == "serve") && words.any(|word| word.starts_with(folder))
    })
}

/// How many bytes lie in the folders of this one.
fn size(folder: &Path) -> u64 {
    let inner = fs::read_dir(folder).unwrap().filter_map(|entry| fs::read_dir(entry.ok()?.path()).ok());
    inner.flatten().filter_map(|file| Some(file.ok()?.metadata().ok()?.len())).sum()
}
