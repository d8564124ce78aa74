//! The reader threads: watchers that are behind the tail in memory ask them for runs of tasks. A read is
//! one short look at the store, so that no snapshot outlives it; what was read lately is shared.

use std::{
    collections::{HashMap, VecDeque},
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

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

enum Ask {
    Read { queue: QueueNumber, from_seq: u64, upto_seq: u64, reply: Reply<Found> },
    SeqAt { at_ms: u64, reply: Reply<Option<u64>> },
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
        if let Some(found) = self.cache().get(queue, from_seq)
            && found.looked_upto_seq <= upto_seq
        {
            return Ok(found);
        }
        let (reply, answer) = oneshot::channel();
        let found = self.ask(Ask::Read { queue, from_seq, upto_seq, reply }, answer).await?;
        self.cache().put(queue, from_seq, &found);
        Ok(found)
    }

    /// The first seq that was accepted at `at_ms` or later.
    pub(super) async fn seq_at(&self, at_ms: u64) -> Result<Option<u64>, Error> {
        let (reply, answer) = oneshot::channel();
        self.ask(Ask::SeqAt { at_ms, reply }, answer).await
    }

    async fn ask<T>(&self, ask: Ask, answer: oneshot::Receiver<Result<T, StoreError>>) -> Result<T, Error> {
        self.asks.send(ask).map_err(|_| Error::Stopped)?;
        answer.await.map_err(|_| Error::Stopped)?.map_err(|e| {
            tracing::error!("the store cannot be read: {e}");
            match e {
                StoreError::Damaged(why) => Error::Damaged(why),
                StoreError::Failed(why) | StoreError::Full(why) => Error::Failed(why),
            }
        })
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(asks: &Mutex<mpsc::Receiver<Ask>>, mut reader: Box<dyn Reader>) {
    loop {
        let ask = asks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match ask {
            Ok(Ask::Read { queue, from_seq, upto_seq, reply }) => {
                let _ = reply.send(reader.read(queue, from_seq, upto_seq, READ_BYTES));
            }
            Ok(Ask::SeqAt { at_ms, reply }) => {
                let _ = reply.send(reader.seq_at(at_ms));
            }
            Err(_) => return,
        }
    }
}

/// What was read lately, by where the read began. Watchers that start at the same place go on at the same
/// places, so they meet here.
#[derive(Default)]
struct Cache {
    found: HashMap<(QueueNumber, u64), Found>,
    order: VecDeque<((QueueNumber, u64), usize)>,
    bytes: usize,
}

impl Cache {
    fn get(&self, queue: QueueNumber, from_seq: u64) -> Option<Found> {
        self.found.get(&(queue, from_seq)).cloned()
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
