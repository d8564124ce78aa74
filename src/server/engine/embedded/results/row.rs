//! The results of one commit as the store keeps them: a row of events, the plain one (done at the first attempt, and
//! nothing to say about it) in one byte to four.
//!
//! A row begins with the names of its clients. Of each event only what differs from the one before is written. The
//! task's own id is not: who reads it looks the task up.

use std::collections::HashMap;

use super::{
    super::{
        chunk::QueueNumber,
        facts::{code_of_end, end_of_code, take_byte, unzigzag, zigzag},
        machine::{
            GroupNo,
            words::{End, State, Word},
        },
    },
    index::Run,
};
use crate::server::engine::{
    frames::{put_varint, take_varint},
    results::Answer,
};

/// A row is closed when it has this many bytes,
const ROW_BYTES: usize = 256 << 10;
/// or so many events: whoever looks for one of them reads those before it.
const ROW_EVENTS: u64 = 4096;

/// Results that were taken together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct ResultRow {
    pub(in super::super) first_n: u64,
    pub(in super::super) last_n: u64,
    /// When they were taken, in milliseconds since 1970.
    pub(in super::super) at_ms: u64,
    /// The greatest seq of their tasks.
    pub(in super::super) last_seq: u64,
    pub(in super::super) entries: Vec<u8>,
}

/// Something that was told of a task, or that it has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Event<'a> {
    pub(in super::super) seq: u64,
    pub(in super::super) what: What,
    /// Who told, or held it.
    pub(in super::super) client: Option<&'a str>,
    pub(in super::super) said: Said<'a>,
}

/// What became of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum What {
    /// A word was told. `attempt` is 0 if it was of no lease.
    Told { group: GroupNo, word: Word, state: State, attempt: u32, late: bool },
    /// Its last lease ended by itself, and it is dead.
    Died { group: GroupNo, end: End, attempt: u32 },
    /// It was cancelled for all groups.
    Cancelled { queue: QueueNumber },
}

/// An [`Answer`] as it is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct Said<'a> {
    ret: &'a [u8],
    stderr: &'a [u8],
    exit_code: Option<i32>,
    /// See [`mark`].
    marks: u8,
}

impl<'a> Said<'a> {
    pub(in super::super) fn new(answer: &'a Answer) -> Self {
        let marked = [
            (mark::RET_CUT, answer.ret_cut),
            (mark::STDERR_CUT, answer.stderr_cut),
            (mark::RET_LOSSY, answer.ret_lossy),
            (mark::STDERR_LOSSY, answer.stderr_lossy),
        ];
        let marks = marked.into_iter().filter(|(_, is_set)| *is_set).fold(0, |marks, (mark, _)| marks | mark);
        let (ret, stderr) = (answer.ret.as_bytes(), answer.stderr.as_bytes());
        Said { ret, stderr, exit_code: answer.exit_code, marks }
    }

