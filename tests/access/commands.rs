//! `contact token`, and the commands that show one.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::common::{Output, Running, Server, contact, run, until};

/// `contact token` on this file.
fn token(file: &Path, args: &[&str]) -> Output {
    run(contact().arg("token").args(args).arg("--tokens").arg(file), "")
}

/// A token in a file.
pub fn token_file(tokens: &Path, folder: &Path, name: &str, role: &str) -> (PathBuf, String) {
    let out = token(tokens, &["create", "--name", name, "--role", role]);
    assert_eq!(out.code, 0, "{out:?}");
    let secret = out.json()[0]["token"].as_str().unwrap().to_owned();
    let file = folder.join(format!("{name}.token"));
    std::fs::write(&file, format!("{secret}\n")).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    (file, secret)
}

#[test]
fn a_token_is_made_shown_once_listed_and_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens.jsonl");
    let out = token(
        &tokens,
        &[
            "create",
            "--name",
            "kiosk-7",
            "--role",
            "worker,submit",
            "--queue",
            "ci.*",
            "--queue",
            "x",
            "--group",
            "ci",
            "--expires",
            "90d",
        ],
    );
    assert_eq!(out.code, 0, "{out:?}");
    let made = &out.json()[0];
    let secret = made["token"].as_str().unwrap();
    assert!(secret.starts_with("ct_") && secret.len() == 46, "{secret}");
    let mode = std::fs::metadata(&tokens).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&tokens).unwrap();
    assert!(!text.contains(&secret[3..]) && !text.contains("ct_"), "{text}");

    let out = token(&tokens, &["create", "--name", "*", "--role", "work", "--certificate"]);
    assert_eq!((out.code, out.json()[0]["token"].is_null()), (0, true), "{out:?}");
    let listed = token(&tokens, &["list"]);
    let lines = listed.json();
    assert_eq!(lines.len(), 2);
    let kiosk = &lines[0];
    assert_eq!((&kiosk["id"], &kiosk["name"]), (&made["id"], &"kiosk-7".into()));
    assert_eq!(kiosk["roles"], serde_json::json!(["work", "report", "submit"]));
    assert_eq!(
        (&kiosk["queues"], &kiosk["groups"]),
        (&serde_json::json!(["ci.*", "x"]), &serde_json::json!(["ci"]))
    );
    assert_eq!((&lines[1]["certificate"], &lines[1]["queues"]), (&true.into(), &serde_json::json!(["*"])));
    assert!(!listed.stdout.contains("blake3"), "{listed:?}");

    let missing = token(&tokens, &["revoke", "nosuch"]);
    assert_eq!((missing.code, &missing.errors()[0]["error"]), (1, &"no_such_token".into()));
    let revoked = token(&tokens, &["revoke", "--name", "kiosk-7"]);
    assert_eq!((revoked.code, &revoked.json()[0]["id"]), (0, &made["id"]));
    assert_eq!(token(&tokens, &["list"]).json().len(), 1);
    assert_eq!(token(&tokens, &["revoke", lines[1]["id"].as_str().unwrap()]).code, 0);
    assert_eq!(std::fs::read_to_string(&tokens).unwrap(), "");
}

#[test]
fn names_that_are_not_apart_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens.jsonl");
    let create = |name: &str| token(&tokens, &["create", "--name", name, "--role", "work"]);
    assert_eq!(create("kiosk.7").stderr, "");
    assert_eq!(create("kiosk-7").stderr, "");
    for (name, says) in
        [("kiosk", "kiosk may call itself kiosk.7"), ("kiosk-7.a", "kiosk-7 may call itself kiosk-7.a")]
    {
        let out = create(name);
        assert_eq!((out.code, &out.errors()[0]["notice"]), (0, &"names_not_apart".into()), "{out:?}");
        assert!(out.stderr.contains(says), "{out:?}");
    }
}

#[test]
fn what_cannot_be_granted_is_refused_and_nothing_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens.jsonl");
    for (args, says) in [
        (&["create", "--name", "a b", "--role", "work"][..], "is not a name"),
        (&["create", "--name", "*", "--role", "work"], "goes with --certificate"),
        (&["create", "--name", "a", "--role", "boss"], "invalid value 'boss'"),
        (&["create", "--name", "a"], "--role"),
        (&["create", "--name", "a", "--role", "work", "--queue", "a/b"], "is not a name in which"),
        (&["create", "--name", "a", "--role", "work", "--expires", "0s"], "more than 0"),
        (
            &["create", "--name", "ct_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "--role", "work"],
            "not a name",
        ),
        (&["revoke", "x"], "No such file"),
        (&["list"], "No such file"),
    ] {
        let out = token(&tokens, args);
        assert_eq!(out.code, 2, "{args:?} {out:?}");
        assert!(out.stderr.contains(says), "{args:?} {out:?}");
        assert!(!tokens.exists(), "{args:?}");
    }
    // A file that somebody has spoilt is not written anew.
    std::fs::write(&tokens, "{}\n").unwrap();
    let out = token(&tokens, &["create", "--name", "a", "--role", "work"]);
    assert_eq!(out.code, 2, "{out:?}");
    assert!(out.stderr.contains("tokens.jsonl, line 1: missing field `id`"), "{out:?}");
    assert_eq!(std::fs::read_to_string(&tokens).unwrap(), "{}\n");
    let out = run(contact().args(["token", "list"]), "");
    assert_eq!(out.code, 2, "{out:?}");
    assert!(out.stderr.contains("--tokens <FILE>"), "{out:?}");
}

