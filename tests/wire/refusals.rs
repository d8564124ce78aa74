//! What is asked wrongly: each mistake has its status and its stable reason, and changes nothing.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use contact::{
    pb::{self, contact_client::ContactClient, position::Start},
    wire::{ERROR_DOMAIN, TASK_BYTES_MAX},
};
use futures_util::{StreamExt, stream};
use prost_types::Timestamp;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::Channel,
};
use tonic_types::StatusExt;

use crate::{common::Server, connect, within};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn a_watch_that_cannot_be_served_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    let kept = submit(&mut client, vec![task("任务:1"), task("任务:2")]).await;
    let beyond = kept[1].seq + 2;

    let watch = pb::Watch::default;
    let at = |queue: &str, start| pb::Position { queue: queue.into(), start, until_seq: None };
    let queues = |queues: Vec<pb::Position>| pb::Watch { queues, ..watch() };
    let time = |seconds, nanos| Some(Start::FromTime(Timestamp { seconds, nanos }));
    let many = (0..1001).map(|n| at(&format!("q{n}"), None)).collect();
    let refused = [
        (queues(vec![at("two words", None)]), Code::InvalidArgument, "bad_name"),
        (queues(vec![at("-dash", None)]), Code::InvalidArgument, "bad_name"),
        (queues(vec![at("@", None)]), Code::InvalidArgument, "bad_name"),
        (queues(vec![at("任务", None)]), Code::InvalidArgument, "bad_name"),
        (queues(vec![at(&"x".repeat(64), None)]), Code::InvalidArgument, "bad_name"),
        (queues(vec![at(&"x".repeat(1 << 20), None)]), Code::InvalidArgument, "bad_name"),
        (queues(vec![at("", Some(Start::FromSeq(0)))]), Code::InvalidArgument, "bad_position"),
        (queues(vec![at("", time(-1, 0))]), Code::InvalidArgument, "bad_position"),
        (queues(vec![at("", time(0, -1))]), Code::InvalidArgument, "bad_position"),
        (queues(vec![at("", time(0, 1_000_000_000))]), Code::InvalidArgument, "bad_position"),
        (queues(vec![at("", time(i64::MAX, 0))]), Code::InvalidArgument, "bad_position"),
        (queues(vec![at("a", None), at("b", None), at("a", None)]), Code::InvalidArgument, "bad_watch"),
        // No name means `default`.
        (queues(vec![at("", None), at("default", None)]), Code::InvalidArgument, "bad_watch"),
        (queues(many), Code::InvalidArgument, "bad_watch"),
        (queues(vec![at("", Some(Start::FromSeq(beyond)))]), Code::OutOfRange, "future"),
        (queues(vec![at("", Some(Start::FromSeq(u64::MAX)))]), Code::OutOfRange, "future"),
        (pb::Watch { store: "another".into(), ..watch() }, Code::FailedPrecondition, "other_store"),
        // What is asked of leases where none are.
        (pb::Watch { have: vec!["L".into()], ..watch() }, Code::InvalidArgument, "bad_watch"),
        (pb::Watch { max_in_flight: 1, ..watch() }, Code::InvalidArgument, "bad_watch"),
        (pb::Watch { lease_ms: 1000, ..watch() }, Code::InvalidArgument, "bad_watch"),
        (pb::Watch { max_hold_ms: 1000, ..watch() }, Code::InvalidArgument, "bad_watch"),
        (pb::Watch { grace_ms: Some(0), ..watch() }, Code::InvalidArgument, "bad_watch"),
    ];
    for (watch, code, reason) in refused {
        let shown: String = format!("{watch:?}").chars().take(200).collect();
        let status = within("a refusal", client.get_task(watch)).await.expect_err(&shown);
        assert_eq!((status.code(), &reason_of(&status)[..]), (code, reason), "{shown}: {status:?}");
        assert!(!status.message().is_empty() && status.message().len() < 500, "{shown}: {status:?}");
    }
    assert_eq!(kept_tasks(&mut client).await, ["任务:1", "任务:2"]);
}

