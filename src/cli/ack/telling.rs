//! Telling the server a batch, and printing the verdict of each thing told.

use std::time::Duration;

use serde::Serialize;
use tonic::{Code, Response, Status};

use crate::{
    cli::{
        Context, Failure, again,
        connect::{self, Asking, Channel},
        exchange::is_ours,
        exit::code,
        json,
        output::Output,
        verdicts::word,
    },
    name::ClientName,
    pb,
};

/// What a word may take where the server lets in only so many in a second.
const ITEM_MAX: Duration = Duration::from_secs(1);

/// Its shape is frozen: see tests/golden.
#[derive(Serialize)]
struct VerdictLine<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    /// Only of a task whose id nobody has said.
    #[serde(skip_serializing_if = "str::is_empty")]
    lease: &'a str,
    verdict: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    late: bool,
}

pub(super) struct Telling<'a> {
    pub(super) context: &'a Context,
    pub(super) out: &'a mut Output,
    /// Who tells, if that has a name.
    pub(super) client: Option<ClientName>,
    /// Kept from one call to the next.
    channel: Option<Channel>,
    refused: bool,
    anonymous: u64,
    is_foreign: bool,
    /// What is told comes from stdin, and nobody has said how long to try.
    is_endless: bool,
}

impl<'a> Telling<'a> {
    pub(super) fn new(context: &'a Context, out: &'a mut Output, is_stdin: bool) -> Self {
        Telling {
            context,
            out,
            // Without a name all is told but whose roll-call it is for.
            client: context.client().ok(),
            channel: None,
            refused: false,
            anonymous: 0,
            is_foreign: false,
            is_endless: is_stdin && context.global.retry_for.is_none(),
        }
    }

    /// Tells a batch and prints its verdicts. Telling twice is safe, so a broken call is made again.
    pub(super) async fn tell(&mut self, mut items: Vec<pb::Result>) -> Result<(), Failure> {
        if let (Some(first), Some(client)) = (items.first_mut(), &self.client) {
            // It stands for the whole call.
            first.client = client.to_string();
        }
        let patience = (!self.is_endless).then_some(self.context.retry_for());
        // A server that takes so many in a second and no more keeps the others waiting.
        let extra = ITEM_MAX.saturating_mul(items.len() as u32);
        let mut asking = Asking { extra, ..Asking::new(patience) };
        let told = match self.channel.take() {
            Some(channel) => connect::within(asking.limit(), call(channel, &items)).await.map(Some),
            None => Ok(None),
        };
        let told = told.unwrap_or_else(|status| {
            // The server may have gone since the last call: then this try does not count.
            asking.failed = Some(status).filter(again::is_later);
            None
        });
        let (receipt, channel) = match told {
            Some(told) => told,
            None => self.tell_anew(asking, &items).await?,
        };
        self.channel = Some(channel);
        self.is_foreign |= !is_ours(&receipt);
        let receipt = receipt.into_inner();
        self.anonymous += receipt.anonymous;
        let named = items.iter().filter(|item| !(item.id.is_empty() && item.lease.is_empty()));
        for (item, told) in named.zip(&receipt.told) {
            self.print(item, told).await?;
        }
        self.out.flush().await
    }

    /// Tells over a new connection. At the end of a pipeline it tries for ever: were it to leave, the worker would
    /// not notice before its next word, and the watch would hold what nobody can settle.
    async fn tell_anew(
        &self,
        asking: Asking,
        items: &[pb::Result],
    ) -> Result<(Response<pb::Receipt>, Channel), Failure> {
        let target = self.context.target();
        target.call(self.context, asking, |channel| call(channel, items)).await.map_err(explain)
    }

    async fn print(&mut self, item: &pb::Result, told: &pb::Told) -> Result<(), Failure> {
        let said_yes = [pb::Verdict::Ok, pb::Verdict::Duplicate, pb::Verdict::Noted];
        self.refused |= !said_yes.contains(&told.verdict());
        let verdict = word(told.verdict().as_str_name(), "VERDICT_");
        let id = if item.id.is_empty() { &told.id } else { &item.id };
        let lease = if id.is_empty() { &item.lease[..] } else { "" };
        let line = VerdictLine { id, lease, verdict: &verdict, late: told.late };
        let text = || {
            let late = if told.late { "  (late)" } else { "" };
            format!("{:>8}  {verdict}{late}", json::escape(if id.is_empty() { lease } else { id }))
        };
        self.out.line(&line, text).await
    }

    /// What there is to say at the end, and the exit code.
    pub(super) fn end(&self, strict: bool, bad_lines: bool) -> u8 {
        let errors = self.context.errors;
        if self.is_foreign {
            let message = format!(
                "the server at {} gives no verdicts: it is not a contact server",
                self.context.target().address
            );
            errors.notice("no_verdicts", &message);
        }
        if self.anonymous > 0 {
            let message = format!("lines without an id: {}; the server has counted them", self.anonymous);
            errors.notice("anonymous", &message);
        }
        match (bad_lines, strict && self.refused) {
            (true, _) => code::BAD_INPUT,
            (false, true) => code::NO,
            (false, false) => 0,
        }
    }
}

fn explain(failure: Failure) -> Failure {
    if failure.code == code::GRPC + Code::Unimplemented as u8 {
        return failure.hint("`contact ack` needs a server that knows tellResult");
    }
    failure
}

async fn call(channel: Channel, items: &[pb::Result]) -> Result<(Response<pb::Receipt>, Channel), Status> {
    Ok((tell(channel.clone(), items.to_vec()).await?, channel))
}

/// One call: tells, and asks for the receipt.
pub(in crate::cli) async fn tell(
    channel: Channel,
    items: Vec<pb::Result>,
) -> Result<Response<pb::Receipt>, Status> {
    let mut client = pb::contact_client::ContactClient::new(channel);
    client.tell_result(futures_util::stream::iter(items)).await
}
