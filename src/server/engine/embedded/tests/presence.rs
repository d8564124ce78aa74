//! What the embedded engine keeps of clients: over restarts and crashes, when the disk refuses, when it is damaged;
//! and that whoever watches them is told all of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use futures_util::StreamExt;
use rusqlite::Connection;

use super::{Bed, TAIL, at_rest, until};
use crate::{
    name::{ClientName, GroupName},
    server::engine::{
        Engine, Error, LastStatus, Start, Watch,
        contract::{
            Fixture, Reader,
            groups::{Ear, Member, client, done, id, process, share_of, some, who},
            in_time, queue, watch_of,
        },
        embedded::{Embedded, store::StoreError},
        groups::{Instance, Share},
        presence::{ClientChange, ClientEvent, ClientEvents, ClientFilter, ClientView, SEEN_KEPT_MS, Who},
        results::Standing,
    },
};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

async fn clients(engine: &dyn Engine) -> Vec<ClientView> {
    let mut all: Vec<ClientView> = Vec::new();
    loop {
        let after = all.last().map(|view| view.client.clone());
        let page = in_time(engine.clients(ClientFilter { client: None, after, limit: 1000 })).await.unwrap();
        all.extend(page.items);
        if !page.more {
            return all;
        }
    }
}

async fn names(engine: &dyn Engine) -> Vec<String> {
    clients(engine).await.iter().map(|view| view.client.to_string()).collect()
}

async fn watch(engine: &dyn Engine, who: Who, queue: &str) -> Reader {
    let watch = Watch { who, ..watch_of(&[(queue, Start::First)]) };
    Reader::try_open(engine, watch).await.unwrap()
}

/// One of many clients, with a process of the same number.
fn one_of_many(number: u64) -> Who {
    let client = ClientName::parse(&format!("m{number}")).ok();
    Who { client, instance: u128::from(number).to_be_bytes(), address: String::new() }
}

async fn standing(engine: &dyn Engine, task: u64) -> BTreeMap<ClientName, Standing> {
    let roll = in_time(engine.call_roll(id(&task.to_string()), Vec::new())).await.unwrap();
    roll.into_iter().map(|entry| (entry.client, entry.standing)).collect()
}

#[tokio::test]
async fn what_is_known_of_clients_outlives_the_server() {
    for mut bed in [Bed::memory(TAIL), Bed::sqlite(TAIL)] {
        let engine = bed.engine();
        let attending = Ear::open(&engine, 1);
        let watching = watch(&engine, who(2), "a").await;
        drop(Member::open(&engine, share_of(3, "b", "g")).await);
        engine.report(&client(1), "数据:7");
        engine.report(&client(4), "");
        let seen_ms = clock(&bed);
        bed.pass(5000).await;
        let ended_ms = clock(&bed);
        bed.close().await;
        drop((attending, watching, engine));
        bed.pass(7000).await;
        bed.open().await;
        let engine = bed.engine();
        let all = clients(&engine).await;
        let found: BTreeMap<_, _> = all.iter().map(|view| (view.client.clone(), view.last_seen_ms)).collect();
        // The streams of those who were there ended with the server.
        let wanted = [ended_ms, ended_ms, seen_ms, seen_ms];
        assert_eq!(found, BTreeMap::from_iter((1..).map(client).zip(wanted)));
        assert!(all.iter().all(|view| view.instances.is_empty()));
        let status = |text: &str| Some(LastStatus { status: text.into(), at_ms: seen_ms });
        let statuses: Vec<_> = all.iter().map(|view| view.status.clone()).collect();
        assert_eq!(statuses, [status("数据:7"), None, None, status("")]);
        assert_eq!(engine.last_status(&client(1)), status("数据:7"));
        // And who watched which queue.
        let task = some(&engine, "a", 1).await[0];
        assert_eq!(standing(&engine, task).await, BTreeMap::from([(client(2), Standing::Silent)]));
    }
}

fn clock(bed: &Bed) -> u64 {
    (bed.options.wall_clock)()
}

