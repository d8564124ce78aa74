//! The agent's state and its loop: one thing happens, and what follows from it is done.

use tokio::{sync::watch, time::Instant};
use tonic::{Code, Status};

use super::{
    Run,
    command::{Command, Ended, Keeper},
    duty::{Due, Duty},
    jobs::Jobs,
    live::{self, Live},
    outcome::ExitMap,
    pause::Pauses,
    status::{Report, Reporter, Source},
};
use crate::cli::{
    Context, Failure, exit,
    member::{self, Joining, Member},
    output::Output,
    pipe::Far,
    place::{self, Place},
    reason::Reason,
    runner::{Calls, Leave},
    start::OnGap,
    time::{self, milliseconds},
};

/// An agent.
pub(super) struct Agent<'a> {
    pub(super) flags: Run,
    pub(super) exits: ExitMap,
    pub(super) command: Command,
    pub(super) keeper: Keeper,
    pub(super) context: &'a Context,
    pub(super) out: &'a mut Output,
    pub(super) written: watch::Receiver<u64>,
    pub(super) member: Member<'a>,
    pub(super) jobs: Jobs,
    pub(super) pauses: Pauses,
    pub(super) duty: Duty,
    reporter: Option<Reporter>,
    live: Option<Live>,
    pub(super) counts: Counts,
    /// When something last happened.
    pub(super) now: Instant,
    /// By then it leaves, whatever is still to be told.
    pub(super) leave_by: Option<Instant>,
    /// Why it leaves otherwise than well.
    pub(super) failure: Option<Failure>,
}

/// How the tasks went.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) done: u64,
    pub(super) failed: u64,
}

/// What happens.
enum Event {
    Left(Leave),
    Member(member::News),
    Ended(u64, Ended),
    Report(Report),
    Written(Result<(), Failure>),
    /// It is time for something.
    Time,
}

impl<'a> Agent<'a> {
    pub(super) fn new(
        flags: Run,
        exits: ExitMap,
        command: Command,
        source: Source,
        keeper: Keeper,
        context: &'a Context,
        out: &'a mut Output,
    ) -> Result<Self, Failure> {
        let queues = place::queues(&flags.queues, flags.to_me, context)?;
        let place = Place::new(queues, flags.from.as_ref())?
            .ending_after(flags.max)
            .ending_empty(flags.until_empty)
            .on_gap(OnGap::Follow);
        let now = now();
        let grace = flags.terms.grace();
        let member = Member::new(Joining {
            context,
            client: context.client()?,
            place,
            group: flags.group.name(context)?,
            max_in_flight: flags.jobs,
            terms: flags.terms.clone(),
            grace_ms: milliseconds(grace),
            has_from: flags.from.is_some(),
            foreign: not_ours,
        });
        Ok(Agent {
            reporter: flags.every.map(|every| Reporter::new(source, every, keeper.clone())),
            live: Live::start(),
            written: out.written(),
            exits,
            command,
            keeper,
            context,
            out,
            member,
            jobs: Jobs::default(),
            pauses: Pauses::new(),
            duty: Duty::new(grace, flags.idle_exit, now),
            counts: Counts::default(),
            now,
            leave_by: None,
            failure: None,
            flags,
        })
    }

    /// Works until it is told to stop, all commands have ended and all is told.
    pub(super) async fn run(mut self, calls: &mut Calls) -> Result<u8, Failure> {
        self.member.open();
        while !self.is_over() {
            let event = self.next(calls).await;
            self.now = now();
            if let Some(live) = &mut self.live
                && !matches!(event, Event::Time)
            {
                live.hide().await;
            }
            let done = match event {
                Event::Left(Leave::Signal(code)) => {
                    self.signal(code);
                    Ok(())
                }
                Event::Left(leave @ Leave::Timeout) => Err(leave.failure(self.context)),
                Event::Member(news) => self.came(news),
                Event::Ended(n, ended) => {
                    self.ended(n, ended);
                    Ok(())
                }
                Event::Report(report) => {
                    self.report(report);
                    Ok(())
                }
                Event::Written(written) => written,
                Event::Time => Ok(()),
            };
            if let Err(failure) = done.and_then(|()| self.follow()) {
                self.leave_at_once(failure)?;
            }
            self.draw().await;
        }
        if let Some(live) = &mut self.live {
            live.hide().await;
        }
        // Nothing of them is to be left, also if it leaves before all have ended.
        (self.jobs, self.reporter) = (Jobs::default(), None);
        self.keeper.clone().finish().await;
        self.end()
    }

