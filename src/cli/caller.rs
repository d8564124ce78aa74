//! Calls of one question and one answer, all over one connection as long as it lasts. While the server cannot
//! be reached a call is made again: what these calls do they do once, however often it is said.

use tonic::{Code, Response, Status};

use super::{
    Context, Failure, again,
    connect::{self, Asking},
    exit::{self, code},
    reason::Reason,
};
use crate::cli::connect::Channel;
use crate::pb::contact_client::ContactClient;

/// Longest answer: a page ends early when its tasks are long, but what is said of a thousand groups may be long.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// What makes a single call.
pub(super) type Client = ContactClient<Channel>;

/// Makes calls.
pub(super) struct Caller<'a> {
    context: &'a Context,
    /// Kept from one call to the next.
    channel: Option<Channel>,
}

impl<'a> Caller<'a> {
    pub(super) fn new(context: &'a Context) -> Self {
        Caller { context, channel: None }
    }

    /// Makes the call that is named `name`.
    pub(super) async fn call<R, T>(
        &mut self,
        name: &str,
        asked: R,
        call: impl AsyncFn(Client, R) -> Result<Response<T>, Status>,
    ) -> Result<T, Failure>
    where
        R: Clone,
    {
        let target = self.context.target();
        let (call, asked) = (&call, &asked);
        let on = |channel: Channel| {
            let client = ContactClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
            call(client, asked.clone())
        };
        let mut asking = Asking::new(Some(self.context.retry_for()));
        if let Some(channel) = &self.channel {
            match connect::within(asking.limit(), on(channel.clone())).await {
                // The server may have gone since the last call: then this try does not count.
                Err(status) if exit::is_broken(&status) => {}
                Err(status) if again::is_worth_it(&status) => asking.failed = Some(status),
                answer => {
                    let answer = answer.map_err(|status| self.explain(name, target.failure(&status)))?;
                    return Ok(answer.into_inner());
                }
            }
        }
        let on_new = async |channel: Channel| Ok((on(channel.clone()).await?, channel));
        let answered = target.call(self.context, asking, on_new).await;
        let (answer, channel) = answered.map_err(|failure| self.explain(name, failure))?;
        self.channel = Some(channel);
        Ok(answer.into_inner())
    }

    fn explain(&self, name: &str, failure: Failure) -> Failure {
        explain(self.context, name, failure)
    }
}

/// What it means that the call that is named `name` failed: a server that does not know it is no contact server.
pub(super) fn explain(context: &Context, name: &str, failure: Failure) -> Failure {
    if failure.code != code::GRPC + Code::Unimplemented as u8 {
        return failure;
    }
    let message = format!("the server at {} does not know {name}", context.target().address);
    Failure::new(failure.code, Reason::Unimplemented, message).hint("this command needs a contact server")
}
