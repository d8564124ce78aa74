//! A watch without a group: it sees every task, in order, and nothing is owed.

use std::{pin::Pin, time::Duration};

use futures_util::FutureExt;
use tonic::{Status, Streaming};

use super::{
    WatchTasks,
    line::{TaskLine, text},
};
use crate::{
    cli::{
        Context, Failure,
        connect::Tries,
        exchange::is_ours,
        exit,
        output::Output,
        place::{Headers, Place},
        start::From,
    },
    pb,
};

/// How one connection ended.
enum End {
    /// As was asked for.
    Done,
    /// Try again.
    Broken(Status),
    /// What could not be resumed was skipped: open again at once.
    Skipped,
}

impl WatchTasks {
    /// Watches without a group.
    pub(in crate::cli) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        let mut watching = Watching {
            place: self.place(context)?,
            flags: self,
            context,
            out,
            is_foreign: false,
            has_printed: false,
        };
        let mut tries = Tries::new(None);
        let mut idle = Idle::new(watching.flags.idle_exit);
        loop {
            match watching.watch(&mut tries, &mut idle).await? {
                End::Done => break,
                End::Skipped => {}
                End::Broken(status) => {
                    watching.out.flush().await?;
                    if tries.failed() {
                        let message = format!(
                            "server {}: {}; trying again for ever",
                            context.target().address,
                            exit::cause(&status)
                        );
                        context.errors.notice("retrying", &message);
                    }
                    tokio::select! {
                        paused = tries.pause(&status, context.target()) => paused?,
                        // A server that is not there is not one that has nothing to do.
                        () = idle.over() => return Err(context.target().failure(&status)),
                    }
                }
            }
        }
        watching.out.flush().await?;
        Ok(0)
    }
}

struct Watching<'a> {
    flags: WatchTasks,
    context: &'a Context,
    out: &'a mut Output,
    place: Place,
    /// The server is not ours: there are no positions, and it begins anew each time.
    is_foreign: bool,
    /// Tasks have been printed.
    has_printed: bool,
}

impl Watching<'_> {
    /// One connection.
    async fn watch(&mut self, tries: &mut Tries, idle: &mut Idle) -> Result<End, Failure> {
        if self.place.is_done() {
            // The connection broke between the last task and the word that it was the last.
            return Ok(End::Done);
        }
        let target = self.context.target();
        let channel = tokio::select! {
            channel = target.connect() => match channel {
                Ok(channel) => channel,
                Err(status) => return Ok(End::Broken(status)),
            },
            () = idle.over() => return Err(target.failure(&Status::unavailable("no answer"))),
        };
        let mut client = pb::contact_client::ContactClient::new(channel);
        // A server that is not ours may answer with its first task only: until then it is idle.
        let opened = tokio::select! {
            opened = client.get_task(self.place.request()) => opened,
            () = idle.over() => return Ok(End::Done),
        };
        let response = match opened {
            Ok(response) => response,
            Err(status) => return self.ended(status),
        };
        tries.opened();
        if is_ours(&response) {
            self.place.begun(&Headers(response.metadata()));
        } else {
            self.begun_elsewhere()?;
        }
        let mut tasks: Streaming<pb::ServerMsg> = response.into_inner();
        let mut printed = false;
        loop {
            let ready = match tasks.message().now_or_never() {
                Some(ready) => ready,
                None => {
                    // No more is ready: what there is goes out.
                    self.out.flush().await?;
                    if std::mem::take(&mut printed) {
                        idle.reset();
                    }
                    tokio::select! {
                        task = tasks.message() => task,
                        () = idle.over() => return Ok(End::Done),
                    }
                }
            };
            match ready {
                Ok(Some(task)) => {
                    tries.worked();
                    if !self.place.passed(&task) {
                        continue;
                    }
                    let colour = self.out.colour;
                    self.out.line(&TaskLine::new(&task), || text(&task, colour)).await?;
                    (printed, self.has_printed) = (true, true);
                    if let Some(left) = &mut self.place.left {
                        *left -= 1;
                        if *left == 0 {
                            return Ok(End::Done);
                        }
                    }
                }
                // A stream ends well only if an end was asked for.
                Ok(None) if !self.is_foreign && (self.place.left.is_some() || self.flags.until_empty) => {
                    return Ok(End::Done);
                }
                Ok(None) => return Ok(End::Broken(Status::unavailable("the server ended the watch"))),
                Err(status) => return self.ended(status),
            }
        }
    }

    /// The server is not a contact server: what it cannot do is refused, not left out.
    fn begun_elsewhere(&mut self) -> Result<(), Failure> {
        let flags = &self.flags;
        let asked = [
            ("-q", !flags.queues.is_empty()),
            ("--to-me", flags.to_me),
            ("--from", flags.from.as_ref().is_some_and(|from| *from != From::Start)),
            ("--after", flags.after.is_some()),
            ("--until-empty", flags.until_empty),
        ];
        if let Some((flag, _)) = asked.into_iter().find(|(_, asked)| *asked) {
            return Err(super::not_ours(self.context, flag));
        }
        if self.has_printed {
            let address = &self.context.target().address;
            let message = format!("the server at {address} has begun anew: tasks are printed again");
            self.context.errors.notice("replayed", &message);
        }
        self.is_foreign = true;
        Ok(())
    }

    /// The call failed.
    fn ended(&mut self, status: Status) -> Result<End, Failure> {
        if exit::is_broken(&status) {
            return Ok(End::Broken(status));
        }
        self.place.refused(self.context, &status).map(|()| End::Skipped)
    }
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
