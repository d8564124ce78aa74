//! `contact clients --watch`: who comes, goes and reports. After a reconnect the server begins with who is there
//! then: who was there before and is still, is not said again, and who has gone is.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};

use anstyle::{AnsiColor, Style};
use prost_types::Timestamp;
use serde::Serialize;
use tonic::{Response, Status, Streaming, metadata::MetadataMap};

use super::line::hex;
use crate::cli::connect::Channel;
use crate::{
    cli::{
        Context, Failure, caller, json,
        output::Output,
        time,
        verdicts::word,
        watched::{self, Took, Watched},
    },
    name::ClientName,
    pb::{self, client_event::Kind, contact_client::ContactClient},
};

/// Watches until it is stopped.
pub(super) async fn watch(
    names: Vec<ClientName>,
    context: &Context,
    out: &mut Output,
) -> Result<u8, Failure> {
    let names = names.iter().map(ToString::to_string).collect();
    let there = There { names, known: BTreeMap::new() };
    let mut watching = Watching { context, there, gone: Vec::new() };
    watched::run(&mut watching, context, out, None, None).await?;
    Ok(0)
}

/// An event as JSON. Its shape is frozen: see tests/golden.
#[derive(Serialize)]
struct EventLine<'a> {
    client: &'a str,
    kind: String,
    #[serde(serialize_with = "time::as_rfc3339", skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    #[serde(skip_serializing_if = "str::is_empty")]
    status: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    instance: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    address: &'a str,
}

struct Watching<'a> {
    context: &'a Context,
    there: There,
    /// Those that have gone while there was no connection.
    gone: Vec<pb::ClientEvent>,
}

impl Watched for Watching<'_> {
    type Message = pb::ClientEvent;
    type Messages = Streaming<pb::ClientEvent>;

    fn is_done(&self) -> bool {
        false
    }

    async fn open(&mut self, channel: Channel) -> Result<Response<Self::Messages>, Status> {
        let client = match &self.there.names[..] {
            [one] => one.clone(),
            _ => String::new(),
        };
        let asked = pb::WatchClients { client: client.clone() };
        let opened = ContactClient::new(channel.clone()).watch_clients(asked).await?;
        if !self.there.known.is_empty() {
            // Asked for when the watch is open: who goes from now on is an event.
            let now = processes(channel, client).await?;
            self.gone = self.there.forget(|process| now.contains(process));
        }
        Ok(opened)
    }

    async fn begun(&mut self, _: &MetadataMap, out: &mut Output) -> Result<(), Failure> {
        for event in std::mem::take(&mut self.gone) {
            print(&event, out).await?;
        }
        Ok(())
    }

    async fn took(&mut self, event: pb::ClientEvent, out: &mut Output) -> Result<Took, Failure> {
        if !self.there.is_news(&event) {
            return Ok(Took::Passed);
        }
        print(&event, out).await?;
        Ok(Took::Printed)
    }

    fn may_end(&self) -> bool {
        false
    }

    fn refused(&mut self, status: &Status) -> Result<(), Failure> {
        let failure = caller::explain(self.context, "watchClients", self.context.target().failure(status));
        Err(failure)
    }
}

/// Who is there, as far as has been said.
struct There {
    /// Only these clients; empty: all.
    names: Vec<String>,
    /// The processes, each with its address.
    known: BTreeMap<Process, String>,
}

/// A client's name, and the instance.
type Process = (String, Vec<u8>);

impl There {
    /// Whether an event is to be printed.
    fn is_news(&mut self, event: &pb::ClientEvent) -> bool {
        if !self.names.is_empty() && !self.names.contains(&event.client) {
            return false;
        }
        let process = (event.client.clone(), event.instance.clone());
        match event.kind() {
            Kind::Up => self.known.insert(process, event.address.clone()).is_none(),
            Kind::Down => self.known.remove(&process).is_some(),
            Kind::Status | Kind::Unspecified => true,
        }
    }

    /// Forgets those that are not there; each is an event.
    #[allow(clippy::disallowed_methods, reason = "when it went is not known, but by when it had gone")]
    fn forget(&mut self, is_there: impl Fn(&Process) -> bool) -> Vec<pb::ClientEvent> {
        let at = Some(Timestamp::from(SystemTime::now()));
        let before = std::mem::take(&mut self.known);
        let (known, gone): (_, BTreeMap<Process, String>) =
            before.into_iter().partition(|(process, _)| is_there(process));
        self.known = known;
        let event = |((client, instance), address)| pb::ClientEvent {
            client,
            kind: Kind::Down.into(),
            at,
            status: String::new(),
            instance,
            address,
        };
        gone.into_iter().map(event).collect()
    }
}

/// The processes that are there: of one client, or of all.
async fn processes(channel: Channel, client: String) -> Result<BTreeSet<Process>, Status> {
    let mut server = ContactClient::new(channel);
    let (mut there, mut after) = (BTreeSet::new(), String::new());
    loop {
        let asked = pb::ListClients { client: client.clone(), after, limit: 0 };
        let page = server.list_clients(asked).await?.into_inner();
        after = page.clients.last().map(|last| last.client.clone()).unwrap_or_default();
        for client in page.clients {
            there.extend(client.instances.into_iter().map(|one| (client.client.clone(), one.instance)));
        }
        if !page.more {
            return Ok(there);
        }
    }
}

