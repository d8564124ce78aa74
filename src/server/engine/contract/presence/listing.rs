//! Who is there, and what is seen of them.

use super::{
    super::{
        Fixture,
        groups::{Ear, Member, client, done, named, process, share_from, share_of, some, who},
        in_time, nobody, queue, submit, task,
    },
    beside, clients, one_client, page, until_seen, until_up, watch,
};
use crate::server::engine::{
    STATUS_BYTES_KEPT, Start,
    groups::Share,
    presence::{Health, InstanceView, SEEN_KEPT_MS, Who},
};

pub(in super::super::super) async fn who_is_there_is_listed_with_what_it_does(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    assert_eq!(clients(&*one).await, []);
    // Each stream on another handle: they are of one process.
    let _ear = Ear::open(&*one, 1);
    let both = share_from(1, &[("a", Start::First), ("b", Start::New)], "g");
    let _member = Member::open(&*other, both).await;
    fixture.pass(10).await;
    let _watch = watch(&*one, who(1), "c").await;
    let _broadcast = watch(&*other, who(2), "c").await;
    for handle in [&*one, &*other] {
        let first =
            until_seen(handle, 1, |view| view.instances.len() == 1 && view.instances[0].watches.len() == 3)
                .await;
        let seen = first.instances[0].clone();
        assert_eq!((seen.instance, seen.address.as_str()), (process(1), "10.0.0.1:1"));
        assert_eq!((seen.in_flight, first.in_flight, first.status.clone()), (0, 0, None));
        assert_eq!(seen.health, Health::Healthy);
        let mut watches = seen.watches;
        watches.sort();
        let shared = |name| (queue(name), Some(named("g")));
        assert_eq!(watches, [shared("a"), shared("b"), (queue("c"), None)]);
        let second = until_up(handle, 2, 1).await.remove(0);
        assert_eq!((second.instance, second.address.as_str()), (process(2), "10.0.0.2:1"));
        assert_eq!((second.watches, second.heard_ms), (vec![(queue("c"), None)], None));
        assert!(second.connected_ms > seen.connected_ms && seen.connected_ms > 0);
        let all = clients(handle).await;
        assert_eq!(all.iter().map(|view| view.client.clone()).collect::<Vec<_>>(), [client(1), client(2)]);
    }
}

pub(in super::super::super) async fn several_processes_of_a_client_are_told_apart(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    some(&*one, "a", 3).await;
    let _ear = one.attend(beside(1, 11));
    fixture.pass(10).await;
    let share = |process| Share { who: beside(1, process), ..share_of(1, "a", "g") };
    let mut second = Member::open(&*other, share(12)).await;
    second.one().await;
    until_up(&*one, 1, 2).await;
    fixture.pass(10).await;
    let mut third = Member::open(&*one, Share { max_in_flight: 2, ..share(13) }).await;
    third.take(2).await;
    let view = until_seen(&*one, 1, |view| view.instances.len() == 3 && view.in_flight == 3).await;
    let seen: Vec<_> = view.instances.iter().map(|i| (i.instance, i.in_flight, i.address.as_str())).collect();
    // The one that came first first.
    let wanted =
        [(process(11), 0, "10.0.0.11:1"), (process(12), 1, "10.0.0.12:1"), (process(13), 2, "10.0.0.13:1")];
    assert_eq!(seen, wanted);
    assert!(view.instances.iter().map(|i| i.connected_ms).is_sorted());
    drop(second);
    let left = until_up(&*other, 1, 2).await;
    assert_eq!(left.iter().map(|i| i.instance).collect::<Vec<_>>(), [process(11), process(13)]);
    // What is in hand is its own, though it is away.
    assert_eq!(one_client(&*one, 1).await.unwrap().in_flight, 3);
}

pub(in super::super::super) async fn a_process_is_gone_when_its_last_stream_closes(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let ear = Ear::open(&*one, 1);
    let member = Member::open(&*other, share_of(1, "a", "g")).await;
    let reader = watch(&*one, who(1), "b").await;
    let watches = |count: usize| move |view: &InstanceView| view.watches.len() == count;
    let connected_ms = until_up(&*other, 1, 1).await[0].connected_ms;
    fixture.pass(10).await;
    drop(member);
    let view = until_seen(&*one, 1, |view| view.instances.iter().all(watches(1))).await;
    assert_eq!(view.instances.len(), 1);
    drop(ear);
    let view = until_seen(&*other, 1, |view| view.instances.iter().all(|i| i.heard_ms.is_none())).await;
    assert_eq!(view.instances.len(), 1);
    assert_eq!(view.instances[0].connected_ms, connected_ms, "it was there all the time");
    drop(reader);
    let view = until_seen(&*other, 1, |view| view.instances.is_empty()).await;
    assert!(view.last_seen_ms >= connected_ms + 10, "{view:?}");
    // It comes again, as another would.
    fixture.pass(10).await;
    let _again = watch(&*one, who(1), "b").await;
    let again = until_up(&*other, 1, 1).await;
    assert!(again[0].connected_ms > connected_ms, "{again:?}");
    // The same watch again replaces the older; the process is there once.
    let mut first = Member::open(&*one, share_of(2, "a", "g")).await;
    let _second = Member::open(&*other, share_of(2, "a", "g")).await;
    assert!(first.next().await.unwrap().is_err());
    drop(first);
    let view = until_seen(&*one, 2, |view| view.instances.iter().all(watches(1))).await;
    assert_eq!(view.instances.len(), 1);
}

