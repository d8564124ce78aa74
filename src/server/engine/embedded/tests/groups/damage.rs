//! What is damaged is named, with the file and the place, and nothing of it is changed; and a store from before
//! there were groups gets them.

use std::fs;

use rusqlite::Connection;

use super::*;
use crate::server::engine::{Refused, contract::Reader, embedded::OpenError};

#[tokio::test]
async fn damage_is_named_and_nothing_is_changed() {
    for (damage, word) in [
        ("UPDATE page SET entries = CAST(x'0102' || entries AS BLOB)", "the page of group 1 at seq 0"),
        ("UPDATE page SET open = open + 1", "the page of group 1 at seq 0"),
        ("UPDATE page SET upto = upto + 1", "the page of group 1 at seq 0"),
        ("UPDATE fact SET facts = CAST(facts || x'00' AS BLOB)", "the facts of row"),
        ("UPDATE fact SET no = no + 1000", "the facts of row"),
        ("UPDATE grp SET head = CAST(x'00' || head AS BLOB) WHERE number = 1", "group 1"),
        ("UPDATE grp SET name = 'other' WHERE number = 1", "group 1"),
        ("UPDATE grp SET queue = 77 WHERE number = 1", "group 1"),
        ("UPDATE holder SET instance = x'00'", "the holder"),
        ("UPDATE holder SET lease_ms = 1000", "the holder"),
        ("UPDATE fact SET at_ms = at_ms + 1", "the facts of row"),
        ("DELETE FROM holder", "a lease has a holder that is not there"),
        ("DELETE FROM grp", "group"),
        ("DELETE FROM grp; DELETE FROM fact", "the page of group 1 at seq 0"),
        ("DELETE FROM meta WHERE key = 'token_key'", "no rows"),
    ] {
        let mut bed = Bed::sqlite(TAIL);
        stage(&bed.engine()).await;
        bed.reopen().await;
        // Beside the pages there are facts that are not in them.
        let engine = bed.engine();
        set(&engine, |change| change.paused = Some(false)).await;
        drop(Member::open(&engine, share_of(40, "a", "g")).await.one().await);
        let folder = tempfile::tempdir().unwrap();
        for name in ["contact.db", "contact.db-wal"] {
            fs::copy(bed.folder().join(name), folder.path().join(name)).unwrap();
        }
        let file = folder.path().join("contact.db");
        at_rest(&file, damage);
        let before = fs::read(&file).unwrap();
        let refused = Embedded::open(folder.path(), &bed.options).map(|_| damage).unwrap_err();
        assert!(matches!(&refused, OpenError::Damaged { file: f, .. } if *f == file), "{damage}: {refused}");
        let message = refused.to_string();
        assert!(message.contains(word) && message.contains(file.to_str().unwrap()), "{damage}: {message}");
        assert!(fs::read(&file).unwrap() == before, "{damage}");
    }
}

#[tokio::test]
async fn a_damaged_page_of_what_has_ended_is_named_when_it_is_asked_for() {
    let mut bed = Bed::sqlite(TAIL);
    let file = bed.file();
    let engine = bed.engine();
    some(&engine, "a", 1).await;
    let held = Member::open(&engine, share_of(1, "a", "g")).await.one().await;
    done(&engine, &held).await;
    bed.close().await;
    at_rest(&file, "UPDATE page SET entries = CAST(entries || x'00' AS BLOB)");
    bed.open().await;
    let engine = bed.engine();
    let both = vec![told(&held.lease, Word::Done), told("none of ours", Word::Done)];
    let judged = in_time(engine.tell(both)).await.unwrap();
    assert_eq!((judged[0].verdict, judged[1].verdict), (Verdict::Damaged, Verdict::Unknown));
    // The rest goes on.
    let all = some(&engine, "b", 1).await;
    assert_eq!(Member::open(&engine, share_of(1, "b", "g")).await.one().await.seq, all[0]);
}

