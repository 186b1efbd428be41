//! Signed requests, and what becomes of them on the way.

use std::time::Duration;

use super::support::aws::{AwsKeys, Call, GET_CALLER_IDENTITY, Signing};
use super::support::clock::NOW;
use super::support::http::{Request, Response};
use super::support::http_node::{HttpNode, ROLE};
use super::support::sts::{assert_refused, element};

const MISMATCH: &str = "SignatureDoesNotMatch";
const INCOMPLETE: &str = "IncompleteSignature";

struct Rig {
    node: HttpNode,
    keys: AwsKeys,
}

impl Rig {
    fn new() -> Self {
        let node = HttpNode::start();
        let keys = node.session();
        Self { node, keys }
    }

    fn post(&self) -> Call {
        Call::post(self.node.address, GET_CALLER_IDENTITY)
    }

    fn get(&self) -> Call {
        let target = ["/?", GET_CALLER_IDENTITY].concat();
        Call::get(self.node.address, &target)
    }

    fn signed(&self) -> Call {
        self.post().signed(&self.keys, &Signing::at(NOW))
    }

    fn presigned(&self) -> Call {
        self.get().signed(&self.keys, &Signing::presigned(NOW))
    }

    fn send(&self, call: &Call) -> Response {
        call.send(self.node.address)
    }

    #[track_caller]
    fn assert_accepted(&self, call: &Call) {
        let response = self.send(call);
        assert_eq!(response.status, 200, "{}", response.text());
        let session = ROLE
            .replace(":iam:", ":sts:")
            .replace(":role/", ":assumed-role/");
        assert_eq!(element(&response, "Arn"), [&session, "/ines"].concat());
    }

    #[track_caller]
    fn assert_refused(&self, call: &Call, status: u16, code: &str) {
        assert_refused(&self.send(call), status, code);
    }
}

#[test]
fn a1_a_signature_counts_for_fifteen_minutes_around_its_time() {
    let rig = Rig::new();
    for minutes in [-4, 0, 4, 14] {
        let signing = Signing::at(NOW + minutes * 60);
        rig.assert_accepted(&rig.post().signed(&rig.keys, &signing));
    }
    for minutes in [-20, -16, 16, 20] {
        let signing = Signing::at(NOW + minutes * 60);
        let call = rig.post().signed(&rig.keys, &signing);
        rig.assert_refused(&call, 403, MISMATCH);
    }
}

#[test]
fn a1_the_answer_says_which_clock_is_wrong() {
    let rig = Rig::new();
    let late = rig.post().signed(&rig.keys, &Signing::at(NOW - 1200));
    let message = element(&rig.send(&late), "Message");
    assert!(message.starts_with("Signature expired: "), "{message}");
    let early = rig.post().signed(&rig.keys, &Signing::at(NOW + 1200));
    let message = element(&rig.send(&early), "Message");
    assert!(
        message.starts_with("Signature not yet current: "),
        "{message}"
    );
}

#[test]
fn a2_host_date_and_token_must_be_signed() {
    let rig = Rig::new();
    for left_out in ["host", "x-amz-date", "x-amz-security-token"] {
        let mut call = rig.signed();
        let authorization = call.header("authorization").to_owned();
        let listed = [&[left_out, ";"].concat(), &[";", left_out].concat()]
            .into_iter()
            .fold(authorization, |text, part| {
                text.replacen(part.as_str(), "", 1)
            });
        call.set_header("authorization", Some(&listed));
        rig.assert_refused(&call, 403, MISMATCH);
    }
}

#[test]
fn a2_a_signer_that_leaves_host_out_is_refused() {
    let rig = Rig::new();
    let signing = Signing {
        left_out: vec!["host"],
        ..Signing::at(NOW)
    };
    let call = rig.post().signed(&rig.keys, &signing);
    assert!(!call.header("authorization").contains("host"));
    let response = rig.send(&call);
    assert_refused(&response, 403, MISMATCH);
    assert!(element(&response, "Message").contains("Host"));
}

