//! What becomes a result, what does not, and what stands in it.

use super::{
    super::{
        Fixture, Start,
        groups::{
            LONG_MS, Member, client, done, named, say, share_of, some, tell, tell_all, told, told_by_id,
        },
        own, queue, submit, task,
    },
    Listener, all, log, note, result_of, results_of, set, settle, some_results, timeless,
};
use crate::{
    server::engine::{
        NewTask,
        groups::{Share, State, Told, Verdict, Word},
        results::{Answer, ResultView},
    },
    wire::TASK_BYTES_MAX,
};

pub(in super::super::super) async fn each_settlement_is_one_result_in_the_order_taken(
    mut fixture: impl Fixture,
) {
    let (one, other) = fixture.handles();
    set(&*one, "a", "g", 2).await;
    let mut live = Listener::open(&*other, log(Start::First)).await;
    assert_eq!((live.start, live.until), (1, None));
    let named_task = NewTask { id: own("deploy/web-3"), ..task("a", "x") };
    submit(&*one, vec![named_task, task("a", "y"), task("a", "z"), task("b", "other")]).await;
    let mut member = Member::open(&*one, share_of(1, "a", "g")).await;
    let mut beside = Member::open(&*other, share_of(2, "a", "h")).await;
    let mut wanted = Vec::new();

    // Told by nobody: it is the holder's.
    let held = member.one().await;
    settle(&*other, &held, Word::Released, "not me").await;
    let released = result_of(1, &held, 1, Word::Released, State::Ready);
    wanted.push(ResultView { answer: Answer::text("not me"), ..released });
    // By another client, which has the token.
    let held = member.one().await;
    let answer = Answer { exit_code: Some(0), ..Answer::text("no") };
    let failed = Told {
        answer: answer.clone(),
        delay_ms: Some(LONG_MS),
        client: Some(client(7)),
        ..told(&held.lease, Word::Failed)
    };
    assert_eq!(tell(&*one, failed).await, (Verdict::Ok, false));
    let failed = result_of(2, &held, 7, Word::Failed, State::Waiting);
    wanted.push(ResultView { answer, ..failed });
    // Another group, of the same task.
    let theirs = beside.one().await;
    assert_eq!((theirs.id.as_str(), held.id.as_str(), held.attempt), ("deploy/web-3", "deploy/web-3", 2));
    done(&*one, &theirs).await;
    wanted.push(result_of(3, &theirs, 2, Word::Done, State::Done));
    // Twice failed is dead; rejected is dead at once; several are told in one go.
    let second = member.one().await;
    settle(&*one, &second, Word::Failed, "").await;
    let again = member.one().await;
    assert_eq!((again.seq, again.attempt), (second.seq, 2));
    wanted.push(result_of(4, &second, 1, Word::Failed, State::Waiting));
    settle(&*one, &again, Word::Failed, "never").await;
    let dead = result_of(5, &again, 1, Word::Failed, State::Dead);
    wanted.push(ResultView { answer: Answer::text("never"), ..dead });
    let (third, beside_second) = (member.one().await, beside.one().await);
    let at_once = vec![told(&third.lease, Word::Rejected), told(&beside_second.lease, Word::Done)];
    tell_all(&*other, at_once).await;
    wanted.push(result_of(6, &third, 1, Word::Rejected, State::Dead));
    wanted.push(result_of(7, &beside_second, 2, Word::Done, State::Done));
    drop((member, beside));
    assert_eq!(timeless(live.take(7).await), wanted);
    live.expect_quiet(&*one).await;
    for _ in 0..2 {
        let (one, other) = fixture.handles();
        assert_eq!(timeless(all(&*other).await), wanted);
        assert_eq!(all(&*one).await, all(&*other).await);
        fixture.close().await;
        fixture.open().await;
    }
    // The numbers go on.
    let (one, other) = fixture.handles();
    let settled = some_results(&*one, "c", 2).await;
    assert_eq!(timeless(all(&*other).await)[7..], results_of(8, &settled));
}

pub(in super::super::super) async fn a_result_says_when_it_was_taken(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let mut last_ms = 0;
    for n in 1..6 {
        fixture.pass(50).await;
        some_results(&*one, "a", 1).await;
        let at_ms = all(&*other).await.last().unwrap().at_ms;
        assert!(at_ms > last_ms, "result {n}: {at_ms} after {last_ms}");
        last_ms = at_ms;
    }
}

