//! A stream whose first byte is judged, and whose errors are put into words.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Refusal;

/// Says what the first byte means.
type Judge = Box<dyn FnOnce(u8) -> Result<(), Refusal> + Send>;

/// A stream whose first byte is judged.
pub(super) struct Judged<S> {
    stream: S,
    /// Until the first byte has come.
    judge: Option<Judge>,
    /// A server has been spoken to.
    proved: Arc<AtomicBool>,
}

impl<S> Judged<S> {
    pub(super) fn new(
        stream: S,
        proved: Arc<AtomicBool>,
        judge: impl FnOnce(u8) -> Result<(), Refusal> + Send + 'static,
    ) -> Self {
        Judged { stream, judge: Some(Box::new(judge)), proved }
    }

    fn in_words(&self, error: io::Error) -> io::Error {
        Refusal::in_words(error, self.proved.load(Ordering::Relaxed))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Judged<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        let judged = match (read, buf.filled().get(before)) {
            (Ok(()), Some(first)) => match self.judge.take() {
                Some(judge) => {
                    judge(*first).map_err(|refusal| refusal.error(self.proved.load(Ordering::Relaxed)))
                }
                None => Ok(()),
            },
            (Ok(()), None) => Ok(()),
            (Err(e), _) => Err(self.in_words(e)),
        };
        Poll::Ready(judged)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Judged<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf));
        Poll::Ready(written.map_err(|e| self.in_words(e)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs));
        Poll::Ready(written.map_err(|e| self.in_words(e)))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
