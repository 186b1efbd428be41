//! Unmodified AWS clients against a running node: the command line, boto3 and the SDK for Rust.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

#[path = "aws_clients/operations.rs"]
mod operations;
#[path = "aws_clients/providers.rs"]
mod providers;
#[path = "aws_clients/saml.rs"]
mod saml;
mod support;
#[path = "tools/mod.rs"]
mod tools;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::error::ProvideErrorMetadata as _;
use aws_sdk_sts::operation::assume_role_with_web_identity::{
    AssumeRoleWithWebIdentityError as AssumeError, AssumeRoleWithWebIdentityOutput,
};
use serde_json::{Value, json};

use support::aws::{ADMIN_KEY, ADMIN_SECRET};
use support::directory::STS_CLIENT;
use support::gateway::{Gateway, READER, STRANGER};
use support::http::Request;
use support::http_node::{HttpNode, ROLE};
use support::node::{Node, Settings};
use tools::Tool;

const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/Reader/ines";
const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
const NOT_AUTHORIZED: &str = "Not authorized to perform sts:AssumeRoleWithWebIdentity";

/// A client with nothing of this machine in its environment but where the gateway is.
fn client(gateway: &Node, program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", gateway.folder())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL_STS", gateway.origin())
        .env("AWS_DEFAULT_REGION", "us-east-1");
    command
}

fn aws(gateway: &Node) -> Command {
    let mut command = client(gateway, &Tool::AwsCli.path());
    command.arg("sts");
    command
}

fn as_admin(mut command: Command) -> Command {
    command
        .env("AWS_ACCESS_KEY_ID", ADMIN_KEY)
        .env("AWS_SECRET_ACCESS_KEY", ADMIN_SECRET);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn json_of(output: &Output) -> Value {
    serde_json::from_str(&succeeded(output)).unwrap()
}

fn assume_by_cli(gateway: &Gateway, role: &str, token: &str) -> Output {
    let mut command = aws(gateway);
    command.args(["assume-role-with-web-identity", "--output", "json"]);
    command.args(["--role-arn", role, "--role-session-name", "ines"]);
    command.args(["--web-identity-token", token]);
    command.output().unwrap()
}

#[test]
fn the_command_line_takes_a_role_and_is_told_who_it_is() {
    let gateway = Gateway::start();
    let answer = json_of(&assume_by_cli(&gateway, READER, &gateway.token("ines")));
    assert_eq!(answer["AssumedRoleUser"]["Arn"], SESSION);
    assert_eq!(answer["SubjectFromWebIdentityToken"], "ines");
    assert_eq!(answer["Audience"], STS_CLIENT);
    assert_eq!(answer["Provider"], Value::from(gateway.provider.issuer()));
    let key = |name: &str| answer["Credentials"][name].as_str().unwrap();
    let identity = |format: &str| {
        let mut command = aws(&gateway);
        command.env("AWS_ACCESS_KEY_ID", key("AccessKeyId"));
        command.env("AWS_SECRET_ACCESS_KEY", key("SecretAccessKey"));
        command.env("AWS_SESSION_TOKEN", key("SessionToken"));
        command.args(["get-caller-identity", "--output", format]);
        command.output().unwrap()
    };
    assert_eq!(
        json_of(&identity("json")),
        json!({
            "Arn": SESSION,
            "UserId": answer["AssumedRoleUser"]["AssumedRoleId"],
            "Account": "123456789012",
        })
    );
    let table = succeeded(&identity("table"));
    assert!(
        table.contains("GetCallerIdentity") && table.contains(SESSION),
        "{table}"
    );
}

#[test]
fn the_command_line_shows_code_and_text_of_a_refusal() {
    let gateway = Gateway::start();
    let wrong = gateway.token_with("ines", &json!({ "aud": "somebody-else" }));
    for (role, token, shown) in [
        (
            READER,
            wrong,
            "(InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: Incorrect token audience",
        ),
        (
            STRANGER,
            gateway.token("ines"),
            "(AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to perform sts:AssumeRoleWithWebIdentity",
        ),
    ] {
        let output = assume_by_cli(&gateway, role, &token);
        let errors = text(&output.stderr);
        assert!(
            !output.status.success() && errors.contains(shown),
            "{errors}"
        );
    }
}

#[test]
fn the_command_line_reads_the_token_file_of_its_environment() {
    let gateway = Gateway::start();
    let file = gateway.folder().join("token");
    std::fs::write(&file, gateway.token("ines")).unwrap();
    let mut command = aws(&gateway);
    command
        .env("AWS_ROLE_ARN", READER)
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", &file)
        .env("AWS_ROLE_SESSION_NAME", "ines")
        .args(["get-caller-identity", "--output", "json"]);
    assert_eq!(json_of(&command.output().unwrap())["Arn"], SESSION);
}

#[test]
fn the_command_line_finds_the_api_below_its_base_path() {
    let gateway = Gateway::start();
    for path in ["/sts", "/sts/"] {
        let mut command = as_admin(aws(&gateway));
        command.env("AWS_ENDPOINT_URL_STS", [&gateway.origin(), path].concat());
        command.args(["get-caller-identity", "--output", "json"]);
        let identity = json_of(&command.output().unwrap());
        assert_eq!(identity["Arn"], "arn:aws:iam::123456789012:user/admin");
    }
}

#[test]
fn only_enabled_regions_may_be_signed_for() {
    let gateway = Gateway::start();
    let identity = |region: &str| {
        let mut command = as_admin(aws(&gateway));
        command.env("AWS_DEFAULT_REGION", region);
        command.args(["get-caller-identity", "--output", "json"]);
        command.output().unwrap()
    };
    for region in ["us-east-1", "eu-central-1"] {
        assert_eq!(json_of(&identity(region))["Account"], "123456789012");
    }
    let errors = text(&identity("ap-south-1").stderr);
    let expected = "(SignatureDoesNotMatch) when calling the GetCallerIdentity operation: Credential should be scoped to a valid region.";
    assert!(errors.contains(expected), "{errors}");
}

/// What a function of tests/clients/boto3_client.py says.
fn boto3(mut python: Command, function: &str, arguments: &Value) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/boto3_client.py");
    python.arg(script).arg(function);
    run_script(python, arguments)
}

