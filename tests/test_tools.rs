//! Every tool that other tests drive answers, in a version that is recent enough.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

#[path = "tools/mod.rs"]
mod tools;

use std::path::Path;
use std::process::Command;

use tools::Tool;

/// The first AWS command line that reads `AWS_ENDPOINT_URL_STS`, and its `endpoint_url` setting.
const AWS_CLI_AT_LEAST: [u32; 2] = [1, 29];

/// The oldest Node that the installed packages run on.
const NODE_AT_LEAST: [u32; 2] = [20, 0];

/// The oldest Java that Keycloak runs on.
const JAVA_AT_LEAST: [u32; 2] = [17, 0];

#[test]
fn the_browsers_answer_with_their_versions() {
    for (browser, name) in [(Tool::Chromium, "Chrom"), (Tool::Firefox, "Firefox")] {
        let answer = run(&browser.path(), &["--version"]);
        assert!(answer.contains(name), "{answer}");
    }
}

#[test]
fn the_aws_command_line_knows_endpoint_settings() {
    let answer = run(&Tool::AwsCli.path(), &["--version"]);
    let version = answer
        .strip_prefix("aws-cli/")
        .expect("`aws --version` begins with its name");
    assert!(version_of(version) >= AWS_CLI_AT_LEAST, "{answer}");
}

#[test]
fn python_makes_an_sts_client_with_boto3() {
    let script = "import boto3; print(boto3.client('sts', region_name='us-east-1', \
                  endpoint_url='http://127.0.0.1:9').meta.endpoint_url)";
    assert_eq!(
        run(&Tool::Python.path(), &["-c", script]).trim(),
        "http://127.0.0.1:9"
    );
}

#[test]
fn node_is_recent_enough() {
    let answer = run(&Tool::Node.path(), &["--version"]);
    let version = answer
        .strip_prefix('v')
        .expect("`node --version` begins with a v");
    assert!(version_of(version) >= NODE_AT_LEAST, "{answer}");
}

/// The first Redis whose nodes can be told their port for each other.
const REDIS_AT_LEAST: [u32; 2] = [7, 0];

#[test]
fn redis_is_recent_enough() {
    let answer = run(&Tool::RedisServer.path(), &["--version"]);
    let (_, version) = answer.split_once("v=").expect("it says v=VERSION");
    assert!(version_of(version) >= REDIS_AT_LEAST, "{answer}");
    let answer = run(&Tool::RedisCli.path(), &["--version"]);
    assert!(answer.starts_with("redis-cli "), "{answer}");
}

#[test]
fn the_node_packages_load() {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/modules.mjs");
    let script = format!(
        "const {{ load }} = await import({:?}); \
         for (const name of ['@aws-sdk/client-sts', '@aws-sdk/credential-providers', 'axe-core', 'oidc-provider', 'playwright-core', 'samlify']) {{ \
           await load(name); console.log(name); }}",
        modules.display().to_string()
    );
    let expected_place = Tool::NodeModules.path();
    assert!(expected_place.is_dir());
    assert_eq!(
        run(
            &Tool::Node.path(),
            &["--input-type=module", "--eval", &script]
        ),
        "@aws-sdk/client-sts\n@aws-sdk/credential-providers\naxe-core\noidc-provider\nplaywright-core\nsamlify\n"
    );
}

#[test]
fn python_knows_the_makers_of_saml_messages() {
    let script = "import lxml.etree, saml2.server, signxml; print(signxml.__name__)";
    assert_eq!(run(&Tool::Python.path(), &["-c", script]), "signxml\n");
}

#[test]
fn the_command_of_xmlsec_answers_with_its_version() {
    let answer = run(&Tool::Xmlsec1.path(), &["--version"]);
    assert!(answer.starts_with("xmlsec1 "), "{answer}");
}

#[test]
fn java_is_recent_enough() {
    let answer = run(&Tool::Java.path(), &["--version"]);
    let (_, version) = answer
        .split_once(' ')
        .expect("`java --version` begins with the runtime's name");
    assert!(version_of(version) >= JAVA_AT_LEAST, "{answer}");
}

#[test]
fn keycloak_is_ready_to_be_started() {
    let keycloak = Tool::JavaTools.path().join("keycloak");
    for part in [
        "lib/quarkus-run.jar",
        "data/h2/keycloakdb.mv.db",
        "admin-password",
    ] {
        assert!(keycloak.join(part).is_file(), "{part}");
    }
}

/// Standard output of a command that must succeed.
fn run(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .expect("the program starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", program.display());
    String::from_utf8(output.stdout).expect("the answer is UTF-8")
}

fn version_of(text: &str) -> [u32; 2] {
    let mut numbers = text
        .split(|character: char| !character.is_ascii_digit())
        .map(|number| number.parse().expect("a version is numbers"));
    let mut next = || numbers.next().expect("a version has two numbers");
    [next(), next()]
}
