//! A task that is waited for: when the wait for it is over, and how it went. Pure: it is told results.

use super::wanted::Wanted;
use crate::{
    cli::{
        Failure,
        exit::code,
        json,
        reason::Reason,
        result_line::{self, first_line},
    },
    pb,
};

/// What a result means for who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// The task goes on.
    Nothing,
    /// The one who told, or its group, is through with it.
    Final,
    /// It has ended for all.
    EndForAll,
}

fn meaning(result: &pb::Result) -> Meaning {
    match result.state() {
        pb::State::Cancelled | pb::State::Expired | pb::State::Gone => Meaning::EndForAll,
        pb::State::Done | pb::State::Dead => Meaning::Final,
        // Said by one who shares with nobody: the log has no state for that.
        pb::State::Unspecified => match result.outcome.map(|_| result.outcome()) {
            Some(pb::Outcome::Unspecified | pb::Outcome::Done | pb::Outcome::Rejected) => Meaning::Final,
            _ => Meaning::Nothing,
        },
        _ => Meaning::Nothing,
    }
}

/// Whether a result says that its group, or who told it, has given the task up. It may have been redriven since.
pub(super) fn is_dead(result: &pb::Result) -> bool {
    result.state() == pb::State::Dead
}

/// A task that is waited for.
#[derive(Debug)]
pub(super) struct Awaited {
    /// As it was asked for.
    pub(super) id: String,
    /// The last final result of each group, or of who tells without one.
    finals: Vec<Final>,
    /// How it has ended for all.
    end: Option<pb::State>,
}

/// A final result, and how often its group has failed at it, if that is known.
#[derive(Debug)]
struct Final {
    result: pb::Result,
    failures: Option<u32>,
}

impl Final {
    fn is_done(&self) -> bool {
        !is_dead(&self.result) && self.result.outcome() != pb::Outcome::Rejected
    }

    /// Whether it is this client's own.
    fn is_of(&self, client: &str) -> bool {
        self.result.client == client || self.result.group.strip_prefix('@') == Some(client)
    }

    /// Whose it is, where clients are counted.
    fn client(&self) -> &str {
        let group = &self.result.group;
        match group.strip_prefix('@') {
            Some(client) => client,
            None if self.result.client.is_empty() => group,
            None => &self.result.client,
        }
    }

    /// The exit code that it stands for.
    fn exit_code(&self) -> u8 {
        match (self.result.exit_code, self.is_done()) {
            (None, true) => 0,
            (Some(code), true) => u8::try_from(code).unwrap_or(code::NO),
            // It did not go well, whatever the command said.
            (code, false) => code.and_then(|code| u8::try_from(code).ok()).unwrap_or(0).max(code::NO),
        }
    }
}

impl Awaited {
    pub(super) fn new(id: String) -> Self {
        Awaited { id, finals: Vec::new(), end: None }
    }

    /// Takes a result of this task.
    pub(super) fn take(&mut self, result: &pb::Result, failures: Option<u32>) {
        match meaning(result) {
            Meaning::Nothing => {}
            Meaning::EndForAll => self.end = Some(result.state()),
            Meaning::Final => {
                // The texts may be long, and of the answer one line is shown.
                let ret = first_line(&result.ret).chars().take(200).collect();
                let result = pb::Result { ret, stderr: String::new(), ..result.clone() };
                let is_same = |old: &Final| {
                    old.result.group == result.group
                        && (!result.group.is_empty() || old.result.client == result.client)
                };
                // One who was late may have done what was dead.
                self.finals.retain(|old| !is_same(old));
                self.finals.push(Final { result, failures });
            }
        }
    }

    /// Whether the wait is over.
    pub(super) fn is_over(&self, wanted: &Wanted) -> bool {
        self.end.is_some() || self.has_all(wanted)
    }

    fn has_all(&self, wanted: &Wanted) -> bool {
        match wanted {
            Wanted::Anybody => !self.finals.is_empty(),
            Wanted::Each(clients) => clients.iter().all(|client| self.of(client).is_some()),
            Wanted::Number(number) => self.by_client().len() >= *number,
        }
    }

    fn of(&self, client: &str) -> Option<&Final> {
        self.finals.iter().rfind(|one| one.is_of(client))
    }

    /// One for each client, the one that came first first.
    fn by_client(&self) -> Vec<&Final> {
        let mut all: Vec<&Final> = Vec::new();
        for one in &self.finals {
            if all.iter().all(|before| before.client() != one.client()) {
                all.push(one);
            }
        }
        all
    }

    /// The results that count, in the order asked for; `None`: there is none of this client.
    fn counted(&self, wanted: &Wanted) -> Vec<Option<&Final>> {
        match wanted {
            Wanted::Anybody => vec![self.finals.first()],
            Wanted::Each(clients) => clients.iter().map(|client| self.of(client)).collect(),
            Wanted::Number(number) => {
                let all = self.by_client();
                (0..*number).map(|i| all.get(i).copied()).collect()
            }
        }
    }

