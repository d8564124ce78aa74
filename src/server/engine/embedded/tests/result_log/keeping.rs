//! What is kept, for how long, and what is shown of it.

use super::*;

/// One of each that becomes a result.
async fn tell_all_kinds(engine: &Embedded) -> Vec<(Option<Word>, State, u32)> {
    let held = leased(engine, "a").await;
    let failed = Told {
        answer: Answer { exit_code: Some(7), ret_cut: true, stderr: "oh".to_owned(), ..Answer::text("no") },
        delay_ms: Some(0),
        client: Some(client(5)),
        ..told(&held.lease, Word::Failed)
    };
    assert_eq!(tell(engine, failed).await.0, Verdict::Ok);
    let again = Member::open(engine, Share { max: Some(1), ..share_of(2, "a", "g") }).await.one().await;
    assert_eq!(say(engine, &again.lease, Word::Working).await, Verdict::Ok);
    assert_eq!(say(engine, &again.lease, Word::Rejected).await, Verdict::Ok);
    assert_eq!(say(engine, &again.lease, Word::Rejected).await, Verdict::Duplicate);
    assert_eq!(say(engine, &again.lease, Word::Done).await, Verdict::Conflict);
    let seq = some(engine, "a", 1).await[0].to_string();
    for word in [Word::Received, Word::Received, Word::Failed, Word::Working, Word::Done, Word::Done] {
        assert_eq!(tell(engine, told_by_id(&seq, word, Some(8))).await.0, Verdict::Noted);
    }
    assert_eq!(tell(engine, told_by_id(&seq, Word::Done, None)).await.0, Verdict::Noted);
    for verdict in [Verdict::Ok, Verdict::Duplicate] {
        assert_eq!(in_time(engine.cancel(vec![id(&seq)])).await.unwrap()[0].verdict, verdict);
    }
    assert_eq!(tell(engine, told_by_id(&seq, Word::Rejected, Some(9))).await.0, Verdict::Noted);
    vec![
        (Some(Word::Failed), State::Waiting, 1),
        (Some(Word::Rejected), State::Dead, 2),
        (Some(Word::Received), State::Ready, 0),
        (Some(Word::Failed), State::Ready, 0),
        (Some(Word::Done), State::Done, 0),
        (None, State::Cancelled, 0),
    ]
}

#[tokio::test]
async fn what_was_told_outlives_restarts_and_crashes() {
    for mut bed in [Bed::memory(TAIL), Bed::memory(NO_TAIL), Bed::sqlite(TAIL), Bed::sqlite(NO_TAIL)] {
        let engine = bed.engine();
        let expected = tell_all_kinds(&engine).await;
        let all = all_of(&engine).await;
        let seen: Vec<_> = all.iter().map(|view| (view.word, view.state, view.attempt)).collect();
        assert_eq!(seen, expected);
        assert_eq!(numbers(&all), [1, 2, 3, 4, 5, 6]);
        let first = &all[0];
        assert_eq!((&first.id[..], first.seq, first.queue.as_str()), ("1", 1, "a"));
        assert_eq!(first.client, Some(client(5)), "who told comes before who held");
        assert_eq!((first.answer.exit_code, first.answer.ret_cut), (Some(7), true));
        assert_eq!((&first.answer.ret[..], &first.answer.stderr[..]), ("no", "oh"));
        assert_eq!(all[1].client, share_of(2, "a", "g").who.client, "who held it");
        assert_eq!(all[2].group.as_ref().unwrap().as_str(), format!("@{}", client(8)));
        assert_eq!((&all[5].group, &all[5].client), (&None, &None));

        let other = bed.crashed();
        assert_eq!(all_of(&other.engine()).await, all);
        for _ in 0..2 {
            bed.reopen().await;
            let engine = bed.engine();
            assert_eq!(all_of(&engine).await, all);
            assert_eq!(Reader::of(&engine, &["1"]).await.take(2).await, all[..2]);
            assert_eq!(Reader::of(&engine, &["2"]).await.rest().await.unwrap(), all[2..]);
            assert_eq!(results_of(&engine, 1).await, all[..2]);
        }
        settled(&bed.engine(), "a", Answer::default()).await;
        assert_eq!(numbers(&all_of(&bed.engine()).await), [1, 2, 3, 4, 5, 6, 7]);
    }
}

