//! What a node does at its edges, over real HTTP: what it reads and when, what it tells strangers,
//! and how it stops.
#![cfg(test)]

mod support;

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use support::audit::audit_file;
use support::aws::{AwsKeys, Call, GET_CALLER_IDENTITY, Signing};
use support::directory::in_account;
use support::http::{PATIENCE, RawConnection, Request};
use support::http_node::HttpNode;
use support::node::Settings;

fn events(node: &HttpNode, name: &str) -> Vec<Value> {
    let mut events = node.audit();
    events.retain(|event| event["eventName"] == name);
    events
}

#[test]
fn a_static_file_is_served_under_listed_hosts_only() {
    let node = HttpNode::start();
    let file = Request::get(node.address, "/static/portal.css");
    assert_eq!(file.with_header("host", "evil.example").send().status, 421);
    assert_eq!(
        Request::get(node.address, "/static/portal.css")
            .send()
            .status,
        200
    );
}

#[test]
fn a_static_file_has_no_query_that_it_refuses() {
    let node = HttpNode::start();
    for query in ["v=1&v=2", "v=%ff", "v", "%", "w[]=1&=&v=;"] {
        let target = ["/static/portal.css?", query].concat();
        let answer = Request::get(node.address, &target).send();
        assert_eq!(answer.status, 200, "{query}");
    }
}

/// A request that would change the directory, signed with these keys for this time.
fn apply_call(node: &HttpNode, keys: &AwsKeys, at: i64, body: &[u8]) -> Call {
    Call::admin(node.address, "/admin/v1/directory", body).signed(keys, &Signing::admin(at))
}

/// Sends the head of a request with a long body, and none of the body.
fn status_of_head(node: &HttpNode, call: &Call) -> u16 {
    let mut head = "POST /admin/v1/directory HTTP/1.1\r\nContent-Length: 1000000\r\n".to_owned();
    for (name, value) in &call.headers {
        head.push_str(&[name, ": ", value, "\r\n"].concat());
    }
    head.push_str("\r\n");
    let mut connection = RawConnection::open(node.address);
    connection.send(head.as_bytes()).unwrap();
    connection.read_response(PATIENCE).unwrap().status
}

#[test]
fn the_admin_api_reads_no_body_of_an_unknown_key() {
    let node = HttpNode::start();
    let stranger = AwsKeys {
        id: "AKIAQYLPMN5HBBBBBBBB".to_owned(),
        ..AwsKeys::admin()
    };
    let unsigned = Call {
        headers: vec![("host".to_owned(), node.address.to_string())],
        ..apply_call(&node, &stranger, node.now(), b"")
    };
    assert_eq!(status_of_head(&node, &unsigned), 403);
    let of_stranger = apply_call(&node, &stranger, node.now(), b"");
    assert_eq!(status_of_head(&node, &of_stranger), 403);
    let old = apply_call(&node, &AwsKeys::admin(), node.now() - 3_600, b"");
    assert_eq!(status_of_head(&node, &old), 403);
    assert_eq!(events(&node, "AdminApi").len(), 3);
}

/// Sends the head and all of the body but its end, and gives the connection and that end.
fn hold(node: &HttpNode, call: &Call) -> (RawConnection, u8) {
    let mut head = format!(
        "POST {} HTTP/1.1\r\nContent-Length: {}\r\n",
        call.target,
        call.body.len()
    );
    for (name, value) in &call.headers {
        head.push_str(&[name, ": ", value, "\r\n"].concat());
    }
    head.push_str("\r\n");
    let mut connection = RawConnection::open(node.address);
    let (end, begin) = call.body.split_last().unwrap();
    connection.send(head.as_bytes()).unwrap();
    connection.send(begin).unwrap();
    // Another answer shows that the node has taken the connection before.
    assert_eq!(Request::get(node.address, "/healthz").send().status, 200);
    (connection, *end)
}

