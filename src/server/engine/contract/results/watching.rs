//! Watches of the log of results: where they begin and end, and that nothing is missed.

use futures_util::future::join_all;

use super::{
    super::{
        Fixture,
        groups::{Member, client, named, say, share_of, some},
        in_time, queue, submit, task,
    },
    Listener, all, cancel, log, own_share, results_of, some_results, timeless,
};
use crate::server::engine::{
    Error, Start,
    groups::{Share, Word},
    results::{ResultFilter, ResultView},
};

/// All results up to the last one there is now, from some place on.
fn ending(start: Start) -> ResultFilter {
    ResultFilter::Log { queue: None, group: None, store: None, start, until_empty: true }
}

pub(in super::super::super) async fn a_log_of_results_begins_where_it_is_asked_to(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let mut empty = Listener::open(&*other, log(Start::Seq(1))).await;
    let mut wanted = Vec::new();
    for n in 0..8 {
        fixture.pass(20).await;
        let settled = some_results(&*one, ["a", "b"][n % 2], 3).await;
        wanted.extend(results_of(wanted.len() as u64 + 1, &settled));
    }
    let kept = all(&*one).await;
    assert_eq!(timeless(kept.clone()), wanted);
    assert_eq!(empty.take(24).await, kept);
    let mut watches = Vec::new();
    for n in 1..=25 {
        watches.push((n, Listener::open(&*other, log(Start::Seq(n))).await));
    }
    watches.push((1, Listener::open(&*other, log(Start::First)).await));
    watches.push((25, Listener::open(&*other, log(Start::New)).await));
    for at_ms in kept.iter().flat_map(|result| [result.at_ms - 1, result.at_ms]).chain([0]) {
        let first = kept.iter().find(|result| result.at_ms >= at_ms).unwrap().n;
        watches.push((first, Listener::open(&*other, log(Start::Time(at_ms))).await));
    }
    let ahead = log(Start::Time(kept[23].at_ms + 1));
    watches.push((25, Listener::open(&*other, ahead).await));
    fixture.pass(20).await;
    wanted.extend(results_of(25, &some_results(&*one, "c", 2).await));
    for (n, mut watch) in watches {
        assert_eq!((watch.start, watch.until), (n, None));
        let left = wanted.len() - (n as usize - 1);
        assert_eq!(timeless(watch.take(left).await), wanted[n as usize - 1..]);
        watch.expect_quiet(&*one).await;
    }
}

pub(in super::super::super) async fn a_log_of_results_ends_where_it_ended_when_the_watch_began(
    fixture: impl Fixture,
) {
    let (one, other) = fixture.handles();
    // Of nothing nothing is yielded.
    for start in [Start::First, Start::New, Start::Seq(1), Start::Time(0)] {
        let mut watch = Listener::open(&*one, ending(start)).await;
        assert_eq!((watch.start, watch.until), (1, Some(0)));
        assert_eq!(watch.rest().await, Ok(Vec::new()));
    }
    let settled = some_results(&*one, "a", 20).await;
    let mut watches = Vec::new();
    for start in [Start::First, Start::Seq(7), Start::Seq(21), Start::New] {
        watches.push(Listener::open(&*other, ending(start)).await);
    }
    let of_queue = |name| ResultFilter::Log {
        queue: Some(queue(name)),
        group: None,
        store: None,
        start: Start::First,
        until_empty: true,
    };
    // What has none to show ends as well, though others go on.
    let mut none = Listener::open(&*other, of_queue("b")).await;
    some_results(&*one, "a", 5).await;
    some_results(&*one, "b", 5).await;
    for (mut watch, n) in watches.into_iter().zip([1, 7, 21, 21]) {
        assert_eq!((watch.start, watch.until), (n, Some(20)));
        assert_eq!(timeless(watch.rest().await.unwrap()), results_of(1, &settled)[n as usize - 1..]);
    }
    assert_eq!(none.rest().await, Ok(Vec::new()));
    let seen = Listener::open(&*other, of_queue("b")).await.rest().await.unwrap();
    assert!(seen.iter().map(|result| result.n).eq(26..=30));
}

