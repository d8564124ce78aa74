//! A group far behind: its tasks are read from the disk, a little at a time.

use super::*;
use crate::server::engine::contract::Reader;

const TASKS: usize = 100_000;

#[tokio::test]
async fn a_group_far_behind_is_handed_everything_once_and_in_order() {
    let bed = Bed::sqlite(NO_TAIL);
    let engine = bed.engine();
    let mut all = Vec::new();
    for _ in 0..TASKS / 5000 {
        let batch = (0..6000).map(|n| task(if n % 6 == 5 { "b" } else { "a" }, "x"));
        let seqs = submit(&engine, batch.collect()).await;
        all.extend(seqs.into_iter().enumerate().filter(|(n, _)| n % 6 != 5).map(|(_, seq)| seq));
    }
    let work = (1..=4).map(|n| {
        let engine = engine.clone();
        async move {
            let share = Share { max_in_flight: 1000, until_empty: true, ..share_of(n, "a", "g") };
            let mut member = Member::open(&engine, share).await;
            let mut got = Vec::new();
            while let Some(leased) = member.next().await {
                // Whatever is there is settled together.
                let mut batch = vec![leased.unwrap()];
                batch.extend(member.ready());
                let told = batch.iter().map(|leased| told(&leased.lease, Word::Done)).collect();
                let judged = in_time(engine.tell(told)).await.unwrap();
                assert!(judged.iter().all(|j| j.verdict == Verdict::Ok));
                got.extend(batch.iter().map(|leased| leased.seq));
            }
            got
        }
    });
    let watch = async { Reader::open(&engine, "a", Start::First).await.take(TASKS).await };
    let (got, watched) = tokio::join!(join_all(work), watch);
    assert!(watched.iter().map(|t| t.seq).eq(all.iter().copied()));
    assert!(got.iter().all(|seqs| seqs.is_sorted()));
    let mut got = got.concat();
    got.sort_unstable();
    assert!(got == all, "{} of {}", got.len(), all.len());
    let view = group(&engine, "a", "g").await;
    assert_eq!((view.done, view.ready, view.leased), (TASKS as u64, 0, 0));
}
