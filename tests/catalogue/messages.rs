//! Messages that can be read and are wrong, for every call.

use contact::{
    pb::{self, position::Start, watch_results::Start as ResultsStart},
    wire::TASK_BYTES_MAX,
};
use prost::Message;
use prost_types::Timestamp;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;

use crate::{Outcome, invalid, refused};

/// A message and what comes of it.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) message: Vec<u8>,
    pub(crate) expected: Outcome,
}

pub(crate) fn rows() -> Vec<Row> {
    [no_messages(), get_task(), submit_task(), streams(), lists(), repairs(), results(), others()]
        .into_iter()
        .flatten()
        .collect()
}

fn row(path: &'static str, name: &'static str, message: impl Message, expected: Outcome) -> Row {
    Row { name, path, message: message.encode_to_vec(), expected }
}

/// Every call of the service.
const PATHS: [&str; 16] = [
    "/Contact/sendStatus",
    "/Contact/getTask",
    "/Contact/tellResult",
    "/Contact/submitTask",
    "/Contact/listQueues",
    "/Contact/listGroups",
    "/Contact/listTasks",
    "/Contact/explainTask",
    "/Contact/cancelTask",
    "/Contact/redriveTask",
    "/Contact/purgeQueue",
    "/Contact/setGroup",
    "/Contact/watchResults",
    "/Contact/callRoll",
    "/Contact/listClients",
    "/Contact/watchClients",
];

const TRAVERSAL: &str = "../../../etc/passwd";

/// What is no message at all, on each.
fn no_messages() -> Vec<Row> {
    let deep: Vec<u8> = [0x9b, 0x06].repeat(10_000);
    let bad = [
        ("a field that is longer than the message", b"\x0a\x7fabc".to_vec()),
        ("a field of number 0", b"\x00\x00".to_vec()),
        ("the end of no group", b"\x0c".to_vec()),
        ("a number that does not end", vec![0xff; 11]),
        ("groups in groups, ten thousand deep", deep),
    ];
    let each = |path| {
        let row = move |(name, message)| Row { name, path, message, expected: invalid("bad_message", "") };
        bad.clone().into_iter().map(row)
    };
    let mut rows: Vec<Row> = PATHS.into_iter().flat_map(each).collect();
    // Field 1 is a text in all of these.
    for path in PATHS.into_iter().filter(|path| !path.ends_with("getTask")) {
        let message = b"\x0a\x02\xff\xfe".to_vec();
        rows.push(Row {
            name: "text that is not UTF-8",
            path,
            message,
            expected: invalid("bad_message", ""),
        });
    }
    let unknown = b"\x98\x3f\x01\xa2\x3f\x03abc\xa9\x3f\x01\x02\x03\x04\x05\x06\x07\x08".to_vec();
    for path in ["/Contact/listQueues", "/Contact/listClients", "/Contact/cancelTask"] {
        rows.push(Row { name: "unknown fields", path, message: unknown.clone(), expected: Outcome::Taken });
    }
    rows
}