pub(in super::super::super) async fn a_log_of_results_can_be_of_a_queue_or_a_group(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let filters =
        [(None, None), (Some("a"), None), (None, Some("g")), (Some("b"), Some("h")), (Some("c"), None)];
    let filter = |(name, group): (Option<&str>, Option<&str>), start, until_empty| ResultFilter::Log {
        queue: name.map(queue),
        group: group.map(named),
        store: None,
        start,
        until_empty,
    };
    let mut live = Vec::new();
    for asked in filters {
        live.push(Listener::open(&*other, filter(asked, Start::First, false)).await);
    }
    some(&*one, "a", 30).await;
    some(&*one, "b", 30).await;
    let mut told = 0;
    for round in 0..30 {
        for (number, (name, group)) in (1..).zip([("a", "g"), ("a", "h"), ("b", "g"), ("b", "h")]) {
            if (round + usize::from(number)) % 3 == 0 {
                continue;
            }
            let mut member = Member::open(&*one, share_of(number, name, group)).await;
            let held = member.one().await;
            say(&*other, &held.lease, Word::Done).await;
            told += 1;
        }
    }
    let kept = all(&*one).await;
    assert_eq!(kept.len(), told);
    for (asked, mut live) in filters.into_iter().zip(live) {
        let is_wanted = |result: &&ResultView| {
            asked.0.is_none_or(|name| result.queue == queue(name))
                && asked.1.is_none_or(|group| result.group == Some(named(group)))
        };
        let wanted: Vec<ResultView> = kept.iter().filter(is_wanted).cloned().collect();
        assert_eq!(wanted.is_empty(), asked.0 == Some("c"));
        assert_eq!(live.take(wanted.len()).await, wanted);
        live.expect_quiet(&*one).await;
        for n in [1, 2, 5, 29, told as u64 + 1] {
            let mut watch = Listener::open(&*other, filter(asked, Start::Seq(n), true)).await;
            let left: Vec<&ResultView> = wanted.iter().filter(|result| result.n >= n).collect();
            assert_eq!(watch.rest().await.unwrap().iter().collect::<Vec<_>>(), left, "{asked:?} from {n}");
        }
    }
}

pub(in super::super::super) async fn a_log_of_results_cut_again_and_again_misses_nothing(
    mut fixture: impl Fixture,
) {
    let (one, _) = fixture.handles();
    let mut settled = some_results(&*one, "a", 300).await;
    let mut seen: Vec<ResultView> = Vec::new();
    let mut cuts = 0;
    while seen.len() < 600 {
        if seen.len() >= 150 && settled.len() == 300 {
            fixture.close().await;
            fixture.open().await;
            settled.extend(some_results(&*fixture.handles().0, "a", 300).await);
        }
        let (one, other) = fixture.handles();
        let handle = if cuts % 2 == 0 { one } else { other };
        cuts += 1;
        let filter = ResultFilter::Log {
            queue: None,
            group: None,
            store: Some(handle.store_id().to_owned()),
            start: Start::Seq(seen.len() as u64 + 1),
            until_empty: false,
        };
        let mut watch = Listener::open(&*handle, filter).await;
        // Cut in the midst of what comes at one time.
        let run = watch.run().await.unwrap().unwrap();
        seen.extend(run.into_iter().take(1 + cuts % 7));
    }
    assert_eq!(timeless(seen), results_of(1, &settled));
}

pub(in super::super::super) async fn no_result_is_missed_while_others_settle(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let settles = [("a", 1), ("a", 2), ("b", 3), ("b", 4)].map(|(name, number)| {
        let one = one.clone();
        tokio::spawn(async move {
            let mut member = Member::open(&*one, share_of(number, name, &format!("g{number}"))).await;
            for _ in 0..60 {
                some(&*one, name, 1).await;
                let held = member.one().await;
                say(&*one, &held.lease, Word::Done).await;
            }
        })
    });
    let mut watches: Vec<Listener> = Vec::new();
    let mut settles = Box::pin(join_all(settles));
    let mut is_over = false;
    while !is_over {
        // One from each place where the log ended meanwhile, and one from the first beside it.
        let watch = Listener::open(&*other, log(Start::New)).await;
        if watches.last().is_none_or(|last| last.start != watch.start) {
            watches.push(Listener::open(&*other, log(Start::First)).await);
            watches.push(watch);
        }
        is_over = futures_util::FutureExt::now_or_never(&mut settles).is_some();
        tokio::task::yield_now().await;
    }
    let kept = all(&*other).await;
    assert_eq!(kept.len(), 240);
    assert!(kept.iter().map(|result| result.n).eq(1..=240));
    for mut watch in watches {
        let left = &kept[watch.start as usize - 1..];
        assert_eq!(watch.take(left.len()).await, left);
        watch.expect_quiet(&*one).await;
    }
}

