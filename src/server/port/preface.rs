//! What a peer has to say before anything is kept for it: HTTP/2's preface and its first SETTINGS. They are read
//! into a few bytes, and only then is HTTP/2 begun: a connection that never says them costs next to nothing.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The first bytes of each connection (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long that is.
pub(super) const BYTES: usize = PREFACE.len();
/// What is said to whom did not say that: no settings, and GOAWAY for a mistake in the protocol. Whoever speaks TLS sees
/// by the first byte that this is none.
pub(super) const NOT_SPOKEN: &[u8] = b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x01";
const FRAME_HEAD_BYTES: usize = 9;
const SETTINGS: u8 = 4;
/// A frame has at most so many bytes before another limit was agreed on.
const FRAME_BYTES_MAX: usize = 1 << 14;
/// Settings of a usual client, with room to spare.
const USUAL_BYTES: usize = 128;

/// Reads them. What is returned begins with them.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Bytes> {
    let mut ahead = BytesMut::with_capacity(USUAL_BYTES);
    loop {
        let known = ahead.len().min(PREFACE.len());
        if ahead[..known] != PREFACE[..known] {
            return Err(invalid("the peer does not speak HTTP/2"));
        }
        if let Some(bytes) = settings_end(&ahead)?
            && ahead.len() >= bytes
        {
            return Ok(ahead.freeze());
        }
        if stream.read_buf(&mut ahead).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Where the first SETTINGS end, once that can be known.
fn settings_end(ahead: &[u8]) -> io::Result<Option<usize>> {
    let Some(&[high, middle, low, kind, ..]) = ahead.get(PREFACE.len()..) else { return Ok(None) };
    let bytes = u32::from_be_bytes([0, high, middle, low]) as usize;
    if kind != SETTINGS || bytes > FRAME_BYTES_MAX {
        return Err(invalid("the peer does not begin with its settings"));
    }
    Ok(Some(PREFACE.len() + FRAME_HEAD_BYTES + bytes))
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    async fn answer(said: &[u8]) -> io::Result<Bytes> {
        let (mut peer, mut ours) = duplex(1 << 16);
        peer.write_all(said).await.unwrap();
        drop(peer);
        read(&mut ours).await
    }

    #[tokio::test]
    async fn it_takes_the_preface_and_settings_and_all_that_came_with_them() {
        let whole = [PREFACE, &[0, 0, 6, 4, 0, 0, 0, 0, 0], &[0, 3, 0, 0, 0, 1], b"more"].concat();
        assert_eq!(answer(&whole).await.unwrap(), whole);
        // In pieces it waits for the last.
        let (mut peer, mut ours) = duplex(1 << 16);
        let settings_end = whole.len() - 4;
        let mut reading = Box::pin(read(&mut ours));
        for byte in &whole[..settings_end - 1] {
            peer.write_all(&[*byte]).await.unwrap();
            let waits =
                std::future::poll_fn(|cx| std::task::Poll::Ready(reading.as_mut().poll(cx).is_pending()));
            assert!(waits.await);
        }
        peer.write_all(&whole[settings_end - 1..settings_end]).await.unwrap();
        assert_eq!(reading.await.unwrap(), whole[..settings_end]);
    }

    #[tokio::test]
    async fn it_refuses_what_does_not_begin_so() {
        use io::ErrorKind::{InvalidData, UnexpectedEof};
        let ping = [PREFACE, &[0, 0, 8, 6, 0, 0, 0, 0, 0]].concat();
        let long = [PREFACE, &[1, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
        let cases: [(&[u8], _); 6] = [
            (b"", UnexpectedEof),
            (b"PRI * HTTP/2.0\r\n", UnexpectedEof),
            (b"GET / HTTP/1.1\r\n\r\n", InvalidData),
            (&[22, 3, 1, 0, 1], InvalidData),
            (&ping, InvalidData),
            (&long, InvalidData),
        ];
        for (said, kind) in cases {
            assert_eq!(answer(said).await.unwrap_err().kind(), kind, "{said:?}");
        }
    }
}
