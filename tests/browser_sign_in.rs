//! People sign in with a real browser, over TLS and between two registrable domains, and their keys
//! are used by the real AWS command line. The browser's side is in `tests/browser`.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

#[path = "browser/house.rs"]
mod house;
#[path = "browser/tls_gateway.rs"]
mod tls_gateway;
#[path = "tools/mod.rs"]
mod tools;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use house::House;
use serde_json::json;
use tls_gateway::run_script;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_and_use_their_keys() {
    let house = House::start().await;
    run_script("browser/sign_in.mjs", house.settings()).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_for_everybody() {
    let house = House::start().await;
    run_script("browser/everybody.mjs", house.settings()).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_with_another_browser() {
    let house = House::start().await;
    run_script("browser/firefox.mjs", house.settings()).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_and_out_by_saml() {
    let house = House::start().await;
    run_script("browser/saml.mjs", house.settings()).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_is_what_a_person_meets() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path());
    run_script("browser/demo.mjs", json!({ "gateway": demo.url })).await;
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
