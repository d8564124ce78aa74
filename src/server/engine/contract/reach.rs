//! What an engine promises of handles that reach no farther, and what the tests of it have in common.
//!
//! ```text
//!     one handle ───► submit, share, tell ───► ┌────────┐   queues: mine, theirs
//!                                              │ engine │
//!   other handle ◄─── within a reach ◄──────── └────────┘   sees: mine
//! ```
//!
//! Whatever is answered about what lies outside must be what is answered about what is not there.

use std::sync::Arc;

use super::{
    Fixture,
    groups::{LONG_MS, Member, everything, page, share_of, tasks_of, tell, told},
    in_time, own, queue, results, submit, submit_any, task,
};
use crate::{
    name::ClientName,
    server::engine::{
        Engine, NewTask, Pattern, Reach,
        groups::{Share, State, TaskFilter, Told, Verdict, Word},
    },
};

pub(in super::super) mod ids;
pub(in super::super) mod leases;
pub(in super::super) mod lists;

/// The reach of an identity, in queues of these patterns and all groups.
fn reach_of(identity: &str, queues: &[&str]) -> Reach {
    let identity = ClientName::parse(identity).unwrap();
    Reach::of(identity, queues.iter().map(|text| text.parse().unwrap()).collect(), vec![Pattern::all()])
}

/// A handle of that reach.
fn within(engine: &dyn Engine, identity: &str, queues: &[&str]) -> Arc<dyn Engine> {
    engine.within(&reach_of(identity, queues))
}

/// A queue with a task in every state there is, by the ids that name them. Group `g` has them.
struct Stage {
    leased: String,
    dead: String,
    cancelled: String,
    /// All that are kept.
    kept: Vec<String>,
    /// Those that are not in the log yet.
    delayed: Vec<String>,
    /// Purged: an id of its own, and a seq.
    gone: Vec<String>,
}

impl Stage {
    async fn set(fixture: &impl Fixture, engine: &dyn Engine, name: &str) -> Self {
        let text = |text: &str| task(name, format!("{name}: {text}"));
        let with_id = |id: &str, task| NewTask { id: own(&format!("{id}-{name}")), ..task };
        let gone = submit(engine, vec![with_id("gone", text("gone"))]).await[0];
        in_time(engine.purge(queue(name), None)).await.unwrap();
        let states = ["leased", "done", "dead", "waiting", "ready", "cancelled"];
        let mut tasks: Vec<NewTask> = states.iter().map(|state| text(state)).collect();
        tasks.push(with_id("named", text("named")));
        tasks.push(NewTask { expires_ms: Some(1), ..text("expired") });
        let seqs: Vec<String> = submit(engine, tasks).await.iter().map(u64::to_string).collect();
        fixture.pass(5).await;
        let later = |task| NewTask { delay_ms: LONG_MS, ..task };
        let later =
            submit_any(engine, vec![later(text("later")), later(with_id("later", text("too")))]).await;
        let (number, _) = later[0].as_ref().unwrap().delayed.unwrap();
        let share = Share { max_in_flight: 4, max: Some(4), ..share_of(1, name, "g") };
        let mut member = Member::open(engine, share).await;
        let held = member.take(4).await;
        for (held, word) in held[1..].iter().zip([Word::Done, Word::Rejected, Word::Failed]) {
            let told = Told { delay_ms: Some(LONG_MS), ..told(&held.lease, word) };
            assert_eq!(tell(engine, told).await.0, Verdict::Ok);
        }
        let cancelled = seqs[5].clone();
        let judged = in_time(engine.cancel(vec![super::groups::id(&cancelled)])).await.unwrap();
        assert_eq!(judged[0].verdict, Verdict::Ok);
        let delayed = vec![format!("{number}d"), format!("later-{name}")];
        Stage {
            leased: seqs[0].clone(),
            dead: seqs[2].clone(),
            cancelled,
            kept: seqs.into_iter().chain([format!("named-{name}")]).chain(delayed.clone()).collect(),
            delayed,
            gone: vec![format!("gone-{name}"), gone.to_string()],
        }
    }

    /// The ids of all of its tasks, also of those that are no more.
    fn ids(&self) -> impl Iterator<Item = &String> {
        self.kept.iter().chain(&self.gone)
    }
}

/// All that can be seen of a queue, and all results.
async fn state_of(engine: &dyn Engine, name: &str) -> String {
    let later = TaskFilter { state: Some(State::Delayed), ..tasks_of(name) };
    let later = page(engine, later).await.tasks;
    format!("{}\n{later:?}\n{:?}", everything(engine, name).await, results::all(engine).await)
}
