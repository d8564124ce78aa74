//! What has been told of tasks, and that they have ended without a word: a log of its own beside that of the tasks.

use std::sync::Arc;

use super::{Embedded, queue::Queue};
use crate::server::engine::{Error, results::ResultView};

impl Embedded {
    /// All that is kept of what was told of a task, in order.
    pub(super) async fn results_of(&self, _queue: &Arc<Queue>, _seq: u64) -> Result<Vec<ResultView>, Error> {
        Ok(Vec::new())
    }
}
