//! The roll-call of a task: who has it, who has done it, who is silent.

use super::{
    super::{
        Fixture,
        groups::{
            Ear, LONG_MS, Member, client, done, id, named, share_of, some, tell, told, told_by_id, who,
        },
        in_time, own, queue, submit, submit_any, task,
    },
    beside, until_seen, until_up, watch,
};
use crate::{
    name::{ClientName, GroupName},
    server::engine::{
        Engine, Error, NewTask,
        groups::{Change, Share, Told, Verdict, Word},
        presence::WATCHED_MS,
        results::{Answer, RollEntry, Standing},
    },
};

async fn roll(engine: &dyn Engine, task: &str, numbers: &[u8]) -> Vec<RollEntry> {
    let clients = numbers.iter().map(|number| client(*number)).collect();
    in_time(engine.call_roll(id(task), clients)).await.unwrap()
}

/// Who stands where.
fn standing(roll: &[RollEntry]) -> Vec<(ClientName, Standing)> {
    assert!(roll.is_sorted_by(|a, b| a.client < b.client), "by name, and each once: {roll:?}");
    roll.iter().map(|entry| (entry.client.clone(), entry.standing)).collect()
}

fn own_share(number: u8, name: &str) -> Share {
    Share { group: GroupName::own(&client(number)), ..share_of(number, name, "none") }
}

/// Says a word of a lease, for ever as far as the test goes.
async fn say(engine: &dyn Engine, lease: &str, word: Word, ret: &str) {
    let told = Told { answer: Answer::text(ret), delay_ms: Some(LONG_MS), ..told(lease, word) };
    assert_eq!(tell(engine, told).await, (Verdict::Ok, false));
}

async fn note(engine: &dyn Engine, task: &str, word: Word, number: u8, ret: &str) {
    let told = Told { answer: Answer::text(ret), ..told_by_id(task, word, Some(number)) };
    assert_eq!(tell(engine, told).await, (Verdict::Noted, false));
}

/// What was last told, if anything.
fn last(entry: &RollEntry) -> Option<(Option<Word>, &str)> {
    entry.result.as_ref().map(|result| (result.word, result.answer.ret.as_str()))
}

pub(in super::super::super) async fn the_roll_is_called_of_clients_with_groups_of_their_own(
    mut fixture: impl Fixture,
) {
    let (one, other) = fixture.handles();
    let first = some(&*one, "a", 1).await[0].to_string();
    let mut members = Vec::new();
    let mut held = Vec::new();
    // One that has no group to be handed it in; five that are handed it.
    let _silent = watch(&*one, who(1), "a").await;
    for number in 2..=6 {
        let mut member = Member::open(&*one, own_share(number, "a")).await;
        held.push(member.one().await);
        members.push(member);
    }
    say(&*other, &held[1].lease, Word::Done, "yes").await;
    say(&*other, &held[2].lease, Word::Failed, "not yet").await;
    say(&*other, &held[3].lease, Word::Rejected, "never").await;
    say(&*other, &held[4].lease, Word::Released, "not me").await;
    let numbers = [6, 1, 4, 3, 2, 5];
    let wanted = [Standing::Silent, Standing::Received, Standing::Done, Standing::Failed, Standing::Dead];
    let said = [
        None,
        None,
        Some((Some(Word::Done), "yes")),
        Some((Some(Word::Failed), "not yet")),
        Some((Some(Word::Rejected), "never")),
    ];
    for handle in [&*one, &*other] {
        let called = roll(handle, &first, &numbers).await;
        let names: Vec<ClientName> = (1..=6).map(client).collect();
        let stands = standing(&called);
        assert_eq!(stands.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), names);
        for (n, entry) in called.iter().enumerate().take(5) {
            assert_eq!((entry.standing, last(entry)), (wanted[n], said[n]), "{entry:?}");
            assert!(entry.is_up && entry.last_seen_ms.is_some(), "{entry:?}");
            if let Some(result) = &entry.result {
                assert_eq!(result.group, Some(GroupName::own(&entry.client)));
                assert_eq!((&result.id, result.queue.clone()), (&first, queue("a")));
            }
        }
        assert!(called[1].received_ms.is_some_and(|ms| ms > 0) && called[0].received_ms.is_none());
        // It has given it back: that is the last that was told.
        assert_eq!(last(&called[5]), Some((Some(Word::Released), "not me")));
    }
    drop(members);
    fixture.close().await;
    fixture.open().await;
    let (one, _) = fixture.handles();
    let called = roll(&*one, &first, &numbers[1..]).await;
    for (n, entry) in called.iter().enumerate() {
        assert_eq!((entry.standing, last(entry)), (wanted[n], said[n]), "{entry:?}");
        assert!(!entry.is_up);
    }
}

