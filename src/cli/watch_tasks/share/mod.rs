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
//! server brings, on the streams of [`intake`] (getTask), [`session`] (sendStatus) and [`teller`]
//! (tellResult); [`leases`] is what is held, [`duty`] what is due, [`leaving`] the way out.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};
use tonic::Status;

use super::{WatchTasks, place::Place};
use crate::{
    cli::{
        Context, Failure,
        group::Group,
        output::Output,
        pipe::{Closed, Far},
        runner::{Calls, Leave},
        time::milliseconds,
    },
    pb,
};
use duty::{Due, Duty, MOMENT, Stop};
use intake::Intake;
use leases::Leases;
use link::Link;
use session::Session;
use teller::{Over, Teller};

mod duty;
mod intake;
mod leases;
mod leaving;
mod link;
mod news;
mod notices;
mod session;
mod teller;

/// The first pause between two looks at the reader.
const LOOK_FIRST: Duration = Duration::from_millis(1);
/// A lease, until the server says.
const LEASE: Duration = Duration::from_secs(60);

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
    Session(session::News),
    Intake(intake::News),
    Told(Result<Vec<Over>, Status>),
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
    place: Place,
    group: String,
    /// What each opening of the watch says, but for its place and the leases held.
    template: pb::Watch,
    /// What it said of where it begins has been printed.
    has_begun: bool,
    leases: Leases,
    /// The leases that it came back with when it last did.
    had: HashSet<String>,
    duty: Duty,
    intake: Link<Intake>,
    session: Link<Session>,
    teller: Teller,
    /// What is being given back: the task's id of each lease,
    giving_back: HashMap<String, String>,
    /// and the ids of those that were, though their end was waited for.
    given_back: Vec<String>,
    /// When something last happened.
    now: Instant,
    /// The server has heard that it is to hand out nothing more, and is told a word after that.
    is_fenced: bool,
    /// By then what it had handed out before is here.
    quiet_at: Option<Instant>,
    /// The one that was handed out last.
    last_lease: Option<String>,
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
        let instance: [u8; 16] = rand::random();
        let template = pb::Watch {
            group: group.clone(),
            client: client.to_string(),
            instance: instance.to_vec(),
            max_in_flight: sharing.credit(flags.max),
            lease_ms: sharing.lease.map(milliseconds).unwrap_or_default(),
            max_hold_ms: sharing.max_hold.map(milliseconds).unwrap_or_default(),
            grace_ms: Some(sharing.grace_ms()),
            ..pb::Watch::default()
        };
        let now = now();
        let channel = context.target().channel();
        let session = Session::new(channel.clone(), &client, &instance, sharing.lease.unwrap_or(LEASE));
        Ok(Share {
            written: out.written(),
            out,
            context,
            closed: None,
            look_at: now,
            look_pause: LOOK_FIRST,
            place,
            group,
            duty: Duty::new(template.max_in_flight, sharing.grace(), flags.idle_exit, now)
                .detaching(sharing.detach),
            template,
            has_begun: false,
            leases: Leases::default(),
            had: HashSet::new(),
            intake: Link::new(Intake::new(channel.clone())),
            session: Link::new(session),
            teller: Teller::new(channel, client.to_string()),
            giving_back: HashMap::new(),
            given_back: Vec::new(),
            now,
            is_fenced: false,
            quiet_at: None,
            last_lease: None,
            leave_by: None,
            failure: None,
            unwritten: None,
            flags,
        })
    }

    async fn run(mut self, calls: &mut Calls) -> Result<u8, Failure> {
        self.session.stream.open(Duration::ZERO);
        self.open_intake(Duration::ZERO);
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
                Event::Session(news) => self.heard(news, now),
                Event::Intake(news) => self.came(news, now),
                Event::Told(told) => self.told(told, now),
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
            news = self.session.stream.next() => Event::Session(news),
            () = output_over.cancelled(), if watches_output => Event::OutputOver,
            told = self.teller.next() => Event::Told(told),
            Ok(()) = self.written.changed(), if watches_writing => Event::Written(Ok(())),
            news = self.intake.stream.next(), if has_room => Event::Intake(news),
            // No more has come: what there is goes out.
            flushed = self.out.flush(), if has_more => Event::Written(flushed),
            () = until(wake) => Event::Time,
        }
    }

    /// When something is to be done though nothing happens.
    fn wake(&self) -> Option<Instant> {
        let due = self.duty.next(self.leases.len()).filter(|_| self.leave_by.is_none()).map(|(at, _)| at);
        let look = self.is_looking().then_some(self.look_at);
        // These tell more than once; what is past has been looked at.
        let moment = self.duty.stopped_at().map(|at| at + MOMENT);
        let ends = [moment, self.quiet_at, self.leave_by].into_iter().flatten().filter(|at| *at > self.now);
        ends.chain(due).chain(look).min()
    }

    /// Does what follows from what has happened, and what is due.
    async fn follow(&mut self, now: Instant) -> Result<(), Failure> {
        if self.flags.sharing.auto_done {
            let written = *self.written.borrow();
            self.teller.tell(self.leases.written(written), pb::Outcome::Done);
        }
        match self.duty.next(self.leases.len()) {
            Some((at, Due::Idle)) if now >= at => {
                if !self.intake.stream.is_open() {
                    // A server that is not there is not one that has nothing to do.
                    return Err(self.context.target().failure(&Status::unavailable("no answer")));
                }
                self.stop(Stop::Asked, now);
            }
            Some((at, Due::Stalled)) if now >= at => {
                self.duty.said_stalled();
                self.say_stalled();
                // And if the word that one has ended was lost on its way.
                self.teller.tell(self.leases.untold(), pb::Outcome::Working);
            }
            Some((at, Due::GiveUp)) if now >= at && self.leave_by.is_none() => {
                self.give_back_beyond(0);
                // A server that is busy is waited for, also after a signal; one that is away then is not.
                let patience = match self.duty.signal() {
                    Some(_) if !self.session.is_up() => MOMENT,
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

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