    /// `None` if it is damaged.
    pub(in super::super) fn answer(&self) -> Option<Answer> {
        Some(Answer {
            ret: std::str::from_utf8(self.ret).ok()?.to_owned(),
            exit_code: self.exit_code,
            stderr: std::str::from_utf8(self.stderr).ok()?.to_owned(),
            ret_cut: self.marks & mark::RET_CUT != 0,
            stderr_cut: self.marks & mark::STDERR_CUT != 0,
            ret_lossy: self.marks & mark::RET_LOSSY != 0,
            stderr_lossy: self.marks & mark::STDERR_LOSSY != 0,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.marks | if self.exit_code.is_some() { mark::EXIT_CODE } else { 0 });
        if let Some(code) = self.exit_code {
            put_varint(out, zigzag(i64::from(code)));
        }
        for text in [self.ret, self.stderr] {
            put_varint(out, text.len() as u64);
            out.extend_from_slice(text);
        }
    }

    fn read(rest: &mut &'a [u8]) -> Option<Self> {
        let marks = take_byte(rest)?;
        let exit_code = if marks & mark::EXIT_CODE != 0 {
            Some(i32::try_from(unzigzag(take_varint(rest)?)).ok()?)
        } else {
            None
        };
        let (ret, stderr) = (take_bytes(rest)?, take_bytes(rest)?);
        Some(Said { ret, stderr, exit_code, marks: marks & !mark::EXIT_CODE })
    }
}

mod mark {
    pub(super) const RET_CUT: u8 = 1;
    pub(super) const STDERR_CUT: u8 = 2;
    pub(super) const RET_LOSSY: u8 = 4;
    pub(super) const STDERR_LOSSY: u8 = 8;
    /// One follows.
    pub(super) const EXIT_CODE: u8 = 16;
}

/// The first byte of an event: what it is, and what of it is as in the one before.
mod tag {
    pub(super) const KIND: u8 = 3;
    /// Told as done at the first attempt.
    pub(super) const DONE: u8 = 0;
    pub(super) const TOLD: u8 = 1;
    pub(super) const DIED: u8 = 2;
    pub(super) const CANCELLED: u8 = 3;
    /// The group, or the queue, is the one that was named last.
    pub(super) const SAME_PLACE: u8 = 4;
    pub(super) const SAME_CLIENT: u8 = 8;
    /// The seq is the next one.
    pub(super) const NEXT_SEQ: u8 = 16;
    /// Something was said beside it.
    pub(super) const SAID: u8 = 32;
    pub(super) const LATE: u8 = 64;
}

/// Rows that are being written.
#[derive(Debug, Default)]
pub(in super::super) struct Rows {
    at_ms: u64,
    next_n: u64,
    open: Open,
    sealed: Vec<ResultRow>,
    runs: Vec<Run>,
}

#[derive(Debug, Default)]
struct Open {
    first_n: u64,
    last_seq: u64,
    entries: Vec<u8>,
    /// The clients named, numbered from 1.
    clients: HashMap<Box<str>, u64>,
    names: Vec<u8>,
    before: Before,
}

/// What the next event may be the same as.
#[derive(Debug, Default)]
struct Before {
    seq: u64,
    place: u32,
    /// 0 is none.
    client: u64,
}

impl Rows {
    /// The first event gets this number.
    pub(in super::super) fn new(first_n: u64, at_ms: u64) -> Self {
        Rows { at_ms, next_n: first_n, open: Open::new(first_n), sealed: Vec::new(), runs: Vec::new() }
    }

    pub(in super::super) fn push(&mut self, event: &Event<'_>) {
        let open = &mut self.open;
        if self.next_n - open.first_n >= ROW_EVENTS || open.entries.len() + open.names.len() >= ROW_BYTES {
            self.seal_open();
        }
        self.open.push(event);
        let run = Run::one(event.seq, self.next_n);
        if !self.runs.last_mut().is_some_and(|last| last.extend(run)) {
            self.runs.push(run);
        }
        self.next_n += 1;
    }

    /// The rows, and where the tasks stand in them.
    pub(in super::super) fn seal(mut self) -> (Vec<ResultRow>, Vec<Run>) {
        self.seal_open();
        (self.sealed, self.runs)
    }

    fn seal_open(&mut self) {
        let open = std::mem::replace(&mut self.open, Open::new(self.next_n));
        if open.first_n == self.next_n {
            return;
        }
        let mut entries = Vec::with_capacity(open.names.len() + open.entries.len() + 2);
        put_varint(&mut entries, open.clients.len() as u64);
        entries.extend_from_slice(&open.names);
        entries.extend_from_slice(&open.entries);
        let (first_n, last_n) = (open.first_n, self.next_n - 1);
        self.sealed.push(ResultRow { first_n, last_n, at_ms: self.at_ms, last_seq: open.last_seq, entries });
    }
}

impl Open {
    fn new(first_n: u64) -> Self {
        let (clients, before) = (HashMap::new(), Before::default());
        Open { first_n, last_seq: 0, entries: Vec::new(), clients, names: Vec::new(), before }
    }

