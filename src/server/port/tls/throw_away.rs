//! A certificate for trying things out: of an authority that signs it and is forgotten.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::{pki_types::PrivateKeyDer, sign::CertifiedKey};

use super::Tls;
use crate::tls::provider;

/// Whoever's clock is behind is to trust it too.
const BEFORE: Duration = Duration::from_secs(24 * 3600);
/// Long enough for anything that is tried out.
const LASTS: Duration = Duration::from_secs(365 * 24 * 3600);

/// A server's certificate and its authority, both made here. Their keys are in memory alone, the authority's not even
/// there: nobody can sign anything else in its name.
pub struct ThrowAway {
    /// How the port speaks TLS with it.
    pub tls: Tls,
    /// The authority's certificate, PEM: whoever trusts this trusts the server.
    pub ca: String,
}

impl ThrowAway {
    /// Makes one for these host names and addresses.
    pub fn make(names: Vec<String>, now: SystemTime) -> anyhow::Result<Self> {
        let lasting = |mut params: CertificateParams| {
            params.not_before = (now - BEFORE).into();
            params.not_after = (now + LASTS).into();
            params
        };
        let mut ca = lasting(CertificateParams::default());
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        ca.distinguished_name.push(DnType::CommonName, "contact serve --dev-tls, thrown away");
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate()?)?;

        let mut params = lasting(CertificateParams::new(names)?);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.distinguished_name.push(DnType::CommonName, "contact serve --dev-tls");
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &ca)?;
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let certified = CertifiedKey::from_der(vec![certificate.der().clone()], key, &provider())?;
        Ok(ThrowAway { tls: Tls::fixed(certified)?, ca: ca.pem() })
    }
}
