//! One connection.

use std::{io, sync::Arc, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::GracefulConnection,
};

use super::{Answering, Peer, listener::Stream, tls::Tls};
use crate::server::settings::Limits;

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

/// How long the TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// HTTP/2, as each connection speaks it.
type Http = hyper::server::conn::http2::Builder<TokioExecutor>;

/// How HTTP/2 is spoken.
pub(super) fn builder(limits: &Limits) -> Http {
    let mut http = Http::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .max_header_list_size(HEADER_LIST_BYTES)
        .max_concurrent_streams(limits.streams_per_connection)
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE);
    http
}

/// Shakes hands, where the port speaks TLS. A Unix socket does not.
pub(super) async fn secure(stream: Stream, tls: Option<&Tls>) -> io::Result<Stream> {
    match (stream, tls) {
        (Stream::Tcp(stream), Some(tls)) => {
            let secured = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await;
            let slow = |_| io::Error::new(io::ErrorKind::TimedOut, "the TLS handshake took too long");
            Ok(Stream::Tls(Box::new(secured.map_err(slow)??)))
        }
        (stream, _) => Ok(stream),
    }
}

/// Serves it.
pub(super) fn serve(
    http: &Http,
    stream: Stream,
    answering: Arc<Answering>,
) -> impl GracefulConnection<Error = hyper::Error> + Send + 'static {
    let peer = Arc::new(Peer::of(&stream));
    let service = hyper::service::service_fn(move |request| {
        let (answering, peer) = (answering.clone(), peer.clone());
        async move { answering.answer(&peer, request).await }
    });
    http.serve_connection(TokioIo::new(stream), service)
}
