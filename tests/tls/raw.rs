//! What comes to the port that is not what it expects.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
    version::{TLS12, TLS13},
};

use crate::{
    common::{DEADLINE, Server},
    house::House,
};

/// How long the server waits for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address.trim_start_matches("https://")).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// What the server says to these bytes, until it closes.
fn answer(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(server);
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    // A server that cuts the connection off has said what it had to say.
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// A greeting in the manner of TLS 1.0: no extension says that it knows better.
fn greeting_of_1999() -> Vec<u8> {
    let mut body = vec![3, 1];
    body.extend([7; 32]);
    body.extend([0, 0, 4, 0, 0x2f, 0, 0x35, 1, 0]);
    let mut hello = vec![1, 0, 0, body.len() as u8];
    hello.extend(body);
    let mut record = vec![0x16, 3, 1, 0, hello.len() as u8];
    record.extend(hello);
    record
}

#[test]
fn what_is_no_tls_gets_an_alert_and_the_door() {
    let house = House::new();
    let server = house.serve(&[]);
    for (what, bytes) in [
        ("TLS 1.0", greeting_of_1999()),
        ("HTTP/2 in plain text", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec()),
        ("HTTP/1.1", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("SSL 2", b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10".to_vec()),
        ("noise", (0..=255).cycle().take(9000).collect()),
        ("a record that lies about its length", vec![0x16, 3, 1, 0xff, 0xff, 1, 0, 0xff, 0xff]),
        ("an alert", vec![0x15, 3, 3, 0, 2, 2, 40]),
        ("data before any greeting", vec![0x17, 3, 3, 0, 1, 0]),
    ] {
        let began = Instant::now();
        let answer = answer(&server, &bytes);
        // To an alert nothing is said.
        assert!(what == "an alert" || answer.starts_with(&[0x15, 3]), "{what}: {answer:?}");
        assert!(began.elapsed() < HANDSHAKE, "{what}: {:?}", began.elapsed());
    }
    assert_eq!(house.run(&server, &["health"]).code, 0);
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn a_handshake_that_takes_too_long_ends() {
    let house = House::new();
    let server = house.serve(&[]);
    let greeting = greeting_of_1999();
    let began = Instant::now();
    let mut silent = connect(&server);
    let mut half = connect(&server);
    half.write_all(&greeting[..20]).unwrap();
    for stream in [&mut silent, &mut half] {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert_eq!(answer, b"");
    }
    let took = began.elapsed();
    assert!(took >= HANDSHAKE - Duration::from_millis(100) && took < 3 * HANDSHAKE, "{took:?}");
    assert_eq!(house.run(&server, &["health"]).code, 0);
}

/// Shakes hands as a client that speaks these protocols inside, and says which was chosen.
fn shake(
    house: &House,
    server: &Server,
    version: &'static rustls::SupportedProtocolVersion,
    protocols: &[&str],
) -> Result<Option<Vec<u8>>, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(house.path("ca.pem")).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, connect(server));
    match stream.conn.complete_io(&mut stream.sock) {
        Ok(_) => Ok(stream.conn.alpn_protocol().map(<[u8]>::to_vec)),
        Err(e) => Err(e.into_inner().unwrap().downcast_ref::<rustls::Error>().unwrap().clone()),
    }
}

#[test]
fn it_speaks_tls_1_2_and_1_3_and_http_2_inside() {
    let house = House::new();
    let server = house.serve(&[]);
    for version in [&TLS12, &TLS13] {
        for protocols in [&["h2"][..], &["http/1.1", "h2"]] {
            assert_eq!(shake(&house, &server, version, protocols), Ok(Some(b"h2".to_vec())), "{protocols:?}");
        }
        assert_eq!(shake(&house, &server, version, &[]), Ok(None));
        let refused = shake(&house, &server, version, &["http/1.1"]).unwrap_err();
        assert!(refused.to_string().contains("NoApplicationProtocol"), "{refused}");
    }
}
