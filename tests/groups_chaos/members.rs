//! Members beside each other: four pipelines of one name, a thousand that have nothing to do, and one that speaks
//! over two listeners.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use contact::{
    pb::{self, contact_client::ContactClient},
    server::{
        engine::embedded::{Embedded, Options},
        listener::{Address, Listener},
    },
};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_util::sync::CancellationToken;

use crate::{
    common::{DEADLINE, Server, contact, run},
    house::{House, Task, verdicts},
    pipeline::{Gate, Pipeline},
};

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"))
}

#[test]
fn four_pipelines_of_one_name_share_a_group_and_do_not_disturb_each_other() {
    let house = House::new();
    let _server = house.serve();
    house.make_group(&[]);
    house.submit(400);
    let gate = Gate::new(&house, "gate");
    let mut pipelines: Vec<Pipeline> = Vec::new();
    for n in 1..=4 {
        let flags = ["--max-in-flight", "5", "--until-empty"];
        pipelines.push(Pipeline::start(&house, "workers", &flags, &mut gate.worker()));
        // Each has its own, and keeps it while the others come.
        house.group_becomes("it holds five", |group| group["leased"] == 5 * n && group["members"] == n);
    }
    let leased = house.ok(&["tasks", "--group", "ci", "--state", "leased"], "");
    let holders: BTreeSet<&str> = leased.iter().map(|task| task["holder"].as_str().unwrap()).collect();
    assert_eq!((leased.len(), holders.len()), (20, 1), "{holders:?}");
    let _open = gate.open();
    for pipeline in pipelines {
        assert_eq!(pipeline.end(), [0, 0, 0]);
    }
    let tasks = house.tasks();
    assert_eq!(tasks.len(), 400);
    for (seq, task) in tasks {
        assert_eq!(task, Task::done_at_once(), "{seq}");
    }
    let lines = house.logged("workers.acks");
    assert_eq!(verdicts(&lines), ["ok"; 400]);
    assert_eq!(house.logged("workers.err"), [json!(null); 0]);
}

