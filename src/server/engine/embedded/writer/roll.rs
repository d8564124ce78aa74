//! What the writer knows for the roll-call of a task.

use super::Writer;
use crate::{
    name::{ClientName, QueueName},
    server::engine::{
        embedded::{
            machine::{GroupNo, Seen},
            roll_call::owner,
            store::StoreError,
        },
        groups::State,
    },
};

/// A task in the own group of a client, once the group has got to it or the client has spoken of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Reached {
    pub(in super::super) state: State,
    /// It has been handed out, or the client has said that it has it.
    pub(in super::super) is_received: bool,
}

/// Clients that hold a task just now, and since when; and the own groups of clients in its queue.
pub(in super::super) type RollGroups = (Vec<(ClientName, u64)>, Vec<(ClientName, GroupNo)>);

impl Writer {
    /// Who holds a task, and whose own groups its queue has.
    pub(in super::super) fn roll_groups(&self, name: &QueueName, seq: u64) -> RollGroups {
        let Some((number, _)) = self.queues.get(name) else { return RollGroups::default() };
        let holders = self.machine.holders_of(*number, seq).into_iter();
        let holders = holders.filter_map(|(client, since_ms)| {
            Some((ClientName::parse(&client).ok()?, self.as_server_time(since_ms)))
        });
        let groups = self.machine.groups_of(*number).iter();
        let groups = groups.filter_map(|no| Some((owner(&self.registry.by_no.get(no)?.name)?, *no)));
        (holders.collect(), groups.collect())
    }

    /// A task in a client's own group.
    pub(in super::super) fn reached(
        &mut self,
        no: GroupNo,
        seq: u64,
        expires_ms: u64,
    ) -> Result<Option<Reached>, StoreError> {
        let is_noted = match self.machine.seen(no, seq) {
            None | Some(Seen::Ahead(None)) => return Ok(None),
            Some(Seen::Ahead(Some(_))) => true,
            Some(_) => false,
        };
        let sight = self.sight(no, seq, expires_ms)?;
        Ok(sight.map(|sight| Reached { state: sight.state, is_received: is_noted || sight.attempt > 0 }))
    }
}
