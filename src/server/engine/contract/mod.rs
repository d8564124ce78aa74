//! The engine contract as a test suite: each function is a promise, and what keeps tasks must keep them all. Here
//! are those about the log and who watches it; the others are in the modules below.
//!
//! ```text
//!     one handle ───► submit ──► ┌────────┐
//!                                │ engine │   closed and opened again in between
//!   other handle ◄─── watch ◄─── └────────┘
//! ```
//!
//! It knows nothing of any engine: a [`Fixture`] opens one, and [`hold_to_contract`] makes the tests.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::Arc,
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::join_all, stream::BoxStream};

pub(super) mod groups;
pub(super) mod presence;
pub(super) mod reach;
pub(super) mod results;

use super::{
    Accepted, Engine, Error, Frames, Labels, NewTask, Position, Refused, RetryKey, STATUS_BYTES_KEPT, Start,
    Watch,
    groups::{Told, Verdict, What, Word},
};
use crate::server::engine::presence::Who;
use crate::server::engine::results::Answer;
use crate::{
    name::{ClientName, OwnId, QueueName, TaskId},
    wire::TASK_BYTES_MAX,
};

/// An engine of some kind, as the suite handles it. It is open when it is made.
pub(super) trait Fixture {
    /// Two handles of the engine that is open.
    fn handles(&self) -> (Arc<dyn Engine>, Arc<dyn Engine>);

    /// Ends the engine.
    async fn close(&mut self);

    /// Opens the engine over what the one before has kept.
    async fn open(&mut self);

    /// Lets so much time go by that the next task bears a later one, in milliseconds.
    async fn pass(&self, ms: u64);

    /// Lets so much time go by that no task of now is kept, and waits until it is so.
    async fn outlive_all(&self);
}

/// Makes a test of each promise, for the fixture that the expression makes.
macro_rules! hold_to_contract {
    ($fixture:expr) => {
        $crate::server::engine::contract::hold_to_contract! { $fixture =>
            what_is_watched_is_what_was_submitted
            every_task_comes_once_and_in_order_from_the_first
            from_a_seq_the_task_of_that_seq_comes_first
            from_new_only_later_tasks_come
            from_new_nothing_is_missed_while_others_submit
            from_a_time_the_first_task_of_then_or_later_comes_first
            several_queues_come_each_whole_and_in_order
            several_watchers_see_the_same
            a_watch_cut_again_and_again_misses_nothing
            big_tasks_and_big_batches_come_whole
            thousands_of_queues_are_kept_apart
            a_queue_that_does_not_exist_yet_can_be_watched
            a_watcher_that_stops_reading_delays_nobody_and_misses_nothing
            until_empty_is_pinned_when_the_watch_begins
            until_seq_is_inclusive
            what_is_trimmed_is_said
            a_position_beyond_the_next_is_refused
            positions_of_another_store_are_refused
            the_same_id_and_content_is_one_task
            the_same_id_with_other_content_is_refused
            an_id_can_be_used_again_once_its_task_is_trimmed
            a_resend_is_one_task
            seqs_grow_over_restarts
            seqs_grow_after_everything_was_trimmed
            known_ids_are_those_of_kept_tasks
            a_restart_keeps_everything
            the_last_status_is_known_to_every_handle
            a_dropped_submit_still_has_its_effect
            what_was_answered_before_the_end_is_kept
            after_the_end_calls_and_watches_fail
        }
        $crate::server::engine::contract::hold_to_contract! { $fixture => in groups::sharing:
            each_task_goes_to_one_member_in_order
            queues_come_in_the_order_named
            a_member_holds_no_more_than_it_asked_for
            a_new_group_begins_where_it_is_asked_to
            a_group_of_a_queue_that_does_not_exist_yet_waits
            groups_are_independent
            a_task_wakes_one_of_a_thousand_members
            max_counts_what_is_handed_out
            until_empty_waits_for_what_may_come_back_to_it
            the_same_watch_again_replaces_the_older
            who_wants_nothing_more_is_given_nothing
            a_paused_group_hands_out_nothing
            settings_are_kept_and_used
            what_has_expired_is_not_handed_out
            a_delayed_task_enters_when_it_is_due
            a_clients_own_group_is_its_roll_call
            a_backlog_is_handed_out_once_and_in_order
            the_end_of_the_engine_ends_shares_and_notices
        }
        $crate::server::engine::contract::hold_to_contract! { $fixture => in groups::settling:
            any_process_with_the_token_settles
            what_is_handed_over_first_is_judged_first
            attempts_that_a_word_ended_are_remembered
            each_word_does_what_it_says
            failures_end_in_death_and_redriving_begins_anew
            a_token_that_is_not_ours_is_unknown
            a_stale_word_changes_nothing
            what_was_cancelled_since_is_a_conflict
            what_is_trimmed_is_unknown
        }
        $crate::server::engine::contract::hold_to_contract! { $fixture => in groups::losing:
            leases_end_when_they_must_and_not_before
        }
        $crate::server::engine::contract::hold_to_contract! { $fixture => in groups::repairing:
            a_cancelled_task_ends_for_all_groups
            what_is_purged_is_gone_for_everyone
        }
        $crate::server::engine::contract::hold_to_contract! { $fixture => in groups::looking:
            queues_are_listed_in_pages
            groups_are_listed_in_pages
            a_group_is_counted
            tasks_are_listed_by_their_state
            tasks_are_listed_in_pages
            it_is_explained_why_a_task_waits
        }
        $crate::server::engine::contract::hold_to_contract! { $fixture => in results::telling:
            each_settlement_is_one_result_in_the_order_taken
            a_result_says_when_it_was_taken
            an_answer_comes_back_byte_for_byte
            what_changes_nothing_is_no_result
            what_a_client_says_of_an_id_is_a_result_of_its_own_group
        }
        $crate::server::engine::contract::hold_to_contract! { $fixture => in results::ending:
            a_task_that_dies_without_a_word_is_a_result
            a_cancelled_task_has_one_record_for_all_groups
            a_result_of_an_own_group_is_one_like_any_other
            results_are_gone_with_their_purged_task
        }
        $crate::server::engine::contract::hold_to_contract! { $fixture => in results::watching:
            a_log_of_results_begins_where_it_is_asked_to
            a_log_of_results_ends_where_it_ended_when_the_watch_began
            a_log_of_results_can_be_of_a_queue_or_a_group
            a_log_of_results_cut_again_and_again_misses_nothing
            no_result_is_missed_while_others_settle
            places_of_results_that_are_not_there_are_refused
            the_end_of_the_engine_ends_watches_of_results
            who_does_not_read_results_delays_nobody_and_misses_nothing
        }
        $crate::server::engine::contract::hold_to_contract! { $fixture => in results::waiting:
            who_waits_for_a_task_is_told_all_of_it_and_nothing_else
            who_waits_for_a_delayed_task_is_told_once_it_is_done
            waiting_ends_once_a_task_has_ended_for_all
            a_task_that_had_expired_unseen_is_waited_for_no_longer
            waiting_for_what_is_no_task_is_refused_by_its_names
            a_thousand_wait_for_a_task_each
            who_waits_while_a_task_is_settled_is_told_once
        }
        $crate::server::engine::contract::hold_to_contract! { $fixture => in results::history:
            random_results_are_as_a_list_would_have_them
        }
        $crate::server::engine::contract::hold_to_contract! { $fixture => in presence::listing:
            who_is_there_is_listed_with_what_it_does
            several_processes_of_a_client_are_told_apart
            a_process_is_gone_when_its_last_stream_closes
            health_is_what_the_streams_say
            tasks_in_hand_are_counted_also_of_who_is_away
            what_was_last_reported_is_listed
            a_process_without_a_name_is_in_no_list
            clients_are_listed_in_pages
            clients_are_remembered_for_seven_days
        }
        $crate::server::engine::contract::hold_to_contract! { $fixture => in presence::events:
            a_watch_of_clients_begins_with_who_is_there
            who_comes_goes_and_reports_is_told_once_and_in_order
            a_watch_of_one_client_is_told_of_no_other
            nothing_is_missed_while_others_come_and_go
            the_end_of_the_engine_ends_watches_of_clients
        }
        $crate::server::engine::contract::hold_to_contract! { $fixture => in presence::rolls:
            the_roll_is_called_of_clients_with_groups_of_their_own
            the_roll_is_called_of_who_watches_all_and_tells_by_id
            the_roll_is_called_of_the_members_of_a_group
            the_roll_is_called_of_who_is_named
            without_names_the_roll_is_called_of_who_has_to_do_with_it
            the_roll_of_a_delayed_task_is_silent
            the_roll_of_what_is_no_task_is_refused
        }
        $crate::server::engine::contract::hold_to_contract! { $fixture => in reach::leases:
            a_lease_is_of_whom_it_was_handed_to
            what_a_process_is_told_is_the_lease_that_it_has
            a_lease_of_a_queue_outside_is_unknown
            of_an_inbox_its_owner_tells
        }
        $crate::server::engine::contract::hold_to_contract! { $fixture => in reach::ids:
            a_task_outside_is_no_task
            a_task_outside_is_none_from_the_moment_it_comes
            an_id_that_is_taken_outside_says_no_more
        }
        $crate::server::engine::contract::hold_to_contract! { $fixture => in reach::lists:
            lists_have_what_is_within
            the_log_of_results_has_what_is_within
            of_clients_watches_outside_are_left_out
        }
    };
    ($fixture:expr => $($promise:ident)*) => {
        $(#[tokio::test]
        async fn $promise() {
            $crate::server::engine::contract::$promise($fixture).await;
        })*
    };
    ($fixture:expr => in $folder:ident::$module:ident: $($promise:ident)*) => {
        $(#[tokio::test]
        async fn $promise() {
            $crate::server::engine::contract::$folder::$module::$promise($fixture).await;
        })*
    };
}
pub(super) use hold_to_contract;

