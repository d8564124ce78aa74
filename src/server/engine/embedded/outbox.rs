//! What the writer has for somebody: hand-outs for a stream, notices for a process. The writer puts in and never
//! waits; whoever reads is woken once. Both are bounded by what a process may hold.

use std::{
    collections::VecDeque,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// Items for one reader.
#[derive(Debug)]
pub(super) struct Outbox<T, E> {
    state: Mutex<State<T, E>>,
    bell: Notify,
}

#[derive(Debug)]
struct State<T, E> {
    items: VecDeque<T>,
    end: Option<E>,
}

/// The writer's side of an outbox. Wherever it is let go of, whoever reads learns that nothing more comes.
#[derive(Debug)]
pub(super) struct Feed<T, E: Clone> {
    outbox: Arc<Outbox<T, E>>,
    end: E,
}

impl<T, E: Clone> Feed<T, E> {
    /// Of this outbox, which ends with `end` if it has not been ended before.
    pub(super) fn new(outbox: &Arc<Outbox<T, E>>, end: E) -> Self {
        Feed { outbox: outbox.clone(), end }
    }

    /// Whether it is that of this outbox.
    pub(super) fn is_of(&self, outbox: &Arc<Outbox<T, E>>) -> bool {
        Arc::ptr_eq(&self.outbox, outbox)
    }
}

impl<T, E: Clone> Deref for Feed<T, E> {
    type Target = Outbox<T, E>;

    fn deref(&self) -> &Outbox<T, E> {
        &self.outbox
    }
}

impl<T, E: Clone> Drop for Feed<T, E> {
    fn drop(&mut self) {
        self.outbox.end(self.end.clone());
    }
}

impl<T, E: Clone> Outbox<T, E> {
    pub(super) fn new() -> Self {
        Outbox { state: Mutex::new(State { items: VecDeque::new(), end: None }), bell: Notify::new() }
    }

    /// Adds items until there are so many, unless it has ended. False: there was no room for all.
    pub(super) fn put(&self, items: impl IntoIterator<Item = T>, most: usize) -> bool {
        let mut items = items.into_iter();
        let mut state = self.lock();
        if state.end.is_some() {
            return true;
        }
        let room = most.saturating_sub(state.items.len());
        state.items.extend(items.by_ref().take(room));
        drop(state);
        self.bell.notify_one();
        items.next().is_none()
    }

    /// Nothing more comes after what is there.
    pub(super) fn end(&self, end: E) {
        self.lock().end.get_or_insert(end);
        self.bell.notify_one();
    }

    /// What is there, at most `most`. `Err`: it is empty and has ended.
    pub(super) async fn take(&self, most: usize) -> Result<Vec<T>, E> {
        loop {
            {
                let mut state = self.lock();
                if !state.items.is_empty() {
                    let count = state.items.len().min(most);
                    return Ok(state.items.drain(..count).collect());
                }
                if let Some(end) = &state.end {
                    return Err(end.clone());
                }
            }
            // One reader, and a permit that is kept: what comes in between rings.
            self.bell.notified().await;
        }
    }

    /// Whether there is nothing just now.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().items.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State<T, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_has_ended_takes_no_more_and_gives_what_it_has() {
        let outbox = Outbox::new();
        assert!(outbox.put([1], 3) && outbox.put([2], 3));
        outbox.end("first");
        outbox.end("second");
        assert!(outbox.put([3, 4], 3));
        assert_eq!(outbox.take(1).await, Ok(vec![1]));
        assert_eq!(outbox.take(9).await, Ok(vec![2]));
        assert_eq!(outbox.take(9).await, Err("first"));
    }

    #[tokio::test]
    async fn what_is_full_takes_no_more() {
        let outbox: Outbox<i32, ()> = Outbox::new();
        assert!(outbox.put([1], 3));
        assert!(!outbox.put([2, 3, 4, 5], 3));
        assert_eq!(outbox.take(9).await, Ok(vec![1, 2, 3]));
        assert!(outbox.put([6, 7, 8], 3));
    }
}
