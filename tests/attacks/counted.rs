//! What counts for a caller goes on counting as long as it is there, and no longer: however a call ends.

use std::{
    io::Write,
    net::{Ipv4Addr, TcpStream},
};

use contact::pb::{self, contact_client::ContactClient};
use futures_util::stream;
use prost::Message;
use tonic::{Code, Status, transport::Endpoint};
use tonic_types::StatusExt;

use crate::{
    common::{Output, Server, until},
    frames::{
        DATA, Frames, HEADERS, INITIAL_WINDOW_SIZE, RST_STREAM, call, connect_from, frame, message,
        only_message, opening,
    },
};

const MEBIBYTE: usize = 1 << 20;
const FRAME_BYTES: usize = 16 << 10;
const TIMES: usize = 10;

/// On the address of the commands.
fn connect(server: &Server, of: &[(u16, u32)]) -> TcpStream {
    let mut stream = connect_from(Ipv4Addr::LOCALHOST, &server.address).unwrap();
    stream.write_all(&opening(of)).unwrap();
    stream
}

fn start(flags: &[&str]) -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), flags);
    (folder, server)
}

/// Runs it, and takes the first refusal for an answer.
fn once(server: &Server, command: &str, input: &str) -> Output {
    server.run(&[command, "--retry-for", "0s"], input)
}

fn error(output: &Output) -> String {
    output.errors().pop().map(|error| error["error"].as_str().unwrap().to_owned()).unwrap_or_default()
}

/// Makes calls until a command is refused for what they leave unread, and says which. One call might have met the
/// command itself, and have been refused for that.
fn refused(
    server: &Server,
    (peer, said): (&mut TcpStream, impl Fn(u32) -> Vec<u8>),
    (command, input, reason): (&str, &str, &str),
) -> Vec<u32> {
    let mut calls = Vec::new();
    until(reason, || {
        // A client's calls have odd numbers.
        let id = 2 * calls.len() as u32 + 1;
        calls.push(id);
        peer.write_all(&said(id)).unwrap();
        (error(&once(server, command, input)) == reason).then_some(())
    });
    calls
}

/// Waits until there is room for everything again. The commands come back when they are told to: who only asks again
/// uses up the rate by that.
fn has_room(server: &Server, after: &str) {
    let task = "x".repeat(MEBIBYTE - 10);
    for (command, input) in [("queues", ""), ("submit", &task[..])] {
        until(&format!("{command} after {after}"), || {
            (server.run(&[command], input).code == 0).then_some(())
        });
    }
}

fn reset(id: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, id, &[0, 0, 0, 8])
}

/// Messages of a stream, in frames that HTTP/2 allows.
fn data(id: u32, messages: &[u8]) -> Vec<u8> {
    messages.chunks(FRAME_BYTES).flat_map(|piece| frame(DATA, 0, id, piece)).collect()
}

fn status_of(bytes: usize) -> Vec<u8> {
    message(&pb::ClientMsg { msg: "x".repeat(bytes), ..pb::ClientMsg::default() }.encode_to_vec())
}

fn task_of(bytes: usize) -> Vec<u8> {
    message(&pb::NewTask { task: "x".repeat(bytes), ..pb::NewTask::default() }.encode_to_vec())
}

#[test]
fn lists_that_are_not_read_count_until_their_reader_goes() {
    let (_folder, server) = start(&["--max-bytes-in-flight", "2MiB"]);
    assert_eq!(server.run(&["submit"], format!("{}\n", "x".repeat(MEBIBYTE)).repeat(2)).code, 0);
    let mut peer = connect(&server, &[(INITIAL_WINDOW_SIZE, 100)]);
    let list = pb::ListTasks::default().encode_to_vec();
    let lists = |id| [call(id, "/Contact/listTasks"), only_message(id, &list)].concat();
    refused(&server, (&mut peer, lists), ("queues", "", "too_many_bytes"));
    // What is handed in has room of its own.
    assert_eq!(once(&server, "submit", "x").code, 0);
    drop(peer);
    has_room(&server, "the list");
}

