//! The roster alone, with the time as an argument.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Changed, ClientRow, Stream,
    events::{Change, Event, Ring},
    roster::Roster,
};
use crate::{
    name::{ClientName, GroupName, QueueName},
    server::engine::{
        LastStatus, Reach,
        groups::Instance,
        presence::{ClientFilter, Health, SEEN_KEPT_MS, SILENT_MS, WATCHED_MS, Who},
    },
};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const MINUTE_MS: u64 = 60_000;

fn name(text: &str) -> ClientName {
    ClientName::parse(text).unwrap()
}

fn queue(text: &str) -> QueueName {
    QueueName::parse(text).unwrap()
}

fn process(number: u64) -> Instance {
    u128::from(number).to_be_bytes()
}

/// A process of a client; of nobody with an empty name.
fn who(number: u64, client: &str) -> Who {
    let client = (!client.is_empty()).then(|| name(client));
    Who { client, instance: process(number), address: format!("10.0.0.1:{number}") }
}

fn broadcast(queues: &[&str]) -> Stream {
    Stream::Watch(queues.iter().map(|name| queue(name)).collect(), None)
}

fn sharing(queues: &[&str]) -> Stream {
    Stream::Watch(queues.iter().map(|name| queue(name)).collect(), GroupName::parse("ci").ok())
}

fn listed(roster: &Roster, now_ms: u64) -> Vec<String> {
    let filter = ClientFilter { client: None, after: None, limit: 100_000 };
    roster.list(&filter, &Reach::default(), now_ms).items.iter().map(|view| view.client.to_string()).collect()
}

fn health(roster: &Roster, client: &str, now_ms: u64) -> Health {
    let filter = ClientFilter { client: Some(name(client)), after: None, limit: 1 };
    roster.list(&filter, &Reach::default(), now_ms).items[0].instances[0].health
}

/// Writes down all that has changed.
fn save(roster: &mut Roster, now_ms: u64) -> Vec<Changed> {
    let mut all = Vec::new();
    loop {
        let changed = roster.take_changed(now_ms);
        if changed.is_empty() {
            return all;
        }
        roster.wrote(&changed);
        all.push(changed);
    }
}

fn saved(roster: &mut Roster, now_ms: u64) -> Vec<String> {
    let all = save(roster, now_ms);
    all.iter().flat_map(|changed| &changed.rows).map(|row| row.client.to_string()).collect()
}

#[test]
fn a_name_that_comes_late_counts_for_all_streams() {
    let mut roster = Roster::default();
    let status = roster.enter(&who(1, ""), Stream::Status, 10);
    let watch = roster.enter(&who(1, ""), broadcast(&["a"]), 20);
    assert_eq!(listed(&roster, 20), Vec::<String>::new());
    assert_eq!(roster.watchers(&queue("a"), 20), []);
    roster.name(process(1), &name("w1"), 30);
    roster.name(process(2), &name("w2"), 30);
    assert_eq!(listed(&roster, 30), ["w1"], "who is not there has no name");
    let filter = ClientFilter { client: None, after: None, limit: 1 };
    let view = roster.list(&filter, &Reach::default(), 30).items.remove(0);
    assert_eq!((view.last_seen_ms, view.instances[0].connected_ms), (30, 10));
    assert_eq!(view.instances[0].watches, [(queue("a"), None)]);
    assert_eq!(roster.watchers(&queue("a"), 30), [name("w1")]);
    // Another name: it is nobody's any more but the other's.
    roster.name(process(1), &name("w9"), 40);
    assert_eq!(
        (roster.seen(&name("w1"), 40), roster.seen(&name("w9"), 40)),
        (Some((40, false)), Some((40, true)))
    );
    roster.leave(process(1), status, 50);
    roster.leave(process(1), watch, 60);
    assert_eq!(roster.seen(&name("w9"), 60), Some((60, false)));
    assert!(roster.processes.is_empty());
}

