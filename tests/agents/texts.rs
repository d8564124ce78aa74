//! Promise 11: a task is data. A thousand texts that mean harm come back byte for byte, and none of them did any.

use std::collections::HashMap;

use rand::{RngExt, rngs::StdRng};
use serde_json::{Value, json};

use crate::{
    common::{Running, run},
    house::{House, dice, stop, text},
};

const TEXTS: usize = 1000;
/// What comes back of an answer.
const RET_BYTES_MAX: usize = 64 << 10;

/// Pieces of what a shell, a terminal or a parser might do something with. `FILE` is one that nobody is to make.
const PIECES: [&str; 40] = [
    "\0",
    "\"",
    "'",
    "`",
    "\\",
    "\n",
    "\r",
    "\r\n",
    "\t",
    " ",
    "$(touch FILE)",
    "`touch FILE`",
    "; touch FILE",
    "| touch FILE",
    "&& touch FILE",
    "\ntouch FILE\n",
    "'; touch FILE; '",
    "\"; touch FILE; \"",
    "${IFS}",
    "$HOME",
    "-rf",
    "--help",
    "-c",
    "*",
    "~",
    "> FILE",
    ">FILE",
    "%s%n",
    "\u{1b}[2J",
    "\u{1b}]0;x\u{7}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{202e}",
    "数据:7",
    "🦀",
    "é",
    "{\"lease\":\"x\"}",
    "\u{0}\u{1}\u{7f}",
    "#",
];

fn hostile(dice: &mut StdRng, file: &str) -> String {
    // Most are short, and a few as long as comes back whole.
    let longest = match dice.random_range(0..50) {
        0 => RET_BYTES_MAX,
        1..5 => 4096,
        _ => 100,
    };
    let length = dice.random_range(1..=longest);
    let mut hostile = String::new();
    while hostile.len() < length {
        if dice.random_bool(0.7) {
            hostile.push_str(&PIECES[dice.random_range(0..PIECES.len())].replace("FILE", file));
        } else {
            hostile.push(dice.random());
        }
    }
    while hostile.len() > RET_BYTES_MAX {
        hostile.pop();
    }
    hostile
}

#[test]
fn a_thousand_hostile_texts_come_back_byte_for_byte() {
    let mut dice = dice();
    let (house, _server) = House::new();
    let sentinel = house.path("sentinel");
    let mut texts: HashMap<String, String> =
        (0..TEXTS).map(|n| (format!("t{n}"), hostile(&mut dice, sentinel.to_str().unwrap()))).collect();
    // Exactly what comes back whole.
    texts.insert("t0".into(), "x".repeat(RET_BYTES_MAX));
    let agent = Running::start(&mut house.running(&["-j", "8"], &["cat"]));
    let input: String =
        texts.iter().map(|(id, text)| format!("{}\n", json!({ "id": id, "task": text }))).collect();
    let answered = house.ok(&["submit", "--wait", "--json"], input);
    assert_eq!(answered.len(), TEXTS);
    for answer in &answered {
        let sent = texts.remove(&text(answer, "id")).unwrap_or_else(|| panic!("answered twice: {answer}"));
        came_back(answer, &sent);
    }
    // And as arguments, which know no NUL and begin as they like.
    let sent: Vec<String> = (0..20)
        .map(|_| hostile(&mut dice, sentinel.to_str().unwrap()).replace('\0', "0"))
        .chain(["-rf".into(), "--wait".into()])
        .collect();
    let mut command = house.contact();
    let answered = run(command.args(["submit", "--wait", "--"]).args(&sent), "");
    assert_eq!(answered.code, 0, "{}", answered.stderr);
    let mut back: Vec<String> = answered.json().iter().map(|answer| text(answer, "ret")).collect();
    let mut sent = sent;
    back.sort();
    sent.sort();
    assert_eq!(back, sent);
    assert!(!sentinel.exists(), "a text was run");
    assert_eq!(stop(agent).code, 143);
}

fn came_back(answer: &Value, sent: &str) {
    assert_eq!((&answer["outcome"], &answer["exit_code"]), (&json!("done"), &json!(0)), "{answer}");
    let back = answer["ret"].as_str().unwrap_or_default();
    let same = back.bytes().zip(sent.bytes()).take_while(|(a, b)| a == b).count();
    assert!(back == sent, "{} of {} bytes, the same up to {same}", back.len(), sent.len());
    for mark in ["ret_cut", "ret_lossy", "stderr", "stderr_cut", "stderr_lossy"] {
        assert!(answer[mark].is_null(), "{mark} of {} bytes", sent.len());
    }
}

#[test]
fn a_mebibyte_comes_back_as_its_last_64_kib() {
    let (house, _server) = House::new();
    let agent = Running::start(&mut house.running(&["-j", "4"], &["cat"]));
    let numbers: String = (0..)
        .map(|n| format!("{n}\n"))
        .scan(0, |bytes, line| {
            *bytes += line.len();
            (*bytes <= 1 << 20).then_some(line)
        })
        .collect();
    // The cut lies inside of a letter.
    let letters = format!("{}x", "é".repeat((1 << 19) - 1));
    for sent in [numbers, letters] {
        let answered = house.ok(&["submit", "--wait", "--json"], format!("{}\n", json!({ "task": sent })));
        let [answer] = &answered[..] else { panic!("{} lines", answered.len()) };
        assert_eq!((&answer["outcome"], &answer["ret_cut"]), (&json!("done"), &json!(true)));
        let back = text(answer, "ret");
        assert!(sent.ends_with(&back), "…{:?}", &back[..10]);
        assert!((RET_BYTES_MAX - 4..=RET_BYTES_MAX).contains(&back.len()), "{} bytes", back.len());
        assert!(answer["ret_lossy"].is_null(), "what was cut was UTF-8");
    }
    assert_eq!(stop(agent).code, 143);
}

#[test]
fn a_label_that_no_variable_can_hold_stops_nobody() {
    let (house, _server) = House::new();
    let task =
        json!({ "task": "x", "id": "nul", "labels": { "a": "b\u{0}c", "d.e-f": "g\nh", "i": "$(exit 1)" } });
    let script = r#"cat; printf ' %s' "$CONTACT_TASK_LABEL_I""#;
    let agent = Running::start(&mut house.agent(&[], script));
    let answered = house.ok(&["submit", "--wait", "--json"], format!("{task}\n"));
    assert_eq!(answered[0]["outcome"], "done", "{answered:?}");
    assert_eq!(answered[0]["ret"], "x $(exit 1)", "{answered:?}");
    assert_eq!(stop(agent).code, 143);
}
