//! How much one client may have of a server: flags of `serve`.

use clap::{Args, value_parser};

use super::super::size;
use crate::server::Limits;

/// What the server's own default is, in words.
const BYTES_IN_FLIGHT: &str = "64MiB";

/// The flags.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "Bounds for each client: its identity, else its address or, over a Unix socket, its user"
)]
pub(super) struct Bounds {
    /// How many calls of one client may be open
    #[arg(long, env = "CONTACT_SERVE_MAX_STREAMS_PER_CLIENT", default_value_t = Limits::DEFAULT.streams_per_caller as u32,
          value_name = "N", value_parser = value_parser!(u32).range(1..), hide_env_values = true)]
    max_streams_per_client: u32,

    /// How many messages one client may send in a second: tasks, results, statuses, and each call [default: as many
    /// as it can]
    #[arg(long, env = "CONTACT_SERVE_MAX_RATE", value_name = "N", value_parser = value_parser!(u32).range(1..),
          hide_env_values = true)]
    max_rate: Option<u32>,

    /// How many bytes of one client's tasks, results and statuses may be unanswered; half as many of answers that it
    /// has not read
    #[arg(long, env = "CONTACT_SERVE_MAX_BYTES_IN_FLIGHT", default_value = BYTES_IN_FLIGHT, value_name = "BYTES",
          value_parser = some_bytes, hide_env_values = true)]
    max_bytes_in_flight: usize,
}

impl Bounds {
    /// Sets them.
    pub(super) fn set(&self, limits: &mut Limits) {
        limits.streams_per_caller = self.max_streams_per_client as usize;
        limits.messages_per_second = self.max_rate;
        limits.bytes_in_flight = self.max_bytes_in_flight;
    }
}

fn some_bytes(text: &str) -> Result<usize, String> {
    let bytes = usize::try_from(size::size(text)?).map_err(|_| "that is too much".to_owned())?;
    if bytes == 0 { Err("it must be more than 0".into()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_the_default() {
        assert_eq!(some_bytes(BYTES_IN_FLIGHT), Ok(Limits::DEFAULT.bytes_in_flight));
    }
}
