//! What is damaged is named, with the file and the place, and never left out in silence; and a store from before there
//! were results gets them.

use super::*;
use crate::server::engine::embedded::OpenError;

#[tokio::test]
async fn a_damaged_row_is_named_and_those_before_it_are_shown() {
    for (damage, word) in [
        ("UPDATE result SET entries = CAST(entries || x'00' AS BLOB) WHERE first_n = 3", "results from 3"),
        ("UPDATE result SET last_n = last_n + 1 WHERE first_n = 3", "results from 3"),
        ("UPDATE result SET at_ms = at_ms + 1 WHERE first_n = 3", "results from 3"),
        ("UPDATE result SET last_seq = 0 WHERE first_n = 3", "results from 3"),
        ("DELETE FROM result WHERE first_n = 3", "results from 3"),
    ] {
        let mut bed = Bed::sqlite(TAIL);
        let engine = bed.engine();
        for _ in 0..5 {
            settled(&engine, "a", Answer::default()).await;
        }
        let file = bed.file();
        bed.close().await;
        at_rest(&file, damage);
        bed.open().await;
        let engine = bed.engine();
        let mut log = Reader::log(&engine, Start::First).await;
        assert_eq!(numbers(&log.take(2).await), [1, 2], "{damage}");
        let mut of = Reader::of(&engine, &["3"]).await;
        for watch in [&mut log, &mut of] {
            let Some(Err(Error::Damaged(why))) = watch.next().await else { panic!("{damage}") };
            assert!(why.contains(file.to_str().unwrap()) && why.contains(word), "{damage}: {why}");
            assert!(watch.next().await.is_none());
        }
        // The rest goes on.
        assert_eq!(Reader::of(&engine, &["2"]).await.one().await.n, 2);
        let next = settled(&engine, "a", Answer::default()).await;
        assert!(Reader::of(&engine, &[&next.id]).await.one().await.n >= 6);
    }
}

#[tokio::test]
async fn damage_in_where_results_stand_is_named() {
    for damage in [
        "UPDATE result_page SET runs = CAST(runs || x'00' AS BLOB)",
        "UPDATE result_page SET first_n = first_n + 1",
        "UPDATE result_page SET page = page + 1 WHERE page = 0; UPDATE result_page SET page = 0",
    ] {
        let mut bed = Bed::sqlite(TAIL);
        settled(&bed.engine(), "a", Answer::default()).await;
        let file = bed.file();
        bed.close().await;
        at_rest(&file, damage);
        bed.open().await;
        let engine = bed.engine();
        let next = Reader::of(&engine, &["1"]).await.next().await;
        if damage.contains("page = page + 1") {
            // It was put back.
            assert!(next.unwrap().is_ok());
            continue;
        }
        let Some(Err(Error::Damaged(why))) = next else { panic!("{damage}: {next:?}") };
        assert!(why.contains(file.to_str().unwrap()) && why.contains("seq 0"), "{damage}: {why}");
        // In the log it stands all the same.
        assert_eq!(numbers(&all_of(&engine).await), [1]);
    }
}

#[tokio::test]
async fn a_store_whose_newest_results_are_damaged_does_not_open() {
    let bed = Bed::sqlite(TAIL);
    settled(&bed.engine(), "a", Answer::default()).await;
    let folder = tempfile::tempdir().unwrap();
    for name in ["contact.db", "contact.db-wal"] {
        std::fs::copy(bed.folder().join(name), folder.path().join(name)).unwrap();
    }
    let file = folder.path().join("contact.db");
    at_rest(&file, "UPDATE result SET entries = CAST(entries || x'00' AS BLOB)");
    let refused = Embedded::open(folder.path(), &bed.options).err().unwrap();
    assert!(matches!(&refused, OpenError::Damaged { file: f, .. } if *f == file), "{refused}");
    assert!(refused.to_string().contains("results from 1"), "{refused}");
}

#[tokio::test]
async fn a_store_from_before_results_gets_them() {
    let mut bed = Bed::sqlite(TAIL);
    let engine = bed.engine();
    let before = settled(&engine, "a", Answer::text("lost")).await;
    let cancelled = some(&engine, "a", 1).await[0].to_string();
    in_time(engine.cancel(vec![id(&cancelled)])).await.unwrap();
    let held = leased(&engine, "a").await;
    let file = bed.file();
    bed.close().await;
    // As format 2 had it.
    at_rest(
        &file,
        "DROP TABLE result; DROP TABLE result_page; DROP TABLE client; \
         DELETE FROM meta WHERE key IN ('results_upto', 'result'); PRAGMA user_version = 2",
    );
    for _ in 0..2 {
        bed.open().await;
        bed.close().await;
    }
    bed.open().await;
    let engine = bed.engine();
    assert_eq!(all_of(&engine).await, []);
    assert_eq!(say(&engine, &before.lease, Word::Done).await, Verdict::Duplicate);
    let answer = Answer::text("kept");
    tell(&engine, Told { answer, ..told(&held.lease, Word::Done) }).await;
    let all = all_of(&engine).await;
    assert_eq!((all.len(), all[0].n, &all[0].answer.ret[..]), (1, 1, "kept"));
    // That it was cancelled stands in no log.
    let end = Reader::of(&engine, &[&cancelled]).await.rest().await.unwrap();
    assert_eq!((end.len(), end[0].n, end[0].state), (1, 0, State::Cancelled));
}
