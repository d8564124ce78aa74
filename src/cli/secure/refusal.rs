//! Why the two ends do not trust each other, in words.

use std::{
    fmt, io,
    net::IpAddr,
    time::{Duration, SystemTime},
};

use rustls::{
    AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible,
    pki_types::{ServerName, UnixTime},
};

use crate::cli::reason::Reason;

/// What an error begins with that another try does not mend. HTTP/2 hands on the words of an error and nothing else,
/// so it is known by them.
const FINAL: &str = "TLS refused, ";
/// And one that it may mend.
const MAY_PASS: &str = "TLS: ";

/// Why the two ends do not trust each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Refusal {
    /// It speaks TLS, and was spoken to in plain text.
    Wanted,
    /// The other way round.
    NotSpoken,
    /// Nobody known here has signed its certificate.
    UnknownAuthority,
    /// Its certificate is over, or not yet begun.
    Expired(String),
    /// Its certificate is for others.
    OtherName(String),
    /// There is something else about its certificate.
    BadCertificate(String),
    /// It wants to see a certificate.
    CertificateWanted,
    /// It has seen one, and does not take it.
    CertificateRefused(&'static str),
    /// The two have nothing in common.
    Incompatible(String),
}

impl Refusal {
    /// An error of a connection, as a refusal if it is one. `may_pass`: this server has been spoken to before.
    pub(super) fn in_words(error: io::Error, may_pass: bool) -> io::Error {
        let found = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).and_then(Refusal::of);
        match found {
            Some(refusal) => refusal.error(may_pass),
            // Whoever ends a handshake so says nothing; rustls does not say what was under way.
            None if error.kind() == io::ErrorKind::UnexpectedEof => {
                io::Error::new(error.kind(), "the server closed the connection in the midst of TLS")
            }
            None => error,
        }
    }

    /// As an error of the connection.
    pub(super) fn error(self, may_pass: bool) -> io::Error {
        let text =
            if may_pass { format!("{MAY_PASS}{self}") } else { format!("{FINAL}{}: {self}", self.word()) };
        io::Error::new(io::ErrorKind::PermissionDenied, text)
    }

    /// Of the words of an error that another try does not mend: a word for programs, what it says, and what to do.
    pub(in crate::cli) fn parse(text: &str) -> Option<(&str, &str, &'static str)> {
        let (word, message) = text.strip_prefix(FINAL)?.split_once(": ")?;
        Some((word, message, hint(word)))
    }

    /// Whether these are the words of a refusal that may pass.
    pub(in crate::cli) fn may_pass(text: &str) -> bool {
        text.starts_with(MAY_PASS)
    }

    /// For programs.
    fn word(&self) -> &'static str {
        match self {
            Refusal::Wanted => Reason::TlsWanted.word(),
            Refusal::NotSpoken => Reason::TlsNotSpoken.word(),
            Refusal::UnknownAuthority => Reason::TlsUnknownAuthority.word(),
            Refusal::Expired(_) => Reason::TlsExpired.word(),
            Refusal::OtherName(_) => Reason::TlsOtherName.word(),
            Refusal::BadCertificate(_) => Reason::TlsBadCertificate.word(),
            Refusal::CertificateWanted => Reason::TlsCertificateWanted.word(),
            Refusal::CertificateRefused(_) => Reason::TlsCertificateRefused.word(),
            Refusal::Incompatible(_) => Reason::TlsIncompatible.word(),
        }
    }

    fn of(error: &Error) -> Option<Self> {
        Some(match error {
            Error::InvalidCertificate(e) => of_certificate(e),
            Error::AlertReceived(alert) => return of_alert(*alert),
            Error::InvalidMessage(InvalidMessage::InvalidContentType) => Refusal::NotSpoken,
            Error::NoApplicationProtocol => Refusal::Incompatible("no HTTP/2 over TLS".into()),
            Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
            ) => Refusal::Incompatible("neither TLS 1.2 nor 1.3".into()),
            Error::PeerIncompatible(_) | Error::PeerMisbehaved(_) | Error::InvalidMessage(_) => {
                Refusal::Incompatible(format!("no TLS that is understood here ({error})"))
            }
            _ => return None,
        })
    }
}

