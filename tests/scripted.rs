//! Our server and our commands around an engine that says what the test wants.
//!
//! ```text
//!   contact groups, tasks, …  ◄──►  contact::server::serve  ◄──►  Scripted     look, repair
//!   contact wait, clients, …  ◄──►  contact::server::serve  ◄──►  Scripted     results, wait, presence
//!   stubs of our own proto    ◄──►  contact::server::serve  ◄──►  Scripted     calls
//! ```
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests run in real time")]

use std::{ffi::OsStr, process::Command, sync::Arc};

use contact::server::listener::{Address, Listener};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

#[path = "scripted/calls.rs"]
mod calls;
mod common;
#[path = "scripted/engine.rs"]
mod engine;
#[path = "scripted/look.rs"]
mod look;
#[path = "scripted/presence.rs"]
mod presence;
#[path = "scripted/repair.rs"]
mod repair;
#[path = "scripted/results.rs"]
mod results;
#[path = "scripted/wait.rs"]
mod wait;

use engine::Scripted;

/// A running server. Ends when dropped.
struct Server {
    address: String,
    engine: Scripted,
    stop: CancellationToken,
    /// On threads of its own, for the tests wait for our commands.
    runtime: Option<Runtime>,
}

impl Server {
    fn start() -> Self {
        Server::start_with(contact::server::Settings::default())
    }

    fn start_with(settings: contact::server::Settings) -> Self {
        let (engine, stop) = (Scripted::default(), CancellationToken::new());
        let (serving, stopped) = (Arc::new(engine.clone()), stop.clone().cancelled_owned());
        // A test may be a task itself, and must not wait for another.
        let started = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            let runtime = runtime.unwrap();
            let listener = runtime.block_on(Listener::bind(&Address::Tcp("127.0.0.1:0".into()))).unwrap();
            let address = listener.address().unwrap().to_string();
            runtime.spawn(contact::server::serve(listener, serving, settings, stopped));
            (runtime, address)
        });
        let (runtime, address) = started.join().unwrap();
        Server { address, engine, stop, runtime: Some(runtime) }
    }

    /// `contact` with this server.
    fn contact(&self) -> Command {
        let mut command = common::contact();
        command.env("CONTACT_SERVER", &self.address).env("CONTACT_CLIENT", "w1");
        command
    }

    /// Runs a command against this server, with `input` on stdin.
    fn run(&self, args: &[impl AsRef<OsStr>], input: &str) -> common::Output {
        common::run(self.contact().args(args), input)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
