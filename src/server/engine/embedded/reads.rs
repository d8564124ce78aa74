//! The reader threads: watchers that are behind the tail in memory ask them for runs of tasks. A read is
//! one short look at the store, so that no snapshot outlives it; what was read lately is shared.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError, mpsc},
};

use tokio::sync::oneshot;

use super::{
    chunk::QueueNumber,
    store::{Found, Reader, StoreError},
};
use crate::server::engine::Error;

/// How many threads read.
pub(super) const READERS: usize = 2;
/// About how much one read brings.
const READ_BYTES: usize = 256 << 10;
/// How much of what was read lately is kept for the next watcher.
const CACHE_BYTES: usize = 16 << 20;

type Reply<T> = Box<dyn FnOnce(Result<T, StoreError>) + Send>;
type Look = Box<dyn FnOnce(&mut dyn Reader) + Send>;

enum Ask {
    Read { queue: QueueNumber, from_seq: u64, upto_seq: u64, reply: Reply<Found> },
    Count { queue: QueueNumber, from_seq: u64, upto_seq: u64, reply: Reply<u64> },
    SeqAt { at_ms: u64, reply: Reply<Option<u64>> },
    With(Look),
}

/// Reads for watchers.
#[derive(Clone)]
pub(super) struct Reads {
    asks: mpsc::Sender<Ask>,
    cache: Arc<Mutex<Cache>>,
}

impl Reads {
    /// Starts a thread for each reader. They end with the last clone of this.
    pub(super) fn start(readers: Vec<Box<dyn Reader>>) -> std::io::Result<Self> {
        let (asks, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for (i, reader) in readers.into_iter().enumerate() {
            let receiver = receiver.clone();
            std::thread::Builder::new()
                .name(format!("contact-read-{i}"))
                .spawn(move || serve(&receiver, reader))?;
        }
        Ok(Reads { asks, cache: Arc::default() })
    }

    /// Tasks of a queue from `from_seq` on, none beyond `upto_seq`.
    pub(super) async fn read(
        &self,
        queue: QueueNumber,
        from_seq: u64,
        upto_seq: u64,
    ) -> Result<Found, Error> {
        let (reply, answer) = oneshot::channel();
        self.read_then(queue, from_seq, upto_seq, |found| drop(reply.send(found)));
        answered(answer).await
    }

    /// Reads, and calls back: at once if it was read lately, else from another thread; not at all once the engine
    /// has ended.
    pub(super) fn read_then(
        &self,
        queue: QueueNumber,
        from_seq: u64,
        upto_seq: u64,
        reply: impl FnOnce(Result<Found, StoreError>) + Send + 'static,
    ) {
        if let Some(found) = self.cache().get(queue, from_seq, upto_seq) {
            reply(Ok(found));
            return;
        }
        let cache = self.cache.clone();
        let reply = Box::new(move |found: Result<Found, StoreError>| {
            if let Ok(found) = &found {
                cache.lock().unwrap_or_else(PoisonError::into_inner).put(queue, from_seq, found);
            }
            reply(found);
        });
        let _ = self.asks.send(Ask::Read { queue, from_seq, upto_seq, reply });
    }

    /// How many tasks of a queue lie between two seqs, both inclusive.
    pub(super) async fn count(&self, queue: QueueNumber, from_seq: u64, upto_seq: u64) -> Result<u64, Error> {
        let (reply, answer) = oneshot::channel();
        let reply = Box::new(|counted| drop(reply.send(counted)));
        let _ = self.asks.send(Ask::Count { queue, from_seq, upto_seq, reply });
        answered(answer).await
    }

    /// The first seq that was accepted at `at_ms` or later.
    pub(super) async fn seq_at(&self, at_ms: u64) -> Result<Option<u64>, Error> {
        let (reply, answer) = oneshot::channel();
        let _ = self.asks.send(Ask::SeqAt { at_ms, reply: Box::new(|found| drop(reply.send(found))) });
        answered(answer).await
    }

    /// What `read` finds. It must be one short look.
    pub(super) async fn with<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let _ = self.asks.send(Ask::With(Box::new(move |reader| drop(reply.send(read(reader))))));
        answered(answer).await
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answered<T>(answer: oneshot::Receiver<Result<T, StoreError>>) -> Result<T, Error> {
    // An ask that is not taken is dropped, and its reply with it.
    answer.await.map_err(|_| Error::Stopped)?.map_err(|e| {
        tracing::error!("the store cannot be read: {e}");
        match e {
            StoreError::Damaged(why) => Error::Damaged(why),
            StoreError::Failed(why) | StoreError::Full(why) => Error::Failed(why),
        }
    })
}

fn serve(asks: &Mutex<mpsc::Receiver<Ask>>, mut reader: Box<dyn Reader>) {
    loop {
        let ask = asks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match ask {
            Ok(Ask::Read { queue, from_seq, upto_seq, reply }) => {
                reply(reader.read(queue, from_seq, upto_seq, READ_BYTES));
            }
            Ok(Ask::Count { queue, from_seq, upto_seq, reply }) => {
                reply(reader.count(queue, from_seq, upto_seq));
            }
            Ok(Ask::SeqAt { at_ms, reply }) => {
                reply(reader.seq_at(at_ms));
            }
            Ok(Ask::With(read)) => read(&mut *reader),
            Err(_) => return,
        }
    }
}

/// What was read lately, by where the read began. Whoever goes on at a place within finds the rest of it: watchers
/// that started together, and the members of a group.
#[derive(Default)]
struct Cache {
    found: BTreeMap<(QueueNumber, u64), Found>,
    order: VecDeque<((QueueNumber, u64), usize)>,
    bytes: usize,
}

impl Cache {
    fn get(&self, queue: QueueNumber, from_seq: u64, upto_seq: u64) -> Option<Found> {
        let (_, found) = self.found.range((queue, 0)..=(queue, from_seq)).next_back()?;
        if !(from_seq..=upto_seq).contains(&found.looked_upto_seq) {
            return None;
        }
        let frames = found.frames.clone().and_then(|frames| frames.starting_at(from_seq));
        Some(Found { frames, looked_upto_seq: found.looked_upto_seq })
    }

    fn put(&mut self, queue: QueueNumber, from_seq: u64, found: &Found) {
        let bytes = found.frames.as_ref().map_or(0, |f| f.bytes.len());
        if bytes == 0 || self.found.insert((queue, from_seq), found.clone()).is_some() {
            return;
        }
        self.bytes += bytes;
        self.order.push_back(((queue, from_seq), bytes));
        while self.bytes > CACHE_BYTES
            && let Some((key, bytes)) = self.order.pop_front()
        {
            self.found.remove(&key);
            self.bytes -= bytes;
        }
    }
}
