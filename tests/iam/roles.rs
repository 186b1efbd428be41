//! Roles.

use serde_json::json;

use super::kit::{fresh, run};

#[test]
fn roles_come_and_go() {
    run(&fresh(), "roles.py", &json!({}));
}

#[test]
fn roles_have_policies() {
    run(&fresh(), "role_policies.py", &json!({}));
}

#[test]
fn a_trust_policy_names_who_was_there_when_it_was_saved() {
    run(&fresh(), "principals.py", &json!({}));
}
