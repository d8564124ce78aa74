//! What an operator wants to read afterwards: who was refused what, who has cut into what is others', and when the
//! tokens changed. Neither payloads nor labels nor tokens stand in it.
//!
//! A line of JSON each in a file, or without one a line of the log. Denials cost their maker nothing, so only so many
//! are written in a second, and how many were not.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;
use tonic::Status;
use tonic_types::StatusExt;

use super::{Caller, FileError, now_ms, secret::without_tokens};
use crate::{
    name::ID_BYTES_MAX,
    server::{chatter::Chatter, reason::Reason},
};

/// Ids that are written down of one call.
const IDS_MAX: usize = 8;
/// It is nobody's business who was refused what.
const MODE: u32 = 0o600;

/// Writes it down. Cheap to clone; the default writes into the log.
#[derive(Debug, Clone, Default)]
pub struct Audit(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    file: Option<(PathBuf, Mutex<File>)>,
    /// Of callers who have proved who they are,
    denials: Chatter,
    /// and of the others: they do not crowd those out.
    strangers: Chatter,
}

/// What a call has named.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::server) struct Named<'a> {
    pub(in crate::server) queue: &'a str,
    pub(in crate::server) group: &'a str,
    pub(in crate::server) client: &'a str,
    pub(in crate::server) ids: &'a [String],
}

impl<'a> Named<'a> {
    /// A queue.
    pub(in crate::server) fn queue(queue: &'a str) -> Self {
        Named { queue, ..Named::default() }
    }
}

/// A line.
#[derive(Debug, Default, Serialize)]
struct Line<'a> {
    at: String,
    /// `denied`, `admin`, `left_out`, `tokens_read`, `tokens_kept`.
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    /// The first of them, separated by blanks: no id has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<String>,
    verdict: String,
}

impl Audit {
    /// Into this file, behind what is there.
    pub fn into_file(path: &Path) -> io::Result<Self> {
        let file = Mutex::new(open(path)?);
        Ok(Audit(Arc::new(Inner { file: Some((path.to_owned(), file)), ..Inner::default() })))
    }

    /// Opens the file anew: somebody may have put it aside.
    pub fn reopen(&self) {
        if let Some((path, file)) = &self.0.file {
            match open(path) {
                Ok(new) => *file.lock().unwrap_or_else(PoisonError::into_inner) = new,
                Err(e) => tracing::error!("the audit log {}: {e}", path.display()),
            }
        }
    }

    /// A call was refused.
    pub(super) fn denied(&self, caller: &Caller, named: Named<'_>, reason: Reason) {
        let is_known = caller.reach().identity().is_some();
        let budget = if is_known { &self.0.denials } else { &self.0.strangers };
        let (allowed, left_out) = budget.allow(1);
        self.say_left_out(left_out);
        if allowed > 0 {
            self.write(of_call("denied", caller, named, reason.word().to_owned()));
        }
    }

    /// Says how many denials were not written down in the last second.
    pub(super) fn left_out(&self) {
        let left_out = [&self.0.denials, &self.0.strangers].map(|budget| budget.allow(0).1);
        self.say_left_out(left_out.iter().sum());
    }

    /// An admin's call was made.
    pub(super) fn admin(&self, caller: &Caller, named: Named<'_>, verdict: Result<String, &Status>) {
        let verdict = verdict.unwrap_or_else(|status| {
            let reason = status.get_details_error_info().map(|info| info.reason);
            reason.unwrap_or_else(|| format!("{:?}", status.code()).to_lowercase())
        });
        self.write(of_call("admin", caller, named, verdict));
    }

    /// The tokens have changed.
    pub(super) fn tokens_read(&self, grants: usize, ended: usize) {
        let verdict = format!("{grants} in force, {ended} no more");
        self.write(Line { event: "tokens_read", verdict, ..Line::default() });
    }

