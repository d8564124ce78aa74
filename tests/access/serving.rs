//! `contact serve` and whom it lets in: its flags, its start, its log.

use std::{os::unix::fs::PermissionsExt, path::Path};

use super::commands::token_file;
use crate::common::{Output, Server, contact, run, until};

/// `contact serve` that is not expected to serve.
fn serve(folder: &Path, flags: &[&str]) -> Output {
    let mut command = contact();
    command.args(["serve", "--store", "memory", "--log-format", "json"]).args(flags).current_dir(folder);
    run(&mut command, "")
}

#[test]
fn what_is_open_to_other_machines_is_refused_with_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (_, _) = token_file(&folder.path().join("tokens"), folder.path(), "a", "work");
    for (flags, missing) in [
        (
            &["--addr", "0.0.0.0:0"][..],
            "say --tls-cert and --tls-key, and --tokens or --client-ca; or --insecure",
        ),
        (&["--addr", "[::]:0"], "--insecure"),
        (&["--addr", "0.0.0.0:0", "--dev-tls"], "say --tokens or --client-ca as well; or --insecure"),
        (
            &["--addr", "0.0.0.0:0", "--tokens", "tokens"],
            "say --tls-cert and --tls-key as well; or --insecure",
        ),
    ] {
        let out = serve(folder.path(), flags);
        assert_eq!(out.code, 2, "{flags:?} {out:?}");
        let error = &out.errors()[0];
        assert!(error["message"].as_str().unwrap().contains("can be reached from other machines"), "{error}");
        assert!(error["hint"].as_str().unwrap().contains(missing), "{error}");
    }
}

#[test]
fn with_tls_and_tokens_it_may_be_reached_from_afar_and_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    let _ = token_file(&tokens, folder.path(), "a", "work");
    let flags = ["--addr", "0.0.0.0:0", "--dev-tls", "--tokens", tokens.to_str().unwrap()];
    let server = Server::start_with(&folder.path().join("data"), &flags);
    server.signal("TERM");
    until("its end", || server.log.lock().unwrap().join("\n").contains("stopped").then_some(()));
    let log = server.log.lock().unwrap().join("\n");
    assert!(!log.contains("insecure") && !log.contains("claim"), "{log}");
}

#[test]
fn insecure_says_so_at_every_start() {
    for (flags, says) in [
        (&["--insecure", "--addr", "0.0.0.0:0"][..], "whoever reaches it may do anything"),
        (&["--addr", "127.0.0.1:0"], "may claim any name"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let server = Server::start_with(folder.path(), flags);
            until(says, || server.log.lock().unwrap().join("\n").contains(says).then_some(()));
        }
    }
}

#[test]
fn a_file_of_tokens_that_cannot_be_read_is_named_by_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    let _ = token_file(&tokens, folder.path(), "a", "work");
    let good = std::fs::read_to_string(&tokens).unwrap();
    let bad = |text: &str| {
        std::fs::write(&tokens, text).unwrap();
        let out = serve(folder.path(), &["--addr", "127.0.0.1:0", "--tokens", "tokens"]);
        assert_eq!(out.code, 2, "{text} {out:?}");
        out.errors()[0]["message"].as_str().unwrap().to_owned()
    };
    assert!(
        bad(&format!("{good}\n\n{}", good.replace("roles", "rolls")))
            .contains("tokens, line 4: unknown field `rolls`")
    );
    assert!(bad("[]").contains("tokens, line 1: not a JSON object"));
    assert!(
        bad(&good.replace("[\"*\"]", "[]").replace("work", "boss"))
            .contains("line 1: unknown variant `boss`")
    );
    assert!(
        bad(&format!("{good}{}", good.replacen("\"id\":\"", "\"id\":\"x", 1))).contains("line 2: its token")
    );
    std::fs::write(&tokens, &good).unwrap();
    std::fs::set_permissions(&tokens, PermissionsExt::from_mode(0o606)).unwrap();
    assert!(bad(&good).contains("may be written by anybody"));
    std::fs::remove_file(&tokens).unwrap();
    let out = serve(folder.path(), &["--addr", "127.0.0.1:0", "--tokens", "tokens"]);
    assert_eq!((out.code, &out.errors()[0]["error"]), (2, &"tokens".into()), "{out:?}");
    let out = serve(folder.path(), &["--addr", "127.0.0.1:0", "--tokens", "."]);
    assert!(out.code == 2 && out.stderr.contains("no file"), "{out:?}");
    let out = serve(folder.path(), &["--addr", "127.0.0.1:0", "--audit-log", "no/such/folder"]);
    assert!(out.code == 2 && out.stderr.contains("the audit log no/such/folder"), "{out:?}");
}

