//! The roll-call of a task: who has it, who has done it, and who is silent. What clients have said of it is among
//! the results; where it stands in their own groups the writer knows; who should have heard of it at all is known
//! by who watches its queue.

use std::collections::{BTreeMap, BTreeSet};

use super::{Embedded, finder::Finder, lists::Logged, writer::Reached};
use crate::{
    name::{ClientName, GroupName, QueueName, TaskId},
    server::engine::{
        Error,
        frames::Task,
        groups::State,
        results::{Answer, ResultView, RollEntry, Standing},
        words::Word,
    },
};

/// Own groups that the writer looks at in one go: each may have to be read.
const GROUPS_AT_ONCE: usize = 64;
/// What all answers together may have, in bytes; more is cut, each to its share.
const ANSWERS_BYTES: usize = 16 << 20;
/// But no answer to less than this, in bytes.
const ANSWER_BYTES_MIN: usize = 1 << 10;

/// What is known of a client and the task.
#[derive(Debug, Default)]
struct Known {
    /// Since when it holds the task, if it does.
    held_ms: Option<u64>,
    /// The task in its own group.
    own: Option<Reached>,
    /// When it first told something.
    first_ms: Option<u64>,
    last: Option<ResultView>,
}

impl Embedded {
    /// See [`Engine::call_roll`](crate::server::engine::Engine::call_roll).
    pub(super) async fn roll_of(
        &self,
        id: TaskId,
        clients: Vec<ClientName>,
    ) -> Result<Vec<RollEntry>, Error> {
        let mut finder = Finder::new(self.shared.clone());
        let Some((task, logged)) = self.task(&mut finder, &id).await? else {
            return Err(Error::NoTask(vec![id]));
        };
        let asked: BTreeSet<ClientName> = clients.into_iter().collect();
        let mut roll: BTreeMap<ClientName, Known> = match asked.is_empty() {
            false => asked.iter().map(|client| (client.clone(), Known::default())).collect(),
            true => {
                let name = Task::read(&task.frame).map_or("", |task| task.queue);
                let queue = QueueName::parse(name).map_err(|e| Error::Damaged(e.to_string()))?;
                let watchers = self.shared.presence.watchers(&queue);
                watchers.into_iter().map(|client| (client, Known::default())).collect()
            }
        };
        // Of a task that waits for its time nobody can know anything.
        if let Some(logged) = logged {
            for (client, known) in self.known_of(&logged, &asked).await? {
                if asked.is_empty() || asked.contains(&client) {
                    roll.insert(client, known);
                }
            }
        }
        let answer_bytes = (ANSWERS_BYTES / roll.len().max(1)).max(ANSWER_BYTES_MIN);
        Ok(roll.into_iter().map(|(client, known)| self.entry(client, known, answer_bytes)).collect())
    }

    /// What is known of the clients that have had to do with a task; of those asked for, if any are.
    async fn known_of(
        &self,
        (queue, seq, expires_ms): &Logged,
        asked: &BTreeSet<ClientName>,
    ) -> Result<BTreeMap<ClientName, Known>, Error> {
        let (seq, expires_ms) = (*seq, *expires_ms);
        let mut roll: BTreeMap<ClientName, Known> = BTreeMap::new();
        let name = queue.name.clone();
        let (holders, groups) = self.look(move |writer| Ok(Ok(writer.roll_groups(&name, seq)))).await?;
        for (client, since_ms) in holders {
            let held_ms = &mut roll.entry(client).or_default().held_ms;
            *held_ms = Some(held_ms.map_or(since_ms, |other| since_ms.min(other)));
        }
        let groups: Vec<_> =
            groups.into_iter().filter(|(client, _)| asked.is_empty() || asked.contains(client)).collect();
        for some in groups.chunks(GROUPS_AT_ONCE) {
            let some = some.to_vec();
            let reached = self.look(move |writer| {
                let look = |(client, no)| Ok(writer.reached(no, seq, expires_ms)?.map(|it| (client, it)));
                some.into_iter().map(look).collect::<Result<Vec<_>, _>>().map(Ok)
            });
            for (client, reached) in reached.await?.into_iter().flatten() {
                roll.entry(client).or_default().own = Some(reached);
            }
        }
        let take = |mut result: ResultView, count: usize| {
            // There are no more clients than results.
            cut(&mut result.answer, (ANSWERS_BYTES / count).max(ANSWER_BYTES_MIN));
            for client in tellers(&result) {
                let known = roll.entry(client).or_default();
                known.first_ms.get_or_insert(result.at_ms);
                known.last = Some(result.clone());
            }
        };
        self.each_result_of(queue, seq, take).await?;
        Ok(roll)
    }

    fn entry(&self, client: ClientName, known: Known, answer_bytes: usize) -> RollEntry {
        let standing = known.standing(&GroupName::own(&client));
        let seen = self.shared.presence.seen(&client);
        let mut result = known.last;
        if let Some(result) = &mut result {
            cut(&mut result.answer, answer_bytes);
        }
        RollEntry {
            client,
            standing,
            result,
            // Whoever says anything of a task has it.
            received_ms: known.held_ms.into_iter().chain(known.first_ms).min(),
            last_seen_ms: seen.map(|(seen_ms, _)| seen_ms),
            is_up: seen.is_some_and(|(_, is_up)| is_up),
        }
    }
}

