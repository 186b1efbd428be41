//! `POST /authorize` over HTTP, with requests that AWS's own signer signed.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

mod support;

use std::time::Duration;

use rolegate::directory::DirectoryFiles;
use serde_json::{Value, json};

use support::aws::{AwsKeys, Call, Signing};
use support::directory::in_account;
use support::http::Response;
use support::http_node::HttpNode;

const ADA: (&str, &str) = (
    "AKIAQYLPMN5HADAAAAAA",
    "a-secret-of-ada-that-stands-in-no-log",
);
const CI: (&str, &str) = ("AKIAQYLPMN5HCICICICI", "a-secret-of-the-service-in-no-log");
/// Of another account; she may decode messages there.
const CAROL: (&str, &str) = ("AKIAQYLPMN5HCAROL777", "a-secret-of-carol-of-elsewhere-xx");
/// Of ada's account; he has no policies.
const BOB: (&str, &str) = ("AKIAQYLPMN5HBOBBOB77", "a-secret-of-bob-that-is-no-secret");
const JOB: &str = "arn:aws:ci:us-east-1:123456789012:job/7";

fn keys((id, secret): (&str, &str)) -> AwsKeys {
    AwsKeys {
        id: id.to_owned(),
        secret: secret.to_owned(),
        token: None,
    }
}

fn key_file((id, secret): (&str, &str)) -> String {
    format!("[[access_keys]]\nid = '{id}'\nsecret = '{secret}'\n")
}

