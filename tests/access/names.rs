//! Names: a client is its identity or one of its own, and an inbox is its owner's. And what proves an identity.

use contact::{pb, server::access::Role};
use futures_util::stream;
use tonic::{Code, Status};

use crate::house::{Client, House, granted, reason, within};

const ALL: &[Role] = &[Role::Submit, Role::Watch, Role::Work, Role::Report, Role::Inspect];

/// The reasons of what each call says to this client name; empty: it is well.
async fn calls_as(by: &mut Client, client: &str) -> Vec<String> {
    let queues = vec![pb::Position { queue: "jobs".into(), ..pb::Position::default() }];
    let watch = pb::Watch { queues, client: client.into(), until_empty: true, ..pb::Watch::default() };
    let share = pb::Watch { group: "g".into(), ..watch.clone() };
    let told = pb::Result { id: "1".into(), client: client.into(), ..pb::Result::default() };
    let status = pb::ClientMsg { msg: "x".into(), client: client.into(), ..pb::ClientMsg::default() };
    let nameless = pb::ClientMsg { msg: "x".into(), ..pb::ClientMsg::default() };
    let answers: Vec<Result<(), Status>> = vec![
        all(by.get_task(watch).await).await,
        all(by.get_task(share).await).await,
        by.tell_result(stream::iter([told])).await.map(drop),
        all(by.send_status(stream::iter([status.clone()])).await).await,
        // A stream that has no name yet gets one later.
        all(by.send_status(stream::iter([nameless, status])).await).await,
    ];
    answers
        .into_iter()
        .map(|answer| answer.err().map(|refused| reason(&refused)).unwrap_or_default())
        .collect()
}

async fn all<T>(answer: Result<tonic::Response<tonic::Streaming<T>>, Status>) -> Result<(), Status> {
    let mut messages = answer?.into_inner();
    while within("the end", messages.message()).await?.is_some() {}
    Ok(())
}

#[tokio::test]
async fn a_client_is_its_identity_or_one_of_its_own() {
    let house = House::open().await;
    let mut kiosk = house.admit("kiosk-7", ALL, &["*"], &["*"]).await;
    for own in ["kiosk-7", "kiosk-7.screen", "kiosk-7.a.b", ""] {
        assert_eq!(calls_as(&mut kiosk, own).await, [""; 5], "{own}");
    }
    for foreign in ["kiosk-70", "kiosk", "kiosk-8", "Kiosk-7", "kiosk-7-a"] {
        assert_eq!(calls_as(&mut kiosk, foreign).await, ["foreign_client"; 5], "{foreign}");
    }
    let mut ops = house.admit("ops", &[Role::Admin], &["*"], &["*"]).await;
    assert_eq!(calls_as(&mut ops, "kiosk-8").await, [""; 5]);
}

#[tokio::test]
async fn an_inbox_and_an_own_group_are_their_owners() {
    let house = House::open().await;
    let mut kiosk = house.admit("kiosk-7", ALL, &["*"], &["*"]).await;
    let mut narrow = house.admit("kiosk-8", ALL, &["jobs"], &["g"]).await;
    let watch = |queue: &str, group: &str| pb::Watch {
        queues: vec![pb::Position { queue: queue.into(), ..pb::Position::default() }],
        group: group.into(),
        until_empty: true,
        ..pb::Watch::default()
    };
    for (by, queue, group, expected) in [
        (&kiosk, "@kiosk-7", "", ""),
        (&kiosk, "@kiosk-7.screen", "@kiosk-7.screen", ""),
        (&kiosk, "@kiosk-8", "", "foreign_queue"),
        (&kiosk, "@kiosk-70", "", "foreign_queue"),
        (&kiosk, "@kiosk-8", "g", "foreign_queue"),
        (&kiosk, "jobs", "@kiosk-8", "foreign_group"),
        (&kiosk, "jobs", "@kiosk-7", ""),
        // Without a word about them in the grant.
        (&narrow, "@kiosk-8", "@kiosk-8", ""),
        (&narrow, "jobs", "@kiosk-8.x", ""),
        (&narrow, "@kiosk-7", "", "foreign_queue"),
    ] {
        let answer = all(by.clone().get_task(watch(queue, group)).await).await;
        let got = answer.err().map(|refused| reason(&refused)).unwrap_or_default();
        assert_eq!(got, expected, "{queue} {group}");
    }
    // Tasks for others go into their inboxes, where the grant has these.
    for (by, expected) in [(&mut kiosk, ""), (&mut narrow, "foreign_queue")] {
        let task = pb::NewTask { task: "x".into(), queue: "@somebody".into(), ..pb::NewTask::default() };
        let answer =
            by.submit_task(stream::iter([task])).await.unwrap().into_inner().message().await.unwrap();
        let refusal = answer.unwrap().refusal.map(|refusal| refusal.reason).unwrap_or_default();
        assert_eq!(refusal, expected);
    }
    let refused: Vec<_> = house.audit().into_iter().filter(|line| line["event"] == "denied").collect();
    let last = refused.last().unwrap();
    assert_eq!(
        (&last["call"], &last["identity"], &last["queue"], &last["verdict"]),
        (&"submitTask".into(), &"kiosk-8".into(), &"@somebody".into(), &"foreign_queue".into())
    );
    assert!(
        last["address"].as_str().unwrap().starts_with("127.0.0.1:") && last["grant"].is_string(),
        "{last}"
    );
}

