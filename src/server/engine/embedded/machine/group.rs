//! One group: what it has handed out and not got back, and how far it is. What lies before it in the log it
//! does not know: it is offered a little at a time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    InstanceId, MemberNo, QueueNo,
    ends::Ends,
    pages::Pages,
    task::{Note, Open, Outcome, Past},
    words::Settings,
};

/// The tasks of a page are written down together. See [`Group::dirty`].
pub(in super::super) const PAGE_SEQS: u64 = 1024;

/// A task in the log that the group has not got to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Fresh {
    pub(in super::super) seq: u64,
    /// The server's time from which on it is not handed out; 0 is never.
    pub(in super::super) expires_ms: u64,
}

/// How far a group is, its counts and its settings: what is written down of it besides its tasks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct Head {
    /// All tasks of the queue before this have been got to.
    pub(in super::super) next_seq: u64,
    /// How many of the queue's tasks that is, counted from the queue's first ever.
    pub(in super::super) passed: u64,
    /// Tasks settled as done.
    pub(in super::super) done: u64,
    /// Tasks that were thrown away before they had ended.
    pub(in super::super) trimmed_unsettled: u64,
    /// Up to here that is counted.
    pub(in super::super) trimmed_seq: u64,
    pub(in super::super) settings: Settings,
}

/// A group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) queue: QueueNo,
    pub(super) head: Head,
    /// What was offered and not got to, in order.
    pub(super) fresh: VecDeque<Fresh>,
    /// All of the queue up to here has been offered.
    pub(super) offered_seq: u64,
    /// An offer was asked for and has not come.
    pub(super) asked: bool,
    /// Tasks that have not ended, and dead ones.
    pub(super) open: BTreeMap<u64, Open>,
    /// Those of them that are ready and no suspects.
    pub(super) ready: BTreeSet<u64>,
    /// Those that are ready and to be handed out alone.
    pub(super) suspects: BTreeSet<u64>,
    /// Processes that are given nothing until they hold nothing, and then one of those. Never more than those.
    pub(super) making_room: BTreeSet<InstanceId>,
    pub(super) waiting: BTreeSet<u64>,
    pub(super) leased: u64,
    pub(super) dead: u64,
    /// What the roll-call has beyond `next_seq`.
    pub(super) notes: BTreeMap<u64, Note>,
    /// Who held open tasks whose last lease ended by itself, as far as this process has seen it: a late word is theirs.
    pub(super) lost_by: BTreeMap<u64, Box<str>>,
    /// Tasks that have ended since their page was written. Older ones are asked for from outside.
    pub(super) past: Pages,
    /// Members that would take a task, the one that has waited longest first. May hold some that would not.
    pub(super) wanting: VecDeque<MemberNo>,
    /// Members that looked here first and were told that it has to be read.
    pub(super) awaiting: BTreeSet<MemberNo>,
    /// Pages with changes that have not been written down.
    pub(super) dirty: BTreeSet<u64>,
    /// The last of them that was touched: most often it is the next one too.
    touched: Option<u64>,
    /// The head has changed since it was written down.
    pub(super) is_head_dirty: bool,
}

impl Group {
    pub(super) fn new(queue: QueueNo, head: Head) -> Self {
        Group {
            queue,
            head,
            fresh: VecDeque::new(),
            offered_seq: head.next_seq.saturating_sub(1),
            asked: false,
            open: BTreeMap::new(),
            ready: BTreeSet::new(),
            suspects: BTreeSet::new(),
            making_room: BTreeSet::new(),
            waiting: BTreeSet::new(),
            leased: 0,
            dead: 0,
            notes: BTreeMap::new(),
            lost_by: BTreeMap::new(),
            past: Pages::default(),
            wanting: VecDeque::new(),
            awaiting: BTreeSet::new(),
            dirty: BTreeSet::new(),
            touched: None,
            is_head_dirty: false,
        }
    }

    /// Notes a change of a task.
    pub(super) fn touch(&mut self, seq: u64) {
        let page = seq / PAGE_SEQS;
        if self.touched != Some(page) {
            self.dirty.insert(page);
            self.touched = Some(page);
        }
        self.is_head_dirty = true;
    }

    /// Takes the pages with changes: from now on they count as written.
    pub(super) fn take_dirty(&mut self) -> BTreeSet<u64> {
        self.touched = None;
        std::mem::take(&mut self.dirty)
    }

    /// Gets to a task: nothing before it is fresh any more. `passed` is as in [`Head`].
    pub(super) fn pass(&mut self, seq: u64, passed: u64) {
        self.head.next_seq = seq + 1;
        self.head.passed = passed;
        self.offered_seq = self.offered_seq.max(seq);
        self.is_head_dirty = true;
        // What the roll-call has done is done; what it has received is like any other task.
        while let Some((seq, note)) = self.notes.first_key_value().map(|(seq, note)| (*seq, *note))
            && seq < self.head.next_seq
        {
            self.notes.remove(&seq);
            self.dirty.insert(seq / PAGE_SEQS);
            if note == Note::Done {
                self.past.insert(seq, Past { outcome: Outcome::Done, ends: Ends::default() });
            }
        }
    }

    /// Nobody wants tasks: what was offered need not be kept.
    pub(super) fn forget_offers(&mut self) {
        self.fresh = VecDeque::new();
        self.offered_seq = self.head.next_seq.saturating_sub(1);
    }
}