fn directory(node: &HttpNode) -> DirectoryFiles {
    let mut files = node.directory();
    files.insert("services/ci.example.com.toml".to_owned(), key_file(CI));
    files.insert(in_account("users/ada.toml"), key_file(ADA));
    let statement = json!({ "Effect": "Allow", "Action": "ci:RunJob", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": statement });
    files.insert(in_account("users/ada.policies/ci.json"), policy.to_string());
    let statement = json!({ "Effect": "Allow", "Action": "sts:Decode*", "Resource": "*" });
    let decodes = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
    files.insert(
        in_account("users/ada.policies/decode.json"),
        decodes.clone(),
    );
    files.insert(in_account("users/bob.toml"), key_file(BOB));
    let elsewhere = |path: &str| ["accounts/482011739056/", path].concat();
    files.insert(
        elsewhere("account.toml"),
        "alias = 'elsewhere'\n".to_owned(),
    );
    files.insert(elsewhere("users/carol.toml"), key_file(CAROL));
    files.insert(elsewhere("users/carol.policies/decode.json"), decodes);
    files
}

fn start() -> HttpNode {
    let node = HttpNode::start();
    node.apply(&directory(&node));
    node
}

/// Of what the service received, signed by ada: a POST of `{}` to `/jobs`.
fn received(node: &HttpNode) -> Value {
    let address = "127.0.0.1:1".parse().unwrap();
    let mut call = Call::get(address, "/jobs");
    call.method = "POST";
    call.body = b"{}".to_vec();
    let signing = Signing {
        service: "ci",
        ..Signing::at(node.now())
    };
    let call = call.signed(&keys(ADA), &signing);
    json!({
        "method": call.method,
        "path": call.target,
        "headers": call.headers,
        "body": data_encoding::BASE64.encode(&call.body),
    })
}

fn question(node: &HttpNode) -> Value {
    json!({
        "service": "ci",
        "request": received(node),
        "action": "ci:RunJob",
        "resource": JOB,
    })
}

fn ask_as(node: &HttpNode, who: &AwsKeys, body: &str) -> Response {
    Call::admin(node.address, "/authorize", body)
        .signed(who, &Signing::admin(node.now()))
        .send(node.address)
}

fn ask(node: &HttpNode, question: &Value) -> Response {
    ask_as(node, &keys(CI), &question.to_string())
}

fn answer(response: &Response) -> Value {
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(response.header("cache-control"), Some("no-store"));
    serde_json::from_str(&response.text()).unwrap()
}

#[track_caller]
fn assert_refused(response: &Response, status: u16, code: &str, text: &str) {
    assert_eq!(response.status, status, "{}", response.text());
    let told: Value = serde_json::from_str(&response.text()).unwrap();
    assert_eq!(told["error"]["code"], code);
    let message = told["error"]["message"].as_str().unwrap();
    assert!(message.contains(text), "{message}");
    assert!(told.get("decision").is_none());
}

#[test]
fn a_service_is_told_who_signed_and_whether_they_may() {
    let node = start();
    let told = answer(&ask(&node, &question(&node)));
    assert_eq!(told["decision"], "allow");
    assert_eq!(told["payload"], "signed");
    let identity = &told["identity"];
    assert_eq!(identity["type"], "User");
    assert_eq!(identity["arn"], "arn:aws:iam::123456789012:user/ada");
    assert_eq!(identity["account"], "123456789012");
    assert_eq!(identity["access_key_id"], ADA.0);
    assert!(identity["user_id"].as_str().unwrap().starts_with("AIDA"));
    assert_eq!(told["reason"]["explicit"], false);
    assert_eq!(told["reason"]["statements"][0]["policy"], "ci");
    assert_eq!(
        told["reason"]["statements"][0]["policy_kind"],
        "identity-based policy"
    );
    let line = node.audit_of(told["request_id"].as_str().unwrap());
    assert_eq!(line.event(), "Authorize");
    assert!(!node.audit_text().contains(ADA.1) && !node.audit_text().contains(CI.1));
}

#[test]
fn a_refusal_has_aws_s_text_and_the_kind_of_policy() {
    let node = start();
    let mut question = question(&node);
    question["action"] = json!("ci:StopJob");
    let told = answer(&ask(&node, &question));
    assert_eq!(told["decision"], "deny");
    assert_eq!(told["reason"]["policy_kind"], "identity-based policy");
    assert_eq!(told["reason"]["statements"], json!([]));
    let text = "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: ci:StopJob on resource: arn:aws:ci:us-east-1:123456789012:job/7 because no identity-based policy allows the ci:StopJob action";
    assert_eq!(told["message"], text);
    assert_eq!(
        told["error"],
        json!({ "code": "AccessDenied", "status": 403, "message": text })
    );
    assert_eq!(told["identity"]["type"], "User");
}

#[test]
fn a_request_that_nobody_signed_has_no_identity() {
    let node = start();
    let mut question = question(&node);
    question["request"]["body"] = json!(data_encoding::BASE64.encode(b"[]"));
    let told = answer(&ask(&node, &question));
    assert_eq!(told["decision"], "deny");
    assert_eq!(told["error"]["code"], "SignatureDoesNotMatch");
    assert_eq!(told["error"]["status"], 403);
    assert!(told.get("identity").is_none() && told.get("reason").is_none());
}

#[test]
fn a_captured_request_is_good_for_a_quarter_of_an_hour() {
    let node = start();
    let captured = question(&node);
    node.advance(890);
    assert_eq!(answer(&ask(&node, &captured))["decision"], "allow");
    node.advance(20);
    let told = answer(&ask(&node, &captured));
    assert_eq!(told["decision"], "deny");
    assert_eq!(told["error"]["code"], "RequestExpired");
}

#[test]
fn whoever_is_no_service_is_told_nothing() {
    let node = start();
    let body = question(&node).to_string();
    let no_service = "is no registered service";
    assert_refused(
        &ask_as(&node, &keys(ADA), &body),
        403,
        "AccessDenied",
        no_service,
    );
    assert_refused(
        &ask_as(&node, &AwsKeys::admin(), &body),
        403,
        "AccessDenied",
        no_service,
    );
    let wrong = keys((CI.0, "another secret of the service"));
    assert_refused(
        &ask_as(&node, &wrong, &body),
        403,
        "SignatureDoesNotMatch",
        "signature",
    );
    let unsigned = Call::admin(node.address, "/authorize", body.clone());
    let unsigned = unsigned.send(node.address);
    assert_refused(&unsigned, 403, "MissingAuthenticationToken", "not signed");
    let for_sts = Call::admin(node.address, "/authorize", body)
        .signed(&keys(CI), &Signing::at(node.now()))
        .send(node.address);
    assert_refused(&for_sts, 403, "SignatureDoesNotMatch", "correct service");
}

#[test]
fn a_question_is_signed_by_header() {
    let node = start();
    let signing = Signing {
        expires: Some(Duration::from_mins(1)),
        ..Signing::admin(node.now())
    };
    let mut call = Call::get(node.address, "/authorize");
    call.method = "POST";
    call.body = question(&node).to_string().into();
    let response = call.signed(&keys(CI), &signing).send(node.address);
    assert_refused(
        &response,
        400,
        "IncompleteSignature",
        "presigned URL is not accepted",
    );
}

/// The question with another value at this place.
fn changed(question: &Value, pointer: &str, value: Value) -> String {
    let mut question = question.clone();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    let parent = question.pointer_mut(parent).unwrap();
    parent[member] = value;
    question.to_string()
}

fn assert_all_refused(node: &HttpNode, wrong: &[(String, &str)]) {
    for (body, text) in wrong {
        let answer = ask_as(node, &keys(CI), body);
        assert_refused(&answer, 400, "ValidationError", text);
    }
}

#[test]
fn what_is_wrong_with_a_question_is_named() {
    let node = start();
    let good = question(&node);
    let changed = |pointer: &str, value: Value| changed(&good, pointer, value);
    let twice = changed("/context", json!({ "ci:a": "1" }))
        .replace("{\"ci:a\":\"1\"}", "{\"ci:a\":\"1\",\"CI:A\":\"2\"}");
    let said = json!({ "aws:PrincipalArn": "x" });
    let no_account = json!("arn:aws:ci:::job/7");
    let other = json!("482011739056");
    assert_all_refused(
        &node,
        &[
            ("{".to_owned(), "the body is not what this request takes"),
            (changed("/nobody", json!(1)), "unknown field `nobody`"),
            (changed("/action", json!("RunJob")), "action must be"),
            (changed("/resource", json!("job 7")), "resource: an ARN"),
            (changed("/resource", no_account), "resource_account: "),
            (changed("/resource_account", other), "has another account"),
            (
                changed("/resource_policy", json!("{}")),
                "resource_policy: ",
            ),
            (changed("/context", said), "is not for the service to say"),
            (
                changed("/context", json!({ "aws:SourceIp": 7 })),
                "the body is not what",
            ),
            (twice, "is there twice"),
        ],
    );
}

#[test]
fn what_is_wrong_with_the_request_in_a_question_is_named() {
    let node = start();
    let good = question(&node);
    let changed = |pointer: &str, value: Value| changed(&good, pointer, value);
    let hash = |digit: &str| json!(digit.repeat(64));
    let many = json!(vec![["a", "b"]; 129]);
    let no_pair = json!(["x-amz-security-token: FwoGtoken"]);
    assert_all_refused(
        &node,
        &[
            (
                changed("/request/payload_sha256", hash("A")),
                "payload hash must be",
            ),
            (
                changed("/request/payload_sha256", hash("a")),
                "one of them, or neither",
            ),
            (
                changed("/request/body", json!("?")),
                "request.body: in base64",
            ),
            (
                changed("/request/headers", json!([["a b", "c"]])),
                "request.headers: a list",
            ),
            (
                changed("/request/headers", many),
                "request.headers: at most 128",
            ),
            (changed("/request/method", json!("")), "request.method"),
            (
                changed("/request/headers", no_pair),
                "a value is not of its type",
            ),
        ],
    );
    assert!(!node.audit_text().contains("FwoGtoken"));
}

#[test]
fn a_service_asks_about_its_own_actions_alone() {
    let node = start();
    let good = question(&node);
    for (place, value, text) in [
        ("/action", "s3:GetObject", "asks about actions of ci"),
        ("/service", "s3", "signed for ci"),
    ] {
        let answer = ask_as(&node, &keys(CI), &changed(&good, place, json!(value)));
        assert_refused(&answer, 403, "AccessDenied", text);
    }
}

#[test]
fn a_question_is_bounded() {
    let node = start();
    let mut question = question(&node);
    question["request"]["body"] = json!("A".repeat(300 * 1024));
    let response = ask(&node, &question);
    assert_refused(&response, 413, "RequestEntityTooLarge", "");
}

#[test]
fn a_service_takes_no_session_and_is_told_its_name_alone() {
    let node = start();
    let call = |form: &str| {
        Call::post(node.address, form)
            .signed(&keys(CI), &Signing::at(node.now()))
            .send(node.address)
    };
    let who = call("Action=GetCallerIdentity&Version=2011-06-15");
    assert_eq!(who.status, 200);
    assert!(
        who.text().contains("<UserId>ci.example.com</UserId>"),
        "{}",
        who.text()
    );
    assert!(!who.text().contains("<Arn>") && !who.text().contains("<Account>"));
    let session = call("Action=GetSessionToken&Version=2011-06-15");
    assert_eq!(session.status, 403);
    assert!(
        session
            .text()
            .contains("Cannot call GetSessionToken as a service"),
        "{}",
        session.text()
    );
    let export = Call::get(node.address, "/admin/v1/directory")
        .signed(&keys(CI), &Signing::admin(node.now()))
        .send(node.address);
    assert_refused(&export, 403, "AccessDenied", "ci.example.com");
}

fn decode(node: &HttpNode, who: (&str, &str), encoded: &str) -> Response {
    let mut form = form_urlencoded::Serializer::new(String::new());
    let form = form
        .append_pair("Action", "DecodeAuthorizationMessage")
        .append_pair("Version", "2011-06-15")
        .append_pair("EncodedMessage", encoded)
        .finish();
    Call::post(node.address, &form)
        .signed(&keys(who), &Signing::at(node.now()))
        .send(node.address)
}

/// The encoded message of a refusal of ada's.
fn encoded_refusal(node: &HttpNode) -> String {
    let mut question = question(node);
    question["action"] = json!("ci:StopJob");
    let told = answer(&ask(node, &question));
    told["encoded_message"].as_str().unwrap().to_owned()
}

#[test]
fn a_refusal_is_decoded_by_whoever_may_in_its_account() {
    let node = start();
    let encoded = encoded_refusal(&node);
    assert!(!encoded.contains("ada"));
    let decoded = decode(&node, ADA, &encoded);
    assert_eq!(decoded.status, 200, "{}", decoded.text());
    let text = support::sts::element(&decoded, "DecodedMessage").replace("&quot;", "\"");
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["allowed"], false);
    assert_eq!(told["explicitDeny"], false);
    assert_eq!(told["context"]["action"], "ci:StopJob");
    assert_eq!(told["context"]["resource"], JOB);
    assert_eq!(
        told["context"]["principal"]["arn"],
        "arn:aws:iam::123456789012:user/ada"
    );
    let allowed = answer(&ask(&node, &question(&node)));
    assert!(allowed.get("encoded_message").is_none());
}

#[test]
fn nobody_else_decodes_it() {
    let node = start();
    let encoded = encoded_refusal(&node);
    let other_account = decode(&node, CAROL, &encoded);
    assert_eq!(other_account.status, 400);
    let invalid = "InvalidAuthorizationMessageException";
    support::sts::assert_refused(&other_account, 400, invalid);
    let without_policy = decode(&node, BOB, &encoded);
    support::sts::assert_refused(&without_policy, 403, "AccessDenied");
    let text = without_policy.text();
    assert!(
        text.contains(
            "because no identity-based policy allows the sts:DecodeAuthorizationMessage action"
        ),
        "{text}"
    );
    support::sts::assert_refused(&decode(&node, CI, &encoded), 403, "AccessDenied");
}

#[test]
fn a_session_token_is_no_message_and_a_message_no_session_token() {
    let node = start();
    let invalid = "InvalidAuthorizationMessageException";
    let session = Call::post(node.address, "Action=GetSessionToken&Version=2011-06-15")
        .signed(&keys(ADA), &Signing::at(node.now()))
        .send(node.address);
    let session = AwsKeys::issued(&session);
    let token = session.token.clone().unwrap();
    support::sts::assert_refused(&decode(&node, ADA, &token), 400, invalid);
    let url_safe = token.replace('+', "-").replace('/', "_").replace('=', "");
    support::sts::assert_refused(&decode(&node, ADA, &url_safe), 400, invalid);
    assert!(!node.audit_text().contains(&token));
    let encoded = encoded_refusal(&node);
    let standard = encoded.replace('-', "+").replace('_', "/");
    let padding = "=".repeat((4 - standard.len() % 4) % 4);
    for token in [encoded, [standard, padding].concat()] {
        let forged = AwsKeys {
            token: Some(token),
            ..session.clone()
        };
        support::sts::assert_refused(&node.who(&forged), 403, "InvalidClientTokenId");
    }
}

#[test]
fn a_message_that_is_missing_or_too_long_is_refused_by_the_model() {
    let node = start();
    let missing = Call::post(
        node.address,
        "Action=DecodeAuthorizationMessage&Version=2011-06-15",
    )
    .signed(&keys(ADA), &Signing::at(node.now()))
    .send(node.address);
    support::sts::assert_refused(&missing, 400, "ValidationError");
    assert!(
        missing.text().contains("at &apos;encodedMessage&apos;"),
        "{}",
        missing.text()
    );
    let long = decode(&node, ADA, &"A".repeat(10_241));
    support::sts::assert_refused(&long, 400, "ValidationError");
    let invalid = "InvalidAuthorizationMessageException";
    support::sts::assert_refused(&decode(&node, ADA, "nonsense"), 400, invalid);
}
