//! HTTP/2 used against the server. During each attack an honest client is served as ever, memory is bounded, and
//! the log does not become the attack; after it nothing is left over.

use std::{
    io::Write,
    net::{Ipv4Addr, TcpStream},
    time::{Duration, Instant},
};

use contact::pb;
use prost::Message;

use crate::{
    common::Server,
    frames::{
        ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, Frames, HEADER_TABLE_SIZE, HEADERS,
        INITIAL_WINDOW_SIZE, PING, RST_STREAM, call, call_headers, connect_from, flood, frame, message,
        only_message, opening, settings, window_update,
    },
    honest::Honest,
    load::Load,
    many_descriptors, number,
};

const ATTACKER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Connections of one flood.
const CONNECTIONS: usize = 4;
const P99: Duration = Duration::from_millis(100);
const MORE_KIB: u64 = 64 << 10;
const IDLE_WITHIN: Duration = Duration::from_secs(5);
/// Lines of log that an attack may cost each second, and once.
const LINES: usize = 10;
/// Tasks that wait for whoever watches: more than any window.
const BACKLOG: (usize, usize) = (400, 100_000);

/// The server that is attacked, and how long.
struct Target {
    address: String,
    until: Instant,
}

/// An attack returns what is to stay open while the server becomes idle.
type Attack = fn(&Target) -> Vec<TcpStream>;

/// Each by its name.
const ATTACKS: &[(&str, Attack)] = &[
    ("rapid reset", rapid_reset),
    ("rapid reset in small lots", rapid_reset_in_lots),
    ("CONTINUATION without end", continuation),
    ("PING", ping),
    ("PING that answers none", pong),
    ("SETTINGS with a thousand streams", settings_flood),
    ("empty DATA", empty_data),
    ("one byte of DATA", one_byte_data),
    ("zero window", zero_window),
    ("a window of one byte", small_window),
    ("header bomb", header_bomb),
    ("lying length", lying_length),
    ("before the preface", before_the_preface),
];

#[test]
fn attacks() {
    many_descriptors();
    let only = std::env::var("CONTACT_TEST_ATTACK").unwrap_or_default();
    let lanes = number("CONTACT_TEST_LANES", 3) as usize;
    let chosen: Vec<_> = ATTACKS.iter().filter(|(name, _)| name.contains(&only)).collect();
    std::thread::scope(|scope| {
        for lane in 0..lanes {
            let of_lane: Vec<_> = chosen.iter().skip(lane).step_by(lanes).collect();
            scope.spawn(move || {
                for (name, attack) in of_lane {
                    withstand(name, *attack);
                }
            });
        }
    });
}

fn withstand(name: &str, attack: fn(&Target) -> Vec<TcpStream>) {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let load = Load::of(&server);
    let out = server.run(&["submit"], format!("{}\n", "x".repeat(BACKLOG.1)).repeat(BACKLOG.0));
    assert_eq!(out.code, 0, "{}", out.stderr);
    let sockets = load.sockets();
    let honest = Honest::start(&server.address);
    let (memory, lines) = (load.memory_kib(), server.log.lock().unwrap().len());
    load.forget_peak();

    let seconds = number("CONTACT_TEST_ATTACK_S", 3);
    let until = Instant::now() + Duration::from_secs(seconds);
    let open = attack(&Target { address: server.address.clone(), until });
    let (p50, p99, calls) = honest.end();
    let more = load.peak_kib().saturating_sub(memory);
    let idle = load.is_idle(sockets);
    let log = server.log.lock().unwrap()[lines..].to_vec();

    println!(
        "{name}: {calls} calls p50 {p50:?} p99 {p99:?}, {more} KiB more, idle after {idle:?}, {} lines",
        log.len()
    );
    assert!(p99 < P99, "{name}: an honest client's call took {p99:?} of {calls}");
    assert!(more <= MORE_KIB, "{name}: {more} KiB more");
    assert!(idle < IDLE_WITHIN, "{name}: idle after {idle:?}");
    assert!(log.len() <= LINES * (seconds as usize + 1), "{name}: {} lines, as {:#?}", log.len(), &log[..3]);
    drop(open);
    assert!(server.stop().success(), "{name}");
}

/// Floods over several connections, each opened again when the server has had enough of it.
fn flood_all(target: &Target, opening: &[u8], next: impl Fn(&mut u32) -> Vec<u8> + Sync) -> Vec<TcpStream> {
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                while Instant::now() < target.until {
                    let Ok(mut stream) = connect_from(ATTACKER, &target.address) else { continue };
                    if stream.write_all(opening).is_err() {
                        continue;
                    }
                    let mut id = 1;
                    let _ = flood(&mut stream, || Instant::now() < target.until, || next(&mut id));
                }
            });
        }
    });
    Vec::new()
}

/// The next stream's number.
fn take(id: &mut u32) -> u32 {
    *id += 2;
    *id - 2
}

fn many(times: usize, mut each: impl FnMut() -> Vec<u8>) -> Vec<u8> {
    (0..times).flat_map(|_| each()).collect()
}

/// A watch of everything from the first task.
fn watch() -> Vec<u8> {
    pb::Watch::default().encode_to_vec()
}

fn rapid_reset(target: &Target) -> Vec<TcpStream> {
    flood_all(target, &opening(&[]), |id| {
        many(500, || {
            let id = take(id);
            [call(id, "/Contact/getTask"), frame(RST_STREAM, 0, id, &[0, 0, 0, 8])].concat()
        })
    })
}

