//! Whatever a group has come to it is found in again: after a restart, and after a crash at any moment.

#![allow(clippy::disallowed_methods, reason = "how long a lease lasts is what is measured")]

use std::time::Instant;

use super::{
    super::{BEGIN_MS, held::Recorder},
    *,
};
use crate::server::engine::results::Answer;
use crate::server::engine::{
    contract::{
        Whole,
        groups::{Ear, in_state},
    },
    groups::{End, State, Why},
};

#[tokio::test]
async fn every_state_outlives_restarts_and_crashes() {
    join_all(beds().map(|mut bed| async move {
        let engine = bed.engine();
        let stage = stage(&engine).await;
        let wanted = everything(&engine, "a").await;
        assert_eq!(counts(&engine, "a", "g").await, [4, 3, 2, 2]);
        for round in 0..3 {
            let crashed = bed.crashed();
            assert_eq!(everything(&crashed.engine(), "a").await, wanted, "round {round}");
            stage.expect_verdicts(&crashed.engine()).await;
            let after = everything(&crashed.engine(), "a").await;
            // What comes after is told to facts beside the pages, and then folded into them.
            let mut crashed = crashed.crashed();
            assert_eq!(everything(&crashed.engine(), "a").await, after, "round {round}");
            crashed.reopen().await;
            assert_eq!(everything(&crashed.engine(), "a").await, after, "round {round}");
            let known = in_time(crashed.engine().known(["later", "2d", "3d"].map(id).into())).await;
            assert_eq!(known, Ok(vec![true, true, false]));
            crashed.close().await;
            bed.reopen().await;
        }
        let engine = bed.engine();
        assert_eq!(everything(&engine, "a").await, wanted);
        // And it goes on from there: first the suspects, each alone.
        let mut member = Member::open(&engine, Share { max_in_flight: 9, ..share_of(5, "a", "g") }).await;
        member.expect_quiet(&engine).await;
        set(&engine, |change| change.paused = Some(false)).await;
        for _ in 0..2 {
            let suspect = member.one().await;
            assert_eq!(suspect.attempt, 2);
            member.expect_quiet(&engine).await;
            done(&engine, &suspect).await;
        }
        assert_eq!(member.one().await.seq, stage.seqs[11]);
        assert_eq!(member.one().await.seq, stage.seqs[13]);
        member.expect_quiet(&engine).await;
    }))
    .await;
}

#[tokio::test]
async fn a_crash_between_any_two_writes_loses_nothing() {
    let recorder = Recorder::default();
    let mut bed = Bed::recorded(&recorder);
    let engine = bed.engine();
    drop(Member::open(&engine, share_of(1, "a", "g")).await);
    // Enough to be said that it takes several steps to fold.
    let batch = || (0..1000).map(|n| task("a", format!("{n}"))).collect();
    for _ in 0..8 {
        submit(&engine, batch()).await;
    }
    let share = Share { max_in_flight: 8000, max: Some(8000), ..share_of(1, "a", "g") };
    let held = Member::open(&engine, share).await.rest().await.unwrap();
    let words = |n: usize| match n % 5 {
        0 => Word::Done,
        1 => Word::Failed,
        2 => Word::Working,
        _ => Word::Rejected,
    };
    let told = held.iter().enumerate().map(|(n, leased)| Told {
        answer: Answer::text("x".repeat(256)),
        delay_ms: Some(LONG_MS),
        ..told(&leased.lease, words(n))
    });
    let judged = in_time(engine.tell(told.collect())).await.unwrap();
    assert!(judged.iter().all(|j| j.verdict == Verdict::Ok));
    until_async(async || group(&engine, "a", "g").await.members == 0).await;
    let view = group(&engine, "a", "g").await;
    assert_eq!((view.done, view.waiting, view.leased, view.dead), (1600, 1600, 1600, 3200));
    recorder.take();
    bed.close().await;
    let images = recorder.take();
    assert!(images.len() >= 2, "it was folded in {} steps", images.len());
    for (what, image) in images {
        // Twice, because a start that was cut short is followed by another.
        for image in [image.copy(), image] {
            let mut bed = Bed::over(image);
            for round in 0..2 {
                let engine = bed.engine();
                assert_eq!(group(&engine, "a", "g").await, view, "{what}");
                for n in [0, 1, 3, 1023, 1024, 5000, 5003] {
                    let verdict = say(&engine, &held[n].lease, words(n)).await;
                    let wanted = if words(n) == Word::Working { Verdict::Ok } else { Verdict::Duplicate };
                    assert_eq!(verdict, wanted, "{what}, {n} in round {round}");
                }
                bed.reopen().await;
            }
        }
    }
}

