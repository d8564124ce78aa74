//! Groups over a store that refuses, stalls and comes back: what the disk does to those who share.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt, stream::BoxStream};
use prost::Message;

use super::{Bed, NO_TAIL, TAIL, until};
use crate::server::engine::contract::nobody;
use crate::server::engine::presence::Who;
use crate::server::engine::results::Answer;
use crate::{
    name::GroupName,
    pb,
    server::engine::{
        Accepted, Engine, Error, NewTask, Position, Start,
        contract::{Fixture, in_time, own, queue, submit, submit_any, task},
        embedded::store::StoreError,
        frames::split,
        groups::{GroupFilter, Notice, Share, Sharing, Told, Verdict, What, Word},
    },
};

/// A share of one queue, by a process of its own.
fn share_of(name: &str, instance: u8, max_in_flight: u32) -> Share {
    Share {
        queues: vec![Position { queue: queue(name), start: Start::First, until_seq: None }],
        store: None,
        group: GroupName::parse("ci").unwrap(),
        who: Who { instance: [instance; 16], ..nobody() },
        have: Vec::new(),
        max_in_flight,
        lease_ms: None,
        max_hold_ms: 3_600_000,
        grace_ms: 20_000,
        max: None,
        until_empty: false,
    }
}

/// Reads what a share is handed.
struct Member {
    frames: BoxStream<'static, Result<bytes::Bytes, Error>>,
}

impl Member {
    async fn open(engine: &dyn Engine, share: Share) -> Self {
        Self::of(in_time(engine.share(share)).await.unwrap())
    }

    fn of(sharing: Sharing) -> Self {
        Member { frames: sharing.frames }
    }

    /// The next tasks, at least `count`.
    async fn take(&mut self, count: usize) -> Vec<pb::ServerMsg> {
        let mut tasks = Vec::new();
        while tasks.len() < count {
            let bytes = in_time(self.frames.next()).await.unwrap().unwrap();
            tasks.extend(split(&bytes).map(|frame| pb::ServerMsg::decode(&frame[5..]).unwrap()));
        }
        tasks
    }
}

async fn tell(engine: &dyn Engine, lease: &str, word: Word) -> (Verdict, bool) {
    let what = What::Lease(lease.to_owned());
    let told = Told { what, word, delay_ms: None, answer: Answer::default(), client: None };
    let judged = in_time(engine.tell(vec![told])).await.unwrap();
    (judged[0].verdict, judged[0].late)
}

#[tokio::test]
async fn a_purge_over_whole_pages_leaves_no_lease_behind_on_disk() {
    for mut bed in [Bed::memory(TAIL), Bed::sqlite(TAIL), Bed::sqlite(NO_TAIL)] {
        // What is not purged keeps the log from being trimmed.
        submit(&bed.engine(), vec![task("kept", "x")]).await;
        submit(&bed.engine(), (0..3000).map(|n| task("a", format!("{n}"))).collect()).await;
        let mut member = Member::open(&bed.engine(), share_of("a", 1, 10)).await;
        member.take(10).await;
        drop(member);
        bed.reopen().await;
        let engine = bed.engine();
        let purged = in_time(engine.purge(queue("a"), None)).await.unwrap();
        assert_eq!((purged.tasks, purged.leases), (3000, 10));
        for _ in 0..2 {
            bed.reopen().await;
        }
    }
}

#[tokio::test]
async fn an_id_is_taken_while_its_delayed_task_enters_the_log() {
    for bed in [Bed::memory(TAIL), Bed::sqlite(NO_TAIL)] {
        let engine = bed.engine();
        let named = |text: &str, delay_ms| NewTask { id: own("mine"), delay_ms, ..task("a", text) };
        submit_any(&engine, vec![named("x", 1000)]).await;
        bed.set_clock(super::BEGIN_MS + 1001);
        // The batch that takes this in is the one that lets the delayed task into the log.
        let again = submit_any(&engine, vec![named("x", 0), named("other", 0)]).await;
        assert_eq!(again[0], Ok(Accepted { seq: 1, delayed: None, duplicate: true }));
        assert!(again[1].is_err(), "{again:?}");
        assert_eq!(engine.tasks_kept(), 1);
    }
}

