//! Who comes, goes and reports, as it is told.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::join_all;

use super::{
    super::{
        Fixture,
        groups::{Ear, Member, client, process, share_of, who},
        in_time,
    },
    Events, beside, clients, until_seen, until_up, watch,
};
use crate::{
    name::ClientName,
    server::engine::{
        Engine, Error,
        groups::Instance,
        presence::{ClientChange, ClientEvent, Who},
    },
};

fn up(process_number: u8, status: Option<&str>) -> ClientChange {
    let Who { instance, address, .. } = who(process_number);
    ClientChange::Up { instance, address, status: status.map(str::to_owned) }
}

fn down(process_number: u8) -> ClientChange {
    let Who { instance, address, .. } = who(process_number);
    ClientChange::Down { instance, address }
}

fn status(text: &str) -> ClientChange {
    ClientChange::Status(text.to_owned())
}

/// What is told of whom.
fn told(event: ClientEvent) -> (ClientName, ClientChange) {
    assert!(event.at_ms > 0, "{event:?}");
    (event.client, event.change)
}

pub(in super::super::super) async fn a_watch_of_clients_begins_with_who_is_there(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let _ear = Ear::open(&*one, 1);
    let _first = watch(&*other, who(1), "a").await;
    let _second = watch(&*other, beside(2, 12), "a").await;
    let _third = watch(&*one, beside(2, 13), "a").await;
    let gone = watch(&*one, who(4), "a").await;
    one.report(&client(1), "数据:7");
    one.report(&client(3), "not there");
    drop(gone);
    until_up(&*one, 1, 1).await;
    until_up(&*one, 2, 2).await;
    until_seen(&*one, 1, |view| view.status.is_some()).await;
    until_seen(&*one, 4, |view| view.instances.is_empty()).await;
    for handle in [&one, &other] {
        let mut events = Events::open(&**handle, None);
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push(told(events.one().await));
        }
        events.expect_quiet(&**handle).await;
        seen.sort_by_key(|(name, change)| (name.clone(), format!("{change:?}")));
        let wanted =
            [(client(1), up(1, Some("数据:7"))), (client(2), up(12, None)), (client(2), up(13, None))];
        assert_eq!(seen, wanted);
    }
}

pub(in super::super::super) async fn who_comes_goes_and_reports_is_told_once_and_in_order(
    fixture: impl Fixture,
) {
    let (one, other) = fixture.handles();
    let mut events = [Events::open(&*one, None), Events::open(&*other, None)];
    let mut last_ms = 0;
    let mut expect = async |name: u8, change: ClientChange| {
        let mut at_ms = Vec::new();
        for events in &mut events {
            let event = events.one().await;
            at_ms.push(event.at_ms);
            assert_eq!(told(event), (client(name), change.clone()));
            events.expect_quiet(&*one).await;
        }
        assert!(at_ms[0] == at_ms[1] && at_ms[0] >= last_ms, "{at_ms:?} after {last_ms}");
        last_ms = at_ms[0];
    };
    let ear = Ear::open(&*one, 1);
    expect(1, up(1, None)).await;
    fixture.pass(10).await;
    other.report(&client(1), "数据:1");
    expect(1, status("数据:1")).await;
    // Its further streams, its signs of life and what it does are no events.
    let member = Member::open(&*other, share_of(1, "a", "g")).await;
    one.heard(process(1), false);
    let reader = watch(&*one, who(1), "b").await;
    drop(ear);
    drop(reader);
    fixture.pass(10).await;
    one.report(&client(1), "数据:1");
    expect(1, status("数据:1")).await;
    drop(member);
    expect(1, down(1)).await;
    // What was reported before is told of by no coming.
    let again = watch(&*other, who(1), "b").await;
    expect(1, up(1, None)).await;
    let second = watch(&*one, beside(1, 11), "b").await;
    expect(1, up(11, None)).await;
    drop(again);
    expect(1, down(1)).await;
    drop(second);
    expect(1, down(11)).await;
    // Who is not there reports as well; who has no name is nobody.
    one.report(&client(9), "alone");
    expect(9, status("alone")).await;
    let _unnamed = watch(&*one, Who { client: None, ..who(8) }, "b").await;
    let _named = watch(&*one, who(7), "b").await;
    expect(7, up(7, None)).await;
}

