//! `contact serve --check`: a store that is whole, one that is damaged in each of its tables, one that a server has, and
//! one that a server was killed over. None of them is changed.

use std::{fs, path::Path};

use rusqlite::Connection;
use serde_json::json;

use crate::{
    common::{Output, Server, contact, run},
    refused::files,
};

/// A store with a row in each table, left by a server that was killed: with a log, and facts that are not folded.
fn store() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    let work = |server: &Server, round: u64| {
        let ok = |args: &[&str], input: &str| {
            let out = server.run(args, input);
            assert_eq!(out.code, 0, "{args:?}: {}", out.stderr);
            out
        };
        ok(&["submit", "--id", &format!("deploy-{round}"), "--label", "ref=main", "damage-me"], "");
        ok(&["submit", "-q", "other"], "a\nb\nc\nd\n");
        ok(&["submit", "--delay", "1h", "later"], "");
        ok(&["run", "--client", "kiosk", "-q", "other", "--group", "g", "--max", "2", "--", "true"], "");
        ok(&["watch-tasks", "-q", "other", "--group", "g", "--max", "1", "--detach", "--lease", "15m"], "");
        let seq = 3 + (round - 1) * 5;
        ok(&["cancel", &seq.to_string()], "");
        ok(&["send-status", "--client", "kiosk", "fine"], "");
    };
    let server = Server::start(data.path());
    work(&server, 1);
    assert!(server.stop().success());
    let mut server = Server::start(data.path());
    work(&server, 2);
    server.kill();
    data
}

fn copy_of(store: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in ["contact.db", "contact.db-wal", "contact.lock"] {
        fs::copy(store.join(name), copy.path().join(name)).unwrap();
    }
    copy
}

fn check(data: &Path) -> Output {
    run(contact().args(["serve", "--check", "--data"]).arg(data), "")
}

#[test]
fn a_store_is_verified_and_not_changed() {
    let store = store();
    let data = store.path();
    let before = files(data);
    assert!(!before[&data.join("contact.db-wal")].is_empty());
    let checked = check(data);
    assert_eq!(checked.code, 0, "{checked:?}");
    let [summary] = &checked.json()[..] else { panic!("{checked:?}") };
    assert_eq!(summary["checked"], data.join("contact.db").to_str().unwrap());
    for (key, count) in [("findings", 0), ("format", 3), ("tasks", 10), ("delayed", 2), ("groups", 1)] {
        assert_eq!(summary[key], count, "{key}: {summary}");
    }
    assert!(summary["results"].as_u64().unwrap() >= 6, "{summary}");
    assert_eq!(files(data), before);

    // With what SQLite keeps beside the log gone, as after a copy.
    let copy = copy_of(data);
    let before = files(copy.path());
    assert_eq!(check(copy.path()).json()[0]["tasks"], 10);
    assert_eq!(files(copy.path()), before);

    // A server has it.
    let mut server = Server::start(data);
    let refused = check(data);
    assert_eq!((refused.code, &refused.errors()[0]["error"]), (5, &json!("store_in_use")));
    let pid = server.child.id().to_string();
    assert!(refused.errors()[0]["message"].as_str().unwrap().contains(&pid), "{refused:?}");
    server.kill();
    // At rest, and as text.
    assert!(Server::start(data).stop().success());
    let before = files(data);
    let checked = run(contact().args(["serve", "--check", "-o", "text", "--data"]).arg(data), "");
    assert!(
        checked.code == 0 && checked.stdout.ends_with("10 tasks, 2 delayed, 1 groups, 6 results: good\n"),
        "{checked:?}"
    );
    assert_eq!(files(data), before);
}