    /// The exit code: the first that is not 0, and 1 for an end without a result.
    pub(super) fn exit_code(&self, wanted: &Wanted) -> u8 {
        let codes = self.counted(wanted).into_iter().map(|one| one.map_or(code::NO, Final::exit_code));
        codes.into_iter().find(|code| *code != 0).unwrap_or(0)
    }

    /// What did not go well; none if all did.
    pub(super) fn failures(&self, wanted: &Wanted) -> Vec<Failure> {
        let counted = self.counted(wanted);
        let bad = counted.iter().flatten().filter(|one| !one.is_done());
        let mut failures: Vec<Failure> = bad.map(|one| self.given_up(one)).collect();
        if let (Some(end), false) = (self.end, self.has_all(wanted)) {
            failures.push(self.ended_for_all(end, wanted));
        }
        failures
    }

    fn given_up(&self, one: &Final) -> Failure {
        let (id, result) = (&self.id, &one.result);
        let by = if result.client.is_empty() { String::new() } else { format!(" by {}", result.client) };
        let group =
            if result.group.is_empty() { String::new() } else { format!(" in group {:?}", result.group) };
        if result.outcome() == pb::Outcome::Rejected {
            let said = said(result).map(|said| format!(": {said}")).unwrap_or_default();
            return Failure::new(
                code::NO,
                Reason::Rejected,
                format!("task {id} was rejected{by}{group}{said}"),
            );
        }
        let count = one.failures.map(|failures| format!(" ({failures})")).unwrap_or_default();
        let last = said(result).unwrap_or_else(|| "failed".to_owned());
        let message = format!("task {id} is dead{group}: out of failures{count}, the last one{by}: {last}");
        Failure::new(code::NO, Reason::Dead, message)
    }

    fn ended_for_all(&self, end: pb::State, wanted: &Wanted) -> Failure {
        let id = &self.id;
        let missing: Vec<&str> = match wanted {
            Wanted::Each(clients) => {
                clients.iter().map(String::as_str).filter(|client| self.of(client).is_none()).collect()
            }
            _ => Vec::new(),
        };
        let missing = match (&missing[..], wanted) {
            (_, Wanted::Number(number)) => {
                format!(" before {number} clients had answered: {} had", self.by_client().len())
            }
            ([], _) => String::new(),
            (missing, _) => format!(" before {} had answered", missing.join(", ")),
        };
        let (reason, what) = match end {
            pb::State::Cancelled => (Reason::Cancelled, format!("was cancelled{missing}")),
            pb::State::Expired => (Reason::Expired, format!("has expired{missing}")),
            _ => (Reason::Gone, format!("is gone, by a purge or its age{missing}")),
        };
        Failure::new(code::NO, reason, format!("task {id} {what}"))
    }
}

