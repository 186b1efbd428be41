//! A fresh node, and the scripts of tests/clients/iam against it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::support::aws::{ADMIN_KEY, ADMIN_SECRET};
use super::support::clock::Time;
use super::support::http_node::HttpNode;
use super::support::node::{NO_RATES, Node, Settings};
use super::tools::Tool;

/// A node without a directory; the administrator of the environment is all who is there.
pub fn fresh() -> HttpNode {
    HttpNode::empty(Settings {
        time: Time::System,
        toml: NO_RATES.to_owned(),
        ..Settings::default()
    })
}

/// Runs a script of tests/clients/iam with these arguments. It fails where the script does.
#[track_caller]
pub fn run(node: &Node, script: &str, arguments: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/iam");
    let mut arguments = arguments.clone();
    arguments["endpoint"] = json!(node.origin());
    arguments["key"] = json!([ADMIN_KEY, ADMIN_SECRET]);
    let mut child = Command::new(Tool::Python.path())
        .env_clear()
        .env("HOME", node.folder())
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .arg(path.join(script))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(arguments.to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{script}:\n{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
}