#[tokio::test]
async fn shares_end_with_the_engine() {
    let mut bed = Bed::memory(TAIL);
    let engine = bed.engine();
    let mut member = Member::open(&engine, share_of("a", 1, 10)).await;
    assert!(member.frames.next().now_or_never().is_none());
    bed.close().await;
    assert_eq!(in_time(member.frames.next()).await.unwrap(), Err(Error::Stopped));
    assert!(in_time(member.frames.next()).await.is_none());

    bed.open().await;
    let engine = bed.engine();
    let mut member = Member::open(&engine, share_of("a", 1, 10)).await;
    bed.memory_store().disk().faults.push_back(Some(StoreError::Failed("EIO".to_owned())));
    let failed = Error::Failed("EIO".to_owned());
    assert_eq!(in_time(engine.tell(Vec::new())).await.map(drop), Ok(()));
    let submitted = in_time(engine.submit(vec![task("a", "x")])).await.unwrap().await;
    assert_eq!(submitted.unwrap_err(), failed);
    assert_eq!(in_time(member.frames.next()).await.unwrap(), Err(failed));
}

#[tokio::test]
async fn a_delayed_task_that_finds_no_room_is_tried_again_at_leisure() {
    let (bed, gate) = Bed::held();
    let engine = bed.engine();
    submit_any(&engine, vec![NewTask { delay_ms: 1000, ..task("a", "x") }]).await;
    let full = || Some(StoreError::Full("no room".to_owned()));
    bed.memory_store().disk().faults.extend((0..100_000).map(|_| full()));
    bed.set_clock(super::BEGIN_MS + 1001);
    let before = gate.state().appends;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let tries = gate.state().appends - before;
    assert!((1..=5).contains(&tries), "{tries} tries in 1.5 s");
    bed.memory_store().disk().faults.clear();
    until(|| engine.tasks_kept() == 1).await;
}

#[tokio::test]
async fn a_sign_of_life_that_came_in_time_counts_though_the_disk_was_slow() {
    let (bed, gate) = Bed::held();
    let engine = bed.engine();
    submit(&engine, vec![task("a", "x")]).await;
    let mut attendance = engine.attend(Who { instance: [1; 16], ..nobody() });
    let mut member = Member::open(&engine, Share { lease_ms: Some(1000), ..share_of("a", 1, 1) }).await;
    let lease = member.take(1).await.remove(0).lease;
    gate.set_shut(true);
    let stuck = tokio::spawn({
        let engine = engine.clone();
        async move { submit(&engine, vec![task("b", "x")]).await }
    });
    for _ in 0..15 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        engine.heard([1; 16], false);
    }
    gate.set_shut(false);
    in_time(stuck).await.unwrap();
    assert_eq!(tell(&engine, &lease, Word::Working).await, (Verdict::Ok, false));
    let notice: Option<Option<Notice>> = attendance.notices.next().now_or_never();
    assert_eq!(notice, None);
}

#[tokio::test]
async fn who_leaves_far_too_much_unread_is_told_no_more() {
    let bed = Bed::memory(TAIL);
    let engine = bed.engine();
    let mut attendance = engine.attend(Who { instance: [1; 16], ..nobody() });
    for name in ["a", "b", "c", "d", "e"] {
        submit(&engine, (0..10_000).map(|_| task(name, "x")).collect()).await;
        let mut member = Member::open(&engine, share_of(name, 1, 10_000)).await;
        let told = member.take(10_000).await.into_iter().map(|task| Told {
            what: What::Lease(task.lease),
            word: Word::Done,
            delay_ms: None,
            answer: Answer::default(),
            client: None,
        });
        let judged = in_time(engine.tell(told.collect())).await.unwrap();
        assert!(judged.iter().all(|judged| judged.verdict == Verdict::Ok));
    }
    let mut read = 0;
    while in_time(attendance.notices.next()).await.is_some() {
        read += 1;
    }
    assert!((40_000..=40_100).contains(&read), "{read}");
}

#[tokio::test]
async fn a_share_that_is_never_read_ends_once_far_too_much_waits_for_it() {
    let bed = Bed::memory(TAIL);
    let engine = bed.engine();
    let seqs = submit(&engine, (0..40_000).map(|_| task("a", "x")).collect()).await;
    let mut unread = Member::open(&engine, share_of("a", 1, 10_000)).await;
    // What it was handed ends without it, and it is handed more.
    for round in seqs.chunks(10_000).take(3) {
        until_in_hand(&engine, |leased, _| leased == 10_000).await;
        let ids = round.iter().map(|seq| crate::name::TaskId::parse(&seq.to_string()).unwrap());
        let judged = in_time(engine.cancel(ids.collect())).await.unwrap();
        assert!(judged.iter().all(|judged| judged.verdict == Verdict::Ok));
    }
    until_in_hand(&engine, |_, members| members == 0).await;
    let end = loop {
        if let Err(error) = in_time(unread.frames.next()).await.unwrap() {
            break error;
        }
    };
    assert_eq!(end, Error::SlowReader);
    // Others are not kept waiting by it.
    let mut other = Member::open(&engine, share_of("a", 2, 10)).await;
    submit(&engine, vec![task("a", "y")]).await;
    assert!(!other.take(1).await.is_empty());
}

