//! Input that is wrong, and input that means harm: each gets its word, and nothing moves.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
};

use contact::pb::{self, contact_client::ContactClient};
use futures_util::{StreamExt, stream};
use prost::Message;
use rand::{RngExt, rngs::StdRng};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{
    common::{DEADLINE, Server, until},
    house::{House, count, dice, verdicts},
};

/// The lines of a watch that leaves with so many tasks in its name.
fn take(house: &House, tasks: usize) -> Vec<Value> {
    let flags = ["watch-tasks", "--group", "ci", "--detach", "--lease", "10m", "--max", &tasks.to_string()];
    let lines = house.ok(&flags, "");
    assert_eq!(lines.len(), tasks);
    lines
}

fn lease(line: &Value) -> String {
    line["lease"].as_str().unwrap().to_owned()
}

/// A token that nobody has given out.
fn forged(dice: &mut StdRng, good: &str, foreign: &str) -> String {
    let base64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let random = |dice: &mut StdRng| char::from(base64[dice.random_range(0..base64.len())]);
    let token: String = match dice.random_range(0..8) {
        0 => (0..dice.random_range(1..200)).map(|_| dice.random::<char>()).collect(),
        1 => std::iter::once('L').chain((0..dice.random_range(0..80)).map(|_| random(dice))).collect(),
        2 => good[..dice.random_range(1..good.len())].to_owned(),
        3 => good[dice.random_range(1..good.len())..].to_owned(),
        4 => {
            let place = dice.random_range(0..good.len());
            format!("{}{}{}", &good[..place], random(dice), &good[place + 1..])
        }
        5 => format!("{good}{}", ["=", " ", "A", "\n", "\0", good][dice.random_range(0..6)]),
        6 => good.chars().rev().collect(),
        _ => foreign.to_owned(),
    };
    if token == good { foreign.to_owned() } else { token }
}

#[test]
fn ten_thousand_forged_leases_are_unknown_and_move_nothing() {
    let mut dice = dice();
    let (house, other) = (House::new(), House::new());
    let (_server, _other_server) = (house.serve(), other.serve());
    for house in [&house, &other] {
        house.make_group(&[]);
        house.submit(3);
    }
    let held = take(&house, 2);
    // The same task of the same group in another store.
    let foreign = lease(&take(&other, 1)[0]);
    let before = [house.ok(&["groups"], ""), house.ok(&["tasks", "--group", "ci"], "")];
    let good = lease(&held[0]);
    let tokens: Vec<String> = (0..10_000).map(|_| forged(&mut dice, &good, &foreign)).collect();
    let outcomes = ["done", "failed", "released", "rejected", "working", "received"];
    let input: String = tokens
        .iter()
        .map(|lease| format!("{}\n", json!({"lease": lease, "outcome": outcomes[dice.random_range(0..6)]})))
        .collect();
    let told = house.ok(&["ack"], &input);
    assert_eq!(count(verdicts(&told)), [("unknown", 10_000)].into());
    let strict = house.run(&["ack", "--strict"], input.lines().next().unwrap());
    assert_eq!((strict.code, verdicts(&strict.json())), (1, vec!["unknown"]));
    // As arguments, which begin with no dash and have no NUL; and with an id that does not make them better.
    let arguments: Vec<&str> = tokens
        .iter()
        .map(|token| &token[..])
        .filter(|token| !token.starts_with('-') && !token.contains('\0'))
        .collect();
    let told = house.ok(&[&["ack"], &arguments[..1000]].concat(), "");
    assert_eq!(count(verdicts(&told)), [("unknown", 1000)].into());
    let told = house.ok(&["ack"], json!({"id": "1", "lease": foreign}).to_string());
    assert_eq!(verdicts(&told), ["unknown"]);
    // What cannot be a lease at all is refused here, by its line.
    let long =
        house.run(&["ack"], format!("{}\n{}\n", json!({"lease": "L".repeat(1025)}), json!({"lease": 1})));
    assert_eq!((long.code, &long.stdout[..]), (4, ""), "{long:?}");
    let reasons: Vec<_> = long.errors().iter().map(|e| (e["line"].clone(), e["error"].clone())).collect();
    assert_eq!(reasons, [(json!(1), json!("bad_lease")), (json!(2), json!("bad_json"))]);

    assert_eq!([house.ok(&["groups"], ""), house.ok(&["tasks", "--group", "ci"], "")], before);
    let told = house.ok(&["ack"], format!("{}\n{}\n", held[0], held[1]));
    assert_eq!(verdicts(&told), ["ok", "ok"]);
}

