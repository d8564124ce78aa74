//! The threads that a load runs on. Each has a runtime of its own, so that a connection stays where it is: what a
//! runtime of many threads does to share work costs more than it brings here.

use std::{
    future::Future,
    io,
    thread::{self, JoinHandle},
};

use tokio::{runtime, task};
use tokio_util::sync::CancellationToken;

/// So many threads.
pub(super) struct Workers {
    handles: Vec<runtime::Handle>,
    threads: Vec<JoinHandle<()>>,
    end: CancellationToken,
}

impl Workers {
    /// As many as so many connections have use for, but half the processors are left to a server on this machine.
    /// Or as many as are asked for.
    pub(super) fn start(connections: usize, asked: Option<u16>) -> io::Result<Self> {
        let half = thread::available_parallelism().map_or(1, usize::from).div_ceil(2);
        let threads = asked.map_or(connections.clamp(1, half), usize::from);
        let end = CancellationToken::new();
        let mut workers = Workers { handles: Vec::new(), threads: Vec::new(), end: end.clone() };
        for _ in 0..threads {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            workers.handles.push(runtime.handle().clone());
            let ended = end.clone().cancelled_owned();
            let thread = thread::Builder::new().name("contact-bench".into());
            workers.threads.push(thread.spawn(move || runtime.block_on(ended))?);
        }
        Ok(workers)
    }

    /// Runs the `n`th part of a load.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        n: usize,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Part<T> {
        Part(self.handles[n % self.handles.len()].spawn(work))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.end.cancel();
        for thread in self.threads.drain(..) {
            // One that has panicked has said so.
            let _ = thread.join();
        }
    }
}

/// A part of a load. It ends when it is dropped.
pub(super) struct Part<T>(task::JoinHandle<T>);

impl<T> Part<T> {
    /// Waits for its end. `None`: it has panicked.
    pub(super) async fn ended(&mut self) -> Option<T> {
        (&mut self.0).await.ok()
    }
}

impl<T> Drop for Part<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