#[test]
fn an_address_is_that_of_the_newest_stream() {
    let mut roster = Roster::default();
    roster.enter(&who(1, "w1"), Stream::Status, 10);
    roster.enter(&Who { address: "10.0.0.2:7".into(), ..who(1, "w1") }, Stream::Status, 20);
    roster.enter(&Who { address: String::new(), ..who(1, "") }, broadcast(&["a"]), 30);
    let filter = ClientFilter { client: None, after: None, limit: 1 };
    assert_eq!(roster.list(&filter, &Reach::default(), 30).items[0].instances[0].address, "10.0.0.2:7");
}

#[test]
fn health_is_told_by_the_streams_and_by_silence() {
    let mut roster = Roster::default();
    roster.enter(&who(1, "w1"), broadcast(&["a"]), 0);
    assert_eq!(health(&roster, "w1", 10 * SILENT_MS), Health::Healthy, "a broadcast owes nothing");
    let share = roster.enter(&who(1, "w1"), sharing(&["a"]), 0);
    assert_eq!(health(&roster, "w1", 0), Health::NoHeartbeat);
    roster.enter(&who(1, "w1"), Stream::Status, 1000);
    assert_eq!(health(&roster, "w1", 1000), Health::Healthy);
    assert_eq!(health(&roster, "w1", 1000 + SILENT_MS - 1), Health::Healthy);
    assert_eq!(health(&roster, "w1", 1000 + SILENT_MS), Health::Silent);
    roster.heard(process(1), 1000 + SILENT_MS);
    assert_eq!(health(&roster, "w1", 1000 + SILENT_MS), Health::Healthy);
    // Opening another stream is no word on this one.
    roster.leave(process(1), share, 3 * SILENT_MS);
    roster.enter(&who(1, "w1"), sharing(&["a"]), 3 * SILENT_MS);
    assert_eq!(health(&roster, "w1", 3 * SILENT_MS), Health::Silent);
    roster.enter(&who(2, "w2"), Stream::Status, 0);
    assert_eq!(health(&roster, "w2", 0), Health::NoWatch);
    assert_eq!(health(&roster, "w2", SILENT_MS), Health::Silent);
}

#[test]
fn who_has_watched_a_queue_is_known_for_a_day_and_while_it_does() {
    let mut roster = Roster::default();
    let stays = roster.enter(&who(1, "stays"), broadcast(&["a"]), 0);
    let goes = roster.enter(&who(2, "goes"), sharing(&["a", "b"]), 0);
    roster.leave(process(2), goes, MINUTE_MS);
    assert_eq!(roster.watchers(&queue("a"), MINUTE_MS + WATCHED_MS), [name("goes"), name("stays")]);
    assert_eq!(roster.watchers(&queue("b"), MINUTE_MS + WATCHED_MS), [name("goes")]);
    assert_eq!(roster.watchers(&queue("a"), MINUTE_MS + WATCHED_MS + 1), [name("stays")]);
    roster.leave(process(1), stays, 9 * DAY_MS);
    assert_eq!(roster.watchers(&queue("a"), 9 * DAY_MS + WATCHED_MS), [name("stays")]);
}

#[test]
fn of_too_many_queues_the_latest_are_remembered() {
    let mut roster = Roster::default();
    for n in 0..300 {
        let no = roster.enter(&who(1, "w1"), broadcast(&[&format!("q{n}")]), n);
        roster.leave(process(1), no, n);
    }
    let all: Vec<QueueName> = (0..1000).map(|n| queue(&format!("m{n}"))).collect();
    assert_eq!(roster.clients[&name("w1")].row(&name("w1"), 0).watched.len(), 256);
    assert_eq!(roster.watchers(&queue("q43"), 300), []);
    assert_eq!(roster.watchers(&queue("q44"), 300), [name("w1")]);
    roster.enter(&who(1, "w1"), Stream::Watch(all, None), 400);
    assert_eq!(roster.clients[&name("w1")].row(&name("w1"), 0).watched.len(), 256);
    assert!((0..1000).all(|n| roster.watchers(&queue(&format!("m{n}")), 400) == [name("w1")]));
}

