//! A server of one's own, as a process.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

pub(crate) struct Server {
    child: Child,
    address: String,
    /// Whom to trust, if it speaks TLS.
    ca: Option<PathBuf>,
}

impl Server {
    pub(crate) fn start(data: &Path) -> Self {
        Server::start_with(data, &[])
    }

    pub(crate) fn start_with(data: &Path, flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_contact"))
            .args(["serve", "--addr", "127.0.0.1:0", "--log-format", "json", "--data"])
            .arg(data)
            .args(flags)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address = lines
            .find_map(|line| {
                let line: serde_json::Value = serde_json::from_str(&line).ok()?;
                line["ready"].as_str().map(str::to_owned)
            })
            .unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let ca = address.starts_with("https://").then(|| data.join("dev-ca.pem"));
        Server { child, address, ca }
    }

    pub(crate) async fn connect(&self) -> Channel {
        let scheme = if self.ca.is_some() { "" } else { "http://" };
        let endpoint = Endpoint::from_shared(format!("{scheme}{}", self.address)).unwrap();
        let endpoint = endpoint
            .tcp_nodelay(true)
            .initial_stream_window_size(2 << 20)
            .initial_connection_window_size(8 << 20);
        match &self.ca {
            Some(ca) => self.connect_over_tls(&endpoint, ca).await,
            None => endpoint.connect().await.unwrap(),
        }
    }

    async fn connect_over_tls(&self, endpoint: &Endpoint, ca: &Path) -> Channel {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let connector = TlsConnector::from(Arc::new(config));
        let address = self.address.trim_start_matches("https://").to_owned();
        let connect = tower::service_fn(move |_| {
            let (connector, address) = (connector.clone(), address.clone());
            async move {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let name = ServerName::try_from("localhost").unwrap();
                std::io::Result::Ok(TokioIo::new(connector.connect(name, stream).await?))
            }
        });
        endpoint.connect_with_connector(connect).await.unwrap()
    }

    pub(crate) fn contact(&self, args: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_contact"));
        command.args(args).env("CONTACT_SERVER", &self.address);
        command.envs(self.ca.iter().map(|ca| ("CONTACT_TLS_CA", ca)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks = |i: usize| fields[i].parse::<f64>().unwrap();
        (ticks(11) + ticks(12)) / 100.0
    }

    pub(crate) fn memory_kib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let began = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            if began.elapsed() > Duration::from_secs(15) {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
