//! From rows to results: the row of a result is in memory or on disk, and so is the task, whose id no row has.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    super::{
        Shared,
        finder::Finder,
        machine::{PAGE_SEQS, words::State},
        queue::Queue,
        store::StoreError,
    },
    log::{Known, Look},
    row::{ResultRow, What},
    waiters::Waiter,
};
use crate::{
    name::{ClientName, GroupName},
    server::engine::{
        Error,
        frames::id_of,
        results::{Answer, ResultView},
    },
};

/// A result that wants but the id of its task.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) n: u64,
    pub(super) at_ms: u64,
    pub(super) seq: u64,
    pub(super) what: What,
    pub(super) queue: Arc<Queue>,
    group: Option<GroupName>,
    client: Option<ClientName>,
    answer: Answer,
}

impl Taken {
    /// About how many bytes it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.answer.bytes() + size_of::<ResultView>()
    }

    /// The result, with the id of its task.
    pub(super) fn view(self, id: String) -> ResultView {
        let (word, state, end, attempt, late) = match self.what {
            What::Told { word, state, attempt, late, .. } => (Some(word), state, None, attempt, late),
            What::Died { end, attempt, .. } => (None, State::Dead, Some(end), attempt, false),
            What::Cancelled { .. } => (None, State::Cancelled, None, 0, false),
        };
        ResultView {
            n: self.n,
            id,
            seq: self.seq,
            queue: self.queue.name.clone(),
            group: self.group,
            client: self.client,
            word,
            state,
            end,
            attempt,
            late,
            answer: self.answer,
            at_ms: self.at_ms,
        }
    }
}

/// Reads results. Holds on to the row that it read last.
pub(super) struct Reading {
    shared: Arc<Shared>,
    finder: Finder,
    last: Option<Arc<ResultRow>>,
    /// The group that was named last.
    group: Option<(u32, Arc<Queue>, GroupName)>,
}

impl Reading {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let finder = Finder::new(shared.clone());
        Reading { shared, finder, last: None, group: None }
    }

    /// The row that has the result `n`. `None`: it is no longer kept.
    pub(super) async fn row(&mut self, n: u64) -> Result<Option<Arc<ResultRow>>, Error> {
        if let Some(row) = &self.last
            && (row.first_n..=row.last_n).contains(&n)
        {
            return Ok(Some(row.clone()));
        }
        self.last = match self.shared.results.look(n) {
            Look::Rows(rows) => rows.into_iter().next(),
            Look::OnDisk => read_rows(&self.shared, n, 1).await?.into_iter().next(),
            Look::Nothing | Look::Trimmed { .. } => None,
        };
        Ok(self.last.clone())
    }

    /// These results, in order. What is no longer kept is left out.
    pub(super) async fn results(&mut self, ns: &[u64]) -> Result<Vec<Taken>, Error> {
        let mut taken = Vec::with_capacity(ns.len());
        let mut rest = ns;
        while let Some(n) = rest.first() {
            let Some(row) = self.row(*n).await? else {
                rest = &rest[1..];
                continue;
            };
            let (here, after) = rest.split_at(rest.partition_point(|n| *n <= row.last_n));
            rest = after;
            let mut wanted = here.iter().peekable();
            self.pick(
                &row,
                row.first_n,
                |n, _, _, _| wanted.next_if_eq(&&n).is_some(),
                |next| {
                    taken.push(next);
                    true
                },
            )?;
        }
        Ok(taken)
    }

    /// Goes through the results of a row from `from_n` on that are `wanted`, by their numbers, seqs, queues and groups,
    /// until `take` says that it is enough. Returns the number of the next one.
    pub(super) fn pick(
        &mut self,
        row: &ResultRow,
        from_n: u64,
        mut wanted: impl FnMut(u64, u64, &Queue, Option<&GroupName>) -> bool,
        mut take: impl FnMut(Taken) -> bool,
    ) -> Result<u64, Error> {
        let shared = self.shared.clone();
        let damaged = || {
            let (first, last) = (row.first_n, row.last_n);
            damaged(&shared, &format!("the results from {first} to {last}"))
        };
        for event in row.events() {
            let (n, event) = event.map_err(|_| damaged())?;
            if n < from_n {
                continue;
            }
            let (queue, group) = match event.what {
                What::Told { group, .. } | What::Died { group, .. } => {
                    if self.group.as_ref().is_none_or(|(no, ..)| *no != group) {
                        let (queue, name) = self.shared.names.group(group).ok_or_else(damaged)?;
                        self.group = Some((group, queue, name));
                    }
                    let (_, queue, name) = self.group.as_ref().ok_or_else(damaged)?;
                    (queue.clone(), Some(name.clone()))
                }
                What::Cancelled { queue } => (self.shared.names.queue(queue).ok_or_else(damaged)?, None),
            };
            if !wanted(n, event.seq, &queue, group.as_ref()) {
                continue;
            }
            let taken = Taken {
                n,
                at_ms: row.at_ms,
                seq: event.seq,
                what: event.what,
                queue,
                group,
                client: event.client.map(ClientName::parse).transpose().map_err(|_| damaged())?,
                answer: event.said.answer().ok_or_else(damaged)?,
            };
            if !take(taken) {
                return Ok(n + 1);
            }
        }
        Ok(row.last_n + 1)
    }

    /// The results with the ids of their tasks. What tasks are no longer kept have told is left out.
    pub(super) async fn views(&mut self, taken: Vec<Taken>) -> Result<Vec<ResultView>, Error> {
        // Whoever asks in the order of the log looks through each run of it once.
        let mut order: Vec<usize> = (0..taken.len()).collect();
        order.sort_by_key(|at| (Arc::as_ptr(&taken[*at].queue), taken[*at].seq));
        let mut ids: Vec<Option<String>> = vec![None; taken.len()];
        let mut before: Option<usize> = None;
        for at in order {
            let (queue, seq) = (&taken[at].queue, taken[at].seq);
            // Seqs are of the store: no two queues have the same.
            ids[at] = match before.filter(|before| taken[*before].seq == seq) {
                Some(before) => ids[before].clone(),
                None => self.finder.find(queue, seq).await?.map(|frame| id_of(&frame).to_owned()),
            };
            before = Some(at);
        }
        Ok(taken.into_iter().zip(ids).filter_map(|(taken, id)| Some(taken.view(id?))).collect())
    }

    /// Lets go of what it holds on to.
    pub(super) fn rest(&mut self) {
        self.last = None;
        self.finder.rest();
    }
}

