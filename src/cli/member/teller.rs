//! What a member tells of its tasks, through `tellResult`: what has become of them, and `working` where it
//! wants to know whether it still holds them.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tonic::Status;

use crate::{
    cli::{ack, again, connect::Channel, connect::Tries},
    pb,
};

/// The longest pause before it tells again.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// About so many bytes in one call: what has to be said again after a break is not without bound.
const BYTES_MAX: usize = 1 << 20;

/// Tells the server, again if it must.
pub(super) struct Teller {
    channel: Channel,
    client: String,
    waiting: Vec<pb::Result>,
    /// What the call under way tells.
    sent: Vec<pb::Result>,
    call: Option<BoxFuture<'static, Result<pb::Receipt, Status>>>,
    tries: Tries,
}

impl Teller {
    pub(super) fn new(channel: Channel, client: String) -> Self {
        let tries = Tries::new(None);
        Teller { channel, client, waiting: Vec::new(), sent: Vec::new(), call: None, tries }
    }

    /// Adds what is to be told.
    pub(super) fn tell(&mut self, result: pb::Result) {
        self.waiting.push(pb::Result { client: self.client.clone(), ..result });
    }

    /// Whether there is anything that the server has not taken yet.
    pub(super) fn is_busy(&self) -> bool {
        self.call.is_some() || !self.waiting.is_empty()
    }

    /// Waits until things were told. Waits for ever if there is nothing to tell. An error is the server's word
    /// that it does not take them. Nothing is lost if this is dropped.
    pub(super) async fn next(&mut self) -> Result<Vec<Told>, Status> {
        let mut pause = Duration::ZERO;
        loop {
            let call = match &mut self.call {
                Some(call) => call,
                None if self.waiting.is_empty() => std::future::pending().await,
                None => {
                    let n = first(&self.waiting);
                    self.sent = self.waiting.drain(..n).collect();
                    self.call.insert(Box::pin(tell(self.channel.clone(), self.sent.clone(), pause)))
                }
            };
            let result = call.await;
            self.call = None;
            let sent = std::mem::take(&mut self.sent);
            match result {
                Ok(receipt) => {
                    self.tries.worked();
                    return Ok(told(sent, &receipt));
                }
                Err(status) if again::is_worth_it(&status) => {
                    self.waiting.splice(..0, sent);
                    pause = self.tries.next_pause(&status, PAUSE_MAX);
                }
                Err(status) => return Err(status),
            }
        }
    }
}

async fn tell(channel: Channel, items: Vec<pb::Result>, pause: Duration) -> Result<pb::Receipt, Status> {
    tokio::time::sleep(pause).await;
    Ok(ack::tell(channel, items).await?.into_inner())
}

/// How many of them go into one call: at least one.
fn first(waiting: &[pb::Result]) -> usize {
    let mut bytes = 0;
    let fits = |item: &&pb::Result| {
        let is_first = bytes == 0;
        bytes += item.ret.len() + item.stderr.len() + item.lease.len();
        is_first || bytes <= BYTES_MAX
    };
    waiting.iter().take(ack::ITEMS_MAX).take_while(fits).count()
}

/// What was told, and what the server has said to it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cli) struct Told {
    /// As it was told.
    pub(in crate::cli) result: pb::Result,
    /// The server's word; it may give none.
    pub(in crate::cli) verdict: Option<pb::Verdict>,
    /// The lease had ended by itself.
    pub(in crate::cli) late: bool,
}

impl Told {
    /// Whether it has done what was told. A server that gives no verdict has not said no.
    fn is_ok(&self) -> bool {
        self.verdict.is_none_or(|verdict| verdict == pb::Verdict::Ok) && !self.late
    }

    /// Whether the lease is over: it was settled, by this word or another, or was asked about and is not in
    /// force.
    pub(in crate::cli) fn is_over(&self) -> bool {
        self.result.outcome() != pb::Outcome::Working || !self.is_ok()
    }

    /// Whether it was this word that ended it, and the task was given back.
    pub(in crate::cli) fn is_given_back(&self) -> bool {
        self.result.outcome() == pb::Outcome::Released && self.is_ok()
    }
}

fn told(sent: Vec<pb::Result>, receipt: &pb::Receipt) -> Vec<Told> {
    let told = |(i, result)| {
        let told = receipt.told.get(i);
        Told { result, verdict: told.map(pb::Told::verdict), late: told.is_some_and(|told| told.late) }
    };
    sent.into_iter().enumerate().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(lease: &str, outcome: pb::Outcome) -> pb::Result {
        pb::Result { lease: lease.into(), outcome: Some(outcome as i32), ..pb::Result::default() }
    }

    #[test]
    fn a_lease_that_was_asked_about_stays_if_it_is_in_force() {
        let verdict =
            |verdict: pb::Verdict, late| pb::Told { verdict: verdict as i32, late, ..pb::Told::default() };
        let sent = vec![
            item("held", pb::Outcome::Working),
            item("late", pb::Outcome::Working),
            item("settled", pb::Outcome::Working),
            item("released", pb::Outcome::Released),
            item("done before", pb::Outcome::Released),
        ];
        let verdicts = vec![
            verdict(pb::Verdict::Ok, false),
            verdict(pb::Verdict::Ok, true),
            verdict(pb::Verdict::Conflict, false),
            verdict(pb::Verdict::Ok, false),
            verdict(pb::Verdict::Conflict, false),
        ];
        let told = told(sent, &pb::Receipt { told: verdicts, ..pb::Receipt::default() });
        let over = told.iter().filter(|told| told.is_over());
        let leases: Vec<&str> = over.map(|told| &told.result.lease[..]).collect();
        assert_eq!(leases, ["late", "settled", "released", "done before"]);
        assert_eq!(told.iter().filter(|told| told.is_given_back()).count(), 1);
    }

    #[test]
    fn a_call_has_a_thousand_words_or_a_mebibyte() {
        let long = |bytes| pb::Result { ret: "x".repeat(bytes), ..item("L", pb::Outcome::Done) };
        assert_eq!(first(&vec![long(10); 1500]), ack::ITEMS_MAX);
        assert_eq!(first(&vec![long(400 << 10); 5]), 2);
        assert_eq!(first(&[long(2 << 20), long(1)]), 1);
    }
}
