//! The counts that are kept, and how they are held against those of today. The tests are in `tests/counts.rs`.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::{Context, bail};

/// A count may be so much more or less than the one that is kept.
const BOUND: f64 = 0.05;

/// Counts, and what else than the code decided about them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Book {
    /// The versions of compiler, C library and valgrind.
    pub(crate) made_with: String,
    /// Instructions of one item, by the piece's name.
    pub(crate) counts: BTreeMap<String, f64>,
}

const HEAD: &str = "\
# Instructions of one item of each piece of the hot path: see benches/counts/main.rs.
# `just counts` holds today's against them, `just counts-write` writes them.
";
const MADE_WITH: &str = "# made with: ";

impl Book {
    /// Reads the file.
    pub(crate) fn read(text: &str) -> anyhow::Result<Self> {
        let made_with = text.lines().find_map(|line| line.strip_prefix(MADE_WITH));
        let mut book = Book { made_with: made_with.unwrap_or("?").to_owned(), counts: BTreeMap::new() };
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            let read = || {
                let (name, count) = line.split_once(' ')?;
                let count: f64 = count.trim().parse().ok()?;
                (count.is_finite() && count > 0.0).then(|| (name.to_owned(), count))
            };
            let (name, count) = read().with_context(|| format!("{line:?} is no name and count"))?;
            if book.counts.insert(name, count).is_some() {
                bail!("{line:?} is the second count of its piece");
            }
        }
        Ok(book)
    }

    /// The file.
    pub(crate) fn show(&self) -> String {
        let mut text = format!("{HEAD}{MADE_WITH}{}\n", self.made_with);
        for (name, count) in &self.counts {
            let _ = writeln!(text, "{name:<16} {count:>9.1}");
        }
        text
    }
}

/// Holds counts against those that are kept: a table to be shown, and whether what is kept is true.
///
/// Fewer instructions are no failure of the code, but they are one of the file: if it kept the old count, all that was won
/// could be lost again unseen.
pub(crate) fn compare(kept: &Book, counted: &Book) -> (String, bool) {
    let mut shown = String::new();
    let mut is_true = true;
    let mut line = |name: &str, before: Option<f64>, now: Option<f64>, word: &str| {
        let number = |count: Option<f64>| count.map_or("-".into(), |count| format!("{count:.1}"));
        let change = before
            .zip(now)
            .map_or(String::new(), |(before, now)| format!("{:+.1} %", (now / before - 1.0) * 100.0));
        let text = format!("{name:<16} {:>9} {:>9} {change:>9}  {word}", number(before), number(now));
        let _ = writeln!(shown, "{}", text.trim_end());
        is_true &= word.is_empty();
    };
    for (name, &now) in &counted.counts {
        let before = kept.counts.get(name).copied();
        let word = match before.map(|before| now / before - 1.0) {
            None => "NEW: just counts-write",
            Some(change) if change > BOUND => "MORE: find out why",
            Some(change) if change < -BOUND => "LESS: well done, just counts-write",
            Some(_) => "",
        };
        line(name, before, Some(now), word);
    }
    for (name, &before) in kept.counts.iter().filter(|(name, _)| !counted.counts.contains_key(*name)) {
        line(name, Some(before), None, "GONE: just counts-write");
    }
    if !is_true {
        let _ = writeln!(
            shown,
            "A count may be {:.0} % off. Where more is meant: `just counts-write`, and say in the commit why.",
            BOUND * 100.0
        );
        if kept.made_with != counted.made_with {
            let _ = writeln!(
                shown,
                "It may be none of the code's doing: counted with {}, kept from {}.",
                counted.made_with, kept.made_with
            );
        }
    }
    (shown, is_true)
}

/// The instructions in what callgrind has written.
pub(crate) fn instructions(text: &str) -> anyhow::Result<u64> {
    let all = text.lines().find_map(|line| line.strip_prefix("totals: ")).context("no totals")?;
    match all.trim().parse()? {
        0 => bail!("no instruction was counted: is the function that is counted called otherwise?"),
        all => Ok(all),
    }
}