#[tokio::test]
async fn a_share_that_cannot_be_is_refused_by_the_name_of_the_field() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    let share = || pb::Watch { group: "ci".into(), ..pb::Watch::default() };
    let until = pb::Position { until_seq: Some(1), ..pb::Position::default() };
    let twelve_hours = 12 * 60 * 60 * 1000;
    let refused = [
        (pb::Watch { group: "two words".into(), ..share() }, "bad_name", "two words"),
        (pb::Watch { group: "@".into(), ..share() }, "bad_name", "group"),
        (pb::Watch { client: "@w1".into(), ..share() }, "bad_name", "client"),
        (pb::Watch { queues: vec![until], ..share() }, "bad_watch", "until_seq"),
        (pb::Watch { instance: vec![7; 15], ..share() }, "bad_instance", "15"),
        (pb::Watch { instance: vec![7; 17], ..share() }, "bad_instance", "16"),
        (pb::Watch { max_in_flight: 10_001, ..share() }, "bad_max_in_flight", "10001"),
        (pb::Watch { max_in_flight: u32::MAX, ..share() }, "bad_max_in_flight", "from 1 to 10000"),
        (pb::Watch { lease_ms: 999, ..share() }, "bad_lease", "from 1000 to 43200000"),
        (pb::Watch { lease_ms: twelve_hours + 1, ..share() }, "bad_lease", "43200001"),
        (pb::Watch { lease_ms: u64::MAX, ..share() }, "bad_lease", "lease_ms"),
        (pb::Watch { max_hold_ms: 999, ..share() }, "bad_max_hold", "max_hold_ms is 999"),
        (pb::Watch { max_hold_ms: u64::MAX, ..share() }, "bad_max_hold", "max_hold_ms"),
        (pb::Watch { have: vec!["L".into(); 10_001], ..share() }, "bad_have", "10001"),
    ];
    for (watch, reason, word) in refused {
        let status = within("a refusal", client.get_task(watch)).await.expect_err(word);
        assert_eq!((status.code(), &reason_of(&status)[..]), (Code::InvalidArgument, reason), "{status:?}");
        assert!(status.message().contains(word) && status.message().len() < 500, "{word}: {status:?}");
    }
}

