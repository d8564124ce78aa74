//! `contact bench settle`: leases are settled as done.

use std::sync::atomic::Ordering::Relaxed;

use bytes::{Bytes, BytesMut};
use clap::Args;

use super::{
    Load, Settings,
    measure::{Latencies, Measured},
    member,
    place::{Link, Place, all, ended},
    watch::WATCH,
    wire::{self, PIECE_BYTES},
};
use crate::{cli::Failure, pb, wire::IN_FLIGHT_MAX};

const TASKS: u64 = 100_000;

/// Settle tasks as done, on one stream for each client
///
/// The tasks are handed in and leased before anything is measured. A round ends with the receipts: each settlement is
/// on disk then.
#[derive(Debug, Args)]
pub(super) struct Settle {
    /// How many in each round
    #[arg(short = 'n', long, value_name = "N", default_value_t = TASKS, value_parser = clap::value_parser!(u64).range(1..))]
    tasks: u64,

    /// Connections that settle side by side
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,
}

impl Load for Settle {
    fn name(&self) -> &'static str {
        "settle"
    }

    fn settings(&self) -> Settings {
        Settings { clients: Some(self.clients), ..Settings::default() }
    }

    fn connections(&self) -> usize {
        self.clients as usize
    }

    fn total(&self) -> Option<u64> {
        Some(self.tasks)
    }

    async fn round(&mut self, place: &Place) -> Result<Measured, Failure> {
        let made = place.make_ready(self.tasks).await?;
        let links = place.links(self.clients).await?;
        let pieces = self.lease(place, made).await?;
        let told: u64 = pieces.iter().map(|(n, _)| n).sum();
        place.done.store(0, Relaxed);

        let meter = place.meter();
        let (mut ups, mut parts) = (Vec::new(), Vec::new());
        for (n, link) in links.into_iter().enumerate() {
            let (up, body) = wire::up();
            ups.push(up);
            parts.push(place.workers.spawn(n, member::tell(link, body)));
        }
        for (n, (_, piece)) in pieces.into_iter().enumerate() {
            // Fails only if the call has ended, and then that says so.
            let _ = ups[n % ups.len()].send(piece);
        }
        drop(ups);
        member::check(all(parts).await?.into_iter().sum(), told)?;
        Ok(meter.stop(told, &Latencies::new()))
    }
}

impl Settle {
    /// Takes leases of so many tasks. Returns their settlements in pieces: how many, and their frames.
    async fn lease(&self, place: &Place, tasks: u64) -> Result<Vec<(u64, Bytes)>, Failure> {
        let mut pieces = Vec::new();
        let mut left = tasks;
        while left > 0 && !place.is_stopped() {
            let wanted = left.min(u64::from(IN_FLIGHT_MAX));
            let watch = member::watch(place, &place.group, wanted as u32, wanted);
            let mut taking = place.workers.spawn(0, take(place.connecting(), watch));
            pieces.extend(ended(&mut taking).await?);
            left -= wanted;
        }
        Ok(pieces)
    }
}

/// Takes as many tasks as the watch says.
async fn take(
    connecting: impl Future<Output = Result<Link, Failure>>,
    watch: pb::Watch,
) -> Result<Vec<(u64, Bytes)>, Failure> {
    let link = connecting.await?.uncounted();
    let mut down = link.call(WATCH, wire::one(&watch)).await?;
    let (mut pieces, mut n, mut frames) = (Vec::new(), 0, BytesMut::new());
    loop {
        let settle = |task: &[u8]| n += u64::from(member::settle(task, &mut frames));
        let more = down.next(settle).await.map_err(|status| link.failure(&status))?.is_some();
        if n > 0 && (!more || frames.len() >= PIECE_BYTES) {
            pieces.push((std::mem::take(&mut n), frames.split().freeze()));
        }
        if !more {
            return Ok(pieces);
        }
    }
}
