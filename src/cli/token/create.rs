//! `contact token create`: a new line, and the token that it is the hash of.

use std::{io::IsTerminal, time::Duration};

use clap::{Args, ValueEnum};
use prost_types::Timestamp;
use serde::Serialize;

use super::{Tokens, beside};
use crate::{
    cli::{Failure, exit::Errors, output::Output, time},
    name::ClientName,
    server::{
        access::{Entry, Grant, Proof, Role, Token, name_of},
        engine::Pattern,
    },
};

/// Make a token and print it: it is shown only now
///
/// The name is who the holder is: it may call itself so, or NAME.SOMETHING, and the inboxes and own groups of these
/// names are its own. To change a token without a break make another of the same name, and revoke the first one.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact token create --name kiosk-7 --role worker --queue 'ci.*' --group ci
  contact token create --name web --role submit,inspect --queue jobs | jq -r .token > web.token
  contact token create --name ops --role admin --expires 30d")]
pub(super) struct Create {
    /// Who has it; with --certificate `*` is whomever a certificate names
    #[arg(long, value_name = "NAME", value_parser = name_of_text)]
    name: Name,

    /// What it is good for; repeat it, or separate by commas
    #[arg(long = "role", value_name = "ROLE", required = true, value_delimiter = ',')]
    roles: Vec<RoleWord>,

    /// In which queues: a name in which `*` stands for any characters; repeatable [default: all]
    #[arg(long = "queue", value_name = "PATTERN", value_delimiter = ',')]
    queues: Vec<Pattern>,

    /// Of which groups: likewise [default: all]
    #[arg(long = "group", value_name = "PATTERN", value_delimiter = ',')]
    groups: Vec<Pattern>,

    /// Until when, from now on [default: until it is revoked]
    #[arg(long, value_name = "DURATION", value_parser = time::positive_duration)]
    expires: Option<Duration>,

    /// No token: a client certificate that names it is the proof
    #[arg(long)]
    certificate: bool,

    #[command(flatten)]
    tokens: Tokens,
}

/// Whom it is for, as it was judged.
#[derive(Debug, Clone)]
struct Name(Option<ClientName>);

fn name_of_text(text: &str) -> Result<Name, String> {
    if Token::parse(text).is_some() {
        return Err("that is a token, not a name".into());
    }
    name_of(text).map(Name)
}

/// A role, or several that belong together.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleWord {
    /// Hand in tasks, and wait for what is told of them
    Submit,
    /// Watch all tasks of queues, and say that they were received or done
    Watch,
    /// Share tasks with the members of groups, and settle them
    Work,
    /// Report a status and be seen
    Report,
    /// Look at queues, groups, tasks, results and clients
    Inspect,
    /// Everything, and to cancel, redrive, purge and set
    Admin,
    /// Work and report
    Worker,
}

impl RoleWord {
    fn roles(self) -> &'static [Role] {
        match self {
            RoleWord::Submit => &[Role::Submit],
            RoleWord::Watch => &[Role::Watch],
            RoleWord::Work => &[Role::Work],
            RoleWord::Report => &[Role::Report],
            RoleWord::Inspect => &[Role::Inspect],
            RoleWord::Admin => &[Role::Admin],
            RoleWord::Worker => &[Role::Work, Role::Report],
        }
    }
}

/// What was made, as JSON.
#[derive(Serialize)]
struct Line {
    name: String,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl Create {
    pub(super) async fn run(self, errors: Errors, out: &mut Output) -> Result<u8, Failure> {
        let token = (!self.certificate).then(Token::random);
        let grant = self.grant(token.as_ref())?;
        let (name, file) = (grant.name().to_owned(), self.tokens.file());
        let (id, related) = beside(move || {
            file.change(|entries| {
                let mut grant = grant;
                let related = related(&grant, entries);
                while entries.iter().any(|entry| entry.grant.id == grant.id) {
                    grant.id = random_id();
                }
                let id = grant.id.clone();
                entries.push(Entry::of(grant)?);
                Ok::<_, Failure>((id, related))
            })
        })
        .await?;
        let token = token.map(|token| token.secret().to_owned());
        if token.is_some() && std::io::stdout().is_terminal() {
            let message = "shown only now: keep it where its holder's --token-file is, and nowhere else";
            errors.notice("token", message);
        }
        if let Some((owner, owned)) = related {
            let message =
                format!("{owner} may call itself {owned} as well, and has its inbox: they are not apart");
            errors.notice("names_not_apart", &message);
        }
        let line = Line { name, id, token };
        let text = || line.token.clone().unwrap_or_else(|| format!("{}: {}", line.id, line.name));
        out.line(&line, text).await?;
        Ok(0)
    }

    fn grant(&self, token: Option<&Token>) -> Result<Grant, Failure> {
        if self.name.0.is_none() && token.is_some() {
            return Err(Failure::usage(
                "--name '*' is whomever a certificate names: it goes with --certificate",
            ));
        }
        let mut roles: Vec<Role> = Vec::new();
        for role in self.roles.iter().flat_map(|word| word.roles()) {
            if !roles.contains(role) {
                roles.push(*role);
            }
        }
        let all_if_none = |patterns: &[Pattern]| match patterns {
            [] => vec![Pattern::all()],
            patterns => patterns.to_vec(),
        };
        let now = now();
        Ok(Grant {
            id: random_id(),
            name: self.name.0.clone(),
            proof: token.map_or(Proof::Certificate, |token| Proof::Token(token.hash())),
            roles,
            queues: all_if_none(&self.queues),
            groups: all_if_none(&self.groups),
            created_at: now,
            expires_at: self.expires.map(|expires| later(now, expires)),
        })
    }
}

/// Two names, of the new grant and of another, of which the first may take the part of the second.
fn related(grant: &Grant, entries: &[Entry]) -> Option<(String, String)> {
    let is_of =
        |owned: &str, owner: &str| owned.strip_prefix(owner).is_some_and(|rest| rest.starts_with('.'));
    let name = grant.name();
    let owned = entries.iter().map(|entry| entry.grant.name()).find(|other| is_of(other, name));
    let owner = entries.iter().map(|entry| entry.grant.name()).find(|other| is_of(name, other));
    match (owned, owner) {
        (Some(owned), _) => Some((name.to_owned(), owned.to_owned())),
        (None, Some(owner)) => Some((owner.to_owned(), name.to_owned())),
        (None, None) => None,
    }
}

/// Short enough to be typed.
fn random_id() -> String {
    format!("{:08x}", rand::random::<u32>())
}

/// In whole seconds: people read it.
#[allow(clippy::disallowed_methods, reason = "the day is written down")]
fn now() -> Timestamp {
    Timestamp { nanos: 0, ..Timestamp::from(std::time::SystemTime::now()) }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    // A hundred years at most: see `time`. Up, so that no token ends before its time.
    let seconds = by.as_secs() + u64::from(by.subsec_nanos() > 0);
    Timestamp { seconds: now.seconds.saturating_add_unsigned(seconds), nanos: 0 }
}
