//! Our commands against a server that knows nothing but the tutorial.

use serde_json::json;

use crate::{
    common::{self, Output, Running, json_lines, run, until},
    tutorial_server::{Habit, TutorialServer},
};

const TASKS: [&str; 3] = ["任务:100", "任务:200", "a \"third\" one"];
const TASK_LINES: &str =
    "{\"task\":\"任务:100\"}\n{\"task\":\"任务:200\"}\n{\"task\":\"a \\\"third\\\" one\"}\n";

#[test]
fn watch_tasks_prints_a_line_for_each_task_and_leaves_after_max() {
    let server = TutorialServer::start(&TASKS);
    let watch = contact(&server, &["watch-tasks", "--max", "3"], "");
    assert_eq!((watch.code, &watch.stdout[..], &watch.stderr[..]), (0, TASK_LINES, ""));
    let watch = contact(&server, &["watch-tasks", "--max", "1", "--from", "start"], "");
    assert_eq!((watch.code, watch.json().len(), &watch.stderr[..]), (0, 1, ""));
}

#[test]
fn watch_tasks_leaves_when_no_task_has_come_for_idle_exit() {
    let server = TutorialServer::start(&TASKS);
    let watch = contact(&server, &["watch-tasks", "--idle-exit", "3s"], "");
    assert_eq!((watch.code, &watch.stdout[..], &watch.stderr[..]), (0, TASK_LINES, ""));
}

#[test]
fn watch_tasks_serves_a_server_that_sends_headers_only_with_its_first_task() {
    let server = TutorialServer::start_with(Habit::LateHeaders, &[]);
    let watch = contact(&server, &["watch-tasks", "--idle-exit", "1s"], "");
    assert_eq!((watch.code, &watch.stdout[..], &watch.stderr[..]), (0, "", ""));

    let watch = watching(&server, &["--max", "1"]);
    until("the watch is open", || (server.watches() > 0).then_some(()));
    server.add_task("任务:101");
    assert_eq!(watch.line(), json!({"task": "任务:101"}));
    assert_eq!(end(watch), (0, String::new(), vec![]));
}

#[test]
fn watch_tasks_refuses_what_such_a_server_cannot_do() {
    let server = TutorialServer::start(&TASKS);
    for (flags, named) in [
        (&["-q", "ci"][..], "-q"),
        (&["-q", "default"], "-q"),
        (&["--from", "new"], "--from"),
        (&["--from", "2"], "--from"),
        (&["--from", "2026-11-22T06:00:00Z"], "--from"),
        (&["--until-empty"], "--until-empty"),
        (&["--to-me", "--client", "kiosk-7"], "--to-me"),
        (&["--after", "1"], "--after"),
        (&["--group", "ci"], "--group"),
        (&["--group", "@", "--max", "1", "--detach"], "--group"),
    ] {
        let watch = contact(&server, &[&["watch-tasks", "--idle-exit", "20s"], flags].concat(), "");
        assert_eq!((watch.code, &watch.stdout[..]), (76, ""), "{flags:?}: {watch:?}");
        let [error] = &watch.errors()[..] else { panic!("{flags:?}: {watch:?}") };
        assert_eq!(error["error"], "unimplemented");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("not a contact server") && message.ends_with(named), "{flags:?}: {message}");
    }
}

#[test]
fn watch_tasks_prints_again_after_a_reconnect_and_says_so() {
    let server = TutorialServer::start(&TASKS);
    let watch = watching(&server, &["--max", "7"]);
    let first: Vec<_> = (0..3).map(|_| watch.line()).collect();
    server.cut_connections();
    let again: Vec<_> = (0..3).map(|_| watch.line()).collect();
    assert_eq!(first, json_lines(TASK_LINES));
    assert_eq!(again, first);
    server.add_task("任务:102");
    assert_eq!(watch.line(), json!({"task": "任务:102"}));
    // Of what is said about the server, once each.
    assert_eq!(end(watch), (0, String::new(), vec!["retrying".to_owned(), "replayed".to_owned()]));
}

#[test]
fn watch_tasks_comes_back_when_such_a_server_ends_the_watch() {
    let server = TutorialServer::start_with(Habit::EndsWatches, &TASKS);
    // Nobody asked for that end, so it is no reason to leave with less than was asked for.
    let watch = contact(&server, &["watch-tasks", "--max", "6"], "");
    assert_eq!((watch.code, watch.stdout), (0, TASK_LINES.repeat(2)));
    let said: Vec<_> = json_lines(&watch.stderr).iter().map(|line| line["notice"].clone()).collect();
    assert_eq!(said, ["retrying", "replayed"]);
}

#[test]
fn watch_tasks_says_nothing_of_a_replay_if_nothing_was_printed() {
    let server = TutorialServer::start(&[]);
    let watch = watching(&server, &["--max", "1"]);
    until("the watch is open", || (server.watches() > 0).then_some(()));
    server.cut_connections();
    server.add_task("任务:103");
    assert_eq!(watch.line(), json!({"task": "任务:103"}));
    let (code, stdout, said) = end(watch);
    assert_eq!((code, &stdout[..], said.contains(&"replayed".to_owned())), (0, "", false), "{said:?}");
}

