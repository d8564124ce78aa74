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

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};
use tonic::{Code, Status};

use super::{
    WatchTasks,
    duty::{Due, Duty, MOMENT, Stop},
    intake::{self, Intake},
    leases::{Leases, Taken, some},
    line::{TaskLine, text},
    not_ours,
    place::{Headers, Place},
    session::{self, Session},
    teller::{Over, Teller},
};
use crate::{
    cli::{
        Context, Failure,
        connect::{PAUSE_MAX, Tries},
        exit::{self, code},
        group::Group,
        output::Output,
        pipe::{self, Closed, Far},
        runner::{Calls, Leave},
        time::milliseconds,
    },
    pb,
    wire::{LEASE_HEADER, NEW_HEADER, START_HEADER},
};

/// The longest pause between two tries while tasks are held.
const PAUSE_HOLDING: Duration = Duration::from_secs(5);
/// How often to look whether the reader has read all, or has gone: at first, and then less and less often.
const LOOK_FIRST: Duration = Duration::from_millis(1);
const LOOK_LAST: Duration = Duration::from_millis(200);
/// A task that was handed out before the word to stop was taken takes no longer.
const STRAGGLERS: Duration = Duration::from_millis(50);
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
    intake: Line<Intake>,
    session: Line<Session>,
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

/// A stream that is opened again and again.
struct Line<T> {
    stream: T,
    tries: Tries,
    is_failing: bool,
    was_open: bool,
}

impl<T> Line<T> {
    fn new(stream: T) -> Self {
        Line { stream, tries: Tries::new(None), is_failing: false, was_open: false }
    }

