//! Reaching a server, and trying again.

use std::{
    future::Future,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tonic::{
    Status,
    service::interceptor::InterceptedService,
    transport::{self, Endpoint},
};

use super::{
    Context, Failure, again,
    bearer::Bearer,
    exit,
    secure::{Connector, Secure, SecureFlags},
};
use crate::name::ClientName;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const KEEPALIVE: Duration = Duration::from_secs(20);
const NOT_AN_ADDRESS: &str = "not HOST:PORT, http://HOST:PORT, https://HOST:PORT or unix:PATH";
/// What a stream may bring before it is read, and all streams together.
const STREAM_WINDOW_BYTES: u32 = 2 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 8 << 20;
/// What comes down in one frame. A server's HTTP/2 writes frame by frame, so this is what a system call brings: of the 16 KiB
/// that are usual, a watcher's tasks cost both sides half as much again.
const FRAME_BYTES: u32 = 64 << 10;

/// Each try of a call that asks one question may take this long, or as long as there is patience: a server that
/// takes calls and answers none is as good as away.
const TRY_MAX: Duration = Duration::from_secs(30);

/// The longest pause between two tries.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(10);
/// The longest pause while somebody waits for a server to start.
const PAUSE_BRISK: Duration = Duration::from_millis(50);
/// The first pause lies between nothing and this.
const PAUSE_FIRST: Duration = Duration::from_millis(500);

/// A connection, or several in turn, over which calls are made in somebody's name.
pub(super) type Channel = InterceptedService<transport::Channel, Bearer>;

/// Where the server is.
#[derive(Debug, Clone)]
pub(super) struct Target {
    endpoint: Endpoint,
    /// `None`: a Unix socket.
    connector: Option<Connector>,
    bearer: Bearer,
    /// As people write it.
    pub(super) address: String,
    /// Why the last try failed, until one works.
    trouble: Arc<Mutex<Option<String>>>,
}

impl Target {
    /// Judges `HOST:PORT`, `http://HOST:PORT`, `https://HOST:PORT` or `unix:PATH`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let uri = if text.starts_with("unix:") || text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        if !["http://", "https://", "unix:"].iter().any(|scheme| uri.starts_with(scheme)) {
            return Err(NOT_AN_ADDRESS.into());
        }
        if uri == "unix:" || uri == "unix://" {
            return Err("unix: wants a path".into());
        }
        let is_unix = uri.starts_with("unix:");
        let endpoint = Endpoint::from_shared(uri).map_err(|_| NOT_AN_ADDRESS.to_owned())?;
        if !is_unix && endpoint.uri().port_u16().is_none() {
            // The scheme's own port is nobody's here: the name would be looked up and tried in vain.
            return Err("the port must be a number from 1 to 65535: HOST:PORT".into());
        }
        let endpoint = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE)
            .keep_alive_while_idle(true)
            .max_frame_size(FRAME_BYTES)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
        let connector = (!is_unix).then(|| Connector::new(CONNECT_TIMEOUT));
        let (bearer, address) = (Bearer::default(), text.to_owned());
        Ok(Target { endpoint, connector, bearer, address, trouble: Arc::default() })
    }

    /// Over TLS, as these flags say, if it is `https://`.
    pub(super) fn secured(mut self, flags: &SecureFlags) -> Result<Self, Failure> {
        let uri = self.endpoint.uri();
        if uri.scheme_str() == Some("https") {
            let secure = Secure::new(flags, uri.host().unwrap_or_default())?;
            self.connector = self.connector.map(|connector| connector.secured(secure));
        } else if flags.is_any() && !self.address.contains("://") && !self.address.starts_with("unix:") {
            let message = format!("--server {} is in plain text, and TLS is asked for", self.address);
            return Err(Failure::usage(message)
                .hint("say https://HOST:PORT, or http://HOST:PORT if plain text is meant"));
        }
        Ok(self)
    }

    /// Whom the certificate names that this client shows.
    pub(super) fn client(&self) -> Option<&ClientName> {
        self.connector.as_ref()?.client()
    }

    /// Shows a token with each call; not to whoever listens on the way.
    pub(super) fn show(&mut self, bearer: Bearer) -> Result<(), Failure> {
        if bearer.is_some() && !self.is_private() {
            return Err(Failure::usage(format!("a token is not sent to {} in clear", self.address))
                .hint("say --server https://HOST:PORT: the server has TLS by --tls-cert and --tls-key"));
        }
        self.bearer = bearer;
        Ok(())
    }

    /// Whether nobody on the way can listen.
    fn is_private(&self) -> bool {
        let uri = self.endpoint.uri();
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let is_loopback = || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        self.address.starts_with("unix:")
            || uri.scheme_str() == Some("https")
            || host == "localhost"
            || is_loopback()
    }

    /// One try.
    pub(super) async fn connect(&self) -> Result<Channel, Status> {
        let connected = match &self.connector {
            Some(connector) => self.endpoint.connect_with_connector(connector.clone()).await,
            None => self.endpoint.connect().await,
        };
        let connected = connected.map_err(|e| Status::from_error(Box::new(e)));
        self.note(connected.as_ref().err());
        connected.map(|channel| InterceptedService::new(channel, self.bearer.clone()))
    }

    /// A channel for several calls that live side by side: it connects when the first is made, and again
    /// when one is made after the connection broke.
    pub(super) fn channel(&self) -> Channel {
        let channel = match &self.connector {
            Some(connector) => self.endpoint.connect_with_connector_lazy(connector.clone()),
            None => self.endpoint.connect_lazy(),
        };
        InterceptedService::new(channel, self.bearer.clone())
    }

    /// Notes how the last try went.
    pub(super) fn note(&self, trouble: Option<&Status>) {
        let trouble = trouble.map(|e| format!("server {}: {}", self.address, exit::cause(e)));
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// Why the server is not reached just now, if so.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What a status of this server means.
    pub(super) fn failure(&self, status: &Status) -> Failure {
        Failure::from_status(status, &self.address)
    }

    /// Makes one call, trying again while that may help: as long as `asking` says, or for ever.
    pub(super) async fn call<T, F>(
        &self,
        context: &Context,
        asking: Asking,
        call: impl Fn(Channel) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let limit = asking.limit();
        let is_endless = asking.patience.is_none();
        let is_patient = asking.patience != Some(Duration::ZERO);
        let mut tries = Tries::new(asking.patience);
        let mut before = asking.failed;
        loop {
            let began = now();
            let result = match before.take() {
                Some(status) => Err(status),
                None => {
                    let attempt = async { call(self.connect().await?).await };
                    within(limit, attempt).await
                }
            };
            match result {
                Err(status) if again::is_worth_it(&status) => {
                    let is_news = tries.failed_since(began, &status);
                    // Who waits for a server that is not there sees that nothing comes; not so for one that is.
                    if is_news && is_patient && (is_endless || again::is_later(&status)) {
                        let how_long = if is_endless { " for ever" } else { "" };
                        let cause = exit::cause(&status);
                        let message = format!("server {}: {cause}; trying again{how_long}", self.address);
                        context.errors.notice("retrying", &message);
                    }
                    tries.pause(&status, self).await?;
                }
                result => return result.map_err(|status| self.failure(&status)),
            }
        }
    }
}

