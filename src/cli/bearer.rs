//! The token that this client shows, and where it comes from: a file, never an argument or a variable, which others
//! on the machine can see.

use std::{
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde::Deserialize;
use tonic::{Request, Status, metadata::AsciiMetadataValue, service::Interceptor};

use super::{Failure, exit::Errors};
use crate::server::access::Token;

/// The name of the token among systemd's credentials.
const CREDENTIAL: &str = "contact-token";
/// For others than the file's owner and group.
const OTHERS_MAY_READ: u32 = 0o004;

/// Says with each call who makes it, if there is a token.
#[derive(Debug, Clone, Default)]
pub(super) struct Bearer(Option<Arc<Shown>>);

/// A token that is read anew for each call: somebody may put another in its place.
#[derive(Debug)]
struct Shown {
    file: PathBuf,
    last: Mutex<AsciiMetadataValue>,
}

impl Bearer {
    /// Of this file, else of the one that systemd has put there for this service, if any.
    pub(super) fn find(file: Option<&Path>, errors: Errors) -> Result<Self, Failure> {
        if let Some(file) = file {
            warn_if_open(file, errors);
            return Bearer::of(file);
        }
        let folder = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        match folder.map(|folder| folder.join(CREDENTIAL)).filter(|file| file.exists()) {
            Some(file) => Bearer::of(&file),
            None => Ok(Bearer::default()),
        }
    }

    fn of(file: &Path) -> Result<Self, Failure> {
        let token = read(file).map_err(|e| {
            Failure::usage(format!("the token file {}: {e}", file.display()))
                .hint("`contact token create … > FILE` on the server writes one; then chmod 600 FILE")
        })?;
        Ok(Bearer(Some(Arc::new(Shown { file: file.to_owned(), last: Mutex::new(token) }))))
    }

    /// Whether there is a token.
    pub(super) fn is_some(&self) -> bool {
        self.0.is_some()
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(shown) = &self.0 {
            request.metadata_mut().insert("authorization", shown.token());
        }
        Ok(request)
    }
}

impl Shown {
    /// The token that stands in the file now; while it is being written, the one of before.
    fn token(&self) -> AsciiMetadataValue {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(token) = read(&self.file) {
            *last = token;
        }
        last.clone()
    }
}

/// Of the line that `contact token create` prints, what counts here.
#[derive(Deserialize)]
struct Line {
    token: String,
}

/// As a header has it. What stands in the file instead of a token is not repeated: it may be another secret.
fn read(file: &Path) -> io::Result<AsciiMetadataValue> {
    let no_token = || io::Error::other("it does not have a token in it: ct_ and 43 characters");
    let text = std::fs::read_to_string(file)?;
    // The token alone, or the line that it was printed in.
    let line: Option<Line> = serde_json::from_str(&text).ok();
    let token = line.as_ref().map_or(text.trim(), |line| &line.token);
    let token = Token::parse(token).ok_or_else(no_token)?;
    let mut value: AsciiMetadataValue =
        format!("Bearer {}", token.secret()).parse().map_err(|_| no_token())?;
    // Neither shown nor kept in a table of headers.
    value.set_sensitive(true);
    Ok(value)
}

fn warn_if_open(file: &Path, errors: Errors) {
    let mode = std::fs::metadata(file).map(|found| found.permissions().mode());
    if mode.is_ok_and(|mode| mode & OTHERS_MAY_READ != 0) {
        let message =
            format!("the token file {} can be read by anybody on this machine: chmod 600", file.display());
        errors.notice("open_token_file", &message);
    }
}
