//! One try to connect.

use std::{
    error::Error,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tower::Service;

use super::{Refusal, Secure, judged::Judged};
use crate::name::ClientName;

/// The first byte of what a TLS server sends to somebody who does not speak it: an alert. Nothing of HTTP/2 begins so.
const ALERT: u8 = 0x15;
/// That of a TLS server's answer to a greeting.
const HANDSHAKE: u8 = 0x16;

/// A connection, in plain text or over TLS.
pub(in crate::cli) trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

/// Connects to a server over TCP, and over TLS where that is wanted.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Connector {
    tcp: HttpConnector,
    secure: Option<Arc<Secure>>,
    /// A server has been spoken to: what fails from now on may pass.
    proved: Arc<AtomicBool>,
}

impl Connector {
    pub(in crate::cli) fn new(timeout: Duration) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(timeout));
        Connector { tcp, secure: None, proved: Arc::default() }
    }

    /// Whom the certificate names that is shown.
    pub(in crate::cli) fn client(&self) -> Option<&ClientName> {
        self.secure.as_ref()?.client.as_ref()
    }

    /// Over TLS.
    pub(in crate::cli) fn secured(self, secure: Secure) -> Self {
        Connector { secure: Some(Arc::new(secure)), ..self }
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Pin<Box<dyn Line>>>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.tcp.call(uri);
        let (secure, proved) = (self.secure.clone(), self.proved.clone());
        Box::pin(async move {
            let stream = connecting.await?.into_inner();
            let line: Pin<Box<dyn Line>> = match secure {
                Some(secure) => Box::pin(over_tls(stream, &secure, proved).await?),
                None => Box::pin(Judged::new(stream, proved.clone(), move |first| {
                    if first == ALERT {
                        return Err(Refusal::Wanted);
                    }
                    proved.store(true, Ordering::Relaxed);
                    Ok(())
                })),
            };
            Ok(TokioIo::new(line))
        })
    }
}

async fn over_tls(
    stream: TcpStream,
    secure: &Secure,
    proved: Arc<AtomicBool>,
) -> std::io::Result<impl Line + use<>> {
    let answered = |first| match first {
        ALERT | HANDSHAKE => Ok(()),
        _ => Err(Refusal::NotSpoken),
    };
    let stream = Judged::new(stream, proved.clone(), answered);
    let connecting = TlsConnector::from(secure.config()).connect(secure.name.clone(), stream);
    let is_proved = proved.load(Ordering::Relaxed);
    let stream = connecting.await.map_err(|e| Refusal::in_words(e, is_proved))?;
    // Whether the server takes this client's certificate shows in what it sends next.
    Ok(Judged::new(stream, proved.clone(), move |_| {
        proved.store(true, Ordering::Relaxed);
        Ok(())
    }))
}
