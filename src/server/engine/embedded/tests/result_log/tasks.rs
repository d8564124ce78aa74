//! Watches of named tasks: who waits for what, and when there is nothing more to wait for.

use futures_util::future::join_all;

use super::*;

#[tokio::test]
async fn a_thousand_wait_and_each_is_told_its_own() {
    let bed = Bed::memory(TAIL);
    let engine = bed.engine();
    let seqs = some(&engine, "a", 1000).await;
    let share = Share { max_in_flight: 1000, ..share_of(1, "a", "g") };
    let mut member = Member::open(&engine, share).await;
    let held = member.take(1000).await;
    let texts: Vec<String> = seqs.iter().map(u64::to_string).collect();
    let mut waiting = join_all(texts.iter().map(async |text| Reader::of(&engine, &[text]).await)).await;
    for waiting in &mut waiting {
        waiting.expect_quiet().await;
    }
    assert_eq!(engine.shared.results.waited_for(), 1000);
    // The other way round, some together.
    for some in held.rchunks(100) {
        let told = some.iter().map(|leased| Told {
            answer: Answer::text(format!("done {}", leased.seq)),
            ..told(&leased.lease, Word::Done)
        });
        in_time(engine.tell(told.collect())).await.unwrap();
    }
    for (waiting, seq) in waiting.iter_mut().zip(&seqs) {
        let view = waiting.one().await;
        assert_eq!((view.seq, &view.answer.ret), (*seq, &format!("done {seq}")));
        waiting.expect_quiet().await;
    }
    drop(waiting);
    assert_eq!(engine.shared.results.waited_for(), 0);
}

#[tokio::test]
async fn so_many_are_waited_for_and_no_more() {
    let bed = Bed::memory(TAIL);
    let engine = bed.engine();
    let ids: Vec<TaskId> = some(&engine, "a", 4).await.into_iter().map(TaskId::Seq).collect();
    let waits = &engine.shared.waits;
    let room = waits.clone().acquire_many_owned(WAITS_MAX as u32 - 4).await.unwrap();
    let of = async |ids: &[TaskId]| Reader::try_open(&engine, ResultFilter::Of(ids.to_vec())).await;
    let full = Some(Error::TooManyWaits { most: WAITS_MAX });
    let three = of(&ids[..3]).await.unwrap();
    assert_eq!(of(&ids[..2]).await.err(), full);
    let one = of(&ids[3..]).await.unwrap();
    assert_eq!(of(&ids[3..]).await.err(), full);
    drop(one);
    // Who is refused for another reason takes no room.
    assert!(matches!(of(&[TaskId::Seq(99)]).await.err(), Some(Error::NoTask(_))));
    assert!(of(&ids[3..]).await.is_ok());
    drop((three, room));
    assert_eq!(waits.available_permits(), WAITS_MAX);
}

#[tokio::test]
async fn one_that_did_not_read_misses_nothing() {
    for bed in [Bed::memory(TAIL), Bed::sqlite(NO_TAIL)] {
        let engine = bed.engine();
        let seqs = some(&engine, "a", 3000).await;
        let ids = seqs.iter().map(|seq| TaskId::Seq(*seq)).collect();
        let mut slow = Reader::try_open(&engine, ResultFilter::Of(ids)).await.unwrap();
        slow.expect_quiet().await;
        let share = Share { max_in_flight: 3000, ..share_of(1, "a", "g") };
        let mut member = Member::open(&engine, share).await;
        let held = member.take(3000).await;
        let mut told_of = Vec::new();
        for some in held.rchunks(50) {
            let told = some.iter().map(|leased| told(&leased.lease, Word::Done));
            in_time(engine.tell(told.collect())).await.unwrap();
            told_of.extend(some.iter().map(|leased| leased.seq));
        }
        let seen = slow.take(3000).await;
        assert_eq!(numbers(&seen), (1..=3000).collect::<Vec<_>>());
        assert!(seen.iter().map(|view| view.seq).eq(told_of));
        in_time(engine.cancel(seqs.iter().map(|seq| TaskId::Seq(*seq)).collect())).await.unwrap();
        let ends = slow.rest().await.unwrap();
        assert_eq!(numbers(&ends), (3001..=6000).collect::<Vec<_>>());
        assert!(ends.iter().all(|view| view.state == State::Cancelled));
    }
}

