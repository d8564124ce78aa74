//! Promises 8 and 9: a disk that is full, that fails, that was damaged.
//!
//! ```text
//!   a file system of 64 MiB ◄── filler: fills it, empties it
//!        ▲ submits, settlements
//!   contact serve ──► SQLite ──► strace: the nth write or sync fails
//!        └── killed, its files bent ──► contact serve --check
//! ```
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests run in real time and say what they found"
)]

#[path = "disk/check.rs"]
mod check;
mod common;
#[path = "disk/eio.rs"]
mod eio;
#[path = "disk/refused.rs"]
mod refused;
#[path = "disk/room.rs"]
mod room;
