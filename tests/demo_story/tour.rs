//! `docs/demo.md`: what it shows of a trace is what the command prints.

use std::process::Command;
use std::time::Instant;

use crate::scene::{BOTH, Scene, id_on, value_of};
use crate::support::aws::{ADMIN_KEY, ADMIN_SECRET};
use crate::support::http::{PATIENCE, Response};
use crate::support::shown::is_shown;

/// A part of the page: the button that its heading names, and what is printed then.
struct Part<'a> {
    button: &'a str,
    printed: &'a str,
}

fn parts(page: &str) -> Vec<Part<'_>> {
    let sections = page.split("\n### ").skip(1);
    let parts = sections.filter_map(|section| {
        let (button, rest) = section.split_once('\n')?;
        let (_, printed) = rest.split_once("```text\n")?;
        let (printed, _) = printed.split_once("```")?;
        Some(Part { button, printed })
    });
    parts.collect()
}

/// The page behind the button that says so, by the protocol that has it.
fn pressed(scene: &Scene, title: &str) -> (&'static str, Response) {
    for connection in BOTH {
        let mut browser = scene.browser();
        let page = scene.asked(&mut browser, connection);
        if let Some(value) = value_of(&page, title) {
            let landed = scene.press(&mut browser, &page, ("break", &value));
            return (connection, landed);
        }
    }
    panic!("no button says {title}");
}

/// What the command prints once the trace is written.
fn decision(scene: &Scene, id: &str) -> String {
    let give_up = Instant::now() + PATIENCE;
    loop {
        let output = Command::new(env!("CARGO_BIN_EXE_rolegate"))
            .args(["decisions", id, "--endpoint", &scene.node.origin()])
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", ADMIN_KEY)
            .env("AWS_SECRET_ACCESS_KEY", ADMIN_SECRET)
            .output()
            .unwrap();
        if output.status.success() {
            return String::from_utf8(output.stdout).unwrap();
        }
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(Instant::now() < give_up, "{errors}");
    }
}

#[test]
fn the_tour_shows_what_the_command_prints() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/demo.md");
    let page = std::fs::read_to_string(path).unwrap();
    let parts = parts(&page);
    assert!(parts.len() >= 3, "the tour shows little");
    let scene = Scene::start();
    for Part { button, printed } in parts {
        let (connection, landed) = pressed(&scene, button);
        // A page of somebody who got in names another request than their sign-in.
        let id = if landed.status == 403 {
            id_on(&landed)
        } else {
            let trace = scene.last_sign_in("mrd-31850", connection);
            trace["request"].as_str().unwrap().to_owned()
        };
        let told = decision(&scene, &id);
        assert!(is_shown(&told, printed), "{button}\n{told}");
    }
}
