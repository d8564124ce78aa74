//! Who runs a task no longer has the right to: the command is stopped, whole and at once, and what it still says
//! changes nothing.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    common::{Running, signal, until},
    house::{House, stop},
};

/// From the word of `cancel` to the end of the last process.
const CANCELLED: Duration = Duration::from_secs(1);

#[test]
fn a_cancelled_task_is_stopped_within_a_second_with_all_that_it_started() {
    let (house, _server) = House::new();
    let script = r#"
        read -r what
        case "$what" in
        stubborn) trap '' TERM ;;
        quick) exit 0 ;;
        esac
        sleep 600 & sh -c 'sleep 600 & sleep 600' &
        echo "$what" >>"$TEST_HOUSE/begun"
        while :; do sleep 600; done
    "#;
    let flags = ["--group", "ci", "-j", "2", "--kill-after", "300ms"];
    let agent = Running::start(&mut house.agent(&flags, script));
    for (n, what) in ["gentle", "stubborn"].into_iter().enumerate() {
        let waiting = Running::start(house.contact().args(["submit", "--wait", "--id", what, what]));
        house.lines_of("begun", n + 1);
        until("all of it is there", || (house.survivors().len() >= 4).then_some(()));
        let told = house.ok(&["cancel", what], "");
        assert_eq!(told[0]["verdict"], "ok", "{told:?}");
        house.is_swept_within(CANCELLED);
        let waited = waiting.end();
        assert_eq!(waited.code, 1, "{waited:?}");
        assert!(format!("{}{}", waited.stdout, waited.stderr).contains("cancelled"), "{waited:?}");
    }
    // Nobody says of them that they were done or have failed, and the agent goes on.
    house.ok(&["submit", "--wait", "--id", "next", "quick"], "");
    for id in ["gentle", "stubborn"] {
        let results = &house.results_by_id()[id];
        assert!(results.iter().all(|result| result["outcome"].is_null()), "{results:?}");
        assert!(results.iter().any(|result| result["state"] == "cancelled"), "{results:?}");
        let why = house.ok(&["why", id], "");
        assert!(why.iter().all(|line| line["failures"].is_null()), "{why:?}");
    }
    let group = house.ok(&["groups", "--group", "ci"], "").remove(0);
    assert_eq!(
        (&group["done"], &group["leased"], &group["dead"]),
        (&json!(1), &json!(0), &json!(0)),
        "{group}"
    );
    assert_eq!(stop(agent).code, 143);
}

#[test]
fn a_lease_taken_away_stops_the_command_and_nothing_late_is_done_twice() {
    let (house, _server) = House::new();
    house.make_group("ci", &["--backoff", "1ms"]);
    // Each writes down who it is when it begins, and when it ends: but the first only in ten minutes.
    let script = r#"
        echo "$CONTACT_TASK_ATTEMPT" >>"$TEST_HOUSE/begun"
        [ "$CONTACT_TASK_ATTEMPT" -gt 1 ] || sleep 600
        echo "$CONTACT_TASK_ATTEMPT" >>"$TEST_HOUSE/ended"
        echo "by $CONTACT_TASK_ATTEMPT"
    "#;
    let frozen =
        Running::start(&mut house.agent(&["--group", "ci", "--lease", "1s", "--client", "frozen"], script));
    let waiting = Running::start(house.contact().args(["submit", "--wait", "x"]));
    house.lines_of("begun", 1);
    signal(frozen.child.id(), "STOP");
    let other =
        Running::start(&mut house.agent(&["--group", "ci", "--lease", "1s", "--client", "other"], script));
    let line = other.line();
    assert_eq!((&line["outcome"], &line["verdict"]), (&json!("done"), &json!("ok")), "{line}");
    let waited = waiting.end();
    assert_eq!((waited.code, &waited.json()[0]["client"]), (0, &json!("other")), "{waited:?}");

    // It learns what has happened: its command is stopped, and what comes of it counts for nothing.
    signal(frozen.child.id(), "CONT");
    house.is_swept_within(Duration::from_secs(5));
    assert_eq!(house.lines("begun"), ["1", "2"]);
    assert_eq!(house.lines("ended"), ["2"]);
    let mut results = house.results();
    results.retain(|result| !result["outcome"].is_null());
    assert_eq!(results.len(), 1, "{results:?}");
    assert_eq!((&results[0]["client"], &results[0]["ret"]), (&json!("other"), &json!("by 2\n")));
    let task = house.ok(&["tasks", "--group", "ci"], "").remove(0);
    assert_eq!((&task["state"], &task["ends"]), (&json!("done"), &json!(["lost", "done"])), "{task}");

    // And is of use again.
    assert_eq!(stop(other).code, 143);
    house.ok(&["submit", "next"], "");
    house.lines_of("begun", 3);
    house.ok(&["cancel", "2"], "");
    house.is_swept_within(CANCELLED);
    let said = stop(frozen);
    assert_eq!(said.code, 143, "{said:?}");
    let verdicts: Vec<Value> = said.json().into_iter().filter(|line| line["verdict"] == "ok").collect();
    assert!(verdicts.is_empty(), "it has settled nothing: {verdicts:?}");
}

#[test]
fn an_agent_that_is_started_again_runs_nothing_twice() {
    let (house, _server) = House::new();
    house.ok(&["submit"], "1\n2\n3\n");
    let script = r#"cat >>"$TEST_HOUSE/executed"; echo >>"$TEST_HOUSE/executed""#;
    for _ in 0..2 {
        let flags = ["--client", "kiosk-7", "--until-empty"];
        let ended = Running::start(&mut house.agent(&flags, script)).end();
        assert_eq!(ended.code, 0, "{ended:?}");
    }
    until("three lines", || (house.lines("executed").len() == 3).then_some(()));
    assert_eq!(house.lines("executed"), ["1", "2", "3"]);
    for result in house.results() {
        assert_eq!(
            (&result["group"], &result["client"]),
            (&json!("@kiosk-7"), &json!("kiosk-7")),
            "{result}"
        );
    }
}
