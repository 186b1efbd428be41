//! `GetWebIdentityToken`: what accounts tell others of their users and roles, and how others verify it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::aws::AwsKeys;
use crate::support::clock::Time;
use crate::support::directory::{
    ACCOUNT, account_files, add_role, every_assume_action, in_account, trust,
};
use crate::support::http::{Request, Response};
use crate::support::http_node::{HttpNode, ROLE};
use crate::support::node::{Node, Settings};
use crate::support::sts::{assert_refused, assume_role, element};
use crate::tools::Tool;
use crate::{ADA, Endpoint, GLOBAL, IRELAND, PARIS, ada, call, directory, session, with_token};

const AUDIENCE: &str = "https://api.partner.example";
const ON: &str = "outbound_federation = true\ndeactivated_regions = ['eu-west-3']\n";

/// The node, whose role `Reader` may ask for tokens.
fn start(settings: &str) -> HttpNode {
    started(HttpNode::start(), settings)
}

fn started(node: HttpNode, settings: &str) -> HttpNode {
    let mut files = directory(&node, settings);
    let may = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "sts:GetWebIdentityToken", "Resource": "*",
    }});
    let path = in_account("roles/Reader.policies/vouch.json");
    files.insert(path, may.to_string());
    node.apply(&files);
    node
}

fn issuer(node: &Node) -> String {
    format!("{}/issuers/{ACCOUNT}", node.origin())
}

fn ask(node: &HttpNode, keys: &AwsKeys, more: &[(&str, &str)]) -> Response {
    ask_at(node, keys, IRELAND, more)
}

fn ask_at(node: &HttpNode, keys: &AwsKeys, at: Endpoint, more: &[(&str, &str)]) -> Response {
    let mut parameters = vec![
        ("Action", "GetWebIdentityToken"),
        ("Audience.member.1", AUDIENCE),
        ("SigningAlgorithm", "RS256"),
    ];
    parameters.retain(|(name, _)| !more.iter().any(|(other, _)| name == other));
    parameters.extend_from_slice(more);
    call(node, keys, at, &parameters)
}

#[track_caller]
fn token(answer: &Response) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    element(answer, "WebIdentityToken")
}

fn get(node: &Node, document: &str) -> Response {
    let target = format!("/issuers/{ACCOUNT}/.well-known/{document}");
    Request::get(node.address, &target).send()
}

/// A part of a token: 0 is its header, 1 what it says.
fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).unwrap();
    let part = data_encoding::BASE64URL_NOPAD.decode(part.as_bytes());
    serde_json::from_slice(&part.unwrap()).unwrap()
}

/// What a verifier makes of a token that shares no code with the gateway.
fn verified(node: &Node, issuer: &str, token: &str) -> Value {
    let asked = json!({
        "token": token, "issuer": issuer, "audience": AUDIENCE, "now": node.now(),
    });
    let mut command = Command::new(Tool::Node.path());
    command
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/clients/verify_jwt.mjs"
        ))
        .env("ROLEGATE_TEST_NODE_MODULES", Tool::NodeModules.path());
    told(command, &asked)
}

/// What a program prints that is asked this.
pub(crate) fn told(mut command: Command, asked: &Value) -> Value {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(asked.to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// boto3, signing with these keys for Ireland.
pub(crate) fn boto3(node: &Node, keys: &AwsKeys, operation: &str, parameters: &Value) -> Value {
    let mut command = Command::new(Tool::Python.path());
    let endpoint = [&node.origin(), IRELAND.path].concat();
    command
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/clients/regional_sts.py"
        ))
        .env_clear()
        .env("AWS_ENDPOINT_URL_STS", endpoint)
        .env("AWS_DEFAULT_REGION", IRELAND.region)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", &keys.id)
        .env("AWS_SECRET_ACCESS_KEY", &keys.secret);
    if let Some(token) = &keys.token {
        command.env("AWS_SESSION_TOKEN", token);
    }
    let asked = json!({ "operation": operation, "parameters": parameters });
    told(command, &asked)
}

#[test]
fn others_verify_a_token_by_the_issuer_s_keys() {
    let node = start(ON);
    let own_tags = "[tags]\nteam = 'data'\nstage = 'role'\n";
    let mut files = directory(&node, ON);
    let user = files.get_mut(&in_account("users/ada.toml")).unwrap();
    *user = [own_tags, user].concat();
    node.apply(&files);
    for algorithm in ["RS256", "ES384"] {
        let more = [
            ("SigningAlgorithm", algorithm),
            ("Tags.member.1.Key", "job"),
            ("Tags.member.1.Value", "41"),
        ];
        let answer = ask(&node, &ada(), &more);
        let told = verified(&node, &issuer(&node), &token(&answer));
        assert_eq!(told["header"]["alg"], algorithm, "{told}");
        let now = node.now();
        assert_eq!(
            told["payload"],
            json!({
                "iss": issuer(&node),
                "aud": AUDIENCE,
                "sub": "arn:aws:iam::123456789012:user/ada",
                "iat": now,
                "exp": now + 300,
                "jti": element(&answer, "RequestId"),
                "https://sts.amazonaws.com/": {
                    "aws_account": ACCOUNT,
                    "source_region": "eu-west-1",
                    "principal_tags": { "team": "data", "stage": "role" },
                    "request_tags": { "job": "41" },
                },
            })
        );
    }
}

