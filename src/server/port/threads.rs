//! The threads that connections are served on: one for each processor, each with a runtime of its own. A connection
//! stays on the thread that it was given: what its bytes wake runs there, and no other thread looks for work in it.

use std::{
    future::Future,
    io,
    num::NonZero,
    sync::Arc,
    thread::{self, JoinHandle},
};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// They end when this is dropped, and whatever runs on them ends with them, where it stands.
pub(super) struct Threads(Vec<Thread>);

impl Threads {
    /// One for each processor that this process may use.
    pub(super) fn start() -> io::Result<Self> {
        Threads::of(thread::available_parallelism().map_or(1, NonZero::get))
    }

    fn of(count: usize) -> io::Result<Self> {
        Ok(Threads((0..count).map(Thread::start).collect::<io::Result<_>>()?))
    }

    /// Runs a connection on the thread that has the fewest.
    pub(super) fn serve(&self, connection: impl Future<Output = ()> + Send + 'static) {
        let Some(thread) = self.0.iter().min_by_key(|thread| Arc::strong_count(&thread.served)) else {
            return;
        };
        let served = thread.served.clone();
        thread.runtime.spawn(async move {
            let _served = served;
            connection.await;
        });
    }
}

struct Thread {
    runtime: Handle,
    /// Each connection has one, and this.
    served: Arc<()>,
    /// Until it ends.
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Thread {
    fn start(number: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        let thread = thread::Builder::new().name(format!("connections-{number}")).spawn(move || {
            // It is not sent: it ends.
            let _ = runtime.block_on(ended);
            // What a disk that has gone does not answer is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Thread { runtime: handle, served: Arc::default(), running: Some((end, thread)) })
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        let Some((end, thread)) = self.running.take() else { return };
        drop(end);
        // A panic of it has been told of; those of connections stay with them.
        let _ = thread.join();
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Duration};

    use super::*;

    /// On which thread each connection is, and what it has set going there.
    struct Served {
        on: String,
        spawned_on: String,
        _until: oneshot::Sender<()>,
    }

    fn here() -> String {
        thread::current().name().expect("it has a name").to_owned()
    }

    async fn served(threads: &Threads) -> Served {
        let (until, over) = oneshot::channel::<()>();
        let (say, said) = oneshot::channel();
        threads.serve(async move {
            let spawned_on = tokio::spawn(async { here() }).await.unwrap();
            say.send((here(), spawned_on)).unwrap();
            let _ = over.await;
        });
        let (on, spawned_on) = said.await.unwrap();
        Served { on, spawned_on, _until: until }
    }

    #[tokio::test]
    async fn a_connection_is_served_where_the_fewest_are_and_all_of_it_there() {
        let threads = Threads::of(2).unwrap();
        let (first, second) = (served(&threads).await, served(&threads).await);
        assert_ne!(first.on, second.on);
        for one in [&first, &second, &served(&threads).await] {
            assert_eq!(one.on, one.spawned_on);
        }
        let (was, thread) = (second.on.clone(), &threads.0[1]);
        drop(second);
        let is_free = async {
            while Arc::strong_count(&thread.served) > 1 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), is_free).await.expect("it is over");
        let (third, fourth) = (served(&threads).await, served(&threads).await);
        assert_eq!(third.on, was);
        assert_ne!(third.on, fourth.on);
    }

    #[test]
    fn what_is_served_ends_with_the_threads() {
        let threads = Threads::of(2).unwrap();
        let (held, mut over) = oneshot::channel::<()>();
        threads.serve(async move {
            let _held = held;
            pending().await
        });
        assert_eq!(over.try_recv(), Err(oneshot::error::TryRecvError::Empty));
        drop(threads);
        assert_eq!(over.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    }
}
