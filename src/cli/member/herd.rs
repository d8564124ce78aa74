//! A herd: two thousand members that lose the same server at the same moment, and five hundred that speak TLS. All are
//! back soon after it is, and none has knocked more than a few times.
//!
//! ```text
//!   2 000 members, a connection each ──► a listener that goes and comes ──► one engine that stays
//! ```
//!
//! `CONTACT_TEST_AWAY_S=60` says how long the server is away, `CONTACT_TEST_MEMBERS=5000` how many speak TLS.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "it runs in real time and says what it found"
)]

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use clap::Parser;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{runtime::Runtime, sync::mpsc};

use super::{Held, Joining, Member, News, Terms, intake, session};
use crate::{
    cli::{Arguments, Context, Failure, connect::Target, exit::Errors, place::Place},
    name::{ClientName, QueueName},
    server::{
        self,
        engine::embedded::{Embedded, Options},
        listener::{Address, Listener},
        tls::ThrowAway,
    },
};

const MEMBERS: usize = 2000;
/// Each of these has a handshake to make; `just tls-herd` has ten times as many.
const MEMBERS_OVER_TLS: usize = 500;
/// How long the server is away; `just agents` has a minute.
const AWAY_S: u64 = 5;
/// By then all are back,
const BACK: Duration = Duration::from_secs(20);
/// and each has tried at most so often, counted from the return.
const ATTEMPTS_MAX: usize = 3;
/// For what is not measured.
const DEADLINE: Duration = Duration::from_secs(60);
/// A process that is to be the herd itself finds this in its environment.
const INSIDE: &str = "TEST_HERD_INSIDE";

#[test]
fn a_herd_that_has_lost_its_server_is_back_soon() {
    inside("a_herd_that_has_lost_its_server_is_back_soon", || herd(MEMBERS, false));
}

#[test]
fn a_herd_over_tls_is_back_soon() {
    let members = std::env::var("CONTACT_TEST_MEMBERS").map_or(MEMBERS_OVER_TLS, |n| n.parse().unwrap());
    inside("a_herd_over_tls_is_back_soon", || herd(members, true));
}

/// Runs a test in a process of its own.
fn inside(name: &str, herd: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return herd();
    }
    // Two thousand members say that their server is lost, and each is right. In a process of its own nobody need read
    // it, and the descriptors are its alone.
    let mut inside = Command::new(std::env::current_exe().unwrap());
    inside.args(["--exact", &format!("cli::member::herd::{name}"), "--nocapture"]);
    let done = inside.env(INSIDE, "1").stdin(Stdio::null()).output().unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr);
    let said: Vec<&str> = stderr.lines().filter(|line| !line.contains("\"notice\"")).collect();
    let stdout = String::from_utf8_lossy(&done.stdout);
    println!("{stdout}{}", said.join("\n"));
    assert!(done.status.success(), "{}", done.status);
    assert!(stdout.contains("1 passed"), "the herd was not there");
}

fn herd(members: usize, is_over_tls: bool) {
    raise_limit(members);
    let folder = tempfile::tempdir().unwrap();
    let tls = is_over_tls.then(|| Secured::make(folder.path()));
    let away = std::env::var("CONTACT_TEST_AWAY_S").map_or(AWAY_S, |s| s.parse().unwrap());
    let clients = Runtime::new().unwrap();
    let engine = Embedded::in_memory(&Options::default()).unwrap();
    let (serving, address) = serve(&engine, "127.0.0.1:0".parse().unwrap(), tls.as_ref());
    let (sender, mut events) = mpsc::unbounded_channel();
    let arguments = match &tls {
        Some(Secured { ca, .. }) => {
            let ca = ca.to_str().unwrap();
            Arguments::parse_from([
                "contact",
                "--server",
                &format!("https://{address}"),
                "--tls-ca",
                ca,
                "health",
            ])
        }
        None => Arguments::parse_from(["contact", "--server", &address.to_string(), "health"]),
    };
    for n in 0..members {
        let mut global = arguments.global.clone();
        // Each as a process of its own has it: what one has found out about the server the others do not know.
        global.server = Target::parse(&global.server.address).unwrap().secured(&global.secure).unwrap();
        clients.spawn(member(n, Context { global, errors: Errors { json: true } }, sender.clone()));
    }
    let mut herd = vec![Standing::default(); members];
    clients.block_on(gather(&mut herd, &mut events, "all have come", |one| one.is_up));
    println!("{members} members are up");

    // As by kill -9: nobody is told anything.
    serving.shutdown_background();
    clients.block_on(gather(&mut herd, &mut events, "all have noticed", |one| !one.is_up));
    std::thread::sleep(Duration::from_secs(away));
    let returned = Instant::now();
    let (_serving, _) = serve(&engine, address, tls.as_ref());
    clients.block_on(gather(&mut herd, &mut events, "all are back", |one| one.is_up));

    let mut pauses: Vec<Duration> = herd.iter().map(|one| one.since.unwrap() - returned).collect();
    pauses.sort();
    let mut attempts: HashMap<usize, usize> = HashMap::new();
    for one in &herd {
        let failed = one.failures.iter().filter(|at| **at > returned).count();
        *attempts.entry(failed + 1).or_default() += 1;
    }
    let in_vain = herd.iter().flat_map(|one| &one.failures).filter(|at| **at <= returned).count();
    assert!(in_vain >= 2 * members, "only {in_vain} tries have failed: each of two streams must");
    let (median, last) = (pauses[members / 2], pauses[members - 1]);
    println!(
        "away {away} s, {in_vain} tries in vain: back after {median:.1?}, the last after {last:.1?}; attempts: {attempts:?}"
    );
    assert!(last <= BACK, "the last one was back after {last:?}");
    assert!(attempts.keys().all(|n| *n <= ATTEMPTS_MAX), "{attempts:?}");
    clients.shutdown_background();
}

