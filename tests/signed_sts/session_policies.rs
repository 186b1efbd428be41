//! Session policies: they narrow, or they are refused.

use rolegate::directory::DirectoryFiles;
use serde_json::json;

use super::support::directory::{add_role, in_account};
use super::support::http::Response;
use super::support::http_node::HttpNode;
use super::support::sts::{assert_refused, element};
use super::{LAST, MIDDLE, ada, allows, call, directory, issued, start, take, trusts_account};

const ONLY_S3: &str = "arn:aws:iam::123456789012:role/OnlyS3";

/// Every way to ask for a session policy with one's own key.
fn every_way(node: &HttpNode, more: &[(&str, &str)]) -> [Response; 2] {
    let federation = [
        &[("Action", "GetFederationToken"), ("Name", "helper")],
        more,
    ]
    .concat();
    [
        take(node, &ada(), MIDDLE, more),
        call(node, &ada(), &federation),
    ]
}

/// And the one of a person.
fn by_token(node: &HttpNode, policy: &str) -> Response {
    node.assume(&node.id_token("ines"), &[("Policy", Some(policy))])
}

#[track_caller]
fn malformed(node: &HttpNode, policy: &str) {
    let [role, federated] = every_way(node, &[("Policy", policy)]);
    for answer in [role, federated, by_token(node, policy)] {
        assert_refused(&answer, 400, "MalformedPolicyDocument");
        assert!(!answer.text().contains("SecretAccessKey"));
    }
}

/// With a role that may do nothing but S3.
fn with_a_narrow_role(node: &HttpNode) -> DirectoryFiles {
    let mut files = directory(node);
    add_role(&mut files, "OnlyS3", &json!({}), &trusts_account());
    files.insert(
        in_account("roles/OnlyS3.policies/s3.json"),
        allows(&json!("s3:*")),
    );
    files
}

#[test]
fn a14_no_session_policy_widens() {
    let node = start();
    node.apply(&with_a_narrow_role(&node));
    let everything = allows(&json!("*"));
    let all_but = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::none",
    }})
    .to_string();
    let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
    for more in [
        ("Policy", &*everything),
        ("Policy", &*all_but),
        ("PolicyArns.member.1.arn", administrator),
    ] {
        let session = issued(&take(&node, &ada(), ONLY_S3, &[more]));
        assert_refused(&take(&node, &session, LAST, &[]), 403, "AccessDenied");
        // Where the role may, a policy that says no more than that is no hindrance.
        let session = issued(&take(&node, &ada(), MIDDLE, &[more]));
        assert_eq!(take(&node, &session, LAST, &[]).status, 200, "{more:?}");
    }
}

#[test]
fn a14_the_negation_of_both_narrows_by_both() {
    let node = start();
    for (action, resource, status) in [
        ("sts:AssumeRole", "arn:aws:s3:::none", 403),
        ("s3:*", LAST, 403),
        ("s3:*", "arn:aws:s3:::none", 200),
    ] {
        let policy = json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "NotAction": action, "NotResource": resource,
        }})
        .to_string();
        let session = issued(&take(&node, &ada(), MIDDLE, &[("Policy", &policy)]));
        assert_eq!(take(&node, &session, LAST, &[]).status, status, "{policy}");
    }
}

#[test]
fn a14_a_policy_that_can_be_read_in_two_ways_or_none_is_malformed() {
    let node = start();
    let deep = ["[".repeat(400), "]".repeat(400)].concat();
    let deep = allows(&json!("s3:*")).replace("\"s3:*\"", &deep);
    for policy in [
        "{",
        "{}",
        "null",
        "[]",
        "\"Allow\"",
        &deep,
        r#"{"Statement":{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}"#,
        r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"},"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
        r#"{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}"#,
        r#"{"Statement":{"Effect":"ALLOW","Action":"*","Resource":"*"}}"#,
        r#"{"Statement":{"effect":"Allow","Action":"*","Resource":"*"}}"#,
        r#"{"Statement":{"Effect":"Allow","Action":"*","NotAction":"iam:*","Resource":"*"}}"#,
        r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","NotResource":"*"}}"#,
        r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}}"#,
        r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}} {}"#,
        r#"{"Version":"2012-10-18","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
    ] {
        malformed(&node, policy);
    }
}

#[test]
fn a14_a_byte_order_mark_is_no_character_of_a_policy() {
    let node = start();
    let policy = ["\u{feff}", &allows(&json!("s3:*"))].concat();
    let [role, federated] = every_way(&node, &[("Policy", &policy)]);
    for answer in [role, federated, by_token(&node, &policy)] {
        assert_refused(&answer, 400, "ValidationError");
    }
}

#[test]
fn a14_a_policy_has_2048_characters_and_no_more() {
    let node = start();
    let policy = |length: usize| {
        let plain = allows(&json!("s3:*"));
        [&*plain, &" ".repeat(length - plain.len())].concat()
    };
    let [role, federated] = every_way(&node, &[("Policy", &policy(2048))]);
    for answer in [role, federated, by_token(&node, &policy(2048))] {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let [role, federated] = every_way(&node, &[("Policy", &policy(2049))]);
    for answer in [role, federated, by_token(&node, &policy(2049))] {
        assert_refused(&answer, 400, "ValidationError");
        let message = element(&answer, "Message");
        let expected = "Member must have length less than or equal to 2048";
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a14_ten_managed_policies_and_no_more() {
    let node = start();
    let names: Vec<String> = (1..=11)
        .map(|number| format!("PolicyArns.member.{number}.arn"))
        .collect();
    let arns = |count: usize| -> Vec<(&str, &str)> {
        let arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
        names
            .iter()
            .take(count)
            .map(|name| (&**name, arn))
            .collect()
    };
    for answer in every_way(&node, &arns(10)) {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    for answer in every_way(&node, &arns(11)) {
        assert_refused(&answer, 400, "ValidationError");
    }
}

#[test]
fn a14_what_does_not_fit_into_a_token_is_too_large() {
    let node = start();
    let (keys, value) = (
        (1..=30)
            .map(|number| format!("Tags.member.{number}"))
            .collect::<Vec<_>>(),
        "v".repeat(250),
    );
    let tags: Vec<(String, String)> = keys
        .iter()
        .enumerate()
        .flat_map(|(number, name)| {
            [
                ([name, ".Key"].concat(), format!("Key{number}")),
                ([name, ".Value"].concat(), value.clone()),
            ]
        })
        .collect();
    let tags: Vec<(&str, &str)> = tags
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    for answer in every_way(&node, &tags) {
        assert_refused(&answer, 400, "PackedPolicyTooLarge");
        let message = element(&answer, "Message");
        let percent = message
            .strip_prefix("Packed policy consumes ")
            .and_then(|rest| rest.split_once('%'));
        assert!(
            percent.unwrap().0.parse::<u32>().unwrap() > 100,
            "{message}"
        );
    }
}
