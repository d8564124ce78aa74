//! Who is missing, when nothing comes: a wait for somebody who is not there looks like one for somebody who is
//! slow.

use std::{cell::Cell, collections::HashSet, convert::Infallible, rc::Rc, time::Duration};

use super::wanted::Wanted;
use crate::{
    cli::{
        Context,
        caller::{Caller, Client},
        clients,
    },
    pb,
};

/// So long nothing has come.
const MOMENT: Duration = Duration::from_secs(2);
/// Tasks that are looked at.
pub(super) const TASKS_MAX: usize = 8;

/// Says who is missing if nothing has come for a moment; once. It never ends: it goes on beside the wait.
pub(super) async fn say(
    context: &Context,
    ids: Vec<String>,
    wanted: Wanted,
    has_come: Rc<Cell<bool>>,
) -> Infallible {
    tokio::time::sleep(MOMENT).await;
    let mut looking = Looking { caller: Caller::new(context) };
    if !has_come.get() {
        // A server that cannot say who is there says nothing.
        let missing = match &wanted {
            Wanted::Each(clients) => looking.clients(clients).await,
            Wanted::Anybody | Wanted::Number(_) => looking.queues(&ids).await.unwrap_or_default(),
        };
        for message in missing {
            if !has_come.get() {
                context.errors.notice("nobody", &message);
            }
        }
    }
    std::future::pending().await
}

struct Looking<'a> {
    caller: Caller<'a>,
}

impl Looking<'_> {
    /// Those of the clients that are not there.
    async fn clients(&mut self, names: &[String]) -> Vec<String> {
        let mut missing = Vec::new();
        for name in names {
            match clients::one(&mut self.caller, name).await {
                Ok(Some(client)) if client.up => {}
                Ok(client) => missing.push(format!("{name} {}", clients::seen(client.as_ref()))),
                Err(_) => break,
            }
        }
        missing
    }

    /// Those of the tasks' queues that nobody takes tasks from.
    async fn queues(&mut self, ids: &[String]) -> Option<Vec<String>> {
        let (mut missing, mut queues) = (Vec::new(), HashSet::new());
        for id in ids {
            let call = async |mut client: Client, asked| client.explain_task(asked).await;
            let asked = pb::TaskName { id: id.clone() };
            let explained = self.caller.call("explainTask", asked, call).await.ok()?;
            let info = explained.task.unwrap_or_default();
            let queue = info.task.as_ref().map(|task| task.queue.clone()).unwrap_or_default();
            let is_due = info.state() == pb::State::Unspecified;
            if is_due && queues.insert(queue.clone()) {
                missing.extend(self.queue(&queue, &explained.groups).await);
            }
        }
        Some(missing)
    }

    async fn queue(&mut self, queue: &str, groups: &[pb::InGroup]) -> Option<String> {
        if groups.iter().any(|group| group.members > 0) {
            return None;
        }
        let Some(name) = queue.strip_prefix('@') else {
            return Some(match groups.len() {
                0 => format!("nobody takes tasks of queue {queue:?}: no group shares it"),
                1 => format!("nobody takes tasks of queue {queue:?}: its group has no member now"),
                n => {
                    format!("nobody takes tasks of queue {queue:?}: none of its {n} groups has a member now")
                }
            });
        };
        let client = clients::one(&mut self.caller, name).await.ok()?;
        let watches = client.iter().flat_map(|client| &client.instances).flat_map(|one| &one.watches);
        // Without a group one may answer too.
        if watches.into_iter().any(|watch| watch.queue == queue) {
            return None;
        }
        Some(format!("nobody watches queue {queue:?}; {name} {}", clients::seen(client.as_ref())))
    }
}
