//! An engine that says what the test wants and keeps what it is told.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use contact::{
    name::{ClientName, GroupName, QueueName, TaskId},
    pb,
    server::engine::{
        Accepted, Answers, Durability, Engine, Error, LastStatus, NewTask, Reach, Verdicts, Watch, Watching,
        groups::{
            Attendance, Change, End, Explained, GroupFilter, GroupView, InGroup, Instance, Judged, Notice,
            Page, Purged, QueueFilter, QueueView, Settings, Share, Sharing, State, TaskFilter, TaskPage,
            TaskView, Told, Verdict, Word,
        },
        presence::{ClientEvent, ClientEvents, ClientFilter, ClientView, Who},
        results::{Answer, ResultFilter, ResultView, Results, RollEntry},
    },
};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use prost::Message;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::UnboundedReceiverStream;

/// What it says, and what it has heard.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) queues: Vec<QueueView>,
    pub(crate) groups: Vec<GroupView>,
    pub(crate) tasks: Vec<TaskView>,
    pub(crate) explained: Vec<InGroup>,
    /// The most tasks of one page, whatever is asked for.
    pub(crate) page_tasks: usize,
    pub(crate) results: Vec<ResultView>,
    /// What each watch of results is told beside them, until its sender is dropped.
    pub(crate) result_streams: Vec<mpsc::UnboundedSender<Result<Vec<ResultView>, Error>>>,
    /// It takes tasks, and this is the next seq.
    pub(crate) next_seq: Option<u64>,
    pub(crate) roll: Vec<RollEntry>,
    pub(crate) clients: Vec<ClientView>,
    pub(crate) events: Vec<ClientEvent>,
    /// The same for watches of clients.
    pub(crate) event_streams: Vec<mpsc::UnboundedSender<Result<ClientEvent, Error>>>,
    pub(crate) notices: Vec<mpsc::UnboundedSender<Notice>>,
    /// Verdicts are given once it is true.
    pub(crate) verdicts_held: Option<watch::Receiver<bool>>,
    /// Each call, in words.
    pub(crate) heard: Vec<String>,
}

/// The engine.
#[derive(Clone, Default)]
pub(crate) struct Scripted(pub(crate) Arc<Mutex<Script>>);

impl Scripted {
    fn hears(&self, call: String) {
        self.0.lock().unwrap().heard.push(call);
    }

    /// What it has heard since the last time.
    pub(crate) fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().heard)
    }

    fn answer<T: Send + 'static>(
        &self,
        call: String,
        answer: impl FnOnce(&mut Script) -> Result<T, Error>,
    ) -> BoxFuture<'_, Result<T, Error>> {
        let mut script = self.0.lock().unwrap();
        script.heard.push(call);
        std::future::ready(answer(&mut script)).boxed()
    }
}