fn get_task() -> Vec<Row> {
    let row = |name, watch: pb::Watch, expected| row("/Contact/getTask", name, watch, expected);
    let watch = pb::Watch::default;
    let share = || pb::Watch { group: "ci".into(), ..watch() };
    let at = |queue: &str, start| pb::Position { queue: queue.into(), start, until_seq: None };
    let queues = |queues: Vec<pb::Position>| pb::Watch { queues, ..watch() };
    let from = |start| queues(vec![at("", Some(start))]);
    let time = |seconds, nanos| from(Start::FromTime(Timestamp { seconds, nanos }));
    let until = pb::Position { until_seq: Some(1), ..pb::Position::default() };
    let bad_name = || invalid("bad_name", "queues[0].queue");
    let bad_time = || invalid("bad_position", "queues[0].from_time");
    vec![
        row("a queue of two words", queues(vec![at("two words", None)]), bad_name()),
        row("a queue that leads out", queues(vec![at(TRAVERSAL, None)]), bad_name()),
        row("a queue with a nul", queues(vec![at("a\0b", None)]), bad_name()),
        row("a queue of a mebibyte", queues(vec![at(&"x".repeat(1 << 20), None)]), bad_name()),
        row("an inbox of nobody", queues(vec![at("@", None)]), bad_name()),
        row(
            "the second queue",
            queues(vec![at("a", None), at("任务", None)]),
            invalid("bad_name", "queues[1].queue"),
        ),
        row(
            "a queue twice",
            queues(vec![at("", None), at("default", None)]),
            invalid("bad_watch", "queues[1].queue"),
        ),
        row(
            "too many queues",
            queues((0..1001).map(|n| at(&format!("q{n}"), None)).collect()),
            invalid("bad_watch", "queues"),
        ),
        row("seq 0", from(Start::FromSeq(0)), invalid("bad_position", "queues[0].from_seq")),
        row("a seq beyond all", from(Start::FromSeq(u64::MAX)), refused(Code::OutOfRange, "future", "")),
        row("a time before all", time(-1, 0), bad_time()),
        row("less than no nanoseconds", time(0, -1), bad_time()),
        row("a second of nanoseconds", time(0, 1_000_000_000), bad_time()),
        row("a time after all", time(i64::MAX, 0), bad_time()),
        row(
            "another store",
            pb::Watch { store: "another".into(), ..watch() },
            refused(Code::FailedPrecondition, "other_store", ""),
        ),
        row(
            "leases without a group",
            pb::Watch { have: vec!["L".into()], ..watch() },
            invalid("bad_watch", "have"),
        ),
        row(
            "credit without a group",
            pb::Watch { max_in_flight: 1, ..watch() },
            invalid("bad_watch", "max_in_flight"),
        ),
        row(
            "a lease without a group",
            pb::Watch { lease_ms: 1000, ..watch() },
            invalid("bad_watch", "lease_ms"),
        ),
        row(
            "a heartbeat too soon",
            pb::Watch { heartbeat_ms: 999, ..watch() },
            invalid("bad_heartbeat", "heartbeat_ms"),
        ),
        row(
            "a heartbeat too late",
            pb::Watch { heartbeat_ms: 3_600_001, ..share() },
            invalid("bad_heartbeat", "heartbeat_ms"),
        ),
        row(
            "a heartbeat at no time",
            pb::Watch { heartbeat_ms: u64::MAX, ..watch() },
            invalid("bad_heartbeat", "heartbeat_ms"),
        ),
        row(
            "a group of two words",
            pb::Watch { group: "two words".into(), ..watch() },
            invalid("bad_name", "group"),
        ),
        row(
            "a group that leads out",
            pb::Watch { group: TRAVERSAL.into(), ..watch() },
            invalid("bad_name", "group"),
        ),
        row(
            "a client with an at",
            pb::Watch { client: "@w1".into(), ..share() },
            invalid("bad_name", "client"),
        ),
        row(
            "a process of 15 bytes",
            pb::Watch { instance: vec![7; 15], ..share() },
            invalid("bad_instance", "instance"),
        ),
        row(
            "a process of a mebibyte",
            pb::Watch { instance: vec![7; 1 << 20], ..share() },
            invalid("bad_instance", "instance"),
        ),
        row(
            "an end of a share",
            pb::Watch { queues: vec![until], ..share() },
            invalid("bad_watch", "queues[0].until_seq"),
        ),
        row(
            "too much credit",
            pb::Watch { max_in_flight: u32::MAX, ..share() },
            invalid("bad_max_in_flight", "max_in_flight"),
        ),
        row("too short a lease", pb::Watch { lease_ms: 999, ..share() }, invalid("bad_lease", "lease_ms")),
        row(
            "too long a lease",
            pb::Watch { lease_ms: u64::MAX, ..share() },
            invalid("bad_lease", "lease_ms"),
        ),
        row(
            "too long a hold",
            pb::Watch { max_hold_ms: u64::MAX, ..share() },
            invalid("bad_max_hold", "max_hold_ms"),
        ),
        row(
            "too many leases",
            pb::Watch { have: vec!["L".into(); 10_001], ..share() },
            invalid("bad_have", "have"),
        ),
    ]
}

