//! Who waits for an answer: one after another, a thousand at once, and with nobody there who could give it.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    common::{Running, run, signal, until},
    house::{House, stop, text},
};

/// Twenty round trips take about a second; the figures have the exact time.
const TWENTY: Duration = Duration::from_secs(20);

#[test]
fn twenty_round_trips_one_after_another() {
    let (house, _server) = House::new();
    let agent = Running::start(&mut house.running(&[], &["cat"]));
    let began = Instant::now();
    for n in 0..20 {
        let answered = house.ok(&["submit", "--wait", &format!("text {n}")], "");
        assert_eq!((answered.len(), &answered[0]["ret"]), (1, &json!(format!("text {n}"))), "{answered:?}");
    }
    assert!(began.elapsed() < TWENTY, "{:?}", began.elapsed());
    assert_eq!(stop(agent).code, 143);
}

#[test]
fn a_thousand_wait_at_once_in_one_process_and_as_many_in_fifty() {
    let (house, _server) = House::new();
    let lines =
        |name: &str, count: usize| -> String { (0..count).map(|n| format!("{name}.{n}\n")).collect() };
    let processes: Vec<(String, usize, Running)> = std::iter::once(("one".to_owned(), 1000))
        .chain((0..50).map(|n| (format!("p{n}"), 20)))
        .map(|(name, count)| {
            let mut process = Running::start(house.contact().args(["submit", "--wait"]));
            process.say(lines(&name, count));
            drop(process.child.stdin.take());
            (name, count, process)
        })
        .collect();
    // All of them wait before anybody answers.
    until("all are in", || (house.ok(&["queues"], "")[0]["tasks"] == 2000).then_some(()));
    let agent = Running::start(&mut house.running(&["-j", "8"], &["cat"]));
    for (name, count, process) in processes {
        let ended = process.end();
        assert_eq!((ended.code, ended.stdout.lines().count()), (0, count), "{name}: {}", ended.stderr);
        let mut back: Vec<String> = ended.json().iter().map(|line| text(line, "ret") + "\n").collect();
        let mut sent: Vec<String> = lines(&name, count).split_inclusive('\n').map(str::to_owned).collect();
        back.sort();
        sent.sort();
        assert_eq!(back, sent, "{name}");
    }
    assert_eq!(stop(agent).code, 143);
}

#[test]
fn who_waits_with_nobody_there_leaves_when_told_and_says_how_to_go_on() {
    let (house, _server) = House::new();
    let out = house.run(&["submit", "--to", "nobody", "--wait", "--timeout", "300ms", "one"], "");
    assert_eq!((out.code, &out.stdout[..]), (124, ""), "{out:?}");
    let waiting = Running::start(house.contact().args(["submit", "--to", "nobody", "--wait", "two"]));
    until("it is in", || (house.ok(&["queues"], "").iter().any(|queue| queue["tasks"] == 2)).then_some(()));
    // It waits when the task is in; the word may come before.
    let ids: Vec<String> =
        house.ok(&["tasks", "-q", "@nobody"], "").iter().map(|task| text(task, "id")).collect();
    signal(waiting.child.id(), "INT");
    let ended = waiting.end();
    assert_eq!(ended.code, 130, "{ended:?}");
    assert!(ended.stderr.contains(&format!("contact wait {}", ids[1])), "{ended:?}");

    // Somebody comes.
    let later = Running::start(house.contact().arg("wait").args(&ids));
    let agent = Running::start(&mut house.running(&["--client", "nobody", "--to-me"], &["cat"]));
    let ended = later.end();
    assert_eq!(ended.code, 0, "{ended:?}");
    let mut back: Vec<String> = ended.json().iter().map(|line| text(line, "ret")).collect();
    back.sort();
    assert_eq!(back, ["one", "two"]);
    // And whoever asks then waits no more.
    let again = run(house.contact().arg("wait").args(&ids).args(["--timeout", "10s"]), "");
    assert_eq!((again.code, again.json().len()), (0, 2), "{again:?}");
    assert_eq!(stop(agent).code, 143);
}

#[test]
fn a_broadcast_is_waited_for_by_name_and_by_number() {
    let (house, _server) = House::new();
    let names = ["a1", "a2", "a3"];
    let agents =
        names.map(|name| Running::start(&mut house.agent(&["--client", name, "-q", "fleet"], "cat")));
    for who in ["a1,a2,a3", "3"] {
        let out = house
            .run(&["submit", "-q", "fleet", "--wait", "--clients", who, "--timeout", "30s", "hello"], "");
        assert_eq!(out.code, 0, "{who}: {out:?}");
        let mut answered: Vec<String> = out.json().iter().map(|line| text(line, "client")).collect();
        answered.sort();
        assert_eq!(answered, names, "{who}: {out:?}");
    }
    // One who is not there is waited for in vain, and is named.
    let args = ["submit", "-q", "fleet", "--wait", "--clients", "a1,gone", "--timeout", "3s", "hello"];
    let out = house.run(&args, "");
    assert_eq!(out.code, 124, "{out:?}");
    assert!(out.json().iter().any(|line| line["client"] == "a1") && out.stderr.contains("gone"), "{out:?}");
    agents.into_iter().for_each(|agent| assert_eq!(stop(agent).code, 143));
}

#[test]
fn the_exit_code_of_the_answer_is_the_exit_code_of_the_question() {
    let (house, _server) = House::new();
    house.make_group("ci", &["--max-failures", "1"]);
    let agent = Running::start(&mut house.agent(&["--group", "ci"], r#"read -r code; exit "$code""#));
    for code in [0, 3, 65] {
        let out = run(house.contact().args(["submit", "--wait", "--exit-code", &code.to_string()]), "");
        assert_eq!(out.code, code, "{out:?}");
    }
    assert_eq!(stop(agent).code, 143);
    let nowhere: &mut Command = &mut crate::common::contact();
    nowhere.args(["--server", "127.0.0.1:1", "--retry-for", "0s", "submit", "--wait", "--exit-code", "x"]);
    assert_eq!(run(nowhere, "").code, 125);
}
