//! The wire: the tutorial's programs and ours understand each other, in both directions and for ever.
//!
//! ```text
//!   stubs of the tutorial's proto  ─────►  contact serve          old_client
//!   contact watch-tasks, ack, …    ─────►  a server of those stubs  old_server
//!   stubs of our own proto         ─────►  contact serve          answers, refusals
//!   today's description            ═════   every one before       compatible
//! ```
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests run in real time")]

#[path = "wire/compatible.rs"]
mod compatible;