#[test]
fn a_task_line_that_has_lost_its_lease_is_told_so() {
    let house = House::new();
    let _server = house.serve();
    house.make_group(&[]);
    house.submit(2);
    let mut line = take(&house, 1).remove(0);
    line.as_object_mut().unwrap().remove("lease");
    for strict in [false, true] {
        let flags: &[&str] = if strict { &["ack", "--strict"] } else { &["ack"] };
        let told = house.run(flags, line.to_string());
        assert_eq!(
            (told.code, told.json()),
            (i32::from(strict), vec![json!({"id": "1", "verdict": "unleased"})])
        );
    }
    assert_eq!(house.tasks()[&1].state, "leased");
    // Of a client that holds nothing it is a word for the roll-call.
    let told = house.ok(&["ack", "--client", "kiosk-7"], line.to_string());
    assert_eq!(verdicts(&told), ["noted"]);
    assert_eq!(house.tasks()[&1].state, "leased");
}

#[test]
fn two_groups_that_differ_in_case_are_two() {
    let house = House::new();
    let _server = house.serve();
    house.submit(3);
    for group in ["ci", "CI", "Ci"] {
        let flags = ["watch-tasks", "--group", group, "--max", "3", "--detach"];
        let lines = house.ok(&flags, "");
        let ids: Vec<&Value> = lines.iter().map(|line| &line["id"]).collect();
        assert_eq!(ids, ["1", "2", "3"], "{group}");
        assert_eq!(lines[0]["group"], group);
    }
    let groups: Vec<Value> = house.ok(&["groups"], "").iter().map(|group| group["group"].clone()).collect();
    assert_eq!(groups, ["CI", "Ci", "ci"]);
    assert_eq!(house.ok(&["groups", "--group", "CI"], "").len(), 1);
}

