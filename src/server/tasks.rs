//! `listTasks`: a page of tasks, as the log or a group has them.

use std::collections::HashSet;

use tonic::Status;

use super::{
    call::Call,
    convert,
    engine::groups::{State, TaskFilter},
    reason::Reason,
    status,
};
use crate::{
    name::{DEFAULT_QUEUE, TaskId},
    pb,
};

pub(super) async fn answer(call: &Call, asked: pb::ListTasks) -> Result<pb::Tasks, Status> {
    let state = convert::state(asked.state)?;
    let ids = convert::ids(&asked.ids, convert::PAGE_ITEMS_MAX as usize)?;
    let ids: Vec<(String, Option<TaskId>)> = asked.ids.into_iter().zip(ids).collect();
    let named: Vec<TaskId> = ids.iter().filter_map(|(_, id)| id.clone()).collect();
    if named.is_empty() && !ids.is_empty() {
        // What no task can be named is not the engine's to look for.
        return Ok(pb::Tasks {
            unknown: ids.into_iter().map(|(id, _)| id).collect(),
            ..pb::Tasks::default()
        });
    }
    let group = convert::some_group("group", &asked.group)?;
    if let (Some(state @ (State::Ready | State::Done)), None) = (state, &group) {
        // It is most of the log, and each group has another part of it.
        let state = format!("{state:?}").to_lowercase();
        return Err(status::field(
            Reason::GroupNeeded,
            "group",
            format!("state is {state}: name the group that has them so"),
        ));
    }
    let in_all_queues = !named.is_empty() || state.is_some_and(is_known_at_once);
    let queue = match call.some_queue("queue", &asked.queue)? {
        None if !in_all_queues => Some(call.caller.queue(convert::queue_name("queue", DEFAULT_QUEUE)?)?),
        queue => queue,
    };
    let is_first = asked.after.is_empty();
    let filter = TaskFilter {
        queue,
        group,
        state,
        ids: named,
        after: asked.after,
        limit: convert::limit(asked.limit),
    };
    let page = call.engine.tasks(filter).await.map_err(status::from_engine)?;
    let unknown: HashSet<TaskId> = page.unknown.into_iter().collect();
    let unknown = ids.into_iter().filter(|(_, id)| match id {
        Some(id) => unknown.contains(id),
        // Said on the first page.
        None => is_first,
    });
    let tasks = page.tasks.into_iter().map(convert::task).collect::<Result<_, _>>()?;
    Ok(pb::Tasks { tasks, next: page.next, unknown: unknown.map(|(id, _)| id).collect() })
}

/// Such tasks are found without looking through the log, so they can be asked for of all queues.
fn is_known_at_once(state: State) -> bool {
    matches!(state, State::Delayed | State::Leased | State::Waiting | State::Dead)
}
