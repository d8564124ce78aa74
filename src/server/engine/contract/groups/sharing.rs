//! Who gets which task.

use std::collections::BTreeSet;

use futures_util::{
    FutureExt, StreamExt,
    future::{join_all, select_all},
    stream,
};

use super::{
    super::{Fixture, Reader, Whole, fill, in_time, key, own, queue, submit, submit_any, task, watch_of},
    Ear, LONG_MS, Member, client, counts, done, group, groups_of, id, in_state, named, page, process, say,
    seqs, share_from, share_of, some, stand, tasks_of, tell, told, told_by_id,
};
use crate::server::engine::contract::groups::who;
use crate::server::engine::presence::Who;
use crate::server::engine::{
    Accepted, Error, NewTask, Refused, Start, Watch,
    groups::{Change, QueueFilter, Share, State, TaskFilter, Told, Verdict, What, Why, Word},
};

pub(in super::super::super) async fn each_task_goes_to_one_member_in_order(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let mut all = some(&*one, "a", 40).await;
    let members = join_all((1..=4).map(|n| Member::open(&*other, share_of(n, "a", "g")))).await;
    let handed = members.into_iter().enumerate().map(|(n, member)| {
        stream::unfold(member, move |mut member| async move { Some(((n, member.one().await), member)) })
            .boxed()
    });
    let work = stream::select_all(handed).take(80).then(|(n, leased)| {
        let engine = if n % 2 == 0 { &one } else { &other };
        async move {
            assert_eq!((leased.queue.as_str(), leased.group.as_str(), leased.attempt), ("a", "g", 1));
            done(&**engine, &leased).await;
            (n, leased.seq)
        }
    });
    let submits = async {
        let mut later: Vec<u64> = Vec::new();
        for _ in 0..20 {
            let tasks = vec![task("b", "x"), task("a", "x"), task("a", "y")];
            later.extend(&submit(&*one, tasks).await[1..]);
        }
        later
    };
    let (got, later) = tokio::join!(work.collect::<Vec<(usize, u64)>>(), submits);
    let got: Vec<Vec<u64>> =
        (0..4).map(|n| got.iter().filter(|(m, _)| *m == n).map(|(_, seq)| *seq).collect()).collect();
    all.extend(later);
    assert!(got.iter().all(|seqs| seqs.is_sorted()));
    let mut got = got.concat();
    got.sort_unstable();
    assert_eq!(got, all, "each once");
    assert_eq!(counts(&*one, "a", "g").await, [0; 4]);
    assert_eq!(group(&*other, "a", "g").await.done, 80);
}

pub(in super::super::super) async fn queues_come_in_the_order_named(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let fill = vec![task("default", "d1"), task("urgent", "u1"), task("default", "d2"), task("urgent", "u2")];
    let all = submit(&*one, fill).await;
    let named = [("urgent", Start::First), ("default", Start::First), ("never", Start::First)];
    let mut member = Member::open(&*other, share_from(1, &named, "g")).await;
    assert_eq!(member.is_new, [true; 3]);
    for seq in [all[1], all[3], all[0]] {
        let leased = member.one().await;
        assert_eq!(leased.seq, seq);
        done(&*one, &leased).await;
    }
    let last = member.one().await;
    assert_eq!(last.seq, all[2]);
    // What comes while it is busy comes in that order, too.
    let more = submit(&*one, vec![task("default", "d3"), task("never", "n1"), task("urgent", "u3")]).await;
    done(&*other, &last).await;
    for seq in [more[2], more[0], more[1]] {
        let leased = member.one().await;
        assert_eq!(leased.seq, seq);
        done(&*one, &leased).await;
    }
}

