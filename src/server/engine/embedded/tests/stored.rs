//! What is read from the store, fuzzed: any bytes are read or found damaged, and what was read can be used as it is
//! used. Checksums stand before all of it; this is about what they would let through.

use bytes::Bytes;

use crate::{
    fuzz::{Target, about},
    name::OwnId,
    server::engine::{
        RetryKey,
        embedded::{
            chunk::{Builder, Chunk, ChunkHead, read_ids, write_ids},
            facts::{PageRow, read_facts, read_head, read_page, write_facts, write_head},
            machine::{
                Fact, Head, Key, Next, Note,
                words::{End, Settings, State, Word},
            },
            results::{Event, ResultPageRow, ResultRow, Rows, Said, What},
            retries,
            tokens::Tokens,
        },
        frames::{Frames, Task, put_varint, seq_and_expiry, split, take_varint, write_leased},
        results::Answer,
    },
};

/// Some tasks' frames, one after the other.
fn frames(seqs: &[u64]) -> Vec<u8> {
    let mut out = Vec::new();
    for seq in seqs {
        write_task(&mut out, *seq);
    }
    out
}

fn write_task(out: &mut Vec<u8>, seq: u64) {
    let labels = vec![("ref", "main"), ("空", "")];
    let times = (1_763_791_200_123, 1_763_791_300_000);
    let (submitted_at_ms, expires_at_ms) = times;
    Task { task: "任务:1", id: "deploy-1", queue: "q", seq, submitted_at_ms, labels, expires_at_ms }
        .write(out);
}

/// As those who cut runs of frames do. How many tasks there are.
fn use_frames(frames: &Frames, seq: u64) -> usize {
    let all = frames.tasks().count();
    for part in [
        frames.clone().starting_at(seq),
        frames.clone().ending_at(seq),
        frames.clone().skip(seq),
        Some(frames.clone().first(seq).0),
    ] {
        assert!(part.is_none_or(|part| part.tasks().count() <= all));
    }
    all
}

#[test]
fn fuzz_frames() {
    let target = Target {
        name: "frames",
        seeds: vec![frames(&[1]), frames(&[3, 5, 9]), frames(&[1 << 40])],
        words: &["任务", "\0\0\0\0\u{5}"],
        message_at: Some(5),
    };
    target.run(|input| {
        let whole: Vec<_> = split(input).map(|frame| (seq_and_expiry(frame), Task::read(frame))).collect();
        for frame in split(input) {
            let mut leased = Vec::new();
            write_leased(&mut leased, frame, "ci", "L", 1);
            assert_eq!(split(&leased).count(), 1, "what is handed out is a frame");
        }
        for task in whole.iter().filter_map(|(_, task)| task.as_ref()) {
            let mut again = Vec::new();
            task.write(&mut again);
            assert_eq!(Task::read(&again).as_ref(), Some(task));
        }
        let tasks = use_frames(
            &Frames { first_seq: 1, last_seq: 9, bytes: Bytes::copy_from_slice(input) },
            u64::from(input.first().copied().unwrap_or_default()),
        );
        (whole.len(), tasks, whole.iter().any(|((_, expires), _)| *expires > 0))
    });
}

/// A chunk as the fuzzer has it: the first seq, how long the directory is, the directory, the frames.
fn chunk(first_seq: u64, queues: &[u32]) -> Vec<u8> {
    let mut builder = Builder::new(first_seq, 7);
    for queue in queues {
        builder.add(*queue, None, write_task);
    }
    let chunk = builder.seal().chunk;
    let directory = chunk.head.write_directory();
    let mut out = Vec::new();
    put_varint(&mut out, first_seq);
    put_varint(&mut out, directory.len() as u64);
    [&out[..], &directory, &chunk.frames].concat()
}

