//! The store's files: who may open them, what is not ours, what is damaged, how they grow and shrink.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use rusqlite::Connection;

use super::{Bed, NO_TAIL, TAIL, until};
use crate::{
    server::engine::{
        Accepted, Engine, Error, NewTask, Start, Watch,
        contract::{Fixture, Reader, fill, key, own, submit, submit_any, task, watch_of},
        embedded::{
            Embedded, OpenError, Options,
            store::{Store, sqlite::SqliteStore},
        },
    },
    wire::TASK_BYTES_MAX,
};

#[tokio::test]
async fn a_store_in_use_is_refused_and_its_owner_named() {
    let mut bed = Bed::sqlite(TAIL);
    let folder = bed.folder().to_owned();
    let Err(OpenError::InUse { folder: named, pid }) = Embedded::open(&folder, &Options::default()) else {
        panic!("opened twice");
    };
    assert_eq!((named, pid), (folder, std::process::id().to_string()));
    // What was refused has changed nothing, and a closed store is free at once.
    fill(&bed.engine(), &["a"], 3).await;
    bed.reopen().await;
    assert_eq!(bed.engine().tasks_kept(), 3);
}

#[tokio::test]
async fn a_store_is_free_once_its_last_handle_is_gone() {
    let mut bed = Bed::sqlite(TAIL);
    fill(&bed.engine(), &["a"], 3).await;
    bed.open = None;
    until(|| match bed.try_open() {
        Ok(()) => true,
        Err(OpenError::InUse { .. }) => false,
        Err(other) => panic!("{other}"),
    })
    .await;
    assert_eq!(bed.engine().tasks_kept(), 3);
}

#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("deep/er");
    let engine = Embedded::open(&folder, &Options::default()).unwrap();
    submit(&engine, vec![task("a", "secret")]).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 2);
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let asked = folder.path().join("file/data");
    let refused = Embedded::open(&asked, &Options::default()).err().unwrap();
    assert!(matches!(refused, OpenError::Folder { folder, .. } if folder == asked));
}

#[test]
fn what_is_not_a_store_is_refused_and_left_alone() {
    let letter: &dyn Fn(&Path) = &|file| fs::write(file, "Dear reader, \n".repeat(1000)).unwrap();
    let short: &dyn Fn(&Path) = &|file| fs::write(file, "x").unwrap();
    let foreign: &dyn Fn(&Path) = &|file| {
        Connection::open(file)
            .unwrap()
            .execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")
            .unwrap();
    };
    let named: &dyn Fn(&Path) = &|file| {
        Connection::open(file).unwrap().execute_batch("PRAGMA application_id = 7").unwrap();
    };
    for (what, make) in [("letter", letter), ("short", short), ("foreign", foreign), ("named", named)] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("contact.db");
        make(&file);
        let before = fs::read(&file).unwrap();
        let refused = Embedded::open(folder.path(), &Options::default()).err().unwrap();
        assert!(matches!(&refused, OpenError::NotAStore { file: f } if *f == file), "{what}: {refused}");
        assert_eq!(fs::read(&file).unwrap(), before, "{what}");
    }
}

#[tokio::test]
async fn a_store_of_a_newer_format_is_refused_and_left_alone() {
    let mut bed = Bed::sqlite(TAIL);
    fill(&bed.engine(), &["a"], 3).await;
    let file = bed.file();
    bed.close().await;
    at_rest(&file, "PRAGMA user_version = 99");
    let before = fs::read(&file).unwrap();
    let refused = bed.try_open().unwrap_err();
    assert!(
        matches!(&refused, OpenError::NewerFormat { file: f, found: 99, known: 3 } if *f == file),
        "{refused}"
    );
    assert_eq!(fs::read(&file).unwrap(), before);
    at_rest(&file, "PRAGMA user_version = 3");
    bed.open().await;
    assert_eq!(bed.engine().tasks_kept(), 3);
}

