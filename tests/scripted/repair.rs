//! What is put right.

use contact::server::engine::groups::State;

use crate::{
    Server,
    engine::{dead, group, queue, task},
};

fn with_dead(tasks: u64) -> Server {
    let server = Server::start();
    {
        let mut script = server.engine.0.lock().unwrap();
        script.groups = vec![group("default", "ci")];
        script.queues = vec![queue("default", 1)];
        script.tasks = (1..=tasks).map(dead).collect();
        script.page_tasks = 10_000;
    }
    server
}

#[test]
fn cancel_says_what_became_of_each() {
    let server = with_dead(2);
    let cancelled = server.run(&["cancel", "1", "2"], "9\n");
    let lines = "{\"id\":\"1\",\"verdict\":\"ok\"}\n{\"id\":\"2\",\"verdict\":\"ok\"}\n";
    assert_eq!((cancelled.code, &cancelled.stdout[..], &cancelled.stderr[..]), (0, lines, ""));
    // To say it again is no mistake; what is not there is a no.
    let cancelled = server.run(&["cancel", "1"], "");
    assert_eq!((cancelled.code, &cancelled.json()[0]["verdict"]), (0, &"duplicate".into()));
    let cancelled = server.run(&["cancel", "7", "two words", "-o", "text"], "");
    assert_eq!((cancelled.code, &cancelled.stdout[..]), (1, "       7  unknown\ntwo words  unknown\n"));
}

#[test]
fn ids_come_from_stdin_alone_or_in_lines_of_json() {
    let server = with_dead(5);
    let input = "1\n\n  2  \r\n{\"id\":\"3\",\"task\":\"x\"}\n{\"id\":4}\n{\"seq\":5}\n{\n\n7";
    let cancelled = server.run(&["cancel"], input);
    let verdicts: Vec<_> = cancelled.json().iter().map(|line| line["verdict"].clone()).collect();
    // Bad lines are worse than a no.
    assert_eq!(
        (cancelled.code, verdicts),
        (
            4,
            vec!["ok".into(), "ok".into(), "ok".into(), "ok".into(), "unknown".into()]
                as Vec<serde_json::Value>
        )
    );
    let lines: Vec<_> = cancelled.errors().iter().map(|error| error["line"].clone()).collect();
    assert_eq!(lines, [6, 7]);
    assert!(cancelled.errors().iter().all(|error| error["error"] == "bad_json"));
    // The output of one command is the input of another.
    let tasks = server.run(&["tasks", "--state", "dead"], "").stdout;
    let redriven = server.run(&["redrive", "--group", "ci"], &tasks);
    assert_eq!((redriven.code, &redriven.stdout[..]), (0, "{\"id\":\"5\",\"verdict\":\"ok\"}\n"));
    for (args, input) in [(&["cancel", ""][..], ""), (&["cancel", &"x".repeat(129)], "")] {
        assert_eq!(server.run(args, input).code, 2, "{args:?}");
    }
    assert_eq!(server.run(&["cancel"], "").code, 0);
    assert_eq!(server.run(&["cancel"], &"x".repeat(129)).code, 4);
}

#[test]
fn many_ids_go_in_several_calls() {
    let server = with_dead(2500);
    server.engine.heard();
    let input: String = (1..=2500).map(|n| format!("{n}\n")).collect();
    let cancelled = server.run(&["cancel"], &input);
    assert_eq!((cancelled.code, cancelled.json().len()), (0, 2500));
    assert!(cancelled.json().iter().zip(1..).all(|(line, n)| line["id"] == format!("{n}")));
    assert!((3..10).contains(&server.engine.heard().len()));
}

#[test]
fn redrive_makes_dead_tasks_ready_and_says_which_were_not() {
    let server = with_dead(3);
    server.engine.0.lock().unwrap().tasks.push(task(4, "4", "x"));
    let redriven = server.run(&["redrive", "--group", "ci", "2", "4", "7"], "");
    let verdicts: Vec<_> = redriven.json().iter().map(|line| line["verdict"].clone()).collect();
    assert_eq!(
        (redriven.code, verdicts),
        (1, vec!["ok".into(), "conflict".into(), "unknown".into()] as Vec<serde_json::Value>)
    );
    // What no task can be named does not mean all of them.
    let redriven = server.run(&["redrive", "--group", "ci", "two words"], "");
    assert_eq!((redriven.code, &redriven.json()[0]["verdict"]), (1, &"unknown".into()));
    let redriven = server.run(&["redrive", "--group", "ci", "--all"], "");
    let lines = "{\"id\":\"1\",\"verdict\":\"ok\"}\n{\"id\":\"3\",\"verdict\":\"ok\"}\n";
    assert_eq!((redriven.code, &redriven.stdout[..]), (0, lines));
    let redriven = server.run(&["redrive", "--group", "ci", "--all"], "");
    assert_eq!((redriven.code, &redriven.stdout[..]), (0, ""));
    let refused = server.run(&["redrive", "--group", "no", "--all"], "");
    assert_eq!((refused.code, &refused.errors()[0]["error"]), (69, &"no_group".into()));
}

