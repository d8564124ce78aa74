//! The command line: one file per command. This one has what they share: the flags of every command, and
//! how a command is run and ended.
//!
//! A command is given its world as a `Context`; it returns an exit code or a `Failure`, and `exit.rs` has
//! the only place where one is turned into the other.

use std::{ffi::OsString, io::IsTerminal, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::name::{ClientName, QueueName};
use bearer::Bearer;
use connect::Target;
use exit::{Errors, Failure};
use output::Reader;
use runner::client;
use secure::SecureFlags;

mod ack;
mod again;
mod bearer;
mod bench;
mod caller;
mod cancel;
mod clients;
mod completions;
mod connect;
mod exchange;
mod exit;
mod group;
mod groups;
mod headers;
mod health;
mod ids;
mod json;
mod lines;
mod list;
mod man;
mod member;
mod output;
mod pieces;
mod pipe;
mod place;
mod progress;
mod purge;
mod queues;
mod reason;
mod redrive;
mod result_line;
mod roll;
mod run;
mod runner;
mod secure;
mod seen;
mod send_status;
mod serve;
#[cfg(test)]
mod shown;
mod signals;
mod silence;
mod size;
mod start;
mod submit;
mod table;
mod task_line;
mod tasks;
mod time;
mod token;
#[cfg(test)]
mod typed;
mod verdicts;
mod wait;
mod wait_ready;
mod watch_results;
mod watch_tasks;
mod watched;
mod why;

pub(crate) use pieces::pieces;

/// How long to try unless told otherwise.
const RETRY_FOR: Duration = Duration::from_secs(10);

/// Hands tasks to machines you cannot dial, and hears back.
///
/// One binary is the server and the client. Every command reads and writes JSON lines, so that shell scripts
/// join the pieces.
#[derive(Debug, Parser)]
#[command(name = "contact", version, max_term_width = 100, after_help = EXAMPLES, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

const EXAMPLES: &str = "\
Examples:
  contact serve                                  the server: durable, one file
  contact submit \"deploy web-3\"                  hand in a task; answered when it is on disk
  contact watch-tasks | jq -r .task              every task from the first one, then each new one
  contact watch-tasks --max 5 | contact ack      read five and say so
  contact run -- ./deploy.sh                     work: a command for each task
  contact send-status --count 15                 report up
  contact submit --to kiosk-7 --wait \"uptime\"    ask a machine, print its answer
  contact clients                                who is there

Exit codes:
  0 it worked   1 the answer is no   2 wrong usage   3 the server could not be reached, or not trusted
  4 bad input on stdin (each bad line is named, the others are done)   5 the store cannot be opened
  64+N the server answered gRPC status N   124 --timeout ran out   130, 143 SIGINT, SIGTERM";

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Submit(submit::Submit),
    WatchTasks(watch_tasks::WatchTasks),
    Ack(ack::Ack),
    Run(run::Run),
    SendStatus(send_status::SendStatus),
    WatchResults(watch_results::WatchResults),
    Wait(wait::Wait),
    Clients(clients::Clients),
    Queues(queues::Queues),
    Groups(groups::Groups),
    Tasks(tasks::Tasks),
    Why(why::Why),
    Cancel(cancel::Cancel),
    Redrive(redrive::Redrive),
    Purge(purge::Purge),
    Health(health::Health),
    WaitReady(wait_ready::WaitReady),
    Token(token::Token),
    Bench(bench::Bench),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    /// Whether it speaks to a server.
    fn makes_calls(&self) -> bool {
        match self {
            Command::Serve(_) | Command::Token(_) | Command::Completions(_) | Command::Man(_) => false,
            // A server of its own is not the one that the flags are about.
            Command::Bench(bench) => !bench.spawns(),
            _ => true,
        }
    }
}

