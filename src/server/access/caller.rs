//! Who makes a call, and what that may name.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::{
    Role,
    audit::{Audit, Named},
    book::Held,
};
use crate::{
    name::{ClientName, GroupName, QueueName},
    server::{
        engine::{Reach, groups::Instance},
        port::Peer,
        reason::Reason,
        status,
    },
};

/// Nobody's mistake is written down whole.
const PATH_BYTES_SHOWN: usize = 80;

/// Who makes a call. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::server) struct Caller(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    address: String,
    /// The user, over a Unix socket.
    user: Option<u32>,
    /// The path of the call.
    path: String,
    reach: Reach,
    rights: Rights,
    audit: Audit,
}

#[derive(Debug, Default)]
enum Rights {
    /// All: nobody is asked here, or it is the operator.
    #[default]
    All,
    /// None. Who it is was not asked: the call is everybody's.
    None,
    /// What is granted.
    Granted(Arc<Held>),
}

impl Caller {
    /// Anybody, where nobody is asked who they are.
    pub(in crate::server) fn anybody(address: String) -> Self {
        Caller(Arc::new(Inner { address, ..Inner::default() }))
    }

    /// Somebody who makes this call and has not yet proved who they are.
    pub(super) fn stranger(peer: &Peer, path: &str, audit: Audit) -> Self {
        let (address, user) = (peer.address.clone(), peer.user);
        let path = path.to_owned();
        Caller(Arc::new(Inner { address, user, path, reach: Reach::default(), rights: Rights::None, audit }))
    }

    /// Of whom nothing is asked.
    pub(super) fn into_anybody(self) -> Self {
        self.with(Reach::default(), Rights::All)
    }

    /// Somebody who has proved who they are.
    pub(super) fn into_known(self, identity: ClientName, held: Arc<Held>) -> Self {
        self.with(held.reach(&identity), Rights::Granted(held))
    }

    fn with(self, reach: Reach, rights: Rights) -> Self {
        let Inner { address, user, path, audit, .. } =
            Arc::try_unwrap(self.0).unwrap_or_else(|shared| Inner {
                address: shared.address.clone(),
                user: shared.user,
                path: shared.path.clone(),
                audit: shared.audit.clone(),
                ..Inner::default()
            });
        Caller(Arc::new(Inner { address, user, path, reach, rights, audit }))
    }

    /// Of a call's request.
    pub(in crate::server) fn of<T>(request: &tonic::Request<T>) -> Self {
        let caller = request.extensions().get::<Caller>().cloned();
        caller.unwrap_or_else(|| Caller::anybody(String::new()))
    }

    /// Where the call comes from: host and port, or `unix`.
    pub(in crate::server) fn address(&self) -> &str {
        &self.0.address
    }

    /// The user at the other end of a Unix socket.
    pub(super) fn user(&self) -> Option<u32> {
        self.0.user
    }

    /// The call's name: the last part of its path. Nobody has judged it.
    pub(super) fn call(&self) -> &str {
        let name = self.0.path.rsplit('/').next().unwrap_or_default();
        &name[..name.floor_char_boundary(PATH_BYTES_SHOWN)]
    }

    /// Whether it has proved who it is, or nobody is asked here.
    pub(in crate::server) fn is_known(&self) -> bool {
        !matches!(self.0.rights, Rights::None)
    }

    /// How far it reaches.
    pub(in crate::server) fn reach(&self) -> &Reach {
        &self.0.reach
    }

    /// The id of the grant by which it was admitted.
    pub(super) fn grant(&self) -> Option<&str> {
        match &self.0.rights {
            Rights::Granted(held) => Some(&held.grant.id),
            Rights::All | Rights::None => None,
        }
    }

    /// Cancelled when that by which it was admitted is in force no more. `None`: it always is.
    pub(in crate::server) fn ended(&self) -> Option<&CancellationToken> {
        match &self.0.rights {
            Rights::Granted(held) => Some(&held.ended),
            Rights::All | Rights::None => None,
        }
    }

