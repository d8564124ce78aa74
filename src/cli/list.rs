//! Lists: a page after the other from the server, each item a line of JSON or a row of a table. Followed, the
//! list is asked for again and again: what has changed is a line, and on a terminal the table is drawn anew in
//! its place.

use std::{
    collections::BTreeMap,
    io::IsTerminal,
    time::{Duration, SystemTime},
};

use clap::Args;
use serde::Serialize;

use super::{
    Context, Failure, Format,
    caller::Caller,
    output::Output,
    table::{Cell, Column, Table},
    time,
};

/// Items of a page.
const PAGE_ITEMS: u32 = 1000;

/// What is listed.
pub(super) trait List {
    /// One item, as it is printed.
    type Item: Serialize + PartialEq;
    /// Where the next page goes on.
    type Place;
    /// The page at a place, with at most so many items, and where the next one goes on if there is more.
    async fn page(
        &mut self,
        caller: &mut Caller<'_>,
        at: Option<Self::Place>,
        limit: u32,
    ) -> Result<(Vec<Self::Item>, Option<Self::Place>), Failure>;
    /// What an item is known by.
    fn key(item: &Self::Item) -> String;
    /// The table's columns,
    fn columns(&self) -> &'static [Column];
    /// and an item's row.
    fn row(&self, item: &Self::Item, now: SystemTime) -> Vec<Cell>;
    /// Rows of the table that belong to an item and stand under its own.
    fn more_rows(&self, _item: &Self::Item, _now: SystemTime) -> Vec<Vec<Cell>> {
        Vec::new()
    }
    /// What stands under an item's rows and has columns of its own.
    fn below(&self, _item: &Self::Item, _now: SystemTime, _colour: bool) -> Vec<String> {
        Vec::new()
    }
}

/// The flags of a list that can be followed.
#[derive(Debug, Args)]
pub(super) struct Follow {
    /// Go on and show what changes, until it is stopped
    #[arg(short, long)]
    watch: bool,

    /// How often to look
    #[arg(long, value_name = "DURATION", default_value = "1s", requires = "watch",
          value_parser = time::positive_duration)]
    every: Duration,
}

impl Follow {
    /// Whether the list is to be followed.
    pub(super) fn is_asked(&self) -> bool {
        self.watch
    }
}

/// Prints a list, at most `max` items of it; follows it if that is asked for.
pub(super) async fn run<L: List>(
    mut list: L,
    context: &Context,
    out: &mut Output,
    follow: &Follow,
    max: Option<u64>,
) -> Result<u8, Failure> {
    let mut caller = Caller::new(context);
    if !follow.watch {
        let mut table = table(&list, out);
        print_all(&mut list, &mut caller, out, &mut table, max).await?;
        return Ok(0);
    }
    let (mut known, mut drawn) = (BTreeMap::new(), Drawn::default());
    loop {
        let mut items = Vec::new();
        let mut pages = Pages::new(max);
        while let Some(page) = pages.next(&mut list, &mut caller).await? {
            items.extend(page);
        }
        match out.format {
            Format::Json => print_changes::<L>(out, &mut known, items).await?,
            Format::Text => {
                let lines = lines(&list, &mut table(&list, out), items.iter(), out.colour);
                drawn.draw(out, lines).await?;
            }
        }
        out.flush().await?;
        tokio::time::sleep(follow.every).await;
    }
}

/// Prints a list, a page after the other: at most `max` items of it. The table may have been begun.
pub(super) async fn print_all<L: List>(
    list: &mut L,
    caller: &mut Caller<'_>,
    out: &mut Output,
    table: &mut Table,
    max: Option<u64>,
) -> Result<(), Failure> {
    let mut pages = Pages::new(max);
    while let Some(items) = pages.next(list, caller).await? {
        match out.format {
            Format::Json => {
                for item in &items {
                    out.line(item, String::new).await?;
                }
            }
            Format::Text => print(out, &lines(list, table, items.iter(), out.colour)).await?,
        }
        out.flush().await?;
    }
    Ok(())
}

/// Prints one item: a line, or a table of one row.
pub(super) async fn print_one<L: List>(list: &L, out: &mut Output, item: &L::Item) -> Result<(), Failure> {
    match out.format {
        Format::Json => out.line(item, String::new).await,
        Format::Text => {
            let lines = lines(list, &mut table(list, out), std::iter::once(item), out.colour);
            print(out, &lines).await
        }
    }
}

