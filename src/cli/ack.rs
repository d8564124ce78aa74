//! `contact ack`: tells what has been done, and prints a verdict for each task that was named.

use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};
use tonic::{Code, Response, Status, transport::Channel};

use super::{
    Context, Failure,
    exchange::is_ours,
    exit::code,
    json,
    lines::{Line, Lines},
    output::Output,
};
use crate::{name::ID_BYTES_MAX, pb, wire::TASK_BYTES_MAX};

/// A call tells at most so many things before it asks for the receipt,
const ITEMS_MAX: usize = 1000;
/// and waits no longer than this for the next one.
const PAUSE: Duration = Duration::from_millis(10);
/// Longest line: a task line of the longest task, each byte escaped.
const LINE_BYTES_MAX: usize = 8 * TASK_BYTES_MAX;

/// Say which tasks have been received or done: JSON objects, one per line of stdin
///
/// A line of watch-tasks, echoed back, names its task by `id`; `ret` in the line is what to tell of it, other
/// fields are ignored. Prints a verdict for each task: `noted`, or `unknown` if there is no such task.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact watch-tasks --max 5 | contact ack
  contact watch-tasks | jq -c --unbuffered '{id, ret: \"seen\"}' | contact ack
  contact ack --id 17 --ret \"done by hand\"

Exit codes: 0 all were told; 1 a task is unknown, with --strict; 2 wrong usage;
3 the server could not be reached; 4 lines of stdin were bad (each is named, the others are told)")]
pub(super) struct Ack {
    /// The id of a task (repeatable); without any, stdin is read
    #[arg(long = "id", value_name = "ID")]
    ids: Vec<String>,

    /// What to tell of each task that does not say it itself
    #[arg(long, value_name = "TEXT", default_value = "")]
    ret: String,

    /// Exit with 1 if a task is unknown
    #[arg(long)]
    strict: bool,
}

/// A line of stdin. Workers add fields of their own, so what is not known is passed over.
#[derive(Debug, Deserialize)]
struct AckLine {
    id: Option<Id>,
    ret: Option<String>,
    task: Option<String>,
}

/// Ids are strings; one that the server gave is written as a number easily, and means the same.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "id must be a string")]
enum Id {
    Text(String),
    Seq(u64),
}

#[derive(Serialize)]
struct VerdictLine<'a> {
    id: &'a str,
    verdict: &'static str,
}

impl Ack {
    pub(super) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        if self.ret.len() > TASK_BYTES_MAX {
            return Err(Failure::usage(format!("--ret has at most {TASK_BYTES_MAX} bytes")));
        }
        if self.ids.iter().any(|id| id.is_empty() || id.len() > ID_BYTES_MAX) {
            return Err(Failure::usage(format!("--id wants an id of 1 to {ID_BYTES_MAX} bytes")));
        }
        let mut acking =
            Acking { context, out, channel: None, refused: false, anonymous: 0, is_foreign: false };
        if !self.ids.is_empty() {
            let items = self.ids.iter().map(|id| pb::Result {
                ret: self.ret.clone(),
                id: id.clone(),
                ..pb::Result::default()
            });
            for batch in items.collect::<Vec<_>>().chunks(ITEMS_MAX) {
                acking.tell(batch).await?;
            }
            return Ok(acking.end(self.strict, false));
        }
        let mut lines = Lines::stdin(LINE_BYTES_MAX)?;
        let mut batch = Vec::new();
        let mut bad_lines = false;
        let mut more = true;
        while more {
            // Without anything to tell it waits for ever; with something, for a moment.
            let read = match batch.is_empty() {
                true => lines.next().await?.map(Some),
                false => match tokio::time::timeout(PAUSE, lines.next()).await {
                    Ok(read) => read?.map(Some),
                    Err(_) => Some(None),
                },
            };
            let pause = matches!(read, Some(None));
            match read {
                None => more = false,
                Some(read) => {
                    for line in read.into_iter().flatten() {
                        let number = line.number;
                        match self.read(line) {
                            Ok(item) => batch.push(item),
                            Err((reason, message)) => {
                                bad_lines = true;
                                let mut failure = Failure::new(code::BAD_INPUT, reason, message);
                                failure.line = Some(number);
                                failure.print(context.errors);
                            }
                        }
                    }
                }
            }
            while batch.len() >= ITEMS_MAX || !batch.is_empty() && (pause || !more) {
                let rest = batch.split_off(batch.len().min(ITEMS_MAX));
                acking.tell(&batch).await?;
                batch = rest;
            }
        }
        Ok(acking.end(self.strict, bad_lines))
    }

    fn read(&self, line: Line) -> Result<pb::Result, (&'static str, String)> {
        let bytes = line.bytes.ok_or_else(|| ("line_too_long", "the line is too long".to_owned()))?;
        let text = std::str::from_utf8(&bytes).map_err(|e| ("not_utf8", format!("not UTF-8: {e}")))?;
        let line: AckLine = json::object(text)
            .map_err(|e| ("bad_json", format!("not a JSON object with an id: {}", json::describe(&e))))?;
        let id = match line.id {
            Some(Id::Text(id)) => id,
            Some(Id::Seq(seq)) => seq.to_string(),
            None => String::new(),
        };
        if id.len() > ID_BYTES_MAX {
            // Not for the server to say: it takes no message of any length, and ends the call.
            return Err(("bad_id", format!("id has {} bytes: none has more than {ID_BYTES_MAX}", id.len())));
        }
        // The tutorial's way names no id: then the task itself is the best that can be said of it.
        let ret = match line.ret {
            Some(ret) => ret,
            None if id.is_empty() && self.ret.is_empty() => line.task.unwrap_or_default(),
            None => self.ret.clone(),
        };
        if ret.len() > TASK_BYTES_MAX {
            return Err((
                "ret_too_large",
                format!("ret has {} bytes: at most {TASK_BYTES_MAX} are taken", ret.len()),
            ));
        }
        Ok(pb::Result { ret, id, ..pb::Result::default() })
    }
}