    /// What a call is told that has been cut short by that.
    pub(in crate::server) fn end(&self) -> Status {
        let message =
            format!("what {} was admitted by was revoked or changed, or its time is over", self.who());
        status::new(Reason::GrantEnded, message)
    }

    /// Whether the time of its grant is over.
    pub(super) fn is_over(&self, now_ms: u64) -> bool {
        matches!(&self.0.rights, Rights::Granted(held) if held.grant.is_over(now_ms))
    }

    /// Judges whether it has one of these roles.
    pub(in crate::server) fn may(&self, any: &[Role]) -> Result<(), Status> {
        let roles = match &self.0.rights {
            Rights::All => return Ok(()),
            Rights::None => &[],
            Rights::Granted(held) => &held.grant.roles[..],
        };
        if roles.iter().any(|role| *role == Role::Admin || any.contains(role)) {
            return Ok(());
        }
        let wanted: Vec<_> = any.iter().map(|role| role.word()).collect();
        let message = format!("{} lacks a role: it takes {}", self.who(), wanted.join(" or "));
        Err(self.refuse(Reason::NoRole, message, Named::default()))
    }

    /// Judges whether a queue is there for it.
    pub(in crate::server) fn queue(&self, queue: QueueName) -> Result<QueueName, Status> {
        if self.0.reach.has_queue(&queue) {
            return Ok(queue);
        }
        let message = format!("queue {queue:?} is not among those of {}", self.who());
        Err(self.refuse(Reason::ForeignQueue, message, Named::queue(queue.as_str())))
    }

    /// Judges whether it may take tasks from a queue.
    pub(in crate::server) fn source(&self, queue: QueueName) -> Result<QueueName, Status> {
        let queue = self.queue(queue)?;
        if self.0.reach.takes_from(&queue) {
            return Ok(queue);
        }
        let message = format!("queue {queue:?} is the inbox of another client than {}", self.who());
        Err(self.refuse(Reason::ForeignQueue, message, Named::queue(queue.as_str())))
    }

    /// Judges whether it may be a member of a group, or change it.
    pub(in crate::server) fn group(&self, group: GroupName) -> Result<GroupName, Status> {
        if self.0.reach.has_group(&group) {
            return Ok(group);
        }
        let message = format!("group {group:?} is not among those of {}", self.who());
        Err(self.refuse(Reason::ForeignGroup, message, Named { group: group.as_str(), ..Named::default() }))
    }

    /// Judges whether it may call itself so.
    pub(in crate::server) fn client(&self, client: ClientName) -> Result<ClientName, Status> {
        if self.0.reach.is_client(&client) {
            return Ok(client);
        }
        let who = self.who();
        let message = format!("client {client:?} is another than {who}: say {who}, or {who}.SOMETHING");
        Err(self.refuse(
            Reason::ForeignClient,
            message,
            Named { client: client.as_str(), ..Named::default() },
        ))
    }

    /// A process as the engine knows it: of one identity. Who has seen the 16 bytes of another identity's process
    /// has not got its leases.
    pub(in crate::server) fn instance(&self, bytes: Instance) -> Instance {
        let Some(identity) = self.0.reach.identity() else { return bytes };
        let mut hasher = blake3::Hasher::new_derive_key("contact 2026 instance of an identity");
        hasher.update(&bytes).update(identity.as_str().as_bytes());
        let mut own = Instance::default();
        own.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        own
    }

    /// Refuses, and writes it down.
    pub(super) fn refuse(&self, reason: Reason, message: String, named: Named<'_>) -> Status {
        self.0.audit.denied(self, named, reason);
        status::new(reason, message)
    }

    /// Writes down what an admin has done, or could not do.
    pub(in crate::server) fn has_done(&self, named: Named<'_>, verdict: Result<String, &Status>) {
        self.0.audit.admin(self, named, verdict);
    }

    pub(super) fn who(&self) -> &str {
        self.0.reach.identity().map_or("this caller", ClientName::as_str)
    }
}
