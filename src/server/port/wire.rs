//! A connection's bytes, for HTTP/2: what had to be read ahead comes first, a peer that does not read is not waited
//! for without end, and one that sends without a pause leaves room for others.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use super::{meter::Meter, turn::Turn};

/// A peer that takes nothing for this long is gone. That it is kept alive would be noticed as late.
pub(super) const STALLED: Duration = Duration::from_secs(40);
/// Where what is read at once already takes longer than a turn, it is made smaller: from this
const LOT_BYTES_MAX: usize = 8 << 10;
/// to this.
const LOT_BYTES_MIN: usize = 32;

/// The bytes of a connection.
pub(super) struct Wire<S> {
    stream: S,
    /// Was read ahead.
    ahead: Bytes,
    turn: Turn,
    /// What is read at once.
    lot: usize,
    meter: Meter,
    /// Runs while the peer takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Wire<S> {
    /// Of a stream from which this was read ahead; `meter` has seen it.
    pub(super) fn new(stream: S, ahead: Bytes, meter: Meter) -> Self {
        Wire { stream, ahead, turn: Turn::default(), lot: LOT_BYTES_MAX, meter, stalled: None }
    }

    /// Passes on what became of writing, unless nothing has for too long.
    fn judge<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(STALLED)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer reads nothing")))
    }
}

impl<S: AsyncRead + Unpin> Wire<S> {
    /// Reads a lot at most.
    fn read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.lot == LOT_BYTES_MAX {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let mut bytes = [0; LOT_BYTES_MAX / 2];
        let mut lot = ReadBuf::new(&mut bytes[..self.lot.min(buf.remaining())]);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut lot))?;
        buf.put_slice(lot.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() {
            let n = buf.remaining().min(self.ahead.len());
            buf.put_slice(&self.ahead[..n]);
            self.ahead.advance(n);
            return Poll::Ready(Ok(()));
        }
        let this = &mut *self;
        let lot = &mut this.lot;
        ready!(this.turn.poll(cx, |reads| {
            *lot = if reads == 1 { (*lot / 2).max(LOT_BYTES_MIN) } else { (*lot * 2).min(LOT_BYTES_MAX) };
        }));
        let before = buf.filled().len();
        let Poll::Ready(read) = this.read(cx, buf) else {
            this.turn.pause();
            return Poll::Pending;
        };
        Poll::Ready(read.and_then(|()| this.meter.take(&buf.filled()[before..])))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.judge(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.judge(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.judge(cx, shut)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, duplex},
        time::Instant,
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_read_ahead_comes_first() {
        let (mut peer, ours) = duplex(64);
        peer.write_all(b"def").await.unwrap();
        drop(peer);
        let mut text = String::new();
        Wire::new(ours, Bytes::from_static(b"abc"), Meter::default())
            .read_to_string(&mut text)
            .await
            .unwrap();
        assert_eq!(text, "abcdef");
    }

    #[tokio::test(start_paused = true)]
    #[allow(clippy::disallowed_methods, reason = "the time is paused")]
    async fn a_peer_that_reads_nothing_is_given_up_and_a_slow_one_is_not() {
        let (mut peer, ours) = duplex(8);
        let mut wire = Wire::new(ours, Bytes::new(), Meter::default());
        let slow = async {
            for _ in 0..10 {
                tokio::time::sleep(STALLED * 9 / 10).await;
                peer.read_exact(&mut [0; 8]).await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(wire.write_all(&[1; 80]), slow);
        written.unwrap();
        wire.write_all(&[1; 8]).await.unwrap();
        let began = Instant::now();
        assert_eq!(wire.write_all(&[1; 8]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), STALLED.as_secs());
    }
}
