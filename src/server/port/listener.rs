//! Where the server listens: a TCP address or a Unix socket.

use std::{
    fmt, io,
    net::SocketAddr,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    pin::Pin,
    str::FromStr,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
};
use tokio_rustls::server::TlsStream;

use super::wire::STALLED;

/// The mode of a Unix socket's file, unless told otherwise.
pub const SOCKET_MODE: u32 = 0o600;
/// Connections to a Unix socket that wait to be accepted, as tokio has it for TCP.
const BACKLOG: i32 = 1024;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A host and a port; port 0 lets the system choose.
    Tcp(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err("unix: wants a path".into())
            } else {
                Ok(Address::Unix(path.into()))
            };
        }
        let port = text.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
        match port.map(str::parse::<u16>) {
            Some(Ok(_)) => Ok(Address::Tcp(text.to_owned())),
            _ => Err("not HOST:PORT and not unix:PATH".into()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => f.write_str(address),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A bound listener. A Unix socket's file goes with it.
#[derive(Debug)]
pub enum Listener {
    /// On TCP.
    Tcp(TcpListener),
    /// On a Unix socket.
    Unix(UnixListener, SocketFile),
}

impl Listener {
    /// Binds. A Unix socket is for this user alone.
    pub async fn bind(address: &Address) -> io::Result<Self> {
        Listener::bind_with_mode(address, SOCKET_MODE).await
    }

    /// Binds. A Unix socket's file has this mode: who may not write it cannot connect.
    pub async fn bind_with_mode(address: &Address, mode: u32) -> io::Result<Self> {
        match address {
            Address::Tcp(address) => Ok(Listener::Tcp(TcpListener::bind(address.as_str()).await?)),
            Address::Unix(path) => {
                remove_stale(path)?;
                Ok(Listener::Unix(bind_socket(path, mode)?, SocketFile(path.clone())))
            }
        }
    }

    /// Where it listens, as a client writes it.
    pub fn address(&self) -> io::Result<Address> {
        match self {
            Listener::Tcp(listener) => Ok(Address::Tcp(listener.local_addr()?.to_string())),
            Listener::Unix(_, file) => Ok(Address::Unix(file.0.clone())),
        }
    }

    /// The TCP address, if it is one.
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        match self {
            Listener::Tcp(listener) => listener.local_addr().ok(),
            Listener::Unix(..) => None,
        }
    }

    /// Waits for the next connection.
    pub async fn accept(&mut self) -> io::Result<Stream> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Answers are small and somebody waits for them.
                stream.set_nodelay(true)?;
                // The system would go on for a quarter of an hour with what a peer that has vanished does not take.
                rustix::net::sockopt::set_tcp_user_timeout(&stream, STALLED.as_millis() as u32)?;
                Ok(Stream::Tcp(stream))
            }
            Listener::Unix(listener, _) => Ok(Stream::Unix(listener.accept().await?.0)),
        }
    }
}

/// Nobody can connect before the file has its mode.
fn bind_socket(path: &Path, mode: u32) -> io::Result<UnixListener> {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode))?;
    listen(&socket, BACKLOG)?;
    UnixListener::from_std(socket.into())
}

/// The socket that a killed server has left behind is in the way; one that answers is not ours to remove.
fn remove_stale(path: &Path) -> io::Result<()> {
    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        let message = "something is there that is no socket: remove it or name another path";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
    }
    let refused = || {
        std::os::unix::net::UnixStream::connect(path)
            .is_err_and(|e| e.kind() == io::ErrorKind::ConnectionRefused)
    };
    if refused() { std::fs::remove_file(path) } else { Ok(()) }
}

/// Removes the socket's file when the listener ends.
#[derive(Debug)]
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
    /// Over a Unix socket.
    Unix(UnixStream),
}

impl Stream {
    /// Closes it at once: nothing of it is left over in the system.
    pub(super) fn turn_away(self) {
        if let Stream::Tcp(stream) = &self {
            let _ = stream.set_zero_linger();
        }
    }
}

macro_rules! either {
    ($self:ident, $stream:ident => $do:expr) => {
        match $self.get_mut() {
            Stream::Tcp(stream) => {
                let $stream = Pin::new(stream);
                $do
            }
            Stream::Tls(stream) => {
                let $stream = Pin::new(stream);
                $do
            }
            Stream::Unix(stream) => {
                let $stream = Pin::new(stream);
                $do
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!("127.0.0.1:0".parse(), Ok(Address::Tcp("127.0.0.1:0".into())));
        assert_eq!("[::1]:50051".parse(), Ok(Address::Tcp("[::1]:50051".into())));
        assert_eq!("unix:/run/contact".parse(), Ok(Address::Unix("/run/contact".into())));
        assert_eq!("unix:///run/contact".parse(), Ok(Address::Unix("/run/contact".into())));
        for bad in ["", "50051", ":50051", "host", "host:", "host:99999", "unix:"] {
            assert!(bad.parse::<Address>().is_err(), "{bad:?}");
        }
    }

    #[tokio::test]
    async fn a_peer_that_vanishes_is_given_up_by_the_system_too() {
        let mut listener = Listener::bind(&Address::Tcp("127.0.0.1:0".into())).await.unwrap();
        let _peer = TcpStream::connect(listener.tcp_address().unwrap()).await.unwrap();
        let Stream::Tcp(stream) = listener.accept().await.unwrap() else { panic!("of TCP") };
        assert_eq!(u128::from(rustix::net::sockopt::tcp_user_timeout(&stream).unwrap()), STALLED.as_millis());
    }
}
