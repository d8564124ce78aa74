//! The far end of stdout: whether anybody reads there, and how far they are.
//!
//! Tried on Linux: when the reader of a pipe has gone the write end polls as an error (of a socket, as hung
//! up); FIONREAD on the write end still tells how many bytes nobody has read; and a descriptor that was opened
//! with O_PATH is no writer, so that the reader sees the end, and yet leads back to the pipe.

use std::{
    io::{self, IsTerminal},
    os::fd::{AsFd, AsRawFd, OwnedFd},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FileType, Mode, OFlags, fstat, open, stat},
    io::{Errno, ioctl_fionread},
    net::{Shutdown, shutdown},
    stdio::{dup2_stderr, dup2_stdout},
};
use tokio::io::{Interest, unix::AsyncFd};

/// How often to look at a socket whose going cannot be waited for.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_secs(1);

/// What stdout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Far {
    /// A pipe: who reads it can be seen.
    Pipe,
    /// A socket: what some programs give their children for a pipe.
    Socket,
    /// A terminal: a person reads it, and does not go.
    Terminal,
    /// A file, or /dev/null: nobody is known to read it.
    File,
}

impl Far {
    /// What this process's stdout is.
    pub(super) fn of_stdout() -> io::Result<Far> {
        let stdout = io::stdout();
        Ok(match FileType::from_raw_mode(fstat(&stdout)?.st_mode) {
            FileType::Fifo => Far::Pipe,
            FileType::Socket => Far::Socket,
            _ if stdout.is_terminal() => Far::Terminal,
            _ => Far::File,
        })
    }

    /// Whether there is a reader who can go.
    pub(super) fn has_reader(self) -> bool {
        matches!(self, Far::Pipe | Far::Socket)
    }
}

/// Waits until nobody reads a pipe or socket any more. Ends early with an error if that cannot be seen.
#[allow(deprecated, reason = "what comes after it is unsafe; a descriptor that is owned stays open")]
pub(super) async fn gone(end: OwnedFd) -> io::Result<()> {
    let end = AsyncFd::with_interest(end, Interest::READABLE | Interest::ERROR)?;
    loop {
        let mut ready = end.ready(Interest::READABLE | Interest::ERROR).await?;
        // Asked again: a socket is ready as well when its other side only writes no more,
        if is_hung_up(end.get_ref()) {
            return Ok(());
        }
        if ready.ready().is_read_closed() {
            // and then for ever.
            tokio::time::sleep(LOOK_EVERY).await;
        }
        ready.clear_ready();
    }
}

/// How many bytes of what was written to stdout nobody has read. Of a socket that is not known: then all
/// counts as read.
pub(super) fn unread() -> u64 {
    match Far::of_stdout() {
        Ok(Far::Pipe) => ioctl_fionread(io::stdout()).unwrap_or_default(),
        _ => 0,
    }
}

/// A stdout that was closed, and what can still be seen of its reader.
#[derive(Debug)]
pub(super) enum Closed {
    /// A way back to the pipe, which holds it open for nobody.
    Pipe(OwnedFd),
    /// One side of the socket is closed.
    Socket(OwnedFd),
    /// Its reader cannot be seen.
    Other,
}

impl Closed {
    /// Closes stdout, so that its reader sees the end. Nobody else in this process may hold it open.
    pub(super) fn stdout() -> io::Result<Closed> {
        let stdout = io::stdout();
        let closed = match Far::of_stdout()? {
            Far::Pipe => Closed::Pipe(open(path(&stdout), OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?),
            Far::Socket => {
                let end = stdout.as_fd().try_clone_to_owned()?;
                // If its other side writes no more, it will look as if that had gone.
                let can_be_seen = is_hung_up(&end) || !is_polled(&end, PollFlags::RDHUP);
                shutdown(&end, Shutdown::Write)?;
                if can_be_seen { Closed::Socket(end) } else { Closed::Other }
            }
            Far::Terminal | Far::File => Closed::Other,
        };
        let nothing = open("/dev/null", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
        if let Closed::Pipe(_) = closed
            && is_same(&stdout, io::stderr())
        {
            // `2>&1 |`: the reader would wait for the end of what may never be said.
            dup2_stderr(&nothing)?;
        }
        dup2_stdout(&nothing)?;
        Ok(closed)
    }

    /// Whether its reader can see the end, and be seen to go.
    pub(super) fn ends_its_reader(&self) -> bool {
        !matches!(self, Closed::Other) && self.holder().is_none()
    }

    /// The process that has started this one, if it holds the same pipe: `timeout` and `sudo` do as long as
    /// they wait, and so does a shell with more commands in front of the pipe. Then its reader does not see
    /// the end.
    pub(super) fn holder(&self) -> Option<u32> {
        let Closed::Pipe(place) = self else { return None };
        let parent = std::os::unix::process::parent_id();
        let (own, others) = (fstat(place).ok()?, stat(format!("/proc/{parent}/fd/1")).ok()?);
        ((own.st_dev, own.st_ino) == (others.st_dev, others.st_ino)).then_some(parent)
    }

    /// Whether somebody may still be reading what was written before.
    pub(super) fn is_read(&self) -> bool {
        match self {
            Closed::Pipe(place) => {
                let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
                match open(path(place), flags, Mode::empty()) {
                    // A writer again, for this moment.
                    Ok(end) => !is_hung_up(&end),
                    // A pipe that has a name.
                    Err(Errno::NXIO) => false,
                    // It cannot be seen: without /proc, or as another user's pipe.
                    Err(_) => true,
                }
            }
            Closed::Socket(end) => !is_hung_up(end),
            Closed::Other => true,
        }
    }
}

fn path(fd: impl AsFd) -> String {
    format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd())
}

fn is_hung_up(fd: &OwnedFd) -> bool {
    is_polled(fd, PollFlags::ERR | PollFlags::HUP)
}

fn is_polled(fd: &OwnedFd, flags: PollFlags) -> bool {
    let mut fds = [PollFd::new(fd, flags)];
    poll(&mut fds, Some(&Timespec::default())).is_ok() && fds[0].revents().intersects(flags)
}

fn is_same(one: impl AsFd, other: impl AsFd) -> bool {
    match (fstat(one), fstat(other)) {
        (Ok(one), Ok(other)) => (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino),
        _ => false,
    }
}
