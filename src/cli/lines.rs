//! Standard input, a line at a time and as many as are there. A thread reads, so that a signal or an answer
//! is never kept waiting by a quiet pipe.

use std::io::{self, Read};

use tokio::sync::mpsc;

use super::{Failure, exit::code, reason::Reason};

const READ_BYTES: usize = 64 << 10;
/// Lines of one batch. A buffer holds 32 768 short ones: handed on at once they would go far beyond what a
/// command means to have unanswered, and what a server remembers to know a resend by.
const BATCH_LINES: usize = 1024;
/// Batches read ahead.
const BATCHES: usize = 4;

/// One line, without its end.
#[derive(Debug)]
pub(super) struct Line {
    /// From 1; empty lines count.
    pub(super) number: u64,
    /// The bytes. `None`: longer than was allowed, and passed over.
    pub(super) bytes: Option<Vec<u8>>,
}

/// The lines of stdin.
#[derive(Debug)]
pub(super) struct Lines(mpsc::Receiver<io::Result<Vec<Line>>>);

impl Lines {
    /// Starts reading. A line longer than `bytes_max` is passed over.
    pub(super) fn stdin(bytes_max: usize) -> Result<Self, Failure> {
        let (batches, receiver) = mpsc::channel(BATCHES);
        let started = std::thread::Builder::new().name("contact-stdin".into()).spawn(move || {
            // Locked, or each read would go through another buffer.
            read(io::stdin().lock(), bytes_max, |batch| batches.blocking_send(batch).is_ok());
        });
        started.map_err(|e| Failure::new(code::NO, Reason::System, e.to_string()))?;
        Ok(Lines(receiver))
    }

    /// The lines that have come in. `None`: stdin has ended.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Line>>, Failure> {
        match self.0.recv().await {
            None => Ok(None),
            Some(Ok(batch)) => Ok(Some(batch)),
            Some(Err(e)) => Err(Failure::new(code::BAD_INPUT, Reason::Input, format!("standard input: {e}"))),
        }
    }
}

/// Reads to the end. Stops when `give` says that nobody wants more.
pub(super) fn read(
    mut input: impl Read,
    bytes_max: usize,
    mut give: impl FnMut(io::Result<Vec<Line>>) -> bool,
) {
    let mut buffer = vec![0; READ_BYTES];
    let mut splitter = Splitter { bytes_max, number: 0, open: Vec::new(), too_long: false };
    loop {
        let (mut batch, ended) = match input.read(&mut buffer) {
            Ok(0) => (splitter.end(), true),
            Ok(n) => (splitter.split(&buffer[..n]), false),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => {
                give(Err(e));
                return;
            }
        };
        while !batch.is_empty() {
            let rest = batch.split_off(batch.len().min(BATCH_LINES));
            if !give(Ok(batch)) {
                return;
            }
            batch = rest;
        }
        if ended {
            return;
        }
    }
}

struct Splitter {
    bytes_max: usize,
    number: u64,
    open: Vec<u8>,
    too_long: bool,
}

impl Splitter {
    fn split(&mut self, mut bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        while let Some(end) = bytes.iter().position(|&b| b == b'\n') {
            self.grow(&bytes[..end]);
            lines.extend(self.take());
            bytes = &bytes[end + 1..];
        }
        self.grow(bytes);
        lines
    }

    fn end(&mut self) -> Vec<Line> {
        if self.open.is_empty() && !self.too_long { Vec::new() } else { self.take().into_iter().collect() }
    }

    fn grow(&mut self, bytes: &[u8]) {
        // One more, for a CR that is cut off later.
        if self.open.len() + bytes.len() > self.bytes_max + 1 {
            self.too_long = true;
            self.open = Vec::new();
        }
        if !self.too_long {
            self.open.extend_from_slice(bytes);
        }
    }

    /// The line that has just ended. `None` if it is empty.
    fn take(&mut self) -> Option<Line> {
        self.number += 1;
        let mut bytes = std::mem::take(&mut self.open);
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        let too_long = std::mem::take(&mut self.too_long) || bytes.len() > self.bytes_max;
        let bytes = (!too_long).then_some(bytes);
        (bytes.as_ref().is_none_or(|b| !b.is_empty())).then_some(Line { number: self.number, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::Target;

    /// Gives out one byte at a time.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            buffer[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn lines(input: impl Read, bytes_max: usize) -> Vec<(u64, Option<String>)> {
        let mut all = Vec::new();
        read(input, bytes_max, |batch| {
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
            all.extend(batch.unwrap().into_iter().map(|l| (l.number, l.bytes.map(text))));
            true
        });
        all
    }

    #[test]
    fn lines_are_the_same_however_they_arrive() {
        let input = "a\n\n\r\n任务\r\nb\r\r\nlast";
        let expected = [(1, "a"), (4, "任务"), (5, "b\r"), (6, "last")];
        let expected = expected.map(|(n, text)| (n, Some(text.to_owned())));
        assert_eq!(lines(input.as_bytes(), 6), expected);
        assert_eq!(lines(Drip(input.as_bytes()), 6), expected);
        let short = lines("toolong\nok\ntoolong".as_bytes(), 6);
        assert_eq!(short, [(1, None), (2, Some("ok".to_owned())), (3, None)]);
        assert_eq!(short, lines(Drip(b"toolong\nok\ntoolong"), 6));
    }

    #[test]
    fn a_buffer_of_short_lines_was_one_batch() {
        let mut numbers = Vec::new();
        read("x\n".repeat(100_000).as_bytes(), 6, |batch| {
            let batch = batch.unwrap();
            assert!(batch.len() <= BATCH_LINES);
            numbers.extend(batch.iter().map(|line| line.number));
            true
        });
        assert_eq!(numbers, (1..=100_000).collect::<Vec<u64>>());
    }

    #[test]
    fn fuzz_lines() {
        let seeds = ["a\n\n\r\n任务\r\nb\r\r\nlast", "toolong\nok\ntoolong", "\r\r\r\n"];
        let target = Target {
            name: "lines",
            seeds: seeds.map(|seed| seed.as_bytes().to_vec()).into(),
            words: &["\n", "\r\n", "\r", "xxxxxx", "xxxxxxx"],
            message_at: None,
        };
        let all = |input: &mut dyn Read| {
            let mut all = Vec::new();
            read(input, 6, |batch| {
                all.extend(batch.unwrap().into_iter().map(|line| (line.number, line.bytes)));
                true
            });
            all
        };
        target.run(|mut input| {
            let bytes = input;
            let lines = all(&mut input);
            assert_eq!(all(&mut Drip(bytes)), lines, "however they arrive");
            let ends = bytes.iter().filter(|b| **b == b'\n').count() as u64;
            assert!(lines.is_sorted_by(|a, b| a.0 < b.0) && lines.iter().all(|(n, _)| *n <= ends + 1));
            let too_long = lines.iter().filter(|(_, bytes)| bytes.is_none()).count();
            assert!(lines.iter().flat_map(|(_, bytes)| bytes).all(|bytes| (1..=6).contains(&bytes.len())));
            (lines.len().min(8), too_long.min(4))
        });
    }
}