/// The server's time on a processor so far, in hundredths of a second.
fn ticks(server: &Server) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.child.id())).unwrap();
    // After the name, which may have anything in it.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_idle_members_cost_no_cpu_and_a_task_goes_to_one_of_them() {
    const MEMBERS: usize = 1000;
    const CONNECTIONS: usize = 10;
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let address = format!("http://{}", server.address);
    let (got, mut tasks) = mpsc::unbounded_channel();
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(within("a connection", ContactClient::connect(address.clone())).await.unwrap());
    }
    for member in 0..MEMBERS {
        let mut instance = [0; 16];
        instance[..8].copy_from_slice(&(member as u64 + 1).to_le_bytes());
        let watch = pb::Watch {
            group: "ci".into(),
            client: "w1".into(),
            instance: instance.to_vec(),
            ..pb::Watch::default()
        };
        let watch = clients[member % CONNECTIONS].get_task(watch);
        let mut stream = within("headers", watch).await.unwrap().into_inner();
        let got = got.clone();
        tokio::spawn(async move {
            while let Ok(Some(task)) = stream.message().await {
                let _ = got.send((member, task));
            }
        });
    }
    // The least of some stretches: the first may still have to do with their coming.
    let mut least = u64::MAX;
    for _ in 0..5 {
        let before = ticks(&server);
        tokio::time::sleep(Duration::from_secs(2)).await;
        least = least.min(ticks(&server) - before);
        if least <= 2 {
            break;
        }
    }
    println!("{least} ticks in 2 s");
    assert!(least <= 2, "{least} hundredths of a second in 2 s");

    let line = |args: &[&str], input: &str| {
        let output = server.run(args, input);
        assert_eq!(output.code, 0, "{output:?}");
        output.json()
    };
    assert_eq!(line(&["groups"], "")[0]["members"], MEMBERS);
    let before = ticks(&server);
    let mut takers = HashSet::new();
    let mut leases = String::new();
    for n in 1..=20 {
        line(&["submit", &n.to_string()], "");
        let (member, task) = within("the task", tasks.recv()).await.unwrap();
        assert_eq!((&task.task[..], task.attempt), (&n.to_string()[..], 1));
        // Whoever has one has no credit for another.
        assert!(takers.insert(member), "member {member} has got a second one");
        leases += &format!("{}\n", json!({"lease": task.lease}));
    }
    println!("{} ticks for 20 tasks", ticks(&server) - before);
    assert_eq!(line(&["groups"], "")[0]["leased"], 20);
    assert_eq!(verdicts(&line(&["ack"], &leases)), ["ok"; 20]);
    assert!(tasks.try_recv().is_err(), "somebody has got what another was given");
    let ends = line(&["tasks", "--group", "ci"], "");
    assert!(ends.iter().all(|task| task["ends"] == json!(["done"])), "{ends:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_may_watch_here_and_attend_there_and_settle_here_again() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Arc::new(Embedded::open(folder.path(), &Options::default()).unwrap());
    let stop = CancellationToken::new();
    let mut addresses = Vec::new();
    let mut serving = Vec::new();
    for _ in 0..2 {
        let listener = Listener::bind(&Address::Tcp("127.0.0.1:0".into())).await.unwrap();
        addresses.push(listener.address().unwrap().to_string());
        let stopped = stop.clone().cancelled_owned();
        serving.push(tokio::spawn(contact::server::serve(
            listener,
            engine.clone(),
            contact::server::Settings::default(),
            stopped,
        )));
    }
    let contact_at = |which: usize, args: &[&str], input: String| {
        let mut command = contact();
        command.env("CONTACT_SERVER", &addresses[which]).args(args);
        async move { tokio::task::spawn_blocking(move || run(&mut command, input)).await.unwrap() }
    };
    assert_eq!(contact_at(0, &["submit"], "a\nb\n".into()).await.code, 0);
    let connect = |which: usize| ContactClient::connect(format!("http://{}", addresses[which]));
    let mut here = within("a connection", connect(0)).await.unwrap();
    let mut there = within("a connection", connect(1)).await.unwrap();

    let instance = vec![7; 16];
    let watch = pb::Watch {
        group: "ci".into(),
        client: "w1".into(),
        instance: instance.clone(),
        max_in_flight: 2,
        lease_ms: 1000,
        ..pb::Watch::default()
    };
    let mut tasks = within("headers", here.get_task(watch)).await.unwrap().into_inner();
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(within("a task", tasks.message()).await.unwrap().unwrap());
    }
    let (beats, messages) = mpsc::unbounded_channel();
    let beat = || pb::ClientMsg { heartbeat: true, ..pb::ClientMsg::default() };
    beats.send(pb::ClientMsg { client: "w1".into(), instance, control: true, ..beat() }).unwrap();
    let replies = there.send_status(UnboundedReceiverStream::new(messages));
    let mut replies = within("headers", replies).await.unwrap().into_inner();
    assert!(within("a reply", replies.message()).await.unwrap().unwrap().ended.is_none());
    // Three leases long it is heard there alone.
    let began = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(200));
    while began.elapsed() < Duration::from_secs(3) {
        pace.tick().await;
        beats.send(beat()).unwrap();
        let reply = within("a reply", replies.message()).await.unwrap().unwrap();
        assert_eq!(reply.ended, None);
    }
    let line = json!({"id": held[0].id, "lease": held[0].lease}).to_string();
    let told = contact_at(0, &["ack"], line).await;
    assert_eq!(told.json(), [json!({"id": held[0].id, "verdict": "ok"})], "in time: {told:?}");
    let mut ended = async || {
        loop {
            // Replies may be on their way as well.
            if let Some(ended) = within("a notice", replies.message()).await.unwrap().unwrap().ended {
                return (ended.lease.clone(), ended.why());
            }
        }
    };
    assert_eq!(ended().await, (held[0].lease.clone(), pb::ended::Why::Settled));
    // And silent there it is lost, though its watch is up here.
    assert_eq!(ended().await, (held[1].lease.clone(), pb::ended::Why::Lost));
    let again = pb::Watch { group: "ci".into(), ..pb::Watch::default() };
    let mut others = within("headers", there.get_task(again)).await.unwrap().into_inner();
    let other = within("a task", others.message()).await.unwrap().unwrap();
    assert_eq!((&other.id, other.attempt), (&held[1].id, 2));
    let line = json!({"lease": held[1].lease}).to_string();
    assert_eq!(verdicts(&contact_at(1, &["ack"], line).await.json()), ["stale"]);
    let line = json!({"lease": other.lease}).to_string();
    assert_eq!(verdicts(&contact_at(0, &["ack"], line).await.json()), ["ok"]);
    stop.cancel();
    for serving in serving {
        within("the end", serving).await.unwrap().unwrap();
    }
}

#[test]
fn who_detaches_is_not_kept_by_what_it_leaves_behind() {
    let house = House::new();
    let _server = house.serve();
    house.make_group(&[]);
    house.submit(3);
    let flags = ["watch-tasks", "--group", "ci", "--detach", "--lease", "10m"];
    // More than there is, and one at a time.
    let taken = house.ok(&[&flags[..], &["--max", "5", "--idle-exit", "200ms"]].concat(), "");
    assert_eq!(taken.len(), 3);
    house.submit(2);
    let one = house.ok(&[&flags[..], &["--idle-exit", "200ms"]].concat(), "");
    assert_eq!((one.len(), &one[0]["id"]), (1, &json!("4")));
    assert_eq!(house.group()["leased"], 4);
}