#[tokio::test]
async fn a_list_or_repair_that_cannot_be_is_refused_by_the_name_of_the_field() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    /// The call must be refused.
    macro_rules! refused {
        ($call:ident, $asked:expr, $reason:expr, $word:expr) => {{
            let status = within("a refusal", client.$call($asked)).await.expect_err($word);
            assert_eq!((status.code(), &reason_of(&status)[..]), (Code::InvalidArgument, $reason));
            assert!(status.message().contains($word) && status.message().len() < 500, "{status:?}");
        }};
    }
    let bad = || "two words".to_owned();
    let many = |n: usize| vec!["1".to_owned(); n];
    let queues = pb::ListQueues::default;
    refused!(list_queues, pb::ListQueues { queue: bad(), ..queues() }, "bad_name", "queue");
    refused!(list_queues, pb::ListQueues { after: bad(), ..queues() }, "bad_name", "queue");
    let groups = pb::ListGroups::default;
    refused!(list_groups, pb::ListGroups { queue: bad(), ..groups() }, "bad_name", "queue");
    refused!(list_groups, pb::ListGroups { group: bad(), ..groups() }, "bad_name", "group");
    refused!(list_groups, pb::ListGroups { after_queue: "q".into(), ..groups() }, "bad_place", "after_group");
    refused!(list_groups, pb::ListGroups { after_group: "g".into(), ..groups() }, "bad_place", "after_queue");
    let tasks = pb::ListTasks::default;
    refused!(list_tasks, pb::ListTasks { queue: bad(), ..tasks() }, "bad_name", "queue");
    refused!(list_tasks, pb::ListTasks { group: bad(), ..tasks() }, "bad_name", "group");
    refused!(list_tasks, pb::ListTasks { state: 10, ..tasks() }, "bad_state", "state is 10");
    refused!(list_tasks, pb::ListTasks { state: -1, ..tasks() }, "bad_state", "state is -1");
    refused!(list_tasks, pb::ListTasks { state: pb::State::Done.into(), ..tasks() }, "group_needed", "done");
    refused!(list_tasks, pb::ListTasks { after: "nowhere".into(), ..tasks() }, "bad_place", "nowhere");
    refused!(list_tasks, pb::ListTasks { ids: many(1001), ..tasks() }, "too_many_ids", "1001");
    refused!(cancel_task, pb::TaskNames { ids: many(10_001) }, "too_many_ids", "10001");
    let redrive = || pb::Redrive { group: "ci".into(), ..pb::Redrive::default() };
    refused!(redrive_task, pb::Redrive { group: String::new(), ..redrive() }, "bad_name", "group");
    refused!(redrive_task, pb::Redrive { queue: bad(), ..redrive() }, "bad_name", "queue");
    refused!(redrive_task, pb::Redrive { ids: many(1001), ..redrive() }, "too_many_ids", "1001");
    // An empty message must not empty the queue that everybody uses.
    refused!(purge_queue, pb::Purge::default(), "bad_name", "queue");
    refused!(purge_queue, pb::Purge { queue: "q".into(), upto_seq: Some(0) }, "bad_position", "upto_seq");
    let set = || pb::GroupSettings { group: "ci".into(), paused: Some(true), ..pb::GroupSettings::default() };
    refused!(set_group, pb::GroupSettings { group: String::new(), ..set() }, "bad_name", "group");
    refused!(set_group, pb::GroupSettings { queue: bad(), ..set() }, "bad_name", "queue");
    refused!(set_group, pb::GroupSettings { paused: None, ..set() }, "nothing_set", "nothing");
    for lease_ms in [0, 999, 12 * 60 * 60 * 1000 + 1, u64::MAX] {
        refused!(set_group, pb::GroupSettings { lease_ms: Some(lease_ms), ..set() }, "bad_lease", "lease_ms");
    }
    for (first, longest) in [(0, None), (u64::MAX, None), (1, Some(0)), (1, Some(u64::MAX)), (2, Some(1))] {
        let asked = pb::GroupSettings { backoff_ms: Some(first), backoff_max_ms: longest, ..set() };
        refused!(set_group, asked, "bad_backoff", "backoff");
    }
    // What no task can be named is no mistake: there is no such task.
    let status = within("a refusal", client.explain_task(pb::TaskName { id: "007".into() })).await;
    let status = status.unwrap_err();
    assert_eq!((status.code(), &reason_of(&status)[..]), (Code::NotFound, "no_task"));
    let asked = pb::ListTasks { ids: vec![bad()], ..tasks() };
    let found = within("an answer", client.list_tasks(asked)).await.unwrap().into_inner();
    assert_eq!((found.tasks.len(), found.unknown), (0, vec![bad()]));
    let told = within("an answer", client.cancel_task(pb::TaskNames { ids: vec![bad()] })).await.unwrap();
    assert_eq!(told.into_inner().told[0].verdict(), pb::Verdict::Unknown);
}

#[tokio::test]
async fn a_refusal_tells_programs_what_they_need_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    let next = submit(&mut client, vec![task("a")]).await[0].seq + 1;
    let position = |seq| {
        let start = Some(Start::FromSeq(seq));
        vec![pb::Position { queue: String::new(), start, until_seq: None }]
    };
    let watch = |seq| pb::Watch { queues: position(seq), ..pb::Watch::default() };
    let status = within("a refusal", client.get_task(watch(next + 1))).await.unwrap_err();
    let facts = status.get_details_error_info().unwrap().metadata;
    assert_eq!((&facts["queue"][..], &facts["next_seq"]), ("default", &next.to_string()));
    // The next one to be given out is a place to wait at.
    within("headers", client.get_task(watch(next))).await.unwrap();

    let watch = pb::Watch { store: "another".into(), ..watch(1) };
    let status = within("a refusal", client.get_task(watch)).await.unwrap_err();
    let facts = status.get_details_error_info().unwrap().metadata;
    assert_eq!(facts["store"], status.metadata().get("contact-store").unwrap().to_str().unwrap());
}