#[tokio::test]
async fn a_death_without_a_word_is_a_result() {
    let bed = Bed::memory(TAIL);
    let engine = bed.engine();
    drop(Member::open(&engine, share_of(1, "a", "g")).await);
    let change = Change { max_failures: Some(1), ..Change::default() };
    in_time(engine.set_group(queue("a"), named("g"), change)).await.unwrap();
    some(&engine, "a", 1).await;
    let mut log = Reader::log(&engine, Start::New).await;
    let share = Share { grace_ms: 1, ..share_of(3, "a", "g") };
    let holder = share.who.client.clone();
    let mut member = Member::open(&engine, share).await;
    let held = member.one().await;
    drop(member);
    let dead = log.one().await;
    assert_eq!((dead.word, dead.state, dead.end, dead.attempt), (None, State::Dead, Some(End::Lost), 1));
    assert_eq!((dead.seq, dead.client.clone(), dead.late), (held.seq, holder, false));
    // A late word is one, unless it was counted before.
    assert_eq!(tell(&engine, told(&held.lease, Word::Failed)).await, (Verdict::Ok, true));
    assert_eq!(tell(&engine, told(&held.lease, Word::Done)).await, (Verdict::Ok, true));
    let late = log.one().await;
    assert_eq!((late.word, late.state, late.late, late.n), (Some(Word::Done), State::Done, true, 2));
}

#[tokio::test]
async fn whoever_is_far_behind_reads_everything_from_disk() {
    for mut bed in [Bed::memory(TAIL), Bed::sqlite(TAIL), Bed::sqlite(NO_TAIL)] {
        let engine = bed.engine();
        let mut slow = Reader::log(&engine, Start::First).await;
        slow.expect_quiet().await;
        // More than stays in memory.
        let long = Answer::text("x".repeat(60_000));
        for _ in 0..2 {
            settled_together(&engine, "a", 100, &long).await;
        }
        let few = settled_together(&engine, "b", 5000, &Answer::default()).await;
        let seen = slow.take(5200).await;
        assert_eq!(numbers(&seen), (1..=5200).collect::<Vec<_>>());
        assert!(seen[..200].iter().all(|view| view.answer == long && view.queue == queue("a")));
        assert!(seen[200..].iter().map(|view| view.seq).eq(few.iter().copied()));
        slow.expect_quiet().await;
        bed.reopen().await;
        let engine = bed.engine();
        assert!(all_of(&engine).await == seen);
        let only = ResultFilter::Log {
            queue: Some(queue("b")),
            group: Some(named("g")),
            store: Some(engine.store_id().to_owned()),
            start: Start::Seq(100),
            until_empty: true,
        };
        let mut reader = Reader::try_open(&engine, only).await.unwrap();
        assert_eq!((reader.results.start, reader.results.until), (100, Some(5200)));
        assert!(reader.rest().await.unwrap() == seen[200..]);
        // The place of each was folded.
        for n in [0, 7, 199, 200, 5000, 5199] {
            let mut of = Reader::of(&engine, &[&seen[n].id]).await;
            assert!(of.one().await == seen[n]);
            of.expect_quiet().await;
        }
    }
}

#[tokio::test]
async fn results_go_with_their_tasks_and_their_numbers_go_on() {
    for mut bed in [Bed::memory(TAIL), Bed::memory(NO_TAIL), Bed::sqlite(TAIL), Bed::sqlite(NO_TAIL)] {
        let engine = bed.engine();
        let gone = settled_together(&engine, "a", 3, &Answer::default()).await;
        let mut behind = Reader::log(&engine, Start::First).await;
        let mut of = Reader::of(&engine, &[&gone[1].to_string()]).await;
        assert_eq!(of.one().await.n, 2);
        bed.pass(RETAIN.as_millis() as u64 + 1).await;
        until(|| engine.tasks_kept() == 0).await;
        until(|| engine.shared.results.reach().first_n == 4).await;
        assert_eq!(behind.next().await, Some(Err(Error::ResultsTrimmed { asked: 1, first_n: 4 })));
        assert!(behind.next().await.is_none());
        let end = of.rest().await.unwrap();
        assert_eq!((end.len(), end[0].n, end[0].state, end[0].seq), (1, 0, State::Gone, gone[1]));
        for start in [Start::First, Start::Seq(4), Start::Time(0), Start::New] {
            let mut log = Reader::try_open(&engine, log_from(start, true)).await.unwrap();
            assert_eq!((log.results.start, log.results.until), (4, Some(3)));
            assert_eq!(log.rest().await, Ok(vec![]));
        }
        bed.upkeep().await;
        for round in 0..2 {
            bed.reopen().await;
            let engine = bed.engine();
            let refused = Reader::try_open(&engine, log_from(Start::Seq(3), false)).await;
            assert_eq!(refused.err(), Some(Error::ResultsTrimmed { asked: 3, first_n: 4 }));
            let refused = Reader::try_open(&engine, log_from(Start::Seq(6 + round), false)).await;
            let next_n = 4 + round;
            assert_eq!(refused.err(), Some(Error::ResultsFuture { asked: 6 + round, next_n }));
            settled(&engine, "a", Answer::default()).await;
            assert_eq!(all_of(&engine).await.len() as u64, round + 1);
        }
    }
}

