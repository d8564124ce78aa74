//! Commands as they should not be. Each test ends with a look for a process that bears the lease of its task.

use std::{future::Future, path::Path, time::Duration};

use rustix::process::Pid;

use super::{facts::LEASE, *};
use crate::pb;

mod agent;
mod endings;
mod input;
mod left_behind;
mod output;
mod starting;

/// Longer than anything here takes, and shorter than what the commands would sleep.
const DEADLINE: Duration = Duration::from_secs(60);

/// A task with a lease that no other has.
fn task(text: &str) -> Facts {
    let lease = format!("lease-{:032x}", rand::random::<u128>());
    Facts {
        task: pb::ServerMsg { task: text.into(), id: "7".into(), seq: 7, lease, ..pb::ServerMsg::default() },
    }
}

fn shell(script: &str) -> Command {
    Command::find("sh".into(), vec!["-c".into(), script.into()]).unwrap()
}

/// Runs a script to its end.
async fn run(script: &str, text: &str) -> Ended {
    let (facts, keeper) = (task(text), Keeper::for_tests());
    let mut running = shell(script).start(&facts, &keeper).unwrap();
    let ended = in_time(running.ended()).await;
    assert!(!ended.was_stopped);
    assert_gone(&facts);
    keeper.finish().await;
    ended
}

/// Runs a script, which makes the file `$0` when it is ready, and stops it then.
async fn stopped(script: &str, kill_after: &[Duration]) -> Ended {
    let (facts, keeper) = (task(""), Keeper::for_tests());
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready");
    let args = vec!["-c".into(), script.into(), ready.clone().into()];
    let mut running = Command::find("sh".into(), args).unwrap().start(&facts, &keeper).unwrap();
    tokio::select! {
        ended = running.ended() => panic!("it should not have ended: {ended:?}"),
        () = in_time(made(&ready)) => {}
    }
    for time in kill_after {
        running.stop(*time);
    }
    let ended = in_time(running.ended()).await;
    assert!(ended.was_stopped);
    assert_gone(&facts);
    keeper.finish().await;
    ended
}

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, what).await.expect("it takes too long")
}

async fn made(path: &Path) {
    until(|| path.exists()).await;
}

/// Waits until something is so.
async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn assert_gone(facts: &Facts) {
    let left = survivors(facts);
    assert!(left.is_empty(), "{left:?} are left of {}", facts.task.lease);
}

/// The processes that have this task's lease in their environment.
fn survivors(facts: &Facts) -> Vec<Pid> {
    let lease = facts.task.lease.as_bytes();
    let is_its = |pid: &Pid| procfs::variable(*pid, LEASE).is_some_and(|value| value == lease);
    procfs::all().into_iter().filter(is_its).collect()
}

/// This test binary again, for one test that is ignored otherwise.
fn again(test: &str) -> std::process::Command {
    let mut process = std::process::Command::new("/proc/self/exe");
    process.args([&format!("cli::run::command::tests::{test}"), "--exact", "--ignored", "--nocapture"]);
    process
}

#[test]
#[ignore = "is the keeper of other tests"]
fn as_keeper() {
    assert_eq!(format!("{:?}", keep()), format!("{:?}", std::process::ExitCode::SUCCESS));
}

impl Keeper {
    /// A keeper whose process is this test binary.
    pub(in crate::cli::run) fn for_tests() -> Keeper {
        Keeper::start_as(|| again("as_keeper")).unwrap()
    }
}
