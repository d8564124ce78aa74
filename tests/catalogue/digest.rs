//! Everything that the lists show, to be compared.

use contact::pb::{self, contact_client::ContactClient};
use tonic::transport::Channel;

use crate::within;

/// A line for each thing.
pub(crate) type Digest = Vec<String>;

/// What there is now.
pub(crate) async fn take(channel: &Channel) -> Digest {
    within("a digest", async {
        let mut client = ContactClient::new(channel.clone());
        let mut digest = Digest::new();
        let queues = client.list_queues(pb::ListQueues::default()).await.unwrap().into_inner().queues;
        let groups = client.list_groups(pb::ListGroups::default()).await.unwrap().into_inner().groups;
        for queue in &queues {
            let asked = pb::ListTasks { queue: queue.queue.clone(), ..pb::ListTasks::default() };
            let tasks = client.list_tasks(asked).await.unwrap().into_inner().tasks;
            digest.extend(tasks.iter().map(|task| format!("{task:?}")));
        }
        let delayed = pb::ListTasks { state: pb::State::Delayed.into(), ..pb::ListTasks::default() };
        let delayed = client.list_tasks(delayed).await.unwrap().into_inner().tasks;
        let results = pb::WatchResults { until_empty: true, ..pb::WatchResults::default() };
        let mut results = client.watch_results(results).await.unwrap().into_inner();
        while let Some(result) = results.message().await.unwrap() {
            digest.push(format!("{result:?}"));
        }
        let clients = client.list_clients(pb::ListClients::default()).await.unwrap().into_inner().clients;
        digest.extend(queues.iter().map(|queue| format!("{queue:?}")));
        digest.extend(groups.iter().map(|group| format!("{group:?}")));
        digest.extend(delayed.iter().map(|task| format!("{task:?}")));
        digest.extend(clients.iter().map(|client| format!("{client:?}")));
        digest
    })
    .await
}

/// What there is once nothing moves any more: who has just left is still there for a moment.
pub(crate) async fn steady(channel: &Channel) -> Digest {
    let settled = async {
        loop {
            let digest = take(channel).await;
            if !digest.iter().any(|line| line.contains("up: true") || line.contains("Leased")) {
                return digest;
            }
            tokio::task::yield_now().await;
        }
    };
    within("nobody is there", settled).await
}

/// The first line that differs.
pub(crate) fn difference(before: &Digest, after: &Digest) -> String {
    let new = after.iter().find(|line| !before.contains(line));
    let gone = before.iter().find(|line| !after.contains(line));
    format!("there is {new:?}, and no more {gone:?}")
}
