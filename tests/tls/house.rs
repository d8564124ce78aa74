//! A folder with certificates, and a server that has them.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    common::{Output, Running, Server, contact, run},
    pki::{Authority, Pair, Wanted},
};

/// What a server on this machine is called.
pub(crate) const LOCAL: &[&str] = &["localhost", "127.0.0.1"];

/// A folder with an authority, and what it has signed.
pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) authority: Authority,
}

impl House {
    /// Has `ca.pem`, `server.pem`, `server.key`, `client.pem` and `client.key`.
    pub(crate) fn new() -> Self {
        let house = House { folder: tempfile::tempdir().unwrap(), authority: Authority::new("house") };
        house.write("ca.pem", house.authority.pem());
        house.put("server", &house.authority.issue(&Wanted::server(LOCAL)));
        house.put("client", &house.authority.issue(&Wanted::client(&["kiosk-7"])));
        house
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file as a careful program does: whole or not at all.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let new = self.path(&format!("{name}.new"));
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.path(name)).unwrap();
    }

    pub(crate) fn put(&self, name: &str, pair: &Pair) {
        self.write(&format!("{name}.pem"), &pair.cert);
        self.write(&format!("{name}.key"), &pair.key);
    }

    /// Starts a server that speaks TLS.
    pub(crate) fn serve(&self, flags: &[&str]) -> Server {
        let [cert, key] = ["server.pem", "server.key"].map(|name| self.path(name));
        let mut all: Vec<&OsStr> =
            vec!["--tls-cert".as_ref(), cert.as_ref(), "--tls-key".as_ref(), key.as_ref()];
        all.extend(flags.iter().map(|flag| flag.as_ref() as &OsStr));
        Server::start_with(&self.path("data"), &all)
    }

    /// A command that trusts the authority in a file of this folder.
    pub(crate) fn contact(&self, server: &str, ca: &str) -> Command {
        let mut command = contact();
        command.env("CONTACT_SERVER", server).env("CONTACT_TLS_CA", self.path(ca));
        command
    }

    /// Runs one to its end.
    pub(crate) fn run(&self, server: &Server, args: &[&str]) -> Output {
        run(self.contact(&server.address, "ca.pem").args(args), "")
    }

    /// One that goes on.
    pub(crate) fn start(&self, server: &Server, args: &[&str]) -> Running {
        Running::start(self.contact(&server.address, "ca.pem").args(args))
    }
}

/// Shows a certificate.
pub(crate) fn showing<'a>(command: &'a mut Command, folder: &Path, name: &str) -> &'a mut Command {
    let file = |ending: &str| folder.join(format!("{name}.{ending}"));
    command.env("CONTACT_TLS_CERT", file("pem")).env("CONTACT_TLS_KEY", file("key"))
}
