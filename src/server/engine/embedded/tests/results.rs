//! What the embedded engine keeps of results: over crashes, when the disk is slow and when it is full.

use super::{Bed, NO_TAIL, Recorder, TAIL, until};
use crate::server::engine::{
    Engine, Error, Start,
    contract::{
        Fixture,
        groups::{LONG_MS, Leased, Member, id, share_of, some, tell, told, told_by_id},
        in_time, queue,
        results::{Listener, all, log, of, result_of, timeless},
        submit, task,
    },
    embedded::{Embedded, store::StoreError},
    groups::{Share, State, Told, Verdict, Word},
    results::{Answer, ResultView},
};

/// Settles what is held, as done, and waits for the verdict.
async fn settle(engine: &Embedded, leased: &Leased, ret: &str) {
    let told = Told { answer: Answer::text(ret), ..told(&leased.lease, Word::Done) };
    assert_eq!(tell(engine, told).await, (Verdict::Ok, false));
}

async fn held_by(engine: &Embedded, number: u8, count: usize) -> Vec<Leased> {
    let share = Share { max_in_flight: count as u32, ..share_of(number, "a", "g") };
    Member::open(engine, share).await.take(count).await
}

#[tokio::test]
async fn no_result_is_shown_before_it_is_on_disk() {
    let (bed, gate) = Bed::held();
    let engine = bed.engine();
    some(&engine, "a", 4).await;
    let held = held_by(&engine, 1, 4).await;
    settle(&engine, &held[0], "before").await;
    let mut watches = Vec::new();
    for filter in [log(Start::First), of(&[&held[0].id, &held[1].id, &held[2].id])] {
        let mut watch = Listener::open(&engine, filter).await;
        assert_eq!(watch.one().await.n, 1);
        watches.push(watch);
    }
    let mut of_one = Listener::open(&engine, of(&[&held[1].id])).await;
    for n in [1, 2] {
        let appends = gate.state().appends;
        gate.set_shut(true);
        let telling = tokio::spawn({
            let (engine, lease) = (engine.clone(), held[n].lease.clone());
            async move { engine.tell(vec![told(&lease, Word::Done)]).await }
        });
        // It has been decided, and is being written.
        until(|| gate.state().appends > appends).await;
        for watch in watches.iter_mut().chain([&mut of_one]) {
            watch.expect_nothing_yet();
        }
        assert!(!telling.is_finished());
        gate.set_shut(false);
        in_time(telling).await.unwrap().unwrap();
        for watch in &mut watches {
            let wanted = result_of(n as u64 + 1, &held[n], 1, Word::Done, State::Done);
            assert_eq!(timeless([watch.one().await]), [wanted]);
        }
        if n == 1 {
            assert_eq!(of_one.one().await.n, 2);
        }
    }
    // A task that was cancelled is not said to have ended before that is sure.
    let mut of_last = Listener::open(&engine, of(&[&held[3].id])).await;
    let appends = gate.state().appends;
    gate.set_shut(true);
    let cancelling = tokio::spawn({
        let (engine, task) = (engine.clone(), id(&held[3].id));
        async move { engine.cancel(vec![task]).await }
    });
    until(|| gate.state().appends > appends).await;
    of_last.expect_nothing_yet();
    gate.set_shut(false);
    in_time(cancelling).await.unwrap().unwrap();
    let last = of_last.rest().await.unwrap();
    assert_eq!(last.iter().map(|r| (r.n, r.state)).collect::<Vec<_>>(), [(4, State::Cancelled)]);
}

#[tokio::test]
async fn what_was_shown_is_there_after_a_crash() {
    for bed in [Bed::memory(TAIL), Bed::memory(NO_TAIL), Bed::sqlite(TAIL), Bed::sqlite(NO_TAIL)] {
        let engine = bed.engine();
        some(&engine, "a", 24).await;
        let held = held_by(&engine, 1, 24).await;
        let mut live = Listener::open(&engine, log(Start::First)).await;
        let mut shown: Vec<ResultView> = Vec::new();
        for (n, held) in held.iter().enumerate() {
            match n % 4 {
                0 => settle(&engine, held, &"数".repeat(n * 1000)).await,
                1 => {
                    let judged = in_time(engine.cancel(vec![id(&held.id)])).await.unwrap();
                    assert_eq!(judged[0].verdict, Verdict::Ok);
                }
                2 => {
                    let note = Told {
                        answer: Answer::text(n.to_string()),
                        ..told_by_id(&held.id, Word::Done, Some(9))
                    };
                    assert_eq!(tell(&engine, note).await.0, Verdict::Noted);
                }
                _ => {
                    let again = Told { delay_ms: Some(LONG_MS), ..told(&held.lease, Word::Failed) };
                    assert_eq!(tell(&engine, again).await.0, Verdict::Ok);
                }
            }
            shown.push(live.one().await);
            let mut crashed = bed.crashed();
            assert_eq!(all(&crashed.engine()).await, shown, "after {n}");
            let of_it = Listener::open(&crashed.engine(), of(&[&held.id])).await.one().await;
            assert_eq!(of_it, shown[n]);
            if n % 5 == 0 {
                crashed.reopen().await;
                assert_eq!(all(&crashed.engine()).await, shown, "after {n} and an end");
            }
        }
        // The numbers go on.
        let crashed = bed.crashed();
        let note = told_by_id(&held[0].id, Word::Done, Some(8));
        assert_eq!(tell(&crashed.engine(), note).await.0, Verdict::Noted);
        assert_eq!(all(&crashed.engine()).await.last().unwrap().n, 25);
    }
}