pub(in super::super::super) async fn a_member_holds_no_more_than_it_asked_for(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let all = some(&*one, "a", 8).await;
    let mut member = Member::open(&*other, Share { max_in_flight: 3, ..share_of(1, "a", "g") }).await;
    let held = member.take(3).await;
    assert_eq!(seqs(&held), all[..3]);
    member.expect_quiet(&*other).await;
    assert_eq!(counts(&*one, "a", "g").await, [5, 3, 0, 0]);
    done(&*one, &held[1]).await;
    assert_eq!(member.one().await.seq, all[3]);
    member.expect_quiet(&*other).await;
    // One that waits holds no credit.
    let later = Told { delay_ms: Some(LONG_MS), ..told(&held[0].lease, Word::Failed) };
    assert_eq!(tell(&*other, later).await.0, Verdict::Ok);
    assert_eq!(member.one().await.seq, all[4]);
    member.expect_quiet(&*one).await;
    assert_eq!(counts(&*one, "a", "g").await, [3, 3, 1, 0]);
    // Two watches of one process have a credit each.
    let mut beside = Member::open(&*one, share_of(1, "a", "h")).await;
    assert_eq!(beside.one().await.seq, all[0]);
}

pub(in super::super::super) async fn a_new_group_begins_where_it_is_asked_to(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let mut all = fill(&*one, &["a", "b"], 20).await;
    fixture.pass(10).await;
    let later = fill(&*one, &["a", "b"], 20).await;
    let at_ms = later[0].at_ms;
    all.extend(later);
    let a: Vec<u64> = all.iter().filter(|t| t.queue == "a").map(|t| t.seq).collect();
    let many =
        |n: u8, start| Share { max_in_flight: 100, ..share_from(n, &[("a", start)], &format!("g{n}")) };
    for (n, start, first) in [
        (1, Start::First, a[0]),
        (2, Start::Seq(a[5]), a[5]),
        (3, Start::Seq(a[5] + 1), a[6]),
        (4, Start::Time(at_ms), a[10]),
        (5, Start::Time(0), a[0]),
    ] {
        let name = format!("g{n}");
        let mut member = Member::open(&*other, many(n, start)).await;
        assert_eq!(member.is_new, [true]);
        assert!(member.start[0] <= first, "{start:?}");
        let wanted: Vec<u64> = a.iter().copied().filter(|seq| *seq >= first).collect();
        assert_eq!(seqs(&member.take(wanted.len()).await), wanted, "{start:?}");
        member.expect_quiet(&*one).await;
        assert_eq!(counts(&*one, "a", &name).await, [0, wanted.len() as u64, 0, 0]);
        // It is there now, and goes on where it is.
        let again = Member::open(&*one, Share { who: who(100), ..many(n, Start::New) }).await;
        assert_eq!((again.is_new, again.start), (vec![false], vec![a[19] + 1]));
    }
    let next_seq = all[39].seq + 1;
    let mut members = Vec::new();
    for (n, start) in [(6, Start::New), (7, Start::Time(at_ms + 1)), (8, Start::Seq(next_seq))] {
        let name = format!("g{n}");
        let mut member = Member::open(&*other, many(n, start)).await;
        assert_eq!(member.start, [next_seq], "{start:?}");
        member.expect_quiet(&*one).await;
        assert_eq!(counts(&*one, "a", &name).await, [0; 4]);
        members.push(member);
    }
    fixture.pass(10).await;
    let live = fill(&*one, &["b", "a"], 2).await;
    for mut member in members {
        assert_eq!(member.one().await.seq, live[1].seq);
    }
    let refused = |start| Member::try_open(&*one, share_from(9, &[("b", Start::New), ("a", start)], "g9"));
    let next_seq = next_seq + 2;
    let asked = next_seq + 1;
    assert_eq!(
        refused(Start::Seq(asked)).await.err(),
        Some(Error::Future { queue: queue("a"), asked, next_seq })
    );
    // What was refused has made nothing.
    assert!(groups_of(&*other, "b").await.is_empty());
    fixture.outlive_all().await;
    assert!(matches!(refused(Start::Seq(1)).await.err(), Some(Error::Trimmed { asked: 1, .. })));
    let store = Share { store: Some("f00".to_owned()), ..share_of(9, "a", "g9") };
    assert!(matches!(Member::try_open(&*one, store).await.err(), Some(Error::OtherStore { .. })));
    assert!(groups_of(&*other, "b").await.is_empty());
}

