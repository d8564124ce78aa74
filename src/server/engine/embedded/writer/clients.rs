//! What of presence passes through the writer: clients are written down a little at a time, and the machine says
//! what they hold.

use std::time::{Duration, Instant};

use super::Writer;
use crate::{
    name::ClientName,
    server::engine::{embedded::store::StoreError, groups::Instance},
};

/// Clients that have changed are written down as often as this: a crash loses what is younger.
const CLIENTS_EVERY: Duration = Duration::from_secs(10);

/// And while there are more of them than go into one step: whoever changes names all the time slows nobody down.
const MORE_CLIENTS_EVERY: Duration = Duration::from_millis(200);

impl Writer {
    /// A process that attends says whose it is.
    pub(super) fn name(&mut self, instance: Instance, client: Box<str>) {
        if let Some((known, _)) = self.attending.get_mut(&instance) {
            *known = Some(client.clone());
            self.machine.rename(instance, client);
        }
    }

    /// How many tasks a process holds.
    pub(in super::super) fn held_by(&self, instance: Instance) -> u64 {
        self.machine.held_by(instance)
    }

    /// How many tasks the processes of a client hold, also those that are away.
    pub(in super::super) fn held_of(&self, client: &ClientName) -> u64 {
        self.machine.held_of(client.as_str())
    }

    /// Writes down some of the clients that have changed, and says when to go on.
    pub(super) fn write_clients(&mut self) -> Result<(), String> {
        let more = self.write_some_clients()?;
        let every = CLIENTS_EVERY.min(self.upkeep_every);
        let pause = if more { MORE_CLIENTS_EVERY.min(every) } else { every };
        self.next_clients = self.next_clients.map(|_| Instant::now() + pause);
        Ok(())
    }

    /// Writes down all that has changed, and who is there as seen now: every stream ends with the server.
    pub(super) fn write_all_clients(&mut self) -> Result<(), String> {
        self.shared.presence.all_leave();
        while self.next_clients.is_some() && self.write_some_clients()? {}
        Ok(())
    }

    /// True if there is more to do.
    fn write_some_clients(&mut self) -> Result<bool, String> {
        let changed = self.shared.presence.take_changed();
        if changed.is_empty() {
            return Ok(false);
        }
        match self.store.write_clients(&changed.rows, &changed.gone) {
            Ok(()) => {
                self.shared.presence.wrote(&changed);
                return Ok(changed.is_full());
            }
            // Others say that there is no room.
            Err(StoreError::Full(why)) => tracing::debug!("clients are written down later: {why}"),
            // It is no promise, and where the tasks are is another place.
            Err(StoreError::Damaged(why)) => {
                tracing::error!("what is known of clients is not written down any more: {why}");
                self.next_clients = None;
            }
            Err(StoreError::Failed(why)) => return Err(why),
        }
        self.shared.presence.put_back(changed);
        Ok(false)
    }
}
