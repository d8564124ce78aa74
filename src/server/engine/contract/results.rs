//! What an engine promises of results, and what the tests of it have in common.
//!
//! ```text
//!     one handle ───► share, tell ───► ┌────────┐
//!                ───► cancel, purge ─► │ engine │   closed and opened again in between
//!   other handle ◄─── results ◄─────── └────────┘
//! ```

use std::collections::VecDeque;

use futures_util::{FutureExt, StreamExt, stream::BoxStream};

use super::{
    groups::{Leased, Member, client, groups_of, id, named, share_of, tell, told, told_by_id},
    in_time, queue,
};
use crate::{
    name::{GroupName, TaskId},
    server::engine::{
        Engine, Error, Start,
        groups::{Change, Share, State, Told, Verdict, Word},
        results::{Answer, ResultFilter, ResultView},
    },
};

pub(in super::super) mod ending;
pub(in super::super) mod history;
pub(in super::super) mod telling;
pub(in super::super) mod waiting;
pub(in super::super) mod watching;

/// Reads a watch of results. It is over when this is dropped.
pub(in super::super) struct Listener {
    results: BoxStream<'static, Result<Vec<ResultView>, Error>>,
    ready: VecDeque<ResultView>,
    pub(in super::super) start: u64,
    pub(in super::super) until: Option<u64>,
}

impl Listener {
    pub(in super::super) async fn open(engine: &dyn Engine, filter: ResultFilter) -> Self {
        Self::try_open(engine, filter).await.unwrap()
    }

    pub(in super::super) async fn try_open(engine: &dyn Engine, filter: ResultFilter) -> Result<Self, Error> {
        let results = in_time(engine.results(filter)).await?;
        Ok(Listener {
            results: results.results,
            ready: VecDeque::new(),
            start: results.start,
            until: results.until,
        })
    }

    /// What comes at one time. `None`: the watch has ended well.
    pub(in super::super) async fn run(&mut self) -> Option<Result<Vec<ResultView>, Error>> {
        if !self.ready.is_empty() {
            return Some(Ok(self.ready.drain(..).collect()));
        }
        let run = in_time(self.results.next()).await?;
        if let Ok(run) = &run {
            assert!(!run.is_empty(), "nothing was yielded");
        }
        Some(run)
    }

    /// The next result. `None`: the watch has ended well.
    pub(in super::super) async fn next(&mut self) -> Option<Result<ResultView, Error>> {
        if self.ready.is_empty() {
            match self.run().await? {
                Ok(run) => self.ready.extend(run),
                Err(error) => return Some(Err(error)),
            }
        }
        self.ready.pop_front().map(Ok)
    }

    pub(in super::super) async fn one(&mut self) -> ResultView {
        self.next().await.expect("the watch has ended").unwrap()
    }

    pub(in super::super) async fn take(&mut self, results: usize) -> Vec<ResultView> {
        let mut taken = Vec::new();
        while taken.len() < results {
            taken.push(self.one().await);
        }
        taken
    }

    /// All to the end.
    pub(in super::super) async fn rest(&mut self) -> Result<Vec<ResultView>, Error> {
        let mut taken = Vec::new();
        while let Some(result) = self.next().await {
            taken.push(result?);
        }
        Ok(taken)
    }

    /// Nothing is there to be read just now: what was to come of what was told before is there by now, since the
    /// engine has answered after it.
    pub(in super::super) async fn expect_quiet(&mut self, engine: &dyn Engine) {
        groups_of(engine, "none").await;
        self.expect_nothing_yet();
    }

    /// Nothing is there to be read just now, though the engine may be about to answer.
    pub(in super::super) fn expect_nothing_yet(&mut self) {
        assert!(self.ready.is_empty(), "{:?}", self.ready);
        let now = self.results.next().now_or_never();
        assert!(now.is_none(), "{now:?}");
    }
}

/// All results, from some place on.
pub(in super::super) fn log(start: Start) -> ResultFilter {
    ResultFilter::Log { queue: None, group: None, store: None, start, until_empty: false }
}

