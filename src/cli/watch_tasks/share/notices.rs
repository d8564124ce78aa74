//! What a group's watch says on stderr.

use super::{Share, leases::some};
use crate::{cli::pipe::Closed, pb};

impl Share<'_> {
    pub(super) fn say_ended(&self, id: &str, why: pb::ended::Why, was_away: bool) {
        use pb::ended::Why;
        let (word, what) = match why {
            // The server does not say by what a lease ended that a watch comes back with: most were settled just
            // before. Of one that was not, the verdict on its word tells.
            Why::Lost if was_away => return,
            Why::Settled | Why::Unspecified => return,
            Why::Cancelled => ("cancelled", "was cancelled"),
            Why::Lost => ("lost", "was taken back: this process was not heard in time"),
            Why::Overheld => ("overheld", "was taken back: it was held longer than --max-hold"),
            Why::Gone => ("gone", "was purged, or is past the retention"),
        };
        self.context.errors.notice(word, &format!("task {id} {what}"));
    }

    pub(super) fn say_stalled(&self) {
        let held = self.leases.len();
        let ids = some(self.leases.ids());
        let tasks = if held == 1 { "task is" } else { "tasks are" };
        let cure = match self.closed.as_ref().and_then(Closed::holder) {
            Some(holder) => format!(
                "Process {holder}, which has started this one, holds the pipe open, so that its reader does \
                 not see the end; for `timeout` there is --timeout"
            ),
            None => "A worker that keeps its output back in a pipe can be told not to (jq --unbuffered, \
                     stdbuf -oL); --detach waits for nobody"
                .to_owned(),
        };
        let message = format!(
            "stalled: {held} {tasks} held and none has been settled for 10s: {ids}. {cure}; `contact ack` with \
             a task's line or lease settles it"
        );
        self.context.errors.notice("stalled", &message);
    }
}
