//! One command that has been started: fed, read, and ended with all that it has started.

use std::{
    io::{self, ErrorKind},
    os::unix::process::{CommandExt, ExitStatusExt},
    pin::Pin,
    process::{Child, Command},
    time::Duration,
};

use rustix::{
    buffer::spare_capacity,
    io::{Errno, ioctl_fionbio, ioctl_fionread},
    process::{Pid, Signal as Number},
};
use tokio::{
    net::unix::pipe,
    signal::unix::{Signal, SignalKind, signal},
    time::{Sleep, sleep},
};

use super::{
    Keeper, Tail,
    family::{self, Awaited, Kin},
    group,
    tail::LastBytes,
};

/// How much of its outputs is kept.
const STDOUT_BYTES: usize = 64 << 10;
const STDERR_BYTES: usize = 16 << 10;
/// How long the end of what a command has left behind is waited for: it has been killed, but a busy machine may take
/// its time. What is stuck in the kernel is then left to itself.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often to look without being told that a child has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A command that has been started. It is fed and read while [`Running::ended`] is awaited; dropped, it is
/// killed with all that it has started.
#[derive(Debug)]
pub(in crate::cli::run) struct Running {
    child: Child,
    /// Its process id, and its group.
    pid: Pid,
    keeper: Keeper,
    /// Some child of this process has ended.
    news: Signal,
    stdin: Option<Feed>,
    stdout: Output,
    stderr: Output,
    /// When it is to be killed; once it has exited, until when what it has left behind is waited for.
    due_at: Option<Pin<Box<Sleep>>>,
    /// It was asked to end while it ran.
    was_stopped: bool,
    stage: Stage,
}

/// How a command has ended, and the end of what it has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli::run) struct Ended {
    pub(in crate::cli::run) exit: Exit,
    pub(in crate::cli::run) stdout: Tail,
    pub(in crate::cli::run) stderr: Tail,
    /// It was asked to end while it ran.
    pub(in crate::cli::run) was_stopped: bool,
}

/// How a process has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::run) enum Exit {
    Code(i32),
    Signal(i32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    /// It has exited; some of what it has left behind may be there.
    Exited(Exit),
    Over(Exit),
}

impl Running {
    /// Starts a command in a group of its own. Its outputs are pipes, and its stdin is one if there is a text.
    pub(super) fn start(
        mut process: Command,
        lease: Option<&str>,
        text: &[u8],
        keeper: &Keeper,
    ) -> io::Result<Self> {
        let news = signal(SignalKind::child())?;
        keeper.mark(&mut process);
        process.process_group(0);
        let (child, pid) = family::start(&mut process, Kin::Command(lease.map(str::to_owned)))?;
        let mut running = Running {
            child,
            pid,
            keeper: keeper.clone(),
            news,
            stdin: None,
            stdout: Output::new(STDOUT_BYTES),
            stderr: Output::new(STDERR_BYTES),
            due_at: None,
            was_stopped: false,
            stage: Stage::Running,
        };
        // If any of this fails the command is killed by being dropped.
        keeper.watch(pid)?;
        let pipes = (running.child.stdin.take(), running.child.stdout.take(), running.child.stderr.take());
        if let Some(stdin) = pipes.0 {
            running.stdin = Feed::new(stdin.into(), text)?;
        }
        running.stdout.pipe = pipes.1.map(|pipe| pipe::Receiver::from_owned_fd(pipe.into())).transpose()?;
        running.stderr.pipe = pipes.2.map(|pipe| pipe::Receiver::from_owned_fd(pipe.into())).transpose()?;
        Ok(running)
    }

    /// Waits for its end. Nothing is lost if this is dropped and called again, until it has answered: the outputs
    /// are given once. When it answers, nothing that the command has started is left, but for what cannot be
    /// killed. A command that belongs to another user, as one under sudo, is waited for however long it takes.
    pub(in crate::cli::run) async fn ended(&mut self) -> Ended {
        let awaited = Awaited::new(self.pid);
        let exit = loop {
            match self.stage {
                Stage::Running if group::has_exited(self.pid) => self.collect(),
                Stage::Running => self.go_on(&awaited).await,
                Stage::Exited(exit) => {
                    self.clean_up().await;
                    self.stage = Stage::Over(exit);
                }
                Stage::Over(exit) => break exit,
            }
        };
        let was_stopped = self.was_stopped;
        Ended { exit, stdout: self.stdout.take_tail(), stderr: self.stderr.take_tail(), was_stopped }
    }

    /// Asks it to end: SIGTERM to its group, and SIGKILL to all that it has started after `kill_after`. Asked
    /// again, only a shorter time makes a difference.
    pub(in crate::cli::run) fn stop(&mut self, kill_after: Duration) {
        if self.stage != Stage::Running || group::has_exited(self.pid) {
            return;
        }
        self.was_stopped = true;
        let kill_at = sleep(kill_after);
        match &self.due_at {
            Some(earlier) if earlier.deadline() <= kill_at.deadline() => return,
            Some(_) => {}
            None => group::terminate(self.pid),
        }
        self.due_at = Some(Box::pin(kill_at));
    }

