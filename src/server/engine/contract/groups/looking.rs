//! What can be seen of queues, groups and tasks.

use super::{
    super::{Fixture, in_time, own, queue, submit, task},
    LONG_MS, Member, client, done, id, message_of, named, page, say, seq_of, share_of, some, stand, tasks_of,
    tell, told,
};
use crate::server::engine::results::Answer;
use crate::server::engine::{
    Engine, Error, NewTask,
    groups::{GroupFilter, QueueFilter, Share, State, TaskFilter, Told, Verdict, Word},
};

pub(in super::super::super) async fn queues_are_listed_in_pages(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let filter = |after: Option<&str>, limit| QueueFilter { queue: None, after: after.map(queue), limit };
    assert!(in_time(one.queues(filter(None, 10))).await.unwrap().items.is_empty());
    let mut first_at_ms = None;
    for n in 0..7 {
        some(&*one, &format!("q{n}"), n + 1).await;
        fixture.pass(1).await;
    }
    let delayed = NewTask { delay_ms: LONG_MS, ..task("q2", "later") };
    let delayed = super::super::submit_any(&*one, vec![delayed.clone(), delayed]).await;
    assert!(delayed.iter().all(Result::is_ok));
    drop(Member::open(&*one, share_of(1, "q3", "g")).await);
    drop(Member::open(&*one, share_of(1, "q3", "h")).await);
    drop(Member::open(&*one, share_of(1, "unborn", "g")).await);
    for _ in 0..2 {
        let (one, other) = fixture.handles();
        let mut names = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = in_time(other.queues(filter(after.as_deref(), 3))).await.unwrap();
            names.extend(page.items.iter().map(|view| view.queue.as_str().to_owned()));
            assert_eq!(page.more, names.len() < 8);
            if !page.more {
                break;
            }
            after = names.last().cloned();
        }
        assert_eq!(names, ["q0", "q1", "q2", "q3", "q4", "q5", "q6", "unborn"]);
        let only = |name| QueueFilter { queue: Some(queue(name)), after: None, limit: 10 };
        let view = in_time(one.queues(only("q2"))).await.unwrap().items.remove(0);
        assert_eq!((view.tasks, view.first_seq, view.last_seq, view.delayed), (3, 4, 6, 2));
        assert!(view.oldest_at_ms > first_at_ms);
        first_at_ms = first_at_ms.or(view.oldest_at_ms.map(|ms| ms - 1));
        let view = in_time(one.queues(only("q3"))).await.unwrap().items.remove(0);
        assert_eq!((view.groups, view.trimmed), (2, 0));
        assert!(in_time(one.queues(only("never"))).await.unwrap().items.is_empty());
        fixture.close().await;
        fixture.open().await;
    }
    let _ = other;
}

pub(in super::super::super) async fn groups_are_listed_in_pages(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let mut all = Vec::new();
    for queue in ["a", "b", "c"] {
        for group in ["g", "h"] {
            drop(Member::open(&*one, share_of(1, queue, group)).await);
            all.push((queue.to_owned(), group.to_owned()));
        }
    }
    let any = GroupFilter { queue: None, group: None, after: None, limit: 4 };
    let mut names: Vec<(String, String)> = Vec::new();
    let mut filter = any.clone();
    loop {
        let page = in_time(other.groups(filter.clone())).await.unwrap();
        names.extend(page.items.iter().map(|v| (v.queue.as_str().to_owned(), v.group.as_str().to_owned())));
        let last = page.items.last().unwrap();
        filter.after = Some((last.queue.clone(), last.group.clone()));
        assert_eq!(page.more, names.len() < 6);
        if !page.more {
            break;
        }
    }
    assert_eq!(names, all);
    let count = async |filter| in_time(one.groups(filter)).await.unwrap().items.len();
    assert_eq!(count(GroupFilter { queue: Some(queue("b")), ..any.clone() }).await, 2);
    assert_eq!(count(GroupFilter { group: Some(named("h")), ..any.clone() }).await, 3);
    assert_eq!(count(GroupFilter { group: Some(named("i")), ..any }).await, 0);
}

pub(in super::super::super) async fn a_group_is_counted(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let all = stage(&*one, &*other).await;
    for round in 0..2 {
        let (one, other) = fixture.handles();
        let view = super::group(&*other, "a", "g").await;
        assert_eq!((view.ready, view.leased, view.waiting, view.dead, view.done), (3, 1, 1, 1, 1));
        assert_eq!((view.members, view.suspects, view.trimmed_unsettled), (0, 0, 0), "{round}");
        assert_eq!(view.next_seq, all[3] + 1);
        let oldest = page(&*one, TaskFilter { ids: vec![id(&all[1].to_string())], ..tasks_of("a") }).await;
        let at = message_of(&oldest.tasks[0]).submitted_at.unwrap();
        assert_eq!(view.oldest_at_ms, Some(at.seconds as u64 * 1000 + at.nanos as u64 / 1_000_000));
        fixture.close().await;
        fixture.open().await;
    }
}

