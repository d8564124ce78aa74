//! `getTask`: the engine's frames as they are, up to the end that was asked for. Without a group these are all
//! tasks of the queues, with one its member's share.

use std::time::Duration;

use futures_util::{Stream, StreamExt, TryStreamExt, stream, stream::BoxStream};
use tonic::{
    Response, Status,
    metadata::{AsciiMetadataValue, MetadataMap},
};

use super::{
    call::Call,
    convert::{self, Asked},
    engine::{Error, Frames, Watch, groups::Share},
    heartbeat, ready,
    reason::Reason,
    status,
};
use crate::{
    pb,
    wire::{HEARTBEAT_HEADER, LEASE_HEADER, NEW_HEADER, START_HEADER, UNTIL_HEADER},
};

type Answer = Response<BoxStream<'static, Result<pb::ServerMsg, Status>>>;

pub(super) async fn answer(call: &Call, watch: pb::Watch) -> Result<Answer, Status> {
    let max = Some(watch.max).filter(|max| *max > 0);
    let every = convert::heartbeat(watch.heartbeat_ms)?;
    let mut answer = match convert::watch(watch, &call.caller)? {
        Asked::All(watch) => all(call, watch, max, every).await,
        Asked::Share(share) => a_share(call, *share, every).await,
    }?;
    if let Some(every) = every {
        put(answer.metadata_mut(), HEARTBEAT_HEADER, [every.as_millis() as u64])?;
    }
    Ok(answer)
}

async fn all(call: &Call, watch: Watch, max: Option<u64>, every: Option<Duration>) -> Result<Answer, Status> {
    let until_empty = watch.until_empty;
    let watching = call.engine.watch(watch).await.map_err(status::from_engine)?;
    let frames = first_tasks(max, until_ending(call, watching.frames));
    let mut response = ready::response(heartbeat::beating(frames.map_ok(|frames| frames.bytes), every));
    let headers = response.metadata_mut();
    put(headers, START_HEADER, watching.start)?;
    if until_empty {
        put(headers, UNTIL_HEADER, watching.until.into_iter().map(Option::unwrap_or_default))?;
    }
    Ok(response)
}

async fn a_share(call: &Call, share: Share, every: Option<Duration>) -> Result<Answer, Status> {
    let sharing = call.engine.share(share).await.map_err(status::from_engine)?;
    let mut response = ready::response(heartbeat::beating(until_ending(call, sharing.frames), every));
    let headers = response.metadata_mut();
    put(headers, START_HEADER, sharing.start)?;
    put(headers, NEW_HEADER, sharing.is_new.into_iter().map(u64::from))?;
    put(headers, LEASE_HEADER, [sharing.lease_ms])?;
    Ok(response)
}

/// What the engine yields, until the call is to end.
pub(super) fn until_ending<T>(
    call: &Call,
    frames: BoxStream<'static, Result<T, Error>>,
) -> impl Stream<Item = Result<T, Status>> + Send + 'static
where
    T: Send + 'static,
{
    stream::unfold(Some((call.ending.begun(), frames)), |state| async {
        let (mut ending, mut frames) = state?;
        tokio::select! {
            biased;
            end = &mut ending => Some((Err(end), None)),
            next = frames.next() => Some((next?.map_err(status::from_engine), Some((ending, frames)))),
        }
    })
}

/// The first `max` tasks.
fn first_tasks(
    max: Option<u64>,
    frames: impl Stream<Item = Result<Frames, Status>> + Send + 'static,
) -> impl Stream<Item = Result<Frames, Status>> + Send + 'static {
    stream::unfold((max, Box::pin(frames)), |(left, mut frames)| async move {
        if left == Some(0) {
            // The engine is not asked again: the next task may be days away.
            return None;
        }
        Some(match (frames.next().await?, left) {
            (Ok(all), Some(left)) => {
                let (first, tasks) = all.first(left);
                (Ok(first), (Some(left - tasks), frames))
            }
            (next, left) => (next, (left, frames)),
        })
    })
}

/// A header of numbers: one for each queue of the watch, separated by blanks.
pub(super) fn put(
    headers: &mut MetadataMap,
    name: &'static str,
    numbers: impl IntoIterator<Item = u64>,
) -> Result<(), Status> {
    let text = numbers.into_iter().map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
    let value: AsciiMetadataValue =
        text.parse().map_err(|_| status::new(Reason::Internal, "a header is not of digits"))?;
    headers.insert(name, value);
    Ok(())
}
