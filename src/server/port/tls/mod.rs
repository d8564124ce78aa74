//! TLS on the port: 1.2 and 1.3, HTTP/2 alone, and on request a certificate of whoever connects.
//!
//! What it is made of may be replaced while it runs, by writing the files: connections that stand keep what they
//! began with, the next one gets what is new. Files that cannot be used change nothing.

mod current;
mod follow;
mod throw_away;

use std::{
    fmt, io,
    sync::{Mutex, PoisonError, RwLock},
};

use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::farewell;
use crate::tls::{BadFile, Stamps};
use current::Current;

pub use current::Files;
pub use throw_away::ThrowAway;

/// How the port speaks TLS.
pub struct Tls {
    current: RwLock<Current>,
    /// `None`: there is nothing that could change.
    files: Option<Files>,
    seen: Mutex<Seen>,
}

/// How the files stood when they were looked at.
#[derive(Default)]
struct Seen {
    taken: Stamps,
    /// They have changed, and could not be taken.
    doubted: Option<Doubted>,
}

struct Doubted {
    stamps: Stamps,
    /// Somebody was told.
    is_said: bool,
}

impl Tls {
    /// Reads the files.
    pub fn load(files: Files) -> Result<Self, BadFile> {
        let taken = files.stamps();
        let current = RwLock::new(files.load()?);
        Ok(Tls { current, files: Some(files), seen: Mutex::new(Seen { taken, doubted: None }) })
    }

    /// With what never changes.
    fn fixed(certified: CertifiedKey) -> Result<Self, rustls::Error> {
        let current = RwLock::new(Current::new(certified, None)?);
        Ok(Tls { current, files: None, seen: Mutex::default() })
    }

    /// Looks whether the files have changed, and takes them if they fit together. Those that do not are looked at
    /// twice before that is an error: somebody may be writing them one after the other.
    fn look(&self) {
        let Some(files) = &self.files else { return };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = files.stamps();
        if stamps == seen.taken {
            seen.doubted = None;
            return;
        }
        let again = seen.doubted.as_ref().filter(|doubted| doubted.stamps == stamps);
        let is_settled = again.is_some();
        if again.is_none_or(|doubted| !doubted.is_said) {
            self.take(files, &mut seen, is_settled);
        }
    }

    /// Reads the files, changed or not, and says what came of it.
    fn reread(&self) {
        let Some(files) = &self.files else { return };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        self.take(files, &mut seen, true);
    }

    fn take(&self, files: &Files, seen: &mut Seen, says: bool) {
        // As they stand before they are read: what is written meanwhile is looked at once more.
        let stamps = files.stamps();
        if stamps.has_pipe() {
            if says {
                tracing::warn!("TLS: one of the files is a pipe, so they are not read again: start anew");
            }
            seen.doubted = Some(Doubted { stamps, is_said: says });
            return;
        }
        match files.load() {
            Ok(current) => {
                tracing::info!("TLS: took the certificate in {}", files.cert.display());
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
                *seen = Seen { taken: stamps, doubted: None };
            }
            Err(e) => {
                if says {
                    tracing::error!("TLS: {e}; what was read before goes on");
                }
                seen.doubted = Some(Doubted { stamps, is_said: says });
            }
        }
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shakes hands. It takes as long as the peer likes.
    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let accept = TlsAcceptor::from(self.current().config).accept(stream).into_fallible();
        match accept.await {
            Ok(stream) => Ok(stream),
            Err((e, mut stream)) => {
                // The alert that says why has gone out.
                farewell::say(&mut stream, b"").await;
                Err(e)
            }
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn a_pair_that_does_not_fit_is_looked_at_twice_and_said_once() {
        let folder = tempfile::tempdir().unwrap();
        let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let certificate = |key: &KeyPair| {
            CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(key).unwrap().pem()
        };
        let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
        write("cert", certificate(&key));
        write("key", key.serialize_pem());
        let files = Files {
            cert: folder.path().join("cert"),
            key: folder.path().join("key"),
            client_ca: None,
            client_certs_optional: false,
        };
        let tls = Tls::load(files).unwrap();
        let is_said = || {
            tls.look();
            tls.seen.lock().unwrap().doubted.as_ref().map(|doubted| doubted.is_said)
        };
        let first = tls.current().config;
        let is_first = || std::sync::Arc::ptr_eq(&first, &tls.current().config);
        assert_eq!((is_said(), is_first()), (None, true));

        write("cert", certificate(&other));
        assert_eq!([is_said(), is_said(), is_said()], [Some(false), Some(true), Some(true)]);
        // Another mistake is another matter.
        write("key", String::new());
        assert_eq!([is_said(), is_said()], [Some(false), Some(true)]);
        assert!(is_first());
        write("key", other.serialize_pem());
        assert_eq!((is_said(), is_first()), (None, false));

        // One that is put right before the second look was never one.
        write("cert", certificate(&key));
        assert_eq!(is_said(), Some(false));
        write("key", key.serialize_pem());
        assert_eq!(is_said(), None);
    }
}
