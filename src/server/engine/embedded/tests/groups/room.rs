//! Room on the disk: with too little of it submits are refused, and what is settled beside them is not.

use std::sync::Arc;

use super::{super::held::Gate, *};
use crate::server::engine::{
    Error,
    contract::Whole,
    embedded::store::{Space, StoreError},
};

const MIB: u64 = 1 << 20;

fn space(free: u64) -> Option<Space> {
    Some(Space { total: 1 << 30, free, owed: 0 })
}

fn full() -> Option<StoreError> {
    Some(StoreError::Full("no room".to_owned()))
}

/// Two tasks that are leased, over a store with so much room.
async fn leased(free: Option<Space>) -> (Bed, Arc<Gate>, Vec<Leased>) {
    let (bed, gate) = Bed::held();
    gate.state().space = free;
    let engine = bed.engine();
    some(&engine, "a", 2).await;
    let mut member = Member::open(&engine, Share { max_in_flight: 2, ..share_of(1, "a", "g") }).await;
    let leased = member.take(2).await;
    (bed, gate, leased)
}

/// What becomes of a submit, and of a settlement beside it, that find their disk full so many times.
async fn together(
    bed: &Bed,
    gate: &Gate,
    lease: &str,
    times: usize,
) -> (Result<(), Error>, Result<Verdict, Error>) {
    let engine = bed.engine();
    gate.set_shut(true);
    let appends = gate.state().appends;
    let first = tokio::spawn({
        let engine = engine.clone();
        async move { engine.submit_whole(vec![task("b", "first")]).await }
    });
    until(|| gate.state().appends == appends + 1).await;
    let own_id = NewTask { id: own("deploy"), ..task("a", "beside") };
    let submit = engine.submit_whole(vec![own_id, task("new", "x")]);
    let settle = engine.tell(vec![told(lease, Word::Done)]);
    let both = async { tokio::join!(submit, settle) };
    let mut both = std::pin::pin!(both);
    assert!(futures_util::poll!(&mut both).is_pending());
    bed.memory_store().disk().faults.push_back(None);
    bed.memory_store().disk().faults.extend((0..times).map(|_| full()));
    gate.set_shut(false);
    assert!(in_time(first).await.unwrap().is_ok());
    let (submitted, settled) = in_time(both).await;
    assert_eq!(gate.state().appends, appends + 2 + times as u64);
    (submitted.map(drop), settled.map(|judged| judged[0].verdict))
}

#[tokio::test]
async fn what_is_settled_is_not_refused_for_what_was_submitted_beside_it() {
    let (bed, gate, leased) = leased(space(100 * MIB)).await;
    let refused = Err(Error::Full("no room".to_owned()));
    assert_eq!(together(&bed, &gate, &leased[0].lease, 1).await, (refused, Ok(Verdict::Ok)));
    let crashed = bed.crashed();
    for engine in [bed.engine(), crashed.engine()] {
        assert_eq!(engine.tasks_kept(), 3, "what was refused never was");
        assert_eq!(say(&engine, &leased[0].lease, Word::Done).await, Verdict::Duplicate);
        assert_eq!(say(&engine, &leased[1].lease, Word::Done).await, Verdict::Ok);
    }
}

#[tokio::test]
async fn the_ballast_is_given_up_for_what_is_settled_and_for_nothing_else() {
    let (bed, gate, leased) = leased(space(100 * MIB)).await;
    gate.state().has_ballast = true;
    let refused = || Err(Error::Full("no room".to_owned()));
    assert_eq!(together(&bed, &gate, &leased[0].lease, 2).await, (refused(), Ok(Verdict::Ok)));
    assert!(!gate.state().has_ballast);
    // Once it is gone nothing is left to be done.
    bed.memory_store().disk().faults.push_back(full());
    let engine = bed.engine();
    let refused_too = in_time(engine.tell(vec![told(&leased[1].lease, Word::Done)])).await;
    assert_eq!(refused_too.map(drop), refused());
    assert_eq!(say(&engine, &leased[1].lease, Word::Done).await, Verdict::Ok);
    gate.state().has_ballast = true;
    until_taken(&engine).await;
    bed.memory_store().disk().faults.push_back(full());
    assert_eq!(in_time(engine.submit_whole(vec![task("a", "x")])).await.map(drop), refused());
    assert!(gate.state().has_ballast, "submits alone have no claim to it");
}