/// The flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
struct Global {
    /// Where the server is: HOST:PORT, https://HOST:PORT or unix:PATH
    #[arg(long, global = true, env = "CONTACT_SERVER", default_value = "127.0.0.1:50051", value_name = "ADDRESS",
          value_parser = Target::parse, hide_env_values = true)]
    server: Target,

    /// A file with the token that says who this is [default: contact-token of systemd's credentials]
    #[arg(long, global = true, env = "CONTACT_TOKEN_FILE", value_name = "FILE", hide_env_values = true)]
    token_file: Option<PathBuf>,

    /// This machine's or worker's name [default: what --tls-cert names, else the host's up to the first dot]
    #[arg(long, global = true, env = "CONTACT_CLIENT", value_name = "NAME", value_parser = client_name,
          hide_env_values = true)]
    client: Option<ClientName>,

    /// How to print: JSON lines, or text [default: text on a terminal, else json]
    #[arg(short, long, global = true, env = "CONTACT_OUTPUT", value_name = "FORMAT", hide_env_values = true)]
    output: Option<Format>,

    /// Leave after this long, with exit code 124
    #[arg(long, global = true, env = "CONTACT_TIMEOUT", value_name = "DURATION",
          value_parser = time::positive_duration, hide_env_values = true)]
    timeout: Option<Duration>,

    /// How long to try while the server cannot be reached [default: 10s; watch-tasks, watch-results,
    /// clients --watch, run, wait-ready and an ack that reads stdin try for ever, and so does wait once it waits]
    #[arg(long, global = true, env = "CONTACT_RETRY_FOR", value_name = "DURATION",
          value_parser = time::duration, hide_env_values = true)]
    retry_for: Option<Duration>,

    #[command(flatten)]
    secure: SecureFlags,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line
    Json,
    /// For people
    Text,
}

fn client_name(text: &str) -> Result<ClientName, String> {
    ClientName::parse(text).map_err(|e| e.to_string())
}

/// A queue that is named: nothing is no name here, though on the wire it means the default.
fn queue_name(text: &str) -> Result<QueueName, String> {
    if text.is_empty() {
        return Err("a queue needs a name".into());
    }
    QueueName::parse(text).map_err(|e| e.to_string())
}

/// What a command is given.
#[derive(Debug, Clone)]
struct Context {
    global: Global,
    errors: Errors,
}

impl Context {
    /// This client's name.
    fn client(&self) -> Result<ClientName, Failure> {
        if let Some(client) = self.global.client.as_ref().or(self.target().client()) {
            return Ok(client.clone());
        }
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let label = host.split('.').next().unwrap_or_default();
        ClientName::parse(label).map_err(|_| {
            Failure::usage(format!("the host's name {host:?} does not make a client's name"))
                .hint("name this client: --client NAME or CONTACT_CLIENT")
        })
    }

    /// Finds out how the server is reached over TLS, and this client's token, if it has one.
    fn prepare_calls(&mut self) -> Result<(), Failure> {
        self.global.server = self.global.server.clone().secured(&self.global.secure)?;
        let bearer = Bearer::find(self.global.token_file.as_deref(), self.errors)?;
        self.global.server.show(bearer)
    }

    /// The variables by which another process of this binary reaches the same server in the same name; those that
    /// it must not have are `None`.
    fn variables(&self) -> Vec<(&'static str, Option<OsString>)> {
        let mut variables = self.global.secure.variables();
        variables.push(("CONTACT_TOKEN_FILE", self.global.token_file.clone().map(PathBuf::into_os_string)));
        variables
    }

    /// How long to try while the server cannot be reached.
    fn retry_for(&self) -> Duration {
        self.global.retry_for.unwrap_or(RETRY_FOR)
    }