/// The role stands behind its session; the session's tags go before the role's.
#[test]
fn a_session_is_told_as_its_role() {
    let node = start(ON);
    let keys = AwsKeys::issued(&with_token(&node, IRELAND));
    let answer = ask(&node, &keys, &[("Audience.member.2", "second")]);
    let told = verified(&node, &issuer(&node), &token(&answer));
    assert_eq!(told["payload"]["sub"], ROLE, "{told}");
    assert_eq!(told["payload"]["aud"], json!([AUDIENCE, "second"]));
}

/// A gateway whose account trusts the issuer of an account of another gateway.
#[test]
fn another_account_takes_the_token_for_a_role() {
    let node = start(ON);
    let issuer = issuer(&node);
    let other = Node::start(Settings {
        http_issuers: vec![issuer.clone()],
        ..Settings::default()
    });
    let mut files = account_files();
    let provider = format!("url = '{issuer}'\nclient_ids = ['{AUDIENCE}']\n");
    files.insert(in_account("oidc-providers/first.toml"), provider);
    let only_ada = json!({ "sub": ADA });
    let trusts = trust(&[&issuer], &every_assume_action(), &only_ada);
    add_role(&mut files, "Reader", &json!({}), &trusts);
    other.apply(&files);
    for algorithm in ["RS256", "ES384"] {
        let asked = [("SigningAlgorithm", algorithm)];
        let token = token(&ask(&node, &ada(), &asked));
        let answer = assume_role(other.address, ROLE, &token, &[]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(element(&answer, "SubjectFromWebIdentityToken"), ADA);
        let keys = AwsKeys::issued(&answer);
        assert_eq!(other.who(&keys).status, 200);
    }
    let of_the_role = AwsKeys::issued(&with_token(&node, IRELAND));
    let token = token(&ask(&node, &of_the_role, &[]));
    let refused = assume_role(other.address, ROLE, &token, &[]);
    assert_refused(&refused, 403, "AccessDenied");
}

#[test]
fn a_token_of_another_account_is_none_of_this_one() {
    let node = start(ON);
    let mut files = directory(&node, ON);
    let second = "482011739056";
    let account = format!("alias = 'second'\n{ON}");
    files.insert(format!("accounts/{second}/account.toml"), account);
    node.apply(&files);
    let token = token(&ask(&node, &ada(), &[]));
    let theirs = format!("{}/issuers/{second}", node.origin());
    let told = verified(&node, &theirs, &token);
    assert!(
        told["refused"].as_str().unwrap().contains("\"iss\""),
        "{told}"
    );
}

#[test]
fn an_account_that_gives_no_tokens_is_no_issuer() {
    let node = start("");
    let answer = ask(&node, &ada(), &[]);
    let code = "OutboundWebIdentityFederationDisabledException";
    assert_refused(&answer, 403, code);
    for document in ["openid-configuration", "jwks.json"] {
        assert_eq!(get(&node, document).status, 404, "{document}");
    }
    node.apply(&directory(&node, ON));
    let token = token(&ask(&node, &ada(), &[]));
    for document in ["openid-configuration", "jwks.json"] {
        let answer = get(&node, document);
        assert_eq!(answer.status, 200, "{document}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let cached = answer.header("cache-control");
        assert_eq!(cached, Some("public, max-age=3600"), "{document}");
    }
    // Switched off while a token is about: nobody verifies it any more.
    node.apply(&directory(&node, ""));
    for document in ["openid-configuration", "jwks.json"] {
        let answer = get(&node, document);
        assert_eq!(answer.status, 404, "{document}");
        assert!(
            !answer.header("cache-control").unwrap().contains("public"),
            "{answer:?}"
        );
    }
    let told = verified(&node, &issuer(&node), &token);
    assert_eq!(told["refused"], "discovery: 404");
    assert_refused(&ask(&node, &ada(), &[]), 403, code);
}

#[test]
fn an_account_in_another_spelling_is_no_issuer() {
    let node = start(ON);
    for account in [
        "482011739056",
        "12345678901",
        "0123456789012",
        "+123456789012",
        "123456789012 ",
        "%31%32",
        "..",
    ] {
        let target = format!("/issuers/{account}/.well-known/jwks.json");
        let answer = Request::get(node.address, &target).send();
        assert!(answer.status == 404 || answer.status == 400, "{account}");
    }
}

#[test]
fn the_public_halves_of_the_keys_are_published_and_nothing_else() {
    let node = start(ON);
    let keys = get(&node, "jwks.json").json();
    let keys = keys["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{key}");
        }
        assert_eq!(key["use"], "sig");
    }
    // Whoever asks first, the keys are the same.
    let again = get(&node, "jwks.json").json();
    assert_eq!(again["keys"].as_array().unwrap(), keys);
}

