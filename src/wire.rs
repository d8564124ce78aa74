//! What both sides say beside the messages: response headers, whose the reasons in errors are, and the
//! limit that both judge tasks by.

/// The response header that names the store. A server without it is not ours.
pub const STORE_HEADER: &str = "contact-store";

/// `getTask`'s response header that says from which seq each queue of the watch is read.
pub const START_HEADER: &str = "contact-start";

/// `getTask`'s response header that says up to which seq each queue is read, if an end was asked for.
pub const UNTIL_HEADER: &str = "contact-until";

/// `getTask`'s response header that says of each queue of a group's watch whether the group is new: 1 or 0.
pub const NEW_HEADER: &str = "contact-new";

/// `getTask`'s response header that says how long a lease of a group's watch is, in milliseconds.
pub const LEASE_HEADER: &str = "contact-lease-ms";

/// `getTask`'s response header that says after how long of nothing an empty message is sent, in milliseconds; only if
/// the watch asked for it.
pub const HEARTBEAT_HEADER: &str = "contact-heartbeat-ms";

/// The shortest and the longest time between such messages in milliseconds.
pub const HEARTBEAT_RANGE_MS: std::ops::RangeInclusive<u64> = 1_000..=60 * 60 * 1000;

/// The domain of the `google.rpc.ErrorInfo` in each error.
pub const ERROR_DOMAIN: &str = "contact";

/// The reason for which a call ends that was admitted and is not any more: our commands open it again.
pub const GRANT_ENDED: &str = "grant_ended";

/// Longest task in bytes. Our commands hold statuses and what they tell of tasks to it too.
pub const TASK_BYTES_MAX: usize = 1 << 20;

/// The shortest and the longest lease in milliseconds.
pub const LEASE_MS: std::ops::RangeInclusive<u64> = 1_000..=12 * 60 * 60 * 1000;

/// The most unsettled tasks that one watch may hold.
pub const IN_FLIGHT_MAX: u32 = 10_000;

/// How long leases live when all streams of their process are closed, unless it says otherwise, in
/// milliseconds.
pub const GRACE_MS: u64 = 20_000;

/// How long a task may be held unless the watch says otherwise, in milliseconds.
pub const MAX_HOLD_MS: u64 = 12 * 60 * 60 * 1000;

/// The shortest and the longest that a watch may say, in milliseconds.
pub const MAX_HOLD_RANGE_MS: std::ops::RangeInclusive<u64> = 1_000..=365 * 24 * 60 * 60 * 1000;

/// The longest pause that a worker may ask for before its task is handed out again, in milliseconds.
pub const RETRY_DELAY_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1000;
