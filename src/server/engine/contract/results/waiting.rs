//! Watches of named tasks: what has been told of them and what is told, until nothing more can come.

use futures_util::future::join_all;

use super::{
    super::{
        Fixture,
        groups::{Member, client, done, id, named, say, share_of, some, tell_all, told},
        in_time, own, queue, submit, submit_any, task,
    },
    Listener, all, cancel, note, of, result_of, set, settle, some_results, timeless,
};
use crate::server::engine::{
    Engine, Error, NewTask,
    groups::{Share, State, Verdict, Word},
    results::{Answer, ResultView},
};

pub(in super::super::super) async fn who_waits_for_a_task_is_told_all_of_it_and_nothing_else(
    mut fixture: impl Fixture,
) {
    let (one, other) = fixture.handles();
    set(&*one, "a", "g", 9).await;
    let own_id = NewTask { id: own("deploy"), ..task("a", "y") };
    let seqs = submit(&*one, vec![task("a", "x"), own_id, task("a", "z")]).await;
    let names = [seqs[0].to_string(), "deploy".to_owned(), seqs[2].to_string()];
    let before = Listener::open(&*other, of(&names[..1])).await;
    assert_eq!((before.start, before.until), (0, None));
    let mut member = Member::open(&*one, Share { max_in_flight: 3, ..share_of(1, "a", "g") }).await;
    let mut beside = Member::open(&*one, Share { max_in_flight: 3, ..share_of(2, "a", "h") }).await;
    let mut held = member.take(3).await;
    let theirs = beside.take(3).await;
    // Tried again and again, and then done, while others are.
    settle(&*one, &held[0], Word::Failed, "no").await;
    held[0] = member.one().await;
    settle(&*other, &held[1], Word::Released, "not me").await;
    held[1] = member.one().await;
    let between = Listener::open(&*other, of(&names[..2])).await;
    tell_all(&*one, theirs.iter().map(|held| told(&held.lease, Word::Done)).collect()).await;
    settle(&*one, &held[0], Word::Done, "yes").await;
    assert_eq!(note(&*other, "deploy", Word::Done, 3, "by its id").await, Verdict::Noted);
    settle(&*one, &held[2], Word::Rejected, "never").await;
    settle(&*one, &held[1], Word::Done, "yes").await;
    let by_seq = [seqs[1].to_string()];
    let kept = all(&*one).await;
    assert_eq!(kept.len(), 9);
    let of_names = |names: &[String]| -> Vec<ResultView> {
        kept.iter().filter(|result| names.contains(&result.id)).cloned().collect()
    };
    assert_eq!(
        of_names(&names[..1]).iter().map(|r| r.state).collect::<Vec<_>>(),
        [State::Waiting, State::Done, State::Done]
    );
    let after = Listener::open(&*other, of(&names)).await;
    let rejected = Listener::open(&*one, of(&names[2..])).await;
    let of_its_seq = Listener::open(&*one, of(&by_seq)).await;
    for (mut watch, names) in [
        (before, &names[..1]),
        (between, &names[..2]),
        (after, &names[..]),
        (rejected, &names[2..]),
        // Whatever it is called by, it is told by its own name.
        (of_its_seq, &names[1..2]),
    ] {
        let wanted = of_names(names);
        let mut seen = watch.take(wanted.len()).await;
        // Each comes in order; of several nothing more is promised.
        seen.sort_by_key(|result| result.n);
        assert_eq!(seen, wanted);
        // Another group may yet do it, and a dead one may be redriven.
        watch.expect_quiet(&*one).await;
    }
    drop((member, beside));
    fixture.close().await;
    fixture.open().await;
    let (one, other) = fixture.handles();
    for n in 0..3 {
        let mut watch = Listener::open(&*other, of(&names[n..n + 1])).await;
        let wanted = of_names(&names[n..n + 1]);
        assert_eq!(watch.take(wanted.len()).await, wanted);
        watch.expect_quiet(&*one).await;
    }
    // What is called twice is told once.
    let mut twice = Listener::open(&*other, of(&["deploy", &by_seq[0], "deploy"])).await;
    let wanted = of_names(&names[1..2]);
    assert_eq!(twice.take(wanted.len()).await, wanted);
    twice.expect_quiet(&*one).await;
}