struct Acking<'a> {
    context: &'a Context,
    out: &'a mut Output,
    /// Kept from one call to the next.
    channel: Option<Channel>,
    refused: bool,
    anonymous: u64,
    is_foreign: bool,
}

impl Acking<'_> {
    /// Tells a batch and prints its verdicts. Telling twice is safe, so a broken call is made again.
    async fn tell(&mut self, items: &[pb::Result]) -> Result<(), Failure> {
        let target = self.context.target();
        let told = match self.channel.take() {
            // The server may have gone since the last call: then this try does not count.
            Some(channel) => call(channel, items).await.ok(),
            None => None,
        };
        let (receipt, channel) = match told {
            Some(told) => told,
            None => {
                let told = target.call(self.context.global.retry_for, |channel| call(channel, items)).await;
                told.map_err(|failure| self.explain(failure))?
            }
        };
        self.channel = Some(channel);
        self.is_foreign |= !is_ours(&receipt);
        let receipt = receipt.into_inner();
        self.anonymous += receipt.anonymous;
        for told in &receipt.told {
            let (verdict, refused) = match told.verdict() {
                pb::Verdict::Noted => ("noted", false),
                pb::Verdict::Unknown => ("unknown", true),
                pb::Verdict::Ok => ("ok", false),
                pb::Verdict::Duplicate => ("duplicate", false),
                pb::Verdict::Conflict => ("conflict", true),
                pb::Verdict::Stale => ("stale", true),
                pb::Verdict::Unleased => ("unleased", true),
                // A later server's word.
                pb::Verdict::Unspecified => ("unspecified", true),
            };
            self.refused |= refused;
            let line = VerdictLine { id: &told.id, verdict };
            self.out.line(&line, || format!("{:>8}  {verdict}", json::escape(&told.id))).await?;
        }
        self.out.flush().await
    }

    fn end(&self, strict: bool, bad_lines: bool) -> u8 {
        let errors = self.context.errors;
        if self.is_foreign {
            let message = format!(
                "the server at {} gives no verdicts: it is not a contact server",
                self.context.target().address
            );
            errors.notice("no_verdicts", &message);
        }
        if self.anonymous > 0 {
            let message = format!("lines without an id: {}; the server has counted them", self.anonymous);
            errors.notice("anonymous", &message);
        }
        match (bad_lines, strict && self.refused) {
            (true, _) => code::BAD_INPUT,
            (false, true) => code::NO,
            (false, false) => 0,
        }
    }

    fn explain(&self, failure: Failure) -> Failure {
        if failure.code == code::GRPC + Code::Unimplemented as u8 {
            return failure.hint("`contact ack` needs a server that knows tellResult");
        }
        failure
    }
}

async fn call(channel: Channel, items: &[pb::Result]) -> Result<(Response<pb::Receipt>, Channel), Status> {
    let mut client = pb::contact_client::ContactClient::new(channel.clone());
    let receipt = client.tell_result(futures_util::stream::iter(items.to_vec())).await?;
    Ok((receipt, channel))
}
