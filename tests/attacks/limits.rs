//! Caps and time limits of the port, each by itself.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::{Duration, Instant},
};

use contact::pb::{self, contact_client::ContactClient};
use prost::Message;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tonic::{Code, transport::Endpoint};
use tonic_types::StatusExt;

use crate::{
    common::{DEADLINE, Running, Server, shell, until},
    frames::{
        DATA, END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS,
        MAX_HEADER_LIST_SIZE, PING, RST_STREAM, SETTINGS, call, call_headers, connect_from, frame,
        only_message, opening,
    },
    load::Load,
};

const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];
/// The status 200, as HPACK has it in its table.
const STATUS_200: u8 = 0x88;

/// One of many hosts on the loopback network.
fn host(n: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, n)
}

/// Connects as this host. `None`: it is turned away.
fn enter(server: &Server, n: u8) -> Option<TcpStream> {
    let mut stream = connect_from(host(n), &server.address).unwrap();
    stream.write_all(&opening(&[])).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    (stream.read(&mut [0; 9]).ok()? > 0).then_some(stream)
}

/// Waits for the end of a connection.
fn end(mut stream: TcpStream) {
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut rest = [0; 1 << 14];
    loop {
        match stream.read(&mut rest) {
            Ok(0) => return,
            Ok(_) => {}
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => panic!("the connection stays open"),
            Err(_) => return,
        }
    }
}

fn turned_away(server: &Server) -> Vec<String> {
    let log = server.log.lock().unwrap();
    let is_of_it = |line: &&String| line.contains("turned away") || line.contains("can be taken");
    log.iter().filter(is_of_it).cloned().collect()
}

#[test]
fn there_are_so_many_connections_in_all_and_of_one_address() {
    let dir = tempfile::tempdir().unwrap();
    let flags = ["--max-connections", "3", "--max-connections-per-address", "2"];
    let server = Server::start_with(dir.path(), &flags);
    let first = enter(&server, 2).unwrap();
    let _second = enter(&server, 2).unwrap();
    for _ in 0..200 {
        assert!(enter(&server, 2).is_none());
    }
    let _third = enter(&server, 3).unwrap();
    assert!(enter(&server, 4).is_none());
    // Each was turned away, and the log has a few lines of it, which say what to do.
    let said = turned_away(&server);
    assert!(said[0].contains("127.0.0.2 has 2: --max-connections-per-address"), "{said:#?}");
    assert!(said.len() < 20, "{} lines", said.len());
    drop(first);
    until("a place is given back", || enter(&server, 4));
}

#[test]
fn there_are_so_many_calls_on_one_connection() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &["--max-streams-per-connection", "3"]);
    let mut stream = connect_from(host(2), &server.address).unwrap();
    let mut frames = Frames::of(stream.try_clone().unwrap());
    stream.write_all(&opening(&[])).unwrap();
    let settings = frames.find(|frame| frame.kind == SETTINGS).unwrap().payload;
    let said = [&MAX_CONCURRENT_STREAMS.to_be_bytes()[..], &3u32.to_be_bytes()].concat();
    assert!(settings.chunks(6).any(|one| one == said), "{settings:?}");
    for id in [1, 3, 5, 7] {
        let watch = only_message(id, &pb::Watch::default().encode_to_vec());
        stream.write_all(&[call(id, "/Contact/getTask"), watch].concat()).unwrap();
    }
    let reset = frames.find(|frame| frame.kind == RST_STREAM).unwrap();
    assert_eq!((reset.stream, &reset.payload[..]), (7, &REFUSED_STREAM[..]));
}

#[test]
fn a_call_has_so_much_for_its_headers() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut stream = connect_from(host(2), &server.address).unwrap();
    let mut frames = Frames::of(stream.try_clone().unwrap());
    stream.write_all(&opening(&[])).unwrap();
    let settings = frames.find(|frame| frame.kind == SETTINGS).unwrap().payload;
    let said = [&MAX_HEADER_LIST_SIZE.to_be_bytes()[..], &(8u32 << 10).to_be_bytes()].concat();
    assert!(settings.chunks(6).any(|one| one == said), "{settings:?}");
    for (id, headers) in [(1, 3), (3, 1)] {
        let mut block = call_headers("/Contact/listQueues");
        for _ in 0..headers {
            block.extend([0x00, 1, b'a', 0x7f, 0xa0, 0x1e]); // 3999 bytes
            block.extend([b'x'; 3999]);
        }
        let call = frame(HEADERS, END_HEADERS, id, &block);
        stream.write_all(&[call, only_message(id, &[])].concat()).unwrap();
    }
    let refused = frames.find(|frame| frame.stream == 1).unwrap();
    assert_eq!((refused.kind, refused.flags & END_STREAM), (HEADERS, END_STREAM));
    assert_ne!(refused.payload[0], STATUS_200);
    frames.find(|frame| frame.stream == 3 && frame.kind == DATA).expect("the next call is answered");
}

