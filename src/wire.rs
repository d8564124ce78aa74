//! What both sides say beside the messages: response headers, whose the reasons in errors are, and the
//! limit that both judge tasks by.

/// The response header that names the store. A server without it is not ours.
pub const STORE_HEADER: &str = "contact-store";

/// `getTask`'s response header that says from which seq each queue of the watch is read.
pub const START_HEADER: &str = "contact-start";

/// `getTask`'s response header that says up to which seq each queue is read, if an end was asked for.
pub const UNTIL_HEADER: &str = "contact-until";

/// The domain of the `google.rpc.ErrorInfo` in each error.
pub const ERROR_DOMAIN: &str = "contact";

/// Longest task in bytes. Our commands hold statuses and what they tell of tasks to it too.
pub const TASK_BYTES_MAX: usize = 1 << 20;
