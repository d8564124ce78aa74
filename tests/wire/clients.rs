//! Who is there, as a program of any language is told.

use contact::pb::{self, client_event::Kind, instance_info::Health};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Code, Streaming};

use crate::{
    refusals::{reason_of, submit, task},
    results::{Client, alone, take},
    within,
};

/// A `sendStatus` stream that says what it is told to. It is over when this is dropped.
struct Speaker {
    messages: mpsc::UnboundedSender<pb::ClientMsg>,
    replies: Streaming<pb::Result>,
}

impl Speaker {
    async fn open(client: &mut Client, name: &str, instance: u8) -> Self {
        let (messages, stream) = mpsc::unbounded_channel();
        let replies = client.send_status(UnboundedReceiverStream::new(stream));
        let replies = within("headers", replies).await.unwrap().into_inner();
        let mut speaker = Speaker { messages, replies };
        let first =
            pb::ClientMsg { client: name.into(), instance: vec![instance; 16], ..pb::ClientMsg::default() };
        speaker.say(pb::ClientMsg { heartbeat: true, ..first }).await;
        speaker
    }

    async fn say(&mut self, message: pb::ClientMsg) {
        self.messages.send(message).unwrap();
        within("a reply", self.replies.message()).await.unwrap().unwrap();
    }
}

