//! Clients that mean harm, or are badly written: they get what is theirs and nobody else notices.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests run in real time")]

mod common;

use std::time::Duration;

use common::{DEADLINE, Server};
use contact::pb::{self, contact_client::ContactClient};
use futures_util::{StreamExt, stream};
use tonic::transport::Endpoint;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_never_read_their_answers_do_not_stop_the_submits_of_others() {
    let dir = tempfile::tempdir().unwrap();
    // They may: the bound on what one client has unanswered is not what this is about.
    let server = Server::start_with(dir.path(), &["--max-bytes-in-flight", "1GiB"]);
    // Together they send far more than the server takes in at a time, and their windows let no answer pass.
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    let endpoint = endpoint.initial_stream_window_size(1);
    let text = "x".repeat(60_000);
    let mut held = Vec::new();
    for _ in 0..50 {
        // A connection of its own: what one of them leaves unread holds up the others that share it.
        let channel = endpoint.connect().await.unwrap();
        let task = pb::NewTask { task: text.clone(), ..pb::NewTask::default() };
        let tasks = stream::repeat(task).take(100).chain(stream::pending());
        held.push(ContactClient::new(channel).submit_task(tasks).await.unwrap());
    }
    // They have taken all the room there is to be had once nothing more gets in.
    let mut seen = (0, tokio::time::Instant::now());
    let still = async {
        loop {
            let out = server.run(&["submit", "-q", "probe", "--timeout", "30s", "x"], "");
            assert_eq!(out.code, 0, "{out:?}");
            let seq = out.json()[0]["seq"].as_u64().unwrap();
            if seq - seen.0 > 1 {
                seen.1 = tokio::time::Instant::now();
            }
            seen.0 = seq;
            if seen.1.elapsed() > Duration::from_secs(1) {
                break;
            }
        }
    };
    tokio::time::timeout(DEADLINE, still).await.unwrap();
    assert!(seen.0 > 1200, "only {} tasks got in: the room was never filled", seen.0);
    drop(held);
    assert!(server.stop().success());
}

#[tokio::test]
async fn a_receipt_does_not_repeat_what_is_too_long_to_be_an_id() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut client = ContactClient::connect(format!("http://{}", server.address)).await.unwrap();
    let id = "任".repeat(340_000);
    let results = stream::repeat(pb::Result { id, ..pb::Result::default() }).take(20);
    let receipt = client.tell_result(results).await.unwrap().into_inner();
    assert_eq!(receipt.told.len(), 20);
    for told in &receipt.told {
        assert_eq!(told.verdict(), pb::Verdict::Unknown);
        assert!(told.id.len() <= 128 && told.id.starts_with('任'), "{} bytes", told.id.len());
    }
}
