//! What `contact run` starts for each task: one command, fed with the task's text, read, watched and ended.
//!
//! **Nothing of a task reaches a shell or a command line.** The command is started as it was given; the text is
//! its stdin, and the facts are variables in its environment ([`facts`]).
//!
//! **A task is its process tree.** When the command has exited, its last output is read and whatever it has left
//! behind is ended with it: the rest of its process group, and the daemons that left the group ([`family`]). When
//! the agent itself is killed, a second process does the same ([`keeper`]). What asks somebody else to start a
//! process (systemd, a container engine, at) is not followed there.
//!
//! This file has what is started, [`running`] one that has been, [`tail`] what is kept of its output, [`group`]
//! how processes are signalled, and [`procfs`] what /proc knows of them. Without a /proc (or one that hides
//! processes) daemons are not found; the process group is ended all the same.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::{ffi::OsStrExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use rustix::fs::{Access, AtFlags, CWD, accessat};

mod facts;
mod family;
mod group;
mod keeper;
mod procfs;
mod running;
mod tail;
#[cfg(test)]
mod tests;

pub(super) use facts::Facts;
pub(super) use keeper::Keeper;
pub(in crate::cli) use keeper::{is_keeper, keep};
pub(super) use running::{Ended, Exit, Running};
pub(super) use tail::Tail;

/// Where programs are looked for if `PATH` does not say.
const PATH: &str = "/bin:/usr/bin";
/// What a command that has been asked has between SIGTERM and SIGKILL.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What is started for each task.
#[derive(Debug, Clone)]
pub(super) struct Command {
    /// As it was given: the command's own name for itself.
    name: OsString,
    /// Where it was found.
    path: PathBuf,
    args: Vec<OsString>,
}

impl Command {
    /// Looks for a program as exec would: a name in `PATH`, or a path if there is a slash in it. An error says
    /// why it cannot be started, and names it.
    pub(super) fn find(program: OsString, args: Vec<OsString>) -> Result<Self, String> {
        let path = std::env::var_os("PATH").unwrap_or_else(|| PATH.into());
        match look_for(&program, &path) {
            Ok(path) => Ok(Command { name: program, path, args }),
            Err(why) => Err(format!("{}: {why}", program.to_string_lossy())),
        }
    }

    /// Starts it for a task.
    pub(super) fn start(&self, facts: &Facts, keeper: &Keeper) -> Result<Running, io::Error> {
        let mut process = self.process();
        process.stdin(Stdio::piped()).envs(facts.variables());
        Running::start(process, facts.lease(), facts.task.task.as_bytes(), keeper)
    }

    /// Starts it without a task and an empty stdin, and waits for its end. After `limit` it is stopped.
    pub(super) async fn ask(&self, limit: Duration, keeper: &Keeper) -> Result<Ended, io::Error> {
        let mut process = self.process();
        process.stdin(Stdio::null());
        let mut running = Running::start(process, None, &[], keeper)?;
        if let Ok(ended) = tokio::time::timeout(limit, running.ended()).await {
            return Ok(ended);
        }
        running.stop(LAST_WORDS);
        Ok(running.ended().await)
    }

    fn process(&self) -> std::process::Command {
        let mut process = std::process::Command::new(&self.path);
        process.arg0(&self.name).args(&self.args).stdout(Stdio::piped()).stderr(Stdio::piped());
        facts::forget(&mut process);
        process
    }
}

/// The first that can be executed, or why the first that is there cannot.
fn look_for(program: &OsStr, path: &OsStr) -> Result<PathBuf, String> {
    if program.is_empty() {
        return Err("a program needs a name".to_owned());
    }
    if program.as_bytes().contains(&b'/') {
        let path = PathBuf::from(program);
        return check(&path).map(|()| path);
    }
    let mut why = None;
    for folder in std::env::split_paths(path) {
        // An empty entry is the working folder; with its dot the path has a slash and is not looked for again.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
        let path = folder.join(program);
        match check(&path) {
            Ok(()) => return Ok(path),
            Err(_) if !path.exists() => {}
            Err(e) => why = why.or(Some(format!("{e} ({})", path.display()))),
        }
    }
    Err(why.unwrap_or_else(|| "not found in PATH".to_owned()))
}

fn check(path: &Path) -> Result<(), String> {
    match std::fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Err("not found".to_owned()),
        Err(e) => Err(e.to_string()),
        Ok(about) if about.is_dir() => Err("is a folder".to_owned()),
        Ok(_) => {
            accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS).map_err(|_| "is not executable".to_owned())
        }
    }
}
