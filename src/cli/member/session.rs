//! The `sendStatus` side of a member: signs of life and statuses go up, and what has become of the leases
//! comes down. The stream and the connection may break and be opened again; the process stays the same.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    time::{Instant, Interval, MissedTickBehavior},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status, Streaming};

use crate::cli::connect::Channel;
use crate::{name::ClientName, pb};

/// The longest pause between two signs of life.
const BEAT_MAX: Duration = Duration::from_secs(15);
/// The shortest, whatever a server says of its leases.
const BEAT_MIN: Duration = Duration::from_millis(100);
/// Signs of life that may wait for the connection: more would say no more.
const WAITING_MAX: usize = 8;

/// A `sendStatus` stream that can be opened again.
pub(super) struct Session {
    channel: Channel,
    /// The first message of each stream.
    greeting: pb::ClientMsg,
    beats: Interval,
    up: Option<mpsc::Sender<pb::ClientMsg>>,
    stage: Stage,
    /// Messages sent on this stream and not replied to.
    unanswered: u64,
    /// Of these so many up to the word to stop, when it was said first, and when it was said last.
    stop_unanswered: Option<u64>,
    last_stop_unanswered: u64,
    /// A status that could not be sent yet. A newer one takes its place.
    unsaid: Option<String>,
}

enum Stage {
    Opening(BoxFuture<'static, Opened>),
    Open(Box<Streaming<pb::Result>>),
    Closed,
}

type Opened = Result<Response<Streaming<pb::Result>>, Status>;

/// What comes of it.
pub(in crate::cli) enum News {
    /// The server has answered, with these headers.
    Opened(tonic::metadata::MetadataMap),
    /// A lease of this process has ended.
    Ended(pb::Ended),
    /// The server has heard what was sent.
    Heard,
    /// The server is about to end.
    Drain,
    /// The stream, or its opening, has failed.
    Failed(Status),
}

impl Session {
    pub(super) fn new(channel: Channel, client: &ClientName, instance: &[u8; 16], lease: Duration) -> Self {
        let greeting = pb::ClientMsg {
            client: client.to_string(),
            instance: instance.to_vec(),
            heartbeat: true,
            control: true,
            ..pb::ClientMsg::default()
        };
        Session {
            channel,
            greeting,
            beats: every(lease),
            up: None,
            stage: Stage::Closed,
            unanswered: 0,
            stop_unanswered: None,
            last_stop_unanswered: 0,
            unsaid: None,
        }
    }

    /// Opens the stream, after a pause.
    pub(super) fn open(&mut self, pause: Duration) {
        let (up, messages) = mpsc::channel(WAITING_MAX);
        self.up = Some(up);
        self.unanswered = 0;
        // Before the call: a server may open it only with its first answer.
        self.stop_unanswered = None;
        self.last_stop_unanswered = 0;
        self.say(self.greeting.clone());
        let mut client = pb::contact_client::ContactClient::new(self.channel.clone());
        self.stage = Stage::Opening(Box::pin(async move {
            tokio::time::sleep(pause).await;
            client.send_status(ReceiverStream::new(messages)).await
        }));
    }

    /// How long the leases are: it is heard several times in each.
    pub(super) fn set_lease(&mut self, lease: Duration) {
        self.beats = every(lease);
    }

    /// Asks to be handed nothing more, and is heard by it. From now on on each stream.
    pub(super) fn stop(&mut self) {
        self.greeting.stop = true;
        self.stop_unanswered = None;
        self.beat();
    }

    /// It is to be handed tasks again: once no word to stop is on its way any more, and a watch is opened.
    pub(super) fn go_on(&mut self) {
        self.greeting.stop = false;
    }

    /// Whether the server may yet hear a word to stop that was said before.
    pub(super) fn has_stop_on_its_way(&self) -> bool {
        self.last_stop_unanswered > 0
    }

    /// Reports a status, as soon as that can be done.
    pub(super) fn report(&mut self, status: String) {
        self.unsaid = Some(status);
        self.say_status();
    }

    /// Whether the server has heard the word to stop.
    pub(super) fn is_stop_heard(&self) -> bool {
        self.stop_unanswered == Some(0)
    }

    /// Gives signs of life and waits for news; once it has failed, until it is opened again. Nothing is lost if
    /// this is dropped.
    pub(super) async fn next(&mut self) -> News {
        loop {
            match &mut self.stage {
                Stage::Closed => std::future::pending().await,
                Stage::Opening(opened) => match opened.await {
                    Ok(response) => {
                        let (headers, replies, _) = response.into_parts();
                        self.stage = Stage::Open(Box::new(replies));
                        self.say_status();
                        return News::Opened(headers);
                    }
                    Err(status) => return self.failed(status),
                },
                Stage::Open(replies) => {
                    let reply = tokio::select! {
                        reply = replies.message() => reply,
                        _ = self.beats.tick() => {
                            self.beat();
                            continue;
                        }
                    };
                    match reply {
                        Ok(Some(pb::Result { ended: Some(ended), .. })) => return News::Ended(ended),
                        Ok(Some(pb::Result { drain: true, .. })) => return News::Drain,
                        Ok(Some(_)) => {
                            self.replied();
                            return News::Heard;
                        }
                        Ok(None) => return self.failed(Status::unavailable("the server ended the call")),
                        Err(status) => return self.failed(status),
                    }
                }
            }
        }
    }

    fn beat(&mut self) {
        let stop = self.greeting.stop;
        self.say(pb::ClientMsg { heartbeat: true, stop, ..pb::ClientMsg::default() });
    }

    fn say_status(&mut self) {
        // A status of before is no news to a server that is not there yet.
        if let Stage::Open(_) = self.stage
            && let Some(status) = self.unsaid.take()
        {
            let stop = self.greeting.stop;
            let message = pb::ClientMsg { msg: status, stop, ..pb::ClientMsg::default() };
            if let Some(pb::ClientMsg { msg, .. }) = self.say(message) {
                self.unsaid = Some(msg);
            }
        }
    }

    /// Sends a message, or gives it back.
    fn say(&mut self, message: pb::ClientMsg) -> Option<pb::ClientMsg> {
        let stop = message.stop;
        // A full channel is a connection that takes nothing, and then the sign of life is late anyway; a
        // closed one is a stream that has failed, and says so.
        if let Some(up) = &self.up {
            if let Err(TrySendError::Full(message) | TrySendError::Closed(message)) = up.try_send(message) {
                return Some(message);
            }
            self.unanswered += 1;
            if stop {
                self.stop_unanswered.get_or_insert(self.unanswered);
                self.last_stop_unanswered = self.unanswered;
            }
            return None;
        }
        Some(message)
    }

    /// Replies come in the order of the messages.
    fn replied(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.stop_unanswered = self.stop_unanswered.map(|n| n.saturating_sub(1));
        self.last_stop_unanswered = self.last_stop_unanswered.saturating_sub(1);
        self.say_status();
    }

    fn failed(&mut self, status: Status) -> News {
        self.up = None;
        self.stage = Stage::Closed;
        News::Failed(status)
    }
}

/// Four signs of life in a lease, and no fewer than one in 15 s.
#[allow(clippy::disallowed_methods, reason = "beats in real time")]
fn every(lease: Duration) -> Interval {
    let pause = (lease / 4).clamp(BEAT_MIN, BEAT_MAX);
    let mut beat = tokio::time::interval_at(Instant::now() + pause, pause);
    // Late ones are not made up for.
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}
