//! Tasks that are named by their ids.

use super::{
    super::{
        Fixture,
        groups::{id, named, page, process, tasks_of, tell_all, told_by_id},
        in_time, own, queue, submit_any, task,
    },
    Stage, reach_of, state_of, within,
};
use crate::{
    name::TaskId,
    server::engine::{
        Accepted, Engine, Error, NewTask, Reach, Refused, RetryKey,
        contract::results::{Listener, of},
        groups::{Judged, TaskFilter, Verdict, Word},
    },
};

/// What no task is called.
const NEVER: [&str; 3] = ["never", "99999", "99d"];

const UNKNOWN: Judged = Judged { verdict: Verdict::Unknown, late: false, seq: 0 };

/// All that can be asked about a task by its id, but for what changes it.
async fn is_there(engine: &dyn Engine, text: &str) -> bool {
    let ids = || TaskFilter { queue: None, ids: vec![id(text)], ..tasks_of("mine") };
    let listed = page(engine, ids()).await;
    let of_group = page(engine, TaskFilter { group: Some(named("g")), ..ids() }).await;
    let explained = in_time(engine.explain(id(text))).await.unwrap();
    let roll = in_time(engine.call_roll(id(text), Vec::new())).await;
    let waiting = Listener::try_open(engine, of(&[text])).await.map(drop);
    let missing = Err(Error::NoTask(vec![id(text)]));
    if explained.is_some() {
        assert_eq!((listed.tasks.len(), listed.unknown), (1, vec![]), "{text}");
        assert_eq!((of_group.tasks.len(), of_group.unknown), (1, vec![]), "{text}");
        assert!(roll.is_ok(), "{text}: {roll:?}");
        assert_eq!(waiting, Ok(()), "{text}");
        return true;
    }
    assert_eq!((listed.tasks.len(), listed.unknown), (0, vec![id(text)]), "{text}");
    assert_eq!((of_group.tasks.len(), of_group.unknown), (0, vec![id(text)]), "{text}");
    assert_eq!(roll.map(drop), missing, "{text}");
    assert_eq!(waiting, missing, "{text}");
    false
}

async fn redrive(engine: &dyn Engine, texts: &[&str]) -> Vec<Judged> {
    let ids: Vec<TaskId> = texts.iter().map(|text| id(text)).collect();
    in_time(engine.redrive(queue("mine"), named("g"), ids, 0)).await.unwrap().0
}

pub(in super::super::super) async fn a_task_outside_is_no_task(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let mine = Stage::set(&fixture, &*one, "mine").await;
    let theirs = Stage::set(&fixture, &*other, "theirs").await;
    for _ in 0..2 {
        let (one, other) = fixture.handles();
        let before = state_of(&*one, "theirs").await;
        for bound in [within(&*one, "w1", &["mine"]), within(&*other, "w1", &["m*", "other"])] {
            for text in &mine.kept {
                assert!(is_there(&*bound, text).await, "{text}");
            }
            let outside: Vec<&str> = theirs.ids().map(String::as_str).chain(NEVER).collect();
            for text in outside.iter().copied().chain(mine.gone.iter().map(String::as_str)) {
                assert!(!is_there(&*bound, text).await, "{text}");
            }
            let ids: Vec<TaskId> = outside.iter().map(|text| id(text)).collect();
            assert_eq!(in_time(bound.cancel(ids)).await.unwrap(), vec![UNKNOWN; outside.len()]);
            for word in [Word::Done, Word::Failed, Word::Rejected, Word::Working, Word::Received] {
                for number in [None, Some(1), Some(2)] {
                    let told = outside.iter().map(|text| told_by_id(text, word, number)).collect();
                    assert_eq!(tell_all(&*bound, told).await, vec![UNKNOWN; outside.len()]);
                }
            }
            assert_eq!(redrive(&*bound, &outside).await, vec![UNKNOWN; outside.len()]);
            // The others are told of as ever.
            let asked = [mine.leased.as_str(), &theirs.leased, &theirs.delayed[0], "never"];
            let watched = Listener::try_open(&*bound, of(&asked)).await.err();
            assert_eq!(watched, Some(Error::NoTask(asked[1..].iter().map(|text| id(text)).collect())));
            let judged = redrive(&*bound, &[&mine.leased, &theirs.dead]).await;
            assert_eq!((judged[0].verdict, judged[1]), (Verdict::Conflict, UNKNOWN));
        }
        assert_eq!(state_of(&*other, "theirs").await, before);
        fixture.close().await;
        fixture.open().await;
    }
    let (one, other) = fixture.handles();
    for text in theirs.kept.iter().chain(&mine.kept) {
        for whole in [one.clone(), other.within(&Reach::default()), within(&*one, "w1", &["*"])] {
            assert!(is_there(&*whole, text).await, "{text}");
        }
    }
    let bound = within(&*other, "w1", &["mine"]);
    assert_eq!(redrive(&*bound, &[&mine.dead]).await[0].verdict, Verdict::Ok);
    let ids = || mine.kept.iter().map(|text| id(text)).collect::<Vec<_>>();
    let told = told_by_id(&mine.leased, Word::Done, Some(2));
    assert_eq!(tell_all(&*bound, vec![told]).await[0].verdict, Verdict::Noted);
    for (text, judged) in mine.kept.iter().zip(in_time(bound.cancel(ids())).await.unwrap()) {
        // One stands in the list under both of its names.
        let was = [&mine.cancelled, "named-mine"].contains(&text.as_str());
        assert_eq!(judged.verdict, if was { Verdict::Duplicate } else { Verdict::Ok }, "{text}");
    }
}

