//! The agent's children: the commands that run, the keepers, and the orphans that the agent has been given.
//!
//! The agent is a *subreaper*: what a command leaves behind becomes the agent's child, however it was forked and
//! whatever session it has made itself. So a [`sweep`] needs to look at the agent's own children only. One that
//! is not known is an orphan, and it is killed with its tree
//!
//! - if it bears a lease (`CONTACT_TASK_LEASE`) that no running command has;
//! - if it bears none, having cleared its environment: once no command is left that began before it, and so may
//!   be the one that it works for.
//!
//! A process has one list of children, so this is one for the process too. It is locked while a child is started:
//! no sweep sees one that is not known yet.

use std::{
    collections::BTreeMap,
    io,
    process::{Child, Command},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustix::process::Pid;

use super::{facts::LEASE, group, procfs};

static FAMILY: Mutex<Family> = Mutex::new(Family { known: BTreeMap::new() });

struct Family {
    /// By the process's id.
    known: BTreeMap<i32, Kin>,
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
    let child = process.spawn()?;
    let pid = Pid::from_child(&child);
    family.known.insert(pid.as_raw_pid(), kin);
    Ok((child, pid))
}

/// Forgets a child. If its end has not been collected, a sweep will.
pub(super) fn forget(pid: Pid) {
    lock().known.remove(&pid.as_raw_pid());
}

/// The commands that run, by their groups.
pub(super) fn commands() -> Vec<Pid> {
    lock().commands().collect()
}

/// Whether this is the command that looks after orphans for all. Those of a long-lived command would otherwise
/// wait, dead, for its end.
pub(super) fn is_warden(pid: Pid) -> bool {
    lock().commands().next() == Some(pid)
}

/// Kills what the commands that are over have left behind, and collects the ends of those that were killed.
/// Returns whether any is still about to end.
pub(super) fn sweep() -> bool {
    let family = lock();
    loop {
        let (mut has_reaped, mut is_any_left) = (false, false);
        for pid in procfs::orphans() {
            if family.known.contains_key(&pid.as_raw_pid()) {
                continue;
            }
            if group::reap(pid) {
                has_reaped = true;
            } else if family.has_outlived(pid) {
                is_any_left |= group::kill_tree(pid);
            }
        }
        // The dead may have left orphans of their own, behind those that were looked at.
        if !has_reaped {
            return is_any_left;
        }
    }
}

fn lock() -> MutexGuard<'static, Family> {
    // It is whole after each statement.
    FAMILY.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Family {
    fn commands(&self) -> impl Iterator<Item = Pid> {
        let is_command = |kin: &Kin| matches!(kin, Kin::Command(_));
        self.known.iter().filter(move |(_, kin)| is_command(kin)).filter_map(|(pid, _)| Pid::from_raw(*pid))
    }

    /// Whether an orphan's command is over.
    fn has_outlived(&self, orphan: Pid) -> bool {
        if let Some(lease) = procfs::variable(orphan, LEASE) {
            let is_its = |kin: &Kin| matches!(kin, Kin::Command(Some(own)) if own.as_bytes() == lease);
            return !self.known.values().any(is_its);
        }
        let Some(began) = procfs::started(orphan) else { return false };
        self.commands().all(|command| procfs::started(command).is_some_and(|started| started > began))
    }
}
