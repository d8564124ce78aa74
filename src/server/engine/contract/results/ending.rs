//! What is a result though no worker said a word, and what becomes of results with their tasks.

use super::{
    super::{
        Fixture, Start,
        groups::{Leased, Member, client, everything, named, say, share_of, some, tell, told},
        in_time, own, queue, submit, task,
    },
    Listener, all, cancel, log, note, own_share, result_of, results_of, set, settle, some_results, timeless,
};
use crate::server::engine::{
    NewTask,
    groups::{End, Share, State, Told, Verdict, Word},
    results::{Answer, ResultView},
};

pub(in super::super::super) async fn a_task_that_dies_without_a_word_is_a_result(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let mut live = Listener::open(&*other, log(Start::First)).await;
    set(&*one, "a", "g", 2).await;
    some(&*one, "a", 1).await;
    let lose = async |number| -> Leased {
        let mut member = Member::open(&*one, Share { grace_ms: 1, ..share_of(number, "a", "g") }).await;
        member.one().await
    };
    // The first loss is none: it is tried again.
    let first = lose(3).await;
    let second = lose(1).await;
    assert_eq!((second.seq, second.attempt), (first.seq, 2));
    let died = live.one().await;
    let silent =
        ResultView { word: None, end: Some(End::Lost), ..result_of(1, &second, 1, Word::Done, State::Dead) };
    assert_eq!(timeless([died]), [silent]);
    // What comes late is told all the same, and counts.
    let late = Told { answer: Answer::text("after all"), ..told(&second.lease, Word::Failed) };
    assert_eq!(tell(&*one, late).await, (Verdict::Ok, true));
    // Nobody holds it any more: it is said who tells.
    let late = Told {
        answer: Answer::text("after all"),
        client: Some(client(7)),
        ..told(&second.lease, Word::Done)
    };
    assert_eq!(tell(&*one, late).await, (Verdict::Ok, true));
    let wanted = ResultView {
        late: true,
        answer: Answer::text("after all"),
        ..result_of(2, &second, 7, Word::Done, State::Done)
    };
    assert_eq!(timeless([live.one().await]), [wanted], "a late failure changes nothing, done does");

    // Held for too long.
    set(&*one, "b", "g", 1).await;
    some(&*one, "b", 1).await;
    let mut member = Member::open(&*one, Share { max_hold_ms: 1000, ..share_of(2, "b", "g") }).await;
    let held = member.one().await;
    let overheld = ResultView {
        word: None,
        end: Some(End::Overheld),
        ..result_of(3, &held, 2, Word::Done, State::Dead)
    };
    assert_eq!(timeless([live.one().await]), [overheld]);
    live.expect_quiet(&*one).await;
    let before = everything(&*one, "b").await;
    assert_eq!(timeless(all(&*other).await).len(), 3);
    assert_eq!(everything(&*one, "b").await, before);
}

pub(in super::super::super) async fn a_cancelled_task_has_one_record_for_all_groups(
    mut fixture: impl Fixture,
) {
    let (one, other) = fixture.handles();
    let own_id = NewTask { id: own("deploy"), ..task("a", "y") };
    let seqs = submit(&*one, vec![task("a", "x"), own_id, task("a", "z")]).await;
    let mut live = Listener::open(&*other, log(Start::First)).await;
    let mut first = Member::open(&*one, share_of(1, "a", "g")).await;
    let mut beside = Member::open(&*other, share_of(2, "a", "h")).await;
    let held = first.one().await;
    let theirs = beside.one().await;
    settle(&*one, &theirs, Word::Done, "done here").await;
    let ids = [seqs[0].to_string(), "deploy".to_owned(), seqs[1].to_string()];
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(cancel(&*one, &ids).await, [Verdict::Ok, Verdict::Ok, Verdict::Duplicate]);
    assert_eq!(cancel(&*other, &ids[..2]).await, [Verdict::Duplicate; 2]);
    assert_eq!(say(&*one, &held.lease, Word::Done).await, Verdict::Conflict);
    let last = first.one().await;
    settle(&*one, &last, Word::Done, "").await;
    let seen = live.take(4).await;
    assert!(seen.iter().map(|result| result.n).eq(1..=4), "{seen:?}");
    assert_eq!(seen[0].group, Some(named("h")));
    for (cancelled, (id, seq)) in seen[1..3].iter().zip([(ids[0], seqs[0]), ("deploy", seqs[1])]) {
        assert_eq!((cancelled.id.as_str(), cancelled.seq), (id, seq));
        assert_eq!((cancelled.group.clone(), cancelled.client.clone(), cancelled.word), (None, None, None));
        assert_eq!((cancelled.state, cancelled.queue.clone()), (State::Cancelled, queue("a")));
        assert_eq!((cancelled.late, &cancelled.answer), (false, &Answer::default()));
    }
    assert_eq!((seen[3].seq, seen[3].word), (seqs[2], Some(Word::Done)));
    live.expect_quiet(&*one).await;
    drop((first, beside));
    fixture.close().await;
    fixture.open().await;
    let (one, other) = fixture.handles();
    assert_eq!(cancel(&*one, &ids[..2]).await, [Verdict::Duplicate; 2]);
    assert_eq!(all(&*other).await, seen);
}

pub(in super::super::super) async fn a_result_of_an_own_group_is_one_like_any_other(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let seqs = some(&*one, "a", 2).await;
    let mut member = Member::open(&*other, own_share(1, "a")).await;
    let held = member.one().await;
    settle(&*one, &held, Word::Done, "ok").await;
    let wanted = ResultView { answer: Answer::text("ok"), ..result_of(1, &held, 1, Word::Done, State::Done) };
    assert_eq!(wanted.group, Some(named("@w1")));
    assert_eq!(timeless(all(&*one).await), std::slice::from_ref(&wanted));
    // What the group has settled is told already.
    assert_eq!(note(&*one, &seqs[0].to_string(), Word::Done, 1, "again").await, Verdict::Noted);
    assert_eq!(timeless(all(&*other).await), [wanted]);
}

pub(in super::super::super) async fn results_are_gone_with_their_purged_task(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let a = some_results(&*one, "a", 3).await;
    let b = some_results(&*one, "b", 2).await;
    let c = some_results(&*one, "a", 2).await;
    in_time(other.purge(queue("a"), Some(a[2].seq))).await.unwrap();
    let mut left = results_of(4, &b);
    left.extend(results_of(6, &c));
    for _ in 0..2 {
        let (one, other) = fixture.handles();
        assert_eq!(timeless(all(&*one).await), left);
        assert_eq!(timeless(all(&*other).await), left);
        fixture.close().await;
        fixture.open().await;
    }
    let (one, other) = fixture.handles();
    for name in ["a", "b"] {
        in_time(one.purge(queue(name), None)).await.unwrap();
    }
    assert_eq!(all(&*other).await, []);
    fixture.close().await;
    fixture.open().await;
    // No number is given out again.
    let (one, other) = fixture.handles();
    let again = some_results(&*one, "a", 1).await;
    assert_eq!(timeless(all(&*other).await), results_of(8, &again));
}
