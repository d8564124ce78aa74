//! A holder that stands still longer than its lease, and then goes on as if nothing had been: it is told so, and
//! changes nothing.

use serde_json::{Value, json};

use crate::{
    common::{Running, signal},
    house::{House, verdicts},
};

/// All that can be seen of the group, its tasks and their leases.
fn seen(house: &House, tasks: usize) -> Vec<Value> {
    let mut all = house.ok(&["groups"], "");
    all.extend(house.ok(&["queues"], ""));
    all.extend(house.ok(&["tasks", "--group", "ci"], ""));
    for id in 1..=tasks {
        all.extend(house.ok(&["why", &id.to_string()], ""));
    }
    all
}

#[test]
fn what_is_shown_of_a_lease_is_the_same_each_time() {
    let house = House::new();
    let _server = house.serve();
    house.make_group(&[]);
    house.submit(1);
    house.ok(&["watch-tasks", "--group", "ci", "--max", "1", "--detach", "--lease", "10m"], "");
    let first = seen(&house, 1);
    // Each at another part of a millisecond.
    for _ in 0..10 {
        assert_eq!(seen(&house, 1), first);
    }
}

#[test]
fn a_worker_that_was_frozen_past_its_lease_is_stale_and_changes_nothing() {
    for in_hand in [1, 2] {
        let house = House::new();
        let _server = house.serve();
        house.make_group(&["--backoff", "1ms"]);
        house.submit(1 + in_hand);
        // One lease is in force all the time.
        let kept =
            house.ok(&["watch-tasks", "--group", "ci", "--max", "1", "--detach", "--lease", "10m"], "");
        assert_eq!(kept[0]["id"], "1");

        let frozen = Running::start(house.contact().args([
            "watch-tasks",
            "--group",
            "ci",
            "--lease",
            "1s",
            "--max-in-flight",
            &in_hand.to_string(),
        ]));
        let lines: Vec<Value> = (0..in_hand).map(|_| frozen.line()).collect();
        signal(frozen.child.id(), "STOP");
        let other = Running::start(house.contact().args([
            "watch-tasks",
            "--group",
            "ci",
            "--max",
            &in_hand.to_string(),
        ]));
        for _ in 0..in_hand {
            let line = other.line();
            assert_eq!(line["attempt"], 2, "{line}");
            assert_eq!(verdicts(&house.ok(&["ack"], line.to_string())), ["ok"]);
        }
        assert_eq!(other.end().code, 0);
        let before = seen(&house, 1 + in_hand);
        let ends = if in_hand == 1 { json!(["lost", "done"]) } else { json!(["lost_together", "done"]) };
        let tasks: Vec<&Value> = before.iter().filter(|line| line["state"] == "done").collect();
        assert!(tasks.len() == in_hand && tasks.iter().all(|task| task["ends"] == ends), "{tasks:?}");
        assert_eq!(before[0]["leased"], 1);

        // Its worker goes on: whatever it has to say comes too late.
        signal(frozen.child.id(), "CONT");
        for line in &lines {
            for outcome in ["done", "failed", "released", "rejected", "working", "done"] {
                let told = house.run(&["ack", "--strict", "--outcome", outcome], line.to_string());
                assert_eq!((told.code, verdicts(&told.json())), (1, vec!["stale"]), "{outcome}: {told:?}");
            }
        }
        // It is told as well, and by then has been heard.
        let mut told: Vec<String> = Vec::new();
        for _ in 0..in_hand {
            let notice = frozen.error();
            assert_eq!(notice["notice"], "lost", "{notice}");
            told.push(notice["message"].as_str().unwrap().split(' ').nth(1).unwrap().to_owned());
        }
        told.sort();
        assert_eq!(told, (2..2 + in_hand).map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(seen(&house, 1 + in_hand), before);

        // And is of use again.
        house.ok(&["submit", "next"], "");
        let next = frozen.line();
        assert_eq!((&next["task"], &next["attempt"]), (&json!("next"), &json!(1)), "{next}");
        assert_eq!(verdicts(&house.ok(&["ack"], next.to_string())), ["ok"]);
        assert_eq!(verdicts(&house.ok(&["ack"], kept[0].to_string())), ["ok"]);
    }
}
