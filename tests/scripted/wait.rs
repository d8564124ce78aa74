//! Waiting for tasks: wait, and submit --wait.

use contact::{
    name::{ClientName, GroupName, QueueName},
    server::engine::{
        groups::{End, InGroup, Instance, State, Word},
        presence::{ClientView, Health, InstanceView},
        results::{Answer, ResultView},
    },
};

use crate::{
    Server,
    common::{self, Running, until},
    engine::{dead, result, task},
};

fn done(n: u64, id: &str) -> ResultView {
    result(n, id, Some(Word::Done), State::Done)
}

fn with_code(code: i32, result: ResultView) -> ResultView {
    ResultView { answer: Answer { exit_code: Some(code), ..result.answer.clone() }, ..result }
}

fn by(client: &str, result: ResultView) -> ResultView {
    ResultView {
        client: Some(ClientName::parse(client).unwrap()),
        group: Some(GroupName::parse(&format!("@{client}")).unwrap()),
        ..result
    }
}

/// It has ended for all, without a word.
fn ended(id: &str, state: State) -> ResultView {
    ResultView { n: 0, group: None, client: None, attempt: 0, ..result(0, id, None, state) }
}

fn script(server: &Server, results: Vec<ResultView>) {
    server.engine.0.lock().unwrap().results = results;
}

/// Waits until somebody watches, and tells all who do.
fn tell(server: &Server, told: ResultView) {
    until("a watch", || (!server.engine.0.lock().unwrap().result_streams.is_empty()).then_some(()));
    for stream in &server.engine.0.lock().unwrap().result_streams {
        // Those of before have ended.
        let _ = stream.send(Ok(vec![told.clone()]));
    }
}

#[test]
fn a_task_that_has_ended_is_no_wait() {
    let server = Server::start();
    let failed = result(1, "1", Some(Word::Failed), State::Waiting);
    let (expired, gone) = (ended("4", State::Expired), ended("5", State::Gone));
    let out_of_failures = with_code(3, result(4, "6", Some(Word::Failed), State::Dead));
    let rejected = with_code(65, result(5, "7", Some(Word::Rejected), State::Dead));
    let lost = ResultView { end: Some(End::Lost), ..result(6, "8", None, State::Dead) };
    script(
        &server,
        vec![
            failed,
            with_code(0, done(2, "1")),
            with_code(7, done(3, "2")),
            ended("3", State::Cancelled),
            expired,
            gone,
            out_of_failures,
            rejected,
            lost,
            done(9, "9"),
        ],
    );
    let dead_of = |id: &str, last: &str| {
        format!("task {id} is dead in group \"@w1\": out of failures, the last one{last}")
    };
    for (id, lines, code, exit_code, reason, message) in [
        ("1", 2, 0, 0, "", String::new()),
        // It is done: what its exit code means was the worker's to say.
        ("2", 1, 0, 7, "", String::new()),
        ("3", 1, 1, 1, "cancelled", "task 3 was cancelled".to_owned()),
        ("4", 1, 1, 1, "expired", "task 4 has expired".to_owned()),
        ("5", 1, 1, 1, "gone", "task 5 is gone, by a purge or its age".to_owned()),
        ("6", 1, 1, 3, "dead", dead_of("6", " by w1: exit code 3, \"said\"")),
        (
            "7",
            1,
            1,
            65,
            "rejected",
            "task 7 was rejected by w1 in group \"@w1\": exit code 65, \"said\"".to_owned(),
        ),
        ("8", 1, 1, 1, "dead", dead_of("8", " by w1: its worker was lost")),
        ("9", 1, 0, 0, "", String::new()),
    ] {
        for (flags, code) in [(&[][..], code), (&["--exit-code"], exit_code)] {
            let waited = server.run(&[&["wait", id], flags].concat(), "");
            assert_eq!((waited.code, waited.json().len()), (code, lines), "{id} {flags:?}: {waited:?}");
            let errors = waited.errors();
            let said = errors.first().map(|error| (error["error"].clone(), error["message"].clone()));
            let expected = (!reason.is_empty()).then(|| (reason.into(), message.clone().into()));
            assert_eq!((said, errors.len()), (expected.clone(), usize::from(expected.is_some())), "{id}");
        }
    }
    // Several, by arguments or by lines: each says why, and the first code that is not 0 is the one.
    let all = server.run(&["wait", "1", "7", "2", "3", "--exit-code"], "");
    assert_eq!((all.code, all.errors().len()), (65, 2), "{all:?}");
    let all = server.run(&["wait"], "1\n{\"id\":\"9\",\"queue\":\"default\"}\n9\n");
    assert_eq!((all.code, all.json().len(), &all.stderr[..]), (0, 3, ""), "{all:?}");
    let all = server.run(&["wait", "--exit-code"], "9\n{}\n");
    assert_eq!((all.code, all.json().len(), &all.errors()[0]["line"]), (125, 1, &2.into()), "{all:?}");
    assert_eq!(server.run(&["wait"], "").code, 0);
}

