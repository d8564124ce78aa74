//! The instructions of the pieces of the hot path, counted by callgrind: `just counts` holds them against
//! `benches/counts.txt`, `just counts-write` writes that file.
//!
//! ```text
//!   counts ──► valgrind --tool=callgrind counts --piece NAME     once for each, in a process of its own
//!      │              counts while `counted` runs, nothing before and nothing after
//!      └── benches/counts.txt
//! ```
//!
//! A count is of one item, allocations included. It is the same from run to run, but for the seeds of hash maps: so each
//! piece is counted [`SAMPLES`] times, on inputs made anew, and the mean is less than 0.1 % off. It is the same on every
//! x86-64 with AVX2, since valgrind shows each of them as one and the same CPU, by which memcpy, BLAKE3 and the checksum
//! choose their code. On others nothing is compared. With another compiler, C library or valgrind it is another
//! count: the file says with which ones it was written.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, missing_docs)]

use std::{
    any::Any,
    collections::BTreeMap,
    fs,
    hint::black_box,
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::{Context, bail};
use book::Book;
use contact::pieces::{self, Work};

mod book;

/// How often a piece is counted.
const SAMPLES: u64 = 8;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/counts.txt");

fn main() -> ExitCode {
    match told() {
        Ok(()) => ExitCode::SUCCESS,
        // In a sentence, whatever RUST_BACKTRACE says: the table above it is what matters.
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn told() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match &args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--piece", name] => run(name),
        ["write"] => write(),
        [] | ["compare"] => compare(),
        _ => bail!("usage: counts [compare | write]"),
    }
}

/// What valgrind is given to run.
fn run(name: &str) -> anyhow::Result<()> {
    let piece = pieces::all().into_iter().find(|piece| piece.name == name).context("no such piece")?;
    // Once without being counted: what is found out about the CPU is found out.
    drop(piece.prepare()());
    for _ in 0..SAMPLES {
        drop(counted(piece.prepare()));
    }
    Ok(())
}

/// What is counted. valgrind knows it by its name.
#[inline(never)]
fn counted(work: Work) -> Box<dyn Any> {
    // Not the last thing done: a call that is a jump would be nobody's.
    black_box(work())
}

fn write() -> anyhow::Result<()> {
    if !is_comparable() {
        bail!("counts are kept for x86-64 with AVX2: this machine is another");
    }
    fs::write(FILE, count()?.show()).with_context(|| FILE)
}

fn compare() -> anyhow::Result<()> {
    if !is_comparable() {
        eprintln!("******** INSTRUCTIONS WERE NOT COUNTED: this machine is no x86-64 with AVX2 ********");
        return Ok(());
    }
    let kept = Book::read(&fs::read_to_string(FILE).with_context(|| FILE)?).context(FILE)?;
    let counted = count()?;
    let (shown, is_true) = book::compare(&kept, &counted);
    print!("{shown}");
    if !is_true {
        bail!("benches/counts.txt is not true any more");
    }
    Ok(())
}

#[cfg(target_arch = "x86_64")]
fn is_comparable() -> bool {
    is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn is_comparable() -> bool {
    false
}

/// Counts all pieces.
fn count() -> anyhow::Result<Book> {
    let folder = tempfile::tempdir()?;
    let mut counts = BTreeMap::new();
    for piece in pieces::all() {
        let instructions = callgrind(piece.name, &folder.path().join(piece.name))?;
        counts.insert(piece.name.to_owned(), instructions as f64 / (SAMPLES * piece.items()) as f64);
    }
    Ok(Book { made_with: made_with()?, counts })
}

/// Instructions of one piece.
fn callgrind(name: &str, out: &Path) -> anyhow::Result<u64> {
    let mut command = Command::new("valgrind");
    command.args([
        "--tool=callgrind",
        "--quiet",
        "--collect-atstart=no",
        "--toggle-collect=*counts*counted*",
    ]);
    command.arg(format!("--callgrind-out-file={}", out.display()));
    command.arg(std::env::current_exe()?).args(["--piece", name]);
    // What else is in the environment would move the stack.
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let status = command.status().context("valgrind cannot be started")?;
    if !status.success() {
        bail!("valgrind with piece {name}: {status}");
    }
    book::instructions(&fs::read_to_string(out)?).with_context(|| format!("what callgrind says of {name}"))
}

/// What else than the code decides about counts.
fn made_with() -> anyhow::Result<String> {
    let tools = [&["rustc", "-V"][..], &["getconf", "GNU_LIBC_VERSION"], &["valgrind", "--version"]];
    let versions = tools.map(|tool| {
        let output = Command::new(tool[0]).args(&tool[1..]).output().context(tool[0])?;
        let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        // rustc's own says its commit as well.
        Ok(line.split_once(" (").map_or(line.clone(), |(version, _)| version.to_owned()))
    });
    Ok(versions.into_iter().collect::<anyhow::Result<Vec<_>>>()?.join(", "))
}
