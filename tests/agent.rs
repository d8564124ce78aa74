//! `contact run` as a whole: the real binary, a server, and commands as people write them.
//!
//! ```text
//!  submit ──► server ──► contact run ──► sh -c …
//!                ▲            │
//!                └── verdict ─┴──► a line per task
//! ```
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests run in real time")]

mod common;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use common::{Running, Server, run, signal, until};
use serde_json::{Value, json};
use tempfile::TempDir;

struct House {
    folder: TempDir,
    server: Server,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&folder.path().join("data"));
        House { folder, server }
    }

    fn submit(&self, texts: &[&str]) {
        let lines: String = texts.iter().map(|text| format!("{}\n", json!({ "task": text }))).collect();
        assert_eq!(self.server.run(&["submit", "--json"], lines).code, 0);
    }

    fn agent(&self, flags: &[&str], command: &[&str]) -> Command {
        let mut agent = self.server.contact();
        agent.env("CONTACT_CLIENT", "w1").arg("run").args(flags).arg("--").args(command);
        agent.current_dir(self.folder.path());
        agent
    }

    /// Runs an agent to its end.
    fn run(&self, flags: &[&str], command: &[&str]) -> common::Output {
        run(&mut self.agent(flags, command), "")
    }

    /// What the agent's group knows of the queue.
    fn group(&self) -> Value {
        let groups = self.server.run(&["groups", "-q", "default"], "");
        groups.json().pop().unwrap_or_else(|| panic!("{groups:?}"))
    }

    /// Waits until a command has written a file.
    fn until_file(&self, name: &str) -> String {
        until(name, || fs::read_to_string(self.path(name)).ok().filter(|text| text.ends_with('\n')))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

fn outcomes(lines: &[Value]) -> Vec<(&str, i64)> {
    lines.iter().map(|l| (l["outcome"].as_str().unwrap(), l["exit_code"].as_i64().unwrap_or(-1))).collect()
}

fn notice(output: &common::Output, word: &str) -> Value {
    let found = output.errors().into_iter().find(|line| line["notice"] == word);
    found.unwrap_or_else(|| panic!("no {word}: {output:?}"))
}

fn is_alive(pid: &str) -> bool {
    // One that has ended and was not collected is as good as gone.
    fs::read_to_string(Path::new("/proc").join(pid).join("stat"))
        .is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z')))
}

#[test]
fn the_text_comes_back_byte_for_byte() {
    let house = House::new();
    let texts = ["deploy", "$(touch hacked) `id` 'x' \"y\"", "-n", "two\nlines\n", "nul \0 任务 \u{1b}[31m"];
    house.submit(&texts);
    let ended = house.run(&["--until-empty"], &["cat"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let lines = ended.json();
    let rets: Vec<&str> = lines.iter().map(|line| line["ret"].as_str().unwrap()).collect();
    assert_eq!(rets, texts);
    let first = json!({"id": "1", "queue": "default", "group": "@w1", "client": "w1", "outcome": "done",
                       "ret": "deploy", "exit_code": 0, "attempt": 1, "verdict": "ok"});
    assert_eq!(lines[0], first);
    assert!(!house.path("hacked").exists());
    assert_eq!(house.group()["done"], 5);
    // Started again it does nothing twice.
    let again = house.run(&["--until-empty"], &["cat"]);
    assert_eq!((again.code, &again.stdout[..]), (0, ""), "{again:?}");
}

#[test]
fn the_exit_says_what_became_of_it() {
    let house = House::new();
    house.submit(&["0", "75", "65", "1", "3", "4"]);
    let flags = ["--max", "6", "--exit-map", "3=rejected,4=released"];
    let ended = house.run(&flags, &["sh", "-c", "read -r code; echo said >&2; exit $code"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let lines = ended.json();
    let expected =
        [("done", 0), ("failed", 75), ("rejected", 65), ("failed", 1), ("rejected", 3), ("released", 4)];
    assert_eq!(outcomes(&lines), expected);
    assert!(lines.iter().all(|line| line["stderr"] == "said\n" && line["verdict"] == "ok"), "{ended:?}");
    let group = house.group();
    assert_eq!((&group["done"], &group["dead"]), (&json!(1), &json!(2)), "{group}");
}

#[test]
fn one_that_ends_by_a_signal_has_failed() {
    let house = House::new();
    house.submit(&["x"]);
    let ended = house.run(&["--max", "1"], &["sh", "-c", "kill -KILL $$"]);
    assert_eq!(outcomes(&ended.json()), [("failed", 137)], "{ended:?}");
}

#[test]
fn a_command_that_is_not_there_takes_nothing() {
    let house = House::new();
    house.submit(&["x"]);
    fs::write(house.path("plain"), "no program").unwrap();
    fs::set_permissions(house.path("plain"), fs::Permissions::from_mode(0o644)).unwrap();
    for command in ["no-such-command", "./plain", "."] {
        let ended = house.run(&["--until-empty"], &[command]);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.stderr.contains(command), "{ended:?}");
    }
    let ended = house.run(&["--every", "1s", "--status-cmd", "no-such-command"], &["cat"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(house.server.run(&["groups"], "").json().is_empty(), "no group was made");
}

#[test]
fn who_cannot_start_the_command_steps_back() {
    let house = House::new();
    house.submit(&["x"]);
    // The first try finds nothing; while the agent pauses the command appears.
    let script = "if test -e ready; then echo done; else touch ready; exit 127; fi";
    let began = Instant::now();
    let ended = house.run(&["--until-empty"], &["sh", "-c", script]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(outcomes(&ended.json()), [("released", 127), ("done", 0)], "{ended:?}");
    assert!(began.elapsed() >= Duration::from_secs(1), "it paused");
    let message = notice(&ended, "not_started")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("127") && message.ends_with("pausing 1s"), "{message}");
    assert_eq!(house.group()["done"], 1);
}

#[test]
fn one_that_takes_too_long_has_failed_and_is_gone() {
    let house = House::new();
    house.submit(&["x"]);
    let flags = ["--max", "1", "--task-timeout", "300ms", "--kill-after", "100ms"];
    // It ignores SIGTERM, and so does what it has started.
    let ended = house.run(&flags, &["sh", "-c", "trap '' TERM; echo $$; sleep 60"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let lines = ended.json();
    assert_eq!(outcomes(&lines), [("failed", 124)]);
    assert!(lines[0]["stderr"].as_str().unwrap().contains("--task-timeout"), "{ended:?}");
    assert!(!is_alive(lines[0]["ret"].as_str().unwrap().trim()));
    notice(&ended, "timed_out");
}

#[test]
fn children_that_were_there_before_the_agent_are_left_alone() {
    let house = House::new();
    house.submit(&["x"]);
    let script = "sleep 1000 > /dev/null 2>&1 & echo $! > before; exec \"$@\"";
    let mut shell = Command::new("sh");
    shell.current_dir(house.folder.path()).args(["-c", script, "sh", env!("CARGO_BIN_EXE_contact"), "run"]);
    shell.args(["--server", &house.server.address, "--client", "w1", "--max", "1", "--", "cat"]);
    let ended = run(&mut shell, "");
    assert_eq!((ended.code, outcomes(&ended.json())), (0, vec![("done", 0)]), "{ended:?}");
    let pid = house.until_file("before").trim().to_owned();
    let was_alive = is_alive(&pid);
    signal(pid.parse().unwrap(), "KILL");
    assert!(was_alive);
}

#[test]
fn a_cancel_reaches_the_command() {
    let house = House::new();
    assert_eq!(house.server.run(&["submit", "--id", "job", "x"], "").code, 0);
    let agent = Running::start(&mut house.agent(&["--grace", "0s"], &["sh", "-c", "echo $$ >pid; sleep 60"]));
    let pid = house.until_file("pid");
    let began = Instant::now();
    assert_eq!(house.server.run(&["cancel", "job"], "").code, 0);
    until("the end of the command", || (!is_alive(pid.trim())).then_some(()));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // It goes on with the next task, and says nothing of that one.
    fs::remove_file(house.path("pid")).unwrap();
    house.submit(&["y"]);
    house.until_file("pid");
    signal(agent.child.id(), "TERM");
    let ended = agent.end();
    notice(&ended, "cancelled");
    assert!(ended.json().iter().all(|line| line["id"] != "job"), "{ended:?}");
}

#[test]
fn told_to_end_it_lets_run_what_runs_for_one_grace() {
    let house = House::new();
    house.submit(&["x", "y"]);
    // What ends in time is done, and nothing else is begun.
    let script = "echo $$ >pid; while ! test -e go; do sleep 0.01; done";
    let agent = Running::start(&mut house.agent(&[], &["sh", "-c", script]));
    house.until_file("pid");
    signal(agent.child.id(), "TERM");
    fs::write(house.path("go"), "").unwrap();
    let ended = agent.end();
    assert_eq!((ended.code, outcomes(&ended.json())), (143, vec![("done", 0)]), "{ended:?}");
    // What does not is stopped and given back.
    fs::remove_file(house.path("pid")).unwrap();
    let flags = ["--grace", "100ms"];
    let agent = Running::start(&mut house.agent(&flags, &["sh", "-c", "echo $$ >pid; sleep 60"]));
    let pid = house.until_file("pid");
    signal(agent.child.id(), "INT");
    let ended = agent.end();
    assert_eq!((ended.code, outcomes(&ended.json())), (130, vec![("released", 143)]), "{ended:?}");
    assert!(!is_alive(pid.trim()));
    let group = house.group();
    assert_eq!(
        (&group["done"], &group["ready"], &group["leased"]),
        (&json!(1), &json!(1), &json!(0)),
        "{group}"
    );
}

#[test]
fn what_is_done_while_the_server_is_away_is_told_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:{}", folder.path().join("socket").display());
    let data = folder.path().join("data");
    let server = Server::start_with(&data, &["--addr", &address]);
    let mut house = House { folder, server };
    house.submit(&["x", "y"]);
    let script = "echo $$ >>pids; while ! test -e go; do sleep 0.01; done; cat";
    let mut agent = Running::start(&mut house.agent(&["--until-empty", "-j", "2"], &["sh", "-c", script]));
    until("both commands", || {
        fs::read_to_string(house.path("pids")).ok().filter(|text| text.lines().count() == 2)
    });
    house.server.kill();
    fs::write(house.path("go"), "").unwrap();
    house.server = Server::start_with(&data, &["--addr", &address]);
    let status = common::wait(&mut agent.child);
    let ended = agent.end();
    assert_eq!(common::code(status), 0, "{ended:?}");
    assert_eq!(outcomes(&ended.json()), [("done", 0), ("done", 0)], "{ended:?}");
    assert!(ended.json().iter().all(|line| line["attempt"] == 1), "{ended:?}");
    assert_eq!(house.group()["done"], 2);
}

#[test]
fn it_leaves_when_it_is_idle_or_time_is_up() {
    let house = House::new();
    house.submit(&["x"]);
    let ended = house.run(&["--idle-exit", "300ms"], &["cat"]);
    assert_eq!((ended.code, ended.json().len()), (0, 1), "{ended:?}");
    house.submit(&["y"]);
    let ended = house.run(&["--timeout", "500ms"], &["sh", "-c", "echo $$ >pid; sleep 60"]);
    assert_eq!(ended.code, 124, "{ended:?}");
    assert!(!is_alive(house.until_file("pid").trim()));
    assert_eq!(house.group()["leased"], 0);
}

#[test]
fn no_more_commands_than_asked_for_run_at_a_time() {
    let house = House::new();
    house.submit(&["a", "b", "c", "d", "e", "f"]);
    // Each counts those that are there, itself included.
    let script = "mkdir -p here; touch here/$$; ls here | wc -l; sleep 0.1; rm here/$$";
    let ended = house.run(&["--until-empty", "-j", "2"], &["sh", "-c", script]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let lines = ended.json();
    let most = lines.iter().map(|line| line["ret"].as_str().unwrap().trim().parse::<u32>().unwrap()).max();
    assert_eq!((lines.len(), most), (6, Some(2)), "{ended:?}");
}

#[test]
fn its_command_takes_no_flag_from_it() {
    let house = House::new();
    house.submit(&["x"]);
    let contact = env!("CARGO_BIN_EXE_contact");
    let ended = house.run(&["--max", "1"], &[contact, "submit", "-q", "next", "one more"]);
    assert_eq!(outcomes(&ended.json()), [("done", 0)], "{ended:?}");
    let tasks = house.server.run(&["tasks", "-q", "next"], "").json();
    assert_eq!((tasks.len(), &tasks[0]["task"]), (1, &json!("one more")));
    // Without the two dashes there is no command.
    let ended = run(house.server.contact().args(["run", "cat"]), "");
    assert_eq!(ended.code, 2, "{ended:?}");
}