    /// Waits for what happens next.
    async fn next(&mut self, calls: &mut Calls) -> Event {
        let wake = self.wake();
        let has_room = !self.out.is_full();
        let has_more = !self.out.is_flushed();
        let reports = self.failure.is_none();
        tokio::select! {
            biased;
            leave = calls.next() => Event::Left(leave),
            (n, ended) = self.jobs.next() => Event::Ended(n, ended),
            news = self.member.next(has_room) => Event::Member(news),
            report = next_report(&mut self.reporter), if reports => Event::Report(report),
            // No more has come: what there is goes out.
            flushed = self.out.flush(), if has_more => Event::Written(flushed),
            () = time::until(wake) => Event::Time,
        }
    }

    /// When something is to be done though nothing happens.
    fn wake(&self) -> Option<Instant> {
        let due = self.duty.next(!self.jobs.is_empty()).map(|(at, _)| at);
        let draw = self.live.as_ref().and_then(Live::draw_at);
        // These tell more than once; what is past has been looked at.
        let ends = [self.moment(), self.member.quiet_at(), self.leave_by];
        let ends = ends.into_iter().flatten().filter(|at| *at > self.now);
        ends.chain(due).chain(draw).chain(self.pauses.until()).chain(self.jobs.next_timeout()).min()
    }

    /// Does what follows from what has happened, and what is due.
    fn follow(&mut self) -> Result<(), Failure> {
        let now = self.now;
        for facts in self.jobs.time_out(now, self.flags.kill_after) {
            let limit = humantime::format_duration(self.flags.task_timeout.unwrap_or_default());
            let message = format!("task {} has run for {limit}, --task-timeout: it is stopped", facts.id);
            self.context.errors.notice("timed_out", &message);
        }
        if self.pauses.end(now) {
            self.member.go_on(&self.jobs);
            self.duty.moved(now);
        }
        self.member.close_at_rest(now);
        self.start_waiting();
        match self.duty.next(!self.jobs.is_empty()) {
            Some((at, Due::Idle)) if now >= at && self.pauses.until().is_some() => self.duty.moved(now),
            Some((at, Due::Idle)) if now >= at => {
                if !self.member.is_watching() {
                    // A server that is not there is not one that has nothing to do.
                    return Err(self.context.target().failure(&Status::unavailable("no answer")));
                }
                self.stop();
            }
            Some((at, Due::GiveUp)) if now >= at => {
                self.duty.gave_up();
                self.jobs.stop(self.flags.kill_after);
            }
            _ => {}
        }
        self.bound_leaving();
        Ok(())
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Text(text) => self.member.report(text),
            Report::Counts => {
                let running = self.jobs.running().count();
                let Counts { done, failed } = self.counts;
                self.member.report(format!("{running} running, {done} done, {failed} failed"));
            }
            Report::Failed(why) => {
                self.context.errors.notice("no_status", &format!("--status-cmd says nothing: {why}"));
            }
        }
    }

    /// Draws what runs, below what was printed.
    async fn draw(&mut self) {
        let Some(live) = &mut self.live else { return };
        if self.out.far == Far::Terminal && !self.out.is_flushed() {
            let written = async {
                // If it cannot be written the loop hears of it.
                if self.out.flush().await.is_ok() {
                    let added = self.out.added();
                    let _ = self.written.wait_for(|written| *written >= added).await;
                }
            };
            let _ = tokio::time::timeout(live::PATIENCE, written).await;
        }
        live.show(&self.jobs, self.now);
    }
}

async fn next_report(reporter: &mut Option<Reporter>) -> Report {
    match reporter {
        Some(reporter) => reporter.next().await,
        None => std::future::pending().await,
    }
}

/// An agent owes words to a server that keeps them.
fn not_ours(context: &Context) -> Failure {
    let address = &context.target().address;
    let message =
        format!("the server at {address} is not a contact server: it has no groups to take tasks from");
    Failure::new(exit::code::GRPC + Code::Unimplemented as u8, Reason::Unimplemented, message)
        .hint("`contact watch-tasks` prints what it has")
}

#[allow(clippy::disallowed_methods, reason = "the one place where an agent reads the time")]
fn now() -> Instant {
    Instant::now()
}
