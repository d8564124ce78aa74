//! A watch that comes back: one call whose stream is read for ever. When the connection is lost it is opened
//! again, after a pause that grows and is random in part, where it was. What is asked for, what is printed and
//! what a refusal means is each watch's own.

use std::{pin::Pin, time::Duration};

use futures_util::{FutureExt, Stream, StreamExt};
use tonic::{Response, Status, metadata::MetadataMap};

use super::{Context, Failure, again, connect::Tries, exit, output::Output, silence::Silence};
use crate::cli::connect::Channel;

/// One watch. Outlives its connections.
pub(super) trait Watched {
    /// What comes.
    type Message;
    /// How it comes.
    type Messages: Stream<Item = Result<Self::Message, Status>> + Unpin;

    /// Whether all that was asked for has come.
    fn is_done(&self) -> bool;
    /// Makes the call.
    async fn open(&mut self, channel: Channel) -> Result<Response<Self::Messages>, Status>;
    /// The call has been opened.
    async fn begun(&mut self, headers: &MetadataMap, out: &mut Output) -> Result<(), Failure>;
    /// Takes a message.
    async fn took(&mut self, message: Self::Message, out: &mut Output) -> Result<Took, Failure>;
    /// Whether the server may end the stream.
    fn may_end(&self) -> bool;
    /// The server has refused to go on. `Ok`: ask again at once.
    fn refused(&mut self, status: &Status) -> Result<(), Failure>;
    /// How long to try while the server cannot be reached, before and after a call could be opened. `None`: for
    /// ever.
    fn patience(&self, _was_open: bool) -> Option<Duration> {
        None
    }
}

/// What a message was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Took {
    /// It was printed.
    Printed,
    /// It had been printed before, or is not to be.
    Passed,
    /// Nothing more is wanted.
    Last,
}

/// How one connection ended.
enum End {
    /// As was asked for.
    Done,
    /// Try again.
    Broken(Status),
    /// What could not be resumed was skipped: open again at once.
    Skipped,
}

/// Watches to the end that was asked for; the first time over `channel`, if there is one. `idle_exit`: so long
/// without a message is the end as well.
pub(super) async fn run<W: Watched>(
    watch: &mut W,
    context: &Context,
    out: &mut Output,
    idle_exit: Option<Duration>,
    mut channel: Option<Channel>,
) -> Result<(), Failure> {
    let target = context.target();
    let mut tries = Tries::new(watch.patience(false));
    let mut idle = Idle::new(idle_exit);
    loop {
        match one(watch, context, out, &mut tries, &mut idle, channel.take()).await? {
            End::Done => return out.flush().await,
            End::Skipped => {}
            End::Broken(status) => {
                out.flush().await?;
                if tries.failed(&status) {
                    let cause = exit::cause(&status);
                    let how_long = if tries.is_endless() { " for ever" } else { "" };
                    let message = format!("server {}: {cause}; trying again{how_long}", target.address);
                    context.errors.notice("retrying", &message);
                }
                tokio::select! {
                    paused = tries.pause(&status, target) => paused?,
                    // A server that is not there is not one that has nothing to do.
                    () = idle.over() => return Err(target.failure(&status)),
                }
            }
        }
    }
}

/// One connection.
async fn one<W: Watched>(
    watch: &mut W,
    context: &Context,
    out: &mut Output,
    tries: &mut Tries,
    idle: &mut Idle,
    channel: Option<Channel>,
) -> Result<End, Failure> {
    if watch.is_done() {
        // The connection broke between the last message and the word that it was the last.
        return Ok(End::Done);
    }
    let target = context.target();
    let channel = match channel {
        Some(channel) => channel,
        None => tokio::select! {
            channel = target.connect() => match channel {
                Ok(channel) => channel,
                Err(status) if exit::is_broken(&status) => return Ok(End::Broken(status)),
                Err(status) => return Err(target.failure(&status)),
            },
            () = idle.over() => return Err(target.failure(&Status::unavailable("no answer"))),
        },
    };
    // A server that is not ours may answer with its first message only: until then it is idle.
    let opened = tokio::select! {
        opened = watch.open(channel) => opened,
        () = idle.over() => return Ok(End::Done),
    };
    let response = match opened {
        Ok(response) => response,
        Err(status) => return ended(watch, status),
    };
    tries.opened();
    tries.endure(watch.patience(true));
    let (headers, mut messages, _) = response.into_parts();
    watch.begun(&headers, out).await?;
    let mut silence = Silence::of(&headers);
    let mut printed = false;
    loop {
        let ready = match messages.next().now_or_never() {
            Some(ready) => ready,
            None => {
                // No more is ready: what there is goes out.
                out.flush().await?;
                if std::mem::take(&mut printed) {
                    idle.reset();
                }
                tokio::select! {
                    biased;
                    message = messages.next() => message,
                    () = idle.over() => return Ok(End::Done),
                    status = silence.over() => return Ok(End::Broken(status)),
                }
            }
        };
        match ready {
            Some(Ok(message)) => {
                tries.worked();
                silence.broken();
                match watch.took(message, out).await? {
                    Took::Printed => printed = true,
                    Took::Passed => {}
                    Took::Last => return Ok(End::Done),
                }
            }
            // A stream ends well only if an end was asked for.
            None if watch.may_end() => return Ok(End::Done),
            None => return Ok(End::Broken(Status::unavailable("the server ended the watch"))),
            Some(Err(status)) => return ended(watch, status),
        }
    }
}

/// The call failed.
fn ended<W: Watched>(watch: &mut W, status: Status) -> Result<End, Failure> {
    if again::is_worth_it(&status) {
        return Ok(End::Broken(status));
    }
    watch.refused(&status).map(|()| End::Skipped)
}

/// `--idle-exit`.
struct Idle {
    after: Option<Duration>,
    over: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Idle {
    fn new(after: Option<Duration>) -> Self {
        Idle { after, over: after.map(|after| Box::pin(tokio::time::sleep(after))) }
    }

    fn reset(&mut self) {
        *self = Idle::new(self.after);
    }

    async fn over(&mut self) {
        match &mut self.over {
            Some(over) => over.await,
            None => std::future::pending().await,
        }
    }
}
