//! Counts a peer's SETTINGS. Each may move the windows of all streams and wake all their calls, for fifteen bytes:
//! an honest peer has a few of them to say, one that has no end of them is cut off.

use std::{io, time::Duration};

use tokio::time::Instant;

/// So many at once,
const SETTINGS_MAX: u32 = 100;
/// and one more as often.
const EACH: Duration = Duration::from_secs(1);
const HEAD_BYTES: usize = 9;
const SETTINGS: u8 = 4;
const ACK: u8 = 1;

/// Follows the frames of a peer.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// Of the frame that has begun last.
    head: [u8; HEAD_BYTES],
    /// How much of its head is here, and how much of the rest is not.
    here: usize,
    missing: usize,
    /// SETTINGS since a time.
    counted: Option<(Instant, u32)>,
}

impl Meter {
    /// Takes note of bytes. An error: they were too many SETTINGS.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        loop {
            let skipped = self.missing.min(bytes.len());
            self.missing -= skipped;
            bytes = &bytes[skipped..];
            if bytes.is_empty() {
                return Ok(());
            }
            let n = bytes.len().min(HEAD_BYTES - self.here);
            self.head[self.here..][..n].copy_from_slice(&bytes[..n]);
            self.here += n;
            bytes = &bytes[n..];
            if self.here == HEAD_BYTES {
                let [high, middle, low, kind, flags, ..] = self.head;
                self.here = 0;
                self.missing = u32::from_be_bytes([0, high, middle, low]) as usize;
                if kind == SETTINGS && flags & ACK == 0 {
                    self.count()?;
                }
            }
        }
    }

    #[allow(clippy::disallowed_methods, reason = "an allowance by the second")]
    fn count(&mut self) -> io::Result<()> {
        let now = Instant::now();
        let (mut since, mut count) = self.counted.unwrap_or((now, 0));
        let forgiven = u32::try_from((now - since).as_millis() / EACH.as_millis()).unwrap_or(u32::MAX);
        since += EACH.saturating_mul(forgiven);
        count = count.saturating_sub(forgiven) + 1;
        self.counted = Some((since, count));
        if count > SETTINGS_MAX {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the peer changes its settings all the time",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, bytes: usize) -> Vec<u8> {
        [&(bytes as u32).to_be_bytes()[1..], &[kind, flags, 0, 0, 0, 0], &vec![SETTINGS; bytes]].concat()
    }

    #[tokio::test(start_paused = true)]
    async fn only_settings_count_and_they_are_forgiven() {
        for piece in [1, 3, 9, 1000] {
            let mut meter = Meter::default();
            let mut take = |bytes: &[u8]| bytes.chunks(piece).try_for_each(|bytes| meter.take(bytes));
            for _ in 0..SETTINGS_MAX {
                let all = [frame(SETTINGS, 0, 6), frame(SETTINGS, ACK, 0), frame(0, 0, 700), frame(6, 0, 8)];
                take(&all.concat()).unwrap();
            }
            tokio::time::advance(EACH).await;
            take(&frame(SETTINGS, 0, 0)).unwrap();
            take(&frame(SETTINGS, 0, 0)).unwrap_err();
        }
    }
}
