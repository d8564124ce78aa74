//! Whom a certificate names.

use rustls::pki_types::CertificateDer;

use crate::name::ClientName;

/// The client that a certificate is for: the first DNS name of its subject's alternative names that is a client's name,
/// else the path of the first URI whose path is one (`spiffe://shop.example/kiosk-7`). Of a path with several segments
/// the last is not taken: who may name one in `/ns/a` is not who may in `/ns/b`. The common name says nothing.
pub(crate) fn identity(certificate: &CertificateDer<'_>) -> Option<ClientName> {
    let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
    let of_dns = certificate.valid_dns_names().find_map(|name| ClientName::parse(name).ok());
    of_dns.or_else(|| certificate.valid_uri_names().find_map(of_uri))
}

fn of_uri(uri: &str) -> Option<ClientName> {
    let (_, rest) = uri.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    ClientName::parse(path).ok()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    fn of(names: &[SanType]) -> Option<String> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "common");
        params.subject_alt_names = names.to_vec();
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        identity(certificate.der()).map(|name| name.as_str().to_owned())
    }

    fn dns(name: &str) -> SanType {
        SanType::DnsName(name.try_into().unwrap())
    }

    fn uri(name: &str) -> SanType {
        SanType::URI(name.try_into().unwrap())
    }

    #[test]
    fn names() {
        let long = format!("{}.example", "a".repeat(60));
        for (names, expected) in [
            (vec![dns("kiosk-7")], Some("kiosk-7")),
            (vec![dns("*.example"), dns(&long), dns("kiosk-7.example"), dns("b")], Some("kiosk-7.example")),
            (vec![uri("spiffe://example/kiosk-7")], Some("kiosk-7")),
            (vec![uri("spiffe://example/kiosk-7"), dns("b")], Some("b")),
            (vec![uri("spiffe://example/ns/a/sa/kiosk-7")], None),
            (
                vec![uri("urn:x"), uri("spiffe://example"), uri("https://x/@y"), uri("https://x/y?z/a")],
                Some("y"),
            ),
            (vec![uri("spiffe://example/shop/")], None),
            (vec![dns("*.example")], None),
            (vec![SanType::IpAddress([127, 0, 0, 1].into())], None),
            (vec![SanType::Rfc822Name("kiosk-7@example".try_into().unwrap())], None),
            (vec![], None),
        ] {
            assert_eq!(of(&names).as_deref(), expected, "{names:?}");
        }
        assert_eq!(identity(&CertificateDer::from(vec![0x30, 0])), None);
    }
}
