//! What may go out to a terminal or a pipe, whatever a server or another client has said: for the targets of
//! fuzzing beside each thing that is printed.

use crate::fuzz::{Target, about};

/// What moves cursors, breaks lines or ends quotes.
const WORDS: &[&str] = &[
    "\x1b[2J",
    "\x1b]0;x\x07",
    "\x1b",
    "\u{9b}31m",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{8}",
    "\"",
    "\\",
    "\\u001b",
    "任务",
    "e\u{301}",
    "\u{200d}",
    "😀",
    "1.5s",
    "healthy",
    "dead",
];

/// Text for people and JSON for programs, made of a message: neither has what a terminal obeys or a reader of lines
/// breaks at.
pub(super) fn run<M: prost::Message + Default>(
    name: &'static str,
    seeds: &[M],
    print: impl Fn(&M, bool) -> Vec<String>,
    json: impl Fn(&M) -> String,
) {
    let seeds = seeds.iter().map(prost::Message::encode_to_vec).collect();
    Target { name, seeds, words: WORDS, message_at: Some(0) }.run(|input| {
        let message = M::decode(input).ok()?;
        let plain = print(&message, false);
        plain.iter().for_each(|line| check(line));
        let uncoloured: Vec<String> = print(&message, true).iter().map(|line| without_colour(line)).collect();
        assert_eq!(uncoloured, plain, "a colour is all that it adds");
        let line = json(&message);
        let body = line.strip_suffix('\n').unwrap();
        check(body);
        let value: serde_json::Value = serde_json::from_str(body).unwrap();
        let escaped = |text: &str| about(text.matches("\\u").count());
        let widths = plain.iter().map(|line| escaped(line)).max();
        Some((value.as_object().map(|o| o.len()), escaped(body), widths))
    });
}

fn check(line: &str) {
    let is_bad = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    assert!(!line.contains(is_bad), "{line:?}");
}

/// A line without the colours that we use.
fn without_colour(line: &str) -> String {
    let ours = ["\x1b[0m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"];
    ours.iter().fold(line.to_owned(), |line, colour| line.replace(colour, ""))
}
