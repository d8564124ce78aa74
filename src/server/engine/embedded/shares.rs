//! A watch that shares: the writer says which tasks are its, and here they become frames with their leases.

use std::sync::{Arc, Weak, mpsc};

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::{
    Embedded, Shared,
    finder::Finder,
    machine::{GroupNo, Key, StreamEnd, StreamId},
    outbox::{Feed, Outbox},
    presence::{self, Here},
    queue::Queue,
    tokens::Tokens,
    writer::{Answer, Asking, Begun, Job},
};
use crate::{
    name::GroupName,
    server::engine::{
        Error, Start,
        frames::write_leased,
        groups::{Attendance, Instance, Notice, Share, Sharing, Why},
        presence::Who,
    },
};

/// Tasks that are put into one buffer.
const TASKS_MAX: usize = 256;
/// A buffer is handed on when it has this many bytes.
const BUFFER_BYTES: usize = 32 << 10;

/// What a stream of a share is given.
type Deliveries = Outbox<Key, Result<StreamEnd, Error>>;
/// The writer's side of it.
pub(super) type DeliveryFeed = Feed<Key, Result<StreamEnd, Error>>;

/// What a process is told.
pub(super) type Notices = Outbox<(Key, Why), ()>;
/// The writer's side of it.
pub(super) type NoticeFeed = Feed<(Key, Why), ()>;

/// Opens a share.
pub(super) async fn open(engine: &Embedded, mut share: Share) -> Result<Sharing, Error> {
    let shared = &engine.shared;
    shared.check()?;
    if let Some(asked) = &share.store
        && *asked != shared.store_id
    {
        return Err(Error::OtherStore { asked: asked.clone(), store: shared.store_id.clone() });
    }
    for position in &mut share.queues {
        if let Start::Time(at_ms) = position.start {
            position.start = match shared.reads.seq_at(at_ms).await? {
                // What was purged since is not missed.
                Some(seq) => Start::Seq(seq.max(shared.queues.first_seq(&position.queue))),
                None => Start::New,
            };
        }
    }
    // What cannot be read is no lease of it.
    let have = share.have.iter().filter_map(|token| engine.tokens.read(token));
    let have = have.map(|key| (key.group, key.seq, key.attempt)).collect();
    let stream = shared.next_stream();
    let deliveries = Arc::new(Deliveries::new());
    let who = share.who.clone();
    let asking = Asking { stream, share, have };
    let (answer, answered) = Answer::new();
    let seat = Seat { jobs: Arc::downgrade(&engine.jobs), leaving: Leaving::Stream(stream) };
    let feed = DeliveryFeed::new(&deliveries, Err(Error::Stopped));
    let begun = engine.ask(Job::Share { seat: Some(Box::new((asking, feed))), answer }, answered).await?;
    let Begun { start, is_new, lease_ms, groups } = begun;
    let finder = Finder::new(shared.clone());
    let names = groups.iter().map(|(_, queue, _)| queue.name.clone()).collect();
    let group = groups.first().map(|(.., group)| group.clone());
    let here = shared.presence.enter(&who, presence::Stream::Watch(names, group));
    let out = Out {
        shared: shared.clone(),
        tokens: engine.tokens.clone(),
        deliveries,
        groups,
        finder,
        waiting: Vec::new().into_iter(),
        token: String::new(),
        _seat: seat,
        _here: here,
    };
    let frames = stream::unfold(Some(out), |out| async {
        let mut out = out?;
        match out.next().await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(out))),
            Ok(None) => None,
            Err(e) => Some((Err(e), None)),
        }
    });
    Ok(Sharing { start, is_new, lease_ms, frames: frames.boxed() })
}

/// One stream.
struct Out {
    shared: Arc<Shared>,
    tokens: Tokens,
    deliveries: Arc<Deliveries>,
    groups: Vec<(GroupNo, Arc<Queue>, GroupName)>,
    finder: Finder,
    /// Taken and not yet sent.
    waiting: std::vec::IntoIter<Key>,
    /// The last lease's.
    token: String,
    _seat: Seat,
    _here: Here,
}

impl Out {
    /// The next tasks. `None`: the end that was asked for.
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let mut buffer = Vec::new();
        loop {
            let Some(key) = self.waiting.next() else {
                if !buffer.is_empty() {
                    return Ok(Some(buffer.into()));
                }
                if self.deliveries.is_empty() {
                    // It may be long until the next one.
                    self.finder.rest();
                }
                match self.deliveries.take(TASKS_MAX).await {
                    Ok(keys) => self.waiting = keys.into_iter(),
                    Err(Ok(StreamEnd::Done)) => return Ok(None),
                    Err(Ok(StreamEnd::Superseded)) => return Err(Error::Superseded),
                    // The writer has let go of it: it is about to say why.
                    Err(Err(Error::Stopped)) => return Err(self.shared.ended().await),
                    Err(Err(error)) => return Err(error),
                }
                continue;
            };
            let Some((_, queue, name)) = self.groups.iter().find(|(no, ..)| *no == key.group) else {
                continue;
            };
            // One that was trimmed since is not its any more.
            let Some(frame) = self.finder.find(queue, key.seq).await? else { continue };
            self.token.clear();
            self.tokens.write_to(&key, &mut self.token);
            write_leased(&mut buffer, &frame, name.as_str(), &self.token, key.attempt);
            if buffer.len() >= BUFFER_BYTES {
                return Ok(Some(buffer.into()));
            }
        }
    }
}

/// Begins an attendance.
pub(super) fn attend(engine: &Embedded, who: &Who) -> Attendance {
    let (instance, client) = (who.instance, who.client.as_ref().map(|client| client.as_str().into()));
    let notices = Arc::new(Notices::new());
    let _ = engine.jobs.send(Job::Attend { instance, client, notices: Some(NoticeFeed::new(&notices, ())) });
    let leaving = Leaving::Attendance(instance, notices.clone());
    let seat = Seat { jobs: Arc::downgrade(&engine.jobs), leaving };
    let here = engine.shared.presence.enter(who, presence::Stream::Status);
    let tokens = engine.tokens.clone();
    let told = stream::unfold((notices, seat, here), |(notices, seat, here)| async {
        let told = notices.take(TASKS_MAX).await.ok()?;
        Some((told, (notices, seat, here)))
    });
    let told = told.flat_map(stream::iter).map(move |(key, why)| Notice::Ended {
        lease: tokens.write(&key),
        seq: key.seq,
        why,
    });
    Attendance { notices: told.boxed() }
}

/// A place that is given up when its stream is dropped.
struct Seat {
    /// Does not keep the writer going.
    jobs: Weak<mpsc::Sender<Job>>,
    leaving: Leaving,
}

enum Leaving {
    Stream(StreamId),
    Attendance(Instance, Arc<Notices>),
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some(jobs) = self.jobs.upgrade() else { return };
        let _ = jobs.send(match &self.leaving {
            Leaving::Stream(stream) => Job::Leave { stream: *stream },
            Leaving::Attendance(instance, notices) => {
                Job::Unattend { instance: *instance, notices: notices.clone() }
            }
        });
    }
}
