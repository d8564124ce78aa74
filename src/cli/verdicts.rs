//! The verdicts of what was asked for, a line each.

use serde::Serialize;

use super::{Failure, exit::code, json, output::Output};
use crate::pb;

/// Prints verdicts, and keeps whether one of them was a no.
pub(super) struct Verdicts<'a> {
    out: &'a mut Output,
    refused: bool,
}

#[derive(Serialize)]
struct VerdictLine<'a> {
    id: &'a str,
    verdict: &'a str,
}

impl<'a> Verdicts<'a> {
    pub(super) fn new(out: &'a mut Output) -> Self {
        Verdicts { out, refused: false }
    }

    /// Prints a line for each.
    pub(super) async fn print(&mut self, told: &[pb::Told]) -> Result<(), Failure> {
        for told in told {
            let verdict = told.verdict();
            self.refused |= !matches!(verdict, pb::Verdict::Ok | pb::Verdict::Duplicate);
            let verdict = word(verdict.as_str_name(), "VERDICT_");
            let line = VerdictLine { id: &told.id, verdict: &verdict };
            self.out.line(&line, || format!("{:>8}  {verdict}", json::escape(&told.id))).await?;
        }
        self.out.flush().await
    }

    /// The exit code, if nothing else went wrong.
    pub(super) fn code(&self) -> u8 {
        if self.refused { code::NO } else { 0 }
    }
}

/// A word of the wire as we write it: `STATE_READY` is `ready`.
pub(super) fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase()
}