/// Seven tasks: done, failed and waiting, dead, leased, three ready; the second has an id of its own.
async fn stage(one: &dyn Engine, other: &dyn Engine) -> Vec<u64> {
    let all = submit(one, (0..7).map(|n| task("a", format!("{n}"))).collect()).await;
    let mut member =
        Member::open(other, Share { max_in_flight: 4, max: Some(4), ..share_of(1, "a", "g") }).await;
    let held = member.rest().await.unwrap();
    done(one, &held[0]).await;
    let later = Told {
        delay_ms: Some(LONG_MS),
        answer: Answer::text("not yet"),
        ..told(&held[1].lease, Word::Failed)
    };
    assert_eq!(tell(one, later).await.0, Verdict::Ok);
    assert_eq!(say(one, &held[2].lease, Word::Rejected).await, Verdict::Ok);
    all
}

pub(in super::super::super) async fn tasks_are_listed_by_their_state(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let all = stage(&*one, &*other).await;
    let cancelled = in_time(one.cancel(vec![id(&all[5].to_string())])).await.unwrap();
    assert_eq!(cancelled[0].verdict, Verdict::Ok);
    for _ in 0..2 {
        let (one, other) = fixture.handles();
        let in_group = |state| TaskFilter { group: Some(named("g")), state, ..tasks_of("a") };
        for (state, wanted) in [
            (State::Done, &all[..1]),
            (State::Waiting, &all[1..2]),
            (State::Dead, &all[2..3]),
            (State::Leased, &all[3..4]),
            (State::Ready, &[all[4], all[6]][..]),
            (State::Cancelled, &all[5..6]),
            (State::Expired, &[]),
        ] {
            let page = page(&*one, in_group(Some(state))).await;
            assert_eq!(page.tasks.iter().map(seq_of).collect::<Vec<_>>(), wanted, "{state:?}");
            assert_eq!(page.next, "", "{state:?}");
            assert!(page.tasks.iter().all(|view| view.state == state && view.group == Some(named("g"))));
        }
        let states = [
            State::Done,
            State::Waiting,
            State::Dead,
            State::Leased,
            State::Ready,
            State::Cancelled,
            State::Ready,
        ];
        let listed = page(&*other, in_group(None)).await.tasks;
        assert_eq!(listed.iter().map(|view| view.state).collect::<Vec<_>>(), states);
        let texts: Vec<String> = listed.iter().map(|view| message_of(view).task).collect();
        assert_eq!(texts, ["0", "1", "2", "3", "4", "5", "6"]);
        // Without a group as the log has them.
        let logged = page(&*other, tasks_of("a")).await.tasks;
        assert!(logged.iter().all(|v| v.group.is_none()
            && v.state == if seq_of(v) == all[5] { State::Cancelled } else { State::Logged }));
        assert_eq!(logged.len(), 7);
        // By their ids, in the order asked for.
        let ids = [all[3], all[1]].map(|seq| id(&seq.to_string()));
        let asked = TaskFilter { ids: [&ids[..], &[id("nobody"), id("99")]].concat(), ..in_group(None) };
        let asked = page(&*one, asked).await;
        assert_eq!(asked.tasks.iter().map(|v| v.state).collect::<Vec<_>>(), [State::Leased, State::Waiting]);
        assert_eq!(asked.unknown, [id("nobody"), id("99")]);
        assert_eq!(asked.tasks[1].said, "not yet");
        assert_eq!(asked.tasks[0].holder, Some(client(1)));
        let filter = TaskFilter { group: Some(named("h")), ..tasks_of("a") };
        assert_eq!(
            in_time(one.tasks(filter)).await.err(),
            Some(Error::NoGroup { queue: queue("a"), group: named("h") })
        );
        assert_eq!(in_time(one.tasks(tasks_of("never"))).await.err(), Some(Error::NoQueue(queue("never"))));
        fixture.close().await;
        fixture.open().await;
    }
}