#[test]
fn what_a_group_cannot_be_asked_for_is_wrong_usage_and_named() {
    let house = House::new();
    let _server = house.serve();
    house.make_group(&[]);
    house.submit(1);
    let share = ["watch-tasks", "--group", "ci", "--max", "1", "--detach"];
    let cases: &[(&[&str], &[&str])] = &[
        (&["--lease", "500ms"], &["--lease", "1s to 12h"]),
        (&["--lease", "13h"], &["--lease", "1s to 12h"]),
        (&["--lease", "0s"], &["--lease", "1s to 12h"]),
        (&["--lease", "soon"], &["--lease", "soon"]),
        (&["--max-in-flight", "0"], &["--max-in-flight", "1..=10000"]),
        (&["--max-in-flight", "10001"], &["--max-in-flight", "1..=10000"]),
        (&["--max-hold", "999ms"], &["--max-hold", "1s to 365d"]),
        (&["--max-hold", "366d"], &["--max-hold", "1s to 365d"]),
        (&["--auto-done"], &["--auto-done", "--detach"]),
        (&["--until-empty"], &["--until-empty", "--detach"]),
        (&["--after", "1"], &["--after", "--group"]),
        (&["--from", "0"], &["--from", "begin at 1"]),
        (&["-q", "a", "-q", "a"], &["twice"]),
        (&["--idle-exit", "0s"], &["--idle-exit"]),
    ];
    for (flags, words) in cases {
        let refused = house.run(&[&share, *flags].concat(), "");
        assert_eq!((refused.code, &refused.stdout[..]), (2, ""), "{flags:?}: {refused:?}");
        assert!(words.iter().all(|word| refused.stderr.contains(word)), "{flags:?}: {}", refused.stderr);
    }
    for flag in [&["--lease", "1s"][..], &["--max-in-flight", "1"], &["--max-hold", "1s"], &["--detach"]] {
        let refused = house.run(&[&["watch-tasks", "--max", "1"], flag].concat(), "");
        assert_eq!(refused.code, 2, "{flag:?}: {refused:?}");
        assert!(refused.stderr.contains("--group"), "{flag:?}: {}", refused.stderr);
    }
    for (flags, words) in [
        (&["--lease", "500ms"][..], &["--lease", "1s to 12h"]),
        (&["--lease", "13h"], &["--lease", "1s to 12h"]),
        (&["--max-failures", "many"], &["--max-failures", "many"]),
        (&["--backoff", "5m..1s"], &["--backoff", "5m"]),
    ] {
        let refused = house.run(&[&["groups", "set", "ci"], flags].concat(), "");
        assert_eq!(refused.code, 2, "{flags:?}: {refused:?}");
        assert!(words.iter().all(|word| refused.stderr.contains(word)), "{flags:?}: {}", refused.stderr);
    }
    for group in ["", "two words", "@@", "-ci", &"x".repeat(64)] {
        let refused = house.run(&["watch-tasks", "--group", group, "--until-empty"], "");
        assert_eq!(refused.code, 2, "{group:?}: {refused:?}");
    }
    // The bounds themselves are none of that.
    for flags in [&["--lease", "1s", "--max-in-flight", "1"], &["--lease", "12h", "--max-in-flight", "10000"]]
    {
        house.ok(
            &[&["watch-tasks", "--group", "bounds", "--until-empty", "-q", "empty"], &flags[..]].concat(),
            "",
        );
    }
    assert_eq!(house.tasks()[&1].attempt, 0);
}

#[tokio::test]
async fn what_a_server_cannot_be_asked_for_is_refused_with_its_range() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::connect(format!("http://{}", server.address)).await.unwrap();
    let ci = || pb::Watch { group: "ci".into(), ..pb::Watch::default() };
    for (watch, word) in [
        (pb::Watch { lease_ms: 999, ..ci() }, "lease_ms is 999: it must be from 1000 to 43200000"),
        (pb::Watch { lease_ms: 12 * 3_600_000 + 1, ..ci() }, "it must be from 1000 to 43200000"),
        (pb::Watch { lease_ms: u64::MAX, ..ci() }, "it must be from 1000 to 43200000"),
        (pb::Watch { max_in_flight: 10_001, ..ci() }, "max_in_flight is 10001"),
        (pb::Watch { max_in_flight: u32::MAX, ..ci() }, "max_in_flight is 4294967295"),
        (pb::Watch { max_hold_ms: 999, ..ci() }, "max_hold_ms is 999"),
        (pb::Watch { max_hold_ms: u64::MAX, ..ci() }, "max_hold_ms is 18446744073709551615"),
        (pb::Watch { instance: vec![1; 15], ..ci() }, "instance"),
        (pb::Watch { instance: vec![1; 17], ..ci() }, "instance"),
        (pb::Watch { group: "two words".into(), ..ci() }, "two words"),
        (pb::Watch { have: vec!["L".into(); 100_000], ..ci() }, "have"),
    ] {
        let Err(refused) = client.get_task(watch).await else { panic!("taken: {word}") };
        assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{word}: {refused:?}");
        assert!(refused.message().contains(word), "{word}: {refused:?}");
    }
    assert_eq!(server.run(&["groups"], "").stdout, "", "none of them has made a group");
    // What is not said has its default: no credit at all cannot be meant.
    assert!(client.get_task(pb::Watch { max_in_flight: 0, lease_ms: 0, ..ci() }).await.is_ok());
}

