//! How a command reaches a server over TLS: whom it trusts, what it shows, and what it says when that fails.
//!
//! A server that cannot be trusted is not one that cannot be reached: a command that has never spoken to it ends at
//! once. One that has, like an agent whose server's certificate has run out at night, goes on trying.

mod connector;
mod judged;
mod refusal;

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use clap::Args;
use rustls::{
    ClientConfig, RootCertStore,
    client::Resumption,
    pki_types::ServerName,
    sign::{CertifiedKey, SingleCertAndKey},
    version::{TLS12, TLS13},
};

use super::{Failure, exit::code, reason::Reason};
use crate::{
    name::ClientName,
    tls::{BadFile, HTTP_2, Stamps, authorities, certified, identity, provider},
};

pub(super) use connector::Connector;
pub(super) use refusal::Refusal;

/// The flags of every command. `serve` has two of its own by the same ids; theirs come from other variables, so
/// these two are looked up here.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct SecureFlags {
    /// The authorities (PEM) to trust instead of this machine's, when --server is https://. A server that is not
    /// trusted is not tried again: exit code 3, at once
    #[arg(
        long = "tls-ca",
        global = true,
        env = "CONTACT_TLS_CA",
        value_name = "FILE",
        hide_env_values = true
    )]
    ca: Option<PathBuf>,

    /// The certificate (PEM) to show to a server that asks for one; needs --tls-key [env: CONTACT_TLS_CERT=]
    #[arg(id = "tls_cert", long = "tls-cert", global = true, value_name = "FILE")]
    cert: Option<PathBuf>,

    /// Its key (PEM, not encrypted) [env: CONTACT_TLS_KEY=]
    #[arg(id = "tls_key", long = "tls-key", global = true, value_name = "FILE")]
    key: Option<PathBuf>,

    /// The name that the server's certificate must be for, instead of --server's
    #[arg(
        long = "tls-server-name",
        global = true,
        env = "CONTACT_TLS_SERVER_NAME",
        value_name = "NAME",
        hide_env_values = true
    )]
    server_name: Option<String>,
}

impl SecureFlags {
    /// Whether any is set.
    pub(super) fn is_any(&self) -> bool {
        let Files { ca, cert, key } = self.files();
        ca.is_some() || cert.is_some() || key.is_some() || self.server_name.is_some()
    }

    /// The variables that say the same to another process.
    pub(super) fn variables(&self) -> Vec<(&'static str, Option<OsString>)> {
        let Files { ca, cert, key } = self.files();
        let file = |file: Option<PathBuf>| file.map(PathBuf::into_os_string);
        vec![
            ("CONTACT_TLS_CA", file(ca)),
            ("CONTACT_TLS_CERT", file(cert)),
            ("CONTACT_TLS_KEY", file(key)),
            ("CONTACT_TLS_SERVER_NAME", self.server_name.clone().map(OsString::from)),
        ]
    }

    fn files(&self) -> Files {
        let or_env = |given: &Option<PathBuf>, name: &str| {
            let set = || env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
            given.clone().or_else(set)
        };
        Files {
            ca: self.ca.clone(),
            cert: or_env(&self.cert, "CONTACT_TLS_CERT"),
            key: or_env(&self.key, "CONTACT_TLS_KEY"),
        }
    }
}

/// What TLS is made of.
#[derive(Debug)]
struct Files {
    ca: Option<PathBuf>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
}

/// What connections to one server are secured by. A file that has changed is read again for the next one; one that
/// cannot be read then changes nothing.
#[derive(Debug)]
pub(super) struct Secure {
    files: Files,
    name: ServerName<'static>,
    /// Whom the certificate names that is shown, as the server sees it.
    client: Option<ClientName>,
    current: Mutex<(Stamps, Arc<ClientConfig>)>,
}

impl Secure {
    /// For a server on this host.
    pub(super) fn new(flags: &SecureFlags, host: &str) -> Result<Self, Failure> {
        let files = flags.files();
        if files.cert.is_some() != files.key.is_some() {
            return Err(Failure::usage("--tls-cert and --tls-key go together: a certificate and its key"));
        }
        let name = flags.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned())
            .map_err(|_| Failure::usage(format!("{name:?} is no name that a certificate could be for")))?;
        let bad_file = |e: BadFile| Failure::new(code::USAGE, Reason::TlsFile, e.to_string());
        let stamps = files.stamps();
        let shown = files.shown().map_err(bad_file)?;
        let client = shown.as_ref().and_then(|shown| identity(shown.end_entity_cert().ok()?));
        let config = files.load_with(shown).map_err(bad_file)?;
        Ok(Secure { files, name, client, current: Mutex::new((stamps, Arc::new(config))) })
    }

    /// What the next connection gets.
    fn config(&self) -> Arc<ClientConfig> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = self.files.stamps();
        if stamps != current.0
            && !stamps.has_pipe()
            && let Ok(config) = self.files.load()
        {
            *current = (stamps, Arc::new(config));
        }
        current.1.clone()
    }
}

impl Files {
    fn stamps(&self) -> Stamps {
        Stamps::of([&self.ca, &self.cert, &self.key].into_iter().flatten().map(PathBuf::as_path))
    }

    /// The certificate to show.
    fn shown(&self) -> Result<Option<CertifiedKey>, BadFile> {
        match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => certified(cert, key).map(Some),
            _ => Ok(None),
        }
    }

    fn load(&self) -> Result<ClientConfig, BadFile> {
        self.load_with(self.shown()?)
    }

    fn load_with(&self, shown: Option<CertifiedKey>) -> Result<ClientConfig, BadFile> {
        let roots = match &self.ca {
            Some(file) => authorities(file)?,
            None => of_this_machine()?,
        };
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|e| BadFile::new(Path::new("TLS"), e.to_string()))?
            .with_root_certificates(roots);
        let mut config = match shown {
            Some(shown) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(shown))),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![HTTP_2.to_vec()];
        // A server's certificate is judged each time.
        config.resumption = Resumption::disabled();
        Ok(config)
    }
}

/// The authorities that this machine trusts: where its distribution keeps them, or SSL_CERT_FILE and SSL_CERT_DIR.
fn of_this_machine() -> Result<RootCertStore, BadFile> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    // One that cannot be read is one that is not trusted.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let cause = found.errors.first().map(|e| format!(" ({e})")).unwrap_or_default();
        let why = format!("this machine has none{cause}: --tls-ca FILE or CONTACT_TLS_CA names one to trust");
        return Err(BadFile::new(Path::new("authorities"), why));
    }
    Ok(roots)
}