impl Engine for Scripted {
    fn store_id(&self) -> &str {
        "00112233445566778899aabbccddeeff"
    }
    fn within(&self, _: &Reach) -> Arc<dyn Engine> {
        unreachable!("nobody is asked who they are")
    }
    fn durability(&self) -> Durability {
        Durability::Memory
    }
    fn tasks_kept(&self) -> u64 {
        0
    }
    fn submit(&self, tasks: Vec<NewTask>) -> BoxFuture<'_, Result<Answers, Error>> {
        self.answer(format!("submit {}", tasks.len()), |script| {
            let next_seq = script.next_seq.as_mut().ok_or_else(|| Error::Full("scripted".into()))?;
            let accepted = |_| {
                *next_seq += 1;
                Ok(Accepted { seq: *next_seq - 1, delayed: None, duplicate: false })
            };
            let accepted = tasks.iter().map(accepted).collect();
            Ok(std::future::ready(Ok(accepted)).boxed())
        })
    }
    fn watch(&self, _: Watch) -> BoxFuture<'_, Result<Watching, Error>> {
        self.answer("watch".into(), |_| {
            Ok(Watching { start: vec![1], until: vec![None], frames: stream::pending().boxed() })
        })
    }
    fn slack_ms(&self) -> u64 {
        0
    }
    fn share(&self, share: Share) -> BoxFuture<'_, Result<Sharing, Error>> {
        let call =
            format!("share {} as {:?} in flight {}", share.group, share.who.client, share.max_in_flight);
        self.answer(call, |script| {
            // Each one alone, and then two in one piece.
            let frames: Vec<Bytes> = script.tasks.iter().map(|task| task.frame.clone()).collect();
            let together = Bytes::from(frames.concat());
            let all = frames.into_iter().chain([together]).map(Ok);
            Ok(Sharing {
                start: vec![17; share.queues.len()],
                is_new: share.queues.iter().map(|position| position.queue.as_str() == "new").collect(),
                lease_ms: share.lease_ms.unwrap_or(60_000),
                frames: match share.until_empty {
                    true => stream::iter(all).boxed(),
                    false => stream::iter(all).chain(stream::pending()).boxed(),
                },
            })
        })
    }
    fn attend(&self, who: Who) -> Attendance {
        self.hears(format!("attend {} as {:?}", who.instance[0], who.client));
        let (sender, notices) = mpsc::unbounded_channel();
        self.0.lock().unwrap().notices.push(sender);
        Attendance { notices: UnboundedReceiverStream::new(notices).boxed() }
    }
    fn name(&self, instance: Instance, client: &ClientName) {
        self.hears(format!("name {} {client}", instance[0]));
    }
    fn heard(&self, instance: Instance, stop: bool) {
        self.hears(format!("heard {}{}", instance[0], if stop { " stop" } else { "" }));
    }
    fn tell_ahead(&self, told: Vec<Told>) -> BoxFuture<'_, Result<Verdicts, Error>> {
        let call = told.iter().map(|told| {
            format!(
                "{:?} {:?} {:?} {:?} {:?}",
                told.what, told.word, told.delay_ms, told.answer.ret, told.client
            )
        });
        self.answer(call.collect::<Vec<_>>().join("\n"), |script| {
            // Every third is late.
            let verdicts = [Verdict::Ok, Verdict::Stale, Verdict::Ok].into_iter().cycle().zip(1..);
            let judged = verdicts
                .zip(&told)
                .map(|((verdict, seq), _)| Judged { verdict, late: seq % 3 == 0, seq })
                .collect();
            let held = script.verdicts_held.clone();
            Ok(async move {
                if let Some(mut held) = held {
                    held.wait_for(|may_go| *may_go).await.unwrap();
                }
                Ok(judged)
            }
            .boxed())
        })
    }
    fn queues(&self, filter: QueueFilter) -> BoxFuture<'_, Result<Page<QueueView>, Error>> {
        self.answer(format!("queues {}", filter.limit), |script| {
            let wanted = |view: &&QueueView| {
                filter.queue.as_ref().is_none_or(|queue| view.queue == *queue)
                    && filter.after.as_ref().is_none_or(|after| view.queue > *after)
            };
            Ok(page(script.queues.iter().filter(wanted), filter.limit))
        })
    }
    fn groups(&self, filter: GroupFilter) -> BoxFuture<'_, Result<Page<GroupView>, Error>> {
        self.answer(format!("groups {}", filter.limit), |script| {
            let wanted = |view: &&GroupView| {
                let after = (&view.queue, &view.group);
                filter.queue.as_ref().is_none_or(|queue| view.queue == *queue)
                    && filter.group.as_ref().is_none_or(|group| view.group == *group)
                    && filter.after.as_ref().is_none_or(|(queue, group)| after > (queue, group))
            };
            Ok(page(script.groups.iter().filter(wanted), filter.limit))
        })
    }
    fn tasks(&self, filter: TaskFilter) -> BoxFuture<'_, Result<TaskPage, Error>> {
        let call = format!(
            "tasks of {:?} in {:?} {:?} ids {} after {:?}",
            filter.group,
            filter.queue,
            filter.state,
            filter.ids.len(),
            filter.after
        );
        self.answer(call, |script| {
            let from: usize = match &filter.after[..] {
                "" => 0,
                after => after.parse().map_err(|_| Error::BadPlace(after.to_owned()))?,
            };
            let ids: Vec<TaskId> = script.tasks.iter().map(id_of).collect();
            let wanted = |(task, id): &(&TaskView, &TaskId)| {
                filter.state.is_none_or(|state| task.state == state)
                    && (filter.ids.is_empty() || filter.ids.contains(id))
            };
            let all: Vec<TaskView> =
                script.tasks.iter().zip(&ids).filter(wanted).map(|(task, _)| task.clone()).collect();
            let to = all.len().min(from + filter.limit.min(script.page_tasks.max(1)));
            Ok(TaskPage {
                tasks: all[from..to].to_vec(),
                next: if to < all.len() { to.to_string() } else { String::new() },
                unknown: filter.ids.iter().filter(|id| !ids.contains(id)).cloned().collect(),
            })
        })
    }
    fn results(&self, filter: ResultFilter) -> BoxFuture<'_, Result<Results, Error>> {
        self.answer(format!("results {filter:?}"), |script| {
            let (ids, ends) = match filter {
                ResultFilter::Of(ids) => (ids.iter().map(ToString::to_string).collect(), false),
                ResultFilter::Log { until_empty, .. } => (Vec::new(), until_empty),
            };
            let is_wanted = |result: &&ResultView| ids.is_empty() || ids.contains(&result.id);
            let results: Vec<ResultView> = script.results.iter().filter(is_wanted).cloned().collect();
            let start = results.first().map_or(1, |first| first.n);
            let until = ends.then(|| results.last().map_or(0, |last| last.n));
            let all = stream::iter((!results.is_empty()).then_some(Ok(results)));
            let (sender, live) = mpsc::unbounded_channel();
            script.result_streams.push(sender);
            Ok(Results {
                start,
                until,
                results: match ends {
                    true => all.boxed(),
                    false => all.chain(UnboundedReceiverStream::new(live)).boxed(),
                },
            })
        })
    }
    fn call_roll(
        &self,
        id: TaskId,
        clients: Vec<ClientName>,
    ) -> BoxFuture<'_, Result<Vec<RollEntry>, Error>> {
        self.answer(format!("roll of {id} for {clients:?}"), |script| Ok(script.roll.clone()))
    }
    fn clients(&self, filter: ClientFilter) -> BoxFuture<'_, Result<Page<ClientView>, Error>> {
        self.answer(format!("clients {}", filter.limit), |script| {
            let wanted = |view: &&ClientView| {
                filter.client.as_ref().is_none_or(|client| view.client == *client)
                    && filter.after.as_ref().is_none_or(|after| view.client > *after)
            };
            Ok(page(script.clients.iter().filter(wanted), filter.limit))
        })
    }
    fn client_events(&self, client: Option<ClientName>) -> ClientEvents {
        self.hears(format!("events of {client:?}"));
        let mut script = self.0.lock().unwrap();
        let (sender, live) = mpsc::unbounded_channel();
        script.event_streams.push(sender);
        let events = script.events.clone().into_iter().map(Ok);
        stream::iter(events).chain(UnboundedReceiverStream::new(live)).boxed()
    }
    fn explain(&self, id: TaskId) -> BoxFuture<'_, Result<Option<Explained>, Error>> {
        self.answer(format!("explain {id:?}"), |script| {
            let task = script.tasks.iter().find(|task| id_of(task) == id).cloned();
            Ok(task.map(|task| Explained { task, groups: script.explained.clone() }))
        })
    }
    fn cancel(&self, ids: Vec<TaskId>) -> BoxFuture<'_, Result<Vec<Judged>, Error>> {
        self.answer(format!("cancel {}", ids.len()), |script| {
            let judged = ids.iter().map(|id| {
                let task = script.tasks.iter_mut().find(|task| id_of(task) == *id);
                let verdict = match task {
                    None => Verdict::Unknown,
                    Some(task) if task.state == State::Cancelled => Verdict::Duplicate,
                    Some(task) => {
                        task.state = State::Cancelled;
                        Verdict::Ok
                    }
                };
                Judged { verdict, late: false, seq: id.seq().unwrap_or_default() }
            });
            Ok(judged.collect())
        })
    }
    fn redrive(
        &self,
        queue: QueueName,
        group: GroupName,
        ids: Vec<TaskId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<(Vec<Judged>, u64), Error>> {
        self.answer(format!("redrive {} of {group} limit {limit}", ids.len()), |script| {
            if !script.groups.iter().any(|view| view.group == group) {
                return Err(Error::NoGroup { queue, group });
            }
            let asked: Vec<TaskId> = match ids.is_empty() {
                true => {
                    let dead = script.tasks.iter().filter(|task| task.state == State::Dead);
                    dead.map(id_of).take(limit).collect()
                }
                false => ids,
            };
            let judged = asked.iter().map(|id| {
                let task = script.tasks.iter_mut().find(|task| id_of(task) == *id);
                let verdict = match task {
                    None => Verdict::Unknown,
                    Some(task) if task.state == State::Dead => {
                        task.state = State::Ready;
                        Verdict::Ok
                    }
                    Some(_) => Verdict::Conflict,
                };
                Judged { verdict, late: false, seq: id.seq().unwrap_or_default() }
            });
            let judged = judged.collect();
            let left = script.tasks.iter().filter(|task| task.state == State::Dead).count();
            Ok((judged, left as u64))
        })
    }
    fn purge(&self, queue: QueueName, upto_seq: Option<u64>) -> BoxFuture<'_, Result<Purged, Error>> {
        self.answer(format!("purge {queue} {upto_seq:?}"), |script| {
            match script.queues.iter().any(|view| view.queue == queue) {
                true => Ok(Purged { tasks: 9, leases: 1 }),
                false => Err(Error::NoQueue(queue)),
            }
        })
    }
    fn set_group(
        &self,
        queue: QueueName,
        group: GroupName,
        change: Change,
    ) -> BoxFuture<'_, Result<GroupView, Error>> {
        self.answer(format!("set {group} of {queue}"), |script| {
            let view = script.groups.iter_mut().find(|view| view.queue == queue && view.group == group);
            let Some(view) = view else { return Err(Error::NoGroup { queue, group }) };
            let Settings { max_failures, backoff_ms, backoff_max_ms, lease_ms, paused } = view.settings;
            view.settings = Settings {
                max_failures: change.max_failures.unwrap_or(max_failures),
                backoff_ms: change.backoff_ms.unwrap_or(backoff_ms),
                backoff_max_ms: change.backoff_max_ms.unwrap_or(backoff_max_ms),
                lease_ms: change.lease_ms.unwrap_or(lease_ms),
                paused: change.paused.unwrap_or(paused),
            };
            Ok(view.clone())
        })
    }
    fn report(&self, client: &ClientName, status: &str) {
        self.hears(format!("report {client} {status}"));
    }
    fn last_status(&self, _: &ClientName) -> Option<LastStatus> {
        None
    }
}

