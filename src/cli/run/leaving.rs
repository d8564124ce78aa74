//! How an agent stops: what it lets run, what it gives back, and when it leaves.

use std::time::Duration;

use tokio::time::Instant;

use super::{agent::Agent, duty::MOMENT};
use crate::cli::Failure;

/// After the last command should have ended: for its words to be told.
const LAST_WORDS: Duration = Duration::from_secs(10);

impl Agent<'_> {
    /// Takes nothing more.
    pub(super) fn stop(&mut self) {
        if self.duty.stop(self.now) {
            self.member.stop();
        }
    }

    /// A signal: what runs has one grace to end, and with a second one no more time at all.
    pub(super) fn signal(&mut self, code: u8) {
        let is_first = self.duty.signal(code, self.now);
        self.stop();
        if !is_first {
            self.duty.gave_up();
            self.jobs.stop(Duration::ZERO);
            self.leave_by = Some(self.now + MOMENT);
        }
    }

    /// Stops what runs and gives it back, if that can be done in a moment, and leaves.
    pub(super) fn leave_at_once(&mut self, failure: Failure) -> Result<(), Failure> {
        if !self.member.has_begun() {
            return Err(failure);
        }
        let is_anothers = matches!(&failure.reason[..], "superseded" | "other_store");
        // The first reason is the one that counts; a second one is not waited for.
        let kill_after = if self.failure.is_some() || failure.reason == "timeout" {
            Duration::ZERO
        } else {
            self.flags.kill_after
        };
        self.failure.get_or_insert(failure);
        // If stdout is what has failed.
        self.out.drop_unflushed();
        self.stop();
        self.jobs.stop(kill_after);
        if is_anothers {
            self.jobs.forget(kill_after);
        }
        let leave_by = self.now + kill_after + MOMENT;
        self.leave_by = Some(self.leave_by.map_or(leave_by, |at| at.min(leave_by)));
        Ok(())
    }

    /// After a signal nobody waits for a server that is away once nothing runs any more; one that is busy is
    /// waited for.
    pub(super) fn bound_leaving(&mut self) {
        let Some((_, until)) = self.duty.signalled().filter(|_| self.leave_by.is_none()) else { return };
        if self.duty.has_given_up() {
            // A command that cannot be ended, because it is another user's by now, keeps nobody.
            self.leave_by = Some(until.max(self.now) + self.flags.kill_after + LAST_WORDS);
        }
        if self.jobs.commands() == 0 {
            let patience = if self.member.is_up() { self.context.retry_for().max(MOMENT) } else { MOMENT };
            self.leave_by = Some(until.max(self.now + patience));
        }
    }

    /// Whether there is nothing left to do or to wait for.
    pub(super) fn is_over(&self) -> bool {
        let Some(moment) = self.moment() else { return false };
        if self.leave_by.is_some_and(|at| self.now >= at) {
            return true;
        }
        self.jobs.is_empty()
            && !self.member.is_telling()
            && self.out.is_flushed()
            // Nobody waits long for a server that says nothing.
            && (self.now >= moment || self.member.is_quiet(self.now))
    }

    /// Until when to wait for the server to hear that nothing more is wanted.
    pub(super) fn moment(&self) -> Option<Instant> {
        self.duty.stopped_at().map(|at| at + MOMENT)
    }

    pub(super) fn end(mut self) -> Result<u8, Failure> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        match self.duty.signalled() {
            Some((code, _)) => Err(Failure::silent(code)),
            None => Ok(0),
        }
    }
}
