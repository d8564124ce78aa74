//! `contact` hands tasks to machines you cannot dial, and hears back.
//!
//! The map of the crate: [`cli`] is one file per command and speaks to a server through [`pb`], the wire;
//! [`server`] is one file per call, under the same names, and keeps everything in [`server::engine`]. The
//! two meet only in `serve`. [`name`] is what both judge names and ids by, [`wire`] what they say to each
//! other beside the messages, [`tls`] how they read certificates.

pub mod cli;
#[cfg(test)]
mod documented;
#[cfg(test)]
mod fuzz;
pub mod name;
#[doc(hidden)]
pub mod pieces;
pub mod server;
pub mod tls;
pub mod wire;

/// The wire: messages, client and server, generated from `proto/contact.proto`.
#[allow(missing_docs, unreachable_pub, non_camel_case_types, clippy::all, clippy::unwrap_used)]
pub mod pb {
    tonic::include_proto!("_");
}

/// The wire's description, for server reflection and for tests of compatibility.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/contact.bin"));

#[cfg(all(feature = "unsynced", not(debug_assertions)))]
compile_error!("the feature `unsynced` leaves out the sync before an answer: it is for the test suite alone");