/// What a script says of these arguments, in JSON.
fn run_script(mut script: Command, arguments: &Value) -> Value {
    script
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = script.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(arguments.to_string().as_bytes()).unwrap();
    drop(input);
    json_of(&child.wait_with_output().unwrap())
}

fn python(gateway: &Node) -> Command {
    client(gateway, &Tool::Python.path())
}

#[test]
fn boto3_takes_a_role_with_a_session_policy_for_a_quarter_of_an_hour() {
    let gateway = Gateway::start();
    let arguments = json!({ "role": READER, "token": gateway.token("ines"), "policy": POLICY });
    let told = boto3(python(&gateway), "assumes_a_role", &arguments);
    assert_eq!(told["identity"]["Arn"], SESSION);
    assert_eq!(told["identity"]["UserId"], told["assumed"]["AssumedRoleId"]);
    assert_eq!(told["subject"], "ines");
    assert_eq!(told["audience"], STS_CLIENT);
    assert_eq!(told["provider"], Value::from(gateway.provider.issuer()));
    assert_eq!(told["lives_for_the_duration"], true);
    assert!(
        (1..=100).contains(&told["packed"].as_i64().unwrap()),
        "{told}"
    );
}

fn boto3_call(changes: &Value, token: &str) -> Value {
    let mut call = json!({
        "RoleArn": READER, "RoleSessionName": "ines", "WebIdentityToken": token,
    });
    for (name, value) in changes.as_object().unwrap() {
        call[name] = value.clone();
    }
    call
}

/// A good token whose tags are more than a session token holds.
fn large_token(gateway: &Gateway) -> String {
    let tags: Value = (0..20)
        .map(|number| (format!("Key{number}"), json!(["v".repeat(250)])))
        .collect();
    let tags = json!({ "https://aws.amazon.com/tags": { "principal_tags": tags } });
    gateway.token_with("ines", &tags)
}