pub(in super::super::super) async fn a_group_of_a_queue_that_does_not_exist_yet_waits(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    some(&*one, "b", 3).await;
    let mut members = Vec::new();
    for (n, start) in [(1, Start::First), (2, Start::New), (3, Start::Seq(4)), (4, Start::Time(0))] {
        let share = share_from(n, &[("a", start)], &format!("g{n}"));
        let mut member = Member::open(&*other, share).await;
        assert_eq!(member.is_new, [true]);
        member.expect_quiet(&*one).await;
        members.push(member);
    }
    assert_eq!(groups_of(&*one, "a").await.len(), 4);
    let filter = QueueFilter { queue: None, after: None, limit: 10 };
    let queues = in_time(one.queues(filter)).await.unwrap().items;
    assert_eq!((queues[0].queue.as_str(), queues[0].groups, queues[0].tasks), ("a", 4, 0));
    let live = some(&*one, "a", 2).await;
    for member in &mut members {
        let leased = member.one().await;
        assert_eq!(leased.seq, live[0]);
        done(&*one, &leased).await;
        assert_eq!(member.one().await.seq, live[1]);
    }
}

pub(in super::super::super) async fn groups_are_independent(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let all = some(&*one, "a", 5).await;
    let many = |n, group| Share { max_in_flight: 10, ..share_of(n, "a", group) };
    // Two that differ in case alone are two, and a queue of the same name has its own.
    let mut members = Vec::new();
    for (n, name) in [(1, "ci"), (2, "CI"), (3, "a")] {
        let mut member = Member::open(&*other, many(n, name)).await;
        assert_eq!(seqs(&member.take(5).await), all);
        members.push(member);
    }
    let mut elsewhere = Member::open(&*one, share_of(4, "b", "ci")).await;
    elsewhere.expect_quiet(&*one).await;
    let mut watch = Reader::open(&*one, "a", Start::First).await;
    assert_eq!(watch.take(5).await.len(), 5, "and whoever watches sees all");
    assert_eq!(
        groups_of(&*one, "a").await.iter().map(|g| g.group.as_str()).collect::<Vec<_>>(),
        ["CI", "a", "ci"]
    );
}

pub(in super::super::super) async fn a_task_wakes_one_of_a_thousand_members(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let opens = (0..1000u16).map(|n| {
        let mut share = share_of(0, "a", "g");
        share.who.instance[..2].copy_from_slice(&n.to_be_bytes());
        Member::open(&*other, share)
    });
    let mut members = join_all(opens).await;
    assert_eq!(group(&*one, "a", "g").await.members, 1000);
    for _ in 0..5 {
        let seq = some(&*one, "a", 1).await[0];
        let (leased, _, _) = select_all(members.iter_mut().map(|member| member.one().boxed())).await;
        assert_eq!(counts(&*other, "a", "g").await, [0, 1, 0, 0]);
        let more: Vec<_> = members.iter_mut().filter_map(|member| member.next().now_or_never()).collect();
        assert!(more.is_empty(), "{more:?}");
        assert_eq!(leased.seq, seq);
        done(&*one, &leased).await;
    }
}

pub(in super::super::super) async fn max_counts_what_is_handed_out(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let all = some(&*one, "a", 6).await;
    let share = Share { max: Some(3), max_in_flight: 2, ..share_of(1, "a", "g") };
    let mut member = Member::open(&*other, share.clone()).await;
    let held = member.take(2).await;
    member.expect_quiet(&*one).await;
    assert_eq!(say(&*one, &held[0].lease, Word::Released).await, Verdict::Ok);
    assert_eq!(member.one().await.seq, all[0], "a second time counts as well");
    assert_eq!(member.rest().await, Ok(vec![]));
    // What it holds it keeps.
    assert_eq!(counts(&*one, "a", "g").await, [4, 2, 0, 0]);
    drop(member);
    let mut none = Member::open(&*one, Share { max: Some(1), ..share_of(2, "a", "g") }).await;
    assert_eq!(seqs(&none.rest().await.unwrap()), [all[2]]);
}

