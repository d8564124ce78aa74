//! Peers of a server with `--dev-tls`.

use std::{
    io,
    net::{Ipv4Addr, TcpStream},
    path::Path,
    sync::Arc,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

use crate::frames::connect_from;

/// Trusts a server.
pub(crate) struct Secure {
    config: Arc<ClientConfig>,
    pem: Vec<u8>,
}

impl Secure {
    /// That keeps its tasks in this folder.
    pub(crate) fn of(data: &Path) -> Secure {
        let pem = std::fs::read(data.join("dev-ca.pem")).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Secure { config: Arc::new(config), pem }
    }

    /// For a client of ours.
    pub(crate) fn endpoint(&self, address: &str) -> Endpoint {
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&self.pem));
        let endpoint = Endpoint::from_shared(address.to_owned()).unwrap();
        endpoint.tls_config(tls.domain_name("localhost")).unwrap()
    }

    /// Shakes hands.
    pub(crate) fn connect(
        &self,
        from: Ipv4Addr,
        to: &str,
    ) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let mut stream = StreamOwned::new(self.client(), connect_from(from, to)?);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(stream)
    }

    /// The first a client says.
    pub(crate) fn hello(&self) -> Vec<u8> {
        let mut hello = Vec::new();
        self.client().write_tls(&mut hello).unwrap();
        hello
    }

    fn client(&self) -> ClientConnection {
        ClientConnection::new(self.config.clone(), ServerName::try_from("localhost").unwrap()).unwrap()
    }
}
