//! What lists, results and clients show.

use super::{
    super::{
        Fixture, Start,
        groups::{
            Member, client, done, id, message_of, named, page, share_from, share_of, some, tasks_of, who,
        },
        in_time, queue,
    },
    Stage, within,
};
use crate::{
    name::{GroupName, QueueName},
    server::engine::{
        Engine, Watch,
        contract::{
            results::{Listener, all, log},
            watch_of,
        },
        groups::{GroupFilter, QueueFilter, State, TaskFilter},
        presence::{ClientChange, ClientFilter},
        results::{ResultFilter, ResultView},
    },
};
use futures_util::StreamExt;

/// Of all queues, page by page; each but the last is full.
async fn queues(engine: &dyn Engine, limit: usize) -> Vec<QueueName> {
    let mut names: Vec<QueueName> = Vec::new();
    loop {
        let filter = QueueFilter { queue: None, after: names.last().cloned(), limit };
        let page = in_time(engine.queues(filter)).await.unwrap();
        assert!(!page.more || page.items.len() == limit);
        names.extend(page.items.into_iter().map(|view| view.queue));
        if !page.more {
            return names;
        }
    }
}

async fn groups(engine: &dyn Engine, group: Option<&str>, limit: usize) -> Vec<(QueueName, GroupName)> {
    let mut names: Vec<(QueueName, GroupName)> = Vec::new();
    loop {
        let filter =
            GroupFilter { queue: None, group: group.map(named), after: names.last().cloned(), limit };
        let page = in_time(engine.groups(filter)).await.unwrap();
        assert!(!page.more || page.items.len() == limit);
        names.extend(page.items.into_iter().map(|view| (view.queue, view.group)));
        if !page.more {
            return names;
        }
    }
}

/// The queues and ids of the tasks of all queues in a state.
async fn tasks(
    engine: &dyn Engine,
    state: State,
    group: Option<&str>,
    limit: usize,
) -> Vec<(String, String)> {
    let (mut tasks, mut after) = (Vec::new(), String::new());
    loop {
        let (state, group) = (Some(state), group.map(named));
        let filter = TaskFilter { queue: None, group, state, after, limit, ..tasks_of("none") };
        let page = page(engine, filter).await;
        let seen = page.tasks.iter().map(message_of).map(|message| (message.queue, message.id));
        tasks.extend(seen);
        after = page.next;
        if after.is_empty() {
            return tasks;
        }
    }
}

pub(in super::super::super) async fn lists_have_what_is_within(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    // By name theirs lie between mine, and so they do by their places.
    let names = ["q1-theirs", "q2-mine", "q3-theirs", "q4-mine", "q5-mine", "q6-theirs"];
    for name in names {
        Stage::set(&fixture, if name < "q4" { &*one } else { &*other }, name).await;
        drop(Member::open(&*one, share_from(2, &[(name, Start::New)], "h")).await);
    }
    for _ in 0..2 {
        let (one, other) = fixture.handles();
        let bound = within(&*other, "w1", &["*-mine"]);
        let nothing = within(&*other, "w1", &["nothing"]);
        let mine = ["q2-mine", "q4-mine", "q5-mine"].map(queue);
        for limit in [1, 2, 3, 100] {
            assert_eq!(queues(&*bound, limit).await, mine);
            assert_eq!(queues(&*one, limit).await, names.map(queue));
            assert!(queues(&*nothing, limit).await.is_empty());
            let of_g = mine.clone().map(|queue| (queue, named("g")));
            assert_eq!(groups(&*bound, Some("g"), limit).await, of_g);
            assert_eq!(groups(&*bound, None, limit).await.len(), 6);
            assert_eq!(groups(&*one, None, limit).await.len(), 12);
            assert!(groups(&*nothing, None, limit).await.is_empty());
            for state in [State::Delayed, State::Leased, State::Waiting, State::Dead] {
                let is_mine = |(queue, _): &(String, String)| queue.ends_with("-mine");
                let mut all = tasks(&*one, state, None, limit).await;
                all.retain(is_mine);
                assert_eq!(all.len(), if state == State::Delayed { 6 } else { 3 });
                assert_eq!(tasks(&*bound, state, None, limit).await, all);
                assert!(tasks(&*nothing, state, None, limit).await.is_empty());
                if state != State::Delayed {
                    assert_eq!(tasks(&*bound, state, Some("g"), limit).await, all);
                    assert!(tasks(&*bound, state, Some("h"), limit).await.is_empty());
                }
            }
        }
        // By its name each is what it is to everybody.
        for name in mine {
            let only = || QueueFilter { queue: Some(name.clone()), after: None, limit: 1 };
            let (bound, whole) = (in_time(bound.queues(only())).await, in_time(one.queues(only())).await);
            assert_eq!(bound.unwrap().items, whole.unwrap().items);
        }
        fixture.close().await;
        fixture.open().await;
    }
}

