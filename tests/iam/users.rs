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