/// How a call that asks one question is made.
#[derive(Debug)]
pub(super) struct Asking {
    /// How long to try; `None`: for ever.
    pub(super) patience: Option<Duration>,
    /// So much longer than usual a try may take.
    pub(super) extra: Duration,
    /// It was tried already, over a connection that there was, and this came of it.
    pub(super) failed: Option<Status>,
}

impl Asking {
    /// For so long.
    pub(super) fn new(patience: Option<Duration>) -> Self {
        Asking { patience, extra: Duration::ZERO, failed: None }
    }

    /// How long each try may take.
    pub(super) fn limit(&self) -> Duration {
        self.patience.unwrap_or_default().max(TRY_MAX).saturating_add(self.extra)
    }
}

/// Makes a try that may take so long. One that takes longer may go well another time.
pub(super) async fn within<T>(
    limit: Duration,
    attempt: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    let no_answer = || Status::unavailable(format!("no answer within {}", humantime::format_duration(limit)));
    tokio::time::timeout(limit, attempt).await.unwrap_or_else(|_| Err(no_answer()))
}

#[allow(clippy::disallowed_methods, reason = "measures a stretch of real time")]
fn now() -> Instant {
    Instant::now()
}

/// Tries in a row, with pauses that grow: a random part of a bound that doubles, so that a thousand clients
/// that lost the same server do not come back at the same moment.
#[derive(Debug)]
pub(super) struct Tries {
    patience: Option<Duration>,
    failing_since: Option<Instant>,
    /// It was said that the server asks for patience: it may do so every second, for hours.
    has_said_later: bool,
    opened: Option<Instant>,
    bound: Duration,
    bound_first: Duration,
    bound_max: Duration,
    /// That the server is not trusted was said.
    untrusted: bool,
}

