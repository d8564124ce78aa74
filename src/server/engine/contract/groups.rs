//! What an engine promises of groups, and what the tests of it have in common.
//!
//! ```text
//!     one handle ───► share ───────► ┌────────┐ ◄─── attend, heard ◄─── other handle
//!                ───► tell, cancel ► │ engine │ ◄─── submit, look
//!                                    └────────┘
//! ```
//!
//! A lease is a second long at least, and real time goes by: what takes it runs side by side in one test. Nothing
//! sleeps: each waits for what must come.

use std::collections::VecDeque;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream::BoxStream};
use prost::Message;

use super::{in_time, queue, submit, task};
use crate::server::engine::presence::Who;
use crate::server::engine::results::Answer;
use crate::{
    name::{ClientName, GroupName, TaskId},
    pb,
    server::engine::{
        Engine, Error, Position, Start,
        frames::split,
        groups::{
            Attendance, GroupFilter, GroupView, InGroup, Instance, Judged, Notice, Share, State, TaskFilter,
            TaskPage, TaskView, Told, Verdict, What, Why, Word,
        },
    },
};

pub(in super::super) mod looking;
pub(in super::super) mod losing;
pub(in super::super) mod repairing;
pub(in super::super) mod settling;
pub(in super::super) mod sharing;

/// Longer than any test: what is so long never ends by itself.
pub(in super::super) const LONG_MS: u64 = 12 * 60 * 60 * 1000;

/// A share as most tests want it: of one queue from its first task, a task at a time, with a lease that does not end
/// by itself. The process and its client go by a number.
pub(in super::super) fn share_of(number: u8, queue: &str, group: &str) -> Share {
    share_from(number, &[(queue, Start::First)], group)
}

pub(in super::super) fn share_from(number: u8, queues: &[(&str, Start)], group: &str) -> Share {
    let position = |&(name, start)| Position { queue: queue(name), start, until_seq: None };
    Share {
        queues: queues.iter().map(position).collect(),
        store: None,
        group: named(group),
        who: who(number),
        have: Vec::new(),
        max_in_flight: 1,
        lease_ms: Some(LONG_MS),
        max_hold_ms: LONG_MS,
        grace_ms: LONG_MS,
        max: None,
        until_empty: false,
    }
}

/// A process and its client by a number.
pub(in super::super) fn who(number: u8) -> Who {
    Who { client: Some(client(number)), instance: process(number), address: format!("10.0.0.{number}:1") }
}

pub(in super::super) fn named(group: &str) -> GroupName {
    GroupName::parse(group).unwrap()
}

pub(in super::super) fn client(number: u8) -> ClientName {
    ClientName::parse(&format!("w{number}")).unwrap()
}

pub(in super::super) fn process(number: u8) -> Instance {
    [number; 16]
}

pub(in super::super) fn id(text: &str) -> TaskId {
    TaskId::parse(text).unwrap()
}

/// A task as a member is handed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Leased {
    pub(in super::super) seq: u64,
    pub(in super::super) id: String,
    pub(in super::super) queue: String,
    pub(in super::super) task: String,
    pub(in super::super) group: String,
    pub(in super::super) lease: String,
    pub(in super::super) attempt: u32,
}

/// Reads a share. It is over when this is dropped.
pub(in super::super) struct Member {
    frames: BoxStream<'static, Result<Bytes, Error>>,
    ready: VecDeque<Leased>,
    pub(in super::super) start: Vec<u64>,
    pub(in super::super) is_new: Vec<bool>,
    pub(in super::super) lease_ms: u64,
}

impl Member {
    pub(in super::super) async fn open(engine: &dyn Engine, share: Share) -> Self {
        Self::try_open(engine, share).await.unwrap()
    }

    pub(in super::super) async fn try_open(engine: &dyn Engine, share: Share) -> Result<Self, Error> {
        let sharing = in_time(engine.share(share)).await?;
        Ok(Member {
            frames: sharing.frames,
            ready: VecDeque::new(),
            start: sharing.start,
            is_new: sharing.is_new,
            lease_ms: sharing.lease_ms,
        })
    }

