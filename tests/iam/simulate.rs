//! Trying policies out.

use serde_json::json;

use super::kit::{fresh, run};

#[test]
fn policies_are_tried_out() {
    run(&fresh(), "simulate.py", &json!({}));
}