#[tokio::test]
async fn a_process_of_one_identity_is_not_that_of_another() {
    let house = House::open().await;
    let mut one = house.admit("one", ALL, &["jobs"], &["g"]).await;
    let mut two = house.admit("two", ALL, &["jobs"], &["g"]).await;
    let task = pb::NewTask { task: "x".into(), queue: "jobs".into(), ..pb::NewTask::default() };
    one.submit_task(stream::iter([task])).await.unwrap().into_inner().message().await.unwrap();
    let queues = vec![pb::Position { queue: "jobs".into(), ..pb::Position::default() }];
    let watch = pb::Watch { queues, group: "g".into(), instance: vec![7; 16], ..pb::Watch::default() };
    let mut tasks = one.get_task(watch.clone()).await.unwrap().into_inner();
    let lease = within("a task", tasks.message()).await.unwrap().unwrap().lease;
    // The same 16 bytes: neither is the other's watch ended, nor its lease handed over.
    let mut others = two.get_task(watch).await.unwrap().into_inner();
    let told = pb::Result { lease, ..pb::Result::default() };
    let receipt = two.tell_result(stream::iter([told.clone()])).await.unwrap().into_inner();
    assert_eq!(receipt.told[0].verdict(), pb::Verdict::Unknown);
    let receipt = one.tell_result(stream::iter([told])).await.unwrap().into_inner();
    assert_eq!(receipt.told[0].verdict(), pb::Verdict::Ok);
    for stream in [&mut tasks, &mut others] {
        let more = tokio::time::timeout(std::time::Duration::from_millis(50), stream.message()).await;
        assert!(more.is_err(), "{more:?}");
    }
    // A retry key of one is none of the other's.
    let task = |queue: &str| pb::NewTask {
        task: "once".into(),
        queue: queue.into(),
        retry_key: Some(pb::RetryKey { instance: vec![9; 16], n: 1 }),
        ..pb::NewTask::default()
    };
    let mut seqs = Vec::new();
    for by in [&one, &two, &one] {
        let mut answers = by.clone().submit_task(stream::iter([task("jobs")])).await.unwrap().into_inner();
        seqs.push(answers.message().await.unwrap().unwrap().seq);
    }
    assert!(seqs[0] == seqs[2] && seqs[0] != seqs[1], "{seqs:?}");
}

#[tokio::test]
async fn whoever_proves_nothing_is_let_in_nowhere() {
    let house = House::open().await;
    let (token, grant) = granted("kiosk-7", ALL, &["*"], &["*"]);
    house.add(grant);
    let refused = house.bare().await.list_queues(pb::ListQueues::default()).await.unwrap_err();
    assert_eq!((refused.code(), &reason(&refused)[..]), (Code::Unauthenticated, "no_token"));
    let good = token.secret();
    let other = contact::server::access::Token::random();
    for wrong in
        [&good[..good.len() - 1], "", "x", other.secret(), &format!("{good} {good}"), &good.to_uppercase()]
    {
        let refused = house.showing(wrong).await.list_queues(pb::ListQueues::default()).await.unwrap_err();
        assert_eq!((refused.code(), &reason(&refused)[..]), (Code::Unauthenticated, "bad_token"), "{wrong}");
        assert!(!refused.message().contains("ct_"), "{refused:?}");
    }
    house.showing(good).await.list_queues(pb::ListQueues::default()).await.unwrap();
    let audit = house.audit_text();
    assert!(audit.contains("bad_token") && audit.contains("no_token") && !audit.contains("ct_"), "{audit}");
}

#[tokio::test]
async fn over_a_socket_the_servers_own_user_is_its_operator() {
    let house = House::on_socket().await;
    let mut operator = house.bare().await;
    let task = pb::NewTask { task: "x".into(), queue: "@kiosk-7".into(), ..pb::NewTask::default() };
    let answer =
        operator.submit_task(stream::iter([task])).await.unwrap().into_inner().message().await.unwrap();
    assert_eq!(answer.unwrap().refusal, None);
    operator.purge_queue(pb::Purge { queue: "@kiosk-7".into(), upto_seq: None }).await.unwrap();
    // Who shows a token is whom it names, and no more.
    let mut kiosk = house.admit("kiosk-7", &[Role::Inspect], &["jobs"], &[]).await;
    let refused = kiosk.purge_queue(pb::Purge { queue: "jobs".into(), upto_seq: None }).await.unwrap_err();
    assert_eq!(reason(&refused), "no_role");
    let refused = house.showing("ct_wrong").await.list_queues(pb::ListQueues::default()).await.unwrap_err();
    assert_eq!(reason(&refused), "bad_token");
    let audit = house.audit();
    let purged = audit.iter().find(|line| line["event"] == "admin").unwrap();
    assert_eq!((&purged["call"], &purged["queue"]), (&"purgeQueue".into(), &"@kiosk-7".into()));
    assert_eq!((&purged["verdict"], &purged["address"]), (&"1 tasks".into(), &"unix".into()));
    assert!(purged["user"].is_u64() && purged["identity"].is_null(), "{purged}");
}
