//! Clients that send a little at a time, or nothing.

use std::io::Write as _;
use std::time::{Duration, Instant};

use rolegate::config::{Config, Environment};

use super::support::http::{PATIENCE, RawConnection, Request};
use super::support::http_node::HttpNode;

const SLOWEST: Duration = Duration::from_mins(1);

/// Sends the first bytes at once and the others one by one, and returns after how long the node
/// closed the connection.
fn drip(node: &HttpNode, first: &[u8], then: &[u8]) -> (Duration, String) {
    let begun = Instant::now();
    let mut connection = RawConnection::open(node.address);
    connection.send(first).unwrap();
    let mut answer = Vec::new();
    for byte in then.iter().cycle() {
        let (more, closed) = connection.read_until_closed(Duration::from_millis(100));
        answer.extend(more);
        if closed || connection.send(&[*byte]).is_err() {
            break;
        }
        assert!(begun.elapsed() < SLOWEST, "the connection is still open");
    }
    (
        begun.elapsed(),
        String::from_utf8_lossy(&answer).into_owned(),
    )
}

fn impatient() -> HttpNode {
    HttpNode::with_settings(
        "[limits]\nheader_seconds = 1\nbody_seconds = 1\nkeep_alive_seconds = 1\n",
    )
}

#[test]
fn a19_a_head_that_takes_too_long_is_not_waited_for() {
    let node = impatient();
    let (took, answer) = drip(&node, b"GET / HTTP/1.1\r\nX-A: ", b"a");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
        "{answer}"
    );
}

#[test]
fn a19_a_body_that_takes_too_long_is_not_waited_for() {
    let node = impatient();
    let not_read = ("/admin/v1/directory", "HTTP/1.1 403");
    let read = ["/", "/sign-in", "/oidc/callback/idp"].map(|target| (target, "HTTP/1.1 408"));
    for (target, refused) in read.into_iter().chain([not_read]) {
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10000\r\n\r\n",
            node.address
        );
        let (took, answer) = drip(&node, head.as_bytes(), b"a");
        assert!(took < Duration::from_secs(5), "{target}: {took:?}");
        assert!(answer.starts_with(refused), "{target}: {answer}");
    }
}

#[test]
fn a19_a_connection_without_a_request_is_closed() {
    let node = impatient();
    let mut silent = RawConnection::open(node.address);
    let (_, closed) = silent.read_until_closed(Duration::from_secs(5));
    assert!(closed, "before the first request");

    let mut idle = RawConnection::open(node.address);
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", node.address);
    idle.send(request.as_bytes()).unwrap();
    let (answer, closed) = idle.read_until_closed(Duration::from_secs(5));
    assert!(
        answer.starts_with(b"HTTP/1.1 200") && closed,
        "after a request"
    );
}

