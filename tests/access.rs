//! Who may do what: tokens, roles, and what hangs on them.
//!
//! ```text
//!   a server in this process, tokens in a file ─► matrix, names, ending     each call by its own bare client
//!   the binary, as people run it               ─► commands, serving, secrets
//! ```
#![allow(unreachable_pub, reason = "a test is a crate of its own")]
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests run in real time")]

#[path = "access/commands.rs"]
mod commands;
mod common;
#[path = "access/ending.rs"]
mod ending;
#[path = "access/house.rs"]
mod house;
#[path = "access/matrix.rs"]
mod matrix;
#[path = "access/names.rs"]
mod names;
#[path = "access/serving.rs"]
mod serving;
#[path = "access/unknown.rs"]
mod unknown;
