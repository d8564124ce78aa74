//! What has been told of tasks, and that they have ended without a word: a log of its own beside that of the tasks.
//!
//! ```text
//!  tell, cancel, a lease that ends ──► writer: rows, in the commit of what they tell of
//!                                        │ publish
//!                                        ▼
//!  watch of all    ◄── cursor ◄────── log: its newest rows, where the results of each task stand, who waits
//!  watch of tasks  ◄── waiter ◄────────┘
//!        └──────────────────────────► readers ──► store      for what is behind that
//! ```
//!
//! Results have numbers of their own, from 1, without a gap. A row goes when all its tasks are trimmed.

use std::{collections::BTreeSet, sync::Arc};

use super::{Embedded, queue::Queue};
use crate::server::engine::{
    Error,
    results::{ResultFilter, ResultView, Results},
};

mod index;
mod log;
mod names;
mod of_log;
mod of_tasks;
mod reading;
mod row;
mod rows;
mod waiters;

pub(super) use index::{ResultPageRow, Run};
pub(super) use log::{Reach, ResultLog};
pub(super) use names::Names;
pub(super) use of_tasks::WAITS_MAX;
pub(super) use row::{Event, ResultRow, Said, Unreadable, What};
pub(super) use rows::Rows;
pub(super) use waiters::{Moved, Waiter};

use reading::{Reading, places_of};

/// Results of one task that are read together: each may have a mebibyte.
const RESULTS_AT_ONCE: usize = 16;

impl Embedded {
    /// Opens a watch of results.
    pub(super) async fn watch_results(&self, filter: ResultFilter) -> Result<Results, Error> {
        self.shared.check()?;
        match filter {
            ResultFilter::Log { queue, group, store, start, until_empty } => {
                let wanted = of_log::Wanted { reach: self.reach.clone(), queue, group };
                of_log::open(&self.shared, wanted, store, start, until_empty).await
            }
            ResultFilter::Of(ids) => of_tasks::open(self, ids).await,
        }
    }

    /// Goes through all that is kept of what was told of a task, in order, and says of each how many there are. They
    /// are read a few at a time: together they may be more than memory holds.
    pub(super) async fn each_result_of(
        &self,
        queue: &Arc<Queue>,
        seq: u64,
        mut take: impl FnMut(ResultView, usize),
    ) -> Result<(), Error> {
        if seq <= queue.extent().trimmed_seq {
            return Ok(());
        }
        let found = places_of(&self.shared, &BTreeSet::from([seq]), 0, None).await?;
        let (places, _) = found.unwrap_or_default();
        let mut reading = Reading::new(self.shared.clone());
        for some in places.chunks(RESULTS_AT_ONCE) {
            let taken = reading.results(some).await?;
            reading.views(taken).await?.into_iter().for_each(|view| take(view, places.len()));
        }
        Ok(())
    }
}