#[tokio::test]
async fn a_task_that_cannot_be_taken_is_refused_alone_and_the_stream_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    submit(&mut client, vec![pb::NewTask { id: "taken".into(), ..task("its owner's") }]).await;

    let largest = "x".repeat(TASK_BYTES_MAX);
    let label = |key: &str, value: String| [(key.to_owned(), value)].into();
    let key = |bytes| Some(pb::RetryKey { instance: vec![7; bytes], n: 1 });
    let many = (0..33).map(|n| (format!("k{n}"), String::new())).collect();
    let refused = [
        (task(""), Code::InvalidArgument, "empty_task"),
        (task(&"x".repeat(TASK_BYTES_MAX + 1)), Code::InvalidArgument, "task_too_large"),
        (pb::NewTask { queue: "two words".into(), ..task("bad") }, Code::InvalidArgument, "bad_name"),
        (pb::NewTask { queue: "@".into(), ..task("bad") }, Code::InvalidArgument, "bad_name"),
        (pb::NewTask { id: "7up".into(), ..task("bad") }, Code::InvalidArgument, "bad_id"),
        (pb::NewTask { id: "17".into(), ..task("bad") }, Code::InvalidArgument, "bad_id"),
        (pb::NewTask { id: "任务".into(), ..task("bad") }, Code::InvalidArgument, "bad_id"),
        (pb::NewTask { id: "x".repeat(129), ..task("bad") }, Code::InvalidArgument, "bad_id"),
        (pb::NewTask { retry_key: key(0), ..task("bad") }, Code::InvalidArgument, "bad_retry_key"),
        (pb::NewTask { retry_key: key(15), ..task("bad") }, Code::InvalidArgument, "bad_retry_key"),
        (pb::NewTask { retry_key: key(17), ..task("bad") }, Code::InvalidArgument, "bad_retry_key"),
        (
            pb::NewTask { labels: label("a b", String::new()), ..task("bad") },
            Code::InvalidArgument,
            "bad_label",
        ),
        (
            pb::NewTask { labels: label("k", "x".repeat(1025)), ..task("bad") },
            Code::InvalidArgument,
            "bad_label",
        ),
        (pb::NewTask { labels: many, ..task("bad") }, Code::InvalidArgument, "bad_label"),
        (pb::NewTask { delay_ms: 365 * DAY_MS + 1, ..task("bad") }, Code::InvalidArgument, "bad_delay"),
        (pb::NewTask { delay_ms: u64::MAX, ..task("bad") }, Code::InvalidArgument, "bad_delay"),
        (pb::NewTask { delay_ms: 5, expires_ms: 5, ..task("bad") }, Code::InvalidArgument, "bad_expires"),
        (pb::NewTask { expires_ms: u64::MAX, ..task("bad") }, Code::InvalidArgument, "bad_expires"),
        (pb::NewTask { id: "taken".into(), ..task("another's") }, Code::AlreadyExists, "id_taken"),
    ];
    let (sender, tasks) = mpsc::unbounded_channel();
    let answers = within("headers", client.submit_task(UnboundedReceiverStream::new(tasks))).await;
    let mut answers = answers.unwrap().into_inner();
    let mut last_seq = 0;
    for (i, (bad, code, reason)) in refused.into_iter().enumerate() {
        sender.send(bad).unwrap();
        sender.send(task(&format!("good {i}"))).unwrap();
        let answer = within("a refusal", answers.message()).await.unwrap().unwrap();
        assert_eq!((answer.seq, answer.duplicate), (0, false), "{reason}: {answer:?}");
        let refusal = answer.refusal.unwrap_or_else(|| panic!("{reason}: taken"));
        assert_eq!((refusal.code, &refusal.reason[..]), (code.into(), reason));
        assert!(!refusal.message.is_empty() && refusal.message.len() < 500, "{refusal:?}");
        let answer = within("an answer", answers.message()).await.unwrap().unwrap();
        assert!(answer.refusal.is_none() && answer.seq > last_seq, "after {reason}: {answer:?}");
        last_seq = answer.seq;
    }
    // The limits themselves are allowed.
    let labels = (0..32).map(|n| (format!("k{n}"), "v".repeat(1024))).collect();
    let id = "x".repeat(128);
    let queue = "q".repeat(63);
    let task = pb::NewTask { id, queue, labels, retry_key: key(16), ..task(&largest) };
    sender.send(task).unwrap();
    let answer = within("an answer", answers.message()).await.unwrap().unwrap();
    assert!(answer.refusal.is_none(), "{answer:?}");
    drop(sender);
    assert_eq!(within("the end", answers.message()).await.unwrap(), None);

    let mut expected = vec!["its owner's".to_owned()];
    expected.extend((0..19).map(|i| format!("good {i}")));
    assert_eq!(kept_tasks(&mut client).await, expected);
    let queues = vec![pb::Position { queue: "q".repeat(63), ..pb::Position::default() }];
    let watch = pb::Watch { queues, until_empty: true, ..pb::Watch::default() };
    let mut tasks = within("headers", client.get_task(watch)).await.unwrap().into_inner();
    let found = within("the largest task", tasks.message()).await.unwrap().unwrap();
    assert!(found.task == largest && found.labels.len() == 32);
    assert_eq!(within("the end", tasks.message()).await.unwrap(), None);
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_its_stream_and_leaves_what_came_before() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    let huge = || "x".repeat(2 << 20);
    let tasks = stream::iter([task("before"), task(&huge()), task("after")]);
    let mut answers = within("headers", client.submit_task(tasks)).await.unwrap().into_inner();
    let answer = within("an answer", answers.message()).await.unwrap().unwrap();
    assert!(answer.refusal.is_none() && answer.seq > 0, "{answer:?}");
    let status = within("the end", answers.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    assert_eq!(status.get_details_error_info().unwrap().reason, "message_too_large");

    let status = pb::ClientMsg { msg: huge(), ..pb::ClientMsg::default() };
    let replies = within("headers", client.send_status(stream::iter([status]))).await.unwrap();
    let status = within("the end", replies.into_inner().message()).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");

    let told = pb::Result { ret: huge(), ..pb::Result::default() };
    let status = within("the end", client.tell_result(stream::iter([told]))).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");

    // A single message is judged before the call sees it.
    let status =
        within("the end", client.get_task(pb::Watch { group: huge(), ..pb::Watch::default() })).await;
    let status = status.unwrap_err();
    let said = (status.code(), &reason_of(&status)[..]);
    assert_eq!(said, (Code::ResourceExhausted, "message_too_large"), "{status:?}");
    assert_eq!(kept_tasks(&mut client).await, ["before"]);
}

