//! `getTask`: the engine's frames as they are, up to the end that was asked for.

use futures_util::{StreamExt, stream, stream::BoxStream};
use tonic::{Response, Status};

use super::{call::Call, convert, engine::Frames, ready, status};
use crate::{
    pb,
    wire::{START_HEADER, UNTIL_HEADER},
};

pub(super) async fn answer(
    call: &Call,
    watch: pb::Watch,
) -> Result<Response<BoxStream<'static, Result<pb::ServerMsg, Status>>>, Status> {
    let until_empty = watch.until_empty;
    let left = Some(watch.max).filter(|max| *max > 0);
    let watching = call.engine.watch(convert::watch(watch)?).await.map_err(status::from_engine)?;
    let out =
        Out { frames: watching.frames, stopping: Box::pin(call.stopping.clone().cancelled_owned()), left };
    let frames = stream::unfold(Some(out), |out| async {
        let mut out = out?;
        match out.next().await? {
            Ok(frames) => Some((Ok(frames), Some(out))),
            Err(status) => Some((Err(status), None)),
        }
    });
    let mut response = ready::response(frames);
    response.metadata_mut().insert(START_HEADER, numbers(watching.start.into_iter())?);
    if until_empty {
        let until = watching.until.into_iter().map(Option::unwrap_or_default);
        response.metadata_mut().insert(UNTIL_HEADER, numbers(until)?);
    }
    Ok(response)
}

/// What is still to be sent.
struct Out {
    frames: BoxStream<'static, Result<Frames, super::engine::Error>>,
    stopping: std::pin::Pin<Box<tokio_util::sync::WaitForCancellationFutureOwned>>,
    /// How many tasks may still come.
    left: Option<u64>,
}

impl Out {
    /// The next frames. `None`: the end that was asked for.
    async fn next(&mut self) -> Option<Result<Frames, Status>> {
        if self.left == Some(0) {
            // The engine is not asked again: the next task may be days away.
            return None;
        }
        let frames = tokio::select! {
            biased;
            () = &mut self.stopping => return Some(Err(status::stopping())),
            frames = self.frames.next() => frames?,
        };
        Some(frames.map_err(status::from_engine).map(|frames| match &mut self.left {
            None => frames,
            Some(left) => {
                let (frames, tasks) = frames.first(*left);
                *left -= tasks;
                frames
            }
        }))
    }
}

fn numbers(numbers: impl Iterator<Item = u64>) -> Result<tonic::metadata::AsciiMetadataValue, Status> {
    let text = numbers.map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
    text.parse().map_err(|_| Status::internal("a header of digits"))
}
