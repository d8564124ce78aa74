use http::HeaderValue;

use super::*;

const CALL: &str = "/Contact/listQueues";

fn name(text: &str) -> ClientName {
    ClientName::parse(text).unwrap()
}

fn grant(id: &str, name: Option<&str>, proof: Proof) -> Grant {
    let anybody = Grant::of_anybody_certified();
    Grant { id: id.to_owned(), name: name.map(self::name), proof, ..anybody }
}

/// Access by these lines.
fn access(grants: &[Grant]) -> (Access, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = TokenFile::new(folder.path().join("tokens"));
    file.change(|entries| {
        entries.extend(grants.iter().map(|grant| Entry::of(grant.clone()).unwrap()));
        Ok::<_, FileError>(())
    })
    .unwrap();
    (Access::by(file, Audit::default()).unwrap(), folder)
}

/// Who is let in, or why not.
fn who(access: &Access, peer: &Peer, authorization: &[&str]) -> String {
    let mut headers = HeaderMap::new();
    for value in authorization {
        headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
    }
    match access.admit(peer, CALL, &headers) {
        Ok(caller) => caller.reach().identity().map_or("anybody".into(), |name| name.as_str().to_owned()),
        Err(status) => tonic_types::StatusExt::get_details_error_info(&status)
            .map(|info| info.reason)
            .unwrap_or_default(),
    }
}

#[test]
fn the_first_proof_that_is_shown_counts() {
    let (token, other) = (Token::random(), Token::random());
    let (access, _folder) = access(&[
        grant("1", Some("kiosk-7"), Proof::Token(token.hash())),
        grant("2", Some("certified"), Proof::Certificate),
    ]);
    let bearer = format!("Bearer {}", token.secret());
    let wrong = format!("Bearer {}", other.secret());
    let me = rustix::process::geteuid().as_raw();
    let far = Peer::default();
    let certified = Peer { certified: Some(name("certified")), ..Peer::default() };
    let unknown = Peer { certified: Some(name("unknown")), ..Peer::default() };
    let nameless = Peer { certified_until: Some(std::time::SystemTime::UNIX_EPOCH), ..Peer::default() };
    let of = |user| Peer { user: Some(user), ..Peer::default() };
    for (peer, shown, expected) in [
        (&far, &[][..], "no_token"),
        (&far, &[&bearer[..]], "kiosk-7"),
        (&far, &[&bearer.replace("Bearer", "bearer")], "kiosk-7"),
        (&far, &[&wrong], "bad_token"),
        (&far, &[token.secret()], "bad_token"),
        (&far, &["Basic a2lvc2s6Nw=="], "bad_token"),
        (&far, &["Bearer"], "bad_token"),
        // Of two nobody knows which is meant.
        (&far, &[&bearer, &bearer], "bad_token"),
        (&certified, &[], "certified"),
        (&certified, &[&bearer], "kiosk-7"),
        (&certified, &[&wrong], "bad_token"),
        (&unknown, &[], "no_grant"),
        (&nameless, &[], "no_grant"),
        (&unknown, &[&bearer], "kiosk-7"),
        (&of(me), &[], "anybody"),
        (&of(0), &[], "anybody"),
        (&of(me), &[&bearer], "kiosk-7"),
        (&of(me), &[&wrong], "bad_token"),
        (&of(me + 1), &[], "no_token"),
        (&of(me + 1), &[&bearer], "kiosk-7"),
    ] {
        assert_eq!(who(&access, peer, shown), expected, "{peer:?}");
    }
}

#[test]
fn a_name_on_a_certificate_has_its_own_line_or_that_of_all() {
    let mut own = grant("1", Some("one"), Proof::Certificate);
    own.roles = vec![Role::Submit];
    let (access, _folder) = access(&[grant("2", None, Proof::Certificate), own]);
    let peer = |text| Peer { certified: Some(name(text)), ..Peer::default() };
    assert_eq!(who(&access, &peer("one"), &[]), "no_role");
    assert_eq!(who(&access, &peer("two"), &[]), "two");
    let by_certificate = Access::by_certificate(Audit::default());
    assert_eq!(who(&by_certificate, &peer("two"), &[]), "two");
    assert_eq!(who(&by_certificate, &Peer::default(), &[]), "no_token");
    let purge = by_certificate.admit(&peer("two"), "/Contact/purgeQueue", &HeaderMap::new());
    assert_eq!(purge.unwrap_err().code(), tonic::Code::PermissionDenied);
}

#[test]
fn where_nobody_is_asked_anybody_is_let_in() {
    let access = Access::default();
    assert_eq!(who(&access, &Peer::default(), &[]), "anybody");
    assert_eq!(who(&access, &Peer::default(), &["Bearer x"]), "anybody");
}
