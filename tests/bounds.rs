//! What one client may have of a server, and that our commands keep to it: what is beyond the bound is refused with the
//! time to come back at, and who comes back then gets all of it done.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests run in real time")]

mod common;

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use common::{DEADLINE, Running, Server, until};
use contact::pb::{self, contact_client::ContactClient};
use futures_util::stream;
use serde_json::Value;
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt;

fn start(flags: &[&str]) -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), flags);
    (folder, server)
}

async fn connect(server: &Server) -> Channel {
    Endpoint::from_shared(format!("http://{}", server.address)).unwrap().connect().await.unwrap()
}

fn numbers(range: std::ops::RangeInclusive<u32>) -> String {
    range.fold(String::new(), |mut text, n| {
        let _ = writeln!(text, "{n}");
        text
    })
}

/// What is refused for now: the reason, and when to come back.
fn later(status: &Status) -> (String, Duration) {
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    let details = status.get_error_details();
    let after = details.retry_info().and_then(|retry| retry.retry_delay);
    (details.error_info().unwrap().reason.clone(), after.unwrap_or_else(|| panic!("no delay: {status:?}")))
}

fn tasks(server: &Server) -> Vec<Value> {
    let watched = server.run(&["watch-tasks", "--until-empty"], "");
    watched.json().iter().map(|line| line["task"].clone()).collect()
}

#[test]
fn whoever_sends_too_fast_gets_all_of_it_in_at_the_rate_and_says_so_once() {
    let (_folder, server) = start(&["--max-rate", "100"]);
    let began = Instant::now();
    let submitted = server.run(&["submit"], numbers(1..=250));
    assert_eq!((submitted.code, submitted.stdout.lines().count()), (0, 250), "{}", submitted.stderr);
    // A second's worth at once, and the rest as it comes.
    assert!(began.elapsed() >= Duration::from_millis(1400), "{:?}", began.elapsed());
    let notices = submitted.errors();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert_eq!(notices[0]["notice"], "retrying");
    assert!(notices[0]["message"].as_str().unwrap().contains("more messages in a second"), "{notices:?}");
    let expected: Vec<Value> = (1..=250).map(|n| n.to_string().into()).collect();
    // The look at them is a message as well.
    assert_eq!(tasks(&server), expected, "each once, and in order");

    // What is told of tasks is kept waiting: the verdicts are one answer.
    let ids =
        numbers(1..=250).lines().fold(String::new(), |lines, id| lines + &format!("{{\"id\":\"{id}\"}}\n"));
    let told = server.run(&["ack", "--client", "w1"], ids);
    assert_eq!((told.code, told.json().len()), (0, 250), "{}", told.stderr);
    assert!(told.json().iter().all(|line| line["verdict"] == "noted"), "{}", told.stdout);

    // Without patience it is an answer like any other.
    let (_folder, server) = start(&["--max-rate", "1"]);
    let refused = until("a refusal", || {
        let health = server.run(&["queues", "--retry-for", "0s"], "");
        (health.code != 0).then_some(health)
    });
    let error = refused.errors().pop().unwrap();
    assert_eq!((refused.code, &error["error"]), (72, &"rate_limit".into()));
    assert!((1..=1000).contains(&error["retry_after_ms"].as_u64().unwrap()), "{error}");
}

#[tokio::test]
async fn a_stream_that_is_too_fast_has_its_due_and_is_told_when_to_come_back() {
    let (_folder, server) = start(&["--max-rate", "100"]);
    let mut client = ContactClient::new(connect(&server).await);
    let statuses =
        stream::iter((0..300).map(|n| pb::ClientMsg { msg: n.to_string(), ..pb::ClientMsg::default() }));
    let mut replies = client.send_status(statuses).await.unwrap().into_inner();
    let mut count = 0;
    let status = loop {
        match tokio::time::timeout(DEADLINE, replies.message()).await.unwrap() {
            Ok(Some(reply)) => assert_eq!(reply.ret, format!("received: {count}")),
            Ok(None) => panic!("it ended well"),
            Err(status) => break status,
        }
        count += 1;
    };
    // The call was the first message; a few more have come in meanwhile.
    assert!((99..200).contains(&count), "{count} replies");
    let (reason, after) = later(&status);
    assert_eq!(reason, "rate_limit");
    assert!(after > Duration::ZERO && after <= Duration::from_secs(1), "{after:?}");
}

#[test]
fn what_is_too_much_at_a_time_is_refused_and_gets_in_a_part_at_a_time() {
    // Room for one task, and none beside it.
    let (_folder, server) = start(&["--max-bytes-in-flight", "1"]);
    let submit = ["submit", "-q", "other", "--retry-for", "0s"];
    let refused = until("a refusal", || {
        Some(server.run(&submit, numbers(1..=20))).filter(|submitted| submitted.code != 0)
    });
    let error = refused.errors().pop().unwrap();
    assert_eq!((refused.code, &error["error"]), (72, &"too_many_bytes".into()), "{refused:?}");
    assert_eq!(error["retry_after_ms"], 200);
    assert!(!refused.json().is_empty(), "what there is room for is taken and answered");

    let submitted = server.run(&["submit"], numbers(1..=4));
    assert_eq!((submitted.code, submitted.json().len()), (0, 4), "{}", submitted.stderr);
    assert_eq!(tasks(&server), ["1", "2", "3", "4"]);
    // What is told of tasks is judged a part at a time too, from the first on: what was taken before stays so.
    let told = pb_told(&server, 2);
    assert_eq!(told, "too_many_bytes");
    assert_eq!(pb_told(&server, 1), "");
}

/// Tells of so many tasks in one call. The reason, if it is refused.
fn pb_told(server: &Server, count: usize) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut client = ContactClient::new(connect(server).await);
        let told = pb::Result { id: "1".into(), ret: "x".into(), ..pb::Result::default() };
        match client.tell_result(stream::iter(vec![told; count])).await {
            Ok(_) => String::new(),
            Err(status) => later(&status).0,
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_calls_of_one_client_are_open_and_the_next_waits_for_one_to_end() {
    let (_folder, server) = start(&["--max-streams-per-client", "3"]);
    let mut client = ContactClient::new(connect(&server).await);
    let mut watches = Vec::new();
    for _ in 0..3 {
        watches.push(client.get_task(pb::Watch::default()).await.unwrap());
    }
    let (reason, _) = later(&client.get_task(pb::Watch::default()).await.unwrap_err());
    assert_eq!(reason, "too_many_streams");
    let refused = tokio::task::block_in_place(|| server.run(&["queues", "--retry-for", "0s"], ""));
    assert_eq!(
        (refused.code, &refused.errors()[0]["error"]),
        (72, &"too_many_streams".into()),
        "{refused:?}"
    );

    let patient = Running::start(server.contact().args(["health"]));
    let notice = tokio::task::block_in_place(|| patient.error());
    assert!(notice["message"].as_str().unwrap().contains("3 calls"), "{notice}");
    watches.pop();
    let ended = tokio::task::block_in_place(|| patient.end());
    assert_eq!(ended.code, 0, "{ended:?}");
}