#[test]
fn the_oldest_of_too_many_is_forgotten_unless_it_is_there() {
    let mut roster = Roster::default();
    let there = roster.enter(&who(1, "there"), Stream::Status, 0);
    roster.report(&name("first"), "x", 1);
    roster.report(&name("second"), "x", 2);
    save(&mut roster, 2);
    roster.report(&name("first"), "again", 3);
    for n in 0..9_997 {
        roster.report(&name(&format!("c{n}")), "x", 4 + n);
    }
    assert_eq!((roster.clients.len(), roster.away.len()), (10_000, 9_999));
    assert_eq!(roster.last_status(&name("second"), 10_000).map(|s| s.status).as_deref(), Some("x"));
    roster.report(&name("one-more"), "x", 20_000);
    assert_eq!(roster.last_status(&name("second"), 20_000), None);
    assert_eq!(roster.last_status(&name("first"), 20_000).map(|s| s.status).as_deref(), Some("again"));
    assert_eq!(roster.clients.len(), 10_000);
    // One that is there counts, and is not forgotten.
    roster.enter(&who(2, "comes"), Stream::Status, 20_001);
    assert_eq!((roster.clients.len(), roster.seen(&name("first"), 20_001)), (10_000, None));
    assert_eq!(roster.seen(&name("there"), 20_001), Some((0, true)));
    // Rows of the forgotten go, and no row is written of those who were forgotten before.
    let saved = save(&mut roster, 20_001);
    let gone: BTreeSet<_> = saved.iter().flat_map(|changed| changed.gone.clone()).collect();
    assert_eq!(gone, BTreeSet::from([name("first"), name("second")]));
    let rows: BTreeSet<_> = saved.iter().flat_map(|c| &c.rows).map(|row| row.client.clone()).collect();
    assert_eq!(rows.len(), 9_999, "all but the one that was saved before and has not changed");
    assert!(!rows.contains(&name("first")) && saved.iter().all(|changed| changed.rows.len() <= 500));
    roster.leave(process(1), there, 20_002);
}

#[test]
fn what_is_not_seen_for_seven_days_is_forgotten() {
    let mut roster = Roster::default();
    roster.report(&name("w1"), "x", 0);
    roster.report(&name("unsaved"), "x", 0);
    let there = roster.enter(&who(2, "w2"), Stream::Status, 0);
    roster.report(&name("w2"), "y", 0);
    let changed = roster.take_changed(0);
    roster.wrote(&Changed { rows: vec![changed.rows[0].clone()], gone: Vec::new() });
    assert_eq!(listed(&roster, SEEN_KEPT_MS), ["unsaved", "w1", "w2"]);
    assert_eq!(listed(&roster, SEEN_KEPT_MS + 1), ["w2"]);
    assert_eq!(roster.last_status(&name("w1"), SEEN_KEPT_MS + 1), None);
    assert!(roster.last_status(&name("w2"), SEEN_KEPT_MS + 1).is_some());
    let changed = roster.take_changed(SEEN_KEPT_MS + 1);
    assert_eq!((changed.gone, roster.clients.len()), (vec![name("w1")], 1));
    roster.leave(process(2), there, 2 * SEEN_KEPT_MS);
    assert_eq!(listed(&roster, 3 * SEEN_KEPT_MS), ["w2"]);
    assert_eq!(listed(&roster, 3 * SEEN_KEPT_MS + 1), Vec::<String>::new());
}