#[test]
fn a2_no_amz_header_may_be_added_after_signing() {
    let rig = Rig::new();
    for name in ["x-amz-target", "X-Amz-Content-Sha256-Extra", "x-amz-meta-a"] {
        let call = rig.signed().with_header(name, "a");
        let response = rig.send(&call);
        assert_refused(&response, 403, MISMATCH);
        assert!(element(&response, "Message").contains("X-Amz-"), "{name}");
    }
    let call = rig.presigned().with_header("x-amz-meta-a", "a");
    rig.assert_refused(&call, 403, MISMATCH);
}

#[test]
fn a2_a_second_date_or_token_is_refused() {
    let rig = Rig::new();
    for name in ["x-amz-date", "x-amz-security-token", "authorization"] {
        let signed = rig.signed();
        let value = signed.header(name).to_owned();
        rig.assert_refused(&signed.with_header(name, &value), 400, INCOMPLETE);
    }
}

#[test]
fn a3_a_query_in_another_order_is_the_same_request() {
    let rig = Rig::new();
    let mut call = rig.presigned();
    let (path, query) = call.target.split_once('?').unwrap();
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.reverse();
    call.target = [path, "?", &pairs.join("&")].concat();
    rig.assert_accepted(&call);
}

#[test]
fn a3_escapes_in_either_case_are_the_same_request() {
    let rig = Rig::new();
    let mut call = rig.presigned();
    let before = call.target.clone();
    call.target = call.target.replace("%2F", "%2f").replace("%3B", "%3b");
    assert_ne!(call.target, before);
    rig.assert_accepted(&call);
}

#[test]
fn a3_a_path_that_can_be_read_twice_is_not_served() {
    let rig = Rig::new();
    for path in [
        "/%2F",
        "/%252F",
        "//",
        "/a//b/./../c",
        "/.",
        "/..;/",
        "/%2e",
        "/sts/%2e%2e/",
    ] {
        let call = Call {
            target: path.to_owned(),
            ..rig.post()
        };
        let call = call.signed(&rig.keys, &Signing::at(NOW));
        let response = rig.send(&call);
        assert!(
            (400..500).contains(&response.status),
            "{path}: {response:?}"
        );
    }
}

#[test]
fn a3_a_body_in_another_encoding_is_another_body() {
    let rig = Rig::new();
    for (from, to) in [("Action", "%41ction"), ("2011-06-15", "2011%2D06%2D15")] {
        let mut call = rig.signed();
        let text = String::from_utf8(call.body).unwrap();
        call.body = text.replace(from, to).into_bytes();
        rig.assert_refused(&call, 403, MISMATCH);
    }
}

#[test]
fn a3_repeated_and_empty_query_parameters_of_the_signature_are_refused() {
    let rig = Rig::new();
    for added in [
        "&X-Amz-Date=20261121T094107Z",
        "&X-Amz-Signature=",
        "&x-amz-expires=9999",
    ] {
        let mut call = rig.presigned();
        call.target.push_str(added);
        let response = rig.send(&call);
        assert_eq!(response.status, 400, "{added}: {response:?}");
    }
}

#[test]
fn a4_nothing_may_change_after_signing() {
    type Change = fn(&mut Call);
    let rig = Rig::new();
    let changes: [(&str, Change, u16, &str); 6] = [
        (
            "a field more",
            |call| call.body.extend(b"&Policy=x"),
            403,
            MISMATCH,
        ),
        (
            "a field less",
            |call| call.body.truncate(28),
            400,
            "InvalidAction",
        ),
        (
            "the path",
            |call| call.target = "/sts".to_owned(),
            403,
            MISMATCH,
        ),
        (
            "the content type",
            |call| {
                call.set_header(
                    "content-type",
                    Some("application/x-www-form-urlencoded; charset=utf-8"),
                );
            },
            403,
            MISMATCH,
        ),
        (
            "the date",
            |call| call.set_header("x-amz-date", Some("20261121T094108Z")),
            403,
            MISMATCH,
        ),
        (
            "a query",
            |call| call.target = "/?a=b".to_owned(),
            400,
            "InvalidParameterCombination",
        ),
    ];
    for (what, change, status, code) in changes {
        let mut call = rig.signed();
        change(&mut call);
        let response = rig.send(&call);
        assert_eq!(response.status, status, "{what}: {response:?}");
        assert_eq!(element(&response, "Code"), code, "{what}");
    }
}