#[test]
fn statuses_count_until_their_replies_are_read_and_a_heartbeat_is_heard_all_the_same() {
    let (_folder, server) = start(&["--max-bytes-in-flight", "64KiB"]);
    let mut peer = connect(&server, &[(INITIAL_WINDOW_SIZE, 0)]);
    let statuses = |id| [call(id, "/Contact/sendStatus"), data(id, &status_of(1000).repeat(64))].concat();
    let task = "x".repeat(10_000);
    let calls = refused(&server, (&mut peer, statuses), ("submit", &task, "too_many_bytes"));
    let mut lively = connect(&server, &[]);
    let heartbeat = pb::ClientMsg { heartbeat: true, ..pb::ClientMsg::default() }.encode_to_vec();
    let said = [call(1, "/Contact/sendStatus"), frame(DATA, 0, 1, &message(&heartbeat))].concat();
    lively.write_all(&said).unwrap();
    let mut frames = Frames::of(lively.try_clone().unwrap());
    assert_eq!(frames.find(|frame| frame.kind == DATA).expect("a reply").payload, message(&[]));
    peer.write_all(&calls.into_iter().flat_map(reset).collect::<Vec<_>>()).unwrap();
    until("there is room", || (once(&server, "submit", &task).code == 0).then_some(()));
}

#[tokio::test]
async fn however_short_a_task_is_it_counts() {
    let (_folder, server) = start(&["--max-bytes-in-flight", "100KiB"]);
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    let mut client = ContactClient::new(endpoint.connect().await.unwrap());
    let nothing = stream::iter(vec![pb::NewTask::default(); 5000]);
    let mut answers = client.submit_task(nothing).await.unwrap().into_inner();
    let status: Status = loop {
        match answers.message().await {
            Ok(answer) => assert!(answer.expect("it does not end well").refusal.is_some()),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(status.get_details_error_info().unwrap().reason, "too_many_bytes");
}

/// A way for a call to end: what is said, and whether the server answers before the connection is closed.
type Way = (&'static str, fn() -> Vec<u8>, bool);

const WAYS: &[Way] = &[
    ("a reset before any message", || [call(1, "/Contact/submitTask"), reset(1)].concat(), false),
    (
        "a reset within a message",
        || [call(1, "/Contact/submitTask"), data(1, &task_of(600_000)[..500_000]), reset(1)].concat(),
        false,
    ),
    (
        "a reset with answers unread",
        || {
            let said = [data(1, &task_of(100_000).repeat(5)), reset(1)].concat();
            [call(1, "/Contact/submitTask"), said].concat()
        },
        false,
    ),
    (
        "replies unread",
        || [call(1, "/Contact/sendStatus"), data(1, &status_of(100_000).repeat(5))].concat(),
        true,
    ),
    (
        "a receipt unread",
        || {
            let told = pb::Result { id: "1".into(), ..pb::Result::default() };
            let told = message(&told.encode_to_vec()).repeat(500);
            let said = frame(DATA, 1, 1, &told);
            [call(1, "/Contact/tellResult"), said].concat()
        },
        true,
    ),
    (
        "a closed socket within a submit",
        || [call(1, "/Contact/submitTask"), data(1, &task_of(900_000))].concat(),
        false,
    ),
    (
        "too long a message",
        || [call(1, "/Contact/submitTask"), frame(DATA, 0, 1, &[0, 0, 0x20, 0, 0])].concat(),
        true,
    ),
    (
        "a bad message",
        || [call(1, "/Contact/tellResult"), frame(DATA, 0, 1, &message(b"\x0a\x7f"))].concat(),
        true,
    ),
    ("an unknown path", || [call(1, "/Contact/nosuch"), only_message(1, b"")].concat(), true),
];

#[test]
fn nothing_goes_on_counting_however_a_call_ends() {
    let bounds = ["--max-streams-per-client", "3", "--max-bytes-in-flight", "1MiB"];
    let (_folder, server) = start(&bounds);
    let closed = [(INITIAL_WINDOW_SIZE, 0)];
    for (way, said, is_answered) in WAYS {
        for _ in 0..TIMES {
            let mut peer = connect(&server, &closed);
            let mut frames = Frames::of(peer.try_clone().unwrap());
            peer.write_all(&said()).unwrap();
            if *is_answered {
                // A connection that has ended by then is a way as well.
                let _ = frames.find(|frame| frame.kind == HEADERS);
            }
        }
        has_room(&server, way);
    }
    let age = [&bounds[..], &["--max-connection-age", "100ms", "--grace", "100ms"]].concat();
    let rate = [&bounds[..], &["--max-rate", "20"]].concat();
    for (way, flags) in [("connections of age", age), ("too many in a second", rate)] {
        let (_folder, server) = start(&flags);
        let open: Vec<_> = (0..TIMES)
            .map(|_| {
                let mut peer = connect(&server, &closed);
                let said = [call(1, "/Contact/sendStatus"), data(1, &status_of(1000).repeat(50))];
                peer.write_all(&said.concat()).unwrap();
                peer
            })
            .collect();
        if way == "connections of age" {
            // They stay, and are cut off.
            has_room(&server, way);
        }
        drop(open);
        has_room(&server, way);
    }
}
