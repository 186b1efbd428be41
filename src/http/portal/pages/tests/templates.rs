//! What every template and the files beside it must hold to.

use std::collections::BTreeSet;
use std::path::Path;

use crate::http::portal::assets;

fn templates() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// What stands between `before` and the next `after`, everywhere in the text.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    text.split(before)
        .skip(1)
        .filter_map(|rest| rest.split(after).next())
        .collect()
}

#[test]
fn nothing_is_inline_or_unescaped() {
    let handler = regex::Regex::new(r"\son[a-z]+\s*=").unwrap();
    let safe = regex::Regex::new(r"\|\s*safe\b|escape\s*=\s*.none").unwrap();
    for (name, text) in templates() {
        assert!(!handler.is_match(&text), "{name}: event handler");
        assert!(!safe.is_match(&text), "{name}: unescaped");
        assert!(
            !text.contains("style=") && !text.contains("<style"),
            "{name}"
        );
        assert!(!text.contains("javascript:"), "{name}");
        for script in between(&text, "<script", "</script>") {
            assert!(
                script.starts_with(" src=") && script.ends_with('>'),
                "{name}"
            );
        }
    }
}

#[test]
fn every_attribute_value_is_quoted() {
    let bare = regex::Regex::new(r"[a-z-]=\{\{|[a-z-]=[a-z0-9/]+[ >]").unwrap();
    for (name, text) in templates() {
        let found = bare.find(&text).map(|found| found.as_str());
        assert_eq!(found, None, "{name}");
    }
}

#[test]
fn the_sprite_holds_exactly_the_icons_in_use() {
    let sprite = std::str::from_utf8(assets::ICONS.bytes).unwrap();
    let drawn: BTreeSet<&str> = between(sprite, "<symbol id=\"", "\"").into_iter().collect();
    let all: String = templates().into_iter().map(|(_, text)| text).collect();
    let mut used: BTreeSet<&str> = ["call icon(\"", "parts::icon(\""]
        .iter()
        .flat_map(|call| between(&all, call, "\""))
        .collect();
    used.insert("mark");
    assert_eq!(drawn, used);
}

#[test]
fn every_class_has_a_rule() {
    /// What only script looks for.
    const MARKERS: [&str; 10] = [
        "acct-unknown",
        "acct-name",
        "acct-number",
        "role-name",
        "role-path",
        "role-what",
        "pick-name",
        "pick-path",
        "pick-at",
        "pick-max",
    ];
    let rules = std::str::from_utf8(assets::PORTAL.bytes).unwrap();
    for (page, html) in super::PLAIN.pages() {
        let classes = between(&html, "class=\"", "\"");
        for class in classes.into_iter().flat_map(str::split_whitespace) {
            let known = rules.contains(&format!(".{class}")) || MARKERS.contains(&class);
            assert!(known, "{page}: {class}");
        }
    }
}

#[test]
fn script_builds_no_markup() {
    let scripts = [
        &assets::SCRIPT,
        &assets::ROLE_SEARCH,
        &assets::ROLES,
        &assets::LEAVE,
    ];
    for sink in [
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
    ] {
        for script in scripts {
            let text = std::str::from_utf8(script.bytes).unwrap();
            assert!(!text.contains(sink), "{}: {sink}", script.name);
        }
    }
}
