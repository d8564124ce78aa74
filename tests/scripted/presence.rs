//! Who is there: clients, and clients --watch.

use contact::{
    name::{ClientName, GroupName, QueueName},
    server::engine::{
        LastStatus,
        groups::Instance,
        presence::{ClientChange, ClientEvent, ClientView, Health, InstanceView},
    },
};

use crate::{
    Server,
    common::{self, Running, until},
};

fn client(name: &str, instances: Vec<InstanceView>) -> ClientView {
    ClientView {
        client: ClientName::parse(name).unwrap(),
        last_seen_ms: 61_500,
        status: None,
        in_flight: 0,
        instances,
    }
}

fn instance(byte: u8, health: Health) -> InstanceView {
    InstanceView {
        instance: Instance::from([byte; 16]),
        address: format!("127.0.0.1:{byte}"),
        connected_ms: 1000,
        heard_ms: None,
        watches: vec![],
        in_flight: 0,
        health,
    }
}

fn agent(byte: u8) -> InstanceView {
    let queue = |name: &str| QueueName::parse(name).unwrap();
    let group = GroupName::parse("@kiosk-7").unwrap();
    InstanceView {
        heard_ms: Some(2000),
        watches: vec![(queue("@kiosk-7"), Some(group)), (queue("news"), None)],
        in_flight: 2,
        ..instance(byte, Health::Healthy)
    }
}

#[test]
fn clients_are_lines_of_json_and_rows_of_a_table() {
    let server = Server::start();
    assert_eq!(server.run(&["clients"], "").stdout, "");
    let status = Some(LastStatus { status: "fine \x1b\nreally".into(), at_ms: 61_000 });
    server.engine.0.lock().unwrap().clients = vec![
        client("away", vec![]),
        ClientView {
            status,
            in_flight: 3,
            ..client("kiosk-7", vec![agent(0xa7), instance(8, Health::NoWatch)])
        },
        client("lonely", vec![instance(9, Health::NoWatch)]),
        client("mute", vec![instance(10, Health::NoHeartbeat)]),
        client("stuck", vec![instance(11, Health::Silent)]),
    ];
    let clients = server.run(&["clients"], "");
    let lines: Vec<&str> = clients.stdout.lines().collect();
    assert_eq!((clients.code, lines.len(), &clients.stderr[..]), (0, 5, ""));
    let seen = "\"last_seen\":\"1970-01-01T00:01:01.500Z\"";
    let hex = |byte: &str| byte.repeat(16);
    let since = "\"connected_at\":\"1970-01-01T00:00:01Z\"";
    assert_eq!(
        lines[0],
        format!("{{\"client\":\"away\",\"up\":false,{seen},\"in_flight\":0,\"instances\":[]}}")
    );
    let expected = format!(
        "{{\"client\":\"kiosk-7\",\"up\":true,{seen},\"status\":\"fine \\u001b\\nreally\",\
         \"status_at\":\"1970-01-01T00:01:01Z\",\"in_flight\":3,\"instances\":[\
         {{\"instance\":\"{}\",\"address\":\"127.0.0.1:167\",{since},\"heard_at\":\"1970-01-01T00:00:02Z\",\
         \"watches\":[{{\"queue\":\"@kiosk-7\",\"group\":\"@kiosk-7\"}},{{\"queue\":\"news\"}}],\"in_flight\":2,\
         \"health\":\"healthy\"}},\
         {{\"instance\":\"{}\",\"address\":\"127.0.0.1:8\",{since},\"watches\":[],\"in_flight\":0,\
         \"health\":\"no_watch\"}}]}}",
        hex("a7"),
        hex("08")
    );
    assert_eq!(lines[1], expected);
    let text = server.run(&["clients", "-o", "text"], "").stdout;
    let rows: Vec<String> =
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(rows[0], "CLIENT HEALTH INSTANCES IN FLIGHT SEEN WATCHES STATUS");
    assert!(rows[1].starts_with("away down 0 0 "), "{text}");
    // One that works is enough: what the other is for is seen below.
    assert!(rows[2].starts_with("kiosk-7 up 2 3 "), "{text}");
    assert!(rows[2].ends_with(" @kiosk-7/@kiosk-7, news fine \\u001b"), "{text}");
    assert!(rows[3].starts_with("127.0.0.1:167 up 2 "), "{text}");
    assert!(rows[4].starts_with("127.0.0.1:8 heartbeat only 0"), "{text}");
    assert!(rows[5].starts_with("lonely heartbeat only 1 "), "{text}");
    assert!(rows[6].starts_with("mute no heartbeat 1 "), "{text}");
    assert!(rows[7].starts_with("stuck silent 1 "), "{text}");
    assert_eq!(rows.len(), 8);
}

