//! Users whom trust policies name: by ARN in files, by unique id in the directory. Whoever is made again under
//! the same name is somebody else.

use rolegate::directory::DirectoryFiles;
use serde_json::{Value, json};

use super::roles::add_bob;
use super::support::aws::AwsKeys;
use super::support::directory::{add_role, in_account};
use super::support::http_node::HttpNode;
use super::support::sts::assert_refused;
use super::{ada, call, directory, issued, start, take};

const ADA: &str = "arn:aws:iam::123456789012:user/ada";
const BOB: &str = "arn:aws:iam::482011739056:user/bob";
const HERS: &str = "arn:aws:iam::123456789012:role/Hers";
const THEIRS: &str = "arn:aws:iam::123456789012:role/Theirs";
/// All but ada are kept out, whoever lets them in.
const NOBODY_ELSE: &str = "arn:aws:iam::123456789012:role/NobodyElse";

fn trusts(principal: &str) -> Value {
    json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "sts:AssumeRole" })
}

fn policy(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Ada may take two roles by name, and bob of another account one.
fn files(node: &HttpNode) -> (DirectoryFiles, AwsKeys) {
    let mut files = directory(node);
    let bob = add_bob(&mut files);
    let but_ada = json!({
        "Effect": "Deny",
        "NotPrincipal": { "AWS": ["123456789012", ADA] },
        "Action": "sts:AssumeRole",
    });
    let nobody_else = policy(&[trusts("123456789012"), but_ada]);
    for (name, trust) in [
        ("Hers", policy(&[trusts(ADA)])),
        ("Theirs", policy(&[trusts(BOB)])),
        ("NobodyElse", nobody_else),
    ] {
        add_role(&mut files, name, &json!({}), &trust);
    }
    (files, bob)
}

/// The trust policies as the node shows them.
fn shown(node: &HttpNode, role: &str) -> String {
    let exported = node.admin("GET", "/admin/v1/directory", "");
    let exported: Value = serde_json::from_str(&exported.text()).unwrap();
    let path = in_account(&format!("roles/{role}.trust.json"));
    exported["files"][path].as_str().unwrap().to_owned()
}

/// The unique id of a user.
fn id_of(node: &HttpNode, path: &str) -> String {
    let exported = node.admin("GET", "/admin/v1/directory", "");
    let exported: Value = serde_json::from_str(&exported.text()).unwrap();
    let text = exported["files"][path].as_str().unwrap();
    let user: toml::Table = text.parse().unwrap();
    user["unique_id"].as_str().unwrap().to_owned()
}

#[test]
fn a11_whoever_is_made_again_is_not_who_was_trusted() {
    let node = start();
    let (by_name, bob) = files(&node);
    node.apply(&by_name);
    let own_session = || issued(&call(&node, &ada(), &[("Action", "GetSessionToken")]));
    let before = own_session();
    for keys in [&ada(), &before] {
        for role in [HERS, NOBODY_ELSE] {
            issued(&take(&node, keys, role, &[]));
        }
        assert_refused(&take(&node, keys, THEIRS, &[]), 403, "AccessDenied");
    }
    issued(&take(&node, &bob, THEIRS, &[]));
    assert_refused(&take(&node, &bob, HERS, &[]), 403, "AccessDenied");
    assert!(
        shown(&node, "Hers").contains(ADA),
        "{}",
        shown(&node, "Hers")
    );

    // Both go. What named them has their ids, as an export then has.
    let users = [
        (in_account("users/ada.toml"), ADA),
        ("accounts/482011739056/users/bob.toml".to_owned(), BOB),
    ];
    let ids: Vec<(&str, String)> = users
        .iter()
        .map(|(path, arn)| (*arn, id_of(&node, path)))
        .collect();
    let mut by_id = by_name.clone();
    for (path, text) in &mut by_id {
        if path.ends_with(".trust.json") {
            for (arn, id) in &ids {
                *text = text.replace(arn, id);
            }
        }
    }
    let mut without = by_id.clone();
    without.retain(|path, _| !path.contains("/users/"));
    node.apply(&without);
    assert!(shown(&node, "Hers").contains(&ids[0].1));
    for keys in [&ada(), &before, &bob] {
        assert_eq!(node.who(keys).status, 403);
    }

    // Made again, with the same names and keys.
    node.apply(&by_id);
    let again = own_session();
    for keys in [&ada(), &again] {
        assert_eq!(node.who(keys).status, 200);
        for role in [HERS, NOBODY_ELSE] {
            assert_refused(&take(&node, keys, role, &[]), 403, "AccessDenied");
        }
    }
    assert_refused(&take(&node, &bob, THEIRS, &[]), 403, "AccessDenied");
    assert_eq!(node.who(&before).status, 403);
    assert!(shown(&node, "Hers").contains(&ids[0].1));

    // Named anew, they are who is meant.
    node.apply(&by_name);
    issued(&take(&node, &again, HERS, &[]));
    issued(&take(&node, &ada(), NOBODY_ELSE, &[]));
    issued(&take(&node, &bob, THEIRS, &[]));
}

#[test]
fn a11_a_trust_policy_that_names_nobody_is_refused_with_its_file() {
    let node = start();
    let mut files = directory(&node);
    add_role(&mut files, "Hers", &json!({}), &policy(&[trusts(BOB)]));
    let answer = node.try_apply(&files);
    assert_eq!(answer.status, 422, "{}", answer.text());
    for text in [
        "accounts/123456789012/roles/Hers.trust.json",
        "there is no arn:aws:iam::482011739056:user/bob",
        "Invalid principal in policy",
    ] {
        assert!(answer.text().contains(text), "{}", answer.text());
    }
}