fn of_mine(all: Vec<ResultView>) -> Vec<ResultView> {
    all.into_iter().filter(|result| result.queue == queue("mine")).collect()
}

pub(in super::super::super) async fn the_log_of_results_has_what_is_within(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let bound = within(&*other, "w1", &["mine"]);
    let mut live = Listener::open(&*bound, log(Start::First)).await;
    for name in ["theirs", "mine", "theirs"] {
        let seqs = some(&*one, name, 3).await;
        let mut member = Member::open(&*one, share_of(1, name, "g")).await;
        let leased = member.one().await;
        done(&*other, &leased).await;
        let last = id(&seqs[2].to_string());
        in_time(one.cancel(vec![last])).await.unwrap();
    }
    let kept = all(&*one).await;
    let mine = of_mine(kept.clone());
    assert_eq!((kept.len(), mine.len()), (6, 2));
    assert_eq!(all(&*bound).await, mine, "with the numbers that they have");
    assert_eq!(live.take(2).await, mine);
    live.expect_quiet(&*one).await;
    for result in &kept {
        let mut from = Listener::open(&*bound, log(Start::Seq(result.n))).await;
        let left: Vec<ResultView> = mine.iter().filter(|mine| mine.n >= result.n).cloned().collect();
        assert_eq!(from.take(left.len()).await, left);
        from.expect_quiet(&*one).await;
    }
    let of_g = |until_empty| ResultFilter::Log {
        queue: None,
        group: Some(named("g")),
        store: None,
        start: Start::First,
        until_empty,
    };
    assert_eq!(Listener::open(&*bound, of_g(true)).await.rest().await.unwrap(), mine[..1]);
    let nothing = within(&*one, "w1", &["nothing"]);
    assert!(all(&*nothing).await.is_empty());
    // What comes is as what was.
    for name in ["theirs", "mine"] {
        let mut member = Member::open(&*one, share_of(1, name, "g")).await;
        let leased = member.one().await;
        done(&*one, &leased).await;
    }
    assert_eq!(live.one().await, of_mine(all(&*one).await)[2]);
    live.expect_quiet(&*one).await;
}

pub(in super::super::super) async fn of_clients_watches_outside_are_left_out(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let bound = within(&*other, "w9", &["mine"]);
    let watch = |names: &[&str]| {
        let queues: Vec<(&str, Start)> = names.iter().map(|name| (*name, Start::First)).collect();
        Watch { who: who(1), ..watch_of(&queues) }
    };
    let mut events = bound.client_events(None);
    let first = in_time(one.watch(watch(&["theirs", "mine"]))).await.unwrap();
    let second = in_time(one.watch(Watch { who: who(2), ..watch(&["theirs"]) })).await.unwrap();
    some(&*one, "theirs", 1).await;
    let mut member = Member::open(&*one, share_of(2, "theirs", "g")).await;
    member.one().await;
    one.report(&client(2), "fine");
    let filter = || ClientFilter { client: None, after: None, limit: 10 };
    let seen = in_time(bound.clients(filter())).await.unwrap().items;
    let mut all = in_time(one.clients(filter())).await.unwrap().items;
    assert_eq!(all.iter().map(|view| view.instances[0].watches.len()).collect::<Vec<_>>(), [2, 2]);
    for instance in all.iter_mut().flat_map(|view| &mut view.instances) {
        instance.watches.retain(|(name, _)| *name == queue("mine"));
    }
    assert_eq!(seen, all, "all but for the watches");
    assert_eq!(seen[0].instances[0].watches, [(queue("mine"), None)]);
    assert_eq!((seen[1].in_flight, seen[1].status.as_ref().map(|last| &last.status[..])), (1, Some("fine")));
    for number in [1, 2] {
        let event = in_time(events.next()).await.unwrap().unwrap();
        assert!(event.client == client(number) && matches!(event.change, ClientChange::Up { .. }));
    }
    drop((first, second));
}
