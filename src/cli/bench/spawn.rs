//! A server of one's own: a child process on a free port, with a folder of its own on a disk, that ends with the
//! bench.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use clap::{Args, ValueEnum};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::keeper;
use crate::cli::{Failure, connect::Target, exit::code, reason::Reason};

/// How long a server may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// More connections than any load has: its limits are at work, and turn nobody away.
const CONNECTIONS_MAX: &str = "200000";
/// Lines of its log that are kept, to say why it has ended.
const LINES_KEPT: usize = 20;
/// The folders to choose from: the first survives a restart by its definition, so it is on a disk.
const FOLDERS: [&str; 2] = ["/var/tmp", "/tmp"];

/// The flags.
#[derive(Debug, Clone, Args)]
pub(super) struct Spawn {
    /// Measure a server of its own: `contact serve` as a child process, on a free port, with a folder that is
    /// removed at the end
    #[arg(long, global = true)]
    pub(super) spawn: bool,

    /// With --spawn: where to make that folder. It should be on the disk that is meant [default: /var/tmp]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,

    /// With --spawn: where the server keeps tasks [default: sqlite]
    #[arg(long, global = true, value_name = "STORE")]
    store: Option<Store>,
}

/// Where the server keeps tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Store {
    /// On disk
    Sqlite,
    /// In memory: nothing is synced
    Memory,
}

impl Spawn {
    /// Judges what goes together.
    pub(super) fn check(&self) -> Result<(), Failure> {
        match (self.spawn, &self.data, self.store) {
            (false, Some(_), _) => Err(Failure::usage("--data goes with --spawn")),
            (false, _, Some(_)) => Err(Failure::usage("--store goes with --spawn")),
            (true, Some(_), Some(Store::Memory)) => {
                Err(Failure::usage("--data has no meaning with --store memory"))
            }
            _ => Ok(()),
        }
    }

    /// What its store is called, if there is a server of one's own.
    pub(super) fn store_name(&self) -> Option<&'static str> {
        self.spawn.then_some(if self.store == Some(Store::Memory) { "memory" } else { "sqlite" })
    }

    fn folder(&self) -> Result<Option<PathBuf>, Failure> {
        if self.store == Some(Store::Memory) {
            return Ok(None);
        }
        let name = format!("contact-bench-{:016x}", rand::random::<u64>());
        let default = FOLDERS.iter().map(Path::new).find(|folder| folder.is_dir());
        let parent = self.data.clone().or(default.map(Path::to_owned)).unwrap_or_else(std::env::temp_dir);
        let folder = parent.join(name);
        std::fs::create_dir_all(&folder)
            .map_err(|e| Failure::new(code::NO, Reason::System, format!("{}: {e}", folder.display())))?;
        Ok(Some(folder))
    }
}

/// The server. It ends when this is dropped.
pub(super) struct Spawned {
    pub(super) target: Target,
    pub(super) pid: u32,
    /// Cancelled when it has ended by itself.
    pub(super) gone: CancellationToken,
    lines: Arc<Mutex<VecDeque<String>>>,
    _hold: Hold,
}

/// What keeps it alive.
struct Hold {
    keeper: Child,
    pipe: Option<ChildStdin>,
}

/// What a line of its log may say.
#[derive(Deserialize)]
struct LogLine {
    ready: Option<String>,
    message: Option<String>,
}

impl Spawned {
    /// Starts it and waits until it is ready.
    pub(super) async fn start(flags: &Spawn) -> Result<Self, Failure> {
        let system = |e: std::io::Error| Failure::new(code::NO, Reason::System, format!("the server: {e}"));
        let folder = flags.folder()?;
        let mut command = keeper::command(folder.as_deref().map(Path::as_os_str));
        // What is said to servers of this machine is not meant for this one.
        for (name, _) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            if name_text.starts_with("CONTACT_SERVE_") || name_text == "CONTACT_LOG" {
                command.env_remove(&name);
            }
        }
        command.args(["--addr", "127.0.0.1:0", "--log-format", "json", "--log", "warn", "-o", "json"]);
        for limit in ["--max-connections", "--max-connections-per-address", "--max-streams-per-client"] {
            command.args([limit, CONNECTIONS_MAX]);
        }
        match &folder {
            Some(folder) => command.arg("--data").arg(folder),
            None => command.args(["--store", "memory"]),
        };
        // A signal from the terminal is the bench's alone.
        command.process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut keeper = command.spawn().map_err(system)?;
        let (said, log) = (keeper.stdout.take(), keeper.stderr.take());
        let hold = Hold { pipe: keeper.stdin.take(), keeper };
        let gone = CancellationToken::new();
        let lines: Arc<Mutex<VecDeque<String>>> = Arc::default();
        let (news, mut told) = mpsc::unbounded_channel();
        if let (Some(said), Some(log)) = (said, log) {
            listen(said, gone.clone(), news.clone(), hear_keeper);
            listen(log, lines.clone(), news, hear_server);
        }
        let ready = async {
            let (mut pid, mut address) = (None, None);
            loop {
                match told.recv().await? {
                    News::Pid(n) => pid = Some(n),
                    News::Ready(text) => address = Some(text),
                    News::Ended => return None,
                }
                if let (Some(pid), Some(address)) = (pid, &address) {
                    return Target::parse(address).ok().map(|target| (pid, target));
                }
            }
        };
        match tokio::time::timeout(READY_WITHIN, ready).await {
            Ok(Some((pid, target))) => Ok(Spawned { target, pid, gone, lines, _hold: hold }),
            Ok(None) => Err(has_ended(&lines)),
            Err(_) => Err(Failure::new(code::NO, Reason::Spawn, "the server was not ready within 30 s")),
        }
    }

    /// Why it is not there any more.
    pub(super) fn has_ended(&self) -> Failure {
        has_ended(&self.lines)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.pipe = None;
        let _ = self.keeper.wait();
    }
}

fn has_ended(lines: &Mutex<VecDeque<String>>) -> Failure {
    let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    let message = |line: &String| serde_json::from_str::<LogLine>(line).ok()?.message;
    let why = lines.iter().rev().find_map(message).map(|why| format!(": {why}")).unwrap_or_default();
    Failure::new(code::UNREACHABLE, Reason::ServerEnded, format!("the server of this bench has ended{why}"))
}

enum News {
    Pid(u32),
    Ready(String),
    Ended,
}

/// Hears the lines of a pipe on a thread of its own.
fn listen<T: Send + 'static>(
    from: impl Read + Send + 'static,
    to: T,
    news: mpsc::UnboundedSender<News>,
    hear: fn(&T, String) -> Option<News>,
) {
    let work = move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if let Some(heard) = hear(&to, line) {
                // Once it is ready nobody listens any more.
                let _ = news.send(heard);
            }
        }
    };
    // Without the thread the server is not seen to be ready, and that is said.
    let _ = std::thread::Builder::new().name("contact-listen".into()).spawn(work);
}

fn hear_keeper(gone: &CancellationToken, line: String) -> Option<News> {
    if let Ok(pid) = line.parse() {
        return Some(News::Pid(pid));
    }
    gone.cancel();
    Some(News::Ended)
}

fn hear_server(lines: &Arc<Mutex<VecDeque<String>>>, line: String) -> Option<News> {
    if let Ok(LogLine { ready: Some(address), .. }) = serde_json::from_str(&line) {
        return Some(News::Ready(address));
    }
    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    if lines.len() == LINES_KEPT {
        lines.pop_front();
    }
    lines.push_back(line);
    None
}
