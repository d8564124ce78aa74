//! The `getTask` side of a member: the tasks that are handed to this process.

use std::{pin::Pin, time::Duration};

use futures_util::future::BoxFuture;
use tokio::time::Sleep;
use tonic::{Response, Status, Streaming};

use crate::cli::{
    connect::Channel,
    silence::{Silence, is_sign_of_life},
};
use crate::pb;

/// A `getTask` stream that can be opened again.
pub(super) struct Intake {
    channel: Channel,
    stage: Stage,
}

enum Stage {
    /// Until it is time to open it.
    Pausing(Pin<Box<Sleep>>, Box<pb::Watch>),
    Opening(BoxFuture<'static, Opened>),
    Open(Box<Streaming<pb::ServerMsg>>, Silence),
    Closed,
}

type Opened = Result<Response<Streaming<pb::ServerMsg>>, Status>;

/// What comes of it.
pub(in crate::cli) enum News {
    /// The server has answered, with these headers.
    Opened(tonic::metadata::MetadataMap),
    /// A task was handed out.
    Task(Box<pb::ServerMsg>),
    /// The stream has ended well.
    Ended,
    /// The stream, or its opening, has failed.
    Failed(Status),
}

impl Intake {
    pub(super) fn new(channel: Channel) -> Self {
        Intake { channel, stage: Stage::Closed }
    }

    /// Opens the stream, after a pause.
    pub(super) fn open(&mut self, watch: pb::Watch, pause: Duration) {
        self.stage = Stage::Pausing(Box::pin(tokio::time::sleep(pause)), Box::new(watch));
    }

    /// Opens it no more. What is open stays so: tasks may be on their way.
    pub(super) fn stop(&mut self) {
        if let Stage::Pausing(..) = self.stage {
            self.stage = Stage::Closed;
        }
    }

    /// Closes it: what has not come so far is sent again when it is opened again.
    pub(super) fn close(&mut self) {
        self.stage = Stage::Closed;
    }

    /// Whether nothing can come of it.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed)
    }

    /// Whether the server has answered and the stream has not ended.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open(..))
    }

    /// Waits for news; once it has ended or failed, until it is opened again. Nothing is lost if this is
    /// dropped.
    pub(super) async fn next(&mut self) -> News {
        if let Stage::Pausing(pause, watch) = &mut self.stage {
            pause.await;
            let watch = std::mem::take(&mut **watch);
            let mut client = pb::contact_client::ContactClient::new(self.channel.clone());
            self.stage = Stage::Opening(Box::pin(async move { client.get_task(watch).await }));
        }
        match &mut self.stage {
            Stage::Closed | Stage::Pausing(..) => std::future::pending().await,
            Stage::Opening(opened) => match opened.await {
                Ok(response) => {
                    let (headers, tasks, _) = response.into_parts();
                    let silence = Silence::of(&headers);
                    self.stage = Stage::Open(Box::new(tasks), silence);
                    News::Opened(headers)
                }
                Err(status) => {
                    self.stage = Stage::Closed;
                    News::Failed(status)
                }
            },
            Stage::Open(tasks, silence) => {
                let news = loop {
                    let message = tokio::select! {
                        biased;
                        message = tasks.message() => message,
                        status = silence.over() => Err(status),
                    };
                    silence.broken();
                    match message {
                        Ok(Some(message)) if is_sign_of_life(&message) => {}
                        Ok(Some(task)) => return News::Task(Box::new(task)),
                        Ok(None) => break News::Ended,
                        Err(status) => break News::Failed(status),
                    }
                };
                self.stage = Stage::Closed;
                news
            }
        }
    }
}