#[test]
fn a_session_that_ends_while_its_body_is_under_way_changes_nothing() {
    let node = administered("");
    let keys = node.session();
    let mut files = node.directory();
    let back_door = "accounts/999999999999/account.toml";
    files.insert(back_door.to_owned(), "alias = 'back-door'\n".to_owned());
    let body = json!({ "mode": "apply", "files": files }).to_string();
    let call = apply_call(&node, &keys, node.now(), body.as_bytes());
    let (mut held, end) = hold(&node, &call);
    let dropped = node.admin("POST", "/admin/v1/keys/rotate", r#"{"previous":"drop"}"#);
    assert_eq!(dropped.status, 200, "{}", dropped.text());
    held.send(&[end]).unwrap();
    assert_eq!(held.read_response(PATIENCE).unwrap().status, 403);
    let exported = node.admin("GET", "/admin/v1/directory", "");
    assert!(!exported.text().contains("back-door"));
}

#[test]
fn a_forged_signature_holds_no_place_for_a_large_body() {
    let node = HttpNode::start();
    let mut forged = apply_call(&node, &AwsKeys::admin(), node.now(), b"{}");
    let authorization = forged.header("authorization").to_owned();
    let (before, signature) = authorization.rsplit_once('=').unwrap();
    let other = [before, "=", &"0".repeat(signature.len())].concat();
    forged.set_header("authorization", Some(&other));
    assert_eq!(status_of_head(&node, &forged), 403);
    let mut unstated = Call::admin(node.address, "/admin/v1/directory", "{}");
    unstated.set_header("x-amz-content-sha256", None);
    let unstated = unstated.signed(&AwsKeys::admin(), &Signing::admin(node.now()));
    assert_eq!(status_of_head(&node, &unstated), 400);
}

#[test]
fn a_signed_request_to_the_admin_api_is_taken_once() {
    let node = HttpNode::start();
    let rotate = Call::admin(
        node.address,
        "/admin/v1/keys/rotate",
        r#"{"previous":"keep"}"#,
    )
    .signed(&AwsKeys::admin(), &Signing::admin(node.now()));
    assert_eq!(rotate.send(node.address).status, 200);
    let again = rotate.send(node.address);
    assert_eq!(again.status, 409);
    assert_eq!(again.json()["error"]["code"], "RequestReplayed");
}

/// Nobody fills the store with marks of requests that do nothing.
#[test]
fn a_signed_request_of_who_may_not_make_it_is_no_request_that_was_made() {
    let node = HttpNode::start();
    let rotate = r#"{"previous":"keep"}"#;
    let rotate = Call::admin(node.address, "/admin/v1/keys/rotate", rotate)
        .signed(&node.session(), &Signing::admin(node.now()));
    for _ in 0..2 {
        let denied = rotate.send(node.address);
        assert_eq!(denied.status, 403, "{}", denied.text());
        assert_eq!(denied.json()["error"]["code"], "AccessDenied");
    }
    assert_eq!(events(&node, "RotateKeys").len(), 2);
}

#[test]
fn an_account_with_an_access_role_is_for_who_may_apply_directories() {
    let put = |node: &HttpNode, with_role: bool| {
        let mut body = json!({ "account": "555555555555", "mode": "create", "alias": "lab" });
        if with_role {
            body["access_role"] = "Access".into();
        }
        let call = Call::admin(node.address, "/admin/v1/accounts/put", body.to_string());
        let call = call.signed(&node.session(), &Signing::admin(node.now()));
        call.send(node.address).status
    };
    let node = allowing("rolegate:ApplyDirectory");
    assert_eq!(
        [false, true].map(|with_role| put(&node, with_role)),
        [403, 200]
    );
    let node = allowing("rolegate:PutAccount");
    assert_eq!(
        [true, false].map(|with_role| put(&node, with_role)),
        [403, 200]
    );
}

#[test]
fn the_admin_api_takes_no_presigned_url() {
    let node = HttpNode::start();
    let signing = Signing {
        service: "rolegate",
        ..Signing::presigned(node.now())
    };
    let call = Call::get(node.address, "/admin/v1/directory").signed(&AwsKeys::admin(), &signing);
    let answer = call.send(node.address);
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"]["code"], "IncompleteSignature");
}

#[test]
fn the_admin_api_reads_little_where_little_is_sent() {
    let node = HttpNode::start();
    let body = " ".repeat(64 * 1024 + 1);
    let answer = node.admin("POST", "/admin/v1/keys/rotate", &body);
    assert_eq!(answer.status, 413);
    assert_eq!(events(&node, "AdminApi").len(), 1);
}

#[test]
fn every_refusal_of_the_admin_api_is_recorded_once() {
    let node = HttpNode::start();
    let no_json = node.admin("POST", "/admin/v1/directory", "{");
    assert_eq!(no_json.status, 400);
    let elsewhere = Request::get(node.address, "/admin/v1/directory");
    assert_eq!(
        elsewhere.with_header("host", "evil.example").send().status,
        421
    );
    let mut forged = apply_call(&node, &AwsKeys::admin(), node.now(), b"{}");
    forged.body = b"[]".to_vec();
    assert_eq!(forged.send(node.address).status, 403);
    let told: Vec<_> = events(&node, "AdminApi")
        .iter()
        .map(|event| {
            (
                event["errorCode"].clone(),
                event["userIdentity"]["userName"].clone(),
            )
        })
        .collect();
    let expected: [(Value, Value); 3] = [
        ("MalformedInput".into(), "admin".into()),
        ("InvalidHost".into(), Value::Null),
        ("SignatureDoesNotMatch".into(), Value::Null),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_request_has_the_time_at_which_its_body_was_there() {
    let node = HttpNode::start();
    let body = GET_CALLER_IDENTITY;
    let head = [
        "POST / HTTP/1.1\r\nHost: ",
        &node.address.to_string(),
        "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ",
        &body.len().to_string(),
        "\r\n\r\n",
    ]
    .concat();
    let mut slow = RawConnection::open(node.address);
    slow.send(head.as_bytes()).unwrap();
    slow.send(&body.as_bytes()[..10]).unwrap();
    // Another answer shows that the node has taken the connection before.
    assert_eq!(Request::get(node.address, "/readyz").send().status, 200);
    node.advance(30);
    slow.send(&body.as_bytes()[10..]).unwrap();
    assert_eq!(slow.read_response(PATIENCE).unwrap().status, 403);
    let event = events(&node, "GetCallerIdentity").pop().unwrap();
    assert_eq!(event["eventTime"], "2026-11-21T09:41:37Z");
}

/// A node whose directory has a role that administers it.
fn administered(settings: &str) -> HttpNode {
    let node = HttpNode::with_settings(settings);
    allow(&node, "rolegate:*");
    node
}

/// A node whose directory has a role that may do this to it.
fn allowing(action: &str) -> HttpNode {
    let node = HttpNode::start();
    allow(&node, action);
    node
}

fn allow(node: &HttpNode, action: &str) {
    let mut files = node.directory();
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*" }],
    });
    files.insert(
        in_account("roles/Reader.policies/administer.json"),
        policy.to_string(),
    );
    node.apply(&files);
    node.advance(1);
}

#[test]
fn strangers_are_not_told_who_administers() {
    let node = administered("");
    let report = Request::get(node.address, "/readyz").send();
    let warning =
        "the first administrator's variables are still set although another administrator exists";
    assert_eq!(report.json()["warnings"], json!([warning]));
    let text = report.text();
    assert!(!text.contains("arn:") && !text.contains("Reader"), "{text}");
}

#[test]
fn refusals_that_were_counted_are_told_when_the_node_stops() {
    let mut node = HttpNode::start();
    for _ in 0..130 {
        let target = "/?Action=Nothing&Version=2011-06-15";
        assert_eq!(Request::get(node.address, target).send().status, 400);
    }
    assert_eq!(events(&node, "Nothing").len(), 100);
    node.stop();
    let told = events(&node, "CoalescedRefusals");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["additionalEventData"]["coalesced"], 30);
    assert_eq!(told[0]["sourceIPAddress"], "127.0.0.1");
}

