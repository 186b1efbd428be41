//! Roles.

use serde_json::{Value, json};

use super::kit::{fresh, run};
use super::support::aws::{AwsKeys, Call, Signing};
use super::support::http::Response;
use super::support::http_node::HttpNode;
use super::support::sts::assert_refused;

#[test]
fn roles_come_and_go() {
    run(&fresh(), "roles.py", &json!({}));
}

#[test]
fn roles_have_policies() {
    run(&fresh(), "role_policies.py", &json!({}));
}

#[test]
fn pages_of_what_has_documents_end_early() {
    run(&fresh(), "long_pages.py", &json!({}));
}

#[test]
fn a_trust_policy_names_who_was_there_when_it_was_saved() {
    run(&fresh(), "principals.py", &json!({}));
}

/// A call of the administrator's.
fn call(node: &HttpNode, parameters: &[(&str, &str)], accept: Option<&str>) -> Response {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Version", "2010-05-08");
    let form = form.extend_pairs(parameters).finish();
    let mut call = Call::post(node.address, &form);
    if let Some(accept) = accept {
        call.set_header("accept", Some(accept));
    }
    let signing = Signing {
        service: "iam",
        ..Signing::at(node.now())
    };
    call.signed(&AwsKeys::admin(), &signing).send(node.address)
}

#[test]
fn a_document_is_percent_encoded_in_json_too() {
    let node = fresh();
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}"#;
    let create = [
        ("Action", "CreateRole"),
        ("RoleName", "Build"),
        ("AssumeRolePolicyDocument", trust),
    ];
    assert_eq!(call(&node, &create, None).status, 200);
    let get = [("Action", "GetRole"), ("RoleName", "Build")];
    let answer = call(&node, &get, Some("application/json"));
    let answer: Value = serde_json::from_str(&answer.text()).unwrap();
    let role = &answer["GetRoleResponse"]["GetRoleResult"]["Role"];
    let encoded = role["AssumeRolePolicyDocument"].as_str().unwrap();
    assert!(
        encoded.starts_with("%7B%22Version%22%3A%222012-10-17%22"),
        "{encoded}"
    );
    assert!(!encoded.contains(['{', '"', ':']), "{encoded}");
}

#[test]
fn a_list_that_must_be_there_is_missed() {
    let node = fresh();
    for (action, list) in [("TagRole", "tags"), ("UntagRole", "tagKeys")] {
        let answer = call(&node, &[("Action", action)], None);
        assert_refused(&answer, 400, "ValidationError");
        let told = format!("Value null at '{list}' failed to satisfy constraint");
        for text in [
            "2 validation errors detected",
            "Value null at 'roleName'",
            &told,
        ] {
            assert!(
                answer.text().replace("&apos;", "'").contains(text),
                "{}",
                answer.text()
            );
        }
    }
}
