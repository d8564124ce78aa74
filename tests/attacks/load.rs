//! What a server costs: memory, processor time, sockets.

use std::time::{Duration, Instant};

use crate::common::Server;

/// Ticks of the processor in a second, as Linux counts them.
const TICKS_IN_SECOND: u64 = 100;

/// A server's process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load(u32);

impl Load {
    /// Of this server.
    pub(crate) fn of(server: &Server) -> Load {
        Load(server.child.id())
    }

    /// Memory now.
    pub(crate) fn memory_kib(self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most memory since [`Self::forget_peak`].
    pub(crate) fn peak_kib(self) -> u64 {
        self.status("VmHWM:")
    }

    pub(crate) fn forget_peak(self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.0), "5").unwrap();
    }

    /// Open sockets.
    pub(crate) fn sockets(self) -> usize {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.0)).unwrap().flatten();
        let is_socket = |link: std::path::PathBuf| link.to_string_lossy().starts_with("socket:");
        open.filter(|fd| std::fs::read_link(fd.path()).is_ok_and(is_socket)).count()
    }

    /// Processor time so far.
    pub(crate) fn processor(self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks: u64 = fields[11..13].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 1000 / TICKS_IN_SECOND)
    }

    /// Waits until it has no more than so many sockets and does nothing for a quarter of a second. How long that took.
    pub(crate) fn is_idle(self, sockets: usize) -> Duration {
        let began = Instant::now();
        let mut quiet = (self.processor(), Instant::now());
        crate::common::until("the server is idle", || {
            let processor = self.processor();
            if processor - quiet.0 > Duration::from_millis(10) || self.sockets() > sockets {
                quiet = (processor, Instant::now());
            }
            (quiet.1.elapsed() > Duration::from_millis(250)).then_some(())
        });
        began.elapsed()
    }

    fn status(self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
    }
}
