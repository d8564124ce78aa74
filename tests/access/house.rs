//! A server in this process with a file of tokens, and clients that show one.

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use contact::{
    name::ClientName,
    pb::contact_client::ContactClient,
    server::{
        self, Limits, Settings,
        access::{Access, Audit, Entry, FileError, Grant, Proof, Role, Token, TokenFile},
        engine::embedded::{Embedded, Options},
        listener::{Address, Listener},
    },
};
use tokio::sync::oneshot;
use tonic::{
    Request, Status,
    metadata::AsciiMetadataValue,
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt;

use crate::common::DEADLINE;

/// A client that shows a token, or none.
pub type Client = ContactClient<InterceptedService<Channel, Shows>>;

/// Shows a token.
#[derive(Clone)]
pub struct Shows(Option<AsciiMetadataValue>);

impl Interceptor for Shows {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request.metadata_mut().insert("authorization", token.clone());
        }
        Ok(request)
    }
}

/// A server. It ends with this.
pub struct House {
    pub file: TokenFile,
    pub access: Access,
    pub address: Address,
    folder: tempfile::TempDir,
    _shutdown: oneshot::Sender<()>,
}

impl House {
    /// With no tokens yet, over TCP.
    pub async fn open() -> House {
        House::with(Limits::default()).await
    }

    /// With these bounds.
    pub async fn with(limits: Limits) -> House {
        House::at(|_| Address::Tcp("127.0.0.1:0".into()), limits).await
    }

    /// Over a Unix socket.
    pub async fn on_socket() -> House {
        House::at(|folder| Address::Unix(folder.join("socket")), Limits::default()).await
    }

    async fn at(address: impl FnOnce(PathBuf) -> Address, limits: Limits) -> House {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(folder.path().join("tokens.jsonl"));
        file.change(|_| Ok::<_, FileError>(())).unwrap();
        let audit = Audit::into_file(&folder.path().join("audit.jsonl")).unwrap();
        let access = Access::by(file.clone(), audit).unwrap();
        let listener = Listener::bind(&address(folder.path().to_owned())).await.unwrap();
        let address = listener.address().unwrap();
        let engine = Arc::new(Embedded::in_memory(&Options::default()).unwrap());
        let settings =
            Settings { access: access.clone(), grace: Duration::ZERO, limits, ..Settings::default() };
        let (shutdown, told) = oneshot::channel::<()>();
        tokio::spawn(server::serve(listener, engine, settings, async { drop(told.await) }));
        House { file, access, address, folder, _shutdown: shutdown }
    }

    /// A connection.
    pub async fn connect(&self) -> Channel {
        let uri = match &self.address {
            Address::Tcp(address) => format!("http://{address}"),
            Address::Unix(path) => format!("unix:{}", path.display()),
        };
        within("a connection", Endpoint::from_shared(uri).unwrap().connect()).await.unwrap()
    }

    /// A connection whose peer may send so many bytes on each stream before they are read.
    pub async fn connect_with_window(&self, bytes: u32) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).unwrap();
        within("a connection", endpoint.initial_stream_window_size(bytes).connect()).await.unwrap()
    }

    /// A client that shows this as its token.
    pub async fn showing(&self, token: &str) -> Client {
        self.showing_over(self.connect().await, token)
    }

    /// The same over a connection that there is.
    pub fn showing_over(&self, channel: Channel, token: &str) -> Client {
        let shows = Shows(Some(format!("Bearer {token}").parse().unwrap()));
        ContactClient::new(InterceptedService::new(channel, shows))
    }

    /// A client without a token.
    pub async fn bare(&self) -> Client {
        ContactClient::new(InterceptedService::new(self.connect().await, Shows(None)))
    }

    /// A client of a new grant.
    pub async fn admit(&self, name: &str, roles: &[Role], queues: &[&str], groups: &[&str]) -> Client {
        let (token, grant) = granted(name, roles, queues, groups);
        self.add(grant);
        self.showing(token.secret()).await
    }

    /// Adds a line to the file, and has it read.
    pub fn add(&self, grant: Grant) {
        self.change(|entries| entries.push(Entry::of(grant).unwrap()));
    }

    /// Changes the file, and has it read.
    pub fn change(&self, change: impl FnOnce(&mut Vec<Entry>)) {
        let change = |entries: &mut Vec<Entry>| {
            change(entries);
            Ok::<_, FileError>(())
        };
        self.file.change(change).unwrap();
        self.access.read_again();
    }

    /// What stands in the audit log.
    pub fn audit(&self) -> Vec<serde_json::Value> {
        crate::common::json_lines(&self.audit_text())
    }

    /// As it stands there.
    pub fn audit_text(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("audit.jsonl")).unwrap()
    }
}

/// A token, and what is granted to who has it.
pub fn granted(name: &str, roles: &[Role], queues: &[&str], groups: &[&str]) -> (Token, Grant) {
    let token = Token::random();
    let grant = Grant {
        id: token.hash().to_string()[..8].to_owned(),
        name: Some(ClientName::parse(name).unwrap()),
        proof: Proof::Token(token.hash()),
        roles: roles.to_vec(),
        queues: queues.iter().map(|queue| queue.parse().unwrap()).collect(),
        groups: groups.iter().map(|group| group.parse().unwrap()).collect(),
        created_at: "2026-11-22T06:00:00Z".parse().unwrap(),
        expires_at: None,
    };
    (token, grant)
}

/// The reason of a refusal.
pub fn reason(status: &Status) -> String {
    let reason = status.get_details_error_info().map(|info| info.reason);
    reason.unwrap_or_else(|| panic!("a refusal without a reason: {status:?}"))
}

/// Waits for what should happen, and says what did not.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("not within {DEADLINE:?}: {what}"),
    }
}
