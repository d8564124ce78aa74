//! `--every`: what an agent reports of itself.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use tokio::time::{Interval, MissedTickBehavior};

use super::command::{Command, Ended, Exit, Keeper};

/// Of a command's output so much is a status.
const BYTES_MAX: usize = 4 << 10;
/// A command that takes longer is stopped, if the next one is not due before.
const LIMIT: Duration = Duration::from_secs(10);

/// What to report.
#[derive(Debug)]
pub(super) enum Source {
    /// How many tasks run, are done, and have failed.
    Counts,
    Text(String),
    /// What this prints.
    Command(Command),
}

/// Reports again and again.
pub(super) struct Reporter {
    source: Source,
    beats: Interval,
    limit: Duration,
    keeper: Keeper,
    asked: Option<LocalBoxFuture<'static, Result<String, String>>>,
}

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// This is to be reported.
    Text(String),
    /// How the tasks go is to be reported.
    Counts,
    /// Nothing: the command did not say anything. Why.
    Failed(String),
}

impl Reporter {
    pub(super) fn new(source: Source, every: Duration, keeper: Keeper) -> Self {
        let mut beats = tokio::time::interval(every);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Reporter { source, beats, limit: every.min(LIMIT), keeper, asked: None }
    }

    /// Waits for the next report; at once for the first. Nothing is lost if this is dropped.
    pub(super) async fn next(&mut self) -> Report {
        if self.asked.is_none() {
            self.beats.tick().await;
            match &self.source {
                Source::Counts => return Report::Counts,
                Source::Text(text) => return Report::Text(text.clone()),
                Source::Command(command) => {
                    let (command, limit, keeper) = (command.clone(), self.limit, self.keeper.clone());
                    self.asked = Some(Box::pin(async move {
                        command.ask(limit, &keeper).await.map_err(|e| e.to_string()).and_then(status)
                    }));
                }
            }
        }
        let Some(asked) = &mut self.asked else { return std::future::pending().await };
        let said = asked.await;
        self.asked = None;
        said.map_or_else(Report::Failed, Report::Text)
    }
}

/// What a command's output says. Its exit code says nothing: many tools answer by it.
fn status(ended: Ended) -> Result<String, String> {
    if let Exit::Signal(signal) = ended.exit {
        return Err(format!("it was ended by signal {signal}"));
    }
    let mut text = ended.stdout.text;
    if text.len() > BYTES_MAX {
        text.truncate(text.floor_char_boundary(BYTES_MAX));
    }
    text.truncate(text.trim_end().len());
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::run::command::Tail;

    fn ended(exit: Exit, text: &str) -> Ended {
        let tail = |text: &str| Tail { text: text.into(), cut: false, lossy: false };
        Ended { exit, stdout: tail(text), stderr: tail(""), was_stopped: false }
    }

    #[test]
    fn a_status_is_the_beginning_of_what_was_printed() {
        assert_eq!(status(ended(Exit::Code(3), "inactive\n")), Ok("inactive".to_owned()));
        let long = "任".repeat(3000);
        let cut = status(ended(Exit::Code(0), &long)).unwrap();
        assert_eq!(cut.len(), 4095);
        assert!(status(ended(Exit::Signal(15), "half of it")).unwrap_err().contains("15"));
    }
}
