//! A watch: a cursor in each queue, and one bell to wait for. It holds no tasks; a watcher that does not
//! read costs what was last handed to it.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering::Acquire},
};

use futures_util::{StreamExt, future::select_all, stream};

use super::{
    Shared,
    presence::{Here, Stream},
    queue::{Look, Queue},
};
use crate::server::engine::{Error, Frames, Start, Watch, Watching};

/// Pins where the watch starts and ends, and opens it.
pub(super) async fn open(shared: &Arc<Shared>, watch: Watch) -> Result<Watching, Error> {
    shared.check()?;
    if let Some(asked) = watch.store
        && asked != shared.store_id
    {
        return Err(Error::OtherStore { asked, store: shared.store_id.clone() });
    }
    // Before any queue is looked at: all tasks up to here are in their queues.
    let shown_seq = shared.shown_seq.load(Acquire);
    let names = watch.queues.iter().map(|position| position.queue.clone()).collect();
    let mut cursors =
        Cursors { shared: shared.clone(), cursors: Vec::with_capacity(watch.queues.len()), here: None };
    for position in watch.queues {
        let queue = shared.queues.named(&position.queue);
        // Held from here on, so that an error below lets go of it again.
        cursors.cursors.push(Cursor { queue: queue.clone(), next_seq: 0, until_seq: None });
        let extent = queue.extent();
        let next_seq = shared.head_seq.load(std::sync::atomic::Ordering::Relaxed) + 1;
        let start = match position.start {
            Start::First => extent.trimmed_seq + 1,
            Start::New => extent.last_seq + 1,
            Start::Time(at_ms) => match shared.reads.seq_at(at_ms).await? {
                Some(seq) => seq.max(extent.trimmed_seq + 1),
                None => extent.last_seq + 1,
            },
            Start::Seq(asked) if asked <= extent.trimmed_seq => {
                return Err(Error::Trimmed {
                    queue: position.queue,
                    asked,
                    first_seq: extent.trimmed_seq + 1,
                });
            }
            Start::Seq(asked) if asked > next_seq => {
                return Err(Error::Future { queue: position.queue, asked, next_seq });
            }
            Start::Seq(asked) => asked,
        };
        let end = watch.until_empty.then_some(extent.last_seq);
        let until_seq = match (position.until_seq, end) {
            (Some(asked), Some(end)) => Some(asked.min(end)),
            // No task can come any more between the queue's last one and what all queues have been shown.
            (Some(asked), None) if asked <= shown_seq => Some(asked.min(extent.last_seq)),
            (asked, end) => asked.or(end),
        };
        if let Some(cursor) = cursors.cursors.last_mut() {
            cursor.next_seq = start;
            cursor.until_seq = until_seq;
        }
    }
    cursors.here = Some(shared.presence.enter(&watch.who, Stream::Watch(names, None)));
    Ok(Watching {
        start: cursors.cursors.iter().map(|c| c.next_seq).collect(),
        until: cursors.cursors.iter().map(|c| c.until_seq).collect(),
        frames: stream::unfold(Some(cursors), |cursors| async {
            let mut cursors = cursors?;
            match cursors.next().await {
                Ok(Some(frames)) => Some((Ok(frames), Some(cursors))),
                Ok(None) => None,
                Err(e) => Some((Err(e), None)),
            }
        })
        .boxed(),
    })
}

struct Cursors {
    shared: Arc<Shared>,
    cursors: Vec<Cursor>,
    /// Once it is open.
    here: Option<Here>,
}

/// A place in one queue.
struct Cursor {
    queue: Arc<Queue>,
    next_seq: u64,
    until_seq: Option<u64>,
}

impl Cursor {
    fn is_done(&self) -> bool {
        self.until_seq.is_some_and(|until| self.next_seq > until)
    }

    /// What the cursor was about to read is no longer kept.
    fn trimmed(&self, first_seq: u64) -> Error {
        Error::Trimmed { queue: self.queue.name.clone(), asked: self.next_seq, first_seq }
    }
}

impl Cursors {
    /// The next run of tasks of any queue. `None`: the end that was asked for.
    async fn next(&mut self) -> Result<Option<Frames>, Error> {
        loop {
            if self.cursors.iter().all(Cursor::is_done) {
                return Ok(None);
            }
            self.shared.check()?;
            // Listening starts before looking: what comes in between rings.
            let bells: Vec<_> =
                self.cursors.iter().filter(|c| !c.is_done()).map(|c| c.queue.clone()).collect();
            let mut rings: Vec<_> = bells.iter().map(|queue| Box::pin(queue.bell.notified())).collect();
            for ring in &mut rings {
                ring.as_mut().enable();
            }
            // In order of seq as far as is known, so that several queues come about as they were written.
            let ready = self.cursors.iter().enumerate().filter(|(_, c)| !c.is_done());
            let best = ready.filter_map(|(i, c)| Some((c.queue.peek(c.next_seq)?, i))).min();
            match best {
                None => {
                    self.shared.check()?;
                    let mut any = pin!(select_all(rings));
                    (&mut any).await;
                }
                Some((_, i)) => {
                    drop(rings);
                    if let Some(frames) = self.take(i).await? {
                        return Ok(Some(frames));
                    }
                }
            }
        }
    }

    /// Moves cursor `i` over what there is.
    async fn take(&mut self, i: usize) -> Result<Option<Frames>, Error> {
        let cursor = &mut self.cursors[i];
        let (frames, upto_seq) = match cursor.queue.look(cursor.next_seq) {
            Look::Frames(frames) => {
                let upto_seq = frames.last_seq;
                (Some(frames), upto_seq)
            }
            Look::OnDisk { number, upto_seq } => {
                let found = self.shared.reads.read(number, cursor.next_seq, upto_seq).await?;
                // Trimmed while it was being read? Then what came may have a gap.
                if let Look::Trimmed { first_seq } = cursor.queue.look(cursor.next_seq) {
                    return Err(cursor.trimmed(first_seq));
                }
                (found.frames, found.looked_upto_seq)
            }
            Look::Trimmed { first_seq } => return Err(cursor.trimmed(first_seq)),
            Look::Nothing => return Ok(None),
        };
        let until_seq = cursor.until_seq;
        cursor.next_seq = cursor.next_seq.max(upto_seq.saturating_add(1));
        Ok(frames.and_then(|frames| frames.ending_at(until_seq.unwrap_or(u64::MAX))))
    }
}

impl Drop for Cursors {
    fn drop(&mut self) {
        for cursor in self.cursors.drain(..) {
            self.shared.queues.release(cursor.queue);
        }
    }
}
