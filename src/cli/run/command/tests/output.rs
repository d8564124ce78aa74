//! What a command writes.

use super::*;

#[tokio::test]
async fn of_a_flood_the_end_is_kept() {
    let script = "yes 0123456789abcde | head -c 200000000; yes error | head -c 3000000 >&2; echo end";
    let ended = run(script, "x").await;
    assert_eq!(ended.exit, Exit::Code(0));
    assert!(ended.stdout.cut && ended.stderr.cut && !ended.stdout.lossy);
    assert_eq!((ended.stdout.text.len(), ended.stderr.text.len()), (64 << 10, 16 << 10));
    assert!(ended.stdout.text.ends_with("0123456789abcde\nend\n"), "{:?}", ended.stdout.text.len());
}

#[tokio::test]
async fn what_is_written_last_is_not_lost() {
    // All of it may still be in the pipe when the command has exited.
    for _ in 0..50 {
        let ended = run("head -c 60000 /dev/zero; printf error >&2; exit 9", "x").await;
        assert_eq!(
            (ended.exit, ended.stdout.text.len(), &ended.stderr.text[..]),
            (Exit::Code(9), 60_000, "error")
        );
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_marked() {
    let ended = run(r"printf 'a\377\000b'; printf '\000' >&2", "x").await;
    assert_eq!(ended.stdout, Tail { text: "a\u{FFFD}\0b".into(), cut: false, lossy: true });
    assert_eq!(ended.stderr, Tail { text: "\0".into(), cut: false, lossy: false });
    let ended = run("exec head -c 1000000 /dev/urandom", "x").await;
    assert!(ended.stdout.cut && ended.stdout.lossy && ended.stdout.text.len() <= 64 << 10);
}

#[tokio::test]
async fn it_may_close_its_files() {
    let ended = run("exec <&- >&- 2>&-; sleep 0.2; exit 3", &"x".repeat(1 << 20)).await;
    assert_eq!((ended.exit, ended.stdout, ended.stderr), (Exit::Code(3), Tail::default(), Tail::default()));
}

#[tokio::test]
async fn waiting_for_it_may_be_broken_off_at_any_time() {
    let (facts, keeper) = (task(&"text\n".repeat(200_000)), Keeper::for_tests());
    let mut running = shell("wc -l; for n in 1 2 3 4 5; do echo $n; sleep 0.02; done; sleep 1000 &")
        .start(&facts, &keeper)
        .unwrap();
    let ended = loop {
        if let Ok(ended) = tokio::time::timeout(Duration::from_millis(1), running.ended()).await {
            break ended;
        }
    };
    assert_eq!(ended.stdout.text.trim_start(), "200000\n1\n2\n3\n4\n5\n");
    assert_gone(&facts);
    keeper.finish().await;
}
