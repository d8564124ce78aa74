//! `sendStatus`: a reply to each status, in order; the last one of a named client is kept.

use futures_util::{StreamExt, stream, stream::BoxStream};
use tonic::{Status, Streaming};

use super::{batches::Batches, call::Call, convert};
use crate::{name::ClientName, pb};

pub(super) fn answer(
    call: &Call,
    statuses: Streaming<pb::ClientMsg>,
) -> BoxStream<'static, Result<pb::Result, Status>> {
    let engine = call.engine.clone();
    let chatter = call.statuses_logged.clone();
    let mut client: Option<ClientName> = None;
    Batches::new(statuses, &call.stopping, |status| status.msg.len())
        .map(move |batch| {
            let batch = match batch {
                Ok(batch) => batch,
                Err(status) => return vec![Err(status)],
            };
            let (mut lines, left_out) = chatter.allow(batch.len());
            if left_out > 0 {
                tracing::info!("{left_out} more statuses");
            }
            let mut replies = Vec::with_capacity(batch.len());
            for status in batch {
                if !status.client.is_empty() {
                    match convert::client(&status.client) {
                        Ok(name) => client = Some(name),
                        Err(status) => {
                            replies.push(Err(status));
                            break;
                        }
                    }
                }
                if lines > 0 {
                    lines -= 1;
                    let client = client.as_ref().map_or("-", ClientName::as_str);
                    tracing::info!(client, msg = ?status.msg, "status");
                }
                if let Some(client) = &client {
                    engine.report(client, &status.msg);
                }
                let ret = format!("received: {}", status.msg);
                replies.push(Ok(pb::Result { ret, ..pb::Result::default() }));
            }
            replies
        })
        .flat_map(stream::iter)
        .scan(false, |failed, reply| {
            // Nothing comes after an error.
            let ended = std::mem::replace(failed, *failed || reply.is_err());
            std::future::ready((!ended).then_some(reply))
        })
        .boxed()
}