    /// The tokens could not be read.
    pub(super) fn tokens_kept(&self, error: &FileError) {
        self.write(Line { event: "tokens_kept", verdict: error.to_string(), ..Line::default() });
    }

    fn say_left_out(&self, denials: u64) {
        if denials > 0 {
            let verdict = format!("{denials} more denials");
            self.write(Line { event: "left_out", verdict, ..Line::default() });
        }
    }

    fn write(&self, line: Line<'_>) {
        let Some((path, file)) = &self.0.file else { return log(&line) };
        let line = Line { at: time(now_ms()), ..line };
        let mut text = serde_json::to_vec(&line).unwrap_or_default();
        text.push(b'\n');
        // One write for each line: what several processes append stays whole.
        let written = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&text);
        if let Err(e) = written {
            tracing::error!("the audit log {}: {e}", path.display());
            log(&line);
        }
    }
}

fn of_call<'a>(event: &'static str, caller: &'a Caller, named: Named<'a>, verdict: String) -> Line<'a> {
    let some = |text: &'a str| (!text.is_empty()).then_some(text);
    // Whatever a caller has said, be it as long as it may or a token in the wrong place.
    let cut = |text: &str| without_tokens(&text[..text.floor_char_boundary(ID_BYTES_MAX)]);
    let said = |text: &str| (!text.is_empty()).then(|| cut(text));
    let ids = (!named.ids.is_empty()).then(|| {
        let shown = named.ids.iter().take(IDS_MAX);
        shown.map(|id| cut(id)).collect::<Vec<_>>().join(" ")
    });
    Line {
        event,
        call: said(caller.call()),
        identity: caller.reach().identity().map(crate::name::ClientName::as_str),
        grant: caller.grant(),
        address: some(caller.address()),
        user: caller.user(),
        queue: said(named.queue),
        group: said(named.group),
        client: said(named.client),
        ids,
        verdict,
        ..Line::default()
    }
}

fn log(line: &Line<'_>) {
    let Line { event, call, identity, grant, address, user, queue, group, client, ids, verdict, .. } = line;
    let [call, queue, group, client, ids] = [call, queue, group, client, ids].map(Option::as_deref);
    tracing::info!(
        target: "contact::audit",
        event, call, identity, grant, address, user, queue, group, client, ids, verdict,
        "audit"
    );
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(MODE).open(path)
}

fn time(ms: u64) -> String {
    let seconds = i64::try_from(ms / 1000).unwrap_or(i64::MAX);
    prost_types::Timestamp { seconds, nanos: (ms % 1000 * 1_000_000) as i32 }.to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::server::port::Peer;

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_denials_is_counted_and_what_admins_do_is_not_lost_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit");
        let audit = Audit::into_file(&path).unwrap();
        let caller = Caller::stranger(&Peer::default(), "/Contact/purgeQueue", audit.clone());
        let ids: Vec<String> = (0..20).map(|n| format!("{n}{}", "x".repeat(200))).collect();
        for _ in 0..1000 {
            drop(caller.refuse(Reason::BadToken, "secret words".into(), Named::default()));
        }
        caller.has_done(Named { ids: &ids, ..Named::queue("q") }, Ok("3 tasks".into()));
        tokio::time::advance(Duration::from_secs(1)).await;
        audit.left_out();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 102);
        assert!(
            lines[0].contains(r#""event":"denied","call":"purgeQueue","verdict":"bad_token"}"#),
            "{}",
            lines[0]
        );
        let admin: serde_json::Value = serde_json::from_str(lines[100]).unwrap();
        assert_eq!((&admin["event"], &admin["verdict"]), (&"admin".into(), &"3 tasks".into()));
        let shown = admin["ids"].as_str().unwrap().split(' ');
        assert!(shown.clone().count() == IDS_MAX && shown.into_iter().all(|id| id.len() == ID_BYTES_MAX));
        assert!(lines[101].contains(r#""event":"left_out","verdict":"900 more denials""#), "{}", lines[101]);
        assert!(!text.contains("secret words"));
    }
}