pub(in super::super::super) async fn a_task_outside_is_none_from_the_moment_it_comes(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let bound = within(&*other, "w1", &["mine"]);
    for round in 0..20 {
        let text = |kind: &str, name: &str| format!("{kind}{round}-{name}");
        let tasks = |name: &str| {
            let new =
                |kind: &str, delay_ms| NewTask { id: own(&text(kind, name)), delay_ms, ..task(name, "x") };
            vec![new("now", 0), new("later", 60_000)]
        };
        // While the writer has this in hand the rest gathers, and becomes one batch.
        let first = in_time(one.submit((0..200).map(|n| task("other", format!("{n}"))).collect())).await;
        let theirs = in_time(one.submit(tasks("theirs"))).await.unwrap();
        let mine = in_time(bound.submit(tasks("mine"))).await.unwrap();
        let again = tasks("theirs").into_iter().map(|task| NewTask { queue: queue("mine"), ..task });
        let again = in_time(bound.submit(again.collect())).await.unwrap();
        let ids = |name: &str| [text("now", name), text("later", name)];
        let told = |name: &str| ids(name).map(|text| told_by_id(&text, Word::Done, Some(1))).to_vec();
        let named = |name: &str| ids(name).map(|text| id(&text)).to_vec();
        let (told_theirs, told_mine, cancelled_theirs, cancelled_mine) = in_time(async {
            tokio::join!(
                bound.tell(told("theirs")),
                bound.tell(told("mine")),
                bound.cancel(named("theirs")),
                bound.cancel(named("mine"))
            )
        })
        .await;
        assert_eq!(told_theirs, Ok(vec![UNKNOWN; 2]));
        assert_eq!(cancelled_theirs, Ok(vec![UNKNOWN; 2]));
        for (judged, verdict) in [(told_mine, Verdict::Noted), (cancelled_mine, Verdict::Ok)] {
            assert_eq!(judged.unwrap().iter().map(|j| j.verdict).collect::<Vec<_>>(), [verdict; 2]);
        }
        assert!(in_time(first.unwrap()).await.is_ok());
        for answers in [theirs, mine] {
            assert!(in_time(answers).await.unwrap().iter().all(Result::is_ok));
        }
        let taken = |kind: &str| Err(Refused::IdTaken { id: text(kind, "theirs"), seq: 0 });
        assert_eq!(in_time(again).await.unwrap(), [taken("now"), taken("later")]);
    }
}

pub(in super::super::super) async fn an_id_that_is_taken_outside_says_no_more(mut fixture: impl Fixture) {
    let (one, _) = fixture.handles();
    let with_id = |id: &str, name: &str, text: &str| NewTask { id: own(id), ..task(name, text) };
    let all = vec![with_id("a", "theirs", "x"), with_id("b", "mine", "x")];
    let seqs: Vec<u64> = submit_any(&*one, all).await.into_iter().map(|taken| taken.unwrap().seq).collect();
    for _ in 0..2 {
        let (one, other) = fixture.handles();
        let bound = within(&*other, "w1", &["mine"]);
        let refused = |id: &str, seq| Err(Refused::IdTaken { id: id.to_owned(), seq });
        let asked = vec![with_id("a", "mine", "x"), with_id("b", "mine", "y"), with_id("b", "mine", "x")];
        let known = Accepted { seq: seqs[1], delayed: None, duplicate: true };
        let answers = submit_any(&*bound, asked).await;
        assert_eq!(answers, [refused("a", 0), refused("b", seqs[1]), Ok(known)]);
        let whole = submit_any(&*one, vec![with_id("a", "mine", "x")]).await;
        assert_eq!(whole, [refused("a", seqs[0])]);
        fixture.close().await;
        fixture.open().await;
    }
    // A resend is one task within a reach as well.
    let (one, other) = fixture.handles();
    let key = Some(RetryKey { instance: process(1), n: 1 });
    let again = || vec![NewTask { retry_key: key, ..task("mine", "once") }];
    let first = submit_any(&*one.within(&reach_of("w1", &["mine"])), again()).await;
    assert_eq!(submit_any(&*within(&*other, "w1", &["mine"]), again()).await, first);
}
