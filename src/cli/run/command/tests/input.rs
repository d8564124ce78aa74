//! What a command is given.

use super::*;

#[tokio::test]
async fn a_text_comes_byte_for_byte() {
    for text in ["x", "a\0b\r\n\n'\"$(id)`id`;|&\\", "任务😀\n", "-n", " "] {
        let ended = run("exec cat", text).await;
        assert_eq!(ended.exit, Exit::Code(0));
        assert_eq!(ended.stdout, Tail { text: text.into(), cut: false, lossy: false });
    }
}

#[tokio::test]
async fn a_text_of_a_mebibyte_comes_whole() {
    let text = "0123456789abcde\n".repeat(1 << 16);
    assert_eq!(run("exec wc -c", &text).await.stdout.text.trim(), "1048576");
    // Both pipes are full before it is done.
    let ended = run("exec cat", &text).await;
    assert!(ended.stdout.cut && text.ends_with(&ended.stdout.text));
    assert_eq!(ended.stdout.text.len(), 64 << 10);
}

#[tokio::test]
async fn a_text_that_nobody_reads_delays_nobody() {
    let text = "x".repeat(1 << 20);
    for script in
        ["exit 0", "exec <&-; exec sleep 0.1", "exec sleep 0.1", "read -r line <&0 & exec sleep 0.1"]
    {
        assert_eq!(run(script, &text).await.exit, Exit::Code(0), "{script}");
    }
}

#[tokio::test]
async fn nothing_of_a_task_is_on_the_command_line() {
    let ended = run("exec cat /proc/self/cmdline", "$(id)").await;
    assert_eq!(ended.stdout.text, "cat\0/proc/self/cmdline\0");
}

#[tokio::test]
async fn the_facts_are_in_the_environment() {
    let (mut facts, keeper) = (task("x"), Keeper::for_tests());
    facts.task.queue = "@kiosk-7".into();
    facts.task.attempt = 3;
    facts.task.labels = [("reply.to".to_owned(), "a\nb".to_owned()), ("bad".into(), "\0".into())].into();
    let mut running = shell("exec env -0").start(&facts, &keeper).unwrap();
    let ended = in_time(running.ended()).await;
    let mut told: Vec<&str> =
        ended.stdout.text.split('\0').filter(|variable| variable.starts_with("CONTACT_TASK_")).collect();
    told.sort_unstable();
    let lease = format!("CONTACT_TASK_LEASE={}", facts.task.lease);
    let expected = [
        "CONTACT_TASK_ATTEMPT=3",
        "CONTACT_TASK_ID=7",
        "CONTACT_TASK_LABEL_REPLY_TO=a\nb",
        &lease,
        "CONTACT_TASK_QUEUE=@kiosk-7",
        "CONTACT_TASK_SEQ=7",
    ];
    assert_eq!(told, expected);
    assert!(ended.stdout.text.contains("\0PATH=") || ended.stdout.text.starts_with("PATH="));
    keeper.finish().await;
}

#[tokio::test]
async fn it_has_three_files_and_no_signal_set() {
    let files = run("exec ls /proc/self/fd", "x").await.stdout.text;
    // The fourth is the folder that is read. Those that this process was given itself it may pass on.
    let parent = std::os::unix::process::parent_id();
    let is_given = |file: &&str| std::fs::read_link(format!("/proc/{parent}/fd/{file}")).is_ok();
    let (few, others): (Vec<&str>, Vec<&str>) = files.split_whitespace().partition(|file| file.len() == 1);
    assert_eq!(few, ["0", "1", "2", "3"]);
    assert!(others.iter().all(is_given), "{others:?}");

    let status = run("exec cat /proc/self/status", "x").await.stdout.text;
    let mask = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        u64::from_str_radix(line.rsplit('\t').next().unwrap(), 16).unwrap()
    };
    let sigpipe = 1 << 12;
    assert_eq!((mask("SigIgn:") & sigpipe, mask("SigBlk:"), mask("SigCgt:")), (0, 0, 0));
}