pub(super) async fn what_is_watched_is_what_was_submitted(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    let labels: Labels = [("a", ""), ("zone", "eu")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let tasks = vec![
        NewTask { labels: labels.clone(), id: own("deploy/web-3:42"), ..task("@kiosk", "任务:123\n\0") },
        task("@kiosk", "x"),
    ];
    let seqs = submit(&*submitter, tasks).await;
    let mut watch = Reader::open(&*watcher, "@kiosk", Start::First).await;
    let frames = watch.frames().await.unwrap().unwrap();
    assert_eq!((frames.first_seq, frames.last_seq), (seqs[0], seqs[1]));
    let tasks: Vec<_> = frames.tasks().collect();
    assert_eq!((tasks[0].task, tasks[0].id, tasks[0].queue), ("任务:123\n\0", "deploy/web-3:42", "@kiosk"));
    assert_eq!(tasks[0].labels, [("a", ""), ("zone", "eu")]);
    assert_eq!((tasks[1].seq, tasks[1].id), (seqs[1], &*seqs[1].to_string()));
    assert!(tasks[1].labels.is_empty());
    assert!(tasks[0].submitted_at_ms > 0 && tasks[0].submitted_at_ms <= tasks[1].submitted_at_ms);
}

pub(super) async fn every_task_comes_once_and_in_order_from_the_first(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    let backlog = fill(&*submitter, &["a", "b"], 100).await;
    let mut watch = Reader::open(&*watcher, "a", Start::First).await;
    assert_eq!(watch.take(50).await, of("a", &backlog));
    for _ in 0..20 {
        let live = fill(&*submitter, &["b", "a"], 6).await;
        assert_eq!(watch.take(3).await, of("a", &live));
    }
    watch.expect_quiet();
    let mut again = Reader::open(&*watcher, "a", Start::First).await;
    assert_eq!(again.take(110).await[..50], of("a", &backlog));
}

pub(super) async fn from_a_seq_the_task_of_that_seq_comes_first(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    let all = fill(&*submitter, &["a", "b", "b"], 60).await;
    // Each seq of the store is a position in each queue, and so is the next.
    for seq in all[0].seq..=all[59].seq + 1 {
        let left: Vec<Seen> = of("a", &all).into_iter().filter(|t| t.seq >= seq).collect();
        let mut watch = Reader::open(&*watcher, "a", Start::Seq(seq)).await;
        assert_eq!(watch.start, [seq]);
        assert_eq!(watch.take(left.len()).await, left);
    }
    let mut next = Reader::open(&*watcher, "a", Start::Seq(all[59].seq + 1)).await;
    let live = fill(&*submitter, &["a"], 1).await;
    assert_eq!(next.take(1).await, live);
}

pub(super) async fn from_new_only_later_tasks_come(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    fill(&*submitter, &["a", "b"], 10).await;
    let mut watch = Reader::open(&*watcher, "a", Start::New).await;
    watch.expect_quiet();
    let live = fill(&*submitter, &["b", "a"], 10).await;
    assert!(watch.start[0] <= live[0].seq);
    assert_eq!(watch.take(5).await, of("a", &live));
}

pub(super) async fn from_new_nothing_is_missed_while_others_submit(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    let submits = tokio::spawn(async move {
        let mut all = Vec::new();
        for _ in 0..40 {
            all.extend(fill(&*submitter, &["a"], 5).await);
        }
        all
    });
    let mut watches = Vec::new();
    while !submits.is_finished() {
        let watch = Reader::open(&*watcher, "a", Start::New).await;
        if watches.last().is_none_or(|last: &Reader| last.start != watch.start) {
            watches.push(watch);
        }
        tokio::task::yield_now().await;
    }
    let all = in_time(submits).await.unwrap();
    for mut watch in watches {
        let left: Vec<Seen> = all.iter().filter(|t| t.seq >= watch.start[0]).cloned().collect();
        assert_eq!(watch.take(left.len()).await, left);
        watch.expect_quiet();
    }
}

pub(super) async fn from_a_time_the_first_task_of_then_or_later_comes_first(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    let mut all = Vec::new();
    for _ in 0..9 {
        fixture.pass(10).await;
        all.extend(fill(&*submitter, &["a", "b"], 4).await);
    }
    let a = of("a", &all);
    for at_ms in a.iter().flat_map(|t| [t.at_ms - 1, t.at_ms, t.at_ms + 1]).chain([0]) {
        let left: Vec<Seen> = a.iter().filter(|t| t.at_ms >= at_ms).cloned().collect();
        let mut watch = Reader::open(&*watcher, "a", Start::Time(at_ms)).await;
        assert_eq!(watch.take(left.len()).await, left, "from {at_ms}");
        watch.expect_quiet();
    }
    let mut none_yet = Reader::open(&*watcher, "a", Start::Time(a[17].at_ms + 1)).await;
    fixture.pass(10).await;
    let live = fill(&*submitter, &["a"], 2).await;
    assert_eq!(none_yet.take(2).await, live);
}

pub(super) async fn several_queues_come_each_whole_and_in_order(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    let mut all = fill(&*submitter, &["a", "b", "c", "d"], 80).await;
    let from_seq = all[33].seq;
    let queues = [("a", Start::First), ("b", Start::New), ("c", Start::Seq(from_seq)), ("e", Start::First)];
    let mut watch = Reader::try_open(&*watcher, watch_of(&queues)).await.unwrap();
    all.extend(fill(&*submitter, &["e", "d", "c", "b", "a"], 100).await);
    let wanted = |t: &&Seen| match t.queue.as_str() {
        "a" | "e" => true,
        "b" => t.seq >= watch.start[1],
        "c" => t.seq >= from_seq,
        _ => false,
    };
    let wanted: Vec<Seen> = all.iter().filter(wanted).cloned().collect();
    assert_eq!(wanted.len(), 20 + 12 + 20 * 4);
    let seen = watch.take(wanted.len()).await;
    for queue in ["a", "b", "c", "d", "e"] {
        assert_eq!(of(queue, &seen), of(queue, &wanted), "{queue}");
    }
    watch.expect_quiet();
}

pub(super) async fn several_watchers_see_the_same(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    let mut watches = Vec::new();
    for _ in 0..10 {
        watches.push(Reader::open(&*watcher, "a", Start::First).await);
    }
    // Submitters race; what a watcher sees is the order there is.
    let submits = join_all((0..8).map(|_| async { fill(&*submitter, &["a"], 25).await }));
    let (mut all, seen) = tokio::join!(submits, join_all(watches.iter_mut().map(|w| w.take(200))));
    for seen in &seen {
        assert_eq!(*seen, seen_in_order(all.concat()));
    }
    for one in &mut all {
        let from_one: Vec<Seen> = seen[0].iter().filter(|t| one.contains(t)).cloned().collect();
        assert_eq!(from_one, *one, "each submitter's tasks keep their order");
    }
}

pub(super) async fn a_watch_cut_again_and_again_misses_nothing(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    let mut all = fill(&*submitter, &["a", "b"], 200).await;
    let mut seen = Vec::new();
    let mut next_seq = all[0].seq;
    while seen.len() < 150 {
        if seen.len() == 100 {
            all.extend(fill(&*submitter, &["a", "b"], 100).await);
        }
        let watch = Watch {
            store: Some(watcher.store_id().to_owned()),
            queues: vec![Position { until_seq: Some(next_seq + 6), ..position("a", Start::Seq(next_seq)) }],
            ..watch_of(&[])
        };
        let mut reader = Reader::try_open(&*watcher, watch).await.unwrap();
        // Cut after a single look, or at the end that was asked for.
        seen.extend(reader.next().await.unwrap().unwrap());
        next_seq = seen[seen.len() - 1].seq + 1;
    }
    assert_eq!(seen, of("a", &all));
}

pub(super) async fn big_tasks_and_big_batches_come_whole(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    let mut tasks = vec![task("a", "first")];
    tasks.extend((0..600).map(|n| task(["a", "b", "c"][n % 3], format!("{n}:{}", "y".repeat(1000)))));
    tasks.extend((0..3).map(|n| task("a", n.to_string().repeat(TASK_BYTES_MAX))));
    tasks.push(task("a", "last"));
    let texts: Vec<String> =
        tasks.iter().filter(|t| t.queue.as_str() == "a").map(|t| t.task.clone()).collect();
    let seqs = submit(&*submitter, tasks).await;
    for start in [Start::First, Start::Seq(seqs[0]), Start::Seq(seqs[1])] {
        let skipped = usize::from(start == Start::Seq(seqs[1]));
        let mut watch = Reader::open(&*watcher, "a", start).await;
        let seen = watch.take(texts.len() - skipped).await;
        assert!(seen.iter().map(|t| &t.task).eq(&texts[skipped..]));
        watch.expect_quiet();
    }
}

pub(super) async fn thousands_of_queues_are_kept_apart(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    let names: Vec<String> = (0..3000).map(|n| format!("q{n}")).collect();
    let mut waiting = Reader::open(&*watcher, "q2999", Start::First).await;
    for round in 0..2 {
        for names in names.chunks(700) {
            let tasks = names.iter().map(|name| task(name, format!("{name} {round}")));
            submit(&*submitter, tasks.collect()).await;
        }
    }
    let texts = |seen: Vec<Seen>| seen.into_iter().map(|t| t.task).collect::<Vec<_>>();
    assert_eq!(texts(waiting.take(2).await), ["q2999 0", "q2999 1"]);
    for name in names.iter().step_by(61) {
        let mut watch = Reader::open(&*watcher, name, Start::First).await;
        assert_eq!(texts(watch.take(2).await), [format!("{name} 0"), format!("{name} 1")]);
        watch.expect_quiet();
    }
    let many: Vec<(&str, Start)> = names.iter().step_by(30).map(|n| (n.as_str(), Start::First)).collect();
    let seen = Reader::try_open(&*watcher, watch_of(&many)).await.unwrap().take(2 * many.len()).await;
    let mut by_queue: BTreeMap<String, Vec<String>> = BTreeMap::new();
    seen.into_iter().for_each(|t| by_queue.entry(t.queue).or_default().push(t.task));
    assert_eq!(by_queue.len(), many.len());
    for (name, texts) in by_queue {
        assert_eq!(texts, [format!("{name} 0"), format!("{name} 1")]);
    }
    assert_eq!(watcher.tasks_kept(), 6000);
}

pub(super) async fn a_queue_that_does_not_exist_yet_can_be_watched(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    fill(&*submitter, &["b"], 3).await;
    let mut watches = Vec::new();
    for start in [Start::First, Start::New, Start::Seq(4), Start::Time(0)] {
        watches.push(Reader::open(&*watcher, "a", start).await);
        watches.last_mut().unwrap().expect_quiet();
    }
    let live = fill(&*submitter, &["a", "b"], 4).await;
    for mut watch in watches {
        assert_eq!(watch.take(2).await, of("a", &live));
    }
}

pub(super) async fn a_watcher_that_stops_reading_delays_nobody_and_misses_nothing(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    let mut all = fill(&*submitter, &["a"], 3).await;
    let mut stalled = Vec::new();
    for _ in 0..5 {
        let mut watch = Reader::open(&*watcher, "a", Start::First).await;
        assert_eq!(watch.take(3).await, all);
        stalled.push(watch);
    }
    let mut reading = Reader::open(&*watcher, "a", Start::New).await;
    for n in 0..30 {
        let tasks = (0..40).map(|m| task("a", format!("{n} {m} {}", "z".repeat(1000)))).collect();
        submit(&*submitter, tasks).await;
        all.extend(reading.take(40).await);
    }
    for mut watch in stalled {
        assert_eq!(watch.take(1200).await, all[3..]);
        watch.expect_quiet();
    }
}

pub(super) async fn until_empty_is_pinned_when_the_watch_begins(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    let all = fill(&*submitter, &["a", "b"], 20).await;
    let queues = [("a", Start::First), ("b", Start::Seq(all[10].seq)), ("never", Start::First)];
    let watch = Watch { until_empty: true, ..watch_of(&queues) };
    let mut watch = Reader::try_open(&*watcher, watch).await.unwrap();
    let until = |queue: &str| of(queue, &all).last().unwrap().seq;
    assert_eq!(watch.until[..2], [Some(until("a")), Some(until("b"))]);
    fill(&*submitter, &["a", "b", "never"], 20).await;
    let seen = watch.rest().await.unwrap();
    assert_eq!(of("a", &seen), of("a", &all));
    assert_eq!(of("b", &seen), of("b", &all[10..]));
    assert_eq!(of("never", &seen), []);

    for (queue, start) in [("nor-this", Start::First), ("a", Start::New)] {
        let watch = Watch { until_empty: true, ..watch_of(&[(queue, start)]) };
        let mut watch = Reader::try_open(&*watcher, watch).await.unwrap();
        assert_eq!(watch.rest().await.unwrap(), []);
    }
}

pub(super) async fn until_seq_is_inclusive(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    let all = fill(&*submitter, &["a", "b"], 40).await;
    let a = of("a", &all);
    let upto = |until_seq| Watch {
        queues: vec![Position { until_seq: Some(until_seq), ..position("a", Start::First) }],
        ..watch_of(&[])
    };
    for until_seq in [a[0].seq, a[7].seq, all[15].seq, a[18].seq] {
        let mut watch = Reader::try_open(&*watcher, upto(until_seq)).await.unwrap();
        assert_eq!(watch.until, [Some(until_seq)]);
        let wanted: Vec<Seen> = a.iter().filter(|t| t.seq <= until_seq).cloned().collect();
        assert_eq!(watch.rest().await.unwrap(), wanted);
    }
    // The nearer of two ends is the end.
    let watch = Watch { until_empty: true, ..upto(a[3].seq) };
    assert_eq!(Reader::try_open(&*watcher, watch).await.unwrap().rest().await.unwrap(), a[..4]);
    let watch = Watch { until_empty: true, ..upto(u64::MAX) };
    assert_eq!(Reader::try_open(&*watcher, watch).await.unwrap().rest().await.unwrap(), a);
    // An end that is still to come is waited for.
    let mut watch = Reader::try_open(&*watcher, upto(all[39].seq + 2)).await.unwrap();
    assert_eq!(watch.take(20).await, a);
    watch.expect_quiet();
    let live = fill(&*submitter, &["a"], 3).await;
    assert_eq!(watch.rest().await.unwrap(), live[..2]);
}

pub(super) async fn what_is_trimmed_is_said(mut fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    let old = fill(&*submitter, &["a", "b"], 40).await;
    let mut behind = Reader::open(&*watcher, "a", Start::First).await;
    let mut upto_date = Reader::open(&*watcher, "a", Start::Seq(old[39].seq + 1)).await;
    upto_date.expect_quiet();
    fixture.outlive_all().await;
    assert_eq!(watcher.tasks_kept(), 0);
    let kept = fill(&*submitter, &["a", "b"], 4).await;
    assert_eq!(watcher.tasks_kept(), 4);
    assert_eq!(upto_date.take(2).await, of("a", &kept));

    let last_a = of("a", &old).last().unwrap().seq;
    let gone = |error: Error, at_seq: u64| match error {
        Error::Trimmed { queue: name, asked, first_seq } => {
            assert_eq!((name, asked), (queue("a"), at_seq));
            assert!((last_a + 1..=kept[0].seq).contains(&first_seq), "{first_seq}");
            first_seq
        }
        other => panic!("{other}"),
    };
    gone(behind.rest().await.unwrap_err(), 1);
    for _ in 0..2 {
        let (_, watcher) = fixture.handles();
        for seq in [old[0].seq, last_a] {
            let watch = watch_of(&[("b", Start::New), ("a", Start::Seq(seq))]);
            let first_seq = gone(Reader::try_open(&*watcher, watch).await.err().unwrap(), seq);
            // What it names can be watched from, and nothing is missing from there.
            let mut watch = Reader::open(&*watcher, "a", Start::Seq(first_seq)).await;
            assert_eq!(watch.take(2).await, of("a", &kept));
        }
        for start in [Start::First, Start::Time(0)] {
            let mut watch = Reader::open(&*watcher, "a", start).await;
            assert_eq!(watch.take(2).await, of("a", &kept));
        }
        // It is so after a restart, too.
        fixture.close().await;
        fixture.open().await;
    }
}

pub(super) async fn a_position_beyond_the_next_is_refused(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    let future = |asked, next_seq| Error::Future { queue: queue("a"), asked, next_seq };
    let from = |seq| watch_of(&[("a", Start::Seq(seq))]);
    assert_eq!(Reader::try_open(&*watcher, from(2)).await.err().unwrap(), future(2, 1));
    let last = fill(&*submitter, &["a"], 5).await[4].seq;
    for asked in [last + 2, u64::MAX] {
        let refused = Reader::try_open(&*watcher, from(asked)).await.err().unwrap();
        assert_eq!(refused, future(asked, last + 1));
    }
    assert!(Reader::try_open(&*watcher, from(last + 1)).await.is_ok());
}

pub(super) async fn positions_of_another_store_are_refused(fixture: impl Fixture) {
    let (_, watcher) = fixture.handles();
    let store = watcher.store_id().to_owned();
    let of_store = |asked: &str| Watch { store: Some(asked.to_owned()), ..watch_of(&[("a", Start::First)]) };
    let refused = Reader::try_open(&*watcher, of_store("f00")).await.err().unwrap();
    assert_eq!(refused, Error::OtherStore { asked: "f00".to_owned(), store: store.clone() });
    assert!(Reader::try_open(&*watcher, of_store(&store)).await.is_ok());
}

pub(super) async fn the_same_id_and_content_is_one_task(mut fixture: impl Fixture) {
    let (submitter, other) = fixture.handles();
    let labels: Labels = [("k".to_owned(), "v".to_owned())].into();
    let deploy = || NewTask { labels: labels.clone(), id: own("deploy"), ..task("a", "web-3") };
    let plain = || NewTask { id: own("plain"), ..task("a", "web-3") };
    let answers = submit_any(&*submitter, vec![deploy(), plain(), deploy()]).await;
    let seq = answers[0].clone().unwrap().seq;
    assert_eq!(answers[0], Ok(Accepted { seq, delayed: None, duplicate: false }));
    assert_eq!(answers[1], Ok(Accepted { seq: seq + 1, delayed: None, duplicate: false }));
    let again = Ok(Accepted { seq, delayed: None, duplicate: true });
    assert_eq!(answers[2], again, "in one batch");
    assert_eq!(submit_any(&*other, vec![deploy()]).await[0], again, "in another batch");
    fill(&*submitter, &["a"], 50).await;
    let racing = join_all((0..10).map(|_| submit_any(&*submitter, vec![deploy()]))).await;
    assert!(racing.iter().all(|answers| answers[0] == again));
    let racing = join_all((0..10).map(|_| {
        let late = NewTask { id: own("late"), ..task("b", "late") };
        submit_any(&*submitter, vec![late])
    }));
    let racing: Vec<Accepted> = racing.await.into_iter().map(|a| a[0].clone().unwrap()).collect();
    assert_eq!(racing.iter().filter(|a| !a.duplicate).count(), 1);
    assert!(racing.iter().all(|a| a.seq == racing[0].seq));
    for _ in 0..2 {
        fixture.close().await;
        fixture.open().await;
        let (submitter, watcher) = fixture.handles();
        assert_eq!(submit_any(&*submitter, vec![deploy()]).await[0], again, "after a restart");
        let watch = Watch { until_empty: true, ..watch_of(&[("a", Start::First)]) };
        let seen = Reader::try_open(&*watcher, watch).await.unwrap().rest().await.unwrap();
        assert_eq!(seen.len(), 52);
    }
}

pub(super) async fn the_same_id_with_other_content_is_refused(mut fixture: impl Fixture) {
    let (submitter, _) = fixture.handles();
    let labels = |pairs: &[(&str, &str)]| -> Labels {
        pairs.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect()
    };
    let first = NewTask { id: own("deploy"), labels: labels(&[("k", "v")]), ..task("a", "web-3") };
    let others = || {
        vec![
            NewTask { task: "web-4".to_owned(), ..first.clone() },
            NewTask { task: "web-33".to_owned(), ..first.clone() },
            NewTask { queue: queue("b"), ..first.clone() },
            NewTask { labels: labels(&[("k", "w")]), ..first.clone() },
            NewTask { labels: labels(&[]), ..first.clone() },
            NewTask { labels: labels(&[("k", "v"), ("l", "")]), ..first.clone() },
        ]
    };
    let mut batch = vec![first.clone()];
    batch.extend(others());
    batch.push(task("a", "and the rest goes in"));
    let answers = submit_any(&*submitter, batch).await;
    let seq = answers[0].clone().unwrap().seq;
    let taken = Err(Refused::IdTaken { id: "deploy".to_owned(), seq });
    assert!(answers[1..7].iter().all(|a| *a == taken), "in one batch: {answers:?}");
    assert_eq!(answers[7], Ok(Accepted { seq: seq + 1, delayed: None, duplicate: false }));
    fill(&*submitter, &["a"], 50).await;
    for _ in 0..2 {
        let (submitter, watcher) = fixture.handles();
        let answers = submit_any(&*submitter, others()).await;
        assert!(answers.iter().all(|a| *a == taken), "{answers:?}");
        let watch = Watch { until_empty: true, ..watch_of(&[("a", Start::First), ("b", Start::First)]) };
        let seen = Reader::try_open(&*watcher, watch).await.unwrap().rest().await.unwrap();
        assert_eq!(seen.len(), 52, "a task that was refused is in no queue");
        fixture.close().await;
        fixture.open().await;
    }
}

pub(super) async fn an_id_can_be_used_again_once_its_task_is_trimmed(mut fixture: impl Fixture) {
    let (submitter, _) = fixture.handles();
    let deploy = |text: &str| vec![NewTask { id: own("deploy"), ..task("a", text) }];
    let old = submit(&*submitter, deploy("old")).await[0];
    fixture.outlive_all().await;
    assert_eq!(submitter.known(vec![TaskId::parse("deploy").unwrap()]).await, Ok(vec![false]));
    let answers = submit_any(&*submitter, deploy("new")).await;
    let seq = answers[0].clone().unwrap().seq;
    assert!(seq > old);
    assert_eq!(answers[0], Ok(Accepted { seq, delayed: None, duplicate: false }));
    fixture.close().await;
    fixture.open().await;
    let (submitter, _) = fixture.handles();
    let again = submit_any(&*submitter, deploy("new")).await;
    assert_eq!(again[0], Ok(Accepted { seq, delayed: None, duplicate: true }));
}

pub(super) async fn a_resend_is_one_task(mut fixture: impl Fixture) {
    let (submitter, other) = fixture.handles();
    let keyed = |instance: u8, n| NewTask { retry_key: key(instance, n), ..task("a", format!("{n}")) };
    let batch = |ns: std::ops::Range<u64>| ns.map(|n| keyed(1, n)).collect::<Vec<_>>();
    let seqs = submit(&*submitter, batch(0..10)).await;
    // The client heard of none, and cuts its batches anew.
    let resent = submit_any(&*other, batch(3..15)).await;
    let resent: Vec<Accepted> = resent.into_iter().map(Result::unwrap).collect();
    assert!(resent.iter().all(|a| !a.duplicate));
    assert!(resent[..7].iter().map(|a| a.seq).eq(seqs[3..].iter().copied()));
    assert!(resent[7].seq > seqs[9]);
    // The same number of another process is another task; so is another number with the same content.
    let others = vec![
        keyed(2, 0),
        NewTask { retry_key: key(1, 99), ..keyed(1, 0) },
        NewTask { retry_key: None, ..keyed(1, 0) },
    ];
    let others = submit(&*submitter, others).await;
    assert!(others[0] > resent[11].seq && others[1] > others[0] && others[2] > others[1]);
    // Twice in one batch, and with an id: a resend is not called a duplicate.
    let twice = || NewTask { id: own("twice"), ..keyed(3, 7) };
    let answers = submit_any(&*submitter, vec![twice(), twice()]).await;
    let seq = answers[0].clone().unwrap().seq;
    assert!(
        answers.iter().all(|a| *a == Ok(Accepted { seq, delayed: None, duplicate: false })),
        "{answers:?}"
    );
    for _ in 0..2 {
        fixture.close().await;
        fixture.open().await;
        let (submitter, watcher) = fixture.handles();
        assert_eq!(submit(&*submitter, batch(0..10)).await, seqs, "after a restart");
        assert_eq!(
            submit_any(&*submitter, vec![twice()]).await[0],
            Ok(Accepted { seq, delayed: None, duplicate: false })
        );
        assert_eq!(watcher.tasks_kept(), 15 + 3 + 1);
    }
}

pub(super) async fn seqs_grow_over_restarts(mut fixture: impl Fixture) {
    let mut last = 0;
    for round in 0..5 {
        let (submitter, _) = fixture.handles();
        for seq in submit(&*submitter, (0..round).map(|n| task("a", format!("{n}"))).collect()).await {
            assert!(seq > last);
            last = seq;
        }
        fixture.close().await;
        fixture.open().await;
    }
    assert_eq!(last, 10);
}

pub(super) async fn seqs_grow_after_everything_was_trimmed(mut fixture: impl Fixture) {
    let mut last = 0;
    for _ in 0..3 {
        let (submitter, watcher) = fixture.handles();
        let seqs = submit(&*submitter, vec![task("a", "x"), task("b", "y")]).await;
        assert!(seqs[0] > last);
        last = seqs[1];
        fixture.outlive_all().await;
        assert_eq!(watcher.tasks_kept(), 0);
        fixture.close().await;
        fixture.open().await;
        let (_, watcher) = fixture.handles();
        let next = Reader::open(&*watcher, "a", Start::Seq(last + 1)).await;
        assert_eq!(next.start, [last + 1]);
    }
}

pub(super) async fn known_ids_are_those_of_kept_tasks(mut fixture: impl Fixture) {
    let (submitter, _) = fixture.handles();
    let ids = |ids: &[&str]| ids.iter().map(|id| TaskId::parse(id).unwrap()).collect::<Vec<_>>();
    let tasks = vec![task("a", "x"), NewTask { id: own("deploy"), ..task("b", "y") }, task("a", "z")];
    let seqs = submit(&*submitter, tasks).await;
    assert_eq!(seqs, [1, 2, 3]);
    for _ in 0..2 {
        let (_, other) = fixture.handles();
        assert_eq!(other.known(ids(&["1", "3", "4"])).await, Ok(vec![true, true, false]));
        let mixed = ids(&["deploy", "3", "Deploy", "4", "deploy2"]);
        assert_eq!(other.known(mixed).await, Ok(vec![true, true, false, false, false]));
        assert_eq!(other.known(Vec::new()).await, Ok(vec![]));
        fixture.close().await;
        fixture.open().await;
    }
    fixture.outlive_all().await;
    let (submitter, _) = fixture.handles();
    submit(&*submitter, vec![task("a", "new")]).await;
    for _ in 0..2 {
        let (_, other) = fixture.handles();
        assert_eq!(other.known(ids(&["1", "3", "4"])).await, Ok(vec![false, false, true]));
        assert_eq!(other.known(ids(&["deploy", "3", "4"])).await, Ok(vec![false, false, true]));
        fixture.close().await;
        fixture.open().await;
    }
}

pub(super) async fn a_restart_keeps_everything(mut fixture: impl Fixture) {
    let mut all = Vec::new();
    let store_id = fixture.handles().0.store_id().to_owned();
    for round in 1..=4 {
        let (submitter, watcher) = fixture.handles();
        assert_eq!(watcher.store_id(), store_id);
        all.extend(fill(&*submitter, &["a", "b"], 20).await);
        assert_eq!(watcher.tasks_kept(), 20 * round);
        let mut watch = Reader::open(&*watcher, "b", Start::First).await;
        assert_eq!(watch.take(10 * round as usize).await, of("b", &all));
        fixture.close().await;
        fixture.open().await;
        let (_, watcher) = fixture.handles();
        assert_eq!(watcher.tasks_kept(), 20 * round);
        let mut watch = Reader::open(&*watcher, "a", Start::First).await;
        assert_eq!(watch.take(10 * round as usize).await, of("a", &all));
    }
}

pub(super) async fn the_last_status_is_known_to_every_handle(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let client = |name: &str| ClientName::parse(name).unwrap();
    assert_eq!(other.last_status(&client("w1")), None);
    one.report(&client("w1"), "数据:7");
    one.report(&client("w2"), "");
    let first = other.last_status(&client("w1")).unwrap();
    assert_eq!(first.status, "数据:7");
    assert_eq!(other.last_status(&client("w2")).unwrap().status, "");
    fixture.pass(10).await;
    other.report(&client("w1"), "数据:8");
    let second = one.last_status(&client("w1")).unwrap();
    assert_eq!(second.status, "数据:8");
    assert!(second.at_ms > first.at_ms);
    // A long one is cut, and not within a letter.
    one.report(&client("w1"), &format!("x{}", "数".repeat(STATUS_BYTES_KEPT)));
    let cut = other.last_status(&client("w1")).unwrap().status;
    assert!(cut.len() <= STATUS_BYTES_KEPT && cut.len() > STATUS_BYTES_KEPT - 4, "{}", cut.len());
}

pub(super) async fn a_dropped_submit_still_has_its_effect(fixture: impl Fixture) {
    let (submitter, watcher) = fixture.handles();
    let mut watch = Reader::open(&*watcher, "a", Start::First).await;
    for n in 0..20 {
        let text = format!("{n}");
        // Looked at once and dropped: whoever asked has gone.
        let _ = submitter.submit(vec![task("a", text.clone())]).now_or_never();
        assert_eq!(watch.take(1).await[0].task, text);
    }
}

pub(super) async fn what_was_answered_before_the_end_is_kept(mut fixture: impl Fixture) {
    let mut answered: Vec<u64> = Vec::new();
    for _ in 0..5 {
        let (submitter, _) = fixture.handles();
        let submits: Vec<_> = (0..20)
            .map(|n| {
                let submitter = submitter.clone();
                tokio::spawn(async move { submitter.submit_whole(vec![task("a", format!("{n}"))]).await })
            })
            .collect();
        // Some of them are on their way when the end comes.
        tokio::task::yield_now().await;
        fixture.close().await;
        for answers in in_time(join_all(submits)).await {
            match answers.unwrap() {
                Ok(answers) => answered.extend(answers.into_iter().map(|a| a.unwrap().seq)),
                Err(error) => assert_eq!(error, Error::Stopped),
            }
        }
        fixture.open().await;
        let (_, watcher) = fixture.handles();
        let watch = Watch { until_empty: true, ..watch_of(&[("a", Start::First)]) };
        let seen = Reader::try_open(&*watcher, watch).await.unwrap().rest().await.unwrap();
        assert!(answered.iter().all(|seq| seen.iter().any(|t| t.seq == *seq)));
    }
    assert!(!answered.is_empty(), "what was on its way is answered before the end");
}

pub(super) async fn after_the_end_calls_and_watches_fail(mut fixture: impl Fixture) {
    // Many times, because the end has several steps and each must hide the one before.
    for _ in 0..10 {
        let (one, other) = fixture.handles();
        fill(&*one, &["a"], 5).await;
        let waiting = Reader::open(&*other, "a", Start::New).await;
        let behind = Reader::open(&*one, "a", Start::First).await;
        fixture.close().await;
        for handle in [one, other] {
            let open = Reader::try_open(&*handle, watch_of(&[("a", Start::First)])).await;
            assert_eq!(open.err(), Some(Error::Stopped));
            let known = |id: &str| handle.known(vec![TaskId::parse(id).unwrap()]);
            assert_eq!(known("1").await, Err(Error::Stopped));
            assert_eq!(known("deploy").await, Err(Error::Stopped));
            let submit = handle.submit_whole(vec![task("a", "late")]);
            assert_eq!(in_time(submit).await.err(), Some(Error::Stopped));
        }
        for mut watch in [waiting, behind] {
            assert_eq!(watch.next().await.unwrap().unwrap_err(), Error::Stopped);
            assert!(watch.next().await.is_none());
        }
        fixture.open().await;
    }
}

/// A task as a watcher saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) seq: u64,
    pub(super) queue: String,
    pub(super) id: String,
    pub(super) task: String,
    pub(super) at_ms: u64,
}

