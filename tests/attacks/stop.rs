//! SIGTERM ends the server within its grace, whatever its peers do.

use std::{
    io::Write,
    net::{Ipv4Addr, TcpStream},
    time::{Duration, Instant},
};

use contact::pb::{self, contact_client::ContactClient};
use futures_util::{
    StreamExt,
    future::{join_all, ready},
    stream,
};
use prost::Message;
use tonic::{Code, Streaming};
use tonic_types::StatusExt;

use crate::{
    common::{DEADLINE, Server, many_descriptors, number, wait_within},
    frames::{
        DATA, END_STREAM, Frames, HEADERS, INITIAL_WINDOW_SIZE, PING, call, connect_from, frame,
        only_message, opening, window_update,
    },
    secure::{Secure, Way},
};

const WATCHERS: usize = 1000;
const WATCHERS_EACH: usize = 20;
const BEFORE_PREFACE: usize = 100;
const STOPPED: usize = 100;
/// Through TLS, every other time.
const HALF_WAY: usize = 50;
/// Tasks that wait for those who do not read.
const BACKLOG: (usize, usize) = (100, 100_000);

#[test]
fn sigterm_ends_the_server_within_its_grace_whatever_its_peers_do() {
    many_descriptors();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for n in 0..number("CONTACT_TEST_STOPS", 2) {
        runtime.block_on(stop_once(n % 2 == 1));
    }
}

async fn stop_once(is_secure: bool) {
    let dir = tempfile::tempdir().unwrap();
    let grace = Duration::from_secs(number("CONTACT_TEST_GRACE_S", 2));
    let grace_flag = format!("{}s", grace.as_secs());
    let mut flags = vec!["--grace", &grace_flag];
    flags.extend(is_secure.then_some("--dev-tls"));
    let mut server = Server::start_with(dir.path(), &flags);
    let secure = is_secure.then(|| Secure::of(dir.path()));
    let way = Way::to(&server, secure.clone());
    fill(&way).await;

    let watchers = watchers(&way).await;
    let peer = || -> Box<dyn Write> {
        let from = Ipv4Addr::new(127, 0, 0, 2);
        match &secure {
            Some(secure) => Box::new(secure.connect(from, &server.address).unwrap()),
            None => Box::new(connect_from(from, &server.address).unwrap()),
        }
    };
    let said = |what: &[u8]| {
        let mut peer = peer();
        peer.write_all(what).and_then(|()| peer.flush()).unwrap();
        peer
    };
    let _stopped: Vec<_> = (0..STOPPED).map(|_| said(&watch_without_reading())).collect();
    let whole = opening(&[]);
    let _before_preface: Vec<_> = (0..BEFORE_PREFACE).map(|n| said(&whole[..n % 33])).collect();
    let _half_way: Vec<TcpStream> =
        secure.iter().flat_map(|secure| half_way(secure, &server.address)).collect();

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

#[test]
fn a_message_without_an_end_does_not_hold_up_a_shutdown() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut peer = connect_from(Ipv4Addr::new(127, 0, 0, 2), &server.address).unwrap();
    // Of ten bytes three are there.
    let calls = [1u32, 3].map(|id| {
        let path = if id == 1 { "/Contact/listQueues" } else { "/grpc.health.v1.Health/Check" };
        [call(id, path), frame(DATA, 0, id, &[0, 0, 0, 0, 10, 1, 2, 3])].concat()
    });
    peer.write_all(&[opening(&[]), calls.concat(), frame(PING, 0, 0, &[7; 8])].concat()).unwrap();
    let mut frames = Frames::of(peer.try_clone().unwrap());
    frames.find(|frame| frame.kind == PING).unwrap();
    let began = Instant::now();
    server.signal("TERM");
    // A client that sees the ends leaves.
    let ends = frames.filter(|frame| frame.kind == HEADERS && frame.flags & END_STREAM != 0);
    assert_eq!(ends.take(2).count(), 2);
    drop(peer);
    assert!(server.stop().success());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

/// A backlog for those who do not read.
async fn fill(way: &Way) {
    let mut client = ContactClient::new(way.connect().await);
    let (task, queue) = ("x".repeat(BACKLOG.1), "long".to_owned());
    let task = pb::NewTask { task, queue, ..pb::NewTask::default() };
    let answers = client.submit_task(stream::repeat(task).take(BACKLOG.0)).await.unwrap().into_inner();
    assert_eq!(answers.filter(|answer| ready(answer.is_ok())).count().await, BACKLOG.0);
}

/// A part of their greeting, or all of it and nothing then.
fn half_way(secure: &Secure, address: &str) -> Vec<TcpStream> {
    (0..HALF_WAY)
        .map(|n| {
            let hello = secure.hello();
            let mut stream = connect_from(Ipv4Addr::new(127, 0, 0, 2), address).unwrap();
            stream.write_all(&hello[..hello.len() / (1 + n % 2)]).unwrap();
            stream
        })
        .collect()
}

async fn watchers(way: &Way) -> Vec<Streaming<pb::ServerMsg>> {
    let mut watchers = Vec::new();
    for _ in 0..WATCHERS / WATCHERS_EACH {
        let client = ContactClient::new(way.connect().await);
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
fn watch_without_reading() -> Vec<u8> {
    let queue = pb::Position { queue: "long".into(), ..pb::Position::default() };
    let watch = pb::Watch { queues: vec![queue], ..pb::Watch::default() };
    let begin = [
        opening(&[(INITIAL_WINDOW_SIZE, (1 << 31) - 1)]),
        window_update(0, 1 << 30),
        call(1, "/Contact/getTask"),
        only_message(1, &watch.encode_to_vec()),
    ];
    begin.concat()
}
