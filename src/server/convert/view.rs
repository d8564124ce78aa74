//! What can be seen of queues, groups and tasks, as messages.

use prost::Message;
use tonic::Status;

use super::timestamp;
use crate::{
    pb,
    server::{
        engine::groups::{End, GroupView, QueueView, State, TaskView},
        reason::Reason,
        status,
    },
};

/// What stands before the message in a gRPC frame: a flag, and the length in four bytes.
const HEADER_BYTES: usize = 5;

/// A queue and its counts.
pub(in crate::server) fn queue(view: QueueView) -> pb::Queue {
    pb::Queue {
        queue: view.queue.to_string(),
        tasks: view.tasks,
        first_seq: view.first_seq,
        last_seq: view.last_seq,
        delayed: view.delayed,
        trimmed: view.trimmed,
        groups: view.groups,
        oldest_at: view.oldest_at_ms.map(timestamp),
    }
}

/// A group, its counts and its settings.
pub(in crate::server) fn group(view: GroupView) -> pb::Group {
    pb::Group {
        queue: view.queue.to_string(),
        group: view.group.to_string(),
        members: view.members,
        ready: view.ready,
        leased: view.leased,
        waiting: view.waiting,
        dead: view.dead,
        done: view.done,
        lag: view.ready + view.leased + view.waiting,
        trimmed_unsettled: view.trimmed_unsettled,
        suspects: view.suspects,
        next_seq: view.next_seq,
        oldest_at: view.oldest_at_ms.map(timestamp),
        paused: view.settings.paused,
        max_failures: view.settings.max_failures,
        backoff_ms: view.settings.backoff_ms,
        backoff_max_ms: view.settings.backoff_max_ms,
        lease_ms: view.settings.lease_ms,
    }
}

/// A task, and where it stands.
pub(in crate::server) fn task(view: TaskView) -> Result<pb::TaskInfo, Status> {
    let message = view.frame.get(HEADER_BYTES..).unwrap_or_default();
    let mut task = pb::ServerMsg::decode(message)
        .map_err(|e| status::new(Reason::StoreDamaged, format!("a task is damaged: {e}")))?;
    task.group = view.group.map(|group| group.to_string()).unwrap_or_default();
    task.attempt = view.attempt;
    Ok(pb::TaskInfo {
        task: Some(task),
        state: state_of(view.state).into(),
        failures: view.failures,
        ends: view.ends.into_iter().map(|end| end_of(end).into()).collect(),
        suspect: view.suspect,
        holder: view.holder.map(|holder| holder.to_string()).unwrap_or_default(),
        since: view.since_ms.map(timestamp),
        until: view.until_ms.map(timestamp),
        said: view.said,
    })
}

/// Judges a state that is asked for. `None`: any.
pub(in crate::server) fn state(number: i32) -> Result<Option<State>, Status> {
    Ok(Some(match pb::State::try_from(number) {
        Ok(pb::State::Unspecified) => return Ok(None),
        Ok(pb::State::Delayed) => State::Delayed,
        Ok(pb::State::Ready) => State::Ready,
        Ok(pb::State::Leased) => State::Leased,
        Ok(pb::State::Waiting) => State::Waiting,
        Ok(pb::State::Done) => State::Done,
        Ok(pb::State::Dead) => State::Dead,
        Ok(pb::State::Cancelled) => State::Cancelled,
        Ok(pb::State::Expired) => State::Expired,
        Ok(pb::State::Gone) => State::Gone,
        Err(_) => {
            let message = format!("state is {number}: this server knows those from 0 to 9");
            return Err(status::field(Reason::BadState, "state", message));
        }
    }))
}

pub(super) fn state_of(state: State) -> pb::State {
    match state {
        State::Logged => pb::State::Unspecified,
        State::Delayed => pb::State::Delayed,
        State::Ready => pb::State::Ready,
        State::Leased => pb::State::Leased,
        State::Waiting => pb::State::Waiting,
        State::Done => pb::State::Done,
        State::Dead => pb::State::Dead,
        State::Cancelled => pb::State::Cancelled,
        State::Expired => pb::State::Expired,
        State::Gone => pb::State::Gone,
    }
}

pub(super) fn end_of(end: End) -> pb::End {
    match end {
        End::Done => pb::End::Done,
        End::Failed => pb::End::Failed,
        End::Released => pb::End::Released,
        End::Rejected => pb::End::Rejected,
        End::Lost => pb::End::Lost,
        End::LostTogether => pb::End::LostTogether,
        End::Overheld => pb::End::Overheld,
        End::ServerRestart => pb::End::ServerRestart,
        End::Cancelled => pb::End::Cancelled,
        End::Gone => pb::End::Gone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_comes_back() {
        for number in 1..=9 {
            assert_eq!(i32::from(state_of(state(number).unwrap().unwrap())), number);
        }
        assert_eq!(state(0).unwrap(), None);
        assert!(state(10).unwrap_err().message().contains("state is 10"));
    }

    #[test]
    fn a_task_keeps_what_the_log_has_of_it() {
        let logged = pb::ServerMsg {
            task: "任务:1".into(),
            id: "17".into(),
            queue: "q".into(),
            seq: 17,
            labels: [("k".to_owned(), "v".to_owned())].into(),
            ..pb::ServerMsg::default()
        };
        let mut frame = vec![0; HEADER_BYTES];
        logged.encode(&mut frame).unwrap();
        let view = |frame: Vec<u8>| TaskView {
            frame: frame.into(),
            group: Some(crate::name::GroupName::parse("ci").unwrap()),
            state: State::Dead,
            attempt: 3,
            failures: 2,
            ends: vec![End::Released, End::Failed, End::Lost],
            suspect: false,
            holder: None,
            since_ms: None,
            until_ms: Some(1),
            said: "no room".into(),
        };
        let info = task(view(frame)).unwrap();
        assert_eq!(info.task, Some(pb::ServerMsg { group: "ci".into(), attempt: 3, ..logged }));
        assert_eq!(info.ends, [3, 2, 5]);
        assert_eq!(info.until.unwrap().nanos, 1_000_000);
        assert_eq!(task(view(b"no frame".to_vec())).unwrap_err().code(), tonic::Code::DataLoss);
    }
}
