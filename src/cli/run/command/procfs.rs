//! What /proc knows of processes. Where there is none, nothing is found.

use std::fs;

use rustix::process::{Pid, getpid};

/// The processes that have become this one's children, and those that its main thread has started.
///
/// The kernel gives orphans to the first thread that lives. The list is whole only because nobody else collects
/// children in the meantime: see proc(5).
pub(super) fn orphans() -> Vec<Pid> {
    let own = getpid();
    listed(own, own).unwrap_or_else(|| by_scan(own))
}

/// The children of a process.
pub(super) fn children(pid: Pid) -> Vec<Pid> {
    let threads = numbers(&format!("/proc/{pid}/task"));
    let lists: Option<Vec<Vec<Pid>>> = threads.into_iter().map(|thread| listed(pid, thread)).collect();
    match lists {
        Some(lists) => lists.concat(),
        None => by_scan(pid),
    }
}

/// All processes.
pub(super) fn all() -> Vec<Pid> {
    numbers("/proc")
}

/// What a variable was when the process began, if that can be read.
pub(super) fn variable(pid: Pid, name: &str) -> Option<Vec<u8>> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut variables = environment.split(|byte| *byte == 0);
    variables.find_map(|v| Some(v.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?.to_vec()))
}

/// When a process began, in ticks since the machine did.
pub(super) fn started(pid: Pid) -> Option<u64> {
    field(pid, 22)?.parse().ok()
}

/// A thread's children. Not every kernel is built to list them.
fn listed(pid: Pid, thread: Pid) -> Option<Vec<Pid>> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{thread}/children")).ok()?;
    Some(list.split_ascii_whitespace().filter_map(number).collect())
}

fn by_scan(parent: Pid) -> Vec<Pid> {
    let is_child = |pid: &Pid| field(*pid, 4).and_then(|ppid| number(&ppid)) == Some(parent);
    all().into_iter().filter(is_child).collect()
}

/// A field of a process's stat, counted from 1 as in proc(5).
fn field(pid: Pid, n: usize) -> Option<String> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The second one is the name, in parentheses, and may have anything in it.
    let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let rest = std::str::from_utf8(&stat[after_name..]).ok()?;
    rest.split_ascii_whitespace().nth(n - 3).map(str::to_owned)
}

fn numbers(folder: &str) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| number(entry.ok()?.file_name().to_str()?)).collect()
}

fn number(text: &str) -> Option<Pid> {
    text.parse().ok().and_then(Pid::from_raw)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a deadline in real time")]
mod tests {
    use std::time::{Duration, Instant};

    use super::{
        super::family::{self, Kin},
        *,
    };

    #[test]
    fn a_child_is_found_either_way() {
        let mut process = std::process::Command::new("sleep");
        process.arg("1000").env("A_MARK", "b=c");
        let (mut child, pid) = family::start(&mut process, Kin::Command(None)).unwrap();
        let own = getpid();
        assert!(children(own).contains(&pid) && by_scan(own).contains(&pid) && all().contains(&pid));
        assert!(started(pid) >= started(own) && started(own) > Some(0));
        // The kernel lets go of who starts it a moment before its environment is in place.
        let deadline = Instant::now() + Duration::from_secs(30);
        while variable(pid, "A_MARK").is_none() && Instant::now() < deadline {
            std::thread::yield_now();
        }
        assert_eq!(variable(pid, "A_MARK"), Some(b"b=c".to_vec()));
        assert_eq!(variable(pid, "A_MAR"), None);
        child.kill().unwrap();
        child.wait().unwrap();
        family::forget(pid);
        assert_eq!((started(pid), variable(pid, "A_MARK")), (None, None));
    }
}
