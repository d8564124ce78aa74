//! What comes over the wire, judged and turned into the engine's words, and back. Behind this file there is
//! no `pb`, and nothing that has not been judged.

use prost_types::Timestamp;
use tonic::Status;

use super::{
    engine::{Accepted, NewTask, Position, RetryKey, Start, Watch},
    status,
};
use crate::{
    name::{self, BadName, ClientName, OwnId, QueueName},
    pb,
    wire::TASK_BYTES_MAX,
};

/// Queues of one watch.
const QUEUES_MAX: usize = 1000;

/// Judges a task.
pub(super) fn new_task(task: pb::NewTask) -> Result<NewTask, Status> {
    check_task(&task.task)?;
    name::check_labels(&task.labels).map_err(|e| status::invalid("bad_label", e))?;
    let retry_key = task
        .retry_key
        .map(|key| {
            let instance = <[u8; 16]>::try_from(&key.instance[..])
                .map_err(|_| status::invalid("bad_retry_key", "retry_key.instance must be 16 bytes"))?;
            Ok::<_, Status>(RetryKey { instance, n: key.n })
        })
        .transpose()?;
    Ok(NewTask {
        queue: QueueName::parse(&task.queue).map_err(bad_name)?,
        id: match &task.id[..] {
            "" => None,
            id => Some(OwnId::parse(id).map_err(|e| status::invalid("bad_id", e.to_string()))?),
        },
        labels: task.labels,
        retry_key,
        delay_ms: task.delay_ms,
        expires_ms: Some(task.expires_ms).filter(|ms| *ms > 0),
        task: task.task,
    })
}

fn check_task(task: &str) -> Result<(), Status> {
    if task.is_empty() {
        return Err(status::invalid("empty_task", "the task is empty: it needs at least 1 byte"));
    }
    if task.len() > TASK_BYTES_MAX {
        let message = format!("the task has {} bytes: at most {TASK_BYTES_MAX} are taken", task.len());
        return Err(status::invalid("task_too_large", message));
    }
    Ok(())
}

/// The answer to a task.
pub(super) fn submitted(accepted: &Accepted, id: Option<&OwnId>, queue: &QueueName) -> pb::Submitted {
    pb::Submitted {
        id: id.map_or_else(|| accepted.seq.to_string(), |id| id.as_str().to_owned()),
        queue: queue.to_string(),
        seq: accepted.seq,
        duplicate: accepted.duplicate,
        refusal: None,
        due_at: None,
    }
}

/// Judges a watch.
pub(super) fn watch(watch: pb::Watch) -> Result<Watch, Status> {
    if !watch.group.is_empty() {
        return Err(status::new(
            tonic::Code::Unimplemented,
            "no_groups",
            "this server has no groups yet: watch without a group to see every task",
        ));
    }
    if watch.queues.len() > QUEUES_MAX {
        let message =
            format!("the watch names {} queues: at most {QUEUES_MAX} are taken", watch.queues.len());
        return Err(status::invalid("bad_watch", message));
    }
    let mut queues = watch.queues.into_iter().map(position).collect::<Result<Vec<_>, _>>()?;
    if queues.is_empty() {
        queues.push(position(pb::Position::default())?);
    }
    for (i, position) in queues.iter().enumerate() {
        if queues[..i].iter().any(|other| other.queue == position.queue) {
            let message = format!("queue {:?} is named twice", position.queue);
            return Err(status::invalid("bad_watch", message));
        }
    }
    Ok(Watch {
        queues,
        store: Some(watch.store).filter(|store| !store.is_empty()),
        until_empty: watch.until_empty,
    })
}

fn position(position: pb::Position) -> Result<Position, Status> {
    use pb::position::Start as Asked;
    let start = match position.start {
        None | Some(Asked::FromNew(false)) => Start::First,
        Some(Asked::FromNew(true)) => Start::New,
        Some(Asked::FromSeq(0)) => return Err(status::invalid("bad_position", "seqs begin at 1")),
        Some(Asked::FromSeq(seq)) => Start::Seq(seq),
        Some(Asked::FromTime(time)) => Start::Time(milliseconds(time)?),
    };
    Ok(Position {
        queue: QueueName::parse(&position.queue).map_err(bad_name)?,
        start,
        until_seq: position.until_seq,
    })
}

fn milliseconds(time: Timestamp) -> Result<u64, Status> {
    let bad = || status::invalid("bad_position", "from_time is no time since 1970");
    let seconds = u64::try_from(time.seconds).map_err(|_| bad())?;
    let nanos = u64::try_from(time.nanos).ok().filter(|n| *n < 1_000_000_000).ok_or_else(bad)?;
    // Up, so that a task submitted before is not shown.
    seconds.checked_mul(1000).and_then(|ms| ms.checked_add(nanos.div_ceil(1_000_000))).ok_or_else(bad)
}

/// Judges a client's name.
pub(super) fn client(name: &str) -> Result<ClientName, Status> {
    ClientName::parse(name).map_err(bad_name)
}

fn bad_name(error: BadName) -> Status {
    status::invalid("bad_name", error.to_string())
}
