//! A server of a test's own, and what it says of its group `ci`.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    path::PathBuf,
    process::Command,
};

use rand::{SeedableRng, rngs::StdRng};
use serde_json::Value;

use crate::common::{self, Output, Server, contact, run, until};

/// A folder with a socket whose address survives a restart.
pub struct House {
    folder: tempfile::TempDir,
}

impl House {
    pub fn new() -> House {
        House { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file to be written by many processes, each line at its end.
    pub fn log(&self, name: &str) -> File {
        OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap()
    }

    /// The lines of such a file as JSON. Of a process that was killed the last one may be cut.
    pub fn logged(&self, name: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path(name)).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        common::json_lines(whole)
    }

    pub fn address(&self) -> String {
        format!("unix:{}", self.path("socket").display())
    }

    /// Starts the server, again and again with the same address and data.
    pub fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    pub fn serve_with(&self, flags: &[&str]) -> Server {
        let address = self.address();
        let flags: Vec<&str> = ["--addr", &address].into_iter().chain(flags.iter().copied()).collect();
        Server::start_with(&self.path("data"), &flags)
    }

    /// `contact` with this house's server, whether it is there or not.
    pub fn contact(&self) -> Command {
        let mut command = contact();
        command.env("CONTACT_SERVER", self.address());
        command
    }

    /// Runs a command that must go well.
    pub fn ok(&self, args: &[&str], input: impl AsRef<[u8]>) -> Vec<Value> {
        let output = self.run(args, input);
        assert_eq!(output.code, 0, "{args:?}: {output:?}");
        output.json()
    }

    pub fn run(&self, args: &[&str], input: impl AsRef<[u8]>) -> Output {
        run(self.contact().args(args), input)
    }

    /// Submits tasks `1`, `2` and so on.
    pub fn submit(&self, tasks: usize) {
        let input: String = (1..=tasks).map(|n| format!("{n}\n")).collect();
        assert_eq!(self.ok(&["submit"], input).len(), tasks);
    }

    /// Makes the group with these settings. Before there are any tasks, for nobody is to get one by it.
    pub fn make_group(&self, settings: &[&str]) {
        assert_eq!(self.ok(&["watch-tasks", "--group", "ci", "--until-empty"], ""), [Value::Null; 0]);
        if !settings.is_empty() {
            self.ok(&[&["groups", "set", "ci"], settings].concat(), "");
        }
    }

    pub fn group(&self) -> Value {
        let mut groups = self.ok(&["groups", "--group", "ci"], "");
        assert_eq!(groups.len(), 1, "{groups:?}");
        groups.remove(0)
    }

    /// Asks for the group until it is as it should be.
    pub fn group_becomes(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        until(what, || Some(self.group()).filter(&is_so))
    }

    /// Where each task stands, by its seq.
    pub fn tasks(&self) -> BTreeMap<u64, Task> {
        let lines = self.ok(&["tasks", "--group", "ci"], "");
        lines.iter().map(|line| (line["seq"].as_u64().unwrap(), Task::read(line))).collect()
    }
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub state: String,
    pub attempt: usize,
    pub failures: u64,
    pub ends: Vec<String>,
}

impl Task {
    fn read(line: &Value) -> Task {
        let ends = line["ends"].as_array().into_iter().flatten();
        Task {
            state: line["state"].as_str().unwrap().to_owned(),
            attempt: line["attempt"].as_u64().unwrap_or_default() as usize,
            failures: line["failures"].as_u64().unwrap_or_default(),
            ends: ends.map(|end| end.as_str().unwrap().to_owned()).collect(),
        }
    }

    /// Done when it was first handed out.
    pub fn done_at_once() -> Task {
        Task { state: "done".into(), attempt: 1, failures: 0, ends: vec!["done".into()] }
    }
}

/// How often each word was said.
pub fn count<'a>(words: impl IntoIterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

/// The verdicts of an `ack`'s lines.
pub fn verdicts(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["verdict"].as_str().unwrap()).collect()
}

/// Dice from a seed that is printed: `CONTACT_TEST_SEED` replays it.
pub fn dice() -> StdRng {
    let seed: u64 =
        std::env::var("CONTACT_TEST_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("CONTACT_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}
