//! Stopping, proxies, readiness and what fails inside.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, HttpServer, web};
use rolegate::http::edge::{Transport, Wall, wall};

use super::child::ChildNode;
use super::support::aws::{Call, GET_CALLER_IDENTITY};
use super::support::directory::in_account;
use super::support::http::{PATIENCE, RawConnection, Request};
use super::support::http_node::{HttpNode, ROLE};
use super::support::node::Settings;
use super::support::provider::HostileProvider;
use super::support::sts::assert_refused;

const FOLLOWED: &str = "trusted_proxies = [\"127.0.0.1\"]\n";

/// The source addresses of the last record.
fn source(node: &HttpNode) -> String {
    let lines = node.audit();
    lines.last().unwrap()["sourceIPAddress"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn assume_from(node: &HttpNode, headers: &[(&str, &str)]) -> u16 {
    let token = node.id_token("ines");
    let fields = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", ROLE),
        ("RoleSessionName", "ines"),
        ("WebIdentityToken", &token),
    ];
    let request = Request::post_form(node.address, "/", &fields);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.with_header(name, value)
    });
    request.send().status
}

#[test]
fn o_a_strangers_forwarding_headers_are_not_believed() {
    let node = HttpNode::start();
    let headers = [
        ("x-forwarded-for", "203.0.113.9"),
        ("forwarded", "for=203.0.113.9"),
        ("x-real-ip", "203.0.113.9"),
    ];
    assert_eq!(assume_from(&node, &headers), 200);
    assert_eq!(source(&node), "127.0.0.1");
}

