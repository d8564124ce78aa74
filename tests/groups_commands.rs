//! What looks and repairs, over the real server: a worker of our own stubs takes tasks of a group, and the
//! commands show and change what becomes of them.
//!
//! ```text
//!   worker (stubs)  ──getTask, tellResult──►  contact serve  ◄──  contact groups, tasks, why, cancel, …
//! ```
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "tests run in real time")]

mod common;

use common::{DEADLINE, Output, Running, Server, until};
use contact::pb::{self, contact_client::ContactClient};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Streaming, transport::Channel};

/// A member of the group `ci` of the queue `default`, and its session.
struct Worker {
    client: ContactClient<Channel>,
    tasks: Streaming<pb::ServerMsg>,
    replies: Streaming<pb::Result>,
    /// Open as long as the worker attends.
    _messages: mpsc::UnboundedSender<pb::ClientMsg>,
}

impl Worker {
    async fn start(server: &Server, max_in_flight: u32) -> Worker {
        let address = format!("http://{}", server.address);
        let mut client = within("a connection", ContactClient::connect(address)).await.unwrap();
        let instance = rand::random::<[u8; 16]>().to_vec();
        let (messages, receiver) = mpsc::unbounded_channel();
        let first = pb::ClientMsg {
            client: "w1".into(),
            instance: instance.clone(),
            heartbeat: true,
            control: true,
            ..pb::ClientMsg::default()
        };
        messages.send(first).unwrap();
        let replies = client.send_status(UnboundedReceiverStream::new(receiver));
        let mut replies = within("headers", replies).await.unwrap().into_inner();
        within("a reply", replies.message()).await.unwrap().unwrap();
        let watch = pb::Watch {
            group: "ci".into(),
            client: "w1".into(),
            instance,
            max_in_flight,
            lease_ms: 600_000,
            grace_ms: Some(0),
            ..pb::Watch::default()
        };
        let tasks = within("headers", client.get_task(watch)).await.unwrap().into_inner();
        Worker { client, tasks, replies, _messages: messages }
    }

    async fn take(&mut self) -> pb::ServerMsg {
        within("a task", self.tasks.message()).await.unwrap().unwrap()
    }

    /// Settles a task.
    async fn settle(&mut self, task: &pb::ServerMsg, outcome: pb::Outcome, ret: &str) -> pb::Verdict {
        let result = pb::Result {
            lease: task.lease.clone(),
            outcome: Some(outcome.into()),
            ret: ret.into(),
            ..pb::Result::default()
        };
        let receipt = within("a receipt", self.client.tell_result(stream::iter([result]))).await.unwrap();
        receipt.into_inner().told[0].verdict()
    }

    /// Why its next lease has ended.
    async fn ended(&mut self) -> (String, pb::ended::Why) {
        let told = within("a notice", self.replies.message()).await.unwrap().unwrap();
        let ended = told.ended.unwrap();
        (ended.lease.clone(), ended.why())
    }
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"))
}

fn submit(server: &Server, tasks: usize) {
    let input: String = (1..=tasks).map(|n| format!("task {n}\n")).collect();
    assert_eq!(server.run(&["submit"], input).code, 0);
}

/// The only line of a command that works.
fn line(server: &Server, args: &[&str]) -> Value {
    let output = server.run(args, "");
    assert_eq!((output.code, output.json().len()), (0, 1), "{args:?}: {output:?}");
    output.json().remove(0)
}

fn verdicts(output: &Output) -> Vec<String> {
    output.json().iter().map(|line| line["verdict"].as_str().unwrap().to_owned()).collect()
}

