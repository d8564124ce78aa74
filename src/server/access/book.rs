//! The grants that are in force, as they are looked up.

use std::{collections::HashMap, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::{
    grant::{Grant, Proof},
    secret::TokenHash,
};
use crate::{name::ClientName, server::engine::Reach};

/// A grant in force, and what hangs on it.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) grant: Grant,
    /// How far it reaches, of a name.
    reach: Option<Reach>,
    /// Cancelled when it is in force no more: what it has admitted ends.
    pub(super) ended: CancellationToken,
}

impl Held {
    fn new(grant: Grant) -> Self {
        let reach = grant.name.clone().map(|name| grant.reach(name));
        Held { grant, reach, ended: CancellationToken::new() }
    }

    /// How far this identity reaches by it.
    pub(super) fn reach(&self, identity: &ClientName) -> Reach {
        self.reach.clone().unwrap_or_else(|| self.grant.reach(identity.clone()))
    }
}

/// The grants in force.
#[derive(Debug, Default)]
pub(super) struct Book {
    by_id: HashMap<String, Arc<Held>>,
    by_token: HashMap<TokenHash, Arc<Held>>,
    certified: HashMap<ClientName, Arc<Held>>,
    anybody_certified: Option<Arc<Held>>,
}

impl Book {
    /// These grants. Those of `before` that are as they were stay in force without a break.
    pub(super) fn of(grants: impl IntoIterator<Item = Grant>, before: &Book) -> Self {
        let mut book = Book::default();
        for grant in grants {
            let is_kept = |held: &&Arc<Held>| held.grant == grant && !held.ended.is_cancelled();
            let kept = before.by_id.get(&grant.id).filter(is_kept).cloned();
            book.add(kept.unwrap_or_else(|| Arc::new(Held::new(grant))));
        }
        book
    }

    fn add(&mut self, held: Arc<Held>) {
        match (held.grant.proof, &held.grant.name) {
            (Proof::Token(hash), _) => drop(self.by_token.insert(hash, held.clone())),
            (Proof::Certificate, Some(name)) => drop(self.certified.insert(name.clone(), held.clone())),
            (Proof::Certificate, None) => self.anybody_certified = Some(held.clone()),
        }
        self.by_id.insert(held.grant.id.clone(), held);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Of a token.
    pub(super) fn of_token(&self, hash: &TokenHash) -> Option<&Arc<Held>> {
        self.by_token.get(hash)
    }

    /// Of whom a certificate names.
    pub(super) fn of_certified(&self, name: &ClientName) -> Option<&Arc<Held>> {
        self.certified.get(name).or(self.anybody_certified.as_ref())
    }

    /// Ends what those grants have admitted that are not in force any more, now that `after` is. Says how many
    /// there were.
    pub(super) fn end_for(&self, after: &Book) -> usize {
        let is_kept = |held: &Held| after.by_id.get(&held.grant.id).is_some_and(|a| a.grant == held.grant);
        self.by_id.values().filter(|held| !is_kept(held)).map(|held| held.ended.cancel()).count()
    }

    /// Whether there is a grant that has ended and whose time is not over.
    pub(super) fn has_come_back(&self, now_ms: u64) -> bool {
        self.by_id.values().any(|held| held.ended.is_cancelled() && !held.grant.is_over(now_ms))
    }

    /// Ends what those grants have admitted whose time is over.
    pub(super) fn end_over(&self, now_ms: u64) {
        self.by_id.values().filter(|held| held.grant.is_over(now_ms)).for_each(|held| held.ended.cancel());
    }
}
