//! The file of tokens: a grant a line, in JSON. It is read whole and changed whole: a reader finds the file of
//! before or of after, and two who change it at once do so one after the other.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::grant::{self, Grant, Proof};

/// For others than the file's owner and group.
const OTHERS_MAY_WRITE: u32 = 0o002;
/// It is nobody's business who may what.
const MODE: u32 = 0o600;

/// Where the tokens are.
#[derive(Debug, Clone)]
pub struct TokenFile {
    path: PathBuf,
}

/// A line, and what it says.
#[derive(Debug, Clone)]
pub struct Entry {
    text: String,
    /// What it says.
    pub grant: Grant,
}

impl Entry {
    /// The line of a grant.
    pub fn of(grant: Grant) -> Result<Self, FileError> {
        let text = serde_json::to_string(&grant).map_err(|e| FileError::Grant(e.to_string()))?;
        Ok(Entry { text, grant })
    }
}

/// Why the file cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system says so.
    #[error("{path}: {error}")]
    Io {
        /// Of what.
        path: String,
        /// What.
        error: io::Error,
    },
    /// What stands there is no grant.
    #[error("{path}, line {line}: {why}")]
    Line {
        /// Where,
        path: String,
        /// from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// Anybody could grant themselves anything.
    #[error("{path} may be written by anybody on this machine: chmod o-w")]
    Open {
        /// Which file.
        path: String,
    },
    /// A grant that cannot be written down.
    #[error("{0}")]
    Grant(String),
}

/// What shows that a file is another than before, without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp([i64; 7]);

impl Stamp {
    fn of(found: &std::fs::Metadata) -> Self {
        Stamp([
            found.dev().cast_signed(),
            found.ino().cast_signed(),
            found.size().cast_signed(),
            found.mtime(),
            found.mtime_nsec(),
            found.ctime(),
            found.ctime_nsec(),
        ])
    }
}

impl TokenFile {
    /// The file of this path. It need not be there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        TokenFile { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says.
    pub fn read(&self) -> Result<Vec<Entry>, FileError> {
        self.read_stamped().map(|(entries, _)| entries)
    }

    /// What it says, and the stamp that it had before it was read.
    pub(super) fn read_stamped(&self) -> Result<(Vec<Entry>, Stamp), FileError> {
        let io = |error| self.io(error);
        // To open a pipe would be to wait for who writes into it.
        let found = std::fs::metadata(&self.path).map_err(io)?;
        if !found.is_file() {
            return Err(io(io::Error::other("it is no file that can be read again")));
        }
        let mut file = File::open(&self.path).map_err(io)?;
        let found = file.metadata().map_err(io)?;
        if found.mode() & OTHERS_MAY_WRITE != 0 {
            return Err(FileError::Open { path: self.path.display().to_string() });
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(io)?;
        Ok((self.parse(&text)?, Stamp::of(&found)))
    }

    /// The stamp that it has now, if it is there.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        std::fs::metadata(&self.path).ok().map(|found| Stamp::of(&found))
    }

    /// Changes it, unless `change` fails. What others change meanwhile waits. It is made if it is not there.
    pub fn change<T, E: From<FileError>>(
        &self,
        change: impl FnOnce(&mut Vec<Entry>) -> Result<T, E>,
    ) -> Result<T, E> {
        let _locked = self.lock().map_err(|e| self.io(e))?;
        let mut entries = self.read()?;
        let changed = change(&mut entries)?;
        let text: String = entries.iter().flat_map(|entry| [&entry.text[..], "\n"]).collect();
        // What was changed must be readable: nobody finds out only at the server's next start.
        self.parse(&text)?;
        self.replace(&text).map_err(|e| self.io(e))?;
        Ok(changed)
    }

