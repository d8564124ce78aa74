//! The pieces of the command line's hot path: lines in and lines out.

use clap::Parser;

use super::{
    Arguments, Command,
    ack::Ack,
    json,
    lines::{self, Line},
    watch_tasks::TaskLine,
};
use crate::{
    pb,
    pieces::{ITEMS, Piece, text},
    wire::TASK_BYTES_MAX,
};

pub(crate) fn pieces() -> Vec<Piece> {
    vec![
        Piece::new("line-split", || (0..ITEMS).map(|n| text(n) + "\n").collect(), split_lines),
        Piece::new("json-write", || (0..ITEMS).map(task).collect(), write_json),
        Piece::new("json-read", echoed, read_json),
    ]
}

/// The lines of a file.
fn split_lines(file: String) -> (Vec<Line>, String) {
    let mut all = Vec::new();
    lines::read(file.as_bytes(), TASK_BYTES_MAX, |batch| {
        all.extend(batch.into_iter().flatten());
        true
    });
    assert_eq!(all.len() as u64, ITEMS, "each line is there");
    (all, file)
}

/// As a member of a group is sent it; every other one has labels.
fn task(n: u64) -> pb::ServerMsg {
    let seq = 1_000_000 + n;
    let mut task = pb::ServerMsg {
        task: text(n),
        id: seq.to_string(),
        queue: "default".into(),
        seq,
        submitted_at: Some(prost_types::Timestamp { seconds: 1_763_791_200, nanos: 123_000_000 }),
        group: "ci".into(),
        lease: format!("LAe{n:04}AB0cdefGHIJKLmnopqrst"),
        attempt: 1,
        ..pb::ServerMsg::default()
    };
    if n.is_multiple_of(2) {
        task.labels = [("ref".to_owned(), "main".to_owned())].into();
    }
    task
}

/// What `watch-tasks` prints.
fn write_json(tasks: Vec<pb::ServerMsg>) -> (Vec<u8>, Vec<pb::ServerMsg>) {
    let mut out = Vec::new();
    for task in &tasks {
        json::write_line(&mut out, &TaskLine::new(task));
    }
    (out, tasks)
}

/// The same lines, as `ack` is given them.
fn echoed() -> (Option<Ack>, Vec<Line>) {
    let ack = match Arguments::try_parse_from(["contact", "ack"]) {
        Ok(Arguments { command: Command::Ack(ack), .. }) => Some(ack),
        _ => None,
    };
    let line = |n| {
        let text = json::line(&TaskLine::new(&task(n)));
        Line { number: n + 1, bytes: Some(text.trim_end().as_bytes().to_vec()) }
    };
    (ack, (0..ITEMS).map(line).collect())
}

/// What `ack` tells for them.
fn read_json((ack, lines): (Option<Ack>, Vec<Line>)) -> Vec<pb::Result> {
    let read = |line| ack.as_ref()?.read(line).ok();
    let told: Vec<pb::Result> = lines.into_iter().filter_map(read).collect();
    assert_eq!(told.len() as u64, ITEMS, "each is a lease");
    told
}