#[tokio::test]
async fn a_delayed_task_is_waited_for_before_it_has_a_seq() {
    for mut bed in [Bed::memory(TAIL), Bed::sqlite(NO_TAIL)] {
        let engine = bed.engine();
        let delayed = |id| NewTask { delay_ms: 1000, id: own(id), ..task("a", "later") };
        let unnamed = NewTask { delay_ms: 1000, ..task("a", "later") };
        submit_any(&engine, vec![delayed("deploy"), unnamed, delayed("never")]).await;
        let mut all = Reader::of(&engine, &["deploy", "2d", "never", "2d"]).await;
        let mut never = Reader::of(&engine, &["never"]).await;
        all.expect_quiet().await;
        in_time(engine.cancel(vec![id("never")])).await.unwrap();
        for watch in [&mut never, &mut all] {
            let end = watch.one().await;
            assert_eq!((end.n, end.seq, &end.id[..], end.state), (0, 0, "never", State::Cancelled));
        }
        assert_eq!(never.rest().await, Ok(vec![]));
        let unknown = Reader::try_open(&engine, ResultFilter::Of(vec![id("never"), id("2d")])).await;
        assert_eq!(unknown.err(), Some(Error::NoTask(vec![id("never")])));
        bed.pass(1000).await;
        let mut member = Member::open(&engine, share_of(1, "a", "g")).await;
        for id in ["deploy", "2d"] {
            let held = member.one().await;
            assert_eq!(say(&engine, &held.lease, Word::Done).await, Verdict::Ok);
            let view = all.one().await;
            assert_eq!((&view.id[..], view.seq, view.state), (id, held.seq, State::Done));
        }
        let again = Reader::of(&engine, &["2d", "2"]).await.one().await;
        assert_eq!((&again.id[..], again.n), ("2d", 2));
        in_time(engine.cancel(vec![id("1"), id("2d")])).await.unwrap();
        assert_eq!(numbers(&all.rest().await.unwrap()), [3, 4]);
        bed.close().await;
    }
}

#[tokio::test]
async fn a_delayed_task_may_enter_and_be_told_of_before_anybody_looks() {
    let (bed, gate) = Bed::held();
    let engine = bed.engine();
    let delayed = NewTask { delay_ms: 1000, id: own("deploy"), ..task("a", "later") };
    submit_any(&engine, vec![delayed]).await;
    let mut of = Reader::of(&engine, &["deploy"]).await;
    gate.set_shut(true);
    bed.pass(1000).await;
    let appends = gate.state().appends;
    // It enters with the next batch, in which it is told of by its id, too.
    let telling = tokio::spawn({
        let engine = engine.clone();
        async move { engine.tell(vec![told_by_id("deploy", Word::Done, Some(8))]).await }
    });
    until(|| gate.state().appends > appends).await;
    of.expect_quiet().await;
    gate.set_shut(false);
    assert_eq!(in_time(telling).await.unwrap().unwrap()[0].verdict, Verdict::Noted);
    let view = of.one().await;
    assert_eq!((view.n, view.seq, view.word), (1, 1, Some(Word::Done)));
}

#[tokio::test]
async fn an_expired_task_has_ended_once_no_lease_of_it_is_left() {
    for bed in [Bed::memory(TAIL), Bed::sqlite(NO_TAIL)] {
        let engine = bed.engine();
        let short = |id| NewTask { id: own(id), expires_ms: Some(500), ..task("a", "soon") };
        let seqs = submit(&engine, vec![short("held"), short("free")]).await;
        let share =
            Share { max: Some(1), lease_ms: Some(LONG_MS), grace_ms: LONG_MS, ..share_of(1, "a", "g") };
        let held = Member::open(&engine, share).await.one().await;
        let mut both = Reader::of(&engine, &["held", "free"]).await;
        both.expect_quiet().await;
        bed.pass(500).await;
        let end = both.one().await;
        assert_eq!((end.n, &end.id[..], end.seq, end.state), (0, "free", seqs[1], State::Expired));
        assert_eq!((end.word, &end.group), (None, &None));
        assert_eq!(say(&engine, &held.lease, Word::Done).await, Verdict::Ok);
        let rest = both.rest().await.unwrap();
        assert_eq!(numbers(&rest), [1, 0]);
        assert_eq!((rest[0].state, rest[1].state, &rest[1].id[..]), (State::Done, State::Expired, "held"));
        // The same for who comes when it is over.
        assert_eq!(numbers(&Reader::of(&engine, &["held"]).await.rest().await.unwrap()), [1, 0]);
    }
}

#[tokio::test]
async fn a_watch_ends_with_the_engine() {
    let bed = Bed::memory(TAIL);
    let engine = bed.engine();
    let text = some(&engine, "a", 1).await[0].to_string();
    let mut watches = [Reader::of(&engine, &[&text]).await, Reader::log(&engine, Start::First).await];
    let telling = watches.each_mut().map(|watch| watch.next());
    let (ends, ()) = tokio::join!(join_all(telling), engine.close());
    assert_eq!(ends, [Some(Err(Error::Stopped)), Some(Err(Error::Stopped))]);
}
