//! The figures of a round, as they are printed, and the medians of several.

use std::time::Duration;

use serde::Serialize;

use super::measure::Measured;
use crate::cli::table::Cell;

/// What there is of a round.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Figures {
    pub(super) messages: u64,
    took_ms: f64,
    pub(super) per_second: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    p50_us: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p90_us: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p99_us: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_us: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_cpu_s_per_million: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_cpu_s_per_million: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_peak_kib: Option<u64>,
}

impl Figures {
    pub(super) fn new(measured: &Measured) -> Self {
        let millions = measured.messages as f64 / 1e6;
        let per_million = |seconds: Option<f64>| seconds.map(|seconds| rounded(seconds / millions, 3));
        let us = |value: Option<f64>| value.map(|value| rounded(value, 1));
        let took = measured.took.max(Duration::from_nanos(1)).as_secs_f64();
        Figures {
            messages: measured.messages,
            took_ms: rounded(took * 1e3, 3),
            per_second: rounded(measured.messages as f64 / took, 1),
            p50_us: us(measured.p50),
            p90_us: us(measured.p90),
            p99_us: us(measured.p99),
            max_us: us(measured.max),
            client_cpu_s_per_million: per_million(measured.client_cpu),
            server_cpu_s_per_million: per_million(measured.server_cpu),
            server_peak_kib: measured.server_peak_kib,
        }
    }

    /// The median of each figure, and the highest of what is a highest by itself.
    pub(super) fn median(rounds: &[Figures]) -> Self {
        let of = |figure: fn(&Figures) -> Option<f64>| median(rounds.iter().filter_map(figure).collect());
        Figures {
            messages: of(|f| Some(f.messages as f64)).unwrap_or_default() as u64,
            took_ms: of(|f| Some(f.took_ms)).unwrap_or_default(),
            per_second: of(|f| Some(f.per_second)).unwrap_or_default(),
            p50_us: of(|f| f.p50_us),
            p90_us: of(|f| f.p90_us),
            p99_us: of(|f| f.p99_us),
            max_us: rounds.iter().filter_map(|f| f.max_us).reduce(f64::max),
            client_cpu_s_per_million: of(|f| f.client_cpu_s_per_million),
            server_cpu_s_per_million: of(|f| f.server_cpu_s_per_million),
            server_peak_kib: rounds.iter().filter_map(|f| f.server_peak_kib).max(),
        }
    }

    /// Its row of a table.
    pub(super) fn row(&self, name: &str) -> Vec<Cell> {
        let number = |value: Option<f64>, digits: usize| {
            Cell::text(value.map(|value| format!("{value:.digits$}")).unwrap_or_default())
        };
        vec![
            Cell::text(name),
            Cell::count(self.messages),
            number(Some(self.per_second), 0),
            number(self.p50_us, 1),
            number(self.p90_us, 1),
            number(self.p99_us, 1),
            number(self.max_us, 1),
            number(self.client_cpu_s_per_million, 2),
            number(self.server_cpu_s_per_million, 2),
            number(self.server_peak_kib.map(|kib| kib as f64 / 1024.0), 1),
        ]
    }
}

/// The lowest and the highest rate.
pub(super) fn spread(rounds: &[Figures]) -> (f64, f64) {
    rounds.iter().fold((f64::MAX, 0.0), |(low, high), f| (low.min(f.per_second), high.max(f.per_second)))
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len().checked_sub(1)? / 2;
    match values.len() % 2 {
        1 => Some(values[middle]),
        _ => Some((values[middle] + values[middle + 1]) / 2.0),
    }
}

/// To so many digits behind the point.
pub(super) fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_in_the_middle_and_the_highest_is_the_highest() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0]), Some(3.0));
        assert_eq!(median(vec![9.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(vec![9.0, 1.0, 3.0, 5.0]), Some(4.0));
        let round = |per_second: u64, max: f64| {
            Figures::new(&Measured {
                messages: per_second * 2,
                took: Duration::from_secs(2),
                max: Some(max),
                server_cpu: Some(1.0),
                ..Measured::default()
            })
        };
        let rounds = [round(1_000_000, 7.0), round(4_000_000, 9.0), round(2_000_000, 3.0)];
        let all = Figures::median(&rounds);
        assert_eq!((all.messages, all.per_second, all.max_us), (4_000_000, 2e6, Some(9.0)));
        assert_eq!(all.server_cpu_s_per_million, Some(0.25));
        assert_eq!(all.p50_us, None);
        assert_eq!(spread(&rounds), (1e6, 4e6));
    }
}
