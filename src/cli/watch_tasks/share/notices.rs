//! What a group's watch says on stderr.

use super::{Share, leases::some};
use crate::{
    cli::{headers::Headers, pipe::Closed},
    pb,
    wire::{NEW_HEADER, START_HEADER},
};

impl Share<'_> {
    /// Where the group begins, if it is new, and that `--from` means nothing, if it is not.
    pub(super) fn say_begun(&self, headers: &Headers, is_first: bool) {
        let start = headers.numbers(START_HEADER).unwrap_or_default();
        let is_new = headers.numbers(NEW_HEADER).unwrap_or_default();
        for ((place, start), is_new) in self.place.queues.iter().zip(start).zip(is_new) {
            let (group, queue) = (&self.group, place.queue.as_str());
            if is_new == 1 {
                let message = format!("group {group:?} of queue {queue:?} is new: it begins at seq {start}");
                self.context.errors.notice("new_group", &message);
            } else if is_first && self.flags.from.is_some() {
                let message = format!(
                    "group {group:?} of queue {queue:?} is there already and goes on at seq {start}: --from \
                     is for a new one"
                );
                self.context.errors.notice("group_goes_on", &message);
            }
        }
    }

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
