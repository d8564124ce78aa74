//! How a group's watch stops: whom it waits for, what it gives back, and when it leaves.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    LOOK_FIRST, Share,
    duty::{MOMENT, Stop},
    leases::some,
};
use crate::{
    cli::{Failure, exit::code, pipe, reason::Reason},
    pb,
};

/// The longest pause between two looks at the reader.
const LOOK_LAST: Duration = Duration::from_millis(200);

impl Share<'_> {
    pub(super) fn stop(&mut self, why: Stop, now: Instant) {
        if self.duty.stop(why, now) {
            self.member.stop();
            (self.look_at, self.look_pause) = (now, LOOK_FIRST);
        }
        if let Stop::Signal(_) = why {
            // What the pipe has not taken stays here; without a pipe nobody else is there to be waited for.
            self.out.drop_unflushed();
            let waits = self.out.far.has_reader() || self.flags.sharing.detach;
            self.give_back_beyond(if waits { self.out.added() } else { 0 });
        }
    }

    /// Nobody reads any more, or nothing can be written.
    pub(super) fn output_over(&mut self, ended: Result<(), Failure>, now: Instant) {
        self.unwritten = ended.err().filter(|failure| failure.code != 0);
        self.out.drop_unflushed();
        let written = *self.written.borrow();
        if self.flags.sharing.auto_done {
            self.member.tell_all(self.leases.written(written), pb::Outcome::Done);
        }
        self.stop(Stop::ReaderGone, now);
        self.duty.reader_gone(now);
        // Once stdout is closed all was read: see `look`.
        let unread = if self.closed.is_some() { 0 } else { pipe::unread() };
        self.give_back_beyond(written.saturating_sub(unread));
    }

    /// Whether the reader is to be looked at now and again.
    pub(super) fn is_looking(&self) -> bool {
        self.duty.stopping().is_some()
            && !self.duty.is_reader_gone()
            && !self.flags.sharing.detach
            && self.out.far.has_reader()
            && self.is_written()
    }

    /// Closes stdout once all is read: before that nobody sees the end anyway, and how much is unread can be
    /// seen only while it is open. After that looks whether the reader is still there.
    pub(super) async fn look(&mut self, now: Instant) {
        self.look_at = now + self.look_pause;
        self.look_pause = (self.look_pause * 2).min(LOOK_LAST);
        match &self.closed {
            None if pipe::unread() > 0 => {}
            None => match self.out.close().await {
                Ok(closed) => self.closed = Some(closed),
                Err(failure) => self.output_over(Err(failure), now),
            },
            // After a signal nobody waits for one who does not see the end, or cannot be seen.
            Some(closed)
                if closed.is_read() && (closed.ends_its_reader() || self.duty.signal().is_none()) => {}
            Some(_) => self.output_over(Ok(()), now),
        }
    }

    pub(super) fn give_back_beyond(&mut self, offset: u64) {
        let tasks = self.leases.give_back_beyond(offset);
        self.member.tell_all(tasks.iter().map(|(lease, _)| lease.clone()), pb::Outcome::Released);
        self.giving_back.extend(tasks);
    }

    /// Whether there is nothing left to do or to wait for.
    pub(super) fn is_over(&self) -> bool {
        let now = self.now;
        if self.duty.stopping().is_none() {
            return false;
        }
        if self.leave_by.is_some_and(|at| now >= at) {
            return true;
        }
        let is_written = self.is_written() || self.duty.is_reader_gone() || self.duty.signal().is_some();
        let keeps_nothing = self.leases.is_empty() || self.flags.sharing.detach;
        (is_written || self.failure.is_some())
            && keeps_nothing
            && !self.member.is_telling()
            && self.is_quiet(now)
    }

    pub(super) fn is_written(&self) -> bool {
        self.out.is_flushed() && *self.written.borrow() == self.out.added()
    }

    /// Whether no task can be on its way any more; and with `--detach`, whether the leases were renewed for the
    /// last time. Nobody waits long for a server that says nothing.
    pub(super) fn is_quiet(&self, now: Instant) -> bool {
        if self.duty.stopped_at().is_none_or(|at| now >= at + MOMENT) {
            true
        } else if self.flags.sharing.detach && self.member.is_closed() {
            self.member.is_stop_heard()
        } else {
            self.member.is_quiet(now)
        }
    }

    pub(super) fn end(mut self) -> Result<u8, Failure> {
        if let Some(failure) = self.failure.or(self.unwritten) {
            return Err(failure);
        }
        if let Some(code) = self.duty.signal() {
            return Err(Failure::silent(code));
        }
        if !self.flags.sharing.detach {
            self.given_back.extend(self.leases.ids().map(str::to_owned));
        }
        if self.duty.stopping() != Some(Stop::Asked) || self.given_back.is_empty() {
            return Ok(0);
        }
        let ids = some(self.given_back.iter().map(|id| &id[..]));
        let message = format!("given back, because nobody settled them and nobody reads any more: {ids}");
        Err(Failure::new(code::NO, Reason::GivenBack, message))
    }

    /// Gives back what it holds, if that can be done in a moment, and leaves.
    pub(super) fn leave_at_once(&mut self, failure: Failure, now: Instant) -> Result<(), Failure> {
        let is_anothers = matches!(&failure.reason[..], "superseded" | "other_store");
        if is_anothers || !self.member.has_begun() {
            return Err(failure);
        }
        self.failure.get_or_insert(failure);
        self.out.drop_unflushed();
        self.stop(Stop::Asked, now);
        let keeps = if self.flags.sharing.detach { *self.written.borrow() } else { 0 };
        self.give_back_beyond(keeps);
        // Else the tasks go to the others when their time is over.
        self.leave_by.get_or_insert(now + MOMENT);
        Ok(())
    }
}
