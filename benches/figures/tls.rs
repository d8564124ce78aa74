//! What TLS costs: the same with and without it, in turn.

use std::time::Instant;

use contact::pb;

use super::{Figures, Server, median, one_by_one_p50_us, pipelined, timed, watch};

/// How often a whole process is started.
const PROCESSES: usize = 50;

/// Takes each figure of a server in plain text and of one that speaks TLS.
pub(crate) async fn measure(figures: &mut Figures, n: u64) {
    for (flags, how) in [(&[][..], "plain"), (&["--dev-tls"], "TLS")] {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start_with(&dir.path().join("data"), flags);
        let channel = server.connect().await;
        let (seconds, cpu) = timed(&server, pipelined(channel.clone(), n, 4096)).await;
        figures.add(&format!("{how}: submit, 4096 in flight (1/s)"), n as f64 / seconds);
        figures.add(&format!("{how}: submit (server CPU s per M)"), cpu / n as f64 * 1e6);
        let name = format!("{how}: submit, 1 in flight, p50 (µs)");
        figures.add(&name, one_by_one_p50_us(channel.clone(), 3000).await);
        let (seconds, cpu) = timed(&server, watch(channel, n)).await;
        figures.add(&format!("{how}: watch a backlog (1/s)"), n as f64 / seconds);
        figures.add(&format!("{how}: watch (server CPU s per M)"), cpu / n as f64 * 1e6);

        let before = server.memory_kib();
        let (mut held, mut times) = (Vec::new(), Vec::new());
        for _ in 0..1000 {
            let began = Instant::now();
            let mut client = pb::contact_client::ContactClient::new(server.connect().await);
            held.push(client.get_task(of_nothing()).await.unwrap());
            times.push(began.elapsed().as_secs_f64() * 1e6);
        }
        figures.add(&format!("{how}: connect and open a watch, p50 (µs)"), median(&mut times));
        figures.add(&format!("{how}: idle connection (KiB)"), (server.memory_kib() - before) / 1000.0);

        let mut times = Vec::new();
        for _ in 0..PROCESSES {
            let began = Instant::now();
            assert!(server.contact(&["send-status", "x"]).wait().unwrap().success());
            times.push(began.elapsed().as_secs_f64() * 1e3);
        }
        figures.add(&format!("{how}: send-status, whole process, p50 (ms)"), median(&mut times));
    }
}

/// A watch of a queue with nothing in it.
fn of_nothing() -> pb::Watch {
    let queue = pb::Position { queue: "other".to_owned(), ..pb::Position::default() };
    pb::Watch { queues: vec![queue], ..pb::Watch::default() }
}
