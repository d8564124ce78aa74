//! `callRoll`: who has received a task, who has done it, and who is silent.

use tonic::Status;

use super::{call::Call, convert, status};
use crate::pb;

pub(super) async fn answer(call: &Call, asked: pb::RollCall) -> Result<pb::Roll, Status> {
    let (id, clients) = convert::roll_call(&asked)?;
    let answers = call.engine.call_roll(id, clients).await.map_err(status::from_engine)?;
    Ok(pb::Roll { answers: answers.into_iter().map(convert::answer).collect() })
}