/// Waits until as many tasks of the one group are leased, and as many watches take its tasks, as they shall be.
async fn until_in_hand(engine: &dyn Engine, is_so: impl Fn(u64, u64) -> bool) {
    in_time(async {
        loop {
            let filter = GroupFilter { queue: None, group: None, after: None, limit: 9 };
            let group = engine.groups(filter).await.unwrap().items.remove(0);
            if is_so(group.leased, group.members) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_group_that_begins_at_a_time_begins_after_what_was_purged() {
    for bed in [Bed::memory(TAIL), Bed::sqlite(NO_TAIL)] {
        let engine = bed.engine();
        submit(&engine, vec![task("kept", "x"), task("a", "x"), task("a", "y"), task("kept", "y")]).await;
        in_time(engine.purge(queue("a"), None)).await.unwrap();
        submit(&engine, vec![task("a", "z")]).await;
        let mut share = share_of("a", 1, 1);
        share.queues[0].start = Start::Time(0);
        let sharing = in_time(engine.share(share)).await.unwrap();
        assert_eq!(sharing.start, [4]);
        assert_eq!(Member::of(sharing).take(1).await[0].task, "z");
    }
}

#[tokio::test]
async fn what_lies_before_a_task_is_counted_over_cut_chunks() {
    for bed in [Bed::memory(NO_TAIL), Bed::sqlite(TAIL), Bed::sqlite(NO_TAIL)] {
        let engine = bed.engine();
        for _ in 0..6 {
            submit(&engine, ["a", "b", "a", "a", "b"].map(|name| task(name, "x")).into()).await;
        }
        let of_a = |seq: &u64| [1, 3, 4].contains(&(seq % 5));
        for start in 1..=30 {
            let mut share = share_of("a", 1, 1);
            share.group = GroupName::parse(&format!("g{start}")).unwrap();
            share.queues[0].start = Start::Seq(start);
            // None of them is handed out: the watch has ended before.
            drop(in_time(engine.share(Share { max: Some(0), ..share })).await.unwrap());
        }
        for seq in (1..=30).filter(of_a) {
            let id = crate::name::TaskId::parse(&seq.to_string()).unwrap();
            let explained = in_time(engine.explain(id)).await.unwrap().unwrap();
            for group in explained.groups {
                let start: u64 = group.task.group.unwrap().as_str()[1..].parse().unwrap();
                let before = (start..seq).filter(of_a).count() as u64;
                assert_eq!(group.before, before, "from {start} to {seq}");
            }
        }
    }
}

#[tokio::test]
async fn a_roll_call_without_a_watch_does_not_pile_up() {
    for mut bed in [Bed::memory(TAIL), Bed::sqlite(NO_TAIL)] {
        let client = crate::name::ClientName::parse("w1").unwrap();
        let seen = async |bed: &Bed| {
            let filter = GroupFilter { queue: None, group: None, after: None, limit: 9 };
            in_time(bed.engine().groups(filter)).await.unwrap().items.remove(0)
        };
        let seqs = submit(&bed.engine(), (0..5000).map(|_| task("a", "x")).collect()).await;
        for seqs in seqs[1..].chunks(100) {
            let told = seqs.iter().map(|seq| Told {
                what: What::Id(crate::name::TaskId::parse(&seq.to_string()).unwrap()),
                word: Word::Done,
                delay_ms: None,
                answer: Answer::default(),
                client: Some(client.clone()),
            });
            in_time(bed.engine().tell(told.collect())).await.unwrap();
        }
        assert_eq!(seen(&bed).await.next_seq, 1, "the first one is to be done");
        let told = Told {
            what: What::Id(crate::name::TaskId::parse("1").unwrap()),
            word: Word::Done,
            delay_ms: None,
            answer: Answer::default(),
            client: Some(client.clone()),
        };
        in_time(bed.engine().tell(vec![told])).await.unwrap();
        for _ in 0..2 {
            // What is on disk only is read a little at a time.
            let group = in_time(async {
                loop {
                    let group = seen(&bed).await;
                    if group.next_seq > 4000 {
                        break group;
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
            })
            .await;
            assert_eq!((group.done, group.ready), (5000, 0));
            bed.reopen().await;
        }
    }
}
