//! Requests whose end, header or host a proxy and this node could see differently.

use std::time::Duration;

use super::support::http::{NoResponse, PATIENCE, RawConnection, Response};
use super::support::http_node::HttpNode;

/// Marks the request that must not be served.
const SMUGGLED: &str = "smuggled-request";

/// Sends bytes, says that no more will come, and returns everything that came back.
fn talk(node: &HttpNode, bytes: &[u8]) -> String {
    let mut connection = RawConnection::open(node.address);
    // The node may close before everything was sent.
    drop(connection.send(bytes));
    connection.finish_sending();
    let (answer, closed) = connection.read_until_closed(PATIENCE);
    assert!(closed, "the connection was left open");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request line that can be told from any other by its answer: STS quotes the action.
fn smuggled(node: &HttpNode) -> String {
    format!(
        "GET /?Action={SMUGGLED} HTTP/1.1\r\nHost: {}\r\n\r\n",
        node.address
    )
}

#[track_caller]
fn assert_one_refusal(node: &HttpNode, request: &str) {
    let answer = talk(node, request.as_bytes());
    assert!(!answer.contains(SMUGGLED), "{request:?} → {answer}");
    let served = answer.matches("HTTP/1.").count();
    assert!(served <= 1, "{request:?} → {answer}");
    let status = answer.split(' ').nth(1);
    let refused = answer.is_empty() || status == Some("400");
    assert!(refused, "{request:?} → {answer}");
}

/// `POST /` with these header lines and this body, and then the request that must not be served.
fn post(node: &HttpNode, headers: &str, body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n{headers}\r\n{body}{}",
        node.address,
        smuggled(node)
    )
}

#[test]
fn a18_the_second_of_two_good_requests_is_served() {
    let node = HttpNode::start();
    let answer = talk(
        &node,
        post(&node, "Content-Length: 3\r\n", "a=b").as_bytes(),
    );
    assert!(answer.contains(SMUGGLED), "the rig is blind: {answer}");
}

#[test]
fn a18_a_body_with_two_ends_is_refused() {
    let node = HttpNode::start();
    for headers in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nContent-Length: 300\r\n",
        "Content-Length: 3, 3\r\n",
        "Content-Length: 3 \r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    ] {
        assert_one_refusal(&node, &post(&node, headers, "0\r\n\r\n"));
    }
}

#[test]
fn a18_a_transfer_encoding_in_disguise_is_refused() {
    let node = HttpNode::start();
    for header in [
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunkedx",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked;a=b",
        "Transfer-Encoding:\x0bchunked",
        "Transfer-Encoding: \x0cchunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding\t: chunked",
        " Transfer-Encoding: chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding:",
    ] {
        let headers = [header, "\r\n"].concat();
        assert_one_refusal(&node, &post(&node, &headers, "0\r\n\r\n"));
    }
}

#[test]
fn a18_a_length_that_is_no_number_is_refused() {
    let node = HttpNode::start();
    for length in [
        "-1",
        "+3",
        "3x",
        "0x3",
        "3.0",
        "3e0",
        "",
        " ",
        "18446744073709551616",
        "99999999999999999999999",
        "3 3",
        "3;3",
        "\u{0663}",
    ] {
        let headers = ["Content-Length: ", length, "\r\n"].concat();
        assert_one_refusal(&node, &post(&node, &headers, "a=b"));
    }
}

#[test]
fn a18_a_huge_length_makes_no_room_for_a_second_request() {
    let node = HttpNode::start();
    let request = post(&node, "Content-Length: 18446744073709551615\r\n", "a=b");
    let answer = talk(&node, request.as_bytes());
    assert!(!answer.contains(SMUGGLED), "{answer}");
}

#[test]
fn a18_chunks_of_no_size_are_refused() {
    let node = HttpNode::start();
    for body in [
        "10000000000000000\r\na\r\n0\r\n\r\n",
        "fffffffffffffffff\r\na\r\n0\r\n\r\n",
        "-1\r\na\r\n0\r\n\r\n",
        "+1\r\na\r\n0\r\n\r\n",
        "0x1\r\na\r\n0\r\n\r\n",
        "g\r\na\r\n0\r\n\r\n",
        "\r\na\r\n0\r\n\r\n",
        "1\r\naXX0\r\n\r\n",
        "1\ra\r\n0\r\n\r\n",
        "1\na\r\n0\r\n\r\n",
        "1;a\nb\r\na\r\n0\r\n\r\n",
    ] {
        assert_one_refusal(&node, &post(&node, "Transfer-Encoding: chunked\r\n", body));
    }
}

#[test]
fn a18_a_folded_or_broken_header_is_refused() {
    let node = HttpNode::start();
    for header in [
        "X-A: b\r\n c",
        "X-A: b\r\n\tc",
        "X-A: b\0c",
        "X-\0A: b",
        "X-A: b\rc",
        "X A: b",
        "X-A",
        ": b",
        "X-(A): b",
        "X-\u{e4}: b",
        "X-A: b\x1b[31m",
        "X-A: b\x7f",
    ] {
        let headers = ["Content-Length: 0\r\n", header, "\r\n"].concat();
        assert_one_refusal(&node, &post(&node, &headers, ""));
    }
}