fn of_certificate(error: &CertificateError) -> Refusal {
    use CertificateError as E;
    match error {
        E::UnknownIssuer | E::BadSignature => Refusal::UnknownAuthority,
        E::ExpiredContext { not_after, .. } => Refusal::Expired(format!("ended at {}", time(*not_after))),
        E::Expired => Refusal::Expired("has ended".into()),
        E::NotValidYetContext { not_before, .. } => {
            Refusal::Expired(format!("begins only at {}: is this machine's clock right?", time(*not_before)))
        }
        E::NotValidYet => Refusal::Expired("has not begun yet: is this machine's clock right?".into()),
        E::NotValidForNameContext { expected, presented } => {
            Refusal::OtherName(other_name(expected, presented))
        }
        E::NotValidForName => Refusal::OtherName("is for another name".into()),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
            Refusal::BadCertificate("is not one for a server".into())
        }
        E::Other(e) if e.to_string().contains("CaUsedAsEndEntity") => {
            Refusal::BadCertificate("is an authority's, not a server's".into())
        }
        e => Refusal::BadCertificate(format!("cannot be used: {e}")),
    }
}

fn other_name(expected: &ServerName<'_>, presented: &[String]) -> String {
    let expected = expected.to_str();
    if presented.is_empty() {
        return format!("is for no host's name, so not for {expected}");
    }
    // As rustls shows them: DnsName("x"), IpAddress(1.2.3.4).
    let bare = |name: &String| {
        let inner = name.split_once('(').map_or(name.as_str(), |(_, inner)| inner.trim_end_matches(')'));
        let inner = inner.trim_matches('"');
        inner.parse().map_or_else(|_| inner.to_owned(), |ip: IpAddr| ip.to_string())
    };
    let names: Vec<String> = presented.iter().take(8).map(bare).collect();
    format!("is for {}, not for {expected}", names.join(", "))
}

fn of_alert(alert: AlertDescription) -> Option<Refusal> {
    use AlertDescription as A;
    Some(match alert {
        A::CertificateRequired => Refusal::CertificateWanted,
        A::UnknownCA => Refusal::CertificateRefused("its authority is not one that the server trusts"),
        A::CertificateExpired => Refusal::CertificateRefused("it has ended, or not begun"),
        A::CertificateRevoked => Refusal::CertificateRefused("it was revoked"),
        A::UnsupportedCertificate => Refusal::CertificateRefused("it is not one for a client"),
        A::BadCertificate | A::CertificateUnknown | A::DecryptError | A::AccessDenied => {
            Refusal::CertificateRefused("the server does not say why")
        }
        A::NoApplicationProtocol => Refusal::Incompatible("no HTTP/2 over TLS".into()),
        A::ProtocolVersion => Refusal::Incompatible("neither TLS 1.2 nor 1.3".into()),
        A::UnrecognisedName => Refusal::OtherName("is for another name, it says".into()),
        // What servers of older makes say if they miss a certificate, too.
        A::HandshakeFailure | A::InsufficientSecurity => {
            Refusal::Incompatible("no TLS that this client speaks, or it asks for a certificate".into())
        }
        _ => return None,
    })
}

fn time(at: UnixTime) -> String {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(at.as_secs());
    humantime::format_rfc3339_seconds(at).to_string()
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Wanted => f.write_str("the server speaks TLS: use https://"),
            Refusal::NotSpoken => f.write_str("the server does not speak TLS: use http://"),
            Refusal::UnknownAuthority => {
                f.write_str("the server's certificate is signed by an authority that is not trusted here")
            }
            Refusal::Expired(what) | Refusal::OtherName(what) | Refusal::BadCertificate(what) => {
                write!(f, "the server's certificate {what}")
            }
            Refusal::CertificateWanted => f.write_str("the server asks for a certificate"),
            Refusal::CertificateRefused(why) => {
                write!(f, "the server does not take this client's certificate: {why}")
            }
            Refusal::Incompatible(what) => write!(f, "the server speaks {what}"),
        }
    }
}

/// What to do about it.
fn hint(word: &str) -> &'static str {
    match word {
        "tls_wanted" => {
            "--server https://HOST:PORT, and --tls-ca FILE unless this machine trusts its authority"
        }
        "tls_not_spoken" => "--server http://HOST:PORT, if nobody on the way may listen",
        "tls_unknown_authority" => "--tls-ca FILE or CONTACT_TLS_CA names the authority to trust",
        "tls_expired" => {
            "the server's certificate is to be renewed; `contact serve` reads it again by itself"
        }
        "tls_other_name" => "--server with a name that it is for, or --tls-server-name NAME",
        "tls_certificate_wanted" => "--tls-cert FILE and --tls-key FILE show one",
        "tls_certificate_refused" => "--tls-cert FILE and --tls-key FILE show another one",
        _ => "",
    }
}
