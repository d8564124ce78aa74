//! Signals to a command's process group and to trees of processes.
//!
//! A process group's number is its leader's process id. Nobody else can have that as long as the leader has not
//! been waited for, or one of the group is left: so the group is killed before its leader's end is collected.

use rustix::{
    io::Errno,
    process::{
        Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, test_kill_process_group, waitid,
    },
};

use super::procfs;

/// Asks a group to end. One that is stopped goes on, or it would not hear.
pub(super) fn terminate(leader: Pid) {
    // What is gone needs no signal.
    let _ = kill_process_group(leader, Signal::TERM);
    let _ = kill_process_group(leader, Signal::CONT);
}

/// Kills a group. None of it can get away by forking: the kernel does not fork while a signal waits.
pub(super) fn kill(leader: Pid) {
    let _ = kill_process_group(leader, Signal::KILL);
}

/// Kills a command that runs: its group, and what descends from it in other groups.
pub(super) fn kill_command(leader: Pid) {
    let tree = tree(leader);
    // All of the group at once: a shell whose child has been killed would else go on.
    kill(leader);
    kill_all(&tree);
}

/// Kills a process and all that descend from it, whatever groups they are in. False if it is not ours to kill.
pub(super) fn kill_tree(root: Pid) -> bool {
    let tree = tree(root);
    let is_ours = kill_process(root, Signal::KILL) != Err(Errno::PERM);
    kill_all(&tree);
    is_ours
}

fn kill_all(pids: &[Pid]) {
    for pid in pids {
        let _ = kill_process(*pid, Signal::KILL);
    }
}

/// A process and all that descend from it, parents first.
fn tree(root: Pid) -> Vec<Pid> {
    let mut tree = vec![root];
    let mut next = 0;
    while let Some(pid) = tree.get(next).copied() {
        tree.extend(procfs::children(pid));
        next += 1;
    }
    tree
}

/// Whether nobody is left in a group whose leader has been waited for.
pub(super) fn is_gone(leader: Pid) -> bool {
    // What is there and belongs to somebody else is not ours to wait for.
    test_kill_process_group(leader).is_err()
}

/// Whether a child has exited. Its end stays to be collected, and its number its own.
pub(super) fn has_exited(child: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    // A child that cannot be waited for is none.
    !matches!(waitid(WaitId::Pid(child), options), Ok(None))
}

/// Collects a child's end, if it has exited.
pub(super) fn reap(child: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    !matches!(waitid(WaitId::Pid(child), options), Ok(None))
}
