//! Flags, lines of stdin and files. `tests/bad_input.rs` has more of those of `submit`, `watch-tasks` and `ack`.

use std::path::Path;

use crate::{
    Outcome,
    common::{Server, contact, run},
};

/// A command, and how it ends.
pub(crate) struct Row {
    pub(crate) args: Vec<&'static str>,
    input: &'static [u8],
    env: &'static [(&'static str, &'static str)],
    pub(crate) code: i32,
    pub(crate) reason: &'static str,
}

impl Row {
    /// Runs it in a folder with the files that are named below.
    pub(crate) fn run(&self, server: &Server, folder: &Path) -> Outcome {
        let mut command = if self.args[0] == "serve" { contact() } else { server.contact() };
        command.args(&self.args).envs(self.env.iter().copied()).current_dir(folder);
        let ended = run(&mut command, self.input);
        let last = ended.errors().pop().unwrap_or_default();
        Outcome::Exit(ended.code, last["error"].as_str().unwrap_or_default().to_owned())
    }
}

/// Something of everything that the lists show.
pub(crate) fn seed(server: &Server) {
    let done = |args: &[&str], input: &str| {
        let ended = server.run(args, input);
        assert_eq!(ended.code, 0, "{args:?}: {ended:?}");
        ended.stdout
    };
    done(&["submit", "--id", "taken", "first"], "");
    done(&["submit"], "second\nthird");
    done(&["submit", "-q", "other", "elsewhere"], "");
    done(&["submit", "--delay", "1d", "tomorrow"], "");
    let take = ["watch-tasks", "--client", "w1", "--group", "ci", "--max", "2", "--detach", "--lease", "1h"];
    let leases = done(&take, "");
    let lines: Vec<&str> = leases.lines().collect();
    done(&["ack", "--client", "w1", "--ret", "well"], lines[0]);
    done(&["ack", "--client", "w1", "--outcome", "rejected"], lines[1]);
    done(&["send-status", "--client", "w1", "up"], "");
}

