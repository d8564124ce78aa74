//! The keeper's own side: a process that waits for its agent's end, and then ends what the agent has left.
//!
//! It is a plain loop without a runtime, so that hundreds of agents may have one each.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read},
    process::ExitCode,
};

use rustix::{
    event::{Timespec, poll},
    process::Pid,
};
use tokio::signal::unix::{SignalKind, signal};

use super::super::{facts::AGENT, group, procfs};

/// The argument that makes this binary a keeper. It is no command of people, so the command line does not know
/// it: neither help nor completions have it.
pub(super) const NAME: &str = "run-keeper";

/// How often it looks whether all are gone, and for how long: what is stuck in the kernel is left to itself.
const LOOK_EVERY: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
const LOOKS_MAX: u32 = 1000;

/// Whether this process has been started to be a keeper.
pub(in crate::cli) fn is_keeper() -> bool {
    let mut args = std::env::args_os().skip(1);
    args.next().is_some_and(|first| first == NAME) && args.next().is_none()
}

/// Is one, with its agent's lines on stdin.
pub(in crate::cli) fn keep() -> ExitCode {
    outlive_signals();
    // It may live for months: no folder is held by it.
    let _ = std::env::set_current_dir("/");
    let (name, groups) = listen(std::io::stdin().lock());
    end(&name, &groups);
    ExitCode::SUCCESS
}

/// Reads until the agent has gone: its name, and the groups that are left.
fn listen(lines: impl Read) -> (String, BTreeSet<i32>) {
    let (mut name, mut groups) = (String::new(), BTreeSet::new());
    for line in BufReader::new(lines).lines() {
        // Whatever has happened to the pipe: there is no agent behind it any more.
        let Ok(line) = line else { break };
        match (line.split_at_checked(1), name.is_empty()) {
            (_, true) => name = line,
            (Some(("+", group)), _) => groups.extend(group.parse::<i32>()),
            (Some(("-", group)), _) => _ = group.parse().map(|group| groups.remove(&group)),
            _ => {}
        }
    }
    (name, groups)
}

/// Ends the groups, and whatever bears the agent's name.
fn end(name: &str, groups: &BTreeSet<i32>) {
    for leader in groups.iter().filter_map(|group| Pid::from_raw(*group)) {
        group::kill_command(leader);
    }
    let bears_it = |pid: &Pid| procfs::variable(*pid, AGENT).is_some_and(|value| value == name.as_bytes());
    for _ in 0..LOOKS_MAX {
        let mut is_any_left = false;
        for pid in procfs::all().into_iter().filter(bears_it) {
            is_any_left |= group::kill_tree(pid);
        }
        if !is_any_left {
            break;
        }
        // One that has been killed has no environment, and one that was being started then may have it by now.
        let _ = poll(&mut [], Some(&LOOK_EVERY));
    }
}

/// From here on the signals that end a session or a service do not end the keeper: the agent's end does.
fn outlive_signals() {
    // Ignoring a signal takes `unsafe`; catching it does not, and the handlers stay when the runtime has gone.
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
    let _entered = runtime.enter();
    for kind in [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate()] {
        let _ = signal(kind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_names_itself_and_its_groups() {
        let (name, groups) = listen(&b"abc\n+1\n+20\n-1\n+x\n\n-7\n+3\n\xFF\n+4\n"[..]);
        assert_eq!((&name[..], groups), ("abc", [3, 20].into()));
        assert_eq!(listen(&b""[..]), (String::new(), BTreeSet::new()));
    }
}
