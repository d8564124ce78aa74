//! What is to be seen, in JSON and in text.

use contact::{
    name::ClientName,
    server::engine::groups::{InGroup, Settings, State, TaskView},
};

use crate::{
    Server,
    common::{Running, until},
    engine::{dead, group, queue, task},
};

#[test]
fn queues_are_lines_of_json_and_rows_of_a_table() {
    let server = Server::start();
    assert_eq!(server.run(&["queues"], "").stdout, "");
    assert!(server.run(&["queues", "-o", "text"], "").stdout.starts_with("QUEUE  TASKS  FIRST"));
    server.engine.0.lock().unwrap().queues = vec![queue("@w1", 0), queue("builds", 1234)];
    let queues = server.run(&["queues"], "");
    let counts = "\"delayed\":0,\"trimmed\":0,\"groups\":0";
    let empty = format!("{{\"queue\":\"@w1\",\"tasks\":0,\"first_seq\":1,\"last_seq\":0,{counts}}}\n");
    let oldest = "\"oldest_at\":\"1970-01-01T00:01:01.500Z\"";
    let full = format!(
        "{{\"queue\":\"builds\",\"tasks\":1234,\"first_seq\":1,\"last_seq\":1234,{counts},{oldest}}}\n"
    );
    assert_eq!((queues.code, queues.stdout, &queues.stderr[..]), (0, empty + &full, ""));
    let queues = server.run(&["queues", "-o", "text", "-q", "builds"], "");
    let lines: Vec<&str> = queues.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{queues:?}");
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(lines[0]).join(" "), "QUEUE TASKS FIRST LAST DELAYED TRIMMED GROUPS OLDEST");
    assert!(lines[1].starts_with("builds   1234      1  1234        0        0       0  "), "{lines:?}");
}

#[test]
fn groups_say_what_is_not_as_usual() {
    let server = Server::start();
    let mut odd = group("builds", "ci");
    (odd.members, odd.ready, odd.leased, odd.waiting, odd.dead, odd.done) = (2, 3, 4, 5, 6, 7);
    (odd.trimmed_unsettled, odd.suspects, odd.next_seq, odd.oldest_at_ms) = (8, 9, 10, Some(0));
    odd.settings.paused = true;
    odd.settings.max_failures = 0;
    server.engine.0.lock().unwrap().groups = vec![odd, group("default", "@w1"), group("default", "ci")];
    let all = server.run(&["groups"], "");
    let first = "{\"queue\":\"builds\",\"group\":\"ci\",\"members\":2,\"ready\":3,\"leased\":4,\"waiting\":5,\
                 \"dead\":6,\"done\":7,\"lag\":12,\"trimmed_unsettled\":8,\"suspects\":9,\"next_seq\":10,\
                 \"oldest_at\":\"1970-01-01T00:00:00Z\",\"paused\":true,\"max_failures\":0,\
                 \"backoff_ms\":1000,\"backoff_max_ms\":300000,\"lease_ms\":60000}";
    assert_eq!((all.code, all.stdout.lines().next(), all.json().len()), (0, Some(first), 3));
    let second = &all.json()[1];
    assert_eq!((&second["paused"], &second["lag"]), (&serde_json::Value::Null, &0.into()));
    let of = |flags: &[&str]| server.run(&[&["groups"], flags].concat(), "").json().len();
    assert_eq!(
        (of(&["--group", "ci"]), of(&["--group", "@"]), of(&["-q", "builds", "--group", "@"])),
        (2, 1, 0)
    );
    let text = server.run(&["groups", "-q", "builds", "-o", "text"], "");
    assert!(
        text.stdout.contains("  paused, 9 suspect, 8 trimmed unsettled     7     1m  1s..5m        off\n"),
        "{text:?}"
    );
}

