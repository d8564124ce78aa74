//! Progress on stderr, when somebody looks at it and it is not in the way of the data.

use std::{io::IsTerminal, time::Duration};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// Counts what has been done.
#[derive(Debug)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Shown if stderr is a terminal and stdout is not: there the lines themselves are the progress.
    /// `total` if it is known.
    pub(super) fn start(what: &'static str, total: Option<u64>) -> Self {
        let is_alone = !std::io::stdout().is_terminal();
        Self::shown(is_alone, what, total)
    }

    /// Shown whatever stdout is: for who has few lines to say.
    pub(super) fn alone(what: &'static str, total: Option<u64>) -> Self {
        Self::shown(true, what, total)
    }

    fn shown(is_alone: bool, what: &'static str, total: Option<u64>) -> Self {
        let shown = is_alone && std::io::stderr().is_terminal();
        let target =
            if shown { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(total, target);
        let template = match total {
            Some(_) => "{bar:30} {human_pos}/{human_len} {msg}  {rate}  {eta} left",
            None => "{spinner} {human_pos} {msg}  {rate}  {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key("rate", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = write!(out, "{}/s", HumanCount(state.per_sec() as u64));
            }));
        }
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(250));
        Progress(bar)
    }

    /// So many more are done.
    pub(super) fn add(&self, done: u64) {
        self.0.inc(done);
    }

    /// So many are done in all.
    pub(super) fn is_at(&self, done: u64) {
        self.0.set_position(done);
    }

    /// Prints something without tearing the bar.
    pub(super) fn beside(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