#[test]
fn boto3_knows_every_error_by_its_class() {
    let gateway = Gateway::start();
    let (good, large) = (&gateway.token("ines"), &large_token(&gateway));
    let wrong = &gateway.token_with("ines", &json!({ "aud": "somebody-else" }));
    let now = gateway.now();
    let expired = json!({ "iat": now - 7200, "exp": now - 3600 });
    let expired = &gateway.token_with("ines", &expired);
    let invalid = "ClientError ValidationError 400";
    let malformed = "MalformedPolicyDocumentException MalformedPolicyDocument 400";
    let too_large = "PackedPolicyTooLargeException PackedPolicyTooLarge 400";
    let (none, no_role) = (json!({}), json!({ "RoleArn": "a".repeat(20) }));
    let table = [
        (
            &none,
            wrong,
            "InvalidIdentityTokenException InvalidIdentityToken 400",
        ),
        (
            &none,
            expired,
            "ExpiredTokenException ExpiredTokenException 400",
        ),
        (&json!({ "Policy": "{" }), good, malformed),
        (&none, large, too_large),
        (
            &json!({ "RoleArn": STRANGER }),
            good,
            "ClientError AccessDenied 403",
        ),
        (&json!({ "DurationSeconds": 43201 }), good, invalid),
        (&json!({ "DurationSeconds": 7201 }), good, invalid),
        (&no_role, good, invalid),
    ];
    let calls = table.map(|(changes, token, _)| boto3_call(changes, token));
    let told = boto3(python(&gateway), "names_errors", &json!({ "calls": calls }));
    let told = told.as_array().unwrap();
    assert_eq!(told.len(), table.len());
    for (told, (changes, _, expected)) in told.iter().zip(table) {
        let text = |name: &str| told[name].as_str().unwrap_or_default();
        let named = format!("{} {} {}", text("class"), text("code"), told["status"]);
        assert_eq!(named, expected, "{changes} {told}");
        assert_eq!((text("type"), &told["retries"]), ("Sender", &json!(0)));
    }
}

#[test]
fn boto3_asks_again_when_the_provider_could_not_be_asked() {
    let gateway = Gateway::start();
    let token = gateway.unreachable_token();
    let modes = ["legacy", "standard"];
    let calls = modes.map(|mode| boto3_call(&json!({ "retries": mode }), &token));
    let told = boto3(python(&gateway), "names_errors", &json!({ "calls": calls }));
    let told = told.as_array().unwrap();
    assert_eq!(told.len(), modes.len());
    for told in told {
        assert_eq!(told["class"], "IDPCommunicationErrorException", "{told}");
        assert_eq!(told["retries"], 1, "{told}");
    }
}

/// A node whose address rate is one a second, with a clock that stands still, and where its metrics are.
fn node_with_a_rate() -> (HttpNode, SocketAddr) {
    let toml =
        "ops_listen = \"127.0.0.1:0\"\n[limits.rates]\naddress_per_second = 1\naddress_burst = 1\n";
    let mut node = HttpNode::empty(Settings {
        toml: toml.to_owned(),
        ..Settings::default()
    });
    let (main, ops) = (node.address, node.ops_address.unwrap());
    let files = node.directory();
    node.node.address = ops;
    node.apply(&files);
    node.node.address = main;
    (node, ops)
}

#[test]
fn boto3_waits_and_asks_again_when_it_asks_too_often() {
    for mode in ["standard", "legacy"] {
        let (node, ops) = node_with_a_rate();
        let token = node.id_token("ines");
        assert_eq!(node.assume(&token, &[]).status, 200);
        let call = json!({
            "RoleArn": ROLE, "RoleSessionName": "ines", "WebIdentityToken": token,
        });
        let arguments = json!({ "call": call, "mode": mode });
        let told = std::thread::scope(|scope| {
            let asking = scope.spawn(|| boto3(python(&node), "asks_again", &arguments));
            let untouched = "rolegate_throttled_total{limit=\"address\"} 0\n";
            while Request::get(ops, "/metrics")
                .send()
                .text()
                .contains(untouched)
            {
                assert!(!asking.is_finished(), "it was let in at once");
            }
            node.clock.advance(1);
            asking.join().unwrap()
        });
        assert_eq!(told["subject"], "ines", "{mode}");
        assert!(told["retries"].as_u64().unwrap() >= 1, "{mode} {told}");
    }
}

#[test]
fn a_presigned_question_is_answered_as_verifiers_ask_it() {
    let gateway = Gateway::start();
    let arguments = json!({
        "role": READER, "token": gateway.token("ines"), "header": ["x-k8s-aws-id", "cluster-1"],
    });
    let told = boto3(python(&gateway), "presigns", &arguments);
    let body = |name: &str| told[name]["body"].as_str().unwrap();
    assert_eq!(told["plain"]["status"], 200, "{told}");
    assert!(
        body("plain").contains(&format!("<Arn>{SESSION}</Arn>")),
        "{told}"
    );
    for name in ["json", "marked"] {
        let answer: Value = serde_json::from_str(body(name)).unwrap();
        let result = &answer["GetCallerIdentityResponse"]["GetCallerIdentityResult"];
        assert_eq!(result["Arn"], SESSION, "{name}");
        assert_eq!(result["Account"], "123456789012");
    }
    for name in ["other_mark", "no_mark"] {
        let answer: Value = serde_json::from_str(body(name)).unwrap();
        assert_eq!(told[name]["status"], 403);
        assert_eq!(answer["Error"]["Code"], "SignatureDoesNotMatch", "{name}");
    }
}

