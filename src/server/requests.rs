//! Any bytes as a request, fuzzed: over each method of the descriptor, on a real engine in memory. Each call ends
//! by a status that is documented, and what comes back is within the bounds that are.
//!
//! ```text
//!  bytes ─► tonic ─► service ─► convert ─► engine (its writer, its readers)
//! ```

use std::{
    cell::RefCell,
    convert::Infallible,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{BufMut, Bytes, BytesMut};
use http_body::{Body as _, Frame};
use prost::Message;
use prost_types::FileDescriptorSet;
use tonic::{Code, Status, body::Body};
use tonic_types::StatusExt;
use tower::ServiceExt;

use super::{
    call::Call,
    convert::PAGE_ITEMS_MAX,
    engine::embedded::{Embedded, Options},
    ready, receipt, service,
};
use crate::{
    fuzz::{Target, about},
    name::{self, GroupName, QueueName, TaskId},
    pb,
    wire::{LEASE_HEADER, LEASE_MS, TASK_BYTES_MAX},
};

/// A store that has had so many requests is thrown away: its lists would be long.
const REQUESTS: usize = 1000;
/// A call that takes longer does not end. Beside a dozen other targets it waits for its turn.
const DEADLINE: Duration = Duration::from_secs(20);
/// What comes of a watch that has no end comes soon.
const SOON: Duration = Duration::from_millis(1);
/// What stands before a message in a gRPC frame.
const HEADER_BYTES: usize = 5;

#[test]
fn fuzz_request() {
    let methods = methods();
    let target = Target {
        name: "request",
        seeds: seeds(&methods),
        words: &["default", "@w1", "ci", "w1", "17", "1", "17d", "deploy-1", "任务", "k", "@", "L"],
        message_at: Some(2),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let house = RefCell::new((contact(), 0));
    target.run(|input| {
        let (&[method, form], body) = input.split_first_chunk::<2>()?;
        let method = &methods[usize::from(method) % methods.len()];
        let (server, requests) = &mut *house.borrow_mut();
        *requests += 1;
        if *requests > REQUESTS {
            (*server, *requests) = (contact(), 0);
        }
        let body = match form % 3 {
            0 => framed(body),
            1 => [framed(body), framed(body)].concat().into(),
            _ => Bytes::copy_from_slice(body),
        };
        let answer = runtime.block_on(answer(server, method, body));
        let status = answer.status.as_ref();
        let reason = status.and_then(|status| status.get_details_error_info()).map(|info| info.reason);
        if let Some(status) = status {
            check_status(status, reason.as_deref());
        }
        answer.messages.iter().for_each(|message| check(method, message));
        // A task that is handed in is answered, whatever becomes of it.
        let is_whole = status.is_some_and(|status| status.code() == Code::Ok);
        assert!(
            method != "submitTask"
                || !is_whole
                || form % 3 == 2
                || answer.messages.len() == 1 + form as usize % 3
        );
        let refused = answer.messages.iter().find_map(|message| {
            (method == "submitTask").then(|| pb::Submitted::decode(&message[..]).ok()?.refusal).flatten()
        });
        let code = status.map(|status| status.code() as u8);
        Some((
            method.clone(),
            code,
            reason,
            about(answer.messages.len()),
            refused.map(|refused| refused.reason),
        ))
    });
}

/// A server without a port.
fn contact() -> pb::contact_server::ContactServer<service::Service> {
    service::serve(Call::new(Arc::new(Embedded::in_memory(&Options::default()).unwrap())))
}

fn methods() -> Vec<String> {
    let files = FileDescriptorSet::decode(crate::DESCRIPTORS).unwrap().file;
    let service = files.iter().flat_map(|file| &file.service).find(|service| service.name() == "Contact");
    service.unwrap().method.iter().map(|method| method.name().to_owned()).collect()
}

/// A good request of each kind, in an order that has something to say to each.
fn seeds(methods: &[String]) -> Vec<Vec<u8>> {
    let time = prost_types::Timestamp { seconds: 1_763_791_200, nanos: 5 };
    let task = pb::NewTask {
        task: "任务:1".into(),
        id: "deploy-1".into(),
        labels: [("k".to_owned(), "v".to_owned())].into(),
        retry_key: Some(pb::RetryKey { instance: vec![7; 16], n: 1 }),
        ..pb::NewTask::default()
    };
    let share = pb::Watch {
        group: "ci".into(),
        client: "w1".into(),
        instance: vec![7; 16],
        lease_ms: 1000,
        max_in_flight: 3,
        max: 1,
        grace_ms: Some(0),
        ..pb::Watch::default()
    };
    let position = |start| pb::Position { queue: "ci".into(), start: Some(start), until_seq: Some(2) };
    let positions = vec![position(pb::position::Start::FromSeq(1))];
    let told = pb::Result { id: "1".into(), client: "w1".into(), outcome: Some(1), ..pb::Result::default() };
    let set = pb::GroupSettings {
        group: "ci".into(),
        backoff_ms: Some(5),
        backoff_max_ms: Some(9),
        lease_ms: Some(1000),
        max_failures: Some(1),
        ..pb::GroupSettings::default()
    };
    let status = pb::ClientMsg {
        msg: "up".into(),
        client: "w1".into(),
        instance: vec![7; 16],
        control: true,
        ..pb::ClientMsg::default()
    };
    let results = pb::WatchResults { until_empty: true, ..pb::WatchResults::default() };
    let places = pb::Watch { queues: positions, until_empty: true, ..pb::Watch::default() };
    let ids = vec!["1".to_owned(), "deploy-1".to_owned(), "two words".to_owned()];
    let named: Vec<(&str, Vec<u8>)> = vec![
        ("submitTask", task.encode_to_vec()),
        ("submitTask", pb::NewTask { delay_ms: 5, expires_ms: 9, id: String::new(), ..task }.encode_to_vec()),
        ("getTask", places.encode_to_vec()),
        ("getTask", share.encode_to_vec()),
        ("sendStatus", status.encode_to_vec()),
        ("tellResult", told.encode_to_vec()),
        ("setGroup", set.encode_to_vec()),
        ("cancelTask", pb::TaskNames { ids: ids.clone() }.encode_to_vec()),
        (
            "redriveTask",
            pb::Redrive { group: "ci".into(), ids: ids.clone(), ..pb::Redrive::default() }.encode_to_vec(),
        ),
        ("purgeQueue", pb::Purge { queue: "default".into(), upto_seq: Some(1) }.encode_to_vec()),
        ("explainTask", pb::TaskName { id: "1".into() }.encode_to_vec()),
        (
            "listTasks",
            pb::ListTasks { ids: ids.clone(), limit: 3, ..pb::ListTasks::default() }.encode_to_vec(),
        ),
        ("watchResults", results.encode_to_vec()),
        ("watchResults", pb::WatchResults { ids, ..pb::WatchResults::default() }.encode_to_vec()),
        ("callRoll", pb::RollCall { id: "1".into(), clients: vec!["w1".into()] }.encode_to_vec()),
    ];
    let time = pb::Watch { queues: vec![position(pb::position::Start::FromTime(time))], ..places };
    let place = |name: &str| methods.iter().position(|method| method == name).unwrap() as u8;
    let mut seeds: Vec<Vec<u8>> = (0..methods.len() as u8).map(|method| vec![method, 0]).collect();
    seeds.push([&[place("getTask"), 0][..], &time.encode_to_vec()].concat());
    seeds.extend(named.iter().map(|(name, message)| [&[place(name), 0][..], message].concat()));
    seeds
}

fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(HEADER_BYTES + message.len());
    frame.put_u8(0);
    frame.put_u32(message.len() as u32);
    frame.put_slice(message);
    frame.freeze()
}

struct Answer {
    /// Without its header each.
    messages: Vec<Bytes>,
    /// `None`: a watch that goes on.
    status: Option<Status>,
}

async fn answer(
    server: &pb::contact_server::ContactServer<service::Service>,
    method: &str,
    body: Bytes,
) -> Answer {
    let request =
        http::Request::post(format!("/Contact/{method}")).header("content-type", "application/grpc");
    let request = request.body(Body::new(Whole(Some(body)))).unwrap();
    let response = tokio::time::timeout(DEADLINE, server.clone().oneshot(request)).await;
    let response = ready::put_in_place(response.expect("it is not answered").unwrap());
    let (head, body) = response.into_parts();
    if let Some(lease) = head.headers.get(LEASE_HEADER) {
        assert!(LEASE_MS.contains(&lease.to_str().unwrap().parse().unwrap()), "{lease:?}");
    }
    let mut status = Status::from_header_map(&head.headers);
    let (mut body, mut bytes) = (std::pin::pin!(body), BytesMut::new());
    let patience =
        if ["getTask", "watchResults", "watchClients"].contains(&method) { SOON } else { DEADLINE };
    while status.is_none() {
        match tokio::time::timeout(patience, poll_fn(|cx| body.as_mut().poll_frame(cx))).await {
            Ok(Some(Ok(frame))) if frame.is_data() => bytes.put(frame.into_data().unwrap()),
            Ok(Some(Ok(frame))) => status = Status::from_header_map(frame.trailers_ref().unwrap()),
            Ok(Some(Err(error))) => status = Some(error),
            Ok(None) => panic!("it ends without a status"),
            Err(_) if patience == SOON => break,
            Err(_) => panic!("it does not end"),
        }
    }
    let mut messages = Vec::new();
    while let Some(header) = bytes.first_chunk::<HEADER_BYTES>() {
        let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize;
        drop(bytes.split_to(HEADER_BYTES));
        messages.push(bytes.split_to(length).freeze());
    }
    Answer { messages, status }
}

/// Its reason is ours, or the message was none and tonic says so.
fn check_status(status: &Status, reason: Option<&str>) {
    // A frame that is none, a message that is none or too long, and none at all.
    let tonics = ["decod", "protocol", "Missing", "Unexpected EOF"];
    match status.code() {
        Code::Ok => {}
        Code::Unknown | Code::Unavailable | Code::DataLoss => panic!("{status:?}"),
        _ => assert!(
            reason.is_some_and(|reason| reason != "internal")
                || tonics.iter().any(|word| status.message().contains(word)),
            "{status:?}"
        ),
    }
    assert!(status.message().len() < 2000, "{status:?}");
}

/// Something that came back.
fn check(method: &str, message: &[u8]) {
    match method {
        "getTask" => check_task(&pb::ServerMsg::decode(message).unwrap()),
        "listTasks" => {
            let page = pb::Tasks::decode(message).unwrap();
            assert!(page.tasks.len() <= PAGE_ITEMS_MAX as usize);
            page.tasks.iter().flat_map(|info| &info.task).for_each(check_task);
        }
        "submitTask" => {
            let submitted = pb::Submitted::decode(message).unwrap();
            let is_named = TaskId::parse(&submitted.id).is_some() && !submitted.queue.is_empty();
            assert!(is_named || submitted.refusal.is_some(), "{submitted:?}");
        }
        "listQueues" => {
            let page = pb::Queues::decode(message).unwrap();
            assert!(page.queues.len() <= PAGE_ITEMS_MAX as usize);
            assert!(page.queues.iter().all(|queue| QueueName::parse(&queue.queue).is_ok()));
        }
        "listGroups" => {
            let page = pb::Groups::decode(message).unwrap();
            assert!(page.groups.len() <= PAGE_ITEMS_MAX as usize);
            page.groups.iter().for_each(check_group);
        }
        "setGroup" => check_group(&pb::Group::decode(message).unwrap()),
        "listClients" => {
            let page = pb::Clients::decode(message).unwrap();
            assert!(page.clients.len() <= PAGE_ITEMS_MAX as usize);
            assert!(page.clients.iter().all(|client| name::ClientName::parse(&client.client).is_ok()));
        }
        "tellResult" | "cancelTask" => {
            assert!(pb::Receipt::decode(message).unwrap().told.len() <= receipt::TOLD_MAX);
        }
        _ => {}
    }
}

fn check_task(task: &pb::ServerMsg) {
    assert!((1..=TASK_BYTES_MAX).contains(&task.task.len()));
    assert!(TaskId::parse(&task.id).is_some() && QueueName::parse(&task.queue).is_ok(), "{task:?}");
    name::check_labels(&task.labels.clone().into_iter().collect()).unwrap();
}

fn check_group(group: &pb::Group) {
    assert!(GroupName::parse(&group.group).is_ok() && QueueName::parse(&group.queue).is_ok(), "{group:?}");
    assert!(LEASE_MS.contains(&group.lease_ms), "{group:?}");
    assert!(group.backoff_ms >= 1 && group.backoff_ms <= group.backoff_max_ms, "{group:?}");
    assert!(group.backoff_max_ms <= 12 * 60 * 60 * 1000, "{group:?}");
}

/// A request's body that is there at once.
struct Whole(Option<Bytes>);

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}
