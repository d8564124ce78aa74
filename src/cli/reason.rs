//! Why a command ends otherwise than well, or refuses a line of stdin: stable words for programs, beside those of
//! the server. `docs/errors.md` is made from both lists, and a test compares them.

#[cfg(test)]
use super::exit::code;

macro_rules! reasons {
    ($($reason:ident $word:literal [$($code:expr),*] $meaning:literal)*) => {
        /// Why something was refused here, or went wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Reason {
            $(#[doc = $meaning] $reason,)*
        }

        impl Reason {
            /// All of them.
            #[cfg(test)]
            pub(super) const ALL: &[Reason] = &[$(Reason::$reason),*];

            /// The word that programs go by: `error` in a line on stderr.
            pub(super) fn word(self) -> &'static str {
                match self { $(Reason::$reason => $word,)* }
            }

            /// The exit codes that it comes with.
            #[cfg(test)]
            pub(super) fn codes(self) -> &'static [u8] {
                match self { $(Reason::$reason => &[$($code),*],)* }
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
    Usage "usage" [code::USAGE] "A flag or argument is wrong: the message names it."
    Tokens "tokens" [code::USAGE] "The file of tokens cannot be read or written, or may be written by anybody, or a line in it is wrong: the message names it."
    TlsFile "tls_file" [code::USAGE] "A certificate or key cannot be read, or does not go with the other: the message names the file."
    // Lines of stdin.
    BadDelay "bad_delay" [code::BAD_INPUT] "A delay is out of range."
    BadExpires "bad_expires" [code::BAD_INPUT] "A task would live too long, or expire before it is due."
    BadId "bad_id" [code::BAD_INPUT] "The text is no id."
    BadJson "bad_json" [code::BAD_INPUT] "The line is no JSON object, or has a field that is not known or of another type."
    BadLabel "bad_label" [code::BAD_INPUT] "A label's key or value, or their number, is out of bounds."
    BadLease "bad_lease" [code::BAD_INPUT] "The text is longer than any lease."
    BadName "bad_name" [code::BAD_INPUT] "The text is no name of a queue, group, client or label."
    BadOutcome "bad_outcome" [code::BAD_INPUT] "The word is no outcome."
    EmptyTask "empty_task" [code::BAD_INPUT] "A task needs at least one byte."
    Input "input" [code::BAD_INPUT] "Standard input cannot be read."
    LineTooLong "line_too_long" [code::BAD_INPUT] "The line is longer than any that means something."
    NotUtf8 "not_utf8" [code::BAD_INPUT] "The line is not UTF-8."
    RetTooLarge "ret_too_large" [code::BAD_INPUT] "What is told of a task has at most 1 MiB."
    StatusTooLarge "status_too_large" [code::BAD_INPUT] "A status has at most 1 MiB."
    TaskTooLarge "task_too_large" [code::BAD_INPUT] "A task has at most 1 MiB."
    // The answer is no.
    Cancelled "cancelled" [code::NO] "A task that was waited for was cancelled."
    Dead "dead" [code::NO] "A task that was waited for is out of failures."
    Expired "expired" [code::NO] "A task that was waited for has expired."
    GivenBack "given_back" [code::NO] "Tasks of the group were given back: nobody settled them."
    Gone "gone" [code::NO] "A task that was waited for was purged, or is past the retention."
    NoClient "no_client" [code::NO] "There is no such client: it has not been seen in the last 7 days."
    NoSuchToken "no_such_token" [code::NO] "The file has no token of this name."
    NoTask "no_task" [code::NO] "No task has this id."
    Rejected "rejected" [code::NO] "A task that was waited for was rejected by its worker."
    // The server, and the way to it.
    OtherStore "other_store" [code::GRPC + 9] "The server has another store than before."
    Timeout "timeout" [code::TIMEOUT] "`--timeout` ran out."
    Unimplemented "unimplemented" [code::GRPC + 12] "The server cannot do this: it is no contact server, or an older one."
    Unreachable "unreachable" [code::UNREACHABLE] "The server could not be reached, gave no answer, or was stopping, to the end of `--retry-for`."
    // The two ends do not trust each other.
    TlsBadCertificate "tls_bad_certificate" [code::UNREACHABLE] "There is something about the server's certificate."
    TlsCertificateRefused "tls_certificate_refused" [code::UNREACHABLE] "The server does not take this client's certificate."
    TlsCertificateWanted "tls_certificate_wanted" [code::UNREACHABLE] "The server wants to see a certificate: `--tls-cert`, `--tls-key`."
    TlsExpired "tls_expired" [code::UNREACHABLE] "The server's certificate is over, or has not begun."
    TlsIncompatible "tls_incompatible" [code::UNREACHABLE] "The two ends have no TLS in common."
    TlsNotSpoken "tls_not_spoken" [code::UNREACHABLE] "The server does not speak TLS, and was spoken to so."
    TlsOtherName "tls_other_name" [code::UNREACHABLE] "The server's certificate is for another name."
    TlsUnknownAuthority "tls_unknown_authority" [code::UNREACHABLE] "Nobody who is trusted here has signed the server's certificate: `--tls-ca`."
    TlsWanted "tls_wanted" [code::UNREACHABLE] "The server speaks TLS, and was spoken to in plain text: `https://`."
    // Of a bench.
    Bench "bench" [code::NO] "`bench`: a part of the load has failed."
    NotSettled "not_settled" [code::NO] "`bench`: not all settlements were taken."
    ServerEnded "server_ended" [code::UNREACHABLE] "`bench --spawn`: the server has ended."
    Spawn "spawn" [code::NO] "`bench --spawn`: the server was not ready in time."
    TooFew "too_few" [code::NO] "`bench watch`: the queue has fewer tasks than were to be read."
    // Of this machine.
    Listen "listen" [code::NO] "`serve`: the address cannot be listened on."
    NewerFormat "newer_format" [code::STORE] "`serve`: a later version has written the store."
    NotAStore "not_a_store" [code::STORE] "`serve`: the file is something else."
    Output "output" [code::NO] "Standard output cannot be written."
    Store "store" [code::STORE] "`serve`: the store could not be opened."
    StoreDamaged "store_damaged" [code::STORE] "`serve`: the store is damaged: the message names the place, and nothing was changed."
    StoreFailed "store_failed" [code::STORE] "`serve`: a read or write of the store has failed: check the disk."
    StoreFolder "store_folder" [code::STORE] "`serve`: the folder cannot be used."
    StoreFull "store_full" [code::STORE] "`serve`: the disk has no room."
    StoreInUse "store_in_use" [code::STORE] "`serve`: another server has the store."
    System "system" [code::NO] "The system refuses something: a file, a thread, a signal."
}