#[tokio::test]
async fn a_client_without_a_good_name_is_refused_after_the_replies_that_are_due() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    let status = |msg: &str, client: &str| pb::ClientMsg {
        msg: msg.into(),
        client: client.into(),
        ..pb::ClientMsg::default()
    };
    let statuses = [status("a", "kiosk-7"), status("b", ""), status("c", "no name"), status("d", "kiosk-7")];
    let replies = within("headers", client.send_status(stream::iter(statuses))).await.unwrap();
    let mut replies = replies.into_inner();
    for ret in ["received: a", "received: b"] {
        assert_eq!(within("a reply", replies.message()).await.unwrap().unwrap().ret, ret);
    }
    let refused = within("the end", replies.message()).await.unwrap_err();
    assert_eq!((refused.code(), &reason_of(&refused)[..]), (Code::InvalidArgument, "bad_name"));
}

#[tokio::test]
async fn a_process_that_is_none_is_refused_after_the_replies_that_are_due() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    let message = |instance: Vec<u8>| pb::ClientMsg { msg: "a".into(), instance, ..pb::ClientMsg::default() };
    let heartbeat = pb::ClientMsg { heartbeat: true, ..message(vec![]) };
    for (messages, rets) in [
        (vec![message(vec![7; 15])], vec![]),
        (vec![message(vec![]), message(vec![7; 17])], vec!["received: a"]),
        // One stream is of one process.
        (vec![message(vec![7; 16]), heartbeat, message(vec![8; 16])], vec!["received: a", ""]),
    ] {
        let replies = within("headers", client.send_status(stream::iter(messages))).await.unwrap();
        let mut replies = replies.into_inner();
        for ret in rets {
            assert_eq!(within("a reply", replies.message()).await.unwrap().unwrap().ret, ret);
        }
        let refused = within("the end", replies.message()).await.unwrap_err();
        assert_eq!((refused.code(), &reason_of(&refused)[..]), (Code::InvalidArgument, "bad_instance"));
    }
}

