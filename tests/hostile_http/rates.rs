//! Floods: whoever asks too often is told so as AWS does, or by a page, and slows nobody else down; and
//! who comes when too many wait is told to come again. The node's clock stands still, so that a bucket
//! fills when the test says so.

use std::net::SocketAddr;

use serde_json::Value;

use super::support::aws::{AwsKeys, Call, Signing};
use super::support::http::{PATIENCE, RawConnection, Request, Response};
use super::support::http_node::{CONNECTION, HttpNode, ROLE};
use super::support::node::Settings;
use super::support::sts::assert_refused;

/// Behind a proxy, so that a test can come from any address.
const PROXIED: &str = "trusted_proxies = [\"127.0.0.1\"]\n";
/// The address of somebody who asks too often, and of somebody else.
const NOISY: &str = "203.0.113.9";
const QUIET: &str = "198.51.100.7";

fn node(rates: &str) -> HttpNode {
    HttpNode::with_settings(&[PROXIED, "[limits.rates]\n", rates].concat())
}

/// The same request, by a proxy that says where it comes from.
fn from(request: Request, hops: &str) -> Response {
    request.with_header("x-forwarded-for", hops).send()
}

fn assuming(node: &HttpNode, token: &str) -> Request {
    let fields = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", ROLE),
        ("RoleSessionName", "ines"),
        ("WebIdentityToken", token),
    ];
    Request::post_form(node.address, "/", &fields)
}

/// Good calls from there until one is refused, at most so many.
fn assumed(node: &HttpNode, hops: &str, tries: usize) -> usize {
    let token = node.id_token("ines");
    let call = assuming(node, &token);
    let answers = (0..tries).map(|_| from(call.clone(), hops));
    answers.take_while(|answer| answer.status == 200).count()
}

/// How many requests were over a rate, as `/metrics` tells.
fn throttled(ops: SocketAddr, limit: &str) -> u64 {
    let told = Request::get(ops, "/metrics").send().text();
    let series = format!("rolegate_throttled_total{{limit=\"{limit}\"}} ");
    let mut values = told.lines().filter_map(|line| line.strip_prefix(&series));
    values.next().unwrap().parse().unwrap()
}

fn is_page(answer: &Response) -> bool {
    let text = answer.text();
    answer.header("content-type") == Some("text/html; charset=utf-8")
        && text.contains("<h1>Too many requests</h1>")
        && text.contains("Wait a few seconds and try again.")
}

#[test]
fn a23_a_caller_over_its_rate_is_answered_as_aws_does_and_let_in_again() {
    let node = node("address_per_second = 1\naddress_burst = 3\n");
    assert_eq!(assumed(&node, NOISY, 9), 3);
    let token = node.id_token("ines");
    let refused = from(assuming(&node, &token), NOISY);
    assert_refused(&refused, 400, "Throttling");
    assert!(
        refused.text().starts_with(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    <Type>Sender</Type>\n    <Code>Throttling</Code>\n    <Message>Rate exceeded</Message>\n  </Error>\n"
        ),
        "{}",
        refused.text()
    );
    let json = assuming(&node, &token).with_header("accept", "application/json");
    let refused = from(json, NOISY).json();
    assert_eq!(refused["Error"]["Code"], "Throttling");
    assert_eq!(refused["Error"]["Message"], "Rate exceeded");
    node.advance(2);
    assert_eq!(assumed(&node, NOISY, 9), 2);
}

#[test]
fn a23_a_flood_is_refused_before_its_body_is_there() {
    let node = node("address_per_second = 1\naddress_burst = 1\n");
    assert_eq!(assumed(&node, NOISY, 9), 1);
    let mut connection = RawConnection::open(node.address);
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {}\r\nX-Forwarded-For: {NOISY}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9999\r\n\r\n",
        node.address
    );
    connection.send(head.as_bytes()).unwrap();
    let refused = connection.read_response(PATIENCE).unwrap();
    assert_refused(&refused, 400, "Throttling");
}

