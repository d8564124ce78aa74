//! Who calls, and what they may.
//!
//! A call is admitted before its body is looked at: by its method, the identity behind it, and that identity's
//! roles. What it names in its body is judged where the body is ([`Caller`]); what only the engine can know is the
//! business of the engine's handle that it is given.

mod caller;
mod role;

pub(super) use caller::Caller;
pub use role::Role;

use http::HeaderMap;
use tonic::Status;

use super::port::Peer;

/// Admits a call, or says why not: before anything of its body is read.
pub(super) fn admit(peer: &Peer, _path: &str, _headers: &HeaderMap) -> Result<Caller, Status> {
    Ok(Caller::anybody(peer.address.clone()))
}