pub(in super::super::super) async fn health_is_what_the_streams_say(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let is = |health: Health| {
        move |view: &super::ClientView| view.instances.len() == 1 && view.instances[0].health == health
    };
    // A heartbeat without a watch; a watch in a group without a heartbeat; one without a group, which owes nothing.
    let ear = Ear::open(&*one, 1);
    until_seen(&*other, 1, is(Health::NoWatch)).await;
    let member = Member::open(&*one, share_of(2, "a", "g")).await;
    until_seen(&*other, 2, is(Health::NoHeartbeat)).await;
    let _reader = watch(&*one, who(3), "a").await;
    until_seen(&*other, 3, is(Health::Healthy)).await;
    // What is missing comes, and what is there goes.
    let joined = Member::open(&*other, share_of(1, "a", "g")).await;
    until_seen(&*one, 1, is(Health::Healthy)).await;
    let second_ear = Ear::open(&*other, 2);
    until_seen(&*one, 2, is(Health::Healthy)).await;
    drop(joined);
    until_seen(&*one, 1, is(Health::NoWatch)).await;
    drop(second_ear);
    until_seen(&*one, 2, is(Health::NoHeartbeat)).await;
    let _both = watch(&*other, who(1), "b").await;
    until_seen(&*one, 1, is(Health::Healthy)).await;
    drop((ear, member));
    until_seen(&*one, 1, is(Health::Healthy)).await;
    until_seen(&*one, 2, |view| view.instances.is_empty()).await;
}

pub(in super::super::super) async fn tasks_in_hand_are_counted_also_of_who_is_away(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    some(&*one, "a", 4).await;
    some(&*one, "b", 4).await;
    let mut member = Member::open(&*one, Share { max_in_flight: 3, ..share_of(1, "a", "g") }).await;
    let held = member.take(3).await;
    let mut beside_it = Member::open(&*other, share_of(1, "b", "g")).await;
    beside_it.one().await;
    let view = until_seen(&*other, 1, |view| view.in_flight == 4).await;
    assert_eq!((view.instances.len(), view.instances[0].in_flight), (1, 4));
    done(&*other, &held[0]).await;
    // The place is taken by the next.
    member.one().await;
    done(&*other, &held[1]).await;
    let view = until_seen(&*one, 1, |view| view.in_flight == 3).await;
    assert_eq!(view.instances[0].in_flight, 3);
    drop((member, beside_it));
    let view = until_seen(&*one, 1, |view| view.instances.is_empty()).await;
    assert_eq!(view.in_flight, 3);
    done(&*one, &held[2]).await;
    until_seen(&*other, 1, |view| view.in_flight == 2).await;
}

pub(in super::super::super) async fn what_was_last_reported_is_listed(mut fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let _reader = watch(&*one, who(1), "a").await;
    let ear = Ear::open(&*one, 2);
    let first = until_seen(&*other, 2, |view| view.instances.len() == 1).await;
    let heard_ms = first.instances[0].heard_ms;
    for n in 0..3 {
        fixture.pass(10).await;
        one.report(&client(1), &format!("数据:{n}"));
        let view = until_seen(&*other, 1, |view| {
            view.status.as_ref().is_some_and(|status| status.status == format!("数据:{n}"))
        })
        .await;
        assert_eq!(view.status, one.last_status(&client(1)));
        assert!(view.last_seen_ms >= view.status.unwrap().at_ms);
    }
    // A sign of life is no report.
    fixture.pass(10).await;
    other.heard(process(2), false);
    let view = until_seen(&*one, 2, |view| view.instances[0].heard_ms > heard_ms).await;
    assert_eq!(view.status, None);
    assert!(view.last_seen_ms >= first.last_seen_ms + 10 && view.instances[0].heard_ms > heard_ms);
    // Whoever reports has been seen, though it is not there.
    one.report(&client(3), &"x".repeat(STATUS_BYTES_KEPT + 1));
    let view = until_seen(&*other, 3, |view| view.status.is_some()).await;
    assert_eq!((view.status.unwrap().status.len(), view.instances.len()), (STATUS_BYTES_KEPT, 0));
    drop(ear);
    until_seen(&*other, 2, |view| view.instances.is_empty()).await;
    for _ in 0..2 {
        let before = {
            let (one, _) = fixture.handles();
            (one.last_status(&client(1)), one_client(&*one, 2).await.unwrap().last_seen_ms)
        };
        fixture.close().await;
        fixture.open().await;
        let (one, other) = fixture.handles();
        let view = one_client(&*other, 1).await.unwrap();
        assert_eq!((view.status.clone(), view.instances.len()), (before.0.clone(), 0));
        assert_eq!(view.status.unwrap().status, "数据:2");
        assert_eq!(one.last_status(&client(1)), before.0);
        assert_eq!(one_client(&*one, 2).await.unwrap().last_seen_ms, before.1);
    }
}

