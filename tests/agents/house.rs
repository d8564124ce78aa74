//! A server of a test's own on a port that it keeps, its agents, and what is left of their commands.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rand::{SeedableRng, rngs::StdRng};
use serde_json::Value;

use crate::common::{Output, Running, Server, contact, run, until, wait_within};

/// The variable by which a house knows the processes of its agents.
const MARK: &str = "TEST_HOUSE";

/// A folder, where its commands run, and where its agents do.
pub struct House {
    folder: tempfile::TempDir,
    office: Place,
    field: Place,
}

/// Where commands run.
#[derive(Clone)]
pub struct Place {
    /// What they take for the server.
    pub server: String,
    /// A network of their own.
    pub namespace: Option<String>,
}

impl House {
    /// With its server, on a free port of loopback.
    pub fn new() -> (House, Server) {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&folder.path().join("data"));
        let here = Place { server: server.address.clone(), namespace: None };
        (House { folder, office: here.clone(), field: here }, server)
    }

    /// Whose agents are elsewhere.
    pub fn apart(folder: tempfile::TempDir, office: Place, field: Place) -> House {
        House { folder, office, field }
    }

    /// Starts the server again: same port, same data.
    pub fn serve(&self) -> Server {
        Server::start_with(&self.path("data"), &["--addr", &self.office.server])
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `contact` with this house's server, whether it is there or not.
    pub fn contact(&self) -> Command {
        self.contact_at(&self.office)
    }

    fn contact_at(&self, place: &Place) -> Command {
        let mut command = place.command(contact());
        // What it starts inherits the mark.
        command.env("CONTACT_SERVER", &place.server).env(MARK, self.folder.path());
        command
    }

    /// `contact run` with this script as the command. The house's folder is in `TEST_HOUSE`.
    pub fn agent(&self, flags: &[&str], script: &str) -> Command {
        self.running(flags, &["sh", "-c", script])
    }

    /// `contact run` with this command.
    pub fn running(&self, flags: &[&str], command: &[&str]) -> Command {
        let mut agent = self.contact_at(&self.field);
        agent.arg("run").args(flags).arg("--").args(command);
        agent
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str], input: impl AsRef<[u8]>) -> Output {
        run(self.contact().args(args), input)
    }

    /// Runs a command that must go well.
    pub fn ok(&self, args: &[&str], input: impl AsRef<[u8]>) -> Vec<Value> {
        let output = self.run(args, input);
        assert_eq!(output.code, 0, "{args:?}: {output:?}");
        output.json()
    }

    /// Makes a group with these settings. Before there are any tasks, for nobody is to get one by it.
    pub fn make_group(&self, name: &str, settings: &[&str]) {
        assert_eq!(self.ok(&["watch-tasks", "--group", name, "--until-empty"], ""), [Value::Null; 0]);
        self.ok(&[&["groups", "set", name], settings].concat(), "");
    }

    /// All that has been told of tasks, in order.
    pub fn results(&self) -> Vec<Value> {
        self.ok(&["watch-results", "--until-empty"], "")
    }

    /// The results of each task, in order.
    pub fn results_by_id(&self) -> HashMap<String, Vec<Value>> {
        let mut by_id: HashMap<String, Vec<Value>> = HashMap::new();
        for result in self.results() {
            by_id.entry(text(&result, "id")).or_default().push(result);
        }
        by_id
    }

    /// What `clients` says of one; `Null` if it has never heard of it.
    pub fn client(&self, name: &str) -> Value {
        let mut lines = self.ok(&["clients"], "");
        lines.retain(|line| line["client"] == name);
        assert!(lines.len() <= 1, "{lines:?}");
        lines.pop().unwrap_or_default()
    }

    /// Asks for a client until it is as it should be.
    pub fn client_becomes(&self, name: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        until(&format!("{name} {what}"), || Some(self.client(name)).filter(&is_so))
    }

    /// The whole lines of a file that commands write, each at its end.
    pub fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path(name)).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(str::to_owned).collect()
    }

    /// Waits until a file has so many lines.
    pub fn lines_of(&self, name: &str, count: usize) -> Vec<String> {
        until(&format!("{count} lines of {name}"), || Some(self.lines(name)).filter(|all| all.len() >= count))
    }

    /// Processes that have to do with a task of this house's agents: what the agent started, and whatever that did,
    /// however far it has gone away.
    pub fn survivors(&self) -> Vec<String> {
        let mark = format!("{MARK}={}", self.folder.path().display());
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let path = entry.path();
            // Gone meanwhile, or not a process.
            let Ok(environ) = std::fs::read(path.join("environ")) else { continue };
            let has = |wanted: &dyn Fn(&[u8]) -> bool| environ.split(|byte| *byte == 0).any(wanted);
            if has(&|each| each == mark.as_bytes()) && has(&|each| each.starts_with(b"CONTACT_TASK_LEASE=")) {
                found.push(describe(&path));
            }
        }
        found
    }

    /// Nothing of any task is there any more, soon.
    pub fn is_swept_within(&self, deadline: Duration) {
        let began = std::time::Instant::now();
        loop {
            let survivors = self.survivors();
            if survivors.is_empty() {
                return;
            }
            assert!(began.elapsed() < deadline, "alive {deadline:?} after the end: {survivors:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Place {
    /// The command, to be run there.
    pub fn command(&self, command: Command) -> Command {
        let Some(namespace) = &self.namespace else { return command };
        let mut there = Command::new("ip");
        there.args(["netns", "exec", namespace]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => there.env(name, value),
                None => there.env_remove(name),
            };
        }
        there
    }
}

impl Drop for House {
    /// What a failed test has left goes with it.
    fn drop(&mut self) {
        for process in self.survivors() {
            let pid = process.split(' ').next().unwrap_or_default();
            let _ =
                Command::new("kill").args(["-s", "KILL", pid]).stderr(std::process::Stdio::null()).status();
        }
    }
}

fn describe(process: &Path) -> String {
    let read = |file: &str| std::fs::read(process.join(file)).unwrap_or_default();
    let command = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
    let stat = String::from_utf8_lossy(&read("stat")).into_owned();
    let pid = process.file_name().unwrap().to_string_lossy().into_owned();
    format!("{pid} {command:.100} [{}]", stat.rsplit(") ").next().unwrap_or_default())
}

/// A field that is a text.
pub fn text(line: &Value, key: &str) -> String {
    line[key].as_str().unwrap_or_else(|| panic!("no {key}: {line}")).to_owned()
}

/// SIGTERM, and its end.
pub fn stop(agent: Running) -> Output {
    crate::common::signal(agent.child.id(), "TERM");
    agent.end()
}

/// kill -9 for this process alone: what it has started is to notice by itself.
pub fn kill(agent: &mut Running) {
    agent.child.kill().unwrap();
    wait_within(&mut agent.child, Duration::from_secs(5));
}

/// A number that a recipe may raise.
pub fn asked_for(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |n| n.parse().unwrap())
}

/// Dice from a seed that is printed: `CONTACT_TEST_SEED` replays it.
pub fn dice() -> StdRng {
    let seed = asked_for("CONTACT_TEST_SEED", rand::random());
    println!("CONTACT_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}