    fn push(&mut self, event: &Event<'_>) {
        let client = event.client.map_or(0, |name| self.client(name));
        let (kind, place, late) = match event.what {
            What::Told { group, word: Word::Done, state: State::Done, attempt: 1, late } => {
                (tag::DONE, group, late)
            }
            What::Told { group, late, .. } => (tag::TOLD, group, late),
            What::Died { group, .. } => (tag::DIED, group, false),
            What::Cancelled { queue } => (tag::CANCELLED, queue, false),
        };
        let before = &self.before;
        let is_next = event.seq == before.seq.wrapping_add(1);
        let flags = [
            (tag::SAME_PLACE, place == before.place),
            (tag::SAME_CLIENT, client == before.client),
            (tag::NEXT_SEQ, is_next),
            (tag::SAID, event.said != Said::default()),
            (tag::LATE, late),
        ];
        let out = &mut self.entries;
        out.push(flags.into_iter().fold(kind, |tag, (flag, is_set)| tag | if is_set { flag } else { 0 }));
        if place != before.place {
            put_varint(out, u64::from(place));
        }
        if client != before.client {
            put_varint(out, client);
        }
        if !is_next {
            put_varint(out, zigzag(event.seq.wrapping_sub(before.seq) as i64));
        }
        match event.what {
            What::Told { word, state, attempt, .. } if kind == tag::TOLD => {
                out.extend([code_of(&WORDS, word), code_of(&STATES, state)]);
                put_varint(out, u64::from(attempt));
            }
            What::Died { end, attempt, .. } => {
                out.push(code_of_end(end));
                put_varint(out, u64::from(attempt));
            }
            What::Told { .. } | What::Cancelled { .. } => {}
        }
        if event.said != Said::default() {
            event.said.write(out);
        }
        self.last_seq = self.last_seq.max(event.seq);
        self.before = Before { seq: event.seq, place, client };
    }

    fn client(&mut self, name: &str) -> u64 {
        if let Some(number) = self.clients.get(name) {
            return *number;
        }
        let number = self.clients.len() as u64 + 1;
        self.clients.insert(name.into(), number);
        put_varint(&mut self.names, name.len() as u64);
        self.names.extend_from_slice(name.as_bytes());
        number
    }
}

/// A row cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Unreadable;

impl ResultRow {
    /// Its events with their numbers. Ends with [`Unreadable`] where it cannot be read.
    pub(in super::super) fn events(&self) -> Events<'_> {
        let mut rest = &self.entries[..];
        let clients = take_names(&mut rest);
        let is_broken = clients.is_none();
        let clients = clients.unwrap_or_default();
        Events { row: self, rest, clients, next_n: self.first_n, before: Before::default(), is_broken }
    }

    /// Where its tasks stand in it.
    pub(in super::super) fn runs(&self) -> Result<Vec<Run>, Unreadable> {
        let mut runs: Vec<Run> = Vec::new();
        for event in self.events() {
            let (n, event) = event?;
            let run = Run::one(event.seq, n);
            if !runs.last_mut().is_some_and(|last| last.extend(run)) {
                runs.push(run);
            }
        }
        Ok(runs)
    }
}

/// The events of a row.
pub(in super::super) struct Events<'a> {
    row: &'a ResultRow,
    rest: &'a [u8],
    clients: Vec<&'a str>,
    next_n: u64,
    before: Before,
    is_broken: bool,
}

impl<'a> Iterator for Events<'a> {
    type Item = Result<(u64, Event<'a>), Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        let is_over = self.next_n > self.row.last_n;
        if !self.is_broken && is_over && self.rest.is_empty() {
            return None;
        }
        let event = if self.is_broken || is_over { None } else { self.take() };
        let Some(event) = event else {
            // Said once.
            (self.is_broken, self.rest, self.next_n) = (false, &[], self.row.last_n + 1);
            return Some(Err(Unreadable));
        };
        self.next_n += 1;
        Some(Ok((self.next_n - 1, event)))
    }
}

