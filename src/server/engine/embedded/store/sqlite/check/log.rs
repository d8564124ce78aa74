//! The log: whether each seq is there once, and is what its chunk's directory and the index of ids say.

use std::collections::HashMap;

use super::{super::read_head, Check, Step};
use crate::{
    name::OwnId,
    server::engine::{
        embedded::{
            chunk::{Chunk, QueueNumber, read_ids},
            store::StoreError,
        },
        frames::{Task, split},
    },
};

/// What the chunks have of a queue, as far as its row goes.
#[derive(Debug, Default)]
struct Counted {
    tasks: u64,
    last_seq: u64,
}

impl Check<'_> {
    pub(super) fn chunks(&mut self) -> Result<(), StoreError> {
        let query = "SELECT c.first_seq, c.last_seq, c.at_ms, c.directory, c.head_checksum, c.checksum, c.frames, i.ids \
                     FROM chunk c LEFT JOIN own_id i USING (first_seq) ORDER BY c.first_seq";
        let mut counted: HashMap<QueueNumber, Counted> = HashMap::new();
        // `None`: the chunk before does not say.
        let mut next_seq = None;
        let (mut last_ms, mut is_whole, mut is_first) = (0, true, true);
        self.head_seq = self.folded_seq;
        self.first_seq = self.folded_seq + 1;
        self.each(query, |check, row| {
            let first_seq = row.get::<_, i64>(0).map_err(|e| check.place.error(&e))? as u64;
            if std::mem::take(&mut is_first) {
                check.first_seq = first_seq;
            }
            if let Some(next_seq) = next_seq.take() {
                check.expect(first_seq == next_seq, || {
                    format!("the chunk at seq {first_seq}: the one before it ends at seq {}", next_seq - 1)
                });
            }
            let columns = || -> rusqlite::Result<_> {
                let (last_seq, sum) = (row.get::<_, i64>(1)? as u64, row.get::<_, i64>(5)? as u32);
                Ok((last_seq, read_head(row)?, sum, row.get(6)?, row.get::<_, Option<Vec<u8>>>(7)?))
            };
            let (last_seq, head, sum, frames, stored) = match columns() {
                Ok(columns) => columns,
                // Of another type than was written: this row says nothing, those after it may.
                Err(e) => {
                    is_whole = false;
                    check.found(format!("the chunk at seq {first_seq}: {e}"));
                    return Ok(());
                }
            };
            next_seq = Some(last_seq.saturating_add(1));
            check.head_seq = check.head_seq.max(last_seq);
            let chunk = check.place.chunk(Ok(head), sum, frames);
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(damaged) => {
                    is_whole = false;
                    return check.part("the table chunk", |_| Err(damaged));
                }
            };
            if let Some(what) = check.disagreement(&chunk, &stored.unwrap_or_default(), &mut counted) {
                is_whole = false;
                check.found(format!("the chunk at seq {first_seq}: {what}"));
            }
            check.expect(chunk.head.at_ms >= last_ms, || {
                format!("the chunk at seq {first_seq}: its time goes back")
            });
            last_ms = chunk.head.at_ms;
            let tasks = last_seq - first_seq + 1;
            check.checked.tasks += tasks;
            (check.say)(Step::Read(tasks));
            Ok(())
        })?;
        if let Some(next_seq) = next_seq
            && next_seq <= self.folded_seq
        {
            self.found(format!("the chunks end at seq {}, the log at seq {}", next_seq - 1, self.folded_seq));
        }
        if is_whole {
            self.extents(&counted);
        }
        Ok(())
    }

    /// Whether the chunk holds what it says, and nothing else.
    fn disagreement(
        &self,
        chunk: &Chunk,
        ids: &[u8],
        counted: &mut HashMap<QueueNumber, Counted>,
    ) -> Option<String> {
        let head = &chunk.head;
        let mut seqs = Vec::new();
        let mut own: Vec<(u64, OwnId)> = Vec::new();
        let mut bytes = 0;
        for part in &head.directory {
            let Some((name, extent)) = self.queues.get(&part.queue) else {
                return Some(format!("it names queue {}, which is not there", part.queue));
            };
            let Some(frames) = chunk.frames_of(part) else { return Some("its directory".to_owned()) };
            bytes += frames.bytes.len();
            let mut read = 0;
            let mut tasks = 0;
            let mut last_seq = None;
            for frame in split(&frames.bytes) {
                let Some(task) = Task::read(frame) else {
                    return Some(format!("the task after seq {}", last_seq.unwrap_or(part.first_seq)));
                };
                let is_in_order = last_seq.is_none_or(|last_seq| task.seq > last_seq);
                if !is_in_order
                    || task.queue != name.as_str()
                    || last_seq.is_none() && task.seq != part.first_seq
                {
                    return Some(format!("the task at seq {} is in the wrong place", task.seq));
                }
                if task.id != task.seq.to_string() {
                    match OwnId::stored(task.id) {
                        Ok(id) => own.push((task.seq, id)),
                        Err(e) => return Some(format!("the task at seq {}: {e}", task.seq)),
                    }
                }
                if task.seq > extent.trimmed_seq && task.seq <= self.folded_seq {
                    let counted = counted.entry(part.queue).or_default();
                    counted.tasks += 1;
                    counted.last_seq = task.seq;
                }
                last_seq = Some(task.seq);
                seqs.push(task.seq);
                read += frame.len();
                tasks += 1;
            }
            if (tasks, last_seq, read) != (part.tasks, Some(part.last_seq), frames.bytes.len()) {
                return Some(format!("what its directory says of queue {name}"));
            }
        }
        seqs.sort_unstable();
        if bytes != chunk.frames.len() || !seqs.into_iter().eq(head.first_seq..=head.last_seq) {
            return Some("its tasks are not those of its seqs".to_owned());
        }
        own.sort_unstable_by_key(|(seq, _)| *seq);
        match read_ids(head.first_seq, ids) {
            Some(mut stored) => {
                stored.sort_unstable_by_key(|(seq, _)| *seq);
                (stored != own).then(|| "its ids are not those of its tasks".to_owned())
            }
            None => Some("its ids".to_owned()),
        }
    }

    /// Whether the queues go as far as their chunks.
    fn extents(&mut self, counted: &HashMap<QueueNumber, Counted>) {
        let mut wrong: Vec<String> = Vec::new();
        for (number, (name, extent)) in &self.queues {
            let none = Counted::default();
            let counted = counted.get(number).unwrap_or(&none);
            let is_last = counted.tasks == 0 || counted.last_seq == extent.last_seq;
            if counted.tasks != extent.tasks || !is_last {
                wrong.push(format!(
                    "queue {name} has {} tasks up to seq {}, and says {} up to seq {}",
                    counted.tasks, counted.last_seq, extent.tasks, extent.last_seq
                ));
            }
        }
        wrong.sort_unstable();
        wrong.into_iter().for_each(|what| self.found(what));
    }

    pub(super) fn lone_ids(&mut self) -> Result<(), StoreError> {
        self.each(
            "SELECT first_seq FROM own_id WHERE first_seq NOT IN (SELECT first_seq FROM chunk)",
            |check, row| {
                let seq: i64 = row.get(0).map_err(|e| check.place.error(&e))?;
                check.found(format!("the ids at seq {seq} are of no chunk"));
                Ok(())
            },
        )
    }
}
