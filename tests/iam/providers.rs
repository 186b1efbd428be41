//! Identity providers of accounts.

use serde_json::json;

use super::kit::{fresh, run};
use super::support::audit::audit_file;
use super::support::aws::{AwsKeys, Call, Signing};
use super::support::directory::ACCOUNT;
use super::support::http::{RawConnection, Request};
use super::support::sts::element;

#[test]
fn oidc_providers_come_and_go() {
    let node = fresh();
    let arguments = json!({ "http_issuer": node.provider.issuer() });
    run(&node, "oidc_providers.py", &arguments);
}

#[test]
fn saml_providers_come_and_go() {
    let node = fresh();
    run(&node, "saml_providers.py", &json!({}));
    let audit = std::fs::read_to_string(audit_file(node.folder())).unwrap();
    assert!(audit.contains("put SAML provider Partners in"));
    assert!(!audit.contains("PRIVATE KEY"), "a key was recorded");
}

/// A call of IAM with a body of so many bytes, signed by these keys for this service.
fn long(node: &super::support::node::Node, keys: &AwsKeys, service: &'static str) -> String {
    let body = [
        "Action=CreateSAMLProvider&Version=2010-05-08&Name=a&SAMLMetadataDocument=",
        &"%3C".repeat(200_000),
    ]
    .concat();
    let signing = Signing {
        service,
        ..Signing::at(node.now())
    };
    let answer = Call::post(node.address, &body)
        .signed(keys, &signing)
        .send(node.address);
    element(&answer, "Code")
}

#[test]
fn a_long_body_is_taken_from_who_is_known_and_signs_for_iam() {
    let node = fresh();
    let admin = AwsKeys::admin();
    assert_eq!(long(&node, &admin, "iam"), "InvalidInput");
    assert_eq!(long(&node, &admin, "sts"), "RequestEntityTooLarge");
    let stranger = AwsKeys {
        id: "AKIAQYLPMN5HZZZZZZZZ".to_owned(),
        ..AwsKeys::admin()
    };
    assert_eq!(long(&node, &stranger, "iam"), "InvalidClientTokenId");
    let forged = AwsKeys {
        secret: "another secret".to_owned(),
        ..AwsKeys::admin()
    };
    assert_eq!(long(&node, &forged, "iam"), "SignatureDoesNotMatch");
    let unsigned = Request::post_form(node.address, "/", &[("a", &"b".repeat(600_000))]).send();
    assert_eq!(element(&unsigned, "Code"), "RequestEntityTooLarge");
    let found = node.admin("GET", "/admin/v1/directory", "").text();
    assert!(!found.contains(&format!("accounts/{ACCOUNT}/saml-providers")));
}

/// The head of a call with a long body, and nothing of the body; signed by these keys, without its hash.
fn head_alone(node: &super::support::node::Node, keys: &AwsKeys) -> RawConnection {
    let signing = Signing {
        service: "iam",
        ..Signing::at(node.now())
    };
    let call = Call::post(node.address, "Action=ListUsers").signed(keys, &signing);
    let mut head = "POST / HTTP/1.1\r\nContent-Length: 1000000\r\n".to_owned();
    for (name, value) in &call.headers {
        assert_ne!(name.to_ascii_lowercase(), "x-amz-content-sha256");
        head.push_str(&[name, ": ", value, "\r\n"].concat());
    }
    head.push_str("\r\n");
    let mut connection = RawConnection::open(node.address);
    connection.send(head.as_bytes()).unwrap();
    connection
}

#[test]
fn who_only_knows_a_key_s_id_has_one_long_body_under_way() {
    let node = fresh();
    let mut files = node.directory();
    let [id, secret] = USER;
    let user = format!("[[access_keys]]\nid = '{id}'\nsecret = '{secret}'\n");
    files.insert(format!("accounts/{ACCOUNT}/users/ana.toml"), user);
    node.apply(&files);
    let seen_in_a_log = AwsKeys {
        id: id.to_owned(),
        secret: "not known".to_owned(),
        ..AwsKeys::admin()
    };
    // Of many requests all but one are refused at once, whichever comes first.
    let mut held: Vec<_> = (0..6).map(|_| head_alone(&node, &seen_in_a_log)).collect();
    let short = std::time::Duration::from_secs(5);
    let answers = held.iter_mut().map(|one| one.read_response(short));
    let refused: Vec<u16> = answers.flatten().map(|answer| answer.status).collect();
    assert_eq!(refused, [503; 5]);
    // Nobody else is kept out.
    assert_eq!(long(&node, &AwsKeys::admin(), "iam"), "InvalidInput");
}

const USER: [&str; 2] = [
    "AKIAQYLPMN5HAAAAAAAB",
    "a secret of the user of forty characters",
];

/// What the user may: read, and whatever is tagged as their team's.
const TEAM: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["iam:GetOpenIDConnectProvider", "iam:ListOpenIDConnectProviders"], "Resource": "*"},
    {"Effect": "Allow", "Action": "iam:CreateOpenIDConnectProvider", "Resource": "arn:aws:iam::*:oidc-provider/team.*",
     "Condition": {"StringEquals": {"aws:RequestTag/team": "ops"}}},
    {"Effect": "Allow", "Action": ["iam:TagOpenIDConnectProvider", "iam:UntagOpenIDConnectProvider"], "Resource": "*",
     "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}},
    {"Effect": "Allow", "Action": ["iam:DeleteOpenIDConnectProvider", "iam:DeleteSAMLProvider"], "Resource": "*",
     "Condition": {"StringEquals": {"aws:ResourceTag/team": "ops"}}}]}"#;

#[test]
fn a_user_may_do_what_policies_say_of_a_provider_and_its_tags() {
    let node = fresh();
    let mut files = node.directory();
    let base = format!("accounts/{ACCOUNT}/users/ana");
    let [id, secret] = USER;
    let user = format!("[[access_keys]]\nid = '{id}'\nsecret = '{secret}'\n");
    files.insert(format!("{base}.toml"), user);
    files.insert(format!("{base}.policies/team.json"), TEAM.to_owned());
    node.apply(&files);
    let arguments = json!({ "user": USER, "linked": node.provider.issuer() });
    run(&node, "provider_access.py", &arguments);
}