#[test]
fn only_what_has_changed_is_written_down() {
    let mut roster = Roster::default();
    roster.enter(&who(1, "w1"), Stream::Status, 0);
    let watch = roster.enter(&who(2, "w2"), broadcast(&["a"]), 0);
    assert_eq!(saved(&mut roster, 1), ["w1", "w2"]);
    assert_eq!(saved(&mut roster, 1), Vec::<String>::new());
    roster.report(&name("w2"), "x", 2);
    roster.report(&name("w2"), "y", 3);
    assert_eq!(saved(&mut roster, 3), ["w2"]);
    // A sign of life is written down once a minute; who watches and has nothing to say, once an hour.
    let mut rows = Vec::new();
    for ms in (0..61 * MINUTE_MS).step_by(10_000) {
        roster.heard(process(1), ms);
        rows.extend(saved(&mut roster, ms));
    }
    assert_eq!(rows.iter().filter(|row| *row == "w2").count(), 1);
    assert!((60..=61).contains(&rows.iter().filter(|row| *row == "w1").count()), "{rows:?}");
    // That it is there is written down, not when it came: a crash is not to make it older.
    roster.enter(&who(3, "w3"), broadcast(&["b"]), 61 * MINUTE_MS);
    let row = |roster: &mut Roster, ms| save(roster, ms).remove(0).rows.remove(0);
    let written = row(&mut roster, 62 * MINUTE_MS);
    assert_eq!((written.seen_ms, written.watched), (62 * MINUTE_MS, vec![(queue("b"), 62 * MINUTE_MS)]));
    roster.leave(process(2), watch, 63 * MINUTE_MS);
    let written = row(&mut roster, 64 * MINUTE_MS);
    assert_eq!((written.seen_ms, written.watched), (63 * MINUTE_MS, vec![(queue("a"), 63 * MINUTE_MS)]));
    let status = written.status.map(|LastStatus { status, at_ms }| (status, at_ms));
    assert_eq!(status, Some(("y".to_owned(), 3)));
}

#[test]
fn the_end_of_the_server_is_the_end_of_all_streams() {
    let mut roster = Roster::default();
    roster.enter(&who(1, "w1"), Stream::Status, 0);
    roster.report(&name("w2"), "x", 5);
    save(&mut roster, 5);
    roster.all_leave(9);
    let rows = save(&mut roster, 9).remove(0).rows;
    assert_eq!(rows.iter().map(|row| (row.client.as_str(), row.seen_ms)).collect::<Vec<_>>(), [("w1", 9)]);
}

#[test]
fn what_could_not_be_written_down_is_tried_again() {
    let mut roster = Roster::default();
    for n in 0..700 {
        roster.report(&name(&format!("c{n}")), "x", n);
    }
    let first = roster.take_changed(700);
    assert_eq!((first.rows.len(), first.is_full()), (500, true));
    roster.put_back(first);
    roster.report(&name("c0"), "y", 701);
    let rows: BTreeSet<_> = saved(&mut roster, 701).into_iter().collect();
    assert_eq!(rows.len(), 700);
    // So are rows that could not be deleted.
    let later_ms = SEEN_KEPT_MS + 1000;
    let gone = roster.take_changed(later_ms);
    assert_eq!((gone.rows.len(), gone.gone.len(), gone.is_full()), (0, 500, true));
    let back = gone.gone[7].clone();
    roster.report(&back, "back", later_ms);
    roster.put_back(gone);
    let saved = save(&mut roster, later_ms);
    let gone: Vec<_> = saved.iter().flat_map(|changed| &changed.gone).collect();
    assert_eq!((gone.len(), gone.contains(&&back)), (699, false));
    assert_eq!(saved[0].rows[0].client, back);
}

#[test]
fn who_comes_back_keeps_its_row_and_who_is_forgotten_while_it_is_written_does_not() {
    let mut roster = Roster::default();
    roster.report(&name("w1"), "x", 0);
    save(&mut roster, 0);
    roster.forget(&name("w1"));
    roster.report(&name("w1"), "y", 1);
    let changed = roster.take_changed(1);
    assert_eq!((changed.rows.len(), changed.gone.len()), (1, 0));
    roster.forget(&name("w1"));
    roster.wrote(&changed);
    assert_eq!(roster.take_changed(2).gone, [name("w1")]);
}

#[test]
fn what_was_written_down_is_there_again() {
    let row = |client: &str, seen_ms| ClientRow {
        client: name(client),
        seen_ms,
        status: Some(LastStatus { status: "x".into(), at_ms: 5 }),
        watched: vec![(queue("a"), seen_ms)],
    };
    let mut roster = Roster::load(vec![row("old", 0), row("new", 3 * DAY_MS)], SEEN_KEPT_MS + 1);
    assert_eq!(listed(&roster, SEEN_KEPT_MS + 1), ["new"]);
    assert_eq!(roster.seen(&name("new"), SEEN_KEPT_MS), Some((3 * DAY_MS, false)));
    assert_eq!(roster.watchers(&queue("a"), 4 * DAY_MS), [name("new")]);
    assert_eq!(roster.watchers(&queue("a"), 4 * DAY_MS + 1), []);
    let changed = roster.take_changed(SEEN_KEPT_MS + 1);
    assert_eq!((changed.rows.len(), changed.gone), (0, vec![name("old")]));
}

