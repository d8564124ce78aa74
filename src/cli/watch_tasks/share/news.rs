//! What the membership brings, and what becomes of it here.

use tokio::time::Instant;

use super::{Share, duty::Stop, leases::Taken};
use crate::{
    cli::{
        Failure,
        member::{Event, News, Told},
        watch_tasks::line::{TaskLine, text},
    },
    pb,
};

impl Share<'_> {
    /// What the server brings.
    pub(super) fn came(&mut self, news: News, now: Instant) -> Result<(), Failure> {
        match self.member.take(news, &self.leases, now)? {
            Event::Nothing | Event::Drain => {}
            Event::Task(task) => self.take(&task, now),
            Event::Ended { ended, was_away } => {
                if let Some(id) = self.leases.ended(&ended.lease) {
                    self.duty.ended(now);
                    self.say_ended(&id, ended.why(), was_away);
                }
            }
            Event::Told(told) => self.told(told, now),
            Event::Finished => self.stop(Stop::Asked, now),
            Event::OtherStore => self.leases.forget(),
        }
        Ok(())
    }

    fn take(&mut self, task: &pb::ServerMsg, now: Instant) {
        let taken = self.leases.take(&task.lease, &task.id);
        if taken == Taken::HeldAlready {
            return;
        }
        self.duty.taken(now);
        if taken == Taken::New {
            if self.duty.stopping().is_some() {
                // It was on its way.
                return self.give_back_beyond(self.out.added());
            }
            let colour = self.out.colour;
            self.out.add(&TaskLine::new(task), || text(task, colour));
            self.leases.printed(self.out.added());
        }
        if let Some(left) = &mut self.member.place.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.stop(Stop::Asked, now);
            }
        }
    }

    /// What was told has been taken.
    fn told(&mut self, told: Vec<Told>, now: Instant) {
        for told in told.iter().filter(|told| told.is_over()) {
            let lease = &told.result.lease;
            if self.leases.over(lease).is_some() {
                self.duty.ended(now);
            }
            // The word that the lease has ended may have come first.
            if let Some(id) = self.giving_back.remove(lease)
                && told.is_given_back()
                && self.duty.is_reader_gone()
            {
                self.given_back.push(id);
            }
        }
    }
}
