//! What an operator does: cancel and purge. Who holds what is taken away is told.

use super::{
    super::{Fixture, Reader, Whole, in_time, own, queue, submit, submit_any, task},
    Ear, LONG_MS, Member, counts, done, everything, group, groups_of, id, in_state, page, say, seqs,
    share_of, some, stand, tasks_of, tell, told, told_by_id,
};
use crate::server::engine::{
    Accepted, Engine, Error, NewTask, Start,
    groups::{End, Purged, QueueFilter, Share, State, TaskFilter, Told, Verdict, Why, Word},
};

async fn cancel(engine: &dyn Engine, ids: &[&str]) -> Vec<Verdict> {
    let judged = in_time(engine.cancel(ids.iter().map(|text| id(text)).collect())).await.unwrap();
    judged.iter().map(|j| j.verdict).collect()
}

pub(in super::super::super) async fn a_cancelled_task_ends_for_all_groups(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let mut tasks: Vec<NewTask> = (0..6).map(|n| task("a", format!("{n}"))).collect();
    tasks[2].id = own("two");
    let all = submit(&*one, tasks).await;
    let ids: Vec<String> = all.iter().map(u64::to_string).collect();
    let mut ear = Ear::open(&*other, 1);
    let mut member = Member::open(&*one, Share { max_in_flight: 2, ..share_of(1, "a", "g") }).await;
    let held = member.take(2).await;
    let mut beside = Member::open(&*other, share_of(2, "a", "h")).await;
    let first = beside.one().await;
    done(&*one, &first).await;
    let theirs = beside.one().await;
    assert_eq!(theirs.seq, all[1]);

    // One in two hands, one ahead of both, one by its own id, one that is done here and leased there.
    let verdicts = cancel(&*other, &[&ids[1], &ids[3], "two", &ids[0], "99", &ids[1]]).await;
    assert_eq!(
        verdicts,
        [Verdict::Ok, Verdict::Ok, Verdict::Ok, Verdict::Ok, Verdict::Unknown, Verdict::Duplicate]
    );
    assert_eq!(ear.next().await, (held[1].lease.clone(), Why::Cancelled));
    assert_eq!(ear.next().await, (held[0].lease.clone(), Why::Cancelled));
    assert_eq!(say(&*one, &theirs.lease, Word::Done).await, Verdict::Conflict);
    // Hands are free for what is left.
    assert_eq!(seqs(&member.take(2).await), all[4..]);
    assert_eq!(beside.one().await.seq, all[4]);
    drop((member, beside, ear));
    for round in 0..2 {
        let (one, other) = fixture.handles();
        assert_eq!(cancel(&*one, &[&ids[1], "two"]).await, [Verdict::Duplicate; 2]);
        assert_eq!(in_state(&*other, "a", "g", State::Cancelled).await, all[..4]);
        assert_eq!(in_state(&*other, "a", "h", State::Cancelled).await, all[1..4]);
        let seen = stand(&*one, &ids[1], "g").await.task;
        assert_eq!((seen.state, &seen.ends[..]), (State::Cancelled, &[End::Cancelled][..]));
        let explained = in_time(other.explain(id("two"))).await.unwrap().unwrap();
        assert_eq!((explained.task.state, explained.groups.len()), (State::Cancelled, 2 + 2 * round));
        // A group that begins now does not get them; whoever watches sees them all the same.
        let mut late =
            Member::open(&*one, Share { max_in_flight: 9, ..share_of(3, "a", &format!("late{round}")) })
                .await;
        assert_eq!(seqs(&late.take(2).await), all[4..]);
        late.expect_quiet(&*one).await;
        assert_eq!(Reader::open(&*one, "a", Start::First).await.take(6).await.len(), 6);
        // They keep their ids.
        let again = NewTask { id: own("two"), ..task("a", "2") };
        let known = Accepted { seq: all[2], delayed: None, duplicate: true };
        assert_eq!(submit_any(&*one, vec![again]).await, [Ok(known)]);
        let noted = told_by_id(&ids[3], Word::Done, Some(3));
        assert_eq!(tell(&*one, noted).await.0, Verdict::Noted);
        assert_eq!(group(&*one, "a", "@w3").await.done, 0);
        fixture.close().await;
        fixture.open().await;
    }
}