#[tokio::test]
async fn who_wants_to_be_told_is_told_to_drain_before_the_server_ends() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    let first = pb::ClientMsg { instance: vec![7; 16], control: true, ..pb::ClientMsg::default() };
    let messages = stream::iter([first]).chain(stream::pending());
    let mut replies = within("headers", client.send_status(messages)).await.unwrap().into_inner();
    assert_eq!(within("a reply", replies.message()).await.unwrap().unwrap().ret, "received: ");
    server.signal("TERM");
    let drain = pb::Result { drain: true, ..pb::Result::default() };
    assert_eq!(within("the word", replies.message()).await.unwrap(), Some(drain));
    let end = within("the end", replies.message()).await.unwrap_err();
    assert_eq!((end.code(), &reason_of(&end)[..]), (Code::Unavailable, "stopping"));
}

#[tokio::test]
async fn what_is_being_told_when_the_server_ends_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    let message = pb::ClientMsg { instance: vec![7; 16], control: true, ..pb::ClientMsg::default() };
    let messages = stream::iter([message]).chain(stream::pending());
    let mut replies = within("headers", client.send_status(messages)).await.unwrap().into_inner();
    within("a reply", replies.message()).await.unwrap().unwrap();
    let tasks = submit(&mut client, vec![task("任务:1"), task("任务:2")]).await;
    let done = |n: usize, client: &str| pb::Result { client: client.into(), ..told(&tasks[n].id) };
    // One that has said the half of it when the word to drain comes, and one that never ends.
    let (more, rest) = mpsc::unbounded_channel();
    more.send(done(0, "w1")).unwrap();
    let (mut telling, mut endless) = (client.clone(), client.clone());
    let rest = UnboundedReceiverStream::new(rest);
    let receipt = tokio::spawn(async move { telling.tell_result(rest).await });
    let never = stream::iter([done(0, "w2")]).chain(stream::pending());
    let refused = tokio::spawn(async move { endless.tell_result(never).await });
    // Each has a group of its own once it has been heard.
    within("what is told", async {
        while client.list_groups(pb::ListGroups::default()).await.unwrap().into_inner().groups.len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    server.signal("TERM");
    assert!(within("the word", replies.message()).await.unwrap().unwrap().drain);
    more.send(done(1, "w1")).unwrap();
    drop(more);
    let receipt = within("a receipt", receipt).await.unwrap().unwrap().into_inner();
    assert_eq!(receipt.told.iter().map(|told| told.verdict()).collect::<Vec<_>>(), [pb::Verdict::Noted; 2]);
    let end = within("the end", refused).await.unwrap().unwrap_err();
    assert_eq!((end.code(), &reason_of(&end)[..]), (Code::Unavailable, "stopping"));
}

#[tokio::test]
async fn a_word_that_nobody_knows_ends_what_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    let bad = [
        (pb::Result { outcome: Some(7), ..told("1") }, "bad_outcome"),
        (pb::Result { outcome: Some(-1), ..pb::Result::default() }, "bad_outcome"),
        (pb::Result { delay_ms: Some(30 * DAY_MS + 1), ..told("1") }, "bad_delay"),
        (pb::Result { client: "no name".into(), ..told("1") }, "bad_name"),
    ];
    for (bad, reason) in bad {
        let status = within("a refusal", client.tell_result(stream::iter([bad]))).await.unwrap_err();
        assert_eq!((status.code(), &reason_of(&status)[..]), (Code::InvalidArgument, reason), "{status:?}");
    }
}

