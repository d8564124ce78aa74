//! `contact serve`: the server. Here the two halves of the program meet.

use std::{
    ffi::OsStr,
    io::{IsTerminal, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::{Args, ValueEnum, builder::FalseyValueParser};
use serde::Serialize;
use tracing_subscriber::EnvFilter;

use super::{Context, Failure, exit::code, json, output::Output, reason::Reason, signals::Signals, time};
use crate::server::{
    self, demo,
    engine::{
        Engine,
        embedded::{Embedded, OpenError, Options},
    },
    listener::{Address, Listener},
};
use access::{AccessFlags, Exposure};
use bounds::Bounds;
use tls::ServeTls;

mod access;
mod bounds;
mod check;
mod disk;
mod port;
mod tls;

/// Run the server
///
/// Keeps every task in one SQLite file, synced before a submit is answered.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact serve
  contact serve --addr 127.0.0.1:0 --port-file port     a free port, written to a file
  contact serve --addr unix:/run/contact.sock
  contact serve --store memory --demo                   the tutorial's server: ten tasks each 40 s
  contact serve --dev-tls                               TLS to try out: prints what clients need
  contact serve --tls-cert server.pem --tls-key server.key --client-ca clients.pem
  contact serve --check                                 is the store whole?

Exit codes: 0 ended by SIGINT or SIGTERM, or the store is whole; 1 the address cannot be listened on; 2 wrong usage;
5 the store cannot be opened (damaged, in use, newer format, no room) or has failed")]
pub(super) struct Serve {
    /// Where to listen: HOST:PORT (port 0: any free one) or unix:PATH
    #[arg(
        long,
        env = "CONTACT_SERVE_ADDR",
        default_value = "127.0.0.1:50051",
        value_name = "ADDRESS",
        hide_env_values = true
    )]
    addr: Address,

    /// Write the port into this file once it is listened on
    #[arg(long, env = "CONTACT_SERVE_PORT_FILE", value_name = "FILE", hide_env_values = true)]
    port_file: Option<PathBuf>,

    /// The folder to keep tasks in [default: $XDG_STATE_HOME/contact, else ~/.local/state/contact]
    #[arg(long, env = "CONTACT_SERVE_DATA", value_name = "DIR", hide_env_values = true)]
    data: Option<PathBuf>,

    /// Where to keep tasks
    #[arg(
        long,
        env = "CONTACT_SERVE_STORE",
        default_value = "sqlite",
        value_name = "STORE",
        hide_env_values = true
    )]
    store: StoreKind,

    /// How long to keep a task
    #[arg(long, env = "CONTACT_SERVE_RETAIN", default_value = "30d", value_name = "DURATION",
          value_parser = time::positive_duration, hide_env_values = true)]
    retain: Duration,

    #[command(flatten)]
    access: AccessFlags,

    #[command(flatten)]
    disk: disk::Disk,

    /// Listen beyond this machine without TLS, or without asking clients who they are
    #[arg(long, env = "CONTACT_SERVE_INSECURE", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    insecure: bool,

    #[command(flatten)]
    port: port::Port,

    /// Submit the tutorial's ten tasks now and again
    #[arg(long, env = "CONTACT_SERVE_DEMO", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    demo: bool,

    /// How often
    #[arg(long, env = "CONTACT_SERVE_DEMO_EVERY", default_value = "40s", value_name = "DURATION",
          value_parser = time::positive_duration, hide_env_values = true)]
    demo_every: Duration,

    /// How to write log lines
    #[arg(
        long,
        env = "CONTACT_SERVE_LOG_FORMAT",
        default_value = "text",
        value_name = "FORMAT",
        hide_env_values = true
    )]
    log_format: LogFormat,

    /// What to log: off, error, warn, info, debug, trace, or a filter like contact=debug,h2=warn
    #[arg(long, env = "CONTACT_LOG", default_value = "info", value_name = "FILTER", hide_env_values = true)]
    log: String,

    #[command(flatten)]
    bounds: Bounds,

    #[command(flatten)]
    tls: ServeTls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StoreKind {
    /// On disk
    Sqlite,
    /// In memory: forgotten when the server ends
    Memory,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    Text,
    Json,
}

#[derive(Serialize)]
struct ReadyLine<'a> {
    ready: &'a str,
    store: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    tasks: u64,
}

/// As many connections as this process may have: what it gets to begin with is often a thousand. Says how many
/// descriptors that makes; `None`: without end.
pub(super) fn allow_connections() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // If that is not allowed it serves as many as it may.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    getrlimit(Resource::Nofile).current
}

impl Serve {
    /// Whether it is to verify the store and serve nothing.
    pub(super) fn checks(&self) -> bool {
        self.disk.check
    }

