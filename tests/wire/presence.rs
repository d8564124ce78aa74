//! Who is there, as the server tells it: of our own commands and of whoever speaks the wire.

use std::time::{Duration, Instant};

use contact::pb::{self, client_event::Kind, contact_client::ContactClient, instance_info::Health};
use futures_util::stream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::Channel;
use tonic_types::StatusExt;

use crate::{
    common::{Running, Server},
    connect, within,
};

async fn clients(client: &mut ContactClient<Channel>) -> Vec<pb::ClientInfo> {
    let listed = within("a list", client.list_clients(pb::ListClients::default())).await.unwrap();
    listed.into_inner().clients
}

/// Waits until the clients are so.
async fn until_seen(
    client: &mut ContactClient<Channel>,
    is_so: impl Fn(&[pb::ClientInfo]) -> bool,
) -> Vec<pb::ClientInfo> {
    let mut last = Vec::new();
    let seen = tokio::time::timeout(crate::common::DEADLINE, async {
        loop {
            last = clients(client).await;
            if is_so(&last) {
                return last.clone();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    match seen.await {
        Ok(seen) => seen,
        Err(_) => panic!("still {last:?}"),
    }
}

#[tokio::test]
async fn a_watch_without_a_group_is_seen_by_its_name_and_gone_when_it_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    let mut events =
        within("headers", client.watch_clients(pb::WatchClients::default())).await.unwrap().into_inner();
    let watching =
        Running::start(server.contact().args(["--client", "kiosk-7", "watch-tasks", "-q", "a", "-q", "b"]));
    let seen = until_seen(&mut client, |all| !all.is_empty()).await;
    assert_eq!((seen[0].client.as_str(), seen[0].up, seen[0].instances.len()), ("kiosk-7", true, 1));
    let process = &seen[0].instances[0];
    assert!(process.address.starts_with("127.0.0.1:") && process.instance.len() == 16, "{process:?}");
    let watches: Vec<_> = process.watches.iter().map(|w| (w.queue.as_str(), w.group.as_str())).collect();
    assert_eq!((watches, process.health()), (vec![("a", ""), ("b", "")], Health::Healthy));
    let up = within("its coming", events.message()).await.unwrap().unwrap();
    assert_eq!((up.client.as_str(), up.kind(), &up.instance), ("kiosk-7", Kind::Up, &process.instance));

    let killed = Instant::now();
    crate::common::signal(watching.child.id(), "KILL");
    let down = within("its going", events.message()).await.unwrap().unwrap();
    assert!(killed.elapsed() < Duration::from_secs(2), "{:?}", killed.elapsed());
    assert_eq!((down.kind(), down.instance), (Kind::Down, up.instance));
    let seen = clients(&mut client).await;
    assert_eq!((seen.len(), seen[0].up, seen[0].instances.len()), (1, false, 0));
}

#[tokio::test]
async fn a_process_may_say_who_it_is_with_any_message() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    let (say, messages) = mpsc::unbounded_channel();
    say.send(pb::ClientMsg { instance: vec![7; 16], msg: "one".into(), ..pb::ClientMsg::default() }).unwrap();
    let messages = UnboundedReceiverStream::new(messages);
    let mut replies = within("headers", client.send_status(messages)).await.unwrap().into_inner();
    assert_eq!(within("a reply", replies.message()).await.unwrap().unwrap().ret, "received: one");
    assert_eq!(clients(&mut client).await, []);
    for (name, text) in [("w1", "two"), ("", "three"), ("w2", "four")] {
        let message = pb::ClientMsg { client: name.into(), msg: text.into(), ..pb::ClientMsg::default() };
        say.send(message).unwrap();
        within("a reply", replies.message()).await.unwrap().unwrap();
    }
    let seen = clients(&mut client).await;
    let seen: Vec<_> = seen.iter().map(|c| (c.client.as_str(), c.up, c.status.as_str())).collect();
    assert_eq!(seen, [("w1", false, "three"), ("w2", true, "four")]);
    let health = clients(&mut client).await[1].instances[0].health();
    assert_eq!(health, Health::NoWatch);
}

#[tokio::test]
async fn a_process_that_changes_its_client_all_the_time_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    let named = |n: usize| pb::ClientMsg {
        client: format!("w{n}"),
        instance: vec![7; 16],
        heartbeat: true,
        ..pb::ClientMsg::default()
    };
    let replies = within("headers", client.send_status(stream::iter((0..1000).map(named)))).await.unwrap();
    let mut replies = replies.into_inner();
    // Its first name, and sixteen more.
    for _ in 0..17 {
        within("a reply", replies.message()).await.unwrap().unwrap();
    }
    let refused = within("the end", replies.message()).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{refused:?}");
    assert_eq!(refused.get_details_error_info().unwrap().reason, "too_many_clients");
    assert_eq!(clients(&mut client).await.len(), 17);
}

#[tokio::test]
async fn what_is_known_of_clients_survives_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    let message = pb::ClientMsg { client: "w1".into(), msg: "数据:7".into(), ..pb::ClientMsg::default() };
    let replies = within("headers", client.send_status(stream::iter([message]))).await.unwrap();
    within("a reply", replies.into_inner().message()).await.unwrap().unwrap();
    let before = clients(&mut client).await;
    drop(client);
    assert!(server.stop().success());
    let server = Server::start(folder.path());
    let mut client = ContactClient::new(connect(&server).await);
    assert_eq!(clients(&mut client).await, before);
    assert_eq!((before[0].status.as_str(), before[0].up), ("数据:7", false));
}