    fn target(&self) -> &Target {
        &self.global.server
    }
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    if run::command::is_keeper() {
        return run::command::keep();
    }
    if bench::is_keeper() {
        return bench::keep();
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(e) => return not_understood(&e),
    };
    let errors = Errors { json: errors_in_json(arguments.global.output) };
    let mut context = Context { global: arguments.global, errors };
    if arguments.command.makes_calls()
        && let Err(failure) = context.prepare_calls()
    {
        failure.print(errors);
        return ExitCode::from(failure.code);
    }
    let result = match arguments.command {
        Command::Serve(serve) if serve.checks() => {
            client(&context, Reader::IsAll, async |out| serve.check(out).await)
        }
        Command::Serve(serve) => serve.run(&context),
        // It leaves in its own way: it says how to go on waiting.
        Command::Submit(submit) if submit.waits() => {
            runner::staying(&context, Reader::MayGo, async |out, calls| {
                submit.run_and_wait(&context, out, calls).await
            })
        }
        Command::Submit(submit) => {
            client(&context, Reader::MayGo, async |out| submit.run(&context, out).await)
        }
        // It leaves in its own way: others still have its tasks in hand.
        Command::WatchTasks(watch) if watch.shares() => {
            runner::staying(&context, Reader::IsAll, async |out, calls| {
                watch.share(&context, out, calls).await
            })
        }
        Command::WatchTasks(watch) => {
            client(&context, Reader::IsAll, async |out| watch.run(&context, out).await)
        }
        // So does this one: what has become of its tasks is to be told.
        Command::Run(run) => {
            runner::staying(&context, Reader::MayGo, async |out, calls| run.run(&context, out, calls).await)
        }
        Command::Ack(ack) => client(&context, Reader::MayGo, async |out| ack.run(&context, out).await),
        Command::SendStatus(status) => {
            client(&context, Reader::MayGo, async |out| status.run(&context, out).await)
        }
        Command::WatchResults(watch) => {
            client(&context, Reader::IsAll, async |out| watch.run(&context, out).await)
        }
        Command::Wait(wait) => {
            runner::staying(&context, Reader::MayGo, async |out, calls| wait.run(&context, out, calls).await)
        }
        Command::Clients(clients) => {
            client(&context, Reader::IsAll, async |out| clients.run(&context, out).await)
        }
        Command::Queues(queues) => {
            client(&context, Reader::IsAll, async |out| queues.run(&context, out).await)
        }
        Command::Groups(groups) => {
            let reader = if groups.changes() { Reader::MayGo } else { Reader::IsAll };
            client(&context, reader, async |out| groups.run(&context, out).await)
        }
        Command::Tasks(tasks) => client(&context, Reader::IsAll, async |out| tasks.run(&context, out).await),
        Command::Why(why) => client(&context, Reader::IsAll, async |out| why.run(&context, out).await),
        Command::Cancel(cancel) => {
            client(&context, Reader::MayGo, async |out| cancel.run(&context, out).await)
        }
        Command::Redrive(redrive) => {
            client(&context, Reader::MayGo, async |out| redrive.run(&context, out).await)
        }
        Command::Purge(purge) => client(&context, Reader::MayGo, async |out| purge.run(&context, out).await),
        Command::Health(health) => {
            client(&context, Reader::IsAll, async |out| health.run(&context, out).await)
        }
        Command::WaitReady(wait) => {
            client(&context, Reader::IsAll, async |out| wait.run(&context, out).await)
        }
        Command::Token(token) => client(&context, Reader::MayGo, async |out| token.run(&context, out).await),
        // It leaves in its own way: it says what it knows and cleans up.
        Command::Bench(bench) => {
            runner::staying(&context, Reader::IsAll, async |out, calls| bench.run(&context, out, calls).await)
        }
        Command::Completions(completions) => {
            client(&context, Reader::IsAll, async |out| completions.run(out))
        }
        Command::Man(man) => client(&context, Reader::IsAll, async |out| man.run(out)),
    };
    ExitCode::from(result.unwrap_or_else(|failure| {
        failure.print(context.errors);
        failure.code
    }))
}

fn errors_in_json(output: Option<Format>) -> bool {
    output.map_or_else(|| !std::io::stderr().is_terminal(), |format| format == Format::Json)
}

/// Help that was asked for, or arguments that are wrong.
fn not_understood(error: &clap::Error) -> ExitCode {
    // What was asked for may lie behind the mistake, so it is looked for by itself.
    let args: Vec<String> = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let after =
        args.windows(2).find(|pair| ["-o", "--output"].contains(&&pair[0][..])).map(|pair| pair[1].clone());
    let joined = args.iter().find_map(|arg| arg.strip_prefix("--output=").or(arg.strip_prefix("-o")));
    let asked = after.or(joined.map(str::to_owned)).or_else(|| std::env::var("CONTACT_OUTPUT").ok());
    let output = asked.and_then(|format| Format::from_str(&format, false).ok());
    if !error.use_stderr() || !errors_in_json(output) {
        // Help goes to stdout, where its reader may be gone: no failure.
        let _ = error.print();
        return ExitCode::from(error.exit_code() as u8);
    }
    let text = error.to_string();
    let lines = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect::<Vec<_>>().join(" ");
    let message = lines.strip_prefix("error: ").unwrap_or("a command is missing");
    let failure = Failure::usage(message).hint("--help shows the flags and an example");
    failure.print(Errors { json: true });
    ExitCode::from(failure.code)
}

/// The reasons of commands' own errors, for their documentation: the word, the exit codes and what it means.
#[cfg(test)]
pub(crate) fn reasons() -> impl Iterator<Item = (&'static str, &'static [u8], &'static str)> {
    reason::Reason::ALL.iter().map(|reason| (reason.word(), reason.codes(), reason.meaning()))
}

/// How a command ends that a server refuses by this reason and code, for their documentation.
#[cfg(test)]
pub(crate) fn exit_code(reason: &str, code: tonic::Code) -> u8 {
    let details = tonic_types::ErrorDetails::with_error_info(reason, "contact", []);
    let status = <tonic::Status as tonic_types::StatusExt>::with_error_details(code, "", details);
    Failure::from_status(&status, "").code
}

/// The command line's description, for completions and the manual.
fn description() -> clap::Command {
    Arguments::command()
}
