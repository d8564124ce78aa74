//! Whom `serve` lets in, and to whom it may be open at all.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    cli::{Failure, exit::code, reason::Reason, token},
    server::{
        access::{Access, Audit, TokenFile},
        listener::SOCKET_MODE,
    },
};

/// The flags.
#[derive(Debug, Args)]
pub(super) struct AccessFlags {
    /// Ask clients who they are: the file of tokens, which `contact token` makes; it is followed
    #[arg(long, env = "CONTACT_SERVE_TOKENS", value_name = "FILE", hide_env_values = true)]
    pub(super) tokens: Option<PathBuf>,

    /// Write denials and the calls of admins into this file, as JSON lines; `-` is the log
    #[arg(
        long,
        env = "CONTACT_SERVE_AUDIT_LOG",
        default_value = "-",
        value_name = "FILE",
        hide_env_values = true
    )]
    audit_log: PathBuf,

    /// The mode of a Unix socket's file: who may not write it cannot connect [default: 0600]
    #[arg(long, env = "CONTACT_SERVE_SOCKET_MODE", value_name = "MODE", value_parser = mode, hide_env_values = true)]
    socket_mode: Option<u32>,
}

/// `0660`, `660`.
fn mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
    mode.ok_or_else(|| "not a mode from 0000 to 0777, like 0660".into())
}

impl AccessFlags {
    pub(super) fn socket_mode(&self) -> u32 {
        self.socket_mode.unwrap_or(SOCKET_MODE)
    }

    /// Reads what there is to be read. `has_client_ca`: clients may show certificates.
    pub(super) fn open(&self, has_client_ca: bool) -> Result<Access, Failure> {
        let audit = match self.audit_log.as_os_str() {
            log if log == "-" => Audit::default(),
            _ => Audit::into_file(&self.audit_log)
                .map_err(|e| Failure::usage(format!("the audit log {}: {e}", self.audit_log.display())))?,
        };
        let access = match &self.tokens {
            Some(file) => Access::by(TokenFile::new(file), audit.clone()).map_err(|e| token::failure(&e))?,
            None if has_client_ca => Access::by_certificate(audit.clone()),
            None => Access::of_anybody(audit.clone()),
        };
        if let Some(file) = self.tokens.as_ref().filter(|_| access.grants() == 0) {
            tracing::warn!("{} has no tokens yet: nobody is let in", file.display());
        }
        // Also where there is nothing to read: a hangup ends a process that does not look.
        on_hangup(access.clone(), audit)?;
        Ok(access)
    }
}

/// SIGHUP: reads the tokens now, and opens the audit log anew.
fn on_hangup(access: Access, audit: Audit) -> Result<(), Failure> {
    let mut hangups =
        signal(SignalKind::hangup()).map_err(|e| Failure::new(code::NO, Reason::System, e.to_string()))?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            let (access, audit) = (access.clone(), audit.clone());
            let again = tokio::task::spawn_blocking(move || {
                audit.reopen();
                access.read_again();
            });
            let _ = again.await;
        }
    });
    Ok(())
}

/// What a server would be open to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exposure {
    /// An address that other machines can reach, if it listens on one.
    pub(super) beyond: Option<SocketAddr>,
    pub(super) tls: bool,
    pub(super) tokens: bool,
    pub(super) client_ca: bool,
    pub(super) insecure: bool,
}

impl Exposure {
    /// Whether it may serve so; and what is to be said of it at each start.
    pub(super) fn judge(&self) -> Result<Option<&'static str>, Failure> {
        let asks = self.tokens || self.client_ca;
        let (danger, way_out) = match (self.beyond, self.tls, asks) {
            (None, ..) | (Some(_), true, true) => return Ok(None),
            (Some(_), false, false) => (
                "whoever reaches it may do anything, under any name, and read what others send",
                "say --tls-cert and --tls-key, and --tokens or --client-ca",
            ),
            (Some(_), true, false) => {
                ("whoever reaches it may do anything, under any name", "say --tokens or --client-ca as well")
            }
            (Some(_), false, true) => (
                "whoever is on the way can read tokens and tasks, and use them",
                "say --tls-cert and --tls-key as well",
            ),
        };
        match self.beyond {
            Some(address) if !self.insecure => {
                Err(Failure::usage(format!("{address} can be reached from other machines: {danger}"))
                    .hint(format!("{way_out}; or --insecure if that is what you want")))
            }
            _ => Ok(Some(danger)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_be_reached_from_afar() {
        let (yes, no) = (true, false);
        // tls, tokens, client CA; what is missing.
        for (tls, tokens, client_ca, missing) in [
            (no, no, no, Some("--tls-cert and --tls-key, and --tokens or --client-ca;")),
            (no, yes, no, Some("say --tls-cert and --tls-key as well;")),
            (no, no, yes, Some("say --tls-cert and --tls-key as well;")),
            (yes, no, no, Some("say --tokens or --client-ca as well;")),
            (yes, yes, no, None),
            (yes, no, yes, None),
            (yes, yes, yes, None),
        ] {
            let exposure =
                Exposure { beyond: Some(([0, 0, 0, 0], 1).into()), tls, tokens, client_ca, insecure: false };
            let judged = exposure.judge();
            let hint = judged.as_ref().err().and_then(|failure| failure.hint.clone());
            assert_eq!(hint.is_some(), missing.is_some(), "{exposure:?}");
            assert!(hint.unwrap_or_default().contains(missing.unwrap_or_default()), "{judged:?}");
            let insecure = Exposure { insecure: true, ..exposure }.judge().unwrap();
            assert_eq!(insecure.is_some(), missing.is_some(), "{exposure:?}");
            assert_eq!(Exposure { beyond: None, ..exposure }.judge(), Ok(None), "{exposure:?}");
        }
    }
}
