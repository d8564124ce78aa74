//! Retention: what goes, when it goes, who is told, and when the clock is not believed.

use futures_util::future::join_all;

use super::{BEGIN_MS, Bed, NO_TAIL, RETAIN, TAIL, until};
use crate::{
    name::TaskId,
    server::engine::{
        Accepted, Engine, Error, NewTask, Refused, Start, Watch,
        contract::{Fixture, Reader, Whole, fill, key, own, queue, submit, submit_any, task, watch_of},
    },
};

const RETAIN_MS: u64 = RETAIN.as_millis() as u64;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn chunks_go_whole_once_they_are_too_old_and_whoever_needs_them_is_told() {
    join_all([Bed::memory(TAIL), Bed::memory(NO_TAIL), Bed::sqlite(TAIL), Bed::sqlite(NO_TAIL)].map(
        |mut bed| async move {
            let engine = bed.engine();
            let old = vec![task("a", "x"), NewTask { id: own("old"), ..task("b", "y") }, task("a", "z")];
            assert_eq!(submit(&engine, old).await, [1, 2, 3]);
            bed.pass(RETAIN_MS / 2).await;
            let kept = vec![task("a", "kept"), NewTask { id: own("kept"), ..task("b", "kept") }];
            assert_eq!(submit(&engine, kept).await, [4, 5]);
            let mut behind = Reader::open(&engine, "a", Start::First).await;
            let mut halfway = Reader::open(&engine, "b", Start::Seq(2)).await;
            let mut upto_date = Reader::open(&engine, "a", Start::Seq(4)).await;

            bed.pass(RETAIN_MS / 2).await;
            bed.upkeep().await;
            assert_eq!(engine.tasks_kept(), 5, "of that age is not older than that");
            bed.pass(1).await;
            until(|| engine.tasks_kept() == 2).await;
            bed.upkeep().await;
            assert_eq!(engine.tasks_kept(), 2);

            let trimmed = |name, asked, first_seq| Error::Trimmed { queue: queue(name), asked, first_seq };
            assert_eq!(behind.rest().await, Err(trimmed("a", 1, 4)));
            assert_eq!(halfway.rest().await, Err(trimmed("b", 2, 3)));
            assert_eq!(upto_date.take(1).await[0].task, "kept");
            let refused = Reader::try_open(&engine, watch_of(&[("a", Start::Seq(3))])).await;
            assert_eq!(refused.err(), Some(trimmed("a", 3, 4)));

            for round in 0..2 {
                let engine = bed.engine();
                assert_eq!(engine.tasks_kept(), 2 + round);
                assert_eq!(Reader::open(&engine, "a", Start::First).await.take(1).await[0].seq, 4);
                assert_eq!(
                    Reader::open(&engine, "b", Start::Seq(3)).await.next().await.unwrap().unwrap()[0].seq,
                    5
                );
                let ids = ["1", "3", "4", "5", "kept"].map(|id| TaskId::parse(id).unwrap()).into();
                assert_eq!(engine.known(ids).await, Ok(vec![false, false, true, true, true]));
                let again = |id| vec![NewTask { id: own(id), ..task("b", "again") }];
                let taken = Refused::IdTaken { id: "kept".to_owned(), seq: 5 };
                assert_eq!(submit_any(&engine, again("kept")).await, [Err(taken)]);
                let new = Accepted { seq: 6, delayed: None, duplicate: round == 1 };
                assert_eq!(submit_any(&engine, again("old")).await, [Ok(new)]);
                bed.reopen().await;
            }
        },
    ))
    .await;
}

#[tokio::test]
async fn many_chunks_go_in_several_steps() {
    join_all([Bed::memory(NO_TAIL), Bed::sqlite(NO_TAIL)].map(|bed| async move {
        let engine = bed.engine();
        for n in 0..200 {
            submit(&engine, vec![NewTask { id: own(&format!("id{n}")), ..task("a", "x") }]).await;
        }
        let mut behind = Reader::open(&engine, "a", Start::First).await;
        bed.pass(1).await;
        submit(&engine, vec![task("a", "kept")]).await;
        bed.pass(RETAIN_MS).await;
        until(|| engine.tasks_kept() == 1).await;
        let Err(Error::Trimmed { first_seq, .. }) = behind.rest().await else { panic!("a silent gap") };
        assert_eq!(first_seq, 201);
        let mut rest = Reader::open(&engine, "a", Start::Seq(first_seq)).await;
        assert_eq!(rest.take(1).await[0].task, "kept");
        // Each id is free again.
        let again = (0..200).map(|n| NewTask { id: own(&format!("id{n}")), ..task("b", "again") });
        assert_eq!(submit(&engine, again.collect()).await, (202..=401).collect::<Vec<_>>());
    }))
    .await;
}

