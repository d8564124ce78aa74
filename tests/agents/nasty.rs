//! Twelve nasty commands at once: each task gets exactly the outcome that its command has earned, and whatever way the
//! agent ends, nothing of any command is there five seconds later.

use std::{process::Command, time::Duration};

use serde_json::{Value, json};

use crate::{
    common::{DEADLINE, Running, has_tool, signal, until, wait_within},
    house::{House, asked_for, kill, text},
};

/// Rounds; `just agents` has twenty.
const ROUNDS: u64 = 3;
/// What the flood brings; `just agents` has a gigabyte.
const FLOOD_BYTES: u64 = 200_000_000;
/// How long a command may take before it is ended: the flood needs some of it.
const TASK_TIMEOUT_S: u64 = 8;
/// And how long after the end of its agent something of it may be seen.
const SWEPT: Duration = Duration::from_secs(5);

/// The first line of a task says what to be. A lasting thing is made sure of before the command goes on, so that it
/// is really there to be swept.
const COMMAND: &str = r#"
read -r what
here="$TEST_HOUSE/$CONTACT_TASK_ID"
echo "$what" >>"$TEST_HOUSE/begun"
case "$what" in
stubborn)   # does not end when asked to
    trap '' TERM; while :; do sleep 600; done ;;
signalled)
    kill -s USR1 $$ ;;
deaf)       # a mebibyte waits on its stdin
    sleep 0.3; exit 0 ;;
flood)
    yes | head -c "$FLOOD_BYTES"; echo; echo end ;;
closed)     # nobody hears it, and it lives on for a while
    exec <&- >&- 2>&-
    sleep 0.5; echo lived >"$here.lived" ;;
holder)     # leaves somebody behind who holds the pipe
    sleep 600 & echo held ;;
daemon)     # a session of its own, and nobody's child
    setsid sh -c 'sh -c "echo \$\$ >\"$1.daemon\"; exec sleep 600" - "$1" >/dev/null 2>&1 <&- &' - "$here"
    until [ -s "$here.daemon" ]; do sleep 0.05; done
    echo left ;;
binary)
    printf '\377\376\000\001ok' ;;
silent)
    exit 0 ;;
three)
    echo tried; echo 'it does not' >&2; exit 3 ;;
stopped)    # takes no signal but the last one
    kill -s STOP $$ ;;
tree)
    for i in 1 2 3; do sh -c 'sleep 600 & sh -c "sleep 600 & sleep 600" & wait' & done
    wait ;;
esac
"#;

/// What there is, and what becomes of it: the outcome, the exit code if it has one, what it said.
const TWELVE: [(&str, &str, Option<i64>, Option<&str>); 12] = [
    ("stubborn", "failed", None, None),
    ("signalled", "failed", None, None),
    ("deaf", "done", Some(0), Some("")),
    ("flood", "done", Some(0), None),
    ("closed", "done", Some(0), Some("")),
    ("holder", "done", Some(0), Some("held\n")),
    ("daemon", "done", Some(0), Some("left\n")),
    ("binary", "done", Some(0), Some("\u{fffd}\u{fffd}\0\u{1}ok")),
    ("silent", "done", Some(0), Some("")),
    ("three", "failed", Some(3), Some("tried\n")),
    ("stopped", "failed", None, None),
    ("tree", "failed", None, None),
];

/// How the agent ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    ByItself,
    Asked,
    Killed,
}

#[test]
fn twelve_nasty_commands_get_what_they_earn_and_leave_nothing_behind() {
    // Without it there is no daemon to be swept.
    if !has_tool("setsid", Command::new("setsid").arg("--version")) {
        return;
    }
    let ends = [End::ByItself, End::Asked, End::Killed];
    // Three at a time: a round is mostly waiting.
    for first in (0..asked_for("CONTACT_TEST_ROUNDS", ROUNDS) as usize).step_by(ends.len()) {
        std::thread::scope(|scope| {
            let rounds: Vec<_> = ends.iter().map(|end| scope.spawn(|| round(*end))).collect();
            for (round, end) in rounds.into_iter().zip(ends) {
                assert!(round.join().is_ok(), "round {} ({end:?})", first + 1);
            }
        });
    }
}

