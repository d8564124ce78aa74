//! `listClients`: a page of those who are there or have been. `watchClients`: who comes, goes and reports.

use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use tonic::{Response, Status};

use super::{call::Call, convert, engine::presence::ClientFilter, status, watch_tasks};
use crate::pb;

pub(super) async fn list(call: &Call, asked: pb::ListClients) -> Result<pb::Clients, Status> {
    let filter = ClientFilter {
        client: convert::some_client("client", &asked.client)?,
        after: convert::some_client("after", &asked.after)?,
        limit: convert::limit(asked.limit),
    };
    let page = call.engine.clients(filter).await.map_err(status::from_engine)?;
    Ok(pb::Clients { clients: page.items.into_iter().map(convert::client_info).collect(), more: page.more })
}

pub(super) fn watch(
    call: &Call,
    asked: &pb::WatchClients,
) -> Result<Response<BoxStream<'static, Result<pb::ClientEvent, Status>>>, Status> {
    let events = call.engine.client_events(convert::some_client("client", &asked.client)?);
    let events = watch_tasks::until_ending(call, events).map_ok(convert::client_event);
    Ok(Response::new(events.boxed()))
}
