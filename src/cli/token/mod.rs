//! `contact token`: who may make calls, in the file that `serve --tokens` follows.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Context, Failure, exit::code, output::Output, reason::Reason};
use crate::server::access::{FileError, TokenFile};

mod create;
mod list;
mod revoke;

/// Make, show and revoke the tokens by which clients prove who they are
///
/// They are lines of a file that a server follows: what is made or revoked is in force within two seconds. The
/// file has the hashes of tokens, never the tokens.
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Examples:
  export CONTACT_SERVE_TOKENS=/etc/contact/tokens.jsonl      for these commands and for serve
  contact token create --name kiosk-7 --role worker --queue 'ci.*' --group ci --expires 90d
  contact token create --name ops --role admin | jq -r .token > ops.token
  contact token create --name '*' --certificate --role worker     whom a client certificate names
  contact token list
  contact token revoke --name kiosk-7

Exit codes: 0 it is done; 1 there is no such token; 2 wrong usage, or the file cannot be read or written"
)]
pub(super) struct Token {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(create::Create),
    List(list::List),
    Revoke(revoke::Revoke),
}

/// Which file.
#[derive(Debug, Args)]
struct Tokens {
    /// The file of tokens, the same as that of serve
    #[arg(long, env = "CONTACT_SERVE_TOKENS", value_name = "FILE", hide_env_values = true)]
    tokens: PathBuf,
}

impl Tokens {
    fn file(&self) -> TokenFile {
        TokenFile::new(&self.tokens)
    }
}

impl Token {
    pub(super) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        match self.command {
            Command::Create(create) => create.run(context.errors, out).await,
            Command::List(list) => list.run(out).await,
            Command::Revoke(revoke) => revoke.run(out).await,
        }
    }
}

/// Does something with the file, beside the signals that may come: another command may have it locked.
async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|e| Err(Failure::new(code::NO, Reason::System, e.to_string())))
}

/// What is wrong with the file of tokens.
pub(super) fn failure(error: &FileError) -> Failure {
    let failure = Failure::new(code::USAGE, Reason::Tokens, format!("the tokens {error}"));
    match error {
        FileError::Io { error, .. } if error.kind() == std::io::ErrorKind::NotFound => {
            failure.hint("`contact token create --tokens FILE` makes it, in a folder that is there")
        }
        _ => failure,
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        failure(&error)
    }
}
