//! What workers have told of tasks: watch-results, and the roll-call.

use contact::{
    name::ClientName,
    server::engine::{
        Error,
        groups::{End, State, Word},
        results::{Answer, ResultView, RollEntry, Standing},
    },
};

use crate::{
    Server,
    common::{self, Running, until},
    engine::{result, task},
};

fn results() -> Vec<ResultView> {
    let failed = ResultView {
        answer: Answer { exit_code: Some(3), stderr: "no room\n".into(), ..Answer::text("") },
        ..result(1, "1", Some(Word::Failed), State::Waiting)
    };
    let lost = ResultView { end: Some(End::Lost), ..result(2, "1", None, State::Waiting) };
    let done = ResultView {
        answer: Answer {
            exit_code: Some(0),
            ret_cut: true,
            ret_lossy: true,
            stderr_cut: true,
            stderr_lossy: true,
            stderr: "x".into(),
            ..Answer::text("任务\n1")
        },
        late: true,
        attempt: 3,
        ..result(7, "own", Some(Word::Done), State::Done)
    };
    let noted = ResultView { group: None, attempt: 0, ..result(9, "2", Some(Word::Done), State::Logged) };
    vec![failed, lost, done, noted]
}

#[test]
fn results_are_lines_of_json() {
    let server = Server::start();
    server.engine.0.lock().unwrap().results = results();
    let all = server.run(&["watch-results", "--until-empty"], "");
    let at = "\"at\":\"1970-01-01T00:01:01.500Z\"";
    let of = "\"queue\":\"default\",\"group\":\"@w1\",\"client\":\"w1\"";
    let expected = [
        format!(
            "{{\"id\":\"1\",{of},\"outcome\":\"failed\",\"ret\":\"\",\"exit_code\":3,\"attempt\":1,{at},\
             \"stderr\":\"no room\\n\",\"state\":\"waiting\",\"n\":1,\"seq\":1}}\n"
        ),
        format!(
            "{{\"id\":\"1\",{of},\"attempt\":1,{at},\"state\":\"waiting\",\"end\":\"lost\",\"n\":2,\"seq\":1}}\n"
        ),
        format!(
            "{{\"id\":\"own\",{of},\"outcome\":\"done\",\"ret\":\"任务\\n1\",\"exit_code\":0,\"attempt\":3,{at},\
             \"stderr\":\"x\",\"ret_cut\":true,\"stderr_cut\":true,\"ret_lossy\":true,\"stderr_lossy\":true,\
             \"state\":\"done\",\"late\":true,\"n\":7}}\n"
        ),
        format!(
            "{{\"id\":\"2\",\"queue\":\"default\",\"client\":\"w1\",\"outcome\":\"done\",\"ret\":\"said\",{at},\
             \"n\":9,\"seq\":2}}\n"
        ),
    ];
    assert_eq!((all.code, all.stdout, &all.stderr[..]), (0, expected.concat(), ""));
    let text = server.run(&["watch-results", "--until-empty", "-o", "text"], "").stdout;
    let expected = "       1  00:01:01  default  @w1  w1  failed  exit 3\n       \
                    1  00:01:01  default  @w1  w1  lost\n     \
                    own  00:01:01  default  @w1  w1  done (late)  exit 0  …任务 …\n       \
                    2  00:01:01  default  w1  done  said\n";
    assert_eq!(text, expected);
}

