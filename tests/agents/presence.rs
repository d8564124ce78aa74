//! `contact clients`: right soon after a client is killed, and still right when the server has been started again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    common::Running,
    house::{House, kill, stop, text},
};

/// On loopback the end of a process is the end of its connections.
const KILLED: Duration = Duration::from_secs(2);

fn is_up(client: &Value) -> bool {
    client["up"] == true
}

/// Of its processes that are there.
pub fn health(client: &Value) -> Vec<&str> {
    let instances = client["instances"].as_array().into_iter().flatten();
    instances.map(|instance| instance["health"].as_str().unwrap_or_default()).collect()
}

/// An agent, a watcher and one that reports.
fn three(house: &House) -> [(&'static str, Running); 3] {
    let agent = Running::start(&mut house.running(&["--client", "agent"], &["cat"]));
    let watcher =
        Running::start(house.contact().args(["watch-tasks", "--client", "watcher", "--group", "ci"]));
    let mut reporter = Running::start(house.contact().args(["send-status", "--client", "reporter"]));
    reporter.say("well\n");
    assert!(text(&reporter.line(), "ret").contains("well"));
    [("agent", agent), ("watcher", watcher), ("reporter", reporter)]
}

#[test]
fn a_client_that_is_killed_is_down_within_two_seconds() {
    let (house, _server) = House::new();
    let watch = Running::start(house.contact().args(["clients", "--watch"]));
    // So that it sees all that comes of the others.
    let first = Running::start(house.contact().args(["watch-tasks", "--client", "first"]));
    assert_eq!(watch.line()["client"], "first");
    drop(first);
    assert_eq!(watch.line()["kind"], "down");
    for (name, mut client) in three(&house) {
        house.client_becomes(name, "is up", is_up);
        let began = Instant::now();
        kill(&mut client);
        let down = house.client_becomes(name, "is down", |client| !is_up(client));
        assert!(began.elapsed() < KILLED, "{name}: after {:?}", began.elapsed());
        assert!(health(&down).is_empty() && down["last_seen"].is_string(), "{down}");
    }
    // The same as events, as they happened.
    let mut seen: Vec<(String, String)> = Vec::new();
    while seen.iter().filter(|(_, kind)| kind == "down").count() < 3 {
        let event = watch.line();
        assert!(event["at"].is_string(), "{event}");
        if event["kind"] == "status" {
            assert_eq!((&event["client"], &event["status"]), (&json!("reporter"), &json!("well")), "{event}");
        }
        seen.push((text(&event, "client"), text(&event, "kind")));
    }
    for (name, kinds) in [
        ("agent", &["up", "down"][..]),
        ("watcher", &["up", "down"]),
        ("reporter", &["up", "status", "down"]),
    ] {
        let of: Vec<&str> =
            seen.iter().filter(|(client, _)| client == name).map(|(_, kind)| &kind[..]).collect();
        assert_eq!(of, kinds, "{name}: {seen:?}");
    }
}

#[test]
fn a_heartbeat_without_a_watch_is_shown_as_such() {
    let (house, _server) = House::new();
    let three = three(&house);
    for (name, expected) in [("agent", "healthy"), ("watcher", "healthy"), ("reporter", "no_watch")] {
        let client = house.client_becomes(name, "is shown", |client| health(client) == [expected]);
        let instance = &client["instances"][0];
        assert!(instance["connected_at"].is_string() && instance["address"].is_string(), "{client}");
    }
    let agent = house.client("agent");
    let watches = &agent["instances"][0]["watches"];
    assert_eq!(*watches, json!([{ "queue": "default", "group": "@agent" }]), "{agent}");
    let reporter = house.client("reporter");
    assert_eq!(reporter["status"], "well", "{reporter}");
    assert!(reporter["status_at"].is_string(), "{reporter}");
    drop(three);
}

#[test]
fn who_was_last_seen_and_what_it_said_outlive_the_server() {
    let (house, server) = House::new();
    house.ok(&["send-status", "--client", "kiosk-7", "disk 80 % full\u{1b}[2J"], "");
    let before = house.client("kiosk-7");
    assert!(!is_up(&before), "{before}");
    assert_eq!(before["status"], "disk 80 % full\u{1b}[2J", "{before}");
    assert!(server.stop().success());
    let _server = house.serve();
    let after = house.client("kiosk-7");
    for key in ["client", "up", "status", "status_at", "last_seen"] {
        assert_eq!(after[key], before[key], "{key}: {after} {before}");
    }
    // And who is up comes back by itself.
    let agent = Running::start(
        &mut house.running(&["--client", "agent", "--every", "100ms", "--status", "here"], &["cat"]),
    );
    house.client_becomes("agent", "reports", |client| client["status"] == "here");
    assert!(_server.stop().success());
    let _server = house.serve();
    house.client_becomes("agent", "is back", |client| health(client) == ["healthy"]);
    assert_eq!(stop(agent).code, 143);
}