#[test]
fn a18_a_request_names_its_host_once() {
    let node = HttpNode::start();
    let (host, next) = (node.address, smuggled(&node));
    for head in [
        "GET / HTTP/1.1\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n"),
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n"),
        format!("GET / HTTP/1.1\r\nHost : {host}\r\n"),
    ] {
        assert_one_refusal(&node, &[&head, "\r\n", &next].concat());
    }
}

/// These are whole, so that what follows them is a request of its own.
#[test]
fn a18_a_target_of_another_host_is_refused() {
    let node = HttpNode::start();
    let host = node.address;
    for head in [
        "GET / HTTP/1.0\r\n".to_owned(),
        format!("GET http://evil.example/ HTTP/1.1\r\nHost: {host}\r\n"),
        format!("GET http://evil.example/healthz HTTP/1.1\r\nHost: {host}\r\n"),
        format!("GET http://a@{host}/ HTTP/1.1\r\nHost: {host}\r\n"),
        format!("GET https://{host}:1/ HTTP/1.1\r\nHost: {host}\r\n"),
    ] {
        assert_one_refusal(&node, &[&head, "\r\n"].concat());
    }
    let same = format!("GET http://{host}/healthz HTTP/1.1\r\nHost: {host}\r\n\r\n");
    assert!(talk(&node, same.as_bytes()).starts_with("HTTP/1.1 200"));
}

#[test]
fn a18_an_unknown_host_is_not_served() {
    let node = HttpNode::start();
    for host in [
        "evil.example",
        "",
        "127.0.0.1",
        "localhost.evil.example",
        "127.0.0.1:1",
    ] {
        for target in [
            "/",
            "/roles",
            "/?Action=GetCallerIdentity",
            "/admin/v1/directory",
        ] {
            let request =
                format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let answer = talk(&node, request.as_bytes());
            assert!(
                answer.starts_with("HTTP/1.1 421"),
                "{host} {target}: {answer}"
            );
        }
    }
}

#[test]
fn a18_there_is_nothing_to_upgrade_or_to_tunnel_to() {
    let node = HttpNode::start();
    let host = node.address;
    for head in [
        format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n"
        ),
        format!(
            "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nOrigin: http://evil.example\r\n"
        ),
        format!("CONNECT evil.example:443 HTTP/1.1\r\nHost: {host}\r\n"),
        format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n"),
    ] {
        assert_one_refusal(&node, &[&head, "\r\n", "a=b", &smuggled(&node)].concat());
    }
}

#[test]
fn a18_a_request_line_that_is_none_is_refused() {
    let node = HttpNode::start();
    let host = node.address;
    for line in [
        "GET /",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.2",
        "GET / HTTP/2.0",
        "GET / HTTP/0.9",
        "GET / http/1.1",
        "G\0T / HTTP/1.1",
        "GET /\0 HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET evil HTTP/1.1\t",
    ] {
        let request = format!("{line}\r\nHost: {host}\r\n\r\n");
        assert_one_refusal(&node, &[request, smuggled(&node)].concat());
    }
}

#[test]
fn a18_a_request_of_http_1_0_may_not_be_chunked() {
    let node = HttpNode::start();
    let request = format!(
        "POST / HTTP/1.0\r\nHost: {}\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n{}",
        node.address,
        smuggled(&node)
    );
    assert_one_refusal(&node, &request);
}

#[test]
fn a18_http_2_is_not_spoken() {
    let node = HttpNode::start();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let mut connection = RawConnection::open(node.address);
    connection.send(preface).unwrap();
    connection.finish_sending();
    let (answer, closed) = connection.read_until_closed(PATIENCE);
    assert!(closed);
    let text = String::from_utf8_lossy(&answer);
    assert!(
        text.is_empty() || text.starts_with("HTTP/1.1 400"),
        "{text}"
    );

    let mut offered = RawConnection::open(node.address);
    let request = format!(
        "GET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
        node.address
    );
    offered.send(request.as_bytes()).unwrap();
    let response = offered.read_response(PATIENCE).unwrap();
    assert_eq!(
        response.status, 200,
        "an offer is passed over: {response:?}"
    );
}

#[test]
fn a18_what_follows_a_refusal_is_not_read() {
    let node = HttpNode::start();
    let bad = post(&node, "Content-Length: -1\r\n", "");
    let mut connection = RawConnection::open(node.address);
    connection.send(bad.as_bytes()).unwrap();
    let first: Result<Response, NoResponse> = connection.read_response(PATIENCE);
    assert_eq!(first.unwrap().status, 400);
    let (rest, closed) = connection.read_until_closed(Duration::from_secs(5));
    assert!(
        closed && rest.is_empty(),
        "{}",
        String::from_utf8_lossy(&rest)
    );
}
