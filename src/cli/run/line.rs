//! A task that is over as it is printed: a line of JSON, or of text for people.

use serde::Serialize;

use super::jobs::Facts;
use crate::{
    cli::{json, member::Told, result_line::ResultLine, verdicts::word},
    pb,
};

/// A task that is over, and the server's verdict on what was told of it.
pub(super) struct Over {
    result: pb::Result,
    verdict: String,
}

/// As JSON: a line of watch-results, and the verdict.
#[derive(Serialize)]
pub(super) struct OverLine<'a> {
    #[serde(flatten)]
    result: ResultLine<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    verdict: &'a str,
}

impl Over {
    pub(super) fn new(facts: &Facts, group: &str, told: &Told) -> Self {
        let result = pb::Result {
            id: facts.id.clone(),
            queue: facts.queue.clone(),
            group: group.to_owned(),
            attempt: facts.attempt,
            late: told.late,
            ..told.result.clone()
        };
        Over { result, verdict: told.verdict.map(verdict).unwrap_or_default() }
    }

    pub(super) fn line(&self) -> OverLine<'_> {
        OverLine { result: ResultLine::new(&self.result), verdict: &self.verdict }
    }

    /// For people: what is not as it should be is said beside it.
    pub(super) fn text(&self, colour: bool) -> String {
        let style = |style: anstyle::Style| if colour { style } else { anstyle::Style::new() };
        let dim = style(anstyle::Style::new().dimmed());
        let good = match self.result.outcome() {
            pb::Outcome::Done => style(anstyle::AnsiColor::Green.on_default()),
            pb::Outcome::Released => style(anstyle::AnsiColor::Yellow.on_default()),
            _ => style(anstyle::AnsiColor::Red.on_default()),
        };
        let pb::Result { id, queue, ret, stderr, exit_code, late, .. } = &self.result;
        let exit = exit_code.filter(|code| *code != 0);
        let exit = exit.map(|code| format!("  exit {code}")).unwrap_or_default();
        let verdict = match &self.verdict[..] {
            "ok" if *late => "  (late)".to_owned(),
            "" | "ok" | "duplicate" => String::new(),
            verdict => format!("  ({verdict})"),
        };
        let said = if ret.trim().is_empty() { stderr } else { ret };
        // The end of it: there stands what came of it.
        let said = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        format!(
            "{:>8}  {dim}{}{dim:#}  {good}{}{good:#}{exit}{verdict}  {}",
            json::escape(id),
            json::escape(queue),
            outcome(&self.result),
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
        let over = |told: &Told| Over::new(&facts, "@w1", told);
        assert_eq!(
            json::line(&over(&told).line()),
            "{\"id\":\"17\",\"queue\":\"ci\",\"group\":\"@w1\",\"client\":\"w1\",\"outcome\":\"done\",\
             \"ret\":\"one\\ntwo \\u001b\\n\",\"exit_code\":0,\"attempt\":1,\"verdict\":\"ok\"}\n"
        );
        assert_eq!(over(&told).text(false), "      17  ci  done  two \\u001b");
        (told.result.ret, told.result.stderr) = (String::new(), "no disk\n".into());
        (told.result.exit_code, told.late) = (Some(137), true);
        told.result.outcome = Some(pb::Outcome::Failed as i32);
        (told.result.ret_cut, told.result.stderr_lossy) = (true, true);
        let line = json::line(&over(&told).line());
        let expected = "\"ret\":\"\",\"exit_code\":137,\"attempt\":1,\"stderr\":\"no disk\\n\",\"ret_cut\":true,\
                        \"stderr_lossy\":true,\"late\":true,\"verdict\":\"ok\"}\n";
        assert!(line.ends_with(expected), "{line}");
        let text = over(&told).text(false);
        assert_eq!(text, "      17  ci  failed  exit 137  (late)  no disk");
    }
}
