//! Bodies with documents in them, which are longer than any other: who is waited for, and for how many at once.

use std::time::{Duration, Instant};

use super::kit::fresh;
use super::support::aws::{AwsKeys, Call, Signing};
use super::support::clock::Time;
use super::support::directory::ACCOUNT;
use super::support::http::{PATIENCE, RawConnection, Request, Response};
use super::support::http_node::HttpNode;
use super::support::node::{NO_RATES, Node, Settings};
use super::support::sts::element;

/// What a call says to be signed with.
#[derive(Clone, Copy, PartialEq)]
enum Stated {
    /// The hash of its body, as some SDKs do.
    Hash,
    /// Nothing, as AWS's command line and boto3 do.
    Nothing,
}

/// A user without rights.
fn ana() -> AwsKeys {
    AwsKeys {
        id: "AKIAQYLPMN5HAAAAAAAB".to_owned(),
        secret: "a secret of the user of forty characters".to_owned(),
        ..AwsKeys::admin()
    }
}

/// Whoever has seen the id of a key, and nothing else of it.
fn only_knows(keys: &AwsKeys) -> AwsKeys {
    AwsKeys {
        secret: "not known".to_owned(),
        ..keys.clone()
    }
}

/// A node behind a proxy, with a user.
fn with_ana(toml: &str) -> HttpNode {
    let node = HttpNode::empty(Settings {
        time: Time::System,
        toml: ["trusted_proxies = [\"127.0.0.1\"]\n", toml].concat(),
        ..Settings::default()
    });
    let mut files = node.directory();
    let AwsKeys { id, secret, .. } = ana();
    let user = format!("[[access_keys]]\nid = '{id}'\nsecret = '{secret}'\n");
    files.insert(format!("accounts/{ACCOUNT}/users/ana.toml"), user);
    node.apply(&files);
    node
}

fn call(node: &Node, keys: &AwsKeys, stated: Stated, service: &'static str) -> Call {
    let body = [
        "Action=CreateSAMLProvider&Version=2010-05-08&Name=a&SAMLMetadataDocument=",
        &"%3C".repeat(200_000),
    ]
    .concat();
    let mut call = Call::post(node.address, &body);
    if stated == Stated::Hash {
        let hash = rolegate::sigv4::payload_hash(&call.body);
        call = call.with_header("x-amz-content-sha256", &hash);
    }
    let signing = Signing {
        service,
        ..Signing::at(node.now())
    };
    call.signed(keys, &signing)
}

/// The code of the answer to a whole call with a long body.
fn code(node: &Node, keys: &AwsKeys, service: &'static str) -> String {
    let answer = call(node, keys, Stated::Nothing, service).send(node.address);
    element(&answer, "Code")
}

/// The head of such a call, which comes from there, and nothing of its body.
fn head_alone(node: &Node, keys: &AwsKeys, stated: Stated, from: &str) -> RawConnection {
    let call = call(node, keys, stated, "iam").with_header("x-forwarded-for", from);
    let length = call.body.len();
    let mut head = format!("POST / HTTP/1.1\r\nContent-Length: {length}\r\n");
    for (name, value) in &call.headers {
        head.push_str(&[name, ": ", value, "\r\n"].concat());
    }
    head.push_str("\r\n");
    let mut connection = RawConnection::open(node.address);
    connection.send(head.as_bytes()).unwrap();
    connection
}

/// How so many of them are refused; the others are waited for.
fn refused(held: &mut [RawConnection], count: usize) -> Vec<String> {
    let begun = Instant::now();
    let mut told = Vec::new();
    while told.len() < count {
        assert!(begun.elapsed() < PATIENCE, "only these: {told:?}");
        let answers = held.iter_mut().map(|one| one.read_response(SHORT));
        told.extend(answers.flatten().map(|answer| element(&answer, "Code")));
    }
    told
}

const SHORT: Duration = Duration::from_millis(50);
const HERE: &str = "203.0.113.9";
const THERE: &str = "198.51.100.7";

#[test]
fn a_long_body_is_taken_from_who_is_known_and_signs_for_iam() {
    let node = fresh();
    let admin = AwsKeys::admin();
    assert_eq!(code(&node, &admin, "iam"), "InvalidInput");
    assert_eq!(code(&node, &admin, "sts"), "RequestEntityTooLarge");
    let stranger = AwsKeys {
        id: "AKIAQYLPMN5HZZZZZZZZ".to_owned(),
        ..AwsKeys::admin()
    };
    assert_eq!(code(&node, &stranger, "iam"), "InvalidClientTokenId");
    assert_eq!(
        code(&node, &only_knows(&admin), "iam"),
        "SignatureDoesNotMatch"
    );
    let unsigned = Request::post_form(node.address, "/", &[("a", &"b".repeat(600_000))]).send();
    assert_eq!(element(&unsigned, "Code"), "RequestEntityTooLarge");
    let found = node.admin("GET", "/admin/v1/directory", "").text();
    assert!(!found.contains(&format!("accounts/{ACCOUNT}/saml-providers")));
}