#[test]
fn fuzz_chunk() {
    let target = Target {
        name: "chunk",
        seeds: vec![chunk(1, &[1]), chunk(41, &[1, 2, 1, 3, 1]), chunk(1 << 40, &[7, 7, 7])],
        words: &[],
        message_at: None,
    };
    target.run(|mut input| {
        let first_seq = take_varint(&mut input)?;
        let length = usize::try_from(take_varint(&mut input)?).ok()?;
        let (directory, frames) = input.split_at_checked(length)?;
        let directory = ChunkHead::read_directory(first_seq, directory)?;
        let last_seq = directory.iter().map(|part| part.last_seq).max().unwrap_or(first_seq);
        let head = ChunkHead { first_seq, last_seq, at_ms: 7, directory };
        let stored = head.write_directory();
        assert_eq!(ChunkHead::read_directory(first_seq, &stored).as_ref(), Some(&head.directory));
        let chunk = Chunk { head, frames: Bytes::copy_from_slice(frames) };
        let mut found = 0;
        for seq in [first_seq, first_seq.saturating_add(1), last_seq, last_seq.saturating_add(1)] {
            found += chunk.frame(seq).map_or(0, |frames| frames.tasks().count());
            for part in &chunk.head.directory {
                chunk.count(part.queue, seq, last_seq);
                chunk.count(part.queue, first_seq, seq);
                let _ = chunk.frames_of(part).map(|frames| use_frames(&frames, seq));
            }
        }
        assert!(found <= 4, "one task has one frame");
        let whole = chunk.head.directory.iter().filter(|part| chunk.frames_of(part).is_some()).count();
        Some((about(chunk.head.directory.len()), about(whole), found))
    });
}

/// Facts of every kind.
fn facts() -> Vec<Fact> {
    let (group, seq) = (3, 9);
    let ended = |end, next, said: Option<&str>| {
        let (failures, suspect) = (4, true);
        Fact::Ended { group, seq, end, next, failures, suspect, said: said.map(Box::from) }
    };
    vec![
        Fact::HandOut { group, seq, member: 2, expires_ms: 0, passed: Some(5) },
        Fact::HandOut { group, seq: 1 << 40, member: 2, expires_ms: 77, passed: None },
        ended(Some(End::Failed), Next::Waiting { until_ms: 1 << 41 }, Some("exit 2: 任务")),
        ended(None, Next::Dead, None),
        ended(Some(End::Released), Next::Ready, None),
        Fact::Noted { group, seq, note: Note::Done },
        Fact::Redriven { group, seq },
        Fact::Set { group, settings: Settings::default() },
    ]
}

#[test]
fn fuzz_facts() {
    let all = facts();
    let mut seeds: Vec<Vec<u8>> = all.iter().map(|fact| write_facts(std::slice::from_ref(fact))).collect();
    seeds.push(write_facts(&all));
    Target { name: "facts", seeds, words: &["任务"], message_at: None }.run(|input| {
        let facts = read_facts(input)?;
        assert_eq!(read_facts(&write_facts(&facts)).as_ref(), Some(&facts));
        let mut kinds: Vec<_> = facts.iter().map(std::mem::discriminant).collect();
        kinds.dedup();
        kinds.truncate(4);
        Some(kinds)
    });
}

#[test]
fn fuzz_page() {
    // An entry of each kind: done, past, ready, waiting, leased, dead, received, noted as done.
    let open = |kind: &[u8]| [&[1], kind, &[1, 3, 0, 2, 0x21, 2], b"no"].concat();
    let mut seeds = vec![vec![1, 0, 1, 0], vec![1, 1, 1, 3, 0x21, 3], vec![1, 6], vec![1, 7]];
    seeds.extend([&[2][..], &[3, 9], &[4, 1, 5], &[5]].map(open));
    let head = Head { next_seq: 1 << 50, passed: 7, done: 6, ..Head::default() };
    seeds.push(write_head(&head));
    Target { name: "page", seeds, words: &["任务"], message_at: None }.run(|input| {
        let head = read_head(input);
        assert!(head.is_none_or(|head| read_head(&write_head(&head)) == Some(head)));
        let row = PageRow { group: 1, page: 3, upto: 0, open: 0, entries: input.to_vec() };
        let entries = read_page(&row).map(|entries| {
            let mut kinds: Vec<_> = entries.iter().map(|(_, entry)| std::mem::discriminant(entry)).collect();
            kinds.truncate(4);
            (about(entries.len()), kinds)
        });
        (head.is_some(), entries)
    });
}

