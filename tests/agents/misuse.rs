//! Commands that cannot be run, names that cannot be, and a command that is `contact` itself.

use std::{fs::Permissions, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};

use crate::{
    common::{Output, contact, run},
    house::{House, text},
};

/// A server that nobody is: what is judged here needs none.
fn nowhere(args: &[&str]) -> Output {
    run(contact().args(["--server", "127.0.0.1:1"]).args(args), "")
}

#[test]
fn a_command_that_cannot_be_run_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("not-executable");
    std::fs::write(&file, "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let missing = folder.path().join("missing");
    let in_no_path = "contact-has-no-such-command";
    for bad in
        [missing.to_str().unwrap(), file.to_str().unwrap(), folder.path().to_str().unwrap(), in_no_path, ""]
    {
        let refused = nowhere(&["run", "--", bad]);
        assert_eq!((refused.code, &refused.stdout[..]), (2, ""), "{bad:?}: {refused:?}");
        let [error] = &refused.errors()[..] else { panic!("{bad:?}: {refused:?}") };
        assert!(text(error, "message").contains(bad), "{bad:?}: {error}");
    }
    for args in [&["run"][..], &["run", "--"]] {
        let refused = nowhere(args);
        assert_eq!((refused.code, &refused.stdout[..]), (2, ""), "{args:?}: {refused:?}");
        assert_eq!(refused.errors().len(), 1, "{refused:?}");
    }
}

#[test]
fn a_client_name_with_control_characters_is_refused_and_not_repeated_raw() {
    for bad in ["a\u{1b}[31mb", "a\nb", "a\rb", "a\tb", "a\u{7f}", "a\u{9b}1m", "", "@a", "-a"] {
        let flag = format!("--client={bad}");
        for args in [&["run", &flag, "--", "cat"][..], &["submit", &format!("--to={bad}"), "x"]] {
            let refused = nowhere(args);
            assert_eq!((refused.code, &refused.stdout[..]), (2, ""), "{args:?}: {refused:?}");
            let raw = |c: char| c.is_control() && c != '\n';
            assert!(!refused.stderr.contains(raw), "{args:?}: {:?}", refused.stderr);
            assert_eq!(refused.errors().len(), 1, "{args:?}: {refused:?}");
        }
        let refused = run(
            contact().env("CONTACT_CLIENT", bad).args(["--server", "127.0.0.1:1", "run", "--", "cat"]),
            "",
        );
        // An empty variable is one that is not set.
        assert!(refused.code == 2 || bad.is_empty(), "{bad:?}: {refused:?}");
    }
}

#[test]
fn contact_as_the_command_inherits_nothing_of_the_task_as_a_flag() {
    let (house, _server) = House::new();
    let me = env!("CARGO_BIN_EXE_contact");
    // As if each were a flag's variable.
    let labels = [
        "server=127.0.0.1:1",
        "client=evil",
        "timeout=1ms",
        "output=text",
        "q=evil",
        "id=evil",
        "retry_for=0s",
    ];
    let labels: Vec<&str> = labels.iter().flat_map(|label| ["--label", label]).collect();
    let submit = [
        &["submit", "-q", "work"],
        &labels[..],
        &["--", "--queue=evil", "-h", "--json", "{\"task\":\"evil\"}"],
    ];
    assert_eq!(house.ok(&submit.concat(), "").len(), 4);
    let ended =
        run(&mut house.running(&["-q", "work", "--until-empty", "-j", "2"], &[me, "submit", "x"]), "");
    assert_eq!(ended.code, 0, "{ended:?}");
    let lines = ended.json();
    assert_eq!(lines.len(), 4, "{ended:?}");
    let mut said: Vec<u64> = lines
        .iter()
        .map(|line| {
            assert_eq!((&line["outcome"], &line["verdict"]), (&json!("done"), &json!("ok")), "{line}");
            let submitted: Value = serde_json::from_str(&text(line, "ret")).unwrap();
            assert_eq!(submitted["queue"], "default", "{line}");
            submitted["seq"].as_u64().unwrap()
        })
        .collect();
    said.sort_unstable();
    let tasks = house.ok(&["watch-tasks", "--until-empty"], "");
    let found: Vec<u64> = tasks.iter().map(|task| task["seq"].as_u64().unwrap()).collect();
    assert_eq!(found, said);
    for task in &tasks {
        assert_eq!((&task["task"], &task["labels"]), (&json!("x"), &Value::Null), "{task}");
    }
    let queues = house.ok(&["queues"], "");
    assert_eq!(queues.len(), 2, "{queues:?}");
}
