//! A task that is over as it is printed: a line of JSON, or of text for people.

use serde::Serialize;

use super::jobs::Facts;
use crate::{
    cli::{json, member::Told, verdicts::word},
    pb,
};

/// As JSON: the keys of a line of watch-results, and the server's verdict.
#[derive(Serialize)]
pub(super) struct DoneLine<'a> {
    id: &'a str,
    queue: &'a str,
    group: &'a str,
    client: &'a str,
    outcome: String,
    ret: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
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
    attempt: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    verdict: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    late: bool,
}

impl<'a> DoneLine<'a> {
    pub(super) fn new(facts: &'a Facts, group: &'a str, told: &'a Told) -> Self {
        let result = &told.result;
        DoneLine {
            id: &facts.id,
            queue: &facts.queue,
            group,
            client: &result.client,
            outcome: outcome(result),
            ret: &result.ret,
            exit_code: result.exit_code,
            stderr: &result.stderr,
            ret_cut: result.ret_cut,
            stderr_cut: result.stderr_cut,
            ret_lossy: result.ret_lossy,
            stderr_lossy: result.stderr_lossy,
            attempt: facts.attempt,
            verdict: told.verdict.map(verdict).unwrap_or_default(),
            late: told.late,
        }
    }

    /// For people: what is not as it should be is said beside it.
    pub(super) fn text(&self, colour: bool) -> String {
        let style = |style: anstyle::Style| if colour { style } else { anstyle::Style::new() };
        let dim = style(anstyle::Style::new().dimmed());
        let good = match &self.outcome[..] {
            "done" => style(anstyle::AnsiColor::Green.on_default()),
            "released" => style(anstyle::AnsiColor::Yellow.on_default()),
            _ => style(anstyle::AnsiColor::Red.on_default()),
        };
        let exit = self.exit_code.filter(|code| *code != 0);
        let exit = exit.map(|code| format!("  exit {code}")).unwrap_or_default();
        let verdict = match &self.verdict[..] {
            "ok" if self.late => "  (late)".to_owned(),
            "" | "ok" | "duplicate" => String::new(),
            verdict => format!("  ({verdict})"),
        };
        let said = if self.ret.trim().is_empty() { self.stderr } else { self.ret };
        // The end of it: there stands what came of it.
        let said = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        format!(
            "{:>8}  {dim}{}{dim:#}  {good}{}{good:#}{exit}{verdict}  {}",
            json::escape(self.id),
            json::escape(self.queue),
            self.outcome,
            json::escape(said.trim_end())
        )
        .trim_end()
        .to_owned()
    }
}

/// The word of what has become of it.
pub(super) fn outcome(result: &pb::Result) -> String {
    word(result.outcome().as_str_name(), "")
}

/// The word of a verdict.
pub(super) fn verdict(verdict: pb::Verdict) -> String {
    word(verdict.as_str_name(), "VERDICT_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> Told {
        let result = pb::Result {
            ret: "one\ntwo \u{1b}\n".into(),
            client: "w1".into(),
            lease: "L".into(),
            outcome: Some(pb::Outcome::Done as i32),
            exit_code: Some(0),
            ..pb::Result::default()
        };
        Told { result, verdict: Some(pb::Verdict::Ok), late: false }
    }

    #[test]
    fn the_shape() {
        let facts = Facts { id: "17".into(), queue: "ci".into(), attempt: 1, text: String::new() };
        let mut told = told();
        assert_eq!(
            json::line(&DoneLine::new(&facts, "@w1", &told)),
            "{\"id\":\"17\",\"queue\":\"ci\",\"group\":\"@w1\",\"client\":\"w1\",\"outcome\":\"done\",\
             \"ret\":\"one\\ntwo \\u001b\\n\",\"exit_code\":0,\"attempt\":1,\"verdict\":\"ok\"}\n"
        );
        assert_eq!(DoneLine::new(&facts, "@w1", &told).text(false), "      17  ci  done  two \\u001b");
        (told.result.ret, told.result.stderr) = (String::new(), "no disk\n".into());
        (told.result.exit_code, told.late) = (Some(137), true);
        told.result.outcome = Some(pb::Outcome::Failed as i32);
        (told.result.ret_cut, told.result.stderr_lossy) = (true, true);
        let line = json::line(&DoneLine::new(&facts, "@w1", &told));
        let expected = "\"ret\":\"\",\"exit_code\":137,\"stderr\":\"no disk\\n\",\"ret_cut\":true,\
                        \"stderr_lossy\":true,\"attempt\":1,\"verdict\":\"ok\",\"late\":true}\n";
        assert!(line.ends_with(expected), "{line}");
        let text = DoneLine::new(&facts, "@w1", &told).text(false);
        assert_eq!(text, "      17  ci  failed  exit 137  (late)  no disk");
    }
}
