//! Handing in tasks over one connection, with so many on their way at a time. `submit` measures this, and the other
//! loads have their tasks by it.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use prost::Message;
use tokio::sync::Semaphore;
use tonic::{Code, Status};

use super::{
    fields::Fields,
    measure::{Latencies, now},
    place::Link,
    quota::{Grant, Quota},
    tasks::Tasks,
    wire::{self, Down, PIECE_BYTES, Up},
};
use crate::{
    cli::{Failure, exit::code},
    pb,
};

/// Where a task is handed in.
pub(super) const SUBMIT: &str = "/Contact/submitTask";
/// The field of an answer that says that its task was refused.
const REFUSAL: u64 = 5;
/// Bytes of tasks that may be on their way, whatever number was asked for.
const BYTES_MAX: usize = 64 << 20;

/// How many tasks may be on their way at a time.
#[derive(Debug, Clone)]
pub(super) struct Window {
    room: Arc<Semaphore>,
    /// A task makes room for the next with its answer; else somebody else says when.
    by_answers: bool,
}

impl Window {
    /// A task is on its way until it is answered.
    pub(super) fn by_answers(tasks: u32) -> Self {
        Window { room: Arc::new(Semaphore::new(tasks as usize)), by_answers: true }
    }

    /// A task is on its way until somebody says that it has [`arrived`](Self::arrived).
    pub(super) fn by_arrivals(tasks: u32) -> Self {
        Window { by_answers: false, ..Window::by_answers(tasks) }
    }

    /// So many have arrived.
    pub(super) fn arrived(&self, tasks: u64) {
        self.room.add_permits(tasks as usize);
    }
}

/// One connection's part.
pub(super) struct Submitting {
    pub(super) link: Link,
    pub(super) tasks: Tasks,
    pub(super) window: Window,
    pub(super) quota: Arc<Quota>,
    /// From being handed to the connection to the answer, if that is what is measured.
    pub(super) latencies: Option<Latencies>,
}

impl Submitting {
    /// Hands in tasks until the quota is used up and each is answered. Returns how many there were.
    pub(super) async fn run(mut self) -> Result<u64, Failure> {
        let (up, body) = wire::up();
        let down = self.link.call(SUBMIT, body).await?;
        let sent = Sent { waiting: VecDeque::new(), unanswered: 0, answered: 0, refused: None };
        let link = self.link.clone();
        self.exchange(Some(up), down, sent).await.unwrap_or_else(|status| Err(link.failure(&status)))
    }

    async fn exchange(
        &mut self,
        mut up: Option<Up>,
        mut down: Down,
        mut sent: Sent,
    ) -> Result<Result<u64, Failure>, Status> {
        let limit = (BYTES_MAX / self.tasks.frame_bytes()).max(1) as u64;
        let piece = (PIECE_BYTES / self.tasks.frame_bytes()).max(1) as u64;
        loop {
            let mut pause = None;
            while let Some(to) = &up {
                let room = piece.min(limit - sent.unanswered.min(limit));
                match self.take(room) {
                    Grant::Now(0) => break,
                    Grant::Now(n) => {
                        let now = now();
                        // Fails only if the call has ended, and then its lower half says so.
                        let _ = to.send(self.tasks.make(n, now));
                        sent.waiting.push_back((n, now));
                        sent.unanswered += n;
                    }
                    Grant::After(long) => {
                        pause = Some(long);
                        break;
                    }
                    Grant::Over => up = None,
                }
            }
            let may_wait_for_room = up.is_some() && pause.is_none() && sent.unanswered < limit;
            tokio::select! {
                answers = down.next(|answer| sent.look_at(answer)) => match answers? {
                    Some(n) => {
                        if let Some(refusal) = sent.refused.take() {
                            return Ok(Err(refused(refusal)));
                        }
                        sent.were_answered(n, self.latencies.as_ref())?;
                        self.link.done(n);
                        if self.window.by_answers {
                            self.window.arrived(n);
                        }
                    }
                    None if sent.unanswered == 0 && up.is_none() => return Ok(Ok(sent.answered)),
                    None => return Err(Status::unavailable("the server ended the call early")),
                },
                // Given back at once: how much room there is the next turn asks.
                _ = self.window.room.acquire(), if may_wait_for_room => {}
                () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
            }
        }
    }

    /// What may be sent now: what has room and is left of the quota.
    fn take(&self, wanted: u64) -> Grant {
        let room = self.window.room.forget_permits(wanted as usize) as u64;
        if room == 0 {
            return Grant::Now(0);
        }
        let grant = self.quota.take(room);
        let granted = if let Grant::Now(n) = grant { n } else { 0 };
        self.window.room.add_permits((room - granted) as usize);
        grant
    }
}

struct Sent {
    /// What was handed over at a time, in order: how many, and when.
    waiting: VecDeque<(u64, Instant)>,
    unanswered: u64,
    answered: u64,
    /// The first that was refused.
    refused: Option<pb::Refusal>,
}

impl Sent {
    fn look_at(&mut self, answer: &[u8]) {
        if let Some(refusal) = Fields::find(answer, REFUSAL)
            && self.refused.is_none()
        {
            self.refused = Some(pb::Refusal::decode(refusal).unwrap_or_default());
        }
    }

    fn were_answered(&mut self, n: u64, latencies: Option<&Latencies>) -> Result<(), Status> {
        let too_many = || Status::internal("the server answered what was not asked");
        self.unanswered = self.unanswered.checked_sub(n).ok_or_else(too_many)?;
        self.answered += n;
        let now = now();
        let mut left = n;
        while let Some((tasks, sent)) = self.waiting.front_mut()
            && left > 0
        {
            let these = left.min(*tasks);
            if let Some(latencies) = latencies {
                latencies.record(now - *sent, these);
            }
            left -= these;
            *tasks -= these;
            if *tasks == 0 {
                self.waiting.pop_front();
            }
        }
        Ok(())
    }
}

fn refused(refusal: pb::Refusal) -> Failure {
    let code = u8::try_from(refusal.code).unwrap_or(Code::Unknown as u8);
    let message = format!("a task was refused: {}", refusal.message);
    Failure { message, ..Failure::from_refusal(code::GRPC + code, refusal) }
}
