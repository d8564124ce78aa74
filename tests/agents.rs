//! Agents on real processes: `contact run` and those who ask it, wait for it and look at it.
//!
//! ```text
//!   contact submit --wait ──► contact serve ◄── contact run ──► CMD, one process group a task
//!   contact wait                 ▲ kill -9          ▲ kill -9, SIGTERM, SIGSTOP, cut off from the network
//!   contact watch-results        │                  └── twelve nasty commands, a thousand hostile texts
//!   contact clients ─────────────┘
//! ```
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests run in real time and say what they found"
)]

#[path = "agents/away.rs"]
mod away;
#[path = "agents/chaos.rs"]
mod chaos;
mod common;
#[path = "agents/control.rs"]
mod control;
#[path = "agents/examples.rs"]
mod examples;
#[path = "agents/house.rs"]
mod house;
#[path = "agents/misuse.rs"]
mod misuse;
#[path = "agents/nasty.rs"]
mod nasty;
#[path = "agents/network.rs"]
mod network;
#[path = "agents/presence.rs"]
mod presence;
#[path = "agents/texts.rs"]
mod texts;
#[path = "agents/waiting.rs"]
mod waiting;