#[test]
fn send_status_sends_the_tutorials_sample_and_prints_each_reply() {
    let server = TutorialServer::start(&[]);
    let sent = contact(&server, &["send-status", "--count", "15"], "");
    assert_eq!((sent.code, &sent.stderr[..]), (0, ""));
    let statuses = server.statuses();
    assert_eq!(statuses.len(), 15);
    for status in &statuses {
        let number: u32 = status.strip_prefix("数据:").unwrap().parse().unwrap();
        assert!((1..=20).contains(&number), "{status}");
    }
    let replies: String = statuses.iter().map(|s| format!("{{\"ret\":\"received: {s}\"}}\n")).collect();
    assert_eq!(sent.stdout, replies);
}

#[test]
fn ack_tells_tasks_without_an_id_and_says_that_there_are_no_verdicts() {
    let server = TutorialServer::start(&TASKS);
    let lines = contact(&server, &["watch-tasks", "--max", "3"], "").stdout;
    let told = contact(&server, &["ack", "--strict"], lines + "{\"ret\":\"做完了\",\"task\":\"x\"}\n");
    assert_eq!((told.code, &told.stdout[..]), (0, ""), "{told:?}");
    let [notice] = &told.errors()[..] else { panic!("{told:?}") };
    assert_eq!(notice["notice"], "no_verdicts");
    assert!(notice["message"].as_str().unwrap().contains(&server.address));
    assert_eq!(server.told(), [&TASKS[..], &["做完了"]].concat());

    let told = contact(&server, &["ack", "--id", "17", "--ret", "by hand"], "");
    assert_eq!((told.code, &told.stdout[..]), (0, ""), "{told:?}");
    assert_eq!(told.errors()[0]["notice"], "no_verdicts");
    assert_eq!(server.told().last().unwrap(), "by hand");
}

#[test]
fn submit_says_that_it_needs_a_contact_server() {
    let server = TutorialServer::start(&[]);
    for (args, input) in [(&["submit", "任务"][..], ""), (&["submit"], "a\nb\n")] {
        let refused = contact(&server, args, input);
        assert_eq!((refused.code, &refused.stdout[..]), (76, ""), "{refused:?}");
        let [error] = &refused.errors()[..] else { panic!("{refused:?}") };
        assert_eq!(error["error"], "unimplemented");
        assert_eq!(error["hint"], "`contact submit` needs a contact server");
        assert!(error["message"].as_str().unwrap().contains("submitTask"), "{error}");
    }
    let refused = contact(&server, &["submit", "-o", "text", "任务"], "");
    assert!(refused.stderr.contains("`contact submit` needs a contact server"), "{refused:?}");
}

#[test]
fn health_and_wait_ready_say_that_the_server_knows_no_health() {
    let server = TutorialServer::start(&[]);
    for command in ["health", "wait-ready"] {
        let refused = contact(&server, &[command, "--timeout", "50s"], "");
        assert_eq!((refused.code, &refused.stdout[..]), (76, ""), "{refused:?}");
        let [error] = &refused.errors()[..] else { panic!("{refused:?}") };
        assert!(error["message"].as_str().unwrap().contains("no gRPC health"), "{error}");
    }
}

/// Runs `contact` against this server to its end.
fn contact(server: &TutorialServer, args: &[&str], input: impl AsRef<[u8]>) -> Output {
    run(common::contact().args(args).env("CONTACT_SERVER", &server.address), input)
}

/// Starts a `watch-tasks` that goes on while the test does something.
fn watching(server: &TutorialServer, flags: &[&str]) -> Running {
    Running::start(common::contact().arg("watch-tasks").args(flags).env("CONTACT_SERVER", &server.address))
}

/// The exit code, what is still on stdout, and the words of what was said on stderr.
fn end(watch: Running) -> (i32, String, Vec<String>) {
    let end = watch.end();
    let words = end.errors();
    let words = words.iter().map(|line| line.get("notice").or(line.get("error")).unwrap().as_str().unwrap());
    (end.code, end.stdout.clone(), words.map(str::to_owned).collect())
}

#[test]
fn what_looks_and_repairs_says_that_it_needs_a_contact_server() {
    let server = TutorialServer::start(&TASKS);
    for args in [
        &["queues"][..],
        &["queues", "--watch"],
        &["groups"],
        &["groups", "pause", "ci"],
        &["tasks"],
        &["watch-results"],
        &["wait", "1"],
        &["submit", "--wait", "x"],
        &["clients"],
        &["clients", "--watch"],
        &["why", "1"],
        &["cancel", "1"],
        &["redrive", "--group", "ci", "--all"],
        &["purge", "-q", "default", "--all"],
    ] {
        let refused = contact(&server, args, "");
        assert_eq!((refused.code, &refused.stdout[..]), (76, ""), "{args:?}: {refused:?}");
        let [error] = &refused.errors()[..] else { panic!("{args:?}: {refused:?}") };
        assert_eq!(error["error"], "unimplemented");
        assert!(error["message"].as_str().unwrap().contains(&server.address), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("contact server"), "{error}");
    }
}
