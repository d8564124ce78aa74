//! What is no message, no call, or no gRPC.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use contact::{pb, wire::STORE_HEADER};
use http::{HeaderName, HeaderValue, Method, Request};
use prost::Message;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tonic::{Code, body::Body};

use crate::{
    DEADLINE, Outcome,
    http_call::{framed, request},
    invalid, refused,
};

/// A request of HTTP/2.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) request: Request<Body>,
    /// HTTP's own status.
    pub(crate) http: u16,
    pub(crate) expected: Outcome,
}

pub(crate) fn requests() -> Vec<Row> {
    let good = framed(&pb::ListQueues::default().encode_to_vec());
    let list = |body: &[u8]| request("/Contact/listQueues", body);
    let path = |path: &str| request(path, &good);
    let with = |name: &'static str, value: &'static str| {
        let mut request = list(&good);
        request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        request
    };
    let method = |method: Method| {
        let mut request = list(&good);
        *request.method_mut() = method;
        request
    };
    let mut untyped = list(&good);
    untyped.headers_mut().remove("content-type");

    let row = |name, request, expected| Row { name, request, http: 200, expected };
    let not_grpc = |name, request, http| Row { name, request, http, expected: invalid("not_grpc", "") };
    let unknown = || refused(Code::Unimplemented, "unimplemented", "");
    let bad = || invalid("bad_message", "");
    let too_large = || refused(Code::ResourceExhausted, "message_too_large", "");
    let cut = |path: &str| request(path, b"\0\0\0\0\x0aabc");
    vec![
        not_grpc("content-type text/plain", with("content-type", "text/plain"), 415),
        not_grpc("content-type of gRPC-Web", with("content-type", "application/grpc-web+proto"), 415),
        not_grpc("content-type of gRPC in JSON", with("content-type", "application/grpc+json"), 415),
        not_grpc("no content-type", untyped, 415),
        not_grpc("GET", method(Method::GET), 405),
        not_grpc("PUT", method(Method::PUT), 405),
        not_grpc("OPTIONS", method(Method::OPTIONS), 405),
        row("a call that nobody knows", path("/Contact/nosuch"), unknown()),
        row("a call in other letters", path("/Contact/listqueues"), unknown()),
        row("a call that is written in percents", path("/Contact/list%51ueues"), unknown()),
        row("a service that nobody knows", path("/contact.Contact/listQueues"), unknown()),
        row("a path that leads out", path("/Contact/../../etc/passwd"), unknown()),
        row("a path with another slash", path("//Contact/listQueues"), unknown()),
        row("no path", path("/"), unknown()),
        row("no message", list(b""), bad()),
        row("a header that is cut off", list(b"\0\0\0"), bad()),
        row("a message that is cut off", cut("/Contact/listQueues"), bad()),
        row("a task that is cut off", cut("/Contact/submitTask"), bad()),
        row("a status that is cut off", cut("/Contact/sendStatus"), bad()),
        row("what is told, cut off", cut("/Contact/tellResult"), bad()),
        row("four gibibytes", list(b"\0\xff\xff\xff\xff"), too_large()),
        row("four gibibytes of a task", request("/Contact/submitTask", b"\0\xff\xff\xff\xff"), too_large()),
        row("compressed, nobody said how", list(b"\x01\0\0\0\0"), bad()),
        row("a flag that there is not", list(b"\x07\0\0\0\0"), bad()),
        row("compressed as we cannot", with("grpc-encoding", "zstd"), unknown()),
        row("a letter", list(b"dear server, how are you"), bad()),
        row("a header of the server's own", with(STORE_HEADER, "another"), Outcome::Taken),
        row("no time at all", with("grpc-timeout", "soon"), Outcome::Taken),
    ]
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What ends the connection.
pub(crate) fn raw() -> Vec<(&'static str, Vec<u8>)> {
    let mut dice = StdRng::seed_from_u64(5);
    let random: Vec<u8> = (0..4096).map(|_| dice.random()).collect();
    let after_preface = |frame: &[u8]| [PREFACE, b"\0\0\0\x04\0\0\0\0\0", frame].concat();
    vec![
        ("nothing", Vec::new()),
        ("a request of HTTP/1", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
        (
            "HTTP/1 that wants HTTP/2",
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n".to_vec(),
        ),
        ("TLS", b"\x16\x03\x01\0\xf4\x01\0\0\xf0\x03\x03 a hello that is long enough to be read".to_vec()),
        ("SSH", b"SSH-2.0-OpenSSH_9.9 and what comes behind it\r\n".to_vec()),
        ("zeros", vec![0; 4096]),
        ("random bytes", random.clone()),
        ("half a preface", PREFACE[..12].to_vec()),
        ("a preface and random bytes", after_preface(&random)),
        ("settings of 5 bytes", [PREFACE, b"\0\0\x05\x04\0\0\0\0\0abcde"].concat()),
        ("data of no stream", after_preface(b"\0\0\x01\0\0\0\0\0\0x")),
        ("a frame longer than any", after_preface(b"\xff\xff\xff\0\0\0\0\0\x01")),
        ("headers that cannot be read", after_preface(b"\0\0\x04\x01\x05\0\0\0\x01\xff\xff\xff\xff")),
        ("headers of the server's own stream", after_preface(b"\0\0\x01\x01\x05\0\0\0\x02\x82")),
        ("a window of nothing", after_preface(b"\0\0\x04\x08\0\0\0\0\0\0\0\0\0")),
        ("a window beyond all", after_preface(b"\0\0\x04\x08\0\0\0\0\0\x7f\xff\xff\xff")),
        (
            "headers that go on in something else",
            after_preface(b"\0\0\x01\x01\0\0\0\0\x01\x82\0\0\0\0\0\0\0\0\x01"),
        ),
        ("a ping of 7 bytes", after_preface(b"\0\0\x07\x06\0\0\0\0\0abcdefg")),
    ]
}

/// Whether the server closes the connection after these bytes: because of what they are, or, of those that might
/// still become a preface, because no more will come.
pub(crate) fn is_closed(address: &str, bytes: &[u8]) -> bool {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    // It may close before it has read all.
    let _ = stream.write_all(bytes);
    if PREFACE.starts_with(bytes) {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => true,
        Err(e) => e.kind() == std::io::ErrorKind::ConnectionReset,
    }
}
