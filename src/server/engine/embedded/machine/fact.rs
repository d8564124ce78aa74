//! What has been decided. A fact is all that is needed to bring a machine to where it was: applying one asks
//! for no clock and no setting. Live and after a restart the same lines apply it.

use super::{
    GroupNo, MemberNo,
    task::{Note, Outcome},
    words::{End, Settings},
};

/// A change of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Fact {
    /// A task was handed out.
    HandOut {
        group: GroupNo,
        seq: u64,
        member: MemberNo,
        /// See [`Open`](super::task::Open).
        expires_ms: u64,
        /// For the first time: how many of the queue's tasks the group has now got to, this one included.
        passed: Option<u64>,
    },
    /// An attempt has ended, or a task has without one.
    Ended {
        group: GroupNo,
        seq: u64,
        /// Of the attempt in force; with none in force it is what the last one is now known by.
        end: Option<End>,
        next: Next,
        failures: u32,
        suspect: bool,
        said: Option<Box<str>>,
    },
    /// The roll-call has it.
    Noted { group: GroupNo, seq: u64, note: Note },
    /// A dead task is ready again.
    Redriven { group: GroupNo, seq: u64 },
    /// The group's settings are now these.
    Set { group: GroupNo, settings: Settings },
}

/// Where a task goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Next {
    /// It is to be handed out again.
    Ready,
    /// At this time of the machine.
    Waiting { until_ms: u64 },
    /// It waits for an operator.
    Dead,
    /// It has ended.
    Past(Outcome),
}

impl Fact {
    /// The group that changes.
    pub(in super::super) fn group(&self) -> GroupNo {
        match self {
            Fact::HandOut { group, .. }
            | Fact::Ended { group, .. }
            | Fact::Noted { group, .. }
            | Fact::Redriven { group, .. }
            | Fact::Set { group, .. } => *group,
        }
    }

    /// The task that changes.
    pub(in super::super) fn seq(&self) -> Option<u64> {
        match self {
            Fact::HandOut { seq, .. }
            | Fact::Ended { seq, .. }
            | Fact::Noted { seq, .. }
            | Fact::Redriven { seq, .. } => Some(*seq),
            Fact::Set { .. } => None,
        }
    }
}