/// The results of these tasks.
pub(in super::super) fn of(ids: &[impl AsRef<str>]) -> ResultFilter {
    ResultFilter::Of(ids.iter().map(|text| id(text.as_ref())).collect())
}

/// All results that there are now.
pub(in super::super) async fn all(engine: &dyn Engine) -> Vec<ResultView> {
    let filter =
        ResultFilter::Log { queue: None, group: None, store: None, start: Start::First, until_empty: true };
    loop {
        match Listener::open(engine, filter.clone()).await.rest().await {
            // What was there when the watch began has gone since: it begins behind that.
            Err(Error::ResultsTrimmed { .. }) => {}
            all => return all.unwrap(),
        }
    }
}

/// Without times: they are the engine's to say.
pub(in super::super) fn timeless(results: impl IntoIterator<Item = ResultView>) -> Vec<ResultView> {
    let timeless = |result: ResultView| {
        assert!(result.at_ms > 0, "{result:?}");
        ResultView { at_ms: 0, ..result }
    };
    results.into_iter().map(timeless).collect()
}

/// What the result must be if a process has told this word of what it holds, but for its time.
pub(in super::super) fn result_of(
    n: u64,
    leased: &Leased,
    number: u8,
    word: Word,
    state: State,
) -> ResultView {
    ResultView {
        n,
        id: leased.id.clone(),
        seq: leased.seq,
        queue: queue(&leased.queue),
        group: Some(named(&leased.group)),
        client: Some(client(number)),
        word: Some(word),
        state,
        end: None,
        attempt: leased.attempt,
        late: false,
        answer: Answer::default(),
        at_ms: 0,
    }
}

/// Settles what is held, with an answer, as the process that holds it.
async fn settle(engine: &dyn Engine, leased: &Leased, word: Word, ret: &str) {
    let told = Told { answer: Answer::text(ret), delay_ms: Some(0), ..told(&leased.lease, word) };
    assert_eq!(tell(engine, told).await, (Verdict::Ok, false));
}

/// Submits so many tasks, and has each settled as done by one member of group `g`: a result each.
async fn some_results(engine: &dyn Engine, name: &str, count: usize) -> Vec<Leased> {
    let share = Share { max_in_flight: 1000, ..share_of(250, name, "g") };
    let mut member = Member::open(engine, share).await;
    let seqs = super::groups::some(engine, name, count).await;
    let mut settled = Vec::new();
    while settled.len() < count {
        let leased = member.one().await;
        assert!(seqs.contains(&leased.seq));
        settle(engine, &leased, Word::Done, &format!("{name} {}", leased.seq)).await;
        settled.push(leased);
    }
    settled
}

/// What [`some_results`] makes, numbered from `n`.
fn results_of(n: u64, settled: &[Leased]) -> Vec<ResultView> {
    let result = |(n, leased): (u64, &Leased)| ResultView {
        answer: Answer::text(format!("{} {}", leased.queue, leased.seq)),
        ..result_of(n, leased, 250, Word::Done, State::Done)
    };
    (n..).zip(settled).map(result).collect()
}

/// A client says something of an id.
async fn note(engine: &dyn Engine, id: &str, word: Word, number: u8, ret: &str) -> Verdict {
    let told = Told { answer: Answer::text(ret), ..told_by_id(id, word, Some(number)) };
    tell(engine, told).await.0
}

/// A share in which a client works by itself.
fn own_share(number: u8, name: &str) -> Share {
    Share { group: GroupName::own(&client(number)), ..share_of(number, name, "none") }
}

async fn cancel(engine: &dyn Engine, ids: &[&str]) -> Vec<Verdict> {
    let ids: Vec<TaskId> = ids.iter().map(|text| id(text)).collect();
    in_time(engine.cancel(ids)).await.unwrap().iter().map(|judged| judged.verdict).collect()
}

/// Makes a group, before there are tasks, and sets how it deals with failures.
async fn set(engine: &dyn Engine, name: &str, group: &str, max_failures: u32) {
    drop(Member::open(engine, share_of(255, name, group)).await);
    let change = Change { max_failures: Some(max_failures), backoff_ms: Some(1), ..Change::default() };
    in_time(engine.set_group(queue(name), named(group), change)).await.unwrap();
}