    /// Verifies the store.
    pub(super) async fn check(self, out: &mut Output) -> Result<u8, Failure> {
        if self.store == StoreKind::Memory {
            return Err(Failure::usage(
                "--check goes with a store on disk: one in memory begins anew each time",
            ));
        }
        check::run(self.data.map_or_else(default_folder, Ok)?, out).await
    }

    pub(super) fn run(self, _context: &Context) -> Result<u8, Failure> {
        // HTTP/2's library has a line for frames that a peer makes up, as many as it likes.
        let filter = EnvFilter::try_new(format!("h2=error,{}", self.log))
            .map_err(|e| Failure::usage(format!("--log {:?}: {e}", self.log)))?;
        if self.port_file.is_some() && matches!(self.addr, Address::Unix(_)) {
            return Err(Failure::usage("--port-file goes with a TCP address: a socket has no port"));
        }
        let descriptors = allow_connections();
        let logging = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            // It would say on stderr that stderr is gone, and panic.
            .log_internal_errors(false);
        match self.log_format {
            LogFormat::Text => logging.with_target(false).init(),
            LogFormat::Json => logging.json().flatten_event(true).init(),
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|e| Failure::new(code::NO, Reason::System, e.to_string()))?;
        let result = runtime.block_on(self.serve(descriptors));
        // A file of certificates or tokens may still be being read, from a disk that has gone: nobody waits for that.
        runtime.shutdown_background();
        result
    }

    async fn serve(self, descriptors: Option<u64>) -> Result<u8, Failure> {
        // Caught first: a signal during a long start ends it cleanly too.
        let mut signals =
            Signals::catch().map_err(|e| Failure::new(code::NO, Reason::System, e.to_string()))?;
        let mut tls = self.tls.load(&self.addr)?;
        if let Some(file) = &self.port_file {
            remove_stale(file);
        }
        let access = self.access.open(self.tls.asks_clients())?;
        let danger = self.exposure(self.beyond().await?).judge()?;
        let listener = self.listen().await?;
        // Its name may be that of another address by now.
        if let Some(bound) = listener.tcp_address().filter(|bound| !bound.ip().is_loopback()) {
            self.exposure(Some(bound)).judge()?;
        }
        let options = Options { retain: self.retain, min_free: self.disk.min_free, ..Options::default() };
        let engine = match self.store {
            StoreKind::Memory => Embedded::in_memory(&options),
            StoreKind::Sqlite => {
                let folder = self.data.clone().map_or_else(default_folder, Ok)?;
                let opening = tokio::task::spawn_blocking(move || Embedded::open(&folder, &options));
                opening.await.map_err(|e| Failure::new(code::STORE, Reason::Store, e.to_string()))?
            }
        }
        .map_err(|e| store_failure(&e))?;
        let address = listener.address().map_err(|e| self.cannot_listen(&e))?;
        if let (Some(file), Some(address)) = (&self.port_file, listener.tcp_address()) {
            write_whole(file, &format!("{}\n", address.port()))
                .map_err(|e| Failure::new(code::NO, Reason::System, format!("{}: {e}", file.display())))?;
        }
        let folder = engine.file().and_then(Path::parent);
        let made = self.tls.throw_away(&self.addr, listener.tcp_address(), folder, self.log_format)?;
        let (made, _trusted) = made.unzip();
        tls = tls.or(made);
        if let Some(tls) = &tls {
            tls::follow(tls.clone())?;
        }
        self.say_ready(&address, &engine);
        match danger {
            Some(danger) => tracing::warn!("--insecure: {address} is open: {danger}"),
            None if !access.is_guarded() => {
                tracing::info!("anybody at {address} may claim any name: --tokens asks who they are");
            }
            None => {}
        }
        if self.demo {
            tokio::spawn(demo::run(Arc::new(engine.clone()), self.demo_every));
        }
        let mut settings = server::Settings { access, tls, ..self.port.settings(descriptors) };
        self.bounds.set(&mut settings.limits);
        let mut failure = None;
        let shutdown = async {
            tokio::select! {
                _ = signals.next() => tracing::info!("stopping"),
                why = engine.failed() => failure = Some(why),
            }
        };
        let served = server::serve(listener, Arc::new(engine.clone()), settings, shutdown).await;
        engine.close().await;
        if let Some(file) = &self.port_file {
            let _ = std::fs::remove_file(file);
        }
        // What is written last may fail too.
        if let Some(why) = failure.or_else(|| engine.failure()) {
            let message = format!("the store has failed: {why}");
            return Err(Failure::new(code::STORE, Reason::StoreFailed, message)
                .hint("nothing that was not answered is promised; check the disk, then start again"));
        }
        served.map_err(|e| Failure::new(code::NO, Reason::System, format!("{e:#}")))?;
        tracing::info!("stopped");
        Ok(0)
    }

