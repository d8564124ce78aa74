//! A task that is handed in, and the answer to it.

use tonic::Status;

use super::{milliseconds_in, queue_name, timestamp};
use crate::{
    name::{self, OwnId, QueueName},
    pb,
    server::{
        access::Caller,
        engine::{Accepted, NewTask, RetryKey},
        reason::Reason,
        status,
    },
    wire::TASK_BYTES_MAX,
};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Longest delay: what is due later than in a year is another machine's to remember.
const DELAY_MS_MAX: u64 = 365 * DAY_MS;
/// Longest life. Beyond it the clock's arithmetic would have to be watched for nothing.
const EXPIRES_MS_MAX: u64 = 10 * DELAY_MS_MAX;

/// Judges a task.
pub(in crate::server) fn new_task(task: pb::NewTask, caller: &Caller) -> Result<NewTask, Status> {
    check_task(&task.task)?;
    name::check_labels(&task.labels).map_err(|e| status::field(Reason::BadLabel, "labels", e))?;
    let retry_key = task
        .retry_key
        .map(|key| {
            let instance = <[u8; 16]>::try_from(&key.instance[..]).map_err(|_| {
                let field = "retry_key.instance";
                status::field(Reason::BadRetryKey, field, format!("{field} must be 16 bytes"))
            })?;
            Ok::<_, Status>(RetryKey { instance: caller.instance(instance), n: key.n })
        })
        .transpose()?;
    let delay_ms = milliseconds_in(0..=DELAY_MS_MAX, Reason::BadDelay, "delay_ms", task.delay_ms)?;
    Ok(NewTask {
        queue: caller.queue(queue_name("queue", &task.queue)?)?,
        id: match &task.id[..] {
            "" => None,
            id => Some(OwnId::parse(id).map_err(|e| status::field(Reason::BadId, "id", e.to_string()))?),
        },
        labels: task.labels,
        retry_key,
        delay_ms,
        expires_ms: match task.expires_ms {
            0 => None,
            // It would have expired before anybody could be handed it.
            ms => Some(milliseconds_in(delay_ms + 1..=EXPIRES_MS_MAX, Reason::BadExpires, "expires_ms", ms)?),
        },
        task: task.task,
    })
}

fn check_task(task: &str) -> Result<(), Status> {
    if task.is_empty() {
        let message = "the task is empty: it needs at least 1 byte";
        return Err(status::field(Reason::EmptyTask, "task", message));
    }
    if task.len() > TASK_BYTES_MAX {
        let message = format!("the task has {} bytes: at most {TASK_BYTES_MAX} are taken", task.len());
        return Err(status::field(Reason::TaskTooLarge, "task", message));
    }
    Ok(())
}

/// The answer to a task.
pub(in crate::server) fn submitted(
    accepted: &Accepted,
    id: Option<&OwnId>,
    queue: &QueueName,
) -> pb::Submitted {
    pb::Submitted {
        id: match (id, accepted.delayed) {
            (Some(id), _) => id.as_str().to_owned(),
            // It has no seq yet, and must not change its name when it gets one.
            (None, Some((number, _))) => format!("{number}d"),
            (None, None) => accepted.seq.to_string(),
        },
        queue: queue.to_string(),
        seq: accepted.seq,
        duplicate: accepted.duplicate,
        refusal: None,
        due_at: accepted.delayed.map(|(_, due_ms)| timestamp(due_ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(delay_ms: u64, expires_ms: u64) -> Result<NewTask, Status> {
        new_task(
            pb::NewTask { task: "x".into(), delay_ms, expires_ms, ..pb::NewTask::default() },
            &Caller::anybody(String::new()),
        )
    }

    #[test]
    fn a_task_waits_a_year_at_most_and_lives_longer_than_it_waits() {
        let taken = judged(DELAY_MS_MAX, DELAY_MS_MAX + 1).unwrap();
        assert_eq!((taken.delay_ms, taken.expires_ms), (DELAY_MS_MAX, Some(DELAY_MS_MAX + 1)));
        assert_eq!(judged(7, 0).unwrap().expires_ms, None);
        for (delay_ms, expires_ms, word) in [
            (DELAY_MS_MAX + 1, 0, "delay_ms"),
            (u64::MAX, 0, "delay_ms"),
            (7, 7, "expires_ms is 7: it must be from 8"),
            (7, 1, "expires_ms"),
            (0, u64::MAX, "expires_ms"),
        ] {
            let refused = judged(delay_ms, expires_ms).unwrap_err();
            assert!(refused.message().contains(word), "{refused:?}");
        }
    }

    #[test]
    fn a_delayed_task_is_named_by_its_number_unless_it_has_a_name() {
        let queue = QueueName::parse("q").unwrap();
        let accepted = Accepted { seq: 0, delayed: Some((17, 61_500)), duplicate: false };
        let answer = submitted(&accepted, None, &queue);
        assert_eq!((&answer.id[..], answer.seq), ("17d", 0));
        assert_eq!(answer.due_at.unwrap().to_string(), "1970-01-01T00:01:01.500Z");
        let own = OwnId::parse("mine").unwrap();
        assert_eq!(submitted(&accepted, Some(&own), &queue).id, "mine");
        let accepted = Accepted { seq: 9, delayed: None, duplicate: true };
        assert_eq!(submitted(&accepted, None, &queue).id, "9");
    }
}
