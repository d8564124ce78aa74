//! `contact health`: asks a server once whether it serves.

use clap::Args;
use serde::Serialize;
use tonic::{Code, Status};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::{Context, Failure, connect::Asking, exit::code, output::Output};
use crate::cli::connect::Channel;

/// Ask whether the server serves
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact health
  contact health --retry-for 0s || echo down
  contact health Contact

Exit codes: 0 it serves; 1 it does not; 3 the server could not be reached; 69 it has no such service;
76 it knows no gRPC health")]
pub(super) struct Health {
    /// The service to ask about [default: the whole server]
    #[arg(value_name = "SERVICE", default_value = "", hide_default_value = true)]
    service: String,
}

#[derive(Serialize)]
struct HealthLine {
    status: &'static str,
}

impl Health {
    pub(super) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        let target = context.target();
        let service = &self.service;
        let asking = Asking::new(Some(context.retry_for()));
        let status = target.call(context, asking, |channel| check(channel, service.clone())).await?;
        out.line(&HealthLine { status: status.as_str_name() }, || status.as_str_name().to_owned()).await?;
        Ok(if status == ServingStatus::Serving { 0 } else { code::NO })
    }
}

/// Asks a server once.
pub(super) async fn check(channel: Channel, service: String) -> Result<ServingStatus, Status> {
    let asked = service.clone();
    match HealthClient::new(channel).check(HealthCheckRequest { service }).await {
        Ok(response) => Ok(response.into_inner().status()),
        Err(status) if status.code() == Code::Unimplemented => {
            Err(Status::unimplemented("the server is there, but it knows no gRPC health"))
        }
        Err(status) if status.code() == Code::NotFound => {
            Err(Status::not_found(format!("the server has no service {asked:?}")))
        }
        Err(status) => Err(status),
    }
}
