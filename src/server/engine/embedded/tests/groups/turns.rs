//! What one batch of the writer has in it, and what it does between two.

use futures_util::FutureExt;

use super::*;
use crate::server::engine::{
    Accepted, Refused,
    contract::{Whole, groups::Ear},
};

#[tokio::test]
async fn an_id_is_taken_in_the_batch_that_its_delayed_task_enters_in() {
    let (bed, gate) = Bed::held();
    let engine = bed.engine();
    let named = |text: &str| NewTask { id: own("deploy"), ..task("a", text) };
    submit_any(&engine, vec![NewTask { delay_ms: 200, ..named("x") }]).await;
    let appends = gate.state().appends;
    gate.set_shut(true);
    let first = tokio::spawn({
        let engine = engine.clone();
        async move { engine.submit_whole(vec![task("a", "first")]).await }
    });
    until(|| gate.state().appends > appends).await;
    bed.pass(200).await;
    // All of this is decided in the batch that it enters in.
    let mut again = Box::pin(engine.submit_whole(vec![named("x"), named("other")]));
    assert!((&mut again).now_or_never().is_none());
    let mut cancelled = Box::pin(engine.cancel(vec![id("deploy")]));
    assert!((&mut cancelled).now_or_never().is_none());
    gate.set_shut(false);
    in_time(first).await.unwrap().unwrap();
    let answers = in_time(again).await.unwrap();
    assert_eq!(
        answers,
        [
            Ok(Accepted { seq: 2, delayed: None, duplicate: true }),
            Err(Refused::IdTaken { id: "deploy".to_owned(), seq: 2 })
        ]
    );
    assert_eq!(in_time(cancelled).await.unwrap()[0].verdict, Verdict::Ok);
    assert_eq!(engine.tasks_kept(), 2);
    let mut member = Member::open(&engine, share_of(1, "a", "g")).await;
    done(&engine, &member.one().await).await;
    member.expect_quiet(&engine).await;
}

#[tokio::test]
async fn who_was_heard_during_a_long_sync_is_not_found_silent() {
    let (bed, gate) = Bed::held();
    let engine = bed.engine();
    some(&engine, "a", 1).await;
    let mut ear = Ear::open(&engine, 1);
    let mut member = Member::open(&engine, Share { lease_ms: Some(1000), ..share_of(1, "a", "g") }).await;
    let held = member.one().await;
    let appends = gate.state().appends;
    gate.set_shut(true);
    let slow = tokio::spawn({
        let engine = engine.clone();
        async move { engine.submit_whole(vec![task("b", "slow")]).await }
    });
    until(|| gate.state().appends > appends).await;
    for _ in 0..6 {
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        engine.heard(process(1), false);
    }
    gate.set_shut(false);
    in_time(slow).await.unwrap().unwrap();
    ear.expect_quiet(&engine).await;
    done(&engine, &held).await;
}

#[tokio::test]
async fn what_is_freed_beside_a_batch_is_handed_out_at_once() {
    let mut bed = Bed::memory(TAIL);
    // Upkeep comes by the minute, and nothing else happens.
    bed.options.retain = std::time::Duration::from_secs(24 * 60 * 60);
    bed.reopen().await;
    let engine = bed.engine();
    let all = some(&engine, "a", 3).await;
    let mut member = Member::open(&engine, share_of(1, "a", "g")).await;
    member.one().await;
    let ending = Share { until_empty: true, ..share_from(2, &[("a", Start::First)], "h") };
    let mut ending = Member::open(&engine, ending).await;
    ending.one().await;
    in_time(engine.purge(queue("a"), Some(all[1]))).await.unwrap();
    let last = member.one().await;
    assert_eq!(last.seq, all[2]);
    ending.one().await;
    in_time(engine.purge(queue("a"), None)).await.unwrap();
    assert_eq!(ending.next().await, None);
}
