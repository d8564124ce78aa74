//! What is asked about queues, groups and tasks: the writer says where everything stands, and here the texts and
//! times are looked up that it does not have at hand.

use std::sync::Arc;

use super::{
    Embedded,
    chunk::QueueNumber,
    delayed::number_at,
    finder::Finder,
    queue::Queue,
    writer::{GroupSight, Place, Sight},
};
use crate::{
    name::{ClientName, DEFAULT_QUEUE, QueueName, TaskId},
    server::engine::{
        Error, Frames,
        frames::{Task, seq_and_expiry, split},
        groups::{
            Explained, GroupFilter, GroupView, InGroup, Page, QueueFilter, QueueView, State, TaskFilter,
            TaskPage, TaskView,
        },
    },
};

/// Tasks of the log that are looked at for one page, at most: a page may be empty and have more after it.
const LOOKED_AT_MAX: usize = 10_000;
/// A page ends with the task that gives it this many bytes: a thousand tasks may be a gigabyte.
pub(super) const PAGE_BYTES: usize = 1 << 20;
/// Groups that a task is explained in.
const GROUPS_MAX: usize = 1000;

/// Where a task is in the log: its queue, its seq, and when it expires.
pub(super) type Logged = (Arc<Queue>, u64, u64);

impl Embedded {
    pub(super) async fn list_queues(&self, filter: QueueFilter) -> Result<Page<QueueView>, Error> {
        let reach = self.reach.clone();
        let page = self.look(move |writer| Ok(Ok(writer.queues_seen(&filter, &reach)))).await?;
        let mut finder = Finder::new(self.shared.clone());
        let mut items = Vec::with_capacity(page.items.len());
        for (view, queue) in page.items {
            // Before its first task others' may lie.
            let run = if view.tasks == 0 { None } else { finder.run(&queue, view.first_seq).await? };
            let oldest = run.as_ref().and_then(|run| split(&run.bytes).next()).and_then(Task::read);
            items.push(QueueView {
                first_seq: oldest.as_ref().map_or(view.first_seq, |task| task.seq),
                oldest_at_ms: oldest.map(|task| task.submitted_at_ms),
                ..view
            });
        }
        Ok(Page { items, more: page.more })
    }

    pub(super) async fn list_groups(&self, filter: GroupFilter) -> Result<Page<GroupView>, Error> {
        let reach = self.reach.clone();
        let page = self.look(move |writer| Ok(Ok(writer.groups_seen(&filter, &reach)))).await?;
        let mut finder = Finder::new(self.shared.clone());
        let mut items = Vec::with_capacity(page.items.len());
        for sight in page.items {
            items.push(dated(&mut finder, sight).await?);
        }
        Ok(Page { items, more: page.more })
    }

    pub(super) async fn list_tasks(&self, filter: TaskFilter) -> Result<TaskPage, Error> {
        if !filter.ids.is_empty() {
            return self.tasks_by_id(filter).await;
        }
        match filter.state {
            Some(State::Delayed) => self.delayed_tasks(filter).await,
            Some(state @ (State::Leased | State::Waiting | State::Dead)) => {
                self.open_tasks(filter, state).await
            }
            _ => self.logged_tasks(filter).await,
        }
    }

    async fn tasks_by_id(&self, filter: TaskFilter) -> Result<TaskPage, Error> {
        let mut finder = Finder::new(self.shared.clone());
        let mut page = Filling::new(filter.limit);
        // A place is how many of the ids have been looked for.
        let (done, _) = pair_of(&filter.after)?;
        for (i, id) in filter.ids.into_iter().enumerate().skip(usize::try_from(done).unwrap_or(usize::MAX)) {
            if page.is_full() {
                return Ok(page.with_next(i.to_string()));
            }
            match self.task(&mut finder, &id).await? {
                Some((mut task, Some((queue, seq, expires_ms)))) => {
                    if let Some(group) = &filter.group {
                        let (name, group) = (queue.name.clone(), group.clone());
                        let sight = self.look(move |writer| match writer.group_named(&name, &group) {
                            Ok(no) => writer.sight(no, seq, expires_ms).map(Ok),
                            Err(error) => Ok(Err(error)),
                        });
                        let Some(sight) = sight.await? else { continue };
                        task = view(&mut finder, sight).await?.unwrap_or(task);
                    }
                    page.push(task);
                }
                Some((task, None)) => page.push(task),
                None => page.page.unknown.push(id),
            }
        }
        Ok(page.page)
    }

