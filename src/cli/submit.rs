//! `contact submit`: hands in tasks, and prints a line for each once it is on disk.

use std::{collections::BTreeMap, future::Future, time::Duration};

use clap::Args;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};
use tonic::{Code, Request, Response, Status, Streaming, transport::Channel};

use super::{
    Context, Failure, exchange,
    exchange::Exchange,
    exit::{Errors, code},
    json,
    lines::{Line, Lines},
    output::Output,
    progress::Progress,
    runner::Calls,
    time,
    wait::{Until, Waiting},
};
use crate::{
    name::{self, ClientName, OwnId, QueueName},
    pb,
    wire::TASK_BYTES_MAX,
};

/// A line of JSON may be longer than its task: each byte can take six.
const JSON_BYTES_MAX: usize = 8 * TASK_BYTES_MAX;
/// Tasks of a command line made into items at a time.
const STEP: usize = 1024;

/// Hand in tasks: TEXT, or one task per line of stdin
///
/// Prints a line for each task when it is on disk. A broken connection is taken up again without a task lost
/// or doubled.
///
/// With --wait it prints the tasks' results instead, as they come once all tasks are in, and ends when each task
/// has: see `contact wait --help`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact submit \"deploy web-3\"
  seq 100000 | contact submit -q numbers | tail -1
  contact submit --to kiosk-7 --id reboot-42 \"reboot\"
  contact submit --to kiosk-7 --wait \"uptime\" | jq -r .ret
  contact submit -q deploy --wait --exit-code --timeout 10m \"web-3\"
  contact submit -q news --wait --clients kiosk-1,kiosk-2 \"closing at 18:00\"
  echo '{\"task\":\"build\",\"queue\":\"ci\",\"labels\":{\"ref\":\"main\"}}' | contact submit --json

Exit codes: 0 all are in; 4 lines of stdin were refused (each is named, the others are in);
70 this --id exists with other content; 72 the server has no room; 3 the server could not be reached.
With --wait also 1: a task is dead, rejected, cancelled, expired or purged (stderr says which and why); on 124, 130
and 143 stderr says how to go on waiting. With --exit-code: that of the tasks, and 125 instead of contact's own
1, 3, 4 and 64+N")]
pub(super) struct Submit {
    /// The tasks; without any, stdin is read
    #[arg(value_name = "TEXT")]
    texts: Vec<String>,

    /// The queue
    #[arg(short, long, value_name = "QUEUE", default_value = name::DEFAULT_QUEUE, value_parser = super::queue_name)]
    queue: QueueName,

    /// The client whose inbox it goes to: short for the queue @NAME
    #[arg(long, value_name = "CLIENT", conflicts_with = "queue", value_parser = super::client_name)]
    to: Option<ClientName>,

    /// The task's id, beginning with a letter: the same id with the same content again is no second task
    #[arg(long, value_name = "ID", value_parser = own_id)]
    id: Option<OwnId>,

    /// A label to pass on with the task (repeatable)
    #[arg(short, long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,

    /// Hand it out after this long; until then it has no place in its queue
    #[arg(long, value_name = "DURATION", value_parser = time::positive_duration)]
    delay: Option<Duration>,

    /// After this long it is handed to no group any more; longer than --delay
    #[arg(long, value_name = "DURATION", value_parser = time::positive_duration)]
    expires: Option<Duration>,

    /// Each line of stdin is a JSON object: task, and perhaps id, queue, to, labels, delay_ms, expires_ms
    #[arg(long, conflicts_with_all = ["texts", "id"])]
    json: bool,

    /// Print the tasks' results instead, and end when each task has
    #[arg(long)]
    wait: bool,

    #[command(flatten, next_help_heading = "Options of --wait")]
    until: Until,
}

fn own_id(text: &str) -> Result<OwnId, String> {
    OwnId::parse(text).map_err(|e| e.to_string())
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("not KEY=VALUE")?;
    name::check_label_key(key).map_err(|e| e.to_string())?;
    Ok((key.to_owned(), value.to_owned()))
}