#[test]
fn of_twenty_tokens_made_at_once_none_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens.jsonl");
    let made: Vec<_> = (0..20)
        .map(|n| {
            let mut command = contact();
            let name = format!("w{n}");
            command.args(["token", "create", "--role", "work", "--name", &name, "--tokens"]).arg(&tokens);
            Running::start(&mut command)
        })
        .collect();
    let mut ids: Vec<String> = made
        .into_iter()
        .map(|made| {
            let out = made.end();
            assert_eq!(out.code, 0, "{out:?}");
            out.json()[0]["id"].as_str().unwrap().to_owned()
        })
        .collect();
    let mut listed: Vec<String> =
        token(&tokens, &["list"]).json().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    listed.sort();
    assert_eq!(ids, listed);
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["tokens.jsonl"]);
}

#[test]
fn a_change_keeps_the_files_mode_and_the_link_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real.jsonl"), folder.path().join("link.jsonl"));
    std::fs::write(&real, "").unwrap();
    std::fs::set_permissions(&real, PermissionsExt::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.jsonl", &link).unwrap();
    assert_eq!(token(&link, &["create", "--name", "a", "--role", "work"]).code, 0);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(token(&real, &["list"]).json().len(), 1);
}

#[test]
fn a_token_is_sent_in_clear_to_this_machine_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (file, secret) = token_file(&folder.path().join("tokens.jsonl"), folder.path(), "kiosk-7", "inspect");
    for server in ["10.0.0.1:1", "http://example.org:50051", "0.0.0.0:1"] {
        let mut command = contact();
        command.args(["queues", "--retry-for", "0s", "--server", server, "--token-file"]).arg(&file);
        let out = run(&mut command, "");
        assert_eq!(out.code, 2, "{out:?}");
        assert!(out.stderr.contains("not sent to") && out.stderr.contains("https://"), "{out:?}");
        assert!(!out.stderr.contains(&secret[3..]));
    }
    for server in ["127.0.0.1:1", "localhost:1", "[::1]:1", "unix:/nonexistent"] {
        let mut command = contact();
        command.args(["queues", "--retry-for", "0s", "--server", server, "--token-file"]).arg(&file);
        assert_eq!(run(&mut command, "").code, 3, "{server}");
    }
}

#[test]
fn a_token_file_that_is_none_is_named_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let queues = || {
        let mut command = contact();
        command.args(["queues", "--retry-for", "0s", "--server", "127.0.0.1:1", "--token-file"]).arg(&file);
        run(&mut command, "")
    };
    let out = queues();
    assert_eq!(out.code, 2);
    assert!(out.stderr.contains("No such file"), "{out:?}");
    for bad in ["", "hunter2", "ct_short", "ct_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nhunter2"] {
        std::fs::write(&file, bad).unwrap();
        let out = queues();
        assert_eq!(out.code, 2, "{out:?}");
        assert!(out.stderr.contains("does not have a token") && !out.stderr.contains("hunter2"), "{out:?}");
    }
    // What others can read is used, and said.
    std::fs::write(&file, contact::server::access::Token::random().secret()).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let out = queues();
    assert_eq!(out.code, 3, "{out:?}");
    assert_eq!(out.errors()[0]["notice"], "open_token_file", "{out:?}");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(queues().errors().len(), 1);
}

#[test]
fn a_watch_goes_on_with_the_token_that_has_come_instead() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens.jsonl");
    let (file, _) = token_file(&tokens, folder.path(), "kiosk-7", "watch");
    let first = token(&tokens, &["list"]).json()[0]["id"].as_str().unwrap().to_owned();
    let (submit, _) = token_file(&tokens, folder.path(), "s", "submit");
    let server = Server::start_with(&folder.path().join("data"), &["--tokens", tokens.to_str().unwrap()]);
    let submitted = |text: &str| {
        let mut command = server.contact();
        assert_eq!(run(command.env("CONTACT_TOKEN_FILE", &submit).args(["submit", text]), "").code, 0);
    };
    let mut command = server.contact();
    // As systemd gives it.
    std::fs::rename(&file, folder.path().join("contact-token")).unwrap();
    let watch = Running::start(command.env("CREDENTIALS_DIRECTORY", folder.path()).args([
        "watch-tasks",
        "--client",
        "kiosk-7",
    ]));
    submitted("one");
    assert_eq!(watch.line()["task"], "one");
    let second = token(&tokens, &["create", "--name", "kiosk-7", "--role", "watch"]).json()[0].clone();
    std::fs::write(folder.path().join("contact-token"), second["token"].as_str().unwrap()).unwrap();
    assert_eq!(token(&tokens, &["revoke", &first]).code, 0);
    until("the first one's end", || {
        let log = server.log.lock().unwrap();
        log.iter()
            .any(|line| line.contains("the tokens have changed") && line.contains("\"ended\":1"))
            .then_some(())
    });
    submitted("two");
    assert_eq!(watch.line()["task"], "two");
    // Without another one it is over.
    assert_eq!(token(&tokens, &["revoke", "--name", "kiosk-7"]).code, 0);
    let mut watch = watch;
    let status = crate::common::wait(&mut watch.child);
    assert_eq!(crate::common::code(status), 80);
    let last = until("its last word", || {
        let error = watch.error();
        (error["error"] == "bad_token").then_some(error)
    });
    assert!(last["hint"].as_str().unwrap().contains("contact token create"), "{last}");
}
