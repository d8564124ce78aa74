//! `contact serve --dev-tls`.

use std::path::{Path, PathBuf};

use crate::common::{Server, run, shell, wait};

/// The line to paste.
fn paste(server: &Server) -> String {
    let log = server.log.lock().unwrap();
    let lines = log.iter().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut pasted = lines.filter_map(|line| line["paste"].as_str().map(str::to_owned));
    pasted.next().unwrap_or_else(|| panic!("nothing to paste: {log:#?}"))
}

/// The file that it names.
fn ca(paste: &str) -> PathBuf {
    let (_, file) = paste.rsplit_once("CONTACT_TLS_CA=").unwrap();
    file.trim_matches('\'').into()
}

#[test]
fn what_it_prints_is_all_that_a_client_needs() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(&folder.path().join("a folder"), &["--dev-tls"]);
    let paste = paste(&server);
    assert!(paste.starts_with("export CONTACT_SERVER=https://127.0.0.1:"), "{paste}");
    let script = format!(
        "{paste}; contact submit x && contact watch-tasks --max 1 && contact health --server \
                          $(echo $CONTACT_SERVER | sed s/127.0.0.1/localhost/)"
    );
    let done = run(&mut shell(&server, &script), "");
    assert_eq!((done.code, done.json()[1]["task"].as_str()), (0, Some("x")), "{done:?}");
    let file = ca(&paste);
    assert!(file.starts_with(folder.path().canonicalize().unwrap()), "{file:?}");
    assert_eq!(keys(folder.path()), [] as [PathBuf; 0]);
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn without_a_folder_it_has_one_of_its_own_and_takes_it_away() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mut command = crate::common::contact();
    command.args(["serve", "--dev-tls", "--store", "memory", "--addr", "[::1]:0", "--log-format", "json"]);
    command.env("TMPDIR", folder.path());
    let mut server = Server::spawn(command);
    let paste = paste(&server);
    assert!(paste.starts_with("export CONTACT_SERVER=https://[::1]:"), "{paste}");
    let file = ca(&paste);
    let own = file.parent().unwrap();
    assert_eq!(own.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let done = run(&mut shell(&server, &format!("{paste}; contact health")), "");
    assert_eq!(done.code, 0, "{done:?}");
    server.signal("TERM");
    wait(&mut server.child);
    assert!(!own.exists(), "{own:?} is left over");
}

/// The files in which there is a key.
fn keys(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(keys(&path));
        } else if std::fs::read(&path).unwrap().windows(11).any(|bytes| bytes == b"PRIVATE KEY") {
            found.push(path);
        }
    }
    found
}
