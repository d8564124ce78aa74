//! `listTasks`: a page of tasks, as the log or a group has them.

use std::collections::HashSet;

use tonic::Status;

use super::{
    call::Call,
    convert,
    engine::groups::{State, TaskFilter},
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
    let in_all_queues = !named.is_empty() || state.is_some_and(is_of_groups);
    let queue = match convert::some_queue(&asked.queue)? {
        None if !in_all_queues => Some(convert::queue_name(DEFAULT_QUEUE)?),
        queue => queue,
    };
    let filter = TaskFilter {
        queue,
        group: convert::some_group(&asked.group)?,
        state,
        ids: named,
        after: asked.after,
        limit: convert::limit(asked.limit),
    };
    let page = call.engine.tasks(filter).await.map_err(status::from_engine)?;
    let unknown: HashSet<TaskId> = page.unknown.into_iter().collect();
    let unknown = ids.into_iter().filter(|(_, id)| id.as_ref().is_none_or(|id| unknown.contains(id)));
    let tasks = page.tasks.into_iter().map(convert::task).collect::<Result<_, _>>()?;
    Ok(pb::Tasks { tasks, next: page.next, unknown: unknown.map(|(id, _)| id).collect() })
}

/// Such a state a task has in a group; the others it has for all.
fn is_of_groups(state: State) -> bool {
    matches!(state, State::Ready | State::Leased | State::Waiting | State::Done | State::Dead)
}
