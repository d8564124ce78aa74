//! HTTP/2 by hand: frames as no library would write them.

use std::{
    io::{self, BufReader, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpStream},
};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with, sockopt};

use crate::common::DEADLINE;

/// What the system takes in for one who does not read.
const READ_AHEAD_BYTES: usize = 32 << 10;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) const HEADER_TABLE_SIZE: u16 = 1;
pub(crate) const MAX_CONCURRENT_STREAMS: u16 = 3;
pub(crate) const INITIAL_WINDOW_SIZE: u16 = 4;
pub(crate) const MAX_HEADER_LIST_SIZE: u16 = 6;

/// A frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(9 + payload.len());
    frame.extend(&(payload.len() as u32).to_be_bytes()[1..]);
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A SETTINGS frame.
pub(crate) fn settings(settings: &[(u16, u32)]) -> Vec<u8> {
    let each = |(name, value): &(u16, u32)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat();
    frame(SETTINGS, 0, 0, &settings.iter().flat_map(each).collect::<Vec<_>>())
}

/// How a connection begins.
pub(crate) fn opening(of: &[(u16, u32)]) -> Vec<u8> {
    [PREFACE, &settings(of), &frame(SETTINGS, ACK, 0, &[])].concat()
}

/// The headers of a gRPC call, in HPACK that leaves nothing in the table.
pub(crate) fn call_headers(path: &str) -> Vec<u8> {
    let mut block = vec![0x83, 0x86]; // POST, http
    let text = |block: &mut Vec<u8>, text: &str| {
        assert!(text.len() < 127);
        block.push(text.len() as u8);
        block.extend(text.as_bytes());
    };
    block.push(0x04); // :path
    text(&mut block, path);
    block.push(0x01); // :authority
    text(&mut block, "contact");
    block.extend([0x0f, 0x10]); // content-type
    text(&mut block, "application/grpc");
    block.push(0x00);
    text(&mut block, "te");
    text(&mut block, "trailers");
    block
}

/// A gRPC call.
pub(crate) fn call(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &call_headers(path))
}

/// A gRPC message.
pub(crate) fn message(bytes: &[u8]) -> Vec<u8> {
    [&[0][..], &(bytes.len() as u32).to_be_bytes(), bytes].concat()
}

/// The only message of a call.
pub(crate) fn only_message(stream: u32, bytes: &[u8]) -> Vec<u8> {
    frame(DATA, END_STREAM, stream, &message(bytes))
}

/// Allows the peer to send so much more.
pub(crate) fn window_update(stream: u32, bytes: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes())
}

/// A frame that the server has sent.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// The frames that the server sends, up to its end.
pub(crate) struct Frames(BufReader<TcpStream>);

impl Frames {
    pub(crate) fn of(stream: TcpStream) -> Frames {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        Frames(BufReader::new(stream))
    }

    fn read(&mut self) -> io::Result<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head)?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.0.read_exact(&mut payload)?;
        Ok(Frame { kind, flags, stream: u32::from_be_bytes(stream), payload })
    }
}

impl Iterator for Frames {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        match self.read() {
            Ok(frame) => Some(frame),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => panic!("the server says nothing more"),
            Err(_) => None,
        }
    }
}

/// Connects from this address of the loopback network.
pub(crate) fn connect_from(from: Ipv4Addr, to: &str) -> io::Result<TcpStream> {
    let to = to.trim_start_matches("https://");
    let SocketAddr::V4(to) = to.parse().unwrap() else { panic!("an IPv4 address") };
    // Not for the servers that are started meanwhile.
    let made = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_recv_buffer_size(&made, READ_AHEAD_BYTES)?;
    bind(&made, &SocketAddrV4::new(from, 0))?;
    connect(&made, &to)?;
    Ok(made.into())
}

/// Writes the same again and again until the peer has had enough or `go_on` says no. What the peer says is thrown
/// away.
pub(crate) fn flood(
    stream: &mut TcpStream,
    mut go_on: impl FnMut() -> bool,
    mut next: impl FnMut() -> Vec<u8>,
) -> io::Result<()> {
    let mut from = stream.try_clone()?;
    std::thread::scope(|scope| {
        scope.spawn(move || io::copy(&mut from, &mut io::sink()));
        let mut written = Ok(());
        while go_on() && written.is_ok() {
            written = stream.write_all(&next());
        }
        let _ = stream.shutdown(Shutdown::Both);
        written
    })
}
