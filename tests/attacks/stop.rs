//! SIGTERM ends the server within its grace, whatever its peers do.

use std::{
    io::Write,
    net::{Ipv4Addr, TcpStream},
    time::{Duration, Instant},
};

use contact::pb::{self, contact_client::ContactClient};
use futures_util::future::join_all;
use prost::Message;
use tonic::{Code, Streaming, transport::Endpoint};
use tonic_types::StatusExt;

use crate::{
    common::{DEADLINE, Server, wait_within},
    frames::{INITIAL_WINDOW_SIZE, call, connect_from, only_message, opening, window_update},
    many_descriptors, number,
};

const WATCHERS: usize = 1000;
const WATCHERS_EACH: usize = 20;
const BEFORE_PREFACE: usize = 100;
const STOPPED: usize = 100;
/// Tasks that wait for those who do not read.
const BACKLOG: (usize, usize) = (100, 100_000);

#[test]
fn sigterm_ends_the_server_within_its_grace_whatever_its_peers_do() {
    many_descriptors();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for _ in 0..number("CONTACT_TEST_STOPS", 2) {
        runtime.block_on(stop_once());
    }
}

async fn stop_once() {
    let dir = tempfile::tempdir().unwrap();
    let grace = Duration::from_secs(number("CONTACT_TEST_GRACE_S", 2));
    let mut server = Server::start_with(dir.path(), &["--grace", &format!("{}s", grace.as_secs())]);
    let out = server.run(&["submit", "-q", "long"], format!("{}\n", "x".repeat(BACKLOG.1)).repeat(BACKLOG.0));
    assert_eq!(out.code, 0, "{}", out.stderr);

    let watchers = watchers(&server).await;
    let _stopped: Vec<_> = (0..STOPPED).map(|_| stopped(&server)).collect();
    let whole = opening(&[]);
    let _before_preface: Vec<TcpStream> = (0..BEFORE_PREFACE)
        .map(|n| {
            let mut stream = connect_from(Ipv4Addr::new(127, 0, 0, 2), &server.address).unwrap();
            stream.write_all(&whole[..n % 33]).unwrap();
            stream
        })
        .collect();

    let began = Instant::now();
    server.signal("TERM");
    let hints = tokio::spawn(join_all(watchers.into_iter().map(hint)));
    let status = wait_within(&mut server.child, grace + Duration::from_secs(10));
    let took = began.elapsed();
    println!("ended after {took:?}");
    assert!(status.success(), "{status}");
    assert!(took <= grace + Duration::from_secs(1), "{took:?}");
    // Each client is told when to come back, and not all of them the same.
    let mut hints = tokio::time::timeout(DEADLINE, hints).await.unwrap().unwrap();
    hints.sort_unstable();
    assert!(hints[0] < Duration::from_secs(1) && hints[WATCHERS - 1] > Duration::from_secs(4), "{hints:?}");
}

async fn watchers(server: &Server) -> Vec<Streaming<pb::ServerMsg>> {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    let mut watchers = Vec::new();
    for _ in 0..WATCHERS / WATCHERS_EACH {
        let client = ContactClient::new(endpoint.connect().await.unwrap());
        watchers.extend(
            join_all((0..WATCHERS_EACH).map(|_| {
                let mut client = client.clone();
                async move { client.get_task(pb::Watch::default()).await.unwrap().into_inner() }
            }))
            .await,
        );
    }
    watchers
}

/// When a watcher is told to come back.
async fn hint(mut watcher: Streaming<pb::ServerMsg>) -> Duration {
    let status = watcher.message().await.expect_err("the watch has no task and an end");
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(status.get_details_error_info().unwrap().reason, "stopping");
    status.get_details_retry_info().unwrap().retry_delay.unwrap()
}

/// Watches a long backlog, allows all of it, and reads nothing.
fn stopped(server: &Server) -> TcpStream {
    let mut stream = connect_from(Ipv4Addr::new(127, 0, 0, 3), &server.address).unwrap();
    let queue = pb::Position { queue: "long".into(), ..pb::Position::default() };
    let watch = pb::Watch { queues: vec![queue], ..pb::Watch::default() };
    let begin = [
        opening(&[(INITIAL_WINDOW_SIZE, (1 << 31) - 1)]),
        window_update(0, 1 << 30),
        call(1, "/Contact/getTask"),
        only_message(1, &watch.encode_to_vec()),
    ];
    stream.write_all(&begin.concat()).unwrap();
    stream
}
