//! What is told of tasks, and the verdict on each.

use std::collections::HashSet;

use rand::RngExt;

use super::{
    super::{Fixture, in_time, queue, submit, task},
    LONG_MS, Member, counts, done, everything, group, id, in_state, named, say, seqs, share_of, some, stand,
    tell, tell_all, told, told_by_id,
};
use crate::server::engine::results::Answer;
use crate::server::engine::{
    Engine,
    groups::{Change, End, Share, State, Told, Verdict, Word},
};

const WORDS: [Word; 4] = [Word::Done, Word::Failed, Word::Released, Word::Rejected];

/// Sets how a group deals with failures.
async fn set(engine: &dyn Engine, max_failures: u32, backoff_ms: u64) {
    let change = Change {
        max_failures: Some(max_failures),
        backoff_ms: Some(backoff_ms),
        backoff_max_ms: Some(LONG_MS),
        ..Change::default()
    };
    in_time(engine.set_group(queue("a"), named("g"), change)).await.unwrap();
}

pub(in super::super::super) async fn any_process_with_the_token_settles(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let all = some(&*one, "a", 4).await;
    let mut member = Member::open(&*one, Share { max_in_flight: 4, ..share_of(1, "a", "g") }).await;
    let held = member.take(4).await;
    assert_eq!(held.iter().map(|l| &l.lease).collect::<HashSet<_>>().len(), 4);
    assert!(held.iter().all(|l| l.lease.starts_with('L')));
    // Several at once, each seeing the one before, in order.
    let words = [(0, Word::Working), (0, Word::Received), (0, Word::Done), (0, Word::Done), (1, Word::Done)];
    let told_at_once = words.map(|(n, word)| told(&held[n].lease, word));
    let judged = tell_all(&*other, told_at_once.into()).await;
    let verdicts: Vec<(Verdict, u64)> = judged.iter().map(|j| (j.verdict, j.seq)).collect();
    assert_eq!(
        verdicts,
        [
            (Verdict::Ok, all[0]),
            (Verdict::Ok, all[0]),
            (Verdict::Ok, all[0]),
            (Verdict::Duplicate, all[0]),
            (Verdict::Ok, all[1]),
        ]
    );
    // The watch may be over, the process may never have been heard of.
    drop(member);
    let from = Told { client: Some(super::client(77)), ..told(&held[2].lease, Word::Done) };
    assert_eq!(tell(&*other, from).await, (Verdict::Ok, false));
    done(&*one, &held[3]).await;
    assert_eq!(group(&*other, "a", "g").await.done, 4);
    assert_eq!(tell_all(&*one, Vec::new()).await, []);
}

/// The table of verdicts for attempts that were ended by a word, while there is no other end.
fn of_ended(by: Word, word: Word) -> Verdict {
    match word {
        word if word == by => Verdict::Duplicate,
        _ => Verdict::Conflict,
    }
}

pub(in super::super::super) async fn what_is_handed_over_first_is_judged_first(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    some(&*one, "q", 20).await;
    let mut member = Member::open(&*one, Share { max_in_flight: 20, ..share_of(1, "q", "g") }).await;
    for leased in member.take(20).await {
        let word = |word| vec![told(&leased.lease, word)];
        // Whoever does not wait for its verdict has told it all the same.
        drop(in_time(other.tell_ahead(word(Word::Released))).await.unwrap());
        let long = Told { answer: Answer::text("x".repeat(1 << 20)), ..told(&leased.lease, Word::Released) };
        let second = in_time(other.tell_ahead(vec![long])).await.unwrap();
        let third = in_time(other.tell_ahead(word(Word::Done))).await.unwrap();
        let verdicts = [in_time(third).await, in_time(second).await].map(|judged| judged.unwrap()[0].verdict);
        assert_eq!(verdicts, [Verdict::Conflict, Verdict::Duplicate]);
    }
}