pub(in super::super::super) async fn who_waits_for_a_delayed_task_is_told_once_it_is_done(
    mut fixture: impl Fixture,
) {
    let (one, _) = fixture.handles();
    let delayed = |ms| NewTask { delay_ms: ms, ..task("a", "later") };
    let answers = submit_any(
        &*one,
        vec![
            NewTask { id: own("deploy"), ..delayed(100) },
            delayed(100),
            NewTask { id: own("never"), ..delayed(900) },
            delayed(900),
        ],
    )
    .await;
    let names = answers.iter().map(|answer| format!("{}d", answer.as_ref().unwrap().delayed.unwrap().0));
    let names: Vec<String> = names.collect();
    let names = ["deploy", &names[1], "never", &names[3]];
    fixture.close().await;
    fixture.open().await;
    let (one, other) = fixture.handles();
    let mut watches = Vec::new();
    for name in names {
        watches.push(Listener::open(&*other, of(&[name])).await);
    }
    for watch in &mut watches {
        watch.expect_quiet(&*one).await;
    }
    // Two are cancelled before their time.
    assert_eq!(cancel(&*one, &names[2..]).await, [Verdict::Ok; 2]);
    for (mut watch, name) in watches.split_off(2).into_iter().zip(&names[2..]) {
        let seen = watch.rest().await.unwrap();
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!((seen[0].id.as_str(), seen[0].seq), (*name, 0));
        assert_eq!((seen[0].state, seen[0].word, seen[0].group.clone()), (State::Cancelled, None, None));
    }
    let mut member = Member::open(&*one, Share { max_in_flight: 2, ..share_of(1, "a", "g") }).await;
    fixture.pass(101).await;
    for held in member.take(2).await {
        settle(&*one, &held, Word::Done, &held.id).await;
    }
    for (mut watch, name) in watches.into_iter().zip(names) {
        let seen = watch.one().await;
        assert_eq!((seen.id.as_str(), seen.answer), (name, Answer::text(name)));
        assert!(seen.seq > 0 && seen.state == State::Done);
        watch.expect_quiet(&*one).await;
        let mut again = Listener::open(&*other, of(&[name])).await;
        assert_eq!(again.one().await.id, name);
    }
}

pub(in super::super::super) async fn waiting_ends_once_a_task_has_ended_for_all(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let expiring = NewTask { expires_ms: Some(100), ..task("a", "in time") };
    let seqs = submit(&*one, vec![task("a", "x"), expiring, task("a", "y"), task("b", "z")]).await;
    let names: Vec<String> = seqs.iter().map(u64::to_string).collect();
    let mut member = Member::open(&*one, Share { max_in_flight: 9, ..share_of(1, "a", "g") }).await;
    let held = member.take(3).await;
    for held in &held {
        done(&*one, held).await;
    }
    let mut watches = Vec::new();
    for name in &names {
        watches.push(Listener::open(&*other, of(std::slice::from_ref(name))).await);
    }
    let mut of_all = Listener::open(&*other, of(&names)).await;
    for (watch, held) in watches.iter_mut().zip(&held) {
        let seen = watch.one().await;
        assert_eq!((&seen.id, seen.state), (&held.id, State::Done));
        watch.expect_quiet(&*one).await;
    }
    assert_eq!(of_all.take(3).await.len(), 3);

    // Cancelled; past its time, though nobody looks at it; purged with its queue.
    assert_eq!(cancel(&*one, &[&names[0]]).await, [Verdict::Ok]);
    let cancelled = watches.remove(0).rest().await.unwrap();
    assert_eq!(cancelled.iter().map(|result| result.state).collect::<Vec<_>>(), [State::Cancelled]);
    fixture.pass(101).await;
    let expired = watches.remove(0).rest().await.unwrap();
    in_time(one.purge(queue("a"), None)).await.unwrap();
    let purged = watches.remove(0).rest().await.unwrap();
    for (seen, (name, state)) in
        [expired, purged].iter().zip([(&names[1], State::Expired), (&names[2], State::Gone)])
    {
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!((seen[0].n, &seen[0].id, seen[0].state), (0, name, state), "it stands in no log");
        assert_eq!((seen[0].word, seen[0].group.clone(), seen[0].queue.clone()), (None, None, queue("a")));
    }
    // Of several it ends with the last, and each is said.
    of_all.expect_ended_all_but(&*one, &names[..3]).await;
    assert_eq!(cancel(&*one, &[&names[3]]).await, [Verdict::Ok]);
    let last = of_all.rest().await.unwrap();
    assert_eq!(last.iter().map(|r| (&r.id, r.state)).collect::<Vec<_>>(), [(&names[3], State::Cancelled)]);

    // Whoever asks later is answered at once, also after a restart.
    for _ in 0..2 {
        let (_, other) = fixture.handles();
        let seen = Listener::open(&*other, of(&names[3..])).await.rest().await.unwrap();
        assert_eq!(seen.iter().map(|r| r.state).collect::<Vec<_>>(), [State::Cancelled]);
        let unknown = Listener::try_open(&*other, of(&names)).await.err();
        assert_eq!(unknown, Some(Error::NoTask(names[..3].iter().map(|name| id(name)).collect())));
        fixture.close().await;
        fixture.open().await;
    }
}

impl Listener {
    /// What comes now says of each of these tasks that it has ended, and the watch goes on.
    async fn expect_ended_all_but(&mut self, engine: &dyn Engine, names: &[String]) {
        let mut ended: Vec<String> = self.take(names.len()).await.into_iter().map(|r| r.id).collect();
        ended.sort();
        assert_eq!(ended, names);
        self.expect_quiet(engine).await;
    }
}

