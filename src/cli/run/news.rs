//! What the membership brings, and what becomes of it here.

use super::{agent::Agent, jobs::Taken};
use crate::{
    cli::{
        Failure,
        member::{Event, News},
    },
    pb::{self, ended::Why},
};

impl Agent<'_> {
    /// What the server brings.
    pub(super) fn came(&mut self, news: News) -> Result<(), Failure> {
        match self.member.take(news, &self.jobs, self.now)? {
            Event::Nothing => {}
            Event::Task(task) => self.take(*task),
            Event::Ended { ended, was_away } => self.lease_ended(&ended, was_away),
            Event::Told(told) => told.iter().for_each(|told| self.told(told)),
            Event::Finished => self.stop(),
            Event::OtherStore => self.jobs.forget(self.flags.kill_after),
            Event::Drain => {
                let message = format!("the server at {} is about to end", self.context.target().address);
                self.context.errors.notice("drain", &message);
            }
        }
        Ok(())
    }

    fn take(&mut self, task: pb::ServerMsg) {
        let taken = self.jobs.take(task);
        if taken == Taken::HeldAlready {
            return;
        }
        self.duty.moved(self.now);
        // What comes while it rests goes back, and is none of those that it was to run.
        if self.pauses.until().is_none()
            && let Some(left) = &mut self.member.place.left
        {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.stop();
            }
        }
        self.start_waiting();
    }

    /// A lease has ended: nobody waits for what its command would say.
    fn lease_ended(&mut self, ended: &pb::Ended, was_away: bool) {
        let Some(facts) = self.jobs.ended(&ended.lease, self.flags.kill_after) else { return };
        self.duty.moved(self.now);
        let (word, what) = match ended.why() {
            Why::Settled => ("settled", "was settled by another process"),
            Why::Cancelled => ("cancelled", "was cancelled"),
            Why::Overheld => ("overheld", "was taken back: it was held longer than --max-hold"),
            Why::Gone => ("gone", "was purged, or is past the retention"),
            Why::Lost if was_away => ("lost", NOT_IN_FORCE),
            Why::Lost | Why::Unspecified => ("lost", "was taken back: this process was not heard in time"),
        };
        self.say_ended(word, &facts.id, what);
    }

    /// A lease is not in force, says the server when asked.
    pub(super) fn lost(&mut self, lease: &str) {
        if let Some(facts) = self.jobs.ended(lease, self.flags.kill_after) {
            self.duty.moved(self.now);
            self.say_ended("lost", &facts.id, NOT_IN_FORCE);
        }
    }

    fn say_ended(&self, word: &str, id: &str, what: &str) {
        self.context.errors.notice(word, &format!("task {id} {what}; its command is stopped"));
    }
}

const NOT_IN_FORCE: &str = "was settled, cancelled or taken back while the server was away";
