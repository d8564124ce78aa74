//! What an agent has in hand: a job for each task that was handed to it, from its lease to the server's word on
//! what became of it.
//!
//! ```text
//! waiting ──► running ──ends──► telling ──verdict──► gone
//!    │           │ lease ended                        ▲
//!    │           └──► void: being stopped ────ends────┤
//!    └──given back without a run──► telling ──────────┘
//! ```
//!
//! A task waits only while the command of one that is void still ends: no more commands than asked for are
//! there at a time.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use futures_util::{StreamExt, future::LocalBoxFuture, stream::FuturesUnordered};
use tokio::{sync::mpsc, time::Instant};

use super::command::{Ended, Running};
use crate::{
    cli::member::{Early, Held},
    pb,
};

/// Of a task's text so much is kept to be shown.
const SHOWN_CHARS: usize = 200;

/// All jobs.
#[derive(Default)]
pub(super) struct Jobs {
    jobs: BTreeMap<u64, Job>,
    by_lease: HashMap<String, u64>,
    taken: u64,
    commands: FuturesUnordered<LocalBoxFuture<'static, (u64, Ended)>>,
    early: Early,
}

/// A task that was handed out.
pub(super) struct Job {
    pub(super) lease: String,
    pub(super) facts: Facts,
    pub(super) stage: Stage,
}

/// What its line says of a task.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub(super) id: String,
    pub(super) queue: String,
    pub(super) attempt: u32,
    /// The beginning of its text.
    pub(super) text: String,
}

/// Where a job is.
pub(super) enum Stage {
    Waiting(Box<pb::ServerMsg>),
    Running(Command),
    /// Its lease has ended: nothing is told of it.
    Void,
    /// It was told what has become of it.
    Telling {
        /// It has been run, or should have been: that is worth a line.
        is_shown: bool,
    },
}

/// A command that runs.
pub(super) struct Command {
    stops: mpsc::UnboundedSender<Duration>,
    pub(super) since: Instant,
    /// `--task-timeout` ends then.
    pub(super) until: Option<Instant>,
    pub(super) stopped: Option<Stopped>,
}

/// Why a command is being stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    TimedOut,
    /// The agent leaves.
    Leaving,
}

/// What a task that has come is to this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    New,
    /// Sent again.
    HeldAlready,
    /// Its lease has ended already.
    Over,
}

impl Jobs {
    /// Takes a task that was handed out: it waits.
    pub(super) fn take(&mut self, task: pb::ServerMsg) -> Taken {
        if self.by_lease.contains_key(&task.lease) {
            return Taken::HeldAlready;
        }
        if self.early.came(&task.lease) {
            return Taken::Over;
        }
        let facts = Facts {
            id: task.id.clone(),
            queue: task.queue.clone(),
            attempt: task.attempt,
            text: task.task.chars().take(SHOWN_CHARS).collect(),
        };
        let lease = task.lease.clone();
        self.by_lease.insert(lease.clone(), self.taken);
        self.jobs.insert(self.taken, Job { lease, facts, stage: Stage::Waiting(Box::new(task)) });
        self.taken += 1;
        Taken::New
    }

    /// The task that has waited longest. It waits no more: [`started`](Self::started) or
    /// [`tell`](Self::tell) says what becomes of it.
    pub(super) fn next_waiting(&mut self) -> Option<(u64, pb::ServerMsg)> {
        self.jobs.iter_mut().find_map(|(n, job)| match &mut job.stage {
            Stage::Waiting(task) => {
                let task = std::mem::take(&mut **task);
                job.stage = Stage::Telling { is_shown: false };
                Some((*n, task))
            }
            _ => None,
        })
    }

    /// Its command has been started.
    pub(super) fn started(&mut self, n: u64, running: Running, now: Instant, timeout: Option<Duration>) {
        let Some(job) = self.jobs.get_mut(&n) else { return };
        let (stops, asked) = mpsc::unbounded_channel();
        let until = timeout.map(|timeout| now + timeout);
        job.stage = Stage::Running(Command { stops, since: now, until, stopped: None });
        self.commands.push(Box::pin(mind(n, running, asked)));
    }

    /// Waits until a command has ended; for ever while none runs. Nothing is lost if this is dropped.
    pub(super) async fn next(&mut self) -> (u64, Ended) {
        match self.commands.next().await {
            Some(ended) => ended,
            None => std::future::pending().await,
        }
    }

    pub(super) fn get(&self, n: u64) -> Option<&Job> {
        self.jobs.get(&n)
    }

