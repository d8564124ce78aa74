//! How `contact serve` is told to speak TLS.

use std::{
    io::Write,
    net::SocketAddr,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use clap::{Args, ValueEnum, builder::FalseyValueParser};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::{
    super::{Failure, exit::code, json, reason::Reason},
    LogFormat, write_whole,
};
use crate::server::{
    Tls,
    listener::Address,
    tls::{Files, ThrowAway},
};

/// The authority's certificate that clients are to trust.
const CA_FILE: &str = "dev-ca.pem";

/// The flags. Two of them are also flags of every other command, where they are this client's: a flag of the same id
/// takes their place.
#[derive(Debug, Args)]
#[command(next_help_heading = "TLS")]
pub(super) struct ServeTls {
    /// Speak TLS with the certificate in this file (PEM, the server's own first); needs --tls-key
    #[arg(
        id = "tls_cert",
        long = "tls-cert",
        env = "CONTACT_SERVE_TLS_CERT",
        value_name = "FILE",
        requires = "tls_key",
        hide_env_values = true
    )]
    cert: Option<PathBuf>,

    /// Its key (PEM, not encrypted). Both are read again when they change, and on SIGHUP
    #[arg(
        id = "tls_key",
        long = "tls-key",
        env = "CONTACT_SERVE_TLS_KEY",
        value_name = "FILE",
        requires = "tls_cert",
        hide_env_values = true
    )]
    key: Option<PathBuf>,

    /// Ask clients for a certificate that one of these authorities (PEM) has signed: its first DNS name that is a
    /// client's name, else the path of its first URI that is one, says who calls. Without --tokens each of them may
    /// do all but what an admin may, in every queue
    #[arg(
        long,
        env = "CONTACT_SERVE_CLIENT_CA",
        value_name = "FILE",
        requires = "tls_cert",
        hide_env_values = true
    )]
    client_ca: Option<PathBuf>,

    /// Whether a client may connect without a certificate
    #[arg(
        long,
        env = "CONTACT_SERVE_CLIENT_CERTS",
        default_value = "required",
        value_name = "WHETHER",
        requires = "client_ca",
        hide_env_values = true
    )]
    client_certs: ClientCerts,

    /// Speak TLS with a certificate made now, for trying things out, and print what clients need
    #[arg(long, env = "CONTACT_SERVE_DEV_TLS", value_parser = FalseyValueParser::new(),
          conflicts_with_all = ["tls_cert", "tls_key", "client_ca"], hide_env_values = true)]
    dev_tls: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ClientCerts {
    /// Nobody without one gets further than the handshake
    Required,
    /// One without a certificate may connect; what it may do is decided otherwise
    Optional,
}

#[derive(Serialize)]
struct PasteLine<'a> {
    paste: &'a str,
}

impl ServeTls {
    /// Whether the server speaks TLS.
    pub(super) fn is_on(&self) -> bool {
        self.cert.is_some() || self.dev_tls
    }

    /// Whether clients may show certificates: then nobody is let in who shows nothing.
    pub(super) fn asks_clients(&self) -> bool {
        self.client_ca.is_some()
    }

    /// Reads the files.
    pub(super) fn load(&self, address: &Address) -> Result<Option<Arc<Tls>>, Failure> {
        if self.is_on() && matches!(address, Address::Unix(_)) {
            return Err(Failure::usage(
                "TLS goes with a TCP address: nobody is between the ends of a socket",
            ));
        }
        let (Some(cert), Some(key)) = (self.cert.clone(), self.key.clone()) else { return Ok(None) };
        let client_certs_optional = self.client_certs == ClientCerts::Optional;
        let files = Files { cert, key, client_ca: self.client_ca.clone(), client_certs_optional };
        let tls = Tls::load(files).map_err(|e| Failure::new(code::USAGE, Reason::TlsFile, e.to_string()))?;
        Ok(Some(Arc::new(tls)))
    }

    /// Makes a certificate for this address if that was asked for, and says what clients need. `folder` is where the
    /// server keeps its tasks, if that is on disk.
    #[allow(clippy::disallowed_methods, reason = "a certificate ends by the wall clock")]
    pub(super) fn throw_away(
        &self,
        asked: &Address,
        bound: Option<SocketAddr>,
        folder: Option<&Path>,
        format: LogFormat,
    ) -> Result<Option<(Arc<Tls>, Trusted)>, Failure> {
        let (true, Some(bound)) = (self.dev_tls, bound) else { return Ok(None) };
        let made = ThrowAway::make(names(asked, bound), SystemTime::now())
            .map_err(|e| Failure::new(code::NO, Reason::System, format!("--dev-tls: {e:#}")))?;
        let trusted = Trusted::write(folder, &made.ca)
            .map_err(|e| Failure::new(code::NO, Reason::System, format!("--dev-tls: {CA_FILE}: {e}")))?;
        trusted.say(bound, format);
        Ok(Some((Arc::new(made.tls), trusted)))
    }
}

/// Keeps up with the files, for ever.
pub(super) fn follow(tls: Arc<Tls>) -> Result<(), Failure> {
    let mut hangups =
        signal(SignalKind::hangup()).map_err(|e| Failure::new(code::NO, Reason::System, e.to_string()))?;
    let now = async move || {
        hangups.recv().await;
    };
    tokio::spawn(tls.follow(now));
    Ok(())
}

/// What clients on this machine, and those who know it by name, may call the server.
fn names(asked: &Address, bound: SocketAddr) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    names.push(rustix::system::uname().nodename().to_string_lossy().into_owned());
    if let Address::Tcp(asked) = asked {
        let host = asked.rsplit_once(':').map_or(asked.as_str(), |(host, _)| host);
        names.push(host.trim_matches(['[', ']']).to_owned());
    }
    if !bound.ip().is_unspecified() {
        names.push(bound.ip().to_string());
    }
    names.retain(|name| rustls::pki_types::ServerName::try_from(name.as_str()).is_ok());
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// The file that clients are to trust. One in a folder of its own goes with the server.
pub(super) struct Trusted {
    file: PathBuf,
    folder: Option<PathBuf>,
}

impl Trusted {
    fn write(folder: Option<&Path>, ca: &str) -> std::io::Result<Self> {
        let (folder, own) = match folder {
            Some(folder) => (folder.canonicalize()?, None),
            None => {
                let name = format!("contact-dev-{:016x}", rand::random::<u64>());
                let folder = std::env::temp_dir().join(name);
                std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
                (folder.clone(), Some(folder))
            }
        };
        let trusted = Trusted { file: folder.join(CA_FILE), folder: own };
        write_whole(&trusted.file, ca)?;
        Ok(trusted)
    }

    fn say(&self, bound: SocketAddr, format: LogFormat) {
        let host = match bound.ip() {
            ip if !ip.is_unspecified() => ip,
            std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        let address = SocketAddr::new(host, bound.port());
        let file = self.file.to_string_lossy();
        let file = shlex::try_quote(&file).unwrap_or_default();
        let paste = format!("export CONTACT_SERVER=https://{address} CONTACT_TLS_CA={file}");
        let line = match format {
            LogFormat::Json => json::line(&PasteLine { paste: &paste }),
            LogFormat::Text => format!("{paste}\n"),
        };
        // Nobody can be told that stderr is gone.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

impl Drop for Trusted {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