fn round(end: End) {
    let (house, _server) = House::new();
    house.make_group("ci", &["--max-failures", "1"]);
    let flood = asked_for("CONTACT_TEST_FLOOD_BYTES", FLOOD_BYTES);
    // As much longer as the flood is.
    let timeout = format!("{}s", TASK_TIMEOUT_S * flood.div_ceil(FLOOD_BYTES));
    let mut flags = vec!["--group", "ci", "-j", "12", "--kill-after", "500ms", "--grace", "1s"];
    flags.extend(["--task-timeout", &timeout]);
    if end == End::ByItself {
        flags.push("--until-empty");
        submit(&house, "a");
    }
    let mut agent = Running::start(house.agent(&flags, COMMAND).env("FLOOD_BYTES", flood.to_string()));
    if end != End::ByItself {
        submit(&house, "a");
    }
    let lines: Vec<Value> = TWELVE.iter().map(|_| agent.line()).collect();
    earned(&house, &lines, flood);
    if end != End::ByItself {
        // It ends while they are all there again: the tree alone has sixteen.
        submit(&house, "b");
        house.lines_of("begun", 2 * TWELVE.len());
        until("the lasting ones are there", || (house.survivors().len() >= 16).then_some(()));
        signal(agent.child.id(), if end == End::Asked { "TERM" } else { "KILL" });
    }
    let status = wait_within(&mut agent.child, DEADLINE);
    let expected = match end {
        End::ByItself => 0,
        End::Asked => 143,
        End::Killed => 137,
    };
    assert_eq!(crate::common::code(status), expected, "{end:?}");
    house.is_swept_within(SWEPT);
    // What was still running has not been called done by anybody.
    for result in house.results() {
        let is_done = result["outcome"] == "done";
        assert!(!is_done || result["exit_code"] == 0, "{result}");
        let what = TWELVE.iter().find(|(what, ..)| text(&result, "id")[2..] == **what).unwrap();
        assert!(!is_done || what.1 == "done", "{result}");
    }
    if end == End::Asked {
        // Those who were in the middle are given back, and count no failure for it.
        let results = house.results_by_id();
        for what in ["stubborn", "stopped", "tree"] {
            let results = &results[&format!("b-{what}")];
            assert!(results.iter().all(|result| result["outcome"] == "released"), "{results:?}");
        }
    }
}

fn submit(house: &House, prefix: &str) {
    let input: String = TWELVE
        .iter()
        .map(|(what, ..)| {
            let rest = if *what == "deaf" { "x".repeat((1 << 20) - what.len() - 1) } else { String::new() };
            format!("{}\n", json!({ "id": format!("{prefix}-{what}"), "task": format!("{what}\n{rest}") }))
        })
        .collect();
    house.ok(&["submit", "--json"], input);
}

/// Each of the first twelve ended once, as it should: the agent says so, and so does the server.
fn earned(house: &House, lines: &[Value], flood: u64) {
    let results = until("twelve results", || {
        Some(house.results_by_id()).filter(|results| {
            results.iter().filter(|(id, told)| id.starts_with("a-") && !told.is_empty()).count()
                == TWELVE.len()
        })
    });
    for (what, outcome, exit_code, said) in TWELVE {
        let id = format!("a-{what}");
        let line: Vec<&Value> = lines.iter().filter(|line| line["id"] == *id).collect();
        let result: Vec<&Value> = results[&id].iter().filter(|result| !result["outcome"].is_null()).collect();
        let ([line], [result]) = (&line[..], &result[..]) else { panic!("{what}: {line:?} {result:?}") };
        assert_eq!(line["verdict"], "ok", "{what}: {line}");
        for told in [line, result] {
            assert_eq!(told["outcome"], outcome, "{what}: {told}");
            assert_eq!(told["group"], "ci", "{what}: {told}");
            match exit_code {
                Some(code) => assert_eq!(told["exit_code"], code, "{what}: {told}"),
                None => assert_ne!(told["exit_code"], 0, "{what}: {told}"),
            }
            if let Some(said) = said {
                assert_eq!(told["ret"].as_str().unwrap_or_default(), said, "{what}: {told}");
                assert_eq!(told["ret_lossy"] == true, what == "binary", "{what}: {told}");
                assert_ne!(told["ret_cut"], true, "{what}: {told}");
            }
        }
        match what {
            "flood" => {
                let ret = text(result, "ret");
                assert!(
                    ret.ends_with("y\n\nend\n") || ret.ends_with("y\nend\n"),
                    "…{:?}",
                    &ret[ret.len() - 20..]
                );
                assert_eq!((ret.len(), &result["ret_cut"]), (64 << 10, &json!(true)), "of {flood} bytes");
            }
            "three" => assert_eq!(result["stderr"], "it does not\n", "{result}"),
            "closed" => assert!(house.path("a-closed.lived").exists(), "it was ended with its pipes"),
            _ => {}
        }
    }
}

#[test]
fn what_a_command_leaves_behind_is_gone_before_its_agent_takes_much_more() {
    let (house, _server) = House::new();
    let mut agent = Running::start(&mut house.agent(&["-j", "2"], "sleep 600 & sleep 600 & echo left"));
    house.ok(&["submit"], "1\n2\n3\n4\n");
    for _ in 0..4 {
        let line = agent.line();
        assert_eq!((&line["outcome"], &line["ret"]), (&json!("done"), &json!("left\n")), "{line}");
    }
    // The agent lives, the remainders do not.
    house.is_swept_within(SWEPT);
    assert!(agent.child.try_wait().unwrap().is_none());
    kill(&mut agent);
}