#[test]
fn clients_by_name_and_by_the_page() {
    let server = Server::start();
    let name = |n: usize| format!("c{n:04}");
    server.engine.0.lock().unwrap().clients = (0..2500).map(|n| client(&name(n), vec![])).collect();
    assert_eq!(server.run(&["clients"], "").json().len(), 2500);
    assert_eq!(server.engine.heard().len(), 3);
    let some = server.run(&["clients", "c2499", "nobody", "c0000"], "");
    let names: Vec<_> = some.json().iter().map(|line| line["client"].clone()).collect();
    assert_eq!((some.code, names), (1, vec!["c2499".into(), "c0000".into()]));
    assert_eq!((some.errors().len(), &some.errors()[0]["error"]), (1, &"no_client".into()));
    // One header, whatever is asked for.
    let text = server.run(&["clients", "c2499", "c0000", "-o", "text"], "").stdout;
    assert_eq!(text.lines().filter(|line| line.starts_with("CLIENT")).count(), 1, "{text}");
    assert_eq!(server.run(&["clients", "two words"], "").code, 2);
}

fn event(name: &str, change: ClientChange) -> ClientEvent {
    ClientEvent { client: ClientName::parse(name).unwrap(), at_ms: 61_500, change }
}

fn up(name: &str, byte: u8, status: Option<&str>) -> ClientEvent {
    let instance = Instance::from([byte; 16]);
    event(name, ClientChange::Up { instance, address: "unix".into(), status: status.map(Into::into) })
}

fn down(name: &str, byte: u8) -> ClientEvent {
    event(name, ClientChange::Down { instance: Instance::from([byte; 16]), address: "unix".into() })
}

fn tell(server: &Server, told: ClientEvent) {
    until("a watch", || (!server.engine.0.lock().unwrap().event_streams.is_empty()).then_some(()));
    server.engine.0.lock().unwrap().event_streams[0].send(Ok(told)).unwrap();
}

#[test]
fn who_comes_goes_and_reports_is_said_through_a_reconnect() {
    let server = Server::start();
    {
        let mut script = server.engine.0.lock().unwrap();
        script.events = vec![up("a", 1, Some("fine")), up("b", 2, None), up("c", 3, None)];
    }
    let watch = Running::start(server.contact().args(["clients", "--watch"]));
    let line = |watch: &Running| {
        let line = watch.line();
        [line["kind"].clone(), line["client"].clone()].map(|word| word.as_str().unwrap().to_owned())
    };
    let first = watch.line();
    let expected = serde_json::json!({"client": "a", "kind": "up", "at": "1970-01-01T00:01:01.500Z",
        "status": "fine", "instance": "01".repeat(16), "address": "unix"});
    assert_eq!(first, expected);
    assert_eq!((line(&watch), line(&watch)), (["up", "b"].map(Into::into), ["up", "c"].map(Into::into)));
    tell(&server, event("a", ClientChange::Status("new".into())));
    let status = watch.line();
    assert_eq!((&status["kind"], &status["status"]), (&"status".into(), &"new".into()));
    tell(&server, down("b", 2));
    assert_eq!(line(&watch), ["down", "b"]);
    // The connection breaks; meanwhile c goes and d comes.
    {
        let mut script = server.engine.0.lock().unwrap();
        script.events = vec![up("a", 1, Some("newer")), up("d", 4, None)];
        script.clients = vec![
            client("a", vec![instance(1, Health::Healthy)]),
            client("d", vec![instance(4, Health::Healthy)]),
        ];
        script.event_streams.clear();
    }
    assert_eq!(watch.error()["notice"], "retrying");
    let gone = watch.line();
    assert_eq!((&gone["kind"], &gone["client"]), (&"down".into(), &"c".into()));
    assert_eq!((&gone["instance"], &gone["address"]), (&"03".repeat(16).into(), &"unix".into()));
    assert_eq!(line(&watch), ["up", "d"]);
    tell(&server, down("a", 1));
    assert_eq!(line(&watch), ["down", "a"]);
    common::signal(watch.child.id(), "INT");
    let ended = watch.end();
    assert_eq!((ended.code, &ended.stdout[..], &ended.stderr[..]), (130, "", ""));
}

#[test]
fn only_those_that_are_named_are_watched() {
    let server = Server::start();
    server.engine.0.lock().unwrap().events = vec![up("a", 1, None), up("b", 2, None), up("c", 3, None)];
    let watch = Running::start(server.contact().args(["clients", "-w", "a", "c"]));
    assert_eq!((&watch.line()["client"], &watch.line()["client"]), (&"a".into(), &"c".into()));
    drop(watch);
    let mut command = server.contact();
    let watch = Running::start(command.args(["clients", "-w", "a", "-o", "text", "--timeout", "500ms"]));
    let ended = watch.end();
    assert_eq!((ended.code, &ended.stdout[..]), (124, "00:01:01  a  up  unix\n"), "{ended:?}");
    let asked = server.engine.heard();
    assert_eq!(asked, ["events of None", "events of Some(\"a\")"]);
}
