//! What the server brings, on each of the streams, and what becomes of a stream that fails.

use std::time::Duration;

use tokio::time::Instant;
use tonic::{Code, Status};

use super::{Share, duty::Stop, intake, leases::Taken, session, teller::Over};
use crate::{
    cli::{
        Failure,
        connect::PAUSE_MAX,
        exit,
        headers::Headers,
        watch_tasks::{
            line::{TaskLine, text},
            not_ours,
        },
    },
    pb,
    wire::LEASE_HEADER,
};

/// A task that was handed out before the word to stop was taken takes no longer.
const STRAGGLERS: Duration = Duration::from_millis(50);
/// The longest pause between two tries while tasks are held.
const PAUSE_HOLDING: Duration = Duration::from_secs(5);

impl Share<'_> {
    /// What the session's stream brings.
    pub(super) fn heard(&mut self, news: session::News, now: Instant) -> Result<(), Failure> {
        match news {
            session::News::Opened(headers) => {
                self.opened_by(&Headers(&headers))?;
                if self.session.opened() {
                    // What ended meanwhile may not have been said.
                    self.teller.tell(self.leases.untold(), pb::Outcome::Working);
                }
            }
            session::News::Heard => {
                if self.session.stream.is_stop_heard() && !self.is_fenced {
                    self.is_fenced = true;
                    // A word that is taken after that one has all earlier hand-outs before it.
                    self.teller.tell(self.last_lease.clone(), pb::Outcome::Working);
                    self.quiet_at = Some(now + STRAGGLERS);
                }
            }
            session::News::Ended(ended) => {
                let was_away = self.had.remove(&ended.lease);
                if let Some(id) = self.leases.ended(&ended.lease) {
                    self.duty.ended(now);
                    self.say_ended(&id, ended.why(), was_away);
                }
            }
            session::News::Failed(status) => {
                if !is_worth_another_try(&status) {
                    return Err(self.context.target().failure(&status));
                }
                let pause = self.failed(&status, true);
                self.session.stream.open(pause);
            }
        }
        Ok(())
    }

    /// What the tasks' stream brings.
    pub(super) fn came(&mut self, news: intake::News, now: Instant) -> Result<(), Failure> {
        match news {
            intake::News::Opened(headers) => {
                let headers = Headers(&headers);
                self.opened_by(&headers)?;
                self.intake.opened();
                self.begun(&headers);
                if self.duty.stopping().is_some() {
                    // It has crossed the word to stop, and counts as wanting more.
                    self.say_stop();
                }
            }
            intake::News::Task(task) => {
                self.intake.tries.worked();
                self.take(&task, now);
            }
            intake::News::Ended if self.flags.until_empty || self.place.left == Some(0) => {
                self.stop(Stop::Asked, now);
            }
            intake::News::Ended => {
                self.intake_failed(&Status::unavailable("the server ended the watch"));
            }
            intake::News::Failed(status) if is_worth_another_try(&status) => self.intake_failed(&status),
            intake::News::Failed(_) if self.duty.stopping().is_some() => {}
            intake::News::Failed(status) => {
                self.place.refused(&self.flags, self.context, &status)?;
                if self.place.store.is_none() {
                    // Another store knows none of these.
                    self.leases.forget();
                }
                self.open_intake(Duration::ZERO);
            }
        }
        Ok(())
    }

    pub(super) fn take(&mut self, task: &pb::ServerMsg, now: Instant) {
        let taken = self.leases.take(&task.lease, &task.id);
        if taken == Taken::HeldAlready {
            return;
        }
        self.duty.taken(now);
        self.last_lease = Some(task.lease.clone());
        if taken == Taken::New {
            if self.duty.stopping().is_some() {
                // It was on its way.
                return self.give_back_beyond(self.out.added());
            }
            let colour = self.out.colour;
            self.out.add(&TaskLine::new(task), || text(task, colour));
            self.leases.printed(self.out.added());
        }
        if let Some(left) = &mut self.place.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.stop(Stop::Asked, now);
            }
        }
    }

    /// What was told has been taken.
    pub(super) fn told(&mut self, told: Result<Vec<Over>, Status>, now: Instant) -> Result<(), Failure> {
        if self.is_fenced && !self.teller.is_busy() {
            self.quiet_at = Some(now + STRAGGLERS);
        }
        for over in told.map_err(|status| self.context.target().failure(&status))? {
            if self.leases.over(&over.lease).is_some() {
                self.duty.ended(now);
            }
            // The word that the lease has ended may have come first.
            if let Some(id) = self.giving_back.remove(&over.lease)
                && over.is_given_back
                && self.duty.is_reader_gone()
            {
                self.given_back.push(id);
            }
        }
        Ok(())
    }

    pub(super) fn open_intake(&mut self, pause: Duration) {
        let have = self.leases.all();
        self.had = have.iter().cloned().collect();
        let watch = pb::Watch { have, ..self.template.clone() };
        let place = self.place.request();
        let pb::Watch { queues, store, max, until_empty, .. } = place;
        self.intake.stream.open(pb::Watch { queues, store, max, until_empty, ..watch }, pause);
    }

    pub(super) fn intake_failed(&mut self, status: &Status) {
        if self.duty.stopping().is_none() {
            let pause = self.failed(status, false);
            self.open_intake(pause);
        }
    }

    /// A stream has failed. Says so unless it has been said, and returns how long to wait.
    pub(super) fn failed(&mut self, status: &Status, is_session: bool) -> Duration {
        let target = self.context.target();
        target.note(Some(status));
        let bound = if self.leases.is_empty() { PAUSE_MAX } else { PAUSE_HOLDING };
        let (first, pause) = match is_session {
            true => self.session.failed(bound),
            false => self.intake.failed(bound),
        };
        let other = if is_session { self.intake.is_failing } else { self.session.is_failing };
        if first && !other {
            let message =
                format!("server {}: {}; trying again for ever", target.address, exit::cause(status));
            self.context.errors.notice("retrying", &message);
        }
        pause
    }

    /// A server has answered. One that is not ours has no groups.
    pub(super) fn opened_by(&self, headers: &Headers) -> Result<(), Failure> {
        self.context.target().note(None);
        match headers.store() {
            Some(_) => Ok(()),
            None => Err(not_ours(self.context, "--group")),
        }
    }

    /// The watch is open.
    pub(super) fn begun(&mut self, headers: &Headers) {
        self.place.store = headers.store();
        if let Some([lease_ms]) = headers.numbers(LEASE_HEADER).as_deref() {
            self.session.stream.set_lease(Duration::from_millis(*lease_ms));
        }
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        self.say_begun(headers, is_first);
    }
}

/// Whether the connection is at fault, or a limit that may not be reached a moment later.
fn is_worth_another_try(status: &Status) -> bool {
    exit::is_broken(status) || status.code() == Code::ResourceExhausted
}
