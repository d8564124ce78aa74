//! Shapes that others rely on, frozen: the JSON of every command, its error lines, and the files that are
//! generated from the command line's description.
//!
//! A file under tests/golden is a session: `$` lines are run by `sh` against a fresh server, and what follows
//! is what they print: stdout as it is, stderr behind `! `, an exit code other than 0 in brackets. What
//! varies (times, ports, ids of stores and processes) stands in capitals.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests run in real time")]

mod common;

use std::{collections::BTreeMap, fs, path::Path};

use common::{Server, contact, run, shell};

/// Set it to write what the binary prints now into the files, and read the difference.
const UPDATE: &str = "UPDATE_GOLDEN";

macro_rules! sessions {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*

        #[test]
        fn every_session_is_run() {
            let mut files: Vec<String> = fs::read_dir("tests/golden")
                .unwrap()
                .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
                .collect();
            files.sort();
            assert_eq!(files, [$(stringify!($name)),*]);
        }
    };
}

sessions! { ack clients errors groups health send_status serve submit watch_tasks }

fn check(name: &str) {
    let path = format!("tests/golden/{name}.txt");
    let golden = fs::read_to_string(&path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let mut session = String::new();
    let mut lines = golden.lines().peekable();
    while let Some(line) = lines.next() {
        if line.is_empty() || line.starts_with('#') {
            session.extend([line, "\n"]);
        }
        let Some(first) = line.strip_prefix("$ ") else { continue };
        session.extend([line, "\n"]);
        let mut script = first.to_owned();
        while let Some(more) = lines.next_if(|line| line.starts_with("> ")) {
            session.extend([more, "\n"]);
            script.extend(["\n", &more[2..]]);
        }
        // What a session that goes wrong leaves behind ends all the same.
        let mut shell = shell(&server, &script);
        let ended = run(shell.current_dir(folder.path()).env("CONTACT_TIMEOUT", "60s"), "");
        session += &steady(&ended.stdout, &server, folder.path());
        for line in steady(&ended.stderr, &server, folder.path()).lines() {
            session.extend(["! ", line, "\n"]);
        }
        if ended.code != 0 {
            session += &format!("[{}]\n", ended.code);
        }
    }
    if std::env::var_os(UPDATE).is_some() {
        return fs::write(&path, &session).unwrap();
    }
    let (mut now, mut then) = (session.lines(), golden.lines());
    for number in 1.. {
        let (now, then) = (now.next(), then.next());
        assert_eq!(
            now, then,
            "{path}:{number}: a changed shape breaks scripts, a new field is fine. If it is meant, run the \
             tests with {UPDATE}=1 and say it in the CHANGELOG"
        );
        if now.is_none() {
            break;
        }
    }
}

/// What varies, in capitals.
fn steady(text: &str, server: &Server, folder: &Path) -> String {
    let mut text = text
        .replace(&server.address, "ADDRESS")
        .replace(&format!("process {}", server.child.id()), "process PID")
        .replace(folder.to_str().unwrap(), "FOLDER");
    for (before, after, word) in [
        ("\"submitted_at\":\"", "\"", "TIME"),
        ("\"expires_at\":\"", "\"", "TIME"),
        ("\"due_at\":\"", "\"", "TIME"),
        ("\"oldest_at\":\"", "\"", "TIME"),
        ("\"last_seen\":\"", "\"", "TIME"),
        ("\"status_at\":\"", "\"", "TIME"),
        ("\"since\":\"", "\"", "TIME"),
        ("\"until\":\"", "\"", "TIME"),
        ("\"lease\":\"", "\"", "LEASE"),
        ("\"ready\":\"127.0.0.1:", "\"", "PORT"),
        ("(os error ", ")", "N"),
        ("数据:", "\"", "N"),
    ] {
        text = replace_between(&text, before, after, word);
    }
    // The id of a store is the only word of 32 hexadecimal digits.
    let ids: Vec<String> = text
        .split(|c: char| !c.is_ascii_hexdigit())
        .filter(|word| word.len() == 32)
        .map(str::to_owned)
        .collect();
    ids.iter().fold(text, |text, id| text.replace(id, "STORE"))
}

/// Puts `word` wherever something stands between `before` and `after` in a line.
fn replace_between(text: &str, before: &str, after: &str, word: &str) -> String {
    let mut parts = text.split(before);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += before;
        let line = part.lines().next().unwrap_or_default();
        match line.find(after) {
            Some(end) => out.extend([word, &part[end..]]),
            None => out += part,
        }
    }
    out
}

/// The files that shells and `man` read, by name.
fn generated() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for (shell, file) in [
        ("bash", "contact.bash"),
        ("zsh", "_contact"),
        ("fish", "contact.fish"),
        ("elvish", "contact.elv"),
        ("powershell", "_contact.ps1"),
    ] {
        let script = run(contact().args(["completions", shell]), "");
        assert_eq!(script.code, 0, "{script:?}");
        files.insert(file.to_owned(), script.stdout);
    }
    let folder = tempfile::tempdir().unwrap();
    let pages = run(contact().args(["man", "--dir"]).arg(folder.path()), "");
    assert_eq!(pages.code, 0, "{pages:?}");
    for page in fs::read_dir(folder.path()).unwrap() {
        let page = page.unwrap();
        let name = format!("man/{}", page.file_name().to_str().unwrap());
        files.insert(name, fs::read_to_string(page.path()).unwrap());
    }
    files
}

#[test]
fn completions_and_manual_are_those_of_this_binary() {
    let recipe = "`just completions` makes it anew";
    let generated = generated();
    for (name, text) in &generated {
        let kept = fs::read_to_string(format!("completions/{name}"));
        let kept = kept.unwrap_or_else(|e| panic!("completions/{name}: {e}: {recipe}"));
        assert!(kept == *text, "completions/{name} is not what the binary generates: {recipe}");
    }
    for folder in ["", "man/"] {
        for file in fs::read_dir(format!("completions/{folder}")).unwrap() {
            let name = format!("{folder}{}", file.unwrap().file_name().to_str().unwrap());
            let is_known = generated.contains_key(&name) || name == "man";
            assert!(is_known, "completions/{name} is of no command any more: remove it, {recipe}");
        }
    }
}

#[test]
fn every_command_has_a_page_and_a_place_in_each_completion() {
    let generated = generated();
    let help = run(contact().arg("--help"), "").stdout;
    let commands = help.split_once("Commands:").unwrap().1.split_once("\n\n").unwrap().0;
    // A command's name is indented by two.
    let commands = commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let commands: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() > 8, "{commands:?}");
    for command in commands.into_iter().filter(|name| *name != "help") {
        assert!(generated.contains_key(&format!("man/contact-{command}.1")), "{command}");
        let printed = run(contact().args(["man", command]), "");
        assert_eq!(printed.code, 0, "{printed:?}");
        for (file, text) in generated.iter().filter(|(file, _)| !file.starts_with("man/")) {
            assert!(text.contains(command), "{file}: {command}");
        }
    }
    let pages: Vec<&String> = generated.keys().filter(|file| file.contains("help")).collect();
    assert_eq!(pages, [] as [&String; 0], "help has no page of its own");
}
