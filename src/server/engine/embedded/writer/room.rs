//! Room on the disk. While less than `--min-free` is left, submits are refused before anything of them is decided; all
//! else goes on, and when somebody else has filled the disk to the brim it goes on with the room of the ballast.
//!
//! It is looked at now and again, and before more was written than there was room for: a submit costs no look of its
//! own. It recovers by itself, with a little to spare, so that it does not come and go.

use std::time::{Duration, Instant};

use super::{Now, Writer};
use crate::server::engine::{
    Error,
    embedded::store::{Fold, Space, Store, StoreError},
};

/// So much is kept free unless told otherwise.
const MIN_FREE: u64 = 64 << 20;
/// But no more than this part of the file system.
const MIN_FREE_PART: u64 = 4;
/// With this part of it to spare submits are taken again,
const SPARE_PART: u64 = 8;
/// and at least with so much.
const SPARE_BYTES: u64 = 1 << 20;
/// While submits come the disk is looked at so often, in milliseconds;
const LOOK_MS: u64 = 100;
/// and while there is too little room, by itself. What found none is tried again as often.
const LOOK_AGAIN_MS: u64 = 1000;
/// A disk that was full is tried again when there is room for a commit, in the log and in the file,
const COMMIT_ROOM: u64 = 2 * super::COMMIT_BYTES as u64;
/// or this part of the file system.
const COMMIT_ROOM_PART: u64 = 8;

/// What the writer knows of the room there is.
#[derive(Debug)]
pub(super) struct Room {
    /// As it was asked for.
    min_free: Option<u64>,
    /// What submits are told.
    refusal: Option<Error>,
    /// Somebody was told, and was not told that it is over.
    is_said: bool,
    /// When an append last found no room, until one does.
    full_at: Option<Instant>,
    /// When upkeep last found none.
    upkeep_at: Option<Instant>,
    /// When an append last found none although nothing was left to give up for it, and what it was told.
    spent: Option<(Instant, Error)>,
    /// When the ballast was last to be made.
    ballast_at: Option<Instant>,
    /// Whether the ballast was given up, or never made.
    owes_ballast: bool,
    looked_ms: u64,
    /// So much may be written before the next look.
    left: u64,
}

impl Room {
    pub(super) fn new(min_free: Option<u64>) -> Self {
        Room {
            min_free,
            refusal: None,
            is_said: false,
            full_at: None,
            upkeep_at: None,
            spent: None,
            ballast_at: None,
            owes_ballast: false,
            looked_ms: 0,
            left: 0,
        }
    }

    /// When the disk is to be looked at without being asked.
    pub(super) fn next_look_ms(&self, now: Now) -> Option<u64> {
        let is_short = self.refusal.is_some() || self.full_at.is_some() || self.owes_ballast;
        is_short.then(|| (self.looked_ms + LOOK_AGAIN_MS).saturating_sub(now.ms))
    }

    /// How long delayed tasks are still kept back because there was no room for them.
    pub(super) fn kept_back_ms(&self) -> u64 {
        if matches!(self.refusal, Some(Error::Full(_))) {
            return LOOK_AGAIN_MS;
        }
        let full_ms = self.full_at.map(|at| at.elapsed().as_millis() as u64);
        full_ms.map_or(0, |ms| LOOK_AGAIN_MS.saturating_sub(ms))
    }

    /// What found no room is not tried with each batch.
    pub(super) fn allows_upkeep(&self) -> bool {
        self.upkeep_at.is_none_or(is_long_ago)
    }

    /// Upkeep has found no room.
    pub(super) fn put_off_upkeep(&mut self) {
        self.upkeep_at = Some(Instant::now());
    }

    /// Whether it is to be tried again.
    pub(super) fn owes_upkeep(&self) -> bool {
        self.upkeep_at.is_some()
    }

    /// Upkeep has found room.
    pub(super) fn has_done_upkeep(&mut self) {
        self.upkeep_at = None;
    }

    /// What watches of groups are told: each would be refused its first fact and bring all others down with it.
    pub(super) fn all_is_spent(&self) -> Option<Error> {
        let (_, full) = self.spent.as_ref().filter(|(at, _)| !is_long_ago(*at))?;
        Some(full.clone())
    }

    /// What is to be kept free.
    fn min_free(&self, space: Space) -> u64 {
        self.min_free.unwrap_or(MIN_FREE.min(space.total / MIN_FREE_PART))
    }

    /// What cannot be made is not tried with each look.
    fn tries_ballast(&mut self) -> bool {
        let tries = self.ballast_at.is_none_or(is_long_ago);
        if tries {
            self.ballast_at = Some(Instant::now());
        }
        tries
    }