    /// Waits for one thing to happen, and does it.
    async fn go_on(&mut self, awaited: &Awaited) {
        tokio::select! {
            () = due(&mut self.due_at) => {
                self.due_at = None;
                group::kill_command(self.pid);
            }
            _ = self.news.recv() => if awaited.is_warden() {
                // It may have been none of the commands.
                self.keeper.check();
                family::sweep();
            },
            () = feed(&mut self.stdin) => {}
            () = self.stdout.read() => {}
            () = self.stderr.read() => {}
        }
    }

    /// It has exited: takes what it has written, kills the rest of its group and learns how it ended.
    fn collect(&mut self) {
        self.stdin = None;
        self.stdout.drain();
        self.stderr.drain();
        group::kill(self.pid);
        self.keeper.forget(self.pid);
        let exit = match self.child.wait() {
            Ok(status) => match (status.code(), status.signal()) {
                (Some(code), _) => Exit::Code(code),
                (None, signal) => Exit::Signal(signal.unwrap_or(Number::KILL.as_raw())),
            },
            // Nobody else collects its end. If somebody did, nothing may pass for a good one.
            Err(_) => Exit::Signal(Number::KILL.as_raw()),
        };
        family::forget(self.pid);
        self.due_at = None;
        self.stage = Stage::Exited(exit);
    }

    /// Waits until what it has left behind is gone.
    async fn clean_up(&mut self) {
        while family::sweep() || !group::is_gone(self.pid) {
            let patience = self.due_at.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
            tokio::select! {
                () = patience.as_mut() => return family::give_up(),
                _ = self.news.recv() => {}
                () = sleep(LOOK_EVERY) => {}
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        match self.stage {
            Stage::Over(_) => {}
            Stage::Exited(_) => _ = family::sweep(),
            Stage::Running => {
                group::kill_command(self.pid);
                self.keeper.forget(self.pid);
                family::forget(self.pid);
                // Its own end is collected by a later sweep, as an orphan's.
                family::sweep();
            }
        }
    }
}

async fn due(at: &mut Option<Pin<Box<Sleep>>>) {
    match at {
        Some(at) => at.as_mut().await,
        None => std::future::pending().await,
    }
}

/// What a command has not read yet of its stdin. Dropped, it is the end of the text.
#[derive(Debug)]
struct Feed {
    pipe: pipe::Sender,
    rest: Vec<u8>,
}

impl Feed {
    /// Writes what fits at once: mostly all, and then there is nothing to be fed.
    fn new(pipe: std::os::fd::OwnedFd, text: &[u8]) -> io::Result<Option<Self>> {
        ioctl_fionbio(&pipe, true)?;
        let written = match rustix::io::write(&pipe, text) {
            Ok(n) => n,
            Err(Errno::AGAIN) => 0,
            // It does not want it: that is its own affair.
            Err(_) => text.len(),
        };
        if written == text.len() {
            return Ok(None);
        }
        Ok(Some(Feed { pipe: pipe::Sender::from_owned_fd(pipe)?, rest: text[written..].to_vec() }))
    }
}

async fn feed(stdin: &mut Option<Feed>) {
    let Some(Feed { pipe, rest }) = stdin else { return std::future::pending().await };
    if pipe.writable().await.is_ok() {
        match pipe.try_write(rest) {
            Ok(n) => _ = rest.drain(..n),
            Err(e) if e.kind() == ErrorKind::WouldBlock => {}
            Err(_) => rest.clear(),
        }
    }
    if rest.is_empty() {
        *stdin = None;
    }
}

/// One of a command's outputs.
#[derive(Debug)]
struct Output {
    /// Gone when all that had it have closed it.
    pipe: Option<pipe::Receiver>,
    last: LastBytes,
}

impl Output {
    fn new(limit: usize) -> Self {
        Output { pipe: None, last: LastBytes::new(limit) }
    }

    async fn read(&mut self) {
        let Some(pipe) = &self.pipe else { return std::future::pending().await };
        let read = match pipe.readable().await {
            Ok(()) => pipe.try_read_buf(self.last.room()),
            Err(e) => Err(e),
        };
        match read {
            Ok(0) => self.pipe = None,
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.pipe = None,
        }
    }

    /// Takes what is there now. Somebody else may hold the pipe, or even fill it: nobody waits for him.
    fn drain(&mut self) {
        let Some(pipe) = self.pipe.take() else { return };
        let mut rest = ioctl_fionread(&pipe).unwrap_or(0);
        while rest > 0 {
            match rustix::io::read(&pipe, spare_capacity(self.last.room())) {
                Ok(n) if n > 0 => rest = rest.saturating_sub(n as u64),
                _ => break,
            }
        }
    }

    fn take_tail(&mut self) -> Tail {
        std::mem::replace(&mut self.last, LastBytes::new(0)).into_tail()
    }
}
