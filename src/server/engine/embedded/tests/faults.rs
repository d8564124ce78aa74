//! A disk that refuses: no room is said and passes, anything else is the end.

use futures_util::future::join_all;

use super::{Bed, NO_TAIL, TAIL, until};
use crate::{
    name::TaskId,
    server::engine::{
        Accepted, Engine, Error, NewTask, Start, Watch,
        contract::{
            Fixture, Reader, Whole,
            groups::{Member, done, group, share_of, some},
            in_time, key, own, submit, submit_any, task, watch_of,
        },
        embedded::{Embedded, store::StoreError},
        groups::Share,
    },
};

#[tokio::test]
async fn a_full_disk_refuses_and_leaves_no_trace() {
    for tail in [TAIL, NO_TAIL] {
        let mut bed = Bed::memory(tail);
        let engine = bed.engine();
        let before = || vec![NewTask { id: own("kept"), retry_key: key(1, 0), ..task("a", "before") }];
        assert_eq!(submit(&engine, before()).await, [1]);
        let mut waiting = Reader::open(&engine, "a", Start::New).await;
        let mut unborn = Reader::open(&engine, "new", Start::First).await;
        let batch = |text: &str| {
            vec![
                NewTask { id: own("deploy"), retry_key: key(1, 1), ..task("a", text) },
                NewTask { retry_key: key(2, 0), ..task("new", text) },
            ]
        };
        for _ in 0..3 {
            refuse(&bed, StoreError::Full("no room".to_owned()));
            let refused = in_time(engine.submit_whole(batch("lost"))).await.unwrap_err();
            assert_eq!(refused, Error::Full("no room".to_owned()));
            waiting.expect_quiet();
            unborn.expect_quiet();
            assert_eq!(known(&engine, &["2", "1"]).await, [false, true]);
            assert_eq!(known(&engine, &["deploy", "kept"]).await, [false, true]);
            assert_eq!(engine.tasks_kept(), 1);
        }

        // The ids and retry keys are free for other content, and the places are given out again.
        let taken = [2, 3].map(|seq| Ok(Accepted { seq, delayed: None, duplicate: false }));
        assert_eq!(submit_any(&engine, batch("taken")).await, taken);
        for (watch, seq) in [(&mut waiting, 2), (&mut unborn, 3)] {
            let seen = watch.take(1).await;
            assert_eq!((seen[0].seq, seen[0].task.as_str()), (seq, "taken"));
        }
        for _ in 0..2 {
            let engine = bed.engine();
            assert_eq!(submit_any(&engine, batch("taken")).await, taken, "resent");
            let again = vec![NewTask { retry_key: None, ..before().remove(0) }];
            assert_eq!(
                submit_any(&engine, again).await,
                [Ok(Accepted { seq: 1, delayed: None, duplicate: true })]
            );
            assert_eq!(submit(&engine, before()).await, [1]);
            assert_eq!(engine.tasks_kept(), 3);
            bed.reopen().await;
        }
    }
}

#[tokio::test]
async fn after_a_failed_write_nothing_is_answered_any_more() {
    // Many times, because the end comes from another thread.
    for _ in 0..40 {
        let mut bed = Bed::memory(TAIL);
        let engine = bed.engine();
        submit(&engine, vec![task("a", "before")]).await;
        let waiting = Reader::open(&engine, "a", Start::New).await;
        let behind = Reader::open(&engine, "a", Start::First).await;
        refuse(&bed, StoreError::Failed("EIO".to_owned()));
        let failed = Error::Failed("EIO".to_owned());

        let submits = join_all((0..5).map(|n| engine.submit_whole(vec![task("a", format!("{n}"))])));
        let (answers, why) = in_time(async { tokio::join!(submits, engine.failed()) }).await;
        assert!(why.contains("EIO"), "{why}");
        for answer in answers {
            assert_eq!(answer, Err(failed.clone()));
        }
        expect_ended(&engine, &failed).await;
        for mut watch in [waiting, behind] {
            assert_eq!(watch.next().await.unwrap(), Err(failed.clone()));
            assert!(watch.next().await.is_none());
        }
        assert_eq!(engine.tasks_kept(), 1);
        in_time(engine.close()).await;

        bed.reopen().await;
        let watch = Watch { until_empty: true, ..watch_of(&[("a", Start::First)]) };
        let seen = Reader::try_open(&bed.engine(), watch).await.unwrap().rest().await.unwrap();
        assert_eq!(seen.len(), 1);
    }
}

#[tokio::test]
async fn a_panic_of_the_writer_is_a_failure() {
    let (bed, gate) = Bed::held();
    let engine = bed.engine();
    gate.state().panics = true;
    let failed = in_time(engine.submit_whole(vec![task("a", "x")])).await.unwrap_err();
    assert!(matches!(&failed, Error::Failed(why) if why.contains("panicked")), "{failed}");
    expect_ended(&engine, &failed).await;
    assert!(in_time(engine.failed()).await.contains("panicked"));
}

