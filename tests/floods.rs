//! HTTP/2 used against the server. During each attack an honest client is served as ever, memory is bounded, and
//! the log does not become the attack; after it nothing is left over.
//!
//! ```text
//!  127.0.0.2  attackers, by raw frames ──┐
//!                                        ├──► contact serve ◄── its memory, processor time, sockets, log
//!  127.0.0.1  an honest client, measured ┘
//! ```
//!
//! How long a call takes is a figure, and this machine is part of it: the attacks come one after another, and no other
//! test is beside them. The long form is a recipe: `just attacks`.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests run in real time and say what they found"
)]

mod common;
#[path = "attacks/frames.rs"]
#[allow(dead_code, reason = "shared with the other attacks")]
mod frames;
#[path = "floods/honest.rs"]
mod honest;
#[path = "attacks/load.rs"]
#[allow(dead_code, reason = "shared with the other attacks")]
mod load;
#[path = "attacks/secure.rs"]
#[allow(dead_code, reason = "shared with the other attacks")]
mod secure;

use std::{
    io::Write,
    net::{Ipv4Addr, TcpStream},
    time::{Duration, Instant},
};

use contact::pb;
use prost::Message;

use common::{Server, many_descriptors, number};
use frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, Frames, HEADER_TABLE_SIZE, HEADERS,
    INITIAL_WINDOW_SIZE, PING, RST_STREAM, call, call_headers, connect_from, flood, frame, message,
    only_message, opening, settings, window_update,
};
use honest::Honest;
use load::Load;
use secure::{Secure, Way};

const ATTACKER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Connections of one flood.
const CONNECTIONS: usize = 4;
const P99: Duration = Duration::from_millis(100);
const MORE_KIB: u64 = 64 << 10;
const IDLE_WITHIN: Duration = Duration::from_secs(5);
/// A message has as many at most, a frame as many.
const MESSAGE_BYTES: u32 = (1 << 20) + (64 << 10);
const FRAME_BYTES: usize = 16 << 10;
/// Lines of log that an attack may cost each second, and once.
const LINES: usize = 10;
/// Tasks that wait for whoever watches: more than any window.
const BACKLOG: (usize, usize) = (400, 100_000);

/// The server that is attacked, and how long.
struct Target {
    address: String,
    /// If it speaks TLS.
    secure: Option<Secure>,
    seconds: Duration,
    until: Instant,
}

/// Against a server that speaks TLS.
const HALF_OPEN: &str = "half-open TLS";

/// Against a server with a backlog.
const SMALL_WINDOWS: &str = "windows of nothing and of a byte";

/// Against a server with a backlog, where one caller may have little.
const CLOSED_WINDOWS: &str = "lists, statuses and submits with a closed window";

/// An attack returns what is to stay open while the server becomes idle.
type Attack = fn(&Target) -> Vec<TcpStream>;

/// The attacks by their names, each against a server of its own.
const ATTACKS: &[(&str, Attack)] = &[
    ("rapid reset", rapid_reset),
    ("CONTINUATION without end", continuation),
    ("SETTINGS with a thousand streams", settings_flood),
    ("PING", ping),
    ("small DATA", small_data),
    (SMALL_WINDOWS, small_windows),
    (CLOSED_WINDOWS, closed_windows),
    ("header bomb", header_bomb),
    ("lying length", lying_length),
    ("before the preface", before_the_preface),
    (HALF_OPEN, half_open),
];

#[test]
fn an_honest_client_is_served_during_each_attack_and_nothing_is_left_of_it() {
    many_descriptors();
    let only = std::env::var("CONTACT_TEST_ATTACK").unwrap_or_default();
    let attacks: Vec<_> = ATTACKS.iter().filter(|(name, _)| name.contains(&only)).collect();
    assert!(!attacks.is_empty(), "no attack is called {only}");
    for (name, attack) in attacks {
        // Once more if a busy machine got in between.
        let took = withstand(name, *attack);
        let took = if took < P99 { took } else { withstand(name, *attack) };
        assert!(took < P99, "{name}: an honest client's call took {took:?}");
    }
}

