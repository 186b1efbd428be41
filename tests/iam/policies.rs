//! Managed policies.

use serde_json::json;

use super::kit::{fresh, run};

#[test]
fn managed_policies_come_and_go() {
    run(&fresh(), "policies.py", &json!({}));
}