    /// A task by its id, and where it is in the log.
    pub(super) async fn task(
        &self,
        finder: &mut Finder,
        id: &TaskId,
    ) -> Result<Option<(TaskView, Option<Logged>)>, Error> {
        let (reach, asked) = (self.reach.clone(), id.clone());
        let found = self.look(move |writer| {
            let Some((place, queue)) = writer.found(&reach, &asked)? else { return Ok(Ok(None)) };
            let delayed = number_at(place).map(|number| writer.delayed_seen(number)).transpose()?.flatten();
            Ok(Ok(Some((place, queue, delayed))))
        });
        match found.await? {
            None => Ok(None),
            Some((_, _, Some(delayed))) => Ok(view(finder, delayed).await?.map(|task| (task, None))),
            Some((seq, Some((queue, _)), None)) => {
                let Some(frame) = finder.find(&queue, seq).await? else { return Ok(None) };
                let (_, expires_ms) = seq_and_expiry(&frame);
                let asked = queue.clone();
                let sight = self.look(move |writer| Ok(Ok(writer.logged(&asked, seq, expires_ms)))).await?;
                Ok(view(finder, sight).await?.map(|task| (task, Some((queue, seq, expires_ms)))))
            }
            Some((_, None, None)) => Ok(None),
        }
    }

    async fn delayed_tasks(&self, filter: TaskFilter) -> Result<TaskPage, Error> {
        let after = pair_of(&filter.after)?;
        let (reach, queue, limit) = (self.reach.clone(), filter.queue, filter.limit);
        let seen = self.look(move |writer| {
            let number = match queue.map(|name| writer.queue_named(&name)).transpose() {
                Ok(found) => found.map(|(number, _): (QueueNumber, _)| number),
                Err(error) => return Ok(Err(error)),
            };
            writer.delayed_after(&reach, number, after, limit).map(Ok)
        });
        let mut page = Filling::new(limit);
        let mut finder = Finder::new(self.shared.clone());
        let (seen, next) = seen.await?;
        for sight in seen {
            page.extend(view(&mut finder, sight).await?);
        }
        let next = next.map(|(due_ms, number)| format!("{due_ms}.{number}"));
        Ok(page.with_next(next.unwrap_or_default()))
    }

    /// Tasks that groups have in hand: they are few, and known in memory.
    async fn open_tasks(&self, filter: TaskFilter, state: State) -> Result<TaskPage, Error> {
        // A place is a group and a seq in it.
        let (after_group, after_seq) = pair_of(&filter.after)?;
        let (reach, limit) = (self.reach.clone(), filter.limit);
        let seen = self.look(move |writer| {
            if let (Some(queue), Some(group)) = (&filter.queue, &filter.group)
                && let Err(error) = writer.group_named(queue, group)
            {
                return Ok(Err(error));
            }
            let mut seen = Vec::new();
            let mut groups = writer.groups_picked(&reach, filter.queue.as_ref(), filter.group.as_ref());
            groups.sort_unstable();
            for no in groups.into_iter().filter(|no| u64::from(*no) >= after_group) {
                let after = if u64::from(no) == after_group { after_seq } else { 0 };
                for seq in writer.open_in(no, state, after, limit - seen.len()) {
                    seen.extend(writer.sight(no, seq, 0)?.map(|sight| (no, seq, sight)));
                }
                if seen.len() >= limit {
                    break;
                }
            }
            Ok(Ok(seen))
        });
        let mut page = Filling::new(limit);
        let mut finder = Finder::new(self.shared.clone());
        let seen = seen.await?;
        let is_all = seen.len() < limit;
        let mut seen = seen.into_iter();
        while let Some((no, seq, sight)) = seen.next() {
            page.extend(view(&mut finder, sight).await?);
            if page.is_full() || !is_all && seen.len() == 0 {
                return Ok(page.with_next(format!("{no}.{seq}")));
            }
        }
        Ok(page.page)
    }

    /// Tasks as the log has them, or as a group has them that has not got to all.
    async fn logged_tasks(&self, filter: TaskFilter) -> Result<TaskPage, Error> {
        let name = match filter.queue.clone() {
            Some(name) => name,
            None => QueueName::parse(DEFAULT_QUEUE).map_err(|e| Error::BadPlace(e.to_string()))?,
        };
        let (after, _) = pair_of(&filter.after)?;
        let group = filter.group.clone();
        let (queue, no) = self
            .look(move |writer| {
                let found = writer.queue_named(&name).and_then(|(_, queue)| {
                    let no = group.as_ref().map(|group| writer.group_named(&name, group)).transpose()?;
                    Ok((queue, no))
                });
                Ok(found)
            })
            .await?;
        let mut page = Filling::new(filter.limit);
        let mut finder = Finder::new(self.shared.clone());
        let mut looked_at = 0;
        let mut next_seq = after.saturating_add(1).max(queue.extent().trimmed_seq + 1);
        while let Some(run) = finder.run(&queue, next_seq).await? {
            let tasks: Vec<(u64, u64)> =
                split(&run.bytes).map(seq_and_expiry).take(LOOKED_AT_MAX - looked_at).collect();
            looked_at += tasks.len();
            let last_seq = tasks.last().map_or(run.last_seq, |(seq, _)| *seq);
            next_seq = last_seq + 1;
            let asked = queue.clone();
            let sights = self.look(move |writer| {
                let sight = |(seq, expires_ms)| match no {
                    Some(no) => writer.sight(no, seq, expires_ms),
                    None => Ok(Some(writer.logged(&asked, seq, expires_ms))),
                };
                tasks.into_iter().map(sight).collect::<Result<Vec<_>, _>>().map(Ok)
            });
            for sight in sights.await?.into_iter().flatten() {
                if filter.state.is_none_or(|state| state == sight.state) {
                    let Place::Logged(_, seq) = sight.place else { continue };
                    page.extend(view(&mut finder, sight).await?);
                    if page.is_full() {
                        return Ok(page.with_next(seq.to_string()));
                    }
                }
            }
            if looked_at >= LOOKED_AT_MAX {
                return Ok(page.with_next(last_seq.to_string()));
            }
        }
        Ok(page.page)
    }

