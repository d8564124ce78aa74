//! Who has not said who they are has a place for a while, and few watches.

use std::time::Duration;

use contact::{
    pb,
    server::{Limits, access::Role},
};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::house::{House, reason, within};

const AGE: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_connection_of_nobody_known_is_asked_to_go_and_one_of_somebody_stays() {
    let house = House::with(Limits { unknown_age: AGE, ..Limits::default() }).await;
    let mut known = house.admit("w1", &[Role::Watch], &["*"], &[]).await;
    let mut watch = known.get_task(pb::Watch::default()).await.unwrap().into_inner();
    let mut health = HealthClient::new(house.connect().await);
    let mut unknown = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    within("its state", unknown.message()).await.unwrap().expect("it serves");
    let status = within("the end of a watch", unknown.message()).await.unwrap_err();
    assert_eq!((status.code(), &reason(&status)[..]), (Code::Unavailable, "connection_aged"));
    // It may come back, and who is known has not noticed anything.
    within("health", health.check(HealthCheckRequest::default())).await.unwrap();
    assert!(tokio::time::timeout(AGE * 2, watch.message()).await.is_err());
}

#[tokio::test]
async fn so_many_watches_of_nobody_known_and_no_more() {
    let house = House::open().await;
    let mut health = HealthClient::new(house.connect().await);
    let mut open = Vec::new();
    let refused = loop {
        match within("a watch", health.watch(HealthCheckRequest::default())).await {
            Ok(watch) => open.push(watch.into_inner()),
            Err(status) => break status,
        }
        assert!(open.len() <= 100, "there is no end");
    };
    assert_eq!((open.len(), &reason(&refused)[..]), (100, "too_many_streams"));
    within("health", health.check(HealthCheckRequest::default())).await.unwrap();
    drop(open);
    within("a place", async {
        while health.watch(HealthCheckRequest::default()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}
