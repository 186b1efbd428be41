//! The requests of a minute: half are for credentials, a fifth asks who signed, the rest is hostile.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::node::Node;
use super::scene::House;
use super::support::aws::AwsKeys;
use super::support::http::Request;
use super::support::http_node::ROLE;

/// How many rounds of requests are prepared; each token of a round is another person's.
const ROUNDS: usize = 64;

/// What a request must be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expects {
    /// 200.
    Good,
    /// A status from 400 to 499.
    Refusal,
    /// Likewise, or the connection ends without a word.
    RefusalOrEnd,
}

/// A request in bytes.
pub(crate) struct Prepared {
    pub(crate) kind: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) expects: Expects,
}

/// Requests to one node.
pub(crate) struct Mix {
    pub(crate) requests: Vec<Prepared>,
}

impl Mix {
    /// Good requests only, for finding out what a node can do.
    pub(crate) fn good(house: &House, node: &Node) -> Self {
        let requests = (0..ROUNDS * 4).map(|_| token(house, node));
        Self {
            requests: requests.collect(),
        }
    }

    /// Of ten requests five are for credentials, two ask who signed with `keys`, three are hostile.
    pub(crate) fn new(house: &House, node: &Node, keys: &AwsKeys) -> Self {
        let hostile = hostile(house, node);
        let mut hostile = hostile.iter().cycle();
        let mut requests = Vec::with_capacity(ROUNDS * 10);
        for _ in 0..ROUNDS {
            let who = || Prepared {
                kind: "GetCallerIdentity",
                bytes: house.who(node, keys).kept_alive(),
                expects: Expects::Good,
            };
            requests.extend((0..5).map(|_| token(house, node)));
            requests.extend((0..2).map(|_| who()));
            let three = hostile.by_ref().take(3);
            requests.extend(three.map(|(kind, bytes, expects)| Prepared {
                kind,
                bytes: bytes.clone(),
                expects: *expects,
            }));
        }
        Self { requests }
    }
}

fn token(house: &House, node: &Node) -> Prepared {
    let token = house.token(&format!("caller-{}", house.draw()));
    Prepared {
        kind: "AssumeRoleWithWebIdentity",
        bytes: house.assume(node, ROLE, &token).kept_alive(),
        expects: Expects::Good,
    }
}

type Hostile = (&'static str, Vec<u8>, Expects);

fn hostile(house: &House, node: &Node) -> Vec<Hostile> {
    let host = house.nodes[0].address.to_string();
    let mut all = Vec::new();
    for (kind, request) in wrong_proofs(house, node) {
        all.push((kind, request.kept_alive(), Expects::Refusal));
    }
    for (kind, bytes) in wrong_http(&host) {
        all.push((kind, bytes, Expects::RefusalOrEnd));
    }
    all
}

/// Requests that are whole, and prove nothing.
fn wrong_proofs(house: &House, node: &Node) -> Vec<(&'static str, Request)> {
    let good = house.token("mallory");
    let (head, tail) = good.rsplit_once('.').unwrap();
    let changed = [head, ".", &tail.chars().rev().collect::<String>()].concat();
    let response = STANDARD.decode(house.response()).unwrap();
    let response = String::from_utf8(response).unwrap();
    let another = response.replace("alice@example.com", "admin@example.com");
    assert_ne!(another, response, "the response names nobody");
    let bomb = format!(
        "<!DOCTYPE r [<!ENTITY a \"{}\">]>{response}",
        "a".repeat(1_000)
    );
    let deep = "<a>".repeat(5_000);
    let saml = |text: &str| house.redeem(node, &STANDARD.encode(text));
    let form = |fields: &[(&str, &str)]| {
        let host = house.nodes[0].address.to_string();
        Request::post_form(node.address, "/", fields).with_header("host", &host)
    };
    let forged = AwsKeys {
        secret: "not-the-secret-that-goes-with-this-key".to_owned(),
        ..AwsKeys::admin()
    };
    vec![
        ("forged token", house.assume(node, ROLE, &house.forged())),
        ("changed token", house.assume(node, ROLE, &changed)),
        ("no token", house.assume(node, ROLE, "e30.e30.AAAA")),
        ("unknown role", house.assume(node, &unknown(), &good)),
        ("changed assertion", saml(&another)),
        ("entities", saml(&bomb)),
        ("deep XML", saml(&deep)),
        ("no XML", saml("\u{0}\u{1}")),
        ("forged signature", house.who(node, &forged)),
        ("unknown action", form(&[("Action", "Nonsense")])),
        (
            "repeated parameter",
            form(&[("Action", "A"), ("Action", "B")]),
        ),
    ]
}

fn unknown() -> String {
    [ROLE, "NobodyMadeIt"].concat()
}

/// What is no request that a node may serve.
fn wrong_http(host: &str) -> Vec<(&'static str, Vec<u8>)> {
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let long = "x".repeat(1_000_000);
    let texts = [
        (
            "two lengths",
            format!(
                "POST / HTTP/1.1\r\nHost: {host}\r\n{form}Content-Length: 3\r\nContent-Length: 5\r\n\r\na=b"
            ),
        ),
        (
            "length and chunks",
            format!(
                "POST / HTTP/1.1\r\nHost: {host}\r\n{form}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
        ),
        ("no HTTP", "\u{16}\u{3}\u{1}\u{2}garbage\r\n\r\n".to_owned()),
        (
            "another host",
            "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(),
        ),
        ("no host", "GET / HTTP/1.1\r\n\r\n".to_owned()),
        (
            "long header",
            format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Long: {long}\r\n\r\n"),
        ),
        (
            "large body",
            format!("POST / HTTP/1.1\r\nHost: {host}\r\n{form}Content-Length: 99999999\r\n\r\na=b"),
        ),
        (
            "way out",
            format!("GET /static/../../etc/passwd HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ),
        (
            "no such page",
            format!(
                "GET /%00%ff HTTP/1.1\r\nHost: {host}\r\nCookie: __Host-rolegate-session={}\r\n\r\n",
                "A".repeat(86)
            ),
        ),
    ];
    texts
        .into_iter()
        .map(|(kind, text)| (kind, text.into_bytes()))
        .collect()
}
