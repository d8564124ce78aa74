//! Certificates and keys in files: what both halves of the program read of them, and how they tell that one has
//! changed.
//!
//! Whoever gave a wrong file is told which one it is and what is wrong with it.

mod identity;

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::{Duration, SystemTime},
};

use rustls::{
    CertificateError, InconsistentKeys, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem, pem::PemObject},
    sign::CertifiedKey,
};

pub(crate) use identity::identity;

/// The one protocol that is spoken inside TLS.
pub(crate) const HTTP_2: &[u8] = b"h2";

/// A file of certificates is far smaller: longer ones are something else, or have no end.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Later than any certificate ends.
const FOREVER: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(253_402_300_799));

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", file.display())]
pub struct BadFile {
    file: PathBuf,
    why: String,
}

impl BadFile {
    pub(crate) fn new(file: &Path, why: impl Into<String>) -> Self {
        BadFile { file: file.to_owned(), why: why.into() }
    }
}

/// What does the cryptography.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(ring::default_provider()));
    PROVIDER.clone()
}

/// A certificate, those up to its authority, and its key.
pub(crate) fn certified(cert: &Path, key: &Path) -> Result<CertifiedKey, BadFile> {
    let chain = certificates(cert)?;
    let key_read = private_key(key)?;
    CertifiedKey::from_der(chain, key_read, &provider()).map_err(|e| match e {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            BadFile::new(key, format!("it is not the key of the certificate in {}", cert.display()))
        }
        rustls::Error::InvalidCertificate(e) => BadFile::new(cert, unusable(&e)),
        e => BadFile::new(key, format!("the key cannot be used: {e}")),
    })
}

/// The authorities that are trusted.
pub(crate) fn authorities(file: &Path) -> Result<RootCertStore, BadFile> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|e| match e {
            rustls::Error::InvalidCertificate(e) => BadFile::new(file, unusable(&e)),
            e => BadFile::new(file, e.to_string()),
        })?;
    }
    Ok(roots)
}

/// When a certificate ends.
pub(crate) fn end_of(certificate: &CertificateDer<'_>) -> Option<SystemTime> {
    let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
    // The certificate's own time is looked at first of all, whoever has signed it; nothing else gives it away.
    let usage = webpki::KeyUsage::server_auth();
    match certificate.verify_for_usage(&[], &[], &[], FOREVER, usage, None, None) {
        Err(webpki::Error::CertExpired { not_after, .. }) => {
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(not_after.as_secs()))
        }
        _ => None,
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, BadFile> {
    let text = read(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|e| BadFile::new(file, damaged(&e)))?;
    if found.is_empty() {
        return Err(BadFile::new(file, "there is no certificate in it (PEM, -----BEGIN CERTIFICATE-----)"));
    }
    Ok(found)
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, BadFile> {
    let text = read(file)?;
    if String::from_utf8_lossy(&text).lines().any(|line| {
        line.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY") || line.starts_with("Proc-Type: 4,ENCRYPTED")
    }) {
        let why = "the key is encrypted: `openssl pkey -in KEY -out PLAIN` writes one that can be read";
        return Err(BadFile::new(file, why));
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|e| match e {
        pem::Error::NoItemsFound => {
            BadFile::new(file, "there is no private key in it (PEM, -----BEGIN PRIVATE KEY-----)")
        }
        e => BadFile::new(file, damaged(&e)),
    })
}

fn read(file: &Path) -> Result<Vec<u8>, BadFile> {
    let mut text = Vec::new();
    let read = File::open(file).and_then(|open| open.take(FILE_BYTES_MAX + 1).read_to_end(&mut text));
    read.map_err(|e| {
        BadFile::new(
            file,
            if e.kind() == io::ErrorKind::NotFound { "it is missing".into() } else { e.to_string() },
        )
    })?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(BadFile::new(file, "it is longer than 4 MiB: that is no file of certificates"));
    }
    Ok(text)
}

fn damaged(error: &pem::Error) -> String {
    let what = match error {
        pem::Error::MissingSectionEnd { .. } => "it ends in the middle of a section",
        pem::Error::Base64Decode(_) => "a section of it is not base64",
        _ => "it is not PEM",
    };
    format!("it is damaged: {what}")
}

fn unusable(error: &CertificateError) -> String {
    match error {
        CertificateError::BadEncoding => "a certificate in it is damaged, or not of version 3".to_owned(),
        e => format!("a certificate in it cannot be used: {e}"),
    }
}

/// How files stood when they were read. Whoever replaces one, or writes into it, changes this.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Stamps(Vec<Option<Stamp>>);

/// Device, inode, bytes, and when it was written and changed.
type Stamp = (u64, u64, u64, (i64, i64), (i64, i64));

impl Stamps {
    /// Of these files. One that is no file but a pipe has been read: it never changes.
    pub(crate) fn of<'a>(files: impl IntoIterator<Item = &'a Path>) -> Self {
        let stamp = |metadata: Metadata| {
            let modified = (metadata.mtime(), metadata.mtime_nsec());
            let changed = (metadata.ctime(), metadata.ctime_nsec());
            (metadata.dev(), metadata.ino(), metadata.len(), modified, changed)
        };
        let stamp = |file: &Path| match std::fs::metadata(file) {
            Ok(found) if found.is_file() => Some(stamp(found)),
            Ok(_) => Some(Stamp::default()),
            Err(_) => None,
        };
        Stamps(files.into_iter().map(stamp).collect())
    }

    /// Whether one is no file but a pipe. What it had has been read: who reads it again may wait for ever.
    pub(crate) fn has_pipe(&self) -> bool {
        self.0.contains(&Some(Stamp::default()))
    }
}
