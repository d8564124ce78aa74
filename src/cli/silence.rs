//! A watch that hears nothing: a server that was asked for signs of life gives them, so if none comes for long the
//! connection is taken for broken, though nobody has said so. What lies between may have forgotten it.

use std::{pin::Pin, time::Duration};

use tokio::time::{Instant, Sleep};
use tonic::{Status, metadata::MetadataMap};

use super::headers::Headers;
use crate::{pb, wire::HEARTBEAT_HEADER};

/// How often a sign of life is asked for, in milliseconds.
pub(super) const HEARTBEAT_MS: u64 = 15_000;
/// So many may be missing.
const MISSING_MAX: u32 = 3;

/// How long nothing has been heard.
#[derive(Debug, Default)]
pub(super) struct Silence {
    /// How long it may last. `None`: for ever, the server knows nothing of signs of life.
    max: Option<Duration>,
    over: Option<Pin<Box<Sleep>>>,
}

impl Silence {
    /// Of a stream with these headers.
    pub(super) fn of(headers: &MetadataMap) -> Self {
        let every = match Headers(headers).numbers(HEARTBEAT_HEADER).as_deref() {
            Some([ms]) if *ms > 0 => Some(Duration::from_millis(*ms)),
            _ => None,
        };
        Silence { max: every.map(|every| every.saturating_mul(MISSING_MAX)), over: None }
    }

    /// Something was heard.
    pub(super) fn broken(&mut self) {
        self.over = None;
    }

    /// Waits until it has lasted too long. Nothing is lost if this is dropped.
    pub(super) async fn over(&mut self) -> Status {
        let Some(max) = self.max else { return std::future::pending().await };
        let over = self.over.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(now() + max)));
        over.await;
        Status::unavailable(format!("nothing was heard for {}", humantime::format_duration(max)))
    }
}

/// Whether a message is a sign of life and nothing else: there are no empty tasks.
pub(super) fn is_sign_of_life(message: &pb::ServerMsg) -> bool {
    message.task.is_empty() && message.seq == 0 && message.id.is_empty()
}

#[allow(clippy::disallowed_methods, reason = "measures a stretch of real time")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn silence(header: Option<&str>) -> Silence {
        let mut headers = MetadataMap::new();
        if let Some(header) = header {
            headers.insert(HEARTBEAT_HEADER, header.parse().unwrap());
        }
        Silence::of(&headers)
    }

    #[tokio::test(start_paused = true)]
    async fn it_lasts_three_heartbeats_from_the_last_thing_heard() {
        let mut heard = silence(Some("1000"));
        let ms = Duration::from_millis;
        assert!(heard.over().now_or_never().is_none());
        tokio::time::advance(ms(2900)).await;
        assert!(heard.over().now_or_never().is_none());
        heard.broken();
        assert!(heard.over().now_or_never().is_none());
        tokio::time::advance(ms(2900)).await;
        assert!(heard.over().now_or_never().is_none());
        tokio::time::advance(ms(101)).await;
        let status = heard.over().now_or_never().expect("it is over");
        assert_eq!(status.message(), "nothing was heard for 3s");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_promises_none_may_be_silent_for_ever() {
        for header in [None, Some("0"), Some("soon"), Some("1 2")] {
            let mut silent = silence(header);
            assert!(silent.over().now_or_never().is_none());
            tokio::time::advance(Duration::from_secs(1_000_000)).await;
            assert!(silent.over().now_or_never().is_none(), "{header:?}");
        }
        // As long as a number can say is as good as that.
        assert!(silence(Some("18446744073709551615")).over().now_or_never().is_none());
    }
}
