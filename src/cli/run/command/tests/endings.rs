//! How a command ends, by itself and when it is told to.

use super::*;

const AT_ONCE: Duration = Duration::ZERO;
const NEVER: Duration = Duration::from_secs(100_000);

#[tokio::test]
async fn it_ends_with_a_code_or_by_a_signal() {
    for code in [0, 1, 75, 127, 255] {
        assert_eq!(run(&format!("exit {code}"), "x").await.exit, Exit::Code(code));
    }
    for (name, signal) in [("KILL", 9), ("TERM", 15), ("PIPE", 13), ("SEGV", 11)] {
        assert_eq!(run(&format!("kill -{name} $$"), "x").await.exit, Exit::Signal(signal));
    }
}

#[tokio::test]
async fn told_to_stop_it_may_clean_up() {
    let script = "trap 'echo bye; exit 7' TERM; : > $0; while :; do sleep 0.01; done";
    let ended = stopped(script, &[NEVER]).await;
    assert_eq!((ended.exit, &ended.stdout.text[..]), (Exit::Code(7), "bye\n"));
}

#[tokio::test]
async fn its_whole_group_is_told() {
    // The shell waits for its child, which hears it too.
    let ended = stopped("trap : TERM; sh -c ': > $0; exec sleep 1000' $0; exit 5", &[NEVER]).await;
    assert_eq!(ended.exit, Exit::Code(5));
}

#[tokio::test]
async fn one_that_does_not_hear_is_killed() {
    let deaf = "trap '' TERM HUP INT; : > $0; while :; do sleep 0.05; done";
    assert_eq!(stopped(deaf, &[Duration::from_millis(100)]).await.exit, Exit::Signal(9));
    // The shorter time counts, whenever it is said.
    assert_eq!(stopped(deaf, &[NEVER, AT_ONCE]).await.exit, Exit::Signal(9));
    assert_eq!(stopped(deaf, &[Duration::from_millis(50), NEVER]).await.exit, Exit::Signal(9));
}

#[tokio::test]
async fn one_that_is_stopped_hears_it() {
    // The shell that has stopped itself cannot say so: its child says it when it sees that.
    let script = "(until grep -q '^State:.T' /proc/$$/status; do sleep 0.01; done; : > $0) & kill -STOP $$";
    assert_eq!(stopped(script, &[NEVER]).await.exit, Exit::Signal(15));
}

#[tokio::test]
async fn one_that_floods_is_stopped_as_well() {
    assert_eq!(
        stopped("trap '' TERM; : > $0; yes", &[Duration::from_millis(100)]).await.exit,
        Exit::Signal(9)
    );
    assert_eq!(stopped(": > $0; yes >&2 & yes", &[NEVER]).await.exit, Exit::Signal(15));
}

#[tokio::test]
async fn a_question_has_its_time() {
    let keeper = Keeper::for_tests();
    let ended = in_time(shell("cat; echo answer").ask(NEVER, &keeper)).await.unwrap();
    assert_eq!((ended.exit, &ended.stdout.text[..]), (Exit::Code(0), "answer\n"));
    let ended =
        in_time(shell("echo part; exec sleep 1000").ask(Duration::from_secs(1), &keeper)).await.unwrap();
    assert_eq!((ended.exit, &ended.stdout.text[..]), (Exit::Signal(15), "part\n"));
    keeper.finish().await;
}
