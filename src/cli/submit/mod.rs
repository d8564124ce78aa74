//! `contact submit`: hands in tasks, and prints a line for each once it is on disk, or waits for each.
//!
//! This file has the flags, [`submitting`] the tasks on their way.

use crate::cli::connect::Channel;
use std::{collections::BTreeMap, time::Duration};

use clap::Args;

use super::{
    Context, Failure, exchange,
    exit::code,
    lines::Lines,
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
use submitting::{Source, Submitting};

mod submitting;

/// A line of JSON may be longer than its task: each byte can take six.
const JSON_BYTES_MAX: usize = 8 * TASK_BYTES_MAX;

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