    fn parse(&self, text: &str) -> Result<Vec<Entry>, FileError> {
        let mut entries = Vec::new();
        let (mut ids, mut proofs) = (HashMap::new(), HashMap::new());
        for (at, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            let line = at + 1;
            let bad = |why| FileError::Line { path: self.path.display().to_string(), line, why };
            let grant = grant::parse(text).map_err(bad)?;
            if let Some(other) = ids.insert(grant.id.clone(), line) {
                return Err(bad(format!("id {:?} is that of line {other}", grant.id)));
            }
            let proof = match grant.proof {
                Proof::Token(hash) => hash.to_string(),
                Proof::Certificate => grant.name().to_owned(),
            };
            if let Some(other) = proofs.insert(proof, line) {
                return Err(bad(format!("its token, or its name on a certificate, is that of line {other}")));
            }
            entries.push(Entry { text: text.to_owned(), grant });
        }
        Ok(entries)
    }

    /// Waits until nobody else changes it.
    fn lock(&self) -> io::Result<File> {
        loop {
            let file = OpenOptions::new().read(true).append(true).create(true).mode(MODE).open(&self.path)?;
            file.lock()?;
            // Somebody may have put another in its place while this waited.
            let (ours, there) = (file.metadata()?, std::fs::metadata(&self.path));
            if there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
                return Ok(file);
            }
        }
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        // What a link points to, not the link.
        let path = std::fs::canonicalize(&self.path)?;
        let before = std::fs::metadata(&path)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        let write = || {
            // What somebody has put there is not written into.
            let _ = std::fs::remove_file(&temporary);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&temporary)?;
            file.write_all(text.as_bytes())?;
            file.set_permissions(PermissionsExt::from_mode(before.mode() & 0o777))?;
            let ours = file.metadata()?;
            if (before.uid(), before.gid()) != (ours.uid(), ours.gid()) {
                // Made by root for a server that is not: that must be able to read it.
                std::os::unix::fs::fchown(&file, Some(before.uid()), Some(before.gid()))?;
            }
            file.sync_all()?;
            std::fs::rename(&temporary, &path)?;
            File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
        };
        write().inspect_err(|_| drop(std::fs::remove_file(&temporary)))
    }

    fn io(&self, error: io::Error) -> FileError {
        FileError::Io { path: self.path.display().to_string(), error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fuzz::{Target, about},
        name::ClientName,
    };

    const SECRET: &str = "ct_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

    #[test]
    fn fuzz_token_file() {
        let certificate = r#"{"id":"1","name":"*","certificate":true,"roles":["work","report"],"queues":["ci.*"],"groups":["ci"],"created_at":"2026-11-22T06:00:00Z"}"#;
        let hash = super::super::secret::Token::parse(SECRET).unwrap().hash();
        let token = format!(
            r#"{{"id":"2","name":"kiosk-7","blake3":"{hash}","roles":["submit"],"queues":[],"groups":[],"created_at":"2026-11-22T06:00:00Z","expires_at":"2027-11-22T06:00:00Z"}}"#
        );
        let target = Target {
            name: "token_file",
            seeds: vec![
                certificate.into(),
                token.clone().into(),
                format!("{certificate}\n\n{token}\n").into(),
            ],
            words: &[
                SECRET,
                "\n",
                "{",
                "}",
                "[",
                "\"",
                ",",
                ":",
                "*",
                "null",
                "true",
                "admin",
                "\"id\":",
                "\"name\":",
                "\"blake3\":",
                "\"roles\":",
                "\"queues\":",
                "\"groups\":",
                "9999-12-31T23:59:59Z",
            ],
            message_at: None,
        };
        let file = TokenFile::new("tokens");
        target.run(|input| {
            let text = std::str::from_utf8(input).map_err(|_| String::from("no text"))?;
            let entries = file.parse(text).map_err(|error| {
                let said = error.to_string();
                assert!(!said.contains(SECRET), "{said}");
                // What the file has does not tell one mistake from another.
                let words = said.rsplit(", line ").next().unwrap_or_default();
                words.chars().filter(char::is_ascii_lowercase).take(12).collect::<String>()
            })?;
            for Entry { grant, .. } in &entries {
                let written = Entry::of(grant.clone()).unwrap();
                assert_eq!(&grant::parse(&written.text).unwrap(), grant, "as it is written it is read");
                grant.reach(ClientName::parse("a").unwrap());
                grant.is_over(u64::MAX);
            }
            Ok::<_, String>((about(entries.len()), entries.iter().any(|entry| entry.grant.name.is_none())))
        });
    }
}
