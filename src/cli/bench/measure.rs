//! What is measured: time, latencies, processor seconds and memory.

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

/// Of a latency so many digits are kept.
const DIGITS: u8 = 3;
/// Ticks of processor time in a second, as /proc counts on every Linux.
const TICKS: f64 = 100.0;

/// The time.
#[allow(clippy::disallowed_methods, reason = "measures stretches of real time")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// The latencies of a round, from all its connections.
#[derive(Debug, Clone)]
pub(super) struct Latencies(Arc<Mutex<Option<Histogram<u64>>>>);

impl Latencies {
    pub(super) fn new() -> Self {
        // With so many digits there always is one.
        Latencies(Arc::new(Mutex::new(Histogram::new(DIGITS).ok())))
    }

    /// Forgets what there was.
    pub(super) fn clear(&self) {
        if let Some(histogram) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            histogram.reset();
        }
    }

    /// So many messages took this long.
    pub(super) fn record(&self, took: Duration, n: u64) {
        self.record_nanoseconds(took.as_nanos() as u64, n);
    }

    /// As [`record`](Self::record), in nanoseconds.
    pub(super) fn record_nanoseconds(&self, took: u64, n: u64) {
        if let Some(histogram) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            // It grows as far as it must.
            let _ = histogram.record_n(took, n);
        }
    }

    fn microseconds(&self, read: impl Fn(&Histogram<u64>) -> u64) -> Option<f64> {
        let histogram = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        histogram.as_ref().filter(|h| !h.is_empty()).map(|h| read(h) as f64 / 1e3)
    }
}

/// One round, as it was measured.
#[derive(Debug, Clone, Default)]
pub(super) struct Measured {
    pub(super) messages: u64,
    pub(super) took: Duration,
    /// In microseconds, where a message has a latency.
    pub(super) p50: Option<f64>,
    pub(super) p90: Option<f64>,
    pub(super) p99: Option<f64>,
    pub(super) max: Option<f64>,
    /// Processor seconds of this side, and of a server whose process is known.
    pub(super) client_cpu: Option<f64>,
    pub(super) server_cpu: Option<f64>,
    /// The most memory that such a server has had so far.
    pub(super) server_peak_kib: Option<u64>,
}

/// Measures from its beginning to its end.
pub(super) struct Meter {
    server: Option<u32>,
    began: Instant,
    client_cpu: Option<f64>,
    server_cpu: Option<f64>,
}

impl Meter {
    /// `server`: its process, if it is known.
    pub(super) fn start(server: Option<u32>) -> Self {
        let (client_cpu, server_cpu) = (own_cpu(), server.and_then(cpu));
        Meter { server, client_cpu, server_cpu, began: now() }
    }

    pub(super) fn stop(self, messages: u64, latencies: &Latencies) -> Measured {
        let took = now() - self.began;
        let since = |before: Option<f64>, now: Option<f64>| Some(now? - before?);
        Measured {
            messages,
            took,
            p50: latencies.microseconds(|h| h.value_at_quantile(0.5)),
            p90: latencies.microseconds(|h| h.value_at_quantile(0.9)),
            p99: latencies.microseconds(|h| h.value_at_quantile(0.99)),
            max: latencies.microseconds(Histogram::max),
            client_cpu: since(self.client_cpu, own_cpu()),
            server_cpu: since(self.server_cpu, self.server.and_then(cpu)),
            server_peak_kib: self.server.and_then(|pid| memory_kib(pid, "VmHWM:")),
        }
    }
}

/// Processor seconds of this process, and of its children that have ended.
fn own_cpu() -> Option<f64> {
    ticks("self", &[14, 15, 16, 17])
}

/// Processor seconds of a process.
fn cpu(pid: u32) -> Option<f64> {
    ticks(&pid.to_string(), &[14, 15])
}

/// The sum of some fields of a process's stat, counted from 1 as in proc(5), in seconds.
fn ticks(process: &str, fields: &[usize]) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second one is the name, in parentheses, and may have anything in it.
    let rest: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks: Option<f64> = fields.iter().map(|n| rest.get(n - 3)?.parse::<f64>().ok()).sum();
    Some(ticks? / TICKS)
}

/// What a process's status says of its memory under a name.
pub(super) fn memory_kib(pid: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}