#[test]
fn results_are_asked_for_as_the_flags_say() {
    let server = Server::start();
    server.engine.0.lock().unwrap().results = results();
    let asked = |flags: &[&str]| {
        let watched = server.run(&[&["watch-results", "--max", "1"], flags].concat(), "");
        assert_eq!((watched.code, watched.json().len()), (0, 1), "{flags:?}: {watched:?}");
        server.engine.heard().remove(0)
    };
    let log = |queue: &str, group: &str, start: &str| {
        format!(
            "results Log {{ queue: {queue}, group: {group}, store: None, start: {start}, until_empty: false }}"
        )
    };
    assert_eq!(asked(&[]), log("None", "None", "First"));
    assert_eq!(asked(&["-q", "ci", "--group", "@"]), log("Some(\"ci\")", "Some(\"@w1\")", "First"));
    assert_eq!(asked(&["--from", "new"]), log("None", "None", "New"));
    assert_eq!(asked(&["--from", "1"]), log("None", "None", "Seq(1)"));
    assert_eq!(asked(&["--after", "0"]), log("None", "None", "Seq(1)"));
    assert_eq!(asked(&["--from", "1970-01-01T00:00:01Z"]), log("None", "None", "Time(1000)"));
    assert!(asked(&["--id", "own", "--id", "1"]).starts_with("results Of(["));
    for args in [
        &["--from", "0"][..],
        &["--from", "yesterday"],
        &["--from", "1", "--after", "1"],
        &["--after", "18446744073709551615"],
        &["--max", "0"],
        &["--id", ""],
        &["--id", "1", "-q", "ci"],
        &["--id", "1", "--from", "new"],
        &["--id", "1", "--until-empty"],
        &["--group", "two words"],
        &["TEXT"],
    ] {
        let refused = server.run(&[&["watch-results"], args].concat(), "");
        assert_eq!((refused.code, &refused.stdout[..]), (2, ""), "{args:?}: {refused:?}");
        assert_eq!(refused.errors()[0]["error"], "usage", "{args:?}");
    }
    assert_eq!(server.engine.heard(), [] as [String; 0]);
    let unknown = server.run(&["watch-results", "--id", "two words"], "");
    assert_eq!((unknown.code, &unknown.errors()[0]["error"]), (69, &"unknown_task".into()));
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
fn a_watch_of_results_comes_back_and_prints_nothing_twice() {
    for flags in [&["--after", "0"][..], &["--id", "1", "--id", "2", "--id", "own"]] {
        let server = Server::start();
        server.engine.0.lock().unwrap().results = results();
        let watch = Running::start(server.contact().arg("watch-results").args(flags));
        let numbers: Vec<_> = (0..4).map(|_| watch.line()["n"].clone()).collect();
        assert_eq!(numbers, [1, 2, 7, 9]);
        tell(&server, result(10, "1", Some(Word::Done), State::Done));
        assert_eq!(watch.line()["n"], 10);
        // The connection breaks: this engine then begins anew each time.
        let stopped = server.engine.0.lock().unwrap().result_streams.remove(0);
        stopped.send(Err(Error::Stopped)).unwrap();
        drop(stopped);
        assert_eq!(watch.error()["notice"], "retrying");
        tell(&server, result(11, "2", Some(Word::Done), State::Done));
        assert_eq!(watch.line()["n"], 11, "{flags:?}");
        let asked = server.engine.heard();
        match flags.len() {
            2 => {
                assert!(asked[1].contains("start: Seq(11)") && asked[1].contains("store: Some("), "{asked:?}")
            }
            _ => assert_eq!(asked[0], asked[1]),
        }
        common::signal(watch.child.id(), "INT");
        let ended = watch.end();
        assert_eq!((ended.code, &ended.stdout[..], &ended.stderr[..]), (130, "", ""));
    }
}

#[test]
fn results_that_are_gone_are_no_silent_gap() {
    for (flag, code) in [("fail", 75), ("skip", 124)] {
        let server = Server::start();
        let watch = Running::start(server.contact().args([
            "watch-results",
            "--after",
            "4",
            "--timeout",
            "2s",
            "--on-gap",
            flag,
        ]));
        until("a watch", || (!server.engine.0.lock().unwrap().result_streams.is_empty()).then_some(()));
        let trimmed = Error::ResultsTrimmed { asked: 5, first_n: 9 };
        server.engine.0.lock().unwrap().result_streams.remove(0).send(Err(trimmed)).unwrap();
        if flag == "skip" {
            assert_eq!(watch.error()["notice"], "skipped");
        } else {
            assert_eq!(watch.error()["error"], "trimmed");
        }
        let ended = watch.end();
        assert_eq!((ended.code, &ended.stdout[..]), (code, ""), "{ended:?}");
        let asked = server.engine.heard();
        assert_eq!(
            asked.get(1).is_some_and(|asked| asked.contains("start: Seq(9)")),
            flag == "skip",
            "{asked:?}"
        );
    }
}

#[test]
fn a_task_that_is_asked_for_has_its_roll_call() {
    let server = Server::start();
    let entry = |client: &str, standing, result| RollEntry {
        client: ClientName::parse(client).unwrap(),
        standing,
        result,
        received_ms: None,
        last_seen_ms: None,
        is_up: false,
    };
    {
        let mut script = server.engine.0.lock().unwrap();
        (script.tasks, script.page_tasks) = (vec![task(1, "1", "x"), task(2, "2", "y")], 9);
        let mut done = result(7, "1", Some(Word::Done), State::Done);
        done.answer.exit_code = Some(0);
        script.roll = vec![
            RollEntry { received_ms: Some(60_000), ..entry("a", Standing::Done, Some(done)) },
            RollEntry { is_up: true, received_ms: Some(60_000), ..entry("b", Standing::Received, None) },
            RollEntry { last_seen_ms: Some(1000), ..entry("c", Standing::Silent, None) },
            entry("d", Standing::Silent, None),
        ];
    }
    let tasks = server.run(&["tasks", "1"], "");
    let expected = "{\"id\":\"1\",\"queue\":\"default\",\"seq\":1,\"task\":\"x\",\"roll_call\":[\
         {\"client\":\"a\",\"standing\":\"done\",\"outcome\":\"done\",\"ret\":\"said\",\"exit_code\":0,\
         \"received_at\":\"1970-01-01T00:01:00Z\",\"at\":\"1970-01-01T00:01:01.500Z\"},\
         {\"client\":\"b\",\"standing\":\"received\",\"received_at\":\"1970-01-01T00:01:00Z\",\"up\":true},\
         {\"client\":\"c\",\"standing\":\"silent\",\"last_seen\":\"1970-01-01T00:00:01Z\"},\
         {\"client\":\"d\",\"standing\":\"silent\"}]}\n";
    assert_eq!((tasks.code, &tasks.stdout[..], &tasks.stderr[..]), (0, expected, ""));
    assert_eq!(server.engine.heard()[1], "roll of 1 for []");
    let text = server.run(&["tasks", "1", "2", "-o", "text", "--clients", "a,b"], "").stdout;
    let lines: Vec<String> =
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        lines[..3],
        ["QUEUE SEQ ID AGE STATE LEFT TASK", "default 1 x", "CLIENT STANDING WHEN EXIT ANSWER"]
    );
    assert!(lines[3].starts_with("a done ") && lines[3].ends_with(" 0 said"), "{text}");
    assert!(lines[4].starts_with("b received ") && lines[4].ends_with(" is up"), "{text}");
    assert!(lines[5].starts_with("c silent was last seen "), "{text}");
    assert_eq!(lines[6..9], ["d silent was not seen in the last 7 days", "default 2 y", &lines[2]]);
    assert!(text.lines().nth(3).unwrap().starts_with("    a "), "{text}");
    assert_eq!(server.engine.heard()[2], "roll of 2 for [\"a\", \"b\"]");
    // A list is not asked about each of its tasks.
    assert!(server.run(&["tasks"], "").json().iter().all(|task| task["roll_call"].is_null()));
    for args in [
        &["tasks", "--clients", "a"][..],
        &["tasks", "1", "--clients", "a,a"],
        &["tasks", "1", "--clients", ""],
    ] {
        assert_eq!(server.run(args, "").code, 2, "{args:?}");
    }
}
