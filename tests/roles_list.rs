//! A list of a thousand roles: how long the server takes for it, how much is sent, and how it does in a real
//! browser (`tests/browser/roles.mjs`).

// Clippy exempts tests from its rules against panics by this mark, helper functions included.
#![cfg(test)]

#[path = "support/mod.rs"]
mod support;
#[path = "tools/mod.rs"]
mod tools;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use rolegate::directory::DirectoryFiles;
use serde_json::json;
use support::browser::Session;
use support::directory::{PORTAL_CLIENT, every_assume_action};
use support::http::{Request, Response};
use support::http_node::{CLIENT_SECRET, CONNECTION, HttpNode};
use tools::Tool;

const ACCOUNTS: usize = 60;
const ROLES: usize = 1000;
/// What all that the page needs may weigh, compressed.
const MOST_BYTES: usize = 150_000;

const TEAMS: [&str; 10] = [
    "payments",
    "checkout",
    "ledger",
    "search",
    "risk",
    "identity",
    "data-lake",
    "mobile",
    "partner",
    "network",
];
const STAGES: [(&str, &str); 6] = [
    ("prod", "production"),
    ("staging", "staging"),
    ("dev", "development"),
    ("sandbox", "sandbox"),
    ("logs", "shared"),
    ("prod-eu", "production"),
];
/// Name, path, and what it is for.
const KINDS: [(&str, &str, &str); 10] = [
    ("ReadOnly", "engineering/", "See everything, change nothing"),
    ("Operator", "on-call/", "Restart, scale, drain queues"),
    ("Deploy", "", "Roll out and roll back releases"),
    ("Analyst", "data/", "Query tables, export nothing"),
    ("Auditor", "", "Read trails, configurations and findings"),
    ("Support", "support/", "Look up one customer’s payments"),
    ("Admin", "", ""),
    (
        "NetworkEngineer",
        "engineering/",
        "Routes, peerings and firewalls",
    ),
    ("KeyCustodian", "security/", "Rotate and disable keys"),
    ("BillingViewer", "finance/", "Invoices and budgets"),
];

fn account(number: usize) -> String {
    format!("{:012}", 482_011_739_000 + number * 7919)
}

/// Every role: its account, its path, its name, and what it is for.
fn roles() -> impl Iterator<Item = (usize, &'static str, String, &'static str)> {
    (0..ROLES).map(|number| {
        let (account, kind) = (number % ACCOUNTS, number / ACCOUNTS);
        let (name, path, what) = KINDS[kind % KINDS.len()];
        let name = match kind / KINDS.len() {
            0 => name.to_owned(),
            more => format!("{name}{}", more + 1),
        };
        (account, path, name, what)
    })
}

/// The accounts, each with the provider.
fn add_accounts(files: &mut DirectoryFiles, issuer: &str) {
    for number in 0..ACCOUNTS {
        let (team, (stage, environment)) = (TEAMS[number % 10], STAGES[number / 10]);
        let alias = format!("{team}-{stage}");
        let settings = json!({ "alias": alias, "name": alias, "environment": environment });
        let folder = format!("accounts/{}", account(number));
        files.insert(
            format!("{folder}/account.toml"),
            toml::to_string(&settings).unwrap(),
        );
        let settings = json!({ "url": issuer, "client_ids": [PORTAL_CLIENT] });
        let path = format!("{folder}/oidc-providers/idp.toml");
        files.insert(path, toml::to_string(&settings).unwrap());
    }
}

