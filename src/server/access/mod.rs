//! Who calls, and what they may.
//!
//! A call is admitted before its body is looked at: by its method, the identity behind it, and that identity's
//! roles. What it names in its body is judged where the body is (`Caller`); what only the engine can know is the
//! business of the engine's handle that it is given.
//!
//! ```text
//!  token ───────► hash ──┐
//!  certificate ─► name ──┼─► grant ─► roles: may it make this call?   ─► Caller: queues, groups, names
//!  Unix peer ────────────┘      │ revoked, changed, over
//!  (the operator)               └──────────────────────────────────────► what it has admitted ends
//! ```
//!
//! The first proof that is shown counts: a wrong token is refused, whatever certificate comes with it.

mod audit;
mod book;
mod caller;
mod file;
mod follow;
mod grant;
mod role;
mod secret;
#[cfg(test)]
mod tests;

pub use audit::Audit;
pub use file::{Entry, FileError, TokenFile};
pub use grant::{Grant, Proof, name_of};
pub use role::Role;
pub use secret::{Token, TokenHash};

pub(super) use audit::Named;
pub(super) use caller::Caller;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use http::{HeaderMap, header::AUTHORIZATION};
use tonic::Status;

use super::{port::Peer, reason::Reason};
use crate::name::ClientName;
use book::{Book, Held};
use file::Stamp;
use role::Rule;

/// Who may make calls. Cheap to clone; all clones are one. The default lets anybody do anything.
#[derive(Clone, Default)]
pub struct Access(Arc<Inner>);

#[derive(Default)]
struct Inner {
    audit: Audit,
    /// `None`: nobody is asked who they are.
    guard: Option<Guard>,
}

struct Guard {
    /// `None`: what is in force stays so.
    file: Option<TokenFile>,
    book: RwLock<Arc<Book>>,
    /// Of the file as it was read last, be it well or not.
    stamp: Mutex<Option<Stamp>>,
}

impl Access {
    /// Anybody may do anything.
    pub fn of_anybody(audit: Audit) -> Self {
        Access(Arc::new(Inner { audit, guard: None }))
    }

    /// Those may whom the file says.
    pub fn by(file: TokenFile, audit: Audit) -> Result<Self, FileError> {
        let (entries, stamp) = file.read_stamped()?;
        let grants = entries.into_iter().map(|entry| entry.grant);
        let guard = Guard {
            file: Some(file),
            book: RwLock::new(Arc::new(Book::of(grants, &Book::default()))),
            stamp: Mutex::new(Some(stamp)),
        };
        Ok(Access(Arc::new(Inner { audit, guard: Some(guard) })))
    }

    /// Whoever shows a certificate may do all but what an admin may, under the name that it names.
    pub fn by_certificate(audit: Audit) -> Self {
        let book = Book::of([Grant::of_anybody_certified()], &Book::default());
        let guard = Guard { file: None, book: RwLock::new(Arc::new(book)), stamp: Mutex::default() };
        Access(Arc::new(Inner { audit, guard: Some(guard) }))
    }

    /// Whether callers are asked who they are.
    pub fn is_guarded(&self) -> bool {
        self.0.guard.is_some()
    }

    /// How many grants are in force.
    pub fn grants(&self) -> usize {
        self.0.guard.as_ref().map_or(0, |guard| guard.book().len())
    }

    /// Admits a call, or says why not: before anything of its body is read.
    pub(super) fn admit(&self, peer: &Peer, path: &str, headers: &HeaderMap) -> Result<Caller, Status> {
        let stranger = Caller::stranger(peer, path, self.0.audit.clone());
        let Some(guard) = &self.0.guard else { return Ok(stranger.into_anybody()) };
        let rule = role::rule(path).ok_or_else(|| {
            stranger.refuse(
                Reason::NoRule,
                format!("there is no rule for the call {:?}", stranger.call()),
                Named::default(),
            )
        })?;
        if rule == Rule::Open {
            return Ok(stranger);
        }
        let caller = match guard.identify(peer, headers) {
            Ok(Who::Operator) => stranger.into_anybody(),
            Ok(Who::Known(identity, held)) => {
                let caller = stranger.into_known(identity, held);
                if caller.is_over(now_ms()) {
                    let message = format!("the time of {} is over", caller.who());
                    return Err(caller.refuse(Reason::TokenExpired, message, Named::default()));
                }
                caller
            }
            Err((reason, message)) => {
                let client = peer.certified.as_ref().map_or("", ClientName::as_str);
                return Err(stranger.refuse(reason, message, Named { client, ..Named::default() }));
            }
        };
        if let Rule::Any(roles) = rule {
            caller.may(roles)?;
        }
        Ok(caller)
    }
}

/// Whose call it is.
enum Who {
    /// They have the server's files in their hands as it is.
    Operator,
    Known(ClientName, Arc<Held>),
}

impl Guard {
    fn book(&self) -> Arc<Book> {
        self.book.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn identify(&self, peer: &Peer, headers: &HeaderMap) -> Result<Who, (Reason, String)> {
        let mut shown = headers.get_all(AUTHORIZATION).iter();
        if let Some(header) = shown.next() {
            let token = header.to_str().ok().and_then(bearer).filter(|_| shown.next().is_none());
            let held = token.and_then(|token| self.book().of_token(&token.hash()).cloned());
            let known = held.and_then(|held| Some((held.grant.name.clone()?, held)));
            let (identity, held) =
                known.ok_or_else(|| (Reason::BadToken, "the token is none of this server's".to_owned()))?;
            return Ok(Who::Known(identity, held));
        }
        if let Some(identity) = &peer.certified {
            let held = self.book().of_certified(identity).cloned();
            let nobody = || (Reason::NoGrant, format!("nothing is granted to a certificate of {identity}"));
            return Ok(Who::Known(identity.clone(), held.ok_or_else(nobody)?));
        }
        if peer.certified_until.is_some() {
            let message = "the certificate names nobody: neither a DNS name nor the path of a URI of it is a client's name";
            return Err((Reason::NoGrant, message.to_owned()));
        }
        if peer.user.is_some_and(|user| user == 0 || user == rustix::process::geteuid().as_raw()) {
            return Ok(Who::Operator);
        }
        Err((Reason::NoToken, "this server asks for a token".to_owned()))
    }
}

/// The token of an `authorization` header.
fn bearer(header: &str) -> Option<Token> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Token::parse(token.trim())).flatten()
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("is_guarded", &self.is_guarded()).finish_non_exhaustive()
    }
}

/// The wall clock, in milliseconds since 1970: a grant's end is a date.
#[allow(clippy::disallowed_methods, reason = "the port's clock: what is behind it is told the time")]
fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