pub(in super::super::super) async fn a_task_that_had_expired_unseen_is_waited_for_no_longer(
    mut fixture: impl Fixture,
) {
    let (one, other) = fixture.handles();
    let expiring = NewTask { expires_ms: Some(100), id: own("deploy"), ..task("a", "in time") };
    submit(&*one, vec![expiring]).await;
    let mut before = Listener::open(&*other, of(&["deploy"])).await;
    before.expect_quiet(&*one).await;
    fixture.pass(101).await;
    for round in 0..3 {
        let (one, other) = fixture.handles();
        let seen = Listener::open(&*other, of(&["deploy"])).await.rest().await.unwrap();
        assert_eq!(seen.iter().map(|r| (r.n, r.state)).collect::<Vec<_>>(), [(0, State::Expired)]);
        if round == 0 {
            assert_eq!(before.rest().await.unwrap().len(), 1);
        }
        assert_eq!(all(&*one).await, [], "it stands in no log");
        fixture.close().await;
        fixture.open().await;
    }
}

pub(in super::super::super) async fn waiting_for_what_is_no_task_is_refused_by_its_names(
    mut fixture: impl Fixture,
) {
    let (one, _) = fixture.handles();
    let own_id = NewTask { id: own("deploy"), ..task("a", "y") };
    let seqs = submit(&*one, vec![task("a", "x"), own_id]).await;
    let first = seqs[0].to_string();
    for _ in 0..2 {
        let (one, other) = fixture.handles();
        let unknown = [
            (vec!["99"], vec!["99"]),
            (vec![first.as_str(), "nobody", "deploy", "7d", "Deploy"], vec!["nobody", "7d", "Deploy"]),
            (vec!["18446744073709551615", &first], vec!["18446744073709551615"]),
        ];
        for (asked, unknown) in unknown {
            let refused = Listener::try_open(&*other, of(&asked)).await.err();
            assert_eq!(refused, Some(Error::NoTask(unknown.into_iter().map(id).collect())));
        }
        let mut known = Listener::open(&*other, of(&["deploy", &first])).await;
        known.expect_quiet(&*one).await;
        drop(known);
        fixture.close().await;
        fixture.open().await;
    }
    fixture.outlive_all().await;
    let (_, other) = fixture.handles();
    let refused = Listener::try_open(&*other, of(&["deploy", &first])).await.err();
    assert_eq!(refused, Some(Error::NoTask(vec![id("deploy"), id(&first)])));
}

pub(in super::super::super) async fn a_thousand_wait_for_a_task_each(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let seqs = some(&*one, "a", 1000).await;
    let names: Vec<String> = seqs.iter().map(u64::to_string).collect();
    let mut watches = Vec::new();
    for (n, name) in names.iter().enumerate() {
        let handle = if n % 2 == 0 { &one } else { &other };
        watches.push(Listener::open(&**handle, of(std::slice::from_ref(name))).await);
    }
    let mut member = Member::open(&*one, Share { max_in_flight: 1000, ..share_of(1, "a", "g") }).await;
    let held = member.take(1000).await;
    // From the last to the first, and some of them not at all.
    for held in held.iter().rev().filter(|held| held.seq % 7 != 0) {
        settle(&*other, held, Word::Done, &held.id).await;
    }
    let told = join_all(watches.iter_mut().zip(&held).map(async |(watch, held)| {
        if held.seq % 7 == 0 {
            return 0;
        }
        let seen = watch.one().await;
        let wanted = ResultView {
            answer: Answer::text(held.id.clone()),
            ..result_of(seen.n, held, 1, Word::Done, State::Done)
        };
        assert_eq!(timeless([seen]), [wanted]);
        1
    }));
    let told: usize = in_time(told).await.into_iter().sum();
    assert!(told > 800, "{told}");
    for watch in &mut watches {
        watch.expect_quiet(&*one).await;
    }
    // The end of all of them is told to all of them.
    in_time(one.purge(queue("a"), None)).await.unwrap();
    for ended in in_time(join_all(watches.iter_mut().map(Listener::rest))).await {
        let ended = ended.unwrap();
        assert_eq!(ended.iter().map(|r| (r.n, r.state)).collect::<Vec<_>>(), [(0, State::Gone)]);
    }
}

pub(in super::super::super) async fn who_waits_while_a_task_is_settled_is_told_once(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    some_results(&*one, "b", 1).await;
    for round in 0..50 {
        let name = some(&*one, "a", 1).await[0].to_string();
        let mut member = Member::open(&*one, share_of(1, "a", "g")).await;
        let held = member.one().await;
        let settling = async {
            for _ in 0..round % 5 {
                tokio::task::yield_now().await;
            }
            say(&*one, &held.lease, Word::Done).await
        };
        let waiting = join_all((0..8).map(async |n| {
            for _ in 0..n {
                tokio::task::yield_now().await;
            }
            let mut watch = Listener::open(&*other, of(std::slice::from_ref(&name))).await;
            (watch.one().await, watch)
        }));
        let (verdict, waiting) = tokio::join!(settling, waiting);
        assert_eq!(verdict, Verdict::Ok);
        for (seen, mut watch) in waiting {
            let wanted = result_of(round + 2, &held, 1, Word::Done, State::Done);
            assert_eq!((seen.client.clone(), seen.group.clone()), (Some(client(1)), Some(named("g"))));
            assert_eq!(timeless([seen]), [wanted]);
            watch.expect_quiet(&*one).await;
        }
    }
}