#[test]
fn a19_a_body_that_nobody_asked_for_is_not_waited_for() {
    let node = impatient();
    let head = format!(
        "GET /healthz HTTP/1.1\r\nHost: {}\r\nContent-Length: 100000\r\n\r\n",
        node.address
    );
    let (took, _) = drip(&node, head.as_bytes(), b"a");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

fn healthz(node: &HttpNode, more: &str) -> Vec<u8> {
    let head = format!(
        "GET /healthz HTTP/1.1\r\nHost: {}\r\n{more}\r\n",
        node.address
    );
    head.into_bytes()
}

/// The first request is whole, and what comes after it never is.
#[test]
fn a19_a_later_head_that_takes_too_long_is_not_waited_for() {
    let node = impatient();
    for begun in [&b"G"[..], b"GET / HTTP/1.1\r\nX-A: ", b"\r\n"] {
        let (took, answer) = drip(&node, &[&healthz(&node, ""), begun].concat(), b"a");
        assert!(took < Duration::from_secs(5), "{took:?}");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

        let mut silent = RawConnection::open(node.address);
        silent.send(&healthz(&node, "")).unwrap();
        silent.read_response(PATIENCE).unwrap();
        silent.send(begun).unwrap();
        let (_, closed) = silent.read_until_closed(Duration::from_secs(5));
        assert!(closed, "after {begun:?} and nothing more");
    }
}

/// A body without a length, where nobody asked for any.
#[test]
fn a19_a_body_without_an_end_that_nobody_reads_is_not_waited_for() {
    let node = impatient();
    let chunked = "Transfer-Encoding: chunked\r\n";
    let elsewhere = format!(
        "POST /nowhere HTTP/1.1\r\nHost: {}\r\n{chunked}\r\n",
        node.address
    );
    let expecting = elsewhere.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n");
    for head in [
        healthz(&node, chunked),
        elsewhere.into_bytes(),
        expecting.into_bytes(),
    ] {
        for begun in [&b""[..], b"5\r\nab"] {
            let mut silent = RawConnection::open(node.address);
            silent.send(&[&head, begun].concat()).unwrap();
            let (_, closed) = silent.read_until_closed(Duration::from_secs(5));
            assert!(closed, "{}", String::from_utf8_lossy(&head));
        }
        let (took, _) = drip(&node, &head, b"1\r\na\r\n");
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}

/// Between requests a connection may be idle for long here. A body that nobody reads is no idleness.
#[test]
fn a19_a_chunked_body_that_nobody_reads_is_waited_for_no_longer_than_a_head() {
    let node = HttpNode::with_settings(
        "[limits]\nheader_seconds = 1\nbody_seconds = 1\nkeep_alive_seconds = 60\n",
    );
    let post = |target| {
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
            node.address
        );
        head.into_bytes()
    };
    let no_payload = healthz(&node, "Transfer-Encoding: chunked\r\n");
    for head in [no_payload, post("/nowhere"), post("/admin/v1/directory")] {
        for begun in [&b""[..], b"5", b"5\r\nab", b"2\r\nab\r\n"] {
            let mut silent = RawConnection::open(node.address);
            silent.send(&[&head, begun].concat()).unwrap();
            let (answer, closed) = silent.read_until_closed(Duration::from_secs(5));
            let head = String::from_utf8_lossy(&head);
            assert!(answer.starts_with(b"HTTP/1.1 "), "{head}");
            assert!(closed, "{head} and {begun:?}");
        }
        let (took, _) = drip(&node, &head, b"1\r\na\r\n");
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}

/// The same time passes after a body that was read to its end: the next request is welcome.
#[test]
fn a19_a_chunked_body_that_was_read_ends_no_connection() {
    let node = HttpNode::with_settings(
        "[limits]\nheader_seconds = 1\nbody_seconds = 1\nkeep_alive_seconds = 60\n",
    );
    let mut connection = RawConnection::open(node.address);
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n",
        node.address
    );
    connection.send(request.as_bytes()).unwrap();
    connection.read_response(PATIENCE).unwrap();
    let (_, closed) = connection.read_until_closed(Duration::from_secs(2));
    assert!(!closed);
    connection.send(&healthz(&node, "")).unwrap();
    assert_eq!(connection.read_response(PATIENCE).unwrap().status, 200);
}

/// Requests one behind the other, whose answers nobody takes.
#[test]
fn a19_an_answer_that_is_not_taken_is_not_waited_for() {
    let node = impatient();
    let request = format!(
        "GET /static/portal.css HTTP/1.1\r\nHost: {}\r\n\r\n",
        node.address
    );
    let mut greedy = RawConnection::open(node.address);
    greedy.send(request.repeat(2_000).as_bytes()).unwrap();
    let begun = Instant::now();
    while greedy.send(b"G").is_ok() {
        assert!(begun.elapsed() < SLOWEST, "the connection is still open");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn a19_whoever_takes_the_answers_gets_as_many_as_were_asked_for() {
    let node = HttpNode::start();
    let mut connection = RawConnection::open(node.address);
    let mut asking = connection.sender();
    let request = format!(
        "GET /static/portal.css HTTP/1.1\r\nHost: {}\r\n\r\n",
        node.address
    );
    let all = request.repeat(500);
    let asked = std::thread::spawn(move || asking.write_all(all.as_bytes()));
    for number in 0..500 {
        let response = connection.read_response(PATIENCE);
        assert_eq!(response.unwrap().status, 200, "{number}");
    }
    asked.join().unwrap().unwrap();
}

#[test]
fn a19_nobody_may_take_a_minute_where_nothing_else_is_set() {
    let config = Config::from_toml("", std::path::Path::new(""), &Environment::of(&[])).unwrap();
    assert!(config.limits.header_seconds < 60, "{:?}", config.limits);
    assert!(config.limits.body_seconds < 60, "{:?}", config.limits);
}

#[test]
fn a19_a_call_is_answered_at_once_beside_five_hundred_idle_connections() {
    let node = HttpNode::start();
    let keys = node.session();
    let mut idle: Vec<RawConnection> = (0..500)
        .map(|_| RawConnection::open(node.address))
        .collect();
    for (index, connection) in idle.iter_mut().enumerate() {
        if index % 2 == 0 {
            connection.send(b"POST / HTTP/1.1\r\nX-A: a").unwrap();
        }
    }
    let begun = Instant::now();
    assert_eq!(node.who(&keys).status, 200);
    assert_eq!(Request::get(node.address, "/").send().status, 200);
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
}
