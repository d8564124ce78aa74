//! The door: takes connections from the listener, and turns away at once whom there is no place for. A peer that is
//! left waiting in the system's queue would hang; one that is turned away can go elsewhere, or come again.

use std::{fs::File, io, sync::Arc, time::Duration};

use futures_util::FutureExt;
use rustix::io::Errno;
use tokio::time::Instant;

use super::{
    Peer,
    listener::{Listener, Stream},
    places::{Full, Place, Places},
};
use crate::server::settings::Limits;

/// How long to leave the listener alone when it fails.
const PAUSE: Duration = Duration::from_millis(100);
/// Those who are not let in are counted, and told of in the log as often as this.
const SAID_EVERY: Duration = Duration::from_secs(1);

/// Where connections come in.
pub(super) struct Door {
    listener: Listener,
    places: Arc<Places>,
    most: usize,
    most_of_address: usize,
    /// Held open to be closed when there is no descriptor left: for as long as it takes to turn one peer away.
    reserve: Option<File>,
    log: Log,
}

impl Door {
    /// In front of a listener.
    pub(super) fn new(listener: Listener, limits: &Limits) -> Self {
        Door {
            listener,
            places: Places::new(limits),
            most: limits.connections,
            most_of_address: limits.connections_per_address,
            reserve: reserve(),
            log: Log::default(),
        }
    }

    /// Waits for the next one who is let in.
    pub(super) async fn next(&mut self) -> (Stream, Place) {
        loop {
            let what = match self.listener.accept().await {
                Ok(stream) => {
                    let peer = Peer::of(&stream);
                    match self.places.take(peer.network()) {
                        Ok(place) => return (stream, place),
                        Err(full) => {
                            stream.turn_away();
                            self.describe(full, &peer)
                        }
                    }
                }
                Err(e) if is_exhausted(&e) => {
                    if self.turn_one_away().await {
                        format!("a connection was turned away: {e}")
                    } else {
                        format!("no connection can be taken: {e}")
                    }
                }
                // The peer is gone again: that is not the listener's end.
                Err(e) => {
                    tokio::time::sleep(PAUSE).await;
                    format!("a connection could not be taken: {e}")
                }
            };
            self.log.say(&what);
        }
    }

    /// Turns away the one who waits and cannot be let in for want of a descriptor, if there still is one.
    async fn turn_one_away(&mut self) -> bool {
        drop(self.reserve.take());
        let one = self.listener.accept().now_or_never();
        let is_gone = matches!(one, Some(Ok(_)));
        drop(one);
        self.reserve = reserve();
        // Somebody else was quicker and has the descriptor now.
        if !is_gone || self.reserve.is_none() {
            tokio::time::sleep(PAUSE).await;
        }
        is_gone
    }

    fn describe(&self, full: Full, peer: &Peer) -> String {
        let why = match full {
            Full::All => format!("there are {}: --max-connections", self.most),
            Full::Address => {
                let host = peer.host.map(|host| host.to_string()).unwrap_or_default();
                format!("{host} has {}: --max-connections-per-address", self.most_of_address)
            }
        };
        format!("a connection was turned away: {why}")
    }
}

fn reserve() -> Option<File> {
    File::open("/dev/null").ok()
}

/// Neither this process nor the system has a descriptor left.
fn is_exhausted(error: &io::Error) -> bool {
    Errno::from_io_error(error).is_some_and(|error| [Errno::MFILE, Errno::NFILE].contains(&error))
}

/// Lines about peers that were not let in: they are as many as these like, and the lines are not.
#[derive(Default)]
struct Log {
    said: Option<Instant>,
    unsaid: u64,
}

impl Log {
    #[allow(clippy::disallowed_methods, reason = "decides about log lines only")]
    fn say(&mut self, what: &str) {
        let now = Instant::now();
        if self.said.is_some_and(|said| now - said < SAID_EVERY) {
            self.unsaid += 1;
            return;
        }
        tracing::warn!(before = self.unsaid, "{what}");
        *self = Log { said: Some(now), unsaid: 0 };
    }
}