#[tokio::test]
async fn what_is_lost_by_a_restart_is_not_charged_and_has_its_full_time() {
    let mut bed = Bed::memory(TAIL);
    let engine = bed.engine();
    some(&engine, "a", 4).await;
    let leasing = |n| Share { lease_ms: Some(1000), ..share_of(n, "a", "g") };
    let mut silent = Member::open(&engine, Share { max_in_flight: 2, ..leasing(1) }).await;
    let mut heard = Member::open(&engine, leasing(2)).await;
    let (theirs, ours) = (silent.take(2).await, heard.one().await);
    bed.close().await;
    // It was off for half an hour; or its clock is wrong.
    bed.options.retain = std::time::Duration::from_secs(1 << 30);
    bed.pass(30 * 60 * 1000).await;
    let since = Instant::now();
    bed.open().await;
    let engine = bed.engine();
    assert_eq!(counts(&engine, "a", "g").await, [1, 3, 0, 0]);
    let mut ear = Ear::open(&engine, 2);
    let _stays = Ear::open(&engine, 3);
    let mut next =
        Member::open(&engine, Share { max_in_flight: 4, lease_ms: Some(LONG_MS), ..leasing(3) }).await;
    let fresh = next.one().await;
    assert_eq!(fresh.attempt, 1);
    let again = next.take(2).await;
    assert!(since.elapsed().as_millis() >= 998, "{:?}", since.elapsed());
    assert!(again.iter().all(|leased| leased.attempt == 2));
    for leased in &theirs {
        let seen = stand(&engine, &leased.id, "g").await.task;
        assert_eq!((seen.failures, seen.suspect, &seen.ends[..]), (0, false, &[End::ServerRestart][..]));
        assert_eq!(say(&engine, &leased.lease, Word::Done).await, Verdict::Stale);
    }
    // Whoever was heard since and is lost then is lost like any other.
    assert_eq!(ear.next().await, (ours.lease.clone(), Why::Lost));
    let seen = stand(&engine, &ours.id, "g").await.task;
    assert_eq!((seen.state, seen.failures, &seen.ends[..]), (State::Waiting, 1, &[End::Lost][..]));
}

#[tokio::test]
async fn the_wall_clock_moves_no_lease() {
    let mut bed = Bed::memory(TAIL);
    bed.options.retain = std::time::Duration::from_secs(1 << 40);
    bed.reopen().await;
    let engine = bed.engine();
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;
    some(&engine, "a", 3).await;
    drop(Member::open(&engine, share_of(1, "a", "g")).await);
    set(&engine, |change| change.backoff_ms = Some(60 * 60 * 1000)).await;
    let _ear = Ear::open(&engine, 1);
    let share = Share { max_in_flight: 3, lease_ms: Some(60_000), ..share_of(1, "a", "g") };
    let mut member = Member::open(&engine, share).await;
    let held = member.take(3).await;
    assert_eq!(say(&engine, &held[2].lease, Word::Failed).await, Verdict::Ok);
    let begin_ms = BEGIN_MS;
    for wall_ms in [begin_ms - 365 * DAY_MS, begin_ms + DAY_MS, begin_ms + 400 * DAY_MS, begin_ms] {
        bed.set_clock(wall_ms);
        some(&engine, "b", 1).await;
        assert_eq!(counts(&engine, "a", "g").await, [0, 2, 1, 0]);
        member.expect_quiet(&engine).await;
        let crashed = bed.crashed();
        let engine = crashed.engine();
        assert_eq!(counts(&engine, "a", "g").await[1], 2);
        done(&engine, &held[0]).await;
    }
    done(&engine, &held[0]).await;
}