pub(in super::super::super) async fn until_empty_waits_for_what_may_come_back_to_it(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let all = some(&*one, "a", 4).await;
    let ending = |n| Share { until_empty: true, ..share_of(n, "a", "g") };
    let mut busy = Member::open(&*one, share_of(9, "a", "g")).await;
    let elsewhere = busy.one().await;
    let mut member = Member::open(&*other, ending(1)).await;
    let held = member.one().await;
    assert_eq!(held.seq, all[1]);
    // What comes after the watch has begun is not its business.
    let later = some(&*one, "a", 1).await;
    let wait = Told { delay_ms: Some(30), ..told(&held.lease, Word::Failed) };
    assert_eq!(tell(&*one, wait).await.0, Verdict::Ok);
    let mut rest = Vec::new();
    while let Some(leased) = member.next().await {
        let leased = leased.unwrap();
        done(&*one, &leased).await;
        rest.push(leased.seq);
    }
    // The one that waited may come before or after others; what came later, if it was there first.
    rest.retain(|seq| *seq != later[0]);
    rest.sort_unstable();
    assert_eq!(rest, all[1..]);
    drop(member);
    // What another holds is not waited for: whoever it is, he may keep it for long.
    let left = group(&*one, "a", "g").await;
    assert_eq!(left.leased, 1);
    done(&*other, &elsewhere).await;
    // A group that is empty, and one of a queue that is not there.
    drop(busy);
    for (n, name) in [(2, "g"), (3, "new")] {
        let share = Share { until_empty: true, ..share_from(n, &[("never", Start::First)], name) };
        assert_eq!(Member::open(&*one, share).await.rest().await, Ok(vec![]));
    }
    // What the watch itself holds is waited for.
    let all = some(&*one, "c", 1).await;
    let share = Share { until_empty: true, ..share_from(4, &[("c", Start::First)], "g") };
    let mut member = Member::open(&*one, share).await;
    let held = member.one().await;
    member.expect_quiet(&*one).await;
    assert_eq!(say(&*other, &held.lease, Word::Released).await, Verdict::Ok);
    let held = member.one().await;
    assert_eq!((held.seq, held.attempt), (all[0], 2));
    done(&*other, &held).await;
    assert_eq!(member.rest().await, Ok(vec![]));
}

pub(in super::super::super) async fn the_same_watch_again_replaces_the_older(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let all = some(&*one, "a", 6).await;
    let share = Share { max_in_flight: 3, ..share_of(1, "a", "g") };
    let mut first = Member::open(&*one, share.clone()).await;
    let held = first.take(3).await;
    // Beside it another watch of the same process, and one of another process of the same client.
    let mut beside = Member::open(&*one, share_from(1, &[("b", Start::First)], "g")).await;
    let namesake = Share { who: Who { instance: process(2), ..who(1) }, ..share_of(1, "a", "g") };
    let mut namesake = Member::open(&*one, namesake).await;
    assert_eq!(namesake.one().await.seq, all[3]);

    let have = vec![held[0].lease.clone(), held[2].lease.clone(), "Lforged".to_owned()];
    let mut second = Member::open(&*other, Share { have, ..share.clone() }).await;
    assert_eq!(first.next().await, Some(Err(Error::Superseded)));
    assert_eq!(first.next().await, None);
    // It is sent what it did not have: the same lease, the same attempt.
    assert_eq!(second.one().await, held[1]);
    second.expect_quiet(&*one).await;
    beside.expect_quiet(&*one).await;
    namesake.expect_quiet(&*one).await;
    drop(first);
    for leased in &held {
        done(&*one, leased).await;
    }
    assert_eq!(seqs(&second.take(2).await), all[4..]);
    second.expect_quiet(&*one).await;
    assert_eq!(group(&*one, "a", "g").await.members, 2);

    // What it has and is no longer its own it is told; what it does not have is sent, and counts.
    let mut ear = Ear::open(&*one, 1);
    let share = Share { have: vec![held[0].lease.clone()], max: Some(2), ..share };
    let mut third = Member::open(&*other, share).await;
    assert_eq!(ear.next().await, (held[0].lease.clone(), Why::Lost));
    assert_eq!(seqs(&third.rest().await.unwrap()), all[4..]);
    assert_eq!(second.next().await, Some(Err(Error::Superseded)));
}

