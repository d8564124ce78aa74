//! Writing results: the rows of one commit, one after the other, and where their tasks stand in them.

use std::collections::HashMap;

use super::{
    super::{
        facts::{code_of_end, zigzag},
        machine::words::{State, Word},
    },
    index::Run,
    row::{Before, Event, ResultRow, STATES, Said, WORDS, What, code_of, tag},
};
use crate::server::engine::frames::put_varint;

/// A row is closed when it has this many bytes,
const ROW_BYTES: usize = 256 << 10;
/// or so many events: whoever looks for one of them reads those before it.
const ROW_EVENTS: u64 = 4096;

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
    /// The one that was named last: most often it is the next one too.
    last_client: (String, u64),
    names: Vec<u8>,
    before: Before,
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
        Open { first_n, ..Open::default() }
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
        if self.last_client.0 == name {
            return self.last_client.1;
        }
        let number = match self.clients.get(name) {
            Some(number) => *number,
            None => {
                let number = self.clients.len() as u64 + 1;
                self.clients.insert(name.into(), number);
                put_varint(&mut self.names, name.len() as u64);
                self.names.extend_from_slice(name.as_bytes());
                number
            }
        };
        self.last_client.0.clear();
        self.last_client.0.push_str(name);
        self.last_client.1 = number;
        number
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            super::machine::{GroupNo, words::End},
            row::Unreadable,
        },
        *,
    };
    use crate::server::engine::results::Answer;

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