fn page<'a, T: Clone + 'a>(mut items: impl Iterator<Item = &'a T>, limit: usize) -> Page<T> {
    Page { items: items.by_ref().take(limit).cloned().collect(), more: items.next().is_some() }
}

fn id_of(task: &TaskView) -> TaskId {
    TaskId::parse(&pb::ServerMsg::decode(&task.frame[5..]).unwrap().id).unwrap()
}

/// A queue with tasks of which the first is a long time old.
pub(crate) fn queue(name: &str, tasks: u64) -> QueueView {
    QueueView {
        queue: QueueName::parse(name).unwrap(),
        tasks,
        first_seq: 1,
        last_seq: tasks,
        delayed: 0,
        trimmed: 0,
        groups: 0,
        oldest_at_ms: (tasks > 0).then_some(61_500),
    }
}

/// A group that has handed out nothing yet.
pub(crate) fn group(queue: &str, name: &str) -> GroupView {
    GroupView {
        queue: QueueName::parse(queue).unwrap(),
        group: GroupName::parse(name).unwrap(),
        members: 0,
        ready: 0,
        leased: 0,
        waiting: 0,
        dead: 0,
        done: 0,
        trimmed_unsettled: 0,
        suspects: 0,
        next_seq: 1,
        oldest_at_ms: None,
        settings: Settings::default(),
    }
}