pub(in super::super::super) async fn who_wants_nothing_more_is_given_nothing(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let mut stopped = Member::open(&*one, Share { max_in_flight: 5, ..share_of(1, "a", "g") }).await;
    let mut elsewhere = Member::open(&*one, share_from(1, &[("b", Start::First)], "g")).await;
    let first = some(&*one, "a", 1).await;
    let held = stopped.one().await;
    other.heard(process(1), true);
    some(&*one, "b", 1).await;
    let second = some(&*one, "a", 1).await;
    stopped.expect_quiet(&*one).await;
    elsewhere.expect_quiet(&*one).await;
    // It keeps what it has, and hearing from it changes nothing.
    other.heard(process(1), false);
    done(&*one, &held).await;
    stopped.expect_quiet(&*one).await;
    assert_eq!((held.seq, held.attempt), (first[0], 1));
    let mut next = Member::open(&*other, share_of(2, "a", "g")).await;
    assert_eq!(next.one().await.seq, second[0]);
}

pub(in super::super::super) async fn a_paused_group_hands_out_nothing(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let all = some(&*one, "a", 3).await;
    let mut member = Member::open(&*one, share_of(1, "a", "g")).await;
    let held = member.one().await;
    let pause = |paused| Change { paused: Some(paused), ..Change::default() };
    let view = in_time(other.set_group(queue("a"), named("g"), pause(true))).await.unwrap();
    assert!(view.settings.paused);
    done(&*one, &held).await;
    let more = some(&*one, "a", 1).await;
    member.expect_quiet(&*one).await;
    assert_eq!(counts(&*one, "a", "g").await, [3, 0, 0, 0]);
    assert!(stand(&*one, &all[1].to_string(), "g").await.paused);
    let mut another = Member::open(&*other, share_of(2, "a", "g")).await;
    another.expect_quiet(&*one).await;
    drop((member, another));
    fixture.close().await;
    fixture.open().await;
    let (one, other) = fixture.handles();
    let mut member = Member::open(&*one, Share { max_in_flight: 9, ..share_of(1, "a", "g") }).await;
    member.expect_quiet(&*one).await;
    in_time(other.set_group(queue("a"), named("g"), pause(false))).await.unwrap();
    assert_eq!(seqs(&member.take(3).await), [all[1], all[2], more[0]]);
}

pub(in super::super::super) async fn settings_are_kept_and_used(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    some(&*one, "a", 1).await;
    let nowhere = in_time(one.set_group(queue("a"), named("g"), Change::default())).await;
    assert_eq!(nowhere.err(), Some(Error::NoGroup { queue: queue("a"), group: named("g") }));
    let usual = |n| Share { lease_ms: None, ..share_of(n, "a", "g") };
    let member = Member::open(&*other, usual(1)).await;
    assert_eq!(member.lease_ms, 60_000);
    let change = Change {
        max_failures: Some(2),
        backoff_ms: Some(7),
        backoff_max_ms: Some(9),
        lease_ms: Some(5000),
        paused: None,
    };
    let set = in_time(one.set_group(queue("a"), named("g"), change)).await.unwrap().settings;
    assert_eq!((set.max_failures, set.backoff_ms, set.backoff_max_ms, set.lease_ms), (2, 7, 9, 5000));
    drop(member);
    for _ in 0..2 {
        let (one, other) = fixture.handles();
        // What is not named stays.
        let same = in_time(other.set_group(queue("a"), named("g"), Change::default())).await.unwrap();
        assert_eq!(same.settings, set);
        assert_eq!(group(&*one, "a", "g").await.settings, set);
        assert_eq!(Member::open(&*one, usual(2)).await.lease_ms, 5000);
        let own = Share { lease_ms: Some(1500), ..usual(3) };
        assert_eq!(Member::open(&*other, own).await.lease_ms, 1500);
        fixture.close().await;
        fixture.open().await;
    }
}

