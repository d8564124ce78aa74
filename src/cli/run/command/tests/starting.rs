//! What cannot be started, and why.

use std::{fs, os::unix::fs::PermissionsExt};

use super::*;

fn why(program: &str) -> String {
    Command::find(program.into(), Vec::new()).unwrap_err()
}

#[test]
fn it_is_named_and_said_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    fs::write(&plain, "#!/bin/sh\n").unwrap();
    let plain = plain.to_str().unwrap();
    let folder = folder.path().to_str().unwrap();
    for (program, expected) in [
        ("no-such-program-at-all", "no-such-program-at-all: not found in PATH"),
        ("./no/such", "./no/such: not found"),
        ("", ": a program needs a name"),
        (plain, &format!("{plain}: is not executable")),
        (folder, &format!("{folder}: is a folder")),
        (&format!("{plain}/x"), &format!("{plain}/x: Not a directory (os error 20)")),
    ] {
        assert_eq!(why(program), expected);
    }
}

#[test]
fn it_is_looked_for_as_exec_does() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("1"), folder.path().join("2"));
    for folder in [&first, &second] {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("tool"), "#!/bin/sh\n").unwrap();
    }
    let path = std::env::join_paths(["/no/such".into(), first.clone(), second.clone()]).unwrap();
    let expected = format!("is not executable ({})", first.join("tool").display());
    assert_eq!(look_for(OsStr::new("tool"), &path), Err(expected));
    fs::set_permissions(second.join("tool"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(look_for(OsStr::new("tool"), &path), Ok(second.join("tool")));
    assert_eq!(look_for(OsStr::new("tool"), OsStr::new("")), Err("not found in PATH".to_owned()));
}

#[tokio::test]
async fn one_that_cannot_be_started_after_all_is_an_error() {
    let keeper = Keeper::for_tests();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tool");
    // Without a first line that says what it is, a shell would take it. Nothing here does.
    fs::write(&path, "echo a shell has read this\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let tool = Command::find(path.clone().into(), Vec::new()).unwrap();
    let error = tool.start(&task("x"), &keeper).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::NOEXEC.raw_os_error()));
    fs::remove_file(&path).unwrap();
    let error = tool.start(&task("x"), &keeper).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    keeper.finish().await;
}

#[tokio::test]
async fn it_knows_itself_by_the_name_that_was_given() {
    let ended = run("exec printf %s \"$0\"", "x").await;
    assert_eq!(ended.stdout.text, "sh");
}