/// Prints lines of text; not for JSON.
pub(super) async fn print(out: &mut Output, lines: &[String]) -> Result<(), Failure> {
    for line in lines {
        out.line(&(), || line.clone()).await?;
    }
    Ok(())
}

/// The width and height of the terminal that is printed to, if it is one.
pub(super) fn screen() -> Option<(usize, usize)> {
    let stdout = std::io::stdout();
    let size = stdout.is_terminal().then(|| rustix::termios::tcgetwinsize(&stdout).ok()).flatten()?;
    // A terminal that does not know its size says 0.
    (size.ws_col > 0 && size.ws_row > 0).then(|| (size.ws_col.into(), size.ws_row.into()))
}

/// An empty table for a list.
pub(super) fn table<L: List>(list: &L, out: &Output) -> Table {
    Table::new(list.columns(), out.colour, screen().map(|(width, _)| width))
}

/// Items as lines of text: each its rows, and what stands below them.
#[allow(clippy::disallowed_methods, reason = "ages are shown to people")]
fn lines<'a, L: List>(
    list: &L,
    table: &mut Table,
    items: impl Iterator<Item = &'a L::Item>,
    colour: bool,
) -> Vec<String>
where
    L::Item: 'a,
{
    let now = SystemTime::now();
    let (mut rows, mut below) = (Vec::new(), Vec::new());
    for item in items {
        rows.push(list.row(item, now));
        rows.extend(list.more_rows(item, now));
        // All rows first: each column is as wide as the widest of them.
        below.push((rows.len(), list.below(item, now, colour)));
    }
    let mut lines = table.lines(&rows);
    let header = lines.len() - rows.len();
    for (at, below) in below.into_iter().rev() {
        lines.splice(header + at..header + at, below);
    }
    lines
}

/// The pages of a list, from the first one.
struct Pages<L: List> {
    /// `None`: there are no more.
    at: Option<Option<L::Place>>,
    left: u64,
}

impl<L: List> Pages<L> {
    fn new(max: Option<u64>) -> Self {
        Pages { at: Some(None), left: max.unwrap_or(u64::MAX) }
    }

    async fn next(&mut self, list: &mut L, caller: &mut Caller<'_>) -> Result<Option<Vec<L::Item>>, Failure> {
        let Some(at) = self.at.take() else { return Ok(None) };
        let limit = self.left.min(PAGE_ITEMS.into()) as u32;
        let (mut items, next) = list.page(caller, at, limit).await?;
        items.truncate(limit as usize);
        self.left -= items.len() as u64;
        self.at = next.filter(|_| self.left > 0).map(Some);
        Ok(Some(items))
    }
}

/// An item that is no more in the list, as it was.
#[derive(Serialize)]
struct Gone<'a, T> {
    #[serde(flatten)]
    item: &'a T,
    gone: bool,
}

/// A line for each item that is new, has changed, or has gone.
async fn print_changes<L: List>(
    out: &mut Output,
    known: &mut BTreeMap<String, L::Item>,
    items: Vec<L::Item>,
) -> Result<(), Failure> {
    let mut before = std::mem::take(known);
    for item in items {
        let key = L::key(&item);
        if before.remove(&key).as_ref() != Some(&item) {
            out.line(&item, String::new).await?;
        }
        known.insert(key, item);
    }
    for item in before.values() {
        out.line(&Gone { item, gone: true }, String::new).await?;
    }
    Ok(())
}

/// A table that is drawn again and again.
#[derive(Default)]
struct Drawn {
    /// Lines on the screen.
    lines: usize,
    /// Before, where there is no screen.
    before: Vec<String>,
}

impl Drawn {
    async fn draw(&mut self, out: &mut Output, mut lines: Vec<String>) -> Result<(), Failure> {
        match screen() {
            Some((_, height)) => {
                // The last line of the screen is the cursor's.
                let room = height.saturating_sub(1).max(2);
                if lines.len() > room {
                    let more = lines.split_off(room - 1).len();
                    lines.push(format!("… {more} more"));
                }
                if self.lines > 0 {
                    out.raw(format!("\x1b[{}A", self.lines).as_bytes());
                }
                out.raw(b"\r\x1b[J");
                self.lines = lines.len();
                print(out, &lines).await
            }
            // Into a file or a pipe each change is a table of its own.
            None if lines != self.before => {
                if !self.before.is_empty() {
                    print(out, &[String::new()]).await?;
                }
                print(out, &lines).await?;
                self.before = lines;
                Ok(())
            }
            None => Ok(()),
        }
    }
}
