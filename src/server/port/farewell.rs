//! A last word to a peer that is refused before HTTP/2 has begun. It may have sent more already, and a socket that is
//! closed with something unread in it takes back what was said.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What the peer may still say before it has read it. More, and it is cut off.
const BYTES_MAX: u64 = 64 << 10;
/// How long it may take over that.
const TIME: Duration = Duration::from_secs(1);

/// Says it, and waits until the peer has gone.
pub(super) async fn say(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), word: &[u8]) {
    let saying = async {
        stream.write_all(word).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(BYTES_MAX), &mut tokio::io::sink()).await
    };
    // A peer that is gone, or goes on talking, is cut off.
    let _ = tokio::time::timeout(TIME, saying).await;
}
