//! Who is at the other end of a connection, as far as the connection tells.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    time::SystemTime,
};

use super::listener::Stream;
use crate::{name::ClientName, tls};

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
    /// When that ends.
    pub(in crate::server) certified_until: Option<SystemTime>,
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
                Peer {
                    certified: certificate.and_then(tls::identity),
                    certified_until: certificate.and_then(tls::end_of),
                    ..Peer::at(stream.peer_addr().ok())
                }
            }
            Stream::Unix(stream) => Peer {
                address: "unix".to_owned(),
                user: stream.peer_cred().ok().map(|user| user.uid()),
                ..Peer::default()
            },
        }
    }

    /// What counts as one address. Who has one address of a network of IPv6 has all 2^64 of them.
    pub(in crate::server) fn network(&self) -> Option<IpAddr> {
        self.host.map(|host| match host.to_canonical() {
            IpAddr::V6(host) => Ipv6Addr::from_bits(host.to_bits() >> 64 << 64).into(),
            host => host,
        })
    }

    fn at(address: Option<SocketAddr>) -> Self {
        Peer {
            address: address.map(|address| address.to_string()).unwrap_or_default(),
            host: address.map(|address| address.ip()),
            ..Peer::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::{
        ClientConfig, RootCertStore,
        pki_types::{PrivateKeyDer, ServerName},
    };
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::TlsConnector;

    use super::*;
    use crate::{
        server::{
            port::connection::secure,
            tls::{Files, Tls},
        },
        tls::provider,
    };

    /// Signed by an authority that both trust.
    fn signed(
        names: &[&str],
        authority: &CertifiedIssuer<'static, KeyPair>,
    ) -> (rcgen::Certificate, KeyPair) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        (CertificateParams::new(names).unwrap().signed_by(&key, authority).unwrap(), key)
    }

    #[tokio::test]
    async fn whom_a_certificate_names_is_known_by_its_connection() {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let (cert, key) = signed(&["localhost"], &authority);
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| {
            std::fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name)
        };
        let files = Files {
            cert: write("cert", cert.pem()),
            key: write("key", key.serialize_pem()),
            client_ca: Some(write("ca", authority.pem())),
            client_certs_optional: true,
        };
        let tls = Tls::load(files).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).unwrap();

        for (shows, named) in
            [(Some(&["*", "kiosk-7"][..]), Some("kiosk-7")), (Some(&[]), None), (None, None)]
        {
            let builder = ClientConfig::builder_with_provider(provider())
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots.clone());
            let config = match shows {
                Some(names) => {
                    let (cert, key) = signed(names, &authority);
                    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
                    builder.with_client_auth_cert(vec![cert.der().clone()], key).unwrap()
                }
                None => builder.with_no_client_auth(),
            };
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let connecting = async {
                let stream = TcpStream::connect(address).await.unwrap();
                let name = ServerName::try_from("localhost").unwrap();
                TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
            };
            let accepting = async {
                let (stream, _) = listener.accept().await.unwrap();
                secure(Stream::Tcp(stream), Some(&tls)).await.unwrap()
            };
            let (_client, stream) = tokio::join!(connecting, accepting);
            let peer = Peer::of(&stream);
            assert_eq!(peer.certified.as_ref().map(ClientName::as_str), named, "{shows:?}");
            assert_eq!(peer.certified_until.is_some(), shows.is_some());
            assert_eq!(peer.host, Some(address.ip()));
        }
    }
}
