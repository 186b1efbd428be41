//! The four people, by either protocol.

use crate::scene::{BOTH, Scene};

#[test]
fn whoever_has_roles_sees_them() {
    let scene = Scene::start();
    for connection in BOTH {
        for (person, roles) in [("ines", 29), ("lukas", 5)] {
            let page = scene.visit(connection, ("person", person));
            let shown = page.text().matches("name=\"role\"").count();
            assert_eq!((page.status, shown), (200, roles), "{person} {connection}");
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
