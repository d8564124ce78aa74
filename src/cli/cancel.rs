//! `contact cancel`: ends tasks for all groups.

use clap::Args;

use super::{
    Context, Failure,
    caller::{Caller, Client},
    ids::Ids,
    output::Output,
    verdicts::Verdicts,
};
use crate::pb;

/// Tasks of one call.
const IDS_MAX: usize = 1000;

/// Cancel tasks: no group is handed them any more
///
/// Groups that have settled a task keep what they said; who holds one is told. Prints a verdict for each: `ok`,
/// `duplicate` if it had been cancelled before, or `unknown`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact cancel 17 deploy-42
  contact tasks --state delayed | jq -c 'select(.labels.ref == \"main\")' | contact cancel

Exit codes: 0 all are cancelled; 1 one is unknown; 2 wrong usage; 3 the server could not be reached;
4 lines of stdin were bad (each is named, the others are done); 76 it is not a contact server")]
pub(super) struct Cancel {
    /// The tasks; without any, stdin is read: an id a line, or a JSON object with an `id`
    #[arg(value_name = "ID")]
    ids: Vec<String>,
}

impl Cancel {
    pub(super) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        let mut ids = Ids::given_or_stdin(self.ids, context.errors)?;
        let mut caller = Caller::new(context);
        let mut verdicts = Verdicts::new(out);
        let call = async |mut client: Client, asked| client.cancel_task(asked).await;
        while let Some(ids) = ids.next(IDS_MAX).await? {
            let receipt = caller.call("cancelTask", pb::TaskNames { ids }, call).await?;
            verdicts.print(&receipt.told).await?;
        }
        Ok(ids.code(verdicts.code()))
    }
}
