//! A watch with a group: it holds the leases of what it prints, until each has ended.
//!
//! ```text
//!            getTask                      stdout                stdin
//! server ───────────────► watch-tasks ─────────────► worker ─────────────► ack ───┐
//!   ▲  ▲  │    sendStatus   │  ▲                                                  │
//!   │  │  └────── ended ────┼──┘                                                  │
//!   │  └─ signs of life ────┘            tellResult                               │
//!   └─────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! The rule of such a pipeline: told to stop, the watch asks for no more, closes stdout, so that the worker
//! sees the end, and stays until every task it printed has ended. It does not wait for one who cannot come:
//! what nobody read is given back at once when nobody reads any more, and the rest after one grace.
//!
//! This file has the state and the loop: one thing happens, what follows from it is done. [`news`] is what the
//! [`Member`] brings, [`leases`] what is held, [`duty`] what is due, [`leaving`] the way out.

use std::{collections::HashMap, time::Duration};

use tokio::{sync::watch, time::Instant};
use tonic::Status;

use super::{WatchTasks, not_ours};
use crate::{
    cli::{
        Context, Failure,
        group::Group,
        member::{self, Held, Joining, Member},
        output::Output,
        pipe::{Closed, Far},
        runner::{Calls, Leave},
        time,
    },
    pb,
};
use duty::{Due, Duty, MOMENT, Stop};
use leases::Leases;

mod duty;
mod leases;
mod leaving;
mod news;
mod notices;

/// The first pause between two looks at the reader.
const LOOK_FIRST: Duration = Duration::from_millis(1);

impl WatchTasks {
    /// Watches with a group. Ends by itself also when it is called away, but for `--timeout` and a second
    /// signal, which end it at once.
    pub(in crate::cli) async fn share(
        self,
        context: &Context,
        out: &mut Output,
        calls: &mut Calls,
    ) -> Result<u8, Failure> {
        Share::new(self, context, out)?.run(calls).await
    }
}

/// What happens.
enum Event {
    Left(Leave),
    Member(member::News),
    /// More was written, or given to be.
    Written(Result<(), Failure>),
    /// Nobody reads any more, or nothing can be written.
    OutputOver,
    /// It is time for something.
    Time,
}

struct Share<'a> {
    flags: WatchTasks,
    context: &'a Context,
    out: &'a mut Output,
    written: watch::Receiver<u64>,
    /// Stdout is closed.
    closed: Option<Closed>,
    /// When to look at the reader again, and how long to wait after that.
    look_at: Instant,
    look_pause: Duration,
    member: Member<'a>,
    leases: Leases,
    duty: Duty,
    /// What is being given back: the task's id of each lease,
    giving_back: HashMap<String, String>,
    /// and the ids of those that were, though their end was waited for.
    given_back: Vec<String>,
    /// When something last happened.
    now: Instant,
    /// By then it leaves, whatever is still to be told.
    leave_by: Option<Instant>,
    /// Why it leaves at once.
    failure: Option<Failure>,
    /// Why stdout could not be written.
    unwritten: Option<Failure>,
}

impl<'a> Share<'a> {
    fn new(flags: WatchTasks, context: &'a Context, out: &'a mut Output) -> Result<Self, Failure> {
        let place = flags.place(context)?;
        let client = context.client()?;
        let sharing = &flags.sharing;
        let group = Group::name_of(sharing.group.as_ref(), context)?;
        if flags.max.is_some() && out.far == Far::File && !sharing.detach && !sharing.auto_done {
            return Err(Failure::usage(
                "--max with --group into a file would wait for ever: nobody settles what is read later",
            )
            .hint("--detach leaves after the last line; its lease then lives as long as --lease says"));
        }
        let now = now();
        let credit = sharing.credit(flags.max);
        let member = Member::new(Joining {
            context,
            client,
            place,
            group,
            max_in_flight: credit,
            terms: sharing.terms.clone(),
            grace_ms: sharing.grace_ms(),
            has_from: flags.from.is_some(),
            foreign: |context| not_ours(context, "--group"),
        });
        Ok(Share {
            written: out.written(),
            out,
            context,
            closed: None,
            look_at: now,
            look_pause: LOOK_FIRST,
            member,
            duty: Duty::new(credit, sharing.terms.grace(), flags.idle_exit, now).detaching(sharing.detach),
            leases: Leases::default(),
            giving_back: HashMap::new(),
            given_back: Vec::new(),
            now,
            leave_by: None,
            failure: None,
            unwritten: None,
            flags,
        })
    }