pub(in super::super::super) async fn places_of_results_that_are_not_there_are_refused(
    mut fixture: impl Fixture,
) {
    let (one, other) = fixture.handles();
    let settled = some_results(&*one, "a", 5).await;
    let from = |store: &str, start| ResultFilter::Log {
        queue: Some(queue("b")),
        group: None,
        store: Some(store.to_owned()),
        start,
        until_empty: false,
    };
    let store = one.store_id().to_owned();
    for asked in [7, 8, u64::MAX] {
        let refused = Listener::try_open(&*other, from(&store, Start::Seq(asked))).await.err();
        assert_eq!(refused, Some(Error::ResultsFuture { asked, next_n: 6 }));
    }
    for start in [Start::First, Start::New, Start::Seq(6), Start::Seq(99)] {
        let refused = Listener::try_open(&*other, from("another", start)).await.err();
        let wanted = Error::OtherStore { asked: "another".to_owned(), store: store.clone() };
        assert_eq!(refused, Some(wanted));
    }
    Listener::open(&*other, from(&store, Start::Seq(6))).await;
    // Once nothing is kept that they are about, they are no longer kept, and that is said.
    let mut behind = Listener::open(&*other, log(Start::First)).await;
    fixture.outlive_all().await;
    in_time(async {
        while Listener::open(&*other, log(Start::First)).await.start == 1 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
    for _ in 0..2 {
        let (one, other) = fixture.handles();
        for asked in 1..=5 {
            let refused = Listener::try_open(&*other, log(Start::Seq(asked))).await.err();
            assert_eq!(refused, Some(Error::ResultsTrimmed { asked, first_n: 6 }));
        }
        assert_eq!(all(&*one).await, []);
        assert_eq!(Listener::open(&*other, log(Start::Seq(6))).await.start, 6);
        assert_eq!(Listener::open(&*other, log(Start::First)).await.start, 6);
        assert_eq!(Listener::open(&*other, log(Start::Time(0))).await.start, 6);
        fixture.close().await;
        // Whoever was behind has what was read for it, or is told: never a silent gap.
        match behind.rest().await {
            Ok(_) => panic!("it has no end"),
            Err(Error::Stopped | Error::ResultsTrimmed { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
        fixture.open().await;
        behind = Listener::open(&*fixture.handles().0, log(Start::First)).await;
    }
    let (one, other) = fixture.handles();
    drop(settled);
    let again = some_results(&*one, "a", 1).await;
    assert_eq!(timeless(all(&*other).await), results_of(6, &again));
}

pub(in super::super::super) async fn the_end_of_the_engine_ends_watches_of_results(
    mut fixture: impl Fixture,
) {
    for _ in 0..3 {
        let (one, other) = fixture.handles();
        some_results(&*one, "a", 3).await;
        let seqs = some(&*one, "a", 1).await;
        let waiting = Listener::open(&*other, log(Start::New)).await;
        let of_one = Listener::open(&*other, super::of(&[seqs[0].to_string()])).await;
        fixture.close().await;
        for mut watch in [waiting, of_one] {
            assert_eq!(watch.next().await, Some(Err(Error::Stopped)));
            assert_eq!(watch.next().await, None);
        }
        for handle in [one, other] {
            for filter in [log(Start::First), super::of(&["1"])] {
                assert_eq!(Listener::try_open(&*handle, filter).await.err(), Some(Error::Stopped));
            }
        }
        fixture.open().await;
        let (one, _) = fixture.handles();
        // It would be handed out to the next.
        assert_eq!(cancel(&*one, &[&seqs[0].to_string()]).await.len(), 1);
    }
}

pub(in super::super::super) async fn who_does_not_read_results_delays_nobody_and_misses_nothing(
    fixture: impl Fixture,
) {
    let (one, other) = fixture.handles();
    let mut stalled = Vec::new();
    for _ in 0..5 {
        stalled.push(Listener::open(&*other, log(Start::First)).await);
    }
    let mut reading = Listener::open(&*other, log(Start::First)).await;
    let mut member = Member::open(&*one, Share { max_in_flight: 40, ..own_share(1, "a") }).await;
    let mut kept = Vec::new();
    let text = "z".repeat(20_000);
    for _ in 0..20 {
        submit(&*one, (0..40).map(|n| task("a", n.to_string())).collect()).await;
        for held in member.take(40).await {
            super::settle(&*one, &held, Word::Done, &text).await;
        }
        kept.extend(reading.take(40).await);
    }
    assert!(kept.iter().all(|result| result.client == Some(client(1)) && result.answer.ret == text));
    for mut watch in stalled {
        let seen = watch.take(kept.len()).await;
        assert!(seen == kept, "what was read late is not what was told");
        watch.expect_quiet(&*one).await;
    }
}
