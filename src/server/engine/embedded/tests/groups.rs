//! What the embedded engine keeps of groups: over restarts and crashes, when the disk refuses, when it is damaged.

use futures_util::future::join_all;

use super::{Bed, NO_TAIL, TAIL, at_rest, until};
use crate::server::engine::results::Answer;
use crate::server::engine::{
    Engine, NewTask, Start,
    contract::{
        Fixture,
        groups::{
            LONG_MS, Leased, Member, counts, done, everything, group, id, named, process, say, share_from,
            share_of, some, stand, tell, told, told_by_id,
        },
        in_time, own, queue, submit, submit_any, task,
    },
    embedded::Embedded,
    groups::{Change, Share, Told, Verdict, Word},
};

mod backlog;
mod damage;
mod refusals;
mod restarts;
mod room;
mod turns;

/// A group with something in every state.
struct Stage {
    /// Whatever was handed out and has not been settled, by its seq.
    leased: Vec<Leased>,
    /// Attempts that were ended by a word, and the word.
    ended: Vec<(Leased, Word)>,
    seqs: Vec<u64>,
}

/// Makes a [`Stage`] in queue `a` and group `g`, and leaves it alone.
async fn stage(engine: &Embedded) -> Stage {
    drop(Member::open(engine, share_of(1, "a", "g")).await);
    set(engine, |change| {
        change.max_failures = Some(3);
        change.backoff_ms = Some(1);
        change.lease_ms = Some(LONG_MS);
    })
    .await;
    let seqs = some(engine, "a", 14).await;
    let mut ended = Vec::new();
    // Two that are lost together: suspects both.
    let short = Share { max_in_flight: 2, grace_ms: 1, ..share_of(2, "a", "g") };
    let mut lost = Member::open(engine, short).await;
    assert_eq!(lost.take(2).await.len(), 2);
    drop(lost);
    until_async(async || group(engine, "a", "g").await.suspects == 2).await;
    let mut member = Member::open(engine, share_of(1, "a", "g")).await;
    // The first suspect is let go of for later, the second is done.
    for (word, delay_ms) in [(Word::Released, Some(LONG_MS)), (Word::Done, None)] {
        let leased = member.one().await;
        assert_eq!(leased.attempt, 2);
        assert_eq!(tell(engine, Told { delay_ms, ..told(&leased.lease, word) }).await.0, Verdict::Ok);
        ended.push((leased, word));
    }
    // One that fails for good, by its third attempt.
    for _ in 0..3 {
        let leased = member.one().await;
        assert_eq!(leased.seq, seqs[2]);
        let failed =
            Told { answer: Answer::text("no"), delay_ms: Some(0), ..told(&leased.lease, Word::Failed) };
        assert_eq!(tell(engine, failed).await.0, Verdict::Ok);
        ended.push((leased, Word::Failed));
    }
    for (word, delay_ms) in [(Word::Rejected, None), (Word::Failed, Some(LONG_MS)), (Word::Done, None)] {
        let leased = member.one().await;
        assert_eq!(tell(engine, Told { delay_ms, ..told(&leased.lease, word) }).await.0, Verdict::Ok);
        ended.push((leased, word));
    }
    drop(member);
    let mut member = Member::open(engine, Share { max_in_flight: 3, ..share_of(1, "a", "g") }).await;
    let mut leased = member.take(3).await;
    assert_eq!(say(engine, &leased[0].lease, Word::Released).await, Verdict::Ok);
    ended.push((leased.remove(0), Word::Released));
    leased.push(member.one().await);
    // Two suspects that wait to be handed out alone.
    let short = Share { max_in_flight: 2, grace_ms: 1, ..share_of(3, "a", "g") };
    let mut lost = Member::open(engine, short).await;
    assert_eq!(lost.take(2).await.len(), 2);
    set(engine, |change| change.paused = Some(true)).await;
    drop((lost, member));
    until_async(async || group(engine, "a", "g").await.suspects == 2).await;
    // One ahead of the group is cancelled, and one that has been done.
    let ids = [seqs[1], seqs[12]].map(|seq| id(&seq.to_string()));
    assert!(in_time(engine.cancel(ids.into())).await.unwrap().iter().all(|j| j.verdict == Verdict::Ok));
    for (n, word) in [(0, Word::Done), (5, Word::Received), (13, Word::Done)] {
        let note = told_by_id(&seqs[n].to_string(), word, Some(8));
        assert_eq!(tell(engine, note).await.0, Verdict::Noted);
    }
    let delayed = NewTask { delay_ms: LONG_MS, ..task("a", "later") };
    submit_any(engine, vec![NewTask { id: own("later"), ..delayed.clone() }, delayed]).await;
    assert_eq!(group(engine, "a", "g").await.members, 0);
    Stage { leased, ended, seqs }
}

impl Stage {
    /// The verdicts are what they must be, and then every lease is settled.
    async fn expect_verdicts(&self, engine: &Embedded) {
        for (leased, word) in &self.ended {
            assert_eq!(say(engine, &leased.lease, *word).await, Verdict::Duplicate);
            let other = if *word == Word::Done { Word::Failed } else { Word::Done };
            assert_eq!(say(engine, &leased.lease, other).await, Verdict::Conflict);
        }
        for leased in &self.leased {
            done(engine, leased).await;
            assert_eq!(say(engine, &leased.lease, Word::Done).await, Verdict::Duplicate);
        }
    }
}

async fn set(engine: &dyn Engine, change: impl FnOnce(&mut Change)) {
    let mut changed = Change::default();
    change(&mut changed);
    in_time(engine.set_group(queue("a"), named("g"), changed)).await.unwrap();
}

async fn until_async(mut is_so: impl AsyncFnMut() -> bool) {
    in_time(async {
        while !is_so().await {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// All beds that outlive their engines.
fn beds() -> [Bed; 4] {
    [Bed::memory(TAIL), Bed::memory(NO_TAIL), Bed::sqlite(TAIL), Bed::sqlite(NO_TAIL)]
}
