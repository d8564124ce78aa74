//! The tutorial's programs in Python, on stubs that grpcio generates from its proto, against ours: their
//! client and `contact serve`, our commands and their server.
//!
//! It wants a Python with grpcio and grpcio-tools: `CONTACT_TEST_PYTHON`, else `python3`.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests run in real time")]

use std::{
    ffi::OsString,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
};

use common::{DEADLINE, Output, Server, code, contact, has_tool, json_lines, run, until, wait};

mod common;

const WIRE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wire");

#[test]
fn the_tutorials_python_client_runs_against_contact_serve() {
    let Some(python) = Python::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut tasks: Vec<String> = (100..110).map(|n| format!("任务:{n}")).collect();
    submit(&server, &tasks);

    let mut clients: Vec<Program> = (0..2).map(|_| python.run("client.py", &[&server.address])).collect();
    for client in &mut clients {
        client.hear("the tasks there are", |heard| heard.of("task").len() == tasks.len());
    }
    submit(&server, &["任务:最新".to_owned()]);
    tasks.push("任务:最新".to_owned());
    for client in &mut clients {
        client.hear("the new task", |heard| heard.of("task").len() == tasks.len());
        client.hear("the end of the replies", |heard| heard.of("replies").len() == 1);
        client.close_stdin();
        assert_eq!(code(wait(&mut client.child)), 0, "{}", client.stderr());
        client.hear_to_end();
        assert_eq!(client.of("task"), tasks);
        let statuses = client.of("status");
        assert_eq!(statuses.len(), 15);
        let replies: Vec<_> = statuses.iter().map(|status| format!("received: {status}")).collect();
        assert_eq!(client.of("reply"), replies);
        // It closes its watch itself; until then the server has not ended it.
        assert_eq!(client.of("tasks"), ["ended CANCELLED"]);
        assert_eq!(client.of("told"), ["Empty"]);
    }
    for task in &tasks {
        let logged = format!("完成 {task}\\\"");
        until("both results are logged", || {
            let log = server.log.lock().unwrap();
            (log.iter().filter(|line| line.contains(&logged)).count() == 2).then_some(())
        });
    }
}

#[test]
fn the_tutorials_python_client_runs_over_tls() {
    let Some(python) = Python::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), &["--dev-tls"]);
    let ca = folder.path().join("dev-ca.pem");
    let tasks = ["任务:100".to_owned(), "任务:101".to_owned()];
    let mut submit = server.contact();
    let submitted = run(submit.arg("submit").env("CONTACT_TLS_CA", &ca), tasks.join("\n"));
    assert_eq!(submitted.code, 0, "{submitted:?}");

    let address = server.address.trim_start_matches("https://");
    let mut client = python.run("client.py", &[address, ca.to_str().unwrap()]);
    client.hear("the tasks there are", |heard| heard.of("task").len() == tasks.len());
    client.hear("the end of the replies", |heard| heard.of("replies").len() == 1);
    client.close_stdin();
    assert_eq!(code(wait(&mut client.child)), 0, "{}", client.stderr());
    client.hear_to_end();
    assert_eq!(client.of("task"), tasks);
    assert_eq!((client.of("reply").len(), client.of("told")), (15, vec!["Empty".to_owned()]));
}

#[test]
fn our_commands_run_against_the_tutorials_python_server() {
    let Some(python) = Python::find() else { return };
    let mut server = python.run("server.py", &["0"]);
    server.hear("its port and tasks", |heard| heard.of("task").len() == 10);
    let address = format!("127.0.0.1:{}", server.of("port")[0]);
    let ours = |args: &[&str], input: &str| -> Output {
        run(contact().args(args).env("CONTACT_SERVER", &address), input)
    };

    let watch = ours(&["watch-tasks", "--max", "10"], "");
    assert_eq!((watch.code, &watch.stderr[..]), (0, ""));
    let lines: String = server.of("task").iter().map(|task| format!("{{\"task\":\"{task}\"}}\n")).collect();
    assert_eq!(watch.stdout, lines);

    let told = ours(&["ack"], &watch.stdout);
    assert_eq!((told.code, &told.stdout[..]), (0, ""), "{told:?}");
    assert_eq!(told.errors()[0]["notice"], "no_verdicts");
    server.hear("a result for each task", |heard| heard.of("result").len() == 10);
    assert_eq!(server.of("result"), server.of("task"));

    let sent = ours(&["send-status", "--count", "15"], "");
    assert_eq!((sent.code, &sent.stderr[..]), (0, ""));
    server.hear("the statuses", |heard| heard.of("status").len() == 15);
    let statuses = server.of("status");
    let replies: String = statuses.iter().map(|s| format!("{{\"ret\":\"received: {s}\"}}\n")).collect();
    assert_eq!(sent.stdout, replies);
    let sent = ours(&["send-status"], "温度:20\n\u{1f321} 湿度:40\n");
    assert_eq!(sent.json()[1]["ret"], "received: \u{1f321} 湿度:40");

    for (command, said) in [
        (&["submit", "任务"][..], "`contact submit` needs a contact server"),
        (&["health"], "no gRPC health"),
        (&["watch-tasks", "-q", "ci"], "it cannot do -q"),
        (&["watch-tasks", "--until-empty"], "it cannot do --until-empty"),
    ] {
        let refused = ours(command, "");
        assert_eq!((refused.code, &refused.stdout[..]), (76, ""), "{refused:?}");
        assert!(refused.stderr.contains(said), "{refused:?}");
    }
    server.close_stdin();
    assert_eq!(code(wait(&mut server.child)), 0, "{}", server.stderr());
}