/// All that is kept of what was told of a task of the queue `a`.
async fn results_of(engine: &Embedded, seq: u64) -> Vec<ResultView> {
    let (queue, mut all) = (engine.shared.queues.named(&queue("a")), Vec::new());
    engine.each_result_of(&queue, seq, |result, _| all.push(result)).await.unwrap();
    all
}

#[tokio::test]
async fn results_of_what_is_purged_are_shown_no_more() {
    let bed = Bed::memory(TAIL);
    let engine = bed.engine();
    let purged = settled_together(&engine, "a", 3, &Answer::default()).await;
    settled_together(&engine, "b", 2, &Answer::default()).await;
    let mut of = Reader::of(&engine, &[&purged[0].to_string(), &purged[2].to_string()]).await;
    assert_eq!(numbers(&of.take(2).await), [1, 3]);
    in_time(engine.purge(queue("a"), Some(purged[1]))).await.unwrap();
    let end = of.one().await;
    assert_eq!((end.n, end.state, end.seq), (0, State::Gone, purged[0]));
    assert_eq!(numbers(&all_of(&engine).await), [3, 4, 5]);
    let unknown = Reader::try_open(&engine, ResultFilter::Of(vec![id(&purged[0].to_string())])).await;
    assert_eq!(unknown.err(), Some(Error::NoTask(vec![TaskId::Seq(purged[0])])));
}

#[tokio::test]
async fn what_a_full_disk_refuses_was_never_told() {
    for tail in [TAIL, NO_TAIL] {
        let mut bed = Bed::memory(tail);
        let engine = bed.engine();
        settled(&engine, "a", Answer::default()).await;
        let held = leased(&engine, "a").await;
        let mut log = Reader::log(&engine, Start::New).await;
        let mut of = Reader::of(&engine, &[&held.id]).await;
        for _ in 0..3 {
            bed.memory_store().disk().faults.push_back(Some(StoreError::Full("no room".to_owned())));
            let refused = in_time(engine.tell(vec![told(&held.lease, Word::Rejected)])).await;
            assert_eq!(refused.unwrap_err(), Error::Full("no room".to_owned()));
            log.expect_quiet().await;
            of.expect_quiet().await;
            assert_eq!(numbers(&all_of(&engine).await), [1]);
        }
        assert_eq!(say(&engine, &held.lease, Word::Done).await, Verdict::Ok);
        let told = log.one().await;
        assert_eq!((told.n, told.word), (2, Some(Word::Done)));
        assert_eq!(of.one().await, told);
        bed.reopen().await;
        assert_eq!(all_of(&bed.engine()).await[1..], [told]);
    }
}

#[tokio::test]
async fn a_crash_between_any_two_writes_loses_no_place() {
    let recorder = super::super::Recorder::default();
    let bed = Bed::recorded(&recorder);
    let engine = bed.engine();
    let mut all = Vec::new();
    for round in 0..4 {
        all.extend(settled_together(&engine, "a", 1500, &Answer::default()).await);
        if round % 2 == 1 {
            // A purge of nothing that is there folds as well.
            let db = some(&engine, &format!("q{round}"), 1).await[0];
            in_time(engine.purge(queue(&format!("q{round}")), Some(db))).await.unwrap();
        }
    }
    in_time(engine.close()).await;
    let images = recorder.take();
    assert!(images.len() >= 3, "{}", images.len());
    for (what, image) in images {
        let bed = Bed::over(image);
        let engine = bed.engine();
        let there = all_of(&engine).await;
        for view in [there.first(), there.get(there.len() / 2), there.last()].into_iter().flatten() {
            assert_eq!(Reader::of(&engine, &[&view.id]).await.one().await, *view, "{what}");
        }
    }
}
