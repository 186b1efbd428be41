//! The account itself.

use rolegate::directory::DirectoryFiles;
use serde_json::json;

use super::kit::{fresh, run};

const ALLOWING: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#;

/// Two accounts in one organization, the first with one of everything.
fn files() -> DirectoryFiles {
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}"#;
    let own = "arn:aws:iam::123456789012:policy/team/Own";
    let of_aws = "arn:aws:iam::aws:policy/PowerUserAccess";
    let user =
        format!("managed_policies = ['{own}', '{of_aws}']\npermissions_boundary = '{own}'\n");
    let files = [
        ("accounts/123456789012/account.toml", "alias = 'management'"),
        ("accounts/210987654321/account.toml", "alias = 'payments'"),
        ("organization.toml", "management_account = '123456789012'"),
        (
            "accounts/123456789012/roles/Reader.toml",
            "description = 'Reads'\ntags = { team = 'ops' }",
        ),
        ("accounts/123456789012/roles/Reader.trust.json", trust),
        (
            "accounts/123456789012/roles/Reader.policies/read.json",
            ALLOWING,
        ),
        (
            "accounts/123456789012/policies/Own.toml",
            "path = '/team/'\ndescription = 'Of our own'",
        ),
        ("accounts/123456789012/policies/Own.json", ALLOWING),
        ("accounts/123456789012/users/ana.toml", &user),
        (
            "accounts/123456789012/users/ana.policies/read.json",
            ALLOWING,
        ),
        ("accounts/123456789012/users/bob.toml", "path = '/staff/'"),
    ];
    let owned = |(path, text): (&str, &str)| (path.to_owned(), text.to_owned());
    files.into_iter().map(owned).collect()
}

#[test]
fn an_account_has_an_alias_preferences_and_an_issuer() {
    run(&fresh(), "account.py", &json!({}));
}

#[test]
fn an_account_tells_everything_that_it_has_page_by_page() {
    let node = fresh();
    node.apply(&files());
    let arguments = json!({ "document": ALLOWING });
    run(&node, "authorization_details.py", &arguments);
}