pub(in super::super::super) async fn what_has_expired_is_not_handed_out(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let expiring = |text: &str| NewTask { expires_ms: Some(100), ..task("a", text) };
    let mut member = Member::open(&*one, share_of(1, "a", "g")).await;
    let tasks = vec![expiring("in time"), expiring("returned"), task("a", "lasting"), expiring("unseen")];
    let all = submit(&*one, tasks).await;
    let first = member.one().await;
    done(&*one, &first).await;
    let held = member.one().await;
    assert_eq!(held.seq, all[1]);
    fixture.pass(101).await;
    // One in hand is its holder's; one that comes back is over.
    let mut ear = Ear::open(&*other, 1);
    ear.expect_quiet(&*other).await;
    assert_eq!(say(&*one, &held.lease, Word::Released).await, Verdict::Ok);
    let lasting = member.one().await;
    assert_eq!(lasting.seq, all[2]);
    done(&*one, &lasting).await;
    member.expect_quiet(&*one).await;
    assert_eq!(counts(&*other, "a", "g").await, [0; 4]);
    assert_eq!(in_state(&*one, "a", "g", State::Expired).await, [all[1], all[3]]);
    assert_eq!(in_state(&*one, "a", "g", State::Done).await, [all[0], all[2]]);
    assert_eq!(say(&*one, &held.lease, Word::Released).await, Verdict::Duplicate);
    assert_eq!(say(&*one, &held.lease, Word::Done).await, Verdict::Conflict);
    // Whoever watches sees it all the same.
    assert_eq!(Reader::open(&*one, "a", Start::First).await.take(4).await.len(), 4);
}