/// Asks for the group until it is as it should be: its counts may lag.
fn group_becomes(server: &Server, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    until(what, || Some(line(server, &["groups", "--group", "ci"])).filter(&is_so))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_can_be_followed_from_hand_to_hand() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    submit(&server, 3);
    assert_eq!(line(&server, &["why", "1"])["groups"], json!([]));

    let mut worker = Worker::start(&server, 1).await;
    let first = worker.take().await;
    let group = group_becomes(&server, "one leased", |group| group["leased"] == 1);
    assert_eq!((&group["members"], &group["ready"], &group["lag"]), (&1.into(), &2.into(), &3.into()));
    let queue = line(&server, &["queues"]);
    assert_eq!((&queue["tasks"], &queue["groups"]), (&3.into(), &1.into()));
    let leased = line(&server, &["tasks", "--group", "ci", "--state", "leased"]);
    assert_eq!(
        (&leased["id"], &leased["holder"], &leased["attempt"]),
        (&json!(first.id), &"w1".into(), &1.into())
    );
    assert!(leased["since"].is_string() && leased["until"].is_string(), "{leased}");
    let why = |id: &str| line(&server, &["why", id])["groups"][0].clone();
    let held = why("1");
    assert_eq!((&held["reasons"], &held["state"]), (&json!(["leased"]), &"leased".into()));
    assert!(held["because"].as_str().unwrap().starts_with("held by w1 since "), "{held}");
    assert_eq!(why("2")["reasons"], json!(["credit_full"]));
    assert_eq!((&why("3")["reasons"], &why("3")["before"]), (&json!(["credit_full", "behind"]), &1.into()));

    assert_eq!(worker.settle(&first, pb::Outcome::Done, "").await, pb::Verdict::Ok);
    assert_eq!(worker.ended().await, (first.lease.clone(), pb::ended::Why::Settled));
    assert_eq!(
        (&why("1")["reasons"], &why("1")["because"]),
        (&json!(["done"]), &"done, after 1 attempt".into())
    );
    group_becomes(&server, "one done", |group| group["done"] == 1 && group["leased"] == 1);

    // Nobody is there, and then nobody may.
    let second = worker.take().await;
    drop(worker);
    until("nobody is there", || Some(why("3")).filter(|why| why["members"] == 0));
    let reasons = why("3")["reasons"].clone();
    assert_eq!(reasons[0], "no_members");
    assert_eq!(line(&server, &["groups", "pause", "ci"])["paused"], true);
    assert_eq!(why("3")["reasons"][0], "paused");
    assert_eq!(line(&server, &["groups", "resume", "ci"])["paused"], Value::Null);
    // Its holder is gone without a word: one alone is charged for it.
    let lost = until("the lease is lost", || Some(why("2")).filter(|why| why["state"] != "leased"));
    assert_eq!((&lost["failures"], &lost["ends"]), (&1.into(), &json!(["lost"])), "{second:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_dies_is_listed_with_what_was_said_and_can_be_redriven() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    submit(&server, 4);
    let mut worker = Worker::start(&server, 4).await;
    let set = line(&server, &["groups", "set", "ci", "--max-failures", "1", "--backoff", "1ms"]);
    assert_eq!((&set["max_failures"], &set["backoff_ms"]), (&1.into(), &1.into()));
    for outcome in [pb::Outcome::Failed, pb::Outcome::Rejected, pb::Outcome::Failed, pb::Outcome::Done] {
        let task = worker.take().await;
        let said = format!("no room for {}\n", task.id);
        assert_eq!(worker.settle(&task, outcome, &said).await, pb::Verdict::Ok);
    }
    let group = group_becomes(&server, "three dead", |group| group["dead"] == 3);
    assert_eq!((&group["done"], &group["lag"]), (&1.into(), &0.into()));
    let dead = server.run(&["tasks", "--state", "dead", "--group", "ci"], "").json();
    let said: Vec<_> = dead.iter().map(|task| (task["id"].clone(), task["said"].clone())).collect();
    let expected = [1, 2, 3].map(|n| (json!(n.to_string()), json!(format!("no room for {n}\n"))));
    assert_eq!(said, expected);
    assert_eq!((&dead[0]["ends"], &dead[1]["ends"]), (&json!(["failed"]), &json!(["rejected"])));
    let why = |id: &str| line(&server, &["why", id])["groups"][0].clone();
    assert_eq!((&why("1")["reasons"], &why("2")["reasons"]), (&json!(["failures"]), &json!(["rejected"])));
    assert_eq!(why("2")["because"], "rejected: its worker said \"no room for 2\\n\"");

    // One by its id: not the one that is done, not one that is not there.
    let redriven = server.run(&["redrive", "--group", "ci", "2", "4", "99"], "");
    assert_eq!(
        (redriven.code, verdicts(&redriven)),
        (1, vec!["ok".into(), "conflict".into(), "unknown".into()])
    );
    let again = worker.take().await;
    assert_eq!((&again.id[..], again.attempt), ("2", 2));
    // The others from a list.
    let rest = server.run(&["tasks", "--state", "dead", "--group", "ci"], "").stdout;
    let redriven = server.run(&["redrive", "--group", "ci"], &rest);
    assert_eq!((redriven.code, verdicts(&redriven)), (0, vec!["ok".to_owned(); 2]));
    for id in ["1", "3"] {
        let task = worker.take().await;
        assert_eq!((&task.id[..], task.attempt), (id, 2));
        assert_eq!(worker.settle(&task, pb::Outcome::Failed, "").await, pb::Verdict::Ok);
    }
    group_becomes(&server, "two dead", |group| group["dead"] == 2);
    let redriven = server.run(&["redrive", "--group", "ci", "--all", "--rate", "50/s"], "");
    assert_eq!((redriven.code, verdicts(&redriven)), (0, vec!["ok".to_owned(); 2]));
    let redriven = server.run(&["redrive", "--group", "ci", "--all"], "");
    assert_eq!((redriven.code, &redriven.stdout[..]), (0, ""));
    let refused = server.run(&["redrive", "--group", "CI", "--all"], "");
    assert_eq!((refused.code, &refused.errors()[0]["error"]), (69, &"no_group".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cancelled_or_purged_is_taken_from_its_holder() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    submit(&server, 5);
    let mut worker = Worker::start(&server, 2).await;
    let (first, second) = (worker.take().await, worker.take().await);
    let cancelled = server.run(&["cancel", "1", "3", "99"], "");
    assert_eq!((cancelled.code, verdicts(&cancelled)), (1, vec!["ok".into(), "ok".into(), "unknown".into()]));
    assert_eq!(worker.ended().await, (first.lease.clone(), pb::ended::Why::Cancelled));
    assert_eq!(worker.settle(&first, pb::Outcome::Done, "").await, pb::Verdict::Conflict);
    let cancelled = server.run(&["cancel"], "1\n");
    assert_eq!((cancelled.code, verdicts(&cancelled)), (0, vec!["duplicate".to_owned()]));
    // The next one is handed out, the cancelled one is not.
    let next = worker.take().await;
    assert_eq!((&second.id[..], &next.id[..]), ("2", "4"));
    let ids = |args: &[&str]| -> Vec<Value> {
        server.run(args, "").json().iter().map(|task| task["id"].clone()).collect()
    };
    assert_eq!(ids(&["tasks", "--state", "cancelled"]), ["1", "3"]);
    assert_eq!(ids(&["tasks"]), ["1", "2", "3", "4", "5"]);
    assert_eq!(line(&server, &["why", "3"])["groups"][0]["reasons"], json!(["cancelled"]));

    let purged = line(&server, &["purge", "-q", "default", "--upto", "3"]);
    assert_eq!((&purged["tasks"], &purged["leases"]), (&3.into(), &1.into()), "{purged}");
    assert_eq!(worker.ended().await, (second.lease.clone(), pb::ended::Why::Gone));
    assert_eq!(ids(&["tasks"]), ["4", "5"]);
    let group = group_becomes(&server, "one trimmed", |group| group["trimmed_unsettled"] == 1);
    assert_eq!(group["leased"], 2, "{group}");
    assert_eq!(server.run(&["purge", "-q", "no", "--all"], "").code, 69);
    let purged = line(&server, &["purge", "-q", "default", "--all"]);
    assert_eq!(purged["tasks"], 2, "{purged}");
    assert_eq!(line(&server, &["queues"])["tasks"], 0);
    assert_eq!(server.run(&["why", "4"], "").code, 69);
    // Seqs go on.
    assert_eq!(line(&server, &["submit", "x"])["seq"], 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_task_is_seen_and_can_be_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let address = format!("http://{}", server.address);
    let mut client = within("a connection", ContactClient::connect(address)).await.unwrap();
    let task = |id: &str| pb::NewTask {
        task: "later".into(),
        id: id.into(),
        delay_ms: 3_600_000,
        ..pb::NewTask::default()
    };
    let answers = client.submit_task(stream::iter([task(""), task("own")]));
    let mut answers = within("headers", answers).await.unwrap().into_inner();
    let first = within("an answer", answers.message()).await.unwrap().unwrap();
    assert!(first.id.ends_with('d') && first.seq == 0 && first.due_at.is_some(), "{first:?}");
    let second = within("an answer", answers.message()).await.unwrap().unwrap();
    assert_eq!((&second.id[..], second.seq), ("own", 0));
    assert_eq!(line(&server, &["queues"])["delayed"], 2);
    let delayed = server.run(&["tasks", "--state", "delayed"], "").json();
    assert_eq!(
        (delayed.len(), &delayed[0]["id"], &delayed[0]["state"]),
        (2, &json!(first.id), &"delayed".into())
    );
    assert!(delayed[0]["until"].is_string() && delayed[0]["seq"].is_null(), "{delayed:?}");
    assert_eq!(server.run(&["tasks"], "").json(), [] as [Value; 0]);
    let cancelled = server.run(&["cancel", &first.id], "");
    assert_eq!((cancelled.code, verdicts(&cancelled)), (0, vec!["ok".to_owned()]));
    assert_eq!(line(&server, &["queues"])["delayed"], 1);
    assert_eq!(line(&server, &["tasks", "own"])["state"], "delayed");
}

#[test]
fn a_long_list_comes_whole() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    submit(&server, 2500);
    let seqs = |args: &[&str]| -> Vec<u64> {
        let tasks = server.run(args, "");
        assert_eq!(tasks.code, 0, "{tasks:?}");
        tasks.json().iter().map(|task| task["seq"].as_u64().unwrap()).collect()
    };
    assert_eq!(seqs(&["tasks"]), (1..=2500).collect::<Vec<_>>());
    assert_eq!(seqs(&["tasks", "--limit", "1001"]), (1..=1001).collect::<Vec<_>>());
    assert_eq!(seqs(&["tasks", "2500", "17"]).len(), 2);
    for n in 0..150 {
        assert_eq!(server.run(&["submit", "-q", &format!("q{n}"), "x"], "").code, 0);
    }
    let queues = server.run(&["queues"], "").json();
    let names: Vec<&str> = queues.iter().map(|queue| queue["queue"].as_str().unwrap()).collect();
    assert!(names.len() == 151 && names.is_sorted(), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_longest_tasks_was_a_gigabyte() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut worker = Worker::start(&server, 10_000).await;
    let large = ["x".repeat(1 << 20), "\n".to_owned()].concat().repeat(20);
    assert_eq!(server.run(&["submit"], &large).code, 0);
    for _ in 0..20 {
        worker.take().await;
    }
    let mut client = worker.client.clone().max_decoding_message_size(3 << 20);
    let ids: Vec<String> = (1..=20).map(|n| n.to_string()).collect();
    let leased = pb::ListTasks { state: pb::State::Leased.into(), ..pb::ListTasks::default() };
    for asked in [pb::ListTasks::default(), leased, pb::ListTasks { ids, ..pb::ListTasks::default() }] {
        let mut seqs = Vec::new();
        let mut after = String::new();
        loop {
            let page = pb::ListTasks { after, limit: 1000, ..asked.clone() };
            let page = within("a page", client.list_tasks(page)).await.unwrap().into_inner();
            seqs.extend(page.tasks.iter().map(|info| info.task.as_ref().unwrap().seq));
            after = page.next;
            if after.is_empty() {
                break;
            }
        }
        assert_eq!(seqs, (1..=20).collect::<Vec<_>>(), "{:?}", asked.state());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_followed_as_it_works() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let follow = Running::start(server.contact().args(["groups", "--watch", "--every", "50ms"]));
    let mut worker = Worker::start(&server, 1).await;
    assert_eq!(follow.line()["group"], "ci");
    submit(&server, 1);
    let task = worker.take().await;
    let follow_until = |count: &str| while follow.line()[count] != 1 {};
    follow_until("leased");
    worker.settle(&task, pb::Outcome::Done, "").await;
    follow_until("done");
    common::signal(follow.child.id(), "INT");
    assert_eq!(follow.end().code, 130);
}