impl Tries {
    /// Tries for so long from the first failure on; `None`: for ever.
    pub(super) fn new(patience: Option<Duration>) -> Self {
        Tries {
            patience,
            failing_since: None,
            has_said_later: false,
            opened: None,
            bound: PAUSE_FIRST,
            bound_first: PAUSE_FIRST,
            bound_max: PAUSE_MAX,
            untrusted: false,
        }
    }

    /// Tries for ever, and often: somebody waits for a server that is starting.
    pub(super) fn brisk() -> Self {
        Tries { bound: PAUSE_BRISK, bound_max: PAUSE_BRISK, ..Tries::new(None) }
    }

    /// It worked: the next failure is a first one.
    pub(super) fn worked(&mut self) {
        (self.failing_since, self.untrusted) = (None, false);
        self.bound = self.bound_first;
    }

    /// Tries for so long at most.
    pub(super) fn limit(&mut self, patience: Duration) {
        self.patience = Some(self.patience.map_or(patience, |asked| asked.min(patience)));
    }

    /// Tries for so long from now on; `None`: for ever.
    pub(super) fn endure(&mut self, patience: Option<Duration>) {
        self.patience = patience;
    }

    /// Whether it tries for ever.
    pub(super) fn is_endless(&self) -> bool {
        self.patience.is_none()
    }

    /// A call was opened. Only time tells whether it works: a server that ends each call at once is not to be
    /// asked without a pause.
    pub(super) fn opened(&mut self) {
        self.opened = Some(now());
    }

    /// A try has failed. True if that is news: it is the first in a row, or the first that finds a server that is not
    /// trusted.
    pub(super) fn failed(&mut self, status: &Status) -> bool {
        self.failed_since(now(), status)
    }

    /// A try that began then has failed.
    fn failed_since(&mut self, began: Instant, status: &Status) -> bool {
        let now = now();
        if self.opened.take().is_some_and(|opened| now - opened >= PAUSE_MAX) {
            self.worked();
        }
        let is_first = self.failing_since.is_none();
        self.failing_since.get_or_insert(began);
        let is_untrusted = exit::is_untrusted(status);
        let is_found_out = is_untrusted && !self.untrusted;
        self.untrusted |= is_untrusted;
        if again::is_later(status) {
            return is_first && !std::mem::replace(&mut self.has_said_later, true);
        }
        is_first || is_found_out
    }