pub(in super::super::super) async fn the_roll_is_called_of_who_watches_all_and_tells_by_id(
    mut fixture: impl Fixture,
) {
    let (one, other) = fixture.handles();
    let own_id = NewTask { id: own("deploy"), ..task("a", "x") };
    let seq = submit(&*one, vec![own_id]).await[0].to_string();
    let mut watches = Vec::new();
    for number in 1..=4 {
        watches.push(watch(&*one, who(number), "a").await);
    }
    note(&*one, "deploy", Word::Received, 2, "").await;
    note(&*other, "deploy", Word::Failed, 3, "no").await;
    note(&*other, &seq, Word::Received, 4, "").await;
    note(&*other, &seq, Word::Done, 4, "yes").await;
    until_up(&*one, 4, 1).await;
    let wanted = [
        (client(1), Standing::Silent),
        (client(2), Standing::Received),
        (client(3), Standing::Failed),
        (client(4), Standing::Done),
    ];
    for name in ["deploy", &seq] {
        let called = roll(&*other, name, &[1, 2, 3, 4]).await;
        assert_eq!(standing(&called), wanted);
        assert!(called.iter().all(|entry| entry.is_up && entry.last_seen_ms.is_some()));
        assert!(called[1].received_ms.is_some(), "{:?}", called[1]);
        assert_eq!(last(&called[2]), Some((Some(Word::Failed), "no")));
        assert_eq!(last(&called[3]), Some((Some(Word::Done), "yes")));
    }
    // It tries again, and it does.
    note(&*one, "deploy", Word::Done, 3, "at last").await;
    drop(watches);
    fixture.close().await;
    fixture.open().await;
    let (_, other) = fixture.handles();
    let called = roll(&*other, "deploy", &[2, 3, 4]).await;
    let stands = [Standing::Received, Standing::Done, Standing::Done];
    assert_eq!(called.iter().map(|entry| entry.standing).collect::<Vec<_>>(), stands);
    assert_eq!(last(&called[1]), Some((Some(Word::Done), "at last")));
}

pub(in super::super::super) async fn the_roll_is_called_of_the_members_of_a_group(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    drop(Member::open(&*one, share_of(9, "a", "g")).await);
    let change = Change { max_failures: Some(1), ..Change::default() };
    in_time(one.set_group(queue("a"), named("g"), change)).await.unwrap();
    let names: Vec<String> = some(&*one, "a", 4).await.iter().map(u64::to_string).collect();
    let mut members = Vec::new();
    let mut held = Vec::new();
    for number in 1..=4 {
        let mut member = Member::open(&*one, share_of(number, "a", "g")).await;
        held.push(member.one().await);
        members.push(member);
    }
    done(&*other, &held[1]).await;
    say(&*other, &held[2].lease, Word::Rejected, "never").await;
    say(&*other, &held[3].lease, Word::Failed, "and that was that").await;
    let wanted = [Standing::Received, Standing::Done, Standing::Dead, Standing::Dead];
    for (n, name) in names.iter().enumerate() {
        let number = n as u8 + 1;
        let called = roll(&*one, name, &[number]).await;
        assert_eq!(standing(&called), [(client(number), wanted[n])]);
        // The others have nothing to do with it.
        let others: Vec<u8> = (1..=4).filter(|other| *other != number).collect();
        let silent = roll(&*other, name, &others).await;
        assert!(silent.iter().all(|entry| entry.standing == Standing::Silent && entry.result.is_none()));
    }
    assert_eq!(last(&roll(&*one, &names[3], &[4]).await[0]), Some((Some(Word::Failed), "and that was that")));
}

pub(in super::super::super) async fn the_roll_is_called_of_who_is_named(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let name = some(&*one, "a", 1).await[0].to_string();
    note(&*one, &name, Word::Done, 1, "").await;
    one.report(&client(2), "seen, but not here");
    let _elsewhere = watch(&*one, who(3), "b").await;
    until_up(&*one, 3, 1).await;
    until_seen(&*one, 2, |view| view.status.is_some()).await;
    let called = roll(&*other, &name, &[4, 3, 2]).await;
    let silent = [2, 3, 4].map(|number| (client(number), Standing::Silent));
    assert_eq!(standing(&called), silent, "these and nobody else");
    assert_eq!(called.iter().map(|entry| entry.is_up).collect::<Vec<_>>(), [false, true, false]);
    let seen: Vec<bool> = called.iter().map(|entry| entry.last_seen_ms.is_some()).collect();
    assert_eq!(seen, [true, true, false], "of the last nothing was ever heard");
    assert!(called.iter().all(|entry| entry.result.is_none() && entry.received_ms.is_none()));
}

