//! The listener with a certificate of its own.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::slice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use rustls_pki_types::CertificateDer;

use super::support::http::{NoResponse, PATIENCE, exchange};
use super::support::http_node::HttpNode;
use super::support::node::Settings;

/// What a client saw of a connection.
struct Seen {
    certificate: Vec<u8>,
    protocol: Option<Vec<u8>>,
    answer: String,
}

/// A certificate for `localhost`, written where the node looks for it.
fn write_certificate(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("tls.key"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("tls.crt"), made.cert.pem()).unwrap();
    made.cert.der().clone()
}

fn node(folder: &Path) -> HttpNode {
    node_with(folder, "")
}

fn node_with(folder: &Path, more: &str) -> HttpNode {
    let place = |name: &str| folder.join(name).display().to_string();
    let tls = serde_json::json!({
        "tls": { "certificate_file": place("tls.crt"), "key_file": place("tls.key") },
    });
    HttpNode::empty(Settings {
        toml: [&toml::to_string(&tls).unwrap(), more].concat(),
        ..Settings::default()
    })
}

fn shake_hands(
    address: SocketAddr,
    trusted: &[CertificateDer<'static>],
    offered: &[&str],
) -> Result<(ClientConnection, TcpStream), rustls::Error> {
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        roots.add(certificate.clone()).unwrap();
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = builder
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = offered
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    let name = "localhost".try_into().unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name)?;
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    while connection.is_handshaking() {
        let done = connection.complete_io(&mut socket);
        done.map_err(|error| rustls::Error::General(error.to_string()))?;
    }
    Ok((connection, socket))
}

fn connect(
    address: SocketAddr,
    trusted: &[CertificateDer<'static>],
    offered: &[&str],
) -> Result<Seen, rustls::Error> {
    let (mut connection, mut socket) = shake_hands(address, trusted, offered)?;
    let certificate = connection.peer_certificates().unwrap()[0].to_vec();
    let protocol = connection.alpn_protocol().map(<[u8]>::to_vec);
    let mut stream = rustls::Stream::new(&mut connection, &mut socket);
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    // A server may close without saying so.
    let _ended = stream.read_to_end(&mut answer);
    Ok(Seen {
        certificate,
        protocol,
        answer: String::from_utf8_lossy(&answer).into_owned(),
    })
}

#[test]
fn o_a_new_certificate_is_taken_over_while_the_node_runs() {
    let folder = tempfile::tempdir().unwrap();
    let first = write_certificate(folder.path());
    let node = node(folder.path());
    let seen = connect(node.address, slice::from_ref(&first), &[]).unwrap();
    assert!(seen.answer.starts_with("HTTP/1.1 200"), "{}", seen.answer);
    let second = write_certificate(folder.path());
    let trusted = [first, second.clone()];
    let begun = Instant::now();
    while connect(node.address, &trusted, &[]).unwrap().certificate != second.to_vec() {
        assert!(
            begun.elapsed() < PATIENCE,
            "the certificate was not taken over"
        );
        std::thread::yield_now();
    }
}

#[test]
fn o_a_broken_certificate_leaves_the_old_one_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let first = write_certificate(folder.path());
    let node = node(folder.path());
    std::fs::write(folder.path().join("tls.crt"), "no certificate").unwrap();
    let begun = Instant::now();
    // Longer than the node waits between two looks at its files.
    while begun.elapsed() < Duration::from_secs(11) {
        let seen = connect(node.address, slice::from_ref(&first), &[]).unwrap();
        assert!(seen.answer.starts_with("HTTP/1.1 200"), "{}", seen.answer);
    }
}

#[test]
fn a19_a_later_head_that_takes_too_long_is_not_waited_for_by_tls_either() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = write_certificate(folder.path());
    let impatient = "\n[limits]\nheader_seconds = 1\nbody_seconds = 1\nkeep_alive_seconds = 1\n";
    let node = node_with(folder.path(), impatient);
    let (mut connection, mut socket) = shake_hands(node.address, &[certificate], &[]).unwrap();
    let mut stream = rustls::Stream::new(&mut connection, &mut socket);
    let begun = Instant::now();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nG")
        .unwrap();
    let mut answer = Vec::new();
    // A server may close without saying so.
    let _ended = stream.read_to_end(&mut answer);
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
}

#[test]
fn a18_http_2_is_not_agreed_on() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = write_certificate(folder.path());
    let node = node(folder.path());
    let both = connect(
        node.address,
        slice::from_ref(&certificate),
        &["h2", "http/1.1"],
    )
    .unwrap();
    assert_ne!(both.protocol.as_deref(), Some(&b"h2"[..]));
    assert!(both.answer.starts_with("HTTP/1.1 200"), "{}", both.answer);
    match connect(node.address, &[certificate], &["h2"]) {
        Ok(seen) => assert_eq!(seen.protocol, None, "{}", seen.answer),
        Err(error) => assert!(
            error.to_string().contains("NoApplicationProtocol"),
            "{error}"
        ),
    }
}

#[test]
fn o_plain_http_gets_nothing_on_a_tls_listener() {
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path());
    let node = node(folder.path());
    let answer = exchange(
        node.address,
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        PATIENCE,
    );
    assert!(
        matches!(answer, Err(NoResponse::Closed | NoResponse::Malformed(_))),
        "{answer:?}"
    );
}
