//! Parameters that two readers could read differently, and bodies that are no forms.

use std::time::Instant;

use serde_json::json;

use super::support::http::{NoResponse, PATIENCE, RawConnection, Request, Response};
use super::support::http_node::HttpNode;
use super::support::sts::assert_refused;

const FORM: &str = "application/x-www-form-urlencoded";
const GOOD: &str = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15";

fn post(node: &HttpNode, body: impl Into<Vec<u8>>) -> Response {
    post_as(node, FORM, body)
}

fn post_as(node: &HttpNode, media: &str, body: impl Into<Vec<u8>>) -> Response {
    Request::new(node.address, "POST", "/")
        .with_header("content-type", media)
        .with_body(body)
        .send()
}

#[test]
fn a17_a_parameter_twice_is_refused() {
    let node = HttpNode::start();
    for again in [
        "&Action=GetCallerIdentity",
        "&Version=2011-06-15",
        "&%41ction=a",
        "&RoleArn=a&RoleArn=b",
    ] {
        let response = post(&node, [GOOD, again].concat());
        assert_refused(&response, 400, "InvalidParameterCombination");
    }
}

#[test]
fn a17_a_missing_or_unknown_action_is_refused() {
    let node = HttpNode::start();
    for (form, code) in [
        ("", "MissingAction"),
        ("Version=2011-06-15", "MissingAction"),
        ("Action=&Version=2011-06-15", "MissingAction"),
        (
            "action=GetCallerIdentity&Version=2011-06-15",
            "MissingAction",
        ),
        (
            "Action=getcalleridentity&Version=2011-06-15",
            "InvalidAction",
        ),
        (
            "Action=GetCallerIdentity%20&Version=2011-06-15",
            "InvalidAction",
        ),
        ("Action=GetCallerIdentity", "InvalidAction"),
        (
            "Action=GetCallerIdentity&version=2011-06-15",
            "InvalidAction",
        ),
        (
            "Action=GetCallerIdentity&Version=2010-05-08",
            "InvalidAction",
        ),
        (
            "Action=GetCallerIdentity&Version=2011-06-15T00:00:00Z",
            "InvalidAction",
        ),
    ] {
        let response = post(&node, form);
        assert_eq!(response.status, 400, "{form}");
        assert_refused(&response, 400, code);
    }
}

#[test]
fn a17_every_required_parameter_is_missed() {
    let node = HttpNode::start();
    let response = post(&node, GOOD);
    assert_refused(&response, 400, "ValidationError");
    let text = response.text();
    for field in ["roleArn", "roleSessionName", "webIdentityToken"] {
        assert!(text.contains(field), "{text}");
    }
}

#[test]
fn a17_numbers_out_of_their_range_are_refused() {
    let node = HttpNode::start();
    let token = node.id_token("ines");
    for (seconds, code) in [
        ("899", "ValidationError"),
        ("43201", "ValidationError"),
        ("-3600", "ValidationError"),
        ("0", "ValidationError"),
        ("2147483648", "MalformedInput"),
        ("4294967297", "MalformedInput"),
        ("3600.0", "MalformedInput"),
        ("0x384", "MalformedInput"),
        (" 3600", "MalformedInput"),
        ("", "MalformedInput"),
        ("3600\u{0660}", "MalformedInput"),
    ] {
        let response = node.assume(&token, &[("DurationSeconds", Some(seconds))]);
        assert_eq!(response.status, 400, "{seconds:?}: {response:?}");
        assert_refused(&response, 400, code);
    }
}

#[test]
fn a17_a_list_of_policies_is_read_from_its_first_member_on_or_not_at_all() {
    let node = HttpNode::start();
    let token = node.id_token("ines");
    for index in [
        "0",
        "2",
        "01",
        "-1",
        "4294967296",
        "18446744073709551616",
        "1.arn.arn",
    ] {
        let name = ["PolicyArns.member.", index, ".arn"].concat();
        let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        let response = node.assume(&token, &[(name.as_str(), Some(arn))]);
        assert_refused(&response, 400, "MalformedInput");
    }
    for name in [
        "PolicyArns.1",
        "PolicyArns.member.1",
        "PolicyArns.member.1.Arn",
    ] {
        let response = node.assume(&token, &[(name, Some("x"))]);
        assert_refused(&response, 400, "MalformedInput");
    }
    // What is a list narrows the session, or nothing is given.
    let arn = "arn:aws:iam::aws:policy/NobodyMadeIt";
    let response = node.assume(&token, &[("PolicyArns.member.1.arn", Some(arn))]);
    assert_refused(&response, 400, "MalformedPolicyDocument");
}

#[test]
fn a17_too_many_parameters_are_refused() {
    let node = HttpNode::start();
    let many: Vec<String> = (0..10_000).map(|n| format!("p{n}=1")).collect();
    let response = post(&node, [GOOD, "&", &many.join("&")].concat());
    assert_refused(&response, 400, "MalformedQueryString");
    let empty = [GOOD, &"&".repeat(10_000)].concat();
    assert_refused(&post(&node, empty), 400, "ValidationError");
}