#[test]
fn a4_a_signature_for_post_is_none_for_get() {
    let rig = Rig::new();
    let mut call = rig.signed();
    call.method = "GET";
    call.target = ["/?", GET_CALLER_IDENTITY].concat();
    rig.assert_refused(&call, 403, MISMATCH);
}

#[test]
fn a4_a_hash_header_must_be_the_bodys() {
    let rig = Rig::new();
    let wrong = "0".repeat(64);
    for hash in [
        wrong.as_str(),
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    ] {
        let call = rig.post().with_header("x-amz-content-sha256", hash);
        let call = call.signed(&rig.keys, &Signing::at(NOW));
        rig.assert_refused(&call, 403, MISMATCH);
    }
}

#[test]
fn a5_the_scope_must_be_this_service_region_and_day() {
    let rig = Rig::new();
    let scopes = [
        (
            "region",
            Signing {
                region: "eu-west-3",
                ..Signing::at(NOW)
            },
        ),
        (
            "service",
            Signing {
                service: "iam",
                ..Signing::at(NOW)
            },
        ),
        (
            "admin service",
            Signing {
                service: "rolegate",
                ..Signing::at(NOW)
            },
        ),
    ];
    for (what, signing) in scopes {
        let call = rig.post().signed(&rig.keys, &signing);
        let response = rig.send(&call);
        assert_eq!(response.status, 403, "{what}: {response:?}");
        assert_eq!(element(&response, "Code"), MISMATCH, "{what}");
    }
    for (from, to, status, code) in [
        ("/20261121/", "/20261120/", 403, MISMATCH),
        ("/sts/aws4_request", "/aws4_request", 400, INCOMPLETE),
        ("/aws4_request", "/aws5_request", 403, MISMATCH),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1", 400, INCOMPLETE),
        (
            "AWS4-HMAC-SHA256",
            "AWS4-ECDSA-P256-SHA256",
            400,
            INCOMPLETE,
        ),
    ] {
        let mut call = rig.signed();
        let changed = call.header("authorization").replacen(from, to, 1);
        call.set_header("authorization", Some(&changed));
        let response = rig.send(&call);
        assert_eq!(response.status, status, "{to}: {response:?}");
        assert_eq!(element(&response, "Code"), code, "{to}");
    }
}

#[test]
fn a5_a_request_signed_by_header_and_by_query_is_refused() {
    let rig = Rig::new();
    let mut call = rig.presigned();
    let signed = rig.get().signed(&rig.keys, &Signing::at(NOW));
    call.set_header("authorization", Some(signed.header("authorization")));
    rig.assert_refused(&call, 400, INCOMPLETE);
}

#[test]
fn a5_sts_keys_do_not_open_the_admin_api() {
    let rig = Rig::new();
    let call = Call::get(rig.node.address, "/admin/v1/directory");
    let sts = call.clone().signed(&AwsKeys::admin(), &Signing::at(NOW));
    let response = rig.send(&sts);
    assert_eq!(response.status, 403);
    assert_eq!(response.json()["error"]["code"], MISMATCH);
    let signing = Signing {
        service: "rolegate",
        ..Signing::at(NOW)
    };
    let response = rig.send(&call.signed(&rig.keys, &signing));
    assert_eq!(response.status, 403);
    assert_eq!(response.json()["error"]["code"], "AccessDenied");
}

#[test]
fn a6_a_presigned_get_caller_identity_is_accepted() {
    let rig = Rig::new();
    rig.assert_accepted(&rig.presigned());
    for name in ["x-k8s-aws-id", "X-Vault-AWS-IAM-Server-ID"] {
        let call = rig.get().with_header(name, "cluster-1");
        let call = call.signed(&rig.keys, &Signing::presigned(NOW));
        assert!(
            call.target.contains(&name.to_ascii_lowercase()),
            "{}",
            call.target
        );
        rig.assert_accepted(&call);
        let mut other = call.clone();
        other.set_header(name, Some("cluster-2"));
        rig.assert_refused(&other, 403, MISMATCH);
        let mut none = call;
        none.set_header(name, None);
        rig.assert_refused(&none, 403, MISMATCH);
    }
}

