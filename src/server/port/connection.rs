//! One connection: from TLS to its end. Whatever a peer does or leaves undone, each step has its time.
//!
//! ```text
//!  secure ──► preface ──► HTTP/2 ──── the server ends ──────────► GOAWAY, calls end ──► cut by the port
//!    5 s        5 s          └──── of age ──► GOAWAY ──grace──► calls end ──grace──► cut
//! ```
//!
//! Where callers are asked who they are, a connection is of age after a minute without a call of anybody known.

use std::{
    future::Future,
    io,
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{sync::SetOnce, time::sleep};

use super::{Answering, Line, Peer, farewell, listener::Stream, meter::Meter, preface, tls::Tls, wire::Wire};
use crate::server::{
    ending::SETTLE_GRACE,
    settings::{Limits, Settings},
};

/// A peer has this long for TLS,
const SECURE_WITHIN: Duration = Duration::from_secs(5);
/// and then for HTTP/2's preface and its first settings.
const PREFACE_WITHIN: Duration = Duration::from_secs(5);
/// What a peer may send on one stream before it is read.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
/// Four times that for all streams of a connection, or a stream nobody reads would stop the others.
const CONNECTION_WINDOW_BYTES: u32 = 4 * STREAM_WINDOW_BYTES;
/// What is held ready for a peer that does not read, for each stream.
const SEND_BUFFER_BYTES: usize = 64 << 10;
/// Headers of a request, together.
const HEADER_LIST_BYTES: u32 = 8 << 10;
/// A peer that does not answer a ping for this long is gone; asked as often.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// Calls that a peer has taken back before they were looked at, of those that came together. A client that
/// ends may take back a good many; one that does nothing else makes us begin calls for nothing.
const TAKEN_BACK_MAX: usize = 64;
/// Streams that we had to reset in a connection's life because of what the peer did.
const MISTAKES_MAX: usize = 1024;

/// HTTP/2, as each connection speaks it.
pub(super) type Http = hyper::server::conn::http2::Builder<TokioExecutor>;

/// How HTTP/2 is spoken.
pub(super) fn builder(limits: &Limits) -> Http {
    let mut http = Http::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .max_header_list_size(HEADER_LIST_BYTES)
        .max_concurrent_streams(limits.streams_per_connection)
        .max_pending_accept_reset_streams(TAKEN_BACK_MAX)
        .max_local_error_reset_streams(MISTAKES_MAX)
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE);
    http
}

/// Serves it to its end.
pub(super) async fn serve(http: Arc<Http>, stream: Stream, answering: Arc<Answering>) -> anyhow::Result<()> {
    let (wire, peer) = tokio::select! {
        // In a box that goes when it is done: most of a connection's life needs no room for it.
        begun = Box::pin(begin(stream, answering.settings.tls.as_deref())) => begun?,
        // Nothing was promised yet.
        _ = answering.ending.begun() => return Ok(()),
    };
    // In a box: those who wait above need no room for what follows.
    Box::pin(speak(&http, wire, peer, &answering)).await
}

/// From the first byte to HTTP/2.
async fn begin(stream: Stream, tls: Option<&Tls>) -> anyhow::Result<(Wire<Stream>, Peer)> {
    let mut stream = within(SECURE_WITHIN, "TLS", secure(stream, tls)).await?;
    let peer = Peer::of(&stream);
    let ahead = match within(PREFACE_WITHIN, "the preface", preface::read(&mut stream)).await {
        Ok(ahead) => ahead,
        Err(e) => {
            if e.downcast_ref().map(io::Error::kind) == Some(io::ErrorKind::InvalidData) {
                farewell::say(&mut stream, preface::NOT_SPOKEN).await;
            }
            return Err(e);
        }
    };
    let mut meter = Meter::default();
    meter.take(&ahead[preface::BYTES..])?;
    Ok((Wire::new(stream, ahead, meter), peer))
}

/// Shakes hands, where the port speaks TLS. A Unix socket does not.
pub(super) async fn secure(stream: Stream, tls: Option<&Tls>) -> io::Result<Stream> {
    match (stream, tls) {
        (Stream::Tcp(stream), Some(tls)) => {
            // In a box: a peer in the clear needs no room for it.
            Ok(Stream::Tls(Box::new(Box::pin(tls.accept(stream)).await?)))
        }
        (stream, _) => Ok(stream),
    }
}

async fn within<T>(
    time: Duration,
    what: &str,
    step: impl Future<Output = io::Result<T>>,
) -> anyhow::Result<T> {
    match tokio::time::timeout(time, step).await {
        Ok(done) => Ok(done?),
        Err(_) => anyhow::bail!("{what} took more than {time:?}"),
    }
}

