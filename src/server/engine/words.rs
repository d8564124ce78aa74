//! The words of the life of a task in a group. Plain values, std only: an engine's core may use them as it
//! uses numbers.

/// A word that is told of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Done.
    Done,
    /// Again, after a pause; it counts.
    Failed,
    /// Again; it does not count.
    Released,
    /// Never again.
    Rejected,
    /// Still at it.
    Working,
    /// For the roll-call.
    Received,
}

/// A verdict. See the design for which is when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// In the roll-call, or counted.
    Noted,
    /// No such task, or none of our leases.
    Unknown,
    /// Done as told.
    Ok,
    /// Told before.
    Duplicate,
    /// Something else was told before, or the task was cancelled, expired or purged.
    Conflict,
    /// Handed out again since.
    Stale,
    /// The id of a task that is leased to this client just now.
    Unleased,
    /// What is written of the task is damaged; nothing was changed.
    Damaged,
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// In the log; no group was asked for.
    Logged,
    /// Not yet in the log.
    Delayed,
    /// Could be handed out.
    Ready,
    /// In a member's hands.
    Leased,
    /// Waits for its next attempt.
    Waiting,
    /// Settled.
    Done,
    /// Out of failures, or rejected.
    Dead,
    /// By an operator.
    Cancelled,
    /// By its own time.
    Expired,
    /// Purged, or past the retention.
    Gone,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// By a word.
    Done,
    /// By a word.
    Failed,
    /// By a word.
    Released,
    /// By a word.
    Rejected,
    /// Its holder was not heard in time, and held nothing else.
    Lost,
    /// Its holder was not heard in time, and held several.
    LostTogether,
    /// It was held for too long.
    Overheld,
    /// Its holder was not heard after a restart of the server.
    ServerRestart,
    /// The task was cancelled.
    Cancelled,
    /// The task was purged or trimmed.
    Gone,
}

/// Why a lease has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// By a word.
    Settled,
    /// The task was cancelled.
    Cancelled,
    /// Its holder was not heard in time.
    Lost,
    /// It was held for too long.
    Overheld,
    /// The task was purged or trimmed.
    Gone,
}

/// A group's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Dead after so many failures; 0 is never.
    pub max_failures: u32,
    /// The pause after the first failure. It doubles with each, give or take 20 %,
    pub backoff_ms: u64,
    /// up to this.
    pub backoff_max_ms: u64,
    /// How long a lease is.
    pub lease_ms: u64,
    /// Hands out nothing.
    pub paused: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            max_failures: 5,
            backoff_ms: 1_000,
            backoff_max_ms: 5 * 60_000,
            lease_ms: 60_000,
            paused: false,
        }
    }
}
