//! `contact token list`: who may do what. No secret is in it.

use std::time::SystemTime;

use clap::Args;
use serde::Serialize;

use super::{Tokens, beside};
use crate::{
    cli::{
        Failure, Format,
        list::screen,
        output::Output,
        table::{Cell, Column, Table, words},
        time,
    },
    server::{
        access::{Grant, Proof},
        engine::Pattern,
    },
};

/// Show who may do what
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact token list
  contact token list -o json | jq -r 'select(.expired) | .id' | xargs contact token revoke")]
pub(super) struct List {
    #[command(flatten)]
    tokens: Tokens,
}

/// A grant as JSON.
#[derive(Serialize)]
pub(super) struct Line {
    pub(super) id: String,
    name: String,
    /// Instead of a token.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    certificate: bool,
    roles: Vec<&'static str>,
    queues: Vec<String>,
    groups: Vec<String>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    expired: bool,
}

impl Line {
    pub(super) fn of(grant: &Grant, now: SystemTime) -> Self {
        let texts = |patterns: &[Pattern]| patterns.iter().map(ToString::to_string).collect();
        let now_ms = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
        Line {
            id: grant.id.clone(),
            name: grant.name().to_owned(),
            certificate: grant.proof == Proof::Certificate,
            roles: grant.roles.iter().map(|role| role.word()).collect(),
            queues: texts(&grant.queues),
            groups: texts(&grant.groups),
            created_at: grant.created_at.to_string(),
            expires_at: grant.expires_at.map(|at| at.to_string()),
            expired: grant.is_over(u64::try_from(now_ms).unwrap_or(u64::MAX)),
        }
    }
}

const COLUMNS: &[Column] = &[
    words("ID"),
    words("NAME"),
    words("BY"),
    words("ROLES"),
    words("QUEUES"),
    words("GROUPS"),
    words("AGE"),
    words("EXPIRES"),
];

impl List {
    #[allow(clippy::disallowed_methods, reason = "ages are shown to people")]
    pub(super) async fn run(self, out: &mut Output) -> Result<u8, Failure> {
        let file = self.tokens.file();
        let entries = beside(move || Ok(file.read()?)).await?;
        let now = SystemTime::now();
        if out.format == Format::Json {
            for entry in &entries {
                out.line(&Line::of(&entry.grant, now), String::new).await?;
            }
            return Ok(0);
        }
        let rows: Vec<_> = entries.iter().map(|entry| row(&entry.grant, now)).collect();
        let mut table = Table::new(COLUMNS, out.colour, screen().map(|(width, _)| width));
        for line in table.lines(&rows) {
            out.raw(line.as_bytes());
            out.raw(b"\n");
        }
        Ok(0)
    }
}

fn row(grant: &Grant, now: SystemTime) -> Vec<Cell> {
    let line = Line::of(grant, now);
    let expires = match &grant.expires_at {
        None => Cell::text("never").dim(),
        Some(_) if line.expired => Cell::text("expired").bad(),
        Some(at) => Cell::text(format!("in {}", time::left(at, now))),
    };
    vec![
        Cell::text(&line.id),
        Cell::text(&line.name),
        Cell::text(if line.certificate { "certificate" } else { "token" }).dim(),
        Cell::text(line.roles.join(",")),
        Cell::text(line.queues.join(",")),
        Cell::text(line.groups.join(",")),
        Cell::text(time::age(&grant.created_at, now)),
        expires,
    ]
}
