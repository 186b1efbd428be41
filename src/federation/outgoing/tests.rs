//! What is let out, and what is taken of an answer.

use std::io::{Read as _, Write as _};

use serde_json::json;

use super::*;
use crate::federation::testing::{FakeProvider, Reply};

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn strict() -> Outgoing {
    Outgoing::new(&OutgoingSettings::default()).unwrap()
}

async fn error(outgoing: &Outgoing, text: &str) -> FetchError {
    outgoing.get_json(&url(text)).await.unwrap_err()
}

#[tokio::test]
async fn no_spelling_of_a_closed_address_is_asked() {
    for host in [
        "127.0.0.1",
        "[::1]",
        "0.0.0.0",
        "0",
        "169.254.169.254",
        "2852039166",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0xa9.0xfe.0xa9.0xfe",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "10.0.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "１２７.0.0.1",
        "localhost",
    ] {
        let text = ["https://", host, "/jwks"].concat();
        let error = error(&strict(), &text).await;
        assert!(matches!(error, FetchError::Blocked(_)), "{host}: {error:?}");
    }
}

#[tokio::test]
async fn only_https_on_an_open_port_is_asked() {
    for text in [
        "http://idp.example.com/",
        "http://127.0.0.1:18999/",
        "ftp://idp.example.com/",
        "file:///etc/passwd",
        "https://idp.example.com:22/",
        "https://idp.example.com:80/",
        "https://redis.example.com:6379/",
        "https://idp.example.com:0/",
    ] {
        let error = error(&strict(), text).await;
        assert!(
            matches!(error, FetchError::NotAllowed { .. }),
            "{text}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_listed_http_issuer_is_asked_at_its_own_port_only() {
    let provider = FakeProvider::start(&[]).await;
    let outgoing = provider.outgoing(DEFAULT_TIMEOUT);
    let jwks = [provider.issuer.as_str(), "/jwks"].concat();
    assert!(outgoing.get_json(&url(&jwks)).await.is_ok());
    for text in [
        "http://127.0.0.1:1/",
        "http://127.0.0.2:18999/",
        &jwks.replace("127.0.0.1", "localhost"),
        "http://idp.example.com/",
    ] {
        let error = error(&outgoing, text).await;
        assert!(matches!(error, FetchError::NotAllowed { .. }), "{text}");
    }
    let https = jwks.replace("http:", "https:");
    assert!(matches!(
        error(&outgoing, &https).await,
        FetchError::Blocked(_)
    ));
}

#[test]
fn only_a_loopback_issuer_may_be_listed_as_plain_http() {
    for (issuer, is_good) in [
        ("http://127.0.0.1:18999", true),
        ("http://[::1]:18999/a", true),
        ("http://localhost:18999", true),
        ("http://idp.example.com", false),
        ("http://10.0.0.1", false),
        ("http://localhost.example.com", false),
        ("https://127.0.0.1", false),
    ] {
        let settings = OutgoingSettings {
            http_issuers: vec![issuer.parse().unwrap()],
            ..OutgoingSettings::default()
        };
        let refused = matches!(
            Outgoing::new(&settings),
            Err(OutgoingSetupError::NotLoopback(_))
        );
        assert_eq!(refused, !is_good, "{issuer}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let provider = FakeProvider::start(&[]).await;
    let outgoing = provider.outgoing(DEFAULT_TIMEOUT);
    for status in [301, 302, 303, 307, 308] {
        let head: &'static str = match status {
            301 => "HTTP/1.1 301 Moved\r\nLocation: /canary",
            302 => "HTTP/1.1 302 Found\r\nLocation: /canary",
            303 => "HTTP/1.1 303 See Other\r\nLocation: /canary",
            307 => "HTTP/1.1 307 Temporary\r\nLocation: /canary",
            _ => "HTTP/1.1 308 Permanent\r\nLocation: /canary",
        };
        provider.reply("/jwks", Reply::Raw(head, Vec::new()));
        let jwks = [provider.issuer.as_str(), "/jwks"].concat();
        let error = error(&outgoing, &jwks).await;
        assert!(matches!(error, FetchError::Status(found) if found == status));
    }
    assert_eq!(provider.hits("/canary"), 0);
}

#[tokio::test]
async fn an_unusable_answer_is_named() {
    let provider = FakeProvider::start(&[]).await;
    let patient = provider.outgoing(DEFAULT_TIMEOUT);
    let hasty = provider.outgoing(Duration::from_millis(200));
    let jwks = [provider.issuer.as_str(), "/jwks"].concat();
    let named = async |reply| {
        let outgoing = match reply {
            Reply::Hang => &hasty,
            _ => &patient,
        };
        provider.reply("/jwks", reply);
        match error(outgoing, &jwks).await {
            FetchError::Status(_) => "status",
            FetchError::TooLong(_) => "too long",
            FetchError::Json(_) | FetchError::NotText => "json",
            FetchError::TimedOut(_) => "timed out",
            FetchError::Unreachable(_) => "unreachable",
            FetchError::NotAllowed { .. } | FetchError::Blocked(_) => "refused",
        }
    };
    let ok = "HTTP/1.1 200 OK";
    let big = || vec![b' '; MAX_BODY_BYTES + 1];
    let announced = "HTTP/1.1 200 OK\r\nContent-Length: 31457280";
    let html = b"<html>{}</html>".to_vec();
    assert_eq!(
        named(Reply::Raw("HTTP/1.1 500 No", Vec::new())).await,
        "status"
    );
    assert_eq!(named(Reply::Raw(ok, html)).await, "json");
    assert_eq!(named(Reply::Raw(ok, b"[]".to_vec())).await, "json");
    assert_eq!(
        named(Reply::Raw(ok, br#"{"a":1,"a":2}"#.to_vec())).await,
        "json"
    );
    assert_eq!(named(Reply::Raw(ok, big())).await, "too long");
    assert_eq!(named(Reply::Raw(announced, Vec::new())).await, "too long");
    assert_eq!(named(Reply::Hang).await, "timed out");
    assert_eq!(named(Reply::Drop).await, "unreachable");
}

#[tokio::test]
async fn max_age_is_read() {
    let provider = FakeProvider::start(&[]).await;
    let outgoing = provider.outgoing(DEFAULT_TIMEOUT);
    let jwks = url(&[provider.issuer.as_str(), "/jwks"].concat());
    for (head, max_age) in [
        (
            "HTTP/1.1 200 OK\r\nCache-Control: public, Max-Age=600",
            Some(600),
        ),
        ("HTTP/1.1 200 OK\r\nCache-Control: no-store", None),
        ("HTTP/1.1 200 OK\r\nCache-Control: max-age=-1", None),
        ("HTTP/1.1 200 OK", None),
    ] {
        provider.reply("/jwks", Reply::Raw(head, json!({}).to_string().into()));
        assert_eq!(outgoing.get_json(&jwks).await.unwrap().max_age, max_age);
    }
}

/// One https answer on a loopback port, from a certificate for `localhost`; gives the port and the
/// authority's PEM.
fn serve_tls_once() -> (u16, String) {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pem = certified.cert.pem();
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.into())
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = rustls::StreamOwned::new(connection, stream);
        if stream.read(&mut [0; 4096]).is_ok() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
            let _ = stream.flush();
        }
    });
    (port, pem)
}

async fn ask_tls(trust: bool) -> Result<JsonAnswer, FetchError> {
    let (port, pem) = serve_tls_once();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("authorities.pem");
    std::fs::write(&path, pem).unwrap();
    let settings = OutgoingSettings {
        allowed_networks: vec!["127.0.0.0/8".parse().unwrap()],
        extra_authorities: trust.then_some(path),
        ..OutgoingSettings::default()
    };
    let mut target = url("https://localhost/jwks");
    target.set_port(Some(port)).unwrap();
    let outgoing = Outgoing::new(&settings).unwrap();
    outgoing.get_json(&target).await
}

#[tokio::test]
async fn a_listed_network_is_reached_over_tls_with_an_extra_authority() {
    assert!(ask_tls(true).await.is_ok());
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted() {
    let error = ask_tls(false).await.unwrap_err();
    assert!(matches!(error, FetchError::Unreachable(_)), "{error:?}");
}

#[test]
fn an_unreadable_authorities_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("authorities.pem");
    std::fs::write(&path, "nothing").unwrap();
    for path in [path, folder.path().join("none.pem")] {
        let settings = OutgoingSettings {
            extra_authorities: Some(path),
            ..OutgoingSettings::default()
        };
        assert!(matches!(
            Outgoing::new(&settings),
            Err(OutgoingSetupError::Authorities { .. })
        ));
    }
}
