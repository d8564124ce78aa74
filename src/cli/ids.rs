//! The ids that a command is about: its arguments, or lines of stdin: an id each, or a JSON object with one, as
//! `contact tasks` and `contact submit` print it.

use std::collections::VecDeque;

use serde::Deserialize;

use super::{
    Failure,
    exit::{Errors, code},
    json,
    lines::{Line, Lines},
    reason::Reason,
};
use crate::{name::ID_BYTES_MAX, wire::TASK_BYTES_MAX};

/// Longest line: a task line of the longest task, each byte escaped.
const LINE_BYTES_MAX: usize = 8 * TASK_BYTES_MAX;

/// Judges what stands in a flag or argument.
pub(super) fn id(text: &str) -> Result<String, String> {
    check(text).map(|()| text.to_owned())
}

/// Ids, one after the other.
pub(super) struct Ids {
    /// Not given out yet.
    ready: VecDeque<String>,
    /// Where more come from.
    lines: Option<Lines>,
    errors: Errors,
    bad_lines: bool,
}

impl Ids {
    /// Those that are given; without any, those on stdin.
    pub(super) fn given_or_stdin(given: Vec<String>, errors: Errors) -> Result<Self, Failure> {
        for id in &given {
            check(id).map_err(Failure::usage)?;
        }
        let lines = given.is_empty().then(|| Lines::stdin(LINE_BYTES_MAX)).transpose()?;
        Ok(Ids { ready: given.into(), lines, errors, bad_lines: false })
    }

    /// The next ones, at most so many. `None`: there are no more.
    pub(super) async fn next(&mut self, max: usize) -> Result<Option<Vec<String>>, Failure> {
        while self.ready.is_empty() {
            let Some(lines) = &mut self.lines else { return Ok(None) };
            match lines.next().await? {
                Some(batch) => batch.into_iter().for_each(|line| self.take(line)),
                None => self.lines = None,
            }
        }
        let n = self.ready.len().min(max);
        Ok(Some(self.ready.drain(..n).collect()))
    }

    /// The exit code of a command that would end with `code` if all lines had been good.
    pub(super) fn code(&self, code: u8) -> u8 {
        if self.bad_lines { code::BAD_INPUT } else { code }
    }

    fn take(&mut self, line: Line) {
        let number = line.number;
        match read(line.bytes) {
            Ok(id) => self.ready.push_back(id),
            Err((reason, message)) => {
                self.bad_lines = true;
                let mut failure = Failure::new(code::BAD_INPUT, reason, message);
                failure.line = Some(number);
                failure.print(self.errors);
            }
        }
    }
}

/// What else is in the line is passed over.
#[derive(Deserialize)]
struct IdLine {
    id: Id,
}

/// Ids are strings; one that the server gave is written as a number easily, and means the same.
#[derive(Deserialize)]
#[serde(untagged, expecting = "id must be a string")]
enum Id {
    Text(String),
    Seq(u64),
}

fn read(line: Option<Vec<u8>>) -> Result<String, (Reason, String)> {
    let bytes = line.ok_or_else(|| (Reason::LineTooLong, "the line is too long".to_owned()))?;
    let text = std::str::from_utf8(&bytes).map_err(|e| (Reason::NotUtf8, format!("not UTF-8: {e}")))?;
    let id = if text.trim_start().starts_with('{') {
        let line: IdLine = json::object(text).map_err(|e| {
            (Reason::BadJson, format!("not a JSON object with an id: {}", json::describe(&e)))
        })?;
        match line.id {
            Id::Text(id) => id,
            Id::Seq(seq) => seq.to_string(),
        }
    } else {
        text.trim().to_owned()
    };
    check(&id).map_err(|message| (Reason::BadId, message))?;
    Ok(id)
}

fn check(id: &str) -> Result<(), String> {
    match id.len() {
        0 => Err("the id is empty".into()),
        n if n > ID_BYTES_MAX => Err(format!("the id has {n} bytes: none has more than {ID_BYTES_MAX}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::Target;

    #[test]
    fn an_id_stands_alone_or_in_an_object() {
        let read = |text: &str| read(Some(text.as_bytes().to_vec()));
        for (line, id) in [
            ("17", "17"),
            (" deploy-1\t", "deploy-1"),
            ("{\"id\":\"17\",\"task\":\"x\"}", "17"),
            ("  {\"id\":17}", "17"),
        ] {
            assert_eq!(read(line).unwrap(), id);
        }
        for (line, reason) in [
            ("{\"seq\":17}", "bad_json"),
            ("{\"id\":[]}", "bad_json"),
            ("{\"id\":", "bad_json"),
            ("{\"id\":\"\"}", "bad_id"),
            (" ", "bad_id"),
            (&"x".repeat(129), "bad_id"),
        ] {
            assert_eq!(read(line).unwrap_err().0.word(), reason, "{line}");
        }
    }

    #[test]
    fn fuzz_id_line() {
        let seeds = ["17", " deploy-1\t", r#"{"id":"17","task":"x"}"#, r#"  {"id":17}"#];
        let target = Target {
            name: "id_line",
            seeds: seeds.map(|seed| seed.as_bytes().to_vec()).into(),
            words: &["{", "}", "\"id\":", "\"", "[", "\\u0000", "\u{2028}", " ", "任务", "1e3", "-1"],
            message_at: None,
        };
        target.run(|input| {
            let id = read(Some(input.to_vec())).map_err(|(word, message)| {
                assert!(message.len() < 1000, "{message}");
                format!("{word:?}")
            })?;
            assert!((1..=ID_BYTES_MAX).contains(&id.len()));
            Ok::<_, String>(input.starts_with(b"{"))
        });
    }
}