impl Known {
    /// Where the client whose own group is named so stands.
    fn standing(&self, own_group: &GroupName) -> Standing {
        let last = self.last.as_ref();
        let said = last.and_then(|last| match (last.word?, last.state) {
            (Word::Done, _) => Some(Standing::Done),
            (Word::Rejected, _) | (Word::Failed, State::Dead) => Some(Standing::Dead),
            (Word::Failed, _) => Some(Standing::Failed),
            (Word::Released | Word::Working | Word::Received, _) => None,
        });
        let is_of_own = last.is_none_or(|last| last.group.as_ref() == Some(own_group));
        if let Some(own) = self.own.as_ref().filter(|_| is_of_own) {
            // Its own group knows what has become of it since.
            return match (own.state, said) {
                (State::Done, _) => Standing::Done,
                (State::Dead, _) => Standing::Dead,
                // It was rejected or dead, and has been redriven.
                (_, Some(Standing::Failed | Standing::Dead)) => Standing::Failed,
                (_, Some(said)) => said,
                (_, None) if own.is_received || last.is_some() || self.held_ms.is_some() => {
                    Standing::Received
                }
                (_, None) => Standing::Silent,
            };
        }
        let has_it =
            last.is_some() || self.held_ms.is_some() || self.own.as_ref().is_some_and(|o| o.is_received);
        said.unwrap_or(if has_it { Standing::Received } else { Standing::Silent })
    }
}

/// Who is heard by a result: who told it, and the client whose own group it is about.
fn tellers(result: &ResultView) -> impl Iterator<Item = ClientName> {
    // That nothing more comes of a task, or that an attempt ended by itself, nobody has told.
    let word = result.word.filter(|_| result.n > 0);
    let owner = result.group.as_ref().and_then(owner);
    let owner = owner.filter(|owner| result.client.as_ref() != Some(owner));
    let tellers = [result.client.clone(), owner];
    tellers.into_iter().filter(move |_| word.is_some()).flatten()
}

/// Whose own group it is.
pub(super) fn owner(group: &GroupName) -> Option<ClientName> {
    group.as_str().strip_prefix('@').and_then(|name| ClientName::parse(name).ok())
}

/// Leaves out the beginning of what is too long.
fn cut(answer: &mut Answer, bytes: usize) {
    answer.ret_cut |= cut_text(&mut answer.ret, bytes);
    answer.stderr_cut |= cut_text(&mut answer.stderr, bytes);
}

fn cut_text(text: &mut String, bytes: usize) -> bool {
    let start = text.ceil_char_boundary(text.len().saturating_sub(bytes));
    text.drain(..start);
    start > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(word: Word, state: State, group: &str) -> Option<ResultView> {
        Some(ResultView {
            n: 1,
            id: "1".into(),
            seq: 1,
            queue: QueueName::parse("q").unwrap(),
            group: GroupName::parse(group).ok(),
            client: ClientName::parse("w1").ok(),
            word: Some(word),
            state,
            end: None,
            attempt: 1,
            late: false,
            answer: Answer::default(),
            at_ms: 1,
        })
    }

    fn own(state: State, is_received: bool) -> Option<Reached> {
        Some(Reached { state, is_received })
    }

    #[test]
    fn the_last_word_says_where_a_client_stands_and_its_own_group_what_came_of_it() {
        let standing = |own, held_ms, last| {
            let known = Known { held_ms, own, first_ms: None, last };
            known.standing(&GroupName::parse("@w1").unwrap())
        };
        use Standing::*;
        let (mine, shared) = ("@w1", "ci");
        assert_eq!(standing(None, None, None), Silent);
        assert_eq!(standing(None, Some(5), None), Received);
        assert_eq!(standing(own(State::Ready, false), None, None), Silent);
        assert_eq!(standing(own(State::Leased, true), Some(5), None), Received);
        assert_eq!(standing(own(State::Cancelled, true), None, None), Received);
        assert_eq!(standing(own(State::Dead, true), None, None), Dead, "lost too often");
        assert_eq!(standing(own(State::Done, true), None, None), Done);
        for (word, state, is) in [
            (Word::Done, State::Done, Done),
            (Word::Failed, State::Waiting, Failed),
            (Word::Failed, State::Dead, Dead),
            (Word::Rejected, State::Dead, Dead),
            (Word::Released, State::Ready, Received),
            (Word::Working, State::Leased, Received),
            (Word::Received, State::Leased, Received),
        ] {
            assert_eq!(standing(own(state, true), None, told(word, state, mine)), is, "{word:?}");
            assert_eq!(standing(None, None, told(word, state, shared)), is, "{word:?} for others");
        }
        // Redriven; and lost for the last time after it had failed.
        assert_eq!(standing(own(State::Ready, true), None, told(Word::Rejected, State::Dead, mine)), Failed);
        assert_eq!(standing(own(State::Dead, true), None, told(Word::Failed, State::Waiting, mine)), Dead);
        // What it says of another group's is its last word all the same.
        assert_eq!(standing(own(State::Dead, true), None, told(Word::Done, State::Done, shared)), Done);
        // It has it again and has said nothing better.
        assert_eq!(
            standing(own(State::Leased, true), Some(9), told(Word::Failed, State::Waiting, mine)),
            Failed
        );
    }

    #[test]
    fn long_answers_keep_their_ends() {
        let mut answer = Answer { ret: "数据".repeat(10), stderr: "short".into(), ..Answer::default() };
        cut(&mut answer, 10);
        assert_eq!((&answer.ret[..], answer.ret_cut), ("据数据", true));
        assert_eq!((&answer.stderr[..], answer.stderr_cut), ("short", false));
    }
}
