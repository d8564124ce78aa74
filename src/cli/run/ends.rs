//! How a task goes from its hand-out to the server's word on it: started, ended, told.

use std::time::Duration;

use super::{
    agent::Agent,
    command::{Ended, Facts},
    jobs::{Stage, Stopped},
    line::{Over, outcome, verdict},
    outcome::{Meaning, TIMED_OUT, code, is_terminated},
};
use crate::{
    cli::{member::Told, time::milliseconds},
    pb,
};

/// A task that the exit map gives back is not for the same worker at once.
const RELEASED_DELAY: Duration = Duration::from_secs(1);

impl Agent<'_> {
    /// Starts commands for the tasks that wait, or gives them back if none is to be started now.
    pub(super) fn start_waiting(&mut self) {
        loop {
            let is_resting = self.pauses.until().is_some();
            // After the last of --max the others are run all the same; a signal means what it says.
            let gives_back = is_resting || self.failure.is_some() || self.duty.signalled().is_some();
            if !gives_back && self.jobs.commands() >= self.flags.jobs as usize {
                return;
            }
            let Some((n, task)) = self.jobs.next_waiting() else { return };
            if gives_back {
                self.give_back(n);
                continue;
            }
            let facts = Facts { task };
            match self.command.start(&facts, &self.keeper) {
                Ok(running) => self.jobs.started(n, running, self.now, self.flags.task_timeout),
                Err(e) => {
                    self.tell(n, pb::Outcome::Released, pb::Result::default());
                    self.step_back(&e.to_string());
                }
            }
        }
    }

    /// A command has ended.
    pub(super) fn ended(&mut self, n: u64, ended: Ended) {
        self.duty.moved(self.now);
        let Some(job) = self.jobs.get(n) else { return };
        let Stage::Running(command) = &job.stage else {
            // Nobody is told.
            self.jobs.remove(n);
            return;
        };
        // One that had ended by itself by then was not stopped.
        let stopped = command.stopped.filter(|_| ended.was_stopped);
        let meaning = match stopped {
            Some(Stopped::TimedOut) => Meaning::Outcome(pb::Outcome::Failed),
            Some(Stopped::Leaving) => Meaning::Outcome(pb::Outcome::Released),
            // A service manager's signal reaches the commands beside the agent: that says nothing about the task.
            None if self.duty.signalled().is_some() && is_terminated(ended.exit) => {
                Meaning::Outcome(pb::Outcome::Released)
            }
            None => self.exits.meaning(ended.exit),
        };
        let mut result = pb::Result {
            exit_code: Some(code(ended.exit)),
            ret: ended.stdout.text,
            ret_cut: ended.stdout.cut,
            ret_lossy: ended.stdout.lossy,
            stderr: ended.stderr.text,
            stderr_cut: ended.stderr.cut,
            stderr_lossy: ended.stderr.lossy,
            ..pb::Result::default()
        };
        if stopped == Some(Stopped::TimedOut) {
            result.exit_code = Some(TIMED_OUT);
            let limit = humantime::format_duration(self.flags.task_timeout.unwrap_or_default());
            if !result.stderr.is_empty() && !result.stderr.ends_with('\n') {
                result.stderr.push('\n');
            }
            result.stderr += &format!("stopped: it had run for {limit}, --task-timeout\n");
        }
        match meaning {
            Meaning::Outcome(outcome) => {
                if stopped.is_none() {
                    self.pauses.worked();
                }
                self.tell(n, outcome, result);
            }
            Meaning::GivenBack => {
                self.pauses.worked();
                result.delay_ms = Some(milliseconds(RELEASED_DELAY));
                self.tell(n, pb::Outcome::Released, result);
            }
            Meaning::NotStarted => {
                let said = result.stderr.lines().rfind(|line| !line.trim().is_empty());
                let said = said.map(|line| format!(": {}", line.trim())).unwrap_or_default();
                let why = format!("it ended with exit code {}{said}", code(ended.exit));
                self.tell(n, pb::Outcome::Released, result);
                self.step_back(&why);
            }
        }
    }

    /// Tells what has become of a task that was run, or could not be.
    fn tell(&mut self, n: u64, outcome: pb::Outcome, result: pb::Result) {
        match outcome {
            pb::Outcome::Done => self.counts.done += 1,
            pb::Outcome::Failed | pb::Outcome::Rejected => self.counts.failed += 1,
            _ => {}
        }
        if let Some(lease) = self.jobs.tell(n, true) {
            self.member.tell(pb::Result { lease, outcome: Some(outcome as i32), ..result });
        }
    }

    /// Gives back a task that nothing was begun for.
    fn give_back(&mut self, n: u64) {
        let lease = self.jobs.tell(n, false);
        self.member.tell_all(lease, pb::Outcome::Released);
    }

    /// The command cannot be started: others may do better.
    fn step_back(&mut self, why: &str) {
        if self.duty.stopped_at().is_some() {
            return self
                .context
                .errors
                .notice("not_started", &format!("the command cannot be started: {why}"));
        }
        if let Some(pause) = self.pauses.step_back(self.now) {
            let shown = humantime::format_duration(pause);
            let message = format!("the command cannot be started: {why}; pausing {shown}");
            self.context.errors.notice("not_started", &message);
            self.member.rest();
        }
    }

    /// The server has taken what was told.
    pub(super) fn told(&mut self, told: &Told) {
        let lease = &told.result.lease;
        let Some(n) = self.jobs.of(lease) else { return };
        let is_shown = match self.jobs.get(n).map(|job| &job.stage) {
            Some(Stage::Telling { is_shown }) if told.result.outcome() != pb::Outcome::Working => *is_shown,
            // It was asked whether the lease is in force.
            Some(Stage::Running(_) | Stage::Waiting(_)) if told.is_over() => return self.lost(lease),
            _ => return,
        };
        let Some(job) = self.jobs.remove(n).filter(|_| is_shown) else { return };
        self.duty.moved(self.now);
        let over = Over::new(&job.facts, &self.member.group, told);
        let colour = self.out.colour;
        self.out.add(&over.line(), || over.text(colour));
        let Some(word) = told.verdict else { return };
        if !matches!(word, pb::Verdict::Ok | pb::Verdict::Duplicate) {
            let (id, outcome, word) = (&job.facts.id, outcome(&told.result), verdict(word));
            let message = format!("task {id}: {outcome:?} was not taken, the server says {word:?}");
            self.context.errors.notice(&word, &message);
        }
    }
}
