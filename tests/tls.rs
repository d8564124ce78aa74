//! TLS, with real certificates and real processes: who is trusted, what is said to who is not, and that
//! certificates are replaced without anybody noticing.
//!
//! ```text
//!   contact watch-tasks … ──TLS──► contact serve --tls-cert server.pem --tls-key server.key
//!                                    ▲ --client-ca clients.pem
//!   bytes of all kinds ──────────────┘
//! ```
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests run in real time")]

mod common;

#[path = "tls/files.rs"]
mod files;
#[path = "tls/house.rs"]
mod house;
#[path = "tls/mutual.rs"]
mod mutual;
#[path = "tls/pki.rs"]
mod pki;
#[path = "tls/raw.rs"]
mod raw;
#[path = "tls/refused.rs"]
mod refused;
#[path = "tls/replaced.rs"]
mod replaced;
#[path = "tls/throw_away.rs"]
mod throw_away;