pub(in super::super::super) async fn without_names_the_roll_is_called_of_who_has_to_do_with_it(
    fixture: impl Fixture,
) {
    let (one, other) = fixture.handles();
    // Two that have watched its queue and gone, one of them a day and more ago.
    drop(watch(&*one, who(1), "a").await);
    until_seen(&*one, 1, |view| view.instances.is_empty()).await;
    fixture.pass(WATCHED_MS / 2).await;
    some(&*one, "x", 1).await;
    drop(watch(&*other, who(2), "a").await);
    until_seen(&*one, 2, |view| view.instances.is_empty()).await;
    fixture.pass(WATCHED_MS / 2 + 1000).await;
    let names: Vec<String> = some(&*one, "a", 2).await.iter().map(u64::to_string).collect();
    // One that watches it, one that watches another queue, one that only attends, one that has no name.
    let _there = watch(&*one, who(3), "a").await;
    let _elsewhere = watch(&*one, who(4), "b").await;
    let _ear = Ear::open(&*one, 5);
    let _unnamed = watch(&*one, super::super::nobody(), "a").await;
    // One that works by itself, two that share, of which one is handed it and the other the next.
    let mut own = Member::open(&*one, own_share(6, "a")).await;
    let held = own.one().await;
    say(&*other, &held.lease, Word::Done, "").await;
    own.one().await;
    let mut shares = Vec::new();
    for number in [7, 8] {
        let mut member =
            Member::open(&*one, Share { who: beside(number, number), ..share_of(1, "a", "g") }).await;
        member.one().await;
        shares.push(member);
    }
    // One that only told, and never watched.
    note(&*other, &names[0], Word::Done, 9, "").await;
    until_up(&*one, 5, 1).await;
    let called = in_time(other.call_roll(id(&names[0]), Vec::new())).await.unwrap();
    let stands = standing(&called);
    for (number, wanted) in [
        (2, Standing::Silent),
        (3, Standing::Silent),
        (6, Standing::Done),
        (7, Standing::Received),
        (9, Standing::Done),
    ] {
        assert!(stands.contains(&(client(number), wanted)), "{number}: {stands:?}");
    }
    for number in [1, 4, 5] {
        assert!(stands.iter().all(|(name, _)| *name != client(number)), "{number}: {stands:?}");
    }
    // Whoever shares the queue is silent of what another was handed.
    assert!(
        stands.iter().all(|(name, stands)| *name != client(8) || *stands == Standing::Silent),
        "{stands:?}"
    );
}

pub(in super::super::super) async fn the_roll_of_a_delayed_task_is_silent(mut fixture: impl Fixture) {
    let (one, _) = fixture.handles();
    let delayed = NewTask { id: own("deploy"), delay_ms: 500, ..task("a", "later") };
    submit_any(&*one, vec![delayed]).await;
    for _ in 0..2 {
        let (one, other) = fixture.handles();
        let watching = watch(&*one, who(1), "a").await;
        until_up(&*other, 1, 1).await;
        let silent = [(client(1), Standing::Silent)];
        assert_eq!(standing(&in_time(other.call_roll(id("deploy"), Vec::new())).await.unwrap()), silent);
        let silent = [1, 2].map(|number| (client(number), Standing::Silent));
        assert_eq!(standing(&roll(&*other, "deploy", &[2, 1]).await), silent);
        drop(watching);
        fixture.close().await;
        fixture.open().await;
    }
    let (one, other) = fixture.handles();
    let mut member = Member::open(&*one, own_share(1, "a")).await;
    fixture.pass(501).await;
    done(&*other, &member.one().await).await;
    assert_eq!(standing(&roll(&*other, "deploy", &[1]).await), [(client(1), Standing::Done)]);
}

pub(in super::super::super) async fn the_roll_of_what_is_no_task_is_refused(fixture: impl Fixture) {
    let (one, other) = fixture.handles();
    let name = some(&*one, "a", 1).await[0].to_string();
    for unknown in ["99", "nobody", "1d"] {
        for clients in [vec![], vec![client(1)]] {
            let refused = in_time(other.call_roll(id(unknown), clients)).await;
            assert_eq!(refused.err(), Some(Error::NoTask(vec![id(unknown)])));
        }
    }
    in_time(one.purge(queue("a"), None)).await.unwrap();
    let refused = in_time(other.call_roll(id(&name), vec![client(1)])).await;
    assert_eq!(refused.err(), Some(Error::NoTask(vec![id(&name)])));
}
