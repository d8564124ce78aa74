//! Stores that are not opened: each is named, and nothing of it is changed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    common::{Output, Server, contact, run, until},
    room::{can_mount, mount, unshare},
};

/// All files below a folder, with what is in them.
pub(super) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.insert(path.clone(), Vec::new());
            all.extend(files(&path));
        } else {
            all.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    all
}

/// Each start writes its number into the lock.
fn all_but_the_lock(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = files(data);
    all.remove(&data.join("contact.lock"));
    all
}

/// A server that must not start: with 5, and these words.
fn expect_refused(ended: &Output, error: &str, words: &[&str]) {
    assert_eq!(ended.code, 5, "{ended:?}");
    let said = ended.errors().pop().unwrap();
    assert_eq!(said["error"], error, "{said}");
    let message = said["message"].as_str().unwrap();
    assert!(words.iter().all(|word| message.contains(word)), "{message}: {words:?}");
    assert!(said["hint"].is_string());
}

#[test]
fn what_lies_where_a_file_of_the_store_should_is_named_and_left_alone() {
    let letter: &dyn Fn(&Path) = &|file| fs::write(file, "Dear reader").unwrap();
    let folder: &dyn Fn(&Path) = &|file| fs::create_dir(file).unwrap();
    let link: &dyn Fn(&Path) = &|file| std::os::unix::fs::symlink("/etc/passwd", file).unwrap();
    for (name, what) in [
        ("ballast", letter),
        ("ballast", folder),
        ("ballast", link),
        ("contact.db", folder),
        ("contact.db-wal", folder),
        ("contact.lock", folder),
    ] {
        let data = tempfile::tempdir().unwrap();
        assert!(Server::start(data.path()).stop().success());
        let file = data.path().join(name);
        if file.exists() {
            fs::remove_file(&file).unwrap();
        }
        what(&file);
        let before = all_but_the_lock(data.path());
        let serve = ["serve", "--addr", "127.0.0.1:0", "--data"];
        let refused = run(contact().args(serve).arg(data.path()), "");
        expect_refused(&refused, "store_folder", &[file.to_str().unwrap()]);
        let after = all_but_the_lock(data.path());
        assert_eq!(after, before, "{name}");
    }
}

#[test]
fn a_store_on_a_file_system_that_cannot_be_written_is_named_and_can_be_checked() {
    if !can_mount() {
        return;
    }
    let (kept, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut server = Server::start(kept.path());
    assert_eq!(server.run(&["submit", "x"], "").code, 0);
    server.kill();
    let binary = contact();
    let binary = binary.get_program().to_str().unwrap();
    let (from, to) = (kept.path().display(), data.path().display());
    let mounted = format!(
        "{} && cp '{from}'/* '{to}' && mount -o remount,ro '{to}' && exec '{binary}' serve",
        mount(24, data.path())
    );
    let refused = run(&mut unshare(&format!("{mounted} --addr 127.0.0.1:0 --data '{to}'")), "");
    expect_refused(&refused, "store_folder", &[data.path().to_str().unwrap(), "Read-only"]);
    let checked = run(&mut unshare(&format!("{mounted} --check --data '{to}'")), "");
    assert_eq!((checked.code, &checked.json()[0]["tasks"]), (0, &1.into()), "{checked:?}");
}

#[test]
fn where_the_file_is_lost_and_its_log_is_not_nothing_is_made_anew() {
    let kept = tempfile::tempdir().unwrap();
    let mut server = Server::start(kept.path());
    assert_eq!(server.run(&["submit", "x"], "").code, 0);
    until("the ballast is there", || kept.path().join("ballast").exists().then_some(()));
    server.kill();
    for (left, word) in [("contact.db-wal", "its log is not"), ("ballast", "the ballast beside it is not")] {
        for (is_there, lost) in [(true, "is empty"), (false, "is missing")] {
            let data = tempfile::tempdir().unwrap();
            fs::copy(kept.path().join(left), data.path().join(left)).unwrap();
            let file = data.path().join("contact.db");
            if is_there {
                fs::write(&file, "").unwrap();
            }
            let before = all_but_the_lock(data.path());
            let serve = ["serve", "--addr", "127.0.0.1:0", "--data"];
            for flags in [&[][..], &["--check"]] {
                let refused = run(contact().args(serve).arg(data.path()).args(flags), "");
                expect_refused(&refused, "store_damaged", &[file.to_str().unwrap(), lost, word]);
                assert!(all_but_the_lock(data.path()) == before, "{lost}, {word}, {flags:?}");
            }
        }
    }
    // What a first start leaves that was killed half-way.
    let data = tempfile::tempdir().unwrap();
    for name in ["contact.db", "contact.db-wal", "contact.lock"] {
        fs::write(data.path().join(name), "").unwrap();
    }
    assert!(Server::start(data.path()).stop().success());
}

#[test]
fn a_log_that_is_damaged_is_named_and_not_forgotten() {
    let kept = tempfile::tempdir().unwrap();
    let mut server = Server::start(kept.path());
    for text in ["one", "two", "three"] {
        assert_eq!(server.run(&["submit", text], "").code, 0);
    }
    server.kill();
    let log = kept.path().join("contact.db-wal");
    let whole = fs::read(&log).unwrap();
    let at = whole.windows(3).position(|text| text == b"one").unwrap();
    for (place, word) in [(at, "frame"), (9, "header")] {
        let mut bent = whole.clone();
        bent[place] ^= 1;
        fs::write(&log, bent).unwrap();
        let before = all_but_the_lock(kept.path());
        let serve = ["serve", "--addr", "127.0.0.1:0", "--data"];
        let refused = run(contact().args(serve).arg(kept.path()), "");
        expect_refused(&refused, "store_damaged", &[log.to_str().unwrap(), word]);
        assert_eq!(all_but_the_lock(kept.path()), before);
        fs::write(&log, &whole).unwrap();
    }
    let server = Server::start(kept.path());
    assert_eq!(server.run(&["watch-tasks", "--until-empty"], "").json().len(), 3);
}