#[test]
fn redrive_all_takes_as_many_calls_as_the_rate_wants() {
    let server = with_dead(2500);
    let redriven = server.run(&["redrive", "--group", "ci", "--all"], "");
    assert_eq!((redriven.code, redriven.json().len(), server.engine.heard().len()), (0, 2500, 3));
    let server = with_dead(10);
    let began = std::time::Instant::now();
    let redriven = server.run(&["redrive", "--group", "ci", "--all", "--rate", "20/s"], "");
    assert_eq!((redriven.code, redriven.json().len()), (0, 10));
    // Two at a time, the first at once.
    assert_eq!(server.engine.heard().len(), 5);
    assert!(began.elapsed() >= std::time::Duration::from_millis(400), "{:?}", began.elapsed());
}

#[test]
fn a_task_that_dies_again_is_not_redriven_for_ever() {
    let server = with_dead(30);
    let running = crate::common::Running::start(
        server.contact().args(["redrive", "--group", "ci", "--all", "--rate", "100/s"]),
    );
    // Each dies at once.
    for _ in 0..30 {
        running.line();
        server.engine.0.lock().unwrap().tasks.iter_mut().for_each(|task| task.state = State::Dead);
    }
    let ended = running.end();
    assert_eq!((ended.code, &ended.stdout[..]), (0, ""));
}

#[test]
fn purge_throws_away_what_is_named_and_nothing_else() {
    let server = with_dead(1);
    let purged = server.run(&["purge", "-q", "default", "--all"], "");
    assert_eq!((purged.code, &purged.stdout[..]), (0, "{\"queue\":\"default\",\"tasks\":9,\"leases\":1}\n"));
    let purged = server.run(&["purge", "-q", "default", "--upto", "7", "-o", "text"], "");
    assert_eq!((purged.code, &purged.stdout[..]), (0, "default: 9 tasks thrown away, 1 of them leased\n"));
    assert_eq!(server.engine.heard(), ["queues 1", "purge default Some(1)", "purge default Some(7)"]);
    let refused = server.run(&["purge", "-q", "no", "--all"], "");
    assert_eq!((refused.code, &refused.errors()[0]["error"]), (69, &"no_queue".into()));
    server.engine.heard();
    for args in [
        &["purge"][..],
        &["purge", "--all"],
        &["purge", "-q", "default"],
        &["purge", "-q", "", "--all"],
        &["purge", "-q", "default", "--all", "--upto", "7"],
        &["purge", "-q", "default", "--upto", "0"],
        &["redrive", "--all"],
        &["redrive", "--group", "ci", "--all", "1"],
        &["redrive", "--group", "ci", "--rate", "0", "1"],
        &["redrive", "--group", "ci", "--rate", "1/d", "1"],
        &["groups", "set", "ci"],
        &["groups", "set", "ci", "--lease", "999ms"],
        &["groups", "set", "ci", "--lease", "13h"],
        &["groups", "set", "ci", "--backoff", "5m..1s"],
        &["groups", "set", "ci", "--backoff", "0s"],
        &["groups", "set", "ci", "--max-failures", "-1"],
        &["groups", "set"],
        &["groups", "pause"],
        &["groups", "pause", "two words"],
        &["groups", "stop", "ci"],
    ] {
        let refused = server.run(args, "");
        assert_eq!((refused.code, &refused.stdout[..]), (2, ""), "{args:?}: {refused:?}");
    }
    assert_eq!(server.engine.heard(), [] as [String; 0]);
}

#[test]
fn a_groups_settings_are_changed_and_shown() {
    let server = with_dead(0);
    server.engine.0.lock().unwrap().groups.push(group("builds", "@w1"));
    let set = server
        .run(&["groups", "set", "ci", "--max-failures", "0", "--backoff", "2s..3s", "--lease", "1h"], "");
    assert_eq!(set.code, 0, "{set:?}");
    let line = &set.json()[0];
    let settings =
        ["max_failures", "backoff_ms", "backoff_max_ms", "lease_ms"].map(|name| line[name].clone());
    assert_eq!(settings, [0, 2000, 3000, 3_600_000]);
    assert!(line["paused"].is_null());
    for (args, paused) in [
        (&["groups", "pause", "ci"][..], true),
        (&["groups", "resume", "ci"], false),
        (&["groups", "-q", "builds", "pause", "@"], true),
        (&["groups", "resume", "@", "-q", "builds"], false),
    ] {
        let set = server.run(args, "");
        assert_eq!(
            (set.code, set.json()[0]["paused"].as_bool().unwrap_or(false)),
            (0, paused),
            "{args:?}: {set:?}"
        );
    }
    let set = server.run(&["groups", "set", "ci", "--lease", "5s", "-o", "text"], "");
    assert_eq!(set.stdout.lines().count(), 2, "{set:?}");
    // The longest pause is 3 s: one of the two has been said before.
    let refused = server.run(&["groups", "set", "ci", "--backoff", "4s"], "");
    assert_eq!((refused.code, &refused.errors()[0]["error"]), (67, &"bad_backoff".into()));
    let refused = server.run(&["groups", "set", "no", "--backoff", "4s"], "");
    assert_eq!((refused.code, &refused.errors()[0]["error"]), (69, &"no_group".into()));
    let refused = server.run(&["groups", "pause", "ci", "-q", "no"], "");
    assert_eq!((refused.code, &refused.errors()[0]["error"]), (69, &"no_group".into()));
}
