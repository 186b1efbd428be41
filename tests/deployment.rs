//! The examples in `config/` for those who run nodes: the proxies are run in front of one, the rest is
//! read by the programs that know its format.

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

#[path = "deployment/proxy.rs"]
mod proxy;
mod support;
#[path = "tools/mod.rs"]
mod tools;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use rolegate::config::{Config, Environment};
use support::aws::{ADMIN_KEY, ADMIN_SECRET};
use support::clock::Time;
use support::http_node::HttpNode;
use support::node::Settings;

use proxy::{Kind, Proxy};
use tools::Tool;

/// Clients' addresses; the first is the proxy's own, too, which the node believes.
const CLIENTS: [&str; 2] = ["127.0.0.1", "127.0.0.2"];

fn example(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("config")
        .join(path)
}

/// A node that believes the proxy, and the proxy in front of it.
fn behind(kind: Kind) -> (HttpNode, Proxy) {
    let address = proxy::free_address();
    let node = HttpNode::empty(Settings {
        time: Time::System,
        toml: format!(
            "public_url = 'https://localhost:{}'\ntrusted_proxies = ['127.0.0.1']\n",
            address.port()
        ),
        ..Settings::default()
    });
    let proxy = Proxy::start(kind, address, node.address);
    (node, proxy)
}

#[test]
fn the_aws_command_line_signs_in_through_each_proxy_past_nodes_that_are_down() {
    for kind in [Kind::Nginx, Kind::Haproxy] {
        let (_node, proxy) = behind(kind);
        let output = Command::new(Tool::AwsCli.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", proxy.folder())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CA_BUNDLE", proxy.authority())
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", ADMIN_KEY)
            .env("AWS_SECRET_ACCESS_KEY", ADMIN_SECRET)
            .args(["sts", "get-caller-identity", "--query", "Account"])
            .args(["--output", "text", "--endpoint-url", &proxy.origin()])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{kind:?}: {errors}");
        assert_eq!(output.stdout, b"123456789012\n", "{kind:?}");
    }
}

#[test]
fn what_a_client_says_of_its_own_address_is_replaced_by_each_proxy() {
    for kind in [Kind::Nginx, Kind::Haproxy] {
        let (node, proxy) = behind(kind);
        for own in CLIENTS {
            let client = proxy.client().local_address(Some(own.parse().unwrap()));
            let call = client
                .build()
                .unwrap()
                .post(proxy.origin() + "/")
                .header("x-forwarded-for", "203.0.113.9")
                .header("x-forwarded-proto", "http")
                .header("content-type", "application/x-www-form-urlencoded")
                .body("Action=GetCallerIdentity&Version=2011-06-15");
            let answer = node.runtime.block_on(call.send()).unwrap();
            assert_eq!(answer.status(), 403, "{kind:?}");
            let id = answer.headers()["x-amzn-requestid"].to_str().unwrap();
            let record = node.audit_of(id);
            assert_eq!(record.0["sourceIPAddress"], own, "{kind:?}");
        }
    }
}

#[test]
fn pages_come_through_each_proxy_with_cookies_for_https_alone() {
    for kind in [Kind::Nginx, Kind::Haproxy] {
        let (node, proxy) = behind(kind);
        let client = proxy.client().build().unwrap();
        let page = node
            .runtime
            .block_on(client.get(proxy.origin() + "/").send())
            .unwrap();
        assert_eq!(page.status(), 200, "{kind:?}");
        assert!(
            page.headers().contains_key("strict-transport-security"),
            "{kind:?}"
        );
    }
}

#[test]
fn a_name_that_is_not_ours_gets_no_handshake_from_either_proxy() {
    for kind in [Kind::Nginx, Kind::Haproxy] {
        let (node, proxy) = behind(kind);
        let client = proxy
            .client()
            .resolve("evil.example", proxy.address)
            .build()
            .unwrap();
        let target = format!("https://evil.example:{}/healthz", proxy.address.port());
        let refused = node
            .runtime
            .block_on(client.get(target).send())
            .unwrap_err();
        assert!(refused.is_connect(), "{kind:?}: {refused:?}");
    }
}