    /// The next task. `None`: the share has ended well.
    pub(in super::super) async fn next(&mut self) -> Option<Result<Leased, Error>> {
        while self.ready.is_empty() {
            match in_time(self.frames.next()).await? {
                Ok(bytes) => self.keep(&bytes),
                Err(error) => return Some(Err(error)),
            }
        }
        self.ready.pop_front().map(Ok)
    }

    /// What has been read and not taken.
    pub(in super::super) fn ready(&mut self) -> impl Iterator<Item = Leased> {
        self.ready.drain(..)
    }

    pub(in super::super) async fn one(&mut self) -> Leased {
        self.next().await.expect("the share has ended").unwrap()
    }

    pub(in super::super) async fn take(&mut self, tasks: usize) -> Vec<Leased> {
        let mut taken = Vec::new();
        while taken.len() < tasks {
            taken.push(self.one().await);
        }
        taken
    }

    /// All to the end.
    pub(in super::super) async fn rest(&mut self) -> Result<Vec<Leased>, Error> {
        let mut taken = Vec::new();
        while let Some(leased) = self.next().await {
            taken.push(leased?);
        }
        Ok(taken)
    }

    /// The next task, if it is there: what was to come of what was told before is there by now, since the engine
    /// has answered after it.
    pub(in super::super) async fn poll(&mut self, engine: &dyn Engine) -> Option<Leased> {
        groups_of(engine, "none").await;
        if self.ready.is_empty()
            && let Some(bytes) = self.frames.next().now_or_never()
        {
            self.keep(&bytes.expect("the share has ended").unwrap());
        }
        self.ready.pop_front()
    }

    /// Nothing is there to be read just now: what was to come of what was told before is there by now, since the
    /// engine has answered after it.
    pub(in super::super) async fn expect_quiet(&mut self, engine: &dyn Engine) {
        groups_of(engine, "none").await;
        assert!(self.ready.is_empty(), "{:?}", self.ready);
        if let Some(Some(Ok(bytes))) = self.frames.next().now_or_never() {
            self.keep(&bytes);
            panic!("{:?}", self.ready);
        }
    }

    fn keep(&mut self, bytes: &Bytes) {
        for frame in split(bytes) {
            let message = pb::ServerMsg::decode(&frame[5..]).unwrap();
            self.ready.push_back(Leased {
                seq: message.seq,
                id: message.id,
                queue: message.queue,
                task: message.task,
                group: message.group,
                lease: message.lease,
                attempt: message.attempt,
            });
        }
    }
}

/// Reads what a process is told. It attends no more when this is dropped.
pub(in super::super) struct Ear(Attendance);

impl Ear {
    pub(in super::super) fn open(engine: &dyn Engine, number: u8) -> Self {
        Ear(engine.attend(who(number)))
    }

    /// The next lease that has ended, and why.
    pub(in super::super) async fn next(&mut self) -> (String, Why) {
        let Notice::Ended { lease, why, .. } = in_time(self.0.notices.next()).await.expect("no notice");
        (lease, why)
    }

    /// The stream has ended.
    pub(in super::super) async fn expect_end(&mut self) {
        assert_eq!(in_time(self.0.notices.next()).await, None);
    }

    pub(in super::super) async fn expect_quiet(&mut self, engine: &dyn Engine) {
        groups_of(engine, "none").await;
        let now = self.0.notices.next().now_or_never();
        assert!(now.is_none(), "{now:?}");
    }
}

pub(in super::super) fn told(lease: &str, word: Word) -> Told {
    Told {
        what: What::Lease(lease.to_owned()),
        word,
        delay_ms: None,
        answer: Answer::default(),
        client: None,
    }
}

pub(in super::super) fn told_by_id(text: &str, word: Word, number: Option<u8>) -> Told {
    Told { what: What::Id(id(text)), client: number.map(client), ..told("", word) }
}

pub(in super::super) async fn tell_all(engine: &dyn Engine, told: Vec<Told>) -> Vec<Judged> {
    let count = told.len();
    let judged = in_time(engine.tell(told)).await.unwrap();
    assert_eq!(judged.len(), count, "one verdict for each");
    judged
}