#[tokio::test]
async fn with_too_little_room_submits_are_refused_before_they_are_decided() {
    let (bed, gate, leased) = leased(space(100 * MIB)).await;
    let engine = bed.engine();
    let submit = || in_time(engine.submit_whole(vec![NewTask { id: own("deploy"), ..task("a", "x") }]));
    let low = |free| Err(Error::Low { free, min_free: 72 * MIB });
    gate.state().space = space(64 * MIB - 1);
    let refused = loop {
        match submit().await {
            Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            refused => break refused,
        }
    };
    assert_eq!(refused, low(64 * MIB - 1));
    let appends = gate.state().appends;
    let looks = gate.state().looks;
    for _ in 0..1000 {
        assert!(submit().await.is_err());
    }
    assert_eq!(gate.state().appends, appends);
    assert!(gate.state().looks - looks < 100, "{} looks at the disk", gate.state().looks - looks);
    assert_eq!(say(&engine, &leased[0].lease, Word::Done).await, Verdict::Ok);

    // With a little more it does not come and go.
    gate.state().space = space(72 * MIB - 1);
    until(|| gate.state().looks > looks).await;
    for _ in 0..20 {
        assert!(submit().await.is_err());
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    gate.state().space = space(72 * MIB);
    until_taken(&engine).await;
    gate.state().space = space(64 * MIB);
    let looks = gate.state().looks;
    while gate.state().looks < looks + 3 {
        assert!(submit().await.is_ok());
    }
}

#[tokio::test]
async fn a_disk_that_is_full_is_not_tried_with_each_batch() {
    let (bed, gate, _) = leased(space(100 * MIB)).await;
    let engine = bed.engine();
    bed.memory_store().disk().faults.extend((0..100).map(|_| full()));
    let appends = gate.state().appends;
    let began = std::time::Instant::now();
    let mut refused = 0;
    while began.elapsed() < std::time::Duration::from_millis(1500) {
        let answer = in_time(engine.submit_whole(vec![task("a", "x")])).await;
        assert_eq!(answer.map(drop), Err(Error::Full("no room".to_owned())));
        refused += 1;
    }
    assert!(gate.state().appends - appends <= 3 && refused > 100, "{refused} were refused");
    bed.memory_store().disk().faults.clear();
    until_taken(&engine).await;
}

#[tokio::test]
async fn what_is_folded_stays_so_without_room_to_move_it() {
    let (bed, gate, _) = leased(space(100 * MIB)).await;
    let engine = bed.engine();
    let purge = || in_time(engine.purge(queue("a"), None));
    let seen =
        async |engine: &Embedded| (engine.tasks_kept(), group(engine, "a", "g").await.trimmed_unsettled);
    gate.state().folds_refused = 2;
    assert_eq!(purge().await.map(drop), Err(Error::Full("no room".to_owned())));
    assert_eq!(gate.state().folds_refused, 0);
    assert_eq!(seen(&engine).await, (2, 0));
    assert_eq!(seen(&bed.crashed().engine()).await, (2, 0));
    // A checkpoint makes room for it.
    gate.state().folds_refused = 1;
    assert_eq!(purge().await.map(|purged| (purged.tasks, purged.leases)), Ok((2, 2)));
    some(&engine, "a", 3).await;
    gate.state().checkpoints_refused = 10;
    assert_eq!(purge().await.map(|purged| purged.tasks), Ok(3));
    assert_eq!(seen(&engine).await, (0, 5));
    assert_eq!(seen(&bed.crashed().engine()).await, (0, 5));
}

#[tokio::test]
async fn without_room_for_anything_a_watch_is_refused_before_it_is_decided() {
    let (bed, gate, leased) = leased(space(100 * MIB)).await;
    let engine = bed.engine();
    bed.memory_store().disk().faults.extend((0..100).map(|_| full()));
    let refused = || Err(Error::Full("no room".to_owned()));
    assert_eq!(in_time(engine.tell(vec![told(&leased[0].lease, Word::Done)])).await.map(drop), refused());
    let appends = gate.state().appends;
    let share = || Share { max_in_flight: 2, ..share_from(2, &[("new", Start::First)], "g") };
    for _ in 0..20 {
        assert_eq!(Member::try_open(&engine, share()).await.map(drop), refused());
    }
    assert_eq!(gate.state().appends, appends);
    // What is settled is tried all the same, and with room for it there is room for all.
    bed.memory_store().disk().faults.clear();
    assert_eq!(say(&engine, &leased[0].lease, Word::Done).await, Verdict::Ok);
    assert!(Member::try_open(&engine, share()).await.is_ok());
}

#[tokio::test]
async fn a_ballast_that_cannot_be_made_is_not_tried_with_each_look() {
    let (bed, gate, _) = leased(Some(Space { total: 1 << 30, free: 500 * MIB, owed: 8 * MIB })).await;
    let engine = bed.engine();
    let tried = gate.state().ballasts_tried;
    let looks = gate.state().looks;
    until_async(async || {
        assert!(engine.submit_whole(vec![task("a", "x")]).await.is_ok());
        gate.state().looks >= looks + 5
    })
    .await;
    assert!(gate.state().ballasts_tried <= tried + 1, "{} times", gate.state().ballasts_tried - tried);
}

/// Waits until tasks are taken in again.
async fn until_taken(engine: &Embedded) {
    in_time(async {
        while engine.submit_whole(vec![task("b", "x")]).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
}