#[tokio::test]
async fn a_store_that_lacks_something_is_damaged_and_says_what() {
    for (damage, word) in [
        ("DROP TABLE chunk", "chunk"),
        ("DELETE FROM meta WHERE key = 'store_id'", "no rows"),
        ("DELETE FROM meta WHERE key = 'folded_seq'; DELETE FROM queue", "seq 1"),
        ("UPDATE own_id SET ids = x'00ff'", "ids"),
        ("UPDATE retry SET runs = x'00'", "retry"),
    ] {
        let mut bed = Bed::sqlite(TAIL);
        let told = NewTask { id: own("deploy"), retry_key: key(1, 1), ..task("a", "x") };
        submit(&bed.engine(), vec![told]).await;
        let file = bed.file();
        bed.close().await;
        at_rest(&file, damage);
        let refused = bed.try_open().unwrap_err();
        assert!(matches!(&refused, OpenError::Damaged { file: f, .. } if *f == file), "{damage}: {refused}");
        assert!(refused.to_string().contains(word), "{damage}: {refused}");
    }
}

#[tokio::test]
async fn a_flipped_byte_is_named_and_not_served() {
    for text in ["damage-me".to_owned(), format!("{}damage-me", "x".repeat(300_000))] {
        let mut bed = Bed::sqlite(TAIL);
        let engine = bed.engine();
        submit(&engine, vec![task("a", "whole"), task("b", "whole")]).await;
        submit(&engine, vec![task("b", "beside"), task("a", text)]).await;
        submit(&engine, vec![task("a", "whole")]).await;
        let file = bed.file();
        bed.close().await;
        drop(engine);
        at_rest(&file, "");
        let mut bytes = fs::read(&file).unwrap();
        let at = bytes.windows(9).position(|w| w == b"damage-me").unwrap();
        bytes[at] ^= 1;
        fs::write(&file, bytes).unwrap();

        bed.open().await;
        let engine = bed.engine();
        for start in [Start::First, Start::Seq(2), Start::Seq(4), Start::Time(0)] {
            let mut watch = Reader::open(&engine, "a", start).await;
            let mut seen = Vec::new();
            let error = loop {
                match watch.next().await.unwrap() {
                    Ok(run) => seen.extend(run),
                    Err(error) => break error,
                }
            };
            assert!(seen.iter().all(|t| t.seq == 1), "{seen:?}");
            let Error::Damaged(why) = error else { panic!("{error}") };
            assert!(why.contains(file.to_str().unwrap()) && why.contains("damaged: "), "{why}");
            assert!(why.contains("seq 3"), "{why}");
            assert!(watch.next().await.is_none());
        }
        // The same chunk's bytes of another queue are no more to be trusted.
        let other = Reader::open(&engine, "b", Start::Seq(3)).await.next().await.unwrap();
        assert!(other.is_err());
        // Those of other chunks are.
        assert_eq!(Reader::open(&engine, "a", Start::Seq(5)).await.take(1).await[0].task, "whole");
        assert!(fill(&engine, &["a"], 2).await.len() == 2);
    }
}

#[tokio::test]
async fn the_file_shrinks_after_trimming() {
    const MIB: u64 = 1 << 20;
    let bed = Bed::sqlite(NO_TAIL);
    let engine = bed.engine();
    let text = "x".repeat(TASK_BYTES_MAX);
    for _ in 0..6 {
        submit(&engine, (0..4).map(|_| task("a", text.clone())).collect()).await;
    }
    let file = bed.file();
    let bytes = || fs::metadata(&file).unwrap().len();
    until(|| bytes() > 18 * MIB).await;
    bed.outlive_all().await;
    until(|| bytes() < 6 * MIB).await;
    // And the log beside it does not grow for ever.
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    assert!(fs::metadata(log).unwrap().len() < 16 * MIB);
}

#[tokio::test]
async fn nothing_of_a_trimmed_task_is_left_in_the_file() {
    let bed = Bed::sqlite(TAIL);
    let engine = bed.engine();
    for n in 0..100 {
        let told = NewTask { id: own(&format!("id{n}")), retry_key: key(1, n), ..task("a", "x") };
        submit(&engine, vec![told]).await;
    }
    let db = Connection::open(bed.file()).unwrap();
    let rows = |table: &str| -> i64 {
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0)).unwrap()
    };
    assert_eq!([rows("chunk"), rows("own_id"), rows("retry")], [100; 3]);
    bed.outlive_all().await;
    until(|| rows("chunk") + rows("own_id") == 0).await;
    assert_eq!(rows("retry"), 100, "remembered for longer");
    bed.pass(10 * 60 * 1000).await;
    until(|| rows("retry") == 0).await;
}

