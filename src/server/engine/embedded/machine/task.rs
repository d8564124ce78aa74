//! One task as one group has it.

use super::{MemberNo, ends::Ends, words::End};

/// A task that the group has got to and that has not ended, or is dead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Open {
    pub(in super::super) stand: Stand,
    /// How many attempts count against it.
    pub(in super::super) failures: u32,
    /// It is next handed out alone, or is so just now.
    pub(in super::super) suspect: bool,
    /// How each attempt ended; the one in force is not among them.
    pub(in super::super) ends: Ends,
    /// The server's time from which on it is not handed out; 0 is never.
    pub(in super::super) expires_ms: u64,
    /// What a worker said when it last failed.
    pub(in super::super) said: Option<Box<str>>,
}

/// Where an open task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Stand {
    /// To be handed out.
    Ready,
    /// Ready at this time.
    Waiting { until_ms: u64 },
    /// In a member's hands.
    Leased(Lease),
    /// Until somebody redrives it.
    Dead,
}

/// A lease in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Lease {
    pub(in super::super) member: MemberNo,
    pub(in super::super) since_ms: u64,
    /// When it was handed out, last said to be worked at, or given its length anew by a restart.
    pub(in super::super) touched_ms: u64,
    /// It is from before a restart, and its holder has not been heard since.
    pub(in super::super) restarted: bool,
}

/// A task that has ended, as long as anybody may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Past {
    pub(in super::super) outcome: Outcome,
    pub(in super::super) ends: Ends,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Outcome {
    /// By a word, or by the roll-call.
    Done,
    /// By an operator.
    Cancelled,
    /// By its own time.
    Expired,
    /// Purged.
    Gone,
}

/// What the roll-call has of a task that the group has not got to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Note {
    /// The client has it.
    Received,
    /// The client has done it: it is not handed out.
    Done,
}

impl Open {
    /// A task that the group has just got to.
    pub(super) fn new(expires_ms: u64) -> Self {
        Open {
            stand: Stand::Ready,
            failures: 0,
            suspect: false,
            ends: Ends::default(),
            expires_ms,
            said: None,
        }
    }

    /// How often it has been handed out.
    pub(in super::super) fn attempts(&self) -> u32 {
        self.ends.len() as u32 + u32::from(self.lease().is_some())
    }

    /// The lease in force.
    pub(in super::super) fn lease(&self) -> Option<&Lease> {
        match &self.stand {
            Stand::Leased(lease) => Some(lease),
            _ => None,
        }
    }

    pub(super) fn lease_mut(&mut self) -> Option<&mut Lease> {
        match &mut self.stand {
            Stand::Leased(lease) => Some(lease),
            _ => None,
        }
    }

    pub(super) fn is_dead(&self) -> bool {
        self.stand == Stand::Dead
    }

    pub(super) fn has_expired(&self, server_ms: u64) -> bool {
        has_expired(self.expires_ms, server_ms)
    }
}

/// Whether a task that expires then, 0 being never, is not to be handed out any more.
pub(super) fn has_expired(expires_ms: u64, server_ms: u64) -> bool {
    expires_ms != 0 && expires_ms <= server_ms
}

/// Whether an attempt ended by a word, and not by itself.
pub(super) fn is_word(end: End) -> bool {
    matches!(end, End::Done | End::Failed | End::Released | End::Rejected)
}