pub(in super::super::super) async fn attempts_that_a_word_ended_are_remembered(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let mut member = Member::open(&*other, share_of(1, "a", "g")).await;
    set(&*one, 0, 1).await;
    let mut ended = Vec::new();
    for last in [Word::Done, Word::Rejected] {
        some(&*one, "a", 1).await;
        for (n, by) in [Word::Failed, Word::Released, Word::Failed, last].into_iter().enumerate() {
            let leased = member.one().await;
            assert_eq!(leased.attempt, n as u32 + 1);
            assert_eq!(say(&*one, &leased.lease, by).await, Verdict::Ok);
            ended.push((leased, by));
        }
    }
    // Others, so that these are long past.
    some(&*one, "a", 30).await;
    for _ in 0..30 {
        let leased = member.one().await;
        done(&*other, &leased).await;
    }
    drop(member);
    for _ in 0..3 {
        let (one, other) = fixture.handles();
        let before = everything(&*one, "a").await;
        for (leased, by) in &ended {
            for word in WORDS.into_iter().chain([Word::Working, Word::Received]) {
                let verdict = say(&*other, &leased.lease, word).await;
                assert_eq!(verdict, of_ended(*by, word), "attempt {} by {by:?}: {word:?}", leased.attempt);
            }
        }
        assert_eq!(everything(&*other, "a").await, before);
        let first = ended[0].0.seq.to_string();
        let seen = stand(&*one, &first, "g").await.task;
        assert_eq!((seen.state, seen.attempt), (State::Done, 4));
        assert_eq!(seen.ends, [End::Failed, End::Released, End::Failed, End::Done]);
        let dead = stand(&*other, &ended[4].0.seq.to_string(), "g").await.task;
        assert_eq!((dead.state, dead.attempt, dead.failures), (State::Dead, 4, 2));
        assert_eq!(dead.ends, [End::Failed, End::Released, End::Failed, End::Rejected]);
        fixture.close().await;
        fixture.open().await;
    }
}

pub(in super::super::super) async fn each_word_does_what_it_says(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let all = some(&*one, "a", 5).await;
    let mut member = Member::open(&*other, Share { max_in_flight: 5, ..share_of(1, "a", "g") }).await;
    set(&*one, 5, LONG_MS).await;
    let held = member.take(5).await;
    let told_by = |n: usize, word, delay_ms| Told {
        delay_ms,
        answer: Answer::text(format!("{}|{word:?}", "数".repeat(100))),
        ..told(&held[n].lease, word)
    };
    for told in [
        told_by(0, Word::Done, None),
        told_by(1, Word::Failed, None),
        told_by(2, Word::Released, Some(LONG_MS)),
        told_by(3, Word::Rejected, None),
        told_by(4, Word::Released, None),
    ] {
        assert_eq!(tell(&*one, told).await, (Verdict::Ok, false));
    }
    let again = member.one().await;
    assert_eq!((again.seq, again.attempt), (all[4], 2));
    member.expect_quiet(&*one).await;
    assert_eq!(counts(&*one, "a", "g").await, [0, 1, 2, 1]);
    for (n, state, failures, end) in [
        (1, State::Waiting, 1, End::Failed),
        (2, State::Waiting, 0, End::Released),
        (3, State::Dead, 0, End::Rejected),
    ] {
        let seen = stand(&*other, &all[n].to_string(), "g").await.task;
        assert_eq!((seen.state, seen.failures, &seen.ends[..]), (state, failures, &[end][..]));
        // What is kept of a failure is cut between two letters; of a word that is no failure nothing is kept.
        let said = if end == End::Released { String::new() } else { "数".repeat(85) };
        assert_eq!(seen.said, said, "{n}");
        assert!(in_state(&*one, "a", "g", state).await.contains(&all[n]));
    }
    // A delay of its own goes before the back-off.
    let soon = Told { delay_ms: Some(1), ..told(&again.lease, Word::Failed) };
    assert_eq!(tell(&*one, soon).await.0, Verdict::Ok);
    let again = member.one().await;
    assert_eq!((again.seq, again.attempt), (all[4], 3));
    done(&*one, &again).await;
}

