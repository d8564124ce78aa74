//! `explainTask`: where a task stands in each group, and why it is there and has not been handed out. The
//! engine has the facts; this makes words of them, stable ones for programs and a sentence for people.

use tonic::Status;

use super::{
    call::Call,
    convert,
    engine::groups::{End, InGroup, State},
    reason::Reason,
    status,
};
use crate::{name::TaskId, pb};

/// An answer must not carry a megabyte of somebody's mistake.
const ID_CHARS_SHOWN: usize = 80;

pub(super) async fn answer(call: &Call, asked: pb::TaskName) -> Result<pb::Explained, Status> {
    let explained = match TaskId::parse(&asked.id) {
        Some(id) => call.engine.explain(id).await.map_err(status::from_engine)?,
        None => None,
    };
    let Some(explained) = explained else {
        let id: String = asked.id.chars().take(ID_CHARS_SHOWN).collect();
        return Err(status::new(Reason::NoTask, format!("there is no task {id:?}")));
    };
    Ok(pb::Explained {
        task: Some(convert::task(explained.task)?),
        groups: explained.groups.into_iter().map(in_group).collect::<Result<_, _>>()?,
    })
}

fn in_group(group: InGroup) -> Result<pb::InGroup, Status> {
    let InGroup { task, paused, members, members_full, before, max_failures } = group;
    let (state, last_end) = (task.state, task.ends.last().copied());
    let mut info = convert::task(task)?;
    if let Some(task) = &mut info.task {
        // Of a thousand groups each would repeat the megabyte that stands in the answer once.
        task.task = String::new();
        task.labels.clear();
    }
    let facts = Facts { info: &info, paused, members, members_full, before, max_failures };
    let why = match state {
        State::Done => vec![("done", facts.done())],
        State::Dead if last_end == Some(End::Rejected) => vec![("rejected", facts.rejected())],
        State::Dead => vec![("failures", facts.failures())],
        State::Cancelled => vec![("cancelled", "it was cancelled".to_owned())],
        State::Gone => vec![("gone", "it was purged, or is past the retention".to_owned())],
        State::Expired => vec![("expired", "its time was over before it was done".to_owned())],
        State::Leased => vec![("leased", facts.leased())],
        State::Ready | State::Waiting | State::Delayed | State::Logged => facts.pending(state),
    };
    let because = match &why[..] {
        [] => "nothing is in its way: it is next".to_owned(),
        why => why.iter().map(|(_, because)| &because[..]).collect::<Vec<_>>().join("; "),
    };
    let reasons = why.iter().map(|(reason, _)| (*reason).to_owned()).collect();
    Ok(pb::InGroup { task: Some(info), reasons, because, members, members_full, before })
}

struct Facts<'a> {
    info: &'a pb::TaskInfo,
    paused: bool,
    members: u64,
    members_full: u64,
    before: u64,
    max_failures: u32,
}

impl Facts<'_> {
    /// Why it is in nobody's hands, the most important first.
    fn pending(&self, state: State) -> Vec<(&'static str, String)> {
        let mut why = Vec::new();
        if self.paused {
            why.push(("paused", "the group is paused".to_owned()));
        }
        if self.members == 0 {
            why.push(("no_members", "nobody takes tasks of this group now".to_owned()));
        } else if self.members_full >= self.members {
            why.push(("credit_full", format!("{} may hold no more", all_of(self.members))));
        }
        if self.info.suspect {
            let suspect = "it may have killed its worker: it goes alone to a member that holds nothing";
            why.push(("suspect", suspect.to_owned()));
        }
        if state == State::Waiting || state == State::Delayed {
            why.push(("waiting", self.waiting(state)));
        }
        if self.before > 0 {
            why.push(("behind", format!("{} before it", tasks(self.before))));
        }
        why
    }

    fn waiting(&self, state: State) -> String {
        let until = self.info.until.map_or_else(|| "its time".to_owned(), |until| until.to_string());
        match state {
            State::Waiting => {
                let (attempts, failures) = (counted(self.attempt(), "attempt"), self.info.failures);
                format!("it waits until {until}, after {attempts} of which {failures} counted as failed")
            }
            _ => format!("it waits until {until}"),
        }
    }

    fn leased(&self) -> String {
        let holder = match &self.info.holder[..] {
            "" => "a worker without a name",
            holder => holder,
        };
        let since = self.info.since.map(|since| format!(" since {since}")).unwrap_or_default();
        let until = self.info.until.map(|until| format!(", until {until} at least")).unwrap_or_default();
        format!("held by {holder}{since}{until}, attempt {}", self.attempt())
    }

    fn done(&self) -> String {
        format!("done, after {}", counted(self.attempt(), "attempt"))
    }

    fn failures(&self) -> String {
        let limit = match self.max_failures {
            0 => String::new(),
            max => format!(" of at most {max}"),
        };
        format!("dead after {}{limit}{}", counted(self.info.failures, "failure"), self.said())
    }

    fn rejected(&self) -> String {
        match &self.info.said[..] {
            "" => "rejected by its worker".to_owned(),
            _ => format!("rejected{}", self.said()),
        }
    }

    fn said(&self) -> String {
        match &self.info.said[..] {
            "" => String::new(),
            said => format!(": its worker said {said:?}"),
        }
    }

    fn attempt(&self) -> u32 {
        self.info.task.as_ref().map_or(0, |task| task.attempt)
    }
}