impl<'a> Events<'a> {
    fn take(&mut self) -> Option<Event<'a>> {
        let rest = &mut self.rest;
        let tag = take_byte(rest)?;
        let before = &mut self.before;
        if tag & tag::SAME_PLACE == 0 {
            before.place = u32::try_from(take_varint(rest)?).ok()?;
        }
        if tag & tag::SAME_CLIENT == 0 {
            before.client = take_varint(rest)?;
        }
        let step = if tag & tag::NEXT_SEQ != 0 { 1 } else { unzigzag(take_varint(rest)?) as u64 };
        before.seq = before.seq.wrapping_add(step);
        let (group, late) = (before.place, tag & tag::LATE != 0);
        let what = match tag & tag::KIND {
            tag::DONE => What::Told { group, word: Word::Done, state: State::Done, attempt: 1, late },
            tag::TOLD => What::Told {
                group,
                word: of_code(&WORDS, take_byte(rest)?)?,
                state: of_code(&STATES, take_byte(rest)?)?,
                attempt: u32::try_from(take_varint(rest)?).ok()?,
                late,
            },
            tag::DIED => What::Died {
                group,
                end: end_of_code(take_byte(rest)?)?,
                attempt: u32::try_from(take_varint(rest)?).ok()?,
            },
            _ => What::Cancelled { queue: group },
        };
        let client = match before.client.checked_sub(1) {
            Some(place) => Some(*self.clients.get(usize::try_from(place).ok()?)?),
            None => None,
        };
        let said = if tag & tag::SAID != 0 { Said::read(rest)? } else { Said::default() };
        Some(Event { seq: before.seq, what, client, said })
    }
}

fn take_names<'a>(rest: &mut &'a [u8]) -> Option<Vec<&'a str>> {
    (0..take_varint(rest)?).map(|_| std::str::from_utf8(take_bytes(rest)?).ok()).collect()
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_varint(rest)?).ok()?;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

const WORDS: [Word; 6] =
    [Word::Done, Word::Failed, Word::Released, Word::Rejected, Word::Working, Word::Received];

const STATES: [State; 10] = [
    State::Logged,
    State::Delayed,
    State::Ready,
    State::Leased,
    State::Waiting,
    State::Done,
    State::Dead,
    State::Cancelled,
    State::Expired,
    State::Gone,
];

fn code_of<T: PartialEq>(all: &[T], one: T) -> u8 {
    all.iter().position(|other| *other == one).map_or(0, |place| place as u8)
}

