//! `contact clients`: who is there, and who has been in the last 7 days.
//!
//! This file has the flags and the list, [`line`] a client as it is printed, and [`events`] what `--watch` does.

use std::time::SystemTime;

use clap::Args;
use prost_types::Timestamp;

use super::{
    Context, Failure,
    caller::{Caller, Client},
    exit::code,
    list::{self, List},
    output::Output,
    reason::Reason,
    table::{Cell, Column},
    time,
};
use crate::{name::ClientName, pb};
use line::ClientLine;

mod events;
mod line;

/// Show who is there, or has been in the last 7 days
///
/// A line for each client, by name: whether it is up, when it was last heard, its last status, how many tasks it
/// holds, and its processes with what they watch. A process is healthy when both its streams are up, or when it
/// watches without a group, which owes nothing; `no_watch` is heard but takes no tasks (shown as `heartbeat
/// only`), `no_heartbeat` shares tasks and gives no sign of life beside that, `silent` was not heard for 45 s.
///
/// With --watch it says who comes, goes and reports, as an event a line, beginning with an `up` for each process
/// that is there. It comes back for ever when the server is lost; who has gone meanwhile is then said.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact clients
  contact clients kiosk-7 | jq '.instances[].address'
  contact clients | jq -r 'select(.up | not) | [.client, .last_seen] | @tsv'
  contact clients --watch | jq -r 'select(.kind == \"down\").client'

Exit codes: 0 it worked; 1 a NAME is of no client that is known; 2 wrong usage; 3 the server could not be
reached; 76 it is not a contact server; 130, 143 SIGINT, SIGTERM")]
pub(super) struct Clients {
    /// Only these clients [default: all]
    #[arg(value_name = "NAME", value_parser = super::client_name)]
    names: Vec<ClientName>,

    /// Go on and say who comes, goes and reports, until it is stopped
    #[arg(short, long)]
    watch: bool,
}

impl Clients {
    pub(super) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        if self.watch {
            return events::watch(self.names, context, out).await;
        }
        let mut caller = Caller::new(context);
        let mut list = ClientList { client: String::new(), has_found: false };
        let mut table = list::table(&list, out);
        if self.names.is_empty() {
            list::print_all(&mut list, &mut caller, out, &mut table, None).await?;
            return Ok(0);
        }
        let mut code = 0;
        for name in &self.names {
            list = ClientList { client: name.to_string(), has_found: false };
            list::print_all(&mut list, &mut caller, out, &mut table, None).await?;
            if !list.has_found {
                code = code::NO;
                let message = format!("there is no client {name}: it has not been seen in the last 7 days");
                Failure::new(code, Reason::NoClient, message).print(context.errors);
            }
        }
        Ok(code)
    }
}

/// A page of clients, and whether there are more.
async fn page(caller: &mut Caller<'_>, asked: pb::ListClients) -> Result<pb::Clients, Failure> {
    let call = async |mut client: Client, asked| client.list_clients(asked).await;
    caller.call("listClients", asked, call).await
}

/// What is known of one client.
pub(super) async fn one(caller: &mut Caller<'_>, name: &str) -> Result<Option<pb::ClientInfo>, Failure> {
    let asked = pb::ListClients { client: name.to_owned(), ..pb::ListClients::default() };
    Ok(page(caller, asked).await?.clients.pop())
}

/// When a client was last there, as the end of a sentence.
#[allow(clippy::disallowed_methods, reason = "an age is shown to people")]
pub(super) fn seen(client: Option<&pb::ClientInfo>) -> String {
    match client {
        Some(client) if client.up => "is up".to_owned(),
        client => seen_at(client.and_then(|client| client.last_seen.as_ref()), SystemTime::now()),
    }
}

/// When somebody was last there, as the end of a sentence.
pub(super) fn seen_at(last_seen: Option<&Timestamp>, now: SystemTime) -> String {
    match last_seen {
        Some(at) => format!("was last seen {} ago", time::age(at, now)),
        None => "was not seen in the last 7 days".to_owned(),
    }
}

struct ClientList {
    client: String,
    /// There was one.
    has_found: bool,
}

impl List for ClientList {
    type Item = ClientLine;
    type Place = String;

    async fn page(
        &mut self,
        caller: &mut Caller<'_>,
        at: Option<String>,
        limit: u32,
    ) -> Result<(Vec<ClientLine>, Option<String>), Failure> {
        let asked = pb::ListClients { client: self.client.clone(), after: at.unwrap_or_default(), limit };
        let page = page(caller, asked).await?;
        self.has_found |= !page.clients.is_empty();
        let next = page.clients.last().filter(|_| page.more).map(|last| last.client.clone());
        Ok((page.clients.into_iter().map(ClientLine::from).collect(), next))
    }

    fn key(line: &ClientLine) -> String {
        line.key()
    }

    fn columns(&self) -> &'static [Column] {
        line::COLUMNS
    }

    fn row(&self, line: &ClientLine, now: SystemTime) -> Vec<Cell> {
        line.row(now)
    }

    fn more_rows(&self, line: &ClientLine, now: SystemTime) -> Vec<Vec<Cell>> {
        line.instance_rows(now)
    }
}