/// A line of `--json`. What is not known is refused: a field that is spelled wrong would be lost.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonTask {
    task: String,
    #[serde(default)]
    id: String,
    queue: Option<String>,
    to: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    delay_ms: Option<u64>,
    expires_ms: Option<u64>,
}

/// Its shape is frozen: see tests/golden.
#[derive(Serialize)]
struct SubmittedLine<'a> {
    id: &'a str,
    queue: &'a str,
    /// A delayed task has none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    duplicate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<String>,
}

impl Submit {
    /// Whether it waits for what it has handed in.
    pub(super) fn waits(&self) -> bool {
        self.wait
    }

    /// Hands in tasks and prints a line for each.
    pub(super) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        if self.until.is_given() {
            return Err(Failure::usage("--clients and --exit-code go with --wait"));
        }
        Ok(self.submit(context, out, None).await?.code)
    }

    /// Hands in tasks and waits for them.
    pub(super) async fn run_and_wait(
        self,
        context: &Context,
        out: &mut Output,
        calls: &mut Calls,
    ) -> Result<u8, Failure> {
        let mut waiting = Waiting::new(context, &self.until);
        self.until
            .leave_well(context, &mut waiting, out, calls, async |waiting, out| {
                let submitted = self.submit(context, out, Some(waiting)).await?;
                // The same connection: the first result may be there already.
                let code = waiting.run(out, submitted.channel).await?;
                Ok(self.until.own(submitted.code).unwrap_or(code))
            })
            .await
    }

    async fn submit(
        &self,
        context: &Context,
        out: &mut Output,
        waiting: Option<&mut Waiting<'_>>,
    ) -> Result<Submitted, Failure> {
        if self.id.is_some() && self.texts.len() != 1 {
            return Err(Failure::usage("--id names one task: give it with one TEXT"));
        }
        let keys: Vec<&String> = self.labels.iter().map(|(key, _)| key).collect();
        if let Some((_, key)) = keys.iter().enumerate().find(|(i, key)| keys[..*i].contains(key)) {
            return Err(Failure::usage(format!("label {key:?} is given twice")));
        }
        for text in &self.texts {
            check(text).map_err(Failure::usage)?;
        }
        let delay_ms = self.delay.map_or(0, time::milliseconds);
        // 0 would be never.
        let expires_ms = self.expires.map_or(0, |expires| time::milliseconds(expires).max(1));
        check_times(delay_ms, expires_ms)
            .map_err(|_| Failure::usage("--expires must be longer than --delay: else nobody gets it"))?;
        let labels: BTreeMap<String, String> = self.labels.iter().cloned().collect();
        name::check_labels(&labels).map_err(Failure::usage)?;
        let source = if self.texts.is_empty() {
            let bytes_max = if self.json { JSON_BYTES_MAX } else { TASK_BYTES_MAX };
            Source::Stdin(Lines::stdin(bytes_max)?)
        } else {
            Source::Texts(self.texts.clone().into_iter())
        };
        let queue = self.to.as_ref().map_or_else(|| self.queue.clone(), QueueName::inbox);
        let total = (!self.texts.is_empty()).then_some(self.texts.len() as u64);
        let mut submitting = Submitting {
            out,
            waiting,
            context,
            source,
            template: pb::NewTask {
                id: self.id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
                queue: queue.to_string(),
                labels,
                delay_ms,
                expires_ms,
                ..pb::NewTask::default()
            },
            json: self.json,
            instance: rand::random::<[u8; 16]>().to_vec(),
            next_n: 0,
            bad_lines: false,
            refused: None,
            progress: Progress::start("tasks on disk", total),
        };
        let channel = exchange::run(&mut submitting, context.target(), Some(context.retry_for())).await?;
        let code = match submitting {
            Submitting { bad_lines: true, .. } => code::BAD_INPUT,
            Submitting { refused: Some(code), .. } => code,
            _ => 0,
        };
        Ok(Submitted { code, channel })
    }
}