#[test]
fn a_peer_has_five_seconds_for_the_preface() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let whole = opening(&[]);
    let began = Instant::now();
    // Nothing, a part, and all but the settings' last byte.
    let open = [0, 10, 24, 32].map(|n| {
        let mut stream = connect_from(host(2), &server.address).unwrap();
        stream.write_all(&whole[..n]).unwrap();
        stream
    });
    let mut honest = connect_from(host(3), &server.address).unwrap();
    honest.write_all(&whole).unwrap();
    for stream in open {
        end(stream);
        let took = began.elapsed();
        assert!(took > Duration::from_millis(4900) && took < Duration::from_secs(10), "{took:?}");
    }
    honest.write_all(&frame(PING, 0, 0, &[7; 8])).unwrap();
    Frames::of(honest).find(|frame| frame.kind == PING).expect("the server is there for it");
    assert!(server.stop().success());
}

#[test]
fn without_a_descriptor_peers_are_turned_away_and_later_let_in_again() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let _warm = enter(&server, 2).unwrap();
    let pid = Pid::from_raw(server.child.id() as i32);
    let open = std::fs::read_dir(format!("/proc/{}/fd", server.child.id())).unwrap().count() as u64;
    let few = Some(open + 3);
    prlimit(pid, Resource::Nofile, Rlimit { current: few, maximum: few }).unwrap();
    let mut let_in: Vec<_> = (0..20).map_while(|_| enter(&server, 2)).collect();
    // Of those that were counted some may have been open for a moment.
    assert!((1..=8).contains(&let_in.len()), "{}", let_in.len());
    let before = Load::of(&server).processor();
    for _ in 0..100 {
        assert!(enter(&server, 2).is_none());
    }
    let said = turned_away(&server);
    assert!(said[0].contains("os error 24") && said.len() < 20, "{said:#?}");
    let busy = Load::of(&server).processor() - before;
    assert!(busy < Duration::from_millis(500), "{busy:?} for 100 peers");
    let_in.pop();
    until("somebody is let in again", || enter(&server, 2));
}

#[test]
fn as_many_connections_as_there_are_descriptors_for() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let script = format!(
        "ulimit -n 96; exec contact serve --log-format json --addr 127.0.0.1:0 --data {}/of-few",
        dir.path().display()
    );
    let of_few = Server::spawn(shell(&server, &script));
    let let_in: Vec<_> = (0..50).map_while(|_| enter(&of_few, 2)).collect();
    assert_eq!(let_in.len(), 32);
    let log = of_few.log.lock().unwrap().join("\n");
    assert!(log.contains("at most 32 connections, not 10000: this process may have 96 descriptors"), "{log}");
}

#[tokio::test]
async fn a_connection_of_age_is_asked_to_go_and_its_watch_ends_with_a_hint() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &["--max-connection-age", "1s", "--grace", "1s"]);
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    let began = Instant::now();
    let mut client = ContactClient::new(endpoint.connect().await.unwrap());
    let mut watch = client.get_task(pb::Watch::default()).await.unwrap().into_inner();
    let status = tokio::time::timeout(DEADLINE, watch.message()).await.unwrap().unwrap_err();
    let took = began.elapsed();
    assert!(took > Duration::from_millis(1850), "{took:?}");
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.get_details_error_info().unwrap().reason, "connection_aged");
    assert!(status.get_details_retry_info().is_some());
    // The client is served on.
    client.list_queues(pb::ListQueues::default()).await.unwrap();
}

#[test]
fn of_age_a_peer_that_does_not_go_is_cut_and_one_that_comes_back_misses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &["--max-connection-age", "400ms", "--grace", "400ms"]);
    // It opens a watch, and never allows a byte of answer.
    let mut stream = connect_from(host(2), &server.address).unwrap();
    let watch = only_message(1, &pb::Watch::default().encode_to_vec());
    stream
        .write_all(&[opening(&[(INITIAL_WINDOW_SIZE, 0)]), call(1, "/Contact/getTask"), watch].concat())
        .unwrap();
    let watching = Running::start(server.contact().args(["watch-tasks", "--max", "20"]));
    for n in 0..20 {
        let out = server.run(&["submit", &n.to_string()], "");
        assert_eq!(out.code, 0, "{}", out.stderr);
        assert_eq!(watching.line()["task"], n.to_string());
        std::thread::sleep(Duration::from_millis(80));
    }
    assert_eq!(watching.end().code, 0);
    let mut frames = Frames::of(stream.try_clone().unwrap());
    frames.find(|frame| frame.kind == GOAWAY).expect("it was asked to go first");
    end(stream);
}

#[test]
fn a_health_watch_does_not_hold_up_a_shutdown() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut stream = connect_from(host(2), &server.address).unwrap();
    stream
        .write_all(&[opening(&[]), call(1, "/grpc.health.v1.Health/Watch"), only_message(1, &[])].concat())
        .unwrap();
    let mut frames = Frames::of(stream.try_clone().unwrap());
    frames.find(|frame| frame.stream == 1).unwrap();
    let began = Instant::now();
    server.signal("TERM");
    // A client that sees the end leaves.
    frames.find(|frame| frame.stream == 1 && frame.flags & 1 == 1).expect("the watch ends");
    drop((frames, stream));
    assert!(server.stop().success());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