#[tokio::test]
async fn a_crash_loses_no_more_than_the_last_seconds() {
    for bed in [Bed::memory(TAIL), Bed::sqlite(TAIL)] {
        let engine = bed.engine();
        let _watching = watch(&engine, who(1), "a").await;
        engine.report(&client(1), "before");
        engine.report(&client(2), "before");
        // Nothing says when it is written down, but it comes by itself and soon.
        let crashed = in_time(async {
            loop {
                bed.upkeep().await;
                let crashed = bed.crashed();
                if names(&crashed.engine()).await == ["w1", "w2"] {
                    return crashed;
                }
            }
        })
        .await;
        let engine = crashed.engine();
        assert_eq!(engine.last_status(&client(1)).map(|last| last.status).as_deref(), Some("before"));
        assert!(clients(&engine).await.iter().all(|view| view.instances.is_empty()));
    }
}

#[tokio::test]
async fn what_is_too_old_is_deleted_from_the_file() {
    let mut bed = Bed::sqlite(TAIL);
    for number in 1..=3 {
        bed.engine().report(&client(number), "x");
    }
    bed.reopen().await;
    let rows = |bed: &Bed| -> Vec<String> {
        let db = Connection::open(bed.folder().join("contact.db")).unwrap();
        let mut all = db.prepare("SELECT name FROM client ORDER BY name").unwrap();
        let found = all.query_map([], |row| row.get(0)).unwrap().collect::<Result<Vec<String>, _>>();
        found.unwrap()
    };
    assert_eq!(rows(&bed), ["w1", "w2", "w3"]);
    bed.pass(SEEN_KEPT_MS - DAY_MS).await;
    bed.engine().report(&client(2), "y");
    bed.pass(DAY_MS + 1).await;
    assert_eq!(names(&bed.engine()).await, ["w2"]);
    until(|| rows(&bed) == ["w2"]).await;
    // One that is too old when the server starts goes as well.
    bed.close().await;
    bed.pass(SEEN_KEPT_MS).await;
    bed.open().await;
    assert_eq!(names(&bed.engine()).await, Vec::<String>::new());
    until(|| rows(&bed).is_empty()).await;
}

#[tokio::test]
async fn a_store_without_room_for_clients_goes_on_and_has_them_later() {
    let (mut bed, gate) = Bed::held();
    gate.state().clients_fault = Some(StoreError::Full("no room".into()));
    let engine = bed.engine();
    engine.report(&client(1), "x");
    until(|| gate.state().clients_written >= 2).await;
    some(&engine, "a", 1).await;
    assert_eq!(names(&engine).await, ["w1"]);
    let written = gate.state().clients_written;
    gate.state().clients_fault = None;
    until(|| gate.state().clients_written > written).await;
    bed.reopen().await;
    assert_eq!(names(&bed.engine()).await, ["w1"]);
    // Nor does it keep the server from its end.
    gate.state().clients_fault = Some(StoreError::Full("no room".into()));
    bed.engine().report(&client(2), "x");
    bed.reopen().await;
    assert_eq!(names(&bed.engine()).await, ["w1"]);
}

#[tokio::test]
async fn a_damaged_table_of_clients_is_left_alone() {
    let (bed, gate) = Bed::held();
    gate.state().clients_fault = Some(StoreError::Damaged("bent".into()));
    let engine = bed.engine();
    engine.report(&client(1), "x");
    until(|| gate.state().clients_written == 1).await;
    engine.report(&client(2), "x");
    bed.upkeep().await;
    bed.upkeep().await;
    assert_eq!(gate.state().clients_written, 1);
    some(&engine, "a", 1).await;
    assert_eq!(names(&engine).await, ["w1", "w2"]);
}

#[tokio::test]
async fn a_failed_write_of_clients_ends_the_engine_like_any_other() {
    let (bed, gate) = Bed::held();
    gate.state().clients_fault = Some(StoreError::Failed("EIO".into()));
    bed.engine().report(&client(1), "x");
    assert_eq!(in_time(bed.engine().failed()).await, "EIO");
}