#[test]
fn a23_who_is_refused_keeps_the_connection_if_the_body_is_there() {
    let node = node("address_per_second = 1\naddress_burst = 1\n");
    assert_eq!(assumed(&node, NOISY, 9), 1);
    let mut connection = RawConnection::open(node.address);
    // As long as a call with an id_token, and one with an assertion.
    for length in [1500, 1500, 12_000, 12_000, 1500] {
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nX-Forwarded-For: {NOISY}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{}",
            node.address,
            "a".repeat(length)
        );
        let refused = connection.exchange(request.as_bytes(), PATIENCE).unwrap();
        assert_refused(&refused, 400, "Throttling");
    }
}

#[test]
fn a23_one_noisy_address_slows_no_other_and_can_call_itself_none() {
    let node = node("address_per_second = 1\naddress_burst = 2\n");
    assert_eq!(assumed(&node, NOISY, 9), 2);
    assert_eq!(assumed(&node, QUIET, 2), 2);
    // What the client itself wrote stands left of what the proxy has seen.
    for claimed in [QUIET, "192.0.2.1", "127.0.0.1", "::1", "nonsense"] {
        let hops = [claimed, ", ", NOISY].concat();
        assert_eq!(assumed(&node, &hops, 1), 0, "{hops}");
    }
    assert_eq!(assumed(&node, "::ffff:203.0.113.9", 1), 0);
}

#[test]
fn a23_without_a_trusted_proxy_nobody_says_where_they_come_from() {
    let node =
        HttpNode::with_settings("[limits.rates]\naddress_per_second = 1\naddress_burst = 2\n");
    let addresses = [NOISY, QUIET, "192.0.2.1", "192.0.2.2"];
    let token = node.id_token("ines");
    let statuses = addresses.map(|hops| from(assuming(&node, &token), hops).status);
    assert_eq!(statuses, [200, 200, 400, 400]);
}

#[test]
fn a23_addresses_of_one_ipv6_network_share_a_rate() {
    let node = node("address_per_second = 1\naddress_burst = 3\n");
    let one = |last: u16| assumed(&node, &format!("2001:db8:0:1:{last:x}::{last:x}"), 1);
    assert_eq!((1..=9).map(one).sum::<usize>(), 3);
    assert_eq!(assumed(&node, "2001:db8:0:2::1", 9), 3);
}

#[test]
fn a23_whose_proofs_do_not_hold_may_not_go_on_trying() {
    let node = node("failed_proof_per_second = 1\nfailed_proof_burst = 3\n");
    // What succeeds, and what is refused for another reason, is free.
    assert_eq!(assumed(&node, NOISY, 9), 9);
    let wrong = [node.id_token("ines"), "x".to_owned()].concat();
    for _ in 0..3 {
        let refused = from(assuming(&node, &wrong), NOISY);
        assert_refused(&refused, 400, "InvalidIdentityToken");
    }
    assert_eq!(assumed(&node, NOISY, 1), 0);
    assert_eq!(assumed(&node, QUIET, 1), 1);
    let call = Call::post(node.address, "Action=GetCallerIdentity&Version=2011-06-15");
    let call = call.with_header("x-forwarded-for", NOISY);
    let call = call.signed(&AwsKeys::admin(), &Signing::at(node.now()));
    assert_refused(&call.send(node.address), 400, "Throttling");
    node.advance(1);
    assert_eq!(assumed(&node, NOISY, 9), 9);
}