/// How long an honest client's call took, 99 of 100 at most.
fn withstand(name: &str, attack: Attack) -> Duration {
    let data = tempfile::tempdir().unwrap();
    let is_secure = name == HALF_OPEN;
    let flags: &[&str] = match name {
        HALF_OPEN => &["--dev-tls"],
        CLOSED_WINDOWS => &["--max-bytes-in-flight", "16MiB"],
        _ => &[],
    };
    let server = Server::start_with(data.path(), flags);
    let load = Load::of(&server);
    let secure = is_secure.then(|| Secure::of(data.path()));
    if [SMALL_WINDOWS, CLOSED_WINDOWS].contains(&name) {
        let lines = format!("{}\n", "x".repeat(BACKLOG.1)).repeat(BACKLOG.0);
        let out = server.run(&["submit"], lines);
        assert_eq!(out.code, 0, "{}", out.stderr);
    }
    // When it has begun, and what was handed in is done with.
    load.is_idle(usize::MAX);
    let sockets = load.sockets();
    let honest = Honest::start(Way::to(&server, secure.clone()));
    let (memory, lines) = (load.memory_kib(), server.log.lock().unwrap().len());
    load.forget_peak();

    let seconds = Duration::from_secs(number("CONTACT_TEST_ATTACK_S", 3));
    let until = Instant::now() + seconds;
    let open = attack(&Target { address: server.address.clone(), secure, seconds, until });
    let (p50, p99, calls) = honest.end();
    let more = load.peak_kib().saturating_sub(memory);
    let idle = load.is_idle(sockets);
    let log = server.log.lock().unwrap()[lines..].to_vec();

    println!(
        "{name}: {calls} calls p50 {p50:?} p99 {p99:?}, {more} KiB more, idle after {idle:?}, {} lines",
        log.len()
    );
    assert!(more <= MORE_KIB, "{name}: {more} KiB more");
    assert!(idle < IDLE_WITHIN, "{name}: idle after {idle:?}");
    assert!(
        log.len() <= LINES * (seconds.as_secs() as usize + 1),
        "{name}: {} lines, as {:#?}",
        log.len(),
        &log[..3]
    );
    drop(open);
    assert!(server.stop().success(), "{name}");
    p99
}