pub(in super::super::super) async fn a_delayed_task_enters_when_it_is_due(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let mut member = Member::open(&*other, Share { max_in_flight: 9, ..share_of(1, "a", "g") }).await;
    let mut watch = Reader::open(&*other, "a", Start::First).await;
    let delayed = |ms, text: &str| NewTask { delay_ms: ms, ..task("a", text) };
    let named = || NewTask { id: own("deploy"), ..delayed(300, "named") };
    let keyed = || NewTask { retry_key: key(1, 1), ..delayed(200, "keyed") };
    let answers = submit_any(&*one, vec![named(), keyed(), task("a", "at once"), delayed(300, "last")]).await;
    let place = |number, ms| -> Accepted {
        let due_ms = answers[0].as_ref().unwrap().delayed.unwrap().1 - 300 + ms;
        Accepted { seq: 0, delayed: Some((number, due_ms)), duplicate: false }
    };
    assert_eq!(answers[0], Ok(place(1, 300)));
    assert_eq!(answers[1], Ok(place(2, 200)));
    assert_eq!(answers[3], Ok(place(3, 300)));
    let at_once = answers[2].as_ref().unwrap().seq;
    assert_eq!(member.one().await.seq, at_once);
    assert_eq!(watch.take(1).await[0].seq, at_once);
    for round in 0..2 {
        let (one, other) = fixture.handles();
        // It is there, but for who watches or works.
        assert_eq!(
            in_time(other.known(["deploy", "1d", "2d", "3d", "4d"].map(id).into())).await,
            Ok(vec![true, false, true, true, false])
        );
        let listed = TaskFilter { state: Some(State::Delayed), ..tasks_of("a") };
        let listed = page(&*one, listed).await.tasks;
        assert!(listed.iter().all(|view| view.state == State::Delayed && view.until_ms.is_some()));
        let ids: Vec<String> = listed.iter().map(|view| super::message_of(view).id).collect();
        assert_eq!(ids, ["2d", "deploy", "3d"], "by when they are due");
        let explained = in_time(other.explain(id("3d"))).await.unwrap().unwrap();
        assert_eq!((explained.task.state, explained.groups.len()), (State::Delayed, 0));
        // It is one task, however often it is sent.
        assert_eq!(submit_any(&*one, vec![keyed()]).await, [Ok(place(2, 200))]);
        let again = Accepted { duplicate: true, ..place(1, 300) };
        assert_eq!(submit_any(&*other, vec![named()]).await, [Ok(again)]);
        let other_text = NewTask { task: "other".to_owned(), ..named() };
        let taken = Refused::IdTaken { id: "deploy".to_owned(), seq: 0 };
        assert_eq!(submit_any(&*other, vec![other_text]).await, [Err(taken)]);
        if round == 0 {
            member.expect_quiet(&*one).await;
            watch.expect_quiet();
            fixture.close().await;
            fixture.open().await;
        }
    }
    let (one, other) = fixture.handles();
    let mut member = Member::open(&*other, Share { max_in_flight: 9, ..share_of(2, "a", "g") }).await;
    member.expect_quiet(&*one).await;
    let cancelled = in_time(one.cancel(vec![id("3d"), id("3d")])).await.unwrap();
    assert_eq!(cancelled.iter().map(|j| j.verdict).collect::<Vec<_>>(), [Verdict::Ok, Verdict::Unknown]);
    fixture.pass(200).await;
    let entered = member.one().await;
    assert_eq!((entered.id.as_str(), entered.task.as_str()), ("2d", "keyed"));
    assert!(entered.seq > at_once);
    fixture.pass(100).await;
    let entered = member.one().await;
    assert_eq!((entered.id.as_str(), entered.task.as_str()), ("deploy", "named"));
    let last = some(&*one, "a", 1).await;
    assert_eq!(member.one().await.seq, last[0]);
    member.expect_quiet(&*other).await;
    for _ in 0..2 {
        let (one, other) = fixture.handles();
        let known = in_time(other.known(["deploy", "2d", "3d"].map(id).into())).await;
        assert_eq!(known, Ok(vec![true, true, false]));
        let again = Accepted { seq: entered.seq, delayed: None, duplicate: true };
        assert_eq!(submit_any(&*one, vec![named()]).await, [Ok(again)]);
        let resent = submit_any(&*one, vec![keyed()]).await[0].clone().unwrap();
        assert_eq!((resent.seq, resent.delayed.unwrap().0, resent.duplicate), (0, 2, false));
        // Nothing is there twice.
        let watch = Watch { until_empty: true, ..watch_of(&[("a", Start::First)]) };
        let seen = Reader::try_open(&*other, watch).await.unwrap().rest().await.unwrap();
        assert_eq!(
            seen.iter().map(|t| t.task.as_str()).collect::<Vec<_>>(),
            ["at once", "keyed", "named", "a 0"]
        );
        assert!(
            page(&*one, TaskFilter { state: Some(State::Delayed), ..tasks_of("a") }).await.tasks.is_empty()
        );
        fixture.close().await;
        fixture.open().await;
    }
}