/// Wrong usage.
fn usage(args: &[&'static str]) -> Row {
    row(args, 2, "usage")
}

fn row(args: &[&'static str], code: i32, reason: &'static str) -> Row {
    Row { args: args.to_vec(), input: b"", env: &[], code, reason }
}

fn lines(args: &[&'static str], input: &'static [u8], reason: &'static str) -> Row {
    Row { input, ..row(args, 4, reason) }
}

fn env(args: &[&'static str], env: &'static [(&'static str, &'static str)]) -> Row {
    Row { env, ..usage(args) }
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = flags();
    rows.extend(stdin());
    rows.extend(files());
    rows
}

fn flags() -> Vec<Row> {
    vec![
        usage(&["nosuch"]),
        usage(&["submit", "-q", "../../etc", "x"]),
        usage(&["submit", "--id", "../x", "x"]),
        usage(&["submit", "--to", "..", "x"]),
        usage(&["submit", "-l", "../k=v", "x"]),
        usage(&["submit", "--delay", "999999999999999999999s", "x"]),
        usage(&["watch-tasks", "--from", "18446744073709551616"]),
        usage(&["watch-tasks", "--group", "ci/../x"]),
        row(&["watch-tasks", "--from", "999"], 75, "future"),
        usage(&["ack", "--delay", "31d", "--outcome", "failed", "L"]),
        usage(&["run"]),
        usage(&["run", "--exit-map", "3=finished", "--", "true"]),
        usage(&["run", "--exit-map", "999=done", "--", "true"]),
        usage(&["run", "-j", "0", "--", "true"]),
        usage(&["run", "--task-timeout", "0s", "--", "true"]),
        usage(&["run", "--status", "x", "--status-cmd", "y", "--", "true"]),
        usage(&["watch-results", "--from", "0"]),
        usage(&["watch-results", "--id", "1", "-q", "default"]),
        row(&["watch-results", "--after", "999"], 75, "future"),
        row(&["watch-results", "--id", "999"], 69, "no_task"),
        row(&["wait", "999", "--retry-for", "0s"], 1, "no_task"),
        usage(&["wait", "1", "--clients", "two words"]),
        usage(&["tasks", "--state", "finished"]),
        usage(&["tasks", "--state", "done"]),
        row(&["tasks", "../../etc"], 1, "no_task"),
        row(&["why", "999"], 69, "no_task"),
        row(&["why", "../../etc/passwd"], 69, "no_task"),
        usage(&["why"]),
        row(&["cancel", "999"], 1, ""),
        usage(&["redrive"]),
        row(&["redrive", "--group", "nobody", "--all"], 69, "no_group"),
        usage(&["purge", "--all"]),
        row(&["purge", "-q", "nowhere", "--all"], 69, "no_queue"),
        usage(&["purge", "-q", "default"]),
        usage(&["purge", "-q", "default", "--upto", "0"]),
        usage(&["groups", "set", "ci", "--backoff", "5m..1s"]),
        usage(&["groups", "set", "ci", "--lease", "1ms"]),
        usage(&["groups", "set", "ci"]),
        row(&["groups", "pause", "nobody"], 69, "no_group"),
        row(&["clients", "nobody"], 1, "no_client"),
        usage(&["clients", "two words"]),
        row(&["health", "nosuch"], 69, "not_found"),
        env(&["queues"], &[("CONTACT_SERVER", "nowhere")]),
        env(&["queues"], &[("CONTACT_CLIENT", "two words")]),
        env(&["queues"], &[("CONTACT_OUTPUT", "yaml")]),
        env(&["queues"], &[("CONTACT_TIMEOUT", "5")]),
        env(&["serve"], &[("CONTACT_SERVE_MAX_RATE", "0")]),
        usage(&["serve", "--max-rate", "many"]),
        usage(&["serve", "--max-streams-per-client", "0"]),
        usage(&["serve", "--max-bytes-in-flight", "0"]),
        usage(&["serve", "--max-bytes-in-flight", "64M"]),
        usage(&["serve", "--addr", "nowhere"]),
        usage(&["serve", "--retain", "-1s"]),
    ]
}

fn stdin() -> Vec<Row> {
    vec![
        lines(&["submit"], b"\xff\xfe", "not_utf8"),
        lines(&["submit", "--json"], b"{\"task\":\"x\",\"queue\":\"../..\"}", "bad_name"),
        lines(&["submit", "--json"], b"{\"task\":\"x\",\"delay_ms\":-1}", "bad_json"),
        lines(&["submit", "--json"], b"{\"task\":\"x\",\"id\":\"taken\"}", "id_taken"),
        lines(&["submit", "--json"], b"{\"task\":\"x\",\"delay_ms\":18446744073709551615}", "bad_delay"),
        lines(&["submit", "--json"], b"{\"task\":\"\\u0000", "bad_json"),
        lines(&["ack"], b"{\"lease\":\"L\",\"outcome\":\"finished\"}", "bad_outcome"),
        lines(&["ack"], b"{\"lease\":\"L\",\"exit_code\":99999999999}", "bad_json"),
        lines(&["ack"], b"null", "bad_json"),
        lines(&["send-status"], b"\x80", "not_utf8"),
        lines(&["cancel"], b"{\"id\":{}}", "bad_json"),
        lines(&["redrive", "--group", "ci"], b"\xc3\x28", "not_utf8"),
    ]
}

fn files() -> Vec<Row> {
    let serve = |more: &[&'static str], code, reason| {
        let args = [&["serve", "--log", "off", "--addr", "127.0.0.1:0"], more].concat();
        row(&args, code, reason)
    };
    vec![
        serve(&["--data", "data"], 5, "store_in_use"),
        serve(&["--data", "/dev/null"], 5, "store_folder"),
        serve(&["--data", "/dev/null/x"], 5, "store_folder"),
        serve(&["--store", "memory", "--port-file", "no/such/folder/port"], 1, "system"),
        row(
            &["serve", "--log", "off", "--store", "memory", "--addr", "unix:no/such/folder/socket"],
            1,
            "listen",
        ),
        row(&["man", "--dir", "/dev/null/x"], 1, "system"),
        serve(&["--store", "memory", "--tokens", "no-such-file"], 2, "tokens"),
        serve(&["--store", "memory", "--tokens", "/dev/null/x"], 2, "tokens"),
        serve(&["--store", "memory", "--tls-cert", "no-such-file", "--tls-key", "nor-this"], 2, "tls_file"),
        serve(&["--store", "memory", "--tls-cert", "/dev/null", "--tls-key", "/dev/null"], 2, "tls_file"),
        usage(&["queues", "--token-file", "no-such-file"]),
        usage(&["queues", "--token-file", "/dev/null"]),
        row(&["token", "revoke", "--tokens", "no-such-file", "x"], 2, "tokens"),
        usage(&["token", "create", "--tokens", "made", "--name", "../x", "--role", "work"]),
        usage(&["token", "create", "--tokens", "made", "--name", "x", "--role", "king"]),
    ]
}
