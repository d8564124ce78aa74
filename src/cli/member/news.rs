//! What the server brings, on each of the streams, and what becomes of a stream that fails.

use std::time::Duration;

use tokio::time::Instant;
use tonic::Status;

use super::{Event, Held, Member, News, Told, Wish, intake, session};
use crate::{
    cli::{Failure, again, connect::PAUSE_MAX, exit, headers::Headers},
    pb,
    wire::{LEASE_HEADER, NEW_HEADER, START_HEADER},
};

/// A task that was handed out before the word to stop was taken takes no longer.
const STRAGGLERS: Duration = Duration::from_millis(50);
/// The longest pause between two tries while tasks are held.
const PAUSE_HOLDING: Duration = Duration::from_secs(5);

impl Member<'_> {
    /// Does what follows from what a stream has brought. An error ends the watch.
    pub(in crate::cli) fn take(
        &mut self,
        news: News,
        held: &impl Held,
        now: Instant,
    ) -> Result<Event, Failure> {
        match news {
            News::Session(news) => self.heard(news, held, now),
            News::Intake(news) => self.came(news, held),
            News::Told(told) => self.told(told, now),
        }
    }

    /// What the session's stream brings.
    fn heard(&mut self, news: session::News, held: &impl Held, now: Instant) -> Result<Event, Failure> {
        match news {
            session::News::Opened(headers) => {
                self.opened_by(&Headers(&headers))?;
                self.session.opened();
                // What has ended before this stream was opened has been said to nobody.
                self.tell_all(held.untold(), pb::Outcome::Working);
            }
            session::News::Heard => {
                if self.session.stream.is_stop_heard() && !self.is_fenced {
                    self.is_fenced = true;
                    // A word that is taken after that one has all earlier hand-outs before it.
                    self.tell_all(self.last_lease.clone(), pb::Outcome::Working);
                    self.quiet_at = Some(now + STRAGGLERS);
                }
                self.go_on_if_unheard(held);
            }
            session::News::Drain => return Ok(Event::Drain),
            session::News::Ended(ended) => {
                let was_away = self.had.remove(&ended.lease);
                return Ok(Event::Ended { ended, was_away });
            }
            session::News::Failed(status) => {
                if !again::is_worth_it(&status) {
                    return Err(self.context.target().failure(&status));
                }
                let pause = self.failed(&status, true, held);
                self.session.stream.open(pause);
                self.go_on_if_unheard(held);
            }
        }
        Ok(Event::Nothing)
    }

    /// What the tasks' stream brings.
    fn came(&mut self, news: intake::News, held: &impl Held) -> Result<Event, Failure> {
        match news {
            intake::News::Opened(headers) => {
                let headers = Headers(&headers);
                self.opened_by(&headers)?;
                self.intake.opened();
                self.begun(&headers);
                if matches!(self.wish, Wish::Rest | Wish::Nothing) {
                    // It has crossed the word to stop, and counts as wanting more.
                    self.say_stop();
                }
            }
            intake::News::Task(task) => {
                self.intake.tries.worked();
                self.last_lease = Some(task.lease.clone());
                return Ok(Event::Task(task));
            }
            intake::News::Ended if self.place.ends_empty || self.place.left == Some(0) => {
                return Ok(Event::Finished);
            }
            intake::News::Ended => {
                self.intake_failed(&Status::unavailable("the server ended the watch"), held);
            }
            intake::News::Failed(status) if again::is_worth_it(&status) => {
                self.intake_failed(&status, held);
            }
            intake::News::Failed(_) if self.wish == Wish::Nothing => {}
            intake::News::Failed(status) => {
                self.place.refused(self.context, &status)?;
                if self.place.store.is_none() {
                    // Another store knows none of these.
                    self.open_intake(Vec::new(), Duration::ZERO);
                    return Ok(Event::OtherStore);
                }
                self.open_intake(held.all(), Duration::ZERO);
            }
        }
        Ok(Event::Nothing)
    }

    /// What was told has been taken.
    fn told(&mut self, told: Result<Vec<Told>, Status>, now: Instant) -> Result<Event, Failure> {
        if self.is_fenced && !self.teller.is_busy() {
            self.quiet_at = Some(now + STRAGGLERS);
        }
        told.map(Event::Told).map_err(|status| self.context.target().failure(&status))
    }

    pub(super) fn open_intake(&mut self, have: Vec<String>, pause: Duration) {
        self.had = have.iter().cloned().collect();
        let watch = pb::Watch { have, ..self.template.clone() };
        let place = self.place.request();
        let pb::Watch { queues, store, max, until_empty, .. } = place;
        self.intake.stream.open(pb::Watch { queues, store, max, until_empty, ..watch }, pause);
    }

    fn intake_failed(&mut self, status: &Status, held: &impl Held) {
        if self.wish == Wish::Tasks {
            let pause = self.failed(status, false, held);
            self.open_intake(held.all(), pause);
        }
    }

    /// Opens the watch again, if nothing that is on its way can stop it.
    pub(super) fn go_on_if_unheard(&mut self, held: &impl Held) {
        if self.wish == Wish::TasksSoon && !self.session.stream.has_stop_on_its_way() {
            self.wish = Wish::Tasks;
            self.open_intake(held.all(), Duration::ZERO);
        }
    }

    pub(super) fn say_stop(&mut self) {
        self.session.stream.stop();
        (self.is_fenced, self.quiet_at) = (false, None);
    }

    /// A stream has failed. Says so unless it has been said, and returns how long to wait.
    fn failed(&mut self, status: &Status, is_session: bool, held: &impl Held) -> Duration {
        let target = self.context.target();
        target.note(Some(status));
        let bound = if held.all().is_empty() { PAUSE_MAX } else { PAUSE_HOLDING };
        let (is_news, pause) = match is_session {
            true => self.session.failed(status, bound),
            false => self.intake.failed(status, bound),
        };
        let other = if is_session { self.intake.is_failing } else { self.session.is_failing };
        // Both streams find that the server is not trusted; one says so.
        if is_news && (!other || is_session && exit::is_untrusted(status)) {
            let message =
                format!("server {}: {}; trying again for ever", target.address, exit::cause(status));
            self.context.errors.notice("retrying", &message);
        }
        pause
    }

    /// A server has answered. One that is not ours has no groups.
    fn opened_by(&self, headers: &Headers) -> Result<(), Failure> {
        self.context.target().note(None);
        match headers.store() {
            Some(_) => Ok(()),
            None => Err((self.foreign)(self.context)),
        }
    }

    /// The watch is open.
    fn begun(&mut self, headers: &Headers) {
        self.place.store = headers.store();
        if let Some([lease_ms]) = headers.numbers(LEASE_HEADER).as_deref() {
            self.session.stream.set_lease(Duration::from_millis(*lease_ms));
        }
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        self.say_begun(headers, is_first);
    }

    /// Where the group begins, if it is new, and that `--from` means nothing, if it is not.
    fn say_begun(&self, headers: &Headers, is_first: bool) {
        let start = headers.numbers(START_HEADER).unwrap_or_default();
        let is_new = headers.numbers(NEW_HEADER).unwrap_or_default();
        for ((place, start), is_new) in self.place.queues.iter().zip(start).zip(is_new) {
            let (group, queue) = (&self.group, place.queue.as_str());
            if is_new == 1 {
                let message = format!("group {group:?} of queue {queue:?} is new: it begins at seq {start}");
                self.context.errors.notice("new_group", &message);
            } else if is_first && self.has_from {
                let message = format!(
                    "group {group:?} of queue {queue:?} is there already and goes on at seq {start}: --from \
                     is for a new one"
                );
                self.context.errors.notice("group_goes_on", &message);
            }
        }
    }
}
