//! A small file system that somebody else fills.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::common::{Server, contact, has_tool, run, until};

const MIB: usize = 1 << 20;
/// What the server keeps back of 64 MiB.
const BALLAST_BYTES: u64 = 8 << 20;

/// A command in a user and mount namespace of its own: its file systems end with it, and need no superuser.
pub(super) fn unshare(script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
    command
}

/// Mounts a file system of so many MiB on a folder.
pub(super) fn mount(mib: u32, folder: &Path) -> String {
    format!("mount -t tmpfs -o size={mib}m tmpfs '{}'", folder.display())
}

pub(super) fn can_mount() -> bool {
    let folder = tempfile::tempdir().unwrap();
    has_tool("a tmpfs in a user namespace", &mut unshare(&mount(1, folder.path())))
}

fn serve(data: &Path, flags: &str) -> String {
    let binary = contact();
    let binary = binary.get_program().to_str().unwrap();
    format!("'{binary}' serve --log-format json --addr 127.0.0.1:0 --data '{}/data' {flags}", data.display())
}

/// A file that takes up room.
struct Filler(PathBuf);

impl Filler {
    /// On the file system that a process sees at `folder`.
    fn new(process: u32, folder: &Path) -> Self {
        Filler(PathBuf::from(format!("/proc/{process}/root{}/filler", folder.display())))
    }

    fn free(&self) -> u64 {
        let found = rustix::fs::statvfs(self.0.parent().unwrap()).unwrap();
        found.f_bavail * found.f_frsize
    }

    /// Leaves so much.
    fn leave(&self, bytes: u64) {
        let mut file = File::options().create(true).append(true).open(&self.0).unwrap();
        while self.free() > bytes {
            let some = vec![1; (self.free() - bytes).min(MIB as u64) as usize];
            file.write_all(&some).unwrap();
        }
    }

    /// Leaves nothing.
    fn fill(&self) {
        let mut file = File::options().create(true).append(true).open(&self.0).unwrap();
        until("the disk is full", || {
            for some in [vec![1; MIB], vec![1; 4096]] {
                while file.write_all(&some).is_ok() {}
            }
            (self.free() == 0).then_some(())
        });
    }

    fn remove(&self) {
        fs::remove_file(&self.0).unwrap();
    }
}

fn said(server: &Server, words: &str) -> usize {
    server.log.lock().unwrap().iter().filter(|line| line.contains(words)).count()
}

