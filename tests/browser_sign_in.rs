//! People sign in with a real browser, over TLS and between two registrable domains, and their keys
//! are used by the real AWS command line. The browser's side is in `tests/browser`.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

#[path = "browser/house.rs"]
mod house;
#[path = "tools/mod.rs"]
mod tools;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use house::{House, finish};
use serde_json::{Value, json};
use tools::Tool;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_and_use_their_keys() {
    let house = House::start().await;
    run_script("sign_in.mjs", house.settings()).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_and_out_by_saml() {
    let house = House::start().await;
    run_script("saml.mjs", house.settings()).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_is_what_a_person_meets() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path());
    run_script("demo.mjs", json!({ "gateway": demo.url })).await;
}

/// Runs a script of `tests/browser` with `settings`; what it says is shown where it fails.
async fn run_script(name: &str, mut settings: Value) {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    settings["aws"] = json!(Tool::AwsCli.path());
    settings["artifacts"] = json!(tests.join("artifacts"));
    let mut command = Command::new(Tool::Node.path());
    command
        .args(["--test", "--test-reporter=spec"])
        .arg(tests.join("browser").join(name))
        .env("ROLEGATE_TEST_HOUSE", settings.to_string())
        .env("ROLEGATE_TEST_CHROMIUM", Tool::Chromium.path())
        .env("ROLEGATE_TEST_NODE_MODULES", Tool::NodeModules.path());
    let output = finish(command).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    println!("{said}{errors}");
    assert!(output.status.success(), "{name} failed");
}

/// `rolegate demo` on free ports, until this is dropped.
struct Demo {
    child: Child,
    /// Kept open: a program whose output nobody takes ends.
    _said: BufReader<ChildStdout>,
    url: String,
}

impl Demo {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rolegate"))
            .args(["demo", "--port", "0", "--provider-port", "0"])
            .env("TMPDIR", folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let url = said
            .by_ref()
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let url = line.trim().strip_prefix("Open ")?;
                Some(url.trim().to_owned())
            });
        let url = url.unwrap_or_default();
        Self {
            child,
            _said: said,
            url,
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