fn submit_task() -> Vec<Row> {
    let row = |name, task: pb::NewTask, expected| row("/Contact/submitTask", name, task, expected);
    let task = || pb::NewTask { task: "bad".into(), ..pb::NewTask::default() };
    let labels = |key: &str, value: String| [(key.to_owned(), value)].into();
    let key = |bytes| Some(pb::RetryKey { instance: vec![7; bytes], n: 1 });
    let bad_id = || invalid("bad_id", "id");
    let too_large = refused(Code::ResourceExhausted, "message_too_large", "");
    vec![
        row("nothing", pb::NewTask::default(), invalid("empty_task", "task")),
        row(
            "a byte too much",
            pb::NewTask { task: "x".repeat(TASK_BYTES_MAX + 1), ..task() },
            invalid("task_too_large", "task"),
        ),
        row("two mebibytes", pb::NewTask { task: "x".repeat(2 << 20), ..task() }, too_large),
        row(
            "a queue of two words",
            pb::NewTask { queue: "two words".into(), ..task() },
            invalid("bad_name", "queue"),
        ),
        row(
            "a queue that leads out",
            pb::NewTask { queue: TRAVERSAL.into(), ..task() },
            invalid("bad_name", "queue"),
        ),
        row("an id of the server's", pb::NewTask { id: "7up".into(), ..task() }, bad_id()),
        row("an id that leads out", pb::NewTask { id: TRAVERSAL.into(), ..task() }, bad_id()),
        row("an id in Chinese", pb::NewTask { id: "任务".into(), ..task() }, bad_id()),
        row("an id of 129 bytes", pb::NewTask { id: "x".repeat(129), ..task() }, bad_id()),
        row(
            "an id that is taken",
            pb::NewTask { id: "taken".into(), ..task() },
            refused(Code::AlreadyExists, "id_taken", "id"),
        ),
        row(
            "no retry key",
            pb::NewTask { retry_key: key(0), ..task() },
            invalid("bad_retry_key", "retry_key.instance"),
        ),
        row(
            "a long retry key",
            pb::NewTask { retry_key: key(17), ..task() },
            invalid("bad_retry_key", "retry_key.instance"),
        ),
        row(
            "a label of two words",
            pb::NewTask { labels: labels("a b", String::new()), ..task() },
            invalid("bad_label", "labels"),
        ),
        row(
            "a label of a kibibyte",
            pb::NewTask { labels: labels("k", "x".repeat(1025)), ..task() },
            invalid("bad_label", "labels"),
        ),
        row(
            "too many labels",
            pb::NewTask { labels: (0..33).map(|n| (format!("k{n}"), String::new())).collect(), ..task() },
            invalid("bad_label", "labels"),
        ),
        row("for ever later", pb::NewTask { delay_ms: u64::MAX, ..task() }, invalid("bad_delay", "delay_ms")),
        row(
            "over before it is due",
            pb::NewTask { delay_ms: 5, expires_ms: 5, ..task() },
            invalid("bad_expires", "expires_ms"),
        ),
        row(
            "for ever there",
            pb::NewTask { expires_ms: u64::MAX, ..task() },
            invalid("bad_expires", "expires_ms"),
        ),
    ]
}

/// sendStatus and tellResult.
fn streams() -> Vec<Row> {
    let status = |name, message: pb::ClientMsg, expected| row("/Contact/sendStatus", name, message, expected);
    let told = |name, result: pb::Result, expected| row("/Contact/tellResult", name, result, expected);
    let huge = || "x".repeat(2 << 20);
    let too_large = || refused(Code::ResourceExhausted, "message_too_large", "");
    let (message, result) = (pb::ClientMsg::default, pb::Result::default);
    vec![
        status(
            "a client of two words",
            pb::ClientMsg { client: "no name".into(), ..message() },
            invalid("bad_name", "client"),
        ),
        status(
            "a client that leads out",
            pb::ClientMsg { client: TRAVERSAL.into(), ..message() },
            invalid("bad_name", "client"),
        ),
        status(
            "a process of 15 bytes",
            pb::ClientMsg { instance: vec![7; 15], ..message() },
            invalid("bad_instance", "instance"),
        ),
        status("two mebibytes", pb::ClientMsg { msg: huge(), ..message() }, too_large()),
        told(
            "a word of later",
            pb::Result { outcome: Some(7), ..result() },
            invalid("bad_outcome", "outcome"),
        ),
        told(
            "less than no word",
            pb::Result { outcome: Some(i32::MIN), ..result() },
            invalid("bad_outcome", "outcome"),
        ),
        told(
            "for ever later",
            pb::Result { delay_ms: Some(u64::MAX), ..result() },
            invalid("bad_delay", "delay_ms"),
        ),
        told(
            "a client of two words",
            pb::Result { client: "no name".into(), ..result() },
            invalid("bad_name", "client"),
        ),
        told("two mebibytes", pb::Result { ret: huge(), ..result() }, too_large()),
        told("a lease that is none", pb::Result { lease: "L".repeat(1 << 20), ..result() }, Outcome::Taken),
        told("an id that leads out", pb::Result { id: TRAVERSAL.into(), ..result() }, Outcome::Taken),
        told(
            "an id that is none",
            pb::Result { id: "18446744073709551616".into(), ..result() },
            Outcome::Taken,
        ),
    ]
}

