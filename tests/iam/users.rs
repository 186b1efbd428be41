//! Users.

use serde_json::json;

use super::kit::{fresh, run};
use super::support::http::Request;
use super::support::sts::element;

#[test]
fn users_come_and_go() {
    run(&fresh(), "users.py", &json!({}));
}

#[test]
fn no_secret_is_in_the_audit() {
    let node = fresh();
    let kept = node.folder().join("kept.json");
    run(&node, "kept_secrets.py", &json!({ "kept": kept }));
    let kept = std::fs::read_to_string(kept).unwrap();
    let secrets: Vec<String> = serde_json::from_str(&kept).unwrap();
    let audit = node.audit_text();
    for action in [
        "CreateAccessKey",
        "CreateVirtualMFADevice",
        "EnableMFADevice",
    ] {
        assert!(audit.contains(action), "{action}");
    }
    for told in [
        "put user ana in 123456789012: new",
        "put user ana in 123456789012: access key AKIA",
        "put MFA device phone in 123456789012: new",
        "put user ana in 123456789012: MFA device phone added",
    ] {
        assert!(audit.contains(told), "{told}");
    }
    assert_eq!(secrets.len(), 2);
    for secret in secrets {
        assert!(secret.len() >= 40 && !audit.contains(&secret));
    }
}

#[test]
fn an_operation_of_sts_is_none_of_iam() {
    let node = fresh();
    for path in ["/", "/iam", "/iam/"] {
        let target = format!("{path}?Action=GetCallerIdentity&Version=2010-05-08");
        let answer = Request::get(node.address, &target).send();
        assert_eq!(element(&answer, "Code"), "InvalidAction");
        let text = "Could not find operation GetCallerIdentity for version 2010-05-08";
        assert_eq!(element(&answer, "Message"), text);
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[test]
fn users_are_renamed_tagged_and_bounded() {
    run(&fresh(), "user_settings.py", &json!({}));
}

#[test]
fn users_and_groups_have_policies() {
    run(&fresh(), "user_policies.py", &json!({}));
}

#[test]
fn keys_are_made_and_deleted() {
    run(&fresh(), "access_keys.py", &json!({}));
}

#[test]
fn groups_give_their_users_what_their_policies_say() {
    run(&fresh(), "groups.py", &json!({}));
}

#[test]
fn devices_are_enabled_by_two_codes() {
    run(&fresh(), "mfa.py", &json!({}));
}