/// Passes on what a client says up to a byte, and then cuts both ways.
fn cut_after(server: &str, bytes: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = TcpStream::connect(server).unwrap();
    std::thread::spawn(move || {
        let (client, _) = listener.accept().unwrap();
        let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        // Ends when the other has cut.
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        let (mut client, mut server) = (client, server);
        let mut left = bytes;
        let mut buffer = [0; 4096];
        while left > 0 {
            let most = left.min(buffer.len());
            let Ok(read @ 1..) = client.read(&mut buffer[..most]) else { break };
            if server.write_all(&buffer[..read]).is_err() {
                break;
            }
            left -= read;
        }
        let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_stream_of_settlements_that_is_cut_what_came_counts_and_nothing_else() {
    const TASKS: usize = 300;
    // So many come before the client waits until the server has taken some.
    const FIRST: usize = 20;
    let mut dice = dice();
    for round in 0..10 {
        let house = House::new();
        let server = Server::start(&house.path("data"));
        let input: String = (1..=TASKS).map(|n| format!("{n}\n")).collect();
        assert_eq!(server.run(&["submit"], input).code, 0);
        let flags = ["watch-tasks", "--group", "ci", "--detach", "--lease", "10m", "--max", "300"];
        let lines = server.run(&flags, "").stdout;
        let leases: Vec<String> =
            lines.lines().map(|line| lease(&serde_json::from_str(line).unwrap())).collect();
        assert_eq!(leases.len(), TASKS);

        let results = leases.iter().map(|lease| pb::Result { lease: lease.clone(), ..pb::Result::default() });
        let results: Vec<pb::Result> = results.collect();
        // What goes before them is a few hundred bytes, so that not all of them can have come. A cut makes the server's
        // system forget what the server has not read yet, so it may be that none came: every other time the client
        // waits, and then some have.
        let waits = round % 2 == 1;
        let bytes: usize = results.iter().map(|result| result.encoded_len() + 5).sum();
        let from = if waits { bytes / 2 } else { 200 };
        let address = cut_after(&server.address, dice.random_range(from..bytes));
        let (some_taken, taken_some) = oneshot::channel();
        let mut taken_some = waits.then_some(taken_some);
        let mut told = tokio::spawn(async move {
            let mut client = ContactClient::connect(format!("http://{address}")).await?;
            let results = stream::iter(results).enumerate().then(move |(n, result)| {
                let wait = if n == FIRST { taken_some.take() } else { None };
                async move {
                    match wait {
                        Some(taken) => taken.await.unwrap_or_default(),
                        // In many frames: of one that is cut nothing has come.
                        None => tokio::task::yield_now().await,
                    }
                    result
                }
            });
            client.tell_result(results).await.map_err(anyhow::Error::from)
        });
        if waits {
            let done = || server.run(&["groups"], "").json()[0]["done"].as_u64() > Some(0);
            tokio::task::block_in_place(|| until("some are taken", || done().then_some(())));
            some_taken.send(()).unwrap();
        }
        assert!(tokio::time::timeout(DEADLINE, &mut told).await.unwrap().unwrap().is_err());

        // Those that came are a piece from the beginning: told once more, they are duplicates and the rest is not.
        let again = server.run(&["ack"], lines);
        let again = again.json();
        let again = verdicts(&again);
        let taken = again.iter().take_while(|verdict| **verdict == "duplicate").count();
        assert_eq!(again[taken..], vec!["ok"; TASKS - taken], "after {taken}");
        assert!(taken < TASKS && (taken > 0 || !waits), "{taken} of {TASKS} had come");
        let tasks = server.run(&["tasks", "--group", "ci"], "").json();
        assert!(tasks.iter().all(|task| task["ends"] == json!(["done"])), "{tasks:?}");
    }
}

#[test]
fn a_task_that_is_no_longer_kept_cannot_be_settled() {
    let house = House::new();
    let _server = house.serve_with(&["--retain", "1s"]);
    house.make_group(&[]);
    house.submit(2);
    let held = take(&house, 1);
    until("both are thrown away", || (house.ok(&["queues"], "")[0]["tasks"] == 0).then_some(()));
    for outcome in ["done", "failed", "working"] {
        let told = house.run(&["ack", "--strict", "--outcome", outcome], held[0].to_string());
        assert_eq!(
            (told.code, told.json()),
            (1, vec![json!({"id": "1", "verdict": "unknown"})]),
            "{outcome}"
        );
    }
    let group = house.group_becomes("it knows", |group| group["trimmed_unsettled"] == 2);
    for key in ["leased", "ready", "lag", "done", "dead"] {
        assert_eq!(group[key], 0, "{key}: {group}");
    }
    // It goes on.
    house.submit(1);
    let next = take(&house, 1);
    assert_eq!((&next[0]["id"], &next[0]["attempt"]), (&json!("3"), &json!(1)));
}

#[test]
fn a_bad_line_of_a_worker_takes_no_other_with_it() {
    let house = House::new();
    let _server = house.serve();
    house.make_group(&[]);
    house.submit(6);
    let held = take(&house, 6);
    let with = |n: usize, key: &str, value: Value| {
        let mut line = held[n].clone();
        line["outcome"] = json!("failed");
        line[key] = value;
        line.to_string()
    };
    let input = [
        held[0].to_string(),
        with(1, "delay_ms", json!(u64::MAX)),
        with(1, "delay_ms", json!(30 * 24 * 3_600_000_u64 + 1)),
        with(1, "delay_ms", json!(-1)),
        with(1, "outcome", json!("finished")),
        with(1, "exit_code", json!(u64::MAX)),
        with(1, "ret", json!("x".repeat((1 << 20) + 1))),
        with(1, "id", json!("x".repeat(1000))),
        "{".into(),
        "{}{}".into(),
        "[]".into(),
        "null".into(),
        "\u{0}".into(),
        "\r".into(),
        with(2, "delay_ms", json!(30 * 24 * 3_600_000_u64)),
        held[3].to_string() + "\r",
    ];
    let told = house.run(&["ack"], input.join("\n"));
    assert_eq!((told.code, verdicts(&told.json())), (4, vec!["ok"; 3]), "{told:?}");
    let named: Vec<(u64, String)> = told
        .errors()
        .iter()
        .map(|e| (e["line"].as_u64().unwrap(), e["error"].as_str().unwrap().to_owned()))
        .collect();
    let reasons =
        ["bad_delay", "bad_delay", "bad_json", "bad_outcome", "bad_json", "ret_too_large", "bad_id"];
    let reasons = reasons.into_iter().chain(["bad_json"; 5]).map(str::to_owned);
    assert_eq!(named, (2..=13).zip(reasons).collect::<Vec<_>>());
    let states: Vec<String> = house.tasks().into_values().map(|task| task.state).collect();
    assert_eq!(states, ["done", "leased", "waiting", "done", "leased", "leased"]);

    // The same as a flag is wrong usage.
    for (flags, words) in [
        (&["--outcome", "failed", "--delay", "31d"][..], ["--delay", "at most 30d"]),
        (&["--delay", "1s"], ["--delay", "--outcome failed"]),
        (&["--outcome", "finished"], ["--outcome", "finished"]),
        (&["--outcome", "released", "--delay", "soon"], ["--delay", "soon"]),
    ] {
        let refused = house.run(&[&["ack"], flags, &[&lease(&held[1])]].concat(), "");
        assert_eq!((refused.code, &refused.stdout[..]), (2, ""), "{flags:?}: {refused:?}");
        assert!(words.iter().all(|word| refused.stderr.contains(word)), "{flags:?}: {}", refused.stderr);
    }
}