pub(in super::super::super) async fn a_process_without_a_name_is_in_no_list(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let unnamed = |process| Who { client: None, ..who(process) };
    let _ear = one.attend(unnamed(1));
    some(&*one, "a", 1).await;
    let mut member = Member::open(&*one, Share { who: unnamed(2), ..share_of(1, "a", "g") }).await;
    member.one().await;
    let _reader = watch(&*other, nobody(), "a").await;
    // One that comes after them is seen.
    let _named = watch(&*other, who(9), "a").await;
    until_up(&*one, 9, 1).await;
    let all = clients(&*one).await;
    assert_eq!(all.iter().map(|view| view.client.clone()).collect::<Vec<_>>(), [client(9)]);
}

pub(in super::super::super) async fn clients_are_listed_in_pages(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let mut readers = Vec::new();
    for number in [7, 3, 11, 1, 20] {
        readers.push(watch(&*one, who(number), "a").await);
    }
    // Those that have been are among those that are.
    one.report(&client(5), "x");
    one.report(&client(100), "y");
    until_seen(&*other, 100, |view| view.status.is_some()).await;
    until_up(&*other, 20, 1).await;
    let wanted = ["w1", "w100", "w11", "w20", "w3", "w5", "w7"];
    let names = |items: &[super::ClientView]| -> Vec<String> {
        items.iter().map(|view| view.client.as_str().to_owned()).collect()
    };
    for limit in 1..=8 {
        let mut seen: Vec<String> = Vec::new();
        loop {
            let next = page(&*other, None, seen.last().map(String::as_str), limit).await;
            assert!(next.items.len() <= limit);
            seen.extend(names(&next.items));
            if !next.more {
                break;
            }
            assert_eq!(next.items.len(), limit);
        }
        assert_eq!(seen, wanted, "{limit} at a time");
    }
    // After a name that nobody has; of one; of one that lies before; of none.
    assert_eq!(names(&page(&*one, None, Some("w2"), 2).await.items), ["w20", "w3"]);
    assert_eq!(names(&page(&*one, Some("w3"), None, 10).await.items), ["w3"]);
    assert_eq!(names(&page(&*one, Some("w3"), Some("w3"), 10).await.items), Vec::<String>::new());
    assert_eq!(names(&page(&*one, Some("W3"), None, 10).await.items), Vec::<String>::new());
    assert_eq!(names(&page(&*one, None, Some("w7"), 10).await.items), Vec::<String>::new());
}

pub(in super::super::super) async fn clients_are_remembered_for_seven_days(mut fixture: impl Fixture) {
    let (one, _) = fixture.handles();
    one.report(&client(1), "x");
    drop(watch(&*one, who(2), "a").await);
    until_seen(&*one, 2, |view| view.instances.is_empty()).await;
    let day_ms = 24 * 60 * 60 * 1000;
    // Half a day at a time: a clock that leaps by more is not believed at once.
    for half_days in 1..=13 {
        fixture.pass(day_ms / 2).await;
        submit(&*fixture.handles().0, vec![task("b", format!("{half_days}"))]).await;
    }
    fixture.close().await;
    fixture.open().await;
    let (one, other) = fixture.handles();
    assert_eq!(one_client(&*one, 1).await.unwrap().status.unwrap().status, "x");
    assert!(one_client(&*one, 2).await.is_some());
    let here = watch(&*other, who(4), "a").await;
    fixture.pass(SEEN_KEPT_MS - 13 * day_ms / 2 + 10_000).await;
    submit(&*one, vec![task("b", "last")]).await;
    in_time(async {
        while one_client(&*other, 1).await.is_some() || one_client(&*other, 2).await.is_some() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!(one.last_status(&client(1)), None);
    until_up(&*one, 4, 1).await;
    drop(here);
    fixture.close().await;
    fixture.open().await;
    let (one, _) = fixture.handles();
    assert_eq!(one_client(&*one, 1).await, None);
    assert!(one_client(&*one, 4).await.is_some());
}