/// The clients as soon as they are as they should be: a stream that has ended is noticed a little later.
async fn listed(client: &mut Client, is_so: impl Fn(&[pb::ClientInfo]) -> bool) -> Vec<pb::ClientInfo> {
    within("the clients to be so", async {
        loop {
            let asked = pb::ListClients::default();
            let clients = client.list_clients(asked).await.unwrap().into_inner().clients;
            if is_so(&clients) {
                break clients;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    })
    .await
}

#[tokio::test]
async fn clients_are_listed_and_told_of_as_they_come_go_and_report() {
    let (_folder, server, mut client) = alone().await;
    submit(&mut client, vec![task("a")]).await;
    let mut all =
        within("headers", client.watch_clients(pb::WatchClients::default())).await.unwrap().into_inner();
    let mut speaker = Speaker::open(&mut client, "w1", 7).await;
    let up = within("an event", all.message()).await.unwrap().unwrap();
    assert_eq!((&up.client[..], up.kind(), &up.instance, &up.status[..]), ("w1", Kind::Up, &vec![7; 16], ""));
    assert!(up.at.is_some());
    // Loopback, and a port of its own.
    assert!(up.address.starts_with("127.0.0.1:") && up.address != server.address, "{up:?}");
    let (_held, share) = take(&mut client, "w1", 1).await;
    let status = pb::ClientMsg { msg: "数据:7".into(), ..pb::ClientMsg::default() };
    speaker.say(status).await;
    let reported = within("an event", all.message()).await.unwrap().unwrap();
    assert_eq!((reported.kind(), &reported.status[..]), (Kind::Status, "数据:7"));
    let watching = pb::Watch { client: "k1".into(), instance: vec![9; 16], ..pb::Watch::default() };
    let broadcast = within("headers", client.get_task(watching)).await.unwrap();
    let up_too = within("an event", all.message()).await.unwrap().unwrap();
    assert_eq!((&up_too.client[..], up_too.kind(), &up_too.instance), ("k1", Kind::Up, &vec![9; 16]));

    let clients = listed(&mut client, |clients| clients.len() == 2).await;
    let (first, second) = (&clients[0], &clients[1]);
    assert_eq!((&first.client[..], first.up, first.in_flight, &first.status[..]), ("k1", true, 0, ""));
    assert_eq!((&second.client[..], second.up, second.in_flight), ("w1", true, 1));
    assert_eq!((&second.status[..], second.status_at.is_some()), ("数据:7", true));
    assert!(clients.iter().all(|client| client.last_seen.is_some() && client.instances.len() == 1));
    let seen = &second.instances[0];
    assert_eq!((&seen.instance, &seen.address, seen.in_flight), (&up.instance, &up.address, 1));
    assert_eq!(
        (seen.health(), seen.heard_at.is_some(), seen.connected_at.is_some()),
        (Health::Healthy, true, true)
    );
    assert_eq!(seen.watches, [pb::WatchInfo { queue: "default".into(), group: "ci".into() }]);
    let seen = &first.instances[0];
    assert_eq!((seen.health(), seen.heard_at), (Health::Healthy, None));
    assert_eq!(seen.watches, [pb::WatchInfo { queue: "default".into(), group: String::new() }]);

    // Whoever begins to watch now is told who is there, and of one client alone if it asks.
    let asked = pb::WatchClients { client: "w1".into() };
    let mut one = within("headers", client.watch_clients(asked)).await.unwrap().into_inner();
    let snapshot = within("an event", one.message()).await.unwrap().unwrap();
    assert_eq!((snapshot.kind(), &snapshot.status[..]), (Kind::Up, "数据:7"));
    drop(broadcast);
    let down = within("an event", all.message()).await.unwrap().unwrap();
    assert_eq!((&down.client[..], down.kind(), &down.address), ("k1", Kind::Down, &up_too.address));
    // A heartbeat without a watch is not healthy.
    drop(share);
    let clients =
        listed(&mut client, |clients| clients[1].instances.iter().all(|i| i.watches.is_empty())).await;
    assert_eq!(clients[1].instances[0].health(), Health::NoWatch);
    assert!(!clients[0].up && clients[0].instances.is_empty());
    drop(speaker);
    for events in [&mut all, &mut one] {
        let down = within("an event", events.message()).await.unwrap().unwrap();
        assert_eq!((&down.client[..], down.kind(), &down.instance), ("w1", Kind::Down, &vec![7; 16]));
    }
    let clients = listed(&mut client, |clients| clients.iter().all(|client| !client.up)).await;
    assert_eq!((clients.len(), clients[1].in_flight), (2, 1), "its task is its own until it is lost");

    // A page at a time, by name.
    let asked =
        |after: &str, only: &str, limit| pb::ListClients { after: after.into(), client: only.into(), limit };
    for (asked, wanted, more) in [
        (asked("", "", 1), vec!["k1"], true),
        (asked("k1", "", 1), vec!["w1"], false),
        (asked("", "w1", 0), vec!["w1"], false),
        (asked("", "nobody", 0), vec![], false),
        (asked("w1", "", 5000), vec![], false),
    ] {
        let page = within("a page", client.list_clients(asked)).await.unwrap().into_inner();
        let names: Vec<&str> = page.clients.iter().map(|client| &client.client[..]).collect();
        assert_eq!((names, page.more), (wanted, more));
    }
    // The server's end is told for what it is.
    server.signal("TERM");
    let end = within("the end", all.message()).await.unwrap_err();
    assert_eq!((end.code(), &reason_of(&end)[..]), (Code::Unavailable, "stopping"));
}

#[tokio::test]
async fn clients_that_no_client_can_be_named_are_refused() {
    let (_folder, _server, mut client) = alone().await;
    let names = ["two words", "@w1", "任务", "a\nb", "\0", "-x", &"x".repeat(64), &"x".repeat(1 << 20)];
    for name in names.map(str::to_owned) {
        let list = pb::ListClients { client: name.clone(), ..pb::ListClients::default() };
        let listed = within("a refusal", client.list_clients(list)).await.unwrap_err();
        let after = pb::ListClients { after: name.clone(), ..pb::ListClients::default() };
        let paged = within("a refusal", client.list_clients(after)).await.unwrap_err();
        let watched = within("a refusal", client.watch_clients(pb::WatchClients { client: name })).await;
        for status in [listed, paged, watched.unwrap_err()] {
            assert_eq!((status.code(), &reason_of(&status)[..]), (Code::InvalidArgument, "bad_name"));
            assert!(status.message().contains("client") && status.message().len() < 500, "{status:?}");
        }
    }
    // Whoever watches without a group may say who it is, if that is somebody.
    for (watch, reason) in [
        (pb::Watch { client: "two words".into(), ..pb::Watch::default() }, "bad_name"),
        (pb::Watch { instance: vec![7; 15], ..pb::Watch::default() }, "bad_instance"),
        (pb::Watch { instance: vec![7; 17], client: "w1".into(), ..pb::Watch::default() }, "bad_instance"),
    ] {
        let status = within("a refusal", client.get_task(watch)).await.unwrap_err();
        assert_eq!((status.code(), &reason_of(&status)[..]), (Code::InvalidArgument, reason));
    }
    let clients = within("a page", client.list_clients(pb::ListClients::default())).await.unwrap();
    assert_eq!(clients.into_inner().clients, []);
}