    /// The job of a lease.
    pub(super) fn of(&self, lease: &str) -> Option<u64> {
        self.by_lease.get(lease).copied()
    }

    /// What has become of it is being told. Its lease.
    pub(super) fn tell(&mut self, n: u64, is_shown: bool) -> Option<String> {
        let job = self.jobs.get_mut(&n)?;
        job.stage = Stage::Telling { is_shown };
        Some(job.lease.clone())
    }

    /// It is over.
    pub(super) fn remove(&mut self, n: u64) -> Option<Job> {
        let job = self.jobs.remove(&n)?;
        // A void one's lease may have been handed out to this process again, in another store.
        if self.by_lease.get(&job.lease) == Some(&n) {
            self.by_lease.remove(&job.lease);
        }
        Some(job)
    }

    /// A lease has ended. What it was the lease of, unless that was told already.
    pub(super) fn ended(&mut self, lease: &str, kill_after: Duration) -> Option<Facts> {
        match self.of(lease) {
            Some(n) => self.void(n, kill_after),
            None => {
                self.early.ended(lease);
                None
            }
        }
    }

    /// All leases are void: the store is another.
    pub(super) fn forget(&mut self, kill_after: Duration) {
        for n in self.numbers() {
            self.void(n, kill_after);
        }
    }

    fn void(&mut self, n: u64, kill_after: Duration) -> Option<Facts> {
        let job = self.jobs.get_mut(&n)?;
        let facts = job.facts.clone();
        match &job.stage {
            Stage::Waiting(_) => {
                self.remove(n);
            }
            Stage::Running(command) => {
                command.stop(kill_after);
                job.stage = Stage::Void;
                self.by_lease.remove(&job.lease);
            }
            // What was told of it has its own answer.
            Stage::Void | Stage::Telling { .. } => return None,
        }
        Some(facts)
    }

    /// The commands that have run for as long as they may: they are being stopped. What they work at.
    pub(super) fn time_out(&mut self, now: Instant, kill_after: Duration) -> Vec<Facts> {
        let mut timed_out = Vec::new();
        for job in self.jobs.values_mut() {
            if let Stage::Running(command) = &mut job.stage
                && command.stopped.is_none()
                && command.until.is_some_and(|until| now >= until)
            {
                command.stopped = Some(Stopped::TimedOut);
                command.stop(kill_after);
                timed_out.push(job.facts.clone());
            }
        }
        timed_out
    }

    /// When the next one is to be timed out.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.running().filter(|(_, command)| command.stopped.is_none()).filter_map(|(_, c)| c.until).min()
    }

    /// Stops all commands, since the agent leaves.
    pub(super) fn stop(&mut self, kill_after: Duration) {
        for job in self.jobs.values_mut() {
            if let Stage::Running(command) = &mut job.stage {
                command.stopped.get_or_insert(Stopped::Leaving);
                command.stop(kill_after);
            }
        }
    }

    /// Those that run, in the order in which they were handed out.
    pub(super) fn running(&self) -> impl Iterator<Item = (&Job, &Command)> {
        self.jobs.values().filter_map(|job| match &job.stage {
            Stage::Running(command) => Some((job, command)),
            _ => None,
        })
    }

    /// How many commands there are, also those that are being stopped.
    pub(super) fn commands(&self) -> usize {
        self.commands.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    fn numbers(&self) -> Vec<u64> {
        self.jobs.keys().copied().collect()
    }
}

impl Command {
    fn stop(&self, kill_after: Duration) {
        // It may have ended just now.
        let _ = self.stops.send(kill_after);
    }
}

impl Held for Jobs {
    fn all(&self) -> Vec<String> {
        self.jobs
            .values()
            .filter(|job| !matches!(job.stage, Stage::Void))
            .map(|job| job.lease.clone())
            .collect()
    }

    fn untold(&self) -> Vec<String> {
        let is_untold = |job: &&Job| matches!(job.stage, Stage::Waiting(_) | Stage::Running(_));
        self.jobs.values().filter(is_untold).map(|job| job.lease.clone()).collect()
    }
}

/// Feeds, reads and waits for a command, and stops it when asked.
async fn mind(n: u64, mut running: Running, mut stops: mpsc::UnboundedReceiver<Duration>) -> (u64, Ended) {
    loop {
        tokio::select! {
            ended = running.ended() => return (n, ended),
            Some(kill_after) = stops.recv() => running.stop(kill_after),
        }
    }
}
