//! `contact clients` is right before long when a client falls silent: it is stopped, or its packets are lost.

use std::time::{Duration, Instant};

use crate::{
    common::{Running, signal},
    house::{House, stop},
    network,
    presence::health,
};

/// Nobody says that a silent one is gone: it is found out.
const SILENT: Duration = Duration::from_secs(45);

#[test]
fn a_client_that_falls_silent_is_known_within_45_seconds() {
    // Both wait most of the time.
    std::thread::scope(|scope| {
        scope.spawn(a_stopped_one);
        scope.spawn(one_whose_packets_are_dropped);
    });
}

fn a_stopped_one() {
    let (house, _server) = House::new();
    let agent = Running::start(&mut house.running(&["--client", "stopped"], &["cat"]));
    let other = Running::start(&mut house.running(&["--client", "well"], &["cat"]));
    for name in ["stopped", "well"] {
        house.client_becomes(name, "is healthy", |client| health(client) == ["healthy"]);
    }
    signal(agent.child.id(), "STOP");
    is_known(&house, "stopped", Instant::now());
    signal(agent.child.id(), "CONT");
    house.client_becomes("stopped", "is healthy again", |client| health(client) == ["healthy"]);
    assert_eq!(stop(agent).code, 143);
    assert_eq!(health(&house.client("well")), ["healthy"]);
    assert_eq!(stop(other).code, 143);
}

fn one_whose_packets_are_dropped() {
    let Some((house, _server, line)) = network::in_another_network() else { return };
    let agent = Running::start(&mut house.running(&["--client", "cut-off"], &["cat"]));
    house.client_becomes("cut-off", "is healthy", |client| health(client) == ["healthy"]);
    line.cut();
    is_known(&house, "cut-off", Instant::now());
    line.mend();
    house.client_becomes("cut-off", "is healthy again", |client| health(client) == ["healthy"]);
    assert_eq!(stop(agent).code, 143);
}

/// It is shown as down, or as one that is not heard.
fn is_known(house: &House, name: &str, since: Instant) {
    house.client_becomes(name, "is known to be silent", |client| {
        health(client).iter().all(|health| *health == "silent")
    });
    assert!(since.elapsed() < SILENT, "{name}: only after {:?}", since.elapsed());
    println!("{name}: known after {:.1?}", since.elapsed());
}
