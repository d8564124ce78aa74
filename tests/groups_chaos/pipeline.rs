//! `contact watch-tasks --group ci | worker | contact ack`, each of the three a child of the test.

use std::{
    fs::{File, OpenOptions},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use crate::{
    common::{code, signal, wait},
    house::House,
};

/// Killed when dropped.
pub struct Pipeline {
    pub watch: Child,
    pub worker: Child,
    pub ack: Child,
}

impl Pipeline {
    /// Starts it. The worker finds the number of the watch's process in `WATCH`. `name` is of its files: what watch-tasks and ack say on stderr is in `NAME.err`, the verdicts in
    /// `NAME.acks`.
    pub fn start(house: &House, name: &str, flags: &[&str], worker: &mut Command) -> Pipeline {
        let said = || Stdio::from(house.log(&format!("{name}.err")));
        let mut watch = house.contact();
        watch.args(["watch-tasks", "--group", "ci"]).args(flags);
        let mut watch = watch.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(said()).spawn().unwrap();
        let lines = Stdio::from(watch.stdout.take().unwrap());
        let worker = worker.env("WATCH", watch.id().to_string()).stdin(lines).stdout(Stdio::piped());
        let mut worker = worker.spawn().unwrap();
        let echoed = Stdio::from(worker.stdout.take().unwrap());
        let verdicts: File = house.log(&format!("{name}.acks"));
        let ack = house.contact().arg("ack").stdin(echoed).stdout(verdicts).stderr(said()).spawn().unwrap();
        Pipeline { watch, worker, ack }
    }

    /// Ends by itself: the exit codes of the three.
    pub fn end(mut self) -> [i32; 3] {
        [&mut self.watch, &mut self.worker, &mut self.ack].map(|child| code(wait(child)))
    }

    pub fn has_ended(&mut self) -> bool {
        [&mut self.watch, &mut self.worker, &mut self.ack]
            .into_iter()
            .all(|child| child.try_wait().unwrap().is_some())
    }

    /// Asks the watch to stop.
    pub fn stop(&mut self) {
        self.signal_watch("TERM");
    }

    /// Its watch stands still until it is thawed.
    pub fn freeze(&mut self) {
        self.signal_watch("STOP");
    }

    pub fn thaw(&mut self) {
        self.signal_watch("CONT");
    }

    fn signal_watch(&mut self, name: &str) {
        // Once it has been waited for, its number may be another's.
        if self.watch.try_wait().unwrap().is_none() {
            signal(self.watch.id(), name);
        }
    }

    /// kill -9 for all three.
    pub fn kill(&mut self) {
        for child in [&mut self.watch, &mut self.worker, &mut self.ack] {
            let _ = child.kill();
        }
        for child in [&mut self.watch, &mut self.worker, &mut self.ack] {
            let _ = child.wait();
        }
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Workers that wait before it until it is opened, and then pass on what they get.
pub struct Gate {
    path: PathBuf,
}

impl Gate {
    pub fn new(house: &House, name: &str) -> Gate {
        let path = house.path(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        Gate { path }
    }

    /// To open a pipe for reading is to wait for who writes.
    pub fn worker(&self) -> Command {
        let mut worker = Command::new("sh");
        worker.args(["-c", ": < \"$0\"; exec cat"]).arg(&self.path);
        worker
    }

    /// Lets all pass who wait, and whoever comes while this lives.
    pub fn open(&self) -> File {
        OpenOptions::new().read(true).write(true).open(&self.path).unwrap()
    }
}
