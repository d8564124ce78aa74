//! The wire: the tutorial's programs and ours understand each other, in both directions and for ever.
//!
//! ```text
//!   stubs of the tutorial's proto  ─────►  contact serve          old_client
//!   contact watch-tasks, ack, …    ─────►  a server of those stubs  old_server
//!   stubs of our own proto         ─────►  contact serve          answers, refusals, results, presence, clients,
//!                                                                     heartbeat
//!   today's description            ═════   every one before       compatible
//! ```
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests run in real time")]

use std::{future::Future, time::Duration};

use tonic::transport::{Channel, Endpoint};

#[path = "wire/answers.rs"]
mod answers;
#[path = "wire/clients.rs"]
mod clients;
mod common;
#[path = "wire/compatible.rs"]
mod compatible;
#[path = "wire/heartbeat.rs"]
mod heartbeat;
#[path = "wire/old_client.rs"]
mod old_client;
#[path = "wire/old_server.rs"]
mod old_server;
#[path = "wire/presence.rs"]
mod presence;
#[path = "wire/refusals.rs"]
mod refusals;
#[path = "wire/results.rs"]
mod results;
#[path = "wire/tutorial_server.rs"]
mod tutorial_server;

/// Stubs of the tutorial's own proto, as anybody would generate them.
#[allow(missing_docs, unreachable_pub, non_camel_case_types, clippy::all, reason = "generated")]
mod tutorial {
    include!(concat!(env!("OUT_DIR"), "/tutorial/_.rs"));
}

/// Waits for what should happen, and says what did not.
async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(common::DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("not within {:?}: {what}", common::DEADLINE),
    }
}

/// A connection to a server of the harness.
async fn connect(server: &common::Server) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    within("a connection", endpoint.connect_timeout(Duration::from_secs(30)).connect()).await.unwrap()
}