#[test]
fn one_audit_file_is_left_to_whoever_rotates_it() {
    let node = HttpNode::with(Settings {
        toml: "[audit]\nfile = \"audit/audit.jsonl\"\n".to_owned(),
        ..Settings::default()
    });
    node.advance(86_400);
    assert_eq!(Request::get(node.address, "/?Action=A").send().status, 400);
    let file = audit_file(node.folder());
    let files = std::fs::read_dir(file.parent().unwrap()).unwrap();
    assert_eq!(files.count(), 1);
}

/// `rolegate serve` in a process of its own; killed when it is dropped.
struct Served(Child, SocketAddr);

impl Served {
    fn start(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rolegate.toml");
        std::fs::write(&file, settings).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_rolegate"))
            .args(["serve", "--config"])
            .arg(&file)
            .env_clear()
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.unwrap();
        let (sender, receiver) = mpsc::channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        std::thread::spawn(move || {
            // Kept for as long as the process writes into it.
            let _folder = folder;
            let address = |line: String| {
                let (_, rest) = line.split_once("\"address\":\"")?;
                rest.split('"').next()?.parse().ok()
            };
            for address in lines.map_while(Result::ok).filter_map(address) {
                // Whoever waits for it may have given up.
                let _told = sender.send(address);
            }
        });
        let address = receiver.recv_timeout(PATIENCE).unwrap();
        Self(child, address)
    }

    fn terminate(&self) {
        let id = self.0.id().to_string();
        let status = Command::new("kill").args(["-TERM", &id]).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_node_that_is_told_to_stop_says_so_and_ends_when_it_is_told_again() {
    let settings = "listen = \"127.0.0.1:0\"\ndrain_notice_seconds = 60\n[store]\nurl = \"memory:\"\n[log]\nformat = \"json\"\n";
    let mut node = Served::start(settings);
    assert_eq!(Request::get(node.1, "/readyz").send().status, 200);
    node.terminate();
    let give_up = Instant::now() + PATIENCE;
    while Request::get(node.1, "/readyz").send().status != 503 {
        assert!(Instant::now() < give_up, "it never said so");
    }
    let report = Request::get(node.1, "/readyz").send().json();
    assert_eq!(report["checks"][0]["name"], "accepting requests");
    assert_eq!(report["checks"][0]["ready"], false);
    node.terminate();
    let told = Instant::now();
    assert!(node.0.wait().unwrap().success());
    assert!(told.elapsed() < Duration::from_secs(20));
    assert!(TcpStream::connect(node.1).is_err());
}
