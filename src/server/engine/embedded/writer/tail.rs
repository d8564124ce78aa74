//! The recent chunks, in memory.

use std::collections::VecDeque;

use crate::server::engine::embedded::chunk::Chunk;

/// The recent chunks that are kept in memory.
#[derive(Default)]
pub(super) struct Tail {
    chunks: VecDeque<Chunk>,
    bytes: usize,
    bytes_max: usize,
}

impl Tail {
    /// An empty one that keeps so many bytes.
    pub(super) fn new(bytes_max: usize) -> Self {
        Tail { bytes_max, ..Tail::default() }
    }

    /// Adds a chunk; returns those that must leave.
    pub(super) fn push(&mut self, chunk: Chunk) -> Vec<Chunk> {
        self.bytes += chunk.frames.len();
        self.chunks.push_back(chunk);
        let mut evicted = Vec::new();
        while self.bytes > self.bytes_max
            && let Some(oldest) = self.chunks.pop_front()
        {
            self.bytes -= oldest.frames.len();
            evicted.push(oldest);
        }
        evicted
    }

    pub(super) fn trim(&mut self, last_seq: u64) {
        while self.chunks.front().is_some_and(|c| c.head.last_seq <= last_seq)
            && let Some(gone) = self.chunks.pop_front()
        {
            self.bytes -= gone.frames.len();
        }
    }

    pub(super) fn find(&self, seq: u64) -> Option<&Chunk> {
        let place = self.chunks.partition_point(|c| c.head.last_seq < seq);
        self.chunks.get(place).filter(|c| c.head.first_seq <= seq)
    }
}
