//! A disk without room: what was decided never was, whoever shares comes back, and it recovers by itself.

use super::*;
use crate::server::engine::{
    Accepted, Error,
    contract::{Whole, groups::in_state},
    embedded::store::StoreError,
    groups::State,
};

fn refuse(bed: &Bed) {
    bed.memory_store().disk().faults.push_back(Some(StoreError::Full("no room".to_owned())));
}

fn full<T: std::fmt::Debug>(answer: Result<T, Error>) {
    assert_eq!(answer.unwrap_err(), Error::Full("no room".to_owned()));
}

#[tokio::test]
async fn whatever_is_refused_never_was() {
    for tail in [TAIL, NO_TAIL] {
        let bed = Bed::memory(tail);
        let engine = bed.engine();
        let stage = stage(&engine).await;
        set(&engine, |change| change.paused = Some(false)).await;
        let wanted = everything(&engine, "a").await;
        let kept = in_time(engine.known(vec![id("15"), id("3d"), id("own")])).await;
        let seq = stage.seqs[11].to_string();
        let share = || Share { max_in_flight: 3, ..share_of(20, "a", "g") };

        for round in 0..2 {
            for lease in &stage.leased {
                refuse(&bed);
                full(in_time(engine.tell(vec![told(&lease.lease, Word::Done)])).await);
            }
            refuse(&bed);
            full(in_time(engine.tell(vec![told_by_id(&seq, Word::Done, Some(9))])).await);
            refuse(&bed);
            full(in_time(engine.cancel(vec![id(&seq), id("later")])).await);
            refuse(&bed);
            full(in_time(engine.redrive(queue("a"), named("g"), Vec::new(), 100)).await);
            refuse(&bed);
            let change = Change { lease_ms: Some(5000), ..Change::default() };
            full(in_time(engine.set_group(queue("a"), named("g"), change)).await);
            refuse(&bed);
            full(Member::try_open(&engine, share()).await.map(|_| ()));
            refuse(&bed);
            full(
                Member::try_open(&engine, share_from(21, &[("new", Start::First)], "new")).await.map(|_| ()),
            );
            refuse(&bed);
            let delayed = NewTask { delay_ms: 1000, ..task("a", "delayed") };
            let named = NewTask { id: own("own"), ..delayed.clone() };
            full(in_time(engine.submit_whole(vec![delayed, named, task("new", "x")])).await);
            assert_eq!(everything(&engine, "a").await, wanted, "round {round}");
            assert_eq!(in_time(engine.known(vec![id("15"), id("3d"), id("own")])).await, kept);
            let crashed = bed.crashed();
            assert_eq!(everything(&crashed.engine(), "a").await, wanted, "round {round}");
        }
        // There is room again: all of it is taken.
        let numbered = submit_any(&engine, vec![NewTask { delay_ms: 1000, ..task("a", "delayed") }]).await;
        assert_eq!(numbered[0].as_ref().unwrap().delayed.unwrap().0, 3, "its number is given out again");
        stage.expect_verdicts(&engine).await;
        let mut member = Member::open(&engine, share()).await;
        assert_eq!(member.one().await.attempt, 2);
    }
}

#[tokio::test]
async fn who_shares_is_told_and_comes_back() {
    let bed = Bed::memory(TAIL);
    let engine = bed.engine();
    let share = || Share { max_in_flight: 2, ..share_of(1, "a", "g") };
    let mut busy = Member::open(&engine, share()).await;
    let mut idle = Member::open(&engine, share_of(2, "b", "g")).await;
    let first = some(&engine, "a", 1).await;
    let held = busy.one().await;
    refuse(&bed);
    // What was submitted was to be handed out at once.
    full(in_time(engine.submit_whole(vec![task("a", "x")])).await);
    for member in [&mut busy, &mut idle] {
        assert_eq!(member.next().await, Some(Err(Error::Full("no room".to_owned()))));
        assert_eq!(member.next().await, None);
    }
    assert_eq!(counts(&engine, "a", "g").await, [0, 1, 0, 0]);
    drop((busy, idle));
    let have = vec![held.lease.clone()];
    let mut back = Member::open(&engine, Share { have, ..share() }).await;
    back.expect_quiet(&engine).await;
    let taken = submit_any(&engine, vec![task("a", "x")]).await;
    assert_eq!(taken, [Ok(Accepted { seq: first[0] + 1, delayed: None, duplicate: false })]);
    assert_eq!(back.one().await.seq, first[0] + 1);
    done(&engine, &held).await;
    assert_eq!(in_state(&engine, "a", "g", State::Done).await, first);
}

#[tokio::test]
async fn delayed_tasks_that_find_no_room_do_not_keep_the_writer_busy() {
    let (bed, gate) = Bed::held();
    let engine = bed.engine();
    submit_any(&engine, vec![NewTask { delay_ms: 100, ..task("a", "delayed") }]).await;
    let mut member = Member::open(&engine, share_of(1, "a", "g")).await;
    let appends = gate.state().appends;
    for _ in 0..1000 {
        refuse(&bed);
    }
    bed.pass(100).await;
    until(|| gate.state().appends > appends).await;
    assert!(matches!(member.next().await, Some(Err(Error::Full(_)))));
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(gate.state().appends <= appends + 2, "{} appends", gate.state().appends - appends);
    bed.memory_store().disk().faults.clear();
    let mut member = Member::open(&engine, share_of(1, "a", "g")).await;
    assert_eq!(member.one().await.id, "1d");
}