#[tokio::test]
async fn a_crash_between_any_two_writes_keeps_each_result_once() {
    let recorder = Recorder::default();
    let mut bed = Bed::recorded(&recorder);
    let engine = bed.engine();
    for _ in 0..4 {
        submit(&engine, (0..500).map(|n| task("a", n.to_string())).collect()).await;
    }
    let held = held_by(&engine, 1, 2000).await;
    for held in held.chunks(97) {
        let told = held.iter().map(|leased| Told {
            answer: Answer::text("x".repeat(leased.seq as usize % 3000)),
            ..told(&leased.lease, Word::Done)
        });
        let judged = in_time(engine.tell(told.collect())).await.unwrap();
        assert!(judged.iter().all(|judged| judged.verdict == Verdict::Ok));
    }
    let kept = all(&engine).await;
    assert_eq!(kept.len(), 2000);
    drop(engine);
    recorder.take();
    bed.close().await;
    let images = recorder.take();
    assert!(!images.is_empty(), "an end writes something");
    for (what, image) in images {
        let mut bed = Bed::over(image);
        for round in 0..2 {
            assert!(all(&bed.engine()).await == kept, "{what}, round {round}");
            bed.reopen().await;
        }
    }
}

#[tokio::test]
async fn what_found_no_room_is_no_result() {
    for tail in [TAIL, NO_TAIL] {
        let bed = Bed::memory(tail);
        let engine = bed.engine();
        some(&engine, "a", 3).await;
        let held = held_by(&engine, 1, 3).await;
        settle(&engine, &held[0], "there was room").await;
        let mut live = Listener::open(&engine, log(Start::First)).await;
        let mut of_one = Listener::open(&engine, of(&[&held[1].id])).await;
        let first = live.one().await;
        let refuse =
            || bed.memory_store().disk().faults.push_back(Some(StoreError::Full("no room".to_owned())));
        for _ in 0..3 {
            refuse();
            let refused = in_time(engine.tell(vec![told(&held[1].lease, Word::Done)])).await;
            assert_eq!(refused, Err(Error::Full("no room".to_owned())));
            refuse();
            let refused = in_time(engine.tell(vec![told_by_id(&held[1].id, Word::Done, Some(9))])).await;
            assert_eq!(refused, Err(Error::Full("no room".to_owned())));
            refuse();
            let refused = in_time(engine.cancel(vec![id(&held[2].id)])).await;
            assert_eq!(refused, Err(Error::Full("no room".to_owned())));
            live.expect_quiet(&engine).await;
            of_one.expect_quiet(&engine).await;
            assert_eq!(all(&engine).await, std::slice::from_ref(&first));
            assert_eq!(all(&bed.crashed().engine()).await, std::slice::from_ref(&first));
        }
        // The number that it would have had is the next one's.
        settle(&engine, &held[1], "again").await;
        let second = live.one().await;
        assert_eq!((second.n, &second.id, second.answer.ret.as_str()), (2, &held[1].id, "again"));
        assert_eq!(of_one.one().await, second);
        assert_eq!(all(&bed.crashed().engine()).await, [first, second]);
    }
}

#[tokio::test]
async fn a_failed_write_ends_who_watches_results() {
    let (bed, gate) = Bed::held();
    let engine = bed.engine();
    some(&engine, "a", 1).await;
    let held = held_by(&engine, 1, 1).await;
    let mut watches = Vec::new();
    for filter in [log(Start::First), of(&[&held[0].id])] {
        watches.push(Listener::open(&engine, filter).await);
    }
    gate.state().panics = true;
    let failed = in_time(engine.tell(vec![told(&held[0].lease, Word::Done)])).await;
    assert!(matches!(failed, Err(Error::Failed(_))), "{failed:?}");
    for mut watch in watches {
        let end = watch.next().await;
        assert!(matches!(end, Some(Err(Error::Failed(_)))), "{end:?}");
    }
}

#[tokio::test]
async fn results_of_a_purged_queue_are_gone_after_a_crash() {
    for bed in [Bed::memory(TAIL), Bed::sqlite(TAIL)] {
        let engine = bed.engine();
        some(&engine, "a", 2).await;
        for held in held_by(&engine, 1, 2).await {
            settle(&engine, &held, "x").await;
        }
        let other = some(&engine, "b", 1).await[0];
        let mut member = Member::open(&engine, share_of(2, "b", "g")).await;
        settle(&engine, &member.one().await, "kept").await;
        in_time(engine.purge(queue("a"), None)).await.unwrap();
        let kept = all(&engine).await;
        assert_eq!(kept.iter().map(|result| (result.n, result.seq)).collect::<Vec<_>>(), [(3, other)]);
        assert_eq!(all(&bed.crashed().engine()).await, kept);
    }
}