#[tokio::test]
async fn a_damaged_client_is_forgotten_and_nobody_else() {
    for bend in [
        "UPDATE client SET status = 'other' WHERE name = 'w2'",
        "UPDATE client SET status = NULL WHERE name = 'w2'",
        "UPDATE client SET last_seen_ms = last_seen_ms + 1 WHERE name = 'w2'",
        "UPDATE client SET last_seen_ms = 'soon' WHERE name = 'w2'",
        "UPDATE client SET status_at_ms = 1 WHERE name = 'w2'",
        "UPDATE client SET watched = x'ff' WHERE name = 'w2'",
        "UPDATE client SET watched = x'0161' WHERE name = 'w2'",
        "UPDATE client SET checksum = checksum + 1 WHERE name = 'w2'",
        "UPDATE client SET name = 'w4' WHERE name = 'w2'",
        "UPDATE client SET name = '-' WHERE name = 'w2'",
        "UPDATE client SET name = CAST(x'ff' AS TEXT) WHERE name = 'w2'",
    ] {
        let mut bed = Bed::sqlite(TAIL);
        for number in 1..=3 {
            drop(watch(&bed.engine(), who(number), "a").await);
            bed.engine().report(&client(number), "x");
        }
        let file = bed.file();
        bed.close().await;
        at_rest(&file, bend);
        bed.open().await;
        assert_eq!(names(&bed.engine()).await, ["w1", "w3"], "{bend}");
        some(&bed.engine(), "a", 1).await;
        // It is not named again, and may come back.
        bed.engine().report(&client(2), "back");
        bed.close().await;
        let db = Connection::open(&file).unwrap();
        let rows: i64 = db.query_row("SELECT count(*) FROM client", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 3, "{bend}");
        drop(db);
        bed.open().await;
        assert_eq!(names(&bed.engine()).await, ["w1", "w2", "w3"], "{bend}");
    }
}

#[tokio::test]
async fn a_table_of_clients_that_cannot_be_read_does_not_keep_the_server_down() {
    let mut bed = Bed::sqlite(TAIL);
    bed.engine().report(&client(1), "x");
    some(&bed.engine(), "a", 3).await;
    let file = bed.file();
    bed.close().await;
    let root: i64 = {
        let db = Connection::open(&file).unwrap();
        db.query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'client'", [], |r| r.get(0)).unwrap()
    };
    let mut bytes = fs::read(&file).unwrap();
    let start = (root as usize - 1) * 8192;
    bytes[start..start + 64].fill(0xff);
    fs::write(&file, bytes).unwrap();
    bed.open().await;
    let engine = bed.engine();
    assert_eq!((names(&engine).await, engine.tasks_kept()), (vec![], 3));
    engine.report(&client(2), "y");
    // A few rounds of what would write it down.
    for _ in 0..3 {
        bed.upkeep().await;
    }
    some(&engine, "a", 1).await;
    assert_eq!(names(&engine).await, ["w2"]);
    bed.reopen().await;
    assert_eq!(bed.engine().tasks_kept(), 4);
}

#[tokio::test]
async fn a_process_may_say_its_name_late() {
    let bed = Bed::memory(TAIL);
    let engine = bed.engine();
    some(&engine, "a", 2).await;
    let unnamed = Who { client: None, ..who(1) };
    let attending = engine.attend(unnamed.clone());
    let mut member = Member::open(&engine, Share { who: unnamed, ..share_of(1, "a", "g") }).await;
    let held = member.one().await;
    assert_eq!(names(&engine).await, Vec::<String>::new());
    let mut events = engine.client_events(None);
    engine.name(process(1), &client(1));
    let up = in_time(events.next()).await.unwrap().unwrap();
    assert_eq!((up.client, matches!(up.change, ClientChange::Up { .. })), (client(1), true));
    // What it holds is its client's too, also in the eyes of the group.
    let view = clients(&engine).await.remove(0);
    assert_eq!((view.client, view.in_flight, view.instances[0].in_flight), (client(1), 1, 1));
    assert_eq!(standing(&engine, held.seq).await, BTreeMap::from([(client(1), Standing::Received)]));
    drop((attending, member));
    // The name is none of a process that has gone.
    engine.name(process(1), &client(2));
    engine.name(process(9), &client(9));
    assert_eq!(names(&engine).await, ["w1"]);
    assert_eq!(clients(&engine).await[0].in_flight, 1);
}

