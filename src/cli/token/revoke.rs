//! `contact token revoke`: takes lines away. What they have admitted ends.

use std::time::SystemTime;

use clap::Args;

use super::{Tokens, beside, list::Line};
use crate::cli::{Failure, exit::code, json, output::Output, reason::Reason};

/// Revoke tokens: what their holders have open ends within two seconds
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact token revoke 3f9a1c02
  contact token revoke --name kiosk-7        all that it has

Exit codes: 0 it is done; 1 there is no such token; 2 wrong usage, or the file cannot be read or written")]
pub(super) struct Revoke {
    /// The ids, as `token list` shows them
    #[arg(value_name = "ID", required_unless_present = "name")]
    ids: Vec<String>,

    /// All of this name
    #[arg(long, value_name = "NAME", conflicts_with = "ids")]
    name: Option<String>,

    #[command(flatten)]
    tokens: Tokens,
}

impl Revoke {
    #[allow(clippy::disallowed_methods, reason = "says what has expired")]
    pub(super) async fn run(self, out: &mut Output) -> Result<u8, Failure> {
        let Revoke { ids, name, tokens } = self;
        let file = tokens.file();
        let revoked = beside(move || {
            // To change a file is to make it.
            file.read()?;
            file.change(|entries| {
                if let Some(id) = ids.iter().find(|id| !entries.iter().any(|entry| entry.grant.id == **id)) {
                    return Err(no_token(&format!("there is no token of the id {id:?}")));
                }
                let is_revoked = |grant_name: &str, id: &String| match &name {
                    Some(name) => grant_name == name,
                    None => ids.contains(id),
                };
                let revoked: Vec<_> =
                    entries.extract_if(.., |entry| is_revoked(entry.grant.name(), &entry.grant.id)).collect();
                match (&revoked[..], &name) {
                    ([], Some(name)) => Err(no_token(&format!("there is no token of {name:?}"))),
                    _ => Ok(revoked),
                }
            })
        })
        .await?;
        let now = SystemTime::now();
        for entry in &revoked {
            let line = Line::of(&entry.grant, now);
            let text = || format!("{}: {} revoked", line.id, json::escape(entry.grant.name()));
            out.line(&line, text).await?;
        }
        Ok(0)
    }
}

fn no_token(message: &str) -> Failure {
    Failure::new(code::NO, Reason::NoSuchToken, message)
        .hint("nothing was changed; `contact token list` shows them")
}
