//! `contact bench`: measures a server, somebody's or one of its own, under a load that is chosen.
//!
//! This file has the flags and what a load is. [`rounds`] runs one, [`report`] prints it, [`spawn`] has the server of
//! one's own. A load is a file by its name; [`submitting`], [`live`] and [`member`] are what they share. They speak
//! by ready frames ([`wire`]) on threads of their own ([`workers`]), so that what is measured is the server.

use std::{os::unix::process::CommandExt, process::Command};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{Context, Failure, output::Output, runner::Calls};
use crate::{name::QueueName, wire::TASK_BYTES_MAX};
use measure::Measured;
use place::Place;
use spawn::Spawn;
use tasks::STAMP_BYTES;

mod cli;
mod fan_out;
mod fields;
mod figures;
mod group;
mod keeper;
mod latency;
mod live;
mod measure;
mod member;
mod place;
mod quota;
mod report;
mod rounds;
mod settle;
mod spawn;
mod submit;
mod submitting;
mod tasks;
mod watch;
mod wire;
mod workers;

pub(super) use keeper::{is_keeper, keep};

/// Measure a server under load
///
/// Without --spawn it is the server that every command speaks to. The bench has a queue of its own there, bench-…,
/// whose tasks it purges at the end; the queue's name and a group's row stay.
///
/// It prints a table, or with -o json a line for each round and one for all: medians of the rounds, and of `max_us` and
/// `server_peak_kib` the highest. Processor seconds are for a million messages and are counted in steps of 10 ms, so a
/// short round says little of them; the server's, and the most memory that it had so far, are there with --spawn or
/// --pid.
///
/// Ctrl-C ends it with what is known by then. Tasks are synced before they are answered, as always: `--store memory`
/// shows what that costs.
#[derive(Debug, Args)]
#[command(
    after_help = "\
Examples:
  contact bench submit --spawn                        durable tasks a second on this machine
  contact bench submit --clients 64 --in-flight 1     many clients, one task at a time each
  contact bench latency --spawn --watch               how long until a watcher sees a task
  contact bench fan-out 1000 --spawn --data /srv      on the disk that /srv is on
  contact bench group --members 8 --duration 10s
  contact bench submit --spawn --queues 10000         into many queues in turn
  contact bench watch -q builds                       read what is in a queue
  contact bench submit --spawn -o json | jq -s '.[-1].per_second'

Exit codes: 0 it has measured; 1 the load did not do what it should; 2 wrong usage;
3 the server could not be reached, or has ended; 76 it is not a contact server;
124 --timeout ran out; 130, 143 SIGINT, SIGTERM",
    subcommand_help_heading = "Loads",
    subcommand_value_name = "LOAD"
)]
pub(super) struct Bench {
    #[command(subcommand)]
    command: LoadCommand,

    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Subcommand)]
enum LoadCommand {
    Submit(submit::Submit),
    Watch(watch::Watch),
    FanOut(fan_out::FanOut),
    Group(group::Group),
    Settle(settle::Settle),
    Latency(latency::Latency),
    Cli(cli::Cli),
}

/// The flags of every load.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every load")]
struct Flags {
    #[command(flatten)]
    spawn: Spawn,

    /// The process of the server, if it is on this machine: its processor seconds and memory are measured, too
    #[arg(long, global = true, conflicts_with = "spawn", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,

    /// Bytes of a task's text
    #[arg(long, global = true, value_name = "BYTES", default_value_t = 100, value_parser = size)]
    size: usize,

    /// How many rounds count
    #[arg(long, global = true, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,

    /// How many rounds come before those, and do not count
    #[arg(long, global = true, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=1000))]
    warm_up: u32,

    /// Threads of the load [default: one for each connection, at most half as many as there are processors]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// The time stands in a task's text, so there is a least.
fn size(text: &str) -> Result<usize, String> {
    let sizes = STAMP_BYTES..=TASK_BYTES_MAX;
    let size = text.parse().ok().filter(|size| sizes.contains(size));
    size.ok_or_else(|| format!("a number of bytes from {} to {}", sizes.start(), sizes.end()))
}

/// What is measured.
trait Load {
    /// Its name, as the command line has it.
    fn name(&self) -> &'static str;
    /// What was asked for.
    fn settings(&self) -> Settings;
    /// How many connections it has use for.
    fn connections(&self) -> usize;
    /// How many messages a round has, if that is known.
    fn total(&self) -> Option<u64>;
    /// Its queue, if it has been named: then nothing is purged.
    fn queue(&self) -> Option<QueueName> {
        None
    }
    /// How many queues it hands tasks to.
    fn queues(&self) -> u32 {
        1
    }
    /// How many tasks it makes ready, if any.
    fn ready_total(&self) -> Option<u64> {
        None
    }
    /// Makes ready what all rounds need.
    async fn prepare(&mut self, _place: &Place) -> Result<(), Failure> {
        Ok(())
    }
    /// Runs once, and measures. Told to stop it begins nothing more, and what it has done counts.
    async fn round(&mut self, place: &Place) -> Result<Measured, Failure>;
    /// The server's memory for each idle watcher, if it has any.
    fn watcher_kib(&self) -> Option<f64> {
        None
    }
}

/// What was asked for, in each line.
#[derive(Debug, Clone, Default, Serialize)]
struct Settings {
    /// Bytes of a task.
    size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    clients: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    watchers: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queues: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_flight: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    own_ids: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decoded: Option<bool>,
    /// Of `latency`: what ends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threads: Option<u16>,
    /// Of a server of one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<&'static str>,
}

impl Bench {
    /// Whether it measures a server of its own.
    pub(super) fn spawns(&self) -> bool {
        self.flags.spawn.spawn
    }

    pub(super) async fn run(
        self,
        context: &Context,
        out: &mut Output,
        calls: &mut Calls,
    ) -> Result<u8, Failure> {
        let flags = self.flags;
        match self.command {
            LoadCommand::Submit(load) => rounds::run(load, &flags, context, out, calls).await,
            LoadCommand::Watch(load) => rounds::run(load, &flags, context, out, calls).await,
            LoadCommand::FanOut(load) => rounds::run(load.load(), &flags, context, out, calls).await,
            LoadCommand::Group(load) => rounds::run(load, &flags, context, out, calls).await,
            LoadCommand::Settle(load) => rounds::run(load, &flags, context, out, calls).await,
            LoadCommand::Latency(load) => rounds::run(load.load(), &flags, context, out, calls).await,
            LoadCommand::Cli(load) => rounds::run(load, &flags, context, out, calls).await,
        }
    }
}

/// This binary, even if another one has been installed in its place since.
fn own_program() -> Command {
    let path = if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() };
    let mut process = Command::new(path.unwrap_or_else(|_| "contact".into()));
    process.arg0("contact");
    process
}