    /// What submits are to be told with so much room.
    fn judge(&self, space: Space, full: Option<&str>) -> Option<Error> {
        // The ballast comes first.
        let free = space.free.saturating_sub(space.owed);
        if let Some(why) = full
            && (!self.full_at.is_none_or(is_long_ago)
                || free < COMMIT_ROOM.min(space.total / COMMIT_ROOM_PART))
        {
            return Some(Error::Full(why.to_owned()));
        }
        let min_free = self.min_free(space);
        let enough = min_free + (min_free / SPARE_PART).max(SPARE_BYTES);
        let is_low = free < if self.refusal.is_some() { enough } else { min_free };
        (is_low && min_free > 0).then_some(Error::Low { free, min_free: enough })
    }
}

impl Writer {
    /// Why submits with so many bytes are not taken just now.
    pub(super) fn refusal(&mut self, now: Now, bytes: usize) -> Option<Error> {
        let is_unsure = self.room.refusal.is_none() && bytes as u64 > self.room.left;
        if is_unsure || now.ms >= self.room.looked_ms + LOOK_MS {
            self.look_at_room(now);
        }
        self.room.left = self.room.left.saturating_sub(bytes as u64);
        self.room.refusal.clone()
    }

    /// Looks how much room there is, and says when it begins to be too little and when it is enough again.
    pub(super) fn look_at_room(&mut self, now: Now) {
        self.room.looked_ms = now.ms;
        self.room.left = u64::MAX;
        let Some(mut space) = self.store.space() else { return };
        let min_free = self.room.min_free(space);
        let has_room = space.owed > 0 && space.free >= min_free + space.owed;
        if has_room && self.room.tries_ballast() && self.store.take_ballast() {
            if self.room.owes_ballast {
                tracing::info!("there is room for the ballast again");
            }
            space = self.store.space().unwrap_or(space);
        }
        self.room.owes_ballast = space.owed > 0;
        let full = match &self.room.refusal {
            Some(Error::Full(why)) => Some(why.clone()),
            _ => None,
        };
        let refusal = self.room.judge(space, full.as_deref());
        self.room.left = space.free.saturating_sub(space.owed + min_free);
        if full.is_some() && !matches!(refusal, Some(Error::Full(_))) {
            self.room.full_at = None;
        }
        if let Some(why) = &refusal {
            if !self.room.is_said {
                tracing::error!("submits are refused: {why}");
            }
            self.room.is_said = true;
        }
        self.room.refusal = refusal;
        self.say_room_again();
    }

    /// An append has found no room.
    pub(super) fn found_no_room(&mut self, why: &str) {
        if !std::mem::replace(&mut self.room.is_said, true) {
            tracing::error!("there is no room: submits are refused ({why})");
        }
        self.room.full_at = Some(Instant::now());
        // Of a store that does not know how much room it has, the next one is tried at once.
        if self.store.space().is_some() {
            self.room.refusal = Some(Error::Full(why.to_owned()));
        }
    }

    /// An append has found no room, and nothing is left to be given up for it.
    pub(super) fn has_spent_all(&mut self, full: &Error) {
        if self.store.space().is_some() {
            self.room.spent = Some((Instant::now(), full.clone()));
        }
    }

    /// An append has found room.
    pub(super) fn found_room(&mut self) {
        self.room.spent = None;
        // While submits are refused it was room for something else.
        if self.room.refusal.is_none() && self.room.full_at.take().is_some() {
            self.say_room_again();
        }
    }

    fn say_room_again(&mut self) {
        let is_over = self.room.refusal.is_none() && self.room.full_at.is_none();
        if is_over && std::mem::take(&mut self.room.is_said) {
            tracing::info!("there is room again: submits are taken");
        }
    }

    /// Gives the ballast up for what must go on. False if there is none.
    pub(super) fn give_up_ballast(&mut self) -> bool {
        let is_given = self.store.give_up_ballast();
        if is_given {
            self.room.owes_ballast = true;
            tracing::warn!("the disk is full: the ballast is given up for settlements and trimming");
        }
        is_given
    }

    /// Writes a fold. When it finds no room a checkpoint may make some: the log then begins anew where it is.
    pub(super) fn write_fold(&mut self, fold: &Fold) -> Result<(), StoreError> {
        self.write_anyhow(|store| match store.fold(fold) {
            Err(StoreError::Full(_)) => store.checkpoint().and_then(|()| store.fold(fold)),
            written => written,
        })
    }

    /// Writes what must go on, with the room of the ballast if there is no other.
    pub(super) fn write_anyhow<T>(
        &mut self,
        mut write: impl FnMut(&mut dyn Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match write(&mut *self.store) {
            Err(StoreError::Full(_)) if self.give_up_ballast() => write(&mut *self.store),
            written => written,
        }
    }
}

fn is_long_ago(at: Instant) -> bool {
    at.elapsed() >= Duration::from_millis(LOOK_AGAIN_MS)
}