/// A task as the log has it.
pub(crate) fn task(seq: u64, id: &str, text: &str) -> TaskView {
    task_in("default", seq, id, text)
}

/// A task of some queue.
pub(crate) fn task_in(queue: &str, seq: u64, id: &str, text: &str) -> TaskView {
    let message =
        pb::ServerMsg { task: text.into(), id: id.into(), queue: queue.into(), seq, ..Default::default() };
    let mut frame = vec![0];
    frame.extend((message.encoded_len() as u32).to_be_bytes());
    message.encode(&mut frame).unwrap();
    TaskView {
        frame: frame.into(),
        group: None,
        state: State::Logged,
        attempt: 0,
        failures: 0,
        ends: vec![],
        suspect: false,
        holder: None,
        since_ms: None,
        until_ms: None,
        said: String::new(),
    }
}

/// A task that is dead in a group.
pub(crate) fn dead(seq: u64) -> TaskView {
    TaskView {
        group: Some(GroupName::parse("ci").unwrap()),
        state: State::Dead,
        attempt: 2,
        failures: 1,
        ends: vec![End::LostTogether, End::Failed],
        said: "no \"room\"".into(),
        ..task(seq, &seq.to_string(), "任务")
    }
}

/// A result of a task of the queue `default`, from its own worker.
pub(crate) fn result(n: u64, id: &str, word: Option<Word>, state: State) -> ResultView {
    ResultView {
        n,
        id: id.into(),
        seq: id.parse().unwrap_or_default(),
        queue: QueueName::parse("default").unwrap(),
        group: Some(GroupName::parse("@w1").unwrap()),
        client: Some(ClientName::parse("w1").unwrap()),
        word,
        state,
        end: None,
        attempt: 1,
        late: false,
        answer: Answer::text(if word.is_some() { "said" } else { "" }),
        at_ms: 61_500,
    }
}
