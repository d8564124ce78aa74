//! What the embedded engine keeps of results: over restarts, crashes and trims, when the disk refuses, when it is
//! damaged, and when far more is told than stays in memory.

use futures_util::StreamExt;

use super::{Bed, NO_TAIL, RETAIN, TAIL, at_rest, until};
use crate::{
    name::TaskId,
    server::engine::{
        Engine, Error, NewTask, Start,
        contract::{
            Fixture,
            groups::{
                LONG_MS, Leased, Member, client, id, named, say, share_of, some, tell, told, told_by_id,
            },
            in_time, own, queue, submit, submit_any, task,
        },
        embedded::{Embedded, results::WAITS_MAX, store::StoreError},
        groups::{Change, End, Share, State, Told, Verdict, Word},
        results::{Answer, ResultFilter, ResultView, Results},
    },
};

mod damage;
mod keeping;
mod tasks;

/// A watch of results that is being read.
struct Reader {
    results: Results,
    ready: std::vec::IntoIter<ResultView>,
}

impl Reader {
    async fn try_open(engine: &dyn Engine, filter: ResultFilter) -> Result<Self, Error> {
        let results = in_time(engine.results(filter)).await?;
        Ok(Reader { results, ready: Vec::new().into_iter() })
    }

    async fn log(engine: &dyn Engine, start: Start) -> Self {
        Self::try_open(engine, log_from(start, false)).await.unwrap()
    }

    async fn of(engine: &dyn Engine, ids: &[&str]) -> Self {
        Self::try_open(engine, ResultFilter::Of(ids.iter().map(|text| id(text)).collect())).await.unwrap()
    }

    /// The next one. `None`: the end.
    async fn next(&mut self) -> Option<Result<ResultView, Error>> {
        loop {
            if let Some(view) = self.ready.next() {
                return Some(Ok(view));
            }
            match in_time(self.results.results.next()).await? {
                Ok(views) => {
                    assert!(!views.is_empty());
                    self.ready = views.into_iter();
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }

    async fn one(&mut self) -> ResultView {
        self.next().await.unwrap().unwrap()
    }

    async fn take(&mut self, count: usize) -> Vec<ResultView> {
        let mut all = Vec::new();
        while all.len() < count {
            all.push(self.one().await);
        }
        all
    }

    /// All up to the end.
    async fn rest(&mut self) -> Result<Vec<ResultView>, Error> {
        let mut all = Vec::new();
        while let Some(next) = self.next().await {
            all.push(next?);
        }
        Ok(all)
    }

    /// Nothing is there now: what was told before this has been shown.
    async fn expect_quiet(&mut self) {
        assert_eq!(self.ready.next(), None);
        let next = futures_util::poll!(self.results.results.next());
        assert!(next.is_pending(), "{next:?}");
    }
}

fn log_from(start: Start, until_empty: bool) -> ResultFilter {
    ResultFilter::Log { queue: None, group: None, store: None, start, until_empty }
}

/// All results that there are now.
async fn all_of(engine: &dyn Engine) -> Vec<ResultView> {
    Reader::try_open(engine, log_from(Start::First, true)).await.unwrap().rest().await.unwrap()
}

fn numbers(views: &[ResultView]) -> Vec<u64> {
    views.iter().map(|view| view.n).collect()
}

/// A task that is in a member's hands.
async fn leased(engine: &dyn Engine, name: &str) -> Leased {
    some(engine, name, 1).await;
    let share = Share { max: Some(1), lease_ms: Some(LONG_MS), grace_ms: LONG_MS, ..share_of(1, name, "g") };
    Member::open(engine, share).await.one().await
}

/// Makes a task and settles it.
async fn settled(engine: &dyn Engine, name: &str, answer: Answer) -> Leased {
    let leased = leased(engine, name).await;
    let told = Told { answer, ..told(&leased.lease, Word::Done) };
    assert_eq!(tell(engine, told).await.0, Verdict::Ok);
    leased
}

/// Makes so many tasks, and settles them at once with what was told of each.
async fn settled_together(engine: &dyn Engine, name: &str, count: usize, answer: &Answer) -> Vec<u64> {
    let seqs = some(engine, name, count).await;
    let share = Share { max_in_flight: count as u32, max: Some(count as u64), ..share_of(1, name, "g") };
    let held = Member::open(engine, share).await.take(count).await;
    let told = held.iter().map(|leased| Told { answer: answer.clone(), ..told(&leased.lease, Word::Done) });
    let judged = in_time(engine.tell(told.collect())).await.unwrap();
    assert!(judged.iter().all(|judged| judged.verdict == Verdict::Ok));
    seqs
}