fn of_code<T: Copy>(all: &[T], code: u8) -> Option<T> {
    all.get(usize::from(code)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(seq: u64, group: GroupNo, client: Option<&'static str>) -> Event<'static> {
        let what = What::Told { group, word: Word::Done, state: State::Done, attempt: 1, late: false };
        Event { seq, what, client, said: Said::default() }
    }

    fn sealed(first_n: u64, events: &[Event<'_>]) -> (Vec<ResultRow>, Vec<Run>) {
        let mut rows = Rows::new(first_n, 77);
        events.iter().for_each(|event| rows.push(event));
        rows.seal()
    }

    fn read<'a>(rows: &'a [ResultRow]) -> Vec<(u64, Event<'a>)> {
        rows.iter().flat_map(ResultRow::events).collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let answers = [
            Answer::text("fine"),
            Answer { exit_code: Some(-9), ret_cut: true, stderr_lossy: true, ..Answer::default() },
            Answer {
                stderr: "oh\n".repeat(100), stderr_cut: true, ret_lossy: true, ..Answer::text("数据")
            },
            Answer { exit_code: Some(0), ..Answer::default() },
        ];
        let said = |n: usize| Said::new(&answers[n]);
        let told = |word, state, attempt, late| What::Told { group: 3, word, state, attempt, late };
        let events = [
            done(7, 3, None),
            done(8, 3, Some("kiosk-7")),
            Event { said: said(0), ..done(9, 4, Some("kiosk-7")) },
            Event {
                seq: 1,
                what: told(Word::Failed, State::Waiting, 2, false),
                client: Some("b"),
                said: said(1),
            },
            Event { seq: 1, what: told(Word::Received, State::Ready, 0, false), client: None, said: said(2) },
            Event {
                seq: u64::MAX >> 2,
                what: told(Word::Done, State::Done, 300, true),
                client: None,
                said: said(3),
            },
            Event {
                seq: 4,
                what: What::Died { group: 9, end: End::Overheld, attempt: 5 },
                client: Some("b"),
                said: Said::default(),
            },
            Event { seq: 5, what: What::Cancelled { queue: 2 }, client: None, said: Said::default() },
            done(6, 2, None),
        ];
        let (rows, runs) = sealed(100, &events);
        let [row] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((row.first_n, row.last_n, row.at_ms, row.last_seq), (100, 108, 77, u64::MAX >> 2));
        assert_eq!(read(&rows), (100..).zip(events).collect::<Vec<_>>());
        for (event, answer) in [(2, 0), (3, 1), (4, 2), (5, 3)] {
            assert_eq!(read(&rows)[event].1.said.answer().unwrap(), answers[answer]);
        }
        assert_eq!(row.runs().unwrap(), runs);
        assert_eq!(sealed(100, &[]), (vec![], vec![]));
    }

    #[test]
    fn the_plain_case_takes_a_byte_in_order_and_few_out_of_order() {
        let size =
            |events: &[Event<'_>]| sealed(1, events).0.iter().map(|row| row.entries.len()).sum::<usize>();
        let in_order: Vec<_> = (1..=1000).map(|seq| done(seq, 1, Some("kiosk-7"))).collect();
        assert!(size(&in_order) < 1000 + 16, "{} bytes for 1000", size(&in_order));
        let mixed: Vec<_> = (0..1000)
            .map(|n| done(10_000 + n * 37 % 1000, 1, if n % 2 == 0 { Some("a") } else { Some("b") }))
            .collect();
        assert!(size(&mixed) <= 4 * 1000 + 16, "{} bytes for 1000", size(&mixed));
    }

    #[test]
    fn rows_are_closed_when_they_are_long() {
        let many: Vec<_> = (1..=10_000).map(|seq| done(seq, 1, None)).collect();
        let (rows, _) = sealed(5, &many);
        assert_eq!(rows.iter().map(|row| row.first_n).collect::<Vec<_>>(), [5, 4101, 8197]);
        assert_eq!(rows[2].last_n, 10_004);
        assert_eq!(read(&rows), (5..).zip(many).collect::<Vec<_>>());
        let long = Answer::text("x".repeat(100_000));
        let long: Vec<_> =
            (1..=9).map(|seq| Event { said: Said::new(&long), ..done(seq, 1, None) }).collect();
        let (rows, _) = sealed(1, &long);
        assert_eq!(rows.iter().map(|row| row.last_n).collect::<Vec<_>>(), [3, 6, 9]);
    }

    #[test]
    fn damage_is_found_and_never_read_over() {
        let answer = Answer { exit_code: Some(3), ..Answer::text("fine") };
        let failed = What::Told { group: 2, word: Word::Failed, state: State::Dead, attempt: 2, late: false };
        let events = [
            done(7, 3, Some("a")),
            Event { seq: 3, what: failed, client: Some("b"), said: Said::new(&answer) },
            Event {
                seq: 9,
                what: What::Died { group: 1, end: End::Lost, attempt: 1 },
                client: None,
                said: Said::default(),
            },
        ];
        let row = sealed(1, &events).0.remove(0);
        let all = |row: &ResultRow| row.events().map(|e| e.map(drop)).collect::<Result<Vec<_>, _>>();
        for end in 0..row.entries.len() {
            let cut = ResultRow { entries: row.entries[..end].to_vec(), ..row.clone() };
            assert_eq!(all(&cut), Err(Unreadable), "cut at {end}");
        }
        let longer = ResultRow { entries: [&row.entries[..], &[0]].concat(), ..row.clone() };
        assert_eq!(all(&longer), Err(Unreadable));
        assert_eq!(all(&ResultRow { last_n: 4, ..row.clone() }), Err(Unreadable));
        assert_eq!(all(&ResultRow { last_n: 2, ..row.clone() }), Err(Unreadable));
        // Any bytes whatever come to an end.
        for byte in 0..=255 {
            for at in 0..row.entries.len() {
                let mut bent = row.clone();
                bent.entries[at] = byte;
                assert!(bent.events().count() <= 4);
            }
        }
    }
}
