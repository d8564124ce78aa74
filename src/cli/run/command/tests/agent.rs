//! An agent that is killed, and a keeper that is.
//!
//!     this test ── the agent, killed ── its command, and a daemon ── …
//!                  └─ the keeper ─── kills ──┘

use std::io::{BufRead, BufReader};

use rustix::process::{Signal, kill_process, kill_process_group};

use super::{
    family::{self, Kin},
    *,
};

/// Which lease an agent's task has.
const GIVEN: &str = "CONTACT_TEST_LEASE";

#[test]
#[ignore = "is the agent of another test"]
fn as_agent() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let keeper = Keeper::for_tests();
        let mut facts = task("");
        facts.task.lease = std::env::var(GIVEN).unwrap();
        let script = "trap '' TERM HUP INT; (setsid sleep 1000 >&- 2>&- &); sleep 1000 & sleep 1000";
        let mut running = shell(script).start(&facts, &keeper).unwrap();
        // Told by name: the test's own output has more in it.
        let told = std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("keeper={}\n", keeper.pid()).as_bytes(),
        );
        told.unwrap();
        panic!("it has ended: {:?}", running.ended().await);
    });
}

#[tokio::test]
async fn when_the_agent_is_killed_its_commands_are_ended() {
    for signal_keeper in [false, true] {
        let facts = task("");
        // Its orphans come to this process. They count as those of a running command, so that it leaves them.
        let mut process = again("agent::as_agent");
        process.env(GIVEN, &facts.task.lease).stderr(Stdio::piped()).stdout(Stdio::null());
        let (mut agent, pid) =
            family::start(&mut process, Kin::Command(Some(facts.task.lease.clone()))).unwrap();
        let mut said = BufReader::new(agent.stderr.take().unwrap()).lines();
        let keeper = said.find_map(|line| line.unwrap().strip_prefix("keeper=")?.parse().ok()).unwrap();
        let keeper = Pid::from_raw(keeper).unwrap();
        // The shell, two of its own, and the daemon; none of them ends by itself.
        in_time(until(|| survivors(&facts).len() == 4)).await;
        if signal_keeper {
            // Once it has a command to keep, it is deaf.
            in_time(until(|| catches(keeper, Signal::TERM))).await;
            for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
                kill_process_group(keeper, signal).unwrap();
            }
        }
        kill_process(pid, Signal::KILL).unwrap();
        agent.wait().unwrap();
        in_time(until(|| survivors(&facts).is_empty())).await;
        family::forget(pid);
        in_time(until(|| {
            family::sweep();
            kill_process(keeper, Signal::CONT).is_err()
        }))
        .await;
    }
}

fn catches(pid: Pid, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught =
        status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:\t")?, 16).ok());
    caught.is_some_and(|caught| caught & (1 << (signal.as_raw() - 1)) != 0)
}

#[tokio::test]
async fn a_keeper_that_dies_is_replaced_and_knows_what_runs() {
    let (facts, keeper) = (task(""), Keeper::for_tests());
    let mut running = shell("exec sleep 1000").start(&facts, &keeper).unwrap();
    let (first, second) = (keeper.pid(), task(""));
    kill_process(first, Signal::KILL).unwrap();
    // While the command runs its death is seen, by whichever command is awaited, or else with the next start.
    in_time(async {
        while keeper.pid() == first {
            let mut other = shell("exit 0").start(&second, &keeper).unwrap();
            in_time(other.ended()).await;
        }
    })
    .await;
    // This is what a keeper does when its agent has gone: the command is one that it knows.
    keeper.finish().await;
    assert_eq!(in_time(running.ended()).await.exit, Exit::Signal(9));
    assert_gone(&facts);
}

#[tokio::test]
async fn a_keeper_that_is_stopped_delays_nobody() {
    let (facts, keeper) = (task(""), Keeper::for_tests());
    let first = keeper.pid();
    kill_process(first, Signal::STOP).unwrap();
    // More lines than fit into its pipe.
    in_time(async {
        while keeper.pid() == first {
            keeper.watch(rustix::process::getpid()).unwrap();
            keeper.forget(rustix::process::getpid());
        }
    })
    .await;
    let mut running = shell("exit 3").start(&facts, &keeper).unwrap();
    assert_eq!(in_time(running.ended()).await.exit, Exit::Code(3));
    keeper.finish().await;
}
