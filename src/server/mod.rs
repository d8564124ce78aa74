//! The server: a listener, the calls behind it, and the engine that keeps what they are told.
//!
//! [`serve`] is given everything from outside: the bound listener, the engine, and what shutdown means. So a
//! test needs no fixed port, no sleep and no flag.

use std::{future::Future, sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio_util::sync::CancellationToken;
use tonic::{body::Body, service::Routes};
use tower::ServiceExt;

use crate::wire::STORE_HEADER;
use call::{Call, Peer};
use engine::Engine;

mod ack;
mod batches;
mod call;
mod cancel;
mod chatter;
mod clients;
mod convert;
pub mod demo;
pub mod engine;
mod groups;
pub mod listener;
mod purge;
mod queues;
mod ready;
mod receipt;
mod redrive;
mod roll_call;
mod send_status;
mod service;
mod status;
mod submit;
mod tasks;
mod watch_results;
mod watch_tasks;
mod why;

/// How long a shutdown waits for peers to take note before it cuts them off.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// How long of that what is told of tasks is still taken: a worker that was about to say that it is done need not do
/// it all again.
const SETTLE_GRACE: Duration = Duration::from_secs(1);
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
/// How long to leave the listener alone when the system has no descriptor for one more connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown` is over, then ends every stream with UNAVAILABLE and returns, after
/// `SHUTDOWN_GRACE` at the latest, whatever is connected.
pub async fn serve(
    mut listener: listener::Listener,
    engine: Arc<dyn Engine>,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let call = Call::new(engine.clone());
    let (stopping, settled) = (call.stopping.clone(), call.settled.clone());
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status("Contact", tonic_health::ServingStatus::Serving).await;
    let routes = Routes::new(service::serve(call))
        .add_service(health_service)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?)
        .prepare();
    let store = HeaderValue::from_str(engine.store_id())?;

    let mut http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .max_header_list_size(HEADER_LIST_BYTES)
        .keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE);

    let connections = GracefulShutdown::new();
    let cut = CancellationToken::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let stream = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok(stream) => stream,
                Err(e) => {
                    // The peer is gone again, or there is no descriptor left: neither is the listener's end.
                    tracing::warn!("a connection could not be accepted: {e}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        let (routes, store, peer) = (routes.clone(), store.clone(), Peer(stream.peer()));
        let service = hyper::service::service_fn(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            answer(routes.clone(), store.clone(), request)
        });
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        let cut = cut.clone();
        tokio::spawn(async move {
            tokio::select! {
                end = connection => if let Err(e) = end {
                    tracing::debug!("a connection ended: {e}");
                },
                () = cut.cancelled() => {}
            }
        });
    }

    // No new connections from here on; those there are learn of it by their streams' ends.
    drop(listener);
    health.set_service_status("Contact", tonic_health::ServingStatus::NotServing).await;
    health.set_service_status("", tonic_health::ServingStatus::NotServing).await;
    stopping.cancel();
    let settling = async {
        tokio::time::sleep(SETTLE_GRACE).await;
        settled.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = tokio::time::timeout(SHUTDOWN_GRACE, connections.shutdown()) => if ended.is_err() {
            tracing::warn!("cutting off connections that did not end within {SHUTDOWN_GRACE:?}");
        },
        () = settling => {}
    }
    cut.cancel();
    Ok(())
}

async fn answer(
    routes: Routes,
    store: HeaderValue,
    request: http::Request<Incoming>,
) -> Result<http::Response<Body>, std::convert::Infallible> {
    let mut response = routes.oneshot(request.map(Body::new)).await?;
    response.headers_mut().insert(HeaderName::from_static(STORE_HEADER), store);
    Ok(ready::put_in_place(response))
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure().register_encoded_file_descriptor_set(crate::DESCRIPTORS)
}