fn lists() -> Vec<Row> {
    let bad = || "two words".to_owned();
    let queues = pb::ListQueues::default;
    let groups = pb::ListGroups::default;
    let tasks = pb::ListTasks::default;
    let clients = pb::ListClients::default;
    let many = |n: usize| vec!["1".to_owned(); n];
    let no_task = || refused(Code::NotFound, "no_task", "");
    let explain =
        |name, id: &str| row("/Contact/explainTask", name, pb::TaskName { id: id.into() }, no_task());
    let list = |name, asked: pb::ListTasks, expected| row("/Contact/listTasks", name, asked, expected);
    let of_groups = |name, asked: pb::ListGroups, expected| row("/Contact/listGroups", name, asked, expected);
    vec![
        row(
            "/Contact/listQueues",
            "a queue",
            pb::ListQueues { queue: bad(), ..queues() },
            invalid("bad_name", "queue"),
        ),
        row(
            "/Contact/listQueues",
            "after a queue",
            pb::ListQueues { after: bad(), ..queues() },
            invalid("bad_name", "after"),
        ),
        row(
            "/Contact/listQueues",
            "all there could be",
            pb::ListQueues { limit: u32::MAX, ..queues() },
            Outcome::Taken,
        ),
        of_groups("a queue", pb::ListGroups { queue: bad(), ..groups() }, invalid("bad_name", "queue")),
        of_groups("a group", pb::ListGroups { group: bad(), ..groups() }, invalid("bad_name", "group")),
        of_groups(
            "half a place",
            pb::ListGroups { after_queue: "q".into(), ..groups() },
            invalid("bad_place", "after_group"),
        ),
        of_groups(
            "the other half",
            pb::ListGroups { after_group: "g".into(), ..groups() },
            invalid("bad_place", "after_queue"),
        ),
        of_groups(
            "after a group",
            pb::ListGroups { after_queue: "q".into(), after_group: bad(), ..groups() },
            invalid("bad_name", "after_group"),
        ),
        list("a queue", pb::ListTasks { queue: bad(), ..tasks() }, invalid("bad_name", "queue")),
        list("a group", pb::ListTasks { group: bad(), ..tasks() }, invalid("bad_name", "group")),
        list("a state of later", pb::ListTasks { state: 10, ..tasks() }, invalid("bad_state", "state")),
        list(
            "less than no state",
            pb::ListTasks { state: i32::MIN, ..tasks() },
            invalid("bad_state", "state"),
        ),
        list(
            "a group's state",
            pb::ListTasks { state: pb::State::Done.into(), ..tasks() },
            invalid("group_needed", "group"),
        ),
        list("no place", pb::ListTasks { after: "nowhere".into(), ..tasks() }, invalid("bad_place", "after")),
        list("too many", pb::ListTasks { ids: many(1001), ..tasks() }, invalid("too_many_ids", "ids")),
        list(
            "an id that leads out",
            pb::ListTasks { ids: vec![TRAVERSAL.into()], ..tasks() },
            Outcome::Taken,
        ),
        explain("nothing", ""),
        explain("a number with zeros", "007"),
        explain("an id that leads out", TRAVERSAL),
        explain("a mebibyte", &"x".repeat(1 << 20)),
        row(
            "/Contact/listClients",
            "a client",
            pb::ListClients { client: bad(), ..clients() },
            invalid("bad_name", "client"),
        ),
        row(
            "/Contact/listClients",
            "after a client",
            pb::ListClients { after: bad(), ..clients() },
            invalid("bad_name", "after"),
        ),
        row(
            "/Contact/watchClients",
            "a client",
            pb::WatchClients { client: TRAVERSAL.into() },
            invalid("bad_name", "client"),
        ),
    ]
}

