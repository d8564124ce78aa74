//! Whether the streams of a process are as they should be.

use super::roster::{Process, Stream};
use crate::server::engine::presence::{Health, SILENT_MS};

impl Process {
    /// See [`Health`].
    pub(super) fn health(&self, now_ms: u64) -> Health {
        let has = |wanted: fn(&Stream) -> bool| self.streams.iter().any(|(_, stream)| wanted(stream));
        if self.attends() {
            if now_ms.saturating_sub(self.heard_ms) >= SILENT_MS {
                Health::Silent
            } else if has(|stream| matches!(stream, Stream::Watch(..))) {
                Health::Healthy
            } else {
                Health::NoWatch
            }
        } else if has(|stream| matches!(stream, Stream::Watch(_, Some(_)))) {
            Health::NoHeartbeat
        } else {
            Health::Healthy
        }
    }
}