    pub(super) async fn explain_task(&self, id: TaskId) -> Result<Option<Explained>, Error> {
        let mut finder = Finder::new(self.shared.clone());
        let Some((task, place)) = self.task(&mut finder, &id).await? else { return Ok(None) };
        let Some((queue, seq, expires_ms)) = place else {
            return Ok(Some(Explained { task, groups: Vec::new() }));
        };
        let (reach, name) = (self.reach.clone(), queue.name.clone());
        let seen = self.look(move |writer| {
            let mut seen = Vec::new();
            for no in writer.groups_picked(&reach, Some(&name), None).into_iter().take(GROUPS_MAX) {
                if let Some(sight) = writer.sight(no, seq, expires_ms)? {
                    let ahead = match writer.group_seen(no) {
                        Some(group) if seq >= group.view.next_seq => Some(group.view.next_seq),
                        _ => None,
                    };
                    seen.push((sight, writer.standing(no, seq), ahead));
                }
            }
            Ok(Ok(seen))
        });
        let mut groups = Vec::new();
        for (sight, (paused, members, members_full, returned, max_failures), ahead) in seen.await? {
            let mut before = returned;
            if let Some(from_seq) = ahead {
                before += self.count_between(&queue, from_seq, seq).await?;
            }
            if let Some(task) = view(&mut finder, sight).await? {
                groups.push(InGroup { task, paused, members, members_full, before, max_failures });
            }
        }
        Ok(Some(Explained { task, groups }))
    }

    /// How many tasks of a queue lie from a seq on and before another.
    async fn count_between(&self, queue: &Arc<Queue>, from_seq: u64, before_seq: u64) -> Result<u64, Error> {
        let Some(number) = queue.extent().number else { return Ok(0) };
        if from_seq >= before_seq {
            return Ok(0);
        }
        self.shared.reads.count(number, from_seq, before_seq - 1).await
    }
}

/// When the first task of a queue from a seq on was submitted.
async fn submitted_at(finder: &mut Finder, queue: &Arc<Queue>, seq: u64) -> Result<Option<u64>, Error> {
    let run: Option<Frames> = finder.run(queue, seq).await?;
    Ok(run.and_then(|run| split(&run.bytes).next().and_then(Task::read).map(|task| task.submitted_at_ms)))
}

async fn dated(finder: &mut Finder, sight: GroupSight) -> Result<GroupView, Error> {
    let oldest_at_ms = match sight.oldest_seq {
        Some(seq) => submitted_at(finder, &sight.queue, seq).await?,
        None => None,
    };
    Ok(GroupView { oldest_at_ms, ..sight.view })
}

/// A task with its text. `None`: it is not kept any more.
async fn view(finder: &mut Finder, sight: Sight) -> Result<Option<TaskView>, Error> {
    let frame = match sight.place {
        Place::Logged(queue, seq) => finder.find(&queue, seq).await?,
        Place::Delayed(frame) => Some(frame.into()),
    };
    Ok(frame.map(|frame| TaskView {
        frame,
        group: sight.group,
        state: sight.state,
        attempt: sight.attempt,
        failures: sight.failures,
        ends: sight.ends,
        suspect: sight.suspect,
        holder: sight.holder.and_then(|client| ClientName::parse(&client).ok()),
        since_ms: sight.since_ms,
        until_ms: sight.until_ms,
        said: sight.said.map(String::from).unwrap_or_default(),
    }))
}

/// A page that is being filled.
struct Filling {
    page: TaskPage,
    limit: usize,
    bytes: usize,
}

impl Filling {
    fn new(limit: usize) -> Self {
        let page = TaskPage { tasks: Vec::new(), next: String::new(), unknown: Vec::new() };
        Filling { page, limit, bytes: 0 }
    }

    fn push(&mut self, task: TaskView) {
        self.bytes += task.frame.len();
        self.page.tasks.push(task);
    }

    fn is_full(&self) -> bool {
        self.page.tasks.len() >= self.limit || self.bytes >= PAGE_BYTES
    }

    /// The page, after which there may be more.
    fn with_next(self, next: String) -> TaskPage {
        TaskPage { next, ..self.page }
    }
}

impl Extend<TaskView> for Filling {
    fn extend<T: IntoIterator<Item = TaskView>>(&mut self, tasks: T) {
        tasks.into_iter().for_each(|task| self.push(task));
    }
}

/// A place in a list: one number, or two.
fn pair_of(place: &str) -> Result<(u64, u64), Error> {
    let (first, second) = place.split_once('.').unwrap_or((place, "0"));
    let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse().ok() };
    number(first).zip(number(second)).ok_or_else(|| Error::BadPlace(place.to_owned()))
}
