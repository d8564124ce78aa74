//! The pieces of the server's hot path above the engine: from the wire into the engine's words, and back.

use prost::Message;

use super::{
    access::Caller,
    convert,
    engine::{
        self, Accepted, NewTask,
        groups::{Told, What},
    },
    ready::Messages,
    submit::ANSWER_BYTES,
};
use crate::{
    name::QueueName,
    pb,
    pieces::{ITEMS, Piece, text},
};

pub(crate) fn pieces() -> Vec<Piece> {
    let mut pieces = engine::embedded::pieces();
    pieces.extend([
        Piece::new("submit-read", submits, read_submits),
        Piece::new("submit-answer", accepted, answer_submits),
        Piece::new("told-read", results, read_results),
    ]);
    pieces
}

/// Messages of `submitTask`, as our own client sends them; one in eight has an id and labels.
fn submits() -> (Vec<Vec<u8>>, Caller) {
    let messages = (1..=ITEMS).map(|n| {
        let mut task = pb::NewTask {
            task: text(n),
            queue: "default".into(),
            retry_key: Some(pb::RetryKey { instance: vec![7; 16], n }),
            ..pb::NewTask::default()
        };
        if n.is_multiple_of(8) {
            task.id = format!("deploy-{n}");
            task.labels = [("ref", "main"), ("host", "web-3")].map(|(k, v)| (k.into(), v.into())).into();
        }
        task.encode_to_vec()
    });
    (messages.collect(), Caller::anybody("127.0.0.1:50051".into()))
}

/// Decoded and judged.
fn read_submits((messages, caller): (Vec<Vec<u8>>, Caller)) -> (Vec<NewTask>, Vec<Vec<u8>>) {
    let mut judging = convert::Tasks::of(&caller);
    let read = |message: &Vec<u8>| judging.judge(pb::NewTask::decode(&message[..]).ok()?).ok();
    let tasks: Vec<NewTask> = messages.iter().filter_map(read).collect();
    assert_eq!(tasks.len() as u64, ITEMS, "all are good");
    (tasks, messages)
}

fn accepted() -> (Vec<Accepted>, Option<QueueName>) {
    let accepted = |n| Accepted { seq: 1_000_000 + n, delayed: None, duplicate: false };
    ((1..=ITEMS).map(accepted).collect(), QueueName::parse("default").ok())
}

/// Answered, up to the bytes of the messages.
fn answer_submits((accepted, queue): (Vec<Accepted>, Option<QueueName>)) -> Messages {
    let mut messages = Messages::with_capacity(accepted.len() * ANSWER_BYTES);
    let mut answer = pb::Submitted::default();
    for (accepted, queue) in accepted.iter().zip(queue.iter().cycle()) {
        convert::submitted(&mut answer, accepted, None, queue);
        messages.add(&answer);
    }
    messages
}

/// Messages of `tellResult`: each settles a lease.
fn results() -> Vec<Vec<u8>> {
    let result = |n| pb::Result {
        lease: format!("LAe{n:04}AB0cdefGHIJKLmnopqrst"),
        outcome: Some(pb::Outcome::Done as i32),
        ret: "ok".into(),
        ..pb::Result::default()
    };
    (1..=ITEMS).map(|n| result(n).encode_to_vec()).collect()
}

/// Decoded and judged.
fn read_results(messages: Vec<Vec<u8>>) -> (Vec<Told>, Vec<Vec<u8>>) {
    let read = |message: &Vec<u8>| convert::told(pb::Result::decode(&message[..]).ok()?, None).ok()?;
    let told: Vec<Told> = messages.iter().filter_map(read).collect();
    let leases = told.iter().filter(|told| matches!(told.what, What::Lease(_))).count();
    assert_eq!(leases as u64, ITEMS, "each names a lease");
    (told, messages)
}
