//! How much one caller may have: calls that are open, messages in a second, bytes that are not answered yet.
//!
//! Who it is counted for is the identity; where nobody has one the host, and over a Unix socket the user. What is
//! within the bound is taken and answered; what is beyond it is refused by RESOURCE_EXHAUSTED, with the time after
//! which it is worth another try. Whoever sends again what was not answered comes to the end of it.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tonic::Status;

use super::{access::Caller, port::Peer, settings::Limits};
use crate::name::ClientName;

pub(super) use account::{Account, Beyond, InFlight, OpenCall, Unsent};

mod account;
mod bucket;

/// Accounts that nobody uses are looked for as often.
const SWEPT_EVERY: Duration = Duration::from_secs(1);

/// Watches of the server's health by those who have not said who they are, all together.
const UNKNOWN_WATCHES_MAX: usize = 100;

/// The accounts of all callers.
#[derive(Debug)]
pub(super) struct Bounds {
    limits: Limits,
    unknown_watches: Arc<Semaphore>,
    accounts: Mutex<Accounts>,
}

#[derive(Debug)]
struct Accounts {
    of: HashMap<Key, Arc<Account>>,
    swept: Instant,
}

/// Whose account it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Identity(ClientName),
    Host(IpAddr),
    User(u32),
    /// The connection says nothing of who is there: it has gone.
    Nobody,
}

impl Bounds {
    pub(super) fn new(limits: &Limits) -> Self {
        let accounts = Accounts { of: HashMap::new(), swept: now() };
        let unknown_watches = Arc::new(Semaphore::new(UNKNOWN_WATCHES_MAX));
        Bounds { limits: limits.clone(), unknown_watches, accounts: Mutex::new(accounts) }
    }

    /// Somebody unknown watches as long as what is returned lives.
    pub(super) fn watch(&self) -> Result<OwnedSemaphorePermit, Status> {
        let watches = self.unknown_watches.clone();
        watches.try_acquire_owned().map_err(|_| Beyond::Watches(UNKNOWN_WATCHES_MAX).status())
    }

    /// A call is opened: it is one as long as what is returned lives.
    pub(super) fn open(&self, peer: &Peer, caller: &Caller) -> Result<OpenCall, Status> {
        self.account(Key::of(peer, caller), now()).open()
    }

    /// How many calls are open, of all callers.
    pub(super) fn open_calls(&self) -> usize {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.of.values().map(|account| account.open_calls()).sum()
    }

    fn account(&self, key: Key, now: Instant) -> Arc<Account> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(accounts.swept) >= SWEPT_EVERY {
            accounts.swept = now;
            accounts.of.retain(|_, account| Arc::strong_count(account) > 1 || account.has_spent(now));
        }
        accounts.of.entry(key).or_insert_with(|| Arc::new(Account::new(&self.limits, now))).clone()
    }
}

impl Key {
    fn of(peer: &Peer, caller: &Caller) -> Self {
        if let Some(identity) = caller.reach().identity() {
            return Key::Identity(identity.clone());
        }
        match (peer.network(), peer.user) {
            (Some(host), _) => Key::Host(host),
            (None, Some(user)) => Key::User(user),
            (None, None) => Key::Nobody,
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place where bounds read the time")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(host: &str) -> Peer {
        Peer { host: Some(host.parse().unwrap()), ..Peer::default() }
    }

    fn key(peer: &Peer) -> Key {
        Key::of(peer, &Caller::anybody(String::new()))
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_lives_as_long_as_it_is_used_or_has_something_to_remember() {
        let limits = Limits { messages_per_second: Some(10), ..Limits::default() };
        let bounds = Bounds::new(&limits);
        let anybody = Caller::anybody(String::new());
        let held = bounds.open(&peer("10.0.0.1"), &anybody).unwrap();
        drop(bounds.open(&peer("10.0.0.2"), &anybody).unwrap());
        let count = || bounds.accounts.lock().unwrap().of.len();
        assert_eq!((count(), bounds.open_calls()), (2, 1));
        // What was spent a moment ago is not forgiven by leaving.
        let spent = bounds.open(&peer("10.0.0.3"), &anybody).unwrap();
        assert_eq!(spent.account().take(9, [1; 9].into_iter()).messages, 9);
        drop(spent);
        tokio::time::advance(SWEPT_EVERY - Duration::from_millis(1)).await;
        bounds.account(Key::Nobody, now());
        assert_eq!(count(), 4);
        tokio::time::advance(SWEPT_EVERY).await;
        bounds.account(Key::Nobody, now());
        let keys = || bounds.accounts.lock().unwrap().of.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys().len(), 2, "{:?}", keys());
        drop(held);
        tokio::time::advance(SWEPT_EVERY).await;
        bounds.account(Key::Nobody, now());
        assert_eq!(keys(), [Key::Nobody]);
    }

    #[test]
    fn whose_account_it_is() {
        assert_eq!(key(&peer("10.0.0.1")), key(&peer("::ffff:10.0.0.1")));
        assert_ne!(key(&peer("10.0.0.1")), key(&peer("10.0.0.2")));
        assert_eq!(key(&peer("2001:db8::1")), key(&peer("2001:db8::ffff:1")));
        assert_ne!(key(&peer("2001:db8::1")), key(&peer("2001:db8:0:1::1")));
        assert_eq!(key(&Peer { user: Some(7), ..Peer::default() }), Key::User(7));
    }
}
