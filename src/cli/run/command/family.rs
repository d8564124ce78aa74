//! The agent's children: the commands that run, the keepers, and the orphans that the agent has been given.
//!
//! The agent is a *subreaper*: what a command leaves behind becomes the agent's child, however it was forked and
//! whatever session it has made itself. So a [`sweep`] needs to look at the agent's own children only. One that
//! is not known is an orphan, and it is killed with its tree
//!
//! - if it bears a lease (`CONTACT_TASK_LEASE`) that no running command has;
//! - if it bears none, having cleared its environment: once no command is left that began before it, and so may
//!   be the one that it works for. The first process of a container leaves these alone.
//!
//! Children that were there before the agent was are nobody's orphans.
//!
//! A process has one list of children, so this is one for the process too. It is locked while a child is started:
//! no sweep sees one that is not known yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    process::{Child, Command},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::process::{Pid, getpid};

use super::{facts::LEASE, group, procfs};

static FAMILY: Mutex<Family> = Mutex::new(Family {
    known: BTreeMap::new(),
    others: None,
    awaited: BTreeSet::new(),
    stuck: BTreeSet::new(),
});

struct Family {
    /// By the process's id.
    known: BTreeMap<i32, Kin>,
    /// Children that were there before any was started here, and when each began: whoever has put this program in
    /// its place (`exec > >(tee log); exec contact run …`) has others to look after them.
    others: Option<BTreeSet<(i32, Option<u64>)>>,
    /// The commands whose end is being waited for.
    awaited: BTreeSet<i32>,
    /// Orphans that were killed and have not ended: nobody waits for them any more.
    stuck: BTreeSet<i32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kin {
    /// A command, with its task's lease if it has one.
    Command(Option<String>),
    Keeper,
}

/// Starts a child that is known.
pub(super) fn start(process: &mut Command, kin: Kin) -> io::Result<(Child, Pid)> {
    let mut family = lock();
    let begun = |pid: Pid| (pid.as_raw_pid(), procfs::started(pid));
    family.others.get_or_insert_with(|| procfs::orphans().into_iter().map(begun).collect());
    let child = process.spawn()?;
    let pid = Pid::from_child(&child);
    family.known.insert(pid.as_raw_pid(), kin);
    Ok((child, pid))
}

/// Forgets a child. If its end has not been collected, a sweep will.
pub(super) fn forget(pid: Pid) {
    lock().known.remove(&pid.as_raw_pid());
}

/// The end of a command is being waited for, until this is dropped.
#[derive(Debug)]
pub(super) struct Awaited(i32);

impl Awaited {
    pub(super) fn new(command: Pid) -> Self {
        lock().awaited.insert(command.as_raw_pid());
        Awaited(command.as_raw_pid())
    }

    /// Whether this is the one that looks after orphans for all: those of a command that runs for days would
    /// otherwise wait, dead, for its end.
    pub(super) fn is_warden(&self) -> bool {
        lock().awaited.first() == Some(&self.0)
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        lock().awaited.remove(&self.0);
    }
}

/// Kills what the commands that are over have left behind, and collects the ends of those that were killed.
/// Returns whether any is still about to end.
pub(super) fn sweep() -> bool {
    let mut family = lock();
    let left = family.sweep();
    left.iter().any(|pid| !family.stuck.contains(pid))
}

/// From here on nobody waits for those that are about to end now: the kernel holds them.
pub(super) fn give_up() {
    let mut family = lock();
    let left = family.sweep();
    family.stuck.extend(left);
}

fn lock() -> MutexGuard<'static, Family> {
    // It is whole after each statement.
    FAMILY.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Family {
    /// Returns those that were killed and have not ended.
    fn sweep(&mut self) -> Vec<i32> {
        loop {
            let (mut has_reaped, mut left) = (false, Vec::new());
            for pid in procfs::orphans() {
                let number = pid.as_raw_pid();
                if self.known.contains_key(&number) {
                    continue;
                }
                if group::reap(pid) {
                    has_reaped = true;
                    self.stuck.remove(&number);
                } else if self.has_outlived(pid) && group::kill_tree(pid) {
                    left.push(number);
                }
            }
            // The dead may have left orphans of their own, behind those that were looked at.
            if !has_reaped {
                return left;
            }
        }
    }

    /// Whether an orphan's command is over.
    fn has_outlived(&self, orphan: Pid) -> bool {
        let began = procfs::started(orphan);
        if self.others.as_ref().is_some_and(|others| others.contains(&(orphan.as_raw_pid(), began))) {
            return false;
        }
        if let Some(lease) = procfs::variable(orphan, LEASE) {
            let is_its = |kin: &Kin| matches!(kin, Kin::Command(Some(own)) if own.as_bytes() == lease);
            return !self.known.values().any(is_its);
        }
        // Those of a container's first process may be of anybody who was let in beside it.
        let Some(began) = began.filter(|_| getpid() != Pid::INIT) else { return false };
        let is_younger = |pid: i32| Pid::from_raw(pid).and_then(procfs::started).is_some_and(|at| at > began);
        self.known.iter().all(|(pid, kin)| *kin == Kin::Keeper || is_younger(*pid))
    }
}
