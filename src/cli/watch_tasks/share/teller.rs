//! What a watch tells of its tasks by itself, through `tellResult`: done with `--auto-done`, released where
//! nobody is going to work on them, and working where it wants to know whether it still holds them.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tonic::{Code, Status, transport::Channel};

use crate::{
    cli::{ack, connect::Tries, exit},
    pb,
};

/// The longest pause before it tells again.
const PAUSE_MAX: Duration = Duration::from_secs(2);

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
    pub(super) fn tell(&mut self, leases: impl IntoIterator<Item = String>, outcome: pb::Outcome) {
        self.waiting.extend(leases.into_iter().map(|lease| pb::Result {
            lease,
            outcome: Some(outcome as i32),
            client: self.client.clone(),
            ..pb::Result::default()
        }));
    }

    /// Whether there is anything that the server has not taken yet.
    pub(super) fn is_busy(&self) -> bool {
        self.call.is_some() || !self.waiting.is_empty()
    }

    /// Waits until things were told. Waits for ever if there is nothing to tell. An error is the server's word
    /// that it does not take them. Nothing is lost if this is dropped.
    pub(super) async fn next(&mut self) -> Result<Vec<Over>, Status> {
        let mut pause = Duration::ZERO;
        loop {
            let call = match &mut self.call {
                Some(call) => call,
                None if self.waiting.is_empty() => std::future::pending().await,
                None => {
                    let n = self.waiting.len().min(ack::ITEMS_MAX);
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
                    return Ok(over(sent, &receipt));
                }
                Err(status) if exit::is_broken(&status) || status.code() == Code::ResourceExhausted => {
                    self.waiting.splice(..0, sent);
                    pause = self.tries.next_pause(PAUSE_MAX);
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

/// A lease that is over for what was told of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Over {
    pub(super) lease: String,
    /// It was this word that ended it, and the task was given back.
    pub(super) is_given_back: bool,
}

/// All that were settled, by this word or another, and those that were asked about and are not in force.
fn over(sent: Vec<pb::Result>, receipt: &pb::Receipt) -> Vec<Over> {
    let over = sent.into_iter().enumerate().filter_map(|(i, item)| {
        // A server that gives no verdict has not said no.
        let is_ok = receipt.told.get(i).is_none_or(|told| told.verdict() == pb::Verdict::Ok && !told.late);
        match item.outcome() {
            pb::Outcome::Working if is_ok => None,
            outcome => {
                let is_given_back = is_ok && outcome == pb::Outcome::Released;
                Some(Over { lease: item.lease, is_given_back })
            }
        }
    });
    over.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_that_was_asked_about_stays_if_it_is_in_force() {
        let item = |lease: &str, outcome: pb::Outcome| pb::Result {
            lease: lease.into(),
            outcome: Some(outcome as i32),
            ..pb::Result::default()
        };
        let told =
            |verdict: pb::Verdict, late| pb::Told { verdict: verdict as i32, late, ..pb::Told::default() };
        let sent = vec![
            item("held", pb::Outcome::Working),
            item("late", pb::Outcome::Working),
            item("settled", pb::Outcome::Working),
            item("released", pb::Outcome::Released),
            item("done before", pb::Outcome::Released),
        ];
        let told = vec![
            told(pb::Verdict::Ok, false),
            told(pb::Verdict::Ok, true),
            told(pb::Verdict::Conflict, false),
            told(pb::Verdict::Ok, false),
            told(pb::Verdict::Conflict, false),
        ];
        let receipt = pb::Receipt { told, ..pb::Receipt::default() };
        let over = over(sent, &receipt);
        let leases: Vec<&str> = over.iter().map(|over| &over.lease[..]).collect();
        assert_eq!(leases, ["late", "settled", "released", "done before"]);
        assert_eq!(over.iter().filter(|over| over.is_given_back).count(), 1);
    }
}