/// What was said of a failure, or how the attempt ended.
fn said(result: &pb::Result) -> Option<String> {
    let ret = first_line(&result.ret);
    let ret = (!ret.is_empty()).then(|| format!("\"{}\"", json::escape(ret)));
    match (result.exit_code, ret) {
        (Some(code), Some(ret)) => Some(format!("exit code {code}, {ret}")),
        (Some(code), None) => Some(format!("exit code {code}")),
        (None, Some(ret)) => Some(ret),
        (None, None) => match result.end() {
            pb::End::Lost | pb::End::LostTogether => Some("its worker was lost".to_owned()),
            pb::End::Overheld => Some("it was held for too long".to_owned()),
            pb::End::Unspecified => None,
            _ => Some(result_line::end(result)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(group: &str, client: &str, state: pb::State, outcome: Option<pb::Outcome>) -> pb::Result {
        pb::Result {
            group: group.into(),
            client: client.into(),
            state: state.into(),
            outcome: outcome.map(Into::into),
            ..pb::Result::default()
        }
    }

    fn done(group: &str, client: &str) -> pb::Result {
        result(group, client, pb::State::Done, Some(pb::Outcome::Done))
    }

    fn after(results: &[pb::Result]) -> Awaited {
        let mut task = Awaited::new("17".into());
        for result in results {
            task.take(result, None);
        }
        task
    }

    fn said_of(task: &Awaited, wanted: &Wanted) -> Vec<(String, String)> {
        task.failures(wanted).into_iter().map(|failure| (failure.reason, failure.message)).collect()
    }

    #[test]
    fn an_attempt_that_is_followed_by_another_is_waited_on() {
        use pb::{Outcome, State};
        let failed = result("ci", "w1", State::Waiting, Some(Outcome::Failed));
        let released = result("ci", "w1", State::Ready, Some(Outcome::Released));
        let working = result("ci", "w1", State::Leased, Some(Outcome::Working));
        let received = result("@w2", "w2", State::Unspecified, Some(Outcome::Received));
        let lost = pb::Result { end: pb::End::Lost.into(), ..result("ci", "", State::Waiting, None) };
        let mut task = after(&[failed, released, working, received, lost]);
        assert!(!task.is_over(&Wanted::Anybody));
        task.take(&done("ci", "w1"), None);
        assert!(task.is_over(&Wanted::Anybody));
        assert_eq!((task.exit_code(&Wanted::Anybody), said_of(&task, &Wanted::Anybody)), (0, vec![]));
    }

    #[test]
    fn each_client_answers_for_itself() {
        let each = Wanted::Each(vec!["a".into(), "b".into(), "c".into()]);
        let mut task = after(&[done("@a", "a"), done("ci", "b"), done("ci", "x")]);
        // A group has one final result: that of the last who told.
        assert!(
            !task.is_over(&each) && !task.is_over(&Wanted::Number(3)) && task.is_over(&Wanted::Number(2))
        );
        let noted = |client: &str| result("", client, pb::State::Unspecified, Some(pb::Outcome::Done));
        task.take(&noted("b"), None);
        task.take(&noted("b"), None);
        assert!(!task.is_over(&each) && task.is_over(&Wanted::Number(3)));
        // By whatever name: its group has ended without a word of it.
        let lost = pb::Result { end: pb::End::Lost.into(), ..result("@c", "", pb::State::Dead, None) };
        task.take(&lost, Some(5));
        assert!(task.is_over(&each));
        let expected =
            "task 17 is dead in group \"@c\": out of failures (5), the last one: its worker was lost";
        assert_eq!(said_of(&task, &each), [("dead".to_owned(), expected.to_owned())]);
        assert_eq!((task.exit_code(&each), task.exit_code(&Wanted::Number(3))), (1, 0));
        // It was not: it has told, late.
        task.take(&pb::Result { late: true, ..done("@c", "c") }, None);
        assert_eq!((task.exit_code(&each), said_of(&task, &each)), (0, vec![]));
    }

    #[test]
    fn the_end_for_all_ends_the_wait_and_says_who_is_missing() {
        let cancelled = result("", "", pb::State::Cancelled, None);
        let each = Wanted::Each(vec!["a".into(), "b".into()]);
        for (wanted, expected) in [
            (&Wanted::Anybody, "task 17 was cancelled"),
            (&each, "task 17 was cancelled before a, b had answered"),
            (&Wanted::Number(2), "task 17 was cancelled before 2 clients had answered: 0 had"),
        ] {
            let task = after(std::slice::from_ref(&cancelled));
            assert!(task.is_over(wanted));
            assert_eq!(said_of(&task, wanted), [("cancelled".to_owned(), expected.to_owned())]);
            assert_eq!(task.exit_code(wanted), 1);
        }
        // Those that have answered have answered.
        let task = after(&[done("@a", "a"), cancelled]);
        assert_eq!(said_of(&task, &Wanted::Anybody), []);
        assert_eq!(said_of(&task, &each)[0].1, "task 17 was cancelled before b had answered");
        assert_eq!(said_of(&after(&[result("", "", pb::State::Expired, None)]), &each)[0].0, "expired");
        assert_eq!(said_of(&after(&[result("", "", pb::State::Gone, None)]), &each)[0].0, "gone");
    }

    #[test]
    fn exit_codes() {
        use pb::{Outcome, State};
        let with = |code, state, outcome| {
            let task = after(&[pb::Result { exit_code: code, ..result("ci", "w1", state, Some(outcome)) }]);
            task.exit_code(&Wanted::Anybody)
        };
        for (code, expected) in
            [(None, 0), (Some(0), 0), (Some(7), 7), (Some(255), 255), (Some(256), 1), (Some(-1), 1)]
        {
            assert_eq!(with(code, State::Done, Outcome::Done), expected, "{code:?}");
        }
        for (code, expected) in [(None, 1), (Some(0), 1), (Some(65), 65), (Some(-1), 1)] {
            assert_eq!(with(code, State::Dead, Outcome::Rejected), expected, "{code:?}");
        }
        let each = Wanted::Each(vec!["b".into(), "a".into()]);
        let coded = |code, group, client| pb::Result { exit_code: Some(code), ..done(group, client) };
        assert_eq!(after(&[coded(3, "@a", "a"), coded(4, "@b", "b")]).exit_code(&each), 4);
        assert_eq!(after(&[coded(3, "@a", "a"), coded(0, "@b", "b")]).exit_code(&each), 3);
        assert_eq!(after(&[coded(0, "@b", "b")]).exit_code(&each), 1);
    }

    #[test]
    fn why_it_is_dead() {
        use pb::{Outcome, State};
        let mut failed = result("ci", "w1", State::Dead, Some(Outcome::Failed));
        let said = |result: &pb::Result| said_of(&after(std::slice::from_ref(result)), &Wanted::Anybody);
        let start = "task 17 is dead in group \"ci\": out of failures, the last one by w1: ";
        assert_eq!(said(&failed), [("dead".to_owned(), format!("{start}failed"))]);
        failed.ret = "no room\nmore".into();
        assert_eq!(said(&failed)[0].1, format!("{start}\"no room\""));
        failed.exit_code = Some(3);
        assert_eq!(said(&failed)[0].1, format!("{start}exit code 3, \"no room\""));
        failed.outcome = Some(Outcome::Rejected.into());
        let expected = "task 17 was rejected by w1 in group \"ci\": exit code 3, \"no room\"";
        assert_eq!(said(&failed), [("rejected".to_owned(), expected.to_owned())]);
    }
}
