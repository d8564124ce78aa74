//! The pieces of the engine's hot path: the log's frames and chunks, the machine, its facts, and leases.

use bytes::Bytes;

use super::{
    chunk::{Builder, Chunk, ChunkHead, Sealed},
    facts::{read_facts, write_facts},
    machine::{
        Effect, Fact, Fresh, Head, Hungry, Join, Key, Machine, Now, StreamId, Telling, Terms,
        words::{Verdict, Word},
    },
    tokens::Tokens,
};
use crate::{
    pieces::{ITEMS, Piece, text},
    server::engine::frames::{Task, write_leased},
};

const QUEUES: [&str; 4] = ["default", "ci", "deploy", "@kiosk-7"];
/// So many tasks after each other go to one queue.
const RUN: u64 = 8;
const FIRST_SEQ: u64 = 1_000_001;
const AT_MS: u64 = 1_763_791_200_123;
const GROUP: u32 = 7;
const NOW: Now = Now { ms: 1_000_000, server_ms: AT_MS };
const STREAMS: StreamId = 4;

pub(crate) fn pieces() -> Vec<Piece> {
    vec![
        Piece::new("task-write", texts, write_tasks),
        Piece::new("chunk-write", texts, write_chunk),
        Piece::new("chunk-read", || Stored::of(write_chunk(texts()).0), read_chunk),
        Piece::new("hand-out", joined, hand_out),
        Piece::new("settle", handed_out, settle),
        Piece::new("facts-write", facts, |facts| (write_facts(&facts), facts)),
        Piece::new("facts-read", || write_facts(&facts()), |stored| (read_facts(&stored), stored)),
        Piece::new("lease-write", leased, write_leases),
        Piece::new("verdict", tokens, judge),
    ]
}

fn texts() -> Vec<String> {
    (0..ITEMS).map(text).collect()
}