#[test]
fn pages_are_turned_until_the_end() {
    let server = Server::start();
    {
        let mut script = server.engine.0.lock().unwrap();
        script.queues = (0..2500).map(|n| queue(&format!("q{n:04}"), 1)).collect();
        let names = (0..1250).flat_map(|n| [(n, "a"), (n, "b")]);
        script.groups = names.map(|(n, group_name)| group(&format!("q{n:04}"), group_name)).collect();
        script.tasks = (1..=250).map(|seq| task(seq, &seq.to_string(), "x")).collect();
        script.page_tasks = 100;
    }
    for (command, items, pages) in [("queues", 2500, 3), ("groups", 2500, 3), ("tasks", 250, 3)] {
        let all = server.run(&[command], "");
        assert_eq!((all.code, all.json().len()), (0, items), "{command}");
        assert_eq!(server.engine.heard().len(), pages, "{command}");
    }
    for (limit, items, pages) in [("1", 1, 1), ("100", 100, 1), ("101", 101, 2), ("9999", 250, 3)] {
        let some = server.run(&["tasks", "--limit", limit], "");
        assert_eq!((some.code, some.json().len()), (0, items), "{limit}");
        assert_eq!(server.engine.heard().len(), pages, "{limit}");
    }
    // One header, whatever the pages.
    let text = server.run(&["tasks", "-o", "text"], "");
    assert_eq!(text.stdout.lines().filter(|line| line.starts_with("QUEUE")).count(), 1);
}

#[test]
fn a_task_is_a_line_of_watch_tasks_and_where_it_stands() {
    let server = Server::start();
    let held = TaskView {
        state: State::Leased,
        holder: Some(ClientName::parse("w2").unwrap()),
        since_ms: Some(1000),
        until_ms: Some(61_000),
        suspect: true,
        ends: vec![],
        said: String::new(),
        ..dead(2)
    };
    server.engine.0.lock().unwrap().tasks = vec![dead(1), held, task(0, "own", "later")];
    server.engine.0.lock().unwrap().page_tasks = 9;
    let tasks = server.run(&["tasks"], "");
    let expected = "{\"id\":\"1\",\"queue\":\"default\",\"seq\":1,\"task\":\"任务\",\"group\":\"ci\",\
                    \"attempt\":2,\"state\":\"dead\",\"failures\":1,\"ends\":[\"lost_together\",\"failed\"],\
                    \"said\":\"no \\\"room\\\"\"}\n\
                    {\"id\":\"2\",\"queue\":\"default\",\"seq\":2,\"task\":\"任务\",\"group\":\"ci\",\
                    \"attempt\":2,\"state\":\"leased\",\"failures\":1,\"suspect\":true,\"holder\":\"w2\",\
                    \"since\":\"1970-01-01T00:00:01Z\",\"until\":\"1970-01-01T00:01:01Z\"}\n\
                    {\"id\":\"own\",\"queue\":\"default\",\"task\":\"later\"}\n";
    assert_eq!((tasks.code, &tasks.stdout[..], &tasks.stderr[..]), (0, expected, ""));
    let text = server.run(&["tasks", "-o", "text", "--group", "ci"], "").stdout;
    let expected = "QUEUE    SEQ  ID   AGE  GROUP  STATE   LEFT  ATTEMPT  FAILURES  HOLDER  TASK\n\
                    default    1            ci     dead                2         1          任务\n\
                    default    2            ci     leased    0s        2         1  w2      任务\n\
                    default       own                                  0         0          later\n";
    assert_eq!(text, expected);
    let text = server.run(&["tasks", "-o", "text", "own"], "").stdout;
    let expected = "QUEUE    SEQ  ID   AGE  STATE  LEFT  TASK\n\
                    default       own                    later\n";
    assert_eq!(text, expected);
}

