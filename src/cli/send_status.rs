//! `contact send-status`: reports up, and prints a line for each reply.

use std::{collections::VecDeque, future::Future, time::Duration};

use clap::Args;
use futures_util::stream::BoxStream;
use serde::Serialize;
use tonic::{Request, Response, Status, Streaming};

use super::{
    Context, Failure, exchange, exchange::Exchange, exit::code, json, lines::Lines, output::Output,
    reason::Reason, time,
};
use crate::cli::connect::Channel;
use crate::{name::ClientName, pb, wire::TASK_BYTES_MAX};

/// Statuses made at a time.
const STEP: u64 = 1024;

/// Report up: TEXT, or one status per line of stdin; prints a line per reply
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  contact send-status \"disk 80 % full\"
  contact send-status --count 15                      the tutorial's sample, 15 times
  contact send-status --count 15 --every 60s          again each minute, for ever
  vmstat -n 10 | contact send-status --client web-3

Exit codes: 0 all were replied to; 2 wrong usage; 3 the server could not be reached;
4 lines of stdin were bad (each is named, the others are sent)")]
pub(super) struct SendStatus {
    /// The statuses; without any and without --count, stdin is read
    #[arg(value_name = "TEXT")]
    texts: Vec<String>,

    /// Send so many: of TEXT, or of the tutorial's sample 数据:N, N from 1 to 20
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// Begin again after each such time, for ever
    #[arg(long, value_name = "DURATION", value_parser = time::positive_duration)]
    every: Option<Duration>,
}

#[derive(Serialize)]
struct ReplyLine<'a> {
    ret: &'a str,
}

impl SendStatus {
    pub(super) async fn run(self, context: &Context, out: &mut Output) -> Result<u8, Failure> {
        if self.texts.iter().any(|text| text.len() > TASK_BYTES_MAX) {
            return Err(Failure::usage(format!("a status has at most {TASK_BYTES_MAX} bytes")));
        }
        let from_stdin = self.texts.is_empty() && self.count.is_none();
        if from_stdin && self.every.is_some() {
            return Err(Failure::usage("--every repeats TEXT or --count: give one of them"));
        }
        let source = if from_stdin {
            Source::Stdin(Lines::stdin(TASK_BYTES_MAX)?)
        } else {
            Source::Made { left: self.round(), next: None }
        };
        // Who repeats is a machine that reports for ever, like the tutorial's client.
        let patience = self.every.is_none().then_some(context.retry_for());
        let client = context.client()?;
        let mut sending = Sending {
            flags: self,
            out,
            context,
            client,
            instance: rand::random(),
            source,
            unsent: VecDeque::new(),
            bad_lines: false,
        };
        exchange::run(&mut sending, context.target(), patience).await?;
        Ok(if sending.bad_lines { code::BAD_INPUT } else { 0 })
    }

    /// Statuses of one round.
    fn round(&self) -> u64 {
        let texts = self.texts.len().max(1) as u64;
        self.count.unwrap_or(1).saturating_mul(texts)
    }

    /// The status number `i` from the end of a round.
    fn text(&self, i: u64) -> String {
        if self.texts.is_empty() {
            return format!("数据:{}", rand::random_range(1..=20));
        }
        let texts = self.texts.len() as u64;
        self.texts[((texts - i % texts) % texts) as usize].clone()
    }
}

fn read(line: Option<Vec<u8>>) -> Result<String, (Reason, String)> {
    let too_long = || {
        (Reason::StatusTooLarge, format!("the line is too long: a status has at most {TASK_BYTES_MAX} bytes"))
    };
    let bytes = line.ok_or_else(too_long)?;
    String::from_utf8(bytes).map_err(|e| (Reason::NotUtf8, format!("not UTF-8: {}", e.utf8_error())))
}

enum Source {
    Stdin(Lines),
    /// `left` statuses of this round; the next round begins at `next`.
    Made {
        left: u64,
        next: Option<tokio::time::Instant>,
    },
}

struct Sending<'a> {
    flags: SendStatus,
    out: &'a mut Output,
    context: &'a Context,
    client: ClientName,
    /// This process: it is there as long as it reports.
    instance: [u8; 16],
    source: Source,
    unsent: VecDeque<String>,
    bad_lines: bool,
}

impl Exchange for Sending<'_> {
    type Item = String;
    type Request = pb::ClientMsg;
    type Answer = pb::Result;
    const RESENDABLE_FOR: Option<Duration> = None;

    #[allow(clippy::disallowed_methods, reason = "waits for a stretch of real time")]
    async fn next(&mut self) -> Result<Option<Vec<String>>, Failure> {
        match &mut self.source {
            Source::Made { left, next } => {
                if *left == 0 {
                    let (Some(every), Some(at)) = (self.flags.every, *next) else { return Ok(None) };
                    tokio::time::sleep_until(at).await;
                    *left = self.flags.round();
                    *next = Some(at + every);
                }
                if next.is_none()
                    && let Some(every) = self.flags.every
                {
                    *next = Some(tokio::time::Instant::now() + every);
                }
                let step = STEP.min(*left);
                let texts = (0..step).map(|i| self.flags.text(*left - i)).collect();
                *left -= step;
                Ok(Some(texts))
            }
            Source::Stdin(lines) => {
                let Some(lines) = lines.next().await? else { return Ok(None) };
                for line in lines {
                    match read(line.bytes) {
                        Ok(text) => self.unsent.push_back(text),
                        Err((reason, message)) => {
                            self.bad_lines = true;
                            let mut failure = Failure::new(code::BAD_INPUT, reason, message);
                            failure.line = Some(line.number);
                            failure.print(self.context.errors);
                        }
                    }
                }
                Ok(Some(self.unsent.drain(..).collect()))
            }
        }
    }

    fn request(&self, text: &String) -> pb::ClientMsg {
        pb::ClientMsg {
            msg: text.clone(),
            client: self.client.to_string(),
            instance: self.instance.to_vec(),
            ..pb::ClientMsg::default()
        }
    }

    fn bytes(&self, text: &String) -> usize {
        text.len() + 64
    }

    fn call(
        channel: Channel,
        requests: Request<BoxStream<'static, pb::ClientMsg>>,
    ) -> impl Future<Output = Result<Response<Streaming<pb::Result>>, Status>> {
        let mut client = pb::contact_client::ContactClient::new(channel);
        async move { client.send_status(requests).await }
    }

    async fn answered(&mut self, _text: String, answer: pb::Result) -> Result<(), Failure> {
        self.out.line(&ReplyLine { ret: &answer.ret }, || json::escape(&answer.ret)).await
    }

    async fn pause(&mut self) -> Result<(), Failure> {
        self.out.flush().await
    }

    fn notice(&self, word: &str, message: &str) {
        self.context.errors.notice(word, message);
    }

    fn failure(&self, status: &Status) -> Failure {
        self.context.target().failure(status)
    }
}
