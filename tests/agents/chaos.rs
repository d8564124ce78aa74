//! Two hundred tasks are running when the server is killed, or the network goes: each is done once, by whoever ran it
//! then, and who waits for them waits on.

use std::{
    collections::{BTreeMap, HashSet},
    fs::{File, OpenOptions},
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    common::{Running, Server},
    house::{House, asked_for, stop, text},
    network::{self, Line},
};

const TASKS: usize = 200;
/// How long the network is away; `just agents` has two minutes.
const AWAY_S: u64 = 5;
/// Beyond this an agent that is not heard has lost its leases, and may be handed its tasks again.
const LEASE_S: u64 = 60;

/// Each writes down that it has begun, waits to be let go, and writes down that it has ended.
const COMMAND: &str = r#"
read -r n
echo "$n" >>"$TEST_HOUSE/begun"
: <"$TEST_HOUSE/gate"
echo "$n" >>"$TEST_HOUSE/ended"
echo "did $n"
"#;

/// Two hundred running tasks, and two who wait for all of them.
struct Work<'a> {
    house: &'a House,
    agent: Running,
    waiting: [Running; 2],
}

impl<'a> Work<'a> {
    fn begin(house: &'a House) -> Work<'a> {
        assert!(Command::new("mkfifo").arg(house.path("gate")).status().unwrap().success());
        let agent = Running::start(&mut house.agent(&["--group", "ci", "-j", "200"], COMMAND));
        let mut submit = Running::start(house.contact().args(["submit", "--wait"]));
        let tasks: String = (1..=TASKS).map(|n| format!("{n}\n")).collect();
        submit.say(tasks);
        drop(submit.child.stdin.take());
        house.lines_of("begun", TASKS);
        let ids: Vec<String> = house.ok(&["tasks"], "").iter().map(|task| text(task, "id")).collect();
        assert_eq!(ids.len(), TASKS);
        let wait = Running::start(house.contact().arg("wait").args(ids));
        Work { house, agent, waiting: [submit, wait] }
    }

    /// Lets go all that wait, and whoever comes while the answer lives.
    fn let_go(&self) -> File {
        OpenOptions::new().read(true).write(true).open(self.house.path("gate")).unwrap()
    }

    /// All end well, and each task was executed at most so often.
    fn ends(self, executions: usize) {
        let Work { house, agent, waiting } = self;
        for waiting in waiting {
            let ended = waiting.end();
            assert_eq!(ended.code, 0, "{ended:?}");
            let mut told = ended.json();
            // Of one that was lost it prints that as well.
            told.retain(|line| executions == 1 || line["outcome"] == "done");
            let ids: HashSet<String> = told.iter().map(|line| text(line, "id")).collect();
            assert_eq!((told.len(), ids.len()), (TASKS, TASKS), "{}", ended.stdout);
            for line in &told {
                assert_eq!(line["outcome"], "done", "{line}");
                assert!(text(line, "ret").starts_with("did "), "{line}");
            }
        }
        let begun = house.lines("begun");
        let mut times: BTreeMap<&String, usize> = BTreeMap::new();
        begun.iter().for_each(|n| *times.entry(n).or_default() += 1);
        assert_eq!(times.len(), TASKS);
        assert!(times.values().all(|times| *times <= executions), "{times:?}");

        for (id, told) in house.results_by_id() {
            let done = told.iter().filter(|result| result["outcome"] == "done").count();
            let others: Vec<&Value> =
                told.iter().filter(|result| !["done", "released"].contains(&outcome(result))).collect();
            // An attempt that was lost is told of without a word.
            let words = others.iter().any(|result| !result["outcome"].is_null());
            assert!(done == 1 && !words && (executions > 1 || others.is_empty()), "{id}: {told:?}");
        }
        for task in house.ok(&["tasks", "--group", "ci"], "") {
            assert_eq!((&task["state"], &task["failures"]), (&json!("done"), &Value::Null), "{task}");
            if executions == 1 {
                assert_eq!(task["ends"], json!(["done"]), "{task}");
            }
        }
        let group = house.ok(&["groups", "--group", "ci"], "").remove(0);
        for (key, expected) in [("done", TASKS), ("leased", 0), ("lag", 0), ("dead", 0)] {
            assert_eq!(group[key], expected, "{group}");
        }
        let ended = stop(agent);
        assert_eq!(ended.code, 143, "{}", ended.stderr);
        if executions == 1 {
            let lines = ended.json();
            let ids: HashSet<String> = lines.iter().map(|line| text(line, "id")).collect();
            assert_eq!((lines.len(), ids.len()), (TASKS, TASKS));
            for line in &lines {
                // A word whose answer went down with the server is told again.
                let is_taken = line["verdict"] == "ok" || line["verdict"] == "duplicate";
                assert!(is_taken && line["outcome"] == "done", "{line}");
            }
        }
        house.is_swept_within(Duration::from_secs(5));
    }
}

fn outcome(result: &Value) -> &str {
    result["outcome"].as_str().unwrap_or_default()
}

fn restarted(house: &House, mut server: Server) -> Server {
    server.kill();
    house.serve()
}

#[test]
fn tasks_that_run_while_the_server_is_killed_are_done_once() {
    let (house, server) = House::new();
    let work = Work::begin(&house);
    let server = restarted(&house, server);
    let group = house.ok(&["groups", "--group", "ci"], "").remove(0);
    assert_eq!(group["leased"], TASKS, "each goes on: {group}");
    let _open = work.let_go();
    // And once more while they settle.
    house.lines_of("ended", TASKS / 2);
    let _server = restarted(&house, server);
    work.ends(1);
}

#[test]
fn tasks_that_end_while_the_server_is_away_are_done_once() {
    let (house, mut server) = House::new();
    let work = Work::begin(&house);
    server.kill();
    let _open = work.let_go();
    house.lines_of("ended", TASKS);
    let _server = house.serve();
    work.ends(1);
}

#[test]
fn an_agent_that_loses_its_proxy_for_a_while_does_each_task_once() {
    let (house, _server, line) = network::through_a_proxy();
    cut_off(&house, &line);
}

#[test]
fn an_agent_that_loses_the_network_for_a_while_does_each_task_once() {
    if let Some((house, _server, line)) = network::in_another_network() {
        cut_off(&house, &line);
    }
}

/// All of the tasks end while nobody can hear of it.
fn cut_off(house: &House, line: &Line) {
    let away_s = asked_for("CONTACT_TEST_AWAY_S", AWAY_S);
    let work = Work::begin(house);
    line.cut();
    let _open = work.let_go();
    house.lines_of("ended", TASKS);
    // This long, and not until something happens: nothing is to happen.
    std::thread::sleep(Duration::from_secs(away_s));
    // But that leases are lost, if it is long.
    assert!(house.results().iter().all(|result| result["outcome"].is_null()));
    line.mend();
    work.ends(if away_s < LEASE_S { 1 } else { 2 });
}