#[tokio::test]
async fn of_several_tasks_only_the_one_that_is_damaged_is_not_answered() {
    let mut bed = Bed::sqlite(TAIL);
    let file = bed.file();
    let named_task = |id: &str| NewTask { id: own(id), ..task("a", "x") };
    for id in ["bad", "good", "better"] {
        submit(&bed.engine(), vec![named_task(id)]).await;
    }
    bed.close().await;
    at_rest(&file, "UPDATE chunk SET checksum = checksum + 1 WHERE first_seq = 1");
    bed.open().await;
    let engine = bed.engine();
    let answers = submit_any(&engine, ["new", "bad", "newer"].map(named_task).into()).await;
    let [Ok(new), Err(Refused::Damaged(why)), Ok(newer)] = &answers[..] else { panic!("{answers:?}") };
    assert!(why.contains(file.to_str().unwrap()) && why.contains("the chunk at seq 1"), "{why}");
    assert_eq!((new.seq, newer.seq, engine.tasks_kept()), (4, 5, 5));
    let told = ["good", "bad", "better"].map(|id| told_by_id(id, Word::Done, Some(9)));
    let judged = in_time(engine.tell(told.into())).await.unwrap();
    assert_eq!(
        judged.iter().map(|j| j.verdict).collect::<Vec<_>>(),
        [Verdict::Noted, Verdict::Damaged, Verdict::Noted]
    );
    let judged = in_time(engine.cancel(["good", "bad", "better"].map(id).into())).await.unwrap();
    assert_eq!(
        judged.iter().map(|j| j.verdict).collect::<Vec<_>>(),
        [Verdict::Ok, Verdict::Damaged, Verdict::Ok]
    );
}

#[tokio::test]
async fn a_store_from_before_groups_gets_them() {
    let old = Bed::sqlite(TAIL);
    let engine = old.engine();
    let named = NewTask { id: own("deploy"), ..task("a", "named") };
    let all = submit(&engine, vec![task("a", "x"), named.clone(), task("b", "y"), task("a", "z")]).await;
    // The same tasks in a file as format 1 had it.
    let bed = Bed::sqlite(TAIL);
    let file = bed.file();
    let mut bed = bed;
    bed.close().await;
    fs::remove_file(&file).unwrap();
    let db = Connection::open(&file).unwrap();
    db.execute_batch(
        "PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;
         CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
         CREATE TABLE queue (
             number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
             last_seq INTEGER NOT NULL, trimmed_seq INTEGER NOT NULL, tasks INTEGER NOT NULL
         );
         CREATE TABLE chunk (
             first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, at_ms INTEGER NOT NULL,
             head_checksum INTEGER NOT NULL, checksum INTEGER NOT NULL,
             directory BLOB NOT NULL, frames BLOB NOT NULL
         );
         CREATE TABLE own_id (first_seq INTEGER PRIMARY KEY, ids BLOB NOT NULL);
         CREATE TABLE retry (first_seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, runs BLOB NOT NULL);
         PRAGMA application_id = 1668183139; PRAGMA user_version = 1;
         INSERT INTO meta VALUES ('store_id', '01d');",
    )
    .unwrap();
    db.execute("ATTACH ?1 AS new", [old.file().to_str().unwrap()]).unwrap();
    db.execute_batch(
        "INSERT INTO queue SELECT number, name, last_seq, trimmed_seq, tasks FROM new.queue;
         INSERT INTO chunk SELECT * FROM new.chunk;
         INSERT INTO own_id SELECT * FROM new.own_id;
         DETACH new;",
    )
    .unwrap();
    drop(db);
    for round in 0..3 {
        bed.open().await;
        let engine = bed.engine();
        assert_eq!(engine.store_id(), "01d");
        assert_eq!(Reader::open(&engine, "a", Start::First).await.take(3).await.len(), 3);
        assert!(submit_any(&engine, vec![named.clone()]).await[0].as_ref().unwrap().duplicate);
        let share = Share { max_in_flight: 9, max: Some(3), ..share_of(1, "a", &format!("g{round}")) };
        let mut member = Member::open(&engine, share).await;
        assert_eq!(member.is_new, [true]);
        let held = member.rest().await.unwrap();
        assert_eq!(held.iter().map(|l| l.seq).collect::<Vec<_>>(), [all[0], all[1], all[3]]);
        done(&engine, &held[0]).await;
        drop(member);
        bed.close().await;
    }
    bed.open().await;
    for round in 0..3 {
        let name = format!("g{round}");
        let view = group(&bed.engine(), "a", &name).await;
        assert_eq!((view.done, view.leased), (1, 2));
    }
    let purged = in_time(bed.engine().purge(queue("a"), None)).await.unwrap();
    assert_eq!((purged.tasks, purged.leases), (3, 6));
}