#[tokio::test]
async fn what_was_answered_is_in_the_files_whenever_the_process_dies() {
    let bed = Bed::sqlite(TAIL);
    let engine = bed.engine();
    let told = |n| NewTask { id: own(&format!("id{n}")), retry_key: key(1, n), ..task("a", n.to_string()) };
    for n in 0..30 {
        if n == 20 {
            bed.outlive_all().await;
        }
        submit(&engine, vec![told(n), task(&format!("q{n}"), "x")]).await;
        if n % 7 != 0 {
            continue;
        }
        // What is in the files now is all that a process that dies now leaves behind.
        let folder = tempfile::tempdir().unwrap();
        for name in ["contact.db", "contact.db-wal"] {
            fs::copy(bed.folder().join(name), folder.path().join(name)).unwrap();
        }
        let survivor = Embedded::open(folder.path(), &bed.options).unwrap();
        assert_eq!(survivor.store_id(), engine.store_id());
        assert_eq!(survivor.tasks_kept(), engine.tasks_kept());
        let first = if n < 20 { 0 } else { 20 };
        let watch = Watch { until_empty: true, ..watch_of(&[("a", Start::First)]) };
        let seen = Reader::try_open(&survivor, watch).await.unwrap().rest().await.unwrap();
        assert!(seen.iter().map(|t| t.task.clone()).eq((first..=n).map(|n| n.to_string())));
        let resent = submit_any(&survivor, vec![told(n)]).await;
        assert_eq!(resent, [Ok(Accepted { seq: 2 * n + 1, delayed: None, duplicate: false })]);
        let again = NewTask { retry_key: None, ..told(n) };
        assert_eq!(
            submit_any(&survivor, vec![again]).await,
            [Ok(Accepted { seq: 2 * n + 1, delayed: None, duplicate: true })]
        );
        assert_eq!(submit(&survivor, vec![task("a", "next")]).await, [2 * n + 3]);
    }
}

#[tokio::test]
async fn thousands_of_small_commits_are_read_back() {
    let mut bed = Bed::sqlite(NO_TAIL);
    let engine = bed.engine();
    submit(&engine, vec![task("rare", "first")]).await;
    for n in 0..5000 {
        submit(&engine, vec![task("a", format!("{n}"))]).await;
    }
    submit(&engine, vec![task("rare", "last")]).await;
    for _ in 0..2 {
        let engine = bed.engine();
        let mut watch = Reader::open(&engine, "a", Start::First).await;
        let seen = watch.take(5000).await;
        assert!(seen.iter().map(|t| t.task.clone()).eq((0..5000).map(|n| n.to_string())));
        // More rows lie between these two than one look goes through.
        let watch = Watch { until_empty: true, ..watch_of(&[("rare", Start::First)]) };
        let seen = Reader::try_open(&engine, watch).await.unwrap().rest().await.unwrap();
        assert!(seen.iter().map(|t| t.task.as_str()).eq(["first", "last"]));
        bed.reopen().await;
    }
}

#[tokio::test]
async fn a_queue_that_is_rare_costs_a_reader_little() {
    let mut bed = Bed::sqlite(NO_TAIL);
    let engine = bed.engine();
    let text = "x".repeat(300_000);
    for n in 0..40 {
        submit(&engine, vec![task("rare", format!("{n}")), task("a", text.clone())]).await;
    }
    let seen = Reader::open(&engine, "rare", Start::First).await.take(40).await;
    assert!(seen.iter().map(|t| t.task.clone()).eq((0..40).map(|n| n.to_string())));

    bed.close().await;
    let store = SqliteStore::open(bed.folder(), "").unwrap();
    let mut reader = store.reader().unwrap();
    let one = reader.read(1, 1, 2, 256 << 10).unwrap().frames.unwrap();
    assert_eq!((one.first_seq, one.last_seq), (1, 1));
    let kept = one.bytes.try_into_mut().unwrap().capacity();
    assert!(kept < 1000, "the task keeps {kept} bytes in memory");
    let found = reader.read(1, 1, 80, 256 << 10).unwrap();
    assert!(found.looked_upto_seq < 40, "12 MB were read at once to find 40 tasks");
}

/// Works on a file that nobody has open, and leaves nothing of it in the log beside it.
pub(super) fn at_rest(file: &Path, statements: &str) {
    let db = Connection::open(file).unwrap();
    db.execute_batch(statements).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}