/// A directory in which whoever signs in is given all of them.
fn directory(node: &HttpNode) -> DirectoryFiles {
    let issuer = node.provider.issuer();
    let host = issuer.split_once("://").unwrap().1;
    let provider = |account: usize| {
        format!(
            "arn:aws:iam::{}:oidc-provider/{host}",
            self::account(account)
        )
    };
    // The connection's secret is written beside.
    let mut files = node.directory();
    files.retain(|path, _| path.starts_with("connections/"));
    assert!(files.values().any(|text| text.contains(PORTAL_CLIENT)));
    assert!(!files.values().any(|text| text.contains(CLIENT_SECRET)));
    add_accounts(&mut files, &issuer);
    for (number, (account, path, name, what)) in roles().enumerate() {
        let trust = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": { "Federated": provider(account) },
            "Action": every_assume_action(),
        }] });
        let team = TEAMS[account % 10];
        let tags = json!({ "team": team, "cost-centre": format!("{}", 4000 + number % 37) });
        let settings = json!({
            "path": format!("/{path}"),
            "description": what,
            "tags": tags,
            "max_session_duration": 14_400,
        });
        let stem = format!("accounts/{}/roles/{name}", self::account(account));
        files.insert(format!("{stem}.toml"), toml::to_string(&settings).unwrap());
        files.insert(format!("{stem}.trust.json"), trust.to_string());
    }
    let providers: Vec<String> = (0..ACCOUNTS).map(provider).collect();
    let link = json!({ "connection": CONNECTION, "providers": providers });
    files.insert(
        format!("links/{CONNECTION}.toml"),
        toml::to_string(&link).unwrap(),
    );
    let arns = roles().map(|(account, path, name, _)| {
        format!("arn:aws:iam::{}:role/{path}{name}", self::account(account))
    });
    let rule = json!({
        "order": 10,
        "connections": [CONNECTION],
        "session_name": "{email}",
        "roles": arns.collect::<Vec<_>>(),
        "when": { "claim": "groups", "equals": "staff" },
    });
    files.insert("rules/all.toml".to_owned(), toml::to_string(&rule).unwrap());
    files
}

fn start() -> (HttpNode, Session) {
    let node = HttpNode::start();
    node.apply(&directory(&node));
    let browser = node.sign_in("ines");
    (node, browser)
}

fn get(node: &HttpNode, browser: &Session, target: &str) -> Response {
    let response = Request::get(node.address, target)
        .with_header("cookie", &browser.cookie)
        .with_header("accept-encoding", "gzip")
        .send();
    assert_eq!(response.status, 200, "{target}");
    response
}

/// Everything that the page links to on this site, each once.
fn linked(page: &str) -> Vec<String> {
    let parts = page.split("\"/static/").skip(1);
    let mut linked: Vec<String> = parts
        .filter_map(|rest| rest.split(['"', '#']).next())
        .map(|name| ["/static/", name].concat())
        .collect();
    linked.sort();
    linked.dedup();
    linked
}

#[test]
fn a_thousand_roles_and_all_that_the_page_needs_are_light() {
    let (node, browser) = start();
    let plain = browser.get(node.address, "/roles");
    let page = plain.text();
    assert_eq!(page.matches("<li class=\"role\"").count(), ROLES);
    assert_eq!(page.matches("<section class=\"acct ").count(), ACCOUNTS);
    let mut times: Vec<_> = (0..5)
        .map(|_| {
            let begun = Instant::now();
            get(&node, &browser, "/roles");
            begun.elapsed()
        })
        .collect();
    times.sort();
    let compressed = get(&node, &browser, "/roles");
    assert_eq!(compressed.header("content-encoding"), Some("gzip"));
    let mut all = compressed.body.len();
    let files = linked(&page);
    assert!(files.len() >= 6, "{files:?}");
    for file in &files {
        all += get(&node, &browser, file).body.len();
    }
    println!(
        "{ROLES} roles in {ACCOUNTS} accounts, this build: decided, rendered, compressed and sent in {:?} \
         (median of 5); {} bytes, {} compressed, {all} with the other files",
        times[2],
        plain.body.len(),
        compressed.body.len()
    );
    assert!(all < MOST_BYTES, "{all}");
}

#[test]
fn a_thousand_roles_are_searched_by_server_and_script_alike_and_at_once() {
    let (node, browser) = start();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let settings = json!({
        "node": node.address.to_string(),
        "cookie": browser.cookie,
        "roles": ROLES,
        "accounts": ACCOUNTS,
        "artifacts": tests.join("artifacts"),
    });
    let output = Command::new(Tool::Node.path())
        .args(["--test", "--test-reporter=spec"])
        .arg(tests.join("browser/roles.mjs"))
        .env("ROLEGATE_TEST_ROLES", settings.to_string())
        .env("ROLEGATE_TEST_CHROMIUM", Tool::Chromium.path())
        .env("ROLEGATE_TEST_NODE_MODULES", Tool::NodeModules.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    println!("{said}{errors}");
    assert!(output.status.success(), "browser/roles.mjs failed");
}
