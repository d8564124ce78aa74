//! What is wrong with a file is said before anything else is done.

use std::path::Path;

use crate::{
    common::{contact, run},
    house::House,
    pki::{Authority, Wanted},
};

const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
const ENCRYPTED_OF_OLD: &str = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMIIB\n-----END EC PRIVATE KEY-----\n";

/// A house with files that are wrong, each in its way.
fn house() -> House {
    let house = House::new();
    house.write("empty", "");
    house.write("text", "this is no certificate\n");
    house.write("encrypted", ENCRYPTED);
    house.write("encrypted-of-old", ENCRYPTED_OF_OLD);
    let whole = std::fs::read_to_string(house.path("server.pem")).unwrap();
    house.write("half", &whole[..whole.len() / 2]);
    house.write("scribbled", whole.replacen("MII", "M!!", 1));
    house.write("not-der", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    house.put("other", &Authority::new("other").issue(&Wanted::server(&["localhost"])));
    house.write("long", vec![b'x'; 5 << 20]);
    house
}

/// A flag's file, and what is said about it.
fn mistakes() -> Vec<([&'static str; 3], &'static str, &'static str)> {
    let mut all = Vec::new();
    for (cert, says) in [
        ("absent", "it is missing"),
        ("empty", "there is no certificate in it"),
        ("text", "there is no certificate in it"),
        ("server.key", "there is no certificate in it"),
        ("half", "it is damaged: it ends in the middle of a section"),
        ("scribbled", "it is damaged: a section of it is not base64"),
        ("not-der", "a certificate in it is damaged"),
        ("long", "it is longer than 4 MiB"),
        ("data", "Is a directory"),
    ] {
        all.push(([cert, "server.key", "ca.pem"], cert, says));
        all.push((["server.pem", "server.key", cert], cert, says));
    }
    for (key, says) in [
        ("absent", "it is missing"),
        ("empty", "there is no private key in it"),
        ("server.pem", "there is no private key in it"),
        ("encrypted", "the key is encrypted"),
        ("encrypted-of-old", "the key is encrypted"),
        ("other.key", "it is not the key of the certificate in"),
    ] {
        all.push((["server.pem", key, "ca.pem"], key, says));
    }
    all
}

#[test]
fn serve_names_the_file_and_what_is_wrong_with_it() {
    let house = house();
    std::fs::create_dir(house.path("data")).unwrap();
    for (files, named, says) in mistakes() {
        let [cert, key, ca] = files.map(|name| house.path(name));
        let mut serve = contact();
        serve.args(["serve", "--addr", "127.0.0.1:0", "--store", "memory", "--tls-cert"]).arg(cert);
        serve.arg("--tls-key").arg(key).arg("--client-ca").arg(ca);
        check(&run(&mut serve, ""), &house.path(named), says);
    }
}

#[test]
fn commands_name_the_file_and_what_is_wrong_with_it() {
    let house = house();
    std::fs::create_dir(house.path("data")).unwrap();
    for (files, named, says) in mistakes() {
        let [cert, key, ca] = files.map(|name| house.path(name));
        let mut health = contact();
        health.args(["health", "--server", "https://127.0.0.1:9", "--tls-cert"]).arg(cert);
        health.arg("--tls-key").arg(key).arg("--tls-ca").arg(ca);
        check(&run(&mut health, ""), &house.path(named), says);
    }
}

fn check(output: &crate::common::Output, file: &Path, says: &str) {
    assert_eq!((output.code, &output.stdout[..]), (2, ""), "{output:?}");
    let error = &output.errors()[0];
    assert_eq!(error["error"], "tls_file", "{output:?}");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("{}: ", file.display())), "{message}");
    assert!(message.contains(says), "{says}: {message}");
}

#[test]
fn flags_that_do_not_go_together_are_refused() {
    for (args, says) in [
        (&["serve", "--tls-cert", "x"][..], "--tls-key"),
        (&["serve", "--tls-key", "x"], "--tls-cert"),
        (&["serve", "--client-ca", "x"], "--tls-cert"),
        (&["serve", "--tls-cert", "x", "--tls-key", "y", "--client-certs", "required"], "--client-ca"),
        (&["serve", "--dev-tls", "--tls-cert", "x", "--tls-key", "y"], "cannot be used with"),
        (&["serve", "--dev-tls", "--client-ca", "x"], "cannot be used with"),
        (&["serve", "--dev-tls", "--addr", "unix:/x/y"], "TLS goes with a TCP address"),
        (&["serve", "--client-certs", "never"], "required, optional"),
        (&["health", "--server", "https://x:1", "--tls-cert", "x"], "--tls-cert and --tls-key go together"),
        (
            &["health", "--server", "https://x:1", "--tls-server-name", "a b"],
            "no name that a certificate could be for",
        ),
        (&["health", "--server", "https://x"], "the port must be"),
        (&["health", "--server", "127.0.0.1:1", "--tls-server-name", "x"], "is in plain text"),
    ] {
        let refused = run(contact().args(args), "");
        assert_eq!(refused.code, 2, "{args:?}: {refused:?}");
        assert!(refused.stderr.contains(says), "{args:?}: {refused:?}");
    }
}

#[test]
fn a_variable_of_commands_says_nothing_to_a_server() {
    let house = House::new();
    let mut command = contact();
    command
        .env("CONTACT_TLS_CERT", house.path("client.pem"))
        .env("CONTACT_TLS_KEY", house.path("client.key"));
    command.env("CONTACT_TLS_CA", "absent");
    command.args(["serve", "--addr", "127.0.0.1:0", "--store", "memory", "--log-format", "json"]);
    let server = crate::common::Server::spawn(command);
    assert!(!server.address.starts_with("https"), "{}", server.address);
}
