//! A task that is handed in, and the answer to it.

use std::fmt::Write;

use tonic::Status;

use super::{milliseconds_in, queue_name, timestamp};
use crate::{
    name::{self, DEFAULT_QUEUE, OwnId, QueueName},
    pb,
    server::{
        access::Caller,
        engine::{Accepted, NewTask, RetryKey, groups::Instance},
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

/// Judges the tasks that a caller sends together. Most come from the process that the one before came from, and go
/// where that went: what is known of these is not looked up again.
pub(in crate::server) struct Tasks<'a> {
    caller: &'a Caller,
    queue: Option<QueueName>,
    /// As it was named, and as it is known.
    instance: Option<(Instance, Instance)>,
}

impl<'a> Tasks<'a> {
    /// Of this caller.
    pub(in crate::server) fn of(caller: &'a Caller) -> Self {
        Tasks { caller, queue: None, instance: None }
    }

    /// Judges the next one.
    pub(in crate::server) fn judge(&mut self, task: pb::NewTask) -> Result<NewTask, Status> {
        check_task(&task.task)?;
        name::check_labels(&task.labels).map_err(|e| status::field(Reason::BadLabel, "labels", e))?;
        let retry_key = task.retry_key.map(|key| self.retry_key(&key)).transpose()?;
        let delay_ms = milliseconds_in(0..=DELAY_MS_MAX, Reason::BadDelay, "delay_ms", task.delay_ms)?;
        Ok(NewTask {
            queue: self.queue(&task.queue)?,
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
                ms => Some(milliseconds_in(
                    delay_ms + 1..=EXPIRES_MS_MAX,
                    Reason::BadExpires,
                    "expires_ms",
                    ms,
                )?),
            },
            task: task.task,
        })
    }

    fn queue(&mut self, name: &str) -> Result<QueueName, Status> {
        let named = if name.is_empty() { DEFAULT_QUEUE } else { name };
        if let Some(last) = self.queue.as_ref().filter(|last| last.as_str() == named) {
            return Ok(last.clone());
        }
        let queue = self.caller.queue(queue_name("queue", name)?)?;
        Ok(self.queue.insert(queue).clone())
    }

    fn retry_key(&mut self, key: &pb::RetryKey) -> Result<RetryKey, Status> {
        let named = Instance::try_from(&key.instance[..]).map_err(|_| {
            let field = "retry_key.instance";
            status::field(Reason::BadRetryKey, field, format!("{field} must be 16 bytes"))
        })?;
        let instance = match self.instance {
            Some((last, known)) if last == named => known,
            _ => self.instance.insert((named, self.caller.instance(named))).1,
        };
        Ok(RetryKey { instance, n: key.n })
    }
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

/// Puts the answer to a task in the place of another one: the texts of most are short, and their room is used again.
pub(in crate::server) fn submitted(
    answer: &mut pb::Submitted,
    accepted: &Accepted,
    id: Option<&OwnId>,
    queue: &QueueName,
) {
    answer.id.clear();
    // A string takes whatever it is given.
    let _ = match (id, accepted.delayed) {
        (Some(id), _) => answer.id.write_str(id.as_str()),
        // It has no seq yet, and must not change its name when it gets one.
        (None, Some((number, _))) => write!(answer.id, "{number}d"),
        (None, None) => write!(answer.id, "{}", accepted.seq),
    };
    if answer.queue != queue.as_str() {
        queue.as_str().clone_into(&mut answer.queue);
    }
    answer.seq = accepted.seq;
    answer.duplicate = accepted.duplicate;
    answer.refusal = None;
    answer.due_at = accepted.delayed.map(|(_, due_ms)| timestamp(due_ms));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(delay_ms: u64, expires_ms: u64) -> Result<NewTask, Status> {
        let task = pb::NewTask { task: "x".into(), delay_ms, expires_ms, ..pb::NewTask::default() };
        Tasks::of(&Caller::anybody(String::new())).judge(task)
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
    fn each_task_goes_where_it_says_wherever_the_one_before_went() {
        let anybody = Caller::anybody(String::new());
        let mut tasks = Tasks::of(&anybody);
        let mut queue_of = |queue: &str| {
            let task = pb::NewTask { task: "x".into(), queue: queue.into(), ..pb::NewTask::default() };
            tasks.judge(task).map(|task| task.queue.to_string())
        };
        for (named, queue) in
            [("", "default"), ("default", "default"), ("a", "a"), ("", "default"), ("a", "a")]
        {
            assert_eq!(queue_of(named).unwrap(), queue);
        }
        assert!(queue_of("two words").is_err());
        assert_eq!(queue_of("a").unwrap(), "a");
    }

    #[test]
    fn a_delayed_task_is_named_by_its_number_unless_it_has_a_name() {
        let queue = QueueName::parse("q").unwrap();
        // What an answer says of one task it does not say of the next.
        let mut answer = pb::Submitted::default();
        let mut submitted = |accepted: &Accepted, id: Option<&OwnId>| {
            super::submitted(&mut answer, accepted, id, &queue);
            answer.clone()
        };
        let delayed = Accepted { seq: 0, delayed: Some((17, 61_500)), duplicate: false };
        let answer = submitted(&delayed, None);
        assert_eq!((&answer.id[..], &answer.queue[..], answer.seq), ("17d", "q", 0));
        assert_eq!(answer.due_at.unwrap().to_string(), "1970-01-01T00:01:01.500Z");
        let own = OwnId::parse("mine").unwrap();
        assert_eq!(submitted(&delayed, Some(&own)).id, "mine");
        let accepted = Accepted { seq: 9, delayed: None, duplicate: true };
        let answer = submitted(&accepted, None);
        assert_eq!((&answer.id[..], answer.duplicate, answer.due_at), ("9", true, None));
    }
}