#[test]
fn o_a_listed_proxys_last_hop_is_the_source() {
    let node = HttpNode::with_settings(FOLLOWED);
    for (hops, expected) in [
        (&["203.0.113.9"][..], "203.0.113.9"),
        (&["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        (&["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        (&["203.0.113.9, 127.0.0.1"], "203.0.113.9"),
        (&["203.0.113.9, evil"], "127.0.0.1"),
        (&["2001:db8::1"], "2001:db8::1"),
    ] {
        let headers: Vec<_> = hops.iter().map(|hop| ("x-forwarded-for", *hop)).collect();
        assert_eq!(assume_from(&node, &headers), 200);
        assert_eq!(source(&node), expected, "{hops:?}");
    }
}

/// A node whose role may be taken over TLS from one network only.
fn node_with_conditions() -> HttpNode {
    let node = HttpNode::with_settings(FOLLOWED);
    let mut files = node.directory();
    let path = in_account("roles/Reader.trust.json");
    let mut trust: serde_json::Value = serde_json::from_str(&files[&path]).unwrap();
    trust["Statement"][0]["Condition"] = serde_json::json!({
        "IpAddress": { "aws:SourceIp": "203.0.113.0/24" },
        "Bool": { "aws:SecureTransport": "true" },
    });
    files.insert(path, trust.to_string());
    node.apply(&files);
    node
}

#[test]
fn o_source_address_and_transport_follow_the_proxy() {
    let node = node_with_conditions();
    let (client, tls) = (
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-proto", "https"),
    );
    assert_eq!(assume_from(&node, &[client, tls]), 200);
    assert_eq!(assume_from(&node, &[client]), 403);
    assert_eq!(assume_from(&node, &[tls]), 403);
    let plain = ("x-forwarded-proto", "http");
    assert_eq!(assume_from(&node, &[client, plain]), 403);
    let other = ("x-forwarded-for", "203.0.113.9, 198.51.100.1");
    assert_eq!(assume_from(&node, &[other, tls]), 403);
}

#[test]
fn o_a_clients_own_protocol_header_does_not_hide_the_proxys() {
    let node = node_with_conditions();
    let client = ("x-forwarded-for", "203.0.113.9");
    let (tls, plain) = (
        ("x-forwarded-proto", "https"),
        ("x-forwarded-proto", "http"),
    );
    assert_eq!(assume_from(&node, &[client, tls, plain]), 403);
    assert_eq!(
        assume_from(&node, &[client, ("x-forwarded-proto", "https, http")]),
        403
    );
    assert_eq!(assume_from(&node, &[client, plain, tls]), 403);
}

#[test]
fn o_readiness_says_what_is_not_ready() {
    let node = HttpNode::start();
    let ready = Request::get(node.address, "/readyz").send();
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json()["ready"], true);
    let names: Vec<_> = ready.json()["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["name"].clone())
        .collect();
    assert_eq!(names, ["accepting requests", "directory", "sealing key"]);
}

#[test]
fn o_the_operators_routes_can_have_an_address_of_their_own() {
    let node = HttpNode::empty(Settings {
        toml: "ops_listen = \"127.0.0.1:0\"\n".to_owned(),
        ..Settings::default()
    });
    for target in ["/healthz", "/readyz", "/admin/v1/directory"] {
        assert_eq!(
            Request::get(node.address, target).send().status,
            404,
            "{target}"
        );
    }
    let ops = node.ops_address.unwrap();
    assert_eq!(Request::get(ops, "/healthz").send().status, 200);
    assert_eq!(Request::get(ops, "/roles").send().status, 404);
    let call = Call::post(ops, GET_CALLER_IDENTITY);
    assert_eq!(call.send(ops).status, 404);
}

#[test]
fn o_a_panic_is_answered_and_the_worker_goes_on() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    let serving = std::thread::spawn(move || {
        let server = HttpServer::new(|| {
            let all = Wall {
                transport: Transport::Private,
                headers: Vec::new(),
            };
            App::new()
                .app_data(web::Data::new(all))
                .wrap(from_fn(wall))
                .route(
                    "/panics",
                    web::get().to(async || -> HttpResponse { panic!("on purpose") }),
                )
                .route("/", web::get().to(HttpResponse::Ok))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        sender.send(server.handle()).unwrap();
        actix_web::rt::System::new().block_on(server)
    });
    let handle = receiver.recv().unwrap();
    for _ in 0..3 {
        let failed = Request::get(address, "/panics").send();
        assert_eq!(failed.status, 500);
        assert_eq!(failed.text(), "the service failed");
        assert_eq!(failed.header("cache-control"), Some("no-store"));
        assert!(
            failed
                .header("content-security-policy")
                .unwrap()
                .contains("frame-ancestors 'none'")
        );
        assert_eq!(Request::get(address, "/").send().status, 200);
    }
    drop(handle.stop(false));
    serving.join().unwrap().unwrap();
}

const CHILD: &str =
    "drain_seconds = 10\n[log]\nformat = \"json\"\nlevel = \"info\"\n[store]\nurl = \"memory:\"\n";

#[test]
fn o_what_was_begun_is_finished_before_the_node_ends() {
    let (provider, folder) = (HostileProvider::start(), tempfile::tempdir().unwrap());
    let mut child = ChildNode::start(folder.path(), &provider.issuer(), CHILD);
    let body = GET_CALLER_IDENTITY;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        child.address,
        body.len()
    );
    let mut begun = RawConnection::open(child.address);
    begun.send(head.as_bytes()).unwrap();
    begun.send(&body.as_bytes()[..10]).unwrap();
    // Another answer shows that the node has taken the connection before.
    assert_eq!(Request::get(child.address, "/readyz").send().status, 200);
    let mut idle = RawConnection::open(child.address);
    let ready = format!("GET /readyz HTTP/1.1\r\nHost: {}\r\n\r\n", child.address);
    idle.send(ready.as_bytes()).unwrap();
    assert_eq!(idle.read_response(PATIENCE).unwrap().status, 200);

    let asked = Instant::now();
    child.terminate();
    while TcpStream::connect(child.address).is_ok() {
        assert!(
            asked.elapsed() < PATIENCE,
            "new connections are still taken"
        );
    }
    // A kept connection is either told that the node is not ready, or closed.
    drop(idle.send(ready.as_bytes()));
    if let Ok(response) = idle.read_response(PATIENCE) {
        assert_eq!(response.status, 503, "{response:?}");
        assert_eq!(response.json()["checks"][0]["ready"], false);
    }
    begun.send(&body.as_bytes()[10..]).unwrap();
    let answer = begun.read_response(PATIENCE).unwrap();
    assert_refused(&answer, 403, "MissingAuthenticationToken");
    assert!(child.wait().success());
    assert!(
        asked.elapsed() < Duration::from_secs(8),
        "{:?}",
        asked.elapsed()
    );
}

#[test]
fn o_a_client_that_never_ends_does_not_keep_the_node() {
    let (provider, folder) = (HostileProvider::start(), tempfile::tempdir().unwrap());
    let settings = CHILD.replace("drain_seconds = 10", "drain_seconds = 1");
    let mut child = ChildNode::start(folder.path(), &provider.issuer(), &settings);
    let mut stuck = TcpStream::connect(child.address).unwrap();
    stuck.write_all(b"POST / HTTP/1.1\r\nHost: a\r\n").unwrap();
    assert_eq!(Request::get(child.address, "/healthz").send().status, 200);
    let asked = Instant::now();
    child.terminate();
    assert!(child.wait().success());
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
}
