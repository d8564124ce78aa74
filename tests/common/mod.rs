//! What the tests of the real binary share: a server on a free port with a folder of its own, commands with
//! deadlines, and tools that may be absent.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests run in real time")]

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

/// Long enough for anything that happens at all, on a machine that is busy with the other tests.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The binary, without what the caller's environment says to it.
pub fn contact() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_contact"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CONTACT_") {
            command.env_remove(name);
        }
    }
    command
}

/// A running server. Killed when dropped.
pub struct Server {
    pub child: Child,
    /// As `--server` takes it.
    pub address: String,
    /// Its stderr so far, line by line.
    pub log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server that keeps its tasks in `data`.
    pub fn start(data: &Path) -> Server {
        Server::start_with(data, &[] as &[&str])
    }

    /// Starts a server with more flags. They may say another `--addr`.
    pub fn start_with(data: &Path, flags: &[impl AsRef<OsStr>]) -> Server {
        let mut command = contact();
        command.args(["serve", "--log-format", "json", "--data"]).arg(data).args(flags);
        if !flags.iter().any(|flag| flag.as_ref() == "--addr") {
            command.args(["--addr", "127.0.0.1:0"]);
        }
        Server::spawn(command)
    }

    /// Runs a command that becomes a server with `--log-format json`, and waits until it is ready.
    pub fn spawn(mut command: Command) -> Server {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let (ready, address) = mpsc::channel();
        let lines = log.clone();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Ok(line) = serde_json::from_str::<serde_json::Value>(&line)
                    && let Some(address) = line["ready"].as_str()
                {
                    let _ = ready.send(address.to_owned());
                }
                lines.lock().unwrap().push(line);
            }
        });
        match address.recv_timeout(DEADLINE) {
            Ok(address) => Server { child, address, log },
            Err(_) => {
                let _ = child.kill();
                panic!("the server did not become ready: {:#?}", log.lock().unwrap());
            }
        }
    }

    /// `contact` with this server.
    pub fn contact(&self) -> Command {
        let mut command = contact();
        command.env("CONTACT_SERVER", &self.address);
        command
    }

    /// Runs a command against this server, with `input` on stdin.
    pub fn run(&self, args: &[impl AsRef<OsStr>], input: impl AsRef<[u8]>) -> Output {
        run(self.contact().args(args), input)
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends a signal by its name, like `TERM`.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// SIGTERM, and its exit.
    pub fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        wait(&mut self.child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A shell script with `contact` on its path, and this server as its own.
pub fn shell(server: &Server, script: &str) -> Command {
    let command = server.contact();
    let folder = Path::new(command.get_program()).parent().unwrap().to_owned();
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&rest))).unwrap();
    let mut shell = Command::new("sh");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.args(["-c", script]).env("PATH", path);
    shell
}

/// A command that goes on while the test reads what it prints. Killed when dropped.
pub struct Running {
    pub child: Child,
    stdout: mpsc::Receiver<String>,
    stderr: mpsc::Receiver<String>,
}

impl Running {
    /// Starts it. Its stdin stays open until it is taken out of `child` and dropped.
    pub fn start(command: &mut Command) -> Running {
        let mut child = spawn(command);
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Running { child, stdout, stderr }
    }

    /// Writes to its stdin.
    pub fn say(&mut self, input: impl AsRef<[u8]>) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(input.as_ref()).and_then(|()| stdin.flush()).unwrap();
    }

    /// The next line of stdout.
    pub fn line(&self) -> serde_json::Value {
        let line = self.stdout.recv_timeout(DEADLINE).expect("no further line on stdout");
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"))
    }

    /// The next line of stdout, if it is there already.
    pub fn line_if_any(&self) -> Option<serde_json::Value> {
        let line = self.stdout.try_recv().ok()?;
        Some(serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}")))
    }

    /// The next line of stderr.
    pub fn error(&self) -> serde_json::Value {
        let line = self.stderr.recv_timeout(DEADLINE).expect("no further line on stderr");
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"))
    }

    /// Its end, with what has not been read so far. Closes its stdin.
    pub fn end(mut self) -> Output {
        drop(self.child.stdin.take());
        let status = wait(&mut self.child);
        let rest = |lines: &mpsc::Receiver<String>| -> String {
            let mut text = String::new();
            loop {
                match lines.recv_timeout(DEADLINE) {
                    Ok(line) => text.extend([line.as_str(), "\n"]),
                    Err(mpsc::RecvTimeoutError::Disconnected) => return text,
                    Err(mpsc::RecvTimeoutError::Timeout) => panic!("a pipe stays open"),
                }
            }
        };
        Output { code: code(status), stdout: rest(&self.stdout), stderr: rest(&self.stderr) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        kill_all(&mut self.child);
    }
}