#[test]
fn an_attempt_that_is_followed_by_another_is_waited_on_through_a_reconnect() {
    let server = Server::start();
    script(&server, vec![result(1, "1", Some(Word::Failed), State::Waiting)]);
    let wait = Running::start(server.contact().args(["wait", "1", "2"]));
    assert_eq!(wait.line()["outcome"], "failed");
    tell(&server, done(2, "2"));
    assert_eq!(wait.line()["id"], "2");
    server.engine.0.lock().unwrap().result_streams.clear();
    assert_eq!(wait.error()["notice"], "retrying");
    tell(&server, done(3, "1"));
    assert_eq!(wait.line()["n"], 3);
    let ended = wait.end();
    assert_eq!((ended.code, &ended.stdout[..], &ended.stderr[..]), (0, "", ""));
    // What has ended is not asked for again.
    let asked = server.engine.heard();
    assert!(asked[0].contains("Seq(2)") && !asked[1].contains("Seq(2)"), "{asked:?}");
}

#[test]
fn each_of_the_clients_is_waited_for() {
    let server = Server::start();
    for (clients, more) in [("w1,w2,w3", true), ("3", true), ("w2,w1", false), ("2", false)] {
        script(&server, vec![done(1, "1"), by("w2", with_code(4, done(2, "1")))]);
        let wait = Running::start(server.contact().args(["wait", "1", "--exit-code", "--clients", clients]));
        assert_eq!((&wait.line()["client"], &wait.line()["client"]), (&"w1".into(), &"w2".into()));
        if more {
            until("a watch", || (!server.engine.0.lock().unwrap().result_streams.is_empty()).then_some(()));
            tell(&server, by("w3", done(3, "1")));
            assert_eq!(wait.line()["client"], "w3");
        }
        let ended = wait.end();
        assert_eq!((ended.code, &ended.stdout[..]), (4, ""), "{clients}: {ended:?}");
        server.engine.0.lock().unwrap().result_streams.clear();
    }
    script(&server, vec![done(1, "1"), ended("1", State::Cancelled)]);
    let waited = server.run(&["wait", "1", "--clients", "w1,w2"], "");
    assert_eq!((waited.code, waited.json().len()), (1, 2));
    assert_eq!(waited.errors()[0]["message"], "task 1 was cancelled before w2 had answered");
}