fn tasks(n: u64) -> String {
    match n {
        1 => "1 task is".to_owned(),
        n => format!("{n} tasks are"),
    }
}

fn counted(n: u32, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}

fn all_of(members: u64) -> String {
    match members {
        1 => "the only member".to_owned(),
        n => format!("all {n} members"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::engine::groups::TaskView;

    fn view(state: State) -> TaskView {
        TaskView {
            frame: vec![0; 5].into(),
            group: None,
            state,
            attempt: 2,
            failures: 2,
            ends: vec![End::Lost, End::Failed],
            suspect: false,
            holder: None,
            since_ms: None,
            until_ms: None,
            said: String::new(),
        }
    }

    fn ready() -> InGroup {
        InGroup {
            task: view(State::Ready),
            paused: false,
            members: 1,
            members_full: 0,
            before: 0,
            max_failures: 5,
        }
    }

    fn explain(group: InGroup) -> (Vec<String>, String) {
        let explained = in_group(group).unwrap();
        (explained.reasons, explained.because)
    }

    #[test]
    fn a_task_that_is_next_has_no_reasons() {
        assert_eq!(explain(ready()), (vec![], "nothing is in its way: it is next".into()));
    }

    #[test]
    fn a_task_in_nobodys_hands_has_every_reason_the_most_important_first() {
        let task = TaskView { suspect: true, until_ms: Some(0), ..view(State::Waiting) };
        let (reasons, because) = explain(InGroup { task, paused: true, members: 0, before: 3, ..ready() });
        assert_eq!(reasons, ["paused", "no_members", "suspect", "waiting", "behind"]);
        assert_eq!(
            because,
            "the group is paused; nobody takes tasks of this group now; it may have killed its worker: it \
             goes alone to a member that holds nothing; it waits until 1970-01-01T00:00:00Z, after 2 attempts \
             of which 2 counted as failed; 3 tasks are before it"
        );
        let (reasons, because) = explain(InGroup { members: 3, members_full: 3, before: 1, ..ready() });
        assert_eq!(reasons, ["credit_full", "behind"]);
        assert_eq!(because, "all 3 members may hold no more; 1 task is before it");
    }

    #[test]
    fn a_task_that_is_held_or_ended_has_one_reason() {
        let one = |task: TaskView| {
            let (reasons, because) = explain(InGroup { task, paused: true, ..ready() });
            assert_eq!(reasons.len(), 1, "{reasons:?}");
            (reasons[0].clone(), because)
        };
        let pair = |reason: &str, because: &str| (reason.to_owned(), because.to_owned());
        let held = TaskView { since_ms: Some(1000), until_ms: Some(2000), ..view(State::Leased) };
        let until = "since 1970-01-01T00:00:01Z, until 1970-01-01T00:00:02Z at least, attempt 2";
        assert_eq!(one(held), pair("leased", &format!("held by a worker without a name {until}")));
        assert_eq!(one(view(State::Done)), pair("done", "done, after 2 attempts"));
        let dead = TaskView { said: "no \"room\"".into(), ..view(State::Dead) };
        let because = "dead after 2 failures of at most 5: its worker said \"no \\\"room\\\"\"";
        assert_eq!(one(dead.clone()), pair("failures", because));
        let rejected = TaskView { ends: vec![End::Rejected], said: String::new(), ..dead };
        assert_eq!(one(rejected), pair("rejected", "rejected by its worker"));
        assert_eq!(one(view(State::Cancelled)).0, "cancelled");
        assert_eq!(one(view(State::Expired)).0, "expired");
    }
}
