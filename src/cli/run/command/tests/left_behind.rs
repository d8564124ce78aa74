//! What a command leaves behind is ended with it, and does not delay its end.

use super::*;

/// A `sleep` that is like no other, to be found where an environment says nothing.
fn nap() -> String {
    format!("sleep 9999.{}", rand::random::<u64>())
}

fn is_asleep(nap: &str) -> bool {
    let line = nap.replace(' ', "\0") + "\0";
    let is_it = |pid: Pid| std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|l| l == line.as_bytes());
    procfs::all().into_iter().any(is_it)
}

#[tokio::test]
async fn a_child_that_holds_the_pipe() {
    assert_eq!(run("sleep 1000 & echo started", "x").await.stdout.text, "started\n");
    assert_eq!(run("trap '' TERM HUP; sleep 1000 & sleep 1000 & exit 4", "x").await.exit, Exit::Code(4));
}

#[tokio::test]
async fn a_child_that_fills_the_pipe() {
    // What is there is taken, and no more is waited for: it would never end.
    assert_eq!(run("yes & yes >&2 & sleep 0.1; exit 4", "x").await.exit, Exit::Code(4));
}

#[tokio::test]
async fn many_children() {
    let ended = run("n=0; while [ $n -lt 100 ]; do sleep 1000 & n=$((n+1)); done; exit 4", "x").await;
    assert_eq!(ended.exit, Exit::Code(4));
}

#[tokio::test]
async fn daemons() {
    // `head` waits until the daemon is one.
    for script in [
        "(setsid sh -c 'echo up; exec sleep 1000' &) | head -n 1",
        "(setsid sh -c 'trap \"\" TERM HUP; echo up; exec >&- 2>&- <&-; sleep 1000; sleep 1000' &) | head -n 1",
        "((sleep 1000 & setsid setsid sh -c '(sleep 1000 &); echo up; exec sleep 1000' &) &) | head -n 1",
        "setsid sh -c 'setsid sleep 1000 & echo up'",
    ] {
        let ended = run(script, "x").await;
        assert_eq!((ended.exit, &ended.stdout.text[..]), (Exit::Code(0), "up\n"), "{script}");
    }
}

#[tokio::test]
async fn a_daemon_of_a_command_that_is_stopped() {
    let nap = nap();
    // This one bears no lease; that its parent is the command's shows whose it is.
    let script =
        format!("setsid env -i {nap} & setsid sleep 1000 & trap '' TERM; : > $0; wait; wait; sleep 1000");
    assert_eq!(stopped(&script, &[Duration::from_millis(300)]).await.exit, Exit::Signal(9));
    assert!(!is_asleep(&nap));
}

#[tokio::test]
async fn a_daemon_that_has_cleared_its_environment() {
    let nap = nap();
    run(&format!("(setsid env -i sh -c 'echo up; exec {nap}' &) | head -n 1"), "x").await;
    // While tests beside this one have older commands it may be theirs: then it goes with a later end.
    in_time(async {
        while is_asleep(&nap) {
            run("exit 0", "x").await;
        }
    })
    .await;
}

#[tokio::test]
async fn one_is_left_alone_while_its_command_runs() {
    let (facts, keeper) = (task(""), Keeper::for_tests());
    let folder = tempfile::tempdir().unwrap();
    let (up, go) = (folder.path().join("up"), folder.path().join("go"));
    let script = "(setsid sh -c ': > up; until [ -e go ]; do sleep 0.01; done; : > done' &); \
                  until [ -e done ]; do sleep 0.01; done; exit 6";
    let script = format!("cd '{}'; {script}", folder.path().display());
    let mut running = shell(&script).start(&facts, &keeper).unwrap();
    let ended = in_time(async {
        tokio::join!(running.ended(), async {
            made(&up).await;
            // The end of another one sweeps.
            run("exit 0", "x").await;
            std::fs::write(&go, "").unwrap();
        })
        .0
    });
    assert_eq!(ended.await.exit, Exit::Code(6));
    assert_gone(&facts);
    keeper.finish().await;
}

#[tokio::test]
async fn orphans_that_end_do_not_stay_dead_while_their_command_runs() {
    // By their name they are told from what other tests leave to this process.
    let script = "n=0; while [ $n -lt 50 ]; do (env true & exec true); n=$((n+1)); done; \
                  while grep -l '^Name:.true$' /proc/[0-9]*/status | xargs -r grep -l \"^PPid:.$PPID$\" | grep -q .; \
                  do sleep 0.01; done; echo none";
    assert_eq!(run(script, "x").await.stdout.text, "none\n");
}

#[tokio::test]
async fn all_of_one_that_is_dropped() {
    let (facts, keeper) = (task(""), Keeper::for_tests());
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready");
    let script =
        format!("setsid sleep 1000 & trap '' TERM; : > '{}'; sleep 1000 & sleep 1000", ready.display());
    let running = shell(&script).start(&facts, &keeper).unwrap();
    in_time(made(&ready)).await;
    assert!(!survivors(&facts).is_empty());
    drop(running);
    in_time(until(|| survivors(&facts).is_empty())).await;
    keeper.finish().await;
}