#[test]
fn a_dead_task_that_was_redriven_is_waited_on() {
    let server = Server::start();
    let group = Some(GroupName::parse("ci").unwrap());
    let of = |task| InGroup { task, paused: false, members: 1, members_full: 0, before: 0, max_failures: 5 };
    {
        let mut script = server.engine.0.lock().unwrap();
        script.tasks = vec![task(1, "1", "x")];
        script.results =
            vec![ResultView { group: group.clone(), ..result(1, "1", Some(Word::Failed), State::Dead) }];
        script.explained =
            vec![of(contact::server::engine::groups::TaskView { state: State::Ready, ..dead(1) })];
    }
    let wait = Running::start(server.contact().args(["wait", "1"]));
    assert_eq!(wait.line()["state"], "dead");
    until("a look", || {
        server.engine.0.lock().unwrap().heard.iter().any(|call| call.contains("explain")).then_some(())
    });
    tell(&server, ResultView { group: group.clone(), ..done(2, "1") });
    assert_eq!(wait.line()["outcome"], "done");
    let ended = wait.end();
    assert_eq!((ended.code, &ended.stderr[..]), (0, ""));
    // It still is: how often it has failed is said.
    server.engine.0.lock().unwrap().explained = vec![of(dead(1))];
    let waited = server.run(&["wait", "1"], "");
    let expected = "task 1 is dead in group \"ci\": out of failures (1), the last one by w1: \"said\"";
    assert_eq!((waited.code, &waited.errors()[0]["message"]), (1, &expected.into()), "{waited:?}");
}

#[test]
fn who_leaves_is_told_how_to_go_on() {
    let server = Server::start();
    script(&server, vec![done(1, "1")]);
    let timed_out =
        server.run(&["wait", "1", "2", "own", "--timeout", "300ms", "--clients", "w1", "--exit-code"], "");
    assert_eq!((timed_out.code, timed_out.json().len()), (124, 1), "{timed_out:?}");
    let error = &timed_out.errors()[0];
    let hint = "2 tasks have not ended; to go on waiting: contact wait 2 own --clients w1 --exit-code";
    assert_eq!((&error["error"], &error["hint"]), (&"timeout".into(), &hint.into()));
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let wait = Running::start(server.contact().args(["wait", "1", "2", "--exit-code"]));
        wait.line();
        common::signal(wait.child.id(), signal);
        let notice = wait.error();
        let message = "1 task has not ended; to go on waiting: contact wait 2 --exit-code";
        assert_eq!((&notice["notice"], &notice["message"]), (&"left".into(), &message.into()));
        let ended = wait.end();
        assert_eq!((ended.code, &ended.stdout[..], &ended.stderr[..]), (code, "", ""));
    }
}

#[test]
fn failures_of_our_own() {
    let server = Server::start();
    for (args, code) in [
        (&["wait", ""][..], 2),
        (&["wait", "1", "--clients", ""], 2),
        (&["wait", "1", "--clients", "0"], 2),
        (&["wait", "1", "--clients", "a,a"], 2),
        (&["wait", "1", "--clients", "", "--exit-code"], 2),
        (&["submit", "x", "--clients", "a"], 2),
        (&["submit", "x", "--exit-code"], 2),
        (&["wait", "two words"], 1),
        (&["wait", "two words", "--exit-code"], 125),
        (&["submit", "--wait", "--retry-for", "0s", "x"], 72),
        (&["submit", "--wait", "--retry-for", "0s", "x", "--exit-code"], 125),
    ] {
        let refused = server.run(args, "");
        assert_eq!((refused.code, &refused.stdout[..]), (code, ""), "{args:?}: {refused:?}");
        assert_eq!(refused.errors().len(), 1, "{args:?}: {refused:?}");
    }
    let nowhere = ["--server", "127.0.0.1:1", "--retry-for", "0s"];
    for (flags, code) in [(&[][..], 3), (&["--exit-code"], 125)] {
        let lost = server.run(&[&["wait", "1"], flags, &nowhere].concat(), "");
        assert_eq!((lost.code, &lost.stdout[..]), (code, ""), "{lost:?}");
        let error = lost.errors().pop().unwrap();
        assert_eq!(error["error"], "unreachable");
        assert!(error["hint"].as_str().unwrap().contains("contact wait 1"), "{error}");
    }
}