/// How one of them stands.
#[derive(Debug, Clone, Default)]
struct Standing {
    is_up: bool,
    since: Option<Instant>,
    /// When its tries failed.
    failures: Vec<Instant>,
}

/// What one of them has to say.
enum Word {
    /// Both of its streams are open.
    Up,
    /// A stream, or its opening, has failed.
    Failed,
}

/// Hears the herd until all of them are so.
async fn gather(
    herd: &mut [Standing],
    events: &mut mpsc::UnboundedReceiver<(usize, Instant, Word)>,
    what: &str,
    is_so: impl Fn(&Standing) -> bool,
) {
    let mut left = herd.iter().filter(|one| !is_so(one)).count();
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while left > 0 {
        let Ok(event) = tokio::time::timeout_at(deadline, events.recv()).await else {
            panic!("not within {DEADLINE:?}: {what}; {left} are missing");
        };
        let (n, at, word) = event.unwrap();
        let one = &mut herd[n];
        let was_so = is_so(one);
        match word {
            Word::Up if !one.is_up => (one.is_up, one.since) = (true, Some(at)),
            Word::Up => {}
            Word::Failed => {
                one.is_up = false;
                one.failures.push(at);
            }
        }
        left = left + usize::from(was_so) - usize::from(is_so(one));
    }
}

/// A server on this address, on threads of its own: it goes with them.
fn serve(engine: &Embedded, address: SocketAddr, tls: Option<&Secured>) -> (Runtime, SocketAddr) {
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(Listener::bind(&Address::Tcp(address.to_string()))).unwrap();
    let address = listener.tcp_address().unwrap();
    let settings = server::Settings { tls: tls.map(|secured| secured.tls.clone()), ..Default::default() };
    runtime.spawn(server::serve(listener, Arc::new(engine.clone()), settings, std::future::pending()));
    (runtime, address)
}

/// How the server speaks TLS, and the file that its clients trust.
struct Secured {
    tls: Arc<server::Tls>,
    ca: PathBuf,
}

impl Secured {
    fn make(folder: &Path) -> Self {
        let ThrowAway { tls, ca: text } =
            ThrowAway::make(vec!["127.0.0.1".to_owned()], SystemTime::now()).unwrap();
        let ca = folder.join("ca.pem");
        std::fs::write(&ca, text).unwrap();
        Secured { tls: Arc::new(tls), ca }
    }
}

/// Holds nothing.
struct Nothing;

impl Held for Nothing {
    fn all(&self) -> Vec<String> {
        Vec::new()
    }

    fn untold(&self) -> Vec<String> {
        Vec::new()
    }
}

/// One of them, in a group of its own, for ever.
async fn member(n: usize, context: Context, events: mpsc::UnboundedSender<(usize, Instant, Word)>) {
    let client = ClientName::parse(&format!("h{n}")).unwrap();
    let mut member = Member::new(Joining {
        context: &context,
        group: format!("@{client}"),
        client,
        place: Place::new(vec![QueueName::parse("default").unwrap()], None).unwrap(),
        max_in_flight: 1,
        terms: Terms::default(),
        grace_ms: 20_000,
        has_from: false,
        foreign: |_| Failure::usage("not a contact server"),
    });
    member.open();
    loop {
        let news = member.next(true).await;
        let has_failed = matches!(
            news,
            News::Session(session::News::Failed(_))
                | News::Intake(intake::News::Failed(_) | intake::News::Ended)
        );
        member.take(news, &Nothing, tokio::time::Instant::now()).unwrap();
        let word = if has_failed {
            Word::Failed
        } else if member.is_up() && member.is_watching() {
            Word::Up
        } else {
            continue;
        };
        if events.send((n, Instant::now(), word)).is_err() {
            return;
        }
    }
}

/// Each member has a descriptor at either end.
fn raise_limit(members: usize) {
    let limit = getrlimit(Resource::Nofile);
    let wanted = 2 * members as u64 + 200;
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = limit.maximum.map_or(wanted, |maximum| maximum.max(wanted));
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: Some(raised) })
            .unwrap_or_else(|e| panic!("{wanted} descriptors cannot be had: {e}"));
    }
}
