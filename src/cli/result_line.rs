//! A result as it is printed: what was told of a task, or that it has ended without a word. A line of JSON, or of
//! text for people.

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::{json, time, verdicts::word};
use crate::pb;

/// A result as JSON. Its shape is frozen: see tests/golden.
#[derive(Serialize)]
pub(super) struct ResultLine<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    queue: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    group: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    client: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "is_none")]
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    stderr: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ret_cut: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stderr_cut: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ret_lossy: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stderr_lossy: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    state: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    end: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    late: bool,
    #[serde(skip_serializing_if = "is_zero")]
    n: u64,
    #[serde(skip_serializing_if = "is_zero")]
    seq: u64,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

fn is_none(n: &u32) -> bool {
    *n == 0
}

impl<'a> ResultLine<'a> {
    pub(super) fn new(result: &'a pb::Result) -> Self {
        ResultLine {
            id: &result.id,
            queue: &result.queue,
            group: &result.group,
            client: &result.client,
            outcome: outcome(result),
            // A worker's word has an answer, if only an empty one; an end without a word has none.
            ret: (result.outcome.is_some() || !result.ret.is_empty()).then_some(&result.ret),
            exit_code: result.exit_code,
            attempt: result.attempt,
            at: result.at.map(|at| at.to_string()),
            stderr: &result.stderr,
            ret_cut: result.ret_cut,
            stderr_cut: result.stderr_cut,
            ret_lossy: result.ret_lossy,
            stderr_lossy: result.stderr_lossy,
            state: state(result),
            end: end(result),
            late: result.late,
            n: result.n,
            seq: result.seq,
        }
    }
}

/// The worker's word, if there is one.
pub(super) fn outcome(result: &pb::Result) -> Option<String> {
    result.outcome?;
    Some(match result.outcome() {
        // Not said is done.
        pb::Outcome::Unspecified => "done".to_owned(),
        outcome => word(outcome.as_str_name(), ""),
    })
}

/// Where the task has stood since; empty: as the log has it.
pub(super) fn state(result: &pb::Result) -> String {
    match result.state() {
        pb::State::Unspecified => String::new(),
        state => word(state.as_str_name(), "STATE_"),
    }
}

/// How the attempt ended without a word; empty: it did not.
pub(super) fn end(result: &pb::Result) -> String {
    match result.end() {
        pb::End::Unspecified => String::new(),
        end => word(end.as_str_name(), "END_"),
    }
}

/// The first line of an answer.
pub(super) fn first_line(ret: &str) -> &str {
    ret.lines().next().unwrap_or_default()
}

/// A result for people.
pub(super) fn text(result: &pb::Result, colour: bool) -> String {
    let (dim, style) =
        if colour { (Style::new().dimmed(), style(result)) } else { (Style::new(), Style::new()) };
    let at = result.at.as_ref().map(time::time_of_day).unwrap_or_default();
    let mut line =
        format!("{:>8}  {dim}{at}{dim:#}  {}", json::escape(&result.id), json::escape(&result.queue));
    for name in [&result.group, &result.client] {
        if !name.is_empty() {
            line.extend(["  ", &json::escape(name)]);
        }
    }
    let (state, end) = (state(result), end(result));
    let said = outcome(result).unwrap_or_else(|| if end.is_empty() { state.clone() } else { end });
    line += &format!("  {style}{said}{style:#}");
    if result.state() == pb::State::Dead {
        line += &format!(" {style}(dead){style:#}");
    }
    if result.late {
        line += &format!(" {dim}(late){dim:#}");
    }
    if let Some(code) = result.exit_code {
        line += &format!("  exit {code}");
    }
    let ret = first_line(&result.ret);
    if !ret.is_empty() {
        // Where something was left out.
        let (before, after) = (
            if result.ret_cut { "…" } else { "" },
            if ret.len() < result.ret.trim_end().len() { " …" } else { "" },
        );
        line += &format!("  {before}{}{after}", json::escape(ret));
    }
    line
}

fn style(result: &pb::Result) -> Style {
    let colour = match (result.state(), result.outcome.map(|_| result.outcome())) {
        (pb::State::Dead, _) | (_, Some(pb::Outcome::Rejected)) => AnsiColor::Red,
        (_, Some(pb::Outcome::Done | pb::Outcome::Unspecified)) => AnsiColor::Green,
        (_, Some(pb::Outcome::Received | pb::Outcome::Working)) => return Style::new().dimmed(),
        _ => AnsiColor::Yellow,
    };
    Style::new().fg_color(Some(colour.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::shown;

    fn line(result: &pb::Result) -> String {
        json::line(&ResultLine::new(result))
    }

    #[test]
    fn what_is_set_is_printed_even_if_it_is_nothing() {
        let mut result = pb::Result { id: "17".into(), ..pb::Result::default() };
        assert_eq!(line(&result), "{\"id\":\"17\"}\n");
        result.outcome = Some(pb::Outcome::Unspecified.into());
        result.exit_code = Some(0);
        assert_eq!(line(&result), "{\"id\":\"17\",\"outcome\":\"done\",\"ret\":\"\",\"exit_code\":0}\n");
        // It has ended without a word.
        let gone = pb::Result { id: "17".into(), state: pb::State::Gone.into(), ..pb::Result::default() };
        assert_eq!(line(&gone), "{\"id\":\"17\",\"state\":\"gone\"}\n");
    }

    #[test]
    fn people_see_the_first_line_and_that_there_are_more() {
        let mut result = pb::Result {
            id: "17".into(),
            queue: "ci".into(),
            group: "@w1".into(),
            client: "w1".into(),
            outcome: Some(pb::Outcome::Failed.into()),
            exit_code: Some(3),
            ret: "no \x1b[1mroom\n".into(),
            state: pb::State::Waiting.into(),
            ..pb::Result::default()
        };
        let start = "      17    ci  @w1  w1  failed";
        assert_eq!(text(&result, false), format!("{start}  exit 3  no \\u001b[1mroom"));
        result.ret += "and more";
        (result.state, result.ret_cut) = (pb::State::Dead.into(), true);
        assert_eq!(text(&result, false), format!("{start} (dead)  exit 3  …no \\u001b[1mroom …"));
        assert!(text(&result, true).contains("\u{1b}[31mfailed\u{1b}[0m"));
        let lost =
            pb::Result { end: pb::End::Lost.into(), state: 4, id: "17".into(), ..pb::Result::default() };
        assert_eq!(text(&lost, false), "      17      lost");
    }

    #[test]
    fn fuzz_result_shown() {
        let result = pb::Result {
            ret: "fine\nand more".into(),
            id: "17".into(),
            outcome: Some(pb::Outcome::Failed.into()),
            exit_code: Some(3),
            client: "w1".into(),
            stderr: "oh".into(),
            ret_cut: true,
            queue: "ci".into(),
            group: "@w1".into(),
            attempt: 2,
            at: Some(prost_types::Timestamp { seconds: 1_763_791_200, nanos: 5 }),
            state: pb::State::Dead.into(),
            late: true,
            ..pb::Result::default()
        };
        let lost = pb::Result { end: pb::End::Lost.into(), id: "17".into(), ..pb::Result::default() };
        shown::run("result_shown", &[result, lost], |result, colour| vec![text(result, colour)], line);
    }
}