#[test]
fn a17_what_is_no_percent_encoded_utf_8_is_refused() {
    let node = HttpNode::start();
    for value in [
        &b"%"[..],
        b"%4",
        b"%zz",
        b"%u0041",
        b"%00",
        b"a\0b",
        b"%C0%AF",
        b"%E0%80%AF",
        b"%F0%80%80%AF",
        b"%ED%A0%80",
        b"%F4%90%80%80",
        b"%FF%FE",
        b"\xff\xfe",
    ] {
        let body = [GOOD.as_bytes(), b"&RoleSessionName=", value].concat();
        assert_refused(&post(&node, body), 400, "MalformedQueryString");
        let body = [GOOD.as_bytes(), b"&", value, b"=a"].concat();
        assert_refused(&post(&node, body), 400, "MalformedQueryString");
    }
}

#[test]
fn a17_parameters_in_the_query_of_a_post_are_refused() {
    let node = HttpNode::start();
    let response = Request::new(
        node.address,
        "POST",
        "/?Action=GetCallerIdentity&Version=2011-06-15",
    )
    .with_header("content-type", FORM)
    .send();
    assert_refused(&response, 400, "InvalidParameterCombination");
}

#[test]
fn a17_a_body_that_is_no_form_is_refused() {
    let node = HttpNode::start();
    let bodies = [
        ("application/json", "{\"Action\":\"GetCallerIdentity\"}"),
        ("application/x-amz-json-1.1", "{}"),
        ("text/xml", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"),
        (
            "multipart/form-data; boundary=b",
            "--b\r\n\r\na\r\n--b--\r\n",
        ),
        ("text/plain", GOOD),
        ("application/x-www-form-urlencoded, text/plain", GOOD),
        ("application/x-www-form-urlencodedx", GOOD),
    ];
    for (media, body) in bodies {
        let response = post_as(&node, media, body);
        assert_refused(&response, 415, "UnsupportedMediaType");
    }
    let response = Request::new(node.address, "POST", "/")
        .with_body(GOOD)
        .send();
    assert_refused(&response, 400, "MissingAction");
}

#[test]
fn a17_a_compressed_body_is_refused_and_never_unpacked() {
    let node = HttpNode::start();
    for encoding in ["gzip", "deflate", "br", "zstd", "gzip, gzip", "GZIP"] {
        let response = Request::new(node.address, "POST", "/")
            .with_header("content-type", FORM)
            .with_header("content-encoding", encoding)
            .with_body(b"\x1f\x8b\x08\0\0\0\0\0".to_vec())
            .send();
        assert_refused(&response, 415, "UnsupportedMediaType");
    }
}

#[test]
fn a17_a_second_content_header_does_not_hide_the_first() {
    let node = HttpNode::start();
    for (name, one, other) in [
        ("content-type", FORM, "application/json"),
        ("content-encoding", "identity", "gzip"),
    ] {
        let request = Request::new(node.address, "POST", "/");
        let request = if name == "content-type" {
            request
        } else {
            request.with_header("content-type", FORM)
        };
        let response = request
            .with_header(name, one)
            .with_header(name, other)
            .with_body(GOOD)
            .send();
        assert_refused(&response, 415, "UnsupportedMediaType");
    }
}

/// Sends a head and then a body in pieces, for as long as the node takes it.
fn send_long(node: &HttpNode, head: &str, bytes: usize) -> Result<Response, NoResponse> {
    let mut connection = RawConnection::open(node.address);
    connection.send(head.as_bytes()).unwrap();
    let piece = vec![b'a'; 64 * 1024];
    for _ in 0..bytes / piece.len() {
        // The node may answer and close before everything was sent.
        if connection.send(&piece).is_err() {
            break;
        }
    }
    connection.read_response(PATIENCE)
}

#[test]
fn a17_a_body_of_sixteen_megabytes_is_refused() {
    let node = HttpNode::start();
    for target in ["/", "/sign-in", "/credentials", "/oidc/callback/idp"] {
        let head = format!(
            "POST {target} HTTP/1.1\r\nhost: {}\r\ncontent-type: {FORM}\r\ncontent-length: 16777216\r\n\r\n",
            node.address
        );
        match send_long(&node, &head, 16 << 20) {
            Ok(response) => assert_eq!(response.status, 413, "{target}: {response:?}"),
            Err(NoResponse::Closed) => {}
            Err(other) => panic!("{target}: {other:?}"),
        }
    }
    assert_eq!(node.who(&node.session()).status, 200);
}

/// A body of this length for this path, of which only a part is sent.
fn announce(node: &HttpNode, target: &str, length: usize, sent: usize) -> RawConnection {
    let head = format!(
        "POST {target} HTTP/1.1\r\nhost: {}\r\ncontent-type: {FORM}\r\ncontent-length: {length}\r\n\r\n",
        node.address
    );
    let mut connection = RawConnection::open(node.address);
    connection.send(head.as_bytes()).unwrap();
    // The node may answer and close before everything was sent.
    drop(connection.send(&vec![b'a'; sent]));
    connection
}

#[test]
fn a17_each_route_takes_what_it_needs_and_refuses_more_at_once() {
    let node = HttpNode::start();
    for (target, most) in [
        ("/", 256 * 1024),
        ("/sts", 256 * 1024),
        ("/sign-in", 16 * 1024),
        ("/credentials", 16 * 1024),
        ("/sign-out", 16 * 1024),
        ("/oidc/callback/idp", 16 * 1024),
    ] {
        let mut refused = announce(&node, target, most + 1, 0);
        let response = refused.read_response(PATIENCE).unwrap();
        assert_eq!(response.status, 413, "{target}: {response:?}");
        let mut taken = announce(&node, target, most, most);
        let response = taken.read_response(PATIENCE).unwrap();
        assert_ne!(response.status, 413, "{target}: {response:?}");
    }
}

/// Strangers send bodies and never finish them.
#[test]
fn a17_bodies_under_way_together_have_a_bound_and_small_ones_are_answered_beyond_it() {
    const LONG: usize = 256 * 1024;
    let node = HttpNode::with_settings("[limits]\nbodies_bytes = 1048576\n");
    // As many as fit: of more, all could be refused.
    let mut unfinished: Vec<RawConnection> = (0..4)
        .map(|_| announce(&node, "/", LONG, LONG - 1))
        .collect();
    let begun = Instant::now();
    let refused = loop {
        let mut whole = announce(&node, "/", LONG, LONG);
        let response = whole.read_response(PATIENCE).unwrap();
        if response.status == 503 {
            break response;
        }
        assert!(begun.elapsed() < PATIENCE, "{response:?}");
        // It was faster than one of them, which was refused in its place.
        unfinished.push(announce(&node, "/", LONG, LONG - 1));
    };
    assert_refused(&refused, 503, "ServiceUnavailable");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    assert_eq!(node.who(&node.session()).status, 200);
    drop(unfinished);
    let begun = Instant::now();
    while announce(&node, "/", LONG, LONG)
        .read_response(PATIENCE)
        .unwrap()
        .status
        == 503
    {
        assert!(
            begun.elapsed() < PATIENCE,
            "what was taken is not given back"
        );
    }
}

/// Of the admin API, too: nobody is known yet when most of its bodies are read.
#[test]
fn a17_what_strangers_send_to_the_admin_api_takes_no_room_from_directories() {
    const LONG: usize = 64 * 1024;
    const ROTATE: &str = "/admin/v1/keys/rotate";
    let node = HttpNode::with_settings("[limits]\nbodies_bytes = 1048576\n");
    let mut unfinished = Vec::new();
    let begun = Instant::now();
    loop {
        let mut whole = announce(&node, ROTATE, LONG, LONG);
        if whole.read_response(PATIENCE).unwrap().status == 503 {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "there is no bound");
        unfinished.push(announce(&node, ROTATE, LONG, LONG - 1));
    }
    let directory = json!({ "mode": "apply", "files": node.directory() }).to_string();
    let large = directory + &" ".repeat(4 * LONG);
    let applied = node.admin("POST", "/admin/v1/directory", &large);
    assert_eq!(applied.status, 200, "{applied:?}");
    drop(unfinished);
}

#[test]
fn a17_a_body_over_the_limit_without_a_length_is_refused() {
    let node = HttpNode::start();
    let body = "a".repeat((256 << 10) + 1);
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {}\r\ncontent-type: {FORM}\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        node.address,
        body.len()
    );
    let mut connection = RawConnection::open(node.address);
    connection.send(request.as_bytes()).unwrap();
    let response = connection.read_response(PATIENCE).unwrap();
    assert_refused(&response, 413, "RequestEntityTooLarge");
}

#[test]
fn a17_a_long_head_is_refused() {
    let node = HttpNode::start();
    let long = "a".repeat(256 * 1024);
    let many: String = (0..200)
        .map(|n| ["x-h", &n.to_string(), ": a\r\n"].concat())
        .collect();
    let host = ["host: ", &node.address.to_string(), "\r\n"].concat();
    for head in [
        ["GET /?a=", &long, " HTTP/1.1\r\n", &host, "\r\n"].concat(),
        ["GET / HTTP/1.1\r\n", &host, "x-long: ", &long, "\r\n\r\n"].concat(),
        ["GET / HTTP/1.1\r\n", &host, &many, "\r\n"].concat(),
    ] {
        let mut connection = RawConnection::open(node.address);
        // The node may close before everything was sent.
        drop(connection.send(head.as_bytes()));
        match connection.read_response(PATIENCE) {
            Ok(response) => assert!((400..500).contains(&response.status), "{response:?}"),
            Err(NoResponse::Closed) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(node.who(&node.session()).status, 200);
}
