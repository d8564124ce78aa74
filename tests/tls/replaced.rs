//! Certificates that are replaced while the server runs.

use crate::{
    common::{Server, run, until},
    house::{House, LOCAL},
    pki::{Authority, Wanted},
};

/// Waits until the server has said this so often.
fn said(server: &Server, text: &str, times: usize) {
    until(text, || {
        let log = server.log.lock().unwrap();
        (log.iter().filter(|line| line.contains(text)).count() >= times).then_some(())
    });
}

fn count(server: &Server, text: &str) -> usize {
    server.log.lock().unwrap().iter().filter(|line| line.contains(text)).count()
}

#[test]
fn a_new_certificate_is_taken_and_nobody_loses_a_connection() {
    let house = House::new();
    let server = house.serve(&[]);
    let watch = house.start(&server, &["watch-tasks"]);
    house.run(&server, &["submit", "before"]);
    assert_eq!(watch.line()["task"], "before");

    let new = Authority::new("new");
    house.write("new.pem", new.pem());
    house.put("server", &new.issue(&Wanted::server(LOCAL)));
    until("the new certificate is shown", || {
        let mut health = house.contact(&server.address, "new.pem");
        (run(health.arg("health"), "").code == 0).then_some(())
    });
    // Who trusts only the old one gets in no more, and who is in stays in.
    assert_eq!(house.run(&server, &["health"]).code, 3);
    let mut submit = house.contact(&server.address, "new.pem");
    assert_eq!(run(submit.args(["submit", "after"]), "").code, 0);
    assert_eq!(watch.line()["task"], "after");
    let ended = {
        crate::common::signal(watch.child.id(), "TERM");
        watch.end()
    };
    assert_eq!((ended.code, &ended.stderr[..]), (143, ""), "it was never lost: {ended:?}");
}

#[test]
fn a_pair_that_does_not_fit_changes_nothing_until_it_does() {
    let house = House::new();
    let server = house.serve(&[]);
    let new = Authority::new("new");
    house.write("new.pem", new.pem());
    let pair = new.issue(&Wanted::server(LOCAL));
    let health = |ca: &str| run(house.contact(&server.address, ca).arg("health"), "").code;

    // Half of it, for as long as it takes until somebody is told.
    house.write("server.pem", &pair.cert);
    said(&server, "server.key: it is not the key of the certificate in", 1);
    assert_eq!((health("ca.pem"), health("new.pem")), (0, 3));
    house.write("server.key", "-----BEGIN PRIVATE KEY-----\n");
    said(&server, "server.key: it is damaged", 1);
    std::fs::remove_file(house.path("server.key")).unwrap();
    said(&server, "server.key: it is missing", 1);
    assert_eq!((health("ca.pem"), health("new.pem")), (0, 3));

    house.write("server.key", &pair.key);
    said(&server, "took the certificate in", 1);
    assert_eq!((health("ca.pem"), health("new.pem")), (3, 0));
    // Each was said once, however often it was seen.
    assert_eq!(count(&server, "what was read before goes on"), 3);
}

#[test]
fn a_hangup_reads_the_files_at_once() {
    let house = House::new();
    let server = house.serve(&[]);
    // It does not wait for a change.
    server.signal("HUP");
    said(&server, "took the certificate in", 1);
    server.signal("HUP");
    said(&server, "took the certificate in", 2);
    assert_eq!(house.run(&server, &["health"]).code, 0);
    // Nor for a second look before it says what is wrong.
    std::fs::write(house.path("server.key"), "").unwrap();
    server.signal("HUP");
    said(&server, "server.key: there is no private key in it", 1);
    assert_eq!(house.run(&server, &["health"]).code, 0);
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn a_certificate_that_is_about_to_end_is_spoken_of() {
    let house = House::new();
    for (ends, says) in [(5, Some("ends in 4 days")), (-1, Some("has ended")), (40, None)] {
        house.put("server", &house.authority.issue(&Wanted { ends, ..Wanted::server(LOCAL) }));
        let server = house.serve(&["--store", "memory"]);
        match says {
            Some(says) => said(&server, says, 1),
            None => {
                // It would be said before this.
                server.signal("HUP");
                said(&server, "took the certificate in", 1);
                assert_eq!(count(&server, "ends in") + count(&server, "has ended"), 0);
            }
        }
    }
}

#[test]
fn a_key_from_a_pipe_is_read_once_and_nobody_waits_for_another() {
    let house = House::new();
    let pipe = house.path("server.key");
    let key = std::fs::read(&pipe).unwrap();
    std::fs::remove_file(&pipe).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = std::thread::spawn(move || std::fs::write(pipe, key).unwrap());
    let server = house.serve(&[]);
    writer.join().unwrap();
    server.signal("HUP");
    said(&server, "one of the files is a pipe", 1);
    assert_eq!(house.run(&server, &["health"]).code, 0);
    assert!(server.stop().success());
}
