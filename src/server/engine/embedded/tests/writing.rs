//! The writer: nothing is shown before it is durable, what gathers goes in together, and upkeep has its turn.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
};

use futures_util::{FutureExt, future::join_all};

use super::{Bed, RETAIN, TAIL, until};
use crate::{
    name::TaskId,
    server::engine::{
        Engine, Start,
        contract::{Reader, Whole, in_time, submit, task, watch_of},
        embedded::BUDGET_BYTES,
    },
    wire::TASK_BYTES_MAX,
};

#[tokio::test]
async fn nothing_is_shown_or_answered_before_it_is_durable() {
    let (bed, gate) = Bed::held();
    let engine = bed.engine();
    let mut watches = Vec::new();
    for start in [Start::First, Start::New, Start::Seq(1), Start::Time(0)] {
        watches.push(Reader::open(&engine, "a", start).await);
    }
    gate.set_shut(true);
    let mut first = std::pin::pin!(engine.submit_whole(vec![task("a", "first")]));
    assert!(futures_util::poll!(&mut first).is_pending());
    until(|| gate.state().appends == 1).await;
    // These gather while the first is being written.
    let mut others =
        std::pin::pin!(join_all((0..50).map(|n| engine.submit_whole(vec![task("a", format!("{n}"))]))));
    assert!(futures_util::poll!(&mut others).is_pending());

    assert!(futures_util::poll!(&mut first).is_pending());
    watches.iter_mut().for_each(Reader::expect_quiet);
    let known = engine.known(vec![TaskId::Seq(1)]).now_or_never();
    assert_eq!(known, None, "nothing is said of what may still be refused");
    assert_eq!(engine.tasks_kept(), 0);
    assert_eq!(Reader::open(&engine, "a", Start::New).await.start, [1]);
    assert!(Reader::try_open(&engine, watch_of(&[("a", Start::Seq(2))])).await.is_err());

    gate.set_shut(false);
    assert!(in_time(&mut first).await.is_ok());
    let answers = in_time(&mut others).await;
    assert!(answers.iter().map(|a| a.as_ref().unwrap()[0].clone().unwrap().seq).eq(2..=51));
    assert_eq!(gate.state().appends, 2, "what gathered during a commit goes into one");
    for mut watch in watches {
        assert_eq!(watch.take(51).await.len(), 51);
    }
}

#[tokio::test]
async fn the_tasks_under_way_are_bounded_and_all_get_in() {
    let (bed, gate) = Bed::held();
    let engine = bed.engine();
    gate.set_shut(true);
    let most = BUDGET_BYTES / TASK_BYTES_MAX;
    let text = "x".repeat(TASK_BYTES_MAX);
    let submits = (0..most + 10).map(|_| engine.submit_whole(vec![task("a", text.clone())]));
    let mut submits = std::pin::pin!(join_all(submits));
    assert!(futures_util::poll!(&mut submits).is_pending());
    let left = bed.engine().shared.budget.available_permits();
    assert!(left < TASK_BYTES_MAX, "{left} bytes left");
    gate.set_shut(false);
    let answers = in_time(submits).await;
    assert!(answers.iter().map(|a| a.as_ref().unwrap()[0].clone().unwrap().seq).eq(1..=most as u64 + 10));
    until(|| engine.shared.budget.available_permits() == BUDGET_BYTES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upkeep_has_its_turn_while_submits_never_pause() {
    let (bed, _) = Bed::held();
    let engine = bed.engine();
    let enough = Arc::new(AtomicBool::new(false));
    // More than a commit takes, so there is always a submit waiting.
    let text = "x".repeat(TASK_BYTES_MAX / 2);
    let submitters: Vec<_> = (0..100)
        .map(|_| {
            let (engine, text, enough) = (engine.clone(), text.clone(), enough.clone());
            tokio::spawn(async move {
                while !enough.load(Relaxed) {
                    engine.submit_whole(vec![task("a", text.clone())]).await.unwrap();
                }
            })
        })
        .collect();
    until(|| engine.tasks_kept() > 200).await;
    let clock = bed.clock.ms.clone();
    clock.fetch_add(RETAIN.as_millis() as u64 + 1, Relaxed);
    until(|| engine.shared.first_seq.load(Relaxed) > 200).await;
    enough.store(true, Relaxed);
    in_time(join_all(submitters)).await;
}

#[tokio::test]
async fn a_queue_that_was_watched_but_never_used_is_forgotten_with_its_last_watcher() {
    let mut bed = Bed::memory(TAIL);
    let engine = bed.engine();
    let known = || engine.shared.queues.len();
    submit(&engine, vec![task("used", "x")]).await;
    for n in 0..100 {
        drop(Reader::open(&engine, &format!("q{n}"), Start::First).await);
    }
    assert_eq!(known(), 1);

    // Two watchers, one that waits in the middle of a read; a position that is refused; a queue twice.
    let mut one = Reader::open(&engine, "q", Start::First).await;
    one.expect_quiet();
    let other = Reader::open(&engine, "q", Start::First).await;
    let refused = watch_of(&[("r", Start::New), ("q", Start::First), ("s", Start::Seq(99))]);
    assert!(Reader::try_open(&engine, refused).await.is_err());
    let twice = watch_of(&[("t", Start::New), ("t", Start::First)]);
    drop(Reader::try_open(&engine, twice).await.unwrap());
    assert_eq!(known(), 2);
    drop(one);
    assert_eq!(known(), 2);
    // The one that is left is not cut off from the queue when it comes to be.
    let mut other = other;
    submit(&engine, vec![task("q", "x")]).await;
    assert_eq!(other.take(1).await.len(), 1);
    drop(other);
    assert_eq!(known(), 2, "a queue with tasks stays");
    bed.reopen().await;
    assert_eq!(bed.engine().shared.queues.len(), 2);
}

#[tokio::test]
async fn queues_are_forgotten_when_their_watchers_leave_at_the_same_moment() {
    let bed = Bed::memory(TAIL);
    let engine = bed.engine();
    let mut watches = [Vec::new(), Vec::new()];
    for n in 0..10_000 {
        for watches in &mut watches {
            watches.push(Reader::open(&engine, &format!("q{n}"), Start::First).await);
        }
    }
    // Closer together than a barrier of the system's would bring them.
    let there = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for watches in watches {
            scope.spawn(|| {
                for (n, watch) in watches.into_iter().enumerate() {
                    there.fetch_add(1, Relaxed);
                    while there.load(Relaxed) < 2 * (n + 1) {
                        std::thread::yield_now();
                    }
                    drop(watch);
                }
            });
        }
    });
    assert_eq!(engine.shared.queues.len(), 0);
}