#[test]
fn watch_tasks_comes_back_to_a_python_server_that_was_stopped_or_killed() {
    let Some(python) = Python::find() else { return };
    let mut server = python.run("server.py", &["0"]);
    server.hear("its port and tasks", |heard| heard.of("task").len() == 10);
    let port = server.of("port")[0].clone();
    let mut command = contact();
    command.args(["watch-tasks", "--max", "40", "--server", &format!("127.0.0.1:{port}")]);
    let mut watch = Program::start(command);
    watch.hear("ten tasks", |heard| heard.lines.len() == 10);
    writeln!(server.stdin.as_ref().unwrap()).unwrap();
    server.hear("ten tasks more", |heard| heard.of("task").len() == 20);
    let mut expected = server.of("task");
    watch.hear("ten tasks more", |heard| heard.lines.len() == 20);

    for is_killed in [false, true] {
        if is_killed {
            server.child.kill().unwrap();
        }
        server.close_stdin();
        wait(&mut server.child);
        server = python.run("server.py", &[&port]);
        server.hear("its port and tasks", |heard| heard.of("task").len() == 10);
        assert_eq!(server.of("port"), [&port[..]]);
        expected.extend(server.of("task"));
        watch.hear("the tasks of the new server", |heard| heard.lines.len() == expected.len());
    }
    assert_eq!(code(wait(&mut watch.child)), 0, "{}", watch.stderr());
    let tasks: Vec<_> =
        watch.lines.iter().map(|line| json_lines(line)[0]["task"].as_str().unwrap().to_owned()).collect();
    assert_eq!(tasks, expected);
    let said = json_lines(&watch.stderr());
    let said: Vec<_> = said.iter().map(|line| line["notice"].as_str().unwrap()).collect();
    assert_eq!(said, ["retrying", "replayed", "retrying", "replayed"]);
}

fn submit(server: &Server, tasks: &[String]) {
    let submitted = server.run(&["submit"], tasks.join("\n"));
    assert_eq!((submitted.code, submitted.json().len()), (0, tasks.len()), "{submitted:?}");
}

/// A Python, and the stubs it has generated.
struct Python {
    python: OsString,
    stubs: tempfile::TempDir,
}

impl Python {
    fn find() -> Option<Self> {
        let python = std::env::var_os("CONTACT_TEST_PYTHON").unwrap_or_else(|| "python3".into());
        let mut probe = Command::new(&python);
        if !has_tool("a Python with grpcio-tools", probe.args(["-c", "import grpc, grpc_tools.protoc"])) {
            return None;
        }
        let stubs = tempfile::tempdir().unwrap();
        let mut protoc = Command::new(&python);
        protoc.args(["-m", "grpc_tools.protoc", "-I", WIRE, "--python_out=.", "--grpc_python_out=."]);
        let made = run(protoc.arg("tutorial.proto").current_dir(stubs.path()), "");
        assert_eq!(made.code, 0, "{made:?}");
        Some(Python { python, stubs })
    }

    /// Runs a program of tests/wire/python.
    fn run(&self, program: &str, arguments: &[&str]) -> Program {
        let mut command = Command::new(&self.python);
        command.arg(Path::new(WIRE).join("python").join(program)).args(arguments);
        command.env("PYTHONPATH", self.stubs.path()).env("PYTHONIOENCODING", "utf-8");
        // A proxy is no way to this machine.
        command.env("no_grpc_proxy", "127.0.0.1").env("PYTHONDONTWRITEBYTECODE", "1");
        Program::start(command)
    }
}

/// A running program and what it has said. Killed when dropped.
struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: mpsc::Receiver<String>,
    stderr: mpsc::Receiver<String>,
    lines: Vec<String>,
}

impl Program {
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Program { child, stdin, stdout, stderr, lines: Vec::new() }
    }

    /// Reads until enough has been said.
    fn hear(&mut self, what: &str, enough: impl Fn(&Self) -> bool) {
        while !enough(self) {
            match self.stdout.recv_timeout(DEADLINE) {
                Ok(line) => self.lines.push(line),
                Err(e) => {
                    let stderr = self.stderr();
                    panic!("{e} while waiting for {what}: {:#?}\n{stderr}", self.lines);
                }
            }
        }
    }

    /// Reads what is left of a program that has ended.
    fn hear_to_end(&mut self) {
        self.lines.extend(self.stdout.iter());
    }

    /// What follows this word on its lines, so far.
    fn of(&self, word: &str) -> Vec<String> {
        let of = |line: &String| Some(line.strip_prefix(word)?.strip_prefix(' ')?.to_owned());
        self.lines.iter().filter_map(of).collect()
    }

    fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// All of it if the program has ended, else what has come.
    fn stderr(&mut self) -> String {
        let ended = self.child.try_wait().unwrap().is_some();
        let lines: Vec<_> =
            if ended { self.stderr.iter().collect() } else { self.stderr.try_iter().collect() };
        lines.join("\n")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(from: impl std::io::Read + Send + 'static) -> mpsc::Receiver<String> {
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
