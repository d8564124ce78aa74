//! What `serve` is told of the disk.

use clap::{Args, builder::FalseyValueParser};

use super::super::size;

/// The disk's flags.
#[derive(Debug, Args)]
pub(super) struct Disk {
    /// Refuse submits while less than this is free on the disk, and go on with the rest; 0 is never [default: 64MiB, or
    /// a quarter of a smaller file system]
    #[arg(long, env = "CONTACT_SERVE_MIN_FREE", value_name = "SIZE", value_parser = size::size,
          hide_env_values = true)]
    pub(super) min_free: Option<u64>,

    /// Serve nothing: verify the store, change nothing of it, print what is damaged
    #[arg(long, env = "CONTACT_SERVE_CHECK", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) check: bool,
}