/// Reads a watch, and minds that it keeps its word about each run of frames.
pub(super) struct Reader {
    frames: BoxStream<'static, Result<Frames, Error>>,
    pub(super) start: Vec<u64>,
    pub(super) until: Vec<Option<u64>>,
}

impl Reader {
    pub(super) async fn open(engine: &dyn Engine, queue: &str, start: Start) -> Self {
        Self::try_open(engine, watch_of(&[(queue, start)])).await.unwrap()
    }

    pub(super) async fn try_open(engine: &dyn Engine, watch: Watch) -> Result<Self, Error> {
        let watching = in_time(engine.watch(watch)).await?;
        Ok(Reader { frames: watching.frames, start: watching.start, until: watching.until })
    }

    pub(super) async fn frames(&mut self) -> Option<Result<Frames, Error>> {
        in_time(self.frames.next()).await
    }

    /// The next run.
    pub(super) async fn next(&mut self) -> Option<Result<Vec<Seen>, Error>> {
        Some(self.frames().await?.map(|frames| seen(&frames)))
    }

    /// As many tasks: no run of frames may bring more.
    pub(super) async fn take(&mut self, tasks: usize) -> Vec<Seen> {
        let mut taken = Vec::new();
        while taken.len() < tasks {
            taken.extend(self.next().await.expect("the watch has ended").unwrap());
        }
        assert_eq!(taken.len(), tasks, "{:?}", &taken[tasks..]);
        taken
    }