#[test]
fn a6_a_signed_post_with_vaults_header_is_accepted() {
    let rig = Rig::new();
    let call = rig
        .post()
        .with_header("X-Vault-AWS-IAM-Server-ID", "vault.example");
    let call = call.signed(&rig.keys, &Signing::at(NOW));
    rig.assert_accepted(&call);
    let mut other = call;
    other.set_header("X-Vault-AWS-IAM-Server-ID", Some("evil.example"));
    rig.assert_refused(&other, 403, MISMATCH);
}

#[test]
fn a6_a_presigned_url_ends() {
    let rig = Rig::new();
    let call = rig.presigned();
    rig.node.advance(59);
    rig.assert_accepted(&call);
    rig.node.advance(2);
    rig.assert_refused(&call, 403, MISMATCH);
}

#[test]
fn a6_a_presigned_url_of_sts_lasts_a_quarter_of_an_hour_at_most() {
    let rig = Rig::new();
    let longest = Signing {
        expires: Some(Duration::from_hours(7 * 24)),
        ..Signing::at(NOW)
    };
    let call = rig.get().signed(&rig.keys, &longest);
    rig.assert_accepted(&call);
    rig.node.advance(900);
    rig.assert_accepted(&call);
    rig.node.advance(1);
    rig.assert_refused(&call, 403, MISMATCH);
}

#[test]
fn a6_a_presigned_url_says_how_long_it_lasts() {
    let rig = Rig::new();
    for (expires, status) in [
        ("691200", 400),
        ("-1", 400),
        ("abc", 400),
        ("0", 400),
        ("", 400),
        ("61", 403),
        ("1e3", 400),
    ] {
        let mut call = rig.presigned();
        let changed = ["X-Amz-Expires=", expires].concat();
        call.target = call.target.replace("X-Amz-Expires=60", &changed);
        assert!(call.target.contains(&changed));
        let response = rig.send(&call);
        assert_eq!(response.status, status, "{expires}: {response:?}");
    }
}

#[test]
fn a6_a_presigned_url_is_for_its_action_and_its_host_only() {
    let rig = Rig::new();
    let mut other = rig.presigned();
    other.target = other
        .target
        .replace("GetCallerIdentity", "AssumeRoleWithWebIdentity");
    let response = rig.send(&other);
    assert!((400..500).contains(&response.status), "{response:?}");

    let mut elsewhere = rig.presigned();
    let host = ["localhost:", &rig.node.address.port().to_string()].concat();
    elsewhere.set_header("host", Some(&host));
    rig.assert_refused(&elsewhere, 403, MISMATCH);

    let mut twice = rig.presigned();
    twice.target.push_str("&Action=GetCallerIdentity");
    rig.assert_refused(&twice, 400, "InvalidParameterCombination");

    let signing = Signing {
        left_out: vec!["host"],
        ..Signing::presigned(NOW)
    };
    let call = rig
        .get()
        .with_header("x-k8s-aws-id", "a")
        .signed(&rig.keys, &signing);
    rig.assert_refused(&call, 403, MISMATCH);
}

#[test]
fn a6_a_presigned_url_is_no_post() {
    let rig = Rig::new();
    let mut call = rig.presigned();
    call.method = "POST";
    let response = rig.send(&call);
    assert!((400..500).contains(&response.status), "{response:?}");
}

#[test]
fn a7_a_signed_post_may_be_sent_twice_as_at_aws() {
    let rig = Rig::new();
    let call = rig.signed();
    rig.assert_accepted(&call);
    rig.assert_accepted(&call);
}

#[test]
fn a7_an_unsigned_call_is_nobodys() {
    let rig = Rig::new();
    let fields = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")];
    let response = Request::post_form(rig.node.address, "/", &fields).send();
    assert_refused(&response, 403, "MissingAuthenticationToken");
}
