//! Standard output: data and nothing else. It has a thread of its own, so that a full pipe stops nothing
//! but the reading, and it notices when the reader of a pipe has gone even while there is nothing to write.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::AsFd,
    time::Duration,
};

use serde::Serialize;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    Failure, Format,
    exit::code,
    json,
    pipe::{self, Closed, Far},
    reason::Reason,
};

/// Written at once when there are this many bytes.
const BUFFER_BYTES: usize = 64 << 10;
/// Room for the line with which there are: without it a buffer would be moved to a larger one for its last line.
const LINE_BYTES: usize = 4 << 10;
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
    /// Where it goes.
    pub(super) far: Far,
    buffer: Vec<u8>,
    buffers: Option<mpsc::Sender<Vec<u8>>>,
    /// Bytes given to the thread so far,
    given: u64,
    /// and bytes that it has written.
    written: watch::Receiver<u64>,
    /// Watches for the reader's going.
    watcher: Option<JoinHandle<()>>,
    /// How the thread ended; taken by who hears of it.
    end: Option<oneshot::Receiver<io::Result<()>>>,
    /// Cancelled when nothing more can be written: the reader has gone, or a write failed.
    pub(super) over: CancellationToken,
}

impl Output {
    /// Starts the thread. `format` as asked for; else by whether this is a terminal.
    pub(super) fn start(format: Option<Format>, reader: Reader) -> io::Result<Self> {
        let far = Far::of_stdout()?;
        let default = if far == Far::Terminal { Format::Text } else { Format::Json };
        let wants_plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let over = CancellationToken::new();
        let watcher = match reader == Reader::IsAll && far.has_reader() {
            true => Some(watch_reader(&file, over.clone())?),
            false => None,
        };
        let (buffers, receiver) = mpsc::channel(BUFFERS);
        let (ended, end) = oneshot::channel();
        let (count, written) = watch::channel(0);
        let failed = over.clone();
        std::thread::Builder::new().name("contact-stdout".into()).spawn(move || {
            let result = write_all(file, receiver, &count, reader);
            let is_failed = result.is_err();
            let _ = ended.send(result);
            if is_failed {
                failed.cancel();
            }
        })?;
        Ok(Output {
            format: format.unwrap_or(default),
            colour: far == Far::Terminal && !wants_plain,
            far,
            buffer: Vec::with_capacity(BUFFER_BYTES + LINE_BYTES),
            buffers: Some(buffers),
            given: 0,
            written,
            watcher,
            end: Some(end),
            over,
        })
    }

    /// Adds a line: `value` as JSON, or what `text` makes of it. Waits while the pipe is full.
    pub(super) async fn line(
        &mut self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        self.add(value, text);
        if self.is_full() { self.flush().await } else { Ok(()) }
    }

    /// Adds a line and waits for nothing: for who looks at [`is_full`](Self::is_full) by itself.
    pub(super) fn add(&mut self, value: &impl Serialize, text: impl FnOnce() -> String) {
        match self.format {
            Format::Json => json::write_line(&mut self.buffer, value),
            Format::Text => {
                self.buffer.extend_from_slice(text().as_bytes());
                self.buffer.push(b'\n');
            }
        }
    }

    /// Whether the next thing to do is to flush.
    pub(super) fn is_full(&self) -> bool {
        self.buffer.len() >= BUFFER_BYTES
    }

    /// Whether there is anything to flush.
    pub(super) fn is_flushed(&self) -> bool {
        self.buffer.is_empty()
    }

    /// How many bytes were added so far.
    pub(super) fn added(&self) -> u64 {
        self.given + self.buffer.len() as u64
    }

    /// How many bytes were written so far.
    pub(super) fn written(&self) -> watch::Receiver<u64> {
        self.written.clone()
    }

    /// Drops what was not flushed: whole lines.
    pub(super) fn drop_unflushed(&mut self) {
        self.buffer.clear();
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
            self.given += self.buffer.len() as u64;
            place.send(std::mem::replace(&mut self.buffer, Vec::with_capacity(BUFFER_BYTES + LINE_BYTES)));
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

    /// Writes what was flushed and nothing more. Waits while the pipe is full.
    pub(super) async fn end(&mut self) -> Result<(), Failure> {
        self.buffers = None;
        self.ended().await
    }

    /// As [`end`](Self::end), and closes stdout for the whole process, so that its reader sees the end.
    pub(super) async fn close(&mut self) -> Result<Closed, Failure> {
        self.end().await?;
        if let Some(watcher) = self.watcher.take() {
            watcher.abort();
            // It holds stdout open until then.
            let _ = watcher.await;
        }
        Closed::stdout().map_err(|e| failure(&e))
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
        Failure::new(code::NO, Reason::Output, format!("standard output: {error}"))
    }
}

fn write_all(
    mut file: File,
    mut buffers: mpsc::Receiver<Vec<u8>>,
    count: &watch::Sender<u64>,
    reader: Reader,
) -> io::Result<()> {
    while let Some(buffer) = buffers.blocking_recv() {
        match write(&mut file, &buffer, count) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe && reader == Reader::MayGo => {
                while buffers.blocking_recv().is_some() {}
                return Ok(());
            }
            result => result?,
        }
    }
    Ok(())
}

/// Writes all of it, and counts what is written even if the rest cannot be.
fn write(file: &mut File, mut buffer: &[u8], count: &watch::Sender<u64>) -> io::Result<()> {
    while !buffer.is_empty() {
        match file.write(buffer) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => {
                count.send_modify(|count| *count += n as u64);
                buffer = &buffer[n..];
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

fn watch_reader(file: &File, over: CancellationToken) -> io::Result<JoinHandle<()>> {
    let end = file.as_fd().try_clone_to_owned()?;
    Ok(tokio::spawn(async move {
        // If it cannot be seen the next write tells.
        if pipe::gone(end).await.is_ok() {
            over.cancel();
        }
    }))
}
