//! What an engine promises of presence and of the roll-call, and what the tests of it have in common.
//!
//! ```text
//!     one handle ───► attend, heard, report ──► ┌────────┐ ──► clients, client_events ───► other handle
//!                ───► watch, share ───────────► │ engine │ ──► call_roll
//!                                               └────────┘
//! ```
//!
//! A stream that ends is noticed when its process has said so: the tests wait for that, and not for long.

use futures_util::{FutureExt, StreamExt};

use super::{
    Reader,
    groups::{client, groups_of, who},
    in_time, watch_of,
};
use crate::server::engine::{
    Engine, Error, Start, Watch,
    groups::Page,
    presence::{ClientEvent, ClientEvents, ClientFilter, ClientView, InstanceView, Who},
};

pub(in super::super) mod events;
pub(in super::super) mod listing;
pub(in super::super) mod rolls;

/// All clients.
async fn clients(engine: &dyn Engine) -> Vec<ClientView> {
    let page = page(engine, None, None, 1000).await;
    assert!(!page.more);
    page.items
}

async fn page(
    engine: &dyn Engine,
    only: Option<&str>,
    after: Option<&str>,
    limit: usize,
) -> Page<ClientView> {
    let name = |name: &str| crate::name::ClientName::parse(name).unwrap();
    let filter = ClientFilter { client: only.map(name), after: after.map(name), limit };
    in_time(engine.clients(filter)).await.unwrap()
}

/// A client by its number.
async fn one_client(engine: &dyn Engine, number: u8) -> Option<ClientView> {
    let page = page(engine, Some(client(number).as_str()), None, 10).await;
    assert!(page.items.len() <= 1 && !page.more);
    assert!(page.items.iter().all(|view| view.client == client(number)));
    page.items.into_iter().next()
}

/// Waits until a client is seen so, and says how.
async fn until_seen(engine: &dyn Engine, number: u8, is_so: impl Fn(&ClientView) -> bool) -> ClientView {
    let mut last = None;
    let seen = tokio::time::timeout(std::time::Duration::from_secs(10), async {
        loop {
            last = one_client(engine, number).await;
            if let Some(view) = last.clone().filter(&is_so) {
                return view;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    });
    match seen.await {
        Ok(view) => view,
        Err(_) => panic!("still {last:?}"),
    }
}

/// Waits until a client is there with so many processes.
async fn until_up(engine: &dyn Engine, number: u8, processes: usize) -> Vec<InstanceView> {
    until_seen(engine, number, |view| view.instances.len() == processes).await.instances
}

/// Another process of a client.
fn beside(number: u8, process: u8) -> Who {
    Who { client: Some(client(number)), ..who(process) }
}

/// A process watches a queue without a group.
async fn watch(engine: &dyn Engine, who: Who, queue: &str) -> Reader {
    let watch = Watch { who, ..watch_of(&[(queue, Start::First)]) };
    Reader::try_open(engine, watch).await.unwrap()
}

/// Reads events.
struct Events(ClientEvents);

impl Events {
    fn open(engine: &dyn Engine, number: Option<u8>) -> Self {
        Events(engine.client_events(number.map(client)))
    }

    async fn next(&mut self) -> Option<Result<ClientEvent, Error>> {
        in_time(self.0.next()).await
    }

    async fn one(&mut self) -> ClientEvent {
        self.next().await.expect("no more events").unwrap()
    }

    async fn expect_quiet(&mut self, engine: &dyn Engine) {
        groups_of(engine, "none").await;
        let now = self.0.next().now_or_never();
        assert!(now.is_none(), "{now:?}");
    }
}
