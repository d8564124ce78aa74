//! What may be typed, fuzzed: any words are a command line or are told why not, and what flags take can be used.

#![allow(clippy::disallowed_methods, reason = "a deadline is reckoned from now")]

use std::time::{Duration, Instant, SystemTime};

use clap::Parser;

use super::{Arguments, connect::Target as Address, group::Group, size::size, start, time, wait::names};
use crate::{fuzz::Target, name::QueueName, server::listener};

#[test]
fn fuzz_arguments() {
    let lines: &[&[&str]] = &[
        &["serve", "--listen", "127.0.0.1:0", "--retain", "30d", "--grace", "10s", "--store", "memory"],
        &["submit", "-q", "ci", "--id", "a", "-l", "k=v", "--delay", "1h30m", "--expires", "2d", "text"],
        &["submit", "--to", "kiosk-7", "--wait", "--exit-code", "--clients", "a,b", "text"],
        &["watch-tasks", "-q", "a", "--from", "2026-11-22T06:00:00Z", "--max", "5", "--on-gap", "skip"],
        &[
            "watch-tasks",
            "--group",
            "ci",
            "--lease",
            "1m",
            "--max-in-flight",
            "3",
            "--detach",
            "--after",
            "7",
        ],
        &[
            "run",
            "--group",
            "@",
            "-j",
            "4",
            "--exit-map",
            "3=rejected,75=released",
            "--every",
            "5s",
            "--",
            "true",
        ],
        &[
            "run",
            "--status-cmd",
            "a 'b c'",
            "--every",
            "5s",
            "--until-empty",
            "--task-timeout",
            "1m",
            "--",
            "x",
        ],
        &["ack", "--outcome", "failed", "--delay", "5m", "--ret", "no", "L"],
        &["watch-results", "--id", "17", "--timeout", "1s", "-o", "text"],
        &["wait", "17", "--clients", "2", "--client", "me"],
        &["groups", "set", "ci", "--backoff", "1s..5m", "--max-failures", "3"],
        &["tasks", "--group", "ci", "--state", "dead", "--limit", "3", "--watch"],
        &[
            "token",
            "create",
            "--name",
            "kiosk-7",
            "--role",
            "worker,report",
            "--queue",
            "ci.*",
            "--expires",
            "30d",
        ],
        &[
            "serve",
            "--listen",
            "0.0.0.0:1",
            "--tls-cert",
            "a",
            "--tls-key",
            "b",
            "--tokens",
            "c",
            "--dev-tls",
        ],
        &["purge", "-q", "ci", "--upto", "17", "--yes"],
    ];
    let target = Target {
        name: "arguments",
        seeds: lines.iter().map(|line| line.join("\n").into_bytes()).collect(),
        words: &[
            "\n", "--", "--help", "-o", "json", "=", "-", "@", "任务", "--server", "unix:", "0", "-1",
            "\n-h\n",
        ],
        message_at: None,
    };
    target.run(|input| {
        let text = String::from_utf8_lossy(input);
        let refused = Arguments::try_parse_from(std::iter::once("contact").chain(text.split('\n'))).err();
        refused.map(|error| {
            assert!(!error.to_string().is_empty());
            (error.kind() as u8, error.exit_code())
        })
    });
}

#[test]
fn fuzz_flags() {
    let seeds = [
        "1h30m",
        "64MiB",
        "500ms",
        "36500d",
        "2026-11-22T06:00:00Z",
        "1970-01-01T02:01:00.5+02:00",
        "start",
        "17",
        "@",
        "ci",
        "@kiosk-7",
        "a,b",
        "127.0.0.1:50051",
        "http://[::1]:9",
        "unix:/run/contact",
        "a 'b c' \"d\"",
    ];
    let target = Target {
        name: "flags",
        seeds: seeds.map(|seed| seed.as_bytes().to_vec()).into(),
        words: &[
            "years",
            "d",
            "ns",
            "T",
            "Z",
            "+",
            "-",
            ":",
            ".",
            "99999999999999999999",
            "unix:",
            "://",
            "@",
            ",",
            "'",
            "\"",
            "\\",
            "[",
            "]",
            "%",
            "#",
            "9999-12-31T23:59:59.999999999Z",
            "任务",
            "ü",
        ],
        message_at: None,
    };
    let now = SystemTime::UNIX_EPOCH;
    target.run(|input| {
        let text = std::str::from_utf8(input).map_err(|_| "no text")?;
        let duration = time::duration(text);
        if let Ok(duration) = duration {
            let _ = Instant::now() + duration;
            let shown = time::shown_ms(time::milliseconds(duration));
            assert_eq!(
                time::duration(&shown).ok(),
                Some(Duration::from_millis(time::milliseconds(duration)))
            );
        }
        let at = time::timestamp(text);
        if let Some(at) = &at {
            let shown = (time::age(at, now), time::left(at, now), time::time_of_day(at));
            assert_eq!(shown.2.len(), 8);
            assert_eq!(time::timestamp(&at.to_string()).as_ref(), Some(at), "{at}");
        }
        let group = Group::parse(text);
        assert!(group.is_ok() == (text == "@" || QueueName::parse(text).is_ok() && !text.is_empty()));
        let address = Address::parse(text);
        Ok::<_, &str>([
            duration.is_ok(),
            at.is_some(),
            start::in_queue(text).is_ok(),
            group.is_ok(),
            names(text).is_ok(),
            size(text).is_ok(),
            address.is_ok(),
            text.parse::<listener::Address>().is_ok(),
            shlex::split(text).is_some_and(|words| words.len() > 1),
        ])
    });
}