#[tokio::test]
async fn a_clock_that_leaps_more_than_a_day_throws_nothing_away_until_it_has_stood_for_a_day() {
    join_all([Bed::memory(TAIL), Bed::sqlite(TAIL)].map(|mut bed| async move {
        let engine = bed.engine();
        fill(&engine, &["a"], 6).await;
        bed.pass(DAY_MS + 1).await;
        bed.upkeep().await;
        assert_eq!(engine.tasks_kept(), 6);
        // The server goes on in the meantime, by the new time.
        let leapt = fill(&engine, &["a"], 1).await;
        assert_eq!(leapt[0].at_ms, BEGIN_MS + DAY_MS + 1);
        bed.pass(DAY_MS - 1).await;
        for _ in 0..2 {
            bed.upkeep().await;
            assert_eq!(bed.engine().tasks_kept(), 7, "the doubt survives a restart");
            bed.reopen().await;
        }
        bed.pass(1).await;
        let engine = bed.engine();
        until(|| engine.tasks_kept() == 0).await;
    }))
    .await;
}

#[tokio::test]
async fn a_leap_while_the_server_was_down_is_doubted_too() {
    join_all([Bed::memory(TAIL), Bed::sqlite(TAIL)].map(|mut bed| async move {
        fill(&bed.engine(), &["a"], 6).await;
        bed.close().await;
        bed.pass(400 * DAY_MS).await;
        bed.open().await;
        bed.upkeep().await;
        assert_eq!(bed.engine().tasks_kept(), 6);
        bed.pass(DAY_MS).await;
        let engine = bed.engine();
        until(|| engine.tasks_kept() == 0).await;
    }))
    .await;
}

#[tokio::test]
async fn a_leap_that_is_put_right_throws_nothing_away() {
    let bed = Bed::memory(TAIL);
    let engine = bed.engine();
    fill(&engine, &["a"], 6).await;
    bed.pass(400 * DAY_MS).await;
    bed.upkeep().await;
    // A wrong clock may be nudged, and go wrong again, before it is put right.
    for wall_ms in [400 * DAY_MS - 5, 402 * DAY_MS, 399 * DAY_MS, 1].map(|ms| BEGIN_MS + ms) {
        bed.set_clock(wall_ms);
        bed.upkeep().await;
        assert_eq!(engine.tasks_kept(), 6, "at {wall_ms}");
    }
    let later = fill(&engine, &["a"], 1).await;
    assert_eq!(later[0].at_ms, BEGIN_MS + 402 * DAY_MS, "time does not go back");
    // Once it has been right for a day, tasks go by it again.
    bed.pass(DAY_MS).await;
    until(|| engine.tasks_kept() < 7).await;
    assert_eq!(engine.tasks_kept(), 1);
}

#[tokio::test]
async fn time_does_not_go_back_when_the_clock_does() {
    join_all([Bed::memory(TAIL), Bed::sqlite(NO_TAIL)].map(|mut bed| async move {
        let mut all = fill(&bed.engine(), &["a"], 3).await;
        bed.set_clock(BEGIN_MS - 365 * DAY_MS);
        for _ in 0..2 {
            all.extend(fill(&bed.engine(), &["a"], 3).await);
            bed.upkeep().await;
            bed.reopen().await;
        }
        assert!(all.iter().all(|t| t.at_ms == BEGIN_MS), "{all:?}");
        bed.set_clock(BEGIN_MS + 7);
        all.extend(fill(&bed.engine(), &["a"], 3).await);
        assert_eq!(all.last().unwrap().at_ms, BEGIN_MS + 7);
        let watch = Watch { until_empty: true, ..watch_of(&[("a", Start::First)]) };
        let seen = Reader::try_open(&bed.engine(), watch).await.unwrap().rest().await.unwrap();
        assert_eq!(seen, all);
    }))
    .await;
}

#[tokio::test]
async fn retry_keys_are_remembered_for_ten_minutes_even_of_tasks_that_are_gone() {
    join_all([Bed::memory(TAIL), Bed::sqlite(TAIL)].map(|mut bed| async move {
        let keyed = || vec![NewTask { retry_key: key(1, 7), ..task("a", "x") }];
        assert_eq!(submit(&bed.engine(), keyed()).await, [1]);
        bed.pass(10 * 60 * 1000 - 1).await;
        for _ in 0..2 {
            let engine = bed.engine();
            until(|| engine.tasks_kept() == 0).await;
            bed.upkeep().await;
            assert_eq!(submit(&engine, keyed()).await, [1]);
            bed.reopen().await;
        }
        bed.pass(1).await;
        bed.upkeep().await;
        assert_eq!(submit(&bed.engine(), keyed()).await, [2]);
        bed.reopen().await;
        assert_eq!(submit(&bed.engine(), keyed()).await, [2]);
    }))
    .await;
}