    /// All to the end.
    pub(super) async fn rest(&mut self) -> Result<Vec<Seen>, Error> {
        let mut taken = Vec::new();
        while let Some(run) = self.next().await {
            taken.extend(run?);
        }
        Ok(taken)
    }

    /// Nothing is there to be read just now.
    pub(super) fn expect_quiet(&mut self) {
        let now = self.frames.next().now_or_never();
        assert!(now.is_none(), "{now:?}");
    }
}

fn seen(frames: &Frames) -> Vec<Seen> {
    let tasks: Vec<Seen> = frames
        .tasks()
        .map(|t| Seen {
            seq: t.seq,
            queue: t.queue.to_owned(),
            id: t.id.to_owned(),
            task: t.task.to_owned(),
            at_ms: t.submitted_at_ms,
        })
        .collect();
    assert_eq!(tasks.first().unwrap().seq, frames.first_seq);
    assert_eq!(tasks.last().unwrap().seq, frames.last_seq);
    assert!(tasks.windows(2).all(|w| w[0].seq < w[1].seq && w[0].queue == w[1].queue));
    tasks
}

/// Submits `count` tasks to the queues in turn, in batches that grow, and says how they are to be seen.
pub(super) async fn fill(engine: &dyn Engine, queues: &[&str], count: usize) -> Vec<Seen> {
    let tasks: Vec<NewTask> = (0..count)
        .map(|n| task(queues[n % queues.len()], format!("{n} {}", rand::random::<u32>())))
        .collect();
    let mut seqs = Vec::new();
    let mut left = &tasks[..];
    for batch in 1.. {
        let (now, later) = left.split_at(left.len().min(batch));
        seqs.extend(submit(engine, now.to_vec()).await);
        left = later;
        if left.is_empty() {
            break;
        }
    }
    let mut filled = Vec::new();
    for name in BTreeSet::from_iter(queues) {
        let Some(first) = tasks.iter().position(|t| t.queue.as_str() == *name) else { continue };
        let mut watch = Reader::open(engine, name, Start::Seq(seqs[first])).await;
        let mine = tasks.iter().zip(&seqs).filter(|(t, _)| t.queue.as_str() == *name);
        let mine: Vec<(u64, &str)> = mine.map(|(t, seq)| (*seq, t.task.as_str())).collect();
        let mut times = BTreeMap::new();
        while times.len() < mine.len() {
            let run = watch.next().await.unwrap().unwrap();
            times.extend(run.iter().filter(|t| seqs.contains(&t.seq)).map(|t| (t.seq, t.at_ms)));
        }
        filled.extend(mine.into_iter().map(|(seq, text)| Seen {
            seq,
            queue: (*name).to_owned(),
            id: seq.to_string(),
            task: text.to_owned(),
            at_ms: times[&seq],
        }));
    }
    seen_in_order(filled)
}