#[test]
fn damage_is_found_in_each_table_and_named() {
    let store = store();
    // A statement, and what its finding says.
    let damages = [
        (
            "UPDATE chunk SET frames = zeroblob(length(frames)) WHERE first_seq = 1",
            "the checksum of the chunk at seq 1",
        ),
        ("UPDATE chunk SET at_ms = at_ms + 1 WHERE first_seq = 6", "the directory of the chunk at seq 6"),
        ("UPDATE chunk SET directory = x'ffff' WHERE first_seq = 6", "the directory of the chunk at seq 6"),
        ("UPDATE chunk SET last_seq = 'x' WHERE first_seq = 6", "the chunk at seq 6: Invalid column type"),
        (
            "UPDATE chunk SET at_ms = 'x' WHERE first_seq = 1; DELETE FROM chunk WHERE first_seq = 6",
            "ends at seq 5",
        ),
        ("DELETE FROM chunk WHERE first_seq = 6", "the one before it ends at seq 5"),
        ("DELETE FROM chunk WHERE first_seq > 1", "queue other has"),
        ("UPDATE own_id SET ids = x'00ff' WHERE first_seq = 1", "the chunk at seq 1: its ids"),
        ("DELETE FROM own_id WHERE first_seq = 1", "its ids are not those of its tasks"),
        ("INSERT INTO own_id VALUES (3, x'')", "the ids at seq 3 are of no chunk"),
        ("UPDATE retry SET runs = x'00'", "retry keys, row 1"),
        ("UPDATE queue SET tasks = tasks + 1 WHERE name = 'other'", "queue other has 4 tasks"),
        ("UPDATE queue SET name = 'what?' WHERE name = 'other'", "the name of queue"),
        ("UPDATE queue SET name = 'mother' WHERE name = 'other'", "in the wrong place"),
        ("UPDATE meta SET value = x'00' WHERE key = 'token_key'", "the key of tokens"),
        ("DELETE FROM meta WHERE key = 'store_id'", "no rows"),
        ("UPDATE grp SET head = x'00'", "group 1"),
        ("DELETE FROM grp", "name a group that is not there"),
        ("UPDATE fact SET facts = x'00' WHERE no = (SELECT max(no) FROM fact)", "the facts of row"),
        ("DELETE FROM fact WHERE no = (SELECT max(no) FROM fact) - 1", "are not there"),
        ("UPDATE page SET entries = x'00'", "the page of group 1 at seq 0"),
        ("UPDATE holder SET lease_ms = lease_ms + 1", "the holder"),
        ("DELETE FROM holder", "is not there"),
        ("UPDATE cancelled SET queue = 77 WHERE seq = 3", "the cancelled task at seq 3"),
        ("UPDATE delayed SET frame = x'00' WHERE number = 1", "the delayed task 1"),
        ("UPDATE meta SET value = 1 WHERE key = 'delayed'", "the delayed task 2"),
        ("UPDATE result SET entries = x'00' WHERE first_n = 1", "the results from 1 on"),
        ("DELETE FROM result WHERE first_n = 2", "those before them end at 1"),
        ("UPDATE meta SET value = 99 WHERE key = 'results_upto'", "the results end at 6, not at 99"),
        ("UPDATE result_page SET runs = x'00'", "where the results of the tasks from seq 0 on stand"),
        ("DELETE FROM result_page", "where the results of the tasks from seq 0 on stand"),
        ("UPDATE client SET last_seen_ms = 1", "row 1 of the clients"),
        ("DROP TABLE result", "the table result: no such table"),
        ("PRAGMA writable_schema = 1; UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'fact'", "Tree 2"),
    ];
    for (damage, word) in damages {
        let copy = copy_of(store.path());
        let file = copy.path().join("contact.db");
        let db = Connection::open(&file).unwrap();
        db.execute_batch(damage).unwrap();
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        drop(db);
        let before = files(copy.path());
        let checked = check(copy.path());
        assert_eq!(checked.code, 5, "{damage}: {checked:?}");
        assert_eq!(checked.errors()[0]["error"], "store_damaged", "{damage}");
        let mut found = checked.json();
        let summary = found.pop().unwrap();
        assert_eq!(summary["findings"], found.len(), "{damage}: {summary}");
        let named = |line: &serde_json::Value| {
            line["damaged"] == file.to_str().unwrap() && line["what"].as_str().unwrap().contains(word)
        };
        assert!(found.iter().any(named), "{damage}: {found:#?}");
        assert_eq!(files(copy.path()), before, "{damage}");
    }
}

#[test]
fn a_page_of_the_file_and_a_frame_of_the_log_are_looked_at_too() {
    let store = store();
    let copy = copy_of(store.path());
    let log = copy.path().join("contact.db-wal");
    let mut bytes = fs::read(&log).unwrap();
    bytes[40_000] ^= 1;
    fs::write(&log, bytes).unwrap();
    let checked = check(copy.path());
    assert_eq!(checked.code, 5, "{checked:?}");
    assert_eq!(checked.json()[0]["damaged"], log.to_str().unwrap(), "{checked:?}");

    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    server.run(&["submit"], "x".repeat(100_000));
    assert!(server.stop().success());
    let file = data.path().join("contact.db");
    let mut bytes = fs::read(&file).unwrap();
    let last = bytes.len() - 8192;
    bytes[last..].fill(0xff);
    fs::write(&file, &bytes).unwrap();
    let checked = check(data.path());
    assert_eq!(checked.code, 5, "{checked:?}");
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

#[test]
fn what_cannot_be_checked_says_why() {
    let data = tempfile::tempdir().unwrap();
    for (what, error) in [("", "store_folder"), ("Dear reader", "not_a_store")] {
        if !what.is_empty() {
            fs::write(data.path().join("contact.db"), what).unwrap();
        }
        let before = files(data.path());
        let refused = check(data.path());
        assert_eq!((refused.code, &refused.errors()[0]["error"]), (5, &json!(error)), "{refused:?}");
        assert_eq!(files(data.path()), before);
    }
    let refused = run(contact().args(["serve", "--check", "--store", "memory"]), "");
    assert_eq!(refused.code, 2, "{refused:?}");
    for bad in ["64 M", "-1", "", "1.5GiB"] {
        let refused = run(contact().args(["serve", &format!("--min-free={bad}")]), "");
        assert_eq!(refused.code, 2, "{bad:?}: {refused:?}");
        assert!(refused.errors()[0]["message"].as_str().unwrap().contains("64MiB, 1GB or 0"), "{refused:?}");
    }
}
