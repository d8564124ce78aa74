//! Peers that mean harm, or are stopped, or too many: the port bounds what each of them may cost, and how long.
//! What they cost an honest client is measured in `floods.rs`.
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
#[path = "attacks/frames.rs"]
#[allow(dead_code, reason = "shared with the floods")]
mod frames;
#[path = "attacks/limits.rs"]
mod limits;
#[path = "attacks/load.rs"]
#[allow(dead_code, reason = "shared with the floods")]
mod load;
#[path = "attacks/secure.rs"]
#[allow(dead_code, reason = "shared with the floods")]
mod secure;
#[path = "attacks/stop.rs"]
mod stop;
#[path = "attacks/watchers.rs"]
mod watchers;