pub(in super::super::super) async fn what_is_purged_is_gone_for_everyone(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let tasks = (0..10).map(|n| {
        let id = if n == 1 { own("one") } else { None };
        NewTask { id, ..task(["a", "b"][n / 2 % 2], format!("{n}")) }
    });
    let all = submit(&*one, tasks.collect()).await;
    let a = [all[0], all[1], all[4], all[5], all[8], all[9]];
    let mut ear = Ear::open(&*other, 1);
    let mut member = Member::open(&*one, Share { max_in_flight: 3, ..share_of(1, "a", "g") }).await;
    let held = member.take(3).await;
    let later = Told { delay_ms: Some(LONG_MS), ..told(&held[0].lease, Word::Failed) };
    assert_eq!(tell(&*one, later).await.0, Verdict::Ok);
    assert_eq!(ear.next().await, (held[0].lease.clone(), Why::Settled));
    let fourth = member.one().await;
    let mut behind = Reader::open(&*one, "a", Start::First).await;
    let mut untouched = Member::open(&*other, share_of(2, "b", "g")).await;
    let b = untouched.one().await;

    assert_eq!(in_time(one.purge(queue("never"), None)).await, Err(Error::NoQueue(queue("never"))));
    // Of the waiting one, the two leased ones and one that is in hand but lies behind.
    let purged = in_time(other.purge(queue("a"), Some(a[2]))).await;
    assert_eq!(purged, Ok(Purged { tasks: 3, leases: 2 }));
    assert_eq!(in_time(other.purge(queue("a"), Some(a[2]))).await, Ok(Purged { tasks: 0, leases: 0 }));
    for leased in &held[1..] {
        assert_eq!(ear.next().await, (leased.lease.clone(), Why::Gone));
    }
    assert!(matches!(behind.rest().await, Err(Error::Trimmed { .. })));
    // Hands are free at once.
    assert_eq!(seqs(&member.take(2).await), a[4..]);
    let view = group(&*one, "a", "g").await;
    assert_eq!((view.trimmed_unsettled, view.leased, view.waiting, view.ready), (3, 3, 0, 0));
    done(&*other, &fourth).await;
    done(&*other, &b).await;
    drop((member, untouched, ear));
    for _ in 0..3 {
        let (one, other) = fixture.handles();
        let before = everything(&*one, "a").await;
        for leased in &held[1..] {
            for word in [Word::Done, Word::Failed, Word::Working] {
                assert_eq!(say(&*other, &leased.lease, word).await, Verdict::Conflict);
            }
        }
        let ids = ["one", "1", &a[2].to_string(), &a[3].to_string()].map(id);
        assert_eq!(in_time(other.known(ids.into())).await, Ok(vec![false, false, false, true]));
        assert!(in_time(one.explain(id("one"))).await.unwrap().is_none());
        assert_eq!(cancel(&*one, &["one", &a[2].to_string()]).await, [Verdict::Unknown; 2]);
        let asked = TaskFilter { ids: vec![id("one"), id(&a[3].to_string())], ..tasks_of("a") };
        let asked = page(&*one, asked).await;
        assert_eq!((asked.tasks.len(), asked.unknown), (1, vec![id("one")]));
        assert_eq!(everything(&*other, "a").await, before);
        assert_eq!(group(&*other, "a", "g").await.trimmed_unsettled, 3, "counted once");
        let refused = Reader::try_open(&*one, super::super::watch_of(&[("a", Start::Seq(a[2]))])).await;
        assert!(matches!(refused.err(), Some(Error::Trimmed { .. })));
        let refused = Member::try_open(&*one, super::share_from(5, &[("a", Start::Seq(a[2]))], "new")).await;
        assert!(matches!(refused.err(), Some(Error::Trimmed { .. })));
        let seen = Reader::open(&*one, "a", Start::Time(0)).await.take(3).await;
        assert_eq!(seen.iter().map(|t| t.seq).collect::<Vec<_>>(), a[3..]);
        let filter = QueueFilter { queue: Some(queue("a")), after: None, limit: 1 };
        let view = in_time(one.queues(filter)).await.unwrap().items.remove(0);
        assert_eq!((view.tasks, view.trimmed, view.first_seq), (3, 3, a[2] + 1));
        fixture.close().await;
        fixture.open().await;
    }
    let (one, other) = fixture.handles();
    let mut early = Member::open(&*one, super::share_from(6, &[("a", Start::Time(0))], "early")).await;
    assert_eq!(early.one().await.seq, a[3], "from a time before: what is left");
    // The id is free, and all of the rest may go.
    let again = submit(&*one, vec![NewTask { id: own("one"), ..task("a", "other") }]).await;
    let purged = in_time(other.purge(queue("a"), None)).await.unwrap();
    assert_eq!((purged.tasks, purged.leases), (4, 3));
    assert_eq!(in_time(other.known(vec![id("one")])).await, Ok(vec![false]));
    assert_eq!(counts(&*one, "a", "g").await, [0; 4]);
    assert_eq!(groups_of(&*one, "b").await[0].done, 1);
    let next = some(&*one, "a", 1).await;
    assert!(next[0] > again[0]);
    assert_eq!(early.one().await.seq, next[0]);
}
