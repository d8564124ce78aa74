//! `sendStatus`: a reply to each status, in order; the last one of a named client is kept. For a process that
//! names itself the stream is its attendance: each message is a sign of life, and with `control` it is told
//! here which of its leases have ended, and to drain.

use std::sync::Arc;

use futures_util::{StreamExt, stream, stream::BoxStream};
use tonic::{Status, Streaming};

use super::{
    access::Caller,
    batches::{Batch, Batches},
    bounds::InFlight,
    call::Call,
    chatter::Chatter,
    convert,
    ending::Ending,
    engine::{
        Engine, Error,
        groups::{Instance, Notice},
        presence::Who,
    },
    reason::Reason,
    status,
};
use crate::{name::ClientName, pb};

/// Notices that go out together.
const NOTICES_MAX: usize = 256;
/// Statuses whose replies wait together: they are few, and as short as they like.
const STATUSES_MAX: usize = 128;
/// How often a process may say on one stream that it is another client's: each time whoever watches clients is told.
const RENAMES_MAX: usize = 16;

type Reply = Result<pb::Result, Status>;

pub(super) fn answer(call: &Call, statuses: Streaming<pb::ClientMsg>) -> BoxStream<'static, Reply> {
    // A heartbeat counts nothing: it must be heard whatever else its client has sent.
    let messages = Batches::new(statuses, &call.account, call.ending.begun(), |status| status.msg.len());
    let session = Session {
        messages: messages.of_at_most(STATUSES_MAX),
        engine: call.engine.clone(),
        chatter: call.statuses_logged.clone(),
        ending: call.ending.clone(),
        caller: call.caller.clone(),
        client: None,
        instance: None,
        renames: 0,
        control: false,
        notices: stream::pending().boxed(),
    };
    stream::unfold(Some(session), |session| async {
        let mut session = session?;
        let (replies, in_flight) = session.next().await?;
        // Nothing comes after an error.
        let ended = replies.last().is_some_and(Result::is_err);
        // Answered is what has gone out.
        let replies = stream::iter(replies).inspect(move |_| {
            let _unanswered = &in_flight;
        });
        Some((replies, (!ended).then_some(session)))
    })
    .flatten()
    .boxed()
}

/// One stream.
struct Session {
    messages: Batches<pb::ClientMsg>,
    engine: Arc<dyn Engine>,
    chatter: Arc<Chatter>,
    ending: Ending,
    caller: Caller,
    /// Who speaks, and the process, once they have been said.
    client: Option<ClientName>,
    instance: Option<Instance>,
    /// How often it has said that it is another client's.
    renames: usize,
    /// It wants to be told.
    control: bool,
    /// What the process is told. While this lives it attends.
    notices: BoxStream<'static, Vec<Notice>>,
}

impl Session {
    /// What goes out next, and the bytes that are answered by it. An error stands last. `None`: the client has said
    /// all.
    async fn next(&mut self) -> Option<(Vec<Reply>, Option<InFlight>)> {
        loop {
            tokio::select! {
                batch = self.messages.next() => return Some(match batch? {
                    Ok(Batch { messages, in_flight }) => (self.replies(messages), Some(in_flight)),
                    Err(end) => (self.last_words(end), None),
                }),
                notices = self.notices.next() => match notices {
                    Some(notices) if self.control => {
                        let notices = notices.into_iter().map(|notice| Ok(convert::notice(notice)));
                        return Some((notices.collect(), None));
                    }
                    Some(_) => {}
                    None => return Some((vec![Err(status::from_engine(Error::SlowReader))], None)),
                },
            }
        }
    }

    fn replies(&mut self, batch: Vec<pb::ClientMsg>) -> Vec<Reply> {
        let statuses = batch.iter().filter(|message| !message.heartbeat).count();
        let (mut lines, left_out) = self.chatter.allow(statuses);
        if left_out > 0 {
            tracing::info!("{left_out} more statuses");
        }
        let mut replies = Vec::with_capacity(batch.len());
        let mut stop = false;
        for message in batch {
            if let Err(status) = self.introduce(&message) {
                replies.push(Err(status));
                break;
            }
            stop |= message.stop;
            self.control |= message.control;
            replies.push(Ok(self.reply(&message, &mut lines)));
        }
        // They have arrived at one moment: one sign of life says what all of them do.
        if let Some(instance) = self.instance {
            self.engine.heard(instance, stop);
        }
        replies
    }

    /// Takes note of who speaks.
    fn introduce(&mut self, message: &pb::ClientMsg) -> Result<(), Status> {
        if !message.client.is_empty()
            && self.client.as_ref().is_none_or(|client| client.as_str() != message.client)
        {
            let client = self.caller.client(convert::client("client", &message.client)?)?;
            if let Some(instance) = self.instance {
                self.renames += 1;
                if self.renames > RENAMES_MAX {
                    let message =
                        format!("client has changed {RENAMES_MAX} times: a process is of one client");
                    return Err(status::field(Reason::TooManyClients, "client", message));
                }
                self.engine.name(instance, &client);
            }
            self.client = Some(client);
        }
        if message.instance.is_empty() {
            return Ok(());
        }
        let instance = self.caller.instance(convert::instance(&message.instance)?);
        match self.instance {
            None => {
                let (client, address) = (self.client.clone(), self.caller.address().to_owned());
                let attendance = self.engine.attend(Who { client, instance, address });
                self.notices = attendance.notices.ready_chunks(NOTICES_MAX).boxed();
                self.instance = Some(instance);
                Ok(())
            }
            Some(known) if known == instance => Ok(()),
            Some(_) => {
                let message = "instance is another than before: a stream is of one process";
                Err(status::field(Reason::BadInstance, "instance", message))
            }
        }
    }

    fn reply(&self, message: &pb::ClientMsg, lines: &mut usize) -> pb::Result {
        if message.heartbeat {
            return pb::Result::default();
        }
        if *lines > 0 {
            *lines -= 1;
            let client = self.client.as_ref().map_or("-", ClientName::as_str);
            tracing::info!(client, msg = ?message.msg, "status");
        }
        if let Some(client) = &self.client {
            self.engine.report(client, &message.msg);
        }
        pb::Result { ret: format!("received: {}", message.msg), ..pb::Result::default() }
    }

    /// The stream ends by an error. Who wants to be told is told first if it is the server that ends.
    fn last_words(&self, end: Status) -> Vec<Reply> {
        let drain = self.control && self.ending.is_server();
        let drain = drain.then(|| Ok(pb::Result { drain: true, ..pb::Result::default() }));
        drain.into_iter().chain([Err(end)]).collect()
    }
}