#[test]
fn who_only_knows_a_key_s_id_has_one_long_body_under_way_and_keeps_nobody_out() {
    let node = with_ana(NO_RATES);
    let stranger = only_knows(&ana());
    let mut held: Vec<_> = (0..6)
        .map(|_| head_alone(&node, &stranger, Stated::Nothing, HERE))
        .collect();
    // Whichever comes first is waited for.
    assert_eq!(refused(&mut held, 5), ["Throttling"; 5]);
    assert_eq!(code(&node, &AwsKeys::admin(), "iam"), "InvalidInput");
    // Nor the user whose key it is.
    let theirs = call(&node, &ana(), Stated::Nothing, "iam").with_header("x-forwarded-for", THERE);
    assert_eq!(element(&theirs.send(node.address), "Code"), "AccessDenied");
}

#[test]
fn a_caller_has_one_long_body_under_way_and_gives_the_place_back() {
    let node = with_ana(NO_RATES);
    for stated in [Stated::Nothing, Stated::Hash] {
        let admin = AwsKeys::admin();
        let whole = || {
            let call = call(&node, &admin, stated, "iam").with_header("x-forwarded-for", HERE);
            element(&call.send(node.address), "Code")
        };
        let mut held: Vec<_> = (0..2)
            .map(|_| head_alone(&node, &admin, stated, HERE))
            .collect();
        assert_eq!(refused(&mut held, 1), ["Throttling"]);
        assert_eq!(whole(), "Throttling");
        drop(held);
        let begun = Instant::now();
        while whole() != "InvalidInput" {
            assert!(begun.elapsed() < PATIENCE, "the place is not given back");
        }
    }
}

#[test]
fn who_states_the_hash_is_not_kept_out_by_who_does_not() {
    let node = with_ana(NO_RATES);
    let admin = AwsKeys::admin();
    let networks: Vec<String> = (1..9).map(|last| format!("203.0.113.{last}")).collect();
    let mut held: Vec<_> = networks
        .iter()
        .map(|from| head_alone(&node, &only_knows(&admin), Stated::Nothing, from))
        .collect();
    assert_eq!(refused(&mut held, 4), ["Throttling"; 4]);
    let whole = |stated| {
        let call = call(&node, &admin, stated, "iam").with_header("x-forwarded-for", THERE);
        element(&call.send(node.address), "Code")
    };
    assert_eq!(whole(Stated::Nothing), "Throttling");
    assert_eq!(whole(Stated::Hash), "InvalidInput");
}

#[test]
fn nobody_is_waited_for_who_proves_to_need_no_long_body() {
    let node = with_ana(NO_RATES);
    let told = |keys: &AwsKeys| -> Response {
        let mut head = head_alone(&node, keys, Stated::Hash, HERE);
        head.read_response(PATIENCE).unwrap()
    };
    assert_eq!(element(&told(&ana()), "Code"), "RequestEntityTooLarge");
    let forged = told(&only_knows(&ana()));
    assert_eq!(element(&forged, "Code"), "SignatureDoesNotMatch");
}

#[test]
fn a_long_body_that_comes_too_slowly_loses_its_place() {
    let node = with_ana(&["[limits]\nbody_seconds = 300\n", NO_RATES].concat());
    let admin = AwsKeys::admin();
    for first in [0, 300_000] {
        let mut slow = head_alone(&node, &admin, Stated::Nothing, HERE);
        slow.send(&vec![b'a'; first]).unwrap();
        let answer = slow.read_response(Duration::from_mins(2)).unwrap();
        assert_eq!(element(&answer, "Code"), "RequestTimeout");
    }
}

#[test]
fn who_asks_too_often_is_told_before_their_long_body_is_read() {
    let node = with_ana("[limits.rates]\nprincipal_per_second = 1\nprincipal_burst = 1\n");
    let stranger = only_knows(&ana());
    // Naming somebody takes nothing from their rate.
    assert_eq!(code(&node, &stranger, "iam"), "SignatureDoesNotMatch");
    let short = |keys: &AwsKeys| {
        let signing = Signing {
            service: "iam",
            ..Signing::at(node.now())
        };
        let call = Call::post(node.address, "Action=ListUsers&Version=2010-05-08");
        element(&call.signed(keys, &signing).send(node.address), "Code")
    };
    let begun = Instant::now();
    loop {
        let before = short(&ana());
        let mut head = head_alone(&node, &ana(), Stated::Nothing, HERE);
        let told = head.read_response(Duration::from_secs(2));
        if let Ok(told) = told {
            assert_eq!(element(&told, "Code"), "Throttling");
            break;
        }
        // On a busy machine a second may have passed between the two.
        assert!(begun.elapsed() < PATIENCE, "{before}, and then waited for");
    }
}
