//! `contact bench cli`: whole processes, as a script starts them.

use std::{
    ffi::OsString,
    process::Stdio,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use clap::Args;

use super::{
    Load, Settings,
    measure::{Latencies, Measured, now},
    place::Place,
    quota::{Amount, Grant, Quota},
};
use crate::cli::{Failure, exit::code, reason::Reason};

const TASKS: u64 = 500;
/// The longest status that fits a command line.
const SIZE_MAX: usize = 64 << 10;

/// Start `contact send-status`, have it answered, and see it end
///
/// A message is one whole process: started, connected, answered, ended. Its latency is the time from start to end.
/// A round has 500 of them unless told otherwise.
#[derive(Debug, Args)]
pub(super) struct Cli {
    #[command(flatten)]
    amount: Amount,

    /// Processes at a time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    clients: u32,
}

impl Load for Cli {
    fn name(&self) -> &'static str {
        "cli"
    }

    fn settings(&self) -> Settings {
        Settings { clients: Some(self.clients), ..Settings::default() }
    }

    fn connections(&self) -> usize {
        0
    }

    fn total(&self) -> Option<u64> {
        self.amount.total(TASKS)
    }

    async fn round(&mut self, place: &Place) -> Result<Measured, Failure> {
        if place.size > SIZE_MAX {
            return Err(Failure::usage(format!("--size of a status of this load is at most {SIZE_MAX}")));
        }
        let latencies = Latencies::new();
        let meter = place.meter();
        let quota = Arc::new(Quota::new(self.total(), &self.amount, &place.stop));
        let parts = (0..self.clients).map(|_| {
            let (quota, latencies, done) = (quota.clone(), latencies.clone(), place.done.clone());
            let (address, status) = (place.target.address.clone(), "x".repeat(place.size));
            let variables = place.variables();
            let work = move || {
                let mut processes = 0;
                loop {
                    match quota.take(1) {
                        Grant::Now(_) => {}
                        Grant::After(long) => {
                            std::thread::park_timeout(long);
                            continue;
                        }
                        Grant::Over => return Ok::<u64, Failure>(processes),
                    }
                    let began = now();
                    send_status(&address, &variables, &status)?;
                    latencies.record(now() - began, 1);
                    processes += 1;
                    done.fetch_add(1, Relaxed);
                }
            };
            tokio::task::spawn_blocking(work)
        });
        let mut processes = 0;
        for part in futures_util::future::join_all(parts).await {
            let panicked = |_| Failure::new(code::NO, Reason::Bench, "a part of the load has failed");
            processes += part.map_err(panicked)??;
        }
        Ok(meter.stop(processes, &latencies))
    }
}

/// One process.
fn send_status(address: &str, variables: &[(&str, Option<OsString>)], status: &str) -> Result<(), Failure> {
    let mut command = super::own_program();
    for (name, value) in variables {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.args(["send-status", "--server", address, "-o", "json", "--", status]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let ended = command.spawn().and_then(|process| process.wait_with_output());
    let ended =
        ended.map_err(|e| Failure::new(code::NO, Reason::System, format!("contact send-status: {e}")))?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
    let message = format!("contact send-status: {}: {said}", ended.status);
    let code = ended.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(code::NO);
    Err(Failure::new(code, Reason::Bench, message))
}