/// As many as are just not too many, as fast as the server answers a ping behind them.
fn rapid_reset_in_lots(target: &Target) -> Vec<TcpStream> {
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut stream = connect_from(ATTACKER, &target.address).unwrap();
                stream.write_all(&opening(&[])).unwrap();
                let mut frames = Frames::of(stream.try_clone().unwrap());
                let mut id = 1;
                while Instant::now() < target.until {
                    let lot = many(16, || {
                        let id = take(&mut id);
                        [
                            call(id, "/Contact/getTask"),
                            only_message(id, &watch()),
                            frame(RST_STREAM, 0, id, &[0, 0, 0, 8]),
                        ]
                        .concat()
                    });
                    stream.write_all(&[lot, frame(PING, 0, 0, &[7; 8])].concat()).unwrap();
                    let is_pong = |frame: &Frame| frame.kind == PING && frame.flags == ACK;
                    frames.find(is_pong).expect("the server has not had enough");
                }
            });
        }
    });
    Vec::new()
}

fn continuation(target: &Target) -> Vec<TcpStream> {
    let begin = [opening(&[]), frame(HEADERS, 0, 1, &call_headers("/Contact/getTask"))].concat();
    flood_all(target, &begin, |_| many(1000, || frame(CONTINUATION, 0, 1, &[])))
}

fn ping(target: &Target) -> Vec<TcpStream> {
    flood_all(target, &opening(&[]), |_| many(1000, || frame(PING, 0, 0, &[7; 8])))
}

fn pong(target: &Target) -> Vec<TcpStream> {
    flood_all(target, &opening(&[]), |_| many(1000, || frame(PING, ACK, 0, &[7; 8])))
}

/// Each moves the window of each stream.
fn settings_flood(target: &Target) -> Vec<TcpStream> {
    let mut id = 1;
    let streams = many(990, || {
        let id = take(&mut id);
        [call(id, "/Contact/getTask"), only_message(id, &watch())].concat()
    });
    let begin = [opening(&[(INITIAL_WINDOW_SIZE, 0)]), streams].concat();
    flood_all(target, &begin, |_| {
        many(500, || {
            [
                settings(&[(INITIAL_WINDOW_SIZE, 1), (HEADER_TABLE_SIZE, 0)]),
                settings(&[(INITIAL_WINDOW_SIZE, 0)]),
            ]
            .concat()
        })
    })
}

fn empty_data(target: &Target) -> Vec<TcpStream> {
    let begin = [opening(&[]), call(1, "/Contact/submitTask")].concat();
    flood_all(target, &begin, |_| many(1000, || frame(DATA, 0, 1, &[])))
}

/// Of messages that are read, and behind the only message of a call.
fn one_byte_data(target: &Target) -> Vec<TcpStream> {
    let open = [call(1, "/Contact/submitTask"), call(3, "/Contact/getTask")].concat();
    let said = [frame(DATA, 0, 1, &[0, 0, 15, 0, 0]), frame(DATA, 0, 3, &message(&watch()))].concat();
    let begin = [opening(&[(INITIAL_WINDOW_SIZE, 0)]), open, said].concat();
    flood_all(target, &begin, |_| many(500, || [frame(DATA, 0, 1, b"x"), frame(DATA, 0, 3, b"x")].concat()))
}

fn zero_window(target: &Target) -> Vec<TcpStream> {
    watch_with_window(target, 0)
}

fn small_window(target: &Target) -> Vec<TcpStream> {
    watch_with_window(target, 1)
}

/// 128 watches of a long backlog that may send so little; then a byte more for each, again and again.
fn watch_with_window(target: &Target, window: u32) -> Vec<TcpStream> {
    let mut id = 1;
    let streams = many(128, || {
        let id = take(&mut id);
        [call(id, "/Contact/getTask"), only_message(id, &watch())].concat()
    });
    let begin = [opening(&[(INITIAL_WINDOW_SIZE, window)]), streams].concat();
    flood_all(target, &begin, |_| {
        if window == 0 {
            return frame(PING, 0, 0, &[7; 8]);
        }
        (0..128).flat_map(|n| window_update(2 * n + 1, window)).collect()
    })
}

/// One long header in the table, named again and again in a byte each.
fn header_bomb(target: &Target) -> Vec<TcpStream> {
    flood_all(target, &opening(&[]), |id| {
        let mut block = call_headers("/Contact/getTask");
        block.extend([0x40, 1, b'a', 0x7f, 0xa0, 0x1e]); // 3999 bytes
        block.extend([b'x'; 3999]);
        block.resize(16_000, 0xbe);
        frame(HEADERS, END_HEADERS | END_STREAM, take(id), &block)
    })
}

/// Each message says that it is as long as one may be, and has a few bytes. Some say that they are longer.
fn lying_length(target: &Target) -> Vec<TcpStream> {
    flood_all(target, &opening(&[]), |id| {
        if *id > 1000 {
            return frame(PING, 0, 0, &[7; 8]);
        }
        many(100, || {
            let id = take(id);
            let length: u32 = if id % 8 == 1 { u32::MAX } else { (1 << 20) + (64 << 10) };
            let said = [&[0][..], &length.to_be_bytes(), b"few"].concat();
            [call(id, "/Contact/submitTask"), frame(DATA, 0, id, &said)].concat()
        })
    })
}

/// Some say nothing, some a part of the preface, some all but their settings.
fn before_the_preface(target: &Target) -> Vec<TcpStream> {
    let whole = opening(&[]);
    let open: Vec<_> = (0..5000)
        .map(|n| {
            let mut stream = connect_from(ATTACKER, &target.address).unwrap();
            stream.write_all(&whole[..n % 33]).unwrap();
            stream
        })
        .collect();
    while Instant::now() < target.until {
        std::thread::sleep(Duration::from_millis(10));
    }
    open
}
