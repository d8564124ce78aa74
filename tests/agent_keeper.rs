//! The process beside an agent that ends its commands when it has gone: the real binary, and a test as its agent.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests run in real time")]

use std::{
    fs,
    io::Write,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// An agent's name.
const NAME: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn the_keeper_ends_what_it_knows_and_what_bears_the_name() {
    let mut keeper = Command::new(env!("CARGO_BIN_EXE_contact"))
        .arg("run-keeper")
        // It never looks at these.
        .env("CONTACT_SERVER", "\u{1}")
        .env("CONTACT_OUTPUT", "nonsense")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut known = sleeper(None);
    let mut ended = sleeper(None);
    let mut unknown = sleeper(Some(NAME));
    let mut another = sleeper(Some("fedcba9876543210"));
    let mut agent = keeper.stdin.take().unwrap();
    writeln!(agent, "{NAME}\n+{}\n+{}\n-{}", known.id(), ended.id(), ended.id()).unwrap();

    // It stays as long as its agent does, whatever signals the two get.
    wait_until(|| caught(keeper.id()) & 0x4003 == 0x4003);
    for signal in ["-INT", "-TERM", "-HUP"] {
        assert!(Command::new("kill").args([signal, &keeper.id().to_string()]).status().unwrap().success());
    }
    assert!(is_running(&mut keeper) && is_running(&mut known) && is_running(&mut unknown));
    let memory = private_kib(keeper.id());
    assert!(memory < 4096, "{memory} KiB");

    drop(agent);
    let left = keeper.wait_with_output().unwrap();
    assert!(left.status.success() && left.stdout.is_empty() && left.stderr.is_empty(), "{left:?}");
    wait_until(|| !is_running(&mut known) && !is_running(&mut unknown));
    for child in [&mut ended, &mut another] {
        assert!(is_running(child));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// A process in a group of its own.
fn sleeper(name: Option<&str>) -> Child {
    let mut process = Command::new("sleep");
    process.arg("1000").process_group(0).env_remove("CONTACT_AGENT");
    process.envs(name.map(|name| ("CONTACT_AGENT", name)));
    process.spawn().unwrap()
}

fn is_running(child: &mut Child) -> bool {
    child.try_wait().unwrap().is_none()
}

/// Which signals a process catches.
fn caught(pid: u32) -> u64 {
    u64::from_str_radix(&field(&format!("/proc/{pid}/status"), "SigCgt:"), 16).unwrap()
}

/// What a process has in memory for itself alone.
fn private_kib(pid: u32) -> u64 {
    field(&format!("/proc/{pid}/status"), "RssAnon:").trim_end_matches(" kB").trim().parse().unwrap()
}

fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap();
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "it takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}
