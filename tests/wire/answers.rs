//! What stands beside the messages: headers, health and reflection.

use std::collections::BTreeSet;

use contact::pb;
use futures_util::stream;
use prost::Message;
use prost_types::FileDescriptorProto;
use tonic::{Code, metadata::MetadataMap};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::{
    common::{Server, until},
    connect, tutorial, within,
};

#[tokio::test]
async fn headers_come_before_the_first_message_and_name_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    // The harness knows the address a moment before the line is in the log.
    let ready = until("the ready line", || {
        server.log.lock().unwrap().iter().find(|line| line.contains("\"ready\"")).cloned()
    });
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    let store = ready["store"].as_str().unwrap();
    assert!(!store.is_empty());

    // There is no task, and nothing has been sent: only headers can come, and they do.
    let channel = connect(&server).await;
    let mut old = tutorial::contact_client::ContactClient::new(channel.clone());
    let watch = within("headers", old.get_task(tutorial::Empty {})).await.unwrap();
    assert_eq!(header(watch.metadata(), "contact-store"), Some(store));
    assert_eq!(header(watch.metadata(), "contact-start"), Some("1"));
    assert_eq!(header(watch.metadata(), "contact-until"), None);
    let statuses = within("headers", old.send_status(stream::pending())).await.unwrap();
    assert_eq!(header(statuses.metadata(), "contact-store"), Some(store));
    let mut new = pb::contact_client::ContactClient::new(channel);
    let submitted = within("headers", new.submit_task(stream::pending())).await.unwrap();
    assert_eq!(header(submitted.metadata(), "contact-store"), Some(store));
    let receipt = within("a receipt", new.tell_result(stream::empty())).await.unwrap();
    assert_eq!(header(receipt.metadata(), "contact-store"), Some(store));
    let results = within("headers", new.watch_results(pb::WatchResults::default())).await.unwrap();
    assert_eq!(header(results.metadata(), "contact-store"), Some(store));
    let clients = within("headers", new.watch_clients(pb::WatchClients::default())).await.unwrap();
    assert_eq!(header(clients.metadata(), "contact-store"), Some(store));
    // A refused call's headers are its trailers.
    let watch = pb::Watch { group: "no group".into(), ..pb::Watch::default() };
    let refused = within("a refusal", new.get_task(watch)).await.unwrap_err();
    assert_eq!(header(refused.metadata(), "contact-store"), Some(store));
}

#[tokio::test]
async fn a_watch_learns_where_each_of_its_queues_begins_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let seqs: Vec<u64> = ["a", "b", "a", "b"]
        .map(|queue| server.run(&["submit", "-q", queue, "x"], "").json()[0]["seq"].as_u64().unwrap())
        .to_vec();
    let mut client = pb::contact_client::ContactClient::new(connect(&server).await);
    let position = |queue: &str, start| pb::Position { queue: queue.into(), start, until_seq: None };
    let queues = vec![position("b", Some(pb::position::Start::FromSeq(seqs[3]))), position("a", None)];
    let watch = pb::Watch { queues, until_empty: true, ..pb::Watch::default() };
    let response = within("headers", client.get_task(watch)).await.unwrap();
    let numbers = |name| -> Vec<u64> {
        header(response.metadata(), name).unwrap().split(' ').map(|n| n.parse().unwrap()).collect()
    };
    // The order of the watch.
    assert_eq!(numbers("contact-start")[0], seqs[3]);
    assert!(numbers("contact-start")[1] <= seqs[0]);
    assert_eq!(numbers("contact-until"), [seqs[3], seqs[2]]);
    let mut tasks = response.into_inner();
    let mut seen = BTreeSet::new();
    while let Some(task) = within("a task", tasks.message()).await.unwrap() {
        assert_eq!(task.id, task.seq.to_string());
        seen.insert((task.queue, task.seq));
    }
    assert_eq!(seen, [("a".into(), seqs[0]), ("a".into(), seqs[2]), ("b".into(), seqs[3])].into());
}

#[tokio::test]
async fn health_knows_the_server_and_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let mut health = HealthClient::new(connect(&server).await);
    for service in ["", "Contact"] {
        let request = HealthCheckRequest { service: service.into() };
        let answer = within("an answer", health.check(request)).await.unwrap().into_inner();
        assert_eq!(answer.status(), tonic_health::pb::health_check_response::ServingStatus::Serving);
    }
    let request = HealthCheckRequest { service: "Contract".into() };
    let refused = within("an answer", health.check(request)).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

/// The two versions of the reflection service differ in their names alone.
macro_rules! reflection {
    ($version:ident) => {
        #[tokio::test]
        async fn $version() {
            use tonic_reflection::pb::$version::{
                ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
                server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
            };
            let folder = tempfile::tempdir().unwrap();
            let server = Server::start(folder.path());
            let mut client = ServerReflectionClient::new(connect(&server).await);
            let asked = [
                MessageRequest::ListServices(String::new()),
                MessageRequest::FileContainingSymbol("Contact".into()),
                MessageRequest::FileByFilename("google/protobuf/timestamp.proto".into()),
            ];
            let requests = asked
                .map(|asked| ServerReflectionRequest { host: String::new(), message_request: Some(asked) });
            let answers = client.server_reflection_info(stream::iter(requests));
            let mut answers = within("headers", answers).await.unwrap().into_inner();
            let mut found = Vec::new();
            while let Some(answer) = within("an answer", answers.message()).await.unwrap() {
                found.push(answer.message_response.unwrap());
            }
            let [
                MessageResponse::ListServicesResponse(list),
                MessageResponse::FileDescriptorResponse(contact),
                MessageResponse::FileDescriptorResponse(timestamp),
            ] = &found[..]
            else {
                panic!("{found:?}")
            };
            assert!(list.service.iter().any(|service| service.name == "Contact"), "{list:?}");
            let file = FileDescriptorProto::decode(&contact.file_descriptor_proto[0][..]).unwrap();
            let calls: Vec<_> = file.service[0].method.iter().map(|method| method.name()).collect();
            let first = ["sendStatus", "getTask", "tellResult", "submitTask"];
            let groups = ["listQueues", "listGroups", "listTasks", "explainTask"];
            let repair = ["cancelTask", "redriveTask", "purgeQueue", "setGroup"];
            let later = ["watchResults", "callRoll", "listClients", "watchClients"];
            assert_eq!(calls, [first, groups, repair, later].concat());
            let file = FileDescriptorProto::decode(&timestamp.file_descriptor_proto[0][..]).unwrap();
            assert_eq!(file.message_type[0].name(), "Timestamp");
        }
    };
}

mod reflection_lists_and_describes_the_service {
    use super::*;

    reflection!(v1);
    reflection!(v1alpha);
}

pub(crate) fn header<'a>(metadata: &'a MetadataMap, name: &str) -> Option<&'a str> {
    metadata.get(name).map(|value| value.to_str().unwrap())
}