fn task(n: u64, text: &str, write: impl FnOnce(&Task<'_>)) {
    let (seq, queue) = (FIRST_SEQ + n, QUEUES[queue_of(n)]);
    let id = seq.to_string();
    write(&Task { task: text, id: &id, queue, seq, submitted_at_ms: AT_MS, ..Task::default() });
}

fn queue_of(n: u64) -> usize {
    (n / RUN) as usize % QUEUES.len()
}

/// A frame of each task.
fn write_tasks(texts: Vec<String>) -> (Vec<u8>, Vec<String>) {
    let mut out = Vec::new();
    for (n, text) in (0..).zip(&texts) {
        task(n, text, |task| task.write(&mut out));
    }
    (out, texts)
}

/// One chunk of all tasks, up to what is given to the store.
fn write_chunk(texts: Vec<String>) -> (Sealed, [u32; 2], Vec<u8>, Vec<String>) {
    let mut builder = Builder::new(FIRST_SEQ, AT_MS);
    for (n, text) in (0..).zip(&texts) {
        builder.add(queue_of(n) as u32, None, |out, _| task(n, text, |task| task.write(out)));
    }
    let sealed = builder.seal();
    let sums = [sealed.chunk.head.checksum(), sealed.chunk.checksum()];
    let directory = sealed.chunk.head.write_directory();
    (sealed, sums, directory, texts)
}

/// A chunk as the store has it.
struct Stored {
    head: ChunkHead,
    directory: Vec<u8>,
    frames: Bytes,
    sums: [u32; 2],
}

impl Stored {
    fn of(sealed: Sealed) -> Self {
        let Chunk { head, frames } = &sealed.chunk;
        let (directory, sums) = (head.write_directory(), [head.checksum(), sealed.chunk.checksum()]);
        Stored { head: ChunkHead { directory: Vec::new(), ..*head }, directory, frames: frames.clone(), sums }
    }
}

/// Looked through for damage; then each task of each queue, and one queue from its middle on.
fn read_chunk(stored: Stored) -> (Chunk, u64) {
    let Stored { head, directory, frames, sums } = stored;
    let directory = ChunkHead::read_directory(head.first_seq, &directory).unwrap_or_default();
    let chunk = Chunk { head: ChunkHead { directory, ..head }, frames };
    assert_eq!([chunk.head.checksum(), chunk.checksum()], sums, "nothing is damaged");
    let mut tasks = 0;
    for part in &chunk.head.directory {
        let middle = (part.first_seq + part.last_seq) / 2;
        let Some(frames) = chunk.frames_of(part) else { continue };
        tasks += frames.tasks().count() as u64;
        tasks += frames.starting_at(middle).map_or(0, |frames| u64::from(frames.first_seq < middle));
    }
    assert_eq!(tasks, ITEMS, "each is there");
    (chunk, tasks)
}

/// A group with a few members and nothing to do.
fn joined() -> Machine {
    let mut machine = Machine::default();
    machine.add_group(GROUP, 0, Head { next_seq: FIRST_SEQ, ..Head::default() });
    for stream in 1..=STREAMS {
        let terms =
            Terms { max_in_flight: 1024, lease_ms: 60_000, max_hold_ms: 43_200_000, grace_ms: 20_000 };
        machine.join(
            NOW,
            Join {
                stream,
                instance: [stream as u8; 16],
                client: Some(format!("worker-{stream}").into()),
                groups: vec![GROUP],
                terms,
                left: None,
                until: None,
                have: Default::default(),
            },
        );
    }
    machine.pump(NOW);
    machine.take_effects();
    machine
}

/// New tasks, handed out as they come.
fn hand_out(mut machine: Machine) -> (Machine, Vec<Fact>, Vec<Effect>) {
    machine.grow(0, FIRST_SEQ + ITEMS - 1);
    loop {
        machine.pump(NOW);
        let hungry = machine.take_hungry();
        if hungry.is_empty() {
            break;
        }
        for Hungry { group, from_seq, .. } in hungry {
            let upto_seq = FIRST_SEQ + ITEMS - 1;
            let fresh = (from_seq..=upto_seq).map(|seq| Fresh { seq, expires_ms: 0 });
            machine.offer(group, from_seq, upto_seq, fresh);
        }
    }
    machine.take_holders();
    let (facts, effects) = (machine.take_facts(), machine.take_effects());
    assert_eq!(effects.len() as u64, ITEMS, "each is handed out");
    (machine, facts, effects)
}

fn handed_out() -> Machine {
    hand_out(joined()).0
}

/// The leases of all tasks, not in the order in which they were handed out.
fn keys() -> Vec<Key> {
    // 7 and a thousand have no divisor in common, so each comes once.
    let seqs = (0..ITEMS).map(|n| FIRST_SEQ + n * 7 % ITEMS);
    seqs.map(|seq| Key { group: GROUP, seq, attempt: 1 }).collect()
}

fn done(machine: &mut Machine, key: Key) {
    let telling = Telling { word: Word::Done, delay_ms: None, said: None };
    let judgement = machine.settle(NOW, key, telling, None, false);
    assert_eq!(judgement.verdict, Verdict::Ok, "it is leased");
}

/// Each task settled as done.
fn settle(mut machine: Machine) -> (Machine, Vec<Fact>) {
    for key in keys() {
        done(&mut machine, key);
    }
    machine.pump(NOW);
    let facts = machine.take_facts();
    (machine, facts)
}

/// Half of them hand-outs, half of them ends.
fn facts() -> Vec<Fact> {
    let (machine, mut facts, _) = hand_out(joined());
    facts.truncate(ITEMS as usize / 2);
    facts.extend(settle(machine).1.into_iter().take(ITEMS as usize / 2));
    facts
}

fn leased() -> (Tokens, Vec<Key>, Vec<Vec<u8>>) {
    let frame = |n| {
        let mut out = Vec::new();
        task(n, &text(n), |task| task.write(&mut out));
        out
    };
    (Tokens::new([7; 32]), keys(), (0..ITEMS).map(frame).collect())
}

/// What a member is sent: each frame with its lease.
fn write_leases((tokens, keys, frames): (Tokens, Vec<Key>, Vec<Vec<u8>>)) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut out = Vec::new();
    for (key, frame) in keys.iter().zip(&frames) {
        write_leased(&mut out, frame, "ci", &tokens.write(key), key.attempt);
    }
    (out, frames)
}

fn tokens() -> (Machine, Tokens, Vec<String>) {
    let tokens = Tokens::new([7; 32]);
    let texts = keys().iter().map(|key| tokens.write(key)).collect();
    (handed_out(), tokens, texts)
}

/// From the tokens in what is told to the facts that are written down.
fn judge(
    (mut machine, tokens, texts): (Machine, Tokens, Vec<String>),
) -> (Machine, Vec<u8>, Vec<Fact>, Vec<String>) {
    for text in &texts {
        let Some(key) = tokens.read(text) else { continue };
        assert!(!machine.lacks(key.group, key.seq) && machine.holder(key).is_some(), "it is leased");
        done(&mut machine, key);
    }
    machine.pump(NOW);
    let facts = machine.take_facts();
    assert_eq!(facts.len() as u64, ITEMS, "each is settled");
    (machine, write_facts(&facts), facts, texts)
}
