//! The four people, by either protocol.

use std::collections::BTreeSet;

use crate::scene::{BOTH, Scene};
use crate::support::http::Response;

/// How many roles a page offers, however often it names each.
fn offered(page: &Response) -> usize {
    let html = page.text();
    let values = html.split("value=\"arn:aws:iam::").skip(1);
    let roles: BTreeSet<_> = values.filter_map(|value| value.split('"').next()).collect();
    roles.len()
}

#[test]
fn whoever_has_roles_sees_them() {
    let scene = Scene::start();
    for connection in BOTH {
        for (person, roles) in [("ines", 29), ("lukas", 5)] {
            let page = scene.visit(connection, ("person", person));
            let shown = (page.status, offered(&page));
            assert_eq!(shown, (200, roles), "{person} {connection}");
        }
    }
}

#[test]
fn whoever_has_no_role_is_told_why() {
    let scene = Scene::start();
    for connection in BOTH {
        for (person, told) in [
            ("noor", "all-staff"),
            ("tomas", "left out your groups because there are too many"),
        ] {
            let page = scene.visit(connection, ("person", person));
            let html = page.text();
            assert_eq!(page.status, 200, "{html}");
            for told in ["no role is yours yet", "Message for your admin", told] {
                assert!(html.contains(told), "{person} {connection}: {html}");
            }
        }
    }
}
