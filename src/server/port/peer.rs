//! Who is at the other end of a connection, as far as the connection tells.

use std::net::{IpAddr, SocketAddr};

use super::{listener::Stream, tls};
use crate::name::ClientName;

/// The other end of a connection.
#[derive(Debug, Clone, Default)]
pub(in crate::server) struct Peer {
    /// Host and port, or `unix`.
    pub(in crate::server) address: String,
    /// The host, over TCP.
    pub(in crate::server) host: Option<IpAddr>,
    /// The user, over a Unix socket.
    pub(in crate::server) user: Option<u32>,
    /// Whom its certificate names, if it has shown one that this server trusts.
    pub(in crate::server) certified: Option<ClientName>,
}

impl Peer {
    /// Of a connection that has just been accepted, and secured if the port does that.
    pub(super) fn of(stream: &Stream) -> Self {
        match stream {
            // Of one that is gone already nothing is known.
            Stream::Tcp(stream) => Peer::at(stream.peer_addr().ok()),
            Stream::Tls(stream) => {
                let (stream, session) = stream.get_ref();
                let certificate = session.peer_certificates().and_then(<[_]>::first);
                Peer { certified: certificate.and_then(tls::identity), ..Peer::at(stream.peer_addr().ok()) }
            }
            Stream::Unix(stream) => Peer {
                address: "unix".to_owned(),
                user: stream.peer_cred().ok().map(|user| user.uid()),
                ..Peer::default()
            },
        }
    }

    fn at(address: Option<SocketAddr>) -> Self {
        Peer {
            address: address.map(|address| address.to_string()).unwrap_or_default(),
            host: address.map(|address| address.ip()),
            ..Peer::default()
        }
    }
}
