//! Peers that mean harm, or are stopped, or too many: the port bounds what each of them may cost, and how long.
//!
//! ```text
//!  127.0.0.2  attackers, by raw frames ──┐
//!                                        ├──► contact serve ◄── its memory, processor time, sockets, log
//!  127.0.0.1  an honest client, measured ┘
//! ```
//!
//! The long forms are recipes: `just attacks`.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests run in real time and say what they found"
)]

mod common;
#[path = "attacks/counted.rs"]
mod counted;
#[path = "attacks/floods.rs"]
mod floods;
#[path = "attacks/frames.rs"]
mod frames;
#[path = "attacks/honest.rs"]
mod honest;
#[path = "attacks/limits.rs"]
mod limits;
#[path = "attacks/load.rs"]
mod load;
#[path = "attacks/secure.rs"]
mod secure;
#[path = "attacks/stop.rs"]
mod stop;
#[path = "attacks/watchers.rs"]
mod watchers;

/// A number from the environment, for the long forms.
fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

/// As many descriptors as this process may have.
fn many_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}