async fn speak(
    http: &Http,
    wire: Wire<Stream>,
    peer: Peer,
    answering: &Arc<Answering>,
) -> anyhow::Result<()> {
    let ending = answering.ending.of_connection();
    let until = peer.certified_until;
    let line = Arc::new(Line { peer, ending: ending.clone(), is_known: SetOnce::new() });
    let unknown = remains_unknown(line.clone(), answering);
    let service = hyper::service::service_fn({
        let answering = answering.clone();
        move |request| {
            let (answering, line) = (answering.clone(), line.clone());
            // In a box that goes when the answer begins: the task that sends it would keep the room.
            Box::pin(async move { answering.answer(&line, request).await })
        }
    });
    let mut served = pin!(http.serve_connection(TokioIo::new(wire), service));
    let of_age = tokio::select! {
        end = served.as_mut() => return Ok(end?),
        _ = ending.begun() => false,
        () = age(&answering.settings.limits, until) => true,
        () = unknown => true,
    };
    // No more calls on this connection.
    served.as_mut().graceful_shutdown();
    if !of_age {
        // The port cuts it.
        return Ok(served.await?);
    }
    // Short calls end by themselves.
    let grace = answering.settings.grace;
    tokio::select! {
        end = served.as_mut() => return Ok(end?),
        _ = ending.begun() => {}
        () = sleep(grace) => ending.begin(),
    }
    tokio::select! {
        end = served.as_mut() => return Ok(end?),
        () = sleep(SETTLE_GRACE) => ending.settle(),
    }
    tokio::select! {
        end = served.as_mut() => Ok(end?),
        () = sleep(grace) => anyhow::bail!("it was of age and did not end within {grace:?}"),
    }
}

/// Over when a connection that begins now is of age, or the certificate that it was made by has ended.
#[allow(clippy::disallowed_methods, reason = "a certificate ends by the wall clock")]
async fn age(limits: &Limits, until: Option<SystemTime>) {
    match age_of(limits, until, SystemTime::now()) {
        Some(age) => sleep(age).await,
        None => std::future::pending().await,
    }
}

/// Over when nobody who is known here has made a call for too long. Who only asks whether the server is well is told to
/// come back like one who is of age: a place is not theirs for ever.
async fn remains_unknown(line: Arc<Line>, answering: &Answering) {
    let Settings { access, limits, .. } = &answering.settings;
    let known = tokio::time::timeout(limits.unknown_age, line.is_known.wait()).await;
    if known.is_ok() || !access.is_guarded() {
        std::future::pending().await
    }
}

/// How long a connection may live. Those that began together do not end together.
fn age_of(limits: &Limits, until: Option<SystemTime>, now: SystemTime) -> Option<Duration> {
    let by_age = limits.connection_age.map(|age| age.mul_f64(rand::random_range(0.9..1.1)));
    let by_certificate = until.map(|until| until.duration_since(now).unwrap_or_default());
    by_age.into_iter().chain(by_certificate).min()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        time::Instant,
    };

    use super::*;

    const OPENING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    const HEAD_BYTES: usize = 9;
    const PING: u8 = 6;
    const ACK: u8 = 1;

    /// Reads frames until the other side ends, and answers so many pings.
    async fn answer_pings(mut peer: DuplexStream, mut answers: u32) {
        let mut head = [0; HEAD_BYTES];
        while peer.read_exact(&mut head).await.is_ok() {
            let mut payload = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
            peer.read_exact(&mut payload).await.unwrap();
            let [.., kind, flags, _, _, _, _] = head;
            if kind == PING && flags & ACK == 0 && answers > 0 {
                answers -= 1;
                head[4] = ACK;
                peer.write_all(&[&head[..], &payload].concat()).await.unwrap();
            }
        }
    }

    #[tokio::test(start_paused = true)]
    #[allow(clippy::disallowed_methods, reason = "the time is paused")]
    async fn who_does_not_answer_a_ping_is_gone() {
        for answers in [0, 5] {
            let (mut peer, ours) = duplex(1 << 12);
            peer.write_all(OPENING).await.unwrap();
            let service = hyper::service::service_fn(|_| async {
                Ok::<_, Infallible>(http::Response::new(tonic::body::Body::empty()))
            });
            let http = builder(&Limits::default());
            let began = Instant::now();
            let served = http.serve_connection(TokioIo::new(ours), service);
            let both = async { tokio::join!(served, answer_pings(peer, answers)) };
            let (served, ()) = tokio::time::timeout(100 * KEEPALIVE, both).await.expect("it is given up");
            served.unwrap_err();
            // Each ping comes after a silence, and the last one's answer has as long.
            let silences = (began.elapsed().as_secs_f64() / KEEPALIVE.as_secs_f64()).round();
            assert_eq!(silences as u32, answers + 2);
        }
    }

    #[test]
    fn those_that_began_together_do_not_end_together() {
        let of_an_hour = Limits { connection_age: Some(Duration::from_secs(3600)), ..Limits::default() };
        let ages: Vec<_> =
            (0..100).map(|_| age_of(&of_an_hour, None, SystemTime::UNIX_EPOCH).unwrap()).collect();
        let (first, last) = (ages.iter().min().unwrap(), ages.iter().max().unwrap());
        // Of the twelve minutes over which they are spread.
        assert!(*last - *first > Duration::from_secs(6 * 60), "{first:?} to {last:?}");
    }

    #[test]
    fn nobody_is_connected_for_longer_than_its_certificate_is_good() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let hour = Duration::from_secs(3600);
        let of_an_hour = Limits { connection_age: Some(hour), ..Limits::default() };
        let of_any_age = Limits { connection_age: None, ..Limits::default() };
        let soon = Some(now + Duration::from_secs(5));
        assert_eq!(age_of(&of_any_age, None, now), None);
        assert_eq!(age_of(&of_any_age, soon, now), Some(Duration::from_secs(5)));
        assert_eq!(age_of(&of_any_age, Some(now - hour), now), Some(Duration::ZERO));
        assert_eq!(age_of(&of_an_hour, soon, now), Some(Duration::from_secs(5)));
        for until in [None, Some(now + 2 * hour)] {
            let age = age_of(&of_an_hour, until, now).unwrap();
            assert!(age >= hour.mul_f64(0.9) && age <= hour.mul_f64(1.1), "{age:?}");
        }
    }
}