/// Tells one thing: its verdict, and whether it came late.
pub(in super::super) async fn tell(engine: &dyn Engine, told: Told) -> (Verdict, bool) {
    let judged = tell_all(engine, vec![told]).await[0];
    (judged.verdict, judged.late)
}

pub(in super::super) async fn say(engine: &dyn Engine, lease: &str, word: Word) -> Verdict {
    let (verdict, late) = tell(engine, told(lease, word)).await;
    assert!(!late);
    verdict
}

pub(in super::super) async fn done(engine: &dyn Engine, leased: &Leased) {
    assert_eq!(say(engine, &leased.lease, Word::Done).await, Verdict::Ok);
}

/// Submits so many tasks to a queue and says their seqs.
pub(in super::super) async fn some(engine: &dyn Engine, name: &str, count: usize) -> Vec<u64> {
    submit(engine, (0..count).map(|n| task(name, format!("{name} {n}"))).collect()).await
}

pub(in super::super) fn seqs(leased: &[Leased]) -> Vec<u64> {
    leased.iter().map(|leased| leased.seq).collect()
}

pub(in super::super) async fn groups_of(engine: &dyn Engine, name: &str) -> Vec<GroupView> {
    let filter = GroupFilter { queue: Some(queue(name)), group: None, after: None, limit: 1000 };
    in_time(engine.groups(filter)).await.unwrap().items
}

pub(in super::super) async fn group(engine: &dyn Engine, name: &str, group: &str) -> GroupView {
    let filter =
        GroupFilter { queue: Some(queue(name)), group: Some(named(group)), after: None, limit: 1000 };
    in_time(engine.groups(filter)).await.unwrap().items.remove(0)
}

/// Ready, leased, waiting and dead tasks of a group.
pub(in super::super) async fn counts(engine: &dyn Engine, name: &str, named: &str) -> [u64; 4] {
    let view = group(engine, name, named).await;
    [view.ready, view.leased, view.waiting, view.dead]
}

pub(in super::super) fn tasks_of(name: &str) -> TaskFilter {
    TaskFilter {
        queue: Some(queue(name)),
        group: None,
        state: None,
        ids: Vec::new(),
        after: String::new(),
        limit: 1000,
    }
}

pub(in super::super) async fn page(engine: &dyn Engine, filter: TaskFilter) -> TaskPage {
    in_time(engine.tasks(filter)).await.unwrap()
}

/// Seqs of a group's tasks in a state.
pub(in super::super) async fn in_state(
    engine: &dyn Engine,
    name: &str,
    group: &str,
    state: State,
) -> Vec<u64> {
    let filter = TaskFilter { group: Some(named(group)), state: Some(state), ..tasks_of(name) };
    page(engine, filter).await.tasks.iter().map(seq_of).collect()
}

pub(in super::super) fn seq_of(view: &TaskView) -> u64 {
    message_of(view).seq
}

pub(in super::super) fn message_of(view: &TaskView) -> pb::ServerMsg {
    pb::ServerMsg::decode(&view.frame[5..]).unwrap()
}

/// How a task stands in a group.
pub(in super::super) async fn stand(engine: &dyn Engine, task: &str, group: &str) -> InGroup {
    let explained = in_time(engine.explain(id(task))).await.unwrap().expect("no such task");
    let mut groups = explained.groups.into_iter();
    groups.find(|g| g.task.group == Some(named(group))).expect("no such group")
}

/// All that can be seen of a queue and its groups, but for times: they run on.
pub(in super::super) async fn everything(engine: &dyn Engine, name: &str) -> String {
    let mut text = format!("{:?}", groups_of(engine, name).await);
    for task in page(engine, tasks_of(name)).await.tasks {
        let explained = in_time(engine.explain(id(&message_of(&task).id))).await.unwrap().unwrap();
        for mut group in explained.groups {
            (group.task.since_ms, group.task.until_ms) = (None, None);
            text.push_str(&format!("{group:?}\n"));
        }
    }
    text
}