    async fn run(mut self, calls: &mut Calls) -> Result<u8, Failure> {
        self.member.open();
        while !self.is_over() {
            let event = self.next(calls).await;
            let now = now();
            self.now = now;
            let done = match event {
                Event::Left(Leave::Signal(code)) if self.duty.signal().is_some() => {
                    return Err(Failure::silent(code));
                }
                Event::Left(Leave::Signal(code)) => {
                    self.stop(Stop::Signal(code), now);
                    Ok(())
                }
                Event::Left(leave @ Leave::Timeout) => Err(leave.failure(self.context)),
                Event::Member(news) => self.came(news, now),
                Event::Written(Ok(())) | Event::Time => Ok(()),
                Event::Written(Err(failure)) => {
                    self.output_over(Err(failure), now);
                    Ok(())
                }
                Event::OutputOver => {
                    let ended = self.out.end().await;
                    self.output_over(ended, now);
                    Ok(())
                }
            };
            let done = match done {
                Ok(()) => self.follow(now).await,
                failed => failed,
            };
            if let Err(failure) = done {
                self.leave_at_once(failure, now)?;
            }
        }
        self.end()
    }

    /// Waits for what happens next.
    async fn next(&mut self, calls: &mut Calls) -> Event {
        let wake = self.wake();
        let output_over = self.out.over.clone();
        let watches_output = !self.duty.is_reader_gone() && self.closed.is_none();
        let watches_writing = self.flags.sharing.auto_done || self.duty.stopping().is_some();
        let has_room = !self.out.is_full();
        let has_more = !self.out.is_flushed();
        tokio::select! {
            biased;
            leave = calls.next() => Event::Left(leave),
            () = output_over.cancelled(), if watches_output => Event::OutputOver,
            Ok(()) = self.written.changed(), if watches_writing => Event::Written(Ok(())),
            news = self.member.next(has_room) => Event::Member(news),
            // No more has come: what there is goes out.
            flushed = self.out.flush(), if has_more => Event::Written(flushed),
            () = time::until(wake) => Event::Time,
        }
    }

    /// When something is to be done though nothing happens.
    fn wake(&self) -> Option<Instant> {
        let due = self.duty.next(self.leases.len()).filter(|_| self.leave_by.is_none()).map(|(at, _)| at);
        let look = self.is_looking().then_some(self.look_at);
        // These tell more than once; what is past has been looked at.
        let moment = self.duty.stopped_at().map(|at| at + MOMENT);
        let ends =
            [moment, self.member.quiet_at(), self.leave_by].into_iter().flatten().filter(|at| *at > self.now);
        ends.chain(due).chain(look).min()
    }

    /// Does what follows from what has happened, and what is due.
    async fn follow(&mut self, now: Instant) -> Result<(), Failure> {
        if self.flags.sharing.auto_done {
            let written = *self.written.borrow();
            self.member.tell_all(self.leases.written(written), pb::Outcome::Done);
        }
        match self.duty.next(self.leases.len()) {
            Some((at, Due::Idle)) if now >= at => {
                if !self.member.is_watching() {
                    // A server that is not there is not one that has nothing to do.
                    return Err(self.context.target().failure(&Status::unavailable("no answer")));
                }
                self.stop(Stop::Asked, now);
            }
            Some((at, Due::Stalled)) if now >= at => {
                self.duty.said_stalled();
                self.say_stalled();
                // And if the word that one has ended was lost on its way.
                self.member.tell_all(self.leases.untold(), pb::Outcome::Working);
            }
            Some((at, Due::GiveUp)) if now >= at && self.leave_by.is_none() => {
                self.give_back_beyond(0);
                // A server that is busy is waited for, also after a signal; one that is away then is not.
                let patience = match self.duty.signal() {
                    Some(_) if !self.member.is_up() => MOMENT,
                    _ => self.context.retry_for().max(MOMENT),
                };
                self.leave_by = Some(now + patience);
            }
            _ => {}
        }
        if self.is_looking() && now >= self.look_at {
            self.look(now).await;
        }
        Ok(())
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place where this watch reads the time")]
fn now() -> Instant {
    Instant::now()
}
