//! The results of one commit as the store keeps them: a row of events, the plain one (done at the first attempt, and
//! nothing to say about it) in one byte to four.
//!
//! A row begins with the names of its clients. Of each event only what differs from the one before is written. The
//! task's own id is not: who reads it looks the task up.

use super::{
    super::{
        chunk::QueueNumber,
        facts::{end_of_code, take_byte, unzigzag, zigzag},
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

    pub(super) fn write(&self, out: &mut Vec<u8>) {
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
pub(super) mod tag {
    pub(in super::super) const KIND: u8 = 3;
    /// Told as done at the first attempt.
    pub(in super::super) const DONE: u8 = 0;
    pub(in super::super) const TOLD: u8 = 1;
    pub(in super::super) const DIED: u8 = 2;
    pub(in super::super) const CANCELLED: u8 = 3;
    /// The group, or the queue, is the one that was named last.
    pub(in super::super) const SAME_PLACE: u8 = 4;
    pub(in super::super) const SAME_CLIENT: u8 = 8;
    /// The seq is the next one.
    pub(in super::super) const NEXT_SEQ: u8 = 16;
    /// Something was said beside it.
    pub(in super::super) const SAID: u8 = 32;
    pub(in super::super) const LATE: u8 = 64;
}

/// What the next event may be the same as.
#[derive(Debug, Default)]
pub(super) struct Before {
    pub(super) seq: u64,
    pub(super) place: u32,
    /// 0 is none.
    pub(super) client: u64,
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
        // The store keeps seqs as signed numbers: beyond them there is nothing but damage.
        i64::try_from(before.seq).ok()?;
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

pub(super) const WORDS: [Word; 6] =
    [Word::Done, Word::Failed, Word::Released, Word::Rejected, Word::Working, Word::Received];

pub(super) const STATES: [State; 10] = [
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

/// The place of one among all.
pub(super) fn code_of<T: PartialEq>(all: &[T], one: T) -> u8 {
    all.iter().position(|other| *other == one).map_or(0, |place| place as u8)
}

fn of_code<T: Copy>(all: &[T], code: u8) -> Option<T> {
    all.get(usize::from(code)).copied()
}
