//! Certificates of clients: who gets in, and what the others are told.

use std::time::{Duration, Instant};

use rcgen::ExtendedKeyUsagePurpose;

use crate::{
    common::{Output, Server, contact, run, until},
    house::{House, LOCAL, showing},
    pki::{Authority, Wanted},
};

/// A house with certificates of clients, each wrong in its way.
fn house() -> House {
    let house = House::new();
    let of = |wanted: Wanted<'_>| house.authority.issue(&wanted);
    house.put("foreign", &Authority::new("foreign").issue(&Wanted::client(&["kiosk-7"])));
    house.put("expired", &of(Wanted { ends: -1, ..Wanted::client(&["kiosk-7"]) }));
    house.put("early", &of(Wanted { begins: 2, ..Wanted::client(&["kiosk-7"]) }));
    house.put("of-a-server", &of(Wanted::server(LOCAL)));
    house.put("nameless", &of(Wanted::client(&[])));
    house
}

fn serve(house: &House, flags: &[&str]) -> Server {
    let ca = house.path("ca.pem");
    let mut all = vec!["--client-ca", ca.to_str().unwrap()];
    all.extend(flags);
    house.serve(&all)
}

fn with(house: &House, server: &Server, name: Option<&str>, args: &[&str]) -> Output {
    let mut command = house.contact(&server.address, "ca.pem");
    if let Some(name) = name {
        showing(&mut command, house.folder.path(), name);
    }
    run(command.args(args), "")
}

#[test]
fn only_whom_the_authority_knows_gets_in() {
    let house = house();
    let server = serve(&house, &[]);
    // As far as the handshake goes; what one without a name may do is another matter.
    for (name, args) in [("client", &["submit", "x"][..]), ("nameless", &["health"])] {
        let done = with(&house, &server, Some(name), args);
        assert_eq!(done.code, 0, "{name}: {done:?}");
    }
    for (name, reason, says) in [
        (None, "tls_certificate_wanted", "asks for a certificate"),
        (Some("foreign"), "tls_certificate_refused", "its authority is not one that the server trusts"),
        (Some("expired"), "tls_certificate_refused", "it has ended"),
        (Some("early"), "tls_certificate_refused", "it has ended"),
        (Some("of-a-server"), "tls_certificate_refused", "it is not one for a client"),
    ] {
        for args in
            [&["health"][..], &["submit", "x"], &["watch-tasks"], &["run", "--", "cat"], &["wait-ready"]]
        {
            let began = Instant::now();
            let refused = with(&house, &server, name, args);
            assert_eq!((refused.code, &refused.stdout[..]), (3, ""), "{name:?} {args:?}: {refused:?}");
            let error = refused.errors().pop().unwrap();
            assert_eq!(error["error"], reason, "{name:?} {args:?}: {refused:?}");
            assert!(error["message"].as_str().unwrap().contains(says), "{name:?}: {refused:?}");
            assert!(began.elapsed() < Duration::from_secs(5), "{name:?} {args:?}: {:?}", began.elapsed());
        }
    }
}

#[test]
fn an_agent_goes_by_the_name_in_its_certificate() {
    let house = house();
    let server = serve(&house, &[]);
    let mut command = house.contact(&server.address, "ca.pem");
    let _agent = crate::common::Running::start(
        showing(&mut command, house.folder.path(), "client").args(["run", "--to-me", "--", "cat"]),
    );
    let asked = with(&house, &server, Some("client"), &["submit", "--to", "kiosk-7", "--wait", "hello"]);
    let result = &asked.json()[0];
    assert_eq!((&result["ret"], &result["client"]), (&"hello".into(), &"kiosk-7".into()), "{asked:?}");
    let other = with(&house, &server, Some("client"), &["watch-tasks", "--client", "kiosk-8"]);
    assert_eq!(other.errors()[0]["error"], "foreign_client", "{other:?}");
}

#[test]
fn where_certificates_are_optional_a_wrong_one_is_worse_than_none() {
    let house = house();
    let server = serve(&house, &["--client-certs", "optional"]);
    // As far as the handshake goes.
    for name in [None, Some("client"), Some("nameless")] {
        let done = with(&house, &server, name, &["health"]);
        assert_eq!(done.code, 0, "{name:?}: {done:?}");
    }
    let refused = with(&house, &server, Some("foreign"), &["health"]);
    assert_eq!((refused.code, &refused.errors()[0]["error"]), (3, &"tls_certificate_refused".into()));
}

#[test]
fn a_watch_shows_the_certificate_that_is_in_its_file_when_it_comes_back() {
    let house = house();
    let mut server = serve(&house, &[]);
    let addr = server.address.trim_start_matches("https://").to_owned();
    let mut command = house.contact(&server.address, "ca.pem");
    let watch = crate::common::Running::start(showing(&mut command, house.folder.path(), "client").args([
        "watch-tasks",
        "--client",
        "kiosk-7",
    ]));
    with(&house, &server, Some("client"), &["submit", "one"]);
    assert_eq!(watch.line()["task"], "one");

    // The clients have a new authority by now, and this one a certificate of it.
    server.kill();
    let new = Authority::new("new");
    house.write("clients.pem", new.pem());
    house.put("client", &new.issue(&Wanted::client(&["kiosk-7"])));
    let clients = house.path("clients.pem");
    let server = house.serve(&["--addr", &addr, "--client-ca", clients.to_str().unwrap()]);
    with(&house, &server, Some("client"), &["submit", "two"]);
    assert_eq!(watch.line()["task"], "two");
}

#[test]
fn an_authority_that_is_replaced_counts_from_the_next_connection_on() {
    let house = house();
    let clients = house.path("clients.pem");
    house.write("clients.pem", house.authority.pem());
    let server = house.serve(&["--client-ca", clients.to_str().unwrap()]);
    assert_eq!(with(&house, &server, Some("client"), &["health"]).code, 0);
    let new = Authority::new("new");
    house.put("later", &new.issue(&Wanted::client(&["kiosk-8"])));
    house.write("clients.pem", new.pem());
    until("the new authority counts", || {
        (with(&house, &server, Some("later"), &["health"]).code == 0).then_some(())
    });
    let refused = with(&house, &server, Some("client"), &["health"]);
    assert_eq!(refused.code, 3, "{refused:?}");
}

#[test]
fn the_flags_win_over_the_variables() {
    let house = house();
    let server = serve(&house, &[]);
    let mut command = contact();
    showing(&mut command, house.folder.path(), "foreign").args(["health", "--server", &server.address]);
    for (flag, file) in [("--tls-cert", "client.pem"), ("--tls-key", "client.key"), ("--tls-ca", "ca.pem")] {
        command.arg(flag).arg(house.path(file));
    }
    let done = run(&mut command, "");
    assert_eq!(done.code, 0, "{done:?}");
}

#[test]
fn what_a_certificate_is_for_is_judged_of_a_client_too() {
    let house = House::new();
    let any = Wanted { usage: ExtendedKeyUsagePurpose::Any, ..Wanted::client(&["kiosk-7"]) };
    house.put("any", &house.authority.issue(&any));
    let server = serve(&house, &[]);
    let refused = with(&house, &server, Some("any"), &["health"]);
    assert_eq!(refused.code, 3, "{refused:?}");
}