/// Rows from disk from the one that has the result `n` on, about `most_bytes` of them. None: it is no longer kept.
pub(super) async fn read_rows(
    shared: &Arc<Shared>,
    n: u64,
    most_bytes: usize,
) -> Result<Vec<Arc<ResultRow>>, Error> {
    let mut rows = shared.reads.with(move |reader| reader.results(n, most_bytes)).await?;
    let mut next_n = n;
    let whole = rows.iter().take_while(|row| {
        let goes_on = (row.first_n..=row.last_n).contains(&next_n);
        next_n = row.last_n + 1;
        goes_on
    });
    let whole = whole.count();
    rows.truncate(whole);
    // Nothing: was it trimmed while it was being read?
    if rows.is_empty() && n >= shared.results.reach().first_n {
        return Err(damaged(shared, &format!("the results from {n} on are not there")));
    }
    Ok(rows.into_iter().map(Arc::new).collect())
}

/// Where the results of tasks stand that are in the log of results now, from `from_n` on, in order; and the number of
/// the next one. What `waiter` knows of results up to now it forgets at the same moment. `None`: it must first learn
/// where its tasks are.
pub(super) async fn places_of(
    shared: &Arc<Shared>,
    seqs: &BTreeSet<u64>,
    from_n: u64,
    waiter: Option<&Waiter>,
) -> Result<Option<(Vec<u64>, u64)>, Error> {
    let pages: BTreeSet<u64> = seqs.iter().map(|seq| seq / PAGE_SEQS).collect();
    // Before what is on disk: what is folded in between is there as well.
    let known = shared.results.known(&pages, waiter);
    let Some(Known { next_n, mut runs, stored }) = known else { return Ok(None) };
    for page in stored {
        for row in shared.reads.with(move |reader| reader.result_page(page)).await? {
            runs.extend(row.read().ok_or_else(|| damaged(shared, &row.place()))?);
        }
    }
    let mut places = BTreeSet::new();
    for run in runs {
        let told = seqs.range(run.seq..=run.last_seq()).map(|seq| run.n + (seq - run.seq));
        places.extend(told.filter(|n| (from_n..next_n).contains(n)));
    }
    Ok(Some((places.into_iter().collect(), next_n)))
}

fn damaged(shared: &Shared, what: &str) -> Error {
    let (StoreError::Damaged(why) | StoreError::Failed(why) | StoreError::Full(why)) = shared.damaged(what);
    Error::Damaged(why)
}