pub(in super::super::super) async fn tasks_are_listed_in_pages(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let all = some(&*one, "a", 50).await;
    let delayed = |n: u64| NewTask { delay_ms: LONG_MS + n % 5, id: own(&format!("d{n}")), ..task("a", "x") };
    super::super::submit_any(&*one, (0..20).map(delayed).collect()).await;
    let mut member =
        Member::open(&*other, Share { max_in_flight: 30, max: Some(30), ..share_of(1, "a", "g") }).await;
    let held = member.rest().await.unwrap();
    for leased in &held[20..] {
        assert_eq!(say(&*one, &leased.lease, Word::Rejected).await, Verdict::Ok);
    }
    let in_group = |state| TaskFilter { group: Some(named("g")), state, ..tasks_of("a") };
    let wanted: [(TaskFilter, Vec<u64>); 5] = [
        (tasks_of("a"), all.clone()),
        (in_group(None), all.clone()),
        (in_group(Some(State::Leased)), all[..20].to_vec()),
        (in_group(Some(State::Dead)), all[20..30].to_vec()),
        (in_group(Some(State::Ready)), all[30..].to_vec()),
    ];
    for (filter, wanted) in wanted {
        for limit in [1, 7, 10, 50] {
            let mut seen = Vec::new();
            let mut filter = TaskFilter { limit, ..filter.clone() };
            loop {
                let page = page(&*other, filter.clone()).await;
                assert!(page.tasks.len() <= limit);
                seen.extend(page.tasks.iter().map(seq_of));
                if page.next.is_empty() {
                    break;
                }
                filter.after = page.next;
            }
            assert_eq!(seen, wanted, "{filter:?}");
        }
    }
    let mut ids = Vec::new();
    let mut filter = TaskFilter { limit: 3, ..TaskFilter { state: Some(State::Delayed), ..tasks_of("a") } };
    loop {
        let page = page(&*other, filter.clone()).await;
        ids.extend(page.tasks.iter().map(|view| message_of(view).id));
        if page.next.is_empty() {
            break;
        }
        filter.after = page.next;
    }
    let wanted = (0..5).flat_map(|due| (0..4).map(move |n| format!("d{}", due + 5 * n)));
    assert_eq!(ids, wanted.collect::<Vec<_>>());
    // Places that are none, and the last one there could be.
    for state in [None, Some(State::Leased), Some(State::Delayed), Some(State::Ready)] {
        for after in ["x", "1.x", "-1", "1.2.3", "99999999999999999999"] {
            let filter = TaskFilter { after: after.to_owned(), ..in_group(state) };
            assert_eq!(in_time(one.tasks(filter)).await.err(), Some(Error::BadPlace(after.to_owned())));
        }
        let after = format!("{0}.{0}", u64::MAX);
        assert!(page(&*one, TaskFilter { after, ..in_group(state) }).await.tasks.is_empty());
    }
}

pub(in super::super::super) async fn it_is_explained_why_a_task_waits(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let all = some(&*one, "a", 6).await;
    let text = |n: usize| all[n].to_string();
    assert!(in_time(one.explain(id("99"))).await.unwrap().is_none());
    let explained = in_time(one.explain(id(&text(0)))).await.unwrap().unwrap();
    assert_eq!((explained.task.state, explained.groups.len()), (State::Logged, 0));
    drop(Member::open(&*one, Share { max_in_flight: 1, max: Some(1), ..share_of(9, "a", "h") }).await);
    let mut member = Member::open(&*other, Share { max_in_flight: 2, ..share_of(1, "a", "g") }).await;
    let held = member.take(2).await;
    assert_eq!(say(&*one, &held[0].lease, Word::Released).await, Verdict::Ok);
    let again = member.one().await;

    let leased = stand(&*one, &text(0), "g").await;
    assert_eq!((leased.task.state, leased.task.attempt, leased.before), (State::Leased, 2, 0));
    assert_eq!(leased.task.holder, Some(client(1)));
    assert!(leased.task.since_ms.unwrap() <= leased.task.until_ms.unwrap());
    let ready = stand(&*other, &text(4), "g").await;
    assert_eq!((ready.task.state, ready.before), (State::Ready, 2), "two of the log come before it");
    assert_eq!((ready.members, ready.members_full, ready.paused), (1, 1, false));
    done(&*one, &again).await;
    let third = member.one().await;
    assert_eq!(say(&*one, &third.lease, Word::Released).await, Verdict::Ok);
    let third = member.one().await;
    assert_eq!(third.seq, all[2]);
    drop(member);
    let explained = in_time(one.explain(id(&text(5)))).await.unwrap().unwrap();
    let names: Vec<&str> = explained.groups.iter().map(|g| g.task.group.as_ref().unwrap().as_str()).collect();
    assert_eq!(names, ["g", "h"]);
    let ready = stand(&*other, &text(5), "g").await;
    assert_eq!((ready.members, ready.members_full, ready.before), (0, 0, 2));
    let later = Told { delay_ms: Some(LONG_MS), ..told(&third.lease, Word::Failed) };
    assert_eq!(tell(&*one, later).await.0, Verdict::Ok);
    let waiting = stand(&*one, &text(2), "g").await.task;
    assert_eq!((waiting.state, waiting.failures), (State::Waiting, 1));
    let until_ms = waiting.until_ms.unwrap();
    let at = message_of(&waiting).submitted_at.unwrap().seconds as u64 * 1000;
    // The clock of a test may stand still.
    assert!(until_ms.abs_diff(at + LONG_MS) < 60_000, "{until_ms}");
}
