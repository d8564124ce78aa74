//! What is said to whom, and that it is said at once.

use std::time::{Duration, Instant};

use rcgen::ExtendedKeyUsagePurpose;

use crate::{
    common::{Running, Server, contact, run, until},
    house::{House, LOCAL},
    pki::{Authority, Wanted},
};

/// Nobody tries again: that would take ten seconds, or for ever.
const AT_ONCE: Duration = Duration::from_secs(5);

#[test]
fn commands_speak_tls_to_whom_they_trust() {
    let house = House::new();
    let server = house.serve(&[]);
    assert!(server.address.starts_with("https://127.0.0.1:"), "{}", server.address);
    let submitted = house.run(&server, &["submit", "one"]);
    assert_eq!((submitted.code, submitted.json().len()), (0, 1), "{submitted:?}");
    let seen = house.run(&server, &["watch-tasks", "--max", "1"]);
    assert_eq!(seen.json()[0]["task"], "one");
    let ran = house.run(&server, &["run", "--max", "1", "--", "cat"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let waited = house.run(&server, &["wait", "--timeout", "20s", "1"]);
    assert_eq!(waited.json()[0]["ret"], "one", "{waited:?}");
    for command in ["health", "wait-ready", "queues", "clients"] {
        let done = house.run(&server, &[command]);
        assert_eq!(done.code, 0, "{command}: {done:?}");
    }

    // By a flag, by name, and by what this machine trusts.
    let ca = house.path("ca.pem");
    let flag = ["health", "--server", &server.address, "--tls-ca", ca.to_str().unwrap()];
    assert_eq!(run(contact().args(flag), "").code, 0);
    let by_name = server.address.replace("127.0.0.1", "localhost");
    assert_eq!(run(house.contact(&by_name, "ca.pem").arg("health"), "").code, 0);
    let of_machine = ["health", "--server", &server.address];
    assert_eq!(run(contact().args(of_machine).env("SSL_CERT_FILE", &ca), "").code, 0);
    assert_eq!(server.stop().code(), Some(0));
}

/// A command, and how it fails.
fn refused(house: &House, address: &str, ca: &str, args: &[&str], reason: &str, says: &str) {
    let began = Instant::now();
    let output = run(house.contact(address, ca).args(args), "");
    assert_eq!((output.code, &output.stdout[..]), (3, ""), "{args:?}: {output:?}");
    // An agent may say first that it comes back to nobody.
    let error = output.errors().pop().unwrap();
    assert_eq!(error["error"], reason, "{args:?}: {output:?}");
    assert!(error["message"].as_str().unwrap().contains(says), "{args:?}: {output:?}");
    assert!(began.elapsed() < AT_ONCE, "{args:?} took {:?}", began.elapsed());
}

#[test]
fn a_server_that_is_not_trusted_ends_each_command_at_once() {
    let house = House::new();
    house.write("other.pem", Authority::new("other").pem());
    let server = house.serve(&[]);
    for args in [
        &["health"][..],
        &["submit", "x"],
        &["submit", "--wait", "x"],
        &["send-status", "x"],
        &["watch-tasks"],
        &["watch-tasks", "--group", "g"],
        &["watch-results"],
        &["clients", "--watch"],
        &["wait", "1"],
        &["wait-ready"],
        &["run", "--", "cat"],
        &["ack", "--id", "1"],
        &["tasks"],
    ] {
        refused(&house, &server.address, "other.pem", args, "tls_unknown_authority", "not trusted here");
    }
}

#[test]
fn each_mistake_about_a_servers_certificate_has_its_words() {
    let house = House::new();
    let of =
        |begins, ends, names: &[&str], usage| house.authority.issue(&Wanted { begins, ends, names, usage });
    let server_auth = || ExtendedKeyUsagePurpose::ServerAuth;
    for (pair, reason, says) in [
        (of(-30, -2, LOCAL, server_auth()), "tls_expired", "certificate ended at 20"),
        (of(2, 30, LOCAL, server_auth()), "tls_expired", "certificate begins only at 20"),
        (
            of(-2, 30, &["example.org", "10.0.0.1"], server_auth()),
            "tls_other_name",
            "is for example.org, 10.0.0.1, not for 127.0.0.1",
        ),
        (of(-2, 30, &[], server_auth()), "tls_other_name", "is for no host's name"),
        (
            of(-2, 30, LOCAL, ExtendedKeyUsagePurpose::ClientAuth),
            "tls_bad_certificate",
            "not one for a server",
        ),
        (house.authority.pair(), "tls_bad_certificate", "an authority's"),
    ] {
        house.put("server", &pair);
        let server = house.serve(&["--store", "memory"]);
        refused(&house, &server.address, "ca.pem", &["health"], reason, says);
        if says.contains("example.org") {
            let by_name = ["health", "--tls-server-name", "example.org"];
            assert_eq!(house.run(&server, &by_name).code, 0);
        }
    }
}

#[test]
fn who_speaks_tls_and_who_does_not_is_said() {
    let house = House::new();
    let secure = house.serve(&[]);
    let plain = Server::start(&house.path("plain"));
    let in_plain_text = secure.address.replace("https://", "http://");
    let over_tls = format!("https://{}", plain.address);
    for args in [&["health"][..], &["submit", "x"], &["watch-tasks"], &["run", "--", "cat"]] {
        refused(&house, &in_plain_text, "ca.pem", args, "tls_wanted", "the server speaks TLS: use https://");
        refused(&house, &over_tls, "ca.pem", args, "tls_not_spoken", "does not speak TLS: use http://");
    }
    // Both are well.
    assert_eq!(house.run(&secure, &["health"]).code, 0);
    assert_eq!(plain.run(&["health"], "").code, 0);
}

#[test]
fn whoever_asks_for_tls_does_not_get_plain_text() {
    let house = House::new();
    let plain = Server::start(&house.path("plain"));
    let refused = run(house.contact(&plain.address, "ca.pem").arg("health"), "");
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("is in plain text, and TLS is asked for"), "{refused:?}");
    let meant = format!("http://{}", plain.address);
    assert_eq!(run(house.contact(&meant, "ca.pem").arg("health"), "").code, 0);
}

#[test]
fn a_watch_that_has_been_trusted_once_waits_until_it_is_again() {
    let house = House::new();
    let mut server = house.serve(&[]);
    let addr = server.address.trim_start_matches("https://").to_owned();
    let watch: Running = house.start(&server, &["watch-tasks"]);
    house.run(&server, &["submit", "one"]);
    assert_eq!(watch.line()["task"], "one");

    server.kill();
    let good = house.authority.issue(&Wanted::server(LOCAL));
    house.put("server", &house.authority.issue(&Wanted { ends: -1, ..Wanted::server(LOCAL) }));
    let mut server = house.serve(&["--addr", &addr]);
    until("it has said that it is not trusted now", || {
        let said = watch.error();
        assert_eq!(said["notice"], "retrying");
        // What it says first is that the connection is gone.
        said["message"].as_str().unwrap().contains("TLS: the server's certificate ended at").then_some(())
    });
    server.kill();
    house.put("server", &good);
    let server = house.serve(&["--addr", &addr]);
    house.run(&server, &["submit", "two"]);
    assert_eq!(watch.line()["task"], "two");
}