    /// It is open. True if it was before.
    fn opened(&mut self) -> bool {
        self.tries.opened();
        self.is_failing = false;
        std::mem::replace(&mut self.was_open, true)
    }
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
            duty: Duty::new(template.max_in_flight, sharing.grace(), flags.idle_exit, now),
            template,
            has_begun: false,
            leases: Leases::default(),
            had: HashSet::new(),
            intake: Line::new(Intake::new(channel.clone())),
            session: Line::new(session),
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
        let due = self.duty.next(self.leases.len()).map(|(at, _)| at);
        let look = self.is_looking().then_some(self.look_at);
        let moment = self.duty.stopped_at().map(|at| at + MOMENT);
        let all = [due, look, moment, self.quiet_at, self.leave_by].into_iter().flatten();
        // What is past has been looked at.
        all.filter(|at| *at > self.now).min()
    }

    /// What the session's stream brings.
    fn heard(&mut self, news: session::News, now: Instant) -> Result<(), Failure> {
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
    fn came(&mut self, news: intake::News, now: Instant) -> Result<(), Failure> {
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

    fn take(&mut self, task: &pb::ServerMsg, now: Instant) {
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
    fn told(&mut self, told: Result<Vec<Over>, Status>, now: Instant) -> Result<(), Failure> {
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

    fn stop(&mut self, why: Stop, now: Instant) {
        if self.duty.stop(why, now) {
            self.say_stop();
            self.intake.stream.stop();
            (self.look_at, self.look_pause) = (now, LOOK_FIRST);
        }
        if let Stop::Signal(_) = why {
            // What the pipe has not taken stays here; without a pipe nobody else is there to be waited for.
            self.out.drop_unflushed();
            let waits = self.out.far.has_reader() || self.flags.sharing.detach;
            self.give_back_beyond(if waits { self.out.added() } else { 0 });
        }
    }

    fn say_stop(&mut self) {
        self.session.stream.stop();
        (self.is_fenced, self.quiet_at) = (false, None);
    }

    /// Nobody reads any more, or nothing can be written.
    fn output_over(&mut self, ended: Result<(), Failure>, now: Instant) {
        self.unwritten = ended.err().filter(|failure| failure.code != 0);
        self.out.drop_unflushed();
        let written = *self.written.borrow();
        if self.flags.sharing.auto_done {
            self.teller.tell(self.leases.written(written), pb::Outcome::Done);
        }
        self.stop(Stop::ReaderGone, now);
        self.duty.reader_gone(now);
        // Once stdout is closed all was read: see `look`.
        let unread = if self.closed.is_some() { 0 } else { pipe::unread() };
        self.give_back_beyond(written.saturating_sub(unread));
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
            }
            Some((at, Due::GiveUp)) if now >= at && self.leave_by.is_none() => {
                self.give_back_beyond(0);
                // A server that is busy is waited for, also after a signal; one that is away then is not.
                let is_there = self.session.was_open && !self.session.is_failing;
                let patience = match self.duty.signal() {
                    Some(_) if !is_there => MOMENT,
                    _ => self.context.global.retry_for.max(MOMENT),
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

    /// Whether the reader is to be looked at now and again.
    fn is_looking(&self) -> bool {
        self.duty.stopping().is_some()
            && !self.duty.is_reader_gone()
            && !self.flags.sharing.detach
            && self.out.far.has_reader()
            && self.is_written()
    }

    /// Closes stdout once all is read: before that nobody sees the end anyway, and how much is unread can be
    /// seen only while it is open. After that looks whether the reader is still there.
    async fn look(&mut self, now: Instant) {
        self.look_at = now + self.look_pause;
        self.look_pause = (self.look_pause * 2).min(LOOK_LAST);
        match &self.closed {
            None if pipe::unread() > 0 => {}
            None => match self.out.close().await {
                Ok(closed) => self.closed = Some(closed),
                Err(failure) => self.output_over(Err(failure), now),
            },
            // After a signal nobody waits for one who cannot be seen.
            Some(closed) if closed.is_read() && (closed.can_be_seen() || self.duty.signal().is_none()) => {}
            Some(_) => self.output_over(Ok(()), now),
        }
    }

    fn give_back_beyond(&mut self, offset: u64) {
        let tasks = self.leases.give_back_beyond(offset);
        self.teller.tell(tasks.iter().map(|(lease, _)| lease.clone()), pb::Outcome::Released);
        self.giving_back.extend(tasks);
    }

    /// Whether there is nothing left to do or to wait for.
    fn is_over(&self) -> bool {
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
            && !self.teller.is_busy()
            && self.is_quiet(now)
    }

    fn is_written(&self) -> bool {
        self.out.is_flushed() && *self.written.borrow() == self.out.added()
    }

    /// Whether no task can be on its way any more; and with `--detach`, whether the leases were renewed for the
    /// last time. Nobody waits long for a server that says nothing.
    fn is_quiet(&self, now: Instant) -> bool {
        let stop_heard = self.session.stream.is_stop_heard();
        if self.duty.stopped_at().is_none_or(|at| now >= at + MOMENT) {
            true
        } else if self.intake.stream.is_closed() {
            stop_heard || !self.flags.sharing.detach
        } else {
            stop_heard && self.quiet_at.is_some_and(|at| now >= at)
        }
    }

    fn end(mut self) -> Result<u8, Failure> {
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
        Err(Failure::new(code::NO, "given_back", message))
    }

    /// Gives back what it holds, if that can be done in a moment, and leaves.
    fn leave_at_once(&mut self, failure: Failure, now: Instant) -> Result<(), Failure> {
        let is_anothers = matches!(&failure.reason[..], "superseded" | "other_store");
        if is_anothers || !self.has_begun {
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

    fn open_intake(&mut self, pause: Duration) {
        let have = self.leases.all();
        self.had = have.iter().cloned().collect();
        let watch = pb::Watch { have, ..self.template.clone() };
        let place = self.place.request();
        let pb::Watch { queues, store, max, until_empty, .. } = place;
        self.intake.stream.open(pb::Watch { queues, store, max, until_empty, ..watch }, pause);
    }

    fn intake_failed(&mut self, status: &Status) {
        if self.duty.stopping().is_none() {
            let pause = self.failed(status, false);
            self.open_intake(pause);
        }
    }

    /// A stream has failed. Says so unless it has been said, and returns how long to wait.
    fn failed(&mut self, status: &Status, is_session: bool) -> Duration {
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
    fn opened_by(&self, headers: &Headers) -> Result<(), Failure> {
        self.context.target().note(None);
        match headers.store() {
            Some(_) => Ok(()),
            None => Err(not_ours(self.context, "--group")),
        }
    }

    /// The watch is open: says where the group begins.
    fn begun(&mut self, headers: &Headers) {
        self.place.store = headers.store();
        if let Some([lease_ms]) = headers.numbers(LEASE_HEADER).as_deref() {
            self.session.stream.set_lease(Duration::from_millis(*lease_ms));
        }
        let start = headers.numbers(START_HEADER).unwrap_or_default();
        let is_new = headers.numbers(NEW_HEADER).unwrap_or_default();
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        for ((place, start), is_new) in self.place.queues.iter().zip(start).zip(is_new) {
            let (group, queue) = (&self.group, place.queue.as_str());
            if is_new == 1 {
                let message = format!("group {group:?} of queue {queue:?} is new: it begins at seq {start}");
                self.context.errors.notice("new_group", &message);
            } else if is_first && self.flags.from.is_some() {
                let message = format!(
                    "group {group:?} of queue {queue:?} is there already and goes on at seq {start}: --from \
                     is for a new one"
                );
                self.context.errors.notice("group_goes_on", &message);
            }
        }
    }

    fn say_ended(&self, id: &str, why: pb::ended::Why, was_away: bool) {
        use pb::ended::Why;
        let (word, what) = match why {
            // The server does not say by what a lease ended that a watch comes back with.
            Why::Lost if was_away => ("lost", "is not held any more: it ended while the server was away"),
            Why::Settled | Why::Unspecified => return,
            Why::Cancelled => ("cancelled", "was cancelled"),
            Why::Lost => ("lost", "was taken back: this process was not heard in time"),
            Why::Overheld => ("overheld", "was taken back: it was held longer than --max-hold"),
            Why::Gone => ("gone", "was purged, or is past the retention"),
        };
        self.context.errors.notice(word, &format!("task {id} {what}"));
    }

    fn say_stalled(&self) {
        let held = self.leases.len();
        let ids = some(self.leases.ids());
        let tasks = if held == 1 { "task is" } else { "tasks are" };
        let message = format!(
            "stalled: {held} {tasks} held and none has been settled for 10s: {ids}. A worker that keeps its \
             output back in a pipe can be told not to (jq --unbuffered, stdbuf -oL); --detach waits for \
             nobody; `contact ack` with a task's line or lease settles it"
        );
        self.context.errors.notice("stalled", &message);
    }
}

impl<T> Line<T> {
    /// It has failed. Whether for the first time in a row, and how long to wait.
    fn failed(&mut self, bound: Duration) -> (bool, Duration) {
        self.is_failing = true;
        (self.tries.failed(), self.tries.next_pause(bound))
    }
}

/// Whether the connection is at fault, or a limit that may not be reached a moment later.
fn is_worth_another_try(status: &Status) -> bool {
    exit::is_broken(status) || status.code() == Code::ResourceExhausted
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
