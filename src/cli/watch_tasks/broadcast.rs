//! A watch without a group: it sees every task, in order, and nothing is owed.

use tonic::{Response, Status, Streaming, metadata::MetadataMap};

use super::{
    WatchTasks,
    line::{TaskLine, text},
};
use crate::cli::connect::Channel;
use crate::{
    cli::{
        Context, Failure,
        headers::Headers,
        output::Output,
        place::Place,
        silence::{HEARTBEAT_MS, is_sign_of_life},
        start::Start,
        watched::{self, Took, Watched},
    },
    pb,
};

impl WatchTasks {
    /// Watches without a group.
    pub(in crate::cli) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        let (place, idle_exit) = (self.place(context)?, self.idle_exit);
        // A watch without a group owes nothing: it needs no name, but with one it is in the list of clients.
        let client = context.client().map(|client| client.to_string()).unwrap_or_default();
        let mut watching = Watching {
            place,
            flags: self,
            context,
            client,
            instance: rand::random(),
            is_foreign: false,
            has_printed: false,
        };
        watched::run(&mut watching, context, out, idle_exit, None).await?;
        Ok(0)
    }
}

struct Watching<'a> {
    flags: WatchTasks,
    context: &'a Context,
    place: Place,
    /// Who watches, and the process.
    client: String,
    instance: [u8; 16],
    /// The server is not ours: there are no positions, and it begins anew each time.
    is_foreign: bool,
    /// Tasks have been printed.
    has_printed: bool,
}

impl Watched for Watching<'_> {
    type Message = pb::ServerMsg;
    type Messages = Streaming<pb::ServerMsg>;

    fn is_done(&self) -> bool {
        self.place.is_done()
    }

    async fn open(&mut self, channel: Channel) -> Result<Response<Self::Messages>, Status> {
        let watch = pb::Watch {
            client: self.client.clone(),
            instance: self.instance.to_vec(),
            heartbeat_ms: HEARTBEAT_MS,
            ..self.place.request()
        };
        pb::contact_client::ContactClient::new(channel).get_task(watch).await
    }

    async fn begun(&mut self, headers: &MetadataMap, _: &mut Output) -> Result<(), Failure> {
        let headers = Headers(headers);
        if headers.store().is_some() {
            self.place.begun(&headers);
            return Ok(());
        }
        self.begun_elsewhere()
    }

    async fn took(&mut self, task: pb::ServerMsg, out: &mut Output) -> Result<Took, Failure> {
        if is_sign_of_life(&task) || !self.place.passed(&task) {
            return Ok(Took::Passed);
        }
        let colour = out.colour;
        out.line(&TaskLine::new(&task), || text(&task, colour)).await?;
        self.has_printed = true;
        if let Some(left) = &mut self.place.left {
            *left -= 1;
            if *left == 0 {
                return Ok(Took::Last);
            }
        }
        Ok(Took::Printed)
    }

    fn may_end(&self) -> bool {
        !self.is_foreign && (self.place.left.is_some() || self.flags.until_empty)
    }

    fn refused(&mut self, status: &Status) -> Result<(), Failure> {
        self.place.refused(self.context, status)
    }
}

impl Watching<'_> {
    /// The server is not a contact server: what it cannot do is refused, not left out.
    fn begun_elsewhere(&mut self) -> Result<(), Failure> {
        let flags = &self.flags;
        let asked = [
            ("-q", !flags.queues.is_empty()),
            ("--to-me", flags.to_me),
            ("--from", flags.from.as_ref().is_some_and(|from| *from != Start::First)),
            ("--after", flags.after.is_some()),
            ("--until-empty", flags.until_empty),
        ];
        if let Some((flag, _)) = asked.into_iter().find(|(_, asked)| *asked) {
            return Err(super::not_ours(self.context, flag));
        }
        if self.has_printed {
            let address = &self.context.target().address;
            let message = format!("the server at {address} has begun anew: tasks are printed again");
            self.context.errors.notice("replayed", &message);
        }
        self.is_foreign = true;
        Ok(())
    }
}
