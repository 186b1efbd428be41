//! A room of the house imports only from rooms below it: from a lower floor, or from an earlier row
//! of its own. This reads every import and every inline path outside tests.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

#[path = "architecture/scan.rs"]
mod scan;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use scan::scan;

/// The rooms by floor, lowest first; each list is in the order of its rows.
const FLOORS: &[&[&str]] = &[
    &["domain"],
    &[
        "clock",
        "entropy",
        "causes",
        "turn",
        "mac",
        "seal",
        "telemetry",
        "metrics",
        "throttle",
    ],
    &["policy", "mapping", "sigv4", "store", "audit", "decisions"],
    &["federation", "directory", "credentials"],
    &["flows"],
    &["http", "config"],
    &["app", "demo"],
    &["cli", "main"],
];

/// What no room may see, whatever the floors say, and why.
const NEVER: &[(&str, &str, &str)] = &[
    (
        "http",
        "config",
        "`http` never sees `config`: it is given what it needs",
    ),
    (
        "config",
        "http",
        "`config` describes a node and not the way of a request",
    ),
    (
        "flows",
        "http",
        "`flows` never see `http`: a use case has many doors",
    ),
];

/// The crate's root, which only names the rooms.
const ROOT: &str = "lib";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    floor: usize,
    row: usize,
}

fn place_of(room: &str) -> Option<Place> {
    FLOORS.iter().enumerate().find_map(|(floor, rooms)| {
        let row = rooms.iter().position(|known| *known == room)?;
        Some(Place { floor, row })
    })
}

/// Why `from` may not import `to`; `None` where it may.
fn objection(from: &str, to: &str) -> Option<String> {
    if from == to || from == ROOT {
        return None;
    }
    let Some(from_place) = place_of(from) else {
        return Some(format!("`{from}` has no floor; give it one in FLOORS"));
    };
    let Some(to_place) = place_of(to) else {
        return Some(format!(
            "`{to}` is no room, so nobody can say whether it is below"
        ));
    };
    let never = NEVER
        .iter()
        .find(|(room, unseen, _)| *room == from && *unseen == to);
    if let Some((_, _, why)) = never {
        return Some((*why).to_owned());
    }
    (to_place > from_place).then(|| {
        let (to_floor, from_floor) = (to_place.floor, from_place.floor);
        if to_floor == from_floor {
            format!("`{to}` is a later row of the same floor ({to_floor})")
        } else {
            format!("`{to}` is on floor {to_floor}, above `{from}` on floor {from_floor}")
        }
    })
}

/// A source file and what is in it.
struct Source {
    path: PathBuf,
    text: String,
}

/// The module that the file at `path` (from `src`) holds.
fn module_of(path: &Path) -> Vec<String> {
    let mut module: Vec<String> = path
        .with_extension("")
        .iter()
        .map(|part| part.to_str().unwrap().to_owned())
        .collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    if module == [ROOT] || module == ["main"] {
        module.clear();
    }
    module
}

fn room_of(path: &Path) -> String {
    let first = path.iter().next().map(Path::new).unwrap();
    first.with_extension("").to_str().unwrap().to_owned()
}

/// Every forbidden import, as `file:line: from → to: why`.
fn violations(sources: &[Source]) -> Vec<String> {
    let scanned: Vec<_> = sources
        .iter()
        .map(|source| scan(&source.text, &module_of(&source.path)))
        .collect();
    let tests_only: Vec<Vec<String>> = sources
        .iter()
        .zip(&scanned)
        .flat_map(|(source, scanned)| {
            scanned.test_modules.iter().map(|name| {
                let mut module = module_of(&source.path);
                module.push(name.clone());
                module
            })
        })
        .collect();
    let mut found = Vec::new();
    for (source, scanned) in sources.iter().zip(&scanned) {
        let module = module_of(&source.path);
        if tests_only.iter().any(|tests| module.starts_with(tests)) {
            continue;
        }
        let from = room_of(&source.path);
        for path in &scanned.paths {
            let to = path.segments.first().map_or("the whole crate", |to| to);
            if let Some(why) = objection(&from, to) {
                let file = Path::new("src").join(&source.path);
                let (file, line) = (file.display(), path.line);
                found.push(format!("{file}:{line}: {from} → {to}: {why}"));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn sources_of_the_house() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut directories = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(Source {
                    text: std::fs::read_to_string(&path).unwrap(),
                    path: path.strip_prefix(&root).unwrap().to_owned(),
                });
            }
        }
    }
    sources
}

