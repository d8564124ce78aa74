//! Runs a client's command: until it ends, or `--timeout`, a signal or the end of its output ends it.

use std::{pin::Pin, time::Duration};

use tokio::time::Sleep;

use super::{
    Context, Failure,
    exit::code,
    output::{Output, Reader},
    reason::Reason,
    signals::Signals,
};

/// How long the rest of the output may take when a command is told to leave at once.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(1);

/// Runs a command that leaves at once when it is told to.
pub(super) fn client(
    context: &Context,
    reader: Reader,
    work: impl AsyncFnOnce(&mut Output) -> Result<u8, Failure>,
) -> Result<u8, Failure> {
    staying(context, reader, async |out, calls| {
        let output_over = out.over.clone();
        tokio::select! {
            biased;
            leave = calls.next() => Err(leave.failure(context)),
            () = output_over.cancelled() => Err(Failure::silent(0)),
            result = work(out) => result,
        }
    })
}

/// Runs a command that listens for itself to what tells it to leave.
pub(super) fn staying(
    context: &Context,
    reader: Reader,
    work: impl AsyncFnOnce(&mut Output, &mut Calls) -> Result<u8, Failure>,
) -> Result<u8, Failure> {
    let system = |e: std::io::Error| Failure::new(code::NO, Reason::System, e.to_string());
    // One thread: it starts faster, and a client has nothing to spread.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(system)?;
    let result = runtime.block_on(async {
        let signals = Signals::catch().map_err(system)?;
        let timeout = context.global.timeout.map(|timeout| Box::pin(tokio::time::sleep(timeout)));
        let mut calls = Calls { signals, timeout, has_called: false };
        let mut out = Output::start(context.global.output, reader).map_err(system)?;
        let result = work(&mut out, &mut calls).await;
        // A command that ended by itself has all its output written; one that is told to leave tries.
        let is_told = calls.has_called || out.over.is_cancelled();
        let patience = is_told.then_some(LAST_WORDS);
        let written = tokio::select! {
            written = out.finish(patience) => written,
            leave = calls.next_but_timeout(is_told) => Err(leave.failure(context)),
        };
        match (result, written) {
            // What could not be written matters only if all else went well.
            (Ok(0), Err(unwritten)) => Err(unwritten),
            (Err(failure), Err(unwritten)) if failure.code == 0 => Err(unwritten),
            (result, _) => result,
        }
    });
    // A host's name may still be being looked up: nobody waits for that any more.
    runtime.shutdown_background();
    result
}

/// What calls a command away.
pub(super) struct Calls {
    signals: Signals,
    timeout: Option<Pin<Box<Sleep>>>,
    has_called: bool,
}

/// One such call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    /// By a signal, with this exit code.
    Signal(u8),
    /// `--timeout` has run out.
    Timeout,
}

impl Calls {
    /// Waits for one.
    pub(super) async fn next(&mut self) -> Leave {
        self.next_but_timeout(false).await
    }

    async fn next_but_timeout(&mut self, but_timeout: bool) -> Leave {
        let timeout = async {
            match &mut self.timeout {
                Some(timeout) if !but_timeout => timeout.await,
                _ => std::future::pending().await,
            }
        };
        let leave = tokio::select! {
            biased;
            code = self.signals.next() => Leave::Signal(code),
            () = timeout => Leave::Timeout,
        };
        self.has_called = true;
        if leave == Leave::Timeout {
            // It calls once.
            self.timeout = None;
        }
        leave
    }
}

impl Leave {
    /// What it means for a command that leaves at once.
    pub(super) fn failure(self, context: &Context) -> Failure {
        match self {
            Leave::Signal(code) => Failure::silent(code),
            Leave::Timeout => {
                let after = humantime::format_duration(context.global.timeout.unwrap_or_default());
                let trouble = context.target().trouble();
                let trouble = trouble.map(|trouble| format!(": {trouble}")).unwrap_or_default();
                Failure::new(code::TIMEOUT, Reason::Timeout, format!("not done within {after}{trouble}"))
            }
        }
    }
}