/// Floods over so many connections, each opened again when the server has had enough of it.
fn flood_all(
    target: &Target,
    connections: usize,
    opening: &[u8],
    next: impl Fn(&mut u32) -> Vec<u8> + Sync,
) -> Vec<TcpStream> {
    std::thread::scope(|scope| {
        for _ in 0..connections {
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

/// Floods with the same again and again.
fn flood_with(target: &Target, opening: &[u8], lot: &[u8]) -> Vec<TcpStream> {
    flood_all(target, CONNECTIONS, opening, |_| lot.to_vec())
}

/// Floods with one over half of the connections, and with the other over the rest.
fn flood_with_both(target: &Target, openings: [&[u8]; 2], lots: [&[u8]; 2]) -> Vec<TcpStream> {
    std::thread::scope(|scope| {
        scope.spawn(|| flood_all(target, CONNECTIONS / 2, openings[0], |_| lots[0].to_vec()));
        flood_all(target, CONNECTIONS / 2, openings[1], |_| lots[1].to_vec())
    })
}

/// As fast as the server answers a ping behind each lot: it never has a reason to end the connection.
fn in_step(target: &Target, connections: usize, next: impl Fn(&mut u32) -> Vec<u8> + Sync) {
    let once = |mut stream: TcpStream| {
        let mut frames = Frames::of(stream.try_clone().unwrap());
        let (mut id, mut said, mut is_answered) = (1, opening(&[]), true);
        while is_answered && Instant::now() < target.until {
            said.extend(next(&mut id));
            said.extend(frame(PING, 0, 0, &[7; 8]));
            let is_pong = |frame: Frame| frame.kind == PING && frame.flags == ACK;
            is_answered = stream.write_all(&said).is_ok() && frames.any(is_pong);
            said.clear();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                while Instant::now() < target.until {
                    connect_from(ATTACKER, &target.address).into_iter().for_each(once);
                }
            });
        }
    });
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

/// As many as will go; and in lots that are just not too many.
fn rapid_reset(target: &Target) -> Vec<TcpStream> {
    let reset = |id: &mut u32| {
        let id = take(id);
        let open = [call(id, "/Contact/getTask"), only_message(id, &watch())];
        [open.concat(), frame(RST_STREAM, 0, id, &[0, 0, 0, 8])].concat()
    };
    std::thread::scope(|scope| {
        scope.spawn(|| in_step(target, CONNECTIONS / 2, |id| many(16, || reset(id))));
        flood_all(target, CONNECTIONS / 2, &opening(&[]), |id| many(500, || reset(id)))
    })
}

fn continuation(target: &Target) -> Vec<TcpStream> {
    let begin = [opening(&[]), frame(HEADERS, 0, 1, &call_headers("/Contact/getTask"))].concat();
    flood_with(target, &begin, &many(1000, || frame(CONTINUATION, 0, 1, &[])))
}

/// Questions, and answers to none.
fn ping(target: &Target) -> Vec<TcpStream> {
    let begin = opening(&[]);
    let lots = [0, ACK].map(|flags| many(1000, || frame(PING, flags, 0, &[7; 8])));
    flood_with_both(target, [&begin, &begin], [&lots[0], &lots[1]])
}

/// Each moves the window of each stream.
fn settings_flood(target: &Target) -> Vec<TcpStream> {
    let mut id = 1;
    let streams = many(990, || {
        let id = take(&mut id);
        [call(id, "/Contact/getTask"), only_message(id, &watch())].concat()
    });
    let begin = [opening(&[(INITIAL_WINDOW_SIZE, 0)]), streams].concat();
    let change = [
        settings(&[(INITIAL_WINDOW_SIZE, 1), (HEADER_TABLE_SIZE, 0)]),
        settings(&[(INITIAL_WINDOW_SIZE, 0)]),
    ];
    flood_with(target, &begin, &many(500, || change.concat()))
}

/// Empty; and of a byte each, of messages that are read and behind the only message of a call.
fn small_data(target: &Target) -> Vec<TcpStream> {
    let empty = [opening(&[]), call(1, "/Contact/submitTask")].concat();
    let open = [call(1, "/Contact/submitTask"), call(3, "/Contact/getTask")].concat();
    let said = [frame(DATA, 0, 1, &[0, 0, 15, 0, 0]), frame(DATA, 0, 3, &message(&watch()))].concat();
    let one_byte = [opening(&[(INITIAL_WINDOW_SIZE, 0)]), open, said].concat();
    let bytes = many(500, || [frame(DATA, 0, 1, b"x"), frame(DATA, 0, 3, b"x")].concat());
    flood_with_both(target, [&empty, &one_byte], [&many(1000, || frame(DATA, 0, 1, &[])), &bytes])
}

/// 128 watches of a long backlog that may send nothing; and as many that may send a byte, again and again.
fn small_windows(target: &Target) -> Vec<TcpStream> {
    let mut id = 1;
    let streams = many(128, || {
        let id = take(&mut id);
        [call(id, "/Contact/getTask"), only_message(id, &watch())].concat()
    });
    let begin = [0, 1].map(|window| [opening(&[(INITIAL_WINDOW_SIZE, window)]), streams.clone()].concat());
    let bytes: Vec<u8> = (0..128).flat_map(|n| window_update(2 * n + 1, 1)).collect();
    flood_with_both(target, [&begin[0], &begin[1]], [&frame(PING, 0, 0, &[7; 8]), &bytes])
}

/// Calls whose answers are far longer than what is asked, by one who allows none of them to be sent.
fn closed_windows(target: &Target) -> Vec<TcpStream> {
    let list = pb::ListTasks { limit: 1000, ..pb::ListTasks::default() }.encode_to_vec();
    let heartbeat = pb::ClientMsg { heartbeat: true, ..pb::ClientMsg::default() }.encode_to_vec();
    let beats = message(&heartbeat).repeat(200);
    let nothing = message(&[]).repeat(1200);
    let rest = frame(PING, 0, 0, &[7; 8]);
    let begin = opening(&[(INITIAL_WINDOW_SIZE, 0)]);
    flood_all(target, CONNECTIONS, &begin, |id| {
        // It is what stays that is looked at, not how fast it comes.
        std::thread::sleep(Duration::from_millis(10));
        if *id > 1200 {
            return rest.clone();
        }
        let (lists, statuses, submits) = (take(id), take(id), take(id));
        let said = [
            [call(lists, "/Contact/listTasks"), only_message(lists, &list)].concat(),
            [call(statuses, "/Contact/sendStatus"), frame(DATA, 0, statuses, &beats)].concat(),
            [call(submits, "/Contact/submitTask"), frame(DATA, 0, submits, &nothing)].concat(),
        ];
        said.concat()
    })
}

/// One long header in the table, named again and again in a byte each.
fn header_bomb(target: &Target) -> Vec<TcpStream> {
    flood_all(target, CONNECTIONS, &opening(&[]), |id| {
        let mut block = call_headers("/Contact/getTask");
        block.extend([0x40, 1, b'a', 0x7f, 0xa0, 0x1e]); // 3999 bytes
        block.extend([b'x'; 3999]);
        block.resize(16_000, 0xbe);
        frame(HEADERS, END_HEADERS | END_STREAM, take(id), &block)
    })
}

/// Each message says that it is as long as one may be, and has a few bytes, or nearly all. Some say that they are
/// longer.
fn lying_length(target: &Target) -> Vec<TcpStream> {
    let begin = |id: u32, length: u32| {
        let said = [&[0][..], &length.to_be_bytes(), b"few"].concat();
        [call(id, "/Contact/submitTask"), frame(DATA, 0, id, &said)].concat()
    };
    let rest = frame(PING, 0, 0, &[7; 8]);
    let few = |id: &mut u32| {
        if *id > 1000 {
            return rest.clone();
        }
        let lengths = [u32::MAX, MESSAGE_BYTES, MESSAGE_BYTES, MESSAGE_BYTES];
        many(100, || begin(take(id), lengths[*id as usize / 2 % 4]))
    };
    let nearly_all = |id: &mut u32| {
        if *id > 200 {
            return rest.clone();
        }
        let id = take(id);
        let most =
            many(MESSAGE_BYTES as usize / FRAME_BYTES - 1, || frame(DATA, 0, id, &[b'x'; FRAME_BYTES]));
        [begin(id, MESSAGE_BYTES), most].concat()
    };
    std::thread::scope(|scope| {
        scope.spawn(|| in_step(target, CONNECTIONS / 2, nearly_all));
        flood_all(target, CONNECTIONS / 2, &opening(&[]), few)
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
    hold(target);
    open
}

/// Some say nothing, some a part of their greeting, some all of it, and none what comes then.
fn half_open(target: &Target) -> Vec<TcpStream> {
    let secure = target.secure.as_ref().unwrap();
    let open = (0..2000)
        .map(|n| {
            let hello = secure.hello();
            let said = [0, hello.len() / 2, hello.len()][n % 3];
            let mut stream = connect_from(ATTACKER, &target.address).unwrap();
            stream.write_all(&hello[..said]).unwrap();
            stream
        })
        .collect();
    hold(target);
    open
}

/// It took a while to open them all.
fn hold(target: &Target) {
    let until = Instant::now() + target.seconds;
    while Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
}