#[test]
fn boto3_renews_its_session_from_the_token_file() {
    let gateway = Gateway::start();
    let file = gateway.folder().join("token");
    std::fs::write(&file, gateway.token("ines")).unwrap();
    let mut python = python(&gateway);
    python
        .env("AWS_ROLE_ARN", READER)
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", &file)
        .env("AWS_ROLE_SESSION_NAME", "ines");
    let told = boto3(python, "reads_the_token_file", &json!({}));
    assert_eq!(told["method"], "assume-role-with-web-identity");
    assert_eq!(told["identity"]["Arn"], SESSION);
    assert_eq!(told["kept"], true);
    assert_eq!(told["renewed"], true);
    assert_eq!(told["identity_after"], told["identity"]);
}

async fn sdk_config(url: &str, region: &'static str) -> SdkConfig {
    let http = aws_smithy_http_client::Builder::new()
        .build_with_connector_fn(|_, _| aws_smithy_http_client::Connector::builder().build_http());
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .region(Region::new(region))
        .endpoint_url(url)
        .no_credentials()
        .load()
        .await
}

async fn assume_by_sdk(
    client: &aws_sdk_sts::Client,
    role: &str,
    token: &str,
) -> Result<AssumeRoleWithWebIdentityOutput, AssumeError> {
    let call = client.assume_role_with_web_identity();
    let call = call.role_arn(role).role_session_name("ines");
    let answer = call.web_identity_token(token).send().await;
    answer.map_err(aws_sdk_sts::error::SdkError::into_service_error)
}

#[test]
fn the_sdk_for_rust_takes_a_role_and_is_told_who_it_is() {
    let gateway = Gateway::start();
    gateway.runtime.block_on(async {
        let base = [&gateway.origin(), "/sts"].concat();
        let config = sdk_config(&base, "eu-central-1").await;
        let client = aws_sdk_sts::Client::new(&config);
        let token = gateway.token("ines");
        let answer = assume_by_sdk(&client, READER, &token).await.unwrap();
        assert_eq!(answer.assumed_role_user().unwrap().arn(), SESSION);
        assert_eq!(answer.subject_from_web_identity_token(), Some("ines"));
        let keys = answer.credentials().unwrap();
        let keys = aws_credential_types::Credentials::new(
            keys.access_key_id(),
            keys.secret_access_key(),
            Some(keys.session_token().to_owned()),
            None,
            "tests",
        );
        let config = aws_sdk_sts::config::Builder::from(&config);
        let client = aws_sdk_sts::Client::from_conf(config.credentials_provider(keys).build());
        let identity = client.get_caller_identity().send().await.unwrap();
        assert_eq!(identity.arn(), Some(SESSION));
        assert_eq!(identity.account(), Some("123456789012"));
    });
}

#[test]
fn the_sdk_for_rust_knows_every_error_by_its_variant() {
    let gateway = Gateway::start();
    gateway.runtime.block_on(async {
        let config = sdk_config(&gateway.origin(), "us-east-1").await;
        let client = aws_sdk_sts::Client::new(&config);
        let now = gateway.now();
        let refused = async |role: &str, token: String| {
            assume_by_sdk(&client, role, &token).await.unwrap_err()
        };
        let wrong = gateway.token_with("ines", &json!({ "aud": "somebody-else" }));
        let error = refused(READER, wrong).await;
        assert!(error.is_invalid_identity_token_exception(), "{error:?}");
        assert_eq!(error.message(), Some("Incorrect token audience"));
        let expired = json!({ "iat": now - 7200, "exp": now - 3600 });
        let error = refused(READER, gateway.token_with("ines", &expired)).await;
        assert!(error.is_expired_token_exception(), "{error:?}");
        let error = refused(READER, gateway.unreachable_token()).await;
        assert!(error.is_idp_communication_error_exception(), "{error:?}");
        let error = refused(STRANGER, gateway.token("ines")).await;
        assert_eq!(error.code(), Some("AccessDenied"));
        assert_eq!(error.message(), Some(NOT_AUTHORIZED));
    });
}