#[tokio::test]
async fn what_is_told_of_no_task_is_unknown_and_what_names_none_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    let own = pb::NewTask { id: "own/1".into(), ..task("b") };
    let kept = submit(&mut client, vec![task("a"), own]).await;
    let ids = [&kept[0].id, "own/1", "", "999999", "0", "007", "+1", "17d", "任务", "two words", "own/2", ""];
    let told = ids.map(|id| pb::Result { ret: "x".into(), ..told(id) });
    let receipt = within("a receipt", client.tell_result(stream::iter(told))).await.unwrap().into_inner();
    let verdicts: Vec<_> = receipt.told.iter().map(|told| (&told.id[..], told.verdict())).collect();
    let expected = ids.iter().filter(|id| !id.is_empty()).enumerate().map(|(i, id)| match i {
        0 | 1 => (*id, pb::Verdict::Noted),
        _ => (*id, pb::Verdict::Unknown),
    });
    assert_eq!(verdicts, expected.collect::<Vec<_>>());
    let counts: Vec<_> = receipt.counts.iter().map(|count| (count.verdict(), count.items)).collect();
    assert_eq!(counts, [(pb::Verdict::Noted, 2), (pb::Verdict::Unknown, 8)]);
    assert_eq!(receipt.anonymous, 2);
    assert_eq!(kept_tasks(&mut client).await, ["a", "b"]);
}

#[tokio::test]
async fn a_receipt_has_ten_thousand_verdicts_and_counts_all() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    let told = (1..=10_003).map(|n| told(&n.to_string()));
    let receipt = within("a receipt", client.tell_result(stream::iter(told))).await.unwrap().into_inner();
    assert_eq!(receipt.told.len(), 10_000);
    assert!(receipt.told.iter().zip(1..).all(|(told, n)| told.id == n.to_string()));
    let counts: Vec<_> = receipt.counts.iter().map(|count| (count.verdict(), count.items)).collect();
    assert_eq!(counts, [(pb::Verdict::Unknown, 10_003)]);
}

#[tokio::test]
async fn bytes_that_are_no_message_get_a_status_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let channel = connect(&server).await;
    let mut client = ContactClient::new(channel.clone());
    submit(&mut client, vec![task("kept")]).await;
    let garbage: [&'static [u8]; 5] = [
        // A field that is longer than the message; no field 0; not UTF-8; an end of no group; half a number.
        b"\x0a\x7fabc",
        b"\x00\x00",
        b"\x0a\x02\xff\xfe",
        b"\x0c",
        b"\x0a",
    ];
    for path in PATHS {
        for bytes in garbage {
            let status = within("a status", raw(channel.clone(), path, bytes)).await;
            let said = (status.code(), &reason_of(&status)[..]);
            assert_eq!(said, (Code::InvalidArgument, "bad_message"), "{path} {bytes:?}: {status:?}");
        }
    }
    for path in ["/Contact/gettask", "/Contact/", "/contact.Contact/getTask", "/"] {
        let status = within("a status", raw(channel.clone(), path, b"")).await;
        let said = (status.code(), &reason_of(&status)[..]);
        assert_eq!(said, (Code::Unimplemented, "unimplemented"), "{path}: {status:?}");
    }
    assert_eq!(kept_tasks(&mut client).await, ["kept"]);
}

#[tokio::test]
async fn any_bytes_on_any_call_get_a_documented_status() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let channel = connect(&server).await;
    let seed: u64 = rand::random();
    let mut dice = StdRng::seed_from_u64(seed);
    for round in 0..100 {
        for path in PATHS {
            let length = dice.random_range(0..40);
            let mut bytes: Vec<u8> = (0..length).map(|_| dice.random()).collect();
            // Every other one begins as a message may: a field that is known, and a length that fits.
            if round % 2 == 0 && length > 2 {
                bytes[0] = dice.random_range(1..24) << 3 | 2;
                bytes[1] = dice.random_range(0..length as u8);
            }
            let shown = format!("{path} {bytes:?}, seed {seed}");
            let code = within(&shown, headers(channel.clone(), path, bytes.into())).await;
            let documented = [Code::Ok, Code::InvalidArgument, Code::NotFound, Code::OutOfRange];
            assert!(documented.contains(&code) || code == Code::FailedPrecondition, "{code:?}: {shown}");
        }
    }
    // It is as well as it was.
    let mut client = ContactClient::new(channel);
    submit(&mut client, vec![task("kept")]).await;
    assert!(server.stop().success());
}