pub(in super::super::super) async fn a_watch_of_one_client_is_told_of_no_other(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let _there = watch(&*one, who(1), "a").await;
    let _also = watch(&*one, who(2), "a").await;
    let _not_its_name = watch(&*one, who(11), "a").await;
    until_up(&*other, 11, 1).await;
    until_up(&*other, 1, 1).await;
    let mut events = Events::open(&*other, Some(1));
    assert_eq!(told(events.one().await), (client(1), up(1, None)));
    let mut none = Events::open(&*other, Some(99));
    for number in [2, 1, 11] {
        one.report(&client(number), &format!("of {number}"));
    }
    drop(Ear::open(&*one, 12));
    let beside_it = Ear::open(&*one, 21);
    let more = watch(&*other, beside(1, 31), "a").await;
    assert_eq!(told(events.one().await), (client(1), status("of 1")));
    assert_eq!(told(events.one().await), (client(1), up(31, None)));
    drop((beside_it, more));
    assert_eq!(told(events.one().await), (client(1), down(31)));
    events.expect_quiet(&*one).await;
    none.expect_quiet(&*one).await;
}

/// What is known of who is there from what was told. It is told of nobody twice.
#[derive(Default)]
struct Known(BTreeMap<Instance, ClientName>);

impl Known {
    fn hear(&mut self, event: ClientEvent) {
        match event.change {
            ClientChange::Up { instance, .. } => {
                let before = self.0.insert(instance, event.client);
                assert_eq!(before, None, "{instance:?} came twice");
            }
            ClientChange::Down { instance, .. } => {
                assert_eq!(self.0.remove(&instance), Some(event.client), "{instance:?} was not there");
            }
            ClientChange::Status(_) => {}
        }
    }
}

pub(in super::super::super) async fn nothing_is_missed_while_others_come_and_go(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let comings = (1..=8).map(|number| {
        let handles: [Arc<dyn Engine>; 2] = [one.clone(), other.clone()];
        tokio::spawn(async move {
            let mut left = None;
            for round in 0..30 {
                let engine = &handles[(round + usize::from(number)) % 2];
                let process = number * 10 + (round % 3) as u8;
                let ear = engine.attend(beside(number % 4, process));
                let reader = watch(&**engine, beside(number % 4, process), "a").await;
                engine.report(&client(number % 4), &round.to_string());
                drop(ear);
                tokio::task::yield_now().await;
                // The one before goes only now, so that there are often two.
                left = Some((reader, left.take().map(|(reader, _)| reader)));
            }
            left
        })
    });
    let mut comings = Box::pin(join_all(comings));
    let mut watches = Vec::new();
    let left = loop {
        for handle in [&one, &other] {
            watches.push((Events::open(&**handle, None), Known::default()));
        }
        // What was asked for is looked at once, so that all of them begin at different times.
        if let Some(left) = futures_util::FutureExt::now_or_never(&mut comings) {
            break left;
        }
        tokio::task::yield_now().await;
    };
    // One that comes last stands at the end of all that came before.
    let _last = watch(&*one, who(255), "a").await;
    for (events, known) in &mut watches {
        while !known.0.contains_key(&process(255)) {
            known.hear(events.one().await);
        }
    }
    let listed = |all: Vec<super::ClientView>| -> BTreeMap<Instance, ClientName> {
        let of_one = |view: super::ClientView| {
            let name = view.client.clone();
            view.instances.into_iter().map(move |i| (i.instance, name.clone())).collect::<Vec<_>>()
        };
        all.into_iter().flat_map(of_one).collect()
    };
    // Streams that closed are noticed a little later.
    let there = in_time(async {
        loop {
            let there = listed(clients(&*other).await);
            if there.len() == 8 * 2 + 1 {
                break there;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
    assert!(watches.len() > 4, "{}", watches.len());
    for (events, known) in &mut watches {
        while known.0 != there {
            known.hear(events.one().await);
        }
        events.expect_quiet(&*one).await;
    }
    drop(left);
}

pub(in super::super::super) async fn the_end_of_the_engine_ends_watches_of_clients(
    mut fixture: impl Fixture,
) {
    for _ in 0..3 {
        let (one, other) = fixture.handles();
        let mut idle = Events::open(&*one, Some(99));
        let mut busy = Events::open(&*other, None);
        let reader = watch(&*one, who(1), "a").await;
        assert_eq!(told(busy.one().await), (client(1), up(1, None)));
        fixture.close().await;
        drop(reader);
        for events in [&mut idle, &mut busy] {
            // Who was there may be told to have gone before.
            let mut next = events.next().await;
            while let Some(Ok(ClientEvent { change: ClientChange::Down { .. }, .. })) = next {
                next = events.next().await;
            }
            assert_eq!(next, Some(Err(Error::Stopped)));
            assert_eq!(events.next().await, None);
        }
        assert_eq!(Events::open(&*other, None).next().await, Some(Err(Error::Stopped)));
        fixture.open().await;
    }
}
