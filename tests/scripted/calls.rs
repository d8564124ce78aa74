//! What the calls of groups make of the engine's words, and of the client's.

use std::time::Duration;

use contact::{
    pb::{self, contact_client::ContactClient},
    server::{
        Limits, Settings,
        engine::groups::{Notice, Why},
    },
};
use futures_util::{StreamExt, stream};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{
    Code,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::{Server, common::DEADLINE, engine::task};

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"))
}

async fn connect(server: &Server) -> ContactClient<Channel> {
    within("a connection", ContactClient::connect(format!("http://{}", server.address))).await.unwrap()
}

#[tokio::test]
async fn a_share_says_where_it_begins_and_sends_the_engines_frames() {
    let server = Server::start();
    server.engine.0.lock().unwrap().tasks = vec![task(1, "1", "a"), task(2, "2", "b")];
    let mut client = connect(&server).await;
    let queues = ["old", "new"].map(|queue| pb::Position { queue: queue.into(), ..pb::Position::default() });
    let watch = pb::Watch {
        queues: queues.to_vec(),
        group: "ci".into(),
        client: "w1".into(),
        lease_ms: 5000,
        max_in_flight: 7,
        until_empty: true,
        ..pb::Watch::default()
    };
    let response = within("headers", client.get_task(watch.clone())).await.unwrap();
    let header = |name: &str| response.metadata().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("contact-start").as_deref(), Some("17 17"));
    assert_eq!(header("contact-new").as_deref(), Some("0 1"));
    assert_eq!(header("contact-lease-ms").as_deref(), Some("5000"));
    assert_eq!(header("contact-until"), None);
    let tasks: Vec<_> = within("tasks", response.into_inner().map(|task| task.unwrap().task).collect()).await;
    assert_eq!(tasks, ["a", "b", "a", "b"]);
    assert_eq!(server.engine.heard(), ["share ci as Some(\"w1\") in flight 7"]);

    // Where no end was asked for, the server's is the end.
    let watch = pb::Watch { until_empty: false, ..watch };
    let mut tasks = within("headers", client.get_task(watch)).await.unwrap().into_inner();
    for _ in 0..4 {
        within("a task", tasks.message()).await.unwrap().unwrap();
    }
    server.stop.cancel();
    assert_eq!(within("the end", tasks.message()).await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_session_is_heard_by_each_message_and_told_what_it_wants_to_know() {
    let server = Server::start();
    let mut client = connect(&server).await;
    let (messages, receiver) = mpsc::unbounded_channel();
    let replies = client.send_status(UnboundedReceiverStream::new(receiver));
    let mut replies = within("headers", replies).await.unwrap().into_inner();
    let mut say = async |message: pb::ClientMsg| {
        messages.send(message).unwrap();
        within("a reply", replies.message()).await.unwrap().unwrap()
    };
    let status = |msg: &str| pb::ClientMsg { msg: msg.into(), ..pb::ClientMsg::default() };
    assert_eq!(say(pb::ClientMsg { client: "w1".into(), ..status("a") }).await.ret, "received: a");
    assert_eq!(server.engine.heard(), ["report w1 a"]);
    let reply = say(pb::ClientMsg { instance: vec![7; 16], ..status("b") }).await;
    assert_eq!(reply.ret, "received: b");
    assert_eq!(server.engine.heard(), ["attend 7 as Some(\"w1\")", "report w1 b", "heard 7"]);
    // A sign of life is no status.
    let beat = |stop| pb::ClientMsg { heartbeat: true, stop, ..status("c") };
    assert_eq!(say(beat(false)).await, pb::Result::default());
    assert_eq!(say(beat(true)).await, pb::Result::default());
    assert_eq!(server.engine.heard(), ["heard 7", "heard 7 stop"]);

    // Who has not asked for them gets no notices.
    let ended = |seq, why| Notice::Ended { lease: format!("L{seq}"), seq, why };
    let notices = server.engine.0.lock().unwrap().notices[0].clone();
    notices.send(ended(1, Why::Settled)).unwrap();
    // Until it has been taken, it may be told to who asks now.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(say(pb::ClientMsg { control: true, ..beat(false) }).await, pb::Result::default());
    for (seq, why, word) in [
        (2, Why::Settled, pb::ended::Why::Settled),
        (3, Why::Cancelled, pb::ended::Why::Cancelled),
        (4, Why::Lost, pb::ended::Why::Lost),
        (5, Why::Overheld, pb::ended::Why::Overheld),
        (6, Why::Gone, pb::ended::Why::Gone),
    ] {
        notices.send(ended(seq, why)).unwrap();
        let told = within("a notice", replies.message()).await.unwrap().unwrap();
        let expected = pb::Ended { lease: format!("L{seq}"), id: seq.to_string(), why: word.into() };
        assert_eq!(told, pb::Result { ended: Some(expected), ..pb::Result::default() });
    }
    // It attends as long as the stream lives.
    assert!(!notices.is_closed());
    drop(messages);
    assert_eq!(within("the end", replies.message()).await.unwrap(), None);
    within("the end of the attendance", notices.closed()).await;
}

#[tokio::test]
async fn what_is_told_goes_to_the_engine_in_order_and_its_verdicts_come_back() {
    let server = Server::start();
    let mut client = connect(&server).await;
    let told = |id: &str, lease: &str, outcome: Option<pb::Outcome>| pb::Result {
        id: id.into(),
        lease: lease.into(),
        outcome: outcome.map(Into::into),
        ..pb::Result::default()
    };
    let results = [
        told("", "L1", None),
        pb::Result { ret: "no".into(), delay_ms: Some(9), ..told("2", "L2", Some(pb::Outcome::Failed)) },
        told("two words", "", None),
        told("", "", None),
        pb::Result { client: "w1".into(), ..told("3", "", Some(pb::Outcome::Received)) },
        told("own", "", Some(pb::Outcome::Unspecified)),
        told("", &"ü".repeat(500), Some(pb::Outcome::Working)),
    ];
    let receipt = within("a receipt", client.tell_result(stream::iter(results))).await.unwrap().into_inner();
    let heard = server.engine.heard().join("\n");
    let lease = "ü".repeat(500);
    let expected = [
        "Lease(\"L1\") Done None \"\" None",
        "Lease(\"L2\") Failed Some(9) \"no\" None",
        "Id(Seq(3)) Received None \"\" Some(\"w1\")",
        "Id(Own(OwnId(\"own\"))) Done None \"\" Some(\"w1\")",
        &format!("Lease(\"{lease}\") Working None \"\" Some(\"w1\")"),
    ];
    assert_eq!(heard, expected.join("\n"));
    let verdict = |id: &str, lease: &str, verdict: pb::Verdict, late| pb::Told {
        id: id.into(),
        lease: lease.into(),
        verdict: verdict.into(),
        late,
    };
    use pb::Verdict::{Ok, Stale, Unknown};
    let expected = [
        verdict("1", "L1", Ok, false),
        verdict("2", "L2", Stale, false),
        verdict("two words", "", Unknown, false),
        verdict("3", "", Ok, true),
        verdict("own", "", Ok, false),
        verdict("5", &"ü".repeat(100), Stale, false),
    ];
    assert_eq!(receipt.told, expected);
    let counts: Vec<_> = receipt.counts.iter().map(|count| (count.verdict(), count.items)).collect();
    assert_eq!((counts, receipt.anonymous), (vec![(Unknown, 1), (Ok, 3), (Stale, 2)], 1));
}

#[tokio::test]
async fn what_was_told_before_a_mistake_counts() {
    let server = Server::start();
    let mut client = connect(&server).await;
    let lease = |n: usize| pb::Result { lease: format!("L{n}"), ..pb::Result::default() };
    let bad = pb::Result { outcome: Some(99), ..lease(3) };
    let refused = client.tell_result(stream::iter([lease(1), lease(2), bad, lease(4)]));
    assert_eq!(within("a refusal", refused).await.unwrap_err().code(), Code::InvalidArgument);
    let heard = server.engine.heard().join("\n");
    assert_eq!(heard, "Lease(\"L1\") Done None \"\" None\nLease(\"L2\") Done None \"\" None");
}

/// A stream of `tellResult`, a message a batch, around an engine that keeps its verdicts back.
struct Telling {
    server: Server,
    channel: Channel,
    say: Option<mpsc::UnboundedSender<pb::Result>>,
    let_go: watch::Sender<bool>,
    answer: tokio::task::JoinHandle<Result<tonic::Response<pb::Receipt>, tonic::Status>>,
}

impl Telling {
    async fn start() -> Self {
        Telling::around(Server::start()).await
    }

    async fn around(server: Server) -> Self {
        let (let_go, held) = watch::channel(false);
        server.engine.0.lock().unwrap().verdicts_held = Some(held);
        let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
        let channel = within("a connection", endpoint.connect()).await.unwrap();
        let (say, said) = mpsc::unbounded_channel();
        let mut client = ContactClient::new(channel.clone());
        let answer =
            tokio::spawn(async move { client.tell_result(UnboundedReceiverStream::new(said)).await });
        Telling { server, channel, say: Some(say), let_go, answer }
    }

    fn say(&self, lease: &str, outcome: i32) {
        let said = pb::Result { lease: lease.into(), outcome: Some(outcome), ..pb::Result::default() };
        self.say.as_ref().unwrap().send(said).unwrap();
    }

    /// What the engine hears next.
    async fn hears(&self, leases: &[&str]) {
        let expected: Vec<_> = leases.iter().map(|l| format!("Lease(\"{l}\") Done None \"\" None")).collect();
        let heard = async {
            let mut all = Vec::new();
            while all.len() < expected.len() {
                tokio::time::sleep(Duration::from_millis(1)).await;
                all.extend(self.server.engine.heard().join("\n").lines().map(str::to_owned));
            }
            all
        };
        assert_eq!(within("the engine hears it", heard).await, expected);
    }

    /// Waits until what was said is at the server: it has what follows on the same connection after that, and one
    /// thread, which has seen to it when the second question comes.
    async fn has_arrived(&self) {
        let mut health = HealthClient::new(self.channel.clone());
        for _ in 0..2 {
            within("an answer", health.check(HealthCheckRequest::default())).await.unwrap();
        }
    }

    async fn hears_nothing_more(&self) {
        self.has_arrived().await;
        assert_eq!(self.server.engine.heard(), [""; 0]);
        assert!(!self.answer.is_finished(), "nothing is answered before all is judged");
    }
}

#[tokio::test]
async fn batches_of_what_is_told_wait_for_their_verdicts_and_beyond_their_bound_none_is_read() {
    let mut telling = Telling::start().await;
    let leases: Vec<String> = (1..=18).map(|n| format!("L{n}")).collect();
    let leases: Vec<&str> = leases.iter().map(String::as_str).collect();
    let (under_way, unread) = leases.split_at(16);
    for lease in under_way {
        telling.say(lease, 0);
        telling.hears(&[lease]).await;
    }
    for lease in unread {
        telling.say(lease, 0);
    }
    telling.hears_nothing_more().await;
    telling.let_go.send(true).unwrap();
    telling.hears(unread).await;
    telling.say = None;
    let receipt = within("a receipt", &mut telling.answer).await.unwrap().unwrap().into_inner();
    let told: Vec<_> = receipt.told.iter().map(|told| &told.lease[..]).collect();
    assert_eq!(told, leases);
    assert_eq!(receipt.counts.iter().map(|count| count.items).sum::<u64>(), 18);
}

#[tokio::test]
async fn where_a_batch_more_would_take_half_its_callers_room_none_is_read_ahead() {
    let limits = Limits { bytes_in_flight: 3 << 20, ..Limits::default() };
    let telling = Telling::around(Server::start_with(Settings { limits, ..Settings::default() })).await;
    telling.say("L1", 0);
    telling.hears(&["L1"]).await;
    telling.say("L2", 0);
    telling.hears_nothing_more().await;
    telling.let_go.send(true).unwrap();
    telling.hears(&["L2"]).await;
}

#[tokio::test]
async fn a_mistake_is_answered_when_the_batches_before_it_are_judged() {
    let mut telling = Telling::start().await;
    for lease in ["L1", "L2"] {
        telling.say(lease, 0);
        telling.hears(&[lease]).await;
    }
    telling.say("L3", 99);
    telling.say("L4", 0);
    telling.hears_nothing_more().await;
    telling.let_go.send(true).unwrap();
    let refused = within("a refusal", &mut telling.answer).await.unwrap().unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(telling.server.engine.heard(), [""; 0]);
}

#[tokio::test]
async fn of_a_stream_that_is_cut_while_verdicts_are_awaited_all_that_has_arrived_is_told() {
    let telling = Telling::start().await;
    for lease in (1..=16).map(|n| format!("L{n}")) {
        telling.say(&lease, 0);
        telling.hears(&[&lease]).await;
    }
    telling.say("L17", 0);
    telling.hears_nothing_more().await;
    telling.answer.abort();
    telling.has_arrived().await;
    telling.let_go.send(true).unwrap();
    telling.hears(&["L17"]).await;
}

#[tokio::test]
async fn of_a_thousand_groups_none_repeats_the_task() {
    let server = Server::start();
    let text = "x".repeat(1 << 20);
    {
        let mut script = server.engine.0.lock().unwrap();
        let view = task(1, "1", &text);
        script.tasks = vec![view.clone()];
        let in_group = contact::server::engine::groups::InGroup {
            task: view,
            paused: false,
            members: 0,
            members_full: 0,
            before: 0,
            max_failures: 5,
        };
        script.explained = vec![in_group; 1000];
    }
    let mut client = connect(&server).await;
    let explained = within("an answer", client.explain_task(pb::TaskName { id: "1".into() })).await;
    let explained = explained.unwrap().into_inner();
    assert_eq!(explained.task.unwrap().task.unwrap().task, text);
    assert_eq!(explained.groups.len(), 1000);
    assert!(
        explained.groups.iter().all(|group| group.task.as_ref().unwrap().task.as_ref().unwrap().seq == 1)
    );
}
