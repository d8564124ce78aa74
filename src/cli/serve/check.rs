//! `contact serve --check`: what is damaged in a store, line by line, and at the end what was looked through.

use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio::sync::mpsc;

use super::super::{Failure, exit::code, output::Output, progress::Progress, reason::Reason};
use crate::server::engine::embedded::{self, Checked, Step};

/// Steps that may wait to be said.
const STEPS: usize = 1024;

#[derive(Serialize)]
struct FoundLine<'a> {
    damaged: &'a Path,
    what: &'a str,
}

#[derive(Serialize)]
struct CheckedLine<'a> {
    checked: &'a Path,
    store: Option<&'a str>,
    format: i32,
    tasks: u64,
    delayed: u64,
    groups: u64,
    results: u64,
    findings: u64,
}

/// Verifies the store in `folder`.
pub(super) async fn run(folder: PathBuf, out: &mut Output) -> Result<u8, Failure> {
    let (steps, mut said) = mpsc::channel(STEPS);
    let checking = tokio::task::spawn_blocking(move || {
        embedded::check(&folder, &mut |step| {
            // Who does not wait any more need not be told.
            let _ = steps.blocking_send(step);
        })
    });
    let mut progress = None;
    while let Some(step) = said.recv().await {
        match step {
            Step::All(all) => progress = Some(Progress::alone("tasks and results", Some(all))),
            Step::Read(more) => {
                if let Some(progress) = &progress {
                    progress.add(more);
                }
            }
            Step::Found(found) => {
                let line = FoundLine { damaged: &found.file, what: &found.what };
                out.line(&line, || format!("{} is damaged: {}", found.file.display(), found.what)).await?;
            }
        }
    }
    drop(progress);
    let checked = checking.await.map_err(|e| Failure::new(code::STORE, Reason::Store, e.to_string()))?;
    let checked = checked.map_err(|e| super::store_failure(&e))?;
    out.line(&line_of(&checked), || text_of(&checked)).await?;
    if checked.findings == 0 {
        return Ok(0);
    }
    let message = format!("{} is damaged in {} places", checked.file.display(), checked.findings);
    Err(Failure::new(code::STORE, Reason::StoreDamaged, message)
        .hint("nothing was changed: keep a copy of the folder, and restore the file if you have one"))
}

fn line_of(checked: &Checked) -> CheckedLine<'_> {
    CheckedLine {
        checked: &checked.file,
        store: checked.store.as_deref(),
        format: checked.format,
        tasks: checked.tasks,
        delayed: checked.delayed,
        groups: checked.groups,
        results: checked.results,
        findings: checked.findings,
    }
}

fn text_of(checked: &Checked) -> String {
    let Checked { tasks, delayed, groups, results, .. } = checked;
    let verdict = match checked.findings {
        0 => "good".to_owned(),
        findings => format!("damaged in {findings} places"),
    };
    let file = checked.file.display();
    format!("{file}: {tasks} tasks, {delayed} delayed, {groups} groups, {results} results: {verdict}")
}
