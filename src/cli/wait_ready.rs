//! `contact wait-ready`: waits until a server serves; for scripts that have just started one.

use clap::Args;
use tonic::Status;
use tonic_health::pb::health_check_response::ServingStatus;

use super::{Context, Failure, again, connect::Tries, health, output::Output};

/// Wait until the server serves
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact serve & contact wait-ready --timeout 10s && contact submit hello

Exit codes: 0 it serves; 3 it is there and not trusted; 76 it is there and knows no gRPC health;
124 --timeout ran out")]
pub(super) struct WaitReady {}

impl WaitReady {
    pub(super) async fn run(self, context: &Context, _out: &mut Output) -> Result<u8, Failure> {
        let target = context.target();
        let mut tries = Tries::brisk();
        loop {
            let status = match target.connect().await {
                Ok(channel) => health::check(channel, String::new()).await,
                Err(status) => Err(status),
            };
            match status {
                Ok(ServingStatus::Serving) => return Ok(0),
                Ok(_) => tries.pause(&Status::unavailable("not serving"), target).await?,
                Err(status) if again::is_worth_it(&status) => tries.pause(&status, target).await?,
                Err(status) => return Err(target.failure(&status)),
            }
        }
    }
}