/// All tasks are in that could be.
struct Submitted {
    /// The exit code.
    code: u8,
    /// The connection that there still is.
    channel: Option<Channel>,
}

fn check(task: &str) -> Result<(), String> {
    match task.len() {
        0 => Err("the task is empty: it needs at least 1 byte".into()),
        n if n > TASK_BYTES_MAX => Err(format!("the task has {n} bytes: at most {TASK_BYTES_MAX} are taken")),
        _ => Ok(()),
    }
}

/// 0 is no delay, and no end.
fn check_times(delay_ms: u64, expires_ms: u64) -> Result<(), String> {
    if expires_ms > 0 && expires_ms <= delay_ms {
        return Err(format!(
            "expires_ms {expires_ms} must be more than delay_ms {delay_ms}: else nobody gets it"
        ));
    }
    Ok(())
}

enum Source {
    Texts(std::vec::IntoIter<String>),
    Stdin(Lines),
}

struct Submitting<'a, 'w> {
    out: &'a mut Output,
    /// Waits for the tasks, which are not printed then.
    waiting: Option<&'a mut Waiting<'w>>,
    context: &'a Context,
    source: Source,
    /// What every task has.
    template: pb::NewTask,
    json: bool,
    instance: Vec<u8>,
    next_n: u64,
    bad_lines: bool,
    /// The exit code of the first TEXT that was refused.
    refused: Option<u8>,
    progress: Progress,
}

/// A task that is on its way.
struct Item {
    task: pb::NewTask,
    line: Option<u64>,
}

impl Submitting<'_, '_> {
    fn item(&mut self, task: pb::NewTask, line: Option<u64>) -> Item {
        let retry_key = Some(pb::RetryKey { instance: self.instance.clone(), n: self.next_n });
        self.next_n += 1;
        Item { task: pb::NewTask { retry_key, ..task }, line }
    }

    fn read(&self, line: Line) -> Result<pb::NewTask, (&'static str, String)> {
        let too_long =
            || ("task_too_large", format!("the line is too long: a task has at most {TASK_BYTES_MAX} bytes"));
        let bytes = line.bytes.ok_or_else(too_long)?;
        let text =
            String::from_utf8(bytes).map_err(|e| ("not_utf8", format!("not UTF-8: {}", e.utf8_error())))?;
        if !self.json {
            return Ok(pb::NewTask { task: text, ..self.template.clone() });
        }
        let task: JsonTask = json::object(&text)
            .map_err(|e| ("bad_json", format!("not a task in JSON: {}", json::describe(&e))))?;
        check(&task.task)
            .map_err(|e| (if task.task.is_empty() { "empty_task" } else { "task_too_large" }, e))?;
        let queue = match (task.queue, task.to) {
            (Some(_), Some(_)) => return Err(("bad_json", "queue and to exclude each other".into())),
            (Some(queue), None) => super::queue_name(&queue).map_err(|e| ("bad_name", e))?.to_string(),
            (None, Some(to)) => {
                let client = super::client_name(&to).map_err(|e| ("bad_name", e))?;
                QueueName::inbox(&client).to_string()
            }
            (None, None) => self.template.queue.clone(),
        };
        if !task.id.is_empty() {
            own_id(&task.id).map_err(|e| ("bad_id", e))?;
        }
        let mut labels = self.template.labels.clone();
        labels.extend(task.labels);
        // Also because a server takes no message beyond what a good task needs, and ends the call.
        name::check_labels(&labels).map_err(|e| ("bad_label", e))?;
        let delay_ms = task.delay_ms.unwrap_or(self.template.delay_ms);
        let expires_ms = task.expires_ms.unwrap_or(self.template.expires_ms);
        check_times(delay_ms, expires_ms).map_err(|e| ("bad_expires", e))?;
        let (task, id) = (task.task, task.id);
        Ok(pb::NewTask { task, id, queue, labels, delay_ms, expires_ms, retry_key: None })
    }

    fn bad_line(&mut self, line: u64, reason: &str, message: String) {
        self.bad_lines = true;
        let mut failure = Failure::new(code::BAD_INPUT, reason, message);
        failure.line = Some(line);
        self.say(&failure);
    }