#[tokio::test]
async fn fields_that_the_server_does_not_know_are_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let channel = connect(&server).await;
    // sendStatus: msg "x", and then a varint, a text and a fixed64 under numbers that nobody has given out.
    let bytes = b"\x0a\x01x\x98\x06\x01\xa2\x06\x03abc\xa9\x06\x01\x02\x03\x04\x05\x06\x07\x08";
    let status = within("a reply", raw(channel, "/Contact/sendStatus", bytes)).await;
    assert_eq!((status.code(), status.details()), (Code::Ok, &b"\x0a\x0breceived: x"[..]));
}

pub(crate) fn task(text: &str) -> pb::NewTask {
    pb::NewTask { task: text.to_owned(), ..pb::NewTask::default() }
}

fn told(id: &str) -> pb::Result {
    pb::Result { id: id.to_owned(), ..pb::Result::default() }
}

/// Hands in tasks that are all taken.
pub(crate) async fn submit(
    client: &mut ContactClient<Channel>,
    tasks: Vec<pb::NewTask>,
) -> Vec<pb::Submitted> {
    let answers = within("headers", client.submit_task(stream::iter(tasks))).await.unwrap();
    let mut answers = answers.into_inner();
    let mut all = Vec::new();
    while let Some(answer) = within("an answer", answers.message()).await.unwrap() {
        assert!(answer.refusal.is_none(), "{answer:?}");
        all.push(answer);
    }
    all
}

/// All that is in the queue `default`.
async fn kept_tasks(client: &mut ContactClient<Channel>) -> Vec<String> {
    let watch = pb::Watch { until_empty: true, ..pb::Watch::default() };
    let mut tasks = within("headers", client.get_task(watch)).await.unwrap().into_inner();
    let mut kept = Vec::new();
    while let Some(task) = within("a task", tasks.message()).await.unwrap() {
        kept.push(task.task);
    }
    kept
}

pub(crate) fn reason_of(status: &Status) -> String {
    let info = status.get_details_error_info().unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
    assert_eq!(info.domain, ERROR_DOMAIN);
    info.reason
}

/// Every call of the service.
const PATHS: [&str; 16] = [
    "/Contact/sendStatus",
    "/Contact/getTask",
    "/Contact/tellResult",
    "/Contact/submitTask",
    "/Contact/listQueues",
    "/Contact/listGroups",
    "/Contact/listTasks",
    "/Contact/explainTask",
    "/Contact/cancelTask",
    "/Contact/redriveTask",
    "/Contact/purgeQueue",
    "/Contact/setGroup",
    "/Contact/watchResults",
    "/Contact/callRoll",
    "/Contact/listClients",
    "/Contact/watchClients",
];

/// Sends one message as it is, and says how the call began: what it was taken for may go on for ever.
async fn headers(channel: Channel, path: &'static str, message: Bytes) -> Code {
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.unwrap();
    let message = Request::new(stream::iter([message]));
    let path = http::uri::PathAndQuery::from_static(path);
    grpc.streaming(message, path, RawCodec).await.err().map_or(Code::Ok, |status| status.code())
}

/// Sends one message as it is, and reads to the end. If that is a good one, the details are what came back.
async fn raw(channel: Channel, path: &'static str, message: &'static [u8]) -> Status {
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.unwrap();
    let message = Request::new(stream::iter([Bytes::from_static(message)]));
    let path = http::uri::PathAndQuery::from_static(path);
    let mut answers = match grpc.streaming(message, path, RawCodec).await {
        Ok(response) => response.into_inner(),
        Err(status) => return status,
    };
    let mut all = Vec::new();
    loop {
        match answers.message().await {
            Ok(Some(answer)) => all.extend_from_slice(&answer),
            Ok(None) => return Status::with_details(Code::Ok, "", all.into()),
            Err(status) => return status,
        }
    }
}

/// Leaves messages as they are.
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = RawCodec;
    type Decoder = RawCodec;

    fn encoder(&mut self) -> RawCodec {
        RawCodec
    }

    fn decoder(&mut self) -> RawCodec {
        RawCodec
    }
}

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
