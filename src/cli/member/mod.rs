//! A member of a group: a process that is handed tasks, gives signs of life, and tells what has become of them.
//!
//! ```text
//!           ┌── getTask ────► [`intake`]   tasks
//!  server ◄─┼── sendStatus ─► [`session`]  signs of life and statuses up, ends of leases down
//!           └── tellResult ─► [`teller`]   what has become of the tasks
//! ```
//!
//! It comes back for ever when the server is lost, with the leases that its owner still [`Held`]s, and asks
//! about those whose end it may have missed. Told to stop it sees to it that nothing is on its way any more.
//! What is done with the tasks is the owner's: `watch-tasks --group` prints them, `run` runs them.

use std::{collections::HashSet, time::Duration};

use tokio::time::Instant;
use tonic::Status;

use super::{Context, Failure, place::Place, silence::HEARTBEAT_MS, time::milliseconds};
use crate::{name::ClientName, pb};
use intake::Intake;
use link::Link;
use session::Session;
use teller::Teller;

pub(super) use early::Early;
pub(super) use teller::Told;
pub(super) use terms::Terms;

mod early;
#[cfg(test)]
mod herd;
mod intake;
mod link;
mod news;
mod session;
mod teller;
mod terms;

/// A lease, until the server says.
const LEASE: Duration = Duration::from_secs(60);

/// What a member joins with.
pub(super) struct Joining<'a> {
    pub(super) context: &'a Context,
    pub(super) client: ClientName,
    /// Where a new group begins, and where this member's watch ends.
    pub(super) place: Place,
    pub(super) group: String,
    /// How many unsettled tasks it may hold.
    pub(super) max_in_flight: u32,
    pub(super) terms: Terms,
    /// How long its leases live when it is gone.
    pub(super) grace_ms: u64,
    /// Where to begin was said: it means nothing to a group that is there.
    pub(super) has_from: bool,
    /// What to say of a server that is not ours.
    pub(super) foreign: fn(&Context) -> Failure,
}

/// What its owner has in hand.
pub(super) trait Held {
    /// All leases.
    fn all(&self) -> Vec<String>;
    /// Those that nothing is told of yet.
    fn untold(&self) -> Vec<String>;
}

/// A member of a group.
pub(super) struct Member<'a> {
    context: &'a Context,
    pub(super) place: Place,
    pub(super) group: String,
    has_from: bool,
    foreign: fn(&Context) -> Failure,
    /// What each opening of the watch says, but for its place and the leases held.
    template: pb::Watch,
    /// What it said of where it begins has been printed.
    has_begun: bool,
    /// The leases that it came back with when it last did.
    had: HashSet<String>,
    intake: Link<Intake>,
    session: Link<Session>,
    teller: Teller,
    wish: Wish,
    /// The server has heard that it is to hand out nothing more, and is told a word after that.
    is_fenced: bool,
    /// By then what it had handed out before is here.
    quiet_at: Option<Instant>,
    /// The one that was handed out last.
    last_lease: Option<String>,
}

/// What is to be handed to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Tasks,
    /// Nothing for a while.
    Rest,
    /// Tasks again, once the server can no longer hear an older word to stop.
    TasksSoon,
    /// Nothing ever again.
    Nothing,
}

/// What the streams bring: given to [`Member::take`].
pub(super) enum News {
    Session(session::News),
    Intake(intake::News),
    Told(Result<Vec<Told>, Status>),
}

/// What it means for the owner.
pub(super) enum Event {
    /// Nothing that must be known.
    Nothing,
    /// A task was handed out; perhaps one that is held already.
    Task(Box<pb::ServerMsg>),
    /// A lease has ended.
    Ended {
        ended: pb::Ended,
        /// The member had come back with it, and the server knows only that it is not in force.
        was_away: bool,
    },
    /// What was told has been taken.
    Told(Vec<Told>),
    /// The watch has ended as was asked for.
    Finished,
    /// The server has another store: all leases are void.
    OtherStore,
    /// The server is about to end. It is lost soon, and come back to.
    Drain,
}