fn ids(lines: &[Value]) -> Vec<String> {
    lines.iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_disk_that_others_fill_ten_times_refuses_submits_and_takes_settlements() {
    if !can_mount() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let folder = data.path();
    let script = format!("{} && exec {}", mount(64, folder), serve(folder, "--min-free 8MiB"));
    let server = Server::spawn(unshare(&script));
    let filler = Filler::new(server.child.id(), folder);
    let ballast = filler.0.with_file_name("data/ballast");
    let is_there = || fs::metadata(&ballast).is_ok_and(|found| found.len() == BALLAST_BYTES).then_some(());
    // Without patience: what is refused is said at once, and not tried again.
    let submit = |text: &str, times: usize| {
        server.run(&["submit", "--retry-for", "0s"], format!("{text}\n").repeat(times))
    };
    let (mut submitted, mut settled) = (Vec::new(), Vec::new());
    let mut given_up = 0;
    for round in 0..10 {
        until("the ballast is there", is_there);
        let answered = submit(&"x".repeat(1000), 20);
        assert_eq!(answered.code, 0, "round {round}: {}", answered.stderr);
        submitted.extend(ids(&answered.json()));
        let flags = ["watch-tasks", "--group", "g", "--max", "20", "--detach", "--lease", "15m"];
        let leased = server.run(&flags, "");
        assert_eq!((leased.code, leased.json().len()), (0, 20), "round {round}: {}", leased.stderr);
        let lines: Vec<&str> = leased.stdout.lines().collect();
        let settle = |lines: &[&str]| {
            let told = server.run(&["ack", "--strict", "--ret", &"y".repeat(2000)], lines.join("\n"));
            assert_eq!(told.code, 0, "round {round}: {}", told.stderr);
            ids(&told.json())
        };

        filler.leave(4 << 20);
        let refused = until("submits are refused", || {
            let answered = submit("more", 1);
            submitted.extend(ids(&answered.json()));
            (answered.code != 0).then_some(answered)
        });
        assert_eq!(refused.code, 72, "round {round}: {}", refused.stderr);
        assert_eq!(refused.errors().pop().unwrap()["error"], "disk_low");
        settled.extend(settle(&lines[..5]));
        filler.fill();
        for some in lines[5..].chunks(3) {
            settled.extend(settle(some));
        }
        assert_eq!(submit("more", 1).code, 72, "round {round}");
        given_up += usize::from(is_there().is_none());

        filler.remove();
        until("submits are taken", || {
            let answered = submit("again", 1);
            submitted.extend(ids(&answered.json()));
            (answered.code == 0).then_some(())
        });
        // What was taken as the disk filled and emptied is settled too.
        let rest = server.run(&["run", "--group", "g", "--until-empty", "--", "true"], "");
        assert_eq!(rest.code, 0, "round {round}: {}", rest.stderr);
        settled.extend(ids(&rest.json()));
    }
    assert!(given_up > 0, "nothing was settled by the room of the ballast");
    assert_eq!((said(&server, "submits are refused"), said(&server, "submits are taken")), (10, 10));
    assert_eq!(said(&server, "the ballast is given up"), said(&server, "room for the ballast again"));

    let kept = server.run(&["watch-tasks", "--until-empty"], "");
    assert_eq!(ids(&kept.json()), submitted, "what was answered is there, and nothing else");
    settled.sort_by_key(|id| id.parse::<u64>().unwrap());
    assert_eq!(settled, submitted, "each was settled once");
    let left = server.run(&["watch-tasks", "--group", "g", "--until-empty"], "");
    assert_eq!((left.code, &left.stdout[..]), (0, ""));
    let copied = tempfile::tempdir().unwrap();
    for name in ["contact.db", "contact.db-wal"] {
        fs::copy(filler.0.with_file_name("data").join(name), copied.path().join(name)).unwrap();
    }
    let checked = run(contact().args(["serve", "--check", "--data"]).arg(copied.path()), "");
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(server.stop().success());
}

#[test]
fn a_server_that_was_killed_on_a_full_disk_starts_again_by_the_room_of_its_ballast() {
    if !can_mount() {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let folder = data.path();
    let serve = serve(folder, "");
    let server = Server::spawn(unshare(&format!("{} && {{ {serve}; exec {serve}; }}", mount(64, folder))));
    let answered = server.run(&["submit"], "x".repeat(100_000) + "\n" + &"y".repeat(100_000));
    assert_eq!(answered.code, 0, "{}", answered.stderr);
    let filler = Filler::new(server.child.id(), folder);
    let ballast = filler.0.with_file_name("data/ballast");
    until("the ballast is there", || ballast.exists().then_some(()));
    filler.fill();
    // The shell's child.
    let shell = server.child.id();
    let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
    crate::common::signal(children.trim().parse().unwrap(), "KILL");
    let address = until("it is ready again", || {
        let log = server.log.lock().unwrap().clone();
        let ready = log.iter().filter_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            line["ready"].as_str().map(str::to_owned)
        });
        ready.skip(1).last()
    });
    assert!(!ballast.exists(), "there was room without it");
    let kept = run(contact().args(["watch-tasks", "--until-empty", "--server", &address]), "");
    assert_eq!(ids(&kept.json()), ["1", "2"], "{}", kept.stderr);
    let refused = run(contact().args(["submit", "--retry-for", "0s", "z", "--server", &address]), "");
    assert_eq!(refused.code, 72, "{refused:?}");
}

#[test]
fn a_small_file_system_keeps_a_part_of_it_free_unless_told_otherwise() {
    if !can_mount() {
        return;
    }
    // A quarter of 48 MiB is 12 MiB, beside the ballast of 6 MiB.
    for (flags, free_mib, code) in
        [("", 20, 0), ("", 10, 72), ("--min-free 4MiB", 10, 0), ("--min-free 0", 1, 0)]
    {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path();
        let script = format!("{} && exec {}", mount(48, folder), serve(folder, flags));
        let server = Server::spawn(unshare(&script));
        let filler = Filler::new(server.child.id(), folder);
        until("the ballast is there", || filler.0.with_file_name("data/ballast").exists().then_some(()));
        filler.leave(free_mib << 20);
        until("it is noticed", || {
            (server.run(&["submit", "--retry-for", "0s", "x"], "").code == code).then_some(())
        });
        assert_eq!(
            server.run(&["submit", "--retry-for", "0s", "x"], "").code,
            code,
            "{flags:?} with {free_mib} MiB free"
        );
        assert!(server.stop().success());
    }
}
