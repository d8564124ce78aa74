//! The figures of the agent: a question and its answer, as a whole process each time, beside what it is made of.

use std::{
    process::{Child, Command, Stdio},
    time::Instant,
};

use super::{Figures, fdatasync_p50_us, median, server::Server};

/// The names of the figures: their ratio is shown beside them.
pub(crate) const ROUND_TRIP: &str = "submit --wait x against run -- cat, p50 (ms)";
pub(crate) const SUBMIT: &str = "submit x, whole process, p50 (ms)";
pub(crate) const CAT: &str = "/bin/cat </dev/null, p50 (ms)";
pub(crate) const COMMIT: &str = "one synced write, p50 (ms)";

/// Round trips one after another. What they are compared with is measured between them, so that whatever else the
/// machine does is done to both.
pub(crate) fn measure(figures: &mut Figures, trips: u64) {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let mut agent = server.contact(&["run", "--", "cat"]);
    // So that the agent is there when the first one asks.
    trip(|| server.contact(&["submit", "--wait", "x"]));
    let [mut waited, mut submitted, mut cats] = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..trips {
        waited.push(trip(|| server.contact(&["submit", "--wait", "x"])));
        // Of a queue that the agent does not watch.
        submitted.push(trip(|| server.contact(&["submit", "-q", "other", "x"])));
        cats.push(trip(|| Command::new("/bin/cat").stdin(Stdio::null()).spawn().unwrap()));
    }
    figures.add(ROUND_TRIP, median(&mut waited));
    figures.add(SUBMIT, median(&mut submitted));
    figures.add(CAT, median(&mut cats));
    figures.add(COMMIT, fdatasync_p50_us(dir.path()) / 1e3);
    agent.kill().unwrap();
    agent.wait().unwrap();
}

/// How long it takes to start it and to see its end, in milliseconds.
fn trip(start: impl FnOnce() -> Child) -> f64 {
    let began = Instant::now();
    assert!(start().wait().unwrap().success());
    began.elapsed().as_secs_f64() * 1e3
}
