//! What has been told of tasks, and the roll-call, as messages.

use tonic::Status;

use super::{
    client, some_group, some_queue, timestamp,
    view::{end_of, state_of},
    watch::start_time,
};
use crate::{
    name::TaskId,
    pb,
    server::{
        access::Caller,
        engine::{
            Start,
            groups::Word,
            results::{ResultFilter, ResultView, RollEntry, Standing},
        },
        reason::Reason,
        status,
    },
};

/// Tasks of one watch of results.
const IDS_MAX: usize = 10_000;

/// Judges which results are to be watched.
pub(in crate::server) fn result_filter(
    asked: pb::WatchResults,
    caller: &Caller,
) -> Result<ResultFilter, Status> {
    use pb::watch_results::Start as Asked;
    if !asked.ids.is_empty() {
        let fields = [
            ("queue", !asked.queue.is_empty()),
            ("group", !asked.group.is_empty()),
            ("store", !asked.store.is_empty()),
            ("start", asked.start.is_some()),
            ("until_empty", asked.until_empty),
        ];
        if let Some((field, _)) = fields.into_iter().find(|(_, is_set)| *is_set) {
            let message = format!("ids and {field} exclude each other: of a task all results are yielded");
            return Err(status::field(Reason::BadWatch, field, message));
        }
        return Ok(ResultFilter::Of(tasks(&asked.ids)?));
    }
    Ok(ResultFilter::Log {
        queue: some_queue("queue", &asked.queue)?.map(|queue| caller.queue(queue)).transpose()?,
        group: some_group("group", &asked.group)?,
        store: Some(asked.store).filter(|store| !store.is_empty()),
        start: match asked.start {
            None | Some(Asked::FromNew(false)) => Start::First,
            Some(Asked::FromNew(true)) => Start::New,
            Some(Asked::FromN(0)) => {
                return Err(status::field(Reason::BadPosition, "from_n", "results begin at 1"));
            }
            Some(Asked::FromN(n)) => Start::Seq(n),
            Some(Asked::FromTime(at)) => Start::Time(start_time("from_time", &at)?),
        },
        until_empty: asked.until_empty,
    })
}

/// Judges ids that must all be tasks'.
fn tasks(ids: &[String]) -> Result<Vec<TaskId>, Status> {
    let judged = super::ids(ids, IDS_MAX)?;
    let unknown = judged.iter().zip(ids).find(|(judged, _)| judged.is_none());
    if let Some((_, id)) = unknown {
        let id: String = id.chars().take(crate::name::ID_BYTES_MAX).collect();
        return Err(status::new(Reason::NoTask, format!("no task has the id {id:?}")));
    }
    Ok(judged.into_iter().flatten().collect())
}

/// Judges a roll-call.
pub(in crate::server) fn roll_call(
    asked: &pb::RollCall,
) -> Result<(TaskId, Vec<crate::name::ClientName>), Status> {
    let Some(Some(id)) = super::ids(std::slice::from_ref(&asked.id), 1)?.pop() else {
        let id: String = asked.id.chars().take(crate::name::ID_BYTES_MAX).collect();
        return Err(status::new(Reason::NoTask, format!("no task has the id {id:?}")));
    };
    if asked.clients.len() > super::PAGE_ITEMS_MAX as usize {
        let max = super::PAGE_ITEMS_MAX;
        let message = format!("clients names {}: at most {max} are taken", asked.clients.len());
        return Err(status::field(Reason::TooManyClients, "clients", message));
    }
    let names = asked.clients.iter().enumerate();
    let judged = names.map(|(i, name)| client(&format!("clients[{i}]"), name)).collect::<Result<_, _>>()?;
    Ok((id, judged))
}

/// A result.
pub(in crate::server) fn result(view: ResultView) -> pb::Result {
    let answer = view.answer;
    pb::Result {
        ret: answer.ret,
        id: view.id,
        outcome: view.word.map(|word| outcome_of(word).into()),
        exit_code: answer.exit_code,
        client: view.client.map(|client| client.to_string()).unwrap_or_default(),
        stderr: answer.stderr,
        ret_cut: answer.ret_cut,
        stderr_cut: answer.stderr_cut,
        ret_lossy: answer.ret_lossy,
        stderr_lossy: answer.stderr_lossy,
        n: view.n,
        seq: view.seq,
        queue: view.queue.to_string(),
        group: view.group.map(|group| group.to_string()).unwrap_or_default(),
        attempt: view.attempt,
        at: Some(timestamp(view.at_ms)),
        state: state_of(view.state).into(),
        end: view.end.map(|end| end_of(end).into()).unwrap_or_default(),
        late: view.late,
        ..pb::Result::default()
    }
}

fn outcome_of(word: Word) -> pb::Outcome {
    match word {
        Word::Done => pb::Outcome::Done,
        Word::Failed => pb::Outcome::Failed,
        Word::Released => pb::Outcome::Released,
        Word::Rejected => pb::Outcome::Rejected,
        Word::Working => pb::Outcome::Working,
        Word::Received => pb::Outcome::Received,
    }
}

/// What one client has said of a task.
pub(in crate::server) fn answer(entry: RollEntry) -> pb::Answer {
    let standing = match entry.standing {
        Standing::Silent => pb::answer::Standing::Silent,
        Standing::Received => pb::answer::Standing::Received,
        Standing::Done => pb::answer::Standing::Done,
        Standing::Failed => pb::answer::Standing::Failed,
        Standing::Dead => pb::answer::Standing::Dead,
    };
    pb::Answer {
        client: entry.client.to_string(),
        standing: standing.into(),
        result: entry.result.map(result),
        received_at: entry.received_ms.map(timestamp),
        last_seen: entry.last_seen_ms.map(timestamp),
        up: entry.is_up,
    }
}