pub(in super::super::super) async fn a_clients_own_group_is_its_roll_call(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let all = some(&*one, "a", 6).await;
    let note = |seq: u64, word, number| told_by_id(&seq.to_string(), word, number);
    // An unnamed one's word is counted and no more.
    assert_eq!(tell(&*one, note(all[0], Word::Done, None)).await, (Verdict::Noted, false));
    assert!(groups_of(&*other, "a").await.is_empty());
    let unknown = told_by_id("99", Word::Done, Some(1));
    assert_eq!(tell(&*one, unknown).await, (Verdict::Unknown, false));
    for (seq, word) in [(all[1], Word::Done), (all[3], Word::Received), (all[2], Word::Received)] {
        assert_eq!(tell(&*other, note(seq, word, Some(1))).await, (Verdict::Noted, false));
    }
    // Received, then done; done twice; done, then received.
    for (seq, word) in [(all[3], Word::Done), (all[1], Word::Done), (all[1], Word::Received)] {
        assert_eq!(tell(&*one, note(seq, word, Some(1))).await, (Verdict::Noted, false));
    }
    fixture.close().await;
    fixture.open().await;
    let (one, other) = fixture.handles();
    assert_eq!(group(&*one, "a", "@w1").await.done, 2);
    assert_eq!(in_state(&*one, "a", "@w1", State::Done).await, [all[1], all[3]]);
    assert_eq!(counts(&*other, "a", "@w1").await, [4, 0, 0, 0]);
    // Whoever works in it does not do again what was done.
    let share = Share { group: crate::name::GroupName::own(&client(1)), ..share_of(1, "a", "g") };
    let mut member = Member::open(&*one, share).await;
    assert_eq!(member.is_new, [false]);
    let held = member.one().await;
    assert_eq!((held.seq, held.group.as_str()), (all[0], "@w1"));
    // A line that has lost its lease, of a task that is in its hands.
    assert_eq!(tell(&*other, note(all[0], Word::Done, Some(1))).await, (Verdict::Unleased, false));
    assert_eq!(tell(&*other, note(all[0], Word::Done, Some(2))).await, (Verdict::Noted, false));
    done(&*one, &held).await;
    assert_eq!(tell(&*other, note(all[0], Word::Done, Some(1))).await, (Verdict::Noted, false));
    let held = member.one().await;
    assert_eq!(held.seq, all[2]);
    done(&*one, &held).await;
    assert_eq!(member.one().await.seq, all[4]);
    assert_eq!(groups_of(&*one, "a").await.len(), 2, "the other client has one as well");
}

pub(in super::super::super) async fn a_backlog_is_handed_out_once_and_in_order(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let mut all = Vec::new();
    for _ in 0..6 {
        let batch = (0..1000).map(|n| task(["a", "b"][n % 2], format!("{n}")));
        all.extend(submit(&*one, batch.collect()).await.into_iter().step_by(2));
    }
    let shares = (1..=3).map(|n| Share { max_in_flight: 40, until_empty: true, ..share_of(n, "a", "g") });
    let work = shares.map(|share| {
        let (one, other) = (one.clone(), other.clone());
        async move {
            let mut member = Member::open(&*other, share).await;
            let mut got = Vec::new();
            while let Some(leased) = member.next().await {
                let leased = leased.unwrap();
                done(&*one, &leased).await;
                got.push(leased.seq);
            }
            got
        }
    });
    let got = in_time(join_all(work)).await;
    assert!(got.iter().all(|seqs| seqs.is_sorted()));
    let mut got = got.concat();
    got.sort_unstable();
    assert_eq!(got, all);
    assert_eq!(BTreeSet::from_iter(got).len(), 3000);
}

pub(in super::super::super) async fn the_end_of_the_engine_ends_shares_and_notices(
    mut fixture: impl Fixture,
) {
    for round in 0..3 {
        let (one, other) = fixture.handles();
        some(&*one, "a", 1).await;
        let mut idle = Member::open(&*one, share_of(1, "b", "g")).await;
        let mut busy = Member::open(&*other, share_of(2, "a", &format!("g{round}"))).await;
        busy.one().await;
        let mut ear = Ear::open(&*other, 2);
        fixture.close().await;
        for member in [&mut idle, &mut busy] {
            assert_eq!(member.next().await, Some(Err(Error::Stopped)));
            assert_eq!(member.next().await, None);
        }
        ear.expect_end().await;
        Ear::open(&*one, 1).expect_end().await;
        assert_eq!(Member::try_open(&*one, share_of(1, "a", "g")).await.err(), Some(Error::Stopped));
        let late = Told { what: What::Lease(String::new()), ..told("", Word::Done) };
        assert_eq!(in_time(one.tell(vec![late])).await.err(), Some(Error::Stopped));
        assert_eq!(in_time(one.submit_whole(vec![task("a", "x")])).await.err(), Some(Error::Stopped));
        fixture.open().await;
    }
}