#[test]
fn no_room_imports_from_above() {
    let found = violations(&sources_of_the_house());
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn the_scan_sees_the_imports_that_are_there() {
    let mut seen: HashMap<String, Vec<String>> = HashMap::new();
    for source in sources_of_the_house() {
        let paths = scan(&source.text, &module_of(&source.path)).paths;
        let rooms = paths
            .into_iter()
            .filter_map(|path| path.segments.into_iter().next());
        seen.entry(room_of(&source.path)).or_default().extend(rooms);
    }
    for (from, to) in [("store", "seal"), ("store", "entropy"), ("seal", "domain")] {
        assert!(seen[from].iter().any(|room| room == to), "{from} → {to}");
    }
}

#[test]
fn every_room_has_a_floor_and_every_floor_its_rooms() {
    let mut rooms: Vec<_> = sources_of_the_house()
        .iter()
        .map(|source| room_of(&source.path))
        .filter(|room| room != ROOT)
        .collect();
    rooms.sort();
    rooms.dedup();
    let mut known: Vec<_> = FLOORS.concat();
    known.sort_unstable();
    assert_eq!(rooms, known);
}

/// What is found in one made-up file.
fn found_in(path: &str, text: &str) -> Vec<String> {
    violations(&[Source {
        path: path.into(),
        text: text.to_owned(),
    }])
}

#[test]
fn an_upward_import_is_found_and_explained() {
    let found = found_in("store/mod.rs", "use std::fmt;\nuse crate::http::Page;\n");
    assert_eq!(
        found,
        ["src/store/mod.rs:2: store → http: `http` is on floor 5, above `store` on floor 2"]
    );
}

#[test]
fn a_later_row_is_above_and_an_earlier_one_below() {
    let found = found_in("clock.rs", "use crate::seal::RootKey;");
    assert_eq!(
        found,
        ["src/clock.rs:1: clock → seal: `seal` is a later row of the same floor (1)"]
    );
    assert_eq!(found_in("seal.rs", "use crate::entropy::Entropy;"), [""; 0]);
}

#[test]
fn every_way_to_write_an_upward_path_is_found() {
    for (path, text) in [
        ("store/mod.rs", "use crate::{domain::Arn, http};"),
        (
            "store/mod.rs",
            "use crate::{domain::{Arn, RoleArn}, http::{a, b::c}};",
        ),
        (
            "store/mod.rs",
            "use crate::{\n    domain::Arn,\n    http::Page,\n};",
        ),
        ("store/mod.rs", "use ::rolegate::http::Page;"),
        ("store/mod.rs", "use rolegate::http::Page;"),
        ("store/mod.rs", "pub use crate::http;"),
        ("store/mod.rs", "fn f() { crate::http::page(); }"),
        ("store/mod.rs", "fn f(page: &'a crate::http::Page) {}"),
        ("store/mod.rs", "fn f(page: Vec<crate :: http :: Page>) {}"),
        (
            "store/mod.rs",
            "macro_rules! m { () => { $crate::http::page() } }",
        ),
        ("store/mod.rs", "use super::http::Page;"),
        ("store/mod.rs", "use super::{http::Page, domain};"),
        ("store/mod.rs", "use self::super::http;"),
        ("store/redis.rs", "use super::super::http::Page;"),
        ("store/redis.rs", "use super::{super::http::Page, records};"),
        (
            "store/redis.rs",
            "mod inner { use super::super::super::http; }",
        ),
        ("store/mod.rs", "mod inner { fn f() {} }\nuse super::http;"),
        ("store/mod.rs", "#[cfg(not(test))]\nuse crate::http::Page;"),
        (
            "store/mod.rs",
            "#[cfg(any(test, unix))]\nuse crate::http::Page;",
        ),
        (
            "store/mod.rs",
            "#[cfg(test)]\nmod tests {}\nuse crate::http::Page;",
        ),
        (
            "store/mod.rs",
            "const C: char = '\"'; use crate::http; const D: char = '\"';",
        ),
        (
            "store/mod.rs",
            "const S: &str = r#\"\"\"#; use crate::http;",
        ),
        ("flows/mod.rs", "use crate::http::Page;"),
        ("http/mod.rs", "use crate::config::Config;"),
        ("config/mod.rs", "use crate::http::Page;"),
        ("app/mod.rs", "use crate::demo::Demo;"),
        ("http/mod.rs", "use crate::demo::Demo;"),
        ("demo/mod.rs", "use crate::cli::Command;"),
    ] {
        assert_eq!(found_in(path, text).len(), 1, "{path}: {text}");
    }
}

#[test]
fn a_path_that_hides_its_room_is_found() {
    for text in [
        "use crate as house;",
        "use crate::{self as house};",
        "use super as house;",
        "use crate::*;",
        "use super::*;",
        "use crate::SomethingReexported;",
    ] {
        assert_eq!(found_in("store/mod.rs", text).len(), 1, "{text}");
    }
}

#[test]
fn what_is_no_upward_import_is_left_alone() {
    for (path, text) in [
        ("store/mod.rs", "use crate::domain::Arn;"),
        ("store/mod.rs", "use crate::store::records::SessionKey;"),
        (
            "store/mod.rs",
            "pub(crate) mod http {}\npub(super) fn f() {}",
        ),
        ("store/mod.rs", "pub(in crate::store) fn f() {}"),
        ("store/mod.rs", "use http::StatusCode;"),
        ("store/mod.rs", "fn f() { domain::crate_name::http(); }"),
        ("store/redis.rs", "use super::http;"),
        ("store/redis.rs", "use super::*;"),
        ("store/mod.rs", "mod inner { use super::http; }"),
        (
            "store/mod.rs",
            "// use crate::http;\n/* use /* */ crate::http; */",
        ),
        ("store/mod.rs", "/// See [`crate::http`].\nfn f() {}"),
        ("store/mod.rs", "const S: &str = \"\\\" crate::http::x\";"),
        (
            "store/mod.rs",
            "const S: &[u8] = br#\"\" crate::http::x\"#;",
        ),
        (
            "store/mod.rs",
            "#[cfg(test)]\nmod tests { use crate::http::Page; }",
        ),
        (
            "store/mod.rs",
            "#[cfg(test)]\n#[expect(x)]\nuse crate::{http::{a, b}};",
        ),
        (
            "store/mod.rs",
            "#[cfg(all(test, unix))]\nfn f() -> [u8; 2] { crate::http::x() }",
        ),
        ("lib.rs", "pub mod http;"),
        (
            "main.rs",
            "fn main() { rolegate::cli::run(rolegate::demo::new()) }",
        ),
        ("cli/mod.rs", "use crate::{demo, app};"),
        ("demo/mod.rs", "use crate::{app, http, config};"),
    ] {
        assert_eq!(found_in(path, text), [""; 0], "{path}: {text}");
    }
}

#[test]
fn a_file_for_tests_only_may_import_anything() {
    let file = |path: &str, text: &str| Source {
        path: path.into(),
        text: text.to_owned(),
    };
    let tests = || file("store/samples.rs", "use crate::http::Page;");
    let inner = || file("store/samples/inner.rs", "use crate::http::Page;");
    let declared = file("store/mod.rs", "#[cfg(test)]\npub(crate) mod samples;");
    assert_eq!(violations(&[declared, tests(), inner()]), [""; 0]);
    let declared = file("store/mod.rs", "mod samples;");
    assert_eq!(violations(&[declared, tests(), inner()]).len(), 2);
}
