//! The process beside a bench that has a server of its own. It starts the server and waits until the bench has
//! gone, however it went: nothing that the bench does could outlive its SIGKILL. Then it ends the server and removes
//! its folder.

use std::{
    ffi::{OsStr, OsString},
    io::{Read, Write},
    process::{Child, Command, ExitCode, Stdio},
    sync::mpsc,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

/// The argument that makes this binary such a process. It is no command of people, so the command line does not
/// know it: neither help nor completions have it.
pub(super) const NAME: &str = "bench-keeper";
/// What it says when the server has ended.
pub(super) const ENDED: &str = "ended";
/// Instead of a folder.
pub(super) const NO_FOLDER: &str = "-";
/// How long the server has to end by itself. Its tasks are thrown away with it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether this process has been started to be a keeper.
pub(in crate::cli) fn is_keeper() -> bool {
    std::env::args_os().nth(1).is_some_and(|first| first == NAME)
}

/// Is one. Its arguments are the folder to remove, and the server's flags; its stdin is open as long as the bench
/// is there. It says the server's number, and that it has ended.
pub(in crate::cli) fn keep() -> ExitCode {
    let mut args = std::env::args_os().skip(2);
    let folder = args.next().filter(|folder| folder != NO_FOLDER);
    let code = match start(args) {
        Ok(server) => {
            stay(server);
            ExitCode::SUCCESS
        }
        Err(e) => {
            say(&format!("{ENDED} {e}"));
            ExitCode::FAILURE
        }
    };
    if let Some(folder) = folder {
        // What cannot be removed is not in anybody's way.
        let _ = std::fs::remove_dir_all(folder);
    }
    code
}

fn start(args: impl Iterator<Item = OsString>) -> std::io::Result<Child> {
    let mut server = super::own_program();
    server.arg("serve").args(args).stdin(Stdio::null()).stdout(Stdio::null());
    server.spawn()
}

fn stay(mut server: Child) {
    let id = server.id();
    say(&id.to_string());
    let (ended, has_ended) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = server.wait();
        say(ENDED);
        let _ = ended.send(());
    });
    // Its end is all that it says.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
    for signal in [Signal::TERM, Signal::KILL] {
        // Not collected yet, its number is nobody else's.
        if matches!(has_ended.try_recv(), Err(mpsc::TryRecvError::Empty))
            && let Some(pid) = pid
        {
            let _ = kill_process(pid, signal);
            if has_ended.recv_timeout(PATIENCE).is_ok() {
                return;
            }
        }
    }
}

fn say(line: &str) {
    // Nobody may be there to hear it.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A keeper that is yet to be started.
pub(super) fn command(folder: Option<&OsStr>) -> Command {
    let mut keeper = super::own_program();
    keeper.arg(NAME).arg(folder.unwrap_or(OsStr::new(NO_FOLDER)));
    keeper
}