#[test]
fn pages_end_early_when_they_are_long() {
    let mut roster = Roster::default();
    for n in 0..1000 {
        roster.report(&name(&format!("c{n:03}")), &"x".repeat(5000), 0);
    }
    let mut filter = ClientFilter { client: None, after: None, limit: 1000 };
    let mut seen = Vec::new();
    loop {
        let page = roster.list(&filter, &Reach::default(), 0);
        assert!((1..300).contains(&page.items.len()), "a mebibyte or so: {}", page.items.len());
        seen.extend(page.items.into_iter().map(|view| view.client));
        filter.after = seen.last().cloned();
        if !page.more {
            break;
        }
    }
    assert_eq!(seen.len(), 1000);
    assert!(seen.is_sorted());
}

#[test]
fn of_a_client_with_many_processes_some_are_listed() {
    let mut roster = Roster::default();
    let names: Vec<String> = (0..1000).map(|n| format!("q{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for n in 0..100 {
        roster.enter(&who(n, "many"), broadcast(&names), 0);
    }
    roster.enter(&who(100, "other"), broadcast(&names), 0);
    let mut filter = ClientFilter { client: None, after: None, limit: 1000 };
    let page = roster.list(&filter, &Reach::default(), 0);
    assert_eq!((page.items.len(), page.more), (1, true));
    let listed: Vec<Instance> = page.items[0].instances.iter().map(|view| view.instance).collect();
    assert_eq!(listed, (0..17).map(process).collect::<Vec<_>>(), "a mebibyte or so, the first ones");
    filter.after = Some(name("many"));
    assert_eq!(roster.list(&filter, &Reach::default(), 0).items[0].instances.len(), 1);
}

#[test]
fn a_ring_keeps_the_latest_and_says_what_it_does_not() {
    let mut roster = Roster::default();
    let text: Arc<str> = "x".repeat(4096).into();
    let event = |n: u64| Event {
        client: name(&format!("c{}", n % 2)),
        at_ms: n,
        change: Change::Status(text.clone()),
    };
    roster.events.push(|| unreachable!("nobody watches"));
    roster.events.begin();
    let at = |ring: &Ring, from, only: Option<&str>| {
        let only = only.map(name);
        ring.read(from, only.as_ref())
            .map(|(events, next)| (events.iter().map(|e| e.at_ms).collect::<Vec<_>>(), next))
    };
    for n in 0..300 {
        roster.events.push(|| event(n));
    }
    assert_eq!(at(&roster.events, 298, None), Some((vec![298, 299], 300)));
    assert_eq!(at(&roster.events, 0, None), Some(((0..256).collect(), 256)), "some at a time");
    assert_eq!(at(&roster.events, 297, Some("c1")), Some((vec![297, 299], 300)));
    assert_eq!(at(&roster.events, 298, Some("c9")), Some((vec![], 300)));
    assert_eq!(at(&roster.events, 300, None), Some((vec![], 300)));
    // 8 MiB of texts are 2048 of them; of short ones 10 000 are kept.
    for n in 300..3000 {
        roster.events.push(|| event(n));
    }
    assert_eq!(at(&roster.events, 951, None), None);
    assert_eq!(at(&roster.events, 952, Some("c1")).map(|(events, _)| events[0]), Some(953));
    for n in 3000..14_000 {
        roster.events.push(|| Event { change: Change::Down(process(n), "".into()), ..event(n) });
    }
    assert_eq!(at(&roster.events, 3999, None), None);
    assert_eq!(at(&roster.events, 4000, None).map(|(events, _)| events[0]), Some(4000));
    roster.events.end();
    assert_eq!(at(&roster.events, 14_000, None), Some((vec![], 14_000)));
    roster.events.push(|| unreachable!("nobody watches any more"));
}