#[test]
fn a_new_key_is_published_for_a_day_before_it_signs() {
    let node = start(ON);
    let old = token(&ask(&node, &ada(), &[]));
    let rotate = |previous: &str| {
        let body = json!({ "previous": previous }).to_string();
        node.admin("POST", "/admin/v1/keys/rotate-web-identity", &body)
    };
    let kid = |token: &str| part(token, 0)["kid"].as_str().unwrap().to_owned();
    let count = || {
        get(&node, "jwks.json").json()["keys"]
            .as_array()
            .unwrap()
            .len()
    };
    let answer = rotate("keep");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(count(), 4);
    assert_eq!(kid(&token(&ask(&node, &ada(), &[]))), kid(&old));
    let early = rotate("keep");
    assert_eq!(early.status, 409, "{}", early.text());
    node.advance(24 * 3600);
    let new = token(&ask(&node, &ada(), &[]));
    assert_ne!(kid(&new), kid(&old));
    assert_eq!(count(), 4);
    assert!(verified(&node, &issuer(&node), &new)["payload"].is_object());
    node.advance(24 * 3600);
    assert_eq!(count(), 2);
    assert_eq!(rotate("drop").status, 200);
    assert_eq!(count(), 2);
    let last = token(&ask(&node, &ada(), &[]));
    assert_ne!(kid(&last), kid(&new));
    let refused = verified(&node, &issuer(&node), &new);
    assert!(refused["refused"].is_string(), "{refused}");
}

#[test]
fn a_token_does_not_outlive_the_session_of_who_asks() {
    let node = start(ON);
    let keys = AwsKeys::issued(&with_token(&node, IRELAND));
    let hour = [("DurationSeconds", "3600")];
    assert_eq!(ask(&node, &keys, &hour).status, 200);
    node.advance(1);
    let code = "SessionDurationEscalationException";
    assert_refused(&ask(&node, &keys, &hour), 403, code);
    let rest = [("DurationSeconds", "3599")];
    let token = token(&ask(&node, &keys, &rest));
    assert_eq!(part(&token, 1)["exp"], node.now() + 3599);
    node.advance(3599 - 299);
    assert_refused(&ask(&node, &keys, &[]), 403, code);
    assert_eq!(ask(&node, &ada(), &hour).status, 200);
}

#[test]
fn a_session_of_a_user_s_own_and_a_federated_user_are_given_none() {
    let node = start(ON);
    let own = session(&node, IRELAND);
    let policy = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "sts:*", "Resource": "*",
    }});
    let parameters = [
        ("Action", "GetFederationToken"),
        ("Name", "helper"),
        ("Policy", &policy.to_string()),
    ];
    let federated = AwsKeys::issued(&call(&node, &ada(), IRELAND, &parameters));
    for keys in [own, federated] {
        assert_refused(&ask(&node, &keys, &[]), 403, "AccessDenied");
    }
}

#[test]
fn what_is_asked_for_is_within_what_policies_allow() {
    let node = start(ON);
    let statement = |action: &str, condition: Value| json!({ "Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition });
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        statement("sts:GetWebIdentityToken", json!({
            "ForAllValues:StringEquals": { "sts:IdentityTokenAudience": [AUDIENCE] },
            "NumericLessThanEquals": { "sts:DurationSeconds": "600" },
            "StringEquals": { "sts:SigningAlgorithm": "ES384" },
        })),
        statement("sts:TagGetWebIdentityToken", json!({
            "StringEquals": { "aws:RequestTag/job": "41" },
            "ForAllValues:StringEquals": { "aws:TagKeys": ["job"] },
        })),
    ]});
    let mut files = directory(&node, ON);
    let path = in_account("users/ada.policies/sts.json");
    files.insert(path, policy.to_string());
    node.apply(&files);
    let es384 = ("SigningAlgorithm", "ES384");
    let tag = |value| [("Tags.member.1.Key", "job"), ("Tags.member.1.Value", value)];
    let with = |more: &[_]| ask(&node, &ada(), &[&[es384], more].concat());
    assert_eq!(with(&[]).status, 200);
    assert_eq!(with(&[("DurationSeconds", "600")]).status, 200);
    assert_eq!(with(&tag("41")).status, 200);
    for refused in [
        ask(&node, &ada(), &[]),
        with(&[("DurationSeconds", "601")]),
        with(&[("Audience.member.1", "another")]),
        with(&[("Audience.member.2", "another")]),
        with(&tag("42")),
    ] {
        assert_refused(&refused, 403, "AccessDenied");
    }
    let text = with(&tag("42")).text();
    assert!(text.contains("sts:TagGetWebIdentityToken"), "{text}");
}