async fn print(event: &pb::ClientEvent, out: &mut Output) -> Result<(), Failure> {
    let line = EventLine {
        client: &event.client,
        kind: word(event.kind().as_str_name(), "KIND_"),
        at: event.at,
        status: &event.status,
        instance: hex(&event.instance),
        address: &event.address,
    };
    let colour = out.colour;
    out.line(&line, || text(event, colour)).await
}

/// An event for people.
fn text(event: &pb::ClientEvent, colour: bool) -> String {
    let (dim, style) = match (colour, event.kind()) {
        (false, _) => (Style::new(), Style::new()),
        (true, Kind::Up) => (Style::new().dimmed(), Style::new().fg_color(Some(AnsiColor::Green.into()))),
        (true, Kind::Down) => (Style::new().dimmed(), Style::new().fg_color(Some(AnsiColor::Red.into()))),
        (true, _) => (Style::new().dimmed(), Style::new()),
    };
    let at = event.at.as_ref().map(time::time_of_day).unwrap_or_default();
    let kind = word(event.kind().as_str_name(), "KIND_");
    let mut line = format!("{dim}{at}{dim:#}  {}  {style}{kind}{style:#}", json::escape(&event.client));
    if !event.address.is_empty() {
        line += &format!("  {dim}{}{dim:#}", json::escape(&event.address));
    }
    if !event.status.is_empty() {
        line.extend(["  ", &json::escape(event.status.lines().next().unwrap_or_default())]);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{
        super::line::{COLUMNS, ClientLine},
        *,
    };
    use crate::cli::{shown, table::Table};

    #[test]
    fn after_a_reconnect_only_what_has_changed_is_said() {
        let mut there = There { names: vec![], known: BTreeMap::new() };
        let event = |client: &str, byte: u8, kind: Kind| pb::ClientEvent {
            client: client.into(),
            kind: kind.into(),
            instance: vec![byte; 16],
            ..pb::ClientEvent::default()
        };
        for (client, byte) in [("a", 1), ("a", 2), ("b", 3)] {
            assert!(there.is_news(&event(client, byte, Kind::Up)));
        }
        let gone = there.forget(|(client, instance)| client == "a" && instance[0] == 1);
        let gone: Vec<(&str, u8, Kind)> =
            gone.iter().map(|gone| (&gone.client[..], gone.instance[0], gone.kind())).collect();
        assert_eq!(gone, [("a", 2, Kind::Down), ("b", 3, Kind::Down)]);
        // The snapshot: one is still there, one has come back.
        assert!(!there.is_news(&event("a", 1, Kind::Up)));
        assert!(there.is_news(&event("b", 3, Kind::Up)));
        // It was said to be gone.
        assert!(!there.is_news(&event("a", 2, Kind::Down)));
        assert!(there.is_news(&event("a", 1, Kind::Down)));
        there.names = vec!["b".into()];
        assert!(!there.is_news(&event("a", 1, Kind::Status)));
        assert!(there.is_news(&event("b", 3, Kind::Status)));
    }

    /// Either is what a watch of clients or a list of them prints.
    #[derive(Clone, PartialEq, prost::Message)]
    struct Seen {
        #[prost(message, optional, tag = "1")]
        event: Option<pb::ClientEvent>,
        #[prost(message, optional, tag = "2")]
        info: Option<pb::ClientInfo>,
    }

    #[test]
    fn fuzz_client_shown() {
        let at = Some(Timestamp { seconds: 1_763_791_200, nanos: 5 });
        let (client, status, address) = ("kiosk-7", "up\nand well", "127.0.0.1:9");
        let event = pb::ClientEvent {
            client: client.into(),
            kind: Kind::Up.into(),
            at,
            status: status.into(),
            instance: vec![7; 16],
            address: address.into(),
        };
        let instance = pb::InstanceInfo {
            instance: vec![7; 16],
            address: address.into(),
            connected_at: at,
            heard_at: at,
            watches: vec![pb::WatchInfo { queue: "ci".into(), group: "ci".into() }],
            in_flight: 3,
            health: 1,
        };
        let info = pb::ClientInfo {
            client: client.into(),
            up: true,
            last_seen: at,
            status: status.into(),
            status_at: at,
            in_flight: 3,
            instances: vec![instance.clone(), instance],
        };
        let line = |seen: &Seen| ClientLine::from(seen.info.clone().unwrap_or_default());
        shown::run(
            "client_shown",
            &[Seen { event: Some(event), info: Some(info) }],
            |seen, colour| {
                let (line, now) = (line(seen), SystemTime::UNIX_EPOCH);
                let rows = [vec![line.row(now)], line.instance_rows(now)].concat();
                let mut lines = Table::new(COLUMNS, colour, None).lines(&rows);
                lines.push(text(&seen.event.clone().unwrap_or_default(), colour));
                lines
            },
            |seen| json::line(&line(seen)),
        );
    }
}