/// A row of results that has everything.
fn results() -> Vec<u8> {
    let answer = Answer { exit_code: Some(-9), ret_cut: true, ..Answer::text("数据") };
    let told = |word, attempt| What::Told { group: 3, word, state: State::Done, attempt, late: false };
    let plain = Event { seq: 7, what: told(Word::Done, 1), client: None, said: Said::default() };
    let mut rows = Rows::new(100, 77);
    for event in [
        Event { client: Some("kiosk-7"), ..plain },
        Event { seq: 8, client: Some("kiosk-7"), said: Said::new(&answer), ..plain },
        Event { what: told(Word::Failed, 2), client: Some("b"), ..plain },
        Event { what: What::Died { group: 9, end: End::Lost, attempt: 5 }, ..plain },
        Event { seq: 1 << 40, what: What::Cancelled { queue: 2 }, ..plain },
    ] {
        rows.push(&event);
    }
    rows.seal().0.remove(0).entries
}

#[test]
fn fuzz_results() {
    Target { name: "results", seeds: vec![results()], words: &["数据"], message_at: None }.run(|input| {
        let entries = input.to_vec();
        let row = ResultRow { first_n: 100, last_n: 104, at_ms: 77, last_seq: 1 << 40, entries };
        let mut read = Vec::new();
        for event in row.events() {
            assert!(read.len() < 6, "a row has as many as it says, and one word for damage");
            read.push(event.map(|(n, event)| {
                assert!((row.first_n..=row.last_n).contains(&n));
                (std::mem::discriminant(&event.what), event.said.answer().is_some())
            }));
        }
        let is_whole = read.iter().all(Result::is_ok);
        assert_eq!(row.runs().is_ok(), is_whole);
        (read.len(), read.into_iter().map(Result::ok).collect::<Vec<_>>())
    });
}

#[test]
fn fuzz_lists() {
    let ids = [(41, OwnId::parse("deploy-1").unwrap()), (44, OwnId::delayed(17))];
    let key = RetryKey { instance: [7; 16], n: 3 };
    let runs = [retries::Run { key, seq: 1 << 40, tasks: 3 }, retries::Run { key, seq: 1, tasks: 1 }];
    let seeds = vec![write_ids(41, &ids), retries::write_runs(&runs), vec![13, 0, 2, 4, 0x81, 0x10, 3]];
    Target { name: "lists", seeds, words: &["17d"], message_at: None }.run(|input| {
        let ids = read_ids(41, input);
        assert!(ids.as_ref().is_none_or(|ids| read_ids(41, &write_ids(41, ids)).as_ref() == Some(ids)));
        let keys = retries::read_runs(input);
        let again = keys.as_ref().map(|keys| retries::read_runs(&retries::write_runs(keys)));
        assert_eq!(again.flatten(), keys);
        let page = ResultPageRow { page: 1, first_n: 7, runs: input.to_vec() };
        let runs = page.read();
        for run in runs.iter().flatten() {
            assert!((1024..2048).contains(&run.seq) && run.last_seq() < 2048, "{run:?}");
        }
        [ids.map(|all| all.len()), keys.map(|all| all.len()), runs.map(|all| all.len())]
            .map(|read| read.map(about))
    });
}

#[test]
fn fuzz_lease() {
    let tokens = Tokens::new([7; 32]);
    let ours: Vec<String> = [(1, 1, 1), (3, 1 << 40, 200), (u32::MAX, u64::MAX, u32::MAX)]
        .map(|(group, seq, attempt)| tokens.write(&Key { group, seq, attempt }))
        .into();
    let seeds = ours.iter().map(|token| token.clone().into_bytes()).collect();
    Target { name: "lease", seeds, words: &["L", "-", "_", "=", "A"], message_at: None }.run(|input| {
        let Ok(text) = std::str::from_utf8(input) else { return (false, 0) };
        let key = tokens.read(text);
        assert!(key.is_none() || ours.iter().any(|token| token == text), "a forged lease: {text}");
        (key.is_some(), text.len().min(70))
    });
}