#[test]
fn what_is_no_request_for_a_token_is_refused() {
    let node = start(ON);
    let long = "a".repeat(1001);
    for (more, code) in [
        (vec![("SigningAlgorithm", "HS256")], "ValidationError"),
        (vec![("SigningAlgorithm", "none")], "ValidationError"),
        (vec![("SigningAlgorithm", "rs256")], "ValidationError"),
        (vec![("DurationSeconds", "59")], "ValidationError"),
        (vec![("DurationSeconds", "3601")], "ValidationError"),
        (vec![("Audience.member.1", "")], "ValidationError"),
        (vec![("Audience.member.1", &*long)], "ValidationError"),
        (vec![("Audience.member.3", "gap")], "MalformedInput"),
        (vec![("TransitiveTagKeys.member.1", "a")], "ValidationError"),
    ] {
        assert_refused(&ask(&node, &ada(), &more), 400, code);
    }
    let without = [
        ("Action", "GetWebIdentityToken"),
        ("SigningAlgorithm", "RS256"),
    ];
    let answer = call(&node, &ada(), IRELAND, &without);
    assert_refused(&answer, 400, "ValidationError");
    let (names, audience): (Vec<_>, _) = (
        (1..=11).map(|n| format!("Audience.member.{n}")).collect(),
        "a",
    );
    let many: Vec<_> = names.iter().map(|name| (&**name, audience)).collect();
    assert_refused(&ask(&node, &ada(), &many), 400, "ValidationError");
    let wide = "b".repeat(1000);
    let large: Vec<_> = many
        .iter()
        .take(10)
        .map(|(name, _)| (*name, &*wide))
        .collect();
    let answer = ask(&node, &ada(), &large);
    assert_refused(&answer, 400, "JWTPayloadSizeExceededException");
}

#[test]
fn the_global_endpoint_gives_none_and_neither_does_a_region_without_sts() {
    let node = start(ON);
    assert_refused(&ask_at(&node, &ada(), GLOBAL, &[]), 400, "InvalidAction");
    let answer = ask_at(&node, &ada(), PARIS, &[]);
    assert_refused(&answer, 403, "RegionDisabledException");
}

#[test]
fn the_audit_knows_for_whom_a_token_was_and_not_the_token() {
    let node = start(ON);
    let answer = ask(&node, &ada(), &[]);
    let token = token(&answer);
    let record = node.audit_of(&element(&answer, "RequestId")).0;
    assert_eq!(record["eventName"], "GetWebIdentityToken");
    assert_eq!(record["requestParameters"]["audience"], json!([AUDIENCE]));
    assert_eq!(record["requestParameters"]["signingAlgorithm"], "RS256");
    assert!(!node.audit_text().contains(&token));
    let signature = token.rsplit('.').next().unwrap();
    assert!(!node.audit_text().contains(signature));
}

#[test]
fn boto3_knows_the_answer_and_each_error() {
    let settings = Settings {
        time: Time::System,
        ..Settings::default()
    };
    let node = started(HttpNode::with(settings), ON);
    let ask = |keys: &AwsKeys, parameters: Value| {
        boto3(&node, keys, "get_web_identity_token", &parameters)
    };
    let good = json!({ "Audience": [AUDIENCE], "SigningAlgorithm": "ES384" });
    let told = ask(&ada(), good.clone());
    let token = told["WebIdentityToken"].as_str().unwrap();
    assert!(verified(&node, &issuer(&node), token)["payload"].is_object());
    let wide = "b".repeat(1000);
    let large = json!({ "Audience": vec![wide; 10], "SigningAlgorithm": "RS256" });
    assert_eq!(
        ask(&ada(), large)["class"],
        "JWTPayloadSizeExceededException"
    );
    let keys = AwsKeys::issued(&with_token(&node, IRELAND));
    let mut longer = good.clone();
    longer["DurationSeconds"] = 3600.into();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let told = ask(&keys, longer);
    assert_eq!(told["class"], "SessionDurationEscalationException");
    node.apply(&directory(&node, ""));
    let told = ask(&ada(), good);
    assert_eq!(
        told["class"],
        "OutboundWebIdentityFederationDisabledException"
    );
}