#[tokio::test]
async fn all_that_shared_a_refused_commit_are_refused() {
    let (bed, gate) = Bed::held();
    let engine = bed.engine();
    gate.set_shut(true);
    let first = tokio::spawn({
        let engine = engine.clone();
        async move { engine.submit_whole(vec![task("a", "first")]).await }
    });
    until(|| gate.state().appends == 1).await;
    let submits = join_all((0..20).map(|n| {
        let task = NewTask { id: own("same"), ..task(&format!("q{n}"), "x") };
        engine.submit_whole(vec![task])
    }));
    let mut submits = std::pin::pin!(submits);
    assert!(futures_util::poll!(&mut submits).is_pending());
    bed.memory_store().disk().faults.extend([None, Some(StoreError::Full("no room".to_owned()))]);
    gate.set_shut(false);
    assert!(in_time(first).await.unwrap().is_ok());
    for answer in in_time(submits).await {
        assert_eq!(answer, Err(Error::Full("no room".to_owned())));
    }
    assert_eq!(gate.state().appends, 2);
    assert_eq!(known(&engine, &["same", "1", "2"]).await, [false, true, false]);
}

#[tokio::test]
async fn a_trim_without_room_is_tried_again_and_counted_once() {
    let (bed, gate) = Bed::held();
    let engine = bed.engine();
    submit(&engine, vec![task("a", "x"), NewTask { id: own("deploy"), ..task("b", "y") }]).await;
    gate.state().trims_refused = 3;
    bed.pass(super::RETAIN.as_millis() as u64 / 2).await;
    submit(&engine, vec![task("a", "z")]).await;
    bed.pass(super::RETAIN.as_millis() as u64 / 2 + 1).await;
    until(|| gate.state().trims_refused == 0).await;
    bed.upkeep().await;
    assert_eq!(engine.tasks_kept(), 1);
    let again = submit_any(&engine, vec![NewTask { id: own("deploy"), ..task("b", "new") }]).await;
    assert_eq!(again, [Ok(Accepted { seq: 4, delayed: None, duplicate: false })]);
    assert_eq!(engine.tasks_kept(), 2);
    // What is left is the last chunk's only: it is trimmed as if nothing had been.
    bed.outlive_all().await;
}

#[tokio::test]
async fn a_trim_that_is_tried_again_writes_down_what_groups_have_lost() {
    let (mut bed, gate) = Bed::held();
    // More than a page, so that what is written of the first ones goes with them.
    some(&bed.engine(), "a", 1100).await;
    let engine = bed.engine();
    let mut member = Member::open(&engine, Share { max_in_flight: 5, ..share_of(1, "a", "g") }).await;
    let leased = member.take(5).await;
    for held in &leased[..2] {
        done(&engine, held).await;
    }
    drop((member, engine));
    bed.reopen().await;
    gate.state().trims_refused = 1;
    bed.pass(super::RETAIN.as_millis() as u64 + 1).await;
    until(|| gate.state().trims_refused == 0).await;
    bed.upkeep().await;
    bed.upkeep().await;
    let crashed = bed.crashed();
    for engine in [bed.engine(), crashed.engine()] {
        let view = group(&engine, "a", "g").await;
        assert_eq!((view.done, view.trimmed_unsettled), (2, 1098));
    }
}

#[tokio::test]
async fn a_doubt_of_the_clock_that_finds_no_room_is_not_forgotten() {
    let (bed, gate) = Bed::held();
    let engine = bed.engine();
    submit(&engine, vec![task("a", "x")]).await;
    gate.state().folds_refused = 1000;
    bed.pass(3 * 24 * 60 * 60 * 1000).await;
    submit(&engine, vec![task("a", "y")]).await;
    let crashed = bed.crashed();
    crashed.upkeep().await;
    crashed.upkeep().await;
    assert_eq!(crashed.engine().tasks_kept(), 2);
}

fn refuse(bed: &Bed, fault: StoreError) {
    bed.memory_store().disk().faults.push_back(Some(fault));
}

async fn known(engine: &Embedded, ids: &[&str]) -> Vec<bool> {
    in_time(engine.known(ids.iter().map(|id| TaskId::parse(id).unwrap()).collect())).await.unwrap()
}

/// Every call fails with this.
async fn expect_ended(engine: &Embedded, why: &Error) {
    let known = |id: &str| engine.known(vec![TaskId::parse(id).unwrap()]);
    assert_eq!(in_time(engine.submit_whole(vec![task("a", "late")])).await.as_ref(), Err(why));
    assert_eq!(in_time(known("1")).await.as_ref(), Err(why));
    assert_eq!(in_time(known("deploy")).await.as_ref(), Err(why));
    let watch = Reader::try_open(engine, watch_of(&[("a", Start::First)])).await;
    assert_eq!(watch.err().as_ref(), Some(why));
}
