//! Peers of a server with `--dev-tls`.

use std::{
    io,
    net::{Ipv4Addr, TcpStream},
    path::Path,
    sync::Arc,
};

use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

use crate::{common::Server, frames::connect_from};

/// How clients of ours come to a server.
#[derive(Clone)]
pub(crate) struct Way {
    address: String,
    secure: Option<Secure>,
}

impl Way {
    pub(crate) fn to(server: &Server, secure: Option<Secure>) -> Way {
        let address = server.address.trim_start_matches("https://").to_owned();
        Way { address, secure }
    }

    pub(crate) async fn connect(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).unwrap();
        let Some(secure) = self.secure.clone() else { return endpoint.connect().await.unwrap() };
        let address = self.address.clone();
        let connector = tower::service_fn(move |_| {
            let (connector, address) = (TlsConnector::from(secure.config.clone()), address.clone());
            async move {
                let stream = tokio::net::TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                connector.connect(name(), stream).await.map(TokioIo::new)
            }
        });
        endpoint.connect_with_connector(connector).await.unwrap()
    }
}

/// Trusts a server.
#[derive(Clone)]
pub(crate) struct Secure {
    config: Arc<ClientConfig>,
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
        Secure { config: Arc::new(config) }
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
        ClientConnection::new(self.config.clone(), name()).unwrap()
    }
}

fn name() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}