fn repairs() -> Vec<Row> {
    let bad = || "two words".to_owned();
    let many = |n: usize| vec!["1".to_owned(); n];
    let redrive = |name, asked: pb::Redrive, expected| row("/Contact/redriveTask", name, asked, expected);
    let purge = |name, queue: &str, upto_seq, expected| {
        row("/Contact/purgeQueue", name, pb::Purge { queue: queue.into(), upto_seq }, expected)
    };
    let set = |name, asked: pb::GroupSettings, expected| row("/Contact/setGroup", name, asked, expected);
    let dead = || pb::Redrive { group: "ci".into(), ..pb::Redrive::default() };
    let ci = || pb::GroupSettings { group: "ci".into(), ..pb::GroupSettings::default() };
    let no_group = || refused(Code::NotFound, "no_group", "");
    vec![
        row(
            "/Contact/cancelTask",
            "too many",
            pb::TaskNames { ids: many(10_001) },
            invalid("too_many_ids", "ids"),
        ),
        row(
            "/Contact/cancelTask",
            "what there is none of",
            pb::TaskNames { ids: vec![TRAVERSAL.into(), String::new()] },
            Outcome::Taken,
        ),
        redrive("no group", pb::Redrive { group: String::new(), ..dead() }, invalid("bad_name", "group")),
        redrive("a queue of two words", pb::Redrive { queue: bad(), ..dead() }, invalid("bad_name", "queue")),
        redrive("too many", pb::Redrive { ids: many(1001), ..dead() }, invalid("too_many_ids", "ids")),
        redrive("a group that is not there", pb::Redrive { group: "nobody".into(), ..dead() }, no_group()),
        purge("nothing", "", None, invalid("bad_name", "queue")),
        purge("a queue that leads out", TRAVERSAL, None, invalid("bad_name", "queue")),
        purge("up to nothing", "default", Some(0), invalid("bad_position", "upto_seq")),
        purge("a queue that is not there", "nowhere", None, refused(Code::NotFound, "no_queue", "")),
        set(
            "no group",
            pb::GroupSettings { group: String::new(), paused: Some(true), ..ci() },
            invalid("bad_name", "group"),
        ),
        set(
            "a queue of two words",
            pb::GroupSettings { queue: bad(), paused: Some(true), ..ci() },
            invalid("bad_name", "queue"),
        ),
        set("nothing", ci(), invalid("nothing_set", "")),
        set("no lease", pb::GroupSettings { lease_ms: Some(0), ..ci() }, invalid("bad_lease", "lease_ms")),
        set(
            "too long a lease",
            pb::GroupSettings { lease_ms: Some(u64::MAX), ..ci() },
            invalid("bad_lease", "lease_ms"),
        ),
        set(
            "no pause",
            pb::GroupSettings { backoff_ms: Some(0), ..ci() },
            invalid("bad_backoff", "backoff_ms"),
        ),
        set(
            "too long a pause",
            pb::GroupSettings { backoff_max_ms: Some(u64::MAX), ..ci() },
            invalid("bad_backoff", "backoff_max_ms"),
        ),
        set(
            "a first pause beyond the last",
            pb::GroupSettings { backoff_ms: Some(2), backoff_max_ms: Some(1), ..ci() },
            invalid("bad_backoff", "backoff_ms"),
        ),
        set(
            "a last pause before the first",
            pb::GroupSettings { backoff_max_ms: Some(1), ..ci() },
            invalid("bad_backoff", "backoff_max_ms"),
        ),
        set(
            "a group that is not there",
            pb::GroupSettings { group: "nobody".into(), paused: Some(true), ..ci() },
            no_group(),
        ),
    ]
}

