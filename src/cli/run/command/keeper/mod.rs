//! The agent's side of its keeper: a process beside the agent that ends all commands if the agent is killed.
//!
//! Nothing that the agent does can outlive its SIGKILL, and a signal that the kernel sends to a child when its
//! parent dies would reach only that child, and takes `unsafe`. So there is this second process ([`process`]):
//! the same binary again, in a group of its own. It reads on a pipe which groups there are, and its end says that
//! the agent has gone, however it went.
//!
//! Its lines are the agent's name, which each command has in `CONTACT_AGENT`, and then `+GROUP` and `-GROUP`. A
//! command that was started and whose line was not written yet is found by the name, and so are daemons. One that
//! has also cleared its environment is not: the agent would have found it among its children.
//!
//! A keeper that dies is replaced at once, and, should that one die too, with the next command: a command is not
//! started if it cannot be kept.

use std::{
    collections::BTreeSet,
    io,
    os::unix::process::CommandExt,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::{
    io::{Errno, ioctl_fionbio},
    process::Pid,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use super::{
    facts::{self, AGENT},
    family::{self, Kin},
};

mod process;

pub(in crate::cli) use process::{is_keeper, keep};

/// How long `finish` waits at most for what cannot be ended at once.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it looks without being told that a child has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The agent's hold on it. One per agent.
#[derive(Debug, Clone)]
pub(in crate::cli::run) struct Keeper(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    /// This agent's, 32 hexadecimal digits.
    name: String,
    /// How a keeper is started.
    program: fn() -> Command,
    child: Child,
    pid: Option<Pid>,
    /// Gone once the agent has finished.
    pipe: Option<ChildStdin>,
    /// What it watches, for the one that replaces it.
    groups: BTreeSet<i32>,
    /// One that dies is replaced at once.
    is_replaced: bool,
}

impl Keeper {
    /// Starts it. From here on this process is also given the orphans of its commands.
    pub(in crate::cli::run) fn start() -> io::Result<Self> {
        Keeper::start_as(own_program)
    }

    pub(super) fn start_as(program: fn() -> Command) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        let name = format!("{:032x}", rand::random::<u128>());
        let (child, pid, pipe) = start(program, &name)?;
        let kept = Kept {
            name,
            program,
            child,
            pid: Some(pid),
            pipe: Some(pipe),
            groups: BTreeSet::new(),
            is_replaced: true,
        };
        Ok(Keeper(Arc::new(Mutex::new(kept))))
    }

    /// Marks a command as this agent's.
    pub(super) fn mark(&self, process: &mut Command) {
        process.env(AGENT, &self.lock().name);
    }

    /// From here on the keeper ends this command's group if the agent does not.
    pub(super) fn watch(&self, group: Pid) -> io::Result<()> {
        let mut kept = self.lock();
        kept.is_replaced = true;
        kept.groups.insert(group.as_raw_pid());
        kept.say(&format!("+{group}\n"))
    }

    /// The group is ended. To be called before its leader's end is collected: its number is free after that.
    pub(super) fn forget(&self, group: Pid) {
        let mut kept = self.lock();
        kept.groups.remove(&group.as_raw_pid());
        // If there is no keeper any more, it has nothing to forget.
        let _ = kept.say(&format!("-{group}\n"));
    }

    /// Replaces the keeper if it has died.
    pub(super) fn check(&self) {
        let mut kept = self.lock();
        if kept.is_replaced && kept.pipe.is_some() && kept.has_died() {
            kept.is_replaced = false;
            // What cannot be done now is tried, and told, with the next command.
            let _ = kept.replace();
        }
    }

    /// Ends what all commands have left behind and waits, for a moment at most, until it is gone and the keeper
    /// too. For the agent's end, when no command runs.
    pub(in crate::cli::run) async fn finish(self) {
        let mut news = signal(SignalKind::child()).ok();
        let all_gone = async {
            // The keeper looks too, as soon as its pipe is closed.
            self.lock().pipe = None;
            while family::sweep() || !self.lock().has_died() {
                tokio::select! {
                    Some(()) = async { news.as_mut()?.recv().await } => {}
                    () = sleep(LOOK_EVERY) => {}
                }
            }
        };
        // What is stuck in the kernel goes when that lets it go.
        let _ = tokio::time::timeout(PATIENCE, all_gone).await;
        let mut kept = self.lock();
        if kept.has_died() {
            kept.pid.take().into_iter().for_each(family::forget);
        }
    }

    /// The process.
    #[cfg(test)]
    pub(super) fn pid(&self) -> Pid {
        self.lock().pid.unwrap()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Tells the keeper one thing. One that has died, or does not read, is replaced.
    fn say(&mut self, line: &str) -> io::Result<()> {
        if self.write(line).is_ok() {
            return Ok(());
        }
        self.replace()?;
        Ok(self.write(line)?)
    }

    fn write(&self, line: &str) -> Result<(), Errno> {
        // A line so short goes whole or not at all.
        self.pipe.as_ref().map_or(Ok(0), |pipe| rustix::io::write(pipe, line.as_bytes())).map(|_| ())
    }

    fn has_died(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    fn replace(&mut self) -> io::Result<()> {
        // It may be there and not read, being stopped. When its pipe closed it would end all that runs.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Once: its number may be another's by the next time.
        self.pid.take().into_iter().for_each(family::forget);
        let (child, pid, pipe) = start(self.program, &self.name)?;
        (self.child, self.pid, self.pipe) = (child, Some(pid), Some(pipe));
        for group in &self.groups {
            self.write(&format!("+{group}\n"))?;
        }
        Ok(())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // What is left after this the keeper ends, as soon as the pipe is closed.
        family::sweep();
    }
}

fn start(program: fn() -> Command, name: &str) -> io::Result<(Child, Pid, ChildStdin)> {
    let mut process = program();
    // A signal to the agent's group does not reach it, and it holds none of the agent's files.
    process.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    facts::forget(&mut process);
    let (mut child, pid) = family::start(&mut process, Kin::Keeper)?;
    let pipe = child.stdin.take().ok_or_else(|| io::Error::other("the keeper has no stdin"))?;
    // An agent never waits for its keeper.
    ioctl_fionbio(&pipe, true)?;
    rustix::io::write(&pipe, format!("{name}\n").as_bytes())?;
    Ok((child, pid, pipe))
}

/// This binary, even if another one has been installed in its place since.
fn own_program() -> Command {
    let path = if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() };
    let mut process = Command::new(path.unwrap_or_else(|_| "contact".into()));
    process.arg0("contact").arg(process::NAME);
    process
}
