//! Why a call or an item is refused: stable words for programs, one for each thing that can be put right by itself.
//! The gRPC code belongs to the reason. `docs/errors.md` is made from this list, and a test compares them.

use tonic::Code;

macro_rules! reasons {
    ($($reason:ident $word:literal $code:ident $meaning:literal)*) => {
        /// Why something was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Reason {
            $(#[doc = $meaning] $reason,)*
        }

        impl Reason {
            /// All of them.
            #[cfg(test)]
            pub(super) const ALL: &[Reason] = &[$(Reason::$reason),*];

            /// The word that programs go by: the `reason` of `google.rpc.ErrorInfo`.
            pub(super) fn word(self) -> &'static str {
                match self { $(Reason::$reason => $word,)* }
            }

            /// The gRPC code that it comes with.
            pub(super) fn code(self) -> Code {
                match self { $(Reason::$reason => Code::$code,)* }
            }

            /// What it means and what to do, for the documentation.
            #[cfg(test)]
            pub(super) fn meaning(self) -> &'static str {
                match self { $(Reason::$reason => $meaning,)* }
            }
        }
    };
}

reasons! {
    // The request is wrong by itself.
    BadBackoff "bad_backoff" InvalidArgument "A pause between attempts is out of range, or the first is longer than the longest."
    BadDelay "bad_delay" InvalidArgument "A delay is out of range."
    BadExpires "bad_expires" InvalidArgument "A task would live too long, or expire before it is due."
    BadHave "bad_have" InvalidArgument "A watch names too many leases that it still has."
    BadHeartbeat "bad_heartbeat" InvalidArgument "The time between heartbeats is out of range."
    BadId "bad_id" InvalidArgument "The text is no id that a submitter may give."
    BadInstance "bad_instance" InvalidArgument "An instance is not 16 bytes, or another than before on the same stream."
    BadLabel "bad_label" InvalidArgument "A label's key or value, or their number, is out of bounds."
    BadLease "bad_lease" InvalidArgument "A lease's length is out of range."
    BadMaxHold "bad_max_hold" InvalidArgument "The longest time to hold a task is out of range."
    BadMaxInFlight "bad_max_in_flight" InvalidArgument "The number of unsettled tasks is out of range."
    BadMessage "bad_message" InvalidArgument "What was sent is no message of the call: not to be decoded, cut off, or compressed though nobody said how."
    BadName "bad_name" InvalidArgument "The text is no name of a queue, group, client or label."
    BadOutcome "bad_outcome" InvalidArgument "An outcome that this server does not know."
    BadPlace "bad_place" InvalidArgument "The place to go on at is none that this list has given."
    BadPosition "bad_position" InvalidArgument "A position in a queue or among the results that cannot be."
    BadRetryKey "bad_retry_key" InvalidArgument "A retry key's instance is not 16 bytes."
    BadState "bad_state" InvalidArgument "A state that this server does not know, or that cannot be listed."
    BadWatch "bad_watch" InvalidArgument "Fields of a watch that exclude each other, or too many queues."
    EmptyTask "empty_task" InvalidArgument "A task needs at least one byte."
    GroupNeeded "group_needed" InvalidArgument "Tasks of this state are listed of one group: name it."
    NotGrpc "not_grpc" InvalidArgument "The request is no gRPC: another method than POST, or another content-type."
    NothingSet "nothing_set" InvalidArgument "A change that changes nothing."
    TaskTooLarge "task_too_large" InvalidArgument "A task has at most 1 MiB."
    TooManyClients "too_many_clients" InvalidArgument "More clients than one call takes."
    TooManyIds "too_many_ids" InvalidArgument "More ids than one call takes."
    // What it is about is not there, or not so.
    IdTaken "id_taken" AlreadyExists "The id belongs to another task."
    NoGroup "no_group" NotFound "There is no such group."
    NoQueue "no_queue" NotFound "There is no such queue."
    NoTask "no_task" NotFound "No task has this id."
    NotFound "not_found" NotFound "Health or reflection: there is no service, file or symbol of this name."
    OtherStore "other_store" FailedPrecondition "The position comes from another store: begin anew."
    Future "future" OutOfRange "The position lies beyond the end; metadata has `next_seq` or `next_n`."
    Trimmed "trimmed" OutOfRange "The position is no longer kept; metadata has `first_seq` or `first_n`."
    Superseded "superseded" Aborted "The same process has opened the same watch again: this one ends for good."
    Unimplemented "unimplemented" Unimplemented "This server does not know the call, or how what was sent is compressed."
    // Who asks.
    NoGrant "no_grant" Unauthenticated "A client certificate was shown, and nothing is granted to whom it names, or it names nobody."
    NoToken "no_token" Unauthenticated "The call has neither a token nor a client certificate."
    BadToken "bad_token" Unauthenticated "The token is none of this server's, or was revoked."
    TokenExpired "token_expired" Unauthenticated "The token's time is over."
    GrantEnded "grant_ended" Unauthenticated "What the call was admitted by was revoked, has changed, or is over: open it again."
    NoRole "no_role" PermissionDenied "The identity has no role that may make this call."
    NoRule "no_rule" PermissionDenied "This server has no rule for the call, so nobody may make it."
    ForeignQueue "foreign_queue" PermissionDenied "The queue is not among those of this identity, or is another client's inbox."
    ForeignGroup "foreign_group" PermissionDenied "The group is not among those of this identity, or is another client's own."
    ForeignClient "foreign_client" PermissionDenied "The client's name is neither the identity nor begins with it and a dot."
    // Not now.
    DiskLow "disk_low" ResourceExhausted "Less room than `--min-free` is left on the disk: submits wait until there is more."
    MessageTooLarge "message_too_large" ResourceExhausted "A message has at most 1 MiB and 64 KiB."
    RateLimit "rate_limit" ResourceExhausted "More messages in a second than this caller (its identity, else its address or user) may send: try again after the delay that is given."
    SlowReader "slow_reader" ResourceExhausted "Too much was left unread of what this stream was sent: open it again."
    StoreFull "store_full" ResourceExhausted "The disk has no room."
    TooManyBytes "too_many_bytes" ResourceExhausted "More bytes of this caller (its identity, else its address or user) are unanswered, unfinished or not read than may be: try again after the delay that is given."
    TooManyWaits "too_many_waits" ResourceExhausted "As many tasks are waited for as may be, by all together: try again after the delay that is given."
    TooManyStreams "too_many_streams" ResourceExhausted "More calls of this caller (its identity, else its address or user) are open than may be: try again after the delay that is given."
    Stopping "stopping" Unavailable "The server is stopping: try again after the delay that is given."
    ConnectionAged "connection_aged" Unavailable "The connection is as old as one may get here: open another."
    StoreFailed "store_failed" Unavailable "A write or a read of the store has failed; the server ends."
    StoreDamaged "store_damaged" DataLoss "What was read is not what was written: the message names the place."
    Internal "internal" Internal "A mistake of the server: please report it."
}