pub(super) fn seen_in_order(mut seen: Vec<Seen>) -> Vec<Seen> {
    seen.sort_by_key(|t| t.seq);
    seen
}

/// Submits tasks none of which may be refused.
pub(super) async fn submit(engine: &dyn Engine, tasks: Vec<NewTask>) -> Vec<u64> {
    submit_any(engine, tasks).await.into_iter().map(|answer| answer.unwrap().seq).collect()
}

pub(super) async fn submit_any(engine: &dyn Engine, tasks: Vec<NewTask>) -> Vec<Result<Accepted, Refused>> {
    let count = tasks.len();
    let answers = in_time(engine.submit_whole(tasks)).await.unwrap();
    assert_eq!(answers.len(), count, "one answer for each task");
    answers
}

pub(super) fn task(name: &str, text: impl Into<String>) -> NewTask {
    NewTask {
        task: text.into(),
        queue: queue(name),
        id: None,
        labels: Labels::new(),
        retry_key: None,
        delay_ms: 0,
        expires_ms: None,
    }
}

pub(super) fn queue(name: &str) -> QueueName {
    QueueName::parse(name).unwrap()
}

pub(super) fn own(id: &str) -> Option<OwnId> {
    Some(OwnId::parse(id).unwrap())
}

pub(super) fn key(instance: u8, n: u64) -> Option<RetryKey> {
    Some(RetryKey { instance: [instance; 16], n })
}

