//! Leases that end by themselves, and those that must not. Time goes by here, so that all of it runs side by side:
//! each scenario has a queue and processes of its own.

#![allow(clippy::disallowed_methods, reason = "how long a lease lasts is what is measured")]

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture};

use super::{
    super::{Fixture, in_time, queue},
    Ear, LONG_MS, Member, counts, done, everything, group, named, process, say, seqs, share_of, some, stand,
    tell, told,
};
use crate::server::engine::results::Answer;
use crate::server::engine::{
    Engine,
    groups::{Change, End, Share, State, Told, Verdict, Why, Word},
};

/// The shortest there is.
const LEASE_MS: u64 = 1000;
/// Leases are counted in whole milliseconds.
const ROUND_MS: u64 = 2;

pub(in super::super::super) async fn leases_end_when_they_must_and_not_before(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let scenarios: [(&str, BoxFuture<'_, ()>); 13] = [
        ("silent", silent(&*one, &*other).boxed()),
        ("heard", heard(&*one, &*other).boxed()),
        ("watching", watching(&*one, &*other).boxed()),
        ("gone", gone(&*one, &*other).boxed()),
        ("detached", detached(&*one, &*other).boxed()),
        ("back", back(&*one, &*other).boxed()),
        ("attends", attends(&*one, &*other).boxed()),
        ("overheld", overheld(&*one, &*other).boxed()),
        ("working", working(&*one, &*other).boxed()),
        ("together", together(&*one, &*other).boxed()),
        ("late", late(&*one, &*other).boxed()),
        ("dead", dead(&*one, &*other).boxed()),
        ("stale", stale(&*one, &*other).boxed()),
    ];
    let named = scenarios.into_iter().map(|(name, scenario)| async move {
        if AssertUnwindSafe(scenario).catch_unwind().await.is_err() { Some(name) } else { None }
    });
    let failed: Vec<_> = futures_util::stream::iter(named).buffer_unordered(100).collect().await;
    let failed: Vec<&str> = failed.into_iter().flatten().collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// A process that attends and is not heard.
async fn silent(one: &dyn Engine, other: &dyn Engine) {
    set(one, other, "silent", |c| c.backoff_ms = Some(1)).await;
    let all = some(one, "silent", 1).await;
    let mut ear = Ear::open(other, 10);
    let since = Instant::now();
    let mut member = Member::open(one, leasing(10, "silent")).await;
    let held = member.one().await;
    let mut next = Member::open(other, leasing(11, "silent")).await;
    let again = next.one().await;
    assert!(ms(since) + ROUND_MS >= LEASE_MS, "{} ms", ms(since));
    assert_eq!((again.seq, again.attempt), (all[0], 2));
    assert_eq!(ear.next().await, (held.lease.clone(), Why::Lost));
    let seen = stand(one, &held.id, "g").await.task;
    assert_eq!((seen.failures, &seen.ends[..], seen.suspect), (1, &[End::Lost][..], false));
    assert_eq!(seen.holder.unwrap().as_str(), "w11");
    // It is given nothing until it is heard again.
    let more = some(one, "silent", 1).await;
    member.expect_quiet(one).await;
    other.heard(process(10), false);
    assert_eq!(member.one().await.seq, more[0]);
    ear.expect_quiet(one).await;
}

/// A process that attends and is heard.
async fn heard(one: &dyn Engine, other: &dyn Engine) {
    some(one, "heard", 2).await;
    let mut ear = Ear::open(other, 20);
    let mut member = Member::open(one, Share { max_in_flight: 2, ..leasing(20, "heard") }).await;
    let held = member.take(2).await;
    hearing(other, 20, async {
        pass(2500).await;
        ear.expect_quiet(one).await;
        assert_eq!(counts(one, "heard", "g").await, [0, 2, 0, 0]);
        done(one, &held[0]).await;
        assert_eq!(ear.next().await, (held[0].lease.clone(), Why::Settled));
    })
    .await;
    let since = Instant::now();
    other.heard(process(20), false);
    assert_eq!(ear.next().await, (held[1].lease.clone(), Why::Lost));
    assert!(ms(since) + ROUND_MS >= LEASE_MS, "{} ms", ms(since));
}

/// A process that never attended is heard by its watch.
async fn watching(one: &dyn Engine, other: &dyn Engine) {
    some(one, "watching", 1).await;
    let mut member = Member::open(one, leasing(30, "watching")).await;
    let held = member.one().await;
    pass(2 * LEASE_MS + 500).await;
    assert_eq!(counts(other, "watching", "g").await, [0, 1, 0, 0]);
    done(other, &held).await;
}

/// All streams of a process are closed: it has the grace.
async fn gone(one: &dyn Engine, other: &dyn Engine) {
    set(one, other, "gone", |c| c.backoff_ms = Some(1)).await;
    some(one, "gone", 1).await;
    let share = Share { lease_ms: Some(LONG_MS), grace_ms: 700, ..leasing(40, "gone") };
    let mut member = Member::open(one, share).await;
    let held = member.one().await;
    let since = Instant::now();
    drop(member);
    let mut next = Member::open(other, leasing(41, "gone")).await;
    let again = next.one().await;
    assert!(ms(since) + ROUND_MS >= 700, "{} ms", ms(since));
    assert_eq!((again.seq, again.attempt), (held.seq, 2));
}

/// A grace as long as the lease: it lives on without its process.
async fn detached(one: &dyn Engine, other: &dyn Engine) {
    some(one, "detached", 2).await;
    let share = Share { lease_ms: Some(1500), grace_ms: 1500, max: Some(1), ..leasing(50, "detached") };
    let since = Instant::now();
    let mut member = Member::open(one, share).await;
    let held = member.rest().await.unwrap().remove(0);
    drop(member);
    let mut next = Member::open(other, Share { max_in_flight: 9, ..leasing(51, "detached") }).await;
    assert_ne!(next.one().await.seq, held.seq);
    let again = next.one().await;
    assert!(ms(since) + ROUND_MS >= 1500, "{} ms", ms(since));
    assert_eq!((again.seq, again.attempt), (held.seq, 2));
}

/// A process that is back within the grace has lost nothing.
async fn back(one: &dyn Engine, other: &dyn Engine) {
    some(one, "back", 1).await;
    let share = Share { lease_ms: Some(LONG_MS), grace_ms: 1000, ..leasing(60, "back") };
    let mut member = Member::open(one, share.clone()).await;
    let held = member.one().await;
    for _ in 0..3 {
        drop(member);
        pass(500).await;
        member = Member::open(other, Share { have: vec![held.lease.clone()], ..share.clone() }).await;
    }
    member.expect_quiet(one).await;
    done(one, &held).await;
}

/// A process that attends lives by what it says, whatever becomes of its watch.
async fn attends(one: &dyn Engine, other: &dyn Engine) {
    some(one, "attends", 1).await;
    let mut ear = Ear::open(other, 70);
    let mut member = Member::open(one, Share { grace_ms: 1, ..leasing(70, "attends") }).await;
    let held = member.one().await;
    drop(member);
    hearing(one, 70, pass(1500)).await;
    ear.expect_quiet(one).await;
    // Attending ends as well, and it is gone.
    drop(ear);
    until(|| async { counts(other, "attends", "g").await[1] == 0 }).await;
    let seen = stand(one, &held.id, "g").await.task;
    assert_eq!((seen.state, seen.failures), (State::Waiting, 1));
}

/// The longest hold is moved by nothing.
async fn overheld(one: &dyn Engine, other: &dyn Engine) {
    set(one, other, "overheld", |c| c.backoff_ms = Some(1)).await;
    some(one, "overheld", 1).await;
    let mut ear = Ear::open(other, 80);
    let since = Instant::now();
    let mut member = Member::open(one, Share { max_hold_ms: 1200, ..leasing(80, "overheld") }).await;
    let held = member.one().await;
    assert_eq!(say(other, &held.lease, Word::Working).await, Verdict::Ok);
    let overheld = async {
        assert_eq!(ear.next().await, (held.lease.clone(), Why::Overheld));
        assert!(ms(since) + ROUND_MS >= 1200, "{} ms", ms(since));
        member.one().await
    };
    let again = hearing(other, 80, overheld).await;
    assert_eq!((again.seq, again.attempt), (held.seq, 2), "it is alive, and may have it again");
    let seen = stand(one, &held.id, "g").await.task;
    assert_eq!((seen.failures, &seen.ends[..]), (1, &[End::Overheld][..]));
}

/// A word of another process keeps one lease.
async fn working(one: &dyn Engine, other: &dyn Engine) {
    some(one, "working", 2).await;
    let mut ear = Ear::open(other, 90);
    let mut member = Member::open(one, Share { max_in_flight: 2, ..leasing(90, "working") }).await;
    let held = member.take(2).await;
    let mut since = Instant::now();
    for _ in 0..3 {
        pass(500).await;
        since = Instant::now();
        assert_eq!(say(one, &held[1].lease, Word::Working).await, Verdict::Ok);
    }
    assert_eq!(ear.next().await, (held[0].lease.clone(), Why::Lost));
    assert_eq!(ear.next().await, (held[1].lease.clone(), Why::Lost));
    assert!(ms(since) + ROUND_MS >= LEASE_MS, "{} ms", ms(since));
}

/// A process that is lost with several in hand: none of them is charged, each is suspect and handed out alone.
async fn together(one: &dyn Engine, other: &dyn Engine) {
    let all = some(one, "together", 4).await;
    let mut member =
        Member::open(one, Share { max_in_flight: 4, grace_ms: 1, ..leasing(100, "together") }).await;
    assert_eq!(seqs(&member.take(4).await), all);
    drop(member);
    until(|| async { group(other, "together", "g").await.suspects == 4 }).await;
    assert_eq!(counts(one, "together", "g").await, [4, 0, 0, 0]);
    let seen = stand(one, &all[0].to_string(), "g").await.task;
    assert_eq!((seen.failures, seen.suspect, &seen.ends[..]), (0, true, &[End::LostTogether][..]));
    let mut next =
        Member::open(other, Share { max_in_flight: 4, grace_ms: 1, ..leasing(101, "together") }).await;
    let suspect = next.one().await;
    assert_eq!((suspect.seq, suspect.attempt), (all[0], 2));
    next.expect_quiet(one).await;
    assert!(stand(one, &suspect.id, "g").await.task.suspect);
    done(one, &suspect).await;
    let suspect = next.one().await;
    assert_eq!(suspect.seq, all[1]);
    next.expect_quiet(one).await;
    // A word clears it, whichever; lost alone it is charged.
    assert_eq!(say(one, &suspect.lease, Word::Released).await, Verdict::Ok);
    let cleared = next.one().await;
    assert_eq!((cleared.seq, cleared.attempt), (all[1], 3));
    next.expect_quiet(one).await;
    done(one, &cleared).await;
    let suspect = next.one().await;
    drop(next);
    until(|| async { counts(one, "together", "g").await[2] == 1 }).await;
    let seen = stand(one, &suspect.id, "g").await.task;
    assert_eq!(seen.failures, 1);
    assert_eq!(seen.ends, [End::LostTogether, End::Lost]);
}

/// What is told after the end, while nobody else has the task.
async fn late(one: &dyn Engine, other: &dyn Engine) {
    set(one, other, "late", |c| (c.backoff_ms, c.backoff_max_ms) = (Some(LONG_MS), Some(LONG_MS))).await;
    let all = some(one, "late", 3).await;
    let mut held = Vec::new();
    for n in 0..3 {
        // One at a time, so that none is suspect.
        let share = Share { grace_ms: 1, ..leasing(110 + n, "late") };
        let mut member = Member::open(one, share).await;
        held.push(member.one().await);
        drop(member);
        until(|| async { counts(other, "late", "g").await[2] == u64::from(n) + 1 }).await;
    }
    assert_eq!(seqs(&held), all);
    let before = everything(one, "late").await;
    for word in [Word::Failed, Word::Released, Word::Failed] {
        let told = Told { answer: Answer::text("late"), delay_ms: Some(1), ..told(&held[0].lease, word) };
        assert_eq!(tell(other, told).await, (Verdict::Ok, true), "{word:?} was counted then");
    }
    assert_eq!(everything(other, "late").await, before);
    for (n, word) in [(0, Word::Done), (1, Word::Rejected), (2, Word::Done)] {
        assert_eq!(tell(one, told(&held[n].lease, word)).await, (Verdict::Ok, true));
        assert_eq!(say(other, &held[n].lease, word).await, Verdict::Duplicate);
        assert_eq!(say(other, &held[n].lease, Word::Released).await, Verdict::Conflict);
    }
    assert_eq!(counts(one, "late", "g").await, [0, 0, 0, 1]);
    assert_eq!(group(one, "late", "g").await.done, 2);
    let seen = stand(one, &held[1].id, "g").await.task;
    assert_eq!((seen.state, seen.failures, &seen.ends[..]), (State::Dead, 1, &[End::Rejected][..]));
}

/// Losses count; done comes late even from the dead.
async fn dead(one: &dyn Engine, other: &dyn Engine) {
    set(one, other, "dead", |c| c.max_failures = Some(1)).await;
    some(one, "dead", 1).await;
    let mut member = Member::open(one, Share { grace_ms: 1, ..leasing(120, "dead") }).await;
    let held = member.one().await;
    drop(member);
    until(|| async { counts(other, "dead", "g").await[3] == 1 }).await;
    let seen = stand(one, &held.id, "g").await;
    assert_eq!((seen.task.failures, &seen.task.ends[..]), (1, &[End::Lost][..]));
    assert_eq!(tell(one, told(&held.lease, Word::Done)).await, (Verdict::Ok, true));
    assert_eq!(counts(one, "dead", "g").await, [0; 4]);
    assert_eq!(group(one, "dead", "g").await.done, 1);
}

/// A worker that was frozen past its lease, and thaws when another has the task.
async fn stale(one: &dyn Engine, other: &dyn Engine) {
    set(one, other, "stale", |c| c.backoff_ms = Some(1)).await;
    some(one, "stale", 1).await;
    let _ear = Ear::open(other, 130);
    let mut frozen = Member::open(one, leasing(130, "stale")).await;
    let first = frozen.one().await;
    let mut next = Member::open(other, leasing(131, "stale")).await;
    let second = next.one().await;
    let before = everything(one, "stale").await;
    one.heard(process(130), false);
    for word in [Word::Done, Word::Failed, Word::Released, Word::Rejected, Word::Working] {
        assert_eq!(say(one, &first.lease, word).await, Verdict::Stale);
    }
    assert_eq!(everything(other, "stale").await, before);
    done(other, &second).await;
}

/// A share with a short lease.
fn leasing(number: u8, queue: &str) -> Share {
    Share { lease_ms: Some(LEASE_MS), ..share_of(number, queue, "g") }
}

/// Makes a group, before there are tasks, and sets how it deals with failures.
async fn set(one: &dyn Engine, other: &dyn Engine, name: &str, change: impl FnOnce(&mut Change)) {
    drop(Member::open(one, share_of(255, name, "g")).await);
    let mut changed = Change::default();
    change(&mut changed);
    in_time(other.set_group(queue(name), named("g"), changed)).await.unwrap();
}

const HEARD_EVERY_MS: u64 = 250;

/// Does something while a process is heard.
async fn hearing<T>(engine: &dyn Engine, number: u8, what: impl Future<Output = T>) -> T {
    let beat = async {
        loop {
            engine.heard(process(number), false);
            pass(HEARD_EVERY_MS).await;
        }
    };
    tokio::select! {
        done = what => done,
        () = beat => unreachable!(),
    }
}

/// Lets time go by in which nothing must happen.
async fn pass(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Waits for what nobody is told of.
async fn until<F: Future<Output = bool>>(mut is_so: impl FnMut() -> F) {
    in_time(async {
        while !is_so().await {
            pass(10).await;
        }
    })
    .await;
}

fn ms(since: Instant) -> u64 {
    since.elapsed().as_millis() as u64
}
