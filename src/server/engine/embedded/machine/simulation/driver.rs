//! The driver's part: it pumps and offers, writes a batch and only then shows it, writes pages when it comes to
//! it, and starts again from what is written.

use super::{
    super::{Effect, Fresh, GroupNo, Hungry, Open, StreamEnd},
    Asked, Batch, HOUR_MS, PEOPLE, Run,
    model::id_of,
};

impl Run {
    pub(super) fn pump(&mut self) {
        loop {
            self.machine.pump(self.model.now);
            let (facts, effects) = self.took();
            let next_seqs = self.next_seqs();
            self.log(|_| format!("pump: {facts:?} {effects:?} {next_seqs:?}"));
            self.model.pump(&facts, &effects, &next_seqs);
            let hungry = self.machine.take_hungry();
            if hungry.is_empty() {
                break;
            }
            for hungry in hungry {
                assert!(self.asked.iter().all(|a| a.hungry.group != hungry.group), "asked twice");
                let read = self.dice.one_in(2).then(|| self.read(hungry));
                self.asked.push(Asked { hungry, read });
                if !self.dice.one_in(6) {
                    self.offer();
                }
            }
        }
        if self.asked.is_empty() {
            let making = |person| self.machine.instances.get(&id_of(person)).and_then(|i| i.makes_room_for);
            let making_room: Vec<_> = (0..PEOPLE).map(making).collect();
            self.model.check_nobody_waits(&making_room);
        }
    }

    /// Makes an offer that was asked for, perhaps long ago.
    pub(super) fn offer(&mut self) {
        let Some(asked) = self.asked.pop() else { return };
        let (upto_seq, tasks) = asked.read.unwrap_or_else(|| self.read(asked.hungry));
        let Hungry { group, from_seq, .. } = asked.hungry;
        self.log(|_| format!("offer {group}: {from_seq} to {upto_seq}: {tasks:?}"));
        self.machine.offer(group, from_seq, upto_seq, tasks);
        self.expect(&[]);
    }

    /// All there is, or a piece.
    pub(super) fn read(&mut self, hungry: Hungry) -> (u64, Vec<Fresh>) {
        let queue = &self.model.queues[hungry.queue as usize];
        let last_seq = queue.log.last().map_or(0, |entry| entry.seq);
        assert!(hungry.from_seq <= last_seq, "there is nothing to be offered");
        let upto_seq = if self.dice.one_in(3) {
            hungry.from_seq + self.dice.below((last_seq - hungry.from_seq + 1).min(4) as usize) as u64
        } else {
            last_seq
        };
        let in_range = |seq| (hungry.from_seq..=upto_seq).contains(&seq) && seq > queue.trimmed_seq;
        let tasks = queue.log.iter().filter(|entry| in_range(entry.seq));
        (upto_seq, tasks.map(|entry| Fresh { seq: entry.seq, expires_ms: entry.expires_ms }).collect())
    }

    pub(super) fn commit(&mut self) {
        self.batch.holders.extend(self.machine.take_holders());
        let batch = std::mem::take(&mut self.batch);
        for head in batch.heads {
            self.disk.add_group(head);
        }
        self.disk.append(self.model.now.ms, batch.facts, batch.holders);
        for queue in batch.trimmed {
            for group in 0..self.model.groups.len() {
                if self.model.groups[group].queue == queue {
                    self.disk.write_head(&self.machine, group as GroupNo);
                }
            }
        }
        for effect in batch.effects {
            self.show(effect);
        }
    }

    pub(super) fn show(&mut self, effect: Effect) {
        match effect {
            Effect::Deliver { stream, group, seq, attempt } => {
                let is_lost = self.dice.one_in(8);
                if let Some(client) =
                    self.clients.iter_mut().find(|c| c.streams.contains(&stream) && !is_lost)
                {
                    client.have.insert((group, seq, attempt));
                }
            }
            Effect::End { stream, end } => {
                assert!(end == StreamEnd::Done || stream < self.next_stream);
                self.closing.push(stream);
            }
            Effect::Notice { instance, group, seq, attempt, .. } => {
                let client = (0..PEOPLE).find(|person| id_of(*person) == instance).unwrap();
                self.clients[client].have.remove(&(group, seq, attempt));
            }
        }
    }

    /// Some of what has changed is written to its place.
    pub(super) fn fold(&mut self) {
        if self.dice.one_in(3) {
            let trimmed = |no: GroupNo| self.model.queues[self.model.groups[no as usize].queue].trimmed_seq;
            self.disk.write_all(&mut self.machine, trimmed);
            return;
        }
        if self.dice.one_in(2) {
            self.disk.take_dirty(&mut self.machine);
        }
        for group in self.disk.late_heads() {
            if self.dice.one_in(2) {
                self.disk.write_head(&self.machine, group);
            }
        }
        for page in self.disk.late_pages() {
            if self.dice.one_in(2) {
                let trimmed_seq = self.trimmed_seq(page.0 as usize);
                self.disk.write_page(&self.machine, page, trimmed_seq);
            }
        }
        if self.dice.one_in(2) {
            self.disk.tell(&mut self.machine);
        }
    }

    /// The machine is made anew from what is written down, after a while.
    pub(super) fn restart(&mut self) {
        let ms = [0, 500, 30_000, HOUR_MS][self.dice.below(4)];
        let now = &mut self.model.now;
        (now.ms, now.server_ms) = (now.ms + ms, now.server_ms + ms);
        self.machine = self.disk.machine(&self.model);
        self.model.restart(|group, seq| {
            let open = self.machine.groups[&(group as GroupNo)].open.get(&seq);
            open.and_then(Open::lease).expect("a lease is lost").since_ms
        });
        assert_eq!(self.disk.groups(), self.model.groups.len());
        self.batch = Batch::default();
        self.asked.clear();
        self.closing.clear();
        for client in &mut self.clients {
            client.streams.clear();
        }
        let next_seqs = self.next_seqs();
        self.model.pass_back(&next_seqs, |group, seq| {
            self.machine.groups[&(group as GroupNo)].notes.get(&seq).copied()
        });
        // What has waited long enough meanwhile; leases have just got their full time.
        self.machine.tick(self.model.now);
        self.expect(&[]);
        self.model.tick(&[]);
        self.check();
    }
}