pub(super) fn watch_of(queues: &[(&str, Start)]) -> Watch {
    let queues = queues.iter().map(|&(name, start)| position(name, start)).collect();
    Watch { who: nobody(), queues, store: None, until_empty: false }
}

/// A process without a name.
pub(super) fn nobody() -> Who {
    Who { client: None, instance: [0; 16], address: String::new() }
}

fn position(name: &str, start: Start) -> Position {
    Position { queue: queue(name), start, until_seq: None }
}

fn of(queue: &str, seen: &[Seen]) -> Vec<Seen> {
    seen.iter().filter(|t| t.queue == queue).cloned().collect()
}

/// Waits for what must come, but not for ever.
pub(super) async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.expect("it did not come in time")
}

/// Both halves of a submit.
pub(super) trait Whole: Engine {
    fn submit_whole(
        &self,
        tasks: Vec<NewTask>,
    ) -> futures_util::future::BoxFuture<'_, Result<Vec<Result<Accepted, Refused>>, Error>> {
        Box::pin(async move { self.submit(tasks).await?.await })
    }

    /// Says of each id whether its task is kept, by telling of it what changes nothing.
    fn known(&self, ids: Vec<TaskId>) -> futures_util::future::BoxFuture<'_, Result<Vec<bool>, Error>> {
        let told = ids.into_iter().map(|id| Told {
            what: What::Id(id),
            word: Word::Received,
            delay_ms: None,
            answer: Answer::default(),
            client: None,
        });
        let told = self.tell(told.collect());
        Box::pin(async { Ok(told.await?.iter().map(|judged| judged.verdict == Verdict::Noted).collect()) })
    }
}

impl<E: Engine + ?Sized> Whole for E {}