    fn say(&self, failure: &Failure) {
        let errors: Errors = self.context.errors;
        self.progress.beside(|| failure.print(errors));
    }
}

impl Exchange for Submitting<'_, '_> {
    type Item = Item;
    type Request = pb::NewTask;
    type Answer = pb::Submitted;
    // The server knows a task that is sent again for ten minutes; after that it would be a second one.
    const RESENDABLE_FOR: Option<Duration> = Some(Duration::from_secs(9 * 60));

    async fn next(&mut self) -> Result<Option<Vec<Item>>, Failure> {
        match &mut self.source {
            Source::Texts(texts) => {
                let texts: Vec<String> = texts.take(STEP).collect();
                let items: Vec<Item> = texts
                    .into_iter()
                    .map(|task| self.item(pb::NewTask { task, ..self.template.clone() }, None))
                    .collect();
                Ok((!items.is_empty()).then_some(items))
            }
            Source::Stdin(lines) => {
                let Some(lines) = lines.next().await? else { return Ok(None) };
                let mut items = Vec::with_capacity(lines.len());
                for line in lines {
                    let number = line.number;
                    match self.read(line) {
                        Ok(task) => items.push(self.item(task, Some(number))),
                        Err((reason, message)) => self.bad_line(number, reason, message),
                    }
                }
                Ok(Some(items))
            }
        }
    }

    fn request(&self, item: &Item) -> pb::NewTask {
        item.task.clone()
    }

    fn bytes(&self, item: &Item) -> usize {
        item.task.task.len() + 128
    }

    fn call(
        channel: Channel,
        requests: Request<BoxStream<'static, pb::NewTask>>,
    ) -> impl Future<Output = Result<Response<Streaming<pb::Submitted>>, Status>> {
        let mut client = pb::contact_client::ContactClient::new(channel);
        async move { client.submit_task(requests).await }
    }

    async fn answered(&mut self, item: Item, answer: pb::Submitted) -> Result<(), Failure> {
        self.progress.add(1);
        if let Some(refusal) = answer.refusal {
            match item.line {
                Some(line) => self.bad_line(line, &refusal.reason, refusal.message),
                None => {
                    let code = code::GRPC + refusal.code.clamp(0, 16) as u8;
                    self.refused.get_or_insert(code);
                    self.say(&Failure::new(code, &refusal.reason, refusal.message));
                }
            }
            return Ok(());
        }
        if let Some(waiting) = &mut self.waiting {
            waiting.add(answer.id);
            return Ok(());
        }
        let line = SubmittedLine {
            id: &answer.id,
            queue: &answer.queue,
            seq: (answer.seq > 0).then_some(answer.seq),
            duplicate: answer.duplicate,
            due_at: answer.due_at.map(|at| at.to_string()),
        };
        self.out.line(&line, || text(&answer)).await
    }

    async fn pause(&mut self) -> Result<(), Failure> {
        self.out.flush().await
    }

    fn notice(&self, word: &str, message: &str) {
        self.progress.beside(|| self.context.errors.notice(word, message));
    }

    fn failure(&self, status: &Status) -> Failure {
        match status.code() {
            Code::Unimplemented => Failure::new(
                code::GRPC + Code::Unimplemented as u8,
                "unimplemented",
                format!("the server at {} does not know submitTask", self.context.target().address),
            )
            .hint("`contact submit` needs a contact server"),
            _ => self.context.target().failure(status),
        }
    }
}

/// The answer for people.
fn text(answer: &pb::Submitted) -> String {
    let there = if answer.duplicate { "  (was there already)" } else { "" };
    let (queue, id) = (json::escape(&answer.queue), json::escape(&answer.id));
    match &answer.due_at {
        // It has no seq until then.
        Some(at) => format!("{:>8}  {queue}  {id}  due {at}{there}", "-"),
        None => format!("{:>8}  {queue}  {id}{there}", answer.seq),
    }
}
