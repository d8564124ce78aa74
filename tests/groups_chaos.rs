//! Groups on real processes, and what befalls them: kill -9 of each of them, a holder that stands still, a
//! server that starts again, neighbours of one name, and input that means harm.
//!
//! ```text
//!   contact watch-tasks --group ci ──► worker ──► contact ack        four of these, each process a test's own
//!        ▲ kill -9, SIGSTOP            ▲ kill -9   ▲ kill -9
//!        └───────── contact serve ◄────────────────┘
//!                        ▲ kill -9
//! ```
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests run in real time and say what they found"
)]

#[path = "groups_chaos/bad_input.rs"]
mod bad_input;
mod common;
#[path = "groups_chaos/house.rs"]
mod house;
#[path = "groups_chaos/killed.rs"]
mod killed;
#[path = "groups_chaos/members.rs"]
mod members;
#[path = "groups_chaos/pipeline.rs"]
mod pipeline;
#[path = "groups_chaos/stalled.rs"]
mod stalled;