/// What a watcher of events knows of who is there. It is told of nobody twice.
#[derive(Default)]
struct Known(BTreeSet<Instance>);

impl Known {
    /// Reads until it is told that this process has come.
    async fn read_to(&mut self, events: &mut ClientEvents, last: Instance) {
        loop {
            match in_time(events.next()).await.unwrap().unwrap().change {
                ClientChange::Up { instance, .. } => {
                    assert!(self.0.insert(instance), "came twice");
                    if instance == last {
                        return;
                    }
                }
                ClientChange::Down { instance, .. } => assert!(self.0.remove(&instance), "was not there"),
                ClientChange::Status(_) => {}
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_have_no_gap_while_many_come_and_go() {
    let bed = Bed::memory(TAIL);
    let comings = (0..4).map(|worker| {
        let engine = bed.engine();
        tokio::spawn(async move {
            let mut there = Vec::new();
            for round in 0..400_u64 {
                let who = one_of_many(1000 * worker + round % 37);
                let streams = (engine.attend(who.clone()), engine.attend(who));
                if round % 3 == 0 {
                    there.push(streams);
                }
                if round % 7 == 0 {
                    there.clear();
                    tokio::task::yield_now().await;
                }
            }
            there
        })
    });
    let comings: Vec<_> = comings.collect();
    let mut watches = Vec::new();
    while !comings.iter().all(tokio::task::JoinHandle::is_finished) {
        watches.push((bed.engine().client_events(None), Known::default()));
        tokio::task::yield_now().await;
    }
    let mut there = Vec::new();
    for coming in comings {
        there.push(in_time(coming).await.unwrap());
    }
    let last = one_of_many(99_999);
    let _last = bed.engine().attend(last.clone());
    let listed: BTreeSet<_> =
        clients(&bed.engine()).await.iter().flat_map(|view| &view.instances).map(|i| i.instance).collect();
    for (events, known) in &mut watches {
        known.read_to(events, last.instance).await;
        assert_eq!(known.0, listed);
    }
}

#[tokio::test]
async fn two_thousand_that_come_back_are_told_of_to_everyone() {
    let bed = Bed::memory(TAIL);
    let engine = bed.engine();
    let mut watches: Vec<_> = (0..20).map(|_| (engine.client_events(None), Known::default())).collect();
    let mut only = engine.client_events(one_of_many(1234).client);
    let there: Vec<_> = (0..2000).map(|n| engine.attend(one_of_many(n))).collect();
    let last = one_of_many(1999).instance;
    for (events, known) in &mut watches {
        known.read_to(events, last).await;
        assert_eq!(known.0.len(), 2000);
    }
    drop(there);
    let there: Vec<_> = (0..2000).map(|n| engine.attend(one_of_many(n))).collect();
    for (events, known) in &mut watches {
        known.read_to(events, last).await;
        assert_eq!(known.0.len(), 2000);
    }
    let mut seen = Vec::new();
    for _ in 0..3 {
        let ClientEvent { client, change, .. } = in_time(only.next()).await.unwrap().unwrap();
        seen.push((client.to_string(), matches!(change, ClientChange::Up { .. })));
    }
    assert_eq!(seen, [true, false, true].map(|is_up| ("m1234".to_owned(), is_up)));
    assert_eq!(clients(&engine).await.len(), there.len());
}

#[tokio::test]
async fn who_does_not_read_events_is_told_so_and_may_come_back() {
    let bed = Bed::memory(TAIL);
    let engine = bed.engine();
    let mut slow = engine.client_events(None);
    let mut other = engine.client_events(Some(client(2)));
    for n in 0..10_001 {
        engine.report(&client(1), &n.to_string());
    }
    assert_eq!(in_time(slow.next()).await, Some(Err(Error::SlowReader)));
    assert_eq!(in_time(slow.next()).await, None);
    // Whoever would not have been told of any of it has missed it too, as far as anybody knows.
    assert_eq!(in_time(other.next()).await, Some(Err(Error::SlowReader)));
    let mut again = engine.client_events(None);
    engine.report(&client(1), "now");
    let event = in_time(again.next()).await.unwrap().unwrap();
    assert_eq!(event.change, ClientChange::Status("now".into()));
}

#[tokio::test]
async fn the_roll_of_many_groups_is_called_from_memory_and_from_disk() {
    for mut bed in [Bed::memory(TAIL), Bed::sqlite(TAIL)] {
        let task = some(&bed.engine(), "a", 1).await[0];
        // More than are looked at in one go.
        for n in 0..150 {
            let who = one_of_many(n);
            let group = GroupName::own(who.client.as_ref().unwrap());
            let mut member =
                Member::open(&bed.engine(), Share { who, group, ..share_of(0, "a", "none") }).await;
            let leased = member.one().await;
            if n % 2 == 0 {
                done(&bed.engine(), &leased).await;
            }
        }
        for _ in 0..2 {
            let roll = standing(&bed.engine(), task).await;
            assert_eq!(roll.len(), 150);
            for n in 0..150 {
                let wanted = if n % 2 == 0 { Standing::Done } else { Standing::Received };
                assert_eq!(roll[&one_of_many(n).client.unwrap()], wanted);
            }
            // From here on what has ended is in pages.
            bed.reopen().await;
        }
        // Of another task of the queue nobody has heard.
        let other = some(&bed.engine(), "a", 1).await[0];
        let roll = standing(&bed.engine(), other).await;
        assert!(roll.len() == 150 && roll.values().all(|standing| *standing == Standing::Silent), "{roll:?}");
        // Once they have not watched it for a day, only those who had to do with a task belong to it.
        bed.pass(DAY_MS + 1).await;
        let other = some(&bed.engine(), "a", 1).await[0];
        assert_eq!(standing(&bed.engine(), other).await, BTreeMap::new());
    }
}

#[tokio::test]
async fn who_is_there_is_known_while_the_disk_stalls() {
    let bed = Bed::memory(TAIL);
    let engine = bed.engine();
    some(&engine, "a", 2).await;
    let mut member = Member::open(&engine, Share { max_in_flight: 2, ..share_of(1, "a", "g") }).await;
    let leased = member.take(2).await;
    let held = |views: Vec<ClientView>| -> Vec<(u64, u64)> {
        views.iter().map(|view| (view.in_flight, view.instances[0].in_flight)).collect()
    };
    assert_eq!(held(clients(&engine).await), [(2, 2)]);
    let (stall, stalled) = std::sync::mpsc::channel::<()>();
    let looking = tokio::spawn({
        let engine = engine.clone();
        async move { engine.look(move |_| Ok(Ok(stalled.recv().is_err()))).await }
    });
    let beside = watch(&engine, who(2), "a").await;
    tokio::task::yield_now().await;
    assert_eq!(held(clients(&engine).await), [(2, 2), (0, 0)], "as it was last known");
    drop(stall);
    assert_eq!(in_time(looking).await.unwrap(), Ok(true), "all the while");
    done(&engine, &leased[0]).await;
    assert_eq!(held(clients(&engine).await), [(1, 1), (0, 0)]);
    drop(beside);
}

#[tokio::test]
async fn a_watch_that_is_refused_is_in_no_list() {
    let bed = Bed::memory(TAIL);
    let engine: Embedded = bed.engine();
    let refused = Watch { who: who(1), ..watch_of(&[("a", Start::Seq(99))]) };
    assert!(Reader::try_open(&engine, refused).await.is_err());
    let refused = Share { store: Some("other".into()), ..share_of(2, "a", "g") };
    assert!(Member::try_open(&engine, refused).await.is_err());
    assert_eq!(names(&engine).await, Vec::<String>::new());
    let reader = watch(&engine, who(1), "a").await;
    assert_eq!(clients(&engine).await[0].instances[0].watches, [(queue("a"), None)]);
    drop(reader);
}
