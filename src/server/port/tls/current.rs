//! What the next connection gets, and the files that it is read from.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use rustls::{
    RootCertStore, ServerConfig,
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
    version::{TLS12, TLS13},
};

use crate::tls::{BadFile, HTTP_2, Stamps, authorities, certified, end_of, provider};

/// The files of a port that speaks TLS, all PEM.
#[derive(Debug, Clone)]
pub struct Files {
    /// The server's certificate, and those up to its authority.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The authorities of those who may connect. `None`: nobody is asked for a certificate.
    pub client_ca: Option<PathBuf>,
    /// Whether one without a certificate may connect nonetheless.
    pub client_certs_optional: bool,
}

impl Files {
    pub(super) fn stamps(&self) -> Stamps {
        Stamps::of([&self.cert, &self.key].into_iter().chain(&self.client_ca).map(PathBuf::as_path))
    }

    pub(super) fn load(&self) -> Result<Current, BadFile> {
        let certified = certified(&self.cert, &self.key)?;
        let clients = match &self.client_ca {
            Some(file) => Some(Clients { roots: authorities(file)?, optional: self.client_certs_optional }),
            None => None,
        };
        Current::new(certified, clients).map_err(|e| self.unusable(&e))
    }

    fn unusable(&self, error: &rustls::Error) -> BadFile {
        let file: &Path = self.client_ca.as_ref().unwrap_or(&self.cert);
        BadFile::new(file, error.to_string())
    }
}

/// Whom to trust of those who connect.
pub(super) struct Clients {
    roots: RootCertStore,
    /// Whether one need not show a certificate.
    optional: bool,
}

/// What the next connection gets.
#[derive(Clone)]
pub(super) struct Current {
    pub(super) config: Arc<ServerConfig>,
    /// When the certificate ends.
    pub(super) end: Option<SystemTime>,
}

impl Current {
    /// `clients`: `None`: nobody is asked for a certificate.
    pub(super) fn new(certified: CertifiedKey, clients: Option<Clients>) -> Result<Self, rustls::Error> {
        let end = certified.end_entity_cert().ok().and_then(end_of);
        let verifier = match clients {
            None => WebPkiClientVerifier::no_client_auth(),
            Some(Clients { roots, optional }) => {
                let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
                let builder = if optional { builder.allow_unauthenticated() } else { builder };
                builder.build().map_err(|e| rustls::Error::General(e.to_string()))?
            }
        };
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![HTTP_2.to_vec()];
        // Whoever resumes a session is not judged again: neither its certificate nor its authority may have been
        // withdrawn since. Connections are few and long here, so there is nothing to win.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Current { config: Arc::new(config), end })
    }
}
