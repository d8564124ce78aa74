//! What goes from the machine to those who share: tasks are offered to it, and what it decides is shown.

use std::sync::Arc;

use super::{Draft, Job, Writer};
use crate::{
    server::engine::{
        Error,
        embedded::{
            chunk::QueueNumber,
            machine::{Effect, Fresh, GroupNo, Hungry, Key, Now, Numbered, StreamId},
            queue::Look,
            shares::{NoticeFeed, Notices},
        },
        frames::{seq_and_expiry, split},
        groups::{Instance, Why},
    },
    wire::IN_FLIGHT_MAX,
};

/// Tasks offered to a group at a time.
const OFFER_TASKS: usize = 1024;
/// Hand-outs that wait for a stream that is not read, though those before them have ended: twice what it may hold.
/// Then it is ended, and whoever reads it may come back.
const DELIVERIES_MAX: usize = 2 * IN_FLIGHT_MAX as usize;
/// Notices that wait for a process that does not read them; then its stream is ended, and it comes back.
const NOTICES_MAX: usize = 40_000;

impl Writer {
    /// Lets the machine hand out all that it can, with the tasks of this batch.
    pub(super) fn hand_out(&mut self, now: Now, draft: &Draft) {
        for (queue, fresh) in &draft.fresh {
            if let Some(last) = fresh.last() {
                self.machine.grow(*queue, last.seq);
            }
        }
        loop {
            self.machine.pump(now);
            let mut offered = false;
            for hungry in self.machine.take_hungry() {
                offered |= self.offer(draft, hungry);
            }
            if !offered {
                return;
            }
        }
    }

    /// Offers a group the next tasks of its queue. False if they have to be read first.
    fn offer(&mut self, draft: &Draft, hungry: Hungry) -> bool {
        let Hungry { group, queue: number, from_seq } = hungry;
        let Some(queue) = self.by_number.get(&number) else { return false };
        let (tasks, upto_seq) = match queue.look(from_seq) {
            Look::Frames(frames) => some_of(&frames.bytes, frames.last_seq),
            Look::Trimmed { first_seq } => (Vec::new(), first_seq - 1),
            Look::Nothing => {
                let drafted = draft.fresh.get(&number).map_or(&[][..], |fresh| fresh);
                let first = drafted.partition_point(|fresh| fresh.seq < from_seq);
                (drafted[first..].to_vec(), draft.next_seq() - 1)
            }
            Look::OnDisk { number, upto_seq } => {
                let jobs = self.own_jobs.clone();
                self.shared.reads.read_then(number, from_seq, upto_seq, move |found| {
                    let offered = found.map(|found| match &found.frames {
                        Some(frames) => some_of(&frames.bytes, found.looked_upto_seq),
                        None => (Vec::new(), found.looked_upto_seq),
                    });
                    if let Some(jobs) = jobs.upgrade() {
                        let _ = jobs.send(Job::Offer { group, queue: number, from_seq, offered });
                    }
                });
                return false;
            }
        };
        self.machine.offer(group, from_seq, upto_seq, tasks);
        true
    }

    /// Whether a group is of this queue.
    pub(super) fn is_of(&self, group: GroupNo, queue: QueueNumber) -> bool {
        self.registry.by_no.get(&group).is_some_and(|named| named.number == queue)
    }

    /// A group's tasks cannot be read: its watches end with what went wrong, and may try again.
    pub(super) fn offer_failed(&mut self, now: Now, group: GroupNo, from_seq: u64, error: &Error) {
        tracing::error!("the tasks of a group cannot be read: {error}");
        for stream in self.machine.streams_of(group) {
            if let Some(deliveries) = self.deliveries.get(&stream) {
                deliveries.end(Err(error.clone()));
            }
            self.machine.leave(now, stream);
        }
        // Nothing was offered; who comes back asks anew.
        self.machine.offer(group, from_seq, from_seq.saturating_sub(1), []);
    }

    /// Shows what the machine has decided: it is on disk.
    pub(super) fn show(&mut self) {
        // Each reader is woken once.
        let mut handed: Numbered<StreamId, Vec<Key>> = Numbered::default();
        let mut noticed: Numbered<Instance, Vec<(Key, Why)>> = Numbered::default();
        for effect in self.machine.take_effects() {
            match effect {
                Effect::Deliver { stream, group, seq, attempt } => {
                    handed.entry(stream).or_default().push(Key { group, seq, attempt });
                }
                Effect::End { stream, end } => {
                    if let Some(deliveries) = self.deliveries.get(&stream) {
                        // Before the end.
                        let keys = handed.remove(&stream).unwrap_or_default();
                        let has_room = deliveries.put(keys, DELIVERIES_MAX);
                        deliveries.end(if has_room { Ok(end) } else { Err(Error::SlowReader) });
                    }
                }
                Effect::Notice { instance, group, seq, attempt, why } => {
                    if self.attending.contains_key(&instance) {
                        noticed.entry(instance).or_default().push((Key { group, seq, attempt }, why));
                    }
                }
            }
        }
        for (stream, keys) in handed {
            if let Some(deliveries) = self.deliveries.get(&stream)
                && !deliveries.put(keys, DELIVERIES_MAX)
            {
                deliveries.end(Err(Error::SlowReader));
                self.machine.leave(self.now(), stream);
                self.is_stirred = true;
            }
        }
        for (instance, told) in noticed {
            let attending = self.attending.get(&instance).map(|(_, notices)| &notices[..]);
            for notices in attending.unwrap_or_default() {
                if !notices.put(told.iter().copied(), NOTICES_MAX) {
                    notices.end(());
                }
            }
        }
    }

    /// A process attends.
    pub(super) fn attend(
        &mut self,
        now: Now,
        instance: Instance,
        client: Option<Box<str>>,
        notices: NoticeFeed,
    ) {
        let (known, attending) = self.attending.entry(instance).or_default();
        if client.is_some() {
            known.clone_from(&client);
        }
        attending.push(notices);
        self.machine.attend(now, instance, client);
    }

    /// A process attends no more.
    pub(super) fn unattend(&mut self, now: Now, instance: Instance, notices: &Arc<Notices>) {
        let Some((_, attending)) = self.attending.get_mut(&instance) else { return };
        attending.retain(|feed| !feed.is_of(notices));
        if attending.is_empty() {
            self.attending.remove(&instance);
        }
        self.machine.unattend(now, instance);
    }
}

/// The first tasks of a run, and up to where that is all.
fn some_of(bytes: &[u8], last_seq: u64) -> (Vec<Fresh>, u64) {
    let mut frames = split(bytes).map(seq_and_expiry);
    let tasks: Vec<Fresh> =
        frames.by_ref().take(OFFER_TASKS).map(|(seq, expires_ms)| Fresh { seq, expires_ms }).collect();
    let upto_seq = match frames.next() {
        Some(_) => tasks.last().map_or(last_seq, |last| last.seq),
        None => last_seq,
    };
    (tasks, upto_seq)
}