#[test]
fn submit_waits_for_what_it_has_handed_in() {
    let server = Server::start();
    server.engine.0.lock().unwrap().next_seq = Some(1);
    script(&server, vec![done(1, "1"), with_code(3, done(2, "2")), done(3, "3")]);
    let waited = server.run(&["submit", "--wait", "a"], "");
    assert_eq!((waited.code, waited.json().len(), &waited.stderr[..]), (0, 1, ""), "{waited:?}");
    assert_eq!((&waited.json()[0]["id"], &waited.json()[0]["ret"]), (&"1".into(), &"said".into()));
    assert_eq!(server.engine.heard(), ["submit 1", "results Of([Seq(1)])"]);
    let waited = server.run(&["submit", "--wait", "--exit-code"], "b\nc\n");
    assert_eq!((waited.code, waited.json().len()), (3, 2), "{waited:?}");
    assert_eq!(server.engine.heard().last().unwrap(), "results Of([Seq(2), Seq(3)])");
    // A line that is refused is no reason not to wait for the others.
    server.engine.0.lock().unwrap().next_seq = Some(1);
    for (flags, code) in [(&[][..], 4), (&["--exit-code"], 125)] {
        server.engine.0.lock().unwrap().next_seq = Some(1);
        let waited =
            server.run(&[&["submit", "--wait", "--json"], flags].concat(), "{\"task\":\"a\"}\nnope\n");
        assert_eq!((waited.code, waited.json().len()), (code, 1), "{waited:?}");
    }
    server.engine.0.lock().unwrap().next_seq = Some(8);
    let left = server.run(&["submit", "--wait", "d", "--timeout", "300ms"], "");
    let hint = "1 task has not ended; to go on waiting: contact wait 8";
    assert_eq!((left.code, &left.errors()[0]["hint"]), (124, &hint.into()), "{left:?}");
}

#[test]
fn more_tasks_than_one_call_takes() {
    let server = Server::start();
    server.engine.0.lock().unwrap().next_seq = Some(1);
    script(&server, (1..=10_050).map(|seq| done(seq, &seq.to_string())).collect());
    let waited = server.run(&["submit", "--wait"], &"x\n".repeat(10_050));
    assert_eq!((waited.code, waited.stdout.lines().count()), (0, 10_050));
    let asked = server.engine.heard();
    assert_eq!(asked.iter().filter(|call| call.starts_with("results")).count(), 2);
}

#[test]
fn who_is_missing_is_said_once() {
    let server = Server::start();
    let queue = |name: &str| QueueName::parse(name).unwrap();
    let client = |name: &str, instances: Vec<InstanceView>| ClientView {
        client: ClientName::parse(name).unwrap(),
        last_seen_ms: 1000,
        status: None,
        in_flight: 0,
        instances,
    };
    let instance = InstanceView {
        instance: Instance::from([7; 16]),
        address: "127.0.0.1:7".into(),
        connected_ms: 0,
        heard_ms: None,
        watches: vec![(queue("@up"), None)],
        in_flight: 0,
        health: Health::Healthy,
    };
    {
        let mut script = server.engine.0.lock().unwrap();
        let in_queue = |seq, name: &str| crate::engine::task_in(name, seq, &seq.to_string(), "x");
        script.tasks = vec![
            in_queue(1, "default"),
            in_queue(2, "@down"),
            in_queue(3, "@up"),
            in_queue(4, "@never"),
            in_queue(5, "default"),
        ];
        script.clients = vec![client("down", vec![]), client("up", vec![instance])];
    }
    let wait = Running::start(server.contact().args(["wait", "1", "2", "3", "4", "5"]));
    let messages: Vec<String> = (0..3)
        .map(|_| {
            let notice = wait.error();
            assert_eq!(notice["notice"], "nobody");
            notice["message"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(messages[0], "nobody takes tasks of queue \"default\": no group shares it");
    assert!(messages[1].starts_with("nobody watches queue \"@down\"; down was last seen "), "{messages:?}");
    assert_eq!(messages[2], "nobody watches queue \"@never\"; never was not seen in the last 7 days");
    common::signal(wait.child.id(), "TERM");
    // Nothing more than how to go on.
    assert_eq!(wait.error()["notice"], "left");
    assert_eq!(wait.end().stderr, "");
    let wait = Running::start(server.contact().args(["wait", "1", "--clients", "up,never"]));
    assert_eq!(wait.error()["message"], "never was not seen in the last 7 days");
    drop(wait);
}