/// A stranger's page, opened in a network, says of every request of its own that it is a page's.
#[test]
fn a23_a_page_s_failed_proofs_take_nothing_from_programs_beside_it() {
    for (header, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let node = node("failed_proof_per_second = 1\nfailed_proof_burst = 3\n");
        let wrong = [node.id_token("ines"), "x".to_owned()].concat();
        let by_page = |token: &str| {
            let request = assuming(&node, token).with_header(header, value);
            from(request, NOISY)
        };
        for _ in 0..3 {
            assert_refused(&by_page(&wrong), 400, "InvalidIdentityToken");
        }
        assert_refused(&by_page(&wrong), 400, "Throttling");
        assert_eq!(assumed(&node, NOISY, 9), 9, "{header}");
    }
}

#[test]
fn a23_who_begins_too_many_sign_ins_gets_a_page_that_says_when_to_try_again() {
    let node = node("sign_in_per_second = 1\nsign_in_burst = 2\n");
    let fields = [("connection", CONNECTION), ("return_to", "/roles")];
    let begin = || from(node.form("/sign-in", &fields), NOISY);
    assert_eq!(begin().status, 303);
    assert_eq!(begin().status, 303);
    let callback = ["/oidc/callback/", CONNECTION, "?code=1&state=1"].concat();
    let others = [
        node.form("/sign-in", &fields),
        Request::get(node.address, &callback),
        Request::post_form(node.address, &callback, &[("code", "1")]),
        Request::post_form(node.address, "/saml/acs", &[("SAMLResponse", "PHg+")]),
        Request::get(node.address, "/saml/slo?SAMLRequest=1"),
        Request::post_form(node.address, "/saml/slo", &[("SAMLRequest", "1")]),
    ];
    for request in others {
        let refused = from(request, NOISY);
        assert_eq!(refused.status, 429, "{}", refused.text());
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert!(is_page(&refused), "{}", refused.text());
    }
    assert_eq!(from(Request::get(node.address, "/"), NOISY).status, 200);
    assert_eq!(from(node.form("/sign-in", &fields), QUIET).status, 303);
    assert_eq!(assumed(&node, NOISY, 1), 1);
    node.advance(1);
    assert_eq!(begin().status, 303);
}

#[test]
fn a23_pages_count_towards_the_rate_of_their_address() {
    let node = node("address_per_second = 1\naddress_burst = 1\n");
    let home = || from(Request::get(node.address, "/"), NOISY);
    assert_eq!(home().status, 200);
    let refused = home();
    assert_eq!(refused.status, 429);
    assert!(is_page(&refused), "{}", refused.text());
    for path in ["/healthz", "/readyz"] {
        assert_eq!(from(Request::get(node.address, path), NOISY).status, 200);
    }
}

fn export_from(node: &HttpNode, address: SocketAddr, hops: &str) -> Response {
    let call = Call::get(address, "/admin/v1/directory").with_header("x-forwarded-for", hops);
    let call = call.signed(&AwsKeys::admin(), &Signing::admin(node.now()));
    call.send(address)
}

#[test]
fn a23_administrators_are_told_in_json_and_never_kept_out_of_their_own_machine() {
    let node = node("address_per_second = 1\naddress_burst = 2\n");
    let export = |hops: &str| export_from(&node, node.address, hops);
    assert_eq!(export(NOISY).status, 200);
    assert_eq!(export(NOISY).status, 200);
    let refused = export(NOISY);
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), Some("1"));
    let told: Value = refused.json();
    assert_eq!(told["error"]["code"], "Throttling");
    assert_eq!(
        told["error"]["message"],
        "over the rate of requests per address; wait 1 s and try again"
    );
    for _ in 0..9 {
        assert_eq!(export("127.0.0.1").status, 200);
    }
    // Nobody becomes the node's own machine by saying so.
    assert_eq!(export(&["127.0.0.1, ", NOISY].concat()).status, 429);
}