#[test]
fn tasks_are_asked_for_as_the_flags_say() {
    let server = Server::start();
    server.engine.0.lock().unwrap().tasks = vec![dead(1)];
    let asked = |flags: &[&str]| {
        let tasks = server.run(&[&["tasks"], flags].concat(), "");
        assert_eq!(tasks.code, 0, "{tasks:?}");
        server.engine.heard().remove(0)
    };
    assert_eq!(asked(&[]), "tasks of None in Some(\"default\") None ids 0 after \"\"");
    assert_eq!(
        asked(&["-q", "ci", "--group", "@"]),
        "tasks of Some(\"@w1\") in Some(\"ci\") None ids 0 after \"\""
    );
    // What is known at once is looked for everywhere, what has to be found in the log is not.
    assert_eq!(asked(&["--state", "dead"]), "tasks of None in None Some(Dead) ids 0 after \"\"");
    assert_eq!(asked(&["--state", "delayed"]), "tasks of None in None Some(Delayed) ids 0 after \"\"");
    let done = "tasks of Some(\"ci\") in Some(\"default\") Some(Done) ids 0 after \"\"";
    assert_eq!(asked(&["--state", "done", "--group", "ci"]), done);
    assert_eq!(asked(&["1"]), "tasks of None in None None ids 1 after \"\"");
}

#[test]
fn an_id_of_no_task_is_named_and_the_others_are_shown() {
    let server = Server::start();
    server.engine.0.lock().unwrap().tasks = vec![task(1, "1", "x"), task(2, "own", "y")];
    server.engine.0.lock().unwrap().page_tasks = 9;
    let tasks = server.run(&["tasks", "own", "7", "1", "two words"], "");
    assert_eq!((tasks.code, tasks.json().len()), (1, 2), "{tasks:?}");
    let unknown: Vec<_> = tasks.errors().iter().map(|error| error["message"].clone()).collect();
    assert_eq!(unknown, ["there is no task \"7\"", "there is no task \"two words\""]);
    assert_eq!(tasks.errors()[0]["error"], "no_task");
    // More than one call takes.
    let ids: Vec<String> = (1..=250).map(|n| n.to_string()).collect();
    let mut args = vec!["tasks".to_owned()];
    args.extend(ids);
    let tasks = server.run(&args, "");
    assert_eq!((tasks.code, tasks.json().len(), tasks.errors().len()), (1, 1, 249));
}

#[test]
fn why_says_the_task_once_and_each_group_with_its_reasons() {
    let server = Server::start();
    {
        let mut script = server.engine.0.lock().unwrap();
        script.tasks = vec![task(1, "1", "任务"), task(2, "alone", "x")];
        let in_group = |task, paused, before| InGroup {
            task,
            paused,
            members: 1,
            members_full: 1,
            before,
            max_failures: Settings::default().max_failures,
        };
        let ready = TaskView { state: State::Ready, ends: vec![], said: String::new(), ..dead(1) };
        script.explained = vec![in_group(dead(1), true, 0), in_group(ready, true, 3)];
    }
    let why = server.run(&["why", "1"], "");
    let expected = "{\"id\":\"1\",\"queue\":\"default\",\"seq\":1,\"task\":\"任务\",\"groups\":[\
                    {\"group\":\"ci\",\"attempt\":2,\"state\":\"dead\",\"failures\":1,\
                    \"ends\":[\"lost_together\",\"failed\"],\"said\":\"no \\\"room\\\"\",\
                    \"reasons\":[\"failures\"],\
                    \"because\":\"dead after 1 failure of at most 5: its worker said \\\"no \\\\\\\"room\\\\\\\"\\\"\",\
                    \"members\":1,\"members_full\":1,\"before\":0},\
                    {\"group\":\"ci\",\"attempt\":2,\"state\":\"ready\",\"failures\":1,\
                    \"reasons\":[\"paused\",\"credit_full\",\"behind\"],\
                    \"because\":\"the group is paused; the only member may hold no more; 3 tasks are before it\",\
                    \"members\":1,\"members_full\":1,\"before\":3}]}\n";
    assert_eq!((why.code, &why.stdout[..], &why.stderr[..]), (0, expected, ""));
    let text = server.run(&["why", "1", "-o", "text"], "").stdout;
    assert!(
        text.starts_with("1  default  任务\nGROUP  STATE  ATTEMPT  FAILURES  MEMBERS  BECAUSE\nci     dead ")
    );
    assert!(text.contains("the group is paused; the only member may hold no more; 3 tasks are before it\n"));
    server.engine.0.lock().unwrap().explained.clear();
    let text = server.run(&["why", "alone", "-o", "text"], "").stdout;
    assert_eq!(text, "alone  default  x\nno group shares its queue\n");
    for unknown in ["7", "two words", ""] {
        let why = server.run(&["why", unknown], "");
        assert_eq!((why.code, why.errors()[0]["error"].as_str()), (69, Some("no_task")), "{why:?}");
    }
}

