//! The file of tokens is followed: what was revoked ends within a second or two, and what was added is in force.
//! A file that cannot be read changes nothing: that would lock out everybody by a slip of the hand, or let in who
//! was locked out.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use super::{Access, FileError, Guard, book::Book, now_ms};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Access {
    /// Looks at the file for ever, and at the time.
    pub(in crate::server) async fn follow(self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let access = self.clone();
            // The file may lie on a disk that hangs.
            let _ = tokio::task::spawn_blocking(move || access.look()).await;
        }
    }

    fn look(&self) {
        self.0.audit.left_out();
        let Some(guard) = &self.0.guard else { return };
        if let Some(file) = &guard.file
            && file.stamp() != *guard.stamp.lock().unwrap_or_else(PoisonError::into_inner)
        {
            self.read_again();
        }
        guard.book().end_over(now_ms());
        // The clock was wrong, and was put right.
        if guard.book().has_come_back(now_ms()) {
            self.read_again();
        }
    }

    /// Reads the file now, be it another or not.
    pub fn read_again(&self) {
        let Some(guard) = &self.0.guard else { return };
        match guard.read_again() {
            Ok(Some((grants, ended))) => {
                tracing::info!(grants, ended, "the tokens have changed");
                self.0.audit.tokens_read(grants, ended);
            }
            Ok(None) => {}
            Err(e) => {
                tracing::error!("the tokens stay as they were: {e}");
                self.0.audit.tokens_kept(&e);
            }
        }
    }
}

impl Guard {
    /// Says how many grants there are now, and how many are in force no more.
    fn read_again(&self) -> Result<Option<(usize, usize)>, FileError> {
        let Some(file) = &self.file else { return Ok(None) };
        // Held until the end: of two that read, the one that reads later counts.
        let mut stamp = self.stamp.lock().unwrap_or_else(PoisonError::into_inner);
        let before = file.stamp();
        let read = file.read_stamped();
        *stamp = match &read {
            Ok((_, stamp)) => Some(stamp.clone()),
            // What the system could not do now it may do in a second.
            Err(FileError::Io { .. }) if before.is_some() => stamp.take(),
            // What stands there wrongly is read again when it is another: as it was before it was read, for somebody
            // may have been writing it.
            Err(_) => before,
        };
        let grants = read?.0.into_iter().map(|entry| entry.grant);
        let before = self.book();
        let after = Arc::new(Book::of(grants, &before));
        *self.book.write().unwrap_or_else(PoisonError::into_inner) = after.clone();
        let ended = before.end_for(&after);
        Ok(Some((after.len(), ended)))
    }
}
