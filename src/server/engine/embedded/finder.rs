//! Finds the frame of a task by its seq: in its queue's tail, else on disk. Who asks in the order of seq looks
//! through each run once.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    Shared,
    queue::{Look, Queue},
};
use crate::server::engine::{
    Error, Frames,
    frames::{seq_of, split},
};

/// Looks for tasks. Holds on to the run that it found last.
pub(super) struct Finder {
    shared: Arc<Shared>,
    last: Option<(Arc<Queue>, Frames)>,
}

impl Finder {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Finder { shared, last: None }
    }

    /// The frame of the task at `seq` of a queue. `None`: it is not kept.
    pub(super) async fn find(&mut self, queue: &Arc<Queue>, seq: u64) -> Result<Option<Bytes>, Error> {
        if let Some(frame) = self.at_hand(queue, seq) {
            return Ok(Some(frame));
        }
        let Some(run) = self.run(queue, seq).await? else { return Ok(None) };
        Ok(split(&run.bytes)
            .next()
            .filter(|frame| seq_of(frame) == seq)
            .map(|frame| run.bytes.slice_ref(frame)))
    }

    /// The frame of a task, if it is in the run that was found last.
    fn at_hand(&mut self, queue: &Arc<Queue>, seq: u64) -> Option<Bytes> {
        let (last_queue, frames) = self.last.as_mut()?;
        if !Arc::ptr_eq(last_queue, queue) || !(frames.first_seq..=frames.last_seq).contains(&seq) {
            return None;
        }
        frames.advance_to(seq);
        frames.first_frame().filter(|_| frames.first_seq == seq)
    }

    /// A run of tasks of a queue whose first is at `seq` or, if there is none, the next one after it. `None`: there
    /// is none.
    pub(super) async fn run(&mut self, queue: &Arc<Queue>, seq: u64) -> Result<Option<Frames>, Error> {
        let mut from_seq = seq;
        loop {
            if let Some((last_queue, frames)) = self.last.take()
                && Arc::ptr_eq(&last_queue, queue)
                && (frames.first_seq..=frames.last_seq).contains(&from_seq)
                && let Some(frames) = frames.starting_at(from_seq)
            {
                self.last = Some((last_queue, frames.clone()));
                return Ok(Some(frames));
            }
            match queue.look(from_seq) {
                Look::Frames(frames) => {
                    self.last = Some((queue.clone(), frames.clone()));
                    return Ok(Some(frames));
                }
                Look::OnDisk { number, upto_seq } => {
                    let found = self.shared.reads.read(number, from_seq, upto_seq).await?;
                    match found.frames {
                        Some(frames) => {
                            self.last = Some((queue.clone(), frames.clone()));
                            return Ok(Some(frames));
                        }
                        None => from_seq = found.looked_upto_seq + 1,
                    }
                }
                Look::Trimmed { .. } | Look::Nothing => return Ok(None),
            }
        }
    }

    /// Lets go of what it holds on to.
    pub(super) fn rest(&mut self) {
        self.last = None;
    }
}
