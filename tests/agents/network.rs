//! A line between a server and its agents that can be cut: bytes are lost on it, and nobody is told.
//!
//! ```text
//!   server ◄── a proxy that stops passing bytes ◄── agents         anywhere
//!   server ◄── two network namespaces and a wire ◄── agents        as root on Linux: packets are dropped
//! ```

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{
    common::{Server, contact, has_tool},
    house::{House, Place},
};

/// The line of a house to its agents.
pub enum Line {
    Proxy(Arc<Gate>),
    Wire(Wire),
}

impl Line {
    /// From now on nothing passes.
    pub fn cut(&self) {
        match self {
            Line::Proxy(gate) => gate.set(false),
            Line::Wire(wire) => wire.set("down"),
        }
    }

    /// From now on all passes again, also what waits to be sent once more.
    pub fn mend(&self) {
        match self {
            Line::Proxy(gate) => gate.set(true),
            Line::Wire(wire) => wire.set("up"),
        }
    }
}

/// A house whose agents reach it through a proxy.
pub fn through_a_proxy() -> (House, Server, Line) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let office = Place { server: server.address.clone(), namespace: None };
    let field = Place { server: listener.local_addr().unwrap().to_string(), namespace: None };
    let gate = Arc::new(Gate { is_open: Mutex::new(true), changed: Condvar::new() });
    let line = Line::Proxy(gate.clone());
    let address = server.address.clone();
    std::thread::spawn(move || {
        for near in listener.incoming().map_while(Result::ok) {
            // The server may be away.
            let Ok(far) = TcpStream::connect(&address) else { continue };
            let back = (far.try_clone().unwrap(), near.try_clone().unwrap());
            for (from, to) in [(near, far), back] {
                let _ = (from.set_nodelay(true), to.set_nodelay(true));
                let gate = gate.clone();
                std::thread::spawn(move || pass(from, to, &gate));
            }
        }
    });
    (House::apart(folder, office, field), server, line)
}

/// What is open, or holds all up.
pub struct Gate {
    is_open: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn set(&self, is_open: bool) {
        *self.is_open.lock().unwrap() = is_open;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let is_open = self.is_open.lock().unwrap();
        drop(self.changed.wait_while(is_open, |is_open| !*is_open).unwrap());
    }
}

/// One direction of one connection. Its end is held up like its bytes.
fn pass(mut from: TcpStream, mut to: TcpStream, gate: &Gate) {
    let mut bytes = [0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        gate.pass();
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    gate.pass();
    let _ = (to.shutdown(Shutdown::Both), from.shutdown(Shutdown::Both));
}

/// A house whose agents are in another network; `None`, and said loudly, where none can be made.
pub fn in_another_network() -> Option<(House, Server, Line)> {
    let wire = Wire::lay()?;
    let folder = tempfile::tempdir().unwrap();
    let here = Place { server: String::new(), namespace: Some(wire.office.clone()) };
    let mut serve = contact();
    // Nobody but the agents of this test is on this wire.
    serve.args(["serve", "--log-format", "json", "--insecure", "--addr", "10.213.0.1:0", "--data"]);
    serve.arg(folder.path().join("data"));
    let server = Server::spawn(here.command(serve));
    let office = Place { server: server.address.clone(), ..here };
    let field = Place { namespace: Some(wire.field.clone()), ..office.clone() };
    Some((House::apart(folder, office, field), server, Line::Wire(wire)))
}

/// Two network namespaces with a wire between them. Taken away when dropped.
pub struct Wire {
    office: String,
    field: String,
}

impl Wire {
    fn lay() -> Option<Wire> {
        static LAID: AtomicUsize = AtomicUsize::new(0);
        let name = format!("contact-{}-{}", std::process::id(), LAID.fetch_add(1, Ordering::Relaxed));
        // What can be installed is asked for; the right to use it cannot be.
        if !has_tool("ip", Command::new("ip").arg("-V")) {
            return None;
        }
        let wire = Wire { office: format!("{name}-office"), field: format!("{name}-field") };
        let (office, field) = (&wire.office[..], &wire.field[..]);
        let steps: [&[&str]; 8] = [
            &["netns", "add", office],
            &["netns", "add", field],
            &["-n", office, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", field],
            &["-n", office, "addr", "add", "10.213.0.1/24", "dev", "wire"],
            &["-n", field, "addr", "add", "10.213.0.2/24", "dev", "wire"],
            &["-n", office, "link", "set", "lo", "up"],
            &["-n", office, "link", "set", "wire", "up"],
            &["-n", field, "link", "set", "wire", "up"],
        ];
        for step in steps {
            if !ip(step) {
                let _ =
                    writeln!(std::io::stderr(), "SKIPPED: no network namespaces here: ip {}", step.join(" "));
                return None;
            }
        }
        Some(wire)
    }

    fn set(&self, state: &str) {
        assert!(ip(&["-n", &self.office, "link", "set", "wire", state]), "{state}");
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for namespace in [&self.office, &self.field] {
            ip(&["netns", "del", namespace]);
        }
    }
}

fn ip(args: &[&str]) -> bool {
    let mut command = Command::new("ip");
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