impl<'a> Member<'a> {
    pub(super) fn new(joining: Joining<'a>) -> Self {
        let Joining { context, client, terms, .. } = joining;
        let instance: [u8; 16] = rand::random();
        let template = pb::Watch {
            group: joining.group.clone(),
            client: client.to_string(),
            instance: instance.to_vec(),
            max_in_flight: joining.max_in_flight,
            lease_ms: terms.lease.map(milliseconds).unwrap_or_default(),
            max_hold_ms: terms.max_hold.map(milliseconds).unwrap_or_default(),
            grace_ms: Some(joining.grace_ms),
            heartbeat_ms: HEARTBEAT_MS,
            ..pb::Watch::default()
        };
        let channel = context.target().channel();
        let session = Session::new(channel.clone(), &client, &instance, terms.lease.unwrap_or(LEASE));
        Member {
            context,
            place: joining.place,
            group: joining.group,
            has_from: joining.has_from,
            foreign: joining.foreign,
            template,
            has_begun: false,
            had: HashSet::new(),
            intake: Link::new(Intake::new(channel.clone())),
            session: Link::new(session),
            teller: Teller::new(channel, client.to_string()),
            wish: Wish::Tasks,
            is_fenced: false,
            quiet_at: None,
            last_lease: None,
        }
    }

    /// Opens its streams.
    pub(super) fn open(&mut self) {
        self.session.stream.open(Duration::ZERO);
        self.open_intake(Vec::new(), Duration::ZERO);
    }

    /// Waits for what the streams bring; without `wants_tasks` that of the tasks' stream stays there. Nothing is
    /// lost if this is dropped.
    pub(super) async fn next(&mut self, wants_tasks: bool) -> News {
        tokio::select! {
            biased;
            news = self.session.stream.next() => News::Session(news),
            told = self.teller.next() => News::Told(told),
            news = self.intake.stream.next(), if wants_tasks => News::Intake(news),
        }
    }

    /// Tells what has become of a task.
    pub(super) fn tell(&mut self, result: pb::Result) {
        self.teller.tell(result);
    }

    /// Tells the same of several.
    pub(super) fn tell_all(&mut self, leases: impl IntoIterator<Item = String>, outcome: pb::Outcome) {
        for lease in leases {
            self.tell(pb::Result { lease, outcome: Some(outcome as i32), ..pb::Result::default() });
        }
    }

    /// Whether there is anything that the server has not taken yet.
    pub(super) fn is_telling(&self) -> bool {
        self.teller.is_busy()
    }

    /// Reports a status.
    pub(super) fn report(&mut self, status: String) {
        self.session.stream.report(status);
    }

    /// Asks for nothing more, for good.
    pub(super) fn stop(&mut self) {
        self.wish = Wish::Nothing;
        self.say_stop();
        self.intake.stream.stop();
    }

    /// Asks for nothing more for now.
    pub(super) fn rest(&mut self) {
        if matches!(self.wish, Wish::Tasks | Wish::TasksSoon) {
            self.wish = Wish::Rest;
            self.say_stop();
            self.intake.stream.stop();
        }
    }

    /// Asks for tasks again.
    pub(super) fn go_on(&mut self, held: &impl Held) {
        if self.wish == Wish::Rest {
            self.wish = Wish::TasksSoon;
            self.session.stream.go_on();
            (self.is_fenced, self.quiet_at) = (false, None);
            self.go_on_if_unheard(held);
        }
    }

    /// Whether a server has answered yet.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Whether the server can be heard, as far as one knows.
    pub(super) fn is_up(&self) -> bool {
        self.session.is_up()
    }

    /// Whether tasks can come.
    pub(super) fn is_watching(&self) -> bool {
        self.intake.stream.is_open()
    }

    /// Whether the tasks' stream has ended for good.
    pub(super) fn is_closed(&self) -> bool {
        self.intake.stream.is_closed()
    }

    /// Whether the server has heard that nothing more is wanted.
    pub(super) fn is_stop_heard(&self) -> bool {
        self.session.stream.is_stop_heard()
    }

    /// Whether no task can be on its way any more, once it was told to stop.
    pub(super) fn is_quiet(&self, now: Instant) -> bool {
        self.is_closed() || self.is_stop_heard() && self.quiet_at.is_some_and(|at| now >= at)
    }

    /// When it may be quiet.
    pub(super) fn quiet_at(&self) -> Option<Instant> {
        self.quiet_at
    }

    /// Closes the tasks' stream, once it rests and nothing is on its way.
    pub(super) fn close_at_rest(&mut self, now: Instant) {
        if self.wish == Wish::Rest && self.is_quiet(now) {
            self.intake.stream.close();
        }
    }
}