#[test]
fn systemd_knows_every_line_of_the_unit_and_finds_it_safe() {
    let text = std::fs::read_to_string(example("systemd/rolegate.service")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("rolegate.service");
    let program = env!("CARGO_BIN_EXE_rolegate");
    let own = text.replace("/usr/bin/rolegate", program);
    assert_ne!(own, text);
    std::fs::write(&unit, own).unwrap();
    let verified = Command::new(Tool::SystemdAnalyze.path())
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .arg(&unit)
        .output()
        .unwrap();
    assert!(verified.status.success(), "{verified:?}");
    assert_eq!(String::from_utf8_lossy(&verified.stderr), "");
    // In tenths of its scale, on which 10 is no protection at all.
    let judged = Command::new(Tool::SystemdAnalyze.path())
        .args(["security", "--offline=true", "--threshold=15"])
        .arg(&unit)
        .output()
        .unwrap();
    assert!(judged.status.success(), "{judged:?}");
}

#[test]
fn kubernetes_knows_every_member_of_the_manifests() {
    let script = "\
import sys, pathlib, yaml, kubernetes_validate
seen = []
for path in sorted(pathlib.Path(sys.argv[1]).glob('*.yaml')):
    for document in yaml.safe_load_all(path.read_text()):
        if document['kind'] == 'Kustomization':
            listed = document['resources']
            continue
        kubernetes_validate.validate(document, '1.33', strict=True)
        seen.append(path.name)
assert sorted(set(seen)) == sorted(listed), (seen, listed)
print(len(seen))";
    let output = Command::new(Tool::Python.path())
        .args(["-c", script])
        .arg(example("kubernetes"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.stdout, b"6\n");
}

#[test]
fn the_settings_of_the_pods_are_settings() {
    let file = example("kubernetes/rolegate.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let kustomization = std::fs::read_to_string(example("kubernetes/kustomization.yaml")).unwrap();
    let (_, url) = kustomization.split_once("rediss://").unwrap();
    let (url, _) = url.split_once(')').unwrap();
    let url = ["rediss://", url]
        .concat()
        .replace(":6379", ".example.com:6379");
    let root_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let secrets = [
        ("ROLEGATE_STORE_URL", url.as_str()),
        ("ROLEGATE_REDIS_PASSWORD", "a password"),
        ("ROLEGATE_ROOT_KEY", root_key),
    ];
    let nodes = std::fs::read_to_string(example("kubernetes/nodes.yaml")).unwrap();
    for name in [
        "ROLEGATE_STORE_URL",
        "ROLEGATE_REDIS_PASSWORD",
        "ROLEGATE_ROOT_KEY_FILE",
    ] {
        let given = format!("- name: {name}\n");
        assert!(nodes.contains(&given), "the pods are not given {name}");
    }
    let config = Config::from_toml(&text, file.parent().unwrap(), &Environment::of(&secrets));
    assert!(config.is_ok(), "{}", config.unwrap_err());
}

#[test]
fn the_containerfile_has_no_mistakes() {
    let program = Tool::NodeModules.path().join(".bin/dockerfile-utils");
    let output = Command::new(Tool::Node.path())
        .arg(program)
        .arg("lint")
        .arg(example("container/Containerfile"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}

/// What is left out changes what is built, or is missed by nobody until it is.
#[test]
fn the_image_is_built_of_these_folders() {
    let text = std::fs::read_to_string(example("container/Containerfile")).unwrap();
    let (before, _) = text.split_once("cargo build").unwrap();
    let copied: BTreeSet<&str> = before.lines().filter(|it| it.starts_with("COPY")).collect();
    for folder in [
        ".cargo",
        "benches",
        "config",
        "src",
        "static",
        "templates",
        "tests",
    ] {
        let line = format!("COPY {folder} {folder}");
        assert!(copied.contains(line.as_str()), "{folder}");
    }
}

/// The names of our metrics in a text.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    let words = text.split(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric());
    words
        .filter(|word| word.starts_with("rolegate_"))
        .map(|word| word.strip_suffix("_bucket").unwrap_or(word))
        .collect()
}

#[test]
fn the_dashboard_shows_metrics_that_there_are() {
    let text = std::fs::read_to_string(example("grafana/rolegate.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let operations = std::fs::read_to_string(example("../docs/operations.md")).unwrap();
    let known = metrics_in(&operations);
    let mut shown = BTreeSet::new();
    for expression in panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap())
        .map(|target| target["expr"].as_str().unwrap())
    {
        let names = metrics_in(expression);
        assert!(!names.is_empty(), "{expression}");
        shown.extend(names);
    }
    let unknown: Vec<_> = shown.difference(&known).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(shown.len() >= 10, "{shown:?}");
}
