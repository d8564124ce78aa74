//! Standard output: data and nothing else. It has a thread of its own, so that a full pipe stops nothing
//! but the reading, and it notices when the reader of a pipe has gone even while there is nothing to write.

use std::{
    fs::File,
    io::{self, IsTerminal, Write},
    os::fd::AsFd,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    fs::{FileType, fstat},
};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{Failure, Format, exit::code, json};

/// Written at once when there are this many bytes.
const BUFFER_BYTES: usize = 64 << 10;
/// Buffers that may wait for the pipe.
const BUFFERS: usize = 4;

/// What it means that the reader of a pipe has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// The command is done: it works for its reader alone.
    IsAll,
    /// The command goes on, and what it prints is dropped: its work is elsewhere.
    MayGo,
}

/// Standard output.
pub(super) struct Output {
    /// Lines of JSON or text.
    pub(super) format: Format,
    /// Whether text may be coloured: by a terminal, unless `NO_COLOR` is set.
    pub(super) colour: bool,
    buffer: Vec<u8>,
    buffers: Option<mpsc::Sender<Vec<u8>>>,
    /// How the thread ended; taken by who hears of it.
    end: Option<oneshot::Receiver<io::Result<()>>>,
    /// Cancelled when nothing more can be written: the reader has gone, or a write failed.
    pub(super) over: CancellationToken,
}

impl Output {
    /// Starts the thread. `format` as asked for; else by whether this is a terminal.
    pub(super) fn start(format: Option<Format>, reader: Reader) -> io::Result<Self> {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let default = if is_terminal { Format::Text } else { Format::Json };
        let wants_plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let file = File::from(stdout.as_fd().try_clone_to_owned()?);
        let over = CancellationToken::new();
        if reader == Reader::IsAll {
            watch_reader(&file, over.clone())?;
        }
        let (buffers, receiver) = mpsc::channel(BUFFERS);
        let (ended, end) = oneshot::channel();
        let failed = over.clone();
        std::thread::Builder::new().name("contact-stdout".into()).spawn(move || {
            let result = write_all(file, receiver, reader);
            let is_failed = result.is_err();
            let _ = ended.send(result);
            if is_failed {
                failed.cancel();
            }
        })?;
        Ok(Output {
            format: format.unwrap_or(default),
            colour: is_terminal && !wants_plain,
            buffer: Vec::with_capacity(BUFFER_BYTES),
            buffers: Some(buffers),
            end: Some(end),
            over,
        })
    }

    /// Adds a line: `value` as JSON, or what `text` makes of it.
    pub(super) async fn line(
        &mut self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Json => json::write_line(&mut self.buffer, value),
            Format::Text => {
                self.buffer.extend_from_slice(text().as_bytes());
                self.buffer.push(b'\n');
            }
        }
        if self.buffer.len() >= BUFFER_BYTES { self.flush().await } else { Ok(()) }
    }

    /// Adds text as it is.
    pub(super) fn raw(&mut self, text: &[u8]) {
        self.buffer.extend_from_slice(text);
    }

    /// Hands what there is to the thread. Waits while the pipe is full.
    pub(super) async fn flush(&mut self) -> Result<(), Failure> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if let Some(buffers) = &self.buffers
            // A place first: if this is cancelled while the pipe is full, nothing is lost.
            && let Ok(place) = buffers.reserve().await
        {
            place.send(std::mem::replace(&mut self.buffer, Vec::with_capacity(BUFFER_BYTES)));
            return Ok(());
        }
        self.ended().await.and(Err(Failure::silent(0)))
    }

    /// Writes what is left and closes. Waits `patience` for a pipe that is full.
    pub(super) async fn finish(mut self, patience: Option<Duration>) -> Result<(), Failure> {
        let finish = async {
            self.flush().await?;
            self.buffers = None;
            self.ended().await
        };
        match patience {
            None => finish.await,
            Some(patience) => tokio::time::timeout(patience, finish).await.unwrap_or(Ok(())),
        }
    }

    /// Waits for the thread's end. What went wrong is said once.
    async fn ended(&mut self) -> Result<(), Failure> {
        match self.end.take() {
            Some(end) => match end.await {
                Ok(Err(e)) => Err(failure(&e)),
                _ => Ok(()),
            },
            None => Ok(()),
        }
    }
}

/// A reader that has seen enough is no failure.
fn failure(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::silent(0)
    } else {
        Failure::new(code::NO, "output", format!("standard output: {error}"))
    }
}

fn write_all(mut file: File, mut buffers: mpsc::Receiver<Vec<u8>>, reader: Reader) -> io::Result<()> {
    while let Some(buffer) = buffers.blocking_recv() {
        match file.write_all(&buffer) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe && reader == Reader::MayGo => {
                while buffers.blocking_recv().is_some() {}
                return Ok(());
            }
            result => result?,
        }
    }
    Ok(())
}

/// A pipe whose reader has gone polls as an error on the write end, without anything being written.
fn watch_reader(file: &File, gone: CancellationToken) -> io::Result<()> {
    let kind = FileType::from_raw_mode(fstat(file)?.st_mode);
    if !matches!(kind, FileType::Fifo | FileType::Socket) {
        return Ok(());
    }
    let file = file.try_clone()?;
    std::thread::Builder::new().name("contact-reader".into()).spawn(move || {
        loop {
            let mut fds = [PollFd::new(&file, PollFlags::empty())];
            match poll(&mut fds, None) {
                Ok(_) if !fds[0].revents().is_empty() => return gone.cancel(),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                // Not to be watched: then the next write tells.
                Err(_) => return,
            }
        }
    })?;
    Ok(())
}