pub(in super::super::super) async fn failures_end_in_death_and_redriving_begins_anew(
    mut fixture: impl Fixture,
) {
    let (one, other) = fixture.handles();
    let all = some(&*one, "a", 4).await;
    let mut member = Member::open(&*other, Share { max_in_flight: 4, ..share_of(1, "a", "g") }).await;
    set(&*one, 3, 1).await;
    // The first is let go of as often as one likes: that does not count.
    let mut handed = 0;
    while counts(&*one, "a", "g").await[3] < 4 {
        let leased = member.one().await;
        handed += 1;
        if leased.seq == all[0] && leased.attempt <= 4 {
            assert_eq!(say(&*one, &leased.lease, Word::Released).await, Verdict::Ok);
        } else {
            let failed = Told {
                answer: Answer::text(format!("no {}", leased.attempt)),
                ..told(&leased.lease, Word::Failed)
            };
            assert_eq!(tell(&*other, failed).await, (Verdict::Ok, false));
        }
    }
    assert_eq!(handed, 4 * 3 + 4);
    member.expect_quiet(&*one).await;
    let dead = stand(&*one, &all[0].to_string(), "g").await;
    assert_eq!((dead.task.failures, dead.task.attempt, dead.max_failures), (3, 7, 3));
    assert_eq!(dead.task.said, "no 7");
    drop(member);
    fixture.close().await;
    fixture.open().await;
    let (one, other) = fixture.handles();
    let redrive = |ids: &[String], limit| {
        let ids = ids.iter().map(|text| id(text)).collect();
        in_time(one.redrive(queue("a"), named("g"), ids, limit))
    };
    assert_eq!(in_state(&*one, "a", "g", State::Dead).await, all);
    let mut member = Member::open(&*other, Share { max_in_flight: 4, ..share_of(1, "a", "g") }).await;
    let (judged, left) =
        redrive(&[all[2].to_string(), all[2].to_string(), "99".to_owned()], 100).await.unwrap();
    assert_eq!(left, 3);
    assert_eq!(
        judged.iter().map(|j| j.verdict).collect::<Vec<_>>(),
        [Verdict::Ok, Verdict::Conflict, Verdict::Unknown]
    );
    let leased = member.one().await;
    assert_eq!((leased.seq, leased.attempt), (all[2], 4), "attempts are counted on");
    assert_eq!(stand(&*one, &all[2].to_string(), "g").await.task.failures, 0);
    done(&*other, &leased).await;
    let (judged, left) = redrive(&[], 2).await.unwrap();
    assert_eq!((judged.len(), left), (2, 1), "the oldest");
    let both = member.take(2).await;
    assert_eq!(seqs(&both), all[..2]);
    let (judged, left) = redrive(&[], 100).await.unwrap();
    assert_eq!((judged[0].seq, judged.len(), left), (all[3], 1, 0));
    assert_eq!(member.one().await.seq, all[3]);
    let (judged, _) = redrive(&[all[3].to_string()], 100).await.unwrap();
    assert_eq!(judged[0].verdict, Verdict::Conflict);
    let nowhere = in_time(one.redrive(queue("a"), named("h"), Vec::new(), 1)).await;
    assert!(nowhere.is_err());
}

pub(in super::super::super) async fn a_token_that_is_not_ours_is_unknown(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    some(&*one, "a", 3).await;
    let mut member = Member::open(&*other, Share { max_in_flight: 3, ..share_of(1, "a", "g") }).await;
    let held = member.take(3).await;
    let before = everything(&*one, "a").await;
    let mut tokens: Vec<String> = vec![String::new(), "L".to_owned(), "1".to_owned(), "\u{0}".to_owned()];
    {
        let mut rng = rand::rng();
        for leased in &held {
            tokens.extend((0..leased.lease.len()).map(|end| leased.lease[..end].to_owned()));
            tokens.push(format!("{}A", leased.lease));
            tokens.push(leased.lease.to_lowercase());
        }
        while tokens.len() < 10_000 {
            let mut bent = held[rng.random_range(0..3)].lease.clone().into_bytes();
            for _ in 0..rng.random_range(1..4) {
                let place = rng.random_range(0..bent.len());
                bent[place] = rng.random_range(b'!'..=b'~');
            }
            tokens.push(String::from_utf8(bent).unwrap());
            tokens.push((0..rng.random_range(0..80)).map(|_| rng.random::<char>()).collect());
        }
    }
    tokens.retain(|token| held.iter().all(|leased| leased.lease != *token));
    for tokens in tokens.chunks(1000) {
        let told = tokens.iter().map(|token| told(token, Word::Done)).collect();
        let judged = tell_all(&*other, told).await;
        assert!(judged.iter().all(|j| j.verdict == Verdict::Unknown && !j.late));
    }
    // As leases that one still has they are no better.
    let have = tokens[..2000].to_vec();
    let mut again = Member::open(&*one, Share { have, max_in_flight: 3, ..share_of(1, "a", "g") }).await;
    assert_eq!(again.take(3).await, held);
    assert_eq!(everything(&*one, "a").await, before);
}