/// With pipes, and as the head of a process group: a shell's children go with it.
fn spawn(command: &mut Command) -> Child {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).spawn().unwrap()
}

/// kill -9 for it and all that it has started: a watch that is left alone comes back for ever.
fn kill_all(child: &mut Child) {
    // Once it has been waited for, its number may be another's.
    if child.try_wait().is_ok_and(|ended| ended.is_none()) {
        let group = format!("-{}", child.id());
        let _ = Command::new("kill").args(["-s", "KILL", "--", &group]).stderr(Stdio::null()).status();
        // A server is the head of no group.
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn lines(from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// How a command ended.
#[derive(Debug)]
pub struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// The lines of stdout as JSON.
    pub fn json(&self) -> Vec<serde_json::Value> {
        json_lines(&self.stdout)
    }

    /// The lines of stderr as JSON.
    pub fn errors(&self) -> Vec<serde_json::Value> {
        json_lines(&self.stderr)
    }
}

/// Each line as JSON.
pub fn json_lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line:?}"))).collect()
}

/// Runs a command to its end, with `input` on stdin. Killed and failed after [`DEADLINE`].
pub fn run(command: &mut Command, input: impl AsRef<[u8]>) -> Output {
    let mut child = spawn(command);
    let mut stdin = child.stdin.take().unwrap();
    let input = input.as_ref().to_vec();
    std::thread::spawn(move || {
        // The command may have ended without reading it.
        let _ = stdin.write_all(&input);
    });
    let stdout = read_all(child.stdout.take().unwrap());
    let stderr = read_all(child.stderr.take().unwrap());
    let status = wait(&mut child);
    let text = |bytes: mpsc::Receiver<Vec<u8>>| {
        String::from_utf8(bytes.recv_timeout(DEADLINE).expect("a pipe stays open")).expect("not UTF-8")
    };
    Output { code: code(status), stdout: text(stdout), stderr: text(stderr) }
}

/// An exit code as a shell says it.
pub fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

fn read_all(mut from: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut all = Vec::new();
        let _ = from.read_to_end(&mut all);
        let _ = sender.send(all);
    });
    receiver
}

/// Waits for a child's end; kills it and fails after [`DEADLINE`].
pub fn wait(child: &mut Child) -> ExitStatus {
    wait_within(child, DEADLINE)
}

/// Waits for a child's end; kills it and fails after `deadline`.
pub fn wait_within(child: &mut Child, deadline: Duration) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if began.elapsed() > deadline {
            kill_all(child);
            panic!("still running after {deadline:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Asks until the answer is there; fails after [`DEADLINE`].
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal by its name.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap();
    assert!(status.success(), "kill -s {name} {pid}");
}

/// Whether a tool is there. Says loudly that the test is skipped if it is not; fails instead when
/// `CONTACT_REQUIRE_TOOLS` is set, as in CI.
pub fn has_tool(tool: &str, probe: &mut Command) -> bool {
    let found = probe.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return true;
    }
    assert!(std::env::var_os("CONTACT_REQUIRE_TOOLS").is_none(), "{tool} is required and not there");
    // Past the test harness, which shows nothing of a test that passes.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {tool} is not there");
    false
}

/// A number from the environment, for the long forms.
pub fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

/// As many descriptors as this process may have.
pub fn many_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}
