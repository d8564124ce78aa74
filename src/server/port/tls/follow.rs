//! Keeping up with the files.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::Tls;

/// How often to look whether a file has changed.
const LOOK: Duration = Duration::from_secs(1);
/// How often to say that a certificate is about to end,
const REMIND: Duration = Duration::from_secs(24 * 3600);
/// from so long before.
const ENDS_SOON: Duration = Duration::from_secs(14 * 24 * 3600);

impl Tls {
    /// Takes what is new in the files, for ever: within a second or two of the change, at once when `now` yields.
    /// Says when the certificate is about to end.
    #[allow(clippy::disallowed_methods, reason = "a certificate ends by the wall clock")]
    pub async fn follow(self: Arc<Self>, mut now: impl AsyncFnMut()) {
        let mut looks = tokio::time::interval(LOOK);
        let mut reminders = tokio::time::interval(REMIND);
        loop {
            let tls = self.clone();
            let look = tokio::select! {
                _ = looks.tick() => tokio::task::spawn_blocking(move || tls.look()),
                () = now() => tokio::task::spawn_blocking(move || tls.reread()),
                _ = reminders.tick() => {
                    self.remind(SystemTime::now());
                    continue;
                }
            };
            let before = self.current().end;
            // A file system may take its time; a look that has failed is made again.
            let _ = look.await;
            if self.current().end != before {
                self.remind(SystemTime::now());
            }
        }
    }

    /// Says it if the certificate is about to end.
    fn remind(&self, now: SystemTime) {
        let (Some(end), Some(files)) = (self.current().end, &self.files) else { return };
        let file = files.cert.display();
        match end.duration_since(now) {
            Err(_) => tracing::error!("TLS: the certificate in {file} has ended: nobody trusts it any more"),
            Ok(left) if left <= ENDS_SOON => {
                let days = left.as_secs() / (24 * 3600);
                tracing::warn!("TLS: the certificate in {file} ends in {days} days");
            }
            Ok(_) => {}
        }
    }
}
