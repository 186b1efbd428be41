//! Identity providers of accounts.

use serde_json::json;

use super::kit::{fresh, run};
use super::support::audit::audit_file;
use super::support::directory::ACCOUNT;

#[test]
fn oidc_providers_come_and_go() {
    let node = fresh();
    let arguments = json!({ "http_issuer": node.provider.issuer() });
    run(&node, "oidc_providers.py", &arguments);
}

#[test]
fn saml_providers_come_and_go() {
    let node = fresh();
    run(&node, "saml_providers.py", &json!({}));
    let audit = std::fs::read_to_string(audit_file(node.folder())).unwrap();
    assert!(audit.contains("put SAML provider Partners in"));
    assert!(!audit.contains("PRIVATE KEY"), "a key was recorded");
}

const USER: [&str; 2] = [
    "AKIAQYLPMN5HAAAAAAAB",
    "a secret of the user of forty characters",
];

/// What the user may: read, and whatever is tagged as their team's.
const TEAM: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["iam:GetOpenIDConnectProvider", "iam:ListOpenIDConnectProviders"], "Resource": "*"},
    {"Effect": "Allow", "Action": "iam:CreateOpenIDConnectProvider", "Resource": "arn:aws:iam::*:oidc-provider/team.*",
     "Condition": {"StringEquals": {"aws:RequestTag/team": "ops"}}},
    {"Effect": "Allow", "Action": ["iam:TagOpenIDConnectProvider", "iam:UntagOpenIDConnectProvider"], "Resource": "*",
     "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}},
    {"Effect": "Allow", "Action": ["iam:DeleteOpenIDConnectProvider", "iam:DeleteSAMLProvider"], "Resource": "*",
     "Condition": {"StringEquals": {"aws:ResourceTag/team": "ops"}}}]}"#;

#[test]
fn a_user_may_do_what_policies_say_of_a_provider_and_its_tags() {
    let node = fresh();
    let mut files = node.directory();
    let base = format!("accounts/{ACCOUNT}/users/ana");
    let [id, secret] = USER;
    let user = format!("[[access_keys]]\nid = '{id}'\nsecret = '{secret}'\n");
    files.insert(format!("{base}.toml"), user);
    files.insert(format!("{base}.policies/team.json"), TEAM.to_owned());
    node.apply(&files);
    let arguments = json!({ "user": USER, "linked": node.provider.issuer() });
    run(&node, "provider_access.py", &arguments);
}
