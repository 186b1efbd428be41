//! The files of a directory, piece by piece. Every test's directory has one account.

use rolegate::directory::DirectoryFiles;
use serde_json::{Map, Value, json};

/// The account that owns every role and provider.
pub const ACCOUNT: &str = "123456789012";
/// The audience of tokens for STS.
pub const STS_CLIENT: &str = "sts-client";
/// The client that the portal signs in with.
pub const PORTAL_CLIENT: &str = "portal-client";

/// A directory with nothing but the account.
pub fn account_files() -> DirectoryFiles {
    let account = json!({ "alias": "tests", "name": "Tests", "environment": "sandbox" });
    let mut files = DirectoryFiles::new();
    files.insert(in_account("account.toml"), toml_text(&account));
    files
}

/// Adds an account provider whose tokens for [`STS_CLIENT`] are taken.
pub fn add_account_provider(files: &mut DirectoryFiles, name: &str, issuer: &str) {
    let provider = json!({ "url": issuer, "client_ids": [STS_CLIENT] });
    let path = ["oidc-providers/", name, ".toml"].concat();
    files.insert(in_account(&path), toml_text(&provider));
}

/// Adds a role with these settings.
pub fn add_role(files: &mut DirectoryFiles, name: &str, settings: &Value, trust: &Value) {
    let path = |ending| in_account(&["roles/", name, ending].concat());
    files.insert(path(".toml"), toml_text(settings));
    files.insert(path(".trust.json"), trust.to_string());
}

/// Adds an OpenID Connect connection to this issuer, its link and its rule. All have the connection's
/// name; `settings` of the protocol and `rule` are what they need beside it.
pub fn add_connection(
    files: &mut DirectoryFiles,
    name: &str,
    issuer: &str,
    settings: &Value,
    rule: &Value,
) {
    let oidc = json!({ "issuer": issuer, "client_id": PORTAL_CLIENT });
    let own = json!({ "display_name": name, "oidc": merged(&oidc, settings) });
    let link = json!({ "connection": name, "providers": [provider_arn(issuer)] });
    let of_connection = json!({ "connections": [name] });
    for (folder, content) in [
        ("connections/", own),
        ("links/", link),
        ("rules/", merged(&of_connection, rule)),
    ] {
        files.insert([folder, name, ".toml"].concat(), toml_text(&content));
    }
}

/// A trust policy for tokens of these providers whose claims equal `claims`, each by its name.
pub fn trust(issuers: &[&str], actions: &Value, claims: &Value) -> Value {
    let statements = issuers.iter().map(|issuer| {
        let claims = claims.as_object().unwrap().iter();
        let keys = claims.map(|(name, value)| {
            let key = [without_scheme(issuer), ":", name].concat();
            (key, value.clone())
        });
        let mut statement = json!({
            "Effect": "Allow",
            "Principal": { "Federated": provider_arn(issuer) },
            "Action": actions,
        });
        let keys: Map<String, Value> = keys.collect();
        if !keys.is_empty() {
            statement["Condition"] = json!({ "StringEquals": keys });
        }
        statement
    });
    json!({ "Version": "2012-10-17", "Statement": statements.collect::<Value>() })
}

/// Whoever may assume a role may tag its session and name its source identity, too.
pub fn every_assume_action() -> Value {
    json!([
        "sts:AssumeRoleWithWebIdentity",
        "sts:TagSession",
        "sts:SetSourceIdentity"
    ])
}

/// The ARN of an account provider of this issuer.
pub fn provider_arn(issuer: &str) -> String {
    let name = without_scheme(issuer);
    ["arn:aws:iam::", ACCOUNT, ":oidc-provider/", name].concat()
}

/// The ARN of a role, by its path and name.
pub fn role_arn(name: &str) -> String {
    ["arn:aws:iam::", ACCOUNT, ":role/", name].concat()
}

/// Where a file of the account is.
pub fn in_account(path: &str) -> String {
    ["accounts/", ACCOUNT, "/", path].concat()
}

fn without_scheme(issuer: &str) -> &str {
    issuer.split_once("://").unwrap().1
}

fn merged(one: &Value, other: &Value) -> Value {
    let members = [one, other].map(|value| value.as_object().unwrap().clone());
    Value::Object(members.into_iter().flatten().collect())
}

fn toml_text(content: &Value) -> String {
    toml::to_string(content).unwrap()
}