    /// Waits before the next try, or fails with what `status` means if it has been long enough or another try does
    /// not mend it.
    pub(super) async fn pause(&mut self, status: &Status, target: &Target) -> Result<(), Failure> {
        if !again::is_worth_it(status) {
            return Err(target.failure(status));
        }
        let now = now();
        let since = *self.failing_since.get_or_insert(now);
        let mut pause = self.next_pause(status, self.bound_max);
        if let Some(patience) = self.patience {
            let left = patience.saturating_sub(now - since);
            // It is not asked sooner than it has said, so there is no other try.
            if left.is_zero() || again::after(status).is_some_and(|after| after > left) {
                return Err(target.failure(status));
            }
            pause = pause.min(left);
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// How long to wait before the next try: at most `bound_max`, and if the server has said when to come back so
    /// long before that. Of those who were told the same each comes at a moment of its own.
    pub(super) fn next_pause(&mut self, status: &Status, bound_max: Duration) -> Duration {
        let pause = self.bound.min(bound_max).mul_f64(rand::random());
        self.bound = (self.bound * 2).min(self.bound_max);
        again::after(status).unwrap_or_default() + pause
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;
    use tonic_types::{ErrorDetails, StatusExt};

    use super::*;

    #[test]
    fn targets() {
        for good in [
            "127.0.0.1:50051",
            "localhost:1",
            "http://[::1]:50051",
            "https://x:1",
            "unix:/tmp/x",
            "unix:///tmp/x",
        ] {
            assert!(Target::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "https://x",
            "https://",
            "ftp://x",
            "unix:",
            "http://",
            "a b:1",
            "localhost",
            "http://x",
            "x:99999",
        ] {
            assert!(Target::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_token_is_not_sent_in_clear() {
        for (target, is_private) in [
            ("127.0.0.1:1", true),
            ("127.8.8.8:1", true),
            ("localhost:1", true),
            ("http://[::1]:1", true),
            ("unix:/run/contact", true),
            ("10.0.0.1:1", false),
            ("http://example.org:1", false),
            ("localhost.example.org:1", false),
            ("[::2]:1", false),
            ("0.0.0.0:1", false),
        ] {
            assert_eq!(Target::parse(target).unwrap().is_private(), is_private, "{target}");
        }
    }

    #[tokio::test(start_paused = true)]
    #[allow(clippy::disallowed_methods, reason = "the time is paused")]
    async fn a_server_that_answers_nothing_does_not_hold_a_call_for_ever() {
        for (patience, extra, limit_s) in
            [(Some(10), 0, 30), (Some(0), 0, 30), (Some(60), 0, 60), (None, 0, 30), (None, 7, 37)]
        {
            let patience = patience.map(Duration::from_secs);
            let asking = Asking { extra: Duration::from_secs(extra), ..Asking::new(patience) };
            let began = Instant::now();
            let status = within(asking.limit(), std::future::pending::<Result<(), Status>>()).await;
            assert!(exit::is_broken(&status.unwrap_err()));
            assert_eq!(began.elapsed().as_secs(), limit_s);
        }
        // It counts from when it was made: one that has lasted as long as there is patience was the last.
        let target = Target::parse("127.0.0.1:1").unwrap();
        let mut tries = Tries::new(Some(Duration::from_secs(10)));
        let (began, status) = (Instant::now(), Status::unavailable("no answer"));
        tokio::time::advance(Duration::from_secs(30)).await;
        assert!(tries.failed_since(began, &status));
        assert_eq!(tries.pause(&status, &target).await.unwrap_err().code, 3);
    }

    #[tokio::test(start_paused = true)]
    #[allow(clippy::disallowed_methods, reason = "the time is paused")]
    async fn a_server_is_asked_no_sooner_than_it_has_said_and_that_is_said_once() {
        let target = Target::parse("127.0.0.1:1").unwrap();
        let mut tries = Tries::new(Some(Duration::from_secs(60)));
        let mut details = ErrorDetails::new();
        details.set_retry_info(Some(Duration::from_secs(3)));
        let later = Status::with_error_details(Code::ResourceExhausted, "x", details);
        assert!(tries.failed(&later));
        let began = Instant::now();
        tries.pause(&later, &target).await.unwrap();
        let paused = began.elapsed();
        assert!(
            paused >= Duration::from_secs(3) && paused <= Duration::from_secs(3) + PAUSE_FIRST,
            "{paused:?}"
        );
        // Something got in, and then it was too much again.
        tries.worked();
        assert!(!tries.failed(&later));
        tries.worked();
        assert!(tries.failed(&Status::unavailable("gone")), "that is something else");
    }

    #[tokio::test(start_paused = true)]
    #[allow(clippy::disallowed_methods, reason = "the time is paused")]
    async fn a_server_that_wants_more_patience_than_there_is_is_not_asked_again() {
        let target = Target::parse("127.0.0.1:1").unwrap();
        let mut tries = Tries::new(Some(Duration::from_secs(2)));
        let mut details = ErrorDetails::new();
        details.set_retry_info(Some(Duration::from_secs(5)));
        let later = Status::with_error_details(Code::ResourceExhausted, "x", details);
        let began = Instant::now();
        let failure = tries.pause(&later, &target).await.unwrap_err();
        assert_eq!((failure.code, began.elapsed()), (72, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    #[allow(clippy::disallowed_methods, reason = "the time is paused")]
    async fn patience_ends() {
        let target = Target::parse("127.0.0.1:1").unwrap();
        let mut tries = Tries::new(Some(Duration::from_secs(10)));
        let began = Instant::now();
        let failure = loop {
            if let Err(failure) = tries.pause(&Status::unavailable("no"), &target).await {
                break failure;
            }
        };
        assert_eq!(failure.code, 3);
        assert_eq!(began.elapsed().as_secs(), 10);
    }
}
