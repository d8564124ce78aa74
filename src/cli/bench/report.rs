//! What was measured, as lines of JSON or a table.

use serde::Serialize;

use super::{
    Settings,
    figures::{Figures, rounded, spread},
    measure::Measured,
};
use crate::cli::{
    Failure, Format,
    output::Output,
    table::{Cell, Column, Table, numbers, words},
};

const COLUMNS: &[Column] = &[
    words("ROUND"),
    numbers("MESSAGES"),
    numbers("PER SECOND"),
    numbers("P50 µs"),
    numbers("P90 µs"),
    numbers("P99 µs"),
    numbers("MAX µs"),
    numbers("CLIENT CPU s/M"),
    numbers("SERVER CPU s/M"),
    numbers("PEAK MiB"),
];

/// The rounds so far.
pub(super) struct Report {
    name: &'static str,
    settings: Settings,
    rounds: Vec<Measured>,
    /// The server's memory for each idle watcher.
    pub(super) watcher_kib: Option<f64>,
    /// The tasks lie in a queue that was named: they stay.
    pub(super) is_queue_named: bool,
}

/// A round as JSON. Its shape is frozen: see tests/bench.rs.
#[derive(Serialize)]
struct RoundLine<'a> {
    bench: &'a str,
    round: usize,
    #[serde(flatten)]
    figures: Figures,
    #[serde(flatten)]
    settings: &'a Settings,
}

/// All rounds as JSON. Its shape is frozen: see tests/bench.rs.
#[derive(Serialize)]
struct SummaryLine<'a> {
    bench: &'a str,
    rounds: usize,
    #[serde(flatten)]
    figures: Figures,
    per_second_min: f64,
    per_second_max: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    watcher_kib: Option<f64>,
    #[serde(flatten)]
    settings: &'a Settings,
}

impl Report {
    pub(super) fn new(name: &'static str, settings: Settings) -> Self {
        Report { name, settings, rounds: Vec::new(), watcher_kib: None, is_queue_named: false }
    }

    /// Adds a round. As JSON it is printed at once.
    pub(super) async fn round(&mut self, measured: Measured, out: &mut Output) -> Result<(), Failure> {
        let figures = Figures::new(&measured);
        self.rounds.push(measured);
        if out.format == Format::Text {
            return Ok(());
        }
        let line =
            RoundLine { bench: self.name, round: self.rounds.len(), figures, settings: &self.settings };
        out.line(&line, String::new).await?;
        out.flush().await
    }

    /// What all rounds say, if there was any.
    pub(super) async fn finish(&self, out: &mut Output) -> Result<(), Failure> {
        let rounds: Vec<Figures> = self.rounds.iter().map(Figures::new).collect();
        if rounds.is_empty() {
            return Ok(());
        }
        let (figures, (low, high)) = (Figures::median(&rounds), spread(&rounds));
        if out.format == Format::Text {
            for line in self.table(&rounds, &figures, low, high, out) {
                out.line(&(), || line).await?;
            }
            return Ok(());
        }
        let line = SummaryLine {
            bench: self.name,
            rounds: rounds.len(),
            figures,
            per_second_min: low,
            per_second_max: high,
            watcher_kib: self.watcher_kib.map(|kib| rounded(kib, 1)),
            settings: &self.settings,
        };
        out.line(&line, String::new).await
    }

    fn table(&self, rounds: &[Figures], median: &Figures, low: f64, high: f64, out: &Output) -> Vec<String> {
        let mut rows: Vec<Vec<Cell>> =
            rounds.iter().enumerate().map(|(n, figures)| figures.row(&(n + 1).to_string())).collect();
        rows.push(median.row("median"));
        let mut lines = vec![format!("{}: {}", self.name, self.settings)];
        // The whole table: a bench is read on a wide screen, or into a file.
        lines.extend(Table::new(COLUMNS, out.colour, None).lines(&rows));
        let around = if median.per_second > 0.0 { (high - low) / median.per_second * 100.0 } else { 0.0 };
        lines.push(format!("from {low:.0} to {high:.0} a second: a spread of {around:.0} %"));
        lines.extend(
            self.watcher_kib.map(|kib| format!("{kib:.1} KiB of the server's memory for each idle watcher")),
        );
        lines
    }
}

impl std::fmt::Display for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.size)?;
        for (n, what) in [
            (self.clients, "clients"),
            (self.watchers, "watchers"),
            (self.queues, "queues"),
            (self.groups, "groups"),
            (self.members, "members"),
            (self.in_flight, "in flight"),
            (self.threads.map(u32::from), "threads"),
        ] {
            if let Some(n) = n {
                write!(f, ", {what} {n}")?;
            }
        }
        if self.decoded.is_some() {
            write!(f, ", decoded")?;
        }
        if self.own_ids.is_some() {
            write!(f, ", ids of their own")?;
        }
        if let Some(until) = self.until {
            write!(f, ", until the {until}")?;
        }
        match self.store {
            Some(store) => write!(f, "; a server of its own, store {store}"),
            None => Ok(()),
        }
    }
}