#[test]
fn a_list_that_is_followed_prints_what_has_changed() {
    let server = Server::start();
    server.engine.0.lock().unwrap().queues = vec![queue("a", 1), queue("b", 2)];
    let follow = Running::start(server.contact().args(["queues", "--watch", "--every", "10ms"]));
    assert_eq!((&follow.line()["queue"], &follow.line()["queue"]), (&"a".into(), &"b".into()));
    // What stays the same is not said again.
    server.engine.heard();
    until("three looks", || (server.engine.0.lock().unwrap().heard.len() > 3).then_some(()));
    assert_eq!(follow.line_if_any(), None);
    server.engine.0.lock().unwrap().queues[1].tasks = 3;
    let line = follow.line();
    assert_eq!((&line["queue"], &line["tasks"]), (&"b".into(), &3.into()));
    server.engine.0.lock().unwrap().queues.push(queue("c", 0));
    assert_eq!(follow.line()["queue"], "c");
    server.engine.0.lock().unwrap().queues.remove(0);
    let gone = follow.line();
    assert_eq!((&gone["queue"], &gone["tasks"], &gone["gone"]), (&"a".into(), &1.into(), &true.into()));
    common_end(follow, "INT", 130);
}

#[test]
fn a_followed_table_that_is_no_screens_is_printed_when_it_has_changed() {
    let server = Server::start();
    server.engine.0.lock().unwrap().groups = vec![group("default", "ci")];
    let mut command = server.contact();
    let follow =
        Running::start(command.args(["groups", "-w", "--every", "10ms", "-o", "text", "--timeout", "60s"]));
    until("three looks", || (server.engine.0.lock().unwrap().heard.len() > 3).then_some(()));
    server.engine.0.lock().unwrap().groups[0].done = 1;
    server.engine.heard();
    until("three looks", || (server.engine.0.lock().unwrap().heard.len() > 3).then_some(()));
    let text = common_end(follow, "TERM", 143);
    let tables: Vec<&str> = text.split("\n\n").collect();
    assert_eq!(tables.len(), 2, "{text}");
    assert!(tables.iter().all(|table| table.starts_with("QUEUE")), "{text}");
}

#[test]
fn the_flags_of_following_go_together() {
    let server = Server::start();
    for args in [
        &["queues", "--every", "1s"][..],
        &["queues", "-w", "--every", "0s"],
        &["queues", "-q", "two words"],
        &["queues", "-q", ""],
        &["groups", "--group", "two words"],
        &["groups", "--watch", "pause", "ci"],
        &["groups", "--group", "a", "pause", "ci"],
        &["tasks", "--state", "odd"],
        &["tasks", "--state", "done"],
        &["tasks", "--state", "ready", "-q", "default"],
        &["tasks", "--limit", "0"],
        &["tasks", ""],
        &["tasks", &"x".repeat(129)],
        &["why"],
    ] {
        let refused = server.run(args, "");
        assert_eq!((refused.code, &refused.stdout[..]), (2, ""), "{args:?}: {refused:?}");
        assert_eq!(refused.errors()[0]["error"], "usage", "{args:?}");
    }
    assert_eq!(server.engine.heard(), [] as [String; 0]);
}

/// Ends it by a signal, and returns what it has printed since.
fn common_end(running: Running, signal: &str, code: i32) -> String {
    crate::common::signal(running.child.id(), signal);
    let ended = running.end();
    assert_eq!(ended.code, code, "{ended:?}");
    ended.stdout
}