#[test]
fn a23_what_is_over_a_rate_is_counted_and_leaves_no_record() {
    let rates =
        "[limits.rates]\naddress_per_second = 1\naddress_burst = 2\nsign_in_per_second = 1\n";
    let mut node = HttpNode::empty(Settings {
        toml: [PROXIED, "ops_listen = \"127.0.0.1:0\"\n", rates].concat(),
        ..Settings::default()
    });
    let (main, ops) = (node.address, node.ops_address.unwrap());
    let files = node.directory();
    node.node.address = ops;
    node.apply(&files);
    node.node.address = main;
    assert_eq!(assumed(&node, NOISY, 9), 2);
    let before = node.audit().len();
    assert_eq!(throttled(ops, "address"), 1);
    for _ in 0..50 {
        let refused = from(assuming(&node, "a"), NOISY);
        assert_refused(&refused, 400, "Throttling");
    }
    assert_eq!(throttled(ops, "address"), 51);
    assert_eq!(throttled(ops, "sign-in"), 0);
    assert_eq!(node.audit().len(), before);
    // The operators' listener has no rates.
    for _ in 0..9 {
        assert_eq!(export_from(&node, ops, NOISY).status, 200);
    }
}

#[test]
fn a23_a_person_who_asks_too_often_is_refused_from_every_address_and_slows_no_other() {
    let node = node("principal_per_second = 1\nprincipal_burst = 3\n");
    let keys = node.session();
    let who = |hops: &str| {
        let call = Call::post(node.address, "Action=GetCallerIdentity&Version=2011-06-15");
        let call = call.with_header("x-forwarded-for", hops);
        call.signed(&keys, &Signing::at(node.now()))
            .send(node.address)
    };
    assert_eq!(who(NOISY).status, 200);
    assert_eq!(assumed(&node, QUIET, 9), 1);
    let refused = who("192.0.2.3");
    assert_refused(&refused, 400, "Throttling");
    let record = node.audit_of(refused.header("x-amzn-requestid").unwrap());
    assert_eq!(record.0["userIdentity"]["type"], "AssumedRole");
    assert_eq!(record.0["errorCode"], "Throttling");
    let token = node.id_token("omar");
    assert_eq!(from(assuming(&node, &token), NOISY).status, 200);
    node.advance(1);
    assert_eq!(who(NOISY).status, 200);
}

#[test]
fn a23_an_account_over_its_rate_gives_no_keys_and_the_page_says_so() {
    let node = node("account_per_second = 1\naccount_burst = 2\n");
    let person = node.sign_in("ines");
    assert_eq!(assumed(&node, NOISY, 9), 2);
    let take = || {
        let fields = [("role", ROLE), ("duration", "900")];
        person.form(node.address, "/credentials", &fields).send()
    };
    let refused = take();
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(is_page(&refused), "{}", refused.text());
    node.advance(1);
    assert_eq!(take().status, 200);
}

/// Sends so many calls at once, each on a connection of its own, and gives the answers.
fn all_at_once(node: &HttpNode, count: usize) -> Vec<Response> {
    let token = node.id_token("ines");
    let form = [
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=ines&RoleArn=",
        ROLE,
        "&WebIdentityToken=",
        &token,
    ]
    .concat();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        node.address,
        form.len()
    );
    let connections = (0..count).map(|_| RawConnection::open(node.address));
    let mut connections: Vec<_> = connections.collect();
    for connection in &mut connections {
        connection.send(request.as_bytes()).unwrap();
    }
    let answers = connections.iter_mut();
    answers
        .map(|connection| connection.read_response(PATIENCE).unwrap())
        .collect()
}

#[test]
fn a23_who_comes_when_too_many_wait_is_told_to_come_again() {
    let node = HttpNode::with_settings("[limits]\nwaiting = 16\n");
    let before = node.audit().len();
    let answers = all_at_once(&node, 400);
    let (answered, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == 200);
    assert!(!answered.is_empty() && !refused.is_empty());
    for refused in &refused {
        assert_refused(refused, 503, "ServiceUnavailable");
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    assert_eq!(node.audit().len() - before, answered.len());
    assert_eq!(assumed(&node, QUIET, 1), 1);
}
