//! Instance profiles.

use serde_json::json;

use super::kit::{fresh, run};

#[test]
fn instance_profiles_come_and_go() {
    run(&fresh(), "instance_profiles.py", &json!({}));
}