pub(in super::super::super) async fn a_stale_word_changes_nothing(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    some(&*one, "a", 2).await;
    let mut member = Member::open(&*other, share_of(1, "a", "g")).await;
    set(&*one, 5, 1).await;
    let first = member.one().await;
    // Its process goes away: with a grace of none its lease ends at once, and another gets the task.
    drop(member);
    let short = Share { grace_ms: 1, ..share_of(1, "a", "g") };
    let mut back = Member::open(&*one, Share { have: vec![first.lease.clone()], ..short }).await;
    back.expect_quiet(&*one).await;
    drop(back);
    let mut another = Member::open(&*other, share_of(2, "a", "g")).await;
    let mut second = another.one().await;
    while second.seq != first.seq {
        done(&*one, &second).await;
        second = another.one().await;
    }
    assert_eq!(second.attempt, 2);
    let before = everything(&*one, "a").await;
    for word in WORDS.into_iter().chain([Word::Working, Word::Received]) {
        let told = Told { answer: Answer::text("late"), delay_ms: Some(1), ..told(&first.lease, word) };
        assert_eq!(tell(&*other, told).await, (Verdict::Stale, false), "{word:?}");
        another.expect_quiet(&*one).await;
    }
    assert_eq!(everything(&*other, "a").await, before);
    done(&*one, &second).await;
    let before = everything(&*one, "a").await;
    for word in WORDS {
        assert_eq!(say(&*other, &first.lease, word).await, Verdict::Stale, "{word:?}");
    }
    assert_eq!(everything(&*other, "a").await, before);
}

pub(in super::super::super) async fn what_was_cancelled_since_is_a_conflict(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let all = some(&*one, "a", 4).await;
    let mut member = Member::open(&*other, Share { max_in_flight: 3, ..share_of(1, "a", "g") }).await;
    let held = member.take(3).await;
    done(&*one, &held[0]).await;
    let later = Told { delay_ms: Some(LONG_MS), ..told(&held[1].lease, Word::Failed) };
    assert_eq!(tell(&*one, later).await.0, Verdict::Ok);
    let ids = all.iter().map(|seq| id(&seq.to_string())).collect();
    let judged = in_time(one.cancel(ids)).await.unwrap();
    assert!(judged.iter().all(|j| j.verdict == Verdict::Ok), "{judged:?}");
    drop(member);
    for _ in 0..3 {
        let (one, other) = fixture.handles();
        let before = everything(&*one, "a").await;
        assert_eq!(say(&*other, &held[0].lease, Word::Done).await, Verdict::Duplicate);
        assert_eq!(say(&*other, &held[0].lease, Word::Failed).await, Verdict::Conflict);
        assert_eq!(say(&*other, &held[1].lease, Word::Failed).await, Verdict::Duplicate);
        for word in WORDS {
            assert_eq!(say(&*other, &held[2].lease, word).await, Verdict::Conflict, "{word:?}");
        }
        assert_eq!(everything(&*other, "a").await, before);
        assert_eq!(in_state(&*one, "a", "g", State::Cancelled).await, all[1..]);
        assert_eq!(in_state(&*one, "a", "g", State::Done).await, all[..1]);
        assert_eq!(counts(&*one, "a", "g").await, [0; 4]);
        fixture.close().await;
        fixture.open().await;
    }
}

pub(in super::super::super) async fn what_is_trimmed_is_unknown(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    some(&*one, "a", 3).await;
    let mut member = Member::open(&*other, Share { max_in_flight: 2, ..share_of(1, "a", "g") }).await;
    let held = member.take(2).await;
    done(&*one, &held[0]).await;
    assert_eq!(member.one().await.attempt, 1);
    fixture.outlive_all().await;
    for leased in &held {
        for word in WORDS {
            assert_eq!(say(&*other, &leased.lease, word).await, Verdict::Unknown);
        }
    }
    let noted = told_by_id(&held[1].id, Word::Done, Some(1));
    assert_eq!(tell(&*one, noted).await.0, Verdict::Unknown);
    // Two in hand, or one and one that was never looked at.
    let view = group(&*one, "a", "g").await;
    assert_eq!((view.trimmed_unsettled, view.leased, view.done), (2, 0, 1));
    // The hands are free again.
    let live = submit(&*one, vec![task("a", "x"), task("a", "y")]).await;
    assert_eq!(seqs(&member.take(2).await), live);
}
