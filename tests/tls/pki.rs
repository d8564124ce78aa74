//! Authorities, and what they sign.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// One that signs.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What is wanted of a certificate.
pub(crate) struct Wanted<'a> {
    pub(crate) names: &'a [&'a str],
    /// Days from today.
    pub(crate) begins: i32,
    pub(crate) ends: i32,
    pub(crate) usage: ExtendedKeyUsagePurpose,
}

impl<'a> Wanted<'a> {
    pub(crate) fn server(names: &'a [&'a str]) -> Self {
        Wanted { names, begins: -30, ends: 300, usage: ExtendedKeyUsagePurpose::ServerAuth }
    }

    pub(crate) fn client(names: &'a [&'a str]) -> Self {
        Wanted { usage: ExtendedKeyUsagePurpose::ClientAuth, ..Wanted::server(names) }
    }
}

/// A certificate and its key, both PEM.
pub(crate) struct Pair {
    pub(crate) cert: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its own certificate, PEM.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// With its key: a mistake that people make.
    pub(crate) fn pair(&self) -> Pair {
        Pair { cert: self.pem(), key: self.0.key().serialize_pem() }
    }

    pub(crate) fn issue(&self, wanted: &Wanted<'_>) -> Pair {
        let names: Vec<String> = wanted.names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        let day = |days: i32| {
            let now = SystemTime::now();
            let far = DAY * days.unsigned_abs();
            if days < 0 { now - far } else { now + far }
        };
        (params.not_before, params.not_after) = (day(wanted.begins).into(), day(wanted.ends).into());
        params.extended_key_usages = vec![wanted.usage.clone()];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.0).unwrap();
        Pair { cert: cert.pem(), key: key.serialize_pem() }
    }
}
