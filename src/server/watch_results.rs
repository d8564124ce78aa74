//! `watchResults`: what has been told of tasks, and then what is told.

use futures_util::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use tonic::{Response, Status};

use super::{call::Call, convert, status, watch_tasks};
use crate::{
    pb,
    wire::{START_HEADER, UNTIL_HEADER},
};

type Answer = Response<BoxStream<'static, Result<pb::Result, Status>>>;

pub(super) async fn answer(call: &Call, asked: pb::WatchResults) -> Result<Answer, Status> {
    let max = usize::try_from(asked.max).unwrap_or(usize::MAX);
    let filter = convert::result_filter(asked, &call.caller)?;
    let results = call.engine.results(filter).await.map_err(status::from_engine)?;
    let batches = watch_tasks::until_ending(call, results.results);
    let each = batches.map_ok(|batch| stream::iter(batch).map(|view| Ok(convert::result(view))));
    let each = each.try_flatten();
    // The stream behind the last one wanted is not asked for more: that may be days away.
    let each = if max == 0 { each.boxed() } else { each.take(max).boxed() };
    let mut response = Response::new(each);
    watch_tasks::put(response.metadata_mut(), START_HEADER, [results.start])?;
    if let Some(until) = results.until {
        watch_tasks::put(response.metadata_mut(), UNTIL_HEADER, [until])?;
    }
    Ok(response)
}
