//! Who waits for the results of which tasks. A result wakes those alone that wait for its task; one that does not
//! read is told so much and no more, and then that it has missed something: it looks in the log again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::index::Run;

/// Results that one waiter is told of before it has missed some.
const TOLD_MAX: usize = 1024;

/// One who waits.
#[derive(Debug, Default)]
pub(in super::super) struct Waiter {
    rung: Mutex<Rung>,
    enlisted: Mutex<Enlisted>,
    /// Rung when there is something to take.
    pub(super) bell: Notify,
}

/// What has happened since it was last taken.
#[derive(Debug, Default)]
pub(super) struct Rung {
    /// Results of its tasks, in order.
    pub(super) told: Vec<u64>,
    /// There were more.
    pub(super) missed: bool,
    /// What has become of its tasks that were delayed, by their places.
    pub(super) moved: Vec<(u64, Moved)>,
    /// Some of its tasks may be gone.
    pub(super) gone: bool,
}

/// Where one who waits is in the list.
#[derive(Debug, Default)]
struct Enlisted {
    places: Vec<u64>,
    /// It waits no more: it may have gone before the writer got to it.
    is_over: bool,
}

/// What has become of a delayed task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Moved {
    /// It is in the log, at this seq.
    Entered(u64),
    /// It was cancelled.
    Cancelled,
    /// It is damaged.
    Unreadable,
}

impl Waiter {
    /// What has happened. Whoever waits for the bell does so before this.
    pub(super) fn take(&self) -> Rung {
        std::mem::take(&mut *self.lock())
    }

    /// All up to now is looked for in the log. False: some of its tasks are elsewhere than it knows.
    pub(super) fn forget_told(&self) -> bool {
        let mut rung = self.lock();
        if !rung.moved.is_empty() {
            return false;
        }
        rung.told.clear();
        rung.missed = false;
        true
    }

    fn ring(&self, change: impl FnOnce(&mut Rung)) {
        change(&mut self.lock());
        self.bell.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Rung> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enlisted(&self) -> MutexGuard<'_, Enlisted> {
        self.enlisted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who waits, by the places of the tasks: a seq, or a delayed one's [place](super::super::delayed::place_of). Behind
/// the place stands where the waiter lies in memory, where it stays while it is in here: however many wait for the
/// same task, each comes and goes at the same cost.
#[derive(Debug, Default)]
pub(super) struct Waiters(BTreeMap<(u64, usize), Arc<Waiter>>);

impl Waiters {
    pub(super) fn enlist(&mut self, waiter: &Arc<Waiter>, places: impl Iterator<Item = u64>) {
        let mut enlisted = waiter.enlisted();
        if enlisted.is_over {
            return;
        }
        for place in places {
            if self.0.insert((place, address_of(waiter)), waiter.clone()).is_none() {
                enlisted.places.push(place);
            }
        }
    }

    pub(super) fn dismiss(&mut self, waiter: &Arc<Waiter>) {
        let mut enlisted = waiter.enlisted();
        enlisted.is_over = true;
        for place in enlisted.places.drain(..) {
            self.0.remove(&(place, address_of(waiter)));
        }
    }

    /// Something was told of these tasks.
    pub(super) fn told(&self, run: Run) {
        if self.0.is_empty() {
            return;
        }
        for ((seq, _), waiter) in self.0.range((run.seq, 0)..=(run.last_seq(), usize::MAX)) {
            waiter.ring(|rung| {
                if rung.told.len() < TOLD_MAX {
                    rung.told.push(run.n + (seq - run.seq));
                } else {
                    rung.missed = true;
                }
            });
        }
    }

    /// A delayed task is one no more.
    pub(super) fn moved(&mut self, place: u64, moved: Moved) {
        let waiting = self.0.range((place, 0)..=(place, usize::MAX));
        let waiting: Vec<Arc<Waiter>> = waiting.map(|(_, waiter)| waiter.clone()).collect();
        for waiter in &waiting {
            self.0.remove(&(place, address_of(waiter)));
            waiter.ring(|rung| rung.moved.push((place, moved)));
            if let Moved::Entered(seq) = moved {
                self.enlist(waiter, std::iter::once(seq));
            }
        }
    }

    /// Tasks up to here may be gone.
    pub(super) fn gone(&self, last_seq: u64) {
        let waiting = self.0.range(..=(last_seq, usize::MAX));
        waiting.for_each(|(_, waiter)| waiter.ring(|rung| rung.gone = true));
    }

    pub(super) fn ring_all(&self) {
        self.0.values().for_each(|waiter| waiter.ring(|_| {}));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

fn address_of(waiter: &Arc<Waiter>) -> usize {
    Arc::as_ptr(waiter).addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(waiters: &mut Waiters, places: &[u64]) -> Arc<Waiter> {
        let waiter = Arc::new(Waiter::default());
        waiters.enlist(&waiter, places.iter().copied());
        waiter
    }

    #[test]
    fn each_is_told_of_its_own_tasks() {
        let mut waiters = Waiters::default();
        let (few, other) = (one(&mut waiters, &[3, 5, 3]), one(&mut waiters, &[4]));
        waiters.told(Run { seq: 4, n: 10, len: 3 });
        waiters.told(Run::one(3, 13));
        assert_eq!(few.take().told, [11, 13]);
        assert_eq!(other.take().told, [10]);
        waiters.gone(3);
        assert!(few.take().gone && !other.take().gone);
        waiters.dismiss(&few);
        assert_eq!(waiters.len(), 1);
    }

    #[test]
    fn one_that_does_not_read_is_told_so_much_and_no_more() {
        let mut waiters = Waiters::default();
        let waiter = one(&mut waiters, &[1]);
        for n in 1..=2 * TOLD_MAX as u64 {
            waiters.told(Run::one(1, n));
        }
        let rung = waiter.take();
        assert!(rung.missed && rung.told.len() == TOLD_MAX);
        assert!(!waiter.take().missed);
    }

    #[test]
    fn a_thousand_that_wait_for_the_same_thousand_come_and_go() {
        let mut waiters = Waiters::default();
        let places: Vec<u64> = (1..=1000).collect();
        let all: Vec<Arc<Waiter>> = (0..1000).map(|_| one(&mut waiters, &places)).collect();
        assert_eq!(waiters.len(), 1_000_000);
        waiters.told(Run { seq: 1, n: 1, len: 3 });
        assert!(all.iter().all(|waiter| waiter.take().told == [1, 2, 3]));
        all.iter().for_each(|waiter| waiters.dismiss(waiter));
        assert_eq!(waiters.len(), 0);
    }

    #[test]
    fn who_waits_for_a_delayed_task_moves_with_it() {
        let mut waiters = Waiters::default();
        let (waiter, gone) = (one(&mut waiters, &[100, 101]), one(&mut waiters, &[100]));
        waiters.moved(100, Moved::Entered(7));
        waiters.dismiss(&gone);
        waiters.told(Run::one(7, 1));
        waiters.moved(101, Moved::Cancelled);
        let rung = waiter.take();
        assert_eq!(rung.told, [1]);
        assert_eq!(rung.moved, [(100, Moved::Entered(7)), (101, Moved::Cancelled)]);
        waiters.dismiss(&waiter);
        waiters.enlist(&waiter, [8].into_iter());
        assert_eq!(waiters.len(), 0);
    }
}