pub(in super::super::super) async fn an_answer_comes_back_byte_for_byte(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let text = |ret: &str, stderr: &str| Answer { stderr: stderr.to_owned(), ..Answer::text(ret) };
    let mut answers = vec![
        Answer::default(),
        text("任务:123\n\0\u{1b}[31m\u{2028}\r\n \t", "\0"),
        text("", "not found\n"),
        text("$(reboot) `x` \"quotes' \\", "🦀"),
        Answer { exit_code: Some(0), ..Answer::default() },
        Answer { exit_code: Some(-1), ..Answer::default() },
        Answer { exit_code: Some(i32::MIN), ..text("x", "y") },
        Answer { exit_code: Some(i32::MAX), ret_cut: true, ..Answer::default() },
        Answer { stderr_cut: true, ..text("a", "b") },
        Answer { ret_lossy: true, ..text("\u{fffd}", "") },
        Answer { stderr_lossy: true, ret_cut: true, stderr_cut: true, ret_lossy: true, ..Answer::default() },
        text(&"x".repeat(TASK_BYTES_MAX), ""),
        text(&"数".repeat(TASK_BYTES_MAX / 3), &"e".repeat(64 << 10)),
        text("", &"\0".repeat(TASK_BYTES_MAX)),
    ];
    // Enough small ones that the large ones are not alone wherever they lie.
    answers.extend((0..300).map(|n| text(&n.to_string(), &"s".repeat(n))));
    let mut live = Listener::open(&*other, log(Start::First)).await;
    some(&*one, "a", answers.len()).await;
    let share = Share { max_in_flight: answers.len() as u32, ..share_of(1, "a", "g") };
    let held = Member::open(&*one, share).await.take(answers.len()).await;
    for (held, answers) in held.chunks(13).zip(answers.chunks(13)) {
        let settled = held.iter().zip(answers);
        let settled =
            settled.map(|(held, answer)| Told { answer: answer.clone(), ..told(&held.lease, Word::Done) });
        tell_all(&*one, settled.collect()).await;
    }
    let seen = live.take(answers.len()).await;
    let is_same = |seen: &[ResultView]| {
        assert_eq!(seen.len(), answers.len());
        for (seen, answer) in seen.iter().zip(&answers) {
            // A mebibyte is not to be printed.
            assert!(seen.answer == *answer, "result {}: {:?}", seen.n, seen.answer.ret.get(..80));
        }
    };
    is_same(&seen);
    for _ in 0..2 {
        fixture.close().await;
        fixture.open().await;
        let (_, other) = fixture.handles();
        is_same(&all(&*other).await);
    }
}

pub(in super::super::super) async fn what_changes_nothing_is_no_result(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    set(&*one, "a", "g", 5).await;
    some(&*one, "a", 4).await;
    let mut member = Member::open(&*other, Share { max_in_flight: 4, ..share_of(1, "a", "g") }).await;
    let held = member.take(4).await;
    settle(&*one, &held[0], Word::Done, "once").await;
    let before = timeless(all(&*one).await);
    assert_eq!(before.len(), 1);
    // Duplicates, conflicts, tokens that are none, signs of life.
    assert_eq!(say(&*other, &held[0].lease, Word::Done).await, Verdict::Duplicate);
    for word in [Word::Failed, Word::Released, Word::Rejected, Word::Working, Word::Received] {
        assert_eq!(say(&*other, &held[0].lease, word).await, Verdict::Conflict);
    }
    for lease in ["", "L", "Lxxxxxxxxxxxxxxxxxxxxxx", "17"] {
        assert_eq!(say(&*other, lease, Word::Done).await, Verdict::Unknown);
    }
    assert_eq!(say(&*one, &held[1].lease, Word::Working).await, Verdict::Ok);
    // Told of an id by nobody; by a client that has it in its hands; of an id that no task has.
    let anonymous = Told { answer: Answer::text("x"), ..told_by_id(&held[1].id, Word::Done, None) };
    assert_eq!(tell(&*one, anonymous).await, (Verdict::Noted, false));
    assert_eq!(note(&*one, &held[1].id, Word::Done, 1, "x").await, Verdict::Unleased);
    assert_eq!(note(&*one, "99", Word::Done, 1, "x").await, Verdict::Unknown);
    // A stale word: its process has gone, and another has the task.
    assert_eq!(say(&*one, &held[2].lease, Word::Done).await, Verdict::Ok);
    assert_eq!(say(&*one, &held[3].lease, Word::Done).await, Verdict::Ok);
    drop(member);
    let back = Share { have: vec![held[1].lease.clone()], grace_ms: 1, ..share_of(1, "a", "g") };
    let mut back = Member::open(&*one, back).await;
    back.expect_quiet(&*one).await;
    drop(back);
    let mut next = Member::open(&*other, share_of(2, "a", "g")).await;
    let second = next.one().await;
    assert_eq!((second.seq, second.attempt), (held[1].seq, 2));
    for word in [Word::Done, Word::Failed, Word::Released, Word::Rejected, Word::Working] {
        assert_eq!(say(&*one, &held[1].lease, word).await, Verdict::Stale);
    }
    let results = timeless(all(&*one).await);
    let expected = [0, 2, 3].map(|n: usize| &held[n].id);
    assert_eq!(results.iter().map(|result| &result.id).collect::<Vec<_>>(), expected, "{results:?}");
    assert!(results.iter().map(|result| result.n).eq(1..=3));
    assert_eq!(results[0], before[0]);
    fixture.close().await;
    fixture.open().await;
    assert_eq!(timeless(all(&*fixture.handles().0).await), results);
}

