//! The words of results: what workers have told of tasks, and who is to be heard of.

use futures_util::stream::BoxStream;

use super::{
    Start,
    words::{End, State, Word},
};
use crate::name::{ClientName, GroupName, QueueName, TaskId};

/// What a worker says beside its word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The answer.
    pub ret: String,
    /// Of the command that did it.
    pub exit_code: Option<i32>,
    /// The end of what the command wrote to stderr.
    pub stderr: String,
    /// The beginning of `ret` was left out.
    pub ret_cut: bool,
    /// The beginning of `stderr` was left out.
    pub stderr_cut: bool,
    /// `ret` was not UTF-8.
    pub ret_lossy: bool,
    /// `stderr` was not UTF-8.
    pub stderr_lossy: bool,
}

impl Answer {
    /// Nothing but a text.
    pub fn text(ret: impl Into<String>) -> Self {
        Answer { ret: ret.into(), ..Answer::default() }
    }

    /// About how many bytes it takes in memory and on disk.
    pub fn bytes(&self) -> usize {
        self.ret.len() + self.stderr.len()
    }
}

/// Something that was told of a task, or that it has ended without a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultView {
    /// The place among all results, from 1. 0: it stands in no log, and says that nothing more comes of the task.
    pub n: u64,
    /// The task's name: its own id, or its seq.
    pub id: String,
    /// Its place; 0 if it never got one.
    pub seq: u64,
    /// Its queue.
    pub queue: QueueName,
    /// The group that this is about; `None`: all.
    pub group: Option<GroupName>,
    /// Who told.
    pub client: Option<ClientName>,
    /// What was told; `None`: the task has ended without a word.
    pub word: Option<Word>,
    /// Where it has stood since, in this group.
    pub state: State,
    /// How the attempt ended, if not by a word.
    pub end: Option<End>,
    /// Which attempt; 0 if it was told of no lease.
    pub attempt: u32,
    /// The lease had ended by itself.
    pub late: bool,
    /// What was told beside the word.
    pub answer: Answer,
    /// When it was taken, in milliseconds since 1970.
    pub at_ms: u64,
}

/// Which results to watch.
#[derive(Debug, Clone)]
pub enum ResultFilter {
    /// In the order in which they were taken.
    Log {
        /// Only of this queue.
        queue: Option<QueueName>,
        /// Only of this group.
        group: Option<GroupName>,
        /// The store that the position comes from.
        store: Option<String>,
        /// Where to start. [`Start::Seq`] is a result's number here.
        start: Start,
        /// End at the last one that there is now.
        until_empty: bool,
    },
    /// All of these tasks, from the first to the last that ever comes. Ends once each of them has ended for all.
    Of(Vec<TaskId>),
}

/// A watch of results that has begun.
pub struct Results {
    /// The first one to be read; 0 of named tasks.
    pub start: u64,
    /// The last one to be read, if an end was asked for.
    pub until: Option<u64>,
    /// The results, some at a time, never none.
    pub results: BoxStream<'static, Result<Vec<ResultView>, super::Error>>,
}

/// What one client has said of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollEntry {
    /// The client.
    pub client: ClientName,
    /// Where it stands.
    pub standing: Standing,
    /// The last that was told by it, or of its own group.
    pub result: Option<ResultView>,
    /// When it was handed the task or said that it has it, in milliseconds since 1970.
    pub received_ms: Option<u64>,
    /// When it was last heard, if that is known, in milliseconds since 1970.
    pub last_seen_ms: Option<u64>,
    /// It is there now.
    pub is_up: bool,
}

/// Where a client stands with a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was heard of it, and it has not been handed the task.
    Silent,
    /// It has the task.
    Received,
    /// It has done it.
    Done,
    /// It is to try again.
    Failed,
    /// Rejected, or out of failures.
    Dead,
}