#[test]
fn a_sockets_file_has_the_mode_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let address = format!("unix:{}", socket.display());
    for (flags, mode) in
        [(&[][..], 0o600), (&["--socket-mode", "0660"], 0o660), (&["--socket-mode", "666"], 0o666)]
    {
        let flags = [&["--addr", &address], flags].concat();
        let server = Server::start_with(&folder.path().join("data"), &flags);
        assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, mode);
        assert_eq!(server.run(&["submit", "x"], "").code, 0);
        assert!(server.stop().success());
    }
    assert_eq!(serve(folder.path(), &["--addr", &address, "--socket-mode", "rw"]).code, 2);
}

/// Everything that a server and its clients write, at the most talkative.
#[test]
fn no_token_stands_in_any_log() {
    let folder = tempfile::tempdir().unwrap();
    let (tokens, audit) = (folder.path().join("tokens"), folder.path().join("audit"));
    let (file, secret) = token_file(&tokens, folder.path(), "kiosk-7", "worker,submit,inspect");
    let (wrong, wrong_secret) = token_file(&folder.path().join("others"), folder.path(), "x", "admin");
    let flags = ["--log", "trace", "--tokens", tokens.to_str().unwrap()];
    let mut everything = String::new();
    let server = Server::start_with(&folder.path().join("data"), &flags);
    for (file, args, code) in [
        (&file, &["submit", "--queue", "jobs", "x"][..], 0),
        (&file, &["queues"], 0),
        (&file, &["run", "--group", "g", "-q", "jobs", "--max", "1", "--", "env"], 0),
        (&file, &["wait", "1"], 0),
        (&file, &["purge", "-q", "jobs", "--all"], 71),
        (&wrong, &["queues"], 80),
        (&wrong, &["watch-tasks"], 80),
    ] {
        let mut command = server.contact();
        let out =
            run(command.env("CONTACT_TOKEN_FILE", file).env("CONTACT_CLIENT", "kiosk-7").args(args), "");
        assert_eq!(out.code, code, "{args:?} {out:?}");
        everything += &format!("{out:?}");
    }
    // In the wrong place: whoever has said it is told so, and nobody else.
    let mut command = server.contact();
    let misplaced =
        run(command.env("CONTACT_TOKEN_FILE", &file).args(["send-status", "--client", &secret, "x"]), "");
    assert_eq!(misplaced.code, 71, "{misplaced:?}");
    until("the denials", || {
        let log = server.log.lock().unwrap().join("\n");
        let denied = log.contains("\"verdict\":\"bad_token\"")
            && log.contains("\"verdict\":\"no_role\"")
            && log.contains("\"verdict\":\"foreign_client\"");
        (denied && log.contains("contact::audit")).then_some(())
    });
    everything += &server.log.lock().unwrap().join("\n");
    drop(server);

    // With a file of its own, which is put aside.
    let flags = ["--tokens", tokens.to_str().unwrap(), "--audit-log", audit.to_str().unwrap()];
    let server = Server::start_with(&folder.path().join("data"), &flags);
    let denied = || {
        let mut command = server.contact();
        assert_eq!(run(command.env("CONTACT_TOKEN_FILE", &wrong).arg("queues"), "").code, 80);
    };
    denied();
    assert_eq!(std::fs::metadata(&audit).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::rename(&audit, folder.path().join("audit.1")).unwrap();
    server.signal("HUP");
    until("the new audit log", || audit.exists().then_some(()));
    denied();
    for file in ["audit", "audit.1", "tokens"] {
        let text = std::fs::read_to_string(folder.path().join(file)).unwrap();
        assert!(file == "tokens" || text.contains("\"verdict\":\"bad_token\""), "{file}: {text}");
        everything += &text;
    }
    everything += &server.log.lock().unwrap().join("\n");
    for secret in [secret, wrong_secret] {
        assert!(!everything.contains(&secret[3..]), "a token stands in a log");
    }
}

#[test]
fn a_hangup_ends_no_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(&folder.path().join("data"), &[] as &[&str]);
    server.signal("HUP");
    assert_eq!(server.run(&["submit", "x"], "").code, 0);
    assert!(server.stop().success());
}