pub(in super::super::super) async fn what_a_client_says_of_an_id_is_a_result_of_its_own_group(
    mut fixture: impl Fixture,
) {
    let (one, other) = fixture.handles();
    let own_id = NewTask { id: own("deploy"), ..task("a", "y") };
    let all_seqs = submit(&*one, vec![task("a", "x"), own_id, task("b", "z")]).await;
    let mut live = Listener::open(&*other, log(Start::First)).await;
    let first = all_seqs[0].to_string();
    let second = all_seqs[1].to_string();
    // Received once, failed each time, done once; by its seq, the other by its own id as well.
    for (id, word, number, ret) in [
        (first.as_str(), Word::Received, 1, ""),
        (&first, Word::Received, 1, "again"),
        (&first, Word::Failed, 1, "no"),
        (&first, Word::Failed, 1, "no, no"),
        (&first, Word::Done, 1, "yes"),
        (&first, Word::Done, 1, "yes, yes"),
        (&first, Word::Received, 1, "late"),
        ("deploy", Word::Done, 1, "by its id"),
        (&second, Word::Done, 2, "by its seq"),
        (&second, Word::Done, 1, "again, by its seq"),
    ] {
        assert_eq!(note(&*one, id, word, number, ret).await, Verdict::Noted);
    }
    let wanted = [
        (first.as_str(), Word::Received, 1, ""),
        (&first, Word::Failed, 1, "no"),
        (&first, Word::Failed, 1, "no, no"),
        (&first, Word::Done, 1, "yes"),
        ("deploy", Word::Done, 1, "by its id"),
        ("deploy", Word::Done, 2, "by its seq"),
    ];
    let seen = live.take(wanted.len()).await;
    for ((seen, (id, word, number, ret)), n) in seen.iter().zip(wanted).zip(1..) {
        assert_eq!((seen.n, seen.id.as_str(), seen.word), (n, id, Some(word)));
        assert_eq!(seen.group, Some(named(&format!("@w{number}"))));
        assert_eq!((seen.client.clone(), seen.queue.clone()), (Some(client(number)), queue("a")));
        assert_eq!((seen.attempt, seen.late, seen.end), (0, false, None));
        assert_eq!(seen.answer, Answer::text(ret));
        assert_eq!(seen.seq, if id == first { all_seqs[0] } else { all_seqs[1] });
        if word == Word::Done {
            assert_eq!(seen.state, State::Done);
        }
    }
    live.expect_quiet(&*one).await;
    fixture.close().await;
    fixture.open().await;
    let (one, other) = fixture.handles();
    assert_eq!(all(&*other).await, seen);
    // It is remembered what was told once.
    for (id, word) in [(first.as_str(), Word::Done), ("deploy", Word::Done), ("deploy", Word::Received)] {
        assert_eq!(note(&*one, id, word, 1, "again").await, Verdict::Noted);
    }
    assert_eq!(all(&*other).await, seen);
}
