//! The server: a listener, the calls behind it, and the engine that keeps what they are told.
//!
//! [`serve`] is given everything from outside: the bound listener, the engine, and what shutdown means. So a
//! test needs no fixed port, no sleep and no flag.

use std::{future::Future, sync::Arc};

use http::HeaderValue;
use tonic::service::Routes;

use bounds::Bounds;
use call::Call;
use ending::SETTLE_GRACE;
use engine::Engine;
use port::{Answering, Port};
use service::MESSAGE_BYTES_MAX;

pub(crate) use pieces::pieces;
pub use port::{
    listener,
    tls::{self, Tls},
};
pub use settings::{Limits, Settings};

pub mod access;
mod ack;
mod batches;
mod bounds;
mod call;
mod cancel;
mod chatter;
mod clients;
mod convert;
pub mod demo;
mod ending;
pub mod engine;
mod explained;
mod groups;
mod heartbeat;
mod pieces;
mod port;
mod purge;
mod queues;
mod ready;
mod reason;
mod receipt;
mod redrive;
#[cfg(test)]
mod requests;
mod roll_call;
mod send_status;
mod service;
mod settings;
mod status;
mod submit;
mod tasks;
mod unsent;
mod watch_results;
mod watch_tasks;
mod why;

/// Serves until `shutdown` is over, then ends every stream with UNAVAILABLE and returns, after
/// [`Settings::grace`] at the latest, whatever is connected.
pub async fn serve(
    listener: listener::Listener,
    engine: Arc<dyn Engine>,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let call = Call::new(engine.clone());
    let ending = call.ending.clone();
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status("Contact", tonic_health::ServingStatus::Serving).await;
    let routes = Routes::new(service::serve(call))
        .add_service(health_service.max_decoding_message_size(MESSAGE_BYTES_MAX))
        .add_service(reflection().build_v1()?.max_decoding_message_size(MESSAGE_BYTES_MAX))
        .add_service(reflection().build_v1alpha()?.max_decoding_message_size(MESSAGE_BYTES_MAX))
        .prepare();
    let store = HeaderValue::from_str(engine.store_id())?;
    let grace = settings.grace;
    let bounds = Bounds::new(&settings.limits);
    // Ends with this call.
    let _following = Following(tokio::spawn(settings.access.clone().follow()));
    let answering = Arc::new(Answering { settings, bounds, routes, store, ending: ending.clone() });
    let port = Port::accept(listener, answering.clone(), shutdown).await;

    // No new connections from here on; those there are learn of it by their streams' ends.
    health.set_service_status("Contact", tonic_health::ServingStatus::NotServing).await;
    health.set_service_status("", tonic_health::ServingStatus::NotServing).await;
    status::stop_with(answering.bounds.open_calls());
    ending.begin();
    let settling = async {
        // Who is told by that that it is over must have a moment left to say so.
        tokio::time::sleep(SETTLE_GRACE.min(grace / 2)).await;
        ending.settle();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = port.end(grace) => {}
        () = settling => {}
    }
    Ok(())
}

/// The reasons of errors, for their documentation: the word, the code and what it means.
#[cfg(test)]
pub(crate) fn reasons() -> impl Iterator<Item = (&'static str, tonic::Code, &'static str)> {
    reason::Reason::ALL.iter().map(|reason| (reason.word(), reason.code(), reason.meaning()))
}

/// Follows the file of tokens until it is dropped.
struct Following(tokio::task::JoinHandle<()>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure().register_encoded_file_descriptor_set(crate::DESCRIPTORS)
}
