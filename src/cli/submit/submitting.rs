//! Tasks on their way: read from arguments or lines, sent, and each printed or waited for once it is on disk.

use std::{collections::BTreeMap, future::Future, time::Duration};

use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};
use tonic::{Code, Request, Response, Status, Streaming};

use super::{check, check_times, own_id};
use crate::cli::connect::Channel;
use crate::{
    cli::{
        Context, Failure, client_name,
        exchange::Exchange,
        exit::{Errors, code},
        json,
        lines::{Line, Lines},
        output::Output,
        progress::Progress,
        queue_name,
        reason::Reason,
        wait::Waiting,
    },
    name::{self, QueueName},
    pb,
    wire::TASK_BYTES_MAX,
};

/// Tasks of a command line made into items at a time.
const STEP: usize = 1024;

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

/// Where tasks come from.
pub(super) enum Source {
    Texts(std::vec::IntoIter<String>),
    Stdin(Lines),
}

/// Tasks that are handed in.
pub(super) struct Submitting<'a, 'w> {
    pub(super) out: &'a mut Output,
    /// Waits for the tasks, which are not printed then.
    pub(super) waiting: Option<&'a mut Waiting<'w>>,
    pub(super) context: &'a Context,
    pub(super) source: Source,
    /// What every task has.
    pub(super) template: pb::NewTask,
    pub(super) json: bool,
    pub(super) instance: Vec<u8>,
    pub(super) next_n: u64,
    pub(super) bad_lines: bool,
    /// The exit code of the first TEXT that was refused.
    pub(super) refused: Option<u8>,
    pub(super) progress: Progress,
}

/// A task that is on its way.
pub(super) struct Item {
    task: pb::NewTask,
    line: Option<u64>,
}

impl Submitting<'_, '_> {
    fn item(&mut self, task: pb::NewTask, line: Option<u64>) -> Item {
        let retry_key = Some(pb::RetryKey { instance: self.instance.clone(), n: self.next_n });
        self.next_n += 1;
        Item { task: pb::NewTask { retry_key, ..task }, line }
    }

    fn read(&self, line: Line) -> Result<pb::NewTask, (Reason, String)> {
        let too_long = || {
            (Reason::TaskTooLarge, format!("the line is too long: a task has at most {TASK_BYTES_MAX} bytes"))
        };
        let bytes = line.bytes.ok_or_else(too_long)?;
        let text = String::from_utf8(bytes)
            .map_err(|e| (Reason::NotUtf8, format!("not UTF-8: {}", e.utf8_error())))?;
        if !self.json {
            return Ok(pb::NewTask { task: text, ..self.template.clone() });
        }
        let task: JsonTask = json::object(&text)
            .map_err(|e| (Reason::BadJson, format!("not a task in JSON: {}", json::describe(&e))))?;
        check(&task.task)
            .map_err(|e| (if task.task.is_empty() { Reason::EmptyTask } else { Reason::TaskTooLarge }, e))?;
        let queue = match (task.queue, task.to) {
            (Some(_), Some(_)) => return Err((Reason::BadJson, "queue and to exclude each other".into())),
            (Some(queue), None) => queue_name(&queue).map_err(|e| (Reason::BadName, e))?.to_string(),
            (None, Some(to)) => {
                let client = client_name(&to).map_err(|e| (Reason::BadName, e))?;
                QueueName::inbox(&client).to_string()
            }
            (None, None) => self.template.queue.clone(),
        };
        if !task.id.is_empty() {
            own_id(&task.id).map_err(|e| (Reason::BadId, e))?;
        }
        let mut labels = self.template.labels.clone();
        labels.extend(task.labels);
        // Also because a server takes no message beyond what a good task needs, and ends the call.
        name::check_labels(&labels).map_err(|e| (Reason::BadLabel, e))?;
        let delay_ms = task.delay_ms.unwrap_or(self.template.delay_ms);
        let expires_ms = task.expires_ms.unwrap_or(self.template.expires_ms);
        check_times(delay_ms, expires_ms).map_err(|e| (Reason::BadExpires, e))?;
        let (task, id) = (task.task, task.id);
        Ok(pb::NewTask { task, id, queue, labels, delay_ms, expires_ms, retry_key: None })
    }

    fn bad_line(&mut self, line: u64, failure: Failure) {
        self.bad_lines = true;
        self.say(&Failure { line: Some(line), ..failure });
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
                        Err((reason, message)) => {
                            self.bad_line(number, Failure::new(code::BAD_INPUT, reason, message));
                        }
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
                Some(line) => self.bad_line(line, Failure::from_refusal(code::BAD_INPUT, refusal)),
                None => {
                    let code = code::GRPC + refusal.code.clamp(0, 16) as u8;
                    self.refused.get_or_insert(code);
                    self.say(&Failure::from_refusal(code, refusal));
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
                Reason::Unimplemented,
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::{
        cli::{Arguments, Format, output::Reader},
        fuzz::Target,
    };

    #[test]
    fn fuzz_submit_line() {
        let labels = [("ref".to_owned(), "main".to_owned())].into();
        let global = Arguments::parse_from(["contact", "health"]).global;
        let context = Context { global, errors: Errors { json: true } };
        let mut out = Output::start(Some(Format::Json), Reader::MayGo).unwrap();
        let mut submitting = Submitting {
            out: &mut out,
            waiting: None,
            context: &context,
            source: Source::Texts(Vec::new().into_iter()),
            template: pb::NewTask { queue: "default".into(), labels, delay_ms: 5, ..pb::NewTask::default() },
            json: true,
            instance: Vec::new(),
            next_n: 0,
            bad_lines: false,
            refused: None,
            progress: Progress::start("tasks", None),
        };
        let seeds = [
            r#"{"task":"build","queue":"ci","labels":{"ref":"main"}}"#,
            r#"{"task":"任务\u001b","id":"deploy-1","to":"kiosk-7","delay_ms":1,"expires_ms":9}"#,
            "plain text",
        ];
        let target = Target {
            name: "submit_line",
            seeds: seeds.map(|seed| seed.as_bytes().to_vec()).into(),
            words: &[
                "{",
                "}",
                "[",
                "\"",
                ":",
                ",",
                "\\u0000",
                "\\ud800",
                "null",
                "1e999",
                "-1",
                "\"task\":",
                "\"id\":",
                "\"queue\":",
                "\"to\":",
                "\"labels\":",
                "\"delay_ms\":",
                "\"expires_ms\":",
                "任务",
            ],
            message_at: None,
        };
        let line = |input: &[u8]| Line { number: 1, bytes: Some(input.to_vec()) };
        submitting.json = false;
        let plain = submitting.read(line("任务".as_bytes())).unwrap();
        assert_eq!((&plain.task[..], plain.delay_ms), ("任务", 5));
        assert!(submitting.read(line(b"\xff")).is_err());
        submitting.json = true;
        target.run(|input| {
            let task = submitting.read(line(input)).map_err(|(word, message)| {
                assert!(message.len() < 1000, "{message}");
                format!("{word:?}")
            })?;
            // What is sent is what a server takes, but for the times whose bounds it alone knows.
            assert!(!task.task.is_empty() && QueueName::parse(&task.queue).is_ok());
            assert!(task.id.is_empty() || own_id(&task.id).is_ok());
            assert!(task.expires_ms == 0 || task.expires_ms > task.delay_ms);
            Ok::<_, String>((task.id.is_empty(), task.queue.starts_with('@'), task.labels.len()))
        });
    }
}
