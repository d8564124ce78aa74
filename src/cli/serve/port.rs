//! The flags of the port: how many may come, for how long, and how the server leaves.

use std::time::Duration;

use clap::Args;

use super::super::time;
use crate::server::{Limits, Settings};

/// Descriptors that are no connections: the store's, the runtime's, and some to spare.
const OTHER_DESCRIPTORS: u64 = 64;

/// How the port is served.
#[derive(Debug, Args)]
pub(super) struct Port {
    /// Connections at a time; more are closed at once
    #[arg(
        long,
        env = "CONTACT_SERVE_MAX_CONNECTIONS",
        default_value_t = Limits::DEFAULT.connections as u32,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..),
        hide_env_values = true
    )]
    max_connections: u32,

    /// Of them from one address (of IPv6: from one /64 network)
    #[arg(
        long,
        env = "CONTACT_SERVE_MAX_CONNECTIONS_PER_ADDRESS",
        default_value_t = Limits::DEFAULT.connections_per_address as u32,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..),
        hide_env_values = true
    )]
    max_connections_per_address: u32,

    /// Calls at a time on one connection
    #[arg(
        long,
        env = "CONTACT_SERVE_MAX_STREAMS_PER_CONNECTION",
        default_value_t = Limits::DEFAULT.streams_per_connection,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..),
        hide_env_values = true
    )]
    max_streams_per_connection: u32,

    /// Ask a connection to go after so long, a tenth more or less, so that a load balancer can spread clients anew;
    /// what has not ended a --grace later is ended, and the client comes back [default: never]
    #[arg(long, env = "CONTACT_SERVE_MAX_CONNECTION_AGE", value_name = "DURATION",
          value_parser = time::positive_duration, hide_env_values = true)]
    max_connection_age: Option<Duration>,

    /// How long a shutdown waits for clients to take note before it cuts them off
    #[arg(long, env = "CONTACT_SERVE_GRACE", default_value = "10s", value_name = "DURATION",
          value_parser = time::duration, hide_env_values = true)]
    grace: Duration,
}

impl Port {
    /// What the server is told. `descriptors`: as many as this process may have.
    pub(super) fn settings(&self, descriptors: Option<u64>) -> Settings {
        let mut connections = self.max_connections as usize;
        if let Some(descriptors) = descriptors {
            let room =
                usize::try_from(descriptors.saturating_sub(OTHER_DESCRIPTORS)).unwrap_or(usize::MAX).max(1);
            if room < connections {
                tracing::warn!(
                    "at most {room} connections, not {connections}: this process may have {descriptors} descriptors"
                );
                connections = room;
            }
        }
        Settings {
            grace: self.grace,
            limits: Limits {
                connections,
                connections_per_address: self.max_connections_per_address as usize,
                streams_per_connection: self.max_streams_per_connection,
                connection_age: self.max_connection_age,
                ..Limits::default()
            },
            ..Settings::default()
        }
    }
}
