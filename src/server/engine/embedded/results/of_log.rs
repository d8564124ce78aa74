//! A watch of the log of results: a cursor, and the log's bell.

use std::{pin::pin, sync::Arc};

use futures_util::{StreamExt, stream};

use super::{
    super::{Shared, queue::Queue},
    log::{Look, Reach},
    reading::{Reading, Taken, read_rows},
};
use crate::{
    name::{GroupName, QueueName},
    server::engine::{
        self, Error, Start,
        results::{ResultView, Results},
    },
};

/// Results that are handed on together,
const VIEWS_MAX: usize = 256;
/// or fewer, once they have this many bytes.
const VIEWS_BYTES: usize = 256 << 10;
/// About how much one look at the disk brings.
const READ_BYTES: usize = 256 << 10;

/// Which results are wanted.
pub(super) struct Wanted {
    pub(super) reach: engine::Reach,
    pub(super) queue: Option<QueueName>,
    pub(super) group: Option<GroupName>,
}

impl Wanted {
    fn has(&self, queue: &Queue, group: Option<&GroupName>) -> bool {
        self.queue.as_ref().is_none_or(|wanted| *wanted == queue.name)
            && self.group.as_ref().is_none_or(|wanted| group == Some(wanted))
            && self.reach.has_queue(&queue.name)
    }
}

/// Pins where the watch starts and ends, and opens it.
pub(super) async fn open(
    shared: &Arc<Shared>,
    wanted: Wanted,
    store: Option<String>,
    start: Start,
    until_empty: bool,
) -> Result<Results, Error> {
    if let Some(asked) = store
        && asked != shared.store_id
    {
        return Err(Error::OtherStore { asked, store: shared.store_id.clone() });
    }
    let Reach { first_n, next_n } = shared.results.reach();
    let start = match start {
        Start::New => next_n,
        Start::First => first_kept(shared, first_n).await?,
        Start::Time(at_ms) => match shared.reads.with(move |reader| reader.result_at(at_ms)).await? {
            Some(n) => first_kept(shared, n.max(first_n)).await?,
            None => next_n,
        },
        Start::Seq(asked) if asked > next_n => return Err(Error::ResultsFuture { asked, next_n }),
        Start::Seq(asked) => {
            let first_n = first_kept(shared, first_n).await?;
            if asked < first_n {
                return Err(Error::ResultsTrimmed { asked, first_n });
            }
            asked
        }
    };
    let until = until_empty.then_some(next_n.max(start) - 1);
    let reading = Reading::new(shared.clone());
    let cursor = Cursor { shared: shared.clone(), wanted, next_n: start, until, reading };
    let results = stream::unfold(Some(cursor), |cursor| async {
        let mut cursor = cursor?;
        match cursor.next().await {
            Ok(Some(views)) => Some((Ok(views), Some(cursor))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(Results { start, until, results: results.boxed() })
}

/// The first result from `n` on whose task is kept: those before it may go at any time, and nothing is missed then.
async fn first_kept(shared: &Arc<Shared>, mut n: u64) -> Result<u64, Error> {
    let mut reading = Reading::new(shared.clone());
    loop {
        let rows = match shared.results.look(n) {
            Look::Rows(rows) => rows,
            Look::OnDisk => read_rows(shared, n, READ_BYTES).await?,
            Look::Trimmed { first_n } => {
                n = first_n;
                continue;
            }
            Look::Nothing => return Ok(n),
        };
        for row in rows {
            let mut found = None;
            let is_kept = |_, seq, queue: &Queue, _: Option<&GroupName>| seq > queue.extent().trimmed_seq;
            let take = |taken: Taken| {
                found = Some(taken.n);
                false
            };
            n = reading.pick(&row, n, is_kept, take)?;
            if let Some(found) = found {
                return Ok(found);
            }
        }
    }
}

struct Cursor {
    shared: Arc<Shared>,
    wanted: Wanted,
    next_n: u64,
    until: Option<u64>,
    reading: Reading,
}

impl Cursor {
    /// The next results. `None`: the end that was asked for.
    async fn next(&mut self) -> Result<Option<Vec<ResultView>>, Error> {
        let shared = self.shared.clone();
        loop {
            if self.until.is_some_and(|until| self.next_n > until) {
                return Ok(None);
            }
            shared.check()?;
            // Listening starts before looking: what comes in between rings.
            let mut ring = pin!(shared.results.bell.notified());
            ring.as_mut().enable();
            let rows = match shared.results.look(self.next_n) {
                Look::Rows(rows) => rows,
                Look::OnDisk => read_rows(&shared, self.next_n, READ_BYTES).await?,
                Look::Trimmed { first_n } => {
                    return Err(Error::ResultsTrimmed { asked: self.next_n, first_n });
                }
                Look::Nothing => {
                    self.reading.rest();
                    shared.check()?;
                    ring.await;
                    continue;
                }
            };
            let (mut taken, mut bytes) = (Vec::new(), 0);
            for row in rows {
                let (wanted, until) = (&self.wanted, self.until.unwrap_or(u64::MAX));
                let take = |next: Taken| {
                    bytes += next.bytes();
                    taken.push(next);
                    taken.len() < VIEWS_MAX && bytes < VIEWS_BYTES
                };
                let has =
                    |n, _, queue: &Queue, group: Option<&GroupName>| n <= until && wanted.has(queue, group);
                self.next_n = self.reading.pick(&row, self.next_n, has, take)?;
                if taken.len() >= VIEWS_MAX || bytes >= VIEWS_BYTES {
                    break;
                }
            }
            // All of them may be of tasks that are gone.
            let views = self.reading.views(taken).await?;
            if !views.is_empty() {
                return Ok(Some(views));
            }
        }
    }
}