    async fn listen(&self) -> Result<Listener, Failure> {
        let listener = Listener::bind_with_mode(&self.addr, self.access.socket_mode()).await;
        listener.map_err(|e| self.cannot_listen(&e))
    }

    /// At an address that other machines can reach, if it is one.
    fn exposure(&self, beyond: Option<SocketAddr>) -> Exposure {
        Exposure {
            beyond,
            tls: self.tls.is_on(),
            tokens: self.access.tokens.is_some(),
            client_ca: self.tls.asks_clients(),
            insecure: self.insecure,
        }
    }

    /// An address that other machines can reach.
    async fn beyond(&self) -> Result<Option<SocketAddr>, Failure> {
        let Address::Tcp(address) = &self.addr else { return Ok(None) };
        let mut found =
            tokio::net::lookup_host(address.as_str()).await.map_err(|e| self.cannot_listen(&e))?;
        Ok(found.find(|a| !a.ip().is_loopback()))
    }

    fn cannot_listen(&self, error: &std::io::Error) -> Failure {
        let failure =
            Failure::new(code::NO, Reason::Listen, format!("cannot listen on {}: {error}", self.addr));
        if error.kind() == std::io::ErrorKind::AddrInUse {
            return failure.hint(match self.addr {
                Address::Tcp(_) => "another server is there; --addr 127.0.0.1:0 takes a free port",
                Address::Unix(_) => "another server is there: stop it, or name another path",
            });
        }
        failure
    }

    fn say_ready(&self, address: &Address, engine: &Embedded) {
        let tasks = engine.tasks_kept();
        let store = engine.store_id();
        let scheme = if self.tls.is_on() { "https://" } else { "" };
        let address = format!("{scheme}{address}");
        let line = match self.log_format {
            LogFormat::Json => json::line(&ReadyLine {
                ready: &address,
                store,
                file: engine.file().map(|f| f.display().to_string()),
                tasks,
            }),
            LogFormat::Text => {
                let place = engine.file().map_or_else(|| "in memory".into(), |f| f.display().to_string());
                format!("contact: ready on {address}, store {store} ({place}), {tasks} tasks\n")
            }
        };
        // Nobody can be told that stderr is gone.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

fn default_folder() -> Result<PathBuf, Failure> {
    let folder =
        |name: &str| std::env::var_os(name).filter(|v| Path::new(v).is_absolute()).map(PathBuf::from);
    folder("XDG_STATE_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".local/state")))
        .map(|state| state.join("contact"))
        .ok_or_else(|| Failure::usage("neither XDG_STATE_HOME nor HOME is set: say --data DIR"))
}

/// A server that was killed has left its port file: a script that waits for ours must not find that. One whose
/// port answers is somebody's.
fn remove_stale(port_file: &Path) {
    let port = std::fs::read_to_string(port_file).ok().and_then(|text| text.trim().parse::<u16>().ok());
    if let Some(port) = port
        && std::net::TcpStream::connect(("127.0.0.1", port)).is_err()
    {
        let _ = std::fs::remove_file(port_file);
    }
}

/// A reader sees the whole file or none.
pub(super) fn write_whole(file: &Path, text: &str) -> std::io::Result<()> {
    let mut name = file.file_name().unwrap_or(OsStr::new("port")).to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = file.with_file_name(name);
    std::fs::write(&temporary, text)?;
    std::fs::rename(&temporary, file).inspect_err(|_| drop(std::fs::remove_file(&temporary)))
}

fn store_failure(error: &OpenError) -> Failure {
    let (reason, hint) = match error {
        OpenError::InUse { .. } => {
            (Reason::StoreInUse, "stop that server or wait for the check, or give another folder: --data DIR")
        }
        OpenError::Folder { .. } => (
            Reason::StoreFolder,
            "let the server read and write what is named, or give it another folder: --data DIR",
        ),
        OpenError::NotAStore { .. } => (Reason::NotAStore, "give another folder: --data DIR"),
        OpenError::NewerFormat { .. } => (Reason::NewerFormat, "use the version of contact that wrote it"),
        OpenError::Damaged { .. } => (
            Reason::StoreDamaged,
            "nothing was changed: restore the file, or give another folder: --data DIR",
        ),
        OpenError::NoRoom { .. } => {
            (Reason::StoreFull, "make room on the disk, or give another folder: --data DIR")
        }
        OpenError::Failed { .. } => (
            Reason::StoreFailed,
            "check the disk and the file's permissions, or give another folder: --data DIR",
        ),
    };
    Failure::new(code::STORE, reason, error.to_string()).hint(hint)
}
