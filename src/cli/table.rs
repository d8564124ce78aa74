//! A table of text: columns under a header, as wide as what stands in them. It may be printed in parts: the
//! columns then grow with what comes and never shrink.

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::json;

/// Between two columns.
const GAP: usize = 2;
/// Where something was cut off.
const CUT: char = '…';

/// A column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    name: &'static str,
    is_right: bool,
}

/// A column of words.
pub(super) const fn words(name: &'static str) -> Column {
    Column { name, is_right: false }
}

/// A column of numbers: they stand to the right.
pub(super) const fn numbers(name: &'static str) -> Column {
    Column { name, is_right: true }
}

/// What stands in one column of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A text, without what would move the cursor.
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        Cell { text: json::escape(text.as_ref()), style: Style::new() }
    }

    /// A number. None of something is dimmed: it is not what one looks for.
    pub(super) fn count(n: u64) -> Self {
        let style = if n == 0 { Style::new().dimmed() } else { Style::new() };
        Cell { text: n.to_string(), style }
    }

    /// Something that is no good, if it is there.
    pub(super) fn bad(self) -> Self {
        self.coloured(AnsiColor::Red)
    }

    /// Something to look at, if it is there.
    pub(super) fn notable(self) -> Self {
        self.coloured(AnsiColor::Yellow)
    }

    /// Something that goes well.
    pub(super) fn good(self) -> Self {
        self.coloured(AnsiColor::Green)
    }

    /// Something that is there to be complete.
    pub(super) fn dim(self) -> Self {
        Cell { style: Style::new().dimmed(), ..self }
    }

    fn coloured(self, colour: AnsiColor) -> Self {
        if self.text == "0" {
            self
        } else {
            Cell { style: Style::new().fg_color(Some(colour.into())), ..self }
        }
    }
}

/// A table that is being printed.
#[derive(Debug)]
pub(super) struct Table {
    columns: &'static [Column],
    widths: Vec<usize>,
    colour: bool,
    /// The width of the screen: nothing goes beyond it.
    width: Option<usize>,
    has_header: bool,
}

impl Table {
    pub(super) fn new(columns: &'static [Column], colour: bool, width: Option<usize>) -> Self {
        let widths = columns.iter().map(|column| column.name.width()).collect();
        Table { columns, widths, colour, width, has_header: false }
    }

    /// These rows as lines, below the header if they are the first.
    pub(super) fn lines(&mut self, rows: &[Vec<Cell>]) -> Vec<String> {
        for row in rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.width());
            }
        }
        let mut lines = Vec::with_capacity(rows.len() + 1);
        if !std::mem::replace(&mut self.has_header, true) {
            let header: Vec<Cell> = self.columns.iter().map(|column| Cell::text(column.name).dim()).collect();
            lines.push(self.line(&header));
        }
        lines.extend(rows.iter().map(|row| self.line(row)));
        lines
    }

    fn line(&self, row: &[Cell]) -> String {
        let mut line = String::new();
        let mut blanks = 0;
        let mut left = self.width.unwrap_or(usize::MAX);
        for ((cell, column), width) in row.iter().zip(self.columns).zip(&self.widths) {
            let pad = width - cell.text.width();
            if column.is_right {
                blanks += pad;
            }
            if !cell.text.is_empty() {
                if left <= blanks {
                    break;
                }
                left -= blanks;
                line.extend(std::iter::repeat_n(' ', std::mem::take(&mut blanks)));
                let text = cut(&cell.text, left);
                left -= text.width();
                let style = if self.colour { cell.style } else { Style::new() };
                line += &format!("{style}{text}{style:#}");
            }
            if !column.is_right {
                blanks += pad;
            }
            // Not written before something follows: no line ends in blanks.
            blanks += GAP;
        }
        line
    }
}

/// As much of a text as has room.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let fits = |c: &char| {
        let width = c.width().unwrap_or_default();
        let has_room = width <= left;
        left = left.saturating_sub(width);
        has_room
    };
    let mut shown: String = text.chars().take_while(fits).collect();
    shown.push(CUT);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[words("QUEUE"), numbers("TASKS"), words("TASK")];

    fn row(queue: &str, tasks: u64, task: &str) -> Vec<Cell> {
        vec![Cell::text(queue), Cell::count(tasks), Cell::text(task)]
    }

    #[test]
    fn words_stand_left_and_numbers_right_whatever_they_are_written_in() {
        let mut table = Table::new(COLUMNS, false, None);
        let lines =
            table.lines(&[row("default", 7, "任务:1"), row("a", 123_456, ""), row("任务", 1, "x\ny")]);
        let expected =
            ["QUEUE     TASKS  TASK", "default       7  任务:1", "a        123456", "任务          1  x\\ny"];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_table_in_parts_has_one_header_and_columns_that_only_grow() {
        let mut table = Table::new(COLUMNS, false, None);
        assert_eq!(table.lines(&[row("a", 1, "x")]), ["QUEUE  TASKS  TASK", "a          1  x"]);
        assert_eq!(table.lines(&[row("a-longer-one", 1, "x")]), ["a-longer-one      1  x"]);
        assert_eq!(table.lines(&[row("a", 1, "x")]), ["a                 1  x"]);
        assert_eq!(Table::new(COLUMNS, false, None).lines(&[]), ["QUEUE  TASKS  TASK"]);
    }

    #[test]
    fn nothing_goes_beyond_the_screen() {
        let rows = [row("default", 7, "任务:1"), row("default", 7, "a long text")];
        for width in 1..30 {
            for line in Table::new(COLUMNS, false, Some(width)).lines(&rows) {
                assert!(line.width() <= width, "{width}: {line:?}");
            }
        }
        let lines = Table::new(COLUMNS, false, Some(21)).lines(&rows);
        assert_eq!(lines[1..], ["default      7  任务…", "default      7  a lo…"]);
    }

    #[test]
    fn colour_is_for_terminals_and_takes_no_room() {
        let rows = [vec![Cell::text("a"), Cell::count(3).bad(), Cell::text("x")]];
        let lines = Table::new(COLUMNS, true, None).lines(&rows);
        assert_eq!(lines[1], "a          \u{1b}[31m3\u{1b}[0m  x");
        assert_eq!(Cell::count(0).bad(), Cell::count(0));
    }
}
