//! A client that means well, and how long its calls take.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use contact::pb::{ListQueues, contact_client::ContactClient};

use crate::secure::Way;

/// It asks as often as this,
const EACH: Duration = Duration::from_millis(4);
/// and one in so many times over a new connection.
const NEW_EACH: usize = 20;

/// Asks until it is told to end.
pub(crate) struct Honest {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Duration>>,
}

impl Honest {
    /// Starts to ask, and waits for the first answer.
    pub(crate) fn start(way: Way) -> Honest {
        let ended: Arc<AtomicBool> = Arc::default();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let until = ended.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut client = ContactClient::new(way.connect().await);
                client.list_queues(ListQueues::default()).await.unwrap();
                ready.send(()).unwrap();
                let mut took = Vec::new();
                let mut next = tokio::time::interval(EACH);
                next.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                while !until.load(Relaxed) {
                    next.tick().await;
                    let began = Instant::now();
                    if took.len() % NEW_EACH == NEW_EACH - 1 {
                        client = ContactClient::new(way.connect().await);
                    }
                    client.list_queues(ListQueues::default()).await.unwrap();
                    took.push(began.elapsed());
                }
                took
            })
        });
        is_ready.recv().unwrap();
        Honest { ended, thread }
    }

    /// Ends it. How long 50 and 99 of 100 calls took at most, and how many there were.
    pub(crate) fn end(self) -> (Duration, Duration, usize) {
        self.ended.store(true, Relaxed);
        let mut took = self.thread.join().expect("each call was answered");
        took.sort_unstable();
        (took[took.len() / 2], took[took.len() * 99 / 100], took.len())
    }
}