#[tokio::test]
async fn what_is_trimmed_under_leases_is_counted_once() {
    join_all(beds().map(|mut bed| async move {
        let engine = bed.engine();
        let old = some(&engine, "a", 5).await;
        let mut ear = Ear::open(&engine, 1);
        let share = Share { max_in_flight: 3, ..share_of(1, "a", "g") };
        let mut member = Member::open(&engine, share.clone()).await;
        let held = member.take(3).await;
        done(&engine, &held[0]).await;
        assert_eq!(ear.next().await.1, Why::Settled);
        let again = member.one().await;
        // Some of it is in pages, some is not.
        drop((member, ear));
        bed.reopen().await;
        let engine = bed.engine();
        let mut ear = Ear::open(&engine, 1);
        let have: Vec<String> = [&held[1], &held[2], &again].map(|l| l.lease.clone()).into();
        let mut member = Member::open(&engine, Share { have, ..share.clone() }).await;
        assert_eq!(say(&engine, &held[1].lease, Word::Rejected).await, Verdict::Ok);
        assert_eq!(ear.next().await.1, Why::Settled);
        assert_eq!(member.one().await.seq, old[4]);
        bed.outlive_all().await;
        let mut gone = Vec::new();
        for _ in 0..3 {
            let (lease, why) = ear.next().await;
            assert_eq!(why, Why::Gone);
            gone.push(lease);
        }
        assert!(gone.contains(&held[2].lease) && gone.contains(&again.lease));
        let live = some(&engine, "a", 1).await;
        // Dead ones had their end; those in hand had not.
        assert_eq!(member.one().await.seq, live[0]);
        drop((member, ear));
        for round in 0..3 {
            let engine = bed.engine();
            let view = group(&engine, "a", "g").await;
            assert_eq!((view.trimmed_unsettled, view.leased, view.dead), (3, 1, 0), "round {round}");
            assert_eq!(say(&engine, &held[2].lease, Word::Done).await, Verdict::Unknown);
            assert_eq!(say(&engine, &held[0].lease, Word::Done).await, Verdict::Unknown);
            let crashed = bed.crashed();
            assert_eq!(group(&crashed.engine(), "a", "g").await.trimmed_unsettled, 3, "round {round}");
            bed.reopen().await;
        }
    }))
    .await;
}

#[tokio::test]
async fn a_purge_outlives_what_was_written_of_its_tasks() {
    join_all(beds().map(|mut bed| async move {
        let engine = bed.engine();
        // A page and a bit, so that one page is gone whole.
        let all = some(&engine, "a", 1100).await;
        some(&engine, "b", 1).await;
        let share = Share { max_in_flight: 1100, max: Some(1100), ..share_of(1, "a", "g") };
        let held = Member::open(&engine, share).await.rest().await.unwrap();
        done(&engine, &held[7]).await;
        // Now they are in pages, and so is their holder.
        bed.reopen().await;
        let engine = bed.engine();
        let purged = in_time(engine.purge(queue("a"), Some(all[1050]))).await.unwrap();
        assert_eq!((purged.tasks, purged.leases), (1051, 1050));
        let crashed = bed.crashed();
        let view = group(&crashed.engine(), "a", "g").await;
        assert_eq!((view.trimmed_unsettled, view.leased, view.done), (1050, 49, 1));
        for leased in &held[1051..] {
            done(&engine, leased).await;
        }
        // Its holder has nothing left, and is forgotten with the next fold.
        for _ in 0..3 {
            bed.reopen().await;
            let engine = bed.engine();
            let view = group(&engine, "a", "g").await;
            assert_eq!((view.trimmed_unsettled, view.leased, view.done), (1050, 0, 50));
            for n in [0, 7, 1050] {
                assert_eq!(say(&engine, &held[n].lease, Word::Done).await, Verdict::Conflict, "{n}");
            }
            assert_eq!(say(&engine, &held[1060].lease, Word::Done).await, Verdict::Duplicate);
            assert!(in_state(&engine, "a", "g", State::Leased).await.is_empty());
        }
    }))
    .await;
}

#[tokio::test]
async fn tokens_of_another_store_are_unknown() {
    let beds = [Bed::memory(TAIL), Bed::memory(TAIL)];
    let [ours, theirs] = beds.map(|bed| bed.engine());
    let mut leases = Vec::new();
    for engine in [&ours, &theirs] {
        some(engine, "a", 1).await;
        leases.push(Member::open(engine, share_of(1, "a", "g")).await.one().await);
    }
    assert_ne!(leases[0].lease, leases[1].lease);
    assert_eq!(say(&ours, &leases[1].lease, Word::Done).await, Verdict::Unknown);
    done(&ours, &leases[0]).await;
}
