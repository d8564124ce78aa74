//! Who makes a call, and what that may name.

use std::sync::Arc;

use tonic::Status;

use super::Role;
use crate::{
    name::{ClientName, GroupName, QueueName},
    server::{
        engine::{Reach, groups::Instance},
        reason::Reason,
        status,
    },
};

/// Who makes a call. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::server) struct Caller(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: String,
    reach: Reach,
    /// `None`: all of them, nobody is asked here.
    roles: Option<Vec<Role>>,
}

impl Caller {
    /// Anybody, where nobody is asked who they are.
    pub(in crate::server) fn anybody(address: String) -> Self {
        Caller(Arc::new(Inner { address, reach: Reach::default(), roles: None }))
    }

    /// Somebody who has proved who they are.
    #[allow(dead_code, reason = "until the port asks")]
    pub(in crate::server) fn known(address: String, reach: Reach, roles: Vec<Role>) -> Self {
        Caller(Arc::new(Inner { address, reach, roles: Some(roles) }))
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

    /// How far it reaches.
    pub(in crate::server) fn reach(&self) -> &Reach {
        &self.0.reach
    }

    /// Judges whether it has one of these roles.
    pub(in crate::server) fn may(&self, any: &[Role]) -> Result<(), Status> {
        let Some(roles) = &self.0.roles else { return Ok(()) };
        if roles.iter().any(|role| *role == Role::Admin || any.contains(role)) {
            return Ok(());
        }
        let wanted: Vec<_> = any.iter().map(|role| format!("{role:?}").to_lowercase()).collect();
        let message = format!("{} lacks a role: it takes {}", self.who(), wanted.join(" or "));
        Err(status::new(Reason::NoRole, message))
    }

    /// Judges whether a queue is there for it.
    pub(in crate::server) fn queue(&self, queue: QueueName) -> Result<QueueName, Status> {
        if self.0.reach.has_queue(&queue) {
            return Ok(queue);
        }
        let message = format!("queue {queue:?} is not among those of {}", self.who());
        Err(status::new(Reason::ForeignQueue, message))
    }

    /// Judges whether it may take tasks from a queue.
    pub(in crate::server) fn source(&self, queue: QueueName) -> Result<QueueName, Status> {
        let queue = self.queue(queue)?;
        if self.0.reach.takes_from(&queue) {
            return Ok(queue);
        }
        let message = format!("queue {queue:?} is the inbox of another client than {}", self.who());
        Err(status::new(Reason::ForeignQueue, message))
    }

    /// Judges whether it may be a member of a group.
    pub(in crate::server) fn group(&self, group: GroupName) -> Result<GroupName, Status> {
        if self.0.reach.has_group(&group) {
            return Ok(group);
        }
        let message = format!("group {group:?} is not among those of {}", self.who());
        Err(status::new(Reason::ForeignGroup, message))
    }

    /// Judges whether it may call itself so.
    pub(in crate::server) fn client(&self, client: ClientName) -> Result<ClientName, Status> {
        if self.0.reach.is_client(&client) {
            return Ok(client);
        }
        let who = self.who();
        let message = format!("client {client:?} is another than {who}: say {who}, or {who}.SOMETHING");
        Err(status::new(Reason::ForeignClient, message))
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

    fn who(&self) -> &str {
        self.0.reach.identity().map_or("this caller", ClientName::as_str)
    }
}