fn results() -> Vec<Row> {
    let row = |name, asked: pb::WatchResults, expected| row("/Contact/watchResults", name, asked, expected);
    let watch = pb::WatchResults::default;
    let from = |start| pb::WatchResults { start: Some(start), ..watch() };
    let of = |ids: Vec<String>| pb::WatchResults { ids, ..watch() };
    let time = |seconds, nanos| from(ResultsStart::FromTime(Timestamp { seconds, nanos }));
    let no_task = || refused(Code::NotFound, "no_task", "");
    vec![
        row(
            "a queue of two words",
            pb::WatchResults { queue: "two words".into(), ..watch() },
            invalid("bad_name", "queue"),
        ),
        row(
            "a group that leads out",
            pb::WatchResults { group: TRAVERSAL.into(), ..watch() },
            invalid("bad_name", "group"),
        ),
        row(
            "ids and a queue",
            pb::WatchResults { queue: "q".into(), ..of(vec!["1".into()]) },
            invalid("bad_watch", "queue"),
        ),
        row(
            "ids and a start",
            pb::WatchResults { start: Some(ResultsStart::FromNew(true)), ..of(vec!["1".into()]) },
            invalid("bad_watch", "start"),
        ),
        row("too many", of(vec!["1".into(); 10_001]), invalid("too_many_ids", "ids")),
        row("a task that is not there", of(vec!["999999".into()]), no_task()),
        row("an id that leads out", of(vec![TRAVERSAL.into()]), no_task()),
        row("number 0", from(ResultsStart::FromN(0)), invalid("bad_position", "from_n")),
        row(
            "a number beyond all",
            from(ResultsStart::FromN(u64::MAX)),
            refused(Code::OutOfRange, "future", ""),
        ),
        row("a time before all", time(i64::MIN, i32::MIN), invalid("bad_position", "from_time")),
        row(
            "another store",
            pb::WatchResults { store: "another".into(), ..watch() },
            refused(Code::FailedPrecondition, "other_store", ""),
        ),
    ]
}

/// callRoll, and the services that are not ours.
fn others() -> Vec<Row> {
    let roll = |name, id: &str, clients: Vec<String>, expected| {
        row("/Contact/callRoll", name, pb::RollCall { id: id.into(), clients }, expected)
    };
    let no_task = || refused(Code::NotFound, "no_task", "");
    let none = || refused(Code::NotFound, "not_found", "");
    let health = || HealthCheckRequest { service: "nosuch".into() };
    let bytes =
        |path, name, message: &[u8], expected| Row { name, path, message: message.to_vec(), expected };
    let reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    vec![
        roll("nothing", "", vec![], no_task()),
        roll("an id that leads out", TRAVERSAL, vec![], no_task()),
        roll("a task that is not there", "999999", vec![], no_task()),
        roll("too many clients", "1", vec!["c".into(); 1001], invalid("too_many_clients", "clients")),
        roll(
            "the second client",
            "1",
            vec!["c".into(), "two words".into()],
            invalid("bad_name", "clients[1]"),
        ),
        row("/grpc.health.v1.Health/Check", "a service that is not there", health(), none()),
        row("/grpc.health.v1.Health/Watch", "a service that is not there", health(), none()),
        bytes(
            "/grpc.health.v1.Health/Check",
            "two mebibytes",
            &HealthCheckRequest { service: "x".repeat(2 << 20) }.encode_to_vec(),
            refused(Code::ResourceExhausted, "message_too_large", ""),
        ),
        bytes("/grpc.health.v1.Health/Check", "no message", b"\x0a\x7f", invalid("bad_message", "")),
        bytes(reflection, "nothing asked", b"", invalid("bad_message", "")),
        // It answers nothing and ends well.
        bytes(reflection, "no message", b"\x0a\x7f", Outcome::Taken),
        // file_by_filename
        bytes(reflection, "a file that leads out", b"\x1a\x0c../../x.prot", none()),
        // file_containing_symbol
        bytes(reflection, "a symbol that is not there", b"\x22\x06nosuch", none()),
    ]
}
